package survey_test

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"

	"tambonsync/syncproto/survey"
)

func TestCheckOneAnswer(t *testing.T) {
	good := survey.Code("")
	point := func(lat, lon any) answers { return answers{"lat": lat, "lon": lon} }
	tests := []struct {
		name     string
		question string
		value    any
		want     survey.Code
	}{
		{"text", "road", "เพชรเกษม", good},
		{"text that is a number", "road", 4.0, survey.WrongType},
		{"text that is a map", "road", answers{"th": "ก"}, survey.WrongType},
		{"bool", "has_house_no", false, good},
		{"bool as text", "has_house_no", "true", survey.WrongType},
		{"bool as number", "has_house_no", int64(1), survey.WrongType},

		{"int as float64", "happiness", 10.0, good},
		{"int as int64", "happiness", int64(0), good},
		{"int as uint64", "happiness", uint64(10), good},
		{"int as json.Number", "happiness", json.Number("7"), good},
		{"int as text", "happiness", "7", survey.WrongType},
		{"int with a fraction", "happiness", 7.5, survey.WrongType},
		{"json.Number with a fraction", "happiness", json.Number("7.5"), survey.WrongType},
		{"json.Number that is none", "happiness", json.Number("0x1p2"), survey.WrongType},
		{"json.Number beyond floats", "happiness", json.Number("1e999"), survey.WrongType},
		{"NaN", "happiness", math.NaN(), survey.WrongType},
		{"infinity", "income_main", math.Inf(1), survey.WrongType},
		{"int above", "happiness", int64(11), survey.OutOfRange},
		{"int below", "happiness", int64(-1), survey.OutOfRange},
		{"the largest uint64", "happiness", uint64(math.MaxUint64), survey.OutOfRange},
		{"int as list", "moo", []any{1.0}, survey.WrongType},

		{"money", "income_main", 38000.50, good},
		{"money of 0", "income_main", uint64(0), good},
		{"money below 0", "income_main", -1.0, survey.OutOfRange},
		{"money beyond belief", "income_main", 1e300, survey.OutOfRange},
		{"money as text", "income_main", "38,000", survey.WrongType},

		{"choice", "residence_land", "own", good},
		{"choice by its label", "residence_land", "เช่า", survey.BadChoice},
		{"choice of another question", "residence_land", "none", survey.BadChoice},
		{"choice as number", "residence_land", 1.0, survey.WrongType},

		{"position", "location", point(7.556, 99.611), good},
		{"position with more", "location", answers{"lat": 7.5, "lon": int64(99), "acc": 4.5, "alt": nil, "sats": "9"}, good},
		{"position swapped", "location", point(99.611, 7.556), survey.OutOfRange},
		{"position without longitude", "location", answers{"lat": 7.5}, survey.WrongType},
		{"position with null", "location", point(7.5, nil), survey.WrongType},
		{"position as text", "location", "7.5 99.6", survey.WrongType},
		{"position of words", "location", point("7.5", "99.6"), survey.WrongType},
		{"accuracy below 0", "location", answers{"lat": 7.5, "lon": 99.6, "acc": -1.0}, survey.OutOfRange},

		{"citizen id", "national_id", "3000000010001", good},
		{"citizen id, check digit", "national_id", "3000000010002", survey.BadCitizenID},
		{"citizen id, short", "national_id", "300000001000", survey.BadCitizenID},
		{"citizen id, Thai digits", "national_id", "๓๐๐๐๐๐๐๐๑๐๐๐๑", survey.BadCitizenID},
		{"citizen id as number", "national_id", 3000000010001.0, survey.WrongType},

		{"whole date", "birth_date", "1984-12-31", good},
		{"month", "birth_date", "1984-12", good},
		{"year", "birth_date", "1984", good},
		{"leap day", "birth_date", "1984-02-29", good},
		{"no leap day", "birth_date", "1983-02-29", survey.BadDate},
		{"month 13", "birth_date", "1984-13", survey.BadDate},
		{"B.E. date", "birth_date", "2527-12-31", survey.BadDate},
		{"B.E. year", "birth_date", "2527", survey.BadDate},
		{"first B.E. year", "birth_date", "2400", survey.BadDate},
		{"last B.E. year", "birth_date", "2600-01-01", survey.BadDate},
		{"year 1", "birth_date", "0001-01-01", survey.BadDate},
		{"year 2601", "birth_date", "2601", survey.BadDate},
		{"date with slashes", "birth_date", "31/12/1984", survey.BadDate},
		{"date with a time", "birth_date", "1984-12-31T00:00:00Z", survey.BadDate},
		{"date in Thai digits", "birth_date", "๑๙๘๔", survey.BadDate},
		{"date of nothing", "birth_date", "", survey.BadDate},
		{"date as number", "birth_date", 1984.0, survey.WrongType},

		{"null is no answer", "birth_date", nil, good},
		{"unknown question", "shoe_size", 42.0, survey.UnknownQuestion},
		{"unknown question without an answer", "shoe_size", nil, good},
		{"unknown part of a group", "name/middle_name", "ก", survey.UnknownQuestion},
		{"reserved group", "_life", true, good},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			recordType := "member"
			if _, ok := typeOf(t, "household").Question(tt.question); ok {
				recordType = "household"
			}
			got := survey.Default().Check(recordType, answers{tt.question: tt.value})
			if tt.want == good {
				if len(got) != 0 {
					t.Errorf("Check(%q: %v) = %+v, want no problem", tt.question, tt.value, got)
				}
				return
			}
			if len(got) != 1 || got[0].Code != tt.want || got[0].Question != tt.question {
				t.Fatalf("Check(%q: %v) = %+v, want %s", tt.question, tt.value, got, tt.want)
			}
			if got[0].TH == "" || got[0].EN == "" || got[0].TH == got[0].EN {
				t.Errorf("sentences: th %q, en %q", got[0].TH, got[0].EN)
			}
		})
	}
}

func TestASentenceTellsWhatToDoNext(t *testing.T) {
	tests := []struct {
		name       string
		recordType string
		question   string
		value      any
		th, en     string // parts of the sentences
	}{
		{"B.E. year", "member", "birth_date", "2527-12-31", "ลบ 543", "take 543 from the year"},
		{"Thai digits in an id", "member", "national_id", "๓๐๐๐๐๐๐๐๑๐๐๐๑", "0–9", "the digits 0–9"},
		{"dashes in an id", "member", "national_id", "1-2345-67890-12-1", "ไม่มีขีด", "without dashes"},
		{"check digit", "member", "national_id", "3000000010002", "เทียบกับบัตร", "compare it with the card"},
		{"range", "household", "happiness", 11.0, "0 ถึง 10", "from 0 to 10"},
		{"lower bound", "household", "income_main", -1.0, "ไม่น้อยกว่า 0", "0 or more"},
		{"unknown question", "household", "shoe_size", 1.0, "ยังเก็บไว้", "is kept"},
		{"unknown type", "otop_producer", "star", 1.0, "ยังเก็บไว้", "is kept"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := survey.Default().Check(tt.recordType, answers{tt.question: tt.value})
			if len(got) != 1 {
				t.Fatalf("Check = %+v, want one problem", got)
			}
			if !strings.Contains(got[0].TH, tt.th) || !strings.Contains(got[0].EN, tt.en) {
				t.Errorf("th %q, en %q; want %q, %q in them", got[0].TH, got[0].EN, tt.th, tt.en)
			}
		})
	}
}

func TestAWholeDateIsNeededWhereTheFormDoesNotSayPartial(t *testing.T) {
	f, err := survey.Parse([]byte(small(ask("visited", "date", ""))))
	if err != nil {
		t.Fatal(err)
	}
	for value, want := range map[string]int{"2019-05-01": 0, "2019-05": 1, "2019": 1} {
		if got := f.Check("farm", answers{"visited": value}); len(got) != want {
			t.Errorf("Check(%q) = %+v, want %d problems", value, got, want)
		}
	}
}

func TestProblemsComeInFormOrderThenByName(t *testing.T) {
	values := answers{
		"zebra": 1.0, "ant": 1.0, "welfare_card": 1.0, "relation": "boss", "national_id": "1", "first_name": "ก",
	}
	want := []string{"relation", "national_id", "welfare_card", "ant", "zebra"}
	for range 20 { // map order differs from one to the next
		var got []string
		for _, p := range survey.Default().Check("member", values) {
			got = append(got, p.Question)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("order = %v, want %v", got, want)
		}
	}
}

func TestAnUnknownRecordTypeIsOneProblem(t *testing.T) {
	got := survey.Default().Check("otop_producer", answers{"star": 3.0, "kind": "x"})
	if len(got) != 1 || got[0].Code != survey.UnknownType || got[0].Question != "" {
		t.Errorf("Check = %+v, want one unknown_type", got)
	}
}

func FuzzCheck(f *testing.F) {
	f.Add("member", []byte(`{"national_id":"๓0","birth_date":"2527-02-29","health":{"a":null},"x":[1]}`))
	f.Add("household", []byte(`{"happiness":1e400,"location":{"lat":1,"lon":"2"},"income_main":-0.0,"_life":1}`))
	f.Add("cow", []byte(`{}`))
	f.Fuzz(func(t *testing.T, recordType string, data []byte) {
		for _, useNumber := range []bool{false, true} {
			dec := json.NewDecoder(strings.NewReader(string(data)))
			if useNumber {
				dec.UseNumber()
			}
			var values, before answers
			if dec.Decode(&values) != nil {
				return
			}
			before = copyOf(values).(answers)
			for _, p := range survey.Default().Check(recordType, values) {
				if p.Code == "" || p.TH == "" || p.EN == "" {
					t.Fatalf("problem without words: %+v", p)
				}
			}
			rt, _ := survey.Default().Type(recordType)
			rt.Mask(values)
			if !reflect.DeepEqual(values, before) {
				t.Fatalf("the answers were changed: %v, before %v", values, before)
			}
		}
	})
}

func copyOf(v any) any {
	switch v := v.(type) {
	case answers:
		if v == nil {
			return v
		}
		out := answers{}
		for key, member := range v {
			out[key] = copyOf(member)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = copyOf(item)
		}
		return out
	}
	return v
}
