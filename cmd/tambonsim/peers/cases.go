package main

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"reflect"
	"regexp"
	"strconv"

	"tambonsync/syncproto"
)

// object is one JSON object of the output.
type object map[string]any

// newCase draws one case of any op, each as often as it is worth.
func newCase(seed uint64, index int) object {
	d := draw{rand.New(rand.NewPCG(seed, uint64(index)))}
	switch n := d.below(100); {
	case n < 15:
		return recordCase(d.state().Encode())
	case n < 22:
		return recordCase(d.malformed(d.state().Encode()))
	case n < 35:
		return recordCase(d.bent(d.state().Encode()))
	case n < 40:
		return recordCase(d.wrongRecord().Encode())
	case n < 55:
		return mergeCase(d)
	case n < 62:
		return saveCase(d)
	case n < 68:
		return redotCase(d)
	case n < 74:
		return valueCase(d)
	case n < 77:
		return digestCase(d)
	case n < 80:
		return idsCase(d)
	}
	return messageCase(d)
}

func recordCase(b []byte) object {
	r, err := syncproto.DecodeRecord(b)
	if err != nil {
		return object{"op": "record", "in": hexOf(b), "refused": refused(err)}
	}
	return object{"op": "record", "in": hexOf(b), "record": viewRecord(r), "out": hexOf(r.Encode())}
}

var place = regexp.MustCompile(`byte (\d+): `)

// refused tells where the reader of canonical bytes saw what it refused; -1 if
// it does not say.
func refused(err error) int {
	m := place.FindStringSubmatch(err.Error())
	if m == nil {
		return -1
	}
	n, _ := strconv.Atoi(m[1])
	return n
}

// mergeCase joins two states of one record: of one history, or of none that
// well-behaved devices have.
func mergeCase(d draw) object {
	a, b := d.states()
	if d.below(3) == 0 {
		a, b = d.record(), d.record()
	}
	b.ID = a.ID
	orders := [...]string{syncproto.Equal: "equal", syncproto.Before: "before", syncproto.After: "after", syncproto.Concurrent: "concurrent"}
	return object{
		"op": "merge", "a": hexOf(a.Encode()), "b": hexOf(b.Encode()), "order": orders[a.VV.Compare(b.VV)],
		"out": hexOf(syncproto.Merge(a, b).Encode()), "other": hexOf(syncproto.Merge(b, a).Encode()),
	}
}

func saveCase(d draw) object {
	r := d.state()
	if d.below(4) == 0 {
		r = syncproto.Record{ID: r.ID, Type: r.Type}
	}
	op, changes := d.op(r), d.changes()
	out := object{"op": "save", "before": "", "id": r.ID.String(), "type": r.Type, "by": viewOp(op), "changes": viewChanges(changes)}
	if len(r.VV) > 0 {
		out["before"] = hexOf(r.Encode())
	}
	after := r.Save(op, changes)
	saved, _ := after.Op(op.Dot)
	out["out"], out["hash"] = hexOf(after.Encode()), hexOf(saved.Hash[:])
	return out
}

func redotCase(d draw) object {
	r := d.state()
	if d.below(3) == 0 {
		r = d.record()
	}
	from, to := d.actor(), d.actor()
	if d.below(2) == 0 {
		to = syncproto.ActorID{0xdd, byte(d.below(3))}
	}
	after := uint64(d.below(6))
	more := uint64(d.below(4)) // new counters ascend with the old ones
	out := r.Redot(from, after, to, func(old uint64) uint64 { return old + more })
	return object{
		"op": "redot", "before": hexOf(r.Encode()), "from": from.String(), "after": after, "to": to.String(), "more": more,
		"out": hexOf(out.Encode()),
	}
}

func valueCase(d draw) object {
	b := []byte(d.value(d.below(10)))
	switch d.below(3) {
	case 0:
		b = d.malformed(b)
	case 1:
		b = d.bent(b)
	}
	a, err := syncproto.Value(b).Any()
	if err != nil {
		return object{"op": "value", "in": hexOf(b), "refused": refused(err)}
	}
	return object{"op": "value", "in": hexOf(b), "any": viewAny(a)}
}

func digestCase(d draw) object {
	var sum, other syncproto.Digest
	var in, removed []string
	for range d.below(8) {
		var h syncproto.Hash
		d.fill(h[:])
		sum = sum.Add(h)
		in = append(in, hexOf(h[:]))
		if d.below(3) == 0 {
			sum = sum.Remove(h)
			removed = append(removed, hexOf(h[:]))
		} else {
			other = other.Add(h)
		}
	}
	both := sum.Plus(other)
	return object{
		"op": "digest", "in": append([]string{}, in...), "removed": append([]string{}, removed...),
		"count": sum.Count, "sum": hexOf(sum.Sum[:]), "twice": hexOf(both.Sum[:]),
	}
}

func idsCase(d draw) object {
	var random [10]byte
	d.fill(random[:])
	ms := int64(d.Uint64N(1<<50)) - 1<<48
	id, round := d.recordID(), d.recordID()
	code := d.area()
	return object{
		"op": "ids", "ms": ms, "random": hexOf(random[:]), "new": syncproto.NewRecordID(ms, random).String(),
		"round": round.String(), "id": id.String(), "area": code, "carried": syncproto.CarriedID(round, id).String(),
		"village": syncproto.VillageID(round, code).String(), "bucket": syncproto.Bucket(id),
	}
}

// messages are all messages by the name of their vector.
var messages = []struct {
	name string
	zero any
}{
	{"enroll-request", syncproto.EnrollRequest{}},
	{"enroll-response", syncproto.EnrollResponse{}},
	{"challenge-request", syncproto.ChallengeRequest{}},
	{"challenge-response", syncproto.ChallengeResponse{}},
	{"token-request", syncproto.TokenRequest{}},
	{"token-response", syncproto.TokenResponse{}},
	{"hello-request", syncproto.HelloRequest{}},
	{"hello-response", syncproto.HelloResponse{}},
	{"push-request", syncproto.PushRequest{}},
	{"push-response", syncproto.PushResponse{}},
	{"pull-request", syncproto.PullRequest{}},
	{"pull-response", syncproto.PullResponse{}},
	{"digest-request", syncproto.DigestRequest{}},
	{"digest-response", syncproto.DigestResponse{}},
	{"need-request", syncproto.NeedRequest{}},
	{"need-response", syncproto.NeedResponse{}},
	{"definitions-request", syncproto.DefinitionsRequest{}},
	{"definitions-response", syncproto.DefinitionsResponse{}},
}

// messageCase reads a message that was written well, loosely or badly.
func messageCase(d draw) object {
	m := messages[d.below(len(messages))]
	wrong := d.below(3) == 0
	in := must(syncproto.EncodeMessage(d.message(reflect.TypeOf(m.zero), wrong).Interface()))
	switch d.below(5) {
	case 0:
	case 1:
		in = d.bent(in)
	case 2:
		in = d.malformed(d.loosen(in))
	default:
		in = d.loosen(in)
	}
	out := object{"op": "message", "message": m.name, "in": hexOf(in)}
	got := reflect.New(reflect.TypeOf(m.zero))
	if err := syncproto.DecodeMessage(in, got.Interface()); err != nil {
		out["refused"] = true
		return out
	}
	view, exact := viewMessage(got.Elem())
	switch {
	case !exact:
		out["refused"], out["why"] = true, "a number beyond 2^53-1, which a message may hold and JavaScript may not"
	case lax(in) != nil:
		out["refused"], out["why"] = true, fmt.Sprintf("%v, which PROTOCOL.md refuses and syncproto reads", lax(in))
	default:
		out["view"], out["out"] = view, hexOf(must(syncproto.EncodeMessage(got.Interface())))
	}
	return out
}

func hexOf(b []byte) string { return hex.EncodeToString(b) }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err) // what this program itself made is always right
	}
	return v
}
