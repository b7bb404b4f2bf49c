package syncproto

import (
	"bytes"
	"crypto/sha256"
	"maps"
	"slices"

	"tambonsync/syncproto/area"
)

// The reserved groups. No form may declare a name that begins with "_".
const (
	GroupLife       = "_life"        // True: alive, False: deleted
	GroupScope      = "_scope"       // Text: the area code that decides who may see it
	GroupParent     = "_parent"      // ID: the household of a member
	GroupMergedInto = "_merged_into" // ID: the record that stands for this duplicate
	GroupRound      = "_round"       // ID: the round it belongs to; null: as its parent, or the only round of its area
	GroupState      = "_state"       // map: how far a person has brought it, see State; null: as its answers say
	GroupFrom       = "_from"        // ID: the record of an earlier round that it was carried forward from
	GroupCarried    = "_carried"     // True: carried forward, and nobody has confirmed it yet
)

// The record types of the system itself. A form's type never begins with "_".
const (
	TypeRound   = "_round"   // a survey round; the office writes it
	TypeVillage = "_village" // the sign-off of one village in one round; its id is VillageID
)

// Context is what many saves of one sitting have in common.
type Context struct {
	User   string // the person who typed, not the login
	Form   string // name@version of the form that was filled in
	App    string // program and version
	Offset int64  // ms to add to the device's clock to get the office's, as last measured
	Reason string // why, where the person gave one
	Extra  map[string]Value
}

// Op is what a dot means: one save. It travels inside every record in which
// one of the save's answers is still alive.
type Op struct {
	Dot  Dot
	Wall int64   // the device's clock at the save, ms since 1970
	Hash [8]byte // SaveHash of what was written
	Context
}

// At is the save's time in ms since 1970 by the office's clock, as well as the
// device could tell.
func (o Op) At() int64 { return o.Wall + o.Offset }

// Entry is one answer of a group with the save that wrote it. A group with
// several entries was written by people who did not know of each other.
type Entry struct {
	Dot   Dot
	Value Value
}

// Record is the state of one household, person or other thing surveyed. It is
// a value: methods return new records and change nothing that they share.
type Record struct {
	ID     RecordID
	Type   string
	VV     Vector             // every save that this state has seen
	Ops    []Op               // the saves with a live answer, sorted by dot
	Groups map[string][]Entry // the unit of merge → its live answers, sorted by dot
}

// SaveHash tells one save from another: the first 8 bytes of SHA-256 over the
// canonical [record id, wall time, {group: value}]. Two copies of a store that
// count on under one actor write different saves under one dot; this shows it.
func SaveHash(id RecordID, wall int64, changes map[string]Value) [8]byte {
	b := appendHead(nil, majorArray, 3)
	b = appendBytes(b, id[:])
	b = appendInt(b, wall)
	b = appendHead(b, majorMap, uint64(len(changes)))
	for _, name := range slices.SortedFunc(maps.Keys(changes), compareKeys) {
		b = append(appendText(b, name), changes[name]...)
	}
	sum := sha256.Sum256(b)
	return [8]byte(sum[:8])
}

// Save returns r after the save op wrote changes. op.Dot.Counter must be above
// everything r has seen of that actor; op.Hash is filled in here. Every save
// re-asserts that the record is alive, unless it says otherwise itself.
func (r Record) Save(op Op, changes map[string]Value) Record {
	changes = maps.Clone(changes)
	if changes == nil {
		changes = map[string]Value{}
	}
	if _, ok := changes[GroupLife]; !ok {
		changes[GroupLife] = True
	}
	op.Hash = SaveHash(r.ID, op.Wall, changes)
	out := Record{ID: r.ID, Type: r.Type, VV: r.VV.With(op.Dot.Actor, op.Dot.Counter), Groups: maps.Clone(r.Groups)}
	if out.Groups == nil {
		out.Groups = map[string][]Entry{}
	}
	for name, v := range changes {
		out.Groups[name] = []Entry{{op.Dot, v}}
	}
	out.Ops = liveOps(out.Groups, r.Ops, []Op{op})
	return out
}

// Op returns the save that d names, if one of its answers is alive.
func (r Record) Op(d Dot) (Op, bool) {
	i, ok := slices.BinarySearchFunc(r.Ops, d, func(o Op, d Dot) int { return o.Dot.Compare(d) })
	if !ok {
		return Op{}, false
	}
	return r.Ops[i], true
}

// Ranked returns the group's answers, the one to display first. The order is
// the time of the save, then its actor, then its counter: a function of the
// state alone, so every replica shows the same. In GroupLife an alive record
// goes before a deleted one, whatever the clocks say.
func (r Record) Ranked(group string) []Entry {
	entries := slices.Clone(r.Groups[group])
	slices.SortFunc(entries, func(a, b Entry) int {
		if group == GroupLife && !bytes.Equal(a.Value, b.Value) {
			if bytes.Equal(a.Value, True) {
				return -1
			}
			if bytes.Equal(b.Value, True) {
				return 1
			}
		}
		return -r.compareTime(a.Dot, b.Dot)
	})
	return entries
}

func (r Record) compareTime(a, b Dot) int {
	opA, _ := r.Op(a)
	opB, _ := r.Op(b)
	if ta, tb := opA.At(), opB.At(); ta != tb {
		if ta < tb {
			return -1
		}
		return 1
	}
	return a.Compare(b)
}

// Winner returns the answer to display, nil if the group was never written.
func (r Record) Winner(group string) Value {
	entries := r.Groups[group]
	switch len(entries) {
	case 0:
		return nil
	case 1:
		return entries[0].Value
	}
	return r.Ranked(group)[0].Value
}

// Distinct returns the group's different answers, the one to display first,
// each with its latest save. More than one is a conflict for a person.
func (r Record) Distinct(group string) []Entry {
	if len(r.Groups[group]) < 2 {
		return r.Groups[group]
	}
	var out []Entry
	for _, e := range r.Ranked(group) {
		if !slices.ContainsFunc(out, func(o Entry) bool { return bytes.Equal(o.Value, e.Value) }) {
			out = append(out, e)
		}
	}
	return out
}

// Conflicts names the groups that hold different answers, sorted.
func (r Record) Conflicts() []string {
	var names []string
	for name, entries := range r.Groups {
		for _, e := range entries[1:] {
			if !bytes.Equal(e.Value, entries[0].Value) {
				names = append(names, name)
				break
			}
		}
	}
	slices.Sort(names)
	return names
}

// Alive reports whether the record is shown, that is not deleted.
func (r Record) Alive() bool { return !bytes.Equal(r.Winner(GroupLife), False) }

// Area returns the code that decides who may see the record. It is "" if the
// record has none, which no office accepts.
func (r Record) Area() area.Code {
	s, _ := text(r.Winner(GroupScope))
	return area.Code(s)
}

// Parent returns the household of a member, or the zero id.
func (r Record) Parent() RecordID { return reference(r.Winner(GroupParent)) }

// MergedInto returns the record that stands for this duplicate, or the zero id.
func (r Record) MergedInto() RecordID { return reference(r.Winner(GroupMergedInto)) }

// Round returns the round that the record names itself, or the zero id: then
// the round follows from its parent or its area, see PROTOCOL.md, section 2.
func (r Record) Round() RecordID { return reference(r.Winner(GroupRound)) }

// From returns the record of an earlier round that this one was carried
// forward from, or the zero id.
func (r Record) From() RecordID { return reference(r.Winner(GroupFrom)) }

// Carried reports whether the record was carried forward and nobody has
// confirmed it in its new round.
func (r Record) Carried() bool { return bytes.Equal(r.Winner(GroupCarried), True) }

// reference reads an id of 16 bytes; anything else is none.
func reference(v Value) RecordID {
	if len(v) != 17 || v[0] != majorBytes<<5|16 {
		return RecordID{}
	}
	return RecordID(v[1:])
}

func text(v Value) (string, bool) {
	if len(v) == 0 || v[0]>>5 != majorText {
		return "", false
	}
	rd := reader{buf: v}
	s := rd.text("text", MaxValueBytes)
	return s, rd.err == nil
}

// liveOps picks from the given ops, each sorted or not, those that a group
// still names. Of two that differ under one dot the larger is kept, so that
// the result does not depend on which side is called first.
func liveOps(groups map[string][]Entry, lists ...[]Op) []Op {
	live := map[Dot]bool{}
	for _, entries := range groups {
		for _, e := range entries {
			live[e.Dot] = true
		}
	}
	out := make([]Op, 0, len(live))
	for _, list := range lists {
		for _, op := range list {
			if live[op.Dot] {
				out = append(out, op)
			}
		}
	}
	slices.SortFunc(out, func(a, b Op) int {
		if c := a.Dot.Compare(b.Dot); c != 0 {
			return c
		}
		return -bytes.Compare(opKey(a), opKey(b))
	})
	return slices.CompactFunc(out, func(a, b Op) bool { return a.Dot == b.Dot })
}

// opKey is an order for two ops under one dot, which only copied stores write.
func opKey(o Op) []byte {
	b := append(appendInt(nil, o.Wall), o.Hash[:]...)
	return append(b, appendContext(nil, o.Context)...)
}
