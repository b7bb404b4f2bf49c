package demo

import (
	"context"
	"fmt"
	"slices"

	"tambonsync/clientlib"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

// How many households have which part while both tablets are offline.
const (
	maxDifferentQuestions = 20 // half of what is left, at most
	sameAnswers           = 2
	bothAdd               = newcomers / 2
)

// part is one kind of thing that happens while both tablets are offline.
type part struct {
	th, en string
	play   func(context.Context) (int, error) // at how many households
}

// workOffline is a week in which neither tablet meets the office. Every part
// but the last has households of its own, drawn from those in both tablets'
// areas.
func (r *run) workOffline(ctx context.Context) error {
	r.pool = r.shared()
	if need := len(disputes) + sameAnswers + bothAdd + 1 + 2; len(r.pool) < need {
		return fmt.Errorf("only %d households lie in the areas of both tablets, want %d: let the invitations overlap more, or enter more households", len(r.pool), need)
	}
	parts := []part{
		{"ตอบข้อเดียวกันไม่ตรงกัน", "same question, different answers", r.disagree},
		{"ตอบข้อเดียวกันตรงกัน", "same question, same answer", r.agree},
		{"ต่างคนต่างเพิ่มสมาชิกในบ้านเดียวกัน", "both add a member to the same household", r.addMembers},
		{"A ลบ แต่ B แก้ไข", "A deletes what B edits", r.deleteAndEdit},
		{"แก้คนละข้อในบ้านเดียวกัน", "different questions of the same household", r.divide},
		{"B บันทึกนอกพื้นที่ของตน", "B enters one outside its areas", r.goAstray},
		{"A ส่งตรวจ และหัวหน้าชุดรับรองหรือส่งกลับ", "A hands in finished ones, a supervisor approves or returns them", r.handIn},
	}
	for i, p := range parts {
		n, err := p.play(ctx)
		if err != nil {
			return err
		}
		r.say.line(line{
			Step: stepOffline, Done: i + 1, Total: len(parts),
			TH: fmt.Sprintf("ออฟไลน์ %d/%d %s: %d ครัวเรือน", i+1, len(parts), p.th, n),
			EN: fmt.Sprintf("offline %d/%d, %s (households: %d)", i+1, len(parts), p.en, n),
		})
	}
	return nil
}

// shared lists, in an order drawn for this story, the households that both
// tablets hold and in which nothing is wrong already.
func (r *run) shared() []entered {
	var out []entered
	for _, e := range r.entered {
		if r.a.covers(e.Village) && r.b.covers(e.Village) && e.sound() {
			out = append(out, e)
		}
	}
	r.rng.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// take draws the next household that fits; fit may be nil.
func (r *run) take(fit func(entered) bool) (entered, bool) {
	for i, e := range r.pool {
		if fit == nil || fit(e) {
			r.pool = slices.Delete(r.pool, i, i+1)
			return e, true
		}
	}
	return entered{}, false
}

// both lets the two officers save, neither knowing of the other; who is last
// changes with turn.
func (r *run) both(ctx context.Context, turn int, a, b clientlib.Edit) error {
	saves := []func() (syncproto.RecordID, error){
		func() (syncproto.RecordID, error) { return r.a.save(ctx, a) },
		func() (syncproto.RecordID, error) { return r.b.save(ctx, b) },
	}
	for i := range saves {
		if _, err := saves[(turn+i)%2](); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) disagree(ctx context.Context) (n int, err error) {
	for i, d := range disputes {
		e, ok := r.take(func(e entered) bool { _, a, _ := d.at(e); return a != nil })
		if !ok {
			continue
		}
		id, a, b := d.at(e)
		if err := r.both(ctx, i, clientlib.Edit{ID: id, Values: a}, clientlib.Edit{ID: id, Values: b}); err != nil {
			return n, err
		}
		n++
	}
	r.story.Offline.Disagreements = n
	return n, nil
}

func (r *run) agree(ctx context.Context) (n int, err error) {
	for i := range sameAnswers {
		e, ok := r.take(nil)
		if !ok {
			break
		}
		edit := clientlib.Edit{ID: e.id, Values: map[string]any{"local_gov": "เทศบาลตำบลหนองแคน"}}
		if err := r.both(ctx, i, edit, edit); err != nil {
			return n, err
		}
		n++
	}
	r.story.Offline.SameAnswers = n
	return n, nil
}

// addMembers lets A enter a child and B a relative who moved in.
func (r *run) addMembers(ctx context.Context) (n int, err error) {
	for i := range bothAdd {
		e, ok := r.take(nil)
		if !ok {
			break
		}
		a := clientlib.Edit{Type: typeMember, Parent: e.id, Values: r.tambon.Newcomers[2*i].Values}
		b := clientlib.Edit{Type: typeMember, Parent: e.id, Values: r.tambon.Newcomers[2*i+1].Values}
		if err := r.both(ctx, i, a, b); err != nil {
			return n, err
		}
		n++
	}
	r.story.Offline.NewMembers = 2 * n
	return n, nil
}

func (r *run) deleteAndEdit(ctx context.Context) (int, error) {
	e, ok := r.take(nil)
	if !ok {
		return 0, nil
	}
	second, _ := e.Values["income_second"].(int64)
	if err := r.a.store.Delete(ctx, e.id, "", "ย้ายออกทั้งครัวเรือน"); err != nil {
		return 0, fmt.Errorf("tablet A: delete: %w", err)
	}
	_, err := r.b.save(ctx, clientlib.Edit{ID: e.id, Values: map[string]any{"income_second": second + 1500}})
	r.story.Offline.DeletedAndEdited = 1
	return 1, err
}

// divide lets A ask about money and B about everything else.
func (r *run) divide(ctx context.Context) (n int, err error) {
	for i := range min(maxDifferentQuestions, len(r.pool)) {
		e, ok := r.take(nil)
		if !ok {
			break
		}
		second, _ := e.Values["income_second"].(int64)
		happy, _ := e.Values["happiness"].(int64)
		a := clientlib.Edit{ID: e.id, Values: map[string]any{"income_second": second + 3000}}
		b := clientlib.Edit{ID: e.id, Values: map[string]any{"happiness": (happy + 1) % 11, "road": "ทางหลวงชนบท"}}
		if err := r.both(ctx, i, a, b); err != nil {
			return n, err
		}
		n++
	}
	r.story.Offline.DifferentQuestions = n
	return n, nil
}

// goAstray lets B enter a household in a village that is not B's.
func (r *run) goAstray(ctx context.Context) (int, error) {
	code := r.outsideB()
	h := r.tambon.Stray.in(code)
	id, err := r.b.save(ctx, clientlib.Edit{Type: typeHousehold, Area: code, Values: h.Values})
	r.story.Outside = Outside{Record: id.String(), Area: code, Tablet: r.b.name}
	return 1, err
}

// nextTambon is where B goes astray if the whole tambon is B's.
const nextTambon area.Code = "45030401"

func (r *run) outsideB() area.Code {
	for _, v := range r.tambon.Villages {
		if !r.b.covers(v.Code) {
			return v.Code
		}
	}
	return nextTambon
}
