package clientlib

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
	"tambonsync/syncproto/survey"
	"tambonsync/syncproto/view"
)

// Edit is one save. With no ID it makes a new record and needs a Type, and an
// Area or a Parent; with an ID it changes only what it names. A nil value
// clears an answer. A wrong answer is saved and flagged (survey's Check), not
// refused.
type Edit struct {
	ID     syncproto.RecordID
	Type   string
	Area   area.Code          // of an existing record: moves it, and its members with it
	Parent syncproto.RecordID // the household of a member
	Round  syncproto.RecordID // of a household; default of a new one: the only open round of its area
	Values map[string]any     // question → answer
	User   string             // who typed; default: the officer of the device
	Reason string

	// Confirm says that the officer has seen a household that was carried
	// forward from an earlier round, and that it is still there.
	Confirm bool
}

// Save writes one edit and returns the record as it is then. When it returns
// without error the answers are on disk. An edit that changes nothing makes no
// save.
func (s *Store) Save(ctx context.Context, e Edit) (syncproto.Record, error) {
	var out syncproto.Record
	err := s.writing(ctx, func(ctx context.Context, tx *sql.Tx) error {
		p, err := s.prepare(ctx, tx, e)
		if err != nil {
			return err
		}
		r, changes, from := p.row, p.changes, p.row.rec.Area()
		if err := s.save(ctx, tx, r, changes, p.form, e.User, e.Reason); err != nil {
			return err
		}
		out = r.rec
		if _, moved := changes[syncproto.GroupScope]; moved && from != "" {
			return s.moveMembers(ctx, tx, r.rec.ID, from, r.rec.Area(), p.form, e)
		}
		return nil
	})
	if err != nil {
		return syncproto.Record{}, err
	}
	return out, nil
}

// Delete marks a record as deleted. Its answers stay, and any later edit
// brings it back. Members of a household are not touched.
func (s *Store) Delete(ctx context.Context, id syncproto.RecordID, user, reason string) error {
	return s.change(ctx, id, map[string]syncproto.Value{syncproto.GroupLife: syncproto.False}, user, reason)
}

// Resolve decides a conflict: the group gets this one answer. value is the
// answer of the group's one question, or a map where the group has several. A
// deleted record stays deleted, unless the conflict is about that.
func (s *Store) Resolve(ctx context.Context, id syncproto.RecordID, group string, value any, user string) error {
	v, err := syncproto.NewValue(value)
	if err != nil {
		return fmt.Errorf("%s: %w: %w", group, ErrInvalid, err)
	}
	if strings.HasPrefix(group, "_") && group != syncproto.GroupLife {
		return fmt.Errorf("%s: %w: give the area or household with a save", group, ErrInvalid)
	}
	return s.change(ctx, id, map[string]syncproto.Value{group: v}, user, "resolve")
}

func (s *Store) change(ctx context.Context, id syncproto.RecordID, changes map[string]syncproto.Value, user, reason string) error {
	return s.writing(ctx, func(ctx context.Context, tx *sql.Tx) error {
		r, err := readRow(ctx, tx, id)
		if err != nil {
			return err
		}
		for group := range changes {
			if len(r.rec.Groups[group]) == 0 {
				return fmt.Errorf("record %s: %w: it has no group %q", id, ErrInvalid, group)
			}
		}
		return s.amend(ctx, tx, r, changes, user, reason)
	})
}

// amend saves changes that have nothing to do with a form. A deleted record
// stays deleted, unless that is what changes.
func (s *Store) amend(ctx context.Context, tx *sql.Tx, r *row, changes map[string]syncproto.Value, user, reason string) error {
	if err := notOfTheSystem(r.rec.Type); err != nil {
		return fmt.Errorf("record %s: %w", r.rec.ID, err)
	}
	k, err := s.survey(ctx, tx)
	if err != nil {
		return err
	}
	p, err := k.place(ctx, tx, r.rec)
	if err != nil {
		return err
	}
	if err := checkOpen(ctx, tx, p); err != nil {
		return fmt.Errorf("record %s: %w", r.rec.ID, err)
	}
	if _, ok := changes[syncproto.GroupLife]; !ok && !r.rec.Alive() {
		changes[syncproto.GroupLife] = syncproto.False
	}
	return s.save(ctx, tx, r, changes, k.formOf(p), user, reason)
}

// notOfTheSystem refuses types that only the office writes.
func notOfTheSystem(kind string) error {
	if strings.HasPrefix(kind, "_") {
		return fmt.Errorf("%w: a %s is written at the office", ErrInvalid, kind)
	}
	return nil
}

// writing is update for the officer's own saves.
func (s *Store) writing(ctx context.Context, f func(ctx context.Context, tx *sql.Tx) error) error {
	if err := s.prove(ctx); err != nil {
		return err
	}
	return s.update(ctx, f)
}

// prepared is one save that is ready to be made.
type prepared struct {
	row     *row
	changes map[string]syncproto.Value
	form    *survey.Form
}

// prepare finds or begins the record, finds its round, and turns answers into
// groups.
func (s *Store) prepare(ctx context.Context, tx *sql.Tx, e Edit) (p prepared, err error) {
	p = prepared{row: &row{}, changes: map[string]syncproto.Value{}}
	if e.ID.IsZero() {
		err = s.begin(ctx, tx, &e, p.row, p.changes)
	} else {
		p.row, err = reopen(ctx, tx, e, p.changes)
	}
	if err != nil {
		return p, err
	}
	rec := p.row.rec
	if v := syncproto.Text(string(e.Area)); e.Area != "" && !says(rec, syncproto.GroupScope, v) {
		if !e.Area.Valid() {
			return p, fmt.Errorf("area %q: %w: want the 8 digits of a village, or 6 of a tambon, 4 of an amphoe, 2 of a province", e.Area, ErrInvalid)
		}
		p.changes[syncproto.GroupScope] = v
	}
	if e.Confirm && slices.ContainsFunc(rec.Groups[syncproto.GroupCarried], func(x syncproto.Entry) bool { return bytes.Equal(x.Value, syncproto.True) }) {
		p.changes[syncproto.GroupCarried] = syncproto.False
	}
	k, err := s.survey(ctx, tx)
	if err != nil {
		return p, err
	}
	at, err := k.settle(ctx, tx, rec, e, p.changes)
	if err != nil {
		return p, err
	}
	p.form = k.formOf(at)
	if err := pack(p.form, rec, e.Values, p.changes); err != nil {
		return p, err
	}
	if changesNothing(p.row, p.changes) {
		return p, nil
	}
	if err := checkOpen(ctx, tx, at); err != nil {
		return p, err
	}
	if e.ID.IsZero() {
		return p, nil
	}
	was, err := k.place(ctx, tx, rec)
	if err != nil {
		return p, err
	}
	return p, checkOpen(ctx, tx, was)
}

// reopen reads the record that an edit changes.
func reopen(ctx context.Context, tx *sql.Tx, e Edit, changes map[string]syncproto.Value) (*row, error) {
	r, err := readRow(ctx, tx, e.ID)
	if err != nil {
		return nil, err
	}
	if err := notOfTheSystem(r.rec.Type); err != nil {
		return nil, fmt.Errorf("record %s: %w", e.ID, err)
	}
	if e.Type != "" && e.Type != r.rec.Type {
		return nil, fmt.Errorf("record %s: %w: it is a %s, not a %s", e.ID, ErrInvalid, r.rec.Type, e.Type)
	}
	if e.Parent == e.ID {
		return nil, fmt.Errorf("record %s: %w: it cannot be its own parent", e.ID, ErrInvalid)
	}
	if v := syncproto.ID(e.Parent); !e.Parent.IsZero() && !says(r.rec, syncproto.GroupParent, v) {
		changes[syncproto.GroupParent] = v
	}
	return r, nil
}

// begin starts a new record.
func (s *Store) begin(ctx context.Context, tx *sql.Tx, e *Edit, r *row, changes map[string]syncproto.Value) error {
	if e.Type == "" || len(e.Type) > syncproto.MaxNameBytes {
		return fmt.Errorf(`%w: a new record needs a type such as "household"`, ErrInvalid)
	}
	if err := notOfTheSystem(e.Type); err != nil {
		return err
	}
	if !e.Parent.IsZero() {
		changes[syncproto.GroupParent] = syncproto.ID(e.Parent)
		if e.Area == "" {
			parent, err := readRow(ctx, tx, e.Parent)
			if err != nil {
				return fmt.Errorf("parent of the new %s: %w", e.Type, err)
			}
			e.Area = parent.rec.Area()
		}
	}
	if e.Area == "" {
		return fmt.Errorf(`%w: a new %s needs an area such as "45030301", or a parent`, ErrInvalid, e.Type)
	}
	var random [10]byte
	if _, err := io.ReadFull(s.opts.Random, random[:]); err != nil {
		return fmt.Errorf("record id: %w", err)
	}
	r.rec = syncproto.Record{ID: syncproto.NewRecordID(s.now(), random), Type: e.Type}
	return nil
}

// pack turns answers into the groups they change.
func pack(form *survey.Form, rec syncproto.Record, values map[string]any, changes map[string]syncproto.Value) error {
	kind, _ := form.Type(rec.Type)
	current, err := Answers(kind, rec)
	if err != nil {
		return err
	}
	for q := range values {
		if q == "" || strings.HasPrefix(q, "_") || len(q) > syncproto.MaxNameBytes {
			return fmt.Errorf("question %.80q: %w: a name has 1 to %d bytes and does not begin with _", q, ErrInvalid, syncproto.MaxNameBytes)
		}
	}
	for group, answer := range kind.Pack(current, values) {
		v, err := syncproto.NewValue(answer)
		if err != nil {
			return fmt.Errorf("answer to %s: %w: %w", group, ErrInvalid, err)
		}
		if !says(rec, group, v) {
			changes[group] = v
		}
	}
	return nil
}

// says reports whether the group holds v and nothing else, so that a save of v
// would change nothing. A group that was never written is as good as cleared.
func says(rec syncproto.Record, group string, v syncproto.Value) bool {
	entries := rec.Groups[group]
	if len(entries) == 0 {
		return bytes.Equal(v, syncproto.Null)
	}
	return !slices.ContainsFunc(entries, func(e syncproto.Entry) bool { return !bytes.Equal(e.Value, v) })
}

// Answers returns the answers to display, question by question. kind may be
// nil for a type that the form does not know.
func Answers(kind *survey.RecordType, rec syncproto.Record) (map[string]any, error) {
	e, err := view.Entry(rec, kind)
	return e.Values, err
}

// changesNothing reports whether a save would leave the record as it is.
func changesNothing(r *row, changes map[string]syncproto.Value) bool {
	return len(changes) == 0 && len(r.rec.VV) > 0 && says(r.rec, syncproto.GroupLife, syncproto.True)
}

// save makes one save of r by this store's actor, within tx.
func (s *Store) save(ctx context.Context, tx *sql.Tx, r *row, changes map[string]syncproto.Value, form *survey.Form, user, reason string) error {
	if changesNothing(r, changes) {
		return nil
	}
	d, err := readIdentity(ctx, tx)
	if err != nil {
		return err
	}
	if user == "" {
		user = d.Officer
	}
	op := syncproto.Op{
		Dot: syncproto.Dot{Actor: d.Actor, Counter: d.Counter + 1}, Wall: s.now(),
		Context: syncproto.Context{User: user, Form: form.Ref(), App: s.opts.App, Offset: d.Offset, Reason: reason},
	}
	next := r.rec.Save(op, changes)
	if _, err := syncproto.DecodeRecord(next.Encode()); err != nil { // what we could not read we do not write
		return fmt.Errorf("record %s: %w: %w", next.ID, ErrInvalid, err)
	}
	if err := next.CheckReserved(); err != nil {
		return fmt.Errorf("record %s: %w: %w", next.ID, ErrInvalid, err)
	}
	r.set(next)
	r.updated = op.Wall
	if _, err := tx.ExecContext(ctx, `UPDATE device SET counter = $1 WHERE one = 1`, op.Dot.Counter); err != nil {
		return fmt.Errorf("take counter: %w", err)
	}
	saved, _ := next.Op(op.Dot)
	if err := noteSave(ctx, tx, saved); err != nil {
		return err
	}
	return writeRow(ctx, tx, r)
}

// moveMembers moves a household's members along with it. Those whom another
// officer has moved elsewhere meanwhile are decided with it.
func (s *Store) moveMembers(ctx context.Context, tx *sql.Tx, parent syncproto.RecordID, from, to area.Code, form *survey.Form, e Edit) error {
	ids, err := queryIDs(ctx, tx, `SELECT id FROM records WHERE parent = $1 AND area = $2 ORDER BY id`, parent[:], from)
	if err != nil {
		return err
	}
	for _, id := range ids {
		r, err := readRow(ctx, tx, id)
		if err != nil {
			return err
		}
		changes := map[string]syncproto.Value{syncproto.GroupScope: syncproto.Text(string(to))}
		if says(r.rec, syncproto.GroupScope, changes[syncproto.GroupScope]) {
			continue
		}
		if !r.rec.Alive() {
			changes[syncproto.GroupLife] = syncproto.False
		}
		if err := s.save(ctx, tx, r, changes, form, e.User, e.Reason); err != nil {
			return err
		}
	}
	return nil
}

// IsInput reports whether err is about what the caller gave, not about the
// store or the network.
func IsInput(err error) bool {
	return errors.Is(err, ErrInvalid) || errors.Is(err, ErrNotFound) || errors.Is(err, ErrCertified)
}
