// Command peers asks the Go code of the protocol what comes out of random
// records, saves, merges, moves, digests and messages, right and malformed
// ones, so that the protocol in another language can be held against it:
//
//	go run ./cmd/tambonsim/peers -seed 7 -cases 5000
//	go run ./cmd/tambonsim/peers -seed 7 -only 1234
//
// It prints one JSON object a line: seed, index, op, what went in and what came
// out; bytes are hexadecimal digits. A case depends on its seed and index only.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "peers:", err)
		}
		os.Exit(1)
	}
}

func run(args []string, stdout, stderr io.Writer) error {
	f := flag.NewFlagSet("peers", flag.ContinueOnError)
	f.SetOutput(stderr)
	seed := f.Uint64("seed", 1, "of the random cases")
	cases := f.Int("cases", 5000, "how many to print")
	only := f.Int("only", -1, "print the case of this index alone")
	if err := f.Parse(args); err != nil {
		return err
	}
	from, to := 0, *cases
	if *only >= 0 {
		from, to = *only, *only+1
	}
	w := bufio.NewWriter(stdout)
	lines := json.NewEncoder(w)
	lines.SetEscapeHTML(false)
	for i := from; i < to; i++ {
		c := newCase(*seed, i)
		c["seed"], c["index"] = *seed, i
		if err := lines.Encode(c); err != nil {
			return fmt.Errorf("case %d: %w", i, err)
		}
	}
	return w.Flush()
}
