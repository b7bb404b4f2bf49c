package clientlib_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tambonsync/clientlib"
	"tambonsync/syncproto"
)

func TestAnAnswerSavedWhileItsRecordIsOnTheWayIsNotCountedAsSent(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"hello", "push", "pull"} {
		for _, when := range []string{"before the office sees the request", "before the answer comes back"} {
			t.Run(path+" "+when, func(t *testing.T) {
				t.Parallel()
				o := newOffice(t)
				a, b := o.enroll("a", tambon), o.enroll("b", tambon)
				id := a.household(village1, "1")
				settle(a, b)
				a.answer(id, "happiness", 1)
				b.answer(id, "moo", 2)
				b.calm()

				fault := &once{path: path}
				save := func(r *http.Request) {
					if fault.hits(r) {
						a.answer(id, "happiness", 3)
						a.answer(id, "income_main", 100)
					}
				}
				if when == "before the office sees the request" {
					a.way.before = func(_ int, r *http.Request) error { save(r); return nil }
				} else {
					a.way.after = func(_ int, r *http.Request, resp *http.Response) (*http.Response, error) {
						save(r)
						wantHonest(o, a)
						return resp, nil
					}
				}
				a.calm() // which takes it along
				wantHonest(o, a)
				wantEqual(t, "unsent", a.status().Unsent, 0)
				b.calm()
				want := map[string]any{"house_no": "1", "happiness": int64(3), "income_main": int64(100), "moo": int64(2)}
				wantEqual(t, "the other device's answers", b.answers(id), want)
				wantEqual(t, "its own answers", a.answers(id), want)
				o.wantCases()
				wantLevel(o, a, b)
			})
		}
	}
}

func TestAnAnswerSavedInTheProgressCallbackIsSentToo(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a, b := o.enroll("a", tambon), o.enroll("b", tambon)
	for i := range 80 {
		a.household(village1, fmt.Sprint(i))
	}
	b.household(village2, "b")
	b.calm()
	saved := 0
	_, err := a.Sync(t.Context(), func(clientlib.Progress) {
		wantHonest(o, a)
		if saved < 3 {
			saved++
			a.household(village2, fmt.Sprint("during ", saved))
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, "unsent", a.status().Unsent, 0)
	b.calm()
	wantEqual(t, "records", b.status().Records, 84)
	wantLevel(o, a, b)
}

func TestSavesFromAnotherGoroutineDuringSyncsAreNeverLost(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a, b := o.enroll("a", tambon), o.enroll("b", tambon)
	var ids []syncproto.RecordID
	for i := range 5 {
		ids = append(ids, a.household(village1, fmt.Sprint(i)))
	}
	settle(a, b)
	var last [5]atomic.Int64
	stop, stopped := make(chan struct{}), make(chan error)
	go func() {
		for n := int64(1); ; n++ {
			select {
			case <-stop:
				stopped <- nil
				return
			default:
			}
			i := n % 5
			if _, err := a.Save(context.Background(), clientlib.Edit{ID: ids[i], Values: map[string]any{"happiness": n}}); err != nil {
				stopped <- err
				return
			}
			last[i].Store(n)
			time.Sleep(time.Millisecond)
		}
	}()
	for range 6 {
		a.sync()
		b.sync()
		wantHonest(o, a)
	}
	close(stop)
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
	settle(a, b)
	for i, id := range ids {
		wantEqual(t, fmt.Sprint("record ", i), b.answers(id)["happiness"], any(last[i].Load()))
	}
	o.wantCases()
	wantLevel(o, a, b)
}

// inParallel runs each and reports the first error.
func inParallel(t *testing.T, do ...func() error) {
	t.Helper()
	var wg sync.WaitGroup
	for _, f := range do {
		wg.Go(func() {
			if err := f(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestTwoProcessesOnOneStoreSaveAndSyncAtOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a, witness := o.enroll("a", tambon), o.enroll("witness", tambon)
	id := a.household(village1, "1")
	a.calm()
	again := a.adopt("a, second process", a.path)
	actor := a.status().Actor
	work := func(d *tablet, name string) func() error {
		return func() error {
			for i := range 20 {
				if _, err := d.Save(context.Background(), clientlib.Edit{Type: "household", Area: village1, Values: map[string]any{"house_no": name + fmt.Sprint(i)}}); err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
				if _, err := d.Save(context.Background(), clientlib.Edit{ID: id, Values: map[string]any{name: i}}); err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
				if i%5 != 4 {
					continue
				}
				if _, err := d.Sync(context.Background(), nil); err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
			}
			return nil
		}
	}
	inParallel(t, work(a, "first"), work(again, "second"))
	wantEqual(t, "actor", a.status().Actor, actor)
	a.calm()
	again.calm()
	witness.calm()
	wantEqual(t, "records", witness.status().Records, 41)
	wantEqual(t, "answers", witness.answers(id), map[string]any{"house_no": "1", "first": int64(19), "second": int64(19)})
	o.wantCases()
	wantLevel(o, a, again, witness)
}

func TestTwoProcessesThatPushTheSameRecordsBothSucceed(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a, witness := o.enroll("a", tambon), o.enroll("witness", tambon)
	for i := range 300 {
		a.household(village1, fmt.Sprint(i))
	}
	a.exec(`UPDATE device SET chunk = 10`)
	again := a.adopt("a, second process", a.path)
	// A slow line: requests overlap, and chunks do not grow.
	slow := func(int, *http.Request) error {
		time.Sleep(5 * time.Millisecond)
		o.clock.Advance(6 * time.Second)
		return nil
	}
	a.way.before, again.way.before = slow, slow
	inParallel(t,
		func() error { _, err := a.Sync(context.Background(), nil); return err },
		func() error { _, err := again.Sync(context.Background(), nil); return err },
	)
	witness.calm()
	wantEqual(t, "records", witness.status().Records, 300)
	wantLevel(o, a, again, witness)
}

func TestManyDevicesSyncAtOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	first := o.enroll("d0", tambon)
	shared := first.household(village1, "shared")
	devices := []*tablet{first}
	for i := range 7 {
		devices = append(devices, o.enroll(fmt.Sprint("d", i+1), tambon))
	}
	settle(devices...)
	var work []func() error
	for i, d := range devices {
		work = append(work, func() error {
			for n := range 3 {
				for range 4 {
					if _, err := d.Save(context.Background(), clientlib.Edit{Type: "household", Area: village2}); err != nil {
						return err
					}
				}
				if _, err := d.Save(context.Background(), clientlib.Edit{ID: shared, Values: map[string]any{fmt.Sprint("by ", i): n}}); err != nil {
					return err
				}
				if res, err := d.Sync(context.Background(), nil); err != nil || res.Repaired != 0 {
					return fmt.Errorf("%s: %+v: %w", d.name, res, err)
				}
			}
			return nil
		})
	}
	inParallel(t, work...)
	settle(devices...)
	wantEqual(t, "answers", len(o.answers(shared)), 1+len(devices))
	wantEqual(t, "records", first.status().Records, 1+len(devices)*12)
	o.wantCases()
	wantLevel(o, devices...)
}
