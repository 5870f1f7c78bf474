package store_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/sync/errgroup"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

// brought is a document of one of several sources that speaks of links much is
// said of.
func brought(n, source int, links []intel.Link) (intel.Document, store.Derived) {
	d := document(1)
	d.Source = intel.SourceID(fmt.Sprintf("source-%d", source))
	d.ID = intel.NewDocumentID(d.Source, fmt.Sprint(n))
	v := store.Derived{Document: d.ID}
	for _, l := range links {
		v.Evidence = append(v.Evidence, intel.Evidence{Link: l, Document: d.ID, Source: d.Source, Origin: string(d.Source), Weight: .5, Learned: now})
	}
	return d, v
}

func TestManyWritersDoNotEndEachOther(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		var links []intel.Link
		for i := range 4 {
			links = append(links, intel.Link{From: intel.Entity{Kind: intel.Domain, Name: fmt.Sprintf("c%d.example", i)}, Relation: intel.Indicates, To: actor})
		}
		var docs []intel.Document
		var batch []store.Derived
		for i := range 1001 {
			d, v := brought(i, i%4, links)
			docs, batch = append(docs, d), append(batch, v)
		}
		save(t, db, docs...)
		derive(t, db, 1, batch...)
		ctx := context.WithoutCancel(t.Context())
		var g errgroup.Group
		for w := range 4 {
			g.Go(func() error {
				for i := range 10 {
					var docs []intel.Document
					var batch []store.Derived
					for s := range 4 {
						d, v := brought(10_000+1000*w+10*i, (s+w)%4, links)
						docs, batch = append(docs, d), append(batch, v)
					}
					if _, err := db.SaveDocuments(ctx, docs, now); err != nil {
						return err
					}
					if err := db.SaveDerived(ctx, batch, derivation(1)); err != nil {
						return err
					}
					if _, err := db.Reweigh(ctx, 100, store.Weighing{Now: now, Judge: judge}); err != nil {
						return err
					}
					if _, err := db.Rescore(ctx, store.Rescoring{Weighing: store.Weighing{Now: now, Judge: judge}}); err != nil {
						return err
					}
				}
				return nil
			})
		}
		if err := g.Wait(); err != nil {
			t.Fatal(err)
		}
		for {
			n, err := db.Reweigh(ctx, 100, store.Weighing{Now: now, Judge: judge})
			if err != nil {
				t.Fatal(err)
			}
			if n == 0 {
				break
			}
		}
		got := rows(t, db, all)
		if len(got) != len(links) || got[0].Documents != 1001+4*10*4 {
			t.Errorf("%d rows, the first %+v; want all that was said in each", len(got), got[0])
		}
	})
}

func TestATransactionThatLosesAgainstAnotherIsTriedAgain(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		for _, code := range []string{"40P01", "40001"} {
			lost := fmt.Errorf("save: %w", &pgconn.PgError{Code: code})
			tries := 0
			err := db.InTransaction(t.Context(), func() error {
				if tries++; tries < 3 {
					return lost
				}
				return nil
			})
			if err != nil || tries != 3 {
				t.Errorf("%s: %d tries, err %v; want 3", code, tries, err)
			}
			tries = 0
			err = db.InTransaction(t.Context(), func() error { tries++; return lost })
			if !errors.Is(err, lost) || tries > 10 {
				t.Errorf("%s for ever: %d tries, err %v", code, tries, err)
			}
		}
		tries := 0
		other := &pgconn.PgError{Code: "23505"}
		if err := db.InTransaction(t.Context(), func() error { tries++; return other }); !errors.Is(err, other) || tries != 1 {
			t.Errorf("another error: %d tries, err %v", tries, err)
		}
	})
}

// TestAConnectionThatItsContextClosedIsNoFault holds what failed an import on a busy
// PostgreSQL, whose weighing it had just stopped.
func TestAConnectionThatItsContextClosedIsNoFault(t *testing.T) {
	ended, stop := context.WithCancel(t.Context())
	stop()
	broken := fmt.Errorf("update: %w", driver.ErrBadConn)
	if err := store.EndedBy(ended, broken); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was cancelled", err)
	}
	if err := store.EndedBy(t.Context(), broken); !errors.Is(err, driver.ErrBadConn) {
		t.Errorf("got %v, want the fault: nobody has stopped anything", err)
	}
	if err := store.EndedBy(ended, nil); err != nil {
		t.Errorf("got %v for what went well", err)
	}
}

// TestATransactionThatItsContextEndsSaysSo holds what made an import fail that had
// just ended well: whoever stops a rescore wants to know that it was he.
func TestATransactionThatItsContextEndsSaysSo(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		if err := db.EndsWith(t.Context()); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want that it was cancelled", err)
		}
	})
}
