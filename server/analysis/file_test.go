package analysis

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"tambonsync/server"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
	"tambonsync/syncproto/survey"
)

// populate makes a few families that have something in every table.
func (o *testOffice) populate() syncproto.RecordID {
	r := o.round("45")
	for i := range 40 {
		h := o.house([]area.Code{village, village2, next, tambon}[i%4], answers{"sick_n": i % 3, "grade": i%3 + 1, "house_code": "12345"})
		o.person(h, village, answers{"age": i * 4, "citizen": "1101700203450"})
		o.person(o.id(), village, nil)
	}
	o.certify(r, village, true)
	return r
}

func TestAFileThatIsOfNoUseIsMadeAnew(t *testing.T) {
	for _, tt := range []struct {
		name  string
		spoil func(t *testing.T, path string)
	}{
		{"no database", func(t *testing.T, path string) {
			must(t, os.WriteFile(path, []byte(strings.Repeat("rubbish ", 2000)), 0o600))
		}},
		{"cut short", func(t *testing.T, path string) { must(t, os.Truncate(path, 5000)) }},
		{"a page overwritten", func(t *testing.T, path string) {
			f, err := os.OpenFile(path, os.O_WRONLY, 0o600)
			must(t, err)
			_, err = f.WriteAt([]byte(strings.Repeat("x", 4096)), 4096)
			must(t, errors.Join(err, f.Close()))
		}},
		{"of another version", func(t *testing.T, path string) {
			a := &Analysis{path: path}
			must(t, a.tryFile(context.Background()))
			_, err := a.write.Exec(`PRAGMA user_version = 1`)
			must(t, errors.Join(err, a.Close()))
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := newOffice(t)
			r := o.populate()
			want := o.summary("45", r)
			must(t, o.a.Close())
			path := filepath.Join(o.dir, FileName)
			tt.spoil(t, path)
			o.a = o.open()
			if lag, err := o.a.Lag(t.Context()); err != nil || lag.Seq == 0 {
				t.Errorf("lag %+v, %v: want that all is read again", lag, err)
			}
			if got := o.summary("45", r); got.Households != want.Households || line(got, 1) != line(want, 1) {
				t.Errorf("got %+v, want %+v", got, want)
			}
			o.check()
		})
	}
}

func TestTheTablesAreKeptOverOpening(t *testing.T) {
	o := newOffice(t)
	r := o.populate()
	o.catchUp()
	must(t, o.a.Close())
	o.a = o.open()
	if lag, err := o.a.Lag(t.Context()); err != nil || lag != (Lag{}) {
		t.Errorf("lag %+v, %v: want none", lag, err)
	}
	if s, err := o.a.Summary(t.Context(), "45", r); err != nil || s.Households.Total != 40 {
		t.Errorf("summary %+v, %v", s.Households, err)
	}
	info, err := os.Stat(filepath.Join(o.dir, FileName))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v; want 0600", info.Mode(), err)
	}
}

func TestCheckFindsWhatIsWrong(t *testing.T) {
	for _, tt := range []struct{ name, spoil, want string }{
		{"a wrong sum", `UPDATE sums SET failed = failed + 1 WHERE area = '45' AND no = 1`, "sums"},
		{"a missing result", `DELETE FROM results WHERE id = (SELECT max(id) FROM results)`, "results"},
		{"a flag too many", `INSERT INTO flags (area, record, code, question, head, round) VALUES ('45', x'00', 'x', '', x'00', x'00')`, "flags"},
		{"a duplicate case that is not there", `DELETE FROM duplicates`, "duplicates"},
		{"a village that is not certified", `DELETE FROM villages`, "villages"},
		{"a count of a village", `UPDATE progress SET open = 9 WHERE area = '4503'`, "progress"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := newOffice(t)
			o.populate()
			o.check()
			if _, err := o.a.write.Exec(tt.spoil); err != nil {
				t.Fatal(err)
			}
			equal, differences, err := o.a.Check(t.Context())
			if err != nil || equal || len(differences) == 0 || !strings.HasPrefix(differences[0], tt.want+" ") {
				t.Fatalf("check: %t, %v, %q; want it to name %s", equal, err, differences, tt.want)
			}
			must(t, o.a.Rebuild(t.Context()))
			o.check()
			left, err := filepath.Glob(filepath.Join(o.dir, "analysis-rebuild-*"))
			if err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

func TestARebuildIsSeenByOtherProcesses(t *testing.T) {
	o := newOffice(t)
	r := o.populate()
	o.catchUp()
	other := o.open()
	if _, err := o.a.write.Exec(`DELETE FROM sums`); err != nil {
		t.Fatal(err)
	}
	if s, err := other.Summary(t.Context(), "45", r); err != nil || line(s, 2) != [6]int{} {
		t.Fatalf("the other process sees %v, %v; want it without sums", line(s, 2), err)
	}
	must(t, o.a.Rebuild(t.Context()))
	s, err := other.Summary(t.Context(), "45", r)
	if err != nil || line(s, 2) != [6]int{40, 0, 40, 0, 0, 0} {
		t.Errorf("the other process sees %v, %v", line(s, 2), err)
	}
	o.house(village2, nil)
	if _, err := other.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s := o.summary("45", r); s.Households.Total != 41 {
		t.Errorf("%d households, want 41", s.Households.Total)
	}
	o.check()
}

// cutOff is a source that ends a context after some calls.
type cutOff struct {
	Source
	left int
	stop context.CancelFunc
}

func (c *cutOff) step() {
	if c.left--; c.left == 0 {
		c.stop()
	}
}

func (c *cutOff) Changes(ctx context.Context, feed area.Code, after uint64, limit int) ([]server.StoredRecord, uint64, error) {
	c.step()
	return c.Source.Changes(ctx, feed, after, min(limit, 17))
}

func (c *cutOff) RecordsOf(ctx context.Context, ids []syncproto.RecordID) ([]server.StoredRecord, error) {
	c.step()
	return c.Source.RecordsOf(ctx, ids)
}

func TestAnInterruptedCatchUpLosesNothing(t *testing.T) {
	o := newOffice(t)
	r := o.populate()
	must(t, o.a.Close())
	for n := 1; ; n++ {
		must(t, removeFile(filepath.Join(o.dir, FileName)))
		ctx, cancel := context.WithCancel(t.Context())
		o.a = o.open()
		source := &cutOff{Source: o.Store, left: n, stop: cancel}
		o.a.src = source
		_, err := o.a.CatchUp(ctx)
		cancel()
		if err == nil {
			break
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("cut off at step %d: %v", n, err)
		}
		if s := o.summary("45", r); s.Households.Total != 40 {
			t.Fatalf("cut off at step %d: %d households, want 40", n, s.Households.Total)
		}
		o.check()
		must(t, o.a.Close())
	}
}

func TestManyCatchUpsAtOnceCountOnce(t *testing.T) {
	o := newOffice(t)
	r := o.round("45")
	var wg sync.WaitGroup
	ctx, stop := context.WithCancel(t.Context())
	for range 3 {
		a := o.open()
		wg.Go(func() {
			a.Run(ctx, nil, time.Millisecond, func(err error) { t.Errorf("run: %v", err) })
		})
	}
	for i := range 60 {
		o.person(o.house([]area.Code{village, next}[i%2], answers{"sick_n": 0}), village, nil)
	}
	o.check() // while the others run
	stop()
	wg.Wait()
	if s := o.summary("45", r); s.Households.Total != 60 || s.Persons != 60 {
		t.Errorf("%+v, %d persons; want 60 each", s.Households, s.Persons)
	}
}

func TestRunHearsAPoke(t *testing.T) {
	o := newOffice(t)
	poke := make(chan struct{})
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { o.a.Run(ctx, poke, time.Hour, func(err error) { t.Errorf("run: %v", err) }) })
	poke <- struct{}{} // heard after the first catch up
	o.house(village, nil)
	poke <- struct{}{}
	poke <- struct{}{} // heard when the second is done
	if lag, err := o.a.Lag(t.Context()); err != nil || lag != (Lag{}) {
		t.Errorf("lag %+v, %v; want none", lag, err)
	}
	stop()
	wg.Wait()
}

func TestARestoredOfficeIsReadAnew(t *testing.T) {
	o := newOffice(t)
	r := o.populate()
	o.catchUp()
	o.a.src = otherLife{o.Store}
	if s := o.summary("45", r); s.Households.Total != 40 || s.AsOfSeq == 0 {
		t.Errorf("%+v", s)
	}
	o.check()
}

// otherLife is an office after a restore.
type otherLife struct{ Source }

func (s otherLife) Office(ctx context.Context) (server.Office, error) {
	o, err := s.Source.Office(ctx)
	o.Epoch[0]++
	return o, err
}

// unreadable is a source one of whose records is damaged on disk.
type unreadable struct {
	Source
	id syncproto.RecordID
}

func (s unreadable) RecordsOf(ctx context.Context, ids []syncproto.RecordID) ([]server.StoredRecord, error) {
	for _, id := range ids {
		if id == s.id {
			return nil, errors.New("damaged")
		}
	}
	return s.Source.RecordsOf(ctx, ids)
}

func TestOneDamagedRecordStopsNobody(t *testing.T) {
	o := newOffice(t)
	r := o.round("45")
	h := o.house(village, nil)
	o.house(village, nil)
	o.a.src = unreadable{o.Store, h}
	if s := o.summary(village, r); s.Households.Total != 2 || s.Households.NotStarted != 1 || s.Households.Ready != 1 {
		t.Errorf("%+v", s.Households)
	}
}

func TestNumbersSurviveATripThroughARecord(t *testing.T) {
	tally := survey.NewTally()
	tally.Add(survey.Judged{State: survey.Approved, Complete: true, Persons: 3, Result: survey.Result{
		Level: 2, Outcomes: []survey.Outcome{{No: 1, Verdict: survey.Fail, Applicable: 3, Failing: 2}, {No: 63, Verdict: survey.NA}},
	}})
	v, err := syncproto.NewValue(survey.Numbers(tally))
	must(t, err)
	back, err := v.Any()
	must(t, err)
	got, ok := survey.ReadNumbers(back)
	if !ok || !sameNumbers(got, tally) || got.States[survey.Approved] != 1 {
		t.Errorf("got %+v, %t; want %+v", got, ok, tally)
	}
	for _, bad := range []any{
		nil, "x",
		map[string]any{},
		map[string]any{"total": -1, "complete": 0, "persons": 0},
		map[string]any{"total": 1.5, "complete": 0, "persons": 0},
		map[string]any{"total": 0, "complete": 0, "persons": 0, "indicators": map[string]any{"1": []any{1}}},
		map[string]any{"total": 0, "complete": 0, "persons": 0, "levels": map[string]any{"-1": 1}},
		map[string]any{"total": 0, "complete": 0, "persons": 0, "states": []any{}},
	} {
		if _, ok := survey.ReadNumbers(bad); ok {
			t.Errorf("%v was read", bad)
		}
	}
}

func TestAResultSurvivesItsRow(t *testing.T) {
	var all []survey.Outcome
	for no := 1; no <= survey.MaxIndicators; no++ {
		o := survey.Outcome{No: no, Verdict: verdicts[no%4]}
		switch o.Verdict {
		case survey.Pass:
			o.Applicable = no * 7 % 500
		case survey.Fail:
			o.Applicable, o.Failing = no*3+1, no%3+1
		}
		all = append(all, o)
	}
	var r result
	r.pack(all)
	for i, got := range r.outcomes() {
		if got.No != all[i].No || got.Verdict != all[i].Verdict || got.Applicable != all[i].Applicable || got.Failing != all[i].Failing {
			t.Errorf("got %+v, want %+v", got, all[i])
		}
	}
}
