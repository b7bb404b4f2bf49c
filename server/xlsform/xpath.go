package xlsform

import (
	"slices"
	"strconv"
	"strings"

	"tambonsync/syncproto/survey"
)

// node is one part of a parsed XPath expression.
type node struct {
	form form
	text string // of a text; the name of a ref, column or function; the operator
	num  float64
	args []*node
	at   int
}

type form int

const (
	fNumber form = iota
	fText
	fRef    // ${text}
	fColumn // text: a column of a choice, or a question inside [ ]
	fDot
	fDotDot
	fCall
	fBinary
	fMinus
	fFilter // args[0] [ args[1] ]
	fStep   // args[0] / text
)

// fault is what is wrong in one expression.
type fault struct {
	at  int // bytes from its start
	say survey.Text
}

func faultAt(at int, t survey.Text) *fault { return &fault{at, t} }

// parseXPath parses one expression. It takes the part of XPath that XLSForm
// uses; paths, axes and unions are refused.
func parseXPath(src string) (*node, *fault) {
	if len(src) > maxXPathBytes {
		return nil, faultAt(0, say("นิพจน์ยาวเกิน 8 KiB", "The expression is over 8 KiB."))
	}
	p := &xparser{lex: lexer{src: src}}
	p.advance()
	n := p.binary(0)
	if p.err == nil && p.tok.kind != kEnd {
		p.unexpected()
	}
	if p.err != nil {
		return nil, p.err
	}
	return n, nil
}

type xparser struct {
	lex   lexer
	tok   token
	depth int
	err   *fault
}

func (p *xparser) advance() {
	if p.err != nil {
		return
	}
	p.tok, p.err = p.lex.next()
	if p.err != nil {
		p.tok = token{}
	}
}

func (p *xparser) fail(at int, t survey.Text) {
	if p.err == nil {
		p.err = faultAt(at, t)
		p.tok = token{}
	}
}

func (p *xparser) is(k kind, text string) bool {
	return p.err == nil && p.tok.kind == k && p.tok.text == text
}

func (p *xparser) want(text string) {
	if !p.is(kPunct, text) {
		p.unexpected()
		return
	}
	p.advance()
}

func (p *xparser) unexpected() {
	t := p.tok
	switch {
	case t.kind == kEnd:
		p.fail(t.at, say("นิพจน์จบก่อนเวลา อาจขาดวงเล็บปิดหรือค่าทางขวา", "The expression ends too soon: a closing bracket or a value may be missing."))
	case t.text == "/" || t.text == "@" || t.text == "|" || t.text == "..":
		p.fail(t.at, say("ใช้เส้นทาง XPath (%s) ไม่ได้ อ้างข้อด้วย ${ชื่อข้อ}", "XPath paths (%s) cannot be used: name a question as ${name}.", t.text))
	default:
		p.fail(t.at, say("ไม่ควรมี %q ตรงนี้", "%q cannot stand here.", short(t.text)))
	}
}

// levels are the binary operators, loosest first.
var levels = [][]string{{"or"}, {"and"}, {"=", "!="}, {"<", "<=", ">", ">="}, {"+", "-"}, {"*", "div", "mod"}}

func (p *xparser) binary(level int) *node {
	if level == len(levels) {
		return p.unary()
	}
	left := p.binary(level + 1)
	for n := 0; p.err == nil && p.tok.kind == kOp && slices.Contains(levels[level], p.tok.text); n++ {
		op := p.tok
		p.advance()
		right := p.binary(level + 1)
		left = &node{form: fBinary, text: op.text, args: []*node{left, right}, at: op.at}
	}
	return left
}

func (p *xparser) unary() *node {
	if !p.is(kOp, "-") {
		return p.postfix()
	}
	at := p.tok.at
	p.advance()
	if !p.deeper() {
		return &node{}
	}
	n := &node{form: fMinus, args: []*node{p.unary()}, at: at}
	p.depth--
	return n
}

// deeper bounds how deep brackets nest.
func (p *xparser) deeper() bool {
	if p.depth++; p.depth > maxNesting {
		p.fail(p.tok.at, say("วงเล็บซ้อนกันลึกเกิน %d ชั้น", "Brackets nest deeper than %d.", maxNesting))
		return false
	}
	return p.err == nil
}

func (p *xparser) postfix() *node {
	n := p.primary()
	for p.err == nil && p.tok.kind == kPunct {
		switch p.tok.text {
		case "[":
			at := p.tok.at
			p.advance()
			if !p.deeper() {
				return n
			}
			cond := p.binary(0)
			p.depth--
			p.want("]")
			n = &node{form: fFilter, args: []*node{n, cond}, at: at}
		case "/":
			if n.form == fCall {
				p.fail(n.at, say("ใช้ %s() แล้วตามด้วยเส้นทางไม่ได้", "%s() with a path after it is not supported.", short(n.text)))
				return n
			}
			if n.form != fRef && n.form != fFilter {
				p.unexpected()
				return n
			}
			p.advance()
			if p.tok.kind != kName || strings.Contains(p.tok.text, ":") {
				p.unexpected()
				return n
			}
			n = &node{form: fStep, text: p.tok.text, args: []*node{n}, at: p.tok.at}
			p.advance()
		default:
			return n
		}
	}
	return n
}

func (p *xparser) primary() *node {
	t := p.tok
	if p.err != nil {
		return &node{}
	}
	switch {
	case t.kind == kNumber:
		p.advance()
		v, err := strconv.ParseFloat(t.text, 64)
		if err != nil {
			p.fail(t.at, say("ตัวเลข %q ใหญ่เกินไป", "The number %q is too large.", short(t.text)))
		}
		return &node{form: fNumber, num: v, at: t.at}
	case t.kind == kString:
		p.advance()
		return &node{form: fText, text: t.text, at: t.at}
	case t.kind == kRef:
		p.advance()
		return &node{form: fRef, text: t.text, at: t.at}
	case t.kind == kName:
		p.advance()
		if p.is(kPunct, "(") {
			return p.call(t)
		}
		return &node{form: fColumn, text: t.text, at: t.at}
	case p.is(kPunct, "."):
		p.advance()
		if p.is(kPunct, "/") { // ./name inside [ ]
			p.advance()
			if p.tok.kind == kName {
				name := p.tok
				p.advance()
				return &node{form: fColumn, text: name.text, at: name.at}
			}
			p.unexpected()
		}
		return &node{form: fDot, at: t.at}
	case p.is(kPunct, ".."):
		p.advance()
		return &node{form: fDotDot, at: t.at}
	case p.is(kPunct, "("):
		p.advance()
		if !p.deeper() {
			return &node{}
		}
		n := p.binary(0)
		p.depth--
		p.want(")")
		return n
	}
	p.unexpected()
	return &node{}
}

func (p *xparser) call(name token) *node {
	n := &node{form: fCall, text: name.text, at: name.at}
	p.advance() // (
	if !p.deeper() {
		return n
	}
	defer func() { p.depth-- }()
	if p.is(kPunct, ")") {
		p.advance()
		return n
	}
	for p.err == nil {
		n.args = append(n.args, p.binary(0))
		if !p.is(kPunct, ",") {
			break
		}
		p.advance()
	}
	p.want(")")
	return n
}
