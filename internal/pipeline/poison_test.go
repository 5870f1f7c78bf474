package pipeline_test

import (
	"database/sql"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
	"github.com/portent-cti/portent/internal/queue"
	"github.com/portent-cti/portent/internal/reference"
	"github.com/portent-cti/portent/internal/store"
)

// TestAPoisonDocumentIsParkedAndItsNeighboursAreDerived lets the store refuse
// what one document comes to, and damages the row of another.
func TestAPoisonDocumentIsParkedAndItsNeighboursAreDerived(t *testing.T) {
	path := filepath.Join(t.TempDir(), "portent.db")
	db, err := store.Open(t.Context(), "sqlite:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	set, err := reference.NewSet()
	if err != nil {
		t.Fatal(err)
	}
	moment := now
	p := &pipeline.Pipeline{DB: db, Queue: queue.NewMemory(), Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
		Now: func() time.Time { return now }, // held, as --now does
		Clock: func() time.Time {
			moment = moment.Add(time.Second) // retries become due
			return moment
		}}
	p.Use(set)
	var docs []intel.Document
	for i := range 40 {
		docs = append(docs, report(i%26, fmt.Sprintf("Seen: %d.sample.example.net and CVE-2099-%04d.", i, i+1)))
	}
	if _, err := db.SaveDocuments(t.Context(), docs, now); err != nil {
		t.Fatal(err)
	}
	raw, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	for _, statement := range []string{
		`CREATE TRIGGER poison BEFORE INSERT ON findings WHEN NEW.document = 7 BEGIN SELECT RAISE(ABORT, 'poison'); END`,
		`UPDATE documents SET claims = '[{"subject":' WHERE id = 9`,
	} {
		if _, err := raw.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	parked, err := db.Parked(t.Context(), 10)
	if err != nil || len(parked) != 2 || !strings.Contains(parked[0].Reason, "poison") || !strings.Contains(parked[1].Reason, "claims") {
		t.Errorf("parked %+v, err %v", parked, err)
	}
	var tries, done int
	err = raw.QueryRowContext(t.Context(), `SELECT (SELECT attempts FROM work WHERE document = 7), (SELECT COUNT(*) FROM work WHERE state = 1)`).Scan(&tries, &done)
	if err != nil || tries != 5 || done != 38 {
		t.Errorf("%d tries, %d documents done, err %v; want 5 and 38", tries, done, err)
	}
}
