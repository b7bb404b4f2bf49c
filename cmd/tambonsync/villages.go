package main

import (
	"io"
	"time"

	"github.com/spf13/cobra"

	"tambonsync/cmd/terminal"
	"tambonsync/server"
	"tambonsync/server/analysis"
	"tambonsync/syncproto/area"
)

func newVillage() *cobra.Command {
	parent := &cobra.Command{
		Use:   "village",
		Short: "Certify a village: its numbers are frozen; later edits need it reopened",
	}
	parent.AddCommand(newCertify("certify", true), newCertify("reopen", false))
	return parent
}

func newCertify(verb string, certify bool) *cobra.Command {
	var o options
	var p where
	var signatures []string
	var note, user string
	c := &cobra.Command{
		Use:   verb,
		Short: map[bool]string{true: "Freeze a village's numbers after the forum has agreed", false: "Open a certified village again; both are kept in its history"}[certify],
		Long: `A certified village counts with the numbers that its forum saw. Tablets refuse edits
there from their next sync on; what was typed before they knew is kept and flagged.`,
		Example: "  tambonsync village " + verb + " --data office --area 45030301 --round 0193…",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return o.withAnalysis(c, func(s *office, a *analysis.Analysis) error {
				code, round, id, err := p.find(c, s)
				if err != nil {
					return err
				}
				if code.Level() != area.LevelVillage {
					return terminal.Input("--area: want the 8 digits of a village")
				}
				cert := server.Certificate{Round: round, Village: code, Signatures: signatures, Note: note}
				if certify {
					if cert.Numbers, err = a.Numbers(c.Context(), code, id); err != nil {
						return err
					}
				}
				edit, err := server.CertifyEdit(cert, user, time.Now().UnixMilli())
				if err != nil {
					return terminal.Input("%w", err)
				}
				if _, err := s.Edit(c.Context(), edit); err != nil {
					return err
				}
				if _, err := a.CatchUp(c.Context()); err != nil {
					return err
				}
				sum, err := a.Summary(c.Context(), code, id)
				if err != nil {
					return err
				}
				return o.print(c, sum, func(w io.Writer) { terminal.PrintSummary(w, sum) })
			})
		},
	}
	o.flags(c)
	p.flags(c)
	c.Flags().StringVar(&note, "note", "", "a sentence for the history")
	c.Flags().StringVar(&user, "user", adminUser, "the person who decides")
	if certify {
		c.Flags().StringArrayVar(&signatures, "signed-by", nil, "who signed; may be repeated")
	}
	return c
}
