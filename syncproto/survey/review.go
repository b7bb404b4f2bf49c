package survey

import (
	"maps"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
)

// Entry is one record as flat answers, with the records below it.
type Entry struct {
	Values   map[string]any
	Children map[string][]Entry // by record type, in the order of the roster
	Today    string             // the day it was last saved, ISO; decides `today`
}

// Review is what a form says of an entry.
type Review struct {
	Type     string
	Values   map[string]any // what counts: answers to questions that are asked, and calculations; numbers are float64
	Asked    map[string]bool
	Answered int      // questions of this record that are asked and answered, calculations not counted
	Missing  []string // asked, required, unanswered; in form order
	Problems []Problem
	Children map[string][]Review

	reference string
	scope     *instance
}

// Complete reports whether everything required is answered and nothing is
// wrong, here and below.
func (r Review) Complete() bool {
	if len(r.Missing) > 0 || len(r.Problems) > 0 {
		return false
	}
	for _, list := range r.Children {
		for i := range list {
			if !list[i].Complete() {
				return false
			}
		}
	}
	return true
}

// Count returns how many problems there are, here and below.
func (r Review) Count() int {
	n := len(r.Problems)
	for _, list := range r.Children {
		for i := range list {
			n += list[i].Count()
		}
	}
	return n
}

// Review works out which questions are asked, the calculations, what is
// missing and what looks wrong. It changes nothing: answers to questions that
// are not asked stay in the record and do not count. referenceDate is the
// round's, ISO; "" takes the day of saving.
//
// An expression without a result, because something it needs is unanswered:
// a question whose relevance cannot be told is not asked yet; a constraint is
// not judged; a calculation has no value.
func (f *Form) Review(recordType string, e Entry, referenceDate string) Review {
	t, ok := f.Type(recordType)
	if !ok {
		return Review{Type: recordType, Problems: []Problem{unknownType()}}
	}
	r := newReviewer(f, t, e, referenceDate)
	r.compute()
	return r.review(r.root)
}

// Check flags answers that look wrong in one record looked at alone, one
// problem an answer, in form order and then unknown questions by name. It
// takes flat answers and changes nothing: the answers of a visit are kept
// whatever Check thinks of them. No answer (null, or absent) is no problem,
// and keys starting with "_", which the sync engine keeps for itself, are not
// looked at. What depends on other records is left to [Form.Review].
func (f *Form) Check(recordType string, values map[string]any) []Problem {
	t, ok := f.Type(recordType)
	if !ok {
		return []Problem{unknownType()}
	}
	r := newReviewer(f, t, Entry{Values: values}, "")
	r.alone = true
	r.compute()
	return r.review(r.root).Problems
}

// reviewer holds one entry while it is worked out.
type reviewer struct {
	form      *Form
	root      *instance
	instances map[*RecordType][]*instance
	alone     bool // the records around it are not known
	reference string
}

// instance is one record under review. It is what its expressions see.
type instance struct {
	typ       *RecordType
	entry     *Entry
	vals      map[string]any // the review's values; also what an outer expression sees in its lists
	asked     []bool         // by question
	lists     map[string]any // by child type: []any of vals
	kids      map[string][]*instance
	outer     *instance
	position  float64
	reference string
	this      any
	more      map[string]any
}

var _ cel.Activation = (*instance)(nil)

// ResolveName finds a variable: see expr.go.
func (in *instance) ResolveName(name string) (any, bool) {
	if v, ok := in.more[name]; ok {
		return v, true
	}
	switch name {
	case varThis:
		return in.this, true
	case varPosition:
		return in.position, true
	case varReference:
		return known(in.reference), true
	case varToday:
		return known(in.entry.Today), true
	}
	for o := in; o != nil; o = o.outer {
		if v, ok := o.vals[name]; ok {
			return v, true
		}
		if _, ok := o.typ.byName[name]; ok {
			return nil, true
		}
		if list, ok := o.lists[name]; ok {
			return list, true
		}
	}
	return nil, false
}

// known is null for a day that is not known.
func known(day string) any {
	if day == "" {
		return nil
	}
	return day
}

// Parent is nil: outer records are found by ResolveName.
func (in *instance) Parent() cel.Activation { return nil }

func newReviewer(f *Form, t *RecordType, e Entry, reference string) *reviewer {
	r := &reviewer{form: f, instances: map[*RecordType][]*instance{}, reference: reference}
	if r.reference == "" {
		r.reference = e.Today
	}
	r.root = r.add(t, &e, nil, 1)
	return r
}

func (r *reviewer) add(t *RecordType, e *Entry, outer *instance, position int) *instance {
	in := &instance{
		typ: t, entry: e, outer: outer, position: float64(position), reference: r.reference,
		vals: make(map[string]any, len(t.questions)), asked: make([]bool, len(t.questions)),
	}
	if e.Today == "" && outer != nil {
		in.entry = &Entry{Values: e.Values, Children: e.Children, Today: outer.entry.Today}
	}
	for i := range t.questions {
		q := &t.questions[i]
		in.asked[i] = true
		in.vals[q.Name] = nil
		if q.Type.Stored() {
			in.vals[q.Name] = bind(q.Type, e.Values[q.Name])
			if list, ok := in.vals[q.Name].([]any); ok && len(list) == 0 {
				in.vals[q.Name] = nil // nothing chosen is no answer
			}
		}
	}
	for _, kid := range t.kids {
		list := make([]any, len(e.Children[kid.name]))
		for i := range e.Children[kid.name] {
			c := r.add(kid, &e.Children[kid.name][i], in, i+1)
			if in.kids == nil {
				in.kids = map[string][]*instance{}
			}
			in.kids[kid.name] = append(in.kids[kid.name], c)
			list[i] = c.vals
		}
		if in.lists == nil {
			in.lists = map[string]any{}
		}
		in.lists[kid.name] = list
	}
	r.instances[t] = append(r.instances[t], in)
	return in
}

// bind gives an answer the shape that expressions know: numbers as float64,
// also inside tables. An answer of the wrong type stays as it is; what needs
// it has no result.
func bind(t Type, v any) any {
	switch v := v.(type) {
	case nil, bool, float64, string:
		return v
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, x := range v {
			out[k] = bind(t, x)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = bind(t, x)
		}
		return out
	}
	if n, ok := number(v); ok {
		return n
	}
	return v
}

// compute runs relevance and calculations in order.
func (r *reviewer) compute() {
	for _, s := range r.form.order {
		q := &s.typ.questions[s.question]
		for _, in := range r.instances[s.typ] {
			asked := true
			if sec := s.typ.section(q.Section); sec != nil {
				asked = r.holds(in, sec.relevant)
			}
			asked = asked && r.holds(in, q.programs.relevant)
			in.asked[s.question] = asked
			switch {
			case !asked:
				in.vals[q.Name] = nil
			case q.programs.calculation != nil && !r.beyond(in, q.programs.calculation):
				if v, ok := q.programs.calculation.eval(in); ok {
					in.vals[q.Name] = native(v)
				}
			}
		}
	}
}

// holds reports whether a relevance is true. One that looks at records which
// are not known is taken to be.
func (r *reviewer) holds(in *instance, p *program) bool {
	if p == nil || r.beyond(in, p) {
		return true
	}
	yes, _ := p.truth(in)
	return yes
}

// beyond reports whether the expression looks at records that are not known.
func (r *reviewer) beyond(in *instance, p *program) bool {
	return r.alone && p.refs.reaches(in.typ)
}

func (r *reviewer) review(in *instance) Review {
	out := Review{
		Type: in.typ.name, Values: make(map[string]any, len(in.vals)), Asked: make(map[string]bool, len(in.asked)),
		reference: r.reference, scope: in,
	}
	for name, v := range in.vals {
		if v != nil {
			out.Values[name] = v
		}
	}
	for i := range in.typ.questions {
		q := &in.typ.questions[i]
		if !in.asked[i] {
			continue
		}
		out.Asked[q.Name] = true
		if in.vals[q.Name] == nil {
			if q.Type.Stored() && (q.Required || q.programs.required != nil && r.holds(in, q.programs.required)) {
				out.Missing = append(out.Missing, q.Name)
			}
			continue
		}
		if q.Type.Stored() {
			out.Answered++
		}
		if problem, wrong := r.judge(in, q); wrong {
			out.Problems = append(out.Problems, problem)
		}
	}
	out.Problems = append(out.Problems, in.unknown()...)
	r.below(in, &out)
	return out
}

// unknown lists answers to questions that the form does not have.
func (in *instance) unknown() (out []Problem) {
	for _, key := range slices.Sorted(maps.Keys(in.entry.Values)) {
		if in.entry.Values[key] != nil && in.typ.question(key) == nil && !strings.HasPrefix(key, "_") {
			out = append(out, unknownQuestion(key))
		}
	}
	return out
}

// below reviews the records below and counts them.
func (r *reviewer) below(in *instance, out *Review) {
	if r.alone {
		return
	}
	for _, kid := range in.typ.kids {
		n := len(in.kids[kid.name])
		low := kid.min != nil && n < *kid.min
		high := kid.max != nil && n > *kid.max
		if low || high {
			out.Problems = append(out.Problems, wrongNumber(kid))
		}
		for _, c := range in.kids[kid.name] {
			if out.Children == nil {
				out.Children = map[string][]Review{}
			}
			out.Children[kid.name] = append(out.Children[kid.name], r.review(c))
		}
	}
}

// judge checks one answer: its type, then its choice, then its constraint.
func (r *reviewer) judge(in *instance, q *Question) (Problem, bool) {
	if q.Type == TypeCalculate {
		return Problem{}, false
	}
	answer := in.entry.Values[q.Name]
	if code, say, wrong := q.check(answer); wrong {
		return Problem{Question: q.Name, Code: code, TH: say.TH, EN: say.EN}, true
	}
	if q.programs.filter != nil && !r.offered(in, q) {
		return Problem{Question: q.Name, Code: BadChoice, TH: sayFiltered.TH, EN: sayFiltered.EN}, true
	}
	c := q.programs.constraint
	if c == nil || r.beyond(in, c) {
		return Problem{}, false
	}
	in.this = in.vals[q.Name]
	yes, told := c.truth(in)
	in.this = nil
	if yes || !told {
		return Problem{}, false
	}
	say := q.ConstraintMessage
	if say == (Text{}) {
		say = sayConstraint
	}
	return Problem{Question: q.Name, Code: Constraint, TH: say.TH, EN: say.EN}, true
}

// offered reports whether every choice taken is among those that the
// choice_filter lets through.
func (r *reviewer) offered(in *instance, q *Question) bool {
	if r.beyond(in, q.programs.filter) {
		return true
	}
	taken, _ := in.vals[q.Name].([]any)
	if taken == nil {
		taken = []any{in.vals[q.Name]}
	}
	for _, name := range taken {
		i := slices.IndexFunc(q.Choices, func(c Choice) bool { return c.Name == name })
		if i < 0 {
			continue
		}
		choice := map[string]any{"name": q.Choices[i].Name}
		for k, v := range q.Choices[i].Filter {
			choice[k] = v
		}
		in.more = map[string]any{varChoice: choice}
		yes, told := q.programs.filter.truth(in)
		in.more = nil
		if told && !yes {
			return false
		}
	}
	return true
}
