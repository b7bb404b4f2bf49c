package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"tambonsync/clientlib"
	"tambonsync/cmd/terminal"
	"tambonsync/syncproto/area"
	"tambonsync/syncproto/survey"
	"tambonsync/syncproto/view"
)

// maxInput bounds what put reads in one go.
const maxInput = 64 << 20

// putInput is one object on the standard input of put.
type putInput struct {
	ID     string         `json:"id"`
	Type   string         `json:"type"`
	Area   string         `json:"area"`
	Parent string         `json:"parent"`
	Round  string         `json:"round"`
	Values map[string]any `json:"values"`
	User   string         `json:"user"`
	Reason string         `json:"reason"`

	Confirm bool `json:"confirm"`
}

func (in putInput) edit() (e clientlib.Edit, err error) {
	e = clientlib.Edit{Type: in.Type, Values: in.Values, User: in.User, Reason: in.Reason, Confirm: in.Confirm}
	if in.ID != "" {
		if e.ID, err = parseID(in.ID); err != nil {
			return e, err
		}
	}
	if in.Parent != "" {
		if e.Parent, err = parseID(in.Parent); err != nil {
			return e, err
		}
	}
	if in.Round != "" {
		if e.Round, err = parseID(in.Round); err != nil {
			return e, err
		}
	}
	if in.Area != "" {
		if e.Area, err = area.Parse(in.Area); err != nil {
			return e, terminal.Input("%w", err)
		}
	}
	return e, nil
}

func newPut() *cobra.Command {
	var o options
	c := &cobra.Command{
		Use:   "put",
		Short: "Save records from JSON on the standard input",
		Long: `put saves one record for each JSON object on the standard input, and prints its
id once it is on disk. Without "id" it makes a new record, which needs "type" and
"area" or "parent". With "id" it changes only the answers named; null clears one.
A wrong answer is saved and flagged under "problems", never dropped. A household goes
to the only open round of its area, or to the one that "round" names; "confirm":true
says that one from an earlier roster was seen.`,
		Example: `  echo '{"type":"household","area":"45030301","values":{"house_no":"12/3","head_name":"สมหญิง ใจดี"}}' | tambonfield put --store tablet.db
  echo '{"id":"0193…","values":{"house_no":"12/4"}}' | tambonfield put --store tablet.db
  echo '{"type":"member","parent":"0193…","values":{"first_name":"สมหญิง"}}' | tambonfield put --store tablet.db`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return o.withStore(c, func(s *device) error { return put(c, &o, s) })
		},
	}
	o.flags(c)
	return c
}

func put(c *cobra.Command, o *options, s *device) error {
	in := &io.LimitedReader{R: c.InOrStdin(), N: maxInput}
	dec := json.NewDecoder(bufio.NewReader(in))
	dec.UseNumber()
	dec.DisallowUnknownFields()
	for n := 1; ; n++ {
		var p putInput
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) && n > 1 {
			return nil
		}
		if err != nil {
			if in.N <= 0 {
				err = fmt.Errorf("more than %d bytes: cut the input into several", maxInput)
			}
			return terminal.Input("object %d of the input: %w; want such as {\"type\":\"household\",\"area\":\"45030301\",\"values\":{…}}", n, err)
		}
		e, err := p.edit()
		if err != nil {
			return fmt.Errorf("object %d of the input: %w", n, err)
		}
		rec, err := s.Save(c.Context(), e)
		if err != nil {
			return fmt.Errorf("object %d of the input: %w", n, err)
		}
		v := s.view(rec)
		out := struct {
			ID       string           `json:"id"`
			Problems []survey.Problem `json:"problems,omitempty"`
		}{v.ID, v.Problems}
		err = o.print(c, out, func(w io.Writer) {
			fmt.Fprintln(w, v.ID)
			printProblems(c.ErrOrStderr(), v.Problems)
		})
		if err != nil {
			return err
		}
	}
}

func printProblems(w io.Writer, problems []survey.Problem) {
	for _, p := range problems {
		fmt.Fprintf(w, "  %s: %s\n", p.Question, terminal.Say(p.TH, p.EN))
	}
}

// itemView is a record with its way to the office.
type itemView struct {
	view.RecordView
	Sent   bool   `json:"sent"`
	Held   string `json:"held,omitempty"`
	Detail string `json:"held_detail,omitempty"`
}

func (d *device) item(it clientlib.Item) itemView {
	return itemView{d.view(it.Record), it.Sent, it.Held, it.Detail}
}

func newGet() *cobra.Command {
	var o options
	c := &cobra.Command{
		Use:     "get ID",
		Short:   "Show one record",
		Example: "  tambonfield get --store tablet.db 0193… --json",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			id, err := parseID(args[0])
			if err != nil {
				return err
			}
			return o.withStore(c, func(s *device) error {
				it, err := s.Get(c.Context(), id)
				if err != nil {
					return err
				}
				v := s.item(it)
				return o.print(c, v, func(w io.Writer) {
					enc := json.NewEncoder(w)
					enc.SetEscapeHTML(false)
					enc.SetIndent("", "  ")
					_ = enc.Encode(v)
				})
			})
		},
	}
	o.flags(c)
	return c
}

func newList() *cobra.Command {
	var o options
	var f clientlib.Filter
	var parent, after, code string
	c := &cobra.Command{
		Use:   "list",
		Short: "List records",
		Example: `  tambonfield list --store tablet.db --type household --area 45030301
  tambonfield list --store tablet.db --unsent
  tambonfield list --store tablet.db --conflicts --json`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			var err error
			if parent != "" {
				if f.Parent, err = parseID(parent); err != nil {
					return err
				}
			}
			if after != "" {
				if f.After, err = parseID(after); err != nil {
					return err
				}
			}
			if code != "" {
				if f.Area, err = area.Parse(code); err != nil {
					return terminal.Input("--area: %w", err)
				}
			}
			return o.withStore(c, func(s *device) error {
				items, err := s.List(c.Context(), f)
				if err != nil {
					return err
				}
				views := make([]itemView, len(items))
				for i, it := range items {
					views[i] = s.item(it)
				}
				return o.print(c, views, func(w io.Writer) { printList(w, views) })
			})
		},
	}
	o.flags(c)
	c.Flags().StringVar(&f.Type, "type", "", "only this type, such as household")
	c.Flags().StringVar(&code, "area", "", "only this area and below")
	c.Flags().StringVar(&parent, "parent", "", "only members of this household")
	c.Flags().BoolVar(&f.Deleted, "deleted", false, "deleted ones too")
	c.Flags().BoolVar(&f.Unsent, "unsent", false, "only what the office does not hold")
	c.Flags().BoolVar(&f.Conflicts, "conflicts", false, "only what officers answered differently")
	c.Flags().StringVar(&after, "after", "", "go on after this record")
	c.Flags().IntVar(&f.Limit, "limit", 1000, "at most so many")
	return c
}

func printList(w io.Writer, views []itemView) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ID\tTYPE\tAREA\tSTATE\tWHAT")
	for _, v := range views {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", v.ID, v.Type, v.Area, state(v), v.Heading())
	}
	_ = t.Flush()
}

// state is the one word that matters most about a record.
func state(v itemView) string {
	switch {
	case v.Held != "":
		return v.Held + " " + v.Detail
	case !v.Sent:
		return terminal.Say("ยังไม่ส่ง", "unsent")
	case len(v.Conflicts) > 0:
		return terminal.Say("คำตอบต่างกัน", "conflict")
	case len(v.Problems) > 0:
		return terminal.Say("ต้องตรวจ", "check")
	}
	return terminal.Say("ส่งแล้ว", "sent")
}

func newDelete() *cobra.Command {
	var o options
	var reason, user string
	c := &cobra.Command{
		Use:     "delete ID",
		Short:   "Mark a record as deleted; its answers stay and any later put brings it back",
		Example: `  tambonfield delete --store tablet.db 0193… --reason "บ้านถูกรื้อแล้ว"`,
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			id, err := parseID(args[0])
			if err != nil {
				return err
			}
			return o.withStore(c, func(s *device) error {
				if err := s.Delete(c.Context(), id, user, reason); err != nil {
					return err
				}
				return o.print(c, map[string]any{"id": args[0], "deleted": true}, func(w io.Writer) {
					say(w, "ลบแล้ว (เรียกคืนได้ด้วย put)", "Deleted (a put brings it back).")
				})
			})
		},
	}
	o.flags(c)
	c.Flags().StringVar(&reason, "reason", "", "why")
	c.Flags().StringVar(&user, "user", "", "who (default: the device's officer)")
	return c
}

func newResolve() *cobra.Command {
	var o options
	var group, value, user string
	c := &cobra.Command{
		Use:     "resolve ID",
		Short:   "Decide between different answers of officers",
		Example: `  tambonfield resolve --store tablet.db 0193… --group house_no --value '"12/4"'`,
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			id, err := parseID(args[0])
			if err != nil {
				return err
			}
			v, err := terminal.ParseJSON("value", value)
			if err != nil {
				return err
			}
			return o.withStore(c, func(s *device) error {
				if err := s.Resolve(c.Context(), id, group, v, user); err != nil {
					return err
				}
				it, err := s.Get(c.Context(), id)
				if err != nil {
					return err
				}
				return o.print(c, s.item(it), func(w io.Writer) {
					say(w, "บันทึกแล้ว ซิงค์เพื่อส่งให้สำนักงาน", "Saved. Sync to send it to the office.")
				})
			})
		},
	}
	o.flags(c)
	c.Flags().StringVar(&group, "group", "", "the group of answers, as conflicts names it")
	c.Flags().StringVar(&value, "value", "null", "the answer, as JSON")
	c.Flags().StringVar(&user, "user", "", "who (default: the device's officer)")
	for _, f := range []string{"group", "value"} {
		if err := c.MarkFlagRequired(f); err != nil {
			panic(err) // the flags were added above
		}
	}
	return c
}
