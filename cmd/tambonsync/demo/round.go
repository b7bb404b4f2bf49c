package demo

import (
	"time"

	"tambonsync/syncproto/survey"
)

// Round is what the office opens before the tablets come: the round of จปฐ.
// 2564 in the tambon. It has no ID yet.
func Round() survey.Round {
	form := survey.Default().Ref()
	r := survey.Round{
		Title: "จปฐ. ปี 2564 ตำบลหนองแคน", Form: form, Areas: []string{string(Tambon450303)},
		ReferenceDate: referenceDate.Format(time.DateOnly), Open: true,
	}
	if set, ok := survey.Builtin().SetFor(form); ok {
		r.Set = set.Ref()
	}
	return r
}
