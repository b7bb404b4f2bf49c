package syncproto

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
)

// A causal oracle: what a merge must do, said without vectors. Every save is
// an event; a replica knows a set of events; an event carries the set that its
// author knew. A value is alive at a replica if the replica knows its event
// and knows no event that wrote the same group and whose author had known it.
// Random histories run the real code and the oracle side by side.

// event is one save as the oracle sees it.
type event struct {
	record  int
	op      Op // as saved; Hash is not looked at
	changes map[string]Value
	seen    eventSet // what the author knew of the record
}

type eventSet map[int]bool

func (s eventSet) with(other eventSet) eventSet {
	out := maps.Clone(s)
	maps.Copy(out, other)
	return out
}

// replica is a device or an office with its real states and what it knows.
type replica struct {
	actor   ActorID
	counter uint64
	recs    []Record
	known   []eventSet // for each record
	copied  uint64     // counter at which it became a copy; it is apart until it moves
	apart   bool
}

// snapshot is one state on its way: sent, and maybe late, doubled or lost.
type snapshot struct {
	record int
	rec    Record
	known  eventSet
}

// chooser draws a number below n. Both rapid and a seeded source are one.
type chooser func(label string, n int) int

const historyRecords = 2

var historyGroups = []string{"house_no", "moo", "location", GroupScope}

// history is a world of replicas that save, copy and exchange.
type history struct {
	pick     chooser
	replicas []*replica
	events   []event
	flight   []snapshot
	states   []snapshot // every state that ever was, for the laws
	copies   int
}

func newHistory(pick chooser) *history {
	h := &history{pick: pick}
	for i := range 3 + pick("replicas", 3) {
		r := &replica{actor: testActor(byte(16 * (i + 1)))}
		for n := range historyRecords {
			r.recs = append(r.recs, Record{ID: historyID(n), Type: "household", Groups: map[string][]Entry{}})
			r.known = append(r.known, eventSet{})
		}
		h.replicas = append(h.replicas, r)
	}
	return h
}

func historyID(n int) RecordID {
	id := household
	id[15] = byte(n)
	return id
}

// run makes random steps and calls after with every replica that a step
// changed.
func (h *history) run(steps int, after func(*replica, int) error) error {
	for range steps {
		r, n := h.step()
		if r == nil {
			continue
		}
		h.states = append(h.states, snapshot{n, r.recs[n], r.known[n]})
		if err := after(r, n); err != nil {
			return err
		}
	}
	return nil
}

// step returns the replica and the record that it changed, nil if none.
func (h *history) step() (*replica, int) {
	r := h.replicas[h.pick("replica", len(h.replicas))]
	n := h.pick("record", historyRecords)
	switch h.pick("step", 8) {
	case 0, 1, 2:
		h.save(r, n)
	case 3, 4: // one state leaves; it may arrive late, twice or never
		if r.apart {
			return nil, 0
		}
		h.flight = append(h.flight, snapshot{n, r.recs[n], r.known[n]})
		return nil, 0
	case 5, 6:
		if r.apart || len(h.flight) == 0 {
			return nil, 0
		}
		s := h.flight[h.pick("arrives", len(h.flight))]
		n = s.record
		r.merge(s)
	default:
		h.copyOrMove(r)
		return nil, 0
	}
	return r, n
}

func (r *replica) merge(s snapshot) {
	r.recs[s.record] = Merge(r.recs[s.record], s.rec)
	r.known[s.record] = r.known[s.record].with(s.known)
}

// save writes one to three groups, or deletes the record.
func (h *history) save(r *replica, n int) {
	changes := map[string]Value{}
	for range 1 + h.pick("groups", 3) {
		name := historyGroups[h.pick("group", len(historyGroups))]
		changes[name] = val(h.pick("answer", 4)) // few answers, so that some agree
		if name == GroupScope {
			changes[name] = Text(fmt.Sprintf("4503030%d", 1+h.pick("village", 3)))
		}
	}
	if h.pick("delete", 6) == 0 {
		changes = map[string]Value{GroupLife: False}
	}
	r.counter++
	op := Op{Dot: Dot{r.actor, r.counter}, Wall: int64(h.pick("clock", 5) - 2)} // clocks that agree with nothing
	op.Offset = int64(h.pick("offset", 3) - 1)
	op.User = fmt.Sprintf("officer %d", h.pick("user", 2))
	r.recs[n] = r.recs[n].Save(op, changes)
	if _, ok := changes[GroupLife]; !ok {
		changes[GroupLife] = True
	}
	h.events = append(h.events, event{n, op, changes, r.known[n]})
	r.known[n] = r.known[n].with(eventSet{len(h.events) - 1: true})
}

// copyOrMove copies a replica's store, once in a while, or lets a copy find
// out what it is: it takes a new actor, moves what it wrote, and is a replica
// like the others.
func (h *history) copyOrMove(r *replica) {
	if !r.apart {
		if h.copies > 0 || h.pick("copy", 4) > 0 {
			return
		}
		h.copies++
		c := &replica{actor: r.actor, counter: r.counter, recs: slices.Clone(r.recs), known: slices.Clone(r.known), apart: true, copied: r.counter}
		h.replicas = append(h.replicas, c)
		return
	}
	to := testActor(0xee)
	for n := range r.recs {
		r.recs[n] = r.recs[n].Redot(r.actor, r.copied, to, func(old uint64) uint64 { return old })
	}
	for i, e := range h.events {
		// The copy's own saves are those that only it knows.
		if e.op.Dot.Actor == r.actor && e.op.Dot.Counter > r.copied && r.known[e.record][i] {
			h.events[i].op.Dot.Actor = to
		}
	}
	r.actor, r.apart = to, false
}

// alive says which events' values a replica must hold, by group.
func (h *history) alive(known eventSet) map[string][]int {
	out := map[string][]int{}
	for _, i := range slices.Sorted(maps.Keys(known)) {
		for group := range h.events[i].changes {
			if !h.replaced(known, i, group) {
				out[group] = append(out[group], i)
			}
		}
	}
	return out
}

func (h *history) replaced(known eventSet, i int, group string) bool {
	for k := range known {
		if _, wrote := h.events[k].changes[group]; wrote && h.events[k].seen[i] {
			return true
		}
	}
	return false
}

// check compares one state with the oracle.
func (h *history) check(rec Record, known eventSet) error {
	want := h.alive(known)
	if len(want) != len(rec.Groups) {
		return fmt.Errorf("got groups %v, want %v", slices.Sorted(maps.Keys(rec.Groups)), slices.Sorted(maps.Keys(want)))
	}
	ops := map[Dot]Op{}
	for group, events := range want {
		slices.SortFunc(events, func(a, b int) int { return h.events[a].op.Dot.Compare(h.events[b].op.Dot) })
		got := rec.Groups[group]
		if len(got) != len(events) {
			return fmt.Errorf("%s: got %d answers, want %d", group, len(got), len(events))
		}
		for k, i := range events {
			e := h.events[i]
			if got[k].Dot != e.op.Dot || !bytes.Equal(got[k].Value, e.changes[group]) {
				return fmt.Errorf("%s, answer %d: got %v %x, want %v %x", group, k, got[k].Dot, got[k].Value, e.op.Dot, e.changes[group])
			}
			ops[e.op.Dot] = e.op
		}
		if w := h.winner(group, events); !bytes.Equal(rec.Winner(group), w) {
			return fmt.Errorf("%s: shows %x, want %x", group, rec.Winner(group), w)
		}
	}
	return checkOps(rec, ops)
}

// checkOps compares the saves that travel with the record to those alive.
func checkOps(rec Record, want map[Dot]Op) error {
	if len(rec.Ops) != len(want) {
		return fmt.Errorf("got %d saves, want %d", len(rec.Ops), len(want))
	}
	for i, op := range rec.Ops {
		w, ok := want[op.Dot]
		if !ok || op.Wall != w.Wall || op.Offset != w.Offset || op.User != w.User {
			return fmt.Errorf("save %d: got %+v, want %+v", i, op, w)
		}
		if i > 0 && rec.Ops[i-1].Dot.Compare(op.Dot) >= 0 {
			return fmt.Errorf("save %d is out of order", i)
		}
		if !rec.VV.Covers(op.Dot) { // I1
			return fmt.Errorf("save %v is above the vector %v", op.Dot, rec.VV)
		}
	}
	return nil
}

// winner is the answer to display: the latest, but alive before deleted.
func (h *history) winner(group string, events []int) Value {
	best := events[0]
	for _, i := range events[1:] {
		a, b := h.events[i], h.events[best]
		ta, tb := a.op.Wall+a.op.Offset, b.op.Wall+b.op.Offset
		later := ta > tb || ta == tb && a.op.Dot.Compare(b.op.Dot) > 0
		if group == GroupLife && !bytes.Equal(a.changes[group], b.changes[group]) {
			later = bytes.Equal(a.changes[group], True)
		}
		if later {
			best = i
		}
	}
	return h.events[best].changes[group]
}
