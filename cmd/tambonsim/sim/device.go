package sim

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"tambonsync/clientlib"
	"tambonsync/server"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
	"tambonsync/syncproto/survey"
)

// device is one store on one tablet. A copy of a store is a device of its own
// here, although the office takes both for one.
type device struct {
	w     *world
	name  string
	id    string // at the office
	path  string
	form  *survey.Form
	store *clientlib.Store
	line  *line
	live  bool
	busy  bool  // in the middle of a sync
	skew  int64 // of its clock against the office's, in ms: more than a Duration holds
	stale bool  // view must be read again
	view  map[syncproto.RecordID]clientlib.Item
	life  int // of the office, at the last complete sync
	// unsent are the saves made here that the office never had: they must be here.
	unsent map[key]bool
	// unacked are the saves made here of which this store was never told that
	// the office has them. If the store is copied they may come to exist twice.
	unacked map[key]bool
	copies  []files
}

// files are a store's files as they were at some moment, with what was open
// then.
type files struct {
	step            int
	db, wal, proof  []byte
	actor           string
	unsent, unacked map[key]bool
	life            int
}

func (d *device) now() time.Time { return time.UnixMilli(d.w.now.UnixMilli() + d.skew) }

func (d *device) options() clientlib.Options {
	return clientlib.Options{
		App: "sim/" + d.name, Form: d.form, Clock: d.now, Random: d.w.random(d.name),
		Transport: d.line, Sleep: d.line.sleep,
	}
}

// enroll hands a new tablet to an officer.
func (w *world) enroll(name string, grants []area.Code) {
	d := &device{
		w: w, name: name, path: filepath.Join(w.dir, name+".db"), live: true,
		view: map[syncproto.RecordID]clientlib.Item{}, unsent: map[key]bool{}, unacked: map[key]bool{},
		form: survey.Default(),
	}
	if w.plan.oldClient && len(w.devices) == 0 {
		d.form = oldForm()
	}
	if w.plan.clocks {
		d.skew = w.skew()
	}
	d.line = &line{w: w, d: d}
	var err error
	d.store, err = clientlib.Create(w.ctx, d.path, d.options())
	w.must(err)
	t, err := server.NewInvitation(w.office.who, name, grants, 0, w.random("invitation"), w.now, "")
	w.must(err)
	w.must(w.office.store.AddInvitation(w.ctx, t.Invitation))
	w.must(d.store.Enroll(w.ctx, clientlib.Enrollment{Server: "http://office.example", Code: t.Code, Name: name}))
	st, err := d.store.Status(w.ctx)
	w.must(err)
	d.id = st.Device
	w.devices = append(w.devices, d)
	w.say("%s enrolled for %v, clock off by %d ms, form %s", name, grants, d.skew, d.form.Ref())
}

// skew draws how wrong a tablet's clock is, in ms.
func (w *world) skew() int64 {
	const year = 365 * 24 * int64(time.Hour/time.Millisecond)
	at := w.now.UnixMilli()
	switch w.dice.IntN(6) {
	case 0:
		return 10*year + w.dice.Int64N(year)
	case 1:
		return -10*year - w.dice.Int64N(year)
	case 2: // the battery was empty: 1 January 1970
		return w.dice.Int64N(100_000_000) - at
	case 3: // Buddhist era taken for the Christian one: the year 2569
		return w.now.AddDate(543, 0, 0).UnixMilli() - at
	case 4:
		return w.dice.Int64N(20000) - 10000
	}
	return 0
}

// reopen is the app started again.
func (d *device) reopen() {
	var err error
	d.store, err = clientlib.Open(d.w.ctx, d.path, d.options())
	d.w.must(err)
	d.stale = true
	d.look()
}

func (d *device) shut() {
	d.w.must(d.store.Close())
	d.store = nil
}

// look reads everything that the device displays, and checks it.
func (d *device) look() {
	items, err := d.store.List(d.w.ctx, clientlib.Filter{Deleted: true, System: true, Limit: 100000})
	d.w.must(err)
	d.stale = false
	view := make(map[syncproto.RecordID]clientlib.Item, len(items))
	for _, it := range items {
		view[it.Record.ID] = it
		if old, ok := d.view[it.Record.ID]; !ok || !sameState(old.Record, it.Record) {
			d.w.checkState(d.name, it.Record)
			d.w.saves.note(d.w, d.name, it.Record)
		}
	}
	d.view = view
	for k := range d.unacked {
		if it, ok := view[k.rec]; ok && it.Sent {
			delete(d.unacked, k)
		}
	}
	d.w.checkUnsent(d)
}

// ids lists what the device holds, in a fixed order.
func (d *device) ids() []syncproto.RecordID {
	if d.stale {
		d.look()
	}
	return slices.SortedFunc(maps.Keys(d.view), syncproto.RecordID.Compare)
}

// copyFiles reads the store's files as a backup program would. A cold copy is
// made while the app is closed.
func (d *device) copyFiles(cold bool) files {
	if d.stale {
		d.look()
	}
	st, err := d.store.Status(d.w.ctx)
	d.w.must(err)
	if cold {
		d.shut()
	}
	f := files{step: d.w.step, actor: st.Actor, unsent: maps.Clone(d.unsent), unacked: maps.Clone(d.unacked), life: d.life}
	for _, part := range []struct {
		suffix string
		to     *[]byte
	}{{"", &f.db}, {"-wal", &f.wal}, {"-actor", &f.proof}} {
		b, err := os.ReadFile(d.path + part.suffix)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			d.w.must(err)
		}
		*part.to = b
	}
	if cold {
		d.reopen()
	}
	return f
}

// put writes the store's files back to path. Fresh files have other numbers in
// the file system than those they replace.
func (f files) put(path string, fresh, proof bool) error {
	parts := []struct {
		suffix  string
		content []byte
	}{{"", f.db}, {"-wal", f.wal}}
	if proof {
		parts = append(parts, struct {
			suffix  string
			content []byte
		}{"-actor", f.proof})
	}
	for _, p := range parts {
		to := path + p.suffix
		if p.content == nil {
			if err := os.Remove(to); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
			continue
		}
		if fresh {
			to += ".new" // beside the old file, so that the number cannot be taken over
		}
		if err := os.WriteFile(to, p.content, 0o600); err != nil {
			return err
		}
		if fresh {
			if err := os.Rename(to, path+p.suffix); err != nil {
				return err
			}
		}
	}
	return nil
}

// forgeProof makes the proof beside the store at path fit it, as it does when
// a whole disk is copied with its file numbers.
func forgeProof(path string) error {
	b, err := os.ReadFile(path + "-actor")
	if errors.Is(err, os.ErrNotExist) {
		return nil // a copy without its proof that has not written yet was copied
	}
	if err != nil {
		return err
	}
	var proof map[string]any
	if err := json.Unmarshal(b, &proof); err != nil {
		return err
	}
	if number := fileNumber(path); number != "" {
		proof["file"] = number
	}
	if b, err = json.Marshal(proof); err != nil {
		return fmt.Errorf("forge proof: %w", err)
	}
	return os.WriteFile(path+"-actor", b, 0o600)
}
