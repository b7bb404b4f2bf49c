package export_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"strconv"
	"testing"
	"time"

	"tambonsync/server"
	"tambonsync/server/store/storetest"
	"tambonsync/server/tables"
	"tambonsync/syncproto"
)

// huts fills the office with n records of the tiny form, 150 a village.
func (o *office) huts(n int) syncproto.RecordID {
	o.t.Helper()
	o.publish(tinyForm, tinySet)
	round := o.round("tiny@1", "45")
	var edits []server.Edit
	for i := range n {
		v := i / 150
		edits = append(edits, server.Edit{
			ID: storetest.RecordID(1000 + i), Type: "hut", At: o.clock, Context: syncproto.Context{User: "malee", Form: "tiny@1"},
			Changes: answers{
				"_scope": fmt.Sprintf("45%02d%02d%02d", v/144%90+1, v/12%12+1, v%12+1),
				"water":  i%3 != 0, "rooms": i % 7, "roof": []string{"tin", "tile"}[i%2],
			}.Values(),
		})
		if len(edits) == server.MaxEdits || i == n-1 {
			_, err := o.EditMany(context.Background(), edits)
			must(o.t, err)
			edits = edits[:0]
		}
	}
	_, err := o.x.Analysis.CatchUp(context.Background())
	must(o.t, err)
	return round
}

// gauge watches the heap while something else runs.
type gauge struct {
	stop chan struct{}
	done chan uint64
	base uint64
}

func heap() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// watch begins after a collection, so that what it sees was made since.
func watch() *gauge {
	runtime.GC()
	g := &gauge{stop: make(chan struct{}), done: make(chan uint64), base: heap()}
	go func() {
		peak := g.base
		for {
			select {
			case <-g.stop:
				g.done <- peak
				return
			case <-time.After(5 * time.Millisecond):
				peak = max(peak, heap())
			}
		}
	}()
	return g
}

// growth ends the watch: the most that the heap's objects took beyond what they
// took at its beginning, garbage included.
func (g *gauge) growth() uint64 {
	close(g.stop)
	return <-g.done - g.base
}

// heapBound is how far an export may make the heap grow, whatever its length.
// It is as good as all garbage: what one page holds is some hundreds of KiB.
const heapBound = 96 << 20

// exported writes a file and returns its size, the time and the growth.
func (o *office) exported(q server.ExportRequest, rows int) (size int64, took time.Duration, growth uint64) {
	o.t.Helper()
	path := filepath.Join(o.t.TempDir(), "huts."+q.Format)
	f, err := os.Create(path)
	must(o.t, err)
	g, began := watch(), time.Now()
	n, err := o.x.Export(context.Background(), q, f)
	took, growth = time.Since(began), g.growth()
	must(o.t, err)
	if n != int64(rows) {
		o.t.Fatalf("%d rows, want %d", n, rows)
	}
	info, err := f.Stat()
	must(o.t, err)
	must(o.t, f.Close())
	must(o.t, os.Remove(path))
	return info.Size(), took, growth
}

// Ten times the rows take no more memory: neither the records nor their
// results are gathered before they are written.
func TestAnExportTakesNoMoreMemoryForMoreRows(t *testing.T) {
	if testing.Short() {
		t.Skip("fills an office with 5,000 households")
	}
	o := newOffice(t)
	round := o.huts(5000)
	for _, format := range []string{tables.CSV, tables.XLSX, tables.Parquet} {
		t.Run(format, func(t *testing.T) {
			q := server.ExportRequest{Area: "45", Round: round, Format: format}
			_, _, growth := o.exported(q, 5000)
			if growth > heapBound {
				t.Errorf("the heap grew by %d MiB, allowed are %d", growth>>20, heapBound>>20)
			}
		})
	}
}

// BenchmarkExport tells how fast files of BENCH_HOUSEHOLDS households are
// written, and holds the bound on memory at that size. A province has up to
// about a million:
//
//	BENCH_HOUSEHOLDS=1000000 go test ./server/export -run - -bench Export -benchtime 1x -timeout 60m
func BenchmarkExport(b *testing.B) {
	n, err := strconv.Atoi(os.Getenv("BENCH_HOUSEHOLDS"))
	if err != nil {
		n = 10_000
	}
	o := newOffice(b)
	began := time.Now()
	round := o.huts(n)
	b.Logf("%d households filled in and counted in %s", n, time.Since(began).Round(time.Second))
	for _, format := range []string{tables.CSV, tables.Parquet} {
		b.Run(format, func(b *testing.B) {
			for b.Loop() {
				size, took, growth := o.exported(server.ExportRequest{Area: "45", Round: round, Format: format}, n)
				b.ReportMetric(float64(n)/took.Seconds(), "rows/s")
				b.ReportMetric(float64(size)/1e6, "MB")
				b.ReportMetric(float64(growth>>20), "MiB-heap")
				if growth > heapBound {
					b.Errorf("the heap grew by %d MiB, allowed are %d", growth>>20, heapBound>>20)
				}
			}
		})
	}
}
