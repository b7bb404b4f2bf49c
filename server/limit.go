package server

import (
	"container/list"
	"context"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// lru holds at most max entries and forgets the one that was used longest ago.
// It is not safe for use by several goroutines: its owner locks.
type lru[K comparable, V any] struct {
	max   int
	order *list.List // of lruEntry, the last used in front
	items map[K]*list.Element
}

type lruEntry[K comparable, V any] struct {
	key   K
	value V
}

func newLRU[K comparable, V any](size int) *lru[K, V] {
	return &lru[K, V]{max: size, order: list.New(), items: map[K]*list.Element{}}
}

func (l *lru[K, V]) get(key K) (value V, ok bool) {
	e, ok := l.items[key]
	if !ok {
		return value, false
	}
	l.order.MoveToFront(e)
	return e.Value.(lruEntry[K, V]).value, true
}

func (l *lru[K, V]) put(key K, value V) {
	l.remove(key)
	if l.order.Len() >= l.max {
		oldest := l.order.Remove(l.order.Back()).(lruEntry[K, V])
		delete(l.items, oldest.key)
	}
	l.items[key] = l.order.PushFront(lruEntry[K, V]{key, value})
}

func (l *lru[K, V]) remove(key K) {
	if e, ok := l.items[key]; ok {
		l.order.Remove(e)
		delete(l.items, key)
	}
}

// maxAddresses is how many addresses a limiter remembers.
const maxAddresses = 4096

// limiter is a token bucket for each address: perMinute may come at once, and
// then so many a minute.
type limiter struct {
	perMinute float64
	clock     func() time.Time
	mu        sync.Mutex
	buckets   *lru[string, bucket]
}

type bucket struct {
	tokens float64
	at     time.Time
}

func newLimiter(perMinute int, clock func() time.Time) *limiter {
	return &limiter{perMinute: float64(perMinute), clock: clock, buckets: newLRU[string, bucket](maxAddresses)}
}

// allow takes one token of the address and, if there is none, tells how long
// to wait for it.
func (l *limiter) allow(address string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	key, now := network(address), l.clock()
	b, ok := l.buckets.get(key)
	if !ok {
		b = bucket{l.perMinute, now}
	}
	passed := max(0, now.Sub(b.at)) // a clock that was set back gives nothing and takes nothing
	b.tokens = min(l.perMinute, b.tokens+passed.Minutes()*l.perMinute)
	b.at = now
	var err error
	if b.tokens < 1 {
		err = tooMany(time.Duration((1 - b.tokens) / l.perMinute * float64(time.Minute)))
	} else {
		b.tokens--
	}
	l.buckets.put(key, b)
	return err
}

// network is what counts as one address: an IPv6 host owns a /64 and could use
// another address of it for every try.
func network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is6() {
		if p, err := ip.Prefix(64); err == nil {
			return p.String()
		}
	}
	return ip.String()
}

// desk bounds how many requests are worked on at once and how many wait.
type desk struct {
	places  chan struct{}
	waiting atomic.Int64
	max     int64
}

func newDesk(places, waiting int) *desk {
	return &desk{places: make(chan struct{}, places), max: int64(waiting)}
}

func (d *desk) enter(ctx context.Context) error {
	select {
	case d.places <- struct{}{}:
		return nil
	default:
	}
	defer d.waiting.Add(-1)
	if d.waiting.Add(1) > d.max {
		return ErrBusy
	}
	select {
	case d.places <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (d *desk) leave() { <-d.places }
