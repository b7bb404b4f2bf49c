package xlsform

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

func parseNumber(s string) (float64, error) {
	if strings.ContainsAny(s, "xXpPiInN_") { // hexadecimal, infinities
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseFloat(s, 64)
}

func (t *translator) binary(n *node) val {
	switch n.text {
	case "and":
		return t.logic(n, " && ", pAnd)
	case "or":
		return t.logic(n, " || ", pOr)
	case "=", "!=":
		return t.equal(n)
	case "<", "<=", ">", ">=":
		return t.order(n)
	case "+", "-":
		return t.sum(n)
	}
	return t.product(n)
}

func (t *translator) logic(n *node, op string, prec int) val {
	a := t.truth(n.args[0], t.value(n.args[0]))
	b := t.truth(n.args[1], t.value(n.args[1]))
	return val{cel: wrap(a, prec) + op + wrap(b, prec+1), prec: prec, t: vBool}
}

func compared(a, op, b string) val { return val{cel: a + op + b, prec: pCompare, t: vBool} }

// equal is = and !=, which XPath makes of whatever two values there are.
func (t *translator) equal(n *node) val {
	a, b := t.value(n.args[0]), t.value(n.args[1])
	if a.literal != nil && b.literal == nil {
		a, b = b, a
	}
	op := map[string]string{"=": " == ", "!=": " != "}[n.text]
	if b.literal != nil {
		return t.equalLiteral(n, a, op, b)
	}
	switch {
	case a.t == b.t, a.t == vAny, b.t == vAny, isText(a.t) && isText(b.t), isText(a.t) && b.t == vDate, a.t == vDate && isText(b.t):
	case a.t == vNumber || b.t == vNumber:
		a, b = t.number(n.args[0], a), t.number(n.args[1], b)
	default:
		return t.fail(n, say("เทียบค่าสองค่านี้กันไม่ได้ เพราะเป็นคนละประเภท", "These two values are of different kinds and cannot be compared."))
	}
	return compared(wrap(a, pAdd), op, wrap(b, pAdd))
}

func isText(t vtype) bool { return t == vText || t == vChoice || t == vTime }

// equalLiteral compares with a text or number that stands in the expression.
// What the number 1 or the text 'yes' means depends on the question.
func (t *translator) equalLiteral(n *node, a val, op string, b val) val {
	lit := b.literal
	left := wrap(a, pAdd)
	switch {
	case lit.form == fText && lit.text == "" && a.answer:
		return compared(left, op, "null")
	case a.t == vBool:
		yes, ok := truthWord(lit)
		if !ok {
			return t.fail(n, say("ข้อใช่/ไม่ใช่เทียบได้กับ 'yes' หรือ 'no' เท่านั้น", "A yes/no question can be compared with 'yes' or 'no' only."))
		}
		return compared(left, op, strconv.FormatBool(yes))
	case a.t == vMulti && lit.form == fText:
		var names []string
		for name := range strings.FieldsSeq(lit.text) {
			names = append(names, quoteCEL(name))
		}
		return compared(left, op, "["+strings.Join(names, ", ")+"]")
	case a.t == vNumber && lit.form == fText:
		return compared(left, op, t.number(lit, b).cel)
	case a.t == vChoice && lit.form == fNumber:
		return compared(left, op, quoteCEL(strconv.FormatFloat(lit.num, 'f', -1, 64)))
	case (isText(a.t) || a.t == vDate) && lit.form == fNumber:
		return compared(wrap(t.number(n, a), pAdd), op, b.cel)
	case a.t == vChoice && lit.form == fText && a.q != nil && !hasChoice(a.q, lit.text):
		return t.fail(n, say("รายการของข้อนี้ไม่มีตัวเลือก %q", "The list of this question has no choice %q.", short(lit.text)))
	}
	return compared(left, op, b.cel)
}

func hasChoice(q *questionShape, name string) bool {
	for _, c := range q.choices {
		if c.Name == name {
			return true
		}
	}
	return false
}

func truthWord(n *node) (yes, ok bool) {
	word := strings.ToLower(n.text)
	if n.form == fNumber {
		word = strconv.FormatFloat(n.num, 'f', -1, 64)
	}
	yes = slices.Contains([]string{"yes", "true", "1", "ใช่"}, word)
	return yes, yes || slices.Contains([]string{"no", "false", "0", "ไม่ใช่"}, word)
}

// order is < <= > >=: of days where one side is a date, else of numbers.
func (t *translator) order(n *node) val {
	a, b := t.value(n.args[0]), t.value(n.args[1])
	op := " " + n.text + " "
	switch {
	case a.t == vDate && b.t != vNumber || b.t == vDate && a.t != vNumber:
		return compared(wrap(t.days(n.args[0], a), pAdd), op, wrap(t.days(n.args[1], b), pAdd))
	case a.t == vTime && isText(b.t) || b.t == vTime && isText(a.t): // 07:30 sorts as text
		return compared(wrap(a, pAdd), op, wrap(b, pAdd))
	}
	return compared(wrap(t.number(n.args[0], a), pAdd), op, wrap(t.number(n.args[1], b), pAdd))
}

// days makes days of a date, or of a text that is one.
func (t *translator) days(n *node, v val) val {
	if v.literal != nil && v.literal.form == fText {
		if _, err := time.Parse(time.DateOnly, v.literal.text); err != nil {
			return t.fail(n, say("วันที่ต้องเขียนเป็น 'ค.ศ.-เดือน-วัน' เช่น '2020-01-31'", "Write a date as 'year-month-day' in C.E., such as '2020-01-31'."))
		}
	}
	if v.t == vBool || v.t == vMulti {
		return t.fail(n, say("ตรงนี้ต้องเป็นวันที่", "A date must stand here."))
	}
	return val{cel: "days(" + v.cel + ")", prec: pPrimary, t: vNumber}
}

// sum is + and -; a day and a number make a day, two days a number of days.
func (t *translator) sum(n *node) val {
	a, b := t.value(n.args[0]), t.value(n.args[1])
	minus := n.text == "-"
	switch {
	case a.t == vDate && b.t == vDate && minus:
	case a.t == vDate && b.t == vDate:
		return t.fail(n, say("บวกวันที่สองวันกันไม่ได้", "Two dates cannot be added."))
	case a.t == vDate:
		by := t.number(n.args[1], b)
		if minus {
			by = negated(by)
		}
		return val{cel: "date_add(" + a.cel + ", " + by.cel + ")", prec: pPrimary, t: vDate}
	case b.t == vDate && !minus:
		return val{cel: "date_add(" + b.cel + ", " + t.number(n.args[0], a).cel + ")", prec: pPrimary, t: vDate}
	}
	a, b = t.addend(n.args[0], a), t.addend(n.args[1], b)
	return val{cel: wrap(a, pAdd) + " " + n.text + " " + wrap(b, pAdd+1), prec: pAdd, t: vNumber}
}

func negated(v val) val {
	if v.literal != nil && v.literal.form == fNumber && v.literal.num >= 0 {
		return val{cel: "-" + v.cel, prec: pUnary, t: vNumber}
	}
	return val{cel: "-" + wrap(v, pPrimary), prec: pUnary, t: vNumber}
}

// addend counts a condition as 1 or 0, as questionnaires count answers.
func (t *translator) addend(n *node, v val) val {
	if v.t == vBool && !v.answer {
		return val{cel: wrap(v, pOr) + " ? 1.0 : 0.0", prec: pTernary, t: vNumber}
	}
	return t.number(n, v)
}

func (t *translator) product(n *node) val {
	a, b := t.addend(n.args[0], t.value(n.args[0])), t.addend(n.args[1], t.value(n.args[1]))
	switch n.text {
	case "mod":
		return val{cel: "mod(" + a.cel + ", " + b.cel + ")", prec: pPrimary, t: vNumber}
	case "div":
		return val{cel: wrap(a, pMultiply) + " / " + wrap(b, pMultiply+1), prec: pMultiply, t: vNumber}
	}
	return val{cel: wrap(a, pMultiply) + " * " + wrap(b, pMultiply+1), prec: pMultiply, t: vNumber}
}
