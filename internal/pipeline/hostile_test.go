package pipeline_test

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portent-cti/portent/internal/figures"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
	"github.com/portent-cti/portent/internal/queue"
	"github.com/portent-cti/portent/internal/reference"
	"github.com/portent-cti/portent/internal/store"
)

// A house is a store with those who write to it and read from it.
type house struct {
	db *store.DB
	p  *pipeline.Pipeline
	ed *pipeline.Editor
}

// onEachEngine runs f on an empty store of every engine, with packs in force.
// PostgreSQL is skipped when PORTENT_TEST_POSTGRES is unset, which CI never
// leaves unset.
func onEachEngine(t *testing.T, packs []reference.Pack, f func(*testing.T, house)) {
	t.Helper()
	on := func(t *testing.T, url string) {
		t.Helper()
		db, err := store.Open(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		p := &pipeline.Pipeline{DB: db, Queue: queue.NewMemory(), Now: func() time.Time { return now }, Clock: time.Now,
			Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
		h := house{db, p, &pipeline.Editor{DB: db, Reference: p.Reference}}
		h.use(t, packs...)
		f(t, h)
	}
	t.Run("sqlite", func(t *testing.T) { on(t, "sqlite:"+filepath.Join(t.TempDir(), "portent.db")) })
	t.Run("postgres", func(t *testing.T) {
		server := os.Getenv("PORTENT_TEST_POSTGRES")
		if server == "" {
			if os.Getenv("CI") == "true" {
				t.Fatal("PORTENT_TEST_POSTGRES is unset; CI must test on PostgreSQL")
			}
			t.Skip("PORTENT_TEST_POSTGRES is unset: PostgreSQL is not tested")
		}
		on(t, schema(t, server))
	})
}

// schema makes an empty schema on a server and returns the URL of it.
func schema(t *testing.T, server string) string {
	t.Helper()
	db, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(t.Name() + time.Now().String()))
	name := "test_" + hex.EncodeToString(sum[:8])
	if _, err := db.ExecContext(t.Context(), "CREATE SCHEMA "+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := db.Exec("DROP SCHEMA " + name + " CASCADE"); err != nil {
			t.Error(err)
		}
		db.Close()
	})
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("search_path", name)
	u.RawQuery = q.Encode()
	return u.String()
}

// use puts packs in force and settles names by them.
func (h house) use(t *testing.T, packs ...reference.Pack) {
	t.Helper()
	set, err := reference.NewSet(packs...)
	if err != nil {
		t.Fatal(err)
	}
	h.p.Use(set)
	if err := h.db.Unresolve(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.finish(t)
}

func (h house) finish(t *testing.T) {
	t.Helper()
	if err := h.p.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// keep takes in documents and works them off.
func (h house) keep(t *testing.T, docs ...intel.Document) {
	t.Helper()
	if _, err := h.p.Keep(t.Context(), docs); err != nil {
		t.Fatal(err)
	}
	h.finish(t)
}

// rule keeps the verdicts of analysts and settles names by them.
func (h house) rule(t *testing.T, verdicts ...intel.AliasVerdict) {
	t.Helper()
	var docs []intel.Document
	var names []intel.Entity
	for _, v := range verdicts {
		docs = append(docs, v.Document())
		names = append(names, v.Name, v.Other)
	}
	if _, err := h.p.Keep(t.Context(), docs); err != nil {
		t.Fatal(err)
	}
	if err := h.db.Ask(t.Context(), names); err != nil {
		t.Fatal(err)
	}
	h.finish(t)
}

// whom is whom a name means, as "name share, name share".
func (h house) whom(t *testing.T, name string) string {
	t.Helper()
	matches, err := h.ed.Lookup(t.Context(), intel.Everything(), "actor:"+name)
	if err != nil && !errors.Is(err, intel.ErrNotFound) {
		t.Fatal(err)
	}
	var out []string
	sum := 0.0
	for _, m := range matches {
		out = append(out, fmt.Sprintf("%s %.2f", m.Entity.Name, m.Share))
		sum += m.Share
	}
	if len(matches) > 0 && math.Abs(sum-1) > 1e-9 {
		t.Errorf("shares of %s sum to %v", name, sum)
	}
	return strings.Join(out, ", ")
}

// within fails the test if f takes more processor time than limit, which is some
// ten times what it takes with the race detector: what must not be is a cost that
// grows with the square.
func within(t *testing.T, limit time.Duration, what string, f func()) {
	t.Helper()
	wall, busy := time.Now(), processor(t)
	f()
	took := processor(t) - busy
	if took > limit {
		t.Errorf("%s took %v of processor time, want at most %v", what, took, limit)
	}
	t.Logf("%s: %v, %v of processor time", what, time.Since(wall).Round(time.Millisecond), took.Round(time.Millisecond))
}

// processor is how much processor time the test has taken.
func processor(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func crane(galaxy, name string, synonyms ...string) reference.Cluster {
	return reference.Cluster{Galaxy: galaxy, Value: name, Synonyms: synonyms, Group: true}
}

// One list calls A what another calls B, a third calls B what the first calls
// A's other name, and the fourth has them in a circle.
func TestContradictoryPacksTellAllTheySayInWhateverOrder(t *testing.T) {
	clusters := []reference.Cluster{
		crane("threat-actor", "Alpha Crane", "Dun Crane", "Shared Crane"), crane("threat-actor", "Beta Crane", "Shared Crane"),
		crane("microsoft-activity-group", "Dun Crane", "Beta Crane"), crane("microsoft-activity-group", "Gamma Crane", "Alpha Crane"),
		crane("ransomware", "Beta Crane", "Gamma Crane"), crane("ransomware", "Shared Crane", "Alpha Crane"),
	}
	forwards := reference.ActorsPack("1", clusters)
	var backwards []reference.Cluster
	for _, c := range clusters {
		backwards = append([]reference.Cluster{c}, backwards...)
	}
	names := []string{"alpha-crane", "beta-crane", "gamma-crane", "dun-crane", "shared-crane"}
	onEachEngine(t, []reference.Pack{forwards}, func(t *testing.T, h house) {
		for i, n := range names {
			h.keep(t, said(t, "s"+n, fmt.Sprintf("ipv4:45.134.21.%d indicates actor:%s", i+1, n)))
		}
		before := map[string]string{}
		for _, n := range names {
			before[n] = h.whom(t, n)
		}
		want := map[string]string{"alpha-crane": "alpha-crane 1.00", "beta-crane": "beta-crane 0.86, dun-crane 0.14", "gamma-crane": "alpha-crane 0.75, beta-crane 0.25",
			"dun-crane": "dun-crane 0.75, alpha-crane 0.25", "shared-crane": "alpha-crane 0.80, beta-crane 0.20"}
		if d := cmp.Diff(want, before); d != "" {
			t.Error(d)
		}
		for i, n := range names { // under one of them at least
			p, _, err := h.ed.Profile(t.Context(), intel.Everything(), intel.Entity{Kind: intel.Actor, Name: strings.Fields(before[n])[0]}, pipeline.Window{}, now)
			if err != nil || !slices.ContainsFunc(p.IOC, func(r intel.Row) bool { return r.Value == fmt.Sprintf("45.134.21.%d", i+1) }) {
				t.Errorf("what was said of %s is lost: %+v, err %v", n, p.IOC, err)
			}
		}
		h.use(t) // the packs are gone
		for _, n := range names {
			if got := h.whom(t, n); got != n+" 1.00" {
				t.Errorf("without packs %s is %s", n, got)
			}
		}
		h.use(t, reference.ActorsPack("2", backwards))
		for _, n := range names {
			if got := h.whom(t, n); got != before[n] {
				t.Errorf("in another order %s is %s, want %s", n, got, before[n])
			}
		}
	})
}

// chain are claims of two sources that each name is an alias of the next, in
// documents small enough to be read whole.
func chain(t *testing.T, names int, next func(int) int) (docs []intel.Document) {
	t.Helper()
	for i, source := range []string{"one", "two"} {
		size := 1000 - 300*i // so that no list is a copy of another
		for from := 0; from < names; from += size {
			var b strings.Builder
			for i := from; i < min(names, from+size); i++ {
				fmt.Fprintf(&b, "actor:crane-%05d alias-of actor:crane-%05d\n", i, next(i))
			}
			docs = append(docs, said(t, source, b.String()))
		}
	}
	return docs
}

func TestACircleOfAliasesHasOneMainName(t *testing.T) {
	const names = 1000
	onEachEngine(t, nil, func(t *testing.T, h house) {
		h.keep(t, said(t, "seen", "ipv4:45.134.21.8 indicates actor:crane-00700"))
		within(t, time.Minute, "a circle of a thousand", func() {
			h.keep(t, chain(t, names, func(i int) int { return (i + 1) % names })...)
		})
		for _, n := range []int{0, 1, 499, 700, 999} {
			if got := h.whom(t, fmt.Sprintf("crane-%05d", n)); got != "crane-00000 1.00" {
				t.Errorf("name %d is %s", n, got)
			}
		}
		p, _, err := h.ed.Profile(t.Context(), intel.Everything(), intel.Entity{Kind: intel.Actor, Name: "crane-00000"}, pipeline.Window{}, now)
		if err != nil || len(p.IOC) != 1 {
			t.Errorf("what was said of one of them: %+v, err %v", p.IOC, err)
		}
	})
}

func TestAChainOfAliasesBeyondMeasureJoinsNothing(t *testing.T) {
	const names = 3000
	onEachEngine(t, []reference.Pack{reference.ActorsPack("1", []reference.Cluster{crane("threat-actor", "Known Crane")})}, func(t *testing.T, h house) {
		within(t, time.Minute, "a chain of three thousand", func() { h.keep(t, chain(t, names, func(i int) int { return i + 1 })...) })
		for _, n := range []int{0, 1, 1500, 2999, 3000} {
			if name := fmt.Sprintf("crane-%05d", n); h.whom(t, name) != name+" 1.00" {
				t.Errorf("%s is %s", name, h.whom(t, name))
			}
		}
		h.keep(t, said(t, "one", "actor:crane-01500 alias-of actor:known-crane"), said(t, "two", "actor:crane-01500 alias-of actor:known-crane"))
		if got := h.whom(t, "crane-01500"); got != "known-crane 1.00" {
			t.Errorf("the alias of one who is known is %s", got)
		}
		p, _, err := h.ed.Profile(t.Context(), intel.Everything(), intel.Entity{Kind: intel.Actor, Name: "crane-01000"}, pipeline.Window{}, now)
		if err != nil || len(p.Associated) != 2 {
			t.Errorf("the claims of the chain are %+v, err %v; want two rows", p.Associated, err)
		}
	})
}

func TestTenThousandAliasesAreOfOneName(t *testing.T) {
	figures.Only(t)
	const names = 10_000
	onEachEngine(t, nil, func(t *testing.T, h house) {
		h.keep(t, said(t, "seen", "ipv4:45.134.21.8 indicates actor:crane-07000"))
		within(t, 2*time.Minute, "ten thousand aliases", func() { h.keep(t, chain(t, names, func(int) int { return 99_999 })...) })
		main := intel.Entity{Kind: intel.Actor, Name: "crane-99999"}
		for _, n := range []int{0, 7000, 9999} {
			if got := h.whom(t, fmt.Sprintf("crane-%05d", n)); got != "crane-99999 1.00" {
				t.Errorf("name %d is %s", n, got)
			}
		}
		within(t, time.Minute, "its profile", func() {
			p, _, err := h.ed.Profile(t.Context(), intel.Everything(), main, pipeline.Window{}, now)
			if err != nil || len(p.IOC) != 1 || len(p.Aliases) < 100 {
				t.Errorf("%d aliases, and of what was said of one of them %+v, err %v", len(p.Aliases), p.IOC, err)
			}
		})
	})
}

func TestAnalystsWhoContradictEachOtherAreAllHeardAndTheLastCounts(t *testing.T) {
	pack := reference.ActorsPack("1", []reference.Cluster{crane("threat-actor", "Alpha Crane", "Dun Crane"), crane("threat-actor", "Beta Crane", "Dun Crane")})
	actor := func(name string) intel.Entity { return intel.Entity{Kind: intel.Actor, Name: name} }
	onEachEngine(t, []reference.Pack{pack}, func(t *testing.T, h house) {
		h.keep(t, said(t, "seen", "ipv4:45.134.21.8 indicates actor:dun-crane"))
		if got := h.whom(t, "dun-crane"); got != "alpha-crane 0.50, beta-crane 0.50" {
			t.Errorf("before: %s", got)
		}
		at := now
		verdict := func(by string, r intel.Ruling, name, other string) intel.AliasVerdict {
			at = at.Add(time.Second)
			return intel.AliasVerdict{Name: actor(name), Other: actor(other), Ruling: r, By: intel.SourceID("analyst:" + by), Reason: by + " says so", At: at}
		}
		h.rule(t, verdict("ana", intel.Confirm, "dun-crane", "alpha-crane"))
		if got := h.whom(t, "dun-crane"); got != "alpha-crane 1.00" {
			t.Errorf("after ana: %s", got)
		}
		h.rule(t, verdict("bob", intel.Dispute, "alpha-crane", "dun-crane"))
		if got := h.whom(t, "dun-crane"); got != "beta-crane 1.00" {
			t.Errorf("after bob: %s", got)
		}
		var many []intel.AliasVerdict
		for i := range 1000 {
			many = append(many, verdict([]string{"ana", "bob"}[i%2], []intel.Ruling{intel.Confirm, intel.Dispute}[i%2], "dun-crane", "alpha-crane"))
		}
		within(t, 30*time.Second, "a thousand verdicts", func() { h.rule(t, many...) })
		if got := h.whom(t, "dun-crane"); got != "beta-crane 1.00" {
			t.Errorf("after a thousand: %s", got)
		}
		h.rule(t, verdict("cem", intel.Undo, "dun-crane", "alpha-crane"))
		if got := h.whom(t, "dun-crane"); got != "alpha-crane 0.50, beta-crane 0.50" {
			t.Errorf("after it is taken back: %s", got)
		}
		all, err := h.db.AliasVerdicts(t.Context())
		if err != nil || len(all) != 1003 || all[0].By != "analyst:ana" || all[1].By != "analyst:bob" || all[1002].By != "analyst:cem" || all[1].Reason != "bob says so" {
			t.Errorf("%d verdicts are kept, err %v; want all in their order", len(all), err)
		}
	})
}

func TestACircleOfVerdictsIsBounded(t *testing.T) {
	const names = 2000
	onEachEngine(t, nil, func(t *testing.T, h house) {
		var verdicts []intel.AliasVerdict
		name := func(i int) intel.Entity {
			return intel.Entity{Kind: intel.Actor, Name: fmt.Sprintf("crane-%05d", i%names)}
		}
		for i := range names {
			verdicts = append(verdicts, intel.AliasVerdict{Name: name(i), Other: name(i + 1), Ruling: intel.Confirm, By: "analyst:ana", At: now.Add(time.Duration(i) * time.Second)})
		}
		h.keep(t, said(t, "seen", "ipv4:45.134.21.8 indicates actor:crane-01234"))
		within(t, 30*time.Second, "a circle of verdicts", func() { h.rule(t, verdicts...) })
		for _, i := range []int{0, 1, 1234, 1999} {
			if got := h.whom(t, name(i).Name); got != "crane-00000 1.00" {
				t.Errorf("name %d is %s", i, got)
			}
		}
	})
}
