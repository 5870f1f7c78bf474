package score_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/score"
)

var ruledAt = time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)

// word is a verdict of the nth day.
func word(t *testing.T, n int, r intel.Ruling, scope string, until ...int) intel.ValueVerdict {
	t.Helper()
	s, err := intel.ParseScope(scope)
	if err != nil {
		t.Fatal(err)
	}
	v := intel.ValueVerdict{Scope: s, Ruling: r, By: "analyst:ana", At: ruledAt.AddDate(0, 0, n)}
	if len(until) > 0 {
		v.Until = ruledAt.AddDate(0, 0, until[0])
	}
	return v
}

func screen(day int, words ...intel.ValueVerdict) score.Screen {
	return score.Screen{Listed: func(e intel.Entity) (string, bool) { return "warninglist: l", strings.HasPrefix(e.Name, "listed") },
		Verdicts: score.NewVerdicts(words), Reader: intel.Everything(), Now: ruledAt.AddDate(0, 0, day)}
}

func entity(t *testing.T, s string) intel.Entity {
	t.Helper()
	e, err := intel.ParseEntity(s)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestAScopeCoversWhatItSaysAndNothingBeside(t *testing.T) {
	for _, c := range []struct{ scope, yes, no string }{
		{"ipv4:192.0.2.7", "ipv4:192.0.2.7", "ipv4:192.0.2.70 url:http://192.0.2.7/ cidr:192.0.2.7/32"},
		{"cidr:192.0.2.0/25", "ipv4:192.0.2.127 cidr:192.0.2.64/26 cidr:192.0.2.0/25 url:http://192.0.2.7:8080/x", "ipv4:192.0.2.128 cidr:192.0.2.0/24 domain:192.0.2.x ipv6:2001:db8::7"},
		{"cidr:2001:db8::/32", "ipv6:2001:db8::7 url:http://[2001:db8::7]/x", "ipv6:2001:db9::7 ipv4:32.1.13.184"},
		{"domain:evil.org", "domain:evil.org", "domain:a.evil.org url:https://evil.org/ email:a@evil.org domain:notevil.org"},
		{"domain:*.evil.org", "domain:evil.org domain:a.b.evil.org url:https://evil.org/ url:https://u@a.evil.org:1/x", "domain:notevil.org domain:evil.org.uk url:https://x.org/evil.org email:a@evil.org"},
		{"url:https://evil.org/kit", "url:https://evil.org/kit", "url:https://evil.org/kit/a"},
		{"url:https://Evil.org/kit/*", "url:https://evil.org/kit/ url:https://evil.org/kit/a", "url:https://evil.org/kit url:http://evil.org/kit/a url:https://a.evil.org/kit/a domain:evil.org"},
		{"url:https://evil.org/kit/*", "url:https://EVIL.org./kit/a url:https://u:p@evil.org/kit/a url:https://evil.org:443/kit/a url:https://evil.org/%6bit/a url:https://evil.org/x/../kit/a", "url:https://evil.org:444/kit/a url:https://evil.org/kit%2fa"},
		{"url:https://u@EVIL.org:443/kit", "url:https://evil.org/kit url:https://evil.org/./kit", "url:https://evil.org/KIT"},
		{"sha256:" + strings.Repeat("ab", 32), "sha256:" + strings.Repeat("ab", 32), "sha256:" + strings.Repeat("ac", 32)},
	} {
		s := screen(1, word(t, 0, intel.Suppress, c.scope))
		for _, e := range strings.Fields(c.yes) {
			if s.Of(entity(t, e)).Reason == "" {
				t.Errorf("%s does not cover %s", c.scope, e)
			}
		}
		for _, e := range strings.Fields(c.no) {
			if r := s.Of(entity(t, e)).Reason; r != "" {
				t.Errorf("%s covers %s: %s", c.scope, e, r)
			}
		}
	}
}

func TestTheLastWordThatHoldsCounts(t *testing.T) {
	e := entity(t, "domain:listed.evil.org")
	words := []intel.ValueVerdict{
		word(t, 1, intel.Unsuppress, "domain:listed.evil.org"),
		word(t, 2, intel.Suppress, "domain:*.evil.org", 10),
		word(t, 3, intel.Unsuppress, "domain:listed.evil.org", 6),
		word(t, 4, intel.Suppress, "domain:listed.evil.org"),
		word(t, 5, intel.UndoSuppress, "domain:listed.evil.org"), // takes back all of this very scope
		word(t, 12, intel.Suppress, "domain:listed.evil.org"),
	}
	for day, want := range []string{"warninglist: l", "", "analyst:ana, until 2026-05-11", "", "analyst:ana", "analyst:ana, until 2026-05-11", "analyst:ana, until 2026-05-11",
		"analyst:ana, until 2026-05-11", "analyst:ana, until 2026-05-11", "analyst:ana, until 2026-05-11", "warninglist: l", "warninglist: l", "analyst:ana"} {
		if got := screen(day, words...).Of(e).Reason; got != want {
			t.Errorf("on day %d it is set aside for %q, want %q", day, got, want)
		}
	}
	if got := score.NewVerdicts(words).Of(e); len(got) != len(words) {
		t.Errorf("%d words are told of it, want all %d", len(got), len(words))
	}
}

func TestAWordThatALaterAsWideOverrulesCountsNoMore(t *testing.T) {
	for _, c := range []struct{ first, then, want string }{
		{"ipv4:192.0.2.7", "cidr:192.0.2.0/24", "no yes"},
		{"cidr:192.0.2.0/24", "ipv4:192.0.2.7", "yes yes"}, // it counts for the others
		{"cidr:192.0.2.0/25", "cidr:192.0.2.0/24", "no yes"},
		{"domain:evil.org", "domain:*.evil.org", "no yes"},
		{"domain:*.evil.org", "domain:evil.org", "yes yes"},
		{"domain:*.a.evil.org", "domain:*.evil.org", "no yes"},
		{"url:https://evil.org/kit/*", "domain:*.evil.org", "no yes"},
		{"url:https://evil.org/kit/*", "url:https://evil.org/*", "no yes"},
		{"url:https://evil.org/*", "url:https://evil.org/kit/*", "yes yes"},
		{"url:http://192.0.2.7/*", "cidr:192.0.2.0/24", "no yes"},
		{"domain:evil.org", "domain:evil.org", "no yes"},
		{"domain:evil.org", "domain:other.org", "yes yes"},
	} {
		words := []intel.ValueVerdict{word(t, 1, intel.Suppress, c.first), word(t, 2, intel.Unsuppress, c.then, 5)}
		var got []string
		for _, counts := range score.NewVerdicts(words).Counting(ruledAt.AddDate(0, 0, 3)) {
			got = append(got, map[bool]string{true: "yes", false: "no"}[counts])
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s, then %s: counting is %v, want %s", c.first, c.then, got, c.want)
		}
		if later := score.NewVerdicts(words).Counting(ruledAt.AddDate(0, 0, 6)); !later[0] || later[1] {
			t.Errorf("%s counts again when %s has ended: %v", c.first, c.then, later)
		}
	}
}

func TestNoVerdictsAreNoBurden(t *testing.T) {
	var s score.Screen
	s.Listed = func(intel.Entity) (string, bool) { return "", false }
	if a := s.Of(entity(t, "ipv4:192.0.2.7")); a != (score.Aside{}) {
		t.Errorf("%+v", a)
	}
	if a := screen(1, word(t, 0, intel.Suppress, "domain:*.evil.org")).Of(entity(t, "actor:evil")); a != (score.Aside{}) {
		t.Errorf("a name: %+v", a)
	}
}

// TestAValueIsJudgedByItsOwnWordsAlone counts what is looked at: of a hundred
// thousand words those that cover the value.
func TestAValueIsJudgedByItsOwnWordsAlone(t *testing.T) {
	var words []intel.ValueVerdict
	for i := range 100_000 {
		words = append(words, intel.ValueVerdict{Scope: intel.Scope{Entity: intel.NewEntity(intel.CIDR, fmt.Sprintf("%d.%d.%d.0/%d", 11+i%7, i/250%250, i%250, 9+i%24))}, Ruling: intel.Suppress, At: ruledAt})
	}
	v := score.NewVerdicts(words)
	e := entity(t, "ipv4:203.5.5.5")
	if got := v.Of(e); len(got) != 0 {
		t.Errorf("%d words cover it", len(got))
	}
	s := score.Screen{Listed: func(intel.Entity) (string, bool) { return "", false }, Verdicts: v, Reader: intel.Everything(), Now: ruledAt}
	if n := testing.AllocsPerRun(100, func() { s.Of(e) }); n > 2 {
		t.Errorf("%.0f allocations to judge a value of which nobody spoke", n)
	}
}
