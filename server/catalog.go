package server

import (
	"context"
	"fmt"
	"sync"

	"tambonsync/syncproto/survey"
)

// definer is the part of a Store that a catalog is made of.
type definer interface {
	Definitions(ctx context.Context) ([]Definition, error)
}

// LoadCatalog returns the forms and indicator sets of an office: those of the
// program, and over them those it published itself. withDrafts adds its
// drafts, for those who work on them.
func LoadCatalog(ctx context.Context, store definer, withDrafts bool) (*survey.Catalog, error) {
	definitions, err := store.Definitions(ctx)
	if err != nil {
		return nil, fmt.Errorf("definitions: %w", err)
	}
	return CatalogOf(definitions, withDrafts, func(d Definition, err error) error {
		return fmt.Errorf("%s %s: %w", d.Kind, d.Ref(), err)
	})
}

// CatalogOf makes a catalog of definitions and those of the program. What this
// program cannot read goes to unreadable: it is left out, or its error ends it.
func CatalogOf(definitions []Definition, withDrafts bool, unreadable func(Definition, error) error) (*survey.Catalog, error) {
	var forms []*survey.Form
	var sets []*survey.Set
	for _, d := range definitions {
		if d.Status != StatusPublished && !withDrafts {
			continue
		}
		var err error
		if d.Kind == KindIndicators {
			var s *survey.Set
			if s, err = survey.ParseSet(d.Body); err == nil {
				sets = append(sets, s)
			}
		} else {
			var f *survey.Form
			if f, err = survey.Parse(d.Body); err == nil {
				forms = append(forms, f)
			}
		}
		if err != nil {
			if err := unreadable(d, err); err != nil {
				return nil, err
			}
		}
	}
	if len(forms)+len(sets) == 0 {
		return survey.Builtin(), nil
	}
	return survey.Builtin().With(forms, sets), nil
}

// catalogs keeps the catalog until the store has other definitions.
type catalogs struct {
	mu       sync.Mutex
	revision uint64
	catalog  *survey.Catalog
}

// catalog returns the office's present forms and indicator sets.
func (s *Server) catalog(ctx context.Context) (*survey.Catalog, error) {
	return s.catalogs.get(ctx, s.store, false)
}

// draftCatalog returns them with its drafts.
func (s *Server) draftCatalog(ctx context.Context) (*survey.Catalog, error) {
	return s.drafts.get(ctx, s.store, true)
}

func (c *catalogs) get(ctx context.Context, store Store, withDrafts bool) (*survey.Catalog, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	revision, err := store.Revision(ctx)
	if err != nil {
		return nil, err
	}
	if c.catalog == nil || revision != c.revision {
		if c.catalog, err = LoadCatalog(ctx, store, withDrafts); err != nil {
			c.catalog = nil
			return nil, err
		}
		c.revision = revision
	}
	return c.catalog, nil
}
