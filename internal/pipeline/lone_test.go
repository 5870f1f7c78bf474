package pipeline_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

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
	calm := begin(t)
	calm.camps()
	before := calm.takenUp()
	for k, p := range calm.takenUp(nobody(0)) { // what is said of whom nothing is known
		if strings.HasPrefix(k[0], "nobody") {
			before[[2]string{"", k[1]}] = p
		}
	}
	young, old := members()[2].Name, members()[20].Name
	for name, flood := range map[string]func(w *told) (invented []string){
		"of a young actor":  func(w *told) []string { w.lie("pastes", young, every(2, 1, 24)); return nil },
		"of an old actor":   func(w *told) []string { w.lie("pastes", old, every(2, 1, 24)); return nil },
		"by a known source": func(w *told) []string { w.lie("wire", young, every(2, 1, 24)); return nil },
		"of all there is":   func(w *told) []string { w.lie("pastes", young, every(1, 0, 56)); return nil },
		"of all actors": func(w *told) []string {
			for k, who := range members() {
				w.lie("pastes", who.Name, every(2, 1-k%2, 6))
			}
			return nil
		},
		"of an actor that does not exist": func(w *told) []string {
			w.lie("pastes", nobody(0), every(2, 1, 24))
			return []string{nobody(0)}
		},
		"of many actors that do not exist": func(w *told) (out []string) {
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

func TestAnHonestSecondSourceLiftsTheBound(t *testing.T) {
	who := members()[2].Name
	told := func(sources ...string) (most float64, bounded bool) {
		w := begin(t)
		w.camps()
		for _, s := range sources {
			w.lie(s, who, every(2, 1, 24))
		}
		for key, p := range w.takenUp() {
			for _, r := range p.Reasons {
				bounded = bounded || key[0] == who && strings.HasPrefix(r.Item, "bounded: 24 of the 24 links that the source pastes alone told of late")
			}
			if p.Target == trick(51) && key[0] == who {
				most = p.Probability
			}
		}
		return most, bounded
	}
	one, is := told("pastes")
	two, still := told("pastes", "gazette")
	if !is || still || two < one+.1 {
		t.Errorf("of one source %.2f, bounded %v; of two %.2f, bounded %v", one, is, two, still)
	}
}
