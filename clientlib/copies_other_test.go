//go:build !unix

package clientlib_test

import (
	"io/fs"
	"testing"
)

const filesHaveNumbers = false

func fileNumber(testing.TB, fs.FileInfo) string { return "" }
