package tables

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"
)

// imported reads CSV text as a list.
func imported[T any](t interface{ Fatal(...any) }, text string, list List, read func(*Rows, Mapping) iter.Seq2[Imported[T], error]) []Imported[T] {
	rows, err := Read("f.csv", strings.NewReader(text), ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := Match(rows.Header(), list, nil)
	if err != nil {
		t.Fatal(err)
	}
	var out []Imported[T]
	for row, err := range read(rows, m) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, row)
	}
	return out
}

func households(t *testing.T, text string) []Imported[Household] {
	t.Helper()
	return imported(t, text, HouseholdList(), Households)
}

// complaints are the problems of a row as "field: sentence".
func complaints[T any](i Imported[T]) string {
	var out []string
	for _, p := range i.Problems {
		out = append(out, p.Field+": "+p.EN)
	}
	return strings.Join(out, " / ")
}

func TestHouseholdsAreReadAsOfficesWriteThem(t *testing.T) {
	lat, lon := 15.7012, 103.5034
	tests := []struct {
		name, header, row string
		want              Household
	}{
		{"all of it", "village_code,house_no,house_reg_id,head_name,lat,lon,local_gov", "45030301,12/3,45030300001,นายสมชาย ใจดี,15.7012,103.5034,อบต.หนองแคน", Household{"45030301", "12/3", "45030300001", "นายสมชาย ใจดี", &lat, &lon, "อบต.หนองแคน"}},
		{"Thai digits and spaces", "รหัสหมู่บ้าน,บ้านเลขที่", " ๔๕๐๓ ๐๓๐๑ , เลขที่ ๑๒/๓ ", Household{Area: "45030301", HouseNo: "12/3"}},
		{"tambon and moo", "รหัสตำบล,หมู่ที่,บ้านเลขที่", "450303,หมู่ที่ ๗,5", Household{Area: "45030307", HouseNo: "5"}},
		{"no village", "รหัสตำบล,หมู่ที่,บ้านเลขที่", "450303,0,5", Household{Area: "450303", HouseNo: "5"}},
		{"numbers of a spreadsheet", "village_code,house_no,house_reg_id", "45030301.0,5.0,1030300001", Household{Area: "45030301", HouseNo: "5", HouseRegID: "01030300001"}},
		{"a code with dashes", "village_code,house_no,house_reg_id", "45030301,5,4503-030000-1", Household{Area: "45030301", HouseNo: "5", HouseRegID: "45030300001"}},
		{"a name in three cells", "village_code,house_no,คำนำหน้า,ชื่อ,นามสกุล", "45030301,5,นาย,สมชาย,ใจดี", Household{Area: "45030301", HouseNo: "5", HeadName: "นายสมชาย ใจดี"}},
		{"a foreign name in three cells", "village_code,house_no,คำนำหน้า,ชื่อ,นามสกุล", "45030301,5,Mr.,John,Smith", Household{Area: "45030301", HouseNo: "5", HeadName: "Mr. John Smith"}},
		{"a name spelled two ways", "village_code,house_no,head_name", "45030301,5,น\u0e4d\u0e32\u200b  ค\u0e33", Household{Area: "45030301", HouseNo: "5", HeadName: "นำ คำ"}},
		{"village code, tambon and moo agree", "village_code,tambon_code,moo,house_no", "45030301,450303,ม.1,5", Household{Area: "45030301", HouseNo: "5"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := households(t, tt.header+"\n"+tt.row+"\n")
			if len(got) != 1 || !got[0].OK() {
				t.Fatalf("%d rows, %s", len(got), complaints(got[0]))
			}
			same(t, got[0].Value, tt.want)
		})
	}
}

func TestBadHouseholdsAreNamedAndGoodOnesGoOn(t *testing.T) {
	tests := []struct{ name, cells, want string }{
		{"no area", ",,,5,,,,", "village_code: The area code is missing."},
		{"blank area", " \u200b,,,5,,,,", "village_code: The area code is missing."},
		{"a dash for a code", "-,,,5,,,,", "village_code: This is not an area code."},
		{"a code too short", "4503,,,5,,,,", "village_code: This must be 8 digits."},
		{"a code that cannot be", "00000001,,,5,,,,", "village_code: This is not an area code."},
		{"another moo", "45030301,,2,5,,,,", "moo: This is not the moo of the village code."},
		{"another tambon", "45030301,450304,,5,,,,", "tambon_code: This is not the tambon of the village code."},
		{"no moo", ",450303,,5,,,,", "moo: The moo is missing: write 0 if the house is in no village."},
		{"a moo in words", ",450303,เจ็ด,5,,,,", "moo: The moo must be a number from 0 to 99."},
		{"no house number", "45030301,,, ,,,,", "house_no: The house number is missing."},
		{"a house number that became a date", "45030301,,,3-Dec,,,,", "house_no: The spreadsheet made a date"},
		{"a house number that became a Thai date", "45030301,,,3 ธ.ค.,,,,", "house_no: The spreadsheet made a date"},
		{"digits lost by Excel", "45030301,,,5,4.50303E+10,,,", "house_reg_id: Excel shortened this number"},
		{"two digits lost", "45030301,,,5,450303000,,,", "house_reg_id: This must be 11 digits."},
		{"positions swapped", "45030301,,,5,,,103.5,15.7", "lat: Latitude and longitude are swapped."},
		{"half a position", "45030301,,,5,,,15.7,", "lon: There is a latitude but no longitude."},
		{"degrees and minutes", "45030301,,,5,,,15°42',103.5", "lat: Write a position in decimal degrees"},
		{"not in Thailand", "45030301,,,5,,,0,0", "lat: This position is outside Thailand"},
		{"a formula without a result", "45030301,,,5,,#REF!,,", "head_name: This cell is a formula without a result"},
		{"a name too long", "45030301,,,5,," + strings.Repeat("ก", 300) + ",,", "head_name: This text is too long."},
		{"a control character", "45030301,,,5,,ก\x01ข,,", "head_name: There are characters that cannot be read"},
		{"a delimiter in a cell", "45030301,,,5,,ก,15.7,103.5,9", ": This row has more cells than the header line"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := households(t, "village_code,tambon_code,moo,house_no,house_reg_id,head_name,lat,lon\n"+tt.cells+"\n45030302,,,9,,,,\n")
			if len(got) != 2 || !strings.HasPrefix(complaints(got[0]), tt.want) || got[0].Problems[0].Row != 2 || got[0].Problems[0].TH == "" {
				t.Errorf("got %s, want %s", complaints(got[0]), tt.want)
			}
			if !got[1].OK() {
				t.Errorf("the next row: %s", complaints(got[1]))
			}
		})
	}
}

func TestARowThatIsOKIsWhole(t *testing.T) {
	cell := rapid.OneOf(rapid.SampledFrom([]string{"", " ", "-", "45030301", "450303", "๔๕๐๓๐๓๐๑", "1", "หมู่", "\u200b", "#N/A", "0", "12/3", "2020-01-01"}),
		rapid.StringMatching(`[0-9\-. ]{0,12}`), rapid.String())
	rapid.Check(t, func(t *rapid.T) {
		var text bytes.Buffer
		w := csv.NewWriter(&text)
		_ = w.Write([]string{"village_code", "tambon_code", "moo", "house_no", "house_reg_id", "lat", "lon"})
		_ = w.Write(rapid.SliceOfN(cell, 7, 7).Draw(t, "cells"))
		w.Flush()
		rows, err := Read("f.csv", bytes.NewReader(bytes.ReplaceAll(text.Bytes(), []byte{0}, nil)), ReadOptions{})
		if err != nil {
			return
		}
		m, _ := Match(rows.Header(), HouseholdList(), nil)
		for got, err := range Households(rows, m) {
			h := got.Value
			if err == nil && got.OK() && (len(h.Area) != 8 && len(h.Area) != 6 || !onlyDigits(h.Area) || h.HouseNo == "" || len(h.HouseRegID) != 0 && len(h.HouseRegID) != 11) {
				t.Fatalf("%q was taken as %+v", got.Row.Cells, h)
			}
		}
	})
}

func TestTheSameHouseTwiceIsFound(t *testing.T) {
	got := households(t, `village_code,house_no,house_reg_id
45030301,12/3,45030300001
45030302,12/3,45030300002
45030301,๑๒ / ๓,
45030301,13,45030300001
4503030x,14,45030300003
45030301,14,45030300003
`)
	var all []string
	for _, row := range got {
		all = append(all, fmt.Sprint(row.Row.Number, " ", complaints(row)))
	}
	same(t, all, []string{
		"2 ", "3 ",
		"4 house_no: The same as in row 2 of this file.",
		"5 house_reg_id: The same as in row 2 of this file.",
		"6 village_code: This must be 8 digits.",
		"7 ",
	})
}

func TestProblemsDoNotGivePeopleAway(t *testing.T) {
	got := households(t, "village_code,house_no,house_reg_id,head_name\n45x30301,12/3,4503030000,นายสมชาย ใจดี\x02\n")
	same(t, got[0].Problems, []Problem{
		{2, "village_code", "village_code", "45x30301", got[0].Problems[0].TH, "This must be 8 digits."},
		{2, "head_name", "head_name", "xxxxxxxxxxxดี\x02", got[0].Problems[1].TH, "There are characters that cannot be read: type this cell again."},
	})
	if n := got[0].Notes; len(n) != 1 || n[0].Value != "xxxxxxx000" {
		t.Errorf("notes: %+v", n)
	}
}

func TestAnXLSXListWithItsOwnTraps(t *testing.T) {
	data := workbook(t, func(f *excelize.File) {
		set(f, map[string]any{
			"A1": "รหัสหมู่บ้าน", "B1": "บ้านเลขที่", "C1": "เลขรหัสประจำบ้าน", "E1": "ละติจูด", "F1": "ลองจิจูด",
			"A2": 45030301, "B2": "12/3", "C2": 1030300001, "E2": 15.7, "F2": 103.5, "H2": "จดข้างตาราง",
			"A3": 45030301, "B3": time.Date(2026, 3, 12, 0, 0, 0, 0, time.UTC),
		})
	})
	rows, err := Read("บ้าน.xlsx", bytes.NewReader(data), ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := Match(rows.Header(), HouseholdList(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for row, err := range Households(rows, m) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, row.Value.HouseRegID+" "+complaints(row))
	}
	same(t, got, []string{"01030300001 ", " house_no: The spreadsheet made a date of this house number: make the column text and type it again."})
}

func TestVillagesAreReadAsOfficesWriteThem(t *testing.T) {
	const header = "รหัสหมู่บ้าน,ชื่อหมู่บ้าน,english name,รหัส อปท.,อปท.,ประเภท อปท.,lat,lon,ใช้ตั้งแต่,ใช้ถึง,รหัสเดิม\n"
	lat, lon := 15.7, 103.5
	got := imported(t, header+
		"45030301,บ้านน้ำคำ,Ban Nam Kham,06450301,อบต.หนองแคน,,15.7,103.5,31 ม.ค. 2550,2563-12-31,45030201\n"+
		"45039901,ก,,,เทศบาลนคร ก,เทศบาลเมือง,,,,,\n", VillageList(), Villages)
	same(t, got[0].Value, Village{"45030301", "บ้านน้ำคำ", "Ban Nam Kham", "06450301", "อบต.หนองแคน", "sao", &lat, &lon, "2007-01-31", "2020-12-31", "45030201"})
	if !got[0].OK() || !got[1].OK() || got[1].Value.LocalGovKind != "town_municipality" || got[0].Value.Moo() != 1 {
		t.Errorf("%s, %s, %+v", complaints(got[0]), complaints(got[1]), got[1].Value)
	}
	if len(got[0].Notes) != 0 || len(got[1].Notes) != 1 {
		t.Errorf("an unknown tambon is a note: %+v, %+v", got[0].Notes, got[1].Notes)
	}
	bad := []struct{ name, cells, want string }{
		{"no name", "45030301,,,,,,,,,,", "name_th: The village's name is missing."},
		{"no such kind", "45030301,ก,,,,ชมรม,,,,,", "local_gov_kind: There is no such kind"},
		{"ends before it starts", "45030301,ก,,,,,,,2563-01-01,2562-01-01,", "valid_to: The last day is before the first."},
		{"its own predecessor", "45030301,ก,,,,,,,,,45030301", "predecessor: This is the village's own code."},
		{"no day", "45030301,ก,,,,,,,31/2/2563,,", "valid_from: This is not a date"},
		{"no village", "45030300,ก,,,,,,,,,", "village_code: This is not an area code."},
	}
	for _, tt := range bad {
		t.Run(tt.name, func(t *testing.T) {
			if row := imported(t, header+tt.cells+"\n", VillageList(), Villages)[0]; !strings.HasPrefix(complaints(row), tt.want) {
				t.Errorf("got %s, want %s", complaints(row), tt.want)
			}
		})
	}
	twice := imported(t, header+"45030301,ก,,,,,,,,,\n45030301,ข,,,,,,,,,\n", VillageList(), Villages)
	if twice[0].Problems != nil || complaints(twice[1]) != "village_code: The same as in row 2 of this file." {
		t.Errorf("a code twice: %s", complaints(twice[1]))
	}
}

func TestDatesAreReadInEitherEra(t *testing.T) {
	tests := []struct{ text, want string }{
		{"2020-01-31", "2020-01-31"},
		{"2563-01-31", "2020-01-31"},
		{"31/1/2563", "2020-01-31"},
		{"31-01-2020", "2020-01-31"},
		{"๓๑ มกราคม พ.ศ. ๒๕๖๓", "2020-01-31"},
		{"วันที่ 31 ม.ค. 2563", "2020-01-31"},
		{"29 กพ 2563", "2020-02-29"},
		{"2020-01-31 00:00:00", "2020-01-31"},
		{"29/2/2562", ""},
		{"1/13/2563", ""},
		{"31/1/63", ""},
		{"2563", ""},
		{"31 มกรา 2563", ""},
		{"0001-01-01", ""},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			row := imported(t, "รหัสหมู่บ้าน,ชื่อหมู่บ้าน,ใช้ตั้งแต่\n45030301,ก,"+tt.text+"\n", VillageList(), Villages)[0]
			if row.Value.ValidFrom != tt.want || row.OK() != (tt.want != "") {
				t.Errorf("got %q, %s", row.Value.ValidFrom, complaints(row))
			}
		})
	}
}

func TestRejectsCanBeCorrectedAndReadAgain(t *testing.T) {
	got := households(t, "village_code,house_no,note\n4503,'=1+1,\"ก, ข\"\n45030301,5,\n,,x\n")
	var out bytes.Buffer
	w, err := NewRejects(&out, []string{"village_code", "house_no", "note"})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range got {
		if row.OK() {
			continue
		}
		if err := w.Write(row.Row, row.Problems); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil || w.Rows() != 2 {
		t.Fatal(w.Rows(), err)
	}
	lines := strings.Split(strings.TrimPrefix(out.String(), utf8BOM), "\r\n")
	same(t, lines[0], "_row,_เหตุผล,_reason,village_code,house_no,note")
	same(t, lines[1], `2,village_code: ต้องเป็นตัวเลข 8 หลัก,village_code: This must be 8 digits.,4503,'=1+1,"ก, ข"`)
	again := households(t, strings.Replace(out.String(), ",4503,", ",45030302,", 1))
	if !again[0].OK() || again[0].Value.Area != "45030302" || again[0].Value.HouseNo != "=1+1" {
		t.Errorf("the corrected row: %+v, %s", again[0].Value, complaints(again[0]))
	}
}
