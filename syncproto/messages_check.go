package syncproto

import (
	"errors"
	"fmt"

	"tambonsync/syncproto/area"
)

// What the types of a message cannot say. DecodeMessage calls check, so that
// no handler has to remember it. How many items a request may hold is left to
// the office, which answers too_large and not bad_message.

func (m *EnrollRequest) check() error {
	return firstError(checkLabel("name", m.Name), checkLabel("app", m.App))
}

func (m *HelloRequest) check() error {
	return firstError(checkActor(m.Actor), checkLabel("app", m.App))
}

func (m *HelloResponse) check() error {
	for _, f := range m.Feeds {
		if err := checkArea(f.Area); err != nil {
			return err
		}
	}
	return checkAreas(m.Areas)
}

func (m *EnrollResponse) check() error { return checkAreas(m.Areas) }

func (m *PushRequest) check() error { return checkActor(m.Actor) }

func (m *PushResponse) check() error {
	return checkCount("results", len(m.Results), MaxChunkRecords)
}

// A pull without an actor is one that wants this actor's own pushes too.
func (m *PullRequest) check() error {
	if m.MaxRecords < 0 {
		return fmt.Errorf("max_records %d is negative", m.MaxRecords)
	}
	for _, c := range m.Cursors {
		if err := checkArea(c.Area); err != nil {
			return err
		}
	}
	return nil
}

func (m *PullResponse) check() error {
	for i, r := range m.Rows {
		if r.Feed < 0 || r.Feed >= len(m.Cursors) {
			return fmt.Errorf("row %d is of cursor %d of %d", i, r.Feed, len(m.Cursors))
		}
		if (len(r.Record) == 0) == r.Out.IsZero() {
			return fmt.Errorf("row %d: want either a record or an id that left", i)
		}
	}
	for _, c := range m.Cursors {
		if err := checkArea(c.Area); err != nil {
			return err
		}
	}
	return firstError(checkCount("rows", len(m.Rows), MaxChunkRecords), checkCount("cursors", len(m.Cursors), MaxCursors))
}

func (m *DigestRequest) check() error { return checkAreas(m.Areas) }

func (m *DigestResponse) check() error {
	for _, l := range m.Leaves {
		if err := checkLeaf(l.Area, l.Bucket); err != nil {
			return err
		}
	}
	return nil
}

func (m *NeedRequest) check() error {
	for _, l := range m.Leaves {
		if err := checkLeaf(l.Area, l.Bucket); err != nil {
			return err
		}
	}
	return nil
}

func (m *NeedResponse) check() error { return checkCount("want", len(m.Want), MaxNeedItems) }

func (m *DefinitionsResponse) check() error {
	for _, v := range m.Villages {
		err := firstError(checkArea(v.Code), checkLabel("name", v.NameTH), checkLabel("name", v.NameEN), checkLabel("local government", v.LocalGov))
		if err != nil {
			return err
		}
	}
	for _, d := range m.Definitions {
		err := firstError(checkLabel("kind", d.Kind), checkLabel("ref", d.Ref), checkCount("bytes of a definition", len(d.Body), MaxDefinitionBytes))
		if err != nil {
			return err
		}
	}
	return checkCount("definitions", len(m.All), MaxDefinitions)
}

func checkActor(a ActorID) error {
	if a.IsZero() {
		return errors.New("actor is absent or zero")
	}
	return nil
}

func checkArea(c area.Code) error {
	if !c.Valid() {
		return fmt.Errorf("area %.20q is no area code", string(c))
	}
	return nil
}

func checkAreas(codes []area.Code) error {
	for _, c := range codes {
		if err := checkArea(c); err != nil {
			return err
		}
	}
	return nil
}

func checkLeaf(c area.Code, bucket uint8) error {
	if bucket >= Buckets {
		return fmt.Errorf("bucket %d of %d", bucket, Buckets)
	}
	return checkArea(c)
}

func checkCount(what string, n, limit int) error {
	if n > limit {
		return fmt.Errorf("%d %s are over the limit of %d", n, what, limit)
	}
	return nil
}

func checkLabel(what, s string) error {
	if len(s) > MaxLabelBytes {
		return fmt.Errorf("%s of %d bytes is over the limit of %d", what, len(s), MaxLabelBytes)
	}
	return nil
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
