package xlsform_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"tambonsync/server/xlsform"
	"tambonsync/syncproto/survey"
)

// sheets is a workbook as a person types it: by sheet, rows of cells.
type sheets map[string][][]string

// workbook makes the .xlsx of it.
func (s sheets) workbook(t *testing.T) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer func() { _ = f.Close() }()
	for name, rows := range s {
		if _, err := f.NewSheet(name); err != nil {
			t.Fatal(err)
		}
		for i, cells := range rows {
			for j, text := range cells {
				at, err := excelize.CoordinatesToCellName(j+1, i+1)
				if err != nil {
					t.Fatal(err)
				}
				if n, err := strconv.Atoi(text); err == nil && len(text) < 10 { // a spreadsheet makes numbers of them
					err = f.SetCellInt(name, at, int64(n))
					if err != nil {
						t.Fatal(err)
					}
				} else if text != "" {
					if err := f.SetCellStr(name, at, text); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
	}
	if err := f.DeleteSheet("Sheet1"); err != nil {
		t.Fatal(err)
	}
	b, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// small is a workbook with one question and the settings it needs; rows are
// added to it.
func small(rows ...[]string) sheets {
	head := []string{"type", "name", "label::Thai (th)", "label::English (en)", "required", "relevant", "constraint", "calculation", "choice_filter", "default", "repeat_count", "appearance", "parameters"}
	return sheets{
		"survey": append([][]string{head, {"integer", "age", "อายุ", "Age"}}, rows...),
		"choices": {
			{"list_name", "name", "label"},
			{"yn", "yes", "ใช่"},
			{"yn", "no", "ไม่ใช่"},
			{"crops", "rice", "ข้าว"},
			{"crops", "rubber", "ยางพารา"},
			{"crops", "none", "ไม่มี"},
		},
		"settings": {{"form_title", "form_id", "version"}, {"ทดสอบ", "test", "1"}},
	}
}

func q(typ, name string, more ...string) []string {
	return append([]string{typ, name, "ข้อ " + name, "Question " + name}, more...)
}

// imported imports a workbook that must be without fault.
func imported(t *testing.T, data []byte) *survey.Form {
	t.Helper()
	d, problems := xlsform.Import(data)
	for _, p := range problems {
		if !p.Warning {
			t.Fatalf("%s: %s / %s", p.Place(), p.EN, p.TH)
		}
	}
	j, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	f, err := survey.Parse(j)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// again exports a form and imports what came out.
func again(t *testing.T, f *survey.Form) *survey.Form {
	t.Helper()
	data, err := xlsform.Export(f)
	if err != nil {
		t.Fatal(err)
	}
	return imported(t, data)
}

func questionOf(t *testing.T, f *survey.Form, record, name string) survey.Question {
	t.Helper()
	typ, ok := f.Type(record)
	if !ok {
		t.Fatalf("no record type %s", record)
	}
	q, ok := typ.Question(name)
	if !ok {
		t.Fatalf("no question %s.%s", record, name)
	}
	return q
}

func listed(problems []xlsform.Problem) string {
	var b strings.Builder
	for _, p := range problems {
		fmt.Fprintf(&b, "%s: %s\n", p.Place(), p.EN)
	}
	return b.String()
}
