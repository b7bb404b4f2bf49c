package main

import (
	"encoding/hex"
	"reflect"
	"strings"

	"tambonsync/syncproto"
)

// What the cases show. Fields are called what PROTOCOL.md calls them.

func viewDot(d syncproto.Dot) string { return d.String() }

// viewAny turns bytes, which JSON lacks, into {"bytes": hex}.
func viewAny(a any) any {
	switch a := a.(type) {
	case []byte:
		return object{"bytes": hexOf(a)}
	case []any:
		out := make([]any, len(a))
		for i := range a {
			out[i] = viewAny(a[i])
		}
		return out
	case map[string]any:
		out := object{}
		for k := range a {
			out[k] = viewAny(a[k])
		}
		return out
	}
	return a
}

func viewOp(o syncproto.Op) object {
	return object{
		"dot": viewDot(o.Dot), "actor": o.Dot.Actor.String(), "counter": o.Dot.Counter, "wall": o.Wall, "hash": hexOf(o.Hash[:]),
		"user": o.User, "form": o.Form, "app": o.App, "offset": o.Offset, "reason": o.Reason, "extra": viewChanges(o.Extra),
	}
}

func viewChanges(m map[string]syncproto.Value) object {
	out := object{}
	for k, v := range m {
		out[k] = hexOf(v)
	}
	return out
}

func viewEntries(entries []syncproto.Entry) []string {
	out := []string{}
	for _, e := range entries {
		out = append(out, viewDot(e.Dot)+" "+hexOf(e.Value))
	}
	return out
}

// viewRecord shows all that a record is and all that is read from it.
func viewRecord(r syncproto.Record) object {
	groups, ranked, distinct, shown := object{}, object{}, object{}, object{}
	for name := range r.Groups {
		groups[name], ranked[name] = viewEntries(r.Groups[name]), viewEntries(r.Ranked(name))
		distinct[name], shown[name] = viewEntries(r.Distinct(name)), hexOf(r.Winner(name))
	}
	vector, ops := []string{}, []any{}
	for _, d := range r.VV {
		vector = append(vector, viewDot(d))
	}
	for _, o := range r.Ops {
		ops = append(ops, viewOp(o))
	}
	last, ok := r.LastSave()
	lastDot := ""
	if ok {
		lastDot = viewDot(last.Dot)
	}
	hash, answers := syncproto.HashRecord(r.Encode()), r.AnswersDigest()
	return object{
		"id": r.ID.String(), "type": r.Type, "vector": vector, "ops": ops, "groups": groups,
		"ranked": ranked, "distinct": distinct, "shown": shown, "conflicts": append([]string{}, r.Conflicts()...),
		"last": lastDot, "alive": r.Alive(), "area": r.Area(), "parent": r.Parent().String(), "merged_into": r.MergedInto().String(),
		"round": r.Round().String(), "from": r.From().String(), "carried": r.Carried(), "state": viewState(r.State()),
		"answers": hexOf(answers[:]), "hash": hexOf(hash[:]), "bucket": syncproto.Bucket(r.ID), "accepted": r.CheckReserved() == nil,
	}
}

func viewState(s syncproto.State) object {
	comments := object{}
	for k, v := range s.Comments {
		comments[k] = v
	}
	value := must(s.Value())
	return object{"state": s.State, "note": s.Note, "answers": hexOf(s.Answers[:]), "comments": comments, "value": hexOf(value)}
}

// named are the fields that a tuple of the page calls otherwise than Go does.
var named = map[string]string{"Feed": "cursor", "Code": "area", "NameTH": "name_th", "NameEN": "name_en", "LocalGov": "local_gov"}

// viewMessage shows a message. False: it holds a number beyond ±(2^53-1).
func viewMessage(v reflect.Value) (view any, exact bool) {
	if id, ok := v.Interface().(syncproto.RecordID); ok {
		return id.String(), true
	}
	switch v.Kind() {
	case reflect.Struct:
		return viewStruct(v)
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			b := make([]byte, v.Len())
			reflect.Copy(reflect.ValueOf(b), v)
			return hex.EncodeToString(b), true
		}
		out, exact := []any{}, true
		for i := range v.Len() {
			item, ok := viewMessage(v.Index(i))
			out, exact = append(out, item), exact && ok
		}
		return out, exact
	case reflect.Int, reflect.Int64:
		return v.Int(), -syncproto.MaxExactInteger <= v.Int() && v.Int() <= syncproto.MaxExactInteger
	case reflect.Uint8, reflect.Uint64:
		return v.Uint(), v.Uint() <= syncproto.MaxExactInteger
	}
	return v.Interface(), true
}

func viewStruct(v reflect.Value) (view any, exact bool) {
	out, exact := object{}, true
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Name == "_" {
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("cbor"), ",")
		if name == "" {
			name = strings.ToLower(f.Name)
		}
		if n, ok := named[f.Name]; ok && f.Tag.Get("cbor") == "" {
			name = n
		}
		item, ok := viewMessage(v.Field(i))
		out[name], exact = item, exact && ok
	}
	return out, exact
}
