package store_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

// oddities are pieces of evidence that take every way to be kept.
func oddities() (out []intel.Evidence) {
	moments := []time.Time{{}, time.Unix(0, 0), time.UnixMicro(1), time.UnixMicro(-1), time.Unix(-1, 0), time.Unix(-1<<36, 0), time.Unix(1<<36-1, 0), time.Unix(1<<36, 0),
		time.UnixMicro(1<<36 + 1), now, now.Add(time.Microsecond), now.Add(999_999 * time.Microsecond), time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC), time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC)}
	weights := []float64{0, 1, .95, .85, .85 / 3, 1e-6, .000999, .999999, .001}
	letters := []intel.Reliability{0, 'A', 'B', 'F'}
	speakers := []intel.Speaker{0, intel.Publisher, intel.Relay, intel.Copy, intel.Mirror}
	spans := [][2]int{{-1, 0}, {0, 0}, {0, 9}, {15, 4095}, {15, 4096}, {-1, 5000}, {16 << 20, 16 << 20}}
	for i := range 3 * len(moments) * len(weights) {
		out = append(out, intel.Evidence{Reliability: letters[i%4], Speaker: speakers[i/4%4], Graded: i%3 == 0, Marking: intel.Marking(i % 5), Stance: intel.Stance(i % 2),
			Weight: weights[i%len(weights)], At: moments[i%len(moments)], Learned: moments[i/3%len(moments)], Offset: spans[i%len(spans)][0], Length: spans[i%len(spans)][1]})
	}
	return out
}

// listed writes numbers into a statement.
func listed(numbers []sql.NullInt64) string {
	out := make([]string, len(numbers))
	for i, n := range numbers {
		if out[i] = fmt.Sprint(n.Int64); !n.Valid {
			out[i] = "NULL"
		}
	}
	return strings.Join(out, ", ")
}

func TestEvidenceOfAnOldStoreIsKeptInNarrowRowsAndReadsTheSame(t *testing.T) {
	atEachEngine(t, func(t *testing.T, url string) {
		old, err := store.OpenAt(t.Context(), url, 17)
		if err != nil {
			t.Fatal(err)
		}
		var fill, narrow []string
		for i, e := range oddities() {
			source, since := []int64{1, 200, 70_000}[i%3], e.At
			if i%2 == 0 {
				since = time.Time{}
			}
			wide := listed(store.WideEvidence(source, e, since))
			fill = append(fill, fmt.Sprintf(`INSERT INTO evidence (link, document, seq, origin, context, source, reliability, marking, stance, weight, at, learned, start, length, since) VALUES (%d, %d, 0, 3, 'c%d', %s)`, i/4+1, i+1, i, wide),
				fmt.Sprintf(`INSERT INTO former_evidence (link, document, seq, superseded, origin, context, source, reliability, marking, stance, weight, at, learned, start, length, since) VALUES (%d, %d, 0, 9, 3, 'c%d', %s)`, i/4+1, i+1, i, wide))
			narrow = append(narrow, fmt.Sprintf("%d, %s", i+1, listed(store.NarrowEvidence(source, e, since))))
		}
		if err := old.Run(t.Context(), fill...); err != nil {
			t.Fatal(err)
		}
		lines := func(db *store.DB, statement string) []string {
			t.Helper()
			out, err := db.Lines(t.Context(), statement)
			if err != nil || len(out) != len(narrow) {
				t.Fatalf("%s: %d lines, err %v", statement, len(out), err)
			}
			return out
		}
		const columns = `SELECT link, document, seq, origin, source, reliability, marking, stance, weight, at, learned, start, length, context, since FROM `
		tables := []string{"evidence ORDER BY document", "former_evidence ORDER BY document"}
		var before [][]string
		for _, of := range tables {
			before = append(before, lines(old, columns+of))
		}
		old.Close()
		db := open(t, url)
		for i, of := range tables {
			if d := cmp.Diff(before[i], lines(db, columns+of)); d != "" {
				t.Errorf("%s: %s", of, d)
			}
		}
		kept := lines(db, `SELECT document, how, at, learned, span, since FROM evidence_rows ORDER BY document`)
		if d := cmp.Diff(narrow, kept); d != "" {
			t.Errorf("a migration keeps what a derivation would not: %s", d)
		}
	})
}

func TestHowEvidenceSpeaksIsReadAsItIsKept(t *testing.T) {
	for _, want := range oddities() {
		for _, source := range []int64{1, 1 << 29} {
			kept := store.NarrowEvidence(source, want, time.Time{})[0].Int64
			from, got := store.ReadHow(kept)
			want := intel.Evidence{Reliability: want.Reliability, Speaker: want.Speaker, Graded: want.Graded, Marking: want.Marking, Stance: want.Stance, Weight: want.Weight}
			if want.Weight == .85/3 {
				want.Weight = .283333
			}
			if d := cmp.Diff(want, got); d != "" || from != source {
				t.Errorf("%d of source %d, want %d: %s", kept, from, source, d)
			}
		}
	}
}

// TestWhatIsDerivedOfAPostTakesFewBytes holds how a store grows: posts as short as those
// of TweetFeed, each of a value of its own, from a hundred accounts.
func TestWhatIsDerivedOfAPostTakesFewBytes(t *testing.T) {
	db := open(t, "sqlite:"+filepath.Join(t.TempDir(), "portent.db"))
	const posts = 4000
	var docs []intel.Document
	var batch []store.Derived
	for i := range posts {
		d := document(1)
		d.ID, d.Text, d.Published = intel.NewDocumentID(d.Source, fmt.Sprint(i)), "", now.Add(-time.Duration(i)*time.Minute)
		v := derived(d, .95)
		e := &v.Evidence[0]
		e.Link.From.Name, e.Origin, e.Learned, e.Offset, e.Length = fmt.Sprintf("c%d.example", i*7919), fmt.Sprint("account ", i%100), e.At, -1, 0
		v.Observations = []intel.Observation{{Document: d.ID, Entity: actor, Offset: -1}, {Document: d.ID, Entity: e.Link.From, Offset: -1}}
		docs, batch = append(docs, d), append(batch, v)
	}
	save(t, db, docs...)
	for some := range slices.Chunk(batch, 400) {
		derive(t, db, 1, some...)
	}
	for of, most := range map[string]int{"evidence_rows": 37, "findings": 24, "mentions": 47, "assessments": 49, "assessments_to": 19, "links": 16, "sqlite_autoindex_links_1": 17} {
		lines, err := db.Lines(t.Context(), fmt.Sprintf(`SELECT SUM(pgsize) / %d FROM dbstat WHERE name = '%s'`, posts, of))
		if err != nil {
			t.Fatal(err)
		}
		var bytes int
		if _, err := fmt.Sscan(lines[0], &bytes); err != nil || bytes > most || bytes < most/2 {
			t.Errorf("%s takes %d bytes a post, want at most %d, err %v", of, bytes, most, err)
		}
	}
}
