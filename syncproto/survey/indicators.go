package survey

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	celtypes "cel.dev/cel-go/common/types"
)

// Verdict is what an indicator says of one household or village. The four are
// never mixed.
type Verdict string

// The verdicts.
const (
	Pass       Verdict = "pass"
	Fail       Verdict = "fail"
	NA         Verdict = "na"         // nobody here is subject to it
	Unanswered Verdict = "unanswered" // something it needs is not answered yet
)

// Outcome is one indicator of one record. Applicable and Failing count in the
// indicator's unit; both are 0 unless the verdict is pass or fail.
type Outcome struct {
	No         int      `json:"no"`
	Verdict    Verdict  `json:"verdict"`
	Applicable int      `json:"applicable"`
	Failing    int      `json:"failing"`
	Score      int      `json:"score,omitempty"`
	Reason     Text     `json:"reason,omitzero"`      // of a fail
	Unanswered []string `json:"unanswered,omitempty"` // the questions that are missing, of an unanswered
	Excess     bool     `json:"excess,omitempty"`     // more failing than it applies to: counted as all of them
}

// Result is what a set says of one record, in the set's order.
type Result struct {
	Outcomes []Outcome `json:"outcomes"`
	Level    int       `json:"level,omitempty"` // of the set's levels; 0: none, or something is unanswered
}

// Indicators is a set bound to a form, ready to judge. It is safe for use by
// many goroutines.
type Indicators struct {
	form        *Form
	set         *Set
	params      map[string]any
	definitions map[string]*program
	rules       []rule
	levels      []*program
}

type rule struct {
	*Indicator
	where                       []*program // over one record of Applicable.Count
	value, when, failing, shape *program   // shape: pass or score
}

// Form returns the form.
func (x *Indicators) Form() *Form { return x.form }

// Set returns the set.
func (x *Indicators) Set() *Set { return x.set }

// RecordType returns what the set judges, such as "household".
func (x *Indicators) RecordType() string { return x.set.def.RecordType }

// List returns the indicators in order. They must not be changed.
func (x *Indicators) List() []Indicator { return x.set.def.Indicators }

// NewIndicators compiles a set's rules against a form. The error names the
// indicator and what is wrong.
func NewIndicators(f *Form, s *Set) (*Indicators, error) {
	x := &Indicators{form: f, set: s, params: map[string]any{}, definitions: map[string]*program{}}
	for name, v := range s.def.Parameters {
		x.params[name] = v
	}
	t, ok := f.Type(s.def.RecordType)
	if !ok {
		return nil, fmt.Errorf("survey: indicator set %s: form %s has no record type %q", s.Ref(), f.Ref(), s.def.RecordType)
	}
	p := &parser{}
	x.compile(p, t)
	if p.err != nil {
		return nil, fmt.Errorf("survey: indicator set %s: %w", s.Ref(), p.err)
	}
	return x, nil
}

func (x *Indicators) compile(p *parser, t *RecordType) {
	plain, err := newScope(t)
	if err != nil {
		p.fail("", "%v", err)
		return
	}
	var names []string
	for name, text := range x.set.def.Definitions {
		if t.question(name) != nil || slices.Contains(ownVariables, name) {
			p.fail("definitions."+name, "is the name of a question")
		}
		x.definitions[name] = p.expression(plain, "definitions."+name, text)
		names = append(names, name)
	}
	outer, err := newScope(t, names...)
	if err != nil {
		p.fail("", "%v", err)
		return
	}
	for i := range x.set.def.Indicators {
		ind := &x.set.def.Indicators[i]
		at := fmt.Sprintf("indicator %d", ind.No)
		r := rule{
			Indicator: ind,
			value:     p.expression(outer, at+".applicable.value", ind.Applicable.Value),
			when:      p.expression(outer, at+".applicable.when", ind.Applicable.When),
			failing:   p.expression(outer, at+".failing", ind.Failing),
			shape:     p.expression(outer, at, ind.Pass+ind.Score),
		}
		if ind.Applicable.Count != "" {
			r.where = x.conditions(p, t, at+".applicable", ind.Applicable)
		}
		x.rules = append(x.rules, r)
	}
	for _, l := range x.set.def.Levels {
		s, err := newScope(&RecordType{name: "levels"}, "score1", "score2", "score3")
		if err != nil {
			p.fail("levels", "%v", err)
			return
		}
		x.levels = append(x.levels, p.expression(s, fmt.Sprintf("level %d", l.Level), l.When))
	}
}

func (x *Indicators) conditions(p *parser, t *RecordType, at string, a Applicable) (out []*program) {
	i := slices.IndexFunc(t.kids, func(k *RecordType) bool { return k.name == a.Count })
	if i < 0 {
		p.fail(at+".count", "%s has no records of type %q below it", t.name, a.Count)
		return nil
	}
	inner, err := newScope(t.kids[i])
	if err != nil {
		p.fail(at, "%v", err)
		return nil
	}
	for n, text := range a.Where {
		out = append(out, p.expression(inner, fmt.Sprintf("%s.where[%d]", at, n), text))
	}
	return out
}

// Outcomes judges a record. The review must be of the form that the set was
// bound to.
func (x *Indicators) Outcomes(r Review) Result {
	out := Result{Outcomes: make([]Outcome, 0, len(x.rules))}
	if r.scope == nil || r.Type != x.set.def.RecordType {
		return out
	}
	j := judge{x: x, in: r.scope, vars: vars{in: r.scope, more: map[string]any{varParam: x.params}}}
	for name, p := range x.definitions {
		j.vars.more[name] = nil
		if v, ok := p.eval(r.scope); ok {
			j.vars.more[name] = native(v)
		}
	}
	scores := [4]float64{}
	whole := len(x.levels) > 0
	for i := range x.rules {
		o := j.outcome(&x.rules[i])
		out.Outcomes = append(out.Outcomes, o)
		if o.Score > 0 {
			scores[o.Score]++
		}
		whole = whole && o.Verdict != Unanswered
	}
	if whole {
		out.Level = x.level(scores)
	}
	return out
}

func (x *Indicators) level(scores [4]float64) int {
	v := vars{in: &instance{typ: &RecordType{}, entry: &Entry{}}, more: map[string]any{
		"score1": scores[1], "score2": scores[2], "score3": scores[3],
	}}
	for i, p := range x.levels {
		if yes, _ := p.truth(&v); yes {
			return x.set.def.Levels[i].Level
		}
	}
	return 0
}

// vars are the variables of a rule: the record's, and the set's own.
type vars struct {
	in   *instance
	more map[string]any
}

func (v *vars) ResolveName(name string) (any, bool) {
	if x, ok := v.more[name]; ok {
		return x, true
	}
	return v.in.ResolveName(name)
}

func (v *vars) Parent() cel.Activation { return nil }

// judge holds one record while its indicators are worked out.
type judge struct {
	x    *Indicators
	in   *instance
	vars vars
}

func (j *judge) outcome(r *rule) Outcome {
	o := Outcome{No: r.No, Verdict: NA}
	switch {
	case r.Empty:
		return o
	case r.Failing != "":
		j.counted(r, &o)
	default:
		j.whole(r, &o)
	}
	if o.Verdict == Fail {
		o.Reason = j.reason(r, o)
	}
	if o.Verdict == Unanswered || o.Verdict == NA {
		o.Applicable, o.Failing, o.Score = 0, 0, 0
	}
	return o
}

// counted is an indicator of how many fail of those it applies to.
func (j *judge) counted(r *rule, o *Outcome) {
	var ok bool
	if o.Applicable, ok = j.applicable(r, o); !ok {
		o.Verdict = Unanswered
		return
	}
	if o.Applicable == 0 {
		return
	}
	if o.Failing, ok = j.number(r.failing, o); !ok {
		o.Verdict = Unanswered
		return
	}
	if o.Failing > o.Applicable {
		o.Failing, o.Excess = o.Applicable, true
	}
	o.Verdict = Pass
	if o.Failing > 0 {
		o.Verdict = Fail
	}
}

// applicable counts whom the indicator applies to. ok is false while that
// cannot be told.
func (j *judge) applicable(r *rule, o *Outcome) (n int, ok bool) {
	if r.value != nil {
		return j.number(r.value, o)
	}
	kids := j.in.kids[r.Applicable.Count]
	if len(kids) == 0 {
		o.Unanswered = append(o.Unanswered, r.Applicable.Count)
		return 0, false
	}
	ok = true
	for _, kid := range kids {
		yes, told := j.meets(r, kid, o)
		if yes {
			n++
		}
		ok = ok && told
	}
	return n, ok
}

// meets reports whether all conditions hold for one record below. A false
// decides whatever is unknown beside it.
func (j *judge) meets(r *rule, kid *instance, o *Outcome) (yes, told bool) {
	v := vars{in: kid, more: map[string]any{varParam: j.x.params}}
	var missing []string
	told = true
	for _, p := range r.where {
		lacks := kid.lacks(p.refs)
		if len(lacks) > 0 {
			missing, told = append(missing, lacks...), false
			continue
		}
		holds, ok := p.truth(&v)
		if ok && !holds {
			return false, true
		}
		told = told && ok
	}
	for _, q := range missing {
		name := r.Applicable.Count + "." + q
		if !slices.Contains(o.Unanswered, name) {
			o.Unanswered = append(o.Unanswered, name)
		}
	}
	return told, told
}

// whole is an indicator of the record as such.
func (j *judge) whole(r *rule, o *Outcome) {
	o.Applicable = 1
	if r.when != nil {
		yes, told := j.condition(r.when, o)
		switch {
		case !told:
			o.Verdict = Unanswered
			return
		case !yes:
			return
		}
	}
	var good, told bool
	if r.Score != "" {
		o.Score, told = j.number(r.shape, o)
		good, told = o.Score > 1, told && o.Score >= 1 && o.Score <= 3
	} else {
		good, told = j.condition(r.shape, o)
	}
	switch {
	case !told:
		o.Verdict = Unanswered
	case good:
		o.Verdict = Pass
	default:
		o.Verdict, o.Failing = Fail, 1
	}
}

// maxCount bounds what one record counts, so that sums of a whole country stay
// whole numbers in every runtime.
const maxCount = 1_000_000_000

// number evaluates a whole number from 0.
func (j *judge) number(p *program, o *Outcome) (int, bool) {
	if j.lacking(p, o) {
		return 0, false
	}
	v, ok := p.eval(&j.vars)
	n, isDouble := v.(celtypes.Double)
	if i, isInt := v.(celtypes.Int); isInt {
		n, isDouble = celtypes.Double(i), true
	}
	if !ok || !isDouble || n < 0 || n > maxCount || math.IsNaN(float64(n)) {
		return 0, false
	}
	return int(n), true
}

func (j *judge) condition(p *program, o *Outcome) (yes, told bool) {
	if j.lacking(p, o) {
		return false, false
	}
	return p.truth(&j.vars)
}

// lacking notes which questions that a rule looks at, also through the set's
// definitions, are asked and not answered.
func (j *judge) lacking(p *program, o *Outcome) bool {
	missing := j.in.lacks(p.refs)
	for _, name := range p.refs.names {
		if d := j.x.definitions[name]; d != nil {
			missing = append(missing, j.in.lacks(d.refs)...)
		}
	}
	for _, q := range missing {
		if !slices.Contains(o.Unanswered, q) {
			o.Unanswered = append(o.Unanswered, q)
		}
	}
	return len(missing) > 0
}

// lacks returns what an expression looks at that is asked and not answered. A
// list of records that has none counts as that: the roster was not taken.
func (in *instance) lacks(r refs) (out []string) {
	for _, name := range r.names {
		for o := in; o != nil; o = o.outer {
			if i, ok := o.typ.byName[name]; ok {
				if o.asked[i] && o.vals[name] == nil {
					out = append(out, name)
				}
				break
			}
			if list, ok := o.lists[name]; ok {
				if len(list.([]any)) == 0 {
					out = append(out, name)
				}
				break
			}
		}
	}
	for _, kind := range r.kinds {
		for _, kid := range in.kids[kind] {
			for _, name := range r.fields[kind] {
				i := kid.typ.byName[name]
				if kid.asked[i] && kid.vals[name] == nil && !slices.Contains(out, kind+"."+name) {
					out = append(out, kind+"."+name)
				}
			}
		}
	}
	return out
}

// reason fills in the template.
func (j *judge) reason(r *rule, o Outcome) Text {
	fill := func(template string) string {
		var b strings.Builder
		for {
			before, rest, found := strings.Cut(template, "{")
			b.WriteString(before)
			name, after, closed := strings.Cut(rest, "}")
			if !found || !closed {
				return b.String()
			}
			b.WriteString(j.word(name, o))
			template = after
		}
	}
	if r.Reason == (Text{}) {
		return r.Name
	}
	return Text{TH: fill(r.Reason.TH), EN: fill(r.Reason.EN)}
}

func (j *judge) word(name string, o Outcome) string {
	switch name {
	case "failing":
		return grouped(float64(o.Failing))
	case "applicable":
		return grouped(float64(o.Applicable))
	case "score":
		return grouped(float64(o.Score))
	}
	if p, ok := strings.CutPrefix(name, varParam+"."); ok {
		if n, ok := j.x.params[p].(float64); ok {
			return grouped(n)
		}
	}
	v, _ := j.vars.ResolveName(name)
	switch v := v.(type) {
	case float64:
		return grouped(v)
	case string:
		return v
	}
	return "…"
}

// grouped writes a number as people do: 38,000 and at most two decimals.
func grouped(n float64) string {
	s := plain(math.Round(n*100) / 100)
	whole, fraction, has := strings.Cut(s, ".")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if has {
		return sign + whole + "." + fraction
	}
	return sign + whole
}
