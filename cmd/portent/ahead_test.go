package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/figures"
	"github.com/portent-cti/portent/internal/forecast"
	"github.com/portent-cti/portent/internal/forecast/activity"
	"github.com/portent-cti/portent/internal/intel"
)

// TestTheWeeksAheadOfPostsOfLeakSitesHoldWhatTheySay measures the second to the fourth
// week, which no forecast is kept of, where whole numbers are fine enough to tell: of
// groups that posted three times a week.
func TestTheWeeksAheadOfPostsOfLeakSitesHoldWhatTheySay(t *testing.T) {
	t.Parallel()
	figures.Only(t)
	b, err := os.ReadFile(filepath.Join(dataDir(t), "leaksites", "posts.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all []struct {
		Group      string `json:"group_name"`
		Discovered string `json:"discovered"`
	}
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	var posts activity.Posts
	for _, x := range all {
		if at, err := time.Parse("2006-01-02 15:04:05", x.Discovered[:19]); err == nil && x.Discovered >= "2021-09-13" {
			posts.Add(x.Group, at)
		}
	}
	p := posts.Panel(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), 0)
	past, n := activity.Gather(p, 4), 0
	var inside [3]int
	for w := 44; w+4 <= p.Weeks; w += 4 {
		m := past.Fit(w)
		for s := range p.Series {
			recent, _ := p.Recent(s, w, 4)
			if _, ok := p.Came(s, w, 4); !ok || !p.Eligible(s, w) || recent < 12 {
				continue
			}
			d := activity.Pool(m.Part(s))
			month := intel.Forecast{Kind: "activity", Horizon: 28, Basis: intel.Basis{Distribution: forecast.Spread(func(n int) float64 { return d[n] }, len(d))}}
			for i, week := range forecast.Ahead([]intel.Forecast{month})[1:] {
				n++
				for k, r := range []intel.Range{week.Half, week.Most, week.NearlyAll} {
					if y := p.Series[s].Counts[w+1+i]; y >= r[0] && y <= r[1] {
						inside[k]++
					}
				}
			}
		}
	}
	for k, nominal := range []float64{.5, .8, .95} {
		got := float64(inside[k]) / float64(n)
		t.Logf("%d weeks, nominal %.2f, inside %.3f", n, nominal, got)
		if math.Abs(got-nominal) > .08 {
			t.Errorf("%.3f of %d weeks lie in the band of %.2f", got, n, nominal)
		}
	}
}
