package tables

import (
	"strings"
	"testing"
)

func TestMatchFindsColumnsByWhatOfficesCallThem(t *testing.T) {
	header := []string{"ลำดับ", "รหัสหมู่บ้าน ๘ หลัก", "บ้านเลขที่*", "ชื่อหัวหน้าครัวเรือน", "LAT", "หมู่\u200bที่", "", "House_Reg_ID", "เลข\u0e4d\u0e32"}
	m, err := Match(header, HouseholdList(), nil)
	if err != nil {
		t.Fatal(err)
	}
	same(t, m.Matched, []Matched{
		{"B", "รหัสหมู่บ้าน ๘ หลัก", "village_code", ByAlias},
		{"C", "บ้านเลขที่*", "house_no", ByLabel},
		{"D", "ชื่อหัวหน้าครัวเรือน", "head_name", ByLabel},
		{"E", "LAT", "lat", ByName},
		{"F", "หมู่\u200bที่", "moo", ByLabel},
		{"H", "House_Reg_ID", "house_reg_id", ByName},
	})
	same(t, m.Unmatched, []string{"ลำดับ", "เลข\u0e4d\u0e32"})
	same(t, m.Missing, []string{})
	if normal("ตำบล\u0e4d\u0e32") != normal("ตำบล\u0e33") {
		t.Error("two spellings of ำ differ")
	}
}

func TestMatchSaysWhatIsMissing(t *testing.T) {
	m, err := Match([]string{"รหัสตำบล", "ชื่อ"}, HouseholdList(), nil)
	if err != nil {
		t.Fatal(err)
	}
	same(t, m.Missing, []string{"village_code | tambon_code + moo", "house_no"})
	rows, err := Read("f.csv", strings.NewReader("รหัสตำบล,ชื่อ\n450303,ก\n"), ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range Households(rows, m) {
		if err == nil || !strings.Contains(err.Error(), "f.csv, row 1: columns are missing: village_code") {
			t.Errorf("rows were read: %v", err)
		}
	}
}

func TestMatchDoesWhatThePersonSays(t *testing.T) {
	header := []string{"code", "เลขที่", "บ้านเลขที่", "บ้านเลขที่", "a=b"}
	tests := []struct {
		name     string
		explicit []string
		houseNo  string // the column taken
		err      string
	}{
		{"two columns are the same field", nil, "", "columns C (บ้านเลขที่) and D (บ้านเลขที่) are both house_no"},
		{"by header", []string{"เลขที่=house_no"}, "B", ""},
		{"by letter", []string{"#d=house_no"}, "D", ""},
		{"by number", []string{"#3=house_no"}, "C", ""},
		{"a header with an equals sign", []string{"a=b=house_no"}, "E", ""},
		{"left out", []string{"#C=-", "#D=-"}, "B", ""},
		{"a header that stands twice", []string{"บ้านเลขที่=house_no"}, "", "2 columns are called"},
		{"no such column", []string{"ชื่อ=house_no"}, "", "0 columns are called"},
		{"no such field", []string{"code=colour"}, "", `there is no field "colour"; the fields are village_code`},
		{"no field", []string{"code"}, "", "write column=field"},
		{"two by hand", []string{"#B=house_no", "#C=house_no"}, "", "are both house_no"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, err := Match(header, HouseholdList(), tt.explicit)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("got %v, want %q", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range m.Matched {
				if c.Field == "house_no" && c.Column != tt.houseNo {
					t.Errorf("house_no is column %s, want %s", c.Column, tt.houseNo)
				}
			}
			if !m.has("house_no") {
				t.Error("no column is house_no")
			}
		})
	}
}

func TestFieldsOfAListDoNotMeanTheSame(t *testing.T) {
	for _, list := range []List{HouseholdList(), VillageList()} {
		meaning := map[string]string{}
		for _, f := range list.Fields {
			for _, text := range append([]string{f.Name, f.TH, f.EN}, f.Aliases...) {
				if other, taken := meaning[normal(text)]; taken && other != f.Name {
					t.Errorf("%s: %q means %s and %s", list.Name, text, other, f.Name)
				}
				meaning[normal(text)] = f.Name
			}
		}
	}
}
