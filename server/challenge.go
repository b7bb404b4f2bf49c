package server

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"
	"sync"
	"time"

	"tambonsync/syncproto"
)

const (
	challengeLife = 2 * time.Minute

	// maxUsedChallenges is how many logins of the last two minutes are
	// remembered. When it is full, logins are told to come back.
	maxUsedChallenges = 1 << 16
)

// challenges hands out what a device signs to log in. Nothing is kept when one
// is made, so asking for many costs the office nothing: a challenge is
// time | nonce | MAC over both and the device, and only used ones are
// remembered until they would have expired anyway.
type challenges struct {
	key   []byte
	clock func() time.Time
	start int64 // ms; older challenges may have been used before a restart

	mu   sync.Mutex
	used map[[sha256.Size]byte]int64 // MAC → when it expires
	max  int
}

const (
	challengeNonce = 16
	challengeBytes = 8 + challengeNonce + sha256.Size
)

func newChallenges(pepper []byte, clock func() time.Time) *challenges {
	return &challenges{
		key:   keyedHash(pepper, "challenge key", ""),
		clock: clock,
		start: clock().UnixMilli(),
		used:  map[[sha256.Size]byte]int64{},
		max:   maxUsedChallenges,
	}
}

// keyedHash is HMAC-SHA256 under the office's pepper. purpose keeps hashes of
// different things apart.
func keyedHash(pepper []byte, purpose, text string) []byte {
	m := hmac.New(sha256.New, pepper)
	_, _ = io.WriteString(m, purpose+"\x00"+text) // a hash takes everything
	return m.Sum(nil)
}

func (c *challenges) issue(random io.Reader, device string) (string, error) {
	nonce, err := draw(random, challengeNonce)
	if err != nil {
		return "", err
	}
	b := binary.BigEndian.AppendUint64(make([]byte, 0, challengeBytes), uint64(c.clock().UnixMilli()))
	b = append(b, nonce...)
	b = append(b, c.mac(b, device)...)
	return base64.RawURLEncoding.EncodeToString(b), nil
}

func (c *challenges) mac(b []byte, device string) []byte {
	return keyedHash(c.key, "challenge", string(b)+device)
}

// ticket is a challenge that fits its device and has not expired.
type ticket struct {
	mac     [sha256.Size]byte
	expires int64
}

var errNotOurs = errors.New("not a challenge for this device")

// check reads a challenge that device signed.
func (c *challenges) check(text, device string) (ticket, error) {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) != challengeBytes {
		return ticket{}, refuse(syncproto.CodeUnauthenticated, "%w", errNotOurs)
	}
	signed, mac := b[:8+challengeNonce], b[8+challengeNonce:]
	if !hmac.Equal(mac, c.mac(signed, device)) {
		return ticket{}, refuse(syncproto.CodeUnauthenticated, "%w", errNotOurs)
	}
	issued, now := int64(binary.BigEndian.Uint64(signed)), c.clock().UnixMilli()
	expires := issued + challengeLife.Milliseconds()
	if issued < c.start || now >= expires {
		return ticket{}, refuse(syncproto.CodeChallengeExpired, "challenge expired")
	}
	return ticket{[sha256.Size]byte(mac), expires}, nil
}

// use spends a challenge. The second time it is refused.
func (c *challenges) use(t ticket) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.used[t.mac]; ok {
		return refuse(syncproto.CodeChallengeExpired, "challenge used before")
	}
	if len(c.used) >= c.max {
		c.sweep()
	}
	if len(c.used) >= c.max {
		return ErrBusy
	}
	c.used[t.mac] = t.expires
	return nil
}

func (c *challenges) sweep() {
	now := c.clock().UnixMilli()
	for mac, expires := range c.used {
		if now >= expires {
			delete(c.used, mac)
		}
	}
}
