package syncproto

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"unicode/utf8"
)

// Value is the canonical CBOR of one answer: null, true, false, a number,
// text, bytes, an array or a map with text keys. Equal answers are equal
// bytes. Null means that the answer was cleared.
type Value []byte

// The values that the protocol itself writes.
var (
	Null  = Value{majorSimple<<5 | simpleNull}
	True  = Value{majorSimple<<5 | simpleTrue}
	False = Value{majorSimple<<5 | simpleFalse}
)

// NewValue writes v canonically. It takes nil, bool, every Go integer and
// float, json.Number, string, []byte, RecordID, []any and map[string]any. A
// whole number within ±(2^53-1) becomes an integer, any other number a 64-bit
// float. Whole numbers beyond that, NaN and infinities are refused, because
// two runtimes would not agree on them: send such a number as text.
func NewValue(v any) (Value, error) {
	b, err := appendValue(nil, v, MaxValueDepth)
	if err != nil {
		return nil, err
	}
	if len(b) > MaxValueBytes {
		return nil, fmt.Errorf("value of %d bytes is over the limit of %d", len(b), MaxValueBytes)
	}
	return b, nil
}

// Text is NewValue for a string that is known to be UTF-8, such as an area code.
func Text(s string) Value { return appendText(nil, s) }

// ID is NewValue for a reference to another record.
func ID(id RecordID) Value { return appendBytes(nil, id[:]) }

func appendValue(b []byte, v any, depth int) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(b, Null...), nil
	case bool:
		if v {
			return append(b, True...), nil
		}
		return append(b, False...), nil
	case string:
		if !utf8.ValidString(v) {
			return nil, fmt.Errorf("text %q is not UTF-8", v)
		}
		return appendText(b, v), nil
	case []byte:
		return appendBytes(b, v), nil
	case RecordID:
		return appendBytes(b, v[:]), nil
	case float64:
		return appendFloat(b, v)
	case float32:
		return appendFloat(b, float64(v))
	case int, int8, int16, int32, int64:
		return appendWhole(b, reflect.ValueOf(v).Int())
	case uint, uint8, uint16, uint32, uint64:
		n := reflect.ValueOf(v).Uint()
		if n > MaxExactInteger {
			return nil, fmt.Errorf("number %d is too large: send it as text", n)
		}
		return appendInt(b, int64(n)), nil
	case json.Number:
		return appendNumber(b, v)
	case []any:
		return appendArray(b, v, depth)
	case map[string]any:
		return appendMap(b, v, depth)
	}
	return nil, fmt.Errorf("a %T cannot be an answer", v)
}

func appendWhole(b []byte, n int64) ([]byte, error) {
	if n > MaxExactInteger || n < -MaxExactInteger {
		return nil, fmt.Errorf("number %d is too large: send it as text", n)
	}
	return appendInt(b, n), nil
}

func appendFloat(b []byte, f float64) ([]byte, error) {
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return nil, fmt.Errorf("number %v is not finite", f)
	case f == math.Trunc(f) && math.Abs(f) > MaxExactInteger:
		return nil, fmt.Errorf("number %v is too large: send it as text", f)
	case f == math.Trunc(f):
		return appendInt(b, int64(f)), nil
	}
	bits := math.Float64bits(f)
	b = append(b, majorSimple<<5|simpleFloat)
	for shift := 56; shift >= 0; shift -= 8 {
		b = append(b, byte(bits>>shift))
	}
	return b, nil
}

func appendNumber(b []byte, n json.Number) ([]byte, error) {
	if i, err := n.Int64(); err == nil {
		return appendWhole(b, i)
	}
	f, err := n.Float64()
	if err != nil {
		return nil, fmt.Errorf("number %s: %w", n, err)
	}
	return appendFloat(b, f)
}

func appendArray(b []byte, v []any, depth int) ([]byte, error) {
	if depth <= 0 {
		return nil, fmt.Errorf("nested deeper than %d", MaxValueDepth)
	}
	b = appendHead(b, majorArray, uint64(len(v)))
	for i, item := range v {
		var err error
		if b, err = appendValue(b, item, depth-1); err != nil {
			return nil, fmt.Errorf("item %d: %w", i, err)
		}
	}
	return b, nil
}

func appendMap(b []byte, v map[string]any, depth int) ([]byte, error) {
	if depth <= 0 {
		return nil, fmt.Errorf("nested deeper than %d", MaxValueDepth)
	}
	keys := make([]string, 0, len(v))
	for k := range v {
		if len(k) > MaxNameBytes || !utf8.ValidString(k) {
			return nil, fmt.Errorf("key %.80q is not UTF-8 or longer than %d bytes", k, MaxNameBytes)
		}
		keys = append(keys, k)
	}
	slices.SortFunc(keys, compareKeys)
	b = appendHead(b, majorMap, uint64(len(keys)))
	for _, k := range keys {
		var err error
		if b, err = appendValue(appendText(b, k), v[k], depth-1); err != nil {
			return nil, fmt.Errorf("%s: %w", k, err)
		}
	}
	return b, nil
}

// Any reads the value back: nil, bool, int64, float64, string, []byte, []any
// or map[string]any. A value that is not canonical is an error.
func (v Value) Any() (any, error) {
	r := reader{buf: v}
	r.value(MaxValueDepth)
	if r.err == nil && r.off != len(v) {
		r.fail("bytes after the value")
	}
	if r.err != nil {
		return nil, fmt.Errorf("value: %w", r.err)
	}
	r = reader{buf: v}
	return r.any(), nil
}

// any reads one item that skip has already checked.
func (r *reader) any() any {
	start := r.off
	major, arg := r.head()
	switch major {
	case majorUint:
		return int64(arg)
	case majorNegint:
		return -1 - int64(arg)
	case majorBytes:
		return slices.Clone(r.take(arg))
	case majorText:
		return string(r.take(arg))
	case majorArray:
		list := make([]any, arg)
		for i := range list {
			list[i] = r.any()
		}
		return list
	case majorMap:
		m := make(map[string]any, arg)
		for range arg {
			k := r.text("map key", MaxNameBytes)
			m[k] = r.any()
		}
		return m
	}
	if r.off-start > 1 {
		return math.Float64frombits(arg)
	}
	switch arg {
	case simpleTrue:
		return true
	case simpleFalse:
		return false
	}
	return nil
}

// CheckValue reports what is wrong with b as one canonical value.
func CheckValue(b []byte) error {
	_, err := Value(b).Any()
	return err
}
