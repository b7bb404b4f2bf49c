package syncproto

import (
	"bytes"
	"errors"
	"fmt"

	"tambonsync/syncproto/area"
)

// ErrNoArea means that a record does not say where it belongs.
var ErrNoArea = errors.New("record has no valid area in " + GroupScope)

// CheckReserved reports what is wrong with the reserved groups of a record
// that came from outside: every answer in them must have the right type.
// Other groups may hold anything, since a wrong answer is kept and flagged,
// never refused.
func (r Record) CheckReserved() error {
	if len(r.Groups[GroupScope]) == 0 {
		return ErrNoArea
	}
	if len(r.Groups[GroupLife]) == 0 {
		return fmt.Errorf("record has no %s", GroupLife)
	}
	for name, entries := range r.Groups {
		if name[0] != '_' {
			continue
		}
		for _, e := range entries {
			if err := checkReserved(name, e.Value); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkReserved(group string, v Value) error {
	switch group {
	case GroupLife:
		if !bytes.Equal(v, True) && !bytes.Equal(v, False) {
			return fmt.Errorf("%s must be true or false", group)
		}
	case GroupScope:
		s, ok := text(v)
		if !ok {
			return ErrNoArea
		}
		if code, err := area.Parse(s); err != nil || string(code) != s {
			return fmt.Errorf("%w: %q", ErrNoArea, s)
		}
	case GroupParent, GroupMergedInto, GroupRound, GroupFrom:
		if !bytes.Equal(v, Null) && (len(v) != 17 || v[0] != majorBytes<<5|16) {
			return fmt.Errorf("%s must be a record id of 16 bytes or null", group)
		}
	case GroupState:
		if !bytes.Equal(v, Null) && (len(v) == 0 || v[0]>>5 != majorMap) {
			return fmt.Errorf("%s must be a map or null", group)
		}
	case GroupCarried:
		if !bytes.Equal(v, Null) && !bytes.Equal(v, True) && !bytes.Equal(v, False) {
			return fmt.Errorf("%s must be true, false or null", group)
		}
	}
	return nil
}
