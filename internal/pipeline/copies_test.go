package pipeline_test

import (
	"fmt"
	"log/slog"
	"slices"
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
	if err := db.SavePrints(t.Context(), prints[:1], nil); err != nil {
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

func TestACopyIsOneVoiceWithItsOriginalWhateverDatesTheyBear(t *testing.T) {
	for what, back := range map[string]int{"dated back": 9, "dated later": -9, "of that day": 0} {
		_, p, ed := open(t)
		again := post("bob", alarm, intel.Clear)
		again.Published = now.AddDate(0, 0, -back)
		finish(t, p, post("ann", alarm, intel.Clear))
		finish(t, p, again)
		if n := origins(t, ed, intel.Everything()); n != 1 {
			t.Errorf("a copy that is %s: %d origins", what, n)
		}
	}
}

func TestAWorseCopyThatWasReadFirstIsOneVoiceWithItsOriginal(t *testing.T) {
	for _, at := range []string{"in one batch", "one after another"} {
		_, p, ed := open(t)
		var docs []intel.Document
		for i, letter := range "EEDB" {
			d := post("abcd"[i:i+1], alarm, intel.Clear)
			d.Reliability, d.Published = intel.Reliability(letter), now.AddDate(0, 0, 5*i-20)
			docs = append(docs, d)
		}
		if at == "in one batch" {
			finish(t, p, docs...)
		} else {
			for _, d := range docs {
				finish(t, p, d)
			}
		}
		profile, _, err := ed.Profile(t.Context(), intel.Everything(), intel.Entity{Kind: intel.Actor, Name: "cold-lynx"}, pipeline.Window{Proofs: 9}, now)
		if err != nil || len(profile.IOC) != 1 || profile.IOC[0].Origins != 1 || profile.IOC[0].Documents != 4 {
			t.Fatalf("%s: %+v, err %v", at, profile.IOC, err)
		}
		for _, e := range profile.IOC[0].Evidence {
			if e.Origin != "d" {
				t.Errorf("%s: the word of %q", at, e.Origin)
			}
		}
	}
}

func TestOneListUnderSeveralNamesIsOneVoice(t *testing.T) {
	_, p, ed := open(t)
	list := func(source intel.SourceID, rows, back int) intel.Document {
		d := intel.Document{ID: intel.NewDocumentID(source, "list"), Source: source, Genre: intel.List, Reliability: 'B', Graded: true, Published: now.AddDate(0, 0, -back), Learned: now}
		for i := range rows {
			d.Claims = append(d.Claims, intel.Claim{Subject: intel.Entity{Kind: intel.Domain, Name: fmt.Sprintf("c%d.example.net", i)}, Relation: intel.Indicates, Object: intel.Entity{Kind: intel.Actor, Name: "cold-lynx"}})
		}
		slices.Reverse(d.Claims[:rows/2])
		return d
	}
	finish(t, p, list("feed", 60, 9))
	finish(t, p, list("mirror", 60, 5), list("late", 61, 1))
	if got := listed(t, ed); got != 1 {
		t.Errorf("a list and its mirrors have %d origins", got)
	}
	finish(t, p, list("other", 7, 0))
	if got := listed(t, ed); got != 2 {
		t.Errorf("%d origins with a short list that says some of it, want 2", got)
	}
}

func TestAListOfManyReportersAndItsCopiesAreOneVoice(t *testing.T) {
	_, p, ed := open(t)
	list := func(source intel.SourceID, domains int, called string) intel.Document {
		d := intel.Document{ID: intel.NewDocumentID(source, "list"), Source: source, Genre: intel.List, Reliability: 'F', Published: now.AddDate(0, 0, -40), Learned: now}
		for i := range domains {
			for k, who := range []string{"ann", "bob", "cid", "dee"} {
				d.Claims = append(d.Claims, intel.Claim{Subject: intel.Entity{Kind: intel.Domain, Name: fmt.Sprintf("c%d.example.net", i)}, Relation: intel.Indicates,
					Object: intel.Entity{Kind: intel.Actor, Name: "cold-lynx"}, By: who + called, At: now.AddDate(0, 0, 4*k-30)})
			}
		}
		return d
	}
	finish(t, p, list("feed", 20, ""))
	finish(t, p, list("copy", 20, ""), list("renamed", 20, "2"))
	if n := listed(t, ed); n != 1 {
		t.Errorf("a list, its copy and one with other names have %d voices", n)
	}
	finish(t, p, list("other", 6, "3"))
	if n := listed(t, ed); n != 2 {
		t.Errorf("%d voices with another list that says some of it, want 2", n)
	}
}

func TestTheMirrorOfARoomIsNoSecondVoice(t *testing.T) {
	_, p, ed := open(t)
	for i, author := range []string{"ann", "bob"} {
		text := alarm
		if author == "bob" {
			text = "We confirm that Cold Lynx is behind a41d8cd98f00b204e9800998ecf8427e, which we took from the machines of two of our customers last week."
		}
		for _, source := range []intel.SourceID{"room", "mirror"} {
			d := post(author, text, intel.Clear)
			d.ID, d.Source, d.Reliability, d.Published = intel.NewDocumentID(source, author), source, 'F', now.AddDate(0, 0, 9*i-20)
			finish(t, p, d)
		}
	}
	if n := origins(t, ed, intel.Everything()); n != 1 {
		t.Errorf("two accounts of a room, mirrored, are %d voices", n)
	}
}

// listed returns the most origins that a row has.
func listed(t *testing.T, ed *pipeline.Editor) (most int) {
	t.Helper()
	profile, _, err := ed.Profile(t.Context(), intel.Everything(), intel.Entity{Kind: intel.Actor, Name: "cold-lynx"}, pipeline.Window{}, now)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range profile.IOC {
		most = max(most, row.Origins)
	}
	return most
}

func TestWhoCopiesTwoThatDifferDoesNotMakeThemOne(t *testing.T) {
	_, p, ed := open(t)
	other := "We confirm that Cold Lynx is behind a41d8cd98f00b204e9800998ecf8427e, which we took from the machines of two of our customers last week."
	on := func(author, text string, back int) intel.Document {
		d := post(author, text, intel.Clear)
		d.Published = now.AddDate(0, 0, -back)
		return d
	}
	finish(t, p, on("mal", alarm, 30), on("mal", other, 29))
	finish(t, p, on("ann", alarm, 20), on("bob", other, 10), on("cid", strings.ToUpper(other), 5))
	if n := origins(t, ed, intel.Everything()); n != 2 {
		t.Errorf("%d origins of two who wrote themselves and two who copied", n)
	}
	finish(t, p, on("dee", other, 0))
	if n := origins(t, ed, intel.Everything()); n != 2 {
		t.Errorf("%d origins with one more who copied", n)
	}
}

func TestWhoCopiesOneAgainAndAgainIsItsVoice(t *testing.T) {
	_, p, ed := open(t)
	for i, text := range []string{alarm, "We confirm that Cold Lynx is behind a41d8cd98f00b204e9800998ecf8427e, which we took from the machines of two of our customers last week.",
		"Third time this month that Cold Lynx sends a41d8cd98f00b204e9800998ecf8427e to a port authority, and nobody there has blocked the sender so far."} {
		for k, author := range []string{"ann", "bot", "relay"} {
			d := post(author, text, intel.Clear)
			d.Published = now.AddDate(0, 0, 10*i+3*k-30)
			finish(t, p, d)
		}
	}
	if n := origins(t, ed, intel.Everything()); n != 1 {
		t.Errorf("one who writes and two who copy all of it are %d origins", n)
	}
}
