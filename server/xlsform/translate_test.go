package xlsform_test

import (
	"strings"
	"testing"

	"tambonsync/server/xlsform"
)

// scene has a question of each type that expressions treat differently, and a
// repeat. Expressions are put into the row x.
func scene(column, expression string) sheets {
	s := small(
		q("decimal", "area"), q("text", "name"), q("select_one yn", "owns"), q("select_one yn", "poor"),
		q("select_multiple crops", "crops"), q("date", "born"), q("dateTime", "met"), q("time", "hour"),
		q("calculate", "adult"), q("calculate", "double"),
		q("begin_repeat", "member"), q("integer", "pay"), q("select_one crops", "job"), q("end_repeat", ""),
		q("decimal", "x"),
	)
	head := s["survey"][0]
	head = append(head, "tambonsync::type")
	s["survey"][0] = head
	set := func(name, column, text string) {
		for i, r := range s["survey"] {
			if len(r) > 1 && r[1] == name {
				for len(r) < len(head) {
					r = append(r, "")
				}
				for j, h := range head {
					if h == column {
						r[j] = text
					}
				}
				s["survey"][i] = r
			}
		}
	}
	set("poor", "tambonsync::type", "bool")
	set("adult", "calculation", "${age} >= 18")
	set("double", "calculation", "${age} * 2")
	if column == "calculation" {
		set("x", "type", "calculate")
	}
	set("x", column, expression)
	return s
}

func TestXPathBecomesCEL(t *testing.T) {
	for _, c := range []struct{ name, column, xpath, cel string }{
		{"a number is compared as a double", "relevant", "${age} >= 15", `age >= 15.0`},
		{"and binds tighter than or", "relevant", "${age} > 1 or ${age} < 2 and ${area} = 3.5", `age > 1.0 || age < 2.0 && area == 3.5`},
		{"brackets that matter stay", "relevant", "(${age} > 1 or ${age} < 2) and ${area} != 3", `(age > 1.0 || age < 2.0) && area != 3.0`},
		{"brackets that do not matter go", "relevant", "((${age} > 1) and (${area} < 2))", `age > 1.0 && area < 2.0`},
		{"arithmetic", "calculation", "(${age} + 2) * 3 - ${area} div 4", `(age + 2.0) * 3.0 - area / 4.0`},
		{"subtraction is from the left", "calculation", "${age} - (${area} - 1)", `age - (area - 1.0)`},
		{"mod", "calculation", "${age} mod 2", `mod(age, 2.0)`},
		{"minus before a name", "calculation", "-${age}", `-age`},
		{"minus without blanks", "calculation", "${age}-${area}", `age - area`},
		{"no answer", "relevant", "${name} = ''", `name == null`},
		{"an answer, with curled quotes", "relevant", "${name} != ‘’", `name != null`},
		{"a choice", "relevant", "${owns} = 'yes'", `owns == "yes"`},
		{"the literal first", "relevant", "'yes' = ${owns}", `owns == "yes"`},
		{"a yes/no question", "relevant", "${poor} = 'yes'", `poor == true`},
		{"a yes/no question negated", "relevant", "${poor} != 'no' and not(${poor} = 'no')", `poor != false && !(poor == false)`},
		{"selected of several", "relevant", "selected(${crops}, 'rice')", `selected(crops, "rice")`},
		{"selected of one is equality", "relevant", "selected(${owns}, 'no')", `owns == "no"`},
		{"not selected", "relevant", "not(selected(${crops}, 'none'))", `!selected(crops, "none")`},
		{"how many are selected", "relevant", "count-selected(${crops}) > 1", `count_selected(crops) > 1.0`},
		{"the first selected", "relevant", "selected-at(${crops}, 0) = 'rice'", `crops[0] == "rice"`},
		{"exactly one selected", "relevant", "${crops} = 'none'", `crops == ["none"]`},
		{"the answer itself", "constraint", ". >= 0 and . <= 120", `this >= 0.0 && this <= 120.0`},
		{"the whole text matches", "relevant", `regex(${name}, '^[0-9]{2}\.[ก-ฮ]$')`, `name.matches("^(?:^[0-9]{2}\\.[ก-ฮ]$)$")`},
		{"length", "relevant", "string-length(${name}) < 10", `length(name) < 10.0`},
		{"records below", "relevant", "count(${member}) = ${age}", `count(member) == age`},
		{"records below by a question of them", "relevant", "count(${pay}) > 1", `count(member) > 1.0`},
		{"a sum over records", "calculation", "sum(${pay})", `sum(member.filter(m, m.pay != null).map(m, m.pay))`},
		{"the most over records", "calculation", "max(${pay})", `max_of(member.filter(m, m.pay != null).map(m, m.pay))`},
		{"the least of several", "calculation", "min(${age}, ${area}, 3)", `min_of([age, area, 3.0])`},
		{"records with a condition", "calculation", "count(${member}[pay > 100 and job = 'rice'])", `count(member.filter(m, m.pay > 100.0 && m.job == "rice"))`},
		{"a condition with a question outside", "calculation", "count(${member}[${pay} > ${age}])", `count(member.filter(m, m.pay > age))`},
		{"a sum over some records", "calculation", "sum(${member}[job = 'rubber']/pay)", `sum(member.filter(m, m.job == "rubber").filter(m, m.pay != null).map(m, m.pay))`},
		{"if", "calculation", "if(${age} > 17, 'adult', 'child')", `age > 17.0 ? "adult" : "child"`},
		{"if with nothing", "calculation", "if(${age} > 17, ${age}, '')", `age > 17.0 ? age : null`},
		{"if in if", "calculation", "if(${age} > 17, 1, if(${age} > 5, 2, 3))", `age > 17.0 ? 1.0 : age > 5.0 ? 2.0 : 3.0`},
		{"coalesce", "calculation", "coalesce(${age}, 0) + 1", `coalesce(age, 0.0) + 1.0`},
		{"conditions counted", "calculation", "(${age} > 1) + (${area} > 2)", `(age > 1.0 ? 1.0 : 0.0) + (area > 2.0 ? 1.0 : 0.0)`},
		{"the day", "relevant", "${born} <= today()", `days(born) <= days(today)`},
		{"a date in quotes", "relevant", "${born} < '2000-01-31'", `days(born) < days("2000-01-31")`},
		{"a date by date()", "relevant", "date('2000-01-31') > ${born}", `days("2000-01-31") > days(born)`},
		{"the same day", "relevant", "${born} = today()", `born == today`},
		{"days between", "calculation", "today() - ${born}", `days(today) - days(born)`},
		{"days later", "relevant", "${born} + 30 > today()", `days(date_add(born, 30.0)) > days(today)`},
		{"days before", "calculation", "today() - 7", `date_add(today, -7.0)`},
		{"the age everybody writes", "relevant", "int((today() - ${born}) div 365.25) >= 15", `age_years(born, today) >= 15.0`},
		{"the age in months", "calculation", "int((today()-${born}) div 30.4375)", `age_months(born, today)`},
		{"the year", "calculation", "number(format-date(${born}, '%Y'))", `number(substr(born, 0.0, 4.0))`},
		{"now as a day", "relevant", "date(now()) > ${born}", `days(today) > days(born)`},
		{"now as a text of the day", "calculation", "format-date(now(), '%Y-%m-%d')", `substr(today, 0.0, 10.0)`},
		{"times compare as they are", "relevant", "${hour} < '08:30'", `hour < "08:30"`},
		{"a text as a number", "relevant", "${name} > 5", `number(name) > 5.0`},
		{"int and round", "calculation", "round(${area}, 2) + int(${area}) + round(${area})", `round(area, 2.0) + trunc(area) + round(area, 0.0)`},
		{"text together", "calculation", "concat(${name}, ' ', ${age})", `concat([name, " ", age])`},
		{"string", "calculation", "string(${age})", `concat([age])`},
		{"part of a text", "calculation", "substr(${name}, 0, 2)", `substr(name, 0.0, 2.0)`},
		{"the rest of a text", "calculation", "substr(${name}, 2)", `substr(name, 2.0, 1000000.0)`},
		{"the label of a choice", "calculation", "jr:choice-name(${owns}, '${owns}')", `choice_name(owns, "owns")`},
		{"true and false", "relevant", "true() or false()", `true || false`},
		{"an answer as a condition", "relevant", "${name} and ${age}", `name != null && age != 0.0`},
		{"a computed condition", "relevant", "${adult} and ${poor}", `adult && poor == true`},
		{"a computed condition by its text", "relevant", "${adult} = 'true'", `adult == true`},
		{"a computed number", "relevant", "${double} > '3'", `double > 3.0`},
		{"quotes in a text", "relevant", `${name} = 'a"b\c'`, `name == "a\"b\\c"`},
		{"required by a condition", "required", "${age} > 3", `age > 3.0`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.name == "a computed condition" { // adult && … : adult is a question in both
				c.cel = `adult == true && poor == true`
			}
			f := imported(t, scene(c.column, c.xpath).workbook(t))
			x := questionOf(t, f, "test", "x")
			got := map[string]string{
				"relevant": x.Relevant, "constraint": x.Constraint, "calculation": x.Calculation, "required": x.RequiredIf,
			}[c.column]
			if got != c.cel {
				t.Errorf("%s\n got %s\nwant %s", c.xpath, got, c.cel)
			}
			if back := again(t, f); back.Hash() != f.Hash() {
				t.Errorf("%s does not come back", c.xpath)
			}
		})
	}
}

func TestWhatXPathCannotSayIsNamed(t *testing.T) {
	for _, c := range []struct{ name, column, xpath, en string }{
		{"once", "calculation", "once(random())", "function once() is not supported"},
		{"pulldata", "calculation", "pulldata('f', 'a', 'b', ${name})", "pulldata()"},
		{"indexed-repeat", "calculation", "indexed-repeat(${pay}, ${member}, 1)", "indexed-repeat()"},
		{"instance", "calculation", "instance('x')/root/item", "instance() with a path"},
		{"now", "calculation", "now()", "use today()"},
		{"a path", "relevant", "/data/age > 3", "paths (/)"},
		{"a path upwards", "relevant", "../age > 3", "name a question as ${name}"},
		{"a union", "calculation", "${age} | ${area}", "paths (|)"},
		{"an unknown question", "relevant", "${nobody} = 1", `no question "nobody"`},
		{"a question without ${ }", "relevant", "age > 3", `"age" is not known`},
		{"a question of a repeat as a value", "relevant", "${pay} > 3", "in the repeat \"member\""},
		{"a repeat as a value", "relevant", "${member} > 3", "count(${member})"},
		{"a sum of one answer", "calculation", "sum(${age})", "takes a question of a repeat"},
		{"a sum of texts", "calculation", "sum(${job})", "questions with numbers"},
		{"an unknown choice", "relevant", "${owns} = 'maybe'", `no choice "maybe"`},
		{"an unknown choice selected", "relevant", "selected(${crops}, 'wheat')", `no choice "wheat"`},
		{"a yes/no answer that is neither", "relevant", "${poor} = 'often'", "'yes' or 'no'"},
		{"too few arguments", "relevant", "selected(${crops})", "takes 2 arguments, not 1"},
		{"a bracket that is not closed", "relevant", "(${age} > 3", "ends too soon"},
		{"a quote that is not closed", "relevant", "${name} = 'a", "not closed"},
		{"a reference that is not closed", "relevant", "${name = 'a'", "no closing }"},
		{"== is not XPath", "relevant", "${age} == 3", `"=" cannot stand here`},
		{"a pattern with lookahead", "constraint", "regex(., '(?=a)')", "no lookahead"},
		{"a pattern that is computed", "relevant", "regex(${name}, ${name})", "must be a text"},
		{"two dates added", "calculation", "${born} + today()", "Two dates"},
		{"a date that is none", "relevant", "${born} > '31/1/2000'", "year-month-day"},
		{"another date format", "calculation", "format-date(${born}, '%b')", "format-date() takes"},
		{"position of something else", "relevant", "position(${age}) = 1", "position(..)"},
		{"several choices as a number", "relevant", "${crops} > 3", "count-selected()"},
		{"deep brackets", "relevant", strings.Repeat("(", 40) + "1" + strings.Repeat(")", 40), "nest deeper"},
		{"a long expression", "relevant", "${age} > " + strings.Repeat("1 + ", 3000) + "1", "8 KiB"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, problems := xlsform.Import(scene(c.column, c.xpath).workbook(t))
			if d.Name != "" || !xlsform.Refused(problems) {
				t.Fatal("imported")
			}
			p := problems[len(problems)-1]
			if !strings.Contains(listed(problems), c.en) || !strings.HasPrefix(p.Place(), "survey!") || p.Row != 17 || p.TH == "" {
				t.Errorf("%s", listed(problems))
			}
		})
	}
}
