package tables

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// plainText is a value as a text cell shows it: text as it is, numbers without
// exponents, lists and maps as JSON. Bytes that are not UTF-8 become U+FFFD, so
// that no file is refused whole for one cell.
func plainText(v any) string {
	switch t := v.(type) {
	case nil:
		return ""
	case string:
		return strings.ToValidUTF8(t, "\ufffd")
	case bool:
		return strconv.FormatBool(t)
	case float64:
		return plainNumber(t)
	case float32:
		return plainNumber(float64(t))
	case json.Number:
		return t.String()
	case json.RawMessage:
		return string(t)
	case day:
		return t.String()
	case time.Time:
		return t.Format(time.RFC3339)
	case fmt.Stringer:
		return strings.ToValidUTF8(t.String(), "\ufffd")
	}
	if i, ok := wholeNumber(v); ok {
		return strconv.FormatInt(i, 10)
	}
	if raw, err := marshal(v); err == nil {
		return string(raw)
	}
	return strings.ToValidUTF8(fmt.Sprint(v), "\ufffd")
}

// plainNumber writes a number the shortest way that reads back the same.
// Exponents are left to numbers nobody counts with.
func plainNumber(f float64) string {
	if size := math.Abs(f); size != 0 && (size >= 1e21 || size < 1e-9) {
		return strconv.FormatFloat(f, 'g', -1, 64)
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// marshal is JSON on one line with < > & as they are.
func marshal(v any) (json.RawMessage, error) {
	if raw, ok := v.(json.RawMessage); ok {
		var line bytes.Buffer
		err := json.Compact(&line, raw)
		return line.Bytes(), err
	}
	var line bytes.Buffer
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimRight(line.Bytes(), "\n"), nil
}
