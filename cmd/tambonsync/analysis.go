package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"tambonsync/cmd/terminal"
	"tambonsync/server"
	"tambonsync/server/analysis"
	"tambonsync/server/store"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
	"tambonsync/syncproto/survey"
)

// withAnalysis opens the office and its derived tables, brings them up to date
// and runs f. It may be used while the office serves.
func (o *options) withAnalysis(c *cobra.Command, f func(*office, *analysis.Analysis) error) error {
	return o.withStore(c, func(s *office) (err error) {
		a, err := openAnalysis(c.Context(), s.Store, s.dir)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, a.Close()) }()
		if _, err := a.CatchUp(c.Context()); err != nil {
			return err
		}
		return f(s, a)
	})
}

func openAnalysis(ctx context.Context, s *store.Store, dir string) (*analysis.Analysis, error) {
	who, err := s.Office(ctx)
	if err != nil {
		return nil, err
	}
	return analysis.Open(ctx, dir, s, who.Pepper)
}

// where are the flags of commands about an area in a round.
type where struct {
	area  string
	round string
}

func (p *where) flags(c *cobra.Command) {
	c.Flags().StringVar(&p.area, "area", "", "the area and everything below it")
	c.Flags().StringVar(&p.round, "round", "", "the round; default: the only open one of the area")
}

// find reads the flags.
func (p *where) find(c *cobra.Command, s *office) (area.Code, survey.Round, syncproto.RecordID, error) {
	var code area.Code
	if p.area != "" {
		codes, err := parseAreas([]string{p.area})
		if err != nil {
			return "", survey.Round{}, syncproto.RecordID{}, err
		}
		code = codes[0]
	}
	r, err := chooseRound(c.Context(), s, p.round, code)
	if err != nil {
		return "", survey.Round{}, syncproto.RecordID{}, err
	}
	id, err := syncproto.ParseRecordID(r.ID)
	return code, r, id, err
}

func newSummary() *cobra.Command {
	var o options
	var p where
	var gov string
	var below, live bool
	c := &cobra.Command{
		Use:   "summary",
		Short: "The indicators of an area: how many they apply to, pass and fail",
		Long: `summary adds up every household that has a verdict, complete or not; how many are
complete stands beside it. Certified villages count with their frozen numbers.`,
		Example: `  tambonsync summary --data office --area 450303
  tambonsync summary --data office --area 450303 --round 0193… --json
  tambonsync summary --data office --area 450303 --below
  tambonsync summary --data office --local-gov 06450501 --round 0193…`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return o.withAnalysis(c, func(s *office, a *analysis.Analysis) error {
				code, _, round, err := p.find(c, s)
				if err != nil {
					return err
				}
				if below {
					list, err := a.Breakdown(c.Context(), code, round)
					if err != nil {
						return err
					}
					return o.print(c, list, func(w io.Writer) { printBelow(w, list) })
				}
				var sum survey.Summary
				switch {
				case gov != "":
					sum, err = a.SummaryOfLocalGov(c.Context(), gov, round)
				case live:
					sum, err = a.Live(c.Context(), code, round)
				default:
					sum, err = a.Summary(c.Context(), code, round)
				}
				if err != nil {
					return err
				}
				if sum.Outstanding, err = server.LookOutstanding(c.Context(), s, code, time.Now().UnixMilli()); err != nil {
					return err
				}
				return o.print(c, sum, func(w io.Writer) { terminal.PrintSummary(w, sum) })
			})
		},
	}
	o.flags(c)
	p.flags(c)
	c.Flags().StringVar(&gov, "local-gov", "", "the villages of a local government body, by its code")
	c.Flags().BoolVar(&below, "below", false, "a line for each area one level below")
	c.Flags().BoolVar(&live, "live", false, "of a certified village: as its answers are now, not as frozen")
	return c
}

func printBelow(w io.Writer, list []survey.Summary) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, terminal.Say("รหัส\tพื้นที่\tครัวเรือน\tครบ\tตัวชี้วัดที่มีผู้ตกเกณฑ์\tรับรอง", "CODE\tAREA\tHOUSEHOLDS\tCOMPLETE\tFAILING INDICATORS\tCERTIFIED"))
	for _, s := range list {
		failing := 0
		for _, l := range s.Indicators {
			if l.Failed > 0 {
				failing++
			}
		}
		fmt.Fprintf(t, "%s\t%s\t%d\t%d\t%d\t%d\n", s.Area, s.AreaName, s.Households.Total, s.Households.Complete, failing, s.Certified)
	}
	_ = t.Flush()
}

func newAnalysis() *cobra.Command {
	parent := &cobra.Command{Use: "analysis", Short: "The derived tables: rebuild, compare, see what needs a look"}
	parent.AddCommand(newRebuild(), newDuplicates(), newQuality())
	return parent
}

func newRebuild() *cobra.Command {
	var o options
	var check bool
	c := &cobra.Command{
		Use:   "rebuild",
		Short: "Make the derived tables anew from the records, or compare",
		Long: `rebuild drops the derived tables and makes them again. With --check it makes them
beside the live ones and compares row by row; it exits 0 only if they are equal.`,
		Example: "  tambonsync analysis rebuild --data office --check",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return o.withAnalysis(c, func(_ *office, a *analysis.Analysis) error {
				if !check {
					if err := a.Rebuild(c.Context()); err != nil {
						return err
					}
					return o.print(c, map[string]any{"rebuilt": true}, func(w io.Writer) {
						say(w, "สร้างตารางสรุปใหม่แล้ว", "The derived tables are made anew.")
					})
				}
				equal, differences, err := a.Check(c.Context())
				if err != nil {
					return err
				}
				if differences == nil {
					differences = []string{}
				}
				if err := o.print(c, map[string]any{"equal": equal, "differences": differences}, func(w io.Writer) {
					for _, d := range differences {
						fmt.Fprintln(w, d)
					}
					if equal {
						say(w, "ตารางสรุปตรงกับการสร้างใหม่ทุกแถว", "The derived tables equal a rebuild, row by row.")
					}
				}); err != nil {
					return err
				}
				if !equal {
					return &terminal.Exit{Code: terminal.ExitDamaged, Err: fmt.Errorf("%d differences: make the tables anew with: tambonsync analysis rebuild --data %s", len(differences), o.data)}
				}
				return nil
			})
		},
	}
	o.flags(c)
	c.Flags().BoolVar(&check, "check", false, "change nothing, compare; exit 6 if they differ")
	return c
}

// duplicateView is what analysis duplicates prints of each case.
type duplicateView struct {
	ID      string   `json:"id"`
	Kind    string   `json:"kind"`
	Round   string   `json:"round"`
	Count   int      `json:"count"`
	Records []string `json:"records"`
	Areas   []string `json:"areas"`
}

func newDuplicates() *cobra.Command {
	var o options
	var p where
	c := &cobra.Command{
		Use:   "duplicates",
		Short: "Households and people that seem to be recorded twice in a round",
		Example: `  tambonsync analysis duplicates --data office --area 450303
  tambonsync household merge ID --into ID --data office`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return o.withAnalysis(c, func(s *office, a *analysis.Analysis) error {
				code, _, round, err := p.find(c, s)
				if err != nil {
					return err
				}
				list, err := a.Duplicates(c.Context(), analysis.DuplicateFilter{Round: round, Area: code})
				if err != nil {
					return err
				}
				views := []duplicateView{}
				for _, d := range list {
					v := duplicateView{ID: d.ID, Kind: d.Kind, Round: d.Round.String(), Count: d.N}
					for _, m := range d.Records {
						v.Records, v.Areas = append(v.Records, m.ID.String()), append(v.Areas, string(m.Area))
					}
					views = append(views, v)
				}
				return o.print(c, views, func(w io.Writer) {
					for _, v := range views {
						fmt.Fprintf(w, "%s  %s  ×%d\n", v.ID, v.Kind, v.Count)
						for i := range v.Records {
							fmt.Fprintf(w, "    %s  %s\n", v.Records[i], v.Areas[i])
						}
					}
					if len(views) == 0 {
						say(w, "ไม่พบรายการซ้ำ", "Nothing seems to be recorded twice.")
					}
				})
			})
		},
	}
	o.flags(c)
	p.flags(c)
	return c
}

// qualityView is what analysis quality prints.
type qualityView struct {
	Counts  map[string]int `json:"counts"` // by code
	Flags   []flagView     `json:"flags"`
	Orphans []orphanView   `json:"orphans"`
}

type flagView struct {
	Record   string `json:"record"`
	Area     string `json:"area"`
	Code     string `json:"code"`
	Question string `json:"question,omitempty"`
}

type orphanView struct {
	Record string `json:"record"`
	Type   string `json:"type"`
	Area   string `json:"area"`
	Why    string `json:"why"`
}

func newQuality() *cobra.Command {
	var o options
	var p where
	c := &cobra.Command{
		Use:     "quality",
		Short:   "What somebody should look at: odd answers, people without a household",
		Example: "  tambonsync analysis quality --data office --area 450303",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return o.withAnalysis(c, func(s *office, a *analysis.Analysis) error {
				code, _, round, err := p.find(c, s)
				if err != nil {
					return err
				}
				v := qualityView{Flags: []flagView{}, Orphans: []orphanView{}}
				if v.Counts, err = a.CountFlags(c.Context(), round, code); err != nil {
					return err
				}
				flags, err := a.Flags(c.Context(), analysis.FlagFilter{Round: round, Area: code})
				if err != nil {
					return err
				}
				for _, f := range flags {
					v.Flags = append(v.Flags, flagView{f.Record.String(), string(f.Area), f.Code, f.Question})
				}
				orphans, err := a.Orphans(c.Context(), analysis.OrphanFilter{Area: code})
				if err != nil {
					return err
				}
				for _, x := range orphans {
					v.Orphans = append(v.Orphans, orphanView{x.ID.String(), x.Type, string(x.Area), x.Why})
				}
				return o.print(c, v, func(w io.Writer) { printQuality(w, v) })
			})
		},
	}
	o.flags(c)
	p.flags(c)
	return c
}

func printQuality(w io.Writer, v qualityView) {
	for _, f := range v.Flags {
		fmt.Fprintf(w, "%s  %s  %-28s %s\n", f.Area, f.Record, f.Code, f.Question)
	}
	for _, x := range v.Orphans {
		fmt.Fprintf(w, "%s  %s  %-28s %s\n", x.Area, x.Record, "orphan: "+x.Why, x.Type)
	}
	n := 0
	for _, k := range v.Counts {
		n += k
	}
	say(w, "จุดที่ควรตรวจ %d · ระเบียนไม่มีครัวเรือน %d", "%d points to look at · %d records without a household", n, len(v.Orphans))
}
