package server

import (
	"encoding/json"
	"testing"

	"tambonsync/syncproto"
	"tambonsync/syncproto/survey"
)

func resolveRecordFixture(t *testing.T, alive bool) syncproto.Record {
	t.Helper()
	name, err := syncproto.NewValue(map[string]any{"first_name": "สมชาย", "middle_name": "ก"})
	if err != nil {
		t.Fatal(err)
	}
	life := syncproto.False
	if alive {
		life = syncproto.True
	}
	op := syncproto.Op{Dot: syncproto.Dot{Actor: syncproto.ActorID{1}, Counter: 1}, Wall: 1}
	return syncproto.Record{ID: syncproto.RecordID{7}, Type: "member"}.Save(op, map[string]syncproto.Value{
		syncproto.GroupScope: syncproto.Text("45030301"),
		syncproto.GroupLife:  life,
		"name":               name,
		"newer_question":     syncproto.Text("x"),
	})
}

func TestADecisionIsPackedAsTheFormStoresIt(t *testing.T) {
	const parent = "018bcfe5-6800-7102-8304-05060708090a"
	tests := []struct {
		name  string
		group string
		value any
		want  string // group=JSON of what is saved, "" for refused
	}{
		{"a question of its own", "occupation", "ทำนา", `{"occupation":"ทำนา"}`},
		{"a number from JSON", "occupation", json.Number("3"), `{"occupation":3}`},
		{"cleared", "occupation", nil, `{"occupation":null}`},
		{"a group that only the record knows", "newer_question", "y", `{"newer_question":"y"}`},
		{"a whole group of several", "name", map[string]any{"first_name": "สมหญิง"}, `{"name":{"first_name":"สมหญิง"}}`},
		{"a whole group, cleared", "name", nil, `{"name":null}`},
		{"a whole group, emptied", "name", map[string]any{}, `{"name":null}`},
		{"one question of a group keeps the others", "last_name", "ใจดี", `{"name":{"first_name":"สมชาย","last_name":"ใจดี","middle_name":"ก"}}`},
		{"deleted", "_life", false, `{"_life":false}`},
		{"moved", "_scope", "๔๕๐๓๐๔๐๑", `{"_scope":"45030401"}`},
		{"parent", "_parent", parent, `{"_parent":"` + parent + `"}`},
		{"no parent", "_parent", nil, `{"_parent":null}`},
		{"a bare value for a group of several", "name", "x", ""},
		{"what nobody knows", "no_such", "x", ""},
		{"nothing named", "", "x", ""},
		{"half alive", "_life", "yes", ""},
		{"no area", "_scope", "4503x", ""},
		{"its own parent", "_parent", syncproto.RecordID{7}.String(), ""},
		{"no id", "_merged_into", 3, ""},
		{"an unknown reserved group", "_other", "x", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e, err := ResolveEdit(resolveRecordFixture(t, true), survey.Builtin(), tt.group, tt.value, "admin", 5)
			if err != nil {
				if tt.want != "" {
					t.Fatal(err)
				}
				return
			}
			got := map[string]any{}
			for group, v := range e.Changes {
				a, err := v.Any()
				if err != nil {
					t.Fatal(err)
				}
				if id, ok := a.([]byte); ok {
					a = syncproto.RecordID(id).String()
				}
				got[group] = a
			}
			text, err := json.Marshal(got)
			if err != nil || string(text) != tt.want {
				t.Errorf("got %s, want %s", text, tt.want)
			}
			if e.Context.User != "admin" || e.At != 5 || e.ID != (syncproto.RecordID{7}) || e.Type != "" {
				t.Errorf("edit %+v", e)
			}
		})
	}
}

func TestADecisionDoesNotReviveADeletedRecord(t *testing.T) {
	e, err := ResolveEdit(resolveRecordFixture(t, false), survey.Builtin(), "occupation", "ทำนา", "admin", 5)
	if err != nil {
		t.Fatal(err)
	}
	if string(e.Changes[syncproto.GroupLife]) != string(syncproto.False) {
		t.Errorf("changes %v", e.Changes)
	}
	e, err = ResolveEdit(resolveRecordFixture(t, false), survey.Builtin(), "_life", true, "admin", 5)
	if err != nil || string(e.Changes[syncproto.GroupLife]) != string(syncproto.True) {
		t.Errorf("reviving it on purpose: %v, %v", e.Changes, err)
	}
}
