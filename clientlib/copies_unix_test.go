//go:build unix

package clientlib_test

import (
	"fmt"
	"io/fs"
	"syscall"
	"testing"
)

// filesHaveNumbers: a store that was copied with its proof is found out before
// its first save.
const filesHaveNumbers = true

func fileNumber(t testing.TB, info fs.FileInfo) string {
	t.Helper()
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		t.Fatalf("no file number in %T", info.Sys())
	}
	return fmt.Sprint(st.Ino)
}
