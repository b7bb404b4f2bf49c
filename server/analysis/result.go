package analysis

import (
	"database/sql"
	"encoding/binary"
	"errors"
	"strconv"

	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
	"tambonsync/syncproto/survey"
)

func itoa(n int) string { return strconv.Itoa(n) }

// result is a row of results. Verdicts are bits, so that a listing of those
// that fail need not unpack anything.
type result struct {
	round    syncproto.RecordID
	area     area.Code
	state    survey.State
	complete bool
	persons  int
	problems int
	level    int
	bits     [4]int64 // as in verdicts
	tallies  string
}

// verdicts in the order of result.bits.
var verdicts = [4]survey.Verdict{survey.Pass, survey.Fail, survey.NA, survey.Unanswered}

func (j *judged) row(head *item) *result {
	r := &result{
		round: head.round, area: head.area, state: j.state, complete: j.review.Complete(), problems: j.review.Count(), level: j.result.Level,
	}
	for _, list := range j.review.Children {
		r.persons += len(list)
	}
	r.pack(j.result.Outcomes)
	return r
}

// pack keeps outcomes as bits, and as numbers where those do not follow.
func (r *result) pack(outcomes []survey.Outcome) {
	var b []byte
	for _, o := range outcomes {
		for i, v := range verdicts {
			if o.Verdict == v {
				r.bits[i] |= 1 << (o.No - 1)
			}
		}
		if o.Verdict != survey.Pass && o.Verdict != survey.Fail || o.Applicable == 1 && o.Failing == bit(o.Verdict == survey.Fail) {
			continue
		}
		b = binary.AppendUvarint(append(b, byte(o.No)), uint64(o.Applicable))
		b = binary.AppendUvarint(b, uint64(o.Failing))
	}
	r.tallies = string(b)
}

// outcomes are the row's outcomes by number, without reasons.
func (r *result) outcomes() (out []survey.Outcome) {
	numbers := map[int][2]int{}
	for b := []byte(r.tallies); len(b) > 0; {
		no := int(b[0])
		applicable, n := binary.Uvarint(b[1:])
		if n <= 0 {
			break
		}
		failing, m := binary.Uvarint(b[1+n:])
		if m <= 0 {
			break
		}
		numbers[no] = [2]int{int(applicable), int(failing)}
		b = b[1+n+m:]
	}
	for no := 1; no <= survey.MaxIndicators; no++ {
		for i, v := range verdicts {
			if r.bits[i]&(1<<(no-1)) == 0 {
				continue
			}
			o := survey.Outcome{No: no, Verdict: v}
			if v == survey.Pass || v == survey.Fail {
				o.Applicable, o.Failing = 1, bit(v == survey.Fail)
				if n, ok := numbers[no]; ok {
					o.Applicable, o.Failing = n[0], n[1]
				}
			}
			out = append(out, o)
		}
	}
	return out
}

func (r *result) judged() survey.Judged {
	return survey.Judged{
		State: r.state, Complete: r.complete, Persons: r.persons,
		Result: survey.Result{Outcomes: r.outcomes(), Level: r.level},
	}
}

const resultColumns = `round, area, id, state, complete, persons, problems, level, pass_bits, fail_bits, na_bits, unanswered_bits, tallies`

func scanResult(row interface{ Scan(...any) error }) (id syncproto.RecordID, r result, err error) {
	var tallies []byte
	err = row.Scan((*scanID)(&r.round), &r.area, (*scanID)(&id), &r.state, &r.complete, &r.persons, &r.problems, &r.level,
		&r.bits[0], &r.bits[1], &r.bits[2], &r.bits[3], &tallies)
	r.tallies = string(tallies)
	return id, r, err
}

// putResult writes a record's row, or removes it (nil), and counts the
// difference.
func (b *batch) putResult(it *item, now *result) error {
	var old *result
	if it.holds&holdsResult != 0 {
		_, r, err := scanResult(b.row(`SELECT `+resultColumns+` FROM results WHERE id = $1`, it.id[:]))
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if err == nil {
			old = &r
		}
	}
	if old != nil && now != nil && *old == *now {
		return nil
	}
	if old != nil {
		if err := b.count(old, -1); err != nil {
			return err
		}
		if now == nil || now.round != old.round || now.area != old.area {
			if err := b.exec(`DELETE FROM results WHERE round = $1 AND area = $2 AND id = $3`, old.round[:], old.area, it.id[:]); err != nil {
				return err
			}
			it.holds &^= holdsResult
		}
	}
	if now == nil {
		return nil
	}
	it.holds |= holdsResult
	if err := b.count(now, 1); err != nil {
		return err
	}
	return b.insertResult(it.id, now)
}

func (b *batch) insertResult(id syncproto.RecordID, r *result) error {
	return b.exec(`INSERT INTO results (`+resultColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
		ON CONFLICT (round, area, id) DO UPDATE SET state = excluded.state, complete = excluded.complete, persons = excluded.persons,
			problems = excluded.problems, level = excluded.level, pass_bits = excluded.pass_bits, fail_bits = excluded.fail_bits,
			na_bits = excluded.na_bits, unanswered_bits = excluded.unanswered_bits, tallies = excluded.tallies`,
		r.round[:], r.area, id[:], string(r.state), bit(r.complete), r.persons, r.problems, r.level,
		r.bits[0], r.bits[1], r.bits[2], r.bits[3], []byte(r.tallies))
}
