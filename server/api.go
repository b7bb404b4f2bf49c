package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"
	"golang.org/x/crypto/bcrypt"

	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

// RoleAdmin may do everything under /api/v1.
const RoleAdmin = "admin"

// visit is who asks under /api/v1.
type visit struct {
	User string
	Role string
	From string // address
}

// staff serves one request of a person or program of the office: it
// authenticates, reads path, query and JSON body into Q, lets handle answer
// and writes JSON.
func staff[Q, A any](s *Server, handle func(context.Context, visit, Q) (A, error)) echo.HandlerFunc {
	return func(c echo.Context) error {
		who, err := s.authenticateStaff(c)
		if err != nil {
			return err
		}
		return answerJSON(s, c, s.messages, func(ctx context.Context, q Q) (A, error) {
			return handle(ctx, who, q)
		})
	}
}

func answerJSON[Q, A any](s *Server, c echo.Context, in *bodyReader, handle func(context.Context, Q) (A, error)) error {
	r := c.Request()
	body, err := in.receive(r)
	if err != nil {
		return err
	}
	out, err := work(r.Context(), s, func() ([]byte, error) {
		var q Q
		if err := readJSON(in, r, body, &q); err != nil {
			return nil, err
		}
		if err := checkQuery(q, c.QueryParams()); err != nil {
			return nil, err
		}
		var bind echo.DefaultBinder
		if err := errors.Join(bind.BindPathParams(c, &q), bind.BindQueryParams(c, &q)); err != nil {
			return nil, refuse(syncproto.CodeBadMessage, "%w", err)
		}
		a, err := handle(r.Context(), q)
		if err != nil {
			return nil, err
		}
		if raw, ok := any(a).(json.RawMessage); ok {
			return raw, nil // to the byte: a definition's hash is of its bytes
		}
		return json.Marshal(a)
	})
	if err != nil {
		return err
	}
	return s.reply(c, contentJSON, out)
}

// readJSON decodes a body strictly, so that a misspelt key is no silent no-op.
// A request without a body leaves q as it is.
func readJSON(in *bodyReader, r *http.Request, body []byte, q any) error {
	if len(body) == 0 {
		return nil
	}
	if err := wantContent(r.Header.Get("Content-Type"), contentJSON); err != nil {
		return err
	}
	plain, err := in.inflate(r.Header, body)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(plain))
	d.DisallowUnknownFields()
	d.UseNumber()
	if err := d.Decode(q); err != nil {
		return refuse(syncproto.CodeBadMessage, "%w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return refuse(syncproto.CodeBadMessage, "more than one JSON value")
	}
	return nil
}

// authenticateStaff returns who sent the request. The person is read from the
// store each time: taking away an account takes hold at once.
func (s *Server) authenticateStaff(c echo.Context) (visit, error) {
	token, err := bearer(c.Request())
	if err != nil {
		return visit{}, err
	}
	claims, err := s.staff.verify(token)
	if err != nil {
		return visit{}, err
	}
	u, err := s.store.User(c.Request().Context(), claims.Subject)
	switch {
	case errors.Is(err, ErrNotFound):
		return visit{}, refuse(syncproto.CodeUnauthenticated, "no such user")
	case err != nil:
		return visit{}, fmt.Errorf("read user: %w", err)
	case u.Role != RoleAdmin || claims.Role != u.Role:
		return visit{}, refuse(syncproto.CodeForbidden, "role %.20q", u.Role)
	}
	return visit{User: u.Name, Role: u.Role, From: c.RealIP()}, nil
}

type loginRequest struct {
	User     string `json:"user"`
	Password string `json:"password"`
}

type loginResponse struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int64  `json:"expires_in"` // seconds
}

// login exchanges a password for a token. POST /api/v1/token
func (s *Server) login(c echo.Context) error {
	if err := s.logins.allow(c.RealIP()); err != nil {
		return err
	}
	return answerJSON(s, c, s.greetings, func(ctx context.Context, q loginRequest) (loginResponse, error) {
		u, err := s.checkPassword(ctx, q.User, q.Password)
		if err != nil {
			return loginResponse{}, err
		}
		token, err := s.staff.issue(s.random, u.Name, staffTokenLife, accessClaims{Role: u.Role})
		return loginResponse{token, "Bearer", int64(staffTokenLife.Seconds())}, err
	})
}

const (
	passwordCost     = 11 // bcrypt; about 0.1 s
	minPasswordBytes = 8
	maxPasswordBytes = 72 // bcrypt looks at no more

	// nobodysHash is a bcrypt hash of the same cost, so that a login takes as
	// long for a user who does not exist.
	nobodysHash = "$2a$11$qU.jNNYHh9s1rZtq2BC98.z388wAIGYQLt2fQbxdofsugEm8qlT4i"
)

// PasswordHash returns what User.PasswordHash holds for a password of 8 to 72
// bytes.
func PasswordHash(password string) ([]byte, error) {
	if n := len(password); n < minPasswordBytes || n > maxPasswordBytes {
		return nil, fmt.Errorf("password has %d bytes, want %d to %d", n, minPasswordBytes, maxPasswordBytes)
	}
	h, err := bcrypt.GenerateFromPassword([]byte(password), passwordCost)
	if err != nil {
		return nil, fmt.Errorf("hash password: %w", err)
	}
	return h, nil
}

func (s *Server) checkPassword(ctx context.Context, name, password string) (User, error) {
	u, err := s.store.User(ctx, name)
	known := err == nil
	if err != nil && !errors.Is(err, ErrNotFound) {
		return User{}, fmt.Errorf("read user: %w", err)
	}
	hash := u.PasswordHash
	if !known {
		hash = []byte(nobodysHash)
	}
	err = bcrypt.CompareHashAndPassword(hash, []byte(password))
	if err != nil || !known || len(password) > maxPasswordBytes {
		return User{}, refuse(syncproto.CodeUnauthenticated, "wrong user or password")
	}
	return u, nil
}

// parseAreas reads grants: sorted, none within another.
func parseAreas(codes []string) ([]area.Code, error) {
	all := make([]area.Code, 0, len(codes))
	for _, c := range codes {
		code, err := area.Parse(c)
		if err != nil {
			return nil, refuse(syncproto.CodeBadMessage, "%w", err)
		}
		all = append(all, code)
	}
	slices.Sort(all)
	out := all[:0]
	for _, code := range all { // an area sorts before what lies in it
		if len(out) == 0 || !out[len(out)-1].Contains(code) {
			out = append(out, code)
		}
	}
	return out, nil
}

// moment shows milliseconds since 1970 as RFC 3339 in UTC, nothing for never.
type moment int64

// MarshalText shows the moment for a JSON reply.
func (m moment) MarshalText() ([]byte, error) {
	return []byte(time.UnixMilli(int64(m)).UTC().Format(time.RFC3339)), nil
}
