package survey

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// Expressions are CEL, the same on a tablet and at the office. What they may
// name: the questions of the record, those of the records it belongs to, the
// records below it as lists under the name of their type, and
const (
	varThis      = "this"           // the question's own answer; XLSForm's "."
	varPosition  = "position"       // of the record among its siblings, from 1.0
	varReference = "reference_date" // the round's; the day of saving where there is no round
	varToday     = "today"          // the day the record was last saved
	varChoice    = "choice"         // in a choice_filter: {name, and the columns of the choice}
	varParam     = "param"          // in indicators: the parameters of the set
)

var ownVariables = []string{varThis, varPosition, varReference, varToday, varChoice, varParam}

// Every number is a double, an unanswered question is null, and so is one that
// is not asked. An expression that needs a value where there is null has no
// result; what that means is said where expressions are used.

// Bounds of one evaluation.
const (
	maxDepth = 32
	maxCost  = 1_000_000
)

// program is one compiled expression.
type program struct {
	text string
	kind *cel.Type // of the result, as far as it is known before it runs
	run  cel.Program
	refs refs
}

// refs is what an expression looks at.
type refs struct {
	names  []string            // variables
	kinds  []string            // child types whose questions it looks at, in the order of the text
	fields map[string][]string // by child type: the questions of its records
}

// reaches reports whether the expression looks beyond the record's own answers.
func (r refs) reaches(t *RecordType) bool {
	return len(r.fields) > 0 || slices.ContainsFunc(r.names, func(name string) bool {
		return name == varPosition || t.question(name) == nil && !slices.Contains(ownVariables, name)
	})
}

// scope compiles the expressions of one record type.
type scope struct {
	env *cel.Env
	typ *RecordType
}

// newScope makes the variables of t's expressions; more are further ones.
func newScope(t *RecordType, more ...string) (*scope, error) {
	seen := map[string]bool{}
	var opts []cel.EnvOption
	declare := func(names ...string) {
		for _, name := range names {
			if !seen[name] {
				seen[name] = true
				opts = append(opts, cel.Variable(name, cel.DynType))
			}
		}
	}
	declare(ownVariables...)
	declare(more...)
	for o := t; o != nil; o = o.outer {
		for i := range o.questions {
			declare(o.questions[i].Name)
		}
		declare(o.children...)
	}
	opts = append(opts, functions(t.choiceLabel)...)
	opts = append(opts, cel.ParserRecursionLimit(maxDepth), cel.ParserExpressionSizeLimit(maxExprBytes))
	env, err := cel.NewEnv(opts...)
	if err != nil {
		return nil, fmt.Errorf("expressions of %s: %w", t.name, err)
	}
	return &scope{env: env, typ: t}, nil
}

// choiceLabel is what choice_name answers.
func (t *RecordType) choiceLabel(question, name string) (string, bool) {
	for o := t; o != nil; o = o.outer {
		if q := o.question(question); q != nil {
			i := slices.IndexFunc(q.Choices, func(c Choice) bool { return c.Name == name })
			if i < 0 {
				return "", false
			}
			return q.Choices[i].Label.TH, true
		}
	}
	return "", false
}

// compile checks and compiles one expression. The error says what is wrong
// with it in one line.
func (s *scope) compile(text string) (*program, error) {
	if len(text) > maxExprBytes {
		return nil, fmt.Errorf("longer than %d bytes", maxExprBytes)
	}
	checked, issues := s.env.Compile(text)
	if err := issues.Err(); err != nil {
		first := issues.Errors()[0]
		if strings.Contains(first.Message, "'_%_'") {
			return nil, errNoRemainder
		}
		return nil, fmt.Errorf("character %d: %s", first.Location.Column()+1, strings.ReplaceAll(first.Message, " (in container '')", ""))
	}
	run, err := s.env.Program(checked, cel.EvalOptions(cel.OptOptimize), cel.CostLimit(maxCost))
	if err != nil {
		return nil, err
	}
	p := &program{text: text, kind: checked.OutputType(), run: run}
	w := walker{scope: s, refs: &p.refs, loops: map[string]string{}}
	w.walk(checked.NativeRep().Expr())
	return p, w.err
}

// walker finds what an expression looks at.
type walker struct {
	*scope
	refs  *refs
	loops map[string]string // variable of a loop → the child type it goes over, "" for another list
	err   error
}

func (w *walker) walk(e ast.Expr) {
	switch e.Kind() {
	case ast.IdentKind:
		w.name(e.AsIdent())
	case ast.SelectKind:
		w.field(e.AsSelect())
	case ast.CallKind:
		w.arithmetic(e.AsCall())
		if args := e.AsCall().Args(); e.AsCall().FunctionName() == "@in" && args[1].Kind() == ast.ListKind && args[1].AsList().Size() == 0 {
			w.err = errors.New("nothing is in an empty list") // cel-go says so before it looks whether the left side has a value
		}
		if slices.Contains(conversions, e.AsCall().FunctionName()) {
			w.err = fmt.Errorf("%s() is not for forms: write number(text) or concat([...])", e.AsCall().FunctionName())
		}
		if e.AsCall().IsMemberFunction() {
			w.walk(e.AsCall().Target())
		}
		for _, a := range e.AsCall().Args() {
			w.walk(a)
		}
	case ast.ListKind:
		for _, a := range e.AsList().Elements() {
			w.walk(a)
		}
	case ast.MapKind:
		for _, entry := range e.AsMap().Entries() {
			w.walk(entry.AsMapEntry().Key())
			w.walk(entry.AsMapEntry().Value())
		}
	case ast.ComprehensionKind:
		w.loop(e.AsComprehension())
	}
}

// conversions are those of CEL's own functions that say different things in
// different runtimes: string(1000000.0) is 1e+06 in one and 1000000 in another.
// The times that only they make go with them.
var conversions = []string{"bool", "bytes", "double", "duration", "dyn", "int", "string", "timestamp", "type", "uint"}

var errNoRemainder = errors.New("write mod(a, b) in place of a % b")

// arithmetic refuses 1 where 1.0 is meant: CEL does not mix whole numbers with
// the doubles that all answers are, and would only say so when it runs.
func (w *walker) arithmetic(c ast.CallExpr) {
	if !slices.Contains([]string{"_+_", "_-_", "_*_", "_/_", "_%_"}, c.FunctionName()) || len(c.Args()) != 2 {
		return
	}
	for _, a := range c.Args() {
		if a.Kind() != ast.LiteralKind {
			continue
		}
		if n, whole := a.AsLiteral().(types.Int); whole {
			w.err = fmt.Errorf("write %d with a decimal point in arithmetic: %d.0", n, n)
		}
	}
	if c.FunctionName() == "_%_" {
		w.err = errNoRemainder
	}
}

func (w *walker) name(name string) {
	if kind, loop := w.loops[name]; loop {
		if child := w.child(kind); child != nil { // the record as a whole
			for i := range child.questions {
				w.look(kind, child.questions[i].Name)
			}
		}
		return
	}
	if strings.HasPrefix(name, "@") { // CEL's own
		return
	}
	if !slices.Contains(w.refs.names, name) {
		w.refs.names = append(w.refs.names, name)
	}
}

func (w *walker) field(s ast.SelectExpr) {
	if s.Operand().Kind() == ast.IdentKind {
		if kind, loop := w.loops[s.Operand().AsIdent()]; loop {
			child := w.child(kind)
			switch {
			case child == nil:
			case child.question(s.FieldName()) == nil:
				w.err = fmt.Errorf("%s has no question %q", kind, s.FieldName())
			default:
				w.look(kind, s.FieldName())
			}
			return
		}
	}
	w.walk(s.Operand())
}

func (w *walker) look(kind, question string) {
	if w.refs.fields == nil {
		w.refs.fields = map[string][]string{}
	}
	if w.refs.fields[kind] == nil {
		w.refs.kinds = append(w.refs.kinds, kind)
	}
	if !slices.Contains(w.refs.fields[kind], question) {
		w.refs.fields[kind] = append(w.refs.fields[kind], question)
	}
}

// child returns the record type whose list that name is, here or further out.
func (w *walker) child(name string) *RecordType {
	for o := w.typ; o != nil; o = o.outer {
		for _, c := range o.kids {
			if c.name == name {
				return c
			}
		}
	}
	return nil
}

// loop walks a macro such as member.filter(m, m.age > 5.0). A list made from
// records, as that one is, is a list of records again.
func (w *walker) loop(c ast.ComprehensionExpr) {
	w.walk(c.IterRange())
	before, had := w.loops[c.IterVar()]
	w.loops[c.IterVar()] = w.records(c.IterRange())
	for _, e := range []ast.Expr{c.AccuInit(), c.LoopCondition(), c.Result()} {
		w.walk(e)
	}
	w.step(c)
	delete(w.loops, c.IterVar())
	if had {
		w.loops[c.IterVar()] = before
	}
}

// step walks the body of a loop. Of filter(m, …) the records themselves are
// gathered, which looks at none of their questions.
func (w *walker) step(c ast.ComprehensionExpr) {
	e := c.LoopStep()
	if w.gathers(c) {
		w.walk(e.AsCall().Args()[0])
		return
	}
	w.walk(e)
}

// gathers reports whether the loop is a filter: accu = cond ? accu + [var] : accu.
func (w *walker) gathers(c ast.ComprehensionExpr) bool {
	e := c.LoopStep()
	if e.Kind() != ast.CallKind || e.AsCall().FunctionName() != "_?_:_" {
		return false
	}
	add := e.AsCall().Args()[1]
	if add.Kind() != ast.CallKind || len(add.AsCall().Args()) != 2 || add.AsCall().Args()[1].Kind() != ast.ListKind {
		return false
	}
	list := add.AsCall().Args()[1].AsList().Elements()
	return len(list) == 1 && list[0].Kind() == ast.IdentKind && list[0].AsIdent() == c.IterVar()
}

// records returns the child type that a list holds records of, or "".
func (w *walker) records(list ast.Expr) string {
	switch list.Kind() {
	case ast.IdentKind:
		if w.child(list.AsIdent()) != nil {
			return list.AsIdent()
		}
	case ast.ComprehensionKind:
		if w.gathers(list.AsComprehension()) {
			return w.records(list.AsComprehension().IterRange())
		}
	}
	return ""
}

// eval runs the expression. ok is false if it has no result.
func (p *program) eval(vars cel.Activation) (v ref.Val, ok bool) {
	out, _, err := p.run.Eval(vars)
	if err != nil || types.IsUnknownOrError(out) {
		return nil, false
	}
	return out, true
}

// truth runs a condition. told is false if it has no result.
func (p *program) truth(vars cel.Activation) (yes, told bool) {
	v, ok := p.eval(vars)
	b, isBool := v.(types.Bool)
	return ok && bool(b), ok && isBool
}
