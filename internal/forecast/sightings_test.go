package forecast_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/forecast"
	"github.com/portent-cti/portent/internal/intel"
)

// reported is sightings of an address, so many days ago each.
func reported(kind intel.Kind, daysAgo ...float64) forecast.Sightings {
	s := forecast.Sightings{Kind: kind}
	for i, d := range daysAgo {
		s.Reports = append(s.Reports, forecast.Report{At: now.Add(-time.Duration(d * 24 * float64(time.Hour))), By: fmt.Sprint("ana", i%2)})
	}
	return s
}

func TestWhatWasJustSeenOftenIsLikelyToComeBack(t *testing.T) {
	last, lastPolynomial := 1.0, 2.0
	for _, s := range []forecast.Sightings{reported(intel.IPv4, 1, 5, 9, 20), reported(intel.IPv4, 1), reported(intel.IPv4, 10), reported(intel.IPv4, 60), reported(intel.IPv4, 300)} {
		p, polynomial, known := s.SeenAgain(now)
		if !known || p >= last || p <= 0 || polynomial > lastPolynomial {
			t.Errorf("%+v: %v (%v), known %v; before it %v", s.Reports, p, polynomial, known, last)
		}
		last, lastPolynomial = p, polynomial
	}
	url, _, _ := reported(intel.URL, 20).SeenAgain(now)
	if ip, _, _ := reported(intel.IPv4, 20).SeenAgain(now); url >= ip/3 {
		t.Errorf("of a URL %v, of an address %v; addresses come back, URLs do not", url, ip)
	}
}

func TestNothingIsSaidOfWhatWasNeverMeasured(t *testing.T) {
	for claim, s := range map[string]forecast.Sightings{
		"an address of long ago":  reported(intel.IPv4, 400),
		"an address without date": {Kind: intel.IPv4, Documents: 3},
		"a registry key":          reported(intel.RegistryKey, 1),
		"an actor":                reported(intel.Actor, 1),
	} {
		if p, _, known := s.SeenAgain(now); known {
			t.Errorf("%s: %v", claim, p)
		}
	}
}

func TestForecastsOfIndicatorsAreNumbers(t *testing.T) {
	tomorrow := reported(intel.Domain, -0.5)
	many := forecast.Sightings{Kind: intel.IPv4, Documents: 1 << 30, First: time.Unix(0, 0)}
	for range 500 {
		many.Reports = append(many.Reports, forecast.Report{At: now})
	}
	odd := reported(intel.SHA256, 1, 1, 1, 300)
	odd.Documents = -5
	for _, s := range []forecast.Sightings{tomorrow, many, odd} {
		p, polynomial, known := s.SeenAgain(now)
		if !known || math.IsNaN(p) || p < 0 || p > 1 || polynomial < 0 || polynomial > 1 {
			t.Errorf("%s of %d: %v (%v), known %v", s.Kind, s.Documents, p, polynomial, known)
		}
	}
}

// TestTheShippedModelCountsAsAReplayDoes asks for the same numbers of a value
// that is replayed and of one that is looked up.
func TestTheShippedModelCountsAsAReplayDoes(t *testing.T) {
	docs := posts(120)
	r := forecast.NewReplay(history(docs))
	at := began.AddDate(0, 0, 100)
	r.Until(at)
	seen := map[intel.Entity]*forecast.Sightings{}
	var order []intel.Entity
	for _, d := range docs {
		e := d.Claims[0].Subject
		if seen[e] == nil {
			seen[e] = &forecast.Sightings{Kind: e.Kind}
			order = append(order, e)
		}
		if d.Published.Before(at) {
			seen[e].Reports = append(seen[e].Reports, forecast.Report{At: d.Published, By: d.Author})
		}
	}
	model := forecast.Shipped()
	checked := 0
	for _, v := range r.Recent(at) { // numbered in the order of first reports
		p, _, known := seen[order[v]].SeenAgain(at)
		want := forecast.Probability(model.LogOdds(r.Sighting(nil, v, at)))
		if !known || math.Abs(p-want) > 1e-12 {
			t.Fatalf("%s: %v, replayed %v", order[v], p, want)
		}
		checked++
	}
	if checked < 300 {
		t.Errorf("only %d values", checked)
	}
}
