package survey_test

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"tambonsync/syncproto/survey"
)

// golden is a file of testdata/indicators: cases that any runtime can run.
type golden struct {
	About         survey.Text `json:"about"`
	Form          string      `json:"form"`
	Set           string      `json:"set"`
	ReferenceDate string      `json:"reference_date"`
	Elsewhere     []struct {  // known mistakes that no indicator can show
		Mistake string `json:"mistake"`
		Tested  string `json:"tested"`
	} `json:"elsewhere"`
	Cases []goldenCase `json:"cases"`

	indicators *survey.Indicators
}

type goldenCase struct {
	Name          string    `json:"name"`
	No            int       `json:"no"` // 0: the case is about the level
	Mistake       string    `json:"mistake"`
	ReferenceDate string    `json:"reference_date"` // instead of the file's
	Household     answers   `json:"household"`
	Village       answers   `json:"village"`
	Members       []answers `json:"members"`
	Want          struct {
		Verdict    survey.Verdict `json:"verdict"`
		Applicable int            `json:"applicable"`
		Failing    int            `json:"failing"`
		Score      int            `json:"score"`
		Level      int            `json:"level"`
		Reason     survey.Text    `json:"reason"` // of some fails
	} `json:"want"`
}

var goldenFiles = []string{"bmn-2560", "nrd2c-2560"}

func readGolden(t *testing.T, name string) golden {
	t.Helper()
	data, err := os.ReadFile("../../testdata/indicators/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var g golden
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&g); err != nil {
		t.Fatal(name, err)
	}
	g.indicators, err = survey.Builtin().Indicators(g.Form, g.Set)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// review puts the case's answers together as one record with those below it.
func (g golden) review(c goldenCase) survey.Review {
	e := survey.Entry{Values: c.Household, Today: "2020-03-31"}
	if c.Village != nil {
		e.Values = c.Village
	}
	for _, m := range c.Members {
		e.Children = map[string][]survey.Entry{"member": append(e.Children["member"], survey.Entry{Values: m})}
	}
	reference := c.ReferenceDate
	if reference == "" {
		reference = g.ReferenceDate
	}
	return g.indicators.Form().Review(g.indicators.RecordType(), e, reference)
}

func TestGoldenCases(t *testing.T) {
	for _, file := range goldenFiles {
		t.Run(file, func(t *testing.T) {
			g := readGolden(t, file)
			for _, c := range g.Cases {
				t.Run(c.Name, func(t *testing.T) { g.run(t, c) })
			}
		})
	}
}

func (g golden) run(t *testing.T, c goldenCase) {
	result := g.indicators.Outcomes(g.review(c))
	if c.No == 0 {
		wantEqual(t, "level", result.Level, c.Want.Level)
		return
	}
	i := slices.IndexFunc(result.Outcomes, func(o survey.Outcome) bool { return o.No == c.No })
	if i < 0 {
		t.Fatalf("no indicator %d", c.No)
	}
	got, want := result.Outcomes[i], c.Want
	if got.Verdict != want.Verdict || got.Applicable != want.Applicable || got.Failing != want.Failing || got.Score != want.Score {
		t.Errorf("got %s, %d of %d failing, score %d (unanswered %v); want %s, %d of %d, score %d",
			got.Verdict, got.Failing, got.Applicable, got.Score, got.Unanswered,
			want.Verdict, want.Failing, want.Applicable, want.Score)
	}
	if want.Reason != (survey.Text{}) {
		wantEqual(t, "reason", got.Reason, want.Reason)
	}
	switch named := len(got.Unanswered) > 0; {
	case named != (got.Verdict == survey.Unanswered):
		t.Errorf("verdict %s names what is unanswered: %v", got.Verdict, got.Unanswered)
	case got.Verdict == survey.Fail && (got.Reason.TH == "" || got.Reason.EN == ""):
		t.Error("a fail without a reason")
	}
}

func TestEveryIndicatorHasGoldenCasesOfEveryVerdict(t *testing.T) {
	for _, file := range goldenFiles {
		g := readGolden(t, file)
		have := map[int]map[survey.Verdict]bool{}
		names := map[string]bool{}
		for _, c := range g.Cases {
			if names[c.Name] {
				t.Errorf("%s: two cases %q", file, c.Name)
			}
			names[c.Name] = true
			if have[c.No] == nil {
				have[c.No] = map[survey.Verdict]bool{}
			}
			have[c.No][c.Want.Verdict] = true
		}
		for _, x := range g.indicators.List() {
			need := []survey.Verdict{survey.Pass, survey.Fail, survey.Unanswered}
			if len(x.Applicable.Where) > 0 || x.Applicable.Value != "" {
				need = append(need, survey.NA)
			}
			for _, v := range need {
				if !have[x.No][v] {
					t.Errorf("%s: indicator %d has no case that is %s", file, x.No, v)
				}
			}
		}
	}
}

var ageBound = regexp.MustCompile(`^(age|age_months) (>=|<=|<) (\d+)\.0$`)

// An age that is off by one, or its comparison by an equals sign, is the
// likeliest mistake in a rule; so the ages on both sides of every bound must
// stand in a case of that indicator.
func TestEveryAgeBoundHasGoldenCasesOnBothSides(t *testing.T) {
	g := readGolden(t, "bmn-2560")
	bounds := 0
	for _, x := range g.indicators.List() {
		seen := map[string]bool{} // "age 35"
		for _, c := range g.Cases {
			if c.No != x.No {
				continue
			}
			for _, m := range g.review(c).Children["member"] {
				for _, name := range []string{"age", "age_months"} {
					if v, ok := m.Values[name].(float64); ok {
						seen[name+" "+strconv.Itoa(int(v))] = true
					}
				}
			}
		}
		for _, where := range x.Applicable.Where {
			parts := ageBound.FindStringSubmatch(where)
			if parts == nil {
				continue
			}
			bounds++
			at, _ := strconv.Atoi(parts[3])
			other := at - 1
			if parts[2] == "<=" {
				other = at + 1
			}
			for _, n := range []int{at, other} {
				if !seen[parts[1]+" "+strconv.Itoa(n)] {
					t.Errorf("indicator %d: %s: no case with %s %d", x.No, where, parts[1], n)
				}
			}
		}
	}
	if bounds < 18 {
		t.Errorf("only %d bounds were looked at", bounds)
	}
}

// knownMistakes are those of other programs for this questionnaire.
var knownMistakes = []string{
	"no rule reads a key that nothing sets",
	"savings are not compared with the income line",
	"all three are needed, any one is not enough",
	"every sub-item counts, not the first alone",
	"ages are taken at the reference date, never now",
	"the months part of an age is not the age in months",
	"unanswered is not the same as not applicable",
	"an answer under another key does not count",
}

func TestEveryKnownMistakeHasAGoldenCase(t *testing.T) {
	g := readGolden(t, "bmn-2560")
	have := map[string]bool{}
	for _, c := range g.Cases {
		if c.Mistake != "" && !slices.Contains(knownMistakes, c.Mistake) {
			t.Errorf("%s: unknown mistake %q", c.Name, c.Mistake)
		}
		have[c.Mistake] = true
	}
	for _, m := range knownMistakes {
		if !have[m] {
			t.Errorf("no case for: %s", m)
		}
	}
	if len(g.Elsewhere) != 3 {
		t.Errorf("%d mistakes are tested elsewhere, want 3", len(g.Elsewhere))
	}
}
