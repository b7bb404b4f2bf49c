package server

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"tambonsync/syncproto"
)

const (
	// maxGreetingBytes bounds the messages that need no token. The largest
	// holds an assertion of about 600 bytes.
	maxGreetingBytes = 16 << 10

	// zstdWindow is what RFC 9659 allows in Content-Encoding: zstd.
	zstdWindow = 8 << 20
)

// bodyReader reads and inflates request bodies of at most limit bytes. What a
// sender can make it allocate is bounded too, whatever the body claims: the
// inflated gzip is cut at the limit, and zstd at its window.
type bodyReader struct {
	limit int
	zstd  *zstd.Decoder
	gzip  sync.Pool // of *gzip.Reader
}

func newBodyReader(limit int) (*bodyReader, error) {
	d, err := zstd.NewReader(nil,
		zstd.WithDecoderConcurrency(0),
		zstd.WithDecoderMaxWindow(zstdWindow),
		zstd.WithDecoderMaxMemory(zstdWindow))
	if err != nil {
		return nil, fmt.Errorf("make zstd decoder: %w", err)
	}
	return &bodyReader{limit: limit, zstd: d}, nil
}

// receive reads the body as it was sent. A compressed body larger than what it
// may inflate to is refused as well.
func (b *bodyReader) receive(r *http.Request) ([]byte, error) {
	if r.ContentLength > int64(b.limit) {
		return nil, b.tooLarge()
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, int64(b.limit)+1))
	if err != nil {
		return nil, refuse(syncproto.CodeBadMessage, "the message broke off: %w", err)
	}
	if len(body) > b.limit {
		return nil, b.tooLarge()
	}
	return body, nil
}

// inflate undoes the Content-Encoding of a body. One encoding is known at a
// time: a chain of them multiplies what a small body can become.
func (b *bodyReader) inflate(h http.Header, body []byte) ([]byte, error) {
	encoding := strings.Join(h.Values("Content-Encoding"), ",")
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "", "identity":
		return body, nil
	case "gzip":
		return b.gunzip(body)
	case "zstd":
		return b.unzstd(body)
	}
	return nil, refuse(syncproto.CodeUnsupportedEncoding, "Content-Encoding %.40q", encoding)
}

func (b *bodyReader) unzstd(body []byte) ([]byte, error) {
	out, err := b.zstd.DecodeAll(body, nil)
	switch {
	case errors.Is(err, zstd.ErrDecoderSizeExceeded), errors.Is(err, zstd.ErrWindowSizeExceeded), len(out) > b.limit:
		return nil, b.tooLarge()
	case err != nil:
		return nil, refuse(syncproto.CodeBadMessage, "zstd: %w", err)
	}
	return out, nil
}

func (b *bodyReader) gunzip(body []byte) ([]byte, error) {
	z, _ := b.gzip.Get().(*gzip.Reader)
	if z == nil {
		z = new(gzip.Reader)
	}
	defer b.gzip.Put(z)
	if err := z.Reset(bytes.NewReader(body)); err != nil {
		return nil, refuse(syncproto.CodeBadMessage, "gzip: %w", err)
	}
	out, err := io.ReadAll(io.LimitReader(z, int64(b.limit)+1))
	switch {
	case len(out) > b.limit:
		return nil, b.tooLarge()
	case err != nil:
		return nil, refuse(syncproto.CodeBadMessage, "gzip: %w", err)
	}
	return out, nil
}

func (b *bodyReader) tooLarge() error {
	return refuse(syncproto.CodeTooLarge, "a message holds at most %d bytes", b.limit)
}
