package main

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/figures"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/score"
)

var learn = flag.Bool("learn", false, "rewrite what the judged rows teach")

// shipped is the file of what the judged rows teach.
const shipped = "../../internal/score/judged.csv"

// sampled is the file of how far the judged rows were believed, and which were true.
const sampled = "../../internal/score/sample.csv"

// A trial is a judged row and how far it was believed by what the rows of other
// times teach.
type trial struct {
	p, base float64
	right   float64 // 1 or 0
	level   intel.Level
	two     bool // dated, and of two origins or more
}

// trials judges each fifth of the rows, in order of time, by the other four. Rows
// without a date have no place in time and are dealt out by their digests.
func trials(rows []weighed) (out []trial) {
	const folds = 5
	var fold [folds][]weighed
	dated := slices.DeleteFunc(slices.Clone(rows), func(w weighed) bool { return !w.dated })
	for k := range folds {
		fold[k] = slices.Clone(dated[k*len(dated)/folds : (k+1)*len(dated)/folds])
	}
	for _, w := range rows {
		if k := int(w.row[0]) % folds; !w.dated {
			fold[k] = append(fold[k], w)
		}
	}
	for k := range folds {
		others := slices.Concat(slices.Concat(fold[:k]...), slices.Concat(fold[k+1:]...))
		s, base := counted(others), share(others)
		for _, w := range fold[k] {
			one := trial{p: s.SetAside(), base: base, level: intel.Low}
			if w.label == "T" {
				one.right = 1
			}
			if len(w.evidence) > 0 {
				a := s.Links(w.evidence, w.at)
				last := a[len(a)-1]
				one.p, one.level, one.two = last.Probability, last.Level, last.Lasting >= 2 && last.Dated
			}
			out = append(out, one)
		}
	}
	return out
}

func share(rows []weighed) float64 {
	n := 0
	for _, w := range rows {
		if w.label == "T" {
			n++
		}
	}
	return float64(n) / float64(len(rows))
}

// calibrationError is the mean distance between what was believed and what was so,
// over ten bins of equally many rows.
func calibrationError(t *testing.T, ts []trial) float64 {
	t.Helper()
	ts = slices.SortedStableFunc(slices.Values(ts), func(a, b trial) int { return cmp.Compare(a.p, b.p) })
	const bins = 10
	sum := 0.0
	for k := range bins {
		some := ts[k*len(ts)/bins : (k+1)*len(ts)/bins]
		p, right := 0.0, 0.0
		for _, f := range some {
			p += f.p
			right += f.right
		}
		n := float64(len(some))
		t.Logf("believed %.3f, right %.3f of %.0f", p/n, right/n, n)
		sum += math.Abs(p - right)
	}
	return sum / float64(len(ts))
}

// skill is how much of the squared error of the base rate is gone.
func skill(ts []trial) float64 {
	brier, base := 0.0, 0.0
	for _, f := range ts {
		brier += (f.p - f.right) * (f.p - f.right)
		base += (f.base - f.right) * (f.base - f.right)
	}
	return 1 - brier/base
}

// interval is where the skill of 95 in 100 samples of the trials lies.
func interval(ts []trial) (low, high float64) {
	r := rand.New(rand.NewPCG(1, 2))
	all := make([]float64, 1000)
	for i := range all {
		some := make([]trial, len(ts))
		for j := range some {
			some[j] = ts[r.IntN(len(ts))]
		}
		all[i] = skill(some)
	}
	slices.Sort(all)
	return all[25], all[974]
}

func TestBeliefIsTrueOfRowsThatPeopleJudged(t *testing.T) {
	t.Parallel()
	figures.Only(t)
	rows := weighedRows(t, judgedStore(t, judgedRows(t)), judgedRows(t))
	ts := trials(rows)
	err, own := calibrationError(t, ts), skill(ts)
	low, high := interval(ts)
	t.Logf("P(true): %d rows, calibration error %.3f, Brier skill %.3f [%.3f, %.3f]", len(ts), err, own, low, high)
	if len(ts) < 1500 || err > 0.05 || low <= 0 {
		t.Error("want 1,500 rows or more, an error of 0.05 at most and skill above 0")
	}
	for level, least := range map[intel.Level]float64{intel.High: 0.95, intel.Medium: 0.75, intel.Low: 0} {
		n, right := 0, 0.0
		for _, f := range ts {
			if f.level == level {
				n++
				right += f.right
			}
		}
		t.Logf("%s: right %.0f of %d, precision %.3f", level, right, n, right/float64(n))
		if n < 30 || right/float64(n) < least {
			t.Errorf("%s: want 30 rows or more, of which %.2f right", level, least)
		}
	}
	if *learn {
		for path, text := range map[string]string{shipped: lines(counted(rows)), sampled: pairs(ts)} {
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	same(t, ts, score.Sample())
	compare(t, counted(rows), score.Learned())
}

// compare holds what ships to what the rows teach now: no probability may be
// more than 0.05 off.
func compare(t *testing.T, now, ships score.Scale) {
	t.Helper()
	off := func(a, b score.Record) bool {
		return math.Abs((8*.5+a.Right)/(8+a.Right+a.Wrong)-(8*.5+b.Right)/(8+b.Right+b.Wrong)) > 0.05
	}
	for id, r := range now.Sources {
		if off(r, ships.Sources[id]) {
			t.Errorf("source %s: judged %v, ships %v; go test -run BeliefIsTrue ./cmd/portent -learn mends it", id, r, ships.Sources[id])
		}
	}
	for sort, r := range now.Sorts {
		if off(r, ships.Sorts[sort]) {
			t.Errorf("sort %s: judged %v, ships %v; go test -run BeliefIsTrue ./cmd/portent -learn mends it", sort, r, ships.Sorts[sort])
		}
	}
}

// pairs writes trials as score.ParseSample reads them, those alike as one.
func pairs(ts []trial) string {
	type key struct {
		p   int
		two bool
	}
	right, all := map[key]int{}, map[key]int{}
	for _, f := range ts {
		k := key{int(1000*f.p + 1e-6), f.two}
		right[k] += int(f.right)
		all[k]++
	}
	var b strings.Builder
	for _, k := range slices.SortedFunc(maps.Keys(all), func(a, b key) int {
		return cmp.Or(cmp.Compare(a.p, b.p), cmp.Compare(strconv.FormatBool(a.two), strconv.FormatBool(b.two)))
	}) {
		origins := 1
		if k.two {
			origins = 2
		}
		fmt.Fprintf(&b, "%.3f,%d,%d,%d\n", float64(k.p)/1000, origins, right[k], all[k]-right[k])
	}
	return b.String()
}

// same holds the sample that ships to the trials: each level and each tenth of
// the rows must be as right as now, to 0.05.
func same(t *testing.T, ts []trial, ships []score.Outcome) {
	t.Helper()
	text := pairs(ts)
	now, err := score.ParseSample(text)
	if err != nil {
		t.Fatal(err)
	}
	a, b := score.Bins(now), score.Bins(ships)
	if len(a) != len(b) {
		t.Fatalf("%d bins, ships %d", len(a), len(b))
	}
	for i := range a {
		t.Logf("the scoreboard will say: | %.3f | %.3f |", a[i].Predicted, a[i].Observed)
		if math.Abs(a[i].Predicted-b[i].Predicted) > 0.05 || math.Abs(a[i].Observed-b[i].Observed) > 0.05 {
			t.Errorf("bin %d: %+v, ships %+v; go test -run BeliefIsTrue ./cmd/portent -learn mends it", i, a[i], b[i])
		}
	}
}
