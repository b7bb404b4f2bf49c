package server

import (
	"context"
	"errors"

	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
	"tambonsync/syncproto/survey"
)

// Analysis is what follows from the records: sums, results, duplicates and what
// looks wrong. Package analysis implements it. It promises:
//
//   - It answers from tables of its own, so no sync waits for it; Lag tells how
//     far they are behind, and CatchUp ends that.
//   - Listings are in a fixed order with a mark to go on from, and hold at most
//     1000 rows, which a Limit of 0 stands for.
//   - A zero round means the only one that concerns the area, else
//     ErrWhichRound; what is not there wraps ErrNotFound.
type Analysis interface {
	CatchUp(ctx context.Context) (changed bool, err error)
	Lag(ctx context.Context) (Lag, error)

	// Summary tells the sums of an area, "" for the whole office. Certified
	// villages count with their frozen numbers.
	Summary(ctx context.Context, code area.Code, round syncproto.RecordID) (survey.Summary, error)
	// Breakdown tells those of the areas one level below, which add up to it.
	Breakdown(ctx context.Context, code area.Code, round syncproto.RecordID) ([]survey.Summary, error)
	// SummaryOfLocalGov adds up the villages of a local government body.
	SummaryOfLocalGov(ctx context.Context, gov string, round syncproto.RecordID) (survey.Summary, error)
	// Numbers are a village's present sums, for Certificate.Numbers.
	Numbers(ctx context.Context, village area.Code, round syncproto.RecordID) (map[string]any, error)

	Results(ctx context.Context, f ResultFilter) ([]ResultRow, error)
	// Result works one record out from its answers as they are now.
	Result(ctx context.Context, id syncproto.RecordID) (Detail, error)
	Duplicates(ctx context.Context, f DuplicateFilter) ([]Duplicate, error)
	Orphans(ctx context.Context, f OrphanFilter) ([]Orphan, error)
	Flags(ctx context.Context, f FlagFilter) ([]Flag, error)
	// CountFlags counts flags by code; the zero round counts those of all.
	CountFlags(ctx context.Context, round syncproto.RecordID, code area.Code) (map[string]int, error)
}

// ErrWhichRound means that no round was named, and not exactly one concerns the area. The
// message lists those that do. 400; the caller names one.
var ErrWhichRound = errors.New("name the round")

// Lag is how far an Analysis is behind the records.
type Lag struct {
	Seq  uint64 // rows of the feeds not read yet, about as many records
	Todo int    // records read and not worked out yet
}

// Mark is where a listing by area and record goes on: after this row.
type Mark struct {
	Area area.Code
	ID   syncproto.RecordID
}

// ResultFilter narrows a listing of results; zero fields do not, but a listing
// is always of one round. It is in order of area, then id.
type ResultFilter struct {
	Round     syncproto.RecordID // zero: those that belong to none
	Area      area.Code          // this area and everything below
	Indicator int                // with Verdict
	Verdict   survey.Verdict
	State     survey.State
	Complete  *bool
	After     Mark
	Limit     int // at most 1000, which 0 stands for
}

// ResultRow is what the indicators say of one household, without reasons.
type ResultRow struct {
	ID       syncproto.RecordID
	Round    syncproto.RecordID
	Area     area.Code
	State    survey.State
	Complete bool
	Persons  int
	Problems int
	Level    int
	Outcomes []survey.Outcome // by number; Reason and Unanswered are left out
}

// Detail is one household with the reasons for everything.
type Detail struct {
	ResultRow
	Result survey.Result // with reasons and unanswered questions
	Review survey.Review // with the problems, here and below
	Flags  []Flag
}

// DuplicateFilter narrows a listing of duplicates. A case is in an area if one
// of its records is. It is in order of the case's id.
type DuplicateFilter struct {
	Round syncproto.RecordID // zero: of all
	Area  area.Code
	Kind  string
	After string
	Limit int
}

// Duplicate is a case of records that seem to be one. What they have in common
// is kept as a hash only.
type Duplicate struct {
	ID      string
	Round   syncproto.RecordID
	Kind    string // the questions joined by "+", or "name"
	Records []Mark // at most 100
	N       int    // how many there are, counted up to 1000
}

// OrphanFilter narrows a listing of orphans, in order of area, then id.
type OrphanFilter struct {
	Area  area.Code
	After Mark
	Limit int
}

// Orphan is a record that belongs under one that is not there.
type Orphan struct {
	ID     syncproto.RecordID
	Type   string
	Area   area.Code
	Parent syncproto.RecordID // as it says; zero if it names none
	Why    string
}

// FlagFilter narrows a listing of flags, in order of area, record, code and
// question.
type FlagFilter struct {
	Round syncproto.RecordID // zero: of all and of none
	Area  area.Code
	Code  string
	After Flag // the last one seen
	Limit int
}

// Flag is something that somebody should look at.
type Flag struct {
	Record   syncproto.RecordID
	Area     area.Code
	Head     syncproto.RecordID // the household
	Round    syncproto.RecordID // zero: in none
	Code     string             // a survey.Code, or one of analysis
	Question string             // or the number of an indicator, or ""
}
