package tables

import (
	"strconv"
	"strings"

	"tambonsync/syncproto/area"
)

// areaFields are how a list may tell a village.
func areaFields() []Field {
	return []Field{
		{Name: "village_code", TH: "รหัสหมู่บ้าน", EN: "Village code", Aliases: []string{"code", "รหัสหมู่บ้าน 8 หลัก", "รหัส", "vill_code", "village id", "area"}},
		{Name: "tambon_code", TH: "รหัสตำบล", EN: "Tambon code", Aliases: []string{"รหัสตำบล 6 หลัก", "tambon", "subdistrict code", "tam_code"}},
		{Name: "moo", TH: "หมู่ที่", EN: "Moo", Aliases: []string{"หมู่", "ม.", "หมู่บ้านที่", "village no", "mooban"}},
	}
}

func areaNeed() [][]string {
	return [][]string{{"village_code"}, {"tambon_code", "moo"}}
}

// village is the code of the area that a row is in: a village's, or the
// tambon's where the row says that there is no village (หมู่ 0). What the two
// ways of saying it disagree on is a problem, never a guess.
func (c *listRow) village() string {
	moo, hasMoo := c.moo()
	if c.given("village_code") {
		code := c.areaCode("village_code", 8)
		if code == "" {
			return ""
		}
		if hasMoo && moo != mooOf(code) {
			c.bad("moo", "หมู่ที่ไม่ตรงกับรหัสหมู่บ้าน", "This is not the moo of the village code.")
			return ""
		}
		if c.given("tambon_code") && c.areaCode("tambon_code", 6) != code[:6] {
			c.bad("tambon_code", "รหัสตำบลไม่ตรงกับรหัสหมู่บ้าน", "This is not the tambon of the village code.")
			return ""
		}
		return code
	}
	if !c.given("tambon_code") {
		field := "village_code"
		if !c.m.has(field) {
			field = "tambon_code"
		}
		c.bad(field, "ไม่มีรหัสพื้นที่", "The area code is missing.")
		return ""
	}
	tambon := c.areaCode("tambon_code", 6)
	switch {
	case tambon == "":
		return ""
	case !hasMoo:
		if !c.given("moo") {
			c.bad("moo", "ไม่มีหมู่ที่ หากบ้านไม่อยู่ในหมู่ใดให้ใส่ 0", "The moo is missing: write 0 if the house is in no village.")
		}
		return ""
	case moo == 0:
		return tambon
	}
	return tambon + pad2(moo)
}

// areaCode reads a code of so many digits; "" without a problem only where the
// cell is empty. One that is not in the list of today
// is kept with a note: areas are split and abolished.
func (c *listRow) areaCode(field string, digits int) string {
	text, ok := c.digits(field, digits)
	if !ok || !c.given(field) {
		return ""
	}
	code, err := area.Parse(text)
	if err != nil || text == "" {
		c.bad(field, "ไม่ใช่รหัสพื้นที่", "This is not an area code.")
		return ""
	}
	if _, known := area.Lookup(area.Code(text[:6])); !known {
		c.note(field, "ไม่มีตำบลนี้ในรายการปัจจุบัน", "This tambon is not in the list of today.")
	}
	return string(code)
}

// moo reads "7", "07", "ม.7", "หมู่ที่ ๗"; 0 or "-" is no village.
func (c *listRow) moo() (int, bool) {
	text := c.text("moo")
	if text == "" {
		return 0, false
	}
	for _, word := range []string{"หมู่บ้านที่", "หมู่ที่", "หมู่", "ม.", "moo", "Moo"} {
		text = strings.TrimPrefix(text, word)
	}
	if text = strings.TrimSpace(text); text == "-" {
		return 0, true
	}
	n, err := strconv.Atoi(strings.TrimSuffix(text, ".0"))
	if err != nil || n < 0 || n > 99 {
		c.bad("moo", "หมู่ที่ต้องเป็นตัวเลข 0 ถึง 99", "The moo must be a number from 0 to 99.")
		return 0, false
	}
	return n, true
}

func mooOf(village string) int {
	n, _ := strconv.Atoi(village[6:])
	return n
}

func pad2(n int) string { return string([]byte{'0' + byte(n/10), '0' + byte(n%10)}) }
