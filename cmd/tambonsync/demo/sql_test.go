package demo_test

import (
	"bytes"
	"database/sql"
	"encoding/csv"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	_ "modernc.org/sqlite"

	"tambonsync/clientlib"
	"tambonsync/cmd/tambonsync/demo"
	"tambonsync/server"
	"tambonsync/server/analysis"
	"tambonsync/server/export"
	"tambonsync/syncproto"
	"tambonsync/syncproto/survey"
)

// byHand are the rules of จปฐ. 2560–2564 as the department's tables describe
// them, written in SQL over the rows of export, one a household (h) and one a person, with
// nothing from the form's or the set's own files. An unanswered question is
// NULL, and every sum with it is NULL: that is "unanswered". Ages are in months
// at the reference date.
var byHand = []struct {
	no                  int
	applicable, failing string
}{
	{1, people("months BETWEEN 0 AND 11"), "q1_2_under_n"},
	{2, people("months BETWEEN 6 AND 12"), "q2_4_fail_n"},
	{3, people("months BETWEEN 0 AND 155"), "q3_2_fail_n"},
	{4, "1", "q4_1 + q4_2 + q4_3 + q4_4 < 4"},
	{5, "1", "q5_1 + q5_2 + q5_3 + q5_4 < 4"},
	{6, people("months >= 420"), "q6_4_fail_n"},
	{7, people("months >= 72"), "q7_none_n"},
	{8, "1", "q8_1 + q8_2 < 2"},
	{9, "1", "q9 = 0"},
	{10, "1", "q10 = 0"},
	{11, "1", "q11_1 + q11_2 + q11_3 + q11_4 + q11_5_1 + q11_5_2 + q11_5_3 + q11_5_4 + q11_6 + q11_7 + q11_8 < 11"},
	{12, "1", "q12_1 + q12_2 + q12_3 + q12_4 + q12_5 + q12_6 > 0"},
	{13, "1", "q13_1_1 + q13_1_2 + q13_1_3 + q13_1_4 < 4"},
	{14, "1", "q14_1 + q14_2 + q14_3 + q14_5 + q14_6 > 0"},
	{15, people("months BETWEEN 36 AND 71"), "q15_2_fail_n"},
	{16, people("months BETWEEN 72 AND 179"), "q16_2_fail_n"},
	{17, "q17_1_n", "q17_2_fail_n"},
	{18, "q18_1_n", "q18_2_fail_n"},
	{19, people("months BETWEEN 180 AND 719"), "q19_2_fail_n"},
	{
		20, people("months BETWEEN 180 AND 719 AND occupation NOT IN ('0110', '0210') AND NOT (health = 'disabled' AND NOT self_care)"),
		"q20_2_nojob_noincome_n + q20_2_nojob_income_n",
	},
	{
		21, people("months >= 720 AND NOT (health = 'disabled' AND NOT self_care)"),
		"q21_2_nojob_noincome_n + q21_2_nojob_income_n",
	},
	{22, "1", number("income_main") + "+" + number("income_second") + "+" + number("income_other") + "+" + number("income_own_use") + " < 38000 * members"},
	{23, "1", "q23_1 = 'none'"},
	{24, people("1"), "q24_under15_n + q24_15_19_n + q24_20plus_n"},
	{25, people("1"), "q25_smoke_n"},
	{26, people("months >= 72"), "q26_fail_n"},
	{27, people("months >= 720"), "q27_2_fail_n"},
	{28, people("health = 'disabled'"), "q28_3_fail_n"},
	{29, people("health = 'chronic'"), "q29_2_fail_n"},
	{30, "1", "q30 = 0"},
	{31, "1", "CASE WHEN members >= 2 THEN q31_1_1 + q31_1_2 + q31_1_3 < 3 WHEN members = 1 THEN q31_2_1 + q31_2_2 = 0 END"},
}

// people counts the members of whom a condition is true; NULL if it cannot be
// told of one of them, or if nobody is on the roster.
func people(condition string) string {
	return fmt.Sprintf(`(SELECT CASE WHEN count(*) = count(%[1]s) THEN sum(%[1]s) END FROM person WHERE parent = h.id)`, condition)
}

// number is NULL for words where a number belongs.
func number(column string) string {
	return fmt.Sprintf(`CASE WHEN typeof(%[1]s) IN ('integer', 'real') THEN %[1]s END`, column)
}

// verdicts sums one indicator up.
const verdicts = `
WITH counted AS (SELECT %s AS applicable, %s AS failing FROM family h),
judged AS (
	SELECT applicable, failing, CASE
		WHEN applicable IS NULL OR applicable > 0 AND failing IS NULL THEN 'unanswered'
		WHEN applicable = 0 THEN 'na'
		WHEN failing > 0 THEN 'fail'
		ELSE 'pass' END AS verdict
	FROM counted)
SELECT
	coalesce(sum(CASE WHEN verdict IN ('pass', 'fail') THEN applicable END), 0),
	coalesce(sum(CASE WHEN verdict = 'fail' THEN min(failing, applicable) END), 0),
	count(CASE verdict WHEN 'pass' THEN 1 END), count(CASE verdict WHEN 'fail' THEN 1 END),
	count(CASE verdict WHEN 'na' THEN 1 END), count(CASE verdict WHEN 'unanswered' THEN 1 END)
FROM judged`

// verdictColumns sums up what the file itself says of indicator NN.
const verdictColumns = `
SELECT
	coalesce(sum(CASE WHEN iNN_verdict IN ('pass', 'fail') THEN iNN_applicable END), 0),
	coalesce(sum(CASE WHEN iNN_verdict = 'fail' THEN iNN_failing END), 0),
	count(CASE iNN_verdict WHEN 'pass' THEN 1 END), count(CASE iNN_verdict WHEN 'fail' THEN 1 END),
	count(CASE iNN_verdict WHEN 'na' THEN 1 END), count(CASE iNN_verdict WHEN 'unanswered' THEN 1 END)
FROM household`

// family adds the size of the roster, and person the age at the reference
// date; of a birth date without day or month the first one counts.
const views = `
CREATE VIEW family AS SELECT *, (SELECT count(*) FROM member m WHERE m.parent = household.id) AS members FROM household;
CREATE VIEW person AS SELECT *,
	12 * (substr(reference, 1, 4) - substr(birth_date, 1, 4))
	+ substr(reference, 6, 2) - coalesce(nullif(substr(birth_date, 6, 2), ''), 1)
	- (substr(reference, 9, 2) + 0 < coalesce(nullif(substr(birth_date, 9, 2), ''), 1) + 0) AS months
FROM member, round;`

// TestTheSummaryIsWhatPlainSQLSays plays the whole demo and adds up what the
// office holds then, conflicts, gaps and mistakes included, in another way.
func TestTheSummaryIsWhatPlainSQLSays(t *testing.T) {
	o := newOffice(t)
	a, b := demo.Grants()
	story := o.mustPlay(a, b, func(opts *demo.Options) { opts.Seed, opts.Households = 1, 0 })
	tables := o.analysis()
	atOffice, err := tables.Summary(t.Context(), demo.Tambon450303, syncproto.RecordID{})
	if err != nil {
		t.Fatal(err)
	}
	db := o.exportedRows(tables, atOffice.Round)
	if len(byHand) != 31 || len(atOffice.Indicators) != 31 {
		t.Fatalf("%d rules by hand and %d indicators", len(byHand), len(atOffice.Indicators))
	}
	var households, persons int
	if err := db.QueryRowContext(t.Context(), `SELECT count(*), sum(members) FROM family`).Scan(&households, &persons); err != nil {
		t.Fatal(err)
	}
	for i, rule := range byHand {
		var want survey.IndicatorLine
		v := &want.Households
		if err := db.QueryRowContext(t.Context(), fmt.Sprintf(verdicts, rule.applicable, rule.failing)).
			Scan(&want.Applicable, &want.Failed, &v.Pass, &v.Fail, &v.NA, &v.Unanswered); err != nil {
			t.Fatalf("indicator %d: %v", rule.no, err)
		}
		if n := v.Pass + v.Fail + v.NA + v.Unanswered; n != households || households != 300 {
			t.Errorf("indicator %d: the SQL judges %d of %d households", rule.no, n, households)
		}
		var exported survey.IndicatorLine
		v = &exported.Households
		if err := db.QueryRowContext(t.Context(), strings.ReplaceAll(verdictColumns, "NN", fmt.Sprintf("%02d", rule.no))).
			Scan(&exported.Applicable, &exported.Failed, &v.Pass, &v.Fail, &v.NA, &v.Unanswered); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(exported, want) {
			t.Errorf("indicator %d: its columns add up to %+v, by SQL %+v", rule.no, exported, want)
		}
		wantLine(t, "at the office", atOffice.Indicators[i], rule.no, want)
		wantLine(t, "on tablet A", story.Summary.Indicators[i], rule.no, want)
	}
	for where, s := range map[string]survey.Summary{"at the office": atOffice, "on tablet A": story.Summary} {
		if s.Households.Total != households || s.Persons != persons {
			t.Errorf("%s: %d households and %d persons, by SQL %d and %d", where, s.Households.Total, s.Persons, households, persons)
		}
	}
	if got, want := story.Summary.Households, atOffice.Households; got != want || got.Complete < 265 || got.Ready+got.InProgress+handed(got) != 300 || handed(got) != 8 {
		t.Errorf("households on tablet A %+v, at the office %+v", got, want)
	}
	sameInEveryVillage(t, tables, story)
}

// sameInEveryVillage asks the office and tablet A, which has no network now.
func sameInEveryVillage(t *testing.T, tables *analysis.Analysis, story demo.Story) {
	t.Helper()
	tablet, err := clientlib.Open(t.Context(), story.Tablets[0].Path, clientlib.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tablet.Close() }()
	for _, v := range demo.Generate(story.Seed).Villages {
		want, err := tables.Summary(t.Context(), v.Code, syncproto.RecordID{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := tablet.Report(t.Context(), v.Code, "")
		if err != nil {
			t.Fatal(err)
		}
		if got.Persons != want.Persons || got.Households != want.Households || got.Round != want.Round || !reflect.DeepEqual(got.Indicators, want.Indicators) {
			t.Errorf("village %s: tablet A says %+v, the office %+v", v.Code, got, want)
		}
	}
}

func handed(h survey.HouseholdSummary) int { return h.Submitted + h.Approved + h.Returned }

func wantLine(t *testing.T, where string, got survey.IndicatorLine, no int, want survey.IndicatorLine) {
	t.Helper()
	if got.No != no || got.Applicable != want.Applicable || got.Failed != want.Failed || got.Passed != want.Applicable-want.Failed || got.Households != want.Households {
		t.Errorf("%s: indicator %d: %d failed of %d, %+v; by SQL no. %d: %d of %d, %+v",
			where, got.No, got.Failed, got.Applicable, got.Households, no, want.Failed, want.Applicable, want.Households)
	}
	if want.Applicable == 0 {
		return
	}
	share := 100 * float64(want.Applicable-want.Failed) / float64(want.Applicable)
	if got.Percent == nil || math.Abs(*got.Percent-share) > 0.006 {
		t.Errorf("%s: indicator %d: %v per cent pass, want %.3f", where, no, got.Percent, share)
	}
}

// exportedRows is a database with what the office gives out as CSV, a table a
// file and a column a column.
func (o office) exportedRows(tables *analysis.Analysis, round string) *sql.DB {
	o.t.Helper()
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		o.t.Fatal(err)
	}
	db.SetMaxOpenConns(1) // each connection would have a memory of its own
	o.t.Cleanup(func() { _ = db.Close() })
	exec := func(query string, args ...any) {
		o.t.Helper()
		if _, err := db.ExecContext(o.t.Context(), query, args...); err != nil {
			o.t.Fatalf("%s: %v", query, err)
		}
	}
	for table, what := range map[string]string{"household": server.ExportHouseholds, "member": server.ExportPersons} {
		file := o.exported(tables, round, what)
		columns := make([]string, len(file[0]))
		for i, name := range file[0] {
			columns[i] = name + " " + affinity(name)
		}
		exec(fmt.Sprintf(`CREATE TABLE %s (%s)`, table, strings.Join(columns, ", ")))
		insert := fmt.Sprintf(`INSERT INTO %s VALUES (?%s)`, table, strings.Repeat(", ?", len(columns)-1))
		for _, row := range file[1:] {
			args := make([]any, len(row))
			for i, text := range row {
				args[i] = cell(text)
			}
			exec(insert, args...)
		}
	}
	exec(`CREATE INDEX member_parent ON member (parent)`)
	exec(`CREATE TABLE round (reference)`)
	exec(`INSERT INTO round VALUES ('2021-01-01')`)
	exec(views)
	return db
}

// exported is a file of the demo's tambon as export writes it, its header first.
func (o office) exported(tables *analysis.Analysis, round, what string) [][]string {
	o.t.Helper()
	id, err := syncproto.ParseRecordID(round)
	if err != nil {
		o.t.Fatal(err)
	}
	var file bytes.Buffer
	x := &export.Exporter{Store: o.Store, Analysis: tables}
	rows, err := x.Export(o.t.Context(), export.Request{
		Area: demo.Tambon450303, Round: id, Format: "csv", What: what, Personal: true,
	}, &file)
	if err != nil {
		o.t.Fatal(err)
	}
	text, marked := strings.CutPrefix(file.String(), "\ufeff")
	lines, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || !marked || len(lines) != int(rows)+1 {
		o.t.Fatalf("%s: %d lines for %d rows, byte order mark %v, %v", what, len(lines), rows, marked, err)
	}
	return lines
}

// affinity makes numbers of digits, as a spreadsheet would, but not of codes
// and dates.
func affinity(column string) string {
	switch column {
	case "occupation", "birth_date":
		return "TEXT"
	}
	return "NUMERIC"
}

// cell is what a cell of the file says: nothing, yes or no, or its text.
func cell(text string) any {
	switch text {
	case "":
		return nil
	case "true":
		return 1
	case "false":
		return 0
	}
	return text
}

func (o office) alive(kind string) []server.StoredRecord {
	o.t.Helper()
	records, err := o.Records(o.t.Context(), server.RecordFilter{Type: kind, Limit: 100_000})
	if err != nil {
		o.t.Fatal(err)
	}
	return records
}

// analysis is the office's: tables of its own that follow its feeds.
func (o office) analysis() *analysis.Analysis {
	o.t.Helper()
	who, err := o.Office(o.t.Context())
	if err != nil {
		o.t.Fatal(err)
	}
	a, err := analysis.Open(o.t.Context(), o.t.TempDir(), o.Store, who.Pepper)
	if err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(func() { _ = a.Close() })
	if _, err := a.CatchUp(o.t.Context()); err != nil {
		o.t.Fatal(err)
	}
	return a
}
