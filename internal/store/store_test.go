package store_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

var (
	now    = time.Date(2026, 4, 1, 12, 0, 0, 123456000, time.UTC)
	actor  = intel.Entity{Kind: intel.Actor, Name: "cold-lynx"}
	host   = intel.Entity{Kind: intel.Domain, Name: "c2.example"}
	linked = intel.Link{From: host, Relation: intel.Indicates, To: actor}
	all    = intel.Everything()
)

func document(n int) intel.Document {
	return intel.Document{
		ID: intel.NewDocumentID("blog", fmt.Sprint(n)), Source: "blog", Genre: intel.Report, URL: fmt.Sprintf("https://blog.example/%d", n),
		Title: fmt.Sprintf("Report %d", n), Text: "Cold Lynx uses c2.example again. Größe 漢字", Published: now.AddDate(0, 0, -n), Learned: now, Reliability: 'B',
	}
}

func derived(d intel.Document, weight float64) store.Derived {
	return store.Derived{
		Document: d.ID,
		Observations: []intel.Observation{
			{Document: d.ID, Entity: actor, Offset: 0, Length: 9, Text: "Cold Lynx"},
			{Document: d.ID, Entity: host, Offset: 15, Length: 10, Text: "c2.example"},
		},
		Evidence: []intel.Evidence{{Link: linked, Document: d.ID, Source: d.Source, Origin: "blog.example", Reliability: d.Reliability, Marking: d.Marking,
			Weight: weight, At: d.Published, Learned: d.Learned, Offset: 15, Length: 10}},
		Titles: map[intel.Entity]string{actor: "Cold Lynx"},
	}
}

// judge believes the heaviest piece, per marking.
func judge(evidence []intel.Evidence) []intel.Assessment {
	var out []intel.Assessment
	for _, e := range evidence {
		if n := len(out); n > 0 && out[n-1].Link == e.Link && out[n-1].Marking == e.Marking {
			out[n-1].Probability = max(out[n-1].Probability, e.Weight)
			continue
		}
		out = append(out, intel.Assessment{Link: e.Link, Marking: e.Marking, Probability: e.Weight, Level: intel.Medium, Origins: 1, At: now})
	}
	return out
}

func derivation(version int) store.Derivation {
	return store.Derivation{Version: version, Now: now, Judge: judge}
}

func save(t testing.TB, db *store.DB, docs ...intel.Document) {
	t.Helper()
	if _, err := db.SaveDocuments(t.Context(), docs, now); err != nil {
		t.Fatal(err)
	}
}

func derive(t testing.TB, db *store.DB, version int, batch ...store.Derived) {
	t.Helper()
	if err := db.SaveDerived(t.Context(), batch, derivation(version)); err != nil {
		t.Fatal(err)
	}
}

var iocs = store.Section{Relations: []intel.Relation{intel.Indicates}, Inward: true, Class: intel.IOC}

func rows(t testing.TB, db *store.DB, r intel.Reader) []store.Assessed {
	t.Helper()
	out, _, err := db.Rows(t.Context(), r, []store.Resolution{{Name: actor, Canonical: actor, Share: 1}}, iocs, 10, 0)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestDocumentsComeBackAsTheyWereSaved(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		want := document(1)
		want.Claims = []intel.Claim{{Subject: host, Relation: intel.Indicates, Object: actor, ObjectText: "Cold Lynx", At: now}}
		want.References = []string{"https://a.example/x", "https://b.example/y"}
		want.Marking, want.Assumed, want.Language = intel.Green, true, "en"
		save(t, db, want)
		got, err := db.Document(t.Context(), all, want.ID)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	})
}

func TestADocumentIsNeverChanged(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		first := document(1)
		save(t, db, first)
		second := first
		second.Text = "something else"
		added, err := db.SaveDocuments(t.Context(), []intel.Document{second}, now)
		if err != nil || len(added) != 0 {
			t.Errorf("saving it again added %v, err %v; want nothing", added, err)
		}
		got, err := db.Document(t.Context(), all, first.ID)
		if err != nil || got.Text != first.Text {
			t.Errorf("text is %q, err %v; want the first", got.Text, err)
		}
	})
}

func TestAnUnknownTimeStaysUnknown(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		d := document(1)
		d.Published = time.Time{}
		save(t, db, d)
		got, err := db.Document(t.Context(), all, d.ID)
		if err != nil || !got.Published.IsZero() {
			t.Errorf("published %v, err %v; want unknown", got.Published, err)
		}
		derive(t, db, 1, derived(d, .5))
		if r := rows(t, db, all); len(r) != 1 || !r[0].First.IsZero() || !r[0].Last.IsZero() {
			t.Errorf("rows %+v; want one without times", r)
		}
	})
}

func TestHostileTextIsStored(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		d := document(1)
		d.Text = "nul \x00 and broken \xff utf-8 '; DROP TABLE documents; --"
		save(t, db, d)
		got, err := db.Document(t.Context(), all, d.ID)
		if err != nil || !strings.Contains(got.Text, "DROP TABLE") || strings.ContainsRune(got.Text, 0) {
			t.Errorf("text %q, err %v", got.Text, err)
		}
	})
}

func TestSearchFindsAllWordsNewestFirst(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		save(t, db, document(3), document(1), document(2))
		red := document(0)
		red.Marking = intel.Red
		save(t, db, red)
		got, err := db.Search(t.Context(), intel.Public(), "lynx AGAIN", 10, 0)
		if err != nil {
			t.Fatal(err)
		}
		var titles []string
		for _, d := range got {
			titles = append(titles, d.Title)
		}
		if d := cmp.Diff([]string{"Report 1", "Report 2", "Report 3"}, titles); d != "" {
			t.Error(d)
		}
		for _, q := range []string{`"`, `'`, "NEAR(", "*", "a OR", "", "   ", "col:x", "\x00"} {
			if _, err := db.Search(t.Context(), all, q, 10, 0); err != nil {
				t.Errorf("search %q: %v", q, err)
			}
		}
	})
}

func TestSearchHoldsNoWholeDocuments(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		d := document(1)
		d.Text = strings.Repeat("filler ", 10_000) + "Stoat " + strings.Repeat("filler ", 100_000)
		save(t, db, d)
		got, err := db.Search(t.Context(), intel.Public(), "STOAT filler", 10, 0)
		if err != nil || len(got) != 1 || len(got[0].Text) != 4000 || !strings.Contains(got[0].Text, "Stoat") {
			t.Fatalf("%d documents, err %v", len(got), err)
		}
	})
}

func TestReprocessedEvidenceSupersedes(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		d := document(30)
		d.Learned = d.Published // filled in later: derived first long after
		save(t, db, d)
		before := now.AddDate(0, 0, -1)
		believed := func(then time.Time, want float64) {
			t.Helper()
			if r, _ := past(t, db, then, 10); len(r) != 1 || r[0].Probability != want {
				t.Errorf("as of %s: %+v; want one of %v", then, r, want)
			}
		}
		derive(t, db, 1, derived(d, .4))
		if r := rows(t, db, all); len(r) != 1 || r[0].Probability != .4 || r[0].Documents != 1 {
			t.Fatalf("rows %+v; want one of .4", r)
		}
		derive(t, db, 2, derived(d, .7))
		if r := rows(t, db, all); len(r) != 1 || r[0].Probability != .7 || r[0].Documents != 1 {
			t.Errorf("rows %+v; want one of .7", r)
		}
		believed(before, .4)
		believed(now, .7)
		derive(t, db, 3, store.Derived{Document: d.ID})
		if r := rows(t, db, all); len(r) != 0 {
			t.Errorf("rows %+v; want none", r)
		}
		believed(before, .4)
		c, err := db.Counts(t.Context())
		if err != nil || c.Evidence != 0 || c.Observations != 0 {
			t.Errorf("counts %+v, err %v; want no evidence in force", c, err)
		}
	})
}

// TestARowCountsADocumentOnceHoweverItSaysSo has documents that say a link in a table, in
// a sentence and of two origins, as it is weighed at once, anew and as of a past day.
func TestARowCountsADocumentOnceHoweverItSaysSo(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		var docs []intel.Document
		var batch []store.Derived
		for i := range 3 {
			d := document(10 * (i + 1))
			d.Learned = d.Published
			said := derived(d, .5)
			for _, weight := range []float64{.7, .9} {
				e := said.Evidence[0]
				e.Weight, e.Origin = weight, fmt.Sprint("site-", weight)
				said.Evidence = append(said.Evidence, e)
			}
			docs, batch = append(docs, d), append(batch, said)
		}
		save(t, db, docs...)
		derive(t, db, 1, batch...)
		r := rows(t, db, all)
		if len(r) != 1 || r[0].Documents != 3 {
			t.Fatalf("rows %+v; want one in 3 documents", r)
		}
		if n, err := db.SaidIn(t.Context(), all, []int64{r[0].ID, r[0].ID}, time.Time{}); err != nil || n != 3 {
			t.Errorf("said in %d, err %v", n, err)
		}
		if r, _ := past(t, db, now.AddDate(0, 0, -15), 10); len(r) != 1 || r[0].Documents != 2 {
			t.Errorf("as of a past day %+v; want one in 2 documents", r)
		}
	})
}

func TestDerivingTwiceChangesNothing(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		docs := []intel.Document{document(1), document(2), document(9)}
		save(t, db, docs...)
		run := func() []store.Assessed {
			var batch []store.Derived
			for _, d := range docs {
				batch = append(batch, derived(d, .5))
			}
			derive(t, db, 1, batch...)
			return rows(t, db, all)
		}
		first := run()
		again := run()
		if d := cmp.Diff(first, again); d != "" {
			t.Error(d)
		}
		weeks, err := db.Weekly(t.Context(), all, []intel.Entity{actor}, now.AddDate(0, 0, -14), now, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, w := range weeks {
			n += w.N
			if w.Start.Weekday() != time.Monday {
				t.Errorf("week begins on %v", w.Start)
			}
		}
		if n != 3 {
			t.Errorf("%d documents in %+v, want 3", n, weeks)
		}
		derive(t, db, 2, store.Derived{Document: docs[0].ID})
		busy, total, err := db.Busiest(t.Context(), all, store.Roll{Kind: intel.Actor, Until: now}, 10, 0)
		if err != nil || total != 1 || len(busy) != 1 || busy[0].Documents != 2 {
			t.Errorf("busiest %+v of %d, err %v; want one actor in the 2 documents left", busy, total, err)
		}
	})
}

func TestAReaderSeesOnlyWhatHerClearanceAllows(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		clear, red := document(1), document(2)
		red.Marking = intel.Red
		save(t, db, clear, red)
		derive(t, db, 1, derived(clear, .3), derived(red, .9))
		for _, c := range []struct {
			reader      intel.Reader
			probability float64
			documents   int
		}{{intel.Public(), .3, 1}, {intel.Reader{Clearance: intel.Amber}, .3, 1}, {all, .9, 2}} {
			r := rows(t, db, c.reader)
			if len(r) != 1 || r[0].Probability != c.probability || r[0].Documents != c.documents {
				t.Errorf("%v sees %+v, want one row of %v in %d documents", c.reader, r, c.probability, c.documents)
			}
			proofs, err := db.Proofs(t.Context(), c.reader, []int64{r[0].ID}, 9, time.Time{})
			if err != nil || len(proofs[r[0].ID]) != c.documents {
				t.Errorf("%v sees proofs %+v, err %v", c.reader, proofs, err)
			}
			span, err := db.Mentioned(t.Context(), c.reader, []intel.Entity{actor}, now, time.Time{})
			if err != nil || span.Documents != c.documents {
				t.Errorf("%v counts %+v, err %v", c.reader, span, err)
			}
		}
		if _, err := db.Document(t.Context(), intel.Public(), red.ID); !errors.Is(err, intel.ErrNotFound) {
			t.Errorf("the public reads a red document: err %v", err)
		}
	})
}

func TestProofsQuoteTheText(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		d := document(1)
		d.Text = strings.Repeat("漢", 100) + " c2.example " + strings.Repeat("字", 100)
		save(t, db, d)
		v := derived(d, .5)
		v.Evidence[0].Offset = 301
		derive(t, db, 1, v)
		r := rows(t, db, all)
		proofs, err := db.Proofs(t.Context(), all, []int64{r[0].ID}, 3, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		p := proofs[r[0].ID][0]
		if !strings.HasPrefix(p.Snippet, "漢漢") || !strings.HasSuffix(p.Snippet, "字字") || !strings.Contains(p.Snippet, "c2.example") || p.Title != d.Title {
			t.Errorf("proof %+v", p)
		}
	})
}

func TestFailingDocumentIsTriedAloneAndParked(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		save(t, db, document(1), document(2), document(3))
		clock := now
		lease := func() []intel.Document {
			docs, err := db.Lease(t.Context(), 10, clock, time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			return docs
		}
		if n := len(lease()); n != 3 {
			t.Fatalf("leased %d, want 3", n)
		}
		if n := len(lease()); n != 0 {
			t.Fatalf("leased %d that another holds", n)
		}
		clock = clock.Add(2 * time.Minute)
		tries := map[intel.DocumentID]int{}
		for range 20 {
			docs := lease()
			if len(docs) == 0 {
				break
			}
			if len(docs) > 1 {
				t.Fatalf("%d documents that failed before came together", len(docs))
			}
			tries[docs[0].ID]++
			if docs[0].ID == document(2).ID {
				if err := db.Failed(t.Context(), docs[0].ID, "it breaks", clock); err != nil {
					t.Fatal(err)
				}
				continue
			}
			derive(t, db, 1, derived(docs[0], .5))
		}
		if got := tries[document(2).ID]; got != 4 {
			t.Errorf("tried %d times alone, want 4 after the one in company", got)
		}
		parked, err := db.Parked(t.Context(), 10)
		if err != nil || len(parked) != 1 || parked[0].Document != document(2).ID || parked[0].Reason != "it breaks" {
			t.Errorf("parked %+v, err %v", parked, err)
		}
		if n, err := db.Reprocess(t.Context(), 1); err != nil || n != 1 {
			t.Errorf("reprocess: %d, %v; want the parked one", n, err)
		}
	})
}

func TestANameIsReadWithTheNamesThatStandForIt(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		alias := intel.Entity{Kind: intel.Actor, Name: "tg-4411"}
		d := document(1)
		save(t, db, d)
		v := derived(d, .6)
		v.Evidence[0].Link.To = alias
		derive(t, db, 1, v)
		r := store.Resolution{Name: alias, Canonical: actor, Share: .5, SaidBy: []string{"Vantage", "Halden"}}
		if err := db.Settle(t.Context(), store.Settlement{Resolutions: []store.Resolution{r}}); err != nil {
			t.Fatal(err)
		}
		names, err := db.NamesOf(t.Context(), all, actor)
		if err != nil || len(names) != 2 {
			t.Fatalf("names %+v, err %v", names, err)
		}
		if d := cmp.Diff(r, names[1]); d != "" {
			t.Error(d)
		}
		got, total, err := db.Rows(t.Context(), all, names, iocs, 10, 0)
		if err != nil || total != 1 || len(got) != 1 || got[0].Probability != .3 {
			t.Errorf("rows %+v of %d, err %v; want one of .3", got, total, err)
		}
	})
}

func TestAFailingPackLeavesTheFormerInForce(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		put := func(digest, body string, fail error) (bool, error) {
			return db.SavePack(t.Context(), store.Pack{Name: "kev", Version: digest, Digest: digest, Loaded: now}, func(yield func(string, []byte) error) error {
				for i := range 450 {
					if err := yield(fmt.Sprintf("CVE-2099-%04d", i), []byte(body)); err != nil {
						return err
					}
				}
				return fail
			})
		}
		if changed, err := put("a", "one", nil); err != nil || !changed {
			t.Fatalf("changed %v, err %v", changed, err)
		}
		if changed, err := put("a", "one", nil); err != nil || changed {
			t.Errorf("the same pack again: changed %v, err %v", changed, err)
		}
		broken := errors.New("truncated")
		if _, err := put("b", "two", broken); !errors.Is(err, broken) {
			t.Errorf("err %v, want %v", err, broken)
		}
		it, err := db.PackItem(t.Context(), "kev", "CVE-2099-0007", time.Time{})
		if err != nil || string(it.Body) != "one" {
			t.Errorf("item %q, err %v; want the former", it.Body, err)
		}
		packs, err := db.Packs(t.Context())
		if err != nil || len(packs) != 1 || packs[0].Items != 450 || packs[0].Version != "a" {
			t.Errorf("packs %+v, err %v", packs, err)
		}
	})
}

func TestTwoWritersAtOnceLoseNothing(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		errs := make(chan error, 2)
		for w := range 2 {
			go func() {
				errs <- func() error {
					for i := range 20 {
						d := document(i%10 + 1 + 100*w)
						if _, err := db.SaveDocuments(context.WithoutCancel(t.Context()), []intel.Document{d}, now); err != nil {
							return err
						}
						if err := db.SaveDerived(context.WithoutCancel(t.Context()), []store.Derived{derived(d, .5)}, derivation(1)); err != nil {
							return err
						}
					}
					return nil
				}()
			}()
		}
		for range 2 {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		if counts, err := db.Counts(t.Context()); err != nil || counts.Documents != 20 || counts.Evidence != 20 {
			t.Errorf("counts %+v, err %v; want 20 documents with a piece of evidence each", counts, err)
		}
		for i := range 20 {
			d := document(i%10 + 1 + 100*(i/10))
			given, err := db.Given(t.Context(), all, d.ID)
			if err != nil || len(given) != 1 || given[0].Link != linked {
				t.Errorf("%s gives %+v, err %v; want %v once", d.URL, given, err, linked)
			}
		}
	})
}

func TestANewStoreCanBeOpenedByManyAtOnce(t *testing.T) {
	url := "sqlite:" + filepath.Join(t.TempDir(), "new.db")
	errs := make(chan error, 6)
	for range cap(errs) {
		go func() {
			db, err := store.Open(t.Context(), url)
			if err == nil {
				err = db.Close()
			}
			errs <- err
		}()
	}
	for range cap(errs) {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

func TestASourceTellsWhatItBroughtAndWhen(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		for i, ago := range []time.Duration{time.Hour, 23 * time.Hour, 25 * time.Hour, 10 * 24 * time.Hour, 40 * 24 * time.Hour, -23 * time.Hour} {
			d := document(i)
			d.Learned = now.Add(-ago)
			save(t, db, d)
		}
		if err := db.SaveVisit(t.Context(), store.Visit{Source: document(0).Source, Connector: "list", At: now}); err != nil {
			t.Fatal(err)
		}
		got, err := db.Sources(t.Context(), all, now)
		if err != nil || len(got) != 1 {
			t.Fatalf("sources %+v, err %v", got, err)
		}
		sum := 0
		for _, d := range got[0].Daily {
			sum += d.N
		}
		if s := got[0]; s.Documents != 6 || s.Documents24 != 2 || sum != 4 || len(s.Daily) != 14 || s.Connector != "list" || s.Reliability != document(0).Reliability {
			t.Errorf("source %+v", s)
		}
	})
}

func TestARollIsSortedAsAsked(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		// Three documents long ago, two of late, one yesterday.
		for name, weeks := range map[string][]int{"amber-stoat": {60, 61, 62}, "cold-lynx": {2, 3}, "bold-newt": {0}} {
			for _, w := range weeks {
				d := document(1)
				d.ID, d.Published = intel.NewDocumentID("blog", name, fmt.Sprint(w)), now.AddDate(0, 0, -7*w)
				save(t, db, d)
				derive(t, db, 1, store.Derived{Document: d.ID, Observations: []intel.Observation{{Entity: intel.Entity{Kind: intel.Actor, Name: name}}}})
			}
		}
		for _, test := range []struct {
			roll store.Roll
			want string
		}{
			{store.Roll{}, "amber-stoat cold-lynx bold-newt"},
			{store.Roll{Recent: now.AddDate(0, 0, -28)}, "cold-lynx bold-newt amber-stoat"},
			{store.Roll{Order: store.ByLast}, "bold-newt cold-lynx amber-stoat"},
			{store.Roll{Order: store.ByName}, "amber-stoat bold-newt cold-lynx"},
			{store.Roll{Since: now.AddDate(0, 0, -28)}, "cold-lynx bold-newt"},
		} {
			test.roll.Kind, test.roll.Until = intel.Actor, now
			busy, total, err := db.Busiest(t.Context(), all, test.roll, 10, 0)
			var names []string
			for _, b := range busy {
				names = append(names, b.Entity.Name)
			}
			if got := strings.Join(names, " "); err != nil || got != test.want || total != len(names) {
				t.Errorf("%+v: %s of %d, err %v; want %s", test.roll, got, total, err, test.want)
			}
		}
	})
}
