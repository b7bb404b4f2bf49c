package xlsform_test

import (
	"archive/zip"
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"tambonsync/server/xlsform"
)

// TestHostileSheets has sheets that no spreadsheet program writes. Each must
// be refused in words and in little time.
func TestHostileSheets(t *testing.T) {
	rows := func(inner string) string {
		return `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>` + inner + `</sheetData></worksheet>`
	}
	text := func(at, s string) string { return `<c r="` + at + `" t="inlineStr"><is><t>` + s + `</t></is></c>` }
	head := `<row r="1">` + text("A1", "type") + text("B1", "name") + text("C1", "label") + `</row>`
	for _, c := range []struct{ name, xml string }{
		{"no XML", "hello"},
		{"rows far down", rows(head + `<row r="1048576">` + text("A1048576", "text") + `</row>`)},
		{"a row beyond any sheet", rows(head + `<row r="999999999999999">` + text("A5", "text") + `</row>`)},
		{"a row before the first", rows(head + `<row r="-7">` + text("A5", "foo") + `</row>`)},
		{"a column beyond any sheet", rows(head + `<row r="2">` + text("ZZZZZZ2", "text") + `</row>`)},
		{"the last column", rows(head + strings.Repeat(`<row>`+text("XFD2", "text")+`</row>`, 200))},
		{"a shared text that is not there", rows(head + `<row r="2"><c r="A2" t="s"><v>999999</v></c></row>`)},
		{"a style that is not there", rows(head + `<row r="2"><c r="A2" s="99999"><v>1</v></c></row>`)},
		{"cells without a place", rows(`<row><c/><c t="x"><v/></c></row>` + head)},
		{"deep nesting", rows(head + strings.Repeat("<a>", 100_000))},
	} {
		t.Run(c.name, func(t *testing.T) {
			begin := time.Now()
			d, problems := xlsform.Import(withSheet(t, small().workbook(t), c.xml))
			if d.Name != "" || !xlsform.Refused(problems) {
				t.Error("imported")
			}
			if took := time.Since(begin); took > 5*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

// withSheet replaces the XML of every sheet.
func withSheet(t *testing.T, data []byte, xml string) []byte {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, part := range r.File {
		in, err := part.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(part.Name, "xl/worksheets/") {
			content = []byte(xml)
		}
		out, err := w.Create(part.Name)
		if err == nil {
			_, err = out.Write(content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
