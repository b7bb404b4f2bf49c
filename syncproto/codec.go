package syncproto

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"unicode"
)

// recordLayout is the first item of every encoded record.
const recordLayout = 1

// Encode writes the record canonically: equal states are equal bytes. The
// layout is in PROTOCOL.md, "Record".
func (r Record) Encode() []byte {
	contexts, index := contextTable(r.Ops)
	b := make([]byte, 0, 256)
	b = appendHead(b, majorArray, 8)
	b = appendHead(b, majorUint, recordLayout)
	b = appendBytes(b, r.ID[:])
	b = appendText(b, r.Type)
	b = appendHead(b, majorArray, uint64(len(r.VV)))
	for _, d := range r.VV {
		b = appendBytes(b, d.Actor[:])
	}
	b = appendHead(b, majorArray, uint64(len(r.VV)))
	for _, d := range r.VV {
		b = appendHead(b, majorUint, d.Counter)
	}
	b = appendHead(b, majorArray, uint64(len(contexts)))
	for _, c := range contexts {
		b = append(b, c...)
	}
	b = appendHead(b, majorArray, uint64(len(r.Ops)))
	for i, op := range r.Ops {
		actor, _ := r.VV.find(op.Dot.Actor)
		b = appendHead(b, majorArray, 5)
		b = appendHead(b, majorUint, uint64(actor))
		b = appendHead(b, majorUint, op.Dot.Counter)
		b = appendInt(b, op.Wall)
		b = appendHead(b, majorUint, uint64(index[i]))
		b = appendBytes(b, op.Hash[:])
	}
	return r.appendGroups(b)
}

func (r Record) appendGroups(b []byte) []byte {
	b = appendHead(b, majorMap, uint64(len(r.Groups)))
	for _, name := range slices.SortedFunc(maps.Keys(r.Groups), compareKeys) {
		entries := r.Groups[name]
		b = appendText(b, name)
		b = appendHead(b, majorArray, uint64(len(entries)))
		for _, e := range entries {
			op, _ := slices.BinarySearchFunc(r.Ops, e.Dot, func(o Op, d Dot) int { return o.Dot.Compare(d) })
			b = appendHead(b, majorArray, 2)
			b = appendHead(b, majorUint, uint64(op))
			b = append(b, e.Value...)
		}
	}
	return b
}

// contextTable returns the distinct contexts of ops, encoded and sorted, and
// the place of each op's context among them.
func contextTable(ops []Op) (table [][]byte, index []int) {
	encoded := make([][]byte, len(ops))
	for i, op := range ops {
		encoded[i] = appendContext(nil, op.Context)
	}
	table = slices.Clone(encoded)
	slices.SortFunc(table, bytes.Compare)
	table = slices.CompactFunc(table, bytes.Equal)
	index = make([]int, len(ops))
	for i, c := range encoded {
		index[i], _ = slices.BinarySearchFunc(table, c, bytes.Compare)
	}
	return table, index
}

func appendContext(b []byte, c Context) []byte {
	m := maps.Clone(c.Extra)
	if m == nil {
		m = map[string]Value{}
	}
	for k, s := range map[string]string{"u": c.User, "f": c.Form, "a": c.App, "r": c.Reason} {
		if s != "" {
			m[k] = Text(s)
		}
	}
	if c.Offset != 0 {
		m["o"] = appendInt(nil, c.Offset)
	}
	b = appendHead(b, majorMap, uint64(len(m)))
	for _, k := range slices.SortedFunc(maps.Keys(m), compareKeys) {
		b = append(appendText(b, k), m[k]...)
	}
	return b
}

// Hash is the item hash of an encoded record, the unit of every digest: the
// first 16 bytes of SHA-256.
type Hash [16]byte

// HashRecord returns the item hash of the canonical bytes b.
func HashRecord(b []byte) Hash {
	sum := sha256.Sum256(b)
	return Hash(sum[:16])
}

// DecodeRecord reads a record and refuses whatever Encode would have written
// differently, so that equal states have equal bytes and the bytes can be
// stored as they came. The values of the result point into b.
func DecodeRecord(b []byte) (Record, error) {
	if len(b) > MaxRecordBytes {
		return Record{}, fmt.Errorf("record of %d bytes is over the limit of %d", len(b), MaxRecordBytes)
	}
	d := recordDecoder{reader: reader{buf: b}}
	rec := d.record()
	if d.err == nil && d.off != len(b) {
		d.fail("bytes after the record")
	}
	if d.err != nil {
		return Record{}, fmt.Errorf("record: %w", d.err)
	}
	return rec, nil
}

type recordDecoder struct {
	reader
	rec      Record
	contexts []Context
}

func (d *recordDecoder) record() Record {
	if n := d.array(8); d.err == nil && n != 8 {
		d.fail("want an array of 8")
	}
	if layout := d.uint("layout", 1<<32); d.err == nil && layout != recordLayout {
		d.fail("layout %d is not known here", layout)
	}
	copy(d.rec.ID[:], d.bytes("record id", 16))
	if d.err == nil && d.rec.ID.IsZero() {
		d.fail("record id is zero")
	}
	d.rec.Type = d.text("record type", MaxNameBytes)
	d.checkName("record type", d.rec.Type)
	d.vector()
	d.contextTable()
	d.ops()
	d.groups()
	return d.rec
}

func (d *recordDecoder) checkName(what, name string) {
	if d.err != nil {
		return
	}
	if name == "" {
		d.fail("%s is empty", what)
	}
	for _, c := range name {
		if unicode.IsControl(c) {
			d.fail("%s %q has a control character", what, name)
			return
		}
	}
}

func (d *recordDecoder) vector() {
	n := d.array(MaxActors)
	vv := make(Vector, n)
	for i := range vv {
		copy(vv[i].Actor[:], d.bytes("actor", 16))
		if d.err != nil {
			return
		}
		if vv[i].Actor.IsZero() || i > 0 && vv[i-1].Actor.Compare(vv[i].Actor) >= 0 {
			d.fail("actor %d is zero, doubled or out of order", i)
			return
		}
	}
	if m := d.array(MaxActors); d.err == nil && m != n {
		d.fail("%d actors but %d counters", n, m)
	}
	for i := range vv {
		vv[i].Counter = d.uint("counter", MaxExactInteger)
		if d.err == nil && vv[i].Counter == 0 {
			d.fail("counter of actor %d is zero", i)
		}
		if d.err != nil {
			return
		}
	}
	d.rec.VV = vv
}

func (d *recordDecoder) contextTable() {
	n := d.array(MaxOps)
	d.contexts = make([]Context, 0, min(n, 16))
	var before []byte
	for i := range n {
		start := d.off
		c := d.context()
		if d.err != nil {
			return
		}
		raw := d.buf[start:d.off]
		if len(raw) > MaxContextBytes {
			d.fail("context %d of %d bytes is over the limit of %d", i, len(raw), MaxContextBytes)
		}
		if i > 0 && bytes.Compare(before, raw) >= 0 {
			d.fail("context %d is doubled or out of order", i)
		}
		before = raw
		d.contexts = append(d.contexts, c)
	}
}

func (d *recordDecoder) context() (c Context) {
	before := ""
	for i := range d.mapLen(MaxContextKeys) {
		k := d.key("context key", before, i == 0)
		before = k
		switch k {
		case "u":
			c.User = d.filledText(k)
		case "f":
			c.Form = d.filledText(k)
		case "a":
			c.App = d.filledText(k)
		case "r":
			c.Reason = d.filledText(k)
		case "o":
			c.Offset = d.clock("offset")
			if d.err == nil && c.Offset == 0 {
				d.fail("offset 0 is left out")
			}
		default:
			if c.Extra == nil {
				c.Extra = map[string]Value{}
			}
			c.Extra[k] = d.value(MaxValueDepth)
		}
		if d.err != nil {
			return c
		}
	}
	return c
}

// filledText reads a text that is left out when it is empty.
func (d *recordDecoder) filledText(what string) string {
	s := d.text(what, MaxContextBytes)
	if d.err == nil && s == "" {
		d.fail("empty %q is left out", what)
	}
	return s
}

func (d *recordDecoder) clock(what string) int64 {
	n := d.int(what)
	if n > MaxClock || n < -MaxClock {
		d.fail("%s %d is no time", what, n)
	}
	return n
}

var errNotCovered = errors.New("save is above the version vector")

func (d *recordDecoder) ops() {
	n := d.array(MaxOps)
	d.rec.Ops = make([]Op, n)
	used := make([]bool, len(d.contexts))
	for i := range d.rec.Ops {
		op := &d.rec.Ops[i]
		if m := d.array(5); d.err == nil && m != 5 {
			d.fail("save %d: want an array of 5", i)
		}
		actor := int(d.uint("actor index", MaxActors))
		op.Dot.Counter = d.uint("counter", MaxExactInteger)
		op.Wall = d.clock("wall time")
		context := int(d.uint("context index", MaxOps))
		copy(op.Hash[:], d.bytes("save hash", 8))
		if d.err != nil {
			return
		}
		if actor >= len(d.rec.VV) || context >= len(d.contexts) {
			d.fail("save %d names an actor or context that is not in the tables", i)
			return
		}
		op.Dot.Actor = d.rec.VV[actor].Actor
		op.Context = d.contexts[context]
		used[context] = true
		if op.Dot.Counter == 0 || op.Dot.Counter > d.rec.VV[actor].Counter {
			d.fail("save %d: %w", i, errNotCovered)
			return
		}
		if i > 0 && d.rec.Ops[i-1].Dot.Compare(op.Dot) >= 0 {
			d.fail("save %d is doubled or out of order", i)
			return
		}
	}
	if slices.Contains(used, false) {
		d.fail("a context that no save uses")
	}
}

func (d *recordDecoder) groups() {
	n := d.mapLen(MaxGroups)
	d.rec.Groups = make(map[string][]Entry, n)
	used := make([]bool, len(d.rec.Ops))
	before := ""
	for i := range n {
		name := d.key("group", before, i == 0)
		d.checkName("group", name)
		if d.err != nil {
			return
		}
		before = name
		d.rec.Groups[name] = d.entries(name, used)
		if d.err != nil {
			return
		}
	}
	if d.err == nil && slices.Contains(used, false) {
		d.fail("a save without a live answer")
	}
}

func (d *recordDecoder) entries(group string, used []bool) []Entry {
	n := d.array(MaxGroupValues)
	if d.err == nil && n == 0 {
		d.fail("group %q is empty", group)
	}
	entries := make([]Entry, n)
	last := -1
	for i := range entries {
		if m := d.array(2); d.err == nil && m != 2 {
			d.fail("group %q: want arrays of 2", group)
		}
		op := int(d.uint("save index", MaxOps))
		v := d.value(MaxValueDepth)
		if d.err != nil {
			return nil
		}
		if op >= len(d.rec.Ops) || op <= last {
			d.fail("group %q names a save that is not in the table, doubled or out of order", group)
			return nil
		}
		last, used[op] = op, true
		entries[i] = Entry{d.rec.Ops[op].Dot, v}
	}
	return entries
}
