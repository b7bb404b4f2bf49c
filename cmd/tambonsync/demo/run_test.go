package demo_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net/http/httptest"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"tambonsync/clientlib"
	"tambonsync/cmd/tambonsync/demo"
	"tambonsync/server"
	"tambonsync/server/store"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
	"tambonsync/syncproto/survey"
	"tambonsync/syncproto/view"
)

// office is a real office behind a real HTTP server on the loopback.
type office struct {
	*store.Store
	t   *testing.T
	url string
}

func newOffice(t *testing.T) office {
	t.Helper()
	dir := t.TempDir()
	if err := store.Create(t.Context(), dir, "อำเภอปทุมรัตต์", rand.Reader); err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	openRound(t, st)
	s, err := server.New(t.Context(), server.Config{Store: st, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ts := httptest.NewServer(s.Handler())
	t.Cleanup(func() {
		ts.Close()
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return office{st, t, ts.URL}
}

// openRound opens the demo's round, as the command does before tablets come.
func openRound(t *testing.T, st *store.Store) {
	t.Helper()
	now, round := time.Now().UnixMilli(), demo.Round()
	round.ID = syncproto.NewRecordID(now, [10]byte{}).String()
	edit, err := server.RoundEdit(round, "admin", "open round", now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := st.Edit(t.Context(), edit); err != nil {
		t.Fatal(err)
	}
}

func (o office) invite(officer string, areas ...area.Code) string {
	o.t.Helper()
	who, err := o.Office(o.t.Context())
	if err != nil {
		o.t.Fatal(err)
	}
	ticket, err := server.NewInvitation(who, officer, areas, 0, rand.Reader, time.Now(), o.url)
	if err != nil {
		o.t.Fatal(err)
	}
	if err := o.AddInvitation(o.t.Context(), ticket.Invitation); err != nil {
		o.t.Fatal(err)
	}
	return ticket.Code
}

// seed makes a tambon in whose first 48 households something is wrong on
// purpose.
const seed = 4

// play runs the story with these areas.
func (o office) play(a, b []area.Code, change func(*demo.Options)) (demo.Story, error) {
	o.t.Helper()
	opts := demo.Options{
		Server: o.url, CodeA: o.invite("malee", a...), CodeB: o.invite("somchai", b...),
		Dir: o.t.TempDir(), Seed: seed, Households: 48, App: "test/1",
	}
	if change != nil {
		change(&opts)
	}
	return demo.Run(o.t.Context(), opts)
}

func (o office) mustPlay(a, b []area.Code, change func(*demo.Options)) demo.Story {
	o.t.Helper()
	story, err := o.play(a, b, change)
	if err != nil {
		o.t.Fatal(err)
	}
	return story
}

func (o office) cases() []server.Case {
	o.t.Helper()
	cases, err := o.Cases(o.t.Context(), server.CaseFilter{})
	if err != nil {
		o.t.Fatal(err)
	}
	return cases
}

// TestTheStory plays it once, on part of the tambon, and asks about it.
func TestTheStory(t *testing.T) {
	o := newOffice(t)
	a, b := demo.Grants()
	story := o.mustPlay(a, b, nil)
	for _, tt := range []struct {
		name string
		run  func(*testing.T, office, demo.Story)
	}{
		{"the story tells what the office holds", storyTellsWhatOfficeHolds},
		{"every disagreement is a case at the office", everyDisagreementIsACase},
		{"the office keeps both answers", officeKeepsBothAnswers},
		{"what B enters elsewhere waits in the quarantine", strayWaitsInQuarantine},
		{"the syncs add up", syncsAddUp},
		{"wrong answers arrive as they were given", wrongAnswersArrive},
		{"what was handed in, approved and returned arrives", statesArrive},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.run(t, o, story) })
	}
}

func storyTellsWhatOfficeHolds(t *testing.T, o office, story demo.Story) {
	tb := demo.Generate(seed).Take(48)
	if e := story.Entered; e.Villages != 12 || e.Households != 48 || e.Members != tb.People() {
		t.Errorf("entered %+v, want 12 villages, 48 households, %d people", e, tb.People())
	}
	records, err := o.Records(t.Context(), server.RecordFilter{Deleted: true})
	if err != nil {
		t.Fatal(err)
	}
	if want := story.Entered.Households + story.Entered.Members + story.Offline.NewMembers; len(records) != want {
		t.Errorf("the office holds %d records, want %d", len(records), want)
	}
	if story.Offline.Disagreements != 8 || story.Offline.DeletedAndEdited != 1 || story.Offline.DifferentQuestions == 0 {
		t.Errorf("offline: %+v", story.Offline)
	}
	if story.Different != 0 || story.Same == 0 {
		t.Errorf("%d records are the same on both tablets and %d are not", story.Same, story.Different)
	}
}

func everyDisagreementIsACase(t *testing.T, o office, story demo.Story) {
	var got, want []string
	for _, c := range story.Cases {
		got = append(got, c.Record+" "+c.Group)
	}
	for _, c := range o.cases() {
		want = append(want, c.Record.String()+" "+c.Group)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("cases of the story %v, at the office %v", got, want)
	}
	if n := story.Offline.Disagreements + story.Offline.DeletedAndEdited; len(want) != n {
		t.Errorf("%d cases, want %d", len(want), n)
	}
	for _, s := range []int{3, 4} { // B, and A again
		if story.Syncs[s].Conflicts != len(want) {
			t.Errorf("sync %d of %s tells of %d conflicts, want %d", s, story.Syncs[s].Tablet, story.Syncs[s].Conflicts, len(want))
		}
	}
}

func officeKeepsBothAnswers(t *testing.T, o office, story demo.Story) {
	for _, c := range []*demo.Case{story.Disagreement, story.DeletedAndEdited} {
		if c == nil {
			t.Fatalf("the story lacks an example: %+v", story)
		}
		id, err := syncproto.ParseRecordID(c.Record)
		if err != nil {
			t.Fatal(err)
		}
		rec, err := o.Record(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		answers := view.NewRecordView(rec.Record, survey.Builtin()).Conflicts[c.Group]
		if len(answers) != 2 || len(c.Answers) != 2 {
			t.Fatalf("%s of %s: the office has %v, the story %v, want two answers each", c.Group, c.Record, answers, c.Answers)
		}
		users := []string{answers[0].User, answers[1].User}
		slices.Sort(users)
		if !slices.Equal(users, []string{"malee", "somchai"}) || !reflect.DeepEqual(answers, c.Answers) {
			t.Errorf("%s of %s: the office has %v, the story %v", c.Group, c.Record, answers, c.Answers)
		}
		if !rec.Record.Alive() {
			t.Errorf("%s is shown as deleted", c.Record)
		}
	}
	if story.DeletedAndEdited.Group != syncproto.GroupLife || story.Disagreement.Group != "happiness" {
		t.Errorf("examples of the groups %s and %s", story.DeletedAndEdited.Group, story.Disagreement.Group)
	}
}

func strayWaitsInQuarantine(t *testing.T, o office, story demo.Story) {
	items, err := o.Inbox(t.Context(), false, 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(items) != 1 || items[0].Record.String() != story.Outside.Record || items[0].Area != story.Outside.Area || items[0].Reason != "outside_grant" {
		t.Fatalf("the inbox holds %+v, want one item of %+v", items, story.Outside)
	}
	st := story.Tablets[1]
	if st.Name != "B" || st.Quarantined != 1 || st.Unsent != 1 || st.Device != items[0].Device {
		t.Errorf("tablet B: %+v, want one quarantined and unsent", st)
	}
	if st := story.Tablets[0]; st.Unsent != 0 || st.Quarantined != 0 {
		t.Errorf("tablet A: %+v, want everything sent", st)
	}
}

func syncsAddUp(t *testing.T, o office, story demo.Story) {
	var order []string
	for i, s := range story.Syncs {
		order = append(order, s.Tablet)
		if s.Repaired != 0 || s.Rejected != 0 || s.Invalid != 0 || s.BytesOut == 0 || s.BytesIn == 0 {
			t.Errorf("sync %d: %+v", i, s)
		}
	}
	if !slices.Equal(order, []string{"A", "B", "A", "B", "A"}) {
		t.Fatalf("syncs of %v", order)
	}
	entered := story.Entered.Households + story.Entered.Members
	off := story.Offline
	touched := off.Disagreements + off.SameAnswers + off.DifferentQuestions + off.DeletedAndEdited
	looked := off.Submitted + off.Approved + off.Returned // in a village that is A's alone
	pushed := []int{entered, 0, touched + looked + off.NewMembers/2, touched + off.NewMembers/2, 0}
	for i, want := range pushed {
		if got := story.Syncs[i].Pushed; got != want {
			t.Errorf("sync %d of %s pushed %d records, want %d", i, order[i], got, want)
		}
	}
	if got := story.Syncs[4].Pulled; got != touched+off.NewMembers/2 {
		t.Errorf("the last sync pulled %d records, want %d", got, touched+off.NewMembers/2)
	}
}

func wrongAnswersArrive(t *testing.T, o office, story demo.Story) {
	records, err := o.Records(t.Context(), server.RecordFilter{})
	if err != nil {
		t.Fatal(err)
	}
	flags := 0
	for _, r := range records {
		flags += len(view.NewRecordView(r.Record, survey.Builtin()).Problems)
	}
	if story.Entered.Flagged == 0 || flags != story.Entered.Flagged {
		t.Errorf("the office has %d flagged answers, %d were entered", flags, story.Entered.Flagged)
	}
}

func statesArrive(t *testing.T, o office, story demo.Story) {
	states := map[string]int{}
	for _, r := range o.alive("household") {
		s := r.Record.State()
		states[s.State]++
		if (s.State == syncproto.StateReturned) != (len(s.Comments) > 0) {
			t.Errorf("household %s is %q with the comments %v", r.Record.ID, s.State, s.Comments)
		}
	}
	h := story.Summary.Households
	want := map[string]int{"submitted": h.Submitted, "approved": h.Approved, "returned": h.Returned, "": h.Ready + h.InProgress + h.NotStarted}
	if !maps.Equal(states, want) || h.Submitted == 0 || h.Approved == 0 || h.Returned == 0 {
		t.Errorf("the office has the states %v, the story %v, want some of each", states, want)
	}
}

func TestTheStoryPlaysOnOtherAreas(t *testing.T) {
	villages := func(from, to int) (out []area.Code) {
		a, b := demo.Grants()
		for n := from; n <= to; n++ {
			out = append(out, a[0]+area.Code([]byte{byte('0' + n/10), byte('0' + n%10)}))
		}
		if b[0] != "45030301" {
			t.Fatalf("grants begin at %s", b[0])
		}
		return out
	}
	for _, tt := range []struct {
		name    string
		a, b    []area.Code
		entered int // villages
		outside area.Code
	}{
		{"each has villages of its own", villages(1, 9), villages(4, 12), 12, "45030301"},
		{"both have the tambon", []area.Code{"450303"}, []area.Code{"450303"}, 12, "45030401"},
		{"some villages are nobody's", villages(2, 8), villages(1, 7), 8, "45030308"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := newOffice(t)
			story := o.mustPlay(tt.a, tt.b, nil)
			if story.Entered.Villages != tt.entered || story.Outside.Area != tt.outside {
				t.Errorf("%d villages entered, B astray in %s; want %d, %s", story.Entered.Villages, story.Outside.Area, tt.entered, tt.outside)
			}
			if want := len(o.cases()); len(story.Cases) != want || want != 9 || story.Different != 0 {
				t.Errorf("%d cases in the story, %d at the office, %d records differ; want 9, 9, 0", len(story.Cases), want, story.Different)
			}
		})
	}
}

func TestTooFewSharedHouseholdsAreRefused(t *testing.T) {
	o := newOffice(t)
	_, err := o.play([]area.Code{"45030301"}, []area.Code{"45030302"}, nil)
	if err == nil || !strings.Contains(err.Error(), "areas of both tablets") {
		t.Errorf("two tablets without a common area: %v", err)
	}
}

func TestAStoreThatIsThereIsNotOverwritten(t *testing.T) {
	o := newOffice(t)
	dir := t.TempDir()
	s, err := clientlib.Create(t.Context(), filepath.Join(dir, "B.db"), clientlib.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	a, b := demo.Grants()
	if _, err := o.play(a, b, func(opts *demo.Options) { opts.Dir = dir }); !errors.Is(err, clientlib.ErrExists) {
		t.Errorf("got %v, want %v", err, clientlib.ErrExists)
	}
}

func TestProgressIsTold(t *testing.T) {
	a, b := demo.Grants()
	t.Run("as text, Thai first", func(t *testing.T) {
		var out bytes.Buffer
		newOffice(t).mustPlay(a, b, func(opts *demo.Options) { opts.Out = &out })
		for line := range strings.Lines(out.String()) {
			if th, en, ok := strings.Cut(line, "  |  "); !ok || !strings.ContainsAny(th, "กขคงจชซดตทนบปพมยรลวสหอ") || strings.ContainsAny(en, "กขคงจชซดตทนบปพมยรลวสหอ") {
				t.Errorf("line %q", line)
			}
		}
	})
	t.Run("as JSON, one object a line", func(t *testing.T) {
		var out bytes.Buffer
		story := newOffice(t).mustPlay(a, b, func(opts *demo.Options) { opts.Out, opts.JSON = &out, true })
		steps := map[string]int{}
		for line := range strings.Lines(out.String()) {
			var l struct {
				Step, TH, EN string
				Done, Total  int
			}
			if err := json.Unmarshal([]byte(line), &l); err != nil || l.TH == "" || l.EN == "" || l.Done > l.Total {
				t.Errorf("line %q: %v", line, err)
			}
			steps[l.Step]++
		}
		if steps["enroll"] != 1 || steps["enter"] != 12 || steps["sync"] != len(story.Syncs) || steps["offline"] != 7 {
			t.Errorf("steps told: %v", steps)
		}
	})
}
