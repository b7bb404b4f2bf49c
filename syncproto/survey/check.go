package survey

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Code names a kind of problem, for programs.
type Code string

// The codes of a problem.
const (
	WrongType       Code = "wrong_type"       // not the kind of value the question takes
	OutOfRange      Code = "out_of_range"     // a number outside the question's bounds
	BadChoice       Code = "bad_choice"       // not in the list of choices
	BadCitizenID    Code = "bad_citizen_id"   // not 13 digits, or the check digit does not fit
	BadDate         Code = "bad_date"         // no such day, not ISO 8601, or a B.E. year
	UnknownQuestion Code = "unknown_question" // this version of the form does not ask it
	UnknownType     Code = "unknown_type"     // this version of the form has no such records
	Constraint      Code = "constraint"       // breaks a rule of the form
	WrongNumber     Code = "wrong_number"     // too few or too many records below
)

// Problem says what is wrong with one answer and what to do about it, as one
// sentence in Thai and one in English. The sentences never repeat the answer,
// so a problem may be logged.
type Problem struct {
	Question string `json:"question"` // a flat key; empty for UnknownType
	Code     Code   `json:"code"`
	TH       string `json:"th"`
	EN       string `json:"en"`
}

// check judges an answer by its type alone.
func (q *Question) check(v any) (code Code, say Text, wrong bool) {
	switch q.Type {
	case TypeInt, TypeMoney, TypeDecimal:
		return checkNumber(q.Type, q.Min, q.Max, v)
	case TypeGeopoint:
		return checkGeopoint(v)
	case TypeBool:
		if _, ok := v.(bool); !ok {
			return WrongType, sayWrongType[q.Type], true
		}
		return "", Text{}, false
	case TypeMulti:
		return q.checkMulti(v)
	case TypeCountTable, TypeTable:
		return q.checkTable(v)
	case TypeNote, TypeCalculate:
		return "", Text{}, false
	}
	s, ok := v.(string)
	if !ok {
		return WrongType, sayWrongType[q.Type], true
	}
	switch q.Type {
	case TypeChoice:
		if !q.has(q.Choices, s) {
			return BadChoice, sayBadChoice, true
		}
	case TypeThaiID:
		say, wrong = checkCitizenID(s)
		return BadCitizenID, say, wrong
	case TypeDate:
		say, wrong = checkDate(s, q.Partial)
		return BadDate, say, wrong
	case TypeTime:
		return checkLayouts(s, sayWrongType[q.Type], "15:04", time.TimeOnly)
	case TypeDateTime:
		return checkLayouts(s, sayWrongType[q.Type], time.RFC3339)
	}
	return "", Text{}, false
}

func (q *Question) has(list []Choice, name string) bool {
	return slices.ContainsFunc(list, func(c Choice) bool { return c.Name == name })
}

func (q *Question) checkMulti(v any) (Code, Text, bool) {
	list, ok := v.([]any)
	if !ok {
		return WrongType, sayWrongType[q.Type], true
	}
	seen := map[string]bool{}
	for _, x := range list {
		name, ok := x.(string)
		if !ok {
			return WrongType, sayWrongType[q.Type], true
		}
		if !q.has(q.Choices, name) || seen[name] {
			return BadChoice, sayBadChoices, true
		}
		seen[name] = true
	}
	return "", Text{}, false
}

// checkTable wants an object by row; of a table each holds an object by column.
// An empty cell is no answer.
func (q *Question) checkTable(v any) (Code, Text, bool) {
	table, ok := v.(map[string]any)
	if !ok {
		return WrongType, sayWrongType[q.Type], true
	}
	for _, row := range slices.Sorted(maps.Keys(table)) { // in order, so that every runtime finds the same problem first
		cell := table[row]
		if !q.has(q.Rows, row) {
			return BadChoice, sayBadRow, true
		}
		cells := map[string]any{"": cell}
		columns := []Column{{Type: TypeInt, Min: new(float64)}}
		if q.Type == TypeTable {
			if cells, ok = cell.(map[string]any); !ok && cell != nil {
				return WrongType, sayWrongType[q.Type], true
			}
			columns = q.Columns
		}
		if code, say, wrong := checkCells(columns, cells); wrong {
			return code, say, true
		}
	}
	return "", Text{}, false
}

func checkCells(columns []Column, cells map[string]any) (Code, Text, bool) {
	for _, name := range slices.Sorted(maps.Keys(cells)) {
		v := cells[name]
		i := slices.IndexFunc(columns, func(c Column) bool { return c.Name == name })
		if i < 0 {
			return BadChoice, sayBadRow, true
		}
		if v == nil {
			continue
		}
		c := columns[i]
		q := Question{Type: c.Type, Min: c.Min, Max: c.Max}
		if code, say, wrong := q.check(v); wrong {
			return code, say, true
		}
	}
	return "", Text{}, false
}

func checkLayouts(s string, say Text, layouts ...string) (Code, Text, bool) {
	for _, l := range layouts {
		if _, err := time.Parse(l, s); err == nil {
			return "", Text{}, false
		}
	}
	return WrongType, say, true
}

// maxWhole bounds whole numbers: beyond it a browser cannot tell neighbours
// apart.
const maxWhole = 1 << 53

func checkNumber(t Type, least, most *float64, v any) (Code, Text, bool) {
	n, ok := number(v)
	if !ok || t == TypeInt && n != math.Trunc(n) {
		return WrongType, sayWrongType[t], true
	}
	low := least != nil && n < *least
	high := most != nil && n > *most
	if low || high || math.Abs(n) > maxWhole {
		return OutOfRange, sayRange(least, most), true
	}
	return "", Text{}, false
}

// checkGeopoint wants {lat, lon}; acc and alt may be missing, other keys are
// not looked at.
func checkGeopoint(v any) (Code, Text, bool) {
	m, ok := v.(map[string]any)
	if !ok {
		return WrongType, sayWrongType[TypeGeopoint], true
	}
	bounds := []struct {
		key      string
		min, max float64
		needed   bool
	}{
		{"lat", -90, 90, true},
		{"lon", -180, 180, true},
		{"acc", 0, maxWhole, false},
		{"alt", -maxWhole, maxWhole, false},
	}
	outside := false
	for _, b := range bounds {
		if m[b.key] == nil && !b.needed {
			continue
		}
		n, ok := number(m[b.key])
		if !ok {
			return WrongType, sayWrongType[TypeGeopoint], true
		}
		outside = outside || n < b.min || n > b.max
	}
	if outside {
		return OutOfRange, sayBadPosition, true
	}
	return "", Text{}, false
}

// number reads any number a decoder gives. NaN and infinities are no numbers.
func number(v any) (float64, bool) {
	var n float64
	switch v := v.(type) {
	case float64:
		n = v
	case int64:
		n = float64(v)
	case uint64:
		n = float64(v)
	case int:
		n = float64(v)
	case json.Number:
		f, err := strconv.ParseFloat(v.String(), 64)
		if err != nil || !json.Valid([]byte(v)) { // ParseFloat alone takes "0x1p-2"
			return 0, false
		}
		n = f
	default:
		return 0, false
	}
	return n, !math.IsNaN(n) && !math.IsInf(n, 0)
}

func checkCitizenID(s string) (say Text, wrong bool) {
	switch {
	case ValidCitizenID(s):
		return Text{}, false
	case strings.ContainsFunc(s, isThaiDigit):
		return sayThaiDigitsInID, true
	case len(s) == 13 && asciiDigits(s):
		return sayCheckDigit, true
	}
	return sayIDShape, true
}

// Years of a date. A year in the B.E. range is a C.E. year plus 543 that was
// typed as it is shown; nobody surveyed was born before firstYear.
const (
	firstYear   = 1800
	firstBEYear = 2400
	lastBEYear  = 2600
)

func checkDate(s string, partial bool) (say Text, wrong bool) {
	if strings.ContainsFunc(s, isThaiDigit) {
		return sayThaiDigitsInDate, true
	}
	if len(s) < 4 || !asciiDigits(s[:4]) || len(s) > 4 && s[4] != '-' {
		return sayDateShape(partial), true
	}
	year, _ := strconv.Atoi(s[:4])
	if year >= firstBEYear && year <= lastBEYear {
		return sayBEYear, true
	}
	layouts := map[int]string{len(time.DateOnly): time.DateOnly}
	if partial {
		layouts[len("2006-01")] = "2006-01"
		layouts[len("2006")] = "2006"
	}
	layout, ok := layouts[len(s)]
	if !ok {
		return sayDateShape(partial), true
	}
	if _, err := time.Parse(layout, s); err != nil {
		return sayNoSuchDay, true
	}
	if year < firstYear || year > lastBEYear {
		return sayNoSuchDay, true
	}
	return Text{}, false
}
