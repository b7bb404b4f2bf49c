package sim

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"

	"tambonsync/clientlib"
	"tambonsync/server/store"
	"tambonsync/syncproto"
)

// keepCopy keeps a store's files, as a backup of the tablet does.
func (w *world) keepCopy() {
	d := w.someone(true)
	if d == nil {
		return
	}
	d.copies = append(d.copies, d.copyFiles(w.chance(500)))
	w.say("%s's files are kept", d.name)
}

// cloneOne starts a copy of a store as a further tablet. Both go on.
func (w *world) cloneOne() {
	d := w.someone(true)
	if d == nil || len(w.devices) > 6 {
		return
	}
	f := d.copyFiles(w.chance(500))
	if len(d.copies) > 0 && w.chance(300) {
		f = d.copies[w.dice.IntN(len(d.copies))]
	}
	n := 1
	for _, other := range w.devices {
		if other.id == d.id {
			n++
		}
	}
	c := &device{
		w: w, name: fmt.Sprintf("%sc%d", d.name, n), id: d.id, form: d.form, live: true, skew: d.skew,
		view: map[syncproto.RecordID]clientlib.Item{}, unsent: maps.Clone(f.unsent), unacked: maps.Clone(f.unacked),
		life: f.life,
	}
	c.path = filepath.Join(w.dir, c.name+".db")
	c.line = &line{w: w, d: c}
	kind := []string{"with its proof", "without its proof", "as a disk image"}[w.imageKind(f)]
	w.must(f.put(c.path, true, kind != "without its proof"))
	if kind == "as a disk image" {
		w.must(forgeProof(c.path))
		w.saves.shared[f.actor] = true
	}
	w.twins(f)
	w.devices = append(w.devices, c)
	c.reopen()
	w.say("%s, as of step %d, is copied %s to %s", d.name, f.step, kind, c.name)
}

// unnoticed is the way to copy that the device itself cannot notice.
const unnoticed = 2

// imageKind draws how the files are copied. A store that goes on beside an
// unnoticed copy of itself and is copied again before the office could tell
// is left out: see Limits in PROTOCOL.md.
func (w *world) imageKind(f files) int {
	switch {
	case w.saves.shared[f.actor]:
		return unnoticed
	case w.plan.images:
		return w.dice.IntN(unnoticed + 1)
	}
	return w.dice.IntN(unnoticed)
}

// twins marks what may come to exist twice: saves that were unsent in a store
// that now goes on in two places, or from an older point.
func (w *world) twins(f files) {
	for k := range f.unacked {
		w.oracle.events[k].twin = true
	}
}

// How a device's older files are put back. The last way cannot be noticed on
// the device.
const (
	overOld = iota
	asNew
	overOldWithProof // = unnoticed
)

var ways = [...]string{"over the old file", "as a new file with its proof", "over the old file with its proof"}

// rewind puts a device's own older files back in its place.
func (w *world) rewind() {
	d := w.someone(true)
	for _, it := range w.inbox(false) { // rather one that the office waits for
		for _, other := range w.devices {
			if other.id == it.Device && other.live && !other.busy && len(other.copies) > 0 && w.chance(500) {
				d = other
			}
		}
	}
	if d == nil || len(d.copies) == 0 {
		return
	}
	f := d.copies[w.dice.IntN(len(d.copies))]
	if d.stale {
		d.look()
	}
	w.somewhere("")
	d.shut()
	proof, err := os.ReadFile(d.path + "-actor")
	if !errors.Is(err, os.ErrNotExist) {
		w.must(err)
	}
	way := w.imageKind(f)
	// The store's nonce changes when an app begins to write. Files kept since
	// then fit the proof that stands beside the store.
	if way == overOld && bytes.Equal(proof, f.proof) {
		way = asNew
		if w.plan.images {
			way = overOldWithProof
		}
	}
	w.must(f.put(d.path, way == asNew, way != overOld))
	if way == overOldWithProof {
		w.saves.shared[f.actor] = true
	}
	d.unsent, d.unacked, d.life = maps.Clone(f.unsent), maps.Clone(f.unacked), f.life
	w.twins(f)
	w.say("%s is put back to step %d, %s", d.name, f.step, ways[way])
	d.reopen()
	w.somewhere("the rewinding of " + d.name)
	w.redo(d)
}

// redo lets the officer enter again what is gone, where the office still has
// it waiting for a supervisor.
func (w *world) redo(d *device) {
	for _, it := range w.inbox(false) {
		held, ok := d.view[it.Record]
		if !ok || it.Device != d.id || w.chance(300) {
			continue
		}
		w.report.event("answered again", 1)
		tag := w.tag()
		w.save(d, tag, clientlib.Edit{ID: it.Record, Values: w.values(d, held.Record.Type, tag)})
	}
}

// breakOne ends a device for good.
func (w *world) breakOne() {
	d := w.someone(true)
	if d == nil {
		return
	}
	w.somewhere("")
	d.live = false
	w.say("%s is broken", d.name)
	w.somewhere("the breaking of " + d.name)
}

func (w *world) backup() {
	w.office.made++
	to := filepath.Join(w.dir, fmt.Sprintf("backup%d.db", w.office.made))
	w.must(w.office.store.Backup(w.ctx, to))
	w.office.backups = append(w.office.backups, to)
	w.say("the office is backed up as %d", w.office.made)
}

// restore replaces the office by one of its backups.
func (w *world) restore() {
	o := w.office
	if len(o.backups) == 0 {
		return
	}
	w.somewhere("")
	n := w.dice.IntN(len(o.backups))
	o.life++
	dir := filepath.Join(w.dir, fmt.Sprintf("office%d", o.life))
	_, err := store.Restore(w.ctx, o.backups[n], dir, w.random("restore"))
	w.must(err)
	w.must(o.store.Close())
	w.openOffice(dir)
	w.say("the office is restored from backup %d", n+1)
	clear(o.view)
	for _, e := range w.oracle.events {
		e.reached = false
	}
	w.lookAtOffice()
	w.somewhere("the restoring of the office")
}
