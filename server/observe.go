package server

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"tambonsync/syncproto"
)

// metrics are one office's numbers. They have no label that a caller can
// choose, so their count is bounded, and no personal data.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	pushed   *prometheus.CounterVec
}

// scrapeTimeout bounds what one look at the inbox may take.
const scrapeTimeout = 5 * time.Second

func newMetrics(store Store, analysis Analysis) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tambonsync_requests_total", Help: "Requests answered, by route and HTTP status.",
		}, []string{"route", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "tambonsync_request_seconds", Help: "Time from the headers of a request to the end of its answer.",
			Buckets: []float64{.001, .003, .01, .03, .1, .3, 1, 3, 10, 30, 100},
		}, []string{"route"}),
		pushed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tambonsync_pushed_records_total", Help: "Records pushed by devices, by result code.",
		}, []string{"result"}),
	}
	m.registry.MustRegister(m.requests, m.seconds, m.pushed)
	for _, c := range []struct {
		name, help string
		value      func(Stats) int64
	}{
		{"rows_read", "Rows fetched for pulls, digests and needs.", func(s Stats) int64 { return s.RowsRead }},
		{"commits", "Write transactions.", func(s Stats) int64 { return s.Commits }},
		{"pushes", "Pushed chunks in those transactions.", func(s Stats) int64 { return s.Pushes }},
		{"records_kept", "Record states written.", func(s Stats) int64 { return s.RecordsKept }},
	} {
		m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "tambonsync_store_" + c.name + "_total", Help: c.help,
		}, func() float64 { return float64(c.value(store.Stats())) }))
	}
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "tambonsync_inbox_open", Help: "Pushed records that wait for a supervisor.",
	}, func() float64 { return inboxOpen(store) }))
	if analysis != nil {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "tambonsync_analysis_lag", Help: "Records that the sums do not hold yet: not read, or not worked out.",
		}, func() float64 { return analysisLag(analysis) }))
	}
	return m
}

func analysisLag(analysis Analysis) float64 {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	lag, err := analysis.Lag(ctx)
	if err != nil {
		return math.NaN()
	}
	return float64(lag.Seq) + float64(lag.Todo)
}

func inboxOpen(store Store) float64 {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	devices, err := store.Devices(ctx)
	if err != nil {
		return math.NaN()
	}
	open := 0
	for _, d := range devices {
		open += d.Open
	}
	return float64(open)
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

func (m *metrics) countPushed(results []syncproto.PushResult) {
	for _, r := range results {
		m.pushed.WithLabelValues(string(r.Code)).Inc()
	}
}

// observe counts every request under its route, and keeps answers out of
// caches.
func (s *Server) observe(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		start := s.clock()
		h := c.Response().Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		err := next(c)
		route := c.Path()
		if !s.known[route] {
			route = "other"
		}
		if err != nil {
			c.Error(err)
		}
		s.metrics.requests.WithLabelValues(route, strconv.Itoa(c.Response().Status)).Inc()
		s.metrics.seconds.WithLabelValues(route).Observe(s.clock().Sub(start).Seconds())
		return nil
	}
}

// recover turns a panic of a handler into a 500 that is logged with its stack.
func (s *Server) recover(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			switch p := recover(); p {
			case nil:
			case http.ErrAbortHandler:
				panic(p)
			default:
				err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
			}
		}()
		return next(c)
	}
}

// health answers whether the office can read its store.
func (s *Server) health(c echo.Context) error {
	const nobody = "00000000-0000-0000-0000-000000000000"
	if _, err := s.store.Device(c.Request().Context(), nobody); err != nil && !errors.Is(err, ErrNotFound) {
		return fmt.Errorf("health: %w: %w", ErrBusy, err)
	}
	return c.JSON(http.StatusOK, health{OK: true, Office: s.office.ID, Epoch: s.office.Epoch.String(), Time: s.nowMilli()})
}

type health struct {
	OK     bool   `json:"ok"`
	Office string `json:"office"`
	Epoch  string `json:"epoch"`
	Time   int64  `json:"time"` // ms since 1970
}
