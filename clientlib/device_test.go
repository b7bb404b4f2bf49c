package clientlib_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"tambonsync/clientlib"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

func TestAnExpiredTokenIsRenewedOnTheWay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		do   func(o *office, a *tablet)
		want []string
	}{
		{
			"both clocks went on", func(o *office, _ *tablet) { o.clock.Advance(16 * time.Minute) },
			[]string{"challenge", "token", "hello", "push", "pull"},
		},
		{"only the office's clock went on", func(o *office, a *tablet) {
			a.stopClock()
			o.clock.Advance(16 * time.Minute)
		}, []string{"hello", "challenge", "token", "hello", "push", "pull"}},
		{
			"the token is of another key, as after a restore", func(o *office, a *tablet) { o.restore(o.backup()) },
			[]string{"hello", "challenge", "token", "hello", "digest", "need", "push", "pull"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			a := o.enroll("a", tambon)
			a.calm()
			a.household(village1, "1")
			c.do(o, a)
			a.way.clear()
			a.calm()
			wantEqual(t, "requests", a.way.paths(), c.want)
			wantLevel(o, a)
		})
	}
}

func TestATokenThatExpiresInTheMiddleOfASyncIsRenewed(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a := o.enroll("a", tambon)
	a.calm()
	a.stopClock()
	a.household(village1, "1")
	a.way.clear()
	a.way.before = func(n int, _ *http.Request) error {
		if n == 2 || n == 6 {
			o.clock.Advance(16 * time.Minute)
		}
		return nil
	}
	a.calm()
	wantEqual(t, "requests", a.way.paths(), []string{"hello", "push", "challenge", "token", "push", "pull", "challenge", "token", "pull"})
	wantLevel(o, a)
}

// stopClock gives the tablet a clock of its own, which shows the same time.
func (d *tablet) stopClock() {
	d.setClock(d.office.clock.Now())
}

// setClock gives the tablet a clock of its own.
func (d *tablet) setClock(now time.Time) {
	d.t.Helper()
	d.close()
	d.clock = &clock{now: now}
	d.open()
}

func TestAClockThatIsYearsWrongLocksNobodyOutAndWinsNothing(t *testing.T) {
	t.Parallel()
	for _, c := range some([]struct {
		name  string
		clock time.Time
	}{
		{"1970", time.Unix(0, 0)},
		{"before 1970", time.Date(1957, 1, 1, 0, 0, 0, 0, time.UTC)},
		{"ten years behind", time.Date(2016, 11, 22, 9, 0, 0, 0, time.UTC)},
		{"ten years ahead", time.Date(2036, 11, 22, 9, 0, 0, 0, time.UTC)},
		{"the year 2569 of the Buddhist era", time.Date(2569, 11, 22, 9, 0, 0, 0, time.UTC)},
	}) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			right := o.enroll("right", tambon)
			wrong := newTablet(t, o, "wrong")
			wrong.setClock(c.clock)
			err := wrong.Enroll(t.Context(), clientlib.Enrollment{Server: o.url, Code: o.invite(tambon), Name: "wrong"})
			if err != nil {
				t.Fatal(err)
			}
			first, second := right.household(village1, "1"), wrong.household(village1, "2")
			settle(right, wrong)
			right.answer(first, "moo", "right")
			wrong.answer(second, "moo", "wrong")
			o.clock.Advance(time.Hour)
			wrong.clock.Advance(time.Hour)
			wrong.answer(first, "moo", "wrong")
			right.answer(second, "moo", "right")
			settle(right, wrong)
			for _, d := range []*tablet{right, wrong} {
				wantEqual(t, d.name+": the later answer by the office's time", d.answers(first)["moo"], any("wrong"))
				wantEqual(t, d.name+": the later answer by the office's time", d.answers(second)["moo"], any("right"))
			}
			if off := wrong.status().ClockOffset + wrong.clock.Now().UnixMilli() - o.clock.Now().UnixMilli(); off < -1000 || off > 1000 {
				t.Errorf("the device misjudges its clock by %d ms", off)
			}
			wantLevel(o, right, wrong)
		})
	}
}

func TestAClockThatJumpsBetweenTwoSyncsHarmsNothing(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a, b := o.enroll("a", tambon), o.enroll("b", tambon)
	a.setClock(o.clock.Now())
	id := a.household(village1, "1")
	a.calm()
	for i, jump := range []time.Duration{-20 * 365 * 24 * time.Hour, 40 * 365 * 24 * time.Hour, -time.Minute, 24 * time.Hour, -9 * time.Minute} {
		a.clock.Advance(jump)
		a.answer(id, "moo", i)
		a.calm()
		wantEqual(t, "unsent", a.status().Unsent, 0)
		b.calm()
		wantEqual(t, "answer", b.answers(id)["moo"], any(int64(i)))
		wantLevel(o, a, b)
	}
}

func TestAClockThatJumpsDuringASyncHarmsNothing(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a := o.enroll("a", tambon)
	a.setClock(o.clock.Now())
	a.calm()
	for range 5 {
		a.household(village1, "1")
	}
	jump := 20 * 365 * 24 * time.Hour
	a.way.before = func(int, *http.Request) error {
		jump = -jump
		a.clock.Advance(jump)
		return nil
	}
	a.calm()
	a.way.clear()
	a.calm()
	wantLevel(o, a)
}

func (o *office) revoke(d *tablet) {
	o.t.Helper()
	if err := o.store.RevokeDevice(o.t.Context(), d.status().Device, o.clock.Now().UnixMilli()); err != nil {
		o.t.Fatal(err)
	}
}

func TestARevokedDeviceKeepsItsWorkAndSendsItWhenItIsEnrolledAgain(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a, b := o.enroll("a", tambon), o.enroll("b", tambon)
	sent := a.household(village1, "1")
	a.calm()
	a.answer(sent, "happiness", 5)
	o.revoke(a)
	for range 2 {
		res, err := a.Sync(t.Context(), nil)
		if !errors.Is(err, clientlib.ErrRevoked) {
			t.Fatalf("got %v, want ErrRevoked", err)
		}
		wantEqual(t, "unsent", res.Unsent, 1)
		wantEqual(t, "pauses", len(a.pauses), 0)
	}
	unsent := a.household(village2, "2") // saving goes on
	device, actor := a.status().Device, a.status().Actor
	if err := a.Enroll(t.Context(), clientlib.Enrollment{Server: o.url, Code: o.invite(tambon), Name: "a again"}); err != nil {
		t.Fatal(err)
	}
	if st := a.status(); st.Device == device || st.Actor == actor {
		t.Error("want a new device with a new actor")
	}
	wantEqual(t, "unsent", a.calm().Unsent, 0)
	wantEqual(t, "answers", o.answers(sent), map[string]any{"house_no": "1", "happiness": int64(5)})
	wantEqual(t, "answers", o.answers(unsent), map[string]any{"house_no": "2"})
	o.wantCases()
	b.calm()
	wantLevel(o, a, b)
}

func TestADeviceThatIsRevokedInTheMiddleOfASyncStops(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"push", "pull"} {
		o := newOffice(t)
		a := o.enroll("a", tambon)
		a.calm()
		a.household(village1, "1")
		done := false
		a.way.before = beforePath(path, func() {
			if !done {
				done = true
				o.revoke(a)
			}
		})
		if _, err := a.Sync(t.Context(), nil); !errors.Is(err, clientlib.ErrRevoked) {
			t.Errorf("%s: got %v, want ErrRevoked", path, err)
		}
		wantHonest(o, a)
	}
}

func TestADeviceEnrolledAgainWithFewerAreasGivesBackTheOthers(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a := o.enroll("a", tambon, elsewhere)
	stays, goes := a.household(village1, "1"), a.household(farAway, "2")
	a.calm()
	unsent := a.household(farAway, "3")
	o.revoke(a)
	if err := a.Enroll(t.Context(), clientlib.Enrollment{Server: o.url, Code: o.invite(tambon), Name: "a"}); err != nil {
		t.Fatal(err)
	}
	res := a.calm()
	wantEqual(t, "evicted", res.Evicted, 1)
	if !a.holds(stays) || a.holds(goes) || !a.holds(unsent) {
		t.Error("want the sent record of the lost area gone, and nothing else")
	}
	wantEqual(t, "quarantined", res.Quarantined, 1)
}

func TestWhatWaitedForASupervisorIsDecidedAfterANewEnrollmentToo(t *testing.T) {
	t.Parallel()
	for _, decided := range []string{"before the new enrollment", "after it"} {
		for _, again := range []string{"the item of the old device", "the item of the new device"} {
			o := newOffice(t)
			a := o.enroll("a", tambon)
			id := a.household(farAway, "1")
			wantEqual(t, "quarantined", a.calm().Quarantined, 1)
			item := o.waiting()[0].ID
			if decided == "before the new enrollment" {
				o.decide(item, true, "")
			}
			o.revoke(a)
			if err := a.Enroll(t.Context(), clientlib.Enrollment{Server: o.url, Code: o.invite(tambon), Name: "a"}); err != nil {
				t.Fatal(err)
			}
			a.calm()
			if decided == "after it" {
				for _, it := range o.waiting() {
					if (it.ID == item) == (again == "the item of the old device") {
						o.decide(it.ID, true, "")
					}
				}
				a.answer(id, "moo", 1) // so that the device pushes again in any case
			}
			a.calm()
			if decided != "after it" {
				wantEqual(t, decided+": unsent", a.status().Unsent, 0)
			}
			wantEqual(t, decided+": house number", o.answers(id)["house_no"], any("1"))
			o.wantCases()
		}
	}
}

func TestAStoreBelongsToOneOffice(t *testing.T) {
	t.Parallel()
	o, other := newOffice(t), newOffice(t)
	a := o.enroll("a", tambon)
	id := a.household(village1, "1")
	err := a.Enroll(t.Context(), clientlib.Enrollment{Server: other.url, Code: other.invite(tambon), Name: "a"})
	if !errors.Is(err, clientlib.ErrInvalid) {
		t.Errorf("got %v, want ErrInvalid", err)
	}
	wantEqual(t, "office", a.status().Office, o.who.ID)
	a.calm()
	wantEqual(t, "answers", o.answers(id), map[string]any{"house_no": "1"})
}

func TestAWrongInvitationIsRefusedWithTheOfficesWords(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	d := newTablet(t, o, "a")
	used := o.invite(tambon)
	if err := newTablet(t, o, "b").Enroll(t.Context(), clientlib.Enrollment{Server: o.url, Code: used, Name: "b"}); err != nil {
		t.Fatal(err)
	}
	for _, code := range []string{used, "ABCD-EFGH", "short", ""} {
		err := d.Enroll(t.Context(), clientlib.Enrollment{Server: o.url, Code: code, Name: "a"})
		var remote *clientlib.RemoteError
		if !errors.As(err, &remote) || remote.DetailTH == "" {
			t.Errorf("code %q: got %v, want the office's refusal", code, err)
			continue
		}
		if code != "" && remote.Code != syncproto.CodeInvitationInvalid {
			t.Errorf("code %q: got %s", code, remote.Code)
		}
	}
	wantEqual(t, "device", d.status().Device, "")
	wantEqual(t, "areas", d.status().Areas, []area.Code(nil))
}

func TestAnEnrollmentWhoseAnswerWasLostIsRepeated(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	d := newTablet(t, o, "a")
	fault := &once{path: "enroll"}
	d.way.after = func(_ int, r *http.Request, a *http.Response) (*http.Response, error) {
		if fault.hits(r) {
			return cutAnswer(a, 20)
		}
		return a, nil
	}
	if err := d.Enroll(t.Context(), clientlib.Enrollment{Server: o.url, Code: o.invite(tambon), Name: "a"}); err != nil {
		t.Fatal(err)
	}
	id := d.household(village1, "1")
	d.calm()
	wantEqual(t, "the office's answers", o.answers(id), map[string]any{"house_no": "1"})
	devices, err := o.store.Devices(t.Context())
	if err != nil || len(devices) != 1 {
		t.Errorf("the office knows %d devices (%v), want one", len(devices), err)
	}
}
