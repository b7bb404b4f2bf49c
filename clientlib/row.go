package clientlib

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"

	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

// row is one record with what the device knows of the office's copy.
type row struct {
	rec        syncproto.Record
	raw        []byte
	hash       syncproto.Hash
	acked      syncproto.Vector
	shared     syncproto.Vector
	serverHash *syncproto.Hash
	serverArea area.Code
	held       string
	heldHash   []byte
	heldDetail string
	updated    int64

	was struct { // as read, for the leaf sums
		hash *syncproto.Hash
		area area.Code
	}
}

// dirty reports whether the record has saves that the office may lack.
func (r *row) dirty() bool { return !r.acked.Dominates(r.rec.VV) }

// columns are what a row says beside the bytes of its record: functions of
// them and of acked.
type columns struct {
	kind      string
	area      area.Code
	parent    syncproto.RecordID
	deleted   bool
	conflicts int
	dirty     bool
}

func (r *row) columns() columns {
	return columns{r.rec.Type, r.rec.Area(), r.rec.Parent(), !r.rec.Alive(), len(r.rec.Conflicts()), r.dirty()}
}

// set replaces the state.
func (r *row) set(rec syncproto.Record) {
	r.rec, r.raw = rec, rec.Encode()
	r.hash = syncproto.HashRecord(r.raw)
}

// seen notes the office's state, as it came.
func (r *row) seen(hash syncproto.Hash, code area.Code) {
	r.serverHash, r.serverArea = &hash, code
}

// lost notes that the office has no state of it in our scope.
func (r *row) lost() { r.serverHash, r.serverArea = nil, "" }

func readRow(ctx context.Context, q querier, id syncproto.RecordID) (*row, error) {
	r := &row{}
	var hash, acked, shared, serverHash []byte
	var serverArea sql.NullString
	err := q.QueryRowContext(ctx, `SELECT hash, acked, shared, server_hash, server_area, held, held_hash, held_detail, updated, state FROM records WHERE id = $1`, id[:]).
		Scan(&hash, &acked, &shared, &serverHash, &serverArea, &r.held, &r.heldHash, &r.heldDetail, &r.updated, &r.raw)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("record %s: %w", id, ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("record %s: %w", id, err)
	}
	if r.rec, err = decodeStored(id, r.raw, hash); err != nil {
		return nil, err
	}
	copy(r.hash[:], hash)
	r.acked, r.shared = decodeVector(acked), decodeVector(shared)
	if serverHash != nil {
		h := syncproto.Hash(serverHash)
		r.serverHash, r.serverArea = &h, area.Code(serverArea.String)
	}
	r.was.hash, r.was.area = r.serverHash, r.serverArea
	return r, nil
}

// writeRow stores r and keeps the leaf sums of server hashes in step.
func writeRow(ctx context.Context, tx *sql.Tx, r *row) error {
	if err := moveLeaf(ctx, tx, r); err != nil {
		return fmt.Errorf("write %s: %w", r.rec.ID, err)
	}
	if !r.dirty() {
		r.held, r.heldHash, r.heldDetail = "", nil, ""
	}
	var serverHash, serverArea any
	if r.serverHash != nil {
		serverHash, serverArea = r.serverHash[:], r.serverArea
	}
	c := r.columns()
	_, err := tx.ExecContext(ctx, `INSERT INTO records (id, type, area, parent, deleted, conflicts, hash, acked, shared, dirty, server_hash, server_area, held, held_hash, held_detail, updated, state)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
		ON CONFLICT (id) DO UPDATE SET type = excluded.type, area = excluded.area, parent = excluded.parent, deleted = excluded.deleted,
			conflicts = excluded.conflicts, hash = excluded.hash, acked = excluded.acked, shared = excluded.shared, dirty = excluded.dirty,
			server_hash = excluded.server_hash, server_area = excluded.server_area, held = excluded.held, held_hash = excluded.held_hash,
			held_detail = excluded.held_detail, updated = excluded.updated, state = excluded.state`,
		r.rec.ID[:], c.kind, c.area, c.parent[:], c.deleted, c.conflicts, r.hash[:], encodeVector(r.acked), encodeVector(r.shared), c.dirty,
		serverHash, serverArea, r.held, notNull(r.heldHash), r.heldDetail, r.updated, r.raw)
	if err != nil {
		return fmt.Errorf("write %s: %w", r.rec.ID, err)
	}
	r.was.hash, r.was.area = r.serverHash, r.serverArea
	return nil
}

func deleteRow(ctx context.Context, tx *sql.Tx, r *row) error {
	r.lost()
	if err := moveLeaf(ctx, tx, r); err != nil {
		return fmt.Errorf("evict %s: %w", r.rec.ID, err)
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM records WHERE id = $1`, r.rec.ID[:]); err != nil {
		return fmt.Errorf("evict %s: %w", r.rec.ID, err)
	}
	return nil
}

func moveLeaf(ctx context.Context, tx *sql.Tx, r *row) error {
	if r.was.hash != nil && r.serverHash != nil && *r.was.hash == *r.serverHash && r.was.area == r.serverArea {
		return nil
	}
	if h := r.was.hash; h != nil {
		if err := changeLeaf(ctx, tx, r.was.area, r.rec.ID, func(d syncproto.Digest) syncproto.Digest { return d.Remove(*h) }); err != nil {
			return err
		}
	}
	if h := r.serverHash; h != nil {
		return changeLeaf(ctx, tx, r.serverArea, r.rec.ID, func(d syncproto.Digest) syncproto.Digest { return d.Add(*h) })
	}
	return nil
}

func changeLeaf(ctx context.Context, tx *sql.Tx, code area.Code, id syncproto.RecordID, f func(syncproto.Digest) syncproto.Digest) error {
	var d syncproto.Digest
	var sum []byte
	bucket := syncproto.Bucket(id)
	err := tx.QueryRowContext(ctx, `SELECT count, sum FROM leaves WHERE area = $1 AND bucket = $2`, code, bucket).Scan(&d.Count, &sum)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	copy(d.Sum[:], sum)
	return writeLeaf(ctx, tx, leafKey{code, bucket}, f(d))
}

func writeLeaf(ctx context.Context, tx *sql.Tx, k leafKey, d syncproto.Digest) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO leaves (area, bucket, count, sum) VALUES ($1, $2, $3, $4)
		ON CONFLICT (area, bucket) DO UPDATE SET count = excluded.count, sum = excluded.sum`, k.area, k.bucket, d.Count, d.Sum[:])
	return err
}

func queryIDs(ctx context.Context, q querier, query string, args ...any) ([]syncproto.RecordID, error) {
	ids, err := collect(ctx, q, func(rows *sql.Rows) (syncproto.RecordID, error) {
		var id []byte
		err := rows.Scan(&id)
		return recordID(id), err
	}, query, args...)
	if err != nil {
		return nil, fmt.Errorf("list records: %w", err)
	}
	return ids, nil
}

func recordID(b []byte) (id syncproto.RecordID) {
	copy(id[:], b)
	return id
}

// collect runs a query and scans all its rows.
func collect[T any](ctx context.Context, q querier, scan func(*sql.Rows) (T, error), query string, args ...any) (out []T, err error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

func encodeVector(v syncproto.Vector) []byte {
	b := make([]byte, 0, 24*len(v))
	for _, d := range v {
		b = binary.BigEndian.AppendUint64(append(b, d.Actor[:]...), d.Counter)
	}
	return b
}

func decodeVector(b []byte) syncproto.Vector {
	var v syncproto.Vector
	for ; len(b) >= 24; b = b[24:] {
		v = append(v, syncproto.Dot{Actor: syncproto.ActorID(b[:16]), Counter: binary.BigEndian.Uint64(b[16:24])})
	}
	return v
}

func notNull(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
