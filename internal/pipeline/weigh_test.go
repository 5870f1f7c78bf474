package pipeline_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/score"
)

func TestThousandsOfVerdictsByTwoWhoDisagreeCostLittleAndAreKept(t *testing.T) {
	db, p, ed := open(t)
	disputed := intel.Link{From: intel.Entity{Kind: intel.IPv4, Name: "45.134.21.8"}, Relation: intel.Indicates, To: intel.Entity{Kind: intel.Actor, Name: "cold-lynx"}}
	const rows, words = 300, 1000
	doc := report(1, "A list.")
	for n := range rows {
		c := intel.Claim{Subject: disputed.From, Relation: disputed.Relation, Object: disputed.To}
		if n > 0 {
			c.Subject.Name = fmt.Sprintf("45.135.%d.%d", n/250, 1+n%250)
		}
		doc.Claims = append(doc.Claims, c)
	}
	docs := []intel.Document{doc}
	for n := range words {
		v := intel.RowVerdict{Link: disputed, Ruling: intel.ConfirmRow, By: "analyst:ana", At: now.Add(time.Duration(n-words) * time.Second), Believed: intel.Belief{Probability: .7, Origins: 1, Dated: true}, Before: n}
		if n%2 == 1 {
			v.Ruling, v.By = intel.RefuteRow, "analyst:bob"
		}
		docs = append(docs, v.Document())
		if n < rows && n > 0 {
			v.Link.From = doc.Claims[n].Subject
			docs = append(docs, v.Document())
		}
	}
	began := time.Now()
	if _, err := p.Keep(t.Context(), docs); err != nil {
		t.Fatal(err)
	}
	if err := p.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Rescore(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > time.Minute {
		t.Errorf("%d verdicts took %s", len(docs)-1, took)
	}
	id, err := db.Linked(t.Context(), disputed)
	if err != nil {
		t.Fatal(err)
	}
	row, err := db.Between(t.Context(), intel.Everything(), id)
	if err != nil || row.Probability > .2 {
		t.Errorf("believed %.3f, err %v; want what the last word, which refutes it, comes to", row.Probability, err)
	}
	all, err := ed.Rulings(t.Context(), intel.Everything(), disputed)
	if err != nil || len(all) != words {
		t.Errorf("%d words on the row are told, err %v, want %d", len(all), err, words)
	}
	m, err := ed.Measure(t.Context(), now)
	if err != nil {
		t.Fatal(err)
	}
	if own := m.Scale.Own["blog"]; own.Right+own.Wrong > rows || own.Wrong < rows/2-1 {
		t.Errorf("%+v of the source: want each of %d rows once", own, rows)
	}
	if got, err := ed.Rulings(t.Context(), intel.Public(), disputed); err != nil || len(got) != 0 {
		t.Errorf("the public is told %d words, err %v", len(got), err)
	}
}

func TestAWordOnWhatNobodySaysAnyMoreWaitsForSomebodyToSayIt(t *testing.T) {
	db, p, _ := open(t)
	link := intel.Link{From: intel.Entity{Kind: intel.IPv4, Name: "45.134.21.8"}, Relation: intel.Indicates, To: intel.Entity{Kind: intel.Actor, Name: "cold-lynx"}}
	keep := func(docs ...intel.Document) {
		t.Helper()
		if _, err := p.Keep(t.Context(), docs); err != nil {
			t.Fatal(err)
		}
		if err := p.Finish(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	keep(intel.RowVerdict{Link: link, Ruling: intel.ConfirmRow, By: "analyst:ana", At: now}.Document())
	if _, err := db.Linked(t.Context(), link); err == nil {
		t.Fatal("a word alone has made a row")
	}
	doc := report(1, "A list.")
	doc.Claims = []intel.Claim{{Subject: link.From, Relation: link.Relation, Object: link.To}}
	keep(doc)
	id, err := db.Linked(t.Context(), link)
	if err != nil {
		t.Fatal(err)
	}
	row, err := db.Between(t.Context(), intel.Everything(), id)
	if err != nil || row.Probability < .9 || row.Origins != 1 || row.Level != intel.Medium {
		t.Errorf("%+v, err %v; want one origin and the word", row.Assessment, err)
	}
	parts, err := db.Parts(t.Context(), intel.Everything(), id, now)
	if err != nil {
		t.Fatal(err)
	}
	if alone := score.Learned().Links(parts, now)[0].Probability; alone >= row.Probability {
		t.Errorf("believed %.3f with the word, %.3f without", row.Probability, alone)
	}
}
