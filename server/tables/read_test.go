package tables

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"pgregory.net/rapid"
)

// all reads a file to its end.
func all(name string, data []byte, opts ReadOptions) (about About, header []string, rows []Row, err error) {
	r, err := Read(name, bytes.NewReader(data), opts)
	if err != nil {
		return About{}, nil, nil, err
	}
	for row, err := range r.All() {
		if err != nil {
			return r.About(), r.Header(), rows, err
		}
		rows = append(rows, row)
	}
	return r.About(), r.Header(), rows, nil
}

func encoded(t *testing.T, text string, how interface{ String(string) (string, error) }) string {
	t.Helper()
	out, err := how.String(text)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestCSVOfEveryOfficeReadsTheSame(t *testing.T) {
	text := "รหัส,ชื่อ,หมายเหตุ\r\n45030301,บ้านน้ำคำ,\"ก, ข\"\r\n\r\n,,\r\n01234,\"สอง\r\nบรรทัด\"\r\n5,ห้า\r\n"
	tests := []struct {
		name, data, encoding, delimiter string
	}{
		{"UTF-8", text, "UTF-8", ","},
		{"UTF-8 with a mark", utf8BOM + text, "UTF-8 BOM", ","},
		{"CP874", encoded(t, text, charmap.Windows874.NewEncoder()), "CP874", ","},
		{"UTF-16 as Excel's Unicode text", encoded(t, strings.ReplaceAll(text, "รหัส,ชื่อ,หมายเหตุ", "รหัส,ชื่อ,หมายเหตุ"), unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder()), "UTF-16", ","},
		{"semicolons", strings.NewReplacer("ก, ข", "ก, ข", ",", ";").Replace(text), "UTF-8", ";"},
		{"tabs", strings.NewReplacer("ก, ข", "ก, ข", ",", "\t").Replace(text), "UTF-8", "\t"},
		{"Excel's line for the delimiter", "sep=;\r\n" + strings.NewReplacer("ก, ข", "ก, ข", ",", ";").Replace(text), "UTF-8", ";"},
		{"line feeds", strings.ReplaceAll(text, "\r\n", "\n"), "UTF-8", ","},
		{"carriage returns of an old Macintosh", strings.ReplaceAll(text, "\r\n", "\r"), "UTF-8", ","},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			about, header, rows, err := all("บ้าน.csv", []byte(tt.data), ReadOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if about.Encoding != tt.encoding || about.Delimiter != tt.delimiter {
				t.Errorf("understood as %+v", about)
			}
			same(t, header, []string{"รหัส", "ชื่อ", "หมายเหตุ"})
			same(t, rows, []Row{
				{2, []string{"45030301", "บ้านน้ำคำ", "ก, ข"}},
				{5, []string{"01234", "สอง\nบรรทัด"}},
				{6, []string{"5", "ห้า"}},
			})
		})
	}
}

func TestOurCSVComesBackAsItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cell := rapid.StringOf(rapid.OneOf(rapid.SampledFrom([]rune("=+-@\t'\",; กำ\n1")), rapid.Rune())).
			Filter(func(s string) bool { return strings.TrimSpace(s) != "" && !strings.ContainsAny(s, "\r\x00\ufeff") })
		want := rapid.SliceOfN(cell, 1, 4).Draw(t, "cells")
		cols := make([]Column, len(want))
		row := make([]any, len(want))
		for i, text := range want {
			cols[i], row[i] = Column{Name: fmt.Sprint("c", i)}, text
		}
		var out bytes.Buffer
		w, err := New(CSV, &out, cols, Options{})
		if err == nil {
			err = errors.Join(w.Write(row), w.Close())
		}
		if err != nil {
			t.Fatal(err)
		}
		_, _, rows, err := all("a.csv", out.Bytes(), ReadOptions{})
		if err != nil || len(rows) != 1 || fmt.Sprintf("%q", rows[0].Cells) != fmt.Sprintf("%q", want) {
			t.Fatalf("got %+v, %v; want %q from %q", rows, err, want, out.String())
		}
	})
}

// workbook is a file made with a spreadsheet library, as another program would.
func workbook(t *testing.T, fill func(*excelize.File)) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer func() { _ = f.Close() }()
	fill(f)
	var out bytes.Buffer
	if err := f.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func set(f *excelize.File, cells map[string]any) {
	for at, v := range cells {
		if err := f.SetCellValue("Sheet1", at, v); err != nil {
			panic(err)
		}
	}
}

func TestXLSXCellsAreWhatPeopleTyped(t *testing.T) {
	tests := []struct {
		name string
		put  func(*excelize.File)
		want string
	}{
		{"text", func(f *excelize.File) { set(f, map[string]any{"A2": "บ้านน้ำคำ"}) }, "บ้านน้ำคำ"},
		{"a code as a number", func(f *excelize.File) { set(f, map[string]any{"A2": 45030301}) }, "45030301"},
		{"a code as a floating number", func(f *excelize.File) { set(f, map[string]any{"A2": 4.5030301e7}) }, "45030301"},
		{"eleven digits", func(f *excelize.File) { set(f, map[string]any{"A2": 45030300001.0}) }, "45030300001"},
		{"a fraction", func(f *excelize.File) { set(f, map[string]any{"A2": 0.1 + 0.2}) }, "0.3"},
		{"true", func(f *excelize.File) { set(f, map[string]any{"A2": true}) }, "TRUE"},
		{"a day", func(f *excelize.File) { set(f, map[string]any{"A2": time.Date(2020, 1, 31, 0, 0, 0, 0, time.UTC)}) }, "2020-01-31"},
		{"a day and a time", func(f *excelize.File) {
			set(f, map[string]any{"A2": time.Date(2020, 1, 31, 13, 5, 0, 0, time.UTC)})
		}, "2020-01-31 13:05:00"},
		{"a Thai date format", func(f *excelize.File) {
			format := `[$-107041E]d mmmm yyyy`
			style, _ := f.NewStyle(&excelize.Style{CustomNumFmt: &format})
			set(f, map[string]any{"A2": 43861})
			_ = f.SetCellStyle("Sheet1", "A2", "A2", style)
		}, "2020-01-31"},
		{"a format with letters in quotes", func(f *excelize.File) {
			format := `0.0 "days"`
			style, _ := f.NewStyle(&excelize.Style{CustomNumFmt: &format})
			set(f, map[string]any{"A2": 43861})
			_ = f.SetCellStyle("Sheet1", "A2", "A2", style)
		}, "43861"},
		{"rich text", func(f *excelize.File) {
			_ = f.SetCellRichText("Sheet1", "A2", []excelize.RichTextRun{{Text: "บ้าน"}, {Text: "น้ำคำ", Font: &excelize.Font{Bold: true}}})
		}, "บ้านน้ำคำ"},
		{"a formula nobody calculated", func(f *excelize.File) { _ = f.SetCellFormula("Sheet1", "A2", "1+1") }, "#VALUE!"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			data := workbook(t, func(f *excelize.File) {
				set(f, map[string]any{"A1": "รหัส", "B2": "x"})
				tt.put(f)
			})
			_, _, rows, err := all("บ้าน.xlsx", data, ReadOptions{})
			if err != nil {
				t.Fatal(err)
			}
			same(t, rows, []Row{{2, []string{tt.want, "x"}}})
		})
	}
}

func TestXLSXKeepsPlacesAndSheets(t *testing.T) {
	data := workbook(t, func(f *excelize.File) {
		set(f, map[string]any{"A1": "รายชื่อครัวเรือน", "A3": "รหัส", "C3": "ชื่อ ", "C4": "ก", "A7": "1", "D7": "นอกตาราง"})
		if _, err := f.NewSheet("อื่น"); err != nil {
			t.Fatal(err)
		}
		_ = f.SetCellValue("อื่น", "A1", "หัว")
		_ = f.SetCellValue("อื่น", "A2", "ค่า")
	})
	about, header, rows, err := all("บ้าน.xlsx", data, ReadOptions{HeaderRow: 3})
	if err != nil {
		t.Fatal(err)
	}
	same(t, about, About{Format: XLSX, Sheet: "Sheet1", Sheets: []string{"Sheet1", "อื่น"}})
	same(t, header, []string{"รหัส", "", "ชื่อ"})
	same(t, rows, []Row{{4, []string{"", "", "ก"}}, {7, []string{"1", "", "", "นอกตาราง"}}})

	_, _, rows, err = all("บ้าน.xlsx", data, ReadOptions{Sheet: "อื่น"})
	if err != nil {
		t.Fatal(err)
	}
	same(t, rows, []Row{{2, []string{"ค่า"}}})
}

func TestOurXLSXComesBack(t *testing.T) {
	rows := append(sampleRows(), []any{"a_x000D_b", nil, nil, nil, nil, nil, nil, nil})
	data := written(t, XLSX, sampleColumns(), rows, Options{})
	_, header, got, err := all("a.xlsx", data, ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	same(t, header[:2], []string{"เลขรหัสประจำบ้าน", "สมาชิก"})
	same(t, got, []Row{
		{2, []string{"01234567890", "4", "38000.5", "TRUE", "2020-01-31", `{"q":"<ก>"}`, "15.1234567", "103.5"}},
		{4, []string{"=cmd|' /C calc'!A1", "7", "1.25", "FALSE", "2020-02-29", `["a",1]`, "", "103.5"}},
		{5, []string{"บรรทัด 1\nบรรทัด 2, \"ใหม่\"\r\nจบ\r", "สิบ", "มาก", "ใช่", "1985-03", "NaN", "95", "103.5"}},
		{6, []string{"a_x000D_b"}},
	})
}

// zipOf makes a zip of parts.
func zipOf(t *testing.T, parts map[string]string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for name, text := range parts {
		p, err := w.Create(name)
		if err == nil {
			_, err = io.WriteString(p, text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// book is the least workbook with the given sheet and shared strings.
func book(t *testing.T, sheet, shared string) []byte {
	t.Helper()
	const relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	return zipOf(t, map[string]string{
		"xl/workbook.xml": `<workbook xmlns:r="` + relations + `"><sheets><sheet name="บ้าน" sheetId="1" r:id="r1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="r1" Type="` + relations + `/worksheet" Target="worksheets/sheet1.xml"/>` +
			`<Relationship Id="r2" Type="` + relations + `/sharedStrings" Target="/xl/sharedStrings.xml"/></Relationships>`,
		"xl/worksheets/sheet1.xml": sheet,
		"xl/sharedStrings.xml":     shared,
	})
}

func TestXLSXReadingsOverATextAreNotPartOfIt(t *testing.T) {
	data := book(t, `<worksheet><sheetData><row><c t="s"><v>0</v></c></row></sheetData></worksheet>`,
		`<sst><si><r><t>น้ำ</t></r><r><t>คำ</t></r><rPh><t>nam kham</t></rPh></si></sst>`)
	_, header, _, err := all("f", data, ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	same(t, header, []string{"น้ำคำ"})
}

func cellXML(row int, name, text string) string {
	return fmt.Sprintf(`<row r="%d"><c r="%s" t="inlineStr"><is><t>%s</t></is></c></row>`, row, name, text)
}

func TestBadFilesAreRefusedWithTheirPlace(t *testing.T) {
	const open, end, sst = `<worksheet><sheetData>`, `</sheetData></worksheet>`, `<sst><si><t>x</t></si></sst>`
	good := open + cellXML(1, "A1", "หัว") + cellXML(2, "A2", "ค่า") + end
	if _, _, rows, err := all("a.xlsx", book(t, good, sst), ReadOptions{}); err != nil || len(rows) != 1 {
		t.Fatalf("the file that the others are made of: %v, %v", rows, err)
	}
	declaresLess := book(t, open+cellXML(1, "A1", strings.Repeat("x", 5000))+end, sst)
	bomb := book(t, good, "<sst>"+strings.Repeat(" ", MaxUnzipped+1)+"</sst>")
	if len(bomb) > MaxFileBytes {
		t.Fatalf("the bomb is too large to be tried: %d bytes", len(bomb))
	}
	tests := []struct {
		name string
		data []byte
		opts ReadOptions
		want string // part of the message, with the place
	}{
		{"empty", []byte(" \r\n"), ReadOptions{}, "f: the file is empty"},
		{"a picture", []byte("\x89PNG\x0d\x0a\x1a\x0a\x00\x00"), ReadOptions{}, "f: neither a CSV nor an XLSX file"},
		{"an old Excel file", []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), ReadOptions{}, "f: an old Excel file"},
		{"too large", bytes.Repeat([]byte("a,b\n"), MaxFileBytes/4+1), ReadOptions{}, "f: larger than 50 MiB"},
		{"UTF-8 with a damaged byte", []byte("ชื่อ\nบ้านน้ำคำ\nก\xffข\n"), ReadOptions{}, "f, row 3: UTF-8 with damaged bytes"},
		{"no CP874 character", []byte("\xaa\xd7\xe8\xcd\n\xa1\n\xa1,\xdb\n"), ReadOptions{}, "f, row 3, column B: bytes that no CP874"},
		{"a quotation mark", []byte("a,b\n1,2\n3,\"4\n5,6\n"), ReadOptions{}, "f, row 3: a quotation mark"},
		{"a quotation mark inside", []byte("a,b\n1,2\n\n3,4\"5\n"), ReadOptions{}, "f, row 4: a quotation mark"},
		{"a long cell", []byte("a,b\n1," + strings.Repeat("x", MaxCellBytes+1)), ReadOptions{}, "f, row 2, column B: more than 64 KiB"},
		{"too many columns", []byte("a\n" + strings.Repeat(",", MaxColumns) + "1"), ReadOptions{}, "f, row 2: more than 500 columns"},
		{"no such header line", []byte("a\n1\n"), ReadOptions{HeaderRow: 9}, "row 9: there is no header line"},
		{"a zip of something else", zipOf(t, map[string]string{"a.txt": "x"}), ReadOptions{}, "f: not an XLSX workbook"},
		{"a zip cut off", book(t, good, sst)[:200], ReadOptions{}, "f: a damaged XLSX file"},
		{"no such sheet", book(t, good, sst), ReadOptions{Sheet: "เมือง"}, `there is no sheet "เมือง"; there are: บ้าน`},
		{"a zip bomb", bomb, ReadOptions{}, "unpacks to more than 300 MiB"},
		{"a part larger than it says", shrink(t, declaresLess), ReadOptions{}, "f, sheet บ้าน"},
		{"a sheet cut off", book(t, strings.TrimSuffix(good, end), sst), ReadOptions{}, "f, sheet บ้าน, row 2: a damaged XLSX file"},
		{"a broken tag", book(t, strings.Replace(good, "</row><row", "</rov><row", 1), sst), ReadOptions{}, "f, sheet บ้าน, row 1, column A: a damaged XLSX file"},
		{"a text without end", book(t, open+cellXML(1, "A1", strings.Repeat("x", 3<<20))+end, sst), ReadOptions{}, "f, sheet บ้าน, row 1, column A: too much text"},
		{"a shared text without end", book(t, good, "<sst><si><t>"+strings.Repeat("x", 3<<20)+"</t></si></sst>"), ReadOptions{}, "too much text"},
		{"a long cell in a sheet", book(t, open+cellXML(1, "A1", "h")+cellXML(2, "B2", strings.Repeat("x", MaxCellBytes+1))+end, sst), ReadOptions{}, "row 2, column B: too much text"},
		{"a text that is not there", book(t, open+`<row r="1"><c r="C1" t="s"><v>7</v></c></row>`+end, sst), ReadOptions{}, "row 1, column C: a damaged"},
		{"rows out of order", book(t, open+cellXML(2, "A2", "x")+cellXML(1, "A1", "x")+end, sst), ReadOptions{}, "row 2: a damaged"},
		{"a row far below", book(t, open+cellXML(2_000_000_000, "A1", "x")+end, sst), ReadOptions{}, "a damaged"},
		{"a column far right", book(t, open+cellXML(1, "XFD1", "x")+end, sst), ReadOptions{}, "row 1, column XFD: more than 500 columns"},
		{"tags without end", book(t, open+strings.Repeat("<a>", 100_000), sst), ReadOptions{}, "a damaged"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, _, _, err := all("folder/f", tt.data, tt.opts)
			var file *FileError
			if !errors.As(err, &file) || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v, want %q", err, tt.want)
			}
			if file.Thai() == "" || !strings.HasPrefix(file.Thai(), "f") {
				t.Errorf("Thai: %q", file.Thai())
			}
		})
	}
}

// shrink makes a zip say that each of its parts is 100 bytes long.
func shrink(t *testing.T, data []byte) []byte {
	t.Helper()
	out := bytes.Clone(data)
	const central = "PK\x01\x02"
	for at := 0; ; {
		i := bytes.Index(out[at:], []byte(central))
		if i < 0 {
			return out
		}
		at += i + 4
		if name := out[at+42 : at+50]; bytes.HasPrefix(name, []byte("xl/works")) {
			copy(out[at+20:], []byte{100, 0, 0, 0})
		}
	}
}

func TestAMillionRowsAndNoMore(t *testing.T) {
	if testing.Short() {
		t.Skip("reads a million rows")
	}
	data := append([]byte("a\n"), bytes.Repeat([]byte("1\n"), MaxRows)...)
	if _, _, rows, err := all("f.csv", data, ReadOptions{}); err != nil || len(rows) != MaxRows {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	_, _, _, err := all("f.csv", append(data, "1\n"...), ReadOptions{})
	if err == nil || !strings.Contains(err.Error(), "row 1000002: more than 1,000,000 rows") {
		t.Errorf("got %v", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("a,b\n1,\"2\"\n"))
	f.Add([]byte("sep=;\na;b\n'=1;2\n"))
	f.Add([]byte("\xff\xfea\x00\n\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, header, rows, err := all("f", data, ReadOptions{})
		var file *FileError
		if err != nil && !errors.As(err, &file) {
			t.Fatalf("an error without a place: %v", err)
		}
		last := 0
		for _, row := range rows {
			if row.Number <= last || len(row.Cells) == 0 || len(row.Cells) > MaxColumns || header == nil {
				t.Fatalf("row %+v after %d", row, last)
			}
			last = row.Number
		}
	})
}
