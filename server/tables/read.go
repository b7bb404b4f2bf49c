package tables

import (
	"bytes"
	"errors"
	"io"
	"iter"
	"path/filepath"
	"strings"
)

// Bounds on files that come from outside. A file that breaks one is refused.
const (
	MaxFileBytes  = 50 << 20  // of the file
	MaxUnzipped   = 300 << 20 // of everything in a workbook
	MaxRows       = 1_000_000 // below the header line
	MaxCellBytes  = 64 << 10  // of UTF-8
	maxLeadingRow = 100       // where the header line may be
)

// ReadOptions are what the reader cannot tell from the file. The zero value
// takes the first visible sheet and the first line that is not empty as header.
type ReadOptions struct {
	Sheet     string // XLSX: the sheet's name
	HeaderRow int    // the line with the column names, from 1
	Delimiter rune   // CSV: the character between cells; 0: , ; or tab, as the header line shows
}

// Rows are the rows of one sheet, read as they are asked for. They are for one
// goroutine and can be gone through once.
type Rows struct {
	source
	place  place
	header []string
	rows   int
}

// Row is one row of a sheet.
type Row struct {
	Number int      // as a spreadsheet program counts, the header line included
	Cells  []string // UTF-8; as many as the row has, without empty ones at the end
}

// source is a kind of file. next gives rows in order, empty ones left out, and
// io.EOF at the end.
type source interface {
	next() (Row, error)
	about() About
}

// About tells how a file was understood.
type About struct {
	Format    string   `json:"format"`              // "csv" or "xlsx"
	Encoding  string   `json:"encoding,omitempty"`  // CSV: "UTF-8", "UTF-8 BOM", "UTF-16" or "CP874"
	Delimiter string   `json:"delimiter,omitempty"` // CSV
	Sheet     string   `json:"sheet,omitempty"`     // XLSX: the one that is read
	Sheets    []string `json:"sheets,omitempty"`    // XLSX: all of them
}

// Read starts reading a file: XLSX, or CSV in UTF-8, UTF-16 or CP874 (TIS-620),
// told apart by their content. name is only used in messages. All of the file
// is read into memory, rows are decoded one by one. Every error about the file,
// here or while it is read, is a *FileError.
//
// Cells are text: numbers as they were typed as far as that can be told, days
// as "2020-01-31", true as "TRUE". The apostrophe that our CSV files put before
// text that looks like a formula is taken away.
func Read(name string, r io.Reader, opts ReadOptions) (*Rows, error) {
	at := place{file: filepath.Base(name)}
	data, err := io.ReadAll(io.LimitReader(r, MaxFileBytes+1))
	if err != nil {
		return nil, at.because(err, "อ่านไฟล์ไม่ได้", "cannot be read")
	}
	if len(data) > MaxFileBytes {
		return nil, at.fail("ไฟล์ใหญ่กว่า 50 MiB แบ่งเป็นหลายไฟล์แล้วนำเข้าทีละไฟล์", "larger than 50 MiB: split it into several files")
	}
	rows := &Rows{place: at}
	switch {
	case len(bytes.TrimSpace(data)) == 0:
		return nil, at.fail("ไฟล์ว่างเปล่า", "the file is empty")
	case bytes.HasPrefix(data, []byte("PK\x03\x04")):
		rows.source, err = openXLSX(data, &rows.place, opts)
	case bytes.HasPrefix(data, []byte("\xd0\xcf\x11\xe0")):
		err = at.fail("เป็นไฟล์ Excel รุ่นเก่า (.xls) หรือมีรหัสผ่าน บันทึกเป็น .xlsx ที่ไม่มีรหัสผ่านแล้วลองใหม่",
			"an old Excel file (.xls) or one with a password: save it as .xlsx without a password")
	default:
		rows.source, err = openCSV(data, &rows.place, opts)
	}
	if err != nil {
		return nil, err
	}
	return rows, rows.readHeader(opts.HeaderRow)
}

// About tells how the file was understood.
func (r *Rows) About() About { return r.about() }

// Header is the header line, its cells trimmed.
func (r *Rows) Header() []string { return r.header }

func (r *Rows) readHeader(wanted int) error {
	for {
		row, err := r.next()
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if err != nil || row.Number > max(maxLeadingRow, wanted) || wanted > 0 && row.Number > wanted {
			r.place.row = max(wanted, 0)
			return r.place.fail("ไม่พบแถวหัวตาราง", "there is no header line")
		}
		if wanted > 0 && row.Number < wanted {
			continue
		}
		for _, cell := range row.Cells {
			r.header = append(r.header, strings.TrimSpace(cell))
		}
		return nil
	}
}

// All goes through the rows below the header. After an error there is no more.
func (r *Rows) All() iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for {
			row, err := r.next()
			if errors.Is(err, io.EOF) {
				return
			}
			if r.rows++; err == nil && r.rows > MaxRows {
				r.place.row = row.Number
				err = r.place.fail("มีมากกว่า 1,000,000 แถว แบ่งเป็นหลายไฟล์", "more than 1,000,000 rows: split the file")
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
}

// trimRow drops empty cells at the end; none left means an empty row.
func trimRow(cells []string) []string {
	for len(cells) > 0 && strings.TrimSpace(cells[len(cells)-1]) == "" {
		cells = cells[:len(cells)-1]
	}
	return cells
}
