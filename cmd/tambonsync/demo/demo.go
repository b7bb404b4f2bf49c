// Package demo shows a whole season in a minute: it makes up a tambon, lets two
// tablets enter it, work on the same households without a network and meet
// again at a real office.
//
// tambon.go, household.go, person.go and flaws.go make up the families;
// sheet.go, dimensions.go and work.go fill in their questionnaires; offline.go
// is what the two officers do without a network; story.go and figures.go say
// what came of it. The package knows devices (clientlib) and the form. It must
// not know the server package: the office is an address.
//
// Every name, house and number is made up. Citizen ids have the office digits
// 0000, which are not issued to anybody; house codes begin with 0000 too.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"time"

	"tambonsync/clientlib"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

// Options are what Run needs. The office has opened [Round]. The two codes belong to invitations that the
// office has made, with areas as Grants gives them or others that overlap.
type Options struct {
	Server     string // such as http://127.0.0.1:8080
	CodeA      string
	CodeB      string
	Dir        string // where the tablets' stores A.db and B.db are made; they must not exist
	Seed       uint64 // of the families, and of who works on which
	Households int    // how many of them; 0: all. fewer than about 40 leave too few for both
	App        string // program and version as the office shows it
	Out        io.Writer
	JSON       bool // lines to Out are JSON objects
}

// Grants are the areas for the two invitations: tablet A covers the tambon,
// tablet B its first villages, so B's villages are A's too.
func Grants() (a, b []area.Code) {
	for _, v := range villages[:grantedToB] {
		b = append(b, v.Code)
	}
	return []area.Code{Tambon450303}, b
}

// grantedToB leaves villages to which B's officer goes astray.
const grantedToB = 8

// Run plays the season and tells what happened. It stops at the first thing
// that does not go as it should; the stores stay in Dir as they are then.
func Run(ctx context.Context, o Options) (story Story, err error) {
	r := &run{
		opts:   o,
		say:    speaker{out: o.Out, json: o.JSON},
		tambon: Generate(o.Seed).Take(o.Households),
		rng:    rand.New(rand.NewPCG(o.Seed, offlineStream)),
		story:  Story{Seed: o.Seed},
	}
	defer func() { err = errors.Join(err, r.a.close(), r.b.close()) }()
	for _, step := range []func(context.Context) error{
		r.enroll, r.enter, r.syncFirst, r.workOffline, r.syncAgain, r.lookBack,
	} {
		if err := step(ctx); err != nil {
			return r.story, err
		}
	}
	return r.story, nil
}

type run struct {
	opts    Options
	say     speaker
	tambon  Tambon
	rng     *rand.Rand
	a, b    tablet
	entered []entered
	pool    []entered // households in both tablets' areas without a part in the story yet
	story   Story
}

// entered is a household with the records that it became.
type entered struct {
	Household
	id      syncproto.RecordID
	members []syncproto.RecordID
}

type tablet struct {
	name  string
	path  string
	store *clientlib.Store
	areas []area.Code
}

func (t *tablet) close() error {
	if t.store == nil {
		return nil
	}
	return t.store.Close()
}

func (t *tablet) covers(code area.Code) bool {
	return slices.ContainsFunc(t.areas, func(g area.Code) bool { return g.Contains(code) })
}

func (t *tablet) save(ctx context.Context, e clientlib.Edit) (syncproto.RecordID, error) {
	rec, err := t.store.Save(ctx, e)
	if err != nil {
		return rec.ID, fmt.Errorf("tablet %s: save: %w", t.name, err)
	}
	return rec.ID, nil
}

// enroll makes the two tablets and registers them with the office.
func (r *run) enroll(ctx context.Context) error {
	if err := os.MkdirAll(r.opts.Dir, 0o700); err != nil {
		return fmt.Errorf("folder of the tablets: %w", err)
	}
	r.a = tablet{name: "A", path: filepath.Join(r.opts.Dir, "A.db")}
	r.b = tablet{name: "B", path: filepath.Join(r.opts.Dir, "B.db")}
	for _, t := range []struct {
		*tablet
		code string
	}{{&r.a, r.opts.CodeA}, {&r.b, r.opts.CodeB}} {
		if err := t.enroll(ctx, r.opts, t.code); err != nil {
			return fmt.Errorf("tablet %s: %w", t.name, err)
		}
	}
	r.say.line(line{
		Step: stepEnroll, Done: 2, Total: 2,
		TH: fmt.Sprintf("ลงทะเบียนแท็บเล็ต 2 เครื่อง (จำนวนพื้นที่ A %d, B %d)", len(r.a.areas), len(r.b.areas)),
		EN: fmt.Sprintf("2 tablets enrolled (areas: A %d, B %d)", len(r.a.areas), len(r.b.areas)),
	})
	return nil
}

func (t *tablet) enroll(ctx context.Context, o Options, code string) error {
	app := o.App
	if app == "" {
		app = "tambonsync demo"
	}
	var err error
	if t.store, err = clientlib.Create(ctx, t.path, clientlib.Options{App: app}); err != nil {
		return err
	}
	if err := t.store.Enroll(ctx, clientlib.Enrollment{Server: o.Server, Code: code, Name: "แท็บเล็ต " + t.name}); err != nil {
		return err
	}
	st, err := t.store.Status(ctx)
	t.areas = st.Areas
	return err
}

// enter saves the households village by village, as the officers found them:
// tablet A in its areas, B where only B goes. Households in neither are left
// out.
func (r *run) enter(ctx context.Context) error {
	begun := time.Now()
	total := r.tambon.People() + len(r.tambon.Households)
	done := 0
	for _, v := range r.tambon.Villages {
		t := &r.a
		if !t.covers(v.Code) {
			t = &r.b
		}
		if !t.covers(v.Code) {
			continue
		}
		households, people := 0, 0
		for _, h := range r.tambon.Households {
			if h.Village != v.Code {
				continue
			}
			e, err := t.enterHousehold(ctx, h)
			if err != nil {
				return err
			}
			r.entered = append(r.entered, e)
			households, people = households+1, people+len(h.Members)
		}
		done += households + people
		r.story.Entered.add(households, people)
		r.say.line(line{
			Step: stepEnter, Done: done, Total: total,
			TH: fmt.Sprintf("หมู่ %d %s: %d ครัวเรือน %d คน (บันทึก %d จาก %d)", v.Code.Village(), v.Name, households, people, done, total),
			EN: fmt.Sprintf("village %d: %d households, %d people", v.Code.Village(), households, people),
		})
	}
	r.story.Entered.Flagged = flagged(r.entered)
	r.story.Entered.TookMS = time.Since(begun).Milliseconds()
	return nil
}

func (t *tablet) enterHousehold(ctx context.Context, h Household) (entered, error) {
	e := entered{Household: h}
	var err error
	if e.id, err = t.save(ctx, clientlib.Edit{Type: typeHousehold, Area: h.Village, Values: h.Values}); err != nil {
		return e, err
	}
	for _, m := range h.Members {
		id, err := t.save(ctx, clientlib.Edit{Type: typeMember, Parent: e.id, Values: m.Values})
		if err != nil {
			return e, err
		}
		e.members = append(e.members, id)
	}
	return e, nil
}

// syncFirst brings what was entered to the office and to tablet B.
func (r *run) syncFirst(ctx context.Context) error {
	return r.syncAll(ctx, &r.a, &r.b)
}

// syncAgain lets the two meet: what B sends is merged with what A sent, and
// reaches A with A's second sync.
func (r *run) syncAgain(ctx context.Context) error {
	return r.syncAll(ctx, &r.a, &r.b, &r.a)
}

func (r *run) syncAll(ctx context.Context, tablets ...*tablet) error {
	for _, t := range tablets {
		if err := r.sync(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) sync(ctx context.Context, t *tablet) error {
	begun := time.Now()
	res, err := t.store.Sync(ctx, func(p clientlib.Progress) {
		if p.Unsent > 0 {
			r.say.line(line{
				Step: stepSending, Done: p.Pushed, Total: p.Pushed + p.Unsent,
				TH: fmt.Sprintf("  %s ส่งแล้ว %d จาก %d", t.name, p.Pushed, p.Pushed+p.Unsent),
				EN: fmt.Sprintf("%s sent %d of %d", t.name, p.Pushed, p.Pushed+p.Unsent),
			})
		}
	})
	if err != nil {
		return fmt.Errorf("tablet %s: %w", t.name, err)
	}
	s := Sync{Tablet: t.name, Result: res, TookMS: time.Since(begun).Milliseconds()}
	r.story.Syncs = append(r.story.Syncs, s)
	r.say.line(line{Step: stepSync, Done: res.Pushed, Total: res.Pushed + res.Unsent, TH: s.thai(), EN: s.english()})
	return nil
}
