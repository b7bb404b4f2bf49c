package demo

import (
	"fmt"
	"time"

	"tambonsync/syncproto/survey"
)

// person is a member before the answers are made up.
type person struct {
	relation string
	sex      string
	age      int // full years at the reference date
	married  bool
}

// referenceDate is that of the round of 2564, the last one of this form. Ages
// are as of this day.
var referenceDate = time.Date(2021, time.January, 1, 0, 0, 0, 0, time.UTC)

// today stands for the day of a visit where the families are made up: no
// answer hangs on which it is.
const today = "2021-02-01"

func (m *maker) old() int { return 60 + min(m.IntN(32), m.IntN(32)) }

func (m *maker) sex() string { return m.mostly("female", 51) }

func (m *maker) mostly(sex string, percent int) string {
	if m.chance(percent) {
		return sex
	}
	return otherSex(sex)
}

func otherSex(sex string) string {
	if sex == "male" {
		return "female"
	}
	return "male"
}

// member makes up the answers about one person.
func (m *maker) member(p person, surname string) Member {
	born := referenceDate.AddDate(-p.age, 0, -m.IntN(365))
	values := map[string]any{
		"relation":     p.relation,
		"prefix":       prefix(p),
		"first_name":   m.firstName(p),
		"last_name":    surname,
		"sex":          p.sex,
		"religion":     m.choose([]weighted{{"buddhism", 985}, {"christianity", 10}, {"none", 5}}),
		"is_informant": false,
		"welfare_card": p.age >= 18 && m.chance(48),
	}
	if m.chance(97) {
		values["national_id"] = m.citizenID(born.Year())
	}
	values["birth_date"] = m.birthDate(born, p.age)
	if p.age >= 3 && m.chance(97) {
		values["education"] = m.education(p.age)
	}
	values["occupation"] = m.occupation(p.age)
	m.health(values, p.age)
	if values["welfare_card"] == true {
		values["welfare_cash"] = m.choose([]weighted{{"200", 35}, {"300", 65}})
		values["welfare_usage"] = m.choose([]weighted{{"ซื้อของใช้ในร้านธงฟ้า", 88}, {"ค่าเดินทาง", 4}, {"ยังไม่ได้ใช้", 8}})
	}
	return Member{Values: values}
}

// prefix is the title in the codes of the form.
func prefix(p person) string {
	switch {
	case p.age < 15 && p.sex == "male":
		return "boy"
	case p.age < 15:
		return "girl"
	case p.sex == "male":
		return "mr"
	case p.married:
		return "mrs"
	}
	return "miss"
}

var prefixesTH = map[string]string{"boy": "เด็กชาย", "girl": "เด็กหญิง", "mr": "นาย", "mrs": "นาง", "miss": "นางสาว"}

// fullName is a name as a household's sheet has it: "นางบุญมี ศรีสว่าง".
func fullName(values map[string]any) string {
	return fmt.Sprintf("%s%s %s", prefixesTH[values["prefix"].(string)], values["first_name"], values["last_name"])
}

// citizenID draws an id that nobody has: its office digits are 0000. The first
// digit tells those registered before 1984 from those born since.
func (m *maker) citizenID(year int) string {
	kind := 1
	if year < 1984 {
		kind = 3
	}
	for {
		first12 := fmt.Sprintf("%d0000%07d", kind, m.IntN(10_000_000))
		if m.ids[first12] {
			continue
		}
		m.ids[first12] = true
		check, _ := survey.CitizenCheckDigit(first12)
		return first12 + string(check)
	}
}

// birthDate is as exact as people know it: of the old, often only the year.
func (m *maker) birthDate(born time.Time, age int) string {
	switch {
	case age >= 65 && m.chance(22):
		return born.Format("2006")
	case m.chance(3):
		return born.Format("2006-01")
	}
	return born.Format(time.DateOnly)
}

func (m *maker) education(age int) string {
	switch {
	case age < 6:
		return "preschool"
	case age < 12:
		return "primary_incomplete"
	case age < 15:
		return "primary"
	case age < 18:
		return "lower_secondary"
	case age >= 60:
		return m.choose([]weighted{{"none", 5}, {"primary_incomplete", 70}, {"primary", 18}, {"lower_secondary", 4}, {"bachelor", 3}})
	case age >= 45:
		return m.choose([]weighted{{"primary_incomplete", 25}, {"primary", 45}, {"lower_secondary", 14}, {"upper_secondary", 10}, {"diploma", 2}, {"bachelor", 4}})
	}
	return m.choose([]weighted{{"primary", 12}, {"lower_secondary", 25}, {"upper_secondary", 38}, {"diploma", 10}, {"bachelor", 14}, {"above_bachelor", 1}})
}

// occupation gives the codes of students, 0110 and 0210, to those who learn.
func (m *maker) occupation(age int) string {
	switch {
	case age < 6:
		return "0000"
	case age < 15:
		return "0110"
	case age < 18:
		return m.choose([]weighted{{"0110", 88}, {"2100", 6}, {"9900", 6}})
	case age < 23 && m.chance(50):
		return "0210"
	case age < 25:
		return m.choose([]weighted{{"1100", 40}, {"2100", 26}, {"2200", 22}, {"9900", 12}})
	case age >= 75:
		return m.choose([]weighted{{"1100", 46}, {"9700", 38}, {"9900", 16}})
	case age >= 60:
		return m.choose([]weighted{{"1100", 66}, {"1200", 10}, {"3100", 8}, {"9700", 8}, {"9900", 8}})
	}
	return m.choose([]weighted{{"1100", 52}, {"2100", 20}, {"2200", 10}, {"3100", 9}, {"4100", 5}, {"9700", 2}, {"9900", 2}})
}

func (m *maker) health(values map[string]any, age int) {
	chronic := 3
	switch {
	case age >= 70:
		chronic = 42
	case age >= 55:
		chronic = 25
	case age >= 40:
		chronic = 10
	}
	health := m.choose([]weighted{{"normal", 97 - chronic}, {"chronic", chronic}, {"disabled", 3}})
	values["health"] = health
	if health == "disabled" {
		values["self_care"] = !m.chance(35)
	}
}
