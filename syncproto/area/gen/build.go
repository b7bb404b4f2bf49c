package main

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"

	"tambonsync/syncproto/area"
)

// correction sets or drops one area.
type correction struct {
	code area.Code
	name string // "" drops the code
}

// readCorrections reads CSV with the heading code,level,name_th. The level is
// there for the reader of the file, and must agree with the code.
func readCorrections(r io.Reader) ([]correction, error) {
	in := csv.NewReader(r)
	heading, err := in.Read()
	if err != nil {
		return nil, fmt.Errorf("heading: %w", err)
	}
	if want := []string{"code", "level", "name_th"}; !slices.Equal(heading, want) {
		return nil, fmt.Errorf("heading is %q, want %q", heading, want)
	}
	var all []correction
	seen := map[area.Code]bool{}
	for {
		fields, err := in.Read()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err // names the line
		}
		line, _ := in.FieldPos(0)
		code, err := area.Parse(fields[0])
		switch {
		case err != nil:
			return nil, fmt.Errorf("line %d: %w", line, err)
		case code.Level().String() != fields[1]:
			return nil, fmt.Errorf("line %d: %s is a %s, not a %q", line, code, code.Level(), fields[1])
		case seen[code]:
			return nil, fmt.Errorf("line %d: %s was corrected before", line, code)
		}
		seen[code] = true
		all = append(all, correction{code, area.CleanName(fields[2])})
	}
}

// correct applies the corrections. One that would change nothing is refused:
// it was made for other data, or its code is mistyped.
func correct(names map[area.Code]string, all []correction) (note string, err error) {
	var added, renamed, dropped int
	for _, c := range all {
		old, known := names[c.code]
		switch {
		case c.name == old:
			return "", fmt.Errorf("%s: the correction to %q changes nothing", c.code, c.name)
		case c.name == "":
			delete(names, c.code)
			dropped++
			continue
		case known:
			renamed++
		default:
			added++
		}
		names[c.code] = c.name
	}
	return fmt.Sprintf("corrected: %d added, %d renamed, %d dropped", added, renamed, dropped), nil
}

type counts struct{ provinces, amphoe, tambon int }

func (c counts) String() string {
	return fmt.Sprintf("%d provinces, %d amphoe, %d tambon", c.provinces, c.amphoe, c.tambon)
}

// A name is Thai letters and marks; a hyphen, full stop or space stands only
// inside (สุไหงโก-ลก, จ.ป.ร.). Marks such as * and notes in brackets, which
// lists use for abolished areas and other spellings, need a correction.
var goodName = regexp.MustCompile(`^[\x{0e01}-\x{0e3a}\x{0e40}-\x{0e4d}]+([-. ][\x{0e01}-\x{0e3a}\x{0e40}-\x{0e4d}]+)*\.?$`)

// levelWord finds names that have the word for a level, or of a municipality,
// left in front.
var levelWord = regexp.MustCompile(`^(จังหวัด|กิ่ง|อำเภอ|เขต|ตำบล|แขวง|เทศบาล)`)

// check refuses a list that cannot be right, and tells everything it found.
func check(names map[area.Code]string, want counts) error {
	var got counts
	var errs []error
	hasChild := map[area.Code]bool{}
	type inParent struct {
		parent area.Code
		name   string
	}
	first := map[inParent]area.Code{}
	for _, code := range slices.Sorted(maps.Keys(names)) {
		name, parent := names[code], code.Parent()
		switch code.Level() {
		case area.LevelProvince:
			got.provinces++
		case area.LevelAmphoe:
			got.amphoe++
		case area.LevelTambon:
			got.tambon++
		default:
			errs = append(errs, fmt.Errorf("%s %s: a %s has no place in the list", code, name, code.Level()))
		}
		if !goodName.MatchString(name) || levelWord.MatchString(name) {
			errs = append(errs, fmt.Errorf("%s: %q is not a plain name", code, name))
		}
		if _, ok := names[parent]; !ok && parent != "" {
			errs = append(errs, fmt.Errorf("%s %s: its %s %s is missing", code, name, parent.Level(), parent))
		}
		hasChild[parent] = true
		if twin, ok := first[inParent{parent, name}]; ok {
			errs = append(errs, fmt.Errorf("%s and %s are both %s", twin, code, name))
		}
		first[inParent{parent, name}] = code
	}
	for _, code := range slices.Sorted(maps.Keys(names)) {
		if code.Level() < area.LevelTambon && !hasChild[code] {
			errs = append(errs, fmt.Errorf("%s %s has nothing in it", code, names[code]))
		}
	}
	if got != want {
		errs = append(errs, fmt.Errorf("got %s; want %s", got, want))
	}
	return errors.Join(errs...)
}

func encode(names map[area.Code]string) []byte {
	var b bytes.Buffer
	b.WriteString("code\tname_th\n")
	for _, code := range slices.Sorted(maps.Keys(names)) {
		fmt.Fprintf(&b, "%s\t%s\n", code, names[code])
	}
	return b.Bytes()
}
