// Package storetest is the contract of server.Store: every database that an
// office may run on passes Run. It knows the interface and nothing of what is
// behind it; what only one database can do (backup, damage on disk) is tested
// beside that database.
//
// The tests read as sentences about an office with a few tablets. A newcomer
// reads device.go (a tablet as a store sees it), office.go (what holds after
// every test), then any chapter.
package storetest

import (
	"testing"

	"tambonsync/server"
)

// Harness is one fresh, empty office and what a test may do to it from
// outside.
type Harness struct {
	Store server.Store
	// Reopen closes the store and opens the same data again.
	Reopen func(t *testing.T) server.Store
	// Check, if set, looks behind the interface at the end of every test.
	Check func(t *testing.T)
}

// Run holds a store to every promise of server.Store. open makes a fresh
// office each time and cleans it up with the test.
func Run(t *testing.T, open func(t *testing.T) Harness) {
	for _, chapter := range []struct {
		name  string
		tests []test
	}{
		{"push", pushTests()},
		{"cases", caseTests()},
		{"inbox", inboxTests()},
		{"move", moveTests()},
		{"pull", pullTests()},
		{"digest", digestTests()},
		{"refusals", refusalTests()},
		{"copies", copyTests()},
		{"order", orderTests()},
		{"records", recordTests()},
		{"edits", editTests()},
		{"changes", changeTests()},
		{"survey", surveyTests()},
		{"devices", deviceTests()},
	} {
		t.Run(chapter.name, func(t *testing.T) {
			for _, tt := range chapter.tests {
				t.Run(tt.name, func(t *testing.T) {
					t.Parallel()
					o := newOffice(t, open)
					tt.run(t, o)
					if !t.Failed() {
						o.checkSums(t)
					}
				})
			}
		})
	}
}

// test is one promise: a sentence, and what proves it.
type test struct {
	name string
	run  func(t *testing.T, o *office)
}
