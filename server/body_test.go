package server

import (
	"bytes"
	"crypto/rand"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"tambonsync/syncproto"
)

func gzipped(t *testing.T, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// zstdStream compresses as a program does that does not know the size ahead.
func zstdStream(t *testing.T, b []byte, o ...zstd.EOption) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := zstd.NewWriter(&out, o...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(w, bytes.NewReader(b)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zstdWhole(t *testing.T, b []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(b, nil)
}

func readBody(b *bodyReader, encoding string, body []byte) ([]byte, error) {
	r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
	if encoding != "" {
		r.Header.Set("Content-Encoding", encoding)
	}
	got, err := b.receive(r)
	if err != nil {
		return nil, err
	}
	return b.inflate(r.Header, got)
}

func TestBodiesAreReadWithinTheirBounds(t *testing.T) {
	plain := []byte(strings.Repeat("ครัวเรือน ", 1000))
	full := make([]byte, syncproto.MaxMessageBytes)
	noise := make([]byte, syncproto.MaxMessageBytes)
	if _, err := rand.Read(noise); err != nil {
		t.Fatal(err)
	}
	over := make([]byte, syncproto.MaxMessageBytes+1)
	bomb := make([]byte, 64<<20)

	tests := []struct {
		name     string
		encoding string
		body     []byte
		want     []byte
		code     syncproto.ErrorCode
	}{
		{"plain", "", plain, plain, ""},
		{"identity", "identity", plain, plain, ""},
		{"gzip", "gzip", gzipped(t, plain), plain, ""},
		{"name in capitals", " GZIP ", gzipped(t, plain), plain, ""},
		{"zstd", "zstd", zstdWhole(t, plain), plain, ""},
		{"zstd stream", "zstd", zstdStream(t, plain), plain, ""},
		{"exactly the limit, plain", "", full, full, ""},
		{"exactly the limit, gzip", "gzip", gzipped(t, full), full, ""},
		{"exactly the limit, zstd stream of 8 MiB windows", "zstd", zstdStream(t, noise[:3<<20], zstd.WithWindowSize(8<<20)), noise[:3<<20], ""},
		{"empty", "", nil, []byte{}, ""},
		{"one byte over, plain", "", over, nil, syncproto.CodeTooLarge},
		{"one byte over, gzip", "gzip", gzipped(t, over), nil, syncproto.CodeTooLarge},
		{"one byte over, zstd", "zstd", zstdWhole(t, over), nil, syncproto.CodeTooLarge},
		{"one byte over, zstd stream", "zstd", zstdStream(t, over), nil, syncproto.CodeTooLarge},
		{"compressed over the limit", "gzip", gzipped(t, append(noise, noise...)), nil, syncproto.CodeTooLarge},
		{"bomb, gzip", "gzip", gzipped(t, bomb), nil, syncproto.CodeTooLarge},
		{"bomb, zstd", "zstd", zstdWhole(t, bomb), nil, syncproto.CodeTooLarge},
		{"bomb, zstd stream", "zstd", zstdStream(t, bomb), nil, syncproto.CodeTooLarge},
		{"bomb in many frames", "zstd", bytes.Repeat(zstdWhole(t, make([]byte, 1<<20)), 64), nil, syncproto.CodeTooLarge},
		{"window over 8 MiB", "zstd", zstdStream(t, append(noise, bomb...), zstd.WithWindowSize(16<<20))[:1<<20], nil, syncproto.CodeTooLarge},
		{"two encodings", "gzip, zstd", zstdWhole(t, gzipped(t, plain)), nil, syncproto.CodeUnsupportedEncoding},
		{"twice the same", "gzip,gzip", gzipped(t, gzipped(t, plain)), nil, syncproto.CodeUnsupportedEncoding},
		{"unknown encoding", "br", plain, nil, syncproto.CodeUnsupportedEncoding},
		{"not gzip at all", "gzip", plain, nil, syncproto.CodeBadMessage},
		{"not zstd at all", "zstd", plain, nil, syncproto.CodeBadMessage},
		{"gzip cut short", "gzip", gzipped(t, plain)[:40], nil, syncproto.CodeBadMessage},
		{"zstd cut short", "zstd", zstdWhole(t, plain)[:40], nil, syncproto.CodeBadMessage},
	}
	b, err := newBodyReader(syncproto.MaxMessageBytes)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			got, err := readBody(b, tt.encoding, tt.body)
			runtime.ReadMemStats(&after)
			if spent := after.TotalAlloc - before.TotalAlloc; spent > 48<<20 {
				t.Errorf("allocated %d MiB", spent>>20)
			}
			if code, _, _ := codeOf(err); err != nil && code != tt.code || err == nil && tt.code != "" {
				t.Fatalf("got %v, want %q", err, tt.code)
			}
			if err == nil && !bytes.Equal(got, tt.want) {
				t.Errorf("got %d bytes, want %d", len(got), len(tt.want))
			}
		})
	}
}

func TestChainedEncodingInTwoHeadersIsRefused(t *testing.T) {
	b, err := newBodyReader(syncproto.MaxMessageBytes)
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{"Content-Encoding": {"gzip", "zstd"}}
	if _, err := b.inflate(h, nil); err == nil {
		t.Error("two Content-Encoding headers were accepted")
	}
}

func TestAcceptEncodingIsUnderstood(t *testing.T) {
	tests := []struct{ name, header, want string }{
		{"none", "", ""},
		{"gzip", "gzip", "gzip"},
		{"zstd", "zstd", "zstd"},
		{"browser", "gzip, deflate, br, zstd", "zstd"},
		{"zstd forbidden", "gzip, zstd;q=0", "gzip"},
		{"both forbidden", "gzip; q=0.000, zstd;q=0", ""},
		{"weights", "gzip;q=0.5, br;q=1", "gzip"},
		{"nonsense weight", "gzip;q=x", ""},
		{"others only", "br, deflate", ""},
		{"capitals", "GZIP", "gzip"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := accepted(http.Header{"Accept-Encoding": {tt.header}}); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
