package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"tambonsync/server"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

func orderTests() []test {
	return []test{
		{"sequence numbers are dense", denseNumbers},
		{"a reader that follows its cursor misses nothing under eight writers", followWriters},
		{"a transaction held open hides nothing from a reader", heldOpen},
		{"concurrent pushes share commits", sharedCommits},
		{"a refused push fails no other in its commit", refusedAmongOthers},
		{"concurrent pushes of one record lose no answer", oneRecordManyWriters},
	}
}

// The writers of the tests below: tablets and the office itself, which do not
// share transactions with each other.
const (
	writers       = 8
	pushesEach    = 8
	recordsAPush  = 3
	officeEdits   = 40
	followedFeeds = 2
)

// write runs the writers at once and waits. Each tablet makes new records and
// changes its own; the office changes one record again and again.
func write(t *testing.T, o *office) {
	t.Helper()
	devices := make([]*Device, writers)
	for i := range devices {
		devices[i] = o.enroll(t, fmt.Sprintf("officer %d", i), amphoe)
	}
	target := devices[0].New(9999, village1, nil)
	devices[0].Push(t, target)
	var wg sync.WaitGroup
	for i, d := range devices {
		wg.Go(func() {
			for k := range pushesEach {
				code := []area.Code{village1, village2, nextVillage}[k%3]
				records := manyNew(d, 1000*(i+1)+recordsAPush*k, recordsAPush, code)
				records = append(records, d.Save(records[0], Answers{"water": 7}))
				if _, err := d.Send(d.Chunk(records...)); err != nil {
					t.Errorf("push: %v", err)
					return
				}
			}
		})
	}
	wg.Go(func() {
		for k := range officeEdits {
			e := server.Edit{ID: target.ID, Changes: Answers{"water": k}.Values(), At: Now}
			if _, err := o.Edit(context.Background(), e); err != nil {
				t.Errorf("edit: %v", err)
				return
			}
		}
	})
	wg.Wait()
}

func denseNumbers(t *testing.T, o *office) {
	d := o.enroll(t, "malee", amphoe)
	for i := range 5 {
		d.Push(t, slices.Concat(manyNew(d, 10*i, 3, village1), manyNew(d, 1000+10*i, 2, nextVillage))...)
	}
	next := map[area.Code]uint64{}
	for _, code := range []area.Code{tambon, nextTambon} {
		rows, cur := o.drain(t, syncproto.ActorID{}, code, 0)
		for _, row := range rows {
			next[code]++
			if got := o.record(t, decode(t, row.Record).ID).Seq; got != next[code] {
				t.Fatalf("record at %d of %s, want %d", got, code, next[code])
			}
		}
		if cur.Seq != next[code] {
			t.Errorf("%s stands at %d, want %d", code, cur.Seq, next[code])
		}
	}
}

func followWriters(t *testing.T, o *office) {
	var stop sync.WaitGroup
	done := make(chan struct{})
	held := make([]map[syncproto.RecordID]syncproto.Hash, followedFeeds)
	for i, code := range []area.Code{tambon, nextTambon} {
		held[i] = map[syncproto.RecordID]syncproto.Hash{}
		stop.Go(func() { follow(t, o, code, held[i], done) })
	}
	write(t, o)
	close(done)
	stop.Wait()
	want := map[syncproto.RecordID]syncproto.Hash{}
	for _, r := range o.all(t) {
		want[r.Record.ID] = syncproto.HashRecord(r.Raw)
	}
	if n := writers*pushesEach*recordsAPush + 1; len(want) != n {
		t.Fatalf("%d records stored, want %d", len(want), n)
	}
	missed := 0
	for id, hash := range want {
		if held[0][id] != hash && held[1][id] != hash {
			missed++
		}
	}
	if missed > 0 {
		t.Errorf("the readers missed %d of %d records", missed, len(want))
	}
}

// follow pulls in small chunks, always from its own cursor, until it is level
// after all writers have ended.
func follow(t *testing.T, o *office, code area.Code, held map[syncproto.RecordID]syncproto.Hash, done <-chan struct{}) {
	cur := syncproto.Cursor{Area: code}
	last := false
	for rest := 1000; rest > 0; {
		select {
		case <-done:
			last = true
			rest--
		default:
		}
		resp, err := o.Pull(context.Background(), syncproto.PullRequest{Epoch: o.Epoch, Cursors: []syncproto.Cursor{cur}, MaxRecords: 7})
		if err != nil {
			t.Errorf("pull: %v", err)
			return
		}
		for _, row := range resp.Rows {
			rec, err := syncproto.DecodeRecord(row.Record)
			if err != nil {
				t.Errorf("pull: %v", err)
				return
			}
			held[rec.ID] = syncproto.HashRecord(row.Record)
		}
		cur.Seq = resp.Cursors[0].Seq
		if !resp.Cursors[0].Level {
			continue
		}
		var sum syncproto.Digest
		for _, hash := range held {
			sum = sum.Add(hash)
		}
		if sum != resp.Cursors[0].Digest { // rows and digest are of one transaction
			t.Errorf("level at %d, but the rows sum to %v and the digest is %v", cur.Seq, sum, resp.Cursors[0].Digest)
			return
		}
		if last {
			return
		}
		time.Sleep(time.Millisecond) // leave the machine to the writers
	}
	t.Errorf("the reader of %s is never level", code)
}

// A push is held in the middle of its transaction while the office edits
// another record of the feed. Whether the edit waits or commits first, a
// reader that pulls meanwhile and goes on from its cursor gets both.
func heldOpen(t *testing.T, o *office) {
	d := o.enroll(t, "malee", tambon)
	d.Push(t, d.New(1, village1, nil))
	inside, release := make(chan struct{}), make(chan struct{})
	chunk := d.Chunk(d.New(2, village1, nil), d.New(3, village2, nil))
	allow := sync.OnceFunc(func() {
		close(inside)
		<-release
	})
	chunk.Allow = func(area.Code) bool {
		allow()
		return true
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := d.Send(chunk); err != nil {
			t.Errorf("push: %v", err)
		}
	})
	<-inside
	edited := make(chan struct{})
	wg.Go(func() {
		defer close(edited)
		e := server.Edit{ID: RecordID(1), Changes: Answers{"water": 1}.Values(), At: Now}
		if _, err := o.Edit(context.Background(), e); err != nil {
			t.Errorf("edit: %v", err)
		}
	})
	select {
	case <-edited:
	case <-time.After(50 * time.Millisecond): // a database with one writer lets it wait
	}
	first, cur := o.drain(t, syncproto.ActorID{}, tambon, 0)
	close(release)
	wg.Wait()
	rest, _ := o.drain(t, syncproto.ActorID{}, tambon, cur.Seq)
	seen := map[syncproto.RecordID]bool{}
	for _, row := range append(first, rest...) {
		rec := decode(t, row.Record)
		seen[rec.ID] = rec.ID != RecordID(1) || len(rec.Groups["water"]) > 0
	}
	for n := 1; n <= 3; n++ {
		if !seen[RecordID(n)] {
			t.Errorf("the reader missed the newest state of record %d", n)
		}
	}
}

func sharedCommits(t *testing.T, o *office) {
	devices := make([]*Device, 16)
	for i := range devices {
		devices[i] = o.enroll(t, fmt.Sprintf("officer %d", i), tambon)
	}
	before := o.Stats()
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i, d := range devices {
		wg.Go(func() {
			<-start
			for k := range 4 {
				if _, err := d.Send(d.Chunk(d.New(100*i+k, village1, nil))); err != nil {
					t.Errorf("push: %v", err)
				}
			}
		})
	}
	close(start)
	wg.Wait()
	after := o.Stats()
	commits, pushes, kept := after.Commits-before.Commits, after.Pushes-before.Pushes, after.RecordsKept-before.RecordsKept
	if pushes != 64 || kept != 64 {
		t.Errorf("%d pushes kept %d records, want 64 each", pushes, kept)
	}
	if commits >= pushes {
		t.Errorf("%d commits for %d concurrent pushes", commits, pushes)
	}
	t.Logf("%d pushes in %d commits", pushes, commits)
}

func refusedAmongOthers(t *testing.T, o *office) {
	devices := make([]*Device, 16)
	for i := range devices {
		devices[i] = o.enroll(t, fmt.Sprintf("officer %d", i), tambon)
	}
	var wg sync.WaitGroup
	for i, d := range devices {
		chunk := d.Chunk(d.New(i, village1, nil))
		var want error
		switch i % 4 {
		case 1:
			chunk.Base.Counter, want = 99, server.ErrHeadMismatch
		case 2:
			chunk.Epoch, want = syncproto.Epoch{9}, server.ErrEpochChanged
		case 3:
			chunk.Actor, want = devices[0].Actor, server.ErrActorTaken
		}
		wg.Go(func() {
			if _, err := d.Send(chunk); !errors.Is(err, want) {
				t.Errorf("push %d: %v, want %v", i, err, want)
			}
		})
	}
	wg.Wait()
	if n := len(o.all(t)); n != 4 {
		t.Errorf("%d records stored, want 4", n)
	}
}

func oneRecordManyWriters(t *testing.T, o *office) {
	devices := make([]*Device, writers)
	for i := range devices {
		devices[i] = o.enroll(t, fmt.Sprintf("officer %d", i), tambon)
	}
	r := devices[0].New(1, village1, nil)
	devices[0].Push(t, r)
	var wg sync.WaitGroup
	for i, d := range devices {
		chunk := d.Chunk(d.Save(r, Answers{"water": i, fmt.Sprintf("by%d", i): true}))
		wg.Go(func() {
			if _, err := d.Send(chunk); err != nil {
				t.Errorf("push: %v", err)
			}
		})
	}
	wg.Wait()
	rec := o.record(t, r.ID).Record
	if got := values(t, rec, "water"); len(got) != writers {
		t.Errorf("water holds %v, want %d answers", got, writers)
	}
	for i := range devices {
		wantValues(t, rec, fmt.Sprintf("by%d", i), true)
	}
	o.wantOneCase(t, r.ID, "water", "conflict")
}
