package store

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

// flush writes the changed records and takes their sequence numbers last of
// all: the counter rows stay locked until the commit that follows, so numbers
// are in order of commits.
func (b *batch) flush() error {
	for id, a := range b.actors {
		if a.dirty {
			if _, err := b.tx.ExecContext(b.ctx, `UPDATE actors SET counter = $1, hash = $2 WHERE actor = $3`, a.head.Counter, a.head.Hash[:], id[:]); err != nil {
				return fmt.Errorf("write actor: %w", err)
			}
		}
	}
	for _, s := range b.order {
		if err := b.syncCases(s.id, s.had.conflicts, s.state.Conflicts()); err != nil {
			return err
		}
	}
	for _, id := range b.copied {
		if err := b.openCase(id, groupCopied, kindCopied); err != nil {
			return err
		}
	}
	if slices.ContainsFunc(b.order, func(s *slot) bool { return s.state.Type == syncproto.TypeRound }) {
		if err := raiseRevision(b.ctx, b.tx); err != nil {
			return fmt.Errorf("raise revision: %w", err)
		}
	}
	if err := b.writeLeaves(); err != nil {
		return err
	}
	return b.writeFeeds()
}

// writeLeaves moves every changed record's hash from the leaf where it was to
// the leaf where it is.
func (b *batch) writeLeaves() error {
	type key struct {
		area   area.Code
		bucket uint8
	}
	leaves := map[key]syncproto.Digest{}
	change := func(code area.Code, id syncproto.RecordID, f func(syncproto.Digest) syncproto.Digest) error {
		k := key{code, syncproto.Bucket(id)}
		d, ok := leaves[k]
		if !ok {
			var err error
			if d, err = readLeaf(b.ctx, b.tx, k.area, k.bucket); err != nil {
				return err
			}
		}
		leaves[k] = f(d)
		return nil
	}
	for _, s := range b.order {
		if s.had.exists {
			if err := change(s.had.area, s.id, func(d syncproto.Digest) syncproto.Digest { return d.Remove(s.had.hash) }); err != nil {
				return err
			}
		}
		if err := change(s.state.Area(), s.id, func(d syncproto.Digest) syncproto.Digest { return d.Add(s.hash) }); err != nil {
			return err
		}
	}
	for k, d := range leaves {
		_, err := b.tx.ExecContext(b.ctx, `INSERT INTO leaves (area, bucket, count, sum) VALUES ($1, $2, $3, $4)
			ON CONFLICT (area, bucket) DO UPDATE SET count = excluded.count, sum = excluded.sum`, k.area, k.bucket, d.Count, d.Sum[:])
		if err != nil {
			return fmt.Errorf("write leaf: %w", err)
		}
	}
	return nil
}

// writeFeeds gives each changed record the next number of its feed. A record
// that left an area leaves an out row there.
func (b *batch) writeFeeds() error {
	need := map[area.Code]int{}
	for _, s := range b.order {
		need[s.state.Area().Feed()]++
		if s.moved() {
			need[s.had.area.Feed()]++
		}
	}
	next := map[area.Code]uint64{}
	for _, feed := range slices.Sorted(maps.Keys(need)) { // sorted: two servers cannot lock crosswise
		var last uint64
		err := b.tx.QueryRowContext(b.ctx, `INSERT INTO feeds (feed, seq, restored) VALUES ($1, $2, 0)
			ON CONFLICT (feed) DO UPDATE SET seq = feeds.seq + excluded.seq RETURNING seq`, feed, need[feed]).Scan(&last)
		if err != nil {
			return fmt.Errorf("take numbers of %s: %w", feed, err)
		}
		next[feed] = last - uint64(need[feed]) + 1
	}
	take := func(code area.Code) uint64 {
		n := next[code.Feed()]
		next[code.Feed()]++
		return n
	}
	for _, s := range b.order {
		if err := b.writeRecord(s, take); err != nil {
			return fmt.Errorf("write %s: %w", s.id, err)
		}
	}
	return nil
}

func (s *slot) moved() bool { return s.had.exists && s.had.area != s.state.Area() }

func (b *batch) writeRecord(s *slot, take func(area.Code) uint64) error {
	code := s.state.Area()
	if s.had.exists {
		if err := b.exec(`DELETE FROM feed WHERE feed = $1 AND seq = $2`, s.had.area.Feed(), s.had.seq); err != nil {
			return err
		}
	}
	if s.moved() {
		// It may come back to an area that it left, or leave one again.
		if err := b.exec(`DELETE FROM feed WHERE record = $1 AND out = 1 AND area IN ($2, $3)`, s.id[:], code, s.had.area); err != nil {
			return err
		}
		if err := b.exec(`INSERT INTO feed (feed, seq, record, area, out) VALUES ($1, $2, $3, $4, 1)`, s.had.area.Feed(), take(s.had.area), s.id[:], s.had.area); err != nil {
			return err
		}
	}
	seq := take(code)
	s.seq = seq
	deleted := 0
	if !s.state.Alive() {
		deleted = 1
	}
	err := b.exec(`INSERT INTO records (id, type, area, hash, conflicts, deleted, seq, updated, state)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (id) DO UPDATE SET type = excluded.type, area = excluded.area, hash = excluded.hash, conflicts = excluded.conflicts,
			deleted = excluded.deleted, seq = excluded.seq, updated = excluded.updated, state = excluded.state`,
		s.id[:], s.state.Type, code, s.hash[:], len(s.state.Conflicts()), deleted, seq, b.at, s.raw)
	if err != nil {
		return err
	}
	return b.exec(`INSERT INTO feed (feed, seq, record, area, out, origin) VALUES ($1, $2, $3, $4, 0, $5)`,
		code.Feed(), seq, s.id[:], code, nullable(s.origin))
}

func nullable(b []byte) any {
	if len(bytes.TrimLeft(b, "\x00")) == 0 {
		return nil
	}
	return b
}
