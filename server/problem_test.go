package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/labstack/echo/v4"

	"tambonsync/syncproto"
)

func TestEveryErrorTellsAPersonWhatToDo(t *testing.T) {
	tests := []struct {
		name   string
		err    error
		status int
		code   syncproto.ErrorCode
		retry  bool
	}{
		{"bad message", refuse(syncproto.CodeBadMessage, "x"), 400, "bad_message", false},
		{"protocol", refuse(syncproto.CodeProtocolUnsupported, "x"), 400, "protocol_unsupported", false},
		{"unauthenticated", refuse(syncproto.CodeUnauthenticated, "x"), 401, "unauthenticated", false},
		{"token expired", refuse(syncproto.CodeTokenExpired, "x"), 401, "token_expired", false},
		{"challenge expired", refuse(syncproto.CodeChallengeExpired, "x"), 401, "challenge_expired", false},
		{"revoked", refuse(syncproto.CodeDeviceRevoked, "x"), 401, "device_revoked", false},
		{"forbidden", refuse(syncproto.CodeForbidden, "x"), 403, "forbidden", false},
		{"invitation", fmt.Errorf("redeem: %w", ErrInvitation), 403, "invitation_invalid", false},
		{"not found", fmt.Errorf("record: %w", ErrNotFound), 404, "not_found", false},
		{"no such route", echo.ErrNotFound, 404, "not_found", false},
		{"method", echo.ErrMethodNotAllowed, 405, "method_not_allowed", false},
		{"epoch", fmt.Errorf("push: %w", ErrEpochChanged), 409, "epoch_changed", false},
		{"head", fmt.Errorf("push: %w", ErrHeadMismatch), 409, "head_mismatch", false},
		{"actor taken", fmt.Errorf("hello: %w", ErrActorTaken), 409, "actor_reset", false},
		{"done already", fmt.Errorf("decide: %w", ErrConflict), 409, "conflict", false},
		{"which round", fmt.Errorf("summary: %w", ErrWhichRound), 400, "which_round", false},
		{"cannot be done", refuse(codeInvalid, "x"), 422, "invalid", false},
		{"begins several", fmt.Errorf("round: %w", ErrAmbiguous), 422, "invalid", false},
		{"cannot be exported", fmt.Errorf("%w: x", ErrExport), 422, "invalid", false},
		{"not switched on", refuse(codeNotSwitchedOn, "x"), 503, "not_switched_on", false},
		{"too large", refuse(syncproto.CodeTooLarge, "x"), 413, "too_large", false},
		{"encoding", refuse(syncproto.CodeUnsupportedEncoding, "x"), 415, "unsupported_encoding", false},
		{"too many", tooMany(time.Second), 429, "too_many_requests", true},
		{"internal", errors.New("disk on fire"), 500, "internal", false},
		{"busy", fmt.Errorf("push: %w", ErrBusy), 503, "unavailable", true},
		{"gave up", fmt.Errorf("pull: %w", context.Canceled), 503, "unavailable", true},
		{"took too long", fmt.Errorf("pull: %w", context.DeadlineExceeded), 503, "unavailable", true},
	}
	seen := map[syncproto.ErrorCode]bool{}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, retry := problemOf(tt.err)
			seen[p.Code] = true
			if p.Status != tt.status || p.Code != tt.code || (retry > 0) != tt.retry {
				t.Errorf("got %d %s, retry %v", p.Status, p.Code, retry)
			}
			if p.Title == "" || p.Detail == "" || http.StatusText(p.Status) == "" {
				t.Errorf("incomplete: %+v", p)
			}
			if !strings.ContainsFunc(p.DetailTH, func(r rune) bool { return unicode.Is(unicode.Thai, r) }) {
				t.Errorf("no Thai sentence: %q", p.DetailTH)
			}
			if strings.Contains(p.Detail, "disk on fire") {
				t.Errorf("tells the caller what failed inside: %q", p.Detail)
			}
		})
	}
	for code := range sentences {
		if !seen[code] {
			t.Errorf("%s is not tested", code)
		}
	}
}

func TestTheDescribedErrorsAreTheOfficesOwnSentences(t *testing.T) {
	var doc struct {
		Components struct {
			Responses map[string]struct {
				Content map[string]struct{ Example syncproto.Problem }
			}
			Schemas struct {
				Problem struct {
					Properties struct {
						Code struct{ Enum []syncproto.ErrorCode }
					}
				}
			}
		}
	}
	if err := json.Unmarshal(openAPIDocument, &doc); err != nil {
		t.Fatal(err)
	}
	described := doc.Components.Schemas.Problem.Properties.Code.Enum
	if got, want := slices.Sorted(slices.Values(described)), slices.Sorted(maps.Keys(sentences)); !slices.Equal(got, want) {
		t.Errorf("described codes %v\nwant %v", got, want)
	}
	for name, r := range doc.Components.Responses {
		p := r.Content[contentProblem].Example
		want, _ := problemOf(refuse(p.Code, "x"))
		got := p
		if sentences[p.Code].showCause {
			got.Detail, _, _ = strings.Cut(got.Detail, " (")
			want.Detail, _, _ = strings.Cut(want.Detail, " (")
		}
		if got != want {
			t.Errorf("%s: %+v\nwant %+v", name, got, want)
		}
	}
}
