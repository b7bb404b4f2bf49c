package clientlib_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"tambonsync/clientlib"
	"tambonsync/server"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
	"tambonsync/syncproto/survey"
)

// round opens a round at the office. scope is where its record lies.
func (o *office) round(title, form string, scope area.Code, areas ...area.Code) syncproto.RecordID {
	o.t.Helper()
	list := []any{}
	for _, a := range areas {
		list = append(list, string(a))
	}
	return o.write(syncproto.NewRecordID(o.clock.Now().UnixMilli(), [10]byte{1}), syncproto.TypeRound, map[string]any{
		syncproto.GroupScope: string(scope), "title": title, "form": form, "areas": list, "state": "open", "reference_date": "2020-01-01",
	})
}

// certify signs a village off in a round, or opens it again.
func (o *office) certify(round syncproto.RecordID, code area.Code, state string) {
	o.t.Helper()
	o.write(syncproto.VillageID(round, code), syncproto.TypeVillage, map[string]any{
		syncproto.GroupScope: string(code), syncproto.GroupRound: round, "state": state,
	})
}

// write saves groups of a record at the office, which may be new.
func (o *office) write(id syncproto.RecordID, kind string, groups map[string]any) syncproto.RecordID {
	o.t.Helper()
	changes := map[string]syncproto.Value{}
	for name, v := range groups {
		value, err := syncproto.NewValue(v)
		if err != nil {
			o.t.Fatal(err)
		}
		changes[name] = value
	}
	_, err := o.store.Edit(context.Background(), server.Edit{
		ID: id, Type: kind, Changes: changes, At: o.clock.Now().UnixMilli(), Context: syncproto.Context{User: "office"},
	})
	if err != nil {
		o.t.Fatal(err)
	}
	return id
}

// roundOf names the round that the tablet puts a record into, by its title.
func (d *tablet) roundOf(id syncproto.RecordID) string {
	d.t.Helper()
	r, ok, err := d.RoundOf(context.Background(), d.item(id).Record)
	if err != nil {
		d.t.Fatal(err)
	}
	if !ok {
		return ""
	}
	return r.Title
}

// formOf is the form that the latest save of a record names.
func formOf(rec syncproto.Record) string {
	var last syncproto.Op
	for _, op := range rec.Ops {
		if op.Wall >= last.Wall {
			last = op
		}
	}
	return last.Form
}

func wantRefused(t *testing.T, err, want error, words ...string) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
		return
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("got %q, want %q in it", err, w)
		}
	}
}

func TestANewHouseholdIsOfTheOnlyOpenRoundOfItsArea(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.publish(healthForm)
	round := o.round("สุขภาพ", "health@1", "45", "4503")
	a := o.enroll("a", tambon)
	a.calm()
	h := a.save(clientlib.Edit{Type: "household", Area: village1, Values: map[string]any{"latrine": true}})
	wantEqual(t, "round", h.Round(), round)
	wantEqual(t, "form", formOf(h), "health@1")
	if len(h.Groups["water"]) != 1 || len(h.Groups["latrine"]) != 0 {
		t.Errorf("groups %v, want those of the round's form", h.Groups)
	}
	m := a.save(clientlib.Edit{Type: "patient", Parent: h.ID, Values: map[string]any{"nickname": "แดง"}})
	wantEqual(t, "a member's own round", len(m.Groups[syncproto.GroupRound]), 0)
	wantEqual(t, "a member's round", a.roundOf(m.ID), "สุขภาพ")
	wantEqual(t, "a member's form", formOf(m), "health@1")
	h = a.save(clientlib.Edit{ID: h.ID, Values: map[string]any{"well": false}})
	wantEqual(t, "saves of the round", len(h.Groups[syncproto.GroupRound]), 1)
	a.calm()
	wantEqual(t, "the office's round", o.record(h.ID).Record.Round(), round)
	wantLevel(o, a)
}

func TestASaveThatKnowsNoRoundWorksAsWithoutRounds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		open func(o *office)
		kind string
	}{
		{"no round", func(*office) {}, "household"},
		{"a round elsewhere", func(o *office) { o.round("ไกล", "bmn-2560@1", "45", elsewhere) }, "household"},
		{"a round of another type", func(o *office) { o.round("อื่น", "bmn-2560@1", tambon, tambon) }, "water_source"},
		{"a round whose form nobody knows", func(o *office) { o.round("ไม่รู้จัก", "unknown@1", tambon, tambon) }, "household"},
		{"a round that was deleted", func(o *office) { o.edit(o.round("ลบ", "bmn-2560@1", tambon, tambon), syncproto.GroupLife, false) }, "household"},
		{"a round without areas", func(o *office) { o.round("ว่าง", "bmn-2560@1", tambon) }, "household"},
		{"a round of no area", func(o *office) { o.round("ว่าง", "bmn-2560@1", tambon, "") }, "household"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			c.open(o)
			a := o.enroll("a", tambon)
			a.calm()
			r := a.save(clientlib.Edit{Type: c.kind, Area: village1, Values: map[string]any{"house_no": "1"}})
			wantEqual(t, "its own round", len(r.Groups[syncproto.GroupRound]), 0)
			wantEqual(t, "round", a.roundOf(r.ID), "")
			wantEqual(t, "form", formOf(r), "bmn-2560@1")
		})
	}
}

func TestAClosedRoundKeepsItsRecordsAndTakesNoNewOnesByItself(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a := o.enroll("a", tambon)
	before := a.household(village1, "1")
	round := o.round("ปีนี้", "bmn-2560@1", tambon, tambon)
	a.calm()
	wantEqual(t, "a household from before the round", a.roundOf(before), "ปีนี้")
	o.edit(round, "state", "closed")
	a.calm()
	later := a.save(clientlib.Edit{Type: "household", Area: village1})
	wantEqual(t, "the round that a new one names", len(later.Groups[syncproto.GroupRound]), 0)
	wantEqual(t, "the only closed round", a.roundOf(later.ID), "ปีนี้")
	wantEqual(t, "the round that a late one names", a.save(clientlib.Edit{Type: "household", Area: village1, Round: round}).Round(), round)
}

func TestOfSeveralOpenRoundsOneMustBeNamed(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.publish(healthForm)
	health, bmn := o.round("สุขภาพ", "health@1", "45", "45"), o.round("จปฐ.", "bmn-2560@1", tambon, tambon)
	a := o.enroll("a", tambon)
	a.calm()
	_, err := a.Save(t.Context(), clientlib.Edit{Type: "household", Area: village1, Values: map[string]any{"house_no": "1"}})
	wantRefused(t, err, clientlib.ErrInvalid, "สุขภาพ", "จปฐ.", health.String(), bmn.String())
	wantEqual(t, "records", a.status().Records, 2-1) // the round of the tambon
	h := a.save(clientlib.Edit{Type: "household", Area: village1, Round: health, Values: map[string]any{"well": true}})
	wantEqual(t, "round", a.roundOf(h.ID), "สุขภาพ")
	wantEqual(t, "form", formOf(h), "health@1")
	b := a.save(clientlib.Edit{Type: "household", Area: village1, Round: bmn})
	wantEqual(t, "form", formOf(b), "bmn-2560@1")
	h = a.save(clientlib.Edit{ID: h.ID, Round: bmn})
	wantEqual(t, "after it was put into the other", a.roundOf(h.ID), "จปฐ.")
	p := a.save(clientlib.Edit{Type: "patient", Area: village1, Values: map[string]any{"nickname": "แดง"}})
	wantEqual(t, "a member without its household names no round", len(p.Groups[syncproto.GroupRound]), 0)
}

func TestARecordIsOfTheRoundWhoseFormItWasFilledInWith(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.publish(healthForm)
	a := o.enroll("a", tambon)
	old := a.household(village1, "1") // with the form of the program
	a.calm()
	o.round("สุขภาพ", "health@1", tambon, tambon)
	o.round("จปฐ.", "bmn-2560@1", tambon, tambon)
	a.calm()
	wantEqual(t, "round", a.roundOf(old), "จปฐ.")
	wantEqual(t, "form of the next save", formOf(a.answer(old, "moo", 1)), "bmn-2560@1")
}

func TestARoundThatDoesNotFitIsRefused(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	bmn, far := o.round("จปฐ.", "bmn-2560@1", tambon, village1), o.round("ไกล", "bmn-2560@1", tambon, elsewhere)
	a := o.enroll("a", tambon)
	a.calm()
	h := a.save(clientlib.Edit{Type: "household", Area: village1})
	for _, c := range []struct {
		name string
		edit clientlib.Edit
		says string
	}{
		{"nobody knows it", clientlib.Edit{Type: "household", Area: village1, Round: syncproto.RecordID{9}}, "does not know it"},
		{"elsewhere", clientlib.Edit{Type: "household", Area: village1, Round: far}, "does not survey 45030301"},
		{"another village", clientlib.Edit{Type: "household", Area: village2, Round: bmn}, "does not survey 45030302"},
		{"another type", clientlib.Edit{Type: "water_source", Area: village1, Round: bmn}, "has no water_source"},
		{"a member", clientlib.Edit{Type: "member", Parent: h.ID, Round: bmn}, "round of its household"},
		{"of a household that is there", clientlib.Edit{ID: h.ID, Round: far}, "does not survey"},
	} {
		before := a.status().Records
		_, err := a.Save(t.Context(), c.edit)
		wantRefused(t, err, clientlib.ErrInvalid, c.says)
		wantEqual(t, c.name+": records", a.status().Records, before)
	}
}

func TestAnOlderFormThatAProgramIsHeldToIsUsedForEverySave(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.publish(healthForm)
	o.round("จปฐ.", "bmn-2560@1", tambon, tambon)
	o.round("สุขภาพ", "health@1", tambon, tambon)
	a := o.enroll("a", tambon)
	a.calm()
	f, err := survey.Parse([]byte(healthForm))
	if err != nil {
		t.Fatal(err)
	}
	a.close()
	opts := a.options()
	opts.Form = f
	if a.Store, err = clientlib.Open(t.Context(), a.path, opts); err != nil {
		t.Fatal(err)
	}
	h := a.save(clientlib.Edit{Type: "household", Area: village1, Values: map[string]any{"house_no": "1"}})
	wantEqual(t, "form", formOf(h), "health@1")
	wantEqual(t, "round", a.roundOf(h.ID), "สุขภาพ")
}

func TestAHouseholdThatWasCarriedForwardIsConfirmedInSoManyWords(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.round("จปฐ.", "bmn-2560@1", tambon, tambon)
	id := o.write(syncproto.RecordID{8}, "household", map[string]any{
		syncproto.GroupScope: string(village1), syncproto.GroupCarried: true, syncproto.GroupFrom: syncproto.RecordID{7}, "house_no": "1",
	})
	a := o.enroll("a", tambon)
	a.calm()
	wantEqual(t, "an answer alone confirms nothing", a.answer(id, "moo", 1).Carried(), true)
	r := a.save(clientlib.Edit{ID: id, Confirm: true})
	wantEqual(t, "carried", r.Carried(), false)
	wantEqual(t, "from", r.From(), syncproto.RecordID{7})
	n := len(r.VV)
	wantEqual(t, "confirmed again", a.save(clientlib.Edit{ID: id, Confirm: true}).Encode(), r.Encode())
	wantEqual(t, "actors", n, 2)
	other := a.save(clientlib.Edit{Type: "household", Area: village1, Confirm: true})
	wantEqual(t, "of one that was never carried", len(other.Groups[syncproto.GroupCarried]), 0)
}

func TestAStateIsSyncedLikeAnAnswerAndRemembersTheAnswers(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a, b := o.enroll("a", tambon), o.enroll("b", tambon)
	id := a.household(village1, "1")
	settle(a, b)
	if err := a.SetState(t.Context(), id, syncproto.StateSubmitted, "", nil, "ก้อย"); err != nil {
		t.Fatal(err)
	}
	settle(a, b)
	got := b.item(id).Record
	wantEqual(t, "state", got.State(), syncproto.State{State: syncproto.StateSubmitted, Answers: got.AnswersDigest()})
	saves := a.item(id).Record.VV
	if err := a.SetState(t.Context(), id, syncproto.StateSubmitted, "", nil, "ก้อย"); err != nil {
		t.Fatal(err)
	}
	wantEqual(t, "saves after the same again", a.item(id).Record.VV, saves)
	if err := b.SetState(t.Context(), id, syncproto.StateReturned, "ดูเลขบ้าน", map[string]string{"house_no": "ซ้ำ"}, "หัวหน้า"); err != nil {
		t.Fatal(err)
	}
	settle(b, a)
	wantEqual(t, "comments", a.item(id).Record.State().Comments, map[string]string{"house_no": "ซ้ำ"})
	changed := a.answer(id, "house_no", "2")
	if changed.State().Answers == changed.AnswersDigest() {
		t.Error("nobody can tell that the answers have changed since")
	}
	if err := a.SetState(t.Context(), id, "", "", nil, ""); err != nil {
		t.Fatal(err)
	}
	wantEqual(t, "taken back", a.item(id).Record.State(), syncproto.State{})
	wantRefused(t, a.SetState(t.Context(), id, "sealed", "", nil, ""), clientlib.ErrInvalid, "sealed")
	wantRefused(t, a.SetState(t.Context(), syncproto.RecordID{9}, syncproto.StateApproved, "", nil, ""), clientlib.ErrNotFound)
	settle(a, b)
	wantLevel(o, a, b)
}

func TestAVillageThatIsSignedOffTakesNoSaveUntilItIsOpenedAgain(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	round := o.round("จปฐ.", "bmn-2560@1", tambon, tambon)
	a := o.enroll("a", tambon)
	a.calm()
	inside, outside := a.household(village1, "1"), a.household(village2, "2")
	member := a.save(clientlib.Edit{Type: "member", Parent: inside, Values: map[string]any{"first_name": "แดง"}}).ID
	a.calm()
	o.certify(round, village1, "certified")
	a.calm()
	edit := func(e clientlib.Edit) func() error {
		return func() error { _, err := a.Save(context.Background(), e); return err }
	}
	attempts := []struct {
		name string
		do   func() error
	}{
		{"a new household", edit(clientlib.Edit{Type: "household", Area: village1})},
		{"a new member", edit(clientlib.Edit{Type: "member", Parent: inside})},
		{"an answer", edit(clientlib.Edit{ID: inside, Values: map[string]any{"moo": 1}})},
		{"an answer of a member", edit(clientlib.Edit{ID: member, Values: map[string]any{"first_name": "ดำ"}})},
		{"a household moved in", edit(clientlib.Edit{ID: outside, Area: village1})},
		{"a household moved out", edit(clientlib.Edit{ID: inside, Area: village2})},
		{"a deletion", func() error { return a.Delete(context.Background(), inside, "", "") }},
		{"a decision", func() error { return a.Resolve(context.Background(), inside, "house_no", "3", "") }},
		{"a state", func() error { return a.SetState(context.Background(), inside, syncproto.StateApproved, "", nil, "") }},
	}
	before := a.status().Unsent
	for _, c := range attempts {
		err := c.do()
		if !errors.Is(err, clientlib.ErrCertified) || !clientlib.IsInput(err) {
			t.Errorf("%s: got %v, want ErrCertified", c.name, err)
		}
	}
	wantEqual(t, "unsent", a.status().Unsent, before)
	a.save(clientlib.Edit{ID: inside, Values: map[string]any{"house_no": "1"}}) // says nothing new
	a.answer(outside, "moo", 2)
	o.certify(round, village1, "open")
	a.calm()
	for _, c := range attempts[2:] {
		if err := c.do(); err != nil {
			t.Errorf("%s after it was opened again: %v", c.name, err)
		}
	}
	a.calm()
	wantLevel(o, a)
}

func TestASignOffOfAnotherRoundHindersNobody(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	last := o.round("ปีก่อน", "bmn-2560@1", tambon, tambon)
	o.edit(last, "state", "closed")
	o.certify(last, village1, "certified")
	o.round("ปีนี้", "bmn-2560@1", tambon, tambon)
	a := o.enroll("a", tambon)
	a.calm()
	id := a.household(village1, "1")
	a.answer(id, "moo", 1)
	wantEqual(t, "round", a.roundOf(id), "ปีนี้")
}

func TestWhatWasSavedBeforeTheDeviceKnewOfTheSignOffIsSent(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	round := o.round("จปฐ.", "bmn-2560@1", tambon, tambon)
	a := o.enroll("a", tambon)
	a.calm()
	id := a.household(village1, "1")
	o.certify(round, village1, "certified")
	wantEqual(t, "unsent", a.calm().Unsent, 0)
	wantEqual(t, "the office's answers", o.answers(id), map[string]any{"house_no": "1"})
}

func TestSystemRecordsAreNotWrittenByDevices(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	round := o.round("จปฐ.", "bmn-2560@1", tambon, tambon)
	a := o.enroll("a", tambon)
	a.calm()
	for _, kind := range []string{syncproto.TypeRound, syncproto.TypeVillage, "_later"} {
		_, err := a.Save(t.Context(), clientlib.Edit{Type: kind, Area: tambon})
		wantRefused(t, err, clientlib.ErrInvalid, "at the office")
	}
	_, err := a.Save(t.Context(), clientlib.Edit{ID: round, Values: map[string]any{"state": "closed"}})
	wantRefused(t, err, clientlib.ErrInvalid, "at the office")
	wantRefused(t, a.Delete(t.Context(), round, "", ""), clientlib.ErrInvalid, "at the office")
	wantRefused(t, a.Resolve(t.Context(), round, "state", "closed", ""), clientlib.ErrInvalid, "at the office")
}

func TestARoundThatTheBackupLacksComesBackThroughASupervisor(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a := o.enroll("a", tambon)
	a.calm()
	backup := o.backup()
	round := o.round("จปฐ.", "bmn-2560@1", tambon, tambon)
	a.calm()
	id := a.household(village1, "1")
	a.calm()
	o.restore(backup)
	res := a.sync()
	wantEqual(t, "quarantined", res.Quarantined, 1)
	waiting := o.waiting()
	if len(waiting) != 1 || waiting[0].Record != round || waiting[0].Reason != "office_only" {
		t.Fatalf("waiting: %+v", waiting)
	}
	wantEqual(t, "the household's round", o.record(id).Record.Round(), round)
	o.decide(waiting[0].ID, true, "")
	wantEqual(t, "unsent", a.sync().Unsent, 0)
	wantLevel(o, a)
}
