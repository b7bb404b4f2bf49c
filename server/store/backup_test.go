package store_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"tambonsync/server"
	"tambonsync/server/store"
	"tambonsync/server/store/storetest"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

func TestBackupWhileWritesGoOn(t *testing.T) {
	dir, out := create(t), t.TempDir()
	s := open(t, dir)
	d := storetest.Enroll(t, s, "malee", tambon, far)
	d.Push(t, newRecords(d, 1, 500)...)
	var stop atomic.Bool
	done := make(chan struct{})
	go func() {
		defer close(done)
		for n := 1000; !stop.Load(); n += 5 {
			if _, err := d.Send(d.Chunk(newRecords(d, n, 5)...)); err != nil {
				t.Errorf("push during the backup: %v", err)
				return
			}
		}
	}()
	var files []string
	for _, name := range []string{"one", "two", "three"} {
		files = append(files, filepath.Join(out, name))
		if err := s.Backup(context.Background(), files[len(files)-1]); err != nil {
			t.Errorf("backup: %v", err)
		}
	}
	stop.Store(true)
	<-done
	wantFiles(t, out, "one", "two", "three")
	before := 499
	for _, file := range files {
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v, %v; want 0600: it holds the office's keys", info.Mode(), err)
		}
		restored := filepath.Join(t.TempDir(), "office")
		if _, err := store.Restore(context.Background(), file, restored, rand.Reader); err != nil {
			t.Fatal(err)
		}
		got := wantVerified(t, open(t, restored))
		if got.Records <= before {
			t.Errorf("%s holds %d records, want more than %d: whole pushes and later ones too", file, got.Records, before)
		}
		before = got.Records - 1
	}
}

func TestBackupNeverOverwrites(t *testing.T) {
	s := open(t, create(t))
	out := t.TempDir()
	file := filepath.Join(out, "backup")
	if err := os.WriteFile(file, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Backup(context.Background(), file); !errors.Is(err, server.ErrConflict) {
		t.Errorf("backup: %v, want %v", err, server.ErrConflict)
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != "precious" {
		t.Errorf("the file holds %q, %v", b, err)
	}
	wantFiles(t, out, "backup")
}

func TestBackupThatFailsLeavesNothing(t *testing.T) {
	s := open(t, create(t))
	missing := filepath.Join(t.TempDir(), "missing", "backup")
	if err := s.Backup(context.Background(), missing); err == nil {
		t.Error("backup into a folder that does not exist")
	}
	out := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Backup(ctx, filepath.Join(out, "backup")); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled backup: %v", err)
	}
	wantFiles(t, out)
}

func TestRestoreBeginsANewLife(t *testing.T) {
	ctx := context.Background()
	s := open(t, create(t))
	d := storetest.Enroll(t, s, "malee", tambon, far)
	r := d.New(1, village, storetest.Answers{"water": 1})
	d.Push(t, r, d.New(2, village, nil), d.New(3, far, nil))
	if _, err := s.Edit(ctx, server.Edit{ID: r.ID, At: storetest.Now}); err != nil {
		t.Fatal(err)
	}
	invite(t, s, "open invitation")
	file := filepath.Join(t.TempDir(), "backup")
	if err := s.Backup(ctx, file); err != nil {
		t.Fatal(err)
	}
	d.Push(t, d.New(4, village, nil)) // the backup lacks it
	old, err := s.Office(ctx)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "restored")
	told, err := store.Restore(ctx, file, dir, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	wantFiles(t, dir, store.FileName)
	wantFiles(t, filepath.Dir(file), "backup")

	again := open(t, dir)
	o, err := again.Office(ctx)
	if err != nil || o.Epoch != told.Epoch || o.Actor != told.Actor || o.KeyID != told.KeyID {
		t.Fatalf("office %+v, %v; restore told %+v", o, err, told)
	}
	if o.ID != old.ID || o.Name != old.Name || !bytes.Equal(o.Pepper, old.Pepper) {
		t.Errorf("office %+v is not the one that was backed up", o)
	}
	if o.Epoch == old.Epoch || o.Parent != old.Epoch || o.Actor == old.Actor || o.KeyID == old.KeyID || bytes.Equal(o.Key, old.Key) {
		t.Errorf("office %+v carries on the old life %+v", o, old)
	}
	d.Store = again
	want := []syncproto.Feed{{Area: tambon, Seq: 3, Restored: 3}, {Area: far, Seq: 1, Restored: 1}}
	st := d.Hello(t)
	for i, f := range st.Feeds {
		if f != want[i] {
			t.Errorf("feed %v, want %v", f, want[i])
		}
	}
	if st.Head.Counter != 3 {
		t.Errorf("head %v, want that of the backup", st.Head)
	}
	if _, err := d.Send(d.Chunk(d.New(5, village, nil))); !errors.Is(err, server.ErrEpochChanged) {
		t.Errorf("push of the old epoch: %v, want %v", err, server.ErrEpochChanged)
	}
	if _, err := again.Redeem(ctx, "open invitation", []byte("code"), nil, server.Device{ID: "x"}, storetest.Now); !errors.Is(err, server.ErrInvitation) {
		t.Errorf("an invitation that may be used up: %v, want %v", err, server.ErrInvitation)
	}
	rec, err := again.Edit(ctx, server.Edit{ID: r.ID, At: storetest.Now})
	if err != nil || rec.Record.VV.Get(o.Actor) != 1 || rec.Record.VV.Get(old.Actor) != 1 {
		t.Errorf("the new actor's first save gives %v, %v", rec.Record.VV, err)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	wantVerified(t, open(t, dir))
}

// invite adds an invitation whose handle is its name and whose code is "code".
func invite(t *testing.T, s *store.Store, name string) {
	t.Helper()
	err := s.AddInvitation(context.Background(), server.Invitation{
		ID: name, Handle: name, CodeHash: []byte("code"), SecretHash: []byte(name), Areas: []area.Code{tambon}, CreatedAt: storetest.Now, ExpiresAt: storetest.Now + 1000,
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestARestoredRestoreNamesItsParent(t *testing.T) {
	ctx := context.Background()
	s := open(t, create(t))
	var parent syncproto.Epoch
	for range 3 {
		file, dir := filepath.Join(t.TempDir(), "backup"), filepath.Join(t.TempDir(), "office")
		if err := s.Backup(ctx, file); err != nil {
			t.Fatal(err)
		}
		if o, _ := s.Office(ctx); o.Parent != parent {
			t.Errorf("parent %v, want %v", o.Parent, parent)
		} else {
			parent = o.Epoch
		}
		if _, err := store.Restore(ctx, file, dir, rand.Reader); err != nil {
			t.Fatal(err)
		}
		s = open(t, dir)
	}
}

func TestRestoreRefuses(t *testing.T) {
	ctx := context.Background()
	s := open(t, create(t))
	d := storetest.Enroll(t, s, "malee", tambon)
	d.Push(t, newRecords(d, 1, 300)...)
	files := t.TempDir()
	backup := filepath.Join(files, "backup")
	if err := s.Backup(ctx, backup); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(backup)
	if err != nil {
		t.Fatal(err)
	}
	damaged := bytes.Clone(good)
	for i := len(damaged) / 2; i < len(damaged)/2+8192; i++ {
		damaged[i] ^= 0xff
	}
	foreign := filepath.Join(files, "foreign")
	rawExec(t, foreign, `CREATE TABLE photos (name TEXT)`)
	other, err := os.ReadFile(foreign)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, sentence string
		bytes          []byte
	}{
		{"a damaged backup", "damaged", damaged},
		{"half a backup", "", good[:len(good)/2]},
		{"a database that is no office", "not an office's backup", other},
		{"a file that is no database", "not an office's backup", bytes.Repeat([]byte("photo"), 1000)},
		{"an empty file", "not an office's backup", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in, out := t.TempDir(), t.TempDir()
			file := filepath.Join(in, "given")
			if err := os.WriteFile(file, tt.bytes, 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := store.Restore(ctx, file, filepath.Join(out, "office"), rand.Reader)
			if err == nil || !strings.Contains(err.Error(), tt.sentence) || !strings.Contains(err.Error(), file) {
				t.Errorf("restore: %v, want %q and the file's name", err, tt.sentence)
			}
			wantFiles(t, in, "given")
			wantFiles(t, out)
			if now, err := os.ReadFile(file); err != nil || !bytes.Equal(now, tt.bytes) {
				t.Errorf("the given file was changed, %v", err)
			}
		})
	}
	t.Run("a file that does not exist", func(t *testing.T) {
		in := t.TempDir()
		if _, err := store.Restore(ctx, filepath.Join(in, "missing"), filepath.Join(in, "office"), rand.Reader); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("restore: %v, want %v", err, os.ErrNotExist)
		}
		wantFiles(t, in)
	})
	t.Run("a folder that holds an office", func(t *testing.T) {
		dir := create(t)
		before, _ := open(t, dir).Office(ctx)
		if _, err := store.Restore(ctx, backup, dir, rand.Reader); !errors.Is(err, server.ErrConflict) {
			t.Errorf("restore: %v, want %v", err, server.ErrConflict)
		}
		if after, _ := open(t, dir).Office(ctx); after.Epoch != before.Epoch {
			t.Error("the office was replaced")
		}
	})
	t.Run("a folder that holds the log of an office", func(t *testing.T) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, store.FileName+"-wal"), []byte("left"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Restore(ctx, backup, dir, rand.Reader); !errors.Is(err, server.ErrConflict) {
			t.Errorf("restore: %v, want %v", err, server.ErrConflict)
		}
		wantFiles(t, dir, store.FileName+"-wal")
	})
	t.Run("the file of an office in use", func(t *testing.T) {
		live := create(t)
		d := storetest.Enroll(t, open(t, live), "malee", tambon)
		d.Push(t, d.New(1, village, nil)) // in the log only
		dir := t.TempDir()
		_, err := store.Restore(ctx, filepath.Join(live, store.FileName), dir, rand.Reader)
		if err == nil || !strings.Contains(err.Error(), "tambonsync backup") {
			t.Errorf("restore: %v, want it to name the command", err)
		}
		wantFiles(t, dir)
	})
	t.Run("too little randomness", func(t *testing.T) {
		dir := t.TempDir()
		if _, err := store.Restore(ctx, backup, dir, strings.NewReader("few")); err == nil {
			t.Error("restored without randomness")
		}
		wantFiles(t, dir)
	})
}

// newRecords makes n households in the village.
func newRecords(d *storetest.Device, first, n int) (out []syncproto.Record) {
	for i := range n {
		out = append(out, d.New(first+i, village, storetest.Answers{"water": i % 4, "members": i % 9}))
	}
	return out
}
