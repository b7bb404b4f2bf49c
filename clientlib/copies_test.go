package clientlib_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tambonsync/clientlib"
)

// The ways in which a store comes to lie in a second place.
const (
	fileOnly     = "the file only"
	fileAndProof = "the file and what lies beside it"
	unnoticed    = "a whole medium, so that only the office can tell"
)

// copyTo copies the store as it is into another folder and opens it there.
func (d *tablet) copyTo(name, how string) *tablet {
	d.t.Helper()
	d.close()
	defer d.open()
	to := filepath.Join(d.t.TempDir(), name+".db")
	copyFile(d.t, d.path, to)
	if how != fileOnly {
		copyFile(d.t, d.path+"-actor", to+"-actor")
	}
	if how == unnoticed {
		adoptProof(d.t, to)
	}
	return d.adopt(name, to)
}

// adoptProof makes the proof beside a copy say that it belongs to the copy, as
// it is on systems that do not tell files apart.
func adoptProof(t testing.TB, path string) {
	t.Helper()
	b, err := os.ReadFile(path + "-actor")
	if err != nil {
		t.Fatal(err)
	}
	proof := map[string]any{}
	if err := json.Unmarshal(b, &proof); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	proof["file"] = fileNumber(t, info)
	if b, err = json.Marshal(proof); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+"-actor", b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func copyFile(t testing.TB, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, b, 0o600); err != nil { // truncates: an existing file stays the same file
		t.Fatal(err)
	}
}

func TestACopiedStoreTakesANewActorBeforeItsFirstSave(t *testing.T) {
	t.Parallel()
	for _, how := range []string{fileOnly, fileAndProof} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			if how == fileAndProof && !filesHaveNumbers {
				t.Skip("this system does not tell a file from its copy")
			}
			a := newTablet(t, nil, "a")
			id := a.household(village1, "1")
			actor := a.status().Actor
			c := a.copyTo("copy", how)
			r := c.answer(id, "moo", 2)
			if got := c.status().Actor; got == actor {
				t.Error("the copy goes on counting under the actor of the original")
			}
			if op, _ := r.Op(r.Groups["moo"][0].Dot); op.Dot.Actor.String() == actor || op.Dot.Counter != 1 {
				t.Errorf("the copy made save %v", op.Dot)
			}
			r = a.answer(id, "moo", 3)
			wantEqual(t, "the original's actor", a.status().Actor, actor)
			wantEqual(t, "the original's next save", r.VV[0].Counter, uint64(2))
			c.reopen()
			took := c.status().Actor
			c.answer(id, "moo", 4)
			wantEqual(t, "the copy's actor at its second start", c.status().Actor, took)
		})
	}
}

func TestAStoreThatWasMovedOrRestartedKeepsItsActor(t *testing.T) {
	t.Parallel()
	a := newTablet(t, nil, "a")
	id := a.household(village1, "1")
	actor := a.status().Actor
	for range 3 {
		a.reopen()
		a.answer(id, "moo", a.clock.Now().UnixMilli())
		wantEqual(t, "actor", a.status().Actor, actor)
	}
	a.close()
	to := filepath.Join(t.TempDir(), "moved.db")
	for _, suffix := range []string{"", "-actor"} {
		if err := os.Rename(a.path+suffix, to+suffix); err != nil {
			t.Fatal(err)
		}
	}
	moved := a.adopt("moved", to)
	moved.answer(id, "moo", 1)
	wantEqual(t, "actor after a move", moved.status().Actor, actor)
}

func TestADamagedProofCostsANewActorAndNothingElse(t *testing.T) {
	t.Parallel()
	for _, damage := range []string{"", "{", `{"current":"AAAA"}`, `{"current":null,"next":null}`} {
		o := newOffice(t)
		a := o.enroll("a", tambon)
		id := a.household(village1, "1")
		actor := a.status().Actor
		a.close()
		if err := os.WriteFile(a.path+"-actor", []byte(damage), 0o600); err != nil {
			t.Fatal(err)
		}
		a.open()
		a.answer(id, "moo", 1)
		if a.status().Actor == actor {
			t.Errorf("proof %q: the actor is the old one", damage)
		}
		a.calm()
		wantLevel(o, a)
	}
}

func TestTwoCopiesThatBothWriteLoseNothingInAnyOrder(t *testing.T) {
	t.Parallel()
	for _, how := range []string{fileOnly, fileAndProof, unnoticed} {
		for _, common := range []string{"all sent before the copy", "unsent saves in both"} {
			t.Run(how+", "+common, func(t *testing.T) {
				t.Parallel()
				o := newOffice(t)
				orders := []string{"ACac", "CAca", "AaCc", "CcAa", "acAC", "AcaC"}
				if how == unnoticed && common == "unsent saves in both" {
					orders = permutations("AaCc")
				}
				for _, order := range some(orders) {
					copiesInOrder(o, how, common == "unsent saves in both", order)
				}
			})
		}
	}
}

// copiesInOrder lets the original (A writes, a syncs) and a copy (C, c) go
// their ways, then asks that everything that was ever saved is everywhere.
func copiesInOrder(o *office, how string, unsent bool, order string) {
	o.t.Helper()
	a, witness := o.enroll("a", tambon), o.enroll("witness", tambon)
	id := a.household(village1, "1")
	if unsent {
		a.answer(id, "common", order)
	}
	a.calm()
	if unsent {
		a.answer(id, "common", order+" unsent")
		a.household(village1, order+" unsent")
	}
	c := a.copyTo("copy", how)
	writes := 0
	write := func(d *tablet, who string) {
		writes++
		d.answer(id, "by "+who, who+order)
		d.answer(id, "both", who)
		d.household(village2, who+order)
	}
	for _, step := range order {
		switch step {
		case 'A':
			write(a, "a")
		case 'C':
			write(c, "c")
		case 'a':
			a.calm()
		case 'c':
			c.calm()
		}
	}
	settle(a, c, witness)
	wantLevel(o, a, c, witness)
	got := o.answers(id)
	if got["by a"] != "a"+order || got["by c"] != "c"+order {
		o.t.Errorf("%s: answers %v", order, got)
	}
	if unsent && got["common"] != order+" unsent" {
		o.t.Errorf("%s: answers %v, want the unsent one of both", order, got)
	}
	rec := o.record(id).Record
	if both := rec.Distinct("both"); len(both) > 2 || len(both) == 0 {
		o.t.Errorf("%s: %d answers to what both answered", order, len(both))
	}
	wantEqual(o.t, order+": conflicts", strings.Join(rec.Conflicts(), " "), map[bool]string{true: "both", false: ""}[len(rec.Distinct("both")) == 2])
	if a.status().Actor == c.status().Actor {
		o.t.Errorf("%s: both still count under one actor", order)
	}
	for _, want := range []string{"a" + order, "c" + order, order + " unsent"} {
		if want == order+" unsent" && !unsent {
			continue
		}
		n := 0
		for _, it := range witness.list(clientlib.Filter{}) {
			if answersOf(o.t, it.Record)["house_no"] == want {
				n++
			}
		}
		wantEqual(o.t, order+": households "+want, n, 1)
	}
}

func permutations(s string) []string {
	if len(s) <= 1 {
		return []string{s}
	}
	var out []string
	for i := range s {
		for _, rest := range permutations(s[:i] + s[i+1:]) {
			out = append(out, s[i:i+1]+rest)
		}
	}
	return out
}

func TestACopyOfACopyLosesNothing(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a := o.enroll("a", tambon)
	id := a.household(village1, "1")
	b := a.copyTo("b", unnoticed)
	b.answer(id, "b", 1)
	c := b.copyTo("c", unnoticed)
	d := c.copyTo("d", fileOnly)
	for _, x := range []*tablet{a, b, c, d} {
		x.answer(id, "of "+x.name, 1)
	}
	settle(d, b, c, a)
	settle(d, b, c, a)
	wantEqual(t, "answers", len(o.answers(id)), 6)
	actors := map[string]bool{}
	for _, x := range []*tablet{a, b, c, d} {
		actors[x.status().Actor] = true
	}
	wantEqual(t, "actors", len(actors), 4)
	wantLevel(o, a, b, c, d)
}

// putBack writes an older copy over the store, into the same file.
func (d *tablet) putBack(older []byte) {
	d.t.Helper()
	d.close()
	for _, suffix := range []string{"-wal", "-shm"} {
		if _, err := os.Stat(d.path + suffix); err == nil {
			d.t.Errorf("closing left %s%s", d.path, suffix)
		}
	}
	if err := os.WriteFile(d.path, older, 0o600); err != nil {
		d.t.Fatal(err)
	}
	d.open()
}

// bytes returns the store's file. A running app is not disturbed.
func (d *tablet) bytes() []byte {
	d.t.Helper()
	d.run(`PRAGMA wal_checkpoint(TRUNCATE)`)
	b, err := os.ReadFile(d.path)
	if err != nil {
		d.t.Fatal(err)
	}
	return b
}

func TestAStoreRestoredInPlaceLosesNothingThatTheOfficeEverSaw(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		noticed bool // offline, before the first save
		older   func(d *tablet) []byte
	}{
		{"from a backup made at an earlier run", true, func(d *tablet) []byte {
			b := d.bytes()
			d.reopen()
			return b
		}},
		{"from a backup made in the middle of the last run", false, (*tablet).bytes},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			a, witness := o.enroll("a", tambon), o.enroll("witness", tambon)
			id := a.household(village1, "1")
			a.calm()
			a.answer(id, "happiness", 1) // unsent in the backup
			actor := a.status().Actor
			older := c.older(a)
			a.answer(id, "moo", 5)
			late := a.household(village1, "2")
			a.calm()
			a.putBack(older)

			if a.holds(late) {
				t.Fatal("the store was not restored")
			}
			a.answer(id, "income_main", 100)
			if noticed := a.status().Actor != actor; noticed != c.noticed {
				t.Errorf("noticed before the first save: %v, want %v", noticed, c.noticed)
			}
			settle(a, witness)
			if a.status().Actor == actor {
				t.Error("the restored store counts on under its old actor")
			}
			for _, d := range []*tablet{a, witness} {
				wantEqual(t, d.name, d.answers(id), map[string]any{"house_no": "1", "happiness": int64(1), "moo": int64(5), "income_main": int64(100)})
				wantEqual(t, d.name, d.answers(late), map[string]any{"house_no": "2"})
			}
			o.wantCases()
			wantLevel(o, a, witness)
		})
	}
}

func TestARestoredStoreDoesNotBringOldAnswersBackAsConflicts(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"put back in place", "copied to another tablet"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			a, witness := o.enroll("a", tambon), o.enroll("witness", tambon)
			id := a.household(village1, "1")
			a.answer(id, "happiness", 1) // unsent in the backup, sent later, then replaced
			older := a.bytes()
			copied := a.copyTo("copy", fileOnly)
			a.calm()
			a.answer(id, "happiness", 2)
			a.calm()
			back := copied
			if how == "put back in place" {
				a.putBack(older)
				back = a
			}
			back.answer(id, "moo", 1)
			settle(back, witness)
			o.wantCases()
			wantEqual(t, "answers", witness.answers(id), map[string]any{"house_no": "1", "happiness": int64(2), "moo": int64(1)})
			wantLevel(o, back, witness)
		})
	}
}

func TestARestoredStoreThatOnlySyncsTakesANewActor(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a := o.enroll("a", tambon)
	id := a.household(village1, "1")
	older := a.bytes()
	a.answer(id, "moo", 1)
	a.calm()
	actor := a.status().Actor
	a.putBack(older)
	a.calm()
	if a.status().Actor == actor {
		t.Error("the restored store has its old actor")
	}
	wantLevel(o, a)
	wantEqual(t, "answers", a.answers(id), map[string]any{"house_no": "1", "moo": int64(1)})
}

func TestATwinMovesOnlyWhatTheOfficeNeverSaw(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a, witness := o.enroll("a", tambon), o.enroll("witness", tambon)
	id := a.household(village1, "1")
	settle(a, witness)
	twin := a.copyTo("twin", unnoticed)
	a.household(village1, "2")
	a.calm()
	witness.answer(id, "house_no", "1/1") // replaces what all three know
	witness.calm()
	twin.answer(id, "moo", 1)
	settle(twin, a, witness)
	o.wantCases()
	wantEqual(t, "answers", twin.answers(id), map[string]any{"house_no": "1/1", "moo": int64(1)})
	wantLevel(o, a, twin, witness)
}
