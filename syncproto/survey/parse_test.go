package survey_test

import (
	"strings"
	"testing"

	"tambonsync/syncproto/survey"
)

// small makes a form of one record type "farm" with these questions.
func small(questions string) string {
	return `{"name":"f","version":1,"title":{"th":"ก","en":"a"},"record_types":[` +
		`{"name":"farm","label":{"th":"ก","en":"a"},"questions":[` + questions + `]}]}`
}

// ask makes one question; more are further keys.
func ask(name, kind, more string) string {
	return `{"name":"` + name + `","type":"` + kind + `","label":{"th":"ก","en":"a"}` + more + `}`
}

var badForms = []struct {
	name, form string
	want       string // the place and the fault
}{
	{"nothing", ``, "unexpected end"},
	{"not JSON", `{"name" "f"}`, "byte 9"},
	{"something after the form", small(ask("a", "text", "")) + `{}`, "byte"},
	{"not UTF-8", small(ask("a", "text", "")) + "\xff", "not UTF-8"},
	{"too long", strings.Repeat(" ", 4<<20) + small(ask("a", "text", "")), "at most"},
	{"a list", `[]`, "want an object"},
	{"null", `null`, "want an object"},
	{"unknown key of the form", `{"nam":"f"}`, `unknown key "nam"`},
	{"key in capitals", `{"Name":"f"}`, `unknown key "Name"`},
	{"key twice", `{"name":"f","n\u0061me":"g"}`, `key "name" is there twice`},
	{"no name", `{"version":1}`, "name: is missing"},
	{"null name", `{"name":null}`, "name: want a string"},
	{"no version", strings.Replace(small(ask("a", "text", "")), `"version":1,`, "", 1), "version: is missing"},
	{"version 0", strings.Replace(small(ask("a", "text", "")), `"version":1`, `"version":0`, 1), "version: must be 1 or more"},
	{"version text", strings.Replace(small(ask("a", "text", "")), `"version":1`, `"version":"1"`, 1), "version: want a int"},
	{"no record types", `{"name":"f","version":1,"title":{"th":"ก","en":"a"},"record_types":[]}`, "record_types: want a list"},
	{"no questions", small(""), "farm.questions: want a list"},
	{"unknown key of a question", small(ask("a", "text", `,"relevent":"x"`)), `farm.questions[0]: unknown key "relevent"`},
	{"unknown type", small(ask("a", "txt", "")), `farm.a.type: unknown type "txt"`},
	{"question twice", small(ask("a", "text", "") + "," + ask("a", "int", "")), "farm.a: a second question"},
	{"reserved name", small(ask("_life", "bool", "")), `farm.questions[0].name: "_life" must not start with "_"`},
	{"long name", small(ask(strings.Repeat("a", 65), "text", "")), "farm.questions[0].name: longer than 64 bytes"},
	{"empty name", small(ask("", "text", "")), "farm.questions[0].name: is empty"},
	{"name with a slash", small(ask("a/b", "text", "")), "farm.questions[0].name"},
	{"name in Thai", small(ask("ชื่อ", "text", "")), "farm.questions[0].name"},
	{"name starting with a digit", small(ask("1a", "text", "")), "must start with a letter"},
	{"no Thai label", small(`{"name":"a","type":"text","label":{"en":"a"}}`), "farm.a.label.th: is missing"},
	{"blank label", small(`{"name":"a","type":"text","label":{"th":" ","en":"a"}}`), "farm.a.label: needs Thai and English"},
	{"third language", small(`{"name":"a","type":"text","label":{"th":"ก","en":"a","my":"x"}}`), `farm.a.label: unknown key "my"`},
	{"half a hint", small(ask("a", "text", `,"hint":{"th":"ก"}`)), "farm.a.hint.en: is missing"},
	{"required text", small(ask("a", "text", `,"required":"yes"`)), "farm.a.required: character 1: undeclared reference"},
	{"unknown mark", small(ask("a", "text", `,"privacy":"secret"`)), `farm.a.privacy: unknown mark "secret"`},
	{"choice without choices", small(ask("a", "choice", "")), "farm.a.choices: want a list"},
	{"choice twice", small(ask("a", "choice", `,"choices":[{"name":"x","label":{"th":"ก","en":"a"}},{"name":"x","label":{"th":"ก","en":"a"}}]`)), `farm.a.choices[1].name: "x" is there twice`},
	{"choice without label", small(ask("a", "choice", `,"choices":[{"name":"x"}]`)), "farm.a.choices[0].label"},
	{"choices of a text", small(ask("a", "text", `,"choices":[]`)), "farm.a.choices: not for a question"},
	{"bounds of a text", small(ask("a", "text", `,"min":1`)), "farm.a.min: not for a question"},
	{"partial text", small(ask("a", "text", `,"partial":true`)), "farm.a.partial: not for a question"},
	{"bounds the wrong way", small(ask("a", "int", `,"min":2,"max":1`)), "farm.a.min: more than max"},
	{"bound beyond floats", small(ask("a", "int", `,"max":1e999`)), "farm.a.max: want a float64"},
	{"group of one", small(ask("a", "text", `,"group":"g"`)), `farm.a.group: "g" has no other question`},
	{"group of its own name", small(ask("a", "text", `,"group":"a"`)), `farm.a.group: "a" has no other question`},
	{"group named as a question outside", small(ask("a", "text", `,"group":"c"`) + "," + ask("b", "text", `,"group":"c"`) + "," + ask("c", "text", "")), `farm.a.group: "c" is a question outside`},
	{"reserved group", small(ask("a", "text", `,"group":"_scope"`)), "farm.a.group"},
	{"record type twice", twoTypes(`"name":"farm"`), "farm: a second record type"},
	{"parent unknown", twoTypes(`"name":"cow","parent":"barn"`), `cow.parent: no record type "barn" before this one`},
	{"parent itself", twoTypes(`"name":"cow","parent":"cow"`), `cow.parent: no record type "cow" before this one`},
}

// twoTypes adds to small a second record type with these keys.
func twoTypes(keys string) string {
	one := strings.TrimSuffix(small(ask("a", "text", "")), "]}")
	return one + `,{` + keys + `,"label":{"th":"ก","en":"a"},"questions":[` + ask("a", "text", "") + `]}]}`
}

func TestParseRefusesABadFormAndNamesThePlace(t *testing.T) {
	for _, tt := range badForms {
		t.Run(tt.name, func(t *testing.T) {
			f, err := survey.Parse([]byte(tt.form))
			if err == nil || f != nil {
				t.Fatalf("Parse = %v, %v, want an error", f, err)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %q does not say %q", err, tt.want)
			}
		})
	}
}

func TestParseReadsEveryKey(t *testing.T) {
	f, err := survey.Parse([]byte(twoTypes(`"name":"cow","parent":"farm"`)))
	if err != nil {
		t.Fatal(err)
	}
	if cow, ok := f.Type("cow"); !ok || cow.Parent() != "farm" {
		t.Errorf("cow = %v, %v, want a type with parent farm", cow, ok)
	}

	f, err = survey.Parse([]byte(small(
		ask("born", "date", `,"partial":true,"required":true,"hint":{"th":"ข","en":"b"},"privacy":"s26","group":"born"`) + "," +
			ask("kind", "choice", `,"group":"born","choices":[{"name":"0110","label":{"th":"ค","en":"c"}}]`) + "," +
			ask("rai", "int", `,"min":-1,"max":2.5`))))
	if err != nil {
		t.Fatal(err)
	}
	farm, _ := f.Type("farm")
	low, high := -1.0, 2.5
	wantEqual(t, "questions", farm.Questions(), []survey.Question{
		{
			Name: "born", Type: survey.TypeDate, Label: survey.Text{TH: "ก", EN: "a"}, Hint: survey.Text{TH: "ข", EN: "b"},
			Required: true, Partial: true, Group: "born", Privacy: survey.PrivacyS26,
		},
		{
			Name: "kind", Type: survey.TypeChoice, Label: survey.Text{TH: "ก", EN: "a"}, Group: "born",
			Choices: []survey.Choice{{Name: "0110", Label: survey.Text{TH: "ค", EN: "c"}}},
		},
		{Name: "rai", Type: survey.TypeInt, Label: survey.Text{TH: "ก", EN: "a"}, Group: "rai", Min: &low, Max: &high},
	})
}
