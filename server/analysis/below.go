package analysis

import (
	"context"
	"database/sql"
	"fmt"

	"tambonsync/syncproto"
)

// Below returns the records that count below others, by the record they stand
// under after following merges, in the order of a roster. Records whose parent
// is none of ids are not looked for.
func (a *Analysis) Below(ctx context.Context, ids []syncproto.RecordID) (map[syncproto.RecordID][]syncproto.RecordID, error) {
	out := map[syncproto.RecordID][]syncproto.RecordID{}
	for _, id := range ids {
		list, err := collect(ctx, a.read, func(rows *sql.Rows) (below syncproto.RecordID, err error) {
			err = rows.Scan((*scanID)(&below))
			return below, err
		}, `SELECT id FROM items WHERE over = $1 AND attached = 1 ORDER BY id LIMIT $2`, id[:], maxFamily)
		if err != nil {
			return nil, fmt.Errorf("analysis: below %s: %w", id, err)
		}
		if len(list) > 0 {
			out[id] = list
		}
	}
	return out, nil
}
