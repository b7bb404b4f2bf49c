package analysis

import (
	"context"
	"fmt"

	"tambonsync/syncproto"
)

// Below returns the records that count below others, by the record they stand
// under after following merges, in the order of a roster. Records whose parent
// is none of ids are not looked for.
func (a *Analysis) Below(ctx context.Context, ids []syncproto.RecordID) (map[syncproto.RecordID][]syncproto.RecordID, error) {
	out := map[syncproto.RecordID][]syncproto.RecordID{}
	for _, id := range ids {
		rows, err := a.read.QueryContext(ctx, `SELECT id FROM items WHERE over = $1 AND attached = 1 ORDER BY id LIMIT $2`, id[:], maxFamily)
		if err != nil {
			return nil, fmt.Errorf("analysis: below %s: %w", id, err)
		}
		for rows.Next() {
			var raw []byte
			if err = rows.Scan(&raw); err != nil {
				break
			}
			var below syncproto.RecordID
			copy(below[:], raw)
			out[id] = append(out[id], below)
		}
		if err == nil {
			err = rows.Err()
		}
		if err = closeWith(rows, err); err != nil {
			return nil, fmt.Errorf("analysis: below %s: %w", id, err)
		}
	}
	return out, nil
}

func closeWith(rows interface{ Close() error }, err error) error {
	if cerr := rows.Close(); err == nil {
		return cerr
	}
	return err
}
