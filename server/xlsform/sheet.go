package xlsform

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"tambonsync/syncproto/survey"
)

// The sheets of a form.
const (
	sheetSurvey   = "survey"
	sheetChoices  = "choices"
	sheetSettings = "settings"
	sheetExtra    = "tambonsync"
)

// book is the text of a workbook's sheets; a sheet that is not there is nil.
type book struct{ survey, choices, settings, extra *sheet }

// sheet is one sheet: its first row names the columns.
type sheet struct {
	name  string
	heads map[string]int // column of each heading, by its key; see headKey
	raw   map[string]string
	order []string // keys from left to right
	rows  []row
}

// row is one row that is not empty. Cells are as written; text trims them.
type row struct {
	sheet *sheet
	n     int
	cells map[string]string
}

func (r row) text(key string) string { return strings.Trim(r.cells[key], " \t\r\n\u00a0\u200b\ufeff") }

// raw returns the cell as it is, for texts whose blanks count.
func (r row) raw(key string) string { return r.cells[key] }

func (r row) at(key string) spot { return spot{r.sheet.name, r.n, r.sheet.heads[key]} }

func (r row) whole() spot { return spot{r.sheet.name, r.n, 0} }

// both reads a text in two languages from the columns key, key::th and
// key::en. A language that is missing gets the words of the other.
func (r row) both(key string) survey.Text {
	th, en, plain := r.raw(key+"|th"), r.raw(key+"|en"), r.raw(key)
	t := survey.Text{TH: firstSaid(th, plain, en), EN: firstSaid(en, plain, th)}
	return t
}

func firstSaid(texts ...string) string {
	for _, t := range texts {
		if strings.TrimSpace(t) != "" {
			return t
		}
	}
	return ""
}

// open reads a workbook's text. On a problem the book is nil.
func open(data []byte, p *problems) (b *book) {
	if refused := checkZip(data); refused != nil {
		p.add(spot{}, *refused)
		return nil
	}
	broken := say("อ่านสมุดงานนี้ไม่ได้ ไฟล์อาจเสียหาย เปิดด้วยโปรแกรมตารางคำนวณแล้วบันทึกเป็น .xlsx ใหม่",
		"This workbook cannot be read; it may be damaged: open it in a spreadsheet program and save it as .xlsx again.")
	// excelize is given files from strangers. A panic of it says that the file
	// is broken and must not end an office's server.
	defer func() {
		if recover() != nil {
			p.add(spot{}, broken)
			b = nil
		}
	}()
	f, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{
		RawCellValue: true, UnzipSizeLimit: MaxUnzipped, UnzipXMLSizeLimit: MaxUnzipped,
	})
	if err != nil {
		p.add(spot{}, broken)
		return nil
	}
	defer func() { _ = f.Close() }()
	return readBook(f, p)
}

func readBook(f *excelize.File, p *problems) *book {
	before := len(p.list)
	b := &book{}
	for _, s := range []struct {
		name     string
		into     **sheet
		rows     int
		required bool
	}{
		{sheetSettings, &b.settings, maxOtherRows, true},
		{sheetSurvey, &b.survey, MaxSurveyRows, true},
		{sheetChoices, &b.choices, MaxChoiceRows, false},
		{sheetExtra, &b.extra, maxOtherRows, false},
	} {
		name, ok := findSheet(f, s.name)
		switch {
		case ok:
			*s.into = readSheet(f, name, s.name, s.rows, p)
		case s.required:
			p.add(spot{}, sayNoSheet(s.name, f.GetSheetList()))
		}
	}
	if len(p.list) > before {
		return nil
	}
	return b
}

func sayNoSheet(name string, there []string) survey.Text {
	if len(there) > maxSheetsNamed {
		there = append(there[:maxSheetsNamed:maxSheetsNamed], "…")
	}
	var quoted []string
	for _, t := range there {
		quoted = append(quoted, fmt.Sprintf("%q", short(t)))
	}
	return say("ไม่มีแผ่นงานชื่อ %q ในไฟล์มีแผ่นงาน %s แก้ชื่อแผ่นงานแล้วนำเข้าใหม่",
		"There is no sheet %q; the workbook has %s. Correct the sheet's name and import again.", name, strings.Join(quoted, ", "))
}

// findSheet is not strict about capitals and blanks around a name.
func findSheet(f *excelize.File, want string) (string, bool) {
	list := f.GetSheetList()
	i := slices.IndexFunc(list, func(name string) bool { return strings.EqualFold(strings.TrimSpace(name), want) })
	if i < 0 {
		return "", false
	}
	return list[i], true
}

func readSheet(f *excelize.File, name, as string, most int, p *problems) *sheet {
	s := &sheet{name: as, heads: map[string]int{}, raw: map[string]string{}}
	rows, err := f.Rows(name)
	if err != nil {
		p.add(spot{sheet: as}, say("อ่านแผ่นงานนี้ไม่ได้: %v", "This sheet cannot be read: %v", err))
		return s
	}
	defer func() { _ = rows.Close() }()
	for n := 1; rows.Next(); n++ {
		if n > maxSheetRow {
			p.add(spot{sheet: as}, say("แผ่นงานนี้ยาวเกินแถวที่ %d ลบแถวท้ายที่ไม่ใช้", "This sheet goes beyond row %d: delete unused rows at its end.", maxSheetRow))
			return s
		}
		cells, err := rows.Columns()
		if err != nil {
			p.add(spot{as, n, 0}, say("อ่านแถวนี้ไม่ได้: %v", "This row cannot be read: %v", err))
			return s
		}
		if len(cells) > maxWidth { // each such row costs a thousand times its bytes
			p.add(spot{as, n, len(cells)}, say("มีข้อมูลไกลถึงคอลัมน์นี้ ลบคอลัมน์ท้ายที่ไม่ใช้", "There is something as far out as this column: delete the columns that are not used."))
			return s
		}
		switch {
		case blank(cells):
		case len(s.heads) == 0:
			s.head(n, cells, p)
		case len(s.rows) == most:
			p.add(spot{as, n, 0}, say("แผ่นงานนี้มีเกิน %d แถว", "This sheet has more than %d rows.", most))
			return s
		default:
			s.row(n, cells, p)
		}
	}
	if len(s.heads) == 0 {
		p.add(spot{sheet: as}, say("แผ่นงานนี้ว่างเปล่า แถวแรกต้องเป็นชื่อคอลัมน์", "This sheet is empty; its first row must name the columns."))
	}
	return s
}

func blank(cells []string) bool {
	return !slices.ContainsFunc(cells, func(c string) bool { return strings.TrimSpace(c) != "" })
}

func (s *sheet) head(n int, cells []string, p *problems) {
	for i, c := range cells {
		c = strings.TrimSpace(c)
		if c == "" {
			continue
		}
		if i >= maxColumns {
			p.add(spot{s.name, n, i + 1}, say("มีเกิน %d คอลัมน์", "There are more than %d columns.", maxColumns))
			return
		}
		key := headKey(c)
		if first, twice := s.heads[key]; twice {
			p.add(spot{s.name, n, i + 1}, say("คอลัมน์ %q ซ้ำกับ %s", "The column %q is the same as %s.", short(c), spot{s.name, n, first}))
			continue
		}
		s.heads[key], s.raw[key] = i+1, c
		s.order = append(s.order, key)
	}
}

func (s *sheet) row(n int, cells []string, p *problems) {
	r := row{sheet: s, n: n, cells: map[string]string{}}
	for _, key := range s.order {
		i := s.heads[key] - 1
		if i >= len(cells) || cells[i] == "" {
			continue
		}
		if len(cells[i]) > maxCellBytes || !utf8.ValidString(cells[i]) {
			p.add(spot{s.name, n, i + 1}, say("ข้อความในช่องนี้ยาวเกิน 32 KiB หรือไม่ใช่ UTF-8", "The text in this cell is over 32 KiB or not UTF-8."))
			continue
		}
		r.cells[key] = cells[i]
	}
	for i, c := range cells {
		if strings.TrimSpace(c) != "" && !s.named(i+1) {
			p.add(spot{s.name, n, i + 1}, say("ช่องนี้มีข้อความแต่คอลัมน์ไม่มีชื่อในแถวแรก", "This cell holds text, but its column has no name in the first row."))
			break
		}
	}
	if len(r.cells) > 0 {
		s.rows = append(s.rows, r)
	}
}

func (s *sheet) named(col int) bool {
	for _, c := range s.heads {
		if c == col {
			return true
		}
	}
	return false
}

// headKey makes one key of the ways to write a heading: "Label::Thai (th)",
// "label:th" and "label::ไทย" are all "label|th". Extension columns keep
// their "tambonsync::".
func headKey(head string) string {
	base, lang, found := strings.Cut(strings.ToLower(head), "::")
	if !found {
		base, lang, found = strings.Cut(base, ":")
	}
	base = strings.Join(strings.Fields(base), "_")
	lang = strings.TrimSpace(lang)
	if base == extension || base == "media" || base == "bind" || base == "body" || base == "instance" {
		if found {
			return base + "::" + strings.Join(strings.Fields(lang), "_")
		}
		return base
	}
	if known, ok := headAliases[base]; ok {
		base = known
	}
	if !found {
		return base
	}
	return base + "|" + langCode(lang)
}

// headAliases are spellings that XLSForm tools also take.
var headAliases = map[string]string{
	"relevance": "relevant", "skip_logic": "relevant",
	"calculate": "calculation", "readonly": "read_only",
	"constraint_msg": "constraint_message", "required_msg": "required_message",
	"list": "list_name", "count": "repeat_count", "value": "name", "parameter": "parameters",
}

func langCode(lang string) string {
	if i := strings.LastIndexByte(lang, '('); i >= 0 && strings.HasSuffix(lang, ")") {
		lang = strings.TrimSpace(lang[i+1 : len(lang)-1])
	}
	switch lang {
	case "th", "thai", "tha", "ไทย", "ภาษาไทย", "th-th":
		return "th"
	case "en", "english", "eng", "อังกฤษ", "ภาษาอังกฤษ", "en-us", "en-gb":
		return "en"
	}
	return lang
}
