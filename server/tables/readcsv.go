package tables

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

type csvSource struct {
	in    *csv.Reader
	place *place
	info  About
	lines int // lines of the file that were used up
	row   int // the last row, as a spreadsheet counts
}

func openCSV(data []byte, at *place, opts ReadOptions) (*csvSource, error) {
	c := &csvSource{place: at, info: About{Format: CSV}}
	text, err := c.decode(data)
	if err != nil {
		return nil, err
	}
	delimiter := opts.Delimiter
	first := firstLine(text)
	if sep, ok := strings.CutPrefix(strings.TrimSpace(first), "sep="); ok && len(sep) == 1 {
		// Excel's own way to name the delimiter; it shows no row for it.
		_, _ = text.Discard(len(first))
		c.lines = 0
		if delimiter == 0 {
			delimiter = rune(sep[0])
		}
		first = firstLine(text)
	}
	if delimiter == 0 {
		delimiter = guessDelimiter(first)
	}
	if strings.ContainsRune("\"\r\n\ufffd", delimiter) || !utf8.ValidRune(delimiter) {
		return nil, at.fail("ตัวคั่นใช้ไม่ได้", "this cannot be a delimiter")
	}
	c.info.Delimiter = string(delimiter)
	c.in = csv.NewReader(text)
	c.in.Comma = delimiter
	c.in.FieldsPerRecord = -1
	c.in.ReuseRecord = true
	return c, nil
}

func (c *csvSource) about() About { return c.info }

// decode finds the encoding: marks first, then UTF-8 if all of it is, else
// CP874, which every old Thai file is. A file that is UTF-8 but for a few
// damaged bytes would turn into nonsense as CP874, so it is refused.
func (c *csvSource) decode(data []byte) (*bufio.Reader, error) {
	var decoder transform.Transformer
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		c.info.Encoding = "UTF-16"
		decoder = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder()
	case bytes.IndexByte(data, 0) >= 0:
		return nil, c.place.fail("ไม่ใช่ไฟล์ CSV หรือ XLSX", "neither a CSV nor an XLSX file")
	case bytes.HasPrefix(data, []byte(utf8BOM)):
		c.info.Encoding = "UTF-8 BOM"
		data = data[len(utf8BOM):]
		decoder = encoding.Nop.NewDecoder()
	case utf8.Valid(data):
		c.info.Encoding = "UTF-8"
		decoder = encoding.Nop.NewDecoder()
	default:
		c.info.Encoding = "CP874"
		decoder = charmap.Windows874.NewDecoder()
	}
	if strings.HasPrefix(c.info.Encoding, "UTF-8") && !utf8.Valid(data) || c.info.Encoding == "CP874" && mostlyUTF8(data) {
		c.place.row = 1 + bytes.Count(data[:firstInvalid(data)], []byte("\n"))
		return nil, c.place.fail("ไฟล์เป็น UTF-8 ที่มีไบต์เสีย เปิดด้วยโปรแกรมตารางแล้วบันทึกเป็น CSV UTF-8 ใหม่",
			"UTF-8 with damaged bytes: open it in a spreadsheet and save it again as CSV UTF-8")
	}
	var in io.Reader = transform.NewReader(bytes.NewReader(data), decoder)
	if bytes.IndexByte(data, '\n') < 0 { // lines as old Macintosh programs end them
		in = transform.NewReader(in, crToLF{})
	}
	return bufio.NewReaderSize(in, 64<<10), nil
}

// mostlyUTF8 tells whether most bytes above ASCII belong to whole UTF-8
// characters, which in Thai text of another encoding is next to impossible.
func mostlyUTF8(data []byte) bool {
	whole, broken := 0, 0
	for len(data) > 0 {
		r, n := utf8.DecodeRune(data)
		switch {
		case r == utf8.RuneError && n == 1:
			broken++
		case n > 1:
			whole += n
		}
		data = data[n:]
	}
	return whole > 2*broken
}

func firstInvalid(data []byte) int {
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return len(data)
}

// crToLF turns every CR into LF.
type crToLF struct{ transform.NopResetter }

func (crToLF) Transform(dst, src []byte, _ bool) (int, int, error) {
	n := copy(dst, src)
	for i := range n {
		if dst[i] == '\r' {
			dst[i] = '\n'
		}
	}
	if n < len(src) {
		return n, n, transform.ErrShortDst
	}
	return n, n, nil
}

// firstLine looks at the first line without taking it.
func firstLine(in *bufio.Reader) string {
	head, _ := in.Peek(64 << 10)
	if i := bytes.IndexByte(head, '\n'); i >= 0 {
		head = head[:i+1]
	}
	return string(head)
}

// guessDelimiter counts the three usual ones outside quotes; the comma wins a
// draw.
func guessDelimiter(line string) rune {
	count := map[rune]int{}
	quoted := false
	for _, r := range line {
		if r == '"' {
			quoted = !quoted
		} else if !quoted {
			count[r]++
		}
	}
	best := ','
	for _, r := range ";\t" {
		if count[r] > count[best] {
			best = r
		}
	}
	return best
}

func (c *csvSource) next() (Row, error) {
	for {
		record, err := c.in.Read()
		if err != nil {
			return Row{}, c.readError(err)
		}
		// encoding/csv leaves empty lines out; a spreadsheet counts them.
		start, _ := c.in.FieldPos(0)
		c.row += start - c.lines
		last := len(record) - 1
		end, _ := c.in.FieldPos(last)
		c.lines = end + strings.Count(record[last], "\n")
		c.place.row, c.place.column = c.row, 0
		cells, err := c.cells(trimRow(record))
		if err != nil {
			return Row{}, err
		}
		if len(cells) > 0 {
			return Row{Number: c.row, Cells: cells}, nil
		}
	}
}

func (c *csvSource) cells(record []string) ([]string, error) {
	if len(record) > MaxColumns {
		return nil, c.place.fail("มีมากกว่า 500 คอลัมน์", "more than 500 columns")
	}
	cells := make([]string, len(record))
	for i, cell := range record {
		at := *c.place
		at.column = i + 1
		if len(cell) > MaxCellBytes {
			return nil, at.fail("ข้อความในช่องยาวเกิน 64 KiB", "more than 64 KiB in one cell")
		}
		if strings.ContainsRune(cell, utf8.RuneError) && c.info.Encoding == "CP874" {
			return nil, at.fail("มีไบต์ที่ไม่ใช่อักษรของ CP874 บันทึกไฟล์เป็น CSV UTF-8 ใหม่", "bytes that no CP874 character has: save the file as CSV UTF-8")
		}
		cells[i] = unguard(cell)
	}
	return cells, nil
}

func (c *csvSource) readError(err error) error {
	if errors.Is(err, io.EOF) {
		return io.EOF
	}
	at := *c.place
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		at.row, at.column = c.row+parse.StartLine-c.lines, 0
		return at.because(err, "เครื่องหมายคำพูด (\") ไม่ครบคู่ ตรวจแถวนี้แล้วบันทึกใหม่", "a quotation mark (\") without its partner: look at this row and save the file again")
	}
	return at.because(err, "อ่านไฟล์ไม่ได้", "cannot be read")
}
