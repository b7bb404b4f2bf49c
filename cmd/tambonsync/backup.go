package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"tambonsync/cmd/terminal"
	"tambonsync/server/store"
)

func newBackup() *cobra.Command {
	var o options
	var to string
	c := &cobra.Command{
		Use:   "backup",
		Short: "Write the whole office into one file, while it serves",
		Long: `backup writes the whole office into one new file while it goes on serving. The
file holds families' answers and the office's keys: keep it as safe as the data folder.`,
		Example: "  tambonsync backup --data office --to /media/usb/office-2569-11-22.db",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return o.withStore(c, func(s *office) error {
				if err := s.Backup(c.Context(), to); err != nil {
					return err
				}
				info, err := os.Stat(to)
				if err != nil {
					return err
				}
				return o.print(c, map[string]any{"file": to, "bytes": info.Size()}, func(w io.Writer) {
					say(w, "สำรองข้อมูลไว้ที่ %s แล้ว (%d ไบต์)", "Backup written to %s (%d bytes).", to, info.Size())
				})
			})
		},
	}
	o.flags(c)
	c.Flags().StringVar(&to, "to", "", "the file to write; it must not exist")
	required(c, "to")
	return c
}

func newRestore() *cobra.Command {
	var o options
	var from string
	c := &cobra.Command{
		Use:   "restore",
		Short: "Make a data folder from a backup",
		Long: `restore makes a new data folder from a backup. The office begins a new epoch:
tablets notice at their next sync and bring back whatever the backup lacks and
they still hold. Stop the old office first; the two must not both serve.`,
		Example: "  tambonsync restore --from /media/usb/office-2569-11-22.db --data office2",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			office, err := store.Restore(c.Context(), from, o.data, rand.Reader)
			if err != nil {
				return err
			}
			out := map[string]any{"data": o.data, "office": office.ID, "server_epoch": office.Epoch.String(), "parent_epoch": office.Parent.String()}
			return o.print(c, out, func(w io.Writer) {
				say(w, "กู้คืนสำนักงานไว้ที่ %s แล้ว แท็บเล็ตจะส่งข้อมูลที่ขาดกลับมาเมื่อซิงค์", "The office is restored in %s. Tablets bring back what it lacks when they sync.", o.data)
			})
		},
	}
	o.flags(c)
	c.Flags().StringVar(&from, "from", "", "the backup file")
	required(c, "from")
	return c
}

func newVerify() *cobra.Command {
	var o options
	c := &cobra.Command{
		Use:     "verify",
		Short:   "Recompute everything from the records and compare",
		Long:    "verify reads the whole store and recomputes item hashes, areas, feeds, sums, cases and audit from the bytes of the records.",
		Example: "  tambonsync verify --data office",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return o.withStore(c, func(s *office) error {
				r, err := s.Verify(c.Context())
				if err != nil {
					return err
				}
				err = o.print(c, r, func(w io.Writer) {
					say(w, "ระเบียน %d (ลบแล้ว %d) คำตอบขัดแย้ง %d รอตัดสิน %d", "%d records (%d deleted), %d with different answers, %d waiting in quarantine.", r.Records, r.Deleted, r.Conflicts, r.Inbox)
					for _, p := range r.Problems {
						fmt.Fprintln(w, "  "+p)
					}
				})
				if err == nil && !r.OK {
					err = &terminal.Exit{Code: terminal.ExitDamaged, Err: errors.New(terminal.Say("พบความเสียหาย กู้คืนจากข้อมูลสำรอง แล้วให้แท็บเล็ตซิงค์", "damage found: restore from a backup, then let the tablets sync"))}
				}
				return err
			})
		},
	}
	o.flags(c)
	return c
}

func required(c *cobra.Command, flag string) {
	if err := c.MarkFlagRequired(flag); err != nil {
		panic(err) // the flag was added by the caller
	}
}
