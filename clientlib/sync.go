package clientlib

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"

	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

// Result tells what a sync did and what is left. It is filled in as far as the
// sync came, also when Sync returns an error.
type Result struct {
	Pushed      int   `json:"pushed"`      // records that the office now holds
	Pulled      int   `json:"pulled"`      // records that changed here
	Conflicts   int   `json:"conflicts"`   // records here that officers answered differently
	Quarantined int   `json:"quarantined"` // records that wait for a supervisor
	Rejected    int   `json:"rejected"`    // records that a supervisor decided against
	Invalid     int   `json:"invalid"`     // records that the office could not read
	Unsent      int   `json:"unsent"`      // records not known to be at the office; 0 means all is sent
	Repaired    int   `json:"repaired"`    // records that a comparison of digests had to mend: tell the office if not 0
	Evicted     int   `json:"evicted"`     // records that left this device's areas
	Requests    int   `json:"requests"`
	BytesOut    int64 `json:"bytes_out"` // of request bodies
	BytesIn     int64 `json:"bytes_in"`  // of answer bodies

	// DefinitionsError says why forms or rounds of the office are not all here,
	// or not readable. Records are synced all the same.
	DefinitionsError string `json:"definitions_error,omitempty"`
}

// Progress is told after every step of a sync.
type Progress struct {
	Unsent int // records still to push
	Pushed int
	Pulled int
}

// maxRounds bounds how often one sync starts over: for saves made meanwhile,
// for repairs, for an actor replaced half-way.
const maxRounds = 6

// Sync brings the store level with its office: it pushes until nothing is
// unsent, pulls until every feed is level, compares digests and mends what
// differs. It may be stopped through ctx or killed at any time. progress may
// be nil.
func (s *Store) Sync(ctx context.Context, progress func(Progress)) (Result, error) {
	var res Result
	if err := s.prove(ctx); err != nil {
		return res, err
	}
	d, err := readIdentity(ctx, s.db)
	if err != nil {
		return res, err
	}
	if d.Device == "" {
		return res, ErrNotEnrolled
	}
	y := &syncer{Store: s, link: &link{opts: s.opts, server: d.Server}, res: &res, progress: progress}
	err = y.run(ctx)
	res.Requests, res.BytesOut, res.BytesIn = y.link.requests, y.link.sent, y.link.received
	if st, serr := s.Status(context.WithoutCancel(ctx)); serr == nil {
		res.Conflicts, res.Quarantined, res.Rejected, res.Invalid, res.Unsent = st.Conflicts, st.Quarantined, st.Rejected, st.Invalid, st.Unsent
		res.DefinitionsError = st.DefinitionsError
	} else {
		err = errors.Join(err, serr)
	}
	if err != nil {
		return res, fmt.Errorf("sync: %w", err)
	}
	return res, nil
}

// syncer is one run of Sync.
type syncer struct {
	*Store
	link     *link
	res      *Result
	progress func(Progress)
	feeds    []syncproto.Feed
	self     syncproto.ActorID // our actor, as of the last hello
	mended   bool              // something here was found wrong

	definitions syncproto.Hash // as of the last hello
}

func (y *syncer) tell(unsent int) {
	if y.progress != nil {
		y.progress(Progress{Unsent: unsent, Pushed: y.res.Pushed, Pulled: y.res.Pulled})
	}
}

// run syncs, and a second time if a record turned out to be damaged here.
func (y *syncer) run(ctx context.Context) error {
	err := y.attempt(ctx)
	if !errors.Is(err, ErrDamaged) {
		return err
	}
	if err := y.check(ctx); err != nil {
		return err
	}
	return y.attempt(ctx)
}

func (y *syncer) attempt(ctx context.Context) error {
	if err := y.hello(ctx); err != nil {
		return err
	}
	if err := y.checkDue(ctx); err != nil {
		return err
	}
	if err := y.retryLater(ctx); err != nil {
		return err
	}
	fewest := math.MaxInt // records that waited when a round failed
	for round := 1; ; round++ {
		again, err := y.round(ctx)
		if hasCode(err, syncproto.CodeEpochChanged) || hasCode(err, syncproto.CodeHeadMismatch) ||
			hasCode(err, syncproto.CodeActorReset) || hasCode(err, syncproto.CodeForbidden) {
			// The office was restored, we are a copy, or our areas changed
			// since hello: hello sorts out which. Or another process syncs this
			// store and is a little faster: as long as less waits each time, we
			// come along.
			left, lerr := y.unsent(ctx)
			if lerr != nil {
				return errors.Join(err, lerr)
			}
			if left < fewest {
				fewest, round = left, 1
			}
			if round >= maxRounds {
				return err
			}
			if err := y.hello(ctx); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		if !again || round >= maxRounds {
			break
		}
	}
	if err := y.fetchDefinitions(ctx); err != nil {
		return err
	}
	return y.finish(ctx)
}

// round pushes and pulls once. again asks for another one.
func (y *syncer) round(ctx context.Context) (again bool, err error) {
	if err := y.heal(ctx); err != nil {
		return false, err
	}
	if err := y.pushAll(ctx); err != nil {
		return false, err
	}
	differ, err := y.pullAll(ctx)
	if err != nil {
		return false, err
	}
	if len(differ) > 0 {
		return true, y.repair(ctx, differ)
	}
	ids, err := y.pending(ctx, syncproto.RecordID{}, 1)
	return len(ids) > 0, err
}

// hello tells the office who we are and learns where we stand. If the office
// knows saves of our actor that we do not, we are a copy or were restored, and
// go on under a new actor.
func (y *syncer) hello(ctx context.Context) error {
	for range maxRounds {
		d, err := readIdentity(ctx, y.db)
		if err != nil {
			return err
		}
		asked := y.now()
		var resp syncproto.HelloResponse
		err = y.authorized(ctx, y.link, "/sync/v1/hello", syncproto.HelloRequest{
			Protocol: syncproto.ProtocolVersion, Actor: d.Actor, Last: d.Counter, App: y.opts.App, Time: asked,
		}, &resp)
		if hasCode(err, syncproto.CodeActorReset) {
			if err := y.update(ctx, y.fork); err != nil {
				return err
			}
			continue
		}
		if err == nil && (resp.Office != d.Office || resp.Epoch.IsZero()) {
			err = fmt.Errorf("%w: %s answers in its place", ErrOffline, d.Server)
		}
		if err != nil {
			return err
		}
		offset := resp.Time - (asked+y.now())/2
		ours := false
		err = y.update(ctx, func(ctx context.Context, tx *sql.Tx) error {
			if ours, err = knowsHead(ctx, tx, d.Actor, resp.Head); err != nil {
				return err
			}
			if !ours {
				return y.fork(ctx, tx)
			}
			if d.Evicted && d.Epoch != resp.Epoch {
				// A restored office may give us back an older state of a record
				// that we evicted. A save of it under this actor would claim to
				// have seen ours that the state lacks.
				ours = false
				return y.newActor(ctx, tx)
			}
			return y.welcome(ctx, tx, d, resp, offset)
		})
		if err != nil {
			return fmt.Errorf("hello: %w", err)
		}
		if ours {
			y.feeds, y.self, y.definitions = resp.Feeds, d.Actor, resp.Definitions
			return nil
		}
	}
	return errors.New("hello: the office keeps refusing every new actor")
}

// knowsHead reports whether the office's head of our actor is a save of ours.
func knowsHead(ctx context.Context, tx *sql.Tx, actor syncproto.ActorID, head syncproto.Head) (bool, error) {
	if head.Counter == 0 {
		return true, nil
	}
	var hash []byte
	err := tx.QueryRowContext(ctx, `SELECT hash FROM saves WHERE actor = $1 AND counter = $2`, actor[:], head.Counter).Scan(&hash)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil && string(hash) == string(head.Hash[:]), err
}

// welcome takes over what hello told.
func (y *syncer) welcome(ctx context.Context, tx *sql.Tx, d identity, resp syncproto.HelloResponse, offset int64) error {
	regranted := !slices.Equal(d.Areas, resp.Areas)
	if regranted {
		if err := writeGrants(ctx, tx, resp.Areas); err != nil {
			return err
		}
	}
	restored := d.Epoch != resp.Epoch && !d.Epoch.IsZero()
	if restored || regranted || d.Decided != resp.Decided {
		if err := pushAgain(ctx, tx); err != nil {
			return err
		}
	}
	if restored {
		if err := y.forgetOffice(ctx, tx, d.Epoch, resp); err != nil {
			return err
		}
	}
	if err := y.alignCursors(ctx, tx, resp.Feeds); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `UPDATE device SET officer = $1, "offset" = $2, epoch = $3, head = $4, head_hash = $5, decided = $6,
		healing = max(healing, $7), regrant = max(regrant, $8) WHERE one = 1`,
		resp.Officer, offset, resp.Epoch[:], resp.Head.Counter, resp.Head.Hash[:], resp.Decided, restored, regranted)
	return err
}

// pushAgain frees what the office would not take: it may take it now.
func pushAgain(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, `UPDATE records SET held = '', held_hash = x'', held_detail = '' WHERE dirty = 1`)
	if err != nil {
		return fmt.Errorf("push again: %w", err)
	}
	return nil
}

// alignCursors makes the cursors those of the feeds. A new area begins at 0
// and is filled beside the others.
func (y *syncer) alignCursors(ctx context.Context, tx *sql.Tx, feeds []syncproto.Feed) error {
	have, err := readCursors(ctx, tx)
	if err != nil {
		return err
	}
	want := map[area.Code]bool{}
	for _, f := range feeds {
		want[f.Area] = true
		if _, err := tx.ExecContext(ctx, `INSERT INTO cursors (area, seq, level) VALUES ($1, 0, 0) ON CONFLICT DO NOTHING`, f.Area); err != nil {
			return err
		}
	}
	for _, c := range have {
		if !want[c.Area] {
			if _, err := tx.ExecContext(ctx, `DELETE FROM cursors WHERE area = $1`, c.Area); err != nil {
				return err
			}
		}
	}
	return nil
}

// cursor is a feed's position with whether it was ever level.
type cursor struct {
	syncproto.Cursor
	level bool
}

func readCursors(ctx context.Context, q querier) ([]cursor, error) {
	out, err := collect(ctx, q, func(rows *sql.Rows) (c cursor, err error) {
		err = rows.Scan(&c.Area, &c.Seq, &c.level)
		return c, err
	}, `SELECT area, seq, level FROM cursors ORDER BY area`)
	if err != nil {
		return nil, fmt.Errorf("cursors: %w", err)
	}
	return out, nil
}

// retryLater frees what the office could not keep the last time, or did not
// take for a reason that only a later version knows.
func (y *syncer) retryLater(ctx context.Context) error {
	_, err := y.db.ExecContext(ctx, `UPDATE records SET held = '', held_hash = x'', held_detail = ''
		WHERE dirty = 1 AND held NOT IN ('', 'quarantined', 'rejected', 'invalid')`)
	if err != nil {
		return fmt.Errorf("retry: %w", err)
	}
	return nil
}

// finish evicts what is no longer ours to hold and notes the time. Only what
// the office holds is evicted; eviction is not a deletion and is told nobody.
func (y *syncer) finish(ctx context.Context) error {
	return y.update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		d, err := readIdentity(ctx, tx)
		if err != nil {
			return err
		}
		if d.Regrant {
			if err := loseUngranted(ctx, tx, d.Areas); err != nil {
				return err
			}
		}
		ids, err := queryIDs(ctx, tx, `SELECT id FROM records WHERE dirty = 0 AND server_area IS NULL`)
		if err != nil {
			return err
		}
		for _, id := range ids {
			r, err := readRow(ctx, tx, id)
			if err != nil {
				return err
			}
			if err := deleteRow(ctx, tx, r); err != nil {
				return err
			}
			y.res.Evicted++
		}
		// What was put aside as damaged has come back as it was.
		if _, err := tx.ExecContext(ctx, `DELETE FROM damaged WHERE EXISTS (SELECT 1 FROM records r WHERE r.id = damaged.id AND r.hash = damaged.hash)`); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE device SET regrant = 0, evicted = max(evicted, $1), synced = $2 WHERE one = 1`, len(ids) > 0, y.now())
		return err
	})
}

// loseUngranted forgets the office's copy of every record outside the grants.
func loseUngranted(ctx context.Context, tx *sql.Tx, grants []area.Code) error {
	query, args := `SELECT id FROM records WHERE server_area IS NOT NULL`, []any{}
	for _, g := range grants {
		from, to := g.Span()
		args = append(args, from, to)
		query += fmt.Sprintf(` AND NOT (server_area >= $%d AND server_area < $%d)`, len(args)-1, len(args))
	}
	ids, err := queryIDs(ctx, tx, query, args...)
	if err != nil {
		return err
	}
	for _, id := range ids {
		r, err := readRow(ctx, tx, id)
		if err != nil {
			return err
		}
		r.lost()
		if err := writeRow(ctx, tx, r); err != nil {
			return err
		}
	}
	return nil
}
