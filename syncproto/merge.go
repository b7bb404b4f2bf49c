package syncproto

import (
	"bytes"
	"slices"
)

// Merge joins two states of one record. For each group an answer stays if both
// sides hold it, or if one side holds it and the other has not seen its save;
// what one side has seen and no longer holds was replaced there by somebody
// who knew it. The vectors are joined last, so that the kept record has seen
// both sides' saves even where one side lost. No clock, no field order and no
// order of arrival takes part, so replicas that have seen the same saves are
// equal, whatever path the saves took.
func Merge(a, b Record) Record {
	out := Record{ID: a.ID, Type: a.Type, Groups: make(map[string][]Entry, max(len(a.Groups), len(b.Groups)))}
	if b.Type > a.Type { // one id under two types: never by our devices, but both sides must agree
		out.Type = b.Type
	}
	for name, entries := range a.Groups {
		if kept := mergeGroup(entries, b.Groups[name], a.VV, b.VV); len(kept) > 0 {
			out.Groups[name] = kept
		}
	}
	for name, entries := range b.Groups {
		if _, both := a.Groups[name]; both {
			continue
		}
		if kept := mergeGroup(nil, entries, a.VV, b.VV); len(kept) > 0 {
			out.Groups[name] = kept
		}
	}
	out.VV = a.VV.Join(b.VV)
	out.Ops = liveOps(out.Groups, a.Ops, b.Ops)
	return out
}

func mergeGroup(a, b []Entry, seenByA, seenByB Vector) []Entry {
	out := make([]Entry, 0, len(a)+len(b))
	for len(a) > 0 || len(b) > 0 {
		c := -1
		switch {
		case len(a) == 0:
			c = 1
		case len(b) > 0:
			c = a[0].Dot.Compare(b[0].Dot)
		}
		switch {
		case c < 0:
			if !seenByB.Covers(a[0].Dot) {
				out = append(out, a[0])
			}
			a = a[1:]
		case c > 0:
			if !seenByA.Covers(b[0].Dot) {
				out = append(out, b[0])
			}
			b = b[1:]
		default:
			e := a[0]
			if bytes.Compare(b[0].Value, e.Value) > 0 { // only copied stores: see Redot
				e = b[0]
			}
			out, a, b = append(out, e), a[1:], b[1:]
		}
	}
	return out
}

// Redot moves the saves that actor from made after counter `after` to actor
// to: the k-th of them in order of counter gets the counter that next returns.
// What the record had seen of from falls back to after. It is how a copied or
// restored store keeps what it wrote under an actor that is no longer its own,
// and how an office keeps both saves where two stores wrote one dot. A record
// without such saves comes back unchanged. A record that already holds a save
// under its new name, because it met what became of it elsewhere, holds it once.
func (r Record) Redot(from ActorID, after uint64, to ActorID, next func(old uint64) uint64) Record {
	if r.VV.Get(from) <= after {
		return r
	}
	moved := map[Dot]Dot{}
	top := r.VV.Get(to)
	ops := slices.Clone(r.Ops)
	for i, op := range ops {
		if op.Dot.Actor != from || op.Dot.Counter <= after {
			continue
		}
		d := Dot{to, next(op.Dot.Counter)}
		moved[op.Dot] = d
		top = max(top, d.Counter)
		ops[i].Dot = d
	}
	out := Record{ID: r.ID, Type: r.Type, VV: r.VV.With(from, after).With(to, top), Groups: make(map[string][]Entry, len(r.Groups))}
	for name, entries := range r.Groups {
		entries = slices.Clone(entries)
		for i, e := range entries {
			if d, ok := moved[e.Dot]; ok {
				entries[i].Dot = d
			}
		}
		slices.SortFunc(entries, func(a, b Entry) int {
			if c := a.Dot.Compare(b.Dot); c != 0 {
				return c
			}
			return -bytes.Compare(a.Value, b.Value)
		})
		out.Groups[name] = slices.CompactFunc(entries, func(a, b Entry) bool { return a.Dot == b.Dot })
	}
	out.Ops = liveOps(out.Groups, ops)
	return out
}
