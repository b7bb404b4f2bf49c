package syncproto

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"tambonsync/syncproto/area"
)

// The vectors in testdata/protocol are for whoever writes a device in another
// language: a .cbor file to read and a .json file that says what is in it.
// After a wanted change of the protocol:
//
//	go test ./syncproto -run TestVectors -update
var update = flag.Bool("update", false, "write testdata/protocol anew")

const vectorDir = "../testdata/protocol"

// vector is one pair of files.
type vector struct {
	name string
	cbor []byte
	side sidecar
}

// sidecar is the .json file. Which fields it has depends on the kind.
type sidecar struct {
	Kind       string          `json:"kind"`
	Explain    string          `json:"explain"`
	Diagnostic string          `json:"diagnostic,omitempty"` // of the whole .cbor file, RFC 8949, section 8
	Record     *recordView     `json:"record,omitempty"`
	Merge      *mergeView      `json:"merge,omitempty"`
	Save       *saveView       `json:"save,omitempty"`
	Redot      *redotView      `json:"redot,omitempty"`
	Digest     *digestView     `json:"digest,omitempty"`
	Message    *messageView    `json:"message,omitempty"`
	Values     []valueView     `json:"values,omitempty"`
	Refused    []refusedView   `json:"refused,omitempty"`
	Assertion  *assertionView  `json:"assertion,omitempty"`
	Problem    json.RawMessage `json:"problem,omitempty"`
}

// TestVectors writes the vectors with -update and otherwise compares what the
// code would write with what is there, both ways.
func TestVectors(t *testing.T) {
	want := map[string][]byte{}
	for _, v := range allVectors() {
		if v.cbor != nil {
			want[v.name+".cbor"] = v.cbor
			if v.side.Refused == nil && v.side.Values == nil {
				v.side.Diagnostic = diagnose(t, v.cbor)
			}
		}
		want[v.name+".json"] = encodeSidecar(t, v.side)
	}
	if *update {
		writeVectors(t, want)
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		got, err := os.ReadFile(filepath.Join(vectorDir, name))
		if err != nil {
			t.Error(err)
		} else if !bytes.Equal(got, want[name]) {
			t.Errorf("%s is not what the code writes", name)
		}
	}
	for _, name := range vectorFiles(t) {
		if want[name] == nil {
			t.Errorf("%s is made by nobody", name)
		}
	}
}

// diagnose writes CBOR in diagnostic notation, Thai as Thai.
func diagnose(t *testing.T, b []byte) string {
	t.Helper()
	d, err := cbor.Diagnose(b)
	if err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile(`\\u[0-9a-f]{4}`).ReplaceAllStringFunc(d, func(s string) string {
		n, err := strconv.ParseUint(s[2:], 16, 16)
		if err != nil {
			t.Fatal(err)
		}
		return string(rune(n))
	})
}

func encodeSidecar(t *testing.T, s sidecar) []byte {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(s); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func writeVectors(t *testing.T, files map[string][]byte) {
	t.Helper()
	if err := os.MkdirAll(vectorDir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range vectorFiles(t) {
		if err := os.Remove(filepath.Join(vectorDir, name)); err != nil {
			t.Fatal(err)
		}
	}
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(vectorDir, name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func vectorFiles(t *testing.T) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(vectorDir)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// readVectors reads the files of one kind as another program would.
func readVectors(t *testing.T, kind string) (list []vector) {
	t.Helper()
	for _, file := range vectorFiles(t) {
		name, ok := strings.CutSuffix(file, ".json")
		if !ok {
			continue
		}
		v := vector{name: name}
		b, err := os.ReadFile(filepath.Join(vectorDir, file))
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, &v.side); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if v.side.Kind != kind {
			continue
		}
		if v.cbor, err = os.ReadFile(filepath.Join(vectorDir, name+".cbor")); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		list = append(list, v)
	}
	if len(list) == 0 {
		t.Fatalf("there is no vector of kind %q", kind)
	}
	return list
}

// byteStrings reads a .cbor file that is a list of byte strings.
func byteStrings(t *testing.T, b []byte, n int) [][]byte {
	t.Helper()
	var list [][]byte
	if err := decMode.Unmarshal(b, &list); err != nil {
		t.Fatal(err)
	}
	if n > 0 && len(list) != n {
		t.Fatalf("got %d byte strings, want %d", len(list), n)
	}
	return list
}

// wantView compares a record with what a .json file says of it.
func wantView(t *testing.T, what string, r Record, want *recordView) {
	t.Helper()
	got, err := json.Marshal(viewRecord(r))
	if err != nil {
		t.Fatal(err)
	}
	if w, err := json.Marshal(want); err != nil || !bytes.Equal(got, w) {
		t.Errorf("%s: got\n%s\nwant\n%s (%v)", what, got, w, err)
	}
}

func TestVectorsOfRecordsDecodeAndEncodeToTheSameBytes(t *testing.T) {
	for _, v := range readVectors(t, "record") {
		t.Run(v.name, func(t *testing.T) {
			r := mustDecode(t, v.cbor)
			if !bytes.Equal(r.Encode(), v.cbor) {
				t.Errorf("encodes as %x", r.Encode())
			}
			if err := r.CheckReserved(); err != nil {
				t.Error(err)
			}
			wantView(t, "record", r, v.side.Record)
		})
	}
}

func TestVectorsOfMergesAreMerged(t *testing.T) {
	for _, v := range readVectors(t, "merge") {
		t.Run(v.name, func(t *testing.T) {
			list := byteStrings(t, v.cbor, 3)
			a, b := mustDecode(t, list[0]), mustDecode(t, list[1])
			wantView(t, "a", a, v.side.Merge.A)
			wantView(t, "b", b, v.side.Merge.B)
			for _, m := range []Record{Merge(a, b), Merge(b, a)} {
				if !bytes.Equal(m.Encode(), list[2]) {
					t.Errorf("got %x, want %x", m.Encode(), list[2])
				}
				wantView(t, "merged", m, v.side.Merge.Merged)
			}
		})
	}
}

func TestVectorsOfSavesAreSaved(t *testing.T) {
	for _, v := range readVectors(t, "save") {
		t.Run(v.name, func(t *testing.T) {
			list := byteStrings(t, v.cbor, 2)
			s := v.side.Save
			before := Record{ID: RecordID(mustHex(strings.ReplaceAll(s.ID, "-", ""))), Type: s.Type}
			if len(list[0]) > 0 {
				before = mustDecode(t, list[0])
			}
			changes := map[string]Value{}
			for group, c := range s.Changes {
				changes[group] = mustHex(c.Hex)
			}
			actor, err := ParseActorID(s.Actor)
			if err != nil {
				t.Fatal(err)
			}
			op := Op{Dot: Dot{actor, s.Counter}, Wall: s.Wall, Context: s.context()}
			after := before.Save(op, changes)
			if !bytes.Equal(after.Encode(), list[1]) {
				t.Errorf("got %x, want %x", after.Encode(), list[1])
			}
			saved, _ := after.Op(op.Dot)
			if got := hexOf(saved.Hash[:]); got != s.Hash {
				t.Errorf("save hash: got %s, want %s", got, s.Hash)
			}
			wantView(t, "after", after, s.After)
		})
	}
}

func TestVectorsOfRedotsAreMoved(t *testing.T) {
	for _, v := range readVectors(t, "redot") {
		t.Run(v.name, func(t *testing.T) {
			list := byteStrings(t, v.cbor, 2)
			before, d := mustDecode(t, list[0]), v.side.Redot
			from, err := ParseActorID(d.From)
			if err != nil {
				t.Fatal(err)
			}
			to, err := ParseActorID(d.To)
			if err != nil {
				t.Fatal(err)
			}
			after := before.Redot(from, d.After, to, func(old uint64) uint64 { return d.number(old) })
			if !bytes.Equal(after.Encode(), list[1]) {
				t.Errorf("got %x, want %x", after.Encode(), list[1])
			}
			wantView(t, "before", before, d.Before)
			wantView(t, "moved", after, d.Moved)
		})
	}
}

func TestVectorsOfDigestsAddUp(t *testing.T) {
	for _, v := range readVectors(t, "digest") {
		t.Run(v.name, func(t *testing.T) {
			sums := map[area.Code]map[uint8]Digest{}
			var total Digest
			for _, it := range v.side.Digest.Items {
				id := RecordID(mustHex(strings.ReplaceAll(it.ID, "-", "")))
				h := Hash(mustHex(it.Hash))
				if sums[it.Area] == nil {
					sums[it.Area] = map[uint8]Digest{}
				}
				sums[it.Area][Bucket(id)] = sums[it.Area][Bucket(id)].Add(h)
				total = total.Add(h)
			}
			var resp DigestResponse
			for _, code := range slices.Sorted(maps.Keys(sums)) {
				for _, bucket := range slices.Sorted(maps.Keys(sums[code])) {
					resp.Leaves = append(resp.Leaves, Leaf{Area: code, Bucket: bucket, Digest: sums[code][bucket]})
				}
			}
			if got := mustMessage(resp); !bytes.Equal(got, v.cbor) {
				t.Errorf("got %x, want %x", got, v.cbor)
			}
			if got := viewDigest(total); got != v.side.Digest.Total {
				t.Errorf("total: got %v, want %v", got, v.side.Digest.Total)
			}
		})
	}
}

func TestVectorsOfMessagesDecodeAndEncodeToTheSameBytes(t *testing.T) {
	types := map[string]reflect.Type{}
	for _, e := range messageExamples() {
		types["message-"+e.name] = reflect.TypeOf(e.message)
	}
	for _, v := range readVectors(t, "message") {
		t.Run(v.name, func(t *testing.T) {
			if types[v.name] == nil {
				t.Fatal("of no known type")
			}
			m := reflect.New(types[v.name])
			if err := DecodeMessage(v.cbor, m.Interface()); err != nil {
				t.Fatal(err)
			}
			if got := mustMessage(m.Interface()); !bytes.Equal(got, v.cbor) {
				t.Errorf("encodes as %x", got)
			}
			delete(types, v.name)
			if a := v.side.Assertion; a != nil {
				want := a.sign(ed25519.NewKeyFromSeed(mustHex(a.Seed)))
				if got := m.Interface().(*TokenRequest).Assertion; got != want {
					t.Errorf("got assertion %s, want %s", got, want)
				}
			}
		})
	}
	for name := range types {
		t.Errorf("%s is missing", name)
	}
}

func TestVectorsOfValuesReadAsTheyAreShown(t *testing.T) {
	for _, v := range readVectors(t, "values") {
		var all []byte
		for _, val := range v.side.Values {
			t.Run(val.Name, func(t *testing.T) {
				b := mustHex(val.Hex)
				if err := CheckValue(b); err != nil {
					t.Fatal(err)
				}
				got, _ := json.Marshal(viewValue(b))
				if want, _ := json.Marshal(val.Value); !bytes.Equal(got, want) {
					t.Errorf("got %s, want %s", got, want)
				}
			})
			all = append(all, mustHex(val.Hex)...)
		}
		if want := append(appendHead(nil, majorArray, uint64(len(v.side.Values))), all...); !bytes.Equal(v.cbor, want) {
			t.Errorf("%s.cbor is not the list of the values", v.name)
		}
	}
}

func TestVectorsOfRefusedThingsAreRefused(t *testing.T) {
	refuse := map[string]func([]byte, string) error{
		"refused-values":  func(b []byte, _ string) error { return CheckValue(b) },
		"refused-records": func(b []byte, _ string) error { _, err := DecodeRecord(b); return err },
		"refused-messages": func(b []byte, as string) error {
			for _, e := range messageExamples() {
				if e.name == as {
					return DecodeMessage(b, reflect.New(reflect.TypeOf(e.message)).Interface())
				}
			}
			t.Errorf("there is no message %q", as)
			return nil
		},
	}
	for _, v := range readVectors(t, "refused") {
		list := byteStrings(t, v.cbor, len(v.side.Refused))
		for i, r := range v.side.Refused {
			t.Run(v.name+"/"+r.Name, func(t *testing.T) {
				if r.Hex != hexOf(list[i]) {
					t.Error("the two files differ")
				}
				if refuse[v.name](list[i], r.Message) == nil {
					t.Errorf("%x was accepted", list[i])
				}
			})
		}
	}
}

func TestTheVectorOfAProblemReadsBack(t *testing.T) {
	for _, v := range readVectors(t, "problem") {
		var p Problem
		if err := json.Unmarshal(v.side.Problem, &p); err != nil {
			t.Fatal(err)
		}
		if p.Code != CodeHeadMismatch || p.Status != 409 || p.DetailTH == "" {
			t.Errorf("got %+v", p)
		}
	}
}
