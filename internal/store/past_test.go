package store_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

func TestDatesOfARowAreBelievedAndOfWhatSupportsIt(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		honest, liar, denial := document(90), document(2), document(3)
		liar.Published = time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)
		save(t, db, honest, liar, denial)
		disputed := derived(denial, .5)
		disputed.Evidence[0].Stance = intel.Disputes
		derive(t, db, 1, derived(honest, .5), derived(liar, .5), disputed)
		r := rows(t, db, all)
		if len(r) != 1 || !r[0].First.Equal(honest.Published) || !r[0].Last.Equal(honest.Published) || r[0].Documents != 3 {
			t.Errorf("rows %+v; want one of %s in 3 documents", r, honest.Published)
		}
		span, err := db.Mentioned(t.Context(), all, []intel.Entity{actor}, now, time.Time{})
		if err != nil || !span.First.Equal(honest.Published.Truncate(time.Second)) || !span.Last.Equal(denial.Published.Truncate(time.Second)) || span.Documents != 3 {
			t.Errorf("mentioned %+v, err %v; want from %s to %s", span, err, honest.Published, denial.Published)
		}
	})
}

// past returns the rows of the actor as they were then.
func past(t *testing.T, db *store.DB, then time.Time, limit int) ([]store.Assessed, int) {
	t.Helper()
	names := []store.Resolution{{Name: actor, Canonical: actor, Share: 1}}
	o, err := db.Outline(t.Context(), all, names, store.Weighing{Now: then, Judge: judge})
	if err != nil {
		t.Fatal(err)
	}
	out, total, err := db.RowsOf(t.Context(), all, o, iocs, limit, 0)
	if err != nil {
		t.Fatal(err)
	}
	return out, total
}

func TestARowOfAPastDayHasAllItsDatesAndDocuments(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		var batch []store.Derived
		for _, n := range []int{300, 200, 100, 1} {
			d := document(n)
			d.Learned = d.Published
			save(t, db, d)
			batch = append(batch, derived(d, .5))
		}
		derive(t, db, 1, batch...)
		then := now.AddDate(0, 0, -50)
		r, total := past(t, db, then, 10)
		if total != 1 || len(r) != 1 || !r[0].First.Equal(document(300).Published) || !r[0].Last.Equal(document(100).Published) || r[0].Documents != 3 {
			t.Errorf("as of %s: %+v of %d, want one row from %s to %s in 3 documents", then, r, total, document(300).Published, document(100).Published)
		}
		proofs, err := db.Proofs(t.Context(), all, []int64{r[0].ID}, 9, then)
		if err != nil || len(proofs[r[0].ID]) != 3 {
			t.Errorf("proofs %+v, err %v; want 3", proofs, err)
		}
		n, err := db.Origins(t.Context(), all, []intel.Entity{actor}, then)
		if err != nil || n != 1 {
			t.Errorf("%d origins, err %v; want 1", n, err)
		}
		if r, total := past(t, db, now.AddDate(-1, 0, 0), 10); len(r) != 0 || total != 0 {
			t.Errorf("before anything was known: %+v of %d", r, total)
		}
	})
}

func TestAPastProfileHasWhatFollowsAFullPage(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		const full = 400 // links of a page
		d := document(1)
		save(t, db, d)
		v := derived(d, .5)
		one := v.Evidence[0]
		v.Evidence[0].Link.Relation = intel.ResolvesTo
		for i := range full {
			one.Link.From.Name = fmt.Sprintf("c%d.example", i)
			v.Evidence = append(v.Evidence, one)
		}
		derive(t, db, 1, v)
		o, err := db.Outline(t.Context(), all, []store.Resolution{{Name: actor, Canonical: actor, Share: 1}}, store.Weighing{Now: now, Judge: judge})
		if err != nil {
			t.Fatal(err)
		}
		_, total, err := db.RowsOf(t.Context(), all, o, store.Section{Relations: []intel.Relation{intel.Indicates, intel.ResolvesTo}, Inward: true, Class: intel.IOC}, 10, 0)
		if err != nil || total != full+1 {
			t.Errorf("%d rows, err %v; want %d", total, err, full+1)
		}
	})
}

func TestAPastProfileKeepsTheMostProbableOfManyPages(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		const links = 2100
		d := document(1)
		save(t, db, d)
		v := derived(d, 0)
		v.Evidence = nil
		for i := range links {
			e := derived(d, float64(i*7919%links)/links).Evidence[0]
			e.Link.From.Name = fmt.Sprintf("c%d.example", i)
			v.Evidence = append(v.Evidence, e)
		}
		derive(t, db, 1, v)
		r, total := past(t, db, now, 3)
		if total != links || len(r) != 3 {
			t.Fatalf("%d rows of %d, want 3 of %d", len(r), total, links)
		}
		for i, a := range r {
			if want := float64(links-1-i) / links; math.Abs(a.Probability-want) > 1e-6 {
				t.Errorf("row %d has %v, want %v", i, a.Probability, want)
			}
		}
		live, total, err := db.Rows(t.Context(), all, []store.Resolution{{Name: actor, Canonical: actor, Share: 1}}, iocs, links, 0)
		if err != nil || total != links || cmp.Diff(live[:3], r) != "" {
			t.Errorf("as of now they are not what they are now, err %v:\n%s", err, cmp.Diff(live[:3], r))
		}
	})
}

func TestAnUndatedWordIsKnownSinceItCameIn(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		var batch []store.Derived
		for n, learned := range map[int]time.Time{1: now.AddDate(0, 0, -3), 2: now.AddDate(0, 0, -9), 3: now.AddDate(0, 0, -20)} {
			d := document(n)
			d.Published, d.Learned = time.Time{}, learned
			if n == 3 {
				d.Marking = intel.Red
			}
			save(t, db, d)
			v := derived(d, .5)
			v.Evidence[0].At = time.Time{}
			batch = append(batch, v)
		}
		derive(t, db, 1, batch...)
		id := rows(t, db, all)[0].ID
		for _, much := range []bool{false, true} {
			if much {
				if err := db.Run(t.Context(), fmt.Sprintf(`INSERT INTO strata (link, origin, how, weight, documents, context) VALUES (%d, 1, 0, 0, 1, '')`, id)); err != nil {
					t.Fatal(err)
				}
			}
			for name, c := range map[string]struct {
				reader intel.Reader
				then   time.Time
				want   time.Time
			}{
				"all of it":         {all, time.Time{}, now.AddDate(0, 0, -20)},
				"what anybody sees": {intel.Public(), time.Time{}, now.AddDate(0, 0, -9)},
				"a week ago":        {intel.Public(), now.AddDate(0, 0, -7), now.AddDate(0, 0, -9)},
				"before it came in": {intel.Public(), now.AddDate(0, 0, -15), time.Time{}},
			} {
				got, err := db.Known(t.Context(), c.reader, []int64{id, id, id + 1000}, c.then)
				if err != nil || !got[id].Equal(c.want) || len(got) > 1 {
					t.Errorf("%s, much (%t): known since %v, err %v; want %v", name, much, got, err, c.want)
				}
			}
		}
	})
}
