package storetest

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"tambonsync/server"
	"tambonsync/syncproto"
)

const (
	stored      = syncproto.ResultStored
	merged      = syncproto.ResultMerged
	already     = syncproto.ResultAlready
	quarantined = syncproto.ResultQuarantined
	rejected    = syncproto.ResultRejected
	invalid     = syncproto.ResultInvalid
)

func pushTests() []test {
	return []test{
		{"a new record is stored as it came", storesAsItCame},
		{"a state that has seen ours replaces it", storesNewer},
		{"a state that we have seen is already here", knowsOlder},
		{"states that have not seen each other are merged", mergesConcurrent},
		{"the same state twice in a chunk is stored once", storesOnceInAChunk},
		{"two saves of a record in one chunk are kept in their order", storesTwoStatesInAChunk},
		{"the same chunk again changes nothing", repeatedChunk},
		{"a merged chunk again changes nothing", repeatedMerge},
		{"a state that differs in nothing that merges settles at once", sameVectorOtherBytes},
		{"an unreadable record stops no other", unreadableRecord},
		{"what was settled is there after reopening", settledStays},
		{"an empty chunk is answered", emptyChunk},
		{"a cancelled push stores nothing", cancelledPush},
		{"a deleted record is kept and travels", deletedRecord},
		{"states that together outgrow the protocol wait in the inbox", outgrowingMerge},
	}
}

func storesAsItCame(t *testing.T, o *office) {
	d := o.enroll(t, "malee", tambon)
	d.At = Now + 5000
	r := d.New(1, village1, Answers{"water": 2, "note": "บ้านเลขที่ ๑๒"})
	got := d.Push(t, r)
	wantCodes(t, got, stored)
	if want := syncproto.HashRecord(r.Encode()); got[0].Hash != want {
		t.Errorf("hash %x, want %x", got[0].Hash, want)
	}
	rec := o.record(t, r.ID)
	if !bytes.Equal(rec.Raw, r.Encode()) {
		t.Errorf("holds %x, want the bytes as they came", rec.Raw)
	}
	if rec.Seq != 1 || rec.Updated != Now+5000 {
		t.Errorf("at %d, updated %d; want 1, %d", rec.Seq, rec.Updated, Now+5000)
	}
	if want := (syncproto.Head{Counter: 1, Hash: r.Ops[0].Hash}); d.Head != want {
		t.Errorf("head %v, want %v", d.Head, want)
	}
	if n := o.Stats().RecordsKept; n != 1 {
		t.Errorf("%d states kept, want 1", n)
	}
}

func storesNewer(t *testing.T, o *office) {
	a, b := o.enroll(t, "malee", tambon), o.enroll(t, "somchai", tambon)
	r := a.New(1, village1, Answers{"water": 1})
	wantCodes(t, a.Push(t, r), stored)
	r2 := b.Save(r, Answers{"water": 2})
	wantCodes(t, b.Push(t, r2), stored)
	rec := o.record(t, r.ID)
	wantValues(t, rec.Record, "water", int64(2))
	if rec.Seq != 2 {
		t.Errorf("at %d, want 2", rec.Seq)
	}
}

func knowsOlder(t *testing.T, o *office) {
	a, b := o.enroll(t, "malee", tambon), o.enroll(t, "somchai", tambon)
	r1 := a.New(1, village1, Answers{"water": 1})
	r2 := a.Save(r1, Answers{"water": 2})
	wantCodes(t, a.Push(t, r2), stored)
	before := o.snapshot(t)
	got := b.Push(t, r1)
	wantCodes(t, got, already)
	if want := syncproto.HashRecord(r2.Encode()); got[0].Hash != want {
		t.Errorf("hash %x, want that of the office's state %x", got[0].Hash, want)
	}
	o.wantSame(t, before)
}

func mergesConcurrent(t *testing.T, o *office) {
	a, b := o.enroll(t, "malee", tambon), o.enroll(t, "somchai", tambon)
	r := a.New(1, village1, nil)
	a.Push(t, r)
	ra, rb := a.Save(r, Answers{"water": 1}), b.Save(r, Answers{"toilet": true})
	wantCodes(t, a.Push(t, ra), stored)
	got := b.Push(t, rb)
	wantCodes(t, got, merged)
	want := syncproto.Merge(ra, rb).Encode()
	rec := o.record(t, r.ID)
	if !bytes.Equal(rec.Raw, want) || got[0].Hash != syncproto.HashRecord(want) {
		t.Errorf("holds %x with hash %x, want the merge %x", rec.Raw, got[0].Hash, want)
	}
}

func storesOnceInAChunk(t *testing.T, o *office) {
	d := o.enroll(t, "malee", tambon)
	r := d.New(1, village1, nil)
	wantCodes(t, d.Push(t, r, r), stored, already)
	if rec := o.record(t, r.ID); rec.Seq != 1 {
		t.Errorf("at %d, want 1", rec.Seq)
	}
}

func storesTwoStatesInAChunk(t *testing.T, o *office) {
	d := o.enroll(t, "malee", tambon)
	r1 := d.New(1, village1, Answers{"water": 1})
	r2 := d.Save(r1, Answers{"water": 2})
	wantCodes(t, d.Push(t, r1, r2), stored, stored)
	wantValues(t, o.record(t, r1.ID).Record, "water", int64(2))
	wantCodes(t, d.Push(t, r2, r1), already, already)
}

func repeatedChunk(t *testing.T, o *office) {
	a, b := o.enroll(t, "malee", tambon), o.enroll(t, "somchai", tambon)
	shared := b.New(1, village1, Answers{"water": 1})
	b.Push(t, shared)
	chunk := a.Chunk(
		a.Save(shared, Answers{"water": 2}), // stored
		a.New(2, village2, nil),             // stored
		a.New(3, farVillage, nil),           // outside
		shared,                              // already
	)
	chunk.Records = append(chunk.Records, Incoming([]byte("no record")))
	got, err := a.Send(chunk)
	if err != nil {
		t.Fatal(err)
	}
	wantCodes(t, got, stored, stored, quarantined, already, invalid)
	before := o.snapshot(t)
	chunk.Base = a.Head // the answer was lost: the device asked with a hello
	if got, err = a.Send(chunk); err != nil {
		t.Fatal(err)
	}
	wantCodes(t, got, already, already, quarantined, already, invalid)
	o.wantSame(t, before)
}

func repeatedMerge(t *testing.T, o *office) {
	a, b := o.enroll(t, "malee", tambon), o.enroll(t, "somchai", tambon)
	r := a.New(1, village1, nil)
	a.Push(t, r)
	ra, rb := a.Save(r, Answers{"water": 1}), b.Save(r, Answers{"water": 2})
	a.Push(t, ra)
	wantCodes(t, b.Push(t, rb), merged)
	before := o.snapshot(t)
	wantCodes(t, b.Push(t, rb), already)
	wantCodes(t, a.Push(t, ra), already)
	wantCodes(t, a.Push(t, r), already)
	o.wantSame(t, before)
}

// Two states may have seen the same saves and yet differ in bytes that no save
// hash covers, such as the program's version. One of them wins for good.
func sameVectorOtherBytes(t *testing.T, o *office) {
	d := o.enroll(t, "malee", tambon)
	r := d.New(1, village1, nil)
	other := r
	other.Ops = []syncproto.Op{r.Ops[0]}
	other.Ops[0].App = "test/2"
	wantCodes(t, d.Push(t, r), stored)
	d.Push(t, other)
	before := o.snapshot(t)
	wantCodes(t, d.Push(t, r), already)
	wantCodes(t, d.Push(t, other), already)
	o.wantSame(t, before)
	if raw := o.record(t, r.ID).Raw; !bytes.Equal(raw, syncproto.Merge(r, other).Encode()) {
		t.Errorf("holds %x, want the merge of both", raw)
	}
}

func unreadableRecord(t *testing.T, o *office) {
	d := o.enroll(t, "malee", tambon)
	r1, r2 := d.New(1, village1, nil), d.New(2, village1, nil)
	nowhere := d.Save(syncproto.Record{ID: RecordID(3), Type: "household"}, nil)
	chunk := d.Chunk(r1, nowhere)
	chunk.Records = append(chunk.Records, Incoming(r1.Encode()[:20]), Incoming(nil), Incoming(r2.Encode()))
	got, err := d.Send(chunk)
	if err != nil {
		t.Fatal(err)
	}
	wantCodes(t, got, stored, invalid, invalid, invalid, stored)
	items := o.inbox(t, false)
	if len(items) != 3 {
		t.Fatalf("%d items wait, want 3", len(items))
	}
	kept := map[string]bool{}
	for i, it := range items {
		if it.Reason != "invalid" || it.Detail == "" || it.Device != d.ID || it.Status != "open" {
			t.Errorf("item %d is %+v", i, it)
		}
		kept[string(it.Raw)] = true
	}
	for _, in := range chunk.Records[1:4] {
		if !kept[string(in.Raw)] {
			t.Errorf("the inbox lacks the bytes %x", in.Raw)
		}
	}
}

func settledStays(t *testing.T, o *office) {
	a, b := o.enroll(t, "malee", tambon), o.enroll(t, "somchai", tambon)
	r := a.New(1, village1, Answers{"water": 1})
	a.Push(t, r)
	b.Push(t, b.Save(syncproto.Record{ID: r.ID, Type: r.Type}, Answers{"water": 2, syncproto.GroupScope: string(village1)}))
	b.Push(t, b.New(2, farVillage, nil))
	before, head := o.snapshot(t), b.Head
	o.reopen(t, a, b)
	before.Kept = 0 // counts begin with the opening
	o.wantSame(t, before)
	if b.Hello(t); b.Head != head {
		t.Errorf("head %v after reopening, want %v", b.Head, head)
	}
}

func emptyChunk(t *testing.T, o *office) {
	d := o.enroll(t, "malee", tambon)
	wantCodes(t, d.Push(t))
}

func cancelledPush(t *testing.T, o *office) {
	d := o.enroll(t, "malee", tambon)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r := d.New(1, village1, nil)
	if _, err := o.Push(ctx, d.Chunk(r)); !errors.Is(err, context.Canceled) {
		t.Fatalf("push: %v, want %v", err, context.Canceled)
	}
	if _, err := o.Record(context.Background(), r.ID); !errors.Is(err, server.ErrNotFound) {
		t.Fatalf("record: %v, want %v", err, server.ErrNotFound)
	}
	wantCodes(t, d.Push(t, r), stored)
}

func deletedRecord(t *testing.T, o *office) {
	a, b := o.enroll(t, "malee", tambon), o.enroll(t, "somchai", tambon)
	r := a.New(1, village1, Answers{"water": 1})
	a.Push(t, r)
	gone := a.Save(r, Answers{syncproto.GroupLife: false})
	wantCodes(t, a.Push(t, gone), stored)
	rows, _ := o.drain(t, b.Actor, tambon, 1)
	wantRows(t, rows, plus(r)...)
	if decode(t, rows[0].Record).Alive() {
		t.Error("the deleted record is alive")
	}
	wantCodes(t, b.Push(t, b.Save(gone, Answers{"water": 3})), stored)
	if !o.record(t, r.ID).Record.Alive() {
		t.Error("an edit after the deletion does not bring it back")
	}
}

// Four notes of 120 kB on either side: no device could read all eight at once.
func outgrowingMerge(t *testing.T, o *office) {
	a, b := o.enroll(t, "malee", tambon), o.enroll(t, "somchai", tambon)
	r := a.New(1, village1, Answers{"water": 1})
	a.Push(t, r)
	mine, theirs := Answers{}, Answers{}
	for _, n := range []string{"1", "2", "3", "4"} {
		mine["a"+n], theirs["b"+n] = strings.Repeat("a", 120_000), strings.Repeat("b", 120_000)
	}
	wantCodes(t, a.Push(t, a.Save(r, mine)), stored)
	wantCodes(t, b.Push(t, b.Save(r, theirs)), invalid)
	if items := o.inbox(t, false); len(items) != 1 || !strings.Contains(items[0].Detail, "limit") {
		t.Errorf("inbox: %d items", len(items))
	}
	if _, err := syncproto.DecodeRecord(o.record(t, r.ID).Raw); err != nil {
		t.Error(err)
	}
}
