package correlate_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/correlate"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/reference"
)

func TestVerdictsRuleWhomANameStandsFor(t *testing.T) {
	actor := func(name string) intel.Entity { return intel.NewEntity(intel.Actor, name) }
	known := func(e intel.Entity) []reference.Candidate { // "shared" is a name of a and b, "one" of a
		switch e.Name {
		case "shared":
			return []reference.Candidate{{Entity: actor("a"), Share: .75}, {Entity: actor("b"), Share: .25}}
		case "one", "a":
			return []reference.Candidate{{Entity: actor("a"), Share: 1}}
		case "main": // which a has among its names too
			return []reference.Candidate{{Entity: actor("main"), Share: .75}, {Entity: actor("a"), Share: .25}}
		}
		return nil
	}
	for _, c := range []struct{ name, verdicts, want string }{
		{"shared", "", "a 0.75 b 0.25"},
		{"shared", "dispute shared a", "b 1.00"},
		{"shared", "dispute a shared", "b 1.00"},
		{"shared", "dispute shared one", "b 1.00"}, // one stands for a
		{"shared", "dispute shared a, dispute shared b", "shared 1.00"},
		{"shared", "dispute shared a, undo a shared", "a 0.75 b 0.25"},
		{"shared", "dispute shared a, confirm shared a", "a 1.00"},
		{"shared", "confirm shared a, dispute a shared", "b 1.00"},
		{"one", "dispute shared a", "a 1.00"},
		{"new", "confirm new one", "a 1.00"},
		{"new", "confirm new shared", "a 0.75 b 0.25"},
		{"new", "confirm new main", "main 1.00"},
		{"main", "confirm new main", "main 0.75 a 0.25"},
		{"new", "confirm new other", "other 1.00"},
		{"new", "confirm new other, confirm other one", "a 1.00"},
		{"x", "confirm x y, confirm y z, confirm z x", "x 1.00"},
		{"z", "confirm x y, confirm y z, confirm z x", "x 1.00"},
		{"w", "confirm w x, confirm x y, confirm y x", "x 1.00"},
	} {
		var all []intel.AliasVerdict
		for _, v := range strings.Split(c.verdicts, ", ") {
			if f := strings.Fields(v); len(f) == 3 {
				all = append(all, intel.AliasVerdict{Ruling: intel.Ruling(f[0]), Name: actor(f[1]), Other: actor(f[2]), By: "analyst:ana"})
			}
		}
		var got []string
		sum := 0.0
		for _, r := range correlate.NewRulings(intel.InForce(all), known).On(actor(c.name), known(actor(c.name))) {
			got = append(got, fmt.Sprintf("%s %.2f", r.Entity.Name, r.Share))
			sum += r.Share
		}
		if strings.Join(got, " ") != c.want || math.Abs(sum-1) > 1e-9 {
			t.Errorf("%s after %q stands for %q, want %q", c.name, c.verdicts, got, c.want)
		}
	}
}
