package clientlib_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"tambonsync/clientlib"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

// harvest is an office with two devices that make work for each other.
type harvest struct {
	o     *office
	a, b  *tablet
	ids   []syncproto.RecordID
	byA   [5]any // what device a last answered in the first records
	round int
}

func newHarvest(t *testing.T) *harvest {
	t.Helper()
	o := newOffice(t)
	h := &harvest{o: o, a: o.enroll("a", tambon), b: o.enroll("b", amphoe)}
	for i := range 6 {
		h.ids = append(h.ids, h.b.household(village1, fmt.Sprint(i)))
	}
	settle(h.b, h.a)
	return h
}

// work leaves device a with several chunks to push, something to pull, a
// record that moves each way, a conflict, and a token that has run out. Its
// way is good again.
func (h *harvest) work() {
	h.o.t.Helper()
	h.round++
	for i := range 5 {
		h.b.answer(h.ids[i], "by b", h.round)
		if h.a.holds(h.ids[i]) {
			h.a.answer(h.ids[i], "by a", h.round)
			h.byA[i] = int64(h.round)
		}
	}
	h.a.answer(h.ids[5], "both", h.round)
	h.b.answer(h.ids[5], "both", -h.round)
	h.ids = append(h.ids, h.a.household(village2, fmt.Sprint("new ", h.round)))
	moving := h.ids[h.round%5]
	h.b.save(clientlib.Edit{ID: moving, Area: []area.Code{village1, village2, farAway}[h.round%3]})
	h.b.calm()
	h.a.exec(`UPDATE device SET chunk = 3, token = ''`)
	h.a.way.clear()
}

// check asks that what device a calls sent is at the office, and that after
// two more syncs everything is everywhere.
func (h *harvest) check(what string) {
	h.o.t.Helper()
	h.a.way.clear()
	wantHonest(h.o, h.a)
	for range 2 {
		h.a.calm()
		for _, it := range h.o.waiting() { // answers to what has moved out of reach
			h.o.decide(it.ID, true, "")
		}
		h.b.calm()
	}
	h.a.calm()
	wantLevel(h.o, h.a, h.b)
	for i := range 5 {
		got := h.o.answers(h.ids[i])
		if got["by a"] != h.byA[i] || got["by b"] != int64(h.round) {
			h.o.t.Errorf("%s: record %d at the office: %v, want %v by a and %d by b", what, i, got, h.byA[i], h.round)
		}
	}
}

// wantHonest asks that the office holds every save of what a device calls sent.
func wantHonest(o *office, d *tablet) {
	o.t.Helper()
	for _, it := range d.list(clientlib.Filter{Deleted: true}) {
		if !it.Sent {
			continue
		}
		if r := o.record(it.Record.ID); !r.Record.VV.Dominates(it.Record.VV) {
			o.t.Errorf("%s calls record %s sent, and the office does not hold it", d.name, it.Record.ID)
		}
	}
}

func TestASyncThatIsCutAtAnyRequestIsFinishedByTheNext(t *testing.T) {
	t.Parallel()
	cut := func(hit func(n int) bool, after bool) func(w *way) {
		return func(w *way) {
			if after {
				w.after = func(n int, _ *http.Request, a *http.Response) (*http.Response, error) {
					if hit(n) {
						return cutAnswer(a, 0)
					}
					return a, nil
				}
				return
			}
			w.before = func(n int, _ *http.Request) error {
				if hit(n) {
					return errCut
				}
				return nil
			}
		}
	}
	for _, c := range []struct {
		name  string
		after bool
		hits  func(k, n int) bool
	}{
		{"the office never sees request k", false, func(k, n int) bool { return n == k }},
		{"the answer to request k is lost", true, func(k, n int) bool { return n == k }},
		{"the network is gone from request k on", false, func(k, n int) bool { return n >= k }},
		{"every answer is lost from request k on", true, func(k, n int) bool { return n >= k }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := newHarvest(t)
			for _, k := range some([]int{2, 1, 3, 5, 4, 6, 7, 8}) {
				h.work()
				cut(func(n int) bool { return c.hits(k, n) }, c.after)(h.a.way)
				_, err := h.a.Sync(t.Context(), nil)
				if err != nil && !errors.Is(err, clientlib.ErrOffline) {
					t.Errorf("cut at request %d: got %v, want ErrOffline", k, err)
				}
				if once := c.hits(k, k) && !c.hits(k, k+1); once && err != nil {
					t.Errorf("cut at request %d once: %v, want it tried again", k, err)
				}
				h.check(fmt.Sprintf("cut at request %d", k))
			}
		})
	}
}

func TestAnAnswerMayBeCutAtAnyByte(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"challenge", "token", "hello", "push", "pull"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			h := newHarvest(t)
			for _, at := range some([]int{0, 1, 7, 45, 20, 46, 300, 80, 150, 600}) {
				h.work()
				fault := &once{path: path}
				h.a.way.after = func(_ int, r *http.Request, a *http.Response) (*http.Response, error) {
					if fault.hits(r) {
						return cutAnswer(a, at)
					}
					return a, nil
				}
				h.a.sync()
				h.check(fmt.Sprintf("%s cut at byte %d", path, at))
			}
		})
	}
}

func TestAnAnswerThatIsShortWithoutAnErrorSettlesNothing(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"challenge", "token", "hello", "push", "pull"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			h := newHarvest(t)
			for _, at := range some([]int{20, 0, 1, 45, 100}) {
				h.work()
				fault := &once{path: path}
				h.a.way.after = func(_ int, r *http.Request, a *http.Response) (*http.Response, error) {
					if fault.hits(r) { // as behind a proxy that closes politely
						body := make([]byte, at)
						n, _ := a.Body.Read(body)
						b := answerWith(a, http.StatusOK, "application/cbor", string(body[:n]))
						b.Header.Set("Content-Encoding", a.Header.Get("Content-Encoding"))
						return b, nil
					}
					return a, nil
				}
				h.a.sync()
				h.check(fmt.Sprintf("%s cut at byte %d", path, at))
			}
		})
	}
}

func TestARequestMayBeCutAtAnyByte(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"hello", "push", "pull"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			h := newHarvest(t)
			for _, at := range some([]int{0, 1, 30, 200, 60, 500}) {
				h.work()
				fault := &once{path: path}
				h.a.way.before = func(_ int, r *http.Request) error {
					if fault.hits(r) && int64(at) < r.ContentLength {
						cutRequest(r, at)
					}
					return nil
				}
				h.a.sync()
				h.check(fmt.Sprintf("%s cut at byte %d", path, at))
			}
		})
	}
}

func TestRequestsAndAnswersThatComeTwiceChangeNothing(t *testing.T) {
	t.Parallel()
	h := newHarvest(t)
	for range 3 {
		h.work()
		h.a.way.before = func(_ int, r *http.Request) error { // the network delivers every request twice
			if strings.HasSuffix(r.URL.Path, "/token") {
				return nil // a challenge works once
			}
			twin := r.Clone(r.Context())
			body, err := r.GetBody()
			if err != nil {
				return err
			}
			twin.Body = body
			resp, err := http.DefaultTransport.RoundTrip(twin)
			if err != nil {
				return err
			}
			return resp.Body.Close()
		}
		if _, err := h.a.Sync(t.Context(), nil); err != nil {
			t.Logf("the first sync says: %v", err)
		}
		h.check("twice")
	}
}

func TestALineThatBreaksAfterAFewKilobytesBringsEverythingInTheEnd(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a, b := o.enroll("a", tambon), o.enroll("b", tambon)
	for i := range 300 {
		a.save(clientlib.Edit{Type: "household", Area: village1, Values: map[string]any{"house_no": fmt.Sprint(i), "note": rand.Text() + rand.Text()}})
	}
	const limit = 4000
	for _, d := range []*tablet{a, b} {
		d.way.before = func(_ int, r *http.Request) error {
			if r.ContentLength > limit {
				cutRequest(r, limit)
			}
			return nil
		}
		d.way.after = func(_ int, _ *http.Request, resp *http.Response) (*http.Response, error) {
			return limitAnswer(resp, limit)
		}
		var err error
		tries := 0
		for ; tries < 12; tries++ {
			if _, err = d.Sync(t.Context(), nil); err == nil {
				break
			}
			wantHonest(o, d)
		}
		if err != nil {
			t.Errorf("%s: after %d syncs: %v", d.name, tries, err)
		}
	}
	wantLevel(o, a, b)
}

// limitAnswer breaks an answer that is longer than n bytes there.
func limitAnswer(a *http.Response, n int) (*http.Response, error) {
	body, err := io.ReadAll(a.Body)
	if err != nil {
		return nil, err
	}
	a.Body = io.NopCloser(bytes.NewReader(body))
	if len(body) > n {
		return cutAnswer(a, n)
	}
	return a, nil
}
