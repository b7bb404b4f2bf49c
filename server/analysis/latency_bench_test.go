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
// and without Run behind it as serve has it, in the order ABBA, so that neither
// side has the smaller office or the quieter minute. A block lasts seconds,
// so that Run catches up within it:
//
//	go test ./server/analysis -run - -bench PushLatency -benchtime 2x
//
// "ratio" is of the medians. Without a pause the sums always have something to
// do and the two share the processors and the disk, which is the worst that
// tablets can do; with one of 50 ms the office takes 900 records a second.
func BenchmarkPushLatency(b *testing.B) {
	b.Run("without pause", func(b *testing.B) { comparePushes(b, 0, 200) })
	b.Run("pause 50ms", func(b *testing.B) { comparePushes(b, 50*time.Millisecond, 50) })
}

func comparePushes(b *testing.B, pause time.Duration, pushes int) {
	o := newOffice(b)
	o.round("45")
	p := &pusher{testOffice: o, pause: pause, pushes: pushes, device: storetest.Enroll(b, o.Store, "malee", "45")}
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
	pushes int // in a block
	houses int
}

// block times some pushes. What the sums still have to do when it ends is done
// outside of any block.
func (p *pusher) block(b *testing.B, follow bool) (took []time.Duration) {
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if follow {
			p.a.Run(ctx, nil, time.Second, func(err error) { b.Error(err) })
		}
	}()
	for range p.pushes {
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
