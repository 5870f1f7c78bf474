package pipeline_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
	"github.com/portent-cti/portent/internal/publish"
)

func does(who string, relation intel.Relation, what intel.Entity) intel.Claim {
	return intel.Claim{Subject: intel.NewEntity(intel.Actor, who), Relation: relation, Object: what}
}

func cve(n int) intel.Entity {
	return intel.Entity{Kind: intel.Vulnerability, Name: fmt.Sprintf("CVE-2025-%d", 1000+n)}
}

// catalogued tells of a flaw which weakness it comes of, what it affects and where.
func (w *told) catalogued(n int, weakness, product, file string) {
	w.t.Helper()
	say := func(relation intel.Relation, e intel.Entity) intel.Claim {
		return intel.Claim{Subject: cve(n), Relation: relation, Object: e, Context: intel.Context{Vulnerability: cve(n).Name}}
	}
	claims := []intel.Claim{say(intel.HasWeakness, intel.Entity{Kind: intel.Weakness, Name: weakness}), say(intel.Affects, intel.Entity{Kind: intel.Product, Name: product})}
	if file != "" {
		claims = append(claims, say(intel.Affects, intel.Entity{Kind: intel.File, Name: file}))
	}
	for _, source := range []string{"nvd", "vendor"} {
		w.tell(source, w.day, fmt.Sprintf("A record of %s.", cve(n).Name), claims...)
	}
}

// arsenal is a quarter in which five actors turn to flaws of Acme, of which Cold Lynx
// has not turned to all, and to what else there is of each kind.
func (w *told) arsenal() {
	w.t.Helper()
	for n := range 6 {
		w.catalogued(n, []string{"CWE-22", "CWE-79"}[n%2], []string{"acme/portal", "acme/mail"}[n%2], fmt.Sprintf("/portal/download%d.php", n))
	}
	w.catalogued(6, "CWE-22", "acme/portal", "/portal/export.php") // nobody has
	for d := range 70 {
		for _, source := range []string{"blog", "wire"} {
			w.tell(source, w.day, "Cold Lynx and Grey Heron were seen.")
			if d == 20 {
				for k, who := range []string{"Grey Heron", "Brown Owl", "Black Kite", "White Tern"} {
					w.tell(source, w.day, who+" turned to flaws.", does(who, intel.Exploits, cve(k)), does(who, intel.Exploits, cve(k+1)), does(who, intel.Uses, intel.Entity{Kind: intel.Technique, Name: "T1190"}),
						does(who, intel.Targets, intel.Entity{Kind: intel.Country, Name: "DE"}), does(who, intel.Targets, intel.NewEntity(intel.Sector, "health")), does(who, intel.Uses, intel.NewEntity(intel.Tool, "netcat")))
				}
				w.tell(source, w.day, "Cold Lynx turned to a flaw.", does("Cold Lynx", intel.Exploits, cve(0)))
			}
		}
		w.day = w.day.AddDate(0, 0, 1)
	}
	w.finish()
	if err := w.p.Forecast(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func TestEveryKindOfCharacteristicIsForecastWithReasonsAndJudged(t *testing.T) {
	w := begin(t)
	w.arsenal()
	made := w.day
	fs, err := w.db.Forecasts(t.Context(), intel.Public(), intel.NewEntity(intel.Actor, "Cold Lynx"), made)
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	for _, f := range fs {
		kinds[f.Kind]++
		if f.Horizon != 90 {
			continue
		}
		sum := 0.0
		for _, r := range f.Reasons {
			sum += r.Contribution
		}
		if want := math.Log(f.Probability) - math.Log1p(-f.Probability); !(math.Abs(sum-want) <= 1e-9) {
			t.Errorf("%s: reasons sum to %v, log-odds are %v", f.Target, sum, want)
		}
		if f.Rule == "" || f.Inputs == "" || f.Simple.Rule != "popularity" || !strings.Contains(f.Model, "too little history") {
			t.Errorf("%+v", f)
		}
		if f.Target == "weakness:CWE-22" || f.Target == cve(0).String() || f.Target == "product:acme/portal" {
			t.Errorf("%s is nothing new", f.Target)
		}
	}
	for _, kind := range []string{"technique", "weakness", "vulnerability", "product", "country", "sector", "tool", "file"} {
		if kinds[kind] == 0 {
			t.Errorf("nothing of kind %s: %v", kind, kinds)
		}
	}
	for d := range 105 {
		for _, source := range []string{"blog", "wire"} {
			w.tell(source, w.day, "Cold Lynx and Grey Heron were seen.")
			if d == 30 {
				w.tell(source, w.day, "Cold Lynx turned to another flaw.", does("Cold Lynx", intel.Exploits, cve(1)))
			}
		}
		w.day = w.day.AddDate(0, 0, 1)
	}
	w.finish()
	w.judge()
	got := w.outcomes(made)
	for key, want := range map[string]int{"vulnerability " + cve(1).String(): 1, "vulnerability " + cve(2).String(): 0, "weakness weakness:CWE-79": 1,
		"product product:acme/mail": 1, "file file:/portal/download1.php": 1, "file file:/portal/download3.php": 0, "technique technique:T1190": 0, "country country:DE": 0} {
		if o, ok := got[key+" 90"]; !ok || o.Unscoreable != "" || o.Came != want {
			t.Errorf("%s: %+v, %v; want %d", key, o, ok, want)
		}
	}
}

// vendors is a year in which twelve actors each turn to flaws of one of three vendors;
// a flaw of each is new, and nobody has turned to it.
func (w *told) vendors() {
	w.t.Helper()
	w.day = w.day.AddDate(-1, 0, 0)
	for n := range 27 {
		w.catalogued(n, []string{"CWE-22", "CWE-79", "CWE-89"}[n%3], []string{"acme/portal", "bolt/mail", "crest/vpn"}[n%3], fmt.Sprintf("/%s/item%d.php", []string{"portal", "mail", "vpn"}[n%3], n))
	}
	w.finish()
	for k := range 12 {
		for i := range 5 {
			w.day = w.day.AddDate(0, 0, 6)
			n := k%3 + 3*((k/3+i)%8)
			for _, source := range []string{"blog", "wire"} {
				w.tell(source, w.day, fmt.Sprintf("Actor %c turned to a flaw.", 'A'+k), does(fmt.Sprintf("Camp %c", 'A'+k), intel.Exploits, cve(n)))
			}
		}
	}
	for _, source := range []string{"blog", "wire"} {
		w.tell(source, w.day, "Camp A was seen.", does("Camp A", intel.Uses, intel.Entity{Kind: intel.File, Name: "/portal/item15.php"}), does("Camp A", intel.Uses, intel.Entity{Kind: intel.File, Name: "/seen.php"}))
	}
	w.finish()
	if err := w.p.Forecast(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func TestFragmentsOfFlawsThatAnActorIsLikelyToTurnToArePredicted(t *testing.T) {
	w := begin(t)
	w.vendors()
	ed := &pipeline.Editor{DB: w.db, Reference: w.p.Reference}
	p, _, err := ed.Profile(t.Context(), intel.Public(), intel.NewEntity(intel.Actor, "Camp A"), pipeline.Window{}, w.day)
	if err != nil {
		t.Fatal(err)
	}
	found, predicted, best := false, false, 0.0
	for _, r := range p.IOA {
		if predicted && !r.Predicted {
			t.Errorf("%s was seen and stands behind what was not", r.Value)
		}
		if predicted = r.Predicted; !predicted || strings.Contains(r.Description, "follows from") {
			continue
		}
		best = max(best, r.Probability)
		if r.Probability == best && !strings.HasPrefix(r.Value, "/portal/") {
			t.Errorf("the likeliest is another vendor's: %+v", r)
		}
		if r.Value == "/portal/item15.php" || !strings.HasPrefix(r.Vulnerability, "CVE-2025-") || r.Type != "file" || len(r.Evidence) > 0 || !r.First.IsZero() {
			t.Errorf("%+v", r)
		}
		if r.Value == "/portal/item24.php" { // nobody turned to its flaw
			found = true
			if want := "uses CWE-22 in acme/portal; CVE-2025-1024 in acme/portal has file /portal/item24.php (no better than the base rate)"; r.Description != want {
				t.Errorf("the way is %q, want %q", r.Description, want)
			}
		}
	}
	if !found {
		t.Errorf("the fragment of the new flaw is not predicted: %+v", p.IOA)
	}
	var doc strings.Builder
	if err := publish.Markdown(&doc, p, publish.Options{}); err != nil || !strings.Contains(doc.String(), "uses CWE-22 in acme/portal; CVE-2025-1024 in acme/portal has file") {
		t.Errorf("Markdown does not tell the way, err %v", err)
	}
	for _, f := range p.Forecasts {
		sum := 0.0
		for _, r := range f.Reasons {
			sum += r.Contribution
		}
		if want := math.Log(f.Probability) - math.Log1p(-f.Probability); f.Kind == "file" && !(math.Abs(sum-want) <= 1e-9) {
			t.Errorf("%s: reasons sum to %v, log-odds are %v", f.Target, sum, want)
		}
	}
}

func TestAReplayKnowsWhatWasThereWhen(t *testing.T) {
	w := begin(t)
	w.vendors()
	h, err := w.p.Replayed(t.Context(), intel.Vulnerability)
	if err != nil || h.World.Items != 27 || h.All < 27 || len(h.Fragments) != 27 {
		t.Fatalf("%d items, %d fragments, %v", h.World.Items, h.All, err)
	}
	direct, dated := 0, 0
	for r, line := range h.World.Rows {
		direct += len(h.Direct[r])
		for _, had := range line.Had {
			if had.Day > h.World.Born[had.Item] && h.World.Born[had.Item] > 0 {
				dated++
			}
		}
	}
	if direct != 2 || dated != 60 {
		t.Errorf("%d fragments used directly, want 2; %d turns to flaws after their records, want 60", direct, dated)
	}
	if _, err := w.p.Replayed(t.Context(), intel.Country); !errors.Is(err, intel.ErrNotFound) {
		t.Errorf("of what nobody has: %v", err)
	}
}

func TestWhatComesInLaterOnADayAddsNothingToWhoseForecastsAreMade(t *testing.T) {
	w := begin(t)
	w.arsenal()
	lynx, now := intel.NewEntity(intel.Actor, "Cold Lynx"), w.day
	before, err := w.db.Forecasts(t.Context(), intel.Public(), lynx, now)
	if err != nil || len(before) == 0 {
		t.Fatal(len(before), err)
	}
	w.day = now.AddDate(0, 0, -15)
	for _, who := range []string{"Grey Heron", "Brown Owl", "New Crow"} { // of whom one has no forecast yet
		for _, source := range []string{"blog", "wire"} {
			w.tell(source, w.day, who+" turned elsewhere.", does(who, intel.Targets, intel.Entity{Kind: intel.Country, Name: "FR"}), does(who, intel.Targets, intel.Entity{Kind: intel.Country, Name: "US"}))
		}
	}
	w.day = now
	w.finish()
	if err := w.p.Forecast(t.Context()); err != nil {
		t.Fatal(err)
	}
	after, err := w.db.Forecasts(t.Context(), intel.Public(), lynx, now)
	if err != nil || len(after) != len(before) {
		t.Errorf("%d forecasts of the day became %d, err %v", len(before), len(after), err)
	}
	if crow, err := w.db.Forecasts(t.Context(), intel.Public(), intel.NewEntity(intel.Actor, "New Crow"), now); err != nil || len(crow) == 0 {
		t.Errorf("who was new has no forecast, err %v", err)
	}
}
