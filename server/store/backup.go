package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"modernc.org/sqlite"

	"tambonsync/server"
)

// Backup writes the whole office into the file to while others go on reading
// and writing. The file appears complete or not at all. It holds the office's
// keys: keep it as safe as the data folder.
func (s *Store) Backup(ctx context.Context, to string) error {
	if _, err := os.Lstat(to); err == nil {
		return fmt.Errorf("backup to %s: %w: the file exists, give another name", to, server.ErrConflict)
	}
	if err := complete(to, func(part string) error { return s.backup(ctx, part) }); err != nil {
		return fmt.Errorf("backup to %s: %w", to, err)
	}
	return nil
}

func (s *Store) backup(ctx context.Context, to string) (err error) {
	conn, err := s.read.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	err = conn.Raw(func(c any) error {
		b, err := c.(interface {
			NewBackup(string) (*sqlite.Backup, error)
		}).NewBackup(dsn(to, ""))
		if err != nil {
			return err
		}
		_, err = b.Step(-1) // in one go: stepping with pauses never ends under writes
		return errors.Join(err, b.Finish())
	})
	if err != nil {
		return err
	}
	if err := os.Chmod(to, 0o600); err != nil {
		return err
	}
	return checkBackup(ctx, to)
}

// checkBackup refuses a file that is no office or is damaged. It leaves
// nothing beside the file.
func checkBackup(ctx context.Context, path string) (err error) {
	if _, err := os.Stat(path); err != nil {
		return err
	}
	if log, err := os.Stat(path + "-wal"); err == nil && log.Size() > 0 {
		return fmt.Errorf("%s is an office in use, not a backup: its newest changes are in the log beside it; run tambonsync backup", path)
	}
	db, err := sql.Open("sqlite", dsn(path, "mode=ro&immutable=1&_query_only=1"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var answer string
	if err := db.QueryRowContext(ctx, `PRAGMA integrity_check(1)`).Scan(&answer); err != nil {
		return fmt.Errorf("%s is not an office's backup: %w", path, err)
	}
	if answer != "ok" {
		return fmt.Errorf("%s is damaged: %s", path, answer)
	}
	var id string
	if err := db.QueryRowContext(ctx, `SELECT id FROM office WHERE one = 1`).Scan(&id); err != nil {
		return fmt.Errorf("%s is not an office's backup: %w", path, err)
	}
	return nil
}

// Restore makes the folder dir, which must not hold an office, from a backup.
// The office begins a new epoch with a new actor and a new signing key, so
// devices notice, log in again and bring what the backup lacks.
func Restore(ctx context.Context, from, dir string, random io.Reader) (o server.Office, err error) {
	path := filepath.Join(dir, FileName)
	if err := vacant(path); err != nil {
		return o, fmt.Errorf("restore: %w", err)
	}
	if err := checkBackup(ctx, from); err != nil {
		return o, fmt.Errorf("restore: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return o, fmt.Errorf("restore: %w", err)
	}
	err = complete(path, func(part string) error {
		if err := copyFile(from, part); err != nil {
			return err
		}
		fresh, err := newLife(ctx, part, random)
		o = fresh
		return err
	})
	if err != nil {
		return server.Office{}, fmt.Errorf("restore %s: %w", from, err)
	}
	return o, nil
}

// newLife gives the restored file at path its new identity, before it is
// called an office. Closing the last connection folds the log into the file.
func newLife(ctx context.Context, path string, random io.Reader) (o server.Office, err error) {
	fresh, err := freshIdentity(random)
	if err != nil {
		return o, err
	}
	db, err := openWriter(path)
	if err != nil {
		return o, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return o, err
	}
	defer func() { _ = tx.Rollback() }()
	if err := migrate(ctx, tx); err != nil {
		return o, err
	}
	for _, q := range []struct {
		text string
		args []any
	}{
		{`UPDATE office SET parent = epoch, epoch = $1, actor = $2, counter = 0, key_id = $3, key = $4 WHERE one = 1`, []any{fresh.Epoch[:], fresh.Actor[:], fresh.KeyID, fresh.Key}},
		{`UPDATE feeds SET restored = seq`, nil},
		{`UPDATE invitations SET used_by = 'restored' WHERE used_by = ''`, nil},
	} {
		if _, err := tx.ExecContext(ctx, q.text, q.args...); err != nil {
			return o, err
		}
	}
	if o, err = readOffice(ctx, tx); err != nil {
		return o, err
	}
	return o, tx.Commit()
}
