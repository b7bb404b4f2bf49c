package syncproto

import (
	"testing"

	"pgregory.net/rapid"
)

func TestAnActorIsWrittenAs32HexDigits(t *testing.T) {
	const digits = "00112233445566778899aabbccddeeff"
	a, err := ParseActorID(digits)
	if err != nil {
		t.Fatal(err)
	}
	if got := a.String(); got != digits {
		t.Errorf("got %s, want %s", got, digits)
	}
	for _, bad := range []string{"", "00", digits + "00", "zz112233445566778899aabbccddeeff"} {
		if _, err := ParseActorID(bad); err == nil {
			t.Errorf("ParseActorID(%q) accepted it", bad)
		}
	}
}

func TestARecordIDIsWrittenAsAUUID(t *testing.T) {
	const text = "01a1e230-a040-7a3e-9f10-5d2c8b41e607"
	id, err := ParseRecordID(text)
	if err != nil {
		t.Fatal(err)
	}
	if id != household || id.String() != text {
		t.Errorf("got %s, want %s", id, text)
	}
	for _, bad := range []string{"", "01a1e230a0407a3e9f105d2c8b41e607", "{" + text + "}", "urn:uuid:" + text, text[:35] + "g"} {
		if _, err := ParseRecordID(bad); err == nil {
			t.Errorf("ParseRecordID(%q) accepted it", bad)
		}
	}
}

func TestANewRecordIDIsAUUIDv7ThatSortsByTime(t *testing.T) {
	random := [10]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	id := NewRecordID(monday, random)
	if got, want := id.String(), "01a1e230-a040-7fff-bfff-ffffffffffff"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if NewRecordID(monday, random).Compare(NewRecordID(monday+1, [10]byte{})) >= 0 {
		t.Error("an id made later does not sort later")
	}
	if got, want := NewRecordID(-5, random), NewRecordID(0, random); got != want {
		t.Errorf("before 1970: got %s, want %s", got, want)
	}
}

func TestTheZeroIDsMeanNone(t *testing.T) {
	if !(ActorID{}).IsZero() || !(RecordID{}).IsZero() || !(Epoch{}).IsZero() {
		t.Error("a zero id is not zero")
	}
	if somchai.IsZero() || household.IsZero() || Epoch(somchai).IsZero() {
		t.Error("an id is zero")
	}
}

func TestDotsSortByActorThenCounter(t *testing.T) {
	sorted := []Dot{{somchai, 1}, {somchai, 2}, {somchai, 1 << 40}, {somsri, 1}}
	for i, a := range sorted {
		for j, b := range sorted {
			if got, want := sign(a.Compare(b)), sign(i-j); got != want {
				t.Errorf("%v to %v: got %d, want %d", a, b, got, want)
			}
		}
	}
	if got, want := (Dot{somchai, 7}).String(), somchai.String()+":7"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestMapKeysSortAsTheirEncodingDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.StringN(0, 40, 300).Draw(t, "a"), rapid.StringN(0, 40, 300).Draw(t, "b")
		ea, eb := Text(a), Text(b)
		if got, want := sign(compareKeys(a, b)), sign(compareBytes(ea, eb)); got != want {
			t.Errorf("%q to %q: got %d, want %d", a, b, got, want)
		}
	})
}

func compareBytes(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return int(a[i]) - int(b[i])
		}
	}
	return len(a) - len(b)
}

func sign(n int) int {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return 1
	}
	return 0
}
