package survey_test

import (
	"testing"

	"tambonsync/syncproto/survey"
)

func TestOneNameHasOneSpelling(t *testing.T) {
	for _, tt := range []struct{ name, a, b string }{
		{"nikhahit and sara aa are sara am", "น้ำ", "น\u0e49\u0e4d\u0e32"},
		{"the tone mark after nikhahit", "น้ำ", "น\u0e4d\u0e49\u0e32"},
		{"a title", "สมชาย ใจดี", "นาย สมชาย ใจดี"},
		{"a title without a space", "สมหญิง", "นางสาวสมหญิง"},
		{"a short title", "สมหญิง", "น.ส.สมหญิง"},
		{"a child", "สมหญิง", "ด.ญ. สมหญิง"},
		{"zero-width characters and spaces", "สมชาย ใจดี", "สม\u200bชาย   ใจดี\ufeff"},
		{"Thai digits", "ที่ 2", "ที่๒"},
		{"Latin letters", "John Smith", "MR. JOHN SMITH"},
	} {
		if a, b := survey.NormaliseName(tt.a), survey.NormaliseName(tt.b); a != b || a == "" {
			t.Errorf("%s: %q and %q", tt.name, a, b)
		}
	}
	for _, tt := range []struct{ name, a, b string }{
		{"other names", "สมชาย", "สมหมาย"},
		{"a tone mark makes another name", "แก้ว", "แก่ว"},
		{"a name of one letter after a title", "นางก", "ก"},
	} {
		if a, b := survey.NormaliseName(tt.a), survey.NormaliseName(tt.b); a == b {
			t.Errorf("%s: both are %q", tt.name, a)
		}
	}
	for _, s := range []string{"", " ", "นาย", "น.ส.", "\u200b"} {
		if got := survey.NormaliseName(s); got != "" {
			t.Errorf("%q became %q, want nothing", s, got)
		}
	}
	if got := survey.NormaliseNumber("๑-๑๐๑๗-๐๐๒๐๓-๔๕-๐ "); got != "1101700203450" {
		t.Errorf("number became %q", got)
	}
}
