package demo

import (
	"maps"
	"math/rand/v2"
	"slices"

	"tambonsync/syncproto/area"
)

// Tambon450303 is ตำบลหนองแคน อำเภอปทุมรัตต์ จังหวัดร้อยเอ็ด. Only the name is
// that of the real place.
const Tambon450303 area.Code = "450303"

// The record types of the form.
const (
	typeHousehold = "household"
	typeMember    = "member"
)

// Village is a หมู่บ้าน of the sample.
type Village struct {
	Code     area.Code
	Name     string
	size     int     // households
	lat, lon float64 // of its middle
}

// villages are made up, as are their places.
var villages = []Village{
	{"45030301", "บ้านหนองแคน", 34, 15.6012, 103.4021},
	{"45030302", "บ้านโนนสะอาด", 31, 15.6127, 103.4098},
	{"45030303", "บ้านดอนกลาง", 28, 15.5893, 103.3957},
	{"45030304", "บ้านหนองบัวน้อย", 26, 15.6204, 103.3902},
	{"45030305", "บ้านโคกสว่าง", 25, 15.5941, 103.4189},
	{"45030306", "บ้านหัวดง", 24, 15.5816, 103.4074},
	{"45030307", "บ้านสระแก้ว", 24, 15.6075, 103.3811},
	{"45030308", "บ้านหนองขาม", 23, 15.6233, 103.4215},
	{"45030309", "บ้านดงเย็น", 22, 15.5768, 103.3886},
	{"45030310", "บ้านโนนสวรรค์", 22, 15.6151, 103.4302},
	{"45030311", "บ้านหนองแคนใหม่", 21, 15.6038, 103.4053},
	{"45030312", "บ้านทุ่งทอง", 20, 15.5859, 103.4297},
}

// Tambon is a made-up tambon: a function of its seed.
type Tambon struct {
	Code       area.Code
	Villages   []Village
	Households []Household // by village

	// Who appears later in the story: a child and a grown-up in turn, and a
	// household that is entered in the wrong place.
	Newcomers []Member
	Stray     Household
}

// Household has the answers of one household, by question of the form.
type Household struct {
	Village area.Code
	Values  map[string]any
	Members []Member // the head first
	Wrong   []string // the questions answered wrongly on purpose
	Left    string   // the section after which the officer had to leave, or ""
}

// Member has the answers of one person.
type Member struct {
	Values map[string]any
	Wrong  []string
}

// streams of random numbers, so that a change to one part of the story leaves
// the others as they were.
const (
	familyStream  = 1
	offlineStream = 2
	answerStream  = 3
)

const newcomers = 6

// Generate makes up the tambon of this seed: 12 villages, 300 households and
// about 900 people, each with every question answered that it is asked. A few
// answers are missing and a few are wrong on purpose, and a few visits ended
// early, as it comes in from a village; every other answer passes the form's
// checks.
func Generate(seed uint64) Tambon {
	m := &maker{Rand: rand.New(rand.NewPCG(seed, familyStream)), ids: map[string]bool{}}
	t := Tambon{Code: Tambon450303, Villages: slices.Clone(villages)}
	for _, v := range villages {
		m.lastHouse = 0
		for range v.size {
			t.Households = append(t.Households, m.household(v))
		}
	}
	for i := range newcomers {
		p := person{relation: "grandchild", age: m.IntN(3)}
		if i%2 == 1 {
			p = person{relation: "relative", age: 30 + m.IntN(25)}
		}
		p.sex = m.sex()
		t.Newcomers = append(t.Newcomers, m.member(p, m.surname()))
	}
	t.Stray = m.household(villages[len(villages)-1])
	asking := &maker{Rand: rand.New(rand.NewPCG(seed, answerStream))}
	for i := range t.Households {
		asking.fillIn(&t.Households[i])
	}
	asking.fillIn(&t.Stray)
	m.spoil(t.Households)
	return t
}

// Take returns the tambon with n of its households, spread over the villages;
// 0 or less, or more than there are, means all.
func (t Tambon) Take(n int) Tambon {
	all := t.Households
	if n <= 0 || n >= len(all) {
		return t
	}
	t.Households = make([]Household, n)
	for i := range n {
		t.Households[i] = all[i*len(all)/n]
	}
	return t
}

// People counts the members of all households.
func (t Tambon) People() int {
	n := 0
	for _, h := range t.Households {
		n += len(h.Members)
	}
	return n
}

// sound reports whether the household is finished and nothing in it is wrong on
// purpose.
func (h Household) sound() bool {
	return h.Left == "" && len(h.Wrong) == 0 && !slices.ContainsFunc(h.Members, func(m Member) bool { return len(m.Wrong) > 0 })
}

// in returns the household as it would be in another village.
func (h Household) in(code area.Code) Household {
	h.Village = code
	h.Values = maps.Clone(h.Values)
	h.Values["moo"] = int64(code.Village())
	return h
}

// maker draws the families of one seed.
type maker struct {
	*rand.Rand
	ids       map[string]bool // citizen ids given out
	lastHouse int             // number of the last house in the village
}

func (m *maker) chance(percent int) bool { return m.IntN(100) < percent }

func (m *maker) pick(from []string) string { return from[m.IntN(len(from))] }

// between draws from low to high, both included.
func (m *maker) between(low, high int) int { return low + m.IntN(high-low+1) }

// weighted is a choice with how many in a hundred, or so, give it.
type weighted struct {
	name   string
	weight int
}

func (m *maker) choose(from []weighted) string {
	sum := 0
	for _, w := range from {
		sum += w.weight
	}
	n := m.IntN(sum)
	for _, w := range from {
		if n -= w.weight; n < 0 {
			return w.name
		}
	}
	return ""
}
