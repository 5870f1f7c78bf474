package pipeline_test

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/figures"
	"github.com/portent-cti/portent/internal/forecast"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
)

// members are the actors of two camps, every other one of each.
func members() (out []intel.Entity) {
	for k := range 28 {
		out = append(out, intel.NewEntity(intel.Actor, fmt.Sprintf("Camp %c%c", 'A'+k/6, 'A'+k%6)))
	}
	return out
}

// trick is one of fifty-six techniques, of which each camp has every other one.
func trick(i int) intel.Entity {
	return intel.Entity{Kind: intel.Technique, Name: fmt.Sprintf("T1%03d", i)}
}

// camps is a history of actors that take up two techniques of their camp a month, some
// for longer than others; two sources tell of it.
func (w *told) camps() {
	w.t.Helper()
	chance, today := rand.New(rand.NewPCG(2, 3)), w.day
	for k, who := range members() {
		order, months := chance.Perm(28), 1+k/2
		for m := range min(14, months) {
			day := today.AddDate(0, 0, -30*(months-m)+k%7+20)
			for _, source := range []string{"blog", "wire"} {
				w.tell(source, day, fmt.Sprintf("%s was seen in month %d.", who.Name, m), does(who.Name, intel.Uses, trick(2*order[2*m]+k%2)), does(who.Name, intel.Uses, trick(2*order[2*m+1]+k%2)))
			}
		}
	}
}

// lie tells of what somebody uses that it does not, something on each of twenty days.
func (w *told) lie(source, who string, tricks []int) {
	w.t.Helper()
	for n, i := range tricks {
		w.tell(source, w.day.AddDate(0, 0, -1-n%20), fmt.Sprintf("%s was seen, number %d.", who, n), does(who, intel.Uses, trick(i)))
	}
}

// lieBy has so many accounts of a source that vouches for them tell of each, by turns.
func (w *told) lieBy(accounts int, claims []intel.Claim) {
	w.t.Helper()
	for n, claim := range claims {
		for k := range 2 {
			account := fmt.Sprint("account-", (n+k)%accounts)
			d := intel.Document{ID: intel.NewDocumentID("room", fmt.Sprint(n, k)), Source: "room", Genre: intel.Social, Reliability: 'C', Author: account, Text: fmt.Sprintf("Seen by %s, number %d.", account, n),
				Published: w.day.AddDate(0, 0, -1-n%20), Learned: w.day, Claims: []intel.Claim{claim}}
			if _, err := w.p.Keep(w.t.Context(), []intel.Document{d}); err != nil {
				w.t.Fatal(err)
			}
		}
	}
}

// tricks are claims that somebody uses all that there are.
func tricks(who string) (out []intel.Claim) {
	for i := range 56 {
		out = append(out, does(who, intel.Uses, trick(i)))
	}
	return out
}

// every is every other number from one on, so many of them.
func every(second, from, n int) (out []int) {
	for i := range n {
		out = append(out, from+second*i)
	}
	return out
}

// takenUp is how likely members, and others, take up what.
func (w *told) takenUp(others ...string) map[[2]string]forecast.Prospect {
	w.t.Helper()
	w.finish()
	asked := members()
	for _, who := range others {
		asked = append(asked, intel.NewEntity(intel.Actor, who))
	}
	all, err := pipeline.TakenUp(w.t.Context(), w.p, intel.Technique, asked)
	if err != nil {
		w.t.Fatal(err)
	}
	out := map[[2]string]forecast.Prospect{}
	for who, ps := range all {
		for _, p := range ps {
			sum := 0.0
			for _, r := range p.Reasons {
				sum += r.Contribution
			}
			if want := math.Log(p.Probability) - math.Log1p(-p.Probability); !(math.Abs(sum-want) <= 1e-9) {
				w.t.Errorf("%s of %s: reasons sum to %v, log-odds are %v", p.Target, who, sum, want)
			}
			out[[2]string{who.Name, p.Target.Name}] = p
		}
	}
	return out
}

func nobody(n int) string { return fmt.Sprintf("Nobody %c%c", 'A'+n/8, 'A'+n%8) }

func TestNoSourceAloneMovesWhatIsTakenUpByMoreThanAFifth(t *testing.T) {
	figures.Only(t)
	calm := begin(t)
	calm.camps()
	before := calm.takenUp()
	for k, p := range calm.takenUp(nobody(0)) { // what is said of whom nothing is known
		if strings.HasPrefix(k[0], "nobody") {
			before[[2]string{"", k[1]}] = p
		}
	}
	for name, flood := range map[string]func(w *told) (invented []string){
		"of one actor": func(w *told) []string { w.lie("pastes", members()[2].Name, every(1, 0, 56)); return nil },
		"of all actors by a known source": func(w *told) []string {
			for k, who := range members() {
				w.lie("wire", who.Name, every(2, 1-k%2, 6))
			}
			return nil
		},
		"of two accounts that are vouched for":    func(w *told) []string { w.lieBy(2, tricks(members()[2].Name)); return nil },
		"of twenty accounts that are vouched for": func(w *told) []string { w.lieBy(20, tricks(members()[2].Name)); return nil },
		"of many actors that do not exist": func(w *told) (out []string) {
			w.lie("pastes", nobody(0), every(2, 1, 24))
			for n := range 60 {
				out = append(out, nobody(n))
				var claims []intel.Claim
				for i := range 6 {
					claims = append(claims, does(nobody(n), intel.Uses, trick((n+i)%56)))
				}
				w.tell("pastes", w.day.AddDate(0, 0, -1-n), "Somebody was seen.", claims...)
			}
			return out
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			w.camps()
			after := w.takenUp(flood(w)...)
			for k, p := range before {
				if is := after[k].Probability; k[0] != "" && math.Abs(is-p.Probability) > .2 {
					t.Errorf("%s: from %.2f to %.2f", k, p.Probability, is)
				}
			}
			for k, p := range after {
				was, known := before[k]
				if !known && strings.HasPrefix(k[0], "nobody") {
					was = before[[2]string{"", k[1]}]
				}
				if p.Probability-was.Probability > .2 {
					t.Errorf("%s: from %.2f to %.2f", k, was.Probability, p.Probability)
				}
			}
		})
	}
}

// TestNoSourceMovesWhatIsTakenUpByMoreThanAFifthHoweverLongItKeepsOn has one link come in
// every ten days.
func TestNoSourceMovesWhatIsTakenUpByMoreThanAFifthHoweverLongItKeepsOn(t *testing.T) {
	who, after := members()[2].Name, map[bool]map[[2]string]forecast.Prospect{}
	for _, flood := range []bool{false, true} {
		w := begin(t)
		w.camps()
		for _, i := range every(1, 0, 56) {
			w.day = w.day.AddDate(0, 0, 10)
			if flood {
				w.tell("pastes", w.day, who+" was seen.", does(who, intel.Uses, trick(i)))
			}
		}
		after[flood] = w.takenUp()
	}
	for k, p := range after[false] {
		if is, ok := after[true][k]; math.Abs(is.Probability-p.Probability) > .2 {
			t.Errorf("%s: from %.2f to %.2f, %v", k, p.Probability, is.Probability, ok)
		}
	}
}

func TestAFloodMovesNoFragmentByMoreThanAFifth(t *testing.T) {
	figures.Only(t)
	files := func(w *told) map[string]float64 {
		w.t.Helper()
		ps, err := pipeline.TakenUpFragments(w.t.Context(), w.p, intel.NewEntity(intel.Actor, "Camp A"))
		if err != nil {
			w.t.Fatal(err)
		}
		out := map[string]float64{}
		for _, p := range ps {
			sum := 0.0
			for _, r := range p.Reasons {
				sum += r.Contribution
			}
			if want := math.Log(p.Probability) - math.Log1p(-p.Probability); !(math.Abs(sum-want) <= 1e-9) {
				w.t.Errorf("%s: reasons sum to %v, log-odds are %v", p.Target, sum, want)
			}
			out[p.Target.Name] = p.Probability
		}
		return out
	}
	world := func() *told {
		w := begin(t)
		for n := range 20 { // that nobody has turned to, and that have one file
			w.catalogued(100+n, "CWE-79", "bolt/mail", "/mail/shared.php")
		}
		w.vendors()
		return w
	}
	for name, flood := range map[string]func(w *told, tell bool){
		"in a month": func(w *told, tell bool) {
			for n := range 24 {
				if tell {
					w.tell("pastes", w.day.AddDate(0, 0, -1-n), "Camp A was seen.", does("Camp A", intel.Exploits, cve(n)))
				}
			}
		},
		"of two accounts that are vouched for": func(w *told, tell bool) {
			var claims []intel.Claim
			for n := range 24 {
				claims = append(claims, does("Camp A", intel.Exploits, cve(n)))
			}
			if tell {
				w.lieBy(2, claims)
			}
		},
		"kept up for more than a year": func(w *told, tell bool) {
			for n := range 24 {
				if w.day = w.day.AddDate(0, 0, 25); tell {
					w.tell("pastes", w.day, "Camp A was seen.", does("Camp A", intel.Exploits, cve(n)))
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			said := map[bool]map[string]float64{}
			for _, tell := range []bool{false, true} {
				w := world()
				flood(w, tell)
				w.finish()
				said[tell] = files(w)
			}
			before, after := said[false], said[true]
			for name, p := range before {
				if math.Abs(after[name]-p) > .2 {
					t.Errorf("%s: from %.2f to %.2f", name, p, after[name])
				}
			}
			for name, p := range after {
				if p-before[name] > .2 {
					t.Errorf("%s: from %.2f to %.2f", name, before[name], p)
				}
			}
			if was, is := before["/mail/shared.php"], after["/mail/shared.php"]; is < was+.05 {
				t.Errorf("the flood moves nothing: %.2f, before %.2f", is, was)
			}
		})
	}
}

func TestForecastsSayWhoseWordIsBoundedAndASecondSourceLiftsTheBound(t *testing.T) {
	who := members()[2]
	told := func(sources ...string) (most float64, bounded bool) {
		w := begin(t)
		w.camps()
		for _, s := range sources {
			w.lie(s, who.Name, every(2, 1, 24))
		}
		most = w.takenUp()[[2]string{who.Name, trick(51).Name}].Probability
		if err := w.p.Forecast(t.Context()); err != nil {
			t.Fatal(err)
		}
		fs, err := w.db.Forecasts(t.Context(), intel.Public(), who, w.day)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range fs {
			bounded = bounded || f.Kind == "technique" && slices.ContainsFunc(f.Reasons, func(r intel.Reason) bool {
				return r.Item == "bounded: 24 links are the word of the source pastes alone"
			})
		}
		return most, bounded
	}
	one, is := told("pastes")
	two, still := told("pastes", "gazette")
	if !is || still || two < one+.1 {
		t.Errorf("of one source %.2f, bounded %v; of two %.2f, bounded %v", one, is, two, still)
	}
}

// strange has somebody whom nobody knows tell so often of flaws that nobody has turned to,
// and of those of others, that they are like those of Camp A, and that all have one file.
func (w *told) strange(times int) {
	w.t.Helper()
	var claims []intel.Claim
	for _, n := range slices.Concat(every(1, 13, 14), every(1, 100, 40)) {
		for _, has := range []intel.Entity{{Kind: intel.Weakness, Name: "CWE-22"}, {Kind: intel.Weakness, Name: "CWE-999"}, {Kind: intel.Product, Name: "acme/portal"}, {Kind: intel.File, Name: "/portal/lie.php"}} {
			c := intel.Claim{Subject: cve(n), Relation: intel.Affects, Object: has, Context: intel.Context{Vulnerability: cve(n).Name}}
			if has.Kind == intel.Weakness {
				c.Relation = intel.HasWeakness
			}
			claims = append(claims, c)
		}
	}
	var batch []intel.Document
	for n := range times {
		text := fmt.Sprintf("What is wrong with it, number %d.", n)
		d := intel.Document{ID: intel.NewDocumentID("pastes", text), Source: "pastes", Genre: intel.Report, Reliability: 'A', Author: fmt.Sprint("account-", n%7), Title: text, Text: text,
			Published: w.day.AddDate(0, 0, -1-n%300), Learned: w.day, Claims: claims}
		if n > 100 {
			d.Claims = claims[4*(n%54) : 4*(n%54)+4]
		}
		batch = append(batch, d)
	}
	for part := range slices.Chunk(batch, 500) {
		if _, err := w.p.Keep(w.t.Context(), part); err != nil {
			w.t.Fatal(err)
		}
	}
	w.finish()
}

// TestAStrangersWordOfAFlawMovesNoForecastByMoreThanAFifth has one source post of flaws.
func TestAStrangersWordOfAFlawMovesNoForecastByMoreThanAFifth(t *testing.T) {
	figures.Only(t)
	camp := intel.NewEntity(intel.Actor, "Camp A")
	asked := func(times int) map[string]float64 {
		t.Helper()
		w := begin(t)
		for n := range 40 {
			w.catalogued(100+n, "CWE-22", "acme/portal", fmt.Sprintf("/portal/new%d.php", n))
		}
		w.vendors()
		w.load("kev", entries(w.day.AddDate(0, 0, 1)))
		w.strange(times)
		w.forecast()
		out := map[string]float64{}
		for _, f := range w.foretold(vendor("Acme")) { // that is forecast from packs alone
			out[f.Kind] = f.Probability
		}
		for _, kind := range []intel.Kind{intel.Vulnerability, intel.Weakness, intel.Product} {
			all, err := pipeline.TakenUp(t.Context(), w.p, kind, []intel.Entity{camp})
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range all[camp] {
				out[p.Target.String()] = p.Probability
			}
		}
		fragments, err := pipeline.TakenUpFragments(t.Context(), w.p, camp)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range fragments {
			out[p.Target.String()] = p.Probability
		}
		return out
	}
	before := asked(0)
	if before["exploited vendor"] == 0 || before["vulnerability:CVE-2025-1025"] == 0 {
		t.Fatalf("nothing is forecast: %v", before)
	}
	for _, n := range []int{1, 100, 10_000} {
		after := asked(n)
		for _, what := range slices.Sorted(maps.Keys(after)) {
			if was := before[what]; math.Abs(after[what]-was) > .2 {
				t.Errorf("told %d times: %s from %.3f to %.3f", n, what, was, after[what])
			}
		}
		for what, was := range before {
			if _, there := after[what]; !there && was > .2 {
				t.Errorf("told %d times: %s is no forecast any more, it was %.3f", n, what, was)
			}
		}
	}
}
