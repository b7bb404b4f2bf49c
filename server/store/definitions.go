package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"tambonsync/server"
	"tambonsync/syncproto"
)

// AddDefinition stores a draft or a published definition.
func (s *Store) AddDefinition(ctx context.Context, d server.Definition) error {
	if err := checkDefinition(d); err != nil {
		return fmt.Errorf("definition %s: %w", d.Ref(), err)
	}
	err := s.update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		hash, status, err := readStatus(ctx, tx, d.Kind, d.Name, d.Version)
		switch {
		case err != nil && !errors.Is(err, server.ErrNotFound):
			return err
		case status == server.StatusPublished && hash != d.Hash:
			return fmt.Errorf("%w: it is published and never changes; give the next version", server.ErrConflict)
		case status == server.StatusPublished:
			return nil
		}
		if d.Status == server.StatusPublished {
			if err := roomForDefinition(ctx, tx); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO definitions (kind, name, version, hash, status, at, "by", body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
			ON CONFLICT (kind, name, version) DO UPDATE SET hash = excluded.hash, status = excluded.status, at = excluded.at, "by" = excluded."by", body = excluded.body`,
			d.Kind, d.Name, d.Version, d.Hash, d.Status, d.At, d.By, d.Body)
		if err != nil {
			return err
		}
		return raiseRevision(ctx, tx)
	})
	if err != nil {
		return fmt.Errorf("definition %s: %w", d.Ref(), err)
	}
	return nil
}

// checkDefinition refuses what devices could not take. Whether the body is a
// form is not for the store to know.
func checkDefinition(d server.Definition) error {
	sum := sha256.Sum256(d.Body)
	switch {
	case d.Kind != server.KindForm && d.Kind != server.KindIndicators:
		return fmt.Errorf("kind %.40q: want %s or %s", d.Kind, server.KindForm, server.KindIndicators)
	case d.Status != server.StatusDraft && d.Status != server.StatusPublished:
		return fmt.Errorf("status %.40q: want %s or %s", d.Status, server.StatusDraft, server.StatusPublished)
	case d.Name == "" || len(d.Name) > syncproto.MaxNameBytes || strings.Contains(d.Name, "@") || d.Version < 1:
		return fmt.Errorf("a definition needs a name of 1 to %d bytes without @, and a version from 1", syncproto.MaxNameBytes)
	case len(d.Body) == 0:
		return errors.New("it is empty")
	case len(d.Body) > syncproto.MaxDefinitionBytes:
		return fmt.Errorf("%w: %d bytes, at most %d", server.ErrTooLarge, len(d.Body), syncproto.MaxDefinitionBytes)
	case d.Hash != hex.EncodeToString(sum[:]):
		return errors.New("its hash is not that of its body")
	}
	return nil
}

// PublishDefinition makes a draft public, once.
func (s *Store) PublishDefinition(ctx context.Context, kind, ref, by string, at int64) error {
	name, version, err := splitRef(ref)
	if err != nil {
		return err
	}
	err = s.update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, status, err := readStatus(ctx, tx, kind, name, version)
		if err != nil || status == server.StatusPublished {
			return err
		}
		if err := roomForDefinition(ctx, tx); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE definitions SET status = $1, at = $2, "by" = $3 WHERE kind = $4 AND name = $5 AND version = $6`,
			server.StatusPublished, at, by, kind, name, version)
		if err != nil {
			return err
		}
		return raiseRevision(ctx, tx)
	})
	if err != nil {
		return fmt.Errorf("publish %s %s: %w", kind, ref, err)
	}
	return nil
}

func splitRef(ref string) (name string, version int, err error) {
	name, v, ok := strings.Cut(ref, "@")
	if version, err = strconv.Atoi(v); !ok || err != nil {
		return "", 0, fmt.Errorf("%.80q is not name@version: %w", ref, server.ErrNotFound)
	}
	return name, version, nil
}

// roomForDefinition keeps what is published within what a message can name.
func roomForDefinition(ctx context.Context, tx *sql.Tx) error {
	var n int
	err := tx.QueryRowContext(ctx, `SELECT count(*) FROM definitions WHERE status = $1`, server.StatusPublished).Scan(&n)
	if err == nil && n >= syncproto.MaxDefinitions {
		err = fmt.Errorf("%w: %d definitions are published", server.ErrTooLarge, n)
	}
	return err
}

func readStatus(ctx context.Context, tx *sql.Tx, kind, name string, version int) (hash, status string, err error) {
	err = tx.QueryRowContext(ctx, `SELECT hash, status FROM definitions WHERE kind = $1 AND name = $2 AND version = $3`, kind, name, version).Scan(&hash, &status)
	if errors.Is(err, sql.ErrNoRows) {
		err = server.ErrNotFound
	}
	return hash, status, err
}

// Definitions lists all definitions with their bodies: an office has few.
func (s *Store) Definitions(ctx context.Context) ([]server.Definition, error) {
	list, err := collect(ctx, s.read, func(rows *sql.Rows) (d server.Definition, err error) {
		err = rows.Scan(&d.Kind, &d.Name, &d.Version, &d.Hash, &d.Status, &d.At, &d.By, &d.Body)
		return d, err
	}, `SELECT kind, name, version, hash, status, at, "by", body FROM definitions ORDER BY kind, name, version`)
	if err != nil {
		return nil, fmt.Errorf("definitions: %w", err)
	}
	return list, nil
}

// Revision counts the changes of what devices get beside records.
func (s *Store) Revision(ctx context.Context) (n uint64, err error) {
	if err = s.read.QueryRowContext(ctx, `SELECT revision FROM office WHERE one = 1`).Scan(&n); err != nil {
		err = fmt.Errorf("revision: %w", err)
	}
	return n, err
}

func raiseRevision(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, `UPDATE office SET revision = revision + 1 WHERE one = 1`)
	return err
}
