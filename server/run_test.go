package server_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"tambonsync/server"
	"tambonsync/server/store"
	"tambonsync/syncproto"
)

// openServer is an office without an HTTP server around it.
func openServer(t *testing.T, st server.Store, log io.Writer) *server.Server {
	t.Helper()
	s, err := server.New(t.Context(), server.Config{Store: st, Log: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func openStore(t *testing.T) *store.Store {
	t.Helper()
	dir := t.TempDir()
	if err := store.Create(t.Context(), dir, "office", rand.Reader); err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return st
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

func TestAStopLetsRequestsUnderWayFinish(t *testing.T) {
	s := openServer(t, openStore(t), io.Discard)
	ln := listen(t)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx, ln) }()

	body, err := syncproto.EncodeMessage(syncproto.ChallengeRequest{Device: "d"})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	// Expect: 100-continue tells when the handler has begun to read the body.
	_, err = fmt.Fprintf(conn, "POST /sync/v1/challenge HTTP/1.1\r\nHost: x\r\nContent-Type: application/cbor\r\n"+
		"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n", len(body))
	if err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(conn)
	if line, err := in.ReadString('\n'); err != nil || !strings.Contains(line, "100") {
		t.Fatalf("got %q, %v, want 100 Continue", line, err)
	}
	_, _ = in.ReadString('\n')
	stop()
	for { // until the door is closed
		c, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			break
		}
		_ = c.Close()
		time.Sleep(time.Millisecond)
	}
	select {
	case err := <-done:
		t.Fatalf("Run returned %v while a request was under way", err)
	default:
	}
	if _, err := conn.Write(body); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(in, nil)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("got %v, %v, want 200", resp, err)
	}
	_ = resp.Body.Close()
	if err := <-done; err != nil {
		t.Errorf("Run returned %v", err)
	}
}

func TestRunTellsWhyItCannotServe(t *testing.T) {
	s := openServer(t, openStore(t), io.Discard)
	ln := listen(t)
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context(), ln); err == nil {
		t.Error("Run on a closed listener returned no error")
	}
}

// faulty panics in every method but Office and User.
type faulty struct {
	server.Store
	office server.Office
	err    error
}

func (f faulty) Office(context.Context) (server.Office, error) { return f.office, nil }

func (f faulty) User(context.Context, string) (server.User, error) { return server.User{}, f.err }

func TestFailuresOfTheOfficeAreLoggedAndNotShown(t *testing.T) {
	office, err := openStore(t).Office(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	s := openServer(t, faulty{office: office, err: errors.New("disk on fire")}, &log)
	ln := listen(t)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx, ln) }()
	base := "http://" + ln.Addr().String()
	tests := []struct {
		name, method, path, body, logged string
	}{
		{"panic", http.MethodGet, "/healthz", "", "panic: "},
		{"error of the store", http.MethodPost, "/api/v1/token", `{"user":"a","password":"b"}`, "disk on fire"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), tt.method, base+tt.path, strings.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/json")
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = resp.Body.Close() }()
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != 500 || !strings.Contains(string(body), `"code":"internal"`) || strings.Contains(string(body), tt.logged) {
				t.Errorf("got %d %s", resp.StatusCode, body)
			}
		})
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	for _, tt := range tests {
		if !strings.Contains(log.String(), tt.logged) {
			t.Errorf("the log lacks %q:\n%s", tt.logged, log.String())
		}
	}
}

func TestAnOfficeWithoutKeysIsRefused(t *testing.T) {
	good, err := openStore(t).Office(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		change func(*server.Office)
	}{
		{"no id", func(o *server.Office) { o.ID = "" }},
		{"no key id", func(o *server.Office) { o.KeyID = "" }},
		{"short key", func(o *server.Office) { o.Key = o.Key[:31] }},
		{"short pepper", func(o *server.Office) { o.Pepper = o.Pepper[:16] }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bad := good
			tt.change(&bad)
			if _, err := server.New(t.Context(), server.Config{Store: faulty{office: bad}}); err == nil {
				t.Error("New returned no error")
			}
		})
	}
	if _, err := server.New(t.Context(), server.Config{}); err == nil {
		t.Error("New without a store returned no error")
	}
}
