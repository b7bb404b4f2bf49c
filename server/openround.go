package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
	"tambonsync/syncproto/survey"
)

// RoundView is a round for reading.
type RoundView struct {
	ID            string   `json:"id"`
	Round         string   `json:"round"` // the same
	Title         string   `json:"title"`
	Form          string   `json:"form"`
	Set           string   `json:"set"`
	Areas         []string `json:"areas"`
	ReferenceDate string   `json:"reference_date"`
	Opens         string   `json:"opens,omitempty"`
	Closes        string   `json:"closes,omitempty"`
	State         string   `json:"state"` // open or closed
	Previous      string   `json:"previous,omitempty"`
	Carried       int      `json:"carried,omitempty"` // records that the roster began with
	Kept          int      `json:"kept,omitempty"`    // records of an earlier round that now name it
}

// NewRoundView shows a round.
func NewRoundView(r survey.Round) RoundView {
	v := RoundView{
		ID: r.ID, Round: r.ID, Title: r.Title, Form: r.Form, Set: r.Set, Areas: append([]string{}, r.Areas...), ReferenceDate: r.ReferenceDate,
		Opens: r.Opens, Closes: r.Closes, State: "closed", Previous: r.Previous,
	}
	if r.Open {
		v.State = "open"
	}
	return v
}

// RoundPlan is a round that may be opened.
type RoundPlan struct {
	Round    survey.Round // without an id
	previous survey.Round // whose roster it begins with, if its ID is not ""
	catalog  *survey.Catalog
}

// PlanRound completes what a person asked for and checks it: the newest version
// of the form, its own indicator set, a title. from, if not "", is the round
// whose roster it begins with. Every error is about what was asked, and wraps
// ErrNotFound if that is not there.
func PlanRound(c *survey.Catalog, rounds []survey.Round, r survey.Round, from string) (RoundPlan, error) {
	p := RoundPlan{Round: r, catalog: c}
	f, ok := c.Form(r.Form)
	if !ok {
		return p, fmt.Errorf("form %.80q: there is no such published form: %w", r.Form, ErrNotFound)
	}
	p.Round.Form, p.Round.Open = f.Ref(), true
	if r.Set == "" {
		if set, ok := c.SetFor(f.Ref()); ok && !set.Draft() {
			p.Round.Set = set.Ref()
		}
	} else if set, ok := c.Set(r.Set); ok {
		p.Round.Set = set.Ref()
	}
	if r.Title == "" && len(r.Areas) > 0 {
		p.Round.Title = fmt.Sprintf("%s %s", f.Title().TH, area.FullName(area.Code(r.Areas[0])))
	}
	if from != "" {
		var err error
		if p.previous, err = FindRound(rounds, from); err != nil {
			return p, err
		}
		p.Round.Previous = p.previous.ID
	}
	return p, CheckRound(p.Round, c)
}

// Open writes the round: it keeps the records of earlier rounds where they
// belong, then opens this one, then carries the earlier roster forward. If it
// breaks off, what it has done stays.
func (p RoundPlan) Open(ctx context.Context, store Store, user string, random io.Reader, at int64) (RoundView, error) {
	bytes, err := draw(random, 10)
	if err != nil {
		return RoundView{}, err
	}
	r := p.Round
	r.ID = syncproto.NewRecordID(at, [10]byte(bytes)).String()
	kept, err := KeepRounds(ctx, store, p.catalog, r, user, at)
	if err != nil {
		return RoundView{}, err
	}
	edit, err := RoundEdit(r, user, "open round", at)
	if err != nil {
		return RoundView{}, err
	}
	if _, err := store.Edit(ctx, edit); err != nil {
		return RoundView{}, err
	}
	v := NewRoundView(r)
	v.Kept = kept
	if p.previous.ID != "" {
		v.Carried, err = CarryForward(ctx, store, p.catalog, p.previous, r, user, at)
	}
	return v, err
}

// ErrAmbiguous means that what a person typed begins more than one id. They type more.
var ErrAmbiguous = errors.New("several begin so, give more of it")

// FindRound finds a round by its id or the beginning of it, four characters or
// more.
func FindRound(rounds []survey.Round, id string) (survey.Round, error) {
	var found []survey.Round
	for _, r := range rounds {
		if r.ID == id {
			return r, nil
		}
		if len(id) >= 4 && strings.HasPrefix(r.ID, id) {
			found = append(found, r)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return survey.Round{}, fmt.Errorf("round %.40q: %w", id, ErrNotFound)
	}
	return survey.Round{}, fmt.Errorf("round %.40q: %w", id, ErrAmbiguous)
}

// OpenOrCloseRound closes a round, or opens it again.
func OpenOrCloseRound(ctx context.Context, store Store, r survey.Round, open bool, user string, at int64) (RoundView, error) {
	id, err := syncproto.ParseRecordID(r.ID)
	if err != nil {
		return RoundView{}, err
	}
	rec, err := store.Record(ctx, id)
	if err != nil {
		return RoundView{}, err
	}
	if _, err := store.Edit(ctx, CloseRoundEdit(rec.Record, open, user, at)); err != nil {
		return RoundView{}, err
	}
	r.Open = open
	return NewRoundView(r), nil
}
