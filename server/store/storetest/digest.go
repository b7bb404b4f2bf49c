package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

func digestTests() []test {
	return []test{
		{"leaves are sorted by area and bucket and none is empty", leavesListed},
		{"a leaf follows every change of its records", leavesFollow},
		{"a device that lacks records is sent them", needSends},
		{"a device that has more is asked for it", needWants},
		{"records that differ go both ways", needDiffers},
		{"equal leaves cost nothing", needNothing},
		{"only the buckets asked for are compared", needOneBucket},
		{"an answer is cut at its limit and the rest comes next", needMore},
	}
}

// leafOf puts records as a device holds them into the leaves of one area.
func leafOf(code area.Code, records ...syncproto.Record) []syncproto.NeedLeaf {
	leaves := make([]syncproto.NeedLeaf, syncproto.Buckets)
	for i := range leaves {
		leaves[i] = syncproto.NeedLeaf{Area: code, Bucket: uint8(i)}
	}
	for _, r := range records {
		l := &leaves[syncproto.Bucket(r.ID)]
		l.Items = append(l.Items, syncproto.NeedItem{ID: r.ID, Hash: syncproto.HashRecord(r.Encode())})
	}
	return leaves
}

func (o *office) need(t *testing.T, leaves ...syncproto.NeedLeaf) syncproto.NeedResponse {
	t.Helper()
	resp, err := o.Need(context.Background(), syncproto.NeedRequest{Epoch: o.Epoch, Leaves: leaves})
	if err != nil {
		t.Fatalf("need: %v", err)
	}
	return resp
}

func wantNeed(t *testing.T, got syncproto.NeedResponse, records, want []syncproto.Record) {
	t.Helper()
	var sent, asked, wantSent, wantAsked []string
	for _, raw := range got.Records {
		sent = append(sent, string(raw))
	}
	for _, r := range records {
		wantSent = append(wantSent, string(r.Encode()))
	}
	for _, id := range got.Want {
		asked = append(asked, id.String())
	}
	for _, r := range want {
		wantAsked = append(wantAsked, r.ID.String())
	}
	for _, list := range [][]string{sent, asked, wantSent, wantAsked} {
		slices.Sort(list)
	}
	if !slices.Equal(sent, wantSent) || !slices.Equal(asked, wantAsked) || got.More {
		t.Errorf("sent %d records, asked for %v, more %v; want %d records, %v", len(sent), asked, got.More, len(wantSent), wantAsked)
	}
}

func leavesListed(t *testing.T, o *office) {
	d := o.enroll(t, "malee", amphoe)
	d.Push(t, slices.Concat(manyNew(d, 1, 40, village1), manyNew(d, 51, 3, village2), manyNew(d, 61, 3, nextVillage))...)
	leaves := o.digest(t, tambon)
	if !slices.IsSortedFunc(leaves, func(a, b syncproto.Leaf) int {
		return strings.Compare(fmt.Sprintf("%s/%02d", a.Area, a.Bucket), fmt.Sprintf("%s/%02d", b.Area, b.Bucket))
	}) {
		t.Errorf("leaves %v are not sorted", leaves)
	}
	for _, l := range leaves {
		if l.Digest.Count == 0 || l.Area.Feed() != tambon {
			t.Errorf("leaf %v is empty or of another tambon", l)
		}
	}
	if sum := sumLeaves(leaves); sum.Count != 43 {
		t.Errorf("leaves count %d records, want 43", sum.Count)
	}
	if both := o.digest(t, tambon, nextTambon); len(both) <= len(leaves) {
		t.Errorf("%d leaves of two tambons, %d of one", len(both), len(leaves))
	}
}

func leavesFollow(t *testing.T, o *office) {
	d := o.enroll(t, "malee", amphoe)
	r := d.New(1, village1, nil)
	for i, next := range []func(){
		func() {},
		func() { r = d.Save(r, Answers{"water": 1}) },
		func() { r = d.Save(r, Answers{syncproto.GroupLife: false}) },
		func() { r = moveTo(d, r, village2) },
		func() { r = moveTo(d, r, nextVillage) },
	} {
		next()
		d.Push(t, r)
		want := syncproto.Leaf{Area: r.Area(), Bucket: syncproto.Bucket(r.ID), Digest: (syncproto.Digest{}).Add(syncproto.HashRecord(r.Encode()))}
		if got := o.digest(t, tambon, nextTambon); !slices.Equal(got, []syncproto.Leaf{want}) {
			t.Errorf("after change %d: leaves %v, want only %v", i, got, want)
		}
	}
}

func needSends(t *testing.T, o *office) {
	d := o.enroll(t, "malee", tambon)
	records := manyNew(d, 1, 40, village1)
	d.Push(t, records...)
	d.Push(t, manyNew(d, 51, 5, village2)...)
	wantNeed(t, o.need(t, leafOf(village1)...), records, nil)
	wantNeed(t, o.need(t, leafOf(village1, records[:37]...)...), records[37:], nil)
}

func needWants(t *testing.T, o *office) {
	d := o.enroll(t, "malee", tambon)
	records := manyNew(d, 1, 40, village1)
	d.Push(t, records[:37]...)
	wantNeed(t, o.need(t, leafOf(village1, records...)...), nil, records[37:])
	wantNeed(t, o.need(t, leafOf(village2, records[:3]...)...), nil, records[:3])
}

func needDiffers(t *testing.T, o *office) {
	d := o.enroll(t, "malee", tambon)
	records := manyNew(d, 1, 40, village1)
	d.Push(t, records...)
	mine := slices.Clone(records)
	mine[5] = d.Save(records[5], Answers{"water": 9})
	wantNeed(t, o.need(t, leafOf(village1, mine...)...), records[5:6], records[5:6])
}

func needNothing(t *testing.T, o *office) {
	d := o.enroll(t, "malee", tambon)
	records := manyNew(d, 1, 40, village1)
	d.Push(t, records...)
	wantNeed(t, o.need(t, leafOf(village1, records...)...), nil, nil)
	wantNeed(t, o.need(t), nil, nil)
}

func needOneBucket(t *testing.T, o *office) {
	d := o.enroll(t, "malee", tambon)
	records := manyNew(d, 1, 40, village1)
	d.Push(t, records...)
	bucket := syncproto.Bucket(records[0].ID)
	var want []syncproto.Record
	for _, r := range records {
		if syncproto.Bucket(r.ID) == bucket {
			want = append(want, r)
		}
	}
	wantNeed(t, o.need(t, leafOf(village1)[bucket]), want, nil)
}

func needMore(t *testing.T, o *office) {
	d := o.enroll(t, "malee", tambon)
	var records []syncproto.Record
	for i := range 14 {
		records = append(records, d.New(i, village1, Answers{"a": strings.Repeat("ก", 40_000), "b": strings.Repeat("ข", 40_000)}))
	}
	d.Push(t, records...)
	var held []syncproto.Record
	for round := range 10 {
		resp := o.need(t, leafOf(village1, held...)...)
		size := 0
		for _, raw := range resp.Records {
			held = append(held, decode(t, raw))
			size += len(raw)
		}
		if size >= syncproto.ChunkBytes+len(records[0].Encode()) {
			t.Fatalf("an answer of %d bytes, the limit is %d", size, syncproto.ChunkBytes)
		}
		if !resp.More {
			if round == 0 || len(held) != len(records) {
				t.Fatalf("%d records after %d rounds, want %d after some", len(held), round+1, len(records))
			}
			return
		}
		if len(resp.Records) == 0 {
			t.Fatal("more, but nothing in this answer")
		}
	}
	t.Fatal("there is always more")
}
