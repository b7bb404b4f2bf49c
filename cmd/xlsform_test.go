package cmd_test

import (
	"encoding/csv"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tambonsync/syncproto/survey"
)

// waterSurvey is what a public health office types: 60 questions in groups, a
// repeat, a cascade, skips, constraints, and Thai and English beside each other.
const waterSurvey = `
type | name | label::Thai (th) | label::English (en) | hint::Thai (th) | required | relevant | constraint | constraint_message::Thai (th) | constraint_message::English (en) | calculation | choice_filter | default | appearance
start | start
today | visit_day
note | intro | แบบสำรวจน้ำ ขยะ และสุขาภิบาลของครัวเรือน | Household water, waste and sanitation
begin_group | place | ที่ตั้ง | Place | | | | | | | | | | field-list
text | house_no | บ้านเลขที่ | House number | เช่น 12/3 | yes
select_one amphoe | amphoe | อำเภอ | District | | yes
select_one tambon | tambon | ตำบล | Subdistrict | | yes | | | | | | amphoe = ${amphoe}
geopoint | gps | พิกัดบ้าน | Position of the house
image | photo | รูปหน้าบ้าน | Picture of the house
end_group
begin_group | informant | ผู้ให้ข้อมูล | Informant
text | full_name | ชื่อ–สกุล | Name | | yes
text | citizen_id | เลขประจำตัวประชาชน | Citizen id | | | | regex(., '^[0-9]{13}$') | เลขประจำตัวต้องมี 13 หลัก | A citizen id has 13 digits.
date | born | วันเกิด | Date of birth | | | | . <= today() | วันเกิดต้องไม่เกินวันนี้ | Nobody is born tomorrow.
calculate | age | | | | | | | | | int((today() - ${born}) div 365.25)
select_one yes_no | consent | ยินยอมให้ข้อมูล | Agrees to answer | | yes
integer | people | จำนวนคนในบ้าน | People in the house | | yes | | . >= 1 and . = count(${person}) | จำนวนคนไม่ตรงกับรายชื่อ | The number is not that of the list.
end_group
begin_repeat | person | คนในบ้าน | Person
text | p_name | ชื่อ | Name | | yes
integer | p_age | อายุ (ปี) | Age (years) | | yes | | . >= 0 and . <= 120 | อายุต้องอยู่ระหว่าง 0 ถึง 120 ปี | An age is between 0 and 120 years.
select_one sex | p_sex | เพศ | Sex
select_one yes_no | p_ill | ปีนี้เคยท้องร่วง | Had diarrhoea this year
integer | p_ill_times | ท้องร่วงกี่ครั้ง | How many times | | | ${p_ill} = 'yes' | . > 0
select_one yes_no | p_school | เรียนอยู่ | At school | | | ${p_age} >= 3 and ${p_age} < 25
decimal | p_income | รายได้ต่อปี (บาท) | Income a year (baht) | | | ${p_age} >= 15 | . >= 0
end_repeat
begin_group | water | น้ำ | Water
select_multiple source | sources | แหล่งน้ำที่ใช้ | Sources of water | | yes | | not(selected(., 'none') and count-selected(.) > 1) | เลือก "ไม่มี" แล้วเลือกอย่างอื่นไม่ได้ | None goes alone.
decimal | well_depth | บ่อลึก (เมตร) | Depth of the well (m) | | | selected(${sources}, 'well') | . > 0 and . < 500 | ไม่มีบ่อที่ลึกขนาดนี้ | No well is that deep.
select_one yes_no | well_lid | บ่อมีฝาปิด | The well has a lid | | | selected(${sources}, 'well')
integer | jars | โอ่งน้ำฝน (ใบ) | Rain jars | | | selected(${sources}, 'rain') | . >= 0
decimal | jar_size | ขนาดโอ่ง (ลิตร) | Size of a jar (litres) | | | ${jars} > 0
calculate | rain_litres | | | | | | | | | ${jars} * ${jar_size}
integer | tap_hours | น้ำประปาไหลวันละ (ชั่วโมง) | Hours of tap water a day | | | selected(${sources}, 'tap') | . <= 24
decimal | tap_bill | ค่าน้ำต่อเดือน (บาท) | Water bill a month (baht) | | | selected(${sources}, 'tap')
integer | bottles | น้ำถังต่อสัปดาห์ | Bottles a week | | | selected(${sources}, 'bottle')
select_one yes_no | drinks_enough | น้ำดื่มพอตลอดปี | Enough to drink all year | | yes
select_multiple months | dry_months | เดือนที่น้ำไม่พอ | Months without enough | | | ${drinks_enough} = 'no'
select_one yes_no | boils | ต้มน้ำก่อนดื่ม | Boils water to drink | | yes
text | why_not_boil | ไม่ต้มเพราะ | Why not | | yes | ${boils} = 'no'
select_one yes_no | tested | เคยตรวจคุณภาพน้ำ | Water was tested
date | tested_on | ตรวจเมื่อ | Tested on | | | ${tested} = 'yes' | . <= today()
decimal | ph | ค่า pH | pH | | | ${tested} = 'yes' | . >= 0 and . <= 14
end_group
begin_group | toilet | ส้วม | Toilet
select_one toilet | toilet_kind | ชนิดของส้วม | Kind of toilet | | yes
integer | toilet_shared | ใช้ร่วมกันกี่ครัวเรือน | Households that share it | | | ${toilet_kind} != 'none' | . >= 1 | | | | | 1
decimal | toilet_to_well | ส้วมห่างบ่อ (เมตร) | Metres from the well | | | ${toilet_kind} != 'none' and selected(${sources}, 'well')
note | too_near | ส้วมใกล้บ่อเกินไป | The toilet is too near the well | | | ${toilet_to_well} < 30
integer | pit_year | ปีที่สูบครั้งสุดท้าย (ค.ศ.) | Year it was last emptied | | | ${toilet_kind} = 'pit' | . > 1950
select_one yes_no | hand_soap | มีสบู่ล้างมือ | Soap to wash hands
end_group
begin_group | waste | ขยะ | Waste
integer | kilos | ขยะต่อวัน (กก.) | Waste a day (kg) | | | | . >= 0 and . <= 200
select_one yes_no | sorts | แยกขยะ | Sorts waste | | yes
select_multiple kind | sorted | แยกอะไรบ้าง | What is sorted | | | ${sorts} = 'yes'
select_one yes_no | sells | ขายของเก่า | Sells scrap | | | ${sorts} = 'yes'
decimal | scrap_income | ขายได้ต่อเดือน (บาท) | Scrap income a month (baht) | | | ${sells} = 'yes' | . >= 0
select_one yes_no | burns | เผาขยะ | Burns waste
select_one yes_no | compost | ทำปุ๋ยหมัก | Makes compost
integer | hens | ไก่ (ตัว) | Hens | | | | . >= 0
integer | dogs | สุนัข (ตัว) | Dogs | | | | . >= 0
integer | dogs_vaccinated | สุนัขที่ฉีดวัคซีน | Dogs vaccinated | | | ${dogs} > 0 | . <= ${dogs} | มากกว่าจำนวนสุนัขที่มี | More than there are dogs.
end_group
calculate | income | | | | | | | | | sum(${p_income})
calculate | ill | | | | | | | | | count(${person}[p_ill = 'yes'])
calculate | income_each | | | | | | | | | round(${income} div count(${person}), 2)
note | poor | รายได้ต่อคนน้อย | Little income a head | | | ${income_each} < 38000
begin_group | follow | ติดตาม | Follow-up | | | ${consent} = 'yes'
text | phone | โทรศัพท์ | Telephone | | | | string-length(.) = 9 or string-length(.) = 10 | เบอร์โทรศัพท์มี 9 หรือ 10 หลัก | A number has 9 or 10 digits.
time | best_time | เวลาที่สะดวก | Best time
dateTime | seen_at | พบเมื่อ | Seen at
barcode | sticker | สติกเกอร์ | Sticker
image | sign | ลายมือชื่อ | Signature | | | | | | | | | | signature
end_group
`

const waterChoices = `
list_name | name | label::Thai (th) | label::English (en) | amphoe
amphoe | 4503 | ปทุมรัตต์ | Pathum Rat
amphoe | 4504 | จตุรพักตรพิมาน | Chaturaphak Phiman
tambon | 450303 | หนองแคน | Nong Khaen | 4503
tambon | 450401 | หัวช้าง | Hua Chang | 4504
yes_no | yes | ใช่ | Yes
yes_no | no | ไม่ใช่ | No
sex | m | ชาย | Male
sex | f | หญิง | Female
source | tap | ประปา | Tap
source | well | บ่อ | Well
source | rain | น้ำฝน | Rain
source | bottle | น้ำถัง | Bottles
source | none | ไม่มี | None
months | mar | มีนาคม | March
months | apr | เมษายน | April
toilet | flush | ชักโครก | Flush
toilet | pit | หลุม | Pit
toilet | none | ไม่มี | None
kind | glass | แก้ว | Glass
kind | paper | กระดาษ | Paper
`

const waterSettings = `
form_title | form_id | version | default_language
น้ำ ขยะ และสุขาภิบาล | water | 3 | Thai (th)
`

func waterWorkbook(t *testing.T) string {
	t.Helper()
	return workbook(t, "water.xlsx", sheet{"survey", waterSurvey}, sheet{"choices", waterChoices}, sheet{"settings", waterSettings})
}

// tablet types at the tablet program.
type tablet struct {
	t     *testing.T
	store string
}

func (b tablet) field(input string, args ...string) []byte {
	b.t.Helper()
	return tell(b.t.Context(), b.t, input, "tambonfield", append(args, "--store", b.store, "--json")...)
}

// saved is what put prints of a record.
type saved struct {
	ID       string           `json:"id"`
	Problems []survey.Problem `json:"problems"`
}

func (b tablet) put(record map[string]any) saved {
	b.t.Helper()
	return decode[saved](b.t, b.field(encode(record), "put"))
}

// judged is what indicators prints of a household.
type judged struct {
	State    survey.State     `json:"state"`
	Complete bool             `json:"complete"`
	Missing  []string         `json:"missing"`
	Problems []survey.Problem `json:"problems"`
}

func (b tablet) judge(id string) judged {
	b.t.Helper()
	return decode[judged](b.t, b.field("", "indicators", id))
}

// said are the sentences about answers, by question.
func said(problems []survey.Problem) map[string]string {
	out := map[string]string{}
	for _, p := range problems {
		out[p.Question] = p.TH + " / " + p.EN
	}
	return out
}

// published is what form import and form export print.
type published struct {
	Ref, Hash, Status string
	Problems          []struct {
		Warning bool
		EN      string
	}
}

// desk types at the office's program.
func (m *madeOffice) desk(t *testing.T, args ...string) []byte {
	t.Helper()
	return tell(t.Context(), t, "", "tambonsync", append(args, "--data", m.data, "--json")...)
}

// house is the main record, filled in with mistakes, and with two answers to
// what is not asked where water is boiled and waste not sorted.
func house() map[string]any {
	return map[string]any{"type": "water", "area": "45030301", "values": map[string]any{
		"house_no": "12/3", "amphoe": "4503", "tambon": "450401", "gps": map[string]any{"lat": 15.6, "lon": 103.4},
		"full_name": "สมหญิง ใจดี", "citizen_id": "123456789012", "born": "1985-01-01", "consent": "no", "people": 4,
		"sources": []string{"well", "rain", "none"}, "well_depth": 900, "jars": 4, "jar_size": 1500.5,
		"drinks_enough": "yes", "boils": "yes", "why_not_boil": "น้ำใสอยู่แล้ว", "toilet_kind": "pit", "toilet_shared": 1,
		"sorts": "no", "scrap_income": 5000, "dogs": 2, "dogs_vaccinated": 3, "phone": "1",
	}}
}

// mistakes are the form's own sentences about house.
var mistakes = map[string]string{
	"tambon":          "คำตอบนี้ไม่เข้ากับคำตอบก่อนหน้า เลือกใหม่จากรายการที่แสดง / This answer does not go with an earlier one: choose again from those shown.",
	"citizen_id":      "เลขประจำตัวต้องมี 13 หลัก / A citizen id has 13 digits.",
	"sources":         `เลือก "ไม่มี" แล้วเลือกอย่างอื่นไม่ได้ / None goes alone.`,
	"well_depth":      "ไม่มีบ่อที่ลึกขนาดนี้ / No well is that deep.",
	"dogs_vaccinated": "มากกว่าจำนวนสุนัขที่มี / More than there are dogs.",
}

// mended are the answers that put house right.
func mended() map[string]any {
	return map[string]any{
		"tambon": "450303", "citizen_id": "1234567890123", "sources": []string{"well", "rain"}, "well_depth": 12.5,
		"dogs_vaccinated": 2, "people": 3,
	}
}

// TestXLSFormFromItsAuthorToTheOfficeAndBack takes a workbook made by hand
// through all that is done with a form.
func TestXLSFormFromItsAuthorToTheOfficeAndBack(t *testing.T) {
	o := newOffice(t)
	form := decode[published](t, o.desk(t, "form", "import", waterWorkbook(t), "--publish"))
	if form.Ref != "water@3" || form.Status != "published" || len(form.Problems) != 2 || !form.Problems[0].Warning {
		t.Fatalf("imported %+v, want it published with a warning for start and one for today", form)
	}
	wantListed(t, o, form)
	round := decode[struct{ Round, Form, Set string }](t, o.desk(t, "round", "open", "--form", "water", "--area", "450303", "--reference-date", "2020-01-01"))
	if round.Form != form.Ref || round.Set != "" {
		t.Fatalf("opened %+v", round)
	}
	b := tablet{t, filepath.Join(t.TempDir(), "a.db")}
	b.field("", "enroll", "--server", o.url, "--code", o.code(t))
	b.field("", "sync")

	id := fillIn(t, b)
	b.field("", "sync")
	wantAtOffice(t, o, round.Round, id)
	if report := decode[survey.Summary](t, b.field("", "report", "--village", "45030301")); report.Households.Complete != 1 || report.Persons != 3 {
		t.Errorf("on the tablet %+v", report)
	}
	wantExported(t, o, round.Round, id)
	wantBack(t, o, form)
}

// wantListed looks for 60 questions in two types of record.
func wantListed(t *testing.T, o *madeOffice, form published) {
	t.Helper()
	type listed struct {
		Ref, Hash string
		Types     []string
		Questions int
	}
	list := decode[[]listed](t, o.desk(t, "form", "list"))
	i := slices.IndexFunc(list, func(f listed) bool { return f.Ref == form.Ref })
	if i < 0 || list[i].Hash != form.Hash || list[i].Questions < 60 || !slices.Equal(list[i].Types, []string{"water", "person"}) {
		t.Errorf("listed: %+v", list)
	}
}

// fillIn saves a house and three people, wrong first and then right.
func fillIn(t *testing.T, b tablet) string {
	t.Helper()
	main := b.put(house())
	if got := said(main.Problems); !maps.Equal(got, mistakes) {
		t.Errorf("put says %q, want %q", got, mistakes)
	}
	for _, p := range []map[string]any{
		{"p_name": "สมหญิง", "p_age": 35, "p_sex": "f", "p_income": 60_000, "p_ill": "yes", "p_ill_times": 2},
		{"p_name": "สมชาย", "p_age": 40, "p_sex": "m", "p_income": 30_000.5, "p_ill": "no", "p_ill_times": 9},
		{"p_name": "น้อย", "p_age": 9, "p_sex": "f", "p_income": 999, "p_school": "yes"},
	} {
		if got := b.put(map[string]any{"type": "person", "parent": main.ID, "values": p}); len(got.Problems) > 0 {
			t.Errorf("%v: put says %+v", p, got.Problems)
		}
	}
	old := b.put(map[string]any{"type": "person", "parent": main.ID, "values": map[string]any{"p_name": "ทวด", "p_age": 130}})
	if got, want := said(old.Problems)["p_age"], "อายุต้องอยู่ระหว่าง 0 ถึง 120 ปี / An age is between 0 and 120 years."; got != want {
		t.Errorf("a person of 130 years: put says %q, want %q", got, want)
	}
	b.field("", "delete", old.ID)

	j := b.judge(main.ID)
	if got, want := said(j.Problems)["people"], "จำนวนคนไม่ตรงกับรายชื่อ / The number is not that of the list."; got != want || j.Complete {
		t.Errorf("4 people where 3 are listed: %q, complete: %v", got, j.Complete)
	}
	b.put(map[string]any{"id": main.ID, "values": mended()})
	b.put(map[string]any{"id": main.ID, "values": map[string]any{"boils": "no", "why_not_boil": nil}})
	if j = b.judge(main.ID); !slices.Equal(j.Missing, []string{"why_not_boil"}) || j.State != survey.InProgress {
		t.Errorf("who does not boil water must say why: missing %v, %s", j.Missing, j.State)
	}
	b.put(map[string]any{"id": main.ID, "values": map[string]any{"why_not_boil": "น้ำใสอยู่แล้ว"}})
	b.put(map[string]any{"id": main.ID, "values": map[string]any{"boils": "yes"}})
	if j = b.judge(main.ID); !j.Complete || j.State != survey.Complete {
		t.Errorf("with everything right: %+v", j)
	}
	return main.ID
}

// wantAtOffice looks at what came: the answer to a question that is not asked
// any more too.
func wantAtOffice(t *testing.T, o *madeOffice, round, id string) {
	t.Helper()
	type record struct {
		Form, Round string
		Values      map[string]any
		Problems    []survey.Problem
	}
	got := decode[record](t, o.desk(t, "records", id))
	if got.Form != "water@3" || got.Round != round || len(got.Problems) > 0 {
		t.Errorf("at the office: %+v", got)
	}
	if got.Values["why_not_boil"] != "น้ำใสอยู่แล้ว" || got.Values["well_depth"] != 12.5 {
		t.Errorf("at the office: %v", got.Values)
	}
	sum := decode[survey.Summary](t, o.desk(t, "summary", "--area", "450303", "--round", round))
	if sum.Households.Total != 1 || sum.Households.Complete != 1 || sum.Persons != 3 {
		t.Errorf("summary: %+v, %d persons", sum.Households, sum.Persons)
	}
}

// wantExported reads the files that leave the office: calculations are in,
// answers to what is not asked are not.
func wantExported(t *testing.T, o *madeOffice, round, id string) {
	t.Helper()
	export := func(what string) []map[string]string {
		t.Helper()
		out := filepath.Join(t.TempDir(), what+".csv")
		o.desk(t, "export", "--area", "450303", "--round", round, "--what", what, "--format", "csv", "--out", out, "--personal", "--reason", "ทดสอบ")
		return readCSV(t, out)
	}
	houses := export("households")
	if len(houses) != 1 {
		t.Fatalf("%d rows, want the one house", len(houses))
	}
	for column, want := range map[string]string{
		"id": id, "complete": "true", "problems": "0", "house_no": "12/3", "sources": "well rain", "well_depth": "12.5", "gps_lat": "15.6",
		"rain_litres": "6002", "income": "90000.5", "income_each": "30000.17", "ill": "1",
		"why_not_boil": "", "scrap_income": "", "phone": "", // not asked
	} {
		if got, ok := houses[0][column]; got != want || !ok {
			t.Errorf("column %s is %q, want %q", column, got, want)
		}
	}
	people := export("person")
	if len(people) != 3 {
		t.Fatalf("%d people exported, want 3", len(people))
	}
	for i, want := range []string{"2", "", ""} {
		if p := people[i]; p["parent"] != id || p["p_ill_times"] != want || (p["p_income"] == "") != (p["p_age"] == "9") {
			t.Errorf("person %d: %v", i+1, p)
		}
	}
}

// readCSV reads a file as a spreadsheet does: rows by the name of the column.
func readCSV(t *testing.T, path string) []map[string]string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(b), "\ufeff"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var rows []map[string]string
	for _, line := range lines[1:] {
		row := map[string]string{}
		for i, cell := range line {
			row[lines[0][i]] = cell
		}
		rows = append(rows, row)
	}
	return rows
}

// wantBack exports the form and imports it elsewhere. What XLSForm has words
// for stands where other programs look for it.
func wantBack(t *testing.T, o *madeOffice, form published) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "again.xlsx")
	if got := decode[published](t, o.desk(t, "form", "export", form.Ref, "--out", out)); got.Hash != form.Hash {
		t.Errorf("exported %s, want %s", got.Hash, form.Hash)
	}
	other := filepath.Join(t.TempDir(), "other")
	tell(t.Context(), t, "", "tambonsync", "init", "--data", other, "--json")
	again := decode[published](t, tell(t.Context(), t, "", "tambonsync", "form", "import", out, "--data", other, "--publish", "--json"))
	if again.Hash != form.Hash || again.Ref != form.Ref || len(again.Problems) > 0 {
		t.Errorf("imported again as %+v, want %s", again, form.Hash)
	}
	for name, cells := range map[string]map[string]map[string]string{
		"survey": {
			"house_no":      {"type": "text", "label::Thai (th)": "บ้านเลขที่", "label::English (en)": "House number", "hint::Thai (th)": "เช่น 12/3", "required": "yes"},
			"tambon":        {"type": "select_one tambon", "choice_filter": "amphoe = ${amphoe}"},
			"person":        {"type": "begin_repeat", "label::Thai (th)": "คนในบ้าน"},
			"p_ill_times":   {"type": "integer", "relevant": "${p_ill} = 'yes'"},
			"sources":       {"type": "select_multiple source", "constraint": "not(selected(., 'none') and count-selected(.) > 1)"},
			"well_depth":    {"relevant": "selected(${sources}, 'well')", "constraint": ". > 0 and . < 500", "constraint_message::English (en)": "No well is that deep."},
			"income_each":   {"type": "calculate", "calculation": "round(${income} div count(${person}), 2)"},
			"sign":          {"type": "image", "appearance": "signature"},
			"toilet_shared": {"default": "1"},
		},
		"choices": {"450303": {"list_name": "tambon", "label::Thai (th)": "หนองแคน", "amphoe": "4503"}},
	} {
		sheet := readSheet(t, out, name)
		for question, columns := range cells {
			for column, want := range columns {
				if got := sheet[question][column]; got != want {
					t.Errorf("%s, %s: column %s is %q, want %q", name, question, column, got, want)
				}
			}
		}
	}
}
