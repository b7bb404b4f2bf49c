package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"tambonsync/syncproto"
)

// Codes that only /api/v1 answers.
const (
	codeConflict         syncproto.ErrorCode = "conflict"           // 409
	codeMethodNotAllowed syncproto.ErrorCode = "method_not_allowed" // 405
	codeInvalid          syncproto.ErrorCode = "invalid"            // 422: it was understood, and cannot be done
	codeWhichRound       syncproto.ErrorCode = "which_round"        // 400
	codeNotSwitchedOn    syncproto.ErrorCode = "not_switched_on"    // 503, until somebody changes the program's settings
)

// busyRetry is what a 503 tells the caller to wait. Devices add some chance.
const busyRetry = 5 * time.Second

// refusal is an error that this package decides itself. Its text is shown to
// the caller, so it holds nothing about other people's data.
type refusal struct {
	code     syncproto.ErrorCode
	retry    time.Duration
	err      error
	problems []WorkbookProblem // of an imported workbook
}

func refuse(code syncproto.ErrorCode, format string, args ...any) error {
	return &refusal{code: code, err: fmt.Errorf(format, args...)}
}

func tooMany(wait time.Duration) error {
	return &refusal{code: syncproto.CodeTooManyRequests, retry: wait, err: errors.New("too many tries from this address")}
}

func (r *refusal) Error() string { return string(r.code) + ": " + r.err.Error() }

func (r *refusal) Unwrap() error { return r.err }

// codeOf is the one place that turns an error into what the caller is told.
// detail adds what was wrong with the request, where that helps.
func codeOf(err error) (code syncproto.ErrorCode, detail string, retry time.Duration) {
	var r *refusal
	var h *echo.HTTPError
	switch {
	case errors.As(err, &r):
		return r.code, r.err.Error(), r.retry
	case errors.Is(err, ErrBusy), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return syncproto.CodeUnavailable, "", busyRetry
	case errors.Is(err, ErrNotFound):
		return syncproto.CodeNotFound, "", 0
	case errors.Is(err, ErrEpochChanged):
		return syncproto.CodeEpochChanged, "", 0
	case errors.Is(err, ErrHeadMismatch):
		return syncproto.CodeHeadMismatch, "", 0
	case errors.Is(err, ErrActorTaken):
		return syncproto.CodeActorReset, "", 0
	case errors.Is(err, ErrInvitation):
		return syncproto.CodeInvitationInvalid, "", 0
	case errors.Is(err, ErrTooLarge):
		return syncproto.CodeTooLarge, err.Error(), 0
	case errors.Is(err, ErrConflict):
		return codeConflict, err.Error(), 0
	case errors.Is(err, ErrWhichRound):
		return codeWhichRound, err.Error(), 0
	case errors.Is(err, ErrAmbiguous), errors.Is(err, ErrExport):
		return codeInvalid, err.Error(), 0
	case errors.As(err, &h) && h.Code == http.StatusNotFound:
		return syncproto.CodeNotFound, "", 0
	case errors.As(err, &h) && h.Code == http.StatusMethodNotAllowed:
		return codeMethodNotAllowed, "", 0
	case errors.As(err, &h) && h.Code < http.StatusInternalServerError:
		return syncproto.CodeBadMessage, "", 0
	}
	return syncproto.CodeInternal, "", 0
}

// sentence is what a person reads: what happened and what to do next.
type sentence struct {
	status    int
	title     string
	english   string
	thai      string
	showCause bool // the cause is about the request alone and helps whoever wrote the program
}

var sentences = map[syncproto.ErrorCode]sentence{
	syncproto.CodeBadMessage: {
		http.StatusBadRequest, "The message cannot be read",
		"The office cannot read this message. Update the program; if it happens again, tell the office.",
		"สำนักงานอ่านข้อความนี้ไม่ได้ กรุณาปรับปรุงโปรแกรม หากยังเป็นอีกให้แจ้งสำนักงาน", true,
	},
	syncproto.CodeProtocolUnsupported: {
		http.StatusBadRequest, "Another version of the protocol",
		"The program and the office speak different versions. Update the program, then sync again; your answers stay on the device.",
		"โปรแกรมกับสำนักงานเป็นคนละรุ่นกัน กรุณาปรับปรุงโปรแกรมแล้วส่งข้อมูลใหม่ คำตอบยังอยู่ในเครื่องครบ", true,
	},
	syncproto.CodeUnauthenticated: {
		http.StatusUnauthorized, "Not logged in",
		"Log in and try again.",
		"กรุณาเข้าสู่ระบบแล้วลองใหม่", false,
	},
	syncproto.CodeTokenExpired: {
		http.StatusUnauthorized, "The login has expired",
		"The login has expired. Log in again; nothing is lost.",
		"การเข้าสู่ระบบหมดอายุ กรุณาเข้าสู่ระบบใหม่ ข้อมูลไม่สูญหาย", false,
	},
	syncproto.CodeChallengeExpired: {
		http.StatusUnauthorized, "The challenge was used or is too old",
		"The login took too long. Try again; nothing is lost.",
		"การเข้าสู่ระบบใช้เวลานานเกินไป กรุณาลองใหม่ ข้อมูลไม่สูญหาย", false,
	},
	syncproto.CodeDeviceRevoked: {
		http.StatusUnauthorized, "The device may no longer sync",
		"The office has closed this device. Your answers stay on it; ask the office for a new invitation.",
		"สำนักงานปิดการใช้งานเครื่องนี้แล้ว คำตอบยังอยู่ในเครื่อง กรุณาขอรหัสเชิญใหม่จากสำนักงาน", false,
	},
	syncproto.CodeForbidden: {
		http.StatusForbidden, "Not allowed",
		"This is outside what the office allowed you. Ask the office to add the area or the right.",
		"อยู่นอกขอบเขตที่สำนักงานอนุญาต กรุณาขอให้สำนักงานเพิ่มพื้นที่หรือสิทธิ", true,
	},
	syncproto.CodeInvitationInvalid: {
		http.StatusForbidden, "The invitation does not work",
		"The invitation is wrong, used or expired. Check the code; if it still fails, ask the office for a new one.",
		"รหัสเชิญไม่ถูกต้อง ถูกใช้แล้ว หรือหมดอายุ กรุณาตรวจรหัสอีกครั้ง หากยังไม่ได้ให้ขอรหัสใหม่จากสำนักงาน", false,
	},
	syncproto.CodeNotFound: {
		http.StatusNotFound, "Not found",
		"There is no such thing at this office. Check the address or the id.",
		"ไม่พบสิ่งนี้ในสำนักงานนี้ กรุณาตรวจที่อยู่หรือรหัส", false,
	},
	codeMethodNotAllowed: {
		http.StatusMethodNotAllowed, "The method is not allowed here",
		"This address is used with another method; the Allow header names it.",
		"ที่อยู่นี้ต้องเรียกด้วยวิธีอื่น ดูในส่วนหัว Allow", false,
	},
	syncproto.CodeEpochChanged: {
		http.StatusConflict, "The office was restored from a backup",
		"The office was restored from a backup. Sync again; the device sends what the office lacks.",
		"สำนักงานกู้ข้อมูลจากชุดสำรอง กรุณาส่งข้อมูลอีกครั้ง เครื่องจะส่งส่วนที่สำนักงานขาดไปให้", false,
	},
	syncproto.CodeHeadMismatch: {
		http.StatusConflict, "The office holds other saves of this device",
		"An earlier answer was lost on the way, or this device was copied. Sync again; nothing is lost.",
		"คำตอบครั้งก่อนหายระหว่างทาง หรือเครื่องนี้ถูกคัดลอก กรุณาส่งข้อมูลอีกครั้ง ข้อมูลไม่สูญหาย", false,
	},
	syncproto.CodeActorReset: {
		http.StatusConflict, "The store was copied from another device",
		"The data on this device was copied from another one. Sync again; the device goes on under a new number and nothing is lost.",
		"ข้อมูลในเครื่องนี้คัดลอกมาจากเครื่องอื่น กรุณาส่งข้อมูลอีกครั้ง เครื่องจะใช้หมายเลขใหม่ ข้อมูลไม่สูญหาย", false,
	},
	codeConflict: {
		http.StatusConflict, "Already done",
		"Somebody has done this already. Load it again to see how it stands.",
		"มีผู้ดำเนินการเรื่องนี้ไปแล้ว กรุณาเปิดดูใหม่อีกครั้ง", true,
	},
	codeInvalid: {
		http.StatusUnprocessableEntity, "It cannot be done so",
		"The office understood this, but it cannot be done so. Mend what is named and send it again; nothing was changed.",
		"สำนักงานเข้าใจคำขอแต่ทำตามไม่ได้ กรุณาแก้ตามที่ระบุแล้วส่งใหม่ ยังไม่มีอะไรเปลี่ยนแปลง", true,
	},
	codeWhichRound: {
		http.StatusBadRequest, "Name the round",
		"Not exactly one round concerns this area. Name the round.",
		"พื้นที่นี้ไม่ได้มีรอบสำรวจเพียงรอบเดียว กรุณาระบุรอบสำรวจ", true,
	},
	codeNotSwitchedOn: {
		http.StatusServiceUnavailable, "Not switched on at this office",
		"This office runs without this part. Ask whoever runs it to switch it on.",
		"สำนักงานนี้ไม่ได้เปิดใช้ส่วนนี้ กรุณาแจ้งผู้ดูแลระบบให้เปิดใช้", true,
	},
	syncproto.CodeTooLarge: {
		http.StatusRequestEntityTooLarge, "Too much in one message",
		"This is too much for one message. Send it in smaller parts.",
		"ข้อมูลในครั้งเดียวมากเกินไป กรุณาแบ่งส่งเป็นส่วนย่อย", true,
	},
	syncproto.CodeUnsupportedEncoding: {
		http.StatusUnsupportedMediaType, "The encoding is not supported",
		"The office does not read this encoding. Send the content type that PROTOCOL.md names, plain or in one of gzip and zstd.",
		"สำนักงานไม่รองรับรูปแบบข้อมูลนี้ กรุณาปรับปรุงโปรแกรมแล้วส่งใหม่", true,
	},
	syncproto.CodeTooManyRequests: {
		http.StatusTooManyRequests, "Too many tries",
		"Too many tries. Wait a little, then try again.",
		"ลองหลายครั้งเกินไป กรุณารอสักครู่แล้วลองใหม่", false,
	},
	syncproto.CodeInternal: {
		http.StatusInternalServerError, "The office made a mistake",
		"Something went wrong at the office. Your answers stay on the device; try again later and tell the office if it goes on.",
		"เกิดข้อผิดพลาดที่สำนักงาน คำตอบยังอยู่ในเครื่อง กรุณาลองใหม่ภายหลัง หากยังเป็นอยู่ให้แจ้งสำนักงาน", false,
	},
	syncproto.CodeUnavailable: {
		http.StatusServiceUnavailable, "The office is busy",
		"The office is busy. Your answers stay on the device; it tries again by itself.",
		"สำนักงานกำลังมีงานมาก คำตอบยังอยู่ในเครื่อง เครื่องจะลองส่งใหม่เอง", false,
	},
}

// problemOf is the document for an error, and how long the caller should wait
// before the next try (0: no matter).
func problemOf(err error) (syncproto.Problem, time.Duration) {
	code, cause, retry := codeOf(err)
	say := sentences[code]
	p := syncproto.Problem{
		Type:     "urn:tambonsync:problem:" + string(code),
		Title:    say.title,
		Status:   say.status,
		Code:     code,
		Detail:   say.english,
		DetailTH: say.thai,
	}
	if say.showCause && cause != "" {
		p.Detail += " (" + cause + ")"
	}
	return p, retry
}

// fail is echo's error handler: the one place where an error becomes a reply,
// and where a failure of the office itself is logged.
func (s *Server) fail(err error, c echo.Context) {
	r := c.Request()
	p, retry := problemOf(err)
	if p.Status == http.StatusInternalServerError {
		s.log.ErrorContext(r.Context(), "request failed", "method", r.Method, "route", c.Path(), "error", err)
	}
	if c.Response().Committed {
		return // the reply was under way: the connection broke
	}
	h := c.Response().Header()
	switch p.Status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", "Bearer")
	case http.StatusUnsupportedMediaType:
		h.Set("Accept-Encoding", "zstd, gzip") // RFC 9110, 15.5.16
	}
	if retry > 0 {
		h.Set("Retry-After", strconv.Itoa(max(1, int(math.Ceil(retry.Seconds())))))
	}
	doc := struct {
		syncproto.Problem
		Problems []WorkbookProblem `json:"problems,omitempty"`
	}{Problem: p}
	var ref *refusal
	if errors.As(err, &ref) {
		doc.Problems = ref.problems
	}
	body, err := json.Marshal(doc)
	if err == nil {
		err = c.Blob(p.Status, contentProblem, body)
	}
	if err != nil {
		s.log.DebugContext(r.Context(), "problem not sent", "error", err)
	}
}
