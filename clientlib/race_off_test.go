//go:build !race

package clientlib_test

const underRace = false
