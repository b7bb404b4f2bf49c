// Package syncproto is the agreement between devices and offices: what a
// record is, how two states of it merge, how it is written as bytes, and which
// messages carry it. PROTOCOL.md beside this file is the normative text; every
// example in it is a file in testdata/protocol that a test decodes, re-encodes
// and compares.
//
// The package is pure. It does no I/O, reads no clock and draws no random
// numbers: times, ids and randomness are arguments. It must not know about
// SQL, HTTP or any particular survey form.
//
// A newcomer reads vector.go (who has seen what), record.go (the state of one
// household or person), merge.go (the only rule) and codec.go (the bytes).
package syncproto
