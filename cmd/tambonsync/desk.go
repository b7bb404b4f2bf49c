package main

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"tambonsync/cmd/terminal"
	"tambonsync/server"
	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
	"tambonsync/syncproto/survey"
	"tambonsync/syncproto/view"
)

// caseView is what cases prints of each case.
type caseView struct {
	ID       string        `json:"id"`
	Record   string        `json:"record"`
	Type     string        `json:"type"`
	Area     area.Code     `json:"area"`
	Group    string        `json:"group"`
	Kind     string        `json:"kind"`
	OpenedAt string        `json:"opened_at"`
	ClosedAt string        `json:"closed_at,omitempty"`
	Answers  []view.Answer `json:"answers"` // the displayed one first
}

func newCases() *cobra.Command {
	var o options
	var areas []string
	var all bool
	var limit int
	c := &cobra.Command{
		Use:     "cases",
		Short:   "List what a person should decide: officers answered differently",
		Example: "  tambonsync cases --data office --area 450303",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			f := server.CaseFilter{Closed: all, Limit: limit}
			if len(areas) > 0 {
				codes, err := parseAreas(areas[:1])
				if err != nil {
					return err
				}
				f.Area = codes[0]
			}
			return o.withStore(c, func(s *office) error {
				cases, err := s.Cases(c.Context(), f)
				if err != nil {
					return err
				}
				catalog, err := s.forms(c.Context())
				if err != nil {
					return err
				}
				views := make([]caseView, len(cases))
				for i, k := range cases {
					if views[i], err = newCaseView(c, s, catalog, k); err != nil {
						return err
					}
				}
				return o.print(c, views, func(w io.Writer) { printCases(w, views) })
			})
		},
	}
	o.flags(c)
	c.Flags().StringSliceVar(&areas, "area", nil, "only this area and below")
	c.Flags().BoolVar(&all, "all", false, "closed ones too")
	c.Flags().IntVar(&limit, "limit", 1000, "at most so many")
	return c
}

func newCaseView(c *cobra.Command, s *office, catalog *survey.Catalog, k server.Case) (caseView, error) {
	v := caseView{
		ID: k.ID, Record: k.Record.String(), Type: k.Type, Area: k.Area, Group: k.Group, Kind: k.Kind,
		OpenedAt: stamp(k.OpenedAt), ClosedAt: stamp(k.ClosedAt),
	}
	rec, err := s.Record(c.Context(), k.Record)
	if err != nil {
		return v, err
	}
	v.Answers = view.NewRecordView(rec.Record, catalog).Conflicts[k.Group]
	if v.Answers == nil {
		v.Answers = []view.Answer{}
	}
	return v, nil
}

func printCases(w io.Writer, views []caseView) {
	if len(views) == 0 {
		say(w, "ไม่มีคำตอบที่ขัดแย้งกัน", "No open cases.")
	}
	for _, v := range views {
		fmt.Fprintf(w, "%s  %s %s  %s  %s\n", v.OpenedAt, v.Type, v.Record, v.Area, v.Group)
		for _, a := range v.Answers {
			fmt.Fprintf(w, "    %-30s %s  %s\n", compact(a.Value), a.User, a.At)
		}
		if v.Kind == "copied_store" {
			say(w, "    อุปกรณ์ถูกคัดลอก ตรวจแล้วปิด: tambonsync resolve --data D %s", "    A device's store was copied. When looked into: tambonsync resolve --data D %s", v.ID)
			continue
		}
		say(w, "    ตัดสิน: tambonsync resolve --data D %s --group %s --value JSON", "    decide: tambonsync resolve --data D %s --group %s --value JSON", v.Record, v.Group)
	}
}

func compact(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func newResolve() *cobra.Command {
	var o options
	var group, value, user string
	c := &cobra.Command{
		Use:   "resolve ID",
		Short: "Decide a case: give a group of a record its one answer",
		Long: `resolve makes an ordinary edit by the office, which reaches every tablet at its
next sync. ID is a record, or a case; a case names its group itself.`,
		Example: `  tambonsync resolve --data office 0193… --group house_no --value '"12/4"'
  tambonsync resolve --data office 0193… --group _life --value true`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			id, err := syncproto.ParseRecordID(args[0])
			if err != nil {
				return terminal.Input("%w", err)
			}
			return o.withStore(c, func(s *office) error {
				now := time.Now().UnixMilli()
				if k, err := s.Case(c.Context(), args[0]); err == nil {
					if k.Kind == "copied_store" {
						return s.CloseCase(c.Context(), k.ID, now)
					}
					id, group = k.Record, k.Group
				}
				if group == "" {
					return terminal.Input("name the group: --group house_no")
				}
				rec, err := s.Record(c.Context(), id)
				if err != nil {
					return err
				}
				v, err := terminal.ParseJSON("value", value)
				if err != nil {
					return err
				}
				catalog, err := s.forms(c.Context())
				if err != nil {
					return err
				}
				edit, err := server.ResolveEdit(rec.Record, catalog, group, v, user, now)
				if err != nil {
					return terminal.Input("%w", err)
				}
				if rec, err = s.Edit(c.Context(), edit); err != nil {
					return err
				}
				return o.print(c, view.NewRecordView(rec.Record, catalog), func(w io.Writer) {
					say(w, "บันทึกคำตอบของ %s แล้ว แท็บเล็ตจะได้รับเมื่อซิงค์ครั้งต่อไป", "%s has one answer now; tablets get it at their next sync.", group)
				})
			})
		},
	}
	o.flags(c)
	c.Flags().StringVar(&group, "group", "", "the group of answers, as cases names it")
	c.Flags().StringVar(&value, "value", "null", "the answer, as JSON")
	c.Flags().StringVar(&user, "user", adminUser, "the person who decides")
	return c
}

func newRecords() *cobra.Command {
	var o options
	var areas []string
	var after string
	var f server.RecordFilter
	var ids bool
	c := &cobra.Command{
		Use:   "records [ID]",
		Short: "List records, or show one",
		Long:  "records lists the merged records, by area. Lists mask identifiers and hide religion and health.",
		Example: `  tambonsync records --data office --area 45030301 --type household
  tambonsync records --data office 0193… --json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			var err error
			if len(areas) > 0 {
				codes, err := parseAreas(areas[:1])
				if err != nil {
					return err
				}
				f.Area = codes[0]
			}
			if after != "" {
				if f.After, err = syncproto.ParseRecordID(after); err != nil {
					return terminal.Input("--after: %w", err)
				}
			}
			return o.withStore(c, func(s *office) error {
				if len(args) == 1 {
					return showRecord(c, &o, s, args[0])
				}
				records, err := s.Records(c.Context(), f)
				if err != nil {
					return err
				}
				catalog, err := s.forms(c.Context())
				if err != nil {
					return err
				}
				views := make([]view.RecordView, len(records))
				for i, r := range records {
					if views[i] = view.NewRecordView(r.Record, catalog); !ids {
						views[i] = views[i].Masked()
					}
				}
				return o.print(c, views, func(w io.Writer) { printRecords(w, views) })
			})
		},
	}
	o.flags(c)
	c.Flags().StringSliceVar(&areas, "area", nil, "only this area and below")
	c.Flags().StringVar(&f.Type, "type", "", "only this type, such as household")
	c.Flags().BoolVar(&f.Deleted, "deleted", false, "deleted ones too")
	c.Flags().StringVar(&after, "after", "", "go on after this record")
	c.Flags().IntVar(&f.Limit, "limit", 1000, "at most so many")
	c.Flags().BoolVar(&ids, "show-ids", false, "show what lists hide: citizen ids, house codes, religion, health")
	return c
}

func showRecord(c *cobra.Command, o *options, s *office, arg string) error {
	id, err := syncproto.ParseRecordID(arg)
	if err != nil {
		return terminal.Input("%w", err)
	}
	rec, err := s.Record(c.Context(), id)
	if err != nil {
		return err
	}
	catalog, err := s.forms(c.Context())
	if err != nil {
		return err
	}
	v := view.NewRecordView(rec.Record, catalog)
	return o.print(c, v, func(w io.Writer) {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		_ = enc.Encode(v)
	})
}

func printRecords(w io.Writer, views []view.RecordView) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ID\tTYPE\tAREA\tCONFLICTS\tFLAGS\tWHAT")
	for _, v := range views {
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%d\t%s\n", v.ID, v.Type, v.Area, len(v.Conflicts), len(v.Problems), v.Heading())
	}
	_ = t.Flush()
}

// inboxView is what quarantine list prints of each item.
type inboxView struct {
	ID         string           `json:"id"`
	Device     string           `json:"device"`
	Record     string           `json:"record"`
	Area       area.Code        `json:"area"`
	Reason     string           `json:"reason"`
	Detail     string           `json:"detail"`
	ReceivedAt string           `json:"received_at"`
	Status     string           `json:"status"`
	DecidedBy  string           `json:"decided_by,omitempty"`
	Why        string           `json:"why,omitempty"`
	Content    *view.RecordView `json:"content,omitempty"` // absent if unreadable
}

func newQuarantine() *cobra.Command {
	parent := &cobra.Command{
		Use:   "quarantine",
		Short: "What tablets sent from outside their areas: list, accept, reject",
	}
	parent.AddCommand(newQuarantineList(), newDecide("accept", true), newDecide("reject", false))
	return parent
}

func newQuarantineList() *cobra.Command {
	var o options
	var all bool
	c := &cobra.Command{
		Use:     "list",
		Short:   "List what waits for a decision, the oldest first",
		Example: "  tambonsync quarantine list --data office",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return o.withStore(c, func(s *office) error {
				items, err := s.Inbox(c.Context(), all, 0)
				if err != nil {
					return err
				}
				catalog, err := s.forms(c.Context())
				if err != nil {
					return err
				}
				views := make([]inboxView, len(items))
				for i, it := range items {
					views[i] = inboxView{
						ID: it.ID, Device: it.Device, Record: it.Record.String(), Area: it.Area, Reason: it.Reason, Detail: it.Detail,
						ReceivedAt: stamp(it.ReceivedAt), Status: it.Status, DecidedBy: it.DecidedBy, Why: it.Why,
					}
					if rec, err := syncproto.DecodeRecord(it.Raw); err == nil {
						v := view.NewRecordView(rec, catalog).Masked()
						views[i].Content = &v
					}
				}
				return o.print(c, views, func(w io.Writer) {
					for _, v := range views {
						fmt.Fprintf(w, "%s  %s  %s  %s %s  %s\n", v.ID, v.ReceivedAt, v.Reason, v.Area, area.FullName(v.Area), v.Status)
					}
					if len(views) == 0 {
						say(w, "ไม่มีรายการรอตัดสิน", "Nothing waits.")
					}
				})
			})
		},
	}
	o.flags(c)
	c.Flags().BoolVar(&all, "all", false, "decided ones too")
	return c
}

func newDecide(verb string, accept bool) *cobra.Command {
	var o options
	var user, why string
	c := &cobra.Command{
		Use:     verb + " ID",
		Short:   map[bool]string{true: "Put a waiting record into the store", false: "Refuse a waiting record; the tablet keeps it and is told why"}[accept],
		Example: fmt.Sprintf("  tambonsync quarantine %s 0c5b… --data office --why \"ย้ายเขตแล้ว\"", verb),
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return o.withStore(c, func(s *office) error {
				d := server.Decision{Item: args[0], Accept: accept, By: user, Why: why, At: time.Now().UnixMilli()}
				if err := s.Decide(c.Context(), d); err != nil {
					return err
				}
				return o.print(c, map[string]any{"id": args[0], "accepted": accept}, func(w io.Writer) {
					say(w, "บันทึกการตัดสินแล้ว แท็บเล็ตจะทราบเมื่อซิงค์ครั้งต่อไป", "Decided. The tablet learns of it at its next sync.")
				})
			})
		},
	}
	o.flags(c)
	c.Flags().StringVar(&user, "user", adminUser, "the person who decides")
	c.Flags().StringVar(&why, "why", "", "a reason that the officer will read")
	return c
}
