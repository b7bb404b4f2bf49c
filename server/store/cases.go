package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"tambonsync/server"
	"tambonsync/syncproto"
)

// The kinds of case.
const (
	kindConflict = "conflict"           // one question, different answers
	kindLife     = "deleted_and_edited" // one officer deleted what another edited
	kindCopied   = "copied_store"       // two copies of one device's store both wrote
)

// groupCopied stands for no group of the record: a copied_store case is about
// the device, and stays open until a person closes it.
const groupCopied = "_copied"

var caseSpace = uuid.MustParse("6f1f2c1e-6a0c-5a3e-9a57-0e4d8f1b7c52")

// caseID is a function of record and group, so that every office opens the
// same case for the same thing.
func caseID(id syncproto.RecordID, group string) string {
	return uuid.NewSHA1(caseSpace, append(id[:], group...)).String()
}

// syncCases makes the record's open cases those of its conflicts.
func (b *batch) syncCases(id syncproto.RecordID, had int, conflicts []string) error {
	if had == 0 && len(conflicts) == 0 {
		return nil
	}
	_, err := b.tx.ExecContext(b.ctx, `UPDATE cases SET closed = $1 WHERE record = $2 AND closed = 0 AND kind <> $3 AND NOT (','||$4||',' LIKE '%,'||id||',%')`,
		b.at, id[:], kindCopied, joinIDs(id, conflicts))
	if err != nil {
		return fmt.Errorf("close cases: %w", err)
	}
	for _, group := range conflicts {
		kind := kindConflict
		if group == syncproto.GroupLife {
			kind = kindLife
		}
		if err := b.openCase(id, group, kind); err != nil {
			return err
		}
	}
	return nil
}

func joinIDs(id syncproto.RecordID, groups []string) string {
	ids := make([]string, len(groups))
	for i, g := range groups {
		ids[i] = caseID(id, g)
	}
	return strings.Join(ids, ",")
}

func (b *batch) openCase(id syncproto.RecordID, group, kind string) error {
	_, err := b.tx.ExecContext(b.ctx, `INSERT INTO cases (id, record, grp, kind, opened, closed) VALUES ($1, $2, $3, $4, $5, 0)
		ON CONFLICT (id) DO UPDATE SET opened = excluded.opened, closed = 0 WHERE cases.closed <> 0`,
		caseID(id, group), id[:], group, kind, b.at)
	if err != nil {
		return fmt.Errorf("open case: %w", err)
	}
	return nil
}

const selectCase = `SELECT c.id, c.record, c.grp, c.kind, c.opened, c.closed, r.type, r.area FROM cases c JOIN records r ON r.id = c.record`

func scanCase(row interface{ Scan(...any) error }) (c server.Case, err error) {
	var record []byte
	err = row.Scan(&c.ID, &record, &c.Group, &c.Kind, &c.OpenedAt, &c.ClosedAt, &c.Type, &c.Area)
	copy(c.Record[:], record)
	return c, err
}

// Case returns one case.
func (s *Store) Case(ctx context.Context, id string) (server.Case, error) {
	c, err := scanCase(s.read.QueryRowContext(ctx, selectCase+` WHERE c.id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return c, fmt.Errorf("case %s: %w", id, server.ErrNotFound)
	}
	return c, err
}

// Cases lists cases, the newest first.
func (s *Store) Cases(ctx context.Context, f server.CaseFilter) ([]server.Case, error) {
	query, args := selectCase+` WHERE 1 = 1`, []any{}
	where := func(cond string, values ...any) {
		for _, v := range values {
			args = append(args, v)
			cond = strings.Replace(cond, "?", fmt.Sprintf("$%d", len(args)), 1)
		}
		query += " AND " + cond
	}
	if !f.Closed {
		where(`c.closed = ?`, 0)
	}
	if f.Area != "" {
		from, to := f.Area.Span()
		where(`r.area >= ? AND r.area < ?`, from, to)
	}
	if !f.Record.IsZero() {
		where(`c.record = ?`, f.Record[:])
	}
	args = append(args, limit(f.Limit))
	rows, err := s.read.QueryContext(ctx, query+fmt.Sprintf(` ORDER BY c.opened DESC, c.id LIMIT $%d`, len(args)), args...)
	if err != nil {
		return nil, fmt.Errorf("cases: %w", err)
	}
	defer func() { _ = rows.Close() }()
	out := []server.Case{}
	for rows.Next() {
		c, err := scanCase(rows)
		if err != nil {
			return nil, fmt.Errorf("cases: %w", err)
		}
		out = append(out, c)
	}
	return out, rows.Err()
}

// CloseCase closes a copied_store case, which no edit of the record closes.
func (s *Store) CloseCase(ctx context.Context, id string, at int64) error {
	return s.update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE cases SET closed = $1 WHERE id = $2 AND kind = $3 AND closed = 0`, at, id, kindCopied)
		if err != nil {
			return fmt.Errorf("close case: %w", err)
		}
		return wantOne(res, "open copied_store case "+id)
	})
}

// limit turns a wish into a bound.
func limit(n int) int {
	if n <= 0 || n > 10000 {
		return 10000
	}
	return n
}

func wantOne(res sql.Result, what string) error {
	n, err := res.RowsAffected()
	if err == nil && n == 0 {
		err = fmt.Errorf("%s: %w", what, server.ErrNotFound)
	}
	return err
}
