package syncproto

import (
	"fmt"
	"strings"
	"testing"
)

// Every bound of a record is tried at its limit and one above it.
func TestARecordIsBounded(t *testing.T) {
	tests := []struct {
		name  string
		limit int
		build func(n int) Record
		want  string
	}{
		{"record type", MaxNameBytes, func(n int) Record {
			r := newHousehold()
			r.Type = strings.Repeat("t", n)
			return r
		}, "over the limit"},
		{"group name", MaxNameBytes, func(n int) Record {
			return newHousehold().Save(at(somchai, 2, 1), set(strings.Repeat("g", n), 1))
		}, "over the limit"},
		{"key in an answer", MaxNameBytes, func(n int) Record {
			return withAnswer(appendHead(nil, majorMap, 1), Text(strings.Repeat("k", n)), True)
		}, "over the limit"},
		{"answer", MaxValueBytes, func(n int) Record {
			return withAnswer(Text(strings.Repeat("a", n-5)))
		}, "over the limit"},
		{"depth of an answer", MaxValueDepth, func(n int) Record {
			b := []byte{}
			for range n {
				b = append(b, 0x81)
			}
			return withAnswer(b, True)
		}, "nested deeper"},
		{"context", MaxContextBytes, func(n int) Record {
			op := at(somchai, 2, 1)
			op.Context = Context{User: strings.Repeat("u", n-6)}
			return newHousehold().Save(op, nil)
		}, "over the limit"},
		{"context keys", MaxContextKeys, func(n int) Record {
			op := at(somchai, 2, 1)
			op.Context = Context{Extra: map[string]Value{}}
			for i := range n {
				op.Extra[fmt.Sprintf("k%03d", i)] = True
			}
			return newHousehold().Save(op, nil)
		}, "over the limit"},
		{"wall time", MaxClock, func(n int) Record {
			op := at(somchai, 2, 1)
			op.Wall = int64(n)
			return newHousehold().Save(op, nil)
		}, "no time"},
		{"wall time before 1970", MaxClock, func(n int) Record {
			op := at(somchai, 2, 1)
			op.Wall = -int64(n)
			return newHousehold().Save(op, nil)
		}, "no time"},
		{"offset", MaxClock, func(n int) Record {
			op := at(somchai, 2, 1)
			op.Offset = -int64(n)
			return newHousehold().Save(op, nil)
		}, "no time"},
		{"counter", MaxExactInteger, func(n int) Record {
			return newHousehold().Save(at(somchai, uint64(n), 1), nil)
		}, "over the limit"},
		{"actors", MaxActors, func(n int) Record {
			r := newHousehold()
			r.VV = make(Vector, n)
			for i := range r.VV {
				r.VV[i] = Dot{ActorID{byte(i >> 8), byte(i), 0xff}, 1}
			}
			for i := range r.Ops {
				r.Ops[i].Dot.Actor = r.VV[0].Actor
			}
			for _, entries := range r.Groups {
				entries[0].Dot.Actor = r.VV[0].Actor
			}
			return r
		}, "over the limit"},
		{"saves", MaxOps, func(n int) Record { return manyOps(n, 1000) }, "over the limit"},
		{"answers in one group", MaxGroupValues, func(n int) Record { return manyOps(n, n) }, "over the limit"},
		{"groups", MaxGroups, func(n int) Record {
			r := newHousehold()
			for i := range n - len(r.Groups) {
				r.Groups[fmt.Sprintf("g%d", i)] = []Entry{{Dot{somchai, 1}, True}}
			}
			return r
		}, "over the limit"},
		{"record", MaxRecordBytes, func(n int) Record {
			changes := map[string]Value{}
			for i := range 4 {
				changes[fmt.Sprintf("g%d", i)] = Text(strings.Repeat("a", 120000))
			}
			r := newHousehold().Save(at(somchai, 2, 1), changes)
			rest := n - len(r.Encode()) - len("fill") - 1 - 1 - 2 // key, list, pair
			r.Groups["fill"] = []Entry{{Dot{somchai, 2}, Text(strings.Repeat("a", rest-3))}}
			if got := len(r.Encode()); got != n {
				t.Fatalf("built a record of %d bytes, want %d", got, n)
			}
			return r
		}, "record of 524289 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := DecodeRecord(tt.build(tt.limit).Encode()); err != nil {
				t.Errorf("at the limit: %v", err)
			}
			_, err := DecodeRecord(tt.build(tt.limit + 1).Encode())
			wantError(t, err, tt.want)
		})
	}
}

func withAnswer(parts ...[]byte) Record {
	var v Value
	for _, p := range parts {
		v = append(v, p...)
	}
	return newHousehold().Save(at(somchai, 2, 1), map[string]Value{"answer": v})
}

// manyOps is a record with n live saves, at most perGroup in one group.
func manyOps(n, perGroup int) Record {
	r := Record{ID: household, Type: "household", VV: Vector{{somchai, uint64(n)}}, Groups: map[string][]Entry{}}
	for i := range n {
		d := Dot{somchai, uint64(i + 1)}
		r.Ops = append(r.Ops, Op{Dot: d, Wall: 1})
		group := fmt.Sprintf("g%d", i/perGroup)
		r.Groups[group] = append(r.Groups[group], Entry{d, True})
	}
	return r
}
