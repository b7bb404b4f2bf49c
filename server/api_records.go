package server

import (
	"context"
	"fmt"

	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
	"tambonsync/syncproto/view"
)

type recordQuery struct {
	Area    string `query:"area" json:"-"`
	Type    string `query:"type" json:"-"`
	Round   string `query:"round" json:"-"`
	State   string `query:"state" json:"-"`
	Deleted bool   `query:"deleted" json:"-"`
	After   string `query:"after" json:"-"`
	Limit   int    `query:"limit" json:"-"`
}

type recordPage struct {
	Records []view.RecordView `json:"records"`
	Next    string            `json:"next,omitempty"` // the `after` of the next page
}

// listRecords pages through records in order of area and id, with identifiers
// masked. With a round it lists the households that belong to it, whether they
// name it or not. GET /api/v1/records
func (s *Server) listRecords(ctx context.Context, who visit, q recordQuery) (p recordPage, err error) {
	f := RecordFilter{Type: q.Type, Deleted: q.Deleted, Limit: page(q.Limit)}
	if err := checkText("type", q.Type, maxCodeBytes); err != nil {
		return p, err
	}
	if f.Area, err = parseOptionalArea(q.Area); err != nil {
		return p, err
	}
	if q.After != "" {
		if f.After, err = syncproto.ParseRecordID(q.After); err != nil {
			return p, refuse(syncproto.CodeBadMessage, "%w", err)
		}
	}
	catalog, err := s.catalog(ctx)
	if err != nil {
		return p, err
	}
	var records []StoredRecord
	if q.Round != "" || q.State != "" {
		records, p.Next, err = s.recordsOfRound(ctx, q, f)
	} else if records, err = s.store.Records(ctx, f); len(records) == f.Limit {
		p.Next = records[len(records)-1].Record.ID.String()
	}
	if err != nil {
		return p, fmt.Errorf("list records: %w", err)
	}
	p.Records = make([]view.RecordView, len(records))
	for i, r := range records {
		p.Records[i] = view.NewRecordView(r.Record, catalog).Masked()
	}
	s.log.InfoContext(ctx, "personal records listed",
		"user", who.User, "from", who.From, "area", string(f.Area), "type", f.Type, "round", q.Round, "count", len(records))
	return p, nil
}

// recordsOfRound finds the households of a round, and with a state those that
// stand there, by what analysis knows of them.
func (s *Server) recordsOfRound(ctx context.Context, q recordQuery, f RecordFilter) (records []StoredRecord, next string, err error) {
	analysis, err := s.analysed()
	if err != nil {
		return nil, "", err
	}
	if q.Type != "" || q.Deleted {
		return nil, "", refuse(syncproto.CodeBadMessage, "round and state list households that live: without type and deleted")
	}
	r := ResultFilter{Area: f.Area, Limit: f.Limit}
	if r.Round, err = parseOptionalID("round", q.Round); err != nil {
		return nil, "", err
	}
	if r.Round.IsZero() {
		return nil, "", refuse(syncproto.CodeBadMessage, "state needs a round")
	}
	if r.State, err = parseState(q.State); err != nil {
		return nil, "", err
	}
	if !f.After.IsZero() {
		last, err := s.store.Record(ctx, f.After)
		if err != nil {
			return nil, "", err
		}
		r.After = Mark{last.Record.Area(), f.After}
	}
	rows, err := analysis.Results(ctx, r)
	if err != nil {
		return nil, "", err
	}
	ids := make([]syncproto.RecordID, len(rows))
	for i, row := range rows {
		ids[i] = row.ID
	}
	if len(rows) == r.Limit {
		next = ids[len(ids)-1].String()
	}
	records, err = s.store.RecordsOf(ctx, ids)
	return records, next, err
}

type recordRef struct {
	ID string `param:"id" json:"-"`
}

// getRecord shows one record in full. GET /api/v1/records/{id}
func (s *Server) getRecord(ctx context.Context, who visit, q recordRef) (view.RecordView, error) {
	r, err := s.readRecord(ctx, q.ID)
	if err != nil {
		return view.RecordView{}, err
	}
	catalog, err := s.catalog(ctx)
	if err != nil {
		return view.RecordView{}, err
	}
	s.log.InfoContext(ctx, "personal record read", "user", who.User, "from", who.From, "record", q.ID)
	return view.NewRecordView(r.Record, catalog), nil
}

func (s *Server) readRecord(ctx context.Context, text string) (StoredRecord, error) {
	id, err := syncproto.ParseRecordID(text)
	if err != nil {
		return StoredRecord{}, refuse(syncproto.CodeBadMessage, "%w", err)
	}
	r, err := s.store.Record(ctx, id)
	if err != nil {
		return StoredRecord{}, fmt.Errorf("record %s: %w", id, err)
	}
	return r, nil
}

type resolveRequest struct {
	ID    string `param:"id" json:"-"`
	Group string `json:"group"`
	Value any    `json:"value"`
}

// resolveRecord decides a conflict by an ordinary save of the office.
// POST /api/v1/records/{id}/resolve
func (s *Server) resolveRecord(ctx context.Context, who visit, q resolveRequest) (v view.RecordView, err error) {
	r, err := s.readRecord(ctx, q.ID)
	if err != nil {
		return v, err
	}
	catalog, err := s.catalog(ctx)
	if err != nil {
		return v, err
	}
	edit, err := ResolveEdit(r.Record, catalog, q.Group, q.Value, who.User, s.nowMilli())
	if err != nil {
		return v, refuse(syncproto.CodeBadMessage, "%w", err)
	}
	if r, err = s.store.Edit(ctx, edit); err != nil {
		return v, fmt.Errorf("resolve record %s: %w", q.ID, err)
	}
	s.log.InfoContext(ctx, "record resolved", "user", who.User, "from", who.From, "record", q.ID, "group", q.Group)
	return view.NewRecordView(r.Record, catalog), nil
}

type caseQuery struct {
	Area   string `query:"area" json:"-"`
	Closed bool   `query:"closed" json:"-"`
	Limit  int    `query:"limit" json:"-"`
}

type caseView struct {
	ID       string    `json:"id"`
	Record   string    `json:"record"`
	Type     string    `json:"type"`
	Area     area.Code `json:"area"`
	Group    string    `json:"group"`
	Kind     string    `json:"kind"`
	OpenedAt moment    `json:"opened_at"`
	ClosedAt moment    `json:"closed_at,omitempty"`
}

func newCaseView(c Case) caseView {
	return caseView{
		ID: c.ID, Record: c.Record.String(), Type: c.Type, Area: c.Area, Group: c.Group, Kind: c.Kind,
		OpenedAt: moment(c.OpenedAt), ClosedAt: moment(c.ClosedAt),
	}
}

type caseList struct {
	Cases []caseView `json:"cases"`
}

// listCases shows what a person should decide, newest first. GET /api/v1/cases
func (s *Server) listCases(ctx context.Context, _ visit, q caseQuery) (l caseList, err error) {
	f := CaseFilter{Closed: q.Closed, Limit: page(q.Limit)}
	if f.Area, err = parseOptionalArea(q.Area); err != nil {
		return l, err
	}
	cases, err := s.store.Cases(ctx, f)
	if err != nil {
		return l, fmt.Errorf("list cases: %w", err)
	}
	l.Cases = make([]caseView, len(cases))
	for i, c := range cases {
		l.Cases[i] = newCaseView(c)
	}
	return l, nil
}

type caseRef struct {
	ID string `param:"id" json:"-"`
}

// closeCase closes a case about a copied device; every other case closes when
// its record has one answer again. POST /api/v1/cases/{id}/close
func (s *Server) closeCase(ctx context.Context, who visit, q caseRef) (v caseView, err error) {
	if err := s.store.CloseCase(ctx, q.ID, s.nowMilli()); err != nil {
		return v, fmt.Errorf("close case %.64q: %w", q.ID, err)
	}
	s.log.InfoContext(ctx, "case closed", "user", who.User, "from", who.From, "case", q.ID)
	c, err := s.store.Case(ctx, q.ID)
	if err != nil {
		return v, fmt.Errorf("case %.64q: %w", q.ID, err)
	}
	return newCaseView(c), nil
}
