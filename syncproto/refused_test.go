package syncproto

import (
	"bytes"
	"slices"
	"testing"
)

// rawRecord is a record taken apart into the eight items of its encoding, so
// that a test can put a wrong one in.
type rawRecord struct {
	layout, id, kind          []byte
	actors, counters          [][]byte
	contexts, ops             [][]byte
	groups                    [][]byte // key, value, key, value …
	head, actorsHead, opsHead []byte   // nil for the right one
}

// twoOfficers is a good record: two actors, two contexts, two saves, and four
// groups of which one is in conflict.
func twoOfficers() rawRecord {
	return rawRecord{
		layout:   mustHex("01"),
		id:       appendBytes(nil, household[:]),
		kind:     Text("household"),
		actors:   [][]byte{appendBytes(nil, somchai[:]), appendBytes(nil, somsri[:])},
		counters: [][]byte{mustHex("03"), mustHex("02")},
		contexts: [][]byte{mustHex("a1 61 75 61 61"), mustHex("a2 61 6f 20 61 75 61 62")}, // {u: a}, {o: -1, u: b}
		ops: [][]byte{
			mustHex("85 00 03 1903e8 00 48 0102030405060708"),
			mustHex("85 01 02 1903e9 01 48 1112131415161718"),
		},
		groups: [][]byte{
			Text("moo"), mustHex("82 82 00 01 82 01 02"),
			Text("_life"), mustHex("82 82 00 f5 82 01 f5"),
			Text("_scope"), mustHex("81 82 00 68 3435303330333031"),
		},
	}
}

func items(head []byte, list [][]byte) []byte {
	if head == nil {
		head = appendHead(nil, majorArray, uint64(len(list)))
	}
	return append(slices.Clone(head), bytes.Join(list, nil)...)
}

func (r rawRecord) encode() []byte {
	groups := append(appendHead(nil, majorMap, uint64(len(r.groups)/2)), bytes.Join(r.groups, nil)...)
	head := r.head
	if head == nil {
		head = mustHex("88")
	}
	return bytes.Join([][]byte{
		head, r.layout, r.id, r.kind, items(r.actorsHead, r.actors), items(nil, r.counters), items(nil, r.contexts), items(r.opsHead, r.ops), groups,
	}, nil)
}

// refusedRecords are records that a lenient decoder would take: each is the
// good one with one thing changed.
func refusedRecords() []refused {
	var list []refused
	add := func(name, why string, change func(*rawRecord)) {
		r := twoOfficers()
		change(&r)
		list = append(list, refused{name, r.encode(), why})
	}
	good := twoOfficers().encode()

	add("an array of seven", "want an array of 8", func(r *rawRecord) { r.head = mustHex("87") })
	add("an array of nine", "over the limit 8", func(r *rawRecord) { r.head = mustHex("89") })
	add("an array without a length", "indefinite", func(r *rawRecord) { r.head = mustHex("9f") })
	add("a tagged record", "want array", func(r *rawRecord) { r.head = mustHex("d9d9f7 88") })
	add("layout two", "layout 2 is not known", func(r *rawRecord) { r.layout = mustHex("02") })
	add("layout in two bytes", "shortest form", func(r *rawRecord) { r.layout = mustHex("1801") })
	add("id of 15 bytes", "want 16 bytes", func(r *rawRecord) { r.id = appendBytes(nil, household[:15]) })
	add("id of zeroes", "record id is zero", func(r *rawRecord) { r.id = appendBytes(nil, make([]byte, 16)) })
	add("type empty", "record type is empty", func(r *rawRecord) { r.kind = Text("") })
	add("type with a control character", "control character", func(r *rawRecord) { r.kind = Text("house\nhold") })
	add("type not UTF-8", "not UTF-8", func(r *rawRecord) { r.kind = Text("\xff") })

	add("actors in a longer length", "shortest form", func(r *rawRecord) { r.actorsHead = mustHex("9802") })
	add("actors out of order", "actor 1 is", func(r *rawRecord) { slices.Reverse(r.actors) })
	add("actors out of order, none with a save", "actor 3 is", func(r *rawRecord) {
		r.actors = append(r.actors, appendBytes(nil, bytes.Repeat([]byte{0xd2}, 16)), appendBytes(nil, bytes.Repeat([]byte{0xd1}, 16)))
		r.counters = append(r.counters, mustHex("01"), mustHex("01"))
	})
	add("actor twice", "actor 1 is", func(r *rawRecord) { r.actors[1] = r.actors[0] })
	add("actor twice, with no save", "actor 2 is", func(r *rawRecord) {
		r.actors, r.counters = append(r.actors, r.actors[1]), append(r.counters, mustHex("01"))
	})
	add("actor of zeroes", "actor 0 is zero", func(r *rawRecord) { r.actors[0] = appendBytes(nil, make([]byte, 16)) })
	add("a counter too many", "2 actors but 3 counters", func(r *rawRecord) { r.counters = append(r.counters, mustHex("01")) })
	add("a counter of zero", "counter of actor 1 is zero", func(r *rawRecord) { r.counters[1] = mustHex("00") })
	add("a counter below zero", "want counter", func(r *rawRecord) { r.counters[1] = mustHex("20") })
	add("a counter above 2^53-1", "over the limit", func(r *rawRecord) { r.counters[1] = mustHex("1b 0020000000000000") })

	add("contexts out of order", "context 1 is", func(r *rawRecord) { slices.Reverse(r.contexts) })
	add("context twice", "context 1 is", func(r *rawRecord) { r.contexts[1] = r.contexts[0] })
	add("context unused", "no save uses", func(r *rawRecord) { r.contexts = append(r.contexts, mustHex("a2 61 6f 20 61 75 61 63")) })
	add("context with an empty user", `empty "u" is left out`, func(r *rawRecord) { r.contexts[0] = mustHex("a1 61 75 60") })
	add("context with offset zero", "offset 0 is left out", func(r *rawRecord) { r.contexts[1] = mustHex("a2 61 6f 00 61 75 61 62") })
	add("context with a user that is a number", "want u", func(r *rawRecord) { r.contexts[0] = mustHex("a1 61 75 01") })
	add("context with a float", "written as a float", func(r *rawRecord) { r.contexts[1] = mustHex("a2 61 75 61 62 61 7a fb 0000000000000000") })
	add("context keys out of order", `context key "o" out of order`, func(r *rawRecord) { r.contexts[1] = mustHex("a2 61 75 61 62 61 6f 20") })

	add("saves out of order", "save 1 is", func(r *rawRecord) { slices.Reverse(r.ops) })
	add("save twice", "save 1 is", func(r *rawRecord) { r.ops[1] = r.ops[0] })
	add("save of four items", "want an array of 5", func(r *rawRecord) { r.ops[0] = mustHex("84 00 03 1903e8 00") })
	add("save by an actor not in the table", "not in the tables", func(r *rawRecord) { r.ops[1] = mustHex("85 02 02 1903e9 01 48 1112131415161718") })
	add("save with a context not in the table", "not in the tables", func(r *rawRecord) { r.ops[1] = mustHex("85 01 02 1903e9 02 48 1112131415161718") })
	add("save above the vector", "above the version vector", func(r *rawRecord) { r.ops[1] = mustHex("85 01 03 1903e9 01 48 1112131415161718") })
	add("save with counter zero", "above the version vector", func(r *rawRecord) { r.ops[0] = mustHex("85 00 00 1903e8 00 48 0102030405060708") })
	add("save with a hash of seven bytes", "want 8 bytes", func(r *rawRecord) { r.ops[0] = mustHex("85 00 03 1903e8 00 47 01020304050607") })
	add("save with a time that is no whole number", "want wall time", func(r *rawRecord) { r.ops[0] = mustHex("85 00 03 fb 408f440000000000 00 48 0102030405060708") })
	add("save with a time beyond 2^52", "is no time", func(r *rawRecord) { r.ops[0] = mustHex("85 00 03 1b 0010000000000001 00 48 0102030405060708") })
	add("save without a live answer", "without a live answer", func(r *rawRecord) {
		r.groups[1], r.groups[3] = mustHex("81 82 00 01"), mustHex("81 82 00 f5")
	})

	add("groups out of order", `group "moo" out of order`, func(r *rawRecord) { r.groups = append(r.groups[2:4:4], append(r.groups[:2:2], r.groups[4:]...)...) })
	add("group twice", `group "moo" out of order or doubled`, func(r *rawRecord) { r.groups[2] = r.groups[0] })
	add("group with an empty name", "group is empty", func(r *rawRecord) { r.groups[0] = Text("") })
	add("group with a control character", "control character", func(r *rawRecord) { r.groups[0] = Text("m\x7f") })
	add("group named by a number", "want group", func(r *rawRecord) { r.groups[0] = mustHex("01") })
	add("group without answers", "is empty", func(r *rawRecord) { r.groups[1] = mustHex("80") })
	add("answers out of order", "out of order", func(r *rawRecord) { r.groups[1] = mustHex("82 82 01 02 82 00 01") })
	add("two answers of one save", "doubled", func(r *rawRecord) { r.groups[1] = mustHex("82 82 00 01 82 00 02") })
	add("answer of a save not in the table", "not in the table", func(r *rawRecord) { r.groups[1] = mustHex("82 82 00 01 82 02 02") })
	add("answer that is not canonical", "shortest form", func(r *rawRecord) { r.groups[1] = mustHex("82 82 00 1801 82 01 02") })
	add("answer that is undefined", "simple value", func(r *rawRecord) { r.groups[1] = mustHex("82 82 00 f7 82 01 02") })

	return append(list,
		refused{"bytes after the record", append(slices.Clone(good), 0), "bytes after the record"},
		refused{"record cut short", good[:len(good)-1], "ends too early"},
		refused{"nothing at all", nil, "ends too early"},
	)
}

func TestTheRecordThatTheRefusedOnesComeFromIsGood(t *testing.T) {
	b := twoOfficers().encode()
	r := mustDecode(t, b)
	if !bytes.Equal(r.Encode(), b) {
		t.Fatalf("got %x, want %x", r.Encode(), b)
	}
	if err := r.CheckReserved(); err != nil {
		t.Fatal(err)
	}
}

func TestARecordThatIsNotCanonicalIsRefused(t *testing.T) {
	for _, tt := range refusedRecords() {
		t.Run(tt.name, func(t *testing.T) {
			_, err := DecodeRecord(tt.bytes)
			wantError(t, err, tt.why)
		})
	}
}

func TestARecordCutAnywhereIsRefused(t *testing.T) {
	good := twoOfficers().encode()
	for i := range good {
		if _, err := DecodeRecord(good[:i]); err == nil {
			t.Errorf("cut to %d of %d bytes: accepted", i, len(good))
		}
	}
}

// Whatever one byte becomes, either the record is refused or it is another
// record in its one form.
func TestNoTwoEncodingsAreOneRecord(t *testing.T) {
	good := twoOfficers().encode()
	for i := range good {
		for v := range 256 {
			b := slices.Clone(good)
			b[i] = byte(v)
			r, err := DecodeRecord(b)
			if err == nil && !bytes.Equal(r.Encode(), b) {
				t.Fatalf("byte %d as %02x: accepted, but encodes as\n%x, not\n%x", i, v, r.Encode(), b)
			}
		}
	}
}

func TestEveryHeadMustBeInItsShortestForm(t *testing.T) {
	good := twoOfficers().encode()
	heads := findHeads(t, good)
	if len(heads) < 40 {
		t.Fatalf("found %d heads, want all of them", len(heads))
	}
	for _, i := range heads {
		b := good[i]
		if b>>5 == majorSimple {
			continue
		}
		for _, longer := range longerHeads(good[i:]) {
			r, err := DecodeRecord(slices.Concat(good[:i], longer, good[i+headLen(b):]))
			if err == nil {
				t.Errorf("byte %d, head %02x as %x: accepted as %v", i, b, longer, r)
			}
		}
	}
}

// findHeads gives the place of every item in canonical CBOR.
func findHeads(t *testing.T, b []byte) (places []int) {
	t.Helper()
	r := reader{buf: b}
	var walk func()
	walk = func() {
		places = append(places, r.off)
		switch major, n := r.head(); major {
		case majorBytes, majorText:
			r.take(n)
		case majorArray:
			for range n {
				walk()
			}
		case majorMap:
			for range 2 * n {
				walk()
			}
		}
	}
	walk()
	if r.err != nil || r.off != len(b) {
		t.Fatalf("walked %d of %d bytes: %v", r.off, len(b), r.err)
	}
	return places
}

func headLen(b byte) int {
	if b&0x1f < 24 {
		return 1
	}
	return 1 + 1<<(b&0x1f-24)
}

// longerHeads gives the other ways to write the head that b begins with, the
// one of no stated length included.
func longerHeads(b []byte) (out [][]byte) {
	r := reader{buf: b}
	major, arg := r.head()
	for info, n := byte(24), 1; n <= 8; info, n = info+1, n*2 {
		if 1+n <= headLen(b[0]) {
			continue
		}
		h := []byte{major<<5 | info}
		for shift := 8*n - 8; shift >= 0; shift -= 8 {
			h = append(h, byte(arg>>shift))
		}
		out = append(out, h)
	}
	return append(out, []byte{major<<5 | 31})
}
