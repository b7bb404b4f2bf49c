package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"tambonsync/server"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

// Hello registers the actor for the device and tells where its feeds stand.
func (s *Store) Hello(ctx context.Context, device string, hello syncproto.HelloRequest, grants []area.Code, at int64) (server.Standing, error) {
	var st server.Standing
	if hello.Actor == s.office.Actor {
		return st, fmt.Errorf("actor: %w", server.ErrActorTaken)
	}
	err := s.update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var owner string
		var hash []byte
		err := tx.QueryRowContext(ctx, `SELECT device, counter, hash FROM actors WHERE actor = $1`, hello.Actor[:]).Scan(&owner, &st.Head.Counter, &hash)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			_, err = tx.ExecContext(ctx, `INSERT INTO actors (actor, device, counter, hash, since) VALUES ($1, $2, 0, $3, $4)`, hello.Actor[:], device, make([]byte, 8), at)
		case err == nil && owner != device:
			err = server.ErrActorTaken
		}
		if err != nil {
			return fmt.Errorf("actor: %w", err)
		}
		copy(st.Head.Hash[:], hash)
		if _, err := tx.ExecContext(ctx, `UPDATE devices SET seen = $1, app = $2 WHERE id = $3`, at, hello.App, device); err != nil {
			return fmt.Errorf("device: %w", err)
		}
		err = tx.QueryRowContext(ctx, `SELECT decided FROM devices WHERE id = $1`, device).Scan(&st.Decided)
		if errors.Is(err, sql.ErrNoRows) {
			err = server.ErrNotFound
		}
		if err != nil {
			return fmt.Errorf("device %s: %w", device, err)
		}
		st.Feeds, err = feeds(ctx, tx, grants)
		return err
	})
	return st, err
}

// feeds lists the feeds within the grants: every one that has records, and a
// granted tambon or village even if it has none yet.
func feeds(ctx context.Context, tx *sql.Tx, grants []area.Code) ([]syncproto.Feed, error) {
	var out []syncproto.Feed
	for _, g := range outermost(grants) {
		if len(g) >= 6 {
			f := syncproto.Feed{Area: g}
			err := tx.QueryRowContext(ctx, `SELECT seq, restored FROM feeds WHERE feed = $1`, g.Feed()).Scan(&f.Seq, &f.Restored)
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return nil, fmt.Errorf("feed %s: %w", g, err)
			}
			out = append(out, f)
			continue
		}
		from, to := g.Span()
		below, err := collect(ctx, tx, func(rows *sql.Rows) (f syncproto.Feed, err error) {
			err = rows.Scan(&f.Area, &f.Seq, &f.Restored)
			return f, err
		}, `SELECT feed, seq, restored FROM feeds WHERE feed >= $1 AND feed < $2 ORDER BY feed`, from, to)
		if err != nil {
			return nil, fmt.Errorf("feeds of %s: %w", g, err)
		}
		out = append(out, below...)
	}
	return out, nil
}

// outermost sorts the codes and leaves out those inside another.
func outermost(codes []area.Code) []area.Code {
	var out []area.Code
	for _, c := range slices.Sorted(slices.Values(codes)) {
		if len(out) == 0 || !strings.HasPrefix(string(c), string(out[len(out)-1])) {
			out = append(out, c)
		}
	}
	return out
}

// Pull returns what changed after the cursors, whole states in feed order, and
// for each feed that is now level its digest, all from one snapshot.
func (s *Store) Pull(ctx context.Context, p syncproto.PullRequest) (syncproto.PullResponse, error) {
	if p.Epoch != s.office.Epoch {
		return syncproto.PullResponse{}, server.ErrEpochChanged
	}
	resp := syncproto.PullResponse{Cursors: make([]syncproto.PullCursor, len(p.Cursors))}
	room := budget{records: min(max(p.MaxRecords, syncproto.MinChunkRecords), syncproto.MaxChunkRecords), bytes: syncproto.ChunkBytes}
	err := s.view(ctx, func(tx *sql.Tx) error {
		for i, c := range p.Cursors {
			cur := syncproto.PullCursor{Area: c.Area, Seq: c.Seq}
			if room.left() {
				if err := s.pullFeed(ctx, tx, p.Actor, i, &cur, &resp, &room); err != nil {
					return fmt.Errorf("pull %s: %w", c.Area, err)
				}
			}
			if cur.Level {
				var err error
				if cur.Digest, err = areaDigest(ctx, tx, c.Area); err != nil {
					return err
				}
			}
			resp.Cursors[i] = cur
		}
		return nil
	})
	return resp, err
}

type budget struct{ records, bytes int }

func (b budget) left() bool { return b.records > 0 && b.bytes > 0 }

func (s *Store) pullFeed(ctx context.Context, tx *sql.Tx, self syncproto.ActorID, feed int, cur *syncproto.PullCursor, resp *syncproto.PullResponse, room *budget) error {
	from, to := cur.Area.FeedSpan()
	// The state is read only for rows that will be sent: not for out rows,
	// other villages of the tambon, or what this very actor pushed. A record
	// that left a village for another one that the cursor covers has not left.
	rows, err := tx.QueryContext(ctx, `SELECT f.seq, f.record, f.out = 1 AND f.area >= $1 AND f.area < $2
			AND NOT EXISTS (SELECT 1 FROM records n WHERE n.id = f.record AND n.area >= $1 AND n.area < $2), r.state
		FROM feed f LEFT JOIN records r ON r.id = f.record AND f.out = 0 AND f.area >= $1 AND f.area < $2 AND (f.origin IS NULL OR f.origin <> $3)
		WHERE f.feed = $4 AND f.seq > $5 ORDER BY f.seq LIMIT $6`,
		from, to, self[:], cur.Area.Feed(), cur.Seq, syncproto.MaxChunkRecords)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	scanned := 0
	for room.left() && rows.Next() {
		var seq uint64
		var id []byte
		var left bool
		var state []byte
		if err := rows.Scan(&seq, &id, &left, &state); err != nil {
			return err
		}
		scanned++
		cur.Seq = seq
		switch {
		case left:
			resp.Rows = append(resp.Rows, syncproto.PullRow{Feed: feed, Out: syncproto.RecordID(id)})
			room.records--
		case state != nil:
			resp.Rows = append(resp.Rows, syncproto.PullRow{Feed: feed, Record: state})
			room.records--
			room.bytes -= len(state)
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	s.stats.rowsRead.Add(int64(scanned))
	cur.Level = room.left() && scanned < syncproto.MaxChunkRecords
	return nil
}

func areaDigest(ctx context.Context, tx *sql.Tx, code area.Code) (syncproto.Digest, error) {
	var d syncproto.Digest
	leaves, err := readLeaves(ctx, tx, code)
	for _, l := range leaves {
		d = d.Plus(l.Digest)
	}
	return d, err
}

func readLeaves(ctx context.Context, tx *sql.Tx, code area.Code) ([]syncproto.Leaf, error) {
	from, to := code.FeedSpan()
	leaves, err := collect(ctx, tx, func(rows *sql.Rows) (l syncproto.Leaf, err error) {
		var sum []byte
		err = rows.Scan(&l.Area, &l.Bucket, &l.Digest.Count, &sum)
		copy(l.Digest.Sum[:], sum)
		return l, err
	}, `SELECT area, bucket, count, sum FROM leaves WHERE area >= $1 AND area < $2 AND count > 0 ORDER BY area, bucket`, from, to)
	if err != nil {
		return nil, fmt.Errorf("leaves of %s: %w", code, err)
	}
	return leaves, nil
}

func readLeaf(ctx context.Context, tx *sql.Tx, code area.Code, bucket uint8) (d syncproto.Digest, err error) {
	var sum []byte
	err = tx.QueryRowContext(ctx, `SELECT count, sum FROM leaves WHERE area = $1 AND bucket = $2`, code, bucket).Scan(&d.Count, &sum)
	if errors.Is(err, sql.ErrNoRows) {
		return syncproto.Digest{}, nil
	}
	copy(d.Sum[:], sum)
	return d, err
}

// Digest lists the leaves of the areas.
func (s *Store) Digest(ctx context.Context, d syncproto.DigestRequest) (syncproto.DigestResponse, error) {
	var resp syncproto.DigestResponse
	if d.Epoch != s.office.Epoch {
		return resp, server.ErrEpochChanged
	}
	err := s.view(ctx, func(tx *sql.Tx) error {
		for _, code := range d.Areas {
			leaves, err := readLeaves(ctx, tx, code)
			if err != nil {
				return err
			}
			s.stats.rowsRead.Add(int64(len(leaves)))
			resp.Leaves = append(resp.Leaves, leaves...)
		}
		return nil
	})
	return resp, err
}

// Need compares leaves item by item.
func (s *Store) Need(ctx context.Context, n syncproto.NeedRequest) (syncproto.NeedResponse, error) {
	var resp syncproto.NeedResponse
	if n.Epoch != s.office.Epoch {
		return resp, server.ErrEpochChanged
	}
	room := syncproto.ChunkBytes
	err := s.view(ctx, func(tx *sql.Tx) error {
		for _, leaf := range n.Leaves {
			if err := s.needLeaf(ctx, tx, leaf, &resp, &room); err != nil {
				return fmt.Errorf("leaf %s/%d: %w", leaf.Area, leaf.Bucket, err)
			}
		}
		return nil
	})
	return resp, err
}

func (s *Store) needLeaf(ctx context.Context, tx *sql.Tx, leaf syncproto.NeedLeaf, resp *syncproto.NeedResponse, room *int) error {
	theirs := make(map[syncproto.RecordID]syncproto.Hash, len(leaf.Items))
	for _, it := range leaf.Items {
		theirs[it.ID] = it.Hash
	}
	rows, err := tx.QueryContext(ctx, `SELECT id, hash FROM records WHERE area = $1 ORDER BY id`, leaf.Area)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	var send []syncproto.RecordID
	for rows.Next() {
		var id, hash []byte
		if err := rows.Scan(&id, &hash); err != nil {
			return err
		}
		s.stats.rowsRead.Add(1)
		rid := syncproto.RecordID(id)
		if syncproto.Bucket(rid) != leaf.Bucket {
			continue
		}
		h, known := theirs[rid]
		delete(theirs, rid)
		if known && bytes.Equal(h[:], hash) {
			continue
		}
		if known {
			resp.Want = append(resp.Want, rid)
		}
		send = append(send, rid)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for _, it := range leaf.Items {
		if _, missing := theirs[it.ID]; missing {
			resp.Want = append(resp.Want, it.ID)
		}
	}
	for _, id := range send {
		if *room <= 0 {
			resp.More = true
			return nil
		}
		var state []byte
		if err := tx.QueryRowContext(ctx, `SELECT state FROM records WHERE id = $1`, id[:]).Scan(&state); err != nil {
			return err
		}
		*room -= len(state)
		resp.Records = append(resp.Records, state)
	}
	return nil
}
