package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"tambonsync/cmd/terminal"
	"tambonsync/server"
	"tambonsync/syncproto/area"
	"tambonsync/syncproto/survey"
)

func newRound() *cobra.Command {
	parent := &cobra.Command{
		Use:   "round",
		Short: "Rounds of a survey: open, close, list, carry a roster forward",
		Long: `A round is one survey of some areas: a form, an indicator set, and the reference
date on which ages are counted. A household that names no round belongs to the only
open round of its area.`,
	}
	parent.AddCommand(newRoundOpen(), newRoundList(), newRoundClose("close", false), newRoundClose("reopen", true), newRoundCarry())
	return parent
}

func newRoundOpen() *cobra.Command {
	var o options
	var r survey.Round
	var areas []string
	var from string
	c := &cobra.Command{
		Use:   "open",
		Short: "Open a round",
		Long: `open begins a round. With --from it begins with the roster of an earlier one: houses
and people without their answers, each not confirmed until an officer has seen it.`,
		Example: `  tambonsync round open --data office --form bmn-2560 --area 450303 --reference-date 2020-01-01
  tambonsync round open --data office --form bmn-2560 --area 450303 --reference-date 2021-01-01 --from 0193…`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			codes, err := parseAreas(areas)
			if err != nil {
				return err
			}
			for _, code := range codes {
				r.Areas = append(r.Areas, string(code))
			}
			return o.withStore(c, func(s *office) error {
				v, err := openRound(c.Context(), s, r, from, adminUser)
				if err != nil {
					return err
				}
				return o.print(c, v, func(w io.Writer) { printOpened(w, v, o.data) })
			})
		},
	}
	o.flags(c)
	c.Flags().StringVar(&r.Form, "form", "", "the form, such as bmn-2560 or bmn-2560@1")
	c.Flags().StringVar(&r.Set, "indicators", "", "the indicator set; default: the one written for the form")
	c.Flags().StringSliceVar(&areas, "area", nil, "the area and everything below it; may be repeated")
	c.Flags().StringVar(&r.ReferenceDate, "reference-date", "", "ages are counted on this day: 2020-01-01 (C.E.)")
	c.Flags().StringVar(&r.Title, "title", "", "a name for people")
	c.Flags().StringVar(&r.Opens, "opens", "", "first day, for people")
	c.Flags().StringVar(&r.Closes, "closes", "", "last day, for people")
	c.Flags().StringVar(&from, "from", "", "begin with the roster of this round")
	for _, f := range []string{"form", "area", "reference-date"} {
		if err := c.MarkFlagRequired(f); err != nil {
			panic(err) // the flags were added above
		}
	}
	return c
}

// openRound opens a round as a person at the desk asks for it.
func openRound(ctx context.Context, s *office, r survey.Round, from, user string) (server.RoundView, error) {
	rounds, err := server.ReadRounds(ctx, s)
	if err != nil {
		return server.RoundView{}, err
	}
	catalog, err := s.forms(ctx)
	if err != nil {
		return server.RoundView{}, err
	}
	plan, err := server.PlanRound(catalog, rounds, r, from)
	switch {
	case errors.Is(err, server.ErrNotFound):
		return server.RoundView{}, &terminal.Exit{Code: terminal.ExitNotFound, Err: fmt.Errorf("%w; see: tambonsync form list, tambonsync round list", err)}
	case err != nil:
		return server.RoundView{}, terminal.Input("%w", err)
	}
	return plan.Open(ctx, s, user, rand.Reader, time.Now().UnixMilli())
}

func printOpened(w io.Writer, v server.RoundView, data string) {
	say(w, "เปิดรอบ %s แล้ว: %s", "Round %s is open: %s", v.ID, v.Title)
	say(w, "แบบ %s ตัวชี้วัด %s พื้นที่ %s นับอายุ ณ %s", "Form %s, indicators %s, areas %s, ages as of %s", v.Form, v.Set, strings.Join(v.Areas, " "), v.ReferenceDate)
	if v.Carried > 0 {
		say(w, "นำทะเบียนเดิมมา %d รายการ รอยืนยันในพื้นที่", "%d records of the earlier roster are in it, to be confirmed in the field.", v.Carried)
	}
	if v.Kept > 0 {
		say(w, "%d รายการของรอบก่อนยังอยู่ในรอบเดิม", "%d records stay in the round that they were in.", v.Kept)
	}
	say(w, "ต่อไป: tambonsync summary --data %s --area %s --round %s", "Next: tambonsync summary --data %s --area %s --round %s", data, v.Areas[0], v.ID)
}

// findRound finds a round by its id or the beginning of it.
func findRound(ctx context.Context, s *office, id string) (survey.Round, error) {
	rounds, err := server.ReadRounds(ctx, s)
	if err != nil {
		return survey.Round{}, err
	}
	r, err := server.FindRound(rounds, id)
	switch {
	case errors.Is(err, server.ErrNotFound):
		return r, &terminal.Exit{Code: terminal.ExitNotFound, Err: fmt.Errorf("%w; see: tambonsync round list", err)}
	case err != nil:
		return r, terminal.Input("%w", err)
	}
	return r, nil
}

// chooseRound finds the round that was named, or the only open one of an area,
// or the only one.
func chooseRound(ctx context.Context, s *office, id string, code area.Code) (survey.Round, error) {
	if id != "" {
		return findRound(ctx, s, id)
	}
	rounds, err := server.ReadRounds(ctx, s)
	if err != nil {
		return survey.Round{}, err
	}
	var open, all []survey.Round
	for _, r := range rounds {
		if code != "" && !r.Overlaps(string(code)) {
			continue
		}
		if all = append(all, r); r.Open {
			open = append(open, r)
		}
	}
	if len(open) == 1 {
		return open[0], nil
	}
	if len(all) == 1 {
		return all[0], nil
	}
	if len(all) == 0 {
		return survey.Round{}, &terminal.Exit{Code: terminal.ExitNotFound, Err: fmt.Errorf("no round surveys %s; open one: tambonsync round open", code)}
	}
	return survey.Round{}, terminal.Input("%d rounds survey %s: name one with --round; see: tambonsync round list", len(all), code)
}

func newRoundList() *cobra.Command {
	var o options
	c := &cobra.Command{
		Use:     "list",
		Short:   "List rounds, the newest last",
		Example: "  tambonsync round list --data office",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return o.withStore(c, func(s *office) error {
				rounds, err := server.ReadRounds(c.Context(), s)
				if err != nil {
					return err
				}
				views := []server.RoundView{}
				for _, r := range rounds {
					views = append(views, server.NewRoundView(r))
				}
				return o.print(c, views, func(w io.Writer) {
					t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
					fmt.Fprintln(t, "ROUND\tSTATE\tFORM\tAREAS\tREFERENCE\tTITLE")
					for _, v := range views {
						fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", v.ID, v.State, v.Form, strings.Join(v.Areas, " "), v.ReferenceDate, v.Title)
					}
					_ = t.Flush()
				})
			})
		},
	}
	o.flags(c)
	return c
}

func newRoundClose(verb string, open bool) *cobra.Command {
	var o options
	var user string
	c := &cobra.Command{
		Use:     verb + " ROUND",
		Short:   map[bool]string{false: "Close a round: new households no longer go to it by themselves", true: "Open a closed round again"}[open],
		Example: "  tambonsync round " + verb + " 0193… --data office",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return o.withStore(c, func(s *office) error {
				r, err := findRound(c.Context(), s, args[0])
				if err != nil {
					return err
				}
				v, err := server.OpenOrCloseRound(c.Context(), s, r, open, user, time.Now().UnixMilli())
				if err != nil {
					return err
				}
				return o.print(c, v, func(w io.Writer) { say(w, "รอบ %s: %s", "Round %s is %s.", v.ID, v.State) })
			})
		},
	}
	o.flags(c)
	c.Flags().StringVar(&user, "user", adminUser, "the person who decides")
	return c
}

func newRoundCarry() *cobra.Command {
	var o options
	var user string
	c := &cobra.Command{
		Use:   "carry ROUND",
		Short: "Carry the earlier roster forward again: what came since, or what broke off",
		Long: `carry goes through the roster of the round that ROUND was opened from, and adds what
is not there yet. Doing it twice adds nothing.`,
		Example: "  tambonsync round carry 0193… --data office",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return o.withStore(c, func(s *office) error {
				r, err := findRound(c.Context(), s, args[0])
				if err != nil {
					return err
				}
				if r.Previous == "" {
					return terminal.Input("round %s was not opened from an earlier one", r.ID)
				}
				from, err := findRound(c.Context(), s, r.Previous)
				if err != nil {
					return err
				}
				catalog, err := s.forms(c.Context())
				if err != nil {
					return err
				}
				v := server.NewRoundView(r)
				if v.Carried, err = server.CarryForward(c.Context(), s, catalog, from, r, user, time.Now().UnixMilli()); err != nil {
					return err
				}
				return o.print(c, v, func(w io.Writer) {
					say(w, "นำทะเบียนเดิมมาเพิ่ม %d รายการ", "%d records of the earlier roster were added.", v.Carried)
				})
			})
		},
	}
	o.flags(c)
	c.Flags().StringVar(&user, "user", adminUser, "the person who decides")
	return c
}
