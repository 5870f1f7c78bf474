package pipeline_test

import (
	"testing"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
)

func TestAProfileCountsWhatCameSinceTheLastOne(t *testing.T) {
	db, p, ed := open(t)
	lynx := intel.NewEntity(intel.Actor, "Cold Lynx")
	documents := func() int {
		t.Helper()
		got, _, err := ed.Profile(t.Context(), intel.Everything(), lynx, pipeline.Window{}, now)
		if err != nil {
			t.Fatal(err)
		}
		return got.Documents
	}
	if _, err := p.Keep(t.Context(), []intel.Document{report(1, "Cold Lynx is back.")}); err != nil {
		t.Fatal(err)
	}
	if err := p.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := db.SaveSetting(t.Context(), "epoch", "0"); err != nil { // as of a store that is older than epochs
		t.Fatal(err)
	}
	if n := documents(); n != 1 {
		t.Errorf("%d documents, want 1", n)
	}
	// It is kept, the profile read, and only then derived.
	if _, err := p.Keep(t.Context(), []intel.Document{report(2, "Cold Lynx was here.")}); err != nil {
		t.Fatal(err)
	}
	if n := documents(); n != 1 {
		t.Errorf("%d documents before it is derived, want 1", n)
	}
	if err := p.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := documents(); n != 2 {
		t.Errorf("%d documents, want 2", n)
	}
}
