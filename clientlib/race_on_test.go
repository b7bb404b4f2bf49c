//go:build race

package clientlib_test

// underRace: the race detector makes SQLite some ten times slower, so the
// longest tables of cases are shortened.
const underRace = true
