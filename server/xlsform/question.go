package xlsform

import (
	"encoding/json"
	"slices"
	"strings"

	"tambonsync/syncproto/survey"
)

// question reads a row that asks, shows or computes something.
func (w *walker) question(r row, typ string) {
	if w.metadata(r, typ) {
		return
	}
	q := survey.Question{
		Hint: r.both("hint"), Section: w.top().section, RequiredMessage: r.both("required_message"),
		ConstraintMessage: r.both("constraint_message"), Group: r.text(xGroup), Privacy: survey.Privacy(r.text(xPrivacy)),
		Carry: yes(r.text(xCarry)), Partial: yes(r.text(xPartial)), Appearance: r.text("appearance"),
	}
	known := w.typeOf(r, typ, &q)
	name, ok := w.name(r)
	if !known {
		if ok { // known by name, so that nothing else complains of it
			w.place(r, name)
		}
		w.openTable(r, q)
		return
	}
	q.Name = name
	q.Label = w.label(r, name, q.Type != survey.TypeCalculate)
	for key, into := range map[string]**float64{xMin: &q.Min, xMax: &q.Max} {
		var good bool
		if *into, good = bound(r.text(key)); !good {
			w.add(r.at(key), say("ต้องเป็นตัวเลข", "A number must stand here."))
		}
	}
	w.defaults(r, &q)
	w.fits(r, &q)
	if ok && w.place(r, name) {
		t := w.top().typ
		t.questions = append(t.questions, &questionDraft{row: r, def: q})
		w.places[t.def.Name+"."+name] = r
	}
	w.openTable(r, q)
}

// place notes a question's name in its record type.
func (w *walker) place(r row, name string) bool {
	t := w.top().typ
	if first, twice := t.names[name]; twice {
		w.add(r.at("name"), say("ชื่อ %q ซ้ำกับแถว %d", "The name %q is used in row %d already.", name, first))
		return false
	}
	t.names[name] = r.n
	return true
}

func (w *walker) metadata(r row, typ string) bool {
	meaning, ok := metadata[strings.ToLower(typ)]
	if !ok {
		return false
	}
	if name := r.text("name"); name != "" {
		w.top().typ.dropped[name] = meaning
	}
	w.warn(r.at("type"), say("ไม่ได้นำเข้า %s ระบบบันทึกเวลา ผู้ใช้ และเครื่องของทุกการบันทึกอยู่แล้ว", "%s is left out: time, user and device of every save are noted anyway.", typ))
	return true
}

// typeOf reads the type and what belongs to it. Not known: said already.
func (w *walker) typeOf(r row, typ string, q *survey.Question) bool {
	words := strings.Fields(typ)
	plain := strings.ToLower(strings.ReplaceAll(strings.Join(words, " "), "_", " "))
	mark := survey.Type(r.text(xType))
	var ok bool
	switch {
	case isTable(mark) && plain == "begin group":
		return w.tableOf(r, q, mark)
	case strings.HasPrefix(plain, "select one from file"), strings.HasPrefix(plain, "select multiple from file"), strings.HasPrefix(plain, "select one external"):
		w.add(r.at("type"), say("ไม่รองรับรายการตัวเลือกจากไฟล์ภายนอก ใส่ตัวเลือกในแผ่นงาน choices", "Choices from a file of their own are not supported: put them on the sheet choices."))
		return false
	case plain == "select one", plain == "select multiple":
		w.add(r.at("type"), say("ต้องบอกชื่อรายการตัวเลือกหลัง select_one หรือ select_multiple", "The name of a list must follow select_one or select_multiple."))
		return false
	case strings.HasPrefix(plain, "select one "), strings.HasPrefix(plain, "select multiple "), strings.HasPrefix(plain, "select all that apply "):
		return w.selectOf(r, words, plain, mark, q)
	}
	if q.Type, ok = plainTypes[plain]; !ok {
		w.add(r.at("type"), say("ไม่รองรับประเภท %q", "The type %q is not supported.", short(typ)))
		return false
	}
	if q.Type == survey.TypePhoto && isSignature(q.Appearance) && mark != survey.TypePhoto {
		q.Type = survey.TypeSignature
		q.Appearance = strings.TrimSpace(strings.TrimPrefix(q.Appearance, "signature"))
	} else if mark != "" && mark != q.Type {
		if narrower[mark] != q.Type {
			w.add(r.at(xType), say("%q ใช้กับประเภท %q ไม่ได้", "%q cannot be used with the type %q.", short(string(mark)), short(typ)))
			return false
		}
		q.Type = mark
	}
	return true
}

func isSignature(appearance string) bool {
	return appearance == "signature" || strings.HasPrefix(appearance, "signature ")
}

func (w *walker) selectOf(r row, words []string, plain string, mark survey.Type, q *survey.Question) bool {
	q.Type = survey.TypeChoice
	if !strings.HasPrefix(plain, "select one ") {
		q.Type = survey.TypeMulti
	}
	if last := strings.ToLower(words[len(words)-1]); last == "or_other" || last == "or_specify_other" {
		w.add(r.at("type"), say("ไม่รองรับ or_other เพิ่มตัวเลือก other ในรายการ และข้อ text ที่มี relevant แทน", "or_other is not supported: add a choice other to the list and a text question with relevant."))
		return false
	}
	name := words[len(words)-1]
	if strings.HasPrefix(name, "${") {
		w.add(r.at("type"), say("ไม่รองรับรายการตัวเลือกจากกลุ่มซ้ำ", "Choices made of a repeat are not supported."))
		return false
	}
	at := r.at("type")
	switch {
	case mark == survey.TypeBool && q.Type == survey.TypeChoice:
		q.Type = survey.TypeBool
		l := w.take(at, name, false)
		if l != nil && (len(l) != 2 || !hasChoice(&questionShape{choices: l}, "yes") || !hasChoice(&questionShape{choices: l}, "no")) {
			w.add(at, say("รายการของข้อใช่/ไม่ใช่ (tambonsync::type = bool) ต้องมี yes และ no เท่านั้น", "The list of a yes/no question (tambonsync::type bool) must have yes and no, and nothing else."))
		}
		return l != nil
	case mark != "" && mark != q.Type:
		w.add(r.at(xType), say("%q ใช้กับประเภท %q ไม่ได้", "%q cannot be used with the type %q.", short(string(mark)), plain))
		return false
	}
	l := w.take(at, name, !yes(r.text(xInline)))
	if q.Choices = l; !yes(r.text(xInline)) {
		q.List = name
	}
	return l != nil
}

func (w *walker) tableOf(r row, q *survey.Question, mark survey.Type) bool {
	q.Type = mark
	name := r.text(xRows)
	l := w.take(r.at(xRows), name, !yes(r.text(xInline)))
	if q.Rows = l; !yes(r.text(xInline)) {
		q.RowList = name
	}
	return l != nil
}

// openTable begins the rows that stand for the cells of a table. Its columns
// are on another sheet.
func (w *walker) openTable(r row, q survey.Question) {
	if !isTable(survey.Type(r.text(xType))) || !strings.HasPrefix(strings.ToLower(r.text("type")), "begin") {
		return
	}
	f := *w.top()
	f.row, f.repeat, f.table, f.cells, f.skip = r, false, true, nil, q.Type == "" || q.Rows == nil
	if !f.skip {
		at := len(f.typ.questions) - 1
		if at >= 0 && f.typ.questions[at].row.n == r.n {
			w.tableColumns(f.typ.def.Name, &f.typ.questions[at].def)
			q = f.typ.questions[at].def
			f.cells = append(f.cells, tableCells(&survey.Definition{Choices: w.listMap()}, &q)...)
		}
	}
	w.open = append(w.open, f)
}

// listMap has every list, for the name of the yes/no list and rows by name.
func (w *walker) listMap() map[string][]survey.Choice {
	out := map[string][]survey.Choice{}
	for name, l := range w.lists {
		if name != "yes_no" || l.shared {
			out[name] = l.choices
		}
	}
	return out
}

// defaults reads what a new record begins with.
func (w *walker) defaults(r row, q *survey.Question) {
	std, ext := r.text("default"), r.raw(xDefault)
	if ext != "" {
		if json.Unmarshal([]byte(ext), &q.Default) != nil || q.Default == nil {
			w.add(r.at(xDefault), say("ช่องนี้ต้องเป็น JSON", "This cell must hold JSON."))
			return
		}
		if want := strings.TrimSpace(standardDefault(q.Type, q.Default)); std != want && !isTable(q.Type) {
			w.add(r.at("default"), sayDiffer(r.at("default"), r.at(xDefault)))
		}
		return
	}
	if std == "" {
		return
	}
	if isExpression(std) {
		w.add(r.at("default"), say("ไม่รองรับค่าเริ่มต้นที่เป็นนิพจน์ ใช้ข้อ calculate แทน", "A default that is an expression is not supported: use a calculate."))
		return
	}
	v, ok := readDefault(q.Type, std)
	if !ok {
		w.add(r.at("default"), say("ค่าเริ่มต้นนี้ใช้กับประเภทของข้อไม่ได้", "This default does not fit the type of the question."))
		return
	}
	q.Default = v
}

func sayDiffer(a, b spot) survey.Text {
	return say("%[1]s กับ %[2]s ไม่ตรงกัน หลังส่งออกมีการแก้ช่องใดช่องหนึ่ง แก้ %[1]s แล้วลบข้อความใน %[2]s หรือคืนค่าเดิม",
		"%[1]s and %[2]s differ: one was changed after the export. Keep the right text in %[1]s and empty %[2]s, or put the old one back.", a, b)
}

// fits names the cells that a question of its type has no use for.
func (w *walker) fits(r row, q *survey.Question) {
	shown := q.Type == survey.TypeNote || q.Type == survey.TypeCalculate
	choice := q.Type == survey.TypeChoice || q.Type == survey.TypeMulti
	for _, c := range []struct {
		key string
		ok  bool
	}{
		{"calculation", q.Type == survey.TypeCalculate},
		{"choice_filter", choice},
		{"constraint", !shown},
		{"default", !shown},
		{"repeat_count", false},
		{xGroup, !shown},
		{xMin, q.Type.Number()},
		{xMax, q.Type.Number()},
		{xPartial, q.Type == survey.TypeDate},
		{xRows, isTable(q.Type)},
		{xInline, choice || isTable(q.Type)},
		{xSection, false},
	} {
		if r.text(c.key) != "" && !c.ok {
			w.add(r.at(c.key), say("%s ใช้กับข้อประเภท %s ไม่ได้", "%s cannot be used with a question of type %s.", r.sheet.raw[c.key], short(r.text("type"))))
		}
	}
	if q.Type == survey.TypeCalculate && r.text("calculation") == "" && r.raw(xCalculation) == "" {
		w.add(r.at("calculation"), say("ข้อ calculate ไม่มีสูตรในคอลัมน์ calculation", "This calculate has nothing in the column calculation."))
	}
	if shown && yes(r.text("required")) {
		w.warn(r.at("required"), say("required ของข้อที่ไม่มีคำตอบไม่มีผล", "required says nothing of a row that has no answer."))
	}
	if p := r.text("parameters"); p != "" {
		if strings.HasPrefix(p, "max-pixels") && q.Type == survey.TypePhoto {
			w.warn(r.at("parameters"), say("ไม่ได้ใช้ขนาดภาพ แอปย่อภาพเอง", "The picture's size is not used: the app makes pictures small itself."))
		} else {
			w.add(r.at("parameters"), say("ไม่รองรับ parameters %q", "The parameters %q are not supported.", short(p)))
		}
	}
	if yes(r.text("read_only")) && !shown {
		w.add(r.at("read_only"), say("ไม่รองรับข้อที่แก้ไม่ได้ (read_only) ใช้ note หรือ calculate", "A question that cannot be answered (read_only) is not supported: use a note or a calculate."))
	}
	if q.Privacy != "" && !slices.Contains([]survey.Privacy{survey.PrivacyID, survey.PrivacyName, survey.PrivacyS26}, q.Privacy) {
		w.add(r.at(xPrivacy), say("ไม่รู้จักเครื่องหมาย %q ใช้ id name หรือ s26", "The mark %q is not known: id, name or s26.", short(string(q.Privacy))))
	}
}
