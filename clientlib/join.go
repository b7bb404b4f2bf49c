package clientlib

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"tambonsync/syncproto"
	"tambonsync/syncproto/survey"
)

// settle finds where a record belongs after an edit, and notes in changes the
// round that it names.
func (k knowledge) settle(ctx context.Context, q querier, rec syncproto.Record, e Edit, changes map[string]syncproto.Value) (place, error) {
	next := rec // as it will be: the groups that say where it belongs
	next.Groups = map[string][]syncproto.Entry{}
	for _, group := range []string{syncproto.GroupScope, syncproto.GroupParent, syncproto.GroupRound} {
		next.Groups[group] = rec.Groups[group]
		if v, ok := changes[group]; ok {
			next.Groups[group] = []syncproto.Entry{{Value: v}}
		}
	}
	id, err := k.choose(next, e)
	if err != nil {
		return place{}, err
	}
	if v := syncproto.ID(id); !id.IsZero() && !says(rec, syncproto.GroupRound, v) {
		changes[syncproto.GroupRound] = v
		next.Groups[syncproto.GroupRound] = []syncproto.Entry{{Value: v}}
	}
	return k.place(ctx, q, next)
}

// choose returns the round that an edit puts a record into: the one that it
// names, or for a new household the only open one of its area. Zero: none. A
// member is in the round of its household and names none.
func (k knowledge) choose(next syncproto.Record, e Edit) (syncproto.RecordID, error) {
	member := !next.Parent().IsZero()
	switch {
	case !e.Round.IsZero() && member:
		return e.Round, fmt.Errorf("%w: a %s is in the round of its household; give the round with that", ErrInvalid, next.Type)
	case !e.Round.IsZero():
		return e.Round, k.checkRound(e.Round, next)
	case !e.ID.IsZero() || member:
		return syncproto.RecordID{}, nil
	}
	form := ""
	if k.form != nil {
		form = k.form.Ref()
	}
	_, _, open := k.fitting(next.Area(), next.Type, form)
	open = slices.DeleteFunc(open, func(r survey.Round) bool { return !r.Open || !k.standsAlone(r.Form, next.Type) })
	switch len(open) {
	case 0:
		return syncproto.RecordID{}, nil
	case 1:
		return roundID(open[0]), nil
	}
	names := make([]string, len(open))
	for i, r := range open {
		names[i] = fmt.Sprintf("%s (%s, %s)", r.ID, r.Title, r.Form)
	}
	return syncproto.RecordID{}, fmt.Errorf("%w: several rounds are open in %s, name one / เปิดหลายรอบสำรวจ กรุณาระบุรอบ: %s", ErrInvalid, next.Area(), strings.Join(names, ", "))
}

// standsAlone reports whether records of the type have no parent in the form.
func (k knowledge) standsAlone(ref, kind string) bool {
	f, ok := k.catalog.Form(ref)
	if !ok {
		return false
	}
	t, _ := f.Type(kind)
	return t.Parent() == ""
}

// checkRound refuses to put a record into a round that it cannot belong to. A
// closed round takes what was asked before it closed and typed in later.
func (k knowledge) checkRound(id syncproto.RecordID, next syncproto.Record) error {
	r, ok := k.find(id)
	switch {
	case !ok:
		return fmt.Errorf("round %s: %w: this device does not know it; sync", id, ErrInvalid)
	case !r.Covers(string(next.Area())):
		return fmt.Errorf("round %s: %w: it does not survey %s", id, ErrInvalid, next.Area())
	}
	if f, ok := k.catalog.Form(r.Form); ok {
		if _, has := f.Type(next.Type); !has {
			return fmt.Errorf("round %s: %w: its form %s has no %s", id, ErrInvalid, r.Form, next.Type)
		}
	}
	return nil
}

// SetState says how far a household is: syncproto.StateSubmitted,
// StateReturned or StateApproved, with a note and comments by question; ""
// takes it back. The state remembers the answers as they are now.
func (s *Store) SetState(ctx context.Context, id syncproto.RecordID, state, note string, comments map[string]string, user string) error {
	return s.writing(ctx, func(ctx context.Context, tx *sql.Tx) error {
		r, err := readRow(ctx, tx, id)
		if err != nil {
			return err
		}
		st := syncproto.State{State: state, Note: note, Answers: r.rec.AnswersDigest(), Comments: comments}
		v, err := st.Value()
		if err != nil {
			return fmt.Errorf("record %s: %w: %w", id, ErrInvalid, err)
		}
		if says(r.rec, syncproto.GroupState, v) {
			return nil
		}
		return s.amend(ctx, tx, r, map[string]syncproto.Value{syncproto.GroupState: v}, user, state)
	})
}
