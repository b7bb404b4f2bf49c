package syncproto

import (
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestVectorsRelateInFourWays(t *testing.T) {
	a, b := Dot{somchai, 2}, Dot{somsri, 3}
	tests := []struct {
		name string
		v, w Vector
		want Ordering
	}{
		{"both empty", nil, Vector{}, Equal},
		{"the same saves", Vector{a, b}, Vector{a, b}, Equal},
		{"nothing is before something", nil, Vector{a}, Before},
		{"a lower counter is before", Vector{{somchai, 1}, b}, Vector{a, b}, Before},
		{"a missing first actor is before", Vector{b}, Vector{a, b}, Before},
		{"a missing last actor is before", Vector{a}, Vector{a, b}, Before},
		{"a further actor is after", Vector{a, b}, Vector{a}, After},
		{"different actors are concurrent", Vector{a}, Vector{b}, Concurrent},
		{"one higher each is concurrent", Vector{{somchai, 3}, {somsri, 2}}, Vector{a, b}, Concurrent},
		{"more actors but a lower counter is concurrent", Vector{{somchai, 1}, b}, Vector{a}, Concurrent},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.v.Compare(tt.w); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
			back := map[Ordering]Ordering{Equal: Equal, Before: After, After: Before, Concurrent: Concurrent}[tt.want]
			if got := tt.w.Compare(tt.v); got != back {
				t.Errorf("the other way: got %d, want %d", got, back)
			}
			if got, want := tt.v.Dominates(tt.w), tt.want == Equal || tt.want == After; got != want {
				t.Errorf("dominates: got %v, want %v", got, want)
			}
		})
	}
}

func TestAVectorCoversWhatItHasSeen(t *testing.T) {
	v := Vector{{somchai, 2}}
	for d, want := range map[Dot]bool{{somchai, 1}: true, {somchai, 2}: true, {somchai, 3}: false, {somsri, 1}: false} {
		if got := v.Covers(d); got != want {
			t.Errorf("%v: got %v, want %v", d, got, want)
		}
	}
}

func TestWithKeepsTheReceiverAndTheOrder(t *testing.T) {
	v := Vector{{somchai, 2}, {office, 5}}
	before := slices.Clone(v)
	tests := []struct {
		name  string
		actor ActorID
		n     uint64
		want  Vector
	}{
		{"a new actor takes its place", somsri, 1, Vector{{somchai, 2}, {somsri, 1}, {office, 5}}},
		{"a known actor gets the counter", office, 9, Vector{{somchai, 2}, {office, 9}}},
		{"zero takes the actor out", somchai, 0, Vector{{office, 5}}},
		{"zero for an unknown actor changes nothing", somsri, 0, before},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := v.With(tt.actor, tt.n); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			if !reflect.DeepEqual(v, before) {
				t.Fatalf("the receiver became %v", v)
			}
		})
	}
}

// drawVector gives vectors of few actors and low counters, so that they meet.
func drawVector(t *rapid.T, label string) (v Vector) {
	for i := range byte(5) {
		if n := rapid.Uint64Range(0, 4).Draw(t, label); n > 0 {
			v = append(v, Dot{testActor(i + 1), n})
		}
	}
	return v
}

func TestJoinIsThePointwiseMaximum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v, w := drawVector(t, "v"), drawVector(t, "w")
		join := v.Join(w)
		for i := range byte(6) {
			a := testActor(i + 1)
			if got, want := join.Get(a), max(v.Get(a), w.Get(a)); got != want {
				t.Fatalf("%v join %v, actor %d: got %d, want %d", v, w, i+1, got, want)
			}
		}
		if !slices.IsSortedFunc(join, Dot.Compare) {
			t.Fatalf("%v is not sorted", join)
		}
		if !join.Dominates(v) || !join.Dominates(w) {
			t.Fatalf("%v does not dominate %v and %v", join, v, w)
		}
		if back := w.Join(v); !slices.Equal(join, back) {
			t.Fatalf("%v one way, %v the other", join, back)
		}
	})
}
