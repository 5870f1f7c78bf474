package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/score"
	"github.com/portent-cti/portent/internal/store"
)

// BenchmarkInterest imports KEV and CVE records and says how the
// bands of interest are filled at the end of the records, how long the scale
// takes to read and how large what it is read from is.
func BenchmarkInterest(b *testing.B) {
	dir, bin := dataDir(b), build(b)
	for b.Loop() {
		db := "sqlite:" + filepath.Join(b.TempDir(), "portent.db")
		subcommand(b, bin, "--db", db, "--quiet", "import", filepath.Join(dir, "kev"), filepath.Join(dir, "cve"))
		end := time.Date(2024, 10, 24, 12, 0, 0, 0, time.UTC)
		out, took, _ := subcommand(b, bin, "--db", db, "--now", end.Format(time.RFC3339), "--json", "profile", "CVE-2024-47575")
		var p struct{ Interest intel.Standing }
		if err := json.Unmarshal(out, &p); err != nil || p.Interest.Score < 9 || p.Interest.Voices != 2 {
			b.Fatalf("listed as exploited the day before: %+v, err %v", p.Interest, err)
		}
		b.ReportMetric(took.Seconds(), "profile-s")
		s, err := store.Open(b.Context(), db)
		if err != nil {
			b.Fatal(err)
		}
		for _, kind := range []intel.Kind{intel.Vulnerability, intel.Product, intel.Vendor} {
			b.Log(bands(b, s, kind, end))
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// bands says which percentage of the things of a kind is in each band.
func bands(b *testing.B, db *store.DB, kind intel.Kind, now time.Time) string {
	b.Helper()
	started := time.Now()
	var all []float64
	err := db.EachHeard(b.Context(), intel.Everything(), kind, store.DaysBack(now, score.Window, time.Time{}), func(_ int64, heard []store.Heard) error {
		mentions := make([]intel.Voiced, len(heard))
		for i, h := range heard {
			mentions[i] = h.Voiced
		}
		all = append(all, score.Interesting(mentions, now))
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	scale, took := score.NewLadder(all), time.Since(started)
	var share [10]float64
	for _, a := range scale {
		share[min(int(scale.Score(a)), 9)] += 100 / float64(len(scale))
	}
	return fmt.Sprintf("%s: %d in %v: %.1f %%", kind, len(scale), took.Round(time.Millisecond), share)
}
