package survey

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// Definition is a form as data: what a form's file holds, and what travels to
// the tablets. [Parse] makes a [Form] of its JSON and is the only way to get
// one, so a Definition that was put together by hand is checked like any file.
//
// Its canonical JSON is that of [Form.JSON]; the SHA-256 of it names the form.
type Definition struct {
	Kind        string              `json:"kind"` // KindForm
	Name        string              `json:"name"`
	Version     int                 `json:"version"`
	Title       Text                `json:"title"`
	Draft       bool                `json:"draft,omitempty"` // cannot be published until somebody completes it
	Note        Text                `json:"note,omitzero"`   // for those who keep the form
	Sources     []string            `json:"sources,omitempty"`
	Notice      Notice              `json:"notice,omitzero"`
	Choices     map[string][]Choice `json:"choices,omitempty"` // shared lists by name
	RecordTypes []TypeDefinition    `json:"record_types"`
}

// The kinds of a definition.
const (
	KindForm       = "form"
	KindIndicators = "indicators"
)

// Notice is what a family is told about the use of its answers before it
// signs. The version is noted with the signature.
type Notice struct {
	Version string `json:"version"`
	Text    Text   `json:"text"`
}

// TypeDefinition is one kind of record.
type TypeDefinition struct {
	Name      string     `json:"name"`
	Label     Text       `json:"label"`
	Parent    string     `json:"parent,omitempty"`
	Min       *int       `json:"min,omitempty"`    // how many below one parent
	Max       *int       `json:"max,omitempty"`    //
	Unique    [][]string `json:"unique,omitempty"` // questions whose answers together name one record of a round
	Alike     [][]string `json:"alike,omitempty"`  // questions whose answers together, in one village, may mean one record taken down twice
	Search    []string   `json:"search,omitempty"` // questions that a search looks into
	Title     []string   `json:"title,omitempty"`  // questions that a list shows
	Sections  []Section  `json:"sections,omitempty"`
	Questions []Question `json:"questions"`
}

// Section is a page or block of questions, XLSForm's group.
type Section struct {
	Name       string `json:"name"`
	Label      Text   `json:"label"`
	Relevant   string `json:"relevant,omitempty"`
	Appearance string `json:"appearance,omitempty"`
}

// Column is one column of a table question.
type Column struct {
	Name  string   `json:"name"`
	Type  Type     `json:"type"` // text, bool, int, decimal or money
	Label Text     `json:"label"`
	Min   *float64 `json:"min,omitempty"`
	Max   *float64 `json:"max,omitempty"`
}

// questionJSON is how a question is written. Lists are a name or are inline,
// required is a boolean or an expression.
type questionJSON struct {
	Name              string   `json:"name"`
	Type              Type     `json:"type"`
	Label             Text     `json:"label"`
	Hint              Text     `json:"hint,omitzero"`
	Section           string   `json:"section,omitempty"`
	Required          any      `json:"required,omitempty"`
	RequiredMessage   Text     `json:"required_message,omitzero"`
	Relevant          string   `json:"relevant,omitempty"`
	Constraint        string   `json:"constraint,omitempty"`
	ConstraintMessage Text     `json:"constraint_message,omitzero"`
	Calculation       string   `json:"calculation,omitempty"`
	Default           any      `json:"default,omitempty"`
	Choices           any      `json:"choices,omitempty"`
	ChoiceFilter      string   `json:"choice_filter,omitempty"`
	Rows              any      `json:"rows,omitempty"`
	Columns           []Column `json:"columns,omitempty"`
	Min               *float64 `json:"min,omitempty"`
	Max               *float64 `json:"max,omitempty"`
	Partial           bool     `json:"partial,omitempty"`
	Appearance        string   `json:"appearance,omitempty"`
	Group             string   `json:"group,omitempty"`
	Privacy           Privacy  `json:"privacy,omitempty"`
	Carry             bool     `json:"carry,omitempty"`
}

// MarshalJSON writes the question as a definition holds it. Keys that say
// nothing, such as the group of a question that is merged alone, are left out.
func (q Question) MarshalJSON() ([]byte, error) {
	j := questionJSON{
		Name: q.Name, Type: q.Type, Label: q.Label, Hint: q.Hint, Section: q.Section,
		RequiredMessage: q.RequiredMessage, Relevant: q.Relevant,
		Constraint: q.Constraint, ConstraintMessage: q.ConstraintMessage, Calculation: q.Calculation,
		Default: q.Default, ChoiceFilter: q.ChoiceFilter, Columns: q.Columns, Min: q.Min, Max: q.Max,
		Partial: q.Partial, Appearance: q.Appearance, Group: q.Group, Privacy: q.Privacy, Carry: q.Carry,
	}
	switch {
	case q.RequiredIf != "":
		j.Required = q.RequiredIf
	case q.Required:
		j.Required = true
	}
	j.Choices, j.Rows = listJSON(q.List, q.Choices), listJSON(q.RowList, q.Rows)
	return canonical(j)
}

func listJSON(name string, list []Choice) any {
	switch {
	case name != "":
		return name
	case len(list) > 0:
		return list
	}
	return nil
}

// canonical is JSON without HTML escapes and without a newline at the end.
func canonical(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// Definition returns the form as data. Changing it does not change the form.
// A question that is merged alone has no Group in it.
func (f *Form) Definition() Definition {
	d := f.head
	d.Sources = slices.Clone(d.Sources)
	d.Choices = maps.Clone(d.Choices)
	for name, list := range d.Choices {
		d.Choices[name] = cloneChoices(list)
	}
	d.RecordTypes = make([]TypeDefinition, len(f.types))
	for i, t := range f.types {
		d.RecordTypes[i] = t.definition()
	}
	return d
}

func (t *RecordType) definition() TypeDefinition {
	d := TypeDefinition{
		Name: t.name, Label: t.label, Parent: t.parent, Min: copied(t.min), Max: copied(t.max),
		Unique: t.Unique(), Alike: t.Alike(), Search: t.Search(), Title: t.Title(), Sections: t.Sections(),
	}
	for _, q := range t.questions {
		c := q.clone()
		if q.alone {
			c.Group = ""
		}
		d.Questions = append(d.Questions, c)
	}
	return d
}

// JSON returns the canonical bytes of the form's definition.
func (f *Form) JSON() []byte { return bytes.Clone(f.json) }

// Hash names the form's content: the SHA-256 of JSON in hexadecimal.
func (f *Form) Hash() string { return hashOf(f.json) }

func hashOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// SplitRef splits a reference such as "bmn-2560@1" into name and version.
func SplitRef(ref string) (name, version string, ok bool) {
	name, version, ok = strings.Cut(ref, "@")
	return name, version, ok && name != "" && version != ""
}

// KindOf tells which kind of definition data holds, without checking it.
func KindOf(data []byte) string {
	var k struct {
		Kind string `json:"kind"`
	}
	_ = json.Unmarshal(data, &k)
	if k.Kind == "" {
		return KindForm
	}
	return k.Kind
}

// JSON returns the definition as Parse takes it.
func (d Definition) JSON() ([]byte, error) { return canonical(d) }
