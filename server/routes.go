package server

import (
	"github.com/labstack/echo/v4"
)

// routes is every path of the office on one page.
func (s *Server) routes() *echo.Echo {
	e := echo.New()
	e.HTTPErrorHandler = s.fail
	e.IPExtractor = echo.ExtractIPDirect() // without it anybody may claim any address in X-Forwarded-For
	e.Use(s.observe, s.recover)

	e.GET("/healthz", s.health)
	e.GET("/metrics", echo.WrapHandler(s.metrics.handler()))

	// Devices: CBOR, described in syncproto/PROTOCOL.md.
	v1 := e.Group("/sync/v1")
	v1.POST("/enroll", greeting(s, s.enroll))
	v1.POST("/challenge", greeting(s, s.challenge))
	v1.POST("/token", greeting(s, s.token))
	v1.POST("/hello", message(s, s.hello))
	v1.POST("/push", message(s, s.push))
	v1.POST("/pull", message(s, s.pull))
	v1.POST("/digest", message(s, s.digest))
	v1.POST("/need", message(s, s.need))
	v1.POST("/definitions", message(s, s.definitions))

	// People and programs at the office: JSON.
	api := e.Group("/api/v1")
	api.POST("/token", s.login)
	api.GET("/records", staff(s, s.listRecords))
	api.GET("/records/:id", staff(s, s.getRecord))
	api.POST("/records/:id/resolve", staff(s, s.resolveRecord))
	api.GET("/cases", staff(s, s.listCases))
	api.POST("/cases/:id/close", staff(s, s.closeCase))
	api.GET("/devices", staff(s, s.listDevices))
	api.POST("/devices/:id/revoke", staff(s, s.revokeDevice))
	api.PUT("/devices/:id/grants", staff(s, s.setGrants))
	api.POST("/invitations", staff(s, s.invite))
	api.GET("/quarantine", staff(s, s.listQuarantine))
	api.POST("/quarantine/:id/accept", staff(s, s.acceptQuarantined))
	api.POST("/quarantine/:id/reject", staff(s, s.rejectQuarantined))
	return e
}
