package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

// foretold is n forecasts of consecutive days, from n-1 days ago.
func foretold(n int) []intel.Forecast {
	var all []intel.Forecast
	for i := range n {
		made := now.UTC().Truncate(24*time.Hour).AddDate(0, 0, i-n+1)
		all = append(all, intel.Forecast{ID: fmt.Sprintf("f%02d", i), Subject: actor, Kind: "technique", Target: "technique:T1059", Horizon: 28, Probability: .2,
			Made: made, Due: made.AddDate(0, 0, 28)})
	}
	return all
}

// chained keeps forecasts, each on the day that it was made.
func chained(t *testing.T, db *store.DB, all []intel.Forecast) {
	t.Helper()
	for _, f := range all {
		if err := db.SaveForecasts(t.Context(), []intel.Forecast{f}, f.Made.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
}

// tamper runs statements behind the back of the store at url.
func tamper(t *testing.T, url string, statements ...string) {
	t.Helper()
	driver := "pgx"
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		driver, url = "sqlite", path
	}
	db, err := sql.Open(driver, url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range statements {
		if _, err := db.ExecContext(context.Background(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

func TestWhateverIsDoneToAForecastIsFoundAndNamed(t *testing.T) {
	for name, c := range map[string]struct {
		do   []string
		what []string // of all faults, in order
		who  []string
	}{
		"nothing":             {},
		"a body":              {[]string{`UPDATE forecasts SET body = REPLACE(body, '"probability":0.2', '"probability":0.9') WHERE id = 'f04'`}, []string{intel.Changed}, []string{"f04"}},
		"a date":              {[]string{`UPDATE forecasts SET made = made - 864000000000 WHERE id = 'f04'`}, []string{intel.Changed}, []string{"f04"}},
		"whom it is of":       {[]string{`INSERT INTO entities (kind, name) VALUES ('actor', 'other')`, `UPDATE forecasts SET subject = (SELECT MAX(id) FROM entities) WHERE id = 'f04'`}, []string{intel.Changed}, []string{"f04"}},
		"when it was written": {[]string{`UPDATE ledger SET written = written - 864000000000 WHERE forecast = 'f04'`}, []string{intel.Changed}, []string{"f04"}},
		"a row that is gone":  {[]string{`DELETE FROM forecasts WHERE id = 'f04'`}, []string{intel.Deleted}, []string{"f04"}},
		"a row and its entry that are gone": {[]string{`DELETE FROM forecasts WHERE id = 'f04'`, `DELETE FROM ledger WHERE forecast = 'f04'`, `DELETE FROM awaited WHERE forecast = 'f04'`},
			[]string{intel.Deleted}, []string{""}},
		"one that is gone, the others renumbered": {[]string{`DELETE FROM forecasts WHERE id = 'f04'`, `DELETE FROM ledger WHERE forecast = 'f04'`, `UPDATE ledger SET seq = -seq + 1 WHERE seq > 5`,
			`UPDATE ledger SET seq = -seq WHERE seq < 0`}, []string{intel.Deleted}, []string{""}},
		"the last ones that are gone": {[]string{`DELETE FROM forecasts WHERE id > 'f06'`, `DELETE FROM ledger WHERE forecast > 'f06'`}, []string{intel.Deleted}, []string{""}},
		"a row that nobody wrote": {[]string{`INSERT INTO forecasts (id, subject, kind, marking, made, due, body) SELECT 'f99', subject, kind, marking, made - 8640000000000, due, body FROM forecasts WHERE id = 'f04'`},
			[]string{intel.Inserted}, []string{"f99"}},
		"a row with an entry among others": {[]string{`INSERT INTO forecasts (id, subject, kind, marking, made, due, body) SELECT 'f99', subject, kind, marking, made, due, body FROM forecasts WHERE id = 'f04'`,
			`UPDATE ledger SET seq = -seq - 1 WHERE seq > 4`, `UPDATE ledger SET seq = -seq WHERE seq < 0`,
			`INSERT INTO ledger (seq, forecast, written, known, afterwards, digest, link) SELECT 5, 'f99', written, known, afterwards, digest, digest FROM ledger WHERE forecast = 'f04'`,
			`INSERT INTO awaited (forecast, subject, kind, marking, made, due) SELECT 'f99', subject, kind, marking, made, due FROM awaited WHERE forecast = 'f04'`},
			[]string{intel.Inserted}, []string{"f99"}},
		"two neighbours exchanged":          {[]string{`UPDATE ledger SET seq = -5 WHERE seq = 5`, `UPDATE ledger SET seq = 5 WHERE seq = 6`, `UPDATE ledger SET seq = 6 WHERE seq = -5`}, []string{intel.Moved}, []string{"f04"}},
		"two far from each other exchanged": {[]string{`UPDATE ledger SET seq = -3 WHERE seq = 3`, `UPDATE ledger SET seq = 3 WHERE seq = 8`, `UPDATE ledger SET seq = 8 WHERE seq = -3`}, []string{intel.Moved}, []string{"f02"}},
		"the last two exchanged":            {[]string{`UPDATE ledger SET seq = -9 WHERE seq = 9`, `UPDATE ledger SET seq = 9 WHERE seq = 10`, `UPDATE ledger SET seq = 10 WHERE seq = -9`}, []string{intel.Moved}, []string{"f08"}},
		"a link":                            {[]string{`UPDATE ledger SET link = digest WHERE seq = 5`}, []string{intel.Changed, intel.Changed}, []string{"f03", "f04"}},
		"an outcome that is gone":           {[]string{`DELETE FROM awaited WHERE forecast = 'f04'`}, []string{intel.Deleted}, []string{"f04"}},
	} {
		t.Run(name, func(t *testing.T) {
			atEachEngine(t, func(t *testing.T, url string) {
				db := open(t, url)
				chained(t, db, foretold(10))
				tamper(t, url, c.do...)
				chain, err := db.CheckChain(t.Context(), nil)
				if err != nil {
					t.Fatal(err)
				}
				var what, who []string
				for _, f := range chain.Faults {
					what, who = append(what, f.What), append(who, f.Forecast)
				}
				if !slices.Equal(what, c.what) || !slices.Equal(who, c.who) || (chain.State == intel.ChainIntact) != (len(c.what) == 0) {
					t.Errorf("%s: %v", chain.State, chain.Faults)
				}
			})
		})
	}
}

func TestAForecastThatIsBackDatedIsNamed(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		all := foretold(5)
		chained(t, db, all)
		late := all[1]
		late.ID = "behind"
		if err := db.SaveForecasts(t.Context(), []intel.Forecast{late}, now); err != nil {
			t.Fatal(err)
		}
		doc := intel.Document{ID: intel.NewDocumentID("x", "y"), Source: "x", Genre: intel.Report, Reliability: 'B', Text: "y", Published: now, Learned: now}
		if _, err := db.SaveDocuments(t.Context(), []intel.Document{doc}, now.AddDate(0, 1, 0)); err != nil {
			t.Fatal(err)
		}
		knew := all[4]
		knew.ID = "knew"
		if err := db.SaveForecasts(t.Context(), []intel.Forecast{knew}, now.AddDate(0, 1, 0)); err != nil {
			t.Fatal(err)
		}
		chain, err := db.CheckChain(t.Context(), nil)
		if err != nil || len(chain.Faults) != 2 || chain.Clocked != 2 {
			t.Fatalf("%+v, %v", chain, err)
		}
		for i, want := range []string{"behind", "knew"} {
			if f := chain.Faults[i]; f.Forecast != want || f.What != intel.Backdated {
				t.Errorf("%v", f)
			}
		}
	})
}

func TestAChainThatWasNotedIsKnownAgain(t *testing.T) {
	atEachEngine(t, func(t *testing.T, url string) {
		db := open(t, url)
		chained(t, db, foretold(3))
		chain, err := db.CheckChain(t.Context(), nil)
		if err != nil || chain.State != intel.ChainIntact || chain.Forecasts != 3 {
			t.Fatalf("%+v, %v", chain, err)
		}
		more := foretold(1)[0]
		more.ID = "more"
		chained(t, db, []intel.Forecast{more})
		if ok, err := db.Anchored(t.Context(), chain.Head); !ok || err != nil {
			t.Errorf("after one more: %v, %v", ok, err)
		}
		// Who can write to the store can write all of it anew: the note stays.
		tamper(t, url, `DELETE FROM ledger`, `DELETE FROM awaited`, `DELETE FROM forecasts`, `UPDATE ledger_head SET seq = 0, link = (SELECT link FROM ledger_head)`)
		if ok, err := db.Anchored(t.Context(), chain.Head); ok || err != nil {
			t.Errorf("after all of it was written anew: %v, %v", ok, err)
		}
		for _, bad := range []string{"", "x", "1", "1:zz"} {
			if _, err := db.Anchored(t.Context(), bad); err == nil {
				t.Errorf("anchor %q is taken", bad)
			}
		}
	})
}

func TestALongChainIsWalkedInParts(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		var all []intel.Forecast
		for i := range 2345 {
			f := foretold(1)[0]
			f.ID = fmt.Sprint("long", i)
			all = append(all, f)
		}
		for range 2 { // the second time nothing is new
			if err := db.SaveForecasts(t.Context(), all, now); err != nil {
				t.Fatal(err)
			}
		}
		steps := 0
		chain, err := db.CheckChain(t.Context(), func(int) { steps++ })
		if err != nil || chain.State != intel.ChainIntact || chain.Forecasts != 2345 || steps < 4 {
			t.Errorf("%+v in %d steps, %v", chain, steps, err)
		}
	})
}

func TestFaultsThatAreNotToldAreCounted(t *testing.T) {
	atEachEngine(t, func(t *testing.T, url string) {
		var all []intel.Forecast
		for i := range 350 {
			f := foretold(1)[0]
			f.ID = fmt.Sprint("long", i)
			all = append(all, f)
		}
		db := open(t, url)
		if err := db.SaveForecasts(t.Context(), all, now); err != nil {
			t.Fatal(err)
		}
		tamper(t, url, `DELETE FROM ledger`)
		chain, err := db.CheckChain(t.Context(), func(int) {})
		if n := len(chain.Faults) + chain.More; err != nil || n < 350 || n > 352 { // the end is gone as well
			t.Errorf("%d faults are told and %d more, %v; want 350 and the end of the chain", len(chain.Faults), chain.More, err)
		}
	})
}

func TestTwoWritersMakeOneChain(t *testing.T) {
	atEachEngine(t, func(t *testing.T, url string) {
		first, second := open(t, url), open(t, url)
		failed := make(chan error)
		for w, db := range []*store.DB{first, second} {
			go func() {
				var err error
				for i := range 20 {
					f := foretold(1)[0]
					f.ID = fmt.Sprint(i, "of", w)
					both := f
					both.ID = fmt.Sprint(i, "of both")
					if err == nil {
						err = db.SaveForecasts(context.Background(), []intel.Forecast{f, both}, now)
					}
				}
				failed <- err
			}()
		}
		for range 2 {
			if err := <-failed; err != nil {
				t.Fatal(err)
			}
		}
		chain, err := first.CheckChain(t.Context(), nil)
		if err != nil || chain.State != intel.ChainIntact || chain.Forecasts != 60 {
			t.Errorf("%+v, %v", chain, err)
		}
	})
}

func TestForecastsOfOlderStoresEnterTheChainOnce(t *testing.T) {
	atEachEngine(t, func(t *testing.T, url string) {
		old, err := store.OpenAt(t.Context(), url, 21)
		if err != nil {
			t.Fatal(err)
		}
		old.Close()
		statements := []string{`INSERT INTO entities (kind, name) VALUES ('actor', 'cold-lynx')`}
		for i := range 450 { // in no order
			statements = append(statements, fmt.Sprintf(`INSERT INTO forecasts (id, subject, kind, marking, made, due, body)
				SELECT 'old%d', MAX(id), 'technique', 0, %d, %d, '{"probability":0.2}' FROM entities`, i, int64(i*7%50)*86400e6, int64(i*7%50+28)*86400e6))
		}
		tamper(t, url, statements...)
		heads := map[string]bool{}
		for range 2 {
			db := open(t, url)
			chain, err := db.CheckChain(t.Context(), nil)
			if err != nil || chain.State != intel.ChainIntact || chain.Forecasts != 450 || chain.Clocked != 0 {
				t.Fatalf("%+v, %v", chain, err)
			}
			heads[chain.Head] = true
		}
		db := open(t, url)
		chained(t, db, foretold(2))
		chain, err := db.CheckChain(t.Context(), nil)
		if err != nil || chain.State != intel.ChainIntact || chain.Forecasts != 452 || len(heads) != 1 {
			t.Errorf("%+v, %v, %v", chain, heads, err)
		}
		tamper(t, url, `UPDATE forecasts SET body = '{"probability":0.9}' WHERE id = 'old7'`)
		if chain, err = db.CheckChain(t.Context(), nil); err != nil || len(chain.Faults) != 1 || chain.Faults[0].Forecast != "old7" {
			t.Errorf("%+v, %v", chain, err)
		}
	})
}

// BenchmarkChain keeps and then walks along forecasts as a day makes them.
func BenchmarkChain(b *testing.B) {
	const each = 100
	db, err := store.Open(b.Context(), "sqlite:"+b.TempDir()+"/portent.db")
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	n := 0
	b.Run("keep", func(b *testing.B) {
		for b.Loop() {
			all := make([]intel.Forecast, each)
			for i := range all {
				all[i] = foretold(1)[0]
				all[i].ID, all[i].Rule = fmt.Sprint("bench", n), strings.Repeat("rule ", 100)
				n++
			}
			if err := db.SaveForecasts(b.Context(), all, now); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/each, "µs/forecast")
	})
	b.Run("walk", func(b *testing.B) {
		for b.Loop() {
			if _, err := db.CheckChain(b.Context(), nil); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(n), "µs/forecast")
	})
}
