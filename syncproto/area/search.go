package area

import "strings"

// levelWords are the ways to say before a name which level is meant.
var levelWords = [...]struct {
	word  string
	level Level
}{
	{"จังหวัด", LevelProvince},
	{"จ.", LevelProvince},
	{"อำเภอ", LevelAmphoe},
	{"อ.", LevelAmphoe},
	{"เขต", LevelAmphoe},
	{"ตำบล", LevelTambon},
	{"ต.", LevelTambon},
	{"แขวง", LevelTambon},
}

// Search finds the areas of exactly this name, in code order: names repeat, so
// there may be many, on several levels. Spelling is compared after [CleanName].
// A name with the word for its level before it ("ตำบลหนองบัว", "ต.หนองบัว")
// finds that level only.
func Search(name string) []Area {
	if len(name) > maxName {
		return nil
	}
	name = CleanName(name)
	// The whole text first: ตำบล จ.ป.ร. is not a province named ป.ร.
	if found := named(name, LevelNone); len(found) > 0 {
		return found
	}
	for _, w := range levelWords {
		if rest, ok := strings.CutPrefix(name, w.word); ok {
			return named(strings.TrimSpace(rest), w.level)
		}
	}
	return nil
}

// named finds a cleaned name on one level, or with LevelNone on any.
func named(name string, level Level) []Area {
	var found []Area
	for _, a := range list() {
		if a.NameTH == name && (level == LevelNone || a.Code.Level() == level) {
			found = append(found, a)
		}
	}
	return found
}
