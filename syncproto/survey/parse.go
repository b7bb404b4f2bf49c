package survey

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits of a form definition. The built-in form is about 14 KB.
const (
	maxFormBytes = 1 << 20
	maxNameBytes = 64
)

// Parse decodes a form definition: UTF-8 JSON of at most 1 MiB, see
// forms/bmn-2560.json. It is strict, because a misspelt key would silently
// change what a field office collects: unknown and repeated keys, missing
// labels, names used twice and unknown types are errors. The error names the
// place, such as "household.moo.min".
func Parse(data []byte) (*Form, error) {
	f, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("survey: parse form: %w", err)
	}
	return f, nil
}

func parse(data []byte) (*Form, error) {
	if len(data) > maxFormBytes {
		return nil, fmt.Errorf("%d bytes, at most %d are allowed", len(data), maxFormBytes)
	}
	if !utf8.Valid(data) {
		return nil, errors.New("not UTF-8")
	}
	var whole json.RawMessage
	if err := json.Unmarshal(data, &whole); err != nil {
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			return nil, fmt.Errorf("byte %d: %w", syntax.Offset, err)
		}
		return nil, err
	}
	p := &parser{}
	f := p.form(whole)
	if p.err != nil {
		return nil, p.err
	}
	return f, nil
}

// parser keeps the first error. After it every method returns a zero value
// soon, so that the code below reads as the format does.
type parser struct{ err error }

func (p *parser) fail(place, format string, args ...any) {
	if p.err != nil {
		return
	}
	what := fmt.Sprintf(format, args...)
	if place != "" {
		what = place + ": " + what
	}
	p.err = errors.New(what)
}

func (p *parser) form(raw json.RawMessage) *Form {
	o := p.object("", raw, "name", "version", "title", "record_types")
	f := &Form{
		name:    p.name("name", o["name"]),
		version: value[int](p, "version", o["version"]),
		title:   p.text("title", o["title"]),
	}
	if f.version < 1 {
		p.fail("version", "must be 1 or more")
	}
	for i, raw := range p.list("record_types", o["record_types"]) {
		t := p.recordType(fmt.Sprintf("record_types[%d]", i), raw)
		if p.err != nil {
			return nil
		}
		if _, twice := f.Type(t.name); twice {
			p.fail(t.name, "a second record type of this name")
		}
		// A parent stands before its children, which also rules out cycles.
		if _, known := f.Type(t.parent); t.parent != "" && !known {
			p.fail(t.name+".parent", "no record type %q before this one", t.parent)
		}
		f.types = append(f.types, t)
	}
	return f
}

func (p *parser) recordType(place string, raw json.RawMessage) *RecordType {
	o := p.object(place, raw, "name", "label", "parent", "questions")
	t := &RecordType{name: p.name(place+".name", o["name"])}
	if p.err != nil {
		return nil
	}
	t.label = p.text(t.name+".label", o["label"])
	if raw, ok := o["parent"]; ok {
		t.parent = p.name(t.name+".parent", raw)
	}
	t.byName = map[string]int{}
	for i, raw := range p.list(t.name+".questions", o["questions"]) {
		q := p.question(t.name, i, raw)
		if p.err != nil {
			return nil
		}
		if _, twice := t.byName[q.Name]; twice {
			p.fail(t.name+"."+q.Name, "a second question of this name")
		}
		t.byName[q.Name] = i
		t.questions = append(t.questions, q)
	}
	p.groups(t)
	return t
}

func (p *parser) question(recordType string, i int, raw json.RawMessage) Question {
	place := fmt.Sprintf("%s.questions[%d]", recordType, i)
	o := p.object(place, raw, "name", "type", "label", "hint", "required",
		"choices", "min", "max", "partial", "group", "privacy")
	q := Question{Name: p.name(place+".name", o["name"])}
	if p.err != nil {
		return q
	}
	place = recordType + "." + q.Name
	q.Type = Type(value[string](p, place+".type", o["type"]))
	if !slices.Contains(types, q.Type) {
		p.fail(place+".type", "unknown type %q", q.Type)
	}
	q.Label = p.text(place+".label", o["label"])
	if raw, ok := o["hint"]; ok {
		q.Hint = p.text(place+".hint", raw)
	}
	if raw, ok := o["required"]; ok {
		q.Required = value[bool](p, place+".required", raw)
	}
	if raw, ok := o["group"]; ok {
		q.Group = p.name(place+".group", raw)
	}
	if raw, ok := o["privacy"]; ok {
		q.Privacy = Privacy(value[string](p, place+".privacy", raw))
		if !slices.Contains(privacies, q.Privacy) {
			p.fail(place+".privacy", "unknown mark %q", q.Privacy)
		}
	}
	p.byType(place, o, &q)
	return q
}

// byType reads the keys that only some types have.
func (p *parser) byType(place string, o map[string]json.RawMessage, q *Question) {
	number := q.Type == TypeInt || q.Type == TypeMoney
	for _, only := range []struct {
		key     string
		allowed bool
	}{
		{"choices", q.Type == TypeChoice},
		{"min", number},
		{"max", number},
		{"partial", q.Type == TypeDate},
	} {
		if _, ok := o[only.key]; ok && !only.allowed {
			p.fail(place+"."+only.key, "not for a question of type %q", q.Type)
		}
	}
	if q.Type == TypeChoice {
		q.Choices = p.choices(place+".choices", o["choices"])
	}
	if raw, ok := o["min"]; ok {
		n := value[float64](p, place+".min", raw)
		q.Min = &n
	}
	if raw, ok := o["max"]; ok {
		n := value[float64](p, place+".max", raw)
		q.Max = &n
	}
	if q.Min != nil && q.Max != nil && *q.Min > *q.Max {
		p.fail(place+".min", "more than max")
	}
	if raw, ok := o["partial"]; ok {
		q.Partial = value[bool](p, place+".partial", raw)
	}
}

func (p *parser) choices(place string, raw json.RawMessage) []Choice {
	var out []Choice
	for i, raw := range p.list(place, raw) {
		at := fmt.Sprintf("%s[%d]", place, i)
		o := p.object(at, raw, "name", "label")
		c := Choice{Name: p.code(at+".name", o["name"]), Label: p.text(at+".label", o["label"])}
		if slices.ContainsFunc(out, func(other Choice) bool { return other.Name == c.Name }) {
			p.fail(at+".name", "%q is there twice", c.Name)
		}
		if p.err != nil {
			return nil
		}
		out = append(out, c)
	}
	return out
}

// groups fills t.groups and the group of every question.
//
// A group of one question is named as its question, and its value is bare;
// so a shared name must be shared, and must not be that of a question outside.
func (p *parser) groups(t *RecordType) {
	t.groups = map[string][]string{}
	for i := range t.questions {
		q := &t.questions[i]
		if q.Group == "" {
			q.Group = q.Name
			continue
		}
		t.groups[q.Group] = append(t.groups[q.Group], q.Name)
	}
	for _, q := range t.questions {
		members := t.groups[q.Group]
		place := t.name + "." + q.Name + ".group"
		switch {
		case !slices.Contains(members, q.Name): // a group of its own
		case len(members) == 1:
			p.fail(place, "%q has no other question", q.Group)
		case t.question(q.Group) != nil && !slices.Contains(members, q.Group):
			p.fail(place, "%q is a question outside the group", q.Group)
		}
	}
}

// object reads a JSON object with no keys but those known, each once.
func (p *parser) object(place string, raw json.RawMessage, known ...string) map[string]json.RawMessage {
	if p.err != nil {
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	if start, err := dec.Token(); err != nil || start != json.Delim('{') {
		p.fail(place, "want an object")
		return nil
	}
	out := map[string]json.RawMessage{}
	for dec.More() {
		token, err := dec.Token()
		key, ok := token.(string)
		var member json.RawMessage
		if err == nil {
			err = dec.Decode(&member)
		}
		_, twice := out[key]
		switch {
		case err != nil || !ok:
			p.fail(place, "bad object: %v", err)
			return nil
		case !slices.Contains(known, key):
			p.fail(place, "unknown key %q", key)
			return nil
		case twice:
			p.fail(place, "key %q is there twice", key)
			return nil
		}
		out[key] = member
	}
	return out
}

// list reads a JSON array of at least one thing.
func (p *parser) list(place string, raw json.RawMessage) []json.RawMessage {
	if p.err != nil {
		return nil
	}
	var out []json.RawMessage
	if err := json.Unmarshal(raw, &out); err != nil || len(out) == 0 {
		p.fail(place, "want a list that is not empty")
		return nil
	}
	return out
}

func (p *parser) text(place string, raw json.RawMessage) Text {
	o := p.object(place, raw, "th", "en")
	t := Text{TH: value[string](p, place+".th", o["th"]), EN: value[string](p, place+".en", o["en"])}
	if strings.TrimSpace(t.TH) == "" || strings.TrimSpace(t.EN) == "" {
		p.fail(place, "needs Thai and English")
	}
	return t
}

// name reads the name of a form, record type, question or group: a letter
// first, so never "_", which starts the groups the sync engine keeps for
// itself.
func (p *parser) name(place string, raw json.RawMessage) string {
	s := p.code(place, raw)
	if p.err == nil && s[0] >= '0' && s[0] <= '9' {
		p.fail(place, "%q must start with a letter", s)
	}
	return s
}

// code reads a name that may start with a digit too, as choices do.
func (p *parser) code(place string, raw json.RawMessage) string {
	s := value[string](p, place, raw)
	switch {
	case p.err != nil:
		return ""
	case s == "":
		p.fail(place, "is empty")
	case len(s) > maxNameBytes:
		p.fail(place, "longer than %d bytes", maxNameBytes)
	case strings.ContainsFunc(s, notNameRune):
		p.fail(place, "%q may hold only a-z, A-Z, 0-9, _, - and .", s)
	case strings.ContainsRune("_-.", rune(s[0])):
		p.fail(place, "%q must not start with %q", s, s[:1])
	}
	return s
}

func notNameRune(r rune) bool {
	letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
	return !letter && (r < '0' || r > '9') && !strings.ContainsRune("_-.", r)
}

// value reads one JSON string, boolean or number; null is none of them.
func value[T string | bool | int | float64](p *parser, place string, raw json.RawMessage) T {
	var v T
	switch {
	case p.err != nil:
	case raw == nil:
		p.fail(place, "is missing")
	case bytes.Equal(raw, []byte("null")) || json.Unmarshal(raw, &v) != nil:
		p.fail(place, "want a %T", v)
	}
	return v
}
