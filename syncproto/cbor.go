package syncproto

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"unicode/utf8"
)

// The seven major types of CBOR (RFC 8949, 3.1) that canonical records use.
const (
	majorUint   = 0
	majorNegint = 1
	majorBytes  = 2
	majorText   = 3
	majorArray  = 4
	majorMap    = 5
	majorSimple = 7

	simpleFalse = 20
	simpleTrue  = 21
	simpleNull  = 22
	simpleFloat = 27
)

// reader walks canonical CBOR without copying and refuses whatever is not
// canonical: lengths that could be shorter, indefinite lengths, tags, map keys
// that are no text, out of order or doubled, text that is no UTF-8, numbers
// that have a shorter form. A library decodes such input; it does not refuse
// it, and the office stores bytes as they came, so this check is ours. After
// the first error every method returns zero values.
type reader struct {
	buf []byte
	off int
	err error
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("byte %d: "+format, append([]any{r.off}, args...)...)
	}
}

var errTruncated = errors.New("ends too early")

// head reads a major type and its argument in the shortest form. For floats it
// returns the 64 bits.
func (r *reader) head() (major byte, arg uint64) {
	if r.err != nil {
		return 0, 0
	}
	if r.off >= len(r.buf) {
		r.fail("%w", errTruncated)
		return 0, 0
	}
	b := r.buf[r.off]
	major, info := b>>5, b&0x1f
	if info < 24 {
		r.off++
		return major, uint64(info)
	}
	if info > 27 {
		r.fail("indefinite or reserved length")
		return 0, 0
	}
	n := 1 << (info - 24)
	if len(r.buf)-r.off-1 < n {
		r.fail("%w", errTruncated)
		return 0, 0
	}
	var p [8]byte
	copy(p[8-n:], r.buf[r.off+1:r.off+1+n])
	arg = binary.BigEndian.Uint64(p[:])
	shortest := arg >= 24
	if n > 1 {
		shortest = arg>>(8*n/2) != 0
	}
	if major == majorSimple {
		if info != simpleFloat {
			r.fail("simple value or short float")
			return 0, 0
		}
	} else if !shortest {
		r.fail("number not in its shortest form")
		return 0, 0
	}
	r.off += 1 + n
	return major, arg
}

func (r *reader) want(major byte, what string, limit uint64) uint64 {
	start := r.off
	got, arg := r.head()
	if r.err != nil {
		return 0
	}
	if got != major {
		r.off = start
		r.fail("want %s", what)
		return 0
	}
	if arg > limit {
		r.off = start
		r.fail("%s: %d is over the limit %d", what, arg, limit)
		return 0
	}
	return arg
}

// array reads an array's length. Every item takes at least one byte, so a
// length beyond the input is refused before anything is allocated for it.
func (r *reader) array(limit int) int {
	return r.count(majorArray, "array", limit, 1)
}

func (r *reader) mapLen(limit int) int {
	return r.count(majorMap, "map", limit, 2)
}

func (r *reader) count(major byte, what string, limit, itemBytes int) int {
	n := int(r.want(major, what, uint64(limit)))
	if n*itemBytes > len(r.buf)-r.off {
		r.fail("%s of %d items: %w", what, n, errTruncated)
		return 0
	}
	return n
}

func (r *reader) uint(what string, limit uint64) uint64 { return r.want(majorUint, what, limit) }

func (r *reader) int(what string) int64 {
	start := r.off
	major, arg := r.head()
	if r.err != nil {
		return 0
	}
	if major > majorNegint || arg > MaxExactInteger-uint64(major) {
		r.off = start
		r.fail("want %s, a whole number within ±(2^53-1)", what)
		return 0
	}
	if major == majorNegint {
		return -1 - int64(arg)
	}
	return int64(arg)
}

func (r *reader) take(n uint64) []byte {
	if r.err != nil {
		return nil
	}
	if n > uint64(len(r.buf)-r.off) {
		r.fail("%w", errTruncated)
		return nil
	}
	b := r.buf[r.off : r.off+int(n)]
	r.off += int(n)
	return b
}

func (r *reader) bytes(what string, size int) []byte {
	start := r.off
	b := r.take(r.want(majorBytes, what, uint64(size)))
	if r.err == nil && len(b) != size {
		r.off = start
		r.fail("%s: want %d bytes", what, size)
		return nil
	}
	return b
}

func (r *reader) text(what string, limit int) string {
	start := r.off
	b := r.take(r.want(majorText, what, uint64(limit)))
	if r.err == nil && !utf8.Valid(b) {
		r.off = start
		r.fail("%s: not UTF-8", what)
		return ""
	}
	return string(b)
}

// key reads a map key and checks that it comes after the one before it.
func (r *reader) key(what, before string, first bool) string {
	start := r.off
	k := r.text(what, MaxNameBytes)
	if r.err == nil && !first && compareKeys(before, k) >= 0 {
		r.off = start
		r.fail("%s %q out of order or doubled", what, k)
	}
	return k
}

// value walks one item and returns its bytes.
func (r *reader) value(depth int) []byte {
	start := r.off
	r.skip(depth)
	if r.err != nil {
		return nil
	}
	if r.off-start > MaxValueBytes {
		r.fail("value of %d bytes is over the limit %d", r.off-start, MaxValueBytes)
		return nil
	}
	return r.buf[start:r.off:r.off]
}

func (r *reader) skip(depth int) {
	start := r.off
	major, arg := r.head()
	if r.err != nil {
		return
	}
	switch major {
	case majorUint, majorNegint:
		if arg > MaxExactInteger-uint64(major) {
			r.off = start
			r.fail("whole number beyond ±(2^53-1)")
		}
	case majorBytes:
		r.take(arg)
	case majorText:
		if b := r.take(arg); !utf8.Valid(b) {
			r.fail("text is not UTF-8")
		}
	case majorArray, majorMap:
		if depth <= 0 {
			r.fail("nested deeper than %d", MaxValueDepth)
			return
		}
		r.off = start
		r.container(major, depth)
	case majorSimple:
		r.simple(start, arg)
	default:
		r.fail("tags are not used")
	}
}

func (r *reader) container(major byte, depth int) {
	if major == majorArray {
		for range r.array(MaxValueBytes) {
			r.skip(depth - 1)
		}
		return
	}
	before := ""
	for i := range r.mapLen(MaxValueBytes) {
		before = r.key("map key", before, i == 0)
		r.skip(depth - 1)
		if r.err != nil {
			return
		}
	}
}

func (r *reader) simple(start int, arg uint64) {
	if r.off-start == 1 {
		if arg < simpleFalse || arg > simpleNull {
			r.fail("simple value %d is not used", arg)
		}
		return
	}
	f := math.Float64frombits(arg)
	if math.IsNaN(f) || math.IsInf(f, 0) {
		r.fail("number is not finite")
	} else if f == math.Trunc(f) {
		r.fail("whole number written as a float")
	}
}

// compareKeys orders map keys as RFC 8949, 4.2.1 does for text: by the bytes
// of their encoding, that is shorter first.
func compareKeys(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return bytes.Compare([]byte(a), []byte(b))
}

func appendHead(b []byte, major byte, arg uint64) []byte {
	m := major << 5
	switch {
	case arg < 24:
		return append(b, m|byte(arg))
	case arg <= math.MaxUint8:
		return append(b, m|24, byte(arg))
	case arg <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(b, m|25), uint16(arg))
	case arg <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(b, m|26), uint32(arg))
	}
	return binary.BigEndian.AppendUint64(append(b, m|27), arg)
}

func appendInt(b []byte, n int64) []byte {
	if n < 0 {
		return appendHead(b, majorNegint, uint64(-1-n))
	}
	return appendHead(b, majorUint, uint64(n))
}

func appendText(b []byte, s string) []byte {
	return append(appendHead(b, majorText, uint64(len(s))), s...)
}

func appendBytes(b, p []byte) []byte {
	return append(appendHead(b, majorBytes, uint64(len(p))), p...)
}
