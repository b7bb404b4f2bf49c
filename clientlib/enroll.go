package clientlib

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"fmt"
	"net/url"
	"strings"

	"github.com/golang-jwt/jwt/v5"

	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

// assertionType is the header typ of the JWT by which a device logs in.
const assertionType = "tambonsync-assertion+jwt"

// Enrollment is what Enroll needs. Code is what the officer types, or Secret
// what the QR code holds.
type Enrollment struct {
	Server string // such as https://office.example.go.th
	Code   string
	Secret string
	Name   string // what people call the device
}

// Enroll registers the store's device with an office. It needs the network.
// A store that belongs to an office already is enrolled anew with the same
// office only, as after a lock-out: what it holds stays, and what is unsent
// goes out under the new device.
func (s *Store) Enroll(ctx context.Context, e Enrollment) error {
	u, err := url.Parse(e.Server)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("address of the office %q: %w: want one such as https://office.example", e.Server, ErrInvalid)
	}
	if err := s.prove(ctx); err != nil {
		return err
	}
	d, err := readIdentity(ctx, s.db)
	if err != nil {
		return err
	}
	key := ed25519.NewKeyFromSeed(d.Key)
	l := &link{opts: s.opts, server: e.Server}
	var resp syncproto.EnrollResponse
	err = l.call(ctx, "/sync/v1/enroll", syncproto.EnrollRequest{
		Code: e.Code, Secret: e.Secret, Algorithm: jwt.SigningMethodEdDSA.Alg(),
		PublicKey: key.Public().(ed25519.PublicKey), Name: e.Name, App: s.opts.App,
	}, &resp)
	if err == nil && (resp.Device == "" || resp.Office == "") {
		err = fmt.Errorf("%w: the answer is not the office's", ErrOffline)
	}
	if err != nil {
		return fmt.Errorf("enroll: %w", err)
	}
	err = s.update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if d.Office != "" && d.Office != resp.Office {
			return fmt.Errorf("%w: this store belongs to another office; use a new store for this one", ErrInvalid)
		}
		if d.Device != "" {
			if err := s.newDevice(ctx, tx); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, `UPDATE device SET device = $1, office = $2, server = $3, officer = $4, "offset" = $5, token = '', token_till = 0 WHERE one = 1`,
			resp.Device, resp.Office, strings.TrimRight(e.Server, "/"), resp.Officer, resp.Time-s.now())
		if err != nil {
			return err
		}
		return writeGrants(ctx, tx, resp.Areas)
	})
	if err != nil {
		return fmt.Errorf("enroll: %w", err)
	}
	return nil
}

// newDevice makes the store ready to go on as another device of its office.
// Actors belong to one device, an inbox too, and the areas may be others.
func (s *Store) newDevice(ctx context.Context, tx *sql.Tx) error {
	if err := s.newActor(ctx, tx); err != nil {
		return err
	}
	if err := pushAgain(ctx, tx); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `UPDATE device SET regrant = 1 WHERE one = 1`)
	return err
}

func writeGrants(ctx context.Context, tx *sql.Tx, codes []area.Code) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM grants`); err != nil {
		return err
	}
	for _, c := range codes {
		if _, err := tx.ExecContext(ctx, `INSERT INTO grants (area) VALUES ($1) ON CONFLICT DO NOTHING`, c); err != nil {
			return err
		}
	}
	return nil
}

// login gets an access token and keeps it. A challenge works once: if the
// office answered it and the answer was lost, the next one works.
func (s *Store) login(ctx context.Context, l *link, d identity) error {
	l.token = ""
	resp, err := answerChallenge(ctx, l, d)
	for try := 1; try < l.opts.Attempts && hasCode(err, syncproto.CodeChallengeExpired); try++ {
		resp, err = answerChallenge(ctx, l, d)
	}
	if err != nil {
		return fmt.Errorf("log in: %w", err)
	}
	l.token = resp.AccessToken
	now := s.now()
	_, err = s.db.ExecContext(ctx, `UPDATE device SET token = $1, token_from = $2, token_till = $3 WHERE one = 1`,
		resp.AccessToken, now, now+resp.ExpiresIn*1000)
	if err != nil {
		return fmt.Errorf("log in: %w", err)
	}
	return nil
}

// answerChallenge proves to the office that we hold the device's key. The
// device's clock takes no part, so a wrong one locks nobody out.
func answerChallenge(ctx context.Context, l *link, d identity) (resp syncproto.TokenResponse, err error) {
	var ch syncproto.ChallengeResponse
	if err := l.call(ctx, "/sync/v1/challenge", syncproto.ChallengeRequest{Device: d.Device}, &ch); err != nil {
		return resp, err
	}
	if ch.Challenge == "" {
		return resp, fmt.Errorf("%w: the answer is not the office's", ErrOffline)
	}
	t := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.RegisteredClaims{
		Issuer: d.Device, Subject: d.Device, Audience: jwt.ClaimStrings{d.Office}, ID: ch.Challenge,
	})
	t.Header["typ"] = assertionType
	assertion, err := t.SignedString(ed25519.NewKeyFromSeed(d.Key))
	if err != nil {
		return resp, fmt.Errorf("sign: %w", err)
	}
	err = l.call(ctx, "/sync/v1/token", syncproto.TokenRequest{Assertion: assertion}, &resp)
	if err == nil && resp.AccessToken == "" {
		err = fmt.Errorf("%w: the answer is not the office's", ErrOffline)
	}
	return resp, err
}

// authorized is call with the access token; an expired one is renewed once.
func (s *Store) authorized(ctx context.Context, l *link, path string, req, resp any) error {
	d, err := readIdentity(ctx, s.db)
	if err != nil {
		return err
	}
	now := s.now()
	fresh := d.Token != "" && d.TokenFrom <= now && now < d.TokenTill-30_000
	if !fresh {
		if err := s.login(ctx, l, d); err != nil {
			return err
		}
	} else {
		l.token = d.Token
	}
	err = l.call(ctx, path, req, resp)
	if fresh && (hasCode(err, syncproto.CodeTokenExpired) || hasCode(err, syncproto.CodeUnauthenticated)) {
		if err := s.login(ctx, l, d); err != nil {
			return err
		}
		err = l.call(ctx, path, req, resp)
	}
	return err
}
