// Package store keeps an office's data in SQL: records as the bytes they came
// in, change feeds, digests, cases, devices. It knows SQL and syncproto's
// merge, and implements server.Store. It must not know HTTP, tokens or forms;
// who may write where is decided by the caller and handed in.
//
// One connection writes, a pool reads. Concurrent pushes share one commit
// (commit.go). What a push does to one record is in push.go; how the outcome
// reaches the tables in flush.go.
package store

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/google/uuid"
	_ "modernc.org/sqlite" // the driver

	"tambonsync/server"
)

// FileName is the office's database inside its data folder.
const FileName = "office.db"

//go:embed migrations/*.sql
var migrations embed.FS

// Store is an office's data folder.
type Store struct {
	write  *sql.DB // one connection
	read   *sql.DB
	office server.Office
	commit committer
	stats  struct{ rowsRead, commits, pushes, kept atomic.Int64 }
}

var _ server.Store = (*Store)(nil)

// Create makes a new office in the folder dir, which must not hold one. random
// gives the ids and keys.
func Create(ctx context.Context, dir, name string, random io.Reader) error {
	path := filepath.Join(dir, FileName)
	if err := vacant(path); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	return complete(path, func(part string) error { return create(ctx, part, name, random) })
}

func create(ctx context.Context, path, name string, random io.Reader) (err error) {
	db, err := openWriter(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	if err := migrate(ctx, tx); err != nil {
		return err
	}
	id, err := uuid.NewRandomFromReader(random)
	if err != nil {
		return fmt.Errorf("office id: %w", err)
	}
	fresh, err := freshIdentity(random)
	if err != nil {
		return err
	}
	pepper := make([]byte, 32)
	if _, err := io.ReadFull(random, pepper); err != nil {
		return fmt.Errorf("pepper: %w", err)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO office (one, id, name, actor, counter, epoch, parent, key_id, key, pepper)
		VALUES (1, $1, $2, $3, 0, $4, $5, $6, $7, $8)`,
		id.String(), name, fresh.Actor[:], fresh.Epoch[:], make([]byte, 16), fresh.KeyID, fresh.Key, pepper)
	if err != nil {
		return fmt.Errorf("write office: %w", err)
	}
	return tx.Commit()
}

// freshIdentity draws what every life of a store has anew.
func freshIdentity(random io.Reader) (server.Office, error) {
	var o server.Office
	o.Key = make([]byte, ed25519.SeedSize)
	kid := make([]byte, 8)
	for _, b := range [][]byte{o.Actor[:], o.Epoch[:], o.Key, kid} {
		if _, err := io.ReadFull(random, b); err != nil {
			return o, fmt.Errorf("random: %w", err)
		}
	}
	o.KeyID = fmt.Sprintf("%x", kid)
	return o, nil
}

// Open opens the office in the folder dir and brings its tables up to date.
// Several processes may have one office open.
func Open(ctx context.Context, dir string) (*Store, error) {
	path := filepath.Join(dir, FileName)
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("no office in %s: %w: run `tambonsync init --data %s` first", dir, err, dir)
	}
	s := &Store{}
	var err error
	if s.write, err = openWriter(path); err != nil {
		return nil, err
	}
	if s.read, err = sql.Open("sqlite", dsn(path, "mode=ro&_query_only=1&_busy_timeout=5000&_dqs=0&_defensive=1")); err != nil {
		return nil, errors.Join(err, s.write.Close())
	}
	s.read.SetMaxOpenConns(8)
	s.read.SetMaxIdleConns(8)
	if err := s.load(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), s.Close())
	}
	return s, nil
}

func openWriter(path string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", dsn(path, "_txlock=immediate&_busy_timeout=5000&_journal_mode=WAL&_synchronous=FULL&_foreign_keys=1&_dqs=0&_defensive=1"))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	db.SetMaxOpenConns(1)
	if err := db.Ping(); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), db.Close())
	}
	if err := os.Chmod(path, 0o600); err != nil { // it holds the office's keys
		return nil, errors.Join(fmt.Errorf("protect %s: %w", path, err), db.Close())
	}
	return db, nil
}

func dsn(path, options string) string {
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath(), RawQuery: options}
	return u.String()
}

func (s *Store) load(ctx context.Context) error {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if err := migrate(ctx, tx); err != nil {
		return err
	}
	if s.office, err = readOffice(ctx, tx); err != nil {
		return err
	}
	return tx.Commit()
}

func readOffice(ctx context.Context, tx *sql.Tx) (server.Office, error) {
	var o server.Office
	var actor, epoch, parent []byte
	err := tx.QueryRowContext(ctx, `SELECT id, name, actor, epoch, parent, key_id, key, pepper FROM office WHERE one = 1`).
		Scan(&o.ID, &o.Name, &actor, &epoch, &parent, &o.KeyID, &o.Key, &o.Pepper)
	if err != nil {
		return o, fmt.Errorf("read office: %w", err)
	}
	copy(o.Actor[:], actor)
	copy(o.Epoch[:], epoch)
	copy(o.Parent[:], parent)
	return o, nil
}

// migrate runs the embedded migrations that the store has not seen.
func migrate(ctx context.Context, tx *sql.Tx) error {
	if _, err := tx.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY)`); err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	for _, name := range names {
		var seen int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM migrations WHERE name = $1`, name).Scan(&seen); err != nil {
			return fmt.Errorf("migrations: %w", err)
		}
		if seen > 0 {
			continue
		}
		text, err := migrations.ReadFile(name)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if _, err := tx.ExecContext(ctx, string(text)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO migrations (name) VALUES ($1)`, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// Close ends the store. Pushes under way finish first, since they hold the
// write connection.
func (s *Store) Close() error { return errors.Join(s.read.Close(), s.write.Close()) }

// Office tells who this server is.
func (s *Store) Office(context.Context) (server.Office, error) { return s.office, nil }

// Stats counts what was done since Open.
func (s *Store) Stats() server.Stats {
	return server.Stats{
		RowsRead:    s.stats.rowsRead.Load(),
		Commits:     s.stats.commits.Load(),
		Pushes:      s.stats.pushes.Load(),
		RecordsKept: s.stats.kept.Load(),
	}
}

// update runs f in a write transaction that ends although ctx may be
// cancelled half-way: what was begun is committed.
func (s *Store) update(ctx context.Context, f func(ctx context.Context, tx *sql.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	if err := f(ctx, tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	s.stats.commits.Add(1)
	return nil
}

// view runs f on one snapshot.
func (s *Store) view(ctx context.Context, f func(tx *sql.Tx) error) error {
	tx, err := s.read.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	return f(tx)
}
