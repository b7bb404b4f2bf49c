package sim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"tambonsync/clientlib"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
	"tambonsync/syncproto/survey"
)

// happening is something that can happen in a history.
type happening struct {
	name   string
	weight int
	when   bool
	do     func()
}

// next lets the next thing happen.
func (w *world) next() {
	w.now = w.now.Add(time.Duration(w.dice.IntN(120)) * time.Second)
	if w.chance(60) {
		w.now = w.now.Add(time.Duration(w.dice.IntN(72)) * time.Hour)
	}
	p := w.plan
	w.one([]happening{
		{"answer", 380, true, w.answer},
		{"new record", 40, true, w.beginSomewhere},
		{"delete", 25, true, w.remove},
		{"resolve", 60, true, w.resolve},
		{"move", 30, true, w.move},
		{"sync", 260, true, w.syncSomeone},
		{"office edits", 50, true, w.officeEdits},
		{"office begins a record", 8, true, w.officeBegins},
		{"office decides", 40, !p.lazy, w.decideOne},
		{"office decides late", 5, p.lazy, w.decideOne},
		{"grants change", 35, p.regrants, w.regrant},
		{"app restarts", 15, true, w.restart},
		{"clock jumps", 10, p.clocks, w.jump},
		{"old request again", 30, p.faults > 0, w.deliverAgain},
		{"store copied", 18, p.copies, w.cloneOne},
		{"store saved", 18, p.copies || p.rewinds, w.keepCopy},
		{"store restored", 18, p.rewinds, w.rewind},
		{"device broken", 8, p.breaks, w.breakOne},
		{"office saved", 25, p.restores, w.backup},
		{"office restored", 12, p.restores, w.restore},
	})
}

// meanwhile is what happens while a device waits for its answer.
func (w *world) meanwhile() {
	w.depth++
	defer func() { w.depth-- }()
	p := w.plan
	w.one([]happening{
		{"answer", 40, true, w.answer},
		{"sync", 30, true, w.syncSomeone},
		{"sync of a copy", 60, p.images, w.syncTwin},
		{"office edits", 10, true, w.officeEdits},
		{"office decides", 5, true, w.decideOne},
		{"grants change", 8, p.regrants, w.regrant},
		{"office restored", 3, p.restores, w.restore},
	})
}

func (w *world) one(list []happening) {
	total := 0
	for _, h := range list {
		if h.when {
			total += h.weight
		}
	}
	n := w.dice.IntN(total)
	for _, h := range list {
		if !h.when {
			continue
		}
		if n -= h.weight; n < 0 {
			w.report.event(h.name, 1)
			h.do()
			return
		}
	}
}

// someone picks a device that works; idle ones are not in the middle of a sync.
func (w *world) someone(idle bool) *device {
	var out []*device
	for _, d := range w.devices {
		if d.live && (!idle || !d.busy) {
			out = append(out, d)
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out[w.dice.IntN(len(out))]
}

// somewhere picks a device and a record on it.
func (w *world) pick(ok func(clientlib.Item) bool) (*device, syncproto.RecordID) {
	d := w.someone(false)
	if d == nil {
		return nil, syncproto.RecordID{}
	}
	var ids []syncproto.RecordID
	for _, id := range d.ids() {
		if ok(d.view[id]) {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil, syncproto.RecordID{}
	}
	return d, ids[w.dice.IntN(len(ids))]
}

func anyRecord(clientlib.Item) bool { return true }

// answer lets an officer answer one to three questions, or clear one.
func (w *world) answer() {
	d, id := w.pick(anyRecord)
	if d == nil {
		return
	}
	for range 1 + w.dice.IntN(2) { // often several saves before a sync
		tag := w.tag()
		w.save(d, tag, clientlib.Edit{ID: id, Values: w.values(d, d.view[id].Record.Type, tag)})
	}
}

// values draws answers that no other save gives.
func (w *world) values(d *device, kind, tag string) map[string]any {
	list := questions[kind]
	if d.form != survey.Default() {
		list = list[:2]
	}
	out := map[string]any{}
	for range 1 + w.dice.IntN(3) {
		q := list[w.dice.IntN(len(list))]
		switch {
		case w.chance(60):
			out[q] = nil
		case w.chance(200):
			out[q] = int64(w.tags*10 + len(out))
		default:
			out[q] = tag + " " + q
		}
	}
	return out
}

// save makes one save on a device and tells the oracle what the officer saw.
func (w *world) save(d *device, tag string, e clientlib.Edit) syncproto.RecordID {
	e.User = tag
	e.Reason = []string{"", "", "visit"}[w.dice.IntN(3)]
	kind := e.Type
	if !e.ID.IsZero() {
		kind = d.view[e.ID].Record.Type
	}
	var rec syncproto.Record
	w.observed(d, tag, e.Reason, func() (err error) {
		rec, err = d.store.Save(w.ctx, e)
		return err
	})
	w.say("%s saves %s as %s: %v%s", d.name, short(rec.ID), tag, e.Values, moved(e.Area))
	if w.oracle.events[key{tag, rec.ID}] != nil && !rec.Alive() {
		w.fail(checkSave, "%s: %s is still deleted after %s", d.name, short(rec.ID), tag)
	}
	t, _ := d.form.Type(kind)
	got, err := clientlib.Answers(t, rec)
	w.must(err)
	for q, v := range e.Values {
		if got[q] != v {
			w.fail(checkSave, "%s: %s of %s is %v, want %v", d.name, q, short(rec.ID), got[q], v)
		}
	}
	if e.Area != "" && rec.Area() != e.Area {
		w.fail(checkSave, "%s: %s is in %s, want %s", d.name, short(rec.ID), rec.Area(), e.Area)
	}
	return rec.ID
}

func moved(code area.Code) string {
	if code == "" {
		return ""
	}
	return " in " + string(code)
}

// observed runs a save and compares the screen before and after it: what has
// the tag was written by this save and replaced what stood there; everything
// else must be as it was.
func (w *world) observed(d *device, tag, reason string, save func() error) {
	if d.stale {
		d.look()
	}
	before := d.view
	if err := save(); err != nil {
		w.fail(checkSave, "%s: %s: %v", d.name, tag, err)
	}
	items, err := d.store.List(w.ctx, clientlib.Filter{Deleted: true, Limit: 100000})
	w.must(err)
	for _, it := range items {
		id := it.Record.ID
		ctx := syncproto.Context{User: tag, Form: d.form.Ref(), Reason: reason}
		if e := w.event(d.name, ctx, before[id].Record, it.Record); e != nil {
			d.unsent[e.key], d.unacked[e.key] = true, true
		}
	}
	if len(items) < len(before) {
		w.fail(checkSave, "%s: a record is gone after %s", d.name, tag)
	}
	d.look()
}

// event tells the oracle of a save if it changed the record.
func (w *world) event(where string, ctx syncproto.Context, before, after syncproto.Record) *event {
	e := &event{
		key: key{ctx.User, after.ID}, where: where, context: ctx, required: true,
		wrote: map[string]syncproto.Value{}, saw: map[string][]string{},
	}
	for _, group := range sortedKeys(after.Groups) {
		entries := after.Groups[group]
		switch tags := shown(after, group); {
		case !slices.Contains(tags, ctx.User):
			if !sameAnswers(after, before, group) {
				w.fail(checkSave, "%s: %s of %s changed by %s, which is about something else", where, group, short(after.ID), ctx.User)
			}
		case len(entries) != 1:
			w.fail(checkSave, "%s: %s of %s shows %v after %s", where, group, short(after.ID), tags, ctx.User)
		default:
			e.wrote[group] = entries[0].Value
			e.saw[group] = shown(before, group)
		}
	}
	for group := range before.Groups {
		if len(after.Groups[group]) == 0 {
			w.fail(checkSave, "%s: %s of %s is gone after %s", where, group, short(after.ID), ctx.User)
		}
	}
	if len(e.wrote) == 0 {
		return nil
	}
	w.oracle.add(e)
	w.report.Saves++
	return e
}

// sameAnswers compares what two states display in a group. Numbers of saves do
// not count: a store that notices that it was copied renumbers its own.
func sameAnswers(a, b syncproto.Record, group string) bool {
	return slices.Equal(answers(a, group), answers(b, group))
}

func answers(rec syncproto.Record, group string) []string {
	var out []string
	for _, e := range rec.Groups[group] {
		op, _ := rec.Op(e.Dot)
		out = append(out, op.User+" "+string(e.Value))
	}
	slices.Sort(out)
	return out
}

// begin starts a household, or a member of one that the device holds.
func (w *world) begin(d *device) {
	tag := w.tag()
	e := clientlib.Edit{Type: "household", Area: w.someArea(d)}
	if w.chance(400) {
		for _, id := range d.ids() {
			if d.view[id].Record.Type == "household" && w.chance(500) {
				e = clientlib.Edit{Type: "member", Parent: id}
				break
			}
		}
	}
	e.Values = w.values(d, e.Type, tag)
	w.save(d, tag, e)
}

func (w *world) beginSomewhere() {
	if d := w.someone(false); d != nil {
		w.begin(d)
	}
}

// someArea is mostly one that the device may see.
func (w *world) someArea(d *device) area.Code {
	code := w.plan.villages[w.dice.IntN(len(w.plan.villages))]
	for range 4 {
		if granted(w.grants(d), code) {
			break
		}
		code = w.plan.villages[w.dice.IntN(len(w.plan.villages))]
	}
	return code
}

func (w *world) remove() {
	d, id := w.pick(func(it clientlib.Item) bool { return it.Record.Alive() })
	if d == nil {
		return
	}
	tag := w.tag()
	w.observed(d, tag, "moved away", func() error { return d.store.Delete(w.ctx, id, tag, "moved away") })
	w.say("%s deletes %s as %s", d.name, short(id), tag)
	if d.view[id].Record.Alive() {
		w.fail(checkSave, "%s: %s is alive after %s deleted it", d.name, short(id), tag)
	}
}

// resolve decides a conflict on a device: for one of the answers, or another.
func (w *world) resolve() {
	d, id := w.pick(func(it clientlib.Item) bool { return len(it.Record.Conflicts()) > 0 })
	if d == nil {
		return
	}
	tag := w.tag()
	rec := d.view[id].Record
	list := rec.Conflicts()
	group := list[w.dice.IntN(len(list))]
	if group == syncproto.GroupScope || group == syncproto.GroupParent {
		w.save(d, tag, clientlib.Edit{ID: id, Area: w.otherArea(rec)})
		return
	}
	entries := rec.Ranked(group)
	value, err := entries[w.dice.IntN(len(entries))].Value.Any()
	w.must(err)
	if _, text := value.(string); text && w.chance(300) {
		value = tag + " resolved"
	}
	w.observed(d, tag, "resolve", func() error { return d.store.Resolve(w.ctx, id, group, value, tag) })
	w.say("%s resolves %s of %s as %s: %v", d.name, group, short(id), tag, value)
	if n := len(d.view[id].Record.Groups[group]); n != 1 {
		w.fail(checkSave, "%s: %s of %s has %d answers after %s", d.name, group, short(id), n, tag)
	}
}

func (w *world) otherArea(rec syncproto.Record) area.Code {
	for {
		if code := w.plan.villages[w.dice.IntN(len(w.plan.villages))]; code != rec.Area() {
			return code
		}
	}
}

// move takes a household, with its members, or a member to another area.
func (w *world) move() {
	d, id := w.pick(anyRecord)
	if d == nil {
		return
	}
	tag := w.tag()
	w.save(d, tag, clientlib.Edit{ID: id, Area: w.otherArea(d.view[id].Record)})
}

func (w *world) syncSomeone() {
	d := w.someone(true)
	if d == nil {
		return
	}
	stop := 0
	if !w.calm && w.plan.faults > 0 && w.chance(120) {
		stop = 1 + w.dice.IntN(8)
	}
	w.sync(d, stop)
}

// syncTwin lets a copy of the device that is waiting for its answer save and
// sync.
func (w *world) syncTwin() {
	for _, d := range w.devices {
		for _, c := range w.devices {
			if !d.busy || c.busy || !c.live || c.id != d.id {
				continue
			}
			if ids := c.ids(); len(ids) > 0 {
				id, tag := ids[w.dice.IntN(len(ids))], w.tag()
				w.save(c, tag, clientlib.Edit{ID: id, Values: w.values(c, c.view[id].Record.Type, tag)})
			}
			w.sync(c, 0)
			return
		}
	}
}

// sync lets a device sync, and stops it at the given request if that is not 0.
func (w *world) sync(d *device, stopAt int) clientlib.Result {
	ctx, cancel := context.WithCancel(w.ctx)
	defer cancel()
	d.line.requests, d.line.hits, d.line.stopAt, d.line.stop = 0, 0, stopAt, cancel
	life := w.office.life
	grants := fmt.Sprint(w.grants(d))
	d.busy = true
	w.report.Syncs++
	res, err := d.store.Sync(ctx, nil)
	d.busy = false
	w.say("%s syncs: pushed %d pulled %d unsent %d held %d evicted %d requests %d: %s", d.name,
		res.Pushed, res.Pulled, res.Unsent, res.Quarantined+res.Rejected, res.Evicted, res.Requests, cause(err))
	if err == nil && w.office.life == life {
		d.life = life
	}
	d.look()
	switch {
	case err != nil && d.line.hits == 0 && w.office.life == life && grants == fmt.Sprint(w.grants(d)):
		w.fail(checkSync, "%s: %v", d.name, err)
	case res.Repaired != 0:
		w.fail(checkRepair, "%s: %d records", d.name, res.Repaired)
	case res.Invalid != 0:
		w.fail(checkWaiting, "%s: the office could not read %d records", d.name, res.Invalid)
	}
	w.checkSent(d)
	return res
}

func cause(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, context.Canceled):
		return "stopped"
	}
	return err.Error()
}

// restart ends the app and starts it again.
func (w *world) restart() {
	d := w.someone(true)
	if d == nil {
		return
	}
	d.shut()
	d.reopen()
	w.say("%s restarts", d.name)
}

// jump changes a tablet's clock.
func (w *world) jump() {
	if d := w.someone(false); d != nil {
		d.skew = w.skew()
		w.say("%s: clock now off by %d ms", d.name, d.skew)
	}
}
