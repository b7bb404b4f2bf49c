package syncproto

import (
	"reflect"
	"testing"
)

func TestAVillageOfARoundHasOneIDEverywhere(t *testing.T) {
	if got, want := VillageID(round, "45030301").String(), "bb3d1bb2-3ff1-590c-8810-db8406ccbb80"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if VillageID(round, "45030301") == VillageID(round, "45030302") || VillageID(round, "45030301") == VillageID(household, "45030301") {
		t.Error("two villages or rounds have one id")
	}
}

func TestAStateReadsBackAsItWasGiven(t *testing.T) {
	r := recordReturned()
	want := State{State: StateReturned, Note: "ขอให้ตรวจบ้านเลขที่", Answers: r.AnswersDigest(), Comments: map[string]string{"house_no": "ซ้ำกับหลังอื่น"}}
	if got := r.State(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if r.Round() != round || r.From()[15] != 0x17 || r.Carried() {
		t.Errorf("round %s, from %s, carried %v", r.Round(), r.From(), r.Carried())
	}
	for _, v := range []Value{Null, val(map[string]any{}), val(map[string]any{"state": "sealed"}), val(map[string]any{"state": 1})} {
		if got := r.Save(at(somchai, 2, 70), map[string]Value{GroupState: v}).State(); !reflect.DeepEqual(got, State{}) {
			t.Errorf("%x: got %+v, want nothing said", v, got)
		}
	}
	if _, err := (State{State: "sealed"}).Value(); err == nil {
		t.Error("an unknown state was written")
	}
}

func TestTheDigestOfAnswersKnowsAnswersAndNothingElse(t *testing.T) {
	r := newHousehold()
	before := r.AnswersDigest()
	r = r.Save(at(somchai, 2, 1), map[string]Value{GroupState: Null, GroupRound: ID(round)})
	if r.AnswersDigest() != before {
		t.Error("a reserved group changed it")
	}
	if r.Save(at(somchai, 3, 2), set("moo", 2)).AnswersDigest() == before {
		t.Error("another answer did not change it")
	}
	both := Merge(newHousehold().Save(at(somchai, 2, 1), set("moo", 2)), newHousehold().Save(at(somsri, 1, 2), set("moo", 3)))
	if both.AnswersDigest() != newHousehold().Save(at(somchai, 2, 1), set("moo", 3)).AnswersDigest() {
		t.Error("it is not of the answers to display")
	}
}
