package main

import (
	"math"
	"math/rand/v2"
	"strings"

	"tambonsync/syncproto/survey"
)

// answerer makes up answers, good and bad.
type answerer struct {
	*rand.Rand
	form *survey.Form
}

func (r answerer) one(in int) bool { return r.IntN(in) == 0 }

func (r answerer) pick(list []string) string { return list[r.IntN(len(list))] }

var (
	references = []string{"2020-01-01", "2020-02-29", "2019-12-31", "2020-03-01", "", "2020", "not a day"}
	days       = []string{
		"2020-03-31", "1984-12-31", "2000-02-29", "1900-02-29", "2019-02-29", "2019-02-28", "1950", "1975-06", "2563-01-15", "2500", "2400-01-01",
		"2399-12-31", "2600-12-31", "2601-01-01", "1799-12-31", "1800-01-01", "๒๕๖๓-๐๑-๑๕", "2020-1-5", "2020-13-01", "2020-00-10", "2020-01-00", "2020-01-32", "31/12/2563",
		"", "0000-01-01", "9999-12-31", "2020-01-01T07:30:00+07:00", "2020-01-01x", "-020-01-01", "1984-12-3é", "2018-05-20", "2019-07-01", "2005-01-01",
	}
	texts = []string{
		"", " ", "สมหญิง ใจดี", "นางสาวสมใจ", "ก", "abc", "ABC", "12", " 12.5 ", "1e3", "1e400", "0x1p-2", "1_000", "-7", "+.5", "5.", "Infinity", "NaN", "\u00a03\u00a0",
		"๑๒", "😀", "\uffee", "é", "a/b", "{x}", "none", "clean", "constructor", strings.Repeat("ยาว", 40),
	}
	numbers = []float64{
		0, 1, 2, 3, 7, 12, 35, 59, 60, 100, 38000, 99999.995, 0.1, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 0.49999999999999994, -1, -38, 1e-7, 1e21, 123456789012, 1234.567, 1.005, 2.675,
		1 << 53, 1<<53 + 2, -(1 << 53), math.Copysign(0, -1), 1e300, 1.0000001,
	}
	ids   = []string{"1101700203451", "1101700203450", "๑๑๐๑๗๐๐๒๐๓๔๕๑", "1-1017-00203-45-1", "110170020345", "", "0000000000001", "1234567890121", "11017002034 1"}
	times = []string{"07:30", "7:30", "07:30:15", "24:00", "23:59:59.5", "07:60", "0730", "07:30:60", "07:5", "", "07:30.5", "๐๗:๓๐"}
	// a date and time with every part that may be wrong
	moments = []string{
		"2020-01-31T07:30:00+07:00", "2020-01-31T07:30:15Z", "2020-02-30T07:30:15Z", "2020-01-31T7:30:15Z", "2020-01-31T07:30:15.25+07:00", "2020-01-31 07:30:15Z",
		"2020-01-31T07:30:15", "2020-01-31T07:30:15+0700", "2020-01-31T07:30:15+25:00", "2020-01-31T07:30:15+24:60", "2020-01-31T24:30:15Z", "2020-01-31",
	}
	strange = []string{"zz_new", "_own", "__proto__", "constructor", "toString", "😀", "\uffee", "full/middle", "full", "a/b"}
)

func (r answerer) entry(t *survey.RecordType) entry {
	e := entry{Values: r.values(t), Today: r.pick([]string{"2020-02-10", "2020-02-29", "", "2019-12-31"})}
	for _, kid := range t.Children() {
		k, _ := r.form.Type(kid)
		most := 5
		if t.Name() != "household" {
			most = 3
		}
		for range r.IntN(most) {
			if e.Children == nil {
				e.Children = map[string][]entry{}
			}
			e.Children[kid] = append(e.Children[kid], r.entry(k))
		}
	}
	return e
}

// values answers a record. Some are nearly complete, so that rules are reached.
func (r answerer) values(t *survey.RecordType) map[string]any {
	out := map[string]any{}
	missing, wrong := 8, 12
	if r.one(2) {
		missing, wrong = 40, 100
	}
	for _, q := range t.Questions() {
		switch {
		case r.one(missing):
			if r.one(3) {
				out[q.Name] = nil
			}
		case q.Type == survey.TypeNote || q.Type == survey.TypeCalculate:
			if r.one(30) {
				out[q.Name] = r.anything()
			}
		case r.one(wrong):
			out[q.Name] = r.anything()
		default:
			out[q.Name] = r.answer(q, missing > 20)
		}
	}
	for r.one(4) {
		out[r.pick(strange)] = r.anything()
	}
	return out
}

func (r answerer) number(good bool) any {
	if good && !r.one(20) {
		return float64(r.IntN(6))
	}
	return numbers[r.IntN(len(numbers))]
}

func (r answerer) name(list []survey.Choice) any {
	if r.one(25) {
		return r.pick(texts)
	}
	return list[r.IntN(len(list))].Name
}

func (r answerer) answer(q survey.Question, good bool) any {
	switch q.Type {
	case survey.TypeBool:
		return r.one(2)
	case survey.TypeInt, survey.TypeDecimal, survey.TypeMoney:
		return r.number(good)
	case survey.TypeChoice:
		return r.name(q.Choices)
	case survey.TypeMulti:
		list := []any{}
		for range r.IntN(4) {
			list = append(list, r.name(q.Choices))
		}
		return list
	case survey.TypeGeopoint:
		at := map[string]any{"lat": r.number(true), "lon": 100.5}
		if r.one(3) {
			at[r.pick([]string{"acc", "alt", "lat", "lon", "other"})] = r.anything()
		}
		return at
	case survey.TypeThaiID:
		return r.pick(ids)
	case survey.TypeDate:
		return r.pick(days)
	case survey.TypeTime:
		return r.pick(times)
	case survey.TypeDateTime:
		return r.pick(moments)
	case survey.TypeCountTable, survey.TypeTable:
		return r.table(q, good)
	}
	return r.pick(texts)
}

func (r answerer) table(q survey.Question, good bool) any {
	out := map[string]any{}
	for _, row := range q.Rows {
		switch {
		case r.one(4):
		case q.Type == survey.TypeCountTable:
			out[row.Name] = r.number(good)
		default:
			cells := map[string]any{}
			for _, c := range q.Columns {
				cells[c.Name] = r.answer(survey.Question{Type: c.Type}, good)
				if r.one(8) {
					cells[c.Name] = nil
				}
			}
			out[row.Name] = cells
		}
	}
	for r.one(8) {
		out[r.pick(append(strange, "r1", "r2"))] = r.anything()
	}
	return out
}

func (r answerer) anything() any {
	switch r.IntN(9) {
	case 0:
		return nil
	case 1:
		return r.one(2)
	case 2:
		return r.number(false)
	case 3:
		return r.pick(days)
	case 4:
		return []any{}
	case 5:
		return []any{r.pick(texts), r.number(false), nil}
	case 6:
		return map[string]any{r.pick(append(strange, "r1")): []any{r.number(false), nil}[r.IntN(2)]} // one key: loops go through them in no order
	}
	return r.pick(texts)
}

// groups is what a record with such answers may hold.
func (r answerer) groups(t *survey.RecordType, values map[string]any) map[string]any {
	out := t.Pack(nil, values)
	for _, q := range t.Questions() {
		if t.Members(q.Group) == nil || !r.one(8) {
			continue
		}
		switch r.IntN(3) {
		case 0:
			out[q.Group] = r.anything()
		case 1:
			out[q.Name] = r.pick(texts) // as an older form stored it
		case 2:
			out[q.Group] = map[string]any{q.Name: r.pick(texts), "middle": "กลาง", q.Group: "x", "gone": nil}
		}
	}
	return out
}

// asDecoded turns some whole numbers into those that a CBOR decoder gives.
func (r answerer) asDecoded(e entry) survey.Entry {
	out := survey.Entry{Values: r.decoded(e.Values).(map[string]any), Today: e.Today}
	for kind, list := range e.Children {
		for _, c := range list {
			if out.Children == nil {
				out.Children = map[string][]survey.Entry{}
			}
			out.Children[kind] = append(out.Children[kind], r.asDecoded(c))
		}
	}
	return out
}

func (r answerer) decoded(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, x := range v {
			out[k] = r.decoded(x)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = r.decoded(x)
		}
		return out
	case float64:
		whole := v == math.Trunc(v) && math.Abs(v) < 1<<53 && (v != 0 || !math.Signbit(v))
		switch {
		case whole && v >= 0 && v != 12: // a decoder gives 12.0 as float64 too
			return uint64(v)
		case whole && v < 0:
			return int64(v)
		}
	}
	return v
}
