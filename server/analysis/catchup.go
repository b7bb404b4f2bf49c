package analysis

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

// What one transaction does at most: how many rows of the feeds it reads, and
// how many records it works out again (with all that belongs to them).
const (
	batchRows  = 500
	batchHeads = 500
)

// CatchUp works in everything that the feeds hold. changed tells whether there
// was anything. It goes in batches of one transaction each: what a batch read,
// what followed and how far it came are written together or not at all, so a
// crash or a cancelled ctx loses and doubles nothing. Several processes may
// call it at once.
func (a *Analysis) CatchUp(ctx context.Context) (changed bool, err error) {
	return a.catchUp(ctx, func(time.Duration) {})
}

// catchUp rests after each batch, told how long that took.
func (a *Analysis) catchUp(ctx context.Context, rest func(took time.Duration)) (changed bool, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for {
		heads, err := a.src.Feeds(ctx)
		if err != nil {
			return changed, fmt.Errorf("analysis: catch up: %w", err)
		}
		more, err := a.follow(ctx, heads, rest)
		if err != nil {
			return changed, fmt.Errorf("analysis: catch up: %w", err)
		}
		if !more {
			return changed, nil
		}
		changed = true
	}
}

// follow brings the tables up to the heads. more is false if there was nothing
// to do.
func (a *Analysis) follow(ctx context.Context, heads []syncproto.Feed, rest func(took time.Duration)) (more bool, err error) {
	behind, err := a.behind(ctx, heads)
	if err != nil {
		return false, err
	}
	for {
		if err := ctx.Err(); err != nil {
			return more, err
		}
		begun := time.Now()
		did, left, err := a.batch(ctx, behind)
		if err != nil {
			return more, err
		}
		behind = left
		rest(time.Since(begun))
		if !did {
			return more, nil
		}
		more = true
	}
}

// behind lists the feeds that hold more than was read.
func (a *Analysis) behind(ctx context.Context, heads []syncproto.Feed) ([]syncproto.Feed, error) {
	cursors, err := cursorsOf(ctx, a.read)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(heads), func(f syncproto.Feed) bool { return f.Seq <= cursors[f.Area] }), nil
}

func cursorsOf(ctx context.Context, q querier) (map[area.Code]uint64, error) {
	out := map[area.Code]uint64{}
	list, err := collect(ctx, q, func(rows *sql.Rows) (f syncproto.Feed, err error) {
		err = rows.Scan(&f.Area, &f.Seq)
		return f, err
	}, `SELECT feed, seq FROM cursors`)
	for _, f := range list {
		out[f.Area] = f.Seq
	}
	return out, err
}

// batch is one transaction. did is false if it found nothing to do.
func (a *Analysis) batch(ctx context.Context, behind []syncproto.Feed) (did bool, left []syncproto.Feed, err error) {
	tx, err := a.write.BeginTx(ctx, nil)
	if err != nil {
		return false, behind, fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	b := newBatch(ctx, tx, a)
	if did, err = b.begin(); err != nil {
		return false, behind, err
	}
	read, left, err := b.readFeeds(behind)
	if err != nil {
		return false, behind, err
	}
	if len(left) == 0 { // else first read all: what arrives in parts is worked out once
		n, err := b.workOut(batchHeads)
		if err != nil {
			return false, behind, err
		}
		did = did || n > 0
	}
	if did = did || read > 0; !did {
		return false, left, nil
	}
	if err := tx.Commit(); err != nil {
		return false, behind, fmt.Errorf("commit: %w", err)
	}
	a.checked = true
	return true, left, nil
}

// batch holds what one transaction knows.
type batch struct {
	ctx        context.Context
	tx         *sql.Tx
	a          *Analysis
	w          *world
	statements map[string]*statement
	items      map[syncproto.RecordID]*item // as the table has them; nil: not there
	places     map[syncproto.RecordID]place
	ledger     map[cell]*delta
	frozen     map[cell]bool // certified villages looked up so far
	touched    map[key]bool
	villages   []*item // sign-offs to be worked in after the households
}

func newBatch(ctx context.Context, tx *sql.Tx, a *Analysis) *batch {
	return &batch{
		ctx: ctx, tx: tx, a: a, statements: map[string]*statement{}, items: map[syncproto.RecordID]*item{},
		places: map[syncproto.RecordID]place{}, ledger: map[cell]*delta{}, frozen: map[cell]bool{}, touched: map[key]bool{},
	}
}

// begin makes sure that the tables are of this life of the office and that
// rounds and definitions are worked in.
func (b *batch) begin() (did bool, err error) {
	identity, err := b.a.identity(b.ctx)
	if err != nil {
		return false, err
	}
	if b.w, err = b.a.know(b.ctx); err != nil {
		return false, err
	}
	var office []byte
	var revision uint64
	err = b.tx.QueryRowContext(b.ctx, `SELECT office, revision FROM meta WHERE one = 1`).Scan(&office, &revision)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return false, fmt.Errorf("read meta: %w", err)
	}
	fresh := string(office) != string(identity)
	if fresh {
		for _, t := range tables {
			if err := b.exec(`DELETE FROM ` + t.name); err != nil {
				return false, err
			}
		}
	}
	if !fresh && b.a.checked && revision == b.w.revision {
		return false, nil
	}
	if err := b.compareWorld(); err != nil {
		return false, fmt.Errorf("rounds and definitions: %w", err)
	}
	err = b.exec(`INSERT INTO meta (one, office, revision) VALUES (1, $1, $2)
		ON CONFLICT (one) DO UPDATE SET office = excluded.office, revision = excluded.revision`, identity, b.w.revision)
	return true, err
}

// readFeeds takes in what the feeds hold, up to batchRows.
func (b *batch) readFeeds(behind []syncproto.Feed) (read int, left []syncproto.Feed, err error) {
	for len(behind) > 0 && read < batchRows {
		n, done, err := b.readFeed(behind[0], batchRows-read)
		if err != nil {
			return read, behind, fmt.Errorf("feed %s: %w", behind[0].Area, err)
		}
		read += n
		if done {
			behind = behind[1:]
		}
	}
	return read, behind, nil
}

func (b *batch) readFeed(f syncproto.Feed, limit int) (n int, done bool, err error) {
	var after uint64
	err = b.row(`SELECT seq FROM cursors WHERE feed = $1`, f.Area).Scan(&after)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, false, err
	}
	if after >= f.Seq { // another process was here
		return 0, true, nil
	}
	recs, last, err := b.a.src.Changes(b.ctx, f.Area, after, limit)
	if err != nil {
		return 0, false, err
	}
	if last <= after {
		return 0, true, nil
	}
	for i := range recs {
		if err := b.ingest(recs[i].Record); err != nil {
			return 0, false, fmt.Errorf("record %s: %w", recs[i].Record.ID, err)
		}
	}
	return max(len(recs), 1), last >= f.Seq, b.moveCursor(f.Area, after, last)
}

func (b *batch) moveCursor(feed area.Code, from, to uint64) error {
	err := b.exec(`INSERT INTO cursors (feed, seq) VALUES ($1, $2) ON CONFLICT (feed) DO UPDATE SET seq = excluded.seq`, feed, to)
	for _, code := range upwards(feed) {
		if err == nil {
			err = b.exec(`INSERT INTO reach (area, seq, at) VALUES ($1, $2, $3) ON CONFLICT (area) DO UPDATE SET seq = reach.seq + excluded.seq, at = excluded.at`,
				code, to-from, b.a.now().UnixMilli())
		}
	}
	return err
}

// upwards lists an area and all above it; the last is the whole office.
func upwards(code area.Code) []area.Code {
	var out []area.Code
	for l := len(code); l > 0; l -= 2 {
		out = append(out, code[:l])
	}
	return append(out, "")
}

// Lag tells how far the tables are behind.
func (a *Analysis) Lag(ctx context.Context) (Lag, error) {
	var lag Lag
	heads, err := a.src.Feeds(ctx)
	if err != nil {
		return lag, fmt.Errorf("analysis: lag: %w", err)
	}
	cursors, err := cursorsOf(ctx, a.read)
	if err != nil {
		return lag, fmt.Errorf("analysis: lag: %w", err)
	}
	for _, f := range heads {
		if c := cursors[f.Area]; c < f.Seq {
			lag.Seq += f.Seq - c
		}
	}
	if err := a.read.QueryRowContext(ctx, `SELECT count(*) FROM items WHERE todo = 1`).Scan(&lag.Todo); err != nil {
		return lag, fmt.Errorf("analysis: lag: %w", err)
	}
	return lag, nil
}

// Run catches up whenever poke says so and every interval, until ctx ends.
// What fails is tried again the next time; failed hears of it. It rests as long
// as it works, so that at least half of the time is left to those who sync.
func (a *Analysis) Run(ctx context.Context, poke <-chan struct{}, every time.Duration, failed func(error)) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if _, err := a.catchUp(ctx, func(took time.Duration) { pause(ctx, took) }); err != nil && ctx.Err() == nil {
			failed(err)
		}
		select {
		case <-ctx.Done():
			return
		case <-poke:
		case <-tick.C:
		}
	}
}

// pause waits, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
