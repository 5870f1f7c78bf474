package web_test

import (
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/web"
)

// chance is a forecast of a country.
func chance(code string, p float64, skill intel.Skill) intel.Forecast {
	return intel.Forecast{ID: "kept-" + code, Kind: "country", Target: "country:" + code, Name: "Land of " + code, Probability: p, BaseRate: .1, Skill: skill, Made: now(), Due: now(), Rule: "judged by a rule", Model: "popularity",
		Reasons: []intel.Reason{{Item: "base rate", Contribution: -2.2}, {Item: "seldom of late", Contribution: -1}, {Item: "12 of 40 actors", Contribution: 1.5}}}
}

func TestWhatIsNextIsRankedWithReasonsThatAddUp(t *testing.T) {
	page := pageOf(t, fake{text: plain}, "/actor/astro-locker", func(p *web.Profile) {
		tool := chance("x", .2, nil)
		tool.Kind, tool.Target, tool.Name = "tool", "tool:mimikatz", ""
		proven := intel.Skill{.2, .1, .3}
		p.Forecasts = []intel.Forecast{chance("DE", .31, proven), tool, chance("US", .57, proven)}
	})
	for _, want := range []string{">Land of US<", ">0.57<", ">0.31<", `<summary>12 of 40 actors</summary>`, `<rect class="bar" x="50" y=".5" width="34.1"`, `<rect class="bar-open" x="27.3" y=".5" width="22.7"`,
		"together, in log-odds</dt><dd></dd><dd>−1.70<", "judged by a rule", "Model: popularity. Kept as kept-US."} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q", want)
		}
	}
	tools, countries := strings.Index(page, "Tool it will use next"), strings.Index(page, "Target country of the next attacks")
	us, de := strings.Index(page, "Land of US"), strings.Index(page, "Land of DE")
	if tools < 0 || countries < tools || us < countries || de < us {
		t.Errorf("tools at %d, countries at %d, US at %d, DE at %d", tools, countries, us, de)
	}
	if n := strings.Count(page, `class="pbar"`); n != 2 {
		t.Errorf("%d bars, want those of the two countries", n)
	}
}

func TestAForecastOfACountTellsItsNearestPrecedentsWithTheirDocuments(t *testing.T) {
	page := get(t, serve(fake{text: plain}), "/actor/astro-locker").Body.String()
	for _, want := range []string{`href="/actor/tallow-wharf">Tallow Wharf</a></th><td class="n" data-th="four weeks before">31</td><td class="n" data-th="came">40</td><td class="d" data-th="from">2026-05-07</td><td class="d" data-th="to">2026-06-03</td>`, "none that you may see", `<a href="/document/0123abc1">Claim on a leak site</a>`} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q", want)
		}
	}
}

func TestASkillThatMayBeNoughtPrintsNoProbability(t *testing.T) {
	page := pageOf(t, fake{text: plain}, "/actor/astro-locker", func(p *web.Profile) {
		p.Forecasts = []intel.Forecast{chance("DE", .31, intel.Skill{.1, -.01, .2}), chance("US", .57, nil)}
	})
	if strings.Contains(page, "0.57") || strings.Contains(page, "0.31") || strings.Contains(page, "in log-odds<") || strings.Contains(page, `class="pbar"`) || !strings.Contains(page, "No better than the base rate so far") {
		t.Error("a probability without proven skill")
	}
}

func TestARankAmongAllThatWereAskedOfStandsWithWhatCouldNotBeRanked(t *testing.T) {
	page := pageOf(t, fake{text: plain}, "/actor/astro-locker", func(p *web.Profile) {
		f := chance("x", .0123, nil)
		f.Kind, f.Target, f.Name, f.Horizon = "exploited vulnerability", "entry in CISA's KEV", "", 30
		f.Ranked = intel.Ranked{Place: 7, Of: 75152, Missed: .446, Why: "had no score in time"}
		p.Forecasts = []intel.Forecast{f}
	})
	for _, want := range []string{"Whether it is listed as exploited", "An entry in CISA&#39;s KEV in 30 days", "rank 7 of 75,152; 44.6 % of entries had no score in time", intel.NoBetter} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q", want)
		}
	}
	if strings.Contains(page, "0.0123") || strings.Contains(page, "1.2 %") || strings.Contains(page, `class="pbar"`) {
		t.Error("a probability without skill")
	}
}
