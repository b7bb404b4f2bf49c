package clientlib_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
)

// exchange is one request that went over a way.
type exchange struct {
	path     string // without /sync/v1/
	sent     int    // bytes of the body
	received int
	status   int
}

// way is a tablet's way to its office. It counts what goes over it, and breaks
// where a test wants it to.
type way struct {
	mu        sync.Mutex
	exchanges []exchange

	// before is asked for each request, numbered from 1 on; an error is the
	// answer, and the office never sees the request.
	before func(n int, r *http.Request) error
	// instead may answer in the office's place; nil leaves it to the office.
	instead func(r *http.Request) *http.Response
	// after may replace the answer, which the office has made.
	after func(n int, r *http.Request, a *http.Response) (*http.Response, error)
}

var errCut = errors.New("connection reset by test")

func newWay() *way { return &way{} }

// clear makes the way good again and forgets what was counted.
func (w *way) clear() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.exchanges, w.before, w.instead, w.after = nil, nil, nil, nil
}

// paths lists what was asked since the last clear.
func (w *way) paths() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []string
	for _, e := range w.exchanges {
		out = append(out, e.path)
	}
	return out
}

func (w *way) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	e := exchange{path: strings.TrimPrefix(r.URL.Path, "/sync/v1/"), sent: int(r.ContentLength)}
	w.exchanges = append(w.exchanges, e)
	n, before, instead, after := len(w.exchanges), w.before, w.instead, w.after
	w.mu.Unlock()
	if before != nil {
		if err := before(n, r); err != nil {
			return nil, err
		}
	}
	if instead != nil {
		if a := instead(r); a != nil {
			return a, nil
		}
	}
	a, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(a.Body)
	_ = a.Body.Close()
	if err != nil {
		return nil, err
	}
	a.Body = io.NopCloser(bytes.NewReader(body))
	w.mu.Lock()
	w.exchanges[n-1].received, w.exchanges[n-1].status = len(body), a.StatusCode
	w.mu.Unlock()
	if after != nil {
		return after(n, r, a)
	}
	return a, nil
}

// cutAnswer gives the first n bytes of an answer, then the connection breaks.
func cutAnswer(a *http.Response, n int) (*http.Response, error) {
	body, err := io.ReadAll(a.Body)
	if err != nil {
		return nil, err
	}
	a.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body[:min(n, len(body))]), brokenReader{}))
	return a, nil
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// answerWith replaces an answer.
func answerWith(a *http.Response, status int, contentType, body string) *http.Response {
	a.StatusCode, a.Status = status, http.StatusText(status)
	a.Header = http.Header{"Content-Type": {contentType}}
	a.Body = io.NopCloser(strings.NewReader(body))
	return a
}

// beforePath calls f before each request for a path.
func beforePath(path string, f func()) func(int, *http.Request) error {
	return func(_ int, r *http.Request) error {
		if strings.HasSuffix(r.URL.Path, "/"+path) {
			f()
		}
		return nil
	}
}

// failPath lets every request for a path fail before the office sees it.
func failPath(path string) func(int, *http.Request) error {
	return func(_ int, r *http.Request) error {
		if strings.HasSuffix(r.URL.Path, "/"+path) {
			return errCut
		}
		return nil
	}
}

// failFrom lets request n, as counted since the last clear, and all later ones
// fail before the office sees them.
func failFrom(n int) func(int, *http.Request) error {
	return func(i int, _ *http.Request) error {
		if i >= n {
			return errCut
		}
		return nil
	}
}

// cutRequest makes the connection break after n bytes of the request's body.
func cutRequest(r *http.Request, n int) {
	body := r.Body
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(io.LimitReader(body, int64(n)), brokenReader{}), body}
	r.GetBody = nil
}

// once makes a fault happen for the first request to a path only.
type once struct {
	path string
	mu   sync.Mutex
	done bool
}

func (o *once) hits(r *http.Request) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.done || !strings.HasSuffix(r.URL.Path, "/"+o.path) {
		return false
	}
	o.done = true
	return true
}
