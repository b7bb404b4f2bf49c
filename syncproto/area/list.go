package area

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

//go:generate sh gen/generate.sh

// areas.tsv holds one area a line, code and Thai name, sorted by code, so a
// province is followed by its amphoe and each of those by its tambon. It is
// generated; NOTICE says from what.
//
//go:embed areas.tsv
var areasTSV string

// Bangkok is the one province with words of its own for the levels below it.
const bangkok Code = "10"

// Area is a province, amphoe or tambon of the embedded list.
type Area struct {
	Code   Code
	NameTH string // without the word for its level: "หนองแคน", not "ตำบลหนองแคน"
}

// list decodes areas.tsv once, on first use, sorted by code. Nothing changes
// the slice afterwards, and it is never handed out.
var list = sync.OnceValue(func() []Area {
	areas, err := decode(areasTSV)
	if err != nil {
		panic("areas.tsv: " + err.Error()) // a broken build, found by the first test
	}
	return areas
})

func decode(tsv string) ([]Area, error) {
	body, ok := strings.CutPrefix(tsv, "code\tname_th\n")
	if !ok {
		return nil, fmt.Errorf("line 1 is not the heading")
	}
	areas := make([]Area, 0, strings.Count(body, "\n"))
	var last Code
	for line := range strings.Lines(body) {
		code, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		a := Area{Code(code), name}
		if !ok || !a.Code.Valid() || name == "" || a.Code <= last {
			return nil, fmt.Errorf("line %d is malformed or out of order", len(areas)+2)
		}
		areas, last = append(areas, a), a.Code
	}
	return areas, nil
}

// find is the position of c in the list, or where it would be.
func find(areas []Area, c Code) (int, bool) {
	return slices.BinarySearchFunc(areas, c, func(a Area, c Code) int {
		return strings.Compare(string(a.Code), string(c))
	})
}

// Lookup finds a province, amphoe or tambon. Villages are not in the list.
func Lookup(c Code) (Area, bool) {
	i, ok := find(list(), c)
	if !ok {
		return Area{}, false
	}
	return list()[i], true
}

// Children are the areas one level below c, in code order: the provinces for
// "", none for a tambon (villages are not in the list) or an unknown code.
// Code order is not the order of the alphabet.
func Children(c Code) []Area {
	areas := list()
	if c != "" {
		i, ok := find(areas, c)
		if !ok {
			return nil
		}
		areas = areas[i+1:]
	}
	var children []Area
	for _, a := range areas {
		if !strings.HasPrefix(string(a.Code), string(c)) {
			break
		}
		if len(a.Code) == len(c)+2 {
			children = append(children, a)
		}
	}
	return children
}

// Count gives how many areas the list has at each level.
func Count() (provinces, amphoe, tambon int) {
	var n [LevelVillage + 1]int
	for _, a := range list() {
		n[a.Code.Level()]++
	}
	return n[LevelProvince], n[LevelAmphoe], n[LevelTambon]
}

// levelWord is the word written before a name of this level.
func levelWord(c Code) string {
	switch l := c.Level(); {
	case l == LevelProvince && c == bangkok:
		return ""
	case l == LevelProvince:
		return "จังหวัด"
	case l == LevelAmphoe && c.Province() == bangkok:
		return "เขต"
	case l == LevelAmphoe:
		return "อำเภอ"
	case c.Province() == bangkok:
		return "แขวง"
	default:
		return "ตำบล"
	}
}

// FullName names an area so that it cannot be taken for another, as an address
// is written: "ตำบลหนองแคน อำเภอปทุมรัตต์ จังหวัดร้อยเอ็ด". Many tambon share
// a name, so this is what people should be shown. A level that is not in the
// list shows its code, "ตำบล 450399 อำเภอปทุมรัตต์ จังหวัดร้อยเอ็ด", and what
// is not a code comes back as it is.
func FullName(c Code) string {
	if !c.Valid() {
		return string(c)
	}
	var parts []string
	if c.Level() == LevelVillage {
		parts = append(parts, "หมู่ที่ "+strconv.Itoa(c.Village()))
		c = c.Tambon()
	}
	for ; c != ""; c = c.Parent() {
		name := " " + string(c)
		if a, ok := Lookup(c); ok {
			name = a.NameTH
		}
		parts = append(parts, levelWord(c)+name)
	}
	return strings.Join(parts, " ")
}
