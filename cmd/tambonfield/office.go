package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tambonsync/clientlib"
	"tambonsync/cmd/terminal"
)

func newEnroll() *cobra.Command {
	var o options
	var e clientlib.Enrollment
	var scanned string
	c := &cobra.Command{
		Use:   "enroll",
		Short: "Register this device with an office",
		Long: `enroll makes the store if there is none and registers it with the office, by
the code that "tambonsync invite" printed or by the address of its QR code. A
locked-out store may be enrolled again with the same office: what it holds stays.`,
		Example: `  tambonfield enroll --store tablet.db --server http://office:8080 --code ABCD-EFGH
  tambonfield enroll --store tablet.db --url 'http://office:8080/enroll#…'`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if scanned != "" {
				if err := readInvitation(scanned, &e); err != nil {
					return err
				}
			}
			if e.Server == "" || e.Code == "" && e.Secret == "" {
				return terminal.Input("give --server and --code, or --url")
			}
			if e.Name == "" {
				e.Name, _ = os.Hostname()
			}
			return enroll(c, &o, e)
		},
	}
	o.flags(c)
	c.Flags().StringVar(&e.Server, "server", "", "the office's address")
	c.Flags().StringVar(&e.Code, "code", "", "the invitation's 8 symbols")
	c.Flags().StringVar(&scanned, "url", "", "the invitation's address, as its QR code holds it")
	c.Flags().StringVar(&e.Name, "name", "", "what people call the device (default: the machine's name)")
	return c
}

// readInvitation takes the address of the office and the secret from the
// address in a QR code.
func readInvitation(scanned string, e *clientlib.Enrollment) error {
	u, err := url.Parse(scanned)
	if err != nil {
		return terminal.Input("--url: %w", err)
	}
	q, err := url.ParseQuery(u.Fragment)
	if err != nil || q.Get("s") == "" {
		return terminal.Input("--url %q: that is not an invitation", scanned)
	}
	e.Secret = q.Get("s")
	if e.Server == "" {
		e.Server = u.Scheme + "://" + u.Host + strings.TrimSuffix(u.Path, "/enroll")
	}
	return nil
}

func enroll(c *cobra.Command, o *options, e clientlib.Enrollment) (err error) {
	ctx, opts := c.Context(), clientlib.Options{App: app}
	s, err := clientlib.Create(ctx, o.store, opts)
	fresh := err == nil
	if errors.Is(err, clientlib.ErrExists) {
		s, err = clientlib.Open(ctx, o.store, opts)
	}
	if err != nil {
		return err
	}
	defer func() {
		if s != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if err := s.Enroll(ctx, e); err != nil {
		if fresh && !errors.Is(err, clientlib.ErrOffline) {
			// Leave nothing half-made. But after a cut the office may have
			// enrolled this store's key: the same command works again.
			err = errors.Join(err, s.Close(), removeStore(o.store))
			s = nil
		}
		return err
	}
	st, err := s.Status(ctx)
	if err != nil {
		return err
	}
	out := map[string]any{"device": st.Device, "actor": st.Actor, "areas": st.Areas, "officer": st.Officer, "office": st.Office}
	return o.print(c, out, func(w io.Writer) {
		say(w, "ลงทะเบียนแล้ว ผู้จัดเก็บ: %s พื้นที่: %v", "Enrolled. Officer: %s Areas: %v", st.Officer, st.Areas)
		say(w, "ต่อไป: tambonfield sync --store %s", "Next: tambonfield sync --store %s", o.store)
	})
}

func removeStore(path string) error {
	var errs []error
	for _, suffix := range []string{"", "-wal", "-shm", "-actor"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func newSync() *cobra.Command {
	var o options
	var timeout time.Duration
	c := &cobra.Command{
		Use:   "sync",
		Short: "Send what is unsent and get what is new",
		Long: `sync pushes until nothing is unsent and pulls until everything is level. Cut it
whenever you like. "pushed" are records that the office now holds, "pulled" are
records that changed here, "conflicts" are records here that officers answered
differently, "quarantined" are records that wait for a supervisor.`,
		Example: "  tambonfield sync --store tablet.db",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return o.withStore(c, func(s *device) error {
				ctx := c.Context()
				if timeout > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, timeout)
					defer cancel()
				}
				res, err := s.Sync(ctx, func(p clientlib.Progress) {
					if !o.json {
						fmt.Fprintf(c.ErrOrStderr(), terminal.Say("\rส่งแล้ว %d เหลือ %d รับแล้ว %d ", "\rsent %d, left %d, received %d "), p.Pushed, p.Unsent, p.Pulled)
					}
				})
				if !o.json {
					fmt.Fprintln(c.ErrOrStderr())
				}
				perr := o.print(c, res, func(w io.Writer) { printResult(w, res, err) })
				if err != nil {
					err = fmt.Errorf("%w\n%s", err, nextStep(err, res.Unsent))
				}
				return errors.Join(err, perr)
			})
		},
	}
	o.flags(c)
	c.Flags().DurationVar(&timeout, "timeout", 0, "give up after this long (default: never)")
	return c
}

func printResult(w io.Writer, r clientlib.Result, err error) {
	say(w, "ส่ง %d รับ %d", "Sent %d, received %d.", r.Pushed, r.Pulled)
	if r.Unsent == 0 && err == nil {
		say(w, "ส่งครบแล้ว", "All sent.")
	}
	printOpen(w, r)
}

// printOpen tells what somebody should look at.
func printOpen(w io.Writer, r clientlib.Result) {
	if r.Conflicts > 0 {
		say(w, "คำตอบต่างกัน %d ระเบียน: tambonfield list --conflicts", "%d records with different answers: tambonfield list --conflicts", r.Conflicts)
	}
	if r.Quarantined > 0 {
		say(w, "รอหัวหน้าตัดสิน %d ระเบียน (อยู่นอกพื้นที่ของเครื่องนี้)", "%d records wait for a supervisor (outside this device's areas).", r.Quarantined)
	}
	if r.Rejected+r.Invalid > 0 {
		say(w, "สำนักงานไม่รับ %d ระเบียน: tambonfield list --unsent", "The office did not take %d records: tambonfield list --unsent", r.Rejected+r.Invalid)
	}
}

// nextStep tells what to do about a failed sync.
func nextStep(err error, unsent int) string {
	switch {
	case errors.Is(err, clientlib.ErrRevoked):
		return terminal.Say("ข้อมูลยังอยู่ในเครื่อง ขอรหัสเชิญใหม่จากสำนักงาน แล้ว tambonfield enroll อีกครั้ง", "Everything is still here. Ask the office for a new invitation and enroll again.")
	case errors.Is(err, clientlib.ErrOffline):
		return fmt.Sprintf(terminal.Say("ติดต่อสำนักงานไม่ได้ ข้อมูลยังอยู่ในเครื่อง ยังไม่ส่ง %d ระเบียน ลองใหม่เมื่อมีสัญญาณ", "The office cannot be reached. Everything is still here, %d records unsent. Try again when there is a signal."), unsent)
	case errors.Is(err, clientlib.ErrNotEnrolled):
		return terminal.Say("ลงทะเบียนก่อน: tambonfield enroll", "Enroll first: tambonfield enroll")
	}
	return terminal.Say("ข้อมูลยังอยู่ในเครื่อง", "Everything is still here.")
}

func newStatus() *cobra.Command {
	var o options
	c := &cobra.Command{
		Use:     "status",
		Short:   "Tell what this device holds and what is unsent",
		Example: "  tambonfield status --store tablet.db",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return o.withStore(c, func(s *device) error {
				st, err := s.Status(c.Context())
				if err != nil {
					return err
				}
				return o.print(c, st, func(w io.Writer) {
					say(w, "ผู้จัดเก็บ %s พื้นที่ %v", "Officer %s, areas %v", st.Officer, st.Areas)
					say(w, "ในเครื่อง %d ระเบียน ยังไม่ส่ง %d", "%d records here, %d unsent", st.Records, st.Unsent)
					printOpen(w, clientlib.Result{Conflicts: st.Conflicts, Quarantined: st.Quarantined, Rejected: st.Rejected, Invalid: st.Invalid})
					last := "-"
					if st.LastSync != 0 {
						last = time.UnixMilli(st.LastSync).Format("2006-01-02 15:04")
					}
					say(w, "ซิงค์ครบครั้งล่าสุด %s", "Last complete sync %s", last)
				})
			})
		},
	}
	o.flags(c)
	return c
}
