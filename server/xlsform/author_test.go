package xlsform_test

import (
	"fmt"
	"testing"

	"tambonsync/server/xlsform"
	"tambonsync/syncproto/survey"
)

// farm is a workbook as an agricultural office writes one: 60 questions with
// groups, a repeat in a group, skips, constraints, Thai and English labels,
// a cascade, calculations and the usual metadata.
func farm() sheets {
	head := []string{
		"type", "name", "label::Thai (th)", "label::English (en)", "hint::Thai (th)", "required", "relevant", "constraint",
		"constraint_message::Thai (th)", "constraint_message::English (en)", "calculation", "choice_filter", "default", "appearance", "notes",
	}
	rows := [][]string{
		head,
		{"start", "start"},
		{"end", "end"},
		{"today", "visit_day"},
		{"deviceid", "deviceid"},
		{"note", "intro", "สวัสดี", "Hello"},
		{"begin_group", "place", "ที่ตั้ง", "Place", "", "", "", "", "", "", "", "", "", "field-list"},
		{"select_one province", "province", "จังหวัด", "Province", "", "yes"},
		{"select_one amphoe", "amphoe", "อำเภอ", "District", "", "yes", "", "", "", "", "", "province=${province}"},
		{"text", "house_no", "บ้านเลขที่", "House number", "เช่น 12/3", "true()"},
		{"geopoint", "gps", "พิกัด", "Position"},
		{"image", "photo", "รูปบ้าน", "Photo", "", "", "", "", "", "", "", "", "", "annotate"},
		{"end_group"},
		{"begin group", "farmer", "เกษตรกร", "Farmer"},
		{"text", "full_name", "ชื่อ", "Name", "", "yes"},
		{"text", "citizen_id", "เลขประจำตัว", "Citizen id", "", "", "", "regex(., '[0-9]{13}')", "ต้องมี 13 หลัก", "13 digits are needed"},
		{"date", "born", "วันเกิด", "Birth date", "", "", "", ". <= today()", "ต้องไม่เกินวันนี้", "Not in the future"},
		{"calculate", "age", "", "", "", "", "", "", "", "", "int((today() - ${born}) div 365.25)"},
		{"select_one yes_no", "owns_land", "มีที่ดินของตนเอง", "Owns land"},
		{"select_multiple crops", "crops", "พืชที่ปลูก", "Crops", "", "", "${owns_land} = 'yes' and ${age} >= 15", "not(selected(., 'none') and count-selected(.) > 1)", "เลือกไม่มีแล้วเลือกอย่างอื่นไม่ได้", "None goes alone"},
		{"decimal", "rice_area", "พื้นที่นา (ไร่)", "Rice area (rai)", "", "", "selected(${crops}, 'rice')", ". > 0 and . < 1000"},
		{"integer", "members", "จำนวนสมาชิก", "Members", "", "yes", "", ". >= 1 and . <= 30 and . = count(${member})", "ไม่ตรงกับรายชื่อ", "Not as listed", "", "", "1"},
		{"begin repeat", "member", "สมาชิก", "Member", "", "", "${members} > 0"},
		{"text", "member_name", "ชื่อสมาชิก", "Name of the member", "", "yes"},
		{"integer", "member_age", "อายุ", "Age", "", "", "", ". >= 0 and . <= 120"},
		{"decimal", "member_income", "รายได้ต่อปี", "Income a year", "", "", "${member_age} >= 15"},
		{"select_one yes_no", "member_school", "เรียนอยู่", "At school", "", "", "${member_age} > 3 and ${member_age} < 25"},
		{"end repeat"},
		{"calculate", "income", "", "", "", "", "", "", "", "", "sum(${member_income})"},
		{"calculate", "income_each", "", "", "", "", "", "", "", "", "round(${income} div count(${member}), 2)"},
		{"note", "poor_note", "รายได้น้อย", "Low income", "", "", "${income_each} < 38000"},
		{"end group"},
		{"begin_group", "outer", "หลายข้อ", "Many", "", "", "${owns_land} = 'no'"},
		{"begin_group", "inner", "ข้อย่อย", "Inner", "", "", "${members} > 2"},
	}
	for i := len(rows); i < 76; i++ {
		r := q([]string{"integer", "text", "select_one yes_no", "decimal", "time", "date"}[i%6], fmt.Sprintf("more_%d", i))
		if i%6 == 0 {
			r = append(r, "", "", "${members} > 1", ". >= 0")
		}
		rows = append(rows, r)
	}
	rows = append(rows, []string{"end_group"}, []string{"image", "sign", "ลายมือชื่อ", "Signature", "", "", "", "", "", "", "", "", "", "signature"}, []string{"end_group"})
	return sheets{
		"survey": rows,
		"choices": {
			{"list_name", "name", "label::Thai (th)", "label::English (en)", "province"},
			{"province", "45", "ร้อยเอ็ด", "Roi Et"},
			{"province", "49", "มุกดาหาร", "Mukdahan"},
			{"amphoe", "4503", "ปทุมรัตต์", "Pathum Rat", "45"},
			{"amphoe", "4904", "ดงหลวง", "Dong Luang", "49"},
			{"yes_no", "yes", "ใช่", "Yes"},
			{"yes_no", "no", "ไม่ใช่", "No"},
			{},
			{"crops", "rice", "ข้าว", "Rice"},
			{"crops", "rubber", "ยางพารา", "Rubber"},
			{"crops", "none", "ไม่มี", "None"},
		},
		"settings": {{"form_title", "form_id", "version", "default_language"}, {"ทะเบียนเกษตรกร", "farm", "2025010101", "Thai (th)"}},
	}
}

func TestAuthorsWorkbookGoesInAndOut(t *testing.T) {
	data := farm().workbook(t)
	_, problems := xlsform.Import(data)
	if got, want := len(problems), 4; got != want { // start, end, today, deviceid
		t.Fatalf("%d warnings, want %d:\n%s", got, want, listed(problems))
	}
	f := imported(t, data)
	if f.Ref() != "farm@2025010101" || f.Title().EN != "ทะเบียนเกษตรกร" {
		t.Errorf("%s %q", f.Ref(), f.Title())
	}
	farm, _ := f.Type("farm")
	member, _ := f.Type("member")
	if n := len(farm.Questions()) + len(member.Questions()); n < 60 || member.Parent() != "farm" {
		t.Errorf("%d questions, member below %q", n, member.Parent())
	}
	for name, want := range map[string]string{
		"crops": `owns_land == "yes" && age >= 15.0`, "rice_area": `selected(crops, "rice")`, "poor_note": `income_each < 38000.0`,
	} {
		if got := questionOf(t, f, "farm", name).Relevant; got != want {
			t.Errorf("%s is relevant where %s, want %s", name, got, want)
		}
	}
	if got := questionOf(t, f, "farm", "amphoe").ChoiceFilter; got != "choice.province == province" {
		t.Errorf("choice filter %s", got)
	}
	if q := questionOf(t, f, "farm", "sign"); q.Type != "signature" || q.Section != "outer" {
		t.Errorf("sign is %s in %s", q.Type, q.Section)
	}
	for _, s := range f.Definition().RecordTypes[0].Sections {
		if want := `(owns_land == "no") && (members > 2.0)`; s.Name == "inner" && s.Relevant != want {
			t.Errorf("a group in a group is relevant where %s, want %s", s.Relevant, want)
		}
	}
	if s := f.Definition().RecordTypes[1].Sections; len(s) != 1 || s[0].Relevant != "members > 0.0" || questionOf(t, f, "member", "member_age").Section != s[0].Name {
		t.Errorf("the condition of the repeat is lost: %v", s)
	}
	if back := again(t, f); back.Hash() != f.Hash() {
		t.Errorf("does not come back:\n%s\n%s", back.JSON(), f.JSON())
	}
}

// TestImportedFormIsCheckedLikeAnyOther fills the office's form in: what its
// authors wrote in XPath decides.
func TestImportedFormIsCheckedLikeAnyOther(t *testing.T) {
	f := imported(t, farm().workbook(t))
	member := func(age, income float64) survey.Entry {
		return survey.Entry{Values: map[string]any{"member_name": "ก", "member_age": age, "member_income": income}}
	}
	entry := survey.Entry{
		Values: map[string]any{
			"province": "45", "amphoe": "4904", "house_no": "1", "full_name": "ก", "citizen_id": "12", "born": "1985-01-01",
			"owns_land": "yes", "crops": []any{"rice", "none"}, "rice_area": 5.0, "members": 3.0,
		},
		Children: map[string][]survey.Entry{"member": {member(40, 30_000), member(10, 9_999)}},
		Today:    "2020-01-01",
	}
	r := f.Review("farm", entry, "2020-01-01")
	if r.Values["age"] != 35.0 {
		t.Errorf("age %v, want 35 on the birthday", r.Values["age"])
	}
	if !r.Asked["rice_area"] || r.Asked["sign"] {
		t.Errorf("asked: %v", r.Asked)
	}
	if r.Children["member"][1].Asked["member_income"] {
		t.Error("a child of 10 is asked for an income")
	}
	if r.Values["income"] != 30_000.0 || r.Values["income_each"] != 15_000.0 {
		t.Errorf("income %v, each %v: want the child's left out of the sum, as ODK Collect does", r.Values["income"], r.Values["income_each"])
	}
	wrong := map[string]bool{}
	for _, p := range r.Problems {
		wrong[p.Question] = true
	}
	for _, name := range []string{"amphoe", "citizen_id", "crops", "members"} {
		if !wrong[name] {
			t.Errorf("%s is not found wrong: %v", name, r.Problems)
		}
	}
	if wrong["rice_area"] || wrong["born"] {
		t.Errorf("found wrong: %v", r.Problems)
	}
}
