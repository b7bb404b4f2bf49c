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

const selectRecord = `SELECT state, seq, updated FROM records`

func scanRecord(row interface{ Scan(...any) error }) (rec server.StoredRecord, err error) {
	if err = row.Scan(&rec.Raw, &rec.Seq, &rec.Updated); err != nil {
		return rec, err
	}
	rec.Record, err = syncproto.DecodeRecord(rec.Raw)
	return rec, err
}

// Record returns the state of one record.
func (s *Store) Record(ctx context.Context, id syncproto.RecordID) (server.StoredRecord, error) {
	rec, err := scanRecord(s.read.QueryRowContext(ctx, selectRecord+` WHERE id = $1`, id[:]))
	if errors.Is(err, sql.ErrNoRows) {
		err = server.ErrNotFound
	}
	if err != nil {
		return rec, fmt.Errorf("record %s: %w", id, err)
	}
	return rec, nil
}

// Records lists records by area, then by id.
func (s *Store) Records(ctx context.Context, f server.RecordFilter) ([]server.StoredRecord, error) {
	var out []server.StoredRecord
	err := s.view(ctx, func(tx *sql.Tx) error {
		start := f.Area
		if !f.After.IsZero() {
			err := tx.QueryRowContext(ctx, `SELECT area FROM records WHERE id = $1`, f.After[:]).Scan(&start)
			if errors.Is(err, sql.ErrNoRows) {
				err = server.ErrNotFound
			}
			if err != nil {
				return fmt.Errorf("after %s: %w", f.After, err)
			}
		}
		after := f.After
		if start < f.Area { // it has moved: the area's beginning
			start, after = f.Area, syncproto.RecordID{}
		}
		_, end := f.Area.Span()
		rows, err := tx.QueryContext(ctx, selectRecord+` WHERE (area, id) > ($1, $2) AND area < $3
			AND (type = $4 OR $4 = '' AND ($7 = 1 OR type < '_' OR type > '_~')) AND deleted <= $5 ORDER BY area, id LIMIT $6`,
			start, after[:], end, f.Type, bit(f.Deleted), limit(f.Limit), bit(f.System))
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			rec, err := scanRecord(rows)
			if err != nil {
				return err
			}
			out = append(out, rec)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("records: %w", err)
	}
	return out, nil
}

// Edit makes a save by the office itself. It takes the same way as a pushed
// record, so it reaches every device.
func (s *Store) Edit(ctx context.Context, e server.Edit) (server.StoredRecord, error) {
	out, err := s.EditMany(ctx, []server.Edit{e})
	if err != nil {
		return server.StoredRecord{}, err
	}
	return out[0], nil
}

// EditMany makes many saves by the office in one transaction.
func (s *Store) EditMany(ctx context.Context, edits []server.Edit) ([]server.StoredRecord, error) {
	if len(edits) > server.MaxEdits {
		return nil, fmt.Errorf("%d edits: %w: at most %d", len(edits), server.ErrTooLarge, server.MaxEdits)
	}
	if len(edits) == 0 {
		return nil, nil
	}
	out := make([]server.StoredRecord, len(edits))
	kept := 0
	err := s.update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		b := newBatch(ctx, tx, s.office)
		var last uint64
		if err := tx.QueryRowContext(ctx, `UPDATE office SET counter = counter + $1 WHERE one = 1 RETURNING counter`, len(edits)).Scan(&last); err != nil {
			return fmt.Errorf("take counters: %w", err)
		}
		slots := make([]*slot, len(edits))
		for i, e := range edits {
			var err error
			if slots[i], err = b.edit(e, last-uint64(len(edits)-1-i)); err != nil {
				return fmt.Errorf("edit %s: %w", e.ID, err)
			}
		}
		if err := b.flush(); err != nil {
			return err
		}
		for i, sl := range slots {
			out[i] = server.StoredRecord{Record: sl.state, Raw: sl.raw, Seq: sl.seq, Updated: b.at}
		}
		kept = b.changed()
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.stats.kept.Add(int64(kept))
	return out, nil
}

// edit works one save by the office into the batch.
func (b *batch) edit(e server.Edit, counter uint64) (*slot, error) {
	b.at = max(b.at, e.At)
	sl, err := b.slot(e.ID)
	if err != nil {
		return nil, err
	}
	rec := sl.state
	if sl.raw == nil {
		if e.Type == "" {
			return nil, server.ErrNotFound
		}
		rec = syncproto.Record{ID: e.ID, Type: e.Type}
	} else if len(e.Seen) > 0 && rec.VV.Compare(e.Seen) != syncproto.Equal {
		return nil, fmt.Errorf("%w: a tablet has changed the record meanwhile, look again", server.ErrConflict)
	}
	rec = rec.Save(syncproto.Op{Wall: e.At, Context: e.Context, Dot: syncproto.Dot{Actor: b.office.Actor, Counter: counter}}, e.Changes)
	raw := rec.Encode()
	if rec, err = syncproto.DecodeRecord(raw); err != nil {
		return nil, err
	}
	if err := rec.CheckReserved(); err != nil {
		return nil, err
	}
	if err := b.noteOps("", rec, e.At); err != nil {
		return nil, err
	}
	b.put(sl, rec, raw, syncproto.HashRecord(raw), nil)
	return sl, nil
}

// Count returns how many records lie in and below an area, deleted ones too.
func (s *Store) Count(ctx context.Context, code area.Code) (n int, err error) {
	from, to := code.Span()
	err = s.read.QueryRowContext(ctx, `SELECT coalesce(sum(count), 0) FROM leaves WHERE area >= $1 AND area < $2`, from, to).Scan(&n)
	return n, err
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}
