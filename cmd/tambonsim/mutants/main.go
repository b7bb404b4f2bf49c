// Command mutants plants known bugs, one at a time, and shows that the
// simulation catches each. A mutant is a file in testdata/mutants: why a
// careful person might write it, the old text and the new. It is built with
// `go build -overlay`, so the code has no hooks for it and the tree stays as
// it is.
//
//	go run ./cmd/tambonsim/mutants                       table on the screen
//	go run ./cmd/tambonsim/mutants -starts 5 -write      also into RESULTS.md
//
// It exits with 1 if a mutant survives, or no longer fits the code.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout io.Writer) error {
	f := flag.NewFlagSet("mutants", flag.ContinueOnError)
	only := f.String("only", "", "only mutants whose name contains this")
	starts := f.Int("starts", 1, "how often to begin anew, with other seeds; the table shows the median")
	limit := f.Int("limit", 200, "histories after which a mutant has survived")
	write := f.Bool("write", false, "write the table into testdata/mutants/RESULTS.md")
	if err := f.Parse(args); err != nil {
		return err
	}
	root, err := moduleRoot(ctx)
	if err != nil {
		return err
	}
	folder := filepath.Join(root, "testdata", "mutants")
	list, err := load(folder)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "mutants-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	var verdicts []verdict
	survived := 0
	for _, m := range list {
		if !strings.Contains(m.name, *only) {
			continue
		}
		v, err := m.try(ctx, root, dir, *starts, *limit)
		if err != nil {
			return err
		}
		if v.check == "" {
			survived++
		}
		fmt.Fprintf(stdout, "%-34s %-40s %v, %.0f s\n", v.name, v.check, v.seeds, v.took.Seconds())
		verdicts = append(verdicts, v)
	}
	t := table(verdicts)
	fmt.Fprint(stdout, "\n", t)
	if *write {
		text := "# Planted bugs and what caught them\n\nWritten by `go run ./cmd/tambonsim/mutants " + strings.Join(args, " ") +
			"`. Each bug was caught by the simulation of\n`cmd/tambonsim`; the number is how many histories that took: the median, and each\nstart in brackets. A number above the limit means that it survived that start.\n\n" + t
		if err := os.WriteFile(filepath.Join(folder, "RESULTS.md"), []byte(text), 0o644); err != nil {
			return err
		}
	}
	if survived > 0 {
		return fmt.Errorf("%d of %d survived", survived, len(verdicts))
	}
	return nil
}

func moduleRoot(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("find the module: %w", err)
	}
	return filepath.Dir(strings.TrimSpace(string(out))), nil
}
