package syncproto

import (
	"errors"
	"testing"
)

func TestReservedGroupsHaveTypes(t *testing.T) {
	tests := []struct {
		name    string
		changes map[string]Value
		want    string // "" for a good record
	}{
		{"a household", nil, ""},
		{"a deleted one", map[string]Value{GroupLife: False}, ""},
		{"a province is an area", map[string]Value{GroupScope: Text("45")}, ""},
		{"a member with its household", map[string]Value{GroupParent: ID(household)}, ""},
		{"no household any more", map[string]Value{GroupParent: Null}, ""},
		{"a duplicate", map[string]Value{GroupMergedInto: ID(household)}, ""},
		{"no duplicate after all", map[string]Value{GroupMergedInto: Null}, ""},
		{"a reserved group of a later version", map[string]Value{"_later": val(1)}, ""},
		{"a wrong answer to a question", map[string]Value{"moo": val("x")}, ""},
		{"a household of a round", map[string]Value{GroupRound: ID(round)}, ""},
		{"of no round any more", map[string]Value{GroupRound: Null}, ""},
		{"a submitted household", map[string]Value{GroupState: val(map[string]any{"state": "submitted"})}, ""},
		{"a state of a later version", map[string]Value{GroupState: val(map[string]any{"state": "sealed", "by": 1})}, ""},
		{"nothing said of its state", map[string]Value{GroupState: Null}, ""},
		{"carried forward", map[string]Value{GroupFrom: ID(member), GroupCarried: True}, ""},
		{"carried forward and confirmed", map[string]Value{GroupFrom: ID(member), GroupCarried: False}, ""},
		{"not carried forward after all", map[string]Value{GroupFrom: Null, GroupCarried: Null}, ""},
		{"a round by its text", map[string]Value{GroupRound: val(round.String())}, "16 bytes"},
		{"a round of 17 bytes", map[string]Value{GroupRound: val(append(round[:], 1))}, "16 bytes"},
		{"a state that is text", map[string]Value{GroupState: val("approved")}, "map or null"},
		{"a state that is a list", map[string]Value{GroupState: val([]any{"approved"})}, "map or null"},
		{"from no record", map[string]Value{GroupFrom: val(1)}, "16 bytes"},
		{"carried forward twice", map[string]Value{GroupCarried: val(2)}, "true, false or null"},
		{"life is no yes or no", map[string]Value{GroupLife: val(1)}, "true or false"},
		{"life was cleared", map[string]Value{GroupLife: Null}, "true or false"},
		{"an area that is a number", map[string]Value{GroupScope: val(45030301)}, "no valid area"},
		{"an area that was cleared", map[string]Value{GroupScope: Null}, "no valid area"},
		{"an area of seven digits", map[string]Value{GroupScope: Text("4503030")}, "no valid area"},
		{"an area in Thai digits", map[string]Value{GroupScope: Text("๔๕๐๓๐๓๐๑")}, "no valid area"},
		{"an area with a space", map[string]Value{GroupScope: Text("45030301 ")}, "no valid area"},
		{"an area with a level of 00", map[string]Value{GroupScope: Text("45030300")}, "no valid area"},
		{"a household by its text", map[string]Value{GroupParent: val(household.String())}, "16 bytes"},
		{"a household of 15 bytes", map[string]Value{GroupParent: val(household[:15])}, "16 bytes"},
		{"a duplicate of a number", map[string]Value{GroupMergedInto: val(1)}, "16 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newHousehold().Save(at(somchai, 2, 1), tt.changes)
			err := r.CheckReserved()
			if tt.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			wantError(t, err, tt.want)
		})
	}
}

func TestEveryAnswerOfAReservedGroupIsChecked(t *testing.T) {
	good := newHousehold().Save(at(somchai, 2, 1), map[string]Value{GroupScope: Text("45030302")})
	bad := newHousehold().Save(at(somsri, 1, -1), map[string]Value{GroupScope: val(1)})
	wantError(t, Merge(good, bad).CheckReserved(), "no valid area")
}

func TestARecordWithoutAreaOrLifeIsRefused(t *testing.T) {
	r := newHousehold()
	delete(r.Groups, GroupLife)
	wantError(t, r.CheckReserved(), GroupLife)
	delete(r.Groups, GroupScope)
	if err := r.CheckReserved(); !errors.Is(err, ErrNoArea) {
		t.Errorf("got %v, want %v", err, ErrNoArea)
	}
}
