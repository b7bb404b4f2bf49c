// Package xlsform reads and writes forms as XLSForm workbooks, the .xlsx files
// that ODK, KoboToolbox and most survey offices keep their questionnaires in.
//
// [Import] turns a workbook into a [survey.Definition] and names everything
// it cannot take, by sheet, row and column; with one such thing nothing is
// imported. [Export] writes a workbook that imports to the same form, byte for
// byte of its canonical JSON. Standard columns hold what XLSForm has a word
// for, expressions in XPath; what it has none for stands in columns whose
// names start with "tambonsync::" and on the sheet "tambonsync". Other
// programs pass over those and can still use the file.
//
// The package must not know records, the store or HTTP. It does no I/O: bytes
// in, bytes out.
package xlsform

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/xuri/excelize/v2"

	"tambonsync/syncproto/survey"
)

// Limits of a workbook. A large national questionnaire has 1,500 rows and is
// 300 KB; the largest choice lists, all villages of the country, have 75,000
// rows and belong in the area table, not in a form.
const (
	MaxFileBytes   = 20 << 20  // of the file as it comes
	MaxUnzipped    = 100 << 20 // of all its parts together
	MaxSurveyRows  = 5_000
	MaxChoiceRows  = 50_000
	maxPartBytes   = 64 << 20
	maxParts       = 2_000
	maxTags        = 1_500_000 // of a part other than a sheet: some 370,000 texts
	maxRatio       = 200       // unzipped to zipped, of a part over ratioFrom
	ratioFrom      = 10 << 20  //
	maxOtherRows   = 2_000     // of the sheets settings and tambonsync
	maxSheetRow    = 200_000   // the highest row number, used or not
	maxColumns     = 200
	maxWidth       = 1_000 // the last column with anything in it
	maxCellBytes   = 32 << 10
	maxXPathBytes  = 8 << 10
	maxCELBytes    = 4096    // what survey.Parse takes
	maxFormBytes   = 4 << 20 // as well
	maxNesting     = 32
	maxProblems    = 500
	maxSheetsNamed = 20 // in a sentence
)

// Problem is one thing that keeps a workbook from being imported, or, with
// Warning set, one thing that is left out of the form.
type Problem struct {
	Sheet   string `json:"sheet,omitempty"`  // "" for the file as a whole
	Row     int    `json:"row,omitempty"`    // as the spreadsheet counts, from 1; 0: the whole sheet
	Column  string `json:"column,omitempty"` // letters; "": the whole row
	Warning bool   `json:"warning,omitempty"`
	TH      string `json:"th"`
	EN      string `json:"en"`
}

// Place returns where the problem is, such as "survey!D14", "survey!14" or
// "choices"; "" for the file.
func (p Problem) Place() string {
	switch {
	case p.Sheet == "" || p.Row == 0 && p.Column == "":
		return p.Sheet
	case p.Row == 0:
		return p.Sheet + "!" + p.Column
	}
	return p.Sheet + "!" + p.Column + strconv.Itoa(p.Row)
}

// Refused reports whether any of the problems is more than a warning.
func Refused(problems []Problem) bool {
	return slices.ContainsFunc(problems, func(p Problem) bool { return !p.Warning })
}

// spot is a cell, a row (col 0) or a sheet (row 0).
type spot struct {
	sheet    string
	row, col int
}

func (s spot) String() string { return s.problem(false, survey.Text{}).Place() }

func (s spot) problem(warning bool, say survey.Text) Problem {
	p := Problem{Sheet: s.sheet, Row: s.row, Warning: warning, TH: say.TH, EN: say.EN}
	if s.col > 0 {
		p.Column, _ = excelize.ColumnNumberToName(s.col)
	}
	return p
}

// problems collects; it never stops anybody, so that all of them are named.
type problems struct {
	list []Problem
	more int
}

func (p *problems) add(at spot, say survey.Text)  { p.put(at.problem(false, say)) }
func (p *problems) warn(at spot, say survey.Text) { p.put(at.problem(true, say)) }

func (p *problems) put(x Problem) {
	switch {
	case slices.Contains(p.list, x):
	case len(p.list) >= maxProblems:
		p.more++
	default:
		p.list = append(p.list, x)
	}
}

// sorted returns the problems as somebody goes through the workbook.
func (p *problems) sorted() []Problem {
	order := []string{"", sheetSettings, sheetSurvey, sheetChoices, sheetExtra}
	out := slices.Clone(p.list)
	slices.SortStableFunc(out, func(a, b Problem) int {
		return cmp.Or(
			cmp.Compare(slices.Index(order, a.Sheet), slices.Index(order, b.Sheet)),
			cmp.Compare(a.Row, b.Row),
			cmp.Compare(len(a.Column), len(b.Column)),
			cmp.Compare(a.Column, b.Column),
		)
	})
	if p.more > 0 {
		out = append(out, spot{}.problem(false, say("และยังมีอีก %d แห่ง แก้ที่แสดงไว้ก่อนแล้วนำเข้าใหม่",
			"And %d more: correct the ones shown and import again.", p.more)))
	}
	return out
}

// say makes a sentence of both languages with the same arguments.
func say(th, en string, args ...any) survey.Text {
	return survey.Text{TH: fmt.Sprintf(th, args...), EN: fmt.Sprintf(en, args...)}
}

// short keeps a foreign text from filling a sentence.
func short(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
