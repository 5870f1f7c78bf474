package web_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/web"
)

func TestSharesOfAttacksAreRoundedAndNameTheCountry(t *testing.T) {
	page := pageOf(t, fake{text: plain}, "/actor/astro-locker", func(p *web.Profile) {
		p.Attacks = []intel.Tally{{Country: "BW", Value: "Botswana", N: 2}, {Country: "ES", Value: "Spain", N: 1}, {Sector: "Retail", Value: "Retail", N: 1}}
	})
	for _, want := range []string{"<dt>Botswana</dt>", "2 · 67 %", "1 · 33 %", "<dt>Retail</dt>"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q", want)
		}
	}
}

func TestAChangeOfPaceIsRounded(t *testing.T) {
	page := pageOf(t, fake{text: plain}, "/actor/astro-locker", func(p *web.Profile) {
		for i := range p.Activities.Weekly {
			p.Activities.Weekly[i].N = 0
		}
		last := len(p.Activities.Weekly)
		p.Activities.Weekly[last-5].N, p.Activities.Weekly[last-1].N = 6, 5
	})
	if !strings.Contains(page, "−17 %") {
		t.Error("five after six is no −17 %")
	}
}

func TestNoTwoElementsOfAPageHaveOneID(t *testing.T) {
	page := pageOf(t, fake{text: plain}, "/actor/astro-locker", func(p *web.Profile) {
		predicted := p.TTP[2]
		predicted.ID = "" // nothing is kept of what follows from a flaw
		p.TTP[0].ID, p.TTP[1].ID = "3", "4"
		p.TTP = append(p.TTP[:2:2], predicted, predicted)
	})
	seen := map[string]bool{}
	for _, id := range regexp.MustCompile(` id="[^"]*"`).FindAllString(page, -1) {
		if seen[id] {
			t.Errorf("twice%s", id)
		}
		seen[id] = true
	}
}

func TestNamesOfACountryAreOfTheSameCountry(t *testing.T) {
	for path, want := range map[string]string{"/country/DE": "same country", "/malware/x": "same malware", "/actor/astro-locker": "same actor"} {
		page := get(t, serve(fake{text: plain}), path).Body.String()
		if !strings.Contains(page, ">"+want+"<") || want != "same actor" && strings.Contains(page, ">same actor<") {
			t.Errorf("%s: no name is said to be of the %s, or one of an actor", path, want)
		}
	}
}

func TestAKindOfForecastWithoutADiagramLeadsToNone(t *testing.T) {
	page := get(t, serve(fake{text: plain}), "/scoreboard").Body.String()
	if strings.Contains(page, "head=sector") || !strings.Contains(page, "head=technique") {
		t.Error("a link to a diagram that is not there, or none to one that is")
	}
}

func TestNothingIsLessThanNothing(t *testing.T) {
	page := pageOf(t, fake{text: plain}, "/actor/astro-locker", func(p *web.Profile) {
		for i := range p.Forecasts {
			if len(p.Forecasts[i].Quantiles) > 0 {
				p.Forecasts[i].Reasons = []intel.Reason{{Item: "of a flood", Contribution: -.001}, {Item: "of a habit", Contribution: -.04}}
			}
		}
	})
	if !strings.Contains(page, "<p>of a flood: 0</p>") || !strings.Contains(page, "<p>of a habit: −0.04</p>") {
		t.Error("a nought with a sign, or a small number that is none")
	}
}
