package survey

import (
	"math"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// native turns the result of an expression into an answer; nil if it is
// nothing that an answer can be.
func native(v ref.Val) any {
	switch v := v.(type) {
	case types.Double:
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			return nil
		}
		return float64(v)
	case types.Int:
		return float64(v)
	case types.Uint:
		return float64(v)
	case types.String:
		return string(v)
	case types.Bool:
		return bool(v)
	case traits.Lister:
		out := []any{}
		for it := v.Iterator(); it.HasNext() == types.True; {
			out = append(out, native(it.Next()))
		}
		return out
	}
	return nil
}
