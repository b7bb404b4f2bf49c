package server

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"errors"
	"fmt"
	"unicode"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"tambonsync/syncproto"
)

// The algorithms of a device's key, by the names of RFC 7518 and RFC 8037.
const (
	AlgorithmEdDSA = "EdDSA" // Ed25519: programs
	AlgorithmES256 = "ES256" // P-256: browsers, where the key cannot be taken out
)

const assertionType = "tambonsync-assertion+jwt"

// enroll exchanges an invitation for a registered device.
func (s *Server) enroll(ctx context.Context, from string, q syncproto.EnrollRequest) (a syncproto.EnrollResponse, err error) {
	if err := s.enrolls.allow(from); err != nil {
		return a, err
	}
	if err := checkEnroll(q); err != nil {
		return a, refuse(syncproto.CodeBadMessage, "%w", err)
	}
	var handle string
	var codeHash, secretHash []byte
	if q.Secret != "" {
		secretHash = hashSecret(s.office.Pepper, q.Secret)
	} else {
		code, err := parseCode(q.Code)
		if err != nil {
			return a, fmt.Errorf("%w: %w", ErrInvitation, err)
		}
		handle, codeHash = code[:handleSymbols], hashCode(s.office.Pepper, code)
	}
	id, err := uuid.NewRandomFromReader(s.random)
	if err != nil {
		return a, fmt.Errorf("draw device id: %w", err)
	}
	d, err := s.store.Redeem(ctx, handle, codeHash, secretHash, Device{
		ID:         id.String(),
		Name:       q.Name,
		App:        q.App,
		Algorithm:  q.Algorithm,
		PublicKey:  q.PublicKey,
		Generation: 1,
		EnrolledAt: s.nowMilli(),
	}, s.nowMilli())
	if err != nil {
		return a, fmt.Errorf("redeem invitation: %w", err)
	}
	return syncproto.EnrollResponse{
		Device: d.ID, Office: s.office.ID, Officer: d.Officer, Areas: d.Grants, Time: s.nowMilli(),
	}, nil
}

func checkEnroll(q syncproto.EnrollRequest) error {
	if (q.Code == "") == (q.Secret == "") {
		return errors.New("send either code or secret")
	}
	if q.Name == "" {
		return errors.New("name is missing")
	}
	if err := errors.Join(checkName("name", q.Name), checkName("app", q.App)); err != nil {
		return err
	}
	_, err := publicKey(q.Algorithm, q.PublicKey)
	return err
}

// checkName bounds a text that people will see in a list.
func checkName(what, name string) error {
	if len(name) > syncproto.MaxLabelBytes {
		return fmt.Errorf("%s is longer than %d bytes", what, syncproto.MaxLabelBytes)
	}
	if !utf8.ValidString(name) {
		return fmt.Errorf("%s is not UTF-8", what)
	}
	for _, r := range name {
		if unicode.IsControl(r) {
			return fmt.Errorf("%s has a control character", what)
		}
	}
	return nil
}

// publicKey reads a device's key as the named algorithm wants it.
func publicKey(algorithm string, key []byte) (any, error) {
	switch algorithm {
	case AlgorithmEdDSA:
		if len(key) != ed25519.PublicKeySize {
			return nil, fmt.Errorf("key of %d bytes, want %d", len(key), ed25519.PublicKeySize)
		}
		return ed25519.PublicKey(key), nil
	case AlgorithmES256:
		k, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), key)
		if err != nil {
			return nil, fmt.Errorf("key is no point of P-256: %w", err)
		}
		return k, nil
	}
	return nil, fmt.Errorf("algorithm %.20q, want %s or %s", algorithm, AlgorithmEdDSA, AlgorithmES256)
}

// challenge begins a login. Whether the device exists is not told.
func (s *Server) challenge(_ context.Context, _ string, q syncproto.ChallengeRequest) (a syncproto.ChallengeResponse, err error) {
	if len(q.Device) > 64 {
		return a, refuse(syncproto.CodeBadMessage, "device id of %d bytes", len(q.Device))
	}
	a.Challenge, err = s.challenges.issue(s.random, q.Device)
	return a, err
}

// token ends a login.
func (s *Server) token(ctx context.Context, _ string, q syncproto.TokenRequest) (a syncproto.TokenResponse, err error) {
	d, err := s.checkAssertion(ctx, q.Assertion)
	if err != nil {
		return a, err
	}
	a.AccessToken, err = s.devices.issue(s.random, d.ID, deviceTokenLife, accessClaims{Generation: d.Generation})
	a.ExpiresIn = int64(deviceTokenLife.Seconds())
	return a, err
}

// assertionClaims is what a device signs. Times are left out on purpose: a
// tablet whose clock is years off can log in, since the challenge alone says
// that the assertion is fresh.
type assertionClaims struct {
	Issuer   string           `json:"iss"`
	Subject  string           `json:"sub"`
	Audience jwt.ClaimStrings `json:"aud"`
	ID       string           `json:"jti"`
}

func (c assertionClaims) GetExpirationTime() (*jwt.NumericDate, error) { return nil, nil }
func (c assertionClaims) GetIssuedAt() (*jwt.NumericDate, error)       { return nil, nil }
func (c assertionClaims) GetNotBefore() (*jwt.NumericDate, error)      { return nil, nil }
func (c assertionClaims) GetIssuer() (string, error)                   { return c.Issuer, nil }
func (c assertionClaims) GetSubject() (string, error)                  { return c.Subject, nil }
func (c assertionClaims) GetAudience() (jwt.ClaimStrings, error)       { return c.Audience, nil }

// checkAssertion returns the device that signed the assertion over a challenge
// of ours, and spends the challenge. Before the signature is known to be good,
// every failure looks the same.
func (s *Server) checkAssertion(ctx context.Context, assertion string) (Device, error) {
	if len(assertion) > maxTokenBytes {
		return Device{}, refuse(syncproto.CodeUnauthenticated, "assertion of %d bytes", len(assertion))
	}
	var d Device
	var t ticket
	var failed error // what the key lookup hit, if it was not the assertion's fault
	parser := jwt.NewParser(
		jwt.WithValidMethods([]string{AlgorithmEdDSA, AlgorithmES256}),
		jwt.WithAudience(s.office.ID),
		jwt.WithStrictDecoding(),
	)
	var c assertionClaims
	_, err := parser.ParseWithClaims(assertion, &c, func(token *jwt.Token) (key any, err error) {
		key, d, t, err = s.assertionKey(ctx, token, c)
		failed = err
		return key, err
	})
	var r *refusal
	switch {
	case errors.As(failed, &r):
		return Device{}, failed
	case failed != nil && !errors.Is(failed, ErrNotFound) && !errors.Is(failed, errAssertion):
		return Device{}, fmt.Errorf("device %.64q: %w", c.Subject, failed)
	case err != nil:
		return Device{}, refuse(syncproto.CodeUnauthenticated, "assertion: %w", err)
	case d.RevokedAt != 0:
		return Device{}, refuse(syncproto.CodeDeviceRevoked, "device %s", d.ID)
	}
	return d, s.challenges.use(t)
}

var errAssertion = errors.New("not an assertion of this device")

// assertionKey looks up the key that the store holds for the device which the
// assertion names. The header's algorithm must be the one it registered with.
func (s *Server) assertionKey(ctx context.Context, token *jwt.Token, c assertionClaims) (key any, d Device, t ticket, err error) {
	if err := checkHeader(token, assertionType); err != nil {
		return nil, d, t, fmt.Errorf("%w: %w", errAssertion, err)
	}
	if c.Issuer == "" || c.Issuer != c.Subject {
		return nil, d, t, fmt.Errorf("%w: issuer and subject differ", errAssertion)
	}
	if t, err = s.challenges.check(c.ID, c.Subject); err != nil {
		return nil, d, t, err
	}
	if d, err = s.store.Device(ctx, c.Subject); err != nil {
		return nil, d, t, err
	}
	if token.Method.Alg() != d.Algorithm {
		return nil, d, t, fmt.Errorf("%w: algorithm %s", errAssertion, token.Method.Alg())
	}
	if key, err = publicKey(d.Algorithm, d.PublicKey); err != nil {
		return nil, d, t, fmt.Errorf("stored key: %w", err)
	}
	return key, d, t, nil
}
