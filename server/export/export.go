// Package export turns an office's records and sums into rows for files: one
// row a household, one a person, or one an area and indicator. It streams, so
// a million households need no more memory than a thousand.
//
// It knows records, forms, results and tables. It must not know HTTP or who
// asks: the caller decides whether personal columns may be given out, and notes
// every export.
//
// Without personal columns a row has no free text, no identifiers, no names, no
// religion or health, no dates of birth, no pictures; positions are rounded to
// two decimals, about a kilometre.
package export

import (
	"context"
	"fmt"
	"io"
	"slices"

	"tambonsync/server"
	"tambonsync/server/analysis"
	"tambonsync/server/tables"
	"tambonsync/syncproto"
	"tambonsync/syncproto/survey"
	"tambonsync/syncproto/view"
)

// ErrRequest marks what is wrong with a request; the sentence says what.
var ErrRequest = server.ErrExport

// Exporter writes exports of one office.
type Exporter struct {
	Store    server.Store
	Analysis *analysis.Analysis
	TempDir  string // where XLSX waits; empty: the system's
}

// Request says what to export: server.ExportRequest. An empty What is
// households.
type Request = server.ExportRequest

// page is how many households are held in memory at once.
const page = 200

// Export writes the rows of a request to w and returns how many. The analysis
// is brought up to date first.
func (x *Exporter) Export(ctx context.Context, q Request, w io.Writer) (rows int64, err error) {
	if !slices.Contains(tables.Formats(), q.Format) {
		return 0, fmt.Errorf("%w: there is no format %q: csv, xlsx, geojson or parquet", ErrRequest, q.Format)
	}
	if _, err := x.Analysis.CatchUp(ctx); err != nil {
		return 0, err
	}
	catalog, err := server.LoadCatalog(ctx, x.Store, false)
	if err != nil {
		return 0, err
	}
	round, err := x.round(ctx, q)
	if err != nil {
		return 0, err
	}
	indicators, err := catalog.Indicators(round.Form, round.Set)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	if q.Round, err = syncproto.ParseRecordID(round.ID); err != nil {
		return 0, err
	}
	r := &run{Exporter: x, q: q, round: round, x: indicators, form: indicators.Form()}
	if q.What == server.ExportSummary {
		return r.summary(ctx, w)
	}
	if q.Open {
		return 0, fmt.Errorf("%w: only a summary can be open to the public", ErrRequest)
	}
	return r.records(ctx, w)
}

func (x *Exporter) round(ctx context.Context, q Request) (survey.Round, error) {
	if q.Round.IsZero() {
		sum, err := x.Analysis.Summary(ctx, q.Area, q.Round)
		if err != nil {
			return survey.Round{}, err
		}
		if q.Round, err = syncproto.ParseRecordID(sum.Round); err != nil {
			return survey.Round{}, err
		}
	}
	rounds, err := x.Analysis.Rounds(ctx)
	if err != nil {
		return survey.Round{}, err
	}
	for _, r := range rounds {
		if r.ID == q.Round.String() {
			return r, nil
		}
	}
	return survey.Round{}, fmt.Errorf("round %s: %w", q.Round, server.ErrNotFound)
}

// run is one export.
type run struct {
	*Exporter
	q     Request
	round survey.Round
	x     *survey.Indicators
	form  *survey.Form
}

// records writes one row for each judged record, or for each record of a type
// below it.
func (r *run) records(ctx context.Context, w io.Writer) (int64, error) {
	head, _ := r.form.Type(r.x.RecordType())
	of := head
	switch r.q.What {
	case "", server.ExportHouseholds, head.Name():
	case server.ExportPersons:
		if len(head.Children()) == 0 {
			return 0, fmt.Errorf("%w: form %s has nothing below %s", ErrRequest, r.form.Ref(), head.Name())
		}
		of, _ = r.form.Type(head.Children()[0])
	default:
		i := slices.Index(head.Children(), r.q.What)
		if i < 0 {
			return 0, fmt.Errorf("%w: form %s has no %q: households, persons, summary or one of %v", ErrRequest, r.form.Ref(), r.q.What, head.Children())
		}
		of, _ = r.form.Type(r.q.What)
	}
	sheet := layout{form: r.form, typ: of, head: of == head, personal: r.q.Personal}
	sheet.build(r.x)
	if err := sheet.check(r.q.Format); err != nil {
		return 0, err
	}
	out, err := tables.New(r.q.Format, w, sheet.columns, tables.Options{TempDir: r.TempDir, Lat: sheet.lat, Lon: sheet.lon})
	if err != nil {
		return 0, err
	}
	defer out.Discard()
	var n int64
	err = r.families(ctx, func(f family) error {
		if of == head {
			n++
			return out.Write(sheet.row(f, f.review, f.head, 0))
		}
		for i, child := range f.review.Children[of.Name()] {
			n++
			if err := out.Write(sheet.row(f, child, f.below[of.Name()][i], i+1)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return n, err
	}
	return n, out.Close()
}

// family is a judged record with those below it.
type family struct {
	result analysis.ResultRow
	head   syncproto.Record
	below  map[string][]syncproto.Record // by type
	review survey.Review
	full   survey.Result
}

// families gives every judged record of the area to f, in order of area.
func (r *run) families(ctx context.Context, f func(family) error) error {
	filter := analysis.ResultFilter{Round: r.q.Round, Area: r.q.Area, Limit: page}
	for {
		rows, err := r.Analysis.Results(ctx, filter)
		if err != nil {
			return err
		}
		if err := r.block(ctx, rows, f); err != nil {
			return err
		}
		if len(rows) < page {
			return nil
		}
		last := rows[len(rows)-1]
		filter.After = analysis.Mark{Area: last.Area, ID: last.ID}
	}
}

func (r *run) block(ctx context.Context, rows []analysis.ResultRow, f func(family) error) error {
	ids := make([]syncproto.RecordID, len(rows))
	for i := range rows {
		ids[i] = rows[i].ID
	}
	below, err := r.Analysis.Below(ctx, ids)
	if err != nil {
		return err
	}
	for _, list := range below {
		ids = append(ids, list...)
	}
	records, err := r.Store.RecordsOf(ctx, ids)
	if err != nil {
		return err
	}
	byID := make(map[syncproto.RecordID]syncproto.Record, len(records))
	for _, rec := range records {
		byID[rec.Record.ID] = rec.Record
	}
	for _, row := range rows {
		head, ok := byID[row.ID]
		if !ok || head.Type != r.x.RecordType() {
			continue
		}
		fam, err := r.family(row, head, below[row.ID], byID)
		if err != nil {
			return err
		}
		if err := f(fam); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) family(row analysis.ResultRow, head syncproto.Record, below []syncproto.RecordID, byID map[syncproto.RecordID]syncproto.Record) (family, error) {
	fam := family{result: row, head: head, below: map[string][]syncproto.Record{}}
	t, _ := r.form.Type(head.Type)
	entry, err := view.Entry(head, t)
	if err != nil {
		return fam, err
	}
	entry.Children = map[string][]survey.Entry{}
	for _, id := range below {
		rec, ok := byID[id]
		if !ok || !slices.Contains(t.Children(), rec.Type) {
			continue
		}
		kind, _ := r.form.Type(rec.Type)
		e, err := view.Entry(rec, kind)
		if err != nil {
			return fam, err
		}
		entry.Children[rec.Type] = append(entry.Children[rec.Type], e)
		fam.below[rec.Type] = append(fam.below[rec.Type], rec)
	}
	fam.review = r.form.Review(head.Type, entry, r.round.ReferenceDate)
	fam.full = r.x.Outcomes(fam.review)
	return fam, nil
}
