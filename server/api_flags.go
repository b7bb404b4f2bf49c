package server

import (
	"context"
	"strings"

	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

// What somebody should look at: records that seem to be one, records whose
// household is missing, answers that do not fit.

type duplicateQuery struct {
	Area  string `query:"area" json:"-"`
	Round string `query:"round" json:"-"`
	Kind  string `query:"kind" json:"-"`
	After string `query:"after" json:"-"`
	Limit int    `query:"limit" json:"-"`
}

type placeView struct {
	ID   string    `json:"id"`
	Area area.Code `json:"area"`
}

type duplicateView struct {
	ID      string      `json:"id"`
	Round   string      `json:"round"`
	Kind    string      `json:"kind"`
	Records []placeView `json:"records"` // at most 100
	Count   int         `json:"count"`   // how many there are, counted up to 1000
}

type duplicatePage struct {
	Duplicates []duplicateView `json:"duplicates"`
	Next       string          `json:"next,omitempty"`
}

// listDuplicates pages through cases of records that seem to be one, without
// names. GET /api/v1/duplicates
func (s *Server) listDuplicates(ctx context.Context, _ visit, q duplicateQuery) (p duplicatePage, err error) {
	analysis, err := s.analysed()
	if err != nil {
		return p, err
	}
	o, err := parseScope(q.Area, q.Round)
	if err != nil {
		return p, err
	}
	if err := checkText("kind", q.Kind, maxNameBytes); err != nil {
		return p, err
	}
	if _, err := parseOptionalID("after", q.After); err != nil {
		return p, err
	}
	f := DuplicateFilter{Round: o.round, Area: o.area, Kind: q.Kind, After: q.After, Limit: page(q.Limit)}
	list, err := analysis.Duplicates(ctx, f)
	if err != nil {
		return p, err
	}
	p.Duplicates = make([]duplicateView, len(list))
	for i, d := range list {
		v := duplicateView{ID: d.ID, Round: d.Round.String(), Kind: d.Kind, Records: make([]placeView, len(d.Records)), Count: d.N}
		for j, m := range d.Records {
			v.Records[j] = placeView{m.ID.String(), m.Area}
		}
		p.Duplicates[i] = v
	}
	if len(list) == f.Limit {
		p.Next = list[len(list)-1].ID
	}
	return p, nil
}

type orphanQuery struct {
	Area  string `query:"area" json:"-"`
	After string `query:"after" json:"-"`
	Limit int    `query:"limit" json:"-"`
}

type orphanView struct {
	ID     string    `json:"id"`
	Type   string    `json:"type"`
	Area   area.Code `json:"area"`
	Parent string    `json:"parent,omitempty"` // as it says; missing if it names none
	Why    string    `json:"why"`
}

type orphanPage struct {
	Orphans []orphanView `json:"orphans"`
	Next    string       `json:"next,omitempty"`
}

// listOrphans pages through records whose household is not there.
// GET /api/v1/orphans
func (s *Server) listOrphans(ctx context.Context, _ visit, q orphanQuery) (p orphanPage, err error) {
	analysis, err := s.analysed()
	if err != nil {
		return p, err
	}
	f := OrphanFilter{Limit: page(q.Limit)}
	if f.Area, err = parseOptionalArea(q.Area); err != nil {
		return p, err
	}
	if f.After, err = parseMark(q.After); err != nil {
		return p, err
	}
	list, err := analysis.Orphans(ctx, f)
	if err != nil {
		return p, err
	}
	p.Orphans = make([]orphanView, len(list))
	for i, o := range list {
		p.Orphans[i] = orphanView{ID: o.ID.String(), Type: o.Type, Area: o.Area, Parent: idText(o.Parent), Why: o.Why}
	}
	if len(list) == f.Limit {
		last := list[len(list)-1]
		p.Next = Mark{last.Area, last.ID}.String()
	}
	return p, nil
}

type flagQuery struct {
	Area  string `query:"area" json:"-"`
	Round string `query:"round" json:"-"`
	Code  string `query:"code" json:"-"`
	Count bool   `query:"count" json:"-"`
	After string `query:"after" json:"-"`
	Limit int    `query:"limit" json:"-"`
}

type flagView struct {
	Record    string    `json:"record"`
	Area      area.Code `json:"area"`
	Household string    `json:"household"`
	Round     string    `json:"round,omitempty"` // missing: it belongs to none
	Code      string    `json:"code"`
	Question  string    `json:"question,omitempty"`
}

func newFlagViews(flags []Flag) []flagView {
	out := make([]flagView, len(flags))
	for i, f := range flags {
		out[i] = flagView{Record: f.Record.String(), Area: f.Area, Household: f.Head.String(), Round: idText(f.Round), Code: f.Code, Question: f.Question}
	}
	return out
}

type flagPage struct {
	Flags  []flagView     `json:"flags"`
	Counts map[string]int `json:"counts,omitempty"` // by code, if asked for
	Next   string         `json:"next,omitempty"`
}

// listFlags pages through answers and records that look wrong.
// GET /api/v1/flags
func (s *Server) listFlags(ctx context.Context, _ visit, q flagQuery) (p flagPage, err error) {
	analysis, err := s.analysed()
	if err != nil {
		return p, err
	}
	o, err := parseScope(q.Area, q.Round)
	if err != nil {
		return p, err
	}
	if err := checkText("code", q.Code, maxCodeBytes); err != nil {
		return p, err
	}
	f := FlagFilter{Round: o.round, Area: o.area, Code: q.Code, Limit: page(q.Limit)}
	if f.After, err = parseFlagMark(q.After); err != nil {
		return p, err
	}
	flags, err := analysis.Flags(ctx, f)
	if err != nil {
		return p, err
	}
	p.Flags = newFlagViews(flags)
	if len(flags) == f.Limit {
		p.Next = flagMark(flags[len(flags)-1])
	}
	if q.Count {
		p.Counts, err = analysis.CountFlags(ctx, o.round, o.area)
	}
	return p, err
}

// flagMark is where the next page of flags begins: area.record.code.question.
func flagMark(f Flag) string {
	return Mark{f.Area, f.Record}.String() + "." + f.Code + "." + f.Question
}

func parseFlagMark(text string) (f Flag, err error) {
	if text == "" {
		return f, nil
	}
	parts := strings.SplitN(text, ".", 4)
	if len(parts) != 4 {
		return f, refuse(syncproto.CodeBadMessage, "after %.80q: want the next of the page before", text)
	}
	m, err := parseMark(parts[0] + "." + parts[1])
	return Flag{Area: m.Area, Record: m.ID, Code: parts[2], Question: parts[3]}, err
}
