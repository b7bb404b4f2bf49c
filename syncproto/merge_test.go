package syncproto

import (
	"bytes"
	"reflect"
	"testing"
)

func TestTwoOfficersInTwoGroupsKeepBoth(t *testing.T) {
	a := newHousehold().Save(at(somchai, 2, 1), set("moo", 2))
	b := newHousehold().Save(at(somsri, 1, 2), set("house_no", "99/2"))
	m := Merge(a, b)
	if got := m.Conflicts(); got != nil {
		t.Errorf("got conflicts %v, want none", got)
	}
	if !bytes.Equal(m.Winner("moo"), val(2)) || !bytes.Equal(m.Winner("house_no"), val("99/2")) {
		t.Errorf("got moo %x and house_no %x", m.Winner("moo"), m.Winner("house_no"))
	}
}

func TestTwoOfficersInOneGroupKeepBothAsAConflict(t *testing.T) {
	a := newHousehold().Save(at(somchai, 2, 1), set("moo", 2))
	b := newHousehold().Save(at(somsri, 1, 2), set("moo", 3))
	m := Merge(a, b)
	want := []Entry{{Dot{somchai, 2}, val(2)}, {Dot{somsri, 1}, val(3)}}
	if got := m.Groups["moo"]; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestASaveThatSawAnotherReplacesItEverywhere(t *testing.T) {
	old := newHousehold()
	newer := old.Save(at(somsri, 1, -1000), set("moo", 3)) // its clock says earlier
	if m := Merge(old, newer); !bytes.Equal(m.Encode(), newer.Encode()) {
		t.Errorf("got %x, want the newer state", m.Encode())
	}
}

// The loser's counter stays in the vector: a device that lost a conflict must
// not be able to use its number again.
func TestTheVectorsJoinEvenWhereOneSideLoses(t *testing.T) {
	base := newHousehold()
	a := base.Save(at(somchai, 2, 1), set("moo", 2)).Save(at(somchai, 3, 2), set("moo", 4))
	b := base.Save(at(somsri, 1, 2), set("moo", 3))
	decided := Merge(a, b).Save(at(office, 1, 9), set("moo", 4))
	m := Merge(decided, b)
	if want := (Vector{{somchai, 3}, {somsri, 1}, {office, 1}}); !reflect.DeepEqual(m.VV, want) {
		t.Errorf("got %v, want %v", m.VV, want)
	}
	if got := len(m.Groups["moo"]); got != 1 {
		t.Errorf("got %d answers, want 1", got)
	}
}

// A merge keeps the knowledge of saves that are replaced already: otherwise an
// old state that comes late brings them back.
func TestWhatOneSideKnowsToBeReplacedStaysReplaced(t *testing.T) {
	base := newHousehold()
	old := base.Save(at(somsri, 1, 1), set("moo", 3))
	replaced := old.Save(at(office, 1, 2), set("moo", 4))
	m := Merge(base.Save(at(somchai, 2, 3), set("soi", "ซอย 3")), replaced)
	if got := Merge(m, old).Groups["moo"]; len(got) != 1 || !bytes.Equal(got[0].Value, val(4)) {
		t.Errorf("got %v, want the later answer alone", got)
	}
}

func TestADeletedAndEditedRecordIsShownAndIsAConflict(t *testing.T) {
	for _, hour := range []int64{-60, 60} { // whoever was later
		deleted := newHousehold().Save(at(somchai, 2, 0), map[string]Value{GroupLife: False})
		edited := newHousehold().Save(at(somsri, 1, hour), set("moo", 3))
		m := Merge(deleted, edited)
		if !m.Alive() {
			t.Error("it is hidden")
		}
		if got := m.Conflicts(); !reflect.DeepEqual(got, []string{GroupLife}) {
			t.Errorf("got conflicts %v, want %s", got, GroupLife)
		}
		if got := m.Distinct(GroupLife); len(got) != 2 || !bytes.Equal(got[0].Value, True) {
			t.Errorf("got %v, want alive before deleted", got)
		}
	}
}

func TestADeletionThatSawTheEditHoldsEverywhere(t *testing.T) {
	edited := newHousehold().Save(at(somsri, 1, 5), set("moo", 3))
	deleted := edited.Save(at(somchai, 2, 1), map[string]Value{GroupLife: False})
	if m := Merge(edited, deleted); m.Alive() || len(m.Conflicts()) != 0 {
		t.Errorf("alive %v, conflicts %v", m.Alive(), m.Conflicts())
	}
	if m := Merge(edited, deleted); !bytes.Equal(m.Winner("moo"), val(3)) {
		t.Error("the deletion took the answers with it")
	}
}

func TestAMergeKeepsWhatItDoesNotKnow(t *testing.T) {
	strange := at(somsri, 1, 2)
	strange.Extra = map[string]Value{"gps": val("fused")}
	a := newHousehold().Save(at(somchai, 2, 1), set("moo", 2))
	b := newHousehold().Save(strange, set("answer_of_a_newer_form", map[string]any{"x": 1}))
	m := Merge(a, b)
	if got := m.Winner("answer_of_a_newer_form"); !bytes.Equal(got, val(map[string]any{"x": 1})) {
		t.Errorf("got %x", got)
	}
	op, _ := m.Op(Dot{somsri, 1})
	if got := op.Extra["gps"]; !bytes.Equal(got, val("fused")) {
		t.Errorf("got %x", got)
	}
}

func TestAMergeChangesNeitherSide(t *testing.T) {
	a := newHousehold().Save(at(somchai, 2, 1), set("moo", 2))
	b := newHousehold().Save(at(somsri, 1, 2), set("moo", 3))
	ea, eb := a.Encode(), b.Encode()
	m := Merge(a, b)
	m.Save(at(office, 1, 3), set("moo", 4))
	if !bytes.Equal(a.Encode(), ea) || !bytes.Equal(b.Encode(), eb) {
		t.Error("a side changed")
	}
}

// One id under two types is a bug somewhere; replicas must still agree.
func TestAMergeOfTwoTypesDoesNotDependOnTheSide(t *testing.T) {
	a, b := newHousehold(), newHousehold()
	b.Type = "member"
	if Merge(a, b).Type != "member" || Merge(b, a).Type != "member" {
		t.Error("the sides disagree")
	}
}

// Two copies of a store that were never told apart: a value is lost, which is
// what Redot is for, but the sides still agree.
func TestOneDotWithTwoContentsDoesNotDependOnTheSide(t *testing.T) {
	a := newHousehold().Save(at(somchai, 2, 1), set("moo", 2))
	b := newHousehold().Save(at(somchai, 2, 7), set("moo", 3))
	if !bytes.Equal(Merge(a, b).Encode(), Merge(b, a).Encode()) {
		t.Error("the sides disagree")
	}
	if got := len(Merge(a, b).Ops); got != 2 { // the first save still has house_no
		t.Errorf("got %d saves, want 2", got)
	}
}
