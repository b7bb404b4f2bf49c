package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tambonsync/cmd/terminal"
	"tambonsync/server"
	"tambonsync/server/tables"
	"tambonsync/syncproto/area"
)

// listFlags are those of every import of a list.
type listFlags struct {
	mapping []string
	dryRun  bool
	rejects string
}

func (l *listFlags) flags(c *cobra.Command) {
	c.Flags().StringArrayVar(&l.mapping, "map", nil, "say what a column is: --map 'เลขที่=house_no' or --map '#C=house_no'; --map 'note=-' leaves one out")
	c.Flags().BoolVar(&l.dryRun, "dry-run", false, "show the mapping and the bad rows, change nothing")
	c.Flags().StringVar(&l.rejects, "rejects", "", "write the bad rows with their reasons to this CSV file, to mend and import again")
}

// listView is what an import of a list prints.
type listView struct {
	File     tables.About     `json:"file"`
	Mapping  tables.Mapping   `json:"mapping"`
	Rows     int              `json:"rows"`
	Imported int              `json:"imported"`
	Already  int              `json:"already"` // in the office before
	Bad      int              `json:"bad"`
	Problems []tables.Problem `json:"problems"` // of the first bad rows
	DryRun   bool             `json:"dry_run"`
}

const shownProblems = 200

// openList opens a file and matches its columns.
func openList(path string, list tables.List, l listFlags) (*os.File, *tables.Rows, tables.Mapping, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, tables.Mapping{}, err
	}
	rows, m, err := matchList(f, list, l)
	if err != nil {
		_ = f.Close()
		return nil, nil, tables.Mapping{}, listError(err)
	}
	if len(m.Missing) > 0 {
		_ = f.Close()
		return nil, nil, tables.Mapping{}, missing(filepath.Base(path), m)
	}
	return f, rows, m, nil
}

// matchList reads the file through once before anything comes of it: a list
// whose last row cannot be read changes nothing.
func matchList(f *os.File, list tables.List, l listFlags) (*tables.Rows, tables.Mapping, error) {
	name := filepath.Base(f.Name())
	rows, err := tables.Read(name, f, tables.ReadOptions{})
	if err != nil {
		return nil, tables.Mapping{}, err
	}
	m, err := tables.Match(rows.Header(), list, l.mapping)
	var file *tables.FileError
	if errors.As(err, &file) {
		file.File = name
	}
	if err != nil {
		return nil, m, err
	}
	for _, err := range rows.All() {
		if err != nil {
			return nil, m, err
		}
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, m, err
	}
	rows, err = tables.Read(name, f, tables.ReadOptions{})
	return rows, m, err
}

// listError says in the person's language what is wrong with a file, and where.
func listError(err error) error {
	var file *tables.FileError
	if errors.As(err, &file) {
		return terminal.Input("%s", terminal.Say(file.Thai(), file.Error()))
	}
	return terminal.Input("%w", err)
}

// importList goes through the rows: good ones to put, in blocks, bad ones to
// the rejects.
func importList[T any](v *listView, l listFlags, rows *tables.Rows, each func(func(tables.Imported[T], error) bool), put func([]tables.Imported[T]) error) error {
	run := func(rejects *tables.Rejects) error {
		var block []tables.Imported[T]
		for item, err := range each {
			if err != nil {
				return listError(err)
			}
			v.Rows++
			if !item.OK() {
				v.Bad++
				for _, p := range item.Problems {
					if len(v.Problems) < shownProblems {
						v.Problems = append(v.Problems, p)
					}
				}
				if rejects != nil {
					if err := rejects.Write(item.Row, item.Problems); err != nil {
						return err
					}
				}
				continue
			}
			if block = append(block, item); len(block) == 500 {
				if err := put(block); err != nil {
					return err
				}
				block = nil
			}
		}
		return put(block)
	}
	if l.rejects == "" {
		return run(nil)
	}
	return tables.WriteFile(l.rejects, func(w io.Writer) error {
		rejects, err := tables.NewRejects(w, rows.Header())
		if err != nil {
			return err
		}
		if err := run(rejects); err != nil {
			return err
		}
		return rejects.Close()
	})
}

func printList(w io.Writer, v listView, what string) {
	for _, m := range v.Mapping.Matched {
		say(w, "  คอลัมน์ %s %q → %s", "  column %s %q → %s", m.Column, m.Header, m.Field)
	}
	if len(v.Mapping.Unmatched) > 0 {
		say(w, "  ไม่ใช้: %s", "  not used: %s", strings.Join(v.Mapping.Unmatched, ", "))
	}
	for _, p := range v.Problems {
		fmt.Fprintf(w, terminal.Say("  แถว %d %s %q: %s\n", "  row %d %s %q: %s\n"), p.Row, p.Column, p.Value, terminal.Say(p.TH, p.EN))
	}
	say(w, "%d แถว: นำเข้า %s %d มีอยู่แล้ว %d ไม่ผ่าน %d", "%d rows: %s imported %d, there already %d, bad %d", v.Rows, what, v.Imported, v.Already, v.Bad)
	if v.DryRun {
		say(w, "ทดลองเท่านั้น ยังไม่มีอะไรเปลี่ยน", "A dry run: nothing was changed.")
	}
}

// missing refuses a file that lacks what every row needs.
func missing(name string, m tables.Mapping) error {
	return terminal.Input(terminal.Say("%s: ไฟล์ขาดคอลัมน์: %s; หัวตารางที่ไม่ได้ใช้: %s; ระบุด้วย --map 'หัวตาราง=ฟิลด์'",
		"%s: the file lacks: %s; headers that are not used: %s; say which with --map 'header=field'"),
		name, strings.Join(m.Missing, ", "), strings.Join(m.Unmatched, ", "))
}

func newArea() *cobra.Command {
	parent := &cobra.Command{Use: "area", Short: "Areas: import villages and local government bodies, search"}
	parent.AddCommand(newAreaImport(), newAreaSearch())
	return parent
}

func newAreaImport() *cobra.Command {
	var o options
	var l listFlags
	c := &cobra.Command{
		Use:   "import FILE",
		Short: "Take in a list of villages, with the local government body of each",
		Long: `import reads .csv (UTF-8 or CP874) or .xlsx. Columns are found by their headers, Thai
or English: a village code of 8 digits, or tambon code and moo; the name; and if the
file has them the local government body, position, validity and predecessor. Every bad
row is named, the good ones go in.`,
		Example: `  tambonsync area import villages.xlsx --data office --dry-run
  tambonsync area import villages.csv --data office --rejects bad.csv`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return o.withStore(c, func(s *office) error { return importVillages(c, &o, s, l, args[0]) })
		},
	}
	o.flags(c)
	l.flags(c)
	return c
}

func importVillages(c *cobra.Command, o *options, s *office, l listFlags, path string) error {
	f, rows, m, err := openList(path, tables.VillageList(), l)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	v := listView{File: rows.About(), Mapping: m, Problems: []tables.Problem{}, DryRun: l.dryRun}
	err = importList(&v, l, rows, tables.Villages(rows, m), func(block []tables.Imported[tables.Village]) error {
		v.Imported += len(block)
		if l.dryRun {
			return nil
		}
		return putVillages(c.Context(), s, block)
	})
	if err != nil {
		return err
	}
	return o.print(c, v, func(w io.Writer) { printList(w, v, terminal.Say("หมู่บ้าน", "villages")) })
}

func putVillages(ctx context.Context, s *office, block []tables.Imported[tables.Village]) error {
	var villages []server.Village
	govs := map[string]server.LocalGov{}
	for _, item := range block {
		t := item.Value
		v := server.Village{
			Code: area.Code(t.Code), NameTH: t.NameTH, NameEN: t.NameEN, LocalGov: t.LocalGovCode, Lat: t.Lat, Lon: t.Lon,
			ValidFrom: t.ValidFrom, ValidTo: t.ValidTo, Predecessor: area.Code(t.Predecessor),
		}
		province := v.Code[:2]
		if v.LocalGov == "" && t.LocalGovName != "" {
			v.LocalGov = string(province) + ":" + t.LocalGovName // a name is only known in its province
		}
		if v.LocalGov != "" {
			name := t.LocalGovName
			if name == "" {
				name = govs[v.LocalGov].NameTH
			}
			govs[v.LocalGov] = server.LocalGov{Code: v.LocalGov, NameTH: name, Kind: t.LocalGovKind, Province: province}
		}
		villages = append(villages, v)
	}
	var list []server.LocalGov
	for _, g := range govs {
		list = append(list, g)
	}
	if err := s.PutLocalGovs(ctx, list); err != nil {
		return err
	}
	return s.PutVillages(ctx, villages)
}

func newAreaSearch() *cobra.Command {
	var o options
	c := &cobra.Command{
		Use:     "search WORDS",
		Short:   "Find a province, amphoe or tambon by name",
		Example: "  tambonsync area search หนองแคน",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			type found struct {
				Code area.Code `json:"code"`
				Name string    `json:"name"`
			}
			list := []found{}
			for _, a := range area.Search(strings.Join(args, " ")) {
				list = append(list, found{a.Code, area.FullName(a.Code)})
			}
			return o.print(c, list, func(w io.Writer) {
				for _, a := range list {
					fmt.Fprintf(w, "%-8s %s\n", a.Code, a.Name)
				}
				if len(list) == 0 {
					say(w, "ไม่พบ", "Nothing found.")
				}
			})
		},
	}
	o.optionalFlags(c)
	return c
}

func newHousehold() *cobra.Command {
	parent := &cobra.Command{Use: "household", Short: "Households: import a list, say how far one is, merge duplicates"}
	parent.AddCommand(newHouseholdImport(), newHouseholdState(), newHouseholdMerge(), newHouseholdUnmerge())
	return parent
}

func newHouseholdImport() *cobra.Command {
	var o options
	var l listFlags
	var round, user string
	c := &cobra.Command{
		Use:   "import FILE",
		Short: "Begin a round with a list of households",
		Long: `import reads .csv (UTF-8 or CP874) or .xlsx: the village, house number, and if the
file has them the registration code, head and position. Each row becomes a household
that an officer still has to visit. Rows that the round has already are left alone.`,
		Example: `  tambonsync household import houses.csv --data office --round 0193… --dry-run
  tambonsync household import houses.xlsx --data office --rejects bad.csv`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return o.withStore(c, func(s *office) error { return importHouseholds(c, &o, s, l, args[0], round, user) })
		},
	}
	o.flags(c)
	l.flags(c)
	c.Flags().StringVar(&round, "round", "", "the round; default: the only open one")
	c.Flags().StringVar(&user, "user", adminUser, "who imports it")
	return c
}

func importHouseholds(c *cobra.Command, o *options, s *office, l listFlags, path, round, user string) error {
	r, err := chooseRound(c.Context(), s, round, "")
	if err != nil {
		return err
	}
	catalog, err := s.forms(c.Context())
	if err != nil {
		return err
	}
	lister, err := server.NewLister(c.Context(), s, catalog, r, "house_reg_id", "house_no")
	if err != nil {
		return err
	}
	f, rows, m, err := openList(path, tables.HouseholdList(), l)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	v := listView{File: rows.About(), Mapping: m, Problems: []tables.Problem{}, DryRun: l.dryRun}
	now := time.Now().UnixMilli()
	each := func(yield func(tables.Imported[tables.Household], error) bool) {
		for item, err := range tables.Households(rows, m) {
			if err == nil && item.OK() && !lister.Covers(area.Code(item.Value.Area)) {
				item.Problems = append(item.Problems, tables.Problem{
					Row: item.Row.Number, Value: item.Value.Area, TH: "พื้นที่นี้อยู่นอกรอบสำรวจ", EN: "The round does not survey this area.",
				})
			}
			if !yield(item, err) {
				return
			}
		}
	}
	err = importList(&v, l, rows, each, func(block []tables.Imported[tables.Household]) error {
		var list []server.ListedRecord
		for _, item := range block {
			list = append(list, listed(lister, item.Value))
		}
		edits, already, err := lister.Edits(c.Context(), list, user, now)
		if err != nil {
			return err
		}
		v.Already += already
		v.Imported += len(edits)
		if l.dryRun || len(edits) == 0 {
			return nil
		}
		_, err = s.EditMany(c.Context(), edits)
		return err
	})
	if err != nil {
		return err
	}
	return o.print(c, v, func(w io.Writer) { printList(w, v, terminal.Say("ครัวเรือน", "households")) })
}

// listed turns a row into answers: each field to the question of its name, if
// the form has one.
func listed(l *server.Lister, h tables.Household) server.ListedRecord {
	values := map[string]any{}
	for name, text := range map[string]string{
		"house_no": h.HouseNo, "house_reg_id": h.HouseRegID, "head_name": h.HeadName, "local_gov": h.LocalGov,
	} {
		if text != "" && l.Has(name) {
			values[name] = text
		}
	}
	if h.Lat != nil && h.Lon != nil && l.Has("location") {
		values["location"] = map[string]any{"lat": *h.Lat, "lon": *h.Lon}
	}
	return server.ListedRecord{Area: area.Code(h.Area), Key: h.HouseNo, Values: values}
}
