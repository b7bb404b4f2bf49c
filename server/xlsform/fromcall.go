package xlsform

import (
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// renamed are functions that only differ in name.
var renamed = map[string]string{
	"selected": "selected", "count_selected": "count-selected", "count": "count", "number": "number",
	"length": "string-length", "coalesce": "coalesce", "trunc": "int",
}

func (w *writer) function(name string, args []ast.Expr) xp {
	if word, ok := renamed[name]; ok {
		return w.apply(word, args...)
	}
	switch name {
	case "sum", "min_of", "max_of":
		return w.aggregate(name, args)
	case "age_years", "age_months":
		if len(args) == 2 {
			each := map[string]string{"age_years": "365.25", "age_months": "30.4375"}[name]
			return xp{"int((" + w.value(args[1]).in(xAdd) + " - " + w.value(args[0]).in(xAdd+1) + ") div " + each + ")", xPrimary}
		}
	case "days":
		return w.apply("decimal-date-time", args...)
	case "mod":
		if len(args) == 2 {
			return xp{w.value(args[0]).in(xMultiply) + " mod " + w.value(args[1]).in(xMultiply+1), xMultiply}
		}
	case "round":
		if len(args) == 2 && isNumber(args[1], 0) {
			args = args[:1]
		}
		return w.apply("round", args...)
	case "substr":
		if len(args) == 3 && isNumber(args[2], toEnd) {
			args = args[:2]
		}
		return w.apply("substr", args...)
	case "concat":
		if len(args) == 1 && args[0].Kind() == ast.ListKind {
			parts := args[0].AsList().Elements()
			if len(parts) == 1 {
				return w.apply("string", parts...)
			}
			return w.apply("concat", parts...)
		}
	case "date_add":
		if len(args) == 2 {
			return xp{"date(" + w.shifted(args[0], args[1]) + ")", xPrimary}
		}
	case "choice_name":
		if len(args) == 2 && args[1].Kind() == ast.LiteralKind {
			if q, ok := args[1].AsLiteral().(types.String); ok {
				return xp{"jr:choice-name(" + w.value(args[0]).text + ", '${" + string(q) + "}')", xPrimary}
			}
		}
	}
	return w.lose()
}

func (w *writer) shifted(date, by ast.Expr) string {
	left := w.value(date).in(xAdd)
	if by.Kind() == ast.LiteralKind {
		if n, ok := by.AsLiteral().(types.Double); ok && n < 0 {
			return left + " - " + number(-float64(n))
		}
	}
	if by.Kind() == ast.CallKind && by.AsCall().FunctionName() == operators.Negate {
		return left + " - " + w.value(by.AsCall().Args()[0]).in(xAdd+1)
	}
	return left + " + " + w.value(by).in(xAdd+1)
}

func isNumber(e ast.Expr, n float64) bool {
	if e.Kind() != ast.LiteralKind {
		return false
	}
	v, ok := e.AsLiteral().(types.Double)
	return ok && float64(v) == n
}

func (w *writer) apply(name string, args ...ast.Expr) xp {
	var list []string
	for _, a := range args {
		list = append(list, w.value(a).text)
	}
	return xp{name + "(" + strings.Join(list, ", ") + ")", xPrimary}
}

// aggregate is sum_of a list of answers, or min and max of several values.
func (w *writer) aggregate(name string, args []ast.Expr) xp {
	word := strings.TrimSuffix(name, "_of")
	if len(args) != 1 {
		return w.lose()
	}
	if args[0].Kind() != ast.ListKind {
		return w.apply(word, withUnanswered(args[0]))
	}
	parts := args[0].AsList().Elements()
	switch {
	case word != "sum" && len(parts) > 1:
		return w.apply(word, parts...)
	case len(parts) == 0:
		return w.lose()
	}
	var all []string
	for _, p := range parts {
		all = append(all, w.value(p).in(xAdd+1))
	}
	return xp{strings.Join(all, " + "), xAdd}
}

// withUnanswered takes .filter(m, m.q != null) from before .map(m, m.q): sums
// in XPath do that by themselves.
func withUnanswered(e ast.Expr) ast.Expr {
	each, ok := loopOf(e, "map")
	if !ok {
		return e
	}
	given, ok := loopOf(each.Target(), "filter")
	if !ok || given.Args()[1].Kind() != ast.CallKind {
		return e
	}
	test := given.Args()[1].AsCall()
	if test.FunctionName() != operators.NotEquals || !isNull(test.Args()[1]) || !sameField(test.Args()[0], each.Args()[1]) {
		return e
	}
	return ast.NewExprFactory().NewMemberCall(e.ID(), "map", given.Target(), each.Args()...)
}

func loopOf(e ast.Expr, name string) (ast.CallExpr, bool) {
	if e.Kind() != ast.CallKind || !e.AsCall().IsMemberFunction() || e.AsCall().FunctionName() != name || len(e.AsCall().Args()) != 2 {
		return nil, false
	}
	return e.AsCall(), true
}

// sameField reports whether both are one question of the record of a loop.
func sameField(a, b ast.Expr) bool {
	if a.Kind() != ast.SelectKind || b.Kind() != ast.SelectKind {
		return false
	}
	x, y := a.AsSelect(), b.AsSelect()
	return x.FieldName() == y.FieldName() && x.Operand().Kind() == ast.IdentKind && y.Operand().Kind() == ast.IdentKind &&
		x.Operand().AsIdent() == y.Operand().AsIdent()
}

func (w *writer) method(c ast.CallExpr) xp {
	args := c.Args()
	switch c.FunctionName() {
	case "filter", "exists", "all", "map":
		if len(args) == 2 && args[0].Kind() == ast.IdentKind {
			return w.records(c, args[0].AsIdent(), args[1])
		}
	case "matches":
		if len(args) == 1 && args[0].Kind() == ast.LiteralKind {
			if re, ok := args[0].AsLiteral().(types.String); ok {
				return xp{"regex(" + w.value(c.Target()).text + ", " + w.quote(wholeMatch(string(re))).text + ")", xPrimary}
			}
		}
	case "startsWith":
		return w.apply("starts-with", append([]ast.Expr{c.Target()}, args...)...)
	case "endsWith":
		return w.apply("ends-with", append([]ast.Expr{c.Target()}, args...)...)
	case "contains":
		return w.apply("contains", append([]ast.Expr{c.Target()}, args...)...)
	}
	return w.lose()
}

// wholeMatch writes a pattern for a function that matches whole texts.
func wholeMatch(re string) string {
	if inner, ok := strings.CutPrefix(re, "^(?:"); ok && strings.HasSuffix(inner, ")$") {
		return strings.TrimSuffix(inner, ")$")
	}
	head, anchored := strings.CutPrefix(re, "^")
	if !anchored {
		head = ".*" + head
	}
	if body, ok := strings.CutSuffix(head, "$"); ok && !strings.HasSuffix(body, `\`) {
		return body
	}
	return head + ".*"
}

// records writes a loop over the records of a repeat as a condition in [ ].
func (w *writer) records(c ast.CallExpr, name string, body ast.Expr) xp {
	list, kid := w.list(c.Target())
	if kid == nil {
		return w.lose()
	}
	w.loops = append(w.loops, loop{kid, name})
	defer func() { w.loops = w.loops[:len(w.loops)-1] }()
	switch c.FunctionName() {
	case "filter":
		return xp{list + "[" + w.truth(body).text + "]", xPrimary}
	case "exists":
		return xp{"count(" + list + "[" + w.truth(body).text + "]) > 0", xOrder}
	case "all":
		return xp{"count(" + list + "[not(" + w.truth(body).text + ")]) = 0", xEqual}
	}
	q, _ := w.question(body)
	if q == nil || body.Kind() != ast.SelectKind {
		return w.lose()
	}
	field := body.AsSelect().FieldName()
	if list == "${"+kid.name+"}" && w.in.find(field) == nil && w.in.kid(field) == nil && w.in.kidWith(field) == kid {
		return xp{"${" + field + "}", xPrimary}
	}
	return xp{list + "/" + field, xPrimary}
}

// list returns the records that e is: a repeat, or some of its records.
func (w *writer) list(e ast.Expr) (string, *typeShape) {
	if e.Kind() == ast.IdentKind && w.in.find(e.AsIdent()) == nil {
		if kid := w.in.kid(e.AsIdent()); kid != nil {
			return "${" + kid.name + "}", kid
		}
	}
	if e.Kind() == ast.CallKind && e.AsCall().IsMemberFunction() && e.AsCall().FunctionName() == "filter" {
		_, kid := w.list(e.AsCall().Target())
		return w.value(e).text, kid
	}
	return "", nil
}

// celTypes are what functions give.
var celTypes = map[string]vtype{
	operators.LogicalAnd: vBool, operators.LogicalOr: vBool, operators.LogicalNot: vBool, operators.Equals: vBool,
	operators.NotEquals: vBool, operators.Less: vBool, operators.LessEquals: vBool, operators.Greater: vBool,
	operators.GreaterEquals: vBool, operators.In: vBool, "selected": vBool, "matches": vBool, "startsWith": vBool,
	"endsWith": vBool, "contains": vBool, "exists": vBool, "all": vBool,
	operators.Add: vNumber, operators.Subtract: vNumber, operators.Multiply: vNumber, operators.Divide: vNumber,
	operators.Negate: vNumber, "count": vNumber, "sum": vNumber, "min_of": vNumber, "max_of": vNumber,
	"count_selected": vNumber, "age_years": vNumber, "age_months": vNumber, "days": vNumber, "trunc": vNumber,
	"round": vNumber, "mod": vNumber, "number": vNumber, "length": vNumber,
	"concat": vText, "substr": vText, "choice_name": vText, "date_add": vDate,
}

// celType tells the type of a calculation's value as far as it shows.
func celType(text string, in *typeShape) vtype {
	e, ok := parseCEL(text)
	if !ok {
		return vAny
	}
	return exprType(e, in)
}

func exprType(e ast.Expr, in *typeShape) vtype {
	switch e.Kind() {
	case ast.IdentKind:
		switch name := e.AsIdent(); {
		case in.find(name) != nil:
			return in.find(name).value(in)
		case name == "today" || name == "reference_date":
			return vDate
		case name == "position":
			return vNumber
		}
	case ast.LiteralKind:
		switch e.AsLiteral().(type) {
		case types.Double, types.Int:
			return vNumber
		case types.String:
			return vText
		case types.Bool:
			return vBool
		}
	case ast.CallKind:
		return callType(e.AsCall(), in)
	}
	return vAny
}

func callType(c ast.CallExpr, in *typeShape) vtype {
	args := c.Args()
	var a, b ast.Expr
	switch {
	case c.FunctionName() == operators.Conditional:
		a, b = args[1], args[2]
	case c.FunctionName() == "coalesce" && len(args) == 2:
		a, b = args[0], args[1]
	default:
		return celTypes[c.FunctionName()]
	}
	x, y := exprType(a, in), exprType(b, in)
	switch {
	case x == y, isNull(b):
		return x
	case isNull(a):
		return y
	}
	return vAny
}

func isNull(e ast.Expr) bool {
	if e.Kind() != ast.LiteralKind {
		return false
	}
	_, ok := e.AsLiteral().(types.Null)
	return ok
}
