package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tambonsync/cmd/terminal"
	"tambonsync/server"
	"tambonsync/server/analysis"
	"tambonsync/server/export"
	"tambonsync/server/tables"
)

func newExport() *cobra.Command {
	var o options
	var p where
	var q export.Request
	var out, user, reason string
	c := &cobra.Command{
		Use:   "export",
		Short: "Write households, persons or sums to CSV, XLSX, GeoJSON or Parquet",
		Long: `export writes one row a household (--what households), one a person (persons), or one
an area and indicator (summary). Without --personal a file has no names, identifiers,
religion, health, dates of birth, free text or pictures, and positions are rounded to
about a kilometre. Every export is noted with who, what and why; --open leaves small
numbers out of a summary that goes to the public.`,
		Example: `  tambonsync export --data office --area 450303 --round 0193… --format csv --out households.csv
  tambonsync export --data office --area 4503 --what summary --open --format xlsx --out summary.xlsx
  tambonsync export --data office --area 450303 --what persons --personal --reason "ส่งจังหวัด" --format parquet --out persons.parquet`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if q.Format == "" {
				q.Format = strings.TrimPrefix(strings.ToLower(filepath.Ext(out)), ".")
			}
			if q.Personal && strings.TrimSpace(reason) == "" {
				return terminal.Input("--personal gives out names and identifiers: say what for with --reason, which is noted")
			}
			return o.withAnalysis(c, func(s *office, a *analysis.Analysis) error {
				var err error
				if q.Area, _, q.Round, err = p.find(c, s); err != nil {
					return err
				}
				rows, err := exportFile(c, s, a, q, out, user, reason)
				if err != nil {
					return err
				}
				return o.print(c, map[string]any{"file": out, "rows": rows, "format": q.Format, "what": q.What, "personal": q.Personal}, func(w io.Writer) {
					say(w, "เขียน %d แถวลง %s แล้ว", "%d rows are in %s.", rows, out)
				})
			})
		},
	}
	o.flags(c)
	p.flags(c)
	c.Flags().StringVar(&q.What, "what", server.ExportHouseholds, "households, persons, summary, or a record type below")
	c.Flags().StringVar(&q.Format, "format", "", strings.Join(tables.Formats(), ", ")+"; default: the ending of --out")
	c.Flags().BoolVar(&q.Personal, "personal", false, "with names, identifiers, religion, health and exact positions; needs --reason")
	c.Flags().BoolVar(&q.Open, "open", false, "for the public: leave small numbers out of a summary")
	c.Flags().StringVar(&out, "out", "", "the file to write")
	c.Flags().StringVar(&user, "user", adminUser, "who takes it")
	c.Flags().StringVar(&reason, "reason", "", "what for; noted")
	if err := c.MarkFlagRequired("out"); err != nil {
		panic(err) // the flag was added above
	}
	return c
}

// exportFile writes the file whole or not at all, and notes the export first:
// what left the office is known even if the computer stops.
func exportFile(c *cobra.Command, s *office, a *analysis.Analysis, q export.Request, out, user, reason string) (rows int64, err error) {
	note := server.ExportEntry{
		At: time.Now().UnixMilli(), User: user, From: "tambonsync export", Area: q.Area, Round: q.Round,
		Format: q.Format, What: q.What, Personal: q.Personal, Reason: reason,
	}
	x := &export.Exporter{Store: s, Analysis: a}
	err = tables.WriteFile(out, func(w io.Writer) error {
		if rows, err = x.Export(c.Context(), q, w); err != nil {
			return err
		}
		note.Rows = rows
		return s.LogExport(c.Context(), note)
	})
	return rows, err
}

func newExports() *cobra.Command {
	var o options
	var limit int
	c := &cobra.Command{
		Use:     "exports",
		Short:   "What was exported: by whom, when, what for; the newest first",
		Example: "  tambonsync exports --data office",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return o.withStore(c, func(s *office) error {
				list, err := s.Exports(c.Context(), limit)
				if err != nil {
					return err
				}
				type exported struct {
					At       string `json:"at"`
					User     string `json:"user"`
					From     string `json:"from"`
					Area     string `json:"area"`
					Round    string `json:"round"`
					Format   string `json:"format"`
					What     string `json:"what"`
					Personal bool   `json:"personal"`
					Reason   string `json:"reason"`
					Rows     int64  `json:"rows"`
				}
				views := []exported{}
				for _, e := range list {
					views = append(views, exported{
						stamp(e.At), e.User, e.From, string(e.Area), e.Round.String(), e.Format, e.What, e.Personal, e.Reason, e.Rows,
					})
				}
				return o.print(c, views, func(w io.Writer) {
					for _, v := range views {
						fmt.Fprintf(w, "%s  %-10s %-10s %-8s %8d  %s  personal=%v  %s\n", v.At, v.User, v.What, v.Format, v.Rows, v.Area, v.Personal, v.Reason)
					}
				})
			})
		},
	}
	o.flags(c)
	c.Flags().IntVar(&limit, "limit", 100, "at most so many")
	return c
}
