package clientlib

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

type leafKey struct {
	area   area.Code
	bucket uint8
}

// item is one record as a comparison sees it: its hash, and the area under
// which the office files it or should.
type item struct {
	id   syncproto.RecordID
	hash syncproto.Hash
	area area.Code
}

func byLeaf(items []item) map[leafKey][]item {
	out := map[leafKey][]item{}
	for _, it := range items {
		k := leafKey{it.area, syncproto.Bucket(it.id)}
		out[k] = append(out[k], it)
	}
	return out
}

// compare asks for the office's leaves in the areas and splits ours into equal
// and different ones. A leaf that only one side has is different.
func (y *syncer) compare(ctx context.Context, d identity, areas []area.Code, ours map[leafKey][]item) (equal []item, different []syncproto.NeedLeaf, err error) {
	theirs := map[leafKey]syncproto.Digest{}
	for part := range slices.Chunk(areas, syncproto.MaxCursors) {
		var resp syncproto.DigestResponse
		if err := y.authorized(ctx, y.link, "/sync/v1/digest", syncproto.DigestRequest{Epoch: d.Epoch, Areas: part}, &resp); err != nil {
			return nil, nil, err
		}
		for _, l := range resp.Leaves {
			theirs[leafKey{l.Area, l.Bucket}] = l.Digest
		}
	}
	for k := range ours {
		if _, ok := theirs[k]; !ok {
			theirs[k] = syncproto.Digest{}
		}
	}
	for k, digest := range theirs {
		var sum syncproto.Digest
		need := syncproto.NeedLeaf{Area: k.area, Bucket: k.bucket, Items: []syncproto.NeedItem{}}
		for _, it := range ours[k] {
			sum = sum.Add(it.hash)
			need.Items = append(need.Items, syncproto.NeedItem{ID: it.id, Hash: it.hash})
		}
		if sum == digest {
			equal = append(equal, ours[k]...)
		} else {
			different = append(different, need)
		}
	}
	slices.SortFunc(different, func(a, b syncproto.NeedLeaf) int {
		if a.Area != b.Area {
			if a.Area < b.Area {
				return -1
			}
			return 1
		}
		return int(a.Bucket) - int(b.Bucket)
	})
	return equal, different, nil
}

// fetch compares leaves item by item, takes in what the office sends, and
// returns what it lacks. Each leaf is a request of its own, so that a cut
// loses little.
func (y *syncer) fetch(ctx context.Context, d identity, leaf syncproto.NeedLeaf) (received int, want map[syncproto.RecordID]bool, err error) {
	want = map[syncproto.RecordID]bool{}
	for {
		var resp syncproto.NeedResponse
		if err := y.authorized(ctx, y.link, "/sync/v1/need", syncproto.NeedRequest{Epoch: d.Epoch, Leaves: []syncproto.NeedLeaf{leaf}}, &resp); err != nil {
			return received, nil, err
		}
		for _, id := range resp.Want {
			want[id] = true
		}
		err := y.update(ctx, func(ctx context.Context, tx *sql.Tx) error {
			for _, raw := range resp.Records {
				if _, err := y.receive(ctx, tx, raw, true); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return received, nil, err
		}
		received += len(resp.Records)
		for _, raw := range resp.Records {
			rec, err := syncproto.DecodeRecord(raw)
			if err != nil {
				return received, nil, err
			}
			delete(want, rec.ID) // its vector now says what the office has
			leaf.Items = slices.DeleteFunc(leaf.Items, func(it syncproto.NeedItem) bool { return it.ID == rec.ID })
			leaf.Items = append(leaf.Items, syncproto.NeedItem{ID: rec.ID, Hash: syncproto.HashRecord(raw)})
		}
		if !resp.More || len(resp.Records) == 0 {
			return received, want, nil
		}
	}
}

// repair walks down where our digest of the office's states differs from the
// office's own. It should never find anything. The fault may be in the sums,
// so they are looked at first.
func (y *syncer) repair(ctx context.Context, areas []area.Code) error {
	if err := y.check(ctx); err != nil {
		return err
	}
	d, err := readIdentity(ctx, y.db)
	if err != nil {
		return err
	}
	var items []item
	for _, code := range areas {
		part, err := y.items(ctx, `SELECT id, server_hash, server_area FROM records WHERE server_area >= $1 AND server_area < $2`, code)
		if err != nil {
			return err
		}
		items = append(items, part...)
	}
	_, different, err := y.compare(ctx, d, areas, byLeaf(items))
	if err != nil {
		return err
	}
	for _, leaf := range different {
		n, want, err := y.fetch(ctx, d, leaf)
		if err != nil {
			return err
		}
		y.res.Repaired += n + len(want)
		err = y.update(ctx, func(ctx context.Context, tx *sql.Tx) error {
			for id := range want {
				r, err := readRow(ctx, tx, id)
				if errors.Is(err, ErrNotFound) || err == nil && r.serverArea != leaf.Area {
					continue // another leaf has brought it
				}
				if err != nil {
					return err
				}
				r.lost()
				r.acked = nil // push it again
				if err := writeRow(ctx, tx, r); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (y *syncer) items(ctx context.Context, query string, code area.Code) ([]item, error) {
	from, to := code.FeedSpan()
	items, err := collect(ctx, y.db, func(rows *sql.Rows) (it item, err error) {
		var id, hash []byte
		err = rows.Scan(&id, &hash, &it.area)
		it.id = recordID(id)
		copy(it.hash[:], hash)
		return it, err
	}, query+` ORDER BY id`, from, to)
	if err != nil {
		return nil, fmt.Errorf("compare: %w", err)
	}
	return items, nil
}

// forgetOffice is called when the office was restored from a backup: what it
// confirmed before may be gone. Every record counts as unsent until heal or a
// push has shown that the restored office holds it.
func (y *syncer) forgetOffice(ctx context.Context, tx *sql.Tx, old syncproto.Epoch, resp syncproto.HelloResponse) error {
	for _, q := range []string{
		`UPDATE records SET acked = x'', dirty = 1, server_hash = NULL, server_area = NULL`,
		`DELETE FROM leaves`,
		`UPDATE cursors SET level = 0`,
	} {
		if _, err := tx.ExecContext(ctx, q); err != nil {
			return err
		}
	}
	if old != resp.Parent {
		_, err := tx.ExecContext(ctx, `UPDATE cursors SET seq = 0`)
		return err
	}
	for _, f := range resp.Feeds { // up to there the feed is the one we know
		if _, err := tx.ExecContext(ctx, `UPDATE cursors SET seq = min(seq, $1) WHERE area = $2`, f.Restored, f.Area); err != nil {
			return err
		}
	}
	return nil
}

// heal compares our states with a restored office's, so that only what it
// lacks is pushed. It may be cut anywhere: until it is done everything counts
// as unsent.
func (y *syncer) heal(ctx context.Context) error {
	d, err := readIdentity(ctx, y.db)
	if err != nil || !d.Healing {
		return err
	}
	cursors, err := readCursors(ctx, y.db)
	if err != nil {
		return err
	}
	var areas []area.Code
	var items []item
	for _, c := range cursors {
		areas = append(areas, c.Area)
		part, err := y.items(ctx, `SELECT id, hash, area FROM records WHERE area >= $1 AND area < $2`, c.Area)
		if err != nil {
			return err
		}
		items = append(items, part...)
	}
	ours := byLeaf(items)
	equal, different, err := y.compare(ctx, d, areas, ours)
	if err != nil {
		return err
	}
	for _, leaf := range different {
		_, want, err := y.fetch(ctx, d, leaf)
		if err != nil {
			return err
		}
		for _, it := range ours[leafKey{leaf.Area, leaf.Bucket}] {
			if !want[it.id] {
				equal = append(equal, it)
			}
		}
	}
	return y.update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, it := range equal {
			if err := confirm(ctx, tx, it); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, `UPDATE device SET healing = 0 WHERE one = 1`)
		return err
	})
}

// confirm notes that the office holds exactly the state it, unless the record
// has changed here or was fetched meanwhile.
func confirm(ctx context.Context, tx *sql.Tx, it item) error {
	r, err := readRow(ctx, tx, it.id)
	if err != nil {
		return err
	}
	if r.hash != it.hash || r.serverHash != nil {
		return nil
	}
	r.acked, r.shared = r.rec.VV, r.shared.Join(r.rec.VV)
	r.seen(it.hash, it.area)
	return writeRow(ctx, tx, r)
}
