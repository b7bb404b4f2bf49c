package tables

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Bounds inside a workbook, besides those of every file.
const (
	maxParts       = 5_000     // files in the zip
	maxSheets      = 500       //
	maxShared      = 4_000_000 // strings in the shared table
	maxSharedBytes = 150 << 20 // of them together
	maxStyles      = 100_000   //
	maxToken       = 1 << 20   // bytes of XML that hold no whole tag or text
	maxSheetRow    = 1_048_576
)

// xlsxSource reads one worksheet as a stream. It is our own because excelize
// ends quietly where a sheet's XML is broken or cut off, which would lose rows.
type xlsxSource struct {
	place  *place
	info   About
	zip    *zip.Reader
	parts  map[string]*zip.File
	shared []string
	days   []bool // by cell style: shown as a date
	is1904 bool
	sheet  *xmlReader
	row    int
	ended  bool
}

var errNotWorkbook = errors.New("not a workbook")

func openXLSX(data []byte, at *place, opts ReadOptions) (*xlsxSource, error) {
	x := &xlsxSource{place: at, info: About{Format: XLSX}, parts: map[string]*zip.File{}}
	var err error
	if x.zip, err = zip.NewReader(bytes.NewReader(data), int64(len(data))); err != nil {
		return nil, at.because(err, "ไฟล์ XLSX เสียหาย", "a damaged XLSX file")
	}
	var total uint64
	for _, f := range x.zip.File {
		// archive/zip gives no more bytes of a part than it declares here.
		if total += f.UncompressedSize64; f.UncompressedSize64 > MaxUnzipped || total > MaxUnzipped {
			return nil, at.fail("เนื้อหาใน XLSX ใหญ่กว่า 300 MiB แบ่งเป็นหลายไฟล์", "the workbook unpacks to more than 300 MiB: split it into several files")
		}
		x.parts[strings.TrimPrefix(path.Clean("/"+f.Name), "/")] = f
	}
	if len(x.zip.File) > maxParts {
		return nil, at.fail("ไฟล์ XLSX มีส่วนประกอบมากเกินไป", "too many parts in the workbook")
	}
	sheet, err := x.openBook(opts.Sheet)
	if err != nil {
		return nil, x.explain(err)
	}
	if x.sheet, err = x.open(sheet); err != nil {
		return nil, x.explain(err)
	}
	return x, nil
}

func (x *xlsxSource) about() About { return x.info }

// explain puts the place to what is not yet a FileError.
func (x *xlsxSource) explain(err error) error {
	var known *FileError
	switch {
	case errors.As(err, &known), errors.Is(err, io.EOF) && x.ended:
		return err
	case errors.Is(err, errNotWorkbook):
		return x.place.because(err, "ไม่ใช่สมุดงาน XLSX", "not an XLSX workbook")
	case errors.Is(err, errLongToken):
		return x.place.because(err, "ข้อความในช่องยาวเกินไป", "too much text in one place")
	}
	return x.place.because(err, "ไฟล์ XLSX เสียหาย เปิดด้วยโปรแกรมตารางแล้วบันทึกใหม่", "a damaged XLSX file: open it in a spreadsheet and save it again")
}

// openBook reads everything but the sheets, and gives the name of the part with
// the wanted sheet.
func (x *xlsxSource) openBook(wanted string) (string, error) {
	book, base := "xl/workbook.xml", "xl"
	if _, ok := x.parts[book]; !ok {
		return "", errNotWorkbook
	}
	targets, err := x.relations(base+"/_rels/workbook.xml.rels", base)
	if err != nil {
		return "", err
	}
	part, err := x.pickSheet(book, wanted, targets)
	if err != nil {
		return "", err
	}
	for _, t := range targets {
		switch {
		case strings.HasSuffix(t.kind, "/sharedStrings"):
			err = x.readShared(t.part)
		case strings.HasSuffix(t.kind, "/styles"):
			err = x.readStyles(t.part)
		}
		if err != nil {
			return "", err
		}
	}
	return part, nil
}

type relation struct{ kind, part string }

func (x *xlsxSource) relations(part, base string) (map[string]relation, error) {
	in, err := x.open(part)
	if err != nil {
		return nil, err
	}
	out := map[string]relation{}
	err = in.elements(func(e xml.StartElement) error {
		if e.Name.Local != "Relationship" || len(out) >= maxParts {
			return nil
		}
		target := attr(e, "Target")
		if !strings.HasPrefix(target, "/") {
			target = base + "/" + target
		}
		out[attr(e, "Id")] = relation{kind: attr(e, "Type"), part: strings.TrimPrefix(path.Clean("/"+target), "/")}
		return nil
	})
	return out, err
}

// pickSheet finds the wanted sheet, or the first that is not hidden.
func (x *xlsxSource) pickSheet(book, wanted string, targets map[string]relation) (string, error) {
	in, err := x.open(book)
	if err != nil {
		return "", err
	}
	part := ""
	err = in.elements(func(e xml.StartElement) error {
		switch e.Name.Local {
		case "workbookPr":
			x.is1904 = isTrue(attr(e, "date1904"))
		case "sheet":
			name := attr(e, "name")
			if len(x.info.Sheets) >= maxSheets {
				return x.place.fail("มีแผ่นงานมากเกินไป", "too many sheets")
			}
			x.info.Sheets = append(x.info.Sheets, name)
			t := targets[relationID(e)]
			hidden := attr(e, "state") != "" && attr(e, "state") != "visible"
			if part == "" && strings.HasSuffix(t.kind, "/worksheet") && (name == wanted || wanted == "" && !hidden) {
				part, x.info.Sheet, x.place.sheet = t.part, name, name
			}
		}
		return nil
	})
	if err == nil && part == "" {
		list := strings.Join(x.info.Sheets, ", ")
		if wanted == "" {
			return "", x.place.fail("ไม่มีแผ่นงานที่อ่านได้", "no sheet that can be read")
		}
		err = x.place.fail("ไม่มีแผ่นงาน \""+wanted+"\" มี: "+list, "there is no sheet \""+wanted+"\"; there are: "+list)
	}
	return part, err
}

func (x *xlsxSource) readShared(part string) error {
	in, err := x.open(part)
	if err != nil {
		return err
	}
	total := 0
	return in.elements(func(e xml.StartElement) error {
		if e.Name.Local != "si" {
			return nil
		}
		text, err := in.text(e)
		total += len(text) + 16
		if err == nil && (len(x.shared) >= maxShared || total > maxSharedBytes) {
			err = x.place.fail("ข้อความในสมุดงานมากเกินไป แบ่งเป็นหลายไฟล์", "too much text in the workbook: split it into several files")
		}
		x.shared = append(x.shared, text)
		return err
	})
}

// readStyles notes which cell styles show a number as a date.
func (x *xlsxSource) readStyles(part string) error {
	in, err := x.open(part)
	if err != nil {
		return err
	}
	custom := map[string]string{}
	inCells := false
	return in.elements(func(e xml.StartElement) error {
		switch e.Name.Local {
		case "numFmt":
			if len(custom) < maxStyles {
				custom[attr(e, "numFmtId")] = attr(e, "formatCode")
			}
		case "cellStyleXfs", "cellStyles", "dxfs":
			inCells = false
		case "cellXfs":
			inCells = true
		case "xf":
			if inCells && len(x.days) < maxStyles {
				id := attr(e, "numFmtId")
				x.days = append(x.days, isDateFormat(id, custom[id]))
			}
		}
		return nil
	})
}

// isDateFormat tells whether a number format shows days. Codes in quotes and in
// brackets (colours, languages) are not looked at; b and e are Buddhist and era
// years.
func isDateFormat(id, code string) bool {
	if code == "" {
		n, _ := strconv.Atoi(id)
		return n >= 14 && n <= 17 || n == 22 || n >= 27 && n <= 31 || n == 36 || n >= 50 && n <= 58
	}
	quoted, bracket, escaped := false, false, false
	for _, r := range strings.ToLower(code) {
		switch {
		case escaped:
			escaped = false
		case r == '\\' || r == '_' || r == '*':
			escaped = true
		case r == '"':
			quoted = !quoted
		case r == '[':
			bracket = true
		case r == ']':
			bracket = false
		case !quoted && !bracket && strings.ContainsRune("ydb", r):
			return true
		}
	}
	return false
}

// next reads to the next row that has something in it.
func (x *xlsxSource) next() (Row, error) {
	for !x.ended {
		token, err := x.sheet.token()
		if err != nil {
			return Row{}, x.explain(unexpected(err))
		}
		switch t := token.(type) {
		case xml.StartElement:
			if t.Name.Local != "row" {
				continue
			}
			cells, err := x.readRow(t)
			if err != nil {
				return Row{}, x.explain(unexpected(err))
			}
			x.place.column = 0
			if len(cells) > 0 {
				return Row{Number: x.row, Cells: cells}, nil
			}
		case xml.EndElement:
			x.ended = t.Name.Local == "sheetData"
		}
	}
	return Row{}, io.EOF
}

func (x *xlsxSource) readRow(start xml.StartElement) ([]string, error) {
	number := x.row + 1
	if r := attr(start, "r"); r != "" {
		number, _ = strconv.Atoi(r)
	}
	if number <= x.row || number > maxSheetRow {
		return nil, errors.New("rows out of order")
	}
	x.row = number
	x.place.row, x.place.column = number, 0
	var cells []string
	column := 0
	for {
		token, err := x.sheet.token()
		if err != nil {
			return nil, err
		}
		switch t := token.(type) {
		case xml.EndElement:
			if t.Name.Local == "row" {
				return trimRow(cells), nil
			}
		case xml.StartElement:
			if t.Name.Local != "c" {
				continue
			}
			if column, err = columnOf(t, column+1); err != nil {
				return nil, err
			}
			x.place.column = column
			text, err := x.readCell(t)
			if err != nil {
				return nil, err
			}
			if text == "" {
				continue
			}
			if column > MaxColumns || column <= len(cells) {
				return nil, x.place.fail("มีมากกว่า 500 คอลัมน์ หรือคอลัมน์ซ้ำ", "more than 500 columns, or a column twice")
			}
			cells = append(append(cells, make([]string, column-1-len(cells))...), text)
		}
	}
}

// columnOf reads the letters of a cell's name, "BC12" → 55.
func columnOf(e xml.StartElement, following int) (int, error) {
	name := attr(e, "r")
	if name == "" {
		return following, nil
	}
	n := 0
	for i := 0; i < len(name) && name[i] >= 'A' && name[i] <= 'Z' && n < 1<<16; i++ {
		n = n*26 + int(name[i]-'A') + 1
	}
	if n < 1 || n > 16_384 {
		return 0, errors.New("a cell without a column")
	}
	return n, nil
}

// readCell gives a cell as text. A formula counts with the result that was
// stored; without one it is an error value, because it is not empty.
func (x *xlsxSource) readCell(start xml.StartElement) (string, error) {
	var value, inline string
	formula, stored := false, false
	for {
		token, err := x.sheet.token()
		if err != nil {
			return "", err
		}
		switch t := token.(type) {
		case xml.EndElement:
			if t.Name.Local != "c" {
				continue
			}
			if formula && !stored {
				return "#VALUE!", nil
			}
			return x.cellText(attr(start, "t"), attr(start, "s"), value, inline)
		case xml.StartElement:
			switch t.Name.Local {
			case "v":
				stored = true
				value, err = x.sheet.text(t)
			case "is":
				inline, err = x.sheet.text(t)
			case "f":
				formula = true
				_, err = x.sheet.text(t)
			}
			if err != nil {
				return "", err
			}
		}
	}
}

func (x *xlsxSource) cellText(kind, style, value, inline string) (string, error) {
	switch kind {
	case "s":
		i, err := strconv.Atoi(value)
		if err != nil || i < 0 || i >= len(x.shared) {
			return "", errors.New("a cell names a text that is not there")
		}
		return x.shared[i], nil
	case "inlineStr":
		return inline, nil
	case "str", "e", "d":
		return value, nil
	case "b":
		if isTrue(value) {
			return "TRUE", nil
		}
		return "FALSE", nil
	}
	s, _ := strconv.Atoi(style)
	return numberText(value, s >= 0 && s < len(x.days) && x.days[s], x.is1904), nil
}

func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name && a.Name.Space == "" {
			return a.Value
		}
	}
	return ""
}

// relationID is the attribute r:id, whichever of the two standards the file follows.
func relationID(e xml.StartElement) string {
	i := slices.IndexFunc(e.Attr, func(a xml.Attr) bool {
		return a.Name.Local == "id" && strings.HasSuffix(a.Name.Space, "/relationships")
	})
	if i < 0 {
		return ""
	}
	return e.Attr[i].Value
}

func isTrue(s string) bool { return s == "1" || s == "true" }

// unexpected keeps the end of a cut-off sheet from looking like its proper end.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
