package demo

import "math"

// incomeLine is where the form's indicator 22 draws it, in baht a person a
// year. Some families are put near it, so that an error of a baht shows.
const incomeLine = 38_000

// work fills in dimension 4.
func (s *sheet) work() {
	able := func(p someone) bool { return p.health != "disabled" || p.cares }
	worker := func(p someone) bool { return p.age >= 15 && p.age <= 59 && !p.student && able(p) }
	elder := func(p someone) bool { return p.age >= 60 && able(p) }
	if n := s.count(worker); n > 0 {
		s.without("q20_2", s.count(func(p someone) bool { return worker(p) && p.idle }), 55)
		s.some("q20_3", n, 15)
	}
	if s.count(elder) > 0 {
		s.without("q21_2", s.count(func(p someone) bool { return elder(p) && p.idle }), 4) // most have the allowance
	}
	s.some("q21_3", s.count(aged(60, oldest)), 20)
	s.some("q21_5", s.count(aged(60, oldest)), 40)
	s.income()
	s.debts()
	s.savings()
}

// without answers how many of n without an occupation have no income either.
func (s *sheet) without(question string, n, percent int) {
	none := 0
	for range n {
		if s.chance(percent) {
			none++
		}
	}
	s.values[question+"_nojob_noincome_n"] = int64(none)
	s.values[question+"_nojob_income_n"] = int64(n - none)
}

// income shares what a family has in a year among the four sources.
func (s *sheet) income() {
	total := len(s.people) * s.perPerson()
	own := min(total/6, s.between(6, 36)*500)
	other := s.count(aged(60, oldest)) * s.between(7, 10) * 1200 // the old-age allowance
	if s.count(aged(20, 59)) == 0 || s.chance(30) {
		other += s.between(12, 72) * 500 // sent home by children
	}
	other = min(other, total-own)
	second := 0
	if s.chance(45) {
		second = min(s.between(6, 60)*500, total-own-other)
	}
	s.values["income_main"] = int64(total - own - other - second)
	s.values["income_second"] = int64(second)
	s.values["income_other"] = int64(other)
	s.values["income_own_use"] = int64(own)
	spent := total * s.between(55, 85) / 100
	s.values["expense_production"] = int64(spent * 30 / 100 / 100 * 100)
	s.values["expense_needed"] = int64(spent * 50 / 100 / 100 * 100)
	s.values["expense_unneeded"] = int64(spent * 8 / 100 / 100 * 100)
	s.values["expense_debt"] = int64(spent * 12 / 100 / 100 * 100)
}

// perPerson is what each has, in baht a year.
func (s *sheet) perPerson() int {
	switch n := s.IntN(100); {
	case n < 3:
		return s.between(220, 370) * 100
	case n < 5:
		return incomeLine
	case n < 7:
		return incomeLine - 1
	case n < 11:
		return incomeLine + s.between(-4, 8)*100
	}
	return 100 * int(math.Round(450+math.Abs(s.NormFloat64())*260))
}

// debts fills in where money comes from and where it is owed.
func (s *sheet) debts() {
	loans, owed := map[string]any{}, map[string]any{}
	borrow := func(row, in string, percent, low, high int) {
		if !s.chance(percent) {
			return
		}
		baht := int64(s.between(low, high) * 1000)
		loans[row] = map[string]any{"no_access": false, "loan": baht}
		sum, _ := owed[in].(map[string]any)
		if sum == nil {
			sum = map[string]any{"people": int64(1), "baht": int64(0)}
			owed[in] = sum
		}
		sum["baht"] = sum["baht"].(int64) + baht
	}
	borrow("village_fund", "community_fund", 38, 10, 50)
	borrow("savings_group", "community_fund", 8, 5, 30)
	borrow("baac", "institution", 41, 30, 250)
	borrow("cooperative", "institution", 7, 20, 120)
	if s.chance(4) {
		loans["bank"] = map[string]any{"no_access": true}
	}
	if s.chance(3) {
		owed["informal"] = map[string]any{"people": int64(1), "baht": int64(s.between(3, 40) * 1000)}
	}
	if len(loans) > 0 {
		s.values["q22_3"] = loans
	}
	if len(owed) > 0 {
		s.values["q22_4"] = owed
	}
}

// savings fills in 23.
func (s *sheet) savings() {
	var forms []string
	for _, w := range []weighted{{"bank", 72}, {"village_fund", 34}, {"savings_group", 22}, {"lottery_bond", 9}, {"life_insurance", 6}, {"gold", 4}} {
		if s.chance(w.weight) {
			forms = append(forms, w.name)
		}
	}
	if len(forms) == 0 && s.chance(60) {
		forms = []string{"other"}
	}
	if len(forms) == 0 {
		s.values["q23_1"] = several("none")
	} else {
		s.values["q23_1"] = several(forms...)
		s.baht("q23_2", 1, 48, 500)
	}
	s.values["q23_3"] = int64(s.count(func(p someone) bool { return p.card }))
}

func (s *sheet) happiness() int64 {
	return int64(min(10, max(0, math.Round(7.6+1.6*s.NormFloat64()))))
}
