package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"unicode/utf8"
)

// malformed changes bytes in one to three places, without an eye for what they
// mean. What comes out may still be right.
func (d draw) malformed(b []byte) []byte {
	b = slices.Clone(b)
	for range 1 + d.below(3) {
		if len(b) == 0 {
			return []byte{byte(d.below(256))}
		}
		i := d.below(len(b))
		switch d.below(7) {
		case 0:
			b[i] = byte(d.below(256))
		case 1:
			b[i] ^= 1 << d.below(8)
		case 2:
			b[i] += pick[byte](d, 1, 255)
		case 3:
			b = slices.Insert(b, i, pick(d, byte(d.below(256)), 0x80, 0xf6, 0x18, 0x9f, 0xc0))
		case 4:
			b = slices.Delete(b, i, i+1)
		case 5:
			n := min(1+d.below(20), len(b)-i)
			b = slices.Insert(b, i, b[i:i+n]...)
		default:
			b = pick(d, b[:i], append(b, 0))
		}
	}
	return b
}

// bent changes one item of canonical CBOR: writes its head in more bytes, or
// changes, moves, doubles or drops one of the items in it.
func (d draw) bent(b []byte) []byte {
	root, _ := parse(b)
	var all []*item
	var walk func(*item)
	walk = func(it *item) {
		all = append(all, it)
		for i := range it.items {
			walk(&it.items[i])
		}
	}
	walk(&root)
	it := all[d.below(len(all))]
	n := len(it.items)
	switch c := d.below(8); {
	case c == 0:
		it.longer = 1 + d.below(4)
	case c == 1:
		it.arg += pick[uint64](d, 1, math.MaxUint64)
	case c == 2:
		if from := all[d.below(len(all))]; len(from.items) == 0 { // a list would get into itself
			*it = *from
		}
	case c == 3:
		*it = item{major: 7, info: byte(20 + d.below(4))}
	case c == 4 && len(it.bytes) > 0:
		it.bytes = d.malformed(it.bytes)
	case n == 0:
		it.longer = 1
	case c == 5:
		i, k := d.below(n), d.below(n)
		it.items[i], it.items[k] = it.items[k], it.items[i]
	case c == 6:
		it.items = slices.Insert(it.items, d.below(n), it.items[d.below(n)])
	default:
		i := d.below(n)
		it.items = slices.Delete(it.items, i, i+1)
	}
	return root.plain(nil)
}

// item is any CBOR, taken apart.
type item struct {
	major byte
	info  byte
	arg   uint64
	bytes []byte // of a byte string or text
	items []item // of a list, and of a map key by key

	longer int // by how many steps the head is longer than it must be
}

// parse reads one item of well-formed CBOR without indefinite lengths.
func parse(b []byte) (it item, rest []byte) {
	it.major, it.info, it.arg = b[0]>>5, b[0]&0x1f, uint64(b[0]&0x1f)
	b = b[1:]
	if it.info >= 24 {
		n := 1 << (it.info - 24)
		it.arg = binary.BigEndian.Uint64(append(make([]byte, 8-n), b[:n]...))
		b = b[n:]
	}
	n := int(it.arg)
	switch it.major {
	case 2, 3:
		it.bytes, b = b[:n], b[n:]
	case 5:
		n *= 2
		fallthrough
	case 4:
		for range n {
			var sub item
			sub, b = parse(b)
			it.items = append(it.items, sub)
		}
	}
	return it, b
}

// loosen writes a message in another way that means the same: keys in another
// order, numbers in more bytes, and keys that nobody knows.
func (d draw) loosen(b []byte) []byte {
	it, _ := parse(b)
	for range d.below(3) {
		key := item{major: 3, bytes: []byte(pick(d, "later", "Actor", "__proto__", "ก", "k\xff"))}
		it.items = append(it.items, key, d.unknown(4))
	}
	if d.below(8) == 0 { // as deep as a message may be, or one deeper
		deep := item{major: 4}
		for range 6 + d.below(2) {
			deep = item{major: 4, items: []item{deep}}
		}
		it.items = append(it.items, item{major: 3, bytes: []byte("deep")}, deep)
	}
	return d.write(nil, it)
}

// unknown is an item under a key that nobody knows, sometimes one that no
// message may hold.
func (d draw) unknown(depth int) item {
	major := pick[byte](d, 0, 1, 2, 3, 4, 4, 5, 5, 6, 7, 7)
	it := item{major: major, arg: uint64(d.below(4))}
	switch major {
	case 2, 3:
		it.bytes = []byte(pick(d, "", "a", "ก", "\xff"))
	case 4, 5:
		n := d.below(3)
		if depth <= 0 && d.below(4) > 0 {
			n = 0
		}
		for range n {
			if major == 5 {
				it.items = append(it.items, item{major: 3, bytes: []byte(d.text())})
			}
			it.items = append(it.items, d.unknown(depth-1))
		}
	case 7:
		it.info = pick[byte](d, 20, 21, 20, 21, 22, 23, 24, 25, 26, 27)
		it.arg = pick(d, uint64(it.info), uint64(it.info), d.Uint64())
	}
	return it
}

// write writes an item with its keys in another order and some heads longer.
func (d draw) write(b []byte, it item) []byte {
	it.longer = 0
	if d.below(4) == 0 {
		it.longer = d.below(5)
	}
	if it.major == 5 {
		pairs := make([]item, 0, len(it.items))
		for _, i := range d.Perm(len(it.items) / 2) {
			pairs = append(pairs, it.items[2*i:2*i+2]...)
		}
		it.items = pairs
	}
	b = it.head(b)
	for _, sub := range it.items {
		b = d.write(b, sub)
	}
	return b
}

// plain writes an item as it is.
func (it item) plain(b []byte) []byte {
	b = it.head(b)
	for _, sub := range it.items {
		b = sub.plain(b)
	}
	return b
}

// head writes an item without those in it.
func (it item) head(b []byte) []byte {
	arg := it.arg
	switch it.major {
	case 2, 3:
		arg = uint64(len(it.bytes))
	case 4:
		arg = uint64(len(it.items))
	case 5:
		arg = uint64(len(it.items) / 2)
	case 7:
		if it.info < 24 {
			return append(b, 7<<5|it.info)
		}
		return append(append(b, 7<<5|it.info), binary.BigEndian.AppendUint64(nil, arg)[8-1<<(it.info-24):]...)
	}
	size := 0 // 2^(size-1) bytes; 0: in the first byte
	for _, limit := range []uint64{24, 1 << 8, 1 << 16, 1 << 32} {
		if arg >= limit {
			size++
		}
	}
	if size = min(size+it.longer, 4); size == 0 {
		return append(append(b, it.major<<5|byte(arg)), it.bytes...)
	}
	b = append(b, it.major<<5|byte(23+size))
	return append(append(b, binary.BigEndian.AppendUint64(nil, arg)[8-1<<(size-1):]...), it.bytes...)
}

// lax says what of a message that syncproto accepts PROTOCOL.md refuses all the
// same: keys that are numbers; bytes written as a list; and, under keys that
// nobody knows, keys that are no text or doubled and text that is no UTF-8.
func lax(b []byte) error {
	m, _ := parse(b)
	if err := laxItem(m); err != nil {
		return err
	}
	return laxBytes(m)
}

func laxItem(it item) error {
	if it.major == 3 && !utf8.Valid(it.bytes) {
		return errors.New("text that is no UTF-8")
	}
	if it.major == 5 {
		seen := map[string]bool{}
		for i := 0; i < len(it.items); i += 2 {
			k := it.items[i]
			if k.major != 3 {
				return errors.New("a key that is no text")
			}
			if seen[string(k.bytes)] {
				return fmt.Errorf("key %q twice", k.bytes)
			}
			seen[string(k.bytes)] = true
		}
	}
	for _, sub := range it.items {
		if err := laxItem(sub); err != nil {
			return err
		}
	}
	return nil
}

// laxBytes looks at the fields of bytes of all messages.
func laxBytes(m item) error {
	list := errors.New("bytes as a list of numbers")
	for i := 0; i+1 < len(m.items); i += 2 {
		v := m.items[i+1]
		switch string(m.items[i].bytes) {
		case "key":
			if v.major == 4 {
				return list
			}
		case "records", "rounds":
			for _, sub := range v.items {
				if sub.major == 4 {
					return list
				}
			}
		case "rows":
			for _, row := range v.items {
				if len(row.items) == 3 && row.items[1].major == 4 {
					return list
				}
			}
		case "definitions":
			for _, def := range v.items {
				for k := 0; k+1 < len(def.items); k += 2 {
					if string(def.items[k].bytes) == "body" && def.items[k+1].major == 4 {
						return list
					}
				}
			}
		}
	}
	return nil
}
