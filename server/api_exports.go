package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

const (
	// maxExports is how many files are written at once: each reads a large
	// part of the store.
	maxExports = 2

	// exportPatience is how long a reader may take none of an export.
	exportPatience = 2 * time.Minute
)

type exportsQuery struct {
	Limit int `query:"limit" json:"-"`
}

type exportView struct {
	At       moment    `json:"at"`
	User     string    `json:"user"`
	From     string    `json:"from"`
	Area     area.Code `json:"area"` // "" for the whole office
	Round    string    `json:"round,omitempty"`
	Format   string    `json:"format"`
	What     string    `json:"what"`
	Personal bool      `json:"personal"`
	Reason   string    `json:"reason,omitempty"`
	Rows     int64     `json:"rows"`
}

type exportList struct {
	Exports []exportView `json:"exports"`
}

// listExports shows what left the office, newest first. GET /api/v1/exports
func (s *Server) listExports(ctx context.Context, _ visit, q exportsQuery) (l exportList, err error) {
	entries, err := s.store.Exports(ctx, page(q.Limit))
	if err != nil {
		return l, err
	}
	l.Exports = make([]exportView, len(entries))
	for i, e := range entries {
		l.Exports[i] = exportView{
			At: moment(e.At), User: e.User, From: e.From, Area: e.Area, Round: idText(e.Round),
			Format: e.Format, What: e.What, Personal: e.Personal, Reason: e.Reason, Rows: e.Rows,
		}
	}
	return l, nil
}

// contentTypes of the files that an Exporter writes, by format.
func exportType(format string) string {
	return map[string]string{
		"csv": "text/csv; charset=utf-8", "xlsx": contentXLSX,
		"geojson": "application/geo+json", "parquet": "application/vnd.apache.parquet",
	}[format]
}

type exportQuery struct {
	Area     string `query:"area" json:"-"`
	Round    string `query:"round" json:"-"`
	What     string `query:"what" json:"-"`
	Format   string `query:"format" json:"-"`
	Personal bool   `query:"personal" json:"-"`
	Open     bool   `query:"open" json:"-"`
	Reason   string `query:"reason" json:"-"`
}

// parseExport reads what is asked for and whether this person may have it.
func (s *Server) parseExport(c echo.Context, who visit) (r ExportRequest, reason string, err error) {
	var q exportQuery
	if err := checkQuery(q, c.QueryParams()); err != nil {
		return r, "", err
	}
	var bind echo.DefaultBinder
	if err := bind.BindQueryParams(c, &q); err != nil {
		return r, "", refuse(syncproto.CodeBadMessage, "%w", err)
	}
	o, err := parseScope(q.Area, q.Round)
	if err != nil {
		return r, "", err
	}
	r = ExportRequest{Area: o.area, Round: o.round, What: q.What, Format: q.Format, Personal: q.Personal, Open: q.Open}
	if r.What == "" {
		r.What = ExportHouseholds
	}
	if r.Format == "" {
		r.Format = "csv"
	}
	switch {
	case exportType(r.Format) == "":
		return r, "", refuse(syncproto.CodeBadMessage, "format %.20q: want csv, xlsx, geojson or parquet", r.Format)
	case r.Open && (r.Personal || r.What != ExportSummary):
		return r, "", refuse(syncproto.CodeBadMessage, "open is for summaries without personal columns")
	case r.Personal && who.Role != RoleAdmin:
		return r, "", refuse(syncproto.CodeForbidden, "personal columns need role %s", RoleAdmin)
	case r.Personal && len(strings.TrimSpace(q.Reason)) < minReasonBytes:
		return r, "", refuse(syncproto.CodeBadMessage, "personal columns need a reason, which is kept")
	}
	if err := checkText("reason", q.Reason, maxNoteBytes); err != nil {
		return r, "", err
	}
	catalog, err := s.catalog(c.Request().Context())
	if err != nil {
		return r, "", err
	}
	known := r.What == ExportHouseholds || r.What == ExportPersons || r.What == ExportSummary
	if !known && len(catalog.ByType(r.What)) == 0 {
		return r, "", refuse(syncproto.CodeBadMessage, "what %.40q: want households, persons, summary or a record type", r.What)
	}
	return r, q.Reason, nil
}

// minReasonBytes keeps people from typing a dot.
const minReasonBytes = 5

// export streams a file. What left the office is noted, also if it broke off.
// GET /api/v1/export
func (s *Server) export(c echo.Context) error {
	who, err := s.authenticateStaff(c)
	if err != nil {
		return err
	}
	if s.exporter == nil {
		return refuse(codeNotSwitchedOn, "exports")
	}
	q, reason, err := s.parseExport(c, who)
	if err != nil {
		return err
	}
	select {
	case s.exports <- struct{}{}:
		defer func() { <-s.exports }()
	default:
		return fmt.Errorf("export: %w: %d are being written", ErrBusy, maxExports)
	}
	ctx := c.Request().Context()
	if q.Round, err = s.onlyRound(ctx, q); err != nil {
		return err
	}
	w := &exportWriter{response: c.Response(), control: http.NewResponseController(c.Response()), query: q}
	rows, err := s.exporter.Export(ctx, q, w)
	if err == nil && !c.Response().Committed {
		_, err = w.Write(nil) // an empty file is a file
	}
	if c.Response().Committed {
		entry := ExportEntry{
			At: s.nowMilli(), User: who.User, From: who.From, Area: q.Area, Round: q.Round,
			Format: q.Format, What: q.What, Personal: q.Personal, Reason: reason, Rows: rows,
		}
		err = errors.Join(err, s.store.LogExport(context.WithoutCancel(ctx), entry)) // whoever broke it off got what there is
	}
	s.log.InfoContext(ctx, "exported", "user", who.User, "from", who.From, "what", q.What, "area", string(q.Area), "personal", q.Personal, "rows", rows, "whole", err == nil)
	if err != nil && c.Response().Committed {
		s.log.ErrorContext(ctx, "export broke off", "error", err)
		panic(http.ErrAbortHandler) // else half a file would look whole
	}
	return err
}

// onlyRound is the round of an export, or, if none was named, the only one that
// concerns the area.
func (s *Server) onlyRound(ctx context.Context, q ExportRequest) (syncproto.RecordID, error) {
	if !q.Round.IsZero() || s.analysis == nil {
		return q.Round, nil
	}
	sum, err := s.analysis.Summary(ctx, q.Area, q.Round)
	if err != nil {
		return q.Round, err
	}
	return syncproto.ParseRecordID(sum.Round)
}

// exportWriter sends the headers with the first bytes, so that an export that
// fails before is answered as a problem, and gives a slow reader time.
type exportWriter struct {
	response *echo.Response
	control  *http.ResponseController
	query    ExportRequest
}

func (w *exportWriter) Write(p []byte) (int, error) {
	if !w.response.Committed {
		h := w.response.Header()
		h.Set("Content-Type", exportType(w.query.Format))
		h.Set("Content-Disposition", `attachment; filename="`+w.query.fileName()+`"`)
		w.response.WriteHeader(http.StatusOK)
	}
	_ = w.control.SetWriteDeadline(time.Now().Add(exportPatience)) // a recorder in a test has none
	return w.response.Write(p)
}

// fileName has letters, digits and - only: they come from what was checked.
func (q ExportRequest) fileName() string {
	parts := []string{"tambonsync", strings.ReplaceAll(q.What, "_", "-")}
	if q.Area != "" {
		parts = append(parts, string(q.Area))
	}
	if !q.Round.IsZero() {
		parts = append(parts, q.Round.String()[:8])
	}
	return strings.Join(parts, "-") + "." + q.Format
}
