package demo

import (
	"fmt"
	"math"
	"strconv"
)

// shape is a kind of family and how many in a hundred are of it. In these
// villages the old stay, many with grandchildren whose parents work in town.
type shape struct {
	weight int
	people func(*maker) []person // the head first
}

var shapes = []shape{
	{10, (*maker).oldAlone},
	{5, (*maker).grownUpAlone},
	{15, (*maker).oldCouple},
	{17, (*maker).grandparents},
	{6, (*maker).grandparent},
	{23, (*maker).parents},
	{6, (*maker).singleParent},
	{18, (*maker).threeGenerations},
}

func (m *maker) family() []person {
	n := m.IntN(100)
	for _, s := range shapes {
		if n -= s.weight; n < 0 {
			return s.people(m)
		}
	}
	return m.parents()
}

func (m *maker) oldAlone() []person {
	return []person{{relation: "head", sex: m.mostly("female", 70), age: m.old(), married: true}}
}

func (m *maker) grownUpAlone() []person {
	return []person{{relation: "head", sex: m.sex(), age: m.between(25, 59)}}
}

func (m *maker) oldCouple() []person { return m.couple(m.old()) }

func (m *maker) grandparents() []person {
	return m.with(m.couple(m.old()), "grandchild", m.between(1, 2), 17)
}

func (m *maker) grandparent() []person { return m.with(m.oldAlone(), "grandchild", 1, 17) }

func (m *maker) parents() []person {
	age := m.between(28, 55)
	return m.with(m.couple(age), "child", m.between(1, 2), age-24)
}

func (m *maker) singleParent() []person {
	age := m.between(28, 55)
	head := person{relation: "head", sex: m.mostly("female", 75), age: age, married: true}
	return m.with([]person{head}, "child", m.between(1, 2), age-20)
}

func (m *maker) threeGenerations() []person {
	age := m.between(60, 80)
	family := m.oldAlone()
	if m.chance(60) {
		family = m.couple(age)
	}
	family[0].age = age
	child := person{relation: "child", sex: m.sex(), age: age - m.between(23, 34), married: true}
	family = append(family, child)
	if m.chance(70) {
		family = append(family, person{relation: "child_in_law", sex: otherSex(child.sex), age: child.age + m.between(-3, 3), married: true})
	}
	return m.with(family, "grandchild", m.between(1, 2), child.age-20)
}

// couple is a head and a spouse a few years apart.
func (m *maker) couple(age int) []person {
	sex := m.mostly("male", 75)
	spouse := person{relation: "spouse", sex: otherSex(sex), age: max(age+m.between(-5, 2), 24), married: true}
	return []person{{relation: "head", sex: sex, age: age, married: true}, spouse}
}

// with adds n children, none older than oldest.
func (m *maker) with(family []person, relation string, n, oldest int) []person {
	for range n {
		family = append(family, person{relation: relation, sex: m.sex(), age: m.IntN(min(oldest, 24) + 1)})
	}
	return family
}

// household makes up one household with its members: the roster and where the
// house is. The questionnaire is filled in by [maker.fillIn].
func (m *maker) household(v Village) Household {
	family := m.family()
	h := Household{Village: v.Code, Values: map[string]any{}}
	surname := m.surname()
	informant := m.IntN(min(2, grownUps(family)))
	for i, p := range family {
		own := surname
		if p.relation == "child_in_law" || p.relation == "spouse" && m.chance(20) {
			own = m.surname()
		}
		member := m.member(p, own)
		member.Values["is_informant"] = i == informant
		h.Members = append(h.Members, member)
	}
	h.Values["head_name"] = fullName(h.Members[0].Values)
	m.house(h.Values, v)
	return h
}

// grownUps counts those at the front of the family who can answer for it.
func grownUps(family []person) int {
	n := 0
	for n < len(family) && family[n].age >= 20 {
		n++
	}
	return n
}

// house says where the house is.
func (m *maker) house(values map[string]any, v Village) {
	near := m.lastHouse
	m.lastHouse += m.between(1, 3)
	number := strconv.Itoa(m.lastHouse)
	if m.chance(20) {
		number += fmt.Sprintf("/%d", m.between(1, 7))
	}
	values["has_house_no"] = near == 0 || m.chance(97)
	if values["has_house_no"] == true {
		values["house_no"] = number
	} else {
		values["near_house_no"] = strconv.Itoa(near)
	}
	if m.chance(75) {
		values["house_reg_id"] = fmt.Sprintf("0000%07d", m.IntN(10_000_000))
	}
	values["moo"] = int64(v.Code.Village())
	values["local_gov"] = "อบต.หนองแคน"
	if m.chance(94) {
		values["location"] = map[string]any{
			"lat": round(v.lat+0.0016*m.NormFloat64(), 6),
			"lon": round(v.lon+0.0016*m.NormFloat64(), 6),
			"acc": round(3+9*m.Float64(), 1),
		}
	}
}

func round(n float64, digits int) float64 {
	unit := math.Pow10(digits)
	return math.Round(n*unit) / unit
}
