package clientlib_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"tambonsync/clientlib"
)

func TestABusyOfficeIsAskedAgainWhenItSays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, after string
		status      int
		want        []time.Duration
	}{
		{"as many seconds as it said", "7", http.StatusServiceUnavailable, []time.Duration{7 * time.Second, 7 * time.Second}},
		{"too many requests", "2", http.StatusTooManyRequests, []time.Duration{2 * time.Second, 2 * time.Second}},
		{"but not for hours", "86400", http.StatusServiceUnavailable, []time.Duration{5 * time.Minute, 5 * time.Minute}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			a := o.enroll("a", tambon)
			a.household(village1, "1")
			a.way.clear()
			a.way.after = func(n int, _ *http.Request, resp *http.Response) (*http.Response, error) {
				if n > 2 {
					return resp, nil
				}
				resp = answerWith(resp, c.status, "application/problem+json", `{"status":503,"code":"unavailable","detail":"busy"}`)
				resp.Header.Set("Retry-After", c.after)
				return resp, nil
			}
			a.sync()
			wantEqual(t, "pauses", a.pauses, c.want)
			wantLevel(o, a)
		})
	}
}

func TestAnUnreachableOfficeIsTriedWithGrowingPausesAndThenGivenUp(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a := o.enroll("a", tambon)
	id := a.household(village1, "1")
	a.way.before = failFrom(0)
	res, err := a.Sync(t.Context(), nil)
	if !errors.Is(err, clientlib.ErrOffline) || !errors.Is(err, errCut) {
		t.Errorf("got %v, want ErrOffline with its cause", err)
	}
	wantEqual(t, "tries", res.Requests, 4)
	wantEqual(t, "unsent", res.Unsent, 1)
	wantEqual(t, "pauses", len(a.pauses), 3)
	for i, p := range a.pauses {
		if limit := time.Second << i; p <= 0 || p > limit+time.Millisecond {
			t.Errorf("pause %d is %v, want up to %v", i+1, p, limit)
		}
	}
	a.answer(id, "moo", 1) // saving needs no network
	a.way.clear()
	a.calm()
	wantLevel(o, a)
}

func TestPausesAreRandomSoThatTabletsDoNotComeBackTogether(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	seen := map[time.Duration]bool{}
	for range 3 {
		a := o.enroll("a", tambon)
		a.way.before = failFrom(0)
		if _, err := a.Sync(t.Context(), nil); err == nil {
			t.Fatal("no error")
		}
		for _, p := range a.pauses {
			seen[p] = true
		}
	}
	if len(seen) < 8 {
		t.Errorf("9 pauses took only %d different lengths", len(seen))
	}
}

func TestStoppingASyncEndsItsPause(t *testing.T) {
	t.Parallel()
	busy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.Header().Set("Retry-After", "200")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, `{"code":"unavailable","detail":"busy"}`)
	}))
	defer busy.Close()
	s, err := clientlib.Create(t.Context(), t.TempDir()+"/a.db", clientlib.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	ctx, stop := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer stop()
	begun := time.Now()
	err = s.Enroll(ctx, clientlib.Enrollment{Server: busy.URL, Code: "ABCD-EFGH", Name: "a"})
	if !errors.Is(err, clientlib.ErrOffline) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want ErrOffline and the context's error", err)
	}
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestAnOfficeThatHangsIsGivenUpAfterTheTimeout(t *testing.T) {
	t.Parallel()
	hangs := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hangs }))
	defer slow.Close()
	defer close(hangs)
	s, err := clientlib.Create(t.Context(), t.TempDir()+"/a.db", clientlib.Options{Timeout: 20 * time.Millisecond, Attempts: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	err = s.Enroll(t.Context(), clientlib.Enrollment{Server: slow.URL, Code: "ABCD-EFGH", Name: "a"})
	if !errors.Is(err, clientlib.ErrOffline) {
		t.Errorf("got %v, want ErrOffline", err)
	}
}

func TestWhatIsNotTheOfficeSettlesNothing(t *testing.T) {
	t.Parallel()
	const page = "<!DOCTYPE html><title>Free Wi-Fi</title><p>Please log in to continue."
	for _, c := range some([]struct {
		name   string
		answer func(*http.Response) *http.Response
	}{
		{"a captive portal's page with 200", func(a *http.Response) *http.Response { return answerWith(a, 200, "text/html", page) }},
		{"the page, said to be CBOR", func(a *http.Response) *http.Response { return answerWith(a, 200, "application/cbor", page) }},
		{"the page, said to be compressed", func(a *http.Response) *http.Response {
			a = answerWith(a, 200, "application/cbor", page)
			a.Header.Set("Content-Encoding", "zstd")
			return a
		}},
		{"an encoding nobody asked for", func(a *http.Response) *http.Response {
			a = answerWith(a, 200, "application/cbor", page)
			a.Header.Set("Content-Encoding", "br")
			return a
		}},
		{"a redirect", func(a *http.Response) *http.Response {
			a = answerWith(a, 302, "text/html", page)
			a.Header.Set("Location", "http://portal.example/")
			return a
		}},
		{"a proxy's 502", func(a *http.Response) *http.Response { return answerWith(a, 502, "text/html", page) }},
		{"a proxy's 413", func(a *http.Response) *http.Response { return answerWith(a, 413, "text/html", page) }},
		{"a portal's 401", func(a *http.Response) *http.Response { return answerWith(a, 401, "text/html", page) }},
		{"JSON that is no problem document", func(a *http.Response) *http.Response { return answerWith(a, 403, "application/json", `{"error":"x"}`) }},
		{"nothing at all", func(a *http.Response) *http.Response { return answerWith(a, 200, "application/cbor", "") }},
		{"no content", func(a *http.Response) *http.Response { return answerWith(a, 204, "", "") }},
		{"an empty message", func(a *http.Response) *http.Response { return answerWith(a, 200, "application/cbor", "\xa0") }},
		{"a zstd bomb", func(a *http.Response) *http.Response {
			a = answerWith(a, 200, "application/cbor", zstdBomb)
			a.Header.Set("Content-Encoding", "zstd")
			return a
		}},
	}) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			a := o.enroll("a", tambon)
			held := a.household(village1, "1")
			a.calm()
			for _, path := range some([]string{"push", "hello", "challenge", "token", "pull"}) {
				a.answer(held, "moo", path)
				a.exec(`UPDATE device SET token = ''`)
				before := a.status()
				a.way.clear()
				a.way.after = func(_ int, r *http.Request, resp *http.Response) (*http.Response, error) {
					if strings.HasSuffix(r.URL.Path, "/"+path) {
						return c.answer(resp), nil
					}
					return resp, nil
				}
				_, err := a.Sync(t.Context(), nil)
				if !errors.Is(err, clientlib.ErrOffline) {
					t.Errorf("%s: got %v, want ErrOffline", path, err)
				}
				after := a.status()
				if path != "pull" {
					wantEqual(t, path+": unsent", after.Unsent, 1)
				}
				wantEqual(t, path+": areas", after.Areas, before.Areas)
				wantEqual(t, path+": office", after.Office, before.Office)
				wantEqual(t, path+": last complete sync", after.LastSync, before.LastSync)
				a.way.clear()
				a.calm()
				wantLevel(o, a)
			}
		})
	}
}

// zstdBomb is 64 MiB of zeros.
var zstdBomb = func() string {
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b)
	if err != nil {
		panic(err)
	}
	zeros := make([]byte, 1<<20)
	for range 64 {
		if _, err := w.Write(zeros); err != nil {
			panic(err)
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.String()
}()

func TestAnotherOfficeAtTheSameAddressIsRefused(t *testing.T) {
	t.Parallel()
	o, other := newOffice(t), newOffice(t)
	a := o.enroll("a", tambon)
	id := a.household(village1, "1")
	a.calm()
	a.answer(id, "moo", 1)
	o.mu.Lock() // as when a laptop takes over the address
	mine := o.handler
	o.handler = other.handler
	o.mu.Unlock()
	if _, err := a.Sync(t.Context(), nil); err == nil {
		t.Error("no error")
	}
	wantEqual(t, "unsent", a.status().Unsent, 1)
	o.mu.Lock()
	o.handler = mine
	o.mu.Unlock()
	a.calm()
	wantLevel(o, a)
}

func TestAnAddressThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	d := newTablet(t, nil, "a")
	for _, address := range []string{"", "office.example", "ftp://office.example", "http://", "://x"} {
		err := d.Enroll(t.Context(), clientlib.Enrollment{Server: address, Code: "ABCD-EFGH", Name: "a"})
		if !errors.Is(err, clientlib.ErrInvalid) {
			t.Errorf("address %q: got %v, want ErrInvalid", address, err)
		}
	}
}
