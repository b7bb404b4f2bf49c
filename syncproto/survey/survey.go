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
	"maps"
	"slices"
	"strconv"

	"cel.dev/cel-go/cel"
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
	head    Definition // without its record types
	types   []*RecordType
	json    []byte // canonical
	order   []step // relevance and calculations, each after what it needs
}

// RecordType is one kind of record a form fills, such as a household. The nil
// RecordType is the one of an unknown type: it has no questions, and every
// answer is a group of its own.
type RecordType struct {
	name      string
	label     Text
	parent    string
	min, max  *int // how many below one parent
	unique    [][]string
	alike     [][]string
	search    []string
	title     []string
	sections  []section
	questions []Question
	byName    map[string]int      // question name → place in questions
	groups    map[string][]string // only groups of several questions, in form order
	children  []string            // record types whose parent this is
	kids      []*RecordType       // the same
	outer     *RecordType         // the parent
}

// Question is one thing asked. Expressions are CEL: see expr.go.
type Question struct {
	Name              string
	Type              Type
	Label             Text
	Hint              Text   // zero: none
	Section           string // where it stands, or ""
	Required          bool   // asked and unanswered means not complete; a visit may be half done, so nothing is refused
	RequiredIf        string // required where this is true
	RequiredMessage   Text
	Relevant          string // asked only where this is true
	Constraint        string // an answer for which this is false is flagged
	ConstraintMessage Text
	Calculation       string // of a calculate: its value
	Default           any    // what a new record begins with
	List              string // the shared list that Choices came from, or ""
	Choices           []Choice
	ChoiceFilter      string // the choices offered, of `choice`
	RowList           string // the shared list that Rows came from, or ""
	Rows              []Choice
	Columns           []Column // of a table
	Min, Max          *float64 // bounds of a number, inclusive; nil: none
	Partial           bool     // a date may lack its day, or its day and month
	Appearance        string   // a wish how to show it, in XLSForm's words
	Group             string   // the unit of merge; the question's own name unless shared
	Privacy           Privacy
	Carry             bool // goes into the next round's roster

	alone    bool // merged alone: its definition names no group
	programs *programs
}

// Choice is one answer of a list. Name is what is stored; Filter are the
// columns that a choice_filter may look at.
type Choice struct {
	Name   string            `json:"name"`
	Label  Text              `json:"label"`
	Filter map[string]string `json:"filter,omitempty"`
}

// Type says what values a question takes.
type Type string

// The types of a question.
const (
	TypeText       Type = "text"
	TypeBool       Type = "bool"
	TypeInt        Type = "int"     // a whole number within ±2^53
	TypeDecimal    Type = "decimal" // any number within ±2^53
	TypeMoney      Type = "money"   // baht; satang as a fraction
	TypeChoice     Type = "choice"  // the name of one of the choices
	TypeMulti      Type = "multi"   // a list of names of choices
	TypeGeopoint   Type = "geopoint"
	TypeThaiID     Type = "thai_id"     // 13 digits 0–9 without dashes, as text
	TypeDate       Type = "date"        // ISO 8601, C.E.: 1984-12-31; partial: 1984-12 or 1984
	TypeTime       Type = "time"        // 07:30 or 07:30:15
	TypeDateTime   Type = "datetime"    // 2020-01-31T07:30:15+07:00
	TypePhoto      Type = "photo"       // names a picture that travels apart
	TypeSignature  Type = "signature"   // names a drawing that travels apart
	TypeBarcode    Type = "barcode"     // text that a camera read
	TypeNote       Type = "note"        // shown; has no answer
	TypeCalculate  Type = "calculate"   // computed; never stored
	TypeCountTable Type = "count_table" // {row: whole number from 0}
	TypeTable      Type = "table"       // {row: {column: answer}}
)

// A geopoint is {lat, lon} in degrees WGS 84, and perhaps acc and alt in metres.

var questionTypes = []Type{
	TypeText, TypeBool, TypeInt, TypeDecimal, TypeMoney, TypeChoice, TypeMulti, TypeGeopoint, TypeThaiID, TypeDate, TypeTime,
	TypeDateTime, TypePhoto, TypeSignature, TypeBarcode, TypeNote, TypeCalculate, TypeCountTable, TypeTable,
}

// Number reports whether answers of the type are numbers.
func (t Type) Number() bool { return t == TypeInt || t == TypeDecimal || t == TypeMoney }

// Stored reports whether a question of the type has answers that are kept.
func (t Type) Stored() bool { return t != TypeNote && t != TypeCalculate }

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

// Name returns the form's name, such as "bmn-2560".
func (f *Form) Name() string { return f.name }

// Version returns the form's version, 1 or more.
func (f *Form) Version() int { return f.version }

// Title returns the form's title.
func (f *Form) Title() Text { return f.title }

// Draft reports whether the form is unfinished: it may be looked at, and not
// be published.
func (f *Form) Draft() bool { return f.head.Draft }

// Notice returns what a family is told before it signs.
func (f *Form) Notice() Notice { return f.head.Notice }

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

// Title returns the questions whose answers a list shows.
func (t *RecordType) Title() []string {
	if t == nil {
		return nil
	}
	return slices.Clone(t.title)
}

// Search returns the questions that a search looks into.
func (t *RecordType) Search() []string {
	if t == nil {
		return nil
	}
	return slices.Clone(t.search)
}

// Unique returns the questions whose answers together name one record of a
// round.
func (t *RecordType) Unique() [][]string {
	if t == nil {
		return nil
	}
	return cloneLists(t.unique)
}

// Alike returns the questions whose answers together, in one village, may mean
// one record that was taken down twice.
func (t *RecordType) Alike() [][]string {
	if t == nil {
		return nil
	}
	return cloneLists(t.alike)
}

func cloneLists(lists [][]string) [][]string {
	out := slices.Clone(lists)
	for i := range out {
		out[i] = slices.Clone(out[i])
	}
	return out
}

// Children returns the names of the types whose parent this is.
func (t *RecordType) Children() []string {
	if t == nil {
		return nil
	}
	return slices.Clone(t.children)
}

// Sections returns the blocks of questions in form order.
func (t *RecordType) Sections() []Section {
	if t == nil {
		return nil
	}
	out := make([]Section, len(t.sections))
	for i := range t.sections {
		out[i] = t.sections[i].Section
	}
	return out
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

// Calculates tells what a calculation gives: TypeDecimal, TypeBool or TypeText;
// "" where that shows only when it runs.
func (t *RecordType) Calculates(name string) Type {
	q := t.question(name)
	if q == nil || q.programs == nil || q.programs.calculation == nil {
		return ""
	}
	switch q.programs.calculation.kind {
	case cel.DoubleType, cel.IntType:
		return TypeDecimal
	case cel.BoolType:
		return TypeBool
	case cel.StringType:
		return TypeText
	}
	return ""
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
	q.Choices, q.Rows, q.Columns = cloneChoices(q.Choices), cloneChoices(q.Rows), slices.Clone(q.Columns)
	q.Min, q.Max = copied(q.Min), copied(q.Max)
	q.alone, q.programs = false, nil
	return q
}

func cloneChoices(list []Choice) []Choice {
	list = slices.Clone(list)
	for i := range list {
		list[i].Filter = maps.Clone(list[i].Filter)
	}
	return list
}

func copied[T any](n *T) *T {
	if n == nil {
		return nil
	}
	v := *n
	return &v
}
