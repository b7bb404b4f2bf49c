package server

import (
	"fmt"
	"net/url"
	"reflect"
	"strings"

	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

// What a request under /api/v1 may hold. Every parameter has a bound here or
// in what reads it.
const (
	maxNameBytes = 200  // a title, a signature
	maxNoteBytes = 2000 // what a person writes to another
	maxListItems = 200  // areas, comments
	maxCodeBytes = 64   // a record type, a question, a kind
)

// checkQuery refuses query parameters that q has no field for, so that a
// misspelt filter does not quietly list everything.
func checkQuery(q any, given url.Values) error {
	if len(given) == 0 {
		return nil
	}
	t := reflect.TypeOf(q)
	known := map[string]bool{}
	for i := range t.NumField() {
		known[t.Field(i).Tag.Get("query")] = true
	}
	for name, values := range given {
		if !known[name] || name == "" {
			return refuse(syncproto.CodeBadMessage, "there is no parameter %.40q here", name)
		}
		if len(values) > 1 {
			return refuse(syncproto.CodeBadMessage, "parameter %s is there %d times", name, len(values))
		}
	}
	return nil
}

// checkText bounds a text that a caller sends.
func checkText(name, s string, limit int) error {
	if len(s) > limit {
		return refuse(syncproto.CodeBadMessage, "%s has %d bytes, at most %d", name, len(s), limit)
	}
	return nil
}

func parseOptionalID(name, id string) (syncproto.RecordID, error) {
	if id == "" {
		return syncproto.RecordID{}, nil
	}
	out, err := syncproto.ParseRecordID(id)
	if err != nil {
		return out, refuse(syncproto.CodeBadMessage, "%s: %w", name, err)
	}
	return out, nil
}

// String is the mark in a link to the next page.
func (m Mark) String() string { return fmt.Sprintf("%s.%s", m.Area, m.ID) }

func parseMark(text string) (m Mark, err error) {
	if text == "" {
		return m, nil
	}
	code, id, _ := strings.Cut(text, ".")
	if m.Area, err = parseOptionalArea(code); err != nil {
		return m, err
	}
	if m.ID, err = syncproto.ParseRecordID(id); err != nil {
		return m, refuse(syncproto.CodeBadMessage, "after: %w", err)
	}
	return m, nil
}

func parseOptionalArea(code string) (area.Code, error) {
	if strings.TrimSpace(code) == "" {
		return "", nil
	}
	c, err := area.Parse(code)
	if err != nil {
		return "", refuse(syncproto.CodeBadMessage, "%w", err)
	}
	return c, nil
}

const (
	defaultPage = 100
	maxPage     = 500
)

func page(limit int) int {
	if limit <= 0 {
		return defaultPage
	}
	return min(limit, maxPage)
}
