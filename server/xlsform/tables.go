package xlsform

import "tambonsync/syncproto/survey"

// cell is one cell of a table question. XLSForm has no tables: each cell is
// shown to other programs as a question of its own, in a group.
type tableCell struct {
	name string // QUESTION_ROW or QUESTION_ROW_COLUMN
	cel  string
	line line
}

// line is a row to be written, by column key.
type line map[string]string

// tableCells returns the cells of a count_table or table question.
func tableCells(d *survey.Definition, q *survey.Question) []tableCell {
	if q.Type != survey.TypeCountTable && q.Type != survey.TypeTable {
		return nil
	}
	columns := q.Columns
	zero := 0.0
	if q.Type == survey.TypeCountTable {
		columns = []survey.Column{{Type: survey.TypeInt, Min: &zero}}
	}
	var out []tableCell
	for _, r := range listOf(d, q.RowList, q.Rows) {
		for _, c := range columns {
			cell := tableCell{name: q.Name + "_" + r.Name, cel: member(q.Name, r.Name)}
			label := r.Label
			if c.Name != "" {
				cell.name += "_" + c.Name
				cell.cel = member(cell.cel, c.Name)
				label = survey.Text{TH: r.Label.TH + " – " + c.Label.TH, EN: r.Label.EN + " – " + c.Label.EN}
			}
			cell.line = line{"name": cell.name, "label|th": label.TH, "label|en": label.EN, "constraint": boundsXPath(c.Min, c.Max)}
			cell.line["type"] = standardTypes[c.Type]
			if c.Type == survey.TypeBool {
				cell.line["type"] = "select_one " + yesNoList(d)
			}
			out = append(out, cell)
		}
	}
	return out
}

func member(of, name string) string {
	if variable(name) {
		return of + "." + name
	}
	return of + "[" + quoteCEL(name) + "]"
}

// yesNoList is the list that yes/no questions are shown with. It is no list of
// the form, so it has a name that the form does not use.
func yesNoList(d *survey.Definition) string {
	name := "yes_no"
	for d.Choices[name] != nil {
		name += "_"
	}
	return name
}

// boundsXPath is how ODK Collect is told of min and max, "" for none.
func boundsXPath(low, high *float64) string {
	switch {
	case low != nil && high != nil:
		return ". >= " + number(*low) + " and . <= " + number(*high)
	case low != nil:
		return ". >= " + number(*low)
	case high != nil:
		return ". <= " + number(*high)
	}
	return ""
}

// withBounds joins bounds and a constraint in one cell.
func withBounds(bounds, constraint string) string {
	switch {
	case bounds == "":
		return constraint
	case constraint == "":
		return bounds
	}
	return "(" + bounds + ") and (" + constraint + ")"
}
