package xlsform

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// kind is what a token is.
type kind int

const (
	kEnd    kind = iota
	kNumber      // 12 or 1.5
	kString      // 'x' or "x", without the quotes
	kRef         // ${name}: the name
	kName        // a function, or a column in a choice_filter
	kOp          // and or mod div = != < <= > >= + - *
	kPunct       // ( ) [ ] , . .. / and whatever else
)

type token struct {
	kind kind
	text string
	at   int // bytes from the start
}

// lexer splits an XPath expression as XLSForm authors write it. Quotation
// marks that a word processor has curled count as straight ones.
type lexer struct {
	src  string
	pos  int
	last token
}

const (
	singleQuotes = "'‘’"
	doubleQuotes = "\"“”"
)

func (l *lexer) next() (token, *fault) {
	for l.pos < len(l.src) {
		r, n := utf8.DecodeRuneInString(l.src[l.pos:])
		if !unicode.IsSpace(r) {
			break
		}
		l.pos += n
	}
	t, err := l.token()
	l.last = t
	return t, err
}

func (l *lexer) token() (token, *fault) {
	rest, at := l.src[l.pos:], l.pos
	if rest == "" {
		return token{kEnd, "", at}, nil
	}
	r, n := utf8.DecodeRuneInString(rest)
	take := func(k kind, n int) (token, *fault) {
		l.pos += n
		return token{k, rest[:n], at}, nil
	}
	switch {
	case strings.ContainsRune(singleQuotes, r), strings.ContainsRune(doubleQuotes, r):
		return l.quoted(r, n)
	case strings.HasPrefix(rest, "${"):
		end := strings.IndexByte(rest, '}')
		if end < 0 {
			return token{}, faultAt(at, say("${ ไม่มี } ปิดท้าย", "${ has no closing }."))
		}
		l.pos += end + 1
		return token{kRef, strings.TrimSpace(rest[2:end]), at}, nil
	case isDigit(r) || r == '.' && len(rest) > 1 && isDigit(rune(rest[1])):
		return take(kNumber, numberLength(rest))
	case isNameStart(r):
		n := nameLength(rest)
		if word := rest[:n]; l.afterOperand() && (word == "and" || word == "or" || word == "div" || word == "mod") {
			return take(kOp, n)
		}
		return take(kName, n)
	}
	for _, op := range []string{"!=", "<=", ">=", "=", "<", ">", "+", "-", "*"} {
		if strings.HasPrefix(rest, op) {
			return take(kOp, len(op))
		}
	}
	if strings.HasPrefix(rest, "..") {
		return take(kPunct, 2)
	}
	return take(kPunct, n)
}

// afterOperand tells "a div b" from an element that is called div.
func (l *lexer) afterOperand() bool {
	switch l.last.kind {
	case kNumber, kString, kRef, kName:
		return true
	case kPunct:
		return l.last.text == ")" || l.last.text == "]" || l.last.text == "." || l.last.text == ".."
	}
	return false
}

func (l *lexer) quoted(quote rune, n int) (token, *fault) {
	marks := singleQuotes
	if strings.ContainsRune(doubleQuotes, quote) {
		marks = doubleQuotes
	}
	if quote < utf8.RuneSelf { // a straight quote is closed by a straight one
		marks = string(quote)
	}
	start := l.pos
	body := l.src[start+n:]
	end := strings.IndexAny(body, marks)
	if end < 0 {
		return token{}, faultAt(start, say("ข้อความในเครื่องหมายคำพูดไม่มีตัวปิด", "A text in quotation marks is not closed."))
	}
	_, closing := utf8.DecodeRuneInString(body[end:])
	l.pos = start + n + end + closing
	return token{kString, body[:end], start}, nil
}

func isDigit(r rune) bool { return '0' <= r && r <= '9' }

func numberLength(s string) int {
	n := 0
	for n < len(s) && isDigit(rune(s[n])) {
		n++
	}
	if n+1 < len(s) && s[n] == '.' && isDigit(rune(s[n+1])) || n == 0 {
		n++
		for n < len(s) && isDigit(rune(s[n])) {
			n++
		}
	}
	return n
}

func isNameStart(r rune) bool { return r == '_' || unicode.IsLetter(r) }

// nameLength takes dashes and dots, which XPath names may hold: string-length.
func nameLength(s string) int {
	for i, r := range s {
		if !isNameStart(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) && !strings.ContainsRune("-.:", r) {
			return i
		}
	}
	return len(s)
}
