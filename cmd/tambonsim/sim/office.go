package sim

import (
	"bytes"
	"errors"
	"slices"

	"tambonsync/server"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
	"tambonsync/syncproto/survey"
)

// officeRecord picks a record of the office.
func (w *world) officeRecord() (server.StoredRecord, bool) {
	w.lookAtOffice()
	ids := make([]syncproto.RecordID, 0, len(w.office.view))
	for id := range w.office.view {
		ids = append(ids, id)
	}
	if len(ids) == 0 {
		return server.StoredRecord{}, false
	}
	slices.SortFunc(ids, syncproto.RecordID.Compare)
	return w.office.view[ids[w.dice.IntN(len(ids))]], true
}

// officeEdits lets a supervisor answer, delete, move or resolve. Its saves
// carry context keys that no client here knows.
func (w *world) officeEdits() {
	s, ok := w.officeRecord()
	if !ok {
		return
	}
	tag := w.tag()
	rec := s.Record
	if list := rec.Conflicts(); len(list) > 0 && w.chance(600) {
		group := list[w.dice.IntN(len(list))]
		if group[0] != '_' || group == syncproto.GroupLife {
			w.officeResolves(rec, group, tag)
			return
		}
	}
	changes := map[string]syncproto.Value{}
	switch w.dice.IntN(6) {
	case 0:
		changes[syncproto.GroupLife] = syncproto.False
	case 1:
		changes[syncproto.GroupScope] = syncproto.Text(string(w.otherArea(rec)))
	case 2: // the record stands for another one, or no longer does
		changes[syncproto.GroupMergedInto] = syncproto.Null
		if w.chance(700) {
			changes[syncproto.GroupMergedInto] = syncproto.ID(w.oracle.recs[w.dice.IntN(len(w.oracle.recs))])
		}
	default:
		list := questions[rec.Type]
		group := groupOf(rec.Type, list[w.dice.IntN(len(list))])
		changes[group] = syncproto.Text(tag + " " + group)
	}
	w.officeSaves(server.Edit{ID: rec.ID, Changes: changes, At: w.now.UnixMilli(), Context: syncproto.Context{
		User: tag, Form: survey.Default().Ref(), App: "dashboard", Reason: "telephone",
		Extra: map[string]syncproto.Value{"later": syncproto.Text("kept as it is " + tag)},
	}}, rec)
}

func (w *world) officeResolves(rec syncproto.Record, group, tag string) {
	entries := rec.Ranked(group)
	value, err := entries[w.dice.IntN(len(entries))].Value.Any()
	w.must(err)
	e, err := server.ResolveEdit(rec, survey.Builtin(), group, value, tag, w.now.UnixMilli())
	if err != nil {
		w.say("the office cannot resolve %s of %s with %v: %v", group, short(rec.ID), value, err)
		return
	}
	w.officeSaves(e, rec)
}

func (w *world) officeBegins() {
	tag := w.tag()
	var random [10]byte
	_, err := w.random("office record").Read(random[:])
	w.must(err)
	id := syncproto.NewRecordID(w.now.UnixMilli(), random)
	w.officeSaves(server.Edit{
		ID: id, Type: "household", At: w.now.UnixMilli(),
		Changes: map[string]syncproto.Value{
			syncproto.GroupScope: syncproto.Text(string(w.plan.villages[w.dice.IntN(len(w.plan.villages))])),
			"head_name":          syncproto.Text(tag + " head_name"),
		},
		Context: syncproto.Context{User: tag, Form: survey.Default().Ref()},
	}, syncproto.Record{})
}

// officeSaves makes a save of the office and tells the oracle.
func (w *world) officeSaves(e server.Edit, before syncproto.Record) {
	s, err := w.office.store.Edit(w.ctx, e)
	w.must(err)
	w.say("the office saves %s as %s: %v", short(e.ID), e.Context.User, sortedKeys(e.Changes))
	w.event("office", e.Context, before, s.Record)
	for group, v := range e.Changes {
		if !bytes.Equal(s.Record.Winner(group), v) {
			w.fail(checkSave, "the office shows another %s of %s than it saved", group, short(e.ID))
		}
	}
	w.lookAtOffice()
}

// inbox lists what waits for a supervisor; with all, what was decided too.
func (w *world) inbox(all bool) []server.InboxItem {
	items, err := w.office.store.Inbox(w.ctx, all, 0)
	w.must(err)
	return items
}

func (w *world) decideOne() {
	if items := w.inbox(false); len(items) > 0 {
		w.decide(items[w.dice.IntN(len(items))])
	}
}

// decide accepts or rejects. What only a rejected item holds is no longer
// owed: the device keeps it and tells the officer.
func (w *world) decide(it server.InboxItem) {
	accept := w.chance(700)
	w.must(w.office.store.Decide(w.ctx, server.Decision{Item: it.ID, Accept: accept, By: "supervisor", Why: "dice", At: w.now.UnixMilli()}))
	w.say("the office decides on %s of %s: accept %v", short(it.Record), w.deviceName(it.Device), accept)
	w.lookAtOffice()
	rec, err := syncproto.DecodeRecord(it.Raw)
	w.must(err)
	for _, e := range w.oracle.byRec[it.Record] {
		if _, there := w.oracle.covered(e, []syncproto.Record{rec}); !there || e.reached || !e.required {
			continue
		}
		if accept {
			w.fail(checkLost, "%s by %s was accepted and is not at the office", short(it.Record), e.tag)
		}
		e.required = false
	}
}

func (w *world) deviceName(id string) string {
	for _, d := range w.devices {
		if d.id == id {
			return d.name
		}
	}
	return id
}

// regrant changes what a device may see: more, less, or elsewhere.
func (w *world) regrant() {
	d := w.someone(false)
	if d == nil {
		return
	}
	grants := w.someGrants()
	if w.chance(40) {
		grants = []area.Code{}
	}
	err := w.office.store.SetGrants(w.ctx, d.id, grants)
	if !errors.Is(err, server.ErrNotFound) {
		w.must(err)
	}
	w.say("%s may now see %v", d.name, grants)
}
