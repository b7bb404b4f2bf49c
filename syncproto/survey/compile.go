package survey

import (
	"slices"
	"strings"
)

// section is a Section with its condition.
type section struct {
	Section
	relevant *program
}

func (t *RecordType) section(name string) *section {
	for i := range t.sections {
		if t.sections[i].Name == name {
			return &t.sections[i]
		}
	}
	return nil
}

// programs are the compiled expressions of a question; nil: it has none.
type programs struct {
	required, relevant, constraint, calculation, filter *program
}

// step computes one question in every record of its type: whether it is asked
// and, of a calculate, its value.
type step struct {
	typ      *RecordType
	question int
}

// compile compiles every expression of the form and puts relevance and
// calculations in an order in which each finds what it needs.
func (p *parser) compile(f *Form) {
	if p.err != nil {
		return
	}
	for _, t := range f.types {
		for _, kid := range t.kids {
			if t.question(kid.name) != nil {
				p.fail(kid.name, "%q is a question of %s too", kid.name, t.name)
			}
		}
		if p.err == nil {
			p.expressions(t)
		}
	}
	if p.err == nil {
		p.order(f)
	}
}

func (p *parser) expressions(t *RecordType) {
	for _, reserved := range ownVariables {
		if t.question(reserved) != nil {
			p.fail(t.name+"."+reserved, "the name has a meaning in expressions: choose another")
			return
		}
	}
	s, err := newScope(t)
	if err != nil {
		p.fail(t.name, "%v", err)
		return
	}
	for i := range t.sections {
		sec := &t.sections[i]
		sec.relevant = p.expression(s, t.name+"."+sec.Name+".relevant", sec.Relevant)
	}
	for i := range t.questions {
		q := &t.questions[i]
		at := t.name + "." + q.Name
		q.programs = &programs{
			required:    p.expression(s, at+".required", q.RequiredIf),
			relevant:    p.expression(s, at+".relevant", q.Relevant),
			constraint:  p.expression(s, at+".constraint", q.Constraint),
			calculation: p.expression(s, at+".calculation", q.Calculation),
			filter:      p.expression(s, at+".choice_filter", q.ChoiceFilter),
		}
	}
}

func (p *parser) expression(s *scope, place, text string) *program {
	if text == "" || p.err != nil {
		return nil
	}
	if strings.TrimSpace(text) == "" {
		p.fail(place, "is blank")
		return nil
	}
	out, err := s.compile(text)
	if err != nil {
		p.fail(place, "%v", err)
		return nil
	}
	return out
}

// order sorts the questions that have relevance or a calculation, depth first,
// and refuses a circle by naming it.
func (p *parser) order(f *Form) {
	o := orderer{form: f, state: map[step]int{}}
	for _, t := range f.types {
		for i := range t.questions {
			o.visit(step{t, i})
			if o.circle != "" {
				p.fail(t.name+"."+t.questions[i].Name, "depends on itself: %s", o.circle)
				return
			}
		}
	}
	f.order = o.out
}

type orderer struct {
	form   *Form
	state  map[step]int // 1: being visited, 2: done
	path   []string
	out    []step
	circle string
}

func (o *orderer) visit(s step) {
	q := &s.typ.questions[s.question]
	if o.circle != "" || o.state[s] == 2 {
		return
	}
	o.path = append(o.path, s.typ.name+"."+q.Name)
	defer func() { o.path = o.path[:len(o.path)-1] }()
	if o.state[s] == 1 {
		from := slices.Index(o.path, s.typ.name+"."+q.Name)
		o.circle = strings.Join(o.path[from:], " → ")
		return
	}
	o.state[s] = 1
	computed := false
	for _, e := range o.needs(s.typ, q) {
		computed = true
		for _, name := range e.refs.names {
			o.visitName(s.typ, name)
		}
		for _, kind := range e.refs.kinds {
			for _, name := range e.refs.fields[kind] {
				o.visitField(s.typ, kind, name)
			}
		}
	}
	o.state[s] = 2
	if computed && o.circle == "" {
		o.out = append(o.out, s)
	}
}

// needs returns the expressions that decide the question's value.
func (o *orderer) needs(t *RecordType, q *Question) []*program {
	var out []*program
	if s := t.section(q.Section); s != nil && s.relevant != nil {
		out = append(out, s.relevant)
	}
	for _, e := range []*program{q.programs.relevant, q.programs.calculation} {
		if e != nil {
			out = append(out, e)
		}
	}
	return out
}

func (o *orderer) visitName(t *RecordType, name string) {
	for ; t != nil; t = t.outer {
		if i, ok := t.byName[name]; ok {
			o.visit(step{t, i})
			return
		}
	}
}

func (o *orderer) visitField(t *RecordType, kind, name string) {
	for ; t != nil; t = t.outer {
		for _, kid := range t.kids {
			if kid.name == kind {
				o.visit(step{kid, kid.byName[name]})
				return
			}
		}
	}
}
