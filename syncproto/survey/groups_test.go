package survey_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"tambonsync/syncproto/survey"
)

// answers is short for what a decoder gives.
type answers = map[string]any

func wantEqual(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s\n got %#v\nwant %#v", what, got, want)
	}
}

func TestGroups(t *testing.T) {
	member := typeOf(t, "member")
	tests := []struct{ name, key, want string }{
		{"a question alone is its own group", "sex", "sex"},
		{"a shared group", "first_name", "name"},
		{"a shared group named as one of its questions", "health", "health"},
		{"the other of that group", "self_care", "health"},
		{"an unknown question is its own group", "shoe_size", "shoe_size"},
		{"a group's name stands for itself", "name", "name"},
		{"an unknown part stays in its group", "name/middle_name", "name"},
		{"a known part is not written that way", "name/first_name", "name/first_name"},
		{"a question alone has no parts", "sex/x", "sex/x"},
		{"a reserved group", "_life", "_life"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := member.GroupOf(tt.key); got != tt.want {
				t.Errorf("GroupOf(%q) = %q, want %q", tt.key, got, tt.want)
			}
		})
	}
	wantEqual(t, "Members(name)", member.Members("name"), []string{"prefix", "first_name", "last_name"})
	wantEqual(t, "Members(health)", member.Members("health"), []string{"health", "self_care"})
	wantEqual(t, "Members(sex)", member.Members("sex"), []string(nil))
	wantEqual(t, "Members(shoe_size)", member.Members("shoe_size"), []string(nil))
}

func TestUnpack(t *testing.T) {
	tests := []struct {
		name         string
		groups, want answers
	}{
		{"nothing", nil, answers{}},
		{"a group of several is spread", answers{"name": answers{"first_name": "สมชาย", "last_name": "ใจดี"}, "sex": "male"}, answers{"first_name": "สมชาย", "last_name": "ใจดี", "sex": "male"}},
		{"nulls are no answers", answers{"name": nil, "sex": nil, "shoe_size": nil}, answers{}},
		{"nor are nulls inside a group", answers{"health": answers{"health": "normal", "self_care": nil}}, answers{"health": "normal"}},
		{"false, 0 and empty text are answers", answers{"welfare_card": false, "occupation": "", "health": answers{"self_care": false}}, answers{"welfare_card": false, "occupation": "", "self_care": false}},
		{"a group that is no map is kept under its name", answers{"name": "สมชาย ใจดี"}, answers{"name": "สมชาย ใจดี"}},
		{"also where a question has that name", answers{"health": "chronic"}, answers{"health": "chronic"}},
		{"unknown groups are kept as they are", answers{"pets": answers{"dogs": 2.0, "cats": nil}, "_life": true}, answers{"pets": answers{"dogs": 2.0, "cats": nil}, "_life": true}},
		{"unknown parts are kept", answers{"name": answers{"first_name": "ก", "middle_name": "ข", "sex": "x"}}, answers{"first_name": "ก", "name/middle_name": "ข", "name/sex": "x"}},
		{"a question's own group wins over a stray one", answers{"first_name": "old", "name": answers{"first_name": "new"}}, answers{"first_name": "new"}},
		{"a stray answer counts alone", answers{"first_name": "old", "name": answers{"last_name": "ใจดี"}}, answers{"first_name": "old", "last_name": "ใจดี"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wantEqual(t, "Unpack", typeOf(t, "member").Unpack(tt.groups), tt.want)
		})
	}
}

func TestPack(t *testing.T) {
	full := answers{"prefix": "mr", "first_name": "สมชาย", "last_name": "ใจดี", "sex": "male", "health": "normal"}
	tests := []struct {
		name                   string
		current, changes, want answers
	}{
		{"no change writes nothing", full, nil, answers{}},
		{"one answer writes one group", full, answers{"sex": "female"}, answers{"sex": "female"}},
		{"a part takes the rest of its group along", full, answers{"last_name": "ใจงาม"}, answers{"name": answers{"prefix": "mr", "first_name": "สมชาย", "last_name": "ใจงาม"}}},
		{"a cleared part goes", full, answers{"last_name": nil}, answers{"name": answers{"prefix": "mr", "first_name": "สมชาย"}}},
		{"all parts cleared clear the group", full, answers{"prefix": nil, "first_name": nil, "last_name": nil}, answers{"name": nil}},
		{"a cleared answer is null", full, answers{"sex": nil}, answers{"sex": nil}},
		{"clearing what was never there", nil, answers{"first_name": nil}, answers{"name": nil}},
		{"nulls of the record are no parts", answers{"prefix": nil}, answers{"first_name": "ก"}, answers{"name": answers{"first_name": "ก"}}},
		{"a group named as its question", full, answers{"self_care": true}, answers{"health": answers{"health": "normal", "self_care": true}}},
		{"and that question alone", nil, answers{"health": "chronic"}, answers{"health": answers{"health": "chronic"}}},
		{"unknown answers are kept", nil, answers{"pets": answers{"dogs": nil}}, answers{"pets": answers{"dogs": nil}}},
		{"an old app keeps a newer app's part", answers{"first_name": "ก", "name/middle_name": "ข"}, answers{"first_name": "ค"}, answers{"name": answers{"first_name": "ค", "middle_name": "ข"}}},
		{"an unknown part can be changed", answers{"first_name": "ก"}, answers{"name/middle_name": "ข"}, answers{"name": answers{"first_name": "ก", "middle_name": "ข"}}},
		{"a bare group stays bare while alone", nil, answers{"name": "สมชาย ใจดี"}, answers{"name": "สมชาย ใจดี"}},
		{"and is kept beside parts", answers{"name": "สมชาย ใจดี"}, answers{"first_name": "สมชาย"}, answers{"name": answers{"name": "สมชาย ใจดี", "first_name": "สมชาย"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wantEqual(t, "Pack", typeOf(t, "member").Pack(tt.current, tt.changes), tt.want)
		})
	}
}

func TestPackAndUnpackLeaveTheirArgumentsAlone(t *testing.T) {
	member := typeOf(t, "member")
	groups := answers{"name": answers{"first_name": "ก", "last_name": nil}}
	flat := member.Unpack(groups)
	changes := answers{"last_name": "ข", "prefix": nil}
	member.Pack(flat, changes)
	wantEqual(t, "groups", groups, answers{"name": answers{"first_name": "ก", "last_name": nil}})
	wantEqual(t, "flat", flat, answers{"first_name": "ก"})
	wantEqual(t, "changes", changes, answers{"last_name": "ข", "prefix": nil})
}

// roundTrip packs all of a record's answers anew; nothing may be lost.
func roundTrip(t *testing.T, rt *survey.RecordType, groups answers) {
	t.Helper()
	flat := rt.Unpack(groups)
	packed := rt.Pack(nil, flat)
	wantEqual(t, "Unpack(Pack(Unpack(groups)))", rt.Unpack(packed), flat)
	wantEqual(t, "Pack of no news", rt.Pack(flat, flat), packed)
}

var recordsAsJSON = []string{
	`{}`,
	`{"name":{"first_name":"ก","last_name":"ข"},"sex":"male","health":{"self_care":false}}`,
	`{"name":"ก ข","health":"normal","pets":{"dogs":null}}`,
	`{"name":{"name":"ก","first_name":null},"first_name":"ค","name/first_name":1,"name/":2}`,
	`{"name":{"name":{"name":1},"":2,"a/b":3},"name/name":[null],"name/a/b":4}`,
	`{"health":{"health":{"health":null}},"_life":true,"":0}`,
}

func TestAnswersSurviveARoundTrip(t *testing.T) {
	for _, record := range recordsAsJSON {
		t.Run(record, func(t *testing.T) {
			var groups answers
			if err := json.Unmarshal([]byte(record), &groups); err != nil {
				t.Fatal(err)
			}
			roundTrip(t, typeOf(t, "member"), groups)
			roundTrip(t, nil, groups)
		})
	}
}

func FuzzRoundTrip(f *testing.F) {
	for _, record := range recordsAsJSON {
		f.Add([]byte(record))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var groups answers
		if json.Unmarshal(data, &groups) != nil {
			return
		}
		roundTrip(t, typeOf(t, "member"), groups)
		roundTrip(t, typeOf(t, "household"), groups)
	})
}
