package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

func judgement(a store.Awaited, came int, why string) store.Judgement {
	return store.Judgement{Awaited: a, Outcome: intel.Outcome{Forecast: a.ID, Came: came, Unscoreable: why, Judged: now, Known: now.AddDate(0, 0, -1),
		Scores: intel.Scores{P: .2, Score: .64, Log: 1.5, Base: .81, BaseLog: 2.25, Probability: true, Simple: .25, SimpleLog: .5, Ruled: came == 1}}}
}

func TestAnOutcomeIsKeptOnceAndForGood(t *testing.T) {
	atEachEngine(t, func(t *testing.T, url string) {
		db := open(t, url)
		all := foretold(10)
		all[9].Marking = intel.Red
		chained(t, db, all)
		tamper(t, url, `UPDATE forecasts SET body = REPLACE(body, '0.2', '0.9') WHERE id = 'f01'`, `DELETE FROM forecasts WHERE id = 'f02'`)
		due := all[9].Due
		waits, err := db.Awaited(t.Context(), due, 4)
		if err != nil || len(waits) != 4 || waits[0].Broken != "" || waits[0].Probability != .2 || waits[1].Broken == "" || waits[2].Broken == "" || waits[2].ID != "f02" {
			t.Fatalf("%+v, %v", waits, err)
		}
		first := []store.Judgement{judgement(waits[0], 1, ""), judgement(waits[1], 0, "changed"), judgement(waits[3], 0, "")}
		if err := db.SaveOutcomes(t.Context(), first); err != nil {
			t.Fatal(err)
		}
		if err := db.SaveOutcomes(t.Context(), []store.Judgement{judgement(waits[0], 0, ""), judgement(waits[2], 0, "deleted")}); err != nil {
			t.Fatal(err)
		}
		got, err := db.Outcome(t.Context(), intel.Public(), "f00")
		want := first[0].Outcome
		want.Judged, want.Known = want.Judged.Truncate(time.Microsecond), want.Known.Truncate(time.Microsecond)
		if d := cmp.Diff(want, got); d != "" || err != nil {
			t.Errorf("%s, %v", d, err)
		}
		if n, err := db.Awaits(t.Context(), due); n != 6 || err != nil {
			t.Errorf("%d wait, %v", n, err)
		}
		last, err := db.Awaited(t.Context(), due, 100)
		if err != nil || len(last) != 6 || last[5].ID != "f09" || last[5].Marking != intel.Red {
			t.Fatalf("%+v, %v", last, err)
		}
		if err := db.SaveOutcomes(t.Context(), []store.Judgement{judgement(last[5], 1, "")}); err != nil {
			t.Fatal(err)
		}
		if o, err := db.Outcome(t.Context(), intel.Public(), "f09"); !errors.Is(err, intel.ErrNotFound) {
			t.Errorf("shown to the public: %+v, %v", o, err)
		}
		edges := intel.Edges{Events: []float64{.1, .5}, Counts: []float64{.5}}
		for r, judged := range map[intel.Reader]int{intel.Public(): 2, intel.Everything(): 3} {
			weeks, err := db.Surprises(t.Context(), r)
			n := 0
			for _, b := range weeks["technique"] {
				n += b.N
				if !b.Event || b.Came < 0 || b.Came > int64(b.N) || b.Week*7 > all[0].Due.Unix()/86400 || b.Week < 2900 {
					t.Errorf("%+v", b)
				}
			}
			if err != nil || n != judged {
				t.Errorf("%d of %d judged stand in weeks: %v, %v", n, judged, weeks, err)
			}
			for name, g := range map[string]store.Grouping{"technique": store.ByKind(), "": store.BySubjects([]int64{1, 2, 3})} {
				sums, err := db.Tallies(t.Context(), r, g, edges, all[5].Due)
				if err != nil || len(sums.Days) != 1 || len(sums.Bins) != 1 || len(sums.Waits) != 1 {
					t.Fatalf("%+v, %v", sums, err)
				}
				for group, days := range sums.Days {
					n, ruled := 0, 0
					for _, d := range days {
						n += d.Judged
						ruled += d.Ruled
						if d.Judged == 1 && (!d.Event || d.Score != 640_000 || d.BaseLog != 2_250_000) || d.Ruled == 1 && (d.Simple != 250_000 || d.RuledLog != 1_500_000) {
							t.Errorf("%+v", d)
						}
					}
					b := sums.Bins[group]
					if name != "" && group != name || n != judged || ruled != judged-1 || len(b) != 1 || b[0].Bin != 1 || b[0].N != judged || b[0].P != int64(judged)*200_000 || b[0].Came != int64(judged-1) {
						t.Errorf("%v of %s: %d, %+v", r, group, n, sums)
					}
					if w := sums.Waits[group]; w.All != 5 || w.Due != 2 {
						t.Errorf("%+v", w)
					}
				}
			}
			whose, err := db.Forecasted(t.Context(), r, 5)
			if err != nil || len(whose) != 1 || whose[0].Entity != actor || whose[0].Judged != judged {
				t.Errorf("%+v, %v", whose, err)
			}
		}
	})
}

func TestOnlyWhatIsOfThePeriodAndCameInCounts(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		at := func(n int) time.Time { return now.AddDate(0, 0, -n) }
		keep := func(d intel.Document, in time.Time, weight float64) {
			t.Helper()
			if _, err := db.SaveDocuments(t.Context(), []intel.Document{d}, in); err != nil {
				t.Fatal(err)
			}
			of := derived(d, weight)
			of.Evidence[0].Link = intel.Link{From: actor, Relation: intel.Uses, To: intel.Entity{Kind: intel.Technique, Name: "T1059"}}
			if err := db.SaveDerived(t.Context(), []store.Derived{of}, derivation(1)); err != nil {
				t.Fatal(err)
			}
		}
		before, in, late, hidden, other := document(40), document(20), document(19), document(18), document(17)
		hidden.Marking, other.Source = intel.Red, "wire"
		hidden.Learned, late.Learned, in.Learned, other.Learned, before.Learned = at(18), at(19), at(20), at(17), at(40)
		keep(before, at(40), .9)
		keep(in, at(20), .6)
		keep(other, at(17), .7)
		keep(hidden, at(18), .95)
		keep(late, at(1), .99)
		p := store.Period{From: at(30), To: at(10), Ingested: at(5)}
		for r, want := range map[intel.Reader]int{intel.Public(): 2, intel.Everything(): 3} {
			n, err := db.DocumentsIn(t.Context(), r, []intel.Entity{actor}, p)
			if n != want || err != nil {
				t.Errorf("%d documents, want %d: %v", n, want, err)
			}
			told, err := db.SourcesIn(t.Context(), r, []intel.Entity{actor}, p)
			if len(told) != 2 || err != nil {
				t.Errorf("sources %v: %v", told, err)
			}
			names, err := db.NamesOf(t.Context(), r, actor)
			if err != nil {
				t.Fatal(err)
			}
			turns, err := db.Turns(t.Context(), r, names, []intel.Relation{intel.Uses}, []intel.Entity{{Kind: intel.Technique, Name: "T1059"}, {Kind: intel.Technique, Name: "T1566"}}, p, store.Weighing{Now: at(5), Judge: judge})
			if err != nil || len(turns) != 1 || turns[intel.Entity{Kind: intel.Technique, Name: "T1059"}] < .6 {
				t.Errorf("%v: %v", turns, err)
			}
			none, err := db.Turns(t.Context(), r, names, []intel.Relation{intel.Targets}, []intel.Entity{{Kind: intel.Technique, Name: "T1059"}}, p, store.Weighing{Now: at(5), Judge: judge})
			if err != nil || len(none) != 0 {
				t.Errorf("by another relation: %v, %v", none, err)
			}
		}
		days, err := db.Daily(t.Context(), p)
		names, bad := db.SourceNames(t.Context())
		if err != nil || bad != nil || len(days) != 2 || len(names) != 2 {
			t.Fatalf("%v, %v: %v, %v", days, names, err, bad)
		}
		for id, n := range days {
			sum := 0
			for _, x := range n {
				sum += x
			}
			if want := map[intel.SourceID]int{"blog": 2, "wire": 1}[names[id]]; sum != want || len(n) != 20 {
				t.Errorf("%s: %v", names[id], n)
			}
		}
	})
}
