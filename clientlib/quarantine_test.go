package clientlib_test

import (
	"testing"

	"tambonsync/clientlib"
	"tambonsync/syncproto"
)

func TestAPushOutsideTheGrantIsQuarantinedAndDelaysNothing(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a := o.enroll("a", tambon)
	outside := a.household(farAway, "99")
	inside := a.household(village1, "1")
	res := a.calm()
	wantEqual(t, "pushed", res.Pushed, 1)
	wantEqual(t, "quarantined", res.Quarantined, 1)
	wantEqual(t, "unsent", res.Unsent, 1)
	wantEqual(t, "what the device says of it", a.item(outside).Held, string(syncproto.ResultQuarantined))
	if a.item(outside).Sent || !a.item(inside).Sent {
		t.Error("want the one outside unsent and the other one sent")
	}
	waiting := o.waiting()
	if len(waiting) != 1 || waiting[0].Record != outside || waiting[0].Area != farAway || waiting[0].Reason != "outside_grant" {
		t.Fatalf("inbox: %+v", waiting)
	}

	a.way.clear()
	a.calm()
	wantEqual(t, "requests while it waits", a.way.paths(), []string{"hello", "pull"})
	later := a.household(village1, "2")
	a.calm()
	wantEqual(t, "an answer given later", o.answers(later), map[string]any{"house_no": "2"})
}

func TestAnAcceptedRecordIsSentAndLeavesTheDeviceThatMayNotSeeIt(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a, b := o.enroll("a", tambon), o.enroll("b", elsewhere)
	id := a.household(farAway, "99")
	a.calm()
	o.decide(o.waiting()[0].ID, true, "")
	res := a.calm()
	wantEqual(t, "unsent", res.Unsent, 0)
	wantEqual(t, "evicted", res.Evicted, 1)
	if a.holds(id) {
		t.Error("the device still holds a record outside its areas")
	}
	b.calm()
	wantEqual(t, "the device of that area", b.answers(id), map[string]any{"house_no": "99"})
	wantLevel(o, a, b)
}

func TestAnAcceptedRecordStaysWhereItHasBecomeGranted(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a := o.enroll("a", tambon)
	id := a.household(farAway, "99")
	a.calm()
	o.grant(a, tambon, elsewhere)
	res := a.calm()
	wantEqual(t, "pushed once the area is granted", res.Pushed, 1)
	wantEqual(t, "unsent", res.Unsent, 0)
	o.decide(o.waiting()[0].ID, true, "") // which changes nothing any more
	a.calm()
	wantEqual(t, "answers", a.answers(id), map[string]any{"house_no": "99"})
	wantLevel(o, a)
}

func TestARejectedRecordStaysOnTheDeviceAndTheOfficerIsTold(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a := o.enroll("a", tambon)
	id := a.household(farAway, "99")
	a.calm()
	o.decide(o.waiting()[0].ID, false, "ไม่ใช่พื้นที่ของเรา")
	res := a.calm()
	wantEqual(t, "rejected", res.Rejected, 1)
	wantEqual(t, "quarantined", res.Quarantined, 0)
	wantEqual(t, "unsent", res.Unsent, 1)
	it := a.item(id)
	wantEqual(t, "what the device says of it", it.Held, string(syncproto.ResultRejected))
	wantEqual(t, "why", it.Detail, "ไม่ใช่พื้นที่ของเรา")
	a.way.clear()
	a.calm()
	wantEqual(t, "requests after that", a.way.paths(), []string{"hello", "pull"})

	a.answer(id, "house_no", "98") // the officer corrects it: a supervisor looks again
	wantEqual(t, "quarantined", a.calm().Quarantined, 1)
	a.save(clientlib.Edit{ID: id, Area: village2}) // and then moves it to where it belongs
	wantEqual(t, "unsent", a.calm().Unsent, 0)
	wantEqual(t, "the office's answers", o.answers(id), map[string]any{"house_no": "98"})
	wantLevel(o, a)
}

func TestAHouseholdMovedOutOfTheGrantWaitsForASupervisor(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a, b := o.enroll("a", tambon), o.enroll("b", elsewhere)
	h := a.household(village1, "1")
	m := a.save(clientlib.Edit{Type: "member", Parent: h}).ID
	a.calm()
	a.save(clientlib.Edit{ID: h, Area: farAway})
	wantEqual(t, "quarantined", a.calm().Quarantined, 2)
	wantEqual(t, "where the office has it until then", o.record(h).Record.Area(), village1)
	for _, it := range o.waiting() {
		o.decide(it.ID, true, "")
	}
	wantEqual(t, "evicted", a.calm().Evicted, 2)
	b.calm()
	for _, id := range []syncproto.RecordID{h, m} {
		if a.holds(id) || !b.holds(id) {
			t.Errorf("record %s: want it on the device of the new area only", id)
		}
	}
	wantLevel(o, a, b)
}

func TestARecordThatAnotherOfficerMovedAwayWhileItWasEditedWaitsForASupervisor(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a, b := o.enroll("a", tambon), o.enroll("b", amphoe)
	id := a.household(village1, "1")
	settle(a, b)
	b.save(clientlib.Edit{ID: id, Area: farAway})
	b.calm()
	a.answer(id, "happiness", 7)
	res := a.calm()
	wantEqual(t, "quarantined", res.Quarantined, 1)
	wantEqual(t, "evicted", res.Evicted, 0)
	wantEqual(t, "answers on the device", a.answers(id)["happiness"], any(int64(7)))
	o.decide(o.waiting()[0].ID, true, "")
	wantEqual(t, "evicted after the decision", a.calm().Evicted, 1)
	b.calm()
	wantEqual(t, "the answer where the household is now", b.answers(id)["happiness"], any(int64(7)))
	wantEqual(t, "area", o.record(id).Record.Area(), farAway)
	wantLevel(o, a, b)
}
