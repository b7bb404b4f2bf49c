package clientlib

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

// pullAll pulls until every feed is level, and returns the areas whose digest
// then differs from ours.
func (y *syncer) pullAll(ctx context.Context) (differ []area.Code, err error) {
	behind, err := y.behind(ctx)
	if err != nil {
		return nil, err
	}
	for len(behind) > 0 {
		part := behind[:min(len(behind), syncproto.MaxCursors)]
		resp, err := y.pull(ctx, part)
		if err != nil {
			return nil, err
		}
		var again []cursor
		for i, c := range resp.Cursors {
			if !c.Level {
				again = append(again, cursor{syncproto.Cursor{Area: c.Area, Seq: c.Seq}, part[i].level})
				continue
			}
			ours, err := y.digest(ctx, c.Area)
			if err != nil {
				return nil, err
			}
			if ours != c.Digest {
				differ = append(differ, c.Area)
			}
		}
		behind = append(again, behind[len(part):]...)
		y.tell(0)
	}
	return differ, nil
}

// behind lists the cursors to pull. With one area or a few, all of them, for
// the digests; with many, those whose feed has moved, unless something here
// was found wrong.
func (y *syncer) behind(ctx context.Context) ([]cursor, error) {
	all, err := readCursors(ctx, y.db)
	if err != nil || len(all) <= syncproto.MaxCursors/2 || y.mended {
		return all, err
	}
	heads := map[area.Code]uint64{}
	for _, f := range y.feeds {
		heads[f.Area] = f.Seq
	}
	var out []cursor
	for _, c := range all {
		if !c.level || c.Seq < heads[c.Area] {
			out = append(out, c)
		}
	}
	return out, nil
}

func (y *syncer) pull(ctx context.Context, cursors []cursor) (syncproto.PullResponse, error) {
	d, err := readIdentity(ctx, y.db)
	if err != nil {
		return syncproto.PullResponse{}, err
	}
	req := syncproto.PullRequest{Actor: d.Actor, Epoch: d.Epoch, MaxRecords: d.Chunk}
	for _, c := range cursors {
		req.Cursors = append(req.Cursors, c.Cursor)
		if !c.level && d.Evicted {
			req.Actor = syncproto.ActorID{} // what we pushed and evicted must come back too
		}
	}
	// The answer to a push of a record may have been lost, and what it became
	// since was quarantined: then the office's state is ours without our knowing.
	waiting, err := queryIDs(ctx, y.db, `SELECT id FROM records WHERE dirty = 1 LIMIT 1`)
	if err != nil {
		return syncproto.PullResponse{}, err
	}
	if len(waiting) > 0 {
		req.Actor = syncproto.ActorID{}
	}
	var resp syncproto.PullResponse
	begun := y.opts.Clock()
	err = y.authorized(ctx, y.link, "/sync/v1/pull", req, &resp)
	if err = errors.Join(err, y.resize(ctx, d.Chunk, len(resp.Rows), begun, err)); err != nil {
		return resp, err
	}
	if len(resp.Cursors) != len(cursors) {
		return resp, fmt.Errorf("%w: %d cursors for %d", ErrOffline, len(resp.Cursors), len(cursors))
	}
	pulled := 0
	err = y.update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		now, err := readIdentity(ctx, tx)
		if err != nil {
			return err
		}
		if now.Epoch != d.Epoch {
			return errors.New("another process has met a restored office")
		}
		for _, row := range resp.Rows {
			if row.Feed < 0 || row.Feed >= len(cursors) {
				return fmt.Errorf("%w: a row of feed %d", ErrOffline, row.Feed)
			}
			changed, err := y.pulledRow(ctx, tx, row, cursors[row.Feed].Area)
			if err != nil {
				return err
			}
			if changed {
				pulled++
			}
		}
		for _, c := range resp.Cursors {
			if _, err := tx.ExecContext(ctx, `UPDATE cursors SET seq = $1, level = max(level, $2) WHERE area = $3`, c.Seq, c.Level, c.Area); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		y.res.Pulled += pulled
	}
	return resp, err
}

func (y *syncer) pulledRow(ctx context.Context, tx *sql.Tx, pr syncproto.PullRow, code area.Code) (changed bool, err error) {
	if len(pr.Record) > 0 {
		return y.receive(ctx, tx, pr.Record, false)
	}
	r, err := readRow(ctx, tx, pr.Out)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if r.serverHash == nil || !within(r.serverArea, code) {
		return false, nil // it has come in elsewhere already
	}
	r.lost()
	return true, writeRow(ctx, tx, r)
}

// within reports whether the feed of cursor area code brings records of area c.
func within(c, code area.Code) bool {
	if len(code) < 6 {
		return c == code
	}
	return code.Contains(c)
}

// receive merges a state of the office into ours. exactly says that what we
// believed of the office's copy was wrong, so that only this state counts.
func (y *syncer) receive(ctx context.Context, tx *sql.Tx, raw []byte, exactly bool) (changed bool, err error) {
	in, err := syncproto.DecodeRecord(raw)
	if err != nil {
		return false, fmt.Errorf("the office sent a record that is not readable here; update this app: %w", err)
	}
	if err := y.meetTwin(ctx, tx, in); err != nil {
		return false, err
	}
	hash := syncproto.HashRecord(raw)
	r, err := readRow(ctx, tx, in.ID)
	switch {
	case errors.Is(err, ErrNotFound):
		r = &row{rec: in, raw: raw, hash: hash}
		changed = true
	case err != nil:
		return false, err
	case r.hash == hash:
	case in.VV.Compare(r.rec.VV) == syncproto.After:
		r.rec, r.raw, r.hash = in, raw, hash
		changed = true
	case in.VV.Compare(r.rec.VV) == syncproto.Before:
	default:
		merged := syncproto.Merge(r.rec, in)
		if _, err := syncproto.DecodeRecord(merged.Encode()); err != nil {
			break // outgrows the protocol: ours stays as it is, and the office says why it cannot take it
		}
		before := r.hash
		r.set(merged)
		changed = r.hash != before
	}
	if exactly {
		r.acked = in.VV
	} else {
		r.acked = r.acked.Join(in.VV)
	}
	r.shared = r.shared.Join(in.VV)
	r.seen(hash, in.Area())
	if changed {
		r.updated = y.now()
	}
	return changed, writeRow(ctx, tx, r)
}

// meetTwin looks for saves in rec that were made under our actor, but not by
// us: then a copy of this store is at work too, and we go on under a new actor
// before the two sets of saves are merged as if they were one.
func (y *syncer) meetTwin(ctx context.Context, tx *sql.Tx, rec syncproto.Record) error {
	if rec.VV.Get(y.self) == 0 {
		return nil
	}
	d, err := readIdentity(ctx, tx)
	if err != nil {
		return err
	}
	twin := rec.VV.Get(d.Actor) > d.Counter
	for _, op := range rec.Ops {
		if op.Dot.Actor != d.Actor || twin {
			continue
		}
		ours, err := knowsHead(ctx, tx, d.Actor, syncproto.Head{Counter: op.Dot.Counter, Hash: op.Hash})
		if err != nil {
			return err
		}
		twin = !ours
	}
	if !twin {
		return nil
	}
	if err := y.fork(ctx, tx); err != nil {
		return err
	}
	if d, err = readIdentity(ctx, tx); err == nil {
		y.self = d.Actor
	}
	return err
}

// digest sums what we know of the office's states in one area.
func (y *syncer) digest(ctx context.Context, code area.Code) (syncproto.Digest, error) {
	leaves, err := readLeaves(ctx, y.db, code)
	var d syncproto.Digest
	for _, l := range leaves {
		d = d.Plus(l.Digest)
	}
	return d, err
}

func readLeaves(ctx context.Context, q querier, code area.Code) ([]syncproto.Leaf, error) {
	from, to := code.FeedSpan()
	leaves, err := collect(ctx, q, scanLeaf, `SELECT area, bucket, count, sum FROM leaves WHERE area >= $1 AND area < $2 AND count > 0 ORDER BY area, bucket`, from, to)
	if err != nil {
		return nil, fmt.Errorf("digest: %w", err)
	}
	return leaves, nil
}

func scanLeaf(rows *sql.Rows) (l syncproto.Leaf, err error) {
	var sum []byte
	err = rows.Scan(&l.Area, &l.Bucket, &l.Digest.Count, &sum)
	copy(l.Digest.Sum[:], sum)
	return l, err
}
