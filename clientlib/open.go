package clientlib

import (
	"context"
	cryptorand "crypto/rand"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the driver

	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
	"tambonsync/syncproto/survey"
)

// The errors that a caller may want to act on.
var (
	// ErrNotFound: this device does not hold the record. Sync, or look at the id.
	ErrNotFound = errors.New("not on this device")
	// ErrNotEnrolled: the store belongs to no office yet. Enroll it.
	ErrNotEnrolled = errors.New("this device is not enrolled with an office")
	// ErrRevoked: the office has locked this device out. What is unsent stays
	// here; ask the office for a new invitation.
	ErrRevoked = errors.New("the office has locked this device out")
	// ErrOffline: the office could not be reached. Nothing is lost; try again later.
	ErrOffline = errors.New("the office cannot be reached")
	// ErrInvalid: the caller's input cannot be saved. The sentence says why.
	ErrInvalid = errors.New("cannot be saved")
	// ErrCertified: the village is signed off in the record's round. The office
	// can open it again.
	ErrCertified = errors.New("หมู่บ้านนี้รับรองผลแล้ว กรุณาให้สำนักงานเปิดให้แก้ไขก่อน (the village is signed off; ask the office to open it again)")
	// ErrDamaged: the record's bytes are not those that were saved. The next
	// sync brings the office's copy.
	ErrDamaged = errors.New("damaged on this device")
	// ErrExists: there is a store already.
	ErrExists = errors.New("already exists")
)

// Options are what a Store needs from outside. Every zero field has a default.
type Options struct {
	App       string                                     // program and version, shown at the office
	Form      *survey.Form                               // saves are made with; default: that of the record's round, see Store.Catalog
	Clock     func() time.Time                           // default: time.Now
	Random    io.Reader                                  // default: crypto/rand
	Transport http.RoundTripper                          // default: http.DefaultTransport
	Sleep     func(context.Context, time.Duration) error // default: a timer
	Attempts  int                                        // tries of one request before Sync gives up; default 4
	Timeout   time.Duration                              // of one request; default 2 minutes
}

func (o Options) withDefaults() Options {
	if o.App == "" {
		o.App = "clientlib"
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Random == nil {
		o.Random = cryptorand.Reader
	}
	if o.Transport == nil {
		o.Transport = http.DefaultTransport
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	if o.Attempts <= 0 {
		o.Attempts = 4
	}
	if o.Timeout <= 0 {
		o.Timeout = 2 * time.Minute
	}
	return o
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// Store is a device's store: one SQLite file and a small file beside it. Its
// methods may be called from several goroutines, and the file may be open in
// several processes.
type Store struct {
	path string
	opts Options
	db   *sql.DB // one connection

	mu     sync.Mutex
	proven bool // this process has checked that the file was not copied or restored

	shelf shelf
}

//go:embed migrations/*.sql
var migrations embed.FS

// Create makes a new, empty store at path, which must not exist.
func Create(ctx context.Context, path string, opts Options) (*Store, error) {
	if _, err := os.Stat(path); err == nil {
		return nil, fmt.Errorf("store %s: %w", path, ErrExists)
	}
	s, err := openFile(ctx, path, opts)
	if err != nil {
		return nil, err
	}
	if err := s.initialise(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("create %s: %w", path, err), s.Close())
	}
	return s, nil
}

// Open opens the store at path.
func Open(ctx context.Context, path string, opts Options) (*Store, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("store %s: %w", path, err)
	}
	s, err := openFile(ctx, path, opts)
	if err != nil {
		return nil, err
	}
	var n int
	if err := s.db.QueryRowContext(ctx, `SELECT count(*) FROM device`).Scan(&n); err != nil || n == 0 {
		if err == nil {
			err = s.initialise(ctx) // killed between the two steps of Create
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), s.Close())
		}
	}
	return s, nil
}

func openFile(ctx context.Context, path string, opts Options) (*Store, error) {
	u := url.URL{
		Scheme: "file", Opaque: (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath(),
		RawQuery: "_txlock=immediate&_busy_timeout=5000&_journal_mode=WAL&_synchronous=FULL&_foreign_keys=1&_dqs=0&_defensive=1",
	}
	db, err := sql.Open("sqlite", u.String())
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	db.SetMaxOpenConns(1)
	s := &Store{path: path, opts: opts.withDefaults(), db: db}
	if err := s.update(ctx, migrate); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), db.Close())
	}
	if err := os.Chmod(path, 0o600); err != nil { // answers of families, and the device's key
		return nil, errors.Join(fmt.Errorf("protect %s: %w", path, err), db.Close())
	}
	return s, nil
}

func migrate(ctx context.Context, tx *sql.Tx) error {
	if _, err := tx.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY)`); err != nil {
		return err
	}
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	for _, name := range names {
		var seen int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM migrations WHERE name = $1`, name).Scan(&seen); err != nil {
			return err
		}
		if seen > 0 {
			continue
		}
		text, err := migrations.ReadFile(name)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, string(text)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO migrations (name) VALUES ($1)`, name); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) initialise(ctx context.Context) error {
	var actor syncproto.ActorID
	seed := make([]byte, 32)
	nonce := make([]byte, 16)
	for _, b := range [][]byte{actor[:], seed, nonce} {
		if _, err := io.ReadFull(s.opts.Random, b); err != nil {
			return err
		}
	}
	if err := s.writeProof(proof{Current: nonce}); err != nil {
		return err
	}
	return s.update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO device (one, actor, counter, nonce, key, epoch, head_hash) VALUES (1, $1, 0, $2, $3, $4, $5)
			ON CONFLICT DO NOTHING`, actor[:], nonce, seed, make([]byte, 16), make([]byte, 8))
		return err
	})
}

// Close ends the use of the store.
func (s *Store) Close() error { return s.db.Close() }

func (s *Store) now() int64 { return s.opts.Clock().UnixMilli() }

// update runs f in one write transaction: all of it is on disk, or nothing.
func (s *Store) update(ctx context.Context, f func(ctx context.Context, tx *sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	if err := f(ctx, tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		if ctx.Err() != nil { // else the driver only tells that the transaction is over
			err = ctx.Err()
		}
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// identity is the device's row.
type identity struct {
	Actor     syncproto.ActorID
	Counter   uint64
	Key       []byte
	Device    string
	Office    string
	Server    string
	Officer   string
	Token     string
	TokenFrom int64
	TokenTill int64
	Offset    int64
	Epoch     syncproto.Epoch
	Head      syncproto.Head
	Decided   uint64
	Healing   bool
	Regrant   bool
	Evicted   bool
	Chunk     int
	Synced    int64
	Areas     []area.Code

	Definitions      syncproto.Hash // what hello told when they were fetched
	DefinitionsError string
}

// querier is a transaction or the database itself.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func readIdentity(ctx context.Context, q querier) (identity, error) {
	var d identity
	var actor, epoch, head, definitions []byte
	err := q.QueryRowContext(ctx, `SELECT actor, counter, key, device, office, server, officer, token, token_from, token_till, "offset",
		epoch, head, head_hash, decided, healing, regrant, evicted, chunk, synced, definitions, definitions_error FROM device WHERE one = 1`).
		Scan(&actor, &d.Counter, &d.Key, &d.Device, &d.Office, &d.Server, &d.Officer, &d.Token, &d.TokenFrom, &d.TokenTill, &d.Offset,
			&epoch, &d.Head.Counter, &head, &d.Decided, &d.Healing, &d.Regrant, &d.Evicted, &d.Chunk, &d.Synced,
			&definitions, &d.DefinitionsError)
	if err != nil {
		return d, fmt.Errorf("read device: %w", err)
	}
	copy(d.Actor[:], actor)
	copy(d.Epoch[:], epoch)
	copy(d.Head.Hash[:], head)
	copy(d.Definitions[:], definitions)
	d.Areas, err = collect(ctx, q, func(rows *sql.Rows) (c area.Code, err error) {
		err = rows.Scan(&c)
		return c, err
	}, `SELECT area FROM grants ORDER BY area`)
	if err != nil {
		return d, fmt.Errorf("read grants: %w", err)
	}
	return d, nil
}
