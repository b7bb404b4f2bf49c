// Package clientlib is the device: a local SQLite store of survey records, and
// the sync that brings it level with an office.
//
// Saving needs no network, ever: Save returns when the answer is on disk. Sync
// may be stopped, cut or killed anywhere and goes on from there the next time;
// it counts a record as sent only when the office said that it holds it, and
// it never drops one that the office does not hold.
//
// The package knows syncproto. It must not know the server package, and builds
// without cgo for Linux, Windows, macOS and Android.
//
// open.go opens the file, actor.go notices copied and restored files, save.go
// and read.go are what an app calls, sync.go leads through a sync. rounds.go
// tells which form and which survey round a record is of, from what
// definitions.go has fetched.
package clientlib
