package storetest

import (
	"bytes"
	"context"
	"reflect"
	"testing"

	"tambonsync/server"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

func changeTests() []test {
	return []test{
		{"every feed tells where it stands", feedsStand},
		{"changes come in feed order and once, in their newest state", changesInOrder},
		{"records that left the feed are passed over, and their numbers too", changesPassOver},
		{"changes go on where the last ones ended", changesInParts},
		{"a feed that nobody wrote has no changes", changesOfNothing},
		{"records by id come in the order asked for", recordsByID},
		{"rounds are found among all records", roundsFound},
	}
}

func (o *office) changes(t *testing.T, feed area.Code, after uint64, limit int) ([]server.StoredRecord, uint64) {
	t.Helper()
	recs, last, err := o.Changes(context.Background(), feed, after, limit)
	if err != nil {
		t.Fatal(err)
	}
	return recs, last
}

// wantRecords compares records with the states of the store, by number.
func (o *office) wantRecords(t *testing.T, got []server.StoredRecord, want ...int) {
	t.Helper()
	var ids, wanted []syncproto.RecordID
	for _, r := range got {
		ids = append(ids, r.Record.ID)
		if there := o.record(t, r.Record.ID); !bytes.Equal(r.Raw, there.Raw) || r.Seq != there.Seq || r.Updated != there.Updated {
			t.Errorf("got %+v, want %+v", r, there)
		}
	}
	for _, n := range want {
		wanted = append(wanted, RecordID(n))
	}
	if !reflect.DeepEqual(ids, wanted) {
		t.Fatalf("got %v, want %v", ids, wanted)
	}
}

func feedsStand(t *testing.T, o *office) {
	if got, err := o.Feeds(context.Background()); err != nil || len(got) != 0 {
		t.Errorf("of an empty office: %v, %v", got, err)
	}
	d := o.enroll(t, "malee", "45", "46")
	d.Push(t, d.New(1, village1, nil), d.New(2, village2, nil), d.New(3, farVillage, nil), d.New(4, amphoe, nil))
	got, err := o.Feeds(context.Background())
	want := []syncproto.Feed{{Area: amphoe, Seq: 1}, {Area: tambon, Seq: 2}, {Area: farTambon, Seq: 1}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
}

func changesInOrder(t *testing.T, o *office) {
	d := o.enroll(t, "malee", amphoe)
	r := d.New(1, village1, nil)
	d.Push(t, r, d.New(2, village2, nil), d.New(3, nextVillage, nil))
	d.Push(t, d.Save(r, Answers{"water": 1}))
	gone := d.New(4, tambon, Answers{syncproto.GroupLife: false})
	d.Push(t, gone)
	recs, last := o.changes(t, tambon, 0, 100)
	o.wantRecords(t, recs, 2, 1, 4)
	if last != 4 {
		t.Errorf("last %d, want 4", last)
	}
	recs, last = o.changes(t, tambon, last, 100)
	o.wantRecords(t, recs)
	if last != 4 {
		t.Errorf("last %d after nothing, want 4", last)
	}
}

func changesPassOver(t *testing.T, o *office) {
	d := o.enroll(t, "malee", amphoe)
	r := d.New(1, village1, nil)
	d.Push(t, r, d.New(2, village1, nil))
	d.Push(t, d.Save(r, Answers{syncproto.GroupScope: string(nextVillage)}))
	recs, last := o.changes(t, tambon, 2, 100)
	o.wantRecords(t, recs)
	if last != 3 {
		t.Errorf("last %d, want 3, the number of the leaving", last)
	}
	recs, _ = o.changes(t, nextTambon, 0, 100)
	o.wantRecords(t, recs, 1)
}

func changesInParts(t *testing.T, o *office) {
	d := o.enroll(t, "malee", amphoe)
	d.Push(t, manyNew(d, 1, 7, village1)...)
	d.Push(t, d.Save(o.record(t, RecordID(3)).Record, Answers{syncproto.GroupScope: string(nextVillage)}))
	var all []server.StoredRecord
	var last uint64
	for range 10 {
		recs, next := o.changes(t, tambon, last, 2)
		if len(recs) > 2 {
			t.Fatalf("%d records, at most 2", len(recs))
		}
		all = append(all, recs...)
		if next == last {
			break
		}
		last = next
	}
	o.wantRecords(t, all, 1, 2, 4, 5, 6, 7)
	if last != 8 {
		t.Errorf("last %d, want 8", last)
	}
}

func changesOfNothing(t *testing.T, o *office) {
	if recs, last := o.changes(t, tambon, 5, 10); len(recs) != 0 || last != 5 {
		t.Errorf("%d records up to %d", len(recs), last)
	}
}

func recordsByID(t *testing.T, o *office) {
	d := o.enroll(t, "malee", amphoe)
	d.Push(t, manyNew(d, 1, 5, village1)...)
	got, err := o.RecordsOf(context.Background(), []syncproto.RecordID{RecordID(4), RecordID(77), RecordID(1), RecordID(2)})
	if err != nil {
		t.Fatal(err)
	}
	o.wantRecords(t, got, 4, 1, 2)
	if got, err := o.RecordsOf(context.Background(), nil); err != nil || len(got) != 0 {
		t.Errorf("of no id: %v, %v", got, err)
	}
}

// newRound is a round of an area, as the office opens it.
func newRound(n int, code area.Code) server.Edit {
	e := newEdit(n, Answers{syncproto.GroupScope: string(code), "form": "bmn-2560@1", "areas": []any{string(code)}, "state": "open"})
	e.Type = syncproto.TypeRound
	return e
}

func roundsFound(t *testing.T, o *office) {
	d := o.enroll(t, "malee", tambon)
	d.Push(t, manyNew(d, 10, 3, village1)...)
	if _, err := o.EditMany(context.Background(), []server.Edit{newRound(2, tambon), newRound(1, province)}); err != nil {
		t.Fatal(err)
	}
	o.edit(t, RecordID(1), Now, Answers{syncproto.GroupLife: false})
	got, err := o.Rounds(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	o.wantRecords(t, got, 1, 2)
}
