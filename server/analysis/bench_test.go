package analysis

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"tambonsync/server/store/storetest"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
	"tambonsync/syncproto/survey"
)

// households is how many the benchmark fills in: BENCH_HOUSEHOLDS, or few, so
// that it is quick. A province has up to about a million.
func households(b *testing.B) int {
	n, err := strconv.Atoi(os.Getenv("BENCH_HOUSEHOLDS"))
	if err != nil {
		return 10_000
	}
	return n
}

// BenchmarkSummary compares reading a summary with adding up the same results
// by GROUP BY, over a plain table of one row for each household and indicator
// and over one JSON text for each household.
//
//	BENCH_HOUSEHOLDS=1000000 go test ./server/analysis -run - -bench Summary -benchtime 20x -timeout 60m
func BenchmarkSummary(b *testing.B) {
	o := newOffice(b)
	n := households(b)
	round := o.round("45")
	form, set := thirtyOne(b)
	o.publish(form, set)
	o.writeRound(survey.Round{ID: round.String(), Form: "wide@1", Set: "wide@1", Areas: []string{"45"}, ReferenceDate: "2020-01-01", Open: true})
	o.catchUp()
	plain := fill(b, o, round, n)
	biggest := area.Code("450101")
	var slow, fast float64
	for _, code := range []area.Code{"45", biggest} {
		b.Run("tables/"+code.Level().String(), func(b *testing.B) {
			for b.Loop() {
				if s, err := o.a.Summary(context.Background(), code, round); err != nil || s.Households.Total == 0 || len(s.Indicators) != 31 {
					b.Fatalf("%+v, %v", s.Households, err)
				}
			}
			fast = float64(b.Elapsed().Nanoseconds()) / float64(b.N)
		})
		for _, way := range []struct{ name, query string }{
			{"group by", `SELECT no, sum(applicable), sum(failing) FROM flat WHERE area >= $1 AND area < $2 GROUP BY no`},
			{"json", `SELECT j.value ->> 'no' AS no, sum(j.value ->> 'applicable'), sum(j.value ->> 'failing') FROM texts, json_each(texts.body) AS j
				WHERE texts.area >= $1 AND texts.area < $2 GROUP BY 1`},
		} {
			b.Run(way.name+"/"+code.Level().String(), func(b *testing.B) {
				from, to := code.Span()
				began := time.Now()
				sums := groupBy(b, plain, way.query, from, to)
				slow = float64(time.Since(began).Nanoseconds())
				s, err := o.a.Summary(context.Background(), code, round)
				if err != nil {
					b.Fatal(err)
				}
				for _, l := range s.Indicators {
					if sums[l.No] != [2]int{l.Applicable, l.Failed} {
						b.Fatalf("indicator %d: %v by %s, want %d %d", l.No, sums[l.No], way.name, l.Applicable, l.Failed)
					}
				}
				for b.Loop() { // it was run once, which is enough
				}
				b.ReportMetric(slow, "ns/query")
				b.ReportMetric(slow/fast, "times-slower")
			})
		}
	}
}

func groupBy(b *testing.B, db *sql.DB, query string, args ...any) map[int][2]int {
	out := map[int][2]int{}
	_, err := collect(context.Background(), db, func(rows *sql.Rows) (none struct{}, err error) {
		var no, applicable, failing int
		err = rows.Scan(&no, &applicable, &failing)
		out[no] = [2]int{applicable, failing}
		return none, err
	}, query, args...)
	if err != nil {
		b.Fatal(err)
	}
	return out
}

// thirtyOne makes a form and a set of 31 indicators.
func thirtyOne(b *testing.B) (form, set string) {
	var list []string
	for no := 1; no <= 31; no++ {
		list = append(list, fmt.Sprintf(`{"no":%d,"code":"%d","name":{"th":"ก","en":"I"},"unit":"household","pass":"ok"}`, no, no))
	}
	form = `{"kind":"form","name":"wide","version":1,"title":{"th":"ก","en":"Wide"},"record_types":[{"name":"wide","label":{"th":"ก","en":"Wide"},
		"questions":[{"name":"ok","type":"bool","label":{"th":"ก","en":"OK"}}]}]}`
	set = `{"kind":"indicators","name":"wide","version":1,"title":{"th":"ก","en":"Wide"},"form":"wide@1","record_type":"wide","indicators":[`
	for i, x := range list {
		if i > 0 {
			set += ","
		}
		set += x
	}
	return form, set + "]}"
}

// fill puts results of n households straight into the tables, and the same into
// plain ones.
func fill(b *testing.B, o *testOffice, round syncproto.RecordID, n int) *sql.DB {
	db, err := sql.Open("sqlite", dsn(filepath.Join(b.TempDir(), "plain.db"), "_journal_mode=OFF&_synchronous=OFF"))
	must(b, err)
	b.Cleanup(func() { must(b, db.Close()) })
	db.SetMaxOpenConns(1)
	_, err = db.Exec(`CREATE TABLE flat (area TEXT NOT NULL, id INTEGER NOT NULL, no INTEGER NOT NULL, applicable INTEGER NOT NULL, failing INTEGER NOT NULL,
		PRIMARY KEY (area, id, no)) WITHOUT ROWID; CREATE TABLE texts (area TEXT NOT NULL, id INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (area, id)) WITHOUT ROWID`)
	must(b, err)
	r := rand.New(rand.NewPCG(1, 2))
	const chunk = 10_000
	for from := 0; from < n; from += chunk {
		fillSome(b, o, db, round, r, from, min(chunk, n-from), n)
	}
	_, err = db.Exec(`INSERT INTO flat SELECT texts.area, texts.id, j.value ->> 'no', j.value ->> 'applicable', j.value ->> 'failing' FROM texts, json_each(texts.body) AS j`)
	must(b, err)
	return db
}

func fillSome(b *testing.B, o *testOffice, db *sql.DB, round syncproto.RecordID, r *rand.Rand, from, count, n int) {
	ctx := context.Background()
	tx, err := o.a.write.BeginTx(ctx, nil)
	must(b, err)
	defer func() { _ = tx.Rollback() }()
	batch := newBatch(ctx, tx, o.a)
	other, err := db.BeginTx(ctx, nil)
	must(b, err)
	defer func() { _ = other.Rollback() }()
	insert, err := other.Prepare(`INSERT INTO texts (area, id, body) VALUES ($1, $2, $3)`)
	must(b, err)
	defer func() { _ = insert.Close() }()
	perVillage := 150
	for i := from; i < from+count; i++ {
		v := i / perVillage
		code := area.Code(fmt.Sprintf("45%02d%02d%02d", v/144%99+1, v/12%12+1, v%12+1))
		row := &result{round: round, area: code, state: survey.States[r.IntN(len(survey.States))], complete: true, persons: 3}
		outcomes := make([]survey.Outcome, 31)
		for no := range outcomes {
			x := survey.Outcome{No: no + 1, Verdict: survey.Pass, Applicable: r.IntN(5) + 1}
			if r.IntN(10) == 0 {
				x.Verdict, x.Failing = survey.Fail, 1
			}
			outcomes[no] = x
		}
		row.pack(outcomes)
		id := storetest.RecordID(i)
		must(b, batch.insertResult(id, row))
		must(b, batch.count(row, 1))
		body, err := json.Marshal(outcomes)
		must(b, err)
		_, err = insert.Exec(code, i, string(body))
		must(b, err)
	}
	must(b, batch.finish())
	must(b, tx.Commit())
	must(b, other.Commit())
}

// BenchmarkCatchUp tells what a rebuild costs for each household of จปฐ. with
// three members.
func BenchmarkCatchUp(b *testing.B) {
	o := newOffice(b)
	o.bmnRound()
	n := 0
	for b.Loop() {
		b.StopTimer()
		for range 100 {
			o.bmnFamily(n)
			n++
		}
		b.StartTimer()
		o.catchUp()
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(n), "µs/household")
}
