package store_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

var (
	flaw    = intel.Entity{Kind: intel.Vulnerability, Name: "CVE-2099-1000"}
	country = intel.Entity{Kind: intel.Country, Name: "DE"}
	named   = []store.Resolution{{Name: flaw, Canonical: flaw, Share: 1}}
	lynx    = []store.Resolution{{Name: actor, Canonical: actor, Share: 1}}
)

// speaks derives documents that name the flaw and say that the actor attacks
// the country, each by a voice.
func speaks(t *testing.T, db *store.DB, version int, voice string, docs ...intel.Document) {
	t.Helper()
	batch := make([]store.Derived, 0, len(docs))
	for _, d := range docs {
		x := derived(d, 0.5)
		x.Speech = intel.Speech{Voice: voice, Genre: d.Genre, Mentions: []intel.Mention{{Entity: flaw}, {Entity: actor, Side: intel.Offensive},
			{Entity: actor, Target: country, Side: intel.Offensive}}}
		batch = append(batch, x)
	}
	derive(t, db, version, batch...)
}

func half(then time.Time) store.Days { return store.DaysBack(now, 180, then) }

// heard returns how long ago names were spoken of, by whom and telling of what.
func heard(t *testing.T, db *store.DB, r intel.Reader, names []store.Resolution, d store.Days) []string {
	t.Helper()
	all, err := db.HeardOf(t.Context(), r, names, d)
	if err != nil {
		t.Fatal(err)
	}
	voices := map[int64]string{}
	for _, name := range []string{"ann", "bob", "lab"} {
		id, err := db.Voice(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		voices[id] = name
	}
	out := []string{}
	for _, h := range all {
		age := now.UnixMicro()/86_400_000_000 - h.Day
		out = append(out, fmt.Sprintf("%d %s %s %d %.1f", age, voices[h.Voice], h.Genre, h.Side, h.Share))
	}
	slices.Sort(out)
	return out
}

func want(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(append([]string{}, want...), got); diff != "" {
		t.Errorf("%s: %s", what, diff)
	}
}

func TestAVoiceIsHeardOnceADayHoweverManyDocumentsItWrites(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		var docs []intel.Document
		for i := range 30 {
			d := document(i % 2)
			d.ID = intel.NewDocumentID("blog", fmt.Sprint("loud ", i))
			docs = append(docs, d)
		}
		save(t, db, docs...)
		speaks(t, db, 1, "ann", docs...)
		want(t, "the flaw", heard(t, db, all, named, half(time.Time{})), "0 ann report 0 1.0", "1 ann report 0 1.0")
		want(t, "the actor", heard(t, db, all, lynx, half(time.Time{})), "0 ann report 1 1.0", "1 ann report 1 1.0")
		attacks, err := db.AttacksOn(t.Context(), all, country, half(time.Time{}))
		if err != nil || len(attacks) != 2 || attacks[0].Actor != actor || attacks[0].Target != country || attacks[0].Documents != 15 {
			t.Errorf("attacks %+v, err %v; want 15 documents on either day", attacks, err)
		}
		if by, err := db.AttacksBy(t.Context(), all, []intel.Entity{actor}, half(time.Time{})); err != nil || !cmp.Equal(by, attacks) {
			t.Errorf("by the actor %+v, err %v", by, err)
		}
	})
}

func TestWhatIsHeardIsTakenBackWhenItIsDerivedToNothing(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		one, two := document(3), document(3)
		two.ID = intel.NewDocumentID("blog", "two")
		save(t, db, one, two)
		speaks(t, db, 1, "ann", one, two)
		speaks(t, db, 2, "ann", one, two)
		want(t, "derived again", heard(t, db, all, named, half(time.Time{})), "3 ann report 0 1.0")
		derive(t, db, 3, store.Derived{Document: one.ID})
		want(t, "one withdrawn", heard(t, db, all, named, half(time.Time{})), "3 ann report 0 1.0")
		speaks(t, db, 3, "bob", two)
		want(t, "the other said by another", heard(t, db, all, named, half(time.Time{})), "3 bob report 0 1.0")
		derive(t, db, 4, store.Derived{Document: two.ID})
		want(t, "both withdrawn", heard(t, db, all, named, half(time.Time{})))
		if attacks, err := db.AttacksOn(t.Context(), all, country, half(time.Time{})); err != nil || len(attacks) != 0 {
			t.Errorf("attacks %+v, err %v; want none", attacks, err)
		}
	})
}

func TestWhatIsHiddenIsNotHeard(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		open, marked := document(1), document(2)
		marked.Marking = intel.Amber
		save(t, db, open, marked)
		speaks(t, db, 1, "ann", open)
		speaks(t, db, 1, "bob", marked)
		want(t, "everybody", heard(t, db, intel.Public(), named, half(time.Time{})), "1 ann report 0 1.0")
		want(t, "who may", heard(t, db, all, named, half(time.Time{})), "1 ann report 0 1.0", "2 bob report 0 1.0")
		for r, n := range map[intel.Reader]int{intel.Public(): 1, all: 2} {
			attacks, err := db.AttacksOn(t.Context(), r, country, half(time.Time{}))
			if err != nil || len(attacks) != n {
				t.Errorf("%v: %d attacks, err %v; want %d", r, len(attacks), err, n)
			}
			count := 0
			err = db.EachHeard(t.Context(), r, intel.Vulnerability, half(time.Time{}), func(_ int64, ms []store.Heard) error { count += len(ms); return nil })
			if err != nil || count != n {
				t.Errorf("%v: %d mentions of every flaw, err %v; want %d", r, count, err, n)
			}
		}
	})
}

func TestWhatWasLearnedLaterWasNotHeardThen(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		early, late := document(20), document(20)
		early.Learned, late.ID, late.Learned = early.Published, intel.NewDocumentID("blog", "late"), now.AddDate(0, 0, -5)
		save(t, db, early, late)
		speaks(t, db, 1, "ann", early)
		speaks(t, db, 1, "bob", late)
		want(t, "now", heard(t, db, all, named, half(time.Time{})), "20 ann report 0 1.0", "20 bob report 0 1.0")
		want(t, "ten days ago", heard(t, db, all, named, half(now.AddDate(0, 0, -10))), "20 ann report 0 1.0")
		want(t, "before", heard(t, db, all, named, half(now.AddDate(0, 0, -21))))
	})
}

func TestForgedDatesAreNeverHeard(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		future, old, undated, ahead := document(1), document(2), document(3), document(4)
		future.Published, old.Published, undated.Published = now.AddDate(0, 3, 0), time.Unix(0, 0), time.Time{}
		ahead.Published = now.Add(20 * time.Hour) // clocks differ
		save(t, db, future, old, undated, ahead)
		speaks(t, db, 1, "ann", future, old, undated)
		speaks(t, db, 1, "bob", ahead)
		want(t, "today", heard(t, db, all, named, half(time.Time{})), "-1 bob report 0 1.0")
		// The day that was forged comes, and makes nothing fresh.
		want(t, "in three months", heard(t, db, all, named, store.DaysBack(now.AddDate(0, 3, 1), 30, time.Time{})))
	})
}

func TestNamesOfOneActorAreHeardAsOne(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		alias := intel.Entity{Kind: intel.Actor, Name: "tg-4411"}
		d := document(1)
		save(t, db, d)
		x := derived(d, 0.5)
		x.Speech = intel.Speech{Voice: "ann", Genre: d.Genre, Mentions: []intel.Mention{{Entity: actor, Side: intel.Defensive}, {Entity: alias, Side: intel.Offensive}}}
		resolve := func(e intel.Entity) []store.Resolution {
			if e == alias {
				return []store.Resolution{{Name: alias, Canonical: actor, Share: 0.5, SaidBy: []string{"list"}}}
			}
			return nil
		}
		err := db.SaveDerived(t.Context(), []store.Derived{x}, store.Derivation{Version: 1, Now: now, Judge: judge, Resolve: resolve})
		if err != nil {
			t.Fatal(err)
		}
		names, err := db.NamesOf(t.Context(), all, actor)
		if err != nil {
			t.Fatal(err)
		}
		want(t, "both names", heard(t, db, all, names, half(time.Time{})), "1 ann report 3 1.0")
		ids, err := db.Integers(t.Context(), []intel.Entity{actor})
		if err != nil {
			t.Fatal(err)
		}
		err = db.EachHeard(t.Context(), all, intel.Actor, half(time.Time{}), func(id int64, ms []store.Heard) error {
			if id != ids[actor] || len(ms) != 1 || ms[0].Share != 1 || ms[0].Side != intel.Offensive|intel.Defensive {
				t.Errorf("entity %d with %+v; want the actor, once", id, ms)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestWritersBesideEachOtherHearEverything(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		const writers, each = 4, 25
		var docs []intel.Document
		for i := range writers * each {
			d := document(i % 10)
			d.ID = intel.NewDocumentID("blog", fmt.Sprint("many ", i))
			docs = append(docs, d)
		}
		save(t, db, docs...)
		done := make(chan error, writers)
		for w := range writers {
			go func() {
				var batch []store.Derived
				for _, d := range docs[w*each : (w+1)*each] {
					x := derived(d, 0.5)
					x.Speech = intel.Speech{Voice: "ann", Genre: d.Genre, Mentions: []intel.Mention{{Entity: actor, Target: country, Side: intel.Offensive}}}
					batch = append(batch, x)
				}
				done <- db.SaveDerived(context.WithoutCancel(t.Context()), batch, derivation(1))
			}()
		}
		for range writers {
			if err := <-done; err != nil {
				t.Fatal(err)
			}
		}
		attacks, err := db.AttacksOn(t.Context(), all, country, half(time.Time{}))
		sum := 0
		for _, a := range attacks {
			sum += a.Documents
		}
		if err != nil || sum != writers*each || len(attacks) != 10 {
			t.Errorf("%d documents on %d days, err %v; want %d on 10", sum, len(attacks), err, writers*each)
		}
	})
}

func TestHomesAreLinksOfOriginAsTheReaderBelievesThem(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		d := document(5)
		d.Marking, d.Learned = intel.Amber, d.Published
		save(t, db, d)
		x := derived(d, 0.7)
		x.Evidence[0].Link = intel.Link{From: actor, Relation: intel.OriginatesFrom, To: country}
		x.Evidence[0].Learned = d.Learned
		derive(t, db, 1, x)
		past := store.Weighing{Now: now.AddDate(0, 0, -3), Judge: judge}
		before := store.Weighing{Now: now.AddDate(0, 0, -9), Judge: judge}
		for name, test := range map[string]struct {
			r    intel.Reader
			past store.Weighing
			want int
		}{"now": {all, store.Weighing{}, 1}, "to everybody": {intel.Public(), store.Weighing{}, 0}, "three days ago": {all, past, 1},
			"before it was told": {all, before, 0}, "then, to everybody": {intel.Public(), past, 0}} {
			got, err := db.Homes(t.Context(), test.r, test.past)
			if err != nil || len(got) != test.want || test.want == 1 && (got[0].Link.From != actor || got[0].Link.To != country) {
				t.Errorf("%s: %+v, err %v; want %d", name, got, err, test.want)
			}
			told, err := db.Told(t.Context(), test.r, []intel.Entity{actor}, country, test.past, intel.OriginatesFrom, intel.Targets)
			if err != nil || len(told) != test.want {
				t.Errorf("%s, asked for: %+v, err %v; want %d", name, told, err, test.want)
			}
		}
	})
}

// BenchmarkEachHeard reads what is said of twenty thousand flaws, as every
// profile of a flaw does once an epoch.
func BenchmarkEachHeard(b *testing.B) {
	db, err := store.Open(b.Context(), "sqlite:"+filepath.Join(b.TempDir(), "portent.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	const flaws, each = 20_000, 400
	for from := 0; from < flaws; from += each {
		var docs []intel.Document
		var batch []store.Derived
		for i := from; i < from+each; i++ {
			d := document(i % 170)
			d.ID = intel.NewDocumentID("blog", fmt.Sprint("bench ", i))
			e := intel.Entity{Kind: intel.Vulnerability, Name: fmt.Sprintf("CVE-2099-%d", 10_000+i)}
			docs = append(docs, d)
			batch = append(batch, store.Derived{Document: d.ID, Speech: intel.Speech{Voice: fmt.Sprint("voice ", i%50), Genre: d.Genre, Mentions: []intel.Mention{{Entity: e}}}})
		}
		if _, err := db.SaveDocuments(b.Context(), docs, now); err != nil {
			b.Fatal(err)
		}
		if err := db.SaveDerived(b.Context(), batch, derivation(1)); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		n := 0
		err := db.EachHeard(b.Context(), all, intel.Vulnerability, half(time.Time{}), func(int64, []store.Heard) error { n++; return nil })
		if err != nil || n != flaws {
			b.Fatal(n, err)
		}
	}
}
