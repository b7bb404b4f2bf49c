package xlsform

import (
	"strconv"
	"strings"

	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/parser"

	"tambonsync/syncproto/survey"
)

// parseCEL parses without expanding macros: list.filter(m, …) stays a call.
func parseCEL(text string) (ast.Expr, bool) {
	if len(text) > maxCELBytes {
		return nil, false
	}
	p, err := parser.NewParser(parser.Macros(), parser.MaxRecursionDepth(maxNesting))
	if err != nil {
		return nil, false
	}
	out, errs := p.Parse(common.NewTextSource(text))
	if len(errs.GetErrors()) > 0 {
		return nil, false
	}
	return out.Expr(), true
}

// How tightly XPath binds.
const (
	xOr = iota + 1
	xAnd
	xEqual
	xOrder
	xAdd
	xMultiply
	xMinus
	xPrimary
)

// xp is a part of an XPath expression.
type xp struct {
	text string
	prec int
}

func (x xp) in(prec int) string {
	if x.prec < prec {
		return "(" + x.text + ")"
	}
	return x.text
}

// writer turns CEL into the XPath that ODK Collect would run. Where XPath has
// no such thing, lost is set and nothing is written; where it is only close,
// the caller finds that the XPath does not import to the same CEL.
type writer struct {
	in     *typeShape
	this   *questionShape
	choice bool
	loops  []loop
	lost   bool
}

// xpathOf writes a condition or a value, "" if XPath cannot say it.
func (w writer) xpathOf(cel string, condition bool) string {
	e, ok := parseCEL(cel)
	if !ok {
		return ""
	}
	var x xp
	if condition {
		x = w.truth(e)
	} else {
		x = w.value(e)
	}
	if w.lost || len(x.text) > maxXPathBytes {
		return ""
	}
	return x.text
}

func (w *writer) lose() xp {
	w.lost = true
	return xp{"''", xPrimary}
}

// truth writes a condition. A yes/no question alone is one in CEL, but a text
// to XPath.
func (w *writer) truth(e ast.Expr) xp {
	if q, in := w.question(e); q != nil && q.value(in) == vBool {
		return xp{w.value(e).text + " = " + yesWord(q, true), xEqual}
	}
	return w.value(e)
}

// yesWord is how a yes/no answer, or the outcome of a condition, is stored by
// ODK Collect.
func yesWord(q *questionShape, yes bool) string {
	if q.typ == survey.TypeCalculate {
		return "'" + strconv.FormatBool(yes) + "'"
	}
	if yes {
		return "'yes'"
	}
	return "'no'"
}

// question returns the question that e is, and the type it belongs to.
func (w *writer) question(e ast.Expr) (*questionShape, *typeShape) {
	switch e.Kind() {
	case ast.IdentKind:
		if e.AsIdent() == "this" {
			return w.this, w.in
		}
		if _, looped := w.loop(e.AsIdent()); !looped {
			return w.in.find(e.AsIdent()), w.in
		}
	case ast.SelectKind:
		if s := e.AsSelect(); s.Operand().Kind() == ast.IdentKind {
			if l, ok := w.loop(s.Operand().AsIdent()); ok {
				return l.kid.questions[s.FieldName()], l.kid
			}
		}
	}
	return nil, nil
}

func (w *writer) loop(name string) (loop, bool) {
	for i := len(w.loops) - 1; i >= 0; i-- {
		if w.loops[i].name == name {
			return w.loops[i], true
		}
	}
	return loop{}, false
}

func (w *writer) value(e ast.Expr) xp {
	switch e.Kind() {
	case ast.IdentKind:
		return w.name(e.AsIdent())
	case ast.LiteralKind:
		return w.literal(e)
	case ast.SelectKind:
		return w.field(e.AsSelect())
	case ast.CallKind:
		return w.call(e.AsCall())
	}
	return w.lose()
}

func (w *writer) name(name string) xp {
	if _, ok := w.loop(name); ok {
		return w.lose()
	}
	switch {
	case name == "this":
		return xp{".", xPrimary}
	case w.in.find(name) != nil || w.in.kid(name) != nil:
		return xp{"${" + name + "}", xPrimary}
	case name == "today" || name == "reference_date": // ODK knows no other day
		return xp{"today()", xPrimary}
	case name == "position":
		return xp{"position(..)", xPrimary}
	}
	return w.lose()
}

func (w *writer) literal(e ast.Expr) xp {
	switch v := e.AsLiteral().(type) {
	case types.Double:
		return signed(float64(v))
	case types.Int:
		return signed(float64(v))
	case types.Bool:
		return xp{strconv.FormatBool(bool(v)) + "()", xPrimary}
	case types.Null:
		return xp{"''", xPrimary}
	case types.String:
		return w.quote(string(v))
	}
	return w.lose()
}

func signed(n float64) xp {
	if n < 0 {
		return xp{number(n), xMinus}
	}
	return xp{number(n), xPrimary}
}

func number(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

// quote writes a text; XPath has no escapes.
func (w *writer) quote(s string) xp {
	switch {
	case !strings.Contains(s, "'"):
		return xp{"'" + s + "'", xPrimary}
	case !strings.Contains(s, `"`):
		return xp{`"` + s + `"`, xPrimary}
	}
	return w.lose()
}

// field is m.question in a loop, choice.column, or a cell of a table.
func (w *writer) field(s ast.SelectExpr) xp {
	if s.IsTestOnly() {
		return w.lose()
	}
	if s.Operand().Kind() == ast.IdentKind {
		name := s.Operand().AsIdent()
		if l, ok := w.loop(name); ok && l.kid.questions[s.FieldName()] != nil {
			if len(w.loops) > 0 && w.loops[len(w.loops)-1].name == name {
				return xp{s.FieldName(), xPrimary}
			}
			return w.lose()
		}
		if name == "choice" && w.choice {
			return xp{s.FieldName(), xPrimary}
		}
		if cell := name + "_" + s.FieldName(); w.in.find(cell) == nil {
			if _, ok := w.in.cell(cell); ok {
				return xp{"${" + cell + "}", xPrimary}
			}
		}
	}
	return w.lose()
}

var binaries = map[string]struct {
	word string
	prec int
}{
	operators.Less: {"<", xOrder}, operators.LessEquals: {"<=", xOrder}, operators.Greater: {">", xOrder}, operators.GreaterEquals: {">=", xOrder},
	operators.Add: {"+", xAdd}, operators.Subtract: {"-", xAdd}, operators.Multiply: {"*", xMultiply}, operators.Divide: {"div", xMultiply},
}

func (w *writer) call(c ast.CallExpr) xp {
	args := c.Args()
	if c.IsMemberFunction() {
		return w.method(c)
	}
	switch name := c.FunctionName(); name {
	case operators.LogicalAnd:
		return xp{w.truth(args[0]).in(xAnd) + " and " + w.truth(args[1]).in(xAnd), xAnd}
	case operators.LogicalOr:
		return xp{w.truth(args[0]).in(xOr) + " or " + w.truth(args[1]).in(xOr), xOr}
	case operators.LogicalNot:
		if q, in := w.question(args[0]); q != nil && q.value(in) == vBool {
			return xp{w.value(args[0]).text + " = " + yesWord(q, false), xEqual}
		}
		return xp{"not(" + w.truth(args[0]).text + ")", xPrimary}
	case operators.Negate:
		return xp{"-" + w.value(args[0]).in(xPrimary), xMinus}
	case operators.Equals, operators.NotEquals:
		return w.equal(name, args[0], args[1])
	case operators.Conditional:
		return xp{"if(" + w.truth(args[0]).text + ", " + w.value(args[1]).text + ", " + w.value(args[2]).text + ")", xPrimary}
	case operators.In:
		return w.among(args[0], args[1])
	case operators.Index:
		return w.index(args[0], args[1])
	default:
		if op, ok := binaries[name]; ok {
			return w.binary(op.word, op.prec, args)
		}
		return w.function(name, args)
	}
}

// binary leaves days() away where both sides have it: XPath counts with dates
// as they are.
func (w *writer) binary(word string, prec int, args []ast.Expr) xp {
	a, b := args[0], args[1]
	if prec == xOrder || word == "-" {
		if x, ok := daysArg(a); ok {
			if y, ok := daysArg(b); ok {
				a, b = x, y
			}
		}
	}
	left, right := w.value(a), w.value(b)
	return xp{left.in(prec) + " " + word + " " + right.in(prec+1), prec}
}

func daysArg(e ast.Expr) (ast.Expr, bool) {
	if e.Kind() == ast.CallKind && e.AsCall().FunctionName() == "days" && len(e.AsCall().Args()) == 1 {
		return e.AsCall().Args()[0], true
	}
	return nil, false
}

func (w *writer) equal(op string, a, b ast.Expr) xp {
	word := " = "
	if op == operators.NotEquals {
		word = " != "
	}
	if q, in := w.question(a); q != nil && b.Kind() == ast.LiteralKind && q.value(in) == vBool {
		if yes, ok := b.AsLiteral().(types.Bool); ok {
			return xp{w.value(a).text + word + yesWord(q, bool(yes)), xEqual}
		}
	}
	if b.Kind() == ast.ListKind {
		var names []string
		for _, e := range b.AsList().Elements() {
			names = append(names, strings.Trim(w.value(e).text, "'"))
		}
		return xp{w.value(a).in(xEqual+1) + word + w.quote(strings.Join(names, " ")).text, xEqual}
	}
	return xp{w.value(a).in(xEqual+1) + word + w.value(b).in(xEqual+1), xEqual}
}

// among is x in ["a", "b"].
func (w *writer) among(x, list ast.Expr) xp {
	if list.Kind() != ast.ListKind || len(list.AsList().Elements()) == 0 {
		if q, in := w.question(list); q != nil && q.value(in) == vMulti {
			return xp{"selected(" + w.value(list).text + ", " + w.value(x).text + ")", xPrimary}
		}
		return w.lose()
	}
	var any []string
	for _, e := range list.AsList().Elements() {
		any = append(any, w.value(x).in(xEqual+1)+" = "+w.value(e).in(xEqual+1))
	}
	if len(any) == 1 {
		return xp{any[0], xEqual}
	}
	return xp{strings.Join(any, " or "), xOr}
}

func (w *writer) index(x, at ast.Expr) xp {
	if at.Kind() != ast.LiteralKind {
		return w.lose()
	}
	switch v := at.AsLiteral().(type) {
	case types.Int:
		if q, in := w.question(x); q != nil && q.value(in) == vMulti {
			return xp{"selected-at(" + w.value(x).text + ", " + number(float64(v)) + ")", xPrimary}
		}
	case types.String:
		if x.Kind() == ast.IdentKind && x.AsIdent() == "choice" && w.choice {
			return xp{string(v), xPrimary}
		}
		if x.Kind() == ast.IdentKind {
			if _, ok := w.in.cell(x.AsIdent() + "_" + string(v)); ok {
				return xp{"${" + x.AsIdent() + "_" + string(v) + "}", xPrimary}
			}
		}
	}
	return w.lose()
}
