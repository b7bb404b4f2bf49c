package cmd_test

import (
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

// sheet is one sheet of a workbook: a line a row, the cells between bars.
type sheet struct{ name, rows string }

// workbook writes an .xlsx file as its authors would: a first sheet with notes
// for themselves, a heading in bold that stays in sight, numbers as numbers.
func workbook(t *testing.T, name string, sheets ...sheet) string {
	t.Helper()
	f := excelize.NewFile()
	defer func() { _ = f.Close() }()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(f.SetSheetName("Sheet1", "อ่านก่อน"))
	must(f.SetCellStr("อ่านก่อน", "A1", "ฉบับร่างของกองสาธารณสุข แก้ที่แผ่นงาน survey"))
	bold, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}, Fill: excelize.Fill{Type: "pattern", Color: []string{"D9E1F2"}, Pattern: 1}})
	must(err)
	for _, s := range sheets {
		_, err := f.NewSheet(s.name)
		must(err)
		must(f.SetRowStyle(s.name, 1, 1, bold))
		must(f.SetPanes(s.name, &excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}))
		for i, line := range strings.Split(strings.TrimSpace(s.rows), "\n") {
			for j, text := range strings.Split(line, "|") {
				at, err := excelize.CoordinatesToCellName(j+1, i+1)
				must(err)
				text = strings.TrimSpace(text)
				if n, err := strconv.Atoi(text); err == nil {
					must(f.SetCellInt(s.name, at, int64(n)))
				} else if text != "" {
					must(f.SetCellStr(s.name, at, text))
				}
			}
		}
	}
	path := filepath.Join(t.TempDir(), name)
	must(f.SaveAs(path))
	return path
}

// asked is a sheet of a saved workbook, to be looked up by question and heading.
type asked map[string]map[string]string

func readSheet(t *testing.T, path, name string) asked {
	t.Helper()
	f, err := excelize.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	rows, err := f.GetRows(name)
	if err != nil {
		t.Fatal(err)
	}
	out := asked{}
	for _, row := range rows[1:] {
		cells := map[string]string{}
		for i, text := range row {
			cells[rows[0][i]] = text
		}
		if !strings.HasPrefix(cells["type"], "end") {
			out[cells["name"]] = cells
		}
	}
	return out
}
