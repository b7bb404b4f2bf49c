package xlsform

import (
	"slices"
	"strings"

	"tambonsync/syncproto/survey"
)

// extras reads the sheet tambonsync: what XLSForm has no place for.
func (im *importer) extras() {
	if im.book.extra == nil {
		return
	}
	for _, r := range im.book.extra.rows {
		im.extraRow(r)
	}
}

func (im *importer) extraRow(r row) {
	text := survey.Text{TH: firstSaid(r.raw("th"), r.raw("en")), EN: firstSaid(r.raw("en"), r.raw("th"))}
	value := r.text("text")
	switch what := r.text("what"); what {
	case whatDraft:
		im.def.Draft = yes(value)
	case whatNote:
		im.def.Note = text
		im.places["note"] = r
	case whatSource:
		im.def.Sources = append(im.def.Sources, r.raw("text"))
	case whatNotice:
		im.def.Notice = survey.Notice{Version: value, Text: text}
		im.places["notice"] = r
	case whatTypes:
		im.types = reordered(im.types, strings.Fields(value), func(t *typeDraft) string { return t.def.Name })
	case whatColumn: // read with the table
		if t, q, ok := strings.Cut(r.text("of"), "."); !ok || !im.isTable(t, q) {
			im.add(r.at("of"), say("ไม่มีตาราง %q", "There is no table %q.", short(r.text("of"))))
		}
	case whatLabel, whatSections, whatUnique, whatAlike, whatSearch, whatTitle:
		im.typeRow(r, what, text)
	default:
		im.add(r.at("what"), say("ไม่รู้จัก %q", "%q is not known.", short(what)))
	}
}

func (im *importer) isTable(record, question string) bool {
	return slices.ContainsFunc(im.types, func(t *typeDraft) bool {
		return t.def.Name == record && slices.ContainsFunc(t.questions, func(q *questionDraft) bool {
			return q.def.Name == question && q.def.Type == survey.TypeTable
		})
	})
}

func (im *importer) typeRow(r row, what string, text survey.Text) {
	i := slices.IndexFunc(im.types, func(t *typeDraft) bool { return t.def.Name == r.text("of") })
	if i < 0 {
		im.add(r.at("of"), say("ไม่มีประเภทข้อมูล %q", "There is no record type %q.", short(r.text("of"))))
		return
	}
	t := im.types[i]
	names := strings.Fields(r.text("text"))
	switch what {
	case whatLabel:
		t.def.Label = text
	case whatSections:
		t.sections = reordered(t.sections, names, func(s *sectionDraft) string { return s.def.Name })
	case whatUnique:
		t.def.Unique = append(t.def.Unique, names)
	case whatAlike:
		t.def.Alike = append(t.def.Alike, names)
	case whatSearch:
		t.def.Search = names
	case whatTitle:
		t.def.Title = names
	}
	if what == whatLabel || what == whatSections {
		return
	}
	for _, name := range names {
		if t.names[name] == 0 {
			im.add(r.at("text"), say("%q ไม่มีข้อ %q", "%q has no question %q.", t.def.Name, short(name)))
		}
	}
}

// reordered puts the things named first, in that order.
func reordered[T any](list []T, names []string, name func(T) string) []T {
	at := func(x T) int {
		if i := slices.Index(names, name(x)); i >= 0 {
			return i
		}
		return len(names)
	}
	out := slices.Clone(list)
	slices.SortStableFunc(out, func(a, b T) int { return at(a) - at(b) })
	return out
}

// tableColumns reads the columns of a table question.
func (im *importer) tableColumns(record string, q *survey.Question) {
	if q.Type != survey.TypeTable || im.book.extra == nil {
		return
	}
	for _, r := range im.book.extra.rows {
		if r.text("what") != whatColumn || r.text("of") != record+"."+q.Name {
			continue
		}
		low, ok := bound(r.text("min"))
		high, ok2 := bound(r.text("max"))
		if !ok || !ok2 {
			im.add(r.at("min"), say("min และ max ต้องเป็นตัวเลข", "min and max must be numbers."))
		}
		q.Columns = append(q.Columns, survey.Column{
			Name: r.text("text"), Type: survey.Type(r.text("type")), Min: low, Max: high,
			Label: survey.Text{TH: firstSaid(r.raw("th"), r.raw("en")), EN: firstSaid(r.raw("en"), r.raw("th"))},
		})
	}
}
