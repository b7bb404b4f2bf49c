package survey_test

import (
	"slices"
	"strings"
	"testing"

	"tambonsync/syncproto/survey"
)

// farmForm has every kind of expression: a farm with cows.
const farmForm = `{"kind":"form","name":"farm","version":2,"title":{"th":"ฟาร์ม","en":"Farm"},
 "choices":{
  "yes_no":[{"name":"yes","label":{"th":"ใช่","en":"Yes"}},{"name":"no","label":{"th":"ไม่","en":"No"}}],
  "places":[{"name":"khon_kaen","label":{"th":"ขอนแก่น","en":"Khon Kaen"},"filter":{"region":"ne"}},
            {"name":"trang","label":{"th":"ตรัง","en":"Trang"},"filter":{"region":"s"}}],
  "regions":[{"name":"ne","label":{"th":"อีสาน","en":"North-east"}},{"name":"s","label":{"th":"ใต้","en":"South"}}],
  "ages":[{"name":"young","label":{"th":"อ่อน","en":"Young"}},{"name":"old","label":{"th":"แก่","en":"Old"}}]},
 "record_types":[
 {"name":"farm","label":{"th":"ฟาร์ม","en":"Farm"},"title":["owner"],"search":["owner"],"unique":[["owner"]],
  "sections":[{"name":"herd","label":{"th":"ฝูง","en":"Herd"},"relevant":"has_cows == true"}],
  "questions":[
  {"name":"owner","type":"text","label":{"th":"เจ้าของ","en":"Owner"},"required":true},
  {"name":"region","type":"choice","choices":"regions","label":{"th":"ภาค","en":"Region"}},
  {"name":"place","type":"choice","choices":"places","choice_filter":"choice.region == region","label":{"th":"จังหวัด","en":"Province"}},
  {"name":"rai","type":"decimal","min":0,"label":{"th":"ไร่","en":"Rai"}},
  {"name":"rented","type":"decimal","label":{"th":"เช่า","en":"Rented"},"constraint":"this <= rai","constraint_message":{"th":"เช่าเกินที่ดินทั้งหมด","en":"More rented than there is"}},
  {"name":"has_cows","type":"bool","label":{"th":"มีวัว","en":"Has cows"},"required":true},
  {"name":"herd_name","type":"text","section":"herd","label":{"th":"ชื่อฝูง","en":"Name of the herd"},"required":"count(cow) > 1.0"},
  {"name":"milk","type":"calculate","calculation":"sum(cow.map(c, c.litres))","label":{"th":"นม","en":"Milk"}},
  {"name":"milk_a_cow","type":"calculate","calculation":"round(milk / count(cow), 1.0)","label":{"th":"ต่อตัว","en":"Each"}},
  {"name":"why_little","type":"text","relevant":"milk_a_cow < 5.0","label":{"th":"ทำไมน้อย","en":"Why so little"},"required":true},
  {"name":"tools","type":"multi","choices":"yes_no","label":{"th":"เครื่องมือ","en":"Tools"}},
  {"name":"born","type":"count_table","rows":"ages","label":{"th":"เกิด","en":"Born"}},
  {"name":"sold","type":"table","rows":"ages","columns":[{"name":"n","type":"int","label":{"th":"ตัว","en":"Head"},"min":0},{"name":"baht","type":"money","label":{"th":"บาท","en":"Baht"}}],"label":{"th":"ขาย","en":"Sold"}}
  ]},
 {"name":"cow","parent":"farm","max":3,"label":{"th":"วัว","en":"Cow"},"questions":[
  {"name":"birth","type":"date","partial":true,"label":{"th":"เกิด","en":"Born"},"constraint":"this <= reference_date","constraint_message":{"th":"ยังไม่เกิด","en":"Not born yet"}},
  {"name":"age","type":"calculate","calculation":"age_years(birth, reference_date)","label":{"th":"อายุ","en":"Age"}},
  {"name":"litres","type":"decimal","relevant":"age >= 2.0 && has_cows","label":{"th":"ลิตร","en":"Litres"},"required":true},
  {"name":"number","type":"calculate","calculation":"position","label":{"th":"ที่","en":"No."}}
 ]}]}`

func mustParse(t *testing.T, form string) *survey.Form {
	t.Helper()
	f, err := survey.Parse([]byte(form))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func cows(list ...answers) map[string][]survey.Entry {
	out := map[string][]survey.Entry{"cow": {}}
	for _, v := range list {
		out["cow"] = append(out["cow"], survey.Entry{Values: v})
	}
	return out
}

func TestReview(t *testing.T) {
	two := cows(answers{"birth": "2015-06-01", "litres": int64(6)}, answers{"birth": "2016", "litres": 3.0})
	tests := []struct {
		name     string
		entry    survey.Entry
		values   answers // among the review's
		asked    string
		notAsked string
		missing  string
		problems string
		complete bool
	}{
		{
			name: "nothing is answered", missing: "owner has_cows", notAsked: "herd_name why_little",
			entry: survey.Entry{},
		},
		{
			name:  "calculations go over the records below, which follow from theirs",
			entry: survey.Entry{Values: answers{"owner": "ก", "has_cows": true, "herd_name": "ฝูง"}, Children: two},
			// 9 litres of two cows is below 5 each, so the reason is asked
			values: answers{"milk": 9.0, "milk_a_cow": 4.5}, asked: "why_little herd_name", missing: "why_little",
		},
		{
			name:  "a section that is not relevant hides its questions, and those below see it too",
			entry: survey.Entry{Values: answers{"owner": "ก", "has_cows": false, "herd_name": "kept, not counted"}, Children: two},
			// the litres are not asked: the sum has no value
			values: answers{"herd_name": nil, "milk": nil}, notAsked: "herd_name why_little", complete: true,
		},
		{
			name:  "relevance that cannot be told is not asked",
			entry: survey.Entry{Values: answers{"owner": "ก", "has_cows": true}, Children: cows(answers{"birth": "2015-06-01"})},
			// the cow's litres are missing
			values: answers{"milk": nil, "milk_a_cow": nil}, notAsked: "why_little",
		},
		{
			name:    "required if",
			entry:   survey.Entry{Values: answers{"owner": "ก", "has_cows": true, "why_little": "แล้ง"}, Children: two},
			missing: "herd_name",
		},
		{
			name:     "a constraint is judged on both answers",
			entry:    survey.Entry{Values: answers{"owner": "ก", "has_cows": false, "rai": int64(4), "rented": 5.0}},
			problems: "rented:constraint",
		},
		{
			name:     "a constraint whose other answer is missing is not",
			entry:    survey.Entry{Values: answers{"owner": "ก", "has_cows": false, "rented": 5.0}},
			complete: true,
		},
		{
			name:     "a choice that does not go with an earlier one",
			entry:    survey.Entry{Values: answers{"owner": "ก", "has_cows": false, "region": "s", "place": "khon_kaen"}},
			problems: "place:bad_choice",
		},
		{
			name:     "a choice that does",
			entry:    survey.Entry{Values: answers{"owner": "ก", "has_cows": false, "region": "ne", "place": "khon_kaen"}},
			complete: true,
		},
		{
			name:     "several choices, one unknown",
			entry:    survey.Entry{Values: answers{"owner": "ก", "has_cows": false, "tools": []any{"yes", "perhaps"}}},
			problems: "tools:bad_choice",
		},
		{
			name:     "a choice twice",
			entry:    survey.Entry{Values: answers{"owner": "ก", "has_cows": false, "tools": []any{"yes", "yes"}}},
			problems: "tools:bad_choice",
		},
		{
			name: "tables: a bad row, a bad cell",
			entry: survey.Entry{Values: answers{
				"owner": "ก", "has_cows": false,
				"born": answers{"young": -1.0}, "sold": answers{"old": answers{"n": "two"}},
			}},
			problems: "born:out_of_range sold:wrong_type",
		},
		{
			name: "tables: good ones, with empty cells",
			entry: survey.Entry{Values: answers{
				"owner": "ก", "has_cows": false,
				"born": answers{"young": 1.0, "old": nil}, "sold": answers{"old": answers{"n": int64(2), "baht": nil}, "young": nil},
			}},
			complete: true,
		},
		{
			name: "too many below",
			entry: survey.Entry{
				Values:   answers{"owner": "ก", "has_cows": false},
				Children: cows(answers{"birth": "2019"}, answers{"birth": "2019"}, answers{"birth": "2019"}, answers{"birth": "2019"}),
			},
			problems: "cow:wrong_number",
		},
		{
			name:     "a question that the form does not have is kept and named",
			entry:    survey.Entry{Values: answers{"owner": "ก", "has_cows": false, "pigs": 2.0, "_round": "x"}},
			problems: "pigs:unknown_question",
		},
	}
	f := mustParse(t, farmForm)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := f.Review("farm", tt.entry, "2020-01-01")
			for name, want := range tt.values {
				wantEqual(t, name, r.Values[name], want)
			}
			for _, name := range strings.Fields(tt.asked) {
				if !r.Asked[name] {
					t.Errorf("%s is not asked", name)
				}
			}
			for _, name := range strings.Fields(tt.notAsked) {
				if r.Asked[name] {
					t.Errorf("%s is asked", name)
				}
			}
			if got := strings.Join(r.Missing, " "); got != tt.missing {
				t.Errorf("missing %q, want %q", got, tt.missing)
			}
			var problems []string
			for _, p := range r.Problems {
				problems = append(problems, p.Question+":"+string(p.Code))
				if p.TH == "" || p.EN == "" {
					t.Errorf("%s has no sentence", p.Question)
				}
			}
			if got := strings.Join(problems, " "); got != tt.problems {
				t.Errorf("problems %q, want %q", got, tt.problems)
			}
			if r.Complete() != tt.complete {
				t.Errorf("Complete() = %v", !tt.complete)
			}
		})
	}
}

func TestAgesCountAtTheReferenceDate(t *testing.T) {
	tests := []struct {
		name, birth, at string
		years, months   float64
	}{
		{"35 on the day", "1985-01-01", "2020-01-01", 35, 420},
		{"a day short of 35", "1985-01-02", "2020-01-01", 34, 419},
		{"a year known: its first day", "1985", "2020-01-01", 35, 420},
		{"a month known: its first day", "1985-02", "2020-01-31", 34, 419},
		{"6 months to the day", "2019-07-01", "2020-01-01", 0, 6},
		{"a day short of 6 months", "2019-07-02", "2020-01-01", 0, 5},
		{"12 months are a year", "2019-01-01", "2020-01-01", 1, 12},
		{"leap day, a year later", "2016-02-29", "2017-02-28", 0, 11},
		{"leap day, the day after", "2016-02-29", "2017-03-01", 1, 12},
		{"not born yet", "2020-01-02", "2020-01-01", -1, -1},
		{"born on the day", "2020-01-01", "2020-01-01", 0, 0},
	}
	f := mustParse(t, small(ask("birth", "date", `,"partial":true`)+","+
		ask("years", "calculate", `,"calculation":"age_years(birth, reference_date)"`)+","+
		ask("months", "calculate", `,"calculation":"age_months(birth, reference_date)"`)))
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := f.Review("farm", survey.Entry{Values: answers{"birth": tt.birth}, Today: "2031-12-31"}, tt.at)
			wantEqual(t, "years", r.Values["years"], tt.years)
			wantEqual(t, "months", r.Values["months"], tt.months)
		})
	}
	r := f.Review("farm", survey.Entry{}, "2020-01-01")
	wantEqual(t, "the age of somebody without a birth date", r.Values["years"], nil)
}

func TestFunctions(t *testing.T) {
	tests := []struct {
		expr string
		want any // nil: no value
	}{
		{`count([1.0, 2.0])`, 2.0},
		{`count(n)`, nil},
		{`sum([1.0, n])`, nil},
		{`sum([])`, 0.0},
		{`min_of([3.0, 1.0])`, 1.0},
		{`max_of([])`, nil},
		{`selected(["a", "b"], "b")`, true},
		{`selected("a", "b")`, false},
		{`selected(n, "b")`, false},
		{`count_selected(n)`, 0.0},
		{`count_selected(["a"])`, 1.0},
		{`count_selected("a")`, 1.0},
		{`days("1970-01-02")`, 1.0},
		{`days("1969-12-31")`, -1.0},
		{`days("2020-01-01T23:00:00+07:00")`, 18262.0},
		{`date_add("2020-02-28", 2.0)`, "2020-03-01"},
		{`date_add("2020-02-28", 1e9)`, nil},
		{`trunc(-1.5)`, -1.0},
		{`round(2.345, 2.0)`, 2.35},
		{`mod(7.0, 4.0)`, 3.0},
		{`mod(7.0, 0.0)`, nil},
		{`number("12.5")`, 12.5},
		{`number("0x10")`, nil},
		{`number("twelve")`, nil},
		{`number(true)`, 1.0},
		{`length("กขค")`, 3.0},
		{`substr("กขค", 1.0, 9.0)`, "ขค"},
		{`substr("กขค", 2.0, 1.0)`, ""},
		{`concat(["ก", 2.0, n, true])`, "ก2true"},
		{`coalesce(n, 5.0)`, 5.0},
		{`coalesce(4.0, 5.0)`, 4.0},
		{`choice_name("yes", "q")`, "ใช่"},
		{`choice_name("maybe", "q")`, nil},
		{`1.0 / 0.0`, nil},
		{`size("กข") > 1 ? "long" : "short"`, "long"},
		{`n == null`, true},
		{`n > 1.0`, nil},
		{`n == "x" || true`, true},
	}
	for _, tt := range tests {
		t.Run(tt.expr, func(t *testing.T) {
			f := mustParse(t, small(ask("n", "int", "")+","+
				ask("q", "choice", `,"choices":[{"name":"yes","label":{"th":"ใช่","en":"Yes"}}]`)+","+
				ask("x", "calculate", `,"calculation":`+quote(tt.expr))))
			wantEqual(t, tt.expr, f.Review("farm", survey.Entry{}, "").Values["x"], tt.want)
		})
	}
}

func quote(s string) string { return `"` + strings.ReplaceAll(s, `"`, `\"`) + `"` }

func TestAnExpressionThatCannotWorkIsRefusedWithItsPlace(t *testing.T) {
	tests := []struct{ name, form, want string }{
		{"unknown question", small(ask("a", "text", `,"relevant":"b == 1.0"`)), "farm.a.relevant: character 1: undeclared reference to 'b'"},
		{"unknown function", small(ask("a", "text", `,"constraint":"frob(this)"`)), "farm.a.constraint: character 5: undeclared reference to 'frob'"},
		{"not an expression", small(ask("a", "text", `,"relevant":"a ==="`)), "farm.a.relevant: character"},
		{"blank", small(ask("a", "text", `,"relevant":" "`)), "farm.a.relevant: is blank"},
		{"a whole number in arithmetic", small(ask("a", "int", "") + "," + ask("b", "calculate", `,"calculation":"a + 1"`)), "farm.b.calculation: write 1 with a decimal point"},
		{"remainder by %", small(ask("a", "int", "") + "," + ask("b", "calculate", `,"calculation":"a % 2.0"`)), "mod(a, b)"},
		{"itself", small(ask("a", "int", `,"relevant":"a > 1.0"`)), "farm.a: depends on itself: farm.a → farm.a"},
		{"a circle", small(ask("a", "calculate", `,"calculation":"b"`) + "," + ask("b", "calculate", `,"calculation":"c"`) + "," + ask("c", "int", `,"relevant":"a > 1.0"`)), "farm.a → farm.b → farm.c → farm.a"},
		{"a circle through the records below", strings.Replace(farmForm, `"calculation":"position"`, `"calculation":"milk"`, 1), ""},
		{"a real circle through the records below", strings.Replace(farmForm, `"age >= 2.0 && has_cows"`, `"milk > 1.0"`, 1), "farm.milk → cow.litres → farm.milk"},
		{"a question below that is not there", strings.Replace(farmForm, `c.litres`, `c.pints`, 1), `cow has no question "pints"`},
		{"a name with a meaning", small(ask("today", "date", "")), "farm.today: the name has a meaning"},
		{"too long", small(ask("a", "text", `,"relevant":"`+strings.Repeat("true&&", 900)+`true"`)), "longer than 4096 bytes"},
		{"too deep", small(ask("a", "text", `,"relevant":"`+strings.Repeat("(", 300)+`true`+strings.Repeat(")", 300)+`"`)), "farm.a.relevant"},
		{"a section that is not there", small(ask("a", "text", `,"section":"s"`)), `farm.a.section: no section "s"`},
		{"a list that is not there", small(ask("a", "choice", `,"choices":"l"`)), `farm.a.choices: no list "l"`},
		{"a calculation without one", small(ask("a", "calculate", "")), "farm.a.calculation: is missing"},
		{"a default of the wrong type", small(ask("a", "int", `,"default":"x"`)), "farm.a.default"},
		{"a question named as the records below", strings.Replace(farmForm, `"name":"rented"`, `"name":"cow"`, 1), "is a question of farm too"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := survey.Parse([]byte(tt.form))
			if tt.want == "" {
				if err != nil {
					t.Fatalf("refused: %v", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v does not say %q", err, tt.want)
			}
		})
	}
}

func TestAnExpressionThatRunsTooLongHasNoResult(t *testing.T) {
	loop := `[1.0,2.0,3.0,4.0,5.0,6.0,7.0,8.0,9.0,10.0]`
	expr := "1.0"
	for _, v := range []string{"a1", "a2", "a3", "a4", "a5", "a6", "a7"} {
		expr = "count(" + loop + ".map(" + v + ", " + expr + "))"
	}
	f := mustParse(t, small(ask("x", "calculate", `,"calculation":"`+expr+`"`)))
	wantEqual(t, "the result", f.Review("farm", survey.Entry{}, "").Values["x"], nil)
}

func TestCheckJudgesOneRecordAlone(t *testing.T) {
	f := mustParse(t, farmForm)
	// litres depends on the farm, which is not known here: it counts as asked.
	if got := f.Check("cow", answers{"birth": "2015", "litres": "much"}); len(got) != 1 || got[0].Question != "litres" {
		t.Errorf("Check = %v, want one problem with litres", got)
	}
	if got := f.Check("farm", answers{"rai": 4.0, "rented": 5.0}); len(got) != 1 || got[0].Code != survey.Constraint {
		t.Errorf("Check = %v, want one constraint", got)
	}
}

func TestTheDefinitionOfAFormGivesTheSameForm(t *testing.T) {
	forms := []*survey.Form{mustParse(t, farmForm)}
	forms = append(forms, survey.Builtin().Forms()...)
	for _, f := range forms {
		again, err := survey.Parse(f.JSON())
		if err != nil {
			t.Fatalf("%s: %v", f.Ref(), err)
		}
		if again.Hash() != f.Hash() || f.Hash() == "" {
			t.Errorf("%s: the hash changed", f.Ref())
		}
	}
	d := forms[0].Definition()
	d.RecordTypes[0].Questions[0].Name = "gone"
	d.Choices["places"][0].Filter["region"] = "gone"
	if forms[0].Definition().RecordTypes[0].Questions[0].Name != "owner" || forms[0].Definition().Choices["places"][0].Filter["region"] != "ne" {
		t.Error("changing the definition changed the form")
	}
	farm, cow := forms[0].Types()[0], forms[0].Types()[1]
	if farm.Calculates("milk") != survey.TypeDecimal || cow.Calculates("number") != "" || farm.Calculates("owner") != "" {
		t.Errorf("calculations give %q, %q, %q", farm.Calculates("milk"), cow.Calculates("number"), farm.Calculates("owner"))
	}
	if got := forms[0].Types()[0].Children(); !slices.Equal(got, []string{"cow"}) {
		t.Errorf("Children() = %v", got)
	}
}
