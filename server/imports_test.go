package server_test

import (
	"testing"

	"tambonsync/server"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

// list takes rows of a list in, as the command does, and tells how many were
// put in and how many were there.
func (d *desk) list(round string, rows ...server.ListedRecord) (put, already int) {
	d.t.Helper()
	l, err := server.NewLister(d.t.Context(), d.Store, d.catalog(false), d.round(round), "house_reg_id", "house_no", "not_asked")
	d.must(err)
	d.clock += 1000
	edits, already, err := l.Edits(d.t.Context(), rows, "malee", d.clock)
	d.must(err)
	_, err = d.EditMany(d.t.Context(), edits)
	d.must(err)
	return len(edits), already
}

func house(code area.Code, no, regID string) server.ListedRecord {
	values := map[string]any{}
	for question, text := range map[string]string{"house_no": no, "house_reg_id": regID} {
		if text != "" {
			values[question] = text
		}
	}
	return server.ListedRecord{Area: code, Key: no, Values: values}
}

func TestAListedHouseholdWaitsForItsVisit(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	round := d.open("", "4503").ID
	if put, already := d.list(round, house(hutVillage, "12/3", "45030000011")); put != 1 || already != 0 {
		t.Fatalf("put %d, already %d", put, already)
	}
	rec := d.all("hut")[0]
	if rec.Area() != hutVillage || rec.Round() != recordID(t, round) || !rec.Carried() || answerOf(rec, "house_no") != "12/3" || answerOf(rec, "house_reg_id") != "45030000011" {
		t.Errorf("in %s of round %s, carried %t, house %v", rec.Area(), rec.Round(), rec.Carried(), answerOf(rec, "house_no"))
	}
	if last, _ := rec.LastSave(); last.Form != "hut@1" || last.User != "malee" {
		t.Errorf("saved by %s under form %s", last.User, last.Form)
	}
}

func TestAListTakenInTwiceIsTakenInOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	round := d.open("", "4503").ID
	rows := []server.ListedRecord{house(hutVillage, "1", "45030000011"), house(hutVillage, "2", ""), house(hutVillage2, "1", "")}
	if put, already := d.list(round, rows...); put != 3 || already != 0 {
		t.Errorf("first: put %d, already %d", put, already)
	}
	if put, already := d.list(round, rows...); put != 0 || already != 3 {
		t.Errorf("again: put %d, already %d", put, already)
	}
	if put, already := d.list(round, append(rows, house(hutVillage, "3", ""), house(hutVillage, "3", ""))...); put != 1 || already != 4 {
		t.Errorf("a longer list with a row twice: put %d, already %d", put, already)
	}
	if n := len(d.all("hut")); n != 4 {
		t.Errorf("%d huts, want 4", n)
	}
}

func TestAHouseIsKnownHoweverItsNumberIsWritten(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		row     server.ListedRecord
		already int
	}{
		{"in Thai digits", house(hutVillage, "๑๒/๓", ""), 1},
		{"with spaces", house(hutVillage, " 12 / 3 ", ""), 1},
		{"with a zero-width space", house(hutVillage, "12\u200b/3", ""), 1},
		{"in capitals", house(hutVillage, "99A", ""), 1},
		{"by its code in Thai digits", house(hutVillage, "500", "๔๕๐๓ ๐๐๐๐๐๑๑"), 1},
		{"by its number with another code", house(hutVillage, "12/3", "45030000099"), 1},
		{"another number", house(hutVillage, "12/4", ""), 0},
		{"a number that is another one's code", house(hutVillage, "45030000011", ""), 0},
		{"the same number in the next village", house(hutVillage2, "12/3", ""), 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			round := d.open("", "4503").ID
			d.add("hut", hutVillage, groups{"house_no": "12/3", "house_reg_id": "45030000011"})
			d.add("hut", hutVillage, groups{"house_no": "99a"})
			if put, already := d.list(round, tt.row); already != tt.already || put != 1-tt.already {
				t.Errorf("put %d, already %d; want already %d", put, already, tt.already)
			}
		})
	}
}

func TestHousesOfAnotherRoundAreNotInThisOne(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	first := d.open("", "4503").ID
	old := d.add("hut", hutVillage, groups{"house_no": "1"})
	second := d.open("", "4503").ID
	d.add("hut", hutVillage, groups{"house_no": "2", "_life": false, "_round": recordID(t, second)})
	if put, already := d.list(second, house(hutVillage, "1", ""), house(hutVillage, "2", "")); put != 2 || already != 0 {
		t.Errorf("put %d, already %d; want both in: one is of another round, the other was deleted", put, already)
	}
	if put, already := d.list(first, house(hutVillage, "1", "")); put != 0 || already != 1 {
		t.Errorf("in its own round: put %d, already %d", put, already)
	}
	if rec := d.get(old); rec.Round() != recordID(t, first) || rec.Carried() {
		t.Error("the house of the first round has changed")
	}
}

// What people have done to a listed house since then is their word: the list
// does not take it back.
func TestAListDoesNotUndoWhatPeopleDid(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]groups{
		"renumbered": {"house_no": "1/1", "_carried": false},
		"moved":      {"_scope": string(hutVillage2), "_carried": false},
		"deleted":    {"_life": false},
		"merged":     {"_merged_into": syncproto.RecordID{1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			round := d.open("", "4503").ID
			d.list(round, house(hutVillage, "1", ""))
			id := d.all("hut")[0].ID
			d.save(id, "", change)
			before := d.get(id)
			if put, already := d.list(round, house(hutVillage, "1", "")); put != 0 || already != 1 {
				t.Errorf("put %d, already %d", put, already)
			}
			if d.get(id).VV.Compare(before.VV) != syncproto.Equal {
				t.Error("the list changed it")
			}
		})
	}
}

func TestAListerKnowsItsRound(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	l, err := server.NewLister(t.Context(), d.Store, d.catalog(false), d.round(d.open("", "450301", "450302").ID), "house_no")
	d.must(err)
	if !l.Covers(hutVillage) || !l.Covers("45030201") || l.Covers(hutElse) || l.Covers("4503") {
		t.Error("it covers something else than its areas")
	}
	if !l.Has("house_no") || l.Has("given") || l.Has("nothing") {
		t.Error("it has other questions than its households")
	}
}
