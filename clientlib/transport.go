package clientlib

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"tambonsync/syncproto"
)

// RemoteError is the office's refusal of a request.
type RemoteError struct{ syncproto.Problem }

func (e *RemoteError) Error() string {
	return fmt.Sprintf("the office answered %d %s: %s", e.Status, e.Code, e.Detail)
}

// Is lets callers ask for ErrRevoked.
func (e *RemoteError) Is(target error) bool {
	return target == ErrRevoked && e.Code == syncproto.CodeDeviceRevoked
}

func hasCode(err error, code syncproto.ErrorCode) bool {
	var r *RemoteError
	return errors.As(err, &r) && r.Code == code
}

// compressFrom is the size from which compressing a body pays.
const compressFrom = 256

// link is the way to one office. It counts what it moves.
type link struct {
	opts     Options
	server   string
	token    string
	requests int
	sent     int64 // bytes of bodies
	received int64
}

// call posts one message and reads the answer. Failures of the network and
// refusals for load are tried again, with growing pauses; every other refusal
// is a *RemoteError at once.
func (l *link) call(ctx context.Context, path string, req, resp any) error {
	for attempt := 1; ; attempt++ {
		wait, err := l.once(ctx, path, req, resp)
		if err == nil || wait < 0 || attempt >= l.opts.Attempts {
			return err
		}
		if ctx.Err() != nil {
			return errors.Join(ErrOffline, ctx.Err())
		}
		if wait == 0 {
			if wait, err = l.backoff(attempt); err != nil {
				return err
			}
		}
		if err := l.opts.Sleep(ctx, wait); err != nil {
			return errors.Join(ErrOffline, err)
		}
	}
}

// backoff is a random time up to half a second doubled with every attempt, so
// that tablets which lost the office together do not come back together.
func (l *link) backoff(attempt int) (time.Duration, error) {
	ceiling := min(500*time.Millisecond<<attempt, time.Minute)
	var b [8]byte
	if _, err := io.ReadFull(l.opts.Random, b[:]); err != nil {
		return 0, fmt.Errorf("backoff: %w", err)
	}
	n := new(big.Int).Mod(new(big.Int).SetBytes(b[:]), big.NewInt(int64(ceiling)))
	return time.Duration(n.Int64()) + time.Millisecond, nil
}

// once makes one try. wait < 0: do not try again; 0: after a backoff; else
// after that long, as the office asked.
func (l *link) once(ctx context.Context, path string, req, resp any) (wait time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, l.opts.Timeout)
	defer cancel()
	body, encoding, err := encodeBody(req)
	if err != nil {
		return -1, err
	}
	hr, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimRight(l.server, "/")+path, bytes.NewReader(body))
	if err != nil {
		return -1, fmt.Errorf("address of the office %q: %w: %w", l.server, ErrInvalid, err)
	}
	hr.Header.Set("Content-Type", "application/cbor")
	hr.Header.Set("Accept-Encoding", "zstd, gzip")
	if encoding != "" {
		hr.Header.Set("Content-Encoding", encoding)
	}
	if l.token != "" {
		hr.Header.Set("Authorization", "Bearer "+l.token)
	}
	l.requests++
	l.sent += int64(len(body))
	answer, err := l.opts.Transport.RoundTrip(hr)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrOffline, err)
	}
	defer func() { _ = answer.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(answer.Body, syncproto.MaxMessageBytes+1))
	l.received += int64(len(raw))
	if err != nil {
		return 0, fmt.Errorf("%w: the answer was cut: %w", ErrOffline, err)
	}
	if answer.StatusCode != http.StatusOK {
		return refusal(answer, raw)
	}
	plain, err := decodeBody(raw, answer.Header.Get("Content-Encoding"))
	if err == nil {
		err = syncproto.DecodeMessage(plain, resp)
	}
	if err != nil { // a captive portal's page, or a cut that nobody noticed
		return 0, fmt.Errorf("%w: the answer is not the office's: %w", ErrOffline, err)
	}
	return 0, nil
}

func refusal(answer *http.Response, raw []byte) (time.Duration, error) {
	e := &RemoteError{}
	if json.Unmarshal(raw, &e.Problem) != nil || e.Code == "" {
		return 0, fmt.Errorf("%w: status %d, and not from the office", ErrOffline, answer.StatusCode)
	}
	e.Status = answer.StatusCode
	switch answer.StatusCode {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusInternalServerError, http.StatusBadGateway, http.StatusGatewayTimeout:
		seconds, _ := strconv.Atoi(answer.Header.Get("Retry-After"))
		return time.Duration(min(max(seconds, 0), 300)) * time.Second, fmt.Errorf("%w: %w", ErrOffline, e)
	}
	return -1, e
}

func encodeBody(m any) (body []byte, encoding string, err error) {
	body, err = syncproto.EncodeMessage(m)
	if err != nil || len(body) < compressFrom {
		return body, "", err
	}
	var buf bytes.Buffer
	w, err := zstd.NewWriter(&buf, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20))
	if err != nil {
		return nil, "", fmt.Errorf("compress: %w", err)
	}
	if _, err := w.Write(body); err != nil {
		return nil, "", fmt.Errorf("compress: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, "", fmt.Errorf("compress: %w", err)
	}
	return buf.Bytes(), "zstd", nil
}

// decodeBody undoes the office's compression, within MaxMessageBytes.
func decodeBody(raw []byte, encoding string) ([]byte, error) {
	var r io.Reader = bytes.NewReader(raw)
	switch encoding {
	case "", "identity":
		return raw, nil
	case "zstd":
		d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(2*syncproto.MaxMessageBytes))
		if err != nil {
			return nil, err
		}
		defer d.Close()
		r = d
	case "gzip":
		d, err := gzip.NewReader(r)
		if err != nil {
			return nil, err
		}
		defer func() { _ = d.Close() }()
		r = d
	default:
		return nil, fmt.Errorf("content encoding %q", encoding)
	}
	b, err := io.ReadAll(io.LimitReader(r, syncproto.MaxMessageBytes+1))
	if err == nil && len(b) > syncproto.MaxMessageBytes {
		err = fmt.Errorf("answer of over %d bytes", syncproto.MaxMessageBytes)
	}
	return b, err
}
