package clientlib

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"time"

	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

// checkEvery is how often a sync reads the whole store to see whether every
// row still says what was written there. That costs some microseconds a
// record, so not every sync does it.
const checkEvery = 24 * time.Hour

// findings is what a look at the whole store found wrong.
type findings struct {
	damaged []syncproto.RecordID         // the bytes are not those that were stored
	stale   []syncproto.RecordID         // the columns do not say what the bytes say
	leaves  map[leafKey]syncproto.Digest // sums that are wrong, as they should be
}

func (f findings) count() int { return len(f.damaged) + len(f.stale) + len(f.leaves) }

// checkDue checks if the last time is a day ago, or if a reader met a damaged
// record since.
func (y *syncer) checkDue(ctx context.Context) error {
	var last int64
	if err := y.db.QueryRowContext(ctx, `SELECT checked FROM device WHERE one = 1`).Scan(&last); err != nil {
		return fmt.Errorf("check: %w", err)
	}
	if now := y.now(); last <= now && now < last+checkEvery.Milliseconds() {
		return nil
	}
	return y.check(ctx)
}

// check compares every row with its bytes, and the leaf sums with the rows. A
// damaged record that the office holds is dropped, so that the comparison of
// digests brings the office's copy; one with unsent saves is put aside first.
func (y *syncer) check(ctx context.Context) error {
	found, err := examine(ctx, y.db)
	if err == nil && found.count() > 0 { // or something was saved meanwhile: look again, alone
		err = y.update(ctx, func(ctx context.Context, tx *sql.Tx) error {
			if found, err = examine(ctx, tx); err != nil {
				return err
			}
			return found.mend(ctx, tx, y.now())
		})
	}
	if err == nil {
		_, err = y.db.ExecContext(ctx, `UPDATE device SET checked = $1 WHERE one = 1`, y.now())
	}
	if err != nil {
		return fmt.Errorf("check: %w", err)
	}
	y.res.Repaired += found.count()
	y.mended = y.mended || found.count() > 0
	return nil
}

func (f findings) mend(ctx context.Context, tx *sql.Tx, now int64) error {
	for _, id := range f.damaged {
		_, err := tx.ExecContext(ctx, `INSERT INTO damaged (id, found, hash, state) SELECT id, $1, hash, state FROM records WHERE id = $2 AND dirty = 1
			ON CONFLICT DO NOTHING`, now, id[:])
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM records WHERE id = $1`, id[:]); err != nil {
			return err
		}
	}
	for _, id := range f.stale {
		r, err := readRow(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := writeRow(ctx, tx, r); err != nil {
			return err
		}
	}
	for k, d := range f.leaves {
		if err := writeLeaf(ctx, tx, k, d); err != nil {
			return err
		}
	}
	return nil
}

// examine reads the store in parts, so that saves need not wait for it.
func examine(ctx context.Context, q querier) (findings, error) {
	f := findings{leaves: map[leafKey]syncproto.Digest{}}
	sums := map[leafKey]syncproto.Digest{}
	var after syncproto.RecordID
	for {
		part, err := collect(ctx, q, scanStored, `SELECT id, type, area, parent, deleted, conflicts, dirty, hash, acked, server_hash, server_area, state
			FROM records WHERE id > $1 ORDER BY id LIMIT 1000`, after[:])
		if err != nil {
			return f, err
		}
		if len(part) == 0 {
			break
		}
		for _, s := range part {
			f.look(s, sums)
		}
		after = part[len(part)-1].id
	}
	leaves, err := collect(ctx, q, scanLeaf, `SELECT area, bucket, count, sum FROM leaves WHERE count > 0`)
	if err != nil {
		return f, err
	}
	for _, l := range leaves {
		k := leafKey{l.Area, l.Bucket}
		if sums[k] != l.Digest {
			f.leaves[k] = sums[k]
		}
		delete(sums, k)
	}
	maps.Copy(f.leaves, sums)
	return f, nil
}

// stored is a row as it is, whatever that may be.
type stored struct {
	id         syncproto.RecordID
	says       columns
	hash       []byte
	acked      []byte
	serverHash []byte
	serverArea sql.NullString
	state      []byte
}

func scanStored(rows *sql.Rows) (s stored, err error) {
	var id, parent []byte
	err = rows.Scan(&id, &s.says.kind, &s.says.area, &parent, &s.says.deleted, &s.says.conflicts, &s.says.dirty,
		&s.hash, &s.acked, &s.serverHash, &s.serverArea, &s.state)
	s.id, s.says.parent = recordID(id), recordID(parent)
	return s, err
}

func (f *findings) look(s stored, sums map[leafKey]syncproto.Digest) {
	rec, err := decodeStored(s.id, s.state, s.hash)
	if err != nil {
		f.damaged = append(f.damaged, s.id)
		return
	}
	r := &row{rec: rec, acked: decodeVector(s.acked)}
	if s.says != r.columns() {
		f.stale = append(f.stale, s.id)
	}
	if s.serverHash != nil {
		k := leafKey{area.Code(s.serverArea.String), syncproto.Bucket(s.id)}
		var h syncproto.Hash
		copy(h[:], s.serverHash)
		sums[k] = sums[k].Add(h)
	}
}

// decodeStored reads the bytes of a row and makes sure that they are the ones
// that were stored there.
func decodeStored(id syncproto.RecordID, state, hash []byte) (syncproto.Record, error) {
	got := syncproto.HashRecord(state)
	if !bytes.Equal(got[:], hash) {
		return syncproto.Record{}, fmt.Errorf("record %s: %w: its bytes do not have the hash that they were stored with", id, ErrDamaged)
	}
	rec, err := syncproto.DecodeRecord(state)
	if err == nil && rec.ID != id {
		err = fmt.Errorf("they are those of %s", rec.ID)
	}
	if err != nil {
		return rec, fmt.Errorf("record %s: %w: %w", id, ErrDamaged, err)
	}
	return rec, nil
}
