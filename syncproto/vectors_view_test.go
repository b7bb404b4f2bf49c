package syncproto

import "encoding/hex"

// What the .json files of the vectors show.

func hexOf(b []byte) string { return hex.EncodeToString(b) }

// recordView is a record as a person reads it.
type recordView struct {
	ID        string                 `json:"id"`
	Type      string                 `json:"type"`
	Vector    []dotView              `json:"vector"`
	Saves     []opView               `json:"saves"`
	Groups    map[string][]entryView `json:"groups"`
	Shown     map[string]any         `json:"shown"` // group → the answer to display
	Conflicts []string               `json:"conflicts"`
	Area      string                 `json:"area"`
	Alive     bool                   `json:"alive"`
	Hash      string                 `json:"hash"` // item hash
	Bucket    uint8                  `json:"bucket"`
	Hex       string                 `json:"cbor"`
}

type dotView struct {
	Actor   string `json:"actor"`
	Counter uint64 `json:"counter"`
}

type opView struct {
	dotView
	Wall    int64          `json:"wall"`
	Context map[string]any `json:"context"`
	Hash    string         `json:"hash"`
}

type entryView struct {
	dotView
	Value any `json:"value"`
}

func viewDot(d Dot) dotView { return dotView{d.Actor.String(), d.Counter} }

// viewValue turns bytes, which JSON lacks, into {"bytes": hex}.
func viewValue(v Value) any {
	a, err := v.Any()
	if err != nil {
		panic(err)
	}
	return viewAny(a)
}

func viewAny(a any) any {
	switch a := a.(type) {
	case []byte:
		return map[string]any{"bytes": hexOf(a)}
	case []any:
		out := make([]any, len(a))
		for i := range a {
			out[i] = viewAny(a[i])
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for k := range a {
			out[k] = viewAny(a[k])
		}
		return out
	}
	return a
}

func viewContext(c Context) map[string]any {
	b := Value(appendContext(nil, c))
	return viewValue(b).(map[string]any)
}

func viewRecord(r Record) *recordView {
	b := r.Encode()
	hash := HashRecord(b)
	v := &recordView{
		ID: r.ID.String(), Type: r.Type, Groups: map[string][]entryView{}, Shown: map[string]any{}, Conflicts: append([]string{}, r.Conflicts()...),
		Area: string(r.Area()), Alive: r.Alive(), Hash: hexOf(hash[:]), Bucket: Bucket(r.ID), Hex: hexOf(b),
	}
	for _, d := range r.VV {
		v.Vector = append(v.Vector, viewDot(d))
	}
	for _, op := range r.Ops {
		v.Saves = append(v.Saves, opView{viewDot(op.Dot), op.Wall, viewContext(op.Context), hexOf(op.Hash[:])})
	}
	for group, entries := range r.Groups {
		for _, e := range entries {
			v.Groups[group] = append(v.Groups[group], entryView{viewDot(e.Dot), viewValue(e.Value)})
		}
		v.Shown[group] = viewValue(r.Winner(group))
	}
	return v
}
