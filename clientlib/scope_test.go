package clientlib_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"tambonsync/clientlib"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

func TestANewAreaIsBackFilledBesideTheOthers(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a, b := o.enroll("a", village1), o.enroll("b", amphoe)
	h1, h2, h3 := b.household(village1, "1"), b.household(village2, "2"), b.household(farAway, "3")
	settle(b, a)
	if !a.holds(h1) || a.holds(h2) || a.holds(h3) {
		t.Fatal("the device holds something other than its village")
	}
	for _, step := range []struct {
		name   string
		grants []area.Code
		pulled int
	}{
		{"a second village", []area.Code{village1, village2}, 1},
		{"another tambon", []area.Code{village1, village2, elsewhere}, 1},
		{"the tambon instead of its villages", []area.Code{tambon, elsewhere}, 0},
		{"the amphoe", []area.Code{amphoe}, 0},
	} {
		o.grant(a, step.grants...)
		a.answer(h1, "moo", step.name) // work goes on meanwhile
		res := a.calm()
		wantEqual(t, step.name+": pulled", res.Pulled, step.pulled)
		wantEqual(t, step.name+": evicted", res.Evicted, 0)
		wantEqual(t, step.name+": areas", a.status().Areas, step.grants)
		wantLevel(o, a)
	}
	b.calm()
	wantLevel(o, a, b)
}

func TestAnAreaThatComesBackIsFilledWithOnesOwnEarlierWorkToo(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a := o.enroll("a", tambon, elsewhere)
	mine, kept := a.household(farAway, "1"), a.household(village1, "2")
	a.calm()
	o.grant(a, tambon)
	wantEqual(t, "evicted", a.calm().Evicted, 1)
	if a.holds(mine) || !a.holds(kept) {
		t.Fatal("want only the record of the area that is left")
	}
	o.grant(a, tambon, elsewhere)
	wantEqual(t, "pulled", a.calm().Pulled, 1)
	wantEqual(t, "answers", a.answers(mine), map[string]any{"house_no": "1"})
	wantLevel(o, a)
	a.answer(mine, "moo", 5)
	a.way.clear()
	a.calm()
	a.calm()
	wantEqual(t, "what comes back of ones own pushes after that", a.way.paths(), []string{"hello", "push", "pull", "hello", "pull"})
	wantLevel(o, a)
}

func TestAShrinkingGrantEvictsOnlyWhatTheOfficeHolds(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a, b := o.enroll("a", tambon, elsewhere), o.enroll("b", amphoe)
	sent, edited := a.household(farAway, "1"), a.household(farAway, "3")
	stays := a.household(village1, "4")
	settle(a, b)
	unsent := a.household(farAway, "2")
	a.answer(edited, "happiness", 8)
	o.grant(a, tambon)

	res := a.calm()
	wantEqual(t, "evicted", res.Evicted, 1)
	wantEqual(t, "unsent", res.Unsent, 2)
	wantEqual(t, "quarantined", res.Quarantined, 2)
	if a.holds(sent) || !a.holds(unsent) || !a.holds(edited) || !a.holds(stays) {
		t.Error("want all but the sent record of the lost area on the device")
	}
	wantEqual(t, "the unsent answer", a.answers(edited)["happiness"], any(int64(8)))
	if !o.record(sent).Record.Alive() || !o.record(edited).Record.Alive() {
		t.Error("an eviction was told to the office as a deletion")
	}
	for _, it := range o.waiting() {
		o.decide(it.ID, true, "")
	}
	wantEqual(t, "evicted after the supervisor took them", a.calm().Evicted, 2)
	wantEqual(t, "the office's answer", o.answers(edited)["happiness"], any(int64(8)))
	b.calm()
	wantLevel(o, a, b)
}

func TestADeviceWithoutAnyAreaKeepsWhatIsUnsent(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a := o.enroll("a", tambon)
	sent := a.household(village1, "1")
	a.calm()
	unsent := a.household(village1, "2")
	o.grant(a)
	res := a.calm()
	wantEqual(t, "evicted", res.Evicted, 1)
	wantEqual(t, "unsent", res.Unsent, 1)
	o.grant(a, village1)
	a.calm()
	if !a.holds(sent) || !a.holds(unsent) {
		t.Error("want both records back")
	}
	wantLevel(o, a)
}

func TestAGrantThatShrinksInTheMiddleOfASyncIsTakenUp(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a := o.enroll("a", tambon, elsewhere)
	h := a.household(farAway, "1")
	a.calm()
	shrunk := false
	a.way.before = beforePath("pull", func() {
		if !shrunk {
			shrunk = true
			o.grant(a, tambon)
		}
	})
	res := a.calm()
	wantEqual(t, "evicted", res.Evicted, 1)
	if a.holds(h) {
		t.Error("the record is still on the device")
	}
	wantLevel(o, a)
}

func TestAnInterruptedShrinkIsFinishedByTheNextSync(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a := o.enroll("a", tambon, elsewhere)
	h := a.household(farAway, "1")
	a.calm()
	o.grant(a, tambon)
	a.way.before = failPath("pull")
	if _, err := a.Sync(t.Context(), nil); err == nil {
		t.Fatal("the sync did not notice the cut")
	}
	if !a.holds(h) {
		t.Error("evicted before the sync was complete")
	}
	a.way.clear()
	wantEqual(t, "evicted", a.calm().Evicted, 1)
	wantLevel(o, a)
}

func TestARecordThatMovesIsWhereItBelongsOnEveryDevice(t *testing.T) {
	t.Parallel()
	for _, c := range some([]struct {
		name string
		path []area.Code
	}{
		{"to another village of the tambon", []area.Code{village1, village2}},
		{"to another tambon", []area.Code{village1, farAway}},
		{"away and back", []area.Code{village1, farAway, village1}},
		{"to the tambon itself", []area.Code{village1, tambon}},
		{"up to the amphoe", []area.Code{village1, amphoe}},
		{"round and round", []area.Code{village1, village2, farAway, village2, village1, farAway}},
	}) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			mover := o.enroll("mover", amphoe)
			others := []*tablet{
				o.enroll("v1", village1), o.enroll("v2", village2), o.enroll("t", tambon),
				o.enroll("far", elsewhere), o.enroll("both", village1, farAway), o.enroll("a", amphoe),
			}
			all := append(others, mover)
			h := mover.household(c.path[0], "1")
			m := mover.save(clientlib.Edit{Type: "member", Parent: h}).ID
			settle(all...)
			for _, to := range c.path[1:] {
				mover.save(clientlib.Edit{ID: h, Area: to})
				settle(all...)
				wantLevel(o, all...)
				for _, d := range all {
					inside := false
					for _, g := range d.status().Areas {
						inside = inside || g.Contains(to)
					}
					if d.holds(h) != inside || d.holds(m) != inside {
						t.Errorf("%s after the move to %s: want it there: %v", d.name, to, inside)
					}
				}
			}
		})
	}
}

func TestARecordThatMovedTwiceBetweenTwoSyncsIsWhereItBelongs(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	mover, v1, v2, both := o.enroll("mover", amphoe), o.enroll("v1", village1), o.enroll("v2", village2), o.enroll("both", village1, village2)
	h := mover.household(village1, "1")
	settle(mover, v1, v2, both)
	for _, to := range []area.Code{village2, farAway, village2} {
		mover.save(clientlib.Edit{ID: h, Area: to})
		mover.calm()
	}
	settle(v1, v2, both)
	if v1.holds(h) || !v2.holds(h) || !both.holds(h) {
		t.Error("want it on the devices of the second village only")
	}
	wantLevel(o, mover, v1, v2, both)
}

func TestWhatWasMovedAwayAndIsUnsentHereStays(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a, b := o.enroll("a", village1), o.enroll("b", amphoe)
	h := a.household(village1, "1")
	settle(a, b)
	b.save(clientlib.Edit{ID: h, Area: village2})
	b.calm()
	a.way.clear()
	a.way.after = func(n int, r *http.Request, resp *http.Response) (*http.Response, error) {
		if n == 2 { // the officer answers while the news that it moved is on its way
			a.answer(h, "happiness", 9)
		}
		return resp, nil
	}
	res := a.calm()
	wantEqual(t, "evicted", res.Evicted, 0)
	wantEqual(t, "quarantined", res.Quarantined, 1)
	wantEqual(t, "answer", a.answers(h)["happiness"], any(int64(9)))
}

func TestADeviceOfAProvinceAsksOnlyForFeedsThatMoved(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a, b := o.enroll("a", "45"), o.enroll("b", "45")
	const tambons = 520 // more than one pull may name
	var ids []syncproto.RecordID
	for i := range tambons {
		ids = append(ids, a.household(area.Code(fmt.Sprintf("45%02d%02d01", 1+i/20, 1+i%20)), "1"))
	}
	ids = append(ids, a.household("45", "of the province"), a.household("4503", "of an amphoe"))
	a.calm()
	wantEqual(t, "pulled", b.calm().Pulled, tambons+2)
	a.answer(ids[300], "moo", 1)
	a.answer(ids[tambons+1], "moo", 1)
	a.calm()
	b.way.clear()
	wantEqual(t, "pulled", b.calm().Pulled, 2)
	wantEqual(t, "requests", b.way.paths(), []string{"hello", "pull"})
	if e := b.way.exchanges[1]; e.sent > 200 {
		t.Errorf("the pull asks with %d bytes", e.sent)
	}
	b.calm()
	b.way.clear()
	b.calm()
	wantEqual(t, "requests when nothing moved", b.way.paths(), []string{"hello"})
	b.exec(`UPDATE leaves SET sum = zeroblob(16) WHERE area = '45260101'`)
	o.clock.Advance(25 * time.Hour)
	if res := b.sync(); res.Repaired == 0 {
		t.Error("damage in an area that does not move is not repaired")
	}
	b.checkTables()
	wantLevel(o, a)
}
