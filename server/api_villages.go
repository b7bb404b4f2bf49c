package server

import (
	"context"
	"errors"
	"fmt"

	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
)

type villageQuery struct {
	Area  string `query:"area" json:"-"`
	After string `query:"after" json:"-"`
	Limit int    `query:"limit" json:"-"`
}

type villageView struct {
	Code        area.Code `json:"code"`
	NameTH      string    `json:"name_th"`
	NameEN      string    `json:"name_en,omitempty"`
	LocalGov    string    `json:"local_gov,omitempty"` // code
	Lat         *float64  `json:"lat,omitempty"`
	Lon         *float64  `json:"lon,omitempty"`
	ValidFrom   string    `json:"valid_from,omitempty"`
	ValidTo     string    `json:"valid_to,omitempty"`
	Predecessor area.Code `json:"predecessor,omitempty"`
}

type villagePage struct {
	Villages []villageView `json:"villages"`
	Next     string        `json:"next,omitempty"` // the `after` of the next page
}

// listVillages pages through the office's list of villages, by code.
// GET /api/v1/villages
func (s *Server) listVillages(ctx context.Context, _ visit, q villageQuery) (p villagePage, err error) {
	within, err := parseOptionalArea(q.Area)
	if err != nil {
		return p, err
	}
	after, err := parseOptionalArea(q.After)
	if err != nil {
		return p, err
	}
	all, err := s.store.Villages(ctx, within)
	if err != nil {
		return p, err
	}
	p.Villages = []villageView{}
	for _, v := range all {
		if v.Code <= after {
			continue
		}
		if len(p.Villages) == page(q.Limit) {
			p.Next = string(p.Villages[len(p.Villages)-1].Code)
			break
		}
		p.Villages = append(p.Villages, villageView(v))
	}
	return p, nil
}

type areaQuery struct {
	Q string `query:"q" json:"-"`
}

type areaView struct {
	Code     area.Code `json:"code"`
	Level    string    `json:"level"`
	NameTH   string    `json:"name_th"`
	FullName string    `json:"full_name"`
}

type areaList struct {
	Areas []areaView `json:"areas"`
}

// findAreas finds provinces, amphoe and tambon by name or code, at most as many
// as a page holds. GET /api/v1/areas
func (s *Server) findAreas(_ context.Context, _ visit, q areaQuery) (l areaList, err error) {
	if err := checkText("q", q.Q, maxNameBytes); err != nil {
		return l, err
	}
	found := area.Search(q.Q)
	if code, err := area.Parse(q.Q); err == nil {
		if a, ok := area.Lookup(code); ok {
			found = append(found, a)
		}
	}
	l.Areas = []areaView{}
	for _, a := range found[:min(len(found), maxPage)] {
		l.Areas = append(l.Areas, areaView{a.Code, a.Code.Level().String(), a.NameTH, area.FullName(a.Code)})
	}
	return l, nil
}

type certifyRequest struct {
	Code       string   `param:"code" json:"-"`
	Round      string   `json:"round"`
	Signatures []string `json:"signatures"`
	Note       string   `json:"note"`
}

// certifiedView is how a village stands in a round.
type certifiedView struct {
	ID         string         `json:"id"` // of the record that says so
	Village    area.Code      `json:"village"`
	Round      string         `json:"round"`
	State      string         `json:"state"` // open or certified
	Numbers    map[string]any `json:"numbers,omitempty"`
	Signatures []string       `json:"signatures,omitempty"`
	Note       string         `json:"note,omitempty"`
	By         string         `json:"by"`
	At         moment         `json:"at"`
}

func newCertifiedView(rec syncproto.Record) certifiedView {
	v := certifiedView{ID: rec.ID.String(), Village: rec.Area(), Round: rec.Round().String(), State: winnerText(rec, "state"), Note: winnerText(rec, "note")}
	if m, err := rec.Winner("numbers").Any(); err == nil {
		v.Numbers, _ = m.(map[string]any)
	}
	if list, err := rec.Winner("signatures").Any(); err == nil {
		list, _ := list.([]any)
		for _, item := range list {
			if name, ok := item.(string); ok {
				v.Signatures = append(v.Signatures, name)
			}
		}
	}
	last, _ := rec.LastSave()
	v.By, v.At = last.User, moment(last.At())
	return v
}

func winnerText(rec syncproto.Record, group string) string {
	v, _ := rec.Winner(group).Any() // it was decoded, so it can be read
	text, _ := v.(string)
	return text
}

// maxSignatures is how many people sign for a village.
const maxSignatures = 50

// certifyVillage freezes a village's present numbers under the names of those
// who signed. POST /api/v1/villages/{code}/certify
func (s *Server) certifyVillage(ctx context.Context, who visit, q certifyRequest) (v certifiedView, err error) {
	analysis, err := s.analysed()
	if err != nil {
		return v, err
	}
	if len(q.Signatures) == 0 || len(q.Signatures) > maxSignatures {
		return v, refuse(syncproto.CodeBadMessage, "signatures: want 1 to %d names", maxSignatures)
	}
	err = checkText("note", q.Note, maxNoteBytes)
	for _, name := range q.Signatures {
		err = errors.Join(err, checkText("a signature", name, maxNameBytes))
	}
	if err != nil {
		return v, err
	}
	return s.decideVillage(ctx, who, q.Code, q.Round, func(k *Certificate) error {
		if _, err := analysis.CatchUp(ctx); err != nil {
			return err
		}
		id, err := syncproto.ParseRecordID(k.Round.ID)
		if err != nil {
			return err
		}
		k.Signatures, k.Note = q.Signatures, q.Note
		k.Numbers, err = analysis.Numbers(ctx, k.Village, id)
		return err
	})
}

type reopenRequest struct {
	Code  string `param:"code" json:"-"`
	Round string `json:"round"`
	Note  string `json:"note"`
}

// reopenVillage lets a certified village's answers count again. Who did it, and
// why, stays in the record. POST /api/v1/villages/{code}/reopen
func (s *Server) reopenVillage(ctx context.Context, who visit, q reopenRequest) (v certifiedView, err error) {
	if err := checkText("note", q.Note, maxNoteBytes); err != nil {
		return v, err
	}
	return s.decideVillage(ctx, who, q.Code, q.Round, func(k *Certificate) error {
		k.Note = q.Note
		return nil
	})
}

func (s *Server) decideVillage(ctx context.Context, who visit, village, round string, fill func(*Certificate) error) (v certifiedView, err error) {
	var k Certificate
	if k.Village, err = parseOptionalArea(village); err != nil {
		return v, err
	}
	if k.Round, err = s.readRound(ctx, round); err != nil {
		return v, err
	}
	if k.Village.Level() != area.LevelVillage || !k.Round.Covers(string(k.Village)) {
		return v, refuse(codeInvalid, "village %s: want the 8 digits of a village that the round surveys", k.Village)
	}
	if err := fill(&k); err != nil {
		return v, fmt.Errorf("village %s: %w", k.Village, err)
	}
	edit, err := CertifyEdit(k, who.User, s.nowMilli())
	if err != nil {
		return v, err
	}
	present, err := s.store.Record(ctx, edit.ID)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return v, err
	}
	if certified := winnerText(present.Record, "state") == "certified"; certified == (k.Numbers != nil) {
		return v, fmt.Errorf("%w: village %s is certified: %t", ErrConflict, k.Village, certified)
	}
	edit.Seen = present.Record.VV
	rec, err := s.store.Edit(ctx, edit)
	if err != nil {
		return v, fmt.Errorf("village %s: %w", k.Village, err)
	}
	v = newCertifiedView(rec.Record)
	s.log.InfoContext(ctx, "village "+v.State, "user", who.User, "from", who.From, "village", string(v.Village), "round", v.Round)
	return v, nil
}
