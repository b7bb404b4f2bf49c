package clientlib

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

// pending lists up to n records after `after` that wait to be pushed. A record
// that the office would not take waits until it changes, or until hello tells
// that something else did.
func (s *Store) pending(ctx context.Context, after syncproto.RecordID, n int) ([]syncproto.RecordID, error) {
	return queryIDs(ctx, s.db, `SELECT id FROM records WHERE dirty = 1 AND id > $1 AND (held = '' OR held_hash <> hash) ORDER BY id LIMIT $2`, after[:], n)
}

// pushAll pushes until nothing waits. The chunk grows while the office answers
// quickly and shrinks when the way to it fails.
func (y *syncer) pushAll(ctx context.Context) error {
	var after syncproto.RecordID
	for {
		d, err := readIdentity(ctx, y.db)
		if err != nil {
			return err
		}
		chunk, err := y.chunk(ctx, after, d.Chunk)
		if err != nil || len(chunk) == 0 {
			return err
		}
		begun := y.opts.Clock()
		err = y.push(ctx, d, chunk)
		if err = errors.Join(err, y.resize(ctx, d.Chunk, len(chunk), begun, err)); err != nil {
			return err
		}
		after = chunk[len(chunk)-1].rec.ID
		left, err := y.unsent(ctx)
		if err != nil {
			return err
		}
		y.tell(left)
	}
}

// unsent counts what the office is not known to hold.
func (s *Store) unsent(ctx context.Context) (n int, err error) {
	if err = s.db.QueryRowContext(ctx, `SELECT count(*) FROM records WHERE dirty = 1`).Scan(&n); err != nil {
		err = fmt.Errorf("count unsent: %w", err)
	}
	return n, err
}

// resize fits the chunk to the way to the office, after a request that began at
// begun and brought used records there or here.
func (y *syncer) resize(ctx context.Context, size, used int, begun time.Time, err error) error {
	quick := y.opts.Clock().Sub(begun) < syncproto.SlowRoundTrip
	next := nextChunk(size, used, quick, err)
	if next == size {
		return nil
	}
	if _, err := y.db.ExecContext(context.WithoutCancel(ctx), `UPDATE device SET chunk = $1 WHERE one = 1`, next); err != nil {
		return fmt.Errorf("resize chunk: %w", err)
	}
	return nil
}

func nextChunk(size, used int, quick bool, err error) int {
	switch {
	case errors.Is(err, ErrOffline) || hasCode(err, syncproto.CodeTooLarge):
		return max(size/2, syncproto.MinChunkRecords)
	case err == nil && quick && used >= size:
		return min(size*2, syncproto.MaxChunkRecords)
	}
	return size
}

// chunk reads the next records to push, at most n and about ChunkBytes.
func (y *syncer) chunk(ctx context.Context, after syncproto.RecordID, n int) ([]*row, error) {
	ids, err := y.pending(ctx, after, n)
	if err != nil {
		return nil, err
	}
	var out []*row
	size := 0
	for _, id := range ids {
		r, err := readRow(ctx, y.db, id)
		if err != nil {
			return nil, err
		}
		if size += len(r.raw); size > syncproto.ChunkBytes && len(out) > 0 {
			break
		}
		out = append(out, r)
	}
	return out, nil
}

// push sends one chunk and settles what the office says it holds.
func (y *syncer) push(ctx context.Context, d identity, chunk []*row) error {
	req := syncproto.PushRequest{Actor: d.Actor, Epoch: d.Epoch, Base: d.Head, Records: make([][]byte, len(chunk))}
	for i, r := range chunk {
		req.Records[i] = r.raw
	}
	var resp syncproto.PushResponse
	if err := y.authorized(ctx, y.link, "/sync/v1/push", req, &resp); err != nil {
		return err
	}
	if len(resp.Results) != len(chunk) {
		return fmt.Errorf("%w: %d results for %d records", ErrOffline, len(resp.Results), len(chunk))
	}
	return y.update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		now, err := readIdentity(ctx, tx)
		if err != nil {
			return err
		}
		for i, sent := range chunk {
			if err := y.settle(ctx, tx, sent, resp.Results[i], now.Areas); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, `UPDATE device SET head = $1, head_hash = $2 WHERE one = 1`, resp.Head.Counter, resp.Head.Hash[:])
		return err
	})
}

// settle notes the office's word on the state that was sent. The officer may
// have saved more since it was read: then the record stays unsent. What a
// supervisor has accepted from outside our grants is not ours to hold.
func (y *syncer) settle(ctx context.Context, tx *sql.Tx, sent *row, result syncproto.PushResult, grants []area.Code) error {
	r, err := readRow(ctx, tx, sent.rec.ID)
	if err != nil {
		return err
	}
	if !result.Code.Settles() {
		r.held, r.heldHash, r.heldDetail = string(result.Code), sent.hash[:], result.Detail
		return writeRow(ctx, tx, r)
	}
	y.res.Pushed++
	r.acked = r.acked.Join(sent.rec.VV)
	r.shared = r.shared.Join(sent.rec.VV)
	r.held, r.heldHash, r.heldDetail = "", nil, ""
	code := sent.rec.Area()
	switch {
	case result.Hash != sent.hash: // the next pull brings the office's state
	case slices.ContainsFunc(grants, func(g area.Code) bool { return g.Contains(code) }):
		r.seen(sent.hash, code)
	default:
		r.lost()
	}
	return writeRow(ctx, tx, r)
}
