package server

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"
)

// testClock is an office clock that moves when told to.
type testClock struct {
	mu  sync.Mutex
	now time.Time
}

func newTestClock() *testClock {
	return &testClock{now: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)}
}

func (c *testClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *testClock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func TestLimiterLetsABurstThroughAndThenOneAtATime(t *testing.T) {
	clock := newTestClock()
	l := newLimiter(6, clock.Now)
	for i := range 6 {
		if err := l.allow("192.0.2.1"); err != nil {
			t.Fatalf("try %d: %v", i, err)
		}
	}
	_, _, wait := codeOf(l.allow("192.0.2.1"))
	if wait <= 0 || wait > 10*time.Second {
		t.Errorf("told to wait %v, want up to 10s", wait)
	}
	if err := l.allow("192.0.2.2"); err != nil {
		t.Errorf("another address: %v", err)
	}
	clock.Advance(10 * time.Second)
	if err := l.allow("192.0.2.1"); err != nil {
		t.Errorf("after 10 s: %v", err)
	}
	if err := l.allow("192.0.2.1"); err == nil {
		t.Error("a second try after 10 s was let through")
	}
	clock.Advance(-time.Hour)
	if err := l.allow("192.0.2.1"); err == nil {
		t.Error("setting the clock back gave a try")
	}
	clock.Advance(10 * time.Second)
	if err := l.allow("192.0.2.1"); err != nil {
		t.Errorf("10 s after the clock was set back: %v", err)
	}
}

func TestLimiterRemembersABoundedNumberOfAddresses(t *testing.T) {
	l := newLimiter(1, newTestClock().Now)
	for i := range 3 * maxAddresses {
		_ = l.allow(fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255))
	}
	if n := len(l.buckets.items); n != maxAddresses || l.buckets.order.Len() != n {
		t.Errorf("remembers %d addresses, want %d", n, maxAddresses)
	}
}

func TestAddressesOfOneNetworkCountAsOne(t *testing.T) {
	tests := []struct {
		name, a, b string
		same       bool
	}{
		{"IPv4 hosts", "192.0.2.1", "192.0.2.2", false},
		{"IPv6 hosts of one /64", "2001:db8::1", "2001:db8::ffff:2", true},
		{"IPv6 hosts of two /64", "2001:db8::1", "2001:db8:0:1::1", false},
		{"IPv4 written as IPv6", "192.0.2.1", "::ffff:192.0.2.1", true},
		{"IPv6 zones", "fe80::1%eth0", "fe80::1%eth1", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := network(tt.a) == network(tt.b); got != tt.same {
				t.Errorf("%s and %s: same is %v, want %v", tt.a, tt.b, got, tt.same)
			}
		})
	}
}

func TestDeskTurnsAwayWhomItCannotSeat(t *testing.T) {
	d := newDesk(1, 1)
	ctx, cancel := context.WithCancel(context.Background())
	if err := d.enter(ctx); err != nil {
		t.Fatal(err)
	}
	waiter := make(chan error)
	go func() { waiter <- d.enter(ctx) }()
	for d.waiting.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	if err := d.enter(ctx); !errors.Is(err, ErrBusy) {
		t.Errorf("the third got %v, want %v", err, ErrBusy)
	}
	d.leave()
	if err := <-waiter; err != nil {
		t.Errorf("the one who waited got %v", err)
	}
	cancel()
	if err := d.enter(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("who gave up got %v, want %v", err, context.Canceled)
	}
}
