package pipeline_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
)

func TestAForecastOfACountTellsItsPrecedentsAndTheDocumentsItsReaderMaySee(t *testing.T) {
	_, p, ed := open(t)
	var docs []intel.Document
	for week := 1; week <= 40; week++ {
		for i, who := range []string{"Cold Lynx", "Amber Stoat", "Grey Heron"} {
			if (week+i)%(3+i) == 0 {
				continue
			}
			d := report(week, fmt.Sprintf("%s was seen in week %d.", who, week))
			d.Claims = []intel.Claim{{Subject: intel.NewEntity(intel.Actor, who), Relation: intel.Uses, Object: intel.Entity{Kind: intel.Technique, Name: "T1059"}}}
			if (week+i)%2 == 0 {
				d.Marking, d.Title = intel.Red, "Secret report"
			}
			docs = append(docs, d)
		}
	}
	if _, err := p.Keep(t.Context(), docs); err != nil {
		t.Fatal(err)
	}
	if err := p.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := p.Forecast(t.Context()); err != nil {
		t.Fatal(err)
	}
	lynx := intel.NewEntity(intel.Actor, "Cold Lynx")
	for r, secret := range map[intel.Reader]bool{intel.Public(): false, intel.Everything(): true} {
		profile, _, err := ed.Profile(t.Context(), r, lynx, pipeline.Window{}, now)
		if err != nil {
			t.Fatal(err)
		}
		counts, documents, secrets := 0, 0, 0
		for _, f := range profile.Forecasts {
			if f.Kind != "activity" {
				if len(f.Precedents) > 0 {
					t.Errorf("precedents of %s", f.Kind)
				}
				continue
			}
			counts++
			if len(f.Precedents) != 3 {
				t.Fatalf("%v, %d days: %+v", r, f.Horizon, f.Precedents)
			}
			for _, x := range f.Precedents {
				if x.Name == "" || x.Until.Sub(x.From).Hours() != float64(24*f.Horizon) || x.Until.After(now) {
					t.Errorf("%+v", x)
				}
				for _, d := range x.Documents {
					documents++
					if strings.Contains(d.What, "Secret") {
						secrets++
					}
					if !d.At.Before(x.Until) || d.At.Before(x.From.AddDate(0, 0, -28)) || d.Document == "" {
						t.Errorf("%+v of %+v", d, x)
					}
				}
			}
			kept, came, err := ed.Forecast(t.Context(), r, f.ID, pipeline.Window{}, now)
			if err != nil || came != nil || len(kept.Precedents) != 3 || kept.Precedents[0].String() != f.Precedents[0].String() || len(kept.Precedents[0].Documents) != len(f.Precedents[0].Documents) {
				t.Errorf("%v: by its id %+v, %+v, %v", r, kept, came, err)
			}
		}
		if counts != 2 || documents == 0 || secret != (secrets > 0) {
			t.Errorf("%v: %d forecasts of counts, %d documents, of which %d are secret", r, counts, documents, secrets)
		}
	}
	all, _, err := ed.Profile(t.Context(), intel.Everything(), lynx, pipeline.Window{}, now)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := ed.Forecast(t.Context(), intel.Public(), all.Forecasts[0].ID, pipeline.Window{}, now); err == nil {
		t.Error("the public is told a forecast of secrets")
	}
	if _, _, err := ed.Forecast(t.Context(), intel.Everything(), all.Forecasts[0].ID, pipeline.Window{Back: true}, now.AddDate(0, 0, -3)); err == nil {
		t.Error("a forecast is told before it was made")
	}
}
