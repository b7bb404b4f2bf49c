package analysis

import (
	"context"
	"testing"

	"tambonsync/server"
	"tambonsync/syncproto"
	"tambonsync/syncproto/survey"
)

// bmnRound opens a round of จปฐ. 2560–2564.
func (o *testOffice) bmnRound() syncproto.RecordID {
	o.t.Helper()
	id := o.id()
	o.writeRound(survey.Round{ID: id.String(), Title: "จปฐ. 2563", Form: "bmn-2560@1", Set: "bmn-2560@1", Areas: []string{"450301"}, ReferenceDate: "2020-01-01", Open: true})
	return id
}

// bmnFamily records a household of three, with the answers of a few indicators.
func (o *testOffice) bmnFamily(n int) syncproto.RecordID {
	o.t.Helper()
	head := o.id()
	edits := []server.Edit{o.bmnEdit(head, "household", answers{
		"has_house_no": true, "house_no": "1", "head_name": "สมชาย", "income_main": 300_000, "income_second": 0, "income_other": 0, "income_own_use": 0,
		"q9": n%2 == 0,
	})}
	for _, born := range []string{"1985-01-01", "1985-01-02", "2012-05-05"} {
		edits = append(edits, o.bmnEdit(o.id(), "member", answers{"_parent": head, "first_name": "ก", "birth_date": born, "sex": "male", "relation": "other"}))
	}
	_, err := o.EditMany(context.Background(), edits)
	must(o.t, err)
	return head
}

func (o *testOffice) bmnEdit(id syncproto.RecordID, typ string, a answers) server.Edit {
	o.clock += 1000
	return server.Edit{
		ID: id, Type: typ, At: o.clock, Changes: with(a, answers{"_scope": string(village)}).Values(),
		Context: syncproto.Context{User: "malee", Form: "bmn-2560@1"},
	}
}

func TestTheBuiltInSetIsCounted(t *testing.T) {
	x, err := survey.Builtin().Indicators("bmn-2560@1", "bmn-2560@1")
	must(t, err)
	o := newOffice(t)
	r := o.bmnRound()
	var heads []syncproto.RecordID
	for n := range 6 {
		heads = append(heads, o.bmnFamily(n))
	}
	s := o.summary(tambon, r)
	if len(s.Indicators) != len(x.List()) || s.Households.Total != 6 || s.Persons != 18 || s.Set != "bmn-2560@1" || s.Unassigned != 0 {
		t.Fatalf("%+v", s)
	}
	want := survey.NewTally()
	for _, id := range heads {
		d, err := o.a.Result(t.Context(), id)
		must(t, err)
		want.Add(survey.Judged{State: d.State, Complete: d.Complete, Persons: d.Persons, Result: d.Result})
	}
	for _, l := range s.Indicators {
		sums := want.Indicators[l.No]
		if got := line(s, l.No); got != [6]int{sums.Applicable, sums.Failed, sums.Pass, sums.Fail, sums.NA, sums.Unanswered} {
			t.Errorf("indicator %d: %v, want %+v", l.No, got, sums)
		}
	}
	o.check()
}
