package storetest

import (
	"testing"

	"tambonsync/server"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

func moveTests() []test {
	return []test{
		{"a record that moves to another tambon leaves the old feed", acrossTambons},
		{"a record that moves between villages leaves the old village only", betweenVillages},
		{"who moved a record within a tambon is not told that it left", moverIsNotTold},
		{"every village that a record left hears of it", everyOldVillage},
		{"a record that comes back leaves no trace of having left", comingBack},
		{"moving back and forth keeps the feed bounded", backAndForth},
		{"moving and changing in one push is one change", moveAndChange},
		{"a record moves between an amphoe and a tambon", betweenLevels},
		{"two moves to different places are a case, filed under the later", twoMoves},
		{"the office moves a record by an edit", officeMoves},
	}
}

func moveTo(d *Device, r syncproto.Record, code area.Code) syncproto.Record {
	return d.Save(r, Answers{syncproto.GroupScope: string(code)})
}

func acrossTambons(t *testing.T, o *office) {
	d, old, next := o.enroll(t, "malee", amphoe), o.enroll(t, "somchai", tambon), o.enroll(t, "pim", nextTambon)
	r, stays := d.New(1, village1, nil), d.New(2, village1, nil)
	d.Push(t, r, stays)
	_, cur := o.drain(t, old.Actor, tambon, 0)
	r = moveTo(d, r, nextVillage)
	wantCodes(t, d.Push(t, r), stored)
	rows, cur := o.drain(t, old.Actor, tambon, cur.Seq)
	wantRows(t, rows, minus(r)...)
	if want := (syncproto.Digest{}).Add(syncproto.HashRecord(stays.Encode())); cur.Digest != want {
		t.Errorf("the old tambon's digest still counts the record: %v, want %v", cur.Digest, want)
	}
	rows, _ = o.drain(t, next.Actor, nextTambon, 0)
	wantRows(t, rows, plus(r)...)
	if got := o.record(t, r.ID); got.Seq != 1 {
		t.Errorf("it is at %d of its new feed, want 1", got.Seq)
	}
}

func betweenVillages(t *testing.T, o *office) {
	d, other := o.enroll(t, "malee", tambon), o.enroll(t, "somchai", tambon)
	r := d.New(1, village1, nil)
	d.Push(t, r)
	r = moveTo(d, r, village2)
	wantCodes(t, d.Push(t, r), stored)
	for _, tt := range []struct {
		name string
		area area.Code
		want []string
	}{
		{"the old village", village1, minus(r)},
		{"the new village", village2, plus(r)},
		{"a third village", village3, nil},
		{"the whole tambon, where it still is", tambon, plus(r)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rows, _ := o.drain(t, other.Actor, tt.area, 1)
			wantRows(t, rows, tt.want...)
		})
	}
}

// A tablet of the whole tambon holds what it moved. Its own push is not echoed
// to it, so it must not be told to drop the record either.
func moverIsNotTold(t *testing.T, o *office) {
	d := o.enroll(t, "malee", tambon)
	r := d.New(1, village1, nil)
	d.Push(t, r)
	r = moveTo(d, r, village2)
	d.Push(t, r)
	rows, cur := o.drain(t, d.Actor, tambon, 0)
	wantRows(t, rows)
	if cur.Seq != 3 {
		t.Errorf("cursor at %d, want 3", cur.Seq)
	}
}

func everyOldVillage(t *testing.T, o *office) {
	d := o.enroll(t, "malee", amphoe)
	r := d.New(1, village1, nil)
	d.Push(t, r)
	for _, code := range []area.Code{village2, village3, nextVillage} {
		r = moveTo(d, r, code)
		d.Push(t, r)
	}
	for _, code := range []area.Code{village1, village2, village3} {
		rows, _ := o.drain(t, Actor("pim"), code, 0)
		wantRows(t, rows, minus(r)...)
	}
	rows, _ := o.drain(t, Actor("pim"), nextVillage, 0)
	wantRows(t, rows, plus(r)...)
}

func comingBack(t *testing.T, o *office) {
	d := o.enroll(t, "malee", amphoe)
	r := d.New(1, village1, nil)
	d.Push(t, r)
	_, cur := o.drain(t, Actor("pim"), tambon, 0)
	r = moveTo(d, r, nextVillage)
	d.Push(t, r)
	r = moveTo(d, r, village1)
	d.Push(t, r)
	rows, _ := o.drain(t, Actor("pim"), tambon, cur.Seq)
	wantRows(t, rows, plus(r)...)
	rows, _ = o.drain(t, Actor("pim"), nextTambon, 0)
	wantRows(t, rows, minus(r)...)
}

func backAndForth(t *testing.T, o *office) {
	d := o.enroll(t, "malee", amphoe)
	r := d.New(1, village1, nil)
	d.Push(t, r)
	for range 10 {
		for _, code := range []area.Code{village2, nextVillage, village1} {
			r = moveTo(d, r, code)
			wantCodes(t, d.Push(t, r), stored)
		}
	}
	before := o.Stats().RowsRead
	rows, _ := o.drain(t, syncproto.ActorID{}, tambon, 0)
	wantRows(t, rows, plus(r)...)
	rows, _ = o.drain(t, syncproto.ActorID{}, nextTambon, 0)
	wantRows(t, rows, minus(r)...)
	if n := o.Stats().RowsRead - before; n > 3 {
		t.Errorf("%d feed rows read for one record that was in three villages", n)
	}
}

func moveAndChange(t *testing.T, o *office) {
	d := o.enroll(t, "malee", amphoe)
	r1 := d.New(1, village1, nil)
	r2 := moveTo(d, r1, village2)
	r3 := d.Save(moveTo(d, r2, nextVillage), Answers{"water": 1})
	d.Push(t, r1)
	wantCodes(t, d.Push(t, r2, r3), stored, stored)
	rows, _ := o.drain(t, Actor("pim"), tambon, 1)
	wantRows(t, rows, minus(r1)...)
	rows, _ = o.drain(t, Actor("pim"), nextTambon, 0)
	wantRows(t, rows, plus(r1)...)
	wantValues(t, o.record(t, r1.ID).Record, "water", int64(1))
}

func betweenLevels(t *testing.T, o *office) {
	d := o.enroll(t, "malee", amphoe)
	r := d.New(1, amphoe, nil)
	d.Push(t, r)
	r = moveTo(d, r, village1)
	wantCodes(t, d.Push(t, r), stored)
	rows, _ := o.drain(t, Actor("pim"), amphoe, 1)
	wantRows(t, rows, minus(r)...)
	rows, _ = o.drain(t, Actor("pim"), tambon, 0)
	wantRows(t, rows, plus(r)...)
	r = moveTo(d, r, amphoe)
	wantCodes(t, d.Push(t, r), stored)
	rows, _ = o.drain(t, Actor("pim"), amphoe, 1)
	wantRows(t, rows, plus(r)...)
	rows, _ = o.drain(t, Actor("pim"), village1, 0)
	wantRows(t, rows, minus(r)...)
}

func twoMoves(t *testing.T, o *office) {
	a, b := o.enroll(t, "malee", amphoe), o.enroll(t, "somchai", amphoe)
	b.Clock = a.Clock + 3_600_000
	r, _ := disagree(t, a, b, 1, village1, Answers{syncproto.GroupScope: string(village2)}, Answers{syncproto.GroupScope: string(nextVillage)})
	c := o.wantOneCase(t, r.ID, syncproto.GroupScope, "conflict")
	if c.Area != nextVillage {
		t.Errorf("the case is filed under %s, want %s", c.Area, nextVillage)
	}
	rows, _ := o.drain(t, Actor("pim"), tambon, 0)
	wantRows(t, rows, append(minus(r), minus(r)...)...) // it left two villages of it
	o.edit(t, r.ID, Now, Answers{syncproto.GroupScope: string(village2)})
	o.wantNoCase(t)
	if got := o.cases(t, server.CaseFilter{Area: tambon, Closed: true}); len(got) != 1 {
		t.Errorf("%d cases of the tambon, want 1: a case is filed where its record is", len(got))
	}
}

func officeMoves(t *testing.T, o *office) {
	d := o.enroll(t, "malee", tambon)
	r := d.New(1, village1, nil)
	d.Push(t, r)
	rec := o.edit(t, r.ID, Now, Answers{syncproto.GroupScope: string(farVillage)}).Record
	rows, _ := o.drain(t, d.Actor, tambon, 1)
	wantRows(t, rows, minus(rec)...)
	rows, _ = o.drain(t, Actor("pim"), farTambon, 0)
	wantRows(t, rows, plus(rec)...)
}
