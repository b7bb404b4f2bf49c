package view

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
	"tambonsync/syncproto/survey"
)

// thailand is where days begin: an answer of 23:30 UTC was given the next day.
var thailand = time.FixedZone("ICT", 7*60*60)

// Entry is the record as a form reviews it: the answers to display by
// question, and the day of the last save. The records below it are the
// caller's to add. t may be nil for a type that no form knows.
func Entry(rec syncproto.Record, t *survey.RecordType) (survey.Entry, error) {
	groups := make(map[string]any, len(rec.Groups))
	for name := range rec.Groups {
		if strings.HasPrefix(name, "_") {
			continue
		}
		v, err := rec.Winner(name).Any()
		if err != nil {
			return survey.Entry{}, fmt.Errorf("record %s: %s: %w", rec.ID, name, err)
		}
		groups[name] = v
	}
	e := survey.Entry{Values: t.Unpack(groups)}
	if last, ok := rec.LastSave(); ok {
		e.Today = Day(last.At())
	}
	return e, nil
}

// Round reads a `_round` record. What is no area is left out: an empty one would
// be the whole country.
func Round(rec syncproto.Record) survey.Round {
	values := make(map[string]any, len(rec.Groups))
	for name := range rec.Groups {
		values[name], _ = rec.Winner(name).Any() // it was decoded, so it can be read
	}
	r := survey.RoundOf(rec.ID.String(), values)
	r.Areas = slices.DeleteFunc(r.Areas, func(a string) bool { return !area.Code(a).Valid() })
	return r
}

// Day is the day in Thailand at a time in ms since 1970.
func Day(ms int64) string { return time.UnixMilli(ms).In(thailand).Format(time.DateOnly) }

// Form finds the form by which a record is read: see survey.Catalog.FormFor.
// nil: none has such records.
func Form(rec syncproto.Record, c *survey.Catalog) *survey.Form {
	last, _ := rec.LastSave()
	return c.FormFor(rec.Type, last.Form)
}
