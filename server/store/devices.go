package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"tambonsync/server"
	"tambonsync/syncproto/area"
)

// maxTries is how many wrong codes an invitation bears.
const maxTries = 5

// AddInvitation stores an invitation. While another with its handle lives it
// is refused: a wrong code would cost both a try.
func (s *Store) AddInvitation(ctx context.Context, inv server.Invitation) error {
	return s.update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var taken int
		err := tx.QueryRowContext(ctx, `SELECT count(*) FROM invitations WHERE handle = $1 AND used_by = '' AND expires > $2`, inv.Handle, inv.CreatedAt).Scan(&taken)
		if err != nil {
			return fmt.Errorf("add invitation: %w", err)
		}
		if taken > 0 {
			return fmt.Errorf("add invitation: %w: draw another code", server.ErrConflict)
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO invitations (id, handle, code_hash, secret_hash, officer, areas, created, expires, tries, used_by)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, '')`,
			inv.ID, inv.Handle, inv.CodeHash, inv.SecretHash, inv.Officer, joinAreas(inv.Areas), inv.CreatedAt, inv.ExpiresAt)
		if err != nil {
			return fmt.Errorf("add invitation: %w", err)
		}
		return nil
	})
}

func joinAreas(codes []area.Code) string {
	parts := make([]string, len(codes))
	for i, c := range codes {
		parts[i] = string(c)
	}
	return strings.Join(parts, " ")
}

func splitAreas(s string) []area.Code {
	var out []area.Code
	for _, f := range strings.Fields(s) {
		out = append(out, area.Code(f))
	}
	return out
}

// Redeem uses up an invitation and registers the device.
func (s *Store) Redeem(ctx context.Context, handle string, codeHash, secretHash []byte, d server.Device, at int64) (server.Device, error) {
	redeemed := false
	err := s.update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		inv, err := findInvitation(ctx, tx, handle, codeHash, secretHash, d.PublicKey, at)
		if errors.Is(err, server.ErrInvitation) {
			return nil // the spent try is committed
		}
		if err != nil {
			return err
		}
		redeemed = true
		if inv.usedBy != "" {
			d, err = scanDevice(tx.QueryRowContext(ctx, selectDevice+` FROM devices d WHERE d.id = $1`, inv.usedBy))
			return err
		}
		d.Officer, d.Grants, d.EnrolledAt, d.Generation = inv.Officer, outermost(inv.Areas), at, 1
		if _, err := tx.ExecContext(ctx, `UPDATE invitations SET used_by = $1 WHERE id = $2`, d.ID, inv.ID); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO devices (id, name, officer, app, algorithm, public_key, generation, enrolled, seen, revoked, decided)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, 0)`,
			d.ID, d.Name, d.Officer, d.App, d.Algorithm, d.PublicKey, d.Generation, d.EnrolledAt)
		if err != nil {
			return err
		}
		return writeGrants(ctx, tx, d.ID, d.Grants)
	})
	if err != nil {
		return server.Device{}, fmt.Errorf("enroll: %w", err)
	}
	if !redeemed {
		return server.Device{}, server.ErrInvitation
	}
	return d, nil
}

// found is an invitation that may be redeemed: a live one, or one that this
// very key has redeemed already and whose answer got lost.
type found struct {
	server.Invitation
	usedBy string
}

func findInvitation(ctx context.Context, tx *sql.Tx, handle string, codeHash, secretHash, publicKey []byte, at int64) (found, error) {
	query, key := `i.handle = $1`, any(handle)
	if len(secretHash) > 0 {
		query, key = `i.secret_hash = $1`, secretHash
	}
	live, err := collect(ctx, tx, func(rows *sql.Rows) (inv found, err error) {
		var areas string
		err = rows.Scan(&inv.ID, &inv.CodeHash, &inv.Officer, &areas, &inv.usedBy)
		inv.Areas = splitAreas(areas)
		return inv, err
	}, `SELECT i.id, i.code_hash, i.officer, i.areas, i.used_by FROM invitations i LEFT JOIN devices d ON d.id = i.used_by
		WHERE `+query+` AND i.expires > $2 AND (i.used_by = '' AND i.tries < $3 OR d.public_key = $4 AND d.revoked = 0) ORDER BY i.created`,
		key, at, maxTries, publicKey)
	if err != nil {
		return found{}, err
	}
	for _, inv := range live {
		if len(secretHash) > 0 || bytes.Equal(inv.CodeHash, codeHash) { // keyed hashes: no timing to read
			return inv, nil
		}
	}
	for _, inv := range live {
		if _, err := tx.ExecContext(ctx, `UPDATE invitations SET tries = tries + 1 WHERE id = $1`, inv.ID); err != nil {
			return found{}, err
		}
	}
	return found{}, server.ErrInvitation
}

func writeGrants(ctx context.Context, tx *sql.Tx, id string, codes []area.Code) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM grants WHERE device = $1`, id); err != nil {
		return fmt.Errorf("grants: %w", err)
	}
	for _, c := range outermost(codes) {
		if _, err := tx.ExecContext(ctx, `INSERT INTO grants (device, area) VALUES ($1, $2) ON CONFLICT DO NOTHING`, id, c); err != nil {
			return fmt.Errorf("grants: %w", err)
		}
	}
	return nil
}

const selectDevice = `SELECT d.id, d.name, d.officer, d.app, d.algorithm, d.public_key, d.generation, d.enrolled, d.seen, d.revoked, d.decided,
	coalesce((SELECT group_concat(g.area, ' ') FROM grants g WHERE g.device = d.id), '')`

func scanDevice(row interface{ Scan(...any) error }, more ...any) (d server.Device, err error) {
	var grants string
	fields := []any{&d.ID, &d.Name, &d.Officer, &d.App, &d.Algorithm, &d.PublicKey, &d.Generation, &d.EnrolledAt, &d.SeenAt, &d.RevokedAt, &d.Decided, &grants}
	err = row.Scan(append(fields, more...)...)
	d.Grants = outermost(splitAreas(grants))
	return d, err
}

// Device returns one device; Open is not counted here, since every request
// reads it.
func (s *Store) Device(ctx context.Context, id string) (server.Device, error) {
	d, err := scanDevice(s.read.QueryRowContext(ctx, selectDevice+` FROM devices d WHERE d.id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) {
		err = server.ErrNotFound
	}
	if err != nil {
		return d, fmt.Errorf("device %s: %w", id, err)
	}
	return d, nil
}

// Devices lists every device ever enrolled, by officer and name.
func (s *Store) Devices(ctx context.Context) ([]server.Device, error) {
	rows, err := s.read.QueryContext(ctx, selectDevice+`, (SELECT count(*) FROM inbox i WHERE i.device = d.id AND i.status = 'open')
		FROM devices d ORDER BY d.officer, d.name, d.id`)
	if err != nil {
		return nil, fmt.Errorf("devices: %w", err)
	}
	defer func() { _ = rows.Close() }()
	out := []server.Device{}
	for rows.Next() {
		var open int
		d, err := scanDevice(rows, &open)
		if err != nil {
			return nil, fmt.Errorf("devices: %w", err)
		}
		d.Open = open
		out = append(out, d)
	}
	return out, rows.Err()
}

// RevokeDevice locks a device out from its next request on.
func (s *Store) RevokeDevice(ctx context.Context, id string, at int64) error {
	return s.update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE devices SET revoked = $1, generation = generation + 1 WHERE id = $2 AND revoked = 0`, at, id)
		if err != nil {
			return fmt.Errorf("revoke %s: %w", id, err)
		}
		return wantOne(res, "active device "+id)
	})
}

// SetGrants replaces the areas of a device. They hold from its next request.
func (s *Store) SetGrants(ctx context.Context, id string, codes []area.Code) error {
	return s.update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var n int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM devices WHERE id = $1`, id).Scan(&n); err != nil {
			return fmt.Errorf("grants: %w", err)
		}
		if n == 0 {
			return fmt.Errorf("device %s: %w", id, server.ErrNotFound)
		}
		return writeGrants(ctx, tx, id, codes)
	})
}

// AddUser adds a person of the office, or replaces the password and role of one.
func (s *Store) AddUser(ctx context.Context, u server.User) error {
	return s.update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO users (name, password_hash, role) VALUES ($1, $2, $3)
			ON CONFLICT (name) DO UPDATE SET password_hash = excluded.password_hash, role = excluded.role`, u.Name, u.PasswordHash, u.Role)
		if err != nil {
			return fmt.Errorf("add user: %w", err)
		}
		return nil
	})
}

// User returns a person of the office.
func (s *Store) User(ctx context.Context, name string) (server.User, error) {
	u := server.User{Name: name}
	err := s.read.QueryRowContext(ctx, `SELECT password_hash, role FROM users WHERE name = $1`, name).Scan(&u.PasswordHash, &u.Role)
	if errors.Is(err, sql.ErrNoRows) {
		err = server.ErrNotFound
	}
	if err != nil {
		return u, fmt.Errorf("user %s: %w", name, err)
	}
	return u, nil
}
