package pipeline_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

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
	hunted := map[intel.Entity]float64{}
	err = ed.Indicators(t.Context(), r, 5, now, func(i pipeline.Indicator) error {
		hunted[i.Entity] = max(hunted[i.Entity], i.Probability)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, row := range p.IOC {
		out[row.Entity.Name] = fmt.Sprint(row.Doubts)
		f, err := ed.Value(t.Context(), r, row.Entity, pipeline.Window{}, now)
		if err != nil {
			t.Fatal(err)
		}
		if len(f.Names) > 0 && hunted[row.Entity] != f.Probability {
			t.Errorf("%s: a hunt goes by %v, a lookup says %v", row.Entity, hunted[row.Entity], f.Probability)
		}
		for _, n := range f.Names {
			if n.Entity == lynxActor && (fmt.Sprint(n.Doubts) != out[row.Entity.Name] || n.Probability != row.Probability) {
				t.Errorf("%s: its page says %v (%v), its actor's %v (%v)", row.Entity, n.Doubts, n.Probability, row.Doubts, row.Probability)
			}
		}
	}
	return out
}

func TestWhatOneAccountSaysInABurstIsMarked(t *testing.T) {
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

// named is a document of a source in which a value is that of many actors.
func named(source intel.SourceID, letter intel.Reliability, value intel.Entity, actors ...string) intel.Document {
	d := report(1, "A list of "+string(source))
	d.ID, d.Source, d.Author, d.Reliability, d.Genre = intel.NewDocumentID(source, "list"), source, "", letter, intel.List
	for _, a := range actors {
		d.Claims = append(d.Claims, intel.Claim{Subject: value, Relation: intel.Indicates, Object: intel.Entity{Kind: intel.Actor, Name: a}})
	}
	return d
}

func many(n int) (actors []string) {
	for i := range n {
		actors = append(actors, fmt.Sprint("troll-", i))
	}
	return actors
}

// TestOneSourceThatNamesManyBuriesNoOther has one that is believed little, and one that
// is believed as much and names the true actor among its many.
func TestOneSourceThatNamesManyBuriesNoOther(t *testing.T) {
	for _, c := range []struct {
		letter intel.Reliability
		too    bool // names the true one, too
		want   string
	}{{'E', false, "[]"}, {'E', true, "[]"}, {'A', false, "[shared by 8]"}, {'A', true, "[shared by 8]"}} {
		_, p, ed := open(t)
		other := named("vendorb", 'A', c2, lynxActor.Name)
		other.Published = other.Published.AddDate(0, 0, -9)
		troll := many(500)
		if c.too {
			troll = append(troll, lynxActor.Name)
		}
		finish(t, p, named("vendora", 'A', c2, lynxActor.Name), other, named("troll", c.letter, c2, troll...))
		if got := against(t, ed, intel.Public())[c2.Name]; got != c.want {
			t.Errorf("one of letter %c names 500 others: %s, want %s", c.letter, got, c.want)
		}
		f, err := ed.Value(t.Context(), intel.Public(), c2, pipeline.Window{}, now)
		if err != nil {
			t.Fatal(err)
		}
		if f.Names[0].Entity != lynxActor || f.Names[0].Probability < .8 || f.Names[1].Doubts[0] != "shared by 501" || f.Names[1].Probability > .02 {
			t.Errorf("letter %c: %v and then %v", c.letter, f.Names[0], f.Names[1])
		}
	}
}

// TestARowThatAnAnalystConfirmedIsNotDoubtedForOthers has a value that one source, by
// which alone it is known, says is shared by many.
func TestARowThatAnAnalystConfirmedIsNotDoubtedForOthers(t *testing.T) {
	_, p, ed := open(t)
	finish(t, p, named("feed", 'B', c2, append(many(39), lynxActor.Name)...))
	if got := against(t, ed, intel.Public())[c2.Name]; got != "[shared by 40]" {
		t.Errorf("before: %s", got)
	}
	row := intel.Link{From: c2, Relation: intel.Indicates, To: lynxActor}
	finish(t, p, intel.RowVerdict{Link: row, Ruling: intel.ConfirmRow, By: "analyst:ana", At: now, Believed: intel.Belief{Probability: .7, Origins: 1}}.Document())
	if got := against(t, ed, intel.Public())[c2.Name]; got != "[]" {
		t.Errorf("confirmed: %s", got)
	}
	finish(t, p, intel.RowVerdict{Link: row, Ruling: intel.UndoRow, By: "analyst:ana", At: now, Before: 1, Believed: intel.Belief{Probability: .7, Origins: 1}}.Document())
	if got := against(t, ed, intel.Public())[c2.Name]; got != "[shared by 40]" {
		t.Errorf("undone: %s", got)
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

// past is what speaks against the row of one indicator as of a moment.
func past(t *testing.T, ed *pipeline.Editor, value string, at time.Time) string {
	t.Helper()
	w := pipeline.Window{Back: true}
	p, _, err := ed.Profile(t.Context(), intel.Public(), lynxActor, w, at)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range p.IOC {
		if row.Entity.Name == value {
			f, err := ed.Value(t.Context(), intel.Public(), row.Entity, w, at)
			if err != nil || len(f.Names) > 0 && (fmt.Sprint(f.Names[0].Doubts) != fmt.Sprint(row.Doubts) || f.Probability != row.Probability) {
				t.Errorf("%s as of %s, err %v: its page says %v (%v), its actor's %v (%v)", value, at, err, f.Names[0].Doubts, f.Probability, row.Doubts, row.Probability)
			}
			return fmt.Sprint(row.Doubts)
		}
	}
	return "no row"
}

func TestDoubtsOfAPastDayAreThoseOfThen(t *testing.T) {
	_, p, ed := open(t)
	docs := posts("loud", intel.Clear, 2, 1, 2, 120, 1, 3, 2, 1, 2) // the burst is three days ago, the first day eight
	for i := range docs {
		docs[i].Learned = docs[i].Published
	}
	later := posts("calm", intel.Clear, 1)
	later[0].Claims[0].Subject.Name, later[0].Learned = "loud-3-7.net", now.Add(-time.Hour)
	load := posts("feed", intel.Clear, 3, 2, 3, 2, 4, 3, 150)
	for i := range load {
		load[i].Genre, load[i].Learned = intel.List, load[i].Published
	}
	shared := report(3, "Everybody uses it.")
	shared.Learned = now.AddDate(0, 0, -2)
	for i := range 8 {
		shared.Claims = append(shared.Claims, intel.Claim{Subject: intel.Entity{Kind: intel.Domain, Name: "loud-7-0.net"}, Relation: intel.Indicates, Object: intel.Entity{Kind: intel.Malware, Name: fmt.Sprint("m", i)}})
	}
	finish(t, p, slices.Concat(docs, later, load, []intel.Document{shared})...)
	day := func(back int) time.Time { return now.AddDate(0, 0, -back).Add(time.Minute) }
	for _, c := range []struct {
		value string
		at    time.Time
		want  string
	}{
		{"loud-3-7.net", day(4), "no row"},
		{"loud-3-7.net", day(3), "[]"}, // six days are no habit
		{"loud-3-7.net", day(2), "[said by one account in a burst]"},
		{"loud-3-7.net", day(0), "[]"}, // another says it too
		{"loud-3-8.net", day(0), "[said by one account in a burst]"},
		{"feed-6-0.net", day(3), "[]"},
		{"feed-6-0.net", day(1), "[dated by the first load of its source]"},
		{"loud-7-0.net", day(3), "[]"},
		{"loud-7-0.net", day(1), "[shared by 9]"},
	} {
		if got := past(t, ed, c.value, c.at); got != c.want {
			t.Errorf("%s as of %s: %s, want %s", c.value, c.at.Format(time.DateOnly), got, c.want)
		}
	}
}
