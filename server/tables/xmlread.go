package tables

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
)

var (
	errLongToken = errors.New("too many bytes in one piece of XML")
	errDepth     = errors.New("XML nested too deeply")
)

// xmlReader goes through a part of a workbook piece by piece, and never holds
// more than maxToken of it.
type xmlReader struct {
	dec  *xml.Decoder
	left *allowance
	deep int
}

// allowance fails when more is read than is left; every token renews it.
type allowance struct {
	in   io.Reader
	left int
}

func (a *allowance) Read(p []byte) (int, error) {
	if a.left <= 0 {
		return 0, errLongToken
	}
	n, err := a.in.Read(p[:min(len(p), a.left)])
	a.left -= n
	return n, err
}

func (x *xlsxSource) open(part string) (*xmlReader, error) {
	f, ok := x.parts[part]
	if !ok {
		return nil, errNotWorkbook
	}
	in, err := f.Open()
	if err != nil {
		return nil, err
	}
	limited := &allowance{in: in, left: maxToken}
	return &xmlReader{dec: xml.NewDecoder(limited), left: limited}, nil
}

func (r *xmlReader) token() (xml.Token, error) {
	r.left.left = maxToken
	token, err := r.dec.Token()
	switch token.(type) {
	case xml.StartElement:
		r.deep++
	case xml.EndElement:
		r.deep--
	}
	if r.deep > 64 {
		return nil, errDepth
	}
	return token, err
}

// elements calls f for every element until the end of the part.
func (r *xmlReader) elements(f func(xml.StartElement) error) error {
	for {
		token, err := r.token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if e, ok := token.(xml.StartElement); ok {
			if err := f(e); err != nil {
				return err
			}
		}
	}
}

// text is the text within an element: all of it for <v> and <f>, that of the
// <t> inside for <si> and <is> (rich text has several; readings, <rPh>, do not
// count). Excel writes characters that XML cannot hold as _x000D_.
func (r *xmlReader) text(start xml.StartElement) (string, error) {
	var out strings.Builder
	rich := start.Name.Local == "si" || start.Name.Local == "is"
	reading, inText, depth := 0, !rich, 1
	for depth > 0 {
		token, err := r.token()
		if err != nil {
			return "", unexpected(err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			depth++
			reading += count(t.Name.Local == "rPh")
			inText = inText || t.Name.Local == "t"
		case xml.EndElement:
			depth--
			reading -= count(t.Name.Local == "rPh")
			inText = inText && (!rich || t.Name.Local != "t")
		case xml.CharData:
			if inText && reading == 0 {
				_, _ = out.Write(t)
			}
		}
		if out.Len() > MaxCellBytes {
			return "", errLongToken
		}
	}
	return unescapeX(out.String()), nil
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

// unescapeX turns _xHHHH_ into its character.
func unescapeX(s string) string {
	if !strings.Contains(s, "_x") {
		return s
	}
	var out strings.Builder
	for {
		i := strings.Index(s, "_x")
		if i < 0 {
			break
		}
		_, _ = out.WriteString(s[:i])
		s = s[i:]
		if len(s) >= 7 && s[6] == '_' {
			if n, err := strconv.ParseUint(s[2:6], 16, 16); err == nil {
				_, _ = out.WriteRune(rune(n))
				s = s[7:]
				continue
			}
		}
		_, _ = out.WriteString("_x")
		s = s[2:]
	}
	_, _ = out.WriteString(s)
	return out.String()
}

// numberText is a stored number as it was typed: whole numbers without exponent
// or point, others with the 15 digits that Excel shows, days as ISO dates.
// What is no number comes back as it is.
func numberText(raw string, date, is1904 bool) string {
	f, err := strconv.ParseFloat(raw, 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return raw
	}
	if date && f >= 1 && f < 2_958_466 {
		return serialText(f, is1904)
	}
	short, _ := strconv.ParseFloat(strconv.FormatFloat(f, 'g', 15, 64), 64)
	return plainNumber(short)
}

// serialText is a day of Excel's calendar, with the time if it has one.
func serialText(f float64, is1904 bool) string {
	days := math.Floor(f)
	seconds := int(math.Round((f - days) * 86400))
	if is1904 {
		days += 1462
	} else if days < 60 {
		days++ // Excel's 1900 has a 29 February
	}
	at := excelEpoch().AddDate(0, 0, int(days)).Add(time.Duration(seconds) * time.Second)
	if seconds == 0 {
		return at.Format(time.DateOnly)
	}
	return at.Format("2006-01-02 15:04:05")
}
