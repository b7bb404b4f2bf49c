package server

import (
	"context"
	"mime"

	"github.com/labstack/echo/v4"

	"tambonsync/syncproto"
)

// message serves one message of a logged-in device: it authenticates, reads,
// bounds, decodes, lets handle answer, encodes and compresses. Whatever fails
// goes to fail.
func message[Q, A any](s *Server, handle func(context.Context, Device, Q) (A, error)) echo.HandlerFunc {
	return func(c echo.Context) error {
		device, err := s.authenticate(c.Request())
		if err != nil {
			return err
		}
		return exchange(s, c, s.messages, func(ctx context.Context, q Q) (A, error) {
			return handle(ctx, device, q)
		})
	}
}

// greeting serves one message of a device that has no token yet. from is the
// address it came from.
func greeting[Q, A any](s *Server, handle func(ctx context.Context, from string, q Q) (A, error)) echo.HandlerFunc {
	return func(c echo.Context) error {
		return exchange(s, c, s.greetings, func(ctx context.Context, q Q) (A, error) {
			return handle(ctx, c.RealIP(), q)
		})
	}
}

func exchange[Q, A any](s *Server, c echo.Context, in *bodyReader, handle func(context.Context, Q) (A, error)) error {
	r := c.Request()
	if err := wantContent(r.Header.Get("Content-Type"), contentCBOR); err != nil {
		return err
	}
	body, err := in.receive(r)
	if err != nil {
		return err
	}
	out, err := work(r.Context(), s, func() ([]byte, error) {
		plain, err := in.inflate(r.Header, body)
		if err != nil {
			return nil, err
		}
		var q Q
		if err := syncproto.DecodeMessage(plain, &q); err != nil {
			return nil, refuse(syncproto.CodeBadMessage, "%w", err)
		}
		a, err := handle(r.Context(), q)
		if err != nil {
			return nil, err
		}
		return syncproto.EncodeMessage(a)
	})
	if err != nil {
		return err
	}
	return s.reply(c, contentCBOR, out)
}

// work runs do when there is a free place at the desk.
func work[T any](ctx context.Context, s *Server, do func() (T, error)) (T, error) {
	if err := s.desk.enter(ctx); err != nil {
		var none T
		return none, err
	}
	defer s.desk.leave()
	return do()
}

func wantContent(got, want string) error {
	if t, _, err := mime.ParseMediaType(got); err == nil && t == want {
		return nil
	}
	return refuse(syncproto.CodeUnsupportedEncoding, "Content-Type %.40q, want %s", got, want)
}
