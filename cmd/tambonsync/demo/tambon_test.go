package demo_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"tambonsync/cmd/tambonsync/demo"
	"tambonsync/syncproto/area"
	"tambonsync/syncproto/survey"
)

// seeds that the tests of the families run on.
var seeds = []uint64{0, 1, 7, 2560}

func TestASeedMakesTheSameTambonEveryTime(t *testing.T) {
	if !reflect.DeepEqual(demo.Generate(7), demo.Generate(7)) {
		t.Error("two tambons of one seed differ")
	}
	if reflect.DeepEqual(demo.Generate(7), demo.Generate(8)) {
		t.Error("two seeds make one tambon")
	}
}

func TestATambonHasTheSizeItShould(t *testing.T) {
	for _, seed := range seeds {
		tb := demo.Generate(seed)
		if len(tb.Villages) != 12 || len(tb.Households) != 300 {
			t.Errorf("seed %d: %d villages and %d households, want 12 and 300", seed, len(tb.Villages), len(tb.Households))
		}
		if mean := float64(tb.People()) / float64(len(tb.Households)); mean < 2.75 || mean > 3.2 {
			t.Errorf("seed %d: %.2f people a household, want 2.75 to 3.2", seed, mean)
		}
		last := area.Code("")
		for _, h := range tb.Households {
			if h.Village < last || !tb.Code.Contains(h.Village) || h.Village.Level() != area.LevelVillage {
				t.Errorf("seed %d: household in %q after %q", seed, h.Village, last)
			}
			last = h.Village
		}
	}
}

func TestAPartOfATambonIsSpreadOverItsVillages(t *testing.T) {
	all := demo.Generate(1)
	for _, tt := range []struct {
		name    string
		n, want int
	}{
		{"nothing said", 0, 300},
		{"less than nothing", -3, 300},
		{"more than there are", 301, 300},
		{"a part", 48, 48},
	} {
		t.Run(tt.name, func(t *testing.T) {
			part := all.Take(tt.n)
			seen := map[area.Code]bool{}
			for _, h := range part.Households {
				seen[h.Village] = true
			}
			if len(part.Households) != tt.want || len(seen) != 12 {
				t.Errorf("Take(%d) has %d households in %d villages, want %d in 12", tt.n, len(part.Households), len(seen), tt.want)
			}
		})
	}
	if len(all.Households) != 300 {
		t.Error("Take changed the tambon")
	}
}

// everyone yields all members of a tambon, those of the story too.
func everyone(tb demo.Tambon) (out []demo.Member) {
	for _, h := range tb.Households {
		out = append(out, h.Members...)
	}
	return append(append(out, tb.Newcomers...), tb.Stray.Members...)
}

func TestCitizenIDsAreRightUnissuedAndUnique(t *testing.T) {
	for _, seed := range seeds {
		seen := map[string]bool{}
		for _, m := range everyone(demo.Generate(seed)) {
			if m.Values["national_id"] == nil || slices.Contains(m.Wrong, "national_id") {
				continue
			}
			id := m.Values["national_id"].(string)
			if !survey.ValidCitizenID(id) || id[1:5] != "0000" || seen[id] {
				t.Errorf("seed %d: citizen id %s: valid %v, office digits %s, seen before %v", seed, id, survey.ValidCitizenID(id), id[1:5], seen[id])
			}
			seen[id] = true
		}
		if len(seen) < 800 {
			t.Errorf("seed %d: only %d citizen ids", seed, len(seen))
		}
	}
}

func TestEvenAWrongIDIsNobodys(t *testing.T) {
	digits := strings.NewReplacer("๐", "0", "๑", "1", "๒", "2", "๓", "3", "๔", "4", "๕", "5", "๖", "6", "๗", "7", "๘", "8", "๙", "9")
	for _, seed := range seeds {
		tb := demo.Generate(seed)
		for _, m := range everyone(tb) {
			if id, ok := m.Values["national_id"].(string); ok && digits.Replace(id)[1:5] != "0000" {
				t.Errorf("seed %d: citizen id %s may be somebody's", seed, id)
			}
		}
		for _, h := range append(tb.Households, tb.Stray) {
			if id, ok := h.Values["house_reg_id"].(string); ok && (len(id) != 11 || id[:4] != "0000") {
				t.Errorf("seed %d: house code %s may be a real one", seed, id)
			}
		}
	}
}

func TestEveryAnswerIsRightUnlessWrongOnPurpose(t *testing.T) {
	f := survey.Default()
	for _, seed := range seeds {
		tb := demo.Generate(seed)
		wrong := 0
		check := func(kind string, values map[string]any, want []string) {
			t.Helper()
			var got []string
			for _, p := range f.Check(kind, values) {
				got = append(got, p.Question)
			}
			if !slices.Equal(got, want) {
				t.Errorf("seed %d: %s %v: flagged %v, want %v", seed, kind, values, got, want)
			}
			wrong += len(got)
		}
		for _, h := range append(slices.Clone(tb.Households), tb.Stray) {
			check("household", h.Values, h.Wrong)
			for _, m := range h.Members {
				check("member", m.Values, m.Wrong)
			}
		}
		for _, m := range tb.Newcomers {
			check("member", m.Values, nil)
		}
		if wrong != 11 {
			t.Errorf("seed %d: %d answers are wrong on purpose, want 11", seed, wrong)
		}
	}
}

func TestSomeAnswersAreMissing(t *testing.T) {
	tb := demo.Generate(1)
	missing := map[string]int{}
	for _, h := range tb.Households {
		for _, q := range []string{"has_house_no", "head_name", "happiness", "location"} {
			if h.Values[q] == nil {
				missing[q]++
			}
		}
		for _, m := range h.Members {
			for _, q := range []string{"sex", "national_id", "birth_date"} {
				if m.Values[q] == nil {
					missing[q]++
				}
			}
		}
	}
	for q, want := range map[string]int{"has_house_no": 2, "head_name": 1, "sex": 2, "birth_date": 2} {
		if missing[q] != want {
			t.Errorf("%s is missing %d times, want %d", q, missing[q], want)
		}
	}
	for _, q := range []string{"happiness", "location", "national_id"} {
		if missing[q] == 0 || missing[q] > 60 {
			t.Errorf("%s is missing %d times, want a few", q, missing[q])
		}
	}
}

func TestFamiliesHangTogether(t *testing.T) {
	titles := map[string]string{"boy": "male", "mr": "male", "girl": "female", "mrs": "female", "miss": "female"}
	for _, seed := range seeds {
		houses := map[string]bool{}
		for _, h := range demo.Generate(seed).Households {
			if h.Left == "identification" {
				continue // nobody was met
			}
			heads, informants := 0, 0
			for _, m := range h.Members {
				if m.Values["relation"] == "head" {
					heads++
				}
				if m.Values["is_informant"] == true {
					informants++
				}
				if sex, ok := m.Values["sex"].(string); ok && len(m.Wrong) == 0 && titles[m.Values["prefix"].(string)] != sex {
					t.Errorf("seed %d: %v", seed, m.Values)
				}
			}
			if heads != 1 || informants != 1 || h.Members[0].Values["relation"] != "head" {
				t.Errorf("seed %d: %d heads and %d informants in %v", seed, heads, informants, h)
			}
			if n, ok := h.Values["house_no"].(string); ok {
				if key := string(h.Village) + " " + n; houses[key] {
					t.Errorf("seed %d: two houses %s", seed, key)
				} else {
					houses[key] = true
				}
			}
		}
	}
}

func TestParentsAreOlderThanTheirChildren(t *testing.T) {
	year := func(m demo.Member) int {
		s, _ := m.Values["birth_date"].(string)
		if len(s) < 4 || len(m.Wrong) > 0 {
			return 0
		}
		n := 0
		for _, r := range s[:4] {
			n = n*10 + int(r-'0')
		}
		return n
	}
	gaps := map[string]int{"child": 18, "grandchild": 35} // years at least
	for _, seed := range seeds {
		for _, h := range demo.Generate(seed).Households {
			for _, m := range h.Members {
				head, child := year(h.Members[0]), year(m)
				gap, ok := gaps[m.Values["relation"].(string)]
				if ok && head > 0 && child > 0 && child-head < gap {
					t.Errorf("seed %d: a %s born %d, the head %d", seed, m.Values["relation"], child, head)
				}
			}
		}
	}
}
