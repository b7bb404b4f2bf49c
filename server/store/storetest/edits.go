package storetest

import (
	"bytes"
	"context"
	"testing"

	"tambonsync/server"
	"tambonsync/syncproto"
)

func editTests() []test {
	return []test{
		{"many edits are one commit", manyEditsOneCommit},
		{"a later edit of a record sees the earlier ones", laterEditSees},
		{"one edit that is refused undoes all", oneRefusedUndoesAll},
		{"two thousand edits are taken and one more is not", editsAreBounded},
		{"many edits reach every tablet as one would", manyEditsTravel},
		{"no edits are no commit", noEdits},
	}
}

func newEdit(n int, answers Answers) server.Edit {
	a := Answers{syncproto.GroupScope: string(village1)}
	for name, v := range answers {
		a[name] = v
	}
	return server.Edit{ID: RecordID(n), Type: "household", Changes: a.Values(), At: Now, Context: syncproto.Context{User: "boss"}}
}

func manyEditsOneCommit(t *testing.T, o *office) {
	before := o.Stats()
	got, err := o.EditMany(context.Background(), []server.Edit{newEdit(1, nil), newEdit(2, Answers{"water": 2}), newEdit(3, nil)})
	if err != nil || len(got) != 3 {
		t.Fatalf("%d records, %v", len(got), err)
	}
	for i, rec := range got {
		want := o.record(t, RecordID(i+1))
		if rec.Seq != uint64(i+1) || rec.Seq != want.Seq || rec.Updated != want.Updated || !bytes.Equal(rec.Raw, want.Raw) {
			t.Errorf("answered %+v, stored %+v", rec, want)
		}
		if n := rec.Record.VV.Get(o.Actor); n != uint64(i+1) {
			t.Errorf("edit %d is save %d of the office", i+1, n)
		}
	}
	after := o.Stats()
	if after.Commits-before.Commits != 1 || after.RecordsKept-before.RecordsKept != 3 {
		t.Errorf("%d commits kept %d states, want 1 and 3", after.Commits-before.Commits, after.RecordsKept-before.RecordsKept)
	}
	if n := o.edit(t, RecordID(1), Now, Answers{"water": 1}).Record.VV.Get(o.Actor); n != 4 {
		t.Errorf("the next save of the office is %d, want 4", n)
	}
}

func laterEditSees(t *testing.T, o *office) {
	again := server.Edit{ID: RecordID(1), Changes: Answers{"water": 2}.Values(), At: Now + 50}
	got, err := o.EditMany(context.Background(), []server.Edit{newEdit(1, Answers{"water": 1, "road": 1}), newEdit(2, nil), again})
	if err != nil {
		t.Fatal(err)
	}
	rec := o.record(t, RecordID(1))
	wantValues(t, rec.Record, "water", int64(2))
	wantValues(t, rec.Record, "road", int64(1))
	if !bytes.Equal(got[0].Raw, rec.Raw) || !bytes.Equal(got[2].Raw, rec.Raw) || rec.Seq != 1 || got[2].Seq != 1 {
		t.Errorf("answered %+v and %+v, stored %+v", got[0], got[2], rec)
	}
	if n := rec.Record.VV.Get(o.Actor); n != 3 {
		t.Errorf("the last save is %d, want 3", n)
	}
}

func oneRefusedUndoesAll(t *testing.T, o *office) {
	d := o.enroll(t, "malee", tambon)
	r := d.New(9, village1, nil)
	d.Push(t, r)
	seen := r.VV
	d.Push(t, d.Save(r, Answers{"water": 1}))
	before := o.snapshot(t)
	for _, tt := range []struct {
		name string
		edit server.Edit
		want error
	}{
		{"of a record that is not there", server.Edit{ID: RecordID(5), At: Now}, server.ErrNotFound},
		{"of what the person did not see", server.Edit{ID: r.ID, Seen: seen, Changes: Answers{"water": 2}.Values(), At: Now}, server.ErrConflict},
		{"that leaves no area", server.Edit{ID: RecordID(6), Type: "household", At: Now}, syncproto.ErrNoArea},
	} {
		_, err := o.EditMany(context.Background(), []server.Edit{newEdit(1, nil), newEdit(2, nil), tt.edit, newEdit(3, nil)})
		wantErr(t, "an edit "+tt.name, err, tt.want)
		o.wantSame(t, before)
	}
	if n := o.edit(t, r.ID, Now, Answers{"water": 3}).Record.VV.Get(o.Actor); n != 1 {
		t.Errorf("the first save that was kept is %d", n)
	}
}

func editsAreBounded(t *testing.T, o *office) {
	edits := make([]server.Edit, server.MaxEdits)
	for i := range edits {
		edits[i] = newEdit(i, nil)
	}
	got, err := o.EditMany(context.Background(), edits)
	if err != nil || len(got) != server.MaxEdits || got[server.MaxEdits-1].Seq != server.MaxEdits {
		t.Fatalf("%d records, %v", len(got), err)
	}
	_, err = o.EditMany(context.Background(), append(edits, newEdit(9999, nil)))
	wantErr(t, "one more", err, server.ErrTooLarge)
}

func manyEditsTravel(t *testing.T, o *office) {
	d := o.enroll(t, "malee", tambon)
	r := d.New(1, village1, nil)
	d.Push(t, r)
	_, err := o.EditMany(context.Background(), []server.Edit{
		{ID: r.ID, Changes: Answers{"water": 5}.Values(), At: Now},
		newEdit(2, nil),
		{ID: RecordID(2), Changes: Answers{syncproto.GroupScope: string(village2)}.Values(), At: Now},
	})
	if err != nil {
		t.Fatal(err)
	}
	rows, _ := o.drain(t, d.Actor, tambon, 1)
	wantRows(t, rows, plus(r, syncproto.Record{ID: RecordID(2)})...)
	wantValues(t, decode(t, rows[0].Record), "water", int64(5))
	if got := decode(t, rows[1].Record).Area(); got != village2 {
		t.Errorf("the new record came in %s", got)
	}
}

func noEdits(t *testing.T, o *office) {
	before := o.Stats().Commits
	if got, err := o.EditMany(context.Background(), nil); err != nil || len(got) != 0 || o.Stats().Commits != before {
		t.Errorf("%v, %v", got, err)
	}
}
