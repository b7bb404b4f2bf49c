package storetest

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"testing"

	"github.com/google/uuid"

	"tambonsync/server"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

// Now is the office's clock at the beginning of every test, ms since 1970.
const Now int64 = 1_793_000_000_000

// Device is a tablet as far as a store can see it. It keeps no records: the
// tests hold them as values and hand them in.
type Device struct {
	Store   server.Store
	ID      string
	Actor   syncproto.ActorID
	Counter uint64         // of its last save
	Head    syncproto.Head // what the office last told it
	Epoch   syncproto.Epoch
	Grants  []area.Code
	Clock   int64 // its own, one second further at each save
	At      int64 // the office's clock at its pushes
}

// Enroll invites a device, registers it and lets it say hello. Ids and secrets
// are functions of name, so that two offices can meet the same device.
func Enroll(t testing.TB, s server.Store, name string, grants ...area.Code) *Device {
	t.Helper()
	ctx := context.Background()
	code := sha256.Sum256([]byte("code of " + name))
	inv := server.Invitation{
		ID: "invitation of " + name, Handle: "handle of " + name, CodeHash: code[:],
		SecretHash: []byte("secret of " + name), Officer: name, Areas: grants, CreatedAt: Now, ExpiresAt: Now + 1000,
	}
	if err := s.AddInvitation(ctx, inv); err != nil {
		t.Fatalf("invite %s: %v", name, err)
	}
	dev, err := s.Redeem(ctx, inv.Handle, inv.CodeHash, nil, newDevice(name), Now)
	if err != nil {
		t.Fatalf("enroll %s: %v", name, err)
	}
	o, err := s.Office(ctx)
	if err != nil {
		t.Fatalf("office: %v", err)
	}
	d := &Device{Store: s, ID: dev.ID, Actor: Actor(name), Epoch: o.Epoch, Grants: dev.Grants, Clock: Now, At: Now}
	d.Hello(t)
	return d
}

func newDevice(name string) server.Device {
	return server.Device{
		ID: uuid.NewSHA1(uuid.NameSpaceOID, []byte(name)).String(), Name: "tablet of " + name,
		App: "test/1", Algorithm: "EdDSA", PublicKey: []byte("key of " + name),
	}
}

// Actor gives the actor of a name.
func Actor(name string) syncproto.ActorID {
	sum := sha256.Sum256([]byte("actor " + name))
	return syncproto.ActorID(sum[:16])
}

// RecordID gives the n-th record id, in order of n.
func RecordID(n int) syncproto.RecordID {
	sum := sha256.Sum256(fmt.Appendf(nil, "record %d", n))
	return syncproto.NewRecordID(Now+int64(n), [10]byte(sum[:10]))
}

// Hello says hello and remembers the head that the office tells.
func (d *Device) Hello(t testing.TB) server.Standing {
	t.Helper()
	st, err := d.Store.Hello(context.Background(), d.ID, syncproto.HelloRequest{
		Protocol: syncproto.ProtocolVersion, Actor: d.Actor, Last: d.Counter, App: "test/1", Time: d.Clock,
	}, d.Grants, d.At)
	if err != nil {
		t.Fatalf("hello: %v", err)
	}
	d.Head = st.Head
	return st
}

// Copy returns a second device that is a copy of this one's whole store: same
// key, same actor, same counter.
func (d *Device) Copy() *Device {
	c := *d
	return &c
}

// Answers are the changes of one save, in Go's types.
type Answers map[string]any

// Values encodes the answers.
func (a Answers) Values() map[string]syncproto.Value {
	out := make(map[string]syncproto.Value, len(a))
	for name, v := range a {
		enc, err := syncproto.NewValue(v)
		if err != nil {
			panic(err) // the answer is written in a test
		}
		out[name] = enc
	}
	return out
}

// New makes a household in the area, with one save.
func (d *Device) New(n int, code area.Code, answers Answers) syncproto.Record {
	a := Answers{syncproto.GroupScope: string(code)}
	for name, v := range answers {
		a[name] = v
	}
	return d.Save(syncproto.Record{ID: RecordID(n), Type: "household"}, a)
}

// Save returns the record after one more save of this device.
func (d *Device) Save(r syncproto.Record, answers Answers) syncproto.Record {
	d.Counter++
	d.Clock += 1000
	op := syncproto.Op{
		Dot: syncproto.Dot{Actor: d.Actor, Counter: d.Counter}, Wall: d.Clock,
		Context: syncproto.Context{User: d.ID[:8], Form: "bmn-2560@1", App: "test/1"},
	}
	return r.Save(op, answers.Values())
}

// Incoming reads raw as the office does before it hands a push to the store.
func Incoming(raw []byte) server.Incoming {
	rec, err := syncproto.DecodeRecord(raw)
	if err == nil {
		err = rec.CheckReserved()
	}
	return server.Incoming{Raw: raw, Record: rec, Err: err}
}

// Chunk makes a push of records, as the office hands it to the store.
func (d *Device) Chunk(records ...syncproto.Record) server.Push {
	p := server.Push{Device: d.ID, Actor: d.Actor, Epoch: d.Epoch, Base: d.Head, Allow: d.allow, At: d.At}
	for _, r := range records {
		p.Records = append(p.Records, Incoming(r.Encode()))
	}
	return p
}

func (d *Device) allow(c area.Code) bool {
	return slices.ContainsFunc(d.Grants, func(g area.Code) bool { return g.Contains(c) })
}

// Send pushes a chunk and remembers the new head.
func (d *Device) Send(p server.Push) ([]syncproto.PushResult, error) {
	resp, err := d.Store.Push(context.Background(), p)
	if err != nil {
		return nil, err
	}
	d.Head = resp.Head
	return resp.Results, nil
}

// Push pushes records in one chunk.
func (d *Device) Push(t testing.TB, records ...syncproto.Record) []syncproto.PushResult {
	t.Helper()
	results, err := d.Send(d.Chunk(records...))
	if err != nil {
		t.Fatalf("push: %v", err)
	}
	if len(results) != len(records) {
		t.Fatalf("push: %d results for %d records", len(results), len(records))
	}
	return results
}

// Pull asks for what changed after the cursors.
func (d *Device) Pull(t testing.TB, records int, cursors ...syncproto.Cursor) syncproto.PullResponse {
	t.Helper()
	return pull(t, d.Store, syncproto.PullRequest{Actor: d.Actor, Epoch: d.Epoch, Cursors: cursors, MaxRecords: records})
}
