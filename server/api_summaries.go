package server

import (
	"context"

	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
	"tambonsync/syncproto/survey"
)

// analysed returns the analysis, and an error if the office has none.
func (s *Server) analysed() (Analysis, error) {
	if s.analysis == nil {
		return nil, refuse(codeNotSwitchedOn, "sums and results")
	}
	return s.analysis, nil
}

// scope is an area and a round, as most listings of sums and results are asked
// for.
type scope struct {
	area  area.Code
	round syncproto.RecordID
}

func parseScope(code, round string) (o scope, err error) {
	if o.area, err = parseOptionalArea(code); err != nil {
		return o, err
	}
	o.round, err = parseOptionalID("round", round)
	return o, err
}

type summaryQuery struct {
	Area     string `query:"area" json:"-"`
	Round    string `query:"round" json:"-"`
	LocalGov string `query:"local_gov" json:"-"`
	Children bool   `query:"children" json:"-"`
}

type summaryAnswer struct {
	Summary  survey.Summary   `json:"summary"`
	Children []survey.Summary `json:"children,omitempty"` // one level below; they add up to it
}

// getSummaries tells the sums of an area, or of a local government body.
// GET /api/v1/summaries
func (s *Server) getSummaries(ctx context.Context, _ visit, q summaryQuery) (a summaryAnswer, err error) {
	analysis, err := s.analysed()
	if err != nil {
		return a, err
	}
	if err := checkText("local_gov", q.LocalGov, syncproto.MaxLabelBytes); err != nil {
		return a, err
	}
	if q.LocalGov != "" && (q.Area != "" || q.Children) {
		return a, refuse(syncproto.CodeBadMessage, "local_gov stands for itself, without area and children")
	}
	o, err := parseScope(q.Area, q.Round)
	if err != nil {
		return a, err
	}
	if q.LocalGov != "" {
		a.Summary, err = analysis.SummaryOfLocalGov(ctx, q.LocalGov, o.round)
		return a, err
	}
	if a.Summary, err = analysis.Summary(ctx, o.area, o.round); err != nil {
		return a, err
	}
	if a.Summary.Outstanding, err = LookOutstanding(ctx, s.store, o.area, s.nowMilli()); err != nil {
		return a, err
	}
	if q.Children {
		a.Children, err = analysis.Breakdown(ctx, o.area, o.round)
	}
	return a, err
}

type resultQuery struct {
	Area      string `query:"area" json:"-"`
	Round     string `query:"round" json:"-"`
	Indicator int    `query:"indicator" json:"-"`
	Verdict   string `query:"verdict" json:"-"`
	State     string `query:"state" json:"-"`
	Complete  *bool  `query:"complete" json:"-"`
	After     string `query:"after" json:"-"`
	Limit     int    `query:"limit" json:"-"`
}

func (q resultQuery) filter() (f ResultFilter, err error) {
	o, err := parseScope(q.Area, q.Round)
	if err != nil {
		return f, err
	}
	f = ResultFilter{Round: o.round, Area: o.area, Complete: q.Complete, Limit: page(q.Limit)}
	if f.After, err = parseMark(q.After); err != nil {
		return f, err
	}
	if f.State, err = parseState(q.State); err != nil {
		return f, err
	}
	if q.Verdict == "" && q.Indicator == 0 {
		return f, nil
	}
	switch f.Verdict = survey.Verdict(q.Verdict); f.Verdict {
	case survey.Pass, survey.Fail, survey.NA, survey.Unanswered:
	default:
		return f, refuse(syncproto.CodeBadMessage, "verdict %.20q of indicator %d: want pass, fail, na or unanswered", q.Verdict, q.Indicator)
	}
	if f.Indicator = q.Indicator; f.Indicator < 1 || f.Indicator > survey.MaxIndicators {
		return f, refuse(syncproto.CodeBadMessage, "indicator %d: want 1 to %d with a verdict", f.Indicator, survey.MaxIndicators)
	}
	return f, nil
}

func parseState(text string) (survey.State, error) {
	if text == "" {
		return "", nil
	}
	for _, state := range survey.States {
		if text == string(state) {
			return state, nil
		}
	}
	return "", refuse(syncproto.CodeBadMessage, "state %.20q: want one of %v", text, survey.States)
}

type resultView struct {
	ID       string           `json:"id"`
	Round    string           `json:"round,omitempty"` // missing: it belongs to none
	Area     area.Code        `json:"area"`
	State    survey.State     `json:"state,omitempty"` // missing: it is not judged
	Complete bool             `json:"complete"`
	Persons  int              `json:"persons"`
	Problems int              `json:"problems"`
	Level    int              `json:"level,omitempty"`
	Outcomes []survey.Outcome `json:"outcomes"`
}

func newResultView(r ResultRow) resultView {
	return resultView{
		ID: r.ID.String(), Round: idText(r.Round), Area: r.Area, State: r.State, Complete: r.Complete,
		Persons: r.Persons, Problems: r.Problems, Level: r.Level, Outcomes: append([]survey.Outcome{}, r.Outcomes...),
	}
}

// idText is "" for the zero id.
func idText(id syncproto.RecordID) string {
	if id.IsZero() {
		return ""
	}
	return id.String()
}

type resultPage struct {
	Results []resultView `json:"results"`
	Next    string       `json:"next,omitempty"`
}

// listResults pages through what the indicators say of households, without
// names. GET /api/v1/results
func (s *Server) listResults(ctx context.Context, _ visit, q resultQuery) (p resultPage, err error) {
	analysis, err := s.analysed()
	if err != nil {
		return p, err
	}
	f, err := q.filter()
	if err != nil {
		return p, err
	}
	rows, err := analysis.Results(ctx, f)
	if err != nil {
		return p, err
	}
	p.Results = make([]resultView, len(rows))
	for i, r := range rows {
		p.Results[i] = newResultView(r)
	}
	if len(rows) == f.Limit {
		last := rows[len(rows)-1]
		p.Next = Mark{last.Area, last.ID}.String()
	}
	return p, nil
}

// reviewView is what a form says of a record, without its answers.
type reviewView struct {
	Type     string                  `json:"type"`
	Missing  []string                `json:"missing"` // required questions without an answer
	Problems []survey.Problem        `json:"problems"`
	Below    map[string][]reviewView `json:"below,omitempty"` // by record type, in the order of the roster
}

func newReviewView(r survey.Review) reviewView {
	v := reviewView{Type: r.Type, Missing: append([]string{}, r.Missing...), Problems: append([]survey.Problem{}, r.Problems...)}
	for kind, list := range r.Children {
		if v.Below == nil {
			v.Below = map[string][]reviewView{}
		}
		for i := range list {
			v.Below[kind] = append(v.Below[kind], newReviewView(list[i]))
		}
	}
	return v
}

type resultDetail struct {
	ID       string           `json:"id"`
	Round    string           `json:"round,omitempty"`
	Area     area.Code        `json:"area"`
	State    survey.State     `json:"state,omitempty"` // missing: it is not judged
	Complete bool             `json:"complete"`
	Persons  int              `json:"persons"`
	Level    int              `json:"level,omitempty"`
	Outcomes []survey.Outcome `json:"outcomes"` // with reasons and what is unanswered
	Review   reviewView       `json:"review"`
	Flags    []flagView       `json:"flags"`
}

type recordRefNamed struct {
	Record string `param:"record" json:"-"`
}

// getResult explains one household, from its answers as they are now. For a
// member it is that of the household. GET /api/v1/results/{record}
func (s *Server) getResult(ctx context.Context, who visit, q recordRefNamed) (d resultDetail, err error) {
	analysis, err := s.analysed()
	if err != nil {
		return d, err
	}
	id, err := syncproto.ParseRecordID(q.Record)
	if err != nil {
		return d, refuse(syncproto.CodeBadMessage, "%w", err)
	}
	r, err := analysis.Result(ctx, id)
	if err != nil {
		return d, err
	}
	s.log.InfoContext(ctx, "personal result read", "user", who.User, "from", who.From, "record", r.ID.String())
	return resultDetail{
		ID: r.ID.String(), Round: idText(r.Round), Area: r.Area, State: r.State, Complete: r.Complete, Persons: r.Persons, Level: r.Result.Level,
		Outcomes: append([]survey.Outcome{}, r.Result.Outcomes...), Review: newReviewView(r.Review), Flags: newFlagViews(r.Flags),
	}, nil
}
