package sim

import (
	"bytes"
	"fmt"
	"slices"

	"tambonsync/server"
	"tambonsync/syncproto"
)

// What must hold after every step. The names of the checks are what a failure
// and the table of mutants show.
const (
	checkLost      = "acknowledged answer lost"
	checkRisen     = "replaced answer came back"
	checkForged    = "answer that nobody gave"
	checkTwoSaves  = "two saves under one number"
	checkUnsent    = "unsent save gone from its device"
	checkOffice    = "office lost what it had"
	checkSentLie   = "marked as sent but not at the office"
	checkSync      = "sync failed without a fault"
	checkRepair    = "digest alarm"
	checkSave      = "save did something else"
	checkVerify    = "verify of the office's store"
	checkEqual     = "replicas differ after the last sync"
	checkForeign   = "record outside the areas stays on a device"
	checkWaiting   = "record unsent after the last sync"
	checkNeverEnds = "syncs never settle"
	checkPanic     = "panic"
	checkWinner    = "displayed answer is not the latest"
)

// sameState compares states without encoding them: every save that makes or
// merges a state changes its vector or its answers.
func sameState(a, b syncproto.Record) bool {
	if !slices.Equal(a.VV, b.VV) || len(a.Groups) != len(b.Groups) {
		return false
	}
	for name, ea := range a.Groups {
		eb := b.Groups[name]
		if len(ea) != len(eb) {
			return false
		}
		for i := range ea {
			if ea[i].Dot != eb[i].Dot || !bytes.Equal(ea[i].Value, eb[i].Value) {
				return false
			}
		}
	}
	return true
}

// checkState looks at one state that somebody holds: every answer is one that
// was given, as it was given, and none came back from the dead.
func (w *world) checkState(where string, rec syncproto.Record) {
	for _, group := range sortedKeys(rec.Groups) {
		for _, entry := range rec.Groups[group] {
			op, ok := rec.Op(entry.Dot)
			e := w.oracle.events[key{op.User, rec.ID}]
			switch {
			case !ok || e == nil:
				w.fail(checkForged, "%s holds %s of %s with the unknown save %q", where, group, short(rec.ID), op.User)
			case !bytes.Equal(e.wrote[group], entry.Value):
				w.fail(checkForged, "%s holds another %s of %s than %s gave: %x, not %x", where, group, short(rec.ID), e.tag, entry.Value, e.wrote[group])
			case op.Form != e.context.Form || op.Reason != e.context.Reason || !sameExtra(op.Extra, e.context.Extra):
				w.fail(checkForged, "%s holds %s of %s with another context", where, e.tag, short(rec.ID))
			}
		}
	}
	if group, e := w.oracle.risen(rec); e != nil {
		w.fail(checkRisen, "%s shows %s of %s by %s, which a save it holds had replaced", where, group, short(rec.ID), e.tag)
	}
}

func sameExtra(a, b map[string]syncproto.Value) bool {
	if len(a) != len(b) {
		return false
	}
	for k, v := range a {
		if !bytes.Equal(v, b[k]) {
			return false
		}
	}
	return true
}

// saveBook notes which save each number was seen to name anywhere. It is the
// one check that looks at dots, since it is about them.
type saveBook struct {
	devices map[syncproto.Dot]string
	office  map[syncproto.Dot]string
	shared  map[string]bool // actors under which two stores may count unnoticed, until the office tells
}

func newSaveBook() saveBook {
	return saveBook{devices: map[syncproto.Dot]string{}, office: map[syncproto.Dot]string{}, shared: map[string]bool{}}
}

// note looks at the saves of a device's state.
func (b saveBook) note(w *world, where string, rec syncproto.Record) {
	for _, op := range rec.Ops {
		if !b.shared[op.Dot.Actor.String()] {
			b.same(w, b.devices, where, rec.ID, op)
		}
	}
}

// noteOffice looks at the saves of an office's state. There a number names
// one save even if the devices do not agree.
func (b saveBook) noteOffice(w *world, rec syncproto.Record) {
	for _, op := range rec.Ops {
		b.same(w, b.office, "the office", rec.ID, op)
		if !b.shared[op.Dot.Actor.String()] {
			b.same(w, b.devices, "the office", rec.ID, op)
		}
	}
}

func (b saveBook) same(w *world, book map[syncproto.Dot]string, where string, id syncproto.RecordID, op syncproto.Op) {
	save := fmt.Sprintf("%s of %s, %x", op.User, short(id), op.Hash)
	if old, ok := book[op.Dot]; ok && old != save {
		w.fail(checkTwoSaves, "%s: %s names %s and %s", where, op.Dot, old, save)
	}
	book[op.Dot] = save
}

// lookAtOffice reads every record of the office, notes what has arrived and
// checks that nothing left.
func (w *world) lookAtOffice() {
	records, err := w.office.store.Records(w.ctx, server.RecordFilter{Deleted: true, System: true, Limit: 10000})
	w.must(err)
	for _, s := range records {
		if old, ok := w.office.view[s.Record.ID]; ok && bytes.Equal(old.Raw, s.Raw) {
			continue
		}
		w.office.view[s.Record.ID] = s
		w.checkState("the office", s.Record)
		w.saves.noteOffice(w, s.Record)
		for _, e := range w.oracle.byRec[s.Record.ID] {
			missing, ok := w.oracle.covered(e, []syncproto.Record{s.Record})
			switch {
			case ok:
				e.reached = true
			case e.reached && e.required:
				w.fail(checkOffice, "%s of %s by %s, although it was there; now by %v", missing, short(e.rec), e.tag, shown(s.Record, missing))
			}
		}
	}
	if len(records) != len(w.office.view) {
		w.fail(checkOffice, "%d records, once %d", len(records), len(w.office.view))
	}
}

// checkUnsent: what was saved on a device and never reached the office is on
// the device, or was replaced there by somebody who saw it.
func (w *world) checkUnsent(d *device) {
	for _, k := range sortedEvents(d.unsent) {
		e := w.oracle.events[k]
		if e.reached {
			delete(d.unsent, k)
			continue
		}
		it, held := d.view[k.rec]
		if !held {
			w.fail(checkUnsent, "%s no longer holds %s with %s", d.name, short(k.rec), k.tag)
		}
		if missing, ok := w.oracle.covered(e, []syncproto.Record{it.Record}); !ok {
			w.fail(checkUnsent, "%s no longer shows %s of %s by %s", d.name, missing, short(k.rec), k.tag)
		}
	}
}

// checkSent: what a device calls sent, the office has. It is looked at only
// while the device has met the office of today.
func (w *world) checkSent(d *device) {
	for _, id := range d.ids() {
		it := d.view[id]
		if !it.Sent || d.life != w.office.life {
			continue
		}
		for _, group := range sortedKeys(it.Record.Groups) {
			for _, tag := range shown(it.Record, group) {
				if e := w.oracle.events[key{tag, id}]; !e.reached && e.required {
					w.fail(checkSentLie, "%s: %s of %s by %s", d.name, group, short(id), tag)
				}
			}
		}
	}
}

// states collects every state of a record in the office, its inbox and on the
// devices that still work.
func (w *world) states(id syncproto.RecordID) []syncproto.Record {
	var out []syncproto.Record
	if s, ok := w.office.view[id]; ok {
		out = append(out, s.Record)
	}
	for _, d := range w.devices {
		if !d.live {
			continue
		}
		if d.stale {
			d.look()
		}
		if it, ok := d.view[id]; ok {
			out = append(out, it.Record)
		}
	}
	for _, it := range w.inbox(true) {
		if it.Record != id {
			continue
		}
		if rec, err := syncproto.DecodeRecord(it.Raw); err == nil {
			out = append(out, rec)
		}
	}
	return out
}

// somewhere checks that every acknowledged save still exists, or with excuse
// notes those that do not as lost in a disaster.
func (w *world) somewhere(excuse string) {
	for _, id := range w.oracle.recs {
		var states []syncproto.Record
		for _, e := range w.oracle.byRec[id] {
			if !e.required {
				continue
			}
			if states == nil {
				states = w.states(id)
			}
			missing, ok := w.oracle.covered(e, states)
			switch {
			case ok:
			case excuse == "":
				w.fail(checkLost, "%s of %s by %s (%s) is nowhere", missing, short(id), e.tag, e.where)
			case e.reached:
				w.fail(checkOffice, "%s of %s by %s", missing, short(id), e.tag)
			default:
				w.say("%s takes the only copy of %s by %s", excuse, short(id), e.tag)
				e.required = false
				w.report.Excused++
			}
		}
	}
}

// checkWinner recomputes which answer is displayed: the latest by the saves'
// times, then by actor and counter.
func (w *world) checkWinner(where string, rec syncproto.Record) {
	for _, group := range sortedKeys(rec.Groups) {
		var best syncproto.Op
		var want syncproto.Value
		for _, e := range rec.Groups[group] {
			op, _ := rec.Op(e.Dot)
			later := op.Wall+op.Offset > best.Wall+best.Offset ||
				op.Wall+op.Offset == best.Wall+best.Offset && op.Dot.Compare(best.Dot) > 0
			if group == syncproto.GroupLife && want != nil && !bytes.Equal(e.Value, want) {
				later = bytes.Equal(e.Value, syncproto.True)
			}
			if want == nil || later {
				best, want = op, e.Value
			}
		}
		if !bytes.Equal(rec.Winner(group), want) {
			w.fail(checkWinner, "%s shows %x for %s of %s, want %x", where, rec.Winner(group), group, short(rec.ID), want)
		}
	}
}
