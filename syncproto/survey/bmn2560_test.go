package survey_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"tambonsync/syncproto/survey"
)

// bmnReference is the reference date of these households.
const bmnReference = "2020-01-01"

// family is a household of three with every required answer: a mother of 39,
// a disabled grandfather of 69 and a child of 8 months.
func family() survey.Entry {
	values := answers{
		"has_house_no": true, "house_no": "12/3", "house_reg_id": "00000000123", "head_name": "นางสมหญิง ใจดี",
		"q1_2_under_n": 0.0, "q2_4_fail_n": 0.0, "q3_2_fail_n": 0.0, "q6_4_fail_n": 1.0, "q7_none_n": 0.0, "q9": true, "q10": true,
		"q17_1_n": 0.0, "q18_1_n": 0.0, "q19_2_fail_n": 0.0,
		"q20_2_nojob_noincome_n": 0.0, "q20_2_nojob_income_n": 0.0, "q21_2_nojob_noincome_n": 1.0, "q21_2_nojob_income_n": 0.0,
		"income_main": 90000.0, "income_second": 0.0, "income_other": 7200.0, "income_own_use": 20000.0, "q23_1": []any{"village_fund"},
		"q24_under15_n": 0.0, "q24_15_19_n": 0.0, "q24_20plus_n": 0.0, "q25_smoke_n": 0.0, "q26_fail_n": 0.0, "q27_2_fail_n": 0.0,
		"q28_3_fail_n": 0.0, "q30": true, "happiness": 8.0,
	}
	yes := "q4_1 q4_2 q4_3 q4_4 q5_1 q5_2 q5_3 q5_4 q8_1 q8_2 q11_1 q11_2 q11_3 q11_4 q11_5_1 q11_5_2 q11_5_3 q11_5_4 " +
		"q11_6 q11_7 q11_8 q13_1_1 q13_1_2 q13_1_3 q13_1_4 q31_1_1 q31_1_2 q31_1_3"
	for _, q := range strings.Fields(yes) {
		values[q] = true
	}
	for _, q := range strings.Fields("q12_1 q12_2 q12_3 q12_4 q12_5 q12_6 q14_1 q14_2 q14_3 q14_5 q14_6") {
		values[q] = false
	}
	members := []survey.Entry{
		{Values: answers{"relation": "head", "first_name": "สมหญิง", "sex": "female", "birth_date": "1980-05-01", "occupation": "1100", "health": "normal"}},
		{Values: answers{"relation": "parent", "first_name": "สมชาย", "sex": "male", "birth_date": "1950", "occupation": "9900", "health": "disabled", "self_care": true}},
		{Values: answers{"relation": "child", "first_name": "สมใจ", "sex": "female", "birth_date": "2019-04-20", "health": "normal"}},
	}
	return survey.Entry{Values: values, Children: map[string][]survey.Entry{"member": members}, Today: "2020-02-10"}
}

func TestACompleteHouseholdHasAVerdictOnEveryIndicator(t *testing.T) {
	r := survey.Default().Review("household", family(), bmnReference)
	if !r.Complete() {
		t.Fatalf("missing %v, problems %+v; members %+v", r.Missing, r.Problems, r.Children)
	}
	x, err := survey.Builtin().Indicators("bmn-2560@1", "bmn-2560@1")
	if err != nil {
		t.Fatal(err)
	}
	failing := map[int]int{6: 1, 21: 1}
	notApplicable := []int{15, 16, 17, 18, 29}
	for _, o := range x.Outcomes(r).Outcomes {
		want := survey.Pass
		switch {
		case failing[o.No] > 0:
			want = survey.Fail
		case slices.Contains(notApplicable, o.No):
			want = survey.NA
		}
		if o.Verdict != want || o.Failing != failing[o.No] {
			t.Errorf("indicator %d: %s with %d failing, want %s with %d (%v)", o.No, o.Verdict, o.Failing, want, failing[o.No], o.Unanswered)
		}
	}
}

// Whatever an indicator needs is required, so leaving any one required answer
// open makes the household incomplete; and no answer but a required one can
// leave a verdict open.
func TestEveryAnswerThatAVerdictNeedsIsRequired(t *testing.T) {
	x, err := survey.Builtin().Indicators("bmn-2560@1", "bmn-2560@1")
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range slices.Sorted(maps.Keys(family().Values)) {
		e := family()
		delete(e.Values, q)
		r := survey.Default().Review("household", e, bmnReference)
		for _, o := range x.Outcomes(r).Outcomes {
			if o.Verdict == survey.Unanswered && r.Complete() {
				t.Errorf("without %s the household is complete and indicator %d is unanswered: %v", q, o.No, o.Unanswered)
			}
		}
	}
}

func TestTheBuiltInFormAsksOnlyWhatApplies(t *testing.T) {
	member := func(i int, changes answers) func(*survey.Entry) {
		return func(e *survey.Entry) { maps.Copy(e.Children["member"][i].Values, changes) }
	}
	answer := func(changes answers) func(*survey.Entry) {
		return func(e *survey.Entry) { maps.Copy(e.Values, changes) }
	}
	alone := func(e *survey.Entry) { e.Children["member"] = e.Children["member"][:1] }
	nothing := func(*survey.Entry) {}
	tests := []struct {
		name   string
		change func(*survey.Entry)
		asked  string
		not    string
	}{
		{"a family", nothing, "house_no q1_2_under_n q2_4_fail_n q6_4_fail_n q27_2_fail_n q28_3_fail_n q31_1_1", "near_house_no q2_under6_n q15_2_fail_n q16_2_fail_n q17_2_fail_n q29_2_fail_n q31_2_1 q3_table"},
		{"one person", alone, "q6_4_fail_n q31_2_1 q31_2_2 q20_3", "q1_2_under_n q27_2_fail_n q28_3_fail_n q31_1_1"},
		{"an empty roster", func(e *survey.Entry) { e.Children = nil }, "q9 q24_under15_n q25_smoke_n", "q6_4_fail_n q31_1_1 q31_2_1"},
		{"a house without a number", answer(answers{"has_house_no": false}), "near_house_no", "house_no"},
		{"whether there is a number is open", answer(answers{"has_house_no": nil}), "house_no", "near_house_no"},
		{"nobody of 35", func(e *survey.Entry) {
			alone(e)
			member(0, answers{"birth_date": "1985-01-02"})(e)
		}, "q7_none_n", "q6_4_fail_n"},
		{"a birth date is missing beside somebody of 69", member(0, answers{"birth_date": nil}), "q6_4_fail_n q21_2_nojob_income_n", "q20_2_nojob_income_n"},
		{"only a student of 15 to 59", member(0, answers{"occupation": "0210"}), "q19_2_fail_n", "q20_2_nojob_income_n q20_2_nojob_noincome_n"},
		{"somebody disabled who cannot care for himself", member(1, answers{"self_care": false}), "q27_2_fail_n q28_3_fail_n", "q21_2_nojob_income_n"},
		{"some finished M.3", answer(answers{"q17_1_n": 1.0}), "q17_2_fail_n", ""},
		{"a child lacks a vaccination", answer(answers{"q3_2_fail_n": 1.0}), "q3_table", ""},
		{"robbed", answer(answers{"q14_3": true}), "q14_3_value", ""},
		{"no savings", answer(answers{"q23_1": []any{"none"}}), "q23_1", "q23_2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := family()
			tt.change(&e)
			r := survey.Default().Review("household", e, bmnReference)
			for _, q := range strings.Fields(tt.asked) {
				if !r.Asked[q] {
					t.Errorf("%s is not asked", q)
				}
			}
			for _, q := range strings.Fields(tt.not) {
				if r.Asked[q] {
					t.Errorf("%s is asked", q)
				}
			}
		})
	}
}

func TestTheBuiltInFormFlagsWhatCannotBe(t *testing.T) {
	tests := []struct {
		name   string
		values answers
		member answers // of the first member
		want   string
	}{
		{"more fail than it applies to", answers{"q6_4_fail_n": 3.0}, nil, "q6_4_fail_n"},
		{"both kinds of 21 together are more", answers{"q21_2_nojob_income_n": 1.0}, nil, "q21_2_nojob_income_n"},
		{"more drink than are of that age", answers{"q24_under15_n": 2.0}, nil, "q24_under15_n"},
		{"a house id of 10 digits", answers{"house_reg_id": "0000000012"}, nil, "house_reg_id"},
		{"a house id in Thai digits", answers{"house_reg_id": "๐๐๐๐๐๐๐๐๑๒๓"}, nil, "house_reg_id"},
		{"savings and none", answers{"q23_1": []any{"none", "bank"}}, nil, "q23_1"},
		{"two heads", nil, answers{"relation": "head"}, "head_name"},
		{"born after the day of the visit", nil, answers{"birth_date": "2020-02-11"}, "member.birth_date"},
		{"born on the day of the visit", nil, answers{"birth_date": "2020-02-10"}, ""},
		{"an occupation that is not in the list", nil, answers{"occupation": "ทำนา"}, "member.occupation"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := family()
			maps.Copy(e.Values, tt.values)
			maps.Copy(e.Children["member"][2].Values, tt.member)
			r := survey.Default().Review("household", e, bmnReference)
			var got []string
			for _, p := range r.Problems {
				got = append(got, p.Question)
				if p.TH == "" || p.EN == "" || p.TH == p.EN {
					t.Errorf("sentences of %s: %q, %q", p.Question, p.TH, p.EN)
				}
			}
			for _, m := range r.Children["member"] {
				for _, p := range m.Problems {
					got = append(got, "member."+p.Question)
				}
			}
			if s := strings.Join(got, " "); s != tt.want {
				t.Errorf("problems with %q, want %q", s, tt.want)
			}
		})
	}
}
