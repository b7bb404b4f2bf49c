package cmd_test

import (
	"archive/zip"
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/xuri/excelize/v2"
)

// What a refusal may cost. The program itself takes some 80 MB.
const (
	refusalTime   = 10 * time.Second
	refusalMemory = 300 << 20
)

// refused runs a program that must refuse its input: with exit code 2, in
// little time and memory. It returns what was said.
func refused(t *testing.T, language, program string, args ...string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), filepath.Join(bin, program), args...)
	c.Env = append(os.Environ(), "TAMBONSYNC_LANG="+language)
	begin := time.Now()
	out, err := c.CombinedOutput()
	took := time.Since(begin)
	if c.ProcessState.ExitCode() != 2 {
		t.Errorf("%s %s: %v, want exit code 2\n%s", program, strings.Join(args, " "), err, out)
	}
	if took > refusalTime {
		t.Errorf("it took %v", took)
	}
	if n := peak(c.ProcessState); n > refusalMemory {
		t.Errorf("it took %d MB of memory", n>>20)
	}
	if strings.Contains(string(out), "goroutine") {
		t.Errorf("it broke down:\n%s", out)
	}
	return string(out)
}

func inThai(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Thai, r) })
}

const (
	smallHead     = "type | name | label::Thai (th) | label::English (en) | relevant | calculation\n"
	smallChoices  = "list_name | name | label\nyes_no | yes | ใช่\nyes_no | no | ไม่ใช่\n"
	smallSettings = "form_title | form_id | version\nบ่อ | well | 1\n"
)

// small is a workbook with these rows on the sheet survey, below its heading.
func small(rows string) func(*testing.T) string {
	return func(t *testing.T) string {
		return workbook(t, "form.xlsx", sheet{"survey", smallHead + rows}, sheet{"choices", smallChoices}, sheet{"settings", smallSettings})
	}
}

// TestBadFormsAreRefusedByPlace gives the office's program files that it
// must not take. Each is refused in a sentence with the place, in Thai and
// in English, and the office stays as it was.
func TestBadFormsAreRefusedByPlace(t *testing.T) {
	data := filepath.Join(t.TempDir(), "office")
	tell(t.Context(), t, "", "tambonsync", "init", "--data", data, "--json")
	tell(t.Context(), t, "", "tambonsync", "form", "import", small("text | owner | เจ้าของ | Owner")(t), "--data", data, "--json")
	forms := func() string {
		return string(tell(t.Context(), t, "", "tambonsync", "form", "list", "--data", data, "--json"))
	}
	before := forms()
	for _, c := range []struct {
		name   string
		file   func(*testing.T) string
		place  string
		th, en string
	}{
		{"a calculation of itself", small("calculate | a | | | | ${b} + 1\ncalculate | b | | | | ${a} * 2"), "survey!F2", "ขึ้นกับตัวเอง", "depends on itself"},
		{"a skip that depends on itself", small("text | a | ก | A | ${b} = 'x'\ntext | b | ข | B | ${a} = 'x'"), "survey!E2", "ขึ้นกับตัวเอง", "depends on itself"},
		{"an unknown function", small("integer | a | ก | A\ncalculate | b | | | | frobnicate(${a})"), "survey!F3", "frobnicate()", "frobnicate() is not supported"},
		{"an unknown question", small("text | a | ก | A | ${nobody} = 1"), "survey!E2", "nobody", "nobody"},
		{"a name twice", small("integer | a | ก | A\ntext | a | ข | B"), "survey!B3", "แถว 2", "row 2"},
		{"a sheet of another name", func(t *testing.T) string {
			return workbook(t, "form.xlsx", sheet{"suvrey", smallHead + "text | a | ก | A"}, sheet{"settings", smallSettings})
		}, "form.xlsx", `ไม่มีแผ่นงานชื่อ "survey"`, `no sheet "survey"; the workbook has "อ่านก่อน", "suvrey", "settings"`},
		{"200 MB", hollowFile, "huge.xlsx", "200 MB", "200 MB"},
		{"a zip bomb of one part", bombOf("xl/worksheets/sheet1.xml", 1, 110<<20), "bomb.xlsx", "100 MiB", "100 MiB"},
		{"a zip bomb of many parts", bombOf("xl/worksheets/sheet%d.xml", 30, 9<<20), "bomb.xlsx", "100 MiB", "100 MiB"},
		{"a sheet that fills all memory", fatSheet, "survey", "แถว", "rows"},
		{"a table of texts that fills all memory", fatTexts, "xl/sharedStrings.xml", "ข้อความหรือรูปแบบมากเกินไป", "too many texts"},
		{"a password", lockedFile, "locked.xlsx", "รหัสผ่าน", "password"},
		{"an old workbook", madeFile("old.xls", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 an old workbook"), "old.xls", ".xls", ".xls"},
		{"an old workbook under a new name", madeFile("old.xlsx", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 an old workbook"), "old.xlsx", ".xls", "old .xls"},
		{"a web page under a workbook's name", madeFile("page.xlsx", "<html>"), "page.xlsx", "ไม่ใช่สมุดงาน", "no .xlsx workbook"},
		{"an empty file", madeFile("none.xlsx", ""), "none.xlsx", "ว่างเปล่า", "empty"},
		{"brackets without end", madeFile("deep.json", strings.Repeat("[", 3<<20)), "deep.json", "", ""},
		{"YAML that multiplies itself", madeFile("laughs.yaml", laughs()), "laughs.yaml", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := c.file(t)
			for language, words := range map[string]string{"": c.th, "en": c.en} {
				said := refused(t, language, "tambonsync", "form", "import", path, "--data", data, "--publish")
				if !strings.Contains(said, c.place) || !strings.Contains(said, words) {
					t.Errorf("language %q: want %q and %q in\n%s", language, c.place, words, said)
				}
				if language == "" && !inThai(said) {
					t.Errorf("not in Thai:\n%s", said)
				}
			}
			if after := forms(); after != before {
				t.Errorf("the office changed from\n%s\nto\n%s", before, after)
			}
		})
	}
}

func madeFile(name, content string) func(*testing.T) string {
	return func(t *testing.T) string {
		t.Helper()
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
}

// hollowFile says that it has 200 MB and takes no room on the disk.
func hollowFile(t *testing.T) string {
	t.Helper()
	path := madeFile("huge.xlsx", "PK\x03\x04")(t)
	if err := os.Truncate(path, 200<<20); err != nil {
		t.Fatal(err)
	}
	return path
}

func laughs() string {
	s := "a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha, ha]\n"
	for i := range 9 {
		s += fmt.Sprintf("a%d: &a%d [%s]\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i), 10), ", "))
	}
	return s
}

// bombOf makes a zip of parts that are all zeros.
func bombOf(name string, parts int, each int64) func(*testing.T) string {
	return func(t *testing.T) string {
		return zipped(t, "bomb.xlsx", func(z *zip.Writer) error {
			for i := range parts {
				part := name
				if parts > 1 {
					part = fmt.Sprintf(name, i)
				}
				w, err := z.Create(part)
				if err != nil {
					return err
				}
				if _, err := io.CopyN(w, zeros{}, each); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

func zipped(t *testing.T, name string, fill func(*zip.Writer) error) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	z := zip.NewWriter(f)
	if err := fill(z); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// fatSheet is a sound workbook but for its sheet survey, which has as many
// cells as the limits on files let through.
func fatSheet(t *testing.T) string {
	t.Helper()
	return replaced(t, "xl/worksheets/sheet2.xml", func(w io.Writer) {
		fmt.Fprint(w, `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>`)
		for row := 1; row <= 150_000; row++ {
			fmt.Fprintf(w, `<row r="%d"><c r="A%d" t="inlineStr"><is><t>text%d</t></is></c><c r="B%d" t="inlineStr"><is><t>q%d</t></is></c><c r="C%d"><v>%d</v></c><c r="D%d"><v>1</v></c></row>`,
				row, row, row*7919, row, row, row, row*31, row)
		}
		fmt.Fprint(w, `</sheetData></worksheet>`)
	})
}

// fatTexts is the same with the table of texts that cells share.
func fatTexts(t *testing.T) string {
	t.Helper()
	return replaced(t, "xl/sharedStrings.xml", func(w io.Writer) {
		fmt.Fprint(w, `<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">`)
		for i := range 1_000_000 {
			fmt.Fprintf(w, `<si><t>%d</t></si>`, i*7919)
		}
		fmt.Fprint(w, `</sst>`)
	})
}

// replaced is a good workbook with other content in one part.
func replaced(t *testing.T, name string, content func(io.Writer)) string {
	t.Helper()
	good, err := zip.OpenReader(small("text | a | ก | A")(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = good.Close() }()
	found := false
	path := zipped(t, "fat.xlsx", func(z *zip.Writer) error {
		for _, part := range good.File {
			if part.Name != name {
				if err := z.Copy(part); err != nil {
					return err
				}
				continue
			}
			w, err := z.Create(name)
			if err != nil {
				return err
			}
			found = true
			out := bufio.NewWriter(w)
			content(out)
			if err := out.Flush(); err != nil {
				return err
			}
		}
		return nil
	})
	if !found {
		t.Fatalf("the workbook has no part %s", name)
	}
	return path
}

// lockedFile is a good workbook that asks for a password.
func lockedFile(t *testing.T) string {
	t.Helper()
	f, err := excelize.OpenFile(small("text | a | ก | A")(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	path := filepath.Join(t.TempDir(), "locked.xlsx")
	if err := f.SaveAs(path, excelize.Options{Password: "secret"}); err != nil {
		t.Fatal(err)
	}
	return path
}
