package syncproto

import "slices"

// Vector is a version vector: for every actor the highest counter whose saves
// of the record are known. It is sorted by actor and holds no zero counter, so
// equal vectors are equal slices. Vectors are never pruned. Methods never
// change their receiver.
type Vector []Dot

// Ordering says how two vectors relate.
type Ordering int

// The four ways in which two vectors can relate.
const (
	Equal Ordering = iota
	Before
	After
	Concurrent
)

// Get returns the highest counter of a that v knows, 0 for none.
func (v Vector) Get(a ActorID) uint64 {
	i, ok := v.find(a)
	if !ok {
		return 0
	}
	return v[i].Counter
}

// Covers reports whether the save d is known to v.
func (v Vector) Covers(d Dot) bool { return v.Get(d.Actor) >= d.Counter }

// With returns v with a's counter set to n; n = 0 removes a.
func (v Vector) With(a ActorID, n uint64) Vector {
	i, ok := v.find(a)
	switch {
	case ok && n == 0:
		return slices.Delete(slices.Clone(v), i, i+1)
	case ok:
		w := slices.Clone(v)
		w[i].Counter = n
		return w
	case n == 0:
		return v
	}
	return slices.Insert(slices.Clone(v), i, Dot{a, n})
}

// Join returns the pointwise maximum of v and w.
func (v Vector) Join(w Vector) Vector {
	out := make(Vector, 0, len(v)+len(w))
	for len(v) > 0 && len(w) > 0 {
		switch c := v[0].Actor.Compare(w[0].Actor); {
		case c < 0:
			out, v = append(out, v[0]), v[1:]
		case c > 0:
			out, w = append(out, w[0]), w[1:]
		default:
			out = append(out, Dot{v[0].Actor, max(v[0].Counter, w[0].Counter)})
			v, w = v[1:], w[1:]
		}
	}
	return append(append(out, v...), w...)
}

// Compare says whether v equals w, is before it (w has seen all of v and
// more), after it, or neither.
func (v Vector) Compare(w Vector) Ordering {
	less, more := false, false
	for len(v) > 0 || len(w) > 0 {
		switch {
		case len(w) == 0:
			more, v = true, v[1:]
		case len(v) == 0:
			less, w = true, w[1:]
		default:
			switch c := v[0].Actor.Compare(w[0].Actor); {
			case c < 0:
				more, v = true, v[1:]
			case c > 0:
				less, w = true, w[1:]
			default:
				less = less || v[0].Counter < w[0].Counter
				more = more || v[0].Counter > w[0].Counter
				v, w = v[1:], w[1:]
			}
		}
		if less && more {
			return Concurrent
		}
	}
	switch {
	case less:
		return Before
	case more:
		return After
	}
	return Equal
}

// Dominates reports whether v has seen everything that w has.
func (v Vector) Dominates(w Vector) bool {
	o := v.Compare(w)
	return o == Equal || o == After
}

func (v Vector) find(a ActorID) (int, bool) {
	return slices.BinarySearchFunc(v, a, func(d Dot, a ActorID) int { return d.Actor.Compare(a) })
}
