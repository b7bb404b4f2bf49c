package syncproto

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func drawHash(t *rapid.T, label string) (h Hash) {
	copy(h[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, label))
	if rapid.Bool().Draw(t, "carry") { // all ones make every carry run through
		for i := range h[:15] {
			h[i] = 0xff
		}
	}
	return h
}

func TestRemovingWhatWasAddedChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := Digest{Count: 7, Sum: drawHash(t, "sum")}
		h := drawHash(t, "hash")
		if got := d.Add(h).Remove(h); got != d {
			t.Fatalf("got %v, want %v", got, d)
		}
		if got := d.Remove(h).Add(h); got != d {
			t.Fatalf("removed first: got %v, want %v", got, d)
		}
	})
}

func TestTheOrderOfAddingDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		hashes := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Hash { return drawHash(t, "hash") }), 0, 20).Draw(t, "hashes")
		sum := func(list []Hash) (d Digest) {
			for _, h := range list {
				d = d.Add(h)
			}
			return d
		}
		want := sum(hashes)
		shuffled := slices.Clone(hashes)
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		if got := sum(shuffled); got != want {
			t.Fatalf("got %v, want %v", got, want)
		}
		cut := rapid.IntRange(0, len(hashes)).Draw(t, "cut")
		if got := sum(hashes[:cut]).Plus(sum(hashes[cut:])); got != want {
			t.Fatalf("in two halves: got %v, want %v", got, want)
		}
	})
}

func TestADigestIsASumModulo2To128(t *testing.T) {
	ones := Hash(bytes.Repeat([]byte{0xff}, 16))
	one := Hash{15: 1}
	tests := []struct {
		name string
		got  Digest
		want Digest
	}{
		{"nothing", Digest{}, Digest{}},
		{"a carry from the low half to the high half", Digest{Sum: Hash(mustHex("0000000000000000 ffffffffffffffff"))}.Add(one), Digest{Count: 1, Sum: Hash(mustHex("0000000000000001 0000000000000000"))}},
		{"a carry out of the top", Digest{}.Add(ones).Add(one), Digest{Count: 2}},
		{"a borrow into the top", Digest{Count: 1}.Remove(one), Digest{Sum: ones}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.got != tt.want {
				t.Errorf("got %v, want %v", tt.got, tt.want)
			}
		})
	}
}

func TestABucketIsTheLowFourBitsOfTheID(t *testing.T) {
	for last, want := range map[byte]uint8{0x00: 0, 0x07: 7, 0x0f: 15, 0x10: 0, 0xf9: 9} {
		if got := Bucket(RecordID{15: last}); got != want {
			t.Errorf("…%02x: got %d, want %d", last, got, want)
		}
	}
}

func TestAnItemHashIsTheFirstHalfOfSHA256(t *testing.T) {
	got := HashRecord([]byte("abc")) // FIPS 180-4's own example
	if want := Hash(mustHex("ba7816bf8f01cfea414140de5dae2223")); got != want {
		t.Errorf("got %x, want %x", got, want)
	}
}
