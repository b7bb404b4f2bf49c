package xlsform

import (
	"fmt"
	"slices"
	"strconv"
	"unicode/utf16"

	"github.com/xuri/excelize/v2"
)

// page is one sheet to be written.
type page struct {
	name  string
	heads []heading
	lines []line
}

func (e *exporter) sheets() []page {
	choiceHeads := joined(headings("list_name", "name"), bilingual("label"))
	for _, f := range e.filters {
		choiceHeads = append(choiceHeads, heading{"filter:" + f, f})
	}
	choiceHeads = append(choiceHeads, headings(xFilter)...)
	settings := line{
		"form_title": e.d.Title.TH, "form_id": e.d.Name, "version": strconv.Itoa(e.d.Version), "default_language": "Thai (th)",
		xTitleEN: e.d.Title.EN, xRecordType: e.d.RecordTypes[0].Name,
	}
	return []page{
		{sheetSurvey, surveyHeadings(), e.survey},
		{sheetChoices, choiceHeads, e.choices},
		{sheetSettings, headings("form_title", "form_id", "version", "default_language", xTitleEN, xRecordType), []line{settings}},
		{sheetExtra, extraHeadings(), e.extra},
	}
}

// writeBook writes sheets with the first row in bold and held in view. Columns
// of ours that nothing stands in are left out.
func writeBook(pages []page) ([]byte, error) {
	f := excelize.NewFile()
	defer func() { _ = f.Close() }()
	bold, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
	if err != nil {
		return nil, err
	}
	for i, p := range pages {
		if i == 0 {
			err = f.SetSheetName(f.GetSheetName(0), p.name)
		} else {
			_, err = f.NewSheet(p.name)
		}
		if err == nil {
			err = p.write(f, bold)
		}
		if err != nil {
			return nil, fmt.Errorf("sheet %s: %w", p.name, err)
		}
	}
	b, err := f.WriteToBuffer()
	if err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func (p page) write(f *excelize.File, bold int) error {
	w, err := f.NewStreamWriter(p.name)
	if err != nil {
		return err
	}
	heads := slices.DeleteFunc(slices.Clone(p.heads), func(h heading) bool {
		return len(h.key) > len(extension) && h.key[:len(extension)] == extension && !p.uses(h.key)
	})
	if err := w.SetColWidth(1, max(len(heads), 1), 22); err != nil {
		return err
	}
	if err := w.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	var first []any
	for _, h := range heads {
		first = append(first, excelize.Cell{StyleID: bold, Value: h.head})
	}
	if err := w.SetRow("A1", first); err != nil {
		return err
	}
	for i, l := range p.lines {
		cells := make([]any, len(heads))
		for j, h := range heads {
			if text := l[h.key]; text != "" {
				if len(utf16.Encode([]rune(text))) > excelize.TotalCellChars || len(text) > maxCellBytes {
					return fmt.Errorf("row %d: the text of %s is longer than a cell takes", i+2, h.head)
				}
				cells[j] = text
			}
		}
		if err := w.SetRow("A"+strconv.Itoa(i+2), cells); err != nil {
			return err
		}
	}
	return w.Flush()
}

func (p page) uses(key string) bool {
	return slices.ContainsFunc(p.lines, func(l line) bool { return l[key] != "" })
}
