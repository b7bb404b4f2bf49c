package main

import (
	"io"
	"time"

	"github.com/spf13/cobra"

	"tambonsync/cmd/terminal"
	"tambonsync/server"
	"tambonsync/syncproto"
	"tambonsync/syncproto/view"
)

// decide makes a save of one record and prints the record.
func (o *options) decide(c *cobra.Command, arg string, edit func(syncproto.Record) (server.Edit, error), th, en string) error {
	id, err := syncproto.ParseRecordID(arg)
	if err != nil {
		return terminal.Input("%w", err)
	}
	return o.withStore(c, func(s *office) error {
		rec, err := s.Record(c.Context(), id)
		if err != nil {
			return err
		}
		e, err := edit(rec.Record)
		if err != nil {
			return terminal.Input("%s: %w", id, err)
		}
		if rec, err = s.Edit(c.Context(), e); err != nil {
			return err
		}
		catalog, err := s.forms(c.Context())
		if err != nil {
			return err
		}
		return o.print(c, view.NewRecordView(rec.Record, catalog), func(w io.Writer) { say(w, th, en) })
	})
}

func newHouseholdState() *cobra.Command {
	var o options
	var note, user string
	var comments map[string]string
	c := &cobra.Command{
		Use:   "state ID approved|returned|submitted|none",
		Short: "Approve a household, or return it with a note and comments by question",
		Long:  "state writes a supervisor's word into the household. The tablet shows it at its next sync. If answers change afterwards, that shows.",
		Example: `  tambonsync household state 0193… approved --data office
  tambonsync household state 0193… returned --data office --note "ถามรายได้ใหม่" --comment income_main="ต่ำผิดปกติ"`,
		Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			state := args[1]
			if state == "none" {
				state = ""
			}
			return o.decide(c, args[0], func(rec syncproto.Record) (server.Edit, error) {
				return server.StateEdit(rec, state, note, comments, user, time.Now().UnixMilli())
			}, "บันทึกสถานะแล้ว แท็บเล็ตจะได้รับเมื่อซิงค์ครั้งต่อไป", "Noted; tablets get it at their next sync.")
		},
	}
	o.flags(c)
	c.Flags().StringVar(&note, "note", "", "a sentence that the officer will read")
	c.Flags().StringToStringVar(&comments, "comment", nil, "a comment on a question: --comment income_main=\"…\"")
	c.Flags().StringVar(&user, "user", adminUser, "the person who decides")
	return c
}

func newHouseholdMerge() *cobra.Command {
	var o options
	var into, user string
	c := &cobra.Command{
		Use:     "merge ID",
		Short:   "Count a duplicate household or person as another one; unmerge takes it back",
		Example: "  tambonsync household merge 0193… --into 0194… --data office",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			target, err := syncproto.ParseRecordID(into)
			if err != nil {
				return terminal.Input("--into: %w", err)
			}
			return o.withStore(c, func(s *office) error {
				other, err := s.Record(c.Context(), target)
				if err != nil {
					return err
				}
				return o.decide(c, args[0], func(rec syncproto.Record) (server.Edit, error) {
					if err := server.CheckMerge(rec, other.Record); err != nil {
						return server.Edit{}, err
					}
					return server.MergeEdit(rec, target, user, time.Now().UnixMilli())
				}, "รวมแล้ว คำตอบเดิมยังอยู่ แยกคืนได้ด้วย unmerge", "Merged; its answers are kept, and unmerge takes it back.")
			})
		},
	}
	o.flags(c)
	c.Flags().StringVar(&into, "into", "", "the record that stays")
	c.Flags().StringVar(&user, "user", adminUser, "the person who decides")
	if err := c.MarkFlagRequired("into"); err != nil {
		panic(err) // the flag was added above
	}
	return c
}

func newHouseholdUnmerge() *cobra.Command {
	var o options
	var user string
	c := &cobra.Command{
		Use:     "unmerge ID",
		Short:   "Take a merge back",
		Example: "  tambonsync household unmerge 0193… --data office",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return o.decide(c, args[0], func(rec syncproto.Record) (server.Edit, error) {
				return server.MergeEdit(rec, syncproto.RecordID{}, user, time.Now().UnixMilli())
			}, "แยกคืนแล้ว", "Counted by itself again.")
		},
	}
	o.flags(c)
	c.Flags().StringVar(&user, "user", adminUser, "the person who decides")
	return c
}
