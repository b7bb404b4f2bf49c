package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"

	"github.com/labstack/echo/v4"

	"tambonsync/syncproto"
	"tambonsync/syncproto/survey"
)

const (
	contentXLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

	maxDefinitionBytes = 4 << 20  // as JSON
	maxWorkbookBytes   = 20 << 20 // as .xlsx
)

// WorkbookProblem is one thing in an XLSForm workbook that cannot be taken, or,
// as a warning, that is left out.
type WorkbookProblem struct {
	Sheet   string `json:"sheet,omitempty"`  // "" for the file as a whole
	Row     int    `json:"row,omitempty"`    // as the spreadsheet counts, from 1; 0: the whole sheet
	Column  string `json:"column,omitempty"` // letters; "": the whole row
	Warning bool   `json:"warning,omitempty"`
	TH      string `json:"th"`
	EN      string `json:"en"`
}

type formQuery struct {
	Kind string `query:"kind" json:"-"`
}

type formList struct {
	Forms []DefinitionView `json:"forms"`
}

// listForms shows forms and indicator sets, drafts too. GET /api/v1/forms
func (s *Server) listForms(ctx context.Context, _ visit, q formQuery) (l formList, err error) {
	if q.Kind != "" {
		if q.Kind, err = parseKind(q.Kind); err != nil {
			return l, err
		}
	}
	catalog, err := s.draftCatalog(ctx)
	if err != nil {
		return l, err
	}
	own, err := s.store.Definitions(ctx)
	if err != nil {
		return l, fmt.Errorf("list forms: %w", err)
	}
	l.Forms = []DefinitionView{}
	for _, v := range ListDefinitions(catalog, own) {
		if q.Kind == "" || q.Kind == v.Kind {
			l.Forms = append(l.Forms, v)
		}
	}
	return l, nil
}

func parseKind(kind string) (string, error) {
	switch kind {
	case "", KindForm:
		return KindForm, nil
	case KindIndicators:
		return kind, nil
	}
	return "", refuse(syncproto.CodeBadMessage, "kind %.20q: want %s or %s", kind, KindForm, KindIndicators)
}

type formRef struct {
	Ref  string `param:"ref" json:"-"`
	Kind string `query:"kind" json:"-"`
}

// getForm answers a definition's JSON, whose SHA-256 is its hash. A name alone
// is its newest version. GET /api/v1/forms/{ref}
func (s *Server) getForm(ctx context.Context, _ visit, q formRef) (json.RawMessage, error) {
	kind, err := parseKind(q.Kind)
	if err != nil {
		return nil, err
	}
	catalog, err := s.draftCatalog(ctx)
	if err != nil {
		return nil, err
	}
	if kind == KindIndicators {
		if set, ok := catalog.Set(q.Ref); ok {
			return set.JSON(), nil
		}
	} else if f, ok := catalog.Form(q.Ref); ok {
		return f.JSON(), nil
	}
	return nil, fmt.Errorf("%s %.80q: %w", kind, q.Ref, ErrNotFound)
}

// importedView is what an import or publication comes to.
type importedView struct {
	Ref      string            `json:"ref"`
	Kind     string            `json:"kind"`
	Hash     string            `json:"hash"`
	Status   string            `json:"status"`
	Problems []WorkbookProblem `json:"problems"` // warnings: what of the workbook was left out
}

// importForm takes in a form or an indicator set as a draft: its JSON, or a
// form as an XLSForm workbook. Nothing is half imported. POST /api/v1/forms
func (s *Server) importForm(c echo.Context) error {
	who, err := s.authenticateStaff(c)
	if err != nil {
		return err
	}
	body, err := s.workbooks.receive(c.Request())
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	out, err := work(ctx, s, func() ([]byte, error) {
		if err := checkQuery(nothing{}, c.QueryParams()); err != nil {
			return nil, err
		}
		data, warnings, err := s.readDefinition(c.Request().Header, body)
		if err != nil {
			return nil, err
		}
		d, err := NewDefinition(data, who.User, s.nowMilli())
		if err != nil {
			return nil, refuse(codeInvalid, "%s", cut(err.Error()))
		}
		if err := s.store.AddDefinition(ctx, d); err != nil {
			return nil, fmt.Errorf("import %s: %w", d.Ref(), err)
		}
		s.log.InfoContext(ctx, "definition imported", "user", who.User, "from", who.From, "kind", d.Kind, "ref", d.Ref(), "hash", d.Hash)
		return json.Marshal(importedView{Ref: d.Ref(), Kind: d.Kind, Hash: d.Hash, Status: d.Status, Problems: append([]WorkbookProblem{}, warnings...)})
	})
	if err != nil {
		return err
	}
	return s.reply(c, contentJSON, out)
}

// readDefinition turns a request's body into the JSON of a definition.
func (s *Server) readDefinition(h http.Header, body []byte) ([]byte, []WorkbookProblem, error) {
	kind, _, _ := mime.ParseMediaType(h.Get("Content-Type"))
	if h.Get("Content-Encoding") != "" && kind == contentXLSX {
		return nil, nil, refuse(syncproto.CodeUnsupportedEncoding, "a workbook is compressed already")
	}
	if kind != contentXLSX {
		return s.readDefinitionJSON(h, body)
	}
	if s.workbook == nil {
		return nil, nil, refuse(codeNotSwitchedOn, "reading workbooks")
	}
	data, problems, err := s.workbook(body)
	if err != nil {
		return nil, nil, fmt.Errorf("read workbook: %w", err)
	}
	n := 0
	for _, p := range problems {
		if !p.Warning {
			n++
		}
	}
	if n > 0 {
		return nil, nil, &refusal{code: codeInvalid, err: fmt.Errorf("the workbook has %d mistakes, see problems", n), problems: problems}
	}
	return data, problems, nil
}

func (s *Server) readDefinitionJSON(h http.Header, body []byte) ([]byte, []WorkbookProblem, error) {
	if err := wantContent(h.Get("Content-Type"), contentJSON); err != nil {
		return nil, nil, refuse(syncproto.CodeUnsupportedEncoding, "Content-Type %.40q, want %s or %s", h.Get("Content-Type"), contentJSON, contentXLSX)
	}
	if len(body) > maxDefinitionBytes {
		return nil, nil, refuse(syncproto.CodeTooLarge, "a definition holds at most %d bytes", maxDefinitionBytes)
	}
	data, err := s.messages.inflate(h, body) // which has the same limit
	return data, nil, err
}

// cut keeps a sentence about a form short enough for an answer: a form can
// have thousands of mistakes.
func cut(text string) string {
	const most = 4000
	if len(text) <= most {
		return text
	}
	return string(bytes.ToValidUTF8([]byte(text[:most]), nil)) + " …"
}

// publishForm makes a draft final: tablets get it at their next sync, and it
// never changes. POST /api/v1/forms/{ref}/publish
func (s *Server) publishForm(ctx context.Context, who visit, q formRef) (v importedView, err error) {
	if q.Kind, err = parseKind(q.Kind); err != nil {
		return v, err
	}
	catalog, err := s.draftCatalog(ctx)
	if err != nil {
		return v, err
	}
	own, err := s.store.Definitions(ctx)
	if err != nil {
		return v, fmt.Errorf("publish %.80q: %w", q.Ref, err)
	}
	d, err := FindDefinition(own, q.Kind, q.Ref)
	if err != nil {
		return v, notPublishable(catalog, q, err)
	}
	if err := CheckPublish(d, catalog); err != nil {
		return v, refuse(codeInvalid, "%w", err)
	}
	if err := s.store.PublishDefinition(ctx, d.Kind, d.Ref(), who.User, s.nowMilli()); err != nil {
		return v, fmt.Errorf("publish %s: %w", d.Ref(), err)
	}
	s.log.InfoContext(ctx, "definition published", "user", who.User, "from", who.From, "kind", d.Kind, "ref", d.Ref(), "hash", d.Hash)
	return importedView{Ref: d.Ref(), Kind: d.Kind, Hash: d.Hash, Status: StatusPublished, Problems: []WorkbookProblem{}}, nil
}

// notPublishable says why what is part of the program is not published.
func notPublishable(c *survey.Catalog, q formRef, err error) error {
	if !errors.Is(err, ErrNotFound) {
		return err
	}
	draft, ok := false, false
	if q.Kind == KindIndicators {
		if s, found := c.Set(q.Ref); found {
			draft, ok = s.Draft(), true
		}
	} else if f, found := c.Form(q.Ref); found {
		draft, ok = f.Draft(), true
	}
	switch {
	case !ok:
		return err
	case draft:
		return refuse(codeInvalid, "%s is a draft of the program: get it, complete it, take \"draft\" out, and import it", q.Ref)
	}
	return refuse(codeInvalid, "%s is part of the program and always published", q.Ref)
}
