package clientlib

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"

	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

// Item is a record with what the officer should know of its way to the office.
type Item struct {
	Record syncproto.Record
	Sent   bool   // the office holds everything in it
	Held   string // why the office did not take it: a syncproto.Result, or ""; or HeldDamaged
	Detail string // the office's words on that
}

// HeldDamaged marks a listed record that cannot be read here. See ErrDamaged.
const HeldDamaged = "damaged"

// Get returns one record.
func (s *Store) Get(ctx context.Context, id syncproto.RecordID) (Item, error) {
	r, err := s.look(ctx, id)
	if err != nil {
		return Item{}, err
	}
	return r.item(), nil
}

// look reads one record. If it is damaged, the next sync checks the store.
func (s *Store) look(ctx context.Context, id syncproto.RecordID) (*row, error) {
	r, err := readRow(ctx, s.db, id)
	if errors.Is(err, ErrDamaged) {
		if _, uerr := s.db.ExecContext(ctx, `UPDATE device SET checked = 0 WHERE one = 1`); uerr != nil {
			return nil, errors.Join(err, uerr)
		}
	}
	return r, err
}

func (r *row) item() Item {
	return Item{Record: r.rec, Sent: !r.dirty(), Held: r.held, Detail: r.heldDetail}
}

// Filter narrows a listing; zero fields do not.
type Filter struct {
	Type      string
	Area      area.Code // this area and below
	Parent    syncproto.RecordID
	Deleted   bool // deleted ones too
	System    bool // rounds and the like too; without it they are listed by their Type, or when something is wrong with them
	Unsent    bool // only what the office does not hold
	Conflicts bool // only what officers answered differently
	After     syncproto.RecordID
	Limit     int // default 1,000
}

// List returns records in order of id, which is the order they were begun in.
func (s *Store) List(ctx context.Context, f Filter) ([]Item, error) {
	query, args := `SELECT id FROM records WHERE id > $1`, []any{f.After[:]}
	where := func(cond string, values ...any) {
		for _, v := range values {
			args = append(args, v)
			cond = strings.Replace(cond, "?", fmt.Sprintf("$%d", len(args)), 1)
		}
		query += " AND " + cond
	}
	if f.Type != "" {
		where("type = ?", f.Type)
	} else if !f.System && !f.Unsent && !f.Conflicts {
		where("(type < '_' OR type > '_~')") // rounds and the like are asked for by their type
	}
	if f.Area != "" {
		from, to := f.Area.Span()
		where("area >= ? AND area < ?", from, to)
	}
	if !f.Parent.IsZero() {
		where("parent = ?", f.Parent[:])
	}
	if !f.Deleted {
		where("deleted = 0")
	}
	if f.Unsent {
		where("dirty = 1")
	}
	if f.Conflicts {
		where("conflicts > 0")
	}
	if f.Limit <= 0 {
		f.Limit = 1000
	}
	args = append(args, f.Limit)
	ids, err := queryIDs(ctx, s.db, query+fmt.Sprintf(" ORDER BY id LIMIT $%d", len(args)), args...)
	if err != nil {
		return nil, err
	}
	out := make([]Item, 0, len(ids))
	for _, id := range ids {
		r, err := s.look(ctx, id)
		if errors.Is(err, ErrNotFound) {
			continue // evicted meanwhile
		}
		if errors.Is(err, ErrDamaged) {
			out = append(out, Item{Record: syncproto.Record{ID: id}, Held: HeldDamaged, Detail: err.Error()})
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, r.item())
	}
	return out, nil
}

// Status is what the officer sees before and after a sync. "All sent" is true
// only if Unsent is 0.
type Status struct {
	Device      string      `json:"device"`
	Actor       string      `json:"actor"`
	Office      string      `json:"office"`
	Server      string      `json:"server"`
	Officer     string      `json:"officer"`
	Areas       []area.Code `json:"areas"`
	Records     int         `json:"records"`     // held here, deleted ones too
	Unsent      int         `json:"unsent"`      // of them not known to be at the office
	Quarantined int         `json:"quarantined"` // of the unsent: a supervisor decides
	Rejected    int         `json:"rejected"`    // of the unsent: a supervisor decided against
	Invalid     int         `json:"invalid"`     // of the unsent: the office could not read them
	Conflicts   int         `json:"conflicts"`   // answered differently by officers
	Damaged     int         `json:"damaged"`     // whose unsent answers were lost to damage here: ask the families again
	LastSync    int64       `json:"last_sync"`   // ms since 1970 by this device's clock; 0 never
	ClockOffset int64       `json:"clock_offset"`
	Bytes       int64       `json:"bytes"` // of the store on disk

	DefinitionsError string `json:"definitions_error,omitempty"` // see Result
}

// Status counts what the store holds.
func (s *Store) Status(ctx context.Context) (Status, error) {
	var st Status
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return st, fmt.Errorf("status: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	d, err := readIdentity(ctx, tx)
	if err != nil {
		return st, err
	}
	st = Status{
		Device: d.Device, Actor: d.Actor.String(), Office: d.Office, Server: d.Server, Officer: d.Officer, Areas: d.Areas,
		LastSync: d.Synced, ClockOffset: d.Offset,
	}
	for _, c := range []struct {
		where string
		n     *int
	}{
		{``, &st.Records},
		{` WHERE dirty = 1`, &st.Unsent},
		{` WHERE dirty = 1 AND held = 'quarantined'`, &st.Quarantined},
		{` WHERE dirty = 1 AND held = 'rejected'`, &st.Rejected},
		{` WHERE dirty = 1 AND held = 'invalid'`, &st.Invalid},
		{` WHERE conflicts > 0`, &st.Conflicts},
	} {
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM records`+c.where).Scan(c.n); err != nil {
			return st, fmt.Errorf("status: %w", err)
		}
	}
	if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM damaged`).Scan(&st.Damaged); err != nil {
		return st, fmt.Errorf("status: %w", err)
	}
	if st.DefinitionsError, err = definitionsError(ctx, tx, d); err != nil {
		return st, err
	}
	for _, suffix := range []string{"", "-wal"} {
		if info, err := os.Stat(s.path + suffix); err == nil {
			st.Bytes += info.Size()
		}
	}
	return st, nil
}
