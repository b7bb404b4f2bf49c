package analysis

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"hash/crc32"
	"net/url"
	"os"
	"path/filepath"
	"strconv"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

//go:embed migrations/001.sql
var schema string

// generation is raised whenever the same records would give other rows, though
// the tables' shape is the same.
const generation = 1

// version is what a file of this program has in its header.
func version() int {
	return int(crc32.ChecksumIEEE([]byte(schema+strconv.Itoa(generation))) & 0x7fffffff)
}

// openFile opens the file, and once more after removing it if it is damaged or
// of another version.
func (a *Analysis) openFile(ctx context.Context) error {
	err := a.tryFile(ctx)
	if err == nil || !errors.Is(err, errOther) && !damaged(err) {
		return err
	}
	if err := removeFile(a.path); err != nil {
		return err
	}
	return a.tryFile(ctx)
}

var errOther = errors.New("written by another version of the program")

// damaged reports whether SQLite cannot make sense of the file.
func damaged(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return false
	}
	code := e.Code() & 0xff
	return code == sqlite3.SQLITE_CORRUPT || code == sqlite3.SQLITE_NOTADB
}

func (a *Analysis) tryFile(ctx context.Context) (err error) {
	a.write, err = sql.Open("sqlite", dsn(a.path, "_txlock=immediate&_busy_timeout=30000&_journal_mode=WAL&_synchronous=NORMAL&_dqs=0&_defensive=1"))
	if err != nil {
		return err
	}
	a.write.SetMaxOpenConns(1)
	defer func() {
		if err != nil {
			err = errors.Join(err, a.write.Close())
		}
	}()
	if err := a.prepare(ctx); err != nil {
		return err
	}
	if err := os.Chmod(a.path, 0o600); err != nil {
		return err
	}
	if a.read, err = sql.Open("sqlite", dsn(a.path, "mode=ro&_query_only=1&_busy_timeout=5000&_dqs=0&_defensive=1")); err != nil {
		return err
	}
	a.read.SetMaxOpenConns(8)
	a.read.SetMaxIdleConns(8)
	return nil
}

// prepare makes the tables in an empty file.
func (a *Analysis) prepare(ctx context.Context) error {
	tx, err := a.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	var found, tables int
	if err := tx.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&found); err != nil {
		return err
	}
	if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_master WHERE type = 'table'`).Scan(&tables); err != nil {
		return err
	}
	switch {
	case found == version():
		return touch(ctx, tx)
	case tables > 0:
		return errOther
	}
	if _, err := tx.ExecContext(ctx, schema); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf(`PRAGMA user_version = %d`, version())); err != nil {
		return err
	}
	return tx.Commit()
}

// touch looks into every table, so that coarse damage shows at Open. Reading
// all of a province would take too long; Check does that.
func touch(ctx context.Context, tx *sql.Tx) error {
	for _, t := range tables {
		var n int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM (SELECT 1 FROM `+t.name+` LIMIT 1)`).Scan(&n); err != nil {
			return err
		}
	}
	return nil
}

func dsn(path, options string) string {
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath(), RawQuery: options}
	return u.String()
}

func removeFile(path string) error {
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}
