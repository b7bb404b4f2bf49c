package store_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"tambonsync/server"
	"tambonsync/server/store"
	"tambonsync/server/store/storetest"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

const (
	tambon  area.Code = "450301"
	village area.Code = "45030101"
	far     area.Code = "46010101"
)

func TestCreateRefusesAFolderThatHoldsAnOffice(t *testing.T) {
	dir := create(t)
	before, err := open(t, dir).Office(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Create(context.Background(), dir, "another", rand.Reader); !errors.Is(err, server.ErrConflict) {
		t.Fatalf("create again: %v, want %v", err, server.ErrConflict)
	}
	if after, err := open(t, dir).Office(context.Background()); err != nil || after.ID != before.ID || after.Name != before.Name {
		t.Errorf("the office became %+v, %v", after, err)
	}
}

// A log that was left behind would be played into the new database.
func TestCreateRefusesTheRemainsOfAnOffice(t *testing.T) {
	for _, suffix := range []string{"-wal", "-shm", "-journal"} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, store.FileName+suffix), []byte("left"), 0o600); err != nil {
			t.Fatal(err)
		}
		err := store.Create(context.Background(), dir, "new", rand.Reader)
		if !errors.Is(err, server.ErrConflict) || !strings.Contains(err.Error(), suffix) {
			t.Errorf("create beside %s: %v, want %v and the file's name", suffix, err, server.ErrConflict)
		}
	}
}

func TestCreateThatFailsLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	if err := store.Create(context.Background(), dir, "new", strings.NewReader("too little randomness")); err == nil {
		t.Fatal("created without randomness")
	}
	wantFiles(t, dir)
	if err := store.Create(context.Background(), dir, "new", rand.Reader); err != nil {
		t.Fatalf("create after a failure: %v", err)
	}
	wantVerified(t, open(t, dir))
}

func TestOpenOfAFolderWithoutAnOfficeSaysWhatToDo(t *testing.T) {
	dir := t.TempDir()
	_, err := store.Open(context.Background(), dir)
	if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "init") {
		t.Errorf("open: %v, want it to name the command", err)
	}
	wantFiles(t, dir)
}

func TestReopenKeepsEverything(t *testing.T) {
	dir := create(t)
	s := open(t, dir)
	d := storetest.Enroll(t, s, "malee", tambon)
	r := d.New(1, village, storetest.Answers{"water": 1})
	d.Push(t, r, d.New(2, far, nil))
	want := wantVerified(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, dir, store.FileName)
	s = open(t, dir)
	rec, err := s.Record(context.Background(), r.ID)
	if err != nil || !bytes.Equal(rec.Raw, r.Encode()) {
		t.Errorf("record %+v, %v", rec, err)
	}
	if got := wantVerified(t, s); got.Records != want.Records || got.Saves != want.Saves || got.Inbox != 1 {
		t.Errorf("holds %+v, want %+v", got, want)
	}
	if got := s.Stats(); got != (server.Stats{}) {
		t.Errorf("stats %+v, want them to begin anew", got)
	}
}

func TestOnlyItsOwnerReadsTheDatabase(t *testing.T) {
	info, err := os.Stat(filepath.Join(create(t), store.FileName))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v; want 0600: it holds the office's keys", info.Mode(), err)
	}
}

func TestFoldersOfAnyNameWork(t *testing.T) {
	for _, name := range []string{"with space", "อบต.ในเมือง", "what?mode=memory", "a#b", "100%25", "semi;colon&more=1", "+plus", "file:x", "'quote\""} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), name)
			if err := store.Create(context.Background(), dir, "x", rand.Reader); err != nil {
				t.Fatal(err)
			}
			s := open(t, dir)
			d := storetest.Enroll(t, s, "malee", tambon)
			d.Push(t, d.New(1, village, nil))
			backup := filepath.Join(dir, name+".backup")
			if err := s.Backup(context.Background(), backup); err != nil {
				t.Fatalf("backup: %v", err)
			}
			restored := filepath.Join(dir, name+" again")
			if _, err := store.Restore(context.Background(), backup, restored, rand.Reader); err != nil {
				t.Fatalf("restore: %v", err)
			}
			if got := wantVerified(t, open(t, restored)); got.Records != 1 {
				t.Errorf("restored %+v, want one record", got)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			wantFiles(t, dir, store.FileName, name+".backup", name+" again")
			wantFiles(t, filepath.Dir(dir), name)
		})
	}
}

func TestARelativeFolderWorks(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := store.Create(context.Background(), "data", "x", rand.Reader); err != nil {
		t.Fatal(err)
	}
	wantVerified(t, open(t, "data"))
	wantFiles(t, ".", "data")
}

// Two processes, such as the server and a command, write in turns.
func TestTwoHandlesOfOneOfficeBothWrite(t *testing.T) {
	dir := create(t)
	handles := []*store.Store{open(t, dir), open(t, dir)}
	var devices []*storetest.Device
	for i := range 4 {
		devices = append(devices, storetest.Enroll(t, handles[i%2], string(rune('a'+i)), tambon))
	}
	const pushes = 25
	var wg sync.WaitGroup
	for i, d := range devices {
		wg.Go(func() {
			for k := range pushes {
				if _, err := d.Send(d.Chunk(d.New(1000*i+k, village, nil))); err != nil {
					t.Errorf("handle %d: push: %v", i%2, err)
				}
				edit := server.Edit{ID: storetest.RecordID(1000 * i), At: storetest.Now}
				if _, err := handles[i%2].Edit(context.Background(), edit); err != nil {
					t.Errorf("handle %d: edit: %v", i%2, err)
				}
			}
		})
	}
	wg.Wait()
	for _, s := range handles {
		if got := wantVerified(t, s); got.Records != len(devices)*pushes {
			t.Errorf("holds %d records, want %d", got.Records, len(devices)*pushes)
		}
	}
}

// A reader follows the writers of two handles, which share no lock but the
// database's.
func TestAReaderOfAnotherHandleMissesNothing(t *testing.T) {
	dir := create(t)
	reader, other := open(t, dir), open(t, dir)
	d, e := storetest.Enroll(t, reader, "malee", tambon), storetest.Enroll(t, other, "pim", tambon)
	var wg sync.WaitGroup
	defer wg.Wait()
	for i, d := range []*storetest.Device{d, e} {
		wg.Go(func() {
			for k := range 60 {
				if _, err := d.Send(d.Chunk(d.New(1000*i+k, village, nil))); err != nil {
					t.Errorf("push: %v", err)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() {
		wg.Wait()
		close(done)
	}()
	seen, cur := map[syncproto.RecordID]bool{}, syncproto.Cursor{Area: tambon}
	last := false
	for rest := 1000; rest > 0; {
		select {
		case <-done:
			last = true
			rest--
		default:
		}
		resp, err := reader.Pull(context.Background(), syncproto.PullRequest{Epoch: d.Epoch, Cursors: []syncproto.Cursor{cur}, MaxRecords: 5})
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range resp.Rows {
			rec, err := syncproto.DecodeRecord(row.Record)
			if err != nil {
				t.Fatal(err)
			}
			seen[rec.ID] = true
		}
		cur.Seq = resp.Cursors[0].Seq
		if resp.Cursors[0].Level && int(resp.Cursors[0].Digest.Count) != len(seen) {
			t.Fatalf("level at %d with %d records, the digest counts %d", cur.Seq, len(seen), resp.Cursors[0].Digest.Count)
		}
		if last && resp.Cursors[0].Level {
			break
		}
	}
	if len(seen) != 120 {
		t.Errorf("saw %d records, want 120", len(seen))
	}
}

// A caller's function that panics must not leave the pushes behind it waiting.
func TestAPanicInAPushLeavesTheStoreUsable(t *testing.T) {
	s := open(t, create(t))
	d := storetest.Enroll(t, s, "malee", tambon)
	chunk := d.Chunk(d.New(1, village, nil))
	chunk.Allow = func(area.Code) bool { panic("a fault of the caller") }
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_, _ = d.Send(chunk)
	}()
	next := d.Chunk(d.New(2, village, nil))
	done := make(chan error, 1)
	go func() {
		_, err := d.Send(next)
		done <- err
	}()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("the next push: %v", err)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("the next push waits for ever")
	}
	if got := wantVerified(t, s); got.Records != 1 {
		t.Errorf("holds %d records, want 1", got.Records)
	}
}

// wantFiles compares the names in a folder.
func wantFiles(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	left := map[string]bool{}
	for _, e := range entries {
		left[e.Name()] = true
	}
	for _, name := range want {
		if !left[name] {
			t.Errorf("%s lacks %s", dir, name)
		}
		delete(left, name)
	}
	for name := range left {
		t.Errorf("%s holds %s", dir, name)
	}
}
