package analysis

import (
	"database/sql"
	"errors"
	"fmt"

	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
	"tambonsync/syncproto/survey"
)

// cell is one area in one round.
type cell struct {
	round syncproto.RecordID
	area  area.Code
	live  bool // a certified village as its answers are now, beside what counts
}

// delta is what a batch adds to a cell.
type delta struct {
	*survey.Tally
	certified, open, loose int
}

func (b *batch) delta(c cell) *delta {
	d := b.ledger[c]
	if d == nil {
		d = &delta{Tally: survey.NewTally()}
		b.ledger[c] = d
	}
	return d
}

// count adds a result to its village and to all areas above it, or with sign
// -1 takes it away. In a certified village it moves only the live numbers.
func (b *batch) count(r *result, sign int) error {
	home := cell{round: r.round, area: r.area}
	village := r.area.Level() == area.LevelVillage
	if village {
		certified, err := b.certified(home)
		if err != nil {
			return err
		}
		if certified {
			b.delta(cell{r.round, r.area, true}).add(r, sign)
			return nil
		}
	}
	for _, code := range upwards(r.area) {
		d := b.delta(cell{round: r.round, area: code})
		d.add(r, sign)
		if !village {
			d.loose += sign
		}
	}
	return nil
}

func (d *delta) add(r *result, sign int) {
	if sign > 0 {
		d.Add(r.judged())
	} else {
		d.Remove(r.judged())
	}
}

// certified reports whether a village's numbers are frozen.
func (b *batch) certified(c cell) (bool, error) {
	if yes, ok := b.frozen[c]; ok {
		return yes, nil
	}
	var n int
	err := b.row(`SELECT count(*) FROM villages WHERE round = $1 AND area = $2`, c.round[:], c.area).Scan(&n)
	b.frozen[c] = n > 0
	return n > 0, err
}

// finish writes what the batch adds up to: sums first, then the villages that
// were certified or opened again, then the cases of duplicates.
func (b *batch) finish() error {
	if err := b.countOpen(); err != nil {
		return fmt.Errorf("sums: %w", err)
	}
	look, err := b.writeLedger()
	if err != nil {
		return fmt.Errorf("sums: %w", err)
	}
	for _, it := range b.villages {
		c, err := b.signOff(it)
		if err != nil {
			return fmt.Errorf("village %s: %w", it.area, err)
		}
		look = append(look, c...)
		if _, err := b.writeLedger(); err != nil {
			return fmt.Errorf("sums: %w", err)
		}
	}
	b.villages = nil
	for _, c := range look {
		if err := b.flagVillage(c); err != nil {
			return fmt.Errorf("village %s: %w", c.area, err)
		}
	}
	if err := b.finishKeys(); err != nil {
		return fmt.Errorf("duplicates: %w", err)
	}
	return nil
}

// countOpen notes, for all areas above, which villages get their first
// household or lose their last.
func (b *batch) countOpen() error {
	type change struct {
		cell
		n int
	}
	var changes []change
	for c, d := range b.ledger {
		if c.live || c.area.Level() != area.LevelVillage || d.Total == 0 {
			continue
		}
		before, err := b.total(c)
		if err != nil {
			return err
		}
		if n := bit(before+d.Total > 0) - bit(before > 0); n != 0 {
			changes = append(changes, change{c, n})
		}
	}
	for _, ch := range changes {
		b.addOpen(ch.cell, ch.n)
	}
	return nil
}

func (b *batch) addOpen(c cell, n int) {
	for _, code := range upwards(c.area) {
		b.delta(cell{round: c.round, area: code}).open += n
	}
}

func (b *batch) total(c cell) (n int, err error) {
	err = b.row(`SELECT total FROM progress WHERE round = $1 AND area = $2 AND live = $3`, c.round[:], c.area, bit(c.live)).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return n, err
}

// writeLedger adds the ledger to the tables and empties it. It returns the
// villages whose live numbers moved.
func (b *batch) writeLedger() (live []cell, err error) {
	for c, d := range b.ledger {
		if c.live {
			live = append(live, cell{round: c.round, area: c.area})
		}
		if err := b.writeCell(c, d); err != nil {
			return nil, err
		}
	}
	clear(b.ledger)
	return live, nil
}

func (b *batch) writeCell(c cell, d *delta) error {
	s := d.States
	row := [...]int{
		d.Total, d.Complete, d.Persons, s[survey.NotStarted], s[survey.InProgress], s[survey.Complete],
		s[survey.Submitted], s[survey.Returned], s[survey.Approved], d.certified, d.open, d.loose,
	}
	if row != [len(row)]int{} {
		args := []any{c.round[:], c.area, bit(c.live)}
		for _, n := range row {
			args = append(args, n)
		}
		err := b.exec(`INSERT INTO progress (round, area, live, total, complete, persons, not_started, in_progress, ready, submitted, returned, approved, certified, open, loose)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
			ON CONFLICT (round, area, live) DO UPDATE SET total = progress.total + excluded.total, complete = progress.complete + excluded.complete,
				persons = progress.persons + excluded.persons, not_started = progress.not_started + excluded.not_started,
				in_progress = progress.in_progress + excluded.in_progress, ready = progress.ready + excluded.ready,
				submitted = progress.submitted + excluded.submitted, returned = progress.returned + excluded.returned,
				approved = progress.approved + excluded.approved, certified = progress.certified + excluded.certified,
				open = progress.open + excluded.open, loose = progress.loose + excluded.loose`, args...)
		if err != nil {
			return err
		}
		err = b.exec(`DELETE FROM progress WHERE round = $1 AND area = $2 AND live = $3 AND total = 0 AND complete = 0 AND persons = 0 AND not_started = 0
			AND in_progress = 0 AND ready = 0 AND submitted = 0 AND returned = 0 AND approved = 0 AND certified = 0 AND open = 0 AND loose = 0`,
			c.round[:], c.area, bit(c.live))
		if err != nil {
			return err
		}
	}
	for no, s := range d.Indicators {
		if err := b.writeSums(c, no, s); err != nil {
			return err
		}
	}
	for level, n := range d.Levels {
		if err := b.writeLevel(c, level, n); err != nil {
			return err
		}
	}
	return nil
}

func (b *batch) writeSums(c cell, no int, s survey.Sums) error {
	if s == (survey.Sums{}) {
		return nil
	}
	err := b.exec(`INSERT INTO sums (round, area, live, no, applicable, failed, pass, fail, na, unanswered) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (round, area, live, no) DO UPDATE SET applicable = sums.applicable + excluded.applicable, failed = sums.failed + excluded.failed,
			pass = sums.pass + excluded.pass, fail = sums.fail + excluded.fail, na = sums.na + excluded.na, unanswered = sums.unanswered + excluded.unanswered`,
		c.round[:], c.area, bit(c.live), no, s.Applicable, s.Failed, s.Pass, s.Fail, s.NA, s.Unanswered)
	if err != nil || s.Applicable >= 0 && s.Failed >= 0 && s.Pass >= 0 && s.Fail >= 0 && s.NA >= 0 && s.Unanswered >= 0 {
		return err
	}
	return b.exec(`DELETE FROM sums WHERE round = $1 AND area = $2 AND live = $3 AND no = $4
		AND applicable = 0 AND failed = 0 AND pass = 0 AND fail = 0 AND na = 0 AND unanswered = 0`, c.round[:], c.area, bit(c.live), no)
}

func (b *batch) writeLevel(c cell, level, n int) error {
	if n == 0 {
		return nil
	}
	err := b.exec(`INSERT INTO levels (round, area, live, level, n) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (round, area, live, level) DO UPDATE SET n = levels.n + excluded.n`, c.round[:], c.area, bit(c.live), level, n)
	if err != nil || n > 0 {
		return err
	}
	return b.exec(`DELETE FROM levels WHERE round = $1 AND area = $2 AND live = $3 AND level = $4 AND n = 0`, c.round[:], c.area, bit(c.live), level)
}
