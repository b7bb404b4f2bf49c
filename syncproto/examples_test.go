package syncproto

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"

	"tambonsync/syncproto/area"
)

// One tablet and one office, as the example messages show them.
const (
	exampleDevice = "5f3b8c1e-0d2a-4c57-9a61-7be0c2d94f10"
	exampleOffice = "c2a7e1d4-93b8-4f06-8d5a-61e0f4b7a3c9"
	exampleApp    = "tambonfield 1.0"

	// The office's words are opaque to a device; these are not a real
	// challenge and token.
	exampleChallenge = "AAABoeIwoEAAAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAhIiMkJSYnKCkqKywtLi8"
	exampleToken     = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJkZXZpY2UifQ.c2lnbmF0dXJl"
)

// exampleKey is a device's key. Nobody may use it for anything else.
func exampleKey() ed25519.PrivateKey {
	seed := make([]byte, ed25519.SeedSize)
	for i := range seed {
		seed[i] = byte(i)
	}
	return ed25519.NewKeyFromSeed(seed)
}

// assertion is what a device signs to log in, part by part.
type assertion struct {
	Header struct {
		Algorithm string `json:"alg"`
		Type      string `json:"typ"`
	} `json:"header"`
	Claims struct {
		Issuer    string `json:"iss"`
		Subject   string `json:"sub"`
		Audience  string `json:"aud"`
		Challenge string `json:"jti"`
	} `json:"claims"`
}

func exampleAssertion() (a assertion) {
	a.Header.Algorithm, a.Header.Type = "EdDSA", "tambonsync-assertion+jwt"
	a.Claims.Issuer, a.Claims.Subject = exampleDevice, exampleDevice
	a.Claims.Audience, a.Claims.Challenge = exampleOffice, exampleChallenge
	return a
}

// sign gives the compact form of a JWT (RFC 7519, 7.1).
func (a assertion) sign(key ed25519.PrivateKey) string {
	part := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		return base64.RawURLEncoding.EncodeToString(b)
	}
	signed := part(a.Header) + "." + part(a.Claims)
	return signed + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(key, []byte(signed)))
}

// example is one message as it goes over the wire.
type example struct {
	name    string
	path    string
	message any // a struct, not a pointer
	explain string
}

var (
	exampleEpoch  = Epoch(testActor(0xe1))
	exampleParent = Epoch(testActor(0xe0))
)

// messageExamples has every message once, in the order of a sync.
func messageExamples() []example {
	home, person := recordHousehold(), recordMember()
	moved := RecordID(mustHex("01a1e230c0807b11a2305d2c8b41e60c"))
	head := func(r Record, d Dot) Head {
		op, _ := r.Op(d)
		return Head{Counter: d.Counter, Hash: op.Hash}
	}
	conflict := recordConflict()
	items := func(records ...Record) (out []NeedItem) {
		for _, r := range records {
			out = append(out, NeedItem{ID: r.ID, Hash: HashRecord(r.Encode())})
		}
		return out
	}
	return []example{
		{"enroll-request", "enroll", EnrollRequest{
			Code: "7K3M-9QXT", Algorithm: "EdDSA", PublicKey: exampleKey().Public().(ed25519.PublicKey),
			Name: "แท็บเล็ต 3", App: exampleApp,
		}, "An officer typed an invitation's code. With a QR code the key would be \"secret\"."},
		{"enroll-response", "enroll", EnrollResponse{
			Device: exampleDevice, Office: exampleOffice, Officer: "somchai", Areas: []area.Code{"450303"}, Time: monday,
		}, "The device is registered, with grants on one tambon."},
		{"challenge-request", "challenge", ChallengeRequest{Device: exampleDevice}, "A login begins."},
		{"challenge-response", "challenge", ChallengeResponse{Challenge: exampleChallenge}, "What the device must sign."},
		{"token-request", "token", TokenRequest{Assertion: exampleAssertion().sign(exampleKey())}, "The signed challenge. \"assertion\" below has its parts and the key's seed."},
		{"token-response", "token", TokenResponse{AccessToken: exampleToken, ExpiresIn: 900}, "The login is done. Devices do not look into the token."},
		{"hello-request", "hello", HelloRequest{Protocol: 1, Actor: somchai, Last: 3, App: exampleApp, Time: monday + 60*minute}, "A sync begins. The store has made three saves."},
		{"hello-response", "hello", HelloResponse{
			Protocol: 1, Office: exampleOffice, Epoch: exampleEpoch, Parent: exampleParent, Officer: "somchai",
			Areas: []area.Code{"450303"}, Feeds: []Feed{{Area: "450303", Seq: 1207, Restored: 1190}},
			Head: head(home, Dot{somchai, 1}), Decided: 2, Time: monday + 60*minute + 1500, Definitions: HashRecord([]byte("definitions")),
		}, "The office was once restored from a backup: it has a parent, and its feed knew 1190 rows then. It has seen the actor's first save. The device's clock is 1.5 s late."},
		{"push-request", "push", PushRequest{
			Actor: somchai, Epoch: exampleEpoch, Base: head(home, Dot{somchai, 1}), Records: [][]byte{conflict.Encode(), person.Encode()},
		}, "Two whole records."},
		{"push-response", "push", PushResponse{
			Results: []PushResult{
				{Code: ResultStored, Hash: HashRecord(person.Encode())},
				{Code: ResultMerged, Hash: HashRecord(conflict.Encode())},
				{Code: ResultAlready, Hash: HashRecord(home.Encode())},
				{Code: ResultQuarantined, Detail: "45030401"},
				{Code: ResultRejected, Detail: "บ้านหลังนี้อยู่ในเขตเทศบาล"},
				{Code: ResultInvalid, Detail: "record: byte 41: number not in its shortest form"},
				{Code: ResultInboxFull, Detail: "a supervisor must decide what waits from this device"},
				{Code: ResultStoreError, Detail: "the office's copy is damaged"},
			},
			Head: head(person, Dot{somchai, 3}),
		}, "Every result code once; it does not answer the push-request beside it."},
		{"pull-request", "pull", PullRequest{
			Actor: somchai, Epoch: exampleEpoch, Cursors: []Cursor{{Area: "450303", Seq: 1204}, {Area: "45030401", Seq: 0}}, MaxRecords: 50,
		}, "What is new in a tambon, and in one village of the next."},
		{"pull-response", "pull", PullResponse{
			Rows: []PullRow{{Feed: 0, Record: conflict.Encode()}, {Feed: 0, Out: moved}},
			Cursors: []PullCursor{
				{Area: "450303", Seq: 1207, Level: true, Digest: Digest{}.Add(HashRecord(conflict.Encode())).Add(HashRecord(person.Encode()))},
				{Area: "45030401", Seq: 0},
			},
		}, "One record changed, one left the tambon. The first feed is level and has a digest; the second was not begun."},
		{"digest-request", "digest", DigestRequest{Epoch: exampleEpoch, Areas: []area.Code{"450303"}}, "The digest differed: the leaves of the tambon, please."},
		{"digest-response", "digest", DigestResponse{Leaves: leavesOf(conflict, person)}, "Both records are in village 45030301, in buckets 7 and 15."},
		{"need-request", "need", NeedRequest{Epoch: exampleEpoch, Leaves: []NeedLeaf{
			{Area: "45030301", Bucket: 7, Items: items(home)},
			{Area: "45030301", Bucket: 15},
		}}, "All that the device holds of two leaves: an older state of the household, and nothing."},
		{"need-response", "need", NeedResponse{
			Records: [][]byte{conflict.Encode(), person.Encode()}, Want: []RecordID{household},
		}, "What the device lacks. The household differs, so it is wanted too: the device may hold saves that the office lacks."},
		{
			"definitions-request", "definitions",
			DefinitionsRequest{Have: []DefinitionHash{sha256.Sum256([]byte("an older form"))}},
			"Hello told another hash than the last time: what is new? The device holds one definition.",
		},
		{"definitions-response", "definitions", DefinitionsResponse{
			Hash: HashRecord([]byte("definitions")), Rounds: [][]byte{recordRound().Encode()},
			Definitions: []Definition{{Kind: "form", Ref: "water@1", Hash: sha256.Sum256(exampleForm), Body: exampleForm}},
			All:         []DefinitionHash{sha256.Sum256(exampleForm), sha256.Sum256([]byte("an older form"))},
			Villages: []VillageName{
				{Code: "45030301", NameTH: "บ้านตัวอย่าง", NameEN: "Ban Tua Yang", LocalGov: "6450303"},
				{Code: "45030302", NameTH: "บ้านทดสอบ"},
			},
		}, "One round surveys the tambon. One form is new to the device, the other it has. The form's body is cut short for this page: a real one has questions."},
	}
}

// exampleForm stands for a form's canonical JSON.
var exampleForm = []byte(`{"kind":"form","name":"water","version":1}`)

// recordRound is the round of the tambon, as the office opened it.
func recordRound() Record {
	op := at(office, 7, -60)
	op.User, op.Form, op.App = "boss", "", "tambonsync 1.0"
	return Record{ID: round, Type: TypeRound}.Save(op, map[string]Value{
		GroupScope: Text("450303"), "form": Text("bmn-2560@1"), "set": Text("bmn-2560@1"), "title": Text("จปฐ. ปี 2563"),
		"areas": val([]any{"450303"}), "reference_date": Text("2020-01-01"), "opens": Text("2020-01-01"), "closes": Null,
		"state": Text("open"), "previous": Null,
	})
}

// recordReturned is a household that was carried forward from an earlier
// round, confirmed, submitted and returned with a comment.
func recordReturned() Record {
	older := household
	older[15] = 0x17
	r := Record{ID: household, Type: "household"}.Save(at(somchai, 1, 0), map[string]Value{
		GroupScope: Text("45030301"), GroupRound: ID(round), GroupFrom: ID(older), GroupCarried: False, "house_no": val("99/1"), "moo": val(1),
	})
	op := at(office, 8, 60)
	op.User, op.Form, op.App = "boss", "", "tambonsync 1.0"
	state, err := State{State: StateReturned, Note: "ขอให้ตรวจบ้านเลขที่", Answers: r.AnswersDigest(), Comments: map[string]string{"house_no": "ซ้ำกับหลังอื่น"}}.Value()
	if err != nil {
		panic(err)
	}
	return r.Save(op, map[string]Value{GroupState: state})
}

// leavesOf sums records that have an area, sorted as a digest has them.
func leavesOf(records ...Record) (leaves []Leaf) {
	for bucket := range uint8(Buckets) {
		var d Digest
		for _, r := range records {
			if Bucket(r.ID) == bucket {
				d = d.Add(HashRecord(r.Encode()))
			}
		}
		if d.Count > 0 {
			leaves = append(leaves, Leaf{Area: records[0].Area(), Bucket: bucket, Digest: d})
		}
	}
	return leaves
}

// The records of the examples.

func recordHousehold() Record {
	return Record{ID: household, Type: "household"}.Save(at(somchai, 1, 0), map[string]Value{
		GroupScope: Text("45030301"),
		"house_no": val("99/1"),
		"moo":      val(1),
	})
}

func recordMember() Record {
	return Record{ID: member, Type: "member"}.Save(at(somchai, 3, 10), map[string]Value{
		GroupScope:  Text("45030301"),
		GroupParent: ID(household),
		"name":      val(map[string]any{"prefix": "นาง", "first_name": "ตัวอย่าง", "last_name": "ทดสอบ"}),
	})
}

// recordConflict is the household after two officers changed its number
// without knowing of each other. Somsri's clock is two minutes late and she
// knows it.
func recordConflict() Record {
	a, b := conflictSides()
	return Merge(a, b)
}

func conflictSides() (a, b Record) {
	a = recordHousehold().Save(at(somchai, 2, 5), set("house_no", "99/2"))
	op := at(somsri, 1, 4)
	op.User, op.Offset = "somsri", 2*minute
	return a, recordHousehold().Save(op, set("house_no", "99/3"))
}
