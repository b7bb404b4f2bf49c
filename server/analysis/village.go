package analysis

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"

	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
	"tambonsync/syncproto/survey"
)

// signOff works in one `_village` record: while it certifies, its numbers
// count in the place of the village's own. It returns the villages to look at
// for edits since.
func (b *batch) signOff(it *item) ([]cell, error) {
	frozen, lacks, err := b.certificate(it)
	if err != nil {
		return nil, err
	}
	var was cell
	var stored string
	err = b.row(`SELECT round, area, numbers FROM villages WHERE id = $1`, it.id[:]).Scan((*scanID)(&was.round), &was.area, &stored)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, err
	}
	had := err == nil
	home := cell{round: it.round, area: it.area}
	if had && (frozen == nil || was != home) {
		if err := b.thaw(was); err != nil {
			return nil, err
		}
		if _, err := b.writeLedger(); err != nil {
			return nil, err
		}
		had = false
	}
	if err := b.exec(`DELETE FROM flags WHERE head = $1`, it.id[:]); err != nil {
		return nil, err
	}
	if lacks {
		err := b.exec(`INSERT INTO flags (area, record, code, question, head, round) VALUES ($1, $2, $3, '', $2, $4)`, it.area, it.id[:], FlagCertifiedNoNumbers, it.round[:])
		if err != nil {
			return nil, err
		}
	}
	if frozen == nil {
		return nil, nil
	}
	return []cell{home}, b.freeze(home, it.id, frozen, had)
}

// certificate returns the frozen numbers of a sign-off that counts. lacks is
// true if it certifies without any.
func (b *batch) certificate(it *item) (frozen *survey.Tally, lacks bool, err error) {
	if !it.attached || it.round.IsZero() || it.area.Level() != area.LevelVillage || it.id != syncproto.VillageID(it.round, it.area) {
		return nil, false, nil
	}
	recs, err := b.load([]syncproto.RecordID{it.id})
	if err != nil {
		return nil, false, err
	}
	rec := recs[it.id]
	state, _ := rec.Winner(survey.VillageState).Any()
	if state != survey.VillageCertified {
		return nil, false, nil
	}
	v, _ := rec.Winner(survey.VillageNumbers).Any()
	frozen, ok := survey.ReadNumbers(v)
	if !ok {
		return nil, true, nil
	}
	return frozen, false, nil
}

// freeze lets the frozen numbers count. had: others did before.
func (b *batch) freeze(c cell, id syncproto.RecordID, frozen *survey.Tally, had bool) error {
	numbers, err := json.Marshal(survey.Numbers(frozen))
	if err != nil {
		return err
	}
	counted, err := readTally(b.ctx, b.tx, c)
	if err != nil {
		return err
	}
	if !had {
		b.delta(cell{c.round, c.area, true}).Merge(counted.Tally, 1)
		if counted.Total > 0 {
			b.addOpen(c, -1)
		}
	}
	for _, code := range upwards(c.area) {
		d := b.delta(cell{round: c.round, area: code})
		d.Merge(frozen, 1)
		d.Merge(counted.Tally, -1)
		d.certified += bit(!had)
	}
	b.frozen[c] = true
	return b.exec(`INSERT INTO villages (round, area, id, numbers) VALUES ($1, $2, $3, $4) ON CONFLICT (round, area) DO UPDATE SET numbers = excluded.numbers`,
		c.round[:], c.area, id[:], string(numbers))
}

// thaw lets the village's own numbers count again.
func (b *batch) thaw(c cell) error {
	counted, err := readTally(b.ctx, b.tx, c)
	if err != nil {
		return err
	}
	live, err := readTally(b.ctx, b.tx, cell{c.round, c.area, true})
	if err != nil {
		return err
	}
	b.delta(cell{c.round, c.area, true}).Merge(live.Tally, -1)
	for _, code := range upwards(c.area) {
		d := b.delta(cell{round: c.round, area: code})
		d.Merge(live.Tally, 1)
		d.Merge(counted.Tally, -1)
		d.certified--
	}
	if live.Total > 0 {
		b.addOpen(c, 1)
	}
	b.frozen[c] = false
	return b.exec(`DELETE FROM villages WHERE round = $1 AND area = $2`, c.round[:], c.area)
}

// flagVillage says whether the answers of a certified village have moved away
// from its frozen numbers. How far the officers' work is does not matter.
func (b *batch) flagVillage(c cell) error {
	var id syncproto.RecordID
	err := b.row(`SELECT id FROM villages WHERE round = $1 AND area = $2`, c.round[:], c.area).Scan((*scanID)(&id))
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	counted, err := readTally(b.ctx, b.tx, c)
	if err != nil {
		return err
	}
	live, err := readTally(b.ctx, b.tx, cell{c.round, c.area, true})
	if err != nil {
		return err
	}
	if sameNumbers(counted.Tally, live.Tally) {
		return b.exec(`DELETE FROM flags WHERE head = $1 AND code = $2`, id[:], FlagEditedCertified)
	}
	return b.exec(`INSERT INTO flags (area, record, code, question, head, round) VALUES ($1, $2, $3, '', $2, $4) ON CONFLICT DO NOTHING`,
		c.area, id[:], FlagEditedCertified, c.round[:])
}

func sameNumbers(a, b *survey.Tally) bool {
	return a.Total == b.Total && a.Complete == b.Complete && a.Persons == b.Persons &&
		maps.Equal(a.Indicators, b.Indicators) && maps.Equal(a.Levels, b.Levels)
}

// counts is a cell as the tables have it.
type counts struct {
	*survey.Tally
	certified, open, loose int
}

// readTally reads one cell: one row of progress, one for each indicator and
// level, all by primary key.
func readTally(ctx context.Context, q querier, c cell) (counts, error) {
	t := counts{Tally: survey.NewTally()}
	var s [6]int
	err := q.QueryRowContext(ctx, `SELECT total, complete, persons, not_started, in_progress, ready, submitted, returned, approved, certified, open, loose
		FROM progress WHERE round = $1 AND area = $2 AND live = $3`, c.round[:], c.area, bit(c.live)).
		Scan(&t.Total, &t.Complete, &t.Persons, &s[0], &s[1], &s[2], &s[3], &s[4], &s[5], &t.certified, &t.open, &t.loose)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return t, fmt.Errorf("progress of %s: %w", c.area, err)
	}
	for i, state := range survey.States {
		if s[i] != 0 {
			t.States[state] = s[i]
		}
	}
	type line struct {
		no int
		survey.Sums
	}
	lines, err := collect(ctx, q, func(rows *sql.Rows) (l line, err error) {
		err = rows.Scan(&l.no, &l.Applicable, &l.Failed, &l.Pass, &l.Fail, &l.NA, &l.Unanswered)
		return l, err
	}, `SELECT no, applicable, failed, pass, fail, na, unanswered FROM sums WHERE round = $1 AND area = $2 AND live = $3`, c.round[:], c.area, bit(c.live))
	if err != nil {
		return t, fmt.Errorf("sums of %s: %w", c.area, err)
	}
	for _, l := range lines {
		t.Indicators[l.no] = l.Sums
	}
	levels, err := collect(ctx, q, func(rows *sql.Rows) (l [2]int, err error) {
		err = rows.Scan(&l[0], &l[1])
		return l, err
	}, `SELECT level, n FROM levels WHERE round = $1 AND area = $2 AND live = $3`, c.round[:], c.area, bit(c.live))
	if err != nil {
		return t, fmt.Errorf("levels of %s: %w", c.area, err)
	}
	for _, l := range levels {
		t.Levels[l[0]] = l[1]
	}
	return t, nil
}
