package clientlib

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
	"tambonsync/syncproto/survey"
	"tambonsync/syncproto/view"
)

// HouseholdReport is what the indicators say of one household, with the
// reasons a family can read.
type HouseholdReport struct {
	Record  syncproto.RecordID
	Area    area.Code
	State   survey.State
	Review  survey.Review
	Outcome survey.Result
}

// Report sums the households of an area up, as the office does, from what this
// device holds and without a network. round may be "" where only one is open
// there, or only one exists. The office's summary of the same area is the same
// once everybody has synced.
func (s *Store) Report(ctx context.Context, code area.Code, round string) (survey.Summary, error) {
	if !code.Valid() {
		return survey.Summary{}, fmt.Errorf("area %q: %w: want the 8 digits of a village, or 6 of a tambon", code, ErrInvalid)
	}
	r, err := s.reporter(ctx, code, round)
	if err != nil {
		return survey.Summary{}, err
	}
	live := map[area.Code]*survey.Tally{}
	err = r.each(ctx, func(h HouseholdReport, persons int) error {
		if live[h.Area] == nil {
			live[h.Area] = survey.NewTally()
		}
		live[h.Area].Add(survey.Judged{State: h.State, Complete: h.Review.Complete(), Persons: persons, Result: h.Outcome})
		return nil
	})
	if err != nil {
		return survey.Summary{}, fmt.Errorf("report of %s: %w", code, err)
	}
	frozen, err := r.certified(ctx)
	if err != nil {
		return survey.Summary{}, fmt.Errorf("report of %s: %w", code, err)
	}
	tally, open := survey.NewTally(), 0
	for village, t := range live {
		if frozen[village] == nil {
			tally.Merge(t, 1)
			open++
		}
	}
	for _, t := range frozen {
		tally.Merge(t, 1)
	}
	sum := tally.Summary(r.x)
	sum.Certified, sum.Frozen = len(frozen), len(frozen) > 0 && open == 0
	sum.Area, sum.AreaName = string(code), area.FullName(code)
	sum.Round, sum.RoundTitle, sum.ReferenceDate = r.round.ID, r.round.Title, r.round.ReferenceDate
	sum.Unassigned = r.unassigned
	return sum, s.stamp(ctx, code, &sum)
}

// Households gives every household of an area with its indicators, in order of
// id.
func (s *Store) Households(ctx context.Context, code area.Code, round string, f func(HouseholdReport) error) error {
	r, err := s.reporter(ctx, code, round)
	if err != nil {
		return err
	}
	return r.each(ctx, func(h HouseholdReport, _ int) error { return f(h) })
}

// Judge returns what the indicators say of one household, or of the one that a
// member belongs to.
func (s *Store) Judge(ctx context.Context, id syncproto.RecordID) (HouseholdReport, error) {
	r, err := readRow(ctx, s.db, id)
	if err != nil {
		return HouseholdReport{}, err
	}
	for range maxParents {
		parent := r.rec.Parent()
		if parent.IsZero() {
			break
		}
		if r, err = readRow(ctx, s.db, parent); err != nil {
			return HouseholdReport{}, err
		}
	}
	round, ok, err := s.RoundOf(ctx, r.rec)
	if err != nil {
		return HouseholdReport{}, err
	}
	if !ok {
		return HouseholdReport{}, fmt.Errorf("record %s: %w: it belongs to no round that this device knows; sync", r.rec.ID, ErrInvalid)
	}
	w, err := s.reporter(ctx, r.rec.Area(), round.ID)
	if err != nil {
		return HouseholdReport{}, err
	}
	h, _, err := w.judge(ctx, s.db, r.rec)
	return h, err
}

// reporter judges households by one round.
type reporter struct {
	store      *Store
	know       knowledge
	code       area.Code
	round      survey.Round
	x          *survey.Indicators
	form       *survey.Form
	unassigned int
	merged     map[syncproto.RecordID][]syncproto.RecordID // survivor → those merged into it
}

func (s *Store) reporter(ctx context.Context, code area.Code, round string) (*reporter, error) {
	k, err := s.survey(ctx, s.db)
	if err != nil {
		return nil, err
	}
	r := &reporter{store: s, know: k, code: code}
	if r.round, err = k.named(round, code); err != nil {
		return nil, err
	}
	if r.x, err = k.catalog.Indicators(r.round.Form, r.round.Set); err != nil {
		return nil, fmt.Errorf("round %s: %w: %w; sync to get its form", r.round.ID, ErrInvalid, err)
	}
	r.form = r.x.Form()
	return r, nil
}

// named finds the round that a report is about.
func (k knowledge) named(id string, code area.Code) (survey.Round, error) {
	var open, all []survey.Round
	for _, r := range k.rounds {
		if id != "" && r.ID == id {
			return r, nil
		}
		if id != "" && (len(id) < 4 || !strings.HasPrefix(r.ID, id)) || id == "" && !r.Overlaps(string(code)) {
			continue
		}
		if all = append(all, r); r.Open {
			open = append(open, r)
		}
	}
	switch {
	case id != "" && len(all) == 1:
		return all[0], nil
	case id != "" && len(all) == 0:
		return survey.Round{}, fmt.Errorf("round %s: %w: this device does not know it; sync", id, ErrNotFound)
	case id == "" && len(open) == 1:
		return open[0], nil
	case id == "" && len(open) == 0 && len(all) == 1:
		return all[0], nil
	case len(all) == 0:
		return survey.Round{}, fmt.Errorf("%w: this device knows no round that surveys %s; sync", ErrNotFound, code)
	}
	names := make([]string, len(all))
	for i, r := range all {
		names[i] = r.ID + " (" + r.Title + ")"
	}
	if id != "" {
		return survey.Round{}, fmt.Errorf("%w: several rounds begin with %s, name one: %s", ErrInvalid, id, strings.Join(names, ", "))
	}
	return survey.Round{}, fmt.Errorf("%w: several rounds survey %s, name one: %s", ErrInvalid, code, strings.Join(names, ", "))
}

const reportPage = 200

// each judges the households of the area one after the other. Records that
// cannot be read here are passed over: the next sync brings them again.
func (r *reporter) each(ctx context.Context, f func(h HouseholdReport, persons int) error) error {
	from, to := r.code.Span()
	var after syncproto.RecordID
	for {
		ids, err := queryIDs(ctx, r.store.db, `SELECT id FROM records WHERE id > $1 AND area >= $2 AND area < $3 AND type = $4 AND deleted = 0
			ORDER BY id LIMIT $5`, after[:], from, to, r.x.RecordType(), reportPage)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if err := r.one(ctx, id, f); err != nil {
				return err
			}
			after = id
		}
		if len(ids) < reportPage {
			return nil
		}
	}
}

func (r *reporter) one(ctx context.Context, id syncproto.RecordID, f func(h HouseholdReport, persons int) error) error {
	row, err := readRow(ctx, r.store.db, id)
	if errors.Is(err, ErrDamaged) || errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil || !row.rec.MergedInto().IsZero() {
		return err
	}
	at, err := r.know.place(ctx, r.store.db, row.rec)
	if err != nil {
		return err
	}
	if at.id.IsZero() {
		r.unassigned++
	}
	if at.id.String() != r.round.ID {
		return nil
	}
	h, persons, err := r.judge(ctx, r.store.db, row.rec)
	if err != nil {
		return err
	}
	return f(h, persons)
}

// judge reviews a household with the people in it.
func (r *reporter) judge(ctx context.Context, q querier, rec syncproto.Record) (HouseholdReport, int, error) {
	t, _ := r.form.Type(rec.Type)
	e, persons, err := r.entry(ctx, q, rec, t, 0)
	if err != nil {
		return HouseholdReport{}, 0, err
	}
	h := HouseholdReport{Record: rec.ID, Area: rec.Area(), Review: r.form.Review(rec.Type, e, r.round.ReferenceDate)}
	h.Outcome = r.x.Outcomes(h.Review)
	h.State = survey.State(rec.State().State)
	if h.State == "" {
		h.State = survey.DerivedState(h.Review, rec.Carried())
	}
	return h, persons, nil
}

// entry gathers a record with those below it, also those of records that were
// merged into it.
func (r *reporter) entry(ctx context.Context, q querier, rec syncproto.Record, t *survey.RecordType, depth int) (survey.Entry, int, error) {
	e, err := view.Entry(rec, t)
	if err != nil || depth > maxParents {
		return e, 0, err
	}
	parents := []syncproto.RecordID{rec.ID}
	if depth == 0 {
		merged, err := r.mergedInto(ctx, q, rec.ID)
		if err != nil {
			return e, 0, err
		}
		parents = append(parents, merged...)
	}
	persons := 0
	for _, kind := range t.Children() {
		below, _ := r.form.Type(kind)
		kids, err := r.children(ctx, q, parents, kind)
		if err != nil {
			return e, 0, err
		}
		for _, kid := range kids {
			c, n, err := r.entry(ctx, q, kid, below, depth+1)
			if err != nil {
				return e, 0, err
			}
			if e.Children == nil {
				e.Children = map[string][]survey.Entry{}
			}
			e.Children[kind] = append(e.Children[kind], c)
			persons += 1 + n
		}
	}
	return e, persons, nil
}

// mergedInto returns the households that count as another one, wherever they
// lie on this device; a deleted one too, whose people still count there.
func (r *reporter) mergedInto(ctx context.Context, q querier, survivor syncproto.RecordID) ([]syncproto.RecordID, error) {
	if r.merged != nil {
		return r.merged[survivor], nil
	}
	states, err := collect(ctx, q, func(rows *sql.Rows) (raw []byte, err error) {
		err = rows.Scan(&raw)
		return raw, err
	}, `SELECT state FROM records WHERE type = $1 AND instr(state, CAST($2 AS BLOB)) > 0`, r.x.RecordType(), syncproto.GroupMergedInto)
	if err != nil {
		return nil, err
	}
	into := map[syncproto.RecordID]syncproto.RecordID{}
	for _, raw := range states {
		if rec, err := syncproto.DecodeRecord(raw); err == nil && !rec.MergedInto().IsZero() {
			into[rec.ID] = rec.MergedInto()
		}
	}
	r.merged = map[syncproto.RecordID][]syncproto.RecordID{}
	for id := range into {
		end := id
		for range maxParents {
			next, ok := into[end]
			if !ok {
				break
			}
			end = next
		}
		r.merged[end] = append(r.merged[end], id)
	}
	return r.merged[survivor], nil
}

// children are the living records of a kind below some parents, by id.
func (r *reporter) children(ctx context.Context, q querier, parents []syncproto.RecordID, kind string) (out []syncproto.Record, err error) {
	for _, p := range parents {
		ids, err := queryIDs(ctx, q, `SELECT id FROM records WHERE parent = $1 AND type = $2 AND deleted = 0 ORDER BY id`, p[:], kind)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			row, err := readRow(ctx, q, id)
			if errors.Is(err, ErrDamaged) || errors.Is(err, ErrNotFound) {
				continue
			}
			if err != nil {
				return nil, err
			}
			if row.rec.MergedInto().IsZero() {
				out = append(out, row.rec)
			}
		}
	}
	slices.SortFunc(out, func(a, b syncproto.Record) int { return a.ID.Compare(b.ID) })
	return out, nil
}

// certified returns the frozen numbers of villages that their forums signed off.
func (r *reporter) certified(ctx context.Context) (map[area.Code]*survey.Tally, error) {
	round, err := syncproto.ParseRecordID(r.round.ID)
	if err != nil {
		return nil, err
	}
	from, to := r.code.Span()
	states, err := collect(ctx, r.store.db, func(rows *sql.Rows) (raw []byte, err error) {
		err = rows.Scan(&raw)
		return raw, err
	}, `SELECT state FROM records WHERE area >= $1 AND area < $2 AND type = $3 AND deleted = 0`, from, to, syncproto.TypeVillage)
	if err != nil {
		return nil, err
	}
	out := map[area.Code]*survey.Tally{}
	for _, raw := range states {
		rec, err := syncproto.DecodeRecord(raw)
		if err != nil || rec.ID != syncproto.VillageID(round, rec.Area()) {
			continue
		}
		state, _ := rec.Winner(survey.VillageState).Any()
		numbers, _ := rec.Winner(survey.VillageNumbers).Any()
		if t, ok := survey.ReadNumbers(numbers); ok && state == survey.VillageCertified {
			out[rec.Area()] = t
		}
	}
	return out, nil
}

// stamp says how fresh a report is and what is missing in it.
func (s *Store) stamp(ctx context.Context, code area.Code, sum *survey.Summary) error {
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	d, err := readIdentity(ctx, tx)
	if err != nil {
		return err
	}
	if d.Synced > 0 {
		sum.AsOf = time.UnixMilli(d.Synced).UTC().Format(time.RFC3339)
	}
	from, to := code.Span()
	sum.Outstanding = &survey.Outstanding{Unsent: new(int)}
	for _, c := range []struct {
		query string
		into  any
	}{
		{`SELECT coalesce(sum(seq), 0) FROM cursors WHERE area >= $1 AND area < $2 OR substr($1, 1, length(area)) = area`, &sum.AsOfSeq},
		{`SELECT count(*) FROM records WHERE dirty = 1 AND area >= $1 AND area < $2`, sum.Outstanding.Unsent},
		{`SELECT count(*) FROM records WHERE conflicts > 0 AND area >= $1 AND area < $2`, &sum.Outstanding.Conflicts},
	} {
		if err := tx.QueryRowContext(ctx, c.query, from, to).Scan(c.into); err != nil {
			return fmt.Errorf("report: %w", err)
		}
	}
	return nil
}

// KnownRounds returns the rounds that this device knows, by id.
func (s *Store) KnownRounds(ctx context.Context) ([]survey.Round, error) {
	k, err := s.survey(ctx, s.db)
	return k.rounds, err
}
