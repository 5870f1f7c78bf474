package pipeline

import (
	"encoding/json"
	"testing"

	"github.com/portent-cti/portent/internal/forecast"
	"github.com/portent-cti/portent/internal/intel"
)

func TestTheVulnerabilityOfAPredictedFragmentIsKeptAndNotReadFromWords(t *testing.T) {
	flaw := intel.NewEntity(intel.Vulnerability, "CVE-2025-1024")
	h := &holdings{}
	p := h.ways(forecast.Prospect{Target: intel.NewEntity(intel.Argument, "CVE-2019-1 CVE-2019-2"), Probability: .2, BaseRate: .07}, []way{{flaw: flaw, probability: .3, base: .1, has: .7}}, nil)
	f := intel.Forecast{ID: "x", Kind: "argument", Target: "argument:CVE-2019-1 CVE-2019-2", Probability: .2, Reasons: p}
	body, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	var kept, old intel.Forecast
	if err := json.Unmarshal(body, &kept); err != nil {
		t.Fatal(err)
	}
	// As it was written before vulnerabilities stood in it.
	if err := json.Unmarshal([]byte(`{"kind":"argument","target":"argument:CVE-2019-1 CVE-2019-2","probability":0.2,"skill":"none","reasons":[{"item":"base rate","contribution":-2},`+
		`{"item":"uses CWE-22; CVE-2025-1024 has argument CVE-2019-1 CVE-2019-2","contribution":0.6}]}`), &old); err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]intel.Forecast{"kept": kept, "old": old} {
		rows := forecastFragments([]intel.Forecast{f})
		if len(rows) != 1 || rows[0].Vulnerability != flaw.Name || rows[0].Description != f.Reasons[1].Item+verdict(f) {
			t.Errorf("%s: %+v", name, rows)
		}
	}
	if kept.Reasons[1].Through != flaw || kept.Reasons[0].Through != (intel.Entity{}) {
		t.Errorf("%s", body)
	}
}

func TestNoPredictedRowReadsAsNought(t *testing.T) {
	row := func(name string, p float64) intel.Row {
		return guessed(intel.Row{Entity: intel.NewEntity(intel.Technique, name)}, p)
	}
	rows := []intel.Row{{Entity: intel.NewEntity(intel.Technique, "T1000")}}
	if n := extend(&rows, []intel.Row{row("T1001", .0099), row("T1002", .01), row("T1000", .5)}, 1); n != 1 || len(rows) != 2 || intel.Decimal(rows[1].Probability) == "0.00" {
		t.Errorf("%d, %+v", n, rows)
	}
}
