package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"tambonsync/cmd/tambonsync/demo"
	"tambonsync/cmd/terminal"
	"tambonsync/server"
	"tambonsync/server/store"
	"tambonsync/syncproto/area"
)

// demoMark is a file in every folder that demo made, and only there: such a
// folder may be made anew.
const demoMark = "DEMO"

func newDemo() *cobra.Command {
	var o options
	var listen string
	var d demo.Options
	var once bool
	c := &cobra.Command{
		Use:   "demo",
		Short: "Play a whole season with made-up families, and leave the office running",
		Long: `demo makes a data folder with an office, makes up a tambon (ตำบลหนองแคน), lets two
tablets enter it, disagree without a network and sync, tells what happened and
what to try next, and leaves the office running until Ctrl-C. No person in it is
real. The folder is made anew each time.`,
		Example: `  tambonsync demo --data demo-data
  tambonsync demo --data demo-data --households 60 --once --json`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := freshDemo(o.data); err != nil {
				return err
			}
			d.Out, d.JSON, d.App = c.ErrOrStderr(), o.json, "tambonfield"
			return runDemo(c, &o, d, listen, once)
		},
	}
	o.flags(c)
	c.Flags().StringVar(&listen, "listen", "127.0.0.1:8080", "address and port of the office")
	c.Flags().Uint64Var(&d.Seed, "seed", 1, "another seed makes up another tambon")
	c.Flags().IntVar(&d.Households, "households", 0, "how many households (default: all, about 300)")
	c.Flags().BoolVar(&once, "once", false, "stop the office when the story is told")
	return c
}

// freshDemo empties the folder of an earlier demo, and no other.
func freshDemo(dir string) error {
	entries, err := os.ReadDir(dir)
	if err == nil && len(entries) > 0 {
		if _, err := os.Stat(filepath.Join(dir, demoMark)); err != nil {
			return terminal.Input("%s is not empty and no earlier demo: give another folder", dir)
		}
		if err := os.RemoveAll(dir); err != nil {
			return fmt.Errorf("remove the earlier demo: %w", err)
		}
	} else if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, demoMark), []byte("made by tambonsync demo; everything here may be deleted\n"), 0o600)
}

func runDemo(c *cobra.Command, o *options, d demo.Options, listen string, once bool) (err error) {
	ctx, stop := context.WithCancel(c.Context())
	defer stop()
	dir := filepath.Join(o.data, "office")
	if err := store.Create(ctx, dir, area.FullName(demo.Tambon450303), rand.Reader); err != nil {
		return err
	}
	s, err := store.Open(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	password, err := setPassword(ctx, s, adminUser)
	if err != nil {
		return err
	}
	if _, err := openRound(ctx, &office{Store: s, dir: dir}, demo.Round(), "", adminUser); err != nil {
		return err
	}
	ln, err := net.Listen("tcp", listen)
	if err != nil {
		return terminal.Input("--listen %s: %w; another program uses the port: try `make demo LISTEN=127.0.0.1:8081`", listen, err)
	}
	served := make(chan error, 1)
	go func() { served <- serve(ctx, s, ln, dir, "", io.Discard) }()
	defer func() {
		stop()
		err = errors.Join(err, <-served) // before the store closes
	}()
	d.Server, d.Dir = "http://"+ln.Addr().String(), o.data
	areasA, areasB := demo.Grants()
	for _, inv := range []struct {
		officer string
		areas   []area.Code
		code    *string
	}{{"ผู้จัดเก็บ 1", areasA, &d.CodeA}, {"ผู้จัดเก็บ 2", areasB, &d.CodeB}} {
		made, err := invite(ctx, s, inv.officer, inv.areas, server.InvitationLife, d.Server)
		if err != nil {
			return err
		}
		*inv.code = made.Code
	}
	begun := time.Now()
	story, err := demo.Run(ctx, d)
	if err != nil {
		return err
	}
	if err := o.print(c, story, func(w io.Writer) { printStory(w, story, o.data, d.Server, password, time.Since(begun)) }); err != nil {
		return err
	}
	if !once {
		say(c.ErrOrStderr(), "สำนักงานเปิดอยู่ที่ %s กด Ctrl-C เพื่อปิด", "The office is running at %s. Ctrl-C stops it.", d.Server)
		<-ctx.Done()
	}
	return nil
}

func printStory(w io.Writer, s demo.Story, dir, url, password string, took time.Duration) {
	fmt.Fprintln(w)
	say(w, "── เกิดอะไรขึ้น (%.0f วินาที) ──", "── What happened (%.0f seconds) ──", took.Seconds())
	say(w, "%d หมู่บ้าน %d ครัวเรือน %d คน คำตอบที่ระบบทักให้ตรวจ %d ข้อ (เก็บไว้ครบ)",
		"%d villages, %d households, %d persons; %d answers flagged for a check (all kept)",
		s.Entered.Villages, s.Entered.Households, s.Entered.Members, s.Entered.Flagged)
	say(w, "ทำงานไม่มีเครือข่าย: ตอบต่างกัน %d ข้อ ตอบเหมือนกัน %d ข้อ คนละคำถาม %d ครัวเรือน คนหนึ่งลบอีกคนแก้ %d",
		"Without a network: %d questions answered differently, %d alike, other questions in %d households, %d deleted by one and edited by the other",
		s.Offline.Disagreements, s.Offline.SameAnswers, s.Offline.DifferentQuestions, s.Offline.DeletedAndEdited)
	for _, y := range s.Syncs {
		say(w, "  %s: ส่ง %d รับ %d ขัดแย้ง %d รอหัวหน้า %d ค้างส่ง %d (%d ms, %.1f kB)",
			"  %s: sent %d, received %d, conflicts %d, for a supervisor %d, unsent %d (%d ms, %.1f kB)",
			y.Tablet, y.Pushed, y.Pulled, y.Conflicts, y.Quarantined, y.Unsent, y.TookMS, float64(y.BytesIn+y.BytesOut)/1000)
	}
	say(w, "ระเบียนที่ทั้งสองแท็บเล็ตมี: เหมือนกัน %d ต่างกัน %d", "Records on both tablets: %d the same, %d different", s.Same, s.Different)
	printFigures(w, s)
	if k := s.Disagreement; k != nil {
		say(w, "ตัวอย่าง บ้าน %s ข้อ %s:", "Example: house %s, question %s:", k.Household, k.Group)
		for _, a := range k.Answers {
			fmt.Fprintf(w, "    %-12s %s\n", compact(a.Value), a.User)
		}
	}
	fmt.Fprintln(w)
	say(w, "── ลองต่อ (อีกหน้าต่างหนึ่ง) ──", "── Try next (in another terminal) ──")
	office := filepath.Join(dir, "office")
	fmt.Fprintf(w, "  bin/tambonsync summary --data %s --area %s\n", office, demo.Tambon450303)
	fmt.Fprintf(w, "  bin/tambonfield report --store %s --village %s\n", s.Tablets[0].Path, demo.Tambon450303+"01")
	fmt.Fprintf(w, "  bin/tambonsync export --data %s --area %s --format xlsx --out %s.xlsx\n", office, demo.Tambon450303, demo.Tambon450303)
	fmt.Fprintf(w, "  bin/tambonsync cases --data %s\n", office)
	if k := s.Disagreement; k != nil {
		fmt.Fprintf(w, "  bin/tambonsync resolve --data %s %s --group %s --value '%s'\n", office, k.Record, k.Group, compact(k.Answers[len(k.Answers)-1].Value))
		fmt.Fprintf(w, "  bin/tambonfield sync --store %s && bin/tambonfield get --store %s %s\n", s.Tablets[0].Path, s.Tablets[0].Path, k.Record)
	}
	fmt.Fprintf(w, "  bin/tambonsync quarantine list --data %s\n", office)
	fmt.Fprintf(w, "  bin/tambonsync device list --data %s\n", office)
	fmt.Fprintf(w, "  bin/tambonsync verify --data %s\n", office)
	fmt.Fprintf(w, "  curl -s -H 'Content-Type: application/json' %s/api/v1/token -d '{\"user\":\"%s\",\"password\":\"%s\"}'\n", url, adminUser, password)
	fmt.Fprintln(w)
}

// printFigures tells how far the round is and where most fail.
func printFigures(w io.Writer, s demo.Story) {
	h := s.Summary.Households
	say(w, "%s (นับอายุ ณ %s): %d ครัวเรือน %d คน ตอบครบ %d ยังไม่ครบ %d",
		"%s, ages as of %s: %d households, %d persons; %d complete, %d not",
		s.Summary.RoundTitle, s.Summary.ReferenceDate, h.Total, s.Summary.Persons, h.Complete, h.Total-h.Complete)
	say(w, "ส่งตรวจ %d รับรองแล้ว %d ส่งกลับ %d", "Handed in %d, approved %d, returned %d", h.Submitted, h.Approved, h.Returned)
	say(w, "ตัวชี้วัดที่ตกมากที่สุด (ตก/ทั้งหมด):", "The worst indicators (failed/applicable):")
	for _, l := range s.Worst {
		say(w, "  %[1]d %[2]s  %[4]d/%[5]d (%.1[6]f%%)", "  %[1]d %[3]s  %[4]d/%[5]d (%.1[6]f%%)",
			l.No, l.NameTH, l.NameEN, l.Failed, l.Applicable, *l.FailedPercent)
	}
}
