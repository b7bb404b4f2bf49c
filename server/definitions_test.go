package server_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"testing"

	"tambonsync/server"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

// round opens a round of the areas at the office; scope is where its record lies.
func (o *office) round(n byte, scope area.Code, areas ...area.Code) syncproto.RecordID {
	o.t.Helper()
	list := []any{}
	for _, a := range areas {
		list = append(list, string(a))
	}
	changes := map[string]syncproto.Value{}
	for name, v := range map[string]any{syncproto.GroupScope: string(scope), "form": "bmn-2560@1", "areas": list, "state": "open"} {
		value, err := syncproto.NewValue(v)
		if err != nil {
			o.t.Fatal(err)
		}
		changes[name] = value
	}
	id := syncproto.RecordID{n}
	_, err := o.store.Edit(o.t.Context(), server.Edit{ID: id, Type: syncproto.TypeRound, Changes: changes, At: o.clock.Now().UnixMilli()})
	if err != nil {
		o.t.Fatal(err)
	}
	return id
}

func (o *office) define(name, status, body string) syncproto.DefinitionHash {
	o.t.Helper()
	sum := sha256.Sum256([]byte(body))
	err := o.store.AddDefinition(o.t.Context(), server.Definition{
		Kind: server.KindForm, Name: name, Version: 1, Hash: hex.EncodeToString(sum[:]), Status: status, Body: []byte(body),
	})
	if err != nil {
		o.t.Fatal(err)
	}
	return sum
}

func (o *office) village(code area.Code, name string) {
	o.t.Helper()
	if err := o.store.PutVillages(o.t.Context(), []server.Village{{Code: code, NameTH: name}}); err != nil {
		o.t.Fatal(err)
	}
}

func (d *device) definitions(token string, q syncproto.DefinitionsRequest) syncproto.DefinitionsResponse {
	d.office.t.Helper()
	var resp syncproto.DefinitionsResponse
	if a := d.office.sync("/definitions", token, q, &resp); a.status != http.StatusOK {
		d.office.t.Fatalf("definitions: %+v", a.problem)
	}
	return resp
}

func (d *device) definitionsHash(token string) syncproto.Hash {
	d.office.t.Helper()
	var resp syncproto.HelloResponse
	if a := d.office.sync("/hello", token, d.helloRequest(), &resp); a.status != http.StatusOK {
		d.office.t.Fatalf("hello: %+v", a.problem)
	}
	return resp.Definitions
}

func TestHelloTellsWhenTheDefinitionsOfTheDeviceHaveChanged(t *testing.T) {
	o := newOffice(t)
	d, token := o.ready("450303")
	last := d.definitionsHash(token)
	if last != (syncproto.Hash{}) {
		t.Errorf("an office without any tells %x", last)
	}
	for _, step := range []struct {
		name    string
		do      func()
		changes bool
	}{
		{"a household", func() { d.push(token, d.household("45030301", 1, nil)) }, false},
		{"a round elsewhere", func() { o.round(1, "4504", "4504") }, false},
		{"a round of the tambon", func() { o.round(2, "450303", "450303") }, true},
		{"that round again", func() { o.round(2, "450303", "450303") }, true}, // another save of it
		{"a round of the province", func() { o.round(3, "45", "45") }, true},
		{"a draft", func() { o.define("water", server.StatusDraft, `{"a":1}`) }, false},
		{"its publication", func() { o.define("water", server.StatusPublished, `{"a":1}`) }, true},
		{"a village elsewhere", func() { o.village("45040101", "บ้านไกล") }, false},
		{"a village here", func() { o.village("45030301", "บ้านเรา") }, true},
		{"another name of it", func() { o.village("45030301", "บ้านใหม่") }, true},
		{"nothing", func() {}, false},
	} {
		step.do()
		now := d.definitionsHash(token)
		if now != last != step.changes {
			t.Errorf("%s: the hash went from %x to %x", step.name, last, now)
		}
		if got := d.definitions(token, syncproto.DefinitionsRequest{}).Hash; got != now {
			t.Errorf("%s: hello says %x, the answer %x", step.name, now, got)
		}
		last = now
	}
}

func TestADeviceGetsWhatConcernsItAndNothingElse(t *testing.T) {
	o := newOffice(t)
	here, above, within := o.round(1, "450303", "450303"), o.round(2, "45", "4503", "4504"), o.round(3, "450303", "45030301", "45030302")
	o.round(4, "450304", "450304")
	have, lacks := o.define("old", server.StatusPublished, `{"a":1}`), o.define("new", server.StatusPublished, `{"a":2}`)
	o.define("draft", server.StatusDraft, `{"a":3}`)
	o.village("45030301", "หนึ่ง")
	o.village("45030302", "สอง")
	o.village("45030401", "ไกล")
	for _, tt := range []struct {
		name     string
		grants   []area.Code
		rounds   []syncproto.RecordID
		villages []area.Code
	}{
		{"the tambon", []area.Code{"450303"}, []syncproto.RecordID{here, above, within}, []area.Code{"45030301", "45030302"}},
		{"one village", []area.Code{"45030302"}, []syncproto.RecordID{here, above, within}, []area.Code{"45030302"}},
		{"a village, and the tambon around it", []area.Code{"45030302", "450303"}, []syncproto.RecordID{here, above, within}, []area.Code{"45030301", "45030302"}},
		{"a village of which no round tells", []area.Code{"45030303"}, []syncproto.RecordID{here, above}, nil},
		{"an amphoe that one round covers", []area.Code{"4504"}, []syncproto.RecordID{above}, nil},
		{"somewhere else", []area.Code{"9601"}, nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d, token := o.ready(tt.grants...)
			got := d.definitions(token, syncproto.DefinitionsRequest{Have: []syncproto.DefinitionHash{have}})
			var rounds []syncproto.RecordID
			for _, raw := range got.Rounds {
				rec, err := syncproto.DecodeRecord(raw)
				if err != nil {
					t.Fatal(err)
				}
				rounds = append(rounds, rec.ID)
			}
			var villages []area.Code
			for _, v := range got.Villages {
				villages = append(villages, v.Code)
			}
			if !reflect.DeepEqual(rounds, tt.rounds) || !reflect.DeepEqual(villages, tt.villages) || got.More {
				t.Errorf("got rounds %v and villages %v, want %v and %v", rounds, villages, tt.rounds, tt.villages)
			}
			if len(got.Definitions) != 1 || got.Definitions[0].Hash != lacks || got.Definitions[0].Ref != "new@1" || string(got.Definitions[0].Body) != `{"a":2}` {
				t.Errorf("got definitions %+v", got.Definitions)
			}
			if !slices.Contains(got.All, have) || !slices.Contains(got.All, lacks) || len(got.All) != 2 {
				t.Errorf("all: %x", got.All)
			}
		})
	}
}

func TestARoundThatCannotBeReadConcernsNobody(t *testing.T) {
	o := newOffice(t)
	o.round(1, "450303")
	d, token := o.ready("450303")
	if got := d.definitions(token, syncproto.DefinitionsRequest{}); len(got.Rounds) != 0 || got.Hash != (syncproto.Hash{}) {
		t.Errorf("got %+v", got)
	}
}

func TestManyDefinitionsComeInPagesThatFitAMessage(t *testing.T) {
	o := newOffice(t)
	o.round(1, "45", "45")
	for i := range 3 {
		o.define(fmt.Sprintf("large%d", i), server.StatusPublished, `"`+string(bytes.Repeat([]byte{'a' + byte(i)}, 900<<10))+`"`)
	}
	var villages []server.Village
	for i := range 12000 {
		code := area.Code(fmt.Sprintf("45%02d%02d%02d", 1+i/99/99, 1+i/99%99, 1+i%99))
		villages = append(villages, server.Village{Code: code, NameTH: fmt.Sprintf("หมู่บ้านที่ %d", i)})
	}
	if err := o.store.PutVillages(t.Context(), villages); err != nil {
		t.Fatal(err)
	}
	d, token := o.ready("45")
	var got syncproto.DefinitionsResponse
	var q syncproto.DefinitionsRequest
	pages := 0
	for more := true; more; pages++ {
		page := d.definitions(token, q)
		if len(page.Rounds)+len(page.Definitions)+len(page.Villages) == 0 || pages > 20 {
			t.Fatalf("page %d is empty or one too many", pages)
		}
		if q.Hash != (syncproto.Hash{}) && page.Hash != q.Hash {
			t.Fatalf("page %d is of %x, want %x", pages, page.Hash, q.Hash)
		}
		got.Rounds, got.Definitions, got.Villages = append(got.Rounds, page.Rounds...), append(got.Definitions, page.Definitions...), append(got.Villages, page.Villages...)
		q.Hash, q.Skip, more = page.Hash, q.Skip+uint64(len(page.Rounds)+len(page.Definitions)+len(page.Villages)), page.More
	}
	if len(got.Rounds) != 1 || len(got.Definitions) != 3 || len(got.Villages) != len(villages) || pages < 4 {
		t.Fatalf("%d rounds, %d definitions, %d villages in %d pages", len(got.Rounds), len(got.Definitions), len(got.Villages), pages)
	}
	for i, v := range got.Villages {
		if v.Code != villages[i].Code || v.NameTH != villages[i].NameTH {
			t.Fatalf("village %d is %+v, want %+v", i, v, villages[i])
		}
	}
	o.village("45010101", "บ้านใหม่")
	q.Skip = 4
	if page := d.definitions(token, q); page.Hash == q.Hash || len(page.Rounds) != 1 {
		t.Error("the answer changed between two pages, and the office went on with the old one")
	}
}

func TestADeviceThatClaimsToHoldTooManyDefinitionsIsRefused(t *testing.T) {
	o := newOffice(t)
	_, token := o.ready("450303")
	q := syncproto.DefinitionsRequest{Have: make([]syncproto.DefinitionHash, syncproto.MaxDefinitions)}
	o.want(o.sync("/definitions", token, q, nil), 200, "")
	q.Have = append(q.Have, syncproto.DefinitionHash{})
	o.want(o.sync("/definitions", token, q, nil), 413, syncproto.CodeTooLarge)
	o.want(o.sync("/definitions", "", q, nil), 401, syncproto.CodeUnauthenticated)
	o.want(o.sync("/definitions", token, syncproto.DefinitionsRequest{Skip: 1 << 63}, nil), 200, "")
}
