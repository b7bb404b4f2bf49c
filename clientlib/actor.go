package clientlib

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"tambonsync/syncproto"
)

// proof is the file beside the store (PATH-actor). The store and the proof
// hold the same nonce, which changes each time a process begins to write. A
// store that was copied has no proof, or one that names another file; a store
// that was restored from a backup holds an older nonce. Either way it must not
// go on counting under its actor, because the other copy may do the same.
type proof struct {
	Current []byte `json:"current"`        // the store's nonce
	Next    []byte `json:"next,omitempty"` // the one it is changing to
	File    string `json:"file,omitempty"` // which file it belongs to, where the system tells
}

func (s *Store) proofPath() string { return s.path + "-actor" }

func (s *Store) readProof() (p proof, err error) {
	b, err := os.ReadFile(s.proofPath())
	if errors.Is(err, os.ErrNotExist) {
		return p, nil
	}
	if err != nil {
		return p, fmt.Errorf("read proof: %w", err)
	}
	if err := json.Unmarshal(b, &p); err != nil {
		p = proof{} // damaged proves nothing
	}
	return p, nil
}

// writeProof replaces the proof so that a power cut leaves the old or the new.
func (s *Store) writeProof(p proof) error {
	p.File = fileIdentity(s.path)
	b, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("write proof: %w", err)
	}
	part := s.proofPath() + ".part"
	f, err := os.OpenFile(part, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("write proof: %w", err)
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write proof: %w", err)
	}
	if err := os.Rename(part, s.proofPath()); err != nil {
		return fmt.Errorf("write proof: %w", err)
	}
	return nil
}

// prove makes sure, once for each process and before its first write, that
// this is the store that the actor belongs to. If not, the store takes a new
// actor.
func (s *Store) prove(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.proven {
		return nil
	}
	next := make([]byte, 16)
	if _, err := io.ReadFull(s.opts.Random, next); err != nil {
		return fmt.Errorf("nonce: %w", err)
	}
	err := s.update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var nonce []byte
		if err := tx.QueryRowContext(ctx, `SELECT nonce FROM device WHERE one = 1`).Scan(&nonce); err != nil {
			return err
		}
		p, err := s.readProof()
		if err != nil {
			return err
		}
		same := p.File == fileIdentity(s.path) && (bytes.Equal(nonce, p.Current) || len(p.Next) > 0 && bytes.Equal(nonce, p.Next))
		if !same {
			if err := s.newActor(ctx, tx); err != nil {
				return err
			}
		}
		if err := s.writeProof(proof{Current: nonce, Next: next}); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE device SET nonce = $1 WHERE one = 1`, next)
		return err
	})
	if err != nil {
		return fmt.Errorf("prove store: %w", err)
	}
	// From here on a backup from before this process is told from the store.
	err = s.update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var nonce []byte
		if err := tx.QueryRowContext(ctx, `SELECT nonce FROM device WHERE one = 1`).Scan(&nonce); err != nil {
			return err
		}
		if !bytes.Equal(nonce, next) {
			return nil // another process has gone further
		}
		return s.writeProof(proof{Current: next})
	})
	if err != nil {
		return fmt.Errorf("prove store: %w", err)
	}
	s.proven = true
	return nil
}

// newActor gives the store a new actor. What was saved under the old one keeps
// its dots: in every copy of the file they name the same saves.
func (s *Store) newActor(ctx context.Context, tx *sql.Tx) error {
	var actor syncproto.ActorID
	if _, err := io.ReadFull(s.opts.Random, actor[:]); err != nil {
		return fmt.Errorf("new actor: %w", err)
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM saves`); err != nil {
		return fmt.Errorf("new actor: %w", err)
	}
	_, err := tx.ExecContext(ctx, `UPDATE device SET actor = $1, counter = 0, head = 0, head_hash = $2, evicted = 0 WHERE one = 1`, actor[:], make([]byte, 8))
	if err != nil {
		return fmt.Errorf("new actor: %w", err)
	}
	return nil
}

// fork is newActor for a store that has saved on beside a copy of itself. The
// copy may have given the same dots to other saves, so every save that no
// office is known to hold moves to the new actor.
func (s *Store) fork(ctx context.Context, tx *sql.Tx) error {
	old, err := readIdentity(ctx, tx)
	if err != nil {
		return err
	}
	if err := s.newActor(ctx, tx); err != nil {
		return err
	}
	d, err := readIdentity(ctx, tx)
	if err != nil {
		return err
	}
	dirty, err := queryIDs(ctx, tx, `SELECT id FROM records WHERE dirty = 1 ORDER BY id`)
	if err != nil {
		return err
	}
	for _, id := range dirty {
		r, err := readRow(ctx, tx, id)
		if err != nil {
			return err
		}
		moved := r.rec.Redot(old.Actor, r.shared.Get(old.Actor), d.Actor, func(uint64) uint64 { d.Counter++; return d.Counter })
		for _, op := range moved.Ops {
			if op.Dot.Actor == d.Actor {
				if err := noteSave(ctx, tx, op); err != nil {
					return err
				}
			}
		}
		r.set(moved)
		if err := writeRow(ctx, tx, r); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, `UPDATE device SET counter = $1 WHERE one = 1`, d.Counter); err != nil {
		return fmt.Errorf("new actor: %w", err)
	}
	return nil
}

func noteSave(ctx context.Context, tx *sql.Tx, op syncproto.Op) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO saves (actor, counter, hash) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, op.Dot.Actor[:], op.Dot.Counter, op.Hash[:])
	if err != nil {
		return fmt.Errorf("note save: %w", err)
	}
	return nil
}
