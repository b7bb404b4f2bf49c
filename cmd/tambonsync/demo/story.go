package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"tambonsync/clientlib"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
	"tambonsync/syncproto/survey"
	"tambonsync/syncproto/view"
)

// Story is what happened, in figures and examples.
type Story struct {
	Seed    uint64  `json:"seed"`
	Entered Entered `json:"entered"`
	Offline Offline `json:"offline"`
	Syncs   []Sync  `json:"syncs"` // A, B; offline work; A, B, A

	Summary survey.Summary         `json:"summary"`          // of the round, as tablet A has it at the end
	Worst   []survey.IndicatorLine `json:"worst_indicators"` // of it, those with the greatest share failed

	Cases            []Case   `json:"cases"`                        // as tablet A has them after its last sync
	Disagreement     *Case    `json:"example_disagreement"`         // one of Cases, to try a decision on
	DeletedAndEdited *Case    `json:"example_deleted_edited"`       // another one
	Outside          Outside  `json:"example_outside"`              // waits in the office's quarantine
	Tablets          []Tablet `json:"tablets"`                      // at the end
	Same             int      `json:"records_same_on_both"`         // of the records in both tablets' areas
	Different        int      `json:"records_different_on_tablets"` // 0, or the program is broken
}

// Entered is what the officers entered before the first sync.
type Entered struct {
	Villages   int   `json:"villages"`
	Households int   `json:"households"`
	Members    int   `json:"members"`
	Flagged    int   `json:"flagged"` // answers that the form's checks flag; they were kept
	TookMS     int64 `json:"took_ms"`
}

func (e *Entered) add(households, members int) {
	if households == 0 {
		return
	}
	e.Villages++
	e.Households += households
	e.Members += members
}

// Offline is what both officers did to the same households without a network.
type Offline struct {
	Disagreements      int `json:"disagreements"`       // questions answered differently
	SameAnswers        int `json:"same_answers"`        // questions answered alike
	DifferentQuestions int `json:"different_questions"` // households in which each answered other questions
	NewMembers         int `json:"new_members"`
	DeletedAndEdited   int `json:"deleted_and_edited"` // deleted by one, edited by the other
	Submitted          int `json:"submitted"`          // handed in by A's officer and not looked through yet
	Approved           int `json:"approved"`           // handed in and looked through
	Returned           int `json:"returned"`
}

// Sync is one sync of one tablet.
type Sync struct {
	Tablet string `json:"tablet"`
	clientlib.Result
	TookMS int64 `json:"took_ms"`
}

func (s Sync) thai() string {
	return fmt.Sprintf("%s ซิงค์: ส่ง %d รับ %d ขัดแย้ง %d กักไว้ %d ค้างส่ง %d (ขึ้น %.1f KB ลง %.1f KB %.2f วินาที)",
		s.Tablet, s.Pushed, s.Pulled, s.Conflicts, s.Quarantined, s.Unsent, kilo(s.BytesOut), kilo(s.BytesIn), float64(s.TookMS)/1000)
}

func (s Sync) english() string {
	return fmt.Sprintf("%s synced: %d sent, %d received, %d in conflict, %d quarantined, %d unsent", s.Tablet, s.Pushed, s.Pulled, s.Conflicts, s.Quarantined, s.Unsent)
}

func kilo(n int64) float64 { return float64(n) / 1000 }

// Case is one group of answers that the officers gave differently.
type Case struct {
	Record    string        `json:"record"`
	Type      string        `json:"type"`
	Area      area.Code     `json:"area"`
	Household string        `json:"household"` // its house number and head, for people
	Group     string        `json:"group"`     // "_life": deleted by one and edited by the other
	Answers   []view.Answer `json:"answers"`   // the displayed one first
}

// Outside is a household that a tablet entered outside its areas.
type Outside struct {
	Record string    `json:"record"`
	Area   area.Code `json:"area"`
	Tablet string    `json:"tablet"`
}

// Tablet is a tablet at the end of the story.
type Tablet struct {
	Name string `json:"name"`
	Path string `json:"path"` // of its store, for tambonfield
	clientlib.Status
}

// flagged counts the answers that look wrong.
func flagged(all []entered) int {
	f := survey.Default()
	n := 0
	for _, e := range all {
		n += len(f.Check(typeHousehold, e.Values))
		for _, m := range e.Members {
			n += len(f.Check(typeMember, m.Values))
		}
	}
	return n
}

// lookBack collects what the tablets hold at the end.
func (r *run) lookBack(ctx context.Context) error {
	if err := r.collectCases(ctx); err != nil {
		return fmt.Errorf("tablet A: %w", err)
	}
	for _, t := range []*tablet{&r.a, &r.b} {
		st, err := t.store.Status(ctx)
		if err != nil {
			return fmt.Errorf("tablet %s: %w", t.name, err)
		}
		r.story.Tablets = append(r.story.Tablets, Tablet{Name: t.name, Path: t.path, Status: st})
	}
	if err := r.sumUp(ctx); err != nil {
		return fmt.Errorf("tablet A: summary: %w", err)
	}
	return r.compareTablets(ctx)
}

func (r *run) collectCases(ctx context.Context) error {
	return each(ctx, r.a.store, clientlib.Filter{Conflicts: true, Deleted: true}, func(it clientlib.Item) error {
		v := view.NewRecordView(it.Record, survey.Builtin())
		house, err := r.houseOf(ctx, it.Record)
		if err != nil {
			return err
		}
		for _, group := range it.Record.Conflicts() {
			c := Case{Record: v.ID, Type: v.Type, Area: v.Area, Household: house, Group: group, Answers: v.Conflicts[group]}
			r.story.Cases = append(r.story.Cases, c)
			switch {
			case group == syncproto.GroupLife:
				r.story.DeletedAndEdited = &c
			case r.story.Disagreement == nil || group == "happiness":
				r.story.Disagreement = &c // the plainest one to show
			}
		}
		return nil
	})
}

// houseOf names the household of a record as people do: "12/3 นายบุญมี ศรีสว่าง".
func (r *run) houseOf(ctx context.Context, rec syncproto.Record) (string, error) {
	if parent := rec.Parent(); !parent.IsZero() {
		it, err := r.a.store.Get(ctx, parent)
		if err != nil {
			return "", err
		}
		rec = it.Record
	}
	v := view.NewRecordView(rec, survey.Builtin())
	house, _ := v.Values["house_no"].(string)
	head, _ := v.Values["head_name"].(string)
	return house + " " + head, nil
}

// compareTablets looks whether the records that both tablets should hold are
// the same to the byte.
func (r *run) compareTablets(ctx context.Context) error {
	err := each(ctx, r.b.store, clientlib.Filter{Deleted: true}, func(it clientlib.Item) error {
		code := it.Record.Area()
		if !r.a.covers(code) || !r.b.covers(code) {
			return nil
		}
		other, err := r.a.store.Get(ctx, it.Record.ID)
		if err != nil && !errors.Is(err, clientlib.ErrNotFound) {
			return err
		}
		if bytes.Equal(other.Record.Encode(), it.Record.Encode()) {
			r.story.Same++
		} else {
			r.story.Different++
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("compare tablets: %w", err)
	}
	return nil
}

// each calls f for every record of the listing.
func each(ctx context.Context, s *clientlib.Store, f clientlib.Filter, do func(clientlib.Item) error) error {
	for {
		items, err := s.List(ctx, f)
		if err != nil || len(items) == 0 {
			return err
		}
		for _, it := range items {
			if err := do(it); err != nil {
				return err
			}
		}
		f.After = items[len(items)-1].Record.ID
	}
}
