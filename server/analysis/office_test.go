package analysis

import (
	"context"
	"crypto/rand"
	"strings"
	"testing"

	"tambonsync/server"
	"tambonsync/server/store"
	"tambonsync/server/store/storetest"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
	"tambonsync/syncproto/survey"
)

const (
	tambon   area.Code = "450301"
	village  area.Code = "45030101"
	village2 area.Code = "45030102"
	next     area.Code = "45030201" // in the next tambon
	far      area.Code = "46010101" // in the next province
)

// now is when the tests begin; every save is a second later.
const now = storetest.Now

const tinyForm = `{"kind":"form","name":"tiny","version":1,"title":{"th":"แบบย่อ","en":"Tiny"},"record_types":[
 {"name":"house","label":{"th":"บ้าน","en":"House"},"questions":[
  {"name":"water","type":"bool","label":{"th":"น้ำ","en":"Water"},"required":true},
  {"name":"sick_n","type":"int","label":{"th":"ป่วย","en":"Sick"}},
  {"name":"house_code","type":"text","label":{"th":"รหัสบ้าน","en":"House code"},"privacy":"id"},
  {"name":"grade","type":"int","label":{"th":"ระดับ","en":"Grade"}}]},
 {"name":"person","label":{"th":"คน","en":"Person"},"parent":"house","max":5,"unique":[["citizen"]],"alike":[["given","birth_date"]],"questions":[
  {"name":"age","type":"int","label":{"th":"อายุ","en":"Age"},"min":0,"max":120},
  {"name":"citizen","type":"thai_id","label":{"th":"เลข","en":"Citizen id"},"privacy":"id"},
  {"name":"given","type":"text","label":{"th":"ชื่อ","en":"Name"},"privacy":"name"},
  {"name":"birth_date","type":"date","label":{"th":"เกิด","en":"Born"}}]},
 {"name":"tooth","label":{"th":"ฟัน","en":"Tooth"},"parent":"person","questions":[
  {"name":"sound","type":"bool","label":{"th":"ดี","en":"Sound"}}]}]}`

const tinySet = `{"kind":"indicators","name":"tiny","version":1,"title":{"th":"ตัวชี้วัด","en":"Indicators"},"form":"tiny@1","record_type":"house","parameters":{"adult":18},
 "indicators":[
 {"no":1,"code":"1.1","name":{"th":"ผู้ใหญ่แข็งแรง","en":"Adults are well"},"unit":"person","applicable":{"count":"person","where":["age >= param.adult"]},"failing":"sick_n",
  "reason":{"th":"ป่วย {failing} จาก {applicable}","en":"{failing} of {applicable} sick"}},
 {"no":2,"code":"1.2","name":{"th":"มีน้ำ","en":"Has water"},"unit":"household","pass":"water"},
 {"no":63,"code":"1.3","name":{"th":"ระดับ","en":"Grade"},"unit":"household","score":"grade"}],
 "levels":[{"level":1,"name":{"th":"ต้น","en":"First"},"when":"score1 >= 1.0"},{"level":2,"name":{"th":"สูง","en":"High"},"when":"true"}]}`

// testOffice is a real office with its derived tables.
type testOffice struct {
	*store.Store
	t     testing.TB
	dir   string
	a     *Analysis
	clock int64
	n     int
	seen  map[syncproto.RecordID]bool
}

func newOffice(t testing.TB) *testOffice {
	t.Helper()
	o := &testOffice{t: t, dir: t.TempDir(), clock: now, seen: map[syncproto.RecordID]bool{}}
	must(t, store.Create(t.Context(), o.dir, "สำนักงาน", rand.Reader))
	var err error
	if o.Store, err = store.Open(t.Context(), o.dir); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { must(t, o.Close()) })
	o.a = o.open()
	o.publish(tinyForm, tinySet)
	return o
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// open opens the derived tables once more, as another process does.
func (o *testOffice) open() *Analysis {
	o.t.Helper()
	office, err := o.Office(context.Background())
	must(o.t, err)
	a, err := Open(context.Background(), o.dir, o.Store, office.Pepper)
	must(o.t, err)
	o.t.Cleanup(func() { must(o.t, a.Close()) })
	return a
}

func (o *testOffice) publish(definitions ...string) {
	o.t.Helper()
	for _, text := range definitions {
		d, err := server.NewDefinition([]byte(text), "malee", o.clock)
		must(o.t, err)
		d.Status = server.StatusPublished
		must(o.t, o.AddDefinition(context.Background(), d))
	}
}

type answers = storetest.Answers

// save writes a record. A first save needs its type and area.
func (o *testOffice) save(id syncproto.RecordID, typ string, changes answers) syncproto.RecordID {
	o.t.Helper()
	o.clock += 1000
	values := changes.Values()
	if !o.seen[id] {
		o.seen[id] = true
	} else {
		typ = ""
	}
	_, err := o.Edit(context.Background(), server.Edit{
		ID: id, Type: typ, Changes: values, At: o.clock, Context: syncproto.Context{User: "malee", Form: "tiny@1"},
	})
	must(o.t, err)
	return id
}

func (o *testOffice) id() syncproto.RecordID {
	o.n++
	return storetest.RecordID(o.n)
}

func (o *testOffice) house(code area.Code, more answers) syncproto.RecordID {
	o.t.Helper()
	return o.save(o.id(), "house", with(answers{"_scope": string(code), "water": true, "grade": 2}, more))
}

func (o *testOffice) person(house syncproto.RecordID, code area.Code, more answers) syncproto.RecordID {
	o.t.Helper()
	return o.save(o.id(), "person", with(answers{"_scope": string(code), "_parent": house, "age": 40}, more))
}

// change saves over a record that is there.
func (o *testOffice) change(id syncproto.RecordID, changes answers) {
	o.t.Helper()
	o.save(id, "", changes)
}

func with(a, b answers) answers {
	for k, v := range b {
		a[k] = v
	}
	return a
}

// round opens a round of the tiny form.
func (o *testOffice) round(areas ...string) syncproto.RecordID {
	o.t.Helper()
	id := o.id()
	o.writeRound(survey.Round{ID: id.String(), Title: "รอบ", Form: "tiny@1", Set: "tiny@1", Areas: areas, ReferenceDate: "2020-01-01", Open: true})
	return id
}

func (o *testOffice) writeRound(r survey.Round) {
	o.t.Helper()
	o.clock += 1000
	e, err := server.RoundEdit(r, "malee", "", o.clock)
	must(o.t, err)
	if o.seen[e.ID] {
		e.Type = ""
	}
	o.seen[e.ID] = true
	_, err = o.Edit(context.Background(), e)
	must(o.t, err)
}

// certify freezes a village's numbers as they are now, or opens it again.
func (o *testOffice) certify(round syncproto.RecordID, code area.Code, yes bool) {
	o.t.Helper()
	o.catchUp()
	rounds, err := o.a.Rounds(context.Background())
	must(o.t, err)
	c := server.Certificate{Village: code}
	for _, r := range rounds {
		if r.ID == round.String() {
			c.Round = r
		}
	}
	if yes {
		c.Numbers, err = o.a.Numbers(context.Background(), code, round)
		must(o.t, err)
	}
	o.clock += 1000
	e, err := server.CertifyEdit(c, "malee", o.clock)
	must(o.t, err)
	if o.seen[e.ID] {
		e.Type = ""
	}
	o.seen[e.ID] = true
	_, err = o.Edit(context.Background(), e)
	must(o.t, err)
}

func (o *testOffice) catchUp() {
	o.t.Helper()
	_, err := o.a.CatchUp(context.Background())
	must(o.t, err)
}

// check catches up and compares the tables with a rebuild.
func (o *testOffice) check() {
	o.t.Helper()
	equal, differences, err := o.a.Check(context.Background())
	if err != nil || !equal {
		o.t.Fatalf("a rebuild differs (%v):\n%s", err, strings.Join(differences, "\n"))
	}
}

func (o *testOffice) summary(code area.Code, round syncproto.RecordID) survey.Summary {
	o.t.Helper()
	o.catchUp()
	s, err := o.a.Summary(context.Background(), code, round)
	must(o.t, err)
	return s
}

// line is one indicator as applicable/failed pass/fail/na/unanswered.
func line(s survey.Summary, no int) [6]int {
	for _, l := range s.Indicators {
		if l.No == no {
			return [6]int{l.Applicable, l.Failed, l.Households.Pass, l.Households.Fail, l.Households.NA, l.Households.Unanswered}
		}
	}
	return [6]int{}
}
