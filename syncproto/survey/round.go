package survey

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// RecordTypeRound and RecordTypeVillage are the system's own record types: a
// round, written by the office, and where a village stands in a round.
const (
	RecordTypeRound   = "_round"
	RecordTypeVillage = "_village"
)

// Round is one survey of some areas: which form, which indicators, and the day
// at which ages count. It is kept as an ordinary record, so it syncs and
// merges as everything else.
type Round struct {
	ID            string   // the record
	Title         string   //
	Form          string   // "bmn-2560@1"
	Set           string   // "bmn-2560@1", or "" for none
	Areas         []string // with everything below them
	ReferenceDate string   // ISO
	Opens, Closes string   // ISO days, or ""
	Open          bool
	Previous      string // the round it was carried forward from, or ""
}

// RoundOf reads a round from the answers of its record. Answers of a wrong
// type are left out; such a round covers nothing.
func RoundOf(id string, values map[string]any) Round {
	text := func(key string) string { s, _ := values[key].(string); return s }
	r := Round{
		ID: id, Title: text("title"), Form: text("form"), Set: text("set"), ReferenceDate: text("reference_date"),
		Opens: text("opens"), Closes: text("closes"), Open: text("state") == "open",
	}
	if id, ok := values["previous"].([]byte); ok && len(id) == 16 {
		r.Previous = fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
	}
	list, _ := values["areas"].([]any)
	for _, v := range list {
		if s, ok := v.(string); ok {
			r.Areas = append(r.Areas, s)
		}
	}
	return r
}

// Values are the answers of the round's record but for Previous, which is a
// reference to a record and the caller's to add.
func (r Round) Values() map[string]any {
	areas := make([]any, len(r.Areas))
	for i, a := range r.Areas {
		areas[i] = a
	}
	state := "closed"
	if r.Open {
		state = "open"
	}
	out := map[string]any{
		"title": r.Title, "form": r.Form, "areas": areas, "reference_date": r.ReferenceDate, "state": state,
	}
	for key, s := range map[string]string{"set": r.Set, "opens": r.Opens, "closes": r.Closes} {
		if s != "" {
			out[key] = s
		}
	}
	return out
}

// Covers reports whether an area lies in the round.
func (r Round) Covers(code string) bool {
	return slices.ContainsFunc(r.Areas, func(a string) bool { return strings.HasPrefix(code, a) })
}

// Overlaps reports whether an area and the round have something in common.
func (r Round) Overlaps(code string) bool {
	return slices.ContainsFunc(r.Areas, func(a string) bool { return strings.HasPrefix(code, a) || strings.HasPrefix(a, code) })
}

// RoundFor finds the round of a record that names none: the only open one that
// covers its area and whose form has its type, or, if none is open, the only
// closed one. formName, if not "", is the form that the record was filled under.
// The candidates are returned too, for a message.
func (c *Catalog) RoundFor(rounds []Round, recordType, code, formName string) (found Round, ok bool, candidates []Round) {
	var open, closed []Round
	for _, r := range rounds {
		f, known := c.Form(r.Form)
		if !known || !r.Covers(code) || formName != "" && f.name != formName {
			continue
		}
		if _, has := f.Type(recordType); !has {
			continue
		}
		if r.Open {
			open = append(open, r)
		} else {
			closed = append(closed, r)
		}
	}
	if len(open) == 0 {
		open = closed
	}
	if len(open) == 1 {
		return open[0], true, open
	}
	return Round{}, false, open
}

// RoundOfSave is RoundFor for a record as it was last saved: savedForm is the
// form reference of that save, or "". One that is not known here stands for the
// form by which the record is read.
func (c *Catalog) RoundOfSave(rounds []Round, recordType, code, savedForm string) (found Round, ok bool, candidates []Round) {
	name, _, _ := SplitRef(savedForm)
	if f := c.FormFor(recordType, savedForm); f != nil && name != "" {
		name = f.name
	}
	return c.RoundFor(rounds, recordType, code, name)
}

// ValidDay reports whether s is a whole day, ISO and C.E.
func ValidDay(s string) bool {
	_, wrong := checkDate(s, false)
	return !wrong && len(s) == len(time.DateOnly)
}
