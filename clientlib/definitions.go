package clientlib

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"tambonsync/syncproto"
	"tambonsync/syncproto/survey"
)

// Bounds on what an office may make a device download and hold at once.
const (
	maxGivenBytes = 64 << 20
	maxGivenPages = 1000
)

// fetchDefinitions brings rounds, forms, indicator sets and village names up to
// date if hello told that they changed. What is wrong with them never stops the
// sync of records: it is noted, and tried again in the next sync.
func (y *syncer) fetchDefinitions(ctx context.Context) error {
	d, err := readIdentity(ctx, y.db)
	if err != nil {
		return err
	}
	nothing := syncproto.Hash{}
	switch {
	case y.definitions == nothing && (d.Definitions != nothing || d.DefinitionsError != ""):
		return y.forgetGiven(ctx)
	case d.Definitions == y.definitions:
		return y.noteDefinitions(ctx, d, "")
	}
	got, err := y.downloadDefinitions(ctx)
	switch {
	case err == nil:
		return y.keepDefinitions(ctx, got)
	case ctx.Err() != nil || errors.Is(err, ErrRevoked):
		return err
	}
	return y.noteDefinitions(ctx, d, "not fetched: "+err.Error())
}

// noteDefinitions stores what hinders the fetching of definitions.
func (y *syncer) noteDefinitions(ctx context.Context, d identity, problem string) error {
	if d.DefinitionsError == problem {
		return nil
	}
	if _, err := y.db.ExecContext(ctx, `UPDATE device SET definitions_error = $1 WHERE one = 1`, problem); err != nil {
		return fmt.Errorf("definitions: %w", err)
	}
	return nil
}

// forgetGiven is for an office that has nothing for this device. Forms stay:
// records may have been filled in with them.
func (y *syncer) forgetGiven(ctx context.Context) error {
	return y.update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, query := range []string{
			`DELETE FROM rounds_above`, `DELETE FROM villages`,
			`UPDATE device SET definitions = x'', definitions_error = '', given = given + 1 WHERE one = 1`,
		} {
			if _, err := tx.ExecContext(ctx, query); err != nil {
				return fmt.Errorf("definitions: %w", err)
			}
		}
		return nil
	})
}

// downloadDefinitions collects all pages of one answer in memory.
func (y *syncer) downloadDefinitions(ctx context.Context) (all syncproto.DefinitionsResponse, err error) {
	req := syncproto.DefinitionsRequest{}
	if req.Have, err = heldDefinitions(ctx, y.db); err != nil {
		return all, err
	}
	size := 0
	for range maxGivenPages {
		var page syncproto.DefinitionsResponse
		if err := y.authorized(ctx, y.link, "/sync/v1/definitions", req, &page); err != nil {
			return all, err
		}
		if req.Skip > 0 && page.Hash != req.Hash { // it has changed since the page before
			all, req.Skip, size = syncproto.DefinitionsResponse{}, 0, 0
		}
		n := len(page.Rounds) + len(page.Definitions) + len(page.Villages)
		all.Hash, all.All = page.Hash, page.All
		all.Rounds = append(all.Rounds, page.Rounds...)
		all.Definitions = append(all.Definitions, page.Definitions...)
		all.Villages = append(all.Villages, page.Villages...)
		if size += sizeOfPage(page); size > maxGivenBytes {
			return all, fmt.Errorf("they are over %d bytes", maxGivenBytes)
		}
		if !page.More {
			return all, nil
		}
		if n == 0 {
			return all, errors.New("the office sends an empty page and says that there is more")
		}
		req.Hash, req.Skip = page.Hash, req.Skip+uint64(n)
	}
	return all, fmt.Errorf("they are over %d pages", maxGivenPages)
}

func sizeOfPage(p syncproto.DefinitionsResponse) int {
	size := 64 * len(p.Villages)
	for _, r := range p.Rounds {
		size += len(r)
	}
	for _, d := range p.Definitions {
		size += len(d.Body)
	}
	return size
}

func heldDefinitions(ctx context.Context, q querier) ([]syncproto.DefinitionHash, error) {
	list, err := collect(ctx, q, func(rows *sql.Rows) (h syncproto.DefinitionHash, err error) {
		var hash []byte
		err = rows.Scan(&hash)
		copy(h[:], hash)
		return h, err
	}, `SELECT hash FROM definitions ORDER BY hash LIMIT $1`, syncproto.MaxDefinitions)
	if err != nil {
		return nil, fmt.Errorf("definitions: %w", err)
	}
	return list, nil
}

// keepDefinitions replaces what was given before, in one transaction with the
// hash. Definitions that are not what their hash says are left out, and so is
// the hash then: the next sync asks again.
func (y *syncer) keepDefinitions(ctx context.Context, got syncproto.DefinitionsResponse) error {
	return y.update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		problems, err := keepForms(ctx, tx, got)
		if err != nil {
			return fmt.Errorf("definitions: %w", err)
		}
		bad, err := keepRounds(ctx, tx, got.Rounds)
		if err != nil {
			return fmt.Errorf("rounds: %w", err)
		}
		problems = append(problems, bad...)
		if _, err := tx.ExecContext(ctx, `DELETE FROM villages`); err != nil {
			return fmt.Errorf("villages: %w", err)
		}
		for _, v := range got.Villages {
			_, err := tx.ExecContext(ctx, `INSERT INTO villages (code, name_th, name_en, local_gov) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
				v.Code, v.NameTH, v.NameEN, v.LocalGov)
			if err != nil {
				return fmt.Errorf("villages: %w", err)
			}
		}
		hash := got.Hash[:]
		if len(problems) > 0 {
			hash = []byte{}
		}
		_, err = tx.ExecContext(ctx, `UPDATE device SET definitions = $1, definitions_error = $2, given = given + 1 WHERE one = 1`, hash, strings.Join(problems, "; "))
		return err
	})
}

func keepForms(ctx context.Context, tx *sql.Tx, got syncproto.DefinitionsResponse) (problems []string, err error) {
	for _, d := range got.Definitions {
		if sha256.Sum256(d.Body) != d.Hash {
			problems = append(problems, fmt.Sprintf("%s %s: its bytes do not have its hash", d.Kind, d.Ref))
			continue
		}
		trouble := ""
		if _, _, err := readDefinition(d.Kind, d.Ref, d.Body); err != nil {
			trouble = err.Error() // kept: a later version of this program may read it
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO definitions (hash, kind, ref, body, error) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (hash) DO UPDATE SET kind = excluded.kind, ref = excluded.ref, error = excluded.error`, d.Hash[:], d.Kind, d.Ref, d.Body, trouble)
		if err != nil {
			return nil, err
		}
	}
	held, err := heldDefinitions(ctx, tx)
	if err != nil {
		return nil, err
	}
	for _, h := range held {
		if !slices.Contains(got.All, h) {
			if _, err := tx.ExecContext(ctx, `DELETE FROM definitions WHERE hash = $1`, h[:]); err != nil {
				return nil, err
			}
		}
	}
	return problems, nil
}

// readDefinition reads a form or an indicator set; the other one is nil.
func readDefinition(kind, ref string, body []byte) (*survey.Form, *survey.Set, error) {
	switch kind {
	case survey.KindForm:
		f, err := survey.Parse(body)
		if err == nil && f.Ref() != ref {
			err = fmt.Errorf("it calls itself %s", f.Ref())
		}
		if err != nil {
			return nil, nil, fmt.Errorf("form %s: %w", ref, err)
		}
		return f, nil, nil
	case survey.KindIndicators:
		s, err := survey.ParseSet(body)
		if err == nil && s.Ref() != ref {
			err = fmt.Errorf("it calls itself %s", s.Ref())
		}
		if err != nil {
			return nil, nil, fmt.Errorf("indicators %s: %w", ref, err)
		}
		return nil, s, nil
	}
	return nil, nil, fmt.Errorf("%s: this program does not know a definition of kind %.40q; update it", ref, kind)
}

func keepRounds(ctx context.Context, tx *sql.Tx, rounds [][]byte) (problems []string, err error) {
	if _, err := tx.ExecContext(ctx, `DELETE FROM rounds_above`); err != nil {
		return nil, err
	}
	for _, raw := range rounds {
		rec, err := syncproto.DecodeRecord(raw)
		if err == nil {
			err = rec.CheckReserved()
		}
		if err == nil && rec.Type != syncproto.TypeRound {
			err = fmt.Errorf("record %s is a %s", rec.ID, rec.Type)
		}
		if err != nil {
			problems = append(problems, "round: "+err.Error())
			continue
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO rounds_above (id, state) VALUES ($1, $2) ON CONFLICT DO NOTHING`, rec.ID[:], raw); err != nil {
			return nil, err
		}
	}
	return problems, nil
}

// definitionsError says in one sentence what is wrong with the definitions
// here, "" for nothing. What could not be read once is tried again: the program
// may have been updated.
func definitionsError(ctx context.Context, q querier, d identity) (string, error) {
	failed, err := collect(ctx, q, scanDefinition, `SELECT kind, ref, body FROM definitions WHERE error <> '' ORDER BY kind, ref`)
	if err != nil {
		return "", fmt.Errorf("definitions: %w", err)
	}
	var problems []string
	for _, f := range failed {
		if _, _, err := readDefinition(f.Kind, f.Ref, f.Body); err != nil {
			problems = append(problems, err.Error())
		}
	}
	if d.DefinitionsError != "" {
		problems = append(problems, d.DefinitionsError)
	}
	return strings.Join(problems, "; "), nil
}

func scanDefinition(rows *sql.Rows) (d syncproto.Definition, err error) {
	err = rows.Scan(&d.Kind, &d.Ref, &d.Body)
	return d, err
}
