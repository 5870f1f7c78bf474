package pipeline_test

import (
	"testing"

	"github.com/portent-cti/portent/internal/intel"
)

func TestARelayThatAReaderMayNotSeeTellsHimNothing(t *testing.T) {
	_, p, ed := open(t)
	says := func(author, text string, m intel.Marking, back int) intel.Document {
		d := report(back, text)
		d.ID, d.Author, d.Genre, d.Marking = intel.NewDocumentID("posts", author, text), "x/"+author, intel.Social, m
		d.Source, d.Graded, d.Claims = "posts", true, []intel.Claim{{Subject: c2, Relation: intel.Indicates, Object: lynxActor}}
		return d
	}
	voices := func(r intel.Reader) int {
		t.Helper()
		id, err := ed.DB.Linked(t.Context(), intel.Link{From: c2, Relation: intel.Indicates, To: lynxActor})
		if err != nil {
			t.Fatal(err)
		}
		row, err := ed.DB.Between(t.Context(), r, id)
		if err != nil {
			t.Fatal(err)
		}
		return row.Origins
	}
	finish(t, p, says("bob", "There it is.", intel.Clear, 3), says("eve", "Found one more of theirs.", intel.Clear, 30))
	if n := voices(intel.Public()); n != 2 {
		t.Fatalf("%d voices, want 2", n)
	}
	finish(t, p, says("bob", "For members: h/t @eve", intel.Red, 2))
	if n := voices(intel.Public()); n != 2 {
		t.Errorf("the public reads of %d voices, want 2 as before", n)
	}
	finish(t, p, says("bob", "All of it h/t @eve", intel.Clear, 1))
	if n := voices(intel.Public()); n != 1 {
		t.Errorf("the public reads of %d voices, want 1 since bob says whose it is", n)
	}
}
