package server

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"tambonsync/syncproto/area"
)

const (
	// InvitationLife is how long an invitation lives unless told otherwise.
	InvitationLife = 15 * time.Minute

	codeSymbols   = 8
	handleSymbols = 3 // of those; they find the invitation, the rest must be guessed
	secretBytes   = 16

	// codeAlphabet is Crockford's base 32: no I, L, O and U, so that a code
	// can be read out over a telephone.
	codeAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
)

// Ticket is an invitation with the secrets that only its officer gets to see.
type Ticket struct {
	Invitation Invitation // to be stored: it holds hashes only
	Code       string     // to be typed: "ABCD-EFGH"
	URL        string     // for the QR code; the secret is behind the #, so no server logs it
}

// NewInvitation makes an invitation for one device of officer, with the grants
// areas. It lives for ttl, or InvitationLife if that is zero.
//
// A code has 40 bits, of which 15 only find the invitation. Whoever guesses
// has five tries at 25 bits before the invitation is dead.
func NewInvitation(office Office, officer string, areas []area.Code, ttl time.Duration, random io.Reader, now time.Time, publicURL string) (Ticket, error) {
	if officer == "" {
		return Ticket{}, errors.New("invitation: no officer")
	}
	if err := checkName("officer", officer); err != nil {
		return Ticket{}, fmt.Errorf("invitation: %w", err)
	}
	if ttl <= 0 {
		ttl = InvitationLife
	}
	id, err := uuid.NewRandomFromReader(random)
	if err != nil {
		return Ticket{}, fmt.Errorf("invitation: draw id: %w", err)
	}
	code, err := draw(random, codeSymbols)
	if err != nil {
		return Ticket{}, fmt.Errorf("invitation: %w", err)
	}
	for i, b := range code {
		code[i] = codeAlphabet[int(b)%len(codeAlphabet)] // 256 is a multiple of 32: no symbol is likelier
	}
	raw, err := draw(random, secretBytes)
	if err != nil {
		return Ticket{}, fmt.Errorf("invitation: %w", err)
	}
	secret := base64.RawURLEncoding.EncodeToString(raw)
	return Ticket{
		Invitation: Invitation{
			ID:         id.String(),
			Handle:     string(code[:handleSymbols]),
			CodeHash:   hashCode(office.Pepper, string(code)),
			SecretHash: hashSecret(office.Pepper, secret),
			Officer:    officer,
			Areas:      areas,
			CreatedAt:  now.UnixMilli(),
			ExpiresAt:  now.Add(ttl).UnixMilli(),
		},
		Code: string(code[:4]) + "-" + string(code[4:]),
		URL:  strings.TrimRight(publicURL, "/") + "/enroll#s=" + secret + "&o=" + url.QueryEscape(office.ID),
	}, nil
}

// parseCode reads a code as people type it: any case, with or without dashes
// and spaces, O for 0 and I or L for 1.
func parseCode(typed string) (string, error) {
	var code strings.Builder
	for _, r := range strings.ToUpper(typed) {
		switch r {
		case '-', ' ':
			continue
		case 'O':
			r = '0'
		case 'I', 'L':
			r = '1'
		}
		if !strings.ContainsRune(codeAlphabet, r) {
			return "", errors.New("the code has a symbol that no code has")
		}
		code.WriteRune(r)
	}
	if code.Len() != codeSymbols {
		return "", fmt.Errorf("the code has %d symbols, want %d", code.Len(), codeSymbols)
	}
	return code.String(), nil
}

func hashCode(pepper []byte, code string) []byte {
	return keyedHash(pepper, "invitation code", code)
}

func hashSecret(pepper []byte, secret string) []byte {
	return keyedHash(pepper, "invitation secret", secret)
}
