package area

import (
	"slices"
	"strings"
	"testing"
)

func codes(areas []Area) []Code {
	var cs []Code
	for _, a := range areas {
		cs = append(cs, a.Code)
	}
	return cs
}

func TestSearchFindsEveryAreaOfAName(t *testing.T) {
	tests := []struct {
		name, in string
		want     []Code
	}{
		{"a province and a far tambon of one name", "ตรัง", []Code{"92", "940503"}},
		{"amphoe and tambon of one name", "กันตัง", []Code{"9202", "920201"}},
		{"hyphen in a name", "สุไหงโก-ลก", []Code{"9610", "961001"}},
		{"spelt with other marks", "น\u0e4d\u0e49\u0e32จั้น", []Code{"380406"}},
		{"word for the level", "อำเภอกันตัง", []Code{"9202"}},
		{"word for the level and a space", "ตำบล กันตัง", []Code{"920201"}},
		{"short word for the level", "จ.ตรัง", []Code{"92"}},
		{"a name that begins like a short word", "จ.ป.ร.", []Code{"850406"}},
		{"wrong level", "อำเภอตรัง", nil},
		{"part of a name", "กันตั", nil},
		{"only the word", "ตำบล", nil},
		{"empty", "", nil},
		{"far too long", "ตรัง" + strings.Repeat(" ", maxName), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := codes(Search(tt.in)); !slices.Equal(got, tt.want) {
				t.Errorf("Search(%q) = %v, want %v", tt.in, got, tt.want)
			}
		})
	}
}

func TestNamesRepeatSoTheyAreNoKey(t *testing.T) {
	byName := map[string]int{}
	for _, a := range list() {
		if a.Code.Level() == LevelTambon {
			byName[a.NameTH]++
		}
	}
	repeated := 0
	for _, n := range byName {
		if n > 1 {
			repeated++
		}
	}
	if repeated != 795 || byName["หนองบัว"] != 28 {
		t.Errorf("%d tambon names repeat, หนองบัว %d times; want 795 and 28", repeated, byName["หนองบัว"])
	}
	if got := len(Search("ตำบลหนองบัว")); got != 28 {
		t.Errorf("Search finds %d tambon หนองบัว, want 28", got)
	}
	khaen := codes(Search("หนองแคน"))
	if !slices.Contains(khaen, "450303") || !slices.Contains(khaen, "490404") {
		t.Errorf("Search(หนองแคน) = %v, want 450303 and 490404 among them", khaen)
	}
}
