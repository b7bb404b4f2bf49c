package xlsform_test

import (
	"strings"
	"testing"

	"tambonsync/server/xlsform"
	"tambonsync/syncproto/survey"
)

func TestWaysToWriteAWorkbook(t *testing.T) {
	both := survey.Text{TH: "ข้อ b", EN: "Question b"}
	for _, c := range []struct {
		name   string
		change func(s sheets)
		typ    survey.Type
		label  survey.Text
	}{
		{"languages by name and code", func(sheets) {}, survey.TypeText, both},
		{"languages by code", func(s sheets) { s["survey"][0][2], s["survey"][0][3] = "label::th", "label::en" }, survey.TypeText, both},
		{"one colon, capitals and blanks", func(s sheets) { s["survey"][0][2], s["survey"][0][3] = "Label : Thai", "LABEL:English" }, survey.TypeText, both},
		{"Thai without a mark", func(s sheets) { s["survey"][0][2] = "label" }, survey.TypeText, both},
		{"only one language", func(s sheets) { s["survey"][0][2], s["survey"][0][3] = "label", "notes" }, survey.TypeText, survey.Text{TH: "ข้อ b", EN: "ข้อ b"}},
		{"only English", func(s sheets) { s["survey"][0][2], s["survey"][0][3] = "notes", "label::English (en)" }, survey.TypeText, survey.Text{TH: "Question b", EN: "Question b"}},
		{"string for text", func(s sheets) { s["survey"][2][0] = "String" }, survey.TypeText, both},
		{"int for integer", func(s sheets) { s["survey"][2][0] = "int" }, survey.TypeInt, both},
		{"select with blanks", func(s sheets) { s["survey"][2][0] = "select one  yn" }, survey.TypeChoice, both},
		{"select in capitals", func(s sheets) { s["survey"][2][0] = "Select_Multiple crops" }, survey.TypeMulti, both},
		{"yes and no stay a choice", func(s sheets) { s["survey"][2][0] = "select_one yn" }, survey.TypeChoice, both},
		{"blank rows", func(s sheets) { s["survey"] = append(s["survey"], []string{" ", ""}, nil, q("text", "c")) }, survey.TypeText, both},
		{"a row that is switched off", func(s sheets) {
			s["survey"][0] = append(s["survey"][0], "disabled")
			s["survey"] = append(s["survey"], append(q("range", "age"), "", "", "", "", "", "", "", "", "", "yes"))
		}, survey.TypeText, both},
		{"a sheet in capitals", func(s sheets) { s["Survey"] = s["survey"]; delete(s, "survey") }, survey.TypeText, both},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := small(q("text", "b"))
			c.change(s)
			got := questionOf(t, imported(t, s.workbook(t)), "test", "b")
			if got.Type != c.typ || got.Label != c.label {
				t.Errorf("%s %q, want %s %q", got.Type, got.Label, c.typ, c.label)
			}
		})
	}
}

func TestWhatIsLeftOutIsSaid(t *testing.T) {
	for _, c := range []struct {
		name  string
		book  sheets
		place string
	}{
		{"metadata", small([]string{"start", "start"}), "survey!A3"},
		{"an answer in a text", small([]string{"note", "b", "สวัสดี ${age}"}), "survey!C3"},
		{"a third language", func() sheets {
			s := small(q("text", "b", "ja"))
			s["survey"][0][4] = "label::Melayu (ms)"
			return s
		}(), "survey!E3"},
		{"a setting", func() sheets {
			s := small()
			s["settings"][0] = append(s["settings"][0], "style")
			s["settings"][1] = append(s["settings"][1], "pages")
			return s
		}(), "settings!D2"},
		{"no version", func() sheets { s := small(); s["settings"][1][2] = ""; return s }(), "settings!C2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, problems := xlsform.Import(c.book.workbook(t))
			if d.Name != "test" || len(problems) != 1 || !problems[0].Warning || problems[0].Place() != c.place || strings.Contains(problems[0].TH, "%!") {
				t.Errorf("%q: %s", d.Name, listed(problems))
			}
		})
	}
}
