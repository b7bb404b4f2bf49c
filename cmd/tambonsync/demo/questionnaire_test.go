package demo_test

import (
	"slices"
	"testing"

	"tambonsync/cmd/tambonsync/demo"
	"tambonsync/syncproto/survey"
)

// review reviews a household as an office would in the demo's round.
func review(h demo.Household) survey.Review {
	e := survey.Entry{Values: h.Values, Children: map[string][]survey.Entry{}, Today: "2021-02-01"}
	for _, m := range h.Members {
		e.Children["member"] = append(e.Children["member"], survey.Entry{Values: m.Values})
	}
	return survey.Default().Review("household", e, demo.Round().ReferenceDate)
}

// spoiled reports whether something in the household is wrong or missing on
// purpose.
func spoiled(h demo.Household) bool {
	missing := h.Values["has_house_no"] == nil || h.Values["head_name"] == nil
	for _, m := range h.Members {
		missing = missing || m.Values["sex"] == nil || m.Values["birth_date"] == nil || len(m.Wrong) > 0
	}
	return missing || len(h.Wrong) > 0
}

func TestNearlyAllHouseholdsAreComplete(t *testing.T) {
	for _, seed := range seeds {
		complete, left := 0, map[string]int{}
		for _, h := range demo.Generate(seed).Households {
			r := review(h)
			if h.Left != "" {
				left[h.Left]++
			}
			if r.Complete() {
				complete++
			} else if h.Left == "" && !spoiled(h) {
				t.Errorf("seed %d: house %v: missing %v, problems %v", seed, h.Values["house_no"], r.Missing, r.Problems)
			}
			if h.Left != "" && r.Complete() || len(h.Members) == 0 != (h.Left == "identification") {
				t.Errorf("seed %d: house %v was left after %q with %d members; complete: %v", seed, h.Values["house_no"], h.Left, len(h.Members), r.Complete())
			}
		}
		if complete < 270 || complete > 280 {
			t.Errorf("seed %d: %d of 300 households are complete, want 270 to 280", seed, complete)
		}
		if left["identification"] != 3 || len(left) != 6 {
			t.Errorf("seed %d: left after %v, want 3 after the address and one each after 5 other sections", seed, left)
		}
	}
}

// Spoiled households are among them: what hangs on a wrong answer is not asked
// either.
func TestOnlyWhatIsAskedIsAnswered(t *testing.T) {
	extra := func(t *testing.T, seed uint64, r survey.Review, values map[string]any, wrong []string) {
		t.Helper()
		for q := range values {
			if !r.Asked[q] && !slices.Contains(wrong, q) {
				t.Errorf("seed %d: %s is answered with %v and not asked", seed, q, values[q])
			}
		}
	}
	for _, seed := range seeds {
		tb := demo.Generate(seed)
		for _, h := range append(tb.Households, tb.Stray) {
			r := review(h)
			extra(t, seed, r, h.Values, h.Wrong)
			for i, m := range h.Members {
				extra(t, seed, r.Children["member"][i], m.Values, m.Wrong)
			}
		}
	}
}

func TestEveryQuestionIsAnsweredSomewhere(t *testing.T) {
	never := []string{"soi", "road", "photo_house", "sign_checker"} // no streets, no camera, and nobody has checked yet
	answered := map[string]int{}
	tb := demo.Generate(1)
	for _, h := range tb.Households {
		for q := range h.Values {
			answered["household "+q]++
		}
		for _, m := range h.Members {
			for q := range m.Values {
				answered["member "+q]++
			}
		}
	}
	for _, kind := range survey.Default().Types() {
		for _, q := range kind.Questions() {
			if got := answered[kind.Name()+" "+q.Name] > 0; q.Type.Stored() && got == slices.Contains(never, q.Name) {
				t.Errorf("%s %s: answered %v", kind.Name(), q.Name, got)
			}
		}
	}
}

// The shares that a published table of an ordinary tambon has: nothing fails
// everywhere, and most fails somewhere.
func TestAFewInAHundredFail(t *testing.T) {
	for _, seed := range seeds {
		tally, x := survey.NewTally(), indicators(t)
		for _, h := range demo.Generate(seed).Households {
			r := review(h)
			tally.Add(survey.Judged{State: survey.DerivedState(r, false), Complete: r.Complete(), Persons: len(h.Members), Result: x.Outcomes(r)})
		}
		without := 0
		for _, l := range tally.Summary(x).Indicators {
			switch {
			case l.Applicable == 0:
				t.Errorf("seed %d: nobody is subject to %d", seed, l.No)
			case l.Failed == 0:
				without++
			case l.Applicable >= 100 && *l.FailedPercent > 16:
				t.Errorf("seed %d: %d of %d fail in %d", seed, l.Failed, l.Applicable, l.No)
			}
		}
		if without > 8 {
			t.Errorf("seed %d: nobody fails in %d indicators", seed, without)
		}
	}
}

// An error of one baht, or of < for ≤, changes the numbers of every tambon.
func TestSomeIncomesLieOnTheLine(t *testing.T) {
	for _, seed := range seeds {
		on, below := 0, 0
		for _, h := range demo.Generate(seed).Households {
			sum := int64(0)
			for _, q := range []string{"income_main", "income_second", "income_other", "income_own_use"} {
				n, _ := h.Values[q].(int64)
				sum += n
			}
			n := int64(max(1, len(h.Members)))
			if sum == 38_000*n {
				on++
			}
			if sum == 37_999*n {
				below++
			}
		}
		if on == 0 || below == 0 {
			t.Errorf("seed %d: %d households have 38,000 baht a person and %d have 37,999, want some of both", seed, on, below)
		}
	}
}

func indicators(t *testing.T) *survey.Indicators {
	t.Helper()
	round := demo.Round()
	x, err := survey.Builtin().Indicators(round.Form, round.Set)
	if err != nil {
		t.Fatal(err)
	}
	return x
}
