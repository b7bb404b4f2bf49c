package xlsform

import (
	"slices"
	"strings"

	"tambonsync/syncproto/survey"
)

// translate reads every expression of the form. Calculations come as they are
// needed, because what an expression means depends on the types in it.
func (im *importer) translate() {
	shape := shapeOf(&im.def)
	calculated := map[*survey.Question]bool{}
	for i, t := range im.types {
		in := shape.types[t.def.Name]
		if in == nil || len(im.def.RecordTypes) <= i {
			continue
		}
		for name, meaning := range t.dropped {
			in.dropped[name] = meaning
		}
		for name := range t.names { // of rows that were refused
			if in.questions[name] == nil {
				in.questions[name] = &questionShape{calc: func() string { return "" }}
			}
		}
		for j, q := range t.questions {
			def := &im.def.RecordTypes[i].Questions[j]
			s := in.questions[def.Name]
			if s == nil { // two record types of one name: said already
				continue
			}
			s.calc = func() string {
				if !calculated[def] && def.Type == survey.TypeCalculate {
					calculated[def] = true
					def.Calculation = im.expression(calculationField, q.row, place{in: in, this: s})
				}
				return def.Calculation
			}
		}
	}
	for i, t := range im.types {
		in := shape.types[t.def.Name]
		if in == nil {
			continue
		}
		for j, s := range t.sections {
			def := &im.def.RecordTypes[i].Sections[j]
			def.Relevant = im.gates(s.gates, place{in: in})
			im.goesOn(s, def.Relevant, place{in: in})
		}
		for j, q := range t.questions {
			im.expressions(q.row, &im.def.RecordTypes[i].Questions[j], in)
		}
	}
}

func (im *importer) expressions(r row, def *survey.Question, in *typeShape) {
	s := in.questions[def.Name]
	if s == nil {
		return
	}
	at := place{in: in, this: s, choice: filterColumns(s.choices)}
	s.calc()
	def.Relevant = im.expression(relevantField, r, at)
	if def.Type != survey.TypeNote && def.Type != survey.TypeCalculate {
		im.required(r, def, at)
		im.constraint(r, def, at)
	}
	if def.Type == survey.TypeChoice || def.Type == survey.TypeMulti {
		def.ChoiceFilter = im.expression(filterField, r, at)
	}
}

// expression reads both columns of an expression. Ours has the last word, but
// not against a standard column that somebody has changed since.
func (im *importer) expression(f field, r row, at place) string {
	return im.expressionIn(f, r, at, r.text(f.std))
}

func (im *importer) expressionIn(f field, r row, at place, std string) string {
	if ext := r.raw(f.ext); strings.TrimSpace(ext) != "" {
		if strings.TrimSpace(f.toXPath(at, ext)) != std {
			im.add(r.at(f.std), sayDiffer(r.at(f.std), r.at(f.ext)))
		}
		return ext
	}
	if std == "" {
		return ""
	}
	cel, faults := f.toCEL(at, std)
	for _, bad := range faults {
		im.add(r.at(f.std), survey.Text{
			TH: bad.say.TH + where("ตัวอักษรที่", std, bad.at), EN: bad.say.EN + where("Character", std, bad.at),
		})
	}
	return cel
}

// where tells the place within an expression.
func where(word, text string, at int) string {
	at = min(at, len(text))
	from := text[at:]
	if from == "" {
		return ""
	}
	return " (" + word + " " + number(float64(len([]rune(text[:at]))+1)) + ": " + short(from) + ")"
}

func (im *importer) required(r row, def *survey.Question, at place) {
	std := r.text("required")
	if isRequiredWord(std) && strings.TrimSpace(r.raw(xRequired)) == "" {
		def.Required = yes(std)
		return
	}
	def.RequiredIf = im.expression(requiredField, r, at)
}

// constraint takes the bounds, which have columns of their own, out of the
// standard column.
func (im *importer) constraint(r row, def *survey.Question, at place) {
	std, bounds := r.text("constraint"), boundsXPath(def.Min, def.Max)
	if isTable(def.Type) {
		def.Constraint = r.raw(xConstraint)
		if std != "" {
			im.add(r.at("constraint"), sayDiffer(r.at("constraint"), r.at(xConstraint)))
		}
		return
	}
	if bounds != "" {
		inner, ok := strings.CutPrefix(std, withBounds(bounds, "\x00")[:len(bounds)+len("() and (")])
		switch {
		case std == bounds:
			std = ""
		case ok && strings.HasSuffix(inner, ")"):
			std = strings.TrimSuffix(inner, ")")
		default:
			im.add(r.at("constraint"), sayDiffer(r.at("constraint"), r.at(firstText(r, xMin, xMax))))
			return
		}
	}
	def.Constraint = im.expressionIn(constraintField, r, at, std)
}

func firstText(r row, keys ...string) string {
	i := slices.IndexFunc(keys, func(k string) bool { return r.text(k) != "" })
	return keys[max(i, 0)]
}

// gates joins the conditions of groups that lie in each other.
func (im *importer) gates(rows []row, at place) string {
	var all []string
	for _, r := range rows {
		all = append(all, im.expression(relevantField, r, at))
	}
	if len(all) == 1 {
		return all[0]
	}
	for i := range all {
		all[i] = "(" + all[i] + ")"
	}
	return strings.Join(all, " && ")
}

// goesOn checks groups in which a section goes on: they have its condition.
func (im *importer) goesOn(s *sectionDraft, cel string, at place) {
	for _, r := range s.again {
		want := ""
		if cel != "" {
			want = strings.TrimSpace(relevantField.toXPath(at, cel))
		}
		if r.text("relevant") != want {
			im.add(r.at("relevant"), say("เงื่อนไขของกลุ่มนี้ต้องเหมือนกับกลุ่มแรกของส่วนเดียวกัน (%s)", "The condition of this group must be that of the first group of its section (%s).", s.row.whole()))
		}
	}
}
