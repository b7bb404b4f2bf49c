package xlsform

import (
	"slices"
	"strconv"
	"strings"

	"tambonsync/syncproto/survey"
)

// formShape is what expressions may name, the same when reading and writing,
// so that an expression means the same type both ways.
type formShape struct{ types map[string]*typeShape }

type typeShape struct {
	name      string
	outer     *typeShape
	kids      []*typeShape
	questions map[string]*questionShape
	cells     map[string]string // questions that stand for one cell of a table: their CEL
	dropped   map[string]string // metadata questions that are left out: their CEL, or ""
}

type questionShape struct {
	typ     survey.Type
	choices []survey.Choice
	calc    func() string // of a calculate: its CEL
	busy    bool          // being asked for its type
}

// vtype is what is known of a value's type.
type vtype int

const (
	vAny vtype = iota
	vNumber
	vText
	vChoice // text that is the name of a choice
	vBool
	vDate
	vTime
	vMulti
	vRecords // the records of a repeat
	vList    // one question of each
)

var typeValues = map[survey.Type]vtype{
	survey.TypeText: vText, survey.TypeBool: vBool, survey.TypeInt: vNumber, survey.TypeDecimal: vNumber,
	survey.TypeMoney: vNumber, survey.TypeChoice: vChoice, survey.TypeMulti: vMulti, survey.TypeThaiID: vText,
	survey.TypeDate: vDate, survey.TypeDateTime: vDate, survey.TypeTime: vTime, survey.TypePhoto: vText,
	survey.TypeSignature: vText, survey.TypeBarcode: vText,
}

// shapeOf makes the shape of a form whose calculations are known.
func shapeOf(d *survey.Definition) *formShape {
	f := &formShape{types: map[string]*typeShape{}}
	for i := range d.RecordTypes {
		t := &d.RecordTypes[i]
		s := &typeShape{name: t.Name, questions: map[string]*questionShape{}, cells: map[string]string{}, dropped: map[string]string{}}
		if outer := f.types[t.Parent]; outer != nil {
			s.outer = outer
			outer.kids = append(outer.kids, s)
		}
		for j := range t.Questions {
			q := &t.Questions[j]
			s.questions[q.Name] = &questionShape{
				typ: q.Type, choices: listOf(d, q.List, q.Choices),
				calc: func() string { return q.Calculation },
			}
			for _, c := range tableCells(d, q) {
				s.cells[c.name] = c.cel
			}
		}
		f.types[t.Name] = s
	}
	return f
}

// listOf returns the choices of a list given by name or in place.
func listOf(d *survey.Definition, name string, inline []survey.Choice) []survey.Choice {
	if name != "" {
		return d.Choices[name]
	}
	return inline
}

// find looks a question up as an expression of t does: own first, then those
// of the enclosing records.
func (t *typeShape) find(name string) *questionShape {
	for ; t != nil; t = t.outer {
		if q := t.questions[name]; q != nil {
			return q
		}
	}
	return nil
}

// kid looks up a record type whose records t's expressions have as a list.
func (t *typeShape) kid(name string) *typeShape {
	for ; t != nil; t = t.outer {
		for _, k := range t.kids {
			if k.name == name {
				return k
			}
		}
	}
	return nil
}

// kidWith returns the repeat that a question is asked in, if it is one whose
// records t's expressions can reach.
func (t *typeShape) kidWith(question string) *typeShape {
	for ; t != nil; t = t.outer {
		for _, k := range t.kids {
			if k.questions[question] != nil {
				return k
			}
		}
	}
	return nil
}

// below reports a question further down than an expression can look.
func (t *typeShape) below(name string) bool {
	for _, k := range t.kids {
		if k.questions[name] != nil || k.name == name || k.below(name) {
			return true
		}
	}
	return false
}

func (t *typeShape) cell(name string) (string, bool) {
	for ; t != nil; t = t.outer {
		if c, ok := t.cells[name]; ok {
			return c, true
		}
	}
	return "", false
}

func (t *typeShape) left(name string) (string, bool) {
	for ; t != nil; t = t.outer {
		if c, ok := t.dropped[name]; ok {
			return c, true
		}
	}
	return "", false
}

// value returns the type of a question's answer.
func (q *questionShape) value(in *typeShape) vtype {
	if q.typ != survey.TypeCalculate {
		return typeValues[q.typ]
	}
	if q.busy { // a calculation of itself: said elsewhere
		return vAny
	}
	q.busy = true
	defer func() { q.busy = false }()
	return celType(q.calc(), in)
}

// loopName returns a name for the records of a loop that means nothing else.
func (t *typeShape) loopName(depth int) string {
	for i := depth; ; i++ {
		name := "m"
		if i > 0 {
			name += strconv.Itoa(i)
		}
		if t.find(name) == nil && t.kid(name) == nil {
			return name
		}
	}
}

// notVariables are words that an expression cannot use as a name.
var notVariables = strings.Fields("in true false null as break const continue else for function if import let loop " +
	"package namespace return var void while")

// variable reports whether CEL can name the question.
func variable(name string) bool {
	if name == "" || slices.Contains(notVariables, name) {
		return false
	}
	for i, r := range name {
		letter := r == '_' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		if !letter && (i == 0 || !isDigit(r)) {
			return false
		}
	}
	return true
}

// quoteCEL writes a text as CEL does.
func quoteCEL(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < ' ':
			b.WriteString(`\u00`)
			b.WriteString(strconv.FormatInt(int64(r)+0x100, 16)[1:])
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// double writes a number as CEL's double.
func double(n float64) string {
	s := strconv.FormatFloat(n, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}
