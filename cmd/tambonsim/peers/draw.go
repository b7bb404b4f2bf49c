package main

import (
	"maps"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"

	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

// draw draws records, answers and messages. Names, answers and times come from
// small sets, so that some meet.
type draw struct{ *rand.Rand }

func (d draw) below(n int) int { return d.IntN(n) }

func (d draw) fill(b []byte) {
	for i := range b {
		b[i] = byte(d.Uint32())
	}
}

func pick[T any](d draw, list ...T) T { return list[d.below(len(list))] }

func (d draw) actor() syncproto.ActorID {
	a := syncproto.ActorID{pick[byte](d, 0x01, 0x7f, 0x80, 0xff)}
	a[15] = byte(d.below(2))
	return a
}

func (d draw) recordID() (id syncproto.RecordID) {
	d.fill(id[:])
	return id
}

func (d draw) area() area.Code {
	return pick[area.Code](d, "45", "4503", "450303", "45030301", "45030302", "10019999")
}

// Texts of every length in UTF-8, and some whose order there is not that of
// UTF-16.
func (d draw) text() string {
	s := pick(d, "", "a", "99/1", "บ้านหนองแวง", "e\u0301", "\ufb01", "\ufeffa", "\U0001F3E0", "\uffff", "\u0000", "__proto__", "a\u2028")
	return s + pick(d, "", "", "b", "ก", "\U00020000", strings.Repeat("x", 30))
}

func (d draw) group() string {
	if d.below(3) == 0 {
		return pick(d, "", "_later", "__proto__") + pick(d, "ก", "\ue000", "\U00010000", "a", "aa", "b", "constructor", "9", "10")
	}
	return pick(d, "moo", "house_no", "name", "_scope", "_parent", "_merged_into", "_round", "_state", "_from", "_carried")
}

// value draws an answer nested at most depth deep; more than 8 is too deep.
func (d draw) value(depth int) syncproto.Value {
	v, err := syncproto.NewValue(d.any(min(depth, syncproto.MaxValueDepth)))
	if err != nil {
		return syncproto.Null
	}
	if depth > syncproto.MaxValueDepth {
		for range depth {
			v = append(syncproto.Value{0x81}, v...)
		}
	}
	return v
}

func (d draw) any(depth int) any {
	if depth > 0 && d.below(3) > 0 {
		list := make([]any, d.below(4))
		m := map[string]any{}
		for i := range list {
			list[i] = d.any(depth - 1)
			m[d.text()] = list[i]
		}
		return pick[any](d, list, m)
	}
	switch d.below(6) {
	case 0:
		return pick[any](d, nil, true, false)
	case 1:
		return d.text()
	case 2:
		b := make([]byte, pick(d, 0, 1, 8, 16, 23, 24, 255, 256))
		d.fill(b)
		return b
	case 3:
		return d.number()
	case 4:
		return pick[any](d, 0.5, -0.1, 15.612345, 5e-324, 1e-7, 4503599627370495.5, float64(d.number())/16)
	}
	return int64(d.below(5))
}

// number draws whole numbers around those where the encoding changes.
func (d draw) number() int64 {
	n := pick[int64](d, 0, 23, 24, 255, 256, 65535, 65536, math.MaxUint32, math.MaxUint32+1, 1<<52, syncproto.MaxExactInteger-1) + int64(d.below(3)) - 1
	return pick(d, n, -n)
}

// answer draws an answer for a group, mostly of the type that it must have.
func (d draw) answer(group string) syncproto.Value {
	if d.below(8) == 0 {
		return d.value(d.below(4))
	}
	switch group {
	case syncproto.GroupLife:
		return pick(d, syncproto.True, syncproto.False)
	case syncproto.GroupScope:
		return syncproto.Text(pick(d, string(d.area()), string(d.area()), "4500", "450", "๔๕", ""))
	case syncproto.GroupParent, syncproto.GroupMergedInto, syncproto.GroupRound, syncproto.GroupFrom:
		return pick(d, syncproto.ID(d.recordID()), syncproto.Null)
	case syncproto.GroupCarried:
		return pick(d, syncproto.True, syncproto.False, syncproto.Null)
	case syncproto.GroupState:
		return d.stateValue()
	}
	return must(syncproto.NewValue(pick[any](d, 1, 2, "99/1", "99/2", nil, 0.5, map[string]any{"title": "นาย", "first": d.text()})))
}

func (d draw) stateValue() syncproto.Value {
	m := map[string]any{"state": pick[any](d, "submitted", "returned", "approved", "later", 1)}
	b := make([]byte, pick(d, 8, 8, 8, 7, 9))
	d.fill(b)
	m["answers"] = pick[any](d, b, b, "text")
	m["note"] = pick[any](d, d.text(), 1)
	m["comments"] = pick[any](d, map[string]any{"moo": d.text(), "__proto__": d.text(), "house_no": 1}, "none")
	delete(m, pick(d, "note", "comments", "state", "nothing", "nothing"))
	return must(syncproto.NewValue(m))
}

func (d draw) changes() map[string]syncproto.Value {
	changes := map[string]syncproto.Value{}
	for range d.below(4) {
		group := d.group()
		changes[group] = d.answer(group)
	}
	if d.below(5) == 0 {
		changes[syncproto.GroupLife] = d.answer(syncproto.GroupLife)
	}
	return changes
}

func (d draw) context() syncproto.Context {
	c := syncproto.Context{
		User: pick(d, "", "somchai", "สมศรี"), Form: pick(d, "", "bmn-2560@1"), App: "tambonfield 1.0",
		Offset: pick[int64](d, 0, 0, 1, -1, 120000, 1<<52, -1<<52), Reason: pick(d, "", "", "wrong house"),
	}
	for range d.below(3) - 1 {
		if c.Extra == nil {
			c.Extra = map[string]syncproto.Value{}
		}
		c.Extra[pick(d, "zone", "battery", "ก", "\ue000", "\U00010000", "__proto__")] = d.value(2)
	}
	return c
}

// op draws a save of an actor that r may know: its next one, or a later one.
func (d draw) op(r syncproto.Record) syncproto.Op {
	a := d.actor()
	return syncproto.Op{
		Dot: syncproto.Dot{Actor: a, Counter: r.VV.Get(a) + 1 + uint64(d.below(2))}, Context: d.context(),
		Wall: pick(d, int64(d.below(3)), 1794796200000, -1<<52, 1<<52),
	}
}

// state is a record after a history of its own.
func (d draw) state() syncproto.Record {
	a, _ := d.states()
	return a
}

// states are two states of one record that replicas reached by saving,
// exchanging and sometimes moving, each under actors of its own.
func (d draw) states() (a, b syncproto.Record) {
	zero := syncproto.Record{ID: d.recordID(), Type: pick(d, "household", "member", "_round", "ครัวเรือน"), Groups: map[string][]syncproto.Entry{}}
	zero = zero.Save(d.op(zero), map[string]syncproto.Value{syncproto.GroupScope: syncproto.Text(string(d.area()))})
	replicas := []syncproto.Record{zero, zero, zero}
	for range 2 + d.below(10) {
		i, k := d.below(3), d.below(3)
		if d.below(3) == 0 {
			replicas[i] = syncproto.Merge(replicas[i], replicas[k])
			continue
		}
		op := d.op(replicas[i])
		op.Dot.Actor[1] = byte(i) // a store saves under actors that no other has
		op.Dot.Counter = replicas[i].VV.Get(op.Dot.Actor) + 1
		replicas[i] = replicas[i].Save(op, d.changes())
	}
	return replicas[0], replicas[1]
}

// record is one that no history makes: its saves and answers meet those of
// other such records under the same dots.
func (d draw) record() syncproto.Record {
	r := syncproto.Record{ID: d.recordID(), Type: pick(d, "household", "\ue000", "\U00010000"), Groups: map[string][]syncproto.Entry{}}
	ops := map[syncproto.Dot]syncproto.Op{}
	for range 1 + d.below(4) {
		var entries []syncproto.Entry
		group := d.group()
		for range 1 + d.below(3) {
			dot := syncproto.Dot{Actor: d.actor(), Counter: uint64(1 + d.below(4))}
			if slices.ContainsFunc(entries, func(e syncproto.Entry) bool { return e.Dot == dot }) {
				continue
			}
			op := d.op(r)
			op.Dot = dot
			d.fill(op.Hash[:1])
			ops[dot] = op
			entries = append(entries, syncproto.Entry{Dot: dot, Value: d.answer(group)})
			r.VV = r.VV.With(dot.Actor, max(r.VV.Get(dot.Actor), dot.Counter+uint64(d.below(2))))
		}
		slices.SortFunc(entries, func(a, b syncproto.Entry) int { return a.Dot.Compare(b.Dot) })
		r.Groups[group] = entries
	}
	live := map[syncproto.Dot]bool{}
	for _, entries := range r.Groups {
		for _, e := range entries {
			live[e.Dot] = true
		}
	}
	for dot, op := range ops {
		if live[dot] {
			r.Ops = append(r.Ops, op)
		}
	}
	slices.SortFunc(r.Ops, func(a, b syncproto.Op) int { return a.Dot.Compare(b.Dot) })
	return r
}

// wrongRecord is a record with one thing that its bytes may not say.
func (d draw) wrongRecord() syncproto.Record {
	r := d.record()
	i := d.below(len(r.Ops))
	group := slices.Min(slices.Collect(maps.Keys(r.Groups)))
	entries := r.Groups[group]
	put := func(name string) {
		delete(r.Groups, group)
		r.Groups[name] = entries
	}
	switch d.below(18) {
	case 0:
		r.ID = syncproto.RecordID{}
	case 1:
		r.Type = pick(d, "", "a\u0085", "a\x7f", "\x1f", "a\xff", strings.Repeat("t", 64), strings.Repeat("t", 65))
	case 2:
		put(pick(d, "", "a\u009f", "\u0000", "a\xed\xa0\x80", strings.Repeat("ก", 21)+"a", strings.Repeat("ก", 22)))
	case 3:
		r.Groups["nothing"] = nil
	case 4:
		r.Ops[i].Wall = pick[int64](d, 1<<52+1, -1<<52-1, syncproto.MaxExactInteger, syncproto.MaxExactInteger+1)
	case 5:
		r.Ops[i].Offset = pick[int64](d, 1<<52+1, -1<<52-1)
	case 6:
		r.Ops[i].Extra = map[string]syncproto.Value{pick(d, "u", "o", "zone", strings.Repeat("k", 65)): d.malformed(d.value(1))}
		r.Ops[i].User, r.Ops[i].Offset = "", 0
	case 7:
		r.Ops[i].Extra = map[string]syncproto.Value{"long": syncproto.Text(strings.Repeat("x", syncproto.MaxContextBytes-pick(d, 3, 60, 61, 62, 63, 64, 65, 66)))}
	case 8:
		r.VV = r.VV.With(r.Ops[i].Dot.Actor, pick(d, r.Ops[i].Dot.Counter-1, 1<<53-1, 1<<53))
	case 9:
		r.VV = slices.Insert(slices.Clone(r.VV), 0, syncproto.Dot{Counter: 1})
	case 10:
		r.VV = append(slices.Clone(r.VV), r.VV[d.below(len(r.VV))])
	case 11:
		r.Ops = append(slices.Clone(r.Ops), r.Ops[i])
	case 12:
		delete(r.Groups, group)
	case 13:
		entries[0].Value = pick(d, d.malformed(entries[0].Value), d.value(9), syncproto.Value{})
	case 14:
		entries[0].Value = must(syncproto.NewValue(make([]byte, syncproto.MaxValueBytes-5)))
		entries[0].Value = append(syncproto.Value{0x82}, append(entries[0].Value, 0)...)
	case 15:
		slices.Reverse(r.Ops)
	case 16:
		slices.Reverse(entries)
	default:
		r.VV[0].Counter = 0
	}
	return r
}

// message fills a message of type t; wrong: it may break what DecodeMessage
// checks, and hold numbers that only 64 bits can.
func (d draw) message(t reflect.Type, wrong bool) reflect.Value {
	v := reflect.New(t).Elem()
	d.fillValue(v, wrong)
	if m, ok := v.Addr().Interface().(*syncproto.PullResponse); ok && !wrong {
		m.Cursors = append(m.Cursors, syncproto.PullCursor{Area: "45"})
		for i := range m.Rows {
			m.Rows[i].Feed = d.below(len(m.Cursors))
			if d.below(2) == 0 {
				m.Rows[i].Record, m.Rows[i].Out = nil, d.recordID()
			} else {
				m.Rows[i].Record, m.Rows[i].Out = []byte{byte(d.below(256))}, syncproto.RecordID{}
			}
		}
	}
	return v
}

func (d draw) fillValue(v reflect.Value, wrong bool) {
	if d.below(8) == 0 && v.Kind() != reflect.Array {
		return // empty
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).Name != "_" {
				d.fillValue(v.Field(i), wrong)
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), d.below(4), 4))
		for i := range v.Len() {
			d.fillValue(v.Index(i), wrong)
		}
	case reflect.Array:
		for i := range v.Len() {
			v.Index(i).SetUint(uint64(d.below(256)))
		}
	case reflect.String:
		v.SetString(d.text())
		if v.Type() == reflect.TypeFor[area.Code]() {
			v.SetString(string(d.area()))
		}
		if wrong && d.below(6) == 0 {
			v.SetString(pick(d, "45\n", "4500", "", strings.Repeat("ก", 66), strings.Repeat("ก", 67)))
		}
	case reflect.Bool:
		v.SetBool(d.below(2) == 0)
	case reflect.Int, reflect.Int64:
		v.SetInt(max(d.number(), -1) + 1)
		if wrong {
			v.SetInt(pick(d, d.number(), d.number(), int64(d.below(3)), 1<<53, -1<<53, math.MinInt64))
		}
	case reflect.Uint8:
		v.SetUint(uint64(d.below(16)))
		if wrong {
			v.SetUint(uint64(d.below(18)))
		}
	case reflect.Uint64:
		v.SetUint(uint64(max(d.number(), 0)))
		if wrong && d.below(4) == 0 {
			v.SetUint(pick[uint64](d, 1<<53-1, 1<<53, math.MaxUint64))
		}
	}
}
