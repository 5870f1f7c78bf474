package store_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

func TestHoldingsAreWhatTheReaderMayBelieveByMainNamesEachOnce(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		flaw, other := intel.Entity{Kind: intel.Vulnerability, Name: "CVE-2026-1"}, intel.Entity{Kind: intel.Vulnerability, Name: "CVE-2026-2"}
		alias, path := intel.Entity{Kind: intel.Actor, Name: "frost-cat"}, intel.Entity{Kind: intel.File, Name: "/a.php"}
		var docs []intel.Document
		var batch []store.Derived
		tell := func(l intel.Link, weight float64, m intel.Marking) {
			d := document(len(docs) + 1)
			d.ID, d.Marking = intel.NewDocumentID("blog", fmt.Sprint(l, weight, len(docs))), m
			docs = append(docs, d)
			batch = append(batch, store.Derived{Document: d.ID, Evidence: []intel.Evidence{{Link: l, Document: d.ID, Source: d.Source, Origin: "blog.example", Reliability: d.Reliability,
				Marking: m, Weight: weight, At: d.Published, Learned: d.Learned}}})
		}
		tell(intel.Link{From: actor, Relation: intel.Exploits, To: flaw}, .6, intel.Clear)
		tell(intel.Link{From: alias, Relation: intel.Exploits, To: flaw}, .9, intel.Clear)
		tell(intel.Link{From: actor, Relation: intel.Exploits, To: other}, .1, intel.Clear)
		tell(intel.Link{From: alias, Relation: intel.Exploits, To: other}, .9, intel.Red)
		tell(intel.Link{From: flaw, Relation: intel.Affects, To: path}, .5, intel.Clear)
		if _, err := db.SaveDocuments(t.Context(), docs, now); err != nil {
			t.Fatal(err)
		}
		if err := db.SaveDerived(t.Context(), batch, derivation(1)); err != nil {
			t.Fatal(err)
		}
		if err := db.Settle(t.Context(), store.Settlement{Resolutions: []store.Resolution{{Name: alias, Canonical: actor, Share: 1, SaidBy: []string{"x"}, Below: intel.Red + 1}}}); err != nil {
			t.Fatal(err)
		}
		exploits := store.Held{From: []intel.Kind{intel.Actor}, To: []intel.Kind{intel.Vulnerability}, Relations: []intel.Relation{intel.Exploits}, Least: .3, Most: 10}
		first := docs[1].Published // the older of two
		affects := store.Held{From: []intel.Kind{intel.Vulnerability}, To: []intel.Kind{intel.File}, Relations: []intel.Relation{intel.Affects}, Most: 10}
		of, whose := affects, affects
		of.Of, whose.Whose = []intel.Entity{flaw, other}, []intel.Entity{path}
		has := []store.Holding{{From: flaw, To: path, First: docs[4].Published, Probability: .5}}
		for name, c := range map[string]struct {
			r    intel.Reader
			h    store.Held
			want []store.Holding
		}{
			"public":     {intel.Public(), exploits, []store.Holding{{From: actor, To: flaw, First: first, Probability: .9}}},
			"everything": {intel.Everything(), exploits, []store.Holding{{From: actor, To: flaw, First: first, Probability: .9}, {From: actor, To: other, First: docs[3].Published, Probability: .9}}},
			"of some":    {intel.Public(), of, has},
			"whose":      {intel.Public(), whose, has},
			"of nobody":  {intel.Public(), store.Held{From: affects.From, To: affects.To, Relations: affects.Relations, Most: 10, Of: []intel.Entity{}}, nil},
		} {
			got, err := db.Holdings(t.Context(), c.r, c.h)
			for i := range got {
				got[i].First = got[i].First.Truncate(1e9)
			}
			for i := range c.want {
				c.want[i].First = c.want[i].First.Truncate(1e9)
			}
			if d := cmp.Diff(c.want, got); d != "" || err != nil {
				t.Errorf("%s: %v %s", name, err, d)
			}
		}
		ends, err := db.EndsOf(t.Context(), []intel.Entity{actor}, intel.Exploits, intel.Vulnerability, 10)
		if d := cmp.Diff([]intel.Entity{flaw, other}, ends); d != "" || err != nil {
			t.Errorf("ends: %v %s", err, d)
		}
	})
}
