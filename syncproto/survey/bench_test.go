package survey_test

import (
	"testing"

	"tambonsync/syncproto/survey"
)

// BenchmarkJudge reviews a complete household of four and draws the 31
// conclusions.
func BenchmarkJudge(b *testing.B) {
	x, err := survey.Builtin().Indicators("bmn-2560@1", "bmn-2560@1")
	if err != nil {
		b.Fatal(err)
	}
	b.Run("review", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			x.Form().Review("household", family(), bmnReference)
		}
	})
	b.Run("outcomes", func(b *testing.B) {
		r := x.Form().Review("household", family(), bmnReference)
		b.ReportAllocs()
		for b.Loop() {
			x.Outcomes(r)
		}
	})
}
