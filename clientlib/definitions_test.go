package clientlib_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"tambonsync/server"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
	"tambonsync/syncproto/survey"
)

// healthForm asks households, and keeps two questions in one group.
const healthForm = `{"kind": "form", "name": "health", "version": 1, "title": {"th": "สุขภาพ", "en": "Health"},
	"record_types": [
		{"name": "household", "label": {"th": "ครัวเรือน", "en": "Household"}, "questions": [
			{"name": "house_no", "type": "text", "label": {"th": "บ้านเลขที่", "en": "House number"}},
			{"name": "latrine", "type": "bool", "group": "water", "label": {"th": "ส้วม", "en": "Latrine"}},
			{"name": "well", "type": "bool", "group": "water", "label": {"th": "บ่อน้ำ", "en": "Well"}}]},
		{"name": "patient", "parent": "household", "label": {"th": "ผู้ป่วย", "en": "Patient"}, "questions": [
			{"name": "nickname", "type": "text", "label": {"th": "ชื่อเล่น", "en": "Nickname"}}]}]}`

// publish gives devices a form.
func (o *office) publish(text string) *survey.Form {
	o.t.Helper()
	f, err := survey.Parse([]byte(text))
	if err != nil {
		o.t.Fatal(err)
	}
	o.publishBytes(f.Name(), f.JSON())
	return f
}

func (o *office) publishBytes(name string, body []byte) {
	o.t.Helper()
	sum := sha256.Sum256(body)
	err := o.store.AddDefinition(context.Background(), server.Definition{
		Kind: server.KindForm, Name: name, Version: 1, Hash: hex.EncodeToString(sum[:]), Status: server.StatusPublished, Body: body,
	})
	if err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) villages(names map[area.Code]string) {
	o.t.Helper()
	var list []server.Village
	for code, name := range names {
		list = append(list, server.Village{Code: code, NameTH: name})
	}
	if err := o.store.PutVillages(context.Background(), list); err != nil {
		o.t.Fatal(err)
	}
}

// knows lists what a tablet knows beside records, as sentences.
func (d *tablet) knows() (out []string) {
	d.t.Helper()
	c, err := d.Catalog(context.Background())
	if err != nil {
		d.t.Fatal(err)
	}
	builtin := survey.Builtin()
	for _, f := range c.Forms() {
		if _, known := builtin.Form(f.Ref()); !known {
			out = append(out, "form "+f.Ref())
		}
	}
	rounds, err := d.Rounds(context.Background())
	if err != nil {
		d.t.Fatal(err)
	}
	for _, r := range rounds {
		v, _ := r.Winner("title").Any()
		out = append(out, fmt.Sprintf("round %v", v))
	}
	villages, err := d.Villages(context.Background())
	if err != nil {
		d.t.Fatal(err)
	}
	for _, v := range villages {
		out = append(out, "village "+v.NameTH)
	}
	return out
}

func TestADeviceLearnsTheFormsRoundsAndVillagesThatConcernIt(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a := o.enroll("a", village1)
	a.calm()
	wantEqual(t, "at first", a.knows(), []string(nil))
	o.publish(healthForm)
	o.round("จังหวัด", "health@1", "45", "45")
	o.round("อำเภออื่น", "health@1", "4504", "4504")
	o.villages(map[area.Code]string{village1: "บ้านหนึ่ง", village2: "บ้านสอง"})
	a.way.clear()
	a.calm()
	wantEqual(t, "requests", a.way.paths(), []string{"hello", "pull", "definitions"})
	want := []string{"form health@1", "round จังหวัด", "village บ้านหนึ่ง"}
	wantEqual(t, "after a sync", a.knows(), want)
	a.way.clear()
	a.calm()
	wantEqual(t, "requests when nothing is new", a.way.paths(), []string{"hello", "pull"})
	for _, e := range a.way.exchanges {
		if e.sent >= 300 || e.received >= 300 {
			t.Errorf("%s: %d bytes out and %d in, want under 300", e.path, e.sent, e.received)
		}
	}
	a.reopen()
	wantEqual(t, "after a restart", a.knows(), want)
	wantLevel(o, a) // the round of the province is no record of this device
}

func TestOnlyWhatTheDeviceLacksIsSentAgain(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.publishBytes("large", []byte(strings.Repeat("x", 200000))) // no form, but kept
	o.publish(healthForm)
	a := o.enroll("a", village1)
	a.calm()
	o.villages(map[area.Code]string{village1: "บ้านหนึ่ง"})
	a.way.clear()
	res := a.calm()
	wantEqual(t, "requests", a.way.paths(), []string{"hello", "pull", "definitions"})
	if res.BytesIn > 1000 {
		t.Errorf("%d bytes for one village's name", res.BytesIn)
	}
	wantEqual(t, "known", a.knows(), []string{"form health@1", "village บ้านหนึ่ง"})
}

func TestWhatConcernsTheDeviceNoLongerIsForgotten(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	province := o.round("จังหวัด", "bmn-2560@1", "45", "45")
	o.round("ตำบล", "bmn-2560@1", tambon, tambon)
	o.villages(map[area.Code]string{village1: "บ้านหนึ่ง", farAway: "บ้านไกล"})
	a := o.enroll("a", village1)
	a.calm()
	wantEqual(t, "known", a.knows(), []string{"round จังหวัด", "round ตำบล", "village บ้านหนึ่ง"})
	o.grant(a, elsewhere)
	a.calm()
	wantEqual(t, "elsewhere", a.knows(), []string{"round จังหวัด", "village บ้านไกล"})
	o.edit(province, syncproto.GroupLife, false)
	a.calm()
	wantEqual(t, "after the round was deleted", a.knows(), []string{"village บ้านไกล"})
	o.grant(a, "9601")
	a.calm()
	wantEqual(t, "where the round was never", a.knows(), []string(nil))
}

func TestARoundOfTheDevicesOwnAreaIsPulledAndKnownOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a := o.enroll("a", tambon)
	id := o.round("ตำบล", "bmn-2560@1", tambon, tambon)
	a.calm()
	wantEqual(t, "known", a.knows(), []string{"round ตำบล"})
	wantEqual(t, "held as a record", a.holds(id), true)
	o.edit(id, "title", "ตำบล แก้แล้ว")
	a.way.before = failPath("definitions")
	a.calm()
	wantEqual(t, "the newest state of both", a.knows(), []string{"round ตำบล แก้แล้ว"})
	wantLevel(o, a)
}

func TestAFormThatCannotBeReadStopsNoRecord(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, body, says string }{
		{"no form at all", `what`, "form bad@1"},
		{"a form of another name", strings.ReplaceAll(healthForm, `"health"`, `"other"`), "it calls itself other@1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			o.publishBytes("bad", []byte(c.body))
			o.publish(healthForm)
			a := o.enroll("a", tambon)
			id := a.household(village1, "1")
			res := a.calm()
			wantEqual(t, "unsent", res.Unsent, 0)
			wantEqual(t, "the office's answers", o.answers(id), map[string]any{"house_no": "1"})
			wantEqual(t, "known", a.knows(), []string{"form health@1"})
			for _, got := range []string{res.DefinitionsError, a.status().DefinitionsError} {
				if !strings.Contains(got, c.says) {
					t.Errorf("the officer is told %q, want %q in it", got, c.says)
				}
			}
			a.way.clear()
			wantEqual(t, "told again", a.calm().DefinitionsError, res.DefinitionsError)
			wantEqual(t, "requests", a.way.paths(), []string{"hello", "pull"})
		})
	}
}

// alter replaces the office's answer to a definitions request.
func alter(t *testing.T, change func(*syncproto.DefinitionsResponse)) func(int, *http.Request, *http.Response) (*http.Response, error) {
	return func(_ int, r *http.Request, a *http.Response) (*http.Response, error) {
		if !strings.HasSuffix(r.URL.Path, "/definitions") {
			return a, nil
		}
		body, err := io.ReadAll(a.Body)
		if err != nil {
			return nil, err
		}
		if a.Header.Get("Content-Encoding") == "zstd" {
			z, err := zstd.NewReader(nil)
			if err != nil {
				return nil, err
			}
			defer z.Close()
			if body, err = z.DecodeAll(body, nil); err != nil {
				return nil, err
			}
		}
		var m syncproto.DefinitionsResponse
		if err := syncproto.DecodeMessage(body, &m); err != nil {
			t.Error(err)
		}
		change(&m)
		if body, err = syncproto.EncodeMessage(m); err != nil {
			return nil, err
		}
		return answerWith(a, 200, "application/cbor", string(body)), nil
	}
}

func TestBadDefinitionsAreThrownAwayAndAskedForAgain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(*syncproto.DefinitionsResponse)
		says   string
	}{
		{"bytes that do not have their hash", func(m *syncproto.DefinitionsResponse) {
			m.Definitions[0].Body = bytes.ToUpper(m.Definitions[0].Body)
		}, "do not have its hash"},
		{"a round that is no record", func(m *syncproto.DefinitionsResponse) { m.Rounds[0] = []byte{1, 2} }, "round: "},
		{"a round that is a household", func(m *syncproto.DefinitionsResponse) {
			m.Rounds[0] = syncproto.Record{ID: syncproto.RecordID{7}, Type: "household"}.Save(syncproto.Op{Dot: syncproto.Dot{Actor: syncproto.ActorID{1}, Counter: 1}},
				map[string]syncproto.Value{syncproto.GroupScope: syncproto.Text("45")}).Encode()
		}, "is a household"},
		{"a page of nothing that says there is more", func(m *syncproto.DefinitionsResponse) {
			*m = syncproto.DefinitionsResponse{Hash: m.Hash, More: true}
		}, "empty page"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			o.publish(healthForm)
			o.round("จังหวัด", "health@1", "45", "45")
			a := o.enroll("a", tambon)
			id := a.household(village1, "1")
			a.way.after = alter(t, c.change)
			res := a.calm()
			wantEqual(t, "unsent", res.Unsent, 0)
			wantEqual(t, "the office's answers", o.answers(id), map[string]any{"house_no": "1"})
			if !strings.Contains(res.DefinitionsError, c.says) {
				t.Errorf("the officer is told %q, want %q in it", res.DefinitionsError, c.says)
			}
			a.way.clear()
			wantEqual(t, "told after a good answer", a.calm().DefinitionsError, "")
			wantEqual(t, "known", a.knows(), []string{"form health@1", "round จังหวัด"})
		})
	}
}

func TestDefinitionsThatCannotBeFetchedStopNoRecord(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.publish(healthForm)
	a := o.enroll("a", tambon)
	id := a.household(village1, "1")
	a.way.before = failPath("definitions")
	res := a.calm()
	wantEqual(t, "unsent", res.Unsent, 0)
	wantEqual(t, "the office's answers", o.answers(id), map[string]any{"house_no": "1"})
	if !strings.Contains(a.status().DefinitionsError, "not fetched") || res.DefinitionsError == "" {
		t.Errorf("told %q and %q", res.DefinitionsError, a.status().DefinitionsError)
	}
	a.way.clear()
	wantEqual(t, "told after a good sync", a.calm().DefinitionsError, "")
	wantEqual(t, "known", a.knows(), []string{"form health@1"})
}

func TestManyDefinitionsArriveWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.publish(healthForm)
	names := map[area.Code]string{}
	for i := range 6000 {
		names[area.Code(fmt.Sprintf("45%02d%02d%02d", 1+i/99/99, 1+i/99%99, 1+i%99))] = fmt.Sprintf("บ้าน %04d", i)
	}
	o.villages(names)
	a := o.enroll("a", "45")
	second := 0
	a.way.before = func(_ int, r *http.Request) error {
		if strings.HasSuffix(r.URL.Path, "/definitions") {
			if second++; second > 1 {
				return errCut
			}
		}
		return nil
	}
	if a.calm().DefinitionsError == "" || len(a.knows()) != 0 {
		t.Errorf("after one page of two the device knows %d things", len(a.knows()))
	}
	a.way.clear()
	changed := &once{path: "definitions"}
	a.way.after = func(_ int, r *http.Request, answer *http.Response) (*http.Response, error) {
		if changed.hits(r) { // between the first page and the second
			o.villages(map[area.Code]string{"45010101": "บ้านใหม่"})
		}
		return answer, nil
	}
	a.calm()
	wantEqual(t, "requests", a.way.paths(), []string{"hello", "definitions", "definitions", "definitions"})
	known := a.knows()
	wantEqual(t, "known", len(known), 1+len(names))
	wantEqual(t, "the first village", known[1], "village บ้านใหม่")
	a.way.clear()
	a.calm()
	wantEqual(t, "requests when nothing is new", a.way.paths(), []string{"hello"})
}

func TestAnOfficeThatKnowsNoDefinitionsIsAskedForNone(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.publish(healthForm)
	a := o.enroll("a", tambon)
	a.way.after = func(_ int, r *http.Request, answer *http.Response) (*http.Response, error) {
		if !strings.HasSuffix(r.URL.Path, "/hello") {
			return answer, nil
		}
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			return nil, err
		}
		var m syncproto.HelloResponse
		if err := syncproto.DecodeMessage(body, &m); err != nil {
			t.Error(err)
		}
		m.Definitions = syncproto.Hash{}
		if body, err = syncproto.EncodeMessage(m); err != nil {
			return nil, err
		}
		return answerWith(answer, 200, "application/cbor", string(body)), nil
	}
	id := a.household(village1, "1")
	a.calm()
	for _, path := range a.way.paths() {
		if path == "definitions" {
			t.Error("asked for definitions")
		}
	}
	wantEqual(t, "the office's answers", o.answers(id), map[string]any{"house_no": "1"})
}
