package analysis

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"

	"modernc.org/sqlite"
)

// table is a table with its key and the columns that must be the same after a
// rebuild.
type table struct{ name, key, columns string }

var tables = []table{
	{"meta", "one", "one, office"},
	{"cursors", "feed", "feed, seq"},
	{"reach", "area", "area, seq"},
	{"rounds", "id", "id, judging, assigned, areas"},
	{"types", "type", "type, parent"},
	{"items", "id", "id, type, area, parent, named, merged, alive, form, stand, over, lost, round, attached, holds, todo"},
	{"results", "round, area, id", resultColumns},
	{"sums", "round, area, live, no", "round, area, live, no, applicable, failed, pass, fail, na, unanswered"},
	{"progress", "round, area, live", "round, area, live, total, complete, persons, not_started, in_progress, ready, submitted, returned, approved, certified, open, loose"},
	{"levels", "round, area, live, level", "round, area, live, level, n"},
	{"villages", "round, area", "round, area, id, numbers"},
	{"keys", "round, kind, key, id", "round, kind, key, id, area"},
	{"duplicates", "id", "id, round, kind, key, n"},
	{"orphans", "id", "id, area, type, parent, why"},
	{"flags", "area, record, code, question, head", "area, record, code, question, head, round"},
}

// Rebuild reads all feeds anew into a file of its own, while the present tables
// go on serving, and then puts it in their place in one step. Other processes
// that have the tables open see the new ones.
func (a *Analysis) Rebuild(ctx context.Context) error {
	err := a.aside(ctx, func(fresh *Analysis) error {
		if _, err := fresh.write.ExecContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`); err != nil {
			return err
		}
		a.mu.Lock()
		defer a.mu.Unlock()
		return a.replaceBy(ctx, fresh.path)
	})
	if err == nil {
		_, err = a.CatchUp(ctx)
	}
	if err != nil {
		return fmt.Errorf("analysis: rebuild: %w", err)
	}
	return nil
}

// aside builds the tables in a file beside, and removes it after f.
func (a *Analysis) aside(ctx context.Context, f func(fresh *Analysis) error) (err error) {
	place, err := os.MkdirTemp(a.dir, "analysis-rebuild-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(place)) }()
	fresh, err := Open(ctx, place, a.src, a.pepper)
	if err != nil {
		return err
	}
	fresh.now = a.now
	defer func() { err = errors.Join(err, fresh.Close()) }()
	if _, err := fresh.CatchUp(ctx); err != nil {
		return err
	}
	return f(fresh)
}

// replaceBy copies a file's pages over the tables in one transaction.
func (a *Analysis) replaceBy(ctx context.Context, path string) (err error) {
	conn, err := a.write.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	return conn.Raw(func(c any) error {
		b, err := c.(interface {
			NewRestore(string) (*sqlite.Backup, error)
		}).NewRestore(dsn(path, ""))
		if err != nil {
			return err
		}
		_, err = b.Step(-1)
		return errors.Join(err, b.Finish())
	})
}

// ErrBusy means that the office changed all the while, so that two states could
// not be compared. Try again at a quieter time.
var ErrBusy = errors.New("the office is changing all the time: try again when fewer devices sync")

// checkTries is how often Check waits for a moment in which nothing changes.
const checkTries = 50

// maxDifferences bounds what Check tells.
const maxDifferences = 20

// Check builds the tables anew beside the present ones and compares them row by
// row. equal is true only if every row of every table is the same. It may run
// while another process serves.
func (a *Analysis) Check(ctx context.Context) (equal bool, differences []string, err error) {
	err = a.aside(ctx, func(fresh *Analysis) error {
		for range checkTries {
			for _, x := range []*Analysis{a, fresh} {
				if _, err := x.CatchUp(ctx); err != nil {
					return err
				}
			}
			var level bool
			level, differences, err = a.compare(ctx, fresh)
			if level || err != nil {
				return err
			}
		}
		return ErrBusy
	})
	if err != nil {
		return false, nil, fmt.Errorf("analysis: check: %w", err)
	}
	return len(differences) == 0, differences, nil
}

// compare compares two files of tables. level is false if one of them is not
// at the head of every feed: then they may differ for no fault of theirs. The
// heads are read after the snapshots were taken, so nothing newer than the
// snapshots can be in either file.
func (a *Analysis) compare(ctx context.Context, other *Analysis) (level bool, differences []string, err error) {
	err = a.view(ctx, func(mine *sql.Tx) error {
		return other.view(ctx, func(theirs *sql.Tx) error {
			for _, tx := range []*sql.Tx{mine, theirs} {
				if level, err = a.level(ctx, tx); err != nil || !level {
					return err
				}
			}
			for _, t := range tables {
				if err := t.compare(ctx, mine, theirs, &differences); err != nil {
					return fmt.Errorf("table %s: %w", t.name, err)
				}
			}
			return nil
		})
	})
	return level, differences, err
}

func (a *Analysis) level(ctx context.Context, tx *sql.Tx) (bool, error) {
	var revision, todo uint64
	if err := tx.QueryRowContext(ctx, `SELECT (SELECT revision FROM meta), (SELECT count(*) FROM items WHERE todo = 1)`).Scan(&revision, &todo); err != nil {
		return false, err
	}
	cursors, err := cursorsOf(ctx, tx)
	if err != nil {
		return false, err
	}
	heads, err := a.src.Feeds(ctx)
	if err != nil {
		return false, err
	}
	for _, f := range heads {
		if cursors[f.Area] != f.Seq {
			return false, nil
		}
	}
	now, err := a.src.Revision(ctx)
	return now == revision && todo == 0, err
}
