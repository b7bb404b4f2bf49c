package clientlib_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

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

// answerPush is an office that keeps nothing and says why.
func answerPush(t *testing.T, code syncproto.Result, detail string) func(*http.Request) *http.Response {
	return func(r *http.Request) *http.Response {
		if !strings.HasSuffix(r.URL.Path, "/push") {
			return nil
		}
		body, err := io.ReadAll(r.Body)
		if err == nil && r.Header.Get("Content-Encoding") == "zstd" {
			var d *zstd.Decoder
			if d, err = zstd.NewReader(nil); err == nil {
				defer d.Close()
				body, err = d.DecodeAll(body, nil)
			}
		}
		var req syncproto.PushRequest
		if err == nil {
			err = syncproto.DecodeMessage(body, &req)
		}
		if err != nil {
			t.Error(err)
			return nil
		}
		resp := syncproto.PushResponse{Head: req.Base}
		for range req.Records {
			resp.Results = append(resp.Results, syncproto.PushResult{Code: code, Detail: detail})
		}
		if body, err = syncproto.EncodeMessage(&resp); err != nil {
			t.Error(err)
		}
		return answerWith(&http.Response{}, http.StatusOK, "application/cbor", string(body))
	}
}

func TestWhatTheOfficeCouldNotKeepIsTriedAgainAtTheNextSync(t *testing.T) {
	t.Parallel()
	for _, code := range []syncproto.Result{syncproto.ResultInboxFull, syncproto.ResultStoreError, "a code of a later version"} {
		t.Run(string(code), func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			a := o.enroll("a", tambon)
			a.calm()
			id := a.household(village1, "1")
			a.way.clear()
			a.way.instead = answerPush(t, code, "later")
			res, err := a.Sync(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			wantEqual(t, "unsent", res.Unsent, 1)
			wantEqual(t, "pushes in one sync", strings.Count(strings.Join(a.way.paths(), " "), "push"), 1)
			it := a.item(id)
			wantEqual(t, "what the device says of it", it.Held+": "+it.Detail, string(code)+": later")
			a.way.clear()
			wantEqual(t, "unsent", a.calm().Unsent, 0)
			wantEqual(t, "what the device says of it", a.item(id).Held, "")
			wantLevel(o, a)
		})
	}
}

func TestWhatTheOfficeCannotReadStaysUntilItChanges(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a := o.enroll("a", tambon)
	a.calm()
	id := a.household(village1, "1")
	a.way.instead = answerPush(t, syncproto.ResultInvalid, "not readable")
	wantEqual(t, "invalid", a.sync().Invalid, 1)
	wantEqual(t, "invalid in the status", a.status().Invalid, 1)
	a.way.clear()
	a.sync()
	wantEqual(t, "requests", a.way.paths(), []string{"hello", "pull"})
	wantEqual(t, "invalid", a.status().Invalid, 1)
	a.answer(id, "moo", 1)
	wantEqual(t, "unsent", a.calm().Unsent, 0)
	wantEqual(t, "invalid", a.status().Invalid, 0)
	wantLevel(o, a)
}
