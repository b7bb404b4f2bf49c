package xlsform

import (
	"regexp"
	"strings"
	"time"
)

// function is one XPath function: how many arguments it takes (most -1: any
// number) and what it becomes.
type function struct {
	least, most int
	make        func(t *translator, n *node) val
}

// functions are those that can be translated. The list is made on each call
// because the entries call back into it.
func functions() map[string]function {
	constant := func(cel string, v vtype) function {
		return function{0, 0, func(*translator, *node) val { return val{cel: cel, prec: pPrimary, t: v} }}
	}
	list := func(name string) function {
		return function{1, -1, func(t *translator, n *node) val { return t.aggregate(n, name) }}
	}
	method := func(name string) function {
		return function{2, 2, func(t *translator, n *node) val {
			a, b := t.textArg(n, 0), t.textArg(n, 1)
			return val{cel: wrap(a, pPrimary) + "." + name + "(" + b.cel + ")", prec: pPrimary, t: vBool}
		}}
	}
	return map[string]function{
		"true": constant("true", vBool), "false": constant("false", vBool), "today": constant("today", vDate),
		"not":            {1, 1, (*translator).not},
		"boolean":        {1, 1, func(t *translator, n *node) val { return t.truth(n.args[0], t.value(n.args[0])) }},
		"selected":       {2, 2, (*translator).selected},
		"count-selected": {1, 1, (*translator).countSelected},
		"selected-at":    {2, 2, (*translator).selectedAt},
		"count":          {1, 1, (*translator).count},
		"sum":            {1, 1, func(t *translator, n *node) val { return t.aggregate(n, "sum") }},
		"min":            list("min_of"),
		"max":            list("max_of"),
		"if":             {3, 3, (*translator).choose},
		"coalesce":       {2, 2, (*translator).coalesce},
		"regex":          {2, 2, (*translator).regex},
		"string-length":  {0, 1, (*translator).length},
		"int":            {1, 1, (*translator).whole},
		"number":         {1, 1, (*translator).asNumber},
		"string":         {1, 1, (*translator).concat},
		"concat":         {1, -1, (*translator).concat},
		"substr":         {2, 3, (*translator).substr},
		"round":          {1, 2, (*translator).round},
		"date":           {1, 1, (*translator).date},
		"format-date":    {2, 2, (*translator).formatDate},
		"position":       {1, 1, (*translator).position},
		"jr:choice-name": {2, 2, (*translator).choiceName},
		"starts-with":    method("startsWith"),
		"ends-with":      method("endsWith"),
		"contains":       method("contains"),
		"decimal-date-time": {1, 1, func(t *translator, n *node) val {
			return t.days(n.args[0], t.value(n.args[0]))
		}},
	}
}

func (t *translator) call(n *node) val {
	f, ok := functions()[n.text]
	switch {
	case n.text == "now":
		return t.fail(n, say("ใช้ now() ไม่ได้ ระบบเก็บเพียงวันที่ ใช้ today()", "now() cannot be used: only the day is kept; use today()."))
	case !ok:
		return t.fail(n, say("ไม่รองรับฟังก์ชัน %s()", "The function %s() is not supported.", short(n.text)))
	case len(n.args) < f.least || f.most >= 0 && len(n.args) > f.most:
		return t.fail(n, say("%s() ต้องมี %s ค่าในวงเล็บ แต่มี %d", "%s() takes %s arguments, not %d.", n.text, counts(f), len(n.args)))
	}
	return f.make(t, n)
}

func counts(f function) string {
	switch {
	case f.most == f.least:
		return number(float64(f.least))
	case f.most < 0:
		return number(float64(f.least)) + "+"
	}
	return number(float64(f.least)) + "–" + number(float64(f.most))
}

func (t *translator) textArg(n *node, i int) val { return t.text(n.args[i], t.value(n.args[i])) }

func (t *translator) numberArg(n *node, i int) val { return t.number(n.args[i], t.value(n.args[i])) }

func apply(name string, v vtype, args ...val) val {
	var list []string
	for _, a := range args {
		list = append(list, a.cel)
	}
	return val{cel: name + "(" + strings.Join(list, ", ") + ")", prec: pPrimary, t: v}
}

func (t *translator) not(n *node) val {
	return val{cel: "!" + wrap(t.truth(n.args[0], t.value(n.args[0])), pPrimary), prec: pUnary, t: vBool}
}

// selected works on a list of answers; on a single answer it is equality.
func (t *translator) selected(n *node) val {
	a := t.value(n.args[0])
	if a.t == vMulti || a.t == vAny {
		b := t.textArg(n, 1)
		if a.q != nil && b.literal != nil && len(a.q.choices) > 0 && !hasChoice(a.q, b.literal.text) {
			return t.fail(n.args[1], say("รายการของข้อนี้ไม่มีตัวเลือก %q", "The list of this question has no choice %q.", short(b.literal.text)))
		}
		return apply("selected", vBool, a, b)
	}
	same := *n
	same.form, same.text = fBinary, "="
	return t.equal(&same)
}

func (t *translator) countSelected(n *node) val {
	a := t.value(n.args[0])
	if a.t != vMulti && a.t != vChoice && a.t != vAny {
		return t.fail(n, say("count-selected() ใช้กับข้อที่มีตัวเลือกเท่านั้น", "count-selected() is for questions with choices."))
	}
	return apply("count_selected", vNumber, a)
}

func (t *translator) selectedAt(n *node) val {
	a, at := t.value(n.args[0]), n.args[1]
	if a.t != vMulti || at.form != fNumber || at.num < 0 || at.num != float64(int(at.num)) {
		return t.fail(n, say("selected-at() ใช้ได้กับข้อเลือกหลายข้อและลำดับที่เป็นตัวเลขคงที่จาก 0", "selected-at() takes an answer of several choices and a constant whole number from 0."))
	}
	return val{cel: a.cel + "[" + number(at.num) + "]", prec: pPrimary, t: vText}
}

func (t *translator) count(n *node) val {
	a := t.any(n.args[0])
	switch a.t {
	case vRecords:
		return apply("count", vNumber, a)
	case vList: // XPath counts the nodes, answered or not
		return apply("count", vNumber, val{cel: a.records})
	case vMulti, vAny:
	}
	return t.fail(n, say("count() ใช้กับกลุ่มซ้ำเท่านั้น", "count() is for repeats."))
}

// aggregate is sum(), min() or max() of one question of a repeat, or min() and
// max() of several values.
func (t *translator) aggregate(n *node, name string) val {
	if len(n.args) == 1 {
		a := t.any(n.args[0])
		switch {
		case a.t != vList:
			return t.fail(n, say("%s() ต้องรับข้อที่อยู่ในกลุ่มซ้ำ เช่น %s(${รายได้})", "%s() takes a question of a repeat, such as %s(${income}).", n.text, n.text))
		case a.item != vNumber && a.item != vAny:
			return t.fail(n, say("%s() ใช้กับข้อที่เป็นตัวเลขเท่านั้น", "%s() is for questions with numbers.", n.text))
		}
		return apply(name, vNumber, val{cel: a.given}) // XPath passes over what is not answered or not asked
	}
	var args []string
	for i := range n.args {
		args = append(args, t.numberArg(n, i).cel)
	}
	return val{cel: name + "([" + strings.Join(args, ", ") + "])", prec: pPrimary, t: vNumber}
}

// choose is if(). An empty text is no answer.
func (t *translator) choose(n *node) val {
	cond := t.truth(n.args[0], t.value(n.args[0]))
	a, b := t.branch(n.args[1]), t.branch(n.args[2])
	v := a.t
	switch {
	case a.cel == "null":
		v = b.t
	case b.cel != "null" && a.t != b.t:
		v = vAny
	}
	return val{cel: wrap(cond, pOr) + " ? " + wrap(a, pOr) + " : " + wrap(b, pTernary), prec: pTernary, t: v}
}

func (t *translator) branch(n *node) val {
	if n.form == fText && n.text == "" {
		return val{cel: "null", prec: pPrimary}
	}
	return t.value(n)
}

func (t *translator) coalesce(n *node) val {
	a, b := t.value(n.args[0]), t.value(n.args[1])
	v := a.t
	if a.t != b.t {
		v = vAny
	}
	return apply("coalesce", v, a, b)
}

// regex matches the whole text, as ODK Collect does.
func (t *translator) regex(n *node) val {
	a, re := t.textArg(n, 0), n.args[1]
	if re.form != fText {
		return t.fail(re, say("รูปแบบของ regex() ต้องเป็นข้อความคงที่ในเครื่องหมายคำพูด", "The pattern of regex() must be a text in quotation marks."))
	}
	if _, err := regexp.Compile(re.text); err != nil {
		return t.fail(re, say("รูปแบบของ regex() ใช้ไม่ได้ (ไม่รองรับ lookahead และ backreference): %v", "The pattern of regex() cannot be used (there is no lookahead or backreference): %v", err))
	}
	return val{cel: wrap(a, pPrimary) + ".matches(" + quoteCEL("^(?:"+re.text+")$") + ")", prec: pPrimary, t: vBool}
}

func (t *translator) length(n *node) val {
	if len(n.args) == 0 {
		return apply("length", vNumber, t.text(n, t.dot(n)))
	}
	return apply("length", vNumber, t.textArg(n, 0))
}

// whole is int(). int((today() - ${born}) div 365.25), which everybody writes
// for an age, becomes the age in full years: the division is wrong by a day
// around birthdays.
func (t *translator) whole(n *node) val {
	if d := n.args[0]; d.form == fBinary && d.text == "div" && d.args[1].form == fNumber {
		each := map[float64]string{365.25: "age_years", 365.2425: "age_years", 365.24: "age_years", 30.4375: "age_months", 30.44: "age_months"}[d.args[1].num]
		if span := d.args[0]; each != "" && span.form == fBinary && span.text == "-" {
			faults := len(t.faults)
			to, from := t.value(span.args[0]), t.value(span.args[1])
			if to.t == vDate && from.t == vDate {
				return apply(each, vNumber, from, to)
			}
			t.faults = t.faults[:faults] // they are found again below
		}
	}
	return apply("trunc", vNumber, t.numberArg(n, 0))
}

func (t *translator) asNumber(n *node) val {
	a := t.value(n.args[0])
	if a.t == vDate || a.t == vMulti {
		return t.number(n, a)
	}
	return apply("number", vNumber, a)
}

func (t *translator) concat(n *node) val {
	var args []string
	for _, a := range n.args {
		v := t.value(a)
		if v.t == vMulti {
			v = t.text(a, v) // says why not
		}
		args = append(args, v.cel)
	}
	return val{cel: "concat([" + strings.Join(args, ", ") + "])", prec: pPrimary, t: vText}
}

// toEnd is the end of substr() where none is given; it is clamped.
const toEnd = 1_000_000

func (t *translator) substr(n *node) val {
	to := val{cel: double(toEnd)}
	if len(n.args) == 3 {
		to = t.numberArg(n, 2)
	}
	return apply("substr", vText, t.textArg(n, 0), t.numberArg(n, 1), to)
}

func (t *translator) round(n *node) val {
	digits := val{cel: "0.0"}
	if len(n.args) == 2 {
		digits = t.numberArg(n, 1)
	}
	return apply("round", vNumber, t.numberArg(n, 0), digits)
}

func (t *translator) date(n *node) val {
	arg := n.args[0]
	if arg.form == fCall && arg.text == "now" {
		return val{cel: "today", prec: pPrimary, t: vDate}
	}
	a := t.value(arg)
	switch {
	case arg.form == fText:
		if _, err := time.Parse(time.DateOnly, arg.text); err != nil {
			return t.fail(arg, say("date() ต้องรับวันที่ ค.ศ. เช่น date('2020-01-31')", "date() takes a date in C.E., such as date('2020-01-31')."))
		}
		return val{cel: a.cel, prec: pPrimary, t: vDate}
	case a.t == vDate:
		return val{cel: a.cel, prec: a.prec, t: vDate}
	case a.t == vText || a.t == vAny:
		return val{cel: a.cel, prec: a.prec, t: vDate, answer: a.answer}
	}
	return t.fail(n, say("date() ต้องรับวันที่", "date() takes a date."))
}

func (t *translator) formatDate(n *node) val {
	a, layout := t.value(n.args[0]), n.args[1].text
	if n.args[0].form == fCall && n.args[0].text == "now" {
		t.faults = t.faults[:len(t.faults)-1]
		a = val{cel: "today", prec: pPrimary, t: vDate}
	}
	if a.t != vDate && a.t != vAny {
		return t.fail(n, say("format-date() ต้องรับวันที่", "format-date() takes a date."))
	}
	part := map[string][2]float64{"%Y-%m-%d": {0, 10}, "%Y-%m": {0, 7}, "%Y": {0, 4}, "%m": {5, 7}, "%d": {8, 10}}
	span, ok := part[layout]
	if n.args[1].form != fText || !ok {
		return t.fail(n.args[1], say("format-date() ใช้ได้กับรูปแบบ '%%Y-%%m-%%d' '%%Y-%%m' '%%Y' '%%m' และ '%%d' เท่านั้น", "format-date() takes the formats '%%Y-%%m-%%d', '%%Y-%%m', '%%Y', '%%m' and '%%d' only."))
	}
	return apply("substr", vText, a, val{cel: double(span[0])}, val{cel: double(span[1])})
}

func (t *translator) position(n *node) val {
	if n.args[0].form != fDotDot {
		return t.fail(n, say("ใช้ได้เฉพาะ position(..)", "Only position(..) can be used."))
	}
	return val{cel: "position", prec: pPrimary, t: vNumber}
}

func (t *translator) choiceName(n *node) val {
	a, name := t.value(n.args[0]), n.args[1].text
	name = strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(name), "${"), "}"))
	if q := t.in.find(name); n.args[1].form != fText && n.args[1].form != fRef || q == nil || len(q.choices) == 0 {
		return t.fail(n, say("jr:choice-name() ต้องเขียนเป็น jr:choice-name(${ข้อ}, '${ข้อ}') กับข้อที่มีตัวเลือก", "Write jr:choice-name(${question}, '${question}') with a question that has choices."))
	}
	return apply("choice_name", vText, a, val{cel: quoteCEL(name)})
}
