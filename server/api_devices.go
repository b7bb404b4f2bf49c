package server

import (
	"context"
	"errors"
	"fmt"

	"tambonsync/syncproto"
	"tambonsync/syncproto/area"
	"tambonsync/syncproto/survey"
	"tambonsync/syncproto/view"
)

type nothing struct{}

type deviceView struct {
	ID         string      `json:"id"`
	Name       string      `json:"name"`
	Officer    string      `json:"officer"`
	App        string      `json:"app"`
	Areas      []area.Code `json:"areas"`
	EnrolledAt moment      `json:"enrolled_at"`
	SeenAt     moment      `json:"seen_at,omitempty"`
	RevokedAt  moment      `json:"revoked_at,omitempty"`
	Quarantine int         `json:"quarantine"` // its records that wait for a supervisor
}

func newDeviceView(d Device) deviceView {
	return deviceView{
		ID: d.ID, Name: d.Name, Officer: d.Officer, App: d.App, Areas: append([]area.Code{}, d.Grants...),
		EnrolledAt: moment(d.EnrolledAt), SeenAt: moment(d.SeenAt), RevokedAt: moment(d.RevokedAt), Quarantine: d.Open,
	}
}

type deviceList struct {
	Devices []deviceView `json:"devices"`
}

// listDevices shows all devices, revoked ones too. GET /api/v1/devices
func (s *Server) listDevices(ctx context.Context, _ visit, _ nothing) (l deviceList, err error) {
	devices, err := s.store.Devices(ctx)
	if err != nil {
		return l, fmt.Errorf("list devices: %w", err)
	}
	l.Devices = make([]deviceView, len(devices))
	for i, d := range devices {
		l.Devices[i] = newDeviceView(d)
	}
	return l, nil
}

type deviceRef struct {
	ID string `param:"id" json:"-"`
}

// revokeDevice ends a device's access with its next request. What it has sent
// stays. Revoking it again changes nothing. POST /api/v1/devices/{id}/revoke
func (s *Server) revokeDevice(ctx context.Context, who visit, q deviceRef) (deviceView, error) {
	err := s.store.RevokeDevice(ctx, q.ID, s.nowMilli())
	if errors.Is(err, ErrNotFound) {
		return s.showDevice(ctx, q.ID)
	}
	if err != nil {
		return deviceView{}, fmt.Errorf("revoke device %.64q: %w", q.ID, err)
	}
	s.log.InfoContext(ctx, "device revoked", "user", who.User, "from", who.From, "device", q.ID)
	return s.showDevice(ctx, q.ID)
}

func (s *Server) showDevice(ctx context.Context, id string) (deviceView, error) {
	d, err := s.store.Device(ctx, id)
	if err != nil {
		return deviceView{}, fmt.Errorf("device %.64q: %w", id, err)
	}
	return newDeviceView(d), nil
}

type grantsRequest struct {
	ID    string    `param:"id" json:"-"`
	Areas *[]string `json:"areas"`
}

// setGrants replaces a device's areas. PUT /api/v1/devices/{id}/grants
func (s *Server) setGrants(ctx context.Context, who visit, q grantsRequest) (v deviceView, err error) {
	if q.Areas == nil {
		return v, refuse(syncproto.CodeBadMessage, "areas is missing; send [] for none")
	}
	areas, err := parseAreas(*q.Areas)
	if err != nil {
		return v, err
	}
	if err := s.store.SetGrants(ctx, q.ID, areas); err != nil {
		return v, fmt.Errorf("set grants of device %.64q: %w", q.ID, err)
	}
	s.log.InfoContext(ctx, "grants set", "user", who.User, "from", who.From, "device", q.ID, "areas", areas)
	return s.showDevice(ctx, q.ID)
}

type inviteRequest struct {
	Officer string   `json:"officer"`
	Areas   []string `json:"areas"`
}

type inviteResponse struct {
	Code      string `json:"code"`
	URL       string `json:"url"`
	ExpiresAt moment `json:"expires_at"`
}

// inviteTries is how often another code is drawn when a live invitation has
// the same first symbols.
const inviteTries = 5

// invite makes an invitation for one device. POST /api/v1/invitations
func (s *Server) invite(ctx context.Context, who visit, q inviteRequest) (a inviteResponse, err error) {
	areas, err := parseAreas(q.Areas)
	if err != nil {
		return a, err
	}
	if q.Officer == "" || len(areas) == 0 {
		return a, refuse(syncproto.CodeBadMessage, "officer and areas are needed")
	}
	if err := checkName("officer", q.Officer); err != nil {
		return a, refuse(syncproto.CodeBadMessage, "%w", err)
	}
	var t Ticket
	for range inviteTries {
		if t, err = NewInvitation(s.office, q.Officer, areas, 0, s.random, s.clock(), s.publicURL); err != nil {
			return a, err
		}
		if err = s.store.AddInvitation(ctx, t.Invitation); !errors.Is(err, ErrConflict) {
			break
		}
	}
	if err != nil {
		return a, fmt.Errorf("add invitation: %w", err)
	}
	s.log.InfoContext(ctx, "device invited", "user", who.User, "from", who.From, "officer", q.Officer, "areas", areas)
	return inviteResponse{t.Code, t.URL, moment(t.Invitation.ExpiresAt)}, nil
}

type quarantineQuery struct {
	All   bool `query:"all" json:"-"`
	Limit int  `query:"limit" json:"-"`
}

type inboxView struct {
	ID         string           `json:"id"`
	Device     string           `json:"device"`
	Record     string           `json:"record,omitempty"` // missing if unreadable
	Area       area.Code        `json:"area,omitempty"`
	Reason     string           `json:"reason"`
	Detail     string           `json:"detail,omitempty"`
	ReceivedAt moment           `json:"received_at"`
	Status     string           `json:"status"`
	DecidedBy  string           `json:"decided_by,omitempty"`
	DecidedAt  moment           `json:"decided_at,omitempty"`
	Why        string           `json:"why,omitempty"`
	Content    *view.RecordView `json:"content,omitempty"` // as pushed, identifiers masked
}

func newInboxView(it InboxItem, catalog *survey.Catalog) inboxView {
	v := inboxView{
		ID: it.ID, Device: it.Device, Area: it.Area, Reason: it.Reason, Detail: it.Detail,
		ReceivedAt: moment(it.ReceivedAt), Status: it.Status,
		DecidedBy: it.DecidedBy, DecidedAt: moment(it.DecidedAt), Why: it.Why,
	}
	if !it.Record.IsZero() {
		v.Record = it.Record.String()
	}
	if rec, err := syncproto.DecodeRecord(it.Raw); err == nil {
		content := view.NewRecordView(rec, catalog).Masked()
		v.Content = &content
	}
	return v
}

type inboxList struct {
	Items []inboxView `json:"items"`
}

// listQuarantine shows what was pushed and is not in the store.
// GET /api/v1/quarantine
func (s *Server) listQuarantine(ctx context.Context, who visit, q quarantineQuery) (l inboxList, err error) {
	catalog, err := s.catalog(ctx)
	if err != nil {
		return l, err
	}
	items, err := s.store.Inbox(ctx, q.All, page(q.Limit))
	if err != nil {
		return l, fmt.Errorf("list quarantine: %w", err)
	}
	l.Items = make([]inboxView, len(items))
	for i, it := range items {
		l.Items[i] = newInboxView(it, catalog)
	}
	s.log.InfoContext(ctx, "quarantined records listed", "user", who.User, "from", who.From, "count", len(items))
	return l, nil
}

type decideRequest struct {
	ID  string `param:"id" json:"-"`
	Why string `json:"why"`
}

// acceptQuarantined stores a quarantined record after all.
// POST /api/v1/quarantine/{id}/accept
func (s *Server) acceptQuarantined(ctx context.Context, who visit, q decideRequest) (inboxView, error) {
	return s.decide(ctx, who, q, true)
}

// rejectQuarantined tells the device that the record is not wanted. Its bytes
// are kept. POST /api/v1/quarantine/{id}/reject
func (s *Server) rejectQuarantined(ctx context.Context, who visit, q decideRequest) (inboxView, error) {
	return s.decide(ctx, who, q, false)
}

func (s *Server) decide(ctx context.Context, who visit, q decideRequest, accept bool) (v inboxView, err error) {
	err = s.store.Decide(ctx, Decision{Item: q.ID, Accept: accept, By: who.User, Why: q.Why, At: s.nowMilli()})
	if err != nil {
		return v, fmt.Errorf("decide on %.64q: %w", q.ID, err)
	}
	s.log.InfoContext(ctx, "quarantine decided", "user", who.User, "from", who.From, "item", q.ID, "accept", accept)
	it, err := s.store.InboxItem(ctx, q.ID)
	if err != nil {
		return v, fmt.Errorf("quarantined %.64q: %w", q.ID, err)
	}
	catalog, err := s.catalog(ctx)
	if err != nil {
		return v, err
	}
	return newInboxView(it, catalog), nil
}
