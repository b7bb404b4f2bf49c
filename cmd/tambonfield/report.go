package main

import (
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"tambonsync/clientlib"
	"tambonsync/cmd/terminal"
	"tambonsync/syncproto/area"
	"tambonsync/syncproto/survey"
)

func newReport() *cobra.Command {
	var o options
	var village, round string
	c := &cobra.Command{
		Use:   "report",
		Short: "The indicators of a village from what this device holds, without a network",
		Long: `report sums up the households of a village, or of a wider area that this device
works in. It needs no network. The office's summary of the same area is the same once
every tablet has synced; "as of" and "unsent" say how far that is.`,
		Example: `  tambonfield report --store tablet.db --village 45030301
  tambonfield report --store tablet.db --village 45030301 --json`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			code, err := area.Parse(village)
			if err != nil {
				return terminal.Input("--village: %w", err)
			}
			return o.withStore(c, func(s *device) error {
				sum, err := s.Report(c.Context(), code, round)
				if err != nil {
					return err
				}
				return o.print(c, sum, func(w io.Writer) { terminal.PrintSummary(w, sum) })
			})
		},
	}
	o.flags(c)
	c.Flags().StringVar(&village, "village", "", "the village, 8 digits, or a wider area")
	c.Flags().StringVar(&round, "round", "", "the round; default: the only open one of the area")
	if err := c.MarkFlagRequired("village"); err != nil {
		panic(err) // the flag was added above
	}
	return c
}

// judgedView is what indicators prints of a household.
type judgedView struct {
	ID         string           `json:"id"`
	Area       area.Code        `json:"area"`
	State      survey.State     `json:"state"`
	Complete   bool             `json:"complete"`
	Missing    []string         `json:"missing"`
	Problems   []survey.Problem `json:"problems"`
	Indicators []survey.Outcome `json:"indicators"`
	Level      int              `json:"level,omitempty"`
}

func newIndicators() *cobra.Command {
	var o options
	c := &cobra.Command{
		Use:     "indicators ID",
		Short:   "Which indicators a household passes and fails, and why",
		Example: "  tambonfield indicators --store tablet.db 0193…",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			id, err := parseID(args[0])
			if err != nil {
				return err
			}
			return o.withStore(c, func(s *device) error {
				h, err := s.Judge(c.Context(), id)
				if err != nil {
					return err
				}
				v := newJudgedView(h)
				return o.print(c, v, func(w io.Writer) { printJudged(w, v) })
			})
		},
	}
	o.flags(c)
	return c
}

func newJudgedView(h clientlib.HouseholdReport) judgedView {
	v := judgedView{
		ID: h.Record.String(), Area: h.Area, State: h.State, Complete: h.Review.Complete(), Indicators: h.Outcome.Outcomes, Level: h.Outcome.Level,
		Missing: append([]string{}, h.Review.Missing...), Problems: append([]survey.Problem{}, h.Review.Problems...),
	}
	for kind, list := range h.Review.Children {
		for i, child := range list {
			for _, q := range child.Missing {
				v.Missing = append(v.Missing, fmt.Sprintf("%s %d: %s", kind, i+1, q))
			}
			v.Problems = append(v.Problems, child.Problems...)
		}
	}
	return v
}

func printJudged(w io.Writer, v judgedView) {
	words := map[survey.Verdict]string{
		survey.Pass: terminal.Say("✓ ผ่าน", "✓ pass"), survey.Fail: terminal.Say("✗ ตกเกณฑ์", "✗ fail"),
		survey.NA: terminal.Say("– ไม่มีผู้เกี่ยวข้อง", "– n/a"), survey.Unanswered: terminal.Say("? ยังไม่ตอบ", "? unanswered"),
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, x := range v.Indicators {
		fmt.Fprintf(t, "%d\t%s\t%s\n", x.No, words[x.Verdict], terminal.Say(x.Reason.TH, x.Reason.EN))
	}
	_ = t.Flush()
	if len(v.Missing) > 0 {
		say(w, "ยังขาด %d ข้อ", "%d answers are missing", len(v.Missing))
	}
}

func newState() *cobra.Command {
	var o options
	var note, user string
	c := &cobra.Command{
		Use:   "state ID submitted|none",
		Short: "Hand a finished household in, or take that back; works without a network",
		Example: `  tambonfield state --store tablet.db 0193… submitted
  tambonfield state --store tablet.db 0193… none`,
		Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			id, err := parseID(args[0])
			if err != nil {
				return err
			}
			state := args[1]
			if state == "none" {
				state = ""
			}
			return o.withStore(c, func(s *device) error {
				if err := s.SetState(c.Context(), id, state, note, nil, user); err != nil {
					return err
				}
				return o.print(c, map[string]any{"id": args[0], "state": state}, func(w io.Writer) {
					say(w, "บันทึกแล้ว ซิงค์เพื่อส่งให้สำนักงาน", "Saved. Sync to send it to the office.")
				})
			})
		},
	}
	o.flags(c)
	c.Flags().StringVar(&note, "note", "", "a sentence for the supervisor")
	c.Flags().StringVar(&user, "user", "", "who (default: the device's officer)")
	return c
}

// roundView is what rounds prints.
type roundView struct {
	ID            string   `json:"id"`
	Title         string   `json:"title"`
	Form          string   `json:"form"`
	Set           string   `json:"set"`
	Areas         []string `json:"areas"`
	ReferenceDate string   `json:"reference_date"`
	Open          bool     `json:"open"`
}

func newRounds() *cobra.Command {
	var o options
	c := &cobra.Command{
		Use:     "rounds",
		Short:   "The rounds that this device knows",
		Example: "  tambonfield rounds --store tablet.db",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return o.withStore(c, func(s *device) error {
				list, err := s.KnownRounds(c.Context())
				if err != nil && !errors.Is(err, clientlib.ErrNotFound) {
					return err
				}
				views := []roundView{}
				for _, r := range list {
					views = append(views, roundView{r.ID, r.Title, r.Form, r.Set, r.Areas, r.ReferenceDate, r.Open})
				}
				return o.print(c, views, func(w io.Writer) {
					for _, v := range views {
						fmt.Fprintf(w, "%s  %s  %s  %v\n", v.ID, v.Form, v.Title, map[bool]string{true: "open", false: "closed"}[v.Open])
					}
					if len(views) == 0 {
						say(w, "ยังไม่รู้จักรอบสำรวจใด ซิงค์ก่อน", "No round is known here yet: sync.")
					}
				})
			})
		},
	}
	o.flags(c)
	return c
}
