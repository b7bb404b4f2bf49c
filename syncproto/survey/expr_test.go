package survey_test

import (
	"fmt"
	"strings"
	"testing"

	"tambonsync/syncproto/survey"
)

// What the runtimes of CEL do differently is refused or has one meaning of ours.
func TestExpressionsMeanTheSameInEveryRuntime(t *testing.T) {
	tests := []struct{ calculation, refused string }{
		{"string(n)", "string() is not for forms"},
		{"double('1.5') + n", "double() is not for forms"},
		{"n in []", "nothing is in an empty list"},
		{"n in [1.0]", ""},
	}
	for _, tt := range tests {
		_, err := survey.Parse([]byte(oneCalculation(tt.calculation)))
		if tt.refused == "" && err != nil || tt.refused != "" && (err == nil || !strings.Contains(err.Error(), tt.refused)) {
			t.Errorf("%s: %v, want %q", tt.calculation, err, tt.refused)
		}
	}
	values := []struct {
		calculation string
		want        any
	}{
		{"round(n, -2.0)", 1300.0},
		{"round(n / 100000.0, 3.0)", 0.013},
		{"date_add('2020', 0.0 / 0.0)", nil},
		{"substr('abc', 0.0 / 0.0, 2.0)", nil},
	}
	for _, tt := range values {
		f, err := survey.Parse([]byte(oneCalculation(tt.calculation)))
		if err != nil {
			t.Fatal(err)
		}
		r := f.Review("r", survey.Entry{Values: map[string]any{"n": 1250.0}}, "")
		wantEqual(t, tt.calculation, r.Values["c"], tt.want)
	}
}

func oneCalculation(text string) string {
	return fmt.Sprintf(`{"name":"f","version":1,"title":{"th":"ก","en":"F"},"record_types":[{"name":"r","label":{"th":"ก","en":"R"},"questions":[
		{"name":"n","type":"decimal","label":{"th":"ก","en":"N"}},
		{"name":"c","type":"calculate","calculation":%q,"label":{"th":"ก","en":"C"}}]}]}`, text)
}
