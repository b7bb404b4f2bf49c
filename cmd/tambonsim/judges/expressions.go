package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// writer writes random expressions. It knows what kind of value fits, and now
// and then does not care.
type writer struct {
	*rand.Rand
	kind   string // the record type where the expression stands
	loops  []loop
	this   bool // in a constraint
	choice bool // in a choice_filter
	rule   bool // in an indicator
	inner  bool // in a condition of an indicator, over one record below
}

// loop is a macro's variable and the child type it goes over.
type loop struct{ name, kind string }

// definitionNames are those of a set's definitions.
var definitionNames = []string{"def_a", "def_b"}

var below = map[string][]string{"house": {"person", "field"}, "person": {"pet"}, "pet": nil, "field": nil}

var byKind = map[string][]string{
	"num": {"int", "decimal", "money", "num0", "num4", "counts.r1", "table.r1.n", "table['r2'].d", "counts['r3']", "geo.lat"},
	"yes": {"bool", "yes1", "yes5", "table.r2.b"},
	"txt": {"text", "last", "water", "id", "barcode", "txt2", "txt6", "table.r3.s", "multi[0]", "time"},
	"day": {"date", "whole_date", "moment", "reference_date", "today"},
	"lst": {"multi", "lst3", "lst7"},
	"tab": {"counts", "table", "geo", "table.r1"},
}

func (w writer) pick(list ...string) string { return list[w.IntN(len(list))] }

// name is a variable with a value of a kind, mostly.
func (w writer) name(kind string) string {
	list := kind == "lst" // never a table: Go goes through its rows in no order
	if !list && w.IntN(25) == 0 {
		kind = w.pick("num", "yes", "txt", "day", "lst", "tab")
	}
	if w.this && !list && w.IntN(3) == 0 {
		return "this"
	}
	if w.choice && kind == "txt" && w.IntN(2) == 0 {
		return w.pick("choice.name", "choice.side", "choice.gone")
	}
	if w.rule && kind == "num" && w.IntN(2) == 0 {
		return w.pick("param.line", "param.few", definitionNames[0], definitionNames[1])
	}
	if w.inner && kind == "num" && w.IntN(4) == 0 {
		return w.pick("param.line", "param.few")
	}
	name := w.pick(byKind[kind]...)
	if len(w.loops) > 0 && w.IntN(4) > 0 && name != "today" && name != "reference_date" {
		return w.loops[w.IntN(len(w.loops))].name + "." + name
	}
	return name
}

func (w writer) of(kind string, depth int) string {
	switch kind {
	case "num":
		return w.number(depth)
	case "yes":
		return w.boolean(depth)
	case "txt":
		return w.text(depth)
	case "day":
		return w.day(depth)
	}
	return w.list(depth)
}

func (w writer) any(depth int) string {
	return w.of(w.pick("num", "yes", "txt", "day", "lst"), depth)
}

// within is a child type here and the writer for a loop over it.
func (w writer) within() (list string, inner writer, variable string, ok bool) {
	kind := w.kind
	if len(w.loops) > 0 {
		return "", w, "", false // a record's own children are no field of it
	}
	if len(below[kind]) == 0 {
		return "", w, "", false
	}
	child := w.pick(below[kind]...)
	inner, variable = w, w.pick("m", "x", "k")
	inner.loops = append(w.loops[:len(w.loops):len(w.loops)], loop{variable, child})
	list = child
	if w.IntN(4) == 0 {
		list = fmt.Sprintf("%s.filter(%s, %s)", child, variable, inner.boolean(0))
	}
	return list, inner, variable, true
}

func (w writer) boolean(depth int) string {
	if depth <= 0 {
		return w.pick(w.name("yes"), "true", "false", w.name("num")+" > "+w.number(0), w.name("txt")+" == "+w.text(0), w.name("num")+" != null", w.name("num")+" >= 1.0")
	}
	d := depth - 1
	switch w.IntN(20) {
	case 0, 1:
		return fmt.Sprintf("%s %s %s", w.number(d), w.pick("<", "<=", ">", ">=", "==", "!="), w.number(d))
	case 2:
		return fmt.Sprintf("%s %s %s", w.text(d), w.pick("<", "<=", ">", ">=", "==", "!="), w.text(d))
	case 3:
		return fmt.Sprintf("%s %s %s", w.day(d), w.pick("<", "<=", ">", ">="), w.day(d))
	case 4:
		return fmt.Sprintf("%s == %s", w.any(d), w.pick("null", w.any(d)))
	case 5:
		return "!(" + w.boolean(d) + ")"
	case 6, 7:
		return fmt.Sprintf("(%s) && (%s)", w.boolean(d), w.boolean(d))
	case 8, 9:
		return fmt.Sprintf("(%s) || (%s)", w.boolean(d), w.boolean(d))
	case 10, 11, 12:
		if list, inner, v, ok := w.within(); ok {
			return fmt.Sprintf("%s.%s(%s, %s)", list, w.pick("exists", "all", "exists_one"), v, inner.boolean(d))
		}
		return fmt.Sprintf("%s.%s(v, v == %s)", w.list(d), w.pick("exists", "all", "exists_one"), w.any(0))
	case 13:
		return fmt.Sprintf("selected(%s, %s)", w.any(d), w.pick("'none'", "'a'", "'clean'", w.any(0)))
	case 14:
		return fmt.Sprintf("%s in %s", w.any(0), w.pick(w.list(d), "['a', 'none', 'clean']", "[1.0, 2.0]", w.name("tab"), "{'a': null}"))
	case 15:
		return fmt.Sprintf("%s.%s(%s)", w.name("txt"), w.pick("startsWith", "contains", "endsWith"), w.text(0))
	case 16:
		return fmt.Sprintf("%s ? %s : %s", w.boolean(d), w.boolean(d), w.boolean(d))
	case 17:
		return fmt.Sprintf("has(%s.%s)", w.name("tab"), w.pick("r1", "r2", "n", "lat", "acc"))
	case 18:
		return fmt.Sprintf("size(%s) %s %s", w.pick(w.list(d), w.name("txt"), w.name("tab"), w.name("lst")), w.pick("<", ">="), w.pick("1", "2.0"))
	}
	return fmt.Sprintf("%s.matches(%s)", w.name("txt"), w.pick("'^(?:[0-9]{2})$'", "'[ก-ฮ]+'", "'^a.c$'", "'(?i)ABC'"))
}

func (w writer) number(depth int) string {
	if depth <= 0 {
		return w.pick("0.0", "1.0", "2.5", "-1.0", "1e10", "position", w.name("num"), w.name("num"), w.name("num"), w.name("num"))
	}
	d := depth - 1
	switch w.IntN(22) {
	case 0, 1, 2:
		return fmt.Sprintf("(%s %s %s)", w.number(d), w.pick("+", "-", "*", "/"), w.number(d))
	case 3:
		return "-(" + w.number(d) + ")"
	case 4, 5:
		if list, inner, v, ok := w.within(); ok {
			return w.pick(
				fmt.Sprintf("count(%s)", list),
				fmt.Sprintf("count(%s.filter(%s, %s))", list, v, inner.boolean(d)),
				fmt.Sprintf("sum(%s.map(%s, %s))", list, v, inner.number(0)),
				fmt.Sprintf("sum(%s.map(%s, %s, %s))", list, v, inner.boolean(0), inner.number(0)),
				fmt.Sprintf("max_of(%s.map(%s, coalesce(%s, 0.0)))", list, v, inner.number(0)),
			)
		}
		return fmt.Sprintf("count(%s)", w.list(d))
	case 6:
		return fmt.Sprintf("%s(%s)", w.pick("sum", "min_of", "max_of"), w.list(d))
	case 7:
		return fmt.Sprintf("count_selected(%s)", w.any(d))
	case 8, 9:
		return fmt.Sprintf("%s(%s, %s)", w.pick("age_years", "age_months"), w.day(d), w.day(0))
	case 10:
		return fmt.Sprintf("days(%s)", w.day(d))
	case 11:
		return fmt.Sprintf("trunc(%s)", w.number(d))
	case 12:
		return fmt.Sprintf("round(%s, %s)", w.pick(w.number(d), w.name("num"), "-("+w.name("num")+")"), w.pick("0.0", "2.0", "-3.0", "1.7", "-0.5", w.number(0)))
	case 13:
		return fmt.Sprintf("mod(%s, %s)", w.number(d), w.pick("3.0", "2.5", w.number(0)))
	case 14, 15:
		return fmt.Sprintf("number(%s)", w.any(d))
	case 16:
		return fmt.Sprintf("length(%s)", w.text(d))
	case 17, 18, 19:
		return fmt.Sprintf("coalesce(%s, %s)", w.number(d), w.number(0))
	case 20:
		return fmt.Sprintf("[%s, %s][%s]", w.number(0), w.number(0), w.pick("0", "1", "2", "1.0", "0.5"))
	}
	return fmt.Sprintf("(%s ? %s : %s)", w.boolean(d), w.number(d), w.number(d))
}

func (w writer) text(depth int) string {
	if depth <= 0 {
		return w.pick("''", "'none'", "'สมหญิง'", "'😀'", "'12'", w.name("txt"), w.name("txt"), w.name("txt"))
	}
	d := depth - 1
	switch w.IntN(8) {
	case 0:
		return fmt.Sprintf("substr(%s, %s, %s)", w.text(d), w.pick("0.0", "1.0", w.number(0)), w.pick("2.0", "99.0", w.number(0)))
	case 1, 2:
		parts := []string{w.any(d), w.number(0), "' '", w.text(0)}
		w.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
		return "concat([" + strings.Join(parts[:1+w.IntN(4)], ", ") + "])"
	case 3:
		return fmt.Sprintf("choice_name(%s, %s)", w.name("txt"), w.pick("'water'", "'multi'", "'text'", "'nothing'"))
	case 4:
		return fmt.Sprintf("coalesce(%s, %s)", w.text(d), w.text(0))
	case 5:
		return fmt.Sprintf("(%s + %s)", w.text(d), w.text(0))
	case 6:
		return w.day(d)
	}
	return fmt.Sprintf("(%s ? %s : %s)", w.boolean(d), w.text(d), w.text(d))
}

func (w writer) day(depth int) string {
	if depth <= 0 || w.IntN(2) == 0 {
		return w.pick(w.name("day"), w.name("day"), "reference_date", "today", "'2000-02-29'", "'2020'")
	}
	return fmt.Sprintf("date_add(%s, %s)", w.day(depth-1), w.pick("1.0", "-366.0", "30.5", "800000.0", "-800000.0", w.number(depth-1)))
}

func (w writer) list(depth int) string {
	if depth <= 0 {
		return w.pick(w.name("lst"), "[]", "[1.0, 2.5]", "['a', 'none']")
	}
	d := depth - 1
	if list, inner, v, ok := w.within(); ok && w.IntN(2) == 0 {
		return w.pick(
			fmt.Sprintf("%s.map(%s, %s)", list, v, inner.any(d)),
			fmt.Sprintf("%s.filter(%s, %s).map(%s, %s)", list, v, inner.boolean(d), v, inner.any(0)),
			fmt.Sprintf("%s.map(%s, coalesce(%s, 1.0))", list, v, inner.number(0)),
		)
	}
	switch w.IntN(4) {
	case 0:
		return fmt.Sprintf("[%s, %s]", w.any(d), w.any(0))
	case 1:
		return fmt.Sprintf("(%s + %s)", w.list(d), w.list(0))
	case 2:
		return fmt.Sprintf("%s.map(e, %s)", w.list(d), w.pick("e", "concat([e])", "number(e)", "[e]", "{'k': e}"))
	}
	return fmt.Sprintf("%s.filter(e, e != %s)", w.list(d), w.any(0))
}
