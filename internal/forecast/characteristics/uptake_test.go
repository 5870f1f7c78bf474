package characteristics_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portent-cti/portent/internal/forecast/characteristics"
)

const today = 20_000

// planted is a world of actors in two camps, each of which takes up the items of its
// own over two years, in no order. Shuffled deals the days and items out anew.
func planted(rows int, shuffled, dated bool) *characteristics.World {
	chance := rand.New(rand.NewPCG(7, 7))
	w := &characteristics.World{Items: 40, Learned: 40}
	for r := range rows {
		camp := r % 2
		line := characteristics.Line{Asked: true}
		for i := range int32(40) {
			mine := int(i)%2 == camp
			if shuffled {
				mine = chance.IntN(2) == 0
			}
			if mine && chance.IntN(4) > 0 || !mine && chance.IntN(40) == 0 {
				h := characteristics.Had{Item: i}
				if dated {
					h.Day = today - 750 + int32(chance.IntN(900))
				}
				if h.Day < today {
					line.Had = append(line.Had, h)
				}
			}
		}
		w.Rows = append(w.Rows, line)
	}
	return w
}

func fitted(t *testing.T, w *characteristics.World) *characteristics.Uptake {
	t.Helper()
	u, err := characteristics.FitUptake(t.Context(), w, today, 90, 14, 1)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestAnActorIsForecastWhatItsCampTakesUp(t *testing.T) {
	for name, dated := range map[string]bool{"by past quarters": true, "by hidden links": false} {
		t.Run(name, func(t *testing.T) {
			w := planted(60, false, dated)
			for i := 0; !dated && i < len(w.Rows); i++ { // half of what it will have
				w.Rows[i].Had = w.Rows[i].Had[:len(w.Rows[i].Had)/2+3]
			}
			u := fitted(t, w)
			if want := map[bool]characteristics.Fit{true: characteristics.ByDates, false: characteristics.ByHiding}[dated]; u.Fitted != want {
				t.Fatalf("fitted by %s to %d that came, want %s", u.Fitted, u.Came, want)
			}
			right, all := 0, 0
			for r := range w.Rows {
				for _, p := range u.Ask(r, 3) {
					all++
					if p.Item%2 == r%2 {
						right++
					}
				}
			}
			if all < 60 || right*10 < all*9 {
				t.Errorf("%d of %d of the camp", right, all)
			}
		})
	}
}

func TestReasonsOfUptakeAddUpToTheLogOdds(t *testing.T) {
	for _, w := range []*characteristics.World{planted(60, false, true), planted(60, false, false), planted(60, true, true), planted(3, false, true), alike()} {
		u := fitted(t, w)
		for r := range w.Rows {
			for _, p := range u.Ask(r, 50) {
				sum := 0.0
				for _, reason := range p.Reasons {
					sum += reason.Contribution
				}
				if want := math.Log(p.Probability) - math.Log1p(-p.Probability); !(math.Abs(sum-want) <= 1e-9) || !(p.Simple > 0 && p.Simple < 1) {
					t.Fatalf("row %d: reasons sum to %v, log-odds are %v: %+v", r, sum, want, p)
				}
			}
		}
	}
}

func TestUptakeThatFollowsNothingIsToldByPopularityOrAsRarelyAsItComes(t *testing.T) {
	w := planted(60, true, true)
	u := fitted(t, w)
	sum, rows := 0.0, 0.0
	for r := range w.Rows {
		rows++
		for _, p := range u.Ask(r, 50) {
			sum += p.Probability
		}
	}
	if mean := sum / rows; mean < 0.3 || mean > 4 { // about two of 40 a quarter
		t.Errorf("by %s: %v an actor are forecast", u.Fitted, mean)
	}
}

func TestOfASmallStorePopularityIsTold(t *testing.T) {
	w := planted(3, false, true)
	u := fitted(t, w)
	if u.Fitted != characteristics.ByCount {
		t.Fatalf("fitted by %s", u.Fitted)
	}
	for r := range w.Rows {
		last := math.Inf(1)
		for _, p := range u.Ask(r, 5) {
			if float64(p.Have) > last || !(p.Probability > 0 && p.Probability < 1) {
				t.Errorf("row %d: %+v", r, p)
			}
			last = float64(p.Have)
		}
	}
	empty := fitted(t, &characteristics.World{Items: 2, Learned: 0, Rows: make([]characteristics.Line, 2)})
	if ps := empty.Ask(0, 5); len(ps) != 0 {
		t.Errorf("forecasts out of nothing: %+v", ps)
	}
}

// alike is a world of vendors: an actor stays with one whose flaws it exploits, each
// but once, and nobody exploits the same.
func alike() *characteristics.World {
	w := &characteristics.World{Items: 600, Learned: 480, Traits: make([][]characteristics.Trait, 600), Born: make([]int32, 600)}
	for i := range w.Items {
		w.Traits[i] = []characteristics.Trait{{Token: int32(i % 20), Sort: 1}}
	}
	chance := rand.New(rand.NewPCG(3, 3))
	for r := range 60 {
		line := characteristics.Line{Asked: true}
		for i := range 8 {
			item := r%20 + 20*(r/20*8+i)
			line.Had = append(line.Had, characteristics.Had{Item: int32(item), Day: today - 700 + int32(chance.IntN(700))})
		}
		w.Rows = append(w.Rows, line)
	}
	return w
}

func TestAnItemWithoutHistoryIsToldByItsTraits(t *testing.T) {
	w := alike()
	u := fitted(t, w)
	if u.Fitted != characteristics.ByDates {
		t.Fatalf("fitted by %s to %d", u.Fitted, u.Came)
	}
	right, all := 0, 0
	for r := range w.Rows {
		for _, p := range u.Ask(r, 4) {
			all++
			if p.Item >= w.Learned && p.Have == 0 && p.Item%20 == r%20 {
				right++
				if !slices.ContainsFunc(p.Reasons, func(reason characteristics.Reason) bool { return reason.Trait() == 1 && reason.Contribution > 0 }) {
					t.Errorf("it is not said why: %+v", p)
				}
			}
		}
	}
	if right*10 < all*9 {
		t.Errorf("%d of %d are new flaws of the vendor", right, all)
	}
}

func TestUptakeIsTheSameWhateverTheCores(t *testing.T) {
	w := planted(80, false, true)
	var want [][]characteristics.Prospect
	for k, cores := range []int{1, 2, 2} {
		before := runtime.GOMAXPROCS(cores)
		u := fitted(t, w)
		runtime.GOMAXPROCS(before)
		var got [][]characteristics.Prospect
		for r := range w.Rows {
			got = append(got, u.Ask(r, 10))
		}
		if k == 0 {
			want = got
		} else if d := cmp.Diff(want, got); d != "" {
			t.Fatal(d)
		}
	}
}

func TestAWorldThatIsTooBigOrInNoOrderIsRefused(t *testing.T) {
	for name, w := range map[string]*characteristics.World{
		"too many items":   {Items: characteristics.MostItems + 1},
		"too many rows":    {Items: 2, Rows: make([]characteristics.Line, characteristics.MostRows+1)},
		"no such item":     {Items: 2, Rows: []characteristics.Line{{Had: []characteristics.Had{{Item: 2}}}}},
		"twice the same":   {Items: 2, Rows: []characteristics.Line{{Had: []characteristics.Had{{Item: 1}, {Item: 1}}}}},
		"no sort of trait": {Items: 1, Traits: [][]characteristics.Trait{{{Sort: characteristics.MostSorts}}}},
		"days of others":   {Items: 1, Born: []int32{1, 2}},
	} {
		if _, err := characteristics.FitUptake(t.Context(), w, today, 90, 14, 1); err == nil || errors.Is(err, characteristics.ErrEmpty) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestABoundedForecastLiesNearWhatIsSaidWithoutSingleVoices(t *testing.T) {
	less := planted(60, false, true)
	w := &characteristics.World{Items: less.Items, Learned: less.Learned}
	for r, line := range less.Rows { // every third is said to have the first items of the other camp
		for i := int32(0); i < 24 && r%3 == 0; i++ {
			if k := slices.IndexFunc(line.Had, func(h characteristics.Had) bool { return h.Item >= i }); int(i)%2 != r%2 && k >= 0 && line.Had[k].Item > i {
				line.Had = slices.Insert(slices.Clone(line.Had), k, characteristics.Had{Item: i, Day: today - 10 - i})
			}
		}
		w.Rows = append(w.Rows, line)
	}
	w.Rows = append(w.Rows, characteristics.Line{Asked: true, Had: []characteristics.Had{{Item: 1, Day: today - 9}, {Item: 3, Day: today - 9}}})
	all, firm := fitted(t, w), fitted(t, less)
	bounded := 0
	for r := range w.Rows {
		for _, p := range all.AskBounded(firm, r, 50) {
			sum := 0.0
			for _, reason := range p.Reasons {
				sum += reason.Contribution
				if reason.Signal == characteristics.Bounded {
					bounded++
				}
			}
			if want := math.Log(p.Probability) - math.Log1p(-p.Probability); !(math.Abs(sum-want) <= 1e-9) || !(math.Abs(p.Probability-p.Without) <= characteristics.Heeded+1e-12) {
				t.Fatalf("row %d: reasons sum to %v, log-odds are %v: %+v", r, sum, want, p)
			}
		}
		if d := cmp.Diff(all.Ask(r, 50), all.AskBounded(nil, r, 50)); d != "" {
			t.Fatalf("row %d is bounded by nothing: %s", r, d)
		}
	}
	if bounded < 20 {
		t.Errorf("%d are bounded", bounded)
	}
}

// full is the largest world there may be.
func full() *characteristics.World {
	chance := rand.New(rand.NewPCG(1, 1))
	w := &characteristics.World{Items: characteristics.MostItems, Learned: characteristics.MostLearned, Traits: make([][]characteristics.Trait, characteristics.MostItems)}
	for i := range w.Traits {
		w.Traits[i] = []characteristics.Trait{{Token: int32(chance.IntN(100))}, {Token: int32(100 + chance.IntN(500)), Sort: 1}}
	}
	for range characteristics.MostRows {
		line := characteristics.Line{Asked: true}
		for i := range int32(characteristics.MostItems) {
			if chance.IntN(100) == 0 {
				line.Had = append(line.Had, characteristics.Had{Item: i, Day: today - int32(chance.IntN(1000)) - 1})
			}
		}
		w.Rows = append(w.Rows, line)
	}
	return w
}

// BenchmarkUptakeOfAFullWorld fits the largest world there may be.
func BenchmarkUptakeOfAFullWorld(b *testing.B) { benchmarkUptake(b, full(), nil) }

// BenchmarkBoundedUptakeOfAFullWorld fits that without a third of its latest links, too.
func BenchmarkBoundedUptakeOfAFullWorld(b *testing.B) {
	less := full()
	for r := range less.Rows {
		less.Rows[r].Had = slices.DeleteFunc(less.Rows[r].Had, func(h characteristics.Had) bool { return h.Day > today-182 && (int(h.Item)+r)%3 == 0 })
	}
	benchmarkUptake(b, full(), less)
}

func benchmarkUptake(b *testing.B, w, less *characteristics.World) {
	b.Helper()
	b.ReportAllocs()
	for b.Loop() {
		u, err := characteristics.FitUptake(b.Context(), w, today, 90, 14, 1)
		if err != nil {
			b.Fatal(err)
		}
		var firm *characteristics.Uptake
		if less != nil {
			if firm, err = characteristics.FitUptake(b.Context(), less, today, 90, 14, 1); err != nil {
				b.Fatal(err)
			}
		}
		for r := range 500 {
			u.AskBounded(firm, r, 200)
		}
	}
}

// told gives so many pairs of a world dates within the last year.
func told(w *characteristics.World, n int) *characteristics.World {
	for k := range n {
		w.Rows[k].Had[0].Day = today - 100 - int32(k)
	}
	return w
}

func TestHowMuchIsTakenUpIsBoundedByWhatHistoryTells(t *testing.T) {
	for _, c := range []struct {
		what            string
		since, dated    int32
		untold, assumed bool
		most            float64 // that an actor is expected to take up
	}{
		{"nothing in years", 0, 0, true, false, .01},
		{"nothing since half a year", today - 200, 0, true, false, .02},
		{"three in years", 0, 3, true, false, .02},
		{"eight in years", 0, 8, false, false, .05},
		{"no window was watched", today - 90, 0, false, true, 4},
	} {
		t.Run(c.what, func(t *testing.T) {
			w := told(planted(60, false, false), int(c.dated))
			w.Since = c.since
			u := fitted(t, w)
			if u.Untold != c.untold || u.Assumed != c.assumed {
				t.Errorf("untold %v, assumed %v; want %v and %v", u.Untold, u.Assumed, c.untold, c.assumed)
			}
			sum := 0.0
			for r := range w.Rows {
				for _, p := range u.Ask(r, 50) {
					sum += p.Probability
				}
			}
			if mean := sum / float64(len(w.Rows)); mean > c.most || mean <= 0 {
				t.Errorf("%v an actor are forecast, want no more than %v", mean, c.most)
			}
		})
	}
}
