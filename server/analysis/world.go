package analysis

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"

	"tambonsync/server"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
	"tambonsync/syncproto/survey"
	"tambonsync/syncproto/view"
)

// world is what the office knows beside its records: definitions and rounds.
// It does not change.
type world struct {
	revision    uint64
	definitions [32]byte // hash of those in the store
	catalog     *survey.Catalog
	rounds      []survey.Round // by id
	byID        map[syncproto.RecordID]*round
	types       map[string]string // record type → type of the record above, or ""
	plans       map[*survey.RecordType][]keyPlan
}

// round is a round with its form and indicators.
type round struct {
	survey.Round
	id       syncproto.RecordID
	x        *survey.Indicators // nil: the form or set is not here
	judging  [32]byte
	assigned [32]byte
}

// usable reports whether records can be judged by a round.
func (w *world) usable(id syncproto.RecordID) bool { r := w.byID[id]; return r != nil && r.x != nil }

// know returns the world as it is now. It is kept while the revision stays.
func (a *Analysis) know(ctx context.Context) (*world, error) {
	for {
		revision, err := a.src.Revision(ctx)
		if err != nil {
			return nil, err
		}
		old := a.world.Load()
		if old != nil && old.revision == revision {
			return old, nil
		}
		w, err := a.readWorld(ctx, old)
		if err != nil {
			return nil, err
		}
		if w.revision, err = a.src.Revision(ctx); err != nil {
			return nil, err
		}
		if w.revision == revision { // else it changed while it was read
			a.world.Store(w)
			return w, nil
		}
	}
}

func (a *Analysis) readWorld(ctx context.Context, old *world) (*world, error) {
	definitions, err := a.src.Definitions(ctx)
	if err != nil {
		return nil, err
	}
	w := &world{definitions: hashOf(definitions), byID: map[syncproto.RecordID]*round{}}
	if old != nil && old.definitions == w.definitions {
		w.catalog, w.types, w.plans = old.catalog, old.types, old.plans
	} else {
		w.catalog = catalogOf(definitions)
		w.types, w.plans = typesOf(w.catalog), plansOf(w.catalog)
	}
	records, err := a.src.Rounds(ctx)
	if err != nil {
		return nil, err
	}
	for _, rec := range records {
		if !rec.Record.Alive() || !rec.Record.MergedInto().IsZero() {
			continue
		}
		r := &round{Round: view.Round(rec.Record), id: rec.Record.ID}
		r.assigned = sha256.Sum256(fmt.Appendf(nil, "%s %t %s", r.Form, r.Open, r.areas()))
		if x, err := w.catalog.Indicators(r.Form, r.Set); err == nil {
			r.x = x
			r.judging = sha256.Sum256([]byte(strings.Join([]string{x.Form().Hash(), x.Set().Ref(), x.Set().Hash(), r.ReferenceDate}, " ")))
		}
		w.rounds = append(w.rounds, r.Round)
		w.byID[r.id] = r
	}
	return w, nil
}

func (r *round) areas() string {
	return strings.Join(slices.Compact(slices.Sorted(slices.Values(r.Areas))), " ")
}

func hashOf(definitions []server.Definition) [32]byte {
	h := sha256.New()
	for _, d := range definitions {
		fmt.Fprintf(h, "%s %s %s %s\n", d.Kind, d.Ref(), d.Hash, d.Status)
	}
	return [32]byte(h.Sum(nil))
}

// catalogOf adds the published definitions to the built-in ones. One that this
// program cannot read is left out: rounds that use it wait for a newer program.
func catalogOf(definitions []server.Definition) *survey.Catalog {
	c, _ := server.CatalogOf(definitions, false, func(server.Definition, error) error { return nil })
	return c
}

// typesOf tells the parent of every record type. Forms that contradict each
// other to a circle leave its types without parents.
func typesOf(c *survey.Catalog) map[string]string {
	out := map[string]string{}
	for _, f := range c.Forms() {
		for _, t := range f.Types() {
			best, _ := c.ByType(t.Name())[0].Type(t.Name())
			out[t.Name()] = best.Parent()
		}
	}
	var circle []string
	for name := range out {
		up := name
		for range len(out) + 1 {
			up = out[up]
		}
		if up != "" {
			circle = append(circle, name)
		}
	}
	for _, name := range circle {
		out[name] = ""
	}
	return out
}

// pick finds the round of a record that names none: see PROTOCOL.md. form is
// what its latest save names, or "".
func (w *world) pick(code area.Code, typ, form string) syncproto.RecordID {
	found, ok, _ := w.catalog.RoundOfSave(w.rounds, typ, string(code), form)
	if !ok {
		return syncproto.RecordID{}
	}
	id, _ := syncproto.ParseRecordID(found.ID) // view.Round wrote it
	if !w.usable(id) {
		return syncproto.RecordID{}
	}
	return id
}

// Rounds returns the rounds that are there, open and closed, by id.
func (a *Analysis) Rounds(ctx context.Context) ([]survey.Round, error) {
	w, err := a.know(ctx)
	if err != nil {
		return nil, fmt.Errorf("analysis: rounds: %w", err)
	}
	return slices.Clone(w.rounds), nil
}

// storedRound is a round as it was last worked in.
type storedRound struct {
	id                syncproto.RecordID
	judging, assigned []byte
	areas             string
}

// compareWorld marks every record that a change of rounds or definitions may
// concern.
func (b *batch) compareWorld() error {
	stored, err := collect(b.ctx, b.tx, func(rows *sql.Rows) (r storedRound, err error) {
		err = rows.Scan((*scanID)(&r.id), &r.judging, &r.assigned, &r.areas)
		return r, err
	}, `SELECT id, judging, assigned, areas FROM rounds`)
	if err != nil {
		return err
	}
	was := map[syncproto.RecordID]storedRound{}
	for _, r := range stored {
		was[r.id] = r
		if b.w.byID[r.id] == nil {
			if err := b.roundGone(r); err != nil {
				return err
			}
		}
	}
	for _, r := range b.w.byID {
		if err := b.compareRound(r, was[r.id]); err != nil {
			return err
		}
	}
	return b.compareTypes()
}

func (b *batch) roundGone(r storedRound) error {
	if err := b.markRound(r.id); err != nil {
		return err
	}
	if err := b.markAreas(r.areas); err != nil {
		return err
	}
	return b.exec(`DELETE FROM rounds WHERE id = $1`, r.id[:])
}

func (b *batch) compareRound(r *round, was storedRound) error {
	sameRules, sameRecords := bytes.Equal(was.judging, r.judging[:]), bytes.Equal(was.assigned, r.assigned[:])
	if sameRules && sameRecords {
		return nil
	}
	if !sameRules {
		if err := b.markRound(r.id); err != nil {
			return err
		}
	}
	if !sameRecords {
		if err := b.markAreas(was.areas + " " + r.areas()); err != nil {
			return err
		}
	}
	return b.exec(`INSERT INTO rounds (id, judging, assigned, areas) VALUES ($1, $2, $3, $4)
		ON CONFLICT (id) DO UPDATE SET judging = excluded.judging, assigned = excluded.assigned, areas = excluded.areas`,
		r.id[:], r.judging[:], r.assigned[:], r.areas())
}

// markRound marks the records that belong to a round or name it.
func (b *batch) markRound(id syncproto.RecordID) error {
	if err := b.exec(`UPDATE items SET todo = 1 WHERE round = $1 AND todo = 0`, id[:]); err != nil {
		return err
	}
	return b.exec(`UPDATE items SET todo = 1 WHERE named = $1 AND todo = 0`, id[:])
}

// markAreas marks the records in the areas that name no round.
func (b *batch) markAreas(areas string) error {
	for _, code := range slices.Compact(slices.Sorted(slices.Values(strings.Fields(areas)))) {
		from, to := area.Code(code).Span()
		if err := b.exec(`UPDATE items SET todo = 1 WHERE area >= $1 AND area < $2 AND named IS NULL AND todo = 0`, from, to); err != nil {
			return err
		}
	}
	return nil
}

// compareTypes marks the records of types that are new, gone, or belong under
// another type now.
func (b *batch) compareTypes() error {
	stored := map[string]string{}
	list, err := collect(b.ctx, b.tx, func(rows *sql.Rows) (t [2]string, err error) {
		err = rows.Scan(&t[0], &t[1])
		return t, err
	}, `SELECT type, parent FROM types`)
	if err != nil {
		return err
	}
	for _, t := range list {
		stored[t[0]] = t[1]
	}
	if maps.Equal(stored, b.w.types) {
		return nil
	}
	if err := b.exec(`DELETE FROM types`); err != nil {
		return err
	}
	names := map[string]bool{}
	for name := range stored {
		names[name] = true
	}
	for name, parent := range b.w.types {
		names[name] = true
		if err := b.exec(`INSERT INTO types (type, parent) VALUES ($1, $2)`, name, parent); err != nil {
			return err
		}
	}
	for name := range names {
		before, had := stored[name]
		after, has := b.w.types[name]
		if before == after && had == has {
			continue
		}
		if err := b.exec(`UPDATE items SET todo = 1 WHERE id IN (SELECT over FROM items WHERE type = $1 AND over IS NOT NULL)`, name); err != nil {
			return err
		}
		if err := b.exec(`UPDATE items SET todo = 1 WHERE type = $1`, name); err != nil {
			return err
		}
	}
	return nil
}
