package tables

import (
	"encoding/json"
	"math"
	"strconv"
	"time"
)

// Kind is what the values of a column are.
type Kind string

// The kinds of columns. A value that does not fit its column (an answer typed
// "สิบ" where a number belongs) is never dropped: see Writer.
const (
	Text   Kind = "text"
	Int    Kind = "int"    // whole numbers within 64 bits
	Number Kind = "number" // 64-bit floating point
	Bool   Kind = "bool"
	Date   Kind = "date" // whole days, "2020-01-31"; dates that may lack a day are Text
	JSON   Kind = "json" // lists and maps; json.RawMessage is taken as it is
)

// Column is one column of a file.
type Column struct {
	Name    string // what programs use: unique, not empty
	LabelTH string // what people read; empty: the name
	LabelEN string
	Kind    Kind // empty: Text
}

// day is a date without a time, at midnight UTC.
type day struct{ time.Time }

func (d day) String() string { return d.Format(time.DateOnly) }

// fit brings a value to its column's kind: nil, string (Text), int64, float64,
// bool, day or json.RawMessage. Where it does not fit, it comes back as plain
// text (or JSON) and false.
func (k Kind) fit(v any) (any, bool) {
	if v == nil {
		return nil, true
	}
	var out any
	switch k {
	case Int:
		out = fitInt(v)
	case Number:
		out = fitNumber(v)
	case Bool:
		if b, ok := v.(bool); ok {
			out = b
		}
	case Date:
		out = fitDay(v)
	case JSON:
		if raw, err := marshal(v); err == nil {
			out = raw
		}
	default:
		return plainText(v), true
	}
	if out == nil {
		return plainText(v), false
	}
	return out, true
}

func fitInt(v any) any {
	switch n := v.(type) {
	case float64:
		if n == math.Trunc(n) && math.Abs(n) < 1<<63 {
			return int64(n)
		}
	case json.Number:
		if i, err := strconv.ParseInt(n.String(), 10, 64); err == nil {
			return i
		}
		if f, err := n.Float64(); err == nil {
			return fitInt(f)
		}
	default:
		if i, ok := wholeNumber(v); ok {
			return i
		}
	}
	return nil
}

func fitNumber(v any) any {
	switch n := v.(type) {
	case float64:
		if !math.IsNaN(n) && !math.IsInf(n, 0) {
			return n
		}
	case float32:
		return fitNumber(float64(n))
	case json.Number:
		if f, err := n.Float64(); err == nil {
			return fitNumber(f)
		}
	default:
		if i, ok := wholeNumber(v); ok {
			return float64(i)
		}
	}
	return nil
}

func wholeNumber(v any) (int64, bool) {
	switch n := v.(type) {
	case int:
		return int64(n), true
	case int8:
		return int64(n), true
	case int16:
		return int64(n), true
	case int32:
		return int64(n), true
	case int64:
		return n, true
	case uint8:
		return int64(n), true
	case uint16:
		return int64(n), true
	case uint32:
		return int64(n), true
	case uint:
		return int64(n), n <= math.MaxInt64
	case uint64:
		return int64(n), n <= math.MaxInt64
	}
	return 0, false
}

func fitDay(v any) any {
	switch t := v.(type) {
	case time.Time:
		return day{time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)}
	case string:
		if d, err := time.Parse(time.DateOnly, t); err == nil {
			return day{d}
		}
	}
	return nil
}
