package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

func pullTests() []test {
	return []test{
		{"changes come in feed order, each record once", feedOrder},
		{"nothing new is no row", nothingNew},
		{"a chunk holds no more records than asked", chunkRecords},
		{"a chunk is never empty and never over the limit", chunkBounds},
		{"a chunk ends when its bytes are full", chunkBytes},
		{"cursors share the room of one answer", cursorsShare},
		{"a village's cursor sees its village and moves on", villageCursor},
		{"a village's cursor passes hundreds of rows of its neighbours", villageFarBehind},
		{"a cursor of a shorter code sees what is filed there", shorterCursor},
		{"an own push is not echoed", noEcho},
		{"an own push is echoed to a reader without an actor", echoToNobody},
		{"a merged push is echoed", mergedEcho},
		{"an own push that another device went on with is echoed", continuedEcho},
		{"a level cursor brings the digest of its area", levelDigest},
		{"the bytes come as they were pushed", pulledBytes},
	}
}

// manyNew makes n records in the area.
func manyNew(d *Device, first, n int, code area.Code) (out []syncproto.Record) {
	for i := range n {
		out = append(out, d.New(first+i, code, Answers{"water": i % 4}))
	}
	return out
}

func feedOrder(t *testing.T, o *office) {
	d := o.enroll(t, "malee", tambon)
	r := []syncproto.Record{d.New(3, village1, nil), d.New(1, village2, nil), d.New(2, village1, nil)}
	d.Push(t, r...)
	d.Push(t, d.Save(r[0], Answers{"water": 1}))
	rows, cur := o.drain(t, Actor("pim"), tambon, 0)
	wantRows(t, rows, plus(r[1], r[2], r[0])...)
	if cur.Seq != 4 {
		t.Errorf("cursor at %d, want 4", cur.Seq)
	}
	wantValues(t, decode(t, rows[2].Record), "water", int64(1))
	for seq, want := range [][]string{0: plus(r[1], r[2], r[0]), 1: plus(r[1], r[2], r[0]), 2: plus(r[2], r[0]), 3: plus(r[0]), 4: nil} {
		rows, _ := o.drain(t, Actor("pim"), tambon, uint64(seq))
		wantRows(t, rows, want...)
	}
}

func nothingNew(t *testing.T, o *office) {
	d := o.enroll(t, "malee", tambon)
	resp := d.Pull(t, 10, syncproto.Cursor{Area: tambon})
	if c := resp.Cursors[0]; len(resp.Rows) != 0 || !c.Level || c.Seq != 0 || c.Digest != (syncproto.Digest{}) {
		t.Errorf("an empty feed answers %+v", resp)
	}
	o.enroll(t, "pim", tambon).Push(t, d.New(1, village1, nil))
	resp = d.Pull(t, 10, syncproto.Cursor{Area: tambon, Seq: 1})
	if c := resp.Cursors[0]; len(resp.Rows) != 0 || !c.Level || c.Seq != 1 || c.Digest.Count != 1 {
		t.Errorf("a level feed answers %+v", resp)
	}
	resp = d.Pull(t, 10)
	if len(resp.Rows) != 0 {
		t.Errorf("no cursor answers %+v", resp)
	}
}

func chunkRecords(t *testing.T, o *office) {
	d, reader := o.enroll(t, "malee", tambon), o.enroll(t, "pim", tambon)
	records := manyNew(d, 1, 7, village1)
	d.Push(t, records...)
	var got []string
	cur := syncproto.Cursor{Area: tambon}
	for i, want := range []int{3, 3, 1} {
		resp := reader.Pull(t, 3, cur)
		if len(resp.Rows) != want || resp.Cursors[0].Level != (i == 2) {
			t.Fatalf("chunk %d: %d rows, level %v; want %d", i, len(resp.Rows), resp.Cursors[0].Level, want)
		}
		got = append(got, describe(t, resp.Rows)...)
		cur.Seq = resp.Cursors[0].Seq
	}
	if !slices.Equal(got, plus(records...)) {
		t.Errorf("pulled %v, want %v", got, plus(records...))
	}
}

func chunkBounds(t *testing.T, o *office) {
	d, reader := o.enroll(t, "malee", tambon), o.enroll(t, "pim", tambon)
	d.Push(t, manyNew(d, 1, syncproto.MaxChunkRecords+1, village1)...)
	if n := len(reader.Pull(t, 0, syncproto.Cursor{Area: tambon}).Rows); n != syncproto.MinChunkRecords {
		t.Errorf("asked for none: %d rows, want %d", n, syncproto.MinChunkRecords)
	}
	resp := reader.Pull(t, 1_000_000, syncproto.Cursor{Area: tambon})
	if len(resp.Rows) != syncproto.MaxChunkRecords || resp.Cursors[0].Level {
		t.Errorf("asked for a million: %d rows, level %v; want %d", len(resp.Rows), resp.Cursors[0].Level, syncproto.MaxChunkRecords)
	}
}

func chunkBytes(t *testing.T, o *office) {
	d, reader := o.enroll(t, "malee", tambon), o.enroll(t, "pim", tambon)
	var big []syncproto.Record
	for i := range 10 {
		answers := Answers{}
		for q := range 3 {
			answers[fmt.Sprintf("note%d", q)] = strings.Repeat("ก", 30_000)
		}
		big = append(big, d.New(i, village1, answers))
	}
	d.Push(t, big...)
	one := len(big[0].Encode())
	resp := reader.Pull(t, 100, syncproto.Cursor{Area: tambon})
	size := 0
	for _, r := range resp.Rows {
		size += len(r.Record)
	}
	if size-one >= syncproto.ChunkBytes || size+one < syncproto.ChunkBytes || resp.Cursors[0].Level {
		t.Errorf("a chunk of %d bytes in %d rows, level %v; the limit is %d", size, len(resp.Rows), resp.Cursors[0].Level, syncproto.ChunkBytes)
	}
	rows, _ := o.drain(t, reader.Actor, tambon, resp.Cursors[0].Seq)
	if len(resp.Rows)+len(rows) != len(big) {
		t.Errorf("%d and %d rows, want %d in all", len(resp.Rows), len(rows), len(big))
	}
}

func cursorsShare(t *testing.T, o *office) {
	d, reader := o.enroll(t, "malee", "45", "46"), o.enroll(t, "pim", "45", "46")
	near, far := manyNew(d, 1, 3, village1), manyNew(d, 11, 3, farVillage)
	d.Push(t, near...)
	d.Push(t, far...)
	resp := reader.Pull(t, 4, syncproto.Cursor{Area: tambon}, syncproto.Cursor{Area: farTambon})
	wantRows(t, resp.Rows, append(plus(near...), plus(far[0])...)...)
	for i, row := range resp.Rows {
		if want := i / 3; row.Feed != want {
			t.Errorf("row %d is of cursor %d, want %d", i, row.Feed, want)
		}
	}
	if a, b := resp.Cursors[0], resp.Cursors[1]; !a.Level || b.Level || a.Seq != 3 || b.Seq != 1 {
		t.Errorf("cursors %+v", resp.Cursors)
	}
	resp = reader.Pull(t, 3, syncproto.Cursor{Area: tambon}, syncproto.Cursor{Area: farTambon, Seq: 1})
	wantRows(t, resp.Rows, plus(near...)...)
	if b := resp.Cursors[1]; b.Level || b.Seq != 1 {
		t.Errorf("a cursor without room became %+v", b)
	}
	resp = reader.Pull(t, 3, syncproto.Cursor{Area: farTambon, Seq: 1}, syncproto.Cursor{Area: tambon, Seq: 3})
	wantRows(t, resp.Rows, plus(far[1:]...)...)
	if a, b := resp.Cursors[0], resp.Cursors[1]; !a.Level || !b.Level {
		t.Errorf("cursors %+v, want both level", resp.Cursors)
	}
}

func villageCursor(t *testing.T, o *office) {
	d, reader := o.enroll(t, "malee", tambon), o.enroll(t, "pim", village2)
	r := []syncproto.Record{d.New(1, village1, nil), d.New(2, village2, nil), d.New(3, village1, nil), d.New(4, tambon, nil)}
	d.Push(t, r...)
	rows, cur := o.drain(t, reader.Actor, village2, 0)
	wantRows(t, rows, plus(r[1])...)
	if cur.Seq != 4 {
		t.Errorf("cursor at %d, want 4: past the neighbours' rows", cur.Seq)
	}
	if want := (syncproto.Digest{}).Add(syncproto.HashRecord(r[1].Encode())); cur.Digest != want {
		t.Errorf("digest %v, want that of the village %v", cur.Digest, want)
	}
	rows, _ = o.drain(t, reader.Actor, tambon, 0)
	wantRows(t, rows, plus(r...)...)
}

func villageFarBehind(t *testing.T, o *office) {
	d := o.enroll(t, "malee", tambon)
	d.Push(t, manyNew(d, 1, 700, village1)...)
	last := d.New(900, village2, nil)
	d.Push(t, last)
	rows, cur := o.drain(t, Actor("pim"), village2, 0)
	wantRows(t, rows, plus(last)...)
	if cur.Seq != 701 {
		t.Errorf("cursor at %d, want 701", cur.Seq)
	}
}

func shorterCursor(t *testing.T, o *office) {
	d := o.enroll(t, "malee", province)
	r := []syncproto.Record{d.New(1, province, nil), d.New(2, amphoe, nil), d.New(3, tambon, nil), d.New(4, village1, nil)}
	d.Push(t, r...)
	for i, tt := range []struct {
		code area.Code
		want []string
	}{
		{province, plus(r[0])},
		{amphoe, plus(r[1])},
		{tambon, plus(r[2], r[3])},
		{village1, plus(r[3])},
	} {
		rows, cur := o.drain(t, Actor("pim"), tt.code, 0)
		wantRows(t, rows, tt.want...)
		if int(cur.Digest.Count) != len(tt.want) {
			t.Errorf("digest of %s counts %d, want %d", tt.code, cur.Digest.Count, len(tt.want))
		}
		if got, want := o.record(t, r[i].ID).Seq, []uint64{1, 1, 1, 2}[i]; got != want {
			t.Errorf("record of %s at %d, want %d: each is a feed of its own", tt.code, got, want)
		}
	}
}

func noEcho(t *testing.T, o *office) {
	a, b := o.enroll(t, "malee", tambon), o.enroll(t, "somchai", tambon)
	ra, rb := a.New(1, village1, nil), b.New(2, village1, nil)
	a.Push(t, ra)
	b.Push(t, rb)
	rows, cur := o.drain(t, a.Actor, tambon, 0)
	wantRows(t, rows, plus(rb)...)
	if cur.Seq != 2 || cur.Digest.Count != 2 {
		t.Errorf("cursor %+v, want it past both", cur)
	}
	a.Push(t, a.Save(ra, Answers{"water": 1}))
	rows, _ = o.drain(t, a.Actor, tambon, cur.Seq)
	wantRows(t, rows)
	rows, _ = o.drain(t, b.Actor, tambon, cur.Seq)
	wantRows(t, rows, plus(ra)...)
}

func echoToNobody(t *testing.T, o *office) {
	d := o.enroll(t, "malee", tambon)
	r := d.New(1, village1, nil)
	d.Push(t, r)
	rows, _ := o.drain(t, syncproto.ActorID{}, tambon, 0)
	wantRows(t, rows, plus(r)...)
}

func mergedEcho(t *testing.T, o *office) {
	a, b := o.enroll(t, "malee", tambon), o.enroll(t, "somchai", tambon)
	r, _ := disagree(t, a, b, 1, village1, Answers{"water": 1}, Answers{"toilet": true})
	for _, d := range []*Device{a, b} {
		rows, _ := o.drain(t, d.Actor, tambon, 0)
		wantRows(t, rows, plus(r)...)
		wantValues(t, decode(t, rows[0].Record), "water", int64(1))
		wantValues(t, decode(t, rows[0].Record), "toilet", true)
	}
}

func continuedEcho(t *testing.T, o *office) {
	a, b := o.enroll(t, "malee", tambon), o.enroll(t, "somchai", tambon)
	r := a.New(1, village1, nil)
	a.Push(t, r)
	next := b.Save(r, Answers{"water": 1})
	b.Push(t, next)
	rows, _ := o.drain(t, a.Actor, tambon, 1)
	wantRows(t, rows, plus(next)...)
	o.edit(t, r.ID, Now, Answers{"water": 2})
	for _, d := range []*Device{a, b} {
		rows, _ = o.drain(t, d.Actor, tambon, 2)
		wantRows(t, rows, plus(next)...)
	}
}

func levelDigest(t *testing.T, o *office) {
	d, reader := o.enroll(t, "malee", amphoe), o.enroll(t, "pim", amphoe)
	one, two, next := manyNew(d, 1, 3, village1), manyNew(d, 11, 2, village2), manyNew(d, 21, 4, nextVillage)
	d.Push(t, slices.Concat(one, two, next)...)
	for _, tt := range []struct {
		code area.Code
		want []syncproto.Record
	}{
		{village1, one}, {village2, two}, {village3, nil}, {tambon, slices.Concat(one, two)}, {nextTambon, next}, {nextVillage, next}, {amphoe, nil},
	} {
		var want syncproto.Digest
		for _, r := range tt.want {
			want = want.Add(syncproto.HashRecord(r.Encode()))
		}
		_, cur := o.drain(t, reader.Actor, tt.code, 0)
		if cur.Digest != want {
			t.Errorf("digest of %s is %v, want %v", tt.code, cur.Digest, want)
		}
		if leaves := sumLeaves(o.digest(t, tt.code)); leaves != want {
			t.Errorf("leaves of %s sum to %v, want %v", tt.code, leaves, want)
		}
	}
	resp := reader.Pull(t, 2, syncproto.Cursor{Area: tambon})
	if c := resp.Cursors[0]; c.Level || c.Digest != (syncproto.Digest{}) {
		t.Errorf("a cursor that is not level brings %v", c.Digest)
	}
}

func pulledBytes(t *testing.T, o *office) {
	d := o.enroll(t, "malee", tambon)
	r := d.New(1, village1, Answers{"unknown_question": map[string]any{"x": []any{1, "ข", nil, 2.5}}})
	d.Push(t, r)
	rows, _ := o.drain(t, Actor("pim"), tambon, 0)
	if got, want := string(rows[0].Record), string(r.Encode()); got != want {
		t.Errorf("pulled %x, want %x", got, want)
	}
}
