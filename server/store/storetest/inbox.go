package storetest

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"tambonsync/server"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

func inboxTests() []test {
	return []test{
		{"a record outside the grants waits in the inbox", outsideWaits},
		{"what waits is not in the store", waitingIsNotStored},
		{"the same record again waits once", waitsOnce},
		{"a newer state replaces the one that waits", newerReplaces},
		{"an older state does not join the newer one that waits", olderIsCovered},
		{"states that have not seen each other wait side by side", concurrentWait},
		{"each device's pushes wait apart", devicesWaitApart},
		{"moving a record out of the grants waits", movingOutWaits},
		{"moving a record into the grants waits", movingInWaits},
		{"what the office has already seen does not wait", seenDoesNotWait},
		{"an accepted record is stored and the next push is already", acceptStores},
		{"an accepted record merges with what came meanwhile", acceptMerges},
		{"an accepted state that the office has seen changes nothing", acceptSeen},
		{"a rejected record says why at the next push", rejectSaysWhy},
		{"a newer state of a rejected record waits again", newerAfterReject},
		{"a second decision is refused", decidedOnce},
		{"unreadable bytes can be rejected but not accepted", unreadableCannotBeAccepted},
		{"the inbox is listed oldest first", inboxListed},
	}
}

func (o *office) wantOneItem(t *testing.T, r syncproto.Record) server.InboxItem {
	t.Helper()
	items := o.inbox(t, false)
	if len(items) != 1 || !bytes.Equal(items[0].Raw, r.Encode()) {
		t.Fatalf("inbox %+v, want only %s as it came", items, r.ID)
	}
	return items[0]
}

func outsideWaits(t *testing.T, o *office) {
	d := o.enroll(t, "malee", tambon)
	d.At = Now + 44
	in, out := d.New(1, village1, nil), d.New(2, farVillage, nil)
	wantCodes(t, d.Push(t, out, in), quarantined, stored)
	got := o.wantOneItem(t, out)
	want := server.InboxItem{
		ID: got.ID, Device: d.ID, Actor: d.Actor, Record: out.ID, Area: farVillage, Reason: "outside_grant",
		Detail: string(farVillage), Raw: got.Raw, ReceivedAt: Now + 44, Status: "open",
	}
	if got.ID == "" || !equalItems(got, want) {
		t.Errorf("item %+v, want %+v", got, want)
	}
	one, err := o.InboxItem(context.Background(), got.ID)
	if err != nil || !equalItems(one, want) {
		t.Errorf("item by id %+v, %v; want %+v", one, err, want)
	}
	devices, err := o.Devices(context.Background())
	if err != nil || len(devices) != 1 || devices[0].Open != 1 {
		t.Errorf("devices %+v, %v; want one with one open item", devices, err)
	}
}

func equalItems(a, b server.InboxItem) bool {
	sameRaw := bytes.Equal(a.Raw, b.Raw)
	a.Raw, b.Raw = nil, nil
	a.Detail, b.Detail = "", "" // for people
	return sameRaw && a.ID == b.ID && a.Device == b.Device && a.Actor == b.Actor && a.Record == b.Record && a.Area == b.Area &&
		a.Reason == b.Reason && a.ReceivedAt == b.ReceivedAt && a.Status == b.Status &&
		a.DecidedBy == b.DecidedBy && a.DecidedAt == b.DecidedAt && a.Why == b.Why
}

func waitingIsNotStored(t *testing.T, o *office) {
	d := o.enroll(t, "malee", tambon)
	r := d.New(1, farVillage, Answers{"water": 1})
	wantCodes(t, d.Push(t, r), quarantined)
	if _, err := o.Record(context.Background(), r.ID); !errors.Is(err, server.ErrNotFound) {
		t.Errorf("record: %v, want %v", err, server.ErrNotFound)
	}
	rows, cur := o.drain(t, syncproto.ActorID{}, farTambon, 0)
	wantRows(t, rows)
	if cur.Seq != 0 || cur.Digest.Count != 0 {
		t.Errorf("cursor %+v, want an empty feed", cur)
	}
}

func waitsOnce(t *testing.T, o *office) {
	d := o.enroll(t, "malee", tambon)
	r := d.New(1, farVillage, nil)
	wantCodes(t, d.Push(t, r, r), quarantined, quarantined)
	before := o.snapshot(t)
	d.At = Now + 5000
	wantCodes(t, d.Push(t, r), quarantined)
	o.wantSame(t, before)
	o.wantOneItem(t, r)
}

func newerReplaces(t *testing.T, o *office) {
	d := o.enroll(t, "malee", tambon)
	r1 := d.New(1, farVillage, Answers{"water": 1})
	r2 := d.Save(r1, Answers{"water": 2})
	other := d.New(2, village1, nil)
	wantCodes(t, d.Push(t, r1), quarantined)
	wantCodes(t, d.Push(t, r2, other), quarantined, stored)
	o.wantOneItem(t, r2)
}

func olderIsCovered(t *testing.T, o *office) {
	d := o.enroll(t, "malee", tambon)
	r1 := d.New(1, farVillage, Answers{"water": 1})
	r2 := d.Save(r1, Answers{"water": 2})
	wantCodes(t, d.Push(t, r2), quarantined)
	before := o.snapshot(t)
	wantCodes(t, d.Push(t, r1), quarantined)
	o.wantSame(t, before)
}

func concurrentWait(t *testing.T, o *office) {
	d, far := o.enroll(t, "malee", tambon), o.enroll(t, "pim", tambon)
	r := far.New(1, farVillage, nil)
	r1, r2 := d.Save(r, Answers{"water": 1}), far.Save(r, Answers{"water": 2})
	wantCodes(t, d.Push(t, r1, r2), quarantined, quarantined)
	if items := o.inbox(t, false); len(items) != 2 {
		t.Fatalf("%d items wait, want 2", len(items))
	}
	wantCodes(t, d.Push(t, syncproto.Merge(r1, r2)), quarantined)
	o.wantOneItem(t, syncproto.Merge(r1, r2))
}

func devicesWaitApart(t *testing.T, o *office) {
	a, b := o.enroll(t, "malee", tambon), o.enroll(t, "somchai", nextTambon)
	r1 := a.New(1, farVillage, nil)
	r2 := b.Save(r1, Answers{"water": 2})
	wantCodes(t, a.Push(t, r1), quarantined)
	wantCodes(t, b.Push(t, r1), quarantined)
	for _, it := range o.inbox(t, false) {
		if it.Device == a.ID {
			o.decide(t, server.Decision{Item: it.ID, By: "boss", Why: "no", At: Now}, nil)
		}
	}
	wantCodes(t, a.Push(t, r1), rejected)
	wantCodes(t, b.Push(t, r1), quarantined)
	wantCodes(t, b.Push(t, r2), quarantined)
	if it := o.wantOneItem(t, r2); it.Device != b.ID {
		t.Errorf("item of device %s, want %s", it.Device, b.ID)
	}
}

func movingOutWaits(t *testing.T, o *office) {
	d := o.enroll(t, "malee", tambon)
	r := d.New(1, village1, nil)
	d.Push(t, r)
	moved := d.Save(r, Answers{syncproto.GroupScope: string(farVillage)})
	wantCodes(t, d.Push(t, moved), quarantined)
	if got := o.record(t, r.ID).Record.Area(); got != village1 {
		t.Errorf("the record moved to %s", got)
	}
	o.wantOneItem(t, moved)
}

func movingInWaits(t *testing.T, o *office) {
	d, owner := o.enroll(t, "malee", tambon), o.enroll(t, "pim", farTambon)
	r := owner.New(1, farVillage, nil)
	owner.Push(t, r)
	moved := d.Save(r, Answers{syncproto.GroupScope: string(village1)})
	wantCodes(t, d.Push(t, moved), quarantined)
	hidden := d.New(1, village1, nil) // claims the id without having seen the record
	wantCodes(t, d.Push(t, hidden), quarantined)
	if got := o.record(t, r.ID).Record.Area(); got != farVillage {
		t.Errorf("the record moved to %s", got)
	}
}

func seenDoesNotWait(t *testing.T, o *office) {
	d, owner := o.enroll(t, "malee", tambon), o.enroll(t, "pim", farTambon)
	r := owner.New(1, farVillage, nil)
	owner.Push(t, r)
	wantCodes(t, d.Push(t, r), already)
	if items := o.inbox(t, true); len(items) != 0 {
		t.Errorf("inbox %+v, want nothing", items)
	}
}

func acceptStores(t *testing.T, o *office) {
	d := o.enroll(t, "malee", tambon)
	r := d.New(1, farVillage, Answers{"water": 1})
	d.Push(t, r)
	item := o.wantOneItem(t, r)
	o.decide(t, server.Decision{Item: item.ID, Accept: true, By: "boss", At: Now + 60}, nil)
	if rec := o.record(t, r.ID); !bytes.Equal(rec.Raw, r.Encode()) || rec.Updated != Now+60 {
		t.Errorf("holds %+v, want the bytes as they came, updated %d", rec, Now+60)
	}
	wantCodes(t, d.Push(t, r), already)
	if st := d.Hello(t); st.Decided != 1 {
		t.Errorf("decided %d, want 1", st.Decided)
	}
	rows, _ := o.drain(t, Actor("pim"), farTambon, 0)
	wantRows(t, rows, plus(r)...)
	got, err := o.InboxItem(context.Background(), item.ID)
	if err != nil || got.Status != "accepted" || got.DecidedBy != "boss" || got.DecidedAt != Now+60 {
		t.Errorf("item %+v, %v", got, err)
	}
	if open := o.inbox(t, false); len(open) != 0 {
		t.Errorf("still waiting: %+v", open)
	}
	if all := o.inbox(t, true); len(all) != 1 {
		t.Errorf("%d items in all, want 1", len(all))
	}
}

func acceptMerges(t *testing.T, o *office) {
	d, owner := o.enroll(t, "malee", tambon), o.enroll(t, "pim", farTambon)
	r := owner.New(1, farVillage, nil)
	owner.Push(t, r)
	mine := d.Save(r, Answers{"water": 1})
	wantCodes(t, d.Push(t, mine), quarantined)
	theirs := owner.Save(r, Answers{"water": 2})
	owner.Push(t, theirs)
	o.decide(t, server.Decision{Item: o.wantOneItem(t, mine).ID, Accept: true, By: "boss", At: Now}, nil)
	if want := syncproto.Merge(mine, theirs).Encode(); !bytes.Equal(o.record(t, r.ID).Raw, want) {
		t.Error("the store does not hold the merge of both")
	}
	o.wantOneCase(t, r.ID, "water", "conflict")
}

func acceptSeen(t *testing.T, o *office) {
	d, owner := o.enroll(t, "malee", tambon), o.enroll(t, "pim", farTambon)
	r := d.New(1, farVillage, nil)
	d.Push(t, r)
	owner.Push(t, owner.Save(r, Answers{"water": 2})) // it came another way
	before := o.record(t, r.ID)
	o.decide(t, server.Decision{Item: o.wantOneItem(t, r).ID, Accept: true, By: "boss", At: Now + 1}, nil)
	if after := o.record(t, r.ID); after.Seq != before.Seq || !bytes.Equal(after.Raw, before.Raw) {
		t.Errorf("the record changed from %v to %v", before, after)
	}
}

func rejectSaysWhy(t *testing.T, o *office) {
	d := o.enroll(t, "malee", tambon)
	r := d.New(1, farVillage, nil)
	d.Push(t, r)
	item := o.wantOneItem(t, r)
	o.decide(t, server.Decision{Item: item.ID, By: "boss", Why: "ไม่ใช่พื้นที่ของเรา", At: Now + 60}, nil)
	got := d.Push(t, r)
	wantCodes(t, got, rejected)
	if got[0].Detail != "ไม่ใช่พื้นที่ของเรา" {
		t.Errorf("detail %q, want the supervisor's words", got[0].Detail)
	}
	if st := d.Hello(t); st.Decided != 1 {
		t.Errorf("decided %d, want 1", st.Decided)
	}
	if _, err := o.Record(context.Background(), r.ID); !errors.Is(err, server.ErrNotFound) {
		t.Errorf("record: %v, want %v", err, server.ErrNotFound)
	}
	kept, err := o.InboxItem(context.Background(), item.ID)
	if err != nil || kept.Status != "rejected" || !bytes.Equal(kept.Raw, r.Encode()) {
		t.Errorf("item %+v, %v; want its bytes kept", kept, err)
	}
}

func newerAfterReject(t *testing.T, o *office) {
	d := o.enroll(t, "malee", tambon)
	r := d.New(1, farVillage, nil)
	d.Push(t, r)
	o.decide(t, server.Decision{Item: o.wantOneItem(t, r).ID, By: "boss", Why: "no", At: Now}, nil)
	r2 := d.Save(r, Answers{"water": 1})
	wantCodes(t, d.Push(t, r2), quarantined)
	o.wantOneItem(t, r2)
}

func decidedOnce(t *testing.T, o *office) {
	d := o.enroll(t, "malee", tambon)
	r1, r2 := d.New(1, farVillage, nil), d.New(2, farVillage, nil)
	d.Push(t, r1, r2)
	for i, it := range o.inbox(t, false) {
		o.decide(t, server.Decision{Item: it.ID, Accept: i == 0, By: "boss", At: Now}, nil)
	}
	for _, it := range o.inbox(t, true) {
		o.decide(t, server.Decision{Item: it.ID, Accept: true, By: "deputy", At: Now}, server.ErrConflict)
		o.decide(t, server.Decision{Item: it.ID, By: "deputy", At: Now}, server.ErrConflict)
	}
	if st := d.Hello(t); st.Decided != 2 {
		t.Errorf("decided %d, want 2", st.Decided)
	}
	if n := len(o.all(t)); n != 1 {
		t.Errorf("%d records stored, want 1", n)
	}
	o.decide(t, server.Decision{Item: "no such item", By: "boss", At: Now}, server.ErrNotFound)
	if _, err := o.InboxItem(context.Background(), "no such item"); !errors.Is(err, server.ErrNotFound) {
		t.Errorf("unknown item: %v, want %v", err, server.ErrNotFound)
	}
}

func unreadableCannotBeAccepted(t *testing.T, o *office) {
	d := o.enroll(t, "malee", tambon)
	chunk := d.Chunk()
	chunk.Records = []server.Incoming{Incoming([]byte{1, 2, 3})}
	if _, err := d.Send(chunk); err != nil {
		t.Fatal(err)
	}
	item := o.inbox(t, false)[0]
	o.decide(t, server.Decision{Item: item.ID, Accept: true, By: "boss", At: Now}, server.ErrConflict)
	if still := o.inbox(t, false); len(still) != 1 || still[0].Status != "open" {
		t.Errorf("inbox %+v, want the item still open", still)
	}
	if st := d.Hello(t); st.Decided != 0 {
		t.Errorf("decided %d, want 0", st.Decided)
	}
	o.decide(t, server.Decision{Item: item.ID, By: "boss", Why: "rubbish", At: Now}, nil)
	got, err := d.Send(chunk)
	if err != nil {
		t.Fatal(err)
	}
	wantCodes(t, got, rejected)
}

func inboxListed(t *testing.T, o *office) {
	d := o.enroll(t, "malee", tambon)
	codes := []area.Code{"46010103", "46010101", "46010102"}
	for i, code := range codes {
		d.At = Now + int64(i)
		d.Push(t, d.New(i+1, code, nil))
	}
	items := o.inbox(t, false)
	if len(items) != 3 {
		t.Fatalf("%d items, want 3", len(items))
	}
	for i, it := range items {
		if it.Area != codes[i] {
			t.Errorf("item %d is of %s, want %s", i, it.Area, codes[i])
		}
	}
	two, err := o.Inbox(context.Background(), true, 2)
	if err != nil || len(two) != 2 || two[0].ID != items[0].ID {
		t.Errorf("two at most: %+v, %v", two, err)
	}
}
