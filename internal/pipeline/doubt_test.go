package pipeline_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
)

// posts is a document of each of the days before now, in which an account speaks
// of so many values of its own.
func posts(account string, m intel.Marking, said ...int) (docs []intel.Document) {
	for back, n := range said {
		d := report(1, fmt.Sprint(account, back))
		d.Author, d.Genre, d.Marking, d.Published = account, intel.Social, m, now.AddDate(0, 0, -back)
		for i := range n {
			v := intel.Entity{Kind: intel.Domain, Name: fmt.Sprintf("%s-%d-%d.net", account, back, i)}
			d.Claims = append(d.Claims, intel.Claim{Subject: v, Relation: intel.Indicates, Object: lynxActor})
		}
		docs = append(docs, d)
	}
	return docs
}

// against returns what speaks against the row of each indicator of the profile.
func against(t *testing.T, ed *pipeline.Editor, r intel.Reader) map[string]string {
	t.Helper()
	p, _, err := ed.Profile(t.Context(), r, lynxActor, pipeline.Window{}, now)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.IsSortedFunc(p.IOC, func(a, b intel.Row) int {
		return -(map[bool]int{a.Probability > b.Probability: 1, a.Probability < b.Probability: -1}[true])
	}) {
		t.Error("the rows are not in the order of how far they are believed")
	}
	out := map[string]string{}
	for _, row := range p.IOC {
		out[row.Entity.Name] = fmt.Sprint(row.Doubts)
		f, err := ed.Value(t.Context(), r, row.Entity, pipeline.Window{}, now)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range f.Names {
			if n.Entity == lynxActor && (fmt.Sprint(n.Doubts) != out[row.Entity.Name] || n.Probability != row.Probability) {
				t.Errorf("%s: its page says %v (%v), its actor's %v (%v)", row.Entity, n.Doubts, n.Probability, row.Doubts, row.Probability)
			}
		}
	}
	return out
}

func TestWhatOneAccountSaysInABurstIsBelievedLess(t *testing.T) {
	_, p, ed := open(t)
	docs := posts("loud", intel.Clear, 2, 120, 1, 3, 2, 1, 2)
	second := posts("calm", intel.Clear, 1)
	second[0].Claims[0].Subject.Name = "loud-1-7.net"
	finish(t, p, append(docs, second...)...)
	check := func() {
		t.Helper()
		got := against(t, ed, intel.Public())
		burst := 0
		for name, why := range got {
			if why == "[said by one account in a burst]" {
				burst++
			} else if why != "[]" {
				t.Errorf("%s: %s", name, why)
			}
		}
		if burst != 119 || got["loud-1-7.net"] != "[]" || got["loud-0-0.net"] != "[]" {
			t.Errorf("%d of the burst, the one that another says too %s, of another day %s; want 119 and none", burst, got["loud-1-7.net"], got["loud-0-0.net"])
		}
	}
	check()
	if _, err := p.ReprocessAll(t.Context()); err != nil { // each day is counted once
		t.Fatal(err)
	}
	if err := p.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	check()
}

func TestABurstThatAReaderMayNotSeeDoubtsNothing(t *testing.T) {
	_, p, ed := open(t)
	docs := posts("loud", intel.Red, 2, 120, 1, 3, 2, 1, 2)
	open := docs[1]
	open.ID, open.Marking, open.Claims = intel.NewDocumentID("blog", "open"), intel.Clear, open.Claims[:1]
	finish(t, p, append(docs, open)...)
	if got := against(t, ed, intel.Public()); len(got) != 1 || got["loud-1-0.net"] != "[]" {
		t.Errorf("the public reads %v", got)
	}
	if got := against(t, ed, intel.Everything()); got["loud-1-0.net"] != "[said by one account in a burst]" {
		t.Errorf("who may see all reads %v of it", got["loud-1-0.net"])
	}
}

func TestAValueThatManyShareIsBelievedLessOfEach(t *testing.T) {
	_, p, ed := open(t)
	d := report(1, "Everybody uses it.")
	for i := range 8 {
		d.Claims = append(d.Claims, intel.Claim{Subject: c2, Relation: intel.Indicates, Object: intel.Entity{Kind: intel.Malware, Name: fmt.Sprint("m", i)}})
	}
	finish(t, p, d, usedBy(2, intel.Clear, c2), usedBy(3, intel.Clear, intel.Entity{Kind: intel.IPv4, Name: "45.134.21.9"}))
	got := against(t, ed, intel.Public())
	if got["45.134.21.8"] != "[shared by 9]" || got["45.134.21.9"] != "[]" {
		t.Errorf("%v", got)
	}
}

func TestAFirstLoadIsNoDate(t *testing.T) {
	_, p, ed := open(t)
	docs := posts("feed", intel.Clear, 3, 2, 3, 2, 4, 3, 150)
	for i := range docs {
		docs[i].Genre = intel.List
	}
	finish(t, p, docs...)
	got := against(t, ed, intel.Public())
	if got["feed-6-0.net"] != "[dated by the first load of its source]" || got["feed-0-0.net"] != "[]" {
		t.Errorf("of the first day %s, of the last %s", got["feed-6-0.net"], got["feed-0-0.net"])
	}
}
