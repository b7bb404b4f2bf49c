package syncproto

import (
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// A message is a CBOR map with text keys. What it may hold is narrower than
// what the library would take: no null, no undefined, no float, no tag, no
// indefinite length, no key twice, byte strings of exactly the right length.
// Unlike a record it need not be canonical, because nobody hashes it.
var (
	encMode = mustEnc()
	decMode = mustDec()
)

func mustEnc() cbor.EncMode {
	opts := cbor.CoreDetEncOptions()
	opts.NilContainers = cbor.NilContainerAsEmpty // an empty list is a list in every language
	m, err := opts.EncMode()
	if err != nil {
		panic(err) // the options are constants
	}
	return m
}

func mustDec() cbor.DecMode {
	m, err := cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		FieldNameMatching: cbor.FieldNameMatchingCaseSensitive,
		IndefLength:       cbor.IndefLengthForbidden,
		TagsMd:            cbor.TagsForbidden,
		UTF8:              cbor.UTF8RejectInvalid,
		MaxNestedLevels:   maxMessageDepth,
		MaxArrayElements:  maxMessageItems,
		MaxMapPairs:       64,
		SimpleValues:      onlyTrueAndFalse(),
	}.DecMode()
	if err != nil {
		panic(err) // the options are constants
	}
	return m
}

// onlyTrueAndFalse refuses every other simple value. The library would read
// simple(99) as the number 99, and null as "leave the field as it is".
func onlyTrueAndFalse() *cbor.SimpleValueRegistry {
	var refuse []func(*cbor.SimpleValueRegistry) error
	for v := range 256 {
		if v == simpleFalse || v == simpleTrue || 24 <= v && v < 32 { // 24 to 31 are no simple values
			continue
		}
		refuse = append(refuse, cbor.WithRejectedSimpleValue(cbor.SimpleValue(v)))
	}
	r, err := cbor.NewSimpleValueRegistryFromDefaults(refuse...)
	if err != nil {
		panic(err) // the list is a constant
	}
	return r
}

// EncodeMessage writes a message canonically.
func EncodeMessage(m any) ([]byte, error) {
	b, err := encMode.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("encode %T: %w", m, err)
	}
	return b, nil
}

// DecodeMessage reads a message into m, which points to a zero value. Keys
// that m does not know are passed over, so that a later version may add some,
// and a key that is absent leaves its field empty. Everything else that does
// not fit is an error, and so is a message that breaks a bound.
func DecodeMessage(b []byte, m any) error {
	if len(b) > MaxMessageBytes {
		return fmt.Errorf("message of %d bytes is over the limit of %d", len(b), MaxMessageBytes)
	}
	if len(b) == 0 || b[0]>>5 != majorMap {
		return fmt.Errorf("decode %T: %w", m, errNotMap)
	}
	if err := decMode.Unmarshal(b, m); err != nil {
		return fmt.Errorf("decode %T: %w", m, err)
	}
	if c, ok := m.(interface{ check() error }); ok {
		if err := c.check(); err != nil {
			return fmt.Errorf("decode %T: %w", m, err)
		}
	}
	return nil
}

var errNotMap = errors.New("a message is a map")

// UnmarshalCBOR reads exactly 16 bytes.
func (a *ActorID) UnmarshalCBOR(b []byte) error { return fixed(a[:], b) }

// UnmarshalCBOR reads exactly 16 bytes.
func (id *RecordID) UnmarshalCBOR(b []byte) error { return fixed(id[:], b) }

// UnmarshalCBOR reads exactly 16 bytes.
func (e *Epoch) UnmarshalCBOR(b []byte) error { return fixed(e[:], b) }

// UnmarshalCBOR reads exactly 16 bytes.
func (h *Hash) UnmarshalCBOR(b []byte) error { return fixed(h[:], b) }

// UnmarshalCBOR reads exactly 32 bytes.
func (h *DefinitionHash) UnmarshalCBOR(b []byte) error { return fixed(h[:], b) }

// UnmarshalCBOR reads a counter and exactly 8 bytes.
func (h *Head) UnmarshalCBOR(b []byte) error {
	var wire struct {
		_       struct{} `cbor:",toarray"`
		Counter uint64
		Hash    hash8
	}
	if len(b) == 0 || b[0]>>5 != majorArray {
		return errors.New("want [counter, hash]")
	}
	if err := decMode.Unmarshal(b, &wire); err != nil {
		return err
	}
	*h = Head{Counter: wire.Counter, Hash: wire.Hash}
	return nil
}

type hash8 [8]byte

func (h *hash8) UnmarshalCBOR(b []byte) error { return fixed(h[:], b) }

// fixed fills dst from a byte string of the same length. The library would cut
// a longer one, pad a shorter one, and take a list of numbers for either.
func fixed(dst, b []byte) error {
	if len(b) == 0 || b[0]>>5 != majorBytes {
		return fmt.Errorf("want a byte string of %d", len(dst))
	}
	var p []byte
	if err := decMode.Unmarshal(b, &p); err != nil {
		return err
	}
	if len(p) != len(dst) {
		return fmt.Errorf("want a byte string of %d, not of %d", len(dst), len(p))
	}
	copy(dst, p)
	return nil
}
