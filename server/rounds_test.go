package server_test

import (
	"context"
	"crypto/rand"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"tambonsync/server"
	"tambonsync/server/store"
	"tambonsync/server/store/storetest"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
	"tambonsync/syncproto/survey"
)

// hutForm has questions that go into the next round's roster and others that
// do not, also within one group, and records below records.
const hutForm = `{"kind":"form","name":"hut","version":1,"title":{"th":"กระท่อม","en":"Huts"},"record_types":[
 {"name":"hut","label":{"th":"กระท่อม","en":"Hut"},"questions":[
  {"name":"house_no","type":"text","label":{"th":"เลขที่","en":"House number"},"carry":true},
  {"name":"house_reg_id","type":"text","label":{"th":"รหัสประจำบ้าน","en":"House code"},"carry":true,"privacy":"id"},
  {"name":"roof","type":"text","group":"house","label":{"th":"หลังคา","en":"Roof"},"carry":true},
  {"name":"paint","type":"text","group":"house","label":{"th":"สี","en":"Paint"}},
  {"name":"water","type":"bool","label":{"th":"น้ำ","en":"Water"}}]},
 {"name":"dweller","parent":"hut","label":{"th":"คน","en":"Dweller"},"questions":[
  {"name":"given","type":"text","label":{"th":"ชื่อ","en":"Name"},"carry":true},
  {"name":"sick","type":"bool","label":{"th":"ป่วย","en":"Sick"}}]},
 {"name":"pet","parent":"dweller","label":{"th":"สัตว์เลี้ยง","en":"Pet"},"questions":[
  {"name":"kind","type":"text","label":{"th":"ชนิด","en":"Kind"},"carry":true}]}]}`

const hutSet = `{"kind":"indicators","name":"hut","version":1,"title":{"th":"ตัวชี้วัด","en":"Indicators"},"form":"hut@1","record_type":"hut",
 "indicators":[{"no":1,"code":"1","name":{"th":"มีน้ำ","en":"Has water"},"unit":"household","pass":"water"}]}`

const (
	hutVillage  area.Code = "45030101"
	hutVillage2 area.Code = "45030102"
	hutElse     area.Code = "45040101"
)

// desk is an office's store without a server before it, as the command has it.
type desk struct {
	*store.Store
	t     *testing.T
	clock int64
	n     int
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	dir := t.TempDir()
	d := &desk{t: t, clock: storetest.Now}
	d.must(store.Create(t.Context(), dir, "อำเภอปทุมรัตต์", rand.Reader))
	var err error
	d.Store, err = store.Open(t.Context(), dir)
	d.must(err)
	t.Cleanup(func() { d.must(d.Close()) })
	d.define(hutForm, true)
	d.define(hutSet, true)
	return d
}

func (d *desk) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) define(text string, publish bool) server.Definition {
	d.t.Helper()
	def, err := server.NewDefinition([]byte(text), "malee", d.clock)
	d.must(err)
	if publish {
		def.Status = server.StatusPublished
	}
	d.must(d.AddDefinition(d.t.Context(), def))
	return def
}

func (d *desk) catalog(drafts bool) *survey.Catalog {
	d.t.Helper()
	c, err := server.LoadCatalog(d.t.Context(), d.Store, drafts)
	d.must(err)
	return c
}

// open opens a round of the huts as a person at the desk does.
func (d *desk) open(from string, areas ...string) server.RoundView {
	d.t.Helper()
	d.clock += 60_000
	rounds, err := server.ReadRounds(d.t.Context(), d.Store)
	d.must(err)
	plan, err := server.PlanRound(d.catalog(false), rounds, survey.Round{Form: "hut", Areas: areas, ReferenceDate: "2020-01-01"}, from)
	d.must(err)
	v, err := plan.Open(d.t.Context(), d.Store, "malee", rand.Reader, d.clock)
	d.must(err)
	return v
}

func (d *desk) round(id string) survey.Round {
	d.t.Helper()
	rounds, err := server.ReadRounds(d.t.Context(), d.Store)
	d.must(err)
	r, err := server.FindRound(rounds, id)
	d.must(err)
	return r
}

type groups = storetest.Answers

// add makes a record of a hut's form.
func (d *desk) add(kind string, code area.Code, more groups) syncproto.RecordID {
	d.t.Helper()
	d.n++
	id := storetest.RecordID(d.n)
	all := groups{syncproto.GroupScope: string(code)}
	maps.Copy(all, more)
	d.save(id, kind, all)
	return id
}

func (d *desk) save(id syncproto.RecordID, kind string, changes groups) {
	d.t.Helper()
	d.clock += 1000
	_, err := d.Edit(d.t.Context(), server.Edit{
		ID: id, Type: kind, Changes: changes.Values(), At: d.clock, Context: syncproto.Context{User: "malee", Form: "hut@1"},
	})
	d.must(err)
}

func (d *desk) get(id syncproto.RecordID) syncproto.Record {
	d.t.Helper()
	rec, err := d.Record(d.t.Context(), id)
	d.must(err)
	return rec.Record
}

// all lists the records of a type, deleted ones too.
func (d *desk) all(kind string) (out []syncproto.Record) {
	d.t.Helper()
	list, err := d.Records(d.t.Context(), server.RecordFilter{Type: kind, Deleted: true, Limit: 1000})
	d.must(err)
	for _, r := range list {
		out = append(out, r.Record)
	}
	return out
}

func recordID(t *testing.T, text string) syncproto.RecordID {
	t.Helper()
	id, err := syncproto.ParseRecordID(text)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func answerOf(rec syncproto.Record, group string) any {
	if len(rec.Groups[group]) == 0 {
		return nil
	}
	v, _ := rec.Winner(group).Any()
	return v
}

func TestARoundThatCannotBeIsRefusedByName(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.define(strings.Replace(hutForm, `"hut","version":1,`, `"later","version":1,"draft":true,`, 1), true)
	d.define(strings.Replace(hutSet, `"hut","version":1,`, `"rough","version":1,"draft":true,`, 1), true)
	c := d.catalog(false)
	for _, tt := range []struct {
		name   string
		change func(*survey.Round)
		words  string
	}{
		{"a good one", func(*survey.Round) {}, ""},
		{"one without indicators", func(r *survey.Round) { r.Set = "" }, ""},
		{"a village that is in no list", func(r *survey.Round) { r.Areas = []string{"45030199"} }, ""},
		{"a whole province", func(r *survey.Round) { r.Areas = []string{"45"} }, ""},
		{"two amphoe of a province", func(r *survey.Round) { r.Areas = []string{"4503", "4504"} }, ""},
		{"an unknown form", func(r *survey.Round) { r.Form = "nowhere@1" }, `form "nowhere@1"`},
		{"a draft of a form", func(r *survey.Round) { r.Form, r.Set = "later@1", "" }, "later@1 is a draft"},
		{"the built-in draft", func(r *survey.Round) { r.Form, r.Set = "bmn-2565@1", "" }, "bmn-2565@1 is a draft"},
		{"an unknown set", func(r *survey.Round) { r.Set = "nothing@9" }, `"nothing@9"`},
		{"a draft of a set", func(r *survey.Round) { r.Set = "rough@1" }, "rough@1 is a draft"},
		{"the set of another form", func(r *survey.Round) { r.Set = "bmn-2560@1" }, "bmn-2560@1"},
		{"no area", func(r *survey.Round) { r.Areas = nil }, "at least one area"},
		{"an empty area", func(r *survey.Round) { r.Areas = []string{""} }, "empty"},
		{"an area in letters", func(r *survey.Round) { r.Areas = []string{"ปทุม"} }, `"ปทุม"`},
		{"a tambon that is not", func(r *survey.Round) { r.Areas = []string{"450399"} }, "450399: there is no such tambon"},
		{"a province that is not", func(r *survey.Round) { r.Areas = []string{"45", "99"} }, "99: there is no such province"},
		{"a village of a tambon that is not", func(r *survey.Round) { r.Areas = []string{"45039901"} }, "45039901: there is no such tambon"},
		{"an area twice", func(r *survey.Round) { r.Areas = []string{"4503", "4504", "4503"} }, "4503 is there twice"},
		{"two provinces", func(r *survey.Round) { r.Areas = []string{"4503", "4601"} }, "one province"},
		{"no reference date", func(r *survey.Round) { r.ReferenceDate = "" }, "reference date"},
		{"a year of the Buddhist era", func(r *survey.Round) { r.ReferenceDate = "2563-01-01" }, "2563-01-01"},
		{"a day that is not", func(r *survey.Round) { r.ReferenceDate = "2021-02-29" }, "2021-02-29"},
		{"a first day that is not", func(r *survey.Round) { r.Opens = "2020-13-01" }, "2020-13-01"},
		{"a last day that is not", func(r *survey.Round) { r.Closes = "soon" }, `"soon"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := survey.Round{Form: "hut@1", Set: "hut@1", Areas: []string{"450301"}, ReferenceDate: "2020-01-01"}
			tt.change(&r)
			err := server.CheckRound(r, c)
			if tt.words == "" && err != nil || tt.words != "" && (err == nil || !strings.Contains(err.Error(), tt.words)) {
				t.Errorf("got %v, want %q in it", err, tt.words)
			}
		})
	}
}

func TestARoundLiesWhereAllItsAreasDo(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for scope, areas := range map[area.Code][]string{
		"45": {"4503", "4504"}, "4503": {"450301", "45030201"}, "450301": {"45030101", "45030102"}, "45030101": {"45030101"},
	} {
		v := d.open("", areas...)
		rec := d.get(recordID(t, v.ID))
		if rec.Area() != scope {
			t.Errorf("the round of %v lies in %s, want %s", areas, rec.Area(), scope)
		}
		if r := d.round(v.ID); !slices.Equal(r.Areas, areas) || !r.Open || r.Form != "hut@1" || r.Set != "hut@1" || r.ReferenceDate != "2020-01-01" {
			t.Errorf("read back as %+v", r)
		}
	}
}

func TestRecordsStayInTheirRoundWhenASecondOneOpens(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	first := d.open("", "4503", "4504")
	inside, named := d.add("hut", hutVillage, nil), d.add("hut", hutVillage, groups{"_round": storetest.RecordID(77)})
	outside, gone := d.add("hut", hutElse, nil), d.add("hut", hutVillage, groups{"_life": false})
	child := d.add("dweller", hutVillage, groups{"_parent": inside})
	second := d.open("", "4503")
	if second.Kept != 1 || first.Kept != 0 {
		t.Errorf("kept %d, then %d; want none, then one", first.Kept, second.Kept)
	}
	for _, tt := range []struct {
		name string
		id   syncproto.RecordID
		want syncproto.RecordID
	}{
		{"a record of the first round", inside, recordID(t, first.ID)},
		{"one that names a round", named, storetest.RecordID(77)},
		{"one outside the second round", outside, syncproto.RecordID{}},
		{"a deleted one", gone, syncproto.RecordID{}},
		{"a member, who goes with the household", child, syncproto.RecordID{}},
	} {
		if got := d.get(tt.id).Round(); got != tt.want {
			t.Errorf("%s is in round %s, want %s", tt.name, got, tt.want)
		}
	}
	if d.get(gone).Alive() {
		t.Error("the deleted one is back")
	}
	before := d.get(inside)
	if n, err := server.KeepRounds(t.Context(), d.Store, d.catalog(false), d.round(second.ID), "malee", d.clock); n != 0 || err != nil {
		t.Errorf("once more: %d, %v", n, err)
	}
	if d.get(inside).VV.Compare(before.VV) != syncproto.Equal {
		t.Error("keeping twice saved twice")
	}
}

func TestWhatBelongsToNoRoundIsNotPutIntoOne(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	id := d.add("hut", hutVillage, nil)
	if v := d.open("", "4504"); v.Kept != 0 { // a round elsewhere
		t.Errorf("kept %d", v.Kept)
	}
	if v := d.open("", "4503"); v.Kept != 0 {
		t.Errorf("kept %d", v.Kept)
	}
	if r := d.get(id).Round(); !r.IsZero() {
		t.Errorf("a record from before all rounds names %s; the only round of its area is its own without that", r)
	}
}

func TestKeepingGoesOverManyPages(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.open("", "4503")
	var edits []server.Edit
	for i := range 1203 {
		edits = append(edits, server.Edit{
			ID: storetest.RecordID(10_000 + i), Type: "hut", At: d.clock, Context: syncproto.Context{User: "malee", Form: "hut@1"},
			Changes: groups{"_scope": string([]area.Code{hutVillage, hutVillage2}[i%2])}.Values(),
		})
	}
	_, err := d.EditMany(t.Context(), edits)
	d.must(err)
	if v := d.open("", "450301"); v.Kept != 1203 {
		t.Errorf("kept %d of 1203", v.Kept)
	}
}

// roster is an earlier round with everything that may become of a household.
type roster struct {
	*desk
	from                                                  server.RoundView
	stays, merged, lateMerged, gone, strange, moved, away syncproto.RecordID
	given, brother, guest, dead, orphan, cat              syncproto.RecordID
}

func newRoster(t *testing.T) *roster {
	t.Helper()
	d := newDesk(t)
	r := &roster{desk: d, from: d.open("", "45")}
	r.stays = d.add("hut", hutVillage, groups{
		"house_no": "1", "house_reg_id": "45030000011", "house": map[string]any{"roof": "tin", "paint": "red"}, "water": true,
	})
	r.merged = d.add("hut", hutVillage, groups{"house_no": "1"})
	r.lateMerged = d.add("hut", hutVillage2, groups{"house_no": "1"})
	r.gone = d.add("hut", hutVillage, groups{"house_no": "3"})
	r.strange = d.add("hut", hutVillage, groups{"house_no": "4", "_round": storetest.RecordID(77)})
	r.moved = d.add("hut", hutElse, groups{"house_no": "5"})
	r.away = d.add("hut", hutVillage, groups{"house_no": "6"})
	r.given = d.add("dweller", hutVillage, groups{"_parent": r.stays, "given": "แดง", "sick": true})
	r.brother = d.add("dweller", hutVillage, groups{"_parent": r.merged, "given": "ดำ"})
	r.guest = d.add("dweller", hutVillage2, groups{"_parent": r.lateMerged, "given": "ขาว"})
	r.dead = d.add("dweller", hutVillage, groups{"_parent": r.stays, "given": "เขียว"})
	r.orphan = d.add("dweller", hutVillage, groups{"_parent": r.gone, "given": "ม่วง"})
	r.cat = d.add("pet", hutVillage, groups{"_parent": r.given, "kind": "แมว"})
	d.save(r.merged, "", groups{"_merged_into": r.stays})
	d.save(r.lateMerged, "", groups{"_merged_into": r.merged, "_life": false})
	d.save(r.gone, "", groups{"_life": false})
	d.save(r.dead, "", groups{"_life": false})
	d.save(r.moved, "", groups{"_scope": string(hutVillage2)})
	d.save(r.away, "", groups{"_scope": string(hutElse)})
	return r
}

func TestTheNextRoundBeginsWithTheRosterOfTheLast(t *testing.T) {
	t.Parallel()
	d := newRoster(t)
	v := d.open(d.from.ID, "4503")
	round := recordID(t, v.ID)
	carried := func(id syncproto.RecordID) syncproto.RecordID { return syncproto.CarriedID(round, id) }
	if v.Carried != 6 || v.Previous != d.from.ID || d.round(v.ID).Previous != d.from.ID {
		t.Errorf("carried %d, want 6; previous %q, want %q", v.Carried, v.Previous, d.from.ID)
	}
	for _, tt := range []struct {
		name     string
		old      syncproto.RecordID
		kind     string
		area     area.Code
		parent   syncproto.RecordID
		question string
		want     any
	}{
		{"a household", d.stays, "hut", hutVillage, syncproto.RecordID{}, "house_no", "1"},
		{"a household that moved in", d.moved, "hut", hutVillage2, syncproto.RecordID{}, "house_no", "5"},
		{"a member", d.given, "dweller", hutVillage, carried(d.stays), "given", "แดง"},
		{"a member of a merged household", d.brother, "dweller", hutVillage, carried(d.stays), "given", "ดำ"},
		{"a member of one that was merged and deleted", d.guest, "dweller", hutVillage2, carried(d.stays), "given", "ขาว"},
		{"a member's pet", d.cat, "pet", hutVillage, carried(d.given), "kind", "แมว"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rec, err := d.Record(t.Context(), carried(tt.old))
			if err != nil {
				t.Fatal(err)
			}
			got := rec.Record
			if got.Type != tt.kind || got.Area() != tt.area || got.Parent() != tt.parent || got.From() != tt.old || !got.Carried() || !got.Alive() {
				t.Errorf("a %s in %s below %s, from %s, carried %t", got.Type, got.Area(), got.Parent(), got.From(), got.Carried())
			}
			if answerOf(got, tt.question) != tt.want {
				t.Errorf("%s is %v, want %v", tt.question, answerOf(got, tt.question), tt.want)
			}
			if want := tt.parent.IsZero(); (got.Round() == round) != want || !want && !got.Round().IsZero() {
				t.Errorf("it names round %s; a household names its own and a member none", got.Round())
			}
		})
	}
	for name, id := range map[string]syncproto.RecordID{
		"merged": d.merged, "merged and deleted": d.lateMerged, "deleted": d.gone, "of another round": d.strange, "moved away": d.away,
		"a deleted member": d.dead, "a member of a deleted household": d.orphan,
	} {
		if _, err := d.Record(t.Context(), carried(id)); !errors.Is(err, server.ErrNotFound) {
			t.Errorf("%s: carried forward (%v)", name, err)
		}
	}
}

func TestOnlyAnswersThatTheFormCarriesAreCarried(t *testing.T) {
	t.Parallel()
	d := newRoster(t)
	round := recordID(t, d.open(d.from.ID, "4503").ID)
	hut := d.get(syncproto.CarriedID(round, d.stays))
	var names []string
	for name := range hut.Groups {
		names = append(names, name)
	}
	slices.Sort(names)
	if want := []string{"_carried", "_from", "_life", "_round", "_scope", "house", "house_no", "house_reg_id"}; !slices.Equal(names, want) {
		t.Errorf("groups %v, want %v", names, want)
	}
	if house, _ := answerOf(hut, "house").(map[string]any); house["roof"] != "tin" || house["paint"] != nil {
		t.Errorf("of the house there is %v, want its roof only", house)
	}
	if member := d.get(syncproto.CarriedID(round, d.given)); answerOf(member, "sick") != nil {
		t.Error("a sickness of last year was carried forward")
	}
	if old := d.get(d.stays); answerOf(old, "water") != true || old.Round() == round {
		t.Error("the earlier record has changed")
	}
}

func TestCarryingTwiceIsCarryingOnce(t *testing.T) {
	t.Parallel()
	d := newRoster(t)
	v := d.open(d.from.ID, "4503")
	round := recordID(t, v.ID)
	hut, member := syncproto.CarriedID(round, d.stays), syncproto.CarriedID(round, d.given)
	d.save(hut, "", groups{"house_no": "1/1", "_carried": false, "_scope": string(hutVillage2)})
	d.save(member, "", groups{"_life": false})
	newcomer := d.add("hut", hutVillage, groups{"house_no": "9", "_round": recordID(t, d.from.ID)})
	before := len(d.all(""))
	n, err := server.CarryForward(t.Context(), d.Store, d.catalog(false), d.round(d.from.ID), d.round(v.ID), "malee", d.clock)
	if err != nil || n != 1 {
		t.Errorf("once more: %d records, %v; want the newcomer only", n, err)
	}
	if got := len(d.all("")); got != before+1 {
		t.Errorf("%d records, want one more than %d", got, before)
	}
	if rec := d.get(hut); answerOf(rec, "house_no") != "1/1" || rec.Carried() || rec.Area() != hutVillage2 {
		t.Error("what an officer confirmed is undone")
	}
	if d.get(member).Alive() {
		t.Error("a member whom an officer took out is back")
	}
	if rec := d.get(syncproto.CarriedID(round, newcomer)); rec.Round() != round {
		t.Error("the newcomer is in no round")
	}
}

func TestOverlappingAreasCarryOnce(t *testing.T) {
	t.Parallel()
	d := newRoster(t)
	if v := d.open(d.from.ID, "4503", "450301", string(hutVillage)); v.Carried != 6 {
		t.Errorf("carried %d, want 6", v.Carried)
	}
}

func TestARoundIsFoundByTheBeginningOfItsID(t *testing.T) {
	t.Parallel()
	rounds := []survey.Round{{ID: "0193aaaa-1"}, {ID: "0193aabb-2"}, {ID: "0193aabb-22"}}
	for _, tt := range []struct {
		id, want string
		err      error
	}{
		{"0193aaaa", "0193aaaa-1", nil},
		{"0193aabb-2", "0193aabb-2", nil}, // the whole id of one, the beginning of another
		{"0193", "", server.ErrAmbiguous},
		{"019", "", server.ErrNotFound},
		{"", "", server.ErrNotFound},
		{"0194", "", server.ErrNotFound},
	} {
		got, err := server.FindRound(rounds, tt.id)
		if got.ID != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("%q: got %q, %v", tt.id, got.ID, err)
		}
	}
}

func TestAClosedRoundIsOpenedAgain(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	v := d.open("", "4503")
	for _, open := range []bool{false, true} {
		got, err := server.OpenOrCloseRound(context.Background(), d.Store, d.round(v.ID), open, "malee", d.clock)
		d.must(err)
		if (got.State == "open") != open || d.round(v.ID).Open != open {
			t.Errorf("open %t: %s", open, got.State)
		}
	}
	if r := d.round(v.ID); r.Title != v.Title || !slices.Equal(r.Areas, v.Areas) || r.Form != v.Form {
		t.Errorf("closing changed the round: %+v", r)
	}
}
