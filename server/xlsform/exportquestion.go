package xlsform

import (
	"tambonsync/syncproto/survey"
)

func (e *exporter) question(t *survey.TypeDefinition, q *survey.Question) {
	l := line{
		"type": standardTypes[q.Type], "name": q.Name,
		"label|th": q.Label.TH, "label|en": q.Label.EN, "hint|th": q.Hint.TH, "hint|en": q.Hint.EN,
		"required_message|th": q.RequiredMessage.TH, "required_message|en": q.RequiredMessage.EN,
		"constraint_message|th": q.ConstraintMessage.TH, "constraint_message|en": q.ConstraintMessage.EN,
		"appearance": q.Appearance, xGroup: q.Group, xPrivacy: string(q.Privacy),
		xCarry: mark(q.Carry), xPartial: mark(q.Partial), xMin: boundText(q.Min), xMax: boundText(q.Max),
	}
	e.typeOf(t, q, l)
	e.expressions(t, q, l)
	var err error
	l["default"], l[xDefault], err = writeDefault(q.Type, q.Default)
	e.fail(err)
	e.survey = append(e.survey, l)
	if isTable(q.Type) {
		delete(l, "default") // a group has none
		e.cells(t, q)
	}
}

func isTable(t survey.Type) bool { return t == survey.TypeCountTable || t == survey.TypeTable }

func mark(on bool) string {
	if on {
		return "yes"
	}
	return ""
}

func boundText(n *float64) string {
	if n == nil {
		return ""
	}
	return number(*n)
}

// typeOf fills what tells the type and the list.
func (e *exporter) typeOf(t *survey.TypeDefinition, q *survey.Question, l line) {
	switch q.Type {
	case survey.TypeBool:
		e.yesNo = true
		l["type"] = "select_one " + yesNoList(e.d)
	case survey.TypeChoice:
		l["type"] = "select_one " + e.listOf(t, q, q.List, q.Choices, l)
	case survey.TypeMulti:
		l["type"] = "select_multiple " + e.listOf(t, q, q.List, q.Choices, l)
	case survey.TypeCountTable, survey.TypeTable:
		l["type"], l[xType] = "begin_group", string(q.Type)
		l[xRows] = e.listOf(t, q, q.RowList, q.Rows, l)
	case survey.TypeSignature:
		if l["appearance"] = "signature"; q.Appearance != "" {
			l["appearance"] += " " + q.Appearance
		}
	}
	if _, ok := narrower[q.Type]; ok {
		l[xType] = string(q.Type)
	}
	if q.Type == survey.TypePhoto && isSignature(q.Appearance) {
		l[xType] = string(q.Type)
	}
}

func (e *exporter) listOf(t *survey.TypeDefinition, q *survey.Question, shared string, inline []survey.Choice, l line) string {
	if shared != "" {
		return shared
	}
	name := e.listName(t, q)
	e.list(name, inline)
	l[xInline] = "yes"
	return name
}

func (e *exporter) expressions(t *survey.TypeDefinition, q *survey.Question, l line) {
	in := e.shape.types[t.Name]
	at := place{in: in, this: in.questions[q.Name], choice: filterColumns(in.questions[q.Name].choices)}
	l["relevant"], l[xRelevant] = relevantField.write(at, q.Relevant)
	l["calculation"], l[xCalculation] = calculationField.write(at, q.Calculation)
	l["choice_filter"], l[xChoiceFilter] = filterField.write(at, q.ChoiceFilter)
	l["constraint"], l[xConstraint] = constraintField.write(at, q.Constraint)
	l["constraint"] = withBounds(boundsXPath(q.Min, q.Max), l["constraint"])
	l["required"] = mark(q.Required)
	if q.RequiredIf != "" {
		l["required"], l[xRequired] = requiredField.write(at, q.RequiredIf)
	}
	if isTable(q.Type) { // of a group ODK Collect takes none
		l["constraint"], l[xConstraint] = "", q.Constraint
	}
}

// filterColumns are the words that a choice_filter may use.
func filterColumns(list []survey.Choice) map[string]bool {
	out := map[string]bool{"name": true}
	for _, c := range list {
		for k := range c.Filter {
			out[k] = true
		}
	}
	return out
}

// cells writes the questions that stand for the cells of a table.
func (e *exporter) cells(t *survey.TypeDefinition, q *survey.Question) {
	for _, c := range q.Columns {
		e.yesNo = e.yesNo || c.Type == survey.TypeBool
		e.say(line{
			"what": whatColumn, "of": t.Name + "." + q.Name, "text": c.Name, "type": string(c.Type),
			"min": boundText(c.Min), "max": boundText(c.Max), "th": c.Label.TH, "en": c.Label.EN,
		})
	}
	for _, c := range tableCells(e.d, q) {
		e.survey = append(e.survey, c.line)
	}
	e.survey = append(e.survey, line{"type": "end_group"})
}
