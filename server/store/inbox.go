package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"tambonsync/server"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

// What one device may have waiting in the inbox. Beyond that it keeps its
// records and is told so.
const (
	maxInboxItems = 20000
	maxInboxBytes = 256 << 20
)

var inboxSpace = uuid.MustParse("0c5b2a4e-91d7-5f0e-8f64-3d6a1c9b2e70")

// toInbox keeps what may not or cannot go into the store, once: the same bytes
// again find the same item.
func (b *batch) toInbox(p server.Push, in server.Incoming, reason, detail string, code syncproto.Result) (syncproto.PushResult, error) {
	hash := syncproto.HashRecord(in.Raw)
	id := uuid.NewSHA1(inboxSpace, append([]byte(p.Device), hash[:]...)).String()
	var status, why string
	err := b.tx.QueryRowContext(b.ctx, `SELECT status, why FROM inbox WHERE id = $1`, id).Scan(&status, &why)
	switch {
	case err == nil && status == "rejected":
		return syncproto.PushResult{Code: syncproto.ResultRejected, Detail: why}, nil
	case err == nil:
		return syncproto.PushResult{Code: code, Detail: detail}, nil
	case !errors.Is(err, sql.ErrNoRows):
		return syncproto.PushResult{}, fmt.Errorf("read inbox: %w", err)
	}
	w, err := b.waitingOf(p.Device)
	if err != nil {
		return syncproto.PushResult{}, err
	}
	var old []replaced
	if in.Err == nil {
		var covered bool
		if old, covered, err = b.older(p.Device, in.Record); err != nil {
			return syncproto.PushResult{}, err
		}
		if covered {
			return syncproto.PushResult{Code: code, Detail: detail}, nil
		}
	}
	after := waiting{items: w.items + 1, size: w.size + len(in.Raw)}
	for _, o := range old {
		after.items--
		after.size -= o.size
	}
	if after.items > maxInboxItems || after.size > maxInboxBytes {
		return syncproto.PushResult{Code: syncproto.ResultInboxFull, Detail: "a supervisor must decide what waits from this device"}, nil
	}
	*w = after
	for _, o := range old {
		if _, err := b.tx.ExecContext(b.ctx, `DELETE FROM inbox WHERE id = $1`, o.id); err != nil {
			return syncproto.PushResult{}, fmt.Errorf("write inbox: %w", err)
		}
	}
	record, code8 := in.Record.ID, area.Code("")
	if in.Err == nil {
		code8 = in.Record.Area()
	}
	_, err = b.tx.ExecContext(b.ctx, `INSERT INTO inbox (id, device, actor, record, area, reason, detail, hash, raw, received, status, decided_by, decided, why)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'open', '', 0, '')`,
		id, p.Device, p.Actor[:], record[:], code8, reason, detail, hash[:], append([]byte{}, in.Raw...), p.At) // a nil slice would be NULL
	if err != nil {
		return syncproto.PushResult{}, fmt.Errorf("write inbox: %w", err)
	}
	return syncproto.PushResult{Code: code, Detail: detail}, nil
}

// waiting counts what one device has in the inbox.
type waiting struct{ items, size int }

// waitingOf counts once for each transaction: a chunk may bring hundreds of
// records for the inbox of a device that has thousands there.
func (b *batch) waitingOf(device string) (*waiting, error) {
	if w, ok := b.waiting[device]; ok {
		return w, nil
	}
	w := &waiting{}
	err := b.tx.QueryRowContext(b.ctx, `SELECT count(*), coalesce(sum(length(raw)), 0) FROM inbox WHERE device = $1 AND status = 'open'`, device).Scan(&w.items, &w.size)
	if err != nil {
		return nil, fmt.Errorf("read inbox: %w", err)
	}
	b.waiting[device] = w
	return w, nil
}

// replaced is a waiting item that a newer state of its record takes the place of.
type replaced struct {
	id   string
	size int
}

// older finds the waiting states of the record that rec contains, or reports
// that one of them contains rec.
func (b *batch) older(device string, rec syncproto.Record) (old []replaced, covered bool, err error) {
	rows, err := b.tx.QueryContext(b.ctx, `SELECT id, raw FROM inbox WHERE device = $1 AND record = $2 AND status = 'open'`, device, rec.ID[:])
	if err != nil {
		return nil, false, fmt.Errorf("read inbox: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id string
		var raw []byte
		if err := rows.Scan(&id, &raw); err != nil {
			return nil, false, fmt.Errorf("read inbox: %w", err)
		}
		there, err := syncproto.DecodeRecord(raw)
		switch {
		case err != nil: // it waits for a person, whatever it is
		case there.VV.Dominates(rec.VV):
			covered = true
		case rec.VV.Dominates(there.VV):
			old = append(old, replaced{id, len(raw)})
		}
	}
	if err := rows.Err(); err != nil {
		return nil, false, fmt.Errorf("read inbox: %w", err)
	}
	return old, covered, nil
}

const selectInbox = `SELECT id, device, actor, record, area, reason, detail, raw, received, status, decided_by, decided, why FROM inbox`

func scanInbox(row interface{ Scan(...any) error }) (it server.InboxItem, err error) {
	var actor, record []byte
	err = row.Scan(&it.ID, &it.Device, &actor, &record, &it.Area, &it.Reason, &it.Detail, &it.Raw, &it.ReceivedAt, &it.Status, &it.DecidedBy, &it.DecidedAt, &it.Why)
	copy(it.Actor[:], actor)
	copy(it.Record[:], record)
	return it, err
}

// Inbox lists what waits for a supervisor, the oldest first; with all, what
// was decided too.
func (s *Store) Inbox(ctx context.Context, all bool, n int) ([]server.InboxItem, error) {
	query := selectInbox
	if !all {
		query += ` WHERE status = 'open'`
	}
	rows, err := s.read.QueryContext(ctx, query+` ORDER BY received, id LIMIT $1`, limit(n))
	if err != nil {
		return nil, fmt.Errorf("inbox: %w", err)
	}
	defer func() { _ = rows.Close() }()
	out := []server.InboxItem{}
	for rows.Next() {
		it, err := scanInbox(rows)
		if err != nil {
			return nil, fmt.Errorf("inbox: %w", err)
		}
		out = append(out, it)
	}
	return out, rows.Err()
}

// InboxItem returns one item.
func (s *Store) InboxItem(ctx context.Context, id string) (server.InboxItem, error) {
	return readInboxItem(s.read.QueryRowContext(ctx, selectInbox+` WHERE id = $1`, id), id)
}

func readInboxItem(row *sql.Row, id string) (server.InboxItem, error) {
	it, err := scanInbox(row)
	if errors.Is(err, sql.ErrNoRows) {
		err = server.ErrNotFound
	}
	if err != nil {
		return it, fmt.Errorf("inbox item %s: %w", id, err)
	}
	return it, nil
}

// Decide carries out a supervisor's word. An accepted record goes the way of
// every push, without the device's grants; a rejected one stays in the inbox.
func (s *Store) Decide(ctx context.Context, d server.Decision) error {
	kept := 0
	err := s.update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		it, err := readInboxItem(tx.QueryRowContext(ctx, selectInbox+` WHERE id = $1`, d.Item), d.Item)
		if err != nil {
			return err
		}
		if it.Status != "open" {
			return fmt.Errorf("%w: %s by %s", server.ErrConflict, it.Status, it.DecidedBy)
		}
		status := "rejected"
		if d.Accept {
			status = "accepted"
			if kept, err = s.accept(ctx, tx, it, d.At); err != nil {
				return err
			}
		}
		if _, err := tx.ExecContext(ctx, `UPDATE inbox SET status = $1, decided_by = $2, decided = $3, why = $4 WHERE id = $5`, status, d.By, d.At, d.Why, d.Item); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE devices SET decided = decided + 1 WHERE id = $1`, it.Device)
		return err
	})
	if err != nil {
		return fmt.Errorf("decide %s: %w", d.Item, err)
	}
	s.stats.kept.Add(int64(kept))
	return nil
}

// accept stores a waiting record and returns how many states were written.
func (s *Store) accept(ctx context.Context, tx *sql.Tx, it server.InboxItem, at int64) (int, error) {
	rec, err := syncproto.DecodeRecord(it.Raw)
	if err == nil {
		err = rec.CheckReserved()
	}
	if err != nil {
		return 0, fmt.Errorf("%w: it is not readable as a record: %w", server.ErrConflict, err)
	}
	b := newBatch(ctx, tx, s.office)
	b.at, b.decided = at, true
	everywhere := func(area.Code) bool { return true }
	res, err := b.record(server.Push{Device: it.Device, Actor: it.Actor, Allow: everywhere, At: at}, server.Incoming{Raw: it.Raw, Record: rec})
	if err != nil {
		return 0, err
	}
	if !res.Code.Settles() {
		return 0, fmt.Errorf("%w: %s %s", server.ErrConflict, res.Code, res.Detail)
	}
	return b.changed(), b.flush()
}
