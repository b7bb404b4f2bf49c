//go:build race

package server_test

// raceOn: the race detector is watching, which takes its time.
const raceOn = true
