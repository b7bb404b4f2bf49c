package xlsform_test

import (
	"testing"

	"tambonsync/server/xlsform"
	"tambonsync/syncproto/survey"
)

func TestBuiltInFormsComeBackTheSame(t *testing.T) {
	for _, f := range survey.Builtin().Forms() {
		t.Run(f.Ref(), func(t *testing.T) {
			if got := again(t, f); got.Hash() != f.Hash() {
				t.Errorf("hash %s, want %s\n%s\n%s", got.Hash(), f.Hash(), got.JSON(), f.JSON())
			}
		})
	}
}

// everything is a form that uses each part of the format at least once, and
// the parts that XLSForm has no word for in ways that are easily lost.
const everything = `{
 "kind":"form","name":"all-2569","version":7,"title":{"th":"ครบทุกอย่าง","en":"Everything"},"draft":true,
 "note":{"th":"ร่าง","en":"A draft"},"sources":["คู่มือ หน้า 3"," with blanks "],"notice":{"version":"1","text":{"th":"แจ้ง","en":"Notice"}},
 "choices":{
  "province":[{"name":"45","label":{"th":"ร้อยเอ็ด","en":"Roi Et"}},{"name":"49","label":{"th":"มุกดาหาร","en":"Mukdahan"}}],
  "amphoe":[{"name":"4503","label":{"th":"ปทุมรัตต์","en":"Pathum Rat"},"filter":{"province":"45","Name of":"x"}},
            {"name":"4903","label":{"th":"คำชะอี","en":"Khamcha-i"},"filter":{"province":"49","empty":""}}],
  "unused":[{"name":"a","label":{"th":"ก","en":"a"}}],
  "yes_no":[{"name":"yes","label":{"th":"เคย","en":"Ever"}},{"name":"no","label":{"th":"ไม่เคย","en":"Never"}}]},
 "record_types":[
  {"name":"household","label":{"th":"ครัวเรือน","en":"Household"},"unique":[["house_no"],["province","amphoe"]],"search":["house_no"],"title":["house_no","amphoe"],
   "sections":[{"name":"b","label":{"th":"ข","en":"B"},"relevant":"province != null"},{"name":"a","label":{"th":"ก","en":"A"},"relevant":"size >= 2.0","appearance":"field-list"},{"name":"empty","label":{"th":"ว่าง","en":"Empty"}}],
   "questions":[
    {"name":"house_no","type":"text","label":{"th":" บ้านเลขที่ ","en":"House\nnumber"},"hint":{"th":"ใบ้","en":"Hint"},"required":true,"required_message":{"th":"ต้องกรอก","en":"Needed"},"privacy":"id","carry":true,"section":"a"},
    {"name":"poor","type":"bool","label":{"th":"จน","en":"Poor"},"default":true,"section":"b"},
    {"name":"size","type":"int","label":{"th":"คน","en":"Persons"},"min":0,"max":50,"constraint":"this == count(member)","constraint_message":{"th":"ไม่ตรง","en":"Not equal"},"required":"poor || size != 3.0","default":4},
    {"name":"again","type":"text","label":{"th":"อีก","en":"Again"},"section":"a","default":"today()"},
    {"name":"income","type":"money","label":{"th":"รายได้","en":"Income"},"min":0.5,"constraint":"this < 1000000.0"},
    {"name":"share","type":"decimal","label":{"th":"ส่วน","en":"Share"},"max":1},
    {"name":"province","type":"choice","label":{"th":"จังหวัด","en":"Province"},"choices":"province","default":"45"},
    {"name":"amphoe","type":"choice","label":{"th":"อำเภอ","en":"District"},"choices":"amphoe","choice_filter":"choice.province == province"},
    {"name":"crops","type":"multi","label":{"th":"พืช","en":"Crops"},"choices":[{"name":"rice","label":{"th":"ข้าว","en":"Rice"}},{"name":"none","label":{"th":"ไม่มี","en":"None"}}],"constraint":"!(selected(this, \"none\") && count_selected(this) > 1.0)","default":["rice"]},
    {"name":"ever","type":"choice","label":{"th":"เคยไหม","en":"Ever"},"choices":"yes_no"},
    {"name":"place","type":"geopoint","label":{"th":"พิกัด","en":"Place"},"default":{"lat":15.5,"lon":103.25}},
    {"name":"head_id","type":"thai_id","label":{"th":"เลข","en":"Id"},"group":"head","privacy":"id"},
    {"name":"head_born","type":"date","label":{"th":"เกิด","en":"Born"},"partial":true,"group":"head"},
    {"name":"at","type":"time","label":{"th":"เวลา","en":"At"},"constraint":"this < \"18:00\""},
    {"name":"when","type":"datetime","label":{"th":"เมื่อ","en":"When"}},
    {"name":"pic","type":"photo","label":{"th":"รูป","en":"Picture"},"appearance":"signature x"},
    {"name":"sign","type":"signature","label":{"th":"ลายมือ","en":"Sign"},"appearance":"quick"},
    {"name":"code","type":"barcode","label":{"th":"บาร์โค้ด","en":"Code"}},
    {"name":"hello","type":"note","label":{"th":"สวัสดี","en":"Hello"},"relevant":"poor && size in [1.0, 2.0]"},
    {"name":"older","type":"calculate","label":{"th":"อายุ","en":"Age"},"calculation":"age_years(head_born, reference_date)"},
    {"name":"odd","type":"calculate","label":{"th":"แปลก","en":"Odd"},"calculation":"count(member.filter(x, x.age  >= 15.0 && x.sex == \"m\"))"},
    {"name":"table","type":"count_table","label":{"th":"สัตว์","en":"Animals"},"rows":"province","hint":{"th":"นับ","en":"Count"},"required":true,"relevant":"poor == true"},
    {"name":"work","type":"table","label":{"th":"งาน","en":"Work"},"rows":[{"name":"r1","label":{"th":"นา","en":"Rice"}},{"name":"r2","label":{"th":"สวน","en":"Garden"}}],
      "columns":[{"name":"n","type":"int","label":{"th":"จำนวน","en":"n"},"min":0,"max":9},{"name":"y","type":"bool","label":{"th":"ใช่","en":"y"}},{"name":"t","type":"text","label":{"th":"ชื่อ","en":"t"}}],"constraint":"this.r1.n > 0.0"},
    {"name":"sum","type":"calculate","label":{"th":"รวม","en":"Sum"},"calculation":"work.r1.n + table[\"45\"]"}]},
  {"name":"plot","label":{"th":"แปลง","en":"Plot"},"parent":"household","min":1,"max":1,"questions":[{"name":"area","type":"decimal","label":{"th":"ไร่","en":"Rai"}}]},
  {"name":"member","label":{"th":"สมาชิก","en":"Member"},"parent":"household","max":30,"questions":[
    {"name":"sex","type":"choice","label":{"th":"เพศ","en":"Sex"},"choices":[{"name":"m","label":{"th":"ชาย","en":"M"}},{"name":"f","label":{"th":"หญิง","en":"F"}}]},
    {"name":"age","type":"int","label":{"th":"อายุ","en":"Age"},"relevant":"position > 1.0"}]},
  {"name":"crop","label":{"th":"พืช","en":"Crop"},"parent":"plot","questions":[{"name":"kind","type":"text","label":{"th":"ชนิด","en":"Kind"},"required":"area > 1.0"}]},
  {"name":"village","label":{"th":"หมู่บ้าน","en":"Village"},"questions":[{"name":"moo","type":"int","label":{"th":"หมู่","en":"Moo"}}]}
 ]}`

func TestEveryPartOfTheFormatComesBack(t *testing.T) {
	f, err := survey.Parse([]byte(everything))
	if err != nil {
		t.Fatal(err)
	}
	if got := again(t, f); got.Hash() != f.Hash() {
		t.Errorf("got  %s\nwant %s", got.JSON(), f.JSON())
	}
}

func TestExportIsTheSameEveryTime(t *testing.T) {
	f := survey.Default()
	first, err := xlsform.Export(f)
	if err != nil {
		t.Fatal(err)
	}
	second, err := xlsform.Export(f)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := imported(t, second).Hash(), imported(t, first).Hash(); got != want {
		t.Errorf("hash %s, then %s", want, got)
	}
}
