package area

import (
	"strings"
	"testing"
)

func TestListHasEveryAreaOfThailand(t *testing.T) {
	p, a, d := Count()
	if p != 77 || a != 928 || d != 7436 {
		t.Fatalf("got %d provinces, %d amphoe, %d tambon; want 77, 928, 7436", p, a, d)
	}
}

func TestListIsSortedUniqueAndComplete(t *testing.T) {
	var last Code
	for _, a := range list() {
		if a.Code <= last {
			t.Errorf("%s comes after %s", a.Code, last)
		}
		last = a.Code
		if l := a.Code.Level(); l < LevelProvince || l > LevelTambon {
			t.Errorf("%s is a %v", a.Code, l)
		}
		if p := a.Code.Parent(); p != "" {
			if _, ok := Lookup(p); !ok {
				t.Errorf("%s %s: parent %s is missing", a.Code, a.NameTH, p)
			}
		}
		if CleanName(a.NameTH) != a.NameTH || a.NameTH == "" {
			t.Errorf("%s: name %q is not clean", a.Code, a.NameTH)
		}
	}
}

func TestProvincesHaveTheirAmphoeAndTambon(t *testing.T) {
	tests := []struct {
		name           string
		code           Code
		amphoe, tambon int
	}{
		{"กรุงเทพมหานคร", "10", 50, 180},
		{"บึงกาฬ", "38", 8, 53},
		{"พิษณุโลก", "65", 9, 93},
		{"ตรัง", "92", 10, 87},
		{"ปัตตานี", "94", 12, 115},
		{"ยะลา", "95", 8, 58},
		{"นราธิวาส", "96", 13, 77},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if a, ok := Lookup(tt.code); !ok || a != (Area{tt.code, tt.name}) {
				t.Fatalf("Lookup(%s) = %v, %v", tt.code, a, ok)
			}
			tambon := 0
			for _, a := range Children(tt.code) {
				tambon += len(Children(a.Code))
			}
			if n := len(Children(tt.code)); n != tt.amphoe || tambon != tt.tambon {
				t.Errorf("got %d amphoe and %d tambon, want %d and %d", n, tambon, tt.amphoe, tt.tambon)
			}
		})
	}
}

func TestChildrenWalkReachesTheWholeList(t *testing.T) {
	var seen []Area
	var walk func(Code)
	walk = func(c Code) {
		for _, a := range Children(c) {
			if a.Code.Parent() != c {
				t.Errorf("%s is given as a child of %q", a.Code, c)
			}
			seen = append(seen, a)
			walk(a.Code)
		}
	}
	walk("")
	if len(seen) != 77+928+7436 || len(Children("")) != 77 {
		t.Errorf("reached %d areas from %d provinces", len(seen), len(Children("")))
	}
	for _, c := range []Code{"450303", "45030301", "4599", "99", "4", "45x"} {
		if got := Children(c); got != nil {
			t.Errorf("Children(%q) = %v, want none", c, got)
		}
	}
}

func TestLookupKnowsOnlyWhatIsInTheList(t *testing.T) {
	for _, c := range []Code{"", "4", "99", "4599", "450399", "45030301", "102203", "๔๕"} {
		if a, ok := Lookup(c); ok || a != (Area{}) {
			t.Errorf("Lookup(%q) = %v, %v; want nothing", c, a, ok)
		}
	}
}

func TestFullName(t *testing.T) {
	tests := []struct {
		name string
		code Code
		want string
	}{
		{"province", "92", "จังหวัดตรัง"},
		{"amphoe", "9202", "อำเภอกันตัง จังหวัดตรัง"},
		{"amphoe of Phitsanulok", "6508", "อำเภอวังทอง จังหวัดพิษณุโลก"},
		{"tambon", "450303", "ตำบลหนองแคน อำเภอปทุมรัตต์ จังหวัดร้อยเอ็ด"},
		{"another tambon of that name", "490404", "ตำบลหนองแคน อำเภอดงหลวง จังหวัดมุกดาหาร"},
		{"village", "45030301", "หมู่ที่ 1 ตำบลหนองแคน อำเภอปทุมรัตต์ จังหวัดร้อยเอ็ด"},
		{"village with two digits", "45030312", "หมู่ที่ 12 ตำบลหนองแคน อำเภอปทุมรัตต์ จังหวัดร้อยเอ็ด"},
		{"Bangkok", "10", "กรุงเทพมหานคร"},
		{"khet", "1030", "เขตจตุจักร กรุงเทพมหานคร"},
		{"khwaeng", "103001", "แขวงลาดยาว เขตจตุจักร กรุงเทพมหานคร"},
		{"misnumbered in the package", "380204", "ตำบลหนองหัวช้าง อำเภอพรเจริญ จังหวัดบึงกาฬ"},
		{"unknown tambon", "450399", "ตำบล 450399 อำเภอปทุมรัตต์ จังหวัดร้อยเอ็ด"},
		{"abolished khwaeng", "102203", "แขวง 102203 เขตภาษีเจริญ กรุงเทพมหานคร"},
		{"unknown province", "99", "จังหวัด 99"},
		{"not a code", "45x", "45x"},
		{"empty", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := FullName(tt.code); got != tt.want {
				t.Errorf("FullName(%q)\n got %s\nwant %s", tt.code, got, tt.want)
			}
		})
	}
}

func TestFullNamesNeverRepeat(t *testing.T) {
	seen := map[string]Code{}
	for _, a := range list() {
		name := FullName(a.Code)
		if other, ok := seen[name]; ok {
			t.Errorf("%s and %s are both %s", other, a.Code, name)
		}
		seen[name] = a.Code
	}
}

func TestDecodeRefusesABrokenFile(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"empty", "", "heading"},
		{"no heading", "45\tร้อยเอ็ด\n", "heading"},
		{"no tab", "code\tname_th\n45 ร้อยเอ็ด\n", "line 2"},
		{"no name", "code\tname_th\n45\t\n", "line 2"},
		{"bad code", "code\tname_th\n4x\tร้อยเอ็ด\n", "line 2"},
		{"not sorted", "code\tname_th\n45\tร้อยเอ็ด\n10\tกรุงเทพมหานคร\n", "line 3"},
		{"a code twice", "code\tname_th\n45\tร้อยเอ็ด\n45\tร้อยเอ็ด\n", "line 3"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := decode(tt.in); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}
