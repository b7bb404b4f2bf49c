package cmd_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"tambonsync/clientlib"
	"tambonsync/server"
	"tambonsync/server/store"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

const kills = 50

type madeOffice struct {
	data string
	*office
}

func newOffice(t *testing.T) *madeOffice {
	t.Helper()
	m := &madeOffice{data: filepath.Join(t.TempDir(), "office")}
	tell(t.Context(), t, "", "tambonsync", "init", "--data", m.data, "--json")
	var err error
	if m.office, err = startOffice(m.data, ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.kill() })
	return m
}

// again starts the killed office at its old address.
func (m *madeOffice) again(t *testing.T) {
	t.Helper()
	o, err := startOffice(m.data, strings.TrimPrefix(m.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	m.office = o
}

func (m *madeOffice) code(t *testing.T) string {
	t.Helper()
	out := tell(t.Context(), t, "", "tambonsync", "invite", "--data", m.data, "--area", "450303", "--officer", "ผู้จัดเก็บ", "--json")
	return decode[struct{ Code string }](t, out).Code
}

func (m *madeOffice) verify(t *testing.T) store.Report {
	t.Helper()
	r := decode[store.Report](t, tell(t.Context(), t, "", "tambonsync", "verify", "--data", m.data, "--json"))
	if !r.OK {
		t.Fatalf("verify: %v", r.Problems)
	}
	return r
}

// records reads the office's records by id.
func (m *madeOffice) records(t *testing.T) map[syncproto.RecordID]syncproto.Record {
	t.Helper()
	s, err := store.Open(t.Context(), m.data)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	out := map[syncproto.RecordID]syncproto.Record{}
	var f server.RecordFilter
	for {
		page, err := s.Records(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page {
			out[r.Record.ID] = r.Record
			f.After = r.Record.ID
		}
		if len(page) < 10000 {
			return out
		}
	}
}

// TestServerKilledDuringPushes kills the office fifty times while three tablets
// save and sync. What a tablet was told is sent must be at the office.
func TestServerKilledDuringPushes(t *testing.T) {
	m := newOffice(t)
	var tablets []*clientlib.Store
	for i := range 3 {
		s, err := clientlib.Create(t.Context(), filepath.Join(t.TempDir(), "tablet.db"), clientlib.Options{
			Attempts: 1, Sleep: func(context.Context, time.Duration) error { return nil },
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		if err := s.Enroll(t.Context(), clientlib.Enrollment{Server: m.url, Code: m.code(t), Name: fmt.Sprint("tablet ", i)}); err != nil {
			t.Fatal(err)
		}
		tablets = append(tablets, s)
	}
	saved := make([]int, len(tablets))
	for range kills {
		ctx, stop := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for i, s := range tablets {
			wg.Go(func() { saved[i] += work(ctx, t, s) })
		}
		time.Sleep(time.Duration(5+rand.IntN(120)) * time.Millisecond)
		m.kill()
		stop()
		wg.Wait()
		at := m.records(t)
		for i, s := range tablets {
			wantSent(t, fmt.Sprint("tablet ", i), s, at)
		}
		m.again(t)
	}
	for _, s := range tablets {
		if res, err := s.Sync(t.Context(), nil); err != nil || res.Unsent != 0 {
			t.Fatalf("last sync: %+v, %v", res, err)
		}
	}
	report := m.verify(t)
	if want := saved[0] + saved[1] + saved[2]; report.Records != want {
		t.Errorf("%d records at the office, %d were saved", report.Records, want)
	}
	t.Logf("%d kills, %d records saved and at the office", kills, report.Records)
}

// work saves and syncs until stopped, and counts the saves.
func work(ctx context.Context, t *testing.T, s *clientlib.Store) (n int) {
	for ctx.Err() == nil {
		for range 4 {
			_, err := s.Save(context.WithoutCancel(ctx), clientlib.Edit{
				Type: "household", Area: area.Code("4503030" + fmt.Sprint(1+rand.IntN(9))), Values: map[string]any{"house_no": fmt.Sprint(rand.IntN(999))},
			})
			if err != nil {
				t.Errorf("save: %v", err)
				return n
			}
			n++
		}
		if _, err := s.Sync(ctx, nil); err != nil && !errors.Is(err, clientlib.ErrOffline) && !errors.Is(err, context.Canceled) {
			t.Errorf("sync: %v", err)
		}
	}
	return n
}

// wantSent holds the tablet's word against the office's records.
func wantSent(t *testing.T, name string, s *clientlib.Store, at map[syncproto.RecordID]syncproto.Record) {
	t.Helper()
	items, err := s.List(t.Context(), clientlib.Filter{Limit: 1 << 30, Deleted: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, it := range items {
		if it.Sent && !at[it.Record.ID].VV.Dominates(it.Record.VV) {
			t.Errorf("%s says that %s is sent, but the office does not hold it", name, it.Record.ID)
		}
	}
}

// TestClientKilledDuringSaveAndSync kills tambonfield fifty times while it
// saves and fifty times while it syncs. Every id that put printed must be in
// the store, and in the end at the office.
func TestClientKilledDuringSaveAndSync(t *testing.T) {
	m := newOffice(t)
	path := filepath.Join(t.TempDir(), "tablet.db")
	tell(t.Context(), t, "", "tambonfield", "enroll", "--store", path, "--server", m.url, "--code", m.code(t), "--json")
	printed := map[string]bool{}
	for range kills {
		for _, id := range killedPut(t, path) {
			printed[id] = true
		}
		killedSync(t, path)
	}
	list := decode[[]struct {
		ID   string
		Sent bool
	}](t, tell(t.Context(), t, "", "tambonfield", "list", "--store", path, "--limit", "1000000", "--json"))
	here := map[string]bool{}
	for _, it := range list {
		here[it.ID] = true
	}
	for id := range printed {
		if !here[id] {
			t.Errorf("%s was printed by put but is not in the store", id)
		}
	}
	res := decode[clientlib.Result](t, tell(t.Context(), t, "", "tambonfield", "sync", "--store", path, "--json"))
	if res.Unsent != 0 || res.Repaired != 0 {
		t.Errorf("last sync: %+v", res)
	}
	if report := m.verify(t); report.Records != len(list) {
		t.Errorf("%d records at the office, %d in the store", report.Records, len(list))
	}
	if len(printed) < kills {
		t.Errorf("only %d saves were acknowledged in %d rounds: the test kills too early to show anything", len(printed), kills)
	}
	t.Logf("%d kills of put, %d of sync; %d saves acknowledged, %d in the store and at the office", kills, kills, len(printed), len(list))
}

// killedPut feeds records to put and kills it at a random moment after its
// first answer. It returns the ids that put printed.
func killedPut(t *testing.T, path string) (ids []string) {
	t.Helper()
	c := exec.Command(filepath.Join(bin, "tambonfield"), "put", "--store", path, "--json")
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		for n := 0; ; n++ {
			if _, err := fmt.Fprintf(in, `{"type":"household","area":"45030301","values":{"house_no":"%d"}}`+"\n", n); err != nil {
				return
			}
		}
	}()
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if len(ids) == 0 {
			time.AfterFunc(time.Duration(rand.IntN(40000))*time.Microsecond, func() { _ = c.Process.Kill() })
		}
		if strings.HasSuffix(lines.Text(), "}") { // a line cut by the kill acknowledges nothing
			ids = append(ids, decode[struct{ ID string }](t, lines.Bytes()).ID)
		}
	}
	_ = c.Process.Kill()
	_ = c.Wait()
	return ids
}

func killedSync(t *testing.T, path string) {
	t.Helper()
	c := exec.Command(filepath.Join(bin, "tambonfield"), "sync", "--store", path, "--json")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Duration(10+rand.IntN(90)) * time.Millisecond)
	_ = c.Process.Kill()
	_ = c.Wait()
}
