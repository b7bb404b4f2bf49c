package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"

	"tambonsync/server"
	"tambonsync/syncproto/area"
)

func deviceTests() []test {
	return []test{
		{"an invitation is redeemed by its code", redeemCode},
		{"an invitation is redeemed by its secret", redeemSecret},
		{"an invitation works once", redeemOnce},
		{"of many who redeem at once, one enrolls", redeemRace},
		{"an invitation ends at its time", redeemExpired},
		{"an invitation bears five wrong codes", redeemTries},
		{"a wrong code costs no other invitation", redeemOthers},
		{"an enrollment whose answer got lost is asked for again", redeemAgain},
		{"a revoked device does not enroll again by its old invitation", redeemRevoked},
		{"a handle is taken while its invitation lives", handleTaken},
		{"a device is found by its id", deviceFound},
		{"devices are listed by officer", devicesListed},
		{"a revoked device has another generation", revoked},
		{"grants are replaced whole and the inner ones left out", grantsReplaced},
		{"users are added, replaced and found", users},
		{"the office is the same after reopening", officeStays},
	}
}

// invite adds an invitation of a name whose code and secret follow from it.
func (o *office) invite(t *testing.T, name, handle string, grants ...area.Code) {
	t.Helper()
	err := o.AddInvitation(context.Background(), server.Invitation{
		ID: name, Handle: handle, CodeHash: []byte("code " + name), SecretHash: []byte("secret " + name),
		Officer: "officer " + name, Areas: grants, CreatedAt: Now, ExpiresAt: Now + 1000,
	})
	if err != nil {
		t.Fatalf("invite: %v", err)
	}
}

func (o *office) redeem(name, handle, code, secret string, at int64) (server.Device, error) {
	var secretHash []byte
	if secret != "" {
		secretHash = []byte(secret)
	}
	return o.Redeem(context.Background(), handle, []byte(code), secretHash, newDevice(name), at)
}

func redeemCode(t *testing.T, o *office) {
	o.invite(t, "a", "AB", tambon, village1, farTambon)
	got, err := o.redeem("malee", "AB", "code a", "", Now+5)
	if err != nil {
		t.Fatal(err)
	}
	want := newDevice("malee")
	want.Officer, want.EnrolledAt, want.Generation = "officer a", Now+5, 1
	want.Grants = []area.Code{tambon, farTambon}
	stored, err := o.Device(context.Background(), got.ID)
	if err != nil || !reflect.DeepEqual(stored, want) {
		t.Errorf("stored %+v, %v; want %+v", stored, err, want)
	}
	if got.ID != want.ID || got.Officer != want.Officer || got.Generation != 1 || !slices.Equal(got.Grants, want.Grants) {
		t.Errorf("answered %+v, want %+v", got, want)
	}
}

func redeemSecret(t *testing.T, o *office) {
	o.invite(t, "a", "AB", tambon)
	o.invite(t, "b", "CD", farTambon)
	_, err := o.redeem("x", "AB", "code a", "secret z", Now)
	wantErr(t, "an unknown secret", err, server.ErrInvitation)
	got, err := o.redeem("malee", "", "", "secret b", Now)
	if err != nil || got.Officer != "officer b" {
		t.Errorf("answered %+v, %v; want the device of officer b", got, err)
	}
}

func redeemOnce(t *testing.T, o *office) {
	o.invite(t, "a", "AB", tambon)
	if _, err := o.redeem("malee", "AB", "code a", "", Now); err != nil {
		t.Fatal(err)
	}
	_, err := o.redeem("pim", "AB", "code a", "", Now)
	wantErr(t, "the code again", err, server.ErrInvitation)
	_, err = o.redeem("pim", "", "", "secret a", Now)
	wantErr(t, "the secret after the code", err, server.ErrInvitation)
	if devices, err := o.Devices(context.Background()); err != nil || len(devices) != 1 {
		t.Errorf("devices %+v, %v; want one", devices, err)
	}
}

func redeemRace(t *testing.T, o *office) {
	o.invite(t, "a", "AB", tambon)
	errs := make([]error, 8)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { _, errs[i] = o.redeem(fmt.Sprintf("device %d", i), "AB", "code a", "", Now) })
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else {
			wantErr(t, "who came late", err, server.ErrInvitation)
		}
	}
	if won != 1 {
		t.Errorf("%d devices enrolled, want 1", won)
	}
}

func redeemExpired(t *testing.T, o *office) {
	o.invite(t, "a", "AB", tambon)
	for _, at := range []int64{Now + 1000, Now + 5000} {
		_, err := o.redeem("malee", "AB", "code a", "", at)
		wantErr(t, "the code", err, server.ErrInvitation)
		_, err = o.redeem("malee", "", "", "secret a", at)
		wantErr(t, "the secret", err, server.ErrInvitation)
	}
	if _, err := o.redeem("malee", "AB", "code a", "", Now+999); err != nil {
		t.Errorf("a moment before: %v", err)
	}
}

func redeemTries(t *testing.T, o *office) {
	for _, tt := range []struct {
		name  string
		wrong int
		want  error
	}{
		{"four", 4, nil},
		{"five", 5, server.ErrInvitation},
	} {
		o.invite(t, tt.name, tt.name, tambon)
		for range tt.wrong {
			_, err := o.redeem("x", tt.name, "guess", "", Now)
			wantErr(t, tt.name+": a guess", err, server.ErrInvitation)
		}
		_, err := o.redeem("malee "+tt.name, tt.name, "code "+tt.name, "", Now)
		if !errors.Is(err, tt.want) {
			t.Errorf("the code after %s guesses: %v, want %v", tt.name, err, tt.want)
		}
	}
}

func redeemOthers(t *testing.T, o *office) {
	o.invite(t, "a", "AB", tambon)
	o.invite(t, "b", "CD", tambon)
	for range 6 {
		_, err := o.redeem("x", "AB", "code b", "", Now)
		wantErr(t, "a guess", err, server.ErrInvitation)
		_, err = o.redeem("x", "", "", "secret z", Now)
		wantErr(t, "a guessed secret", err, server.ErrInvitation)
		_, err = o.redeem("x", "no such handle", "code b", "", Now)
		wantErr(t, "a guessed handle", err, server.ErrInvitation)
	}
	if _, err := o.redeem("malee", "CD", "code b", "", Now); err != nil {
		t.Errorf("the other invitation: %v", err)
	}
}

func redeemAgain(t *testing.T, o *office) {
	o.invite(t, "a", "AB", tambon)
	first, err := o.redeem("malee", "AB", "code a", "", Now)
	if err != nil {
		t.Fatal(err)
	}
	again := newDevice("malee") // the same key; the office draws a new id for every request
	again.ID = "another id"
	for _, tt := range []struct {
		name         string
		code, secret []byte
		at           int64
		want         error
	}{
		{"by the code", []byte("code a"), nil, Now + 1, nil},
		{"by the secret", nil, []byte("secret a"), Now + 1, nil},
		{"by another code", []byte("code b"), nil, Now + 1, server.ErrInvitation},
		{"too late", []byte("code a"), nil, Now + 1000, server.ErrInvitation},
	} {
		got, err := o.Redeem(context.Background(), "AB", tt.code, tt.secret, again, tt.at)
		wantErr(t, tt.name, err, tt.want)
		if tt.want == nil && !reflect.DeepEqual(got, first) {
			t.Errorf("%s: answered %+v, want %+v", tt.name, got, first)
		}
	}
	if devices, err := o.Devices(context.Background()); err != nil || len(devices) != 1 {
		t.Errorf("devices %+v, %v; want one", devices, err)
	}
}

func redeemRevoked(t *testing.T, o *office) {
	o.invite(t, "a", "AB", tambon)
	d, err := o.redeem("malee", "AB", "code a", "", Now)
	if err == nil {
		err = o.RevokeDevice(context.Background(), d.ID, Now)
	}
	if err != nil {
		t.Fatal(err)
	}
	_, err = o.redeem("malee", "AB", "code a", "", Now)
	wantErr(t, "the code again", err, server.ErrInvitation)
}

func handleTaken(t *testing.T, o *office) {
	add := func(name string, at int64) error {
		return o.AddInvitation(context.Background(), server.Invitation{
			ID: name, Handle: "AB", CodeHash: []byte("code " + name), SecretHash: []byte("secret " + name), CreatedAt: at, ExpiresAt: at + 1000,
		})
	}
	wantErr(t, "a free handle", add("a", Now), nil)
	wantErr(t, "while it lives", add("b", Now+999), server.ErrConflict)
	wantErr(t, "when it has ended", add("c", Now+1000), nil)
	if _, err := o.redeem("malee", "AB", "code c", "", Now+1001); err != nil {
		t.Errorf("redeem: %v", err)
	}
	wantErr(t, "when it is used", add("d", Now+1002), nil)
}

func deviceFound(t *testing.T, o *office) {
	d := o.enroll(t, "malee", tambon)
	o.reopen(t)
	got, err := o.Device(context.Background(), d.ID)
	if err != nil || got.Name != "tablet of malee" || string(got.PublicKey) != "key of malee" || got.Officer != "malee" {
		t.Errorf("device %+v, %v", got, err)
	}
	_, err = o.Device(context.Background(), "no such device")
	wantErr(t, "an unknown device", err, server.ErrNotFound)
}

func devicesListed(t *testing.T, o *office) {
	if none, err := o.Devices(context.Background()); err != nil || none == nil || len(none) != 0 {
		t.Errorf("a new office lists %#v, %v; want an empty list", none, err)
	}
	for _, name := range []string{"somchai", "malee", "pim"} {
		o.enroll(t, name, farTambon, tambon)
	}
	devices, err := o.Devices(context.Background())
	if err != nil || len(devices) != 3 {
		t.Fatalf("devices %+v, %v; want 3", devices, err)
	}
	for i, officer := range []string{"malee", "pim", "somchai"} {
		one, err := o.Device(context.Background(), devices[i].ID)
		if err != nil || one.Officer != officer || !reflect.DeepEqual(one, devices[i]) {
			t.Errorf("place %d: listed %+v, found %+v, %v; want %s", i, devices[i], one, err, officer)
		}
	}
}

func revoked(t *testing.T, o *office) {
	a, b := o.enroll(t, "malee", tambon), o.enroll(t, "pim", tambon)
	ctx := context.Background()
	if err := o.RevokeDevice(ctx, a.ID, Now+7); err != nil {
		t.Fatal(err)
	}
	if got, err := o.Device(ctx, a.ID); err != nil || got.RevokedAt != Now+7 || got.Generation != 2 {
		t.Errorf("device %+v, %v; want it revoked with generation 2", got, err)
	}
	if got, err := o.Device(ctx, b.ID); err != nil || got.RevokedAt != 0 || got.Generation != 1 {
		t.Errorf("another device %+v, %v; want it untouched", got, err)
	}
	wantErr(t, "revoked twice", o.RevokeDevice(ctx, a.ID, Now+8), server.ErrNotFound)
	wantErr(t, "an unknown device", o.RevokeDevice(ctx, "no such device", Now), server.ErrNotFound)
}

func grantsReplaced(t *testing.T, o *office) {
	d := o.enroll(t, "malee", tambon)
	ctx := context.Background()
	for _, tt := range []struct {
		name        string
		grant, want []area.Code
	}{
		{"another area", []area.Code{farTambon}, []area.Code{farTambon}},
		{"the outermost stay", []area.Code{village1, amphoe, tambon, farVillage, farVillage}, []area.Code{amphoe, farVillage}},
		{"neighbours are not inside each other", []area.Code{"4510", "45", "46"}, []area.Code{"45", "46"}},
		{"none", nil, nil},
	} {
		if err := o.SetGrants(ctx, d.ID, tt.grant); err != nil {
			t.Fatal(err)
		}
		if got, err := o.Device(ctx, d.ID); err != nil || !slices.Equal(got.Grants, tt.want) {
			t.Errorf("%s: %v, %v; want %v", tt.name, got.Grants, err, tt.want)
		}
	}
	wantErr(t, "an unknown device", o.SetGrants(ctx, "no such device", nil), server.ErrNotFound)
}

func users(t *testing.T, o *office) {
	ctx := context.Background()
	_, err := o.User(ctx, "boss")
	wantErr(t, "an unknown user", err, server.ErrNotFound)
	for _, want := range []server.User{
		{Name: "boss", PasswordHash: []byte("one"), Role: "admin"},
		{Name: "สมหญิง", PasswordHash: []byte("two"), Role: "admin"},
		{Name: "boss", PasswordHash: []byte("three"), Role: "other"},
	} {
		if err := o.AddUser(ctx, want); err != nil {
			t.Fatal(err)
		}
		if got, err := o.User(ctx, want.Name); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("user %+v, %v; want %+v", got, err, want)
		}
	}
}

func officeStays(t *testing.T, o *office) {
	before := o.Office
	if before.ID == "" || before.Actor.IsZero() || before.Epoch.IsZero() || !before.Parent.IsZero() || before.KeyID == "" || len(before.Key) != 32 || len(before.Pepper) != 32 {
		t.Fatalf("office %+v", before)
	}
	o.reopen(t)
	if after, err := o.Store.Office(context.Background()); err != nil || !reflect.DeepEqual(after, before) {
		t.Errorf("office %+v, %v; want %+v", after, err, before)
	}
}
