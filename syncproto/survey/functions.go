package survey

import (
	"math"
	"strconv"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// The functions of expressions beside CEL's own. Every runtime has the same;
// all numbers are doubles. "No value" as an outcome means that the expression
// has no result.
//
//	count(list)              how many
//	sum(list) min_of(list) max_of(list)
//	                         of numbers; no value if one is unanswered; min_of and max_of of none too
//	selected(answer, name)   the choice is the answer, or among the answers
//	count_selected(answer)   how many choices
//	age_years(date, at)      full years, age_months full months; negative before birth.
//	                         A date without day or month counts from its first day
//	days(date)               since 1970-01-01
//	date_add(date, days)     a date
//	trunc(x) round(x, digits) mod(a, b) number(text)
//	length(text) substr(text, from, to) concat([…])
//	coalesce(a, b)           a, or b where a is unanswered
//	choice_name(answer, "question")   the Thai label of a choice
func functions(label func(question, name string) (string, bool)) []cel.EnvOption {
	dyn := cel.DynType
	one := func(name string, out *cel.Type, f func(ref.Val) ref.Val) cel.EnvOption {
		return cel.Function(name, cel.Overload(name+"_dyn", []*cel.Type{dyn}, out, cel.UnaryBinding(f)))
	}
	two := func(name string, out *cel.Type, f func(a, b ref.Val) ref.Val) cel.EnvOption {
		return cel.Function(name, cel.Overload(name+"_dyn_dyn", []*cel.Type{dyn, dyn}, out, cel.BinaryBinding(f)))
	}
	return []cel.EnvOption{
		one("count", cel.DoubleType, count),
		one("sum", cel.DoubleType, fold(0, func(a, b float64) float64 { return a + b })),
		one("min_of", cel.DoubleType, fold(math.Inf(1), math.Min)),
		one("max_of", cel.DoubleType, fold(math.Inf(-1), math.Max)),
		two("selected", cel.BoolType, selected),
		one("count_selected", cel.DoubleType, countSelected),
		two("age_years", cel.DoubleType, ages(12)),
		two("age_months", cel.DoubleType, ages(1)),
		one("days", cel.DoubleType, daysOf),
		two("date_add", cel.StringType, dateAdd),
		one("trunc", cel.DoubleType, onNumber(math.Trunc)),
		two("round", cel.DoubleType, roundTo),
		two("mod", cel.DoubleType, modulo),
		one("number", cel.DoubleType, toNumber),
		one("length", cel.DoubleType, lengthOf),
		one("concat", cel.StringType, concat),
		two("coalesce", dyn, func(a, b ref.Val) ref.Val {
			if a == types.NullValue {
				return b
			}
			return a
		}),
		cel.Function("substr", cel.Overload("substr_dyn_dyn_dyn", []*cel.Type{dyn, dyn, dyn}, cel.StringType, cel.FunctionBinding(substr))),
		two("choice_name", cel.StringType, func(answer, question ref.Val) ref.Val {
			q, ok := question.(types.String)
			name, ok2 := answer.(types.String)
			if !ok || !ok2 {
				return noValue()
			}
			text, found := label(string(q), string(name))
			if !found {
				return noValue()
			}
			return types.String(text)
		}),
	}
}

func noValue() ref.Val { return types.NewErr("no value") }

func count(v ref.Val) ref.Val {
	list, ok := v.(traits.Lister)
	if !ok {
		return noValue()
	}
	n, _ := list.Size().(types.Int)
	return types.Double(n)
}

func fold(start float64, f func(a, b float64) float64) func(ref.Val) ref.Val {
	return func(v ref.Val) ref.Val {
		list, ok := v.(traits.Lister)
		if !ok {
			return noValue()
		}
		out := start
		for it := list.Iterator(); it.HasNext() == types.True; {
			n, ok := it.Next().(types.Double)
			if !ok {
				return noValue()
			}
			out = f(out, float64(n))
		}
		if math.IsInf(out, 0) {
			return noValue()
		}
		return types.Double(out)
	}
}

func selected(answer, name ref.Val) ref.Val {
	if list, ok := answer.(traits.Lister); ok {
		return list.Contains(name)
	}
	return types.Bool(answer.Equal(name) == types.True)
}

func countSelected(answer ref.Val) ref.Val {
	switch answer.(type) {
	case traits.Lister:
		return count(answer)
	case types.Null:
		return types.Double(0)
	}
	return types.Double(1)
}

func ages(monthsEach int) func(date, at ref.Val) ref.Val {
	return func(date, at ref.Val) ref.Val {
		from, ok := dateOf(date)
		to, ok2 := dateOf(at)
		if !ok || !ok2 {
			return noValue()
		}
		return types.Double(fullMonths(from, to, monthsEach))
	}
}

// fullMonths returns how many whole spans of so many months lie between two
// days; below zero if the first is later.
func fullMonths(from, to time.Time, each int) float64 {
	months := (to.Year()-from.Year())*12 + int(to.Month()) - int(from.Month())
	if to.Day() < from.Day() {
		months--
	}
	return math.Floor(float64(months) / float64(each))
}

func dateOf(v ref.Val) (time.Time, bool) {
	s, ok := v.(types.String)
	if !ok {
		return time.Time{}, false
	}
	return parseDate(string(s))
}

// parseDate reads a date; of a partial one its first day, as section 16 of the
// Civil and Commercial Code counts an age when day or month are not known. A
// date and time counts as its day.
func parseDate(s string) (time.Time, bool) {
	if i := strings.IndexByte(s, 'T'); i == len(time.DateOnly) {
		s = s[:i]
	}
	for _, layout := range []string{time.DateOnly, "2006-01", "2006"} {
		if len(s) == len(layout) {
			t, err := time.Parse(layout, s)
			return t, err == nil
		}
	}
	return time.Time{}, false
}

const secondsOfDay = 24 * 60 * 60

func daysOf(v ref.Val) ref.Val {
	t, ok := dateOf(v)
	if !ok {
		return noValue()
	}
	return types.Double(t.Unix() / secondsOfDay) // midnight, so whole also before 1970
}

func dateAdd(date, days ref.Val) ref.Val {
	t, ok := dateOf(date)
	n, ok2 := days.(types.Double)
	if !ok || !ok2 || !(math.Abs(float64(n)) <= 1e6) { // nor NaN
		return noValue()
	}
	return types.String(t.AddDate(0, 0, int(n)).Format(time.DateOnly))
}

func onNumber(f func(float64) float64) func(ref.Val) ref.Val {
	return func(v ref.Val) ref.Val {
		n, ok := v.(types.Double)
		if !ok {
			return noValue()
		}
		return types.Double(f(float64(n)))
	}
}

// tens are powers of ten that a double holds exactly: a runtime's own pow may
// be off by a bit.
var tens = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

// roundTo rounds half away from zero in decimals; -3 rounds to thousands.
func roundTo(v, digits ref.Val) ref.Val {
	n, ok := v.(types.Double)
	d, ok2 := digits.(types.Double)
	if !ok || !ok2 || !(math.Abs(float64(d)) <= 15) { // nor NaN
		return noValue()
	}
	if places := int(d); places < 0 {
		return types.Double(math.Round(float64(n)/tens[-places]) * tens[-places])
	}
	scale := tens[int(d)]
	return types.Double(math.Round(float64(n)*scale) / scale)
}

func modulo(a, b ref.Val) ref.Val {
	x, ok := a.(types.Double)
	y, ok2 := b.(types.Double)
	if !ok || !ok2 || y == 0 {
		return noValue()
	}
	return types.Double(math.Mod(float64(x), float64(y)))
}

func toNumber(v ref.Val) ref.Val {
	switch v := v.(type) {
	case types.Double:
		return v
	case types.Bool:
		if v {
			return types.Double(1)
		}
		return types.Double(0)
	case types.String:
		n, err := strconv.ParseFloat(strings.TrimSpace(string(v)), 64)
		if err != nil || math.IsInf(n, 0) || math.IsNaN(n) || strings.ContainsAny(string(v), "xXpP_") {
			return noValue()
		}
		return types.Double(n)
	}
	return noValue()
}

func lengthOf(v ref.Val) ref.Val {
	s, ok := v.(types.String)
	if !ok {
		return noValue()
	}
	return types.Double(len([]rune(string(s))))
}

func concat(v ref.Val) ref.Val {
	list, ok := v.(traits.Lister)
	if !ok {
		return noValue()
	}
	var b strings.Builder
	for it := list.Iterator(); it.HasNext() == types.True; {
		switch part := it.Next().(type) {
		case types.String:
			b.WriteString(string(part))
		case types.Double:
			b.WriteString(plain(float64(part)))
		case types.Bool:
			b.WriteString(strconv.FormatBool(bool(part)))
		case types.Null:
		default:
			return noValue()
		}
	}
	return types.String(b.String())
}

// substr counts characters from 0; to is behind the last one.
func substr(args ...ref.Val) ref.Val {
	s, ok := args[0].(types.String)
	from, ok2 := args[1].(types.Double)
	to, ok3 := args[2].(types.Double)
	if !ok || !ok2 || !ok3 || math.IsNaN(float64(from)) || math.IsNaN(float64(to)) {
		return noValue()
	}
	runes := []rune(string(s))
	clamp := func(n types.Double) int { return int(math.Max(0, math.Min(float64(n), float64(len(runes))))) }
	a, b := clamp(from), clamp(to)
	if a > b {
		return types.String("")
	}
	return types.String(string(runes[a:b]))
}
