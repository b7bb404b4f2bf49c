//go:build race

package tables

// underRace leaves the large tests to the plain run: nothing in them is
// concurrent, and the race detector makes them ten times slower.
const underRace = true
