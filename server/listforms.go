package server

import (
	"fmt"
	"slices"

	"tambonsync/syncproto/survey"
)

// DefinitionView is a form or an indicator set in a list.
type DefinitionView struct {
	Ref        string      `json:"ref"`
	Kind       string      `json:"kind"` // form or indicators
	Name       string      `json:"name"`
	Version    int         `json:"version"`
	Title      survey.Text `json:"title"`
	Status     string      `json:"status"` // StatusBuiltIn, StatusPublished or StatusDraft
	Hash       string      `json:"hash"`
	Types      []string    `json:"types,omitempty"`      // of records
	Questions  int         `json:"questions,omitempty"`  //
	Form       string      `json:"form,omitempty"`       // that an indicator set is for
	Indicators int         `json:"indicators,omitempty"` //
}

// StatusBuiltIn is the status of what is part of the program.
const StatusBuiltIn = "built-in"

// ListDefinitions shows all of a catalog, forms first. own are those of the
// office.
func ListDefinitions(c *survey.Catalog, own []Definition) []DefinitionView {
	status := func(kind, ref, hash string, draft bool) string {
		i := slices.IndexFunc(own, func(d Definition) bool { return d.Kind == kind && d.Ref() == ref })
		switch {
		case draft:
			return StatusDraft
		case i < 0, own[i].Status == StatusDraft && hash == builtIn(kind, ref):
			return StatusBuiltIn
		}
		return own[i].Status
	}
	out := []DefinitionView{}
	for _, f := range c.Forms() {
		v := DefinitionView{
			Ref: f.Ref(), Kind: KindForm, Name: f.Name(), Version: f.Version(), Title: f.Title(),
			Status: status(KindForm, f.Ref(), f.Hash(), f.Draft()), Hash: f.Hash(),
		}
		for _, t := range f.Types() {
			v.Types = append(v.Types, t.Name())
			v.Questions += len(t.Questions())
		}
		out = append(out, v)
	}
	for _, s := range c.Sets() {
		out = append(out, DefinitionView{
			Ref: s.Ref(), Kind: KindIndicators, Name: s.Name(), Version: s.Version(), Title: s.Title(),
			Status: status(KindIndicators, s.Ref(), s.Hash(), s.Draft()), Hash: s.Hash(), Form: s.Form(), Indicators: len(s.Definition().Indicators),
		})
	}
	return out
}

// FindDefinition finds one of the office's own definitions, by name@version or,
// by its name, the newest version.
func FindDefinition(own []Definition, kind, ref string) (Definition, error) {
	var found *Definition
	for i := range own {
		d := &own[i]
		fits := d.Kind == kind && (d.Ref() == ref || d.Name == ref)
		if fits && (found == nil || d.Version > found.Version) {
			found = d
		}
	}
	if found == nil {
		return Definition{}, fmt.Errorf("%s %.80q: %w", kind, ref, ErrNotFound)
	}
	return *found, nil
}
