package survey_test

import (
	"strings"
	"testing"

	"tambonsync/syncproto/survey"
)

// farmSet judges farms of farmForm.
const farmSet = `{"kind":"indicators","name":"farm","version":1,"title":{"th":"ก","en":"a"},"form":"farm@2","record_type":"farm",
 "parameters":{"least":5}, "definitions":{"cows":"count(cow)"}, "dimensions":[{"no":1,"name":{"th":"ก","en":"a"}}],
 "indicators":[
  {"no":1,"code":"F1","dimension":1,"name":{"th":"ก","en":"Grown cows give milk"},"unit":"person","applicable":{"count":"cow","where":["age >= 2.0","litres > 0.0"]},"failing":"rented",
   "reason":{"th":"{failing} จาก {applicable}","en":"{failing} of {applicable} cows, {rai} rai, at least {param.least}; {nothing}"}},
  {"no":2,"code":"F2","name":{"th":"ก","en":"Milk a cow"},"unit":"household","pass":"milk / cows >= param.least"},
  {"no":3,"code":"F3","name":{"th":"ก","en":"Typed in"},"unit":"person","applicable":{"value":"rai"},"failing":"rented"},
  {"no":4,"code":"F4","name":{"th":"ก","en":"Herd is named"},"unit":"household","applicable":{"when":"has_cows"},"pass":"herd_name != ''"},
  {"no":5,"code":"F5","name":{"th":"ก","en":"Score"},"unit":"village","score":"rai"}],
 "levels":[{"level":1,"name":{"th":"ก","en":"a"},"when":"score1 >= 1.0"},{"level":2,"name":{"th":"ข","en":"b"},"when":"true"}]}`

func mustSet(t *testing.T, set string) *survey.Set {
	t.Helper()
	s, err := survey.ParseSet([]byte(set))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mustBind(t *testing.T, form, set string) *survey.Indicators {
	t.Helper()
	x, err := survey.NewIndicators(mustParse(t, form), mustSet(t, set))
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestVerdicts(t *testing.T) {
	old := func(litres any) answers { return answers{"birth": "2015", "litres": litres} }
	calf := answers{"birth": "2019-06-01"}
	tests := []struct {
		name       string
		no         int
		farm       answers
		cows       []answers
		want       survey.Verdict
		applicable int
		failing    int
		unanswered string
	}{
		{name: "one of two applies, none fails", no: 1, farm: answers{"has_cows": true, "rented": 0.0}, cows: []answers{old(5.0), calf}, want: survey.Pass, applicable: 1},
		{name: "it fails", no: 1, farm: answers{"has_cows": true, "rented": 1.0}, cows: []answers{old(5.0), calf}, want: survey.Fail, applicable: 1, failing: 1},
		{name: "more fail than there are: all of them", no: 1, farm: answers{"has_cows": true, "rented": 9.0}, cows: []answers{old(5.0), calf}, want: survey.Fail, applicable: 1, failing: 1},
		{name: "none applies: not applicable, whatever was typed", no: 1, farm: answers{"has_cows": true, "rented": 9.0}, cows: []answers{calf}, want: survey.NA},
		{name: "none applies though failing is unanswered", no: 1, farm: answers{"has_cows": true}, cows: []answers{calf}, want: survey.NA},
		{name: "no roster was taken", no: 1, farm: answers{"has_cows": true, "rented": 0.0}, want: survey.Unanswered, unanswered: "cow"},
		{name: "failing is unanswered", no: 1, farm: answers{"has_cows": true}, cows: []answers{old(5.0)}, want: survey.Unanswered, unanswered: "rented"},
		{name: "a condition lacks its answer", no: 1, farm: answers{"has_cows": true, "rented": 0.0}, cows: []answers{old(nil)}, want: survey.Unanswered, unanswered: "cow.litres"},
		{name: "an earlier condition is false, so the lacking one does not matter", no: 1, farm: answers{"has_cows": true, "rented": 0.0}, cows: []answers{calf, old(5.0)}, want: survey.Pass, applicable: 1},
		{name: "an age is unknown", no: 1, farm: answers{"has_cows": true, "rented": 0.0}, cows: []answers{{}, old(5.0)}, want: survey.Unanswered, unanswered: "cow.age"},
		{name: "failing is no number", no: 1, farm: answers{"has_cows": true, "rented": "many"}, cows: []answers{old(5.0)}, want: survey.Unanswered},
		{name: "failing is below 0", no: 1, farm: answers{"has_cows": true, "rented": -1.0}, cows: []answers{old(5.0)}, want: survey.Unanswered},

		{name: "at the line", no: 2, farm: answers{"has_cows": true}, cows: []answers{old(4.0), old(6.0)}, want: survey.Pass, applicable: 1},
		{name: "just below the line", no: 2, farm: answers{"has_cows": true}, cows: []answers{old(4.0), old(5.99)}, want: survey.Fail, applicable: 1, failing: 1},
		{name: "through a definition: no roster", no: 2, farm: answers{"has_cows": true}, want: survey.Unanswered},
		{name: "through a calculation: an answer is missing", no: 2, farm: answers{"has_cows": true}, cows: []answers{old(nil), old(6.0)}, want: survey.Unanswered},

		{name: "typed in: 0 of 0", no: 3, farm: answers{"rai": 0.0}, want: survey.NA},
		{name: "typed in: 1 of 3", no: 3, farm: answers{"rai": int64(3), "rented": int64(1)}, want: survey.Fail, applicable: 3, failing: 1},
		{name: "typed in: unanswered", no: 3, farm: answers{"rented": 1.0}, want: survey.Unanswered, unanswered: "rai"},

		{name: "does not apply", no: 4, farm: answers{"has_cows": false}, want: survey.NA},
		{name: "whether it applies is unanswered", no: 4, farm: answers{"herd_name": "ฝูง"}, want: survey.Unanswered, unanswered: "has_cows"},
		{name: "applies and is unanswered", no: 4, farm: answers{"has_cows": true}, want: survey.Unanswered, unanswered: "herd_name"},

		{name: "score 1 fails", no: 5, farm: answers{"rai": 1.0}, want: survey.Fail, applicable: 1, failing: 1},
		{name: "score 2 passes", no: 5, farm: answers{"rai": 2.0}, want: survey.Pass, applicable: 1},
		{name: "score 4 is none", no: 5, farm: answers{"rai": 4.0}, want: survey.Unanswered},
	}
	x := mustBind(t, farmForm, farmSet)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := x.Form().Review("farm", survey.Entry{Values: tt.farm, Children: cows(tt.cows...)}, "2020-01-01")
			got := x.Outcomes(r).Outcomes[tt.no-1]
			if got.No != tt.no || got.Verdict != tt.want || got.Applicable != tt.applicable || got.Failing != tt.failing {
				t.Errorf("got %+v, want %s, %d of %d", got, tt.want, tt.failing, tt.applicable)
			}
			if s := strings.Join(got.Unanswered, " "); tt.unanswered != "" && s != tt.unanswered {
				t.Errorf("unanswered %q, want %q", s, tt.unanswered)
			}
			if (got.Verdict == survey.Fail) != (got.Reason.TH != "" && got.Reason.EN != "") {
				t.Errorf("reason %+v of a %s", got.Reason, got.Verdict)
			}
		})
	}
}

func TestAReasonCanBeRead(t *testing.T) {
	x := mustBind(t, farmForm, farmSet)
	r := x.Form().Review("farm", survey.Entry{
		Values: answers{"has_cows": true, "rented": 1.0, "rai": 12345.678}, Children: cows(answers{"birth": "2015", "litres": 5.0}),
	}, "2020-01-01")
	got := x.Outcomes(r).Outcomes[0].Reason
	wantEqual(t, "reason", got, survey.Text{TH: "1 จาก 1", EN: "1 of 1 cows, 12,345.68 rai, at least 5; …"})
}

func TestTheLevelFollowsFromAllScores(t *testing.T) {
	set := strings.Replace(farmSet, farmSet[strings.Index(farmSet, `{"no":1,"code"`):strings.Index(farmSet, `{"no":5,`)], "", 1)
	x := mustBind(t, farmForm, set)
	for rai, want := range map[float64]int{1: 1, 2: 2, 3: 2} {
		r := x.Form().Review("farm", survey.Entry{Values: answers{"rai": rai}}, "")
		if got := x.Outcomes(r); got.Level != want || got.Outcomes[0].Score != int(rai) {
			t.Errorf("rai %v: level %d score %d, want level %d", rai, got.Level, got.Outcomes[0].Score, want)
		}
	}
	if got := x.Outcomes(x.Form().Review("farm", survey.Entry{}, "")); got.Level != 0 {
		t.Errorf("level of an unanswered village = %d", got.Level)
	}
}

func TestABadSetIsRefusedWithItsPlace(t *testing.T) {
	replace := func(old, with string) string { return strings.Replace(farmSet, old, with, 1) }
	tests := []struct{ name, set, want string }{
		{"not JSON", `{`, "unexpected EOF"},
		{"a form", farmForm, "unknown field"},
		{"something after", farmSet + "{}", "something after"},
		{"unknown key", replace(`"unit":"person"`, `"units":"person"`), `unknown field "units"`},
		{"number twice", replace(`"no":2`, `"no":1`), "indicators[1].no: 1 is there twice"},
		{"number too high", replace(`"no":5`, `"no":64`), "want 1 to 63"},
		{"unknown unit", replace(`"unit":"village"`, `"unit":"cow"`), "indicator 5.unit"},
		{"two rules", replace(`"score":"rai"`, `"score":"rai","pass":"true"`), "indicator 5: want one of"},
		{"no rule", replace(`,"score":"rai"`, ``), "indicator 5: want one of"},
		{"empty in no draft", replace(`"score":"rai"`, `"empty":true`), "indicator 5: is empty"},
		{"failing without applicable", replace(`"applicable":{"value":"rai"},`, ``), "indicator 3.applicable"},
		{"no dimension", replace(`"dimension":1`, `"dimension":2`), "no dimension 2"},
		{"no such record type", replace(`"record_type":"farm"`, `"record_type":"barn"`), `no record type "barn"`},
		{"no such records below", replace(`"count":"cow"`, `"count":"hen"`), `indicator 1.applicable.count: farm has no records of type "hen"`},
		{"a rule of an unknown question", replace(`"score":"rai"`, `"score":"ngan"`), "indicator 5: character 1: undeclared reference to 'ngan'"},
		{"a definition named as a question", replace(`"cows":`, `"rai":`), "definitions.rai"},
	}
	f := mustParse(t, farmForm)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := survey.ParseSet([]byte(tt.set))
			if err == nil {
				_, err = survey.NewIndicators(f, s)
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v does not say %q", err, tt.want)
			}
		})
	}
}

func TestATallyTakesBackWhatItAdded(t *testing.T) {
	x := mustBind(t, farmForm, farmSet)
	judge := func(rai float64, state survey.State) survey.Judged {
		r := x.Form().Review("farm", survey.Entry{Values: answers{"has_cows": true, "rai": rai, "rented": 1.0}, Children: cows(answers{"birth": "2015", "litres": rai})}, "2020-01-01")
		return survey.Judged{State: state, Complete: rai > 2, Persons: 1, Result: x.Outcomes(r)}
	}
	a, b, c := judge(1, survey.Approved), judge(2, survey.InProgress), judge(3, survey.Complete)
	one, other := survey.NewTally(), survey.NewTally()
	one.Add(a)
	one.Add(b)
	one.Add(c)
	one.Remove(b)
	other.Add(c)
	more := survey.NewTally()
	more.Add(a)
	other.Merge(more, 1)
	wantEqual(t, "summary", one.Summary(x), other.Summary(x))
	s := one.Summary(x)
	if s.Households.Total != 2 || s.Households.Complete != 1 || s.Households.Approved != 1 || s.Households.Ready != 1 || s.Persons != 2 {
		t.Errorf("households %+v", s.Households)
	}
	third := s.Indicators[2]
	if third.Applicable != 4 || third.Failed != 2 || third.Passed != 2 || *third.Percent != 50 || third.Households.Fail != 2 {
		t.Errorf("indicator 3: %+v", third)
	}
	if s.Indicators[1].Percent == nil || *s.Indicators[1].Percent != 0 {
		t.Errorf("indicator 2: %+v", s.Indicators[1])
	}
	empty := survey.NewTally().Summary(x)
	if empty.Indicators[0].Percent != nil {
		t.Error("a per cent of nobody")
	}
}

func TestTheRoundOfARecordThatNamesNone(t *testing.T) {
	c := survey.Builtin().With([]*survey.Form{mustParse(t, farmForm)}, nil)
	round := func(id, form, area string, open bool) survey.Round {
		return survey.Round{ID: id, Form: form, Areas: []string{area}, Open: open}
	}
	tests := []struct {
		name   string
		rounds []survey.Round
		form   string
		want   string
		n      int
	}{
		{"none", nil, "", "", 0},
		{"the only open one", []survey.Round{round("a", "farm@2", "4503", true), round("b", "farm@2", "4503", false)}, "", "a", 1},
		{"another form's does not count", []survey.Round{round("a", "farm@2", "4503", true), round("b", "bmn-2560@1", "4503", true)}, "", "a", 1},
		{"elsewhere does not count", []survey.Round{round("a", "farm@2", "4503", true), round("b", "farm@2", "4504", true)}, "", "a", 1},
		{"two open: nobody knows", []survey.Round{round("a", "farm@2", "4503", true), round("b", "farm@2", "450303", true)}, "", "", 2},
		{"none open: the only closed one", []survey.Round{round("b", "farm@2", "4503", false)}, "", "b", 1},
		{"another form by name", []survey.Round{round("a", "farm@2", "4503", true)}, "barn", "", 0},
		{"a form that is not known", []survey.Round{round("a", "barn@1", "4503", true)}, "", "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok, candidates := c.RoundFor(tt.rounds, "farm", "45030301", tt.form)
			if got.ID != tt.want || ok != (tt.want != "") || len(candidates) != tt.n {
				t.Errorf("got %q, %v, %d candidates", got.ID, ok, len(candidates))
			}
		})
	}
}
