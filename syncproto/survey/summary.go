package survey

import (
	"math"
	"strconv"
)

// State is where a household stands in a round.
type State string

// The states. The first three follow from the answers; the others are acts of
// an officer or a supervisor.
const (
	NotStarted State = "not_started" // nothing answered, or carried forward and not confirmed
	InProgress State = "in_progress"
	Complete   State = "complete"
	Submitted  State = "submitted"
	Returned   State = "returned"
	Approved   State = "approved"
)

// States are all states in the order of the work.
var States = []State{NotStarted, InProgress, Complete, Submitted, Returned, Approved}

// DerivedState tells the state of a record whose officers have said nothing.
func DerivedState(r Review, carried bool) State {
	switch {
	case carried || r.Answered == 0:
		return NotStarted
	case r.Complete():
		return Complete
	}
	return InProgress
}

// Judged is one household or village with everything that sums are made of.
type Judged struct {
	State    State
	Complete bool
	Persons  int // records below
	Result   Result
}

// Tally adds up households. Sums are of whole numbers, so they are the same in
// whatever order households come, and what was added can be taken away again.
type Tally struct {
	Total      int
	Complete   int
	Persons    int
	States     map[State]int
	Indicators map[int]Sums // by number
	Levels     map[int]int  // how many reached each level
}

// Sums are one indicator over many households. An indicator that a household
// has no verdict on, or that does not apply to it, adds nothing to Applicable
// and Failed.
type Sums struct {
	Applicable int `json:"applicable"`
	Failed     int `json:"failed"`
	Pass       int `json:"pass"` // households by verdict
	Fail       int `json:"fail"`
	NA         int `json:"na"`
	Unanswered int `json:"unanswered"`
}

// Plus returns a + sign×b.
func (a Sums) Plus(b Sums, sign int) Sums {
	return Sums{
		Applicable: a.Applicable + sign*b.Applicable, Failed: a.Failed + sign*b.Failed,
		Pass: a.Pass + sign*b.Pass, Fail: a.Fail + sign*b.Fail, NA: a.NA + sign*b.NA, Unanswered: a.Unanswered + sign*b.Unanswered,
	}
}

// SumsOf is what one outcome adds.
func SumsOf(o Outcome) Sums {
	s := Sums{Applicable: o.Applicable, Failed: o.Failing}
	switch o.Verdict {
	case Pass:
		s.Pass = 1
	case Fail:
		s.Fail = 1
	case NA:
		s.NA = 1
	case Unanswered:
		s.Unanswered = 1
	}
	return s
}

// NewTally returns an empty tally.
func NewTally() *Tally {
	return &Tally{States: map[State]int{}, Indicators: map[int]Sums{}, Levels: map[int]int{}}
}

// Add counts one household.
func (t *Tally) Add(j Judged) { t.count(j, 1) }

// Remove takes back what Add of the same counted.
func (t *Tally) Remove(j Judged) { t.count(j, -1) }

func (t *Tally) count(j Judged, sign int) {
	t.Total += sign
	t.Persons += sign * j.Persons
	if j.Complete {
		t.Complete += sign
	}
	t.States[j.State] += sign
	for _, o := range j.Result.Outcomes {
		t.Indicators[o.No] = t.Indicators[o.No].Plus(SumsOf(o), sign)
	}
	if j.Result.Level > 0 {
		t.Levels[j.Result.Level] += sign
	}
}

// Merge adds another tally, or takes it away with sign -1.
func (t *Tally) Merge(o *Tally, sign int) {
	t.Total += sign * o.Total
	t.Complete += sign * o.Complete
	t.Persons += sign * o.Persons
	for s, n := range o.States {
		t.States[s] += sign * n
	}
	for no, s := range o.Indicators {
		t.Indicators[no] = t.Indicators[no].Plus(s, sign)
	}
	for l, n := range o.Levels {
		t.Levels[l] += sign * n
	}
}

// Summary is the sums of one area in one round, as the office's `summary` and
// the tablet's `report` both print it.
type Summary struct {
	Area          string           `json:"area"`
	AreaName      string           `json:"area_name"`
	Round         string           `json:"round"`
	RoundTitle    string           `json:"round_title"`
	Form          string           `json:"form"`
	Set           string           `json:"set"`
	ReferenceDate string           `json:"reference_date"`
	AsOfSeq       uint64           `json:"as_of_seq"` // of the feeds of the area, added up
	AsOf          string           `json:"as_of"`     // RFC 3339: when the newest of it was counted, at the office; the last sync, on a tablet
	Frozen        bool             `json:"frozen"`    // every village in it is certified
	Certified     int              `json:"certified"` // villages
	Households    HouseholdSummary `json:"households"`
	Persons       int              `json:"persons"`
	Indicators    []IndicatorLine  `json:"indicators"`
	Levels        map[string]int   `json:"levels,omitempty"`
	LevelNames    map[string]Text  `json:"level_names,omitempty"`
	Outstanding   *Outstanding     `json:"outstanding,omitempty"`
	Unassigned    int              `json:"unassigned,omitempty"` // households here that belong to no round: several are open, or none
}

// HouseholdSummary counts households. The states add up to Total; Complete
// counts those whose answers are complete, whatever their state.
type HouseholdSummary struct {
	Total      int `json:"total"`
	Complete   int `json:"complete"`
	NotStarted int `json:"not_started"`
	InProgress int `json:"in_progress"`
	Ready      int `json:"ready"` // complete and not submitted yet
	Submitted  int `json:"submitted"`
	Returned   int `json:"returned"`
	Approved   int `json:"approved"`
}

// IndicatorLine is one indicator of a summary. Percentages have two decimals
// and are of Applicable; null where that is 0.
type IndicatorLine struct {
	No            int      `json:"no"`
	Code          string   `json:"code"`
	NameTH        string   `json:"name_th"`
	NameEN        string   `json:"name_en"`
	Dimension     int      `json:"dimension"`
	Unit          string   `json:"unit"`
	Applicable    int      `json:"applicable"`
	Failed        int      `json:"failed"`
	Passed        int      `json:"passed"`
	Percent       *float64 `json:"percent"` // passed
	FailedPercent *float64 `json:"failed_percent"`
	Households    Verdicts `json:"households"`
}

// Verdicts counts households by verdict.
type Verdicts struct {
	Pass       int `json:"pass"`
	Fail       int `json:"fail"`
	NA         int `json:"na"`
	Unanswered int `json:"unanswered"`
}

// Outstanding says what may still come in.
type Outstanding struct {
	Devices   int  `json:"devices"`          // that may hold more of this area and have not synced for a day; on a tablet: 0
	Unsent    *int `json:"unsent,omitempty"` // on a tablet: its own records that the office does not hold
	Conflicts int  `json:"conflicts"`        // records that officers answered differently
}

// Summary writes the tally with the names of the set's indicators. The caller
// fills in area, round and time.
func (t *Tally) Summary(x *Indicators) Summary {
	s := Summary{
		Form: x.form.Ref(), Persons: t.Persons, Indicators: []IndicatorLine{},
		Households: HouseholdSummary{
			Total: t.Total, Complete: t.Complete, NotStarted: t.States[NotStarted], InProgress: t.States[InProgress],
			Ready: t.States[Complete], Submitted: t.States[Submitted], Returned: t.States[Returned], Approved: t.States[Approved],
		},
	}
	if x.set.def.Name != "" {
		s.Set = x.set.Ref()
	}
	for i := range x.set.def.Indicators {
		s.Indicators = append(s.Indicators, line(&x.set.def.Indicators[i], t.Indicators[x.set.def.Indicators[i].No]))
	}
	for _, l := range x.set.def.Levels {
		if s.Levels == nil {
			s.Levels, s.LevelNames = map[string]int{}, map[string]Text{}
		}
		key := strconv.Itoa(l.Level)
		s.Levels[key], s.LevelNames[key] = t.Levels[l.Level], l.Name
	}
	return s
}

func line(ind *Indicator, s Sums) IndicatorLine {
	l := IndicatorLine{
		No: ind.No, Code: ind.Code, NameTH: ind.Name.TH, NameEN: ind.Name.EN, Dimension: ind.Dimension, Unit: ind.Unit,
		Applicable: s.Applicable, Failed: s.Failed, Passed: s.Applicable - s.Failed,
		Households: Verdicts{Pass: s.Pass, Fail: s.Fail, NA: s.NA, Unanswered: s.Unanswered},
	}
	l.Percent, l.FailedPercent = percent(l.Passed, s.Applicable), percent(s.Failed, s.Applicable)
	return l
}

func percent(n, of int) *float64 {
	if of == 0 {
		return nil
	}
	p := math.Round(float64(n)/float64(of)*10000) / 100
	return &p
}
