package pipeline_test

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
	"github.com/portent-cti/portent/internal/queue"
	"github.com/portent-cti/portent/internal/store"
)

const alarm = "Cold Lynx now hides its loader behind a41d8cd98f00b204e9800998ecf8427e and asks every shipping company it meets to open a delivery note; block it today."

// post is said by somebody in a forum.
func post(author, text string, marking intel.Marking) intel.Document {
	return intel.Document{ID: intel.NewDocumentID("kelp", author, text), Source: "kelp", Author: author, Genre: intel.Forum, Reliability: 'B', Graded: true, Text: text,
		Marking: marking, Published: now, Learned: now}
}

func origins(t *testing.T, ed *pipeline.Editor, r intel.Reader) int {
	t.Helper()
	p, _, err := ed.Profile(t.Context(), r, intel.Entity{Kind: intel.Actor, Name: "cold-lynx"}, pipeline.Window{Proofs: 9}, now)
	if err != nil || len(p.IOC) != 1 {
		t.Fatalf("%+v, err %v", p.IOC, err)
	}
	return p.IOC[0].Origins
}

func finish(t *testing.T, p *pipeline.Pipeline, docs ...intel.Document) {
	t.Helper()
	if _, err := p.Keep(t.Context(), docs); err != nil {
		t.Fatal(err)
	}
	if err := p.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestATextThatIsPostedAgainIsOneOrigin(t *testing.T) {
	db, p, ed := open(t)
	finish(t, p, post("ann", alarm, intel.Clear))
	finish(t, p, post("bob", strings.ToUpper(alarm), intel.Clear), post("cid", "RT @ann: "+alarm, intel.Clear))
	if n := origins(t, ed, intel.Everything()); n != 1 {
		t.Errorf("said by one, repeated by two: %d origins", n)
	}
	own := post("dee", "Of Cold Lynx I know the file a41d8cd98f00b204e9800998ecf8427e from a case of ours in May, long before the others.", intel.Clear)
	own.Published = own.Published.AddDate(0, 0, 3)
	finish(t, p, own)
	if n := origins(t, ed, intel.Everything()); n != 2 {
		t.Errorf("said by another in his own words: %d origins", n)
	}
	// Another process, and all of it once more: nothing changes.
	again := &pipeline.Pipeline{DB: db, Queue: queue.NewMemory(), Now: p.Now, Clock: p.Clock, Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
	again.Use(p.Reference())
	if _, err := again.ReprocessAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	finish(t, again, post("eve", alarm, intel.Clear))
	if n := origins(t, ed, intel.Everything()); n != 2 {
		t.Errorf("derived again: %d origins", n)
	}
}

func TestACopyThatWasReadFirstTakesNothingAway(t *testing.T) {
	_, p, ed := open(t)
	scraped := func(author, text string) intel.Document {
		d := post(author, text, intel.Clear)
		d.Reliability, d.Published = 'E', now.AddDate(0, 0, 21)
		return d
	}
	other := "We confirm that Cold Lynx is behind a41d8cd98f00b204e9800998ecf8427e, which we took from the machines of two of our customers last week."
	finish(t, p, scraped("spam", alarm), scraped("more spam", other))
	later := post("bob", other, intel.Clear)
	later.Published = later.Published.AddDate(0, 0, 3)
	finish(t, p, post("ann", alarm, intel.Clear), later)
	profile, _, err := ed.Profile(t.Context(), intel.Everything(), intel.Entity{Kind: intel.Actor, Name: "cold-lynx"}, pipeline.Window{Proofs: 9}, now)
	if err != nil || len(profile.IOC) != 1 {
		t.Fatalf("%+v, err %v", profile.IOC, err)
	}
	said := map[string]bool{}
	for _, e := range profile.IOC[0].Evidence {
		said[e.Origin] = true
	}
	if !said["ann"] || !said["bob"] || profile.IOC[0].Level != intel.High {
		t.Errorf("said by %v, %s %.2f", said, profile.IOC[0].Level, profile.IOC[0].Probability)
	}
}

func TestACopyDoesNotTellOfAHiddenOriginal(t *testing.T) {
	_, p, ed := open(t)
	finish(t, p, post("ann", alarm, intel.Red))
	finish(t, p, post("bob", alarm, intel.Clear))
	profile, _, err := ed.Profile(t.Context(), intel.Public(), intel.Entity{Kind: intel.Actor, Name: "cold-lynx"}, pipeline.Window{Proofs: 9}, now)
	if err != nil || len(profile.IOC) != 1 {
		t.Fatalf("%+v, err %v", profile.IOC, err)
	}
	if e := profile.IOC[0].Evidence; len(e) != 1 || e[0].Origin != "bob" {
		t.Errorf("the public reads %+v", e)
	}
}

func TestPrintsAreKeptOnceAndInOrder(t *testing.T) {
	db, p, _ := open(t)
	a, b := post("ann", alarm, intel.Clear), post("bob", alarm, intel.Clear)
	finish(t, p, a, b)
	prints := []store.Print{{Document: b.ID, Bits: 1, Original: b.ID, Origin: "x"}, {Document: "00", Bits: 2, Original: "00"}}
	if err := db.SavePrints(t.Context(), prints[:1]); err != nil {
		t.Fatal(err)
	}
	all, last, err := db.Prints(t.Context(), 0, 10)
	if err != nil || len(all) != 1 || all[0].Document != a.ID || last == 0 {
		t.Errorf("originals %+v, last %d, err %v", all, last, err)
	}
	of, err := db.PrintsOf(t.Context(), []intel.DocumentID{a.ID, b.ID})
	if err != nil || of[b.ID].Original != a.ID || of[b.ID].Origin != "ann" {
		t.Errorf("%+v, err %v", of, err)
	}
}
