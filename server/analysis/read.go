package analysis

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tambonsync/server"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
	"tambonsync/syncproto/survey"
)

// find gives the round of the id; of the zero id, the only round that concerns
// the area: an open one before closed ones.
func (w *world) find(code area.Code, id syncproto.RecordID) (*round, error) {
	if !id.IsZero() {
		r := w.byID[id]
		switch {
		case r == nil:
			return nil, fmt.Errorf("round %s: %w", id, server.ErrNotFound)
		case r.x == nil:
			return nil, fmt.Errorf("round %s: its form %s or indicator set %q is not here: %w", id, r.Form, r.Set, server.ErrNotFound)
		}
		return r, nil
	}
	var open, closed []*round
	for _, r := range w.byID {
		switch {
		case r.x == nil || code != "" && !r.Overlaps(string(code)):
		case r.Open:
			open = append(open, r)
		default:
			closed = append(closed, r)
		}
	}
	if len(open) == 0 {
		open = closed
	}
	if len(open) == 1 {
		return open[0], nil
	}
	var names []string
	for _, r := range open {
		names = append(names, r.ID+" ("+r.Title+", "+r.Form+")")
	}
	slices.Sort(names)
	if len(names) == 0 {
		return nil, fmt.Errorf("%w: there is none in %q / ไม่มีรอบสำรวจในพื้นที่นี้", server.ErrWhichRound, code)
	}
	return nil, fmt.Errorf("%w: several are in %q / มีหลายรอบสำรวจ กรุณาระบุรอบ: %s", server.ErrWhichRound, code, strings.Join(names, ", "))
}

// Summary tells the sums of an area ("" for the whole office) in a round; the
// zero round is the only one that concerns the area. It reads a row for each
// indicator and a few more, all by primary key, however large the area is.
//
// Villages that are certified count with their frozen numbers.
func (a *Analysis) Summary(ctx context.Context, code area.Code, id syncproto.RecordID) (survey.Summary, error) {
	s, err := a.summary(ctx, code, id, false)
	if err != nil {
		return s, fmt.Errorf("analysis: summary of %s: %w", code, err)
	}
	return s, nil
}

// Live is Summary of a village as its answers are now, certified or not.
func (a *Analysis) Live(ctx context.Context, village area.Code, id syncproto.RecordID) (survey.Summary, error) {
	s, err := a.summary(ctx, village, id, true)
	if err != nil {
		return s, fmt.Errorf("analysis: summary of %s: %w", village, err)
	}
	return s, nil
}

// Numbers returns the present sums of a village's own answers, to be frozen in
// its `_village` record.
func (a *Analysis) Numbers(ctx context.Context, village area.Code, id syncproto.RecordID) (map[string]any, error) {
	w, err := a.know(ctx)
	if err != nil {
		return nil, fmt.Errorf("analysis: numbers of %s: %w", village, err)
	}
	r, err := w.find(village, id)
	if err != nil {
		return nil, fmt.Errorf("analysis: numbers of %s: %w", village, err)
	}
	var t counts
	err = a.view(ctx, func(tx *sql.Tx) error {
		t, err = readLive(ctx, tx, cell{round: r.id, area: village})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("analysis: numbers of %s: %w", village, err)
	}
	return survey.Numbers(t.Tally), nil
}

// readLive reads what a village's answers are now.
func readLive(ctx context.Context, q querier, c cell) (counts, error) {
	var n int
	if err := q.QueryRowContext(ctx, `SELECT count(*) FROM villages WHERE round = $1 AND area = $2`, c.round[:], c.area).Scan(&n); err != nil {
		return counts{}, err
	}
	c.live = n > 0
	return readTally(ctx, q, c)
}

func (a *Analysis) summary(ctx context.Context, code area.Code, id syncproto.RecordID, live bool) (survey.Summary, error) {
	w, err := a.know(ctx)
	if err != nil {
		return survey.Summary{}, err
	}
	r, err := w.find(code, id)
	if err != nil {
		return survey.Summary{}, err
	}
	var s survey.Summary
	err = a.view(ctx, func(tx *sql.Tx) error {
		read := readTally
		if live {
			read = readLive
		}
		t, err := read(ctx, tx, cell{round: r.id, area: code})
		if err != nil {
			return err
		}
		s = r.summary(code, t)
		if live {
			s.Frozen = false
		}
		return a.stamp(ctx, tx, code, &s)
	})
	if err == nil {
		s.AreaName, err = a.name(ctx, code)
	}
	return s, err
}

func (r *round) summary(code area.Code, t counts) survey.Summary {
	s := t.Summary(r.x)
	s.Area, s.Round, s.RoundTitle, s.ReferenceDate = string(code), r.ID, r.Title, r.ReferenceDate
	s.Certified = t.certified
	s.Frozen = t.certified > 0 && t.open == 0 && t.loose == 0
	return s
}

// stamp tells how new a summary is and what is in no round.
func (a *Analysis) stamp(ctx context.Context, tx *sql.Tx, code area.Code, s *survey.Summary) error {
	feed := code
	if code != "" {
		feed = code.Feed()
	}
	var at int64
	err := tx.QueryRowContext(ctx, `SELECT seq, at FROM reach WHERE area = $1`, feed).Scan(&s.AsOfSeq, &at)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if at > 0 {
		s.AsOf = time.UnixMilli(at).UTC().Format(time.RFC3339)
	}
	none := syncproto.RecordID{}
	err = tx.QueryRowContext(ctx, `SELECT total FROM progress WHERE round = $1 AND area = $2 AND live = 0`, none[:], code).Scan(&s.Unassigned)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	return nil
}

// name is what people call an area: the office's own list knows villages.
func (a *Analysis) name(ctx context.Context, code area.Code) (string, error) {
	if code == "" {
		o, err := a.src.Office(ctx)
		return o.Name, err
	}
	if code.Level() == area.LevelVillage {
		villages, err := a.src.Villages(ctx, code)
		if err != nil {
			return "", err
		}
		if len(villages) == 1 && villages[0].NameTH != "" {
			return villageName(villages[0]), nil
		}
	}
	return area.FullName(code), nil
}

func villageName(v server.Village) string { return v.NameTH + " " + area.FullName(v.Code) }

// maxChildren bounds a breakdown; no area has as many.
const maxChildren = 1000

// Breakdown tells the sums of every area one level below, by code: those that
// have households and those that the round surveys and are known to exist.
// Households that carry the area's own code, such as those of a town without
// villages, come last under that code, so that the rows add up to Summary.
func (a *Analysis) Breakdown(ctx context.Context, code area.Code, id syncproto.RecordID) ([]survey.Summary, error) {
	out, err := a.breakdown(ctx, code, id)
	if err != nil {
		return nil, fmt.Errorf("analysis: breakdown of %s: %w", code, err)
	}
	return out, nil
}

func (a *Analysis) breakdown(ctx context.Context, code area.Code, id syncproto.RecordID) ([]survey.Summary, error) {
	w, err := a.know(ctx)
	if err != nil {
		return nil, err
	}
	r, err := w.find(code, id)
	if err != nil {
		return nil, err
	}
	names, err := a.childNames(ctx, code, r)
	if err != nil {
		return nil, err
	}
	var out []survey.Summary
	err = a.view(ctx, func(tx *sql.Tx) error {
		children, err := childrenOf(ctx, tx, code, r, names)
		if err != nil {
			return err
		}
		rest, err := readTally(ctx, tx, cell{round: r.id, area: code})
		if err != nil {
			return err
		}
		for _, child := range children {
			t, err := readTally(ctx, tx, cell{round: r.id, area: child})
			if err != nil {
				return err
			}
			rest.Merge(t.Tally, -1)
			s := r.summary(child, t)
			if err := a.stamp(ctx, tx, child, &s); err != nil {
				return err
			}
			if s.AreaName = names[child]; s.AreaName == "" {
				s.AreaName = area.FullName(child)
			}
			out = append(out, s)
		}
		if rest.Total != 0 {
			s := r.summary(code, counts{Tally: rest.Tally, loose: rest.Total})
			s.AreaName = area.FullName(code)
			if err := a.stamp(ctx, tx, code, &s); err != nil {
				return err
			}
			out = append(out, s)
		}
		return nil
	})
	return out, err
}

// childNames names the areas one level below that a round surveys.
func (a *Analysis) childNames(ctx context.Context, code area.Code, r *round) (map[area.Code]string, error) {
	out := map[area.Code]string{}
	if code.Level() == area.LevelTambon {
		villages, err := a.src.Villages(ctx, code)
		if err != nil {
			return nil, err
		}
		for _, v := range villages {
			if v.Code.Level() == area.LevelVillage && r.Covers(string(v.Code)) {
				out[v.Code] = villageName(v)
			}
		}
	}
	for _, child := range area.Children(code) {
		if r.Overlaps(string(child.Code)) {
			out[child.Code] = area.FullName(child.Code)
		}
	}
	return out, nil
}

// childrenOf lists the named areas and those that have households, by code. It
// steps from one to the next and reads none of those deeper down.
func childrenOf(ctx context.Context, tx *sql.Tx, code area.Code, r *round, names map[area.Code]string) ([]area.Code, error) {
	found := map[area.Code]bool{}
	for child := range names {
		found[child] = true
	}
	_, to := code.Span()
	if code == "" {
		to = ":"
	}
	level, after := len(code)+2, string(code)
	for range maxChildren {
		var next area.Code
		err := tx.QueryRowContext(ctx, `SELECT area FROM progress WHERE round = $1 AND area > $2 AND area < $3 ORDER BY area LIMIT 1`, r.id[:], after, to).Scan(&next)
		if errors.Is(err, sql.ErrNoRows) {
			break
		}
		if err != nil {
			return nil, err
		}
		child := next[:min(level, len(next))]
		found[child] = true
		after = string(child) + ":"
	}
	out := make([]area.Code, 0, len(found))
	for child := range found {
		out = append(out, child)
	}
	slices.Sort(out)
	return out, nil
}

// SummaryOfLocalGov adds up the villages that the office's list puts under a
// local government body (อบต., เทศบาล).
func (a *Analysis) SummaryOfLocalGov(ctx context.Context, gov string, id syncproto.RecordID) (survey.Summary, error) {
	s, err := a.summaryOfLocalGov(ctx, gov, id)
	if err != nil {
		return s, fmt.Errorf("analysis: summary of local government %s: %w", gov, err)
	}
	return s, nil
}

func (a *Analysis) summaryOfLocalGov(ctx context.Context, gov string, id syncproto.RecordID) (survey.Summary, error) {
	villages, govs, err := a.govs(ctx, gov)
	if err != nil {
		return survey.Summary{}, err
	}
	if len(villages) == 0 {
		return survey.Summary{}, fmt.Errorf("the list of villages puts none under it: %w", server.ErrNotFound)
	}
	w, err := a.know(ctx)
	if err != nil {
		return survey.Summary{}, err
	}
	r, err := w.find(villages[0], id)
	if err != nil {
		return survey.Summary{}, err
	}
	var s survey.Summary
	err = a.view(ctx, func(tx *sql.Tx) error {
		sum := counts{Tally: survey.NewTally()}
		unassigned, seq := 0, uint64(0)
		feeds := map[area.Code]bool{}
		asOf := ""
		for _, v := range villages {
			t, err := readTally(ctx, tx, cell{round: r.id, area: v})
			if err != nil {
				return err
			}
			sum.Merge(t.Tally, 1)
			sum.certified, sum.open, sum.loose = sum.certified+t.certified, sum.open+t.open, sum.loose+t.loose
			var one survey.Summary
			if err := a.stamp(ctx, tx, v, &one); err != nil {
				return err
			}
			unassigned, asOf = unassigned+one.Unassigned, max(asOf, one.AsOf)
			if !feeds[v.Feed()] {
				feeds[v.Feed()], seq = true, seq+one.AsOfSeq
			}
		}
		s = r.summary(area.Code(gov), sum)
		s.Unassigned, s.AsOf, s.AsOfSeq, s.AreaName = unassigned, asOf, seq, gov
		return nil
	})
	for _, g := range govs {
		if g.Code == gov {
			s.AreaName = g.NameTH
		}
	}
	return s, err
}

func (a *Analysis) govs(ctx context.Context, gov string) (villages []area.Code, govs []server.LocalGov, err error) {
	list, err := a.src.Villages(ctx, "")
	if err != nil {
		return nil, nil, err
	}
	for _, v := range list {
		if v.LocalGov == gov && gov != "" {
			villages = append(villages, v.Code)
		}
	}
	govs, err = a.src.LocalGovs(ctx)
	return villages, govs, err
}
