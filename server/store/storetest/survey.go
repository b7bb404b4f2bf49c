package storetest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"reflect"
	"strings"
	"testing"

	"tambonsync/server"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

func surveyTests() []test {
	return []test{
		{"a draft may be replaced and published", draftReplaced},
		{"what is published never changes", publishedStays},
		{"a definition that devices could not take is refused", definitionRefused},
		{"definitions are listed by kind, name and version", definitionsListed},
		{"villages are replaced by code and listed by area", villagesPut},
		{"a bad village leaves all as they were", badVillage},
		{"local government bodies are replaced by code", localGovsPut},
		{"whatever devices get beside records raises the revision", revisionRises},
		{"exports are noted, the newest first", exportsNoted},
		{"a tablet carries a round and may not change it", roundIsTheOffices},
		{"a supervisor may accept a tablet's round", roundAccepted},
		{"survey tables are there after reopening", surveyStays},
	}
}

func definition(kind, name string, version int, body string) server.Definition {
	sum := sha256.Sum256([]byte(body))
	return server.Definition{
		Kind: kind, Name: name, Version: version, Hash: hex.EncodeToString(sum[:]), Status: server.StatusDraft, Body: []byte(body), At: Now, By: "boss",
	}
}

func published(d server.Definition) server.Definition {
	d.Status = server.StatusPublished
	return d
}

func (o *office) define(t *testing.T, d server.Definition, want error) {
	t.Helper()
	if err := o.AddDefinition(context.Background(), d); !errors.Is(err, want) {
		t.Fatalf("add %s as %s: got %v, want %v", d.Ref(), d.Status, err, want)
	}
}

func (o *office) wantDefinitions(t *testing.T, want ...server.Definition) {
	t.Helper()
	got, err := o.Definitions(context.Background())
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("got %+v, %v\nwant %+v", got, err, want)
	}
}

func draftReplaced(t *testing.T, o *office) {
	d1, d2 := definition(server.KindForm, "water", 1, `{"a":1}`), definition(server.KindForm, "water", 1, `{"a":2}`)
	o.define(t, d1, nil)
	o.define(t, d2, nil)
	o.wantDefinitions(t, d2)
	if err := o.PublishDefinition(context.Background(), server.KindForm, "water@1", "chief", Now+9); err != nil {
		t.Fatal(err)
	}
	want := published(d2)
	want.By, want.At = "chief", Now+9
	o.wantDefinitions(t, want)
	d3 := definition(server.KindForm, "water", 2, `{"a":3}`)
	o.define(t, d3, nil)
	o.define(t, published(d3), nil)
	o.wantDefinitions(t, want, published(d3))
	for _, ref := range []string{"water@3", "water", "water@x", "fire@1", ""} {
		wantErr(t, "publish "+ref, o.PublishDefinition(context.Background(), server.KindForm, ref, "chief", Now), server.ErrNotFound)
	}
	wantErr(t, "publish as another kind", o.PublishDefinition(context.Background(), server.KindIndicators, "water@1", "chief", Now), server.ErrNotFound)
}

func publishedStays(t *testing.T, o *office) {
	d := published(definition(server.KindForm, "water", 1, `{"a":1}`))
	o.define(t, d, nil)
	revision, err := o.Revision(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	other := definition(server.KindForm, "water", 1, `{"a":2}`)
	o.define(t, other, server.ErrConflict)
	o.define(t, published(other), server.ErrConflict)
	again := d
	again.At, again.By = Now+5, "somebody"
	o.define(t, again, nil)
	again.Status = server.StatusDraft
	o.define(t, again, nil)
	if err := o.PublishDefinition(context.Background(), d.Kind, d.Ref(), "somebody", Now+5); err != nil {
		t.Fatal(err)
	}
	o.wantDefinitions(t, d)
	if now, err := o.Revision(context.Background()); err != nil || now != revision {
		t.Errorf("revision %d after no change, want %d (%v)", now, revision, err)
	}
}

func definitionRefused(t *testing.T, o *office) {
	for _, tt := range []struct {
		name   string
		change func(d *server.Definition)
	}{
		{"another kind", func(d *server.Definition) { d.Kind = "poem" }},
		{"another status", func(d *server.Definition) { d.Status = "ready" }},
		{"no name", func(d *server.Definition) { d.Name = "" }},
		{"a name with a version in it", func(d *server.Definition) { d.Name = "water@2" }},
		{"a long name", func(d *server.Definition) { d.Name = strings.Repeat("n", 65) }},
		{"version 0", func(d *server.Definition) { d.Version = 0 }},
		{"the hash of another body", func(d *server.Definition) { d.Body = []byte(`{"a":2}`) }},
		{"nothing in it", func(d *server.Definition) { *d = definition(server.KindForm, "water", 1, "") }},
		{"more than a message holds", func(d *server.Definition) {
			*d = definition(server.KindForm, "water", 1, strings.Repeat("x", syncproto.MaxDefinitionBytes+1))
		}},
	} {
		d := definition(server.KindForm, "water", 1, `{"a":1}`)
		tt.change(&d)
		if err := o.AddDefinition(context.Background(), d); err == nil {
			t.Errorf("a definition with %s was taken", tt.name)
		}
	}
	o.wantDefinitions(t)
}

func definitionsListed(t *testing.T, o *office) {
	a, b := definition(server.KindForm, "bmn", 2, `{"a":1}`), definition(server.KindForm, "bmn", 10, `{"a":2}`)
	c, d := definition(server.KindForm, "water", 1, `{"a":3}`), published(definition(server.KindIndicators, "bmn", 1, `{"a":4}`))
	for _, def := range []server.Definition{d, c, b, a} {
		o.define(t, def, nil)
	}
	o.wantDefinitions(t, a, b, c, d)
}

func (o *office) villages(t *testing.T, within area.Code) []server.Village {
	t.Helper()
	got, err := o.Villages(context.Background(), within)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func villagesPut(t *testing.T, o *office) {
	lat, lon := 15.5, 103.75
	v1 := server.Village{Code: village1, NameTH: "บ้านหนึ่ง", NameEN: "Ban Nueng", LocalGov: "6450301", Lat: &lat, Lon: &lon, ValidFrom: "2010-01-01"}
	v2 := server.Village{Code: village2, NameTH: "บ้านสอง", ValidTo: "2020-12-31", Predecessor: village1}
	far := server.Village{Code: farVillage, NameTH: "บ้านไกล"}
	if err := o.PutVillages(context.Background(), []server.Village{far, v2, v1}); err != nil {
		t.Fatal(err)
	}
	for within, want := range map[area.Code][]server.Village{
		"": {v1, v2, far}, province: {v1, v2}, tambon: {v1, v2}, village2: {v2}, nextTambon: nil,
	} {
		if got := o.villages(t, within); !reflect.DeepEqual(got, want) {
			t.Errorf("in %q: got %+v, want %+v", within, got, want)
		}
	}
	v1.NameTH, v1.Lat, v1.Lon = "บ้านหนึ่งใหม่", nil, nil
	if err := o.PutVillages(context.Background(), []server.Village{v1}); err != nil {
		t.Fatal(err)
	}
	if got := o.villages(t, tambon); !reflect.DeepEqual(got, []server.Village{v1, v2}) {
		t.Errorf("after a change: got %+v", got)
	}
}

func badVillage(t *testing.T, o *office) {
	good := server.Village{Code: village1, NameTH: "บ้านหนึ่ง"}
	for name, bad := range map[string]server.Village{
		"no code":         {NameTH: "บ้าน"},
		"a code of seven": {Code: "4503010"},
		"an endless name": {Code: village2, NameEN: strings.Repeat("n", 201)},
		"before it none":  {Code: village2, Predecessor: "x"},
	} {
		if err := o.PutVillages(context.Background(), []server.Village{good, bad}); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if got := o.villages(t, ""); len(got) != 0 {
		t.Errorf("got %+v, want none", got)
	}
}

func localGovsPut(t *testing.T, o *office) {
	ctx := context.Background()
	a, b := server.LocalGov{Code: "5450301", NameTH: "ทต.เกษตรวิสัย", Kind: "ทต.", Province: "45"}, server.LocalGov{Code: "6450302", NameTH: "อบต.เหล่าหลวง", Kind: "อบต.", Province: "45"}
	if err := o.PutLocalGovs(ctx, []server.LocalGov{b, a}); err != nil {
		t.Fatal(err)
	}
	b.NameTH = "ทต.เหล่าหลวง"
	if err := o.PutLocalGovs(ctx, []server.LocalGov{b}); err != nil {
		t.Fatal(err)
	}
	if got, err := o.LocalGovs(ctx); err != nil || !reflect.DeepEqual(got, []server.LocalGov{a, b}) {
		t.Errorf("got %+v, %v", got, err)
	}
	if err := o.PutLocalGovs(ctx, []server.LocalGov{{NameTH: "no code"}}); err == nil {
		t.Error("a body without a code was taken")
	}
}

func revisionRises(t *testing.T, o *office) {
	ctx := context.Background()
	d := o.enroll(t, "malee", tambon)
	last, err := o.Revision(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		name  string
		do    func() error
		rises bool
	}{
		{"a household", func() error { _, err := d.Send(d.Chunk(d.New(1, village1, nil))); return err }, false},
		{"a round", func() error { _, err := o.Edit(ctx, newRound(2, tambon)); return err }, true},
		{"a change of a round", func() error {
			_, err := o.Edit(ctx, server.Edit{ID: RecordID(2), Changes: Answers{"state": "closed"}.Values(), At: Now})
			return err
		}, true},
		{"a draft", func() error { return o.AddDefinition(ctx, definition(server.KindForm, "water", 1, `{}`)) }, true},
		{"a publication", func() error { return o.PublishDefinition(ctx, server.KindForm, "water@1", "boss", Now) }, true},
		{"a village", func() error { return o.PutVillages(ctx, []server.Village{{Code: village1}}) }, true},
		{"a local government", func() error { return o.PutLocalGovs(ctx, []server.LocalGov{{Code: "1"}}) }, true},
		{"an export", func() error { return o.LogExport(ctx, server.ExportEntry{At: Now}) }, false},
	} {
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		now, err := o.Revision(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if now > last != step.rises {
			t.Errorf("%s: revision went from %d to %d", step.name, last, now)
		}
		last = now
	}
}

func exportsNoted(t *testing.T, o *office) {
	ctx := context.Background()
	a := server.ExportEntry{At: Now, User: "boss", From: "127.0.0.1", Area: tambon, Round: RecordID(1), Format: "csv", What: "records", Personal: true, Reason: "ส่งจังหวัด", Rows: 812}
	b := server.ExportEntry{At: Now, User: "boss", Format: "xlsx", What: "summary"}
	for _, e := range []server.ExportEntry{a, b} {
		if err := o.LogExport(ctx, e); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := o.Exports(ctx, 0); err != nil || !reflect.DeepEqual(got, []server.ExportEntry{b, a}) {
		t.Errorf("got %+v, %v", got, err)
	}
	if got, err := o.Exports(ctx, 1); err != nil || !reflect.DeepEqual(got, []server.ExportEntry{b}) {
		t.Errorf("one: got %+v, %v", got, err)
	}
}

func roundIsTheOffices(t *testing.T, o *office) {
	d := o.enroll(t, "malee", tambon)
	made := d.New(9, tambon, Answers{"form": "mine@1"})
	made.Type = syncproto.TypeRound
	wantCodes(t, d.Push(t, made, d.New(1, village1, nil)), quarantined, stored)
	if it := o.wantOneItem(t, made); it.Reason != "office_only" {
		t.Errorf("reason %q, want office_only", it.Reason)
	}
	rec, err := o.Edit(context.Background(), newRound(2, tambon))
	if err != nil {
		t.Fatal(err)
	}
	round := rec.Record
	wantCodes(t, d.Push(t, round), already) // carried, not changed
	changed := d.Save(round, Answers{"state": "closed"})
	disguised := changed
	disguised.Type = "household"
	wantCodes(t, d.Push(t, changed, disguised), quarantined, quarantined)
	_, err = o.Edit(context.Background(), server.Edit{ID: RecordID(2), Changes: Answers{"title": "จปฐ."}.Values(), At: Now})
	if err != nil {
		t.Fatal(err)
	}
	wantCodes(t, d.Push(t, round), already) // an older state of it
	wantValues(t, o.record(t, round.ID).Record, "state", "open")
}

func roundAccepted(t *testing.T, o *office) {
	d := o.enroll(t, "malee", tambon)
	r := d.New(9, tambon, Answers{"state": "open"})
	r.Type = syncproto.TypeRound
	wantCodes(t, d.Push(t, r), quarantined)
	o.decide(t, server.Decision{Item: o.wantOneItem(t, r).ID, Accept: true, By: "boss", At: Now}, nil)
	wantCodes(t, d.Push(t, r), already)
	if got := o.record(t, r.ID).Record.Type; got != syncproto.TypeRound {
		t.Errorf("stored as %s", got)
	}
}

func surveyStays(t *testing.T, o *office) {
	ctx := context.Background()
	d, v := published(definition(server.KindForm, "water", 1, `{}`)), server.Village{Code: village1, NameTH: "บ้านหนึ่ง"}
	o.define(t, d, nil)
	if err := o.PutVillages(ctx, []server.Village{v}); err != nil {
		t.Fatal(err)
	}
	if err := o.LogExport(ctx, server.ExportEntry{At: Now}); err != nil {
		t.Fatal(err)
	}
	o.reopen(t)
	o.wantDefinitions(t, d)
	if got := o.villages(t, ""); !reflect.DeepEqual(got, []server.Village{v}) {
		t.Errorf("got %+v", got)
	}
	if got, err := o.Exports(ctx, 0); err != nil || len(got) != 1 {
		t.Errorf("got %+v, %v", got, err)
	}
}
