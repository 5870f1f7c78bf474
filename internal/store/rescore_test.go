package store_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

// ruled returns a judge that believes links by their kinds and names, the more the
// greater the rule and the less the older they are.
func ruled(rule float64, now time.Time) func([]intel.Evidence) []intel.Assessment {
	return func(evidence []intel.Evidence) (out []intel.Assessment) {
		for len(evidence) > 0 {
			n := 1
			for n < len(evidence) && evidence[n].Link == evidence[0].Link {
				n++
			}
			for m := intel.Clear; m <= intel.Red; m++ {
				a := intel.Assessment{Link: evidence[0].Link, Marking: m, Level: intel.Low, At: now}
				doubt, present := 1.0, false
				for _, e := range evidence[:n] {
					if present = present || e.Marking == m; e.Marking > m {
						continue
					}
					years := now.Sub(e.Learned).Hours() / 24 / 365
					doubt *= 1 - e.Weight*rule*math.Exp2(-years)/float64(1+int(e.Link.From.Kind.Class())+len(e.Link.From.Name)%5+len(e.Link.To.Name)%3)
					a.Origins++
					if e.Context != (intel.Context{}) {
						a.Context = e.Context
					}
				}
				if a.Probability = 1 - doubt; a.Probability > .5 {
					a.Level = intel.Medium
				}
				if present {
					out = append(out, a)
				}
			}
			evidence = evidence[n:]
		}
		return out
	}
}

// told fills a store with links of several kinds, markings, origins and dates,
// weighed by a rule, and returns the names at their ends.
func told(t *testing.T, db *store.DB, rule float64) []intel.Entity {
	t.Helper()
	names := []intel.Entity{actor, {Kind: intel.Malware, Name: "frost"}, {Kind: intel.Label, Name: "c2"}}
	var docs []intel.Document
	var batch []store.Derived
	for n := range 60 {
		d := document(n)
		d.Source = intel.SourceID(fmt.Sprintf("source-%d", n%7))
		d.ID = intel.NewDocumentID(d.Source, fmt.Sprint(n))
		d.Marking = intel.Marking(n % 4 * (n % 2))
		v := store.Derived{Document: d.ID}
		for i := range 1 + n%5 {
			e := intel.Evidence{Link: intel.Link{From: intel.Entity{Kind: intel.Domain, Name: fmt.Sprintf("c%d.example", (n*7+i)%23)}, Relation: intel.Indicates, To: names[i%3]},
				Document: d.ID, Source: d.Source, Origin: string(d.Source), Reliability: 'B', Marking: d.Marking, Weight: .3 + .1*float64(n%4), At: d.Published, Learned: d.Learned}
			if i == 3 {
				e.Link = intel.Link{From: actor, Relation: intel.Uses, To: names[1]}
				e.Context, e.At = intel.Context{Port: fmt.Sprint(n)}, time.Time{}
			}
			v.Evidence = append(v.Evidence, e)
		}
		docs, batch = append(docs, d), append(batch, v)
	}
	save(t, db, docs...)
	if err := db.SaveDerived(t.Context(), batch, store.Derivation{Version: 1, Now: now, Judge: ruled(rule, now)}); err != nil {
		t.Fatal(err)
	}
	return names
}

// believes returns what readers of every clearance believe of names, by the
// integers of rows.
func believes(t *testing.T, db *store.DB, names []intel.Entity) []store.Assessed {
	t.Helper()
	var out []store.Assessed
	for m := intel.Clear; m <= intel.Red; m++ {
		for _, n := range names {
			for _, s := range []store.Section{{Relations: []intel.Relation{intel.Indicates}, Inward: true, Class: intel.IOC},
				{Relations: []intel.Relation{intel.Uses}, Class: intel.Name}} {
				some, total, err := db.Rows(t.Context(), intel.Reader{Clearance: m}, []store.Resolution{{Name: n, Canonical: n, Share: 1}}, s, 1000, 0)
				if err != nil || total != len(some) {
					t.Fatalf("%d rows of %d, err %v", len(some), total, err)
				}
				slices.SortFunc(some, func(a, b store.Assessed) int { return int(a.ID - b.ID) })
				out = append(out, some...)
			}
		}
	}
	return out
}

func TestRescoringComesToWhatWeighingAtArrivalComesTo(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		names := told(t, db, .9)
		want := believes(t, db, names)
		for _, rule := range []float64{.2, .9} {
			told := 0
			n, err := db.RescoreBy(t.Context(), store.Rescoring{Weighing: store.Weighing{Now: now, Judge: ruled(rule, now)}, Done: func(n int) { told += n }}, 10)
			if err != nil || n == 0 || told != n {
				t.Fatalf("%d links, told of %d, err %v", n, told, err)
			}
			got := believes(t, db, names)
			if same := cmp.Diff(want, got) == ""; same != (rule == .9) {
				t.Errorf("by rule %v: %s", rule, cmp.Diff(want, got))
			}
		}
	})
}

func TestWhatIsWeighedAheadGivesWayToWhatIsWrittenMeanwhile(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		names := told(t, db, .5)
		weighing := store.Weighing{Now: now, Judge: ruled(1, now)}
		late := document(200)
		save(t, db, late)
		v := store.Derived{Document: late.ID}
		for i := range 23 {
			v.Evidence = append(v.Evidence, intel.Evidence{Link: intel.Link{From: intel.Entity{Kind: intel.Domain, Name: fmt.Sprintf("c%d.example", i)}, Relation: intel.Indicates, To: names[0]},
				Document: late.ID, Source: late.Source, Origin: "late", Reliability: 'B', Weight: .9, At: late.Published, Learned: late.Learned})
		}
		batches := 0
		_, err := db.RescoreBy(t.Context(), store.Rescoring{Weighing: weighing, Done: func(int) {
			if batches++; batches != 2 {
				return
			}
			time.Sleep(100 * time.Millisecond) // the third is weighed by now
			if err := db.SaveDerived(t.Context(), []store.Derived{v}, store.Derivation{Version: 1, Now: now, Judge: weighing.Judge}); err != nil {
				t.Error(err)
			}
		}}, 10)
		if err != nil || batches < 4 {
			t.Fatalf("%d batches, err %v", batches, err)
		}
		got := believes(t, db, names)
		if _, err := db.RescoreBy(t.Context(), store.Rescoring{Weighing: weighing}, 1000); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(believes(t, db, names), got); d != "" {
			t.Error(d)
		}
	})
}

func TestFadingLeavesAloneWhatPrintsAsItDid(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		names := told(t, db, .9)
		before := believes(t, db, names)
		later := now.Add(36 * time.Hour)
		if _, err := db.Rescore(t.Context(), store.Rescoring{Weighing: store.Weighing{Now: later, Judge: ruled(.9, later)}, Fade: true}); err != nil {
			t.Fatal(err)
		}
		left, moved := 0, 0
		for i, a := range believes(t, db, names) {
			if b := before[i]; a.At.Equal(b.At) {
				left++
				if a.Probability != b.Probability {
					t.Errorf("%v has another probability and its old time", a)
				}
				continue
			}
			moved++
			if intel.Decimal(a.Probability) == intel.Decimal(before[i].Probability) {
				t.Errorf("%v was written though it prints as %v", a, before[i])
			}
		}
		if left == 0 || moved == 0 {
			t.Errorf("%d rows left alone and %d written, want some of each", left, moved)
		}
	})
}

func TestARescoringThatEndsHalfWayIsBegunAgain(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		names := told(t, db, .9)
		before := believes(t, db, names)
		ctx, stop := context.WithCancel(t.Context())
		again := store.Rescoring{Weighing: store.Weighing{Now: now, Judge: ruled(.3, now)}}
		half := again
		half.Done = func(int) { stop() }
		if n, err := db.RescoreBy(ctx, half, 10); !errors.Is(err, context.Canceled) || n != 10 {
			t.Fatalf("%d links, err %v", n, err)
		}
		some := believes(t, db, names)
		if _, err := db.Rescore(t.Context(), again); err != nil {
			t.Fatal(err)
		}
		after := believes(t, db, names)
		old := 0
		for i, a := range some {
			if cmp.Equal(a, before[i]) {
				old++
			} else if !cmp.Equal(a, after[i]) {
				t.Errorf("half-way a row is %v, neither %v nor %v", a, before[i], after[i])
			}
		}
		if old == 0 || old == len(some) {
			t.Errorf("%d rows of %d were as before half-way", old, len(some))
		}
	})
}

// killed is the environment variable that names the store which a child process
// rescores until it is killed.
const killed = "PORTENT_TEST_RESCORE"

func TestARescoringThatIsKilledLosesNothing(t *testing.T) {
	if url := os.Getenv(killed); url != "" {
		db := open(t, url)
		for rule := .1; ; rule = 1 - rule {
			if _, err := db.RescoreBy(t.Context(), store.Rescoring{Weighing: store.Weighing{Now: now, Judge: ruled(rule, now)}, Done: func(int) { fmt.Println("done") }}, 5); err != nil {
				t.Fatal(err)
			}
		}
	}
	url := "sqlite:" + filepath.Join(t.TempDir(), "portent.db")
	db := open(t, url)
	names := told(t, db, .9)
	want := believes(t, db, names)
	for round := range 3 {
		child := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
		child.Env = append(os.Environ(), killed+"="+url)
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 5*(round*7+1))
		if _, err := out.Read(buf); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(round) * 7 * time.Millisecond)
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		child.Wait()
		if got := believes(t, db, names); len(got) != len(want) {
			t.Fatalf("after a kill there are %d rows, before %d", len(got), len(want))
		}
	}
	if problems, err := db.Check(t.Context()); err != nil || len(problems) > 0 {
		t.Errorf("problems %v, err %v", problems, err)
	}
	if _, err := db.Rescore(t.Context(), store.Rescoring{Weighing: store.Weighing{Now: now, Judge: ruled(.9, now)}}); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, believes(t, db, names)); d != "" {
		t.Error(d)
	}
}

// flooded says one thing in very many documents of three origins.
func flooded(t testing.TB, db *store.DB, from, n int) {
	t.Helper()
	for ; n > 0; from, n = from+400, n-400 {
		var docs []intel.Document
		var batch []store.Derived
		for i := range min(n, 400) {
			d := document(1)
			d.Source = intel.SourceID(fmt.Sprintf("source-%d", i%3))
			d.ID = intel.NewDocumentID(d.Source, fmt.Sprint(from+i))
			d.Published = now.Add(-time.Duration(from+i) * time.Minute)
			v := derived(d, .4)
			v.Evidence[0].Origin = string(d.Source)
			docs, batch = append(docs, d), append(batch, v)
		}
		save(t, db, docs...)
		derive(t, db, 1, batch...)
	}
	for {
		n, err := db.Reweigh(t.Context(), 100, store.Weighing{Now: now, Judge: judge})
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
}

// BenchmarkFlood keeps 200,000 documents that say one thing: what the last of them
// cost, to keep and to read, and what they take is what the first did.
func BenchmarkFlood(b *testing.B) {
	for b.Loop() {
		path := filepath.Join(b.TempDir(), "portent.db")
		db, err := store.Open(b.Context(), "sqlite:"+path)
		if err != nil {
			b.Fatal(err)
		}
		size := func() float64 {
			if err := db.Run(b.Context(), `PRAGMA wal_checkpoint(TRUNCATE)`); err != nil {
				b.Fatal(err)
			}
			info, err := os.Stat(path)
			if err != nil {
				b.Fatal(err)
			}
			return float64(info.Size())
		}
		empty, read := size(), time.Duration(0)
		for half := range 2 {
			started := time.Now()
			flooded(b, db, half*100_000, 100_000)
			b.ReportMetric(100_000/time.Since(started).Seconds(), fmt.Sprintf("documents/s-%d", half+1))
			started = time.Now()
			for range 20 {
				id := rows(b, db, all)[0].ID
				if _, err := db.Proofs(b.Context(), all, []int64{id}, 5, time.Time{}); err != nil {
					b.Fatal(err)
				}
				if _, err := db.Parts(b.Context(), all, id, now); err != nil {
					b.Fatal(err)
				}
			}
			read = time.Since(started) / 20
			b.ReportMetric(float64(read.Microseconds())/1000, fmt.Sprintf("read-ms-%d", half+1))
			full := size()
			b.ReportMetric((full-empty)/100_000, fmt.Sprintf("bytes/document-%d", half+1))
			empty = full
		}
		db.Close()
	}
}

// TestWhatAFloodSaysIsReadInSum takes away, behind the store's back, what the
// flood brought: what is told all the same was not read from there.
func TestWhatAFloodSaysIsReadInSum(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		flooded(t, db, 0, 2000)
		id := rows(t, db, all)[0].ID
		whole, err := db.Parts(t.Context(), all, id, now)
		if err != nil || len(whole) != 3 {
			t.Fatalf("parts %+v, err %v", whole, err)
		}
		const few = 400
		if err := db.Run(t.Context(), fmt.Sprintf(`DELETE FROM evidence_rows WHERE document <= %d`, 2000-few)); err != nil {
			t.Fatal(err)
		}
		if again, err := db.Parts(t.Context(), all, id, now); err != nil || cmp.Diff(whole, again) != "" {
			t.Errorf("parts: err %v\n%s", err, cmp.Diff(whole, again))
		}
		flooded(t, db, 5000, 10)
		r := rows(t, db, all)
		if len(r) != 1 || r[0].Documents != 2010 || !r[0].First.Equal(now.Add(-5009*time.Minute)) || !r[0].Last.Equal(now) {
			t.Errorf("rows %+v; want one of 2,010 documents from %s to %s", r, now.Add(-5009*time.Minute), now)
		}
		standing, err := db.Standings(t.Context(), all, []intel.Entity{host}, now, func(said []intel.Evidence) (int, int) { return len(said), len(said) })
		if s := standing[host]; err != nil || s.Origins != 3 || !s.Last.Equal(now) {
			t.Errorf("standing %+v, err %v", s, err)
		}
		proofs, err := db.Proofs(t.Context(), all, []int64{id}, 5, time.Time{})
		if err != nil || len(proofs[id]) != 5 {
			t.Errorf("proofs %+v, err %v", proofs, err)
		}
	})
}

func TestASumIsWhatAllOfItComesTo(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		flooded(t, db, 0, 1200)
		flooded(t, db, 1200, 500)
		r := rows(t, db, all)
		summed, err := db.Parts(t.Context(), all, r[0].ID, now)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Run(t.Context(), `DELETE FROM strata`); err != nil {
			t.Fatal(err)
		}
		parts, err := db.Parts(t.Context(), all, r[0].ID, now)
		if d := cmp.Diff(parts, summed); err != nil || d != "" {
			t.Errorf("err %v\n%s", err, d)
		}
		if _, err := db.Rescore(t.Context(), store.Rescoring{Weighing: store.Weighing{Now: now, Judge: judge}}); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(r, rows(t, db, all)); d != "" {
			t.Error(d)
		}
		if parts, err = db.Parts(t.Context(), all, r[0].ID, now); err != nil || cmp.Diff(parts, summed) != "" {
			t.Errorf("after all was weighed again: err %v\n%s", err, cmp.Diff(parts, summed))
		}
	})
}

func TestASumForgetsWhatIsTakenBack(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		flooded(t, db, 0, 1500)
		d := document(1)
		d.Source = "source-0"
		d.ID = intel.NewDocumentID(d.Source, "0")
		v := derived(d, .4)
		v.Evidence = nil
		derive(t, db, 2, v)
		flooded(t, db, 9000, 0)
		if r := rows(t, db, all); len(r) != 1 || r[0].Documents != 1499 {
			t.Errorf("rows %+v; want one of 1,499 documents", r)
		}
	})
}

func TestEveryRelationIsKept(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		d := document(1)
		save(t, db, d)
		v := derived(d, .5)
		one := v.Evidence[0]
		v.Evidence = nil
		for _, r := range intel.Relations() {
			one.Link.Relation = r
			v.Evidence = append(v.Evidence, one)
		}
		derive(t, db, 1, v)
		given, err := db.Given(t.Context(), all, d.ID)
		var got []intel.Relation
		for _, e := range given {
			got = append(got, e.Link.Relation)
		}
		if diff := cmp.Diff(intel.Relations(), got); err != nil || diff != "" {
			t.Errorf("err %v\n%s", err, diff)
		}
		v.Evidence[0].Link.Relation = "likes"
		if err := db.SaveDerived(t.Context(), []store.Derived{v}, derivation(2)); !errors.Is(err, intel.ErrInvalid) {
			t.Errorf("a relation that is none: err %v", err)
		}
	})
}

func TestAStoreOfWideRowsReadsTheSame(t *testing.T) {
	atEachEngine(t, func(t *testing.T, url string) {
		old, err := store.OpenAt(t.Context(), url, 11)
		if err != nil {
			t.Fatal(err)
		}
		published := document(1).Published.UnixMicro()
		fill := fmt.Sprintf(`INSERT INTO sources (id, name) VALUES (1, 'blog');
INSERT INTO documents (id, key, source, genre, url, author, channel, title, text, language, claims, refs, marking, reliability, published, learned, assumed, ingested)
	VALUES (1, KEY, 1, 'report', 'https://blog.example/1', '', '', 'Report 1', 'Cold Lynx uses c2.example again.', '', '', '', 0, 66, %[1]d, %[2]d, 0, %[2]d);
INSERT INTO work (document, version, state) VALUES (1, 7, 1);
INSERT INTO entities (id, kind, name, title) VALUES (1, 'actor', 'cold-lynx', 'Cold Lynx'), (2, 'domain', 'c2.example', '');
INSERT INTO origins (id, name) VALUES (1, 'blog.example');
INSERT INTO observations (document, seq, entity, start, length, suppressed, marking, at) VALUES (1, 0, 1, 0, 9, '', 0, %[1]d), (1, 1, 2, 15, 10, '', 0, %[1]d);
INSERT INTO links (id, from_entity, relation, to_entity) VALUES (1, 2, 'indicates', 1), (2, 1, 'no-relation', 2);
INSERT INTO evidence (id, link, document, origin, reliability, marking, stance, weight, at, learned, start, length, context, version, since, superseded) VALUES
	(1, 1, 1, 1, 66, 0, 0, .4, %[1]d, %[2]d, 15, 10, '', 6, %[2]d, %[3]d), (2, 1, 1, 1, 66, 0, 0, .7, %[1]d, %[2]d, 15, 10, '{"port":"443"}', 7, %[3]d, NULL),
	(3, 2, 1, 1, 66, 0, 0, .7, %[1]d, %[2]d, 15, 10, '', 7, %[3]d, NULL);
INSERT INTO assessments (link, marking, below, from_entity, relation, to_entity, class, probability, level, first, last, origins, documents, context, at)
	VALUES (1, 0, 5, 2, 'indicates', 1, 1, .7, 'Medium', %[1]d, %[1]d, 1, 1, '{"port":"443"}', %[3]d)`, published, now.UnixMicro(), now.AddDate(0, 0, 5).UnixMicro())
		key := `X'` + string(document(1).ID) + `'`
		if strings.HasPrefix(url, "postgres") {
			key = `'\x` + string(document(1).ID) + `'`
		}
		if err := old.Run(t.Context(), strings.Split(strings.Replace(fill, "KEY", key, 1), ";\n")...); err != nil {
			t.Fatal(err)
		}
		old.Close()
		db := open(t, url)
		got := rows(t, db, all)
		want := store.Assessed{ID: 1, Share: 1, ToName: "Cold Lynx", Assessment: intel.Assessment{Link: linked, Probability: .7, Level: intel.Medium, First: document(1).Published,
			Last: document(1).Published, Origins: 1, Documents: 1, Context: intel.Context{Port: "443"}, At: now.AddDate(0, 0, 5)}}
		if d := cmp.Diff([]store.Assessed{want}, got); d != "" {
			t.Fatal(d)
		}
		seen, err := db.Observations(t.Context(), all, document(1).ID)
		if d := cmp.Diff([]intel.Observation{{Document: document(1).ID, Entity: actor, Length: 9}, {Document: document(1).ID, Entity: host, Offset: 15, Length: 10}}, seen); err != nil || d != "" {
			t.Errorf("observations: err %v\n%s", err, d)
		}
		if a, err := db.Between(t.Context(), all, 1<<58+1); !errors.Is(err, intel.ErrNotFound) {
			t.Errorf("a row beyond all places: %+v, err %v", a, err)
		}
		for days, weight := range map[int]float64{1: .4, 6: .7} {
			if r, _ := past(t, db, now.AddDate(0, 0, days), 10); len(r) != 1 || r[0].Probability != weight {
				t.Errorf("after %d days %+v, want %v", days, r, weight)
			}
		}
		span, err := db.Mentioned(t.Context(), all, []intel.Entity{host}, now, time.Time{})
		if err != nil || !span.First.Equal(document(1).Published.Truncate(time.Second)) {
			t.Errorf("span %+v, err %v", span, err)
		}
		given, err := db.Given(t.Context(), all, document(1).ID)
		if err != nil || len(given) != 1 || !given[0].Learned.Equal(now) || given[0].Weight != .7 {
			t.Errorf("given %+v, err %v", given, err)
		}
		derive(t, db, 8, derived(document(1), .5))
		if r := rows(t, db, all); len(r) != 1 || r[0].Probability != .5 || r[0].ID != 1 {
			t.Errorf("derived anew: %+v", r)
		}
	})
}
