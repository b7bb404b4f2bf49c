// Command tambonsync is the office: it keeps the merged records of its areas
// and answers the tablets that sync with it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tambonsync/cmd/terminal"
	"tambonsync/server"
	"tambonsync/server/store"
	"tambonsync/syncproto/area"
	"tambonsync/syncproto/survey"
)

func main() { terminal.Main(newRoot(), exitCode) }

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "tambonsync",
		Short: "The office that tablets sync with / สำนักงานที่แท็บเล็ตซิงค์ข้อมูลด้วย",
		Long: `tambonsync keeps an office's merged survey records in one data folder and
answers the tablets that sync with it. Commands may be used while it serves.

` + terminal.ExitHelp,
		Example: `  tambonsync init --data office
  tambonsync serve --data office --listen 0.0.0.0:8080
  tambonsync invite --data office --area 450303 --officer "ผู้จัดเก็บ 1"
  tambonsync cases --data office
  tambonsync backup --data office --to office-backup.db`,
	}
	root.AddCommand(newInit(), newServe(), newDemo(), newInvite(), newDevice(), newUser(), newCases(), newResolve(),
		newRecords(), newQuarantine(), newForm(), newRound(), newArea(), newHousehold(),
		newSummary(), newAnalysis(), newExport(), newExports(), newVillage(),
		newBackup(), newRestore(), newVerify())
	terminal.Setup(root)
	return root
}

func exitCode(err error) int {
	switch {
	case errors.Is(err, server.ErrNotFound):
		return terminal.ExitNotFound
	case errors.Is(err, server.ErrConflict):
		return terminal.ExitInput
	}
	return terminal.ExitOK
}

// options are the flags that many commands share.
type options struct {
	data string
	json bool
}

// dataVariable names the office's data folder for commands that lack --data.
const dataVariable = "TAMBONSYNC_DATA"

func (o *options) flags(c *cobra.Command) {
	o.optionalFlags(c)
	if os.Getenv(dataVariable) != "" {
		return
	}
	if err := c.MarkFlagRequired("data"); err != nil {
		panic(err) // the flag was added above
	}
}

// optionalFlags is flags for a command that can do without an office.
func (o *options) optionalFlags(c *cobra.Command) {
	c.Flags().StringVar(&o.data, "data", os.Getenv(dataVariable), "the office's data folder; default: $"+dataVariable)
	c.Flags().BoolVar(&o.json, "json", false, "print JSON")
}

// office is an open data folder.
type office struct {
	*store.Store
	dir string
}

// forms reads the office's forms and indicator sets, for the commands that show
// or judge records.
func (s *office) forms(ctx context.Context) (*survey.Catalog, error) {
	return server.LoadCatalog(ctx, s, false)
}

// withStore opens the data folder, runs f and closes it.
func (o *options) withStore(c *cobra.Command, f func(*office) error) (err error) {
	s, err := store.Open(c.Context(), o.data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return f(&office{Store: s, dir: o.data})
}

// print writes v as JSON, or calls plain for people.
func (o *options) print(c *cobra.Command, v any, plain func(w io.Writer)) error {
	if o.json {
		return terminal.JSON(c.OutOrStdout(), v)
	}
	plain(c.OutOrStdout())
	return nil
}

// parseAreas reads area codes given as flags, separated by commas or repeated.
func parseAreas(list []string) ([]area.Code, error) {
	var out []area.Code
	for _, s := range list {
		code, err := area.Parse(strings.TrimSpace(s))
		if err != nil {
			return nil, terminal.Input("--area: %w", err)
		}
		listed := code
		if code.Level() == area.LevelVillage {
			listed = code.Tambon()
		}
		if _, ok := area.Lookup(listed); !ok {
			return nil, terminal.Input("--area %s: there is no such %s in the list of areas", code, listed.Level())
		}
		out = append(out, code)
	}
	if len(out) == 0 {
		return nil, terminal.Input("give at least one --area, such as 450303")
	}
	return out, nil
}

// when shows a time in ms for people; 0 is never.
func when(ms int64) string {
	if ms == 0 {
		return "-"
	}
	return time.UnixMilli(ms).Format("2006-01-02 15:04")
}

// stamp shows a time in ms as RFC 3339; 0 is "".
func stamp(ms int64) string {
	if ms == 0 {
		return ""
	}
	return time.UnixMilli(ms).UTC().Format(time.RFC3339)
}

func say(w io.Writer, th, en string, args ...any) {
	fmt.Fprintf(w, terminal.Say(th, en)+"\n", args...)
}
