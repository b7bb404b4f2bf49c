package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

// Report is what Verify found. Problems holds at most maxProblems sentences.
type Report struct {
	OK        bool     `json:"ok"`
	Records   int      `json:"records"`
	Deleted   int      `json:"deleted"`
	Conflicts int      `json:"conflicts"` // records with different answers
	Cases     int      `json:"cases"`     // open
	Saves     int      `json:"saves"`     // in the audit
	Inbox     int      `json:"inbox"`     // waiting
	Problems  []string `json:"problems"`
}

const maxProblems = 100

func (r *Report) problem(format string, args ...any) {
	r.OK = false
	if len(r.Problems) < maxProblems {
		r.Problems = append(r.Problems, fmt.Sprintf(format, args...))
	}
}

type leafKey struct {
	area   area.Code
	bucket uint8
}

// Verify reads the whole store in one snapshot and recomputes from the bytes
// of the records everything that the tables say about them: item hashes,
// areas, feed rows, leaf sums, cases, audit.
func (s *Store) Verify(ctx context.Context) (Report, error) {
	r := Report{OK: true, Problems: []string{}}
	err := s.view(ctx, func(tx *sql.Tx) error {
		var answer string
		if err := tx.QueryRowContext(ctx, `PRAGMA integrity_check(1)`).Scan(&answer); err != nil {
			return err
		}
		if answer != "ok" {
			r.problem("database: %s", answer)
		}
		leaves := map[leafKey]syncproto.Digest{}
		if err := r.records(ctx, tx, leaves); err != nil {
			return err
		}
		if err := r.leaves(ctx, tx, leaves); err != nil {
			return err
		}
		if err := r.feeds(ctx, tx); err != nil {
			return err
		}
		for q, n := range map[string]*int{
			`SELECT count(*) FROM cases WHERE closed = 0`:      &r.Cases,
			`SELECT count(*) FROM ops`:                         &r.Saves,
			`SELECT count(*) FROM inbox WHERE status = 'open'`: &r.Inbox,
		} {
			if err := tx.QueryRowContext(ctx, q).Scan(n); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return r, fmt.Errorf("verify: %w", err)
	}
	return r, nil
}

func (r *Report) records(ctx context.Context, tx *sql.Tx, leaves map[leafKey]syncproto.Digest) error {
	rows, err := tx.QueryContext(ctx, `SELECT r.id, r.type, r.area, r.hash, r.conflicts, r.deleted, r.seq, r.state, coalesce(f.record, x''), coalesce(f.out, 1)
		FROM records r LEFT JOIN feed f ON f.feed = substr(r.area, 1, 6) AND f.seq = r.seq ORDER BY r.id`)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id, hash, state, feedRecord []byte
		var kind string
		var code area.Code
		var conflicts, deleted, out int
		var seq uint64
		if err := rows.Scan(&id, &kind, &code, &hash, &conflicts, &deleted, &seq, &state, &feedRecord, &out); err != nil {
			return err
		}
		r.Records++
		r.Deleted += deleted
		name := syncproto.RecordID(id).String()
		rec, err := syncproto.DecodeRecord(state)
		if err != nil {
			r.problem("record %s: %v", name, err)
			continue
		}
		if len(rec.Conflicts()) > 0 {
			r.Conflicts++
		}
		got := syncproto.HashRecord(state)
		if rec.ID != syncproto.RecordID(id) || rec.Type != kind || rec.Area() != code || got != syncproto.Hash(hash) ||
			len(rec.Conflicts()) != conflicts || rec.Alive() != (deleted == 0) {
			r.problem("record %s: the row does not say what its bytes say", name)
		}
		if string(feedRecord) != string(id) || out != 0 {
			r.problem("record %s: not in the feed of %s at %d", name, code.Feed(), seq)
		}
		k := leafKey{code, syncproto.Bucket(rec.ID)}
		leaves[k] = leaves[k].Add(got)
		if err := r.record(ctx, tx, rec); err != nil {
			return err
		}
	}
	return rows.Err()
}

// record checks the cases and the audit of one record.
func (r *Report) record(ctx context.Context, tx *sql.Tx, rec syncproto.Record) error {
	open, err := collect(ctx, tx, func(rows *sql.Rows) (g string, err error) {
		err = rows.Scan(&g)
		return g, err
	}, `SELECT grp FROM cases WHERE record = $1 AND closed = 0 AND kind <> $2 ORDER BY grp`, rec.ID[:], kindCopied)
	if err != nil {
		return err
	}
	if !slices.Equal(open, rec.Conflicts()) {
		r.problem("record %s: conflicts in %v but cases for %v", rec.ID, rec.Conflicts(), open)
	}
	for _, op := range rec.Ops {
		var record, hash []byte
		err := tx.QueryRowContext(ctx, `SELECT record, hash FROM ops WHERE actor = $1 AND counter = $2`, op.Dot.Actor[:], op.Dot.Counter).Scan(&record, &hash)
		if errors.Is(err, sql.ErrNoRows) {
			r.problem("record %s: save %s is not in the audit", rec.ID, op.Dot)
			continue
		}
		if err != nil {
			return err
		}
		if string(record) != string(rec.ID[:]) || string(hash) != string(op.Hash[:]) {
			r.problem("record %s: save %s names another save in the audit", rec.ID, op.Dot)
		}
	}
	return nil
}

func (r *Report) leaves(ctx context.Context, tx *sql.Tx, want map[leafKey]syncproto.Digest) error {
	rows, err := tx.QueryContext(ctx, `SELECT area, bucket, count, sum FROM leaves`)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var k leafKey
		var d syncproto.Digest
		var sum []byte
		if err := rows.Scan(&k.area, &k.bucket, &d.Count, &sum); err != nil {
			return err
		}
		copy(d.Sum[:], sum)
		if want[k] != d {
			r.problem("leaf %s/%d: the sum is not that of its records", k.area, k.bucket)
		}
		delete(want, k)
	}
	for k := range want {
		r.problem("leaf %s/%d is missing", k.area, k.bucket)
	}
	return rows.Err()
}

// feeds checks that the feed holds each record once, out rows beside, and no
// number above the counter; and that every case is about a record.
func (r *Report) feeds(ctx context.Context, tx *sql.Tx) error {
	for _, c := range []struct{ query, sentence string }{
		{`SELECT count(*) FROM feed f LEFT JOIN records r ON r.id = f.record AND r.seq = f.seq AND substr(r.area, 1, 6) = f.feed WHERE f.out = 0 AND r.id IS NULL`, "%d feed rows name no record's present state"},
		{`SELECT count(*) FROM feed f LEFT JOIN feeds c ON c.feed = f.feed WHERE f.seq > coalesce(c.seq, 0)`, "%d feed rows have a number above the counter"},
		{`SELECT count(*) FROM feed f JOIN records r ON r.id = f.record WHERE f.out = 1 AND f.area = r.area`, "%d records left the area that they are in"},
		{`SELECT count(*) FROM cases c LEFT JOIN records r ON r.id = c.record WHERE r.id IS NULL`, "%d cases name no record"},
	} {
		var n int
		if err := tx.QueryRowContext(ctx, c.query).Scan(&n); err != nil {
			return err
		}
		if n > 0 {
			r.problem(c.sentence, n)
		}
	}
	return nil
}
