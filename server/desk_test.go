package server_test

import (
	"errors"
	"strings"
	"testing"

	"tambonsync/server"
	"tambonsync/server/store/storetest"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
	"tambonsync/syncproto/survey"
)

func TestADefinitionIsReadAndBeginsAsADraft(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, text, kind, ref, words string
	}{
		{"a form", hutForm, server.KindForm, "hut@1", ""},
		{"a set", hutSet, server.KindIndicators, "hut@1", ""},
		{"no JSON", `{`, "", "", ""},
		{"neither", `{"kind":"recipe"}`, "", "", "kind"},
		{"a form that contradicts itself", strings.Replace(hutForm, `"parent":"dweller"`, `"parent":"nobody"`, 1), "", "", "nobody"},
		{"a set with a key that is none", strings.Replace(hutSet, `"pass"`, `"passes"`, 1), "", "", "passes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d, err := server.NewDefinition([]byte(tt.text), "malee", 7)
			if tt.kind == "" {
				if err == nil || !strings.Contains(err.Error(), tt.words) {
					t.Errorf("got %v, want an error with %q in it", err, tt.words)
				}
				return
			}
			if err != nil || d.Kind != tt.kind || d.Ref() != tt.ref || d.Status != server.StatusDraft || d.By != "malee" || d.At != 7 || len(d.Hash) != 64 {
				t.Errorf("got %s %s, %s, by %s at %d, %v", d.Kind, d.Ref(), d.Status, d.By, d.At, err)
			}
		})
	}
}

func TestOnlyACompleteDefinitionIsPublished(t *testing.T) {
	t.Parallel()
	named := func(text, name string) string {
		return strings.Replace(text, `"hut","version":1,`, `"`+name+`","version":1,`, 1)
	}
	draft := func(text, name string) string {
		return strings.Replace(text, `"hut","version":1,`, `"`+name+`","version":1,"draft":true,`, 1)
	}
	d := newDesk(t)
	for _, tt := range []struct {
		name, text string
		err        error
		words      string
	}{
		{"a form", named(hutForm, "fine"), nil, ""},
		{"a form that calls itself a draft", draft(hutForm, "rough"), nil, "form rough@1 says of itself that it is a draft"},
		{"a set", named(hutSet, "fine"), nil, ""},
		{"a set that calls itself a draft", draft(hutSet, "rough"), nil, "indicator set rough@1 says of itself that it is a draft"},
		{"a set whose form is missing", strings.Replace(named(hutSet, "lost"), `"form":"hut@1"`, `"form":"gone@1"`, 1), nil, "gone@1"},
		{"a set that asks what its form does not", strings.Replace(named(hutSet, "wrong"), `"pass":"water"`, `"pass":"gold"`, 1), nil, "gold"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			def := d.define(tt.text, false)
			err := server.CheckPublish(def, d.catalog(true))
			if tt.words == "" && err != nil || tt.words != "" && (err == nil || !strings.Contains(err.Error(), tt.words)) {
				t.Errorf("got %v, want %q in it", err, tt.words)
			}
			if err := server.CheckPublish(def, survey.Builtin()); err == nil {
				t.Error("it is published though the office does not have it")
			}
		})
	}
}

// edit makes an edit and returns the record as it is then.
func (d *desk) edit(e server.Edit) (syncproto.Record, error) {
	d.t.Helper()
	rec, err := d.Edit(d.t.Context(), e)
	return rec.Record, err
}

func TestAStateRemembersTheAnswersOfItsTime(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	id := d.add("hut", hutVillage, groups{"house_no": "1", "water": true})
	e, err := server.StateEdit(d.get(id), syncproto.StateReturned, "ดูอีกครั้ง", map[string]string{"water": "จริงหรือ"}, "somchai", d.clock)
	d.must(err)
	rec, err := d.edit(e)
	d.must(err)
	s := rec.State()
	if s.State != syncproto.StateReturned || s.Note != "ดูอีกครั้ง" || s.Comments["water"] != "จริงหรือ" || s.Answers != rec.AnswersDigest() {
		t.Errorf("got %+v", s)
	}
	if last, _ := rec.LastSave(); last.User != "somchai" || last.Form != "hut@1" {
		t.Errorf("saved by %s by form %s: a record must stay with its form", last.User, last.Form)
	}
	d.save(id, "", groups{"water": false})
	if rec := d.get(id); rec.State().Answers == rec.AnswersDigest() {
		t.Error("a later change does not show")
	}
	if e, err = server.StateEdit(d.get(id), "", "", nil, "somchai", d.clock); err != nil {
		t.Fatal(err)
	}
	if rec, err = d.edit(e); err != nil || rec.State().State != "" {
		t.Errorf("taken back: %+v, %v", rec.State(), err)
	}
	if _, err := server.StateEdit(rec, "perfect", "", nil, "somchai", d.clock); err == nil || !strings.Contains(err.Error(), "perfect") {
		t.Errorf("an unknown state: %v", err)
	}
	d.save(id, "", groups{"_life": false})
	if _, err := server.StateEdit(d.get(id), syncproto.StateApproved, "", nil, "somchai", d.clock); err == nil || !strings.Contains(err.Error(), "deleted") {
		t.Errorf("a deleted record: %v", err)
	}
}

// What a person at the desk decided about a record that has moved on since is
// refused: it was decided about other answers.
func TestADecisionAboutARecordThatMovedOnIsRefused(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	id, other := d.add("hut", hutVillage, groups{"water": true}), d.add("hut", hutVillage, nil)
	rec := d.get(id)
	approve, err := server.StateEdit(rec, syncproto.StateApproved, "", nil, "somchai", d.clock)
	d.must(err)
	merge, err := server.MergeEdit(rec, other, "somchai", d.clock)
	d.must(err)
	v := d.open("", "4504")
	round := d.get(recordID(t, v.ID))
	closing := server.CloseRoundEdit(round, false, "somchai", d.clock)
	d.save(id, "", groups{"water": false})
	d.save(round.ID, "", groups{"title": "ใหม่"})
	for name, e := range map[string]server.Edit{"approve": approve, "merge": merge, "close": closing} {
		if _, err := d.edit(e); !errors.Is(err, server.ErrConflict) {
			t.Errorf("%s: got %v, want ErrConflict", name, err)
		}
	}
	if rec := d.get(id); rec.State().State != "" || !rec.MergedInto().IsZero() {
		t.Error("the record has changed")
	}
}

func TestAMergedRecordKeepsItsAnswersAndComesBack(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	into, double := d.add("hut", hutVillage, nil), d.add("hut", hutVillage, groups{"house_no": "2"})
	merge := func(id, into syncproto.RecordID) syncproto.Record {
		e, err := server.MergeEdit(d.get(id), into, "somchai", d.clock)
		d.must(err)
		rec, err := d.edit(e)
		d.must(err)
		return rec
	}
	if rec := merge(double, into); rec.MergedInto() != into || !rec.Alive() || answerOf(rec, "house_no") != "2" {
		t.Errorf("merged into %s, alive %t", rec.MergedInto(), rec.Alive())
	}
	if rec := merge(double, syncproto.RecordID{}); !rec.MergedInto().IsZero() || !rec.Alive() {
		t.Error("the merge was not taken back")
	}
	d.save(double, "", groups{"_life": false})
	for _, target := range []syncproto.RecordID{into, {}} {
		if rec := merge(double, target); rec.Alive() || rec.MergedInto() != target {
			t.Errorf("merging a deleted record into %s brought it back", target)
		}
	}
	if _, err := server.MergeEdit(d.get(into), into, "somchai", d.clock); err == nil || !strings.Contains(err.Error(), "itself") {
		t.Errorf("into itself: %v", err)
	}
}

func TestARecordMergesOnlyIntoALivingOneOfItsType(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	double, into := d.add("hut", hutVillage, nil), d.add("hut", hutVillage, nil)
	member := d.add("dweller", hutVillage, groups{"_parent": into})
	gone, merged := d.add("hut", hutVillage, groups{"_life": false}), d.add("hut", hutVillage, groups{"_merged_into": into})
	for _, tt := range []struct {
		name  string
		into  syncproto.RecordID
		words string
	}{
		{"another household", into, ""},
		{"a member", member, "a hut cannot be merged into a dweller"},
		{"a deleted one", gone, gone.String() + " is deleted"},
		{"a merged one", merged, merged.String() + " is deleted or merged"},
	} {
		err := server.CheckMerge(d.get(double), d.get(tt.into))
		if tt.words == "" && err != nil || tt.words != "" && (err == nil || !strings.Contains(err.Error(), tt.words)) {
			t.Errorf("into %s: got %v, want %q in it", tt.name, err, tt.words)
		}
	}
}

func TestAVillageIsSignedOffAndOpenedAgain(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.round(d.open("", "450301", "45030201").ID)
	round := recordID(t, r.ID)
	numbers := map[string]any{"total": int64(3)}
	certify := func(c server.Certificate) syncproto.Record {
		c.Round = r
		e, err := server.CertifyEdit(c, "somchai", d.clock)
		d.must(err)
		rec, err := d.edit(e)
		d.must(err)
		return rec
	}
	rec := certify(server.Certificate{Village: hutVillage, Numbers: numbers, Signatures: []string{"ผู้ใหญ่บ้าน", "พัฒนากร"}, Note: "เวทีประชาคม"})
	if rec.ID != syncproto.VillageID(round, hutVillage) || rec.Type != syncproto.TypeVillage || rec.Area() != hutVillage || rec.Round() != round {
		t.Errorf("a %s %s in %s of round %s", rec.Type, rec.ID, rec.Area(), rec.Round())
	}
	if signed, _ := answerOf(rec, "signatures").([]any); answerOf(rec, "state") != "certified" || len(signed) != 2 || answerOf(rec, "note") != "เวทีประชาคม" {
		t.Errorf("state %v, signed by %v, note %v", answerOf(rec, "state"), signed, answerOf(rec, "note"))
	}
	rec = certify(server.Certificate{Village: hutVillage, Note: "ผิดหนึ่งหลัง"})
	if answerOf(rec, "state") != "open" || answerOf(rec, "numbers") != nil || answerOf(rec, "signatures") != nil || answerOf(rec, "note") != "ผิดหนึ่งหลัง" {
		t.Errorf("opened again: %v, %v", answerOf(rec, "state"), answerOf(rec, "numbers"))
	}
	for name, code := range map[string]area.Code{"outside the round": "45030202", "of another province": "46010101", "a whole tambon": "450301", "none": ""} {
		if _, err := server.CertifyEdit(server.Certificate{Round: r, Village: code, Numbers: numbers}, "somchai", d.clock); err == nil || !strings.Contains(err.Error(), string(code)) {
			t.Errorf("a village %s: got %v", name, err)
		}
	}
	if _, err := server.CertifyEdit(server.Certificate{Round: survey.Round{ID: "x", Areas: r.Areas}, Village: hutVillage}, "somchai", d.clock); err == nil {
		t.Error("a round that is none was accepted")
	}
}

func TestTabletsThatHaveNotSyncedForADayAreOutstanding(t *testing.T) {
	t.Parallel()
	const now, day = storetest.Now, 24 * 60 * 60 * 1000
	tablet := func(seen int64, grants ...area.Code) server.Device {
		return server.Device{SeenAt: seen, Grants: grants}
	}
	locked := tablet(0, "450301")
	locked.RevokedAt = now
	devices := []server.Device{
		tablet(now-2*day, "450301"), tablet(0, "450302", "450301"), tablet(now-day+1, "450301"), tablet(now-2*day, "46"), tablet(now-2*day, "45"), locked,
	}
	for code, want := range map[area.Code]int{"450301": 3, "45": 3, hutVillage: 3, "4602": 1, "47": 0, "": 4} {
		if got := server.Outstanding(devices, code, now); got != want {
			t.Errorf("in %q: %d, want %d", code, got, want)
		}
	}
}
