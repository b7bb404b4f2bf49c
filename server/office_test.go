package server_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/crypto/bcrypt"

	"tambonsync/server"
	"tambonsync/server/store"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

// clock is an office clock that moves when told to.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// office is a real office behind a real HTTP server on the loopback.
type office struct {
	t     *testing.T
	url   string
	clock *clock
	store *store.Store
	who   server.Office
	log   *bytes.Buffer
}

func newOffice(t *testing.T, change ...func(*server.Config)) *office {
	t.Helper()
	dir := t.TempDir()
	if err := store.Create(t.Context(), dir, "อำเภอเกษตรวิสัย", rand.Reader); err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	o := &office{
		t:     t,
		clock: &clock{now: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)},
		store: st,
		log:   &bytes.Buffer{},
	}
	if o.who, err = st.Office(t.Context()); err != nil {
		t.Fatal(err)
	}
	c := server.Config{
		Store: st, Clock: o.clock.Now, Log: slog.New(slog.NewTextHandler(o.log, nil)),
		PublicURL: "https://sync.example.go.th",
	}
	for _, f := range change {
		f(&c)
	}
	s, err := server.New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	ts := httptest.NewServer(s.Handler())
	o.url = ts.URL
	t.Cleanup(func() {
		ts.Close()
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return o
}

// answer is what a request came to.
type answer struct {
	status  int
	header  http.Header
	body    []byte
	problem syncproto.Problem
}

func (o *office) send(method, path, token string, header map[string]string, body []byte) answer {
	o.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, o.url+path, bytes.NewReader(body))
	if err != nil {
		o.t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for k, v := range header {
		req.Header.Set(k, v)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		o.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	a := answer{status: resp.StatusCode, header: resp.Header}
	if a.body, err = io.ReadAll(resp.Body); err != nil {
		o.t.Fatal(err)
	}
	if a.status >= 400 {
		if ct := resp.Header.Get("Content-Type"); ct != "application/problem+json" {
			o.t.Fatalf("%s %s: %d with content type %q", method, path, a.status, ct)
		}
		if err := json.Unmarshal(a.body, &a.problem); err != nil {
			o.t.Fatalf("%s %s: %v", method, path, err)
		}
		if a.problem.Status != a.status {
			o.t.Errorf("problem says %d, the answer is %d", a.problem.Status, a.status)
		}
	}
	return a
}

// sync sends one message of a device and reads the answer into out.
func (o *office) sync(path, token string, in, out any) answer {
	o.t.Helper()
	body, err := syncproto.EncodeMessage(in)
	if err != nil {
		o.t.Fatal(err)
	}
	a := o.send(http.MethodPost, "/sync/v1"+path, token, map[string]string{"Content-Type": "application/cbor"}, body)
	if a.status == http.StatusOK && out != nil {
		if err := syncproto.DecodeMessage(a.body, out); err != nil {
			o.t.Fatal(err)
		}
	}
	return a
}

// api sends one request of the staff and reads the answer into out.
func (o *office) api(method, path, token string, in, out any) answer {
	o.t.Helper()
	var body []byte
	header := map[string]string{}
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			o.t.Fatal(err)
		}
		header["Content-Type"] = "application/json"
	}
	a := o.send(method, "/api/v1"+path, token, header, body)
	if a.status == http.StatusOK && out != nil {
		if err := json.Unmarshal(a.body, out); err != nil {
			o.t.Fatalf("%s: %v", a.body, err)
		}
	}
	return a
}

func (o *office) want(a answer, status int, code syncproto.ErrorCode) {
	o.t.Helper()
	if a.status != status || a.problem.Code != code {
		o.t.Errorf("got %d %q (%s), want %d %q", a.status, a.problem.Code, a.problem.Detail, status, code)
	}
}

func (o *office) invite(areas ...area.Code) server.Ticket {
	o.t.Helper()
	k, err := server.NewInvitation(o.who, "สมหญิง ใจดี", areas, 0, rand.Reader, o.clock.Now(), "https://sync.example.go.th")
	if err != nil {
		o.t.Fatal(err)
	}
	if err := o.store.AddInvitation(context.Background(), k.Invitation); err != nil {
		o.t.Fatal(err)
	}
	return k
}

// device is a tablet with its key.
type device struct {
	id     string
	office *office
	method jwt.SigningMethod
	key    any
	public []byte
	actor  syncproto.ActorID
	head   syncproto.Head
}

func (o *office) newDevice(algorithm string) *device {
	o.t.Helper()
	d := &device{office: o}
	if _, err := rand.Read(d.actor[:]); err != nil {
		o.t.Fatal(err)
	}
	switch algorithm {
	case server.AlgorithmEdDSA:
		public, key, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			o.t.Fatal(err)
		}
		d.method, d.key, d.public = jwt.SigningMethodEdDSA, key, public
	case server.AlgorithmES256:
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			o.t.Fatal(err)
		}
		d.method, d.key = jwt.SigningMethodES256, key
		if d.public, err = key.PublicKey.Bytes(); err != nil {
			o.t.Fatal(err)
		}
	}
	return d
}

func (d *device) enrollRequest(code string) syncproto.EnrollRequest {
	return syncproto.EnrollRequest{Code: code, Algorithm: d.method.Alg(), PublicKey: d.public, Name: "แท็บเล็ต 1", App: "test/1"}
}

// enroll returns a device that has a grant for the areas.
func (o *office) enroll(areas ...area.Code) *device {
	o.t.Helper()
	d := o.newDevice(server.AlgorithmEdDSA)
	var resp syncproto.EnrollResponse
	if a := o.sync("/enroll", "", d.enrollRequest(o.invite(areas...).Code), &resp); a.status != http.StatusOK {
		o.t.Fatalf("enroll: %+v", a.problem)
	}
	d.id = resp.Device
	return d
}

func (d *device) challenge() string {
	d.office.t.Helper()
	var resp syncproto.ChallengeResponse
	if a := d.office.sync("/challenge", "", syncproto.ChallengeRequest{Device: d.id}, &resp); a.status != http.StatusOK {
		d.office.t.Fatalf("challenge: %+v", a.problem)
	}
	return resp.Challenge
}

// assertion signs a challenge; change may spoil header and claims first.
func (d *device) assertion(challenge string, change func(header map[string]any, claims jwt.MapClaims)) string {
	d.office.t.Helper()
	claims := jwt.MapClaims{"iss": d.id, "sub": d.id, "aud": d.office.who.ID, "jti": challenge}
	token := jwt.NewWithClaims(d.method, claims)
	token.Header["typ"] = "tambonsync-assertion+jwt"
	if change != nil {
		change(token.Header, claims)
	}
	text, err := token.SignedString(d.key)
	if err != nil {
		d.office.t.Fatal(err)
	}
	return text
}

func (d *device) login() string {
	d.office.t.Helper()
	var resp syncproto.TokenResponse
	if a := d.office.sync("/token", "", syncproto.TokenRequest{Assertion: d.assertion(d.challenge(), nil)}, &resp); a.status != http.StatusOK {
		d.office.t.Fatalf("token: %+v", a.problem)
	}
	return resp.AccessToken
}

func (d *device) helloRequest() syncproto.HelloRequest {
	return syncproto.HelloRequest{Protocol: syncproto.ProtocolVersion, Actor: d.actor, App: "test/1", Time: 1}
}

// save writes one record as the device would.
func (d *device) save(rec syncproto.Record, changes map[string]any) syncproto.Record {
	d.office.t.Helper()
	values := map[string]syncproto.Value{}
	for name, v := range changes {
		value, err := syncproto.NewValue(v)
		if err != nil {
			d.office.t.Fatal(err)
		}
		values[name] = value
	}
	op := syncproto.Op{
		Dot:     syncproto.Dot{Actor: d.actor, Counter: max(d.head.Counter, rec.VV.Get(d.actor)) + 1},
		Wall:    d.office.clock.Now().UnixMilli(),
		Context: syncproto.Context{User: "somying", Form: "bmn-2560@1", App: "test/1"},
	}
	return rec.Save(op, values)
}

func (d *device) household(code area.Code, last byte, more map[string]any) syncproto.Record {
	d.office.t.Helper()
	id := syncproto.NewRecordID(d.office.clock.Now().UnixMilli(), [10]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, last})
	changes := map[string]any{syncproto.GroupScope: string(code)}
	for k, v := range more {
		changes[k] = v
	}
	return d.save(syncproto.Record{ID: id, Type: "household"}, changes)
}

// push sends records and remembers the new head.
func (d *device) push(token string, records ...syncproto.Record) (syncproto.PushResponse, answer) {
	d.office.t.Helper()
	q := syncproto.PushRequest{Actor: d.actor, Epoch: d.office.who.Epoch, Base: d.head}
	for _, r := range records {
		q.Records = append(q.Records, r.Encode())
	}
	var resp syncproto.PushResponse
	a := d.office.sync("/push", token, q, &resp)
	if a.status == http.StatusOK {
		d.head = resp.Head
	}
	return resp, a
}

// ready is a device that has logged in and said hello.
func (o *office) ready(areas ...area.Code) (*device, string) {
	o.t.Helper()
	d := o.enroll(areas...)
	token := d.login()
	if a := o.sync("/hello", token, d.helloRequest(), nil); a.status != http.StatusOK {
		o.t.Fatalf("hello: %+v", a.problem)
	}
	return d, token
}

const password = "correct horse"

// staff adds an administrator and logs in.
func (o *office) staff() string {
	o.t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost) // PasswordHash takes its time
	if err != nil {
		o.t.Fatal(err)
	}
	if err := o.store.AddUser(context.Background(), server.User{Name: "admin", PasswordHash: hash, Role: server.RoleAdmin}); err != nil {
		o.t.Fatal(err)
	}
	var resp struct {
		Token string `json:"access_token"`
		Type  string `json:"token_type"`
	}
	a := o.api(http.MethodPost, "/token", "", map[string]string{"user": "admin", "password": password}, &resp)
	if a.status != http.StatusOK || resp.Type != "Bearer" {
		o.t.Fatalf("login: %d %+v", a.status, a.problem)
	}
	return resp.Token
}
