package sim

import "testing"

func TestQuick(t *testing.T) {
	for seed := uint64(1); seed <= 200; seed++ {
		if _, err := Run(t.Context(), seed, nil); err != nil {
			t.Error(err)
			return
		}
	}
}
