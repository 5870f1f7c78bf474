package store_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

// source returns how a source of a store fares.
func source(t *testing.T, db *store.DB, name intel.SourceID) store.Source {
	t.Helper()
	sources, err := db.Sources(t.Context(), all, now)
	i := slices.IndexFunc(sources, func(s store.Source) bool { return s.Name == name })
	if err != nil || i < 0 {
		t.Fatalf("no source %s among %d, err %v", name, len(sources), err)
	}
	return sources[i]
}

// visit keeps how a visit ended that serve made.
func visit(t *testing.T, db *store.DB, at time.Time, failure error) {
	t.Helper()
	v := store.Visit{Source: "blog", Connector: "rss", At: at, Failure: failure, Every: time.Hour, Circuit: intel.Closed, Next: at.Add(time.Hour)}
	if err := db.SaveVisit(t.Context(), v); err != nil {
		t.Fatal(err)
	}
}

func TestASourceTellsHowItWasVisited(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		at := now.Add(-3 * time.Hour)
		visit(t, db, at, nil)
		for n := range 2 {
			visit(t, db, at.Add(time.Duration(n+1)*time.Minute), errors.New("no route"))
		}
		s := source(t, db, "blog")
		if s.Visits.Visits != 3 || s.Failures != 2 || s.Failing != 2 || s.LastError != "no route" || !s.LastSuccess.Equal(at) || !s.Next.Equal(at.Add(62*time.Minute)) {
			t.Errorf("after two failures %+v", s.Visits)
		}
		open := store.Visit{Source: "blog", Connector: "rss", At: now, Failure: errors.New("gone"), Every: time.Hour, Circuit: intel.Stopped}
		if err := db.SaveVisit(t.Context(), open); err != nil {
			t.Fatal(err)
		}
		if s := source(t, db, "blog"); s.Circuit != intel.Stopped || !s.Next.IsZero() || s.Failing != 3 {
			t.Errorf("stopped for good: %+v", s.Visits)
		}
		visit(t, db, now, nil)
		if s := source(t, db, "blog"); s.Circuit != intel.Closed || s.Failing != 0 || s.LastError != "" || s.Failures != 3 || s.Visits.Visits != 5 {
			t.Errorf("after a success %+v", s.Visits)
		}
		// Who visits once, beside serve, tells nothing of when it is visited next.
		if err := db.SaveVisit(t.Context(), store.Visit{Source: "blog", Connector: "list", At: now}); err != nil {
			t.Fatal(err)
		}
		if s := source(t, db, "blog"); !s.Next.Equal(now.Add(time.Hour)) || s.Circuit != intel.Closed {
			t.Errorf("an import takes the next visit back: %+v", s.Visits)
		}
	})
}

func TestASourceCountsWhatCameAgainWhatIsACopyAndWhatGaveEvidence(t *testing.T) {
	atEachEngine(t, func(t *testing.T, url string) {
		db := open(t, url)
		save(t, db, document(1), document(2), document(3), document(1))
		save(t, db, document(2), document(4))
		var prints []store.Print
		for i := range 4 {
			original := document(1)
			if i == 0 || i == 3 {
				original = document(i + 1)
			}
			prints = append(prints, store.Print{Document: document(i + 1).ID, Bits: 7, Original: original.ID, Origin: "blog.example"})
		}
		for range 2 { // what is kept again is counted once
			if err := db.SavePrints(t.Context(), prints, nil); err != nil {
				t.Fatal(err)
			}
		}
		// A better original makes one that stood alone a copy.
		if err := db.SavePrints(t.Context(), []store.Print{{Document: document(1).ID}}, map[intel.DocumentID][]intel.DocumentID{document(1).ID: {document(4).ID}}); err != nil {
			t.Fatal(err)
		}
		derive(t, db, 1, derived(document(1), 1), derived(document(2), 1), store.Derived{Document: document(3).ID})
		if s := source(t, db, "blog"); s.Documents != 4 || s.Known != 2 || s.Copies != 3 || s.Yielded != 2 || s.Pieces != 2 {
			t.Errorf("%+v, want 4 documents, 2 known, 3 copies, 2 with evidence", s.Brought)
		}
		derive(t, db, 2, store.Derived{Document: document(1).ID}, derived(document(2), 1), derived(document(3), 1))
		derive(t, db, 3, store.Derived{Document: document(2).ID})
		if s := source(t, db, "blog"); s.Yielded != 1 || s.Pieces != 1 {
			t.Errorf("derived again, %d documents gave evidence, want 1", s.Yielded)
		}
		// A store that did not count counts the same, but for what came again.
		want := source(t, db, "blog").Brought
		want.Known = 0
		if err := db.Run(t.Context(), store.BeforeHealth()...); err != nil {
			t.Fatal(err)
		}
		db.Close()
		if d := cmp.Diff(want, source(t, open(t, url), "blog").Brought, cmpopts.IgnoreFields(store.Brought{}, "Documents24")); d != "" {
			t.Errorf("a migration counts what was not counted: %s", d)
		}
	})
}

// TestAFailedWeekIsAnOutageAndAnHourIsNone has a source that is read every hour fail for a
// while, or be left alone, and then succeed.
func TestAFailedWeekIsAnOutageAndAnHourIsNone(t *testing.T) {
	week := 7 * 24 * time.Hour
	for name, c := range map[string]struct {
		failed, out time.Duration // before now
		tells       time.Duration // a document that is dated so long before now; 0: none
		until       time.Duration // the end of the outage; 0: none
		why         string
	}{
		"visits failed for a week":            {failed: week - time.Hour, out: week, until: -1, why: "no route"},
		"nobody visited for a week":           {out: week, until: -1},
		"two visits failed":                   {failed: time.Hour, out: 2 * time.Hour},
		"a week that was told of later":       {out: week, tells: week - time.Minute, until: week - time.Minute},
		"a week of which the end was told of": {out: week, tells: 48 * time.Hour, until: 48 * time.Hour},
	} {
		for _, lasts := range []bool{false, true} {
			t.Run(fmt.Sprint(name, ", lasts: ", lasts), func(t *testing.T) {
				onEachEngine(t, func(t *testing.T, db *store.DB) {
					if err := db.SaveSource(t.Context(), store.Source{Name: "blog", Connector: "rss", Every: time.Hour}); err != nil {
						t.Fatal(err)
					}
					visit(t, db, now.Add(-c.out), nil)
					if c.failed > 0 {
						visit(t, db, now.Add(-c.failed), errors.New("no route"))
					}
					if !lasts {
						visit(t, db, now, nil)
					}
					if c.tells > 0 {
						d := document(1)
						d.Published = now.Add(-c.tells)
						save(t, db, d)
					}
					got, err := db.Outages(t.Context(), store.Period{From: now.AddDate(-2, 0, 0), To: now, Ingested: now})
					if err != nil {
						t.Fatal(err)
					}
					if c.until == 0 {
						if len(got) > 0 {
							t.Errorf("outages %+v, want none", got)
						}
						return
					}
					want := intel.Outage{Source: "blog", Stretch: intel.Stretch{From: now.Add(-c.out).Truncate(time.Microsecond), Until: now}, Why: c.why}
					if c.until > 0 {
						want.Until = now.Add(-c.until)
					}
					if len(got) != 1 || !got[0].From.Equal(want.From) || !got[0].Until.Equal(want.Until) || got[0].Why != want.Why || got[0].Source != want.Source {
						t.Errorf("outages %+v, want %+v", got, want)
					}
				})
			})
		}
	}
}

func TestASourceThatIsNoLongerReadHasNoOutage(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		if err := db.SaveSource(t.Context(), store.Source{Name: "blog", Connector: "rss", Every: time.Hour}); err != nil {
			t.Fatal(err)
		}
		visit(t, db, now.AddDate(0, 0, -9), nil)
		for _, read := range []bool{true, false} {
			if err := db.Unplan(t.Context(), map[intel.SourceID]bool{"blog": read}); err != nil {
				t.Fatal(err)
			}
			got, err := db.Outages(t.Context(), store.Period{From: now.AddDate(-2, 0, 0), To: now, Ingested: now})
			if s := source(t, db, "blog"); err != nil || (len(got) == 1) != read || s.Next.IsZero() == read {
				t.Errorf("read %v: outages %+v, next %v, err %v", read, got, s.Next, err)
			}
		}
	})
}

func TestASourceThatIsNoLongerReadFailsNoMore(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		for _, every := range []time.Duration{time.Hour, 0} {
			if err := db.SaveVisit(t.Context(), store.Visit{Source: "blog", Connector: "rss", At: now, Failure: errors.New("no password"), Every: every, Circuit: intel.Stopped}); err != nil {
				t.Fatal(err)
			}
			for _, read := range []bool{true, false} {
				if err := db.Unplan(t.Context(), map[intel.SourceID]bool{"blog": read}); err != nil {
					t.Fatal(err)
				}
				if s := source(t, db, "blog"); (s.Failing > 0) != read || (s.Circuit == intel.Stopped) != read || (s.LastError != "") != read {
					t.Errorf("every %v, read %v: %+v", every, read, s.Visits)
				}
			}
		}
	})
}

func TestASourceOfAnotherTypeIsReadFromItsBegin(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		if err := db.SaveCursor(t.Context(), "blog", "7 of rss"); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			connector string
			want      intel.Cursor
		}{{"rss", "7 of rss"}, {"rss", "7 of rss"}, {"taxii", ""}} {
			if err := db.SaveSource(t.Context(), store.Source{Name: "blog", Connector: c.connector}); err != nil {
				t.Fatal(err)
			}
			if got, err := db.Cursor(t.Context(), "blog"); got != c.want || err != nil {
				t.Errorf("%s goes on from %q, err %v, want %q", c.connector, got, err, c.want)
			}
		}
	})
}

func TestASourceIsHiddenFromWhomItsEntryHidesIt(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		for name, m := range map[intel.SourceID]intel.Marking{"open": intel.Clear, "private": intel.Red} {
			if err := db.SaveSource(t.Context(), store.Source{Name: name, Marking: m}); err != nil {
				t.Fatal(err)
			}
		}
		for reader, want := range map[intel.Reader]int{intel.Public(): 1, intel.Everything(): 2} {
			if got, err := db.Sources(t.Context(), reader, now); err != nil || len(got) != want {
				t.Errorf("%v knows of %d sources, want %d, err %v", reader, len(got), want, err)
			}
		}
	})
}

// TestOnlyWhoIsQuietIsAskedForItsHabit has sources that told on some days of a year, and one
// that told yesterday.
func TestOnlyWhoIsQuietIsAskedForItsHabit(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		n := 0
		for source, days := range map[intel.SourceID][]int{"quiet": {300, 190, 100, 30, 8, 7}, "lively": {9, 8, 1}, "imported": {9, 8}, "failing": {9, 8}, "late": {9, 8}} {
			v := store.Visit{Source: source, At: now}
			switch source {
			case "failing":
				v.Failure = errors.New("no route")
			case "late":
				v.At = now.Add(-5 * time.Hour)
				if err := db.SaveSource(t.Context(), store.Source{Name: source, Every: time.Hour}); err != nil {
					t.Fatal(err)
				}
			}
			if source != "imported" {
				v.Circuit = intel.Closed
			}
			if err := db.SaveVisit(t.Context(), v); err != nil {
				t.Fatal(err)
			}
			for _, back := range days {
				n++
				d := document(n)
				d.Source, d.Published = source, now.AddDate(0, 0, -back)
				save(t, db, d)
			}
		}
		ahead := document(n + 1) // is dated ahead, which is no word of today
		ahead.Source, ahead.Published, ahead.Learned = "quiet", now.AddDate(0, 0, 9), now.AddDate(0, 0, -7)
		save(t, db, ahead)
		today := now.Unix() / 86400
		if got, want := source(t, db, "quiet").Active, []int64{today - 100, today - 30, today - 8, today - 7}; !slices.Equal(got, want) {
			t.Errorf("the habit of half a year is %v, want %v", got, want)
		}
		for _, name := range []intel.SourceID{"lively", "imported", "failing", "late"} {
			if got := source(t, db, name).Active; len(got) > 0 {
				t.Errorf("%s is asked for its habit: %v", name, got)
			}
		}
	})
}

// TestASourceIsWorthWhatItToldFirst has three sources tell of three rows: one before all,
// one what it has from another, one what others told before.
func TestASourceIsWorthWhatItToldFirst(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		n := 0
		tell := func(source intel.SourceID, by intel.Speaker, stance intel.Stance, days int, hosts ...string) {
			n++
			d := document(n)
			d.Source, d.ID, d.Learned = source, intel.NewDocumentID(source, fmt.Sprint(n)), now.AddDate(0, 0, -days)
			save(t, db, d)
			one := store.Derived{Document: d.ID}
			for _, h := range hosts {
				one.Evidence = append(one.Evidence, intel.Evidence{Link: intel.Link{From: intel.Entity{Kind: intel.Domain, Name: h}, Relation: intel.Indicates, To: actor},
					Origin: string(source), Speaker: by, Stance: stance, Weight: 1, At: d.Learned, Learned: d.Learned, Reliability: 'B'})
			}
			derive(t, db, 1, one)
		}
		tell("early", intel.Publisher, intel.Supports, 9, "a.example", "b.example")
		tell("early", intel.Publisher, intel.Supports, 2, "c.example")
		tell("mirror", intel.Mirror, intel.Supports, 8, "b.example")
		tell("mirror", intel.Mirror, intel.Supports, 8, "d.example")
		tell("late", intel.Publisher, intel.Supports, 7, "a.example")
		tell("late", intel.Publisher, intel.Supports, 2, "c.example") // in the same moment
		tell("late", intel.Publisher, intel.Disputes, 10, "b.example")
		if err := db.CountWorth(t.Context(), now); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[intel.SourceID]store.Worth{"early": {Told: 3, Firsts: 2, Seconded: 1}, "mirror": {Told: 2}, "late": {Told: 2}} {
			want.Counted = now
			if got := source(t, db, name).Worth; got.Told != want.Told || got.Firsts != want.Firsts || got.Seconded != want.Seconded || !got.Counted.Equal(want.Counted) {
				t.Errorf("%s is worth %+v, want %+v", name, got, want)
			}
		}
	})
}

// TestALiveSourceIsOutFromWhenItBrokeOff has a stream that was read for days break off, and come
// back after five hours.
func TestALiveSourceIsOutFromWhenItBrokeOff(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		stream := func(ago time.Duration, failure error) {
			v := store.Visit{Source: "blog", At: now.Add(-ago), Failure: failure, Read: failure != nil && ago == 6*time.Hour, Circuit: intel.Closed}
			if err := db.SaveVisit(t.Context(), v); err != nil {
				t.Fatal(err)
			}
		}
		out := func() []intel.Outage {
			got, err := db.Outages(t.Context(), store.Period{From: now.AddDate(0, 0, -9), To: now, Ingested: now})
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		stream(72*time.Hour, nil)
		if got := out(); len(got) > 0 {
			t.Errorf("a stream that is read is out: %+v", got)
		}
		stream(6*time.Hour, errors.New("broke off"))
		stream(5*time.Hour, errors.New("no route"))
		for _, until := range []time.Time{now, now.Add(-time.Hour)} {
			if got := out(); len(got) != 1 || !got[0].From.Equal(now.Add(-6*time.Hour).Truncate(time.Microsecond)) || !got[0].Until.Equal(until.Truncate(time.Microsecond)) {
				t.Errorf("outages %+v, want one until %v", got, until)
			}
			stream(time.Hour, nil)
		}
	})
}

func TestItemsThatCouldNotBeReadAreCountedAndNoFailure(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		visit(t, db, now.Add(-time.Hour), nil)
		for _, r := range []store.Rejection{{"blog", 2, "item 2: cut off", now.Add(-time.Minute)}, {"blog", 1, "item 7: no text", now}} {
			if err := db.SaveRejection(t.Context(), r); err != nil {
				t.Fatal(err)
			}
		}
		if s := source(t, db, "blog"); s.Rejected != 3 || s.LastRejected != "item 7: no text" || !s.RejectedAt.Equal(now) || s.Failures != 0 || s.LastError != "" {
			t.Errorf("after two rejections %+v", s.Visits)
		}
	})
}
