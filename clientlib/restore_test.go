package clientlib_test

import (
	"fmt"
	"net/http"
	"testing"

	"tambonsync/clientlib"
	"tambonsync/syncproto"
)

func TestARestoredOfficeIsHealedByItsDevices(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a, b, amphoeWide := o.enroll("a", tambon), o.enroll("b", tambon, elsewhere), o.enroll("c", amphoe)
	before := a.household(village1, "before the backup")
	settle(a, b, amphoeWide)
	backup := o.backup()

	after := a.household(village1, "after the backup")
	a.answer(before, "happiness", 7)
	far := b.household(farAway, "far away")
	settle(a, b, amphoeWide)
	a.answer(before, "moo", 1)
	only := b.household(village2, "unsent")
	o.restore(backup)

	a.calm()
	b.calm()
	wantEqual(t, "what the restored office holds", len(o.answers(before)), 3)
	for id, want := range map[syncproto.RecordID]string{after: "after the backup", far: "far away", only: "unsent"} {
		wantEqual(t, "house number", o.answers(id)["house_no"], any(want))
	}
	settle(a, b, amphoeWide)
	wantLevel(o, a, b, amphoeWide)
	a.way.clear()
	a.calm()
	wantEqual(t, "requests once it is healed", a.way.paths(), []string{"hello", "pull"})
}

func TestADeviceHealsAlsoWhatItOnlyCarried(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	author, carrier := o.enroll("author", tambon), o.enroll("carrier", tambon)
	settle(author, carrier)
	backup := o.backup()
	id := author.household(village1, "1")
	settle(author, carrier)
	o.edit(id, "moo", 4) // a save of the office itself, which it forgets too
	carrier.calm()
	o.restore(backup)
	res := carrier.calm() // the author's tablet lies broken somewhere
	wantEqual(t, "pushed", res.Pushed, 1)
	wantEqual(t, "the office's answers", o.answers(id), map[string]any{"house_no": "1", "moo": int64(4)})
	wantLevel(o, carrier)
}

func TestWhatARestoredOfficeHoldsIsNotSentAgain(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a := o.enroll("a", tambon)
	for i := range 60 {
		a.household(village1, fmt.Sprint(i))
	}
	a.calm()
	backup := o.backup()
	late := a.household(village2, "late")
	a.calm()
	o.restore(backup)
	a.way.clear()
	res := a.calm()
	wantEqual(t, "pushed", res.Pushed, 1)
	wantEqual(t, "pulled", res.Pulled, 0)
	wantEqual(t, "the late one", o.answers(late), map[string]any{"house_no": "late"})
	wantLevel(o, a)
}

func TestAfterARestoreEverythingCountsAsUnsentUntilTheOfficeHasShownThatItHoldsIt(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a := o.enroll("a", tambon)
	for i := range 40 {
		a.household(village1, fmt.Sprint(i))
	}
	a.calm()
	backup := o.backup()
	a.household(village1, "late")
	a.calm()
	wantEqual(t, "unsent before the restore", a.status().Unsent, 0)
	o.restore(backup)
	for _, path := range []string{"digest", "need", "push"} {
		a.way.clear()
		a.way.before = failPath(path)
		res, err := a.Sync(t.Context(), nil)
		if err == nil {
			t.Fatalf("cut at %s: no error", path)
		}
		switch {
		case path == "push" && res.Unsent != 1:
			t.Errorf("cut at %s: %d unsent, want the one that the office lacks", path, res.Unsent)
		case path != "push" && res.Unsent != 41:
			t.Errorf("cut at %s: %d unsent, want all 41", path, res.Unsent)
		}
		wantEqual(t, "evicted", res.Evicted, 0)
	}
	a.way.clear()
	a.calm()
	wantLevel(o, a)
}

func TestAHealIsCutAnywhereAndGoesOn(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		cut  func(w *way, n int)
	}{
		{"the office does not see the rest", func(w *way, n int) { w.before = failFrom(n) }},
		{"the rest of the answers are lost", func(w *way, n int) {
			w.after = func(i int, _ *http.Request, a *http.Response) (*http.Response, error) {
				if i >= n {
					return cutAnswer(a, 10)
				}
				return a, nil
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			a, b := o.enroll("a", tambon), o.enroll("b", tambon)
			var ids []syncproto.RecordID
			for i := range 30 {
				ids = append(ids, a.household(village1, fmt.Sprint(i)))
			}
			settle(a, b)
			backup := o.backup()
			for _, id := range ids[:20] {
				b.answer(id, "happiness", 3)
			}
			settle(b, a)
			for _, id := range ids[10:15] {
				a.answer(id, "moo", 6) // unsent
			}
			o.restore(backup)
			for n := 1; ; n++ {
				a.way.clear()
				c.cut(a.way, n)
				if _, err := a.Sync(t.Context(), nil); err == nil {
					break
				}
				if n > 4 { // hello has told it of the restore
					wantHonest(o, a)
				}
				if n > 60 {
					t.Fatal("the heal never ends")
				}
				if n == 12 {
					a.answer(ids[0], "moo", 9) // work goes on between two tries
					a.reopen()
				}
			}
			a.way.clear()
			settle(a, b)
			wantLevel(o, a, b)
			for i, id := range ids {
				got := b.answers(id)
				if i < 20 && got["happiness"] != int64(3) || (i >= 10 && i < 15) && got["moo"] != int64(6) {
					t.Errorf("record %d: answers %v", i, got)
				}
			}
		})
	}
}

func TestADeviceThatMissedARestoreMeetsTheNextOne(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a, b := o.enroll("a", tambon), o.enroll("b", tambon)
	first := a.household(village1, "first")
	settle(a, b)
	backup := o.backup()
	second := a.household(village1, "second")
	settle(a, b)
	o.restore(backup)
	third := b.household(village1, "third") // a does not sync in this life of the office
	b.calm()
	b.answer(first, "moo", 2)
	b.calm()
	o.restore(o.backup())
	fourth := b.household(village2, "fourth")
	b.calm()

	res := a.calm() // its epoch is the grandparent
	wantEqual(t, "unsent", res.Unsent, 0)
	settle(b, a)
	for _, id := range []syncproto.RecordID{first, second, third, fourth} {
		if !a.holds(id) || !b.holds(id) {
			t.Errorf("record %s is not on both", id)
		}
	}
	wantEqual(t, "answers", a.answers(first), map[string]any{"house_no": "first", "moo": int64(2)})
	wantLevel(o, a, b)
}

func TestARestoreUnderneathASyncIsMetInTheMiddle(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"push", "pull"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			a := o.enroll("a", tambon)
			old := a.household(village1, "old")
			a.calm()
			backup := o.backup()
			mid := a.household(village1, "mid")
			a.calm()
			late := a.household(village1, "late")
			restored := false
			a.way.clear()
			a.way.before = beforePath(path, func() {
				if !restored {
					restored = true
					o.restore(backup)
				}
			})
			a.calm()
			for _, id := range []syncproto.RecordID{old, mid, late} {
				if len(o.answers(id)) != 1 {
					t.Errorf("answers %v", o.answers(id))
				}
			}
			wantLevel(o, a)
		})
	}
}

func TestARestoreUndoesADecisionAndTheDeviceAsksAgain(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a := o.enroll("a", tambon)
	id := a.household(farAway, "1")
	a.calm()
	backup := o.backup()
	o.decide(o.waiting()[0].ID, false, "not yours")
	wantEqual(t, "rejected", a.calm().Rejected, 1)
	o.restore(backup)
	res := a.calm()
	wantEqual(t, "quarantined again", res.Quarantined, 1)
	o.decide(o.waiting()[0].ID, true, "")
	wantEqual(t, "unsent", a.calm().Unsent, 0)
	wantEqual(t, "the office's answers", o.answers(id), map[string]any{"house_no": "1"})
}

func TestARecordThatMovedAfterTheBackupEndsWhereItWasMovedTo(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a, v1, v2 := o.enroll("a", amphoe), o.enroll("v1", village1), o.enroll("v2", village2)
	there, back := a.household(village1, "1"), a.household(village2, "2")
	settle(a, v1, v2)
	backup := o.backup()
	a.save(clientlib.Edit{ID: there, Area: village2})
	a.save(clientlib.Edit{ID: back, Area: farAway})
	settle(a, v1, v2)
	o.restore(backup)
	settle(v1, v2, a)
	settle(v1, v2, a)
	wantEqual(t, "area", o.record(there).Record.Area(), village2)
	wantEqual(t, "area", o.record(back).Record.Area(), farAway)
	wantLevel(o, a, v1, v2)
}

func TestAShrunkenGrantAndARestoreAtOnceLoseNothing(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a := o.enroll("a", tambon, elsewhere)
	old := a.household(farAway, "old")
	a.calm()
	backup := o.backup()
	late := a.household(farAway, "late")
	a.calm()
	o.restore(backup)
	o.grant(a, tambon)
	res := a.calm()
	if !a.holds(late) {
		t.Fatal("a record that the restored office lacks was evicted")
	}
	wantEqual(t, "unsent", res.Unsent, res.Quarantined)
	for _, it := range o.waiting() {
		o.decide(it.ID, true, "")
	}
	wantEqual(t, "unsent", a.calm().Unsent, 0)
	wantEqual(t, "answers", o.answers(late), map[string]any{"house_no": "late"})
	wantEqual(t, "answers", o.answers(old), map[string]any{"house_no": "old"})
	wantLevel(o, a)
}
