package syncproto

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// The states that a person gives a record, in the group `_state`. All other
// states follow from its answers.
const (
	StateSubmitted = "submitted" // the officer is done with it
	StateReturned  = "returned"  // a supervisor wants something mended
	StateApproved  = "approved"
)

// State is what `_state` holds: how far people have brought a record, and what
// its answers were then. The zero State means that nobody said anything.
type State struct {
	State    string // StateSubmitted, StateReturned or StateApproved
	Note     string
	Answers  [8]byte           // AnswersDigest then: if it differs now, the answers have changed since
	Comments map[string]string // by question
}

// State reads the state to display. What it cannot read counts as nothing said.
func (r Record) State() State {
	v, _ := r.Winner(GroupState).Any()
	m, _ := v.(map[string]any)
	s := State{}
	s.State, _ = m["state"].(string)
	if s.State != StateSubmitted && s.State != StateReturned && s.State != StateApproved {
		return State{}
	}
	s.Note, _ = m["note"].(string)
	digest, _ := m["answers"].([]byte)
	copy(s.Answers[:], digest)
	comments, _ := m["comments"].(map[string]any)
	for question, c := range comments {
		if c, ok := c.(string); ok {
			if s.Comments == nil {
				s.Comments = map[string]string{}
			}
			s.Comments[question] = c
		}
	}
	return s
}

// Value is s as `_state` holds it; null for the zero State.
func (s State) Value() (Value, error) {
	m := map[string]any{"state": s.State, "answers": s.Answers[:]}
	switch s.State {
	case "":
		return Null, nil
	case StateSubmitted, StateReturned, StateApproved:
	default:
		return nil, fmt.Errorf("state %.40q: want %s, %s or %s", s.State, StateSubmitted, StateReturned, StateApproved)
	}
	if s.Note != "" {
		m["note"] = s.Note
	}
	if len(s.Comments) > 0 {
		comments := make(map[string]any, len(s.Comments))
		for question, c := range s.Comments {
			comments[question] = c
		}
		m["comments"] = comments
	}
	return NewValue(m)
}

// AnswersDigest is the first 8 bytes of SHA-256 over the canonical map of the
// record's groups to the answers to display, without reserved groups.
func (r Record) AnswersDigest() [8]byte {
	names := slices.DeleteFunc(slices.SortedFunc(maps.Keys(r.Groups), compareKeys), func(name string) bool {
		return strings.HasPrefix(name, "_")
	})
	b := appendHead(nil, majorMap, uint64(len(names)))
	for _, name := range names {
		b = append(appendText(b, name), r.Winner(name)...)
	}
	sum := sha256.Sum256(b)
	return [8]byte(sum[:8])
}
