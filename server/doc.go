// Package server is the office: the HTTP surface that tablets sync with and
// that office programs read. It knows the messages of syncproto, who may send
// them (device tokens, staff tokens, grants), how they travel (CBOR or JSON,
// gzip or zstd, never more than the protocol's bounds) and how every error is
// told to a person. All routes are in routes.go.
//
// It must not know SQL: whatever is kept goes through [Store], declared in
// store.go and handed in by the command. It must not know HTML: pages are
// packages of their own. It starts no goroutine and reads neither the machine's
// clock nor its randomness except through [Config], so a simulation can run
// many offices in one process on a clock of its own.
//
// A newcomer reads store.go (the nouns and the promises), routes.go, message.go
// (what every handler has in common) and problem.go (what goes wrong, and the
// sentence for it).
package server
