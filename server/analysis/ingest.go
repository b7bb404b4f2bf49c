package analysis

import (
	"database/sql"
	"errors"
	"slices"
	"strings"

	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

// Merged records are followed that many steps, and families climbed that many
// levels at most.
const (
	maxMerges = 8
	maxLevels = 24
)

// facts are what a record says of where it stands.
type facts struct {
	typ    string
	area   area.Code
	parent syncproto.RecordID
	named  syncproto.RecordID
	merged syncproto.RecordID
	alive  bool
	form   string
}

// item is a row of items.
type item struct {
	id syncproto.RecordID
	facts
	stand    syncproto.RecordID // zero: the record itself
	over     syncproto.RecordID
	lost     int
	round    syncproto.RecordID
	attached bool
	holds    holds
}

// The bits of item.lost.
const (
	lostParent = 1
	lostItself = 2
)

// counts reports whether the record is alive and no other stands for it.
func (it *item) counts() bool { return it.alive && it.stand.IsZero() && it.lost&lostItself == 0 }

func factsOf(rec syncproto.Record) facts {
	last, _ := rec.LastSave()
	return facts{
		typ: rec.Type, area: rec.Area(), parent: rec.Parent(), named: rec.Round(), merged: rec.MergedInto(),
		alive: rec.Alive(), form: last.Form,
	}
}

const selectItem = `SELECT id, type, area, parent, named, merged, alive, form, stand, over, lost, round, attached, holds FROM items`

func scanItem(row interface{ Scan(...any) error }) (*item, error) {
	it := &item{}
	err := row.Scan((*scanID)(&it.id), &it.typ, &it.area, (*scanID)(&it.parent), (*scanID)(&it.named), (*scanID)(&it.merged),
		&it.alive, &it.form, (*scanID)(&it.stand), (*scanID)(&it.over), &it.lost, (*scanID)(&it.round), &it.attached, &it.holds)
	return it, err
}

// item finds a record's row; nil if the record has not come yet.
func (b *batch) item(id syncproto.RecordID) (*item, error) {
	if it, ok := b.items[id]; ok || id.IsZero() {
		return it, nil
	}
	it, err := scanItem(b.row(selectItem+` WHERE id = $1`, id[:]))
	if errors.Is(err, sql.ErrNoRows) {
		it, err = nil, nil
	}
	if err != nil {
		return nil, err
	}
	b.items[id] = it
	return it, nil
}

// ingest notes where a changed record stands and marks everything that may
// follow from it. What follows is worked out later: see settle.go.
func (b *batch) ingest(rec syncproto.Record) error {
	if strings.HasPrefix(rec.Type, "_") && rec.Type != syncproto.TypeVillage {
		return nil // rounds are read apart
	}
	old, err := b.item(rec.ID)
	if err != nil {
		return err
	}
	now := &item{id: rec.ID, facts: factsOf(rec)}
	if old != nil {
		if old.facts == now.facts {
			return b.mark(old)
		}
		if err := b.mark(old); err != nil {
			return err
		}
		now.stand, now.over, now.lost = old.stand, old.over, old.lost
		now.round, now.attached, now.holds = old.round, old.attached, old.holds
	}
	end, _, err := b.survivor(rec.ID)
	if err != nil {
		return err
	}
	b.items[rec.ID] = now
	if err := b.trace(now); err != nil {
		return err
	}
	if err := b.write(now); err != nil {
		return err
	}
	if err := b.mark(now); err != nil {
		return err
	}
	if old == nil && !now.merged.IsZero() || old != nil && old.merged != now.merged {
		if err := b.retrace(end); err != nil {
			return err
		}
	}
	return b.exec(`UPDATE items SET todo = 1 WHERE over = $1 AND todo = 0`, rec.ID[:])
}

func (b *batch) write(it *item) error {
	return b.exec(`INSERT INTO items (id, type, area, parent, named, merged, alive, form, stand, over, lost, round, attached, holds, todo)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 1)
		ON CONFLICT (id) DO UPDATE SET type = excluded.type, area = excluded.area, parent = excluded.parent, named = excluded.named,
			merged = excluded.merged, alive = excluded.alive, form = excluded.form, stand = excluded.stand, over = excluded.over,
			lost = excluded.lost, todo = 1`,
		it.id[:], it.typ, it.area, orNull(it.parent), orNull(it.named), orNull(it.merged), bit(it.alive), it.form,
		orNull(it.stand), orNull(it.over), it.lost, it.round[:], bit(it.attached), it.holds)
}

// survivor follows merges from a record to the one that stands for it, which
// may be missing. A circle ends at its smallest id. lost is true if the way is
// too long.
func (b *batch) survivor(id syncproto.RecordID) (end syncproto.RecordID, lost bool, err error) {
	var way []syncproto.RecordID
	for range maxMerges + 1 {
		if i := slices.Index(way, id); i >= 0 {
			return slices.MinFunc(way[i:], syncproto.RecordID.Compare), false, nil
		}
		it, err := b.item(id)
		if err != nil {
			return id, false, err
		}
		if it == nil || it.merged.IsZero() {
			return id, false, nil
		}
		way = append(way, id)
		id = it.merged
	}
	return syncproto.RecordID{}, true, nil
}

// trace finds what stands for a record and for its parent.
func (b *batch) trace(it *item) error {
	over, lost, err := b.survivor(it.parent)
	if err != nil {
		return err
	}
	it.over, it.lost = over, lostParent*bit(lost)
	it.stand = syncproto.RecordID{}
	if it.merged.IsZero() {
		return nil
	}
	stand, lost, err := b.survivor(it.id)
	if err != nil {
		return err
	}
	it.lost |= lostItself * bit(lost)
	if stand != it.id {
		it.stand = stand
	}
	return nil
}

// retrace does so anew for all records whose way led to end: a record on it was
// merged, or is no longer.
func (b *batch) retrace(end syncproto.RecordID) error {
	ids, err := b.ids(`SELECT id FROM items WHERE over = $1 UNION SELECT id FROM items WHERE stand = $1
		UNION SELECT id FROM items WHERE lost > 0 UNION SELECT id FROM items WHERE id = $1`, end[:])
	if err != nil {
		return err
	}
	for _, id := range ids {
		it, err := b.item(id)
		if err != nil {
			return err
		}
		was := *it
		if err := b.trace(it); err != nil {
			return err
		}
		if *it == was {
			continue
		}
		if err := b.exec(`UPDATE items SET stand = $1, over = $2, lost = $3, todo = 1 WHERE id = $4`, orNull(it.stand), orNull(it.over), it.lost, id[:]); err != nil {
			return err
		}
		if err := b.mark(&was); err != nil {
			return err
		}
		if err := b.mark(it); err != nil {
			return err
		}
		if err := b.exec(`UPDATE items SET todo = 1 WHERE over = $1 AND todo = 0`, id[:]); err != nil {
			return err
		}
	}
	return nil
}

// mark notes that a record and all above it are to be worked out again.
func (b *batch) mark(it *item) error {
	for range maxLevels {
		if err := b.exec(`UPDATE items SET todo = 1 WHERE id = $1 AND todo = 0`, it.id[:]); err != nil {
			return err
		}
		over, err := b.item(it.over)
		if err != nil || over == nil {
			return err
		}
		it = over
	}
	return nil
}
