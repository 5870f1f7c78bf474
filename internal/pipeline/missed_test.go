package pipeline

import (
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/queue"
	"github.com/portent-cti/portent/internal/reference"
	"github.com/portent-cti/portent/internal/store"
)

func TestAWordGivenWhileItsRowIsWeighedIsNotLost(t *testing.T) {
	now := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "portent.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	set, err := reference.NewSet()
	if err != nil {
		t.Fatal(err)
	}
	p := &Pipeline{DB: db, Queue: queue.NewMemory(), Now: func() time.Time { return now }, Clock: time.Now, Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
	p.Use(set)
	link := intel.Link{From: intel.Entity{Kind: intel.IPv4, Name: "45.134.21.8"}, Relation: intel.Indicates, To: intel.Entity{Kind: intel.Actor, Name: "cold-lynx"}}
	doc := intel.Document{ID: intel.NewDocumentID("blog", "1"), Source: "blog", Genre: intel.Report, Text: "A list.", Reliability: 'B', Published: now, Learned: now,
		Claims: []intel.Claim{{Subject: link.From, Relation: link.Relation, Object: link.To}}}
	keep := func(doc intel.Document) {
		t.Helper()
		if _, err := p.Keep(t.Context(), []intel.Document{doc}); err != nil {
			t.Fatal(err)
		}
		if err := p.Finish(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	keep(doc)
	id, err := db.Linked(t.Context(), link)
	if err != nil {
		t.Fatal(err)
	}
	believed := func() float64 {
		t.Helper()
		row, err := db.Between(t.Context(), intel.Everything(), id)
		if err != nil {
			t.Fatal(err)
		}
		return row.Probability
	}
	alone := believed()
	before, err := p.measure(t.Context(), now) // of another process
	if err != nil {
		t.Fatal(err)
	}
	keep(intel.RowVerdict{Link: link, Ruling: intel.RefuteRow, By: "analyst:ana", At: now}.Document())
	refuted := believed()
	if _, err := db.Rescore(t.Context(), store.Rescoring{Weighing: store.Weighing{Now: now, Judge: before.Judge}}); err != nil || believed() != alone || refuted >= alone {
		t.Fatalf("believed %.3f, refuted %.3f, weighed by who knows of no word %.3f, err %v", alone, refuted, believed(), err)
	}
	if err := p.missed(t.Context(), before); err != nil {
		t.Fatal(err)
	}
	if err := p.reweigh(t.Context()); err != nil || believed() != refuted {
		t.Errorf("believed %.3f, err %v, want %.3f as the word has it", believed(), err, refuted)
	}
}
