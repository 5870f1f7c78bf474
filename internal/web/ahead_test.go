package web_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/web"
)

// altered is a fake whose profiles are changed before they are shown.
type altered struct {
	fake
	by func(*web.Profile)
}

func (a altered) Profile(ctx context.Context, r intel.Reader, e intel.Entity, w web.Window) (web.Profile, error) {
	p, err := a.fake.Profile(ctx, r, e, w)
	a.by(&p)
	return p, err
}

// pageOf is the page of an actor, a country or a campaign after its profile was changed.
func pageOf(t *testing.T, f fake, path string, by func(*web.Profile)) string {
	t.Helper()
	return get(t, web.Handler(web.Site{Views: altered{f, by}, Reader: intel.Everything(), Log: slog.New(slog.DiscardHandler), Now: now}), path).Body.String()
}

func TestThePageDrawsTheWeeksAheadOverTwoYearsAndSaysThemInWords(t *testing.T) {
	for _, path := range []string{"/actor/astro-locker", "/campaign/cold-gateway", "/country/DE"} {
		page := get(t, serve(fake{text: plain}), path).Body.String()
		for _, want := range []string{`aria-labelledby="ahead-t ahead-d"`, `<title id="ahead-t">Documents per week about Astro Locker: 104 weeks before and 4 ahead</title>`,
			"Week from 2026-11-23: median 8, half between 7 and 10, 95 % between 4 and 15.", "Not watched: 2026-02-16 to 2026-03-08.", `class="silent"`,
			`class="near"`, `class="band95"`, `class="band80"`, `class="band50"`, "half, four in five and 95 %", `<td class="n" data-th="80 %">5 to 12</td>`, "<small>not watched</small>", "shared out"} {
			if !strings.Contains(page, want) {
				t.Errorf("%s: no %q", path, want)
			}
		}
		if n := strings.Count(page, "<polygon class=\"band"); n != 3 {
			t.Errorf("%s: %d bands, want 3", path, n)
		}
	}
}

func TestABurstLongAgoLeavesTheWeeksAheadToBeRead(t *testing.T) {
	flat := pageOf(t, fake{text: plain}, "/actor/astro-locker", func(p *web.Profile) { p.Activities.Weekly[20].N = 40_000 })
	if !strings.Contains(flat, ">40,000</text>") || !strings.Contains(flat, "higher than the chart") || !strings.Contains(flat, ">20</text>") {
		t.Error("a week of 40,000 sets the scale of the weeks ahead, or is not told of")
	}
}

func TestWithoutForecastsOfCountsNothingIsDrawnAhead(t *testing.T) {
	if page := pageOf(t, fake{text: plain}, "/actor/astro-locker", func(p *web.Profile) { p.Ahead = nil }); strings.Contains(page, "ahead-t") {
		t.Error("weeks ahead out of nothing")
	}
	page := pageOf(t, fake{text: plain}, "/actor/astro-locker", func(p *web.Profile) {
		p.Activities.Weekly = nil
		for i := range p.Ahead {
			p.Ahead[i] = intel.WeekAhead{Stretch: p.Ahead[i].Stretch}
		}
	})
	if !strings.Contains(page, "ahead-t") || strings.Contains(page, "NaN") || strings.Contains(page, "Inf") {
		t.Error("a silent history breaks the chart")
	}
}

func TestTheScoreboardAsksOfWhatIsTakenUpWithinNinetyDays(t *testing.T) {
	page := get(t, serve(fake{text: plain}), "/scoreboard").Body.String()
	for _, want := range []string{"whether it is taken up in 90 days", "whether it is attacked in 90 days", "whether there is any in 28 days"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q", want)
		}
	}
}

func TestAPredictedFragmentIsNotSaidToBeSeen(t *testing.T) {
	page := get(t, serve(fake{text: plain}), "/actor/astro-locker").Body.String()
	_, ioa, _ := strings.Cut(page, `<section id="ioa"`)
	seen, predicted, ok := strings.Cut(ioa, `<tbody class="is-predicted">`)
	predicted, _, _ = strings.Cut(predicted, "</tbody>")
	if !ok || !strings.Contains(seen, `data-th="seen in"`) || strings.Contains(predicted, `data-th="seen in"`) || !strings.Contains(predicted, `data-th="why"`) {
		t.Errorf("%v\n%s", ok, predicted)
	}
}
