package survey

import (
	"slices"
	"strings"

	"tambonsync/syncproto/area"
)

// titles are what people write before a name. Longer ones stand before those
// that they begin with.
var titles = []string{
	"เด็กหญิง", "เด็กชาย", "นางสาว", "นาง", "นาย", "น.ส.", "นส.", "ด.ช.", "ดช.", "ด.ญ.", "ดญ.",
	"mister", "master", "miss", "mrs.", "mrs ", "mr.", "mr ", "ms.", "ms ",
}

// NormaliseName gives one spelling for all ways to write a person's name that
// look alike or mean the same, to find one person who was recorded twice. It
// drops titles, spaces, dots, dashes and marks without width, makes Thai digits
// 0–9, nikhahit + า into ำ, and Latin letters small. It is for comparing, not
// for showing: two names that give the same text may differ. A title alone
// gives "". Only the first
// 300 bytes count. "" stays "".
func NormaliseName(s string) string {
	s = strings.ToLower(area.CleanName(s[:min(len(s), 300)]))
	for _, title := range titles {
		rest, found := strings.CutPrefix(s, title)
		if rest = strings.TrimSpace(rest); found && len([]rune(rest)) != 1 {
			s = rest
			break
		}
	}
	return strings.Map(func(r rune) rune {
		if slices.Contains([]rune{' ', '.', '-', '_', ',', '\'', '’'}, r) {
			return -1
		}
		return r
	}, s)
}

// NormaliseNumber gives one spelling for all ways to write an identifying
// number: Thai digits become 0–9; spaces, dashes and dots are dropped.
func NormaliseNumber(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case isThaiDigit(r):
			return '0' + r - '๐'
		case slices.Contains([]rune{' ', '-', '.', '/', '\u200b', '\ufeff', '\u00a0'}, r):
			return -1
		}
		return r
	}, s)
}
