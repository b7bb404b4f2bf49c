package storetest

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"tambonsync/server"
	"tambonsync/syncproto"
)

func copyTests() []test {
	return []test{
		{"two copies of a tablet that answered one question keep both answers", copiesOneRecord},
		{"two copies that wrote different records keep both records", copiesTwoRecords},
		{"all that a copy wrote since it parted is kept", copiesLongApart},
		{"a copy's push again changes nothing", copyPushedAgain},
		{"a copied save in one chunk with its twin is found", copiesInOneChunk},
		{"two offices give a copy's saves the same actor", copiesSameEverywhere},
		{"what another device carries is compared too", copiesCarried},
		{"a copy that saw the outcome and goes on stays readable", copyGoesOn},
		{"a copied store is a case until a person closes it", copiedCase},
		{"a copy's push outside its grants waits and is compared when accepted", copyInInbox},
		{"what the store itself kept is never taken for a copy", ownSavesAreNoCopies},
	}
}

// twins gives a device with one record in the store, and a copy of it.
func twins(t *testing.T, o *office) (d, twin *Device, r syncproto.Record) {
	t.Helper()
	d = o.enroll(t, "malee", tambon)
	r = d.New(1, village1, nil)
	d.Push(t, r)
	return d, d.Copy(), r
}

// pushCopy pushes as a copy does that does not compare heads.
func pushCopy(t *testing.T, d *Device, records ...syncproto.Record) []syncproto.PushResult {
	t.Helper()
	d.Hello(t)
	return d.Push(t, records...)
}

func (o *office) copiedCases(t *testing.T) (out []server.Case) {
	t.Helper()
	for _, c := range o.cases(t, server.CaseFilter{}) {
		if c.Kind == "copied_store" {
			out = append(out, c)
		}
	}
	return out
}

func copiesOneRecord(t *testing.T, o *office) {
	d, twin, r := twins(t, o)
	ra, rb := d.Save(r, Answers{"water": 1}), twin.Save(r, Answers{"water": 2})
	wantCodes(t, d.Push(t, ra), stored)
	wantCodes(t, pushCopy(t, twin, rb), merged)
	rec := o.record(t, r.ID).Record
	if got := values(t, rec, "water"); len(got) != 2 {
		t.Fatalf("water holds %v, want both answers", got)
	}
	if rec.VV.Get(d.Actor) != 2 || len(rec.VV) != 2 {
		t.Errorf("vector %v, want the copy's save under an actor of its own", rec.VV)
	}
	if cases := o.cases(t, server.CaseFilter{Record: r.ID}); len(cases) != 2 {
		t.Errorf("cases %+v, want one about the answers and one about the device", cases)
	}
}

func copiesTwoRecords(t *testing.T, o *office) {
	d, twin, _ := twins(t, o)
	ra, rb := d.New(2, village1, Answers{"water": 1}), twin.New(3, village1, Answers{"water": 2})
	wantCodes(t, d.Push(t, ra), stored)
	wantCodes(t, pushCopy(t, twin, rb), stored)
	wantValues(t, o.record(t, ra.ID).Record, "water", int64(1))
	rec := o.record(t, rb.ID).Record
	wantValues(t, rec, "water", int64(2))
	if rec.Ops[0].Dot.Actor == d.Actor {
		t.Errorf("two records hold the save %s", rec.Ops[0].Dot)
	}
	if cases := o.copiedCases(t); len(cases) != 1 || cases[0].Record != rb.ID {
		t.Errorf("cases %+v, want one on the record of the copy", cases)
	}
	rows, _ := o.drain(t, twin.Actor, tambon, 2)
	wantRows(t, rows, plus(rb)...) // not what it pushed, so it is told
}

func copiesLongApart(t *testing.T, o *office) {
	d, twin, r := twins(t, o)
	ra := d.Save(d.Save(r, Answers{"water": 1}), Answers{"roof": 1})
	rb := twin.Save(twin.Save(twin.Save(r, Answers{"water": 2}), Answers{"roof": 2}), Answers{"toilet": 2})
	d.Push(t, ra)
	wantCodes(t, pushCopy(t, twin, rb), merged)
	rec := o.record(t, r.ID).Record
	for group, want := range map[string]int{"water": 2, "roof": 2, "toilet": 1} {
		if got := values(t, rec, group); len(got) != want {
			t.Errorf("%s holds %v, want %d answers", group, got, want)
		}
	}
}

func copyPushedAgain(t *testing.T, o *office) {
	d, twin, r := twins(t, o)
	ra, rb := d.Save(r, Answers{"water": 1}), twin.Save(r, Answers{"water": 2})
	other := twin.New(2, village1, nil)
	d.Push(t, ra, d.New(3, village1, nil))
	wantCodes(t, pushCopy(t, twin, rb, other), merged, stored)
	for _, c := range o.copiedCases(t) {
		if err := o.CloseCase(context.Background(), c.ID, Now+1); err != nil {
			t.Fatal(err)
		}
	}
	before := o.snapshot(t)
	wantCodes(t, pushCopy(t, twin, rb, other), already, already)
	wantCodes(t, pushCopy(t, d, ra), already)
	o.wantSame(t, before)
}

func copiesInOneChunk(t *testing.T, o *office) {
	d, twin, r := twins(t, o)
	ra, rb := d.Save(r, Answers{"water": 1}), twin.Save(r, Answers{"water": 2})
	wantCodes(t, d.Push(t, ra, rb), stored, merged)
	if got := values(t, o.record(t, r.ID).Record, "water"); len(got) != 2 {
		t.Errorf("water holds %v, want both answers", got)
	}
	one, two := d.New(5, village1, nil), twin.New(6, village1, nil)
	wantCodes(t, d.Push(t, one, two), stored, stored)
	if a, b := o.record(t, one.ID).Record.Ops[0].Dot, o.record(t, two.ID).Record.Ops[0].Dot; a == b {
		t.Errorf("two records hold the save %s", a)
	}
}

func copiesSameEverywhere(t *testing.T, o *office) {
	var raw [][]byte
	for _, in := range []*office{o, o.another(t)} {
		d, twin, r := twins(t, in)
		d.Push(t, d.Save(r, Answers{"water": 1}))
		pushCopy(t, twin, twin.Save(r, Answers{"water": 2}))
		raw = append(raw, in.record(t, r.ID).Raw)
	}
	const want = "5391ab9f5e9ec2f9a7b38f49869644bc" // for good: offices of other versions and databases name it too
	if rec := decode(t, raw[0]); rec.VV[0].Actor.String() != want && rec.VV[1].Actor.String() != want {
		t.Errorf("vector %v, want the actor %s", rec.VV, want)
	}
	if !bytes.Equal(raw[0], raw[1]) {
		t.Errorf("two offices hold\n%x\n%x", raw[0], raw[1])
	}
}

func copiesCarried(t *testing.T, o *office) {
	d, twin, r := twins(t, o)
	carrier := o.enroll(t, "somchai", tambon)
	d.Push(t, d.Save(r, Answers{"water": 1}))
	wantCodes(t, carrier.Push(t, twin.Save(r, Answers{"water": 2})), merged)
	if got := values(t, o.record(t, r.ID).Record, "water"); len(got) != 2 {
		t.Errorf("water holds %v, want both answers", got)
	}
}

// A copy that does not compare heads pulls what became of its save, merges it
// with what it holds, and goes on under its old number.
func copyGoesOn(t *testing.T, o *office) {
	d, twin, _ := twins(t, o)
	d.Push(t, d.New(2, village1, nil))
	mine := twin.New(3, village1, Answers{"water": 2})
	wantCodes(t, pushCopy(t, twin, mine), stored)
	mine = syncproto.Merge(mine, o.record(t, mine.ID).Record)
	wantCodes(t, pushCopy(t, twin, mine), already)
	later := twin.Copy()
	later.Actor, later.Counter = Actor("malee's second"), 0
	mine = later.Save(mine, Answers{"roof": 1})
	pushCopy(t, later, mine)
	rec := decode(t, o.record(t, mine.ID).Raw)
	wantValues(t, rec, "water", int64(2))
	wantValues(t, rec, "roof", int64(1))
}

func copiedCase(t *testing.T, o *office) {
	d, twin, r := twins(t, o)
	d.Push(t, d.Save(r, Answers{"water": 1}))
	pushCopy(t, twin, twin.Save(r, Answers{"water": 2}))
	o.edit(t, r.ID, Now, Answers{"water": 2})
	c := o.wantOneCase(t, r.ID, "_copied", "copied_store")
	if err := o.CloseCase(context.Background(), c.ID, Now+5); err != nil {
		t.Fatal(err)
	}
	o.wantNoCase(t)
	if got, err := o.Case(context.Background(), c.ID); err != nil || got.ClosedAt != Now+5 {
		t.Errorf("case %+v, %v; want it closed at %d", got, err, Now+5)
	}
	if err := o.CloseCase(context.Background(), c.ID, Now+6); !errors.Is(err, server.ErrNotFound) {
		t.Errorf("closed twice: %v, want %v", err, server.ErrNotFound)
	}
}

func copyInInbox(t *testing.T, o *office) {
	d, twin, _ := twins(t, o)
	d.Push(t, d.New(2, village1, nil))
	out := twin.New(3, farVillage, Answers{"water": 2})
	wantCodes(t, pushCopy(t, twin, out), quarantined)
	o.wantNoCase(t)
	o.decide(t, server.Decision{Item: o.wantOneItem(t, out).ID, Accept: true, By: "boss", At: Now}, nil)
	rec := o.record(t, out.ID).Record
	wantValues(t, rec, "water", int64(2))
	if rec.Ops[0].Dot.Actor == d.Actor {
		t.Errorf("two records hold the save %s", rec.Ops[0].Dot)
	}
	wantCodes(t, pushCopy(t, twin, out), already)
}

func ownSavesAreNoCopies(t *testing.T, o *office) {
	a, b := o.enroll(t, "malee", tambon), o.enroll(t, "somchai", tambon)
	r, _ := disagree(t, a, b, 1, village1, Answers{"water": 1}, Answers{"water": 2})
	rec := o.edit(t, r.ID, Now, Answers{"water": 1}).Record
	rec = a.Save(rec, Answers{"roof": 1})
	wantCodes(t, b.Push(t, rec), stored) // b carries a's save of the office's state
	wantCodes(t, a.Push(t, rec), already)
	if cases := o.copiedCases(t); len(cases) > 0 {
		t.Errorf("cases %+v, want none", cases)
	}
}
