package sim

import (
	"context"
	"sync"
)

// RunMany plays the histories of n seeds from first on, several at a time. If
// some fail it returns the failure with the smallest seed: every smaller seed
// has been played. Seeds that wait when a failure is found are not played.
func RunMany(ctx context.Context, first uint64, n, workers int) (Report, error) {
	var mu sync.Mutex
	var total Report
	var failed error
	next, end := first, first+uint64(n)
	var wg sync.WaitGroup
	for range max(workers, 1) {
		wg.Go(func() {
			for {
				mu.Lock()
				seed := next
				next++
				mu.Unlock()
				if seed >= end || ctx.Err() != nil {
					return
				}
				report, err := Run(ctx, seed, nil)
				mu.Lock()
				total.Add(report)
				if err != nil && seed < end {
					failed, end = err, seed
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if failed == nil {
		failed = ctx.Err()
	}
	return total, failed
}
