package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

func TestLinksAreLoneThatOneVoiceTellsOfByAllNamesAReaderMayKnow(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		alias := intel.Entity{Kind: intel.Actor, Name: "frost-cat"}
		tell := func(ingested time.Time, said ...intel.Document) {
			t.Helper()
			var batch []store.Derived
			for _, d := range said {
				e := intel.Evidence{Link: intel.Link{From: d.Claims[0].Subject, Relation: intel.Uses, To: d.Claims[0].Object}, Document: d.ID, Source: d.Source, Origin: string(d.Source), Reliability: d.Reliability,
					Marking: d.Marking, Weight: .8, At: d.Published, Learned: d.Learned}
				if d.Title == "denied" {
					e.Stance = intel.Disputes
				}
				batch = append(batch, store.Derived{Document: d.ID, Evidence: []intel.Evidence{e}})
			}
			if _, err := db.SaveDocuments(t.Context(), said, ingested); err != nil {
				t.Fatal(err)
			}
			if err := db.SaveDerived(t.Context(), batch, derivation(1)); err != nil {
				t.Fatal(err)
			}
		}
		n := 0
		says := func(source, account, title string, m intel.Marking, who intel.Entity, technique string) intel.Document {
			n++
			d := document(n)
			d.ID, d.Source, d.Author, d.Title, d.Reliability, d.Genre, d.Marking = intel.NewDocumentID(intel.SourceID(source), fmt.Sprint(n)), intel.SourceID(source), account, title, 'E', intel.Social, m
			if source == "tweets" {
				d.Reliability = 'C'
			}
			d.Published = now.AddDate(0, 0, -n)
			d.Claims = []intel.Claim{{Subject: who, Relation: intel.Uses, Object: intel.Entity{Kind: intel.Technique, Name: technique}}}
			return d
		}
		tell(now,
			says("pastes", "x", "", intel.Clear, actor, "T1001"), says("pastes", "y", "", intel.Clear, alias, "T1001"), // one voice, two names
			says("tweets", "ann", "", intel.Clear, actor, "T1002"), says("tweets", "bob", "", intel.Clear, actor, "T1002"), // two that are vouched for
			says("tweets", "ann", "", intel.Clear, actor, "T1003"),
			says("pastes", "x", "", intel.Clear, actor, "T1004"), says("wire", "desk", "", intel.Red, alias, "T1004"),
			says("pastes", "x", "", intel.Clear, actor, "T1005"), says("wire", "desk", "denied", intel.Clear, actor, "T1005"),
			says("documents/a", "x", "", intel.Clear, actor, "T1007"), says("documents/b", "y", "", intel.Clear, actor, "T1007")) // names a file made up
		later := now.AddDate(1, 0, 0)
		tell(later, says("pastes", "x", "", intel.Clear, actor, "T1006")) // dated a year back
		if err := db.Settle(t.Context(), store.Settlement{Resolutions: []store.Resolution{{Name: alias, Canonical: actor, Share: 1, SaidBy: []string{"x"}, Below: intel.Red + 1}}}); err != nil {
			t.Fatal(err)
		}
		day := func(n int) string { return now.AddDate(0, 0, -n).Format(time.DateOnly) }
		want := map[string]string{"T1007": "  " + day(11), "T1001": "pastes  " + day(2), "T1003": "tweets ann " + day(5), "T1004": "pastes  " + day(6), "T1005": "pastes  " + day(8), "T1006": "pastes  " + later.Format(time.DateOnly)}
		for _, clearance := range []intel.Marking{intel.Clear, intel.Red} {
			if clearance == intel.Red {
				delete(want, "T1004")
			}
			lone, err := db.LoneLinks(t.Context(), intel.Reader{Clearance: clearance}, store.Held{From: []intel.Kind{intel.Actor}, To: []intel.Kind{intel.Technique}, Relations: []intel.Relation{intel.Uses}}, intel.Unnamed{"documents"})
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			for _, x := range lone {
				if x.From != actor {
					t.Errorf("%+v", x)
				}
				got[x.To.Name] = fmt.Sprintf("%s %s %s", x.Source, x.Account, x.Told.UTC().Format(time.DateOnly))
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%v: %s", clearance, d)
			}
		}
	})
}
