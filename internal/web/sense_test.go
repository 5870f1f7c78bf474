package web_test

import (
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
