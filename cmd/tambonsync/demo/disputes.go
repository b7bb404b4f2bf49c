package demo

import (
	"strings"

	"tambonsync/syncproto"
)

// dispute is a question that both officers ask again and answer differently.
type dispute struct {
	member  bool
	answers func(was map[string]any) (a, b map[string]any) // nil: nothing to differ about here
}

var disputes = []dispute{
	{answers: number("happiness", func(n int64) (a, b any) { return (n + 2) % 11, (n + 5) % 11 })},
	{answers: number("income_main", func(n int64) (a, b any) { return n + 12000, n + 18500 })},
	{answers: number("income_own_use", func(n int64) (a, b any) { return n + 2400, n + 4000 })},
	{answers: houseNumber},
	{answers: land},
	{member: true, answers: spelling},
	{member: true, answers: birthDate},
	{member: true, answers: illness},
}

func number(question string, differ func(int64) (a, b any)) func(map[string]any) (a, b map[string]any) {
	return func(was map[string]any) (map[string]any, map[string]any) {
		n, ok := was[question].(int64)
		if !ok {
			return nil, nil
		}
		a, b := differ(n)
		return map[string]any{question: a}, map[string]any{question: b}
	}
}

func houseNumber(was map[string]any) (a, b map[string]any) {
	s, ok := was["house_no"].(string)
	if !ok {
		return nil, nil
	}
	s, _, _ = strings.Cut(s, "/")
	return map[string]any{"house_no": s + "/8"}, map[string]any{"house_no": s + "/9"} // no house has these yet
}

func land(was map[string]any) (a, b map[string]any) {
	if was["work_land"] != "own" {
		return nil, nil
	}
	return map[string]any{"work_land": "rent"}, map[string]any{"work_land": "public"}
}

// spelling lets one officer correct the first name and the other the surname:
// a name is one answer, so a person decides what the whole of it is.
func spelling(was map[string]any) (a, b map[string]any) {
	names := men.old
	if was["sex"] == "female" {
		names = women.old
	}
	return map[string]any{"first_name": another(was["first_name"], names)}, map[string]any{"last_name": "ศรีสว่างวงศ์"}
}

func birthDate(was map[string]any) (a, b map[string]any) {
	s, ok := was["birth_date"].(string)
	if !ok || len(s) == len("2006") || s == s[:4]+"-01-01" {
		return nil, nil
	}
	return map[string]any{"birth_date": s[:4]}, map[string]any{"birth_date": s[:4] + "-01-01"}
}

func illness(was map[string]any) (a, b map[string]any) {
	if was["health"] != "normal" {
		return nil, nil
	}
	return map[string]any{"health": "chronic"}, map[string]any{"health": "disabled", "self_care": false}
}

// at finds the record of the household that the dispute can be about.
func (d dispute) at(e entered) (id syncproto.RecordID, a, b map[string]any) {
	if !d.member {
		a, b = d.answers(e.Values)
		return e.id, a, b
	}
	for i, m := range e.Members {
		if a, b = d.answers(m.Values); a != nil {
			return e.members[i], a, b
		}
	}
	return id, nil, nil
}
