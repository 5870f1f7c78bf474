package forecast

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/portent-cti/portent/internal/intel"
)

// A ledger is an invented one, week by week.
type ledgerOf struct {
	events bool
	each   int                    // forecasts a week
	p      func(week int) float64 // of an event
	// odds is by how much the log-odds of what comes, or the place of counts, differ from what
	// was said; shock is how much that varies from week to week.
	odds  func(week int) float64
	shock float64
}

func (l ledgerOf) bins(weeks int, seed uint64) (out []intel.WeekBins) {
	chance := rand.New(rand.NewPCG(seed, 9))
	shocks := [4]float64{}
	for w := range weeks {
		shocks[w%4] = chance.NormFloat64()
		common := l.odds(w) + l.shock*(shocks[0]+shocks[1]+shocks[2]+shocks[3])/2 // what is forecast overlaps
		by := map[int64]*intel.WeekBins{}
		for range l.each {
			p, log, came := 0.0, 0.0, int64(0)
			if l.events {
				p = l.p(w)
				log = -math.Log1p(-p)
				if chance.Float64() < Probability(logit(p)+common) {
					log, came = -math.Log(p), 1
				}
			} else {
				z := chance.NormFloat64() + common
				p = .5 * math.Erfc(-z/math.Sqrt2)
			}
			b := by[scoredTo(p)/10_000]
			if b == nil {
				b = &intel.WeekBins{Event: l.events, Week: int64(2900 + w)}
				by[scoredTo(p)/10_000] = b
			}
			b.N, b.P, b.Log = b.N+1, b.P+scoredTo(p), b.Log+scoredTo(log)
			b.Came += came
		}
		for k := range int64(101) {
			if by[k] != nil {
				out = append(out, *by[k])
			}
		}
	}
	return out
}

func scoredTo(x float64) int64 { return int64(math.Round(1e6 * x)) }

// worlds are ledgers of heads as they are, and what a drift is of each.
func worlds() map[string]ledgerOf {
	none := func(int) float64 { return 0 }
	return map[string]ledgerOf{
		"any activity of many": {true, 300, func(w int) float64 { return .3 + .4*float64(w%3)/2 }, none, .3},
		"any activity of few":  {true, 12, func(int) float64 { return .6 }, none, .3},
		"techniques":           {true, 2000, func(int) float64 { return .01 }, none, .3},
		"techniques of few":    {true, 40, func(int) float64 { return .01 }, none, .3},
		"counts of many":       {false, 300, nil, none, .2},
		"counts of few":        {false, 12, nil, none, .2},
	}
}

func TestForecastsThatTurnOutAsTheySayDoNotDrift(t *testing.T) {
	const tries = 16
	for name, l := range worlds() {
		alarms := 0
		for seed := range uint64(tries) {
			all := l.bins(104, seed)
			for end := 8; end <= 104; end += 12 { // whenever it is looked at in two years
				if Drifted(slices.DeleteFunc(slices.Clone(all), func(b intel.WeekBins) bool { return b.Week >= int64(2900+end) })) != nil {
					alarms++
					break
				}
			}
		}
		t.Logf("%s: %d of %d ledgers of two years have an alarm", name, alarms, tries)
		if alarms > 1 {
			t.Errorf("%s: %d of %d ledgers are said to drift, and do not", name, alarms, tries)
		}
	}
}

func TestADriftIsFoundWithinTwelveWeeks(t *testing.T) {
	const tries, from = 15, 52
	for name, drift := range map[string]struct {
		of string
		by float64
	}{
		"what was sure comes no more": {"any activity of many", -2.5}, "techniques come five times as often": {"techniques", 1.8},
		"half as much again comes": {"counts of many", .8}, "much less comes": {"counts of many", -.8}, "of few": {"counts of few", 1.2},
	} {
		l := worlds()[drift.of]
		l.odds = func(w int) float64 { return map[bool]float64{true: drift.by}[w >= from] }
		found := 0
		for seed := range uint64(tries) {
			d := Drifted(l.bins(from+12, seed))
			if d == nil {
				continue
			}
			if began := int(d.Since.Unix()/week) - 2900; began >= from-8 && began <= from+6 && d.What != "" {
				found++
			}
		}
		t.Logf("%s: found in %d of %d", name, found, tries)
		if found < tries*7/10 {
			t.Errorf("%s: found in %d of %d ledgers twelve weeks after", name, found, tries)
		}
	}
}

func TestAnAlarmEndsWhenForecastsAreRightAgain(t *testing.T) {
	l := worlds()["counts of many"]
	l.odds = func(w int) float64 { return map[bool]float64{true: 1}[w >= 40 && w < 50] }
	if d := Drifted(l.bins(52, 1)); d == nil || d.What != "more comes than was said" {
		t.Errorf("two weeks after: %v", d)
	}
	if d := Drifted(l.bins(120, 1)); d != nil {
		t.Errorf("more than a year after: %v", d)
	}
	for _, bins := range [][]intel.WeekBins{nil, {{Event: true, N: 0}}, {{Event: true, N: 1, P: 0, Log: 1 << 60}, {Week: 1, N: 1, P: 1e6}}} {
		if d := Drifted(bins); d != nil {
			t.Errorf("%v of %v", d, bins)
		}
	}
}
