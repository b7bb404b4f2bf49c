package survey

import (
	"strconv"
)

// The groups of a `_village` record that decide what counts.
const (
	VillageState     = "state"   // VillageOpen or VillageCertified
	VillageNumbers   = "numbers" // map, see Numbers
	VillageCertified = "certified"
)

// Numbers writes a tally as the `numbers` of a `_village` record:
// {"total","complete","persons", "states":{state: n}, "levels":{level: n},
// "indicators":{no: [applicable, failed, pass, fail, na, unanswered]}}.
func Numbers(t *Tally) map[string]any {
	states, levels, indicators := map[string]any{}, map[string]any{}, map[string]any{}
	for s, n := range t.States {
		if n != 0 {
			states[string(s)] = n
		}
	}
	for l, n := range t.Levels {
		if n != 0 {
			levels[strconv.Itoa(l)] = n
		}
	}
	for no, s := range t.Indicators {
		if s != (Sums{}) {
			indicators[strconv.Itoa(no)] = []any{s.Applicable, s.Failed, s.Pass, s.Fail, s.NA, s.Unanswered}
		}
	}
	return map[string]any{
		"total": t.Total, "complete": t.Complete, "persons": t.Persons, "states": states, "levels": levels, "indicators": indicators,
	}
}

// ReadNumbers reads what Numbers wrote, after a trip through CBOR or JSON. It
// is false for anything else.
func ReadNumbers(v any) (*Tally, bool) {
	m, ok := v.(map[string]any)
	if !ok {
		return nil, false
	}
	r := numbersReader{ok: true}
	t := NewTally()
	t.Total, t.Complete, t.Persons = r.whole(m["total"]), r.whole(m["complete"]), r.whole(m["persons"])
	for s, n := range r.object(m["states"]) {
		t.States[State(s)] = r.whole(n)
	}
	for l, n := range r.object(m["levels"]) {
		t.Levels[r.number(l)] = r.whole(n)
	}
	for no, v := range r.object(m["indicators"]) {
		list, _ := v.([]any)
		if len(list) != 6 {
			return nil, false
		}
		t.Indicators[r.number(no)] = Sums{
			Applicable: r.whole(list[0]), Failed: r.whole(list[1]), Pass: r.whole(list[2]),
			Fail: r.whole(list[3]), NA: r.whole(list[4]), Unanswered: r.whole(list[5]),
		}
	}
	return t, r.ok
}

type numbersReader struct{ ok bool }

func (r *numbersReader) whole(v any) int {
	var n int64
	switch v := v.(type) {
	case int:
		n = int64(v)
	case int64:
		n = v
	case uint64:
		n = int64(min(v, maxWhole))
	case float64:
		n = int64(v)
		r.ok = r.ok && float64(n) == v
	default:
		r.ok = false
	}
	r.ok = r.ok && n >= 0 && n < 1<<40
	return int(n)
}

func (r *numbersReader) object(v any) map[string]any {
	m, ok := v.(map[string]any)
	r.ok = r.ok && (ok || v == nil) && len(m) <= MaxIndicators+1
	return m
}

func (r *numbersReader) number(s string) int {
	n, err := strconv.Atoi(s)
	r.ok = r.ok && err == nil && n > 0 && n <= 1000 && strconv.Itoa(n) == s
	return n
}
