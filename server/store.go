package server

import (
	"context"
	"errors"

	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

// Office is who this server is.
type Office struct {
	ID     string            // UUID, stable over restores: the issuer and audience of tokens
	Name   string            // for people
	Actor  syncproto.ActorID // of the office's own saves; new at every restore
	Epoch  syncproto.Epoch   // new at every restore
	Parent syncproto.Epoch   // the epoch of the restored backup, zero if never restored
	KeyID  string            // of the key that signs access tokens; new at every restore
	Key    []byte            // its Ed25519 seed
	Pepper []byte            // 32 bytes that key the hashes of invitation codes and challenges
}

// Device is a registered tablet or laptop. Its grants are area prefixes: it
// may read and write records in and below them.
type Device struct {
	ID         string
	Name       string // what people call it
	Officer    string // the person it was handed to
	App        string // program and version, as last told
	Algorithm  string // of its key: EdDSA or ES256
	PublicKey  []byte
	Generation int64 // in its tokens; revoking and re-enrolling raise it
	Grants     []area.Code
	EnrolledAt int64 // ms since 1970, as all times here
	SeenAt     int64 // last hello, 0 for never
	RevokedAt  int64 // 0 while it may sync
	Decided    uint64
	Open       int // of its records, waiting in the quarantine inbox
}

// Invitation lets one device enroll once. Only keyed hashes of its two secrets
// are stored. Handle is the part of the typed code that finds it again.
type Invitation struct {
	ID         string
	Handle     string
	CodeHash   []byte
	SecretHash []byte
	Officer    string
	Areas      []area.Code
	CreatedAt  int64
	ExpiresAt  int64
}

// User is a person who works at the office.
type User struct {
	Name         string
	PasswordHash []byte // bcrypt
	Role         string // "admin" for now
}

// Incoming is one record of a push, read outside the transaction. Err says
// why it could not be read; Raw is kept in any case.
type Incoming struct {
	Raw    []byte
	Record syncproto.Record
	Err    error
}

// Push is one chunk on its way into the store.
type Push struct {
	Device  string
	Actor   syncproto.ActorID
	Epoch   syncproto.Epoch
	Base    syncproto.Head
	Allow   func(area.Code) bool // the device's grants
	Records []Incoming
	At      int64
}

// Standing is what a hello answers from the store.
type Standing struct {
	Head    syncproto.Head
	Feeds   []syncproto.Feed
	Decided uint64
}

// StoredRecord is a record with its place in the store.
type StoredRecord struct {
	Record  syncproto.Record
	Raw     []byte
	Seq     uint64 // in the feed of its tambon
	Updated int64  // office clock
}

// RecordFilter narrows a listing; zero fields do not. The listing is in order
// of area, then id, and holds at most Limit records after After.
type RecordFilter struct {
	Area    area.Code // this area and everything below
	Type    string
	Deleted bool // deleted ones too
	System  bool // rounds and the like too, which otherwise are listed by their Type only
	After   syncproto.RecordID
	Limit   int
}

// Case is something a person should decide: one group of one record in which
// officers answered differently. ID is a function of record and group, so two
// offices open the same case.
type Case struct {
	ID       string
	Record   syncproto.RecordID
	Type     string
	Area     area.Code
	Group    string
	Kind     string // "conflict", "deleted_and_edited" or "copied_store"
	OpenedAt int64
	ClosedAt int64 // 0 while open
}

// CaseFilter narrows a listing of cases, newest first.
type CaseFilter struct {
	Area   area.Code
	Record syncproto.RecordID
	Closed bool // closed ones too
	Limit  int
}

// Edit is a save by the office itself. An empty Type edits an existing record.
type Edit struct {
	ID      syncproto.RecordID
	Type    string
	Seen    syncproto.Vector // what the person saw; if the record has moved on the edit is refused. Empty: whatever is there
	Changes map[string]syncproto.Value
	Context syncproto.Context
	At      int64
}

// MaxEdits is how many edits EditMany takes at once.
const MaxEdits = 2000

// InboxItem is a pushed record that waits for a supervisor: its bytes as they
// came, and why they are not in the store.
type InboxItem struct {
	ID         string
	Device     string
	Actor      syncproto.ActorID
	Record     syncproto.RecordID // zero if unreadable
	Area       area.Code
	Reason     string // "outside_grant", "office_only" or "invalid"
	Detail     string
	Raw        []byte
	ReceivedAt int64
	Status     string // "open", "accepted" or "rejected"
	DecidedBy  string
	DecidedAt  int64
	Why        string
}

// Decision is a supervisor's word on an InboxItem.
type Decision struct {
	Item   string
	Accept bool
	By     string
	Why    string
	At     int64
}

// Stats counts what the store has done since it was opened. They show that
// cost grows with the change: see the tests.
type Stats struct {
	RowsRead    int64 // feed rows and record rows fetched for pulls, digests and needs
	Commits     int64 // write transactions
	Pushes      int64 // chunks in those transactions
	RecordsKept int64 // record states written
}

// The errors that a store returns for the caller to act on.
var (
	// ErrNotFound: there is no such thing. Answered 404.
	ErrNotFound = errors.New("not found")
	// ErrEpochChanged: the store was restored since the device said hello. 409; it says hello again.
	ErrEpochChanged = errors.New("the office was restored from a backup")
	// ErrHeadMismatch: the device's actor was pushed to meanwhile, by an answer
	// that got lost or by a copy of its store. 409; it says hello again and compares.
	ErrHeadMismatch = errors.New("the actor has other saves here")
	// ErrActorTaken: the actor belongs to another device. 409; the device takes a new one.
	ErrActorTaken = errors.New("the actor belongs to another device")
	// ErrInvitation: no live invitation fits. 403; the officer asks for a new one.
	ErrInvitation = errors.New("invitation unknown, used or expired")
	// ErrTooLarge: more than the store takes at once. 413; in smaller parts.
	ErrTooLarge = errors.New("too much at once")
	// ErrConflict: the thing is decided already, or exists. 409.
	ErrConflict = errors.New("in conflict with what is there")
	// ErrBusy: too much is waiting. 503 with Retry-After; the same request may succeed soon.
	ErrBusy = errors.New("the office is busy")
)

// Store keeps everything. It is the only interface of this package; package
// store implements it and storetest holds every implementation to these
// promises:
//
//   - What Push reports as settled is on disk and survives a power cut.
//   - Pushing the same chunk again changes nothing.
//   - One unreadable or forbidden record never stops the others.
//   - The order of sequence numbers in a feed is the order of commits.
//   - A Pull's rows, cursors and digests are read in one transaction.
type Store interface {
	Office(ctx context.Context) (Office, error)

	Hello(ctx context.Context, device string, hello syncproto.HelloRequest, grants []area.Code, at int64) (Standing, error)
	Push(ctx context.Context, p Push) (syncproto.PushResponse, error)
	Pull(ctx context.Context, p syncproto.PullRequest) (syncproto.PullResponse, error)
	Digest(ctx context.Context, d syncproto.DigestRequest) (syncproto.DigestResponse, error)
	Need(ctx context.Context, n syncproto.NeedRequest) (syncproto.NeedResponse, error)

	AddInvitation(ctx context.Context, inv Invitation) error
	// Redeem uses up the live invitation that has the handle or the secret
	// hash, and registers d with its officer and areas. A wrong code costs the
	// invitation one of its five tries. The same key may redeem it again while
	// it lives and gets the same device, since an answer may be lost.
	Redeem(ctx context.Context, handle string, codeHash, secretHash []byte, d Device, at int64) (Device, error)
	Device(ctx context.Context, id string) (Device, error)
	Devices(ctx context.Context) ([]Device, error)
	RevokeDevice(ctx context.Context, id string, at int64) error
	SetGrants(ctx context.Context, id string, grants []area.Code) error

	Record(ctx context.Context, id syncproto.RecordID) (StoredRecord, error)
	Records(ctx context.Context, f RecordFilter) ([]StoredRecord, error)
	// RecordsOf returns the records of the ids that the store has, in the order
	// of the ids.
	RecordsOf(ctx context.Context, ids []syncproto.RecordID) ([]StoredRecord, error)
	// Rounds returns all `_round` records, deleted ones too, by id.
	Rounds(ctx context.Context) ([]StoredRecord, error)
	Edit(ctx context.Context, e Edit) (StoredRecord, error)
	// EditMany makes many edits, at most MaxEdits, all of them or none. A later
	// edit of a record sees the earlier ones. For each edit it returns its
	// record as it is after all of them.
	EditMany(ctx context.Context, edits []Edit) ([]StoredRecord, error)

	// Feeds returns where every feed stands, by area.
	Feeds(ctx context.Context) ([]syncproto.Feed, error)
	// Changes returns the records whose number in the feed is above after, in
	// its order and each in its newest state, from at most limit rows. last is
	// the number of the last row looked at, to go on from; after if there is
	// none. There may be fewer records than rows: those that left the feed are
	// passed over. A record whose bytes are damaged has nothing but its ID in
	// Record.
	Changes(ctx context.Context, feed area.Code, after uint64, limit int) (recs []StoredRecord, last uint64, err error)
	Case(ctx context.Context, id string) (Case, error)
	// CloseCase closes a "copied_store" case, which is about a device; every
	// other case closes when an edit leaves one answer.
	CloseCase(ctx context.Context, id string, at int64) error
	Cases(ctx context.Context, f CaseFilter) ([]Case, error)

	Inbox(ctx context.Context, all bool, limit int) ([]InboxItem, error)
	InboxItem(ctx context.Context, id string) (InboxItem, error)
	Decide(ctx context.Context, d Decision) error

	// AddDefinition stores a form or an indicator set. What is published never
	// changes: the same again is no change, anything else under its name and
	// version is ErrConflict. A draft may be replaced, also by its publication.
	AddDefinition(ctx context.Context, d Definition) error
	// PublishDefinition makes a draft, by kind and ref, what devices get.
	PublishDefinition(ctx context.Context, kind, ref, by string, at int64) error
	// Definitions returns all, by kind, name and version.
	Definitions(ctx context.Context) ([]Definition, error)

	// PutVillages adds villages or replaces those of the same code; all or none.
	PutVillages(ctx context.Context, villages []Village) error
	// Villages returns the villages in the area, by code; "" for all.
	Villages(ctx context.Context, within area.Code) ([]Village, error)
	PutLocalGovs(ctx context.Context, govs []LocalGov) error
	LocalGovs(ctx context.Context) ([]LocalGov, error)

	// Revision counts the changes of rounds, definitions, villages and local
	// government bodies, so that what was made of them may be kept meanwhile.
	Revision(ctx context.Context) (uint64, error)

	LogExport(ctx context.Context, e ExportEntry) error
	// Exports lists what was exported, newest first.
	Exports(ctx context.Context, limit int) ([]ExportEntry, error)

	AddUser(ctx context.Context, u User) error
	User(ctx context.Context, name string) (User, error)

	Stats() Stats
}
