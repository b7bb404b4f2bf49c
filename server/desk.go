package server

import (
	"context"
	"errors"
	"fmt"

	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
	"tambonsync/syncproto/survey"
)

// What a supervisor does at a desk, as ordinary saves of the office: they
// travel to every tablet and can be taken back.

// NewDefinition checks a form or an indicator set, as JSON, and makes it ready
// for the store. It begins as a draft, which tablets do not get.
func NewDefinition(data []byte, by string, at int64) (Definition, error) {
	d := Definition{Status: StatusDraft, By: by, At: at}
	if survey.KindOf(data) == survey.KindIndicators {
		s, err := survey.ParseSet(data)
		if err != nil {
			return d, err
		}
		d.Kind, d.Name, d.Version, d.Hash, d.Body = KindIndicators, s.Name(), s.Version(), s.Hash(), s.JSON()
		return d, checkTaken(d)
	}
	f, err := survey.Parse(data)
	if err != nil {
		return d, err
	}
	d.Kind, d.Name, d.Version, d.Hash, d.Body = KindForm, f.Name(), f.Version(), f.Hash(), f.JSON()
	return d, checkTaken(d)
}

// checkTaken keeps an office from giving another meaning to a version that is
// part of every program: its tablets would read their answers by it.
func checkTaken(d Definition) error {
	if hash := builtIn(d.Kind, d.Ref()); hash != "" && hash != d.Hash {
		return fmt.Errorf("%s is part of the program and never changes: import yours as version %d", d.Ref(), d.Version+1)
	}
	return nil
}

// builtIn is the hash of a definition that the program has complete, else "".
func builtIn(kind, ref string) string {
	if kind == KindForm {
		if f, ok := survey.Builtin().Form(ref); ok && !f.Draft() {
			return f.Hash()
		}
	} else if s, ok := survey.Builtin().Set(ref); ok && !s.Draft() {
		return s.Hash()
	}
	return ""
}

// CheckPublish reports why a definition may not be published. c holds the
// office's definitions with its drafts.
func CheckPublish(d Definition, c *survey.Catalog) error {
	if d.Kind == KindForm {
		f, ok := c.Form(d.Ref())
		if !ok {
			return fmt.Errorf("form %s: %w", d.Ref(), ErrNotFound)
		}
		if f.Draft() {
			return fmt.Errorf("form %s says of itself that it is a draft: complete it, take \"draft\" out and import it again", d.Ref())
		}
		return nil
	}
	s, ok := c.Set(d.Ref())
	if !ok {
		return fmt.Errorf("indicators %s: %w", d.Ref(), ErrNotFound)
	}
	if s.Draft() {
		return fmt.Errorf("indicator set %s says of itself that it is a draft: complete it, take \"draft\" out and import it again", d.Ref())
	}
	_, err := c.Indicators(s.Form(), s.Ref())
	return err
}

// StateEdit is a supervisor's word on a household: approved, or returned with
// a note and comments by question; "" takes it back. It remembers the answers
// as they are now, so that a later change shows.
func StateEdit(rec syncproto.Record, state, note string, comments map[string]string, user string, at int64) (Edit, error) {
	if !rec.Alive() {
		return Edit{}, errors.New("the record is deleted")
	}
	v, err := syncproto.State{State: state, Note: note, Answers: rec.AnswersDigest(), Comments: comments}.Value()
	if err != nil {
		return Edit{}, err
	}
	last, _ := rec.LastSave()
	return Edit{
		ID: rec.ID, Seen: rec.VV, At: at, Changes: map[string]syncproto.Value{syncproto.GroupState: v},
		Context: syncproto.Context{User: user, Form: last.Form, Reason: state},
	}, nil
}

// CheckMerge reports why a record may not count as another one.
func CheckMerge(rec, into syncproto.Record) error {
	switch {
	case !into.Alive() || !into.MergedInto().IsZero():
		return fmt.Errorf("record %s is deleted or merged itself", into.ID)
	case rec.Type != into.Type:
		return fmt.Errorf("a %s cannot be merged into a %s", rec.Type, into.Type)
	}
	return nil
}

// MergeEdit is the save by which a duplicate counts as another record from now
// on. Its own answers stay, and MergeEdit into nothing takes it back.
func MergeEdit(rec syncproto.Record, into syncproto.RecordID, user string, at int64) (Edit, error) {
	if into == rec.ID {
		return Edit{}, errors.New("a record cannot be merged into itself")
	}
	v, reason := syncproto.Null, "not a duplicate"
	if !into.IsZero() {
		v, reason = syncproto.ID(into), "duplicate"
	}
	last, _ := rec.LastSave()
	changes := map[string]syncproto.Value{syncproto.GroupMergedInto: v}
	if !rec.Alive() {
		changes[syncproto.GroupLife] = syncproto.False
	}
	return Edit{
		ID: rec.ID, Seen: rec.VV, At: at, Changes: changes,
		Context: syncproto.Context{User: user, Form: last.Form, Reason: reason},
	}, nil
}

// Certificate is the word of a village's forum on its numbers.
type Certificate struct {
	Round      survey.Round
	Village    area.Code
	Numbers    map[string]any // as analysis froze them; nil opens the village again
	Signatures []string       // who signed
	Note       string
}

// CertifyEdit is the save that freezes a village's numbers, or opens it again.
// The record's history keeps both.
func CertifyEdit(c Certificate, user string, at int64) (Edit, error) {
	round, err := syncproto.ParseRecordID(c.Round.ID)
	if err != nil {
		return Edit{}, err
	}
	if c.Village.Level() != area.LevelVillage || !c.Round.Covers(string(c.Village)) {
		return Edit{}, fmt.Errorf("village %s: want the 8 digits of a village that the round surveys", c.Village)
	}
	values := map[string]any{"state": "open", "numbers": nil, "signatures": nil, "note": nil}
	if c.Numbers != nil {
		signed := make([]any, len(c.Signatures))
		for i, s := range c.Signatures {
			signed[i] = s
		}
		values = map[string]any{"state": "certified", "numbers": c.Numbers, "signatures": signed, "note": nil}
	}
	if c.Note != "" {
		values["note"] = c.Note
	}
	changes, err := pack(values)
	if err != nil {
		return Edit{}, err
	}
	changes[syncproto.GroupScope] = syncproto.Text(string(c.Village))
	changes[syncproto.GroupRound] = syncproto.ID(round)
	return Edit{
		ID: syncproto.VillageID(round, c.Village), Type: syncproto.TypeVillage, Changes: changes, At: at,
		Context: syncproto.Context{User: user, Form: c.Round.Form, Reason: values["state"].(string)},
	}, nil
}

// maxConflicts is how many open cases a summary counts at most.
const maxConflicts = 1000

// LookOutstanding says what an area's sums may still lack: tablets that have
// not synced for a day, and records that officers answered differently (at most
// 1,000 are counted).
func LookOutstanding(ctx context.Context, store Store, code area.Code, now int64) (*survey.Outstanding, error) {
	devices, err := store.Devices(ctx)
	if err != nil {
		return nil, err
	}
	cases, err := store.Cases(ctx, CaseFilter{Area: code, Limit: maxConflicts})
	if err != nil {
		return nil, err
	}
	records := map[syncproto.RecordID]bool{}
	for _, c := range cases {
		records[c.Record] = true
	}
	return &survey.Outstanding{Devices: Outstanding(devices, code, now), Conflicts: len(records)}, nil
}

// Outstanding counts the tablets that may still hold something of an area: they
// work in it, are not locked out, and have not synced for a day.
func Outstanding(devices []Device, code area.Code, now int64) int {
	const day = 24 * 60 * 60 * 1000
	n := 0
	for _, d := range devices {
		if d.RevokedAt != 0 || d.SeenAt > now-day {
			continue
		}
		for _, g := range d.Grants {
			if code == "" || g.Contains(code) || code.Contains(g) {
				n++
				break
			}
		}
	}
	return n
}
