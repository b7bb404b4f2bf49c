package export_test

import (
	"context"
	"crypto/rand"
	"testing"

	"tambonsync/server"
	"tambonsync/server/analysis"
	"tambonsync/server/export"
	"tambonsync/server/store"
	"tambonsync/server/store/storetest"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
	"tambonsync/syncproto/survey"
)

// farmForm has a question of every kind that may not leave the office, among
// others that may.
const farmForm = `{"kind":"form","name":"farm","version":1,"title":{"th":"ไร่นา","en":"Farm"},
 "choices":{"faith":[{"name":"secret-b","label":{"th":"ข","en":"B"}},{"name":"secret-c","label":{"th":"ค","en":"C"}}],
  "crops":[{"name":"rice","label":{"th":"ข้าว","en":"Rice"}},{"name":"corn","label":{"th":"ข้าวโพด","en":"Corn"}}],
  "rooms":[{"name":"bed","label":{"th":"นอน","en":"Bed"}},{"name":"kitchen","label":{"th":"ครัว","en":"Kitchen"}}]},
 "record_types":[
 {"name":"farm","label":{"th":"ไร่","en":"Farm"},"questions":[
  {"name":"house_no","type":"text","label":{"th":"เลขที่","en":"House number"},"carry":true},
  {"name":"owner","type":"text","label":{"th":"เจ้าของ","en":"Owner"},"privacy":"name"},
  {"name":"tax","type":"int","label":{"th":"เลขภาษี","en":"Tax number"},"privacy":"id"},
  {"name":"faith","type":"choice","choices":"faith","label":{"th":"ศาสนา","en":"Religion"},"privacy":"s26"},
  {"name":"sign","type":"signature","label":{"th":"ลายมือชื่อ","en":"Signature"}},
  {"name":"view","type":"photo","label":{"th":"ภาพ","en":"Photo"}},
  {"name":"tag","type":"barcode","label":{"th":"รหัส","en":"Tag"}},
  {"name":"place","type":"geopoint","label":{"th":"ที่ตั้ง","en":"Place"}},
  {"name":"water","type":"bool","label":{"th":"น้ำ","en":"Water"},"required":true},
  {"name":"income","type":"money","label":{"th":"รายได้","en":"Income"}},
  {"name":"crops","type":"multi","choices":"crops","label":{"th":"พืช","en":"Crops"}},
  {"name":"rooms","type":"count_table","rows":"rooms","label":{"th":"ห้อง","en":"Rooms"}},
  {"name":"plots","type":"table","rows":"crops","columns":[{"name":"rai","type":"decimal","label":{"th":"ไร่","en":"Rai"}},{"name":"buyer","type":"text","label":{"th":"ผู้ซื้อ","en":"Buyer"}}],"label":{"th":"แปลง","en":"Plots"}},
  {"name":"seen","type":"date","label":{"th":"วันที่ไป","en":"Visited"}},
  {"name":"heads","type":"calculate","calculation":"count(person)","label":{"th":"คน","en":"People"}},
  {"name":"greeting","type":"calculate","calculation":"concat([owner])","label":{"th":"ชื่อ","en":"Greeting"}},
  {"name":"again","type":"calculate","calculation":"greeting","label":{"th":"ชื่อ","en":"Again"}},
  {"name":"devout","type":"calculate","calculation":"faith == 'secret-b'","label":{"th":"ศาสนา","en":"Devout"}},
  {"name":"eldest","type":"calculate","calculation":"min_of(person.map(p, days(p.birth_date)))","label":{"th":"แก่สุด","en":"Eldest"}}]},
 {"name":"person","parent":"farm","label":{"th":"คน","en":"Person"},"questions":[
  {"name":"given","type":"text","label":{"th":"ชื่อ","en":"Name"},"privacy":"name"},
  {"name":"citizen","type":"thai_id","label":{"th":"เลข","en":"Citizen id"}},
  {"name":"birth_date","type":"date","partial":true,"label":{"th":"เกิด","en":"Born"}},
  {"name":"age","type":"calculate","calculation":"age_years(birth_date, reference_date)","label":{"th":"อายุ","en":"Age"}},
  {"name":"born","type":"calculate","calculation":"days(birth_date)","label":{"th":"วันเกิด","en":"Day of birth"}},
  {"name":"note_of","type":"text","label":{"th":"หมายเหตุ","en":"Remark"}},
  {"name":"belief","type":"choice","choices":"faith","label":{"th":"ศาสนา","en":"Religion"},"privacy":"s26"},
  {"name":"sick","type":"bool","label":{"th":"ป่วย","en":"Sick"}}]}]}`

const farmSet = `{"kind":"indicators","name":"farm","version":1,"title":{"th":"ตัวชี้วัด","en":"Indicators"},"form":"farm@1","record_type":"farm",
 "definitions":{"sick":"count(person.filter(p, p.sick))"},
 "indicators":[
 {"no":1,"code":"1.1","name":{"th":"คนแข็งแรง","en":"Well"},"unit":"person","applicable":{"count":"person","where":["age >= 18.0"]},"failing":"sick"},
 {"no":2,"code":"1.2","name":{"th":"มีน้ำ","en":"Has water"},"unit":"household","pass":"water"}]}`

// A small register for many records: three questions and one indicator.
const tinyForm = `{"kind":"form","name":"tiny","version":1,"title":{"th":"ย่อ","en":"Tiny"},"record_types":[
 {"name":"hut","label":{"th":"บ้าน","en":"Hut"},"questions":[
  {"name":"water","type":"bool","label":{"th":"น้ำ","en":"Water"}},
  {"name":"rooms","type":"int","label":{"th":"ห้อง","en":"Rooms"}},
  {"name":"roof","type":"choice","choices":[{"name":"tin","label":{"th":"สังกะสี","en":"Tin"}},{"name":"tile","label":{"th":"กระเบื้อง","en":"Tile"}}],"label":{"th":"หลังคา","en":"Roof"}}]}]}`

const tinySet = `{"kind":"indicators","name":"tiny","version":1,"title":{"th":"ตัวชี้วัด","en":"Indicators"},"form":"tiny@1","record_type":"hut",
 "indicators":[{"no":1,"code":"1","name":{"th":"มีน้ำ","en":"Has water"},"unit":"household","pass":"water"}]}`

const (
	tambon   area.Code = "450301"
	village  area.Code = "45030101"
	village2 area.Code = "45030102"
)

// office is a real office with its derived tables.
type office struct {
	*store.Store
	t     testing.TB
	dir   string
	x     *export.Exporter
	clock int64
	n     int
}

func newOffice(t testing.TB) *office {
	t.Helper()
	o := &office{t: t, dir: t.TempDir(), clock: storetest.Now}
	must(t, store.Create(context.Background(), o.dir, "สำนักงาน", rand.Reader))
	var err error
	o.Store, err = store.Open(context.Background(), o.dir)
	must(t, err)
	t.Cleanup(func() { must(t, o.Close()) })
	who, err := o.Office(context.Background())
	must(t, err)
	a, err := analysis.Open(context.Background(), o.dir, o.Store, who.Pepper)
	must(t, err)
	t.Cleanup(func() { must(t, a.Close()) })
	o.x = &export.Exporter{Store: o.Store, Analysis: a, TempDir: t.TempDir()}
	return o
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (o *office) publish(definitions ...string) {
	o.t.Helper()
	for _, text := range definitions {
		d, err := server.NewDefinition([]byte(text), "malee", o.clock)
		must(o.t, err)
		d.Status = server.StatusPublished
		must(o.t, o.AddDefinition(context.Background(), d))
	}
}

// round opens a round of a published form.
func (o *office) round(form string, areas ...string) syncproto.RecordID {
	o.t.Helper()
	o.n++
	id := storetest.RecordID(o.n)
	e, err := server.RoundEdit(survey.Round{
		ID: id.String(), Title: "รอบ", Form: form, Set: form, Areas: areas, ReferenceDate: "2020-01-01", Open: true,
	}, "malee", "", o.clock)
	must(o.t, err)
	_, err = o.Edit(context.Background(), e)
	must(o.t, err)
	return id
}

type answers = storetest.Answers

// add makes a record and returns its id.
func (o *office) add(typ string, groups answers) syncproto.RecordID {
	o.t.Helper()
	o.n++
	id := storetest.RecordID(o.n)
	o.save(id, typ, groups)
	return id
}

func (o *office) save(id syncproto.RecordID, typ string, groups answers) {
	o.t.Helper()
	o.clock += 1000
	_, err := o.Edit(context.Background(), server.Edit{
		ID: id, Type: typ, Changes: groups.Values(), At: o.clock, Context: syncproto.Context{User: "malee", Form: "farm@1"},
	})
	must(o.t, err)
}
