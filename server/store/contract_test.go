package store_test

import (
	"context"
	"crypto/rand"
	"testing"

	"tambonsync/server"
	"tambonsync/server/store"
	"tambonsync/server/store/storetest"
)

func TestContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Harness {
		dir := create(t)
		s := open(t, dir)
		return storetest.Harness{
			Store: s,
			Reopen: func(t *testing.T) server.Store {
				t.Helper()
				if err := s.Close(); err != nil {
					t.Fatalf("close: %v", err)
				}
				s = open(t, dir)
				return s
			},
			Check: func(t *testing.T) {
				t.Helper()
				wantVerified(t, s)
			},
		}
	})
}

// create makes a new office and returns its folder.
func create(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	if err := store.Create(context.Background(), dir, "อบต.ทดสอบ", rand.Reader); err != nil {
		t.Fatalf("create: %v", err)
	}
	return dir
}

// open opens the office in dir until the test ends.
func open(t testing.TB, dir string) *store.Store {
	t.Helper()
	s, err := store.Open(context.Background(), dir)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func verify(t testing.TB, s *store.Store) store.Report {
	t.Helper()
	r, err := s.Verify(context.Background())
	if err != nil {
		t.Fatalf("verify: %v", err)
	}
	return r
}

func wantVerified(t testing.TB, s *store.Store) store.Report {
	t.Helper()
	r := verify(t, s)
	if !r.OK || len(r.Problems) > 0 {
		t.Errorf("verify: %v", r.Problems)
	}
	return r
}
