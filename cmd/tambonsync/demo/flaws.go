package demo

import "strings"

// flaw is an answer that goes wrong on purpose, at one household each.
type flaw struct {
	question string
	member   bool
	spoil    func(was any) any // nil: this household's answer does not lend itself
}

// flaws are mistakes that do come in from villages. They are flagged and kept.
var flaws = []flaw{
	{"happiness", false, constant(int64(11))},
	{"income_main", false, constant("หกหมื่นบาท")},
	{"income_second", false, constant(int64(-500))},
	{"residence_land", false, constant("temple")},
	{"moo", false, constant("หมู่ 3")},
	{"location", false, swapped},
	{"national_id", true, wrongCheckDigit},
	{"national_id", true, thaiDigits},
	{"birth_date", true, constant("2495-05-01")},
	{"sex", true, func(was any) any {
		if was != "male" {
			return nil
		}
		return "ชาย"
	}},
	{"welfare_card", true, constant("มี")},
}

// gaps are questions left open that a visit should not leave open.
var gaps = []flaw{
	{question: "has_house_no"},
	{question: "has_house_no"},
	{question: "head_name"},
	{question: "sex", member: true},
	{question: "sex", member: true},
	{question: "birth_date", member: true},
	{question: "birth_date", member: true},
}

func constant(v any) func(any) any { return func(any) any { return v } }

// swapped is a position with latitude and longitude exchanged.
func swapped(was any) any {
	p := was.(map[string]any)
	return map[string]any{"lat": p["lon"], "lon": p["lat"], "acc": p["acc"]}
}

func wrongCheckDigit(was any) any {
	id := was.(string)
	return id[:12] + string('0'+(id[12]-'0'+1)%10)
}

func thaiDigits(was any) any {
	return strings.Map(func(r rune) rune { return r - '0' + '๐' }, was.(string))
}

// spoil puts each flaw and gap into a household of its own, and leaves some
// others unfinished.
func (m *maker) spoil(households []Household) {
	order := m.Perm(len(households))
	for _, f := range flaws {
		order = place(households, order, func(h *Household) bool { return f.into(h) })
	}
	for _, g := range gaps {
		order = place(households, order, func(h *Household) bool { return g.leaveOut(h) })
	}
	interrupt(households, order)
}

// place tries the households in order and returns those it did not use.
func place(households []Household, order []int, try func(*Household) bool) []int {
	for i, n := range order {
		if try(&households[n]) {
			return append(order[:i:i], order[i+1:]...)
		}
	}
	return order
}

func (f flaw) into(h *Household) bool {
	values, wrong := h.Values, &h.Wrong
	if f.member {
		values, wrong = h.Members[0].Values, &h.Members[0].Wrong
	}
	if values[f.question] == nil {
		return false
	}
	v := f.spoil(values[f.question])
	if v == nil {
		return false
	}
	values[f.question] = v
	*wrong = append(*wrong, f.question)
	h.skip()
	return true
}

func (f flaw) leaveOut(h *Household) bool {
	values := h.Values
	if f.member {
		values = h.Members[0].Values
	}
	delete(values, f.question)
	h.skip()
	return true
}
