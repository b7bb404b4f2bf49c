package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"tambonsync/cmd/terminal"
	"tambonsync/server"
	"tambonsync/server/tables"
	"tambonsync/server/xlsform"
	"tambonsync/syncproto/survey"
)

func newForm() *cobra.Command {
	parent := &cobra.Command{
		Use:   "form",
		Short: "Forms and indicator sets: list, show, import, export, publish",
		Long: `A form says what is asked, an indicator set what is concluded. Both are data: they
come as XLSForm workbooks (.xlsx), JSON or YAML, begin as drafts, and never change
once they are published. Tablets get published ones at their next sync.`,
	}
	parent.AddCommand(newFormList(), newFormShow(), newFormImport(), newFormExport(), newFormPublish())
	return parent
}

// withForms runs f with the office's definitions, drafts too; without --data
// with those of the program only. own are those that the office keeps.
func (o *options) withForms(c *cobra.Command, f func(catalog *survey.Catalog, own []server.Definition) error) error {
	if o.data == "" {
		return f(survey.Builtin(), nil)
	}
	return o.withStore(c, func(s *office) error {
		catalog, err := server.LoadCatalog(c.Context(), s, true)
		if err != nil {
			return err
		}
		own, err := s.Definitions(c.Context())
		if err != nil {
			return err
		}
		return f(catalog, own)
	})
}

func newFormList() *cobra.Command {
	var o options
	c := &cobra.Command{
		Use:     "list",
		Short:   "List forms and indicator sets",
		Example: "  tambonsync form list --data office\n  tambonsync form list --json",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return o.withForms(c, func(catalog *survey.Catalog, own []server.Definition) error {
				views := server.ListDefinitions(catalog, own)
				return o.print(c, views, func(w io.Writer) { printForms(w, views) })
			})
		},
	}
	o.optionalFlags(c)
	return c
}

func printForms(w io.Writer, views []server.DefinitionView) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "REF\tKIND\tSTATUS\tSIZE\tHASH\tTITLE")
	for _, v := range views {
		size := fmt.Sprintf("%d questions", v.Questions)
		if v.Kind == server.KindIndicators {
			size = fmt.Sprintf("%d indicators", v.Indicators)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", v.Ref, v.Kind, v.Status, size, v.Hash[:12], terminal.Say(v.Title.TH, v.Title.EN))
	}
	_ = t.Flush()
}

func newFormShow() *cobra.Command {
	var o options
	var set bool
	c := &cobra.Command{
		Use:   "show REF",
		Short: "Show a form's questions, or an indicator set's rules",
		Long:  "show prints a form; --json prints its whole definition, which form import takes back. REF is name@version, or a name for the newest version.",
		Example: `  tambonsync form show bmn-2560
  tambonsync form show bmn-2560 --indicators
  tambonsync form show bmn-2560@1 --json > bmn-2560.json`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return o.withForms(c, func(catalog *survey.Catalog, _ []server.Definition) error {
				if !set {
					if f, ok := catalog.Form(args[0]); ok {
						return o.print(c, f.Definition(), func(w io.Writer) { printForm(w, f) })
					}
				}
				s, ok := catalog.Set(args[0])
				if !ok {
					return noForm(args[0])
				}
				return o.print(c, s.Definition(), func(w io.Writer) { printSet(w, s) })
			})
		},
	}
	o.optionalFlags(c)
	c.Flags().BoolVar(&set, "indicators", false, "the indicator set of that name, not the form")
	return c
}

func noForm(ref string) error {
	return &terminal.Exit{Code: terminal.ExitNotFound, Err: fmt.Errorf("%s: there is no such form or indicator set; see: tambonsync form list", ref)}
}

func printForm(w io.Writer, f *survey.Form) {
	fmt.Fprintf(w, "%s  %s\n", f.Ref(), terminal.Say(f.Title().TH, f.Title().EN))
	for _, t := range f.Types() {
		fmt.Fprintf(w, "\n%s (%s)\n", terminal.Say(t.Label().TH, t.Label().EN), t.Name())
		tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for _, q := range t.Questions() {
			marks := []string{}
			if q.Required || q.RequiredIf != "" {
				marks = append(marks, "required")
			}
			if q.Privacy != "" {
				marks = append(marks, "private:"+string(q.Privacy))
			}
			if q.Relevant != "" {
				marks = append(marks, "if "+q.Relevant)
			}
			fmt.Fprintf(tab, "  %s\t%s\t%s\t%s\n", q.Name, q.Type, terminal.Say(q.Label.TH, q.Label.EN), strings.Join(marks, "; "))
		}
		_ = tab.Flush()
	}
}

func printSet(w io.Writer, s *survey.Set) {
	d := s.Definition()
	fmt.Fprintf(w, "%s  %s  (%s)\n\n", s.Ref(), terminal.Say(d.Title.TH, d.Title.EN), d.Form)
	for _, x := range d.Indicators {
		fmt.Fprintf(w, "%3d  %s [%s]\n", x.No, terminal.Say(x.Name.TH, x.Name.EN), x.Unit)
		switch {
		case x.Empty:
			fmt.Fprintln(w, "     —")
		case x.Failing != "":
			fmt.Fprintf(w, "     applicable: %s%s   failing: %s\n", x.Applicable.Value, strings.Join(append([]string{x.Applicable.Count}, x.Applicable.Where...), " & "), x.Failing)
		default:
			fmt.Fprintf(w, "     %s%s\n", x.Pass, x.Score)
		}
	}
}

// importView is what form import prints.
type importView struct {
	Ref      string            `json:"ref,omitempty"`
	Kind     string            `json:"kind,omitempty"`
	Hash     string            `json:"hash,omitempty"`
	Status   string            `json:"status,omitempty"`
	Problems []xlsform.Problem `json:"problems"` // with one that is no warning nothing was imported
}

func newFormImport() *cobra.Command {
	var o options
	var publish bool
	c := &cobra.Command{
		Use:   "import FILE",
		Short: "Take in a form or an indicator set as a draft",
		Long: `import reads an XLSForm workbook (.xlsx), or a form or indicator set as .json or
.yaml. Everything that cannot be taken is named by sheet, row and column, and then
nothing is imported. A draft may be imported again; a published version never
changes: give the next one a higher version.`,
		Example: `  tambonsync form import wells.xlsx --data office
  tambonsync form import wells.xlsx --data office --publish`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			data, problems, err := readDefinition(args[0])
			if err != nil {
				return err
			}
			if xlsform.Refused(problems) {
				return refuseImport(c, &o, args[0], problems)
			}
			d, err := server.NewDefinition(data, adminUser, time.Now().UnixMilli())
			if err != nil {
				return notDefinition(args[0], err)
			}
			return o.withStore(c, func(s *office) error {
				if err := s.AddDefinition(c.Context(), d); err != nil {
					return definitionError(d, err)
				}
				if publish {
					if err := publishDefinition(c, s, d); err != nil {
						return err
					}
					d.Status = server.StatusPublished
				}
				out := importView{Ref: d.Ref(), Kind: d.Kind, Hash: d.Hash, Status: d.Status, Problems: append([]xlsform.Problem{}, problems...)}
				return o.print(c, out, func(w io.Writer) {
					printImportProblems(w, problems)
					say(w, "นำเข้า %s แล้ว (%s)", "%s is in (%s).", d.Ref(), d.Status)
					if d.Status == server.StatusDraft {
						say(w, "ต่อไป: tambonsync form publish %s --data %s", "Next: tambonsync form publish %s --data %s", d.Ref(), o.data)
					}
				})
			})
		},
	}
	o.flags(c)
	c.Flags().BoolVar(&publish, "publish", false, "publish it at once")
	return c
}

// definitionError says what to do when a published version is in the way.
func definitionError(d server.Definition, err error) error {
	if errors.Is(err, server.ErrConflict) {
		return terminal.Input("%s is published already and says something else: a published version never changes; import yours as version %d", d.Ref(), d.Version+1)
	}
	return err
}

// readDefinition reads a file as the canonical JSON's source, or says why not.
func readDefinition(path string) ([]byte, []xlsform.Problem, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, err
	}
	kind := strings.ToLower(filepath.Ext(path))
	limit := int64(xlsform.MaxFileBytes)
	if !isWorkbook(kind) {
		limit = 4 << 20
	}
	if info.Size() > limit {
		return nil, nil, terminal.Input(terminal.Say("%s ใหญ่ %d MB รับได้ไม่เกิน %d MB", "%s is %d MB large, at most %d MB are taken"),
			filepath.Base(path), info.Size()>>20, limit>>20)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	switch {
	case isWorkbook(kind):
		return importWorkbook(data)
	case kind == ".json":
		return data, nil, nil
	case kind == ".yaml", kind == ".yml":
		converted, err := yaml.YAMLToJSONStrict(data)
		if err != nil {
			return nil, nil, notDefinition(path, err)
		}
		return converted, nil, nil
	}
	return nil, nil, terminal.Input(terminal.Say("%s: ต้องเป็นไฟล์ .xlsx, .json หรือ .yaml", "%s: want a file that ends in .xlsx, .json or .yaml"), filepath.Base(path))
}

// isWorkbook takes old .xls files too, for the importer to say what to do with one.
func isWorkbook(ending string) bool {
	return ending == ".xlsx" || ending == ".xlsm" || ending == ".xls"
}

func notDefinition(path string, err error) error {
	return terminal.Input(terminal.Say("%s: ใช้เป็นแบบสอบถามหรือชุดตัวชี้วัดไม่ได้: %w", "%s: %w"), filepath.Base(path), err)
}

func importWorkbook(data []byte) ([]byte, []xlsform.Problem, error) {
	d, problems := xlsform.Import(data)
	if xlsform.Refused(problems) {
		return nil, problems, nil
	}
	body, err := d.JSON()
	return body, problems, err
}

func refuseImport(c *cobra.Command, o *options, path string, problems []xlsform.Problem) error {
	if o.json {
		if err := terminal.JSON(c.OutOrStdout(), importView{Problems: problems}); err != nil {
			return err
		}
	} else {
		printImportProblems(c.ErrOrStderr(), problems)
	}
	n := 0
	for _, p := range problems {
		if !p.Warning {
			n++
		}
	}
	return terminal.Input(terminal.Say("%s: แก้ %d จุดข้างต้นแล้วนำเข้าใหม่ ยังไม่มีอะไรถูกนำเข้า", "%s: mend what is named above (%d) and import it again; nothing was imported"), filepath.Base(path), n)
}

func printImportProblems(w io.Writer, problems []xlsform.Problem) {
	for _, p := range problems {
		mark := "✗"
		if p.Warning {
			mark = "!"
		}
		fmt.Fprintf(w, "%s %-12s %s\n", mark, p.Place(), terminal.Say(p.TH, p.EN))
	}
}

func newFormPublish() *cobra.Command {
	var o options
	var set bool
	c := &cobra.Command{
		Use:     "publish REF",
		Short:   "Publish a draft: it never changes from then on, and tablets get it",
		Example: "  tambonsync form publish wells@1 --data office",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return o.withStore(c, func(s *office) error {
				d, err := findDefinition(c, s, args[0], set)
				if err != nil {
					return err
				}
				if err := publishDefinition(c, s, d); err != nil {
					return err
				}
				out := importView{Ref: d.Ref(), Kind: d.Kind, Hash: d.Hash, Status: server.StatusPublished, Problems: []xlsform.Problem{}}
				return o.print(c, out, func(w io.Writer) {
					say(w, "เผยแพร่ %s แล้ว แท็บเล็ตจะได้รับเมื่อซิงค์ครั้งต่อไป", "%s is published; tablets get it at their next sync.", d.Ref())
				})
			})
		},
	}
	o.flags(c)
	c.Flags().BoolVar(&set, "indicators", false, "the indicator set of that name, not the form")
	return c
}

// findDefinition finds one of the office's own definitions; the newest version
// if only a name is given.
func findDefinition(c *cobra.Command, s *office, ref string, set bool) (server.Definition, error) {
	own, err := s.Definitions(c.Context())
	if err != nil {
		return server.Definition{}, err
	}
	var found *server.Definition
	for i := range own {
		d := &own[i]
		fits := d.Ref() == ref || d.Name == ref
		if fits && (found == nil || d.Version > found.Version) && (!set || d.Kind == server.KindIndicators) {
			found = d
		}
	}
	if found != nil {
		return *found, nil
	}
	if f, ok := survey.Builtin().Form(ref); ok {
		if f.Draft() {
			return server.Definition{}, terminal.Input("form %s is a draft of the program: form show %s --json, complete it, take \"draft\" out, and import it", f.Ref(), f.Ref())
		}
		return server.Definition{}, terminal.Input("form %s is part of the program and always published", f.Ref())
	}
	return server.Definition{}, noForm(ref)
}

func publishDefinition(c *cobra.Command, s *office, d server.Definition) error {
	catalog, err := server.LoadCatalog(c.Context(), s, true)
	if err != nil {
		return err
	}
	if err := server.CheckPublish(d, catalog); err != nil {
		return terminal.Input("%w", err)
	}
	return s.PublishDefinition(c.Context(), d.Kind, d.Ref(), adminUser, time.Now().UnixMilli())
}

func newFormExport() *cobra.Command {
	var o options
	var out string
	c := &cobra.Command{
		Use:     "export REF",
		Short:   "Write a form as an XLSForm workbook, JSON or YAML",
		Long:    "export writes a form so that import takes back the same. The ending of the file says how: .xlsx, .json or .yaml.",
		Example: "  tambonsync form export bmn-2560 --out bmn-2560.xlsx",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return o.withForms(c, func(catalog *survey.Catalog, _ []server.Definition) error {
				f, ok := catalog.Form(args[0])
				if !ok {
					return noForm(args[0])
				}
				body, err := encodeForm(f, out)
				if err != nil {
					return err
				}
				if err := writeWhole(out, body); err != nil {
					return err
				}
				return o.print(c, map[string]any{"ref": f.Ref(), "hash": f.Hash(), "file": out, "bytes": len(body)}, func(w io.Writer) {
					say(w, "เขียน %s ลง %s แล้ว", "%s is in %s.", f.Ref(), out)
				})
			})
		},
	}
	o.optionalFlags(c)
	c.Flags().StringVar(&out, "out", "", "the file to write: .xlsx, .json or .yaml")
	if err := c.MarkFlagRequired("out"); err != nil {
		panic(err) // the flag was added above
	}
	return c
}

func encodeForm(f *survey.Form, out string) ([]byte, error) {
	switch strings.ToLower(filepath.Ext(out)) {
	case ".json":
		return append(f.JSON(), '\n'), nil
	case ".yaml", ".yml":
		return yaml.JSONToYAML(f.JSON())
	case ".xlsx":
		return xlsform.Export(f)
	}
	return nil, terminal.Input("--out %s: want a file that ends in .xlsx, .json or .yaml", out)
}

// writeWhole writes a file so that it is there whole or not at all.
func writeWhole(path string, body []byte) error {
	return tables.WriteFile(path, func(w io.Writer) error {
		_, err := io.Copy(w, bytes.NewReader(body))
		return err
	})
}
