package tables

import (
	"crypto/sha256"
	"iter"
	"regexp"
	"strconv"
	"strings"
)

// Household is one row of a household list.
type Household struct {
	Area       string   // village code, 8 digits; the tambon's 6 where there is no village
	HouseNo    string   // "12/3"
	HouseRegID string   // the house's registration code, 11 digits; may be empty
	HeadName   string   // with its title; may be empty
	Lat, Lon   *float64 // degrees WGS 84; nil: not known
	LocalGov   string   // as written; may be empty
}

// HouseholdList is what a household list may tell.
func HouseholdList() List {
	return List{
		Name: "households",
		Fields: append(areaFields(),
			Field{Name: "house_no", TH: "บ้านเลขที่", EN: "House number", Aliases: []string{"เลขที่บ้าน", "เลขที่", "house", "house number", "address no"}, Private: true},
			Field{Name: "house_reg_id", TH: "เลขรหัสประจำบ้าน", EN: "House registration code", Aliases: []string{"รหัสประจำบ้าน", "รหัสบ้าน", "hid", "house id", "house code", "เลขรหัสประจำบ้าน 11 หลัก"}, Private: true},
			Field{Name: "head_name", TH: "ชื่อหัวหน้าครัวเรือน", EN: "Head of household", Aliases: []string{"หัวหน้าครัวเรือน", "เจ้าบ้าน", "ชื่อเจ้าบ้าน", "ชื่อ-สกุล", "ชื่อ-นามสกุล", "ชื่อสกุล", "name", "full name"}, Private: true},
			Field{Name: "prefix", TH: "คำนำหน้าชื่อ", EN: "Title", Aliases: []string{"คำนำหน้า", "prefix name", "คำนำหน้านาม"}, Private: true},
			Field{Name: "first_name", TH: "ชื่อ", EN: "First name", Aliases: []string{"ชื่อตัว", "fname"}, Private: true},
			Field{Name: "last_name", TH: "นามสกุล", EN: "Last name", Aliases: []string{"สกุล", "ชื่อสกุลหัวหน้า", "surname", "lname"}, Private: true},
			Field{Name: "lat", TH: "ละติจูด", EN: "Latitude", Aliases: []string{"y", "พิกัด y"}, Private: true},
			Field{Name: "lon", TH: "ลองจิจูด", EN: "Longitude", Aliases: []string{"x", "long", "lng", "พิกัด x"}, Private: true},
			Field{Name: "local_gov", TH: "องค์กรปกครองส่วนท้องถิ่น", EN: "Local government", Aliases: []string{"อปท", "อปท.", "เทศบาล/อบต.", "ท้องถิ่น"}},
		),
		Needs: [][][]string{areaNeed(), {{"house_no"}}},
	}
}

// Households reads a household list row by row. The first of two rows for the
// same house is taken, the second has a problem that names the first.
func Households(rows *Rows, m Mapping) iter.Seq2[Imported[Household], error] {
	seen := firstRows{}
	return readList(rows, m, func(c *listRow) Household {
		h := Household{Area: c.village(), HouseNo: c.houseNo(), HeadName: c.headName(), LocalGov: c.text("local_gov")}
		h.HouseRegID, _ = c.digits("house_reg_id", 11)
		h.Lat, h.Lon = c.position()
		if len(c.problems) > 0 {
			return h // its corrected twin may still come
		}
		keys := map[string]string{"house_no": h.Area + "/" + houseKey(h.HouseNo)}
		if h.HouseRegID != "" {
			keys["house_reg_id"] = "#" + h.HouseRegID
		}
		seen.claim(c, keys)
		return h
	})
}

// firstRows remembers in which row a key stood first. Keys are kept as hashes:
// a million of them are about 50 MB.
type firstRows map[[16]byte]int32

// claim notes a row's keys (by field), or tells in which row they were before.
func (f firstRows) claim(c *listRow, keys map[string]string) {
	hash := func(key string) [16]byte {
		sum := sha256.Sum256([]byte(key))
		return [16]byte(sum[:16])
	}
	for _, field := range c.m.list.Fields { // in the list's order
		if row, ok := f[hash(keys[field.Name])]; ok && keys[field.Name] != "" {
			n := strconv.Itoa(int(row))
			c.bad(field.Name, "ซ้ำกับแถว "+n+" ของไฟล์นี้", "The same as in row "+n+" of this file.")
		}
	}
	if len(c.problems) > 0 {
		return
	}
	for _, key := range keys {
		f[hash(key)] = int32(c.row.Number)
	}
}

// asDate is what a spreadsheet makes of 12/3 when it takes it for a day.
var asDate = regexp.MustCompile(`^(\d{4}-\d\d-\d\d( .*)?|\d{1,2}-[A-Za-z]{3}(-\d+)?|[A-Za-z]{3}-\d{1,4}|\d{1,2}[- ](ม\.ค\.|ก\.พ\.|มี\.ค\.|เม\.ย\.|พ\.ค\.|มิ\.ย\.|ก\.ค\.|ส\.ค\.|ก\.ย\.|ต\.ค\.|พ\.ย\.|ธ\.ค\.)( \d+)?)$`)

const maxHouseNo = 40 // characters

func (c *listRow) houseNo() string {
	before := len(c.problems)
	text := c.text("house_no")
	for _, word := range []string{"บ้านเลขที่", "เลขที่"} {
		text = strings.TrimSpace(strings.TrimPrefix(text, word))
	}
	switch {
	case text == "" && len(c.problems) == before:
		c.bad("house_no", "ไม่มีบ้านเลขที่", "The house number is missing.")
	case asDate.MatchString(text):
		c.bad("house_no", "โปรแกรมตารางเปลี่ยนบ้านเลขที่เป็นวันที่ ตั้งคอลัมน์เป็นข้อความแล้วพิมพ์ใหม่",
			"The spreadsheet made a date of this house number: make the column text and type it again.")
	case len([]rune(text)) > maxHouseNo:
		c.bad("house_no", "บ้านเลขที่ยาวเกินไป", "This house number is too long.")
	}
	return strings.TrimSuffix(text, ".0")
}

func houseKey(s string) string {
	return strings.ToLower(strings.ReplaceAll(s, " ", ""))
}

// headName is the name in one cell, or put together: a Thai title stands before
// the name without a space.
func (c *listRow) headName() string {
	if name := c.text("head_name"); name != "" {
		return name
	}
	name := c.text("first_name")
	if prefix := c.text("prefix"); name != "" && prefix != "" {
		if prefix[0] < 0x80 {
			prefix += " "
		}
		name = prefix + name
	}
	return strings.TrimSpace(name + " " + c.text("last_name"))
}
