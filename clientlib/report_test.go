package clientlib_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"tambonsync/clientlib"
	"tambonsync/server"
	"tambonsync/server/analysis"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
	"tambonsync/syncproto/survey"
)

// coldForm asks households for water and their people for a cold.
const coldForm = `{"kind":"form","name":"cold","version":1,"title":{"th":"หวัด","en":"Colds"},"record_types":[
 {"name":"household","label":{"th":"ครัวเรือน","en":"Household"},"questions":[
  {"name":"house_no","type":"text","label":{"th":"เลขที่","en":"House number"},"carry":true},
  {"name":"water","type":"bool","required":true,"label":{"th":"น้ำ","en":"Water"}}]},
 {"name":"patient","parent":"household","label":{"th":"คน","en":"Person"},"questions":[
  {"name":"age","type":"int","label":{"th":"อายุ","en":"Age"},"carry":true},
  {"name":"cold","type":"bool","label":{"th":"เป็นหวัด","en":"Has a cold"}}]}]}`

const coldSet = `{"kind":"indicators","name":"cold","version":1,"title":{"th":"ตัวชี้วัด","en":"Indicators"},"form":"cold@1","record_type":"household",
 "definitions":{"colds":"count(patient.filter(p, coalesce(p.cold, false) && p.age >= 18.0))"},
 "indicators":[
 {"no":1,"code":"1","name":{"th":"ผู้ใหญ่ไม่เป็นหวัด","en":"Adults have no cold"},"unit":"person","applicable":{"count":"patient","where":["age >= 18.0"]},"failing":"colds"},
 {"no":2,"code":"2","name":{"th":"มีน้ำ","en":"Has water"},"unit":"household","pass":"water"}]}`

// clinic is an office with a round of colds, its sums, and a tablet.
type clinic struct {
	*office
	a     *tablet
	sums  *analysis.Analysis
	round syncproto.RecordID
}

func newClinic(t *testing.T) *clinic {
	t.Helper()
	o := newOffice(t)
	c := &clinic{office: o}
	for _, text := range []string{coldForm, coldSet} {
		d, err := server.NewDefinition([]byte(text), "malee", 1)
		if err != nil {
			t.Fatal(err)
		}
		d.Status = server.StatusPublished
		if err := o.store.AddDefinition(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	var err error
	if c.sums, err = analysis.Open(t.Context(), t.TempDir(), o.store, o.who.Pepper); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.sums.Close(); err != nil {
			t.Error(err)
		}
	})
	c.round = c.survey("หวัดปีนี้", string(tambon))
	c.a = o.enroll("a", tambon)
	c.a.calm()
	return c
}

// survey opens a round of colds.
func (c *clinic) survey(title string, areas ...string) syncproto.RecordID {
	c.t.Helper()
	id := syncproto.NewRecordID(c.clock.Now().UnixMilli(), [10]byte{2})
	c.edits(server.RoundEdit(survey.Round{
		ID: id.String(), Title: title, Form: "cold@1", Set: "cold@1", Areas: areas, ReferenceDate: "2020-01-01", Open: true,
	}, "malee", "", c.clock.Now().UnixMilli()))
	return id
}

// edits makes the edit that the desk made.
func (c *clinic) edits(e server.Edit, err error) {
	c.t.Helper()
	if err == nil {
		_, err = c.store.Edit(context.Background(), e)
	}
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c *clinic) merge(id, into syncproto.RecordID) {
	c.t.Helper()
	c.edits(server.MergeEdit(c.record(id).Record, into, "malee", c.clock.Now().UnixMilli()))
}

// home begins a household; age after age, who lives in it.
func (d *tablet) home(code area.Code, water any, ages ...int) syncproto.RecordID {
	d.t.Helper()
	id := d.save(clientlib.Edit{Type: "household", Area: code, Values: map[string]any{"house_no": "1", "water": water}}).ID
	for _, age := range ages {
		d.person(id, age, false)
	}
	return id
}

func (d *tablet) person(of syncproto.RecordID, age int, cold bool) syncproto.RecordID {
	d.t.Helper()
	return d.save(clientlib.Edit{Type: "patient", Parent: of, Values: map[string]any{"age": age, "cold": cold}}).ID
}

func (d *tablet) report(code area.Code, round string) survey.Summary {
	d.t.Helper()
	s, err := d.Report(context.Background(), code, round)
	if err != nil {
		d.t.Fatalf("%s: %v", d.name, err)
	}
	return s
}

// colds is what a report says in few words.
type colds struct {
	households survey.HouseholdSummary
	persons    int
	one, two   string // applicable/failed, households pass/fail/na/unanswered
	unassigned int
	certified  int
	frozen     bool
}

func shorten(s survey.Summary) colds {
	line := func(no int) string {
		for _, l := range s.Indicators {
			if l.No == no {
				return fmt.Sprintf("%d/%d %d/%d/%d/%d", l.Applicable, l.Failed, l.Households.Pass, l.Households.Fail, l.Households.NA, l.Households.Unanswered)
			}
		}
		return "missing"
	}
	return colds{s.Households, s.Persons, line(1), line(2), s.Unassigned, s.Certified, s.Frozen}
}

// naive adds up what the tablet lists in the plainest way: no form, no review,
// no page, one round.
func (d *tablet) naive(code area.Code, round syncproto.RecordID) colds {
	d.t.Helper()
	out := colds{}
	var one, two [6]int
	all := map[syncproto.RecordID]syncproto.Record{}
	for _, it := range d.list(clientlib.Filter{Deleted: true, Limit: 100_000}) {
		all[it.Record.ID] = it.Record
	}
	stands := func(id syncproto.RecordID) syncproto.RecordID {
		for range 8 {
			if into := all[id].MergedInto(); !into.IsZero() {
				id = into
			}
		}
		return id
	}
	for id, h := range all {
		if h.Type != "household" || !h.Alive() || !h.MergedInto().IsZero() || !code.Contains(h.Area()) {
			continue
		}
		if in := h.Round(); !in.IsZero() && in != round {
			continue
		}
		adults, sick, people, unknown := 0, 0, 0, false
		for _, p := range all {
			if p.Type != "patient" || !p.Alive() || !p.MergedInto().IsZero() || stands(p.Parent()) != id {
				continue
			}
			people++
			age, answered := answersOf(d.t, p)["age"].(int64)
			unknown = unknown || !answered
			if answered && age >= 18 {
				adults++
				if answersOf(d.t, p)["cold"] == true {
					sick++
				}
			}
		}
		water, answered := answersOf(d.t, h)["water"].(bool)
		out.persons += people
		out.households.Total++
		switch {
		case h.State().State == syncproto.StateSubmitted:
			out.households.Submitted++
		case h.State().State == syncproto.StateApproved:
			out.households.Approved++
		case h.State().State == syncproto.StateReturned:
			out.households.Returned++
		case h.Carried():
			out.households.NotStarted++
		case answered:
			out.households.Ready++
		default:
			out.households.InProgress++
		}
		if answered {
			out.households.Complete++
		}
		count := func(sums *[6]int, unanswered bool, applicable, failed int) {
			switch {
			case unanswered:
				sums[5]++
			case applicable == 0:
				sums[4]++
			case failed > 0:
				sums[3]++
			default:
				sums[2]++
			}
			if !unanswered {
				sums[0], sums[1] = sums[0]+applicable, sums[1]+failed
			}
		}
		count(&one, people == 0 || unknown, adults, sick)
		count(&two, !answered, 1, map[bool]int{false: 1}[water])
	}
	text := func(s [6]int) string { return fmt.Sprintf("%d/%d %d/%d/%d/%d", s[0], s[1], s[2], s[3], s[4], s[5]) }
	out.one, out.two = text(one), text(two)
	return out
}

func (c *clinic) wantNaive(when string, codes ...area.Code) {
	c.t.Helper()
	for _, code := range codes {
		wantEqual(c.t, when+": "+string(code), shorten(c.a.report(code, c.round.String())), c.a.naive(code, c.round))
	}
}

// wantAsTheOffice compares with the office's summary, once all is synced.
func (c *clinic) wantAsTheOffice(when string, codes ...area.Code) {
	c.t.Helper()
	if _, err := c.sums.CatchUp(context.Background()); err != nil {
		c.t.Fatal(err)
	}
	for _, code := range codes {
		s, err := c.sums.Summary(context.Background(), code, c.round)
		if err != nil {
			c.t.Fatal(err)
		}
		wantEqual(c.t, when+", as the office: "+string(code), shorten(c.a.report(code, c.round.String())), shorten(s))
	}
}

func TestAReportIsWhatTheOfficeWillSay(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		do   func(c *clinic)
		want map[area.Code]colds
	}{
		{"nothing yet", func(*clinic) {}, map[area.Code]colds{
			village1: {one: "0/0 0/0/0/0", two: "0/0 0/0/0/0"},
		}},
		{"households of two villages", func(c *clinic) {
			c.a.home(village1, true, 40, 4)
			c.a.person(c.a.home(village2, false), 18, true)
		}, map[area.Code]colds{
			village1: {households: survey.HouseholdSummary{Total: 1, Complete: 1, Ready: 1}, persons: 2, one: "1/0 1/0/0/0", two: "1/0 1/0/0/0"},
			village2: {households: survey.HouseholdSummary{Total: 1, Complete: 1, Ready: 1}, persons: 1, one: "1/1 0/1/0/0", two: "1/1 0/1/0/0"},
			tambon:   {households: survey.HouseholdSummary{Total: 2, Complete: 2, Ready: 2}, persons: 3, one: "2/1 1/1/0/0", two: "2/1 1/1/0/0"},
		}},
		{"children only, nobody, and no answer", func(c *clinic) {
			c.a.home(village1, nil, 17)
			c.a.home(village1, true)
		}, map[area.Code]colds{
			village1: {households: survey.HouseholdSummary{Total: 2, Complete: 1, Ready: 1, InProgress: 1}, persons: 1, one: "0/0 0/0/1/1", two: "1/0 1/0/0/1"},
		}},
		{"deleted households and people", func(c *clinic) {
			gone, h := c.a.home(village1, true, 40), c.a.home(village1, true, 40)
			dead := c.a.person(h, 50, true)
			for _, id := range []syncproto.RecordID{gone, dead} {
				if err := c.a.Delete(c.t.Context(), id, "", ""); err != nil {
					c.t.Fatal(err)
				}
			}
		}, map[area.Code]colds{
			village1: {households: survey.HouseholdSummary{Total: 1, Complete: 1, Ready: 1}, persons: 1, one: "1/0 1/0/0/0", two: "1/0 1/0/0/0"},
		}},
		{"a household merged into one of the next village, and deleted", func(c *clinic) {
			h, double, third := c.a.home(village1, true, 40), c.a.home(village2, true), c.a.home(village2, false, 60)
			c.a.person(double, 50, true)
			c.a.calm()
			c.merge(third, double)
			c.merge(double, h)
			c.edit(double, syncproto.GroupLife, false)
		}, map[area.Code]colds{
			village1: {households: survey.HouseholdSummary{Total: 1, Complete: 1, Ready: 1}, persons: 3, one: "3/1 0/1/0/0", two: "1/0 1/0/0/0"},
			village2: {one: "0/0 0/0/0/0", two: "0/0 0/0/0/0"},
		}},
		{"a person merged into another", func(c *clinic) {
			h := c.a.home(village1, true, 40)
			twice := c.a.person(h, 40, true)
			c.a.calm()
			c.merge(twice, c.a.list(clientlib.Filter{Type: "patient"})[0].Record.ID)
		}, map[area.Code]colds{
			village1: {households: survey.HouseholdSummary{Total: 1, Complete: 1, Ready: 1}, persons: 1, one: "1/0 1/0/0/0", two: "1/0 1/0/0/0"},
		}},
		{"a person who moved to another household", func(c *clinic) {
			h, other := c.a.home(village1, true), c.a.home(village2, true)
			c.a.save(clientlib.Edit{ID: c.a.person(h, 40, true), Parent: other})
		}, map[area.Code]colds{
			village1: {households: survey.HouseholdSummary{Total: 1, Complete: 1, Ready: 1}, one: "0/0 0/0/0/1", two: "1/0 1/0/0/0"},
			village2: {households: survey.HouseholdSummary{Total: 1, Complete: 1, Ready: 1}, persons: 1, one: "1/1 0/1/0/0", two: "1/0 1/0/0/0"},
		}},
		{"a household that moved with its people", func(c *clinic) {
			c.a.save(clientlib.Edit{ID: c.a.home(village1, true, 40), Area: village2})
		}, map[area.Code]colds{
			village1: {one: "0/0 0/0/0/0", two: "0/0 0/0/0/0"},
			village2: {households: survey.HouseholdSummary{Total: 1, Complete: 1, Ready: 1}, persons: 1, one: "1/0 1/0/0/0", two: "1/0 1/0/0/0"},
		}},
		{"what people said of households", func(c *clinic) {
			for i, state := range []string{syncproto.StateSubmitted, syncproto.StateReturned, syncproto.StateApproved} {
				id := c.a.home(village1, true, 40)
				if i > 0 {
					c.a.calm()
					c.edits(server.StateEdit(c.record(id).Record, state, "", nil, "somchai", c.clock.Now().UnixMilli()))
				} else if err := c.a.SetState(c.t.Context(), id, state, "", nil, ""); err != nil {
					c.t.Fatal(err)
				}
			}
		}, map[area.Code]colds{
			village1: {households: survey.HouseholdSummary{Total: 3, Complete: 3, Submitted: 1, Returned: 1, Approved: 1}, persons: 3, one: "3/0 3/0/0/0", two: "3/0 3/0/0/0"},
		}},
		{"households carried forward, of which one is confirmed", func(c *clinic) {
			for i := range 2 {
				id := syncproto.NewRecordID(c.clock.Now().UnixMilli(), [10]byte{byte(i)})
				c.write(id, "household", map[string]any{"_scope": string(village1), "_round": c.round, "_carried": true, "water": true, "house_no": "1"})
				if c.a.calm(); i == 0 {
					c.a.save(clientlib.Edit{ID: id, Confirm: true})
				}
			}
		}, map[area.Code]colds{
			village1: {households: survey.HouseholdSummary{Total: 2, Complete: 2, NotStarted: 1, Ready: 1}, one: "0/0 0/0/0/2", two: "2/0 2/0/0/0"},
		}},
		{"households of another round and of none", func(c *clinic) {
			c.a.home(village1, true, 40)
			other := c.survey("หวัดปีหน้า", string(tambon))
			c.a.calm()
			id := c.a.save(clientlib.Edit{Type: "household", Area: village1, Round: other, Values: map[string]any{"water": false}}).ID
			c.a.person(id, 60, true)
			c.write(syncproto.NewRecordID(c.clock.Now().UnixMilli(), [10]byte{9}), "household", map[string]any{"_scope": string(village1), "house_no": "5"})
		}, map[area.Code]colds{
			village1: {households: survey.HouseholdSummary{Total: 1, Complete: 1, Ready: 1}, persons: 1, one: "1/0 1/0/0/0", two: "1/0 1/0/0/0", unassigned: 1},
		}},
		{"a certified village keeps its numbers", func(c *clinic) {
			h := c.a.home(village1, true, 40)
			c.a.home(village2, false)
			c.a.calm()
			c.signOff(village1)
			c.edit(h, "water", false) // the office may
		}, map[area.Code]colds{
			village1: {households: survey.HouseholdSummary{Total: 1, Complete: 1, Ready: 1}, persons: 1, one: "1/0 1/0/0/0", two: "1/0 1/0/0/0", certified: 1, frozen: true},
			village2: {households: survey.HouseholdSummary{Total: 1, Complete: 1, Ready: 1}, one: "0/0 0/0/0/1", two: "1/1 0/1/0/0"},
			tambon:   {households: survey.HouseholdSummary{Total: 2, Complete: 2, Ready: 2}, persons: 1, one: "1/0 1/0/0/1", two: "2/1 1/1/0/0", certified: 1},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newClinic(t)
			tt.do(c)
			c.a.calm()
			var codes []area.Code
			for code, want := range tt.want {
				wantEqual(t, string(code), shorten(c.a.report(code, c.round.String())), want)
				codes = append(codes, code)
			}
			c.wantAsTheOffice(tt.name, codes...)
		})
	}
}

// signOff freezes a village's numbers as they are.
func (c *clinic) signOff(code area.Code) {
	c.t.Helper()
	if _, err := c.sums.CatchUp(context.Background()); err != nil {
		c.t.Fatal(err)
	}
	numbers, err := c.sums.Numbers(context.Background(), code, c.round)
	if err != nil {
		c.t.Fatal(err)
	}
	rounds, err := c.sums.Rounds(context.Background())
	if err != nil {
		c.t.Fatal(err)
	}
	c.edits(server.CertifyEdit(server.Certificate{Round: rounds[0], Village: code, Numbers: numbers}, "somchai", c.clock.Now().UnixMilli()))
}

func TestAReportCountsWhatWasNotSentYet(t *testing.T) {
	t.Parallel()
	c := newClinic(t)
	if s := c.a.report(village1, ""); s.Round != c.round.String() || *s.Outstanding.Unsent != 0 {
		t.Errorf("before: round %s, %d unsent", s.Round, *s.Outstanding.Unsent)
	}
	h := c.a.home(village1, false, 40)
	s := c.a.report(village1, "")
	if *s.Outstanding.Unsent != 2 || s.Households.Total != 1 || shorten(s).two != "1/1 0/1/0/0" {
		t.Errorf("unsent %d, %+v", *s.Outstanding.Unsent, shorten(s))
	}
	c.a.answer(h, "water", true)
	if got := shorten(c.a.report(village1, "")).two; got != "1/0 1/0/0/0" {
		t.Errorf("after a change: %s", got)
	}
	before := s.AsOfSeq
	c.a.calm()
	if s := c.a.report(village1, ""); *s.Outstanding.Unsent != 0 || s.AsOfSeq <= before || s.AsOf == "" {
		t.Errorf("after a sync: %d unsent, as of %d %s", *s.Outstanding.Unsent, s.AsOfSeq, s.AsOf)
	}
}

func TestAReportEqualsANaiveTallyWhateverHappens(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			c := newClinic(t)
			r := rand.New(rand.NewPCG(seed, 5))
			villages := []area.Code{village1, village2}
			var homes, people []syncproto.RecordID
			for i := range 150 {
				anyHome := func() syncproto.RecordID { return homes[r.IntN(len(homes))] }
				switch n := r.IntN(12); {
				case n < 3 || len(homes) == 0:
					homes = append(homes, c.a.home(villages[r.IntN(2)], []any{true, false, nil}[r.IntN(3)]))
				case n < 7 || len(people) == 0:
					people = append(people, c.a.person(anyHome(), 10+r.IntN(16), r.IntN(2) == 0))
				case n == 7:
					c.a.save(clientlib.Edit{ID: anyHome(), Area: villages[r.IntN(2)]})
				case n == 8:
					c.a.save(clientlib.Edit{ID: people[r.IntN(len(people))], Parent: anyHome(), Values: map[string]any{"age": []any{nil, 30}[r.IntN(2)]}})
				case n == 9:
					c.a.answer(anyHome(), "water", []any{true, false, nil}[r.IntN(3)])
				case n == 10:
					if err := c.a.Delete(t.Context(), append(homes, people...)[r.IntN(len(homes)+len(people))], "", ""); err != nil {
						t.Fatal(err)
					}
				default:
					c.a.calm()
					if from, into := anyHome(), anyHome(); from != into && server.CheckMerge(c.record(from).Record, c.record(into).Record) == nil {
						c.merge(from, into)
						c.a.calm()
					}
				}
				if i%15 == 14 {
					c.wantNaive(fmt.Sprint("step ", i), village1, village2, tambon)
				}
			}
			c.a.calm()
			c.wantAsTheOffice("in the end", village1, village2, tambon)
		})
	}
}

func TestAReportWithoutARoundSaysWhatToDo(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	alone := o.enroll("a", tambon)
	alone.calm()
	_, err := alone.Report(t.Context(), village1, "")
	wantRefused(t, err, clientlib.ErrNotFound, string(village1), "sync")
	_, err = alone.Report(t.Context(), "45x", "")
	wantRefused(t, err, clientlib.ErrInvalid, `"45x"`)
	_, err = alone.Judge(t.Context(), alone.household(village1, "1"))
	wantRefused(t, err, clientlib.ErrInvalid, "sync")

	c := newClinic(t)
	second := c.survey("หวัดปีหน้า", string(tambon))
	c.survey("หวัดอำเภออื่น", "4504")
	c.a.calm()
	for _, id := range []string{"", c.round.String()[:6]} { // rounds of one season begin alike
		_, err = c.a.Report(t.Context(), village1, id)
		wantRefused(t, err, clientlib.ErrInvalid, "หวัดปีนี้", "หวัดปีหน้า", c.round.String(), second.String())
		if err != nil && strings.Contains(err.Error(), "หวัดอำเภออื่น") && id == "" {
			t.Errorf("a round elsewhere is offered: %v", err)
		}
	}
	_, err = c.a.Report(t.Context(), village1, "ffffffff")
	wantRefused(t, err, clientlib.ErrNotFound, "ffffffff", "sync")
	wantEqual(t, "by its whole id", c.a.report(village1, second.String()).RoundTitle, "หวัดปีหน้า")

	c.edit(c.round, "state", "closed")
	c.a.calm()
	wantEqual(t, "the only open one", c.a.report(village1, "").RoundTitle, "หวัดปีหน้า")
	c.edit(second, "state", "closed")
	c.a.calm()
	_, err = c.a.Report(t.Context(), village1, "")
	wantRefused(t, err, clientlib.ErrInvalid, "หวัดปีนี้", "หวัดปีหน้า")
}

func TestAMemberIsJudgedWithTheHousehold(t *testing.T) {
	t.Parallel()
	c := newClinic(t)
	h := c.a.home(village1, true)
	p := c.a.person(h, 40, true)
	double := c.a.home(village2, true, 50)
	c.a.calm()
	c.merge(double, h)
	c.a.calm()
	for name, id := range map[string]syncproto.RecordID{"the household": h, "its member": p} {
		got, err := c.a.Judge(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if got.Record != h || got.Area != village1 || got.State != survey.Complete || got.Outcome.Outcomes[0].Verdict != survey.Fail || got.Outcome.Outcomes[0].Applicable != 2 {
			t.Errorf("%s: %s in %s, %s, %+v", name, got.Record, got.Area, got.State, got.Outcome.Outcomes[0])
		}
	}
	var seen []syncproto.RecordID
	err := c.a.Households(t.Context(), tambon, "", func(h clientlib.HouseholdReport) error {
		seen = append(seen, h.Record)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, "households", seen, []syncproto.RecordID{h})
}
