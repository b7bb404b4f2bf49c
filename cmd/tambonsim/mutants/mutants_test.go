//go:build !race

package main

import (
	"path/filepath"
	"slices"
	"testing"
)

// quick are the mutants that few histories catch: the test command plants
// these. `make mutants` plants all.
var quick = []string{
	"answer-on-both-sides-dropped",
	"copy-not-noticed-offline",
	"epoch-change-keeps-acked",
	"evict-as-delete",
	"no-news-of-leaving",
	"office-actor-kept-after-restore",
	"pulled-means-sent",
	"sent-on-any-200",
	"union-never-drop",
	"unsent-evicted",
	"vector-forgets-the-loser",
	"vector-joined-first",
	"whole-row-last-writer-wins",
	"winner-by-device-clock",
}

// limit is several times what each of them needed; see RESULTS.md.
const limit = 80

func loadAll(t *testing.T) (root string, list []mutant) {
	t.Helper()
	root, err := moduleRoot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if list, err = load(filepath.Join(root, "testdata", "mutants")); err != nil {
		t.Fatal(err)
	}
	return root, list
}

func TestEveryMutantFitsTheCode(t *testing.T) {
	root, list := loadAll(t)
	for _, m := range list {
		if _, err := m.overlay(root, t.TempDir()); err != nil {
			t.Errorf("%s: %v", m.name, err)
		}
	}
}

func TestPlantedBugsAreCaught(t *testing.T) {
	root, list := loadAll(t)
	planted := 0
	for _, m := range list {
		if !slices.Contains(quick, m.name) {
			continue
		}
		planted++
		v, err := m.try(t.Context(), root, t.TempDir(), 1, limit)
		if err != nil {
			t.Fatal(err)
		}
		if v.check == "" {
			t.Errorf("%s survived %d histories", m.name, limit)
			continue
		}
		t.Logf("%-34s caught by %q after %d histories", m.name, v.check, v.median())
	}
	if planted != len(quick) {
		t.Errorf("planted %d of %d", planted, len(quick))
	}
}
