package demo

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"tambonsync/clientlib"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
	"tambonsync/syncproto/survey"
	"tambonsync/syncproto/view"
)

// worst is how many indicators the story names.
const worst = 5

// sumUp counts the round as tablet A has it after its last sync, with no help
// of the office. Where A has the whole tambon the office counts the same.
func (r *run) sumUp(ctx context.Context) error {
	round := Round()
	x, err := survey.Builtin().Indicators(round.Form, round.Set)
	if err != nil {
		return err
	}
	members, err := r.roster(ctx, x.Form())
	if err != nil {
		return err
	}
	tally := survey.NewTally()
	err = r.entries(ctx, x.Form(), typeHousehold, func(rec syncproto.Record, e survey.Entry) {
		e.Children = map[string][]survey.Entry{typeMember: members[rec.ID]}
		review := x.Form().Review(typeHousehold, e, round.ReferenceDate)
		tally.Add(survey.Judged{
			State: survey.DerivedState(review, rec.Carried()), Complete: review.Complete(),
			Persons: len(members[rec.ID]), Result: x.Outcomes(review),
		})
	})
	if err != nil {
		return err
	}
	s := tally.Summary(x)
	s.RoundTitle, s.ReferenceDate, s.AsOf = round.Title, round.ReferenceDate, time.Now().UTC().Format(time.RFC3339)
	s.Area, s.AreaName = string(Tambon450303), area.FullName(Tambon450303)
	r.story.Summary, r.story.Worst = s, worstOf(s)
	return nil
}

// roster holds the members on tablet A by household.
func (r *run) roster(ctx context.Context, f *survey.Form) (map[syncproto.RecordID][]survey.Entry, error) {
	out := map[syncproto.RecordID][]survey.Entry{}
	err := r.entries(ctx, f, typeMember, func(rec syncproto.Record, e survey.Entry) {
		out[rec.Parent()] = append(out[rec.Parent()], e)
	})
	return out, err
}

// entries gives every living record of a type on tablet A to do, in the tambon.
func (r *run) entries(ctx context.Context, f *survey.Form, kind string, do func(syncproto.Record, survey.Entry)) error {
	t, _ := f.Type(kind)
	return each(ctx, r.a.store, clientlib.Filter{Type: kind, Area: Tambon450303}, func(it clientlib.Item) error {
		e, err := view.Entry(it.Record, t)
		if err == nil {
			do(it.Record, e)
		}
		return err
	})
}

// worstOf lists the indicators with the greatest share failed, worst first.
func worstOf(s survey.Summary) []survey.IndicatorLine {
	lines := slices.DeleteFunc(slices.Clone(s.Indicators), func(l survey.IndicatorLine) bool { return l.Failed == 0 })
	slices.SortStableFunc(lines, func(a, b survey.IndicatorLine) int {
		return cmp.Compare(*b.FailedPercent, *a.FailedPercent)
	})
	return lines[:min(worst, len(lines))]
}

// Says tells of the numbers in lines for people, Thai and English.
func (s Story) Says() (th, en []string) {
	h := s.Summary.Households
	th = append(th, fmt.Sprintf("%s: %d ครัวเรือน %d คน ครบ %d กำลังทำ %d ยังไม่เริ่ม %d",
		s.Summary.RoundTitle, h.Total, s.Summary.Persons, h.Complete, h.InProgress, h.NotStarted))
	en = append(en, fmt.Sprintf("The round of 2021 (B.E. 2564): %d households, %d persons; complete %d, in progress %d, not started %d",
		h.Total, s.Summary.Persons, h.Complete, h.InProgress, h.NotStarted))
	for _, l := range s.Worst {
		unitTH, unitEN := "ครัวเรือน", "households"
		if l.Unit == survey.UnitPerson {
			unitTH, unitEN = "คน", "persons"
		}
		th = append(th, fmt.Sprintf("  ข้อ %d %s: ไม่ผ่าน %d จาก %d %s (%s)", l.No, l.NameTH, l.Failed, l.Applicable, unitTH, percent(*l.FailedPercent)))
		en = append(en, fmt.Sprintf("  no. %d, %s: %d of %d %s fail (%s)", l.No, lowerFirst(l.NameEN), l.Failed, l.Applicable, unitEN, percent(*l.FailedPercent)))
	}
	return th, en
}
