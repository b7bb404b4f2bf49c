//go:build unix

package clientlib

import (
	"os"
	"strconv"
	"syscall"
)

// fileIdentity tells a file from a copy of it: its number in the file system.
func fileIdentity(path string) string {
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
