package tables

import (
	"strconv"
	"strings"
)

// FileError tells why a file cannot be read, and where. It repeats nothing of
// the file's content but its sheet and column names.
type FileError struct {
	File   string // empty: the caller knows it
	Sheet  string // empty: CSV, or not about a sheet
	Row    int    // 0: not about a row
	Column string // as a spreadsheet shows it, "C"; empty: not about a cell
	TH, EN string // what is wrong and what to do
	Err    error  // the cause, if there is another; may be nil
}

// Error is the English sentence with its place.
func (e *FileError) Error() string {
	return e.where("sheet ", "row ", "column ") + e.EN
}

// Thai is the Thai sentence with its place.
func (e *FileError) Thai() string {
	return e.where("แผ่นงาน ", "แถว ", "คอลัมน์ ") + e.TH
}

// Unwrap is the cause.
func (e *FileError) Unwrap() error { return e.Err }

func (e *FileError) where(sheet, row, column string) string {
	var parts []string
	if e.File != "" {
		parts = append(parts, e.File)
	}
	if e.Sheet != "" {
		parts = append(parts, sheet+e.Sheet)
	}
	if e.Row > 0 {
		parts = append(parts, row+strconv.Itoa(e.Row))
	}
	if e.Column != "" {
		parts = append(parts, column+e.Column)
	}
	if len(parts) == 0 {
		return ""
	}
	return strings.Join(parts, ", ") + ": "
}

// place is where a reader is.
type place struct {
	file, sheet string
	row, column int // from 1; 0: none
}

func (p place) fail(th, en string) error { return p.because(nil, th, en) }

func (p place) because(err error, th, en string) error {
	e := &FileError{File: p.file, Sheet: p.sheet, Row: p.row, TH: th, EN: en, Err: err}
	if p.column > 0 {
		e.Column = columnLetter(p.column)
	}
	return e
}

// columnLetter is 1 → A, 27 → AA.
func columnLetter(n int) string {
	var out []byte
	for ; n > 0; n = (n - 1) / 26 {
		out = append([]byte{byte('A' + (n-1)%26)}, out...)
	}
	return string(out)
}
