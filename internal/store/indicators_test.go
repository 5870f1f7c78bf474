package store_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

func TestIndicatorsPointToCanonicalNamesByAllTheirLinks(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		entity := func(s string) intel.Entity {
			e, err := intel.ParseEntity(s)
			if err != nil {
				t.Fatal(err)
			}
			return e
		}
		said := func(n int, m intel.Marking, weight float64, from string, rel intel.Relation, to string) store.Derived {
			doc := document(n)
			doc.Marking = m
			save(t, db, doc)
			d := store.Derived{Document: doc.ID}
			d.Evidence = []intel.Evidence{{Link: intel.Link{From: entity(from), Relation: rel, To: entity(to)}, Document: doc.ID, Source: doc.Source, Origin: fmt.Sprint(n), Marking: m, Weight: weight, Learned: now}}
			return d
		}
		batch := []store.Derived{
			said(1, intel.Clear, 0.4, "domain:c2.example", intel.Indicates, "actor:cold-lynx"),
			said(2, intel.Clear, 0.8, "domain:c2.example", intel.Indicates, "malware:nightbell"),
			said(3, intel.Clear, 0.6, "domain:c2.example", intel.Indicates, "actor:grey-heron"),
			said(4, intel.Red, 0.9, "domain:c2.example", intel.Indicates, "actor:amber-stoat"),
			said(5, intel.Amber, 0.5, "ipv4:192.0.2.7", intel.Indicates, "actor:cold-lynx"),
			said(6, intel.Clear, 0.7, "actor:cold-lynx", intel.Uses, "command:whoami /all"),
			said(7, intel.Clear, 0.7, "actor:cold-lynx", intel.Uses, "technique:T1068"),
			said(8, intel.Clear, 0.7, "actor:cold-lynx", intel.Uses, "file:/x.php"),
			said(9, intel.Clear, 0.6, "ipv4:192.0.2.8", intel.Indicates, "actor:tg-4411"),
		}
		d := derivation(1)
		d.Resolve = func(e intel.Entity) []store.Resolution {
			if e.Name == "tg-4411" { // which only red documents say
				return []store.Resolution{{Name: e, Canonical: entity("actor:amber-stoat"), Share: 1, Marking: intel.Red}}
			}
			if e.Name == "grey-heron" {
				return []store.Resolution{{Name: e, Canonical: entity("actor:cold-lynx"), Share: 0.9}, {Name: e, Canonical: entity("actor:amber-stoat"), Share: 0.1}}
			}
			return nil
		}
		if err := db.SaveDerived(t.Context(), batch, d); err != nil {
			t.Fatal(err)
		}
		evidence := func(l store.Pointer) float64 { return l.Probability }
		read := func(r intel.Reader) (out []string) {
			err := db.Indicators(t.Context(), r, evidence, func(i store.Indicator) error {
				var points []string
				for _, p := range i.Points {
					var links []string
					for _, l := range p.Links {
						links = append(links, fmt.Sprintf(" %.2f of %.2f", l.Share, l.Probability))
					}
					slices.Sort(links)
					points = append(points, " "+p.Entity.String()+strings.Join(links, ""))
				}
				slices.Sort(points)
				out = append(out, i.Entity.String()+strings.Join(points, ""))
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			slices.Sort(out)
			return out
		}
		if diff := cmp.Diff([]string{
			"command:whoami /all actor:cold-lynx 1.00 of 0.70",
			"domain:c2.example actor:amber-stoat 0.10 of 0.60 1.00 of 0.90 actor:cold-lynx 0.90 of 0.60 1.00 of 0.40 malware:nightbell 1.00 of 0.80",
			"ipv4:192.0.2.7 actor:cold-lynx 1.00 of 0.50",
			"ipv4:192.0.2.8 actor:amber-stoat 1.00 of 0.60",
		}, read(all)); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		if diff := cmp.Diff([]string{
			"command:whoami /all actor:cold-lynx 1.00 of 0.70",
			"domain:c2.example actor:amber-stoat 0.10 of 0.60 actor:cold-lynx 0.90 of 0.60 1.00 of 0.40 malware:nightbell 1.00 of 0.80",
			"ipv4:192.0.2.8 actor:tg-4411 1.00 of 0.60",
		}, read(intel.Public())); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		stop := errors.New("stop")
		if err := db.Indicators(t.Context(), all, evidence, func(store.Indicator) error { return stop }); !errors.Is(err, stop) {
			t.Errorf("err %v", err)
		}
	})
}

// An index that SQLite makes by relations has most rows of the store under one of them.
func TestIndicatorsAreReadByRangesOfRowsAndNoIndexOfTheMoment(t *testing.T) {
	db := open(t, "sqlite:"+filepath.Join(t.TempDir(), "portent.db"))
	plans, err := db.IndicatorPlans(t.Context(), intel.Everything())
	if err != nil || len(plans) != 2 {
		t.Fatalf("%q, err %v", plans, err)
	}
	for _, plan := range plans {
		if strings.Contains(plan, "AUTOMATIC") || strings.Contains(plan, "TEMP B-TREE") {
			t.Error(plan)
		}
	}
}
