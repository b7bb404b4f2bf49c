// Package survey knows forms: which record types a form has, which questions
// they ask, which answers belong together when two saves meet, and which
// answers look wrong.
//
// A form is data. What the จปฐ. questionnaire asks stands in
// forms/bmn-2560.json and nowhere in the code; the file uses the words of
// XLSForm where XLSForm has one. In that file the choices of residence_land,
// work_land and health are those of the questionnaire; the codes and wording
// of the other lists are ours.
//
// The package must not know records, dots, devices or storage: it takes and
// returns plain values, as a JSON or CBOR decoder gives them (string, bool,
// float64, int64, uint64, json.Number, []any, map[string]any, nil), and does
// no I/O. A null is "no answer". It never drops or changes an answer it finds
// wrong or does not know; it says so with a [Problem].
package survey

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"sync"
)

// Text is one sentence or label in the two languages of the system. In a
// parsed form both are filled.
type Text struct {
	TH string `json:"th"`
	EN string `json:"en"`
}

// Form is one version of a questionnaire. A published version never changes,
// so a Form has no setters and gives out copies; it is safe for use by many
// goroutines.
type Form struct {
	name    string
	version int
	title   Text
	types   []*RecordType
}

// RecordType is one kind of record a form fills, such as a household. The nil
// RecordType is the one of an unknown type: it has no questions, and every
// answer is a group of its own.
type RecordType struct {
	name      string
	label     Text
	parent    string
	questions []Question
	byName    map[string]int      // question name → place in questions
	groups    map[string][]string // only groups of several questions, in form order
}

// Question is one thing asked.
type Question struct {
	Name     string
	Type     Type
	Label    Text
	Hint     Text // zero: none
	Required bool // for the screen; Check does not look at it, a visit may be half done
	Choices  []Choice
	Min, Max *float64 // bounds of a number, inclusive; nil: none
	Partial  bool     // a date may lack its day, or its day and month
	Group    string   // the unit of merge; the question's own name unless shared
	Privacy  Privacy
}

// Choice is one answer of a list. Name is what is stored.
type Choice struct {
	Name  string
	Label Text
}

// Type says what values a question takes.
type Type string

// The types of a question.
const (
	TypeText     Type = "text"
	TypeBool     Type = "bool"
	TypeInt      Type = "int"      // a whole number within ±2^53
	TypeMoney    Type = "money"    // baht; satang as a fraction
	TypeChoice   Type = "choice"   // the name of one of the choices
	TypeGeopoint Type = "geopoint" // {lat, lon} in degrees WGS 84, and perhaps acc and alt in metres
	TypeThaiID   Type = "thai_id"  // 13 digits 0–9 without dashes, as text
	TypeDate     Type = "date"     // ISO 8601, C.E.: 1984-12-31; partial: 1984-12 or 1984
)

var types = []Type{TypeText, TypeBool, TypeInt, TypeMoney, TypeChoice, TypeGeopoint, TypeThaiID, TypeDate}

// Privacy says why an answer needs care under the PDPA; empty: no mark.
type Privacy string

// The marks of a question.
const (
	PrivacyNone Privacy = ""
	PrivacyID   Privacy = "id"   // identifies a person or a house: masked in lists
	PrivacyName Privacy = "name" // a person's name
	PrivacyS26  Privacy = "s26"  // sensitive data of section 26: religion, health, disability
)

var privacies = []Privacy{PrivacyID, PrivacyName, PrivacyS26}

//go:embed forms/bmn-2560.json
var bmn2560 []byte

var defaultForm = sync.OnceValue(func() *Form {
	f, err := Parse(bmn2560)
	if err != nil { // a fault of the build: the tests parse the same bytes
		panic(fmt.Sprintf("survey: the built-in form: %v", err))
	}
	return f
})

// Default returns the built-in form, จปฐ. 2560–2564. Every call returns the
// same form.
func Default() *Form { return defaultForm() }

// Name returns the form's name, such as "bmn-2560".
func (f *Form) Name() string { return f.name }

// Version returns the form's version, 1 or more.
func (f *Form) Version() int { return f.version }

// Title returns the form's title.
func (f *Form) Title() Text { return f.title }

// Ref returns what a save notes as its form: "bmn-2560@1".
func (f *Form) Ref() string { return f.name + "@" + strconv.Itoa(f.version) }

// Types returns the record types in form order.
func (f *Form) Types() []*RecordType { return slices.Clone(f.types) }

// Type returns the record type of that name, or nil and false. The nil may be
// used: see [RecordType].
func (f *Form) Type(name string) (*RecordType, bool) {
	i := slices.IndexFunc(f.types, func(t *RecordType) bool { return t.name == name })
	if i < 0 {
		return nil, false
	}
	return f.types[i], true
}

// Name returns the type's name as records carry it, "" for the unknown type.
func (t *RecordType) Name() string {
	if t == nil {
		return ""
	}
	return t.name
}

// Label returns what the type is called on a screen.
func (t *RecordType) Label() Text {
	if t == nil {
		return Text{}
	}
	return t.label
}

// Parent returns the name of the type whose records this one's belong to, ""
// when they stand alone.
func (t *RecordType) Parent() string {
	if t == nil {
		return ""
	}
	return t.parent
}

// Questions returns the questions in form order.
func (t *RecordType) Questions() []Question {
	if t == nil {
		return nil
	}
	out := make([]Question, len(t.questions))
	for i, q := range t.questions {
		out[i] = q.clone()
	}
	return out
}

// Question returns the question of that name.
func (t *RecordType) Question(name string) (Question, bool) {
	q := t.question(name)
	if q == nil {
		return Question{}, false
	}
	return q.clone(), true
}

// question returns the form's own question, not a copy, or nil.
func (t *RecordType) question(name string) *Question {
	if t == nil {
		return nil
	}
	i, ok := t.byName[name]
	if !ok {
		return nil
	}
	return &t.questions[i]
}

func (q Question) clone() Question {
	q.Choices = slices.Clone(q.Choices)
	q.Min, q.Max = copied(q.Min), copied(q.Max)
	return q
}

func copied(n *float64) *float64 {
	if n == nil {
		return nil
	}
	v := *n
	return &v
}
