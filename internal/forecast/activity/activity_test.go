package activity

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// start is a Monday.
func start() time.Time { return time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC) }

func sums(t *testing.T, name string, d PMF) {
	t.Helper()
	sum := 0.0
	for n, p := range d {
		if p < 0 || math.IsNaN(p) {
			t.Fatalf("%s: P(%d) = %v", name, n, p)
		}
		sum += p
	}
	if math.Abs(sum-1) > 1e-9 {
		t.Errorf("%s sums to %v", name, sum)
	}
}

func TestScoresOfACountAreWhatTheirDefinitionsSay(t *testing.T) {
	d := PMF{.5, .25, .25}
	for y, want := range []float64{.25 + .0625, .25 + .0625, .25 + .5625, .25 + .5625 + 1} {
		if got := d.CRPS(y); math.Abs(got-want) > 1e-12 {
			t.Errorf("CRPS of %d is %v, want %v", y, got, want)
		}
	}
	if got := d.LogScore(1); math.Abs(got-math.Log(4)) > 1e-12 {
		t.Errorf("log score %v", got)
	}
	if d.PIT(1, 0) != .5 || d.PIT(1, 1) != .75 || d.PIT(9, .5) != 1 || d.Quantile(.5) != 0 || d.Quantile(.51) != 1 || d.AtLeast(1) != .5 || d.Mean() != .75 || d.Any() != .5 {
		t.Errorf("PIT %v %v %v, quantiles %v %v", d.PIT(1, 0), d.PIT(1, 1), d.PIT(9, .5), d.Quantile(.5), d.Quantile(.51))
	}
	for _, mean := range []float64{0, .01, 3, 1e6, 1e12} {
		sums(t, "Poisson", Poisson(mean, 50))
		sums(t, "negative binomial", negativeBinomial(mean, .3, 50))
	}
}

func TestWhatACollectorFoundWhenItBeganIsLeftOut(t *testing.T) {
	var p Posts
	for s := range 8 { // a crawler's first day, a Thursday
		for range 10 {
			p.Add(string(rune('a'+s)), start().AddDate(0, 0, 3))
		}
	}
	for d := 7; d < 28; d++ {
		p.Add("a", start().AddDate(0, 0, d))
		if d%7 == 0 {
			p.Add("b", start().AddDate(0, 0, d))
		}
	}
	for range 5 { // a group's first day
		p.Add("new", start().AddDate(0, 0, 15))
	}
	p.Add("new", start().AddDate(0, 0, 22))
	panel := p.Panel(time.Time{}, 0)
	if !panel.Start.Equal(start().AddDate(0, 0, 7)) || panel.Weeks != 3 || len(panel.Series) != 3 {
		t.Fatalf("from %v, %d weeks, %+v", panel.Start, panel.Weeks, panel.Series)
	}
	for i, want := range [][]int{{7, 7, 7}, {1, 1, 1}, {0, 0, 1}} {
		for w, n := range want {
			if panel.Series[i].Counts[w] != n {
				t.Errorf("%s: %v, want %v", panel.Series[i].Name, panel.Series[i].Counts, want)
			}
		}
	}
}

func TestAnOutageOfTheCollectorIsNoQuietTime(t *testing.T) {
	var p Posts
	for d := range 300 {
		if d >= 100 && d < 200 {
			continue
		}
		for range 5 {
			p.Add("busy", start().AddDate(0, 0, d).Add(time.Hour))
		}
		if d%60 == 0 {
			p.Add("rare", start().AddDate(0, 0, d).Add(time.Hour))
		}
	}
	panel := p.Panel(time.Time{}, 0)
	for w, seen := range panel.Watched {
		if out := w*7+7 > 101 && w*7 < 199; seen == out {
			t.Errorf("week %d is watched: %v", w, seen)
		}
	}
	for w := range panel.Weeks {
		for s := range panel.Series {
			if n, ok := panel.Came(s, w, 4); ok && panel.Series[s].Name == "busy" && n < 35*4-10 {
				t.Errorf("the four weeks from %d on are said to have %d", w, n)
			}
		}
	}
	after := 200/7 + 2
	if !panel.Eligible(0, after) {
		t.Error("what was heard of before the outage is not forecast behind it")
	}
	if m := Gather(panel, 4).Fit(after); m.Forecast(0).Mean() < 70 {
		t.Errorf("behind the outage %v are expected of 140", m.Forecast(0).Mean())
	}
	var quiet Posts // who posts once a month has no outages
	for d := range 12 {
		quiet.Add("rare", start().AddDate(0, d, 0))
	}
	for w, seen := range quiet.Panel(time.Time{}, 0).Watched {
		if !seen {
			t.Errorf("week %d of a quiet source is called an outage", w)
		}
	}
}

func TestDatesOfAnyYearMakeABoundedPanel(t *testing.T) {
	var p Posts
	for _, year := range []int{1, 1970, 2024, 9999} {
		p.Add("a", time.Date(year, 5, 5, 0, 0, 0, 0, time.UTC))
	}
	for _, until := range []time.Time{{}, start(), time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC)} {
		if panel := p.Panel(until, 0); panel.Weeks < 0 || panel.Weeks > mostWeeks {
			t.Errorf("until %v: %d weeks", until, panel.Weeks)
		}
	}
}

// invented is a panel of series whose rate is known.
func invented(series, weeks int, seed uint64) *Panel {
	chance := rand.New(rand.NewPCG(seed, 1))
	p := &Panel{Start: start(), Weeks: weeks}
	for s := range series {
		one := Series{Name: string(rune('a' + s%26)), Counts: make([]int, weeks), First: 0}
		rate := math.Exp(chance.NormFloat64())
		for w := range weeks {
			rate *= math.Exp(.15 * chance.NormFloat64())
			rate = min(max(rate, .05), 40)
			for acc := chance.ExpFloat64(); acc < rate; acc += chance.ExpFloat64() {
				one.Counts[w]++
			}
		}
		one.Counts[0] = max(one.Counts[0], 1)
		p.Series = append(p.Series, one)
	}
	return p
}

func TestForecastsAreDistributionsWhateverTheSeriesAre(t *testing.T) {
	empty := &Panel{Start: start()}
	if g := Gather(empty, 4); len(g.rows) != 0 || len(empty.Series) != 0 {
		t.Error("an empty panel has a past")
	}
	one := &Panel{Start: start(), Weeks: 8, Series: []Series{{Name: "once", Counts: make([]int, 8), First: 2}, {Name: "huge", Counts: make([]int, 8)}}}
	one.Series[0].Counts[2] = 1
	for w := range 8 {
		one.Series[1].Counts[w] = 1_000_000
	}
	for _, p := range []*Panel{one, invented(30, 60, 1)} {
		m := Gather(p, 4).Fit(p.Weeks)
		for s := range p.Series {
			for _, part := range m.Part(s) {
				sums(t, p.Series[s].Name, part)
			}
			sums(t, p.Series[s].Name, m.Forecast(s))
		}
	}
}

func TestForecastsAreTheSameBitsEachTime(t *testing.T) {
	p := invented(20, 60, 2)
	a, b := Gather(p, 4).Fit(50), Gather(p, 4).Fit(50)
	for s := range p.Series {
		x, y := a.Forecast(s), b.Forecast(s)
		for n := range x {
			if x[n] != y[n] {
				t.Fatalf("series %d: P(%d) is %v and %v", s, n, x[n], y[n])
			}
		}
	}
}

func TestNothingLaterThanACutoffIsLearnedFrom(t *testing.T) {
	p := invented(20, 60, 3)
	before := Gather(p, 4).Fit(40)
	for s := range p.Series {
		for w := 40; w < 60; w++ {
			p.Series[s].Counts[w] = 999
		}
	}
	after := Gather(p, 4).Fit(40)
	for s := range p.Series {
		x, y := before.Forecast(s), after.Forecast(s)
		for n := range x {
			if x[n] != y[n] {
				t.Fatalf("series %d: what came later changes P(%d) from %v to %v", s, n, x[n], y[n])
			}
		}
	}
}

func TestWhatIsTooNarrowIsMadeWider(t *testing.T) {
	chance := rand.New(rand.NewPCG(4, 4))
	p := invented(40, 80, 4)
	m := Gather(p, 4).Fit(80)
	record := &Record{}
	for w := 20; w <= 76; w++ {
		for s := range p.Series { // a pool that says Poisson of what varies twice as much
			came := 0
			rate := 10 * math.Exp(chance.NormFloat64())
			for acc := chance.ExpFloat64(); acc < rate; acc += chance.ExpFloat64() {
				came++
			}
			record.Add(w, s, Poisson(10, 200), came)
		}
	}
	m.Learn(record)
	narrow := Poisson(10, 200)
	wide := m.Calibrated(0, narrow)
	sums(t, "calibrated", wide)
	if got, was := wide.Quantile(.95)-wide.Quantile(.05), narrow.Quantile(.95)-narrow.Quantile(.05); got < was*3/2 {
		t.Errorf("nine in ten lie within %d counts, before within %d", got, was)
	}
}

func BenchmarkFit(b *testing.B) {
	p := invented(500, 120, 5)
	g := Gather(p, 4)
	b.ReportAllocs()
	for b.Loop() {
		g.Fit(120)
	}
}
