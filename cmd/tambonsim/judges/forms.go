package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"tambonsync/syncproto/survey"
)

type object = map[string]any

func label(s string) object { return object{"th": "ไทย " + s, "en": s} }

func choices(names ...string) (out []any) {
	for i, n := range names {
		out = append(out, object{"name": n, "label": label("choice " + n), "filter": object{"side": []string{"left", "right"}[i%2]}})
	}
	return out
}

func question(name, kind string, more object) object {
	q := object{"name": name, "type": kind, "label": label(name)}
	for k, v := range more {
		q[k] = v
	}
	return q
}

// everyType is one question of every type.
func everyType() []object {
	rows := choices("r1", "r2", "r3")
	columns := []any{
		object{"name": "n", "type": "int", "label": label("n"), "min": 0},
		object{"name": "b", "type": "bool", "label": label("b")},
		object{"name": "s", "type": "text", "label": label("s")},
		object{"name": "d", "type": "decimal", "label": label("d"), "min": -1, "max": 10.5},
	}
	return []object{
		question("text", "text", object{"required": true, "group": "full", "privacy": "name"}),
		question("last", "text", object{"group": "full", "privacy": "s26"}),
		question("religion", "text", object{"privacy": "s26"}),
		question("bool", "bool", object{"required": true}),
		question("int", "int", object{"min": 0, "max": 1000}),
		question("decimal", "decimal", object{"min": -1.5}),
		question("money", "money", object{"max": 1e6}),
		question("water", "choice", object{"choices": "sides", "required": true}),
		question("multi", "multi", object{"choices": choices("a", "b", "c", "none")}),
		question("geo", "geopoint", nil),
		question("id", "thai_id", object{"privacy": "id", "group": "papers"}),
		question("papers", "text", object{"group": "papers"}),
		question("date", "date", object{"partial": true}),
		question("whole_date", "date", nil),
		question("time", "time", nil),
		question("moment", "datetime", nil),
		question("photo", "photo", nil),
		question("signature", "signature", nil),
		question("barcode", "barcode", nil),
		question("note", "note", nil),
		question("counts", "count_table", object{"rows": rows}),
		question("table", "table", object{"rows": rows, "columns": columns}),
	}
}

// kinds are the record types of a stress form and whose they are.
var kinds = []struct{ name, parent string }{{"house", ""}, {"person", "house"}, {"pet", "person"}, {"field", "house"}}

// randomIndicators makes a form with every type of question and with random
// expressions wherever one may stand, and a set of random rules over it. An
// expression that the office would refuse is thrown away.
func randomIndicators(r *rand.Rand, n int) (*survey.Indicators, error) {
	b := &builder{random: r}
	b.form = object{
		"kind": "form", "name": fmt.Sprintf("stress-%d", n), "version": 1, "title": label("stress"),
		"choices": object{"sides": choices("clean", "salty", "none", "other")},
	}
	var types []any
	for _, k := range kinds {
		t := object{"name": k.name, "label": label(k.name), "questions": everyType(), "sections": []any{object{"name": "s1", "label": label("s1")}}}
		if k.parent != "" {
			t["parent"] = k.parent
		}
		b.types = append(b.types, t)
		types = append(types, t)
	}
	b.types[1]["min"], b.types[1]["max"], b.types[2]["max"], b.types[3]["min"] = 1, 3, 2, 1
	b.form["record_types"] = types
	for i, k := range kinds {
		b.decorate(i, k.name)
	}
	f, err := b.settle()
	if err != nil {
		return nil, err
	}
	return b.indicators(f)
}

type builder struct {
	random *rand.Rand
	form   object
	types  []object
	slots  []slot
}

// slot is a place with a random expression.
type slot struct {
	place string // as an error names it
	into  object
	key   string
	make  func() string
}

func (b *builder) put(place string, into object, key string, make func() string) {
	into[key] = make()
	b.slots = append(b.slots, slot{place + "." + key, into, key, make})
}

// settle writes every expression anew that the office refuses, until it takes
// the form. Of a circle one part becomes something that looks at nothing.
func (b *builder) settle() (*survey.Form, error) {
	for range 2000 {
		data, err := json.Marshal(b.form)
		if err != nil {
			return nil, err
		}
		f, err := survey.Parse(data)
		if err == nil {
			return f, nil
		}
		said := strings.TrimPrefix(err.Error(), "survey: parse form: ")
		found := false
		_, circle, _ := strings.Cut(said, "depends on itself: ")
		for _, s := range b.slots {
			switch {
			case strings.HasPrefix(said, s.place+": "):
				s.into[s.key] = s.make()
			case !inCircle(circle, s.place):
				continue
			case s.key == "calculation":
				s.into[s.key] = "1.0"
			default:
				s.into[s.key] = "true"
			}
			found = true
		}
		if !found {
			return nil, err
		}
	}
	return nil, errNoRule
}

// inCircle reports whether the expression at a place is a part of a circle such
// as "person.a → person.b". Those of sections are in all of their type.
func inCircle(circle, place string) bool {
	for part := range strings.SplitSeq(circle, " → ") {
		kind, _, _ := strings.Cut(part, ".")
		if part != "" && (place == part+".relevant" || place == part+".calculation" || place == kind+".s1.relevant") {
			return true
		}
	}
	return false
}

// decorate gives a type's questions expressions, and calculations of its own.
func (b *builder) decorate(i int, kind string) {
	t := b.types[i]
	questions := t["questions"].([]object)
	w := writer{Rand: b.random, kind: kind}
	relevant := func() string { return w.boolean(2) }
	if i == 1 {
		b.put(kind+".s1", t["sections"].([]any)[0].(object), "relevant", relevant)
		for _, q := range questions[14:18] {
			q["section"] = "s1"
		}
	}
	for _, q := range questions {
		place, stored := kind+"."+q["name"].(string), q["type"] != "note"
		if b.random.IntN(5) == 0 {
			b.put(place, q, "relevant", relevant)
		}
		if stored && b.random.IntN(3) == 0 {
			b.put(place, q, "constraint", func() string { return writer{Rand: b.random, kind: kind, this: true}.boolean(3) })
			if b.random.IntN(2) == 0 {
				q["constraint_message"] = label("look again")
			}
		}
		if stored && q["required"] == nil && b.random.IntN(6) == 0 {
			b.put(place, q, "required", relevant)
		}
		if q["choices"] != nil {
			b.put(place, q, "choice_filter", func() string { return writer{Rand: b.random, kind: kind, choice: true}.boolean(1) })
		}
	}
	for n := range 14 {
		q := question(fmt.Sprintf("%s%d", calculations[n%len(calculations)], n), "calculate", nil)
		t["questions"] = append(t["questions"].([]object), q)
		b.put(kind+"."+q["name"].(string), q, "calculation", func() string { return w.of(calculations[n%len(calculations)], 3) })
		if b.random.IntN(4) == 0 {
			b.put(kind+"."+q["name"].(string), q, "relevant", relevant)
		}
	}
}

// calculations begin the names of calculations of each kind.
var calculations = []string{"num", "yes", "txt", "lst"}

var errNoRule = errors.New("no random rule fits")

// indicators makes a set over houses.
func (b *builder) indicators(f *survey.Form) (*survey.Indicators, error) {
	set := object{
		"kind": "indicators", "name": f.Name(), "version": 1, "title": label("stress"), "form": f.Ref(), "record_type": "house",
		"parameters": object{"line": 38000, "few": 2.5},
	}
	b.slots = nil
	definitions := object{}
	set["definitions"] = definitions
	plain := writer{Rand: b.random, kind: "house"}
	for _, name := range definitionNames {
		b.put("definitions", definitions, name, func() string { return plain.number(2) })
	}
	set["levels"] = []any{
		object{"level": 1, "name": label("behind"), "when": "score1 >= 2.0"}, object{"level": 2, "name": label("ahead"), "when": "score3 > score2 || score1 == 0.0"},
	}
	var list []any
	for no := 1; no <= 12; no++ {
		list = append(list, b.indicator(no))
	}
	set["indicators"] = list
	for range 2000 {
		data, err := json.Marshal(set)
		if err != nil {
			return nil, err
		}
		s, err := survey.ParseSet(data)
		if err != nil {
			return nil, err
		}
		x, err := survey.NewIndicators(f, s)
		if err == nil {
			return x, nil
		}
		said := strings.TrimPrefix(err.Error(), "survey: indicator set "+s.Ref()+": ")
		found := false
		for _, s := range b.slots {
			if strings.HasPrefix(said, s.place+": ") {
				s.into[s.key], found = s.make(), true
			}
		}
		if !found {
			return nil, err
		}
	}
	return nil, errNoRule
}

// reason has every kind of place, and one that is never closed.
var reason = object{
	"th": "{failing} จาก {applicable} คน {score} {param.line} {def_a} {text} {num0} {nothing}",
	"en": "{failing} of {applicable} {int} {param.few} {def_b} {money} {lst3} {open",
}

// indicator makes one of each shape in turn.
func (b *builder) indicator(no int) object {
	outer, inner := writer{Rand: b.random, kind: "house", rule: true}, writer{Rand: b.random, kind: "person", inner: true}
	ind := object{"no": no, "code": strconv.Itoa(no), "name": label(strconv.Itoa(no)), "unit": "person"}
	at := "indicator " + strconv.Itoa(no)
	applicable := object{}
	put := func(place string, into object, key string, make func() string) {
		b.put("", into, key, make)
		b.slots[len(b.slots)-1].place = place
	}
	if no%4 != 0 {
		ind["reason"], ind["applicable"] = reason, applicable
	}
	switch no % 4 {
	case 0:
		put(at, ind, "pass", func() string { return outer.boolean(2) })
	case 1:
		applicable["count"], applicable["where"] = "person", []string{}
		for n := range 2 {
			part := object{}
			write := func() string {
				where := append([]string{}, applicable["where"].([]string)...)
				for len(where) <= n {
					where = append(where, "")
				}
				where[n] = inner.boolean(n + 1)
				applicable["where"] = where
				return where[n]
			}
			put(fmt.Sprintf("%s.applicable.where[%d]", at, n), part, "where", write)
		}
		put(at+".failing", ind, "failing", func() string { return outer.number(1) })
	case 2:
		put(at+".applicable.value", applicable, "value", func() string { return outer.number(1) })
		put(at+".failing", ind, "failing", func() string { return outer.number(1) })
	case 3:
		put(at+".applicable.when", applicable, "when", func() string { return outer.boolean(1) })
		put(at, ind, "score", func() string { return "trunc(mod(" + outer.number(1) + ", 3.0)) + 1.0" })
	}
	return ind
}
