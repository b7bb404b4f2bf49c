package survey

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"
)

var updateSentences = flag.Bool("update-sentences", false, "write the app's copy of the sentences anew")

// sentencesFile is what the tablet app says of problems.
const sentencesFile = "../../clientlib/webapp/src/survey/sentences.json"

// TestTheAppSaysTheSame holds the app's sentences to those of this package. If
// it fails, run
//
//	go test ./syncproto/survey -run TestTheAppSaysTheSame -update-sentences
func TestTheAppSaysTheSame(t *testing.T) {
	want := sentencesJSON(t)
	if *updateSentences {
		if err := os.WriteFile(sentencesFile, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(sentencesFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is stale: run go test ./syncproto/survey -run TestTheAppSaysTheSame -update-sentences", sentencesFile)
	}
}

func sentencesJSON(t *testing.T) []byte {
	t.Helper()
	low, high := 123.0, 456.0 // no sentence has these
	least, most := 123, 456
	records := func(least, most *int) Text {
		p := wrongNumber(&RecordType{label: Text{TH: "{label}", EN: "{label}"}, min: least, max: most})
		return Text{TH: p.TH, EN: p.EN}
	}
	question, kind := unknownQuestion(""), unknownType()
	sentences := map[string]any{
		"wrong_type":          sayWrongType,
		"bad_choice":          sayBadChoice,
		"bad_choices":         sayBadChoices,
		"filtered":            sayFiltered,
		"bad_row":             sayBadRow,
		"constraint":          sayConstraint,
		"bad_position":        sayBadPosition,
		"id_shape":            sayIDShape,
		"thai_digits_in_id":   sayThaiDigitsInID,
		"check_digit":         sayCheckDigit,
		"thai_digits_in_date": sayThaiDigitsInDate,
		"be_year":             sayBEYear,
		"no_such_day":         sayNoSuchDay,
		"date_shape":          sayDateShape(false),
		"date_shape_partial":  sayDateShape(true),
		"unknown_question":    Text{TH: question.TH, EN: question.EN},
		"unknown_type":        Text{TH: kind.TH, EN: kind.EN},
		"range": map[string]Text{
			"both": sayRange(&low, &high), "least": sayRange(&low, nil), "most": sayRange(nil, &high), "neither": sayRange(nil, nil),
		},
		"wrong_number": map[string]Text{"both": records(&least, &most), "least": records(&least, nil), "most": records(nil, &most)},
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(sentences); err != nil {
		t.Fatal(err)
	}
	return []byte(strings.NewReplacer("123", "{min}", "456", "{max}").Replace(b.String()))
}
