// Command tambonsim plays seasons of field work with the real device store and
// the real office over a network that fails, and checks that nothing is lost.
//
//	tambonsim -seed 17              replay one history and print what happens
//	tambonsim -histories 500        play many; exit 1 at the first broken promise
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"time"

	"tambonsync/cmd/tambonsim/sim"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "tambonsim:", err)
		}
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	f := flag.NewFlagSet("tambonsim", flag.ContinueOnError)
	f.SetOutput(stderr)
	seed := f.Uint64("seed", 0, "replay the history of this seed and print what happens")
	histories := f.Int("histories", 0, "how many histories to play")
	from := f.Uint64("from", 1, "seed of the first one")
	workers := f.Int("workers", runtime.GOMAXPROCS(0), "histories at a time")
	if err := f.Parse(args); err != nil {
		return err
	}
	if *histories > 0 {
		return many(ctx, stdout, *from, *histories, *workers)
	}
	report, err := sim.Run(ctx, *seed, stdout)
	fmt.Fprint(stdout, report)
	return err
}

func many(ctx context.Context, stdout io.Writer, from uint64, n, workers int) error {
	begun := time.Now()
	report, err := sim.RunMany(ctx, from, n, workers)
	took := time.Since(begun)
	fmt.Fprint(stdout, report)
	fmt.Fprintf(stdout, "%.1f s, %.1f histories a second\n", took.Seconds(), float64(report.Histories)/took.Seconds())
	var broken *sim.Failure
	if errors.As(err, &broken) {
		fmt.Fprintf(stdout, "BROKEN %s\n  %s\n  replay: go run ./cmd/tambonsim -seed %d\n", broken.Check, broken.Error(), broken.Seed)
	}
	return err
}
