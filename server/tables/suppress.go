package tables

import (
	"fmt"
	"math"
)

// SmallCell is the threshold for tables that anybody may see: counts of 1 to 4
// people or households are not shown.
const SmallCell = 5

// Counts are the numbers of one indicator in one area; Applicable is the sum of
// the other two.
type Counts struct{ Applicable, Failed, Passed int }

// AreaCounts is one row of a table: an area and its numbers, one for each
// indicator of the table.
type AreaCounts struct {
	Area   string
	Parent string // the area that this one is part of; empty, or not in the table: none
	Counts []Counts
}

// Cell is what may be shown of Counts. nil is "not shown", or for Percent, that
// nobody is applicable.
type Cell struct {
	Applicable, Failed, Passed *int
	Percent                    *float64 // passed of applicable, two decimals
	Suppressed                 bool     // something is not shown
}

// Suppress blanks what an open table must not tell. Its promise: from all that
// is shown, and from knowing that areas add up, that failed and passed add up to
// applicable and that counts are not negative, no count from 1 to threshold−1
// can be worked out exactly.
//
// The rule, for each indicator by itself:
//
//  1. An applicable count of 1 to threshold−1 is blanked with its failed, passed
//     and per cent.
//  2. A failed or passed count of 1 to threshold−1 is blanked, and so are the
//     other of the two and the per cent, because applicable would give them away.
//     Applicable itself is shown.
//  3. Where a parent is shown, one blanked area among its parts could be had by
//     subtraction: the part with the fewest applicable is blanked in the same
//     way, or the parent if it has no other part. This goes up and down the
//     levels until every sum with a blank has two.
//  4. Where what is left still allows one answer only (all failed, for example),
//     more parts are blanked.
//
// Zero is shown. What parts leave of their parent's count (households without a
// village) counts as one more part that is never shown by itself; parts that
// add up to more than the parent are an error.
//
// It does not protect against comparing indicators that count the same people,
// tables of different days, or areas that overlap (local government): publish
// one of those. Someone who runs this program backwards may also narrow a
// blank down further than the promise says.
func Suppress(rows []AreaCounts, threshold int) ([][]Cell, error) {
	tree, err := newAreaTree(rows)
	if err != nil {
		return nil, err
	}
	out := make([][]Cell, len(rows))
	for i := range out {
		out[i] = make([]Cell, tree.indicators)
	}
	for n := range tree.indicators {
		s, err := newSuppression(tree, rows, n, threshold)
		if err != nil {
			return nil, err
		}
		s.run()
		for i, row := range rows {
			out[i][n] = s.hidden[i].show(row.Counts[n])
		}
	}
	return out, nil
}

// hiding is how much of a cell is blanked.
type hiding int8

const (
	shownAll    hiding = iota
	hiddenSplit        // failed, passed and per cent
	hiddenAll          // applicable too
)

func (h hiding) show(c Counts) Cell {
	cell := Cell{Suppressed: h > shownAll}
	if h < hiddenAll {
		cell.Applicable = &c.Applicable
	}
	if h < hiddenSplit {
		cell.Failed, cell.Passed = &c.Failed, &c.Passed
		if c.Applicable > 0 {
			percent := math.Round(float64(c.Passed)*10_000/float64(c.Applicable)) / 100
			cell.Percent = &percent
		}
	}
	return cell
}

// areaTree is how the areas of a table are part of each other. Besides the rows
// it has one node for each parent, the rest: what its parts leave.
type areaTree struct {
	indicators int
	parent     []int   // by node; −1: none
	parts      [][]int // by node, the rest last
	order      []int   // parents before their parts
	rows       int
}

func newAreaTree(rows []AreaCounts) (*areaTree, error) {
	t := &areaTree{rows: len(rows)}
	index := make(map[string]int, len(rows))
	for i, row := range rows {
		if _, twice := index[row.Area]; twice {
			return nil, fmt.Errorf("suppress: area %s is in the table twice", row.Area)
		}
		index[row.Area] = i
		if i == 0 {
			t.indicators = len(row.Counts)
		} else if len(row.Counts) != t.indicators {
			return nil, fmt.Errorf("suppress: area %s has %d indicators, not %d", row.Area, len(row.Counts), t.indicators)
		}
	}
	t.parts = make([][]int, len(rows), 2*len(rows))
	for i, row := range rows {
		up, ok := index[row.Parent]
		if !ok || row.Parent == "" {
			up = -1
		} else {
			t.parts[up] = append(t.parts[up], i)
		}
		t.parent = append(t.parent, up)
	}
	return t, t.complete(rows)
}

// complete adds the rests and puts the nodes in order.
func (t *areaTree) complete(rows []AreaCounts) error {
	for i := range rows {
		if t.parent[i] < 0 {
			t.order = append(t.order, i)
		}
		if len(t.parts[i]) > 0 {
			t.parent = append(t.parent, i)
			t.parts = append(t.parts, nil)
			t.parts[i] = append(t.parts[i], len(t.parent)-1)
		}
	}
	for i := 0; i < len(t.order); i++ {
		t.order = append(t.order, t.parts[t.order[i]]...)
	}
	if len(t.order) != len(t.parent) {
		return fmt.Errorf("suppress: an area is part of itself")
	}
	return nil
}
