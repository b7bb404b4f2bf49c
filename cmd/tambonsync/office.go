package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tambonsync/cmd/terminal"
	"tambonsync/server"
	"tambonsync/server/analysis"
	"tambonsync/server/export"
	"tambonsync/server/store"
)

const adminUser = "admin"

func newInit() *cobra.Command {
	var o options
	var name string
	c := &cobra.Command{
		Use:     "init",
		Short:   "Make a new office in an empty data folder",
		Long:    "init makes the data folder with a new office and its first user. The password is shown this once.",
		Example: `  tambonsync init --data office --name "พัฒนาการอำเภอปทุมรัตต์"`,
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := store.Create(c.Context(), o.data, name, rand.Reader); err != nil {
				return err
			}
			return o.withStore(c, func(s *office) error {
				password, err := setPassword(c.Context(), s.Store, adminUser)
				if err != nil {
					return err
				}
				office, err := s.Office(c.Context())
				if err != nil {
					return err
				}
				out := map[string]any{
					"admin":        map[string]string{"user": adminUser, "password": password},
					"server_epoch": office.Epoch.String(), "office": office.ID, "data": o.data,
				}
				return o.print(c, out, func(w io.Writer) {
					say(w, "สร้างสำนักงานใหม่ใน %s แล้ว", "The new office is in %s.", o.data)
					say(w, "ผู้ใช้: %s  รหัสผ่าน: %s  (แสดงครั้งเดียว จดไว้)", "User: %s  Password: %s  (shown this once: write it down)", adminUser, password)
					say(w, "ต่อไป: tambonsync serve --data %s --listen 0.0.0.0:8080", "Next: tambonsync serve --data %s --listen 0.0.0.0:8080", o.data)
				})
			})
		},
	}
	o.flags(c)
	c.Flags().StringVar(&name, "name", "TambonSync", "the office's name, for people")
	return c
}

func setPassword(ctx context.Context, s *store.Store, user string) (string, error) {
	password := rand.Text()[:16]
	hash, err := server.PasswordHash(password)
	if err != nil {
		return "", err
	}
	return password, s.AddUser(ctx, server.User{Name: user, PasswordHash: hash, Role: server.RoleAdmin})
}

func newUser() *cobra.Command {
	parent := &cobra.Command{Use: "user", Short: "People who work at the office"}
	var o options
	c := &cobra.Command{
		Use:     "password NAME",
		Short:   "Give a person a new password, and make the person if new",
		Example: "  tambonsync user password admin --data office",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return o.withStore(c, func(s *office) error {
				password, err := setPassword(c.Context(), s.Store, args[0])
				if err != nil {
					return err
				}
				return o.print(c, map[string]string{"user": args[0], "password": password}, func(w io.Writer) {
					say(w, "ผู้ใช้: %s  รหัสผ่านใหม่: %s", "User: %s  New password: %s", args[0], password)
				})
			})
		},
	}
	o.flags(c)
	parent.AddCommand(c)
	return parent
}

func newServe() *cobra.Command {
	var o options
	var listen, public string
	c := &cobra.Command{
		Use:   "serve",
		Short: "Answer tablets until told to stop",
		Long: `serve answers the tablets. On SIGINT or SIGTERM it finishes what it has
accepted and exits. It speaks plain HTTP: put a reverse proxy with TLS before it
where tablets reach it over a network that is not yours.`,
		Example: "  tambonsync serve --data office --listen 0.0.0.0:8080 --public-url https://sync.example.go.th",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return o.withStore(c, func(s *office) error {
				ln, err := net.Listen("tcp", listen)
				if err != nil {
					return terminal.Input("--listen %s: %w", listen, err)
				}
				return serve(c.Context(), s.Store, ln, o.data, public, c.ErrOrStderr())
			})
		},
	}
	o.flags(c)
	c.Flags().StringVar(&listen, "listen", "127.0.0.1:8080", "address and port to listen on")
	c.Flags().StringVar(&public, "public-url", "", "where tablets reach this office (default http://LISTEN)")
	return c
}

// serve runs the office on ln until ctx ends.
func serve(ctx context.Context, s *store.Store, ln net.Listener, data, public string, log io.Writer) error {
	if public == "" {
		public = "http://" + ln.Addr().String()
	}
	logger := slog.New(slog.NewTextHandler(log, nil))
	sums, stop, err := followFeed(ctx, s, data, logger)
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	defer stop()
	srv, err := server.New(ctx, server.Config{
		Store: s, Log: logger, PublicURL: public,
		Analysis: sums, Exporter: &export.Exporter{Store: s, Analysis: sums}, ImportWorkbook: importedWorkbook,
	})
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	if err := os.WriteFile(urlFile(data), []byte(public+"\n"), 0o600); err != nil {
		return errors.Join(fmt.Errorf("note the office's address: %w", err), ln.Close())
	}
	say(log, "สำนักงานเปิดแล้วที่ %s", "The office answers at %s", public)
	return srv.Run(ctx, ln)
}

// analysisPause is how long sums may be behind the records at most, beside the
// time it takes to work them out. A sync never waits for them.
const analysisPause = time.Second

// followFeed keeps the derived tables up to date until stop, which waits for
// the batch under way.
func followFeed(ctx context.Context, s *store.Store, data string, log *slog.Logger) (a *analysis.Analysis, stop func(), err error) {
	if a, err = openAnalysis(ctx, s, data); err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		a.Run(ctx, nil, analysisPause, func(err error) { log.Error("the derived tables are behind", "error", err) })
	}()
	return a, func() {
		cancel()
		<-done
		if err := a.Close(); err != nil {
			log.Error("close the derived tables", "error", err)
		}
	}, nil
}

// importedWorkbook hands the office's API what reads XLSForm.
func importedWorkbook(data []byte) ([]byte, []server.WorkbookProblem, error) {
	body, problems, err := importWorkbook(data)
	out := make([]server.WorkbookProblem, len(problems))
	for i, p := range problems {
		out[i] = server.WorkbookProblem(p)
	}
	return body, out, err
}

// urlFile is where serve notes its address, for invite to print it.
func urlFile(data string) string { return filepath.Join(data, "public-url") }

func publicURL(data string) string {
	b, err := os.ReadFile(urlFile(data))
	if err != nil {
		return "http://127.0.0.1:8080"
	}
	return strings.TrimSpace(string(b))
}
