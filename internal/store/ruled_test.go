package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

func TestTheScaleOfAMomentIsWhatWasTakenLastBefore(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		if _, err := db.Scale(t.Context(), now); !errors.Is(err, intel.ErrNotFound) {
			t.Fatalf("a new store has a scale: %v", err)
		}
		keep := func(days int, body string, anew bool) {
			t.Helper()
			if err := db.SaveScale(t.Context(), now.AddDate(0, 0, days), body, anew); err != nil {
				t.Fatal(err)
			}
		}
		is := func(days int, want string) {
			t.Helper()
			if got, err := db.Scale(t.Context(), now.AddDate(0, 0, days)); got != want {
				t.Errorf("after %d days %q, err %v, want %q", days, got, err, want)
			}
		}
		keep(0, "a", false)
		keep(2, "b", false)
		is(-1, "")
		is(0, "a")
		is(1, "a")
		is(3, "b")
		keep(1, "c", false) // by a clock that lags
		is(3, "b")
		keep(1, "d", true) // and now all is weighed by it
		is(3, "d")
		is(0, "a")
	})
}

// TestOnlySourcesThatSaidARowBeforeItsVerdictSupportIt has one that denies it, and one
// that says it later and states that it was learned before.
func TestOnlySourcesThatSaidARowBeforeItsVerdictSupportIt(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		said := intel.Link{From: intel.Entity{Kind: intel.Domain, Name: "c2.example"}, Relation: intel.Indicates, To: actor}
		verdict := intel.RowVerdict{Link: said, Ruling: intel.ConfirmRow, By: "analyst:ana", At: now}.Document()
		var batch []store.Derived
		for n, source := range []intel.SourceID{"b", "a", "a", "denies", "analyst:ana", "copies", "b"} {
			d := document(n)
			d.Source = source
			d.ID = intel.NewDocumentID(source, string(rune('0'+n)))
			if source == "copies" {
				d.Learned, d.Assumed = now.AddDate(-1, 0, 0), true
			}
			if source.Reserved() {
				save(t, db, verdict)
				continue
			}
			save(t, db, d)
			e := intel.Evidence{Link: said, Document: d.ID, Source: source, Origin: string(source), Reliability: 'B', Weight: .9, At: d.Published, Learned: d.Learned}
			if source == "denies" {
				e.Stance = intel.Disputes
			}
			batch = append(batch, store.Derived{Document: d.ID, Evidence: []intel.Evidence{e}})
		}
		derive(t, db, 1, batch...)
		stranger := said
		stranger.To.Name = "nobody"
		got, err := db.Support(t.Context(), map[intel.Link]intel.DocumentID{said: verdict.ID, stranger: verdict.ID})
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(map[intel.Link][]intel.SourceID{said: {"a", "b"}}, got); d != "" {
			t.Error(d)
		}
	})
}

func TestAVerdictWeighsItsRowAndATouchedRowWaits(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		told(t, db, .5)
		row, err := db.Between(t.Context(), intel.Everything(), 1)
		if err != nil {
			t.Fatal(err)
		}
		v := intel.RowVerdict{Link: row.Link, Ruling: intel.ConfirmRow, By: "analyst:ana", Reason: "seen", At: now.UTC().Truncate(time.Microsecond)}
		save(t, db, v.Document())
		all, err := db.RowVerdicts(t.Context())
		want := v
		want.Kept, want.Marking = v.Document().ID, intel.AmberStrict
		if d := cmp.Diff([]intel.RowVerdict{want}, all); err != nil || d != "" {
			t.Fatal(err, d)
		}
		weighed := func() float64 {
			t.Helper()
			row, err := db.Between(t.Context(), intel.Everything(), 1)
			if err != nil {
				t.Fatal(err)
			}
			return row.Probability
		}
		before := weighed()
		stranger := row.Link
		stranger.From.Name = "nobody.example"
		for _, links := range [][]intel.Link{{row.Link, stranger}, nil} {
			batch := []store.Derived{{Document: v.Document().ID, Ruled: links}}
			if err := db.SaveDerived(t.Context(), batch, store.Derivation{Version: 1, Now: now, Judge: ruled(.9, now)}); err != nil {
				t.Fatal(err)
			}
			if moved := weighed() > before; !moved {
				t.Errorf("derived as a verdict on %v: believed %.3f, before %.3f", links, weighed(), before)
			}
		}
		before = weighed()
		if err := db.Touch(t.Context(), []intel.Link{row.Link, stranger}); err != nil {
			t.Fatal(err)
		}
		if n, err := db.Reweigh(t.Context(), 100, store.Weighing{Now: now, Judge: ruled(.1, now)}); err != nil || n != 1 || weighed() >= before {
			t.Errorf("%d rows weighed, err %v; believed %.3f, before %.3f", n, err, weighed(), before)
		}
	})
}
