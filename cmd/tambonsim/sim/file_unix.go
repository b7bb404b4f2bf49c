//go:build unix

package sim

import (
	"os"
	"strconv"
	"syscall"
)

// fileNumber is a file's number in the file system.
func fileNumber(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return ""
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	return strconv.FormatUint(st.Ino, 10)
}
