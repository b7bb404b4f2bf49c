package tables

import "fmt"

// suppression decides for one indicator. Failed and applicable are two trees of
// sums; passed follows. A node whose applicable is blanked has a blanked split.
type suppression struct {
	*areaTree
	threshold int
	counts    []Counts // by node
	hidden    []hiding // by node; only ever raised, so the work ends
}

func newSuppression(t *areaTree, rows []AreaCounts, n, threshold int) (*suppression, error) {
	s := &suppression{areaTree: t, threshold: threshold, counts: make([]Counts, len(t.parent)), hidden: make([]hiding, len(t.parent))}
	for i, row := range rows {
		c := row.Counts[n]
		if c.Failed < 0 || c.Passed < 0 || c.Failed+c.Passed != c.Applicable {
			return nil, fmt.Errorf("suppress: area %s: failed %d and passed %d are not applicable %d", row.Area, c.Failed, c.Passed, c.Applicable)
		}
		s.counts[i] = c
	}
	for up, parts := range t.parts {
		if len(parts) == 0 {
			continue
		}
		rest := s.counts[up]
		for _, i := range parts[:len(parts)-1] {
			rest.Applicable -= s.counts[i].Applicable
			rest.Failed -= s.counts[i].Failed
			rest.Passed -= s.counts[i].Passed
		}
		if rest.Failed < 0 || rest.Passed < 0 {
			return nil, fmt.Errorf("suppress: the parts of area %s add up to more than it has", rows[up].Area)
		}
		s.counts[parts[len(parts)-1]] = rest
	}
	return s, nil
}

func (s *suppression) run() {
	for i, c := range s.counts {
		switch {
		case s.small(c.Applicable):
			s.hidden[i] = hiddenAll
		case s.small(c.Failed), s.small(c.Passed):
			s.hidden[i] = hiddenSplit
		}
	}
	for {
		for s.hideComplements(hiddenAll) || s.hideComplements(hiddenSplit) {
			continue
		}
		if !s.hideMore() {
			return
		}
	}
}

func (s *suppression) small(n int) bool { return n > 0 && n < s.threshold }

// hideComplements sees to it that no sum has exactly one blank.
func (s *suppression) hideComplements(level hiding) bool {
	changed := false
	for i := len(s.order) - 1; i >= 0; i-- {
		up := s.order[i]
		if len(s.parts[up]) == 0 {
			continue
		}
		blanks := count(s.hidden[up] >= level)
		for _, part := range s.parts[up] {
			blanks += count(s.hidden[part] >= level)
		}
		if blanks == 1 {
			changed = s.hideOneMore(up, level) || changed
		}
	}
	return changed
}

// hideOneMore blanks one more term of the sum of up: the part with the fewest
// applicable, none of which would hide nothing; if there is no such part, up.
func (s *suppression) hideOneMore(up int, level hiding) bool {
	best := -1
	for _, i := range s.parts[up] {
		free := s.hidden[i] < level && s.counts[i].Applicable > 0
		if free && (best < 0 || s.counts[i].Applicable < s.counts[best].Applicable) {
			best = i
		}
	}
	if best < 0 {
		best = up
	}
	if s.hidden[best] >= level {
		return false
	}
	s.hidden[best] = level
	return true
}

// hideMore looks at every small count as an attacker would, and where only one
// value is possible blanks another term of the sums that it is in.
func (s *suppression) hideMore() bool {
	exposed := s.exposed()
	changed := false
	for i, level := range exposed {
		if level == shownAll {
			continue
		}
		up := i // its own parts first: a total is worth more than a part
		for up >= 0 && !s.hideOneMore(up, level) {
			up = s.parent[up]
		}
		if up >= 0 {
			changed = true
			continue
		}
		if s.hidden[i] < hiddenAll { // nothing is left to blank but its own total
			s.hidden[i] = hiddenAll
			changed = true
		}
	}
	return changed
}

// exposed gives for every node the level at which something small in it can be
// worked out, shownAll if nothing can. It looks for a second solution in three
// families, which is enough: applicable as it is and failed changed; passed as
// it is and failed and applicable changed; failed as it is and passed and
// applicable changed.
func (s *suppression) exposed() []hiding {
	split := s.free(hiddenSplit, func(c Counts) int { return c.Failed }, func(c Counts) int { return c.Applicable })
	none := func(Counts) int { return s.counts[s.order[0]].Applicable + 1<<30 }
	failed := s.free(hiddenAll, func(c Counts) int { return c.Failed }, none)
	passed := s.free(hiddenAll, func(c Counts) int { return c.Passed }, none)
	out := make([]hiding, len(s.counts))
	for i, c := range s.counts {
		if s.small(c.Failed) && !split[i] && !failed[i] || s.small(c.Passed) && !split[i] && !passed[i] {
			out[i] = hiddenSplit
		}
		if s.small(c.Applicable) && !failed[i] && !passed[i] {
			out[i] = hiddenAll
		}
	}
	return out
}

// free tells of which nodes a count could be another, if those blanked at the
// level may take any value from 0 to the bound and the sums must hold. In a tree
// one pass up and one down give the exact range of every node.
func (s *suppression) free(level hiding, value, bound func(Counts) int) []bool {
	low, high := make([]int, len(s.counts)), make([]int, len(s.counts))
	for i, c := range s.counts {
		low[i], high[i] = value(c), value(c)
		if s.hidden[i] >= level {
			low[i], high[i] = 0, bound(c)
		}
	}
	for i := len(s.order) - 1; i >= 0; i-- {
		up := s.order[i]
		if len(s.parts[up]) > 0 {
			sumLow, sumHigh := s.sums(up, low, high)
			low[up], high[up] = max(low[up], sumLow), min(high[up], sumHigh)
		}
	}
	for _, up := range s.order {
		if len(s.parts[up]) == 0 {
			continue
		}
		sumLow, sumHigh := s.sums(up, low, high)
		upLow, upHigh := low[up], high[up]
		for _, i := range s.parts[up] {
			l, h := upLow-(sumHigh-high[i]), upHigh-(sumLow-low[i])
			low[i], high[i] = max(low[i], l), min(high[i], h)
		}
	}
	out := make([]bool, len(s.counts))
	for i := range out {
		out[i] = low[i] < high[i]
	}
	return out
}

func (s *suppression) sums(up int, low, high []int) (sumLow, sumHigh int) {
	for _, i := range s.parts[up] {
		sumLow += low[i]
		sumHigh += high[i]
	}
	return sumLow, sumHigh
}
