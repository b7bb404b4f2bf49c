package server_test

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

func TestWhatOneDevicePushesAnotherPulls(t *testing.T) {
	o := newOffice(t)
	a, tokenA := o.ready("450303")
	b, tokenB := o.ready("450303")
	rec := a.household("45030301", 1, map[string]any{"house_no": "12/1"})

	var hello syncproto.HelloResponse
	if r := o.sync("/hello", tokenB, b.helloRequest(), &hello); r.status != http.StatusOK {
		t.Fatalf("hello: %+v", r.problem)
	}
	if hello.Epoch != o.who.Epoch || hello.Office != o.who.ID || hello.Protocol != 1 || hello.Officer != "สมหญิง ใจดี" ||
		fmt.Sprint(hello.Areas) != "[450303]" || len(hello.Feeds) != 1 {
		t.Errorf("hello answered %+v", hello)
	}
	resp, r := a.push(tokenA, rec)
	if r.status != http.StatusOK || resp.Results[0].Code != syncproto.ResultStored || resp.Head.Counter != 1 {
		t.Fatalf("push: %d %+v %+v", r.status, resp, r.problem)
	}
	if resp, _ = a.push(tokenA, rec); resp.Results[0].Code != syncproto.ResultAlready {
		t.Errorf("the same push again: %+v", resp)
	}
	var pulled syncproto.PullResponse
	r = o.sync("/pull", tokenB, syncproto.PullRequest{
		Actor: b.actor, Epoch: hello.Epoch, Cursors: []syncproto.Cursor{{Area: "450303"}}, MaxRecords: 50,
	}, &pulled)
	if r.status != http.StatusOK || len(pulled.Rows) != 1 || !bytes.Equal(pulled.Rows[0].Record, rec.Encode()) || !pulled.Cursors[0].Level {
		t.Fatalf("pull: %d %+v %+v", r.status, pulled, r.problem)
	}
	var digest syncproto.DigestResponse
	r = o.sync("/digest", tokenB, syncproto.DigestRequest{Epoch: hello.Epoch, Areas: []area.Code{"450303"}}, &digest)
	if r.status != http.StatusOK || len(digest.Leaves) != 1 || digest.Leaves[0].Digest != pulled.Cursors[0].Digest {
		t.Errorf("digest: %+v, pull said %+v", digest, pulled.Cursors[0])
	}
	var need syncproto.NeedResponse
	leaf := syncproto.NeedLeaf{Area: "45030301", Bucket: digest.Leaves[0].Bucket}
	r = o.sync("/need", tokenB, syncproto.NeedRequest{Epoch: hello.Epoch, Leaves: []syncproto.NeedLeaf{leaf}}, &need)
	if r.status != http.StatusOK || len(need.Records) != 1 {
		t.Errorf("need: %d %+v", r.status, need)
	}
}

func TestOneBadRecordDelaysNoOther(t *testing.T) {
	o := newOffice(t)
	d, token := o.ready("450303")
	noArea := d.save(syncproto.Record{ID: syncproto.RecordID{1}, Type: "household"}, nil)
	good := d.household("45030301", 1, nil)
	elsewhere := d.household("45030401", 2, nil)
	q := syncproto.PushRequest{
		Actor: d.actor, Epoch: o.who.Epoch,
		Records: [][]byte{[]byte("nonsense"), good.Encode(), noArea.Encode(), elsewhere.Encode(), {}, make([]byte, syncproto.MaxRecordBytes+1)},
	}
	var resp syncproto.PushResponse
	if a := o.sync("/push", token, q, &resp); a.status != http.StatusOK {
		t.Fatalf("push: %+v", a.problem)
	}
	want := []syncproto.Result{"invalid", "stored", "invalid", "quarantined", "invalid", "invalid"}
	for i, r := range resp.Results {
		if r.Code != want[i] {
			t.Errorf("record %d: %s (%s), want %s", i, r.Code, r.Detail, want[i])
		}
	}
	metrics := string(o.send(http.MethodGet, "/metrics", "", nil, nil).body)
	for _, line := range []string{
		`tambonsync_pushed_records_total{result="invalid"} 4`,
		`tambonsync_pushed_records_total{result="stored"} 1`,
		`tambonsync_requests_total{route="/sync/v1/push",status="200"} 1`,
		`tambonsync_inbox_open 5`,
		`tambonsync_store_pushes_total 1`,
	} {
		if !strings.Contains(metrics, line+"\n") {
			t.Errorf("metrics lack %q in\n%s", line, metrics)
		}
	}
}

func TestADeviceSeesOnlyItsAreas(t *testing.T) {
	tests := []struct {
		name   string
		grants []area.Code
		asked  area.Code
		status int
	}{
		{"its tambon", []area.Code{"450303"}, "450303", 200},
		{"a village of its tambon", []area.Code{"450303"}, "45030301", 200},
		{"one of several", []area.Code{"450301", "450303"}, "450303", 200},
		{"a tambon of its amphoe", []area.Code{"4503"}, "450309", 200},
		{"its amphoe itself", []area.Code{"4503"}, "4503", 200},
		{"the next tambon", []area.Code{"450303"}, "450304", 403},
		{"the amphoe above", []area.Code{"450303"}, "4503", 403},
		{"the tambon around its village", []area.Code{"45030301"}, "450303", 403},
		{"the next village", []area.Code{"45030301"}, "45030302", 403},
		{"a code that begins the same", []area.Code{"450303"}, "4503030", 400},
		{"no area", []area.Code{"450303"}, "", 400},
		{"a pattern", []area.Code{"450303"}, "450303%", 400},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := newOffice(t)
			_, token := o.ready(tt.grants...)
			code := map[int]syncproto.ErrorCode{400: syncproto.CodeBadMessage, 403: syncproto.CodeForbidden}[tt.status]
			o.want(o.sync("/pull", token, syncproto.PullRequest{Epoch: o.who.Epoch, Cursors: []syncproto.Cursor{{Area: tt.asked}}}, nil), tt.status, code)
			o.want(o.sync("/digest", token, syncproto.DigestRequest{Epoch: o.who.Epoch, Areas: []area.Code{tt.asked}}, nil), tt.status, code)
			o.want(o.sync("/need", token, syncproto.NeedRequest{Epoch: o.who.Epoch, Leaves: []syncproto.NeedLeaf{{Area: tt.asked}}}, nil), tt.status, code)
		})
	}
}

func TestGrantsHoldFromTheNextRequest(t *testing.T) {
	o := newOffice(t)
	d, token := o.ready("450303")
	ask := syncproto.DigestRequest{Epoch: o.who.Epoch, Areas: []area.Code{"450303"}}
	o.want(o.sync("/digest", token, ask, nil), 200, "")
	if err := o.store.SetGrants(t.Context(), d.id, []area.Code{"450304"}); err != nil {
		t.Fatal(err)
	}
	o.want(o.sync("/digest", token, ask, nil), 403, syncproto.CodeForbidden)
	resp, a := d.push(token, d.household("45030301", 1, nil), d.household("45030401", 2, nil))
	if a.status != 200 || resp.Results[0].Code != syncproto.ResultQuarantined || resp.Results[1].Code != syncproto.ResultStored {
		t.Errorf("push after the change: %d %+v", a.status, resp.Results)
	}
}

func TestMessagesThatAreRefusedWhole(t *testing.T) {
	o := newOffice(t)
	d, token := o.ready("450303")
	other, _ := o.ready("450303")
	epoch := o.who.Epoch
	manyItems := make([]syncproto.NeedItem, syncproto.MaxNeedItems)
	tests := []struct {
		name   string
		path   string
		in     any
		status int
		code   syncproto.ErrorCode
	}{
		{"another protocol", "/hello", syncproto.HelloRequest{Protocol: 2, Actor: d.actor}, 400, syncproto.CodeProtocolUnsupported},
		{"hello without actor", "/hello", syncproto.HelloRequest{Protocol: 1}, 400, syncproto.CodeBadMessage},
		{"hello with another's actor", "/hello", syncproto.HelloRequest{Protocol: 1, Actor: other.actor}, 409, syncproto.CodeActorReset},
		{"hello with an endless program name", "/hello", syncproto.HelloRequest{Protocol: 1, Actor: d.actor, App: strings.Repeat("x", 1000)}, 400, syncproto.CodeBadMessage},
		{"push without actor", "/push", syncproto.PushRequest{Epoch: epoch}, 400, syncproto.CodeBadMessage},
		{"push to an older epoch", "/push", syncproto.PushRequest{Actor: d.actor}, 409, syncproto.CodeEpochChanged},
		{"push on another head", "/push", syncproto.PushRequest{Actor: d.actor, Epoch: epoch, Base: syncproto.Head{Counter: 9}}, 409, syncproto.CodeHeadMismatch},
		{"push of 501 records", "/push", syncproto.PushRequest{Actor: d.actor, Epoch: epoch, Records: make([][]byte, 501)}, 413, syncproto.CodeTooLarge},
		{"pull of 501 feeds", "/pull", syncproto.PullRequest{Epoch: epoch, Cursors: slices.Repeat([]syncproto.Cursor{{Area: "450303"}}, 501)}, 413, syncproto.CodeTooLarge},
		{"pull from an older epoch", "/pull", syncproto.PullRequest{}, 409, syncproto.CodeEpochChanged},
		{"digest of 501 areas", "/digest", syncproto.DigestRequest{Epoch: epoch, Areas: slices.Repeat([]area.Code{"450303"}, 501)}, 413, syncproto.CodeTooLarge},
		{"need of 20001 items", "/need", syncproto.NeedRequest{Epoch: epoch, Leaves: []syncproto.NeedLeaf{
			{Area: "450303", Items: manyItems}, {Area: "450303", Items: manyItems[:1]},
		}}, 413, syncproto.CodeTooLarge},
		{"need of too many leaves", "/need", syncproto.NeedRequest{Epoch: epoch, Leaves: slices.Repeat([]syncproto.NeedLeaf{{Area: "450303"}}, 8001)}, 413, syncproto.CodeTooLarge},
		{"need of a bucket that is none", "/need", syncproto.NeedRequest{Epoch: epoch, Leaves: []syncproto.NeedLeaf{{Area: "450303", Bucket: 16}}}, 400, syncproto.CodeBadMessage},
		{"a list where a map is due", "/push", []int{1}, 400, syncproto.CodeBadMessage},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o.want(o.sync(tt.path, token, tt.in, nil), tt.status, tt.code)
		})
	}
}

func TestHowBodiesTravel(t *testing.T) {
	o := newOffice(t)
	d, token := o.ready("450303")
	cbor := map[string]string{"Content-Type": "application/cbor"}
	with := func(more ...string) map[string]string {
		h := map[string]string{"Content-Type": "application/cbor"}
		for i := 0; i < len(more); i += 2 {
			h[more[i]] = more[i+1]
		}
		return h
	}
	hello, err := syncproto.EncodeMessage(d.helloRequest())
	if err != nil {
		t.Fatal(err)
	}
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	bomb := z.EncodeAll(make([]byte, 16<<20), nil)
	tests := []struct {
		name   string
		header map[string]string
		body   []byte
		status int
		code   syncproto.ErrorCode
	}{
		{"plain", cbor, hello, 200, ""},
		{"zstd", with("Content-Encoding", "zstd"), z.EncodeAll(hello, nil), 200, ""},
		{"with a parameter", with("Content-Type", "application/cbor; v=1"), hello, 200, ""},
		{"bomb", with("Content-Encoding", "zstd"), bomb, 413, syncproto.CodeTooLarge},
		{"10 MB plain", cbor, make([]byte, 10<<20), 413, syncproto.CodeTooLarge},
		{"brotli", with("Content-Encoding", "br"), hello, 415, syncproto.CodeUnsupportedEncoding},
		{"gzip in zstd", with("Content-Encoding", "gzip, zstd"), hello, 415, syncproto.CodeUnsupportedEncoding},
		{"no content type", nil, hello, 415, syncproto.CodeUnsupportedEncoding},
		{"JSON", with("Content-Type", "application/json"), []byte("{}"), 415, syncproto.CodeUnsupportedEncoding},
		{"nothing", cbor, nil, 400, syncproto.CodeBadMessage},
		{"two messages", cbor, append(bytes.Clone(hello), hello...), 400, syncproto.CodeBadMessage},
		{"cut short", cbor, hello[:len(hello)-1], 400, syncproto.CodeBadMessage},
		{"deep", cbor, bytes.Repeat([]byte{0x81}, 1<<20), 400, syncproto.CodeBadMessage},
		{"endless list announced", cbor, []byte{0x9b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 400, syncproto.CodeBadMessage},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o.want(o.send(http.MethodPost, "/sync/v1/hello", token, tt.header, tt.body), tt.status, tt.code)
		})
	}
	t.Run("bomb without a token", func(t *testing.T) {
		for _, path := range []string{"/enroll", "/challenge", "/token"} {
			o.want(o.send(http.MethodPost, "/sync/v1"+path, "", with("Content-Encoding", "zstd"), bomb), 413, syncproto.CodeTooLarge)
			o.want(o.send(http.MethodPost, "/sync/v1"+path, "", cbor, make([]byte, 20<<10)), 413, syncproto.CodeTooLarge)
		}
	})
}

func TestLargeRepliesAreCompressedForThoseWhoReadThat(t *testing.T) {
	o := newOffice(t)
	d, token := o.ready("450303")
	d.push(token, d.household("45030301", 1, map[string]any{"road": strings.Repeat("ถนน", 200)}))
	_, token = o.ready("450303") // another device, which has none of it
	pull, err := syncproto.EncodeMessage(syncproto.PullRequest{Epoch: o.who.Epoch, Cursors: []syncproto.Cursor{{Area: "450303"}}, MaxRecords: 9})
	if err != nil {
		t.Fatal(err)
	}
	send := func(accept string) answer {
		return o.send(http.MethodPost, "/sync/v1/pull", token, map[string]string{"Content-Type": "application/cbor", "Accept-Encoding": accept}, pull)
	}
	plain := send("identity")
	if plain.status != http.StatusOK || plain.header.Get("Content-Encoding") != "" || len(plain.body) < 600 {
		t.Fatalf("plain: %d, %d bytes, %v", plain.status, len(plain.body), plain.header)
	}
	for _, encoding := range []string{"gzip", "zstd"} {
		for range 2 { // the second time with a pooled compressor
			a := send(encoding)
			if a.header.Get("Content-Encoding") != encoding || len(a.body) >= len(plain.body) || a.header.Get("Vary") == "" {
				t.Errorf("%s: %d bytes, %v", encoding, len(a.body), a.header)
			}
		}
	}
	a := o.send(http.MethodPost, "/sync/v1/digest", token, map[string]string{"Content-Type": "application/cbor", "Accept-Encoding": "zstd"}, []byte{0xa0})
	if a.header.Get("Content-Encoding") != "" {
		t.Error("a small reply was compressed")
	}
}

func TestAddressesThatDoNotExist(t *testing.T) {
	o := newOffice(t)
	o.want(o.send(http.MethodGet, "/sync/v2/hello", "", nil, nil), 404, syncproto.CodeNotFound)
	o.want(o.send(http.MethodGet, "/", "", nil, nil), 404, syncproto.CodeNotFound)
	a := o.send(http.MethodGet, "/sync/v1/hello", "", nil, nil)
	o.want(a, 405, "method_not_allowed")
	if !strings.Contains(a.header.Get("Allow"), "POST") {
		t.Errorf("Allow %q", a.header.Get("Allow"))
	}
	metrics := string(o.send(http.MethodGet, "/metrics", "", nil, nil).body)
	if strings.Contains(metrics, "v2") || !strings.Contains(metrics, `route="other"`) {
		t.Errorf("a caller can invent metrics:\n%s", metrics)
	}
}

func TestHealthTellsWhoTheOfficeIs(t *testing.T) {
	o := newOffice(t)
	a := o.send(http.MethodGet, "/healthz", "", nil, nil)
	want := fmt.Sprintf(`{"ok":true,"office":%q,"epoch":%q,"time":%d}`, o.who.ID, o.who.Epoch, o.clock.Now().UnixMilli())
	if a.status != 200 || strings.TrimSpace(string(a.body)) != want {
		t.Errorf("got %d %s, want %s", a.status, a.body, want)
	}
}

func TestAClosedStoreIsUnavailableAndNotACrash(t *testing.T) {
	o := newOffice(t)
	if err := o.store.Close(); err != nil {
		t.Fatal(err)
	}
	a := o.send(http.MethodGet, "/healthz", "", nil, nil)
	o.want(a, 503, syncproto.CodeUnavailable)
	if a.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}
