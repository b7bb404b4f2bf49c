package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"tambonsync/server"
	"tambonsync/server/store"
	"tambonsync/syncproto/area"
)

// invitation is what invite prints.
type invitation struct {
	Code      string      `json:"code"`
	URL       string      `json:"url"`
	ExpiresAt string      `json:"expires_at"`
	Officer   string      `json:"officer"`
	Areas     []area.Code `json:"areas"`
	Server    string      `json:"server"`
}

func newInvite() *cobra.Command {
	var o options
	var areas []string
	var officer, public string
	var valid time.Duration
	c := &cobra.Command{
		Use:   "invite",
		Short: "Invite one device: print a code to type and an address to scan",
		Long:  "invite lets one device enroll once, for some areas and one officer. The code bears five wrong tries.",
		Example: `  tambonsync invite --data office --area 450303 --officer "ผู้จัดเก็บ 1"
  tambonsync invite --data office --area 45030301,45030302 --officer "สมศรี" --valid-for 1h`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			codes, err := parseAreas(areas)
			if err != nil {
				return err
			}
			return o.withStore(c, func(s *office) error {
				if public == "" {
					public = publicURL(o.data)
				}
				inv, err := invite(c.Context(), s.Store, officer, codes, valid, public)
				if err != nil {
					return err
				}
				return o.print(c, inv, func(w io.Writer) {
					say(w, "รหัสเชิญ: %s  (ใช้ได้ครั้งเดียว ถึง %s)", "Code: %s  (works once, until %s)", inv.Code, inv.ExpiresAt)
					say(w, "บนแท็บเล็ต: tambonfield enroll --store tablet.db --server %s --code %s", "On the tablet: tambonfield enroll --store tablet.db --server %s --code %s", public, inv.Code)
					say(w, "หรือสแกน: %s", "Or scan: %s", inv.URL)
					for _, code := range codes {
						fmt.Fprintf(w, "  %s  %s\n", code, area.FullName(code))
					}
				})
			})
		},
	}
	o.flags(c)
	c.Flags().StringSliceVar(&areas, "area", nil, "area code that the device may read and write, with all below; repeat or separate by commas")
	c.Flags().StringVar(&officer, "officer", "", "the person who gets the device")
	c.Flags().DurationVar(&valid, "valid-for", server.InvitationLife, "how long the invitation lives")
	c.Flags().StringVar(&public, "public-url", "", "where the tablet reaches the office (default: as last served)")
	return c
}

func invite(ctx context.Context, s *store.Store, officer string, codes []area.Code, valid time.Duration, public string) (invitation, error) {
	office, err := s.Office(ctx)
	if err != nil {
		return invitation{}, err
	}
	t, err := server.NewInvitation(office, officer, codes, valid, rand.Reader, time.Now(), public)
	if err != nil {
		return invitation{}, err
	}
	if err := s.AddInvitation(ctx, t.Invitation); err != nil {
		return invitation{}, err
	}
	return invitation{Code: t.Code, URL: t.URL, ExpiresAt: stamp(t.Invitation.ExpiresAt), Officer: officer, Areas: codes, Server: public}, nil
}

// deviceView is what device list prints of each device.
type deviceView struct {
	ID         string      `json:"id"`
	Name       string      `json:"name"`
	Officer    string      `json:"officer"`
	App        string      `json:"app"`
	Areas      []area.Code `json:"areas"`
	EnrolledAt string      `json:"enrolled_at"`
	SeenAt     string      `json:"seen_at"`
	Revoked    bool        `json:"revoked"`
	RevokedAt  string      `json:"revoked_at,omitempty"`
	Waiting    int         `json:"waiting"` // in the quarantine inbox
}

func newDevice() *cobra.Command {
	parent := &cobra.Command{Use: "device", Short: "List, lock out and re-grant devices"}
	parent.AddCommand(newDeviceList(), newDeviceRevoke(), newDeviceGrant())
	return parent
}

func newDeviceList() *cobra.Command {
	var o options
	c := &cobra.Command{
		Use:     "list",
		Short:   "List every device ever enrolled",
		Example: "  tambonsync device list --data office",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return o.withStore(c, func(s *office) error {
				devices, err := s.Devices(c.Context())
				if err != nil {
					return err
				}
				views := make([]deviceView, len(devices))
				for i, d := range devices {
					views[i] = deviceView{
						ID: d.ID, Name: d.Name, Officer: d.Officer, App: d.App, Areas: d.Grants, EnrolledAt: stamp(d.EnrolledAt),
						SeenAt: stamp(d.SeenAt), Revoked: d.RevokedAt != 0, RevokedAt: stamp(d.RevokedAt), Waiting: d.Open,
					}
				}
				return o.print(c, views, func(w io.Writer) { printDevices(w, devices) })
			})
		},
	}
	o.flags(c)
	return c
}

func printDevices(w io.Writer, devices []server.Device) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ID\tOFFICER\tNAME\tAREAS\tLAST SYNC\tWAITING\tSTATE")
	for _, d := range devices {
		state := "active"
		if d.RevokedAt != 0 {
			state = "revoked " + when(d.RevokedAt)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%v\t%s\t%d\t%s\n", d.ID, d.Officer, d.Name, d.Grants, when(d.SeenAt), d.Open, state)
	}
	_ = t.Flush()
}

func newDeviceRevoke() *cobra.Command {
	var o options
	c := &cobra.Command{
		Use:     "revoke ID",
		Short:   "Lock a device out from its next request on",
		Example: "  tambonsync device revoke 0193… --data office",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return o.withStore(c, func(s *office) error {
				if err := s.RevokeDevice(c.Context(), args[0], time.Now().UnixMilli()); err != nil {
					return err
				}
				return o.print(c, map[string]any{"id": args[0], "revoked": true}, func(w io.Writer) {
					say(w, "ระงับอุปกรณ์ %s แล้ว", "Device %s is locked out.", args[0])
				})
			})
		},
	}
	o.flags(c)
	return c
}

func newDeviceGrant() *cobra.Command {
	var o options
	var areas []string
	c := &cobra.Command{
		Use:   "grant ID",
		Short: "Replace the areas of a device",
		Long: `grant replaces the areas of a device. At its next sync it sends what it has not
sent, gets what is new to it, and drops what it may no longer hold. What it sends
for an area that it lost waits in the quarantine inbox.`,
		Example: "  tambonsync device grant 0193… --data office --area 45030303,45030304",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			codes, err := parseAreas(areas)
			if err != nil {
				return err
			}
			return o.withStore(c, func(s *office) error {
				if err := s.SetGrants(c.Context(), args[0], codes); err != nil {
					return err
				}
				return o.print(c, map[string]any{"id": args[0], "areas": codes}, func(w io.Writer) {
					say(w, "อุปกรณ์ %s รับผิดชอบ %v แล้ว", "Device %s now has %v.", args[0], codes)
				})
			})
		},
	}
	o.flags(c)
	c.Flags().StringSliceVar(&areas, "area", nil, "area codes that replace the old ones")
	return c
}
