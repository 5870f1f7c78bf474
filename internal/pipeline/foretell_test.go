package pipeline_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
	"github.com/portent-cti/portent/internal/store"
)

// A heard is a store of invented documents, each of which names somebody.
type heard struct {
	t    *testing.T
	db   *store.DB
	p    *pipeline.Pipeline
	docs []intel.Document
}

func hear(t *testing.T) *heard {
	db, p, _ := open(t)
	return &heard{t: t, db: db, p: p}
}

// say lets an account of a source name somebody, so many days before now.
func (h *heard) say(source, account string, e intel.Entity, days int) {
	n, at := len(h.docs), now.AddDate(0, 0, -days)
	indicator := intel.Entity{Kind: intel.Domain, Name: fmt.Sprintf("d%d.example.net", n)}
	h.docs = append(h.docs, intel.Document{ID: intel.NewDocumentID(intel.SourceID(source), fmt.Sprint(n)), Source: intel.SourceID(source), Author: account, Genre: intel.Social,
		Reliability: 'C', Text: fmt.Sprintf("Seen by number %d of %s.", n, account), Published: at, Learned: at,
		Claims: []intel.Claim{{Subject: indicator, Relation: intel.Indicates, Object: e}}})
}

// forecast keeps what was said and makes the forecasts of now.
func (h *heard) forecast() {
	h.t.Helper()
	if _, err := h.p.Keep(h.t.Context(), h.docs); err != nil {
		h.t.Fatal(err)
	}
	if err := h.p.Finish(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	if err := h.p.Forecast(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
}

// of returns the forecasts of somebody, by kind and horizon, of which none may be
// without sense.
func (h *heard) of(e intel.Entity) map[string]intel.Forecast {
	h.t.Helper()
	fs, err := h.db.Forecasts(h.t.Context(), intel.Public(), e, h.p.Now())
	if err != nil {
		h.t.Fatal(err)
	}
	out := map[string]intel.Forecast{}
	for _, f := range fs {
		out[fmt.Sprint(f.Kind, " ", f.Horizon)] = f
		last := -1.0
		for _, l := range []string{"0.05", "0.1", "0.25", "0.5", "0.75", "0.9", "0.95"} {
			if q, ok := f.Quantiles[l]; ok && !(q >= last) { //nolint:staticcheck // true of what is no number, too
				h.t.Errorf("%s of %s: quantiles %v", f.Kind, e, f.Quantiles)
			} else if ok {
				last = q
			}
		}
		if !(f.Probability >= 0 && f.Probability <= 1) || !(f.BaseRate >= 0) || math.IsInf(f.BaseRate, 0) { //nolint:staticcheck // as above
			h.t.Errorf("%s of %s: probability %v, base rate %v", f.Kind, e, f.Probability, f.BaseRate)
		}
		for _, r := range f.Reasons {
			if math.IsNaN(r.Contribution) || math.IsInf(r.Contribution, 0) {
				h.t.Errorf("%s of %s: reason %+v", f.Kind, e, r)
			}
		}
	}
	return out
}

func TestTagsThatAreKnownToBeMalwareOrToolsAreForecastAsOthersAre(t *testing.T) {
	h := hear(t)
	all := []intel.Entity{{Kind: intel.Label, Name: "botnet"}, {Kind: intel.Malware, Name: "frost-rat"}, {Kind: intel.Tool, Name: "frost-kit"},
		{Kind: intel.Campaign, Name: "operation-frost"}, {Kind: intel.Country, Name: "US"}, intel.NewEntity(intel.Actor, "Cold Lynx")}
	for week := range 12 {
		for _, e := range all {
			h.say("feed", "ann", e, 7*week)
		}
	}
	h.forecast()
	for _, e := range all {
		fs := h.of(e)
		for _, key := range []string{"activity 7", "activity 28", "any activity 28"} {
			if _, ok := fs[key]; !ok {
				t.Errorf("%s has no forecast of %s", e, key)
			}
		}
		if p := fs["any activity 28"].Probability; p < .8 {
			t.Errorf("%s, of which a document came every week, comes with %.2f", e, p)
		}
	}
}

func TestWhoWasHeardOfBeforeAnOutageIsForecastBehindIt(t *testing.T) {
	h := hear(t)
	tag := func(i int) intel.Entity { return intel.Entity{Kind: intel.Label, Name: fmt.Sprintf("tag-%d", i)} }
	for day := range 500 {
		if day >= 15 && day < 215 {
			continue
		}
		h.say("feed", "ann", tag(day%4), day)
		if day > 215 && day < 300 && day%10 == 0 { // the last word of it 220 days ago
			h.say("feed", "ann", tag(4), day)
		}
		if day > 450 {
			h.say("feed", "ann", tag(5), day) // and of this more than half a year before the outage
		}
	}
	h.forecast()
	for i := range 5 {
		f, ok := h.of(tag(i))["any activity 28"]
		if least := map[bool]float64{true: .8, false: .05}[i < 4]; !ok || f.Probability < least {
			t.Errorf("%s: %.2f, %v; want %.2f at least", tag(i), f.Probability, ok, least)
		}
	}
	if fs := h.of(tag(5)); len(fs) != 0 {
		t.Errorf("of what is silent for half a year of weeks that were watched it is said: %v", fs)
	}
}
