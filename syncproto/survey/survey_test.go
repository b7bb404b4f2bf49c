package survey_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"tambonsync/syncproto/survey"
)

func typeOf(t *testing.T, name string) *survey.RecordType {
	t.Helper()
	rt, ok := survey.Default().Type(name)
	if !ok {
		t.Fatalf("the built-in form has no record type %q", name)
	}
	return rt
}

func TestTheBuiltInFormIsBMN2560(t *testing.T) {
	f := survey.Default()
	if got, want := f.Ref(), "bmn-2560@1"; got != want {
		t.Errorf("Ref() = %q, want %q", got, want)
	}
	if f != survey.Default() {
		t.Error("Default() decoded the form a second time")
	}
	var names []string
	for _, rt := range f.Types() {
		names = append(names, rt.Name())
	}
	if want := []string{"household", "member"}; !slices.Equal(names, want) {
		t.Errorf("record types = %v, want %v", names, want)
	}
	if got := typeOf(t, "household").Parent(); got != "" {
		t.Errorf("parent of a household = %q, want none", got)
	}
	if got := typeOf(t, "member").Parent(); got != "household" {
		t.Errorf("parent of a member = %q, want household", got)
	}
}

// The keys of the questionnaire's data file are the names of its questions.
func TestTheBuiltInFormAsksWhatItShould(t *testing.T) {
	want := map[string]string{
		"household": "has_house_no:bool house_no:text near_house_no:text house_reg_id:text:id soi:text road:text moo:int " +
			"local_gov:text residence_land:choice work_land:choice location:geopoint photo_house:photo happiness:int " +
			"q3_table:count_table q6_1:count_table q6_2:count_table q12_7:multi q13_2:multi q13_3:int q14_3_value:money " +
			"q16_4:count_table q16_5:int q17_5:int q17_6:int q18_3:count_table q18_4:int q19_3:int q20_3:int q21_3:int " +
			"q21_5:int income_main:money income_second:money income_other:money income_own_use:money " +
			"expense_production:money expense_needed:money expense_unneeded:money expense_debt:money q22_3:table " +
			"q22_4:table q23_1:multi q23_2:money q23_3:int q24_freq:int q28_2:int q32_1:int q32_2:table q32_3:int q33_1:int " +
			"q33_2:table q33_3:money sign_informant:signature sign_collector:signature sign_checker:signature " +
			"consent_text_version:text informant_ack:bool ",
		"member": "relation:choice prefix:choice first_name:text last_name:text national_id:thai_id:id sex:choice birth_date:date " +
			"occupation:choice education:choice religion:choice:s26 health:choice:s26 self_care:bool:s26 is_informant:bool " +
			"welfare_card:bool welfare_usage:text welfare_cash:choice ",
	}
	for name, list := range want {
		for _, w := range strings.Fields(list) {
			parts := strings.Split(w, ":")
			q, ok := typeOf(t, name).Question(parts[0])
			if !ok || string(q.Type) != parts[1] {
				t.Errorf("%s.%s: %v of type %q, want %q", name, parts[0], ok, q.Type, parts[1])
			}
			if len(parts) == 3 && string(q.Privacy) != parts[2] {
				t.Errorf("%s.%s is marked %q, want %q", name, parts[0], q.Privacy, parts[2])
			}
		}
	}
	for _, name := range []string{"prefix", "first_name", "last_name"} {
		if q, _ := typeOf(t, "member").Question(name); q.Privacy != survey.PrivacyName {
			t.Errorf("member.%s is marked %q", name, q.Privacy)
		}
	}
}

func TestEverythingShownHasThaiAndEnglish(t *testing.T) {
	check := func(where string, text survey.Text) {
		t.Helper()
		thai := strings.ContainsFunc(text.TH, func(r rune) bool { return '\u0e01' <= r && r <= '\u0e5b' })
		english := !strings.ContainsFunc(text.EN, func(r rune) bool { return '\u0e01' <= r && r <= '\u0e5b' })
		if !thai || !english || strings.TrimSpace(text.EN) == "" {
			t.Errorf("%s: th %q, en %q", where, text.TH, text.EN)
		}
	}
	f := survey.Default()
	check("title", f.Title())
	for _, rt := range f.Types() {
		check(rt.Name(), rt.Label())
		for _, q := range rt.Questions() {
			where := rt.Name() + "." + q.Name
			check(where, q.Label)
			if q.Hint != (survey.Text{}) {
				check(where+" hint", q.Hint)
			}
			for _, c := range q.Choices {
				check(where+"="+c.Name, c.Label)
			}
		}
	}
}

func TestWhatAFormGivesOutCannotChangeIt(t *testing.T) {
	f := survey.Default()
	rt := typeOf(t, "household")
	member := typeOf(t, "member")

	f.Types()[0] = nil
	rt.Questions()[0].Name = "gone"
	member.Members("name")[0] = "gone"
	q, _ := rt.Question("happiness")
	*q.Max = 1000
	*q.Min = -1000
	q, _ = rt.Question("residence_land")
	q.Choices[0].Name = "gone"

	if f.Types()[0] == nil {
		t.Error("the list of types is shared")
	}
	if _, ok := rt.Question("has_house_no"); !ok || rt.Questions()[0].Name != "has_house_no" {
		t.Error("the list of questions is shared")
	}
	if got := member.Members("name")[0]; got != "prefix" {
		t.Errorf("first member of the group name = %q, want prefix", got)
	}
	if got := f.Check("household", map[string]any{"happiness": 11.0, "residence_land": "own"}); len(got) != 1 || got[0].Code != survey.OutOfRange {
		t.Errorf("Check after changing what was given out = %v, want one out_of_range", got)
	}
}

func TestAnUnknownRecordTypeCanBeUsed(t *testing.T) {
	rt, ok := survey.Default().Type("otop_producer")
	if ok || rt != nil {
		t.Fatalf("Type(otop_producer) = %v, %v, want nil, false", rt, ok)
	}
	if got := rt.GroupOf("name/x"); got != "name/x" {
		t.Errorf("GroupOf = %q, want the question itself", got)
	}
	if rt.Name() != "" || rt.Parent() != "" || rt.Label() != (survey.Text{}) || rt.Questions() != nil || rt.Members("name") != nil {
		t.Error("the unknown type claims to know something")
	}
	if _, ok := rt.Question("star"); ok {
		t.Error("the unknown type has a question")
	}
	groups := map[string]any{"star": int64(3), "place": map[string]any{"lat": 7.4}, "gone": nil}
	flat := rt.Unpack(groups)
	wantEqual(t, "Unpack", flat, map[string]any{"star": int64(3), "place": map[string]any{"lat": 7.4}})
	wantEqual(t, "Pack", rt.Pack(flat, map[string]any{"star": int64(4)}), map[string]any{"star": int64(4)})
	wantEqual(t, "Mask", rt.Mask(flat), flat)
}

func FuzzParse(f *testing.F) {
	form, err := os.ReadFile("forms/bmn-2560.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(form)
	for _, tt := range badForms {
		f.Add([]byte(tt.form))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		form, err := survey.Parse(data)
		if (form == nil) == (err == nil) {
			t.Fatalf("Parse gave form %v and error %v", form, err)
		}
		if err != nil {
			return
		}
		for _, rt := range form.Types() {
			for _, q := range rt.Questions() {
				if q.Group != rt.GroupOf(q.Name) || strings.HasPrefix(q.Name, "_") {
					t.Fatalf("question %q in group %q", q.Name, q.Group)
				}
			}
		}
	})
}
