package server_test

import (
	"bytes"
	"encoding/binary"
	"maps"
	"math/rand/v2"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"tambonsync/server"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

// malformed is how many spoilt requests the office gets, and malformedHeap how
// much memory it may hold at any time meanwhile: the bound of a message times
// the senders, with room for the store.
const (
	malformed     = 20000
	malformedHeap = 192 << 20
	senders       = 4
)

// Twenty thousand spoilt requests of every kind: never a 5xx, never a panic,
// memory bounded, and the office goes on.
func TestMalformedRequestsNeverBreakTheOffice(t *testing.T) {
	o := newOffice(t, func(c *server.Config) { c.EnrollPerMinute, c.LoginPerMinute = 1<<30, 1<<30 })
	d, token := o.ready("450303")
	good := goodMessages(t, o, d)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	bombs := makeBombs(t)
	stop, peak := watchHeap()
	var mu sync.Mutex
	answers := map[int]int{}
	var wg sync.WaitGroup
	for w := range senders {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(seed, uint64(w)))
			for range count(malformed) / senders {
				path, encoding, body := spoil(r, good, bombs)
				header := map[string]string{"Content-Type": "application/cbor", "Content-Encoding": encoding}
				a := o.send(http.MethodPost, path, token, header, body)
				if a.status >= 500 {
					t.Errorf("%s answered %d %s to %.200x", path, a.status, a.body, body)
					return
				}
				mu.Lock()
				answers[a.status]++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	close(stop)
	if p := <-peak; p > malformedHeap {
		t.Errorf("the heap grew to %d MiB", p>>20)
	} else {
		t.Logf("answers by status: %v; largest heap %d MiB", answers, p>>20)
	}
	if bytes.Contains(o.log.Bytes(), []byte("panic: ")) {
		t.Error("a handler panicked")
	}
	if a := o.sync("/hello", token, d.helloRequest(), nil); a.status != http.StatusOK {
		t.Errorf("hello afterwards: %+v", a.problem)
	}
	if r, err := o.store.Verify(t.Context()); err != nil || !r.OK {
		t.Errorf("verify afterwards: %v %v", r.Problems, err)
	}
}

func count(n int) int {
	if testing.Short() || raceOn {
		return n / 10
	}
	return n
}

type message struct {
	path string
	body []byte
}

func goodMessages(t *testing.T, o *office, d *device) []message {
	t.Helper()
	rec := d.household("45030301", 1, map[string]any{"house_no": "1", "road": "มิตรภาพ"})
	var out []message
	messages := map[string]any{
		"/sync/v1/enroll":      d.enrollRequest("0000-0000"),
		"/sync/v1/challenge":   syncproto.ChallengeRequest{Device: d.id},
		"/sync/v1/token":       syncproto.TokenRequest{Assertion: d.assertion(d.challenge(), nil)},
		"/sync/v1/hello":       d.helloRequest(),
		"/sync/v1/push":        syncproto.PushRequest{Actor: d.actor, Epoch: o.who.Epoch, Records: [][]byte{rec.Encode()}},
		"/sync/v1/pull":        syncproto.PullRequest{Epoch: o.who.Epoch, Cursors: []syncproto.Cursor{{Area: "450303"}}},
		"/sync/v1/digest":      syncproto.DigestRequest{Epoch: o.who.Epoch, Areas: []area.Code{"450303"}},
		"/sync/v1/definitions": syncproto.DefinitionsRequest{Have: make([]syncproto.DefinitionHash, 2), Skip: 1},
		"/sync/v1/need":        syncproto.NeedRequest{Epoch: o.who.Epoch, Leaves: []syncproto.NeedLeaf{{Area: "45030301", Items: make([]syncproto.NeedItem, 2)}}},
	}
	for _, path := range slices.Sorted(maps.Keys(messages)) {
		m := messages[path]
		body, err := syncproto.EncodeMessage(m)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, message{path, body})
	}
	return out
}

// spoil makes one bad request.
func spoil(r *rand.Rand, good []message, bombs map[string][][]byte) (path, encoding string, body []byte) {
	m := good[r.IntN(len(good))]
	body = bytes.Clone(m.body)
	switch r.IntN(9) {
	case 0: // cut
		body = body[:r.IntN(len(body))]
	case 1: // some bytes are others
		for range 1 + r.IntN(6) {
			body[r.IntN(len(body))] = byte(r.IntN(256))
		}
	case 2: // nested without end
		body = bytes.Repeat([]byte{[]byte{0x81, 0xa1, 0xd8, 0x9f, 0xbf}[r.IntN(5)]}, 1+r.IntN(100000))
	case 3: // a count that nothing follows, in place of some byte
		at := r.IntN(len(body))
		head := []byte{[]byte{0x9b, 0xbb, 0x5b, 0x7b}[r.IntN(4)]}
		head = binary.BigEndian.AppendUint64(head, r.Uint64()>>r.IntN(64))
		body = append(append(bytes.Clone(body[:at]), head...), body[at:]...)
	case 4: // other types in the fields
		body = retype(r, body)
	case 5: // a bomb
		encoding = []string{"gzip", "zstd"}[r.IntN(2)]
		if r.IntN(20) == 0 { // 4 MiB to the bound take their time
			body = bombs[encoding][r.IntN(len(bombs[encoding]))]
		}
	case 6: // says to be compressed, and is not
		encoding = []string{"gzip", "zstd", "br", "gzip, zstd"}[r.IntN(4)]
	case 7: // noise
		body = make([]byte, r.IntN(4096))
		for i := range body {
			body[i] = byte(r.Uint32())
		}
	case 8: // the message of another path
		return good[r.IntN(len(good))].path, "", body
	}
	return m.path, encoding, body
}

// retype puts a value of a random type into a random field.
func retype(r *rand.Rand, body []byte) []byte {
	var m map[string]any
	if cbor.Unmarshal(body, &m) != nil || len(m) == 0 {
		return body
	}
	k := slices.Sorted(maps.Keys(m))[r.IntN(len(m))]
	m[k] = []any{nil, true, -1, 1.5, "x", []byte{1}, []any{}, []any{[]any{"450303", -1}}, map[string]any{"a": 1}, uint64(1) << 63, []any{nil, 1}}[r.IntN(11)]
	out, err := cbor.Marshal(m)
	if err != nil {
		return body
	}
	return out
}

// makeBombs are bodies of some kilobytes that unpack to 10 and 64 MB.
func makeBombs(t *testing.T) map[string][][]byte {
	t.Helper()
	out := map[string][][]byte{}
	for _, size := range []int{10 << 20, 64 << 20} {
		plain := make([]byte, size)
		plain[0] = 0x5a // a byte string that claims all the rest
		binary.BigEndian.PutUint32(plain[1:], uint32(size-5))
		var g, z bytes.Buffer
		gw := gzip.NewWriter(&g)
		zw, err := zstd.NewWriter(&z)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range []interface {
			Write([]byte) (int, error)
			Close() error
		}{gw, zw} {
			if _, err := w.Write(plain); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
		}
		out["gzip"] = append(out["gzip"], g.Bytes())
		out["zstd"] = append(out["zstd"], z.Bytes())
	}
	return out
}

// watchHeap looks at the heap until stop is closed, then tells the largest.
func watchHeap() (stop chan struct{}, peak chan uint64) {
	stop, peak = make(chan struct{}), make(chan uint64, 1)
	runtime.GC()
	go func() {
		var most uint64
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapInuse)
			select {
			case <-stop:
				peak <- most
				return
			case <-tick.C:
			}
		}
	}()
	return stop, peak
}
