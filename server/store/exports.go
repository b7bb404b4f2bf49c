package store

import (
	"context"
	"database/sql"
	"fmt"

	"tambonsync/server"
	"tambonsync/syncproto"
)

// LogExport notes that data left the office.
func (s *Store) LogExport(ctx context.Context, e server.ExportEntry) error {
	err := s.update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO exports (at, "user", "from", area, round, format, what, personal, reason, rows)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			e.At, e.User, e.From, e.Area, e.Round[:], e.Format, e.What, e.Personal, e.Reason, e.Rows)
		return err
	})
	if err != nil {
		return fmt.Errorf("log export: %w", err)
	}
	return nil
}

// Exports lists what left the office, the newest first.
func (s *Store) Exports(ctx context.Context, n int) ([]server.ExportEntry, error) {
	list, err := collect(ctx, s.read, func(rows *sql.Rows) (e server.ExportEntry, err error) {
		var round []byte
		err = rows.Scan(&e.At, &e.User, &e.From, &e.Area, &round, &e.Format, &e.What, &e.Personal, &e.Reason, &e.Rows)
		e.Round = syncproto.RecordID(round)
		return e, err
	}, `SELECT at, "user", "from", area, round, format, what, personal, reason, rows FROM exports ORDER BY id DESC LIMIT $1`, limit(n))
	if err != nil {
		return nil, fmt.Errorf("exports: %w", err)
	}
	return list, nil
}
