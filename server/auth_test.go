package server_test

import (
	"crypto/ed25519"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"tambonsync/server"
	"tambonsync/syncproto"
)

func TestADeviceEnrollsAndLogsIn(t *testing.T) {
	for _, algorithm := range []string{server.AlgorithmEdDSA, server.AlgorithmES256} {
		t.Run(algorithm, func(t *testing.T) {
			o := newOffice(t)
			d := o.newDevice(algorithm)
			var resp syncproto.EnrollResponse
			a := o.sync("/enroll", "", d.enrollRequest(o.invite("450303").Code), &resp)
			if a.status != http.StatusOK || resp.Officer != "สมหญิง ใจดี" || resp.Office != o.who.ID ||
				fmt.Sprint(resp.Areas) != "[450303]" || resp.Time != o.clock.Now().UnixMilli() {
				t.Fatalf("got %d %+v", a.status, resp)
			}
			d.id = resp.Device
			if a := o.sync("/hello", d.login(), d.helloRequest(), nil); a.status != http.StatusOK {
				t.Errorf("hello: %+v", a.problem)
			}
		})
	}
}

func TestADeviceEnrollsWithTheSecretOfTheQRCode(t *testing.T) {
	o := newOffice(t)
	d := o.newDevice(server.AlgorithmEdDSA)
	_, rest, _ := strings.Cut(o.invite("450303").URL, "#s=")
	q := d.enrollRequest("")
	q.Secret, _, _ = strings.Cut(rest, "&")
	if a := o.sync("/enroll", "", q, nil); a.status != http.StatusOK {
		t.Errorf("got %+v", a.problem)
	}
	other := o.newDevice(server.AlgorithmEdDSA).enrollRequest("")
	other.Secret = q.Secret
	o.want(o.sync("/enroll", "", other, nil), 403, syncproto.CodeInvitationInvalid)
}

// An answer may be lost on the way: the same device asks again and is the same.
func TestAnEnrollmentMayBeRepeatedByTheSameKey(t *testing.T) {
	o := newOffice(t)
	q := o.newDevice(server.AlgorithmEdDSA).enrollRequest(o.invite("450303").Code)
	var first, second syncproto.EnrollResponse
	o.sync("/enroll", "", q, &first)
	if a := o.sync("/enroll", "", q, &second); a.status != http.StatusOK || first.Device == "" || first.Device != second.Device {
		t.Errorf("got %+v then %+v (%d)", first, second, a.status)
	}
	o.clock.Advance(server.InvitationLife + time.Minute)
	o.want(o.sync("/enroll", "", q, nil), 403, syncproto.CodeInvitationInvalid)
}

func TestAnInvitationWorksOnce(t *testing.T) {
	o := newOffice(t)
	code := o.invite("450303").Code
	if a := o.sync("/enroll", "", o.newDevice(server.AlgorithmEdDSA).enrollRequest(code), nil); a.status != http.StatusOK {
		t.Fatalf("first: %+v", a.problem)
	}
	second := o.newDevice(server.AlgorithmEdDSA).enrollRequest(code)
	o.want(o.sync("/enroll", "", second, nil), 403, syncproto.CodeInvitationInvalid)
}

func TestAnInvitationExpires(t *testing.T) {
	o := newOffice(t)
	code := o.invite("450303").Code
	o.clock.Advance(server.InvitationLife)
	q := o.newDevice(server.AlgorithmEdDSA).enrollRequest(code)
	o.want(o.sync("/enroll", "", q, nil), 403, syncproto.CodeInvitationInvalid)
}

func TestFiveWrongCodesKillAnInvitation(t *testing.T) {
	for _, wrong := range []int{4, 5} {
		t.Run(fmt.Sprint(wrong, " wrong codes"), func(t *testing.T) {
			o := newOffice(t)
			right := o.invite("450303").Code
			last := right[8]
			for i, n := 0, 0; n < wrong; i++ {
				if symbol := "0123456789"[i]; symbol != last {
					q := o.newDevice(server.AlgorithmEdDSA).enrollRequest(right[:8] + string(symbol))
					o.want(o.sync("/enroll", "", q, nil), 403, syncproto.CodeInvitationInvalid)
					n++
				}
			}
			a := o.sync("/enroll", "", o.newDevice(server.AlgorithmEdDSA).enrollRequest(strings.ToLower(right)), nil)
			if wrong < 5 && a.status != http.StatusOK {
				t.Errorf("the right code after %d wrong ones: %+v", wrong, a.problem)
			}
			if wrong == 5 {
				o.want(a, 403, syncproto.CodeInvitationInvalid)
			}
		})
	}
}

func TestEnrollmentsThatAreRefused(t *testing.T) {
	o := newOffice(t)
	good := o.newDevice(server.AlgorithmEdDSA)
	tests := []struct {
		name   string
		change func(*syncproto.EnrollRequest)
		status int
		code   syncproto.ErrorCode
	}{
		{"unknown code", func(q *syncproto.EnrollRequest) { q.Code = "0000-0000" }, 403, syncproto.CodeInvitationInvalid},
		{"code that no office makes", func(q *syncproto.EnrollRequest) { q.Code = "UUUU-UUUU" }, 403, syncproto.CodeInvitationInvalid},
		{"unknown secret", func(q *syncproto.EnrollRequest) { q.Code, q.Secret = "", "AAAA" }, 403, syncproto.CodeInvitationInvalid},
		{"neither code nor secret", func(q *syncproto.EnrollRequest) { q.Code = "" }, 400, syncproto.CodeBadMessage},
		{"code and secret", func(q *syncproto.EnrollRequest) { q.Secret = "x" }, 400, syncproto.CodeBadMessage},
		{"no name", func(q *syncproto.EnrollRequest) { q.Name = "" }, 400, syncproto.CodeBadMessage},
		{"endless name", func(q *syncproto.EnrollRequest) { q.Name = strings.Repeat("x", 1000) }, 400, syncproto.CodeBadMessage},
		{"name with a line break", func(q *syncproto.EnrollRequest) { q.Name = "a\nb" }, 400, syncproto.CodeBadMessage},
		{"symmetric key", func(q *syncproto.EnrollRequest) { q.Algorithm = "HS256" }, 400, syncproto.CodeBadMessage},
		{"short key", func(q *syncproto.EnrollRequest) { q.PublicKey = q.PublicKey[:31] }, 400, syncproto.CodeBadMessage},
		{"key of another algorithm", func(q *syncproto.EnrollRequest) { q.Algorithm = "ES256" }, 400, syncproto.CodeBadMessage},
		{"point off the curve", func(q *syncproto.EnrollRequest) {
			q.Algorithm, q.PublicKey = "ES256", append([]byte{4}, make([]byte, 64)...)
		}, 400, syncproto.CodeBadMessage},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			q := good.enrollRequest(o.invite("450303").Code)
			tt.change(&q)
			o.want(o.sync("/enroll", "", q, nil), tt.status, tt.code)
		})
	}
}

func TestEnrollingIsSlowedDownForOneAddress(t *testing.T) {
	o := newOffice(t, func(c *server.Config) { c.EnrollPerMinute = 2 })
	q := o.newDevice(server.AlgorithmEdDSA).enrollRequest("0000-0000")
	for range 2 {
		o.want(o.sync("/enroll", "", q, nil), 403, syncproto.CodeInvitationInvalid)
	}
	a := o.sync("/enroll", "", q, nil)
	o.want(a, 429, syncproto.CodeTooManyRequests)
	if a.header.Get("Retry-After") != "30" {
		t.Errorf("Retry-After %q, want 30", a.header.Get("Retry-After"))
	}
	o.clock.Advance(30 * time.Second)
	o.want(o.sync("/enroll", "", q, nil), 403, syncproto.CodeInvitationInvalid)
}

func TestAForgedAddressDoesNotEscapeTheLimit(t *testing.T) {
	o := newOffice(t, func(c *server.Config) { c.EnrollPerMinute = 1 })
	body, err := syncproto.EncodeMessage(o.newDevice(server.AlgorithmEdDSA).enrollRequest("0000-0000"))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{403, 429} {
		a := o.send(http.MethodPost, "/sync/v1/enroll", "", map[string]string{
			"Content-Type": "application/cbor", "X-Forwarded-For": fmt.Sprintf("192.0.2.%d", i), "X-Real-Ip": fmt.Sprintf("192.0.2.%d", i),
		}, body)
		if a.status != want {
			t.Errorf("try %d: %d, want %d", i, a.status, want)
		}
	}
}

func TestAssertionsThatAreRefused(t *testing.T) {
	o := newOffice(t)
	d, other := o.enroll("450303"), o.enroll("450304")
	stranger := newOffice(t)
	tests := []struct {
		name string
		make func() string
		code syncproto.ErrorCode
	}{
		{"challenge of another device", func() string { return d.assertion(other.challenge(), nil) }, syncproto.CodeUnauthenticated},
		{"challenge of another office", func() string {
			return d.assertion((&device{id: d.id, office: stranger}).challenge(), nil)
		}, syncproto.CodeUnauthenticated},
		{"invented challenge", func() string { return d.assertion("x", nil) }, syncproto.CodeUnauthenticated},
		{"expired challenge", func() string {
			c := d.challenge()
			o.clock.Advance(2 * time.Minute)
			return d.assertion(c, nil)
		}, syncproto.CodeChallengeExpired},
		{"used challenge", func() string {
			text := d.assertion(d.challenge(), nil)
			if a := o.sync("/token", "", syncproto.TokenRequest{Assertion: text}, nil); a.status != http.StatusOK {
				t.Errorf("first use: %+v", a.problem)
			}
			return text
		}, syncproto.CodeChallengeExpired},
		{"key of another device", func() string {
			thief := &device{id: d.id, office: o, method: other.method, key: other.key}
			return thief.assertion(thief.challenge(), nil)
		}, syncproto.CodeUnauthenticated},
		{"unknown device", func() string {
			nobody := &device{id: "5d3b3a39-0d8f-4d0c-8a55-9d1c3a0d1f10", office: o, method: d.method, key: d.key}
			return nobody.assertion(nobody.challenge(), nil)
		}, syncproto.CodeUnauthenticated},
		{"another algorithm than registered", func() string {
			es := o.newDevice(server.AlgorithmES256)
			es.id = d.id
			return es.assertion(es.challenge(), nil)
		}, syncproto.CodeUnauthenticated},
		{"alg none", func() string {
			none := &device{id: d.id, office: o, method: jwt.SigningMethodNone, key: jwt.UnsafeAllowNoneSignatureType}
			return none.assertion(none.challenge(), nil)
		}, syncproto.CodeUnauthenticated},
		{"public key as HMAC secret", func() string {
			hs := &device{id: d.id, office: o, method: jwt.SigningMethodHS256, key: d.public}
			return hs.assertion(hs.challenge(), nil)
		}, syncproto.CodeUnauthenticated},
		{"for another office", func() string {
			return d.assertion(d.challenge(), func(_ map[string]any, c jwt.MapClaims) { c["aud"] = stranger.who.ID })
		}, syncproto.CodeUnauthenticated},
		{"without audience", func() string {
			return d.assertion(d.challenge(), func(_ map[string]any, c jwt.MapClaims) { delete(c, "aud") })
		}, syncproto.CodeUnauthenticated},
		{"issuer and subject differ", func() string {
			return d.assertion(d.challenge(), func(_ map[string]any, c jwt.MapClaims) { c["iss"] = other.id })
		}, syncproto.CodeUnauthenticated},
		{"another type", func() string {
			return d.assertion(d.challenge(), func(h map[string]any, _ jwt.MapClaims) { h["typ"] = "JWT" })
		}, syncproto.CodeUnauthenticated},
		{"critical extension", func() string {
			return d.assertion(d.challenge(), func(h map[string]any, _ jwt.MapClaims) { h["crit"] = []string{"b64"} })
		}, syncproto.CodeUnauthenticated},
		{"no JWT", func() string { return "x.y" }, syncproto.CodeUnauthenticated},
		{"empty", func() string { return "" }, syncproto.CodeUnauthenticated},
		{"very long", func() string { return strings.Repeat("x", 8<<10) }, syncproto.CodeUnauthenticated},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o.want(o.sync("/token", "", syncproto.TokenRequest{Assertion: tt.make()}, nil), 401, tt.code)
		})
	}
	if d.login() == "" {
		t.Error("the device itself can no longer log in")
	}
}

func TestATabletWithAWrongClockLogsIn(t *testing.T) {
	o := newOffice(t)
	d := o.enroll("450303")
	text := d.assertion(d.challenge(), func(_ map[string]any, c jwt.MapClaims) {
		c["iat"], c["nbf"], c["exp"] = 17_000_000_000, 17_000_000_000, 0 // B.E. taken for C.E., and 1970
	})
	if a := o.sync("/token", "", syncproto.TokenRequest{Assertion: text}, nil); a.status != http.StatusOK {
		t.Errorf("got %+v", a.problem)
	}
}

func TestARevokedDeviceIsRefusedAtItsNextRequest(t *testing.T) {
	o := newOffice(t)
	d, token := o.ready("450303")
	if _, a := d.push(token, d.household("45030301", 1, nil)); a.status != http.StatusOK {
		t.Fatalf("push: %+v", a.problem)
	}
	if a := o.api(http.MethodPost, "/devices/"+d.id+"/revoke", o.staff(), nil, nil); a.status != http.StatusOK {
		t.Fatalf("revoke: %+v", a.problem)
	}
	_, a := d.push(token, d.household("45030301", 2, nil))
	o.want(a, 401, syncproto.CodeDeviceRevoked)
	o.want(o.sync("/hello", token, d.helloRequest(), nil), 401, syncproto.CodeDeviceRevoked)
	o.want(o.sync("/token", "", syncproto.TokenRequest{Assertion: d.assertion(d.challenge(), nil)}, nil), 401, syncproto.CodeDeviceRevoked)
}

// forge signs an access token as the office would, after change.
func (o *office) forge(method jwt.SigningMethod, key any, change func(header map[string]any, claims jwt.MapClaims)) string {
	o.t.Helper()
	now := o.clock.Now()
	claims := jwt.MapClaims{
		"iss": o.who.ID, "aud": o.who.ID + "/sync", "gen": 1, "jti": "1",
		"iat": now.Unix(), "exp": now.Add(15 * time.Minute).Unix(),
	}
	token := jwt.NewWithClaims(method, claims)
	token.Header["typ"], token.Header["kid"] = "at+jwt", o.who.KeyID
	if change != nil {
		change(token.Header, claims)
	}
	text, err := token.SignedString(key)
	if err != nil {
		o.t.Fatal(err)
	}
	return text
}

func TestAccessTokensThatAreRefused(t *testing.T) {
	o, stranger := newOffice(t), newOffice(t)
	d, fresh := o.ready("450303")
	theirs, theirToken := stranger.ready("450303")
	_ = theirs
	staffToken := o.staff()
	key := ed25519.NewKeyFromSeed(o.who.Key)
	wrongKey := ed25519.NewKeyFromSeed(stranger.who.Key)
	public := key.Public().(ed25519.PublicKey)
	sub := func(more func(h map[string]any, c jwt.MapClaims)) func(map[string]any, jwt.MapClaims) {
		return func(h map[string]any, c jwt.MapClaims) {
			c["sub"] = d.id
			if more != nil {
				more(h, c)
			}
		}
	}
	tests := []struct {
		name  string
		token string
		code  syncproto.ErrorCode // "" for accepted
	}{
		{"positive control", o.forge(jwt.SigningMethodEdDSA, key, sub(nil)), ""},
		{"none at all", "", syncproto.CodeUnauthenticated},
		{"nonsense", "x.y.z", syncproto.CodeUnauthenticated},
		{"very long", strings.Repeat("x", 5<<10), syncproto.CodeUnauthenticated},
		{"of another office", theirToken, syncproto.CodeUnauthenticated},
		{"signed by another office's key", o.forge(jwt.SigningMethodEdDSA, wrongKey, sub(nil)), syncproto.CodeUnauthenticated},
		{"signature cut off", fresh[:strings.LastIndex(fresh, ".")+1], syncproto.CodeUnauthenticated},
		{"expired", o.forge(jwt.SigningMethodEdDSA, key, sub(func(_ map[string]any, c jwt.MapClaims) {
			c["exp"] = o.clock.Now().Unix()
		})), syncproto.CodeTokenExpired},
		{"without expiry", o.forge(jwt.SigningMethodEdDSA, key, sub(func(_ map[string]any, c jwt.MapClaims) { delete(c, "exp") })), syncproto.CodeUnauthenticated},
		{"alg none", o.forge(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, sub(nil)), syncproto.CodeUnauthenticated},
		{"HS256 with the public key as secret", o.forge(jwt.SigningMethodHS256, []byte(public), sub(nil)), syncproto.CodeUnauthenticated},
		{"wrong type", o.forge(jwt.SigningMethodEdDSA, key, sub(func(h map[string]any, _ jwt.MapClaims) { h["typ"] = "JWT" })), syncproto.CodeUnauthenticated},
		{"no type", o.forge(jwt.SigningMethodEdDSA, key, sub(func(h map[string]any, _ jwt.MapClaims) { delete(h, "typ") })), syncproto.CodeUnauthenticated},
		{"another key id", o.forge(jwt.SigningMethodEdDSA, key, sub(func(h map[string]any, _ jwt.MapClaims) { h["kid"] = "x" })), syncproto.CodeUnauthenticated},
		{"brings its own key", o.forge(jwt.SigningMethodEdDSA, wrongKey, sub(func(h map[string]any, _ jwt.MapClaims) {
			h["jwk"] = map[string]string{"kty": "OKP", "crv": "Ed25519"}
			h["jku"] = "https://evil.example/keys"
			h["x5u"] = "https://evil.example/cert"
		})), syncproto.CodeUnauthenticated},
		{"critical extension", o.forge(jwt.SigningMethodEdDSA, key, sub(func(h map[string]any, _ jwt.MapClaims) { h["crit"] = []string{"exp"} })), syncproto.CodeUnauthenticated},
		{"another issuer", o.forge(jwt.SigningMethodEdDSA, key, sub(func(_ map[string]any, c jwt.MapClaims) { c["iss"] = stranger.who.ID })), syncproto.CodeUnauthenticated},
		{"another audience", o.forge(jwt.SigningMethodEdDSA, key, sub(func(_ map[string]any, c jwt.MapClaims) { c["aud"] = o.who.ID })), syncproto.CodeUnauthenticated},
		{"the staff's token", staffToken, syncproto.CodeUnauthenticated},
		{"an assertion", d.assertion(d.challenge(), nil), syncproto.CodeUnauthenticated},
		{"another generation", o.forge(jwt.SigningMethodEdDSA, key, sub(func(_ map[string]any, c jwt.MapClaims) { c["gen"] = 2 })), syncproto.CodeDeviceRevoked},
		{"unknown device", o.forge(jwt.SigningMethodEdDSA, key, nil), syncproto.CodeDeviceRevoked},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for range 2 { // the second time from the cache, if there
				a := o.sync("/hello", tt.token, d.helloRequest(), nil)
				if tt.code == "" {
					o.want(a, 200, "")
					continue
				}
				o.want(a, 401, tt.code)
				if a.header.Get("WWW-Authenticate") == "" {
					t.Error("no WWW-Authenticate")
				}
			}
		})
	}
	t.Run("a device's token on the staff's side", func(t *testing.T) {
		o.want(o.api(http.MethodGet, "/records", fresh, nil, nil), 401, syncproto.CodeUnauthenticated)
	})
	t.Run("a remembered token, once expired", func(t *testing.T) {
		o.clock.Advance(15 * time.Minute)
		o.want(o.sync("/hello", fresh, d.helloRequest(), nil), 401, syncproto.CodeTokenExpired)
		o.want(o.sync("/hello", fresh, d.helloRequest(), nil), 401, syncproto.CodeTokenExpired)
	})
}
