// Package view shows a record to people and programs as JSON: flat answers by
// question, and beside them what officers answered differently. The office's
// API and both commands use the same view.
//
// It knows records and the survey's form. It must not know storage, HTTP or
// who is looking: whoever lists records to others calls [RecordView.Masked].
package view

import (
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
	"tambonsync/syncproto/survey"
)

// RecordView is one record for reading. It is lossy: only the answers to
// display are in Values, and reserved groups have fields of their own.
type RecordView struct {
	ID        string              `json:"id"`
	Type      string              `json:"type"`
	Area      area.Code           `json:"area"`
	Parent    string              `json:"parent,omitempty"`  // the household of a member
	Form      string              `json:"form,omitempty"`    // by which it is read: "bmn-2560@1"
	Round     string              `json:"round,omitempty"`   // the round that it names
	From      string              `json:"from,omitempty"`    // the record of an earlier round that it was carried forward from
	Carried   bool                `json:"carried,omitempty"` // carried forward and not confirmed yet
	State     *StateView          `json:"state,omitempty"`   // what an officer or supervisor said of it
	Deleted   bool                `json:"deleted"`
	Values    map[string]any      `json:"values"`             // by question
	Conflicts map[string][]Answer `json:"conflicts"`          // by group: the different answers, the displayed one first
	Version   map[string]uint64   `json:"version"`            // by actor in hexadecimal
	Problems  []survey.Problem    `json:"problems,omitempty"` // answers that look wrong; they never repeat the answer
	form      *survey.RecordType
}

// Answer is one of several answers of a group, with its latest save.
type Answer struct {
	Value any    `json:"value"` // as the group stores it: bare, or an object by question
	User  string `json:"user"`
	At    string `json:"at"` // RFC 3339 in UTC, by the office's clock as well as the device knew it
	Actor string `json:"actor"`
}

// StateView is where people have brought a record.
type StateView struct {
	State    string            `json:"state"` // submitted, returned or approved
	Note     string            `json:"note,omitempty"`
	Comments map[string]string `json:"comments,omitempty"` // by question
	Edited   bool              `json:"edited,omitempty"`   // its answers have changed since
}

// NewRecordView shows rec by the form of c that fits it: see [Form]. A type or
// question that no form knows is shown as it is stored.
func NewRecordView(rec syncproto.Record, c *survey.Catalog) RecordView {
	f := Form(rec, c)
	if f == nil {
		f = survey.Default() // which says that it does not know the type
	}
	t, _ := f.Type(rec.Type)
	v := RecordView{
		ID:        rec.ID.String(),
		Type:      rec.Type,
		Area:      rec.Area(),
		Deleted:   !rec.Alive(),
		Conflicts: map[string][]Answer{},
		Version:   make(map[string]uint64, len(rec.VV)),
		form:      t,
	}
	if t != nil {
		v.Form = f.Ref()
	}
	for _, ref := range []struct {
		id   syncproto.RecordID
		into *string
	}{{rec.Parent(), &v.Parent}, {rec.Round(), &v.Round}, {rec.From(), &v.From}} {
		if !ref.id.IsZero() {
			*ref.into = ref.id.String()
		}
	}
	v.Carried = rec.Carried()
	if s := rec.State(); s.State != "" {
		v.State = &StateView{State: s.State, Note: s.Note, Comments: s.Comments, Edited: s.Answers != rec.AnswersDigest()}
	}
	groups := map[string]any{}
	for name := range rec.Groups {
		if !strings.HasPrefix(name, "_") {
			groups[name] = show(rec.Winner(name))
		}
	}
	v.Values = t.Unpack(groups)
	if !strings.HasPrefix(rec.Type, "_") { // the system's own, which no form asks
		v.Problems = f.Check(rec.Type, v.Values)
	}
	for _, name := range rec.Conflicts() {
		v.Conflicts[name] = answers(rec, name)
	}
	for _, d := range rec.VV {
		v.Version[d.Actor.String()] = d.Counter
	}
	return v
}

// Heading is what a list shows of the record: the answers that its form names
// for that, such as house number and head.
func (v RecordView) Heading() string {
	var parts []string
	for _, q := range v.form.Title() {
		switch a := v.Values[q].(type) {
		case nil:
		case string:
			parts = append(parts, a)
		default:
			parts = append(parts, fmt.Sprint(a))
		}
	}
	return strings.Join(parts, " ")
}

// Masked returns the view with identifiers of people and houses unreadable, in
// the values and in the conflicts. Lists show nothing else.
func (v RecordView) Masked() RecordView {
	v.Values = v.form.Mask(v.Values)
	conflicts := make(map[string][]Answer, len(v.Conflicts))
	for group, list := range v.Conflicts {
		for _, a := range list {
			flat := v.form.Mask(v.form.Unpack(map[string]any{group: a.Value}))
			a.Value = v.form.Pack(nil, flat)[group]
			conflicts[group] = append(conflicts[group], a)
		}
	}
	v.Conflicts = conflicts
	return v
}

func answers(rec syncproto.Record, group string) []Answer {
	var out []Answer
	for _, e := range rec.Distinct(group) {
		op, _ := rec.Op(e.Dot)
		out = append(out, Answer{
			Value: show(e.Value),
			User:  op.User,
			At:    time.UnixMilli(op.At()).UTC().Format(time.RFC3339),
			Actor: e.Dot.Actor.String(),
		})
	}
	return out
}

// show turns an answer into what JSON can hold. An answer that cannot be read,
// which no decoded record has, is shown as its bytes.
func show(v syncproto.Value) any {
	a, err := v.Any()
	if err != nil {
		return hex.EncodeToString(v)
	}
	return plain(a)
}

// plain shows 16 bytes as the UUID that they are; other bytes become base64 in
// JSON.
func plain(a any) any {
	switch a := a.(type) {
	case []byte:
		if len(a) == len(syncproto.RecordID{}) {
			return syncproto.RecordID(a).String()
		}
	case []any:
		for i := range a {
			a[i] = plain(a[i])
		}
	case map[string]any:
		for k := range a {
			a[k] = plain(a[k])
		}
	}
	return a
}
