package sim

import (
	"cmp"
	"maps"
	"slices"

	"tambonsync/syncproto"
)

// The oracle judges by what people saw. Every save is an event with a tag of
// its own, written as the name of its user, so that each answer displayed
// anywhere tells which event it came from. An event knows which answers it
// wrote and, for each, the events whose answers stood there on the saving
// device's screen right before. Nothing else counts: no dots, no vectors, no
// clocks.
//
// Two rules follow, for one question of one record wherever it is held:
//
//   - An event is covered if its answer stands there, or if somebody who saw
//     it saved, and that save is covered. What was acknowledged must be covered.
//   - An answer stands there although a covered event saw and replaced it: it
//     came back from the dead. This must not be.
type oracle struct {
	events map[key]*event
	byRec  map[syncproto.RecordID][]*event
	recs   []syncproto.RecordID // in order of first event
}

// key names an event. One save may touch several records, as when a household
// moves with its members; it is one event in each.
type key struct {
	tag string
	rec syncproto.RecordID
}

type event struct {
	key
	where    string
	wrote    map[string]syncproto.Value // group → answer
	saw      map[string][]string        // group → tags displayed before
	context  syncproto.Context
	required bool // was acknowledged, and no disaster took its only copy
	reached  bool // the office of today has it, or a save that saw it
	twin     bool // was unsent in a store that was copied: it may exist twice
}

func newOracle() *oracle {
	return &oracle{events: map[key]*event{}, byRec: map[syncproto.RecordID][]*event{}}
}

func (o *oracle) add(e *event) {
	o.events[e.key] = e
	if o.byRec[e.rec] == nil {
		o.recs = append(o.recs, e.rec)
	}
	o.byRec[e.rec] = append(o.byRec[e.rec], e)
}

// shown lists the tags of a group's answers, sorted, each once.
func shown(rec syncproto.Record, group string) []string {
	var tags []string
	for _, e := range rec.Groups[group] {
		op, _ := rec.Op(e.Dot)
		tags = append(tags, op.User)
	}
	slices.Sort(tags)
	return slices.Compact(tags)
}

// present collects the events whose answers stand in a group in any of the
// states.
func (o *oracle) present(id syncproto.RecordID, group string, states []syncproto.Record) []*event {
	var out []*event
	for _, s := range states {
		for _, tag := range shown(s, group) {
			if e := o.events[key{tag, id}]; e != nil && !slices.Contains(out, e) {
				out = append(out, e)
			}
		}
	}
	return out
}

// replaced returns every event that one of the given events, or one that they
// in turn replaced, saw in the group.
func (o *oracle) replaced(group string, by []*event) map[*event]bool {
	out := map[*event]bool{}
	todo := slices.Clone(by)
	for len(todo) > 0 {
		e := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, tag := range e.saw[group] {
			seen := o.events[key{tag, e.rec}]
			if seen != nil && !out[seen] {
				out[seen] = true
				todo = append(todo, seen)
			}
		}
	}
	return out
}

// covered reports whether everything that e wrote is in the states or was
// replaced there by those who saw it, and if not, which group is missing.
func (o *oracle) covered(e *event, states []syncproto.Record) (missing string, ok bool) {
	for _, group := range sortedKeys(e.wrote) {
		stand := o.present(e.rec, group, states)
		if !slices.Contains(stand, e) && !o.replaced(group, stand)[e] {
			return group, false
		}
	}
	return "", true
}

// risen returns an answer of the state that came back from the dead.
func (o *oracle) risen(rec syncproto.Record) (group string, e *event) {
	for _, group := range sortedKeys(rec.Groups) {
		stand := o.present(rec.ID, group, []syncproto.Record{rec})
		dead := o.replaced(group, stand)
		for _, e := range stand {
			if dead[e] && !e.twin {
				return group, e
			}
		}
	}
	return "", nil
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func sortedEvents(m map[key]bool) []key {
	return slices.SortedFunc(maps.Keys(m), func(a, b key) int {
		return cmp.Or(cmp.Compare(a.tag, b.tag), a.rec.Compare(b.rec))
	})
}
