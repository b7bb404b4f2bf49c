package syncproto

import (
	"encoding/binary"
	"math/bits"

	"tambonsync/syncproto/area"
)

// Buckets is how many leaves one area has.
const Buckets = 16

// Bucket returns the leaf of its area that a record belongs to: the low four
// bits of the last byte of its id, which are random.
func Bucket(id RecordID) uint8 { return id[15] & (Buckets - 1) }

// Digest is the sum of item hashes modulo 2^128 and how many there are. Two
// stores with equal digests hold the same states; a change costs one
// subtraction and one addition, whatever the size of the store.
type Digest struct {
	_     struct{} `cbor:",toarray"`
	Count uint64
	Sum   Hash
}

// Add returns d with the item h.
func (d Digest) Add(h Hash) Digest { return Digest{Count: d.Count + 1, Sum: addHash(d.Sum, h)} }

// Remove returns d without the item h.
func (d Digest) Remove(h Hash) Digest { return Digest{Count: d.Count - 1, Sum: subHash(d.Sum, h)} }

// Plus returns the digest of both sets together.
func (d Digest) Plus(e Digest) Digest {
	return Digest{Count: d.Count + e.Count, Sum: addHash(d.Sum, e.Sum)}
}

func addHash(a, b Hash) (out Hash) {
	lo, carry := bits.Add64(binary.BigEndian.Uint64(a[8:]), binary.BigEndian.Uint64(b[8:]), 0)
	hi, _ := bits.Add64(binary.BigEndian.Uint64(a[:8]), binary.BigEndian.Uint64(b[:8]), carry)
	binary.BigEndian.PutUint64(out[:8], hi)
	binary.BigEndian.PutUint64(out[8:], lo)
	return out
}

func subHash(a, b Hash) (out Hash) {
	lo, borrow := bits.Sub64(binary.BigEndian.Uint64(a[8:]), binary.BigEndian.Uint64(b[8:]), 0)
	hi, _ := bits.Sub64(binary.BigEndian.Uint64(a[:8]), binary.BigEndian.Uint64(b[:8]), borrow)
	binary.BigEndian.PutUint64(out[:8], hi)
	binary.BigEndian.PutUint64(out[8:], lo)
	return out
}

// Leaf is the digest of one bucket of one area.
type Leaf struct {
	_      struct{} `cbor:",toarray"`
	Area   area.Code
	Bucket uint8
	Digest Digest
}
