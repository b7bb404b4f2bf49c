package tables

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

func TestAFileIsWrittenWholeOrNotAtAll(t *testing.T) {
	path := filepath.Join(t.TempDir(), "บ้าน.csv")
	put := func(text string, end error) error {
		return WriteFile(path, func(w io.Writer) error {
			if _, err := io.WriteString(w, text); err != nil {
				return err
			}
			return end
		})
	}
	holds := func(want string) {
		t.Helper()
		got, err := os.ReadFile(path)
		if err != nil || string(got) != want {
			t.Errorf("the file holds %q (%v), want %q", got, err, want)
		}
		same(t, entries(t, filepath.Dir(path)), []string{"บ้าน.csv"})
	}
	if err := put("half", context.Canceled); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	same(t, len(entries(t, filepath.Dir(path))), 0)
	if err := put("first", nil); err != nil {
		t.Fatal(err)
	}
	holds("first")
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others may read it: %v, %v", info.Mode(), err)
	}
	if err := put("half", io.ErrUnexpectedEOF); err == nil {
		t.Error("a failure was not told")
	}
	holds("first")
	func() {
		defer func() { _ = recover() }()
		_ = WriteFile(path, func(io.Writer) error { panic("stop") })
	}()
	holds("first")
	if err := put("second", nil); err != nil {
		t.Fatal(err)
	}
	holds("second")
	if err := WriteFile(filepath.Join(path, "below", "x"), func(io.Writer) error { return nil }); err == nil {
		t.Error("a folder that is not there")
	}
}

// full is a disk that takes so many bytes.
type full struct{ left int }

func (f *full) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errors.New("no space left")
	}
	return len(p), nil
}

func TestAFullDiskIsToldBeforeTheFileCounts(t *testing.T) {
	for _, format := range Formats() {
		t.Run(format, func(t *testing.T) {
			w, err := New(format, &full{left: 3000}, []Column{{Name: "lat"}, {Name: "lon"}}, Options{TempDir: t.TempDir()})
			if err != nil {
				t.Fatal(err)
			}
			defer w.Discard()
			for n := 0; n < 100_000 && err == nil; n++ {
				err = w.Write([]any{n * 7919, n})
			}
			if err = errors.Join(err, w.Close()); err == nil {
				t.Error("every row was said to be written")
			}
		})
	}
}
