package tables

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// oneIndicator makes a table of "area parent failed passed" rows.
func oneIndicator(rows ...[4]any) []AreaCounts {
	var out []AreaCounts
	for _, r := range rows {
		f, p := r[2].(int), r[3].(int)
		out = append(out, AreaCounts{Area: r[0].(string), Parent: r[1].(string), Counts: []Counts{{f + p, f, p}}})
	}
	return out
}

// drawn shows each row as "applicable/failed/passed", – for a blank.
func drawn(t *testing.T, rows []AreaCounts) []string {
	t.Helper()
	cells, err := Suppress(rows, SmallCell)
	if err != nil {
		t.Fatal(err)
	}
	text := func(n *int) string {
		if n == nil {
			return "–"
		}
		return fmt.Sprint(*n)
	}
	var out []string
	for i, row := range cells {
		c := row[0]
		out = append(out, text(c.Applicable)+"/"+text(c.Failed)+"/"+text(c.Passed))
		if blank := c.Failed == nil; blank != c.Suppressed || blank && c.Percent != nil {
			t.Errorf("%s: suppressed %v, percent %v", rows[i].Area, c.Suppressed, c.Percent)
		}
	}
	return out
}

func TestSuppressBlanksWhatIsNeededAndNoMore(t *testing.T) {
	tests := []struct {
		name string
		rows []AreaCounts
		want []string
	}{
		{
			"nothing is small",
			oneIndicator([4]any{"T", "", 20, 80}, [4]any{"1", "T", 10, 30}, [4]any{"2", "T", 10, 50}),
			[]string{"100/20/80", "40/10/30", "60/10/50"},
		},
		{
			"zero is shown",
			oneIndicator([4]any{"T", "", 10, 70}, [4]any{"1", "T", 0, 20}, [4]any{"2", "T", 10, 50}, [4]any{"3", "T", 0, 0}),
			[]string{"80/10/70", "20/0/20", "60/10/50", "0/0/0"},
		},
		{
			"a small failed hides passed, and the smallest other part",
			oneIndicator([4]any{"T", "", 23, 77}, [4]any{"1", "T", 3, 17}, [4]any{"2", "T", 10, 30}, [4]any{"3", "T", 10, 30}, [4]any{"4", "T", 0, 0}),
			[]string{"100/23/77", "20/–/–", "40/–/–", "40/10/30", "0/0/0"},
		},
		{
			"two small parts protect each other",
			oneIndicator([4]any{"T", "", 16, 84}, [4]any{"1", "T", 3, 17}, [4]any{"2", "T", 3, 37}, [4]any{"3", "T", 10, 30}),
			[]string{"100/16/84", "20/–/–", "40/–/–", "40/10/30"},
		},
		{
			"a small applicable hides all of the cell",
			oneIndicator([4]any{"T", "", 23, 77}, [4]any{"1", "T", 0, 3}, [4]any{"2", "T", 11, 37}, [4]any{"3", "T", 12, 37}),
			[]string{"100/23/77", "–/–/–", "–/–/–", "49/12/37"},
		},
		{
			"a blanked part hides one of its own parts",
			oneIndicator([4]any{"A", "", 23, 177}, [4]any{"T", "A", 3, 97}, [4]any{"U", "A", 20, 80},
				[4]any{"1", "U", 10, 20}, [4]any{"2", "U", 10, 60}),
			[]string{"200/23/177", "100/–/–", "100/–/–", "30/–/–", "70/10/60"},
		},
		{
			"blanks that leave one answer only are not enough",
			oneIndicator([4]any{"A", "", 5, 7}, [4]any{"T", "A", 5, 2}, [4]any{"U", "A", 0, 5},
				[4]any{"1", "T", 0, 1}, [4]any{"2", "T", 5, 0}, [4]any{"3", "T", 0, 1}),
			[]string{"12/5/7", "7/–/–", "5/–/–", "–/–/–", "5/–/–", "–/–/–"},
		},
		{
			"an only part hides its parent",
			oneIndicator([4]any{"T", "", 3, 20}, [4]any{"1", "T", 3, 20}),
			[]string{"23/–/–", "23/–/–"},
		},
		{
			"what the parts leave is a part",
			oneIndicator([4]any{"T", "", 22, 80}, [4]any{"1", "T", 10, 30}, [4]any{"2", "T", 10, 50}),
			[]string{"102/22/80", "–/–/–", "60/10/50"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { same(t, drawn(t, tt.rows), tt.want) })
	}
}

func TestSuppressRefusesTablesThatDoNotAddUp(t *testing.T) {
	tests := []struct {
		name string
		rows []AreaCounts
	}{
		{"parts exceed the parent", oneIndicator([4]any{"T", "", 5, 5}, [4]any{"1", "T", 6, 0})},
		{"an area twice", oneIndicator([4]any{"T", "", 5, 5}, [4]any{"T", "", 5, 5})},
		{"a negative count", oneIndicator([4]any{"T", "", -5, 5})},
		{"failed and passed are not applicable", []AreaCounts{{Area: "T", Counts: []Counts{{9, 1, 1}}}}},
		{"rows of different width", []AreaCounts{{Area: "T", Counts: []Counts{{}}}, {Area: "U"}}},
		{"an area within itself", oneIndicator([4]any{"T", "U", 5, 5}, [4]any{"U", "T", 5, 5})},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := Suppress(tt.rows, SmallCell); err == nil {
				t.Error("accepted")
			}
		})
	}
}

func TestPercentIsOfThoseItAppliesTo(t *testing.T) {
	cells, err := Suppress(oneIndicator([4]any{"T", "", 10, 20}, [4]any{"U", "", 0, 0}), SmallCell)
	if err != nil || cells[0][0].Percent == nil || *cells[0][0].Percent != 66.67 || cells[1][0].Percent != nil {
		t.Errorf("%+v, %v", cells, err)
	}
}

// An attacker reads the table, knows which areas are parts of which, and tries
// every table of counts that fits it.
func TestNoSmallCountCanBeWorkedOut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := drawTable(t)
		cells, err := Suppress(rows, SmallCell)
		if err != nil {
			t.Fatal(err)
		}
		a := newAttacker(rows, cells)
		for node, truth := range a.truth {
			for name, value := range counts() {
				if v := value(truth); v == 0 || v >= SmallCell {
					continue
				}
				if !a.doubts(node, value) {
					t.Fatalf("%s of %s can only be %v\n%+v", name, a.name(node), value(truth), rows)
				}
			}
		}
	})
}

func counts() map[string]func([2]int) int {
	return map[string]func([2]int) int{
		"failed":     func(p [2]int) int { return p[0] },
		"passed":     func(p [2]int) int { return p[1] },
		"applicable": func(p [2]int) int { return p[0] + p[1] },
	}
}

// drawTable makes two or three levels of areas with counts near the threshold.
func drawTable(t *rapid.T) []AreaCounts {
	number := rapid.SampledFrom([]int{0, 0, 0, 1, 2, 5, 7})
	var rows []AreaCounts
	var add func(parent, area string, depth int) Counts
	add = func(parent, area string, depth int) Counts {
		at := len(rows)
		rows = append(rows, AreaCounts{Area: area, Parent: parent})
		parts := 0
		if depth > 0 {
			parts = rapid.IntRange(0, 3).Draw(t, "parts")
		}
		var sum Counts
		if parts == 0 || rapid.IntRange(0, 3).Draw(t, "has a rest") == 0 {
			sum = Counts{Failed: number.Draw(t, "failed"), Passed: number.Draw(t, "passed")}
		}
		for i := range parts {
			c := add(area, fmt.Sprint(area, i+1), depth-1)
			sum.Failed += c.Failed
			sum.Passed += c.Passed
		}
		sum.Applicable = sum.Failed + sum.Passed
		rows[at].Counts = []Counts{sum}
		return sum
	}
	add("", "A", 2)
	return rows
}

// attacker holds, for every area, the pairs (failed, passed) that the table
// allows by itself. Where parts leave no rest, it knows that.
type attacker struct {
	rows  []AreaCounts
	truth [][2]int
	fits  []func(f, p int) bool
	parts [][]int
}

// most is the highest count that the attacker tries in one area without parts;
// a second answer within it is enough for the defence.
const most = 7

func newAttacker(rows []AreaCounts, cells [][]Cell) *attacker {
	a := &attacker{rows: rows, parts: make([][]int, len(rows))}
	index := map[string]int{}
	for i, row := range rows {
		index[row.Area] = i
		c, cell := row.Counts[0], cells[i][0]
		a.truth = append(a.truth, [2]int{c.Failed, c.Passed})
		a.fits = append(a.fits, func(f, p int) bool {
			return (cell.Failed == nil || *cell.Failed == f) && (cell.Passed == nil || *cell.Passed == p) &&
				(cell.Applicable == nil || *cell.Applicable == f+p)
		})
		if up, ok := index[row.Parent]; ok {
			a.parts[up] = append(a.parts[up], i)
		}
	}
	for up := range rows {
		if len(a.parts[up]) == 0 {
			continue
		}
		rest := a.truth[up]
		for _, i := range a.parts[up] {
			rest[0] -= a.truth[i][0]
			rest[1] -= a.truth[i][1]
		}
		a.parts[up] = append(a.parts[up], len(a.truth))
		a.parts = append(a.parts, nil)
		a.truth = append(a.truth, rest)
		a.fits = append(a.fits, func(f, p int) bool { return rest != [2]int{} || f+p == 0 })
	}
	return a
}

func (a *attacker) name(node int) string {
	if node < len(a.rows) {
		return a.rows[node].Area
	}
	return "a rest"
}

type pairs map[[2]int]bool

// doubts tells whether another value than the true one fits the table.
func (a *attacker) doubts(node int, value func([2]int) int) bool {
	others := a.below(node, -1, nil)
	for p := range others {
		if value(p) == value(a.truth[node]) {
			delete(others, p)
		}
	}
	return len(a.below(0, node, others)) > 0
}

// below are the pairs that a node can have with what is under it, if the fixed
// node has one of the given.
func (a *attacker) below(node, fixed int, given pairs) pairs {
	if node == fixed {
		return given
	}
	sums := pairs{}
	if len(a.parts[node]) == 0 {
		limit := max(most, a.truth[node][0]+a.truth[node][1])
		for f := range limit + 1 {
			for p := range limit + 1 {
				sums[[2]int{f, p}] = true
			}
		}
	} else {
		sums[[2]int{}] = true
		for _, part := range a.parts[node] {
			sums = addUp(sums, a.below(part, fixed, given))
		}
	}
	for p := range sums {
		if !a.fits[node](p[0], p[1]) {
			delete(sums, p)
		}
	}
	return sums
}

func addUp(x, y pairs) pairs {
	out := pairs{}
	for p := range x {
		for q := range y {
			out[[2]int{p[0] + q[0], p[1] + q[1]}] = true
		}
	}
	return out
}
