package demo

import (
	"cmp"
	"context"
	"slices"

	"tambonsync/syncproto/survey"
)

// worst is how many indicators the story names, of those that concern enough
// people or households: two of two is chance.
const (
	worst  = 5
	enough = 20
)

// sumUp counts the round as tablet A has it after its last sync, with no help
// of the office. Where A has the whole tambon the office counts the same.
func (r *run) sumUp(ctx context.Context) (err error) {
	if r.story.Summary, err = r.a.store.Report(ctx, Tambon450303, ""); err != nil {
		return err
	}
	r.story.Worst = worstOf(r.story.Summary)
	return nil
}

// worstOf lists the indicators with the greatest share failed, worst first.
func worstOf(s survey.Summary) []survey.IndicatorLine {
	lines := slices.DeleteFunc(slices.Clone(s.Indicators), func(l survey.IndicatorLine) bool {
		return l.Failed == 0 || l.Applicable < enough
	})
	slices.SortStableFunc(lines, func(a, b survey.IndicatorLine) int {
		return cmp.Compare(*b.FailedPercent, *a.FailedPercent)
	})
	return lines[:min(worst, len(lines))]
}
