package syncproto

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
)

// Run one of these for a while with
//
//	go test ./syncproto -run '^$' -fuzz FuzzDecodeRecord -fuzztime 1m

// FuzzDecodeRecord: what is accepted encodes to the same bytes.
func FuzzDecodeRecord(f *testing.F) {
	for _, v := range recordVectors() {
		f.Add(v.cbor)
	}
	for _, r := range refusedRecords() {
		f.Add(r.bytes)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := DecodeRecord(b)
		if err != nil {
			return
		}
		if got := r.Encode(); !bytes.Equal(got, b) {
			t.Fatalf("accepted %x, which encodes as %x", b, got)
		}
		for _, op := range r.Ops {
			if !r.VV.Covers(op.Dot) {
				t.Fatalf("save %v is above the vector", op.Dot)
			}
		}
		_ = r.CheckReserved()
		_, _, _, _ = r.Area(), r.Parent(), r.Alive(), r.Conflicts()
		if m := Merge(r, r); !bytes.Equal(m.Encode(), b) {
			t.Fatalf("merged with itself it is %x", m.Encode())
		}
	})
}

// FuzzMerge: two records, from whomever, merge to one that can be read, and
// neither side is the first one.
func FuzzMerge(f *testing.F) {
	for _, v := range mergeVectors() {
		var list [][]byte
		if err := decMode.Unmarshal(v.cbor, &list); err != nil {
			f.Fatal(err)
		}
		f.Add(list[0], list[1])
	}
	f.Fuzz(func(t *testing.T, x, y []byte) {
		a, errA := DecodeRecord(x)
		b, errB := DecodeRecord(y)
		if errA != nil || errB != nil {
			return
		}
		b.ID = a.ID
		m := Merge(a, b).Encode()
		if other := Merge(b, a).Encode(); !bytes.Equal(m, other) {
			t.Fatalf("a with b is %x, b with a is %x", m, other)
		}
		if _, err := DecodeRecord(m); err != nil && !strings.Contains(err.Error(), "over the limit") {
			t.Fatalf("%x: %v", m, err)
		}
	})
}

// FuzzDecodeMessage: what is accepted as the message number kind says the same
// when it is written and read again.
func FuzzDecodeMessage(f *testing.F) {
	examples := messageExamples()
	for i, e := range examples {
		f.Add(uint8(i), mustMessage(e.message))
	}
	for _, r := range refusedMessages() {
		for i, e := range examples {
			if reflect.TypeOf(r.into).Elem() == reflect.TypeOf(e.message) {
				f.Add(uint8(i), r.bytes)
			}
		}
	}
	f.Fuzz(func(t *testing.T, kind uint8, b []byte) {
		typ := reflect.TypeOf(examples[int(kind)%len(examples)].message)
		first := reflect.New(typ)
		if DecodeMessage(b, first.Interface()) != nil {
			return
		}
		wire := mustMessage(first.Interface())
		second := reflect.New(typ)
		if err := DecodeMessage(wire, second.Interface()); err != nil {
			t.Fatalf("accepted %x, but not its own encoding %x: %v", b, wire, err)
		}
		if again := mustMessage(second.Interface()); !bytes.Equal(again, wire) {
			t.Fatalf("%x is %x when read and written again", wire, again)
		}
	})
}

// FuzzValue: what is accepted reads as an answer that is written the same way.
func FuzzValue(f *testing.F) {
	for _, v := range goodValues() {
		f.Add([]byte(val(v.in)))
	}
	for _, r := range refusedValues() {
		f.Add(r.bytes)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := Value(b).Any()
		if err != nil {
			return
		}
		v, err := NewValue(a)
		if err != nil {
			t.Fatalf("read %x as %#v, which cannot be written: %v", b, a, err)
		}
		if !bytes.Equal(v, b) {
			t.Fatalf("read %x as %#v, which is written %x", b, a, []byte(v))
		}
	})
}
