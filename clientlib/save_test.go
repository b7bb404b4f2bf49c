package clientlib_test

import (
	"context"
	"fmt"
	"testing"

	"tambonsync/clientlib"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

func TestSaveBeginsARecordWithOneSave(t *testing.T) {
	t.Parallel()
	d := newTablet(t, nil, "a")
	before := d.clock.Now().UnixMilli()
	r := d.save(clientlib.Edit{Type: "household", Area: village1, Values: map[string]any{"house_no": "12/3", "moo": 1}, User: "ก้อย", Reason: "first visit"})

	wantEqual(t, "type", r.Type, "household")
	wantEqual(t, "area", r.Area(), village1)
	wantEqual(t, "answers", answersOf(t, r), map[string]any{"house_no": "12/3", "moo": int64(1)})
	if !r.Alive() || !r.Parent().IsZero() {
		t.Error("a new household should be alive and have no parent")
	}
	if len(r.Ops) != 1 || len(r.VV) != 1 || r.VV[0].Counter != 1 || r.VV[0].Actor.String() != d.status().Actor {
		t.Fatalf("got the saves %v and the vector %v, want save 1 of actor %s", r.Ops, r.VV, d.status().Actor)
	}
	op := r.Ops[0]
	if op.User != "ก้อย" || op.Reason != "first visit" || op.Form != "bmn-2560@1" || op.App != "test/1" || op.Wall <= before {
		t.Errorf("got the save %+v", op)
	}
	wantEqual(t, "what is stored", d.item(r.ID).Record.Encode(), r.Encode())
}

func TestSaveIsOnDiskWhenItReturns(t *testing.T) {
	t.Parallel()
	d := newTablet(t, nil, "a")
	id := d.household(village1, "12/3")
	again := d.adopt("same file", d.path) // another process, while the first still runs
	wantEqual(t, "answers", again.answers(id), map[string]any{"house_no": "12/3"})
	d.reopen()
	wantEqual(t, "answers after a restart", d.answers(id), map[string]any{"house_no": "12/3"})
}

func TestSaveChangesOnlyWhatItNames(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		kind   string
		first  map[string]any
		change map[string]any
		want   map[string]any
	}{
		{
			"another question stays",
			"household",
			map[string]any{"house_no": "12/3", "happiness": 7},
			map[string]any{"happiness": 8},
			map[string]any{"house_no": "12/3", "happiness": int64(8)},
		},
		{
			"nil clears",
			"household",
			map[string]any{"house_no": "12/3", "happiness": 7},
			map[string]any{"house_no": nil},
			map[string]any{"happiness": int64(7)},
		},
		{
			"nil clears one part of a group",
			"member",
			map[string]any{"prefix": "mr", "first_name": "สมชาย", "last_name": "ใจดี"},
			map[string]any{"prefix": nil},
			map[string]any{"first_name": "สมชาย", "last_name": "ใจดี"},
		},
		{
			"one part of a group keeps the others",
			"member",
			map[string]any{"prefix": "mr", "first_name": "สมชาย"},
			map[string]any{"first_name": "สมศักดิ์"},
			map[string]any{"prefix": "mr", "first_name": "สมศักดิ์"},
		},
		{
			"a question that the form does not know is kept",
			"household",
			map[string]any{"has_solar_panels": true},
			map[string]any{"house_no": "1"},
			map[string]any{"has_solar_panels": true, "house_no": "1"},
		},
		{
			"an unknown part of a group is kept when its neighbour changes",
			"member",
			map[string]any{"name/middle_name": "จันทร์", "first_name": "สมชาย"},
			map[string]any{"first_name": "สมศักดิ์"},
			map[string]any{"name/middle_name": "จันทร์", "first_name": "สมศักดิ์"},
		},
		{
			"an answer of the wrong type is kept, not refused",
			"household",
			map[string]any{"happiness": "very", "moo": []any{1, "2"}},
			map[string]any{"happiness": 11},
			map[string]any{"happiness": int64(11), "moo": []any{int64(1), "2"}},
		},
		{
			"a type that the form does not know",
			"water_source",
			map[string]any{"depth": 12.5},
			map[string]any{"dry": false},
			map[string]any{"depth": 12.5, "dry": false},
		},
		{
			"a map and a list",
			"household",
			map[string]any{"location": map[string]any{"lat": 15.5, "lon": 103.75}},
			map[string]any{"list": []any{nil, true, "ก"}},
			map[string]any{"location": map[string]any{"lat": 15.5, "lon": 103.75}, "list": []any{nil, true, "ก"}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := newTablet(t, nil, "a")
			r := d.save(clientlib.Edit{Type: c.kind, Area: village1, Values: c.first})
			d.save(clientlib.Edit{ID: r.ID, Values: c.change})
			wantEqual(t, "answers", d.answers(r.ID), c.want)
		})
	}
}

func TestSaveThatChangesNothingMakesNoSave(t *testing.T) {
	t.Parallel()
	d := newTablet(t, nil, "a")
	h := d.save(clientlib.Edit{Type: "household", Area: village1, Values: map[string]any{"house_no": "12/3", "income_main": 1000}})
	m := d.save(clientlib.Edit{Type: "member", Parent: h.ID, Values: map[string]any{"first_name": "สมชาย", "last_name": "ใจดี"}})
	for _, c := range []struct {
		name string
		edit clientlib.Edit
	}{
		{"no values", clientlib.Edit{ID: h.ID}},
		{"the same answers", clientlib.Edit{ID: h.ID, Values: map[string]any{"house_no": "12/3", "income_main": 1000}}},
		{"the same number as a float", clientlib.Edit{ID: h.ID, Values: map[string]any{"income_main": 1000.0}}},
		{"the same area", clientlib.Edit{ID: h.ID, Type: "household", Area: village1}},
		{"the same parent", clientlib.Edit{ID: m.ID, Parent: h.ID}},
		{"the same part of a group", clientlib.Edit{ID: m.ID, Values: map[string]any{"first_name": "สมชาย"}}},
		{"clearing what was never answered", clientlib.Edit{ID: h.ID, Values: map[string]any{"soi": nil, "no_such_question": nil}}},
		{"clearing a part of a group that was never answered", clientlib.Edit{ID: m.ID, Values: map[string]any{"prefix": nil, "health": nil}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := d.item(c.edit.ID).Record.Encode()
			r := d.save(c.edit)
			wantEqual(t, "the record that Save returns", r.Encode(), before)
			wantEqual(t, "the record", d.item(c.edit.ID).Record.Encode(), before)
		})
	}
	wantEqual(t, "the next counter", d.answer(h.ID, "house_no", "12/4").VV[0].Counter, uint64(3))
}

func TestSaveThatChangesNothingMakesNoSaveAfterTwoOfficersSaved(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a, b := o.enroll("a", tambon), o.enroll("b", tambon)
	id := a.household(village1, "12/3")
	settle(a, b)
	a.answer(id, "happiness", 7) // each save also says that the record is alive,
	b.answer(id, "happiness", 7) // and both gave one answer
	b.answer(id, "moo", 3)
	settle(a, b)
	before := a.item(id).Record.Encode()
	a.save(clientlib.Edit{ID: id, Values: map[string]any{"house_no": "12/3", "happiness": 7, "moo": 3}})
	wantEqual(t, "the record", a.item(id).Record.Encode(), before)
}

func TestCountersGoUpByOneOverAllRecordsAndRestarts(t *testing.T) {
	t.Parallel()
	d := newTablet(t, nil, "a")
	actor := d.status().Actor
	h1, h2 := d.household(village1, "1"), d.household(village2, "2")
	for i, id := range []syncproto.RecordID{h1, h2, h1, h1, h2} {
		if i == 3 {
			d.reopen()
		}
		r := d.answer(id, "happiness", i)
		if got, want := r.VV, uint64(i+3); len(got) != 1 || got[0].Counter != want || got[0].Actor.String() != actor {
			t.Errorf("save %d: got the vector %v, want counter %d of actor %s", i, got, want, actor)
		}
	}
}

func TestAMemberTakesTheAreaOfItsHousehold(t *testing.T) {
	t.Parallel()
	d := newTablet(t, nil, "a")
	h := d.household(village1, "1")
	m := d.save(clientlib.Edit{Type: "member", Parent: h, Values: map[string]any{"first_name": "สมชาย"}})
	wantEqual(t, "area", m.Area(), village1)
	wantEqual(t, "parent", m.Parent(), h)
	other := d.save(clientlib.Edit{Type: "member", Parent: h, Area: farAway})
	wantEqual(t, "area that was given", other.Area(), farAway)
	other = d.save(clientlib.Edit{Type: "member", Parent: syncproto.RecordID{9}, Area: village2})
	wantEqual(t, "parent that this device does not hold", other.Parent(), syncproto.RecordID{9})
}

func TestMovingAHouseholdMovesItsMembers(t *testing.T) {
	t.Parallel()
	d := newTablet(t, nil, "a")
	h, neighbours := d.household(village1, "1"), d.household(village1, "2")
	member := func(parent syncproto.RecordID, code area.Code) syncproto.RecordID {
		return d.save(clientlib.Edit{Type: "member", Parent: parent, Area: code, Values: map[string]any{"first_name": "ก"}}).ID
	}
	at, gone, elsewhere, stranger := member(h, ""), member(h, ""), member(h, village2), member(neighbours, "")
	if err := d.Delete(t.Context(), gone, "", "moved to Bangkok"); err != nil {
		t.Fatal(err)
	}
	d.save(clientlib.Edit{ID: h, Area: farAway, Values: map[string]any{"house_no": "99"}})

	for _, c := range []struct {
		name string
		id   syncproto.RecordID
		want area.Code
	}{
		{"the household", h, farAway},
		{"its member", at, farAway},
		{"its deleted member", gone, farAway},
		{"its member who lives elsewhere", elsewhere, village2},
		{"the neighbours", neighbours, village1},
		{"their member", stranger, village1},
	} {
		wantEqual(t, "area of "+c.name, d.item(c.id).Record.Area(), c.want)
	}
	if d.item(gone).Record.Alive() {
		t.Error("moving the household brought a deleted member back")
	}
	wantEqual(t, "answers", d.answers(h), map[string]any{"house_no": "99"})
	wantEqual(t, "members by household", len(d.list(clientlib.Filter{Parent: h})), 2)
}

func TestDeleteHidesARecordAndAnyLaterAnswerBringsItBack(t *testing.T) {
	t.Parallel()
	d := newTablet(t, nil, "a")
	id := d.household(village1, "1")
	if err := d.Delete(t.Context(), id, "ก้อย", "counted twice"); err != nil {
		t.Fatal(err)
	}
	it := d.item(id)
	if it.Record.Alive() || it.Record.VV[0].Counter != 2 {
		t.Errorf("got %+v, want it deleted by save 2", it.Record)
	}
	wantEqual(t, "answers", d.answers(id), map[string]any{"house_no": "1"})
	wantEqual(t, "list", len(d.list(clientlib.Filter{})), 0)
	wantEqual(t, "list with deleted ones", len(d.list(clientlib.Filter{Deleted: true})), 1)
	d.answer(id, "happiness", 5)
	wantEqual(t, "list", len(d.list(clientlib.Filter{})), 1)
}

func TestResolveDecidesOneGroup(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a, b := o.enroll("a", tambon), o.enroll("b", tambon)
	h := a.household(village1, "1")
	m := a.save(clientlib.Edit{Type: "member", Parent: h, Values: map[string]any{"first_name": "สมชาย"}}).ID
	settle(a, b)
	a.answer(h, "happiness", 1)
	b.answer(h, "happiness", 2)
	a.answer(m, "first_name", "สมศักดิ์")
	b.answer(m, "first_name", "สมปอง")
	settle(a, b)
	o.wantCases("conflict happiness", "conflict name")
	if err := a.Resolve(t.Context(), h, "happiness", 3, "หัวหน้า"); err != nil {
		t.Fatal(err)
	}
	if err := a.Resolve(t.Context(), m, "name", map[string]any{"first_name": "สมหมาย"}, ""); err != nil {
		t.Fatal(err)
	}
	settle(a, b)
	o.wantCases()
	for _, d := range []*tablet{a, b} {
		wantEqual(t, d.name+": household", d.answers(h), map[string]any{"house_no": "1", "happiness": int64(3)})
		wantEqual(t, d.name+": member", d.answers(m), map[string]any{"first_name": "สมหมาย"})
	}
	wantLevel(o, a, b)
}

func TestResolveLeavesADeletedRecordDeleted(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a, b := o.enroll("a", tambon), o.enroll("b", tambon)
	id := a.household(village1, "1")
	settle(a, b)
	a.answer(id, "happiness", 1)
	b.answer(id, "happiness", 2)
	settle(a, b)
	if err := a.Delete(t.Context(), id, "", ""); err != nil {
		t.Fatal(err)
	}
	if err := a.Resolve(t.Context(), id, "happiness", 2, ""); err != nil {
		t.Fatal(err)
	}
	if a.item(id).Record.Alive() {
		t.Error("deciding a conflict brought a deleted record back")
	}
	if err := a.Resolve(t.Context(), id, syncproto.GroupLife, true, ""); err != nil {
		t.Fatal(err)
	}
	if !a.item(id).Record.Alive() {
		t.Error("deciding that it is alive did not bring it back")
	}
	settle(a, b)
	wantLevel(o, a, b)
}

func TestTwoOfficersWhoMovedAHouseholdAreReconciledByOneMove(t *testing.T) {
	t.Parallel()
	for _, to := range []area.Code{village2, farAway} {
		t.Run(string(to), func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			a, b := o.enroll("a", amphoe), o.enroll("b", amphoe)
			h := a.household(village1, "1")
			m := a.save(clientlib.Edit{Type: "member", Parent: h}).ID
			settle(a, b)
			a.save(clientlib.Edit{ID: h, Area: village2})
			b.save(clientlib.Edit{ID: h, Area: farAway})
			settle(a, b)
			o.wantCases("conflict _scope", "conflict _scope")
			a.save(clientlib.Edit{ID: h, Area: to}) // one of them is what is shown already
			settle(a, b)
			o.wantCases()
			for _, id := range []syncproto.RecordID{h, m} {
				wantEqual(t, "area", o.record(id).Record.Area(), to)
			}
			wantLevel(o, a, b)
		})
	}
}

func TestSavingFromManyGoroutinesGivesEachItsOwnCounter(t *testing.T) {
	t.Parallel()
	d := newTablet(t, nil, "a")
	const each = 25
	errs := make(chan error)
	for g := range 4 {
		go func() {
			for i := range each {
				if _, err := d.Save(context.Background(), clientlib.Edit{Type: "household", Area: village1, Values: map[string]any{"house_no": fmt.Sprint(g, "/", i)}}); err != nil {
					errs <- err
					return
				}
			}
			errs <- nil
		}()
	}
	for range 4 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	seen := map[uint64]bool{}
	for _, it := range d.list(clientlib.Filter{}) {
		seen[it.Record.VV[0].Counter] = true
	}
	wantEqual(t, "different counters", len(seen), 4*each)
}
