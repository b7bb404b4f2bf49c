// Package area knows the administrative areas of Thailand: how their codes
// nest (province > amphoe > tambon > village), and the names of the provinces,
// amphoe and tambon of today.
//
// It must not know who may see an area (grants), nor the names of villages:
// those come from each office by import and live in its store. The list is the
// present one; an area that was split or abolished is well formed but unknown
// here, so old records keep their codes and show them as digits.
package area

import (
	"errors"
	"fmt"
	"strings"
)

// Code is an administrative area code in ASCII digits, two for each level:
// province "45", amphoe "4503", tambon "450303", village "45030301" (the last
// two digits are the หมู่ number). The zero value is no area.
//
// One area has one code. A level is never padded with 00: a household in a
// town without หมู่ carries its tambon's code.
type Code string

// Level is the depth of a code. The zero value belongs to a code that is
// empty or not well formed.
type Level int

// The levels, from no area at all to the smallest one.
const (
	LevelNone     Level = iota
	LevelProvince       // จังหวัด, and Bangkok
	LevelAmphoe         // อำเภอ, in Bangkok เขต
	LevelTambon         // ตำบล, in Bangkok แขวง
	LevelVillage        // หมู่บ้าน
)

var levelNames = [...]string{"none", "province", "amphoe", "tambon", "village"}

func (l Level) String() string {
	if l < LevelNone || l > LevelVillage {
		return fmt.Sprintf("Level(%d)", int(l))
	}
	return levelNames[l]
}

// Parse reads a code as people and spreadsheets write it: Thai digits and
// surrounding spaces are accepted, anything else that is not a code is refused
// with what is wrong. It looks at the form only; ask [Lookup] whether such an
// area exists.
func Parse(s string) (Code, error) {
	code, err := parse(strings.TrimSpace(s))
	if err != nil {
		// The text is cut: it may be a whole file pasted into one cell.
		return "", fmt.Errorf("area code %.20q: %w", s, err)
	}
	return code, nil
}

func parse(s string) (Code, error) {
	if s == "" {
		return "", errors.New("empty")
	}
	digits := make([]byte, 0, 8)
	n := 0
	for _, r := range s {
		n++
		switch {
		case '0' <= r && r <= '9':
			digits = append(digits, byte(r))
		case '๐' <= r && r <= '๙':
			digits = append(digits, byte('0'+r-'๐'))
		default:
			return "", fmt.Errorf("character %d, %q, is not a digit", n, r)
		}
	}
	if n > 8 || n%2 != 0 {
		return "", fmt.Errorf("%d digits; a code has 2, 4, 6 or 8", n)
	}
	code := Code(digits)
	for l := LevelProvince; int(l)*2 <= n; l++ {
		if code[l*2-2:l*2] == "00" {
			return "", fmt.Errorf("the digits of the %s are 00; leave out the levels that are not meant", l)
		}
	}
	return code, nil
}

// Valid reports whether the code is well formed. It does not say that the area
// exists.
func (c Code) Valid() bool { return c.Level() != LevelNone }

// Level is the level of a well-formed code, and LevelNone for anything else.
func (c Code) Level() Level {
	if len(c) == 0 || len(c) > 8 || len(c)%2 != 0 {
		return LevelNone
	}
	for i := 0; i < len(c); i += 2 {
		if !isDigit(c[i]) || !isDigit(c[i+1]) || c[i:i+2] == "00" {
			return LevelNone
		}
	}
	return Level(len(c) / 2)
}

func isDigit(b byte) bool { return '0' <= b && b <= '9' }

// Parent is the area one level up. A province, and a code that is not valid,
// has none.
func (c Code) Parent() Code { return c.up(c.Level() - 1) }

// Province is the province the code lies in, or "" if the code is not valid.
func (c Code) Province() Code { return c.up(LevelProvince) }

// Amphoe is the amphoe the code lies in, or "" above that level.
func (c Code) Amphoe() Code { return c.up(LevelAmphoe) }

// Tambon is the tambon the code lies in, or "" above that level.
func (c Code) Tambon() Code { return c.up(LevelTambon) }

// up truncates to a level; a code that does not reach so deep gives "".
func (c Code) up(l Level) Code {
	if l <= LevelNone || c.Level() < l {
		return ""
	}
	return c[:l*2]
}

// Feed is the key of the change feed that carries the records of this area:
// the tambon, or the code itself where it is shorter. All villages of a tambon
// share one feed; a record filed under an amphoe is not in any tambon's feed.
func (c Code) Feed() Code {
	if c.Level() > LevelTambon {
		return c.Tambon()
	}
	return c.up(c.Level())
}

// FeedSpan returns the bounds, from <= code < to, of the codes whose records a
// cursor on c covers: a tambon or village with all below it; a shorter code
// only itself, since the tambons below it have feeds of their own.
func (c Code) FeedSpan() (from, to string) {
	if len(c) < len("450303") {
		return string(c), string(c) + "\x00"
	}
	return c.Span()
}

// Span returns the bounds, from <= code < to, of c and all codes below it.
func (c Code) Span() (from, to string) { return string(c), string(c) + ":" } // ':' follows '9'

// Village is the หมู่ number, 1 to 99, and 0 for a code that is no village.
func (c Code) Village() int {
	if c.Level() != LevelVillage {
		return 0
	}
	return int(c[6]-'0')*10 + int(c[7]-'0')
}

// Contains reports whether other is this area or lies within it. A code that
// is not valid contains nothing and lies in nothing, so a grant left empty by
// mistake opens no area rather than the whole country.
func (c Code) Contains(other Code) bool {
	return c.Valid() && other.Valid() && strings.HasPrefix(string(other), string(c))
}
