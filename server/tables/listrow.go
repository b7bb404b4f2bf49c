package tables

import (
	"iter"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"tambonsync/syncproto/area"
)

// Imported is one row of a list: what it says, or what is wrong with it.
type Imported[T any] struct {
	Row      Row
	Value    T         // to be used only if there are no problems
	Problems []Problem // why the row cannot be taken; empty: it can
	Notes    []Problem // what a person should look at, though the row is taken
}

// OK tells whether the row can be taken.
func (i Imported[T]) OK() bool { return len(i.Problems) == 0 }

// Problem says what is wrong with one cell, as one sentence in Thai and one in
// English. Value is cut short, and hidden but for its end where it is about a
// person, so a problem may be shown and logged.
type Problem struct {
	Row    int    `json:"row"`
	Column string `json:"column,omitempty"` // the header of the cell's column; empty: about the whole row
	Field  string `json:"field,omitempty"`
	Value  string `json:"value,omitempty"`
	TH     string `json:"th"`
	EN     string `json:"en"`
}

// Bounds on what one cell of a list may say.
const (
	maxShown = 40  // characters of a value in a problem
	maxText  = 600 // bytes of a name
)

// listRow reads the fields of one row and gathers what is wrong.
type listRow struct {
	row      Row
	m        *Mapping
	problems []Problem
	notes    []Problem
}

// readList goes through a file with one reader of rows. The sequence ends with
// an error that is about the whole file.
func readList[T any](rows *Rows, m Mapping, read func(*listRow) T) iter.Seq2[Imported[T], error] {
	return func(yield func(Imported[T], error) bool) {
		if len(m.Missing) > 0 || m.column == nil {
			missing := strings.Join(m.Missing, ", ")
			yield(Imported[T]{}, rows.place.fail("ไม่มีคอลัมน์ที่ต้องใช้: "+missing, "columns are missing: "+missing))
			return
		}
		for row, err := range rows.All() {
			if err != nil {
				yield(Imported[T]{Row: row}, err)
				return
			}
			c := &listRow{row: row, m: &m}
			c.checkWidth(rows.about().Format)
			value := read(c)
			if !yield(Imported[T]{Row: row, Value: value, Problems: c.problems, Notes: c.notes}, nil) {
				return
			}
		}
	}
}

// checkWidth finds rows in which an unquoted delimiter moved every cell after
// it one column on. In worksheets cells do not move.
func (c *listRow) checkWidth(format string) {
	if format == CSV && len(c.row.Cells) > len(c.m.header) {
		c.bad("", "แถวนี้มีช่องมากกว่าหัวตาราง ข้อความที่มีตัวคั่นต้องอยู่ในเครื่องหมายคำพูด",
			"This row has more cells than the header line: text with a delimiter in it must be in quotes.")
	}
}

func (c *listRow) raw(field string) string {
	i, ok := c.m.column[field]
	if !ok || i >= len(c.row.Cells) {
		return ""
	}
	return c.row.Cells[i]
}

// given tells whether a cell has anything in it that can be seen.
func (c *listRow) given(field string) bool {
	raw := c.raw(field)
	return len(raw) > maxText || area.CleanName(raw) != ""
}

// text is a cell in its one spelling: trimmed, Thai digits as 0–9.
func (c *listRow) text(field string) string {
	raw := c.raw(field)
	if len(raw) > maxText {
		c.bad(field, "ข้อความยาวเกินไป", "This text is too long.")
		return ""
	}
	text := area.CleanName(raw)
	switch text {
	case "#REF!", "#N/A", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!":
		c.bad(field, "ช่องนี้เป็นสูตรที่คำนวณไม่ได้ พิมพ์ค่าแทนสูตร", "This cell is a formula without a result: type the value instead.")
		return ""
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f || r == utf8.RuneError }) {
		c.bad(field, "มีอักขระที่อ่านไม่ได้ พิมพ์ช่องนี้ใหม่", "There are characters that cannot be read: type this cell again.")
		return ""
	}
	return text
}

func (c *listRow) bad(field, th, en string) {
	c.problems = append(c.problems, c.problem(field, th, en))
}

func (c *listRow) note(field, th, en string) { c.notes = append(c.notes, c.problem(field, th, en)) }

func (c *listRow) problem(field, th, en string) Problem {
	p := Problem{Row: c.row.Number, Field: field, TH: th, EN: en}
	if i, ok := c.m.column[field]; ok {
		p.Column = c.m.header[i]
		p.Value = shown(c.raw(field), c.m.list.field(field).Private)
	}
	return p
}

// shown is a value as a problem may repeat it: of a private one the last three
// characters of six or more, of others the first forty.
func shown(value string, private bool) string {
	value = strings.Join(strings.Fields(strings.ToValidUTF8(value, "\ufffd")), " ")
	runes := []rune(value[:min(len(value), 4*maxHeader)])
	switch {
	case private && len(runes) < 6:
		return strings.Repeat("x", len(runes))
	case private:
		return strings.Repeat("x", min(len(runes), maxShown)-3) + string(runes[len(runes)-3:])
	case len(runes) > maxShown:
		return string(runes[:maxShown-1]) + "…"
	}
	return string(runes)
}

// digits is the text of a code: without spaces, dashes and what spreadsheets
// add to numbers. Fewer digits than want are made up with zeros in front, with
// a note, if no more than one is gone: Excel drops the first.
func (c *listRow) digits(field string, want int) (string, bool) {
	text := strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '\u00a0' {
			return -1
		}
		return r
	}, c.text(field))
	text = strings.TrimSuffix(text, ".0")
	if text == "" {
		return "", true
	}
	if mantissa, _, ok := strings.Cut(strings.ToUpper(text), "E+"); ok && isPlainNumber(mantissa) {
		c.bad(field, "Excel ย่อเลขนี้จนหลักหาย ตั้งคอลัมน์เป็นข้อความแล้วพิมพ์ใหม่",
			"Excel shortened this number and digits are gone: make the column text and type it again.")
		return "", false
	}
	if len(text) == want-1 && onlyDigits(text) {
		text = "0" + text
		c.note(field, "เติม 0 ข้างหน้าที่หายไป", "The 0 in front, which was gone, is put back.")
	}
	if len(text) != want || !onlyDigits(text) {
		n := strconv.Itoa(want)
		c.bad(field, "ต้องเป็นตัวเลข "+n+" หลัก", "This must be "+n+" digits.")
		return "", false
	}
	return text, true
}

// position reads latitude and longitude: both or neither, within Thailand.
func (c *listRow) position() (lat, lon *float64) {
	y, okY := c.degrees("lat")
	x, okX := c.degrees("lon")
	switch {
	case !okX || !okY || x == nil && y == nil:
		return nil, nil
	case x == nil:
		c.bad("lon", "มีละติจูดแต่ไม่มีลองจิจูด", "There is a latitude but no longitude.")
	case y == nil:
		c.bad("lat", "มีลองจิจูดแต่ไม่มีละติจูด", "There is a longitude but no latitude.")
	case inThailand(*y, *x):
		return y, x
	case inThailand(*x, *y):
		c.bad("lat", "ละติจูดกับลองจิจูดสลับกัน", "Latitude and longitude are swapped.")
	default:
		c.bad("lat", "พิกัดนี้อยู่นอกประเทศไทย ต้องเป็นองศาทศนิยม เช่น 15.7012, 103.5034",
			"This position is outside Thailand: write decimal degrees such as 15.7012, 103.5034.")
	}
	return nil, nil
}

func (c *listRow) degrees(field string) (*float64, bool) {
	text := c.text(field)
	if text == "" {
		return nil, true
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		c.bad(field, "พิกัดต้องเป็นองศาทศนิยม เช่น 15.7012", "Write a position in decimal degrees such as 15.7012.")
		return nil, false
	}
	return &f, true
}

// inThailand is a box around the country.
func inThailand(lat, lon float64) bool {
	return lat >= 5.5 && lat <= 20.6 && lon >= 97.2 && lon <= 105.8
}
