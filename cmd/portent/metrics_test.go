package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
	"github.com/portent-cti/portent/internal/web"
)

// measured asks for the metrics of a store as a reader.
func measured(t *testing.T, db *store.DB, r intel.Reader) string {
	t.Helper()
	h := web.Handler(web.Site{Metrics: metrics(db, r, time.Now, slog.New(slog.DiscardHandler)), Log: slog.New(slog.DiscardHandler), Now: time.Now})
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://127.0.0.1:8080/metrics", nil))
	if w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain") || w.Header().Get("X-Content-Type-Options") != "nosniff" {
		t.Fatalf("status %d, headers %v", w.Code, w.Header())
	}
	return w.Body.String()
}

// healthyStore has a source that is open, one that is hidden and what an analyst said.
func healthyStore(t *testing.T) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), newStore(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	for name, m := range map[intel.SourceID]intel.Marking{"open \"blog\"\n": intel.Clear, "private-room": intel.Red, "analyst:ann": intel.Clear} {
		if err := db.SaveSource(t.Context(), store.Source{Name: name, Marking: m, Every: time.Hour}); err != nil {
			t.Fatal(err)
		}
		doc := intel.Document{ID: intel.NewDocumentID(name, "1"), Source: name, Genre: intel.LeakSite, Title: "Victim Ltd", Text: "Victim Ltd was attacked.", URL: "https://victim.example/?token=secret"}
		for range 2 {
			if _, err := db.SaveDocuments(t.Context(), []intel.Document{doc}, time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		v := store.Visit{Source: name, At: time.Now(), Failure: fmt.Errorf("get https://x.example/?token=secret: refused"), Circuit: intel.Opened, Next: time.Now().Add(time.Minute)}
		if err := db.SaveVisit(t.Context(), v); err != nil {
			t.Fatal(err)
		}
	}
	return db
}

func TestMetricsTellHowSourcesFareAndNothingSecret(t *testing.T) {
	db := healthyStore(t)
	all := measured(t, db, intel.Everything())
	for _, want := range []string{`portent_source_visits_total{source="open \"blog\"\n"} 1`, `portent_source_failures_total{source="private-room"} 1`, `portent_source_circuit_open{source="private-room"} 1`,
		`portent_source_documents_total{source="private-room"} 1`, `portent_source_duplicates_total{source="private-room"} 1`, "portent_queue_waiting 3", "portent_documents 3", "portent_sources 3",
		"# TYPE portent_source_lag_seconds gauge", "# TYPE portent_source_visits_total counter"} {
		if !strings.Contains(all, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
	for _, secret := range []string{"token", "victim", "Victim", "analyst", "ann\""} {
		if strings.Contains(all, secret) {
			t.Errorf("the metrics tell %q", secret)
		}
	}
	if public := measured(t, db, intel.Public()); strings.Contains(public, "private-room") || !strings.Contains(public, "portent_documents 2") || !strings.Contains(public, `source="open`) {
		t.Errorf("whom a source is hidden from is told:\n%s", public)
	}
}

func TestMetricsAreGuardedAsPagesAre(t *testing.T) {
	db := healthyStore(t)
	h := web.Handler(web.Site{Metrics: metrics(db, intel.Everything(), time.Now, slog.New(slog.DiscardHandler)), Log: slog.New(slog.DiscardHandler), Now: time.Now})
	for name, c := range map[string]struct {
		host, site, method string
		status             int
	}{
		"a name that is not ours": {host: "evil.example", method: http.MethodGet, status: http.StatusMisdirectedRequest},
		"another site":            {host: "127.0.0.1", site: "cross-site", method: http.MethodGet, status: http.StatusForbidden},
		"a request to change":     {host: "127.0.0.1", method: http.MethodPost, status: http.StatusMethodNotAllowed},
		"a scrape":                {host: "localhost:8080", method: http.MethodGet, status: http.StatusOK},
	} {
		r := httptest.NewRequest(c.method, "http://"+c.host+"/metrics", nil)
		r.Header.Set("Sec-Fetch-Site", c.site)
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, r); w.Code != c.status {
			t.Errorf("%s: status %d, want %d", name, w.Code, c.status)
		}
	}
}

// TestMetricsTellOfSoManySourcesAtMost has files name more sources than have a label.
func TestMetricsTellOfSoManySourcesAtMost(t *testing.T) {
	s := snapshot{}
	for i := range mostLabelled {
		s.sources = append(s.sources, web.SourceHealth{Name: intel.SourceID(fmt.Sprint("s", i))})
	}
	if n := testutil.CollectAndCount(s, "portent_source_visits_total"); n != mostLabelled {
		t.Errorf("%d sources are told of", n)
	}
	db := healthyStore(t)
	var docs []intel.Document
	for i := range mostLabelled + 7 {
		name := intel.SourceID(fmt.Sprint("file-", i))
		docs = append(docs, intel.Document{ID: intel.NewDocumentID(name, "1"), Source: name, Genre: intel.Report})
	}
	if _, err := db.SaveDocuments(t.Context(), docs, time.Now()); err != nil {
		t.Fatal(err)
	}
	got, err := snapped(t.Context(), db, intel.Everything(), time.Now())
	if err != nil || len(got.sources) != mostLabelled || got.known != mostLabelled+10 || got.sources[0].Circuit == "" {
		t.Errorf("%d of %d sources, the first of them %+v, err %v", len(got.sources), got.known, got.sources[0], err)
	}
	got.sources = got.sources[:3]
	if problems, err := testutil.CollectAndLint(got); err != nil || len(problems) > 0 {
		t.Errorf("metrics are not as they should be written: %v, err %v", problems, err)
	}
}

func TestTheDashboardAsksForMetricsThatThereAre(t *testing.T) {
	text, err := os.ReadFile("../../docs/grafana.json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
		Templating struct {
			List []struct{ Query json.RawMessage }
		}
	}
	if err := json.Unmarshal(text, &board); err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, m := range sourceMetrics() {
		known[m.name] = false
	}
	for _, m := range storeMetrics() {
		known[m.name] = false
	}
	names := regexp.MustCompile(`\bportent_\w+`)
	asked := 0
	for _, p := range board.Panels {
		for _, target := range p.Targets {
			for _, name := range names.FindAllString(target.Expr, -1) {
				if _, ok := known[name]; !ok {
					t.Errorf("panel %q asks for %s, which there is not", p.Title, name)
				}
				known[name], asked = true, asked+1
			}
		}
	}
	for _, v := range board.Templating.List {
		for _, name := range names.FindAll(v.Query, -1) {
			if _, ok := known[string(name)]; !ok {
				t.Errorf("a variable asks for %s, which there is not", name)
			}
		}
	}
	if asked == 0 || bytes.Contains(text, []byte("http://")) {
		t.Error("the dashboard asks for nothing, or reaches out")
	}
	for name, on := range known {
		if !on {
			t.Errorf("%s stands on no panel", name)
		}
	}
}

func TestAlertsAreOnMetricsThatThereAre(t *testing.T) {
	text, err := os.ReadFile("../../docs/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, m := range sourceMetrics() {
		known[m.name] = true
	}
	for _, m := range storeMetrics() {
		known[m.name] = true
	}
	asked := regexp.MustCompile(`\bportent_\w+`).FindAllString(string(text), -1)
	for _, name := range asked {
		if !known[name] {
			t.Errorf("an alert is on %s, which there is not", name)
		}
	}
	if len(asked) < 5 {
		t.Errorf("alerts are on %v alone", asked)
	}
}
