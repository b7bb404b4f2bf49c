package server

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"tambonsync/syncproto"
)

// Config is what a Server is made of. Only Store is required.
type Config struct {
	Store Store

	// Analysis answers what is asked about sums, results, duplicates and
	// rounds' records. Default: none, and those routes answer 503.
	Analysis Analysis

	// Exporter writes the files of GET /api/v1/export. Default: none, 503.
	Exporter Exporter

	// ImportWorkbook turns an XLSForm workbook into the JSON of a definition.
	// A problem that is no warning refuses it. Default: none, 503.
	ImportWorkbook func(workbook []byte) (definition []byte, problems []WorkbookProblem, err error)

	// Clock is the office's clock, by which tokens, challenges and
	// invitations expire. Default: time.Now.
	Clock func() time.Time

	// Random gives keys, ids and secrets. It is read by one request at a
	// time. Default: crypto/rand.
	Random io.Reader

	// Log gets one line for each failure of the office itself and for each
	// look at personal records. Default: slog.Default.
	Log *slog.Logger

	// PublicURL is where tablets reach this office, such as
	// "https://sync.example.go.th", without a slash at the end. It is
	// printed in invitations.
	PublicURL string

	// MaxWorking is how many messages are decoded and stored at once, which
	// bounds memory. Others wait with their body read. Default: 32.
	MaxWorking int

	// MaxWaiting is how many messages may wait for that; the next one is
	// told to come back (503 with Retry-After). Default: 2048.
	MaxWaiting int

	// EnrollPerMinute bounds enrollments from one address (an IPv6 /64 counts
	// as one); so many may come at once. Default: 30.
	EnrollPerMinute int

	// LoginPerMinute bounds staff logins by password the same way. Default: 10.
	LoginPerMinute int

	// ShutdownGrace is how long Run lets requests finish after its context
	// ended. Default: 30 seconds.
	ShutdownGrace time.Duration
}

func (c Config) withDefaults() Config {
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Random == nil {
		c.Random = rand.Reader
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	c.Random = &lockedReader{r: c.Random}
	c.PublicURL = strings.TrimRight(c.PublicURL, "/")
	for _, d := range []struct {
		field *int
		value int
	}{{&c.MaxWorking, 32}, {&c.MaxWaiting, 2048}, {&c.EnrollPerMinute, 30}, {&c.LoginPerMinute, 10}} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	if c.ShutdownGrace <= 0 {
		c.ShutdownGrace = 30 * time.Second
	}
	return c
}

// Server answers devices and office programs. Make one with New; it is safe
// for use by many goroutines.
type Server struct {
	store      Store
	analysis   Analysis // may be nil
	exporter   Exporter // may be nil
	workbook   func([]byte) ([]byte, []WorkbookProblem, error)
	clock      func() time.Time
	random     io.Reader
	log        *slog.Logger
	publicURL  string
	grace      time.Duration
	office     Office // read once: a restore happens only while no server runs
	handler    *echo.Echo
	known      map[string]bool // the routes
	metrics    *metrics
	devices    *verifier // tokens for /sync/v1
	staff      *verifier // tokens for /api/v1
	catalogs   catalogs  // of what is published
	drafts     catalogs  // with drafts
	outfit     outfit    // what devices get beside records
	challenges *challenges
	enrolls    *limiter
	logins     *limiter
	desk       *desk
	messages   *bodyReader // of a logged-in device or person
	greetings  *bodyReader // of anybody
	workbooks  *bodyReader // forms
	exports    chan struct{}
	replies    *compressor
}

// New reads who the office is from the store and builds its handlers.
func New(ctx context.Context, c Config) (*Server, error) {
	if c.Store == nil {
		return nil, errors.New("server: no store")
	}
	c = c.withDefaults()
	office, err := c.Store.Office(ctx)
	if err != nil {
		return nil, fmt.Errorf("server: read the office: %w", err)
	}
	signer, err := newSigner(office)
	if err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	s := &Server{
		store:      c.Store,
		analysis:   c.Analysis,
		exporter:   c.Exporter,
		workbook:   c.ImportWorkbook,
		clock:      c.Clock,
		random:     c.Random,
		log:        c.Log,
		publicURL:  c.PublicURL,
		grace:      c.ShutdownGrace,
		office:     office,
		devices:    newVerifier(signer, office.ID+"/sync", c.Clock),
		staff:      newVerifier(signer, office.ID+"/api", c.Clock),
		challenges: newChallenges(office.Pepper, c.Clock),
		enrolls:    newLimiter(c.EnrollPerMinute, c.Clock),
		logins:     newLimiter(c.LoginPerMinute, c.Clock),
		desk:       newDesk(c.MaxWorking, c.MaxWaiting),
		metrics:    newMetrics(c.Store, c.Analysis),
		workbooks:  &bodyReader{limit: maxWorkbookBytes},
		exports:    make(chan struct{}, maxExports),
	}
	if s.messages, err = newBodyReader(syncproto.MaxMessageBytes); err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	if s.greetings, err = newBodyReader(maxGreetingBytes); err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	if s.replies, err = newCompressor(); err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	s.handler = s.routes()
	s.known = map[string]bool{}
	for _, r := range s.handler.Routes() {
		s.known[r.Path] = true
	}
	return s, nil
}

// Handler serves all routes of the office.
func (s *Server) Handler() http.Handler { return s.handler }

func (s *Server) nowMilli() int64 { return s.clock().UnixMilli() }

// lockedReader lets one goroutine read at a time.
type lockedReader struct {
	mu sync.Mutex
	r  io.Reader
}

func (l *lockedReader) Read(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return io.ReadFull(l.r, p)
}

// draw returns n random bytes.
func draw(random io.Reader, n int) ([]byte, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(random, b); err != nil {
		return nil, fmt.Errorf("draw random bytes: %w", err)
	}
	return b, nil
}

// The limits of one connection. A tablet on a 2G line needs minutes for a
// chunk, so only the headers are hurried.
const (
	readHeaderTimeout = 10 * time.Second
	readTimeout       = 4 * time.Minute
	writeTimeout      = 5 * time.Minute // from the end of the headers, so it includes reading the body
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 16 << 10
)

// Run serves on ln until ctx ends, lets the requests under way finish (at most
// ShutdownGrace) and returns. It closes ln. The error is nil after a clean
// stop.
func (s *Server) Run(ctx context.Context, ln net.Listener) error {
	srv := &http.Server{
		Handler:           s.handler,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.grace)
		defer cancel()
		stopped <- errors.Join(srv.Shutdown(grace), srv.Close())
	})
	err := srv.Serve(ln)
	if stop() || !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve %s: %w", ln.Addr(), err)
	}
	if err := <-stopped; err != nil {
		return fmt.Errorf("stop serving %s: %w", ln.Addr(), err)
	}
	return nil
}
