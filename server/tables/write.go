package tables

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// The file formats that New writes.
const (
	CSV     = "csv"
	XLSX    = "xlsx"
	GeoJSON = "geojson"
	Parquet = "parquet"
)

// Formats are the formats that New writes.
func Formats() []string { return []string{CSV, XLSX, GeoJSON, Parquet} }

// MaxColumns bounds the columns of a file, written or read.
const MaxColumns = 500

// Writer streams rows into a file. It is for one goroutine.
//
// A row has one value for each column: nil (an empty cell in every format),
// text, a bool, any Go number, json.Number, time.Time, or what a JSON decoder
// gives for lists and maps. A value that does not fit its column's kind is kept:
// as text in the same cell in CSV and XLSX, as it is in GeoJSON, and in
// Parquet, whose columns are typed, in the column "_unfit" as JSON
// {"column": value}.
type Writer interface {
	Write(row []any) error

	// Close ends the file. It does not close the io.Writer below.
	Close() error

	// Discard gives the file up: nothing more is written, temporary files are
	// removed. After Close it does nothing, so it can always be deferred.
	Discard()
}

// Header is what the first line of a CSV or XLSX file shows. The zero value is
// what the format is mostly used for: names in CSV (programs), Thai labels in
// XLSX (people). XLSX also has a last sheet that lists name, labels and kind of
// every column.
type Header string

// The kinds of header lines.
const (
	HeaderNames Header = "names"
	HeaderTH    Header = "th"
	HeaderEN    Header = "en"
)

// Options are choices that a format may need. The zero value will do.
type Options struct {
	Header  Header
	Sheet   string // XLSX: the sheet's name; empty: "ข้อมูล"
	TempDir string // XLSX: where rows wait for Close, readable by the owner only; empty: the system's
	Lat     string // GeoJSON: the columns with the position in degrees WGS 84; empty: "lat", "lon"
	Lon     string
}

// New starts a file of the given format on w. What is written depends on the
// format: XLSX writes nothing before Close, the others as they go.
func New(format string, w io.Writer, cols []Column, opts Options) (Writer, error) {
	cols = slices.Clone(cols)
	if err := checkColumns(cols); err != nil {
		return nil, err
	}
	switch format {
	case CSV:
		return newCSV(w, cols, opts)
	case XLSX:
		return newXLSX(w, cols, opts)
	case GeoJSON:
		return newGeoJSON(w, cols, opts)
	case Parquet:
		return newParquet(w, cols)
	}
	return nil, fmt.Errorf("there is no format %q: choose %s", format, strings.Join(Formats(), ", "))
}

func checkColumns(cols []Column) error {
	if len(cols) == 0 || len(cols) > MaxColumns {
		return fmt.Errorf("a file has 1 to %d columns, not %d", MaxColumns, len(cols))
	}
	seen := make(map[string]bool, len(cols))
	for i := range cols {
		c := &cols[i]
		switch c.Kind {
		case "":
			c.Kind = Text
		case Text, Int, Number, Bool, Date, JSON:
		default:
			return fmt.Errorf("column %q: there is no kind %q", c.Name, c.Kind)
		}
		if c.Name == "" || seen[c.Name] {
			return fmt.Errorf("column %d: name %q is empty or used twice", i+1, c.Name)
		}
		seen[c.Name] = true
	}
	return nil
}

// header gives the cells of the header line. Labels that repeat get the
// column's name beside them, so that a reader can tell the columns apart.
func header(cols []Column, h Header) []string {
	out := make([]string, len(cols))
	count := map[string]int{}
	for i, c := range cols {
		switch {
		case h == HeaderTH && c.LabelTH != "":
			out[i] = c.LabelTH
		case h == HeaderEN && c.LabelEN != "":
			out[i] = c.LabelEN
		default:
			out[i] = c.Name
		}
		count[out[i]]++
	}
	for i, c := range cols {
		if count[out[i]] > 1 && out[i] != c.Name {
			out[i] += " (" + c.Name + ")"
		}
	}
	return out
}

// rowError names the row (counted from 1, without the header) and the column.
func rowError(row int, column string, err error) error {
	return fmt.Errorf("row %d, column %s: %w", row, column, err)
}

func checkWidth(row int, values []any, cols []Column) error {
	if len(values) != len(cols) {
		return fmt.Errorf("row %d has %d values for %d columns", row, len(values), len(cols))
	}
	return nil
}
