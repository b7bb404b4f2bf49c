package survey

import "strings"

// Answers have two shapes.
//
// A record holds groups, the units of merge. The group of one question is
// named as the question and holds its bare answer; the group of several
// questions holds a map of their answers. Screens, checks and tables want the
// flat shape: question → answer. Unpack goes from groups to flat, Pack back.
//
// What the form does not know keeps a place in both. A group of no question
// of the form is a flat key of its own name. A part that the form does not
// place in its group, as a newer form may write, is the flat key
// "group/part"; a name has no "/", so no question is mistaken for one. That
// way an old app that corrects a first name keeps a newer app's middle name.

// GroupOf returns the merge group of a flat key. An unknown question is a
// group of its own.
func (t *RecordType) GroupOf(question string) string {
	group, _, _ := t.place(question)
	return group
}

// Members returns the questions of a group of several, in form order; nil for
// the group of one question and for an unknown group.
func (t *RecordType) Members(group string) []string {
	if t == nil {
		return nil
	}
	return append([]string(nil), t.groups[group]...)
}

// place returns where a flat key's value lives: its group and, when the group
// is shared by several questions, its part there.
func (t *RecordType) place(key string) (group, part string, shared bool) {
	if t == nil {
		return key, "", false
	}
	if q := t.question(key); q != nil {
		return q.Group, key, t.groups[q.Group] != nil
	}
	if t.groups[key] != nil {
		return key, key, true
	}
	group, part, _ = strings.Cut(key, "/")
	if t.groups[group] != nil && t.flatKey(group, part) == key {
		return group, part, true
	}
	return key, "", false
}

// flatKey is the inverse of place for a part of a group of several questions.
func (t *RecordType) flatKey(group, part string) string {
	if q := t.question(part); part == group || q != nil && q.Group == group {
		return part
	}
	return group + "/" + part
}

// Unpack returns the flat answers of a record's groups. Nulls, also inside a
// group of several questions, are left out: no answer. Where such a group
// holds something other than a map, that is kept under the group's name.
// Nested values are shared with groups, not copied.
//
// An answer stored as a group of its own, though this form merges the
// question with others, counts where its group has no answer to it.
func (t *RecordType) Unpack(groups map[string]any) map[string]any {
	flat := make(map[string]any, len(groups))
	put := func(key string, v any) {
		if v != nil {
			flat[key] = v
		}
	}
	for g, v := range groups {
		if t == nil || t.groups[g] == nil {
			put(g, v)
		}
	}
	if t == nil {
		return flat
	}
	for g := range t.groups { // second, so that a question's own group wins
		parts, ok := groups[g].(map[string]any)
		if !ok {
			put(g, groups[g])
			continue
		}
		for part, v := range parts {
			put(t.flatKey(g, part), v)
		}
	}
	return flat
}

// Pack returns the groups that a save of changes writes, and no others: for a
// group of several questions the parts of current with the changes over them,
// so a record must be unpacked before it is changed. A null change clears; a
// group without any part left is nil. Neither argument is changed; nested
// values are shared with the result.
func (t *RecordType) Pack(current, changes map[string]any) (groups map[string]any) {
	groups = make(map[string]any, len(changes))
	several := map[string]map[string]any{}
	for key, v := range changes {
		group, _, shared := t.place(key)
		if shared {
			several[group] = map[string]any{}
		} else {
			groups[group] = v
		}
	}
	for _, answers := range []map[string]any{current, changes} {
		for key, v := range answers {
			group, part, shared := t.place(key)
			if parts := several[group]; shared && parts != nil {
				parts[part] = v
			}
		}
	}
	for group, parts := range several {
		groups[group] = t.groupValue(group, parts)
	}
	return groups
}

// groupValue returns what a group of several questions stores. A bare value,
// which Unpack left under the group's name, stays bare while it is alone.
func (t *RecordType) groupValue(group string, parts map[string]any) any {
	for part, v := range parts {
		if v == nil {
			delete(parts, part)
		}
	}
	if len(parts) == 0 {
		return nil
	}
	bare := parts[group]
	_, isMap := bare.(map[string]any)
	if bare != nil && len(parts) == 1 && !isMap && t.question(group) == nil {
		return bare
	}
	return parts
}
