package server

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
	"tambonsync/syncproto/survey"
	"tambonsync/syncproto/view"
)

// A round is an ordinary record of type _round that only the office writes.
// What a round needs beside its record is here: the record's first save, the
// households that stay in the round before it, and the roster that the next
// round begins with.

// ReadRounds returns the rounds of an office, deleted ones left out.
func ReadRounds(ctx context.Context, store interface {
	Rounds(ctx context.Context) ([]StoredRecord, error)
},
) ([]survey.Round, error) {
	records, err := store.Rounds(ctx)
	if err != nil {
		return nil, fmt.Errorf("rounds: %w", err)
	}
	var out []survey.Round
	for _, r := range records {
		if r.Record.Alive() {
			out = append(out, view.Round(r.Record))
		}
	}
	return out, nil
}

// CheckRound reports what is wrong with a round that is to be opened, in a
// sentence for the person who asked for it.
func CheckRound(r survey.Round, c *survey.Catalog) error {
	f, ok := c.Form(r.Form)
	switch {
	case !ok:
		return fmt.Errorf("form %q: there is no such published form; see: tambonsync form list", r.Form)
	case f.Draft():
		return fmt.Errorf("form %s is a draft: complete and publish it first", f.Ref())
	case len(r.Areas) == 0:
		return errors.New("a round needs at least one area, such as 450303")
	case !survey.ValidDay(r.ReferenceDate):
		return fmt.Errorf("reference date %q: want a day in C.E. such as 2020-01-01; ages are counted on it", r.ReferenceDate)
	}
	if r.Set != "" {
		x, err := c.Indicators(r.Form, r.Set)
		if err != nil {
			return err
		}
		if x.Set().Draft() {
			return fmt.Errorf("indicator set %s is a draft: complete and publish it first", x.Set().Ref())
		}
	}
	for _, day := range []string{r.Opens, r.Closes} {
		if day != "" && !survey.ValidDay(day) {
			return fmt.Errorf("day %q: want a day in C.E. such as 2020-01-01", day)
		}
	}
	for i, a := range r.Areas {
		code, err := area.Parse(a)
		if err != nil {
			return err
		}
		if at := listed(code); at != "" {
			return fmt.Errorf("area %s: there is no such %s in the list of areas", code, at.Level())
		}
		if slices.Contains(r.Areas[:i], a) {
			return fmt.Errorf("area %s is there twice", a)
		}
	}
	if commonArea(r.Areas) == "" {
		return errors.New("the areas of one round must lie in one province: open a round for each province")
	}
	return nil
}

// listed returns what of an area the list of areas lacks: the area, or of a
// village its tambon; "" if nothing. Villages are not in the list.
func listed(code area.Code) area.Code {
	if code.Level() == area.LevelVillage {
		code = code.Parent()
	}
	if _, known := area.Lookup(code); known {
		return ""
	}
	return code
}

// commonArea is the smallest area that holds all of them, "" if none does.
func commonArea(codes []string) area.Code {
	common := codes[0]
	for _, c := range codes[1:] {
		for !strings.HasPrefix(c, common) {
			common = common[:max(len(common)-2, 0)]
		}
	}
	return area.Code(common)
}

// RoundEdit is the save that opens or changes a round.
func RoundEdit(r survey.Round, user, reason string, at int64) (Edit, error) {
	id, err := syncproto.ParseRecordID(r.ID)
	if err != nil {
		return Edit{}, fmt.Errorf("round: %w", err)
	}
	changes, err := pack(r.Values())
	if err != nil {
		return Edit{}, err
	}
	changes[syncproto.GroupScope] = syncproto.Text(string(commonArea(r.Areas)))
	if r.Previous != "" {
		previous, err := syncproto.ParseRecordID(r.Previous)
		if err != nil {
			return Edit{}, fmt.Errorf("previous round: %w", err)
		}
		changes["previous"] = syncproto.ID(previous)
	}
	return Edit{
		ID: id, Type: syncproto.TypeRound, Changes: changes, At: at,
		Context: syncproto.Context{User: user, Form: r.Form, Reason: reason},
	}, nil
}

// CloseRoundEdit closes or opens a round again.
func CloseRoundEdit(rec syncproto.Record, open bool, user string, at int64) Edit {
	state := "closed"
	if open {
		state = "open"
	}
	return Edit{
		ID: rec.ID, Seen: rec.VV, At: at, Changes: map[string]syncproto.Value{"state": syncproto.Text(state)},
		Context: syncproto.Context{User: user, Reason: "round " + state},
	}
}

// walk gives the records of a listing to f, a page at a time.
func walk(ctx context.Context, store Store, filter RecordFilter, f func([]StoredRecord) error) error {
	filter.Limit = 500
	for {
		page, err := store.Records(ctx, filter)
		if err != nil {
			return err
		}
		if err := f(page); err != nil {
			return err
		}
		if len(page) < filter.Limit {
			return nil
		}
		filter.After = page[len(page)-1].Record.ID
	}
}

// effectiveRound tells which round a record without a parent belongs to.
func effectiveRound(rec syncproto.Record, rounds []survey.Round, c *survey.Catalog) string {
	if id := rec.Round(); !id.IsZero() {
		return id.String()
	}
	last, _ := rec.LastSave()
	r, ok, _ := c.RoundOfSave(rounds, rec.Type, string(rec.Area()), last.Form)
	if !ok {
		return ""
	}
	return r.ID
}

// KeepRounds writes down, in the areas of a round that is about to open, which
// round each record belongs to that names none: with another round open nobody
// could tell any more. It returns how many it wrote.
func KeepRounds(ctx context.Context, store Store, c *survey.Catalog, next survey.Round, user string, at int64) (int, error) {
	rounds, err := ReadRounds(ctx, store)
	if err != nil {
		return 0, err
	}
	f, ok := c.Form(next.Form)
	if !ok || !slices.ContainsFunc(rounds, func(r survey.Round) bool { return overlap(r, next) }) {
		return 0, nil
	}
	n := 0
	for _, t := range f.Types() {
		if t.Parent() != "" {
			continue
		}
		for _, code := range next.Areas {
			err := walk(ctx, store, RecordFilter{Area: area.Code(code), Type: t.Name()}, func(page []StoredRecord) error {
				edits := keepEdits(page, rounds, c, user, at)
				n += len(edits)
				if len(edits) == 0 {
					return nil
				}
				_, err := store.EditMany(ctx, edits)
				return err
			})
			if err != nil {
				return n, fmt.Errorf("keep records in their round: %w", err)
			}
		}
	}
	return n, nil
}

func overlap(a, b survey.Round) bool {
	return slices.ContainsFunc(b.Areas, a.Overlaps)
}

func keepEdits(page []StoredRecord, rounds []survey.Round, c *survey.Catalog, user string, at int64) (edits []Edit) {
	for _, r := range page {
		// A save says that its record is alive; where one officer deleted it and
		// another edited it that is for a supervisor to say.
		if !r.Record.Round().IsZero() || len(r.Record.Distinct(syncproto.GroupLife)) > 1 {
			continue
		}
		id, err := syncproto.ParseRecordID(effectiveRound(r.Record, rounds, c))
		if err != nil {
			continue // it belongs to none
		}
		last, _ := r.Record.LastSave()
		edits = append(edits, Edit{
			ID: r.Record.ID, At: at, Changes: map[string]syncproto.Value{syncproto.GroupRound: syncproto.ID(id)},
			Context: syncproto.Context{User: user, Form: last.Form, Reason: "keep in its round"},
		})
	}
	return edits
}

// CarryForward begins a round with the roster of an earlier one: for each
// living record a new one with the answers that its form marks to carry, not
// confirmed yet. People of a household that was merged go to the one that it
// counts as. Ids follow from the old ones, so doing it twice, or at two
// offices, makes each record once. It returns how many it made.
func CarryForward(ctx context.Context, store Store, c *survey.Catalog, from, to survey.Round, user string, at int64) (int, error) {
	rounds, err := ReadRounds(ctx, store)
	if err != nil {
		return 0, err
	}
	f, ok := c.Form(to.Form)
	if !ok {
		return 0, fmt.Errorf("form %s: %w", to.Form, ErrNotFound)
	}
	k := carrier{store: store, catalog: c, rounds: rounds, from: from, to: to, form: f, user: user, at: at, taken: map[syncproto.RecordID]bool{}, merged: map[syncproto.RecordID]syncproto.RecordID{}}
	if k.round, err = syncproto.ParseRecordID(to.ID); err != nil {
		return 0, err
	}
	for _, t := range f.Types() { // parents stand before their children
		for _, code := range to.Areas {
			all := RecordFilter{Area: area.Code(code), Type: t.Name(), Deleted: true} // one that was merged may be deleted too
			err := walk(ctx, store, all, func(page []StoredRecord) error { return k.carry(ctx, t, page) })
			if err != nil {
				return k.n, fmt.Errorf("carry %s forward: %w", t.Name(), err)
			}
		}
	}
	return k.n, nil
}

type carrier struct {
	store    Store
	catalog  *survey.Catalog
	rounds   []survey.Round
	from, to survey.Round
	round    syncproto.RecordID
	form     *survey.Form
	user     string
	at       int64
	taken    map[syncproto.RecordID]bool // records of the earlier round
	merged   map[syncproto.RecordID]syncproto.RecordID
	n        int
}

func (k *carrier) carry(ctx context.Context, t *survey.RecordType, page []StoredRecord) error {
	edits := map[syncproto.RecordID]Edit{}
	var ids []syncproto.RecordID
	for _, r := range page {
		if !k.belongs(t, r.Record) {
			continue
		}
		k.taken[r.Record.ID] = true
		e, err := k.edit(t, r.Record)
		if err != nil {
			return err
		}
		edits[e.ID] = e
		ids = append(ids, e.ID)
	}
	there, err := k.store.RecordsOf(ctx, ids)
	if err != nil {
		return err
	}
	for _, r := range there {
		delete(edits, r.Record.ID)
	}
	var list []Edit
	for _, id := range ids {
		if e, ok := edits[id]; ok {
			list = append(list, e)
		}
	}
	if len(list) == 0 {
		return nil
	}
	k.n += len(list)
	_, err = k.store.EditMany(ctx, list)
	return err
}

func (k *carrier) belongs(t *survey.RecordType, rec syncproto.Record) bool {
	if into := rec.MergedInto(); !into.IsZero() {
		k.merged[rec.ID] = into
		return false
	}
	if !rec.Alive() {
		return false
	}
	if t.Parent() != "" {
		return k.taken[k.survivor(rec.Parent())]
	}
	return effectiveRound(rec, k.rounds, k.catalog) == k.from.ID
}

// survivor follows merges, as far as analysis does.
func (k *carrier) survivor(id syncproto.RecordID) syncproto.RecordID {
	for range 8 {
		into, ok := k.merged[id]
		if !ok {
			break
		}
		id = into
	}
	return id
}

func (k *carrier) edit(t *survey.RecordType, rec syncproto.Record) (Edit, error) {
	entry, err := view.Entry(rec, t)
	if err != nil {
		return Edit{}, err
	}
	kept := map[string]any{}
	for _, q := range t.Questions() {
		if v, ok := entry.Values[q.Name]; ok && q.Carry {
			kept[q.Name] = v
		}
	}
	changes, err := pack(t.Pack(nil, kept))
	if err != nil {
		return Edit{}, err
	}
	changes[syncproto.GroupScope] = syncproto.Text(string(rec.Area()))
	changes[syncproto.GroupFrom] = syncproto.ID(rec.ID)
	changes[syncproto.GroupCarried] = syncproto.True
	if t.Parent() == "" {
		changes[syncproto.GroupRound] = syncproto.ID(k.round)
	} else {
		changes[syncproto.GroupParent] = syncproto.ID(syncproto.CarriedID(k.round, k.survivor(rec.Parent())))
	}
	return Edit{
		ID: syncproto.CarriedID(k.round, rec.ID), Type: rec.Type, Changes: changes, At: k.at,
		Context: syncproto.Context{User: k.user, Form: k.form.Ref(), Reason: "carried forward"},
	}, nil
}
