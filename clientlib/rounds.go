package clientlib

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
	"tambonsync/syncproto/survey"
	"tambonsync/syncproto/view"
)

// maxParents bounds how far a record's round is looked for above it.
const maxParents = 8

// shelf keeps the catalog as long as the definitions on disk are the same.
type shelf struct {
	mu      sync.Mutex
	given   int64
	catalog *survey.Catalog
}

// Catalog returns the forms and indicator sets that this device knows: those
// of the program, and those that its office published.
func (s *Store) Catalog(ctx context.Context) (*survey.Catalog, error) { return s.catalog(ctx, s.db) }

func (s *Store) catalog(ctx context.Context, q querier) (*survey.Catalog, error) {
	var given int64
	if err := q.QueryRowContext(ctx, `SELECT given FROM device WHERE one = 1`).Scan(&given); err != nil {
		return nil, fmt.Errorf("catalog: %w", err)
	}
	s.shelf.mu.Lock()
	defer s.shelf.mu.Unlock()
	if s.shelf.catalog != nil && s.shelf.given == given {
		return s.shelf.catalog, nil
	}
	list, err := collect(ctx, q, scanDefinition, `SELECT kind, ref, body FROM definitions ORDER BY kind, ref`)
	if err != nil {
		return nil, fmt.Errorf("catalog: %w", err)
	}
	var forms []*survey.Form
	var sets []*survey.Set
	for _, d := range list {
		f, set, err := readDefinition(d.Kind, d.Ref, d.Body)
		switch {
		case err != nil: // Status tells
		case f != nil:
			forms = append(forms, f)
		default:
			sets = append(sets, set)
		}
	}
	s.shelf.catalog, s.shelf.given = survey.Builtin().With(forms, sets), given
	return s.shelf.catalog, nil
}

// Rounds returns the `_round` records that concern this device, by id: those of
// its own areas and those of wider ones. Deleted ones are left out.
func (s *Store) Rounds(ctx context.Context) ([]syncproto.Record, error) { return rounds(ctx, s.db) }

func rounds(ctx context.Context, q querier) ([]syncproto.Record, error) {
	states, err := collect(ctx, q, func(rows *sql.Rows) (raw []byte, err error) {
		err = rows.Scan(&raw)
		return raw, err
	}, `SELECT state FROM records WHERE type = '_round' UNION ALL SELECT state FROM rounds_above`)
	if err != nil {
		return nil, fmt.Errorf("rounds: %w", err)
	}
	var list, out []syncproto.Record
	for _, raw := range states {
		// One that is damaged here comes again with the next sync; no save waits for it.
		if rec, err := syncproto.DecodeRecord(raw); err == nil {
			list = append(list, rec)
		}
	}
	slices.SortStableFunc(list, func(a, b syncproto.Record) int { return a.ID.Compare(b.ID) })
	for _, r := range list {
		switch last := len(out) - 1; {
		case last >= 0 && out[last].ID == r.ID:
			out[last] = syncproto.Merge(out[last], r)
		default:
			out = append(out, r)
		}
	}
	return slices.DeleteFunc(out, func(r syncproto.Record) bool { return !r.Alive() }), nil
}

// Villages returns what the villages of this device's areas are called, by
// code, as its office last told.
func (s *Store) Villages(ctx context.Context) ([]syncproto.VillageName, error) {
	list, err := collect(ctx, s.db, func(rows *sql.Rows) (v syncproto.VillageName, err error) {
		err = rows.Scan(&v.Code, &v.NameTH, &v.NameEN, &v.LocalGov)
		return v, err
	}, `SELECT code, name_th, name_en, local_gov FROM villages ORDER BY code`)
	if err != nil {
		return nil, fmt.Errorf("villages: %w", err)
	}
	return list, nil
}

// RoundOf returns the round that a record belongs to, see PROTOCOL.md, section
// 2. ok is false if it has none, or one that this device does not know.
func (s *Store) RoundOf(ctx context.Context, rec syncproto.Record) (r survey.Round, ok bool, err error) {
	k, err := s.survey(ctx, s.db)
	if err != nil {
		return r, false, err
	}
	at, err := k.place(ctx, s.db, rec)
	return at.round, at.known, err
}

// knowledge is what the device knows of forms and rounds at one moment.
type knowledge struct {
	catalog *survey.Catalog
	rounds  []survey.Round
	form    *survey.Form // instead of all that, see Options.Form
}

func (s *Store) survey(ctx context.Context, q querier) (k knowledge, err error) {
	k.form = s.opts.Form
	if k.catalog, err = s.catalog(ctx, q); err != nil {
		return k, err
	}
	records, err := rounds(ctx, q)
	if err != nil {
		return k, err
	}
	for _, rec := range records {
		k.rounds = append(k.rounds, view.Round(rec))
	}
	return k, nil
}

// place is where a record belongs in the survey.
type place struct {
	id     syncproto.RecordID // of the round, zero if it has none
	round  survey.Round
	known  bool // round is the one of id; else it has none, or this device does not know it
	code   area.Code
	kind   string
	filled string // the form that the record was last filled in with, or ""
}

// place finds the round of a record.
func (k knowledge) place(ctx context.Context, q querier, rec syncproto.Record) (place, error) {
	p := place{code: rec.Area(), kind: rec.Type, filled: lastForm(rec)}
	named, parent := rec.Round(), rec.Parent()
	for range maxParents {
		if !named.IsZero() {
			p.id = named
			p.round, p.known = k.find(named)
			return p, nil
		}
		if parent.IsZero() {
			break
		}
		r, err := readRow(ctx, q, parent)
		if errors.Is(err, ErrNotFound) || errors.Is(err, ErrDamaged) {
			break // its area tells
		}
		if err != nil {
			return p, err
		}
		named, parent = r.rec.Round(), r.rec.Parent()
		if named.IsZero() && parent.IsZero() {
			if p.round, p.known = k.only(r.rec); p.known {
				p.id = roundID(p.round)
				return p, nil
			}
		}
	}
	if p.round, p.known = k.only(rec); p.known {
		p.id = roundID(p.round)
	}
	return p, nil
}

func (k knowledge) find(id syncproto.RecordID) (survey.Round, bool) {
	i := slices.IndexFunc(k.rounds, func(r survey.Round) bool { return r.ID == id.String() })
	if i < 0 {
		return survey.Round{}, false
	}
	return k.rounds[i], true
}

// fitting finds the round of a record that names none: the only one that fits,
// and all that do. form is what the latest save names, or ""; one that is not
// known here stands for the form by which the record is read.
func (k knowledge) fitting(code area.Code, kind, form string) (survey.Round, bool, []survey.Round) {
	return k.catalog.RoundOfSave(k.rounds, kind, string(code), form)
}

// only is the only round that fits a record, if there is one.
func (k knowledge) only(rec syncproto.Record) (survey.Round, bool) {
	last, _ := rec.LastSave()
	r, ok, _ := k.fitting(rec.Area(), rec.Type, last.Form)
	return r, ok
}

func roundID(r survey.Round) syncproto.RecordID {
	id, _ := syncproto.ParseRecordID(r.ID) // view.Round wrote it
	return id
}

// formOf is the form that a save at p is made with: that of its round, else
// the newest version of the one that it was filled in with, or else of the
// program's own. Where the round's form has not arrived, a form that has the
// record's type does: an officer can always save.
func (k knowledge) formOf(p place) *survey.Form {
	if k.form != nil {
		return k.form
	}
	ref := survey.Default().Name()
	if name, _, _ := strings.Cut(p.filled, "@"); name != "" {
		ref = name
	}
	if p.known {
		ref = p.round.Form
	}
	if f := k.catalog.FormFor(p.kind, ref); f != nil {
		return f
	}
	return survey.Default()
}

// lastForm is the form of the record's latest save that names one, "" if none
// does: the office decides conflicts without a form.
func lastForm(rec syncproto.Record) string {
	form, at := "", int64(0)
	for _, op := range rec.Ops {
		if op.Form != "" && (form == "" || op.At() >= at) {
			form, at = op.Form, op.At()
		}
	}
	return form
}

// checkOpen refuses a save in a village that is signed off in the round.
func checkOpen(ctx context.Context, q querier, p place) error {
	if p.id.IsZero() {
		return nil
	}
	r, err := readRow(ctx, q, syncproto.VillageID(p.id, p.code))
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrDamaged) {
		return nil
	}
	if err != nil {
		return err
	}
	if r.rec.Alive() && bytes.Equal(r.rec.Winner("state"), syncproto.Text("certified")) {
		return fmt.Errorf("area %s: %w", p.code, ErrCertified)
	}
	return nil
}
