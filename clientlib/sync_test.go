package clientlib_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"tambonsync/clientlib"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

func TestTheFirstSyncPushesOneAndPullsNothing(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a := o.enroll("a", village1)
	id := a.household(village1, "12/3")
	res := a.calm()
	wantEqual(t, "pushed", res.Pushed, 1)
	wantEqual(t, "pulled", res.Pulled, 0)
	wantEqual(t, "unsent", res.Unsent, 0)
	wantEqual(t, "the office's answers", o.answers(id), map[string]any{"house_no": "12/3"})
	wantLevel(o, a)
	wantEqual(t, "what the second device pulls", o.enroll("b", tambon).calm().Pulled, 1)
}

func TestNothingNewIsOneRoundTripAfterHelloAndUnderAKilobyte(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a := o.enroll("a", tambon)
	for range 120 {
		a.household(village1, "1")
	}
	a.calm()
	a.calm()
	a.way.clear()
	res := a.calm()
	wantEqual(t, "requests", a.way.paths(), []string{"hello", "pull"})
	wantEqual(t, "requests in the result", res.Requests, 2)
	var sent, received int64
	for _, e := range a.way.exchanges {
		if e.sent >= 300 || e.received >= 300 {
			t.Errorf("%s: %d bytes out and %d in, want under 300", e.path, e.sent, e.received)
		}
		sent, received = sent+int64(e.sent), received+int64(e.received)
	}
	wantEqual(t, "bytes out in the result", res.BytesOut, sent)
	wantEqual(t, "bytes in in the result", res.BytesIn, received)
	if sent >= 1000 || received >= 1000 {
		t.Errorf("%d bytes out and %d in", sent, received)
	}
}

func TestWhatOneChangeCostsDoesNotGrowWithTheStore(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a, b := o.enroll("a", tambon), o.enroll("b", tambon)
	id := a.household(village1, "1")
	settle(a, b)
	cost := func() (out, in int64) {
		a.answer(id, "moo", 1)
		a.answer(id, "moo", 2)
		a.calm()
		b.way.clear()
		res := b.calm()
		wantEqual(t, "requests", b.way.paths(), []string{"hello", "pull"})
		wantEqual(t, "pulled", res.Pulled, 1)
		return res.BytesOut, res.BytesIn
	}
	out, in := cost()
	for range 300 {
		a.household(village2, "2")
	}
	settle(a, b)
	out2, in2 := cost()
	if out2*100 > out*105 || in2*100 > in*105 {
		t.Errorf("one change among 300 costs %d bytes out and %d in; alone it was %d and %d", out2, in2, out, in)
	}
}

func TestDifferentQuestionsOfOneHouseholdEditedOfflineAreAllKept(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a, b := o.enroll("a", tambon), o.enroll("b", tambon)
	id := a.household(village1, "12/3")
	settle(a, b)
	a.answer(id, "happiness", 7)
	b.answer(id, "income_main", 120000)
	settle(a, b)
	want := map[string]any{"house_no": "12/3", "happiness": int64(7), "income_main": int64(120000)}
	wantEqual(t, "device a", a.answers(id), want)
	wantEqual(t, "device b", b.answers(id), want)
	wantEqual(t, "office", o.answers(id), want)
	o.wantCases()
	wantLevel(o, a, b)
}

func TestTheSameQuestionKeepsBothAnswersAndOneWinnerUntilTheOfficeDecides(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a, b := o.enroll("a", tambon), o.enroll("b", tambon)
	id := a.household(village1, "12/3")
	settle(a, b)
	a.answer(id, "happiness", 7)
	b.answer(id, "happiness", 3) // later
	settle(b, a)
	for _, rec := range []syncproto.Record{a.item(id).Record, b.item(id).Record, o.record(id).Record} {
		wantEqual(t, "winner", answersOf(t, rec)["happiness"], any(int64(3)))
		wantEqual(t, "answers kept", len(rec.Distinct("happiness")), 2)
	}
	o.wantCases("conflict happiness")
	wantEqual(t, "conflicts that device a shows", a.calm().Conflicts, 1)
	wantLevel(o, a, b)

	o.edit(id, "happiness", 7)
	o.wantCases()
	settle(a, b)
	for _, d := range []*tablet{a, b} {
		wantEqual(t, d.name, d.answers(id)["happiness"], any(int64(7)))
		wantEqual(t, d.name+": conflicts", d.status().Conflicts, 0)
	}
	wantLevel(o, a, b)
}

func TestTheSameAnswerGivenTwiceIsNoConflict(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a, b := o.enroll("a", tambon), o.enroll("b", tambon)
	id := a.household(village1, "12/3")
	settle(a, b)
	a.answer(id, "happiness", 7)
	b.answer(id, "happiness", 7.0)
	settle(a, b)
	o.wantCases()
	wantEqual(t, "conflicts", a.status().Conflicts, 0)
	wantLevel(o, a, b)
}

func TestADecisionThatMeetsANewerAnswerIsDecidedAgain(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a, b := o.enroll("a", tambon), o.enroll("b", tambon)
	id := a.household(village1, "12/3")
	settle(a, b)
	a.answer(id, "happiness", 1)
	b.answer(id, "happiness", 2)
	settle(a, b)
	a.answer(id, "happiness", 4) // the officer asks the family again, knowing both
	o.edit(id, "happiness", 2)   // while the office decides
	settle(a, b)
	o.wantCases("conflict happiness")
	wantEqual(t, "answers kept", len(b.item(id).Record.Distinct("happiness")), 2)
	o.edit(id, "happiness", 4)
	settle(a, b)
	o.wantCases()
	wantLevel(o, a, b)
}

func TestDeletedHereAndEditedThereIsAliveAndACase(t *testing.T) {
	t.Parallel()
	for _, first := range []string{"the deletion comes first", "the edit comes first"} {
		t.Run(first, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			a, b := o.enroll("a", tambon), o.enroll("b", tambon)
			id := a.household(village1, "12/3")
			settle(a, b)
			b.answer(id, "happiness", 3)
			if err := a.Delete(t.Context(), id, "", "empty house"); err != nil {
				t.Fatal(err)
			}
			if first == "the deletion comes first" {
				settle(a, b)
			} else {
				settle(b, a)
			}
			o.wantCases("deleted_and_edited _life")
			for _, rec := range []syncproto.Record{a.item(id).Record, b.item(id).Record, o.record(id).Record} {
				if !rec.Alive() {
					t.Error("the record is not shown as alive")
				}
				wantEqual(t, "answer", answersOf(t, rec)["happiness"], any(int64(3)))
			}
			o.edit(id, syncproto.GroupLife, false)
			settle(a, b)
			o.wantCases()
			wantEqual(t, "shown", len(b.list(clientlib.Filter{})), 0)
			wantLevel(o, a, b)
		})
	}
}

func TestTwoMembersOfOneHouseholdByTwoOfficersAreNoConflict(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a, b := o.enroll("a", tambon), o.enroll("b", tambon)
	h := a.household(village1, "12/3")
	settle(a, b)
	m1 := a.save(clientlib.Edit{Type: "member", Parent: h, Values: map[string]any{"first_name": "สมชาย"}}).ID
	m2 := b.save(clientlib.Edit{Type: "member", Parent: h, Values: map[string]any{"first_name": "สมหญิง"}}).ID
	settle(a, b)
	o.wantCases()
	for _, d := range []*tablet{a, b} {
		var got []syncproto.RecordID
		for _, it := range d.list(clientlib.Filter{Parent: h}) {
			got = append(got, it.Record.ID)
		}
		wantEqual(t, d.name+": members", got, []syncproto.RecordID{m1, m2})
	}
	wantLevel(o, a, b)
}

func TestMoreThanOneChunkGoesAndComesWhole(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a, b := o.enroll("a", amphoe), o.enroll("b", amphoe)
	const n = 620
	for i := range n {
		a.household([]area.Code{village1, village2, farAway}[i%3], "1")
	}
	var unsent []int
	res, err := a.Sync(t.Context(), func(p clientlib.Progress) { unsent = append(unsent, p.Unsent) })
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, "pushed", res.Pushed, n)
	asked := map[string]int{}
	for _, path := range a.way.paths() {
		asked[path]++
	}
	wantEqual(t, "pushes, of 50, 100, 200 and the rest", asked["push"], 4)
	wantEqual(t, "hellos", asked["hello"], 1)
	if !slices.IsSortedFunc(unsent, func(x, y int) int { return y - x }) || unsent[0] != n-syncproto.FirstChunkRecords {
		t.Errorf("progress %v, want it to fall from %d", unsent, n-syncproto.FirstChunkRecords)
	}
	wantEqual(t, "pulled", b.calm().Pulled, n)
	wantLevel(o, a, b)
}

func TestAStoreWithoutAnOfficeSavesButDoesNotSync(t *testing.T) {
	t.Parallel()
	d := newTablet(t, nil, "a")
	d.household(village1, "1")
	if _, err := d.Sync(t.Context(), nil); !errors.Is(err, clientlib.ErrNotEnrolled) {
		t.Errorf("got %v, want ErrNotEnrolled", err)
	}
}

func TestResultAndStatusAreReadByPrograms(t *testing.T) {
	t.Parallel()
	b, err := json.Marshal(clientlib.Result{Pushed: 1})
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, "result", string(b), `{"pushed":1,"pulled":0,"conflicts":0,"quarantined":0,"rejected":0,"invalid":0,"unsent":0,"repaired":0,"evicted":0,"requests":0,"bytes_out":0,"bytes_in":0}`)
}

func TestASyncThatIsStoppedSaysSoAndLosesNothing(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a := o.enroll("a", tambon)
	for range 200 {
		a.household(village1, "1")
	}
	ctx, stop := context.WithCancel(t.Context())
	res, err := a.Sync(ctx, func(p clientlib.Progress) {
		if p.Pushed >= 50 {
			stop()
		}
	})
	stop()
	if err == nil || res.Unsent == 0 || res.Unsent == 200 {
		t.Errorf("got %+v and %v, want an error half-way", res, err)
	}
	a.calm()
	wantLevel(o, a)
}
