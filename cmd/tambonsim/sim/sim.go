// Package sim plays one season of field work by dice: officers save, delete
// and move records on tablets, the office edits and decides, the network loses,
// cuts, doubles and repeats messages, tablets are copied, restored and broken,
// and the office is restored from a backup. Device store, office handlers,
// office store and SQLite files are the real ones; only the network, the
// clocks and the random numbers are ours. After every history everything is
// synced to the end and judged by an oracle that knows nothing of dots and
// vectors: see oracle.go.
//
// One number, the seed, decides everything, so a failing history replays
// exactly. There are no goroutines in a history: what happens "at the same
// time" happens while another store waits for an answer (network.go).
//
// world.go builds the world, events.go and disasters.go say what can happen,
// check.go what must hold after each step, settle.go what must hold at the end.
package sim

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime/debug"
	"slices"
	"strings"
)

// Report counts what one or many histories contained.
type Report struct {
	Histories int
	Saves     int            // acknowledged ones, by officers and by the office
	Syncs     int            // begun
	Requests  int            // that reached the network
	Excused   int            // saves that a disaster took with their only copy
	Events    map[string]int // by kind
	Faults    map[string]int // by kind
}

// Add adds what other counted.
func (r *Report) Add(other Report) {
	r.Histories += other.Histories
	r.Saves += other.Saves
	r.Syncs += other.Syncs
	r.Requests += other.Requests
	r.Excused += other.Excused
	for k, n := range other.Events {
		r.event(k, n)
	}
	for k, n := range other.Faults {
		r.fault(k, n)
	}
}

func (r *Report) event(kind string, n int) {
	if r.Events == nil {
		r.Events = map[string]int{}
	}
	r.Events[kind] += n
}

func (r *Report) fault(kind string, n int) {
	if r.Faults == nil {
		r.Faults = map[string]int{}
	}
	r.Faults[kind] += n
}

// String shows the counts, one kind a line.
func (r Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d histories, %d saves (%d lost with their only copy), %d syncs, %d requests\n", r.Histories, r.Saves, r.Excused, r.Syncs, r.Requests)
	for _, list := range []struct {
		title  string
		counts map[string]int
	}{{"faults", r.Faults}, {"events", r.Events}} {
		total := 0
		for _, n := range list.counts {
			total += n
		}
		fmt.Fprintf(&b, "%s: %d\n", list.title, total)
		for _, k := range slices.Sorted(maps.Keys(list.counts)) {
			fmt.Fprintf(&b, "  %-28s %7d\n", k, list.counts[k])
		}
	}
	return b.String()
}

// Failure is a promise that was broken.
type Failure struct {
	Seed   uint64
	Step   int
	Check  string // which promise: short, and the same for the same promise
	Detail string
}

func (f *Failure) Error() string {
	return fmt.Sprintf("seed %d, step %d: %s: %s", f.Seed, f.Step, f.Check, f.Detail)
}

// Run plays the history of one seed and returns a *Failure if a promise was
// broken. It works in a folder of its own, which it removes. trace, which may
// be nil, gets one line for each event.
func Run(ctx context.Context, seed uint64, trace io.Writer) (report Report, err error) {
	dir, err := workFolder()
	if err != nil {
		return Report{}, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if trace == nil {
		trace = io.Discard
	}
	w := newWorld(ctx, seed, dir, trace)
	defer func() { report = w.report }()
	defer w.close()
	defer func() {
		switch p := recover().(type) {
		case nil:
		case *Failure:
			err = p
		default:
			err = &Failure{Seed: seed, Step: w.step, Check: checkPanic, Detail: fmt.Sprintf("%v\n%s", p, debug.Stack())}
		}
	}()
	w.build()
	for w.step = 1; w.step <= w.plan.events; w.step++ {
		w.next()
	}
	w.settle()
	w.report.Histories = 1
	return w.report, nil
}

// workFolder is in memory where the system has such a place: nothing here has
// to survive a power cut, and a history syncs files a thousand times.
func workFolder() (string, error) {
	const memory = "/dev/shm"
	parent := ""
	if info, err := os.Stat(memory); err == nil && info.IsDir() {
		parent = memory
	}
	dir, err := os.MkdirTemp(parent, "tambonsim-")
	if err != nil && parent != "" {
		dir, err = os.MkdirTemp("", "tambonsim-")
	}
	if err != nil {
		return "", fmt.Errorf("work folder: %w", err)
	}
	return dir, nil
}
