package syncproto

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	"tambonsync/syncproto/area"
)

func allVectors() []vector {
	return slices.Concat(recordVectors(), mergeVectors(), saveVectors(), redotVectors(), digestVectors(), messageVectors(), valueVectors(), refusedVectors(), problemVectors())
}

func recordVectors() []vector {
	list := func(name, explain string, r Record) vector {
		return vector{"record-" + name, r.Encode(), sidecar{Kind: "record", Explain: explain, Record: viewRecord(r)}}
	}
	return []vector{
		list("household", "A household that one officer saved once.", recordHousehold()),
		list("member", "A member of the household: _parent is the household's id, and the group \"name\" holds three questions that only make sense together.", recordMember()),
		list("conflict", "Two officers changed the house number without knowing of each other. Both answers are alive; somsri's is displayed, since her clock was two minutes late and her context says so (o: 120000).", recordConflict()),
		list("deleted-and-edited", "One officer deleted the household, another edited it. It is displayed, whatever the clocks say, and _life is a conflict.", recordDeletedAndEdited()),
		list("deleted", "The household was deleted by somebody who had seen all of it. Its answers stay.", recordHousehold().Save(deletion(), map[string]Value{GroupLife: False})),
		list("cleared", "The officer cleared the answer to \"moo\": null is an answer like any other.", recordHousehold().Save(at(somchai, 2, 3), set("moo", nil))),
		list("unknown", "A newer program wrote a group and a key of the context that an older one does not know, and a reserved group of a later version. All of it is kept.", recordUnknown()),
		list("numbers", "Every form of a number, text, bytes, list and map as answers. \"location\" is a group of three questions with 64-bit floats.", recordNumbers()),
		list("round", "A round, as the office opened it. Its answers are plain groups.", recordRound()),
		list("returned", "A household that was carried forward from a record of an earlier round and confirmed, submitted, and returned by the office with a comment on one question. In _state, \"answers\" is the digest of its answers then, see section 4.", recordReturned()),
		list("thai", "Thai text in answers, in the name of a group and in the context. Lengths count bytes of UTF-8, and so does the order of keys.", recordThai()),
	}
}

func deletion() Op {
	op := at(somsri, 1, 8)
	op.User, op.Reason = "somsri", "รื้อบ้านแล้ว"
	return op
}

func recordDeletedAndEdited() Record {
	deleted, edited := deletedAndEdited()
	return Merge(deleted, edited)
}

func deletedAndEdited() (deleted, edited Record) {
	base := recordHousehold()
	return base.Save(deletion(), map[string]Value{GroupLife: False}), base.Save(at(somchai, 2, 5), set("house_no", "99/2"))
}

func recordUnknown() Record {
	op := at(somsri, 1, 20)
	op.App = "tambonfield 9.0"
	op.Extra = map[string]Value{"battery": val(0.35), "zone": val("Asia/Bangkok")}
	return recordHousehold().Save(op, map[string]Value{
		"solar_panels": val(map[string]any{"count": 4, "watts": []any{320, 320, 330, 330}}),
		"_later":       val(true),
	})
}

func recordNumbers() Record {
	return recordHousehold().Save(at(somchai, 2, 4), map[string]Value{
		"location": val(map[string]any{"lat": 15.612345, "lon": 103.5625, "accuracy": 4.5}),
		"numbers":  val([]any{0, 23, 24, 255, 256, 65535, 65536, 4294967295, 4294967296, int64(MaxExactInteger), -1, -24, -25, int64(-MaxExactInteger), 0.5, -0.1, 1.5e-7}),
		"others":   val([]any{nil, false, true, "", []byte{}, []byte{0xff}, []any{}, map[string]any{}}),
	})
}

func recordThai() Record {
	op := at(somchai, 2, 6)
	op.User, op.Reason = "สมชาย", "แก้คำสะกด"
	return recordHousehold().Save(op, map[string]Value{
		"head_name": val("นางสาวตัวอย่าง ทดสอบ"),
		"หมายเหตุ":  val("บ้านอยู่ท้ายซอย ติดวัด"),
	})
}

type mergeView struct {
	A      *recordView `json:"a"`
	B      *recordView `json:"b"`
	Merged *recordView `json:"merged"`
}

func mergeVectors() []vector {
	list := func(name, explain string, a, b Record) vector {
		m := Merge(a, b)
		return vector{"merge-" + name, byteList(a.Encode(), b.Encode(), m.Encode()), sidecar{
			Kind: "merge", Explain: explain, Merge: &mergeView{viewRecord(a), viewRecord(b), viewRecord(m)},
		}}
	}
	base := recordHousehold()
	conflictA, conflictB := conflictSides()
	deleted, edited := deletedAndEdited()
	decided := Merge(conflictA, conflictB).Save(at(office, 1, 90), set("house_no", "99/2"))
	late := conflictB.Save(at(somsri, 2, 30), set("moo", 2))
	return []vector{
		list("seen", "b has seen all of a: the outcome is b, byte for byte.", base, conflictA),
		list("two-groups", "Two officers changed different groups: both changes stay and nothing is a conflict.", base.Save(at(somchai, 2, 5), set("moo", 2)), conflictB),
		list("conflict", "Two officers changed one group: both answers stay. somsri's is displayed: 09:34 by her clock, 09:36 by the office's.", conflictA, conflictB),
		list("equal-answers", "Two officers gave the same answer: both saves stay, and it is no conflict.", base.Save(at(somchai, 2, 5), set("moo", 2)), base.Save(at(somsri, 1, 4), set("moo", 2))),
		list("same-time", "Two answers of one time: the actor with the greater bytes is displayed.", base.Save(at(somchai, 2, 5), set("moo", 2)), base.Save(at(somsri, 1, 5), set("moo", 3))),
		list("deleted-and-edited", "Deleted here, edited there: displayed, and _life is a conflict.", deleted, edited),
		list("decided", "The office decided the conflict; meanwhile somsri changed another group on her old state. The decision holds, her change stays, and her vector entry joins.", decided, late),
		list("moved", "Two officers moved the household to different villages: a conflict in _scope. The record is in the area of the latest.", base.Save(at(somchai, 2, 5), map[string]Value{GroupScope: Text("45030302")}), base.Save(at(somsri, 1, 4), map[string]Value{GroupScope: Text("45030303")})),
		list("unknown", "One side holds a group, a context key and a reserved group that this version does not know. All stay.", conflictA, recordUnknown()),
		list("context-shared", "Both sides' saves have one context: it is in the table once.", base.Save(at(somchai, 2, 5), set("moo", 2)), base.Save(at(office, 1, 9), set("soi", "ซอย 3"))),
	}
}

// byteList is a CBOR list of byte strings.
func byteList(list ...[]byte) []byte {
	b := appendHead(nil, majorArray, uint64(len(list)))
	for _, p := range list {
		b = appendBytes(b, p)
	}
	return b
}

type saveView struct {
	ID      string                `json:"id"`
	Type    string                `json:"type"`
	Actor   string                `json:"actor"`
	Counter uint64                `json:"counter"`
	Wall    int64                 `json:"wall"`
	User    string                `json:"user"`
	Form    string                `json:"form"`
	App     string                `json:"app"`
	Offset  int64                 `json:"offset"`
	Reason  string                `json:"reason"`
	Changes map[string]changeView `json:"changes"`
	Hash    string                `json:"save_hash"`
	Before  *recordView           `json:"before,omitempty"`
	After   *recordView           `json:"after"`
}

type changeView struct {
	Value any    `json:"value"`
	Hex   string `json:"cbor"`
}

func (s *saveView) context() Context {
	return Context{User: s.User, Form: s.Form, App: s.App, Offset: s.Offset, Reason: s.Reason}
}

func saveVectors() []vector {
	list := func(name, explain string, before Record, op Op, changes map[string]Value) vector {
		after := before.Save(op, changes)
		saved, _ := after.Op(op.Dot)
		s := &saveView{
			ID: before.ID.String(), Type: before.Type, Actor: op.Dot.Actor.String(), Counter: op.Dot.Counter, Wall: op.Wall,
			User: op.User, Form: op.Form, App: op.App, Offset: op.Offset, Reason: op.Reason,
			Changes: map[string]changeView{}, Hash: hexOf(saved.Hash[:]), After: viewRecord(after),
		}
		for group, v := range changes {
			s.Changes[group] = changeView{viewValue(v), hexOf(v)}
		}
		var old []byte
		if len(before.VV) > 0 {
			old, s.Before = before.Encode(), viewRecord(before)
		}
		return vector{"save-" + name, byteList(old, after.Encode()), sidecar{Kind: "save", Explain: explain, Save: s}}
	}
	conflict := recordConflict()
	return []vector{
		list("new", "The first save of a record. _life is added by the rule, and counts in the save hash.", Record{ID: household, Type: "household"}, at(somchai, 1, 0), map[string]Value{
			GroupScope: Text("45030301"), "house_no": val("99/1"), "moo": val(1),
		}),
		list("edit", "A second officer changes one group. The first save lives on in the groups it still answers.", recordHousehold(), at(somsri, 1, 5), set("moo", 2)),
		list("all", "The save writes every group that the first save had written, so the first save leaves the table and stays only in the vector.", recordHousehold(), at(somchai, 2, 5), map[string]Value{
			GroupScope: Text("45030302"), "house_no": val("99/1"), "moo": val(2),
		}),
		list("delete", "A deletion writes _life false and nothing else. Its reason is in the context.", recordHousehold(), deletion(), map[string]Value{GroupLife: False}),
		list("decide", "The office decides a conflict with an ordinary save on a state that has both answers.", conflict, at(office, 1, 90), set("house_no", "99/2")),
	}
}

type redotView struct {
	From    string      `json:"from"`
	After   uint64      `json:"after"`
	To      string      `json:"to"`
	Numbers [][2]uint64 `json:"numbers"` // old and new counter of each save that was moved
	Before  *recordView `json:"before"`
	Moved   *recordView `json:"moved"`
}

func (d *redotView) number(old uint64) uint64 {
	for _, n := range d.Numbers {
		if n[0] == old {
			return n[1]
		}
	}
	return 0
}

func redotVectors() []vector {
	list := func(name, explain string, before Record, after uint64, numbers ...[2]uint64) vector {
		d := &redotView{From: somchai.String(), After: after, To: moved.String(), Numbers: numbers, Before: viewRecord(before)}
		out := before.Redot(somchai, after, moved, d.number)
		d.Moved = viewRecord(out)
		return vector{"redot-" + name, byteList(before.Encode(), out.Encode()), sidecar{Kind: "redot", Explain: explain, Redot: d}}
	}
	base := recordHousehold()
	return []vector{
		list("copy", "A copied store wrote save 2, and so did the original: see the vectors redot-copy and merge-conflict together. The copy moves its own to a new actor and its vector falls back to 1.", base.Save(at(somchai, 2, 7), set("moo", 3)), 1, [2]uint64{2, 1}),
		list("several", "Three unsent saves are numbered anew in their order. Save 5 was replaced by save 7 and has no answer left: it is not moved and needs no number.", base.
			Save(at(somchai, 4, 2), set("house_no", "99/9")).
			Save(at(somchai, 5, 3), set("moo", 5)).
			Save(at(somchai, 7, 4), set("moo", 7)).
			Save(at(somchai, 9, 5), set("soi", "9")), 1, [2]uint64{4, 1}, [2]uint64{7, 2}, [2]uint64{9, 3}),
		list("all", "Nothing of the actor was ever sent: it leaves the vector.", base, 0, [2]uint64{1, 1}),
		list("none", "The record has no save after 3: it stays as it is.", base.Save(at(somchai, 3, 1), set("moo", 3)), 3),
	}
}

type digestView struct {
	Items []itemView `json:"items"`
	Total sumView    `json:"total"`
}

type itemView struct {
	ID     string    `json:"id"`
	Area   area.Code `json:"area"`
	Bucket uint8     `json:"bucket"`
	Hash   string    `json:"hash"`
}

type sumView struct {
	Count uint64 `json:"count"`
	Sum   string `json:"sum"`
}

func viewDigest(d Digest) sumView { return sumView{d.Count, hexOf(d.Sum[:])} }

func digestVectors() []vector {
	type leaf struct {
		code   area.Code
		bucket uint8
	}
	sums, view := map[leaf]Digest{}, &digestView{}
	var total Digest
	for i, code := range []area.Code{"45030301", "45030301", "45030302", "45030301", "450303"} {
		r := recordHousehold().Save(at(somchai, uint64(2+i), 1), map[string]Value{GroupScope: Text(string(code))})
		r.ID[15] = []byte{0x07, 0x17, 0x07, 0x0f, 0x00}[i]
		h := HashRecord(r.Encode())
		view.Items = append(view.Items, itemView{r.ID.String(), code, Bucket(r.ID), hexOf(h[:])})
		k := leaf{code, Bucket(r.ID)}
		sums[k], total = sums[k].Add(h), total.Add(h)
	}
	var resp DigestResponse
	for k, d := range sums {
		resp.Leaves = append(resp.Leaves, Leaf{Area: k.code, Bucket: k.bucket, Digest: d})
	}
	slices.SortFunc(resp.Leaves, func(a, b Leaf) int {
		if c := strings.Compare(string(a.Area), string(b.Area)); c != 0 {
			return c
		}
		return int(a.Bucket) - int(b.Bucket)
	})
	view.Total = viewDigest(total)
	return []vector{{"digest-leaves", mustMessage(resp), sidecar{
		Kind: "digest", Explain: "Five records of one tambon and the leaves they make, as a digest-response. \"total\" is the digest of the tambon, as a pull tells it.", Digest: view,
	}}}
}

type messageView struct {
	Path string `json:"path"`
}

type assertionView struct {
	assertion
	Seed string `json:"seed"` // of the device's Ed25519 key
}

func messageVectors() (list []vector) {
	for _, e := range messageExamples() {
		v := vector{"message-" + e.name, mustMessage(e.message), sidecar{
			Kind: "message", Explain: e.explain, Message: &messageView{"/sync/v1/" + e.path},
		}}
		if reflect.TypeOf(e.message) == reflect.TypeFor[TokenRequest]() {
			v.side.Assertion = &assertionView{exampleAssertion(), hexOf(exampleKey().Seed())}
		}
		list = append(list, v)
	}
	return list
}

type valueView struct {
	Name  string `json:"name"`
	Value any    `json:"value"`
	Hex   string `json:"cbor"`
}

func valueVectors() []vector {
	side := sidecar{Kind: "values", Explain: "Answers in their one form. The .cbor file is a list of them, in this order."}
	var all [][]byte
	for _, v := range goodValues() {
		b := val(v.in)
		all = append(all, b)
		side.Values = append(side.Values, valueView{v.name, viewValue(b), hexOf(b)})
	}
	return []vector{{"values", append(appendHead(nil, majorArray, uint64(len(all))), bytes.Join(all, nil)...), side}}
}

type refusedView struct {
	Name    string `json:"name"`
	Why     string `json:"why,omitempty"`
	Message string `json:"message,omitempty"` // which message it would be
	Hex     string `json:"cbor"`
}

func refusedVectors() []vector {
	list := func(name, explain string, views []refusedView, raw [][]byte) vector {
		return vector{name, byteList(raw...), sidecar{Kind: "refused", Explain: explain + " The .cbor file is a list of byte strings, in this order.", Refused: views}}
	}
	collect := func(in []refused) (views []refusedView, raw [][]byte) {
		for _, r := range in {
			views, raw = append(views, refusedView{Name: r.name, Why: r.why, Hex: hexOf(r.bytes)}), append(raw, r.bytes)
		}
		return views, raw
	}
	names := map[reflect.Type]string{}
	for _, e := range messageExamples() {
		names[reflect.PointerTo(reflect.TypeOf(e.message))] = e.name
	}
	var messages []refusedView
	var rawMessages [][]byte
	for _, r := range refusedMessages() {
		messages = append(messages, refusedView{Name: r.name, Message: names[reflect.TypeOf(r.into)], Hex: hexOf(r.bytes)})
		rawMessages = append(rawMessages, r.bytes)
	}
	values, rawValues := collect(refusedValues())
	records, rawRecords := collect(refusedRecords())
	return []vector{
		list("refused-values", "Bytes that are no canonical answer.", values, rawValues),
		list("refused-records", "Bytes that are no canonical record: each is a good record with one thing changed.", records, rawRecords),
		list("refused-messages", "Bytes that are not the message they would be.", messages, rawMessages),
	}
}

func problemVectors() []vector {
	b, err := json.Marshal(Problem{
		Type: "urn:tambonsync:problem:head_mismatch", Title: "The office holds other saves of this device", Status: 409, Code: CodeHeadMismatch,
		Detail:   "An earlier answer was lost on the way, or this device was copied. Sync again; nothing is lost.",
		DetailTH: "คำตอบครั้งก่อนหายระหว่างทาง หรือเครื่องนี้ถูกคัดลอก กรุณาส่งข้อมูลอีกครั้ง ข้อมูลไม่สูญหาย",
	})
	if err != nil {
		panic(err)
	}
	return []vector{{"problem-head-mismatch", nil, sidecar{Kind: "problem", Explain: "The body of an error, RFC 9457. The sentences are for people and may change; programs look at code.", Problem: b}}}
}
