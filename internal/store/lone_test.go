package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

func TestLinksAreLoneThatOneSourceTellsOfByAllNamesAReaderMayKnow(t *testing.T) {
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
			says("pastes", "x", "", intel.Clear, actor, "T1001"), says("pastes", "y", "", intel.Clear, alias, "T1001"), // one source, two names
			says("tweets", "ann", "", intel.Clear, actor, "T1002"), says("tweets", "bob", "", intel.Clear, actor, "T1002"), // two accounts that are vouched for
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
		first, second := " "+now.UTC().Format(time.DateOnly), " "+later.UTC().Format(time.DateOnly)
		want := map[string]string{"T1007": "  false " + day(11) + first, "T1001": "pastes  false " + day(2) + first, "T1002": "tweets  true " + day(4) + first, "T1003": "tweets ann false " + day(5) + first,
			"T1004": "pastes  false " + day(6) + first, "T1005": "pastes  false " + day(8) + first, "T1006": "pastes  false " + day(12) + second}
		for _, clearance := range []intel.Marking{intel.Clear, intel.Red} {
			if clearance == intel.Red {
				delete(want, "T1004")
			}
			lone, told, err := db.LoneLinks(t.Context(), intel.Reader{Clearance: clearance}, store.Held{From: []intel.Kind{intel.Actor}, To: []intel.Kind{intel.Technique}, Relations: []intel.Relation{intel.Uses}}, intel.Unnamed{"documents"})
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			for _, x := range lone {
				if x.From != actor {
					t.Errorf("%+v", x)
				}
				got[x.To.Name] = fmt.Sprintf("%s %s %v %s %s", x.Speaker, x.Account, x.Several, x.Dated.UTC().Format(time.DateOnly), x.In.UTC().Format(time.DateOnly))
			}
			n := map[intel.SourceID]int{}
			for _, x := range told {
				n[x.Source] += x.N
			}
			wire := map[intel.Marking]int{intel.Clear: 0, intel.Red: 1}[clearance]
			if n["pastes"] != 5 || n["tweets"] != 3 || n["wire"] != wire || n["documents/a"] != 1 {
				t.Errorf("%v: told by %v", clearance, n)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%v: %s", clearance, d)
			}
		}
	})
}
