package tables

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// WriteFile makes the file at path from what write gives: whole or not at all.
// It writes to a temporary file in the same folder, readable by its owner only,
// forces it to disk and renames it over path. If write fails (a cancelled
// context included), nothing is left and a file that was there stays as it was.
func WriteFile(path string, write func(io.Writer) error) (err error) {
	folder := filepath.Dir(path)
	tmp, err := os.CreateTemp(folder, "."+filepath.Base(path)+".*.tmp")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer func() {
		// Also runs when write panics. After the rename the name is free and the
		// file closed: both fail and harm nothing.
		_ = tmp.Close()
		_ = os.Remove(tmp.Name())
	}()
	out := bufio.NewWriterSize(tmp, 256<<10)
	err = write(out)
	if err == nil {
		err = errors.Join(out.Flush(), tmp.Sync(), tmp.Close())
	}
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return syncFolder(folder)
}

// syncFolder makes the rename itself last.
func syncFolder(folder string) error {
	dir, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
