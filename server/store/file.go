package store

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"tambonsync/server"
)

// What SQLite may put beside a database.
var beside = [...]string{"-wal", "-shm", "-journal"}

// vacant refuses a place that holds an office, or what is left of one: SQLite
// would play an old log into a new database of the same name.
func vacant(path string) error {
	for _, suffix := range append([]string{""}, beside[:]...) {
		_, err := os.Lstat(path + suffix)
		if err == nil {
			return fmt.Errorf("%s: %w: the folder already holds an office or what is left of one", path+suffix, server.ErrConflict)
		}
		if !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("data folder: %w", err)
		}
	}
	return nil
}

// complete makes the database at path appear whole or not at all: build works
// on a file beside it, which gets the name when it is on disk.
func complete(path string, build func(part string) error) (err error) {
	part := path + ".part"
	defer func() {
		if err != nil {
			_ = removeDatabase(part)
		}
	}()
	if err := removeDatabase(part); err != nil {
		return err
	}
	if err := build(part); err != nil {
		return err
	}
	if err := syncFile(part); err != nil {
		return err
	}
	if err := os.Rename(part, path); err != nil {
		return err
	}
	return syncFile(filepath.Dir(path))
}

func removeDatabase(path string) error {
	for _, suffix := range append([]string{""}, beside[:]...) {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
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
