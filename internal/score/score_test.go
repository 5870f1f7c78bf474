package score_test

import (
	"math"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/score"
)

var (
	now  = time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	link = intel.Link{From: intel.Entity{Kind: intel.Domain, Name: "c2.example"}, Relation: intel.Indicates, To: intel.Entity{Kind: intel.Actor, Name: "cold-lynx"}}
)

func piece(origin string, r intel.Reliability, weight float64, age int) intel.Evidence {
	return intel.Evidence{Link: link, Origin: origin, Reliability: r, Weight: weight, At: now.AddDate(0, 0, -age), Learned: now.AddDate(0, 0, -age)}
}

func p(t *testing.T, evidence ...intel.Evidence) intel.Assessment {
	t.Helper()
	as := score.Links(evidence, now)
	if len(as) != 1 {
		t.Fatalf("%d assessments, want 1", len(as))
	}
	return as[0]
}

func TestCopiesOfOneOriginCountOnce(t *testing.T) {
	one := p(t, piece("a", 'B', .9, 10))
	many := p(t, piece("a", 'B', .9, 10), piece("a", 'B', .9, 10), piece("a", 'B', .4, 2))
	if one.Probability != many.Probability || many.Origins != 1 {
		t.Errorf("one says %v, its copies %v of %d origins", one.Probability, many.Probability, many.Origins)
	}
}

func TestAnotherOriginNeverLowersBelief(t *testing.T) {
	before := p(t, piece("a", 'B', .9, 10))
	after := p(t, piece("a", 'B', .9, 10), piece("b", 'E', .1, 900))
	if after.Probability <= before.Probability {
		t.Errorf("%v with a second origin, %v without", after.Probability, before.Probability)
	}
}

func TestBeliefFadesWithAge(t *testing.T) {
	last := 1.0
	for _, age := range []int{0, 1, 30, 365, 3650} {
		got := p(t, piece("a", 'A', 1, age)).Probability
		if got >= last {
			t.Errorf("%d days: %v, not below %v", age, got, last)
		}
		last = got
	}
	if last < .009 || last > .02 {
		t.Errorf("after ten years: %v, want hardly more than the leak", last)
	}
}

func TestOneOriginAloneIsNeverHigh(t *testing.T) {
	if a := p(t, piece("a", 'A', 1, 0)); a.Level != intel.Medium {
		t.Errorf("one origin: %s at %v, want Medium", a.Level, a.Probability)
	}
	if a := p(t, piece("a", 'A', 1, 0), piece("b", 'A', 1, 0)); a.Level != intel.High {
		t.Errorf("two origins: %s at %v, want High", a.Level, a.Probability)
	}
}

func TestAnUnknownDateCapsAtMedium(t *testing.T) {
	a, b, c := piece("a", 'A', 1, 0), piece("b", 'A', 1, 0), piece("c", 'A', 1, 0)
	a.At, b.At, c.At = time.Time{}, time.Time{}, time.Time{}
	if got := p(t, a, b, c); got.Level != intel.Medium || got.Probability >= .8 || !got.First.IsZero() {
		t.Errorf("got %+v, want Medium below 0.8 without dates", got)
	}
}

func TestAFutureDateIsNotBelieved(t *testing.T) {
	e := piece("a", 'B', 1, 0)
	e.At = now.AddDate(3, 0, 0)
	if got := p(t, e); !got.Last.IsZero() || got.Probability > 1 {
		t.Errorf("got %+v, want no date", got)
	}
}

func TestADisputeLowersBelief(t *testing.T) {
	against := piece("b", 'A', 1, 0)
	against.Stance = intel.Disputes
	got := p(t, piece("a", 'B', 1, 0), against)
	if want := p(t, piece("a", 'B', 1, 0)).Probability * (1 - .9*.9); math.Abs(got.Probability-want) > 1e-12 || got.Origins != 1 {
		t.Errorf("got %v of %d origins, want %v of 1", got.Probability, got.Origins, want)
	}
}

func TestAReaderIsToldOnlyWhatHerMarkingAllows(t *testing.T) {
	open, secret := piece("a", 'C', .5, 0), piece("b", 'A', 1, 0)
	secret.Marking = intel.Red
	as := score.Links([]intel.Evidence{open, secret}, now)
	if len(as) != 2 || as[0].Marking != intel.Clear || as[1].Marking != intel.Red {
		t.Fatalf("got %+v", as)
	}
	if want := p(t, open).Probability; as[0].Probability != want || as[0].Origins != 1 {
		t.Errorf("the public is told %v of %d origins, want %v of 1", as[0].Probability, as[0].Origins, want)
	}
}

func TestTheStepsRecomputeTheProbability(t *testing.T) {
	evidence := []intel.Evidence{piece("a", 'B', .9, 10), piece("b", 'C', .5, 100), piece("a", 'B', .3, 1)}
	if got, want := score.Fuse(score.Explain(evidence, now)), p(t, evidence...).Probability; math.Abs(got-want) > 1e-9 {
		t.Errorf("recomputed %v, stored %v", got, want)
	}
}

func BenchmarkLinks(b *testing.B) {
	var evidence []intel.Evidence
	for i := range 5000 {
		e := piece("a", 'C', .9, i%400)
		e.Link.From.Name = string(rune('a'+i%26)) + time.Duration(i).String()
		evidence = append(evidence, e)
	}
	b.ReportAllocs()
	for b.Loop() {
		score.Links(evidence, now)
	}
	b.ReportMetric(float64(len(evidence))*float64(b.N)/b.Elapsed().Seconds(), "links/s")
}
