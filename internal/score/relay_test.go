package score_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/score"
)

// at is a piece of an origin of so many hours ago.
func at(origin string, r intel.Reliability, hours ...int) intel.Evidence {
	e := piece(origin, r, 1, 0)
	e.At = now.Add(-time.Duration(slices.Min(hours)) * time.Hour)
	e.Since = now.Add(-time.Duration(slices.Max(hours)) * time.Hour)
	return e
}

func by(source intel.SourceID, e intel.Evidence) intel.Evidence {
	e.Source = source
	return e
}

func TestWhoSaysItWithinTwoDaysIsARelay(t *testing.T) {
	for _, c := range []struct {
		what    string
		said    []intel.Evidence
		origins int
		silent  int // of which another counts
	}{
		{"two within two days", []intel.Evidence{at("a", 'B', 48), at("b", 'B', 0)}, 1, 1},
		{"two farther apart", []intel.Evidence{at("a", 'B', 49), at("b", 'B', 0)}, 2, 0},
		{"a chain of three", []intel.Evidence{at("a", 'B', 60), at("b", 'B', 30), at("c", 'B', 0)}, 2, 1},
		{"seen again on another day", []intel.Evidence{at("a", 'B', 200, 10), at("b", 'B', 9)}, 2, 0},
		{"the better of two counts", []intel.Evidence{at("a", 'E', 10), at("b", 'A', 0)}, 1, 1},
		{"an analyst is no relay, and no origin", []intel.Evidence{by("analyst:ann", at("analyst:ann", 'A', 1)), at("b", 'B', 0)}, 1, 0},
		{"who is called an analyst is a relay", []intel.Evidence{by("feed", at("analyst:ann", 'B', 1)), at("b", 'B', 0)}, 1, 1},
	} {
		steps := score.Scale{}.Explain(c.said, now)
		silent := 0
		for _, s := range steps {
			if s.With != "" {
				silent++
				if s.Reliability > 0.75 {
					t.Errorf("%s: the better is not counted", c.what)
				}
			}
		}
		if a := p(t, c.said...); a.Origins != c.origins || silent != c.silent {
			t.Errorf("%s: %d origins, %d relays, want %d and %d", c.what, a.Origins, silent, c.origins, c.silent)
		}
	}
}

func TestUndatedWordsAreNoRelays(t *testing.T) {
	a, b := at("a", 'B', 3), at("b", 'B', 2)
	b.At, b.Since = time.Time{}, time.Time{}
	if got := p(t, a, b); got.Origins != 2 {
		t.Errorf("%d origins, want 2", got.Origins)
	}
}

func TestAFloodOfRelaysWeighsNoMoreThanItsBest(t *testing.T) {
	one := p(t, at("first", 'B', 40)).Probability
	flood := []intel.Evidence{at("first", 'B', 40)}
	for i := range 10_000 {
		flood = append(flood, at(fmt.Sprint("bot", i), 'D', i%40))
	}
	if got := p(t, flood...); got.Probability != one || got.Origins != 1 {
		t.Errorf("%v of %d origins with the flood, %v without", got.Probability, got.Origins, one)
	}
}

// best is the least doubt of any choice of pieces that are apart, by trying all.
func best(said []intel.Evidence) float64 {
	doubt := 1.0
	for set := range 1 << len(said) {
		chosen, d := true, 1.0
		for i, e := range said {
			if set>>i&1 == 0 {
				continue
			}
			d *= 1 - score.Scale{}.Explain(said[i:i+1], now)[0].Worth
			for _, o := range said[:i] {
				if n := slices.IndexFunc(said, func(x intel.Evidence) bool { return x.Origin == o.Origin }); set>>n&1 == 1 && !apart(e, o) {
					chosen = false
				}
			}
		}
		if chosen {
			doubt = min(doubt, d)
		}
	}
	return doubt
}

func apart(a, b intel.Evidence) bool {
	since, until := a.Since, a.At
	if b.Since.Before(since) {
		since = b.Since
	}
	if b.At.After(until) {
		until = b.At
	}
	return until.Sub(since) > score.Republication
}

func TestOfRelaysThoseCountThatAreWorthMost(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 300 {
		var said []intel.Evidence
		for i := range 1 + r.IntN(9) {
			from := r.IntN(200)
			said = append(said, at(fmt.Sprint("o", i), intel.Reliability("ABCDE"[r.IntN(5)]), from, from+r.IntN(3)*r.IntN(40)))
		}
		want := (1 - score.Alike) * (1 - (1-score.Leak)*best(said))
		if got := score.Fuse(score.Scale{}.Explain(said, now)); got < want-1e-12 || got > want+1e-12 {
			t.Fatalf("%v, want %v of %v", got, want, said)
		}
	}
}

func TestOneSourceOrAccountIsNeverHighHoweverManyItCites(t *testing.T) {
	far := func(n int) int { return 100 * n } // farther apart than any republication
	heard := func(source intel.SourceID, origin string, by intel.Speaker, n int) intel.Evidence {
		e := at(origin, 'A', far(n))
		e.Source, e.Speaker = source, by
		return e
	}
	var cites, relays []intel.Evidence
	for n := range 50 {
		cites = append(cites, heard("feed", fmt.Sprintf("vendor%d.example", n), intel.Publisher, n))
		relays = append(relays, heard("posts", fmt.Sprintf("x/other%d", n), intel.Relay, n))
	}
	for _, c := range []struct {
		what   string
		said   []intel.Evidence
		voices int
	}{
		{"a feed that cites fifty", cites, 1},
		{"accounts of one source that relay fifty", relays, 1},
		{"an account that also speaks itself", append([]intel.Evidence{heard("posts", "x/a", intel.Self, 60)}, relays...), 1},
		{"sources that one file names", []intel.Evidence{heard("documents/a", "a.example", intel.Publisher, 1), heard("documents/b", "b.example", intel.Publisher, 2)}, 1},
		{"two sources that cite one", []intel.Evidence{heard("a", "v.example", intel.Publisher, 1), heard("b", "v.example", intel.Publisher, 2)}, 1},
		{"two accounts of one source", []intel.Evidence{heard("posts", "x/a", intel.Self, 1), heard("posts", "x/b", intel.Self, 2)}, 2},
		{"two sources that cite two", []intel.Evidence{heard("a", "v.example", intel.Publisher, 1), heard("b", "w.example", intel.Publisher, 2)}, 2},
		{"a feed that cites fifty, and an account", append([]intel.Evidence{heard("posts", "x/a", intel.Self, 60)}, cites...), 2},
	} {
		a := p(t, c.said...)
		if a.Origins != c.voices || (a.Level == intel.High) != (c.voices > 1 && a.Probability >= 0.8) {
			t.Errorf("%s: %d voices, %s with %.2f, want %d", c.what, a.Origins, a.Level, a.Probability, c.voices)
		}
	}
}
