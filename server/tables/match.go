package tables

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"tambonsync/syncproto/area"
)

// Field is something that a list may tell about each row.
type Field struct {
	Name    string   `json:"name"`
	TH      string   `json:"th"`
	EN      string   `json:"en"`
	Aliases []string `json:"aliases,omitempty"` // other headers that mean it, as offices write them
	Private bool     `json:"private,omitempty"` // about a person: hidden in problems
}

// List is a kind of file that can be imported.
type List struct {
	Name   string
	Fields []Field

	// Needs are the fields without which no row can be right: of each need, all
	// fields of one of its alternatives.
	Needs [][][]string
}

// Mapping tells which column of a file is which field. It is shown to people
// before anything is imported.
type Mapping struct {
	Matched   []Matched `json:"matched"`   // in the file's order
	Unmatched []string  `json:"unmatched"` // headers that mean no field: their columns are not read
	Missing   []string  `json:"missing"`   // needs that no column meets, "village_code | tambon_code + moo"

	header []string
	list   List
	column map[string]int // field → index
}

// Matched is one column that is understood.
type Matched struct {
	Column string `json:"column"` // its letter
	Header string `json:"header"`
	Field  string `json:"field"`
	By     By     `json:"by"`
}

// By is why a column was taken for a field.
type By string

// The reasons, the strongest first.
const (
	ByHand  By = "explicit"
	ByName  By = "name"
	ByLabel By = "label"
	ByAlias By = "alias"
)

// maxHeader bounds what of a header cell is compared, in bytes.
const maxHeader = 300

// normal is a header as it is compared: Thai spelled one way, Thai digits as
// 0–9, without case, spaces and the marks people decorate headers with.
func normal(s string) string {
	if len(s) > maxHeader {
		s = strings.ToValidUTF8(s[:maxHeader], "")
	}
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" _-.:*'\"\u00a0", r) {
			return -1
		}
		return r
	}, strings.ToLower(area.CleanName(s)))
}

// Match finds the fields of a list in a header line, by field name, Thai or
// English label, or alias. explicit is what the person says about columns whose
// header says it badly: "บ้านเลขที่=house_no", "#C=house_no" for a column by
// letter (or number), "note=-" to leave a column out. It is an error if explicit
// names what is not there, or if two columns would be the same field: a *FileError
// without the file's name.
//
// A mapping with something Missing is for showing only.
func Match(header []string, list List, explicit []string) (Mapping, error) {
	m := Mapping{Unmatched: []string{}, Missing: []string{}, Matched: []Matched{}, header: header, list: list, column: map[string]int{}}
	by := make([]Matched, len(header))
	for _, text := range explicit {
		i, field, err := m.explicit(text)
		if err != nil {
			return Mapping{}, err
		}
		by[i] = Matched{Field: field, By: ByHand}
	}
	for i, h := range header {
		if by[i].By == "" {
			by[i] = list.find(normal(h))
		}
	}
	if err := m.settle(by); err != nil {
		return Mapping{}, err
	}
	for _, need := range list.Needs {
		if !m.meets(need) {
			m.Missing = append(m.Missing, needText(need))
		}
	}
	return m, nil
}

func (m *Mapping) explicit(text string) (column int, field string, err error) {
	at := strings.LastIndex(text, "=")
	if at < 0 {
		return 0, "", mapError("การจับคู่ %q: เขียนเป็น คอลัมน์=ฟิลด์", "mapping %q: write column=field", text)
	}
	head, field := text[:at], strings.TrimSpace(text[at+1:])
	known := slices.ContainsFunc(m.list.Fields, func(f Field) bool { return f.Name == field })
	if !known && field != "-" {
		var names []string
		for _, f := range m.list.Fields {
			names = append(names, f.Name)
		}
		return 0, "", mapError("การจับคู่ %q: ไม่มีฟิลด์ %q; ฟิลด์ที่มีคือ %s",
			"mapping %q: there is no field %q; the fields are %s", text, field, strings.Join(names, ", "))
	}
	var found []int
	for i, h := range m.header {
		if normal(h) == normal(head) || "#"+columnLetter(i+1) == strings.ToUpper(head) || head == "#"+strconv.Itoa(i+1) {
			found = append(found, i)
		}
	}
	if len(found) != 1 {
		return 0, "", mapError("การจับคู่ %q: มี %d คอลัมน์ชื่อ %q; ระบุด้วยตัวอักษรของคอลัมน์ เช่น #C=%s",
			"mapping %q: %d columns are called %q; name one by its letter, #C=%s", text, len(found), head, field)
	}
	return found[0], field, nil
}

// mapError is about the header line; the caller knows the file.
func mapError(th, en string, args ...any) error {
	return &FileError{TH: fmt.Sprintf(th, args...), EN: fmt.Sprintf(en, args...)}
}

// find is the field that a normalised header means most clearly.
func (l List) find(header string) Matched {
	if header == "" {
		return Matched{}
	}
	ways := []struct {
		by    By
		texts func(Field) []string
	}{
		{ByName, func(f Field) []string { return []string{f.Name} }},
		{ByLabel, func(f Field) []string { return []string{f.TH, f.EN} }},
		{ByAlias, func(f Field) []string { return f.Aliases }},
	}
	for _, way := range ways {
		for _, f := range l.Fields {
			if slices.ContainsFunc(way.texts(f), func(s string) bool { return normal(s) == header }) {
				return Matched{Field: f.Name, By: way.by}
			}
		}
	}
	return Matched{}
}

// settle gives each field its column: of several, the one that says it most
// clearly.
func (m *Mapping) settle(by []Matched) error {
	order := []By{ByHand, ByName, ByLabel, ByAlias}
	for _, rank := range order {
		for i := range by {
			if by[i].By != rank || by[i].Field == "-" || by[i].Field == "" {
				continue
			}
			field := by[i].Field
			other, taken := m.column[field]
			if taken && by[other].By == rank {
				return mapError("คอลัมน์ %s (%s) และ %s (%s) เป็น %s ทั้งคู่: ระบุด้วย #%s=%s",
					"columns %s (%s) and %s (%s) are both %s: say which with #%s=%s", columnLetter(other+1), m.header[other], columnLetter(i+1), m.header[i], field, columnLetter(i+1), field)
			}
			if taken {
				by[i] = Matched{}
				continue
			}
			m.column[field] = i
		}
	}
	for i, h := range m.header {
		switch {
		case by[i].Field != "" && by[i].Field != "-":
			by[i].Column, by[i].Header = columnLetter(i+1), h
			m.Matched = append(m.Matched, by[i])
		case h != "":
			m.Unmatched = append(m.Unmatched, h)
		}
	}
	return nil
}

func (m *Mapping) has(field string) bool {
	_, ok := m.column[field]
	return ok
}

func (m *Mapping) meets(need [][]string) bool {
	return slices.ContainsFunc(need, func(fields []string) bool {
		return !slices.ContainsFunc(fields, func(f string) bool { return !m.has(f) })
	})
}

func needText(need [][]string) string {
	var ways []string
	for _, fields := range need {
		ways = append(ways, strings.Join(fields, " + "))
	}
	return strings.Join(ways, " | ")
}

func (l List) field(name string) Field {
	for _, f := range l.Fields {
		if f.Name == name {
			return f
		}
	}
	return Field{Name: name}
}
