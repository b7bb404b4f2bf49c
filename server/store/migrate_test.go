package store_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tambonsync/server"
	"tambonsync/server/store"
)

// An office that an older program made, with nothing but the first migration.
func TestAnOlderOfficeIsBroughtUpToDate(t *testing.T) {
	dir := create(t)
	path := filepath.Join(dir, store.FileName)
	rewind(t, path)
	s := open(t, dir)
	wantVerified(t, s)
	if err := s.PutVillages(context.Background(), []server.Village{{Code: "45030301", NameTH: "บ้านหนึ่ง"}}); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Revision(context.Background()); err != nil || n != 1 {
		t.Errorf("revision %d, %v; want 1", n, err)
	}
}

// rewind takes the office back to its first migration, with the row that says
// who it is.
func rewind(t *testing.T, path string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	first, err := os.ReadFile("migrations/001_office.sql")
	if err != nil {
		t.Fatal(err)
	}
	const columns = `one, id, name, actor, counter, epoch, parent, key_id, key, pepper`
	steps := []string{`ALTER TABLE office RENAME TO kept`}
	rows, err := db.QueryContext(t.Context(), `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT IN ('office', 'migrations') AND name NOT LIKE 'sqlite%'`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, `DROP TABLE "`+name+`"`)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	steps = append(steps, string(first), `INSERT INTO office (`+columns+`) SELECT `+columns+` FROM kept`, `DROP TABLE kept`,
		`DELETE FROM migrations WHERE name <> 'migrations/001_office.sql'`)
	if _, err := db.ExecContext(t.Context(), strings.Join(steps, ";\n")); err != nil {
		t.Fatal(err)
	}
}

func TestRoundsAreFoundWithoutReadingEveryRecord(t *testing.T) {
	dir := create(t)
	open(t, dir)
	db, err := sql.Open("sqlite", filepath.Join(dir, store.FileName))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	var id, parent, unused int
	var plan string
	err = db.QueryRowContext(t.Context(), `EXPLAIN QUERY PLAN SELECT state, seq, updated FROM records WHERE type = '_round' ORDER BY id`).Scan(&id, &parent, &unused, &plan)
	if err != nil || !strings.Contains(plan, "records_round") {
		t.Errorf("plan %q, %v", plan, err)
	}
}
