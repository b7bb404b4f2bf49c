package tables

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/xuri/excelize/v2"
)

// What a worksheet holds. The byte bound keeps each sheet's XML below the 4 GiB
// after which old zip readers fail.
const (
	sheetRows  = 1_048_575 // below the header line
	sheetBytes = 2 << 30
	cellUnits  = 32_767 // UTF-16 code units in a cell
	maxExact   = 1e15   // Excel keeps 15 digits of a number
)

const columnsSheet = "คอลัมน์"

// xlsxWriter fills worksheets, one after the other when one is full. The rows
// wait in temporary files until Close, because that is how excelize streams.
// Text is stored as text, so ids keep their leading zeros and nothing is taken
// for a formula.
type xlsxWriter struct {
	w      io.Writer
	file   *excelize.File
	sheet  *excelize.StreamWriter
	cols   []Column
	title  []any
	name   string
	cells  []any // reused for every row
	styles struct{ head, day, text int }

	sheets, inSheet, rows int
	bytes, maxBytes       int
	maxRows               int
	closed                bool
	err                   error
}

func newXLSX(w io.Writer, cols []Column, opts Options) (*xlsxWriter, error) {
	if opts.Header == "" {
		opts.Header = HeaderTH
	}
	name, err := sheetName(opts.Sheet)
	if err != nil {
		return nil, err
	}
	x := &xlsxWriter{
		w: w, cols: cols, name: name, cells: make([]any, len(cols)),
		file:    excelize.NewFile(excelize.Options{TmpDir: opts.TempDir}),
		maxRows: sheetRows, maxBytes: sheetBytes,
	}
	if err := x.makeStyles(); err != nil {
		x.Discard()
		return nil, fmt.Errorf("xlsx: %w", err)
	}
	for _, cell := range header(cols, opts.Header) {
		x.title = append(x.title, excelize.Cell{StyleID: x.styles.head, Value: cell})
	}
	if err := x.nextSheet(); err != nil {
		x.Discard()
		return nil, fmt.Errorf("xlsx: %w", err)
	}
	return x, nil
}

func (x *xlsxWriter) makeStyles() (err error) {
	iso := "yyyy-mm-dd"
	x.styles.head, err = x.file.NewStyle(&excelize.Style{
		Font: &excelize.Font{Bold: true}, Alignment: &excelize.Alignment{WrapText: true, Vertical: "top"},
	})
	if err == nil {
		x.styles.day, err = x.file.NewStyle(&excelize.Style{CustomNumFmt: &iso})
	}
	if err == nil { // "@": an edited id stays text
		x.styles.text, err = x.file.NewStyle(&excelize.Style{NumFmt: 49})
	}
	return err
}

// sheetName checks a name against Excel's rules: 31 UTF-16 units, none of
// : \ / ? * [ ], no apostrophe at its ends. Room is left for " 2", " 3".
func sheetName(name string) (string, error) {
	if name == "" {
		return "ข้อมูล", nil
	}
	if len(utf16.Encode([]rune(name))) > 27 || strings.ContainsAny(name, `:\/?*[]`) ||
		strings.HasPrefix(name, "'") || strings.HasSuffix(name, "'") || name == columnsSheet {
		return "", fmt.Errorf("xlsx: %q cannot be a sheet's name: at most 27 characters, none of : \\ / ? * [ ]", name)
	}
	return name, nil
}

func (x *xlsxWriter) nextSheet() error {
	if x.sheet != nil {
		if err := x.sheet.Flush(); err != nil {
			return err
		}
	}
	x.sheets++
	name := x.name
	if x.sheets == 1 {
		if err := x.file.SetSheetName("Sheet1", name); err != nil {
			return err
		}
	} else {
		name += " " + strconv.Itoa(x.sheets)
		if _, err := x.file.NewSheet(name); err != nil {
			return err
		}
	}
	return x.startSheet(name, x.title, len(x.cols))
}

// startSheet writes a header line that stays in view.
func (x *xlsxWriter) startSheet(name string, title []any, width int) error {
	sheet, err := x.file.NewStreamWriter(name)
	if err != nil {
		return err
	}
	x.sheet, x.inSheet, x.bytes = sheet, 0, 0
	err = sheet.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"})
	if err != nil {
		return err
	}
	if err := sheet.SetColWidth(1, width, 18); err != nil {
		return err
	}
	return sheet.SetRow("A1", title)
}

func (x *xlsxWriter) Write(row []any) error {
	if x.err != nil {
		return x.err
	}
	if err := checkWidth(x.rows+1, row, x.cols); err != nil {
		return err
	}
	size := 0
	for i, v := range row {
		cell, bytes, err := x.cell(x.cols[i].Kind, v)
		if err != nil {
			return rowError(x.rows+1, x.cols[i].Name, err)
		}
		x.cells[i], size = cell, size+bytes+40
	}
	if x.err = x.put(size); x.err != nil {
		x.err = fmt.Errorf("xlsx: row %d: %w", x.rows+1, x.err)
		return x.err
	}
	x.rows++
	return nil
}

func (x *xlsxWriter) put(size int) error {
	if x.inSheet == x.maxRows || x.bytes+size > x.maxBytes {
		if err := x.nextSheet(); err != nil {
			return err
		}
	}
	x.inSheet++
	x.bytes += size
	return x.sheet.SetRow("A"+strconv.Itoa(x.inSheet+1), x.cells)
}

var errLongCell = errors.New("more than 32,767 characters, which a worksheet cannot hold: export as CSV or Parquet")

// cell gives what excelize writes and about how many bytes that is. Whole
// numbers that Excel would round, and days before its calendar, become text.
func (x *xlsxWriter) cell(kind Kind, v any) (any, int, error) {
	fitted, _ := kind.fit(v)
	switch t := fitted.(type) {
	case nil:
		return nil, 0, nil
	case bool:
		return t, 1, nil
	case int64:
		if t < maxExact && t > -maxExact {
			return t, 16, nil
		}
	case float64:
		return t, 24, nil
	case day:
		if serial, ok := daySerial(t); ok {
			return excelize.Cell{StyleID: x.styles.day, Value: serial}, 8, nil
		}
	}
	text := plainText(fitted)
	if text == "" {
		return nil, 0, nil
	}
	if len(text) > cellUnits && len(utf16.Encode([]rune(text))) > cellUnits {
		return nil, 0, errLongCell
	}
	return excelize.Cell{StyleID: x.styles.text, Value: text}, len(text), nil
}

// daySerial counts days as Excel does. Before March 1900 its calendar has a day
// that never was; after 9999 it has none.
func daySerial(d day) (int, bool) {
	serial := int(math.Round(d.Sub(excelEpoch()).Hours() / 24))
	return serial, serial >= 61 && d.Year() <= 9999
}

func (x *xlsxWriter) Close() error {
	if x.file == nil {
		return x.err
	}
	defer x.Discard()
	if x.err != nil {
		return x.err
	}
	x.closed = true
	if x.err = x.finish(); x.err != nil {
		x.err = fmt.Errorf("xlsx: %w", x.err)
	}
	return x.err
}

func (x *xlsxWriter) finish() error {
	if err := x.sheet.Flush(); err != nil {
		return err
	}
	if err := x.listColumns(); err != nil {
		return err
	}
	// excelize would put the whole file in memory first; the zip goes straight
	// to w instead.
	x.file.SetZipWriter(func(io.Writer) excelize.ZipWriter { return zip.NewWriter(x.w) })
	return x.file.Write(io.Discard)
}

// listColumns is the last sheet: what each column is called and holds.
func (x *xlsxWriter) listColumns() error {
	if _, err := x.file.NewSheet(columnsSheet); err != nil {
		return err
	}
	var title []any
	for _, cell := range []string{"name", "ชื่อคอลัมน์", "label (English)", "kind"} {
		title = append(title, excelize.Cell{StyleID: x.styles.head, Value: cell})
	}
	if err := x.startSheet(columnsSheet, title, len(title)); err != nil {
		return err
	}
	for i, c := range x.cols {
		row := []any{c.Name, c.LabelTH, c.LabelEN, string(c.Kind)}
		if err := x.sheet.SetRow("A"+strconv.Itoa(i+2), row); err != nil {
			return err
		}
	}
	return x.sheet.Flush()
}

func (x *xlsxWriter) Discard() {
	if x.file != nil {
		_ = x.file.Close() // removes the temporary files
		x.file, x.sheet = nil, nil
	}
	if x.err == nil && !x.closed {
		x.err = errDiscarded
	}
}
