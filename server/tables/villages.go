package tables

import (
	"iter"
	"slices"
	"strings"
)

// Village is one row of an area list.
type Village struct {
	Code         string // 8 digits
	NameTH       string
	NameEN       string // may be empty
	LocalGovCode string // as the office writes it; may be empty
	LocalGovName string
	LocalGovKind string   // one of LocalGovKinds; empty: not known
	Lat, Lon     *float64 // degrees WGS 84; nil: not known
	ValidFrom    string   // ISO date, C.E.; empty: not known
	ValidTo      string   // the last day; empty: still valid
	Predecessor  string   // the code of the village it was before or was split from; may be empty
}

// Moo is the village's number in its tambon.
func (v Village) Moo() int { return mooOf(v.Code) }

// LocalGovKinds are the kinds of local government: อบจ. อบต. เทศบาลตำบล
// เทศบาลเมือง เทศบาลนคร, and the two of their own kind (กรุงเทพฯ, พัทยา).
func LocalGovKinds() []string {
	return []string{"pao", "sao", "subdistrict_municipality", "town_municipality", "city_municipality", "special"}
}

// VillageList is what an area list may tell.
func VillageList() List {
	fields := areaFields()
	fields[0].Aliases = append(fields[0].Aliases, "รหัสพื้นที่")
	return List{
		Name: "villages",
		Fields: append(fields,
			Field{Name: "name_th", TH: "ชื่อหมู่บ้าน", EN: "Village name", Aliases: []string{"หมู่บ้าน", "บ้าน", "ชื่อบ้าน", "ชื่อ", "name", "village", "village name th"}},
			Field{Name: "name_en", TH: "ชื่อหมู่บ้าน (อังกฤษ)", EN: "Village name (English)", Aliases: []string{"ชื่อภาษาอังกฤษ", "english name", "village name en"}},
			Field{Name: "local_gov_code", TH: "รหัส อปท.", EN: "Local government code", Aliases: []string{"รหัสองค์กรปกครองส่วนท้องถิ่น", "lgo code", "dla code"}},
			Field{Name: "local_gov_name", TH: "องค์กรปกครองส่วนท้องถิ่น", EN: "Local government", Aliases: []string{"อปท.", "ชื่อ อปท.", "local_gov", "เทศบาล/อบต."}},
			Field{Name: "local_gov_kind", TH: "ประเภท อปท.", EN: "Kind of local government", Aliases: []string{"ประเภทองค์กรปกครองส่วนท้องถิ่น", "local government kind"}},
			Field{Name: "lat", TH: "ละติจูด", EN: "Latitude", Aliases: []string{"y", "พิกัด y"}},
			Field{Name: "lon", TH: "ลองจิจูด", EN: "Longitude", Aliases: []string{"x", "long", "lng", "พิกัด x"}},
			Field{Name: "valid_from", TH: "ใช้ตั้งแต่", EN: "Valid from", Aliases: []string{"วันที่เริ่มใช้", "วันที่ตั้ง", "start date"}},
			Field{Name: "valid_to", TH: "ใช้ถึง", EN: "Valid to", Aliases: []string{"วันที่เลิกใช้", "วันที่สิ้นสุด", "end date"}},
			Field{Name: "predecessor", TH: "รหัสเดิม", EN: "Predecessor", Aliases: []string{"รหัสหมู่บ้านเดิม", "แยกจาก", "old code"}},
		),
		Needs: [][][]string{areaNeed(), {{"name_th"}}},
	}
}

// Villages reads an area list row by row. Of two rows with the same code the
// first is taken, the second has a problem that names the first.
func Villages(rows *Rows, m Mapping) iter.Seq2[Imported[Village], error] {
	seen := firstRows{}
	return readList(rows, m, func(c *listRow) Village {
		v := Village{
			Code: c.village(), NameTH: c.text("name_th"), NameEN: c.text("name_en"),
			LocalGovCode: c.text("local_gov_code"), LocalGovName: c.text("local_gov_name"),
		}
		if len(v.Code) == 6 {
			c.bad("moo", "รายการหมู่บ้านต้องมีหมู่ที่ 1 ถึง 99", "A list of villages needs a moo from 1 to 99.")
		}
		if !c.given("name_th") {
			c.bad("name_th", "ไม่มีชื่อหมู่บ้าน", "The village's name is missing.")
		}
		v.LocalGovKind = c.localGovKind(v.LocalGovName)
		v.Lat, v.Lon = c.position()
		v.ValidFrom, v.ValidTo = c.date("valid_from"), c.date("valid_to")
		if v.ValidFrom != "" && v.ValidTo != "" && v.ValidTo < v.ValidFrom {
			c.bad("valid_to", "วันที่สิ้นสุดอยู่ก่อนวันที่เริ่ม", "The last day is before the first.")
		}
		if v.Predecessor = c.areaCode("predecessor", 8); v.Predecessor != "" && v.Predecessor == v.Code {
			c.bad("predecessor", "รหัสเดิมเป็นรหัสเดียวกัน", "This is the village's own code.")
		}
		if len(c.problems) == 0 {
			field := "village_code"
			if !m.has(field) {
				field = "tambon_code"
			}
			seen.claim(c, map[string]string{field: v.Code})
		}
		return v
	})
}

// localGovKind reads the kind, or tells it from the name ("อบต.หนองแคน").
func (c *listRow) localGovKind(name string) string {
	text := c.text("local_gov_kind")
	if slices.Contains(LocalGovKinds(), text) {
		return text
	}
	if kind := kindOf(text); kind != "" || text == "" {
		if kind == "" {
			kind = kindOf(name)
		}
		return kind
	}
	c.bad("local_gov_kind", "ไม่มีประเภท อปท. นี้ เช่น อบต. เทศบาลตำบล เทศบาลเมือง เทศบาลนคร อบจ.",
		"There is no such kind of local government: "+strings.Join(LocalGovKinds(), ", ")+".")
	return ""
}

func kindOf(text string) string {
	for _, k := range []struct{ word, kind string }{
		{"องค์การบริหารส่วนจังหวัด", "pao"},
		{"อบจ", "pao"},
		{"องค์การบริหารส่วนตำบล", "sao"},
		{"อบต", "sao"},
		{"เทศบาลตำบล", "subdistrict_municipality"},
		{"ทต", "subdistrict_municipality"},
		{"เทศบาลเมืองพัทยา", "special"},
		{"เทศบาลเมือง", "town_municipality"},
		{"ทม", "town_municipality"},
		{"เทศบาลนคร", "city_municipality"},
		{"ทน", "city_municipality"},
		{"กรุงเทพมหานคร", "special"},
		{"กทม", "special"},
		{"เมืองพัทยา", "special"},
	} {
		if strings.HasPrefix(text, k.word) {
			return k.kind
		}
	}
	return ""
}
