package survey

import (
	"embed"
	"fmt"
	"slices"
	"strings"
	"sync"
)

//go:embed forms/*.json sets/*.json
var builtin embed.FS

var builtinCatalog = sync.OnceValue(func() *Catalog {
	c, err := readBuiltin()
	if err != nil { // a fault of the build: the tests parse the same bytes
		panic(fmt.Sprintf("survey: the built-in definitions: %v", err))
	}
	return c
})

// Builtin returns the definitions that are part of the program: จปฐ. 2560–2564,
// กชช.2ค 2560–2564 and a draft of จปฐ. 2565–2569. Every call returns the same.
func Builtin() *Catalog { return builtinCatalog() }

var defaultForm = sync.OnceValue(func() *Form {
	data, err := builtin.ReadFile("forms/bmn-2560.json")
	if err == nil {
		var f *Form
		if f, err = Parse(data); err == nil {
			return f
		}
	}
	panic(fmt.Sprintf("survey: the built-in form: %v", err))
})

// Default returns the built-in form of จปฐ. 2560–2564. Every call returns the
// same form.
func Default() *Form { return defaultForm() }

func readBuiltin() (*Catalog, error) {
	c := &Catalog{}
	for _, dir := range []string{"forms", "sets"} {
		files, err := builtin.ReadDir(dir)
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			data, err := builtin.ReadFile(dir + "/" + file.Name())
			if err != nil {
				return nil, err
			}
			if file.Name() == "bmn-2560.json" && dir == "forms" {
				c.forms = append(c.forms, Default())
				continue
			}
			if err := c.read(data); err != nil {
				return nil, fmt.Errorf("%s: %w", file.Name(), err)
			}
		}
	}
	return c, nil
}

// Catalog is a collection of forms and indicator sets. It does not change; it
// is safe for use by many goroutines.
type Catalog struct {
	forms []*Form
	sets  []*Set

	mu    sync.Mutex
	bound map[[2]string]*Indicators
}

func (c *Catalog) read(data []byte) error {
	if KindOf(data) == KindIndicators {
		s, err := ParseSet(data)
		if err == nil {
			c.sets = append(c.sets, s)
		}
		return err
	}
	f, err := Parse(data)
	if err == nil {
		c.forms = append(c.forms, f)
	}
	return err
}

// With returns a catalog with more definitions. One with a reference that is
// there already takes its place.
func (c *Catalog) With(forms []*Form, sets []*Set) *Catalog {
	out := &Catalog{}
	for _, f := range c.forms {
		if !slices.ContainsFunc(forms, func(n *Form) bool { return n.Ref() == f.Ref() }) {
			out.forms = append(out.forms, f)
		}
	}
	for _, s := range c.sets {
		if !slices.ContainsFunc(sets, func(n *Set) bool { return n.Ref() == s.Ref() }) {
			out.sets = append(out.sets, s)
		}
	}
	out.forms, out.sets = append(out.forms, forms...), append(out.sets, sets...)
	slices.SortStableFunc(out.forms, func(a, b *Form) int { return compareRefs(a.name, a.version, b.name, b.version) })
	slices.SortStableFunc(out.sets, func(a, b *Set) int { return compareRefs(a.def.Name, a.def.Version, b.def.Name, b.def.Version) })
	return out
}

func compareRefs(name string, version int, otherName string, other int) int {
	if c := strings.Compare(name, otherName); c != 0 {
		return c
	}
	return version - other
}

// Forms returns all forms by name and version.
func (c *Catalog) Forms() []*Form { return slices.Clone(c.forms) }

// Sets returns all indicator sets by name and version.
func (c *Catalog) Sets() []*Set { return slices.Clone(c.sets) }

// Form finds a form by reference, such as "bmn-2560@1", or the newest version
// by name.
func (c *Catalog) Form(ref string) (*Form, bool) {
	var found *Form
	for _, f := range c.forms {
		if f.Ref() == ref || f.name == ref && (found == nil || f.version > found.version) {
			found = f
		}
	}
	return found, found != nil
}

// Set finds an indicator set by reference, or the newest version by name.
func (c *Catalog) Set(ref string) (*Set, bool) {
	var found *Set
	for _, s := range c.sets {
		if s.Ref() == ref || s.def.Name == ref && (found == nil || s.def.Version > found.def.Version) {
			found = s
		}
	}
	return found, found != nil
}

// SetFor finds the indicator set written for a form: the newest of the form's
// own name, else the first of another.
func (c *Catalog) SetFor(formRef string) (*Set, bool) {
	name, _, _ := SplitRef(formRef)
	var found *Set
	for _, s := range c.sets {
		if s.def.Form != formRef {
			continue
		}
		newer := found != nil && s.def.Name == found.def.Name && s.def.Version > found.def.Version
		if found == nil || newer || s.def.Name == name && found.def.Name != name {
			found = s
		}
	}
	return found, found != nil
}

// ByType returns the forms that have a record type, newest version of each
// name, drafts last.
func (c *Catalog) ByType(recordType string) []*Form {
	newest := map[string]*Form{}
	for _, f := range c.forms {
		if _, has := f.Type(recordType); has && (newest[f.name] == nil || newest[f.name].version < f.version) {
			newest[f.name] = f
		}
	}
	var out []*Form
	for _, f := range newest {
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b *Form) int {
		if a.Draft() != b.Draft() {
			if a.Draft() {
				return 1
			}
			return -1
		}
		return strings.Compare(a.name, b.name)
	})
	return out
}

// Indicators binds a set to a form; the outcome is kept. setRef may be "" for
// a round without indicators.
func (c *Catalog) Indicators(formRef, setRef string) (*Indicators, error) {
	key := [2]string{formRef, setRef}
	c.mu.Lock()
	defer c.mu.Unlock()
	if x := c.bound[key]; x != nil {
		return x, nil
	}
	f, ok := c.Form(formRef)
	if !ok {
		return nil, fmt.Errorf("survey: no form %q here", formRef)
	}
	s := noSet(f)
	if setRef != "" {
		if s, ok = c.Set(setRef); !ok {
			return nil, fmt.Errorf("survey: no indicator set %q here", setRef)
		}
	}
	x, err := NewIndicators(f, s)
	if err != nil {
		return nil, err
	}
	if c.bound == nil {
		c.bound = map[[2]string]*Indicators{}
	}
	c.bound[key] = x
	return x, nil
}

// FormFor finds the form by which a record is read: the one that its last save
// names, else another version of that, else the first that has its type. nil:
// no form has such records.
func (c *Catalog) FormFor(recordType, ref string) *Form {
	name, _, _ := SplitRef(ref)
	for _, want := range []string{ref, name} {
		if f, ok := c.Form(want); ok && want != "" {
			if _, has := f.Type(recordType); has {
				return f
			}
		}
	}
	if list := c.ByType(recordType); len(list) > 0 {
		return list[0]
	}
	return nil
}
