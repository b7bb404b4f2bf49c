package export_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tambonsync/server"
	"tambonsync/server/export"
	"tambonsync/server/store/storetest"
	"tambonsync/server/tables"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

// secrets are the private answers of the sample, as any cell might show them.
var secrets = []string{
	"สมศรี ลับมาก", "7-77", "9876543", "secret-b", "sha256:aaaa", "sha256:bbbb", "TAG-1", "นายทุน",
	"แดง ลับ", "ดำ ลับ", "1101700203450", "1984-12-31", "1950", "5478", "-7305", "แพ้ยา", "secret-c",
	"15.6543219", "103.6543219",
}

// sample has two farms, a merged, a deleted, and one of another round.
type sample struct {
	*office
	round                   syncproto.RecordID
	farm, other, red, black syncproto.RecordID
}

func newSample(t *testing.T) *sample {
	t.Helper()
	o := newOffice(t)
	o.publish(farmForm, farmSet)
	s := &sample{office: o, round: o.round("farm@1", "4503")}
	later := o.round("farm@1", "4503")
	in := func(code area.Code, more answers) answers {
		a := answers{"_scope": string(code), "_round": s.round}
		maps.Copy(a, more)
		return a
	}
	s.farm = o.add("farm", in(village, answers{
		"house_no": "7-77", "owner": "สมศรี ลับมาก", "tax": 9876543, "faith": "secret-b", "sign": "sha256:aaaa", "view": "sha256:bbbb", "tag": "TAG-1",
		"place": map[string]any{"lat": 15.6543219, "lon": 103.6543219, "acc": 4.5}, "water": true, "income": 1200.5, "crops": []any{"rice", "corn"},
		"rooms": map[string]any{"bed": 3}, "plots": map[string]any{"rice": map[string]any{"rai": 2.5, "buyer": "นายทุน"}}, "seen": "2020-02-03",
	}))
	s.other = o.add("farm", in(village2, answers{"water": false}))
	double := o.add("farm", in(village, answers{"water": true}))
	gone := o.add("farm", in(village, answers{"water": true}))
	o.add("farm", answers{"_scope": string(village), "_round": later, "water": true})
	person := func(of syncproto.RecordID, more answers) syncproto.RecordID {
		a := answers{"_scope": string(village), "_parent": of}
		maps.Copy(a, more)
		return o.add("person", a)
	}
	s.red = person(s.farm, answers{"given": "แดง ลับ", "citizen": "1101700203450", "birth_date": "1984-12-31", "belief": "secret-c", "sick": true, "note_of": "แพ้ยา"})
	s.black = person(double, answers{"given": "ดำ ลับ", "birth_date": "1950", "sick": false})
	person(gone, answers{"sick": true})
	dead := person(s.farm, answers{"sick": true})
	o.save(dead, "", answers{"_life": false})
	o.save(gone, "", answers{"_life": false})
	o.save(double, "", answers{"_merged_into": s.farm})
	return s
}

func (s *sample) request(what, format string) server.ExportRequest {
	return server.ExportRequest{Area: "4503", Round: s.round, What: what, Format: format}
}

func wantRows(t *testing.T, got []map[string]string, want ...map[string]string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d rows, want %d:\n%v", len(got), len(want), got)
	}
	for i := range want {
		for name, cell := range want[i] {
			if got[i][name] != cell {
				t.Errorf("row %d: %s is %q, want %q", i+1, name, got[i][name], cell)
			}
		}
	}
}

func TestHouseholdsAreTheSameInEveryFormat(t *testing.T) {
	s := newSample(t)
	farm := map[string]string{
		"id": s.farm.String(), "area": "45030101", "state": "complete", "complete": "true", "persons": "2", "problems": "0", "water": "true", "income": "1200.5",
		"crops": "rice corn", "rooms_bed": "3", "plots_rice_rai": "2.5", "seen": "2020-02-03", "heads": "2",
		"i01_verdict": "fail", "i01_applicable": "2", "i01_failing": "1", "i02_verdict": "pass",
	}
	other := map[string]string{"id": s.other.String(), "area": "45030102", "state": "complete", "persons": "0", "water": "false", "i01_verdict": "unanswered", "i02_verdict": "fail"}
	for _, format := range tables.Formats() {
		t.Run(format, func(t *testing.T) {
			rows := s.export(t, s.request("", format))
			wantRows(t, rows, farm, other)
			lat, lon := "place_lat", "place_lon"
			if format == tables.GeoJSON { // the position is the feature's
				lat, lon = "lat", "lon"
			}
			if rows[0][lat] != "15.65" || rows[0][lon] != "103.65" {
				t.Errorf("position %s %s, want it rounded to 15.65 103.65", rows[0][lat], rows[0][lon])
			}
		})
	}
}

func TestPersonsAreTheSameInEveryFormat(t *testing.T) {
	s := newSample(t)
	for _, format := range tables.Formats() {
		t.Run(format, func(t *testing.T) {
			rows := s.export(t, s.request(server.ExportPersons, format))
			wantRows(t, rows,
				map[string]string{"id": s.red.String(), "parent": s.farm.String(), "position": "1", "area": "45030101", "age": "35", "sick": "true"},
				map[string]string{"id": s.black.String(), "parent": s.farm.String(), "position": "2", "age": "70", "sick": "false"})
			named := s.export(t, s.request("person", format))
			wantRows(t, named, rows...)
		})
	}
}

func TestASummaryIsTheSameInEveryFormat(t *testing.T) {
	s := newSample(t)
	lat, lon := 15.5, 103.5
	must(t, s.PutVillages(t.Context(), []server.Village{{Code: village, NameTH: "บ้านหนึ่ง", Lat: &lat, Lon: &lon}}))
	for _, format := range tables.Formats() {
		t.Run(format, func(t *testing.T) {
			var got []map[string]string
			for _, row := range s.export(t, s.request(server.ExportSummary, format)) {
				if row["area"] == string(village) || row["area"] == "4503" {
					got = append(got, row)
				}
			}
			round := s.round.String()
			wantRows(t, got,
				map[string]string{"area": "4503", "level": "amphoe", "round": round, "households": "2", "complete": "2", "no": "1", "unit": "person", "applicable": "2", "passed": "1", "failed": "1", "percent": "50"},
				map[string]string{"area": "4503", "no": "2", "applicable": "2", "passed": "1", "failed": "1", "percent": "50", "suppressed": "false"},
				map[string]string{"area": "45030101", "no": "1", "applicable": "2", "failed": "1", "lat": "15.5", "lon": "103.5"},
				map[string]string{"area": "45030101", "no": "2", "applicable": "1", "passed": "1", "failed": "0", "percent": "100"})
		})
	}
}

func TestAFileWithoutPersonalColumnsHasNoPrivateAnswerInAnyCell(t *testing.T) {
	s := newSample(t)
	for _, format := range tables.Formats() {
		for _, what := range []string{server.ExportHouseholds, server.ExportPersons} {
			for _, row := range s.export(t, s.request(what, format)) {
				for name, cell := range row {
					for _, secret := range secrets {
						if cell == secret || len(secret) > 6 && strings.Contains(cell, secret) {
							t.Errorf("%s, %s: column %s shows %q", format, what, name, cell)
						}
					}
				}
			}
		}
	}
}

// What is hidden is hidden by its column: not only in the rows of today.
func TestColumnsThatMayNameSomebodyAreLeftOut(t *testing.T) {
	s := newSample(t)
	for what, private := range map[string]string{
		server.ExportHouseholds: "house_no owner tax faith sign view tag place_acc plots_rice_buyer plots_corn_buyer greeting again devout eldest",
		server.ExportPersons:    "given citizen birth_date born note_of belief farm_place_acc",
	} {
		open, personal := s.columns(t, what, false), s.columns(t, what, true)
		for _, name := range strings.Fields(private) {
			if slices.Contains(open, name) {
				t.Errorf("%s: column %s is given out", what, name)
			}
			if !slices.Contains(personal, name) {
				t.Errorf("%s: column %s is missing with personal columns", what, name)
			}
		}
		for _, name := range personal {
			if !slices.Contains(strings.Fields(private), name) && !slices.Contains(open, name) {
				t.Errorf("%s: column %s is held back, though it names nobody", what, name)
			}
		}
	}
}

func (s *sample) columns(t *testing.T, what string, personal bool) []string {
	t.Helper()
	var out bytes.Buffer
	q := s.request(what, tables.CSV)
	q.Personal = personal
	_, err := s.x.Export(t.Context(), q, &out)
	must(t, err)
	line, _, _ := strings.Cut(strings.TrimPrefix(out.String(), "\ufeff"), "\r\n")
	return strings.Split(line, ",")
}

func TestWithPersonalColumnsEverythingIsThere(t *testing.T) {
	s := newSample(t)
	for _, format := range tables.Formats() {
		q := s.request("", format)
		q.Personal = true
		wantRows(t, s.export(t, q), map[string]string{
			"owner": "สมศรี ลับมาก", "tax": "9876543", "faith": "secret-b", "greeting": "สมศรี ลับมาก", "place_acc": "4.5", "plots_rice_buyer": "นายทุน",
		}, nil)
		q.What = server.ExportPersons
		wantRows(t, s.export(t, q), map[string]string{"citizen": "1101700203450", "birth_date": "1984-12-31"}, map[string]string{"birth_date": "1950"})
	}
}

func TestTheBuiltInFormsLoseNoColumn(t *testing.T) {
	for _, form := range []string{"bmn-2560@1", "nrd2c-2560@1"} {
		t.Run(form, func(t *testing.T) {
			o := newOffice(t)
			s := &sample{office: o}
			catalog, err := server.LoadCatalog(t.Context(), o.Store, false)
			must(t, err)
			f, ok := catalog.Form(form)
			if !ok {
				var refs []string
				for _, f := range catalog.Forms() {
					refs = append(refs, f.Ref())
				}
				t.Fatalf("there is no %s among %v", form, refs)
			}
			s.round = o.round(form, "4503")
			columns := s.columns(t, "", true)
			set, _ := catalog.SetFor(form)
			x, err := catalog.Indicators(form, set.Ref())
			must(t, err)
			last := x.List()[len(x.List())-1]
			if name := fmt.Sprintf("i%02d_verdict", last.No); !slices.Contains(columns, name) {
				t.Errorf("%d columns, and none of them is %s", len(columns), name)
			}
			head, _ := f.Type(x.RecordType())
			t.Logf("%d columns of %d questions", len(columns), len(head.Questions()))
		})
	}
}

func TestAnOpenSummaryLeavesSmallNumbersOut(t *testing.T) {
	s := newSample(t)
	for i := range 40 {
		s.add("farm", answers{"_scope": string(village), "_round": s.round, "water": i != 0})
	}
	q := s.request(server.ExportSummary, tables.CSV)
	plain := s.export(t, q)
	q.Open = true
	hidden := 0
	for i, row := range s.export(t, q) {
		if row["suppressed"] == "true" {
			hidden++
		}
		for _, name := range []string{"applicable", "passed", "failed"} {
			n, err := strconv.Atoi(row[name])
			if err == nil && n > 0 && n < tables.SmallCell {
				t.Errorf("%s, indicator %s: %s is %d", row["area"], row["no"], name, n)
			}
			if row[name] != "" && row[name] != plain[i][name] {
				t.Errorf("%s, indicator %s: %s is %s, want %s", row["area"], row["no"], name, row[name], plain[i][name])
			}
		}
	}
	if hidden == 0 {
		t.Error("nothing is suppressed, though one village has a single farm")
	}
}

func TestWhatCannotBeExportedIsRefusedInASentence(t *testing.T) {
	s := newSample(t)
	must(t, func() error { _, err := s.x.Analysis.CatchUp(t.Context()); return err }())
	for _, tt := range []struct {
		name   string
		change func(*server.ExportRequest)
		err    error
		words  string
	}{
		{"an unknown round", func(q *server.ExportRequest) { q.Round = storetest.RecordID(9999) }, server.ErrNotFound, storetest.RecordID(9999).String()},
		{"no round where there are several", func(q *server.ExportRequest) { q.Round = syncproto.RecordID{} }, server.ErrWhichRound, s.round.String()},
		{"an unknown format", func(q *server.ExportRequest) { q.Format = "pdf" }, server.ErrExport, `"pdf"`},
		{"no format", func(q *server.ExportRequest) { q.Format = "" }, server.ErrExport, "csv, xlsx"},
		{"a type that the form does not have", func(q *server.ExportRequest) { q.What = "spaceship" }, server.ErrExport, `farm@1 has no "spaceship"`},
		{"households for everybody", func(q *server.ExportRequest) { q.Open = true }, server.ErrExport, "only a summary"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			q := s.request("", tables.CSV)
			tt.change(&q)
			var out bytes.Buffer
			n, err := s.x.Export(t.Context(), q, &out)
			if !errors.Is(err, tt.err) || !strings.Contains(err.Error(), tt.words) {
				t.Errorf("got %v, want %q with %q in it", err, tt.err, tt.words)
			}
			if n != 0 || out.Len() > 0 {
				t.Errorf("%d rows and %d bytes were written", n, out.Len())
			}
		})
	}
}

func TestTheOnlyRoundNeedsNoName(t *testing.T) {
	o := newOffice(t)
	o.publish(farmForm, farmSet)
	o.round("farm@1", "4503")
	id := o.add("farm", answers{"_scope": string(village), "water": true})
	for _, what := range []string{server.ExportHouseholds, server.ExportSummary} {
		rows := o.export(t, server.ExportRequest{Area: tambon, What: what, Format: tables.CSV})
		if len(rows) == 0 || what == server.ExportHouseholds && rows[0]["id"] != id.String() {
			t.Errorf("%s: %v", what, rows)
		}
	}
}

func TestPeopleStandOnTheMapWhereTheirHouseholdDoes(t *testing.T) {
	s := newSample(t)
	q := s.request(server.ExportPersons, tables.GeoJSON)
	wantRows(t, s.export(t, q), map[string]string{"lat": "15.65", "lon": "103.65"}, nil)
	q.Personal = true
	wantRows(t, s.export(t, q), map[string]string{"lat": "15.654322", "lon": "103.654322"}, nil)
}

// A form may call a question as this package calls a column.
func TestQuestionsCalledLikeOurColumnsKeepTheirAnswers(t *testing.T) {
	o := newOffice(t)
	o.publish(`{"kind":"form","name":"odd","version":1,"title":{"th":"ก","en":"Odd"},"record_types":[{"name":"pond","label":{"th":"ก","en":"Pond"},"questions":[
		{"name":"area","type":"decimal","label":{"th":"ก","en":"Area"}},{"name":"state","type":"int","label":{"th":"ก","en":"State"}}]}]}`,
		`{"kind":"indicators","name":"odd","version":1,"title":{"th":"ก","en":"Odd"},"form":"odd@1","record_type":"pond","indicators":[
		{"no":1,"code":"1","name":{"th":"ก","en":"Large"},"unit":"household","pass":"area > 1.0"}]}`)
	round := o.round("odd@1", "4503")
	o.add("pond", answers{"_scope": string(village), "area": 2.5, "state": 7})
	for _, format := range []string{tables.CSV, tables.XLSX, tables.Parquet} {
		wantRows(t, o.export(t, server.ExportRequest{Area: tambon, Round: round, Format: format}),
			map[string]string{"area": string(village), "area_2": "2.5", "state": "complete", "state_2": "7", "i01_verdict": "pass"})
	}
	_, err := o.x.Export(t.Context(), server.ExportRequest{Area: tambon, Round: round, Format: tables.GeoJSON}, io.Discard)
	if !errors.Is(err, server.ErrExport) || !strings.Contains(err.Error(), "no position") {
		t.Errorf("a map of a form without positions: got %v", err)
	}
}

// cutter cancels an export after its first bytes.
type cutter struct {
	io.Writer
	cut context.CancelFunc
}

func (c cutter) Write(p []byte) (int, error) {
	c.cut()
	return c.Writer.Write(p)
}

func TestACancelledExportLeavesNoFile(t *testing.T) {
	o := newOffice(t)
	round := o.huts(600) // three pages
	for _, tt := range []struct {
		name, format string
		later        bool // cancelled with the first bytes, else before
	}{
		{"csv, in the middle", tables.CSV, true},
		{"csv, at once", tables.CSV, false},
		{"xlsx, at once", tables.XLSX, false},
		{"parquet, at once", tables.Parquet, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			folder := t.TempDir()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			err := tables.WriteFile(filepath.Join(folder, "huts."+tt.format), func(w io.Writer) error {
				if !tt.later {
					cancel()
				}
				_, err := o.x.Export(ctx, server.ExportRequest{Area: "45", Round: round, Format: tt.format}, cutter{w, cancel})
				return err
			})
			if !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want context.Canceled", err)
			}
			if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
				t.Errorf("%v is left, %v", left, err)
			}
		})
	}
}

func TestRowsComeOnceEachAcrossPages(t *testing.T) {
	o := newOffice(t)
	round := o.huts(450)
	seen := map[string]bool{}
	rows := o.export(t, server.ExportRequest{Area: "45", Round: round, Format: tables.CSV})
	for _, row := range rows {
		seen[row["id"]] = true
	}
	if len(rows) != 450 || len(seen) != 450 {
		t.Errorf("%d rows, %d of them different; want 450", len(rows), len(seen))
	}
}

var _ server.Exporter = (*export.Exporter)(nil)
