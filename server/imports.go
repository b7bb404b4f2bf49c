package server

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
	"tambonsync/syncproto/survey"
	"tambonsync/syncproto/view"
)

// ListedRecord is one row of a list that an office starts a round with: where
// the record lies, its answers by question, and the answer by which a second
// copy of the list finds it again, such as a house number.
type ListedRecord struct {
	Area   area.Code
	Key    string
	Values map[string]any
}

// Lister puts lists of households into a round. Rows whose key the village has
// already are left alone, so that a list may be taken in twice.
type Lister struct {
	store  Store
	form   *survey.Form
	kind   *survey.RecordType
	round  survey.Round
	id     syncproto.RecordID
	keyed  []string // questions that tell records of a village apart
	known  map[area.Code]map[string]bool
	rounds []survey.Round
	all    *survey.Catalog
}

// NewLister begins. keyed are questions by which records of one village are
// told apart; those that the form does not have are passed over.
func NewLister(ctx context.Context, store Store, c *survey.Catalog, r survey.Round, keyed ...string) (*Lister, error) {
	l := &Lister{store: store, round: r, keyed: keyed, known: map[area.Code]map[string]bool{}, all: c}
	var ok bool
	if l.form, ok = c.Form(r.Form); !ok {
		return nil, fmt.Errorf("form %s: %w", r.Form, ErrNotFound)
	}
	for _, t := range l.form.Types() {
		if t.Parent() == "" {
			l.kind = t
			break
		}
	}
	var err error
	if l.id, err = syncproto.ParseRecordID(r.ID); err != nil {
		return nil, err
	}
	l.rounds, err = ReadRounds(ctx, store)
	return l, err
}

// Has reports whether the records' form asks a question.
func (l *Lister) Has(question string) bool {
	_, ok := l.kind.Question(question)
	return ok
}

// Covers reports whether the round surveys an area.
func (l *Lister) Covers(code area.Code) bool { return l.round.Covers(string(code)) }

// Edits returns the saves that put the rows in, and how many the office has
// already.
func (l *Lister) Edits(ctx context.Context, rows []ListedRecord, user string, at int64) (edits []Edit, already int, err error) {
	for _, row := range rows {
		known, err := l.village(ctx, row.Area)
		if err != nil {
			return nil, 0, err
		}
		keys := l.keys(row.Values)
		if there(known, keys) {
			already++
			continue
		}
		for _, k := range keys {
			known[k] = true
		}
		e, err := l.edit(row, user, at)
		if err != nil {
			return nil, 0, err
		}
		edits = append(edits, e)
	}
	left, err := l.unknown(ctx, edits)
	return left, already + len(edits) - len(left), err
}

// unknown leaves out what the office has under the same id: listed before, and
// since then moved, renumbered or deleted by people, whose word stays.
func (l *Lister) unknown(ctx context.Context, edits []Edit) ([]Edit, error) {
	ids := make([]syncproto.RecordID, len(edits))
	for i, e := range edits {
		ids[i] = e.ID
	}
	there, err := l.store.RecordsOf(ctx, ids)
	if err != nil {
		return nil, err
	}
	has := map[syncproto.RecordID]bool{}
	for _, r := range there {
		has[r.Record.ID] = true
	}
	return slices.DeleteFunc(edits, func(e Edit) bool { return has[e.ID] }), nil
}

func there(known map[string]bool, keys []string) bool {
	for _, k := range keys {
		if known[k] {
			return true
		}
	}
	return false
}

func (l *Lister) keys(values map[string]any) (out []string) {
	for _, q := range l.keyed {
		if s, _ := values[q].(string); s != "" {
			out = append(out, q+"="+strings.ToLower(strings.Join(strings.Fields(area.CleanName(s)), "")))
		}
	}
	return out
}

// village reads once what a village has in this round.
func (l *Lister) village(ctx context.Context, code area.Code) (map[string]bool, error) {
	if known := l.known[code]; known != nil {
		return known, nil
	}
	known := map[string]bool{}
	err := walk(ctx, l.store, RecordFilter{Area: code, Type: l.kind.Name()}, func(page []StoredRecord) error {
		for _, r := range page {
			if r.Record.Area() != code || effectiveRound(r.Record, l.rounds, l.all) != l.round.ID {
				continue
			}
			e, err := view.Entry(r.Record, l.kind)
			if err != nil {
				return err
			}
			for _, k := range l.keys(e.Values) {
				known[k] = true
			}
		}
		return nil
	})
	l.known[code] = known
	return known, err
}

// edit gives the record an id that follows from round, village and key.
func (l *Lister) edit(row ListedRecord, user string, at int64) (Edit, error) {
	changes, err := pack(l.kind.Pack(nil, row.Values))
	if err != nil {
		return Edit{}, err
	}
	changes[syncproto.GroupScope] = syncproto.Text(string(row.Area))
	changes[syncproto.GroupRound] = syncproto.ID(l.id)
	changes[syncproto.GroupCarried] = syncproto.True
	name := "listed:" + string(row.Area) + "/" + row.Key
	return Edit{
		ID: syncproto.RecordID(uuid.NewSHA1(uuid.UUID(l.id), []byte(name))), Type: l.kind.Name(), Changes: changes, At: at,
		Context: syncproto.Context{User: user, Form: l.form.Ref(), Reason: "list imported"},
	}, nil
}
