package xlsform

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"tambonsync/syncproto/survey"
)

// Export writes the form as an XLSForm workbook. The workbook is imported
// again before it is given out: it is the same form or an error.
func Export(f *survey.Form) ([]byte, error) {
	d := f.Definition()
	e := &exporter{d: &d, shape: shapeOf(&d)}
	e.all()
	if e.err != nil {
		return nil, fmt.Errorf("xlsform: export %s: %w", f.Ref(), e.err)
	}
	data, err := writeBook(e.sheets())
	if err != nil {
		return nil, fmt.Errorf("xlsform: export %s: %w", f.Ref(), err)
	}
	if err := sameForm(f, data); err != nil {
		return nil, fmt.Errorf("xlsform: export %s: %w", f.Ref(), err)
	}
	return data, nil
}

func sameForm(f *survey.Form, data []byte) error {
	d, problems := Import(data)
	if Refused(problems) {
		return fmt.Errorf("the workbook does not import: %s: %s", problems[0].Place(), problems[0].EN)
	}
	j, err := json.Marshal(d)
	if err != nil {
		return err
	}
	again, err := survey.Parse(j)
	if err != nil {
		return err
	}
	if again.Hash() != f.Hash() {
		return errors.New("the workbook would import to another form")
	}
	return nil
}

type exporter struct {
	d       *survey.Definition
	shape   *formShape
	survey  []line
	choices []line
	extra   []line
	filters []string // filter columns, as they come
	lists   []string // names given to lists of one question
	yesNo   bool     // some question is shown with the yes/no list
	err     error
}

func (e *exporter) all() {
	d := e.d
	for _, name := range slices.Sorted(maps.Keys(d.Choices)) {
		e.list(name, d.Choices[name])
	}
	if d.Draft {
		e.say(line{"what": whatDraft, "text": "yes"})
	}
	if d.Note != (survey.Text{}) {
		e.say(line{"what": whatNote, "th": d.Note.TH, "en": d.Note.EN})
	}
	for _, s := range d.Sources {
		e.say(line{"what": whatSource, "text": s})
	}
	if d.Notice != (survey.Notice{}) {
		e.say(line{"what": whatNotice, "text": d.Notice.Version, "th": d.Notice.Text.TH, "en": d.Notice.Text.EN})
	}
	main := d.RecordTypes[0]
	e.say(line{"what": whatLabel, "of": main.Name, "th": main.Label.TH, "en": main.Label.EN})
	written := e.recordType(&d.RecordTypes[0])
	for i := range d.RecordTypes[1:] {
		if t := &d.RecordTypes[i+1]; t.Parent == "" {
			written = append(written, e.repeat(t)...)
		}
	}
	order := typeNames(d)
	if !slices.Equal(order, written) {
		e.say(line{"what": whatTypes, "text": strings.Join(order, " ")})
	}
	if e.yesNo {
		e.list(yesNoList(d), []survey.Choice{
			{Name: "yes", Label: survey.Text{TH: "ใช่", EN: "Yes"}}, {Name: "no", Label: survey.Text{TH: "ไม่ใช่", EN: "No"}},
		})
	}
}

func typeNames(d *survey.Definition) []string {
	var out []string
	for _, t := range d.RecordTypes {
		out = append(out, t.Name)
	}
	return out
}

func (e *exporter) say(l line) { e.extra = append(e.extra, l) }

// repeat writes a record type that is not the main one and returns the names
// of the types written.
func (e *exporter) repeat(t *survey.TypeDefinition) []string {
	begin := line{"type": "begin_repeat", "name": t.Name, "label|th": t.Label.TH, "label|en": t.Label.EN}
	if t.Parent == "" {
		begin[xType] = "record"
	}
	if t.Min != nil && t.Max != nil && *t.Min == *t.Max {
		begin["repeat_count"] = strconv.Itoa(*t.Min)
	} else {
		begin[xMin], begin[xMax] = countText(t.Min), countText(t.Max)
	}
	e.survey = append(e.survey, begin)
	out := e.recordType(t)
	e.survey = append(e.survey, line{"type": "end_repeat", "name": t.Name})
	return out
}

func countText(n *int) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(*n)
}

func (e *exporter) recordType(t *survey.TypeDefinition) []string {
	e.keys(t)
	e.questions(t)
	out := []string{t.Name}
	for i := range e.d.RecordTypes {
		if kid := &e.d.RecordTypes[i]; kid.Parent == t.Name {
			out = append(out, e.repeat(kid)...)
		}
	}
	return out
}

func (e *exporter) keys(t *survey.TypeDefinition) {
	for _, u := range t.Unique {
		e.say(line{"what": whatUnique, "of": t.Name, "text": strings.Join(u, " ")})
	}
	for _, a := range t.Alike {
		e.say(line{"what": whatAlike, "of": t.Name, "text": strings.Join(a, " ")})
	}
	if len(t.Search) > 0 {
		e.say(line{"what": whatSearch, "of": t.Name, "text": strings.Join(t.Search, " ")})
	}
	if len(t.Title) > 0 {
		e.say(line{"what": whatTitle, "of": t.Name, "text": strings.Join(t.Title, " ")})
	}
}

// questions writes the questions of t; runs of one section stand in a group.
func (e *exporter) questions(t *survey.TypeDefinition) {
	var open string
	var begun []string
	for i := range t.Questions {
		q := &t.Questions[i]
		if q.Section != open {
			e.closeGroup(open)
			open = q.Section
			begun = e.openGroup(t, open, begun)
		}
		e.question(t, q)
	}
	e.closeGroup(open)
	var names []string
	for _, s := range t.Sections {
		names = append(names, s.Name)
		if !slices.Contains(begun, s.Name) { // of no question
			begun = e.openGroup(t, s.Name, begun)
			e.closeGroup(s.Name)
		}
	}
	first := slices.Clone(begun)
	slices.SortStableFunc(first, func(a, b string) int { return slices.Index(begun, a) - slices.Index(begun, b) })
	if first = slices.Compact(first); !slices.Equal(first, names) {
		e.say(line{"what": whatSections, "of": t.Name, "text": strings.Join(names, " ")})
	}
}

func (e *exporter) closeGroup(name string) {
	if name != "" {
		e.survey = append(e.survey, line{"type": "end_group"})
	}
}

// openGroup begins a group for a section, "" for none, and returns the names
// of the sections begun, one for each time.
func (e *exporter) openGroup(t *survey.TypeDefinition, name string, begun []string) []string {
	i := slices.IndexFunc(t.Sections, func(s survey.Section) bool { return s.Name == name })
	if i < 0 {
		return begun
	}
	s := t.Sections[i]
	l := line{"type": "begin_group", "name": name, "label|th": s.Label.TH, "label|en": s.Label.EN, "appearance": s.Appearance}
	l["relevant"], l[xRelevant] = relevantField.write(place{in: e.shape.types[t.Name]}, s.Relevant)
	if slices.Contains(begun, name) {
		again := 2
		for _, b := range begun {
			if b == name {
				again++
			}
		}
		l["name"] = name + "__" + strconv.Itoa(again-1)
		l[xSection], l[xRelevant] = name, ""
	}
	e.survey = append(e.survey, l)
	return append(begun, name)
}

func (e *exporter) list(name string, choices []survey.Choice) {
	e.lists = append(e.lists, name)
	for _, c := range choices {
		l := line{"list_name": name, "name": c.Name, "label|th": c.Label.TH, "label|en": c.Label.EN}
		if plainFilter(c.Filter) {
			for k, v := range c.Filter {
				l["filter:"+k] = v
				if !slices.Contains(e.filters, k) {
					e.filters = append(e.filters, k)
				}
			}
		} else {
			j, err := json.Marshal(c.Filter)
			l[xFilter] = string(j)
			e.fail(err)
		}
		e.choices = append(e.choices, l)
	}
}

// listName names the list of one question.
func (e *exporter) listName(t *survey.TypeDefinition, q *survey.Question) string {
	name := t.Name + "_" + q.Name
	for taken := e.d.Choices; taken[name] != nil || slices.Contains(e.lists, name) || name == yesNoList(e.d); {
		name += "_"
	}
	return name
}

func (e *exporter) fail(err error) {
	if e.err == nil {
		e.err = err
	}
}
