package activity

import (
	"math"
	"math/rand/v2"
	"testing"
)

// fallen is what a pool said of forty series that fell, and of one that never rests: of those
// it was as good as sure that something comes, and of two in three came nothing.
func fallen() (*Model, *Record) {
	chance := rand.New(rand.NewPCG(7, 1))
	m := Gather(invented(41, 80, 7), 4).Fit(80)
	record := &Record{}
	for w := 20; w <= 76; w++ {
		for s := range 40 {
			came := 0
			if chance.IntN(3) == 0 {
				came = 1 + chance.IntN(8)
			}
			record.Add(w, s, withAny(Poisson(4, 60), .9+.09*chance.Float64()), came)
		}
		record.Add(w, 40, withAny(Poisson(40, 200), .9999), 30+chance.IntN(20))
	}
	return m, record
}

func TestASeriesThatNeverRestsIsNotHeldToRestBecauseOthersDo(t *testing.T) {
	m, record := fallen()
	m.Learn(record)
	if any := m.Calibrated(40, withAny(Poisson(40, 200), .9999)).Any(); any < .99 {
		t.Errorf("that anything comes of one of which it always did is held to be %.3f likely", any)
	}
	if any := m.Calibrated(0, withAny(Poisson(4, 60), .95)).Any(); any < .25 || any > .42 {
		t.Errorf("that anything comes of those of which one time in three it did is held to be %.3f likely", any)
	}
}

func TestWhatIsLikelierStaysLikelierAndWhatIsSureStaysSure(t *testing.T) {
	m, record := fallen()
	m.Learn(record)
	before := 0.0
	for z := -13.0; z <= 13; z += .25 {
		p := m.any.of(1 / (1 + math.Exp(-z)))
		if p <= before {
			t.Fatalf("at log-odds of %.2f comes %.6f, before it %.6f", z, p, before)
		}
		before = p
	}
	if before < .999 || m.any.of(1) < .999 || m.any.of(0) > .001 || math.IsNaN(m.any.of(1)) {
		t.Errorf("what is certain comes to %.4f and %.4f", m.any.of(1), m.any.of(0))
	}
}

func TestWhatOnePartForbidsAndOthersSayIsPossible(t *testing.T) {
	n := 100
	var parts [Parts]PMF
	for k := range parts {
		parts[k] = Poisson(20, n)
	}
	parts[ByAnalogs] = Certain(50, n)
	d := Pool(parts)
	sums(t, "pool", d)
	if any := (3*parts[0].Any() + 1) / 4; math.Abs(d.Any()-any) > 1e-4 {
		t.Errorf("P(any) is %.5f, the mean of its parts %.5f", d.Any(), any)
	}
	if d[20] < parts[0][20]/2 || d[50] < .01 {
		t.Errorf("P(20) is %.4f, P(50) %.4f", d[20], d[50])
	}
	mean := Poisson(20, n)
	for i := range mean {
		mean[i] = (3*parts[0][i] + parts[ByAnalogs][i]) / 4
	}
	if d.Mean() >= mean.Mean() {
		t.Errorf("%.2f are expected, in the mean of the parts %.2f: one part alone counts for as much", d.Mean(), mean.Mean())
	}
}
