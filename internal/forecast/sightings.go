package forecast

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

//go:embed sightings.json
var sightingsTable []byte

// A Sightings is what is known of an indicator by its own reports.
type Sightings struct {
	Kind    intel.Kind
	Reports []Report // the latest ones, in any order
	// First and Documents tell of all reports; zero: those above are all.
	First     time.Time
	Documents int
}

// A Report is one word that an indicator was seen, and whose.
type Report struct {
	At     time.Time
	By     string // an account, or a source
	Source int64  // a number for the source that has it
}

// SeenAgain returns the probability that an indicator is reported again within
// 30 days, by the shipped model, and its decay as MISP and OpenCTI count it. It
// is not known of kinds that the model never saw, nor of what was not reported
// within a year: nothing of that was measured.
func (s Sightings) SeenAgain(now time.Time) (probability, polynomial float64, known bool) {
	return s.SeenAgainBy(shipped(), now)
}

// ForetoldKinds are the kinds of indicators that it is told of whether they will be
// seen again.
func ForetoldKinds() []intel.Kind {
	return []intel.Kind{intel.IPv4, intel.IPv6, intel.URL, intel.Domain, intel.Onion, intel.SHA256, intel.SHA1, intel.MD5}
}

// Foretold reports whether a kind is one of these.
func Foretold(k intel.Kind) bool { return slices.Contains(ForetoldKinds(), k) }

// SeenAgainBy is SeenAgain by a model that weighs the same numbers.
func (s Sightings) SeenAgainBy(m Logistic, now time.Time) (probability, polynomial float64, known bool) {
	if !Foretold(s.Kind) {
		return 0, 0, false
	}
	t, spots := s.track()
	day := dayOf(now.Unix())
	if len(spots) == 0 || day-t.last > Memory {
		return 0, 0, false
	}
	day = max(day, t.last) // clocks differ
	x := own(nil, kindOf(s.Kind), t, spots, day)
	return Probability(m.LogOdds(x)), Polynomial(day - t.last), true
}

// track reads the reports as a replay does.
func (s Sightings) track() (t track, spots []spot) {
	reports := slices.Clone(s.Reports)
	slices.SortStableFunc(reports, func(a, b Report) int { return a.At.Compare(b.At) })
	var by names
	for _, r := range reports {
		id, newcomer := by.of(r.By)
		day := dayOf(r.At.Unix())
		t.report(day, newcomer)
		spots = append(spots, spot{day, id})
	}
	slices.Reverse(spots)
	if s.Documents > t.n {
		t.n = s.Documents
		if !s.First.IsZero() {
			t.first = min(t.first, dayOf(s.First.Unix()))
		}
	}
	return t, spots[:min(len(spots), latest)]
}

// A table is a model as it is shipped.
type table struct {
	About   string        `json:"about"`
	Bias    float64       `json:"bias"`
	Weights []tableWeight `json:"weights"`
}

type tableWeight struct {
	Of     string  `json:"of"`
	Weight float64 `json:"weight"`
}

// WriteSightings returns a model of an indicator's own reports in the form in
// which it is shipped.
func WriteSightings(m Logistic, about string) ([]byte, error) {
	if len(m.Weights) != OwnNumbers() {
		return nil, fmt.Errorf("write model: %d weights, want %d", len(m.Weights), OwnNumbers())
	}
	t := table{About: about, Bias: rounded(m.Bias)}
	for i, name := range ownNames() {
		t.Weights = append(t.Weights, tableWeight{name, rounded(m.Weights[i])})
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "\t")
	err := e.Encode(t)
	return b.Bytes(), err
}

// rounded keeps six decimals.
func rounded(x float64) float64 { return math.Round(x*1e6) / 1e6 }

// ShippedSightings returns the shipped model in its form.
func ShippedSightings() []byte { return slices.Clone(sightingsTable) }

// Shipped returns the model that weighs the first OwnNumbers of Sighting. It
// must not be changed.
func Shipped() Logistic { return shipped() }

// shipped reads the model; one that does not fit the code is a mistake of ours.
var shipped = sync.OnceValue(func() Logistic {
	m, err := ParseSightings(sightingsTable)
	if err != nil {
		panic("sightings.json: " + err.Error())
	}
	return m
})
