package server

import (
	"context"
	"fmt"
	"slices"

	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

// within reports whether the grants open the whole of code.
func within(grants []area.Code, code area.Code) bool {
	return slices.ContainsFunc(grants, func(g area.Code) bool { return g.Contains(code) })
}

func (s *Server) hello(ctx context.Context, d Device, q syncproto.HelloRequest) (a syncproto.HelloResponse, err error) {
	if q.Protocol != syncproto.ProtocolVersion {
		return a, refuse(syncproto.CodeProtocolUnsupported, "protocol %d, this office speaks %d", q.Protocol, syncproto.ProtocolVersion)
	}
	now := s.nowMilli()
	st, err := s.store.Hello(ctx, d.ID, q, d.Grants, now)
	if err != nil {
		return a, fmt.Errorf("hello of %s: %w", d.ID, err)
	}
	definitions, err := s.definitionsHash(ctx, d.Grants)
	if err != nil {
		return a, fmt.Errorf("hello of %s: %w", d.ID, err)
	}
	return syncproto.HelloResponse{
		Protocol: syncproto.ProtocolVersion,
		Office:   s.office.ID,
		Epoch:    s.office.Epoch,
		Parent:   s.office.Parent,
		Officer:  d.Officer,
		Areas:    d.Grants,
		Feeds:    st.Feeds,
		Head:     st.Head,
		Decided:  st.Decided,
		Time:     now,

		Definitions: definitions,
	}, nil
}

func (s *Server) push(ctx context.Context, d Device, q syncproto.PushRequest) (a syncproto.PushResponse, err error) {
	if len(q.Records) > syncproto.MaxChunkRecords {
		return a, refuse(syncproto.CodeTooLarge, "%d records, at most %d", len(q.Records), syncproto.MaxChunkRecords)
	}
	a, err = s.store.Push(ctx, Push{
		Device:  d.ID,
		Actor:   q.Actor,
		Epoch:   q.Epoch,
		Base:    q.Base,
		Allow:   func(c area.Code) bool { return within(d.Grants, c) },
		Records: readRecords(q.Records),
		At:      s.nowMilli(),
	})
	if err != nil {
		return a, fmt.Errorf("push of %s: %w", d.ID, err)
	}
	s.metrics.countPushed(a.Results)
	return a, nil
}

// readRecords reads each record by itself: one that is no record never stops
// the others.
func readRecords(raw [][]byte) []Incoming {
	out := make([]Incoming, len(raw))
	for i, b := range raw {
		rec, err := syncproto.DecodeRecord(b)
		if err == nil {
			err = rec.CheckReserved()
		}
		out[i] = Incoming{Raw: b, Record: rec, Err: err}
	}
	return out
}

func (s *Server) pull(ctx context.Context, d Device, q syncproto.PullRequest) (a syncproto.PullResponse, err error) {
	if err := checkAreas(d, q.Cursors, func(c syncproto.Cursor) area.Code { return c.Area }, syncproto.MaxCursors); err != nil {
		return a, err
	}
	q.MaxRecords = min(max(q.MaxRecords, syncproto.MinChunkRecords), syncproto.MaxChunkRecords)
	if a, err = s.store.Pull(ctx, q); err != nil {
		return a, fmt.Errorf("pull of %s: %w", d.ID, err)
	}
	return a, nil
}

func (s *Server) digest(ctx context.Context, d Device, q syncproto.DigestRequest) (a syncproto.DigestResponse, err error) {
	if err := checkAreas(d, q.Areas, func(c area.Code) area.Code { return c }, syncproto.MaxCursors); err != nil {
		return a, err
	}
	if a, err = s.store.Digest(ctx, q); err != nil {
		return a, fmt.Errorf("digest for %s: %w", d.ID, err)
	}
	return a, nil
}

func (s *Server) need(ctx context.Context, d Device, q syncproto.NeedRequest) (a syncproto.NeedResponse, err error) {
	if err := checkAreas(d, q.Leaves, func(l syncproto.NeedLeaf) area.Code { return l.Area }, syncproto.MaxNeedLeaves); err != nil {
		return a, err
	}
	items := 0
	for _, l := range q.Leaves {
		items += len(l.Items)
	}
	if items > syncproto.MaxNeedItems {
		return a, refuse(syncproto.CodeTooLarge, "%d items, at most %d", items, syncproto.MaxNeedItems)
	}
	if a, err = s.store.Need(ctx, q); err != nil {
		return a, fmt.Errorf("need of %s: %w", d.ID, err)
	}
	return a, nil
}

// checkAreas bounds a list of things that each name an area, and refuses the
// whole list if one of them is not within the device's grants: a device asks
// only for what hello told it, so this is a grant that shrank meanwhile.
func checkAreas[T any](d Device, list []T, of func(T) area.Code, limit int) error {
	if len(list) > limit {
		return refuse(syncproto.CodeTooLarge, "%d areas, at most %d", len(list), limit)
	}
	for _, item := range list {
		if code := of(item); !within(d.Grants, code) {
			return refuse(syncproto.CodeForbidden, "area %.10q", string(code))
		}
	}
	return nil
}
