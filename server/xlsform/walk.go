package xlsform

import (
	"slices"
	"strings"

	"tambonsync/syncproto/survey"
)

// typeDraft is a record type while its rows are read.
type typeDraft struct {
	row       row
	def       survey.TypeDefinition
	sections  []*sectionDraft
	questions []*questionDraft
	dropped   map[string]string
	names     map[string]int // of questions → row
}

// sectionDraft is a group, or a group within groups: then it has the
// conditions of all of them.
type sectionDraft struct {
	row   row
	def   survey.Section
	gates []row // rows whose relevant must be true
	again []row // where it goes on
}

type questionDraft struct {
	row row
	def survey.Question
}

// frame is a group, repeat or table that is open.
type frame struct {
	row     row
	repeat  bool
	typ     *typeDraft
	section string
	gates   []row
	cells   []tableCell // of a table: the rows that must follow
	table   bool
	skip    bool // of something refused: what is in it is read for its problems only
}

// walker goes down the sheet survey.
type walker struct {
	*importer
	types []*typeDraft
	open  []frame
}

func (w *walker) top() *frame { return &w.open[len(w.open)-1] }

func (w *walker) walk(settings row) {
	name := settings.text(xRecordType)
	if name == "" {
		name = w.def.Name
	} else if !isName(name) {
		w.add(settings.at(xRecordType), sayName(name))
	}
	main := w.begin(settings, survey.TypeDefinition{Name: name, Label: w.def.Title})
	w.open = []frame{{row: settings, typ: main}}
	for _, r := range w.book.survey.rows {
		if !yes(r.text("disabled")) {
			w.row(r)
		}
	}
	for _, f := range w.open[1:] {
		w.add(f.row.at("type"), say("กลุ่ม %q ไม่มีแถวปิด (end_group หรือ end_repeat)", "The group %q is never closed (end_group or end_repeat).", short(f.row.text("name"))))
	}
	for _, t := range w.types {
		if len(t.questions) == 0 && len(w.open) == 1 {
			w.add(spot{sheetSurvey, t.surveyRow(), 0}, say("%q ไม่มีข้อคำถามเลย", "%q has no question.", short(t.def.Name)))
		}
	}
}

func (t *typeDraft) surveyRow() int {
	if t.row.sheet != nil && t.row.sheet.name == sheetSurvey {
		return t.row.n
	}
	return 0
}

func (w *walker) begin(r row, d survey.TypeDefinition) *typeDraft {
	t := &typeDraft{row: r, def: d, dropped: map[string]string{}, names: map[string]int{}}
	w.types = append(w.types, t)
	w.places[d.Name] = r
	return t
}

func (w *walker) row(r row) {
	w.insertions(r)
	typ := r.text("type")
	words := strings.Fields(strings.ReplaceAll(strings.ToLower(typ), "_", " "))
	first := strings.Join(words[:min(2, len(words))], " ")
	if w.top().table && first != "end group" {
		w.cell(r)
		return
	}
	switch first {
	case "":
		w.add(r.whole(), say("แถวนี้ไม่มีประเภทในคอลัมน์ type", "This row has nothing in the column type."))
	case "begin group":
		w.group(r)
	case "begin repeat":
		w.repeat(r)
	case "end group", "end repeat":
		w.end(r, first == "end repeat")
	default:
		w.question(r, typ)
	}
}

func (w *walker) end(r row, repeat bool) {
	word := map[bool]string{false: "group", true: "repeat"}
	f := w.top()
	switch {
	case len(w.open) == 1:
		w.add(r.at("type"), say("end_%s นี้ไม่มีแถวเปิด", "This end_%s closes nothing.", word[repeat]))
		return
	case f.repeat != repeat:
		w.add(r.at("type"), say("ต้องปิดด้วย end_%[2]s เพราะ %[3]s เปิดด้วย begin_%[2]s ไม่ใช่ end_%[1]s", "end_%s stands where end_%s must: %s is a begin_%[2]s.", word[repeat], word[f.repeat], f.row.at("type")))
	case len(f.cells) > 0:
		w.add(r.at("type"), sayTable(f.row.text("name")))
	}
	w.open = w.open[:len(w.open)-1]
}

func sayTable(name string) survey.Text {
	return say("แถวในตาราง %q ไม่ตรงกับรายการและคอลัมน์ของตาราง แก้ในแผ่นงาน choices และ tambonsync แทน แล้วแก้แถวนี้ให้ตรงกัน",
		"The rows in the table %q are not those of its list and columns: change these on the sheets choices and tambonsync, and this row with them.", short(name))
}

// insertions warns of answers that a text should show: texts are shown as they
// stand.
func (w *walker) insertions(r row) {
	for _, base := range []string{"label", "hint", "required_message", "constraint_message"} {
		for _, key := range []string{base, base + "|th", base + "|en"} {
			if strings.Contains(r.text(key), "${") {
				w.warn(r.at(key), say("ไม่รองรับการแทรกคำตอบ ${…} ในข้อความ จะแสดงข้อความตามที่เขียน", "Answers are not put into texts: ${…} will be shown as it stands."))
			}
		}
	}
}

// cell compares a row inside a table with what the table makes of its list.
func (w *walker) cell(r row) {
	f := w.top()
	if len(f.cells) == 0 {
		if !f.skip {
			w.add(r.whole(), sayTable(f.row.text("name")))
		}
		return
	}
	want := f.cells[0].line
	f.cells = f.cells[1:]
	for _, key := range []string{"type", "name", "constraint", "label|th", "label|en"} {
		if key == "type" && w.yesNoCell(r, want[key]) {
			continue
		}
		if r.text(key) != strings.TrimSpace(want[key]) {
			w.add(r.at(key), sayTable(f.row.text("name")))
		}
	}
	for _, key := range []string{"relevant", "required", "calculation", "default", "choice_filter", xRelevant, xConstraint} {
		if r.text(key) != "" {
			w.add(r.at(key), sayTable(f.row.text("name")))
		}
	}
}

// yesNoCell takes the yes/no list of a cell, whatever it had to be called.
func (w *walker) yesNoCell(r row, want string) bool {
	name, ok := strings.CutPrefix(r.text("type"), "select_one ")
	if !ok || !strings.HasPrefix(want, "select_one ") || strings.TrimRight(name, "_") != "yes_no" {
		return false
	}
	return w.take(r.at("type"), name, false) != nil
}

// label reads a label; groups may go without.
func (w *walker) label(r row, name string, needed bool) survey.Text {
	t := r.both("label")
	switch {
	case t.TH != "":
	case needed:
		w.add(r.at(firstHead(r, "label", "label|th", "label|en")), say("ข้อ %q ไม่มีข้อความคำถาม ใส่ในคอลัมน์ label", "The question %q has no label.", short(name)))
	default:
		t = survey.Text{TH: name, EN: name}
	}
	return t
}

func firstHead(r row, keys ...string) string {
	for _, k := range keys {
		if r.sheet.heads[k] > 0 {
			return k
		}
	}
	return ""
}

// name reads and checks the name of a row.
func (w *walker) name(r row) (string, bool) {
	name := r.text("name")
	switch {
	case name == "":
		w.add(r.at("name"), say("แถวนี้ไม่มีชื่อในคอลัมน์ name", "This row has nothing in the column name."))
	case !isName(name):
		w.add(r.at("name"), sayName(name))
	default:
		return name, true
	}
	return name, false
}

func (w *walker) group(r row) {
	if typ := survey.Type(r.text(xType)); isTable(typ) {
		w.question(r, r.text("type"))
		return
	} else if typ != "" {
		w.add(r.at(xType), say("ไม่รู้จักประเภท %q ของกลุ่ม", "The mark %q of a group is not known.", short(string(typ))))
	}
	in := *w.top()
	in.row, in.repeat = r, false
	name, ok := w.name(r)
	t := in.typ
	if first := r.text(xSection); first != "" {
		i := slices.IndexFunc(t.sections, func(s *sectionDraft) bool { return s.def.Name == first })
		if i < 0 {
			w.add(r.at(xSection), say("ไม่มีกลุ่ม %q ก่อนแถวนี้", "There is no group %q before this row.", short(first)))
		} else {
			t.sections[i].again = append(t.sections[i].again, r)
		}
		in.section = first
		w.open = append(w.open, in)
		return
	}
	if slices.ContainsFunc(t.sections, func(s *sectionDraft) bool { return ok && s.def.Name == name }) {
		w.add(r.at("name"), say("มีกลุ่มชื่อ %q แล้ว", "There is a group %q already.", name))
	}
	if hasCondition(r) {
		in.gates = append(slices.Clone(in.gates), r)
	}
	in.section = name
	w.section(t, r, survey.Section{Name: name, Label: w.label(r, name, false), Appearance: r.text("appearance")}, in.gates)
	w.unused(r, relevantField.std, relevantField.ext, "appearance")
	w.open = append(w.open, in)
}

func hasCondition(r row) bool {
	return r.text(relevantField.std) != "" || r.text(relevantField.ext) != ""
}

func (w *walker) section(t *typeDraft, r row, s survey.Section, gates []row) {
	t.sections = append(t.sections, &sectionDraft{row: r, def: s, gates: gates})
	w.places[t.def.Name+"."+s.Name] = r
}

// repeat begins a record type. Records have no relevance of their own: where
// the repeat has, its questions stand in a section that has it.
func (w *walker) repeat(r row) {
	name, ok := w.name(r)
	if ok && slices.ContainsFunc(w.types, func(t *typeDraft) bool { return t.def.Name == name }) {
		w.add(r.at("name"), say("มีกลุ่มซ้ำหรือแบบสอบถามชื่อ %q แล้ว", "There is a repeat or form %q already.", name))
	}
	above := w.top()
	d := survey.TypeDefinition{Name: name, Label: w.label(r, name, false), Parent: above.typ.def.Name}
	switch mark := r.text(xType); mark {
	case "":
	case "record":
		d.Parent = ""
	default:
		w.add(r.at(xType), say("ไม่รู้จักประเภท %q ของกลุ่มซ้ำ", "The mark %q of a repeat is not known.", short(mark)))
	}
	w.counts(r, &d)
	t := w.begin(r, d)
	in := frame{row: r, repeat: true, typ: t, gates: above.gates}
	if d.Parent == "" {
		in.gates = nil
	}
	if hasCondition(r) {
		in.gates = append(slices.Clone(in.gates), r)
	}
	if len(in.gates) > 0 {
		in.section = name + "_block"
		w.section(t, r, survey.Section{Name: in.section, Label: d.Label}, in.gates)
	}
	w.unused(r, relevantField.std, relevantField.ext, "repeat_count", "appearance", xMin, xMax)
	if a := r.text("appearance"); a != "" {
		w.warn(r.at("appearance"), say("ไม่ได้ใช้ appearance ของกลุ่มซ้ำ", "The appearance of a repeat is not used."))
	}
	w.open = append(w.open, in)
}

func (w *walker) counts(r row, d *survey.TypeDefinition) {
	for key, into := range map[string]**int{xMin: &d.Min, xMax: &d.Max} {
		n, ok := countBound(r.text(key))
		if *into = n; !ok {
			w.add(r.at(key), say("ต้องเป็นจำนวนเต็มตั้งแต่ 0", "A whole number from 0 must stand here."))
		}
	}
	if text := r.text("repeat_count"); text != "" {
		n, ok := countBound(text)
		if !ok {
			w.add(r.at("repeat_count"), say("repeat_count ต้องเป็นตัวเลขคงที่ หากจำนวนขึ้นกับคำตอบ ให้ลบออกแล้วใส่ constraint ที่ข้อจำนวน เช่น . = count(${%s})",
				"repeat_count must be a number. Where it depends on an answer, remove it and give the question of the number a constraint such as . = count(${%s}).", short(r.text("name"))))
			return
		}
		d.Min, d.Max = n, n
	}
}

// unused names the cells of a group or repeat that say something it has no
// place for.
func (w *walker) unused(r row, used ...string) {
	for _, key := range []string{
		"hint", "hint|th", "hint|en", "required", "constraint", "calculation", "choice_filter", "default", "repeat_count",
		"parameters", "appearance", "relevant", xGroup, xPrivacy, xCarry, xPartial, xMin, xMax, xRows, xInline,
		xRequired, xRelevant, xConstraint, xCalculation, xChoiceFilter, xDefault,
	} {
		says := r.text(key) != "" && (key != "required" || yes(r.text(key)))
		if says && !slices.Contains(used, key) {
			w.add(r.at(key), say("%s ใช้กับแถวประเภท %s ไม่ได้", "%s cannot be used in a row of type %s.", r.sheet.raw[key], short(r.text("type"))))
		}
	}
}
