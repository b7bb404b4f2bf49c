// Command tambonfield is a device for laptops, hubs and scripts: a local store
// of survey records that works without a network and syncs with an office.
package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"tambonsync/clientlib"
	"tambonsync/cmd/terminal"
	"tambonsync/syncproto"
	"tambonsync/syncproto/survey"
	"tambonsync/syncproto/view"
)

const app = "tambonfield"

func main() { terminal.Main(newRoot(), exitCode) }

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "tambonfield",
		Short: "A field device: records that are saved without a network and synced with an office",
		Long: `tambonfield keeps survey records in one local file. Saving needs no network.
sync brings the file level with the office; it may be cut anywhere and goes on
from there. A record counts as sent only when the office holds it.

` + terminal.ExitHelp,
		Example: `  tambonfield enroll --store tablet.db --server http://office:8080 --code ABCD-EFGH
  echo '{"type":"household","area":"45030301","values":{"house_no":"12/3"}}' | tambonfield put --store tablet.db
  tambonfield sync --store tablet.db
  tambonfield list --store tablet.db --conflicts`,
	}
	root.AddCommand(newEnroll(), newPut(), newGet(), newList(), newDelete(), newResolve(), newSync(), newStatus(), newInspect(),
		newReport(), newIndicators(), newState(), newRounds())
	terminal.Setup(root)
	return root
}

func exitCode(err error) int {
	var remote *clientlib.RemoteError
	switch {
	case errors.Is(err, clientlib.ErrNotFound):
		return terminal.ExitNotFound
	case errors.Is(err, clientlib.ErrInvalid), errors.Is(err, clientlib.ErrExists):
		return terminal.ExitInput
	case errors.Is(err, clientlib.ErrOffline):
		return terminal.ExitOffline
	case errors.Is(err, clientlib.ErrNotEnrolled), errors.As(err, &remote):
		return terminal.ExitRefused
	}
	return terminal.ExitOK
}

// options are the flags that every command has.
type options struct {
	store string
	json  bool
}

func (o *options) flags(c *cobra.Command) {
	c.Flags().StringVar(&o.store, "store", "", "the device's store, a file")
	c.Flags().BoolVar(&o.json, "json", false, "print JSON")
	if err := c.MarkFlagRequired("store"); err != nil {
		panic(err) // the flag was added above
	}
}

// device is an open store with the forms that it knows.
type device struct {
	*clientlib.Store
	catalog *survey.Catalog
}

// view shows a record by the form that fits it.
func (d *device) view(rec syncproto.Record) view.RecordView {
	return view.NewRecordView(rec, d.catalog)
}

// withStore opens the store, runs f and closes it.
func (o *options) withStore(c *cobra.Command, f func(*device) error) (err error) {
	s, err := clientlib.Open(c.Context(), o.store, clientlib.Options{App: app})
	if err != nil {
		return fmt.Errorf("%w\n%s", err, terminal.Say("เริ่มด้วย: tambonfield enroll --store "+o.store, "begin with: tambonfield enroll --store "+o.store))
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	catalog, err := s.Catalog(c.Context())
	if err != nil {
		return err
	}
	return f(&device{Store: s, catalog: catalog})
}

// print writes v as JSON, or calls plain for people.
func (o *options) print(c *cobra.Command, v any, plain func(w io.Writer)) error {
	if o.json {
		return terminal.JSON(c.OutOrStdout(), v)
	}
	plain(c.OutOrStdout())
	return nil
}

func say(w io.Writer, th, en string, args ...any) {
	fmt.Fprintf(w, terminal.Say(th, en)+"\n", args...)
}

func parseID(s string) (syncproto.RecordID, error) {
	id, err := syncproto.ParseRecordID(s)
	if err != nil {
		return id, terminal.Input("%w", err)
	}
	return id, nil
}
