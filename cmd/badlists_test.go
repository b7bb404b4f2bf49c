package cmd_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"

	"tambonsync/server/store"
)

// surveyed makes an office with a round of a tambon, and says what is in it:
// its villages and how many households.
func surveyed(t *testing.T) (data string, holds func() string) {
	t.Helper()
	data = filepath.Join(t.TempDir(), "office")
	tell(t.Context(), t, "", "tambonsync", "init", "--data", data, "--json")
	tell(t.Context(), t, "", "tambonsync", "round", "open", "--data", data, "--form", "bmn-2560", "--area", "450303", "--reference-date", "2020-01-01", "--json")
	return data, func() string {
		t.Helper()
		s, err := store.Open(t.Context(), data)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = s.Close() }()
		villages, err := s.Villages(t.Context(), "45")
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		for _, v := range villages {
			fmt.Fprintf(&b, "%s %s, ", v.Code, v.NameTH)
		}
		sum := decode[struct{ Households struct{ Total int } }](t,
			tell(t.Context(), t, "", "tambonsync", "summary", "--data", data, "--area", "450303", "--json"))
		fmt.Fprintf(&b, "%d households", sum.Households.Total)
		return b.String()
	}
}

// houses is a list of so many households, of which every tenth has no house
// number and every hundredth lies in another tambon.
func houses(n int) string {
	var b strings.Builder
	b.WriteString("รหัสหมู่บ้าน,บ้านเลขที่,ชื่อหัวหน้าครัวเรือน\r\n")
	for i := 1; i <= n; i++ {
		code, no := 45030301+i%5, fmt.Sprintf("%d/1", i)
		switch {
		case i%100 == 1:
			code = 45040101
		case i%10 == 0:
			no = ""
		}
		fmt.Fprintf(&b, "%d,%s,นาย ก %d\r\n", code, no, i)
	}
	return b.String()
}

func TestBadListsAreRefusedByPlace(t *testing.T) {
	data, holds := surveyed(t)
	before := holds()
	const villages = "รหัสหมู่บ้าน,ชื่อหมู่บ้าน\n45030301,หนองแคน\n"
	for _, c := range []struct {
		name, command string
		file          func(*testing.T) string
		place, th, en string
	}{
		{"a list without village codes", "area", madeFile("villages.csv", "ชื่อ,ประชากร\nหนองแคน,120\n"), "ประชากร", "ไฟล์ขาดคอลัมน์", "the file lacks"},
		{"a list without house numbers", "household", madeFile("houses.csv", "รหัสหมู่บ้าน,อายุ\n45030301,5\n"), "house_no", "ไฟล์ขาดคอลัมน์", "the file lacks"},
		{"two columns for one thing", "area", madeFile("villages.csv", "ชื่อหมู่บ้าน,ชื่อหมู่บ้าน,รหัสหมู่บ้าน\nก,ข,45030301\n"), "name_th", "คอลัมน์", "both"},
		{"nothing", "area", madeFile("none.csv", ""), "none.csv", "ว่างเปล่า", "empty"},
		{"a quotation mark without its partner at the end", "household", madeFile("houses.csv", houses(1200)+"45030301,\"7/1,นาย ก\r\n"), "1202", "แถว 1202", "row 1202"},
		{"damaged UTF-8", "area", madeFile("villages.csv", villages+"45030302,หนอง\xe0\xb8 แคน\n"), "villages.csv", "แถว 3", "row 3"},
		{"an old workbook", "area", madeFile("villages.xls", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "villages.xls", "รุ่นเก่า", "old Excel file"},
		{"200 MB", "household", hollowFile, "huge.xlsx", "50 MiB", "50 MiB"},
		{"a zip bomb", "household", bombOf("xl/worksheets/sheet1.xml", 1, 310<<20), "bomb.xlsx", "", ""},
		{"pictures", "area", madeFile("villages.csv", "\x89PNG\r\n\x1a\n\x00\x00"), "villages.csv", "ไม่ใช่ไฟล์ CSV", "neither a CSV"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := c.file(t)
			for language, words := range map[string]string{"": c.th, "en": c.en} {
				said := refused(t, language, "tambonsync", c.command, "import", path, "--data", data)
				if !strings.Contains(said, c.place) || !strings.Contains(said, words) {
					t.Errorf("language %q: want %q and %q in\n%s", language, c.place, words, said)
				}
				if language == "" && !inThai(said) {
					t.Errorf("not in Thai:\n%s", said)
				}
			}
			if after := holds(); after != before {
				t.Errorf("the office held %s, now %s", before, after)
			}
		})
	}
}

// taken is what import prints of a list.
type taken struct {
	File                         struct{ Encoding string }
	Rows, Imported, Already, Bad int
	Problems                     []struct{ Row int }
}

// TestAnOldListIsReadAsItWasWritten has Thai as spreadsheets wrote it before
// Unicode.
func TestAnOldListIsReadAsItWasWritten(t *testing.T) {
	data, holds := surveyed(t)
	old, err := charmap.Windows874.NewEncoder().String("รหัสหมู่บ้าน,ชื่อหมู่บ้าน,องค์กรปกครองส่วนท้องถิ่น\r\n45030301,หนองแคน,อบต.หนองแคน\r\n45030302,โนนสวรรค์ ๒,อบต.หนองแคน\r\n")
	if err != nil {
		t.Fatal(err)
	}
	got := decode[taken](t, tell(t.Context(), t, "", "tambonsync", "area", "import", madeFile("villages.csv", old)(t), "--data", data, "--json"))
	if got.File.Encoding != "CP874" || got.Imported != 2 || got.Bad != 0 {
		t.Errorf("%+v", got)
	}
	if s := holds(); !strings.Contains(s, "45030301 หนองแคน") || !strings.Contains(s, "45030302 โนนสวรรค์") {
		t.Errorf("the office holds %s", s)
	}
}

// TestTheGoodRowsOfABadListGoIn takes 5,000 rows in, of which 500 are bad, and
// then those again as somebody mends them in the file of rejects.
func TestTheGoodRowsOfABadListGoIn(t *testing.T) {
	data, holds := surveyed(t)
	path, rejects := madeFile("houses.csv", houses(5000))(t), filepath.Join(t.TempDir(), "bad.csv")
	take := func(path string, more ...string) taken {
		t.Helper()
		args := append([]string{"household", "import", path, "--data", data, "--json"}, more...)
		return decode[taken](t, tell(context.WithoutCancel(t.Context()), t, "", "tambonsync", args...))
	}
	if got := take(path, "--dry-run"); got.Imported != 4450 || got.Bad != 550 || len(got.Problems) != 200 || got.Problems[0].Row != 2 {
		t.Errorf("tried: %d in, %d bad, %d told, the first in row %d", got.Imported, got.Bad, len(got.Problems), got.Problems[0].Row)
	}
	if s := holds(); s != "0 households" {
		t.Errorf("trying it changed the office: %s", s)
	}
	if got := take(path, "--rejects", rejects); got.Rows != 5000 || got.Imported != 4450 || got.Bad != 550 {
		t.Errorf("%d rows, %d in, %d bad", got.Rows, got.Imported, got.Bad)
	}
	bad := readCSV(t, rejects)
	if len(bad) != 550 || bad[0]["_row"] != "2" || !strings.Contains(bad[1]["_เหตุผล"], "ไม่มีบ้านเลขที่") || !strings.Contains(bad[1]["_reason"], "missing") {
		t.Fatalf("%d rejects, such as %v and %v", len(bad), bad[0], bad[1])
	}
	var mended strings.Builder
	mended.WriteString("_row,_เหตุผล,_reason,รหัสหมู่บ้าน,บ้านเลขที่,ชื่อหัวหน้าครัวเรือน\r\n")
	for i, row := range bad {
		fmt.Fprintf(&mended, "%s,x,x,45030309,%d,%s\r\n", row["_row"], i+1, row["ชื่อหัวหน้าครัวเรือน"])
	}
	if got := take(madeFile("mended.csv", mended.String())(t)); got.Imported != 550 || got.Bad != 0 {
		t.Errorf("mended: %d in, %d bad", got.Imported, got.Bad)
	}
	if got := take(path); got.Imported != 0 || got.Already != 4450 {
		t.Errorf("taken in twice: %d in, %d there already", got.Imported, got.Already)
	}
	if s := holds(); s != "5000 households" {
		t.Errorf("the office holds %s", s)
	}
}
