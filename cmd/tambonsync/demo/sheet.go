package demo

import (
	"encoding/hex"
	"maps"
	"slices"
	"time"

	"tambonsync/syncproto/survey"
)

// sheet is one household's questionnaire while it is filled in: the answers so
// far, and what they need to know of the people on the roster.
type sheet struct {
	*maker
	values map[string]any
	people []someone
}

// someone is a member as the questions see them.
type someone struct {
	months, age int // full ones at the reference date, as the form counts them
	female      bool
	student     bool
	idle        bool // without an occupation
	nineYears   bool // left school after nine years
	health      string
	cares       bool // for himself or herself
	card        bool // state welfare card
	pays        string
}

// sections fill in a questionnaire as an officer goes through it.
var sections = []struct {
	name string
	fill func(*sheet)
}{
	{"identification", func(*sheet) {}}, // with the house: see maker.house
	{"living_place", (*sheet).land},
	{"health_dimension", (*sheet).healthy},
	{"environment_dimension", (*sheet).surroundings},
	{"education_dimension", (*sheet).schooling},
	{"work_dimension", (*sheet).work},
	{"values_dimension", (*sheet).conduct},
	{"programmes", (*sheet).programmes},
	{"sign_off", (*sheet).signOff},
}

// fillIn answers every question that a family of this shape is asked, and no
// other.
func (m *maker) fillIn(h *Household) {
	s := &sheet{maker: m, values: h.Values}
	for _, member := range h.Members {
		s.people = append(s.people, see(member.Values))
	}
	for _, section := range sections {
		section.fill(s)
	}
}

func see(values map[string]any) someone {
	text := func(question string) string { s, _ := values[question].(string); return s }
	p := someone{
		female:    text("sex") == "female",
		student:   text("occupation") == "0110" || text("occupation") == "0210",
		idle:      text("occupation") == "9900",
		nineYears: text("education") == "lower_secondary",
		health:    text("health"),
		cares:     values["self_care"] != false,
		card:      values["welfare_card"] == true,
		pays:      scheme(text("occupation")),
	}
	p.months = monthsOld(text("birth_date"))
	p.age = p.months / 12
	return p
}

// monthsOld counts from the first day of what is known of the birth date, as
// the form does.
func monthsOld(date string) int {
	born, err := time.Parse(time.DateOnly[:len(date)], date)
	if err != nil {
		return 0
	}
	months := 12*(referenceDate.Year()-born.Year()) + int(referenceDate.Month()) - int(born.Month())
	if born.Day() > referenceDate.Day() {
		months--
	}
	return months
}

// scheme is who pays when somebody of the occupation is ill.
func scheme(occupation string) string {
	switch occupation {
	case "2200":
		return "social_security"
	case "4100":
		return "civil_servant"
	}
	return "universal"
}

func aged(from, to int) func(someone) bool {
	return func(p someone) bool { return p.age >= from && p.age <= to }
}

// months is about infants.
func months(from, to int) func(someone) bool {
	return func(p someone) bool { return p.months >= from && p.months <= to }
}

const oldest = 200 // years: no upper bound

func (s *sheet) count(is func(someone) bool) (n int) {
	for _, p := range s.people {
		if is(p) {
			n++
		}
	}
	return n
}

// inThousand draws something that is so in so many of a thousand.
func (m *maker) inThousand(n int) bool { return m.IntN(1000) < n }

// some answers how many of n people it is so with, each with a chance in a
// thousand. With nobody it could be so with, the question is not asked.
func (s *sheet) some(question string, n, inThousand int) int {
	if n == 0 {
		return 0
	}
	found := 0
	for range n {
		if s.inThousand(inThousand) {
			found++
		}
	}
	s.values[question] = int64(found)
	return found
}

// odds are how many households in a thousand answer yes.
type odds struct {
	question   string
	inThousand int
}

func (s *sheet) yesNo(list []odds) {
	for _, o := range list {
		s.values[o.question] = s.inThousand(o.inThousand)
	}
}

func (s *sheet) baht(question string, low, high, step int) {
	s.values[question] = int64(s.between(low, high) * step)
}

// several are the answers to a question with many.
func several(names ...string) []any {
	out := make([]any, len(names))
	for i, n := range names {
		out[i] = n
	}
	return out
}

// tally adds up people by row of a table.
func (s *sheet) tally(row func(someone) string) map[string]any {
	out := map[string]any{}
	for _, p := range s.people {
		n, _ := out[row(p)].(int64)
		out[row(p)] = n + 1
	}
	return out
}

// signature is the content hash of a picture that does not exist.
func (m *maker) signature() string {
	b := make([]byte, 32)
	for i := range b {
		b[i] = byte(m.Uint32())
	}
	return hex.EncodeToString(b)
}

// unfinished are the sections after which an officer had to leave, one
// household each. Of the first three there is no more than the address.
var unfinished = []string{
	"identification", "identification", "identification",
	"living_place", "health_dimension", "environment_dimension", "education_dimension", "work_dimension",
}

// interrupt leaves the first households of the order unfinished.
func interrupt(households []Household, order []int) {
	for i, section := range unfinished {
		if i < len(order) {
			households[order[i]].leaveAfter(section)
		}
	}
}

func (h *Household) leaveAfter(section string) {
	asked, _ := survey.Default().Type(typeHousehold)
	last := indexOf(section)
	maps.DeleteFunc(h.Values, func(question string, _ any) bool {
		q, _ := asked.Question(question)
		return indexOf(q.Section) > last
	})
	if last == 0 {
		h.Members = nil
	}
	h.Left = section
}

func indexOf(section string) int {
	for i := range sections {
		if sections[i].name == section {
			return i
		}
	}
	return len(sections)
}

// skip takes out the answers to questions that the tablet would not have
// asked, since an answer that they hang on is wrong or missing.
func (h *Household) skip() {
	e := survey.Entry{Values: h.Values, Children: map[string][]survey.Entry{}, Today: today}
	for _, m := range h.Members {
		e.Children[typeMember] = append(e.Children[typeMember], survey.Entry{Values: m.Values})
	}
	r := survey.Default().Review(typeHousehold, e, referenceDate.Format(time.DateOnly))
	maps.DeleteFunc(h.Values, func(question string, _ any) bool {
		return !r.Asked[question] && !slices.Contains(h.Wrong, question)
	})
	for i, m := range h.Members {
		maps.DeleteFunc(m.Values, func(question string, _ any) bool {
			return !r.Children[typeMember][i].Asked[question] && !slices.Contains(m.Wrong, question)
		})
	}
}
