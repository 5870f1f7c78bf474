package correlate_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portent-cti/portent/internal/correlate"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/reference"
)

func TestNamesStandForWhoIsSaidToBearThem(t *testing.T) {
	name := func(s string) intel.Entity { return intel.Entity{Kind: intel.Actor, Name: s} }
	claim := func(from string, rel intel.Relation, to string, p float64) intel.Assessment {
		return intel.Assessment{Link: intel.Link{From: name(from), Relation: rel, To: name(to)}, Probability: p}
	}
	known := func(e intel.Entity) []reference.Candidate {
		if e.Name == "known" || e.Name == "famous" {
			return []reference.Candidate{{Entity: name("famous"), Share: 1}}
		}
		return nil
	}
	held := func(l intel.Link, e intel.Entity) bool { return e.Name == "held" && l.To.Name != "sure" }
	is, not := intel.AliasOf, intel.NotAliasOf
	for _, test := range []struct {
		name   string
		claims []intel.Assessment
		want   map[string]map[string]float64
	}{
		{"a name of two is shared", []intel.Assessment{claim("heron", is, "lynx", .6), claim("heron", is, "stoat", .6)},
			map[string]map[string]float64{"heron": {"lynx": .5, "stoat": .5}}},
		{"by belief", []intel.Assessment{claim("heron", is, "lynx", .9), claim("heron", is, "stoat", .6)},
			map[string]map[string]float64{"heron": {"lynx": .6, "stoat": .4}}},
		{"an alias of an alias", []intel.Assessment{claim("a", is, "b", .9), claim("b", is, "c", .9)},
			map[string]map[string]float64{"a": {"c": 1}, "b": {"c": 1}}},
		{"two that point at each other", []intel.Assessment{claim("a", is, "b", .9), claim("b", is, "a", .9)},
			map[string]map[string]float64{"b": {"a": 1}}},
		{"a circle of three", []intel.Assessment{claim("a", is, "b", .9), claim("b", is, "c", .9), claim("c", is, "a", .9)},
			map[string]map[string]float64{"b": {"a": 1}, "c": {"a": 1}}},
		{"a known name outweighs", []intel.Assessment{claim("heron", is, "known", .6), claim("heron", is, "stoat", .9), claim("known", is, "stoat", .9)},
			map[string]map[string]float64{"heron": {"famous": 1}, "stoat": {"famous": 1}}},
		{"doubtful", []intel.Assessment{claim("heron", is, "lynx", .4)}, nil},
		{"denied", []intel.Assessment{claim("heron", is, "lynx", .6), claim("lynx", not, "heron", .7)}, nil},
		{"held", []intel.Assessment{claim("held", is, "evil", .9)}, nil},
		{"held, of a known name", []intel.Assessment{claim("held", is, "known", .9)}, nil},
		{"held against one of two", []intel.Assessment{claim("held", is, "evil", .9), claim("held", is, "sure", .6)},
			map[string]map[string]float64{"held": {"sure": 1}}},
		{"held, and fewer names for it than for its alias", []intel.Assessment{claim("evil", is, "held", .9), claim("a", is, "evil", .9), claim("b", is, "evil", .9)},
			map[string]map[string]float64{"a": {"evil": 1}, "b": {"evil": 1}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := map[string]map[string]float64{}
			for e, candidates := range correlate.StandFor(test.claims, held, known) {
				got[e.Name] = map[string]float64{}
				for _, c := range candidates {
					got[e.Name][c.Entity.Name] = float64(int(c.Share*1000+.5)) / 1000
				}
			}
			if test.want == nil {
				test.want = map[string]map[string]float64{}
			}
			if d := cmp.Diff(test.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestANameOfVeryManyStandsForTheGreatest(t *testing.T) {
	name := func(s string) intel.Entity { return intel.Entity{Kind: intel.Actor, Name: s} }
	var claims []intel.Assessment
	claim := func(from, to string, p float64) {
		claims = append(claims, intel.Assessment{Link: intel.Link{From: name(from), Relation: intel.AliasOf, To: name(to)}, Probability: p})
	}
	const names = 100
	for i := range names {
		claim(fmt.Sprintf("alias-%d", i), "mid", .9)
		if i > 0 {
			claim("mid", fmt.Sprintf("main-%d", i), .9)
		}
	}
	claim("mid", "chief", .95)
	got := correlate.StandFor(claims, func(intel.Link, intel.Entity) bool { return false }, func(intel.Entity) []reference.Candidate { return nil })
	rows := 0
	for e, candidates := range got {
		rows += len(candidates)
		sum := 0.0
		for _, c := range candidates {
			sum += c.Share
		}
		if sum < .999 || sum > 1.001 || candidates[0].Entity != name("chief") {
			t.Errorf("%s stands for %v, of shares %.3f; want chief first and 1", e, candidates, sum)
		}
	}
	if len(got) != names+1 || rows != 8*(names+1) {
		t.Errorf("%d names stand for others, %d times; want %d names, each for 8", len(got), rows, names+1)
	}
}

func TestAGroupStandsForNoMalware(t *testing.T) {
	name := func(s string) intel.Entity {
		e, err := intel.ParseEntity(s)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	known := func(e intel.Entity) []reference.Candidate {
		if e == name("malware:plexor") || e == name("label:plexor-kit") {
			return []reference.Candidate{{Entity: name("malware:plexor"), Share: 1}}
		}
		return nil
	}
	var claims []intel.Assessment
	for _, c := range [][2]string{{"malware:plexor", "actor:longhorn"}, {"label:plexor-kit", "actor:longhorn"}, {"label:lambert", "actor:longhorn"}, {"tool:plexor-x", "malware:plexor"}, {"label:p-lexor", "malware:plexor"}} {
		claims = append(claims, intel.Assessment{Link: intel.Link{From: name(c[0]), Relation: intel.AliasOf, To: name(c[1])}, Probability: .9})
	}
	got := map[string]string{}
	for e, candidates := range correlate.StandFor(claims, func(intel.Link, intel.Entity) bool { return false }, known) {
		got[e.String()] = candidates[0].Entity.String()
	}
	want := map[string]string{"label:lambert": "actor:longhorn", "tool:plexor-x": "malware:plexor", "label:p-lexor": "malware:plexor"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
