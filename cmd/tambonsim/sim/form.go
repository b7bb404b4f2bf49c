package sim

import "tambonsync/syncproto/survey"

// oldForm is the form of a client that nobody updated: it lacks questions, and
// where the present form asks three in one group it knows two.
func oldForm() *survey.Form {
	f, err := survey.Parse([]byte(`{
		"name": "bmn-2555", "version": 1, "title": {"th": "แบบเก่า", "en": "Old form"},
		"record_types": [
			{"name": "household", "label": {"th": "ครัวเรือน", "en": "Household"}, "questions": [
				{"name": "head_name", "type": "text", "label": {"th": "หัวหน้า", "en": "Head"}},
				{"name": "moo", "type": "int", "label": {"th": "หมู่", "en": "Village number"}}]},
			{"name": "member", "parent": "household", "label": {"th": "สมาชิก", "en": "Member"}, "questions": [
				{"name": "first_name", "type": "text", "group": "name", "label": {"th": "ชื่อ", "en": "First name"}},
				{"name": "last_name", "type": "text", "group": "name", "label": {"th": "สกุล", "en": "Last name"}}]}]}`))
	if err != nil {
		panic(err) // it is a constant
	}
	return f
}

// questions are what officers answer here: few, so that they meet. later_* are
// of a form that nobody here knows yet.
var questions = map[string][]string{
	"household": {"head_name", "moo", "house_no", "later_roof"},
	"member":    {"first_name", "last_name", "prefix", "occupation", "later_school"},
}

// groupOf is where the present form keeps a question.
func groupOf(kind, question string) string {
	t, _ := survey.Default().Type(kind)
	return t.GroupOf(question)
}
