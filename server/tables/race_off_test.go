//go:build !race

package tables

const underRace = false
