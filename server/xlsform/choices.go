package xlsform

import (
	"encoding/json"
	"slices"
	"strings"

	"tambonsync/syncproto/survey"
)

// list is one list of the sheet choices.
type list struct {
	choices []survey.Choice
	names   map[string]int // name → row
	used    bool           // by some question, at all
	shared  bool           // by some question as a list of several
}

func (im *importer) choices() {
	s := im.book.choices
	if s == nil {
		return
	}
	for _, need := range []string{"list_name", "name"} {
		if s.heads[need] == 0 {
			im.add(spot{sheet: sheetChoices}, say("ไม่มีคอลัมน์ %q ในแผ่นงาน choices", "The sheet choices has no column %q.", need))
			return
		}
	}
	for _, r := range s.rows {
		im.choice(r)
	}
}

func (im *importer) choice(r row) {
	name, code := r.text("list_name"), r.text("name")
	switch {
	case name == "" && code == "":
		im.add(r.whole(), say("แถวนี้ไม่มี list_name และ name", "This row has no list_name and no name."))
		return
	case !isCode(name):
		im.add(r.at("list_name"), sayCode(name))
		return
	case !isCode(code):
		im.add(r.at("name"), sayCode(code))
		return
	}
	l := im.lists[name]
	if l == nil {
		l = &list{names: map[string]int{}}
		im.lists[name] = l
		im.places["choices."+name] = r
	}
	if first, twice := l.names[code]; twice {
		im.add(r.at("name"), say("ตัวเลือก %q ซ้ำในรายการ %q (แถว %d)", "The choice %q is in the list %q already (row %d).", code, name, first))
		return
	}
	l.names[code] = r.n
	c := survey.Choice{Name: code, Label: r.both("label"), Filter: im.filter(r)}
	if c.Label.TH == "" {
		im.add(r.at("label"), say("ตัวเลือกนี้ไม่มีป้ายชื่อ ใส่ในคอลัมน์ label", "This choice has no label: put it into the column label."))
	}
	l.choices = append(l.choices, c)
}

func sayCode(name string) survey.Text {
	return say("ชื่อ %q ใช้ไม่ได้ ใช้ได้เฉพาะ a–z A–Z 0–9 _ - . ขึ้นต้นด้วยตัวอักษรหรือตัวเลข ไม่เกิน 64 ตัว",
		"The name %q cannot be used: a–z, A–Z, 0–9, _, - and ., a letter or digit first, at most 64.", short(name))
}

// filter is what the further columns of the row say of the choice.
func (im *importer) filter(r row) map[string]string {
	out := map[string]string{}
	for _, key := range r.sheet.order {
		text := r.text(key)
		base, lang, spoken := strings.Cut(key, "|")
		switch {
		case text == "" || base == "label" && (!spoken || lang == "th" || lang == "en"):
		case spoken && base == "label":
			im.warn(r.at(key), say("ไม่ได้นำเข้าภาษา %q ระบบเก็บภาษาไทยและอังกฤษ", "The language %q is left out: only Thai and English are kept.", short(lang)))
		case key == xFilter:
			if json.Unmarshal([]byte(r.raw(key)), &out) != nil {
				im.add(r.at(key), say("ช่องนี้ต้องเป็น JSON ของข้อความ", "This cell must hold a JSON object of texts."))
			}
		case slices.Contains(choiceColumns[:2], key) || slices.Contains(passedOver, key) || strings.HasPrefix(key, "#"):
		case slices.Contains(choiceColumns, key) || strings.HasPrefix(key, "media::") || spoken:
			im.add(r.at(key), say("ไม่รองรับคอลัมน์ %q ของตัวเลือก", "The column %q of choices is not supported.", short(r.sheet.raw[key])))
		case !isCode(r.sheet.raw[key]):
			im.add(r.at(key), sayCode(r.sheet.raw[key]))
		default:
			out[r.sheet.raw[key]] = text
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// take marks a list as used and returns its choices.
func (im *importer) take(at spot, name string, shared bool) []survey.Choice {
	l := im.lists[name]
	if l == nil {
		im.add(at, say("ไม่มีรายการตัวเลือก %q ในแผ่นงาน choices", "There is no list %q on the sheet choices.", short(name)))
		return nil
	}
	l.used = true
	l.shared = l.shared || shared
	return l.choices
}
