package server

import (
	"context"
	"errors"
	"fmt"

	"tambonsync/syncproto"
	"tambonsync/syncproto/survey"
)

type roundList struct {
	Rounds []RoundView `json:"rounds"`
}

// listRounds shows all rounds, by id, which is the order of opening.
// GET /api/v1/rounds
func (s *Server) listRounds(ctx context.Context, _ visit, _ nothing) (l roundList, err error) {
	rounds, err := ReadRounds(ctx, s.store)
	l.Rounds = []RoundView{}
	for _, r := range rounds {
		l.Rounds = append(l.Rounds, NewRoundView(r))
	}
	return l, err
}

type openRequest struct {
	Form          string   `json:"form"`
	Set           string   `json:"set"`
	Areas         []string `json:"areas"`
	ReferenceDate string   `json:"reference_date"`
	Title         string   `json:"title"`
	Opens         string   `json:"opens"`
	Closes        string   `json:"closes"`
	From          string   `json:"from"` // begin with the roster of this round
}

// openRound opens a round. POST /api/v1/rounds
func (s *Server) openRound(ctx context.Context, who visit, q openRequest) (v RoundView, err error) {
	if len(q.Areas) > maxListItems {
		return v, refuse(syncproto.CodeBadMessage, "%d areas, at most %d", len(q.Areas), maxListItems)
	}
	if err := errors.Join(checkText("form", q.Form, maxNameBytes), checkText("set", q.Set, maxNameBytes), checkText("title", q.Title, maxNameBytes),
		checkText("from", q.From, maxCodeBytes)); err != nil {
		return v, err
	}
	codes, err := parseAreas(q.Areas)
	if err != nil {
		return v, err
	}
	r := survey.Round{Form: q.Form, Set: q.Set, ReferenceDate: q.ReferenceDate, Title: q.Title, Opens: q.Opens, Closes: q.Closes}
	for _, code := range codes {
		r.Areas = append(r.Areas, string(code))
	}
	catalog, err := s.catalog(ctx)
	if err != nil {
		return v, err
	}
	rounds, err := ReadRounds(ctx, s.store)
	if err != nil {
		return v, err
	}
	plan, err := PlanRound(catalog, rounds, r, q.From)
	if err != nil {
		return v, refuse(codeInvalid, "%w", err)
	}
	// Whoever asked may go away meanwhile: a round with half its roster helps nobody.
	v, err = plan.Open(context.WithoutCancel(ctx), s.store, who.User, s.random, s.nowMilli())
	if err != nil {
		return v, fmt.Errorf("open round: %w", err)
	}
	s.log.InfoContext(ctx, "round opened", "user", who.User, "from", who.From, "round", v.ID, "form", v.Form, "areas", v.Areas, "carried", v.Carried)
	return v, nil
}

type roundRef struct {
	ID string `param:"id" json:"-"`
}

// closeRound ends a round: new households no longer go to it by themselves.
// POST /api/v1/rounds/{id}/close
func (s *Server) closeRound(ctx context.Context, who visit, q roundRef) (RoundView, error) {
	return s.openOrClose(ctx, who, q.ID, false)
}

// reopenRound takes that back. POST /api/v1/rounds/{id}/reopen
func (s *Server) reopenRound(ctx context.Context, who visit, q roundRef) (RoundView, error) {
	return s.openOrClose(ctx, who, q.ID, true)
}

func (s *Server) openOrClose(ctx context.Context, who visit, id string, open bool) (v RoundView, err error) {
	r, err := s.readRound(ctx, id)
	if err != nil {
		return v, err
	}
	if v, err = OpenOrCloseRound(ctx, s.store, r, open, who.User, s.nowMilli()); err != nil {
		return v, fmt.Errorf("round %s: %w", id, err)
	}
	s.log.InfoContext(ctx, "round "+v.State, "user", who.User, "from", who.From, "round", v.ID)
	return v, nil
}

// readRound finds a round by its whole id.
func (s *Server) readRound(ctx context.Context, id string) (survey.Round, error) {
	want, err := parseOptionalID("round", id)
	if err != nil {
		return survey.Round{}, err
	}
	if want.IsZero() {
		return survey.Round{}, refuse(syncproto.CodeBadMessage, "round is missing")
	}
	rounds, err := ReadRounds(ctx, s.store)
	if err != nil {
		return survey.Round{}, err
	}
	return FindRound(rounds, want.String())
}
