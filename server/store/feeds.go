package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"tambonsync/server"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

// Feeds tells where every feed stands.
func (s *Store) Feeds(ctx context.Context) ([]syncproto.Feed, error) {
	list, err := collect(ctx, s.read, func(rows *sql.Rows) (f syncproto.Feed, err error) {
		err = rows.Scan(&f.Area, &f.Seq, &f.Restored)
		return f, err
	}, `SELECT feed, seq, restored FROM feeds ORDER BY feed`)
	if err != nil {
		return nil, fmt.Errorf("feeds: %w", err)
	}
	return list, nil
}

// Changes follows one feed.
func (s *Store) Changes(ctx context.Context, feed area.Code, after uint64, n int) (recs []server.StoredRecord, last uint64, err error) {
	last = after
	rows, err := s.read.QueryContext(ctx, `SELECT f.seq, f.record, r.state, r.updated FROM feed f LEFT JOIN records r ON r.id = f.record AND f.out = 0
		WHERE f.feed = $1 AND f.seq > $2 ORDER BY f.seq LIMIT $3`, feed, after, limit(n))
	if err != nil {
		return nil, after, fmt.Errorf("changes of %s: %w", feed, err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id, state []byte
		var updated sql.NullInt64
		if err := rows.Scan(&last, &id, &state, &updated); err != nil {
			return nil, after, fmt.Errorf("changes of %s: %w", feed, err)
		}
		s.stats.rowsRead.Add(1)
		if state == nil {
			continue
		}
		rec := server.StoredRecord{Raw: state, Seq: last, Updated: updated.Int64}
		if rec.Record, err = syncproto.DecodeRecord(state); err != nil {
			rec.Record = syncproto.Record{ID: syncproto.RecordID(id)} // damaged: verify tells, others go on
		}
		recs = append(recs, rec)
	}
	if err := rows.Err(); err != nil {
		return nil, after, fmt.Errorf("changes of %s: %w", feed, err)
	}
	return recs, last, nil
}

// RecordsOf reads many records in one snapshot.
func (s *Store) RecordsOf(ctx context.Context, ids []syncproto.RecordID) ([]server.StoredRecord, error) {
	out := make([]server.StoredRecord, 0, len(ids))
	err := s.view(ctx, func(tx *sql.Tx) error {
		stmt, err := tx.PrepareContext(ctx, selectRecord+` WHERE id = $1`)
		if err != nil {
			return err
		}
		defer func() { _ = stmt.Close() }()
		for _, id := range ids {
			rec, err := scanRecord(stmt.QueryRowContext(ctx, id[:]))
			if errors.Is(err, sql.ErrNoRows) {
				continue
			}
			if err != nil {
				return fmt.Errorf("record %s: %w", id, err)
			}
			out = append(out, rec)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("records: %w", err)
	}
	return out, nil
}

// Rounds lists the `_round` records, of which an office has few.
func (s *Store) Rounds(ctx context.Context) ([]server.StoredRecord, error) {
	list, err := collect(ctx, s.read, func(rows *sql.Rows) (server.StoredRecord, error) { return scanRecord(rows) },
		selectRecord+` WHERE type = '_round' ORDER BY id`) // as the index says it
	if err != nil {
		return nil, fmt.Errorf("rounds: %w", err)
	}
	return list, nil
}
