package server_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"tambonsync/server"
	"tambonsync/syncproto"
)

// Every route is asked without a token, with one of the other side, and with
// one of a person whose role allows nothing.
func TestEveryRouteAsksForItsToken(t *testing.T) {
	o, _ := newSurveyOffice(t)
	staff := o.staff()
	_, device := o.ready("450303")
	open := map[string]bool{
		"/api/v1/openapi.json": true, "/api/v1/token": true, "/healthz": true, "/metrics": true,
		"/sync/v1/enroll": true, "/sync/v1/challenge": true, "/sync/v1/token": true,
	}
	must(t, o.store.AddUser(t.Context(), server.User{Name: "reader", PasswordHash: []byte("x"), Role: "reader"}))
	asked := 0
	ask := func(method, path, who, token string, allowed ...int) {
		t.Helper()
		a := o.send(method, path, token, map[string]string{"Content-Type": "application/json"}, nil)
		for _, status := range allowed {
			if a.status == status {
				return
			}
		}
		t.Errorf("%s %s with %s: %d, want %v", method, path, who, a.status, allowed)
	}
	var staffed [][2]string
	for _, r := range routesOf(t) {
		if open[r.Path] {
			continue
		}
		path := echoParameter.ReplaceAllString(r.Path, houseOne)
		asked++
		ask(r.Method, path, "no token", "", 401)
		ask(r.Method, path, "nonsense", "x.y.z", 401)
		if strings.HasPrefix(r.Path, "/sync/") {
			ask(r.Method, path, "a token of the staff", staff, 401, 403)
			continue
		}
		ask(r.Method, path, "a device's token", device, 401, 403)
		staffed = append(staffed, [2]string{r.Method, path})
	}
	if asked < 35 {
		t.Errorf("asked %d routes: too few", asked)
	}
	must(t, o.store.AddUser(t.Context(), server.User{Name: "admin", PasswordHash: []byte("x"), Role: "reader"}))
	for _, r := range staffed {
		ask(r[0], r[1], "a token of somebody who may nothing now", staff, 403)
	}
}

func TestAMisspeltParameterIsRefusedAndADescribedOneIsTaken(t *testing.T) {
	o, _ := newSurveyOffice(t)
	staff := o.staff()
	o.fill()
	d := readDescription(t)
	good := map[string]string{
		"area": "450303", "round": roundOne, "limit": "1", "kind": "form", "type": "household", "state": "complete", "deleted": "false",
		"closed": "true", "all": "true", "local_gov": "", "children": "false", "indicator": "1", "verdict": "fail", "complete": "true",
		"code": "no_round", "count": "true", "q": "ปทุมรัตต์", "what": "summary", "format": "csv", "personal": "false", "open": "false", "reason": "",
	}
	for _, op := range d.operations() {
		names := d.parameters(op, "query")
		if op.method != "get" || !strings.HasPrefix(op.path, "/api/v1/") || op.path == "/api/v1/openapi.json" {
			continue
		}
		path := strings.NewReplacer("{id}", houseOne, "{ref}", "bmn-2560", "{record}", houseOne).Replace(op.path)
		a := o.send(http.MethodGet, path+"?zz=1", staff, nil, nil)
		if a.status != 400 || !strings.Contains(a.problem.Detail, `no parameter "zz"`) {
			t.Errorf("%s takes zz: %d %s", op, a.status, a.problem.Detail)
		}
		for _, name := range names {
			if name == "after" {
				continue // by the script of all operations
			}
			query := url.Values{name: {good[name]}}
			if a := o.send(http.MethodGet, path+"?"+query.Encode(), staff, nil, nil); strings.Contains(a.problem.Detail, "no parameter") {
				t.Errorf("%s does not take %s: %s", op, name, a.problem.Detail)
			}
			query[name] = append(query[name], "2")
			if a := o.send(http.MethodGet, path+"?"+query.Encode(), staff, nil, nil); a.status != 400 {
				t.Errorf("%s takes %s twice: %d", op, name, a.status)
			}
		}
	}
}

func TestParametersHaveBounds(t *testing.T) {
	o, _ := newSurveyOffice(t)
	staff := o.staff()
	o.fill()
	long := strings.Repeat("ก", 5000)
	tests := []struct {
		name, method, path string
		body               any
		code               syncproto.ErrorCode
	}{
		{"a type", "GET", "/records?type=" + long, nil, "bad_message"},
		{"a state", "GET", "/results?state=" + long, nil, "bad_message"},
		{"an indicator", "GET", "/results?verdict=fail&indicator=64", nil, "bad_message"},
		{"a mark", "GET", "/results?after=" + long, nil, "bad_message"},
		{"a mark of flags", "GET", "/flags?after=45030301." + houseOne, nil, "bad_message"},
		{"a mark of duplicates", "GET", "/duplicates?after=x", nil, "bad_message"},
		{"a name", "GET", "/areas?q=" + long, nil, "bad_message"},
		{"a local government and an area", "GET", "/summaries?local_gov=1&area=45", nil, "bad_message"},
		{"a note", "POST", "/records/" + houseOne + "/state", map[string]any{"state": "returned", "note": long}, "bad_message"},
		{"a comment", "POST", "/records/" + houseOne + "/state", map[string]any{"state": "returned", "comments": map[string]string{"q9": long}}, "bad_message"},
		{"nobody signed", "POST", "/villages/" + village + "/certify", map[string]any{"round": roundOne, "signatures": []string{}}, "bad_message"},
		{"a signature", "POST", "/villages/" + village + "/certify", map[string]any{"round": roundOne, "signatures": []string{long}}, "bad_message"},
		{"no round", "POST", "/villages/" + village + "/reopen", map[string]any{}, "bad_message"},
		{"a title", "POST", "/rounds", map[string]any{"form": "bmn-2560", "areas": []string{"450303"}, "reference_date": "2020-01-01", "title": long}, "bad_message"},
		{"a Buddhist year", "POST", "/rounds", map[string]any{"form": "bmn-2560", "areas": []string{"450303"}, "reference_date": "2563-01-01"}, "invalid"},
		{"two provinces", "POST", "/rounds", map[string]any{"form": "bmn-2560", "areas": []string{"45", "46"}, "reference_date": "2020-01-01"}, "invalid"},
		{"a round from nowhere", "POST", "/rounds", map[string]any{"form": "bmn-2560", "areas": []string{"450303"}, "reference_date": "2020-01-01", "from": record(997)}, "invalid"},
		{"a reason too short", "GET", "/export?personal=true&reason=.&round=" + roundOne, nil, "bad_message"},
		{"open records", "GET", "/export?open=true&what=persons&round=" + roundOne, nil, "bad_message"},
		{"a format", "GET", "/export?format=pdf&round=" + roundOne, nil, "bad_message"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := o.api(tt.method, tt.path, staff, tt.body, nil)
			if a.problem.Code != tt.code || a.problem.DetailTH == "" {
				t.Errorf("got %d %+v, want %s", a.status, a.problem, tt.code)
			}
		})
	}
}

func TestAnOfficeWithoutItsPartsSaysSo(t *testing.T) {
	o := newOffice(t)
	staff := o.staff()
	for _, path := range []string{"/summaries", "/results", "/results/" + houseOne, "/duplicates", "/orphans", "/flags", "/records?round=" + roundOne, "/export"} {
		o.want(o.api(http.MethodGet, path, staff, nil, nil), 503, "not_switched_on")
	}
	a := o.send(http.MethodPost, "/api/v1/forms", staff, map[string]string{"Content-Type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}, []byte("PK"))
	o.want(a, 503, "not_switched_on")
}

func TestMetricsTellHowFarTheSumsAreBehind(t *testing.T) {
	o, a := newSurveyOffice(t)
	metric := func() string {
		_, after, _ := strings.Cut(string(o.send(http.MethodGet, "/metrics", "", nil, nil).body), "\ntambonsync_analysis_lag ")
		value, _, _ := strings.Cut(after, "\n")
		return value
	}
	if _, err := a.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := metric(); got != "0" {
		t.Errorf("lag of an empty office is %q, want 0", got)
	}
	o.edit(houseOne, "household", map[string]any{"_scope": village})
	o.edit(houseTwo, "household", map[string]any{"_scope": village})
	if got := metric(); got != "2" {
		t.Errorf("lag after two saves is %q, want 2", got)
	}
	if _, err := a.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := metric(); got != "0" {
		t.Errorf("lag after catching up is %q, want 0", got)
	}
}

func TestAFormGoesInAsADraftAndIsPublishedOnce(t *testing.T) {
	o, _ := newSurveyOffice(t)
	staff := o.staff()
	book := map[string]string{"Content-Type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
	var in struct {
		Ref, Status, Hash string
		Problems          []server.WorkbookProblem
	}
	a := o.send(http.MethodPost, "/api/v1/forms", staff, book, []byte("PK: not a form"))
	if a.status != 422 || !strings.Contains(string(a.body), `"problems":[{"sheet":"survey","row":14,"column":"D"`) {
		t.Errorf("a workbook with a mistake: %d %s", a.status, a.body)
	}
	if own, err := o.store.Definitions(t.Context()); err != nil || len(own) != 0 {
		t.Errorf("a refused workbook left %d definitions, %v", len(own), err)
	}
	if a = o.send(http.MethodPost, "/api/v1/forms", staff, book, []byte(everyKey)); a.status != 200 {
		t.Fatalf("import: %s", a.body)
	}
	must(t, json.Unmarshal(a.body, &in))
	body := o.send(http.MethodGet, "/api/v1/forms/every-key", staff, nil, nil)
	sum := sha256.Sum256(body.body)
	if in.Ref != "every-key@1" || in.Status != "draft" || len(in.Problems) != 1 || in.Hash != hex.EncodeToString(sum[:]) {
		t.Errorf("imported %+v, and what is there has hash %x", in, sum)
	}
	round := map[string]any{"form": "every-key", "areas": []string{"450303"}, "reference_date": "2020-01-01"}
	o.want(o.api(http.MethodPost, "/rounds", staff, round, nil), 422, "invalid")
	o.want(o.api(http.MethodPost, "/forms/every-key/publish", staff, nil, nil), 200, "")
	o.want(o.api(http.MethodPost, "/rounds", staff, round, nil), 200, "")
	plain := map[string]string{"Content-Type": "application/json"}
	o.want(o.send(http.MethodPost, "/api/v1/forms", staff, plain, body.body), 200, "") // the same again
	other := strings.Replace(everyKey, "Everything", "Nothing", 1)
	o.want(o.send(http.MethodPost, "/api/v1/forms", staff, plain, []byte(other)), 409, "conflict")
	o.want(o.send(http.MethodPost, "/api/v1/forms", staff, map[string]string{"Content-Type": "text/csv"}, []byte("a")), 415, "unsupported_encoding")
	o.want(o.send(http.MethodPost, "/api/v1/forms", staff, plain, make([]byte, 5<<20)), 413, "too_large")
	o.want(o.send(http.MethodPost, "/api/v1/forms", staff, book, make([]byte, 21<<20)), 413, "too_large")
}

func TestAnOfficeCannotChangeAFormOfTheProgram(t *testing.T) {
	o, _ := newSurveyOffice(t)
	staff := o.staff()
	plain := map[string]string{"Content-Type": "application/json"}
	for _, query := range []string{"", "?kind=indicators"} {
		body := o.send(http.MethodGet, "/api/v1/forms/bmn-2560@1"+query, staff, nil, nil).body
		o.want(o.send(http.MethodPost, "/api/v1/forms", staff, plain, body), 200, "") // the same
		other := bytes.Replace(body, []byte(`"title":{"th":"`), []byte(`"title":{"th":"ใหม่ `), 1)
		o.want(o.send(http.MethodPost, "/api/v1/forms", staff, plain, other), 422, "invalid")
		other = bytes.Replace(other, []byte(`"version":1`), []byte(`"version":2`), 1)
		o.want(o.send(http.MethodPost, "/api/v1/forms", staff, plain, other), 200, "")
	}
	var list struct{ Forms []server.DefinitionView }
	o.want(o.api(http.MethodGet, "/forms", staff, nil, &list), 200, "")
	for _, v := range list.Forms {
		if v.Ref == "bmn-2560@1" && v.Status != server.StatusBuiltIn {
			t.Errorf("%s %s is %s", v.Kind, v.Ref, v.Status)
		}
	}
}

func TestNextYearsRoundBeginsWithTheRoster(t *testing.T) {
	o, a := newSurveyOffice(t)
	staff := o.staff()
	o.fill()
	var round server.RoundView
	body := map[string]any{"form": "bmn-2560", "areas": []string{"450303"}, "reference_date": "2021-01-01", "from": roundOne}
	o.want(o.api(http.MethodPost, "/rounds", staff, body, &round), 200, "")
	// three households and two of their members; the household that named its round already needs nothing
	if round.Carried != 5 || round.Kept != 2 || round.State != "open" || round.Previous != roundOne || round.Set != "bmn-2560@1" {
		t.Errorf("opened %+v", round)
	}
	if _, err := a.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	var sums struct {
		Summary struct {
			Households struct {
				Total      int
				NotStarted int `json:"not_started"`
			}
		}
	}
	o.want(o.api(http.MethodGet, "/summaries?area=450303&round="+round.ID, staff, nil, &sums), 200, "")
	if h := sums.Summary.Households; h.Total != 3 || h.NotStarted != 3 {
		t.Errorf("the new round has %+v, want 3 households that nobody has begun", h)
	}
	o.want(o.api(http.MethodPost, "/rounds/"+round.ID+"/close", staff, nil, &round), 200, "")
	if round.State != "closed" {
		t.Errorf("closed: %+v", round)
	}
}

func TestACertifiedVillageKeepsItsNumbers(t *testing.T) {
	o, a := newSurveyOffice(t)
	staff := o.staff()
	o.fill()
	sign := map[string]any{"round": roundOne, "signatures": []string{"มาลี"}}
	var v struct {
		State   string
		Numbers struct{ Total int }
		By      string
	}
	o.want(o.api(http.MethodPost, "/villages/"+village+"/certify", staff, sign, &v), 200, "") // analysis was behind
	if v.State != "certified" || v.Numbers.Total != 2 || v.By != "admin" {
		t.Errorf("certified %+v, want 2 households by admin", v)
	}
	o.edit(record(30), "household", map[string]any{"_scope": village, "q9": true})
	if _, err := a.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	total := func() (n int) {
		var sums struct {
			Summary struct{ Households struct{ Total int } }
		}
		o.want(o.api(http.MethodGet, "/summaries?area="+village+"&round="+roundOne, staff, nil, &sums), 200, "")
		return sums.Summary.Households.Total
	}
	if n := total(); n != 2 {
		t.Errorf("a certified village has %d households after another came, want 2", n)
	}
	o.want(o.api(http.MethodPost, "/villages/"+village+"/reopen", staff, map[string]any{"round": roundOne, "note": "ตกหล่น"}, nil), 200, "")
	if _, err := a.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := total(); n != 3 {
		t.Errorf("the village has %d households when open again, want 3", n)
	}
}

func TestDecisionsShowNoIdentifier(t *testing.T) {
	o, _ := newSurveyOffice(t)
	staff := o.staff()
	o.fill()
	for path, body := range map[string]any{
		"/state": map[string]string{"state": "approved"}, "/merge": map[string]string{"into": houseTwo},
	} {
		a := o.api(http.MethodPost, "/records/"+houseOne+path, staff, body, nil)
		if a.status != 200 || strings.Contains(string(a.body), "45030012345") {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	o.want(o.api(http.MethodPost, "/records/"+houseTwo+"/merge", staff, map[string]string{"into": houseOne}, nil), 422, "invalid") // a circle
	o.want(o.api(http.MethodPost, "/records/"+houseTwo+"/merge", staff, map[string]string{"into": houseTwo}, nil), 422, "invalid")
}

func TestAnExportIsStreamedAndNoted(t *testing.T) {
	broken := errors.New("the disk broke")
	var asked server.ExportRequest
	o, _ := newSurveyOffice(t, func(c *server.Config) {
		c.Exporter = exporterFunc(func(_ context.Context, q server.ExportRequest, w io.Writer) (int64, error) {
			asked = q
			switch q.What {
			case server.ExportSummary:
				return 0, broken
			case server.ExportPersons:
				return 0, nil
			}
			n, err := io.WriteString(w, strings.Repeat("row\n", 1000))
			if q.What == "member" {
				return int64(n / 4), broken
			}
			return int64(n / 4), err
		})
	})
	staff := o.staff()
	o.fill()
	a := o.send(http.MethodGet, "/api/v1/export?area=450303&format=geojson&personal=true&reason="+url.QueryEscape("ตรวจรายชื่อ"), staff, nil, nil)
	if a.status != 200 || len(a.body) != 4000 || a.header.Get("Content-Type") != "application/geo+json" ||
		a.header.Get("Content-Disposition") != `attachment; filename="tambonsync-households-450303-01936b2e.geojson"` {
		t.Errorf("answered %d, %d bytes, %v", a.status, len(a.body), a.header)
	}
	if asked.Round.String() != roundOne || asked.Area != "450303" || !asked.Personal {
		t.Errorf("asked for %+v, want the only round of the area", asked)
	}
	o.want(o.api(http.MethodGet, "/export?what=summary&round="+roundOne, staff, nil, nil), 500, syncproto.CodeInternal)
	o.want(o.api(http.MethodGet, "/export?what=persons&round="+roundOne, staff, nil, nil), 200, "")
	if body, err := o.half("/api/v1/export?what=member&round="+roundOne, staff); err == nil {
		t.Errorf("an export that broke off looks whole: %d bytes", len(body))
	}
	var log struct {
		Exports []struct {
			User, Area, What, Reason, From string
			Personal                       bool
			Rows                           int
		}
	}
	o.want(o.api(http.MethodGet, "/exports", staff, nil, &log), 200, "")
	if len(log.Exports) != 3 {
		t.Fatalf("noted %+v, want three: the one that failed before its first byte gave nothing out", log.Exports)
	}
	if e := log.Exports[0]; e.What != "member" || e.Rows != 1000 || e.User != "admin" || e.From == "" {
		t.Errorf("the export that broke off is noted as %+v", e)
	}
	if e := log.Exports[2]; !e.Personal || e.Reason != "ตรวจรายชื่อ" || e.Area != "450303" || e.Rows != 1000 {
		t.Errorf("the personal export is noted as %+v", e)
	}
}

// half reads an answer that may break off.
func (o *office) half(path, token string) ([]byte, error) {
	o.t.Helper()
	req, err := http.NewRequestWithContext(o.t.Context(), http.MethodGet, o.url+path, nil)
	must(o.t, err)
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	return io.ReadAll(resp.Body)
}

func TestOnlySoManyExportsAreWrittenAtOnce(t *testing.T) {
	begun, end := make(chan struct{}), make(chan struct{})
	o, _ := newSurveyOffice(t, func(c *server.Config) {
		c.Exporter = exporterFunc(func(context.Context, server.ExportRequest, io.Writer) (int64, error) {
			begun <- struct{}{}
			<-end
			return 0, nil
		})
	})
	staff := o.staff()
	o.fill()
	const path = "/api/v1/export?round=" + roundOne
	done := make(chan error, 2)
	for range 2 {
		go func() {
			_, err := o.half(path, staff)
			done <- err
		}()
		<-begun
	}
	a := o.send(http.MethodGet, path, staff, nil, nil)
	o.want(a, 503, syncproto.CodeUnavailable)
	if a.header.Get("Retry-After") == "" {
		t.Error("it does not say when to come back")
	}
	close(end)
	for range 2 {
		must(t, <-done)
	}
}

// Every listing, a row at a time, shows what it shows at once, and no row twice.
func TestListingsGoOnWhereTheyStopped(t *testing.T) {
	o, a := newSurveyOffice(t)
	staff := o.staff()
	o.fill()
	o.edit(record(40), "member", map[string]any{"_scope": village, "_parent": id(t, houseOne), "national_id": "1101700203451", "sex": "robot"})
	o.edit(record(41), "member", map[string]any{"_scope": village, "_parent": id(t, houseTwo), "national_id": "3101700203457"})
	o.edit(record(42), "member", map[string]any{"_scope": village, "_parent": id(t, houseOne), "national_id": "3101700203457"})
	if _, err := a.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, path, list string
		want             int // rows
	}{
		{"records", "/records?area=4503", "records", 12},
		{"households of a round", "/records?round=" + roundOne, "records", 3},
		{"households of a round that nobody began", "/records?state=not_started&round=" + roundOne, "records", 1},
		{"results", "/results?round=" + roundOne, "results", 3},
		{"results that fail", "/results?indicator=9&verdict=fail&round=" + roundOne, "results", 0},
		{"duplicates", "/duplicates?round=" + roundOne, "duplicates", 3},
		{"duplicates of a kind", "/duplicates?kind=national_id", "duplicates", 2},
		{"duplicates elsewhere", "/duplicates?area=450304", "duplicates", 0},
		{"orphans", "/orphans", "orphans", 2},
		{"flags of a code", "/flags?code=bad_choice", "flags", 1},
		{"flags", "/flags", "flags", -1},
		{"villages", "/villages", "villages", 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			read := func(query url.Values) (rows []string, next string) {
				t.Helper()
				path, before, _ := strings.Cut(tt.path, "?")
				asked, err := url.ParseQuery(before)
				must(t, err)
				for k, v := range query {
					asked[k] = v
				}
				var page map[string]json.RawMessage
				if a := o.api(http.MethodGet, path+"?"+asked.Encode(), staff, nil, &page); a.status != 200 {
					t.Fatalf("%s?%s: %s", path, asked.Encode(), a.body)
				}
				var list []json.RawMessage
				must(t, json.Unmarshal(page[tt.list], &list))
				for _, row := range list {
					rows = append(rows, string(row))
				}
				if page["next"] != nil {
					must(t, json.Unmarshal(page["next"], &next))
				}
				return rows, next
			}
			whole, next := read(nil)
			if next != "" || tt.want >= 0 && len(whole) != tt.want || tt.want < 0 && len(whole) < 4 {
				t.Errorf("%d rows, next %q, want %d and no next", len(whole), next, tt.want)
			}
			var single []string
			for after := ""; len(single) <= len(whole); {
				rows, next := read(url.Values{"limit": {"1"}, "after": {after}})
				single = append(single, rows...)
				if after = next; next == "" {
					break
				}
			}
			if !slices.Equal(single, whole) {
				t.Errorf("row by row\n%s\nwant\n%s", strings.Join(single, "\n"), strings.Join(whole, "\n"))
			}
		})
	}
}

func TestADraftFormIsNotPublished(t *testing.T) {
	o, _ := newSurveyOffice(t)
	staff := o.staff()
	draft := strings.Replace(everyKey, `"version": 1,`, `"version": 1, "draft": true,`, 1)
	a := o.send(http.MethodPost, "/api/v1/forms", staff, map[string]string{"Content-Type": "application/json"}, []byte(draft))
	o.want(a, 200, "")
	o.want(o.api(http.MethodPost, "/forms/every-key@1/publish", staff, nil, nil), 422, "invalid")
	if own, err := o.store.Definitions(t.Context()); err != nil || len(own) != 1 || own[0].Status != server.StatusDraft {
		t.Errorf("definitions %+v, %v; want one draft", own, err)
	}
}

func TestAnExportThatItsReaderLeftIsNoted(t *testing.T) {
	o, _ := newSurveyOffice(t, func(c *server.Config) {
		c.Exporter = exporterFunc(func(ctx context.Context, _ server.ExportRequest, w io.Writer) (n int64, err error) {
			for err == nil {
				if _, err = w.Write(make([]byte, 1<<16)); err == nil {
					n, err = n+1, ctx.Err()
				}
			}
			return n, err
		})
	})
	staff := o.staff()
	o.fill()
	ctx, leave := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, o.url+"/api/v1/export?round="+roundOne, nil)
	must(t, err)
	req.Header.Set("Authorization", "Bearer "+staff)
	resp, err := http.DefaultClient.Do(req)
	must(t, err)
	_, err = io.ReadFull(resp.Body, make([]byte, 1<<16))
	must(t, err)
	leave()
	_ = resp.Body.Close()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		entries, err := o.store.Exports(t.Context(), 10)
		must(t, err)
		if len(entries) == 1 && entries[0].Rows >= 1 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("noted %+v, want the export with what was given", entries)
		}
	}
}
