package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

// spoken derives four documents: three say a row of the actor, as the word of two, one
// of them in confidence, and the last says that the actor is about a country.
func spoken(t *testing.T, db *store.DB, version int) {
	t.Helper()
	var batch []store.Derived
	for i, origin := range []string{"ann", "bob", "ann", "lab"} {
		d := document(i + 1)
		if origin == "bob" {
			d.Marking = intel.Red
		}
		save(t, db, d)
		x := derived(d, 0.5)
		x.Evidence[0].Origin, x.Evidence[0].Marking = origin, d.Marking
		if origin == "lab" {
			x.Evidence[0].Link = intel.Link{From: actor, Relation: intel.Targets, To: country}
		}
		batch = append(batch, x)
	}
	derive(t, db, version, batch...)
}

func voices(t *testing.T, db *store.DB, r intel.Reader, names ...intel.Entity) (n int) {
	t.Helper()
	n, err := db.Origins(t.Context(), r, names, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestVoicesBehindANameAreCountedAsTheirWordsComeAndGo(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		public := intel.Reader{Clearance: intel.Clear}
		check := func(when string, want ...int) {
			t.Helper()
			got := []int{voices(t, db, all, actor), voices(t, db, public, actor), voices(t, db, all, country), voices(t, db, all, actor, country), voices(t, db, all, host), voices(t, db, all, flaw)}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%s: %s", when, d)
			}
		}
		spoken(t, db, 1)
		check("derived", 3, 2, 1, 3, 2, 0)
		spoken(t, db, 2)
		check("derived again", 3, 2, 1, 3, 2, 0)
		derive(t, db, 3, store.Derived{Document: document(4).ID})
		check("one says it no more", 2, 1, 0, 2, 2, 0)
		derive(t, db, 3, store.Derived{Document: document(1).ID})
		check("one of two of a voice says it no more", 2, 1, 0, 2, 2, 0)
	})
}

func TestVoicesAreCountedWithoutReadingAllTheySay(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		spoken(t, db, 1)
		if err := db.Run(t.Context(), `DELETE FROM evidence_rows`); err != nil {
			t.Fatal(err)
		}
		if n := voices(t, db, all, actor); n != 3 {
			t.Errorf("%d voices; want 3", n)
		}
	})
}

func TestVoicesOfAnOldStoreAreCountedAsIfDerivedNow(t *testing.T) {
	atEachEngine(t, func(t *testing.T, url string) {
		db := open(t, url)
		spoken(t, db, 1)
		spoken(t, db, 2)
		lines := func(db *store.DB) []string {
			t.Helper()
			out, err := db.Lines(t.Context(), `SELECT entity, origin, marking, pieces FROM behind WHERE pieces > 0 ORDER BY 1, 2, 3`)
			if err != nil || len(out) == 0 {
				t.Fatalf("%d lines, err %v", len(out), err)
			}
			return out
		}
		want := lines(db)
		if err := db.Run(t.Context(), append(store.BeforeHealth(), `DROP TABLE behind`, `DROP TABLE mirrors`, `DROP TABLE uncompared`, `DELETE FROM goose_db_version WHERE version_id >= 23`)...); err != nil {
			t.Fatal(err)
		}
		db.Close()
		if d := cmp.Diff(want, lines(open(t, url))); d != "" {
			t.Errorf("a migration counts what a derivation would not: %s", d)
		}
	})
}
