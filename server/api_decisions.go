package server

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"tambonsync/syncproto"
	"tambonsync/syncproto/survey"
	"tambonsync/syncproto/view"
)

// What a supervisor decides about a record: ordinary saves of the office, which
// travel to every tablet and can be taken back.

type stateRequest struct {
	ID       string            `param:"id" json:"-"`
	State    string            `json:"state"`
	Note     string            `json:"note"`
	Comments map[string]string `json:"comments"` // by question
}

func (q stateRequest) check() error {
	if len(q.Comments) > maxListItems {
		return refuse(syncproto.CodeBadMessage, "%d comments, at most %d", len(q.Comments), maxListItems)
	}
	err := checkText("note", q.Note, maxNoteBytes)
	for question, comment := range q.Comments {
		err = errors.Join(err, checkText("a question's name", question, maxCodeBytes), checkText("a comment", comment, maxNoteBytes))
	}
	return err
}

// setState is a supervisor's word on a household; "none" takes it back.
// POST /api/v1/records/{id}/state
func (s *Server) setState(ctx context.Context, who visit, q stateRequest) (v view.RecordView, err error) {
	if err := q.check(); err != nil {
		return v, err
	}
	state := q.State
	switch state {
	case syncproto.StateSubmitted, syncproto.StateReturned, syncproto.StateApproved:
	case "none":
		state = ""
	default:
		return v, refuse(syncproto.CodeBadMessage, "state %.40q: want submitted, returned, approved or none", q.State)
	}
	return s.change(ctx, who, q.ID, "record "+q.State, func(rec syncproto.Record, c *survey.Catalog) (Edit, error) {
		if f := view.Form(rec, c); f != nil {
			if t, ok := f.Type(rec.Type); ok && t.Parent() != "" {
				return Edit{}, fmt.Errorf("a %s has no state of its own: say it of its %s", rec.Type, t.Parent())
			}
		}
		return StateEdit(rec, state, q.Note, q.Comments, who.User, s.nowMilli())
	})
}

type mergeRequest struct {
	ID   string `param:"id" json:"-"`
	Into string `json:"into"`
}

// mergeRecord makes a duplicate count as another record.
// POST /api/v1/records/{id}/merge
func (s *Server) mergeRecord(ctx context.Context, who visit, q mergeRequest) (v view.RecordView, err error) {
	into, err := s.readRecord(ctx, q.Into)
	if err != nil {
		return v, err
	}
	return s.change(ctx, who, q.ID, "record merged", func(rec syncproto.Record, _ *survey.Catalog) (Edit, error) {
		if err := CheckMerge(rec, into.Record); err != nil {
			return Edit{}, err
		}
		return MergeEdit(rec, into.Record.ID, who.User, s.nowMilli())
	})
}

// unmergeRecord takes that back. POST /api/v1/records/{id}/unmerge
func (s *Server) unmergeRecord(ctx context.Context, who visit, q recordRef) (v view.RecordView, err error) {
	return s.change(ctx, who, q.ID, "record unmerged", func(rec syncproto.Record, _ *survey.Catalog) (Edit, error) {
		if rec.MergedInto().IsZero() {
			return Edit{}, errors.New("it is not merged")
		}
		return MergeEdit(rec, syncproto.RecordID{}, who.User, s.nowMilli())
	})
}

// change makes one save of a record, on what the record is now, and shows it
// with identifiers masked.
func (s *Server) change(ctx context.Context, who visit, id, what string, edit func(syncproto.Record, *survey.Catalog) (Edit, error)) (v view.RecordView, err error) {
	r, err := s.readRecord(ctx, id)
	if err != nil {
		return v, err
	}
	if strings.HasPrefix(r.Record.Type, "_") {
		return v, refuse(codeInvalid, "record %s is a %s, not a record of a survey", r.Record.ID, r.Record.Type)
	}
	catalog, err := s.catalog(ctx)
	if err != nil {
		return v, err
	}
	e, err := edit(r.Record, catalog)
	if err != nil {
		return v, refuse(codeInvalid, "%w", err)
	}
	if r, err = s.store.Edit(ctx, e); err != nil {
		return v, fmt.Errorf("%s: %s: %w", what, id, err)
	}
	s.log.InfoContext(ctx, what, "user", who.User, "from", who.From, "record", r.Record.ID.String())
	return view.NewRecordView(r.Record, catalog).Masked(), nil
}
