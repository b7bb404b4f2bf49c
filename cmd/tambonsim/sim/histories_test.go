package sim

import (
	"bytes"
	"runtime"
	"testing"
)

// histories is how many seasons the test command plays; the race detector gets
// fewer. `make simulate` plays 10,000.
const (
	histories     = 500
	raceHistories = 40
)

func TestFiveHundredHistoriesLoseNothing(t *testing.T) {
	n := histories
	if raceOn {
		n = raceHistories
	}
	report, err := RunMany(t.Context(), 1, n, runtime.GOMAXPROCS(0))
	if err != nil {
		t.Fatalf("%v\nreplay: go run ./cmd/tambonsim -seed SEED", err)
	}
	if report.Histories != n || report.Saves < 10*n || len(report.Faults) < 8 {
		t.Errorf("too little was played to show anything:\n%s", report)
	}
	t.Logf("\n%s", report)
}

func TestASeedReplaysExactly(t *testing.T) {
	for seed := range uint64(4) {
		var first, second bytes.Buffer
		if _, err := Run(t.Context(), seed, &first); err != nil {
			t.Fatal(err)
		}
		if _, err := Run(t.Context(), seed, &second); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Errorf("seed %d plays two different histories", seed)
		}
	}
}
