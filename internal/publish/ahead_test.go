package publish_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/publish"
)

// foreseen is a profile with what is expected of the weeks after it.
func foreseen() intel.Profile {
	p, from := profile(), time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	p.Forecasts = []intel.Forecast{{Kind: "activity", Target: "documents", Horizon: 28, Made: from, Due: from.AddDate(0, 0, 28), Quantiles: map[string]float64{"0.1": 1, "0.5": 4, "0.9": 9},
		Basis: intel.Basis{Unwatched: []intel.Stretch{{From: from.AddDate(0, 0, -30), Until: from.AddDate(0, 0, -16)}}}}}
	p.Forecasts[0].Precedents = []intel.Precedent{{Series: intel.Entity{Kind: intel.Actor, Name: "grey-heron"}, Name: "Grey|Heron", Stretch: intel.Stretch{From: from.AddDate(0, 0, -56), Until: from.AddDate(0, 0, -28)}, Before: 7, Came: 12,
		Documents: []intel.Event{{At: from.AddDate(0, 0, -30), What: "<b>Claim</b>", Document: "0123abcd", Source: "blog"}}}}
	for i := range 4 {
		w := intel.WeekAhead{Median: 1 + i, Half: intel.Range{i, 2 + i}, Most: intel.Range{0, 3 + i}, NearlyAll: intel.Range{0, 1234 + i}}
		w.From, w.Until = from.AddDate(0, 0, 7*i), from.AddDate(0, 0, 7*i+7)
		p.Ahead = append(p.Ahead, w)
	}
	return p
}

func TestTheWeeksAheadStandInEachFormButThePublicOne(t *testing.T) {
	out := markdown(t, foreseen())
	for _, want := range []string{"2026-04-08 | 2 | 1 to 3 | 0 to 4 | 0 to 1235\n", intel.AheadRule, "Not watched: 2026-03-02 to 2026-03-15."} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	var full, public bytes.Buffer
	if err := publish.JSON(&full, foreseen(), publish.Options{}); err != nil || !strings.Contains(full.String(), `"weeks_ahead":[{"from":"2026-04-01T00:00:00Z","until":"2026-04-08T00:00:00Z","median":1,"50":[0,2],"80":[0,3],"95":[0,1234]}`) {
		t.Errorf("err %v in\n%s", err, full.String())
	}
	if err := publish.JSON(&public, publish.Preview(foreseen(), 3), publish.Options{}); err != nil || !strings.Contains(public.String(), `"weeks_ahead":[]`) {
		t.Errorf("preview: err %v in\n%s", err, public.String())
	}
}

func TestPrecedentsStandInEachFormButThePublicOne(t *testing.T) {
	out := markdown(t, foreseen())
	for _, want := range []string{`* Grey\|Heron, 2026-02-04 to 2026-03-03: 7 in the four weeks before, 12 came`, "  * 2026-03-02 \\<b\\>Claim"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	var full, public bytes.Buffer
	if err := publish.JSON(&full, foreseen(), publish.Options{}); err != nil || !strings.Contains(full.String(), `"precedents":[{"series":"actor:grey-heron","name":"Grey|Heron","from":"2026-02-04T00:00:00Z","until":"2026-03-04T00:00:00Z","before":7,"came":12,"documents":[{`) {
		t.Errorf("err %v in\n%s", err, full.String())
	}
	p := foreseen()
	if err := publish.JSON(&public, publish.Preview(p, 3), publish.Options{}); err != nil || strings.Contains(public.String(), "precedents") || len(p.Forecasts[0].Precedents) != 1 {
		t.Errorf("preview: err %v in\n%s", err, public.String())
	}
}

func TestWhatChangedSinceLastWeekStandsInEachFormButThePublicOne(t *testing.T) {
	p, half, more, less := foreseen(), .5, 12.0, .3
	p.Changes = intel.Changes{Made: time.Date(2026, 4, 8, 0, 0, 0, 0, time.UTC), Since: time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC), Came: 1, CameNot: 9,
		Moved:  []intel.Change{{Kind: "country", Target: "country:DE", Name: "Germany|x", Horizon: 28, Before: &intel.Stand{Rank: 5, Probability: &half}, Now: &intel.Stand{Rank: 2, Probability: &less}}},
		Gone:   []intel.Change{{Kind: "sector", Target: "sector:energy", Horizon: 28, Before: &intel.Stand{Rank: 7, Probability: &half}}},
		Judged: []intel.Settled{{Kind: "activity", Target: "documents", Horizon: 7, Stand: intel.Stand{Median: &more, Low: 8, Up: 20}, Came: 21}}}
	out := markdown(t, p)
	for _, want := range []string{"What changed since last week (forecasts of 2026-04-08 beside those of 2026-04-01):", `ranked higher | country | Germany\|x in 28 days | rank 2 | rank 5`, "gone | sector | Energy in 28 days | – | rank 7",
		"of events 1 that came true and 9 that did not:", "12 (80 %: 8 to 20) | 21 came, above what was expected"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	var full, public bytes.Buffer
	if err := publish.JSON(&full, p, publish.Options{}); err != nil || !strings.Contains(full.String(), `"gone":[{"kind":"sector","target":"sector:energy","horizon_days":28,"before":{"rank":7,"probability":0.5,"skill":"none"},"now":null}]`) {
		t.Errorf("err %v in\n%s", err, full.String())
	}
	if err := publish.JSON(&public, publish.Preview(p, 3), publish.Options{}); err != nil || !strings.Contains(public.String(), `"changes":{"moved":[],"new":[],"gone":[],"judged":[],"came":0,"came_not":0,"unscoreable":0,"made":null,"since":null}`) {
		t.Errorf("preview: err %v in\n%s", err, public.String())
	}
	p.Changes = intel.Changes{}
	if strings.Contains(markdown(t, p), "since last week") {
		t.Error("a comparison with nothing")
	}
}
