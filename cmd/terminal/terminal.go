// Package terminal is what the two programs have in common on a terminal: exit
// codes, JSON output, summaries, and sentences in Thai or English. It knows
// nothing of records, stores or networks.
package terminal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// The exit codes of both programs.
const (
	ExitOK       = 0
	ExitFailure  = 1 // something broke: disk, database, a bug
	ExitInput    = 2 // wrong flags or wrong input; nothing was changed
	ExitNotFound = 3 // no such record, device, case or file
	ExitOffline  = 4 // the office cannot be reached; nothing is lost, try again
	ExitRefused  = 5 // the office refuses: not enrolled, locked out, invitation used
	ExitDamaged  = 6 // verify found something wrong
)

// ExitHelp is the part of every program's help that explains the exit codes.
const ExitHelp = `Exit codes: 0 done · 1 failure · 2 wrong input, nothing changed · 3 not found ·
4 office cannot be reached, try again · 5 office refuses · 6 verify found damage.
Language of the sentences: TAMBONSYNC_LANG=th (default) or en.`

// Exit is an error that ends the program with a certain code.
type Exit struct {
	Code int
	Err  error
}

func (e *Exit) Error() string { return e.Err.Error() }

func (e *Exit) Unwrap() error { return e.Err }

// Input marks an error as the caller's.
func Input(format string, args ...any) error {
	return &Exit{ExitInput, fmt.Errorf(format, args...)}
}

// Main runs the program until it ends or is told to stop, and exits. code maps
// the errors of the program's own packages; 0 means that it has no opinion.
func Main(root *cobra.Command, code func(error) int) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := root.ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(root.ErrOrStderr(), root.Name()+": "+err.Error())
		os.Exit(exitCode(err, code))
	}
}

func exitCode(err error, code func(error) int) int {
	var e *Exit
	if errors.As(err, &e) {
		return e.Code
	}
	if c := code(err); c != ExitOK {
		return c
	}
	if errors.Is(err, os.ErrNotExist) {
		return ExitNotFound
	}
	return ExitFailure
}

// Setup gives a root command what every program has: no usage text after an
// error of the work itself, and wrong flags answered with ExitInput.
func Setup(root *cobra.Command) {
	root.SilenceUsage, root.SilenceErrors = true, true
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return Input("%w\nsee: %s --help", err, c.CommandPath())
	})
	wrapArgs(root)
}

// wrapArgs turns a wrong number of arguments into ExitInput, everywhere.
func wrapArgs(c *cobra.Command) {
	if check := c.Args; check != nil {
		c.Args = func(c *cobra.Command, args []string) error {
			if err := check(c, args); err != nil {
				return Input("%w\nsee: %s --help", err, c.CommandPath())
			}
			return nil
		}
	}
	for _, sub := range c.Commands() {
		wrapArgs(sub)
	}
}

// JSON prints v on one line, in UTF-8 as it is.
func JSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}

// Say chooses between a Thai and an English sentence: Thai, unless
// TAMBONSYNC_LANG is en.
func Say(th, en string) string {
	if os.Getenv("TAMBONSYNC_LANG") == "en" {
		return en
	}
	return th
}

// ParseJSON reads the value of a flag that takes JSON.
func ParseJSON(flag, text string) (any, error) {
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		return nil, Input(`%s %q is not JSON: %w; write text in quotes inside quotes, as in --%s '"12/4"'`, flag, text, err, flag)
	}
	return v, nil
}
