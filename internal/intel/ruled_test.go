package intel_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portent-cti/portent/internal/intel"
)

func TestARowVerdictIsReadBackFromItsDocument(t *testing.T) {
	v := intel.RowVerdict{Link: intel.Link{From: intel.Entity{Kind: intel.IPv4, Name: "45.134.21.8"}, Relation: intel.Indicates, To: intel.Entity{Kind: intel.Actor, Name: "cold-lynx"}},
		By: "analyst:ana", Reason: "a customer", At: time.Date(2026, 5, 1, 2, 3, 4, 5000, time.UTC), Believed: intel.Belief{Probability: .8532510541, Origins: 2, Dated: true}}
	for _, v.Ruling = range []intel.Ruling{intel.ConfirmRow, intel.RefuteRow, intel.UndoRow} {
		doc := v.Document()
		got, ok := intel.RowVerdictOf(doc)
		want := v
		want.Kept, want.Marking = doc.ID, intel.AmberStrict
		if d := cmp.Diff(want, got); !ok || d != "" {
			t.Errorf("%s: %v %s", v.Ruling, ok, d)
		}
		if _, ok := intel.AliasVerdictOf(doc); ok {
			t.Errorf("%s is taken for a word on names", v.Ruling)
		}
		if _, ok := intel.ValueVerdictOf(doc); ok {
			t.Errorf("%s is taken for a word on values", v.Ruling)
		}
		doc.Source = "feed"
		if _, ok := intel.RowVerdictOf(doc); ok {
			t.Errorf("%s of a feed is taken for an analyst's", v.Ruling)
		}
	}
}

func TestTheSameWordGivenAgainIsAnotherDocument(t *testing.T) {
	v := intel.RowVerdict{Ruling: intel.ConfirmRow, By: "analyst:ana"}
	w := v
	w.Before = 1
	if v.Document().ID == w.Document().ID {
		t.Error("the second word would be lost as a copy of the first")
	}
}

func FuzzBelief(f *testing.F) {
	for _, s := range []string{"0.853 of 2 dated", "1 of 0", "NaN of 1", " of ", "0.5 of -1", "1e-300 of 1 dated dated"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		b, err := intel.ParseBelief(s)
		if err != nil {
			return
		}
		if !(b.Probability >= 0 && b.Probability <= 1) || b.Origins < 0 {
			t.Fatalf("%q is read as %+v", s, b)
		}
		if again, err := intel.ParseBelief(b.String()); err != nil || again != b {
			t.Fatalf("%q is read as %+v, and its written form %q as %+v, %v", s, b, b.String(), again, err)
		}
	})
}
