package syncproto

import (
	"bytes"
	"reflect"
	"slices"
	"testing"
)

func TestASaveReplacesWhatItSaw(t *testing.T) {
	r := newHousehold()
	out := r.Save(at(somsri, 1, 5), set("house_no", "99/2"))

	if got, want := out.VV, (Vector{{somchai, 1}, {somsri, 1}}); !reflect.DeepEqual(got, want) {
		t.Errorf("vector: got %v, want %v", got, want)
	}
	if got, want := out.Groups["house_no"], []Entry{{Dot{somsri, 1}, val("99/2")}}; !reflect.DeepEqual(got, want) {
		t.Errorf("house_no: got %v, want %v", got, want)
	}
	if got, want := out.Groups["moo"], r.Groups["moo"]; !reflect.DeepEqual(got, want) {
		t.Errorf("moo: got %v, want it as before, %v", got, want)
	}
}

func TestASaveChangesNothingItWasGiven(t *testing.T) {
	r := newHousehold()
	before := r.Encode()
	changes := set("house_no", "99/2")
	r.Save(at(somchai, 2, 5), changes)
	if !bytes.Equal(r.Encode(), before) {
		t.Error("the record before the save changed")
	}
	if len(changes) != 1 {
		t.Errorf("the caller's changes became %v", changes)
	}
}

func TestASaveWithNoOtherAnswerAliveIsForgotten(t *testing.T) {
	r := newHousehold()
	r = r.Save(at(somchai, 2, 1), map[string]Value{"house_no": val("1"), "moo": val(2), GroupScope: Text("45030302")})
	if len(r.Ops) != 1 || r.Ops[0].Dot.Counter != 2 {
		t.Errorf("got saves %v, want only the second", r.Ops)
	}
}

func TestEverySaveSaysThatTheRecordIsAlive(t *testing.T) {
	deleted := newHousehold().Save(at(somchai, 2, 1), map[string]Value{GroupLife: False})
	if deleted.Alive() {
		t.Error("a deleted record is alive")
	}
	back := deleted.Save(at(somsri, 1, 2), set("moo", 2))
	if !back.Alive() {
		t.Error("a record saved again is not alive")
	}
	if got := back.Groups[GroupLife]; len(got) != 1 || got[0].Dot.Actor != somsri {
		t.Errorf("got %v, want the word of the last save alone", got)
	}
}

func TestAnEmptySaveOnlySaysAlive(t *testing.T) {
	r := Record{ID: household, Type: "household"}.Save(at(somchai, 1, 0), nil)
	if got := len(r.Groups); got != 1 || !r.Alive() {
		t.Errorf("got %d groups, want %s alone", got, GroupLife)
	}
}

func TestTheSaveHashTellsSavesApart(t *testing.T) {
	changes := map[string]Value{"moo": val(1), "house_no": val("99/1")}
	base := SaveHash(household, monday, changes)
	if got, want := base[:], mustHex("fcf8486c494cd22b"); !bytes.Equal(got, want) {
		t.Errorf("got %x, want %x", got, want)
	}
	tests := []struct {
		name  string
		other [8]byte
		same  bool
	}{
		{"the same once more", SaveHash(household, monday, map[string]Value{"house_no": val("99/1"), "moo": val(1)}), true},
		{"another record", SaveHash(member, monday, changes), false},
		{"another time", SaveHash(household, monday+1, changes), false},
		{"another answer", SaveHash(household, monday, map[string]Value{"moo": val(2), "house_no": val("99/1")}), false},
		{"another group", SaveHash(household, monday, map[string]Value{"moo": val(1), "soi": val("99/1")}), false},
		{"one group less", SaveHash(household, monday, set("moo", 1)), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.other == base; got != tt.same {
				t.Errorf("got the same hash: %v, want %v", got, tt.same)
			}
		})
	}
}

func TestTheSaveHashIsOfWhatTheSaveWrote(t *testing.T) {
	r := newHousehold().Save(at(somsri, 1, 5), set("moo", 2))
	op, ok := r.Op(Dot{somsri, 1})
	want := SaveHash(household, monday+5*minute, map[string]Value{"moo": val(2), GroupLife: True})
	if !ok || op.Hash != want {
		t.Errorf("got %x, want %x", op.Hash, want)
	}
	if _, ok := r.Op(Dot{somsri, 2}); ok {
		t.Error("found a save that never was")
	}
}

// rivals is a household to which three officers gave answers without knowing
// of each other.
func rivals(group string, a, b, c any, atA, atB, atC int64) Record {
	base := newHousehold()
	x := base.Save(at(somchai, 2, atA), set(group, a))
	y := base.Save(at(somsri, 1, atB), set(group, b))
	z := base.Save(at(office, 1, atC), set(group, c))
	return Merge(Merge(x, y), z)
}

func TestTheLatestAnswerIsDisplayed(t *testing.T) {
	tests := []struct {
		name                string
		atA, atB, atC       int64
		offsetOfB           int64
		want                []any
		wantDistinctAnswers int
	}{
		{"by wall time", 3, 2, 1, 0, []any{"a", "b", "c"}, 3},
		{"the other way", 1, 2, 3, 0, []any{"c", "b", "a"}, 3},
		{"a clock known to be late counts as later", 1, 0, 2, 3 * minute, []any{"b", "c", "a"}, 3},
		{"a clock known to be early counts as earlier", 1, 9, 2, -9 * minute, []any{"c", "a", "b"}, 3},
		{"at one time by actor", 1, 1, 1, 0, []any{"c", "b", "a"}, 3},
		{"before 1970 too", -monday, -monday - 1, -monday - 2, 0, []any{"a", "b", "c"}, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := rivals("house_no", "a", "b", "c", tt.atA, tt.atB, tt.atC)
			for i := range r.Ops {
				if r.Ops[i].Dot.Actor == somsri {
					r.Ops[i].Offset = tt.offsetOfB
				}
			}
			var got []any
			for _, e := range r.Ranked("house_no") {
				s, _ := text(e.Value)
				got = append(got, s)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			if w, _ := text(r.Winner("house_no")); w != tt.want[0] {
				t.Errorf("winner: got %v, want %v", w, tt.want[0])
			}
			if n := len(r.Distinct("house_no")); n != tt.wantDistinctAnswers {
				t.Errorf("distinct: got %d, want %d", n, tt.wantDistinctAnswers)
			}
		})
	}
}

func TestByOneActorAtOneTimeTheHigherCounterIsDisplayed(t *testing.T) {
	x := newHousehold().Save(at(somchai, 2, 1), set("soi", "x"))
	y := newHousehold().Save(at(somchai, 3, 1), set("soi", "y")) // on a state without 2: another chunk of the same store
	y.VV = Vector{{somchai, 1}, {somsri, 1}}.With(somchai, 3)
	r := Record{ID: household, Type: "household", VV: Vector{{somchai, 3}}, Groups: map[string][]Entry{
		"soi": {x.Groups["soi"][0], y.Groups["soi"][0]},
	}}
	r.Ops = liveOps(r.Groups, x.Ops, y.Ops)
	if got, _ := text(r.Winner("soi")); got != "y" {
		t.Errorf("got %s, want y", got)
	}
}

func TestEqualAnswersAreNoConflict(t *testing.T) {
	r := rivals("house_no", "same", "same", "same", 1, 2, 3)
	if got := r.Conflicts(); got != nil {
		t.Errorf("got conflicts %v, want none", got)
	}
	if got := r.Distinct("house_no"); len(got) != 1 || got[0].Dot.Actor != office {
		t.Errorf("got %v, want the latest save alone", got)
	}
}

func TestDifferentAnswersAreAConflict(t *testing.T) {
	r := rivals("house_no", "same", "other", "same", 1, 2, 3)
	r = Merge(r, newHousehold().Save(at(testActor(9), 1, 0), set("moo", 5)))
	r = Merge(r, newHousehold().Save(at(testActor(8), 1, 0), set("moo", 6)))
	if got, want := r.Conflicts(), []string{"house_no", "moo"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestTheOfficeDecidesAConflictWithAnOrdinarySave(t *testing.T) {
	r := rivals("house_no", "a", "b", "c", 1, 2, 3).Save(at(office, 2, 9), set("house_no", "a"))
	if got := r.Conflicts(); got != nil {
		t.Errorf("got conflicts %v, want none", got)
	}
	if got, _ := text(r.Winner("house_no")); got != "a" {
		t.Errorf("got %s, want a", got)
	}
}

func TestARecordTellsItsPlaceAndItsHousehold(t *testing.T) {
	r := newHousehold()
	if got := r.Area(); got != "45030301" {
		t.Errorf("area: got %q", got)
	}
	if got := r.Parent(); !got.IsZero() {
		t.Errorf("parent: got %s, want none", got)
	}
	r = r.Save(at(somchai, 2, 1), map[string]Value{GroupParent: ID(household)})
	if got := r.Parent(); got != household {
		t.Errorf("parent: got %s, want %s", got, household)
	}
	r = r.Save(at(somchai, 3, 1), map[string]Value{GroupParent: Null, GroupScope: Null})
	if !r.Parent().IsZero() || r.Area() != "" {
		t.Errorf("cleared: got parent %s, area %q", r.Parent(), r.Area())
	}
}

func TestAGroupNeverWrittenHasNoWinner(t *testing.T) {
	r := newHousehold()
	if got := r.Winner("soi"); got != nil {
		t.Errorf("got %x, want nothing", got)
	}
	if got := r.Distinct("soi"); len(got) != 0 {
		t.Errorf("got %v, want nothing", got)
	}
	if !(Record{}).Alive() {
		t.Error("a record nobody deleted is not alive")
	}
}
