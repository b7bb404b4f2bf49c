package survey

import (
	"maps"
	"strings"
)

// CitizenCheckDigit returns the 13th digit, '0' to '9', that belongs to the
// first twelve: (11 − Σ dᵢ·(13−i) mod 11) mod 10, i from 0. It is false unless
// first12 is twelve digits 0–9.
func CitizenCheckDigit(first12 string) (byte, bool) {
	if len(first12) != 12 || !asciiDigits(first12) {
		return 0, false
	}
	sum := 0
	for i := range 12 {
		sum += int(first12[i]-'0') * (13 - i)
	}
	return '0' + byte((11-sum%11)%10), true
}

// ValidCitizenID tells whether id is 13 digits 0–9 whose last fits the others.
// Dashes, spaces and Thai digits are not accepted: two spellings of one id
// would hide a double.
func ValidCitizenID(id string) bool {
	if len(id) != 13 {
		return false
	}
	check, ok := CitizenCheckDigit(id[:12])
	return ok && check == id[12]
}

// hiddenID is the mask of what is not a plain run of digits, or one so short
// that its end would tell too much.
const hiddenID = "x-xxxx-xxxxx-xx-x"

// MaskCitizenID returns id with only its last three digits readable:
// "x-xxxx-xxxxx-00-1". Ids of 10 to 13 digits, also with dashes, spaces or
// Thai digits, keep three; anything else is hidden whole. The empty text stays
// empty.
func MaskCitizenID(id string) string {
	if id == "" {
		return ""
	}
	digits := strings.Map(plainDigit, id)
	n := len(digits)
	if n < 10 || n > 13 || !asciiDigits(digits) {
		return hiddenID
	}
	end := digits[n-3:]
	if n == 13 {
		return "x-xxxx-xxxxx-" + end[:2] + "-" + end[2:]
	}
	return strings.Repeat("x", n-3) + end
}

// hiddenAnswer stands for an answer that a list does not show.
const hiddenAnswer = "***"

// Mask returns a copy of flat answers as a list may show them: those marked
// privacy "id" with their last digits only, those marked "s26" (religion,
// health: the law's special kinds) as "***", whatever their type. So are parts
// that the form does not know in a group with such a question. Other answers
// unknown to the form are returned as they are: who may not see them must not
// be given them.
func (t *RecordType) Mask(values map[string]any) map[string]any {
	out := maps.Clone(values)
	for key, v := range out {
		if v == nil {
			continue
		}
		switch t.privacyOf(key) {
		case PrivacyID:
			text, ok := v.(string)
			if out[key] = hiddenID; ok {
				out[key] = MaskCitizenID(text)
			}
		case PrivacyS26:
			out[key] = hiddenAnswer
		}
	}
	return out
}

// privacyOf returns what guards a flat key: its question's mark, or the
// strictest of its group's if the form does not know it.
func (t *RecordType) privacyOf(key string) Privacy {
	if q := t.question(key); q != nil {
		return q.Privacy
	}
	strictest := PrivacyNone
	for _, member := range t.Members(t.GroupOf(key)) {
		switch p := t.question(member).Privacy; {
		case p == PrivacyID || p == PrivacyS26 && strictest != PrivacyID:
			strictest = p
		}
	}
	return strictest
}

// plainDigit maps Thai digits to 0–9 and drops dashes and spaces.
func plainDigit(r rune) rune {
	switch {
	case isThaiDigit(r):
		return '0' + r - '๐'
	case r == '-' || r == ' ':
		return -1
	}
	return r
}

func isThaiDigit(r rune) bool { return '๐' <= r && r <= '๙' }

func asciiDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
