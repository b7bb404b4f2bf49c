//go:build race

package store_test

// underRace makes the large tests small: the race detector slows SQLite, which
// is Go here, about tenfold.
const underRace = true
