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
func (s *Store) Backup(ctx context.Context, to string) (err error) {
	if _, err := os.Stat(to); err == nil {
		return fmt.Errorf("backup to %s: %w: the file exists, give another name", to, server.ErrConflict)
	}
	part := to + ".part"
	if err := os.Remove(part); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("backup: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(part)
			err = fmt.Errorf("backup to %s: %w", to, err)
		}
	}()
	conn, err := s.read.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	err = conn.Raw(func(c any) error {
		b, err := c.(interface {
			NewBackup(string) (*sqlite.Backup, error)
		}).NewBackup(part)
		if err != nil {
			return err
		}
		_, err = b.Step(-1) // in one go: stepping with pauses never ends under writes
		return errors.Join(err, b.Finish())
	})
	if err != nil {
		return err
	}
	if err := os.Chmod(part, 0o600); err != nil {
		return err
	}
	if err := checkBackup(ctx, part); err != nil {
		return err
	}
	if err := syncFile(part); err != nil {
		return err
	}
	if err := os.Rename(part, to); err != nil {
		return err
	}
	return syncFile(filepath.Dir(to))
}

func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// checkBackup refuses a file that is no office or is damaged.
func checkBackup(ctx context.Context, path string) (err error) {
	db, err := sql.Open("sqlite", dsn(path, "mode=ro&_query_only=1"))
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
	if _, err := os.Stat(path); err == nil {
		return o, fmt.Errorf("restore to %s: %w: the folder holds an office, give an empty one", dir, server.ErrConflict)
	}
	if err := checkBackup(ctx, from); err != nil {
		return o, fmt.Errorf("restore: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return o, fmt.Errorf("restore: %w", err)
	}
	part := path + ".part"
	defer func() {
		if err != nil {
			_ = removeDatabase(part)
			err = fmt.Errorf("restore %s: %w", from, err)
		}
	}()
	if err := removeDatabase(part); err != nil {
		return o, err
	}
	if err := copyFile(from, part); err != nil {
		return o, err
	}
	if o, err = newLife(ctx, part, random); err != nil {
		return o, err
	}
	if err := syncFile(part); err != nil {
		return o, err
	}
	if err := os.Rename(part, path); err != nil {
		return o, err
	}
	return o, syncFile(dir)
}

func removeDatabase(path string) error {
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

func copyFile(from, to string) (err error) {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	dst, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(dst, src)
	return errors.Join(err, dst.Close())
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
