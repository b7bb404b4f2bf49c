package sim

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"

	"tambonsync/clientlib"
	"tambonsync/syncproto"
)

// maxSettling bounds the syncs that every device may need when nothing goes
// wrong any more and nobody saves.
const maxSettling = 10

// settle ends the faults, lets every device sync and the supervisor decide
// until nothing moves, and judges.
func (w *world) settle() {
	w.say("from here on nothing goes wrong")
	w.calm = true
	w.depth = 0
	for round := 1; ; round++ {
		if round > maxSettling {
			w.fail(checkNeverEnds, "still moving after %d rounds", maxSettling)
		}
		moving := false
		for _, d := range w.devices {
			if !d.live {
				continue
			}
			res := w.sync(d, 0)
			moving = moving || res.Pushed+res.Pulled+res.Evicted > 0
		}
		for _, it := range w.inbox(false) {
			w.decide(it)
			moving = true
		}
		if !moving {
			break
		}
	}
	report, err := w.office.store.Verify(w.ctx)
	w.must(err)
	if !report.OK {
		w.fail(checkVerify, "%v", report.Problems)
	}
	w.judge()
	for _, d := range w.devices {
		if d.live {
			w.compare(d)
		}
	}
	w.say("end: %s", w.fingerprint())
}

// judge asks the oracle about the office's final state.
func (w *world) judge() {
	w.lookAtOffice()
	for _, id := range w.oracle.recs {
		var states []syncproto.Record
		if s, ok := w.office.view[id]; ok {
			states = append(states, s.Record)
			w.checkWinner("the office", s.Record)
		}
		for _, e := range w.oracle.byRec[id] {
			if !e.required {
				continue
			}
			if missing, ok := w.oracle.covered(e, states); !ok {
				w.fail(checkLost, "%s of %s by %s (%s)", missing, short(id), e.tag, e.where)
			}
		}
	}
}

// compare holds a device's store against the office's: the same records in its
// areas, byte for byte, and no others, but for what a supervisor refused.
func (w *world) compare(d *device) {
	d.look()
	grants := w.grants(d)
	for _, id := range d.ids() {
		it := d.view[id]
		s, atOffice := w.office.view[id]
		inside := granted(grants, it.Record.Area())
		switch {
		case it.Sent && !atOffice:
			w.fail(checkEqual, "%s holds %s as sent, the office does not", d.name, short(id))
		case it.Sent && !granted(grants, s.Record.Area()):
			w.fail(checkForeign, "%s holds %s of %s", d.name, short(id), s.Record.Area())
		case it.Sent && !bytes.Equal(it.Record.Encode(), s.Raw):
			w.fail(checkEqual, "%s of %s", short(id), d.name)
		case it.Sent:
		case it.Held != string(syncproto.ResultRejected):
			w.fail(checkWaiting, "%s of %s: held %q %s", short(id), d.name, it.Held, it.Detail)
		case inside && (!atOffice || granted(grants, s.Record.Area())):
			w.fail(checkWaiting, "%s of %s is held as %q although it is inside the areas", short(id), d.name, it.Held)
		}
		if got, err := d.store.Get(w.ctx, id); err != nil || !sameState(got.Record, it.Record) {
			w.fail(checkEqual, "%s: Get and List of %s differ: %v", d.name, short(id), err)
		}
		w.checkWinner(d.name, it.Record)
	}
	for id, s := range w.office.view {
		it, ok := d.view[id]
		if !granted(grants, s.Record.Area()) {
			continue
		}
		if !ok {
			w.fail(checkEqual, "%s lacks %s", d.name, short(id))
		}
		if joined := syncproto.Merge(it.Record, s.Record); !it.Sent && !sameState(joined, it.Record) {
			w.fail(checkEqual, "%s has not seen all of %s", d.name, short(id))
		}
	}
	st, err := d.store.Status(w.ctx)
	w.must(err)
	unsent, err := d.store.List(w.ctx, clientlib.Filter{Deleted: true, Unsent: true, Limit: 100000})
	w.must(err)
	if st.Unsent != len(unsent) || st.Rejected != len(unsent) || st.Records != len(d.view) {
		w.fail(checkEqual, "%s: status counts %+v, listed %d unsent of %d", d.name, st, len(unsent), len(d.view))
	}
}

// fingerprint is a digest of every state in the world: two runs of one seed
// must end with the same.
func (w *world) fingerprint() string {
	sum := sha256.New()
	for _, id := range w.oracle.recs {
		_, _ = sum.Write(w.office.view[id].Raw)
		for _, d := range w.devices {
			if it, ok := d.view[id]; ok {
				_, _ = sum.Write(it.Record.Encode())
			}
		}
	}
	return hex.EncodeToString(sum.Sum(nil)[:8])
}
