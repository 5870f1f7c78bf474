package activity

import (
	"math"
	"slices"
	"testing"
)

func TestWhatAVoiceToldBeyondItsHabitIsItsExcess(t *testing.T) {
	weeks := func(before, n int, last ...int) []int {
		return append(slices.Repeat([]int{before}, n), last...)
	}
	for name, c := range map[string]struct {
		told []int
		want []int // in the last six weeks
	}{
		"as ever":                      {weeks(3, 20, 3, 3, 3, 3, 3, 3), nil},
		"less":                         {weeks(3, 20, 0, 0, 1, 0, 0, 0), nil},
		"of whom it never told":        {weeks(0, 20, 0, 0, 0, 5, 0, 1), []int{0, 0, 0, 5, 0, 1}},
		"twice as much":                {weeks(3, 20, 6, 6, 6, 6, 6, 6), []int{3, 3, 3, 3, 3, 3}},
		"one flood":                    {weeks(3, 20, 3, 3, 3, 3, 300, 3), []int{0, 0, 0, 0, 297, 0}},
		"once in three months, as now": {append(weeks(0, 12), weeks(0, 12, 0, 0, 1, 0, 0, 0)...), []int{0, 0, 1, 0, 0, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			p := &Panel{Start: start(), Weeks: len(c.told)}
			got := p.Excess(c.told, make([]int, len(c.told)))
			if got != nil {
				if slices.Max(got[:p.Fresh()]) > 0 {
					t.Errorf("what was told long ago is not Heeded: %v", got)
				}
				got = got[p.Fresh():]
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("told %v: %v beyond the habit, want %v", c.told, got, c.want)
			}
		})
	}
}

func TestAWeekThatIsAFloodProvesNothing(t *testing.T) {
	for name, c := range map[string]struct{ last, want []int }{
		"twice as much":                     {[]int{6, 6, 6, 6, 6, 6}, []int{3, 3, 3, 3, 3, 3}},
		"one flood of whom it tells always": {[]int{3, 3, 3, 3, 300, 3}, []int{0, 0, 0, 0, 297, 0}},
		"a flood that its habit hides in":   {[]int{0, 0, 10, 10, 10, 10}, []int{0, 0, 10, 10, 10, 10}},
		"and a busy week before":            {[]int{5, 5, 100, 100, 100, 100}, []int{0, 0, 97, 97, 97, 97}},
	} {
		told := append(slices.Repeat([]int{3}, 20), c.last...)
		told[2] = 5
		p, late := &Panel{Start: start(), Weeks: len(told)}, make([]int, len(told))
		if got := p.Flood(told, late, p.Excess(told, late)); !slices.Equal(got[20:], c.want) {
			t.Errorf("%s: of %v %v proves nothing, want %v", name, c.last, got[20:], c.want)
		}
	}
}

func TestWhatIsDatedBackIsNoHabit(t *testing.T) {
	told := append(slices.Repeat([]int{1}, 20), 0, 1, 0, 2, 0, 0)
	late := append(slices.Repeat([]int{1}, 20), 0, 0, 0, 0, 0, 0)
	p := &Panel{Start: start(), Weeks: len(told)}
	if got := p.Excess(told, late); !slices.Equal(got, told) {
		t.Errorf("all that was told of late is excess, whatever dates it bears: %v of %v", got, told)
	}
}

func TestOneVoiceMovesADistributionWithinABound(t *testing.T) {
	for _, with := range []PMF{Poisson(0, 40), Poisson(.2, 40), Poisson(3, 40), Poisson(300, 1000), {0, 1}, {1}} {
		for _, without := range []PMF{Poisson(0, 40), Poisson(.1, 40), Poisson(4, 60), {.5, .5}, {1}} {
			got, share := Heed(with, without, 5, Heeded)
			sums(t, "bounded", got)
			for _, n := range []int{1, 5} {
				if moved := math.Abs(got.AtLeast(n) - without.AtLeast(n)); moved > Heeded+1e-9 {
					t.Errorf("P(%d or more) moves by %v", n, moved)
				}
			}
			if got.Mean() > max(trebled*without.Mean(), Heeded)+without.Mean()+1e-6 || share < 0 || share > 1 {
				t.Errorf("%v are expected, without the voice %v; share %v", got.Mean(), without.Mean(), share)
			}
		}
	}
}

func TestNothingIsLearnedFromWhatIsNotHeeded(t *testing.T) {
	p := invented(20, 60, 6)
	excess := make([][]int, 20)
	before := Gather(p.Less(excess), 4).Ready().Forecast(3)
	excess[3] = make([]int, 60)
	excess[3][57], excess[3][59] = 500, 70
	p.Series[3].Counts[57] += 500
	p.Series[3].Counts[59] += 70
	if after := Gather(p.Less(excess), 4).Ready().Forecast(3); !slices.Equal(before, after) {
		t.Error("what is taken out still shows")
	}
}

func TestOfWhoIsNotKnownIsSaidWhatIsSaidOfAll(t *testing.T) {
	sums(t, "usual of nothing", Gather(&Panel{Start: start()}, 4).Fit(0).Usual())
	m := Gather(invented(20, 60, 6), 4).Ready()
	sums(t, "usual", m.Usual())
	any := 0.0
	for s := range 20 {
		any += m.Forecast(s).Any() / 20
	}
	if got := m.Usual().Any(); math.Abs(got-any) > .15 {
		t.Errorf("any comes with %.2f of whom nothing is known, and with %.2f of the others", got, any)
	}
}
