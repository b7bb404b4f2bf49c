package survey

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits of a form definition. The built-in form of จปฐ. is about 100 KB.
const (
	maxFormBytes = 4 << 20
	maxNameBytes = 64
	maxTypes     = 20
	maxQuestions = 2000
	maxChoices   = 50_000
	maxExprBytes = 4096
)

// Parse decodes a form definition: UTF-8 JSON of at most 4 MiB, see
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
type parser struct {
	err    error
	shared map[string][]Choice
}

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
	o := p.object("", raw, "kind", "name", "version", "title", "draft", "note", "sources", "notice", "choices", "record_types")
	if raw, ok := o["kind"]; ok && value[string](p, "kind", raw) != KindForm {
		p.fail("kind", "want %q", KindForm)
	}
	f := &Form{name: p.name("name", o["name"]), version: value[int](p, "version", o["version"]), title: p.text("title", o["title"])}
	if f.version < 1 {
		p.fail("version", "must be 1 or more")
	}
	f.head = Definition{
		Kind: KindForm, Name: f.name, Version: f.version, Title: f.title, Draft: optional[bool](p, "", "draft", o),
		Note: p.optionalText("", "note", o), Sources: p.names("sources", o["sources"], value[string]),
		Notice: p.notice(o["notice"]), Choices: p.lists(o["choices"]),
	}
	p.shared = f.head.Choices
	for i, raw := range p.list("record_types", o["record_types"]) {
		t := p.recordType(fmt.Sprintf("record_types[%d]", i), raw)
		if p.err != nil {
			return nil
		}
		if _, twice := f.Type(t.name); twice {
			p.fail(t.name, "a second record type of this name")
		}
		// A parent stands before its children, which also rules out cycles.
		if parent, known := f.Type(t.parent); known {
			t.outer = parent
			parent.children = append(parent.children, t.name)
			parent.kids = append(parent.kids, t)
		} else if t.parent != "" {
			p.fail(t.name+".parent", "no record type %q before this one", t.parent)
		}
		f.types = append(f.types, t)
	}
	if len(f.types) > maxTypes {
		p.fail("record_types", "more than %d", maxTypes)
	}
	p.compile(f)
	if p.err != nil {
		return nil
	}
	var err error
	if f.json, err = canonical(f.Definition()); err != nil {
		p.fail("", "write: %v", err)
	}
	return f
}

func (p *parser) notice(raw json.RawMessage) (n Notice) {
	if raw == nil {
		return n
	}
	o := p.object("notice", raw, "version", "text")
	return Notice{Version: p.code("notice.version", o["version"]), Text: p.text("notice.text", o["text"])}
}

// lists reads the shared lists of choices.
func (p *parser) lists(raw json.RawMessage) map[string][]Choice {
	if raw == nil || p.err != nil {
		return nil
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil || members == nil {
		p.fail("choices", "want an object of lists")
		return nil
	}
	out := map[string][]Choice{}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		p.checkCode("choices", name)
		out[name] = p.choices("choices."+name, members[name])
	}
	return out
}

func (p *parser) recordType(place string, raw json.RawMessage) *RecordType {
	o := p.object(place, raw, "name", "label", "parent", "min", "max", "unique", "alike", "search", "title", "sections", "questions")
	t := &RecordType{name: p.name(place+".name", o["name"])}
	if p.err != nil {
		return nil
	}
	place = t.name
	t.label = p.text(place+".label", o["label"])
	if raw, ok := o["parent"]; ok {
		t.parent = p.name(place+".parent", raw)
	}
	t.min, t.max = p.count(place, "min", o), p.count(place, "max", o)
	if t.parent == "" && (t.min != nil || t.max != nil) {
		p.fail(place+".min", "only records below a parent are counted")
	}
	p.sections(t, o["sections"])
	t.byName = map[string]int{}
	for i, raw := range p.list(place+".questions", o["questions"]) {
		q := p.question(t.name, i, raw)
		if p.err != nil {
			return nil
		}
		if _, twice := t.byName[q.Name]; twice {
			p.fail(place+"."+q.Name, "a second question of this name")
		}
		if q.Section != "" && t.section(q.Section) == nil {
			p.fail(place+"."+q.Name+".section", "no section %q", q.Section)
		}
		t.byName[q.Name] = i
		t.questions = append(t.questions, q)
	}
	if len(t.questions) > maxQuestions {
		p.fail(place+".questions", "more than %d", maxQuestions)
	}
	t.search = p.questionNames(t, place+".search", o["search"])
	t.title = p.questionNames(t, place+".title", o["title"])
	t.unique, t.alike = p.keys(t, "unique", o), p.keys(t, "alike", o)
	p.groups(t)
	return t
}

// keys reads a list of lists of questions.
func (p *parser) keys(t *RecordType, key string, o map[string]json.RawMessage) (out [][]string) {
	raw, ok := o[key]
	if !ok {
		return nil
	}
	place := t.name + "." + key
	for i, raw := range p.list(place, raw) {
		out = append(out, p.questionNames(t, fmt.Sprintf("%s[%d]", place, i), raw))
	}
	return out
}

func (p *parser) count(place, key string, o map[string]json.RawMessage) *int {
	raw, ok := o[key]
	if !ok {
		return nil
	}
	n := value[int](p, place+"."+key, raw)
	if n < 0 {
		p.fail(place+"."+key, "must be 0 or more")
	}
	return &n
}

func (p *parser) sections(t *RecordType, raw json.RawMessage) {
	if raw == nil {
		return
	}
	for i, raw := range p.list(t.name+".sections", raw) {
		at := fmt.Sprintf("%s.sections[%d]", t.name, i)
		o := p.object(at, raw, "name", "label", "relevant", "appearance")
		s := section{Section: Section{
			Name: p.name(at+".name", o["name"]), Label: p.text(at+".label", o["label"]),
			Relevant: optional[string](p, at, "relevant", o), Appearance: optional[string](p, at, "appearance", o),
		}}
		if p.err == nil && t.section(s.Name) != nil {
			p.fail(at+".name", "%q is there twice", s.Name)
		}
		t.sections = append(t.sections, s)
	}
}

// questionNames reads names of questions of t.
func (p *parser) questionNames(t *RecordType, place string, raw json.RawMessage) []string {
	list := p.names(place, raw, value[string])
	for _, name := range list {
		if t.question(name) == nil {
			p.fail(place, "no question %q", name)
		}
	}
	return list
}

// names reads a list of texts; none if there is no list.
func (p *parser) names(place string, raw json.RawMessage, read func(*parser, string, json.RawMessage) string) []string {
	if raw == nil {
		return nil
	}
	var out []string
	for i, raw := range p.list(place, raw) {
		out = append(out, read(p, fmt.Sprintf("%s[%d]", place, i), raw))
	}
	return out
}

func (p *parser) question(recordType string, i int, raw json.RawMessage) Question {
	place := fmt.Sprintf("%s.questions[%d]", recordType, i)
	o := p.object(place, raw, "name", "type", "label", "hint", "section", "required", "required_message",
		"relevant", "constraint", "constraint_message", "calculation", "default", "choices", "choice_filter",
		"rows", "columns", "min", "max", "partial", "appearance", "group", "privacy", "carry")
	q := Question{Name: p.name(place+".name", o["name"])}
	if p.err != nil {
		return q
	}
	place = recordType + "." + q.Name
	q.Type = Type(value[string](p, place+".type", o["type"]))
	if !slices.Contains(questionTypes, q.Type) {
		p.fail(place+".type", "unknown type %q", q.Type)
	}
	q.Label = p.text(place+".label", o["label"])
	q.Hint = p.optionalText(place, "hint", o)
	q.RequiredMessage = p.optionalText(place, "required_message", o)
	q.ConstraintMessage = p.optionalText(place, "constraint_message", o)
	for _, s := range []struct {
		key  string
		into *string
	}{
		{"section", &q.Section},
		{"relevant", &q.Relevant},
		{"constraint", &q.Constraint},
		{"calculation", &q.Calculation},
		{"choice_filter", &q.ChoiceFilter},
		{"appearance", &q.Appearance},
	} {
		*s.into = optional[string](p, place, s.key, o)
	}
	p.required(place, o["required"], &q)
	q.Carry = optional[bool](p, place, "carry", o)
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

// required is a boolean, or the expression that says when.
func (p *parser) required(place string, raw json.RawMessage, q *Question) {
	switch {
	case raw == nil:
	case len(raw) > 0 && raw[0] == '"':
		q.RequiredIf = value[string](p, place+".required", raw)
	default:
		q.Required = value[bool](p, place+".required", raw)
	}
}

// byType reads the keys that only some types have.
func (p *parser) byType(place string, o map[string]json.RawMessage, q *Question) {
	choice := q.Type == TypeChoice || q.Type == TypeMulti
	table := q.Type == TypeTable || q.Type == TypeCountTable
	for _, only := range []struct {
		key     string
		allowed bool
	}{
		{"choices", choice},
		{"choice_filter", choice},
		{"rows", table},
		{"columns", q.Type == TypeTable},
		{"min", q.Type.Number()},
		{"max", q.Type.Number()},
		{"partial", q.Type == TypeDate},
		{"calculation", q.Type == TypeCalculate},
		{"constraint", q.Type.Stored()},
		{"default", q.Type.Stored()},
		{"group", q.Type.Stored()},
		{"required", q.Type.Stored()},
	} {
		if _, ok := o[only.key]; ok && !only.allowed {
			p.fail(place+"."+only.key, "not for a question of type %q", q.Type)
		}
	}
	if choice {
		q.List, q.Choices = p.choiceList(place+".choices", o["choices"])
	}
	if table {
		q.RowList, q.Rows = p.choiceList(place+".rows", o["rows"])
	}
	if q.Type == TypeTable {
		q.Columns = p.columns(place+".columns", o["columns"])
	}
	if q.Type == TypeCalculate && q.Calculation == "" {
		p.fail(place+".calculation", "is missing")
	}
	q.Min, q.Max = p.bounds(place, o)
	q.Partial = optional[bool](p, place, "partial", o)
	if raw, ok := o["default"]; ok && p.err == nil {
		if json.Unmarshal(raw, &q.Default) != nil || q.Default == nil {
			p.fail(place+".default", "want an answer")
		} else if _, say, wrong := q.check(q.Default); wrong {
			p.fail(place+".default", "is no good answer: %s", say.EN)
		}
	}
}

func (p *parser) bounds(place string, o map[string]json.RawMessage) (low, high *float64) {
	if raw, ok := o["min"]; ok {
		n := value[float64](p, place+".min", raw)
		low = &n
	}
	if raw, ok := o["max"]; ok {
		n := value[float64](p, place+".max", raw)
		high = &n
	}
	if low != nil && high != nil && *low > *high {
		p.fail(place+".min", "more than max")
	}
	return low, high
}

func (p *parser) columns(place string, raw json.RawMessage) []Column {
	var out []Column
	for i, raw := range p.list(place, raw) {
		at := fmt.Sprintf("%s[%d]", place, i)
		o := p.object(at, raw, "name", "type", "label", "min", "max")
		c := Column{Name: p.code(at+".name", o["name"]), Type: Type(value[string](p, at+".type", o["type"])), Label: p.text(at+".label", o["label"])}
		if !slices.Contains([]Type{TypeText, TypeBool, TypeInt, TypeDecimal, TypeMoney}, c.Type) {
			p.fail(at+".type", "a column cannot be a %q", c.Type)
		}
		c.Min, c.Max = p.bounds(at, o)
		if slices.ContainsFunc(out, func(other Column) bool { return other.Name == c.Name }) {
			p.fail(at+".name", "%q is there twice", c.Name)
		}
		out = append(out, c)
	}
	return out
}

// choiceList reads an inline list, or the name of a shared one.
func (p *parser) choiceList(place string, raw json.RawMessage) (string, []Choice) {
	if len(raw) == 0 || raw[0] != '"' {
		return "", p.choices(place, raw)
	}
	name := value[string](p, place, raw)
	list, ok := p.shared[name]
	if !ok {
		p.fail(place, "no list %q in choices", name)
	}
	return name, list
}

func (p *parser) choices(place string, raw json.RawMessage) []Choice {
	var out []Choice
	seen := map[string]bool{}
	for i, raw := range p.list(place, raw) {
		at := fmt.Sprintf("%s[%d]", place, i)
		o := p.object(at, raw, "name", "label", "filter")
		c := Choice{Name: p.code(at+".name", o["name"]), Label: p.text(at+".label", o["label"])}
		if raw, ok := o["filter"]; ok && (json.Unmarshal(raw, &c.Filter) != nil || len(c.Filter) == 0) {
			p.fail(at+".filter", "want an object of texts")
		}
		if seen[c.Name] {
			p.fail(at+".name", "%q is there twice", c.Name)
		}
		if i >= maxChoices {
			p.fail(place, "more than %d", maxChoices)
		}
		if p.err != nil {
			return nil
		}
		seen[c.Name] = true
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
			q.Group, q.alone = q.Name, true
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

func (p *parser) optionalText(place, key string, o map[string]json.RawMessage) (t Text) {
	if raw, ok := o[key]; ok {
		t = p.text(dotted(place, key), raw)
	}
	return t
}

func dotted(place, key string) string {
	if place == "" {
		return key
	}
	return place + "." + key
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
	p.checkCode(place, s)
	if p.err != nil {
		return ""
	}
	return s
}

func (p *parser) checkCode(place, s string) {
	switch {
	case s == "":
		p.fail(place, "is empty")
	case len(s) > maxNameBytes:
		p.fail(place, "longer than %d bytes", maxNameBytes)
	case strings.ContainsFunc(s, notNameRune):
		p.fail(place, "%q may hold only a-z, A-Z, 0-9, _, - and .", s)
	case strings.ContainsRune("_-.", rune(s[0])):
		p.fail(place, "%q must not start with %q", s, s[:1])
	}
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

// optional reads a key that may be missing.
func optional[T string | bool | int | float64](p *parser, place, key string, o map[string]json.RawMessage) (v T) {
	if raw, ok := o[key]; ok {
		v = value[T](p, dotted(place, key), raw)
	}
	return v
}
