package clientlib_test

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"sync"
	"testing"
	"time"

	"tambonsync/clientlib"
	"tambonsync/server"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
	"tambonsync/syncproto/survey"
)

// tablet is a device's store with its own clock and its own way to the office.
type tablet struct {
	*clientlib.Store
	t      testing.TB
	name   string
	path   string
	office *office
	clock  *clock
	way    *way

	mu     sync.Mutex
	pauses []time.Duration // what it slept between tries
}

func newTablet(t testing.TB, o *office, name string) *tablet {
	t.Helper()
	d := &tablet{t: t, name: name, path: filepath.Join(t.TempDir(), name+".db"), office: o, clock: newClock(), way: newWay()}
	if o != nil {
		d.clock = o.clock
	}
	var err error
	if d.Store, err = clientlib.Create(context.Background(), d.path, d.options()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.end)
	return d
}

// adopt opens the store at path as a tablet of its own.
func (d *tablet) adopt(name, path string) *tablet {
	d.t.Helper()
	e := &tablet{t: d.t, name: name, path: path, office: d.office, clock: d.clock, way: newWay()}
	e.open()
	d.t.Cleanup(e.end)
	return e
}

func (d *tablet) options() clientlib.Options {
	return clientlib.Options{App: "test/1", Clock: d.clock.Now, Transport: d.way, Sleep: d.sleep, Timeout: 20 * time.Second}
}

// sleep passes time on no clock but notes how much.
func (d *tablet) sleep(ctx context.Context, pause time.Duration) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.pauses = append(d.pauses, pause)
	return ctx.Err()
}

func (d *tablet) open() {
	d.t.Helper()
	var err error
	if d.Store, err = clientlib.Open(context.Background(), d.path, d.options()); err != nil {
		d.t.Fatal(err)
	}
}

func (d *tablet) close() {
	d.t.Helper()
	if d.Store == nil {
		return
	}
	if err := d.Close(); err != nil {
		d.t.Error(err)
	}
	d.Store = nil
}

// reopen is a new start of the app.
func (d *tablet) reopen() {
	d.t.Helper()
	d.close()
	d.open()
}

func (d *tablet) end() {
	d.close()
	if _, err := os.Stat(d.path); err == nil {
		d.checkTables()
	}
}

func (d *tablet) save(e clientlib.Edit) syncproto.Record {
	d.t.Helper()
	r, err := d.Save(context.Background(), e)
	if err != nil {
		d.t.Fatalf("%s: %v", d.name, err)
	}
	return r
}

// household begins a household with one answer.
func (d *tablet) household(code area.Code, houseNo string) syncproto.RecordID {
	d.t.Helper()
	return d.save(clientlib.Edit{Type: "household", Area: code, Values: map[string]any{"house_no": houseNo}}).ID
}

// answer saves one answer of a record.
func (d *tablet) answer(id syncproto.RecordID, question string, answer any) syncproto.Record {
	d.t.Helper()
	return d.save(clientlib.Edit{ID: id, Values: map[string]any{question: answer}})
}

func (d *tablet) item(id syncproto.RecordID) clientlib.Item {
	d.t.Helper()
	it, err := d.Get(context.Background(), id)
	if err != nil {
		d.t.Fatalf("%s: %v", d.name, err)
	}
	return it
}

func (d *tablet) answers(id syncproto.RecordID) map[string]any {
	d.t.Helper()
	return answersOf(d.t, d.item(id).Record)
}

func (d *tablet) holds(id syncproto.RecordID) bool {
	d.t.Helper()
	_, err := d.Get(context.Background(), id)
	if err != nil && !errors.Is(err, clientlib.ErrNotFound) {
		d.t.Fatalf("%s: %v", d.name, err)
	}
	return err == nil
}

func (d *tablet) list(f clientlib.Filter) []clientlib.Item {
	d.t.Helper()
	items, err := d.List(context.Background(), f)
	if err != nil {
		d.t.Fatalf("%s: %v", d.name, err)
	}
	return items
}

func (d *tablet) status() clientlib.Status {
	d.t.Helper()
	st, err := d.Status(context.Background())
	if err != nil {
		d.t.Fatalf("%s: %v", d.name, err)
	}
	return st
}

// sync syncs and must not fail.
func (d *tablet) sync() clientlib.Result {
	d.t.Helper()
	res, err := d.Sync(context.Background(), nil)
	if err != nil {
		d.t.Fatalf("%s: %v", d.name, err)
	}
	return res
}

// calm syncs and must find nothing to mend.
func (d *tablet) calm() clientlib.Result {
	d.t.Helper()
	res := d.sync()
	if res.Repaired != 0 {
		d.t.Errorf("%s: a sync had to repair %d records", d.name, res.Repaired)
	}
	return res
}

// exec changes rows of the store behind the library's back.
func (d *tablet) exec(query string, args ...any) {
	d.t.Helper()
	if n, _ := d.run(query, args...).RowsAffected(); n == 0 {
		d.t.Fatalf("%s: no row", query)
	}
}

// run runs a statement in the store, with a connection of its own.
func (d *tablet) run(query string, args ...any) sql.Result {
	d.t.Helper()
	db, err := sql.Open("sqlite", d.path)
	if err != nil {
		d.t.Fatal(err)
	}
	res, err := db.Exec(query, args...)
	if err = errors.Join(err, db.Close()); err != nil {
		d.t.Fatalf("%s: %v", query, err)
	}
	return res
}

func answersOf(t testing.TB, rec syncproto.Record) map[string]any {
	t.Helper()
	kind, _ := survey.Default().Type(rec.Type)
	answers, err := clientlib.Answers(kind, rec)
	if err != nil {
		t.Fatal(err)
	}
	return answers
}

func wantEqual(t testing.TB, what string, got, want any) {
	t.Helper()
	g, w := reflect.ValueOf(got), reflect.ValueOf(want)
	if g.Kind() == reflect.Slice && w.Kind() == reflect.Slice && g.Len() == 0 && w.Len() == 0 {
		return
	}
	if !reflect.DeepEqual(got, want) {
		if b, ok := got.([]byte); ok {
			got, want = hex.EncodeToString(b), hex.EncodeToString(want.([]byte))
		}
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// wantLevel asks that every tablet holds exactly what the office holds in its
// areas, that nothing is unsent, and that the sums in its tables are right.
func wantLevel(o *office, tablets ...*tablet) {
	o.t.Helper()
	o.verify()
	for _, d := range tablets {
		var wrong []string
		st := d.status()
		if st.Unsent != 0 {
			o.t.Errorf("%s: %d records unsent", d.name, st.Unsent)
		}
		mine := map[syncproto.RecordID]syncproto.Hash{}
		for _, it := range d.list(clientlib.Filter{Deleted: true, System: true, Limit: 1 << 20}) {
			mine[it.Record.ID] = syncproto.HashRecord(it.Record.Encode())
		}
		for _, code := range st.Areas {
			records, err := o.store.Records(context.Background(), server.RecordFilter{Area: code, Deleted: true, System: true})
			if err != nil {
				o.t.Fatal(err)
			}
			for _, r := range records {
				h, ok := mine[r.Record.ID]
				switch {
				case !ok:
					wrong = append(wrong, fmt.Sprintf("record %s is missing", r.Record.ID))
				case h != syncproto.HashRecord(r.Raw):
					wrong = append(wrong, fmt.Sprintf("record %s is not as at the office", r.Record.ID))
				}
				delete(mine, r.Record.ID)
			}
		}
		for id := range mine {
			wrong = append(wrong, fmt.Sprintf("record %s is not at the office in the areas %v", id, st.Areas))
		}
		for _, w := range wrong[:min(len(wrong), 3)] {
			o.t.Errorf("%s: %s (and %d like it)", d.name, w, len(wrong)-1)
		}
		d.checkTables()
	}
}

// settle syncs the tablets until each has seen what the others brought.
func settle(tablets ...*tablet) {
	for range 2 {
		for _, d := range tablets {
			d.t.Helper()
			d.calm()
		}
	}
}

// checkTables recomputes from the bytes of the records what the store says
// about them.
func (d *tablet) checkTables() {
	d.t.Helper()
	db, err := sql.Open("sqlite", d.path)
	if err != nil {
		d.t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			d.t.Error(err)
		}
	}()
	var answer string
	if err := db.QueryRow(`PRAGMA integrity_check`).Scan(&answer); err != nil || answer != "ok" {
		d.t.Errorf("%s: integrity: %s %v", d.name, answer, err)
	}
	leaves, err := readTables(db)
	if err != nil {
		d.t.Errorf("%s: %v", d.name, err)
	}
	rows, err := db.Query(`SELECT area, bucket, count, sum FROM leaves WHERE count > 0`)
	if err != nil {
		d.t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var code string
		var bucket uint8
		var got syncproto.Digest
		var sum []byte
		if err := rows.Scan(&code, &bucket, &got.Count, &sum); err != nil {
			d.t.Fatal(err)
		}
		copy(got.Sum[:], sum)
		key := fmt.Sprintf("%s/%d", code, bucket)
		if leaves[key] != got {
			d.t.Errorf("%s: leaf %s is not the sum of its records", d.name, key)
		}
		delete(leaves, key)
	}
	for key := range leaves {
		d.t.Errorf("%s: leaf %s is missing", d.name, key)
	}
}

// readTables checks every record's row and returns the leaf sums as they
// should be.
func readTables(db *sql.DB) (map[string]syncproto.Digest, error) {
	rows, err := db.Query(`SELECT id, type, area, deleted, hash, dirty, acked, server_hash, coalesce(server_area, ''), state FROM records`)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	leaves := map[string]syncproto.Digest{}
	var bad error
	for rows.Next() {
		var id, hash, acked, serverHash, state []byte
		var kind, code, serverArea string
		var deleted, dirty bool
		if err := rows.Scan(&id, &kind, &code, &deleted, &hash, &dirty, &acked, &serverHash, &serverArea, &state); err != nil {
			return nil, err
		}
		rec, err := syncproto.DecodeRecord(state)
		if err != nil {
			bad = errors.Join(bad, err)
			continue
		}
		var vv syncproto.Vector
		for ; len(acked) >= 24; acked = acked[24:] {
			n := uint64(0)
			for _, b := range acked[16:24] {
				n = n<<8 | uint64(b)
			}
			vv = append(vv, syncproto.Dot{Actor: syncproto.ActorID(acked[:16]), Counter: n})
		}
		if rec.ID != syncproto.RecordID(id) || rec.Type != kind || string(rec.Area()) != code || rec.Alive() == deleted ||
			syncproto.HashRecord(state) != syncproto.Hash(hash) || vv.Dominates(rec.VV) == dirty {
			bad = errors.Join(bad, fmt.Errorf("record %s: the row does not say what its bytes say", rec.ID))
		}
		if serverHash != nil {
			key := fmt.Sprintf("%s/%d", serverArea, syncproto.Bucket(rec.ID))
			leaves[key] = leaves[key].Add(syncproto.Hash(serverHash))
		}
	}
	return leaves, errors.Join(bad, rows.Err())
}
