package syncproto

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"testing"

	"tambonsync/syncproto/area"
)

// key is a map key followed by hexadecimal digits of its value.
func key(name, value string) []byte { return append(Text(name), mustHex(value)...) }

// message is a map of the given keys.
func message(pairs ...[]byte) []byte {
	return append(appendHead(nil, majorMap, uint64(len(pairs))), bytes.Join(pairs, nil)...)
}

const actorHex = "50 a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1"

func TestAMessageThatDoesNotFitIsRefused(t *testing.T) {
	for _, tt := range refusedMessages() {
		t.Run(tt.name, func(t *testing.T) {
			if err := DecodeMessage(tt.bytes, tt.into); err == nil {
				t.Errorf("accepted as %+v", tt.into)
			}
		})
	}
}

type refusedMessage struct {
	name  string
	bytes []byte
	into  any // pointer to the message that it would be
}

func refusedMessages() []refusedMessage {
	actor := key("actor", actorHex)
	return []refusedMessage{
		{"nothing", nil, &ChallengeRequest{}},
		{"null", mustHex("f6"), &ChallengeRequest{}},
		{"a list", mustHex("80"), &ChallengeRequest{}},
		{"bytes after the message", mustHex("a0 00"), &ChallengeRequest{}},
		{"a map without a length", mustHex("bf ff"), &ChallengeRequest{}},
		{"a tagged map", mustHex("d9d9f7 a0"), &ChallengeRequest{}},
		{"a tagged text", message(key("device", "c0 61 61")), &ChallengeRequest{}},
		{"a tag under a key nobody knows", message(key("later", "c0 61 61")), &ChallengeRequest{}},
		{"one key twice", message(key("device", "61 61"), key("device", "61 61")), &ChallengeRequest{}},
		{"one unknown key twice", message(key("later", "01"), key("later", "01")), &ChallengeRequest{}},
		{"a key that is bytes", mustHex("a1 46 646576696365 61 61"), &ChallengeRequest{}},
		{"bytes for text", message(key("device", "41 61")), &ChallengeRequest{}},
		{"text that is not UTF-8", message(key("device", "61 ff")), &ChallengeRequest{}},
		{"null for text", message(key("device", "f6")), &ChallengeRequest{}},
		{"undefined for text", message(key("device", "f7")), &ChallengeRequest{}},
		{"null under a key nobody knows", message(key("later", "81 f6")), &ChallengeRequest{}},
		{"null for a number", message(key("expires_in", "f6")), &TokenResponse{}},
		{"a float for a number", message(key("expires_in", "fb 4000000000000000")), &TokenResponse{}},
		{"a half float for a number", message(key("expires_in", "f9 4000")), &TokenResponse{}},
		{"true for a number", message(key("expires_in", "f5")), &TokenResponse{}},
		{"simple value 99 for a number", message(key("expires_in", "f8 63")), &TokenResponse{}},
		{"simple value 3 for a number", message(key("expires_in", "e3")), &TokenResponse{}},
		{"a number beyond 64 bits", message(key("expires_in", "1b 8000000000000000")), &TokenResponse{}},
		{"a counter below zero", message(actor, key("last", "20")), &HelloRequest{}},
		{"an actor of 15 bytes", message(key("actor", "4f a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1")), &HelloRequest{}},
		{"an actor of 17 bytes", message(key("actor", "51 a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1")), &HelloRequest{}},
		{"an actor as a list of numbers", message(key("actor", "90 01010101010101010101010101010101")), &HelloRequest{}},
		{"an actor as text", message(key("actor", "70 61616161616161616161616161616161")), &HelloRequest{}},
		{"an actor as null", message(key("actor", "f6")), &HelloRequest{}},
		{"no actor", message(), &HelloRequest{}},
		{"an actor of zeroes", message(key("actor", "50 00000000000000000000000000000000")), &HelloRequest{}},
		{"an epoch of 8 bytes", message(actor, key("epoch", "48 0000000000000000")), &PushRequest{}},
		{"a head of one item", message(actor, key("base", "81 01")), &PushRequest{}},
		{"a head of three items", message(actor, key("base", "83 01 48 0102030405060708 01")), &PushRequest{}},
		{"a head with a hash of 7 bytes", message(actor, key("base", "82 01 47 01020304050607")), &PushRequest{}},
		{"a head with a hash of 9 bytes", message(actor, key("base", "82 01 49 010203040506070809")), &PushRequest{}},
		{"a head with a hash of numbers", message(actor, key("base", "82 01 88 0102030405060708")), &PushRequest{}},
		{"a head as null", message(actor, key("base", "f6")), &PushRequest{}},
		{"a head as a map", message(actor, key("base", "a0")), &PushRequest{}},
		{"null for the records", message(actor, key("records", "f6")), &PushRequest{}},
		{"null for a record", message(actor, key("records", "81 f6")), &PushRequest{}},
		{"text for a record", message(actor, key("records", "81 61 61")), &PushRequest{}},
		{"a result hash of 15 bytes", message(key("results", "81 a2 64 636f6465 61 61 64 68617368 4f 010101010101010101010101010101")), &PushResponse{}},
		{"a digest of 15 bytes", message(key("cursors", "81 84 62 3435 01 f5 82 01 4f 010101010101010101010101010101")), &PullResponse{}},
		{"a record id of 15 bytes", message(key("want", "81 4f 010101010101010101010101010101")), &NeedResponse{}},
		{"a cursor of one item", message(actor, key("cursors", "81 81 62 3435")), &PullRequest{}},
		{"a cursor without an area", message(actor, key("cursors", "81 82 60 01")), &PullRequest{}},
		{"a cursor on no area code", message(actor, key("cursors", "81 82 63 343530 01")), &PullRequest{}},
		{"a pull of less than nothing", message(actor, key("max_records", "20")), &PullRequest{}},
		{"a digest of no area code", message(key("areas", "81 61 61")), &DigestRequest{}},
		{"a row of a cursor that was not asked for", mustMessage(PullResponse{Rows: []PullRow{{Feed: 0, Out: household}}}), &PullResponse{}},
		{"a row of cursor -1", mustMessage(PullResponse{Rows: []PullRow{{Feed: -1, Out: household}}, Cursors: []PullCursor{{Area: "45"}}}), &PullResponse{}},
		{"a row of nothing", mustMessage(PullResponse{Rows: []PullRow{{}}, Cursors: []PullCursor{{Area: "45"}}}), &PullResponse{}},
		{"a row of both", mustMessage(PullResponse{Rows: []PullRow{{Record: []byte{1}, Out: household}}, Cursors: []PullCursor{{Area: "45"}}}), &PullResponse{}},
		{"a pulled cursor on no area code", mustMessage(PullResponse{Cursors: []PullCursor{{}}}), &PullResponse{}},
		{"bucket 16 in a digest", mustMessage(DigestResponse{Leaves: []Leaf{{Area: "45", Bucket: 16}}}), &DigestResponse{}},
		{"bucket 16 in a need", mustMessage(NeedRequest{Leaves: []NeedLeaf{{Area: "45", Bucket: 16}}}), &NeedRequest{}},
		{"bucket 300", message(key("leaves", "81 83 62 3435 19012c 80")), &NeedRequest{}},
		{"a granted area that is no code", mustMessage(EnrollResponse{Areas: []area.Code{"x"}}), &EnrollResponse{}},
		{"a grant that is no code", mustMessage(HelloResponse{Areas: []area.Code{"x"}}), &HelloResponse{}},
		{"a feed that is no code", mustMessage(HelloResponse{Feeds: []Feed{{Area: "x"}}}), &HelloResponse{}},
		{"definitions of 31 bytes", message(key("have", "81 58 1f 01010101010101010101010101010101010101010101010101010101010101")), &DefinitionsRequest{}},
		{"a definition held by name", message(key("have", "81 61 61")), &DefinitionsRequest{}},
		{"a page before the first", message(key("skip", "20")), &DefinitionsRequest{}},
		{"a village of no area code", mustMessage(DefinitionsResponse{Villages: []VillageName{{Code: "x"}}}), &DefinitionsResponse{}},
		{"a village without its names", message(key("villages", "81 81 62 3435")), &DefinitionsResponse{}},
		{"lists nine deep under a key nobody knows", message(key("later", "81 81 81 81 81 81 81 81 80")), &ChallengeRequest{}},
		{"65 keys", manyKeys(65), &ChallengeRequest{}},
	}
}

func TestAMessageOfMoreThan4MiBIsRefused(t *testing.T) {
	large := func(n int) []byte { // of n bytes
		head := append(mustHex("a1 65 6c61746572"), appendHead(nil, majorBytes, MaxMessageBytes)...)
		return append(appendHead(head[:7], majorBytes, uint64(n-len(head))), make([]byte, n-len(head))...)
	}
	if err := DecodeMessage(large(MaxMessageBytes), &ChallengeRequest{}); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	wantError(t, DecodeMessage(large(MaxMessageBytes+1), &ChallengeRequest{}), "over the limit")
}

func TestAMessageMayBeWrittenInAnyOrderAndLength(t *testing.T) {
	want := HelloRequest{Protocol: 1, Actor: somchai, Last: 5, App: "a", Time: -1}
	tests := []struct {
		name  string
		bytes []byte
	}{
		{"canonically", mustMessage(want)},
		{"in another order", message(key("time", "20"), key("actor", actorHex), key("protocol", "01"), key("app", "61 61"), key("last", "05"))},
		{"with longer heads", message(key("time", "38 00"), key("actor", "58 10 a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1"), key("protocol", "190001"), key("app", "78 01 61"), key("last", "1b 0000000000000005"))},
		{"with keys nobody knows", message(key("time", "20"), key("actor", actorHex), key("protocol", "01"), key("app", "61 61"), key("last", "05"), key("later", "a1 01 81 02"), key("Last", "07"), key("later still", "f9 7e00"))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got HelloRequest
			if err := DecodeMessage(tt.bytes, &got); err != nil {
				t.Fatal(err)
			}
			if got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestAnAbsentKeyLeavesItsFieldEmpty(t *testing.T) {
	var got DigestRequest
	if err := DecodeMessage(mustHex("a0"), &got); err != nil {
		t.Fatal(err)
	}
	if !got.Epoch.IsZero() || len(got.Areas) != 0 {
		t.Errorf("got %+v, want nothing", got)
	}
}

func TestAnEmptyListIsWrittenAsAList(t *testing.T) {
	for _, m := range messageExamples() {
		zero := reflect.New(reflect.TypeOf(m.message)).Elem().Interface()
		if b := mustMessage(zero); bytes.Contains(b, Null) {
			t.Errorf("%T writes null: %x", zero, b)
		}
	}
	if got, want := mustMessage(NeedResponse{}), mustHex("a3 64 6d6f7265 f4 64 77616e74 80 67 7265636f726473 80"); !bytes.Equal(got, want) {
		t.Errorf("got %x, want %x", got, want)
	}
	row := mustMessage(PullResponse{Rows: []PullRow{{Feed: 0, Out: household}}, Cursors: []PullCursor{{Area: "45"}}})
	if want := append(mustHex("83 00 40 50"), household[:]...); !bytes.Contains(row, want) {
		t.Errorf("got %x, want an empty byte string in it: %x", row, want)
	}
}

func TestMessagesAreBounded(t *testing.T) {
	tests := []struct {
		name  string
		limit int
		build func(n int) any
	}{
		{"results of a push", MaxChunkRecords, func(n int) any { return &PushResponse{Results: make([]PushResult, n)} }},
		{"rows of a pull", MaxChunkRecords, func(n int) any {
			return &PullResponse{Rows: slices.Repeat([]PullRow{{Out: household}}, n), Cursors: []PullCursor{{Area: "45"}}}
		}},
		{"cursors of a pull", MaxCursors, func(n int) any { return &PullResponse{Cursors: slices.Repeat([]PullCursor{{Area: "45"}}, n)} }},
		{"what a need wants", MaxNeedItems, func(n int) any { return &NeedResponse{Want: make([]RecordID, n)} }},
		{"definitions of an office", MaxDefinitions, func(n int) any { return &DefinitionsResponse{All: make([]DefinitionHash, n)} }},
		{"a definition", MaxDefinitionBytes, func(n int) any {
			return &DefinitionsResponse{Definitions: []Definition{{Body: make([]byte, n)}}}
		}},
		{"a village's name", MaxLabelBytes, func(n int) any {
			return &DefinitionsResponse{Villages: []VillageName{{Code: "45", NameTH: strings.Repeat("n", n)}}}
		}},
		{"a device's name", MaxLabelBytes, func(n int) any { return &EnrollRequest{Name: strings.Repeat("n", n)} }},
		{"a program's name", MaxLabelBytes, func(n int) any { return &EnrollRequest{App: strings.Repeat("n", n)} }},
		{"a program's name in hello", MaxLabelBytes, func(n int) any { return &HelloRequest{Actor: somchai, App: strings.Repeat("n", n)} }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := tt.build(tt.limit)
			if err := DecodeMessage(mustMessage(m), reflect.New(reflect.TypeOf(m).Elem()).Interface()); err != nil {
				t.Errorf("at the limit: %v", err)
			}
			m = tt.build(tt.limit + 1)
			err := DecodeMessage(mustMessage(m), reflect.New(reflect.TypeOf(m).Elem()).Interface())
			wantError(t, err, "over the limit")
		})
	}
}

// A tambon with a hundred villages has 1600 leaves; an answer must hold those
// of many tambon.
func TestADigestMayBeLong(t *testing.T) {
	m := mustMessage(DigestResponse{Leaves: slices.Repeat([]Leaf{{Area: "45030301"}}, 100000)})
	var got DigestResponse
	if err := DecodeMessage(m, &got); err != nil {
		t.Fatal(err)
	}
}

func mustMessage(m any) []byte {
	b, err := EncodeMessage(m)
	if err != nil {
		panic(err)
	}
	return b
}

func manyKeys(n int) []byte {
	var pairs [][]byte
	for i := range n {
		pairs = append(pairs, key(string(rune('A'+i)), "01"))
	}
	return message(pairs...)
}
