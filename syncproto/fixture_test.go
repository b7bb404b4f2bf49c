package syncproto

import (
	"encoding/hex"
	"strings"
	"testing"
)

// The cast of the tests: two officers with a tablet each, and the office.
var (
	somchai = testActor(0xa1)
	somsri  = testActor(0xb2)
	office  = testActor(0xc3)

	household = RecordID(mustHex("01a1e230a0407a3e9f105d2c8b41e607"))
	member    = RecordID(mustHex("01a1e230b7b07d8c8a215d2c8b41e60f"))
	round     = RecordID(mustHex("01a1b81530c07b62b0c45d2c8b41e611"))
)

// monday is 2026-11-16 09:30 in Thailand, ms since 1970.
const monday int64 = 1794796200000

const minute int64 = 60000

// testActor is a recognizable actor: sixteen times the byte b.
func testActor(b byte) (a ActorID) {
	for i := range a {
		a[i] = b
	}
	return a
}

// mustHex reads hexadecimal digits; spaces are for the eye.
func mustHex(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

// val is NewValue for what cannot fail.
func val(v any) Value {
	b, err := NewValue(v)
	if err != nil {
		panic(err)
	}
	return b
}

// at is a save by actor number n, minutes after monday morning.
func at(actor ActorID, counter uint64, minutes int64) Op {
	return Op{
		Dot:     Dot{actor, counter},
		Wall:    monday + minutes*minute,
		Context: Context{User: "somchai", Form: "bmn-2560@1", App: "tambonfield 1.0"},
	}
}

// newHousehold is a record that Somchai saved once.
func newHousehold() Record {
	return Record{ID: household, Type: "household"}.Save(at(somchai, 1, 0), map[string]Value{
		GroupScope: Text("45030301"),
		"house_no": val("99/1"),
		"moo":      val(1),
	})
}

func set(group string, v any) map[string]Value { return map[string]Value{group: val(v)} }

// mustDecode reads a record that a test knows to be good.
func mustDecode(t *testing.T, b []byte) Record {
	t.Helper()
	r, err := DecodeRecord(b)
	if err != nil {
		t.Fatalf("decode %x: %v", b, err)
	}
	return r
}

// wantError checks that err exists and says what is wrong.
func wantError(t *testing.T, err error, part string) {
	t.Helper()
	if err == nil {
		t.Fatalf("got no error, want one that says %q", part)
	}
	if !strings.Contains(err.Error(), part) {
		t.Fatalf("got error %q, want one that says %q", err, part)
	}
}
