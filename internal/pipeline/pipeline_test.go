package pipeline_test

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/correlate"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
	"github.com/portent-cti/portent/internal/publish"
	"github.com/portent-cti/portent/internal/queue"
	"github.com/portent-cti/portent/internal/reference"
	"github.com/portent-cti/portent/internal/score"
	"github.com/portent-cti/portent/internal/store"
)

var now = time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)

func open(t *testing.T) (*store.DB, *pipeline.Pipeline, *pipeline.Editor) {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "portent.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	set, err := reference.NewSet(reference.ActorsPack("1", []reference.Cluster{{Galaxy: "threat-actor", Value: "Cold Lynx", Synonyms: []string{"TG-4411"}}}))
	if err != nil {
		t.Fatal(err)
	}
	p := &pipeline.Pipeline{DB: db, Queue: queue.NewMemory(), Now: func() time.Time { return now }, Clock: time.Now,
		Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
	p.Use(set)
	return db, p, &pipeline.Editor{DB: db, Reference: p.Reference}
}

func report(n int, text string) intel.Document {
	return intel.Document{ID: intel.NewDocumentID("blog", text, string(rune('a'+n))), Source: "blog", Author: "vendor", Genre: intel.Report, Reliability: 'B',
		Title: "Report", Text: text, Published: now.AddDate(0, 0, -7*n), Learned: now.AddDate(0, 0, -7*n)}
}

func TestWorkThatNobodyWasToldOfIsFinished(t *testing.T) {
	db, p, _ := open(t)
	// As after a crash between keeping and deriving: no hint is in the queue.
	if _, err := db.SaveDocuments(t.Context(), []intel.Document{report(1, "Cold Lynx used a41d8cd98f00b204e9800998ecf8427e.")}, now); err != nil {
		t.Fatal(err)
	}
	if err := p.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	c, err := db.Counts(t.Context())
	if err != nil || c.Waiting != 0 || c.Evidence != 1 {
		t.Errorf("counts %+v, err %v; want one piece of evidence and nothing waiting", c, err)
	}
}

func TestOnlyWhatIsOldIsDerivedAgainUnlessAllIsAskedFor(t *testing.T) {
	db, p, _ := open(t)
	if _, err := p.Keep(t.Context(), []intel.Document{report(1, "Cold Lynx used a41d8cd98f00b204e9800998ecf8427e."), report(2, "Cold Lynx was seen.")}); err != nil {
		t.Fatal(err)
	}
	if err := p.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	before, err := db.Counts(t.Context())
	if err != nil || before.Evidence == 0 {
		t.Fatalf("counts %+v, err %v", before, err)
	}
	if n, err := p.Reprocess(t.Context()); err != nil || n != 0 {
		t.Errorf("what this version derived: %d wait, err %v; want none", n, err)
	}
	if n, err := p.ReprocessAll(t.Context()); err != nil || n != 2 {
		t.Errorf("all: %d wait, err %v; want both", n, err)
	}
	if err := p.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	if after, err := db.Counts(t.Context()); err != nil || after != before {
		t.Errorf("counts %+v, err %v; want %+v again", after, err, before)
	}
}

// TestABacklogThatAnotherProcessWorksOffMakesRoom has one process keep and
// another derive.
func TestABacklogThatAnotherProcessWorksOffMakesRoom(t *testing.T) {
	db, keeping, _ := open(t)
	keeping.Backlog = 2
	working := &pipeline.Pipeline{DB: db, Queue: queue.NewMemory(), Now: keeping.Now, Clock: keeping.Clock, Log: keeping.Log}
	working.Use(keeping.Reference())
	for i := range 2 {
		if _, err := keeping.Keep(t.Context(), []intel.Document{report(i, "Cold Lynx was seen.")}); err != nil {
			t.Fatal(err)
		}
	}
	full, stop := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer stop()
	if _, err := keeping.Keep(full, []intel.Document{report(2, "Cold Lynx was seen.")}); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("keep beyond the backlog: err %v; want it to wait", err)
	}
	if err := working.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	room, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	if _, err := keeping.Keep(room, []intel.Document{report(2, "Cold Lynx was seen.")}); err != nil {
		t.Errorf("keep once the other process is done: %v", err)
	}
}

// TestWhatAnOlderVersionDerivedIsDerivedAgain makes a store look as one that
// was written before an upgrade.
func TestWhatAnOlderVersionDerivedIsDerivedAgain(t *testing.T) {
	db, p, _ := open(t)
	if _, err := p.Keep(t.Context(), []intel.Document{report(1, "Cold Lynx was seen.")}); err != nil {
		t.Fatal(err)
	}
	if err := p.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	raw, err := sql.Open("sqlite", db.Place())
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	if _, err := raw.ExecContext(t.Context(), `UPDATE work SET version = version - 1`); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	again := 0
	p.Done = func(n int) { again += n; stop() }
	if err := p.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("run: %v", err)
	}
	if again != 1 {
		t.Errorf("%d documents were derived again; want 1", again)
	}
}

func TestAProfileGathersWhatStandsUnderEveryName(t *testing.T) {
	_, p, ed := open(t)
	docs := []intel.Document{report(1, "Cold Lynx used a41d8cd98f00b204e9800998ecf8427e."), report(2, "TG-4411 used b41d8cd98f00b204e9800998ecf8427e.")}
	if _, err := p.Keep(t.Context(), docs); err != nil {
		t.Fatal(err)
	}
	if err := p.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Cold Lynx", "cold_lynx", "tg-4411", "actor:TG-4411"} {
		matches, err := ed.Lookup(t.Context(), intel.Everything(), name)
		if err != nil || len(matches) != 1 || matches[0].Entity.Name != "cold-lynx" {
			t.Fatalf("%s: %+v, err %v", name, matches, err)
		}
	}
	profile, totals, err := ed.Profile(t.Context(), intel.Everything(), intel.Entity{Kind: intel.Actor, Name: "cold-lynx"}, pipeline.Window{Proofs: 2}, now)
	if err != nil {
		t.Fatal(err)
	}
	if totals["ioc"] != 2 || len(profile.IOC) != 2 || len(profile.IOC[0].Evidence) != 1 || profile.Documents != 2 || profile.Name != "Cold Lynx" {
		t.Errorf("profile %+v", profile)
	}
	then, _, err := ed.Profile(t.Context(), intel.Everything(), profile.Entity, pipeline.Window{Back: true}, now.AddDate(0, 0, -10))
	if err != nil || len(then.IOC) != 1 || then.IOC[0].Value != "b41d8cd98f00b204e9800998ecf8427e" {
		t.Errorf("ten days ago: %+v, err %v; want what was said by then", then.IOC, err)
	}
}

func TestForecastsAreMadeOncePerDay(t *testing.T) {
	db, p, _ := open(t)
	if _, err := p.Keep(t.Context(), []intel.Document{report(1, "Cold Lynx is back."), report(3, "Cold Lynx was here.")}); err != nil {
		t.Fatal(err)
	}
	if err := p.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := p.Forecast(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	fs, err := db.Forecasts(t.Context(), intel.Everything(), intel.Entity{Kind: intel.Actor, Name: "cold-lynx"}, now)
	if err != nil || len(fs) != 4 {
		t.Errorf("%d forecasts, err %v; want 7 and 28 days of activity, whether any and whether a surge", len(fs), err)
	}
	for _, f := range fs {
		if f.Rule == "" || f.Due.Before(f.Made) {
			t.Errorf("forecast %+v", f)
		}
	}
}

func TestResearchIsEmergingForNinetyDays(t *testing.T) {
	_, p, ed := open(t)
	asks := func(n int, id string) intel.Document {
		d := report(n, "Looking for a working exploit for "+id+", will pay.")
		d.Genre, d.Author = intel.Forum, "someone"
		return d
	}
	if _, err := p.Keep(t.Context(), []intel.Document{asks(2, "CVE-2099-0001"), asks(30, "CVE-2099-0002"), asks(1, "CVE-2099-0002")}); err != nil {
		t.Fatal(err)
	}
	if err := p.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, totals, err := ed.Profile(t.Context(), intel.Everything(), intel.Entity{Kind: intel.Handle, Name: "blog/someone"}, pipeline.Window{}, now)
	if err != nil || totals["research"] != 1 || got.Research[0].Entity.Name != "CVE-2099-0001" {
		t.Errorf("research %+v of %d, err %v; want what is new alone", got.Research, totals["research"], err)
	}
}

func TestWhatFollowsFromAnExploitIsPredictedAfterWhatWasSeen(t *testing.T) {
	_, p, ed := open(t)
	actor, flaw := intel.NewEntity(intel.Actor, "Cold Lynx"), intel.Entity{Kind: intel.Vulnerability, Name: "CVE-2099-0001"}
	seen, more := intel.Entity{Kind: intel.File, Name: "/seen.php"}, intel.Entity{Kind: intel.File, Name: "/more.php"}
	d := report(3, "")
	d.Claims = []intel.Claim{
		{Subject: actor, Relation: intel.Exploits, Object: flaw},
		{Subject: actor, Relation: intel.Uses, Object: seen},
		{Subject: flaw, Relation: intel.Affects, Object: seen},
		{Subject: flaw, Relation: intel.Affects, Object: more},
		{Subject: flaw, Relation: intel.HasWeakness, Object: intel.Entity{Kind: intel.Weakness, Name: "CWE-22"}},
	}
	if _, err := p.Keep(t.Context(), []intel.Document{d}); err != nil {
		t.Fatal(err)
	}
	if err := p.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, totals, err := ed.Profile(t.Context(), intel.Everything(), actor, pipeline.Window{}, now)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.IOA) != 2 || totals["ioa"] != 2 || got.IOA[0].Entity != seen || got.IOA[0].Predicted || got.IOA[1].Entity != more || !got.IOA[1].Predicted {
		t.Fatalf("fragments %+v of %d", got.IOA, totals["ioa"])
	}
	if r := got.IOA[1]; r.Probability <= 0 || r.Probability >= got.IOA[0].Probability || !r.First.IsZero() || !strings.Contains(r.Description, flaw.Name) || r.Level != intel.Low {
		t.Errorf("predicted %+v", r)
	}
	if i := slices.IndexFunc(got.TTP, func(r intel.Row) bool { return r.Predicted && slices.Contains(r.Weakness, "CWE-22") }); i < 0 {
		t.Errorf("no technique follows from the weakness: %+v", got.TTP)
	}
	got, totals, err = ed.Profile(t.Context(), intel.Everything(), actor, pipeline.Window{Rows: 1}, now)
	if err != nil || len(got.IOA) != 2 || totals["ioa"] != 2 {
		t.Errorf("a page of one observed row: %d of %d, err %v", len(got.IOA), totals["ioa"], err)
	}
}

func TestAliasesAreSettledAfterACrashAndWhenTheyAreWithdrawn(t *testing.T) {
	db, p, _ := open(t)
	main, alias := intel.Entity{Kind: intel.Actor, Name: "amber-stoat"}, intel.Entity{Kind: intel.Actor, Name: "grey-heron"}
	doc := report(1, "Amber Stoat is also called Grey Heron.")
	doc.Claims = []intel.Claim{{Subject: alias, Relation: intel.AliasOf, Object: main}}
	if _, err := db.SaveDocuments(t.Context(), []intel.Document{doc}, now); err != nil {
		t.Fatal(err)
	}
	derived := func(version int, evidence ...intel.Evidence) {
		t.Helper()
		// As before a crash: what the document came to is kept, nothing else done.
		err := db.SaveDerived(t.Context(), []store.Derived{{Document: doc.ID, Evidence: evidence}}, store.Derivation{Version: version, Now: now,
			Judge: func(e []intel.Evidence) []intel.Assessment { return score.Learned().Links(e, now) }})
		if err != nil {
			t.Fatal(err)
		}
	}
	stands := func() []store.Resolution {
		t.Helper()
		if err := p.Finish(t.Context()); err != nil {
			t.Fatal(err)
		}
		rs, err := db.StandsFor(t.Context(), intel.Everything(), alias)
		if err != nil {
			t.Fatal(err)
		}
		return rs
	}
	derived(1, correlate.Evidence(doc, nil, p.Reference())...)
	if rs := stands(); len(rs) != 1 || rs[0].Canonical != main {
		t.Errorf("the alias stands for %+v, want %s", rs, main)
	}
	derived(2)
	if rs := stands(); len(rs) != 0 {
		t.Errorf("the withdrawn alias stands for %+v", rs)
	}
}

func TestRowsOfOneThingUnderTwoNamesAreOne(t *testing.T) {
	_, p, ed := open(t)
	name := func(k intel.Kind, s string) intel.Entity { return intel.Entity{Kind: k, Name: s} }
	claim := func(from intel.Entity, rel intel.Relation, to intel.Entity) intel.Claim {
		return intel.Claim{Subject: from, Relation: rel, Object: to}
	}
	first, second, third := report(1, "one"), report(9, "two"), report(2, "three")
	lynx := name(intel.Actor, "cold-lynx")
	first.Claims = []intel.Claim{claim(lynx, intel.Uses, name(intel.Malware, "nightbell")), claim(lynx, intel.AssociatedWith, name(intel.Actor, "tg-4411"))}
	second.Claims = []intel.Claim{claim(lynx, intel.Uses, name(intel.Malware, "s9999"))}
	third.Claims = []intel.Claim{claim(name(intel.Malware, "s9999"), intel.AliasOf, name(intel.Malware, "nightbell"))}
	if _, err := p.Keep(t.Context(), []intel.Document{first, second, third}); err != nil {
		t.Fatal(err)
	}
	if err := p.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, totals, err := ed.Profile(t.Context(), intel.Everything(), lynx, pipeline.Window{}, now)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Arsenal) != 1 || totals["arsenal"] != 1 || got.Arsenal[0].Entity.Name != "nightbell" || !got.Arsenal[0].First.Equal(second.Published) {
		t.Errorf("arsenal %+v of %d", got.Arsenal, totals["arsenal"])
	}
	if len(got.Associated) != 0 {
		t.Errorf("associated with itself: %+v", got.Associated)
	}
}

func TestAnAliasThatOnlySecretDocumentsSayIsSecret(t *testing.T) {
	db, p, ed := open(t)
	lynx, alias := intel.Entity{Kind: intel.Actor, Name: "winter-cat"}, intel.Entity{Kind: intel.Actor, Name: "grey-heron"}
	first, second, secret := report(1, "Winter Cat used a41d8cd98f00b204e9800998ecf8427e."), report(3, "Grey Heron used b41d8cd98f00b204e9800998ecf8427e."), report(2, "secret")
	first.Claims = []intel.Claim{{Subject: lynx, Relation: intel.Uses, Object: intel.Entity{Kind: intel.Tool, Name: "lantern"}}}
	second.Claims = []intel.Claim{{Subject: alias, Relation: intel.Uses, Object: intel.Entity{Kind: intel.Tool, Name: "candle"}}}
	secret.Marking = intel.Red
	secret.Claims = []intel.Claim{{Subject: alias, Relation: intel.AliasOf, Object: lynx}}
	if _, err := p.Keep(t.Context(), []intel.Document{first, second, secret}); err != nil {
		t.Fatal(err)
	}
	if err := p.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	look := func(r intel.Reader, name intel.Entity) intel.Profile {
		t.Helper()
		matches, err := ed.Lookup(t.Context(), r, name.String())
		if err != nil || len(matches) != 1 {
			t.Fatalf("clearance %v: %s is %+v, err %v", r.Clearance, name, matches, err)
		}
		got, _, err := ed.Profile(t.Context(), r, matches[0].Entity, pipeline.Window{}, now)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	for _, clearance := range []intel.Marking{intel.Clear, intel.AmberStrict} {
		r := intel.Reader{Clearance: clearance}
		for _, name := range []intel.Entity{lynx, alias} {
			if got := look(r, name); got.Entity != name || len(got.Aliases) != 0 || len(got.Arsenal) != 1 || got.Documents != 1 {
				t.Errorf("clearance %v: %s is %+v", clearance, name, got)
			}
		}
		if busy, total, err := db.Busiest(t.Context(), r, store.Roll{Kind: intel.Actor, Until: now}, 10, 0); err != nil || total != 2 {
			t.Errorf("clearance %v: %+v, err %v; want two actors", clearance, busy, err)
		}
	}
	got := look(intel.Everything(), alias)
	if got.Entity != lynx || len(got.Aliases) != 1 || got.Aliases[0].Entity != alias || len(got.Arsenal) != 2 || got.Documents != 3 {
		t.Errorf("with clearance: %+v", got)
	}
	if busy, total, err := db.Busiest(t.Context(), intel.Everything(), store.Roll{Kind: intel.Actor, Until: now}, 10, 0); err != nil || total != 1 {
		t.Errorf("with clearance: %+v, err %v; want one actor", busy, err)
	}
}

func TestAnAliasThatSecretDocumentsDenyStandsForOtherReaders(t *testing.T) {
	db, p, _ := open(t)
	main, alias := intel.Entity{Kind: intel.Actor, Name: "amber-stoat"}, intel.Entity{Kind: intel.Actor, Name: "grey-heron"}
	said, denied := report(1, "said"), report(2, "denied")
	said.Claims = []intel.Claim{{Subject: alias, Relation: intel.AliasOf, Object: main}}
	denied.Marking, denied.Reliability, denied.Author = intel.Amber, 'A', "another"
	denied.Claims = []intel.Claim{{Subject: alias, Relation: intel.NotAliasOf, Object: main}}
	if _, err := p.Keep(t.Context(), []intel.Document{said, denied}); err != nil {
		t.Fatal(err)
	}
	if err := p.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	for clearance, want := range map[intel.Marking]int{intel.Clear: 1, intel.Green: 1, intel.Amber: 0, intel.Red: 0} {
		rs, err := db.StandsFor(t.Context(), intel.Reader{Clearance: clearance}, alias)
		if err != nil || len(rs) != want {
			t.Errorf("clearance %v: %+v, err %v", clearance, rs, err)
		}
	}
}

func TestAProfileOfAPastMomentKnowsNothingOfLater(t *testing.T) {
	_, p, ed := open(t)
	lynx := intel.Entity{Kind: intel.Actor, Name: "cold-lynx"}
	early, late := report(20, "Cold Lynx used a41d8cd98f00b204e9800998ecf8427e."), report(1, "Cold Lynx used a41d8cd98f00b204e9800998ecf8427e again, and b41d8cd98f00b204e9800998ecf8427e.")
	late.Source, late.URL, late.Title = "later", "https://later.example/a", "Later"
	late.ID = intel.NewDocumentID("later", "1")
	if _, err := p.Keep(t.Context(), []intel.Document{early, late}); err != nil {
		t.Fatal(err)
	}
	if err := p.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	then := now.AddDate(0, 0, -7*10)
	got, _, err := ed.Profile(t.Context(), intel.Everything(), lynx, pipeline.Window{Back: true, Proofs: 3}, then)
	if err != nil {
		t.Fatal(err)
	}
	var printed strings.Builder
	if err := publish.JSON(&printed, got, publish.Options{}); err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"later", "Later", "b41d8cd9", late.Published.Format(time.DateOnly)} {
		if strings.Contains(printed.String(), s) {
			t.Errorf("%s stands in %s", s, printed.String())
		}
	}
	if got.Documents != 1 || len(got.IOC) != 1 || len(got.IOC[0].Evidence) != 1 || !got.Last.Equal(early.Published) || len(got.Activities.Monthly) != 1 {
		t.Errorf("%+v", got)
	}
	if _, _, err := ed.Profile(t.Context(), intel.Everything(), lynx, pipeline.Window{Back: true}, now.AddDate(-1, 0, 0)); !errors.Is(err, intel.ErrNotFound) {
		t.Errorf("before anything was known: %v", err)
	}
}

func TestWhatTheReferenceListsIsARowWithoutEvidence(t *testing.T) {
	_, p, ed := open(t)
	set, err := reference.NewSet(reference.ActorsPack("1", []reference.Cluster{{Galaxy: "threat-actor", Value: "Cold Lynx", Country: "SE", Victims: []string{"France"}}}))
	if err != nil {
		t.Fatal(err)
	}
	p.Use(set)
	if _, err := p.Keep(t.Context(), []intel.Document{report(1, "Cold Lynx is back."), report(2, "Cold Lynx attacks France.")}); err != nil {
		t.Fatal(err)
	}
	if err := p.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	lynx := intel.Entity{Kind: intel.Actor, Name: "cold-lynx"}
	got, totals, err := ed.Profile(t.Context(), intel.Everything(), lynx, pipeline.Window{Proofs: 3}, now)
	if err != nil || len(got.Countries) != 2 || totals["countries"] != 2 {
		t.Fatalf("countries %+v of %d, err %v", got.Countries, totals["countries"], err)
	}
	if c := got.Countries[0]; c.Entity.Name != "SE" || c.Role != "origin" || c.Level != intel.Medium || !c.First.IsZero() || len(c.Evidence) != 0 || len(c.SaidBy) != 1 {
		t.Errorf("%+v", c)
	}
	if v := got.Countries[1]; v.Entity.Name != "FR" || v.Role != "target" || v.Level != intel.High || v.First.IsZero() || len(v.Evidence) != 1 || v.Origins != 2 {
		t.Errorf("listed and told: %+v", v)
	}
	if past, _, err := ed.Profile(t.Context(), intel.Everything(), lynx, pipeline.Window{Back: true}, now); err != nil || len(past.Countries) != 1 || past.Countries[0].Role != "target" {
		t.Errorf("as of a past moment: %+v, err %v", past.Countries, err)
	}
}
