package clientlib_test

import (
	"slices"
	"testing"

	"tambonsync/clientlib"
	"tambonsync/syncproto"
)

func TestListNarrowsByEveryFilter(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	d, e := o.enroll("a", amphoe), o.enroll("b", amphoe)
	h1 := d.household(village1, "1")
	h2 := d.household(village2, "2")
	h3 := d.household(farAway, "3")
	m := d.save(clientlib.Edit{Type: "member", Parent: h1}).ID
	gone := d.household(village1, "4")
	if err := d.Delete(t.Context(), gone, "", ""); err != nil {
		t.Fatal(err)
	}
	settle(d, e)
	d.answer(h2, "moo", 1)
	e.answer(h2, "moo", 2)
	settle(d, e)
	d.answer(h3, "moo", 3) // unsent
	all := []syncproto.RecordID{h1, h2, h3, m, gone}
	for _, c := range []struct {
		name   string
		filter clientlib.Filter
		want   []syncproto.RecordID
	}{
		{"nothing asked: all that are alive, in the order they were begun in", clientlib.Filter{}, []syncproto.RecordID{h1, h2, h3, m}},
		{"deleted ones too", clientlib.Filter{Deleted: true}, all},
		{"one type", clientlib.Filter{Type: "member"}, []syncproto.RecordID{m}},
		{"a village", clientlib.Filter{Area: village1}, []syncproto.RecordID{h1, m}},
		{"a tambon", clientlib.Filter{Area: tambon}, []syncproto.RecordID{h1, h2, m}},
		{"a province", clientlib.Filter{Area: "45"}, []syncproto.RecordID{h1, h2, h3, m}},
		{"another province", clientlib.Filter{Area: "46"}, nil},
		{"members of a household", clientlib.Filter{Parent: h1}, []syncproto.RecordID{m}},
		{"unsent", clientlib.Filter{Unsent: true}, []syncproto.RecordID{h3}},
		{"conflicts", clientlib.Filter{Conflicts: true}, []syncproto.RecordID{h2}},
		{"the first two", clientlib.Filter{Limit: 2}, []syncproto.RecordID{h1, h2}},
		{"the next two", clientlib.Filter{Limit: 2, After: h2}, []syncproto.RecordID{h3, m}},
		{"several at once", clientlib.Filter{Type: "household", Area: tambon, Conflicts: true, Deleted: true}, []syncproto.RecordID{h2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []syncproto.RecordID
			for _, it := range d.list(c.filter) {
				got = append(got, it.Record.ID)
			}
			wantEqual(t, "list", got, c.want)
		})
	}
	if !slices.IsSortedFunc(all, syncproto.RecordID.Compare) {
		t.Error("ids are not in the order that the records were begun in")
	}
}

func TestStatusCountsWhatTheOfficerShouldKnow(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	d := newTablet(t, o, "a")
	st := d.status()
	if st.Actor == "" || st.Device != "" || st.Unsent != 0 || st.LastSync != 0 || st.Bytes == 0 {
		t.Errorf("a new store says %+v", st)
	}
	first := d.household(village1, "1")
	wantEqual(t, "unsent before the first office", d.status().Unsent, 1)
	if d.item(first).Sent {
		t.Error("a record counts as sent before the first office")
	}
	if err := d.Enroll(t.Context(), clientlib.Enrollment{Server: o.url + "/", Code: o.invite(tambon), Name: "แท็บเล็ต 1"}); err != nil {
		t.Fatal(err)
	}
	d.household(farAway, "2")
	d.sync()
	st = d.status()
	if st.Device == "" || st.Office != o.who.ID || st.Server != o.url || st.Officer != "สมหญิง ใจดี" || st.LastSync == 0 {
		t.Errorf("got %+v", st)
	}
	wantEqual(t, "areas", st.Areas, d.status().Areas)
	for _, c := range []struct {
		name      string
		got, want int
	}{
		{"records", st.Records, 2},
		{"unsent", st.Unsent, 1},
		{"quarantined", st.Quarantined, 1},
		{"rejected", st.Rejected, 0},
		{"invalid", st.Invalid, 0},
		{"conflicts", st.Conflicts, 0},
	} {
		wantEqual(t, c.name, c.got, c.want)
	}
	if !d.item(first).Sent {
		t.Error("a record that was sent does not count as sent")
	}
	d.answer(first, "moo", 1)
	if d.item(first).Sent {
		t.Error("a record with an unsent answer counts as sent")
	}
}
