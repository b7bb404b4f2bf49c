package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"tambonsync/server"
	"tambonsync/server/analysis"
	"tambonsync/server/store"
	"tambonsync/syncproto"
	"tambonsync/syncproto/survey"
)

// The ids of the description's examples.
const (
	houseOne = "01936b2e-7a10-7c3e-8f00-5a1b2c3d4e01"
	houseTwo = "01936b2e-7a10-7c3e-8f00-5a1b2c3d4e02"
	roundOne = "01936b2e-7a10-7c3e-8f00-5a1b2c3d4e99"
	village  = "45030301"
)

// exporterFunc is an exporter of a test.
type exporterFunc func(ctx context.Context, q server.ExportRequest, w io.Writer) (int64, error)

func (f exporterFunc) Export(ctx context.Context, q server.ExportRequest, w io.Writer) (int64, error) {
	return f(ctx, q, w)
}

// newSurveyOffice is an office with everything switched on.
func newSurveyOffice(t *testing.T, change ...func(*server.Config)) (*office, *analysis.Analysis) {
	t.Helper()
	var a *analysis.Analysis
	all := append([]func(*server.Config){func(c *server.Config) {
		who, err := c.Store.Office(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		a, err = analysis.Open(t.Context(), t.TempDir(), c.Store.(*store.Store), who.Pepper)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := a.Close(); err != nil {
				t.Error(err)
			}
		})
		c.Analysis = a
		c.Exporter = exporterFunc(func(_ context.Context, _ server.ExportRequest, w io.Writer) (int64, error) {
			n, err := io.WriteString(w, "id\n1\n")
			return int64(n / 3), err
		})
		c.ImportWorkbook = readTestWorkbook
	}}, change...)
	return newOffice(t, all...), a
}

// readTestWorkbook takes a "workbook" that is a definition, leaves something
// out of it, and finds a mistake in anything else.
func readTestWorkbook(data []byte) ([]byte, []server.WorkbookProblem, error) {
	if !bytes.HasPrefix(data, []byte("{")) {
		return nil, []server.WorkbookProblem{{Sheet: "survey", Row: 14, Column: "D", TH: "ไม่รู้จักคำสั่ง", EN: "unknown function"}}, nil
	}
	return data, []server.WorkbookProblem{{Sheet: "settings", Row: 2, Column: "B", Warning: true, TH: "ไม่ได้ใช้", EN: "not used"}}, nil
}

func id(t *testing.T, text string) syncproto.RecordID {
	t.Helper()
	out, err := syncproto.ParseRecordID(text)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// edit is a save of the office.
func (o *office) edit(text, kind string, changes map[string]any) syncproto.Record {
	o.t.Helper()
	values := map[string]syncproto.Value{}
	for name, v := range changes {
		value, err := syncproto.NewValue(v)
		if err != nil {
			o.t.Fatal(err)
		}
		values[name] = value
	}
	form := "bmn-2560@1"
	if kind == "village" {
		form = "nrd2c-2560@1"
	}
	r, err := o.store.Edit(o.t.Context(), server.Edit{
		ID: id(o.t, text), Type: kind, Changes: values, At: o.clock.Now().UnixMilli(), Context: syncproto.Context{User: "admin", Form: form},
	})
	if err != nil {
		o.t.Fatal(err)
	}
	return r.Record
}

func (o *office) openRound(r survey.Round) {
	o.t.Helper()
	r.Open, r.ReferenceDate = true, "2020-01-01"
	e, err := server.RoundEdit(r, "admin", "", o.clock.Now().UnixMilli())
	if err != nil {
		o.t.Fatal(err)
	}
	if _, err := o.store.Edit(o.t.Context(), e); err != nil {
		o.t.Fatal(err)
	}
}

// record is the n-th record of a test.
func record(n int) string { return fmt.Sprintf("01936b2e-7a10-7c3e-8f00-%012x", n) }

// fill gives the office one of everything that an answer can show.
func (o *office) fill() {
	o.t.Helper()
	o.openRound(survey.Round{ID: roundOne, Title: "จปฐ. ๒๕๖๓", Form: "bmn-2560@1", Set: "bmn-2560@1", Areas: []string{"450303"}, Opens: "2020-01-04", Closes: "2020-03-31"})
	o.openRound(survey.Round{ID: record(900), Title: "กชช.2ค", Form: "nrd2c-2560@1", Set: "nrd2c-2560@1", Areas: []string{"450304"}})
	o.edit(houseOne, "household", map[string]any{
		"_scope": village, "_round": id(o.t, roundOne), "house_no": "12/4", "house_reg_id": "45030012345", "moo": 100, "q6_4_fail_n": 9, "q9": true,
	})
	o.edit(houseTwo, "household", map[string]any{"_scope": village, "house_no": "12/4"})
	o.edit(record(3), "household", map[string]any{"_scope": "45030302", "_carried": true, "_from": id(o.t, houseTwo)})
	o.edit(record(4), "household", map[string]any{"_scope": "45030501", "q9": false}) // in no round
	for n, parent := range []string{houseOne, houseTwo, record(999)} {
		o.edit(record(10+n), "member", map[string]any{
			"_scope": village, "_parent": id(o.t, parent), "national_id": "1101700203451", "birth_date": "1980-05-01",
			"name": map[string]any{"first_name": "สมชาย", "last_name": "ใจดี"},
		})
	}
	o.edit(record(13), "member", map[string]any{"_scope": village}) // under nobody
	o.edit(record(20), "village", scoredVillage(o.t))
	lat, lon := 15.6, 103.6
	must(o.t, o.store.PutVillages(o.t.Context(), []server.Village{
		{Code: village, NameTH: "หนองแคน", NameEN: "Nong Khaen", LocalGov: "6450303", Lat: &lat, Lon: &lon, ValidFrom: "2010-01-01", ValidTo: "2030-01-01", Predecessor: "45030302"},
		{Code: "45030302", NameTH: "โนนสวรรค์"},
	}))
	must(o.t, o.store.PutLocalGovs(o.t.Context(), []server.LocalGov{{Code: "6450303", NameTH: "อบต.หนองแคน", Kind: "อบต.", Province: "45"}}))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// scoredVillage has an answer for every indicator of กชช.2ค, from the golden
// cases, so that it reaches a level.
func scoredVillage(t *testing.T) map[string]any {
	t.Helper()
	body, err := os.ReadFile("../testdata/indicators/nrd2c-2560.json")
	must(t, err)
	var golden struct {
		Cases []struct {
			Village map[string]any
			Want    struct{ Score int }
		}
	}
	must(t, json.Unmarshal(body, &golden))
	out := map[string]any{"_scope": "45030401"}
	for _, c := range golden.Cases {
		if c.Want.Score != 1 {
			continue
		}
		for q, v := range c.Village {
			out[q] = v
		}
	}
	return out
}

// everyKey is a form with the keys that the forms of the program do not have.
const everyKey = `{"kind": "form", "name": "every-key", "version": 1, "title": {"th": "ทุกอย่าง", "en": "Everything"},
	"choices": {"tambons": [{"name": "a", "label": {"th": "ก", "en": "A"}, "filter": {"province": "45"}}]},
	"record_types": [{"name": "shop", "label": {"th": "ร้าน", "en": "Shop"},
		"sections": [{"name": "s", "label": {"th": "ส่วน", "en": "Section"}, "relevant": "open == true", "appearance": "field-list"}],
		"questions": [
			{"name": "open", "type": "bool", "label": {"th": "เปิด", "en": "Open"}, "default": true},
			{"name": "tambon", "type": "choice", "label": {"th": "ตำบล", "en": "Tambon"}, "section": "s", "choices": "tambons",
				"choice_filter": "choice.province == '45'", "required": true, "required_message": {"th": "เลือก", "en": "Choose"}},
			{"name": "stock", "type": "table", "label": {"th": "สินค้า", "en": "Stock"}, "rows": [{"name": "rice", "label": {"th": "ข้าว", "en": "Rice"}}],
				"columns": [{"name": "kg", "type": "decimal", "label": {"th": "กก.", "en": "kg"}, "min": 0, "max": 1000}]}]}]}`

// quarantined pushes a household from outside a device's grant and returns the
// id that it waits under.
func (o *office) quarantined(d *device, token string, last byte) string {
	o.t.Helper()
	rec := d.household("45030501", last, map[string]any{"house_reg_id": "45030012345"})
	d.push(token, rec)
	items, err := o.store.Inbox(o.t.Context(), false, 100)
	must(o.t, err)
	i := slices.IndexFunc(items, func(it server.InboxItem) bool { return it.Record == rec.ID })
	if i < 0 {
		o.t.Fatalf("record %s does not wait", rec.ID)
	}
	return items[i].ID
}

// conflict lets two devices answer differently.
func (o *office) conflict() (record string) {
	o.t.Helper()
	a, tokenA := o.ready("450303")
	b, tokenB := o.ready("450303")
	rec := a.household(village, 200, map[string]any{"house_no": "1"})
	a.push(tokenA, rec)
	a.push(tokenA, a.save(rec, map[string]any{"house_no": "1/1"}))
	b.push(tokenB, b.save(rec, map[string]any{"house_no": "1/2"}))
	return rec.ID.String()
}

// copied pushes two different saves under one dot, as two copies of a device's
// store do, and returns the case about it.
func (o *office) copied() string {
	o.t.Helper()
	d, token := o.ready("450303")
	head := d.head
	rec := d.household(village, 201, map[string]any{"house_no": "7"})
	d.push(token, rec)
	d.head, head = head, d.head
	other := d.household(village, 201, map[string]any{"house_no": "8"})
	d.head = head
	d.push(token, other)
	cases, err := o.store.Cases(o.t.Context(), server.CaseFilter{Record: rec.ID})
	must(o.t, err)
	i := slices.IndexFunc(cases, func(c server.Case) bool { return c.Kind == "copied_store" })
	if i < 0 {
		o.t.Fatalf("cases %+v: want one of a copied store", cases)
	}
	return cases[i].ID
}

// A call is one request to an operation of the description: what fills its
// path, its query, and either the body or the name of an example.
type call struct {
	op      string // "GET /api/v1/records/{id}"
	fill    string
	query   string
	body    any
	example string
	book    string // the body is a workbook
	status  int    // 0: 200
}

// script is what the test of all operations asks, in this order. It holds
// every JSON operation, and what each can refuse.
func (o *office) script() []call {
	d, token := o.ready("450303")
	decided := o.quarantined(d, token, 101)
	must(o.t, o.store.Decide(o.t.Context(), server.Decision{Item: decided, By: "admin", Why: "ซ้ำ", At: o.clock.Now().UnixMilli()}))
	accept, reject := o.quarantined(d, token, 102), o.quarantined(d, token, 103)
	conflicting := o.conflict()
	draft := map[string]any{"kind": "form", "name": "later", "version": 1, "title": map[string]string{"th": "ร่าง", "en": "Draft"}, "draft": true, "record_types": []any{}}
	return []call{
		{op: "GET /healthz"},
		{op: "GET /api/v1/openapi.json"},
		{op: "POST /api/v1/token", example: "typical"},
		{op: "POST /api/v1/token", body: map[string]string{"user": "admin", "password": "no"}, status: 401},
		{op: "GET /api/v1/records"},
		{op: "GET /api/v1/records", query: "limit=1&type=household&area=4503&deleted=true"},
		{op: "GET /api/v1/records", query: "round=" + roundOne + "&limit=1"},
		{op: "GET /api/v1/records", query: "round=" + roundOne + "&state=in_progress"},
		{op: "GET /api/v1/records", query: "state=in_progress", status: 400},
		{op: "GET /api/v1/records", query: "rond=" + roundOne, status: 400},
		{op: "GET /api/v1/records", query: "after=" + record(998), status: 404},
		{op: "GET /api/v1/records/{id}", fill: houseOne},
		{op: "GET /api/v1/records/{id}", fill: record(3)},
		{op: "GET /api/v1/records/{id}", fill: conflicting},
		{op: "GET /api/v1/records/{id}", fill: record(999), status: 404},
		{op: "GET /api/v1/cases"},
		{op: "POST /api/v1/cases/{id}/close", fill: o.copied()},
		{op: "POST /api/v1/cases/{id}/close", fill: "x", status: 404},
		{op: "POST /api/v1/records/{id}/resolve", fill: conflicting, example: "typical"},
		{op: "GET /api/v1/cases", query: "closed=true&area=450303&limit=5"},
		{op: "POST /api/v1/records/{id}/state", fill: houseOne, example: "approve"},
		{op: "POST /api/v1/records/{id}/resolve", fill: houseOne, body: map[string]any{"group": "soi", "value": "3"}},
		{op: "GET /api/v1/records/{id}", fill: houseOne},
		{op: "POST /api/v1/records/{id}/state", fill: houseOne, example: "return"},
		{op: "POST /api/v1/records/{id}/state", fill: record(10), body: map[string]string{"state": "approved"}, status: 422},
		{op: "POST /api/v1/records/{id}/state", fill: houseOne, body: map[string]string{"state": "fine"}, status: 400},
		{op: "POST /api/v1/records/{id}/state", fill: roundOne, body: map[string]string{"state": "approved"}, status: 422},
		{op: "GET /api/v1/summaries", query: "area=450303&children=true"},
		{op: "GET /api/v1/summaries", query: "round=" + record(900)},
		{op: "GET /api/v1/summaries", query: "area=4503", status: 400},
		{op: "GET /api/v1/summaries", query: "area=450305&round=" + roundOne},
		{op: "GET /api/v1/summaries", query: "local_gov=6450303&round=" + roundOne},
		{op: "GET /api/v1/summaries", query: "local_gov=1&round=" + roundOne, status: 404},
		{op: "GET /api/v1/results", query: "area=4503&round=" + roundOne},
		{op: "GET /api/v1/results", query: "limit=1&round=" + roundOne + "&complete=false&state=in_progress"},
		{op: "GET /api/v1/results", query: "round=" + record(900) + "&indicator=1&verdict=fail"},
		{op: "GET /api/v1/results", query: "round=" + record(900) + "&verdict=fail", status: 400},
		{op: "GET /api/v1/results"},
		{op: "GET /api/v1/results/{record}", fill: houseOne},
		{op: "GET /api/v1/results/{record}", fill: record(11)},
		{op: "GET /api/v1/results/{record}", fill: record(20)},
		{op: "GET /api/v1/results/{record}", fill: record(999), status: 404},
		{op: "GET /api/v1/duplicates", query: "limit=1&area=450303&round=" + roundOne},
		{op: "GET /api/v1/duplicates", query: "kind=national_id"},
		{op: "GET /api/v1/orphans", query: "limit=1&area=45"},
		{op: "GET /api/v1/orphans"},
		{op: "GET /api/v1/flags", query: "limit=1&count=true"},
		{op: "GET /api/v1/flags", query: "code=no_round&area=4503&round="},
		{op: "GET /api/v1/flags", query: "round=" + roundOne},
		{op: "POST /api/v1/records/{id}/merge", fill: houseOne, example: "typical"},
		{op: "POST /api/v1/records/{id}/merge", fill: record(10), body: map[string]string{"into": houseTwo}, status: 422},
		{op: "POST /api/v1/records/{id}/unmerge", fill: houseOne},
		{op: "POST /api/v1/records/{id}/unmerge", fill: houseOne, status: 422},
		{op: "GET /api/v1/areas", query: "q=เกษตรวิสัย"},
		{op: "GET /api/v1/areas", query: "q=450303"},
		{op: "GET /api/v1/villages", query: "area=450303&limit=1"},
		{op: "GET /api/v1/villages", query: "after=" + village},
		{op: "POST /api/v1/villages/{code}/certify", fill: village, example: "typical"},
		{op: "POST /api/v1/villages/{code}/certify", fill: village, example: "typical", status: 409},
		{op: "POST /api/v1/villages/{code}/certify", fill: "45030501", example: "typical", status: 422},
		{op: "GET /api/v1/summaries", query: "area=" + village + "&round=" + roundOne},
		{op: "POST /api/v1/villages/{code}/reopen", fill: village, example: "typical"},
		{op: "POST /api/v1/villages/{code}/reopen", fill: village, example: "typical", status: 409},
		{op: "GET /api/v1/forms"},
		{op: "GET /api/v1/forms", query: "kind=indicators"},
		{op: "GET /api/v1/forms/{ref}", fill: "bmn-2560@1"},
		{op: "GET /api/v1/forms/{ref}", fill: "nrd2c-2560"},
		{op: "GET /api/v1/forms/{ref}", fill: "bmn-2560", query: "kind=indicators"},
		{op: "GET /api/v1/forms/{ref}", fill: "bmn-2565", query: "kind=indicators"},
		{op: "GET /api/v1/forms/{ref}", fill: "nrd2c-2560", query: "kind=indicators"},
		{op: "GET /api/v1/forms/{ref}", fill: "none", status: 404},
		{op: "POST /api/v1/forms", example: "form"},
		{op: "POST /api/v1/forms", body: draft, status: 422},
		{op: "POST /api/v1/forms", book: everyKey},
		{op: "POST /api/v1/forms", book: "PK", status: 422},
		{op: "GET /api/v1/forms/{ref}", fill: "every-key@1"},
		{op: "POST /api/v1/forms/{ref}/publish", fill: "wells@1"},
		{op: "POST /api/v1/forms/{ref}/publish", fill: "bmn-2560@1", status: 422},
		{op: "POST /api/v1/forms/{ref}/publish", fill: "bmn-2565@1", query: "kind=indicators", status: 422},
		{op: "POST /api/v1/forms/{ref}/publish", fill: "none", status: 404},
		{op: "GET /api/v1/rounds"},
		{op: "POST /api/v1/rounds", example: "next year"},
		{op: "POST /api/v1/rounds", example: "first"},
		{op: "POST /api/v1/rounds", body: map[string]any{"form": "bmn-2565", "areas": []string{"450303"}, "reference_date": "2020-01-01"}, status: 422},
		{op: "POST /api/v1/rounds/{id}/close", fill: roundOne},
		{op: "POST /api/v1/rounds/{id}/reopen", fill: roundOne},
		{op: "POST /api/v1/rounds/{id}/close", fill: record(998), status: 404},
		{op: "GET /api/v1/records/{id}", fill: syncproto.CarriedID(id(o.t, roundOne), id(o.t, houseOne)).String(), status: 404},
		{op: "GET /api/v1/export", query: "round=" + roundOne + "&area=450303"},
		{op: "GET /api/v1/export", query: "personal=true&round=" + roundOne, status: 400},
		{op: "GET /api/v1/export", query: "personal=true&reason=ตรวจรายชื่อ&round=" + roundOne},
		{op: "GET /api/v1/export", query: "what=boats", status: 400},
		{op: "GET /api/v1/exports", query: "limit=5"},
		{op: "POST /api/v1/invitations", example: "typical"},
		{op: "GET /api/v1/quarantine", query: "all=true&limit=10"},
		{op: "POST /api/v1/quarantine/{id}/accept", fill: accept, example: "typical"},
		{op: "POST /api/v1/quarantine/{id}/accept", fill: accept, status: 409},
		{op: "POST /api/v1/quarantine/{id}/reject", fill: reject, example: "typical"},
		{op: "PUT /api/v1/devices/{id}/grants", fill: d.id, example: "typical"},
		{op: "POST /api/v1/devices/{id}/revoke", fill: d.id},
		{op: "GET /api/v1/devices"},
	}
}

func TestEveryAnswerIsAsDescribed(t *testing.T) {
	o, a := newSurveyOffice(t, func(c *server.Config) { c.LoginPerMinute = 100 })
	staff := o.staff()
	o.fill()
	script := o.script()
	d := readDescription(t)
	operations := map[string]operation{}
	for _, op := range d.operations() {
		operations[op.String()] = op
	}
	done := map[string]bool{}
	for _, c := range script {
		op, ok := operations[c.op]
		if !ok {
			t.Fatalf("%s is not described", c.op)
		}
		if _, err := a.CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		answer := o.call(d, op, c, staff)
		if want := max(c.status, 200); c.status == 0 && answer.status != 200 || c.status > 0 && answer.status != want {
			t.Errorf("%s %s %s: answered %d, want %d: %s", c.op, c.fill, c.query, answer.status, want, answer.body)
		}
		d.answered(op, answer)
		if answer.status == http.StatusOK {
			done[c.op] = true
			if c.example != "" {
				done[c.op+" "+c.example] = true
			}
		}
	}
	for name, op := range operations {
		if d.answersJSON(op) && !done[name] {
			t.Errorf("%s was never answered", name)
		}
		for example := range d.examplesOf(op) {
			if !done[name+" "+example] {
				t.Errorf("%s: the example %q was never accepted", name, example)
			}
		}
	}
	unseen := slices.DeleteFunc(d.unseen(), func(name string) bool {
		return strings.HasPrefix(name, "RoundToOpen.") // only asked
	})
	if len(unseen) > 0 {
		t.Errorf("described, and in no answer:\n%s", strings.Join(unseen, "\n"))
	}
}

func (o *office) call(d *description, op operation, c call, staff string) answer {
	o.t.Helper()
	path := op.path
	if _, name, ok := strings.Cut(path, "{"); ok {
		name, _, _ = strings.Cut(name, "}")
		path = strings.Replace(path, "{"+name+"}", c.fill, 1)
	}
	if c.query != "" {
		path += "?" + strings.ReplaceAll(c.query, " ", "%20")
	}
	var body []byte
	if c.example != "" {
		if body = d.examplesOf(op)[c.example]; body == nil {
			o.t.Fatalf("%s has no example %q", c.op, c.example)
		}
	} else if c.body != nil {
		var err error
		if body, err = json.Marshal(c.body); err != nil {
			o.t.Fatal(err)
		}
	}
	header := map[string]string{}
	if body != nil {
		header["Content-Type"] = "application/json"
	}
	if c.book != "" {
		header["Content-Type"], body = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", []byte(c.book)
	}
	return o.send(strings.ToUpper(op.method), path, staff, header, body)
}
