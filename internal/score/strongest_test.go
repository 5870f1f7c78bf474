package score

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/portent-cti/portent/internal/intel"
)

func TestTheStrongestStepsAndTheRestComeToTheWhole(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a test that is the same each time
	var steps []Step
	for i := range 3000 {
		s := Step{Origin: fmt.Sprint(i), Worth: random.Float64() / 500}
		if i%3 == 0 {
			s.Stance = intel.Disputes
		}
		if i%7 == 0 {
			s.With = "another"
		}
		steps = append(steps, s)
	}
	steps[2].Worth, steps[3].Worth = 0.7, 0.6
	shown, rest := Strongest(steps, 200)
	if len(shown) != 400 || rest.Steps != 2600 || shown[0].Origin != "2" && shown[1].Origin != "2" {
		t.Errorf("%d steps are shown, the rest is %+v", len(shown), rest)
	}
	doubt, consent := (1-Leak)*rest.Doubt, rest.Consent
	for _, s := range shown {
		switch {
		case s.With != "":
			t.Fatalf("%s counts nothing and is shown before what does", s.Origin)
		case s.Stance == intel.Disputes:
			consent *= 1 - Objection*s.Worth
		default:
			doubt *= 1 - s.Worth
		}
	}
	if p, want := (1-Alike)*(1-doubt)*consent, Fuse(steps); math.Abs(p-want) > 1e-12 {
		t.Errorf("they come to %v, all to %v", p, want)
	}
	if all, rest := Strongest(steps[:200], 200); len(all) != 200 || rest != (Rest{Doubt: 1, Consent: 1}) {
		t.Errorf("of 200 steps %d are shown, the rest is %+v", len(all), rest)
	}
}
