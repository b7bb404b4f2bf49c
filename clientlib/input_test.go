package clientlib_test

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"tambonsync/clientlib"
	"tambonsync/syncproto"
)

func TestSaveRefusesWhatCannotBeAnAnswerAndWritesNothing(t *testing.T) {
	t.Parallel()
	deep := any("bottom")
	for range syncproto.MaxValueDepth + 1 {
		deep = []any{deep}
	}
	many := map[string]any{}
	for i := range 6 {
		many[string(rune('a'+i))] = strings.Repeat("x", syncproto.MaxValueBytes-100)
	}
	wide := map[string]any{}
	for i := range syncproto.MaxGroups + 1 {
		wide["q"+strings.Repeat("x", i%60)+string(rune('A'+i/60))] = 1
	}
	value := func(v any) clientlib.Edit {
		return clientlib.Edit{Type: "household", Area: village1, Values: map[string]any{"happiness": v}}
	}
	question := func(q string) clientlib.Edit {
		return clientlib.Edit{Type: "household", Area: village1, Values: map[string]any{q: 1}}
	}
	d := newTablet(t, nil, "a")
	h := d.household(village1, "1")
	for _, c := range []struct {
		name string
		edit clientlib.Edit
		want string // in the sentence
	}{
		{"no type", clientlib.Edit{Area: village1}, "type"},
		{"a type that is too long", clientlib.Edit{Type: strings.Repeat("x", syncproto.MaxNameBytes+1), Area: village1}, "type"},
		{"a type with a line break", clientlib.Edit{Type: "house\nhold", Area: village1}, "control"},
		{"no area", clientlib.Edit{Type: "household"}, "area"},
		{"letters for an area", clientlib.Edit{Type: "household", Area: "Kaset"}, "area"},
		{"an odd number of digits", clientlib.Edit{Type: "household", Area: "4503030"}, "area"},
		{"a level padded with 00", clientlib.Edit{Type: "household", Area: "45030300"}, "area"},
		{"Thai digits for an area", clientlib.Edit{Type: "household", Area: "๔๕๐๓๐๓๐๑"}, "area"},
		{"a bad area for a record that exists", clientlib.Edit{ID: h, Area: "4"}, "area"},
		{"another type for a record that exists", clientlib.Edit{ID: h, Type: "member"}, "household"},
		{"a record that is its own parent", clientlib.Edit{ID: h, Parent: h}, "parent"},
		{"a reserved name", question("_scope"), "begin with _"},
		{"an empty name", question(""), "1 to 64"},
		{"a name that is too long", question(strings.Repeat("ก", 22)), "1 to 64"},
		{"a name with a control character", question("a\x00b"), "control"},
		{"a name that is not UTF-8", question("a\xff"), "UTF-8"},
		{"NaN", value(math.NaN()), "finite"},
		{"infinity", value(math.Inf(-1)), "finite"},
		{"a huge whole number", value(uint64(math.MaxUint64)), "text"},
		{"a huge negative number", value(int64(math.MinInt64)), "text"},
		{"a huge float", value(1e300), "text"},
		{"text that is not UTF-8", value("\xff\xfe"), "UTF-8"},
		{"a text that is too large", value(strings.Repeat("x", syncproto.MaxValueBytes)), "limit"},
		{"a value that is too deep", value(deep), "nested"},
		{"a thing that is no value", value(struct{}{}), "cannot be an answer"},
		{"NaN deep inside", value(map[string]any{"a": []any{math.NaN()}}), "finite"},
		{"more than fits in a record", clientlib.Edit{Type: "household", Area: village1, Values: many}, "limit"},
		{"more questions than fit in a record", clientlib.Edit{Type: "household", Area: village1, Values: wide}, "record"},
		{"a user that is too long", clientlib.Edit{ID: h, Values: map[string]any{"moo": 1}, User: strings.Repeat("x", syncproto.MaxContextBytes)}, "limit"},
		{"a reason that is not UTF-8", clientlib.Edit{ID: h, Values: map[string]any{"moo": 1}, Reason: "\xff"}, "UTF-8"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := d.item(h).Record.Encode()
			_, err := d.Save(t.Context(), c.edit)
			if !errors.Is(err, clientlib.ErrInvalid) || !clientlib.IsInput(err) {
				t.Fatalf("got %v, want ErrInvalid", err)
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("the sentence %q does not say %q", err, c.want)
			}
			if len(err.Error()) > 500 {
				t.Errorf("a sentence of %d bytes", len(err.Error()))
			}
			wantEqual(t, "the record", d.item(h).Record.Encode(), before)
		})
	}
	wantEqual(t, "records", d.status().Records, 1)
	wantEqual(t, "the next counter", d.answer(h, "moo", 1).VV[0].Counter, uint64(2))
}

func TestSaveOfWhatIsNotHereSaysSo(t *testing.T) {
	t.Parallel()
	d := newTablet(t, nil, "a")
	unknown := syncproto.RecordID{7}
	for _, c := range []struct {
		name string
		do   func() error
	}{
		{"an unknown record", func() error {
			_, err := d.Save(t.Context(), clientlib.Edit{ID: unknown, Values: map[string]any{"moo": 1}})
			return err
		}},
		{"an unknown parent without an area", func() error {
			_, err := d.Save(t.Context(), clientlib.Edit{Type: "member", Parent: unknown})
			return err
		}},
		{"delete", func() error { return d.Delete(t.Context(), unknown, "", "") }},
		{"resolve", func() error { return d.Resolve(t.Context(), unknown, "moo", 1, "") }},
		{"get", func() error { _, err := d.Get(t.Context(), unknown); return err }},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.do()
			if !errors.Is(err, clientlib.ErrNotFound) || !strings.Contains(err.Error(), unknown.String()) {
				t.Errorf("got %v, want ErrNotFound with the id", err)
			}
		})
	}
	wantEqual(t, "records", d.status().Records, 0)
}

func TestResolveRefusesWhatCannotBeTheAnswer(t *testing.T) {
	t.Parallel()
	d := newTablet(t, nil, "a")
	id := d.household(village1, "1")
	for _, c := range []struct {
		name, group string
		value       any
	}{
		{"a group that the record has not", "happiness", 1},
		{"no group", "", 1},
		{"the area", syncproto.GroupScope, "45030302"},
		{"the household", syncproto.GroupParent, syncproto.RecordID{1}},
		{"NaN", "house_no", math.NaN()},
		{"a life that is neither", syncproto.GroupLife, "maybe"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := d.Resolve(t.Context(), id, c.group, c.value, ""); !errors.Is(err, clientlib.ErrInvalid) {
				t.Errorf("got %v, want ErrInvalid", err)
			}
		})
	}
	wantEqual(t, "the next counter", d.answer(id, "moo", 1).VV[0].Counter, uint64(2))
}

func TestAStoreIsNeitherMadeTwiceNorOpenedWhereThereIsNone(t *testing.T) {
	t.Parallel()
	d := newTablet(t, nil, "a")
	id := d.household(village1, "1")
	if _, err := clientlib.Create(t.Context(), d.path, clientlib.Options{}); !errors.Is(err, clientlib.ErrExists) {
		t.Errorf("create over a store: got %v, want ErrExists", err)
	}
	wantEqual(t, "answers", d.answers(id), map[string]any{"house_no": "1"})
	nowhere := filepath.Join(t.TempDir(), "none.db")
	if _, err := clientlib.Open(t.Context(), nowhere, clientlib.Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("open nothing: got %v, want that it does not exist", err)
	}
	if _, err := os.Stat(nowhere); err == nil {
		t.Error("opening nothing made a file")
	}
	junk := filepath.Join(t.TempDir(), "junk.db")
	if err := os.WriteFile(junk, []byte(strings.Repeat("this is no store ", 300)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := clientlib.Open(t.Context(), junk, clientlib.Options{}); err == nil {
		t.Error("a file that is no store was opened")
	}
}

func TestAStoreMayLieUnderAnyName(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "ข้อมูล 50% & #1?mode=ro")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "แท็บเล็ต.db")
	s, err := clientlib.Create(t.Context(), path, clientlib.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Save(t.Context(), clientlib.Edit{Type: "household", Area: village1}); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("others may read the answers of families: mode %v", info.Mode())
	}
}

func TestAStoreThatWasKilledWhileBeingMadeIsFinishedByOpen(t *testing.T) {
	t.Parallel()
	d := newTablet(t, nil, "a")
	d.close()
	d.exec(`DELETE FROM device`)
	d.open()
	if d.status().Actor == (syncproto.ActorID{}).String() {
		t.Error("the store has no actor")
	}
	d.household(village1, "1")
}
