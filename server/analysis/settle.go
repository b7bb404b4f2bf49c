package analysis

import (
	"errors"

	"tambonsync/syncproto"
	"tambonsync/syncproto/survey"
	"tambonsync/syncproto/view"
)

// holds says which tables have rows of an item, so that nobody looks in vain.
type holds int

const (
	holdsResult holds = 1 << iota
	holdsKeys
	holdsOrphan
	holdsFlags
)

// Flags of the package's own; the others are codes of survey.Problem.
const (
	FlagNoRound            = "no_round"                    // several rounds fit, or none, or the one it names is not known
	FlagExcess             = "more_failing_than_concerned" // Question is the number of the indicator
	FlagEditedApproved     = "edited_after_approval"
	FlagEditedCertified    = "edited_after_certification"
	FlagCertifiedNoNumbers = "certified_without_numbers"
)

// maxLoad bounds how many records are in memory at once, but for one family.
const maxLoad = 2 * maxFamily

// workOut works out what follows from records that are marked, at most limit of
// them and all that stand under the same heads, and the sums after that.
func (b *batch) workOut(limit int) (int, error) {
	ids, err := b.ids(`SELECT id FROM items WHERE todo = 1 ORDER BY id LIMIT $1`, limit)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	settled := map[syncproto.RecordID]bool{}
	var load [][]*item
	size := 0
	for i, id := range ids {
		it, err := b.item(id)
		if err != nil {
			return 0, err
		}
		if !settled[id] {
			head, err := b.head(it)
			if err != nil {
				return 0, err
			}
			fam, err := b.family(head)
			if err != nil {
				return 0, err
			}
			load, size = append(load, fam), size+len(fam)
			for _, it := range fam {
				settled[it.id] = true
			}
			if !settled[id] { // beyond maxFamily
				load, settled[id] = append(load, []*item{it}), true
			}
		}
		if size >= maxLoad || i == len(ids)-1 {
			if err := b.settleAll(load); err != nil {
				return 0, err
			}
			load, size = nil, 0
		}
	}
	return len(ids), b.finish()
}

func (b *batch) settleAll(families [][]*item) error {
	var ids []syncproto.RecordID
	for _, fam := range families {
		for _, it := range fam {
			if it.typ != "" {
				ids = append(ids, it.id)
			}
		}
	}
	recs, err := b.load(ids)
	if err != nil {
		return err
	}
	for _, fam := range families {
		if err := b.settle(fam, recs); err != nil {
			return err
		}
	}
	return nil
}

// load reads records. One that cannot be read counts as without answers until
// somebody mends it.
func (b *batch) load(ids []syncproto.RecordID) (map[syncproto.RecordID]syncproto.Record, error) {
	out := make(map[syncproto.RecordID]syncproto.Record, len(ids))
	list, err := b.a.src.RecordsOf(b.ctx, ids)
	for _, rec := range list {
		out[rec.Record.ID] = rec.Record
	}
	if err == nil || b.ctx.Err() != nil {
		return out, b.ctx.Err()
	}
	for _, id := range ids {
		list, err := b.a.src.RecordsOf(b.ctx, []syncproto.RecordID{id})
		if err == nil && len(list) == 1 {
			out[id] = list[0].Record
		}
	}
	return out, b.ctx.Err()
}

// settle works out everything that follows from a family.
func (b *batch) settle(fam []*item, recs map[syncproto.RecordID]syncproto.Record) error {
	for _, it := range fam {
		p, err := b.place(it)
		if err != nil {
			return err
		}
		moved := it.round != p.round || it.attached != p.attached
		it.round, it.attached = p.round, p.attached
		if moved { // also those below that do not belong to the family
			if err := b.exec(`UPDATE items SET todo = 1 WHERE over = $1 AND todo = 0`, it.id[:]); err != nil {
				return err
			}
		}
		if err := b.settleKeys(it, recs[it.id]); err != nil {
			return err
		}
		if err := b.settleOrphan(it, p); err != nil {
			return err
		}
	}
	if err := b.settleHead(fam, recs); err != nil {
		return err
	}
	for _, it := range fam[1:] { // it may have been the head of a family before
		if err := errors.Join(b.putFlags(it, nil), b.putResult(it, nil)); err != nil {
			return err
		}
	}
	for _, it := range fam {
		if err := b.exec(`UPDATE items SET round = $1, attached = $2, holds = $3, todo = 0 WHERE id = $4`, it.round[:], bit(it.attached), it.holds, it.id[:]); err != nil {
			return err
		}
	}
	return nil
}

func (b *batch) settleOrphan(it *item, p place) error {
	if it.holds&holdsOrphan != 0 {
		if err := b.exec(`DELETE FROM orphans WHERE id = $1`, it.id[:]); err != nil {
			return err
		}
		it.holds &^= holdsOrphan
	}
	if p.orphan == "" {
		return nil
	}
	it.holds |= holdsOrphan
	return b.exec(`INSERT INTO orphans (area, id, type, parent, why) VALUES ($1, $2, $3, $4, $5)`, it.area, it.id[:], it.typ, it.parent[:], p.orphan)
}

// settleHead judges the head of a family.
func (b *batch) settleHead(fam []*item, recs map[syncproto.RecordID]syncproto.Record) error {
	head := fam[0]
	if head.typ == syncproto.TypeVillage {
		b.villages = append(b.villages, head)
		return nil
	}
	var row *result
	var flags []flag
	parentType, known := b.w.types[head.typ]
	switch {
	case !head.counts():
	case !known:
		if head.typ != "" {
			flags = append(flags, flag{record: head, code: string(survey.UnknownType)})
		}
	case parentType != "": // an orphan has no result
	case head.round.IsZero():
		row = &result{area: head.area}
		flags = append(flags, flag{record: head, code: FlagNoRound})
	default:
		if j := b.judge(fam, recs); j != nil {
			row, flags = j.row(head), j.flags()
		}
	}
	if err := b.putFlags(head, flags); err != nil {
		return err
	}
	return b.putResult(head, row)
}

// judged is a family under review.
type judged struct {
	round  *round
	fam    []*item
	rec    syncproto.Record // the head's
	review survey.Review
	result survey.Result
	state  survey.State
	kids   map[syncproto.RecordID][]*item
}

// judge reviews the head of a family with all that counts below it. nil: its
// round does not judge records of its type.
func (b *batch) judge(fam []*item, recs map[syncproto.RecordID]syncproto.Record) *judged {
	head := fam[0]
	r := b.w.byID[head.round]
	if r == nil || r.x == nil || r.x.RecordType() != head.typ {
		return nil
	}
	j := &judged{round: r, fam: fam, rec: recs[head.id], kids: map[syncproto.RecordID][]*item{}}
	for _, it := range fam[1:] {
		if it.attached {
			j.kids[it.over] = append(j.kids[it.over], it)
		}
	}
	j.review = r.x.Form().Review(head.typ, j.entry(r.x.Form(), head, recs), r.ReferenceDate)
	j.result = r.x.Outcomes(j.review)
	j.state = survey.DerivedState(j.review, j.rec.Carried())
	if s := j.rec.State(); s.State != "" {
		j.state = survey.State(s.State)
	}
	return j
}

func (j *judged) entry(f *survey.Form, it *item, recs map[syncproto.RecordID]syncproto.Record) survey.Entry {
	t, _ := f.Type(it.typ)
	e := entryOf(t, recs[it.id])
	for _, name := range t.Children() {
		for _, kid := range j.kids[it.id] {
			if kid.typ != name {
				continue
			}
			if e.Children == nil {
				e.Children = map[string][]survey.Entry{}
			}
			e.Children[name] = append(e.Children[name], j.entry(f, kid, recs))
		}
	}
	return e
}

// flags are what a review found wrong, here and below.
func (j *judged) flags() (out []flag) {
	out = j.problems(j.fam[0], j.review, nil)
	for _, o := range j.result.Outcomes {
		if o.Excess {
			out = append(out, flag{record: j.fam[0], code: FlagExcess, question: itoa(o.No)})
		}
	}
	if s := j.rec.State(); s.State == syncproto.StateApproved && s.Answers != j.rec.AnswersDigest() {
		out = append(out, flag{record: j.fam[0], code: FlagEditedApproved})
	}
	return out
}

func (j *judged) problems(it *item, r survey.Review, out []flag) []flag {
	for _, p := range r.Problems {
		out = append(out, flag{record: it, code: string(p.Code), question: p.Question})
	}
	for name, list := range r.Children {
		n := 0
		for _, kid := range j.kids[it.id] {
			if kid.typ == name && n < len(list) {
				out = j.problems(kid, list[n], out)
				n++
			}
		}
	}
	return out
}

// flag is a row of flags.
type flag struct {
	record         *item
	code, question string
}

func (b *batch) putFlags(head *item, flags []flag) error {
	if head.holds&holdsFlags != 0 {
		if err := b.exec(`DELETE FROM flags WHERE head = $1`, head.id[:]); err != nil {
			return err
		}
		head.holds &^= holdsFlags
	}
	for _, f := range flags {
		head.holds |= holdsFlags
		err := b.exec(`INSERT INTO flags (area, record, code, question, head, round) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
			f.record.area, f.record.id[:], f.code, f.question, head.id[:], head.round[:])
		if err != nil {
			return err
		}
	}
	return nil
}

// entryOf gives a record's answers as a form reviews them. Answers that cannot
// be read, which no decoded record has, count as none.
func entryOf(t *survey.RecordType, rec syncproto.Record) survey.Entry {
	e, _ := view.Entry(rec, t)
	return e
}
