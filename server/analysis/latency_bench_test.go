package analysis

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"tambonsync/server/store/storetest"
	"tambonsync/syncproto"
)

// BenchmarkPushLatency tells what keeping the sums costs a tablet that pushes:
// the same office takes pushes of 50 records one after the other, in blocks with
// and without Run behind it, in the order ABBA, so that neither side has the
// smaller office or the quieter minute. 200 pushes a side:
//
//	go test ./server/analysis -run - -bench PushLatency -benchtime 4x
//
// "ratio" is of the medians. There is no pause between pushes, which is the
// worst that tablets can do: the sums are never done, and take a core.
func BenchmarkPushLatency(b *testing.B) {
	for _, pause := range []time.Duration{0, 50 * time.Millisecond} {
		b.Run(fmt.Sprint("pause ", pause), func(b *testing.B) { comparePushes(b, pause) })
	}
}

func comparePushes(b *testing.B, pause time.Duration) {
	o := newOffice(b)
	o.round("45")
	p := &pusher{testOffice: o, pause: pause, device: storetest.Enroll(b, o.Store, "malee", "45")}
	p.block(b, false)
	p.block(b, true) // both warm
	var alone, followed []time.Duration
	for b.Loop() {
		followed = append(followed, p.block(b, true)...)
		alone = append(alone, p.block(b, false)...)
		alone = append(alone, p.block(b, false)...)
		followed = append(followed, p.block(b, true)...)
	}
	o.check()
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	slices.Sort(alone)
	slices.Sort(followed)
	for _, side := range []struct {
		name string
		took []time.Duration
	}{{"alone", alone}, {"followed", followed}} {
		b.ReportMetric(ms(side.took[len(side.took)/2]), side.name+"-p50-ms")
		b.ReportMetric(ms(side.took[len(side.took)*99/100]), side.name+"-p99-ms")
	}
	b.ReportMetric(float64(followed[len(followed)/2])/float64(alone[len(alone)/2]), "ratio")
	b.ReportMetric(0, "ns/op")
}

// pusher is a tablet that sends families.
type pusher struct {
	*testOffice
	device *storetest.Device
	pause  time.Duration
	houses int
}

const pushesInBlock = 25

// block times some pushes. What the sums still have to do when it ends is done
// outside of any block.
func (p *pusher) block(b *testing.B, follow bool) (took []time.Duration) {
	ctx, stop := context.WithCancel(context.Background())
	poke, ended := make(chan struct{}, 1), make(chan struct{})
	go func() {
		defer close(ended)
		if follow {
			p.a.Run(ctx, poke, time.Second, func(err error) { b.Error(err) })
		}
	}()
	for range pushesInBlock {
		chunk := p.device.Chunk(p.families(10, 4)...)
		began := time.Now()
		results, err := p.device.Send(chunk)
		took = append(took, time.Since(began))
		must(b, err)
		for _, r := range results {
			if r.Code != syncproto.ResultStored {
				b.Fatalf("push answered %+v", r)
			}
		}
		select { // as the server does after every push
		case poke <- struct{}{}:
		default:
		}
		time.Sleep(p.pause)
	}
	stop()
	<-ended
	p.catchUp()
	return took
}

// families makes n households of so many people each.
func (p *pusher) families(n, people int) (out []syncproto.Record) {
	for range n {
		p.houses++
		code := fmt.Sprintf("450301%02d", p.houses%20+1)
		house := syncproto.Record{ID: p.id(), Type: "house"}
		out = append(out, p.device.Save(house, answers{"_scope": code, "water": p.houses%3 != 0, "grade": p.houses%3 + 1, "sick_n": 0}))
		for i := range people {
			person := syncproto.Record{ID: p.id(), Type: "person"}
			out = append(out, p.device.Save(person, answers{"_scope": code, "_parent": house.ID, "age": 10 * (i + 1), "given": fmt.Sprint("คน ", i)}))
		}
	}
	return out
}
