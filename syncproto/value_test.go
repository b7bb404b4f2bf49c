package syncproto

import (
	"encoding/hex"
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

type goodValue struct {
	name string
	in   any
	want string // hex
}

func goodValues() []goodValue {
	return []goodValue{
		{"null, a cleared answer", nil, "f6"},
		{"false", false, "f4"},
		{"true", true, "f5"},
		{"zero", 0, "00"},
		{"the largest one-byte number", int8(23), "17"},
		{"the smallest two-byte number", uint8(24), "1818"},
		{"255", int16(255), "18ff"},
		{"256", uint16(256), "190100"},
		{"65536", int32(65536), "1a00010000"},
		{"2^32", uint64(1 << 32), "1b0000000100000000"},
		{"the largest whole number", int64(MaxExactInteger), "1b001fffffffffffff"},
		{"minus one", -1, "20"},
		{"minus 24", -24, "37"},
		{"minus 25", -25, "3818"},
		{"the smallest whole number", int64(-MaxExactInteger), "3b001ffffffffffffe"},
		{"a float that is whole", 2.0, "02"},
		{"minus zero", math.Copysign(0, -1), "00"},
		{"half", 0.5, "fb3fe0000000000000"},
		{"a half that a short float could hold", float32(1.5), "fb3ff8000000000000"},
		{"a tenth", 0.1, "fb3fb999999999999a"},
		{"the smallest number above zero", math.SmallestNonzeroFloat64, "fb0000000000000001"},
		{"a latitude", 15.612345, "fb402f398548a9bcfd"},
		{"a JSON number that is whole", json.Number("3.0"), "03"},
		{"a JSON number with a part", json.Number("3.5"), "fb400c000000000000"},
		{"a JSON number at the edge", json.Number("9007199254740991"), "1b001fffffffffffff"},
		{"text", "a", "6161"},
		{"Thai text", "บ้าน", "6ce0b89ae0b989e0b8b2e0b899"},
		{"empty text", "", "60"},
		{"bytes", []byte{1, 2}, "420102"},
		{"a reference", household, "5001a1e230a0407a3e9f105d2c8b41e607"},
		{"a list", []any{1, "a", nil}, "83016161f6"},
		{"a map, shorter keys first", map[string]any{"b": 1, "aa": 2, "a": 3}, "a361610361620162616102"},
	}
}

func TestAValueHasOneForm(t *testing.T) {
	for _, tt := range goodValues() {
		t.Run(tt.name, func(t *testing.T) {
			got, err := NewValue(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			if hex.EncodeToString(got) != tt.want {
				t.Errorf("got %x, want %s", []byte(got), tt.want)
			}
			if err := CheckValue(got); err != nil {
				t.Errorf("its own reader refuses it: %v", err)
			}
		})
	}
}

func TestWhatCannotBeAnAnswerIsRefused(t *testing.T) {
	deep := any(1)
	for range MaxValueDepth + 1 {
		deep = []any{deep}
	}
	tests := []struct {
		name string
		in   any
		want string
	}{
		{"not a number", math.NaN(), "not finite"},
		{"infinity", math.Inf(-1), "not finite"},
		{"a whole number that doubles cannot hold", int64(MaxExactInteger + 1), "send it as text"},
		{"the same below zero", int64(-MaxExactInteger - 1), "send it as text"},
		{"the same unsigned", uint64(MaxExactInteger + 1), "send it as text"},
		{"the same as a float", float64(1 << 53), "send it as text"},
		{"a huge float", 1e300, "send it as text"},
		{"the same from JSON", json.Number("9007199254740992"), "send it as text"},
		{"the same from JSON, longer", json.Number("99999999999999999999"), "send it as text"},
		{"a JSON number that is none", json.Number("1e999"), "1e999"},
		{"text that is not UTF-8", "\xff", "UTF-8"},
		{"a key that is not UTF-8", map[string]any{"\xff": 1}, "UTF-8"},
		{"a long key", map[string]any{strings.Repeat("k", MaxNameBytes+1): 1}, "longer than"},
		{"too deep", deep, "nested deeper"},
		{"too deep in a map", map[string]any{"a": deep}, "nested deeper"},
		{"too long", strings.Repeat("a", MaxValueBytes), "over the limit"},
		{"a struct", struct{}{}, "cannot be an answer"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := NewValue(tt.in)
			wantError(t, err, tt.want)
		})
	}
}

func TestBytesThatAreNotAValueAreRefused(t *testing.T) {
	for _, tt := range refusedValues() {
		t.Run(tt.name, func(t *testing.T) {
			wantError(t, CheckValue(tt.bytes), tt.why)
		})
	}
}

// refusedValues are bytes that a lenient decoder would take.
func refusedValues() []refused {
	return []refused{
		{"nothing", nil, "ends too early"},
		{"a number cut short", mustHex("19 01"), "ends too early"},
		{"text cut short", mustHex("62 61"), "ends too early"},
		{"a list cut short", mustHex("82 01"), "ends too early"},
		{"a list that claims a billion items", mustHex("9a 3b9aca00"), "over the limit"},
		{"bytes after the value", mustHex("01 02"), "bytes after the value"},
		{"a small number in two bytes", mustHex("18 17"), "shortest form"},
		{"a small number in three bytes", mustHex("19 00ff"), "shortest form"},
		{"a small number in five bytes", mustHex("1a 0000ffff"), "shortest form"},
		{"a small number in nine bytes", mustHex("1b 00000000ffffffff"), "shortest form"},
		{"a text length in two bytes", mustHex("78 01 61"), "shortest form"},
		{"a whole number above 2^53-1", mustHex("1b 0020000000000000"), "2^53-1"},
		{"a whole number below -(2^53-1)", mustHex("3b 001fffffffffffff"), "2^53-1"},
		{"a half float", mustHex("f9 3e00"), "short float"},
		{"a single float", mustHex("fa 3fc00000"), "short float"},
		{"a whole number as a float", mustHex("fb 4000000000000000"), "written as a float"},
		{"zero as a float", mustHex("fb 0000000000000000"), "written as a float"},
		{"minus zero", mustHex("fb 8000000000000000"), "written as a float"},
		{"a huge float", mustHex("fb 7e37e43c8800759c"), "written as a float"},
		{"not a number", mustHex("fb 7ff8000000000000"), "not finite"},
		{"infinity", mustHex("fb 7ff0000000000000"), "not finite"},
		{"undefined", mustHex("f7"), "simple value"},
		{"another simple value", mustHex("f3"), "simple value"},
		{"true in two bytes", mustHex("f8 15"), "simple value"},
		{"a tagged text", mustHex("c0 61 61"), "tags"},
		{"a list without a length", mustHex("9f 01 ff"), "indefinite"},
		{"a map without a length", mustHex("bf 61 61 01 ff"), "indefinite"},
		{"text in pieces", mustHex("7f 61 61 ff"), "indefinite"},
		{"a reserved length", mustHex("1c"), "reserved"},
		{"a stray break", mustHex("ff"), "reserved"},
		{"text that is not UTF-8", mustHex("62 c328"), "UTF-8"},
		{"half of a surrogate pair", mustHex("63 eda080"), "UTF-8"},
		{"a key that is a number", mustHex("a1 01 01"), "want map key"},
		{"keys out of order", mustHex("a2 6162 01 6161 02"), "out of order"},
		{"a longer key first", mustHex("a2 626161 01 6162 02"), "out of order"},
		{"one key twice", mustHex("a2 6161 01 6161 02"), "doubled"},
		{"lists nine deep", mustHex("81 81 81 81 81 81 81 81 81 01"), "nested deeper"},
	}
}

type refused struct {
	name  string
	bytes []byte
	why   string
}

func TestAValueMayBeAsLongAsItsBound(t *testing.T) {
	const head = 5 // of a text of this length
	if _, err := NewValue(strings.Repeat("a", MaxValueBytes-head)); err != nil {
		t.Error(err)
	}
	wantError(t, CheckValue(appendText(nil, strings.Repeat("a", MaxValueBytes-head+1))), "over the limit")
}

func TestAValueReadsBackAsItWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawAnswer(t, 3)
		v, err := NewValue(in)
		if err != nil {
			t.Fatal(err)
		}
		out, err := v.Any()
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(in, out) {
			t.Fatalf("wrote %#v, read %#v", in, out)
		}
	})
}

// drawAnswer draws what Any may return.
func drawAnswer(t *rapid.T, depth int) any {
	kind := rapid.IntRange(0, 7).Draw(t, "kind")
	if depth == 0 {
		kind %= 6
	}
	switch kind {
	case 0:
		return nil
	case 1:
		return rapid.Bool().Draw(t, "bool")
	case 2:
		return rapid.Int64Range(-MaxExactInteger, MaxExactInteger).Draw(t, "int")
	case 3:
		return rapid.Float64Range(-1e6, 1e6).Filter(func(f float64) bool { return f != math.Trunc(f) }).Draw(t, "float")
	case 4:
		return rapid.String().Draw(t, "text")
	case 5:
		return append([]byte{}, rapid.SliceOfN(rapid.Byte(), 0, 30).Draw(t, "bytes")...)
	case 6:
		list := []any{}
		for range rapid.IntRange(0, 3).Draw(t, "items") {
			list = append(list, drawAnswer(t, depth-1))
		}
		return list
	}
	m := map[string]any{}
	for range rapid.IntRange(0, 3).Draw(t, "pairs") {
		m[rapid.StringN(0, 8, MaxNameBytes).Draw(t, "key")] = drawAnswer(t, depth-1)
	}
	return m
}
