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
	api.GET("/openapi.json", s.openAPI)
	api.POST("/token", s.login)
	api.GET("/records", staff(s, s.listRecords))
	api.GET("/records/:id", staff(s, s.getRecord))
	api.POST("/records/:id/resolve", staff(s, s.resolveRecord))
	api.POST("/records/:id/state", staff(s, s.setState))
	api.POST("/records/:id/merge", staff(s, s.mergeRecord))
	api.POST("/records/:id/unmerge", staff(s, s.unmergeRecord))
	api.GET("/cases", staff(s, s.listCases))
	api.POST("/cases/:id/close", staff(s, s.closeCase))
	api.GET("/devices", staff(s, s.listDevices))
	api.POST("/devices/:id/revoke", staff(s, s.revokeDevice))
	api.PUT("/devices/:id/grants", staff(s, s.setGrants))
	api.POST("/invitations", staff(s, s.invite))
	api.GET("/quarantine", staff(s, s.listQuarantine))
	api.POST("/quarantine/:id/accept", staff(s, s.acceptQuarantined))
	api.POST("/quarantine/:id/reject", staff(s, s.rejectQuarantined))
	api.GET("/forms", staff(s, s.listForms))
	api.POST("/forms", s.importForm)
	api.GET("/forms/:ref", staff(s, s.getForm))
	api.POST("/forms/:ref/publish", staff(s, s.publishForm))
	api.GET("/rounds", staff(s, s.listRounds))
	api.POST("/rounds", staff(s, s.openRound))
	api.POST("/rounds/:id/close", staff(s, s.closeRound))
	api.POST("/rounds/:id/reopen", staff(s, s.reopenRound))
	api.GET("/summaries", staff(s, s.getSummaries))
	api.GET("/results", staff(s, s.listResults))
	api.GET("/results/:record", staff(s, s.getResult))
	api.GET("/duplicates", staff(s, s.listDuplicates))
	api.GET("/orphans", staff(s, s.listOrphans))
	api.GET("/flags", staff(s, s.listFlags))
	api.GET("/areas", staff(s, s.findAreas))
	api.GET("/villages", staff(s, s.listVillages))
	api.POST("/villages/:code/certify", staff(s, s.certifyVillage))
	api.POST("/villages/:code/reopen", staff(s, s.reopenVillage))
	api.GET("/exports", staff(s, s.listExports))
	api.GET("/export", s.export)
	return e
}
