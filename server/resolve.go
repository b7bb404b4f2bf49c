package server

import (
	"errors"
	"fmt"

	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
	"tambonsync/syncproto/survey"
	"tambonsync/syncproto/view"
)

// resolveReason is noted in the save that decides a conflict.
const resolveReason = "resolve"

// ResolveEdit is the save by which user gives group the one answer value, as
// JSON or a command line brings it. group is a group of the record or a
// question of its form; a question that the form merges with others is changed
// alone, with the others as displayed. Of the reserved groups, _life takes true
// or false, _scope an area code, the references (_parent, _merged_into, _round) a record id or null.
//
// A deleted record stays deleted, unless the edit is about its life.
func ResolveEdit(rec syncproto.Record, catalog *survey.Catalog, group string, value any, user string, at int64) (Edit, error) {
	form := view.Form(rec, catalog)
	var kind *survey.RecordType
	ref := ""
	if form != nil {
		kind, _ = form.Type(rec.Type)
		ref = form.Ref()
	}
	changes, err := resolveChanges(rec, kind, group, value)
	if err != nil {
		return Edit{}, fmt.Errorf("resolve %q: %w", group, err)
	}
	if _, ok := changes[syncproto.GroupLife]; !ok && !rec.Alive() {
		changes[syncproto.GroupLife] = syncproto.False
	}
	return Edit{
		ID:      rec.ID,
		Seen:    rec.VV,
		Changes: changes,
		Context: syncproto.Context{User: user, Form: ref, Reason: resolveReason},
		At:      at,
	}, nil
}

func resolveChanges(rec syncproto.Record, form *survey.RecordType, group string, value any) (map[string]syncproto.Value, error) {
	if group == "" {
		return nil, errors.New("no group is named")
	}
	if group[0] == '_' {
		v, err := reservedValue(rec, group, value)
		return map[string]syncproto.Value{group: v}, err
	}
	members := form.Members(group)
	_, asked := form.Question(group)
	_, held := rec.Groups[group]
	switch {
	case len(members) > 0: // a group of several: its whole answer
		if m, ok := value.(map[string]any); value != nil && !ok {
			return nil, fmt.Errorf("want an object of its questions %v", members)
		} else if ok && len(m) == 0 {
			value = nil
		}
		return pack(map[string]any{group: value})
	case asked && form.GroupOf(group) != group:
		flat, err := unpack(rec, form, form.GroupOf(group))
		if err != nil {
			return nil, err
		}
		return pack(form.Pack(flat, map[string]any{group: value}))
	case asked || held:
		return pack(map[string]any{group: value})
	}
	return nil, errors.New("neither the record nor its form has it")
}

// unpack returns the displayed answers of one group of several questions.
func unpack(rec syncproto.Record, form *survey.RecordType, group string) (map[string]any, error) {
	winner := rec.Winner(group)
	if winner == nil {
		return nil, nil
	}
	v, err := winner.Any()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", group, err)
	}
	return form.Unpack(map[string]any{group: v}), nil
}

func pack(groups map[string]any) (map[string]syncproto.Value, error) {
	out := make(map[string]syncproto.Value, len(groups))
	for name, v := range groups {
		value, err := syncproto.NewValue(v)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out[name] = value
	}
	return out, nil
}

func reservedValue(rec syncproto.Record, group string, value any) (syncproto.Value, error) {
	switch group {
	case syncproto.GroupLife:
		if b, ok := value.(bool); ok {
			return syncproto.NewValue(b)
		}
		return nil, errors.New("want true (alive) or false (deleted)")
	case syncproto.GroupScope:
		s, _ := value.(string)
		code, err := area.Parse(s)
		if err != nil {
			return nil, err
		}
		return syncproto.Text(string(code)), nil
	case syncproto.GroupParent, syncproto.GroupMergedInto, syncproto.GroupRound:
		if value == nil {
			return syncproto.Null, nil
		}
		s, _ := value.(string)
		id, err := syncproto.ParseRecordID(s)
		if err != nil {
			return nil, err
		}
		if id == rec.ID {
			return nil, errors.New("a record cannot refer to itself")
		}
		return syncproto.ID(id), nil
	}
	return nil, errors.New("this reserved group is not known here")
}
