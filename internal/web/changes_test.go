package web_test

import (
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/web"
)

func TestThePageTellsWhatChangedSinceLastWeekAndWhatCame(t *testing.T) {
	page := get(t, serve(fake{text: plain}), "/actor/astro-locker").Body.String()
	for _, want := range []string{`<span class="up">more</span>`, "32 (80 %: 18 to 51)", `<span class="up">ranked higher</span>`, `data-th="now">rank 2</td><td data-th="a week ago">rank 7<`, `<span class="down">ranked lower</span>`, `<span class="up">new</span>`, `<span class="down">gone</span>`,
		"beside those of 2026-11-16", `<span class="outcome not">17 came, above what was expected</span>`, `<span class="outcome came">came true</span>`, `<span class="outcome not">did not come true</span>`, `<span class="outcome open-yet">cannot be judged: the sources were silent`,
		"1 came true and 61 did not", "Of 3 nothing can be said"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q", want)
		}
	}
}

func TestAQuietWeekAndAFirstWeekSaySo(t *testing.T) {
	for want, c := range map[string]intel.Changes{"Nothing of note": {Made: now(), Since: ago(7)}, "no forecasts a week before": {Judged: []intel.Settled{{Kind: "tool", Target: "tool:x"}}}, "": {Made: now()}} {
		page := pageOf(t, fake{text: plain}, "/actor/astro-locker", func(p *web.Profile) { p.Changes = c })
		if told := strings.Contains(page, "What changed since last week"); told != (want != "") || !strings.Contains(page, want) {
			t.Errorf("%+v: told %v, want %q", c, told, want)
		}
	}
}
