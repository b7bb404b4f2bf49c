package syncproto

import (
	"bytes"
	"encoding/hex"
	"fmt"

	"github.com/google/uuid"

	"tambonsync/syncproto/area"
)

// ActorID names one installation epoch of a store: 128 random bits. A tablet,
// a laptop and an office are all actors. A store that was restored from a
// backup or copied takes a new actor before its next write, so that no counter
// is ever used twice. The zero ActorID means "none".
type ActorID [16]byte

// String gives the 32 hexadecimal digits of the actor.
func (a ActorID) String() string { return hex.EncodeToString(a[:]) }

// IsZero reports whether a names no actor.
func (a ActorID) IsZero() bool { return a == ActorID{} }

// Compare orders actors by their bytes.
func (a ActorID) Compare(b ActorID) int { return bytes.Compare(a[:], b[:]) }

// ParseActorID reads the 32 hexadecimal digits that String writes.
func ParseActorID(s string) (ActorID, error) {
	var a ActorID
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(a) {
		return a, fmt.Errorf("actor %q: want 32 hexadecimal digits", s)
	}
	copy(a[:], b)
	return a, nil
}

// RecordID names a record: a UUIDv7, or a UUIDv5 where the thing recorded has
// a natural key. The zero RecordID means "none".
type RecordID [16]byte

// String gives the id in the usual UUID form.
func (id RecordID) String() string { return uuid.UUID(id).String() }

// IsZero reports whether id names no record.
func (id RecordID) IsZero() bool { return id == RecordID{} }

// Compare orders ids by their bytes, which for UUIDv7 is by time of creation.
func (id RecordID) Compare(other RecordID) int { return bytes.Compare(id[:], other[:]) }

// ParseRecordID reads a UUID in its usual form.
func ParseRecordID(s string) (RecordID, error) {
	u, err := uuid.Parse(s)
	if err != nil || len(s) != 36 {
		return RecordID{}, fmt.Errorf("record id %q: want a UUID such as 01936b2e-7a10-7c3e-8f00-5a1b2c3d4e5f", s)
	}
	return RecordID(u), nil
}

// NewRecordID builds a UUIDv7 (RFC 9562, 5.7) from a time in milliseconds
// since 1970 and ten random bytes. Times before 1970 count as 1970: a tablet
// with a broken clock still gets a valid id.
func NewRecordID(unixMilli int64, random [10]byte) RecordID {
	var id RecordID
	ms := uint64(max(unixMilli, 0))
	for i := range 6 {
		id[i] = byte(ms >> (40 - 8*i))
	}
	copy(id[6:], random[:])
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return id
}

// VillageID is the id of the `_village` record of one village in one round: a
// UUIDv5 of "village:" and the area code, in the namespace of the round's id.
// Two offices or tablets that sign a village off mean the same record.
func VillageID(round RecordID, code area.Code) RecordID {
	return RecordID(uuid.NewSHA1(uuid.UUID(round), []byte("village:"+string(code))))
}

// CarriedID is the id of the record by which an earlier one goes on in a later
// round: a UUIDv5 of "carried:" and the earlier id, in the namespace of the
// round's id. Carrying forward twice means the same record.
func CarriedID(round, from RecordID) RecordID {
	return RecordID(uuid.NewSHA1(uuid.UUID(round), []byte("carried:"+from.String())))
}

// Dot names one save in the whole system: the actor that made it and the
// actor's own count of saves. Counters start at 1. A dot is at once the
// idempotency key, the audit key and the detector of copied devices.
type Dot struct {
	Actor   ActorID
	Counter uint64
}

// Compare orders dots by actor, then by counter.
func (d Dot) Compare(e Dot) int {
	if c := d.Actor.Compare(e.Actor); c != 0 {
		return c
	}
	switch {
	case d.Counter < e.Counter:
		return -1
	case d.Counter > e.Counter:
		return 1
	}
	return 0
}

// String gives actor:counter.
func (d Dot) String() string { return fmt.Sprintf("%s:%d", d.Actor, d.Counter) }
