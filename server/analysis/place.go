package analysis

import (
	"database/sql"

	"tambonsync/syncproto"
)

// Why a record is an orphan.
const (
	WhyNoParent  = "no_parent"        // it names none, though its type has one
	WhyMissing   = "missing"          // the parent has not come to the office
	WhyDeleted   = "deleted"          //
	WhyWrongType = "wrong_type"       // a member under a member
	WhyTooFar    = "merged_too_often" // the parent was merged, and merged, and merged
)

// place is what follows from where a record and those above it stand.
type place struct {
	round    syncproto.RecordID // that it belongs to; zero: none that is known here
	attached bool               // it counts: alive, unmerged, and so is all above it
	orphan   string             // why it has no parent, or ""
}

// place works out where a record stands: in the round that it names, else in
// that of its parent, else in the only one that fits. Parents are climbed by
// type, and types do not go in circles, so this ends.
func (b *batch) place(it *item) (place, error) {
	if p, ok := b.places[it.id]; ok {
		return p, nil
	}
	p := place{attached: it.counts()}
	parentType, known := b.w.types[it.typ]
	var up place
	var over *item
	if parentType != "" {
		var err error
		if over, err = b.item(it.over); err != nil {
			return p, err
		}
		if over != nil && over.typ == parentType {
			if up, err = b.place(over); err != nil {
				return p, err
			}
		}
		if p.attached {
			p.orphan = orphaned(it, over, parentType)
		}
		p.attached = p.attached && p.orphan == "" && up.attached
	}
	switch {
	case !it.named.IsZero():
		if b.w.usable(it.named) {
			p.round = it.named
		}
	case it.typ == syncproto.TypeVillage:
	case over != nil && over.typ == parentType:
		p.round = up.round
	case known:
		p.round = b.w.pick(it.area, it.typ, it.form)
	}
	b.places[it.id] = p
	return p, nil
}

func orphaned(it, over *item, parentType string) string {
	switch {
	case it.parent.IsZero():
		return WhyNoParent
	case it.lost&lostParent != 0:
		return WhyTooFar
	case over == nil:
		return WhyMissing
	case over.typ != parentType:
		return WhyWrongType
	case !over.alive:
		return WhyDeleted
	}
	return ""
}

// head climbs to the record under which this one is judged.
func (b *batch) head(it *item) (*item, error) {
	for range maxLevels {
		parentType := b.w.types[it.typ]
		if parentType == "" {
			return it, nil
		}
		over, err := b.item(it.over)
		if err != nil {
			return nil, err
		}
		if over == nil || over.typ != parentType {
			return it, nil
		}
		it = over
	}
	return it, nil
}

// maxFamily bounds how many records are judged as one.
const maxFamily = 2000

// family lists a record and those below it, parents first and children by id,
// which is the order in which they were made.
func (b *batch) family(head *item) ([]*item, error) {
	fam := []*item{head}
	for i := 0; i < len(fam) && len(fam) < maxFamily; i++ {
		if !b.w.hasChildren(fam[i].typ) {
			continue
		}
		kids, err := b.children(fam[i].id, maxFamily-len(fam))
		if err != nil {
			return nil, err
		}
		for _, kid := range kids {
			if b.w.types[kid.typ] == fam[i].typ {
				fam = append(fam, kid)
			}
		}
	}
	return fam, nil
}

func (w *world) hasChildren(typ string) bool {
	for _, parent := range w.types {
		if parent == typ && typ != "" {
			return true
		}
	}
	return false
}

func (b *batch) children(id syncproto.RecordID, limit int) ([]*item, error) {
	return rows(b, func(r *sql.Rows) (*item, error) {
		it, err := scanItem(r)
		if err != nil {
			return nil, err
		}
		if known := b.items[it.id]; known != nil {
			return known, nil
		}
		b.items[it.id] = it
		return it, nil
	}, selectItem+` WHERE over = $1 ORDER BY id LIMIT $2`, id[:], limit)
}
