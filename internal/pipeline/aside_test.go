package pipeline_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
	"github.com/portent-cti/portent/internal/reference"
	"github.com/portent-cti/portent/internal/score"
)

var (
	lynxActor = intel.Entity{Kind: intel.Actor, Name: "cold-lynx"}
	c2        = intel.Entity{Kind: intel.IPv4, Name: "45.134.21.8"}
)

// usedBy is a document of that marking which says that an actor uses values.
func usedBy(n int, m intel.Marking, values ...intel.Entity) intel.Document {
	d := report(n, fmt.Sprint("List ", n))
	d.Marking = m
	for _, v := range values {
		d.Claims = append(d.Claims, intel.Claim{Subject: v, Relation: intel.Indicates, Object: lynxActor})
	}
	return d
}

func ruling(r intel.Ruling, scope intel.Scope, at time.Time) intel.Document {
	return intel.ValueVerdict{Scope: scope, Ruling: r, By: "analyst:ana", Reason: "of case 7", At: at}.Document()
}

func TestAVerdictOnWhatAReaderMayNotSeeRevealsNothing(t *testing.T) {
	for _, r := range []intel.Ruling{intel.Suppress, intel.Unsuppress} {
		for _, list := range [][]string{nil, {c2.Name}} {
			_, p, ed := open(t)
			set, err := reference.NewSet(reference.WarninglistsPack("1", []reference.List{{Name: "l", Type: "cidr", Values: list}}))
			if err != nil {
				t.Fatal(err)
			}
			p.Use(set)
			finish(t, p, usedBy(1, intel.Red, c2))
			ask := func(r intel.Reader) string {
				t.Helper()
				f, err := ed.Value(t.Context(), r, c2, pipeline.Window{}, now)
				if err != nil {
					t.Fatal(err)
				}
				return fmt.Sprintf("%+v", f)
			}
			amber := intel.Reader{Clearance: intel.Amber}
			public, cleared, all := ask(intel.Public()), ask(amber), ask(intel.Everything())
			finish(t, p, ruling(r, intel.Scope{Entity: c2}, now))
			if got := ask(intel.Public()); got != public {
				t.Errorf("%s, list %v: the public reads\n%s\nwas\n%s", r, list, got, public)
			}
			if got := ask(amber); got != cleared {
				t.Errorf("%s, list %v: who may read TLP:AMBER reads\n%s\nwas\n%s", r, list, got, cleared)
			}
			if got := ask(intel.Everything()); got == all {
				t.Errorf("%s, list %v: who may see all reads nothing new: %s", r, list, got)
			}
		}
	}
}

func TestWhoSeesARowAndNotTheVerdictSeesWhatItDidAlone(t *testing.T) {
	_, p, ed := open(t)
	finish(t, p, usedBy(1, intel.Clear, c2), ruling(intel.Suppress, intel.Scope{Entity: c2}, now))
	f, err := ed.Value(t.Context(), intel.Public(), c2, pipeline.Window{}, now)
	if err != nil || f.Suppressed != score.ByAnalyst || len(f.Verdicts) != 0 || len(f.Names) != 1 || f.Names[0].Suppressed != score.ByAnalyst {
		t.Errorf("%+v, err %v; want it set aside and neither whose word it is nor why", f, err)
	}
}

func TestPagesOfRowsShowEachOnceAndWhatIsSetAsideLast(t *testing.T) {
	_, p, ed := open(t)
	var all []intel.Entity
	for i := range 60 {
		all = append(all, intel.Entity{Kind: intel.IPv4, Name: fmt.Sprintf("45.134.%d.8", i)})
	}
	finish(t, p, usedBy(1, intel.Clear, all[:30]...), usedBy(9, intel.Clear, all[20:]...)) // some surer than others
	finish(t, p, ruling(intel.Suppress, intel.Scope{Entity: intel.NewEntity(intel.CIDR, "45.134.16.0/20")}, now))
	pages := func(w pipeline.Window) (rows []intel.Row) {
		t.Helper()
		for w.Offset = 0; ; w.Offset += w.Rows {
			got, totals, err := ed.Profile(t.Context(), intel.Everything(), lynxActor, w, now)
			if err != nil || w.Filter == (pipeline.Filter{}) && totals["ioc"] != len(all) {
				t.Fatalf("%d rows in all, err %v", totals["ioc"], err)
			}
			rows = append(rows, got.IOC...)
			if len(got.IOC) == 0 {
				return rows
			}
		}
	}
	seen := map[intel.Entity]bool{}
	aside := 0
	for _, r := range pages(pipeline.Window{Rows: 7, Section: "ioc"}) {
		if seen[r.Entity] {
			t.Errorf("%s stands on two pages", r.Entity)
		}
		seen[r.Entity] = true
		if r.Suppressed != "" {
			aside++
		} else if aside > 0 {
			t.Errorf("%s is believed and stands behind what is not", r.Entity)
		}
	}
	if len(seen) != len(all) || aside != 16 {
		t.Errorf("%d rows, %d set aside; want %d and 16", len(seen), aside, len(all))
	}
	for _, l := range []intel.Level{intel.High, intel.Medium, intel.Low} {
		if i := slices.IndexFunc(pages(pipeline.Window{Rows: 7, Section: "ioc", Filter: pipeline.Filter{Level: l}}), func(r intel.Row) bool { return r.Suppressed != "" }); i >= 0 {
			t.Errorf("the rows of level %s hold one that is set aside", l)
		}
	}
}

func TestWhatIsDerivedDoesNotRestOnLists(t *testing.T) {
	text := "Cold Lynx runs https://files.lynx-c2.net/a.php and lynx-c2.net. See e.g. spring.io or https://news.example-site.org/x about it, and [their page](https://www.example-site.org)."
	counts := func(values ...string) string {
		db, p, _ := open(t)
		set, err := reference.NewSet(reference.ActorsPack("1", []reference.Cluster{{Galaxy: "threat-actor", Value: "Cold Lynx"}}),
			reference.WarninglistsPack("1", []reference.List{{Name: "l", Type: "hostname", Values: values}}))
		if err != nil {
			t.Fatal(err)
		}
		p.Use(set)
		finish(t, p, report(1, text))
		c, err := db.Counts(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("%+v", c)
	}
	if with, without := counts("lynx-c2.net", "example-site.org"), counts("unrelated.org"); with != without {
		t.Errorf("with the values listed %s, without %s", with, without)
	}
}

func TestListsThatChangeDeriveAgainTheDocumentsOfTheirAddressesAlone(t *testing.T) {
	db, p, ed := open(t)
	was := p.Reference()
	other := intel.Entity{Kind: intel.Domain, Name: "lynx-c2.net"}
	many := make([]intel.Document, 50)
	for i := range many {
		many[i] = usedBy(i, intel.Clear, intel.Entity{Kind: intel.IPv4, Name: fmt.Sprintf("45.134.22.%d", i+1)}, other)
	}
	finish(t, p, append(many, usedBy(60, intel.Clear, c2))...)
	set, err := reference.NewSet(reference.WarninglistsPack("2", []reference.List{
		{Name: "l", Type: "cidr", Values: []string{c2.Name + "/32"}}, {Name: "m", Type: "hostname", Values: []string{other.Name}}}))
	if err != nil {
		t.Fatal(err)
	}
	p.Use(set)
	s, err := p.Screen(t.Context(), was, nil)
	if err != nil || s.Values != 52 || s.SetAside != 2 || s.Derived != 1 {
		t.Errorf("%+v, err %v; want two of 52 set aside, one document derived again", s, err)
	}
	got, _, err := ed.Profile(t.Context(), intel.Everything(), lynxActor, pipeline.Window{}, now)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range got.IOC {
		if want := r.Entity == c2 || r.Entity == other; want != (r.Suppressed != "") {
			t.Errorf("%s: %q", r.Entity, r.Suppressed)
		}
	}
	if n, err := db.Unfinished(t.Context()); err != nil || n != 0 {
		t.Errorf("%d documents wait, err %v", n, err)
	}
}
