package survey

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// SetDefinition is an indicator set as data: which conclusions are drawn from
// the answers of one household or village. Expressions are CEL, as in forms.
type SetDefinition struct {
	Kind        string             `json:"kind"` // KindIndicators
	Name        string             `json:"name"`
	Version     int                `json:"version"`
	Title       Text               `json:"title"`
	Draft       bool               `json:"draft,omitempty"`
	Note        Text               `json:"note,omitzero"`
	Sources     []string           `json:"sources,omitempty"`
	Form        string             `json:"form"`        // the form it is written for: "bmn-2560@1"
	RecordType  string             `json:"record_type"` // what it judges: "household"
	Parameters  map[string]float64 `json:"parameters,omitempty"`
	Dimensions  []Dimension        `json:"dimensions,omitempty"`
	Definitions map[string]string  `json:"definitions,omitempty"` // named values over the record, usable in rules
	Indicators  []Indicator        `json:"indicators"`
	Levels      []Level            `json:"levels,omitempty"`
	Groups      []IndicatorGroup   `json:"groups,omitempty"`
}

// Dimension is a chapter of indicators.
type Dimension struct {
	No   int  `json:"no"`
	Name Text `json:"name"`
}

// The units an indicator counts.
const (
	UnitPerson    = "person"
	UnitHousehold = "household"
	UnitVillage   = "village"
)

// Indicator is one rule. It has one of three shapes: how many of those it
// applies to fail (Applicable with Failing); whether the record passes (Pass);
// or a score of 1 to 3, of which 1 fails (Score). An Empty one is a place kept
// free in a draft.
type Indicator struct {
	No         int        `json:"no"`
	Code       string     `json:"code"`
	Dimension  int        `json:"dimension,omitempty"`
	Name       Text       `json:"name"`
	Unit       string     `json:"unit"`
	AppliesTo  Text       `json:"applies_to,omitzero"`
	Applicable Applicable `json:"applicable,omitzero"`
	Failing    string     `json:"failing,omitempty"`
	Pass       string     `json:"pass,omitempty"`
	Score      string     `json:"score,omitempty"`
	Reason     Text       `json:"reason,omitzero"` // {failing}, {applicable}, {score}, {a definition or question}
	Empty      bool       `json:"empty,omitempty"`
	Certainty  string     `json:"certainty,omitempty"`
	Sources    []string   `json:"sources,omitempty"`
	Note       string     `json:"note,omitempty"`
}

// Applicable says to whom or when an indicator applies: to those records of a
// child type for which every condition holds, to a typed-in number, or when.
type Applicable struct {
	Count string   `json:"count,omitempty"` // a child type
	Where []string `json:"where,omitempty"` // conditions over one such record
	Value string   `json:"value,omitempty"` // a number over the record itself
	When  string   `json:"when,omitempty"`  // a condition over the record itself
}

// Level is a conclusion from all scores; the first whose condition holds.
type Level struct {
	Level int    `json:"level"`
	Name  Text   `json:"name"`
	When  string `json:"when"` // over score1, score2, score3: how many indicators have it
}

// IndicatorGroup is a named choice of indicators, such as those of one index.
type IndicatorGroup struct {
	Name       string `json:"name"`
	Label      Text   `json:"label"`
	Indicators []int  `json:"indicators"`
}

// Set is one version of an indicator set. It does not change.
type Set struct {
	def  SetDefinition
	json []byte
}

// MaxIndicators bounds a set: verdicts are kept as bits.
const MaxIndicators = 63

// ParseSet decodes an indicator set: UTF-8 JSON of at most 4 MiB. It is strict
// as Parse is. Whether its rules fit the form shows in [NewIndicators].
func ParseSet(data []byte) (*Set, error) {
	s, err := parseSet(data)
	if err != nil {
		return nil, fmt.Errorf("survey: parse indicator set: %w", err)
	}
	return s, nil
}

func parseSet(data []byte) (*Set, error) {
	if len(data) > maxFormBytes {
		return nil, fmt.Errorf("%d bytes, at most %d are allowed", len(data), maxFormBytes)
	}
	if !utf8.Valid(data) {
		return nil, errors.New("not UTF-8")
	}
	s := &Set{}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s.def); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("byte %d: something after the set", dec.InputOffset())
	}
	if err := s.def.check(); err != nil {
		return nil, err
	}
	var err error
	s.json, err = canonical(s.def)
	return s, err
}

func (d *SetDefinition) check() error {
	p := &parser{}
	if d.Kind != KindIndicators {
		p.fail("kind", "want %q", KindIndicators)
	}
	p.checkCode("name", d.Name)
	if d.Version < 1 {
		p.fail("version", "must be 1 or more")
	}
	p.checkText("title", d.Title)
	if _, _, ok := SplitRef(d.Form); !ok {
		p.fail("form", `want such as "bmn-2560@1"`)
	}
	p.checkCode("record_type", d.RecordType)
	if len(d.Indicators) > MaxIndicators {
		p.fail("indicators", "more than %d", MaxIndicators)
	}
	seen := map[int]bool{}
	for i := range d.Indicators {
		x := &d.Indicators[i]
		at := "indicators[" + strconv.Itoa(i) + "]"
		if x.No < 1 || x.No > MaxIndicators {
			p.fail(at+".no", "want 1 to %d", MaxIndicators)
		}
		if seen[x.No] {
			p.fail(at+".no", "%d is there twice", x.No)
		}
		seen[x.No] = true
		p.checkIndicator("indicator "+strconv.Itoa(x.No), x, d.Draft)
		if x.Dimension != 0 && !slices.ContainsFunc(d.Dimensions, func(dim Dimension) bool { return dim.No == x.Dimension }) {
			p.fail(at+".dimension", "no dimension %d", x.Dimension)
		}
	}
	for _, g := range d.Groups {
		for _, no := range g.Indicators {
			if !seen[no] {
				p.fail("groups."+g.Name, "no indicator %d", no)
			}
		}
	}
	return p.err
}

func (p *parser) checkText(place string, t Text) {
	if strings.TrimSpace(t.TH) == "" || strings.TrimSpace(t.EN) == "" {
		p.fail(place, "needs Thai and English")
	}
}

func (p *parser) checkIndicator(at string, x *Indicator, draft bool) {
	p.checkText(at+".name", x.Name)
	if !slices.Contains([]string{UnitPerson, UnitHousehold, UnitVillage}, x.Unit) {
		p.fail(at+".unit", "want person, household or village")
	}
	shapes := 0
	for _, text := range []string{x.Failing, x.Pass, x.Score} {
		if text != "" {
			shapes++
		}
	}
	switch {
	case x.Empty && !draft:
		p.fail(at, "is empty, which only a draft may have")
	case x.Empty && shapes > 0:
		p.fail(at, "is empty and has a rule")
	case x.Empty:
	case shapes != 1:
		p.fail(at, "want one of failing, pass and score")
	case x.Failing != "" && (x.Applicable.Count == "") == (x.Applicable.Value == ""):
		p.fail(at+".applicable", "want count or value beside failing")
	case x.Failing == "" && (x.Applicable.Count != "" || x.Applicable.Value != ""):
		p.fail(at+".applicable", "only when goes with pass or score")
	case x.Failing != "" && x.Applicable.When != "":
		p.fail(at+".applicable.when", "does not go with failing")
	}
}

// Definition returns the set as data.
func (s *Set) Definition() SetDefinition {
	var d SetDefinition
	if err := json.Unmarshal(s.json, &d); err != nil {
		panic(fmt.Sprintf("survey: %s: %v", s.Ref(), err)) // it was parsed from the same
	}
	return d
}

// Ref returns name and version: "bmn-2560@1".
func (s *Set) Ref() string { return s.def.Name + "@" + strconv.Itoa(s.def.Version) }

// Name returns the set's name.
func (s *Set) Name() string { return s.def.Name }

// Version returns the set's version, 1 or more.
func (s *Set) Version() int { return s.def.Version }

// Title returns the set's title.
func (s *Set) Title() Text { return s.def.Title }

// Draft reports whether the set is unfinished and cannot be published.
func (s *Set) Draft() bool { return s.def.Draft }

// Form returns the reference of the form it is written for.
func (s *Set) Form() string { return s.def.Form }

// JSON returns the canonical bytes of the set's definition.
func (s *Set) JSON() []byte { return bytes.Clone(s.json) }

// Hash names the set's content: the SHA-256 of JSON in hexadecimal.
func (s *Set) Hash() string { return hashOf(s.json) }

// noSet is what a round without indicators uses.
func noSet(f *Form) *Set {
	s := &Set{def: SetDefinition{Kind: KindIndicators, Form: f.Ref(), RecordType: f.types[0].name}}
	s.json, _ = canonical(s.def) // texts and nothing else: it can be written
	return s
}
