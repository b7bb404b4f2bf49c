package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"tambonsync/server"
	"tambonsync/server/store"
	"tambonsync/server/store/storetest"
	"tambonsync/syncproto"
)

// BenchmarkPush compares a durable push of new records with plain inserts of
// the same bytes: same driver, same pragmas, same commits, in turns in one
// run. "%raw" is the rate of pushing as a share of the rate of inserting.
func BenchmarkPush(b *testing.B) {
	for _, n := range []int{1000, 100} {
		b.Run(fmt.Sprintf("new/%d", n), func(b *testing.B) {
			c := newContest(b, n)
			for b.Loop() {
				c.round(c.fresh())
			}
			c.report()
		})
		b.Run(fmt.Sprintf("changed/%d", n), func(b *testing.B) {
			c := newContest(b, n)
			records := c.fresh()
			c.round(records)
			c.push, c.raw = nil, nil
			for b.Loop() {
				for i, r := range records {
					records[i] = c.device.Save(r, storetest.Answers{"water": c.next + i})
				}
				c.next += n
				c.round(records)
			}
			c.report()
		})
	}
}

// contest holds the two sides and their times for a record.
type contest struct {
	*testing.B
	store     *store.Store
	device    *storetest.Device
	plain     *sql.DB
	n, next   int
	rounds    int
	push, raw []time.Duration
}

func newContest(b *testing.B, n int) *contest {
	c := &contest{B: b, n: n, store: open(b, create(b))}
	c.device = storetest.Enroll(b, c.store, "malee", tambon)
	path := filepath.Join(b.TempDir(), "plain.db")
	var err error
	c.plain, err = sql.Open("sqlite", "file:"+path+"?_txlock=immediate&_journal_mode=WAL&_synchronous=FULL")
	if err != nil {
		b.Fatal(err)
	}
	c.plain.SetMaxOpenConns(1)
	b.Cleanup(func() { _ = c.plain.Close() })
	if _, err := c.plain.Exec(`CREATE TABLE records (id BLOB PRIMARY KEY, state BLOB NOT NULL)`); err != nil {
		b.Fatal(err)
	}
	return c
}

// fresh makes n new households with as many answers as a survey form has.
func (c *contest) fresh() (out []syncproto.Record) {
	for range c.n {
		answers := storetest.Answers{"address": fmt.Sprintf("บ้านเลขที่ %d หมู่ 1", c.next)}
		for q := range 30 {
			answers[fmt.Sprintf("q%02d", q)] = (c.next + q) % 5
		}
		out = append(out, c.device.New(c.next, village, answers))
		c.next++
	}
	return out
}

// round runs both sides on the records, the other one first in every second
// round. Reading the bytes is not part of it: the office does that before the
// transaction.
func (c *contest) round(records []syncproto.Record) {
	chunk := c.device.Chunk(records...)
	c.rounds++
	if c.rounds%2 == 0 {
		c.timePush(chunk)
	}
	start := time.Now()
	c.insert(chunk.Records)
	c.raw = append(c.raw, time.Since(start)/time.Duration(c.n))
	if c.rounds%2 == 1 {
		c.timePush(chunk)
	}
}

func (c *contest) timePush(chunk server.Push) {
	start := time.Now()
	results, err := c.device.Send(chunk)
	if err != nil {
		c.Fatal(err)
	}
	c.push = append(c.push, time.Since(start)/time.Duration(c.n))
	for _, r := range results {
		if r.Code != syncproto.ResultStored {
			c.Fatalf("push answered %+v", r)
		}
	}
}

func (c *contest) insert(records []server.Incoming) {
	ctx := context.Background()
	tx, err := c.plain.BeginTx(ctx, nil)
	if err != nil {
		c.Fatal(err)
	}
	stmt, err := tx.PrepareContext(ctx, `INSERT INTO records (id, state) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET state = excluded.state`)
	if err != nil {
		c.Fatal(err)
	}
	defer func() { _ = stmt.Close() }()
	for _, in := range records {
		if _, err := stmt.ExecContext(ctx, in.Record.ID[:], in.Raw); err != nil {
			c.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		c.Fatal(err)
	}
}

// report gives the medians, which one slow disk flush does not move.
func (c *contest) report() {
	push, raw := median(c.push), median(c.raw)
	c.ReportMetric(float64(push.Nanoseconds())/1000, "push-µs/record")
	c.ReportMetric(float64(raw.Nanoseconds())/1000, "raw-µs/record")
	c.ReportMetric(100*float64(raw)/float64(push), "%raw")
	c.ReportMetric(0, "ns/op")
}

func median(d []time.Duration) time.Duration {
	d = slices.Sorted(slices.Values(d))
	return d[len(d)/2]
}
