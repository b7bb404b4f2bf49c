package tables

import (
	"fmt"
	"runtime/metrics"
	"testing"
)

// heapBound is what any format may hold while a million rows stream by.
const heapBound = 200 << 20

func wideColumns() []Column {
	cols := []Column{{Name: "id"}, {Name: "lat", Kind: Number}, {Name: "lon", Kind: Number}, {Name: "visited", Kind: Date}, {Name: "done", Kind: Bool}}
	for i := range 10 {
		cols = append(cols, Column{Name: fmt.Sprintf("n%d", i), Kind: Int}, Column{Name: fmt.Sprintf("t%d", i)})
	}
	return cols
}

// stream writes rows that differ and returns the most memory that the heap's
// objects took, garbage included.
func stream(tb testing.TB, format string, rows int) uint64 {
	tb.Helper()
	cols := wideColumns()
	var gauge gauge
	w, err := New(format, &gauge, cols, Options{TempDir: tb.TempDir()})
	if err != nil {
		tb.Fatal(err)
	}
	defer w.Discard()
	row := make([]any, len(cols))
	for n := range rows {
		copy(row, []any{fmt.Sprintf("%011d", n), 15 + float64(n)/1e7, 103.5, "2020-01-31", n%2 == 0})
		for i := 5; i < len(row); i += 2 {
			row[i], row[i+1] = n*i, fmt.Sprintf("คำตอบ %d", n%1000+i)
		}
		if err := w.Write(row); err != nil {
			tb.Fatal(err)
		}
		if n%5000 == 0 {
			gauge.read()
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	gauge.read()
	return gauge.peak
}

// gauge is a file that looks at the heap after every MiB, so that it also sees
// what Close needs.
type gauge struct {
	peak  uint64
	bytes int
}

func (g *gauge) Write(p []byte) (int, error) {
	if g.bytes += len(p); g.bytes > 1<<20 {
		g.bytes = 0
		g.read()
	}
	return len(p), nil
}

func (g *gauge) read() {
	heap := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(heap)
	g.peak = max(g.peak, heap[0].Value.Uint64())
}

func TestManyRowsAreWrittenInBoundedMemory(t *testing.T) {
	if testing.Short() || underRace {
		t.Skip("writes 100,000 rows in every format")
	}
	for _, format := range Formats() {
		t.Run(format, func(t *testing.T) {
			if peak := stream(t, format, 100_000); peak > heapBound {
				t.Errorf("the heap reached %d MiB, allowed are %d", peak>>20, heapBound>>20)
			}
		})
	}
}

// BenchmarkMillionRows also holds the bound at the size that is promised:
// go test -run - -bench MillionRows -benchtime 1x
func BenchmarkMillionRows(b *testing.B) {
	for _, format := range Formats() {
		b.Run(format, func(b *testing.B) {
			for b.Loop() {
				peak := stream(b, format, 1_000_000)
				b.ReportMetric(float64(peak>>20), "MiB-heap")
				if peak > heapBound {
					b.Errorf("the heap reached %d MiB, allowed are %d", peak>>20, heapBound>>20)
				}
			}
		})
	}
}
