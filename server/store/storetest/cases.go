package storetest

import (
	"context"
	"errors"
	"slices"
	"testing"

	"tambonsync/server"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

func caseTests() []test {
	return []test{
		{"edits of different questions are no case", differentQuestions},
		{"edits of one question open a case", sameQuestion},
		{"equal answers are no case", equalAnswers},
		{"two offices open the same case", sameCaseEverywhere},
		{"delete and edit are a case and the record lives", deleteAndEdit},
		{"the office's edit closes the case", editCloses},
		{"a tablet's save that saw both answers closes the case", tabletCloses},
		{"a new disagreement opens the closed case again", caseReopens},
		{"a third answer leaves the open case as it was", caseStaysOpen},
		{"of two cases only the resolved one closes", oneOfTwoCloses},
		{"cases are listed by area, record and state", casesListed},
		{"a case about answers is not closed by hand", noClosingByHand},
	}
}

// disagree lets two devices answer the same question of one record.
func disagree(t *testing.T, a, b *Device, n int, code area.Code, answersA, answersB Answers) (ra, rb syncproto.Record) {
	t.Helper()
	r := a.New(n, code, nil)
	wantCodes(t, a.Push(t, r), stored)
	ra, rb = a.Save(r, answersA), b.Save(r, answersB)
	wantCodes(t, a.Push(t, ra), stored)
	wantCodes(t, b.Push(t, rb), merged)
	return ra, rb
}

func (o *office) wantOneCase(t *testing.T, id syncproto.RecordID, group, kind string) server.Case {
	t.Helper()
	cases := o.cases(t, server.CaseFilter{Record: id})
	if len(cases) != 1 || cases[0].Group != group || cases[0].Kind != kind || cases[0].ClosedAt != 0 {
		t.Fatalf("cases %+v, want one of kind %s on %s", cases, kind, group)
	}
	return cases[0]
}

func (o *office) wantNoCase(t *testing.T) {
	t.Helper()
	if cases := o.cases(t, server.CaseFilter{}); len(cases) > 0 {
		t.Fatalf("cases %+v, want none", cases)
	}
}

func differentQuestions(t *testing.T, o *office) {
	a, b := o.enroll(t, "malee", tambon), o.enroll(t, "somchai", tambon)
	r, _ := disagree(t, a, b, 1, village1, Answers{"water": 1}, Answers{"toilet": true})
	o.wantNoCase(t)
	rec := o.record(t, r.ID).Record
	wantValues(t, rec, "water", int64(1))
	wantValues(t, rec, "toilet", true)
}

func sameQuestion(t *testing.T, o *office) {
	a, b := o.enroll(t, "malee", tambon), o.enroll(t, "somchai", tambon)
	b.At = Now + 777
	r, _ := disagree(t, a, b, 1, village1, Answers{"water": 1, "roof": 1}, Answers{"water": 2, "roof": 1})
	got := o.wantOneCase(t, r.ID, "water", "conflict")
	want := server.Case{ID: got.ID, Record: r.ID, Type: "household", Area: village1, Group: "water", Kind: "conflict", OpenedAt: Now + 777}
	if got != want {
		t.Errorf("case %+v, want %+v", got, want)
	}
	if one, err := o.Case(context.Background(), got.ID); err != nil || one != want {
		t.Errorf("case by id %+v, %v; want %+v", one, err, want)
	}
	if n := len(values(t, o.record(t, r.ID).Record, "water")); n != 2 {
		t.Errorf("%d answers kept, want both", n)
	}
}

func equalAnswers(t *testing.T, o *office) {
	a, b := o.enroll(t, "malee", tambon), o.enroll(t, "somchai", tambon)
	disagree(t, a, b, 1, village1, Answers{"water": 1}, Answers{"water": 1})
	o.wantNoCase(t)
}

func sameCaseEverywhere(t *testing.T, o *office) {
	ids := map[string]bool{}
	for _, in := range []*office{o, o.another(t)} {
		a, b := in.enroll(t, "malee", tambon), in.enroll(t, "somchai", tambon)
		r, _ := disagree(t, a, b, 1, village1, Answers{"water": 1}, Answers{"water": 2})
		ids[in.wantOneCase(t, r.ID, "water", "conflict").ID] = true
	}
	const want = "4e1ff11b-7e78-5a4d-8c33-3c4cfc341cd4" // for good: offices of other versions and databases open it too
	if len(ids) != 1 || !ids[want] {
		t.Errorf("two offices gave the case the ids %v, want %s", ids, want)
	}
}

func deleteAndEdit(t *testing.T, o *office) {
	a, b := o.enroll(t, "malee", tambon), o.enroll(t, "somchai", tambon)
	r, _ := disagree(t, a, b, 1, village1, Answers{syncproto.GroupLife: false}, Answers{"water": 2})
	o.wantOneCase(t, r.ID, syncproto.GroupLife, "deleted_and_edited")
	if !o.record(t, r.ID).Record.Alive() {
		t.Error("the record is not shown")
	}
	shown, err := o.Records(context.Background(), server.RecordFilter{})
	if err != nil || len(shown) != 1 {
		t.Errorf("%d records listed, %v; want 1", len(shown), err)
	}
}

func editCloses(t *testing.T, o *office) {
	a, b := o.enroll(t, "malee", tambon), o.enroll(t, "somchai", tambon)
	r, _ := disagree(t, a, b, 1, village1, Answers{"water": 1}, Answers{"water": 2})
	c := o.wantOneCase(t, r.ID, "water", "conflict")
	o.edit(t, r.ID, Now+9000, Answers{"water": 2})
	o.wantNoCase(t)
	if got, err := o.Case(context.Background(), c.ID); err != nil || got.ClosedAt != Now+9000 {
		t.Errorf("case %+v, %v; want it closed at %d", got, err, Now+9000)
	}
	rows, _ := o.drain(t, a.Actor, tambon, 0)
	wantValues(t, decode(t, rows[0].Record), "water", int64(2))
}

func tabletCloses(t *testing.T, o *office) {
	a, b := o.enroll(t, "malee", tambon), o.enroll(t, "somchai", tambon)
	r, _ := disagree(t, a, b, 1, village1, Answers{"water": 1}, Answers{"water": 2})
	wantCodes(t, a.Push(t, a.Save(o.record(t, r.ID).Record, Answers{"water": 1})), stored)
	o.wantNoCase(t)
}

func caseReopens(t *testing.T, o *office) {
	a, b := o.enroll(t, "malee", tambon), o.enroll(t, "somchai", tambon)
	r, _ := disagree(t, a, b, 1, village1, Answers{"water": 1}, Answers{"water": 2})
	before := o.wantOneCase(t, r.ID, "water", "conflict")
	settled := o.edit(t, r.ID, Now+9000, Answers{"water": 2}).Record
	a.At, b.At = Now+20000, Now+20000
	wantCodes(t, a.Push(t, a.Save(settled, Answers{"water": 3})), stored)
	wantCodes(t, b.Push(t, b.Save(settled, Answers{"water": 4})), merged)
	after := o.wantOneCase(t, r.ID, "water", "conflict")
	if after.ID != before.ID || after.OpenedAt != Now+20000 {
		t.Errorf("case %+v, want %s opened at %d", after, before.ID, Now+20000)
	}
}

func caseStaysOpen(t *testing.T, o *office) {
	a, b, c := o.enroll(t, "malee", tambon), o.enroll(t, "somchai", tambon), o.enroll(t, "pim", tambon)
	r, _ := disagree(t, a, b, 1, village1, Answers{"water": 1}, Answers{"water": 2})
	before := o.wantOneCase(t, r.ID, "water", "conflict")
	c.At = Now + 30000
	wantCodes(t, c.Push(t, c.New(1, village1, Answers{"water": 3})), merged)
	if after := o.wantOneCase(t, r.ID, "water", "conflict"); after != before {
		t.Errorf("case %+v, want %+v", after, before)
	}
}

func oneOfTwoCloses(t *testing.T, o *office) {
	a, b := o.enroll(t, "malee", tambon), o.enroll(t, "somchai", tambon)
	r, _ := disagree(t, a, b, 1, village1, Answers{"water": 1, "roof": 1}, Answers{"water": 2, "roof": 2})
	other, _ := disagree(t, a, b, 2, village1, Answers{"water": 1}, Answers{"water": 2})
	if n := len(o.cases(t, server.CaseFilter{Record: r.ID})); n != 2 {
		t.Fatalf("%d cases, want 2", n)
	}
	o.edit(t, r.ID, Now, Answers{"water": 2})
	o.wantOneCase(t, r.ID, "roof", "conflict")
	o.wantOneCase(t, other.ID, "water", "conflict")
}

func casesListed(t *testing.T, o *office) {
	a, b := o.enroll(t, "malee", "45", "46"), o.enroll(t, "somchai", "45", "46")
	places := []area.Code{village1, nextVillage, farVillage, village1}
	records := make([]syncproto.RecordID, len(places))
	for i, code := range places {
		a.At, b.At = Now+int64(i), Now+int64(i)
		r, _ := disagree(t, a, b, i+1, code, Answers{"water": 1}, Answers{"water": 2})
		records[i] = r.ID
	}
	o.edit(t, records[3], Now+100, Answers{"water": 1})
	for _, tt := range []struct {
		name   string
		filter server.CaseFilter
		want   []int // places, newest first
	}{
		{"open ones", server.CaseFilter{}, []int{2, 1, 0}},
		{"closed ones too", server.CaseFilter{Closed: true}, []int{3, 2, 1, 0}},
		{"of an amphoe", server.CaseFilter{Area: amphoe}, []int{1, 0}},
		{"of a tambon", server.CaseFilter{Area: tambon, Closed: true}, []int{3, 0}},
		{"of a village", server.CaseFilter{Area: village1}, []int{0}},
		{"of a village without any", server.CaseFilter{Area: village2}, nil},
		{"of a record", server.CaseFilter{Record: records[1]}, []int{1}},
		{"two at most", server.CaseFilter{Limit: 2}, []int{2, 1}},
	} {
		var got []int
		for _, c := range o.cases(t, tt.filter) {
			got = append(got, slices.Index(records, c.Record))
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
	if _, err := o.Case(context.Background(), "no such case"); !errors.Is(err, server.ErrNotFound) {
		t.Errorf("unknown case: %v, want %v", err, server.ErrNotFound)
	}
}

func noClosingByHand(t *testing.T, o *office) {
	a, b := o.enroll(t, "malee", tambon), o.enroll(t, "somchai", tambon)
	r, _ := disagree(t, a, b, 1, village1, Answers{"water": 1}, Answers{"water": 2})
	c := o.wantOneCase(t, r.ID, "water", "conflict")
	if err := o.CloseCase(context.Background(), c.ID, Now); !errors.Is(err, server.ErrNotFound) {
		t.Errorf("closed by hand: %v, want %v", err, server.ErrNotFound)
	}
	o.wantOneCase(t, r.ID, "water", "conflict")
}
