package xlsform

import (
	"strings"
	"testing"

	"tambonsync/syncproto/survey"
)

// FuzzXPath puts any text where an expression stands. It must end, name a
// place within the text or give CEL that is CEL, and what it gives must not
// grow beyond what survey takes.
func FuzzXPath(f *testing.F) {
	for _, s := range []string{
		"${a} >= 15 and not(selected(${c}, 'x'))", ". > 0 or regex(., '[0-9]+')", "sum(${n}) div count(${kid})",
		"int((today() - ${d}) div 365.25)", "if(${a} = '', 'x', \"y\")", "count(${kid}[n > 3 and position(..) = 1])",
		"-(-${a}) mod 2 != .5", "substr(substr(${t}, 1), 2)", "${b} = 'yes' and ${b}", "((((", "'", "${", "..", "a:b(", "/a/b",
	} {
		f.Add(s)
	}
	d := survey.Definition{RecordTypes: []survey.TypeDefinition{
		{Name: "top", Questions: []survey.Question{
			{Name: "a", Type: survey.TypeInt},
			{Name: "b", Type: survey.TypeBool},
			{Name: "t", Type: survey.TypeText},
			{Name: "d", Type: survey.TypeDate},
			{Name: "c", Type: survey.TypeMulti, Choices: []survey.Choice{{Name: "x"}}},
		}},
		{Name: "kid", Parent: "top", Questions: []survey.Question{{Name: "n", Type: survey.TypeDecimal}}},
	}}
	f.Fuzz(func(t *testing.T, text string) {
		in := shapeOf(&d).types["top"]
		at := place{in: in, this: in.questions["a"]}
		for _, field := range []field{relevantField, calculationField} {
			cel, faults := field.toCEL(at, text)
			for _, bad := range faults {
				if bad.at < 0 || bad.at > len(text) || bad.say.TH == "" || bad.say.EN == "" {
					t.Errorf("fault at %d of %d: %v", bad.at, len(text), bad.say)
				}
			}
			if len(cel) > maxCELBytes {
				t.Fatalf("%d bytes of CEL from %d of XPath", len(cel), len(text))
			}
			if len(faults) > 0 || len(text) > 200 || strings.ContainsFunc(text, func(r rune) bool { return r == '\uFFFD' }) {
				continue
			}
			if _, ok := parseCEL(cel); !ok {
				t.Fatalf("%q became %q, which is no CEL", text, cel)
			}
			if std, ext := field.write(at, cel); ext == "" {
				if back, _ := field.toCEL(at, std); back != cel {
					t.Fatalf("%q is written as %q, which becomes %q", cel, std, back)
				}
			}
		}
	})
}

// TestCommonCELNeedsNoColumnOfOurs keeps what authors write from being carried in our
// own columns, where ODK's tools would not change it.
func TestCommonCELNeedsNoColumnOfOurs(t *testing.T) {
	d := survey.Definition{RecordTypes: []survey.TypeDefinition{
		{Name: "top", Questions: []survey.Question{
			{Name: "a", Type: survey.TypeInt},
			{Name: "b", Type: survey.TypeBool},
			{Name: "t", Type: survey.TypeText},
			{Name: "d", Type: survey.TypeDate},
			{Name: "c", Type: survey.TypeMulti, Choices: []survey.Choice{{Name: "x"}}},
		}},
		{Name: "kid", Parent: "top", Questions: []survey.Question{{Name: "n", Type: survey.TypeDecimal}}},
	}}
	for _, c := range []struct{ name, cel, xpath string }{
		{"a yes/no question", "b == true", "${b} = 'yes'"},
		{"several conditions", `a >= 1.0 && a < 9.0 && t != null && b == false`, "${a} >= 1 and ${a} < 9 and ${t} != '' and ${b} = 'no'"},
		{"brackets", `(a == 1.0 || a == 2.0) && !selected(c, "x")`, "(${a} = 1 or ${a} = 2) and not(selected(${c}, 'x'))"},
		{"an age", "age_years(d, today) >= 35.0", "int((today() - ${d}) div 365.25) >= 35"},
		{"days", "days(d) - days(today) < 3.0", "${d} - today() < 3"},
		{"records", "count(kid.filter(m, m.n > 1.0)) == a", "count(${kid}[n > 1]) = ${a}"},
		{"a sum", "sum(kid.filter(m, m.n != null).map(m, m.n)) > 1.0", "sum(${n}) > 1"},
		{"a list in quotes", `t == "it's"`, `${t} = "it's"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			std, ext := relevantField.write(place{in: shapeOf(&d).types["top"]}, c.cel)
			if std != c.xpath || ext != "" {
				t.Errorf("%s\n got %s  %s\nwant %s", c.cel, std, ext, c.xpath)
			}
		})
	}
}
