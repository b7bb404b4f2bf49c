package analysis

import (
	"context"
	"database/sql"
	"fmt"

	"tambonsync/server"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
	"tambonsync/syncproto/survey"
)

// maxPage bounds every listing.
const maxPage = 1000

func page(limit int) int {
	if limit <= 0 || limit > maxPage {
		return maxPage
	}
	return limit
}

// since is where a listing of an area goes on: after a row of it, or at its
// beginning. It is the only lower bound of a query: with a second one the
// database would go through the rows before it on every page.
func since(after Mark, from string) Mark {
	if string(after.Area) < from {
		return Mark{Area: area.Code(from)}
	}
	return after
}

// Results lists results.
func (a *Analysis) Results(ctx context.Context, f ResultFilter) ([]ResultRow, error) {
	from, to := f.Area.Span()
	after := since(f.After, from)
	where := `round = $1 AND (area, id) > ($2, $3) AND area < $4`
	args := []any{f.Round[:], after.Area, after.ID[:], to}
	and := func(condition string, v any) {
		args = append(args, v)
		where += fmt.Sprintf(" AND "+condition, len(args))
	}
	if f.Verdict != "" {
		if f.Indicator < 1 || f.Indicator > survey.MaxIndicators {
			return nil, fmt.Errorf("analysis: results: indicator %d: want 1 to %d with a verdict", f.Indicator, survey.MaxIndicators)
		}
		column, ok := map[survey.Verdict]string{
			survey.Pass: "pass_bits", survey.Fail: "fail_bits", survey.NA: "na_bits", survey.Unanswered: "unanswered_bits",
		}[f.Verdict]
		if !ok {
			return nil, fmt.Errorf("analysis: results: verdict %.20q: want pass, fail, na or unanswered", f.Verdict)
		}
		and(column+` & $%d <> 0`, int64(1)<<(f.Indicator-1))
	}
	if f.State != "" {
		and(`state = $%d`, string(f.State))
	}
	if f.Complete != nil {
		and(`complete = $%d`, bit(*f.Complete))
	}
	out, err := collect(ctx, a.read, func(rows *sql.Rows) (ResultRow, error) {
		id, r, err := scanResult(rows)
		return r.row(id), err
	}, fmt.Sprintf(`SELECT %s FROM results WHERE %s ORDER BY area, id LIMIT %d`, resultColumns, where, page(f.Limit)), args...)
	if err != nil {
		return nil, fmt.Errorf("analysis: results: %w", err)
	}
	return out, nil
}

// row is the result as listings show it.
func (r *result) row(id syncproto.RecordID) ResultRow {
	return ResultRow{
		ID: id, Round: r.round, Area: r.area, State: r.state, Complete: r.complete, Persons: r.persons,
		Problems: r.problems, Level: r.level, Outcomes: r.outcomes(),
	}
}

var errNoResult = fmt.Errorf("no round judges it: %w", server.ErrNotFound)

// Result works out one record's outcomes from its answers as they are now. For
// a member it is that of its household. server.ErrNotFound: there is no such
// record, or no round judges it.
func (a *Analysis) Result(ctx context.Context, id syncproto.RecordID) (Detail, error) {
	var d Detail
	w, err := a.know(ctx)
	if err == nil {
		err = a.view(ctx, func(tx *sql.Tx) error {
			b := newBatch(ctx, tx, a)
			b.w = w
			d, err = b.detail(id)
			return err
		})
	}
	if err != nil {
		return d, fmt.Errorf("analysis: result of %s: %w", id, err)
	}
	return d, nil
}

func (b *batch) detail(id syncproto.RecordID) (d Detail, err error) {
	it, err := b.item(id)
	if err != nil {
		return d, err
	}
	if it == nil {
		return d, errNoResult
	}
	head, err := b.head(it)
	if err != nil {
		return d, err
	}
	fam, err := b.family(head)
	if err != nil {
		return d, err
	}
	ids := make([]syncproto.RecordID, len(fam))
	for i := range fam {
		ids[i] = fam[i].id
	}
	recs, err := b.load(ids)
	if err != nil {
		return d, err
	}
	if !head.attached {
		return d, errNoResult
	}
	j := b.judge(fam, recs)
	if j == nil {
		return d, errNoResult
	}
	d = Detail{ResultRow: j.row(head).row(head.id), Result: j.result, Review: j.review}
	d.Flags, err = collect(b.ctx, b.tx, scanFlag, selectFlags+` WHERE head = $1 ORDER BY area, record, code, question`, head.id[:])
	return d, err
}

// maxCaseRecords bounds how many records of one case are shown.
const maxCaseRecords = 100

// Duplicates lists cases of duplicates.
func (a *Analysis) Duplicates(ctx context.Context, f DuplicateFilter) (out []Duplicate, err error) {
	err = a.view(ctx, func(tx *sql.Tx) error {
		from, to := f.Area.Span()
		type found struct {
			Duplicate
			key []byte
		}
		list, err := collect(ctx, tx, func(rows *sql.Rows) (d found, err error) {
			err = rows.Scan(&d.ID, (*scanID)(&d.Round), &d.Kind, &d.key, &d.N)
			return d, err
		}, `SELECT id, round, kind, key, n FROM duplicates WHERE id > $1 AND ($2 = 1 OR round = $3) AND ($4 = '' OR kind = $4)
			AND ($5 = '' OR EXISTS (SELECT 1 FROM keys WHERE keys.round = duplicates.round AND keys.kind = duplicates.kind AND keys.key = duplicates.key
				AND keys.area >= $5 AND keys.area < $6)) ORDER BY id LIMIT $7`,
			f.After, bit(f.Round.IsZero()), f.Round[:], f.Kind, from, to, page(f.Limit))
		if err != nil {
			return err
		}
		for _, d := range list {
			d.Records, err = collect(ctx, tx, func(rows *sql.Rows) (m Mark, err error) {
				err = rows.Scan(&m.Area, (*scanID)(&m.ID))
				return m, err
			}, `SELECT area, id FROM keys WHERE round = $1 AND kind = $2 AND key = $3 ORDER BY id LIMIT $4`, d.Round[:], d.Kind, d.key, maxCaseRecords)
			if err != nil {
				return err
			}
			out = append(out, d.Duplicate)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("analysis: duplicates: %w", err)
	}
	return out, nil
}

// Orphans lists orphans.
func (a *Analysis) Orphans(ctx context.Context, f OrphanFilter) ([]Orphan, error) {
	from, to := f.Area.Span()
	after := since(f.After, from)
	out, err := collect(ctx, a.read, func(rows *sql.Rows) (o Orphan, err error) {
		err = rows.Scan((*scanID)(&o.ID), &o.Area, &o.Type, (*scanID)(&o.Parent), &o.Why)
		return o, err
	}, `SELECT id, area, type, parent, why FROM orphans WHERE (area, id) > ($1, $2) AND area < $3 ORDER BY area, id LIMIT $4`,
		after.Area, after.ID[:], to, page(f.Limit))
	if err != nil {
		return nil, fmt.Errorf("analysis: orphans: %w", err)
	}
	return out, nil
}

const selectFlags = `SELECT record, area, head, round, code, question FROM flags`

func scanFlag(rows *sql.Rows) (f Flag, err error) {
	err = rows.Scan((*scanID)(&f.Record), &f.Area, (*scanID)(&f.Head), (*scanID)(&f.Round), &f.Code, &f.Question)
	return f, err
}

// Flags lists flags.
func (a *Analysis) Flags(ctx context.Context, f FlagFilter) ([]Flag, error) {
	from, to := f.Area.Span()
	after := f.After
	if string(after.Area) < from { // see since
		after = Flag{Area: area.Code(from)}
	}
	out, err := collect(ctx, a.read, scanFlag, selectFlags+` WHERE (area, record, code, question) > ($1, $2, $3, $4) AND area < $5
		AND ($6 = 1 OR round = $7) AND ($8 = '' OR code = $8) ORDER BY area, record, code, question LIMIT $9`,
		after.Area, after.Record[:], after.Code, after.Question, to, bit(f.Round.IsZero()), f.Round[:], f.Code, page(f.Limit))
	if err != nil {
		return nil, fmt.Errorf("analysis: flags: %w", err)
	}
	return out, nil
}

// CountFlags counts the flags of an area by code.
func (a *Analysis) CountFlags(ctx context.Context, round syncproto.RecordID, code area.Code) (map[string]int, error) {
	from, to := code.Span()
	out := map[string]int{}
	_, err := collect(ctx, a.read, func(rows *sql.Rows) (none struct{}, err error) {
		var flag string
		var n int
		err = rows.Scan(&flag, &n)
		out[flag] = n
		return none, err
	}, `SELECT code, count(*) FROM flags WHERE area >= $1 AND area < $2 AND ($3 = 1 OR round = $4) GROUP BY code`,
		from, to, bit(round.IsZero()), round[:])
	if err != nil {
		return nil, fmt.Errorf("analysis: flags: %w", err)
	}
	return out, nil
}
