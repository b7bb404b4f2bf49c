package server

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/labstack/echo/v4"
)

const (
	contentCBOR    = "application/cbor"
	contentJSON    = "application/json"
	contentProblem = "application/problem+json"

	// A smaller reply fits one packet as it is.
	minCompressBytes = 256

	// A reply is about 1 MiB; a larger window costs memory and finds nothing.
	replyWindow = 1 << 20
)

// compressor makes replies small where the caller can read that.
type compressor struct {
	zstd *zstd.Encoder
	gzip sync.Pool // of *gzip.Writer
}

func newCompressor() (*compressor, error) {
	e, err := zstd.NewWriter(nil, zstd.WithWindowSize(replyWindow), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil, fmt.Errorf("make zstd encoder: %w", err)
	}
	return &compressor{zstd: e}, nil
}

// reply sends body in the best encoding that the request accepts.
func (s *Server) reply(c echo.Context, contentType string, body []byte) error {
	h := c.Response().Header()
	h.Add("Vary", "Accept-Encoding")
	if len(body) > minCompressBytes {
		encoding := accepted(c.Request().Header)
		switch encoding {
		case "zstd":
			body = s.replies.zstd.EncodeAll(body, make([]byte, 0, len(body)/2))
		case "gzip":
			body = s.replies.deflate(body)
		}
		if encoding != "" {
			h.Set("Content-Encoding", encoding)
		}
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	return c.Blob(http.StatusOK, contentType, body)
}

func (z *compressor) deflate(body []byte) []byte {
	var out bytes.Buffer
	w, _ := z.gzip.Get().(*gzip.Writer)
	if w == nil {
		w = gzip.NewWriter(&out)
	} else {
		w.Reset(&out)
	}
	defer z.gzip.Put(w)
	_, _ = w.Write(body) // a bytes.Buffer takes everything
	_ = w.Close()
	return out.Bytes()
}

// accepted returns "zstd", "gzip" or "" as Accept-Encoding (RFC 9110, 12.5.3)
// allows. An encoding with q=0 is not accepted; other weights do not matter,
// since zstd is the smaller of the two.
func accepted(h http.Header) string {
	gz := false
	for item := range strings.SplitSeq(strings.Join(h.Values("Accept-Encoding"), ","), ",") {
		name, params, _ := strings.Cut(item, ";")
		if q, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(params)), "q="); ok {
			if w, err := strconv.ParseFloat(q, 64); err != nil || w <= 0 {
				continue
			}
		}
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "zstd":
			return "zstd"
		case "gzip":
			gz = true
		}
	}
	if gz {
		return "gzip"
	}
	return ""
}
