package clientlib_test

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"tambonsync/clientlib"
	"tambonsync/server"
	"tambonsync/server/store"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

// The areas of most tests: two villages of one tambon, and another tambon.
const (
	village1  area.Code = "45030301"
	village2  area.Code = "45030302"
	tambon    area.Code = "450303"
	elsewhere area.Code = "450304"
	farAway   area.Code = "45030401"
	amphoe    area.Code = "4503"
)

// clock stands still but for a millisecond each time it is looked at, so that
// of two saves the later one is known.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Millisecond)
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// office is a real office with a real database behind a real HTTP server on
// the loopback. Its address outlives a restore.
type office struct {
	t     testing.TB
	clock *clock
	url   string

	mu      sync.RWMutex
	store   *store.Store
	handler http.Handler
	who     server.Office
}

func newOffice(t testing.TB) *office {
	t.Helper()
	o := &office{t: t, clock: newClock()}
	dir := t.TempDir()
	if err := store.Create(context.Background(), dir, "อำเภอเกษตรวิสัย", rand.Reader); err != nil {
		t.Fatal(err)
	}
	o.open(dir)
	ts := httptest.NewServer(o)
	o.url = ts.URL
	t.Cleanup(func() {
		ts.Close()
		o.verify()
		if err := o.store.Close(); err != nil {
			t.Error(err)
		}
	})
	return o
}

func (o *office) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	o.handler.ServeHTTP(w, r)
}

func (o *office) open(dir string) {
	o.t.Helper()
	st, err := store.Open(context.Background(), dir)
	if err != nil {
		o.t.Fatal(err)
	}
	s, err := server.New(context.Background(), server.Config{
		Store: st, Clock: o.clock.Now, EnrollPerMinute: 1000, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		o.t.Fatal(err)
	}
	o.store, o.handler = st, s.Handler()
	if o.who, err = st.Office(context.Background()); err != nil {
		o.t.Fatal(err)
	}
}

// backup returns the path of a copy of the office as it is now.
func (o *office) backup() string {
	o.t.Helper()
	path := filepath.Join(o.t.TempDir(), "backup.db")
	if err := o.store.Backup(context.Background(), path); err != nil {
		o.t.Fatal(err)
	}
	return path
}

// restore makes the office what the backup holds, at the same address.
func (o *office) restore(backup string) {
	o.t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	dir := o.t.TempDir()
	if _, err := store.Restore(context.Background(), backup, dir, rand.Reader); err != nil {
		o.t.Fatal(err)
	}
	if err := o.store.Close(); err != nil {
		o.t.Fatal(err)
	}
	o.open(dir)
}

// invite returns the code for one new device.
func (o *office) invite(areas ...area.Code) string {
	o.t.Helper()
	k, err := server.NewInvitation(o.who, "สมหญิง ใจดี", areas, 0, rand.Reader, o.clock.Now(), o.url)
	if err != nil {
		o.t.Fatal(err)
	}
	if err := o.store.AddInvitation(context.Background(), k.Invitation); err != nil {
		o.t.Fatal(err)
	}
	return k.Code
}

// grant replaces the areas of a device.
func (o *office) grant(d *tablet, areas ...area.Code) {
	o.t.Helper()
	if err := o.store.SetGrants(context.Background(), d.status().Device, areas); err != nil {
		o.t.Fatal(err)
	}
}

// record returns the office's state of a record.
func (o *office) record(id syncproto.RecordID) server.StoredRecord {
	o.t.Helper()
	r, err := o.store.Record(context.Background(), id)
	if err != nil {
		o.t.Fatal(err)
	}
	return r
}

// answers returns what the office shows of a record.
func (o *office) answers(id syncproto.RecordID) map[string]any {
	o.t.Helper()
	return answersOf(o.t, o.record(id).Record)
}

// edit saves one group of a record at the office.
func (o *office) edit(id syncproto.RecordID, group string, value any) {
	o.t.Helper()
	v, err := syncproto.NewValue(value)
	if err != nil {
		o.t.Fatal(err)
	}
	_, err = o.store.Edit(context.Background(), server.Edit{
		ID: id, Changes: map[string]syncproto.Value{group: v}, At: o.clock.Now().UnixMilli(),
		Context: syncproto.Context{User: "office", Reason: "resolve"},
	})
	if err != nil {
		o.t.Fatal(err)
	}
}

// cases lists the open cases.
func (o *office) cases() []server.Case {
	o.t.Helper()
	list, err := o.store.Cases(context.Background(), server.CaseFilter{})
	if err != nil {
		o.t.Fatal(err)
	}
	return list
}

// wantCases compares the open cases with "kind group" sentences.
func (o *office) wantCases(want ...string) {
	o.t.Helper()
	var got []string
	for _, c := range o.cases() {
		got = append(got, c.Kind+" "+c.Group)
	}
	slices.Sort(got)
	wantEqual(o.t, "open cases", got, want)
}

// waiting lists the open items of the quarantine inbox.
func (o *office) waiting() []server.InboxItem {
	o.t.Helper()
	list, err := o.store.Inbox(context.Background(), false, 0)
	if err != nil {
		o.t.Fatal(err)
	}
	return list
}

func (o *office) decide(item string, accept bool, why string) {
	o.t.Helper()
	err := o.store.Decide(context.Background(), server.Decision{Item: item, Accept: accept, By: "supervisor", Why: why, At: o.clock.Now().UnixMilli()})
	if err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) verify() {
	o.t.Helper()
	r, err := o.store.Verify(context.Background())
	if err != nil {
		o.t.Error(err)
	}
	for _, p := range r.Problems {
		o.t.Errorf("office: %s", p)
	}
}

// enroll returns a new tablet with grants for the areas.
func (o *office) enroll(name string, areas ...area.Code) *tablet {
	o.t.Helper()
	d := newTablet(o.t, o, name)
	err := d.Enroll(context.Background(), clientlib.Enrollment{Server: o.url, Code: o.invite(areas...), Name: name})
	if err != nil {
		o.t.Fatal(err)
	}
	return d
}
