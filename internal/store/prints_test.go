package store_test

import (
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

func TestPrintsBelongToTheirOriginals(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		var docs []intel.Document
		for _, n := range []string{"a", "b", "c"} {
			docs = append(docs, intel.Document{ID: intel.NewDocumentID("kelp", n), Source: "kelp", Genre: intel.Forum, Text: n, Learned: now})
		}
		if _, err := db.SaveDocuments(t.Context(), docs, now); err != nil {
			t.Fatal(err)
		}
		a, b, c := docs[0].ID, docs[1].ID, docs[2].ID
		prints := []store.Print{{Document: a, Bits: 1 << 63, Reliability: 'B', Published: now.Truncate(time.Second), Original: a, Origin: "ann", Source: "kelp"}, {Document: b, Bits: 1<<63 | 1, Original: a, Marking: intel.Green, Origin: "ann", Source: "kelp"},
			{Document: c, Bits: 7, Marking: intel.Amber, Original: c, Origin: "cid", Source: "kelp"}}
		for range 2 { // the second time changes nothing
			if err := db.SavePrints(t.Context(), prints, nil); err != nil {
				t.Fatal(err)
			}
		}
		first, last, err := db.Prints(t.Context(), 0, 1)
		if err != nil || len(first) != 1 || first[0] != prints[0] {
			t.Fatalf("first original %+v, err %v", first, err)
		}
		rest, _, err := db.Prints(t.Context(), last, 10)
		if err != nil || len(rest) != 1 || rest[0] != prints[2] {
			t.Errorf("the others %+v, err %v", rest, err)
		}
		of, err := db.PrintsOf(t.Context(), []intel.DocumentID{b, intel.NewDocumentID("kelp", "none")})
		if err != nil || len(of) != 1 || of[b] != prints[1] {
			t.Errorf("of a copy %+v, err %v", of, err)
		}
	})
}
