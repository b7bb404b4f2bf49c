package tables

import (
	"io"
	"strconv"
)

// Rejects is a CSV file of the rows that could not be taken: in front the row's
// number and why, in Thai and English, then the row as it was. Corrected, it
// can be imported as it is: the three columns in front mean no field.
//
// It holds whole rows, so it is as private as the file it came from.
type Rejects struct {
	out   *csvWriter
	width int
	rows  int
}

// NewRejects starts the file on w.
func NewRejects(w io.Writer, header []string) (*Rejects, error) {
	line := append([]string{"_row", "_เหตุผล", "_reason"}, header...)
	cols := make([]Column, len(line))
	for i, name := range line {
		cols[i] = Column{Name: name, Kind: Text}
	}
	out, err := newCSV(w, cols, Options{})
	return &Rejects{out: out, width: len(header)}, err
}

// Write puts a row with its problems.
func (r *Rejects) Write(row Row, problems []Problem) error {
	var th, en string
	for _, p := range problems {
		th = joinReason(th, p.Column, p.TH)
		en = joinReason(en, p.Column, p.EN)
	}
	cells := append([]string{strconv.Itoa(row.Number), th, en}, row.Cells...)
	for len(cells) < r.width+3 {
		cells = append(cells, "")
	}
	r.out.line(cells)
	r.rows++
	return r.out.err
}

func joinReason(before, column, sentence string) string {
	if column != "" {
		sentence = column + ": " + sentence
	}
	if before != "" {
		return before + " | " + sentence
	}
	return sentence
}

// Rows is how many rows were put.
func (r *Rejects) Rows() int { return r.rows }

// Close ends the file. It does not close the io.Writer below.
func (r *Rejects) Close() error { return r.out.Close() }
