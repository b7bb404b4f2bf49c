package view_test

import (
	"encoding/json"
	"strings"
	"testing"

	"tambonsync/syncproto"
	"tambonsync/syncproto/survey"
	"tambonsync/syncproto/view"
)

func value(t *testing.T, v any) syncproto.Value {
	t.Helper()
	out, err := syncproto.NewValue(v)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// save writes changes as actor n at second n of 2023-11-14 22:13.
func save(t *testing.T, rec syncproto.Record, n byte, changes map[string]any) syncproto.Record {
	t.Helper()
	values := map[string]syncproto.Value{}
	for name, v := range changes {
		values[name] = value(t, v)
	}
	return rec.Save(syncproto.Op{
		Dot:     syncproto.Dot{Actor: syncproto.ActorID{n}, Counter: 1},
		Wall:    1_700_000_000_000,
		Context: syncproto.Context{User: "user" + string('0'+n), Offset: int64(n) * 1000},
	}, values)
}

func show(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

var household = syncproto.RecordID{1, 2, 3}

func TestARecordIsShownByQuestion(t *testing.T) {
	rec := save(t, syncproto.Record{ID: syncproto.RecordID{9}, Type: "member"}, 1, map[string]any{
		"_scope": "45030301", "_parent": household,
		"name":        map[string]any{"first_name": "สมชาย", "last_name": nil, "middle_name": "ก"},
		"national_id": "1101700203451", "sex": "robot", "newer": []any{1, household},
	})
	got := show(t, view.NewRecordView(rec, survey.Builtin()))
	for _, want := range []string{
		`"id":"09000000-0000-0000-0000-000000000000","type":"member","area":"45030301","parent":"01020300-0000-0000-0000-000000000000","form":"bmn-2560@1","deleted":false`,
		`"values":{"first_name":"สมชาย","name/middle_name":"ก","national_id":"1101700203451","newer":[1,"01020300-0000-0000-0000-000000000000"],"sex":"robot"}`,
		`"conflicts":{},"version":{"01000000000000000000000000000000":1}`,
		`{"question":"sex","code":"bad_choice"`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("lacks %s in\n%s", want, got)
		}
	}
}

func TestAHouseholdWithoutAnythingIsShown(t *testing.T) {
	got := show(t, view.NewRecordView(save(t, syncproto.Record{ID: household, Type: "household"}, 1, map[string]any{"_scope": "450303", "_life": false}), survey.Builtin()))
	want := `{"id":"01020300-0000-0000-0000-000000000000","type":"household","area":"450303","form":"bmn-2560@1","deleted":true,"values":{},"conflicts":{},"version":{"01000000000000000000000000000000":1}}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func conflicting(t *testing.T) syncproto.Record {
	base := save(t, syncproto.Record{ID: household, Type: "member"}, 1, map[string]any{"_scope": "45030301"})
	a := save(t, base, 2, map[string]any{"national_id": "1101700203451", "name": map[string]any{"first_name": "ก"}, "_parent": syncproto.RecordID{1}})
	b := save(t, base, 3, map[string]any{"national_id": "3101700203457", "name": map[string]any{"first_name": "ข"}, "_parent": syncproto.RecordID{2}})
	return syncproto.Merge(a, b)
}

func TestBothAnswersOfAConflictAreShown(t *testing.T) {
	v := view.NewRecordView(conflicting(t), survey.Builtin())
	want := `{"_parent":[{"value":"02000000-0000-0000-0000-000000000000","user":"user3","at":"2023-11-14T22:13:23Z","actor":"03000000000000000000000000000000"},` +
		`{"value":"01000000-0000-0000-0000-000000000000","user":"user2","at":"2023-11-14T22:13:22Z","actor":"02000000000000000000000000000000"}],` +
		`"name":[{"value":{"first_name":"ข"},"user":"user3","at":"2023-11-14T22:13:23Z","actor":"03000000000000000000000000000000"},` +
		`{"value":{"first_name":"ก"},"user":"user2","at":"2023-11-14T22:13:22Z","actor":"02000000000000000000000000000000"}],` +
		`"national_id":[{"value":"3101700203457","user":"user3","at":"2023-11-14T22:13:23Z","actor":"03000000000000000000000000000000"},` +
		`{"value":"1101700203451","user":"user2","at":"2023-11-14T22:13:22Z","actor":"02000000000000000000000000000000"}]}`
	if got := show(t, v.Conflicts); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if v.Values["national_id"] != "3101700203457" {
		t.Errorf("displays %v, want the later answer", v.Values["national_id"])
	}
}

func TestAMaskedViewHasNoIdentifierAnywhere(t *testing.T) {
	full := view.NewRecordView(conflicting(t), survey.Builtin())
	got := show(t, full.Masked())
	for _, id := range []string{"1101700203451", "3101700203457"} {
		if strings.Contains(got, id) {
			t.Errorf("%s is readable in %s", id, got)
		}
	}
	for _, want := range []string{`"x-xxxx-xxxxx-45-7"`, `"x-xxxx-xxxxx-45-1"`, `{"first_name":"ก"}`} {
		if !strings.Contains(got, want) {
			t.Errorf("lacks %s in %s", want, got)
		}
	}
	if full.Values["national_id"] != "3101700203457" || full.Conflicts["national_id"][0].Value != "3101700203457" {
		t.Error("masking changed the full view")
	}
}

func TestAnUnknownTypeIsShownAsItIsStored(t *testing.T) {
	rec := save(t, syncproto.Record{ID: household, Type: "boat"}, 1, map[string]any{"_scope": "45030301", "length": 4.5})
	v := view.NewRecordView(rec, survey.Builtin()).Masked()
	if v.Values["length"] != 4.5 || len(v.Problems) != 1 || v.Problems[0].Code != "unknown_type" {
		t.Errorf("got %s", show(t, v))
	}
}

func TestARoundIsReadFromItsRecord(t *testing.T) {
	previous := syncproto.RecordID{9: 7, 15: 1}
	rec := save(t, syncproto.Record{ID: household, Type: "_round"}, 1, map[string]any{
		"_scope": "450303", "_life": true, "form": "bmn-2560@1", "title": "ปี 2563", "reference_date": "2020-01-01", "state": "open",
		"areas": []any{"450303", "", "45x"}, "previous": previous[:],
	})
	got := view.Round(rec)
	if got.ID != household.String() || got.Previous != previous.String() || !got.Open || got.Form != "bmn-2560@1" {
		t.Errorf("round %+v", got)
	}
	if len(got.Areas) != 1 || !got.Covers("45030301") || got.Covers("46010101") {
		t.Errorf("areas %q: what is no area counts", got.Areas)
	}
}
