package demo

import (
	"encoding/json"
	"fmt"
	"io"
)

// The steps that a line may belong to.
const (
	stepEnroll  = "enroll"
	stepEnter   = "enter"
	stepSending = "sending" // within a sync
	stepSync    = "sync"
	stepOffline = "offline"
)

// line is one line of progress.
type line struct {
	Step  string `json:"step"`
	Done  int    `json:"done"`
	Total int    `json:"total"`
	TH    string `json:"th"`
	EN    string `json:"en"`
}

// speaker writes lines of progress. Nobody listening does not stop the work,
// so it has no errors.
type speaker struct {
	out  io.Writer // may be nil
	json bool
}

func (s speaker) line(l line) {
	if s.out == nil {
		return
	}
	if s.json {
		enc := json.NewEncoder(s.out)
		enc.SetEscapeHTML(false)
		_ = enc.Encode(l)
		return
	}
	_, _ = fmt.Fprintf(s.out, "%s  |  %s\n", l.TH, l.EN)
}
