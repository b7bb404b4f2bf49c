package storetest

import (
	"context"
	"errors"
	"slices"
	"testing"

	"tambonsync/server"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

func refusalTests() []test {
	return []test{
		{"another epoch is refused everywhere", otherEpoch},
		{"a push of an actor that never said hello is refused", strangerActor},
		{"a push with another head is refused and stores nothing", otherHead},
		{"an actor belongs to one device", actorTaken},
		{"nobody takes the office's own actor", officeActorTaken},
		{"the head counts what went to the inbox", headCountsInbox},
		{"the head is that of the actor's own saves", headOfOwnSaves},
		{"the head never falls", headNeverFalls},
		{"a device has a head for each of its actors", headPerActor},
		{"a hello of a device that was never enrolled is refused", strangerHello},
		{"a hello tells where the granted feeds stand", helloFeeds},
		{"a hello notes when and with what it came", helloNoted},
	}
}

func wantErr(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func otherEpoch(t *testing.T, o *office) {
	d := o.enroll(t, "malee", tambon)
	d.Push(t, d.New(1, village1, nil))
	before := o.snapshot(t)
	other := syncproto.Epoch{1}
	ctx := context.Background()
	chunk := d.Chunk(d.New(2, village1, nil), d.New(3, farVillage, nil))
	chunk.Epoch = other
	_, err := o.Push(ctx, chunk)
	wantErr(t, "push", err, server.ErrEpochChanged)
	_, err = o.Pull(ctx, syncproto.PullRequest{Actor: d.Actor, Epoch: other, Cursors: []syncproto.Cursor{{Area: tambon}}, MaxRecords: 1})
	wantErr(t, "pull", err, server.ErrEpochChanged)
	_, err = o.Digest(ctx, syncproto.DigestRequest{Epoch: other, Areas: []area.Code{tambon}})
	wantErr(t, "digest", err, server.ErrEpochChanged)
	_, err = o.Need(ctx, syncproto.NeedRequest{Epoch: other, Leaves: leafOf(village1)})
	wantErr(t, "need", err, server.ErrEpochChanged)
	o.wantSame(t, before)
}

func strangerActor(t *testing.T, o *office) {
	d := o.enroll(t, "malee", tambon)
	before := o.snapshot(t)
	stranger := d.Copy()
	stranger.Actor = Actor("never said hello")
	_, err := stranger.Send(stranger.Chunk(stranger.New(1, village1, nil)))
	wantErr(t, "push", err, server.ErrHeadMismatch)
	o.wantSame(t, before)
}

func otherHead(t *testing.T, o *office) {
	d := o.enroll(t, "malee", tambon)
	r := d.New(1, village1, nil)
	first := d.Head
	d.Push(t, r)
	before := o.snapshot(t)
	for _, tt := range []struct {
		name string
		head syncproto.Head
	}{
		{"the head before", first},
		{"a lower counter", syncproto.Head{Counter: 0, Hash: d.Head.Hash}},
		{"a higher counter", syncproto.Head{Counter: 2, Hash: d.Head.Hash}},
		{"another save", syncproto.Head{Counter: 1, Hash: [8]byte{1}}},
	} {
		chunk := d.Chunk(d.New(2, village1, nil), d.New(3, farVillage, nil))
		chunk.Base = tt.head
		_, err := o.Push(context.Background(), chunk)
		wantErr(t, tt.name, err, server.ErrHeadMismatch)
	}
	o.wantSame(t, before)
}

func actorTaken(t *testing.T, o *office) {
	a, b := o.enroll(t, "malee", tambon), o.enroll(t, "somchai", tambon)
	before := o.snapshot(t)
	_, err := o.Hello(context.Background(), b.ID, syncproto.HelloRequest{Protocol: 1, Actor: a.Actor, App: "test/9"}, b.Grants, Now+5)
	wantErr(t, "hello", err, server.ErrActorTaken)
	thief := b.Copy()
	thief.Actor = a.Actor
	_, err = thief.Send(thief.Chunk(thief.New(1, village1, nil)))
	wantErr(t, "push", err, server.ErrActorTaken)
	o.wantSame(t, before)
}

func officeActorTaken(t *testing.T, o *office) {
	d := o.enroll(t, "malee", tambon)
	_, err := o.Hello(context.Background(), d.ID, syncproto.HelloRequest{Protocol: 1, Actor: o.Actor}, d.Grants, Now)
	wantErr(t, "hello", err, server.ErrActorTaken)
}

func headCountsInbox(t *testing.T, o *office) {
	d := o.enroll(t, "malee", tambon)
	in, out := d.New(1, village1, nil), d.New(2, farVillage, nil)
	wantCodes(t, d.Push(t, in, out), stored, quarantined)
	want := syncproto.Head{Counter: 2, Hash: out.Ops[0].Hash}
	if d.Head != want {
		t.Errorf("the push answers head %v, want %v", d.Head, want)
	}
	if st := d.Hello(t); st.Head != want {
		t.Errorf("hello answers head %v, want %v", st.Head, want)
	}
}

func headOfOwnSaves(t *testing.T, o *office) {
	a, b := o.enroll(t, "malee", tambon), o.enroll(t, "somchai", tambon)
	for range 4 {
		b.Counter++ // b has made saves that the office does not know
	}
	r := b.New(1, village1, nil)
	a.Push(t, r) // a carries b's record
	if a.Head != (syncproto.Head{}) {
		t.Errorf("head %v of a device that saved nothing", a.Head)
	}
	if st := b.Hello(t); st.Head != (syncproto.Head{}) {
		t.Errorf("head %v of a device that pushed nothing", st.Head)
	}
}

func headNeverFalls(t *testing.T, o *office) {
	d := o.enroll(t, "malee", tambon)
	r1, r2 := d.New(1, village1, nil), d.New(2, village1, nil)
	d.Push(t, r2)
	want := d.Head
	d.Push(t, r1)
	if d.Head != want || want.Counter != 2 {
		t.Errorf("head %v after an older save, want %v", d.Head, want)
	}
	o.reopen(t, d)
	if st := d.Hello(t); st.Head != want {
		t.Errorf("head %v after reopening, want %v", st.Head, want)
	}
}

func headPerActor(t *testing.T, o *office) {
	d := o.enroll(t, "malee", tambon)
	d.Push(t, d.New(1, village1, nil))
	next := d.Copy()
	next.Actor, next.Counter = Actor("malee's second"), 0
	if st := next.Hello(t); st.Head != (syncproto.Head{}) {
		t.Errorf("a new actor has head %v", st.Head)
	}
	wantCodes(t, next.Push(t, next.New(2, village1, nil)), stored)
	wantCodes(t, d.Push(t, d.New(3, village1, nil)), stored)
}

func strangerHello(t *testing.T, o *office) {
	_, err := o.Hello(context.Background(), "no such device", syncproto.HelloRequest{Protocol: 1, Actor: Actor("x")}, nil, Now)
	wantErr(t, "hello", err, server.ErrNotFound)
	d := o.enroll(t, "malee", tambon)
	d.Actor = Actor("x") // the refused hello took nothing
	d.Hello(t)
}

func helloFeeds(t *testing.T, o *office) {
	d := o.enroll(t, "malee", province, "46")
	d.Push(t, d.New(1, village1, nil), d.New(2, village2, nil), d.New(3, amphoe, nil), d.New(4, nextVillage, nil), d.New(5, farVillage, nil), d.New(6, "4504", nil))
	feed := func(code area.Code, seq uint64) syncproto.Feed { return syncproto.Feed{Area: code, Seq: seq} }
	for _, tt := range []struct {
		name   string
		grants []area.Code
		want   []syncproto.Feed
	}{
		{"a tambon", []area.Code{tambon}, []syncproto.Feed{feed(tambon, 2)}},
		{"a village stands where its tambon stands", []area.Code{village3}, []syncproto.Feed{feed(village3, 2)}},
		{"an empty tambon is told too", []area.Code{"450399"}, []syncproto.Feed{feed("450399", 0)}},
		{"an amphoe", []area.Code{amphoe}, []syncproto.Feed{feed(amphoe, 1), feed(tambon, 2), feed(nextTambon, 1)}},
		{"a province", []area.Code{province}, []syncproto.Feed{feed(amphoe, 1), feed(tambon, 2), feed(nextTambon, 1), feed("4504", 1)}},
		{"the outermost of several", []area.Code{village1, farTambon, tambon, farTambon}, []syncproto.Feed{feed(tambon, 2), feed(farTambon, 1)}},
		{"none", nil, nil},
	} {
		d.Grants = tt.grants
		if got := d.Hello(t).Feeds; !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func helloNoted(t *testing.T, o *office) {
	d := o.enroll(t, "malee", tambon)
	_, err := o.Hello(context.Background(), d.ID, syncproto.HelloRequest{Protocol: 1, Actor: d.Actor, App: "test/2"}, d.Grants, Now+99)
	if err != nil {
		t.Fatal(err)
	}
	dev, err := o.Device(context.Background(), d.ID)
	if err != nil || dev.SeenAt != Now+99 || dev.App != "test/2" {
		t.Errorf("device %+v, %v; want it seen at %d with test/2", dev, err, Now+99)
	}
}
