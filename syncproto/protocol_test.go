package syncproto

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func readPage(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("PROTOCOL.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestEveryFileNamedInThePageExists(t *testing.T) {
	files := vectorFiles(t)
	for _, name := range regexp.MustCompile(`[a-z0-9-]+\.(?:cbor|json)\b`).FindAllString(readPage(t), -1) {
		if !slices.Contains(files, name) {
			t.Errorf("PROTOCOL.md names %s, which is not in %s", name, vectorDir)
		}
	}
}

func TestEveryVectorIsNamedInThePage(t *testing.T) {
	page := readPage(t)
	for _, file := range vectorFiles(t) {
		name := strings.TrimSuffix(strings.TrimSuffix(file, ".json"), ".cbor")
		if !strings.Contains(page, "`"+name+".cbor`") && !strings.Contains(page, "`"+name+".json`") {
			t.Errorf("PROTOCOL.md does not name %s", name)
		}
	}
}

// blocks are the fenced examples "```kind file".
func blocks(t *testing.T, kind string) [][2]string {
	t.Helper()
	var out [][2]string
	for _, m := range regexp.MustCompile("(?s)```"+kind+" ([a-z0-9.-]+)\n(.*?)```").FindAllStringSubmatch(readPage(t), -1) {
		out = append(out, [2]string{m[1], m[2]})
	}
	if len(out) == 0 {
		t.Fatalf("PROTOCOL.md has no %s example", kind)
	}
	return out
}

func TestHexExamplesAreTheFilesTheyName(t *testing.T) {
	for _, b := range blocks(t, "hex") {
		want, err := os.ReadFile(filepath.Join(vectorDir, b[0]))
		if err != nil {
			t.Fatal(err)
		}
		digits := regexp.MustCompile(`(?m)#.*$|\s`).ReplaceAllString(b[1], "")
		if got, err := hex.DecodeString(digits); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: the page has\n%s\nthe file\n%x (%v)", b[0], digits, want, err)
		}
	}
}

func TestDiagnosticExamplesAreTheFilesTheyName(t *testing.T) {
	squeeze := func(s string) string { return regexp.MustCompile(`\s`).ReplaceAllString(s, "") }
	for _, b := range blocks(t, "diag") {
		raw, err := os.ReadFile(filepath.Join(vectorDir, b[0]))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := squeeze(b[1]), squeeze(diagnose(t, raw)); got != want {
			t.Errorf("%s: the page has\n%s\nthe file\n%s", b[0], got, want)
		}
	}
}

// declared gives the constants of a Go file as "name value rest of the line".
func declared(t *testing.T, file, pattern string) [][]string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	list := regexp.MustCompile(pattern).FindAllStringSubmatch(string(b), -1)
	if len(list) < 8 {
		t.Fatalf("found %d constants in %s", len(list), file)
	}
	return list
}

func TestEveryCodeIsInThePage(t *testing.T) {
	page := readPage(t)
	for _, m := range declared(t, "codes.go", `\sCode\w+ +ErrorCode = "(\w+)" *// (\d+)`) {
		if row := fmt.Sprintf("\n| %s | `%s` |", m[2], m[1]); !strings.Contains(page, row) {
			t.Errorf("PROTOCOL.md has no row %q", row[1:])
		}
	}
	for _, m := range declared(t, "codes.go", `\sResult\w+ +Result = "(\w+)"`) {
		if row := fmt.Sprintf("\n| `%s` |", m[1]); !strings.Contains(page, row) {
			t.Errorf("PROTOCOL.md has no row %q", row[1:])
		}
	}
}

func TestEveryBoundIsInThePage(t *testing.T) {
	bounds := map[string]int{
		"MaxMessageBytes": MaxMessageBytes, "MaxRecordBytes": MaxRecordBytes, "MaxValueBytes": MaxValueBytes, "MaxValueDepth": MaxValueDepth,
		"MaxNameBytes": MaxNameBytes, "MaxContextBytes": MaxContextBytes, "MaxContextKeys": MaxContextKeys, "MaxClock": MaxClock,
		"MaxActors": MaxActors, "MaxOps": MaxOps, "MaxGroups": MaxGroups, "MaxGroupValues": MaxGroupValues, "MaxExactInteger": MaxExactInteger,
		"MaxChunkRecords": MaxChunkRecords, "MinChunkRecords": MinChunkRecords, "FirstChunkRecords": FirstChunkRecords, "ChunkBytes": ChunkBytes,
		"MaxCursors": MaxCursors, "MaxNeedLeaves": MaxNeedLeaves, "MaxNeedItems": MaxNeedItems, "MaxLabelBytes": MaxLabelBytes, "Buckets": Buckets,
		"MaxDefinitions": MaxDefinitions, "MaxDefinitionBytes": MaxDefinitionBytes,
	}
	for _, m := range declared(t, "bounds.go", `(?m)^\t((?:Max|Min|First|Chunk)\w+) +=`) {
		if _, ok := bounds[m[1]]; !ok {
			t.Errorf("%s is not in this test", m[1])
		}
	}
	page := readPage(t)
	for name, n := range bounds {
		if row := fmt.Sprintf("\n| `%s` | %d |", name, n); !strings.Contains(page, row) {
			t.Errorf("PROTOCOL.md has no row %q", row[1:])
		}
	}
}

func TestEveryMessageKeyIsInThePage(t *testing.T) {
	page := readPage(t)
	b, err := os.ReadFile("messages.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("cbor:\"(\\w+)[,\"]").FindAllStringSubmatch(string(b), -1) {
		if !strings.Contains(page, "`"+m[1]+"`") {
			t.Errorf("PROTOCOL.md does not name the key %q", m[1])
		}
	}
}

func TestOnlyThreeResultsSettle(t *testing.T) {
	for r, want := range map[Result]bool{
		ResultStored: true, ResultMerged: true, ResultAlready: true,
		ResultQuarantined: false, ResultRejected: false, ResultInvalid: false, ResultInboxFull: false, ResultStoreError: false,
		"a later one": false,
	} {
		if got := r.Settles(); got != want {
			t.Errorf("%s: got %v, want %v", r, got, want)
		}
	}
}
