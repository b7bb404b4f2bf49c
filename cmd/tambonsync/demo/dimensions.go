package demo

import "tambonsync/syncproto/survey"

// The five dimensions of the questionnaire. How many households and people
// fail is made up: a few in a hundred each, as published tables have it, and
// more where so few are concerned that nobody would fail.

// healthy fills in dimension 1.
func (s *sheet) healthy() {
	s.some("q1_2_under_n", s.count(months(0, 11)), 80)
	s.some("q2_under6_n", s.count(months(0, 5)), 700)
	s.some("q2_4_fail_n", s.count(months(6, 12)), 300)
	if n := s.some("q3_2_fail_n", s.count(aged(0, 12)), 20); n > 0 {
		s.values["q3_table"] = map[string]any{s.due(): int64(n)}
	}
	s.yesNo([]odds{
		{"q4_1", 992},
		{"q4_2", 988},
		{"q4_3", 994},
		{"q4_4", 992},
		{"q5_1", 992},
		{"q5_2", 986},
		{"q5_3", 990},
		{"q5_4", 994},
	})
	s.values["q6_1"] = s.tally(func(p someone) string { return p.pays })
	s.values["q6_2"] = s.tally(func(p someone) string {
		return s.choose([]weighted{{"health_centre", 62}, {"public_hospital", 32}, {"clinic", 5}, {"private_hospital", 1}})
	})
	if n := s.some("q6_4_fail_n", s.count(aged(35, oldest)), 55); n > 0 {
		s.some("q6_5_n", n, 600)
	}
	s.some("q7_none_n", s.count(aged(6, oldest)), 35)
}

// due is the last vaccination that the eldest child should have had.
func (s *sheet) due() string {
	eldest := 0
	for _, p := range s.people {
		if p.age <= 12 {
			eldest = max(eldest, p.months)
		}
	}
	row := "birth"
	for _, v := range []struct {
		months int
		row    string
	}{{1, "m1"}, {2, "m2"}, {4, "m4"}, {6, "m6"}, {9, "m9_12"}, {12, "y1"}, {18, "y1_6"}, {30, "y2_6"}, {48, "y4"}, {84, "y7"}, {144, "y12"}} {
		if eldest >= v.months {
			row = v.row
		}
	}
	return row
}

// surroundings fills in dimension 2.
func (s *sheet) surroundings() {
	s.yesNo([]odds{
		{"q8_1", 993},
		{"q8_2", 985},
		{"q9", 980},
		{"q10", 970},
		{"q11_1", 985},
		{"q11_2", 988},
		{"q11_3", 995},
		{"q11_4", 996},
		{"q11_5_1", 990},
		{"q11_5_2", 980},
		{"q11_5_3", 985},
		{"q11_5_4", 988},
		{"q11_6", 995},
		{"q11_7", 990},
		{"q11_8", 990},
		{"q12_1", 12},
		{"q12_2", 4},
		{"q12_3", 24},
		{"q12_4", 14},
		{"q12_5", 5},
		{"q12_6", 4},
		{"q13_1_1", 992},
		{"q13_1_2", 990},
		{"q13_1_3", 984},
		{"q13_1_4", 990},
		{"q14_1", 3},
		{"q14_2", 1},
		{"q14_3", 10},
		{"q14_5", 6},
		{"q14_6", 3},
	})
	s.values["q12_7"] = several(s.choose([]weighted{{"none", 74}, {"agriculture", 22}, {"industry", 2}, {"other", 2}}))
	s.values["q13_2"] = several(s.choose([]weighted{{"none", 76}, {"flood", 14}, {"storm", 10}}))
	if s.chance(3) {
		s.values["q13_2"] = several("flood", "storm")
	}
	s.some("q13_3", len(s.people), 8)
	if s.values["q14_3"] == true {
		s.baht("q14_3_value", 2, 60, 500)
	}
}

// schooling fills in dimension 3.
func (s *sheet) schooling() {
	s.some("q15_2_fail_n", s.count(aged(3, 5)), 40)
	pupils := s.count(aged(6, 14))
	if n := s.some("q16_2_fail_n", pupils, 8); n > 0 {
		s.values["q16_4"] = map[string]any{s.choose([]weighted{{"help_home", 2}, {"ill", 1}, {"idle", 1}}): int64(n)}
	}
	if pupils > 0 {
		s.values["q16_5"] = int64(s.between(1, 12))
	}
	// who is 15 finished M.3 last year
	finished := s.count(aged(15, 15))
	s.values["q17_1_n"] = int64(finished)
	if finished > 0 {
		s.values["q17_2_fail_n"] = int64(s.count(func(p someone) bool { return p.age == 15 && !p.student }))
	}
	if s.count(aged(15, 18)) > 0 {
		s.values["q17_5"] = int64(s.between(0, 10))
	}
	s.some("q17_6", s.count(aged(15, 25)), 90)
	adrift := func(p someone) bool { return p.age >= 15 && p.age < 30 && p.nineYears && p.idle }
	waiting := s.count(adrift)
	s.values["q18_1_n"] = int64(waiting)
	if waiting > 0 {
		fresh := s.count(func(p someone) bool { return adrift(p) && p.age == 15 })
		s.some("q18_2_fail_n", waiting, 500)
		s.values["q18_3"] = map[string]any{"last_year": int64(fresh), "earlier": int64(waiting - fresh)}
		s.some("q18_4", waiting, 600)
	}
	grown := s.count(aged(15, 59))
	s.some("q19_2_fail_n", grown, 12)
	s.some("q19_3", grown, 450)
}

// conduct fills in dimension 5.
func (s *sheet) conduct() {
	drinkers := s.drinkers("q24_under15_n", aged(0, 14)) + s.drinkers("q24_15_19_n", aged(15, 19)) + s.drinkers("q24_20plus_n", aged(20, oldest))
	if drinkers > 0 {
		s.values["q24_freq"] = int64(s.between(0, 12))
	}
	smokers := 0
	for _, p := range s.people {
		if p.age >= 18 && !p.female && s.chance(14) {
			smokers++
		}
	}
	s.values["q25_smoke_n"] = int64(smokers)
	s.some("q26_fail_n", s.count(aged(6, oldest)), 25)
	s.some("q27_2_fail_n", s.count(aged(60, oldest)), 12)
	disabled := s.count(func(p someone) bool { return p.health == "disabled" })
	s.some("q28_2", disabled, 150)
	s.some("q28_3_fail_n", disabled, 60)
	s.some("q29_2_fail_n", s.count(func(p someone) bool { return p.health == "chronic" }), 15)
	s.yesNo([]odds{{"q30", 975}})
	if len(s.people) == 1 {
		s.yesNo([]odds{{"q31_2_1", 850}, {"q31_2_2", 960}})
		return
	}
	s.yesNo([]odds{{"q31_1_1", 992}, {"q31_1_2", 985}, {"q31_1_3", 990}})
}

// drinkers answers how many of an age drink: rarely the young.
func (s *sheet) drinkers(question string, age func(someone) bool) (n int) {
	for _, p := range s.people {
		percent := 3
		switch {
		case p.age < 15:
			percent = 0
		case p.age >= 20 && !p.female:
			percent = 13
		}
		if age(p) && s.chance(percent) {
			n++
		}
	}
	s.values[question] = int64(n)
	return n
}

// programmes fills in questions 32 and 33.
func (s *sheet) programmes() {
	members := 0
	if s.count(func(p someone) bool { return p.female }) > 0 {
		for range s.count(func(p someone) bool { return p.female && p.age >= 18 }) {
			if s.chance(22) {
				members++
			}
		}
		s.values["q32_1"] = int64(members)
	}
	if members > 0 && s.chance(40) {
		s.values["q32_2"] = map[string]any{"received": map[string]any{"people": int64(1), "baht": int64(s.between(10, 40) * 1000)}}
	}
	grown := s.count(aged(18, oldest))
	s.some("q32_3", grown, 60)
	if n := s.some("q33_1", grown, 50); n > 0 {
		row := s.choose([]weighted{{"rice", 40}, {"garden", 20}, {"livestock", 20}, {"crafts", 12}, {"food", 8}})
		s.values["q33_2"] = map[string]any{row: map[string]any{s.choose([]weighted{{"existing", 70}, {"new", 30}}): int64(n)}}
		s.baht("q33_3", 4, 40, 500)
	}
}

// signOff ends the visit. The person who checks signs later.
func (s *sheet) signOff() {
	if s.chance(96) {
		s.values["happiness"] = s.happiness()
	}
	s.values["informant_ack"] = s.chance(95)
	s.values["consent_text_version"] = survey.Default().Notice().Version
	s.values["sign_informant"] = s.signature()
	s.values["sign_collector"] = s.signature()
}

// land says how much land there is where the household lives and works.
func (s *sheet) land() {
	s.values["residence_land"] = s.choose([]weighted{{"own", 91}, {"rent", 3}, {"public", 4}, {"other", 2}})
	s.values["work_land"] = s.choose([]weighted{{"own", 64}, {"rent", 16}, {"public", 3}, {"other", 2}, {"none", 15}})
	s.plot("residence", s.IntN(2))
	s.plot("work", s.between(3, 24))
}

func (s *sheet) plot(of string, rai int) {
	if s.values[of+"_land"] != "own" {
		return
	}
	s.values[of+"_rai"] = int64(rai)
	s.values[of+"_ngan"] = int64(s.IntN(4))
	s.values[of+"_wah"] = float64(s.IntN(100))
	s.values[of+"_deed"] = s.choose([]weighted{{"chanote", 58}, {"ns3k", 22}, {"spk", 12}, {"ns3", 5}, {"none", 3}})
}
