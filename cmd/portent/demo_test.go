package main

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/demo"
	"github.com/portent-cti/portent/internal/intel"
)

// scenario walks an invented world through the real pipeline and returns what
// was found.
func scenario(t *testing.T, seed uint64) (demo.Scenario, map[demo.Category]demo.Mark) {
	t.Helper()
	var out bytes.Buffer
	c := &cli{DB: "sqlite:" + filepath.Join(t.TempDir(), "portent.db"), Quiet: true, Now: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)}
	a := newApp(c, nil, &out, &out)
	defer a.close()
	s, _, err := loadScenario(t.Context(), a, seed)
	if err != nil {
		t.Fatal(err)
	}
	counts, err := a.db.Counts(t.Context())
	if err != nil || counts.Documents != len(s.Documents) || counts.Waiting+counts.Parked != 0 {
		t.Fatalf("counts %+v of %d documents, err %v", counts, len(s.Documents), err)
	}
	evidence, err := all(t.Context(), a, s)
	if err != nil {
		t.Fatal(err)
	}
	return s, demo.Score(s.Truth, demo.Findings(evidence))
}

// all is the evidence of every document.
func all(ctx context.Context, a *app, s demo.Scenario) ([]intel.Evidence, error) {
	var out []intel.Evidence
	for _, d := range s.Documents {
		some, err := a.db.Given(ctx, intel.Everything(), d.ID)
		if err != nil {
			return nil, err
		}
		out = append(out, some...)
	}
	return out, nil
}

// least is what recall and precision must not fall below, per category.
func least() map[demo.Category][2]float64 {
	return map[demo.Category][2]float64{
		demo.Arsenal: {.93, .97}, demo.Techniques: {.88, .97}, demo.Indicators: {.92, .88}, demo.Sectors: {.75, .85},
		demo.Targets: {.3, .95}, demo.Intentions: {.12, .5}, demo.Research: {.12, .45},
	}
}

func TestWhatInventedWorldsHoldIsFound(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprintf("seed %d", seed+1), func(t *testing.T) {
			t.Parallel()
			_, marks := scenario(t, seed+1)
			for _, c := range demo.Categories() {
				m := marks[c]
				if l, ok := least()[c]; ok && (m.Recall < l[0] || m.Precision < l[1]) {
					t.Errorf("%s: recall %.3f and precision %.3f, want %.2f and %.2f at least", c, m.Recall, m.Precision, l[0], l[1])
				}
				t.Logf("%-11s expected %4d  recall %.3f  precision %.3f", c, m.Expected, m.Recall, m.Precision)
			}
		})
	}
}
