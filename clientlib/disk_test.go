package clientlib_test

import (
	"fmt"
	"strings"
	"testing"

	"tambonsync/clientlib"
	"tambonsync/syncproto"
)

// Every write of the store is made to fail in turn, as on a full disk. What was
// written before it in the same step must not stay.
var writes = []string{
	"INSERT ON records", "UPDATE ON records", "DELETE ON records",
	"INSERT ON cursors", "UPDATE ON cursors", "DELETE ON cursors",
	"INSERT ON leaves", "UPDATE ON leaves", "INSERT ON saves", "DELETE ON saves",
	"INSERT ON grants", "UPDATE ON device",
}

// failing lets every write of one kind fail while do runs.
func (d *tablet) failing(write string, do func()) {
	d.t.Helper()
	d.run(fmt.Sprintf(`CREATE TRIGGER fail BEFORE %s BEGIN SELECT RAISE(ABORT, 'disk is full'); END`, write))
	defer d.run(`DROP TRIGGER fail`)
	do()
}

func TestASaveThatFailsLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	d := newTablet(t, nil, "a")
	h := d.household(village1, "1")
	m := d.save(clientlib.Edit{Type: "member", Parent: h}).ID
	for _, write := range writes {
		before := []any{d.item(h).Record.Encode(), d.item(m).Record.Encode(), d.status().Records}
		failed, to := 0, village2
		if d.item(h).Record.Area() == to {
			to = farAway
		}
		d.failing(write, func() {
			for _, e := range []clientlib.Edit{
				{Type: "household", Area: village1},
				{ID: h, Values: map[string]any{"moo": write}},
				{ID: h, Area: to},
			} {
				if _, err := d.Save(t.Context(), e); err != nil {
					failed++
					continue
				}
				before = []any{d.item(h).Record.Encode(), d.item(m).Record.Encode(), d.status().Records}
			}
		})
		if strings.HasSuffix(write, "UPDATE ON device") && failed != 3 {
			t.Errorf("%s failed, and %d saves of 3", write, failed)
		}
		wantEqual(t, write+": what is stored", []any{d.item(h).Record.Encode(), d.item(m).Record.Encode(), d.status().Records}, before)
	}
	last := d.answer(h, "moo", "last").VV[0].Counter
	ops := map[uint64]bool{}
	for _, it := range d.list(clientlib.Filter{}) {
		for _, op := range it.Record.Ops {
			if ops[op.Dot.Counter] || op.Dot.Counter > last {
				t.Errorf("counter %d was used twice or never taken", op.Dot.Counter)
			}
			ops[op.Dot.Counter] = true
		}
	}
}

func TestASyncWhoseWritesFailIsFinishedByTheNext(t *testing.T) {
	t.Parallel()
	for _, write := range some(writes) {
		t.Run(write, func(t *testing.T) {
			t.Parallel()
			h := newHarvest(t)
			evicted := h.b.household(farAway, "evicted")
			for round := range 2 {
				h.work()
				if round == 1 { // grow, then shrink again, so that there is something to evict
					h.o.grant(h.a, tambon)
				} else {
					h.o.grant(h.a, tambon, elsewhere)
				}
				h.a.failing(write, func() {
					if _, err := h.a.Sync(t.Context(), nil); err == nil && strings.HasPrefix(write, "UPDATE") {
						t.Error("the sync did not notice")
					}
					wantHonest(h.o, h.a)
				})
				h.check(write)
				wantEqual(t, "a record of the other tambon is here", h.a.holds(evicted), round == 0)
			}
		})
	}
}

func TestAHealWhoseWritesFailIsFinishedByTheNextSync(t *testing.T) {
	t.Parallel()
	for _, write := range []string{"UPDATE ON records", "INSERT ON leaves", "UPDATE ON device", "UPDATE ON cursors"} {
		t.Run(write, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			a := o.enroll("a", tambon)
			var ids []syncproto.RecordID
			for i := range 12 {
				ids = append(ids, a.household(village1, fmt.Sprint(i)))
			}
			a.calm()
			backup := o.backup()
			for _, id := range ids[:6] {
				a.answer(id, "moo", 1)
			}
			a.calm()
			o.restore(backup)
			a.failing(write, func() {
				if _, err := a.Sync(t.Context(), nil); err == nil {
					t.Error("the sync did not notice")
				}
			})
			a.calm()
			for _, id := range ids[:6] {
				wantEqual(t, "answer", o.answers(id)["moo"], any(int64(1)))
			}
			wantLevel(o, a)
		})
	}
}

func TestARestoreThatIsNoticedWhileTheDiskIsFullIsNoticedAgain(t *testing.T) {
	t.Parallel()
	for _, write := range []string{"UPDATE ON device", "DELETE ON saves"} {
		d := newTablet(t, nil, "a")
		id := d.household(village1, "1")
		actor := d.status().Actor
		older := d.bytes()
		d.reopen()
		d.answer(id, "moo", 1)
		d.putBack(older)
		d.failing(write, func() {
			if _, err := d.Save(t.Context(), clientlib.Edit{ID: id, Values: map[string]any{"moo": 2}}); err == nil {
				t.Errorf("%s: the save did not notice", write)
			}
		})
		d.reopen()
		d.answer(id, "moo", 3)
		if d.status().Actor == actor {
			t.Errorf("%s: the restored store counts on under its old actor", write)
		}
	}
}
