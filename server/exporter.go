package server

import (
	"context"
	"errors"
	"io"

	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

// What an ExportRequest may ask for, beside the name of a record type.
const (
	ExportHouseholds = "households"
	ExportPersons    = "persons"
	ExportSummary    = "summary"
)

// ExportRequest says what is to leave the office.
type ExportRequest struct {
	Area     area.Code          // this area and everything below; "" for the whole office
	Round    syncproto.RecordID // zero: the only one that concerns the area
	What     string             // ExportHouseholds, ExportPersons, ExportSummary, or a record type
	Format   string             // csv, xlsx, geojson, parquet
	Personal bool               // with the columns that name people
	Open     bool               // for everybody: small cells of a summary are suppressed
}

// ErrExport means that a request for a file fits neither form nor round. The sentence
// says what. 422; the caller asks for something else.
var ErrExport = errors.New("cannot be exported")

// Exporter writes a file. It streams: a million records pass in bounded memory.
// rows is how many it has written, also when it fails.
type Exporter interface {
	Export(ctx context.Context, q ExportRequest, w io.Writer) (rows int64, err error)
}
