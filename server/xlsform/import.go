package xlsform

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"tambonsync/syncproto/survey"
)

// Import reads an XLSForm workbook. Everything that stands in the way is in
// the problems, in the order of the workbook; if any of them is more than a
// warning, the definition is empty. A definition that is given out has passed
// [survey.Parse].
func Import(data []byte) (survey.Definition, []Problem) {
	im := &importer{lists: map[string]*list{}, places: map[string]row{}}
	var d survey.Definition
	if b := open(data, &im.problems); b != nil {
		d = im.form(b)
	}
	out := im.problems.sorted()
	if Refused(out) {
		return survey.Definition{}, out
	}
	return d, out
}

type importer struct {
	problems
	book   *book
	def    survey.Definition
	lists  map[string]*list
	types  []*typeDraft
	places map[string]row // by the places that survey.Parse names
}

func (im *importer) form(b *book) survey.Definition {
	im.book = b
	im.def.Kind = survey.KindForm
	settings := im.settings()
	im.columns()
	im.choices()
	w := walker{importer: im}
	w.walk(settings)
	im.types = w.types
	im.extras()
	if Refused(im.list) { // expressions would complain of what is missing
		im.assemble()
		im.translate()
		return survey.Definition{}
	}
	im.assemble()
	im.translate()
	if Refused(im.list) {
		return survey.Definition{}
	}
	return im.parse()
}

// settings reads the sheet settings.
func (im *importer) settings() row {
	s := im.book.settings
	if len(s.rows) == 0 {
		im.add(spot{sheet: sheetSettings}, say("แผ่นงานนี้ไม่มีข้อมูลใต้ชื่อคอลัมน์", "There is nothing below the column names of this sheet."))
		return row{sheet: s}
	}
	r := s.rows[0]
	for _, more := range s.rows[1:] {
		im.add(more.whole(), say("แผ่นงาน settings มีได้แถวเดียว", "The sheet settings has one row only."))
	}
	im.def.Name = r.text("form_id")
	switch {
	case im.def.Name == "":
		im.add(spot{sheetSettings, r.n, s.heads["form_id"]}, say("ไม่มีรหัสแบบสอบถาม ใส่ในคอลัมน์ form_id", "The form has no id: put it into the column form_id."))
	case !isName(im.def.Name):
		im.add(r.at("form_id"), sayName(im.def.Name))
	}
	im.version(r)
	im.def.Title = r.both("form_title")
	if en := r.raw(xTitleEN); strings.TrimSpace(en) != "" {
		im.def.Title.EN = en
	}
	if im.def.Title.TH == "" {
		im.def.Title = survey.Text{TH: im.def.Name, EN: im.def.Name}
	}
	if r.text("public_key") != "" {
		im.add(r.at("public_key"), say("ไม่รองรับแบบสอบถามที่เข้ารหัสด้วย public_key", "Forms that are encrypted with a public_key are not supported."))
	}
	known := []string{"form_id", "version", "default_language", "public_key", xTitleEN, xRecordType}
	for _, key := range s.order {
		if base, _, _ := strings.Cut(key, "|"); base != "form_title" && !slices.Contains(known, key) && r.text(key) != "" {
			im.warn(r.at(key), say("ไม่ได้ใช้ค่าของ %s", "The setting %s is not used.", short(s.raw[key])))
		}
	}
	return r
}

// version must be a whole number, so that it is plain which of two is newer.
func (im *importer) version(r row) {
	text := r.text("version")
	if text == "" {
		im.def.Version = 1
		im.warn(spot{sheetSettings, r.n, r.sheet.heads["version"]}, say("ไม่มีเลขรุ่น จึงใช้ 1", "There is no version; 1 is used."))
		return
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > 1<<53 {
		im.add(r.at("version"), say("เลขรุ่น %q ใช้ไม่ได้ ต้องเป็นจำนวนเต็มตั้งแต่ 1 เช่น 3 หรือ 2025010101", "The version %q cannot be used: it must be a whole number from 1, such as 3 or 2025010101.", short(text)))
	}
	im.def.Version = n
}

func sayName(name string) survey.Text {
	return say("ชื่อ %q ใช้ไม่ได้ ต้องขึ้นต้นด้วย a–z หรือ A–Z ตามด้วย a–z A–Z 0–9 _ - . ไม่เกิน 64 ตัว",
		"The name %q cannot be used: a letter a–z or A–Z first, then a–z, A–Z, 0–9, _, - and ., at most 64.", short(name))
}

// columns looks at the headings of the sheet survey.
func (im *importer) columns() {
	s := im.book.survey
	for _, need := range []string{"type", "name"} {
		if s.heads[need] == 0 {
			im.add(spot{sheet: sheetSurvey}, say("ไม่มีคอลัมน์ %q ในแผ่นงาน survey", "The sheet survey has no column %q.", need))
		}
	}
	known := headKeys(surveyHeadings())
	known = append(known, "label", "hint", "required_message", "constraint_message", "read_only", "parameters")
	for _, key := range s.order {
		if slices.Contains(known, key) || slices.Contains(passedOver, key) || strings.HasPrefix(key, "#") {
			continue
		}
		i := slices.IndexFunc(s.rows, func(r row) bool { return r.text(key) != "" })
		if i < 0 {
			continue
		}
		at := s.rows[i].at(key)
		if base, lang, ok := strings.Cut(key, "|"); ok && slices.Contains(known, base) {
			im.warn(at, say("ไม่ได้นำเข้าภาษา %q ระบบเก็บภาษาไทยและอังกฤษ", "The language %q is left out: only Thai and English are kept.", short(lang)))
			continue
		}
		im.add(at, say("ไม่รองรับคอลัมน์ %q ตรวจตัวสะกด หรือลบคอลัมน์ (บันทึกส่วนตัวใช้ชื่อคอลัมน์ notes)",
			"The column %q is not supported: see its spelling, or delete it (remarks of your own may stand in a column notes).", short(s.raw[key])))
	}
}

func headKeys(list []heading) []string {
	var out []string
	for _, h := range list {
		out = append(out, h.key)
	}
	return out
}

// assemble puts the drafts together.
func (im *importer) assemble() {
	im.def.Choices = nil
	for name, l := range im.lists {
		if l.shared || !l.used {
			if im.def.Choices == nil {
				im.def.Choices = map[string][]survey.Choice{}
			}
			im.def.Choices[name] = l.choices
		}
	}
	im.def.RecordTypes = nil
	for _, t := range im.types {
		t.def.Sections, t.def.Questions = nil, nil
		for _, s := range t.sections {
			t.def.Sections = append(t.def.Sections, s.def)
		}
		for _, q := range t.questions {
			t.def.Questions = append(t.def.Questions, q.def)
		}
		im.def.RecordTypes = append(im.def.RecordTypes, t.def)
	}
}

// parse hands the form to survey.Parse, whose word is the last.
func (im *importer) parse() survey.Definition {
	data, err := json.Marshal(im.def)
	if len(data) > maxFormBytes {
		im.add(spot{}, say("แบบสอบถามนี้ใหญ่ %d ไบต์เมื่อแปลงแล้ว รับได้ไม่เกิน 4 MiB ลดรายการตัวเลือกที่ยาว เช่น รายชื่อหมู่บ้าน",
			"As data the form has %d bytes; at most 4 MiB are taken. Shorten long lists of choices, such as lists of villages.", len(data)))
		return survey.Definition{}
	}
	if err == nil {
		var f *survey.Form
		if f, err = survey.Parse(data); err == nil {
			return f.Definition()
		}
	}
	text := strings.TrimPrefix(err.Error(), "survey: parse form: ")
	place, what, found := strings.Cut(text, ": ")
	if !found {
		place, what = "", text
	}
	if circle, ok := strings.CutPrefix(what, "depends on itself: "); ok {
		im.add(im.spotOfCircle(place), say("ข้อนี้ขึ้นกับตัวเอง: %s", "This depends on itself: %s.", short300(circle)))
		return survey.Definition{}
	}
	im.add(im.spotOf(place), say("แบบสอบถามใช้ไม่ได้ตรงนี้: %s", "The form cannot be used as it is: %s", short300(text)))
	return survey.Definition{}
}

func short300(s string) string {
	if r := []rune(s); len(r) > 300 {
		return string(r[:300]) + "…"
	}
	return s
}

// spotOf finds the row and column of a place such as "household.moo.min".
func (im *importer) spotOf(place string) spot {
	var tail string
	for at := place; at != ""; {
		if r, ok := im.places[at]; ok {
			return cellOf(r, tail)
		}
		i := strings.LastIndexAny(at, ".[")
		if i < 0 {
			break
		}
		at, tail = at[:i], strings.TrimLeft(at[i:], ".")
	}
	switch {
	case place == "name", place == "version", place == "title":
		return spot{sheet: sheetSettings}
	case strings.HasPrefix(place, "choices"):
		return spot{sheet: sheetChoices}
	case strings.HasPrefix(place, "note"), strings.HasPrefix(place, "sources"):
		return spot{sheet: sheetExtra}
	}
	return spot{sheet: sheetSurvey}
}

// spotOfCircle names the expression of the question that closes a circle.
func (im *importer) spotOfCircle(place string) spot {
	for _, f := range []field{calculationField, relevantField} {
		if at := im.spotOf(place + "." + f.std); at.col > 0 {
			return at
		}
	}
	return im.spotOf(place)
}

// cellOf finds the column that a key of the definition came from.
func cellOf(r row, key string) spot {
	for _, k := range []string{extension + "::" + key, key, key + "|th", key + "|en"} {
		if r.text(k) != "" {
			return r.at(k)
		}
	}
	if key == "choices" || key == "name" || key == "type" {
		return r.at("type")
	}
	return r.whole()
}
