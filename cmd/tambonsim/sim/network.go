package sim

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// line is a device's way to the office. It is an http.RoundTripper that calls
// the office's handler in the same goroutine, or does not.
type line struct {
	w *world
	d *device

	token    string // the last one used, for replays
	requests int    // of this sync
	hits     int    // faults of this sync
	stopAt   int    // the request of this sync at which the officer gives up; 0 never
	stop     context.CancelFunc
}

// replay is a message that some box on the way kept, to deliver it again.
type replay struct {
	d      *device
	path   string
	header http.Header
	body   []byte
}

// maxRequests is many times what one sync of these small stores needs.
const maxRequests = 300

var errLine = errors.New("connection reset")

func (l *line) sleep(ctx context.Context, wait time.Duration) error {
	l.w.now = l.w.now.Add(wait)
	return ctx.Err()
}

// The faults of the network, in the order of their chances.
const (
	requestLost      = "request lost"
	requestCut       = "request cut"
	requestCutUnseen = "request cut unnoticed"
	answerLost       = "answer lost"
	answerCut        = "answer cut"
	answerCutUnseen  = "answer cut unnoticed"
	sentTwice        = "request sent twice"
	officeBusy       = "office busy (503)"
	proxyPage        = "page of a proxy"
	syncStopped      = "sync stopped half-way"
	replayed         = "old request delivered again"
)

var lineFaults = []string{requestLost, requestCut, requestCutUnseen, answerLost, answerLost, answerCut, answerCutUnseen, sentTwice, officeBusy, proxyPage}

// RoundTrip carries one message, perhaps.
func (l *line) RoundTrip(req *http.Request) (*http.Response, error) {
	w := l.w
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	l.requests++
	w.report.Requests++
	if l.requests > maxRequests {
		w.fail(checkNeverEnds, "%s: over %d requests in one sync", l.d.name, maxRequests)
	}
	l.d.stale = true
	if t := req.Header.Get("Authorization"); t != "" {
		l.token = t
	}
	w.now = w.now.Add(time.Duration(20+w.weather.IntN(400)) * time.Millisecond)
	if w.depth == 0 && !w.calm && w.weather.IntN(1000) < w.plan.concurrent {
		w.meanwhile()
	}
	if l.stopAt == l.requests {
		l.fault(syncStopped)
		defer l.stop()
		if w.weather.IntN(2) == 0 {
			return nil, context.Canceled
		}
	}
	if !w.calm && w.plan.faults > 0 && w.weather.IntN(4) == 0 {
		w.replays = append(w.replays, replay{l.d, req.URL.Path, req.Header.Clone(), body})
	}
	if w.calm || w.weather.IntN(1000) >= w.plan.faults {
		return w.serve(req.URL.Path, req.Header, bytes.NewReader(body), len(body)), nil
	}
	return l.unlucky(req, body)
}

func (l *line) fault(kind string) {
	l.hits++
	l.w.report.fault(kind, 1)
	l.w.say("  ~ %s: %s", l.d.name, kind)
}

// unlucky carries a message that something happens to.
func (l *line) unlucky(req *http.Request, body []byte) (*http.Response, error) {
	w := l.w
	kind := lineFaults[w.weather.IntN(len(lineFaults))]
	l.fault(kind)
	path := req.URL.Path
	whole := func() *http.Response { return w.serve(path, req.Header, bytes.NewReader(body), len(body)) }
	switch kind {
	case requestLost:
		return nil, errLine
	case requestCut:
		_ = w.serve(path, req.Header, &cutReader{body[:w.weather.IntN(len(body))], errLine}, len(body))
		return nil, errLine
	case requestCutUnseen:
		n := w.weather.IntN(len(body))
		return w.serve(path, req.Header, bytes.NewReader(body[:n]), n), nil
	case answerLost:
		_ = whole()
		return nil, errLine
	case answerCut, answerCutUnseen:
		return cutAnswer(whole(), w.weather.IntN(1<<30), kind == answerCut)
	case sentTwice:
		first, second := whole(), whole()
		if w.weather.IntN(2) == 0 {
			return first, nil
		}
		return second, nil
	case officeBusy:
		h := http.Header{"Content-Type": {"application/problem+json"}, "Retry-After": {strconv.Itoa(w.weather.IntN(20))}}
		return answer(http.StatusServiceUnavailable, h, []byte(`{"code":"unavailable","status":503,"detail":"busy"}`)), nil
	}
	status := []int{200, 302, 404, 502, 503}[w.weather.IntN(5)]
	return answer(status, http.Header{"Content-Type": {"text/html"}}, []byte("<html>WiFi หมู่บ้าน กรุณาเข้าสู่ระบบ</html>")), nil
}

func cutAnswer(whole *http.Response, dice int, noticed bool) (*http.Response, error) {
	b, err := io.ReadAll(whole.Body)
	if err != nil {
		return nil, err
	}
	if len(b) > 0 {
		b = b[:dice%len(b)]
	}
	cut := &cutReader{rest: b, end: io.EOF}
	if noticed {
		cut.end = io.ErrUnexpectedEOF
	}
	whole.Body = io.NopCloser(cut)
	return whole, nil
}

// cutReader ends early.
type cutReader struct {
	rest []byte
	end  error
}

func (c *cutReader) Read(p []byte) (int, error) {
	if len(c.rest) == 0 {
		return 0, c.end
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// serve hands a message to the office as it stands at this moment.
func (w *world) serve(path string, header http.Header, body io.Reader, length int) *http.Response {
	req, err := http.NewRequestWithContext(w.ctx, http.MethodPost, "http://office.example"+path, body)
	w.must(err)
	req.Header = header.Clone()
	req.ContentLength = int64(length)
	req.RemoteAddr = "192.0.2.1:50000"
	rec := &recorder{header: http.Header{}}
	w.office.handler.ServeHTTP(rec, req)
	if rec.status == http.StatusInternalServerError {
		w.fail("office answers 500", "%s: %s", path, rec.body.String())
	}
	if strings.HasSuffix(path, "/push") {
		w.lookAtOffice()
	}
	return answer(rec.status, rec.header, rec.body.Bytes())
}

func answer(status int, header http.Header, body []byte) *http.Response {
	return &http.Response{
		StatusCode: status, Status: fmt.Sprint(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: io.NopCloser(bytes.NewReader(slices.Clone(body))), ContentLength: int64(len(body)),
	}
}

// recorder is the office's http.ResponseWriter.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}

func (r *recorder) Write(b []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(b)
}

// deliverAgain brings an old message to the office once more. Nobody waits for
// the answer. The token is the device's present one: the worst case.
func (w *world) deliverAgain() {
	if len(w.replays) == 0 {
		return
	}
	r := w.replays[w.dice.IntN(len(w.replays))]
	if r.d.line.token != "" && r.header.Get("Authorization") != "" {
		r.header.Set("Authorization", r.d.line.token)
	}
	w.report.fault(replayed, 1)
	resp := w.serve(r.path, r.header, bytes.NewReader(r.body), len(r.body))
	w.say("an old %s of %s is delivered again: %d", r.path, r.d.name, resp.StatusCode)
}
