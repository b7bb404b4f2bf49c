package server

import (
	_ "embed"

	"github.com/labstack/echo/v4"
)

// openAPIDocument describes every route, for programs and for those who write
// them. A test holds routes and answers to it.
//
//go:embed openapi.json
var openAPIDocument []byte

// openAPI answers the description of this API. GET /api/v1/openapi.json
func (s *Server) openAPI(c echo.Context) error {
	return s.reply(c, contentJSON, openAPIDocument)
}
