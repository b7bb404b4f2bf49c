package analysis

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"tambonsync/server"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
	"tambonsync/syncproto/survey"
)

// state is what a scenario is judged by.
type state struct {
	total, persons, unassigned int
	one                        [6]int // indicator 1
	orphans                    string // why, by id
	flags                      string // code of every flag, sorted
	duplicates                 string // kind and records, sorted
}

func (o *testOffice) state(code area.Code, round syncproto.RecordID) (s state) {
	o.t.Helper()
	sum := o.summary(code, round)
	s = state{total: sum.Households.Total, persons: sum.Persons, unassigned: sum.Unassigned, one: line(sum, 1)}
	ctx := context.Background()
	orphans, err := o.a.Orphans(ctx, OrphanFilter{})
	must(o.t, err)
	var words []string
	for _, x := range orphans {
		words = append(words, x.Why)
	}
	s.orphans = strings.Join(words, " ")
	flags, err := o.a.Flags(ctx, FlagFilter{})
	must(o.t, err)
	words = nil
	for _, x := range flags {
		words = append(words, strings.TrimSpace(x.Code+" "+x.Question))
	}
	slices.Sort(words)
	s.flags = strings.Join(words, ", ")
	duplicates, err := o.a.Duplicates(ctx, DuplicateFilter{})
	must(o.t, err)
	words = nil
	for _, x := range duplicates {
		words = append(words, fmt.Sprintf("%s %d", x.Kind, len(x.Records)))
	}
	slices.Sort(words)
	s.duplicates = strings.Join(words, ", ")
	return s
}

func TestWhatFollowsFromRecords(t *testing.T) {
	well := [6]int{1, 0, 1, 0, 0, 0}
	nobody := [6]int{0, 0, 0, 0, 0, 1}
	for _, tt := range []struct {
		name string
		do   func(o *testOffice) (area.Code, syncproto.RecordID)
		want state
	}{
		{"a household with one well adult", func(o *testOffice) (area.Code, syncproto.RecordID) {
			r := o.round("45")
			o.person(o.house(village, answers{"sick_n": 0}), village, nil)
			return village, r
		}, state{total: 1, persons: 1, one: well}},
		{"a household without a roster", func(o *testOffice) (area.Code, syncproto.RecordID) {
			r := o.round("45")
			o.house(village, answers{"sick_n": 0})
			return village, r
		}, state{total: 1, one: nobody}},
		{"a member that arrives after its household was counted", func(o *testOffice) (area.Code, syncproto.RecordID) {
			r := o.round("45")
			h := o.house(village, answers{"sick_n": 0})
			o.catchUp()
			o.person(h, village, nil)
			return "45", r
		}, state{total: 1, persons: 1, one: well}},
		{"a household that arrives after its member", func(o *testOffice) (area.Code, syncproto.RecordID) {
			r := o.round("45")
			h := o.id()
			o.person(h, next, nil)
			o.catchUp()
			o.save(h, "house", answers{"_scope": string(village), "water": true, "grade": 2, "sick_n": 1})
			return village, r
		}, state{total: 1, persons: 1, one: [6]int{1, 1, 0, 1, 0, 0}}},
		{"a member whose household never came", func(o *testOffice) (area.Code, syncproto.RecordID) {
			r := o.round("45")
			o.person(o.id(), village, nil)
			return village, r
		}, state{orphans: WhyMissing}},
		{"a member without a household", func(o *testOffice) (area.Code, syncproto.RecordID) {
			r := o.round("45")
			o.save(o.id(), "person", answers{"_scope": string(village), "citizen": "1101700203450"})
			return village, r
		}, state{orphans: WhyNoParent}},
		{"a member under a member", func(o *testOffice) (area.Code, syncproto.RecordID) {
			r := o.round("45")
			p := o.person(o.house(village, answers{"sick_n": 0}), village, nil)
			o.person(p, village, nil)
			return village, r
		}, state{total: 1, persons: 1, one: well, orphans: WhyWrongType}},
		{"a deleted household leaves orphans", func(o *testOffice) (area.Code, syncproto.RecordID) {
			r := o.round("45")
			h := o.house(village, nil)
			p := o.person(h, village, nil)
			o.save(o.id(), "tooth", answers{"_scope": string(village), "_parent": p, "sound": true})
			o.catchUp()
			o.change(h, answers{"_life": false})
			return village, r
		}, state{orphans: WhyDeleted}},
		{"a household deleted and brought back", func(o *testOffice) (area.Code, syncproto.RecordID) {
			r := o.round("45")
			h := o.house(village, answers{"sick_n": 0})
			o.person(h, village, nil)
			o.change(h, answers{"_life": false})
			o.catchUp()
			o.change(h, nil)
			return village, r
		}, state{total: 1, persons: 1, one: well}},
		{"a member that moves to another household", func(o *testOffice) (area.Code, syncproto.RecordID) {
			r := o.round("45")
			h, other := o.house(village, answers{"sick_n": 0}), o.house(next, answers{"sick_n": 0})
			p := o.person(h, village, nil)
			o.catchUp()
			o.change(p, answers{"_parent": other, "_scope": string(next)})
			return next, r
		}, state{total: 1, persons: 1, one: well}},
		{"a household that moves to another province", func(o *testOffice) (area.Code, syncproto.RecordID) {
			o.round("45")
			r := o.round("46")
			h := o.house(village, answers{"sick_n": 0})
			o.person(h, village, nil)
			o.catchUp()
			o.change(h, answers{"_scope": string(far)})
			return far, r
		}, state{total: 1, persons: 1, one: well}},
		{"a merged household counts no more, its members count under the other", func(o *testOffice) (area.Code, syncproto.RecordID) {
			r := o.round("45")
			h, double := o.house(village, answers{"sick_n": 0}), o.house(village2, nil)
			o.person(double, village2, nil)
			o.catchUp()
			o.change(double, answers{"_merged_into": h})
			return tambon, r
		}, state{total: 1, persons: 1, one: well}},
		{"a merge taken back", func(o *testOffice) (area.Code, syncproto.RecordID) {
			r := o.round("45")
			h, double := o.house(village, nil), o.house(village2, answers{"sick_n": 0})
			o.person(double, village2, nil)
			o.change(double, answers{"_merged_into": h})
			o.catchUp()
			o.change(double, answers{"_merged_into": nil})
			return village2, r
		}, state{total: 1, persons: 1, one: well}},
		{"merges in a chain, the last link first", func(o *testOffice) (area.Code, syncproto.RecordID) {
			r := o.round("45")
			a, b, c := o.house(village, answers{"sick_n": 0}), o.house(village, nil), o.house(village, nil)
			o.person(c, village, nil)
			o.change(c, answers{"_merged_into": b})
			o.catchUp()
			o.change(b, answers{"_merged_into": a})
			return village, r
		}, state{total: 1, persons: 1, one: well}},
		{"two offices merged two households into each other: the smaller id stands", func(o *testOffice) (area.Code, syncproto.RecordID) {
			r := o.round("45")
			a, b := o.house(village, answers{"sick_n": 0}), o.house(village2, nil)
			o.person(b, village2, nil)
			o.change(b, answers{"_merged_into": a})
			o.catchUp()
			o.change(a, answers{"_merged_into": b})
			return village, r
		}, state{total: 1, persons: 1, one: well}},
		{"two merged into each other, and the larger set free: it stands for the smaller", func(o *testOffice) (area.Code, syncproto.RecordID) {
			r := o.round("45")
			a, b := o.house(village, answers{"sick_n": 2}), o.house(village2, answers{"sick_n": 0})
			o.person(a, village, nil)
			o.change(b, answers{"_merged_into": a})
			o.change(a, answers{"_merged_into": b})
			o.catchUp()
			o.change(b, answers{"_merged_into": nil})
			return tambon, r
		}, state{total: 1, persons: 1, one: well}},
		{"a household in no round", func(o *testOffice) (area.Code, syncproto.RecordID) {
			r := o.round("46")
			o.house(village, nil)
			return "45", r
		}, state{unassigned: 1, flags: FlagNoRound}},
		{"a household where two rounds are open", func(o *testOffice) (area.Code, syncproto.RecordID) {
			r := o.round("45")
			o.house(village, nil)
			o.catchUp()
			o.round("4503")
			return "45", r
		}, state{unassigned: 1, flags: FlagNoRound}},
		{"a household that names its round", func(o *testOffice) (area.Code, syncproto.RecordID) {
			r := o.round("45")
			h := o.house(village, answers{"sick_n": 0, "_round": r})
			o.person(h, village, nil)
			o.catchUp()
			o.round("4503")
			return "45", r
		}, state{total: 1, persons: 1, one: well}},
		{"a household that names a round that never came", func(o *testOffice) (area.Code, syncproto.RecordID) {
			r := o.round("45")
			o.house(village, answers{"_round": o.id()})
			return "45", r
		}, state{unassigned: 1, flags: FlagNoRound}},
		{"a round that opens after the household came", func(o *testOffice) (area.Code, syncproto.RecordID) {
			h := o.house(village, answers{"sick_n": 0})
			o.person(h, village, nil)
			o.catchUp()
			return "45", o.round("4503")
		}, state{total: 1, persons: 1, one: well}},
		{"a round whose areas change", func(o *testOffice) (area.Code, syncproto.RecordID) {
			r := o.round("46")
			h := o.house(village, answers{"sick_n": 0})
			o.person(h, village, nil)
			o.catchUp()
			o.writeRound(survey.Round{ID: r.String(), Form: "tiny@1", Set: "tiny@1", Areas: []string{"45"}, Open: true})
			return "45", r
		}, state{total: 1, persons: 1, one: well}},
		{"a round that closes keeps its households", func(o *testOffice) (area.Code, syncproto.RecordID) {
			r := o.round("45")
			h := o.house(village, answers{"sick_n": 0})
			o.person(h, village, nil)
			o.catchUp()
			o.writeRound(survey.Round{ID: r.String(), Form: "tiny@1", Set: "tiny@1", Areas: []string{"45"}})
			return "45", r
		}, state{total: 1, persons: 1, one: well}},
		{"answers that look wrong", func(o *testOffice) (area.Code, syncproto.RecordID) {
			r := o.round("45")
			h := o.house(village, answers{"sick_n": 3})
			o.person(h, village, answers{"age": 300})
			return village, r
		}, state{total: 1, persons: 1, one: [6]int{1, 1, 0, 1, 0, 0}, flags: FlagExcess + " 1, out_of_range age"}},
		{"a mended answer takes its flag away", func(o *testOffice) (area.Code, syncproto.RecordID) {
			r := o.round("45")
			h := o.house(village, answers{"sick_n": 0})
			p := o.person(h, village, answers{"age": 300})
			o.catchUp()
			o.change(p, answers{"age": 30})
			return village, r
		}, state{total: 1, persons: 1, one: well}},
		{"a record of a type that no form has", func(o *testOffice) (area.Code, syncproto.RecordID) {
			r := o.round("45")
			o.save(o.id(), "spaceship", answers{"_scope": string(village)})
			return village, r
		}, state{flags: "unknown_type"}},
		{"one citizen id twice in a round, written in two ways", func(o *testOffice) (area.Code, syncproto.RecordID) {
			r := o.round("4503")
			h, other := o.house(village, answers{"sick_n": 0}), o.house(next, answers{"sick_n": 0})
			o.person(h, village, answers{"citizen": "1101700203450"})
			o.person(other, next, answers{"citizen": "๑-๑๐๑๗-๐๐๒๐๓-๔๕-๐"})
			return village, r
		}, state{total: 1, persons: 1, one: well, duplicates: "citizen 2", flags: "bad_citizen_id citizen"}},
		{"a citizen id of nines is nobody's", func(o *testOffice) (area.Code, syncproto.RecordID) {
			r := o.round("45")
			h := o.house(village, answers{"sick_n": 0})
			o.person(h, village, answers{"citizen": "9999999999999"})
			o.person(h, village, answers{"citizen": "9999999999999", "age": 3})
			return village, r
		}, state{total: 1, persons: 2, one: well, flags: "bad_citizen_id citizen, bad_citizen_id citizen"}},
		{"one name and birth date in one village", func(o *testOffice) (area.Code, syncproto.RecordID) {
			r := o.round("45")
			h := o.house(village, answers{"sick_n": 0})
			o.person(h, village, answers{"given": "นายน้ำ ใจดี", "birth_date": "1980-01-02"})
			o.person(h, village, answers{"given": "น\u0e49\u0e4d\u0e32  ใจดี\u200b", "birth_date": "1980-01-02", "age": 3})
			o.person(h, village2, answers{"given": "น้ำ ใจดี", "birth_date": "1980-01-02", "age": 3})
			return village, r
		}, state{total: 1, persons: 3, one: well, duplicates: "name 2"}},
		{"one house code twice, until one is merged", func(o *testOffice) (area.Code, syncproto.RecordID) {
			r := o.round("45")
			h := o.house(village, answers{"sick_n": 0, "house_code": "4503 0012345"})
			double := o.house(village, answers{"house_code": "45030012345"})
			o.person(h, village, answers{"citizen": "1101700203450"})
			p := o.person(double, village, answers{"citizen": "1101700203450"})
			o.catchUp()
			if got := o.state(village, r).duplicates; got != "citizen 2, house_code 2" {
				o.t.Errorf("before the merge: %s", got)
			}
			o.change(double, answers{"_merged_into": h})
			o.change(p, answers{"_merged_into": o.id()})
			return village, r
		}, state{total: 1, persons: 1, one: well}},
		{"one citizen id in two rounds is no duplicate", func(o *testOffice) (area.Code, syncproto.RecordID) {
			r, later := o.round("45"), o.round("45")
			o.person(o.house(village, answers{"sick_n": 0, "_round": r}), village, answers{"citizen": "1101700203450"})
			o.person(o.house(village, answers{"sick_n": 0, "_round": later}), village, answers{"citizen": "1101700203450"})
			return village, r
		}, state{total: 1, persons: 1, one: well}},
		{"an approved household that was edited", func(o *testOffice) (area.Code, syncproto.RecordID) {
			r := o.round("45")
			h := o.house(village, answers{"sick_n": 0})
			o.person(h, village, nil)
			o.setState(h, syncproto.StateApproved)
			if got := o.summary(village, r); got.Households.Approved != 1 || o.state(village, r).flags != "" {
				o.t.Errorf("approved: %+v", got.Households)
			}
			o.change(h, answers{"grade": 3})
			return village, r
		}, state{total: 1, persons: 1, one: well, flags: FlagEditedApproved}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			code, round := tt.do(o)
			if got := o.state(code, round); got != tt.want {
				t.Errorf("in %s\n got %+v\nwant %+v", code, got, tt.want)
			}
			o.check()
		})
	}
}

func (o *testOffice) setState(id syncproto.RecordID, state string) {
	o.t.Helper()
	rec, err := o.Record(context.Background(), id)
	must(o.t, err)
	o.clock += 1000
	e, err := server.StateEdit(rec.Record, state, "", nil, "somchai", o.clock)
	must(o.t, err)
	_, err = o.Edit(context.Background(), e)
	must(o.t, err)
}

func TestBelowTellsWhoCounts(t *testing.T) {
	o := newOffice(t)
	o.round("45")
	h, double := o.house(village, nil), o.house(village, nil)
	p, q := o.person(h, village, nil), o.person(double, village, nil)
	gone := o.person(h, village, nil)
	o.change(gone, answers{"_life": false})
	o.change(double, answers{"_merged_into": h})
	tooth := o.save(o.id(), "tooth", answers{"_scope": string(village), "_parent": p})
	o.catchUp()
	below, err := o.a.Below(t.Context(), []syncproto.RecordID{h, double, p})
	if err != nil || !slices.Equal(below[h], []syncproto.RecordID{p, q}) || !slices.Equal(below[p], []syncproto.RecordID{tooth}) || len(below) != 2 {
		t.Errorf("below: %v, %v", below, err)
	}
	o.change(h, answers{"_life": false})
	o.catchUp()
	below, err = o.a.Below(t.Context(), []syncproto.RecordID{h, double, p})
	if err != nil || len(below) != 0 {
		t.Errorf("below a deleted household: %v, %v", below, err)
	}
}

func TestStatesOfAHousehold(t *testing.T) {
	o := newOffice(t)
	r := o.round("45")
	o.save(o.id(), "house", answers{"_scope": string(village)})
	o.save(o.id(), "house", answers{"_scope": string(village), "grade": 1})
	o.house(village, answers{"_carried": true})
	o.house(village, nil)
	o.setState(o.house(village, nil), syncproto.StateSubmitted)
	o.setState(o.house(village, nil), syncproto.StateReturned)
	o.setState(o.house(village, nil), syncproto.StateApproved)
	got := o.summary(tambon, r).Households
	want := survey.HouseholdSummary{Total: 7, Complete: 5, NotStarted: 2, InProgress: 1, Ready: 1, Submitted: 1, Returned: 1, Approved: 1}
	if got != want {
		t.Errorf("households\n got %+v\nwant %+v", got, want)
	}
	o.check()
}

func TestACertifiedVillageKeepsItsNumbers(t *testing.T) {
	o := newOffice(t)
	r := o.round("45")
	h := o.house(village, answers{"sick_n": 0})
	p := o.person(h, village, nil)
	o.house(village2, nil)
	o.certify(r, village, true)
	s := o.summary(village, r)
	if !s.Frozen || s.Certified != 1 || s.Households.Total != 1 || line(s, 1) != [6]int{1, 0, 1, 0, 0, 0} {
		t.Fatalf("certified: %+v", s)
	}
	if s := o.summary(tambon, r); s.Frozen || s.Certified != 1 || s.Households.Total != 2 {
		t.Errorf("its tambon: %+v", s)
	}
	o.change(p, answers{"age": 4})
	o.house(village, nil)
	s = o.summary("45", r)
	if s.Households.Total != 2 || s.Persons != 1 || line(s, 1) != [6]int{1, 0, 1, 0, 0, 1} {
		t.Errorf("the province after edits: %+v", s)
	}
	live, err := o.a.Live(t.Context(), village, r)
	must(t, err)
	if live.Households.Total != 2 || line(live, 1) != [6]int{0, 0, 0, 0, 1, 1} {
		t.Errorf("live: %+v", live)
	}
	if got := o.state(village, r).flags; got != FlagEditedCertified {
		t.Errorf("flags %q, want that it was edited", got)
	}
	o.check()

	o.certify(r, village, true) // with the new numbers
	if s := o.summary("", r); s.Households.Total != 3 || o.state(village, r).flags != "" {
		t.Errorf("certified again: %+v", s)
	}
	o.certify(r, village2, true)
	if s := o.summary(tambon, r); !s.Frozen || s.Certified != 2 {
		t.Errorf("all villages certified: frozen %t, certified %d", s.Frozen, s.Certified)
	}
	o.house(village, nil)
	o.check()
	o.certify(r, village, false)
	if s := o.summary(tambon, r); s.Frozen || s.Households.Total != 4 || s.Certified != 1 {
		t.Errorf("opened again: %+v", s)
	}
	o.check()
}

func TestAVillageCertifiedWithoutNumbersCountsAsItIs(t *testing.T) {
	o := newOffice(t)
	r := o.round("45")
	o.house(village, nil)
	o.save(syncproto.VillageID(r, village), "_village", answers{"_scope": string(village), "_round": r, "state": "certified", "numbers": map[string]any{"total": -1}})
	o.save(o.id(), "_village", answers{"_scope": string(village), "_round": r, "state": "certified", "numbers": survey.Numbers(survey.NewTally())}) // of another id
	if got := o.state(village, r); got.total != 1 || got.flags != FlagCertifiedNoNumbers {
		t.Errorf("got %+v", got)
	}
	o.check()
}

func TestDefinitionsThatArriveLater(t *testing.T) {
	o := newOffice(t)
	r := o.id()
	o.writeRound(survey.Round{ID: r.String(), Form: "tiny@2", Set: "tiny@2", Areas: []string{"45"}, ReferenceDate: "2020-01-01", Open: true})
	p := o.person(o.house(village, answers{"sick_n": 0}), village, nil)
	o.save(o.id(), "crew", answers{"_scope": string(village), "_parent": p})
	o.catchUp()
	if _, err := o.a.Summary(t.Context(), village, r); !errors.Is(err, server.ErrNotFound) {
		t.Errorf("summary without the form: %v, want %v", err, server.ErrNotFound)
	}
	later := strings.NewReplacer(`"version":1`, `"version":2`, `tiny@1`, `tiny@2`, `{"name":"tooth"`,
		`{"name":"crew","label":{"th":"ก","en":"c"},"parent":"person","questions":[{"name":"x","type":"int","label":{"th":"ก","en":"x"}}]},{"name":"tooth"`)
	o.publish(later.Replace(tinyForm), later.Replace(tinySet))
	if got, want := o.state(village, r), (state{total: 1, persons: 1, one: [6]int{1, 0, 1, 0, 0, 0}}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	o.check()
}

func TestSummaryWithoutARoundTakesTheOnlyOne(t *testing.T) {
	o := newOffice(t)
	if _, err := o.a.Summary(t.Context(), "45", syncproto.RecordID{}); !errors.Is(err, server.ErrWhichRound) {
		t.Errorf("no round: %v, want %v", err, server.ErrWhichRound)
	}
	r := o.round("4503")
	if s := o.summary("45", syncproto.RecordID{}); s.Round != r.String() {
		t.Errorf("took %s, want %s", s.Round, r)
	}
	other := o.round("450301")
	_, err := o.a.Summary(t.Context(), village, syncproto.RecordID{})
	if !errors.Is(err, server.ErrWhichRound) || !strings.Contains(err.Error(), r.String()) || !strings.Contains(err.Error(), other.String()) {
		t.Errorf("two rounds: %v, want it to name both", err)
	}
	if s := o.summary(next, syncproto.RecordID{}); s.Round != r.String() {
		t.Errorf("in the next tambon took %s, want %s", s.Round, r)
	}
}

func TestABreakdownAddsUp(t *testing.T) {
	o := newOffice(t)
	r := o.round("45")
	must(t, o.PutVillages(t.Context(), []server.Village{
		{Code: village, NameTH: "บ้านโนน", LocalGov: "L1"}, {Code: "45030109", NameTH: "บ้านว่าง", LocalGov: "L2"}, {Code: next, NameTH: "บ้านอื่น", LocalGov: "L1"},
	}))
	must(t, o.PutLocalGovs(t.Context(), []server.LocalGov{{Code: "L1", NameTH: "อบต.หนึ่ง", Kind: "อบต.", Province: "45"}}))
	o.house(village, nil)
	o.house(village, nil)
	o.house(village2, nil)
	o.house(tambon, nil) // in a town without villages
	o.house(next, nil)
	whole := o.summary(tambon, r)
	rows, err := o.a.Breakdown(t.Context(), tambon, r)
	must(t, err)
	var got []string
	sum := 0
	for _, s := range rows {
		got = append(got, fmt.Sprintf("%s %d", s.Area, s.Households.Total))
		sum += s.Households.Total
	}
	if want := []string{"45030101 2", "45030102 1", "45030109 0", "450301 1"}; !slices.Equal(got, want) || sum != whole.Households.Total {
		t.Errorf("got %v of %d, want %v", got, whole.Households.Total, want)
	}
	if !strings.HasPrefix(rows[0].AreaName, "บ้านโนน") {
		t.Errorf("name %q", rows[0].AreaName)
	}
	rows, err = o.a.Breakdown(t.Context(), "", r)
	if err != nil || len(rows) != 1 || rows[0].Area != "45" || rows[0].Households.Total != 5 {
		t.Errorf("of the office: %+v, %v", rows, err)
	}
	gov, err := o.a.SummaryOfLocalGov(t.Context(), "L1", r)
	if err != nil || gov.Households.Total != 3 || gov.AreaName != "อบต.หนึ่ง" {
		t.Errorf("local government: %+v, %v", gov, err)
	}
	if _, err := o.a.SummaryOfLocalGov(t.Context(), "L9", r); !errors.Is(err, server.ErrNotFound) {
		t.Errorf("unknown local government: %v", err)
	}
}

func TestAsOfIsHowFarTheFeedsWereRead(t *testing.T) {
	o := newOffice(t)
	r := o.round("45")
	o.house(village, nil)
	o.house(village2, nil)
	o.house(next, nil)
	heads, err := o.Feeds(t.Context())
	must(t, err)
	want := map[area.Code]uint64{}
	for _, f := range heads {
		for _, code := range upwards(f.Area) {
			want[code] += f.Seq
		}
	}
	for code, n := range want {
		if got := o.summary(code, r).AsOfSeq; got != n {
			t.Errorf("%q: as of %d, want %d", code, got, n)
		}
	}
	if got := o.summary(village, r).AsOfSeq; got != want[tambon] {
		t.Errorf("a village: as of %d, want that of its tambon %d", got, want[tambon])
	}
	o.house(village, nil)
	if lag, err := o.a.Lag(t.Context()); err != nil || lag.Seq != 1 {
		t.Errorf("lag %+v, %v; want 1", lag, err)
	}
	o.catchUp()
	if lag, err := o.a.Lag(t.Context()); err != nil || lag != (Lag{}) {
		t.Errorf("lag %+v, %v; want none", lag, err)
	}
}

func TestListingsPage(t *testing.T) {
	o := newOffice(t)
	r := o.round("45")
	var failing []syncproto.RecordID
	for i := range 25 {
		h := o.house([]area.Code{village, village2, next}[i%3], answers{"water": i%2 == 0})
		if i%2 == 1 {
			failing = append(failing, h)
		}
		o.person(o.id(), village, nil)
		o.person(h, village, answers{"age": 200})
	}
	o.catchUp()
	var got []syncproto.RecordID
	f := ResultFilter{Round: r, Area: "4503", Indicator: 2, Verdict: survey.Fail, Limit: 5}
	for range 10 {
		rows, err := o.a.Results(t.Context(), f)
		must(t, err)
		for _, row := range rows {
			got = append(got, row.ID)
			f.After = Mark{Area: row.Area, ID: row.ID}
		}
	}
	if slices.SortFunc(got, syncproto.RecordID.Compare); !slices.Equal(got, failing) {
		t.Errorf("%d failing, want %d", len(got), len(failing))
	}
	orphans, flags := 0, 0
	of, ff := OrphanFilter{Limit: 4}, FlagFilter{Limit: 4, Code: "out_of_range"}
	for range 10 {
		list, err := o.a.Orphans(t.Context(), of)
		must(t, err)
		orphans += len(list)
		if len(list) > 0 {
			of.After = Mark{Area: list[len(list)-1].Area, ID: list[len(list)-1].ID}
		}
		wrong, err := o.a.Flags(t.Context(), ff)
		must(t, err)
		flags += len(wrong)
		if len(wrong) > 0 {
			ff.After = wrong[len(wrong)-1]
		}
	}
	if orphans != 25 || flags != 25 {
		t.Errorf("%d orphans and %d flags in pages, want 25", orphans, flags)
	}
	for _, bad := range []ResultFilter{{Verdict: "x", Indicator: 1}, {Verdict: survey.Fail}, {Verdict: survey.Fail, Indicator: 64}} {
		if _, err := o.a.Results(t.Context(), bad); err == nil {
			t.Errorf("%+v was accepted", bad)
		}
	}
}

func TestAResultHasItsReasons(t *testing.T) {
	o := newOffice(t)
	o.round("45")
	h := o.house(village, answers{"sick_n": 1})
	p := o.person(h, village, nil)
	o.person(h, village, answers{"age": 200})
	o.catchUp()
	for _, id := range []syncproto.RecordID{h, p} {
		d, err := o.a.Result(t.Context(), id)
		must(t, err)
		if d.ID != h || d.Result.Outcomes[0].Reason.EN != "1 of 2 sick" || len(d.Flags) != 1 || d.Persons != 2 {
			t.Errorf("result of %s: %+v", id, d)
		}
	}
	if _, err := o.a.Result(t.Context(), o.id()); !errors.Is(err, server.ErrNotFound) {
		t.Errorf("of an unknown record: %v", err)
	}
}
