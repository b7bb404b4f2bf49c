package storetest

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"

	"tambonsync/server"
	"tambonsync/syncproto"
)

func recordTests() []test {
	return []test{
		{"records are listed by area, then by id", recordsListed},
		{"a listing goes on where the last page ended", recordsPaged},
		{"a page begins inside its area although its mark has moved", recordsPagedPastMove},
		{"an unknown record is not found", unknownRecord},
		{"the office makes a record of its own", officeCreates},
		{"the office's edit answers what is stored", editAnswersStored},
		{"the office's saves are counted on after reopening", editCountsOn},
		{"an edit of an unknown record is refused", editUnknown},
		{"an edit that leaves no area is refused", editWithoutArea},
		{"an edit of what the person did not see is refused", editUnseen},
		{"the office's edit travels to every tablet", editTravels},
	}
}

func recordsListed(t *testing.T, o *office) {
	d := o.enroll(t, "malee", "45", "46")
	person := d.New(5, village1, nil)
	person.Type = "person"
	gone := d.New(6, village2, Answers{syncproto.GroupLife: false})
	r := []syncproto.Record{
		d.New(4, village1, nil), d.New(1, village2, nil), d.New(3, nextVillage, nil), d.New(2, tambon, nil), person, gone, d.New(7, farVillage, nil),
	}
	d.Push(t, r...)
	for _, tt := range []struct {
		name   string
		filter server.RecordFilter
		want   []int
	}{
		{"all that live", server.RecordFilter{}, []int{3, 0, 4, 1, 2, 6}},
		{"deleted ones too", server.RecordFilter{Deleted: true}, []int{3, 0, 4, 1, 5, 2, 6}},
		{"of a tambon", server.RecordFilter{Area: tambon}, []int{3, 0, 4, 1}},
		{"of a village", server.RecordFilter{Area: village1}, []int{0, 4}},
		{"of a province", server.RecordFilter{Area: "46"}, []int{6}},
		{"of nowhere", server.RecordFilter{Area: "99"}, nil},
		{"of a type", server.RecordFilter{Type: "person"}, []int{4}},
		{"three at most", server.RecordFilter{Limit: 3}, []int{3, 0, 4}},
		{"after one", server.RecordFilter{After: r[0].ID}, []int{4, 1, 2, 6}},
		{"after one of the area", server.RecordFilter{Area: tambon, After: r[0].ID, Limit: 1}, []int{4}},
	} {
		got, err := o.Records(context.Background(), tt.filter)
		if err != nil {
			t.Fatal(err)
		}
		var index []int
		for _, rec := range got {
			i := slices.IndexFunc(r, func(r syncproto.Record) bool { return r.ID == rec.Record.ID })
			if index = append(index, i); !bytes.Equal(rec.Raw, r[i].Encode()) || rec.Seq == 0 || rec.Updated != Now {
				t.Errorf("%s: record %d is %+v", tt.name, i, rec)
			}
		}
		if !slices.Equal(index, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, index, tt.want)
		}
	}
}

func recordsPaged(t *testing.T, o *office) {
	d := o.enroll(t, "malee", amphoe)
	d.Push(t, slices.Concat(manyNew(d, 1, 8, village2), manyNew(d, 11, 9, village1), manyNew(d, 21, 3, nextVillage))...)
	var paged []syncproto.RecordID
	f := server.RecordFilter{Area: tambon, Limit: 4}
	for range 10 {
		page, err := o.Records(context.Background(), f)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page {
			paged = append(paged, r.Record.ID)
		}
		if len(page) < f.Limit {
			break
		}
		f.After = page[len(page)-1].Record.ID
	}
	whole, err := o.Records(context.Background(), server.RecordFilter{Area: tambon})
	if err != nil || len(whole) != 17 || len(paged) != 17 {
		t.Fatalf("%d in pages, %d at once, %v; want 17", len(paged), len(whole), err)
	}
	for i, r := range whole {
		if r.Record.ID != paged[i] {
			t.Fatalf("place %d: %s in pages, %s at once", i, paged[i], r.Record.ID)
		}
	}
	_, err = o.Records(context.Background(), server.RecordFilter{After: RecordID(12345)})
	if !errors.Is(err, server.ErrNotFound) {
		t.Errorf("after an unknown record: %v, want %v", err, server.ErrNotFound)
	}
}

func recordsPagedPastMove(t *testing.T, o *office) {
	d := o.enroll(t, "malee", amphoe)
	mark, before := d.New(2, nextVillage, nil), d.New(1, village1, nil)
	d.Push(t, before, mark, d.New(3, village2, nil), d.New(4, nextVillage, nil))
	d.Push(t, moveTo(d, mark, village1))
	got, err := o.Records(context.Background(), server.RecordFilter{Area: nextTambon, After: mark.ID})
	if err != nil || len(got) != 1 || got[0].Record.ID != RecordID(4) {
		t.Errorf("listed %+v, %v; want only the record of the area", got, err)
	}
}

func unknownRecord(t *testing.T, o *office) {
	if _, err := o.Record(context.Background(), RecordID(1)); !errors.Is(err, server.ErrNotFound) {
		t.Errorf("record: %v, want %v", err, server.ErrNotFound)
	}
}

func officeCreates(t *testing.T, o *office) {
	kept := o.Stats().RecordsKept
	rec, err := o.Edit(context.Background(), server.Edit{
		ID: RecordID(1), Type: "household", At: Now, Context: syncproto.Context{User: "boss", Form: "bmn-2560@1"},
		Changes: Answers{syncproto.GroupScope: string(village1), "water": 1}.Values(),
	})
	if err != nil {
		t.Fatal(err)
	}
	r := rec.Record
	if r.Type != "household" || r.Area() != village1 || !r.Alive() || r.VV.Get(o.Actor) != 1 || r.Ops[0].User != "boss" || r.Ops[0].Wall != Now {
		t.Errorf("made %+v", r)
	}
	if n := o.Stats().RecordsKept - kept; n != 1 {
		t.Errorf("%d states kept, want 1", n)
	}
}

func editAnswersStored(t *testing.T, o *office) {
	d := o.enroll(t, "malee", tambon)
	r := d.New(1, village1, nil)
	d.Push(t, r, d.New(2, village1, nil))
	got := o.edit(t, r.ID, Now+70, Answers{"water": 1})
	want := o.record(t, r.ID)
	if got.Seq != want.Seq || got.Updated != want.Updated || !bytes.Equal(got.Raw, want.Raw) || want.Seq != 3 || want.Updated != Now+70 {
		t.Errorf("answered %d at %d, stored %d at %d; want 3 at %d", got.Seq, got.Updated, want.Seq, want.Updated, Now+70)
	}
}

func editCountsOn(t *testing.T, o *office) {
	d := o.enroll(t, "malee", tambon)
	r := d.New(1, village1, nil)
	d.Push(t, r)
	for want := uint64(1); want <= 4; want++ {
		if got := o.edit(t, r.ID, Now, Answers{"water": 1}).Record.VV.Get(o.Actor); got != want {
			t.Fatalf("save %d is counted as %d", want, got)
		}
		o.reopen(t, d)
	}
}

func editUnknown(t *testing.T, o *office) {
	_, err := o.Edit(context.Background(), server.Edit{ID: RecordID(1), Changes: Answers{"water": 1}.Values(), At: Now})
	wantErr(t, "edit", err, server.ErrNotFound)
}

func editWithoutArea(t *testing.T, o *office) {
	d := o.enroll(t, "malee", tambon)
	r := d.New(1, village1, nil)
	d.Push(t, r)
	before := o.snapshot(t)
	_, err := o.Edit(context.Background(), server.Edit{ID: r.ID, Changes: Answers{syncproto.GroupScope: nil}.Values(), At: Now})
	wantErr(t, "edit to nowhere", err, syncproto.ErrNoArea)
	_, err = o.Edit(context.Background(), server.Edit{ID: RecordID(2), Type: "household", At: Now})
	wantErr(t, "new record of nowhere", err, syncproto.ErrNoArea)
	o.wantSame(t, before)
}

func editUnseen(t *testing.T, o *office) {
	d := o.enroll(t, "malee", tambon)
	r := d.New(1, village1, Answers{"water": 1})
	d.Push(t, r)
	seen := o.record(t, r.ID).Record.VV
	d.Push(t, d.Save(r, Answers{"water": 2}))
	before := o.snapshot(t)
	e := server.Edit{ID: r.ID, Seen: seen, Changes: Answers{"water": 3}.Values(), At: Now}
	_, err := o.Edit(context.Background(), e)
	wantErr(t, "an edit of the older state", err, server.ErrConflict)
	o.wantSame(t, before)
	e.Seen = o.record(t, r.ID).Record.VV
	_, err = o.Edit(context.Background(), e)
	wantErr(t, "an edit of the present state", err, nil)
}

func editTravels(t *testing.T, o *office) {
	a, b := o.enroll(t, "malee", tambon), o.enroll(t, "somchai", tambon)
	r := a.New(1, village1, nil)
	a.Push(t, r)
	o.edit(t, r.ID, Now, Answers{"water": 5})
	for _, d := range []*Device{a, b} {
		rows, _ := o.drain(t, d.Actor, tambon, 1)
		wantRows(t, rows, plus(r)...)
		wantValues(t, decode(t, rows[0].Record), "water", int64(5))
	}
}
