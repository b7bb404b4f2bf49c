// Package analysis follows the office's change feeds and keeps what follows
// from the records: the indicators of every household, their sums for villages
// and all areas above, progress, duplicates, orphans, and what looks wrong. It
// has a database file of its own, so a sync never waits for it.
//
// Everything here is a function of the office's present records, rounds and
// definitions, and of nothing else: dropping the file and reading all feeds
// again gives the same rows. Check proves it.
//
// It knows records and the survey. It must not know HTTP, devices or tokens.
//
// A newcomer reads migrations/001.sql, then catchup.go (one batch), ingest.go
// (where a record stands), settle.go (what follows from it), ledger.go (sums).
package analysis

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"tambonsync/server"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

// FileName is the database of the derived tables inside the data folder.
const FileName = "analysis.db"

// Source is what the analysis reads of an office; a server.Store is one. The
// order of numbers in a feed is that of commits, and Revision grows with every
// change of rounds, definitions and villages.
type Source interface {
	Office(ctx context.Context) (server.Office, error)
	Revision(ctx context.Context) (uint64, error)
	Feeds(ctx context.Context) ([]syncproto.Feed, error)
	Changes(ctx context.Context, feed area.Code, after uint64, limit int) (recs []server.StoredRecord, last uint64, err error)
	RecordsOf(ctx context.Context, ids []syncproto.RecordID) ([]server.StoredRecord, error)
	Rounds(ctx context.Context) ([]server.StoredRecord, error)
	Definitions(ctx context.Context) ([]server.Definition, error)
	Villages(ctx context.Context, within area.Code) ([]server.Village, error)
	LocalGovs(ctx context.Context) ([]server.LocalGov, error)
}

var _ server.Analysis = (*Analysis)(nil)

// What server's handlers ask and get; explained there.
type (
	Lag             = server.Lag
	Mark            = server.Mark
	ResultFilter    = server.ResultFilter
	ResultRow       = server.ResultRow
	Detail          = server.Detail
	DuplicateFilter = server.DuplicateFilter
	Duplicate       = server.Duplicate
	OrphanFilter    = server.OrphanFilter
	Orphan          = server.Orphan
	FlagFilter      = server.FlagFilter
	Flag            = server.Flag
)

// Analysis is an office's derived tables. It is safe for use by many
// goroutines, and several processes may have one open.
type Analysis struct {
	dir    string
	path   string
	src    Source
	pepper []byte
	now    func() time.Time
	write  *sql.DB // one connection
	read   *sql.DB

	mu      sync.Mutex // of CatchUp
	checked bool       // the world was compared since Open: the program's own definitions may be newer than the file
	world   atomic.Pointer[world]
}

// Open opens the derived tables in the data folder dir, or makes empty ones: if
// there are none, if they are damaged, or if another version of the program
// wrote them. CatchUp fills them. pepper keys the hashes by which people are
// recognised: the office's own, which does not leave it.
func Open(ctx context.Context, dir string, src Source, pepper []byte) (*Analysis, error) {
	return open(ctx, dir, filepath.Join(dir, FileName), src, pepper)
}

func open(ctx context.Context, dir, path string, src Source, pepper []byte) (*Analysis, error) {
	a := &Analysis{dir: dir, path: path, src: src, pepper: pepper, now: time.Now}
	if err := a.openFile(ctx); err != nil {
		return nil, fmt.Errorf("analysis: open %s: %w", path, err)
	}
	return a, nil
}

// Close ends the use of the tables.
func (a *Analysis) Close() error { return errors.Join(a.read.Close(), a.write.Close()) }

// identity tells one life of an office from another: feeds begin anew after a
// restore.
func (a *Analysis) identity(ctx context.Context) ([]byte, error) {
	o, err := a.src.Office(ctx)
	if err != nil {
		return nil, err
	}
	mac := hmac.New(sha256.New, a.pepper)
	mac.Write(o.Epoch[:])
	return mac.Sum(nil)[:16], nil
}

// view runs f on one snapshot of the tables.
func (a *Analysis) view(ctx context.Context, f func(tx *sql.Tx) error) error {
	tx, err := a.read.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	return f(tx)
}
