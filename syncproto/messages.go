package syncproto

import (
	"crypto/ed25519"

	"tambonsync/syncproto/area"
)

// Epoch names one life of an office's store. Restoring a backup begins a new
// one.
type Epoch [16]byte

// String gives the 32 hexadecimal digits of the epoch.
func (e Epoch) String() string { return ActorID(e).String() }

// IsZero reports whether e names no epoch.
func (e Epoch) IsZero() bool { return e == Epoch{} }

// EnrollRequest exchanges an invitation for a device registration.
// POST /sync/v1/enroll, no token.
type EnrollRequest struct {
	Code      string            `cbor:"code,omitempty"`   // the 8 typed symbols, or
	Secret    string            `cbor:"secret,omitempty"` // the secret from the QR code
	Algorithm string            `cbor:"alg"`              // "EdDSA" or "ES256"
	PublicKey ed25519.PublicKey `cbor:"key"`              // EdDSA: 32 bytes; ES256: 65 bytes, uncompressed point
	Name      string            `cbor:"name"`             // what people call the device
	App       string            `cbor:"app"`
}

// EnrollResponse registers the device.
type EnrollResponse struct {
	Device  string      `cbor:"device"` // UUID, the subject of its tokens
	Office  string      `cbor:"office"` // UUID, the audience of its assertions
	Officer string      `cbor:"officer"`
	Areas   []area.Code `cbor:"areas"`
	Time    int64       `cbor:"time"` // office clock, ms since 1970
}

// ChallengeRequest begins a login. POST /sync/v1/challenge, no token.
type ChallengeRequest struct {
	Device string `cbor:"device"`
}

// ChallengeResponse is what the device signs. A challenge works once, for two
// minutes of the office's clock.
type ChallengeResponse struct {
	Challenge string `cbor:"challenge"`
}

// TokenRequest ends a login. POST /sync/v1/token, no token.
type TokenRequest struct {
	Assertion string `cbor:"assertion"` // a JWT, see PROTOCOL.md "Device auth"
}

// TokenResponse carries an access token.
type TokenResponse struct {
	AccessToken string `cbor:"access_token"`
	ExpiresIn   int64  `cbor:"expires_in"` // seconds
}

// Head is the highest save of an actor that the office was ever pushed.
type Head struct {
	_       struct{} `cbor:",toarray"`
	Counter uint64
	Hash    [8]byte
}

// Feed tells how far the change feed of one tambon or village has come.
type Feed struct {
	_        struct{} `cbor:",toarray"`
	Area     area.Code
	Seq      uint64
	Restored uint64 // how much of it the parent epoch knew too
}

// HelloRequest opens a sync. POST /sync/v1/hello.
type HelloRequest struct {
	Protocol int     `cbor:"protocol"`
	Actor    ActorID `cbor:"actor"`
	Last     uint64  `cbor:"last"` // the store's last counter
	App      string  `cbor:"app"`
	Time     int64   `cbor:"time"` // the device's clock, ms since 1970
}

// HelloResponse tells the device where it stands.
type HelloResponse struct {
	Protocol int         `cbor:"protocol"`
	Office   string      `cbor:"office"`
	Epoch    Epoch       `cbor:"epoch"`
	Parent   Epoch       `cbor:"parent"` // the epoch that the restored backup belonged to; zero if none
	Officer  string      `cbor:"officer"`
	Areas    []area.Code `cbor:"areas"` // the grants
	Feeds    []Feed      `cbor:"feeds"` // within the grants, sorted by area
	Head     Head        `cbor:"head"`  // of the request's actor; zero if unknown
	Decided  uint64      `cbor:"decided"`
	Time     int64       `cbor:"time"` // office clock, ms since 1970

	// Definitions names what a definitions answer would hold for this device;
	// zero if nothing. It means nothing but that: ask when it has changed.
	Definitions Hash `cbor:"definitions"`
}

// PushRequest carries whole record states. POST /sync/v1/push.
type PushRequest struct {
	Actor   ActorID  `cbor:"actor"`
	Epoch   Epoch    `cbor:"epoch"`
	Base    Head     `cbor:"base"` // the office's head of the actor as the device knows it
	Records [][]byte `cbor:"records"`
}

// PushResult answers one record, in the order of the request.
type PushResult struct {
	Code   Result `cbor:"code"`
	Hash   Hash   `cbor:"hash"` // of the office's state now; zero if it holds none
	Detail string `cbor:"detail,omitempty"`
}

// PushResponse answers a push. Everything it settles is on disk.
type PushResponse struct {
	Results []PushResult `cbor:"results"`
	Head    Head         `cbor:"head"` // the Base of the next push
}

// Cursor is how much of one feed a device holds.
type Cursor struct {
	_    struct{} `cbor:",toarray"`
	Area area.Code
	Seq  uint64
}

// PullRequest asks for what changed after the cursors. POST /sync/v1/pull.
type PullRequest struct {
	Actor      ActorID  `cbor:"actor"` // whose own pushes need not come back; zero: send everything
	Epoch      Epoch    `cbor:"epoch"`
	Cursors    []Cursor `cbor:"cursors"`
	MaxRecords int      `cbor:"max_records"`
}

// PullRow is one changed record, or the news that one left the area.
type PullRow struct {
	_      struct{} `cbor:",toarray"`
	Feed   int      // index into the request's cursors
	Record []byte   // empty when Out is set
	Out    RecordID // the record that left the area, else zero
}

// PullCursor is where one feed stands after the rows of this answer.
type PullCursor struct {
	_      struct{} `cbor:",toarray"`
	Area   area.Code
	Seq    uint64
	Level  bool   // nothing is left to pull
	Digest Digest // of the whole area, read in the same transaction; only when Level
}

// PullResponse answers a pull. Rows and cursors must be stored in one
// transaction.
type PullResponse struct {
	Rows    []PullRow    `cbor:"rows"`
	Cursors []PullCursor `cbor:"cursors"` // one for each cursor of the request, in its order
}

// DigestRequest asks for the leaves of some areas. POST /sync/v1/digest.
type DigestRequest struct {
	Epoch Epoch       `cbor:"epoch"`
	Areas []area.Code `cbor:"areas"`
}

// DigestResponse lists the leaves that are not empty, sorted by area and bucket.
type DigestResponse struct {
	Leaves []Leaf `cbor:"leaves"`
}

// NeedItem names a state that the device holds.
type NeedItem struct {
	_    struct{} `cbor:",toarray"`
	ID   RecordID
	Hash Hash
}

// NeedLeaf is all that the device holds of one leaf.
type NeedLeaf struct {
	_      struct{} `cbor:",toarray"`
	Area   area.Code
	Bucket uint8
	Items  []NeedItem
}

// NeedRequest compares leaves item by item. POST /sync/v1/need.
type NeedRequest struct {
	Epoch  Epoch      `cbor:"epoch"`
	Leaves []NeedLeaf `cbor:"leaves"`
}

// NeedResponse brings what the device lacks and names what the office lacks.
// A record that differs is in both lists.
type NeedResponse struct {
	Records [][]byte   `cbor:"records"`
	Want    []RecordID `cbor:"want"`
	More    bool       `cbor:"more"` // the answer was cut at ChunkBytes; ask again for the rest
}

// DefinitionHash is the SHA-256 of a definition's body.
type DefinitionHash [32]byte

// DefinitionsRequest asks for the rounds, forms, indicator sets and villages
// that concern the device. POST /sync/v1/definitions.
type DefinitionsRequest struct {
	Have []DefinitionHash `cbor:"have"` // the definitions that the device holds; the same in all pages of one answer
	Hash Hash             `cbor:"hash"` // of the answer whose further pages are asked for; zero for the first
	Skip uint64           `cbor:"skip"` // how many items came with the pages before
}

// DefinitionsResponse is one page of all that concerns the device: rounds, then
// definitions, then villages. If Hash is not the one asked for, the answer has
// changed meanwhile and this is its first page.
type DefinitionsResponse struct {
	Hash        Hash             `cbor:"hash"`
	Rounds      [][]byte         `cbor:"rounds"`      // `_round` records whose areas overlap the grants
	Definitions []Definition     `cbor:"definitions"` // published at this office and not in Have
	All         []DefinitionHash `cbor:"all_hashes"`  // of every published definition, also those in Have
	Villages    []VillageName    `cbor:"villages"`    // within the grants
	More        bool             `cbor:"more"`        // the page was cut at ChunkBytes; ask on with Skip
}

// Definition is a form or an indicator set as canonical JSON.
type Definition struct {
	Kind string         `cbor:"kind"` // "form" or "indicators"
	Ref  string         `cbor:"ref"`  // name@version
	Hash DefinitionHash `cbor:"hash"` // of Body
	Body []byte         `cbor:"body"`
}

// VillageName is what people call a village.
type VillageName struct {
	_        struct{} `cbor:",toarray"`
	Code     area.Code
	NameTH   string
	NameEN   string
	LocalGov string // code of its local government body, "" if not known
}
