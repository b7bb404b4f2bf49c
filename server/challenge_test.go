package server

import (
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"tambonsync/syncproto"
)

func TestAChallengeWorksOnceForItsDevice(t *testing.T) {
	const device = "0b8e6f0a-7f43-4ef1-8f55-a0a4c3f25d5a"
	tests := []struct {
		name   string
		device string
		change func(string) string
		wait   time.Duration
		again  bool
		code   syncproto.ErrorCode
	}{
		{"in time", device, nil, time.Minute, false, ""},
		{"too late", device, nil, 2 * time.Minute, false, syncproto.CodeChallengeExpired},
		{"twice", device, nil, time.Second, true, syncproto.CodeChallengeExpired},
		{"another device", "x", nil, 0, false, syncproto.CodeUnauthenticated},
		{"changed", device, func(s string) string { return "B" + s[1:] }, 0, false, syncproto.CodeUnauthenticated},
		{"cut short", device, func(s string) string { return s[:20] }, 0, false, syncproto.CodeUnauthenticated},
		{"no base64", device, func(string) string { return "???" }, 0, false, syncproto.CodeUnauthenticated},
		{"empty", device, func(string) string { return "" }, 0, false, syncproto.CodeUnauthenticated},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			clock := newTestClock()
			c := newChallenges(testOffice().Pepper, clock.Now)
			text, err := c.issue(rand.Reader, device)
			if err != nil {
				t.Fatal(err)
			}
			clock.Advance(tt.wait)
			if tt.change != nil {
				text = tt.change(text)
			}
			spend := func() error {
				k, err := c.check(text, tt.device)
				if err != nil {
					return err
				}
				return c.use(k)
			}
			err = spend()
			if tt.again {
				err = errors.Join(err, spend())
			}
			if code, _, _ := codeOf(err); err == nil && tt.code != "" || err != nil && code != tt.code {
				t.Errorf("got %v, want %q", err, tt.code)
			}
		})
	}
}

// The last symbol of the text has spare bits. Changing them must not make a
// used challenge fresh.
func TestAUsedChallengeIsNotFreshInAnotherSpelling(t *testing.T) {
	c := newChallenges(testOffice().Pepper, newTestClock().Now)
	text, err := c.issue(rand.Reader, "d")
	if err != nil {
		t.Fatal(err)
	}
	spent := 0
	for _, last := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" {
		k, err := c.check(text[:len(text)-1]+string(last), "d")
		if err == nil && c.use(k) == nil {
			spent++
		}
	}
	if spent != 1 {
		t.Errorf("spent %d times, want once", spent)
	}
}

func TestAChallengeFromBeforeARestartIsRefused(t *testing.T) {
	clock := newTestClock()
	before := newChallenges(testOffice().Pepper, clock.Now)
	text, err := before.issue(rand.Reader, "d")
	if err != nil {
		t.Fatal(err)
	}
	clock.Advance(time.Second)
	after := newChallenges(testOffice().Pepper, clock.Now)
	if _, err := after.check(text, "d"); err == nil {
		t.Error("a challenge that may have been used before the restart was accepted")
	}
}

func TestUsedChallengesAreBounded(t *testing.T) {
	clock := newTestClock()
	c := newChallenges(testOffice().Pepper, clock.Now)
	c.max = 10
	login := func() error {
		text, err := c.issue(rand.Reader, "d")
		if err != nil {
			return err
		}
		k, err := c.check(text, "d")
		if err != nil {
			return err
		}
		return c.use(k)
	}
	for i := range 10 {
		if err := login(); err != nil {
			t.Fatalf("login %d: %v", i, err)
		}
	}
	if err := login(); !errors.Is(err, ErrBusy) {
		t.Errorf("got %v, want %v", err, ErrBusy)
	}
	clock.Advance(challengeLife)
	if err := login(); err != nil {
		t.Errorf("after they expired: %v", err)
	}
	if len(c.used) != 1 {
		t.Errorf("remembers %d, want 1", len(c.used))
	}
}
