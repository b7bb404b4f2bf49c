package store_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"tambonsync/server"
	"tambonsync/server/store"
	"tambonsync/server/store/storetest"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

// largeOffice fills a store with n households of one tambon's 20 villages, and
// returns the device that made them.
func largeOffice(t testing.TB, s *store.Store, n int) *storetest.Device {
	t.Helper()
	d := storetest.Enroll(t, s, "malee", tambon)
	for done := 0; done < n; {
		records := make([]syncproto.Record, 0, 4000)
		for len(records) < cap(records) && done < n {
			code := area.Code(fmt.Sprintf("%s%02d", tambon, done%20+1))
			records = append(records, d.New(done, code, storetest.Answers{"water": done % 4}))
			done++
		}
		if _, err := d.Send(d.Chunk(records...)); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// The cost of a pull grows with the change and not with the store.
func TestPullReadsWhatChangedAndNoMore(t *testing.T) {
	sizes := []int{1000, 100_000}
	if underRace {
		sizes = []int{200, 1000}
	}
	const changes = 100
	for _, size := range sizes {
		t.Run(fmt.Sprintf("of %d records", size), func(t *testing.T) {
			s := open(t, create(t))
			d := largeOffice(t, s, size)
			reader := storetest.Enroll(t, s, "pim", tambon)
			cur := syncproto.Cursor{Area: tambon, Seq: uint64(size)}
			read := func(code area.Code, seq uint64) (rows, requests int, cost int64) {
				before := s.Stats().RowsRead
				cur := syncproto.Cursor{Area: code, Seq: seq}
				for requests < 1000 {
					resp := reader.Pull(t, syncproto.MaxChunkRecords, cur)
					rows, requests, cur.Seq = rows+len(resp.Rows), requests+1, resp.Cursors[0].Seq
					if resp.Cursors[0].Level {
						break
					}
				}
				return rows, requests, s.Stats().RowsRead - before
			}
			if rows, requests, cost := read(tambon, cur.Seq); rows != 0 || requests != 1 || cost != 0 {
				t.Errorf("nothing new: %d rows in %d requests, %d rows read", rows, requests, cost)
			}
			var changed []syncproto.Record
			for i := range changes {
				n := i * size / changes
				r := syncproto.Record{ID: storetest.RecordID(n), Type: "household"}
				stored, err := s.Record(context.Background(), r.ID)
				if err != nil {
					t.Fatal(err)
				}
				changed = append(changed, d.Save(stored.Record, storetest.Answers{"water": 9}))
			}
			if _, err := d.Send(d.Chunk(changed...)); err != nil {
				t.Fatal(err)
			}
			if rows, requests, cost := read(tambon, cur.Seq); rows != changes || requests != 1 || cost != changes {
				t.Errorf("%d changes: %d rows in %d requests, %d rows read", changes, rows, requests, cost)
			}
			if rows, requests, cost := read(tambon+"01", cur.Seq); rows > changes || requests != 1 || cost != changes {
				t.Errorf("one village: %d rows in %d requests, %d rows read", rows, requests, cost)
			}
			before := s.Stats().RowsRead
			if _, err := s.Digest(context.Background(), syncproto.DigestRequest{Epoch: d.Epoch, Areas: []area.Code{tambon}}); err != nil {
				t.Fatal(err)
			}
			if cost := s.Stats().RowsRead - before; cost > 20*syncproto.Buckets {
				t.Errorf("a digest read %d rows, want at most one for each leaf", cost)
			}
		})
	}
}

func TestInboxOfOneDeviceIsBounded(t *testing.T) {
	dir := create(t)
	s := open(t, dir)
	d, other := storetest.Enroll(t, s, "malee", tambon), storetest.Enroll(t, s, "pim", tambon)
	first := d.New(1, far, nil)
	d.Push(t, first)
	rawExec(t, filepath.Join(dir, store.FileName), `INSERT INTO inbox
		SELECT 'filler ' || n, i.device, i.actor, zeroblob(16), '', 'invalid', '', zeroblob(16), x'00', 1, 'open', '', 0, ''
		FROM inbox i, (WITH RECURSIVE c(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM c WHERE n < 20000) SELECT n FROM c)`)
	wantResults := func(what string, d *storetest.Device, records []syncproto.Record, want ...syncproto.Result) {
		t.Helper()
		for i, got := range d.Push(t, records...) {
			if got.Code != want[i] {
				t.Errorf("%s: record %d: %+v, want %s", what, i, got, want[i])
			}
		}
	}
	const full, waits, stored = syncproto.ResultInboxFull, syncproto.ResultQuarantined, syncproto.ResultStored
	more := []syncproto.Record{d.New(2, far, nil), d.New(3, village, nil), d.New(4, far, nil)}
	wantResults("a full inbox", d, more, full, stored, full)
	wantResults("what waits already", d, []syncproto.Record{first}, waits)
	newer := d.Save(first, storetest.Answers{"water": 1})
	wantResults("a newer state takes the place", d, []syncproto.Record{newer}, waits)
	wantResults("another device", other, []syncproto.Record{other.New(5, far, nil)}, waits)
	if err := s.Decide(context.Background(), server.Decision{Item: "filler 7", By: "boss"}); err != nil {
		t.Fatal(err)
	}
	wantResults("one place after a decision", d, []syncproto.Record{more[0], more[2]}, waits, full)
}

func TestInboxOfOneDeviceIsBoundedInBytes(t *testing.T) {
	s := open(t, create(t))
	d := storetest.Enroll(t, s, "malee", tambon)
	chunk := d.Chunk(d.New(1, village, nil), d.New(2, village, nil))
	huge := server.Incoming{Raw: make([]byte, 256<<20+1), Err: fmt.Errorf("too large")}
	chunk.Records = []server.Incoming{chunk.Records[0], huge, chunk.Records[1]}
	got, err := d.Send(chunk)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []syncproto.Result{syncproto.ResultStored, syncproto.ResultInboxFull, syncproto.ResultStored} {
		if got[i].Code != want {
			t.Errorf("record %d: %+v, want %s", i, got[i], want)
		}
	}
}
