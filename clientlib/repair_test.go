package clientlib_test

import (
	"errors"
	"testing"
	"time"

	"tambonsync/clientlib"
	"tambonsync/syncproto"
)

// damaged is an office with two devices, of which the first is to be damaged.
func damaged(t *testing.T) (o *office, a, b *tablet, ids []syncproto.RecordID) {
	t.Helper()
	o = newOffice(t)
	a, b = o.enroll("a", tambon, elsewhere), o.enroll("b", amphoe)
	for i := range 24 {
		code := village1
		if i%3 == 0 {
			code = farAway
		}
		ids = append(ids, a.household(code, "1"))
	}
	settle(a, b)
	return o, a, b, ids
}

func TestADamagedStoreIsMendedByASyncOfTheNextDay(t *testing.T) {
	t.Parallel()
	for _, c := range some([]struct {
		name   string
		damage func(a *tablet, id syncproto.RecordID)
	}{
		{"what the office holds is noted wrong", func(a *tablet, id syncproto.RecordID) {
			a.exec(`UPDATE records SET server_hash = x'00112233445566778899aabbccddeeff' WHERE id = $1`, id[:])
		}},
		{"and where", func(a *tablet, id syncproto.RecordID) {
			a.exec(`UPDATE records SET server_area = '45030309' WHERE id = $1`, id[:])
		}},
		{"a record has lost its row", func(a *tablet, id syncproto.RecordID) {
			a.exec(`DELETE FROM records WHERE id = $1`, id[:])
		}},
		{"a record's bytes are junk", func(a *tablet, id syncproto.RecordID) {
			a.exec(`UPDATE records SET state = x'8801' WHERE id = $1`, id[:])
		}},
		{"a record's bytes are those of another record", func(a *tablet, id syncproto.RecordID) {
			a.exec(`UPDATE records SET state = (SELECT state FROM records WHERE id <> $1 LIMIT 1) WHERE id = $1`, id[:])
		}},
		{"one bit of an answer is another", func(a *tablet, id syncproto.RecordID) {
			a.exec(`UPDATE records SET state = cast(replace(state, cast('house_no' as blob), cast('house_nn' as blob)) as blob) WHERE id = $1`, id[:])
		}},
		{"a record's hash is junk", func(a *tablet, id syncproto.RecordID) {
			a.exec(`UPDATE records SET hash = zeroblob(16) WHERE id = $1`, id[:])
		}},
		{"a record is filed under another area", func(a *tablet, id syncproto.RecordID) {
			a.exec(`UPDATE records SET area = '45030303', deleted = 1 WHERE id = $1`, id[:])
		}},
		{"a record is marked unsent", func(a *tablet, id syncproto.RecordID) {
			a.exec(`UPDATE records SET dirty = 1 WHERE id = $1`, id[:])
		}},
		{"every record is gone", func(a *tablet, _ syncproto.RecordID) { a.exec(`DELETE FROM records`) }},
		{"every record and all sums are gone", func(a *tablet, _ syncproto.RecordID) {
			a.exec(`DELETE FROM records`)
			a.exec(`DELETE FROM leaves`)
		}},
	}) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o, a, b, ids := damaged(t)
			a.close()
			c.damage(a, ids[4])
			a.open()
			o.clock.Advance(25 * time.Hour)
			if res := a.sync(); res.Repaired == 0 {
				t.Errorf("repaired nothing: %+v", res)
			}
			wantLevel(o, a)
			wantEqual(t, "the sync after that repairs", a.sync().Repaired, 0)
			a.answer(ids[4], "moo", 1)
			settle(a, b)
			wantLevel(o, a, b)
		})
	}
}

func TestAWrongSumIsMendedByTheNextSync(t *testing.T) {
	t.Parallel()
	for _, damage := range []string{
		`UPDATE leaves SET sum = zeroblob(16)`,
		`UPDATE leaves SET count = count + 1 WHERE area = '45030301'`,
		`DELETE FROM leaves WHERE area = '45030401'`,
		`INSERT INTO leaves (area, bucket, count, sum) VALUES ('45030399', 3, 1, x'000102030405060708090a0b0c0d0e0f')`,
	} {
		t.Run(damage, func(t *testing.T) {
			t.Parallel()
			o, a, b, _ := damaged(t)
			a.close()
			a.exec(damage)
			a.open()
			a.way.clear()
			if res := a.sync(); res.Repaired == 0 {
				t.Errorf("repaired nothing: %+v", res)
			}
			if n := len(a.way.paths()); n > 8 {
				t.Errorf("it took %d requests: %v", n, a.way.paths())
			}
			wantLevel(o, a)
			settle(a, b)
			wantLevel(o, a, b)
		})
	}
}

func TestADamagedRecordStopsNoOther(t *testing.T) {
	t.Parallel()
	for _, c := range some([]struct {
		name string
		do   func(o *office, a, b *tablet, id syncproto.RecordID)
	}{
		{"while the office has news of it", func(_ *office, _, b *tablet, id syncproto.RecordID) {
			b.answer(id, "happiness", 4)
			b.calm()
		}},
		{"while it has left the area", func(_ *office, _, b *tablet, id syncproto.RecordID) {
			b.save(clientlib.Edit{ID: id, Area: "45030501"})
			b.calm()
		}},
		{"while the grants shrink", func(o *office, a, _ *tablet, _ syncproto.RecordID) { o.grant(a, tambon) }},
		{"while the office is restored", func(o *office, _, _ *tablet, _ syncproto.RecordID) { o.restore(o.backup()) }},
		{"while nothing else happens, but somebody looked at it", func(_ *office, a, _ *tablet, id syncproto.RecordID) {
			_, err := a.Get(t.Context(), id)
			if !errors.Is(err, clientlib.ErrDamaged) {
				t.Errorf("got %v, want ErrDamaged", err)
			}
		}},
		{"while nothing else happens, but somebody listed it", func(_ *office, a, _ *tablet, id syncproto.RecordID) {
			items := a.list(clientlib.Filter{})
			wantEqual(t, "items", len(items), 24)
			for _, it := range items {
				if (it.Record.ID == id) != (it.Held == clientlib.HeldDamaged) {
					t.Errorf("record %s: held %q", it.Record.ID, it.Held)
				}
			}
		}},
	}) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o, a, b, ids := damaged(t)
			a.answer(ids[1], "moo", 7)
			a.exec(`UPDATE records SET state = x'8801' WHERE id = $1`, ids[0][:])
			c.do(o, a, b, ids[0])
			res := a.sync()
			if res.Repaired == 0 {
				t.Errorf("repaired nothing: %+v", res)
			}
			wantEqual(t, "another record's answer", o.answers(ids[1])["moo"], any(int64(7)))
			settle(a, b)
			wantLevel(o, a, b)
			wantEqual(t, "records lost with their answers", a.status().Damaged, 0)
		})
	}
}

func TestADamagedRecordWithUnsentAnswersIsPutAsideAndCounted(t *testing.T) {
	t.Parallel()
	o, a, b, ids := damaged(t)
	a.answer(ids[0], "moo", 1)
	a.answer(ids[1], "moo", 2)
	fresh := a.household(village1, "never sent")
	a.exec(`UPDATE records SET state = x'8801' WHERE id IN ($1, $2)`, ids[0][:], fresh[:])
	res := a.sync()
	if res.Repaired < 2 {
		t.Errorf("repaired %d, want 2 or more", res.Repaired)
	}
	st := a.status()
	wantEqual(t, "records whose unsent answers are damaged", st.Damaged, 2)
	wantEqual(t, "unsent", st.Unsent, 0)
	wantEqual(t, "the office's copy of the one that it holds", a.answers(ids[0]), map[string]any{"house_no": "1"})
	wantEqual(t, "an undamaged answer", o.answers(ids[1])["moo"], any(int64(2)))
	if a.holds(fresh) {
		t.Error("a record of which nothing is left is listed")
	}
	settle(a, b)
	wantLevel(o, a, b)
}

func TestARecordThatTheOfficeLostIsPushedAgain(t *testing.T) {
	t.Parallel()
	o, a, b, ids := damaged(t)
	// As if the office had never stored it, though it said so.
	a.exec(`UPDATE records SET server_hash = NULL, server_area = NULL WHERE id = $1`, ids[0][:])
	o.clock.Advance(25 * time.Hour)
	a.sync()
	wantLevel(o, a)
	settle(a, b)
	wantLevel(o, a, b)
}
