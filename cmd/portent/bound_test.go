package main

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

// unpackable is text that no store makes shorter.
func unpackable(n int) string {
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, "%x", sha256.Sum256([]byte{byte(i), byte(i >> 8)}))
	}
	return b.String()[:n]
}

func TestOneLongValueIsRejectedAndItsNeighboursAreKeptOnAnyEngine(t *testing.T) {
	var list bytes.Buffer
	list.WriteString("url,actor\n")
	for i := range 60 {
		fmt.Fprintf(&list, "https://c%d.example/,Cold Lynx\n", i)
	}
	fmt.Fprintf(&list, "https://long.example/%s,Cold Lynx\n", unpackable(6000))
	path := file(t, "list.csv", list.Bytes())
	onEachStore(t, func(t *testing.T, db string) {
		code, c, errs := portent(t, db, "import", path)
		if code != exitPartial || c.Evidence != 60 || len(c.Rejected) != 1 || !strings.Contains(c.Rejected[0].Reason, "https://long.example/") {
			t.Errorf("exit %d, %d pieces of evidence, rejected %v\n%s", code, c.Evidence, c.Rejected, errs)
		}
		if code, again, errs := portent(t, db, "import", path); code != exitPartial || again.Documents != 0 {
			t.Errorf("again: exit %d, %+v\n%s", code, again, errs)
		}
	})
}

func TestAnImportThatGivesADocumentUpIsPartlyDone(t *testing.T) {
	db := newStore(t)
	kept, err := store.Open(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	doc := intel.Document{Source: "feed", Genre: intel.List, Claims: []intel.Claim{{Subject: intel.NewEntity(intel.IPv4, "45.134.21.8"), Relation: intel.Indicates, Object: intel.NewEntity(intel.Actor, "x")}}}
	doc.ID = intel.NewContentID(doc)
	if _, err := kept.SaveDocuments(t.Context(), []intel.Document{doc}, time.Now()); err != nil {
		t.Fatal(err)
	}
	kept.Close()
	raw, err := sql.Open("sqlite", strings.TrimPrefix(db, "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := raw.ExecContext(t.Context(), `UPDATE documents SET claims = '{'`); err != nil {
		t.Fatal(err)
	}
	raw.Close()
	path := file(t, "2026.csv", posts(3))
	code, c, errs := portent(t, db, "import", path)
	if code != exitPartial || c.Documents != 3 || len(c.Rejected) != 1 || c.Rejected[0].Item != "document "+string(doc.ID) {
		t.Errorf("exit %d, %+v\n%s", code, c, errs)
	}
	if code, c, errs := portent(t, db, "import", path); code != exitDone {
		t.Errorf("what was parked before: exit %d, %+v\n%s", code, c, errs)
	}
}
