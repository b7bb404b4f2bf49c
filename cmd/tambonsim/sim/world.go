package sim

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"tambonsync/server"
	"tambonsync/server/store"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

// world is one history: an office, its devices and what is known of both.
type world struct {
	ctx     context.Context
	seed    uint64
	dir     string
	trace   io.Writer
	report  Report
	dice    *rand.Rand // what happens
	weather *rand.Rand // what goes wrong on the way
	drawn   int        // random streams handed out
	plan    plan
	now     time.Time // the office's clock, the only true one
	step    int
	depth   int // 1 while something happens in the middle of a sync
	calm    bool
	office  *office
	devices []*device // copies too; broken ones stay in the list
	tags    int
	oracle  *oracle
	saves   saveBook
	replays []replay
}

// plan is what one history is about. Not every history has every disaster, so
// that rare ones also meet quiet surroundings.
type plan struct {
	events     int
	devices    int
	villages   []area.Code
	faults     int // per 1,000 requests
	concurrent int // per 1,000 requests: something else happens before it arrives
	clocks     bool
	regrants   bool
	copies     bool // device stores are copied, and both go on
	rewinds    bool // devices are restored from their own older files
	breaks     bool
	restores   bool // the office is restored from a backup
	images     bool // copies that the device itself cannot notice, such as a disk image
	oldClient  bool
	lazy       bool // the supervisor decides late
	longWays   bool // tambon and amphoe grants beside village ones
}

const (
	tambon      area.Code = "450303"
	otherTambon area.Code = "450304"
	amphoe      area.Code = "4503"
)

func newWorld(ctx context.Context, seed uint64, dir string, trace io.Writer) *world {
	w := &world{
		ctx: ctx, seed: seed, dir: dir, trace: trace,
		dice:    rand.New(rand.NewPCG(seed, 1)),
		weather: rand.New(rand.NewPCG(seed, 2)),
		now:     time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC),
		oracle:  newOracle(),
		saves:   newSaveBook(),
	}
	w.plan = w.draw()
	return w
}

func (w *world) draw() plan {
	d := w.dice
	p := plan{
		events:     60 + d.IntN(60),
		devices:    2 + d.IntN(3),
		villages:   []area.Code{"45030301", "45030302"},
		faults:     []int{0, 20, 60, 150, 300}[d.IntN(5)],
		concurrent: []int{0, 0, 40, 120}[d.IntN(4)],
		clocks:     d.IntN(2) == 0,
		regrants:   d.IntN(2) == 0,
		copies:     d.IntN(3) == 0,
		rewinds:    d.IntN(3) == 0,
		breaks:     d.IntN(4) == 0,
		restores:   d.IntN(3) == 0,
		oldClient:  d.IntN(3) == 0,
		lazy:       d.IntN(2) == 0,
		longWays:   d.IntN(2) == 0,
	}
	if d.IntN(2) == 0 {
		p.villages = append(p.villages, "45030401")
	}
	if p.longWays {
		p.villages = append(p.villages, tambon) // a household in a town without หมู่
	}
	// A copy that nobody can notice and an office that forgot what it had seen:
	// then nothing is left to tell the two apart. See Limits in PROTOCOL.md.
	p.images = !p.restores && d.IntN(2) == 0
	if p.images && p.copies && p.concurrent == 0 {
		p.concurrent = 80
	}
	return p
}

// random opens a stream of random bytes of its own for what is named.
func (w *world) random(name string) io.Reader {
	w.drawn++
	var b [16]byte
	binary.BigEndian.PutUint64(b[:], w.seed)
	binary.BigEndian.PutUint64(b[8:], uint64(w.drawn))
	return rand.NewChaCha8(sha256.Sum256(append(b[:], name...)))
}

func (w *world) chance(permille int) bool { return w.dice.IntN(1000) < permille }

func (w *world) clock() time.Time { return w.now }

// say writes a line of the trace.
func (w *world) say(format string, args ...any) {
	fmt.Fprintf(w.trace, "%4d %s%s\n", w.step, strings.Repeat("    ", w.depth), fmt.Sprintf(format, args...))
}

// fail ends the history. Run catches it: it may come from under a sync.
func (w *world) fail(check, format string, args ...any) {
	f := &Failure{Seed: w.seed, Step: w.step, Check: check, Detail: fmt.Sprintf(format, args...)}
	w.say("BROKEN %s: %s", f.Check, f.Detail)
	panic(f)
}

// must ends the history on an error that no fault explains.
func (w *world) must(err error) {
	if err != nil {
		w.fail("error", "%v", err)
	}
}

// office is the server with its present store.
type office struct {
	life    int // how often it was restored
	store   *store.Store
	who     server.Office
	handler http.Handler
	backups []string
	made    int
	view    map[syncproto.RecordID]server.StoredRecord
}

// build opens the office, enrolls the devices and begins some households.
func (w *world) build() {
	w.say("%d devices, villages %v, faults %d/1000, concurrent %d/1000", w.plan.devices, w.plan.villages, w.plan.faults, w.plan.concurrent)
	w.calm = true
	dir := filepath.Join(w.dir, "office0")
	w.must(store.Create(w.ctx, dir, "อำเภอเกษตรวิสัย", w.random("office")))
	w.office = &office{view: map[syncproto.RecordID]server.StoredRecord{}}
	w.openOffice(dir)
	for i := range w.plan.devices {
		w.enroll(fmt.Sprintf("d%d", i+1), w.someGrants())
	}
	for range 2 + w.dice.IntN(3) {
		d := w.devices[w.dice.IntN(len(w.devices))]
		w.begin(d)
	}
	w.calm = false
}

func (w *world) openOffice(dir string) {
	o := w.office
	var err error
	o.store, err = store.Open(w.ctx, dir)
	w.must(err)
	o.who, err = o.store.Office(w.ctx)
	w.must(err)
	s, err := server.New(w.ctx, server.Config{
		Store: o.store, Clock: w.clock, Random: w.random("server"), PublicURL: "http://office.example",
		Log: slog.New(slog.DiscardHandler),
	})
	w.must(err)
	o.handler = s.Handler()
}

func (w *world) close() {
	for _, d := range w.devices {
		if d.store != nil {
			_ = d.store.Close()
		}
	}
	if w.office != nil && w.office.store != nil {
		_ = w.office.store.Close()
	}
}

// someGrants draws what one officer may see.
func (w *world) someGrants() []area.Code {
	var all []area.Code
	switch {
	case w.plan.longWays && w.chance(250):
		all = []area.Code{amphoe}
	case w.chance(300):
		all = []area.Code{tambon}
	}
	for _, v := range w.plan.villages {
		if w.chance(600) {
			all = append(all, v)
		}
	}
	if len(all) == 0 {
		all = append(all, w.plan.villages[w.dice.IntN(len(w.plan.villages))])
	}
	return all
}

// grants returns what the office's store grants a device now.
func (w *world) grants(d *device) []area.Code {
	dev, err := w.office.store.Device(w.ctx, d.id)
	w.must(err)
	return dev.Grants
}

func granted(grants []area.Code, code area.Code) bool {
	for _, g := range grants {
		if g.Contains(code) {
			return true
		}
	}
	return false
}

// tag names the next save. It is written as the user who saved.
func (w *world) tag() string {
	w.tags++
	return fmt.Sprintf("e%03d", w.tags)
}

func short(id syncproto.RecordID) string { return id.String()[9:13] + id.String()[33:] }
