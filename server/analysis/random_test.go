package analysis

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"strings"
	"testing"

	"tambonsync/server"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
	"tambonsync/syncproto/survey"
)

// TestAnyHistoryGivesTheSameTables edits an office at random, catches up at
// random moments, and compares the tables with a rebuild and with a plain
// recomputation.
func TestAnyHistoryGivesTheSameTables(t *testing.T) {
	seeds := []uint64{1, 2, 3, 4}
	if testing.Short() {
		seeds = seeds[:2]
	}
	for _, seed := range seeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			p := &player{testOffice: newOffice(t), r: rand.New(rand.NewPCG(seed, 7))}
			p.other = p.open()
			p.rounds = append(p.rounds, p.round("4503"))
			for i := range 300 {
				p.play()
				if p.r.IntN(4) == 0 { // this process or the other one
					_, err := one(p.r, []*Analysis{p.a, p.other}).CatchUp(t.Context())
					must(t, err)
				}
				if i%50 == 49 {
					p.check()
					p.compareWithPlain()
				}
				if t.Failed() {
					t.Fatalf("after %d edits of seed %d:\n%s", i+1, seed, strings.Join(p.log, "\n"))
				}
			}
		})
	}
}

// player edits an office at random.
type player struct {
	*testOffice
	r       *rand.Rand
	other   *Analysis
	rounds  []syncproto.RecordID
	houses  []syncproto.RecordID
	persons []syncproto.RecordID
	log     []string
}

var codes = []area.Code{village, village, village2, "45030103", tambon, next, far}

func one[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

func (p *player) maybe(v any) any {
	if p.r.IntN(4) == 0 {
		return nil
	}
	return v
}

func (p *player) any() syncproto.RecordID {
	all := slices.Concat(p.houses, p.persons)
	if len(all) == 0 || p.r.IntN(20) == 0 {
		return p.id()
	}
	return one(p.r, all)
}

func (p *player) houseAnswers() answers {
	a := answers{"water": p.maybe(p.r.IntN(2) == 0), "sick_n": p.maybe(p.r.IntN(3)), "grade": p.maybe(p.r.IntN(3) + 1)}
	switch p.r.IntN(12) {
	case 0:
		a["_round"] = one(p.r, p.rounds)
	case 1:
		a["_round"] = nil
	case 2:
		a["_carried"] = p.maybe(true)
	case 3:
		a = answers{}
	}
	return a
}

func (p *player) personAnswers() answers {
	return answers{"age": p.maybe(p.r.IntN(130)), "citizen": p.maybe(one(p.r, []string{"1101700203450", "3100600445635", "1234567890121"}))}
}

func (p *player) play() {
	say := func(format string, args ...any) { p.log = append(p.log, fmt.Sprintf(format, args...)) }
	n := p.r.IntN(100)
	switch {
	case n < 14 || len(p.houses) == 0:
		id := p.id()
		p.houses = append(p.houses, id)
		if p.r.IntN(5) > 0 { // else it comes later, or never
			p.save(id, "house", with(p.houseAnswers(), answers{"_scope": string(one(p.r, codes))}))
		}
		say("house %s", id)
	case n < 34:
		id := p.id()
		p.persons = append(p.persons, id)
		parent := p.maybe(one(p.r, p.houses))
		if p.r.IntN(10) == 0 {
			parent = p.any()
		}
		p.save(id, "person", with(p.personAnswers(), answers{"_scope": string(one(p.r, codes)), "_parent": parent}))
		say("person %s under %v", id, parent)
	case n < 37:
		p.save(p.id(), "tooth", answers{"_scope": string(village), "_parent": p.any(), "sound": true})
	case n < 41:
		p.openRound()
		say("rounds")
	case n < 47:
		round, code := one(p.r, p.rounds), one(p.r, codes)
		if r, ok := p.find(round); ok && code.Level() == area.LevelVillage && r.Covers(string(code)) && p.usable(round) {
			yes := p.r.IntN(3) > 0
			p.certify(round, code, yes)
			say("certify %s in %s: %t", code, round, yes)
		}
	default:
		p.edit(p.any(), say)
	}
}

func (p *player) edit(id syncproto.RecordID, say func(string, ...any)) {
	if !p.seen[id] {
		if slices.Contains(p.houses, id) {
			p.save(id, "house", with(p.houseAnswers(), answers{"_scope": string(one(p.r, codes))}))
			say("%s arrives", id)
		}
		return
	}
	house := slices.Contains(p.houses, id)
	switch p.r.IntN(8) {
	case 0:
		p.change(id, answers{"_life": false})
		say("delete %s", id)
	case 1, 2:
		into := p.maybe(p.any())
		p.change(id, answers{"_merged_into": into})
		say("merge %s into %v", id, into)
	case 3:
		code := one(p.r, codes)
		p.change(id, answers{"_scope": string(code)})
		say("move %s to %s", id, code)
	case 4:
		parent := p.maybe(p.any())
		p.change(id, answers{"_parent": parent})
		say("%s under %v", id, parent)
	case 5:
		if rec, err := p.Record(context.Background(), id); err == nil && rec.Record.Alive() && house {
			p.setState(id, one(p.r, []string{"", syncproto.StateSubmitted, syncproto.StateReturned, syncproto.StateApproved}))
		}
	default:
		if house {
			p.change(id, p.houseAnswers())
		} else {
			p.change(id, p.personAnswers())
		}
		say("answer %s", id)
	}
}

func (p *player) openRound() {
	areas := one(p.r, [][]string{{"45"}, {"4503"}, {"450301"}, {"45030101", "45030102"}, {"46"}})
	if len(p.rounds) < 4 && p.r.IntN(2) == 0 {
		p.rounds = append(p.rounds, p.round(areas...))
		return
	}
	id := one(p.r, p.rounds)
	if p.r.IntN(8) == 0 {
		p.change(id, answers{"_life": false})
		return
	}
	r := survey.Round{ID: id.String(), Title: "x", Form: "tiny@1", Set: "tiny@1", Areas: areas, ReferenceDate: "2020-01-01", Open: p.r.IntN(2) == 0}
	if p.r.IntN(8) == 0 {
		r.Form, r.Set = "tiny@7", ""
	}
	p.writeRound(r)
}

func (p *player) find(id syncproto.RecordID) (survey.Round, bool) {
	p.catchUp()
	rounds, err := p.a.Rounds(context.Background())
	must(p.t, err)
	i := slices.IndexFunc(rounds, func(r survey.Round) bool { return r.ID == id.String() })
	if i < 0 {
		return survey.Round{}, false
	}
	return rounds[i], true
}

func (p *player) usable(id syncproto.RecordID) bool {
	r, ok := p.find(id)
	return ok && r.Form == "tiny@1"
}

// plain is the office worked out again in the simplest way: everything in
// memory, one household after the other, sums by looking at each for each area.
type plain struct {
	recs   map[syncproto.RecordID]syncproto.Record
	rounds []survey.Round
}

type plainHouse struct {
	code     area.Code
	round    string
	state    survey.State
	complete bool
	persons  int
	one, two [6]int
}

func (p *player) plain() plain {
	out := plain{recs: map[syncproto.RecordID]syncproto.Record{}}
	for _, typ := range []string{"", syncproto.TypeVillage} {
		page, err := p.Records(context.Background(), server.RecordFilter{Type: typ, Deleted: true, Limit: 10_000})
		must(p.t, err)
		for _, r := range page {
			out.recs[r.Record.ID] = r.Record
		}
	}
	var err error
	out.rounds, err = server.ReadRounds(context.Background(), p.Store)
	must(p.t, err)
	return out
}

// end follows merges; false if it cannot be told.
func (m plain) end(id syncproto.RecordID) (syncproto.RecordID, bool) {
	seen := []syncproto.RecordID{}
	for len(seen) <= maxMerges {
		if i := slices.Index(seen, id); i >= 0 {
			circle := seen[i:]
			sort.Slice(circle, func(a, b int) bool { return circle[a].Compare(circle[b]) < 0 })
			return circle[0], true
		}
		rec, ok := m.recs[id]
		if !ok || rec.MergedInto().IsZero() {
			return id, true
		}
		seen, id = append(seen, id), rec.MergedInto()
	}
	return id, false
}

func (m plain) counts(rec syncproto.Record) bool {
	end, ok := m.end(rec.ID)
	return rec.Alive() && ok && end == rec.ID
}

// parent is the record that counts as a record's parent, if it is of the type.
func (m plain) parent(rec syncproto.Record, typ string) (syncproto.Record, string) {
	if rec.Parent().IsZero() {
		return syncproto.Record{}, WhyNoParent
	}
	end, ok := m.end(rec.Parent())
	parent, there := m.recs[end]
	switch {
	case !ok:
		return syncproto.Record{}, WhyTooFar
	case !there:
		return parent, WhyMissing
	case parent.Type != typ:
		return syncproto.Record{}, WhyWrongType
	case !parent.Alive():
		return parent, WhyDeleted
	}
	return parent, ""
}

func (m plain) roundOf(rec syncproto.Record) string {
	if id := rec.Round(); !id.IsZero() {
		if slices.ContainsFunc(m.rounds, func(r survey.Round) bool { return r.ID == id.String() && r.Form == "tiny@1" }) {
			return id.String()
		}
		return ""
	}
	if rec.Type != "house" {
		if parent, _ := m.parent(rec, map[string]string{"person": "house", "tooth": "person"}[rec.Type]); parent.Type != "" {
			return m.roundOf(parent)
		}
	}
	for _, open := range []bool{true, false} {
		var fit []survey.Round
		for _, r := range m.rounds {
			if r.Open == open && r.Form == "tiny@1" && r.Covers(string(rec.Area())) {
				fit = append(fit, r)
			}
		}
		if len(fit) == 1 {
			return fit[0].ID
		}
		if len(fit) > 1 {
			return ""
		}
	}
	return ""
}

func number(rec syncproto.Record, group string) (int, bool) {
	v, _ := rec.Winner(group).Any()
	switch v := v.(type) {
	case int64:
		return int(v), true
	case uint64:
		return int(v), true
	}
	return 0, false
}

func (m plain) house(rec syncproto.Record) plainHouse {
	h := plainHouse{code: rec.Area(), round: m.roundOf(rec)}
	adults, ageless, wrong := 0, 0, false
	for _, p := range m.recs {
		parent, why := m.parent(p, "house")
		if p.Type != "person" || !m.counts(p) || why != "" || parent.ID != rec.ID {
			continue
		}
		h.persons++
		age, told := number(p, "age")
		switch {
		case !told:
			ageless++
		case age >= 18:
			adults++
		}
		wrong = wrong || age > 120
	}
	water, hasWater := rec.Winner("water").Any()
	sick, hasSick := number(rec, "sick_n")
	grade, hasGrade := number(rec, "grade")
	switch {
	case h.persons == 0 || ageless > 0:
		h.one[5]++
	case adults == 0:
		h.one[4]++
	case !hasSick:
		h.one[5]++
	case sick > 0:
		h.one = [6]int{adults, min(sick, adults), 0, 1, 0, 0}
	default:
		h.one = [6]int{adults, 0, 1, 0, 0, 0}
	}
	switch {
	case hasWater != nil || water == nil:
		h.two[5]++
	case water == true:
		h.two = [6]int{1, 0, 1, 0, 0, 0}
	default:
		h.two = [6]int{1, 1, 0, 1, 0, 0}
	}
	_ = grade
	h.complete = h.two[5] == 0 && !wrong && h.persons <= 5
	h.state = survey.InProgress
	switch s := rec.State().State; {
	case s != "":
		h.state = survey.State(s)
	case rec.Carried() || h.two[5] == 1 && !hasSick && !hasGrade:
		h.state = survey.NotStarted
	case h.complete:
		h.state = survey.Complete
	}
	return h
}

// sums adds up the households of an area, certified villages by their numbers.
func (m plain) sums(code area.Code, round string) (total, complete, persons int, states map[survey.State]int, one, two [6]int) {
	states = map[survey.State]int{}
	add := func(a *[6]int, b [6]int) {
		for i := range a {
			a[i] += b[i]
		}
	}
	certified := map[area.Code]bool{}
	for _, rec := range m.recs {
		state, _ := rec.Winner("state").Any()
		if rec.Type != "_village" || !rec.Alive() || rec.Round().String() != round || state != "certified" {
			continue
		}
		certified[rec.Area()] = true
		if code != "" && !code.Contains(rec.Area()) {
			continue
		}
		numbers, _ := rec.Winner("numbers").Any()
		t, _ := survey.ReadNumbers(numbers)
		total, complete, persons = total+t.Total, complete+t.Complete, persons+t.Persons
		for s, n := range t.States {
			states[s] += n
		}
		for no, sum := range map[int]*[6]int{1: &one, 2: &two} {
			s := t.Indicators[no]
			add(sum, [6]int{s.Applicable, s.Failed, s.Pass, s.Fail, s.NA, s.Unanswered})
		}
	}
	for _, rec := range m.recs {
		if rec.Type != "house" || !m.counts(rec) {
			continue
		}
		h := m.house(rec)
		if h.round != round || code != "" && !code.Contains(h.code) || certified[h.code] {
			continue
		}
		total++
		persons += h.persons
		complete += bit(h.complete)
		states[h.state]++
		add(&one, h.one)
		add(&two, h.two)
	}
	return total, complete, persons, states, one, two
}

func (p *player) compareWithPlain() {
	p.t.Helper()
	m := p.plain()
	for _, r := range m.rounds {
		if r.Form != "tiny@1" {
			continue
		}
		for _, code := range []area.Code{"", "45", "46", "4503", tambon, "450302", village, village2, "45030103", next} {
			id, _ := syncproto.ParseRecordID(r.ID)
			got := p.summary(code, id)
			total, complete, persons, s, one, two := m.sums(code, r.ID)
			want := survey.HouseholdSummary{
				Total: total, Complete: complete, NotStarted: s[survey.NotStarted], InProgress: s[survey.InProgress],
				Ready: s[survey.Complete], Submitted: s[survey.Submitted], Returned: s[survey.Returned], Approved: s[survey.Approved],
			}
			if got.Households != want || got.Persons != persons || line(got, 1) != one || line(got, 2) != two {
				p.t.Errorf("%q in round %s\n got %+v %d persons %v %v\nwant %+v %d persons %v %v", code, r.ID,
					got.Households, got.Persons, line(got, 1), line(got, 2), want, persons, one, two)
			}
		}
	}
	p.compareHouses(m)
	p.compareLists(m)
}

// compareHouses looks at every household alone.
func (p *player) compareHouses(m plain) {
	p.t.Helper()
	for _, rec := range m.recs {
		if rec.Type != "house" {
			continue
		}
		var want string
		if h := m.house(rec); m.counts(rec) && h.round != "" {
			want = fmt.Sprintf("%s in %s, %s, complete %t, %d persons", h.code, h.round, h.state, h.complete, h.persons)
		}
		var got string
		if d, err := p.a.Result(context.Background(), rec.ID); err == nil {
			got = fmt.Sprintf("%s in %s, %s, complete %t, %d persons", d.Area, d.Round, d.State, d.Complete, d.Persons)
		}
		if got != want {
			p.t.Errorf("house %s\n got %s\nwant %s", rec.ID, got, want)
		}
	}
}

func (p *player) compareLists(m plain) {
	p.t.Helper()
	orphans := map[string]int{}
	citizens := map[[2]string]int{}
	for _, rec := range m.recs {
		up := map[string]string{"person": "house", "tooth": "person"}[rec.Type]
		if up == "" || !m.counts(rec) {
			continue
		}
		parent, why := m.parent(rec, up)
		if why != "" {
			orphans[why]++
			continue
		}
		if v, _ := rec.Winner("citizen").Any(); rec.Type == "person" && v != nil && m.counts(parent) && m.roundOf(rec) != "" {
			citizens[[2]string{m.roundOf(rec), v.(string)}]++
		}
	}
	list, err := p.a.Orphans(context.Background(), OrphanFilter{})
	must(p.t, err)
	for _, o := range list {
		orphans[o.Why]--
	}
	for why, n := range orphans {
		if n != 0 {
			p.t.Errorf("%d orphans too few: %s", n, why)
		}
	}
	want := []int{}
	for _, n := range citizens {
		if n > 1 {
			want = append(want, n)
		}
	}
	cases, err := p.a.Duplicates(context.Background(), DuplicateFilter{Kind: "citizen"})
	must(p.t, err)
	got := []int{}
	for _, c := range cases {
		got = append(got, c.N)
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		p.t.Errorf("duplicates of %v records, want %v", got, want)
	}
}
