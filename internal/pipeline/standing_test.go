package pipeline_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
	"github.com/portent-cti/portent/internal/reference"
	"github.com/portent-cti/portent/internal/store"
)

var (
	flaw    = intel.Entity{Kind: intel.Vulnerability, Name: "CVE-2099-1000"}
	coldone = intel.Entity{Kind: intel.Actor, Name: "cold-lynx"}
)

// threadPost is what an account says in a forum some days ago.
func threadPost(account string, daysAgo int, text string) intel.Document {
	at := now.AddDate(0, 0, -daysAgo)
	return intel.Document{ID: intel.NewDocumentID("kelp", account, text, fmt.Sprint(daysAgo)), Source: "kelp", Genre: intel.Forum, Author: "kelp/" + account, Channel: "kelp/board",
		Text: text, Published: at, Learned: at, Reliability: 'C'}
}

// crowd names nine other flaws, the first most, in texts too short to be copies.
func crowd() (docs []intel.Document) {
	for i := range 9 {
		for n := range 9 - i {
			docs = append(docs, threadPost(fmt.Sprint("crowd", n), 5+i, fmt.Sprintf("Patch CVE-2099-20%02d soon, says %d.", i, n)))
		}
	}
	return docs
}

func keep(t *testing.T, p *pipeline.Pipeline, docs ...intel.Document) {
	t.Helper()
	if _, err := p.Keep(t.Context(), docs); err != nil {
		t.Fatal(err)
	}
	if err := p.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func profileOf(t *testing.T, ed *pipeline.Editor, r intel.Reader, e intel.Entity, w pipeline.Window, at time.Time) intel.Profile {
	t.Helper()
	got, _, err := ed.Profile(t.Context(), r, e, w, at)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func interest(t *testing.T, ed *pipeline.Editor, r intel.Reader, e intel.Entity) intel.Standing {
	t.Helper()
	got := profileOf(t, ed, r, e, pipeline.Window{}, now)
	if got.Interest == nil {
		t.Fatalf("%s has no interest", e)
	}
	return *got.Interest
}

func TestAFloodByOneAccountLiftsNoFlawIntoTheBandsOfThreat(t *testing.T) {
	_, p, ed := open(t)
	keep(t, p, crowd()...)
	var flood []intel.Document
	for i := range 400 {
		flood = append(flood, threadPost("loud", i%40, fmt.Sprintf("CVE-2099-1000 is the worst flaw of all, number %d in my list of reasons.", i)))
	}
	keep(t, p, flood...)
	loud := interest(t, ed, intel.Everything(), flaw)
	if !loud.Held && loud.Score >= 5 || loud.Score > 4.99 || loud.Voices != 1 || loud.Attention > 1.6 {
		t.Errorf("%+v; want one voice that comes to 0.8·log2(4) at most, below 5", loud)
	}
	keep(t, p, threadPost("bob", 0, "CVE-2099-1000 works on my gateway too."), threadPost("eve", 0, "CVE-2099-1000 seen here as well, on two boxes."))
	if more := interest(t, ed, intel.Everything(), flaw); more.Held || more.Score <= loud.Score || more.Voices != 3 {
		t.Errorf("with two more voices %+v; want it above %.2f", more, loud.Score)
	}
}

func TestTheOrderOfDocumentsChangesNoScore(t *testing.T) {
	docs := append(crowd(), threadPost("ann", 1, "Selling an exploit for CVE-2099-1000."), threadPost("bob", 2, "Cold Lynx exploits CVE-2099-1000 in the wild."),
		report(1, "Cold Lynx attacked ministries in Germany by CVE-2099-1000."))
	var before []*intel.Standing
	for range 2 {
		_, p, ed := open(t)
		for _, d := range docs {
			keep(t, p, d)
		}
		a := profileOf(t, ed, intel.Everything(), coldone, pipeline.Window{}, now).Activities
		i := interest(t, ed, intel.Everything(), flaw)
		got := []*intel.Standing{&i, a.Offensive, a.Defensive}
		if before != nil && !cmp.Equal(before, got) {
			t.Error(cmp.Diff(before, got))
		}
		before = got
		slices.Reverse(docs)
	}
	if before[0].Score == 0 || before[1].Score == 0 || before[2].Score == 0 {
		t.Errorf("scores %v %v %v; want all above 0", before[0], before[1], before[2])
	}
}

func TestWhatAReaderMayNotSeeMovesNoScoreOfHis(t *testing.T) {
	_, p, ed := open(t)
	keep(t, p, append(crowd(), threadPost("ann", 3, "Who has CVE-2099-1000?"))...)
	before := interest(t, ed, intel.Public(), flaw)
	for i := range 20 {
		d := threadPost(fmt.Sprint("secret", i), 1, fmt.Sprintf("CVE-2099-1000 and CVE-2099-30%02d are for sale.", i))
		d.Marking = intel.Amber
		keep(t, p, d)
	}
	if after := interest(t, ed, intel.Public(), flaw); !cmp.Equal(before, after) {
		t.Error(cmp.Diff(before, after))
	}
	if all := interest(t, ed, intel.Everything(), flaw); all.Voices < 2 || all.Of != before.Of+20 {
		t.Errorf("to who may see it: %+v", all)
	}
}

func TestAScoreAsOfAPastDayKnowsNothingOfLater(t *testing.T) {
	_, p, ed := open(t)
	keep(t, p, append(crowd(), threadPost("ann", 30, "Who has CVE-2099-1000?"))...)
	late := threadPost("bob", 30, "CVE-2099-1000 was sold that day.")
	late.Learned = now.AddDate(0, 0, -1)
	then := now.AddDate(0, 0, -10)
	before := profileOf(t, ed, intel.Everything(), flaw, pipeline.Window{Back: true}, then).Interest
	keep(t, p, late, threadPost("eve", 2, "CVE-2099-1000 again."))
	after := profileOf(t, ed, intel.Everything(), flaw, pipeline.Window{Back: true}, then).Interest
	if !cmp.Equal(before, after) || before.Voices != 1 {
		t.Errorf("%+v, and after what came later %+v", before, after)
	}
	if s := interest(t, ed, intel.Everything(), flaw); s.Voices != 3 {
		t.Errorf("now: %+v, want three voices", s)
	}
}

func TestAListingAsExploitedIsAMentionOnItsDay(t *testing.T) {
	db, p, ed := open(t)
	keep(t, p, append(crowd(), threadPost("ann", 40, "Who has CVE-2099-1000?"))...)
	before := interest(t, ed, intel.Everything(), flaw)
	added := now.AddDate(0, 0, -7).Format(time.DateOnly)
	_, err := db.SavePack(t.Context(), store.Pack{Name: "kev", Digest: "1", Loaded: now}, func(yield func(string, []byte) error) error {
		for _, name := range []string{flaw.Name, "CVE-2099-9999"} {
			if err := yield(name, fmt.Appendf(nil, `{"added":%q}`, added)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	p.Use(p.Reference()) // as a sync does
	ed = &pipeline.Editor{DB: db, Reference: p.Reference}
	listed := interest(t, ed, intel.Everything(), flaw)
	if listed.Score <= before.Score || listed.Voices != 2 || listed.Of != before.Of+1 || listed.Held {
		t.Errorf("listed %+v, before %+v; want another voice, and one flaw more that is spoken of", listed, before)
	}
	// The same entry as a document is the same word.
	entry := intel.Document{ID: intel.NewDocumentID("kev", flaw.Name), Source: "kev", Genre: intel.Advisory, Author: "cisa", Title: "Acme bug", Text: "Acme bug in CVE-2099-1000",
		Published: now.AddDate(0, 0, -7).Truncate(24 * time.Hour), Learned: now}
	keep(t, p, entry)
	if again := interest(t, ed, intel.Everything(), flaw); again.Attention != listed.Attention || again.Voices != 2 {
		t.Errorf("read as a document too: %+v, want %+v", again, listed)
	}
	if past := profileOf(t, ed, intel.Everything(), flaw, pipeline.Window{Back: true}, now.AddDate(0, 0, -8)).Interest; past.Voices != 1 {
		t.Errorf("the day before it was listed: %+v", past)
	}
}

func TestForecastsMoveNoScore(t *testing.T) {
	_, p, ed := open(t)
	keep(t, p, append(crowd(), report(1, "Cold Lynx exploits CVE-2099-1000 to attack banks in Germany."), report(2, "Cold Lynx attacked Germany."))...)
	before := profileOf(t, ed, intel.Everything(), coldone, pipeline.Window{}, now)
	flawBefore := interest(t, ed, intel.Everything(), flaw)
	if err := p.Forecast(t.Context()); err != nil {
		t.Fatal(err)
	}
	ed = &pipeline.Editor{DB: ed.DB, Reference: ed.Reference} // remembers nothing
	after := profileOf(t, ed, intel.Everything(), coldone, pipeline.Window{}, now)
	if len(after.Forecasts) == 0 {
		t.Fatal("no forecast was made")
	}
	if !cmp.Equal(before.Activities.Offensive, after.Activities.Offensive) || !cmp.Equal(flawBefore, interest(t, ed, intel.Everything(), flaw)) {
		t.Error("a forecast moved a score")
	}
}

// nations opens a store whose reference says that Brine Bear is from Russia.
func nations(t *testing.T) (*pipeline.Pipeline, *pipeline.Editor) {
	db, p, _ := open(t)
	set, err := reference.NewSet(reference.ActorsPack("1", []reference.Cluster{{Galaxy: "threat-actor", Value: "Cold Lynx"},
		{Galaxy: "threat-actor", Value: "Brine Bear", Country: "RU"}}))
	if err != nil {
		t.Fatal(err)
	}
	p.Use(set)
	return p, &pipeline.Editor{DB: db, Reference: p.Reference}
}

func TestACountryIsToldWhoTargetsItAndWhomItsActorsTarget(t *testing.T) {
	p, ed := nations(t)
	for i := range 6 {
		keep(t, p, report(10*i, fmt.Sprintf("Brine Bear attacked banks in Germany, case %d.", i)))
	}
	// Where it attacks from is not who it is.
	keep(t, p, report(1, "Cold Lynx attacked hospitals in Germany. Cold Lynx routes traffic through servers in Brazil, from 200.147.3.157."),
		report(2, "Brine Bear hit ministries in Ukraine."))
	germany := profileOf(t, ed, intel.Everything(), intel.Entity{Kind: intel.Country, Name: "DE"}, pipeline.Window{Proofs: 2}, now)
	inward, outward := germany.Ways()
	if len(inward) != 2 || len(outward) != 0 {
		t.Fatalf("%+v", germany.Relations)
	}
	for _, r := range inward {
		if r.From.Name != "RU" && r.From.Name != "" {
			t.Errorf("%s is said to target it", r.From)
		}
		if len(r.Actors) != 1 || len(r.Actors[0].Evidence) == 0 || !strings.Contains(r.Actors[0].Evidence[0].Snippet, "Germany") {
			t.Errorf("%s: actors %+v; want one with evidence", r.Value, r.Actors)
		}
	}
	i := slices.IndexFunc(inward, func(r intel.Tension) bool { return r.From.Name == "RU" })
	if r := inward[i]; r.Documents != 6 || r.Origins != 1 || r.Tension <= 0 || r.Trend == "" || len(r.Monthly) != 24 || r.Value != "Russia" && r.Value != "RU" {
		t.Errorf("%+v", r)
	}
	russia := profileOf(t, ed, intel.Everything(), intel.Entity{Kind: intel.Country, Name: "RU"}, pipeline.Window{}, now)
	inward, outward = russia.Ways()
	if len(inward) != 0 || len(outward) != 2 {
		t.Errorf("Russia: %d inward, %d outward; want Germany and Ukraine", len(inward), len(outward))
	}
	if a := russia.Activities; a.Offensive.Score == 0 || a.Offensive.Voices != 1 {
		t.Errorf("its actors' attacks come to %+v", a.Offensive)
	}
	if a := germany.Activities; a.Offensive.Score != 0 {
		t.Errorf("who is attacked attacks by %+v", a.Offensive)
	}
}

func TestAnOriginThatIsHiddenMakesNoRelation(t *testing.T) {
	_, p, ed := open(t)
	origin := report(3, "")
	origin.Marking, origin.Text = intel.Amber, "an internal note"
	origin.Claims = []intel.Claim{{Subject: coldone, Relation: intel.OriginatesFrom, Object: intel.Entity{Kind: intel.Country, Name: "KP"}}}
	keep(t, p, origin, report(1, "Cold Lynx attacked banks in Germany."))
	from := func(r intel.Reader) string {
		relations := profileOf(t, ed, r, intel.Entity{Kind: intel.Country, Name: "DE"}, pipeline.Window{}, now).Relations
		if len(relations) != 1 {
			t.Fatalf("%+v", relations)
		}
		return relations[0].From.Name
	}
	if all, public := from(intel.Everything()), from(intel.Public()); all != "KP" || public != "" {
		t.Errorf("from %q to who may see it, from %q to everybody; want KP and nowhere", all, public)
	}
}

func TestOneAccountMovesNoActorToACountry(t *testing.T) {
	_, p, ed := open(t)
	keep(t, p, report(1, "Cold Lynx attacked banks in Germany."), threadPost("ann", 2, "Cold Lynx operates from Norway."))
	norway := intel.Entity{Kind: intel.Country, Name: "NO"}
	if got := profileOf(t, ed, intel.Everything(), norway, pipeline.Window{}, now); len(got.Relations) != 0 || got.Activities.Offensive.Score != 0 {
		t.Errorf("by one account: %+v", got.Relations)
	}
	keep(t, p, report(3, "According to us, Cold Lynx operates from Norway."))
	if got := profileOf(t, ed, intel.Everything(), norway, pipeline.Window{}, now); len(got.Relations) != 1 || got.Activities.Offensive.Score == 0 {
		t.Errorf("by a report too: %+v", got.Relations)
	}
}

func TestProductsAndVendorsHaveProfiles(t *testing.T) {
	_, p, ed := open(t)
	d := report(1, "A gateway of Acme is exploited.")
	gateway := intel.Entity{Kind: intel.Product, Name: "acme/gateway"}
	d.Claims = []intel.Claim{{Subject: flaw, Relation: intel.Affects, Object: gateway, ObjectText: "Acme Gateway"}}
	keep(t, p, d)
	for name, row := range map[string]intel.Entity{"product:acme/gateway": flaw, "vendor:acme": gateway} {
		found, err := ed.Lookup(t.Context(), intel.Everything(), name)
		if err != nil || len(found) != 1 {
			t.Fatalf("%s: %+v, err %v", name, found, err)
		}
		got := profileOf(t, ed, intel.Everything(), found[0].Entity, pipeline.Window{Proofs: 1}, now)
		if got.Interest == nil || got.Interest.Score == 0 || got.Interest.Voices != 1 {
			t.Errorf("%s: interest %+v", name, got.Interest)
		}
		if want := map[string]string{"product:acme/gateway": "Acme Gateway", "vendor:acme": "Acme"}[name]; got.Name != want {
			t.Errorf("%s is called %q, want %q", name, got.Name, want)
		}
		i := slices.IndexFunc(got.Arsenal, func(r intel.Row) bool { return r.Entity == row })
		if i < 0 || len(got.Arsenal[i].Evidence) != 1 {
			t.Errorf("%s: no row of %s with evidence in %+v", name, row, got.Arsenal)
		}
	}
}
