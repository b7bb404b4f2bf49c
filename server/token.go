package server

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"tambonsync/syncproto"
)

// Access tokens follow RFC 9068 for their form and RFC 8725 for their checks:
// one algorithm, one key that the office holds, and a type, issuer, audience
// and expiry that must all fit. Nothing in a token's header chooses a key, and
// no token says what its holder may do: that is read from the store.

const (
	deviceTokenLife = 15 * time.Minute
	staffTokenLife  = time.Hour

	accessType = "at+jwt"

	maxTokenBytes     = 4 << 10
	maxVerifiedTokens = 8192
)

type accessClaims struct {
	jwt.RegisteredClaims
	Generation int64  `json:"gen,omitempty"`  // of the device
	Role       string `json:"role,omitempty"` // of the person
}

// signer is the office's key pair.
type signer struct {
	issuer string
	keyID  string
	key    ed25519.PrivateKey
}

func newSigner(o Office) (*signer, error) {
	switch {
	case o.ID == "" || o.KeyID == "":
		return nil, errors.New("the office has no id or no key id")
	case len(o.Key) != ed25519.SeedSize:
		return nil, fmt.Errorf("the office's key has %d bytes, want %d", len(o.Key), ed25519.SeedSize)
	case len(o.Pepper) != 32:
		return nil, fmt.Errorf("the office's pepper has %d bytes, want 32", len(o.Pepper))
	}
	return &signer{issuer: o.ID, keyID: o.KeyID, key: ed25519.NewKeyFromSeed(o.Key)}, nil
}

// verifier issues and checks the access tokens of one audience. It remembers
// those it has checked, since a signature costs more than the rest of a
// request; that they have not expired is looked at every time.
type verifier struct {
	*signer
	audience string
	clock    func() time.Time
	parser   *jwt.Parser
	mu       sync.Mutex
	checked  *lru[[sha256.Size]byte, accessClaims]
}

func newVerifier(s *signer, audience string, clock func() time.Time) *verifier {
	return &verifier{
		signer:   s,
		audience: audience,
		clock:    clock,
		parser: jwt.NewParser(
			jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}),
			jwt.WithIssuer(s.issuer),
			jwt.WithAudience(audience),
			jwt.WithExpirationRequired(),
			jwt.WithTimeFunc(clock),
			jwt.WithStrictDecoding(),
		),
		checked: newLRU[[sha256.Size]byte, accessClaims](maxVerifiedTokens),
	}
}

// issue makes a token for subject that lives for life.
func (v *verifier) issue(random io.Reader, subject string, life time.Duration, c accessClaims) (string, error) {
	id, err := draw(random, 16)
	if err != nil {
		return "", err
	}
	now := v.clock()
	c.RegisteredClaims = jwt.RegisteredClaims{
		Issuer:    v.issuer,
		Subject:   subject,
		Audience:  jwt.ClaimStrings{v.audience},
		ID:        hex.EncodeToString(id),
		IssuedAt:  jwt.NewNumericDate(now),
		ExpiresAt: jwt.NewNumericDate(now.Add(life)),
	}
	t := jwt.NewWithClaims(jwt.SigningMethodEdDSA, c)
	t.Header["typ"] = accessType
	t.Header["kid"] = v.keyID
	signed, err := t.SignedString(v.key)
	if err != nil {
		return "", fmt.Errorf("sign access token: %w", err)
	}
	return signed, nil
}

// verify returns the claims of a token that this office issued for this
// audience and that has not expired.
func (v *verifier) verify(token string) (accessClaims, error) {
	if len(token) > maxTokenBytes {
		return accessClaims{}, refuse(syncproto.CodeUnauthenticated, "token of %d bytes", len(token))
	}
	sum := sha256.Sum256([]byte(token))
	v.mu.Lock()
	known, ok := v.checked.get(sum)
	v.mu.Unlock()
	if ok {
		if !v.clock().Before(known.ExpiresAt.Time) {
			return accessClaims{}, refuse(syncproto.CodeTokenExpired, "token expired")
		}
		return known, nil
	}
	var c accessClaims
	_, err := v.parser.ParseWithClaims(token, &c, func(t *jwt.Token) (any, error) {
		if err := checkHeader(t, accessType); err != nil {
			return nil, err
		}
		if t.Header["kid"] != v.keyID {
			return nil, errors.New("signed with another key")
		}
		return v.key.Public(), nil
	})
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return accessClaims{}, refuse(syncproto.CodeTokenExpired, "%w", err)
	case err != nil:
		return accessClaims{}, refuse(syncproto.CodeUnauthenticated, "%w", err)
	}
	v.mu.Lock()
	v.checked.put(sum, c)
	v.mu.Unlock()
	return c, nil
}

// checkHeader refuses a token made for another purpose, and one that carries
// an extension that must be understood: we understand none.
func checkHeader(t *jwt.Token, typ string) error {
	if t.Header["typ"] != typ {
		return fmt.Errorf("type %v, want %s", t.Header["typ"], typ)
	}
	if _, ok := t.Header["crit"]; ok {
		return errors.New("header has critical extensions")
	}
	return nil
}

// bearer returns the token of the Authorization header.
func bearer(r *http.Request) (string, error) {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") || token == "" {
		return "", refuse(syncproto.CodeUnauthenticated, "no bearer token")
	}
	return token, nil
}

// authenticate returns the device that sent the request, as the store holds it
// now: revoking it and changing its grants take hold at once.
func (s *Server) authenticate(r *http.Request) (Device, error) {
	token, err := bearer(r)
	if err != nil {
		return Device{}, err
	}
	claims, err := s.devices.verify(token)
	if err != nil {
		return Device{}, err
	}
	d, err := s.store.Device(r.Context(), claims.Subject)
	switch {
	case errors.Is(err, ErrNotFound):
		return Device{}, refuse(syncproto.CodeDeviceRevoked, "no device %s", claims.Subject)
	case err != nil:
		return Device{}, fmt.Errorf("device %s: %w", claims.Subject, err)
	case d.RevokedAt != 0 || d.Generation != claims.Generation:
		return Device{}, refuse(syncproto.CodeDeviceRevoked, "device %s", d.ID)
	}
	return d, nil
}
