package server

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"tambonsync/syncproto/area"
)

func testOffice() Office {
	return Office{
		ID:     "7b0c8f5e-2f4d-4a57-9a38-0f5a2f0f7c11",
		KeyID:  "k1",
		Key:    bytes.Repeat([]byte{7}, 32),
		Pepper: bytes.Repeat([]byte{9}, 32),
	}
}

func TestTypedCodesAreReadAsPeopleWriteThem(t *testing.T) {
	tests := []struct {
		name, typed, want string
	}{
		{"as shown", "ABCD-EFGH", "ABCDEFGH"},
		{"small letters", "abcd-efgh", "ABCDEFGH"},
		{"without dash", "ABCDEFGH", "ABCDEFGH"},
		{"with spaces", " AB CD EF GH ", "ABCDEFGH"},
		{"O is zero", "oO00-0000", "00000000"},
		{"I and L are one", "iIlL-1111", "11111111"},
		{"U is no symbol", "ABCD-EFGU", ""},
		{"too short", "ABCD-EFG", ""},
		{"too long", "ABCD-EFGHJ", ""},
		{"empty", "", ""},
		{"Thai digits", "๑๒๓๔๕๖๗๘", ""},
		{"a long text", strings.Repeat("A", 1<<16), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseCode(tt.typed)
			if got != tt.want || (err == nil) != (tt.want != "") {
				t.Errorf("got %q, %v, want %q", got, err, tt.want)
			}
		})
	}
}

func TestAnInvitationKeepsOnlyHashesOfItsSecrets(t *testing.T) {
	now := time.UnixMilli(1_800_000_000_000)
	draft := func(seed byte) Ticket {
		k, err := NewInvitation(testOffice(), "สมหญิง", []area.Code{"450303"}, 0, rand.NewChaCha8([32]byte{seed}), now, "https://sync.example.go.th/")
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	a := draft(1)
	code, err := parseCode(a.Code)
	if err != nil || len(a.Code) != 9 || a.Code[4] != '-' {
		t.Fatalf("code %q: %v", a.Code, err)
	}
	rest, ok := strings.CutPrefix(a.URL, "https://sync.example.go.th/enroll#s=")
	secret, office, _ := strings.Cut(rest, "&o=")
	if !ok || len(secret) != 22 || office != testOffice().ID {
		t.Errorf("URL %q", a.URL)
	}
	inv := a.Invitation
	if inv.Handle != code[:3] || !bytes.Equal(inv.CodeHash, hashCode(testOffice().Pepper, code)) ||
		!bytes.Equal(inv.SecretHash, hashSecret(testOffice().Pepper, secret)) {
		t.Errorf("invitation %+v does not fit its code and secret", inv)
	}
	if got := inv.ExpiresAt - inv.CreatedAt; got != 15*60*1000 {
		t.Errorf("lives %d ms, want 15 minutes", got)
	}
	if b := draft(1); b.Code != a.Code || b.URL != a.URL {
		t.Error("the same randomness gave another invitation")
	}
	if b := draft(2); b.Code == a.Code || b.URL == a.URL {
		t.Error("other randomness gave the same invitation")
	}
}

func TestAnInvitationNeedsAnOfficer(t *testing.T) {
	_, err := NewInvitation(testOffice(), "", nil, 0, rand.NewChaCha8([32]byte{}), time.Now(), "")
	if err == nil {
		t.Error("an invitation for nobody was made")
	}
}
