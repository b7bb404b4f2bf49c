package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"tambonsync/server"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

// The areas that the tests live in: two tambons of one amphoe, and one far away.
const (
	province    area.Code = "45"
	amphoe      area.Code = "4503"
	tambon      area.Code = "450301"
	village1    area.Code = "45030101"
	village2    area.Code = "45030102"
	village3    area.Code = "45030103"
	nextTambon  area.Code = "450302"
	nextVillage area.Code = "45030201"
	farTambon   area.Code = "460101"
	farVillage  area.Code = "46010101"
)

// office is the store under test.
type office struct {
	server.Store
	Harness
	server.Office
	open func(t *testing.T) Harness
}

func newOffice(t *testing.T, open func(t *testing.T) Harness) *office {
	t.Helper()
	h := open(t)
	self, err := h.Store.Office(context.Background())
	if err != nil {
		t.Fatalf("office: %v", err)
	}
	return &office{Store: h.Store, Harness: h, Office: self, open: open}
}

// another is a second, independent office of the same kind.
func (o *office) another(t *testing.T) *office { return newOffice(t, o.open) }

func (o *office) enroll(t *testing.T, name string, grants ...area.Code) *Device {
	t.Helper()
	return Enroll(t, o.Store, name, grants...)
}

// reopen closes and opens the store; the devices go on with the new one.
func (o *office) reopen(t *testing.T, devices ...*Device) {
	t.Helper()
	o.Store = o.Reopen(t)
	for _, d := range devices {
		d.Store = o.Store
	}
}

// record returns the office's state of a record.
func (o *office) record(t *testing.T, id syncproto.RecordID) server.StoredRecord {
	t.Helper()
	rec, err := o.Record(context.Background(), id)
	if err != nil {
		t.Fatalf("record: %v", err)
	}
	return rec
}

func (o *office) edit(t *testing.T, id syncproto.RecordID, at int64, answers Answers) server.StoredRecord {
	t.Helper()
	rec, err := o.Edit(context.Background(), server.Edit{ID: id, Changes: answers.Values(), At: at, Context: syncproto.Context{User: "supervisor"}})
	if err != nil {
		t.Fatalf("edit: %v", err)
	}
	return rec
}

func (o *office) cases(t *testing.T, f server.CaseFilter) []server.Case {
	t.Helper()
	cases, err := o.Cases(context.Background(), f)
	if err != nil {
		t.Fatalf("cases: %v", err)
	}
	return cases
}

func (o *office) inbox(t *testing.T, all bool) []server.InboxItem {
	t.Helper()
	items, err := o.Inbox(context.Background(), all, 0)
	if err != nil {
		t.Fatalf("inbox: %v", err)
	}
	return items
}

func (o *office) all(t *testing.T) []server.StoredRecord {
	t.Helper()
	records, err := o.Records(context.Background(), server.RecordFilter{Deleted: true, System: true})
	if err != nil {
		t.Fatalf("records: %v", err)
	}
	return records
}

func (o *office) digest(t *testing.T, areas ...area.Code) []syncproto.Leaf {
	t.Helper()
	resp, err := o.Digest(context.Background(), syncproto.DigestRequest{Epoch: o.Epoch, Areas: areas})
	if err != nil {
		t.Fatalf("digest: %v", err)
	}
	return resp.Leaves
}

func pull(t testing.TB, s server.Store, req syncproto.PullRequest) syncproto.PullResponse {
	t.Helper()
	resp, err := s.Pull(context.Background(), req)
	if err != nil {
		t.Fatalf("pull: %v", err)
	}
	if len(resp.Cursors) != len(req.Cursors) {
		t.Fatalf("pull: %d cursors for %d", len(resp.Cursors), len(req.Cursors))
	}
	for i, c := range resp.Cursors {
		if c.Area != req.Cursors[i].Area || c.Seq < req.Cursors[i].Seq {
			t.Fatalf("pull: cursor %v became %v", req.Cursors[i], c)
		}
	}
	return resp
}

// drain pulls one area as actor, from seq until it is level.
func (o *office) drain(t *testing.T, actor syncproto.ActorID, code area.Code, seq uint64) ([]syncproto.PullRow, syncproto.PullCursor) {
	t.Helper()
	var rows []syncproto.PullRow
	for range 1000 {
		resp := pull(t, o.Store, syncproto.PullRequest{
			Actor: actor, Epoch: o.Epoch, MaxRecords: syncproto.MaxChunkRecords, Cursors: []syncproto.Cursor{{Area: code, Seq: seq}},
		})
		rows = append(rows, resp.Rows...)
		if resp.Cursors[0].Level {
			return rows, resp.Cursors[0]
		}
		seq = resp.Cursors[0].Seq
	}
	t.Fatalf("pull of %s is never level", code)
	return nil, syncproto.PullCursor{}
}

// decide fails the test unless the decision ends as wanted.
func (o *office) decide(t *testing.T, d server.Decision, want error) {
	t.Helper()
	if err := o.Decide(context.Background(), d); !errors.Is(err, want) {
		t.Fatalf("decide: got %v, want %v", err, want)
	}
}

// snapshot is everything that the interface shows of the store.
type snapshot struct {
	Records []server.StoredRecord
	Cases   []server.Case
	Inbox   []server.InboxItem
	Devices []server.Device
	Leaves  []syncproto.Leaf
	Feeds   map[area.Code]syncproto.PullResponse
	Kept    int64
}

func (o *office) snapshot(t *testing.T) snapshot {
	t.Helper()
	devices, err := o.Devices(context.Background())
	if err != nil {
		t.Fatalf("devices: %v", err)
	}
	s := snapshot{
		Records: o.all(t), Cases: o.cases(t, server.CaseFilter{Closed: true}), Inbox: o.inbox(t, true),
		Devices: devices, Feeds: map[area.Code]syncproto.PullResponse{}, Kept: o.Stats().RecordsKept,
	}
	for _, code := range o.feedCodes(t) {
		rows, cur := o.drain(t, syncproto.ActorID{}, code, 0)
		s.Feeds[code] = syncproto.PullResponse{Rows: rows, Cursors: []syncproto.PullCursor{cur}}
		s.Leaves = append(s.Leaves, o.digest(t, code)...)
	}
	return s
}

// wantSame fails the test if a store's snapshot is not as it was.
func (o *office) wantSame(t *testing.T, before snapshot) {
	t.Helper()
	after := o.snapshot(t)
	b, a := reflect.ValueOf(before), reflect.ValueOf(after)
	for i := range b.NumField() {
		if !reflect.DeepEqual(b.Field(i).Interface(), a.Field(i).Interface()) {
			t.Errorf("%s changed\n from %v\n to   %v", b.Type().Field(i).Name, b.Field(i), a.Field(i))
		}
	}
}

// feedCodes names every feed that the tests use or that holds a record.
func (o *office) feedCodes(t *testing.T) []area.Code {
	t.Helper()
	codes := []area.Code{province, amphoe, tambon, nextTambon, farTambon}
	for _, r := range o.all(t) {
		codes = append(codes, r.Record.Area().Feed())
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}

// checkSums is invariant I6 and more, after every test: each feed, pulled from
// the beginning, holds each record of its area once and in its newest state;
// the digest of a level cursor is the sum of its leaves and of the hashes.
func (o *office) checkSums(t *testing.T) {
	t.Helper()
	records := o.all(t)
	for _, code := range o.feedCodes(t) {
		want := map[syncproto.RecordID]syncproto.Hash{}
		var sum syncproto.Digest
		for _, r := range records {
			if r.Record.Area().Feed() == code {
				want[r.Record.ID] = syncproto.HashRecord(r.Raw)
				sum = sum.Add(want[r.Record.ID])
			}
		}
		rows, cur := o.drain(t, syncproto.ActorID{}, code, 0)
		for _, row := range rows {
			if len(row.Record) == 0 {
				continue
			}
			rec := decode(t, row.Record)
			if want[rec.ID] != syncproto.HashRecord(row.Record) {
				t.Errorf("feed %s: record %s twice, or not in its newest state", code, rec.ID)
			}
			delete(want, rec.ID)
		}
		if len(want) > 0 {
			t.Errorf("feed %s lacks %d records", code, len(want))
		}
		if leaves := sumLeaves(o.digest(t, code)); leaves != sum || cur.Digest != sum {
			t.Errorf("feed %s: hashes sum to %v, leaves to %v, cursor says %v", code, sum, leaves, cur.Digest)
		}
	}
	if o.Check != nil {
		o.Check(t)
	}
}

func sumLeaves(leaves []syncproto.Leaf) (sum syncproto.Digest) {
	for _, l := range leaves {
		sum = sum.Plus(l.Digest)
	}
	return sum
}

func decode(t *testing.T, raw []byte) syncproto.Record {
	t.Helper()
	rec, err := syncproto.DecodeRecord(raw)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// describe writes pulled rows as the tests want to read them: "+" a record,
// "-" one that left.
func describe(t *testing.T, rows []syncproto.PullRow) []string {
	t.Helper()
	out := []string{}
	for _, r := range rows {
		if len(r.Record) > 0 {
			out = append(out, fmt.Sprintf("+%s", decode(t, r.Record).ID))
		} else {
			out = append(out, fmt.Sprintf("-%s", r.Out))
		}
	}
	return out
}

func plus(recs ...syncproto.Record) (out []string) {
	for _, r := range recs {
		out = append(out, "+"+r.ID.String())
	}
	return out
}

func minus(recs ...syncproto.Record) (out []string) {
	for _, r := range recs {
		out = append(out, "-"+r.ID.String())
	}
	return out
}

func wantRows(t *testing.T, got []syncproto.PullRow, want ...string) {
	t.Helper()
	if g := describe(t, got); !slices.Equal(g, append([]string{}, want...)) {
		t.Fatalf("pulled %v, want %v", g, want)
	}
}

// wantCodes compares the codes of a push.
func wantCodes(t *testing.T, got []syncproto.PushResult, want ...syncproto.Result) {
	t.Helper()
	var codes []syncproto.Result
	for _, r := range got {
		codes = append(codes, r.Code)
	}
	if !slices.Equal(codes, want) {
		t.Fatalf("push answered %v, want %v", got, want)
	}
}

// values lists the answers that a group holds, in order of display.
func values(t *testing.T, r syncproto.Record, group string) (out []any) {
	t.Helper()
	for _, e := range r.Distinct(group) {
		v, err := e.Value.Any()
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	return out
}

func wantValues(t *testing.T, r syncproto.Record, group string, want ...any) {
	t.Helper()
	if got := values(t, r, group); !reflect.DeepEqual(got, want) {
		t.Fatalf("%s holds %v, want %v", group, got, want)
	}
}
