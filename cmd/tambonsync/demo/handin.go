package demo

import (
	"context"
	"fmt"

	"tambonsync/clientlib"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
	"tambonsync/syncproto/survey"
)

// handedIn is how many finished households A's officer hands in, at most.
const handedIn = 8

// supervisor is who looks them through in the village, on A's tablet.
const supervisor = "หัวหน้าชุด"

// handIn lets A's officer hand in finished households of the last village, and
// the supervisor approve most of them and return one in four with a comment.
func (r *run) handIn(ctx context.Context) (int, error) {
	ready, err := r.ready(ctx)
	if err != nil {
		return 0, fmt.Errorf("tablet A: %w", err)
	}
	for i, id := range ready {
		if err := r.a.store.SetState(ctx, id, syncproto.StateSubmitted, "", nil, ""); err != nil {
			return i, fmt.Errorf("tablet A: hand in: %w", err)
		}
		switch i % 4 {
		case 0:
			r.story.Offline.Submitted++
		case 2:
			r.story.Offline.Returned++
			err = r.a.store.SetState(ctx, id, syncproto.StateReturned, "ขอให้ถามซ้ำ",
				map[string]string{"income_main": "ถามรายได้จากการขายข้าวอีกครั้ง"}, supervisor)
		default:
			r.story.Offline.Approved++
			err = r.a.store.SetState(ctx, id, syncproto.StateApproved, "", nil, supervisor)
		}
		if err != nil {
			return i, fmt.Errorf("tablet A: look through: %w", err)
		}
	}
	return len(ready), nil
}

// ready lists finished households of A's last village.
func (r *run) ready(ctx context.Context) (ids []syncproto.RecordID, err error) {
	var last area.Code
	for _, v := range r.tambon.Villages {
		if r.a.covers(v.Code) {
			last = v.Code
		}
	}
	err = r.a.store.Households(ctx, last, "", func(h clientlib.HouseholdReport) error {
		if h.State == survey.Complete && len(ids) < handedIn {
			ids = append(ids, h.Record)
		}
		return nil
	})
	return ids, err
}
