package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"tambonsync/server"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
	"tambonsync/syncproto/view"
)

func TestStaffLogInWithAPassword(t *testing.T) {
	o := newOffice(t, func(c *server.Config) { c.LoginPerMinute = 100 })
	if token := o.staff(); token == "" {
		t.Fatal("no token")
	}
	tests := []struct {
		name   string
		body   any
		status int
		code   syncproto.ErrorCode
	}{
		{"wrong password", map[string]string{"user": "admin", "password": "wrong horse"}, 401, syncproto.CodeUnauthenticated},
		{"unknown user", map[string]string{"user": "nobody", "password": password}, 401, syncproto.CodeUnauthenticated},
		{"password of nobody's hash", map[string]string{"user": "nobody", "password": "no such password"}, 401, syncproto.CodeUnauthenticated},
		{"right beginning", map[string]string{"user": "admin", "password": password + strings.Repeat("x", 80)}, 401, syncproto.CodeUnauthenticated},
		{"nothing", map[string]string{}, 401, syncproto.CodeUnauthenticated},
		{"misspelt key", map[string]string{"name": "admin"}, 400, syncproto.CodeBadMessage},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o.want(o.api(http.MethodPost, "/token", "", tt.body, nil), tt.status, tt.code)
		})
	}
}

func TestGuessingPasswordsIsSlowedDown(t *testing.T) {
	o := newOffice(t, func(c *server.Config) { c.LoginPerMinute = 1 })
	guess := map[string]string{"user": "admin", "password": "guess"}
	o.want(o.api(http.MethodPost, "/token", "", guess, nil), 401, syncproto.CodeUnauthenticated)
	a := o.api(http.MethodPost, "/token", "", guess, nil)
	o.want(a, 429, syncproto.CodeTooManyRequests)
	if a.header.Get("Retry-After") != "60" {
		t.Errorf("Retry-After %q, want 60", a.header.Get("Retry-After"))
	}
}

func TestTheStaffsSideNeedsALivingAccount(t *testing.T) {
	o := newOffice(t)
	token := o.staff()
	paths := []struct{ method, path string }{
		{http.MethodGet, "/records"},
		{http.MethodGet, "/records/018bcfe5-6800-7102-8304-05060708090a"},
		{http.MethodPost, "/records/018bcfe5-6800-7102-8304-05060708090a/resolve"},
		{http.MethodGet, "/cases"},
		{http.MethodPost, "/cases/x/close"},
		{http.MethodGet, "/devices"},
		{http.MethodPost, "/devices/x/revoke"},
		{http.MethodPut, "/devices/x/grants"},
		{http.MethodPost, "/invitations"},
		{http.MethodGet, "/quarantine"},
		{http.MethodPost, "/quarantine/x/accept"},
		{http.MethodPost, "/quarantine/x/reject"},
	}
	for _, p := range paths {
		o.want(o.api(p.method, p.path, "", nil, nil), 401, syncproto.CodeUnauthenticated)
	}
	o.want(o.api(http.MethodGet, "/devices", token, nil, nil), 200, "")
	if err := o.store.AddUser(t.Context(), server.User{Name: "admin", PasswordHash: []byte("x"), Role: "reader"}); err != nil {
		t.Fatal(err)
	}
	for _, p := range paths {
		o.want(o.api(p.method, p.path, token, nil, nil), 403, syncproto.CodeForbidden)
	}
	o.clock.Advance(time.Hour)
	o.want(o.api(http.MethodGet, "/devices", token, nil, nil), 401, syncproto.CodeTokenExpired)
}

type recordPage struct {
	Records []view.RecordView `json:"records"`
	Next    string            `json:"next"`
}

func TestStaffPageThroughRecords(t *testing.T) {
	o := newOffice(t)
	staff := o.staff()
	d, token := o.ready("450303", "450304")
	for i, code := range []area.Code{"45030301", "45030302", "45030401", "45030301", "45030401"} {
		d.push(token, d.household(code, byte(i), nil))
	}
	gone := d.household("45030301", 9, nil)
	d.push(token, gone)
	d.push(token, d.save(gone, map[string]any{syncproto.GroupLife: false}))
	tests := []struct {
		name  string
		query url.Values
		want  int
	}{
		{"all that live", nil, 5},
		{"deleted ones too", url.Values{"deleted": {"true"}}, 6},
		{"of a tambon", url.Values{"area": {"450303"}}, 3},
		{"of a village, in Thai digits", url.Values{"area": {"๔๕๐๓๐๔๐๑"}}, 2},
		{"of a type", url.Values{"type": {"household"}}, 5},
		{"of another type", url.Values{"type": {"boat"}}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			seen := map[string]bool{}
			query := url.Values{"limit": {"2"}}
			for k, v := range tt.query {
				query[k] = v
			}
			for pages := 0; ; pages++ {
				var page recordPage
				if a := o.api(http.MethodGet, "/records?"+query.Encode(), staff, nil, &page); a.status != 200 || pages > 5 {
					t.Fatalf("page %d: %d %+v", pages, a.status, a.problem)
				}
				for _, r := range page.Records {
					seen[r.ID] = true
				}
				if page.Next == "" {
					break
				}
				query.Set("after", page.Next)
			}
			if len(seen) != tt.want {
				t.Errorf("saw %d records, want %d", len(seen), tt.want)
			}
		})
	}
	for _, query := range []string{"area=45x", "after=x", "limit=many", "deleted=perhaps"} {
		o.want(o.api(http.MethodGet, "/records?"+query, staff, nil, nil), 400, syncproto.CodeBadMessage)
	}
}

func TestIdentifiersAreMaskedInListsAndReadingThemIsLogged(t *testing.T) {
	o := newOffice(t)
	staff := o.staff()
	d, token := o.ready("450303")
	const id = "45030012345"
	rec := d.household("45030301", 1, map[string]any{"house_reg_id": id, "head_name": "สมชาย"})
	d.push(token, rec)

	list := o.api(http.MethodGet, "/records", staff, nil, nil)
	if strings.Contains(string(list.body), id) || !strings.Contains(string(list.body), "xxxxxxxx345") {
		t.Errorf("the list shows %s", list.body)
	}
	one := o.api(http.MethodGet, "/records/"+rec.ID.String(), staff, nil, nil)
	if !strings.Contains(string(one.body), id) {
		t.Errorf("one record shows %s", one.body)
	}
	log := o.log.String()
	for _, want := range []string{`msg="personal records listed" user=admin`, `msg="personal record read" user=admin`, rec.ID.String()} {
		if !strings.Contains(log, want) {
			t.Errorf("the log lacks %q:\n%s", want, log)
		}
	}
	for _, secret := range []string{id, "สมชาย"} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
	o.want(o.api(http.MethodGet, "/records/018bcfe5-6800-7102-8304-05060708090a", staff, nil, nil), 404, syncproto.CodeNotFound)
	o.want(o.api(http.MethodGet, "/records/1", staff, nil, nil), 400, syncproto.CodeBadMessage)
}

func TestAConflictIsSeenAndResolved(t *testing.T) {
	o := newOffice(t)
	staff := o.staff()
	a, tokenA := o.ready("450303")
	b, tokenB := o.ready("450303")
	rec := a.household("45030301", 1, map[string]any{"house_no": "12"})
	a.push(tokenA, rec)
	a.push(tokenA, a.save(rec, map[string]any{"house_no": "12/1"}))
	if resp, _ := b.push(tokenB, b.save(rec, map[string]any{"house_no": "12/2"})); resp.Results[0].Code != syncproto.ResultMerged {
		t.Fatalf("push of the other answer: %+v", resp)
	}
	var cases struct {
		Cases []struct{ ID, Record, Group, Kind, Area string }
	}
	o.want(o.api(http.MethodGet, "/cases?area=450303", staff, nil, &cases), 200, "")
	if len(cases.Cases) != 1 || cases.Cases[0].Group != "house_no" || cases.Cases[0].Record != rec.ID.String() {
		t.Fatalf("cases: %+v", cases)
	}
	path := "/records/" + rec.ID.String()
	var v view.RecordView
	o.want(o.api(http.MethodGet, path, staff, nil, &v), 200, "")
	if len(v.Conflicts["house_no"]) != 2 || v.Conflicts["house_no"][0].User != "somying" {
		t.Errorf("conflicts: %+v", v.Conflicts)
	}
	o.want(o.api(http.MethodPost, path+"/resolve", staff, map[string]any{"group": "no_such", "value": 1}, nil), 400, syncproto.CodeBadMessage)
	o.want(o.api(http.MethodPost, path+"/resolve", staff, map[string]any{"group": "_life", "value": "x"}, nil), 400, syncproto.CodeBadMessage)
	v = view.RecordView{}
	o.want(o.api(http.MethodPost, path+"/resolve", staff, map[string]any{"group": "house_no", "value": "12/2"}, &v), 200, "")
	if len(v.Conflicts) != 0 || v.Values["house_no"] != "12/2" {
		t.Errorf("after the decision: %+v", v)
	}
	o.want(o.api(http.MethodGet, "/cases", staff, nil, &cases), 200, "")
	if len(cases.Cases) != 0 {
		t.Errorf("still open: %+v", cases)
	}
	o.want(o.api(http.MethodPost, "/cases/x/close", staff, nil, nil), 404, syncproto.CodeNotFound)
	o.want(o.api(http.MethodGet, "/cases?closed=true", staff, nil, &cases), 200, "")
	if len(cases.Cases) != 1 {
		t.Errorf("closed ones: %+v", cases)
	}
}

func TestStaffManageDevices(t *testing.T) {
	o := newOffice(t)
	staff := o.staff()
	var invited struct {
		Code, URL string
		ExpiresAt time.Time `json:"expires_at"`
	}
	o.want(o.api(http.MethodPost, "/invitations", staff, map[string]any{"officer": "สมศรี", "areas": []string{"450303", "45030301"}}, &invited), 200, "")
	if !invited.ExpiresAt.Equal(o.clock.Now().Add(15*time.Minute)) || !strings.HasPrefix(invited.URL, "https://sync.example.go.th/enroll#s=") {
		t.Errorf("invited: %+v", invited)
	}
	for name, bad := range map[string]any{
		"no officer": map[string]any{"areas": []string{"45"}}, "no area": map[string]any{"officer": "x"},
		"no such area form": map[string]any{"officer": "x", "areas": []string{"453"}}, "unknown key": map[string]any{"officers": 1},
	} {
		t.Run(name, func(t *testing.T) {
			o.want(o.api(http.MethodPost, "/invitations", staff, bad, nil), 400, syncproto.CodeBadMessage)
		})
	}
	d := o.newDevice(server.AlgorithmEdDSA)
	var enrolled syncproto.EnrollResponse
	o.want(o.sync("/enroll", "", d.enrollRequest(invited.Code), &enrolled), 200, "")
	d.id = enrolled.Device

	var list struct {
		Devices []struct {
			ID, Name, Officer string
			Areas             []area.Code
		}
	}
	a := o.api(http.MethodGet, "/devices", staff, nil, &list)
	if len(list.Devices) != 1 || list.Devices[0].ID != d.id || list.Devices[0].Officer != "สมศรี" || len(list.Devices[0].Areas) != 1 {
		t.Errorf("devices: %s", a.body)
	}
	path := "/devices/" + d.id
	o.want(o.api(http.MethodPut, path+"/grants", staff, map[string]any{"areas": []string{"450304"}}, nil), 200, "")
	o.want(o.api(http.MethodPut, path+"/grants", staff, map[string]any{}, nil), 400, syncproto.CodeBadMessage)
	o.want(o.api(http.MethodPut, path+"/grants", staff, map[string]any{"areas": []string{"x"}}, nil), 400, syncproto.CodeBadMessage)
	o.want(o.api(http.MethodPut, "/devices/x/grants", staff, map[string]any{"areas": []string{}}, nil), 404, syncproto.CodeNotFound)
	got, err := o.store.Device(t.Context(), d.id)
	if err != nil || len(got.Grants) != 1 || got.Grants[0] != "450304" {
		t.Errorf("grants %v, %v", got.Grants, err)
	}
	o.want(o.api(http.MethodPost, path+"/revoke", staff, nil, nil), 200, "")
	o.want(o.api(http.MethodPost, path+"/revoke", staff, nil, nil), 200, "")
	o.want(o.api(http.MethodPost, "/devices/x/revoke", staff, nil, nil), 404, syncproto.CodeNotFound)
}

func TestASupervisorDecidesWhatWaits(t *testing.T) {
	o := newOffice(t)
	staff := o.staff()
	d, token := o.ready("450303")
	one, two := d.household("45030401", 1, map[string]any{"house_reg_id": "45030012345"}), d.household("45030401", 2, nil)
	resp, _ := d.push(token, one, two)
	if resp.Results[0].Code != syncproto.ResultQuarantined {
		t.Fatalf("push: %+v", resp)
	}
	type item struct {
		ID, Record, Device, Reason, Status string
		Content                            *view.RecordView
	}
	var waiting struct{ Items []item }
	a := o.api(http.MethodGet, "/quarantine", staff, nil, &waiting)
	if len(waiting.Items) != 2 || waiting.Items[0].Device != d.id || waiting.Items[0].Reason != "outside_grant" || waiting.Items[0].Content == nil ||
		strings.Contains(string(a.body), "45030012345") {
		t.Fatalf("waiting: %s", a.body)
	}
	byRecord := map[string]string{}
	for _, it := range waiting.Items {
		byRecord[it.Record] = "/quarantine/" + it.ID
	}
	accept, reject := byRecord[one.ID.String()]+"/accept", byRecord[two.ID.String()]+"/reject"
	var decided item
	o.want(o.api(http.MethodPost, accept, staff, map[string]any{"why": "ย้ายเขตแล้ว"}, &decided), 200, "")
	if decided.Status != "accepted" {
		t.Errorf("decided: %+v", decided)
	}
	o.want(o.api(http.MethodPost, accept, staff, nil, nil), 409, "conflict")
	o.want(o.api(http.MethodPost, reject, staff, map[string]any{"why": "ซ้ำ"}, nil), 200, "")
	o.want(o.api(http.MethodPost, "/quarantine/x/accept", staff, nil, nil), 404, syncproto.CodeNotFound)
	if _, err := o.store.Record(t.Context(), one.ID); err != nil {
		t.Errorf("the accepted record: %v", err)
	}
	if resp, _ := d.push(token, two); resp.Results[0].Code != syncproto.ResultRejected || resp.Results[0].Detail != "ซ้ำ" {
		t.Errorf("the rejected record, pushed again: %+v", resp)
	}
	o.want(o.api(http.MethodGet, "/quarantine", staff, nil, &waiting), 200, "")
	if len(waiting.Items) != 0 {
		t.Errorf("still waiting: %+v", waiting)
	}
	o.want(o.api(http.MethodGet, "/quarantine?all=true", staff, nil, &waiting), 200, "")
	if len(waiting.Items) != 2 {
		t.Errorf("all: %+v", waiting)
	}
}

func TestAPasswordIsTakenWholeOrRefused(t *testing.T) {
	o := newOffice(t, func(c *server.Config) { c.LoginPerMinute = 100 })
	tests := []struct {
		name, password string
		ok             bool
	}{
		{"seven letters", "1234567", false},
		{"Thai", "รหัสผ่านของฉัน", true},
		{"longer than bcrypt reads", strings.Repeat("x", 73), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			hash, err := server.PasswordHash(tt.password)
			if (err == nil) != tt.ok {
				t.Fatalf("got %v, want ok %v", err, tt.ok)
			}
			if !tt.ok {
				return
			}
			if err := o.store.AddUser(t.Context(), server.User{Name: "u", PasswordHash: hash, Role: server.RoleAdmin}); err != nil {
				t.Fatal(err)
			}
			o.want(o.api(http.MethodPost, "/token", "", map[string]string{"user": "u", "password": tt.password}, nil), 200, "")
		})
	}
}
