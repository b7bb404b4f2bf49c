package analysis

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"tambonsync/syncproto"
)

// exec runs a statement that is prepared once for the transaction, which ends
// it too.
func (b *batch) exec(query string, args ...any) error {
	s, err := b.prepared(query)
	if err == nil {
		_, err = s.ExecContext(b.ctx, args...)
	}
	return err
}

// row reads one row.
func (b *batch) row(query string, args ...any) interface{ Scan(...any) error } {
	s, err := b.prepared(query)
	if err != nil {
		return failedRow{err}
	}
	return s.QueryRowContext(b.ctx, args...)
}

type failedRow struct{ err error }

func (r failedRow) Scan(...any) error { return r.err }

// statement is one that the transaction closes.
type statement struct{ *sql.Stmt }

func (b *batch) prepared(query string) (*statement, error) {
	if s := b.statements[query]; s != nil {
		return s, nil
	}
	s, err := b.tx.PrepareContext(b.ctx, query)
	if err != nil {
		return nil, fmt.Errorf("prepare %.40q: %w", query, err)
	}
	b.statements[query] = &statement{s}
	return b.statements[query], nil
}

// rows runs a prepared query and scans all its rows.
func rows[T any](b *batch, scan func(*sql.Rows) (T, error), query string, args ...any) (out []T, err error) {
	s, err := b.prepared(query)
	if err != nil {
		return nil, err
	}
	rows, err := s.QueryContext(b.ctx, args...)
	if err != nil {
		return nil, err
	}
	return scanAll(rows, scan)
}

func scanAll[T any](rows *sql.Rows, scan func(*sql.Rows) (T, error)) (out []T, err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

// ids runs a query for record ids.
func (b *batch) ids(query string, args ...any) ([]syncproto.RecordID, error) {
	return rows(b, func(r *sql.Rows) (id syncproto.RecordID, err error) {
		err = r.Scan((*scanID)(&id))
		return id, err
	}, query, args...)
}

// scanID reads a record id; null is the zero id.
type scanID syncproto.RecordID

// Scan implements sql.Scanner.
func (s *scanID) Scan(v any) error {
	*s = scanID{}
	switch v := v.(type) {
	case nil:
	case []byte:
		if len(v) != len(s) {
			return fmt.Errorf("an id of %d bytes", len(v))
		}
		copy(s[:], v)
	default:
		return fmt.Errorf("an id that is a %T", v)
	}
	return nil
}

// orNull is the id, or null for the zero id.
func orNull(id syncproto.RecordID) any {
	if id.IsZero() {
		return nil
	}
	return id[:]
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// querier is a transaction or the pool of readers.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// collect runs a query and scans all its rows.
func collect[T any](ctx context.Context, q querier, scan func(*sql.Rows) (T, error), query string, args ...any) (out []T, err error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return scanAll(rows, scan)
}
