package main

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
	"github.com/portent-cti/portent/internal/web"
)

// mostLabelled is of how many sources metrics are told, each under its name.
const mostLabelled = 2000

// A metric is what is told of something of type T: a source, or all of the store.
type metric[T any] struct {
	name, help string
	kind       prometheus.ValueType
	of         func(T) float64
}

// sourceMetrics are told of each source.
func sourceMetrics() []metric[web.SourceHealth] {
	const count, gauge = prometheus.CounterValue, prometheus.GaugeValue
	of := func(n func(web.SourceHealth) int) func(web.SourceHealth) float64 {
		return func(s web.SourceHealth) float64 { return float64(n(s)) }
	}
	return []metric[web.SourceHealth]{
		{"portent_source_visits_total", "Attempts to read the source.", count, of(func(s web.SourceHealth) int { return s.Visits })},
		{"portent_source_failures_total", "Attempts that failed.", count, of(func(s web.SourceHealth) int { return s.Failures })},
		{"portent_source_rejected_total", "Items that could not be read.", count, of(func(s web.SourceHealth) int { return s.Rejected })},
		{"portent_source_documents_total", "New documents.", count, of(func(s web.SourceHealth) int { return s.Documents })},
		{"portent_source_duplicates_total", "Documents that came again, and those that are near-copies of others.", count, of(func(s web.SourceHealth) int { return s.Known + s.Copies })},
		{"portent_source_failing", "Attempts in a row that have failed.", gauge, of(func(s web.SourceHealth) int { return s.Failing })},
		{"portent_source_circuit_open", "1 where the source is left alone for longer than configured, as it failed time and again.", gauge, func(s web.SourceHealth) float64 { return so(s.Circuit == intel.Opened || s.Circuit == intel.Stopped) }},
		{"portent_source_silent", "1 where the source is read and quiet against its own habit.", gauge, func(s web.SourceHealth) float64 { return so(s.State == web.Silent) }},
		{"portent_source_lag_seconds", "Since the last new document came.", gauge, func(s web.SourceHealth) float64 { return s.Lag.Seconds() }},
		{"portent_source_last_success_timestamp_seconds", "When it was last read to the end; 0: never.", gauge, func(s web.SourceHealth) float64 { return unix(s.LastSuccess) }},
		{"portent_source_next_attempt_timestamp_seconds", "When it is read next; 0: that is not planned.", gauge, func(s web.SourceHealth) float64 { return unix(s.Next) }},
		{"portent_source_first_rows", "Rows that it told before any other source, as counted once an hour.", gauge, of(func(s web.SourceHealth) int { return s.Firsts })},
	}
}

// storeMetrics are told of all together.
func storeMetrics() []metric[snapshot] {
	return []metric[snapshot]{
		{"portent_queue_waiting", "Documents that wait to be derived.", prometheus.GaugeValue, func(s snapshot) float64 { return float64(s.waiting) }},
		{"portent_queue_parked", "Documents that could not be derived and were set aside.", prometheus.GaugeValue, func(s snapshot) float64 { return float64(s.parked) }},
		{"portent_documents", "Documents of all these sources.", prometheus.GaugeValue, func(s snapshot) float64 { return float64(s.documents) }},
		{"portent_evidence", "Pieces of evidence that they give.", prometheus.GaugeValue, func(s snapshot) float64 { return float64(s.pieces) }},
		{"portent_sources", "Sources, those too that are not told of each for itself.", prometheus.GaugeValue, func(s snapshot) float64 { return float64(s.known) }},
	}
}

func so(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func unix(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}

// A snapshot is what metrics tell at a moment. It implements prometheus.Collector.
type snapshot struct {
	sources                  []web.SourceHealth // those that are told of each for itself
	known, documents, pieces int
	waiting, parked          int
}

// snapped reads what metrics tell a reader: nothing of sources that are hidden from it, and
// none of what people of this installation said. Sources that are read come before those
// that files name.
func snapped(ctx context.Context, db *store.DB, r intel.Reader, now time.Time) (s snapshot, err error) {
	all, err := healths(ctx, db, r, now)
	if err != nil {
		return s, err
	}
	for _, h := range all {
		s.known, s.documents, s.pieces = s.known+1, s.documents+h.Documents, s.pieces+h.Pieces
		if !h.Name.Reserved() {
			s.sources = append(s.sources, h)
		}
	}
	slices.SortStableFunc(s.sources, func(a, b web.SourceHealth) int { return int(so(a.Circuit == "") - so(b.Circuit == "")) })
	s.sources = s.sources[:min(mostLabelled, len(s.sources))]
	s.waiting, s.parked, err = db.Backlog(ctx)
	return s, err
}

func (m metric[T]) desc(labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(m.name, m.help, labels, nil)
}

// Describe implements prometheus.Collector.
func (s snapshot) Describe(to chan<- *prometheus.Desc) {
	for _, m := range sourceMetrics() {
		to <- m.desc("source")
	}
	for _, m := range storeMetrics() {
		to <- m.desc()
	}
}

// Collect implements prometheus.Collector.
func (s snapshot) Collect(to chan<- prometheus.Metric) {
	tell := func(m prometheus.Metric, err error, d *prometheus.Desc) {
		if err != nil {
			m = prometheus.NewInvalidMetric(d, err)
		}
		to <- m
	}
	for _, m := range sourceMetrics() {
		d := m.desc("source")
		for _, h := range s.sources {
			told, err := prometheus.NewConstMetric(d, m.kind, m.of(h), strings.ToValidUTF8(string(h.Name), "\uFFFD"))
			tell(told, err, d)
		}
	}
	for _, m := range storeMetrics() {
		d := m.desc()
		told, err := prometheus.NewConstMetric(d, m.kind, m.of(s))
		tell(told, err, d)
	}
}

// metrics answers with what a reader may know, as it is when asked.
func metrics(db *store.DB, r intel.Reader, now func() time.Time, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		s, err := snapped(req.Context(), db, r, now())
		if err == nil {
			registry := prometheus.NewRegistry()
			if err = registry.Register(s); err == nil {
				promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(w, req)
				return
			}
		}
		if req.Context().Err() == nil {
			log.Error("metrics", "err", err)
		}
		http.Error(w, "the metrics could not be read; the log tells why", http.StatusInternalServerError)
	})
}
