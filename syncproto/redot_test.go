package syncproto

import (
	"bytes"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

func same(n uint64) uint64 { return n }

var moved = testActor(0xd4)

func TestTwoCopiesThatBothWroteKeepBothAnswers(t *testing.T) {
	base := newHousehold()
	original := base.Save(at(somchai, 2, 1), set("moo", 2))
	clone := base.Save(at(somchai, 2, 7), set("moo", 3)).Redot(somchai, 1, moved, same)
	m := Merge(original, clone)
	want := []Entry{{Dot{somchai, 2}, val(2)}, {Dot{moved, 2}, val(3)}}
	if got := m.Groups["moo"]; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if want := (Vector{{somchai, 2}, {moved, 2}}); !reflect.DeepEqual(m.VV, want) {
		t.Errorf("vector: got %v, want %v", m.VV, want)
	}
}

func TestRedotNumbersTheMovedSavesInTheirOrder(t *testing.T) {
	r := newHousehold().
		Save(at(somchai, 4, 1), set("moo", 4)).
		Save(at(somchai, 7, 2), set("soi", "7")).
		Save(at(somchai, 9, 3), set("road", "9"))
	n := uint64(10)
	out := r.Redot(somchai, 3, moved, func(uint64) uint64 { n++; return n })
	for group, want := range map[string]Dot{
		"house_no": {somchai, 1}, "moo": {moved, 11}, "soi": {moved, 12}, "road": {moved, 13}, GroupLife: {moved, 13},
	} {
		if got := out.Groups[group][0].Dot; got != want {
			t.Errorf("%s: got %v, want %v", group, got, want)
		}
	}
	if want := (Vector{{somchai, 3}, {moved, 13}}); !reflect.DeepEqual(out.VV, want) {
		t.Errorf("vector: got %v, want %v", out.VV, want)
	}
	op, _ := out.Op(Dot{moved, 12})
	before, _ := r.Op(Dot{somchai, 7})
	if op.Hash != before.Hash || op.Wall != before.Wall {
		t.Error("the move changed what the save says")
	}
}

func TestRedotFromZeroForgetsTheActor(t *testing.T) {
	out := newHousehold().Redot(somchai, 0, moved, same)
	if want := (Vector{{moved, 1}}); !reflect.DeepEqual(out.VV, want) {
		t.Errorf("got %v, want %v", out.VV, want)
	}
}

func TestRedotLeavesOthersAlone(t *testing.T) {
	r := newHousehold().Save(at(somsri, 5, 1), set("moo", 2))
	before := r.Encode()
	for _, from := range []ActorID{office, somchai} {
		if out := r.Redot(from, 1, moved, same); !bytes.Equal(out.Encode(), before) {
			t.Errorf("from %s: the record changed", from)
		}
	}
	r.Redot(somsri, 0, moved, same)
	if !bytes.Equal(r.Encode(), before) {
		t.Error("the receiver changed")
	}
}

// The office moves a copy's saves to an actor derived from them, so a push
// that is repeated, or reaches two offices, ends in the same state.
func TestRedotToADerivedActorIsIdempotent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, _ := threeStates(t)
		if len(a.VV) == 0 {
			t.Skip("nothing was saved")
		}
		from := a.VV[rapid.IntRange(0, len(a.VV)-1).Draw(t, "actor")]
		after := rapid.Uint64Range(0, from.Counter).Draw(t, "after")
		once := a.Redot(from.Actor, after, moved, same)
		if twice := once.Redot(from.Actor, after, moved, same); !bytes.Equal(twice.Encode(), once.Encode()) {
			t.Fatalf("once %x\ntwice %x", once.Encode(), twice.Encode())
		}
		kept := Merge(b, once)
		if again := Merge(kept, a.Redot(from.Actor, after, moved, same)); !bytes.Equal(again.Encode(), kept.Encode()) {
			t.Fatalf("pushed %x\npushed again %x", kept.Encode(), again.Encode())
		}
		if _, err := DecodeRecord(once.Encode()); err != nil {
			t.Fatal(err)
		}
		for group, entries := range a.Groups {
			if got := once.Groups[group]; len(got) != len(entries) {
				t.Fatalf("%s: %d answers became %d", group, len(entries), len(got))
			}
			for _, e := range once.Groups[group] {
				if !containsValue(entries, e.Value) {
					t.Fatalf("%s: %x came from nowhere", group, e.Value)
				}
			}
		}
	})
}

// A copy pulled from the office what the office had made of its save, under
// the derived name, and still holds the save under the old one.
func TestASaveThatMeetsItselfUnderItsNewNameIsHeldOnce(t *testing.T) {
	copied := newHousehold().Save(at(somchai, 2, 7), set("moo", 3))
	office := copied.Redot(somchai, 1, moved, same)
	again := Merge(copied, office).Redot(somchai, 1, moved, same)
	if !bytes.Equal(again.Encode(), office.Encode()) {
		t.Errorf("got %x, want %x", again.Encode(), office.Encode())
	}
	mustDecode(t, again.Encode())
}

func containsValue(entries []Entry, v Value) bool {
	for _, e := range entries {
		if bytes.Equal(e.Value, v) {
			return true
		}
	}
	return false
}
