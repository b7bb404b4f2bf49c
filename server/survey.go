package server

import (
	"fmt"

	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

// What an office knows beside its records: forms, villages, and what it gave
// out.

// The kinds and states of a Definition.
const (
	KindForm       = "form"
	KindIndicators = "indicators"

	StatusDraft     = "draft"     // may be replaced; devices do not get it
	StatusPublished = "published" // never changes
)

// Definition is one version of a form or an indicator set. Those that are built
// into the program are not in the store.
type Definition struct {
	Kind    string // KindForm or KindIndicators
	Name    string
	Version int
	Hash    string // SHA-256 of Body, lower-case hexadecimal
	Status  string // StatusDraft or StatusPublished
	Body    []byte // canonical JSON
	At      int64  // when it got this status
	By      string // and from whom
}

// Ref is name@version.
func (d Definition) Ref() string { return fmt.Sprintf("%s@%d", d.Name, d.Version) }

// Village is a village as the office's list has it.
type Village struct {
	Code        area.Code
	NameTH      string
	NameEN      string
	LocalGov    string   // code of its local government body, "" if not known
	Lat, Lon    *float64 // degrees WGS 84, nil if not known
	ValidFrom   string   // ISO 8601, "" for not said
	ValidTo     string
	Predecessor area.Code // what it was split from or renumbered from
}

// LocalGov is a local government body: อบต., เทศบาล, อบจ.
type LocalGov struct {
	Code     string
	NameTH   string
	Kind     string
	Province area.Code
}

// ExportEntry says who took which data out of the office.
type ExportEntry struct {
	At       int64
	User     string
	From     string // address or program
	Area     area.Code
	Round    syncproto.RecordID // zero: all
	Format   string             // csv, xlsx, geojson, parquet
	What     string             // records, summary, …
	Personal bool               // with columns that name people
	Reason   string
	Rows     int64
}
