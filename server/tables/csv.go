package tables

import (
	"bufio"
	"io"
	"strings"
)

const utf8BOM = "\ufeff"

// csvWriter writes RFC 4180: CRLF after each row, quotes where needed, and a
// byte order mark in front because Excel takes a file without it for CP874.
// It is our own because encoding/csv changes line breaks inside cells.
type csvWriter struct {
	out    *bufio.Writer
	cols   []Column
	rows   int
	closed bool
	err    error // the first failure; later calls repeat it
}

func newCSV(w io.Writer, cols []Column, opts Options) (*csvWriter, error) {
	c := &csvWriter{out: bufio.NewWriterSize(w, 64<<10), cols: cols}
	_, _ = c.out.WriteString(utf8BOM)
	c.line(header(cols, opts.Header))
	return c, c.err
}

func (c *csvWriter) Write(row []any) error {
	if c.err != nil {
		return c.err
	}
	c.rows++
	if err := checkWidth(c.rows, row, c.cols); err != nil {
		return err
	}
	for i, v := range row {
		if i > 0 {
			_ = c.out.WriteByte(',')
		}
		c.cell(c.cols[i].Kind, v)
	}
	c.endLine()
	return c.err
}

// cell guards whatever is text in the file and was not made by us from a
// number, a date or a bool.
func (c *csvWriter) cell(kind Kind, v any) {
	fitted, _ := kind.fit(v)
	text := plainText(fitted)
	if _, isText := fitted.(string); isText {
		text = guard(text)
	}
	c.put(text)
}

func (c *csvWriter) line(cells []string) {
	for i, cell := range cells {
		if i > 0 {
			_ = c.out.WriteByte(',')
		}
		c.put(guard(cell))
	}
	c.endLine()
}

func (c *csvWriter) put(cell string) {
	if !strings.ContainsAny(cell, ",;\t\"\r\n") && strings.TrimSpace(cell) == cell {
		_, _ = c.out.WriteString(cell)
		return
	}
	_ = c.out.WriteByte('"')
	_, _ = c.out.WriteString(strings.ReplaceAll(cell, `"`, `""`))
	_ = c.out.WriteByte('"')
}

// endLine keeps the first write error: bufio remembers it.
func (c *csvWriter) endLine() {
	_, c.err = c.out.WriteString("\r\n")
}

func (c *csvWriter) Close() error {
	if c.err == nil && !c.closed {
		c.closed = true
		c.err = c.out.Flush()
	}
	return c.err
}

func (c *csvWriter) Discard() {
	if !c.closed && c.err == nil {
		c.err = errDiscarded
	}
}

// guard keeps a spreadsheet from running a text as a formula: an apostrophe goes
// before a text that starts with = + - @, a tab or a line break, also behind
// spaces, unless all of it is a plain number. unguard takes it away again when
// such a file is read, so a text that already looks guarded gets another.
func guard(s string) string {
	if startsFormula(strings.TrimLeft(s, "'")) {
		return "'" + s
	}
	return s
}

func unguard(s string) string {
	if rest, ok := strings.CutPrefix(s, "'"); ok && startsFormula(strings.TrimLeft(rest, "'")) {
		return rest
	}
	return s
}

func startsFormula(s string) bool {
	if s == "" {
		return false
	}
	if strings.ContainsRune("\t\r\n", rune(s[0])) {
		return true
	}
	s = strings.TrimLeft(s, " \u00a0\u200b\ufeff")
	if s == "" {
		return false
	}
	for _, sign := range []string{"=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"} {
		if strings.HasPrefix(s, sign) {
			return !isPlainNumber(s)
		}
	}
	return false
}

// isPlainNumber is a sign, digits, and a fraction; no exponent.
func isPlainNumber(s string) bool {
	if s != "" && (s[0] == '-' || s[0] == '+') {
		s = s[1:]
	}
	whole, fraction, point := strings.Cut(s, ".")
	return onlyDigits(whole) && (!point || onlyDigits(fraction))
}

// onlyDigits tells whether s is one or more of 0–9.
func onlyDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
