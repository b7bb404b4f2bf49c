package area

import (
	"slices"
	"strings"
)

// maxName bounds what Search looks at, in bytes. The longest name in the list
// has 69.
const maxName = 300

// CleanName gives the one spelling of a Thai name that the list holds and
// Search compares: keyboards and old files write the same word in several ways
// that look alike on paper. It drops zero-width characters, makes runs of
// spaces one, turns Thai digits into 0–9, doubled เ into แ, nikhahit + า into
// ำ, and puts a tone mark after its vowel mark. Cleaning twice changes nothing
// more. It is for names: bound what strangers send, as Search does.
func CleanName(s string) string {
	out := make([]rune, 0, len(s))
	for _, r := range s {
		switch r {
		case '\u00ad', '\u200b', '\u200c', '\u200d', '\u2060', '\ufeff':
			continue
		}
		out = appendThai(out, r)
	}
	return strings.Join(strings.Fields(string(out)), " ")
}

const (
	nikhahit = '\u0e4d'
	saraAa   = '\u0e32'
	saraAm   = '\u0e33'
	saraE    = '\u0e40'
	saraAe   = '\u0e41'
)

// appendThai appends one character in its proper place among those before it.
func appendThai(out []rune, r rune) []rune {
	last, before := lastTwo(out)
	n := len(out)
	switch {
	case '๐' <= r && r <= '๙':
		return append(out, '0'+r-'๐')
	case r == saraE && last == saraE:
		out[n-1] = saraAe
		return out
	case r == saraAa && last == nikhahit:
		out[n-1] = saraAm
		return out
	case r == saraAa && isTone(last) && before == nikhahit:
		out[n-2], out[n-1] = last, saraAm
		return out
	case isTone(r) && last == saraAm:
		out[n-1] = r
		return append(out, saraAm)
	case isVowelMark(r):
		at := n
		for at > 0 && isTone(out[at-1]) {
			at--
		}
		return slices.Insert(out, at, r)
	}
	return append(out, r)
}

func lastTwo(out []rune) (last, before rune) {
	if n := len(out); n > 1 {
		return out[n-1], out[n-2]
	} else if n == 1 {
		return out[0], 0
	}
	return 0, 0
}

// isTone covers the four tone marks and thanthakhat, which all stand above
// (and are typed after) a vowel mark.
func isTone(r rune) bool { return '\u0e48' <= r && r <= '\u0e4c' }

// isVowelMark covers the vowel signs written above or below a consonant.
func isVowelMark(r rune) bool {
	return r == '\u0e31' || '\u0e34' <= r && r <= '\u0e3a'
}
