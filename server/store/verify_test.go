package store_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"tambonsync/server"
	"tambonsync/server/store"
	"tambonsync/server/store/storetest"
	"tambonsync/syncproto"
)

// rawExec changes a database behind the store's back.
func rawExec(t testing.TB, path, query string, args ...any) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	res, err := db.Exec(query, args...)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	if n, _ := res.RowsAffected(); n == 0 && !strings.HasPrefix(query, "CREATE") {
		t.Fatalf("%s: changed nothing", query)
	}
}

// lived is an office with some of everything: a conflict, a deletion, a moved
// record, a copied store, something in the inbox.
func lived(t *testing.T) (dir string, s *store.Store, r syncproto.Record) {
	t.Helper()
	dir = create(t)
	s = open(t, dir)
	a, b := storetest.Enroll(t, s, "malee", "4503"), storetest.Enroll(t, s, "pim", "4503")
	r = a.New(1, village, nil)
	a.Push(t, r)
	twin := a.Copy()
	a.Push(t, a.Save(r, storetest.Answers{"water": 1}))
	b.Push(t, b.Save(r, storetest.Answers{"water": 2}))
	gone, moves := b.New(2, village, storetest.Answers{"_life": false}), b.New(3, village, nil)
	b.Push(t, gone, moves, b.New(4, far, nil))
	b.Push(t, b.Save(moves, storetest.Answers{"_scope": "45030201"}))
	twin.Hello(t)
	twin.Push(t, twin.New(5, village, nil))
	return dir, s, r
}

func TestVerifyCountsWhatIsThere(t *testing.T) {
	_, s, _ := lived(t)
	got := wantVerified(t, s)
	want := store.Report{OK: true, Records: 4, Deleted: 1, Conflicts: 1, Cases: 2, Saves: 7, Inbox: 1}
	got.Problems = nil
	if got.OK != want.OK || got.Records != want.Records || got.Deleted != want.Deleted || got.Conflicts != want.Conflicts ||
		got.Cases != want.Cases || got.Saves != want.Saves || got.Inbox != want.Inbox {
		t.Errorf("report %+v, want %+v", got, want)
	}
}

func TestVerifyFindsPlantedDamage(t *testing.T) {
	for _, tt := range []struct {
		name, damage, problem string
	}{
		{"a changed byte of an answer", `UPDATE records SET state = substr(state, 1, length(state) - 1) || x'39' WHERE deleted = 1`, "does not say what its bytes say"},
		{"a cut state", `UPDATE records SET state = substr(state, 1, 40) WHERE deleted = 1`, "record"},
		{"another hash", `UPDATE records SET hash = zeroblob(16) WHERE deleted = 1`, "does not say what its bytes say"},
		{"another area", `UPDATE records SET area = '45030102' WHERE deleted = 1`, "does not say what its bytes say"},
		{"another type", `UPDATE records SET type = 'person' WHERE deleted = 1`, "does not say what its bytes say"},
		{"a deletion forgotten", `UPDATE records SET deleted = 0`, "does not say what its bytes say"},
		{"a conflict forgotten", `UPDATE records SET conflicts = 0`, "does not say what its bytes say"},
		{"a number of its own", `UPDATE records SET seq = seq + 100 WHERE deleted = 1`, "not in the feed"},
		{"a record lost", `DELETE FROM records WHERE deleted = 1`, "feed rows name no record"},
		{"a leaf with another sum", `UPDATE leaves SET sum = zeroblob(16) WHERE count > 0`, "the sum is not that of its records"},
		{"a leaf with another count", `UPDATE leaves SET count = count + 1`, "the sum is not that of its records"},
		{"a leaf lost", `DELETE FROM leaves WHERE count > 0`, "is missing"},
		{"a leaf too many", `INSERT INTO leaves VALUES ('99', 3, 1, zeroblob(16))`, "the sum is not that of its records"},
		{"a feed row lost", `DELETE FROM feed WHERE feed = '450301' AND out = 0`, "not in the feed"},
		{"a feed row doubled", `INSERT INTO feed SELECT feed, 0, record, area, 0, origin FROM feed WHERE out = 0 LIMIT 1`, "feed rows name no record"},
		{"a feed row in another feed", `INSERT INTO feed SELECT '450309', seq, record, area, 0, origin FROM feed WHERE out = 0 LIMIT 1`, "feed rows name no record"},
		{"a feed row turned out", `UPDATE feed SET out = 1`, "not in the feed"},
		{"a record out of where it is", `UPDATE feed SET area = '45030201' WHERE out = 1`, "left the area that they are in"},
		{"a counter that fell back", `UPDATE feeds SET seq = 1`, "above the counter"},
		{"a counter lost", `DELETE FROM feeds WHERE feed = '450301'`, "above the counter"},
		{"a case lost", `DELETE FROM cases WHERE kind = 'conflict'`, "but cases for []"},
		{"a case closed too soon", `UPDATE cases SET closed = 5 WHERE kind = 'conflict'`, "but cases for []"},
		{"a case too many", `INSERT INTO cases SELECT 'x', id, 'roof', 'conflict', 5, 0 FROM records WHERE deleted = 1`, "but cases for [roof]"},
		{"a case of no record", `UPDATE cases SET record = zeroblob(16) WHERE kind = 'copied_store'`, "cases name no record"},
		{"the audit lost a save", `DELETE FROM ops WHERE record = (SELECT id FROM records WHERE deleted = 1)`, "not in the audit"},
		{"the audit has another save", `UPDATE ops SET hash = zeroblob(8)`, "names another save"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir, s, _ := lived(t)
			wantVerified(t, s)
			rawExec(t, filepath.Join(dir, store.FileName), tt.damage)
			got := verify(t, s)
			if got.OK || !strings.Contains(strings.Join(got.Problems, "\n"), tt.problem) {
				t.Errorf("verify: ok %v, %q; want %q", got.OK, got.Problems, tt.problem)
			}
		})
	}
}

func TestVerifyNamesAtMostAHundredProblems(t *testing.T) {
	dir := create(t)
	s := open(t, dir)
	d := storetest.Enroll(t, s, "malee", tambon)
	d.Push(t, newRecords(d, 1, 150)...)
	rawExec(t, filepath.Join(dir, store.FileName), `UPDATE records SET deleted = 1`)
	if got := verify(t, s); got.OK || len(got.Problems) != 100 {
		t.Errorf("%d problems, want 100", len(got.Problems))
	}
}

// I9 for the office's own disk: damage of one record concerns no other.
func TestADamagedRecordFailsAlone(t *testing.T) {
	for _, tt := range []struct {
		name, damage string
	}{
		{"unreadable", `UPDATE records SET state = substr(state, 1, 40) WHERE id = $1`},
		{"readable but changed", `UPDATE records SET state = substr(state, 1, length(state) - 1) || x'39' WHERE id = $1`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := create(t)
			s := open(t, dir)
			d := storetest.Enroll(t, s, "malee", tambon)
			r1, r2 := d.New(1, village, nil), d.New(2, village, nil)
			d.Push(t, r1, r2)
			path := filepath.Join(dir, store.FileName)
			rawExec(t, path, tt.damage, r1.ID[:])
			got := d.Push(t, d.Save(r1, storetest.Answers{"water": 1}), d.Save(r2, storetest.Answers{"water": 1}), d.New(3, village, nil))
			for i, want := range []syncproto.Result{syncproto.ResultStoreError, syncproto.ResultStored, syncproto.ResultStored} {
				if got[i].Code != want {
					t.Errorf("record %d: %+v, want %s", i, got[i], want)
				}
			}
			if !strings.Contains(got[0].Detail, "verify") {
				t.Errorf("detail %q, want it to say what the office should do", got[0].Detail)
			}
			if _, err := s.Edit(context.Background(), server.Edit{ID: r1.ID, At: storetest.Now}); err == nil {
				t.Error("the office edited the damaged record")
			}
			resp := d.Pull(t, 10, syncproto.Cursor{Area: tambon})
			if c := resp.Cursors[0]; !c.Level || c.Seq != 4 {
				t.Errorf("cursor %+v, want it to pass the damage", c)
			}
			if got := verify(t, s); len(got.Problems) == 0 || !strings.Contains(got.Problems[0], r1.ID.String()) {
				t.Errorf("verify: %v, want it to name %s", got.Problems, r1.ID)
			}
		})
	}
}
