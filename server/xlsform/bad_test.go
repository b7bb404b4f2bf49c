package xlsform_test

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"tambonsync/server/xlsform"
	"tambonsync/syncproto/survey"
)

func TestBadWorkbooksAreNamedByPlace(t *testing.T) {
	change := func(f func(s sheets), rows ...[]string) sheets {
		s := small(rows...)
		f(s)
		return s
	}
	for _, c := range []struct {
		name  string
		book  sheets
		place string
		en    string
	}{
		{"a sheet is misnamed", change(func(s sheets) { s["suvey"] = s["survey"]; delete(s, "survey") }), "", `There is no sheet "survey"; the workbook has`},
		{"no settings", change(func(s sheets) { delete(s, "settings") }), "", `no sheet "settings"`},
		{"no form id", change(func(s sheets) { s["settings"][1][1] = "" }), "settings!B2", "no id"},
		{"a form id with blanks", change(func(s sheets) { s["settings"][1][1] = "my form" }), "settings!B2", `"my form"`},
		{"a version in words", change(func(s sheets) { s["settings"][1][2] = "v2" }), "settings!C2", "whole number from 1"},
		{"a sheet without rows", change(func(s sheets) { s["survey"] = nil }), "survey", "empty"},
		{"no name column", change(func(s sheets) { s["survey"][0][1] = "nome" }), "survey", `no column "name"`},
		{"a misspelt column", change(func(s sheets) { s["survey"][0][5] = "relevent" }, q("text", "b", "", "${age} > 3")), "survey!F3", `"relevent"`},
		{"a column twice", change(func(s sheets) { s["survey"][0][5] = "Required" }), "survey!F1", "same as survey!E1"},
		{"a duplicate name", small(q("text", "age")), "survey!B3", "used in row 2 already"},
		{"a name with blanks", small(q("text", "my age")), "survey!B3", `"my age"`},
		{"a name in Thai", small(q("text", "อายุ")), "survey!B3", "a–z"},
		{"no label", small([]string{"text", "b"}), "survey!C3", "no label"},
		{"an unknown type", small(q("range", "b")), "survey!A3", `type "range"`},
		{"no list", small(q("select_one", "b")), "survey!A3", "name of a list"},
		{"an unknown list", small(q("select_one nowhere", "b")), "survey!A3", `no list "nowhere"`},
		{"or_other", small(q("select_one yn or_other", "b")), "survey!A3", "or_other"},
		{"choices from a file", small(q("select_one_from_file villages.csv", "b")), "survey!A3", "file"},
		{"a group not closed", small(q("begin_group", "g"), q("text", "b")), "survey!A3", "never closed"},
		{"a group closed twice", small(q("end_group", "")), "survey!A3", "closes nothing"},
		{"a repeat closed as a group", small(q("begin_repeat", "g"), q("text", "b"), q("end_group", "")), "survey!A5", "end_repeat"},
		{"an empty repeat", small(q("begin_repeat", "g"), q("end_repeat", "")), "survey!3", "no question"},
		{"a repeat named as a question", small(q("begin_repeat", "age"), q("text", "b"), q("end_repeat", "")), "survey!3", ""},
		{"a repeat counted by an answer", small(q("begin_repeat", "g", "", "", "", "", "", "", "${age}"), q("text", "b"), q("end_repeat", "")), "survey!K3", "count(${g})"},
		{"a calculation of itself", small(q("calculate", "b", "", "", "", "${c} + 1"), q("calculate", "c", "", "", "", "${b} + 1")), "survey!H3", "depends on itself"},
		{"an unknown function", small(q("text", "b", "", "foo(${age})")), "survey!F3", "foo()"},
		{"a calculate without a formula", small(q("calculate", "b")), "survey!H3", "nothing in the column calculation"},
		{"a constraint of a note", small(q("note", "b", "", "", "${age} > 1")), "survey!G3", "constraint"},
		{"a default that is computed", small(q("date", "b", "", "", "", "", "", "today()")), "survey!J3", "expression"},
		{"a default of another type", small(q("integer", "b", "", "", "", "", "", "many")), "survey!J3", "does not fit"},
		{"a default outside the list", small(q("select_one yn", "b", "", "", "", "", "", "maybe")), "survey!J3", "no good answer"},
		{"parameters", small(q("integer", "b", "", "", "", "", "", "", "", "", "step=2")), "survey!M3", "step=2"},
		{"a choice twice", change(func(s sheets) { s["choices"] = append(s["choices"], []string{"yn", "no", "ไม่"}) }), "choices!B7", "row 3"},
		{"a choice without a label", change(func(s sheets) { s["choices"] = append(s["choices"], []string{"yn", "maybe"}) }), "choices!C7", "no label"},
		{"a choice with blanks", change(func(s sheets) { s["choices"] = append(s["choices"], []string{"yn", "may be", "อาจจะ"}) }), "choices!B7", `"may be"`},
		{"a filter on a column that is not there", small(q("select_one yn", "b", "", "", "", "", "zone = ${age}")), "survey!I3", `no column "zone"`},
		{"a name that expressions cannot use", small(q("text", "my-name"), q("text", "b", "", "${my-name} = ''")), "survey!F4", `"my-name"`},
		{"a word with a meaning", small(q("text", "this")), "survey!3", "meaning"},
		{"too many rows", change(func(s sheets) {
			for i := range 5001 {
				s["survey"] = append(s["survey"], []string{"text", fmt.Sprint("x", i), "x"})
			}
		}), "survey!5002", "more than 5000 rows"},
		{"a cell too long", small(q("text", "b", strings.Repeat("ก", 12_000))), "survey!E3", "32 KiB"},
		{"text below no heading", change(func(s sheets) {
			s["survey"][1] = append(s["survey"][1], make([]string, 12)...)
			s["survey"][1][15] = "x"
		}), "survey!P2", "no name in the first row"},
		{"encrypted submissions", change(func(s sheets) {
			s["settings"][0] = append(s["settings"][0], "public_key")
			s["settings"][1] = append(s["settings"][1], "MII")
		}), "settings!D2", "public_key"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, problems := xlsform.Import(c.book.workbook(t))
			if d.Name != "" || !xlsform.Refused(problems) {
				t.Fatal("imported")
			}
			for _, p := range problems {
				if p.TH == "" || strings.Contains(p.TH+p.EN, "%!") {
					t.Errorf("sentence %q / %q", p.TH, p.EN)
				}
				if p.Place() == c.place && strings.Contains(p.EN, c.en) {
					return
				}
			}
			t.Errorf("nothing at %q of %q in\n%s", c.place, c.en, listed(problems))
		})
	}
}

func TestAllThatIsWrongIsNamedAtOnce(t *testing.T) {
	s := small(
		q("range", "a"), q("text", "age"), q("text", "b", "", "foo(${age}) or bar(1)"), q("select_one nowhere", "c"),
		q("text", "d", "", "${nobody} = 1"), q("text", "e", "", "${a} = 1"),
	)
	_, problems := xlsform.Import(s.workbook(t))
	got := listed(problems)
	for _, want := range []string{"survey!A3", "survey!B4", "foo()", "bar()", "survey!A6", "survey!F7"} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is not in\n%s", want, got)
		}
	}
	if strings.Contains(got, "survey!F8") {
		t.Errorf("${a} is there, though its type is refused:\n%s", got)
	}
}

func TestFilesThatAreNoWorkbook(t *testing.T) {
	good := small().workbook(t)
	locked := append([]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), []byte(strings.Join(strings.Split("EncryptedPackage", ""), "\x00")+"\x00")...)
	for _, c := range []struct {
		name string
		data []byte
		en   string
	}{
		{"nothing", nil, "empty"},
		{"a text", []byte("type,name,label\n"), "no .xlsx workbook"},
		{"cut off", good[:len(good)/2], "no .xlsx workbook"},
		{"damaged", damaged(good), "damaged"},
		{"a zip of something else", zipOf(t, "hello.txt", []byte("hello")), "cannot be read"},
		{"an old .xls", []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1xxxx"), "old .xls"},
		{"with a password", locked, "password"},
		{"of 200 MB", append(bytes.Clone(good), make([]byte, 200<<20)...), "at most 20 MiB"},
		{"a zip bomb that says so", zipOf(t, "xl/worksheets/sheet1.xml", make([]byte, 110<<20)), "over 100 MiB"},
		{"a zip bomb of one part", zipOf(t, "xl/worksheets/sheet1.xml", make([]byte, 11<<20)), "which is too much"},
		{"a zip bomb of many parts", manyParts(t), "over 100 MiB"},
		{"a zip bomb whose directory lies", lyingZip(t), ""},
		{"too many parts", emptyParts(t, 2001), "2001 parts"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, problems := xlsform.Import(c.data)
			if d.Name != "" || len(problems) != 1 || problems[0].Place() != "" || problems[0].TH == "" || !strings.Contains(problems[0].EN, c.en) {
				t.Errorf("%s", listed(problems))
			}
		})
	}
}

func damaged(good []byte) []byte {
	out := bytes.Clone(good)
	for i := len(out) / 4; i < len(out)/4+64; i++ {
		out[i] ^= 0x55
	}
	return out
}

func zipOf(t *testing.T, name string, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	part, err := w.Create(name)
	if err == nil {
		_, err = part.Write(content)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// manyParts are parts that are each within the limits.
func manyParts(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	content := make([]byte, 9<<20) // below where the ratio counts
	for i := range 12 {
		part, err := w.Create(fmt.Sprint("xl/worksheets/sheet", i, ".xml"))
		if err == nil {
			_, err = part.Write(content)
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

func emptyParts(t *testing.T, n int) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := range n {
		if _, err := w.Create(fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// lyingZip holds 110 MiB where its directory says 1,000 bytes.
func lyingZip(t *testing.T) []byte {
	t.Helper()
	var packed bytes.Buffer
	fw, err := flate.NewWriter(&packed, flate.BestSpeed)
	if err == nil {
		_, err = io.CopyN(fw, zeros{}, 110<<20)
	}
	if err == nil {
		err = fw.Close()
	}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	if err == nil {
		var part io.Writer
		part, err = w.CreateRaw(&zip.FileHeader{
			Name: "xl/worksheets/sheet1.xml", Method: zip.Deflate,
			CompressedSize64: uint64(packed.Len()), UncompressedSize64: 1000,
		})
		if err == nil {
			_, err = part.Write(packed.Bytes())
		}
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestChangedCellsOfAnExportAreNoticed(t *testing.T) {
	f, err := survey.Parse([]byte(everything))
	if err != nil {
		t.Fatal(err)
	}
	data, err := xlsform.Export(f)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, question, column, text, en string }{
		{"an expression that also stands in CEL", "odd", "calculation", "count(${member})", "differ"},
		{"the bounds in a constraint", "income", "constraint", ". >= 3 and (. < 1000000)", "differ"},
		{"a default that also stands as JSON", "place", "default", "1 2 3", ""},
		{"a row of a table", "table_45", "name", "table_46", "rows in the table"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, problems := xlsform.Import(withCell(t, data, c.question, c.column, c.text))
			if c.en == "" { // the standard column alone: a change is a change
				if xlsform.Refused(problems) {
					t.Error(listed(problems))
				}
				return
			}
			if !strings.Contains(listed(problems), c.en) {
				t.Errorf("%s", listed(problems))
			}
		})
	}
}

// withCell changes one cell of the sheet survey.
func withCell(t *testing.T, data []byte, question, column, text string) []byte {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	rows, err := f.GetRows("survey")
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range rows {
		for j, head := range rows[0] {
			if len(r) > 1 && r[1] == question && head == column {
				at, err := excelize.CoordinatesToCellName(j+1, i+1)
				if err == nil {
					err = f.SetCellStr("survey", at, text)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	b, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
