package pipeline_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
	"github.com/portent-cti/portent/internal/store"
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

func TestCataloguesOfAPastMomentTellNothingOfLater(t *testing.T) {
	db, p, ed := open(t)
	flaw := intel.Entity{Kind: intel.Vulnerability, Name: "CVE-2099-0001"}
	pack := func(name string, loaded time.Time, body string) {
		t.Helper()
		_, err := db.SavePack(t.Context(), store.Pack{Name: name, Digest: body, Loaded: loaded}, func(yield func(string, []byte) error) error {
			return yield(flaw.Name, []byte(body))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := p.Keep(t.Context(), []intel.Document{report(20, "Patch CVE-2099-0001 now.")}); err != nil {
		t.Fatal(err)
	}
	if err := p.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	ago := func(days int) time.Time { return now.AddDate(0, 0, -days) }
	pack("kev", ago(5), fmt.Sprintf(`{"added":%q}`, ago(60).Format(time.DateOnly)))
	pack("kev", ago(2), fmt.Sprintf(`{"added":%q,"ransomware":true}`, ago(60).Format(time.DateOnly)))
	pack("epss", ago(1), fmt.Sprintf(`{"score":0.5,"date":%q}`, ago(1).Format(time.DateOnly)))
	pack("cve", ago(1), fmt.Sprintf(`{"updated":%q,"description":"A bug."}`, ago(40).Format(time.RFC3339)))
	for days, want := range map[int]string{80: "", 50: "Known", 30: "Known A bug.", 4: "Known A bug.", 2: "Known A bug. ransomware", 0: "Known A bug. ransomware EPSS"} {
		got, _, err := ed.Profile(t.Context(), intel.Everything(), flaw, pipeline.Window{Back: true}, ago(days))
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []string{"Known", "A bug.", "ransomware", "EPSS"} {
			if strings.Contains(got.Summary, s) != strings.Contains(want, s) {
				t.Errorf("%d days ago: %q, want of it %q", days, got.Summary, want)
			}
		}
	}
}
