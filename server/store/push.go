package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"

	"tambonsync/server"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

// batch is the work of one write transaction: records are read once, changed
// in memory by every push that touches them, and written by flush at the end.
// So a push that fails a record has nothing to undo, and a record that two
// pushes change takes one sequence number.
type batch struct {
	ctx     context.Context
	tx      *sql.Tx
	office  server.Office
	at      int64
	records map[syncproto.RecordID]*slot
	order   []*slot // the changed ones, in order of first change
	actors  map[syncproto.ActorID]*actor
	copied  []syncproto.RecordID // records with a save whose dot another save has
	waiting map[string]*waiting  // what each device has in the inbox
	decided bool                 // a supervisor has accepted what is pushed here
	stmts   map[string]*sql.Stmt // prepared in this transaction, which closes them
}

// slot is one record in the batch: as the tables hold it, and as it will be.
type slot struct {
	id     syncproto.RecordID
	had    row // zero if the record is new
	state  syncproto.Record
	raw    []byte // nil if the record is new and not yet kept
	hash   syncproto.Hash
	origin []byte // actor whose push is exactly this state, or nil
	seq    uint64 // its new number, once flushed
	dirty  bool
}

// row is what a record's row says beside the state.
type row struct {
	exists    bool
	area      area.Code
	hash      syncproto.Hash
	conflicts int
	seq       uint64
}

// actor is the head of one actor, as read and as it will be.
type actor struct {
	device string
	head   syncproto.Head
	dirty  bool
}

func newBatch(ctx context.Context, tx *sql.Tx, office server.Office) *batch {
	return &batch{
		ctx: ctx, tx: tx, office: office,
		records: map[syncproto.RecordID]*slot{},
		actors:  map[syncproto.ActorID]*actor{},
		waiting: map[string]*waiting{},
		stmts:   map[string]*sql.Stmt{},
	}
}

// stmt prepares a query once for each transaction: for one row, preparing
// costs more than the work.
func (b *batch) stmt(query string) (*sql.Stmt, error) {
	if s, ok := b.stmts[query]; ok {
		return s, nil
	}
	s, err := b.tx.PrepareContext(b.ctx, query)
	if err == nil {
		b.stmts[query] = s
	}
	return s, err
}

func (b *batch) exec(query string, args ...any) error {
	s, err := b.stmt(query)
	if err == nil {
		_, err = s.ExecContext(b.ctx, args...)
	}
	return err
}

// get reads one row into dest.
func (b *batch) get(query string, args []any, dest ...any) error {
	s, err := b.stmt(query)
	if err != nil {
		return err
	}
	return s.QueryRowContext(b.ctx, args...).Scan(dest...)
}

func (b *batch) changed() int { return len(b.order) }

// isRefusal tells an answer to one push from a failure of the database.
func isRefusal(err error) bool {
	return errors.Is(err, server.ErrEpochChanged) || errors.Is(err, server.ErrHeadMismatch) || errors.Is(err, server.ErrActorTaken)
}

// push works one chunk into the batch. A refusal changes nothing.
func (b *batch) push(p server.Push) (syncproto.PushResponse, error) {
	b.at = max(b.at, p.At)
	if p.Epoch != b.office.Epoch {
		return syncproto.PushResponse{}, server.ErrEpochChanged
	}
	a, err := b.actor(p.Actor)
	if err != nil {
		return syncproto.PushResponse{}, err
	}
	if a.device != p.Device {
		return syncproto.PushResponse{}, server.ErrActorTaken
	}
	if a.head != p.Base {
		return syncproto.PushResponse{}, server.ErrHeadMismatch
	}
	resp := syncproto.PushResponse{Results: make([]syncproto.PushResult, len(p.Records))}
	for i, in := range p.Records {
		if resp.Results[i], err = b.record(p, in); err != nil {
			return syncproto.PushResponse{}, fmt.Errorf("push %s: %w", in.Record.ID, err)
		}
		if in.Err == nil {
			a.see(p.Actor, in.Record)
		}
	}
	resp.Head = a.head
	return resp, nil
}

// see raises the head to the actor's highest save in rec. What went to the
// inbox counts too: the office saw it.
func (a *actor) see(id syncproto.ActorID, rec syncproto.Record) {
	for _, op := range rec.Ops {
		if op.Dot.Actor == id && op.Dot.Counter > a.head.Counter {
			a.head = syncproto.Head{Counter: op.Dot.Counter, Hash: op.Hash}
			a.dirty = true
		}
	}
}

func (b *batch) actor(id syncproto.ActorID) (*actor, error) {
	if a, ok := b.actors[id]; ok {
		return a, nil
	}
	a := &actor{}
	var hash []byte
	err := b.tx.QueryRowContext(b.ctx, `SELECT device, counter, hash FROM actors WHERE actor = $1`, id[:]).Scan(&a.device, &a.head.Counter, &hash)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, server.ErrHeadMismatch // it never said hello here
	}
	if err != nil {
		return nil, fmt.Errorf("read actor: %w", err)
	}
	copy(a.head.Hash[:], hash)
	b.actors[id] = a
	return a, nil
}

// record works one pushed record into the batch.
func (b *batch) record(p server.Push, in server.Incoming) (syncproto.PushResult, error) {
	if in.Err != nil {
		return b.toInbox(p, in, "invalid", in.Err.Error(), syncproto.ResultInvalid)
	}
	hash := syncproto.HashRecord(in.Raw)
	s, err := b.slot(in.Record.ID)
	if err != nil {
		var bad *unreadableError
		if errors.As(err, &bad) {
			return syncproto.PushResult{Code: syncproto.ResultStoreError, Detail: bad.Error()}, nil
		}
		return syncproto.PushResult{}, err
	}
	if s.raw != nil && s.hash == hash {
		return syncproto.PushResult{Code: syncproto.ResultAlready, Hash: s.hash}, nil
	}
	rec, raw := in.Record, in.Raw
	if rec, err = b.separateCopies(s, rec); err != nil {
		return syncproto.PushResult{}, err
	}
	copied := rec.VV.Compare(in.Record.VV) != syncproto.Equal
	if copied {
		raw = rec.Encode()
		hash = syncproto.HashRecord(raw)
	}
	order := syncproto.Before // of what we hold to what came
	if s.raw != nil {
		order = s.state.VV.Compare(rec.VV)
	}
	if order == syncproto.After || order == syncproto.Equal && s.hash == hash {
		return syncproto.PushResult{Code: syncproto.ResultAlready, Hash: s.hash}, nil
	}
	next, code, origin := rec, syncproto.ResultStored, p.Actor[:]
	if order != syncproto.Before {
		next, code, origin = syncproto.Merge(s.state, rec), syncproto.ResultMerged, nil
		raw = next.Encode()
		if hash = syncproto.HashRecord(raw); s.hash == hash { // same saves, and ours is the one that stays
			return syncproto.PushResult{Code: syncproto.ResultAlready, Hash: hash}, nil
		}
		if _, err := syncproto.DecodeRecord(raw); err != nil { // no device could read it
			return b.toInbox(p, in, "invalid", "together with what the office holds: "+err.Error(), syncproto.ResultInvalid)
		}
	}
	if area, ok := allowed(p, s, rec, next); !ok {
		return b.toInbox(p, in, "outside_grant", string(area), syncproto.ResultQuarantined)
	}
	if !b.decided && (rec.Type == syncproto.TypeRound || s.state.Type == syncproto.TypeRound) {
		return b.toInbox(p, in, "office_only", "a round is opened and changed at the office", syncproto.ResultQuarantined)
	}
	if copied {
		origin = nil // not what was pushed
		b.copied = append(b.copied, rec.ID)
	}
	if err := b.noteOps(p.Device, next, p.At); err != nil {
		return syncproto.PushResult{}, err
	}
	b.put(s, next, raw, hash, origin)
	return syncproto.PushResult{Code: code, Hash: hash}, nil
}

// allowed asks the device's grants about every area that the push touches:
// where the record was, where the device puts it, and where it ends up.
func allowed(p server.Push, s *slot, came, next syncproto.Record) (area.Code, bool) {
	codes := []area.Code{came.Area(), next.Area()}
	if s.raw != nil {
		codes = append(codes, s.state.Area())
	}
	for _, c := range codes {
		if !p.Allow(c) {
			return c, false
		}
	}
	return "", true
}

func (b *batch) put(s *slot, rec syncproto.Record, raw []byte, hash syncproto.Hash, origin []byte) {
	if !s.dirty {
		s.dirty = true
		b.order = append(b.order, s)
	}
	s.state, s.raw, s.hash, s.origin = rec, raw, hash, origin
}

// unreadableError: our own copy of a record is damaged. The device keeps its
// copy and the push of other records goes on.
type unreadableError struct{ err error }

func (e *unreadableError) Error() string {
	return "the office's copy is damaged: " + e.err.Error() + "; run tambonsync verify"
}

var errDamaged = errors.New("the bytes do not have the hash that they were stored with")

func (b *batch) slot(id syncproto.RecordID) (*slot, error) {
	if s, ok := b.records[id]; ok {
		return s, nil
	}
	s := &slot{id: id}
	var hash []byte
	err := b.get(`SELECT area, hash, conflicts, seq, state FROM records WHERE id = $1`, []any{id[:]},
		&s.had.area, &hash, &s.had.conflicts, &s.had.seq, &s.raw)
	switch {
	case errors.Is(err, sql.ErrNoRows):
	case err != nil:
		return nil, fmt.Errorf("read record: %w", err)
	default:
		s.had.exists = true
		copy(s.had.hash[:], hash)
		s.hash = s.had.hash
		if s.state, err = syncproto.DecodeRecord(s.raw); err != nil {
			return nil, &unreadableError{err}
		}
		if syncproto.HashRecord(s.raw) != s.hash { // merging it would give the damage a valid hash
			return nil, &unreadableError{errDamaged}
		}
	}
	b.records[id] = s
	return s, nil
}

// separateCopies finds saves in rec whose dot names another save here: two
// copies of one store count on under one actor. What the pushed side wrote
// from there on gets a derived actor, so both sides are kept. The derived
// actor is a function of the saves, so the same push again ends the same way.
func (b *batch) separateCopies(s *slot, rec syncproto.Record) (syncproto.Record, error) {
	for _, op := range rec.Ops { // sorted: an actor's lowest clash comes first
		if mine, ok := s.state.Op(op.Dot); ok && mine.Hash == op.Hash {
			continue
		}
		if op.Dot.Counter > rec.VV.Get(op.Dot.Actor) {
			continue // moved already
		}
		clash, err := b.clashes(rec.ID, op)
		if err != nil {
			return rec, err
		}
		if clash {
			rec = rec.Redot(op.Dot.Actor, op.Dot.Counter-1, derivedActor(op), func(old uint64) uint64 { return old })
		}
	}
	return rec, nil
}

func (b *batch) clashes(id syncproto.RecordID, op syncproto.Op) (bool, error) {
	var record, hash []byte
	err := b.get(`SELECT record, hash FROM ops WHERE actor = $1 AND counter = $2`, []any{op.Dot.Actor[:], op.Dot.Counter}, &record, &hash)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read save %s: %w", op.Dot, err)
	}
	return !bytes.Equal(record, id[:]) || !bytes.Equal(hash, op.Hash[:]), nil
}

func derivedActor(op syncproto.Op) syncproto.ActorID {
	b := append([]byte("tambonsync copied store\x00"), op.Dot.Actor[:]...)
	sum := sha256.Sum256(append(b, op.Hash[:]...))
	return syncproto.ActorID(sum[:16])
}

// noteOps writes the saves of rec that are new here to the audit.
func (b *batch) noteOps(device string, rec syncproto.Record, at int64) error {
	for _, op := range rec.Ops {
		err := b.exec(`INSERT INTO ops (actor, counter, record, hash, wall, "offset", "user", form, app, reason, device, received)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING`,
			op.Dot.Actor[:], op.Dot.Counter, rec.ID[:], op.Hash[:], op.Wall, op.Offset, op.User, op.Form, op.App, op.Reason, device, at)
		if err != nil {
			return fmt.Errorf("note save %s: %w", op.Dot, err)
		}
	}
	return nil
}
