package analysis

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"tambonsync/syncproto"
)

// compare walks two tables side by side in the order of their key and notes
// what is not the same. It holds one row of each in memory.
func (t table) compare(ctx context.Context, mine, theirs *sql.Tx, differences *[]string) error {
	a, err := t.walk(ctx, mine)
	if err != nil {
		return err
	}
	defer a.close()
	b, err := t.walk(ctx, theirs)
	if err != nil {
		return err
	}
	defer b.close()
	a.next()
	b.next()
	for (!a.done || !b.done) && len(*differences) < maxDifferences {
		var c int
		switch {
		case a.done:
			c = 1
		case b.done:
			c = -1
		default:
			c = compareValues(t.keyOf(a.row), t.keyOf(b.row))
		}
		switch {
		case c < 0:
			t.differ(differences, a.row, "is there, and a rebuild does not make it")
		case c > 0:
			t.differ(differences, b.row, "is not there, and a rebuild makes it")
		case compareValues(a.row, b.row) != 0:
			t.differ(differences, a.row, "is %s, and a rebuild makes it %s", showRow(a.row), showRow(b.row))
		}
		if c <= 0 {
			a.next()
		}
		if c >= 0 {
			b.next()
		}
	}
	return errors.Join(a.err, b.err)
}

func (t table) keyOf(row []any) (key []any) {
	columns := strings.Split(t.columns, ", ")
	for _, name := range strings.Split(t.key, ", ") {
		key = append(key, row[slices.Index(columns, name)])
	}
	return key
}

func (t table) differ(differences *[]string, row []any, what string, args ...any) {
	*differences = append(*differences, t.name+" "+showRow(t.keyOf(row))+" "+fmt.Sprintf(what, args...))
}

// walker is a place in the rows of a table.
type walker struct {
	rows *sql.Rows
	row  []any
	done bool
	err  error
}

func (t table) walk(ctx context.Context, tx *sql.Tx) (*walker, error) {
	rows, err := tx.QueryContext(ctx, `SELECT `+t.columns+` FROM `+t.name+` ORDER BY `+t.key)
	if err != nil {
		return nil, err
	}
	return &walker{rows: rows, err: rows.Err(), row: make([]any, len(strings.Split(t.columns, ", ")))}, nil
}

func (w *walker) next() {
	if w.done {
		return
	}
	if !w.rows.Next() {
		w.done, w.err = true, w.rows.Err()
		return
	}
	into := make([]any, len(w.row))
	for i := range w.row {
		w.row[i] = nil
		into[i] = &w.row[i]
	}
	if err := w.rows.Scan(into...); err != nil {
		w.done, w.err = true, err
	}
}

func (w *walker) close() { _ = w.rows.Close() } // an error of reading is in err

// compareValues orders rows as SQLite orders keys.
func compareValues(a, b []any) int {
	return slices.CompareFunc(a, b, func(a, b any) int {
		switch x := a.(type) {
		case int64:
			if y, ok := b.(int64); ok {
				return cmp.Compare(x, y)
			}
		case string:
			if y, ok := b.(string); ok {
				return strings.Compare(x, y)
			}
		case []byte:
			if y, ok := b.([]byte); ok {
				return bytes.Compare(x, y)
			}
		case nil:
			if b == nil {
				return 0
			}
		}
		return strings.Compare(fmt.Sprintf("%T", a), fmt.Sprintf("%T", b))
	})
}

// showRow shows a row for people: ids as everywhere, other bytes as digits.
func showRow(row []any) string {
	var out []string
	for _, v := range row {
		switch v := v.(type) {
		case []byte:
			if len(v) == len(syncproto.RecordID{}) {
				out = append(out, syncproto.RecordID(v).String())
			} else {
				out = append(out, fmt.Sprintf("%x", v))
			}
		case nil:
			out = append(out, "-")
		default:
			out = append(out, fmt.Sprint(v))
		}
	}
	return "(" + strings.Join(out, " ") + ")"
}
