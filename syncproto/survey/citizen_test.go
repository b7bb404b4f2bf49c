package survey_test

import (
	"testing"

	"tambonsync/syncproto/survey"
)

func TestValidCitizenID(t *testing.T) {
	tests := []struct {
		name, id string
		want     bool
	}{
		{"sample of office 0000", "3000000010001", true},
		{"one to nine", "1234567890121", true},
		{"last digit off by one", "1234567890122", false},
		{"two digits swapped", "2134567890121", false},
		{"all zero", "0000000000000", false},
		{"twelve digits", "123456789012", false},
		{"fourteen digits", "12345678901211", false},
		{"dashes", "1-2345-67890-12-1", false},
		{"space after", "1234567890121 ", false},
		{"Thai digits", "๑๒๓๔๕๖๗๘๙๐๑๒๑", false},
		{"13 bytes of Thai and Latin digits", "๑๒๓๔1234", false},
		{"a letter last", "123456789012x", false},
		{"nothing", "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := survey.ValidCitizenID(tt.id); got != tt.want {
				t.Errorf("ValidCitizenID(%q) = %v, want %v", tt.id, got, tt.want)
			}
		})
	}
}

func TestCitizenCheckDigit(t *testing.T) {
	tests := []struct {
		name, first12 string
		want          byte
		ok            bool
	}{
		{"sample", "300000001000", '1', true},
		{"one to nine", "123456789012", '1', true},
		{"remainder 0 gives 1", "000000000000", '1', true},
		{"remainder 1 gives 0", "000000000006", '0', true},
		{"remainder 2 gives 9", "000000000001", '9', true},
		{"short", "30000000100", 0, false},
		{"long", "3000000010001", 0, false},
		{"not digits", "30000000100x", 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := survey.CitizenCheckDigit(tt.first12)
			if got != tt.want || ok != tt.ok {
				t.Errorf("CitizenCheckDigit(%q) = %q, %v, want %q, %v", tt.first12, got, ok, tt.want, tt.ok)
			}
		})
	}
}

func TestMaskCitizenID(t *testing.T) {
	tests := []struct{ name, id, want string }{
		{"citizen id", "3000000010001", "x-xxxx-xxxxx-00-1"},
		{"with dashes", "1-2345-67890-12-1", "x-xxxx-xxxxx-12-1"},
		{"Thai digits", "๑๒๓๔๕๖๗๘๙๐๑๒๑", "x-xxxx-xxxxx-12-1"},
		{"wrong check digit", "1234567890129", "x-xxxx-xxxxx-12-9"},
		{"house id of 11 digits", "92020012345", "xxxxxxxx345"},
		{"too short to show its end", "12345", "x-xxxx-xxxxx-xx-x"},
		{"words", "ไม่มีบัตร", "x-xxxx-xxxxx-xx-x"},
		{"two ids", "30000000100011234567890121", "x-xxxx-xxxxx-xx-x"},
		{"nothing", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := survey.MaskCitizenID(tt.id); got != tt.want {
				t.Errorf("MaskCitizenID(%q) = %q, want %q", tt.id, got, tt.want)
			}
		})
	}
}

func TestMaskHidesIdentifiersReligionAndHealthAndNothingElse(t *testing.T) {
	values := answers{"national_id": "3000000010001", "first_name": "สมชาย", "shoe_size": 42.0, "religion": "buddhism", "health": "chronic", "health/note": 1.0}
	wantEqual(t, "Mask", typeOf(t, "member").Mask(values), answers{
		"national_id": "x-xxxx-xxxxx-00-1", "first_name": "สมชาย", "shoe_size": 42.0, "religion": "***", "health": "***", "health/note": "***",
	})
	wantEqual(t, "the argument", values["national_id"], "3000000010001")

	notText := answers{
		"number": 3000000010001.0,
		"list":   []any{"3000000010001"},
		"map":    answers{"id": "3000000010001"},
		"bool":   true,
	}
	for name, v := range notText {
		t.Run(name, func(t *testing.T) {
			got := typeOf(t, "member").Mask(answers{"national_id": v})
			wantEqual(t, "Mask", got, answers{"national_id": "x-xxxx-xxxxx-xx-x"})
		})
	}
	wantEqual(t, "Mask of no answer", typeOf(t, "member").Mask(answers{"national_id": nil}), answers{"national_id": nil})
}

func TestMaskHidesUnknownPartsOfAGroupWithAnIdentifier(t *testing.T) {
	f, err := survey.Parse([]byte(small(
		ask("deed", "text", `,"group":"land","privacy":"id"`) + "," + ask("rai", "int", `,"group":"land"`))))
	if err != nil {
		t.Fatal(err)
	}
	farm, _ := f.Type("farm")
	got := farm.Mask(answers{"deed": "92020012345", "rai": 3.0, "land": "92020012345", "land/old_deed": 5.0})
	wantEqual(t, "Mask", got, answers{"deed": "xxxxxxxx345", "rai": 3.0, "land": "xxxxxxxx345", "land/old_deed": "x-xxxx-xxxxx-xx-x"})
}
