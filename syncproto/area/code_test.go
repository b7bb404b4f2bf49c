package area

import (
	"strings"
	"testing"
)

func TestParseAcceptsWhatPeopleWrite(t *testing.T) {
	tests := []struct {
		name, in string
		want     Code
		level    Level
	}{
		{"province", "45", "45", LevelProvince},
		{"amphoe", "4503", "4503", LevelAmphoe},
		{"tambon", "450303", "450303", LevelTambon},
		{"village", "45030301", "45030301", LevelVillage},
		{"Thai digits", "๔๕๐๓๐๓", "450303", LevelTambon},
		{"Thai and ASCII digits mixed", "45๐๓03๑๒", "45030312", LevelVillage},
		{"spaces around", " \t450303\r\n", "450303", LevelTambon},
		{"no-break space around", "\u00a0450303\u00a0", "450303", LevelTambon},
		{"well formed but no such area", "9999", "9999", LevelAmphoe},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Parse(tt.in)
			if err != nil || got != tt.want {
				t.Fatalf("Parse(%q) = %q, %v; want %q", tt.in, got, err, tt.want)
			}
			if !got.Valid() || got.Level() != tt.level {
				t.Errorf("valid %v, level %v; want true, %v", got.Valid(), got.Level(), tt.level)
			}
		})
	}
}

func TestParseSaysWhatIsWrong(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"empty", "", "empty"},
		{"only spaces", " \u00a0 ", "empty"},
		{"one digit", "4", "1 digits"},
		{"odd number of digits", "45030", "5 digits"},
		{"too long", "4503030101", "10 digits"},
		{"too long in Thai digits", "๔๕๐๓๐๓๐๑๐๑", "10 digits"},
		{"letter", "4503o3", `character 5, 'o', is not a digit`},
		{"position counts characters, not bytes", "๔๕x๓", `character 3, 'x', is not a digit`},
		{"space inside", "45 03", `character 3, ' ', is not a digit`},
		{"sign", "-450303", `character 1, '-', is not a digit`},
		{"decimal number from a spreadsheet", "450303.0", `character 7, '.', is not a digit`},
		{"full-width digits", "４５", "is not a digit"},
		{"zero-width space", "45\u200b03", "is not a digit"},
		{"broken UTF-8", "45\xff3", "is not a digit"},
		{"province 00", "00", "province are 00"},
		{"padded amphoe", "45030000", "tambon are 00"},
		{"village 00", "45030300", "village are 00"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Parse(tt.in)
			if err == nil {
				t.Fatalf("Parse(%q) = %q, want an error", tt.in, got)
			}
			if got != "" || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %q, error %q; want no code and %q", got, err, tt.want)
			}
		})
	}
}

func TestParseErrorStaysShortForLongInput(t *testing.T) {
	_, err := Parse(strings.Repeat("1", 1<<20))
	if err == nil || len(err.Error()) > 200 {
		t.Fatalf("got an error of %d bytes", len(err.Error()))
	}
}

func TestMalformedCodesHaveNoLevelAndNoParts(t *testing.T) {
	for _, c := range []Code{"", "4", "450", "45a3", "๔๕", " 45", "45030300", "4500", "4503030101"} {
		t.Run(string(c), func(t *testing.T) {
			if c.Valid() || c.Level() != LevelNone {
				t.Errorf("valid %v, level %v", c.Valid(), c.Level())
			}
			for name, got := range map[string]Code{
				"parent": c.Parent(), "province": c.Province(), "amphoe": c.Amphoe(),
				"tambon": c.Tambon(), "feed": c.Feed(),
			} {
				if got != "" {
					t.Errorf("%s = %q, want none", name, got)
				}
			}
			if c.Village() != 0 {
				t.Errorf("village = %d, want 0", c.Village())
			}
		})
	}
}

func TestPartsOfACode(t *testing.T) {
	tests := []struct {
		name                                         string
		code, parent, province, amphoe, tambon, feed Code
		village                                      int
	}{
		{"province", "45", "", "45", "", "", "45", 0},
		{"amphoe", "4503", "45", "45", "4503", "", "4503", 0},
		{"tambon", "450303", "4503", "45", "4503", "450303", "450303", 0},
		{"village", "45030312", "450303", "45", "4503", "450303", "450303", 12},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := tt.code
			got := [...]Code{c.Parent(), c.Province(), c.Amphoe(), c.Tambon(), c.Feed()}
			want := [...]Code{tt.parent, tt.province, tt.amphoe, tt.tambon, tt.feed}
			if got != want {
				t.Errorf("parent, province, amphoe, tambon, feed:\n got %q\nwant %q", got, want)
			}
			if c.Village() != tt.village {
				t.Errorf("village = %d, want %d", c.Village(), tt.village)
			}
		})
	}
}

func TestContains(t *testing.T) {
	tests := []struct {
		name         string
		outer, inner Code
		want         bool
	}{
		{"itself", "4503", "4503", true},
		{"a village is in its province", "45", "45030301", true},
		{"a village is in its tambon", "450303", "45030301", true},
		{"a tambon is not in its village", "45030301", "450303", false},
		{"a neighbour", "450303", "450304", false},
		{"another province with the same last digits", "45", "54", false},
		{"empty contains nothing", "", "45", false},
		{"empty does not contain itself", "", "", false},
		{"nothing contains empty", "45", "", false},
		{"half a level contains nothing", "450", "4503", false},
		{"a malformed code is nowhere", "45", "45x3", false},
		{"a padded code contains nothing", "4500", "450001", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.outer.Contains(tt.inner); got != tt.want {
				t.Errorf("Code(%q).Contains(%q) = %v, want %v", tt.outer, tt.inner, got, tt.want)
			}
		})
	}
}

func TestLevelsHaveNames(t *testing.T) {
	got := []string{LevelNone.String(), LevelProvince.String(), LevelAmphoe.String(), LevelTambon.String(), LevelVillage.String(), Level(9).String()}
	want := "none province amphoe tambon village Level(9)"
	if strings.Join(got, " ") != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"45", "๔๕๐๓๐๓", " 45030301 ", "4500", "45-03", "45\xff", "450303.0", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := Parse(s)
		if err != nil {
			if c != "" {
				t.Fatalf("Parse(%q) gave both %q and %v", s, c, err)
			}
			return
		}
		if !c.Valid() || len(c) != 2*int(c.Level()) {
			t.Fatalf("Parse(%q) = %q, which is not valid", s, c)
		}
		if again, err := Parse(string(c)); err != nil || again != c {
			t.Fatalf("Parse(%q) = %q, %v", c, again, err)
		}
		if !c.Contains(c) || !c.Province().Contains(c) || !c.Feed().Contains(c) {
			t.Fatalf("%q is not within itself, its province and its feed", c)
		}
		if p := c.Parent(); p != "" && (c.Contains(p) || !p.Contains(c) || p.Level() != c.Level()-1) {
			t.Fatalf("%q has the parent %q", c, p)
		}
	})
}
