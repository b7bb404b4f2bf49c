package xlsform

import (
	"strings"

	"tambonsync/syncproto/survey"
)

// val is a translated part of an expression.
type val struct {
	cel     string
	prec    int
	t       vtype
	item    vtype          // of a list: the type of its values
	answer  bool           // an answer as it is: '' means unanswered
	q       *questionShape // of an answer
	literal *node          // of a text or number in the expression
	kid     *typeShape     // of records or a list
	records string         // of a list: the records it is of
	given   string         // of a list: those of its answers that are given
}

// How tightly CEL binds.
const (
	pTernary = iota + 1
	pOr
	pAnd
	pCompare
	pAdd
	pMultiply
	pUnary
	pPrimary
)

// translator turns one XPath expression into CEL. Everything it cannot
// express is a fault; it goes on, so that all of them are named.
type translator struct {
	in     *typeShape
	this   *questionShape  // "."; nil: there is none
	choice map[string]bool // columns, in a choice_filter
	loops  []loop
	faults []*fault
}

type loop struct {
	kid  *typeShape
	name string
}

// condition translates an expression that is true or false.
func (t *translator) condition(n *node) string { return t.truth(n, t.value(n)).cel }

// calculation translates an expression that has a value.
func (t *translator) calculation(n *node) string { return t.value(n).cel }

func (t *translator) fail(n *node, s survey.Text) val {
	t.faults = append(t.faults, faultAt(n.at, s))
	return val{cel: "null", prec: pPrimary}
}

// made bounds what an expression grows to while it is translated.
func (t *translator) made(n *node, v val) val {
	if len(v.cel) > maxCELBytes {
		return t.fail(n, say("นิพจน์นี้ยาวเกิน %d ไบต์เมื่อแปลแล้ว แบ่งเป็นข้อ calculate หลายข้อ",
			"Translated, the expression is over %d bytes: split it into several calculate questions.", maxCELBytes))
	}
	return v
}

// wrap puts brackets around v where it binds less tightly than needed.
func wrap(v val, prec int) string {
	if v.prec < prec {
		return "(" + v.cel + ")"
	}
	return v.cel
}

// value translates anything but a list of several answers.
func (t *translator) value(n *node) val {
	v := t.any(n)
	switch v.t {
	case vRecords:
		return t.fail(n, say("กลุ่มซ้ำใช้เป็นค่าไม่ได้ ใช้ count(${%s})", "A repeat has no value of its own: use count(${%s}).", v.kid.name))
	case vList:
		return t.fail(n, say("ข้อนี้อยู่ในกลุ่มซ้ำ %q มีหลายคำตอบ ใช้ sum() min() max() หรือ count()",
			"This question is in the repeat %q and has several answers: use sum(), min(), max() or count().", v.kid.name))
	}
	return v
}

func (t *translator) any(n *node) val {
	var v val
	switch n.form {
	case fNumber:
		v = val{cel: double(n.num), prec: pPrimary, t: vNumber, literal: n}
	case fText:
		v = val{cel: quoteCEL(n.text), prec: pPrimary, t: vText, literal: n}
	case fRef:
		v = t.ref(n)
	case fColumn:
		v = t.column(n)
	case fDot:
		v = t.dot(n)
	case fDotDot:
		v = t.fail(n, say("ใช้ .. ได้เฉพาะใน position(..)", ".. can be used in position(..) only."))
	case fCall:
		v = t.call(n)
	case fBinary:
		v = t.binary(n)
	case fMinus:
		v = t.minus(n)
	case fFilter:
		v = t.filter(n)
	case fStep:
		v = t.step(n)
	}
	return t.made(n, v)
}

func (t *translator) dot(n *node) val {
	if t.this == nil || len(t.loops) > 0 {
		return t.fail(n, say("ใช้จุด (.) ตรงนี้ไม่ได้ อ้างข้อด้วย ${ชื่อข้อ}", "The dot (.) cannot be used here: name a question as ${name}."))
	}
	return val{cel: "this", prec: pPrimary, t: t.this.value(t.in), answer: true, q: t.this}
}

// ref resolves ${name}.
func (t *translator) ref(n *node) val {
	for i := len(t.loops) - 1; i >= 0; i-- {
		l := t.loops[i]
		if q := l.kid.questions[n.text]; q != nil {
			return t.field(n, l, q)
		}
	}
	if q := t.in.find(n.text); q != nil {
		if !variable(n.text) {
			return t.fail(n, say("ชื่อข้อ %q ใช้ในนิพจน์ไม่ได้ เปลี่ยนชื่อเป็น a–z A–Z 0–9 และ _", "The name %q cannot be used in expressions: rename the question with a–z, A–Z, 0–9 and _.", n.text))
		}
		return val{cel: n.text, prec: pPrimary, t: q.value(t.in), answer: true, q: q}
	}
	if k := t.in.kid(n.text); k != nil {
		if !variable(n.text) {
			return t.fail(n, say("ชื่อกลุ่มซ้ำ %q ใช้ในนิพจน์ไม่ได้ เปลี่ยนชื่อเป็น a–z A–Z 0–9 และ _", "The name %q cannot be used in expressions: rename the repeat with a–z, A–Z, 0–9 and _.", n.text))
		}
		return val{cel: k.name, prec: pPrimary, t: vRecords, kid: k}
	}
	if c, ok := t.in.cell(n.text); ok {
		return val{cel: c, prec: pPrimary, answer: true}
	}
	if k := t.in.kidWith(n.text); k != nil {
		return t.each(n, val{cel: k.name, prec: pPrimary, t: vRecords, kid: k}, n.text)
	}
	if c, ok := t.in.left(n.text); ok && c != "" {
		return val{cel: c, prec: pPrimary, t: vDate}
	} else if ok {
		return t.fail(n, say("${%s} เป็นข้อมูลของเครื่องที่ระบบนี้ไม่เก็บเป็นคำตอบ จึงใช้ในนิพจน์ไม่ได้", "${%s} is metadata of the device, which is no answer here and cannot be used in expressions.", n.text))
	}
	if t.in.below(n.text) {
		return t.fail(n, say("${%s} อยู่ในกลุ่มซ้ำที่ลึกกว่าหนึ่งชั้น ให้รวมค่าเป็น calculate ในกลุ่มซ้ำชั้นบนก่อน", "${%s} is more than one repeat below: add it up in a calculate of the repeat between first.", n.text))
	}
	return t.fail(n, say("ไม่มีข้อชื่อ %q ที่นิพจน์นี้มองเห็น", "There is no question %q that this expression can see.", short(n.text)))
}

// column is a bare word: a column of the choice, or a question inside [ ].
func (t *translator) column(n *node) val {
	if len(t.loops) > 0 {
		l := t.loops[len(t.loops)-1]
		if q := l.kid.questions[n.text]; q != nil {
			return t.field(n, l, q)
		}
	}
	if len(t.loops) == 0 && t.choice[n.text] {
		if variable(n.text) {
			return val{cel: "choice." + n.text, prec: pPrimary, t: vText, answer: true}
		}
		return val{cel: "choice[" + quoteCEL(n.text) + "]", prec: pPrimary, t: vText, answer: true}
	}
	if t.choice != nil {
		return t.fail(n, say("รายการตัวเลือกไม่มีคอลัมน์ %q", "The list of choices has no column %q.", short(n.text)))
	}
	return t.fail(n, say("ไม่รู้จักคำ %q ข้อความต้องอยู่ในเครื่องหมายคำพูด ข้อต้องเขียนเป็น ${ชื่อข้อ}",
		"The word %q is not known: put texts in quotation marks and write questions as ${name}.", short(n.text)))
}

func (t *translator) field(n *node, l loop, q *questionShape) val {
	if !variable(n.text) {
		return t.fail(n, say("ชื่อข้อ %q ใช้ในนิพจน์ไม่ได้ เปลี่ยนชื่อเป็น a–z A–Z 0–9 และ _", "The name %q cannot be used in expressions: rename the question with a–z, A–Z, 0–9 and _.", n.text))
	}
	return val{cel: l.name + "." + n.text, prec: pPrimary, t: q.value(l.kid), answer: true, q: q}
}

func (t *translator) minus(n *node) val {
	v := t.number(n.args[0], t.value(n.args[0]))
	if v.literal != nil {
		lit := *v.literal
		lit.num = -lit.num
		return val{cel: "-" + v.cel, prec: pUnary, t: vNumber, literal: &lit}
	}
	return val{cel: "-" + wrap(v, pPrimary), prec: pUnary, t: vNumber}
}

// filter is records[condition].
func (t *translator) filter(n *node) val {
	list := t.any(n.args[0])
	if list.kid == nil {
		return t.fail(n, say("[ ] ใช้ได้หลังชื่อกลุ่มซ้ำเท่านั้น", "[ ] can only follow the name of a repeat."))
	}
	l := loop{list.kid, t.in.loopName(len(t.loops))}
	t.loops = append(t.loops, l)
	cond := t.truth(n.args[1], t.value(n.args[1]))
	t.loops = t.loops[:len(t.loops)-1]
	records := list.records
	if list.t == vRecords {
		records = list.cel
	}
	out := val{cel: records + ".filter(" + l.name + ", " + cond.cel + ")", prec: pPrimary, t: vRecords, kid: list.kid}
	if list.t == vList {
		return t.each(n, out, n.args[0].text)
	}
	return out
}

// step is records/question.
func (t *translator) step(n *node) val {
	list := t.any(n.args[0])
	if list.t != vRecords || list.kid.questions[n.text] == nil {
		return t.fail(n, say("ใช้เส้นทาง /%s ไม่ได้ ใช้ได้เฉพาะชื่อข้อหลังกลุ่มซ้ำ", "The path /%s cannot be used: only a question of a repeat may follow its name.", short(n.text)))
	}
	return t.each(n, list, n.text)
}

// each is one question of every record, as a number where it is not one.
func (t *translator) each(n *node, records val, question string) val {
	l := loop{records.kid, t.in.loopName(len(t.loops))}
	q := records.kid.questions[question]
	at := *n
	at.text = question
	item := t.field(&at, l, q)
	all := ".map(" + l.name + ", " + item.cel + ")"
	return val{
		cel: records.cel + all, prec: pPrimary,
		t: vList, item: item.t, kid: records.kid, records: records.cel,
		given: records.cel + ".filter(" + l.name + ", " + item.cel + " != null)" + all,
	}
}

// truth makes a condition of a value, as XPath's boolean() does.
func (t *translator) truth(n *node, v val) val {
	switch {
	case v.t == vBool && v.answer: // unanswered is false, as in XPath
		return val{cel: v.cel + " == true", prec: pCompare, t: vBool}
	case v.t == vBool || v.t == vAny:
		return v
	case v.t == vNumber:
		return val{cel: wrap(v, pAdd) + " != 0.0", prec: pCompare, t: vBool}
	case v.answer:
		return val{cel: v.cel + " != null", prec: pCompare, t: vBool}
	}
	return t.fail(n, say("ตรงนี้ต้องเป็นเงื่อนไขจริงหรือเท็จ", "A condition, true or false, must stand here."))
}

// number makes a number of a value, as XPath's number() does.
func (t *translator) number(n *node, v val) val {
	switch v.t {
	case vNumber, vAny:
		return v
	case vDate:
		return val{cel: "days(" + v.cel + ")", prec: pPrimary, t: vNumber}
	case vMulti:
		return t.fail(n, say("ข้อเลือกหลายข้อใช้เป็นตัวเลขไม่ได้ ใช้ count-selected()", "An answer of several choices is no number: use count-selected()."))
	}
	if v.literal != nil && v.literal.form == fText {
		if f, ok := plainNumber(v.literal.text); ok {
			return val{cel: double(f), prec: pPrimary, t: vNumber}
		}
		return t.fail(n, say("ข้อความ %q ใช้เป็นตัวเลขไม่ได้", "The text %q is no number.", short(v.literal.text)))
	}
	return val{cel: "number(" + v.cel + ")", prec: pPrimary, t: vNumber}
}

// text makes a text of a value, as XPath's string() does.
func (t *translator) text(n *node, v val) val {
	switch v.t {
	case vNumber, vBool:
		return val{cel: "concat([" + v.cel + "])", prec: pPrimary, t: vText}
	case vMulti:
		return t.fail(n, say("ข้อเลือกหลายข้อใช้เป็นข้อความไม่ได้ ใช้ selected()", "An answer of several choices is no text: use selected()."))
	}
	return v
}

func plainNumber(s string) (float64, bool) {
	n, err := parseNumber(strings.TrimSpace(s))
	return n, err == nil
}
