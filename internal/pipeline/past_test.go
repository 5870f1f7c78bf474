package pipeline_test

import (
	"fmt"
	"testing"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
)

func TestAProfileOfAPastMomentIsBoundedAndSaysWhatItLacks(t *testing.T) {
	_, p, ed := open(t)
	lynx := intel.Entity{Kind: intel.Actor, Name: "cold-lynx"}
	var docs []intel.Document
	const parts, each = 6, 900
	for n := range parts {
		d := report(1, fmt.Sprint("part ", n))
		for i := range each {
			c2 := intel.Entity{Kind: intel.Domain, Name: fmt.Sprintf("c%d-%d.lynx-c2.net", n, i)}
			d.Claims = append(d.Claims, intel.Claim{Subject: c2, Relation: intel.Indicates, Object: lynx})
		}
		docs = append(docs, d)
	}
	if _, err := p.Keep(t.Context(), docs); err != nil {
		t.Fatal(err)
	}
	if err := p.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, totals, err := ed.Profile(t.Context(), intel.Everything(), lynx, pipeline.Window{Back: true}, now)
	if err != nil || totals["ioc"] != parts*each || len(got.IOC) != 5000 || got.Hidden["ioc"] != parts*each-5000 {
		t.Errorf("%d rows of %d, %d hidden, err %v; want 5000 of %d", len(got.IOC), totals["ioc"], got.Hidden["ioc"], err, parts*each)
	}
	got, totals, err = ed.Profile(t.Context(), intel.Everything(), lynx, pipeline.Window{}, now)
	if err != nil || totals["ioc"] != len(got.IOC) || len(got.IOC) != parts*each || len(got.Hidden) != 0 {
		t.Errorf("as of now: %d rows of %d, %v hidden, err %v", len(got.IOC), totals["ioc"], got.Hidden, err)
	}
}

func TestALookupOfAPastMomentKnowsNothingOfLater(t *testing.T) {
	_, p, ed := open(t)
	early, late := report(20, "Cold Lynx used a41d8cd98f00b204e9800998ecf8427e."), report(1, "Cold Lynx used a41d8cd98f00b204e9800998ecf8427e again.")
	if _, err := p.Keep(t.Context(), []intel.Document{early, late}); err != nil {
		t.Fatal(err)
	}
	if err := p.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	hash := intel.Entity{Kind: intel.MD5, Name: "a41d8cd98f00b204e9800998ecf8427e"}
	back := pipeline.Window{Back: true}
	f, err := ed.Value(t.Context(), intel.Everything(), hash, back, now.AddDate(0, 0, -70))
	if err != nil || f.Documents != 1 || !f.Last.Equal(early.Published) || len(f.Names) != 1 || f.Names[0].Documents != 1 || len(f.Names[0].Evidence) != 1 {
		t.Errorf("%+v, err %v; want what the first document says", f, err)
	}
	if f, err = ed.Value(t.Context(), intel.Everything(), hash, back, now.AddDate(-3, 0, 0)); err != nil || f.Known || len(f.Names) != 0 {
		t.Errorf("before anything was known: %+v, err %v", f, err)
	}
}
