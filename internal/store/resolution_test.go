package store_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

func TestEachReaderIsToldWhomANameStandsForByWhatSheMaySee(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		name := func(s string) intel.Entity { return intel.Entity{Kind: intel.Actor, Name: s} }
		alias, open, secret := name("tg-4411"), name("open"), name("secret")
		set := []store.Resolution{
			{Name: alias, Canonical: open, Share: 1, Below: intel.Amber},
			{Name: alias, Canonical: open, Share: .4, Marking: intel.Amber, Below: intel.Red},
			{Name: alias, Canonical: secret, Share: .6, Marking: intel.Amber, Below: intel.Red},
			{Name: name("only"), Canonical: secret, Share: 1, Marking: intel.Red},
		}
		d := document(1)
		d.Marking = intel.Amber
		save(t, db, d)
		derive(t, db, 1, store.Derived{Document: d.ID, Observations: []intel.Observation{{Entity: secret}}, Titles: map[intel.Entity]string{secret: "SECRET"}})
		for range 2 {
			if err := db.Settle(t.Context(), store.Settlement{Resolutions: set}); err != nil {
				t.Fatal(err)
			}
		}
		for clearance, want := range map[intel.Marking][4]int{intel.Clear: {1, 1, 2, 1}, intel.Green: {1, 1, 2, 1}, intel.Amber: {2, 1, 2, 2}, intel.AmberStrict: {2, 1, 2, 2}, intel.Red: {0, 1, 1, 2}} {
			r := intel.Reader{Clearance: clearance}
			stands, err := db.StandsFor(t.Context(), r, alias)
			if err != nil {
				t.Fatal(err)
			}
			mains, err := db.Mains(t.Context(), r, []intel.Entity{alias, name("only")})
			if err != nil {
				t.Fatal(err)
			}
			ofOpen, err := db.NamesOf(t.Context(), r, open)
			if err != nil {
				t.Fatal(err)
			}
			ofSecret, err := db.NamesOf(t.Context(), r, secret)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, [4]int{len(stands), len(mains), len(ofOpen), len(ofSecret)}); d != "" {
				t.Errorf("%v: %s", clearance, d)
			}
			title, err := db.Title(t.Context(), r, secret)
			if seen := err == nil && title == "SECRET"; seen != (clearance >= intel.Amber) || (!seen && !errors.Is(err, intel.ErrNotFound)) {
				t.Errorf("%v: title %q, err %v", clearance, title, err)
			}
		}
	})
}

func TestAnEntityIsTheFirstOfItsNamesAndThenComeTheSurest(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		name := func(s string) intel.Entity { return intel.Entity{Kind: intel.Actor, Name: s} }
		set := []store.Resolution{{Name: name("a-rumour"), Canonical: actor, Share: .3}, {Name: name("tg-4411"), Canonical: actor, Share: .9}}
		if err := db.Settle(t.Context(), store.Settlement{Resolutions: set}); err != nil {
			t.Fatal(err)
		}
		got, err := db.NamesOf(t.Context(), all, actor)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff([]intel.Entity{actor, name("tg-4411"), name("a-rumour")}, store.Names(got)); d != "" {
			t.Error(d)
		}
	})
}

func TestAClaimOfOneVoiceIsHeldWhereOthersSpeak(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		name := func(s string) intel.Entity { return intel.Entity{Kind: intel.Actor, Name: s} }
		alias := intel.Link{From: name("heron"), Relation: intel.AliasOf, To: name("lynx")}
		own := intel.Link{From: intel.Entity{Kind: intel.IPv4, Name: "192.0.2.1"}, Relation: intel.Indicates, To: alias.From}
		n := 0
		says := func(source intel.SourceID, origin string, l intel.Link, m intel.Marking) {
			n++
			d := document(n)
			d.Source, d.Marking = source, m
			save(t, db, d)
			derive(t, db, 1, store.Derived{Document: d.ID, Evidence: []intel.Evidence{{Link: l, Document: d.ID, Source: source, Origin: origin,
				Reliability: 'B', Marking: m, Weight: 1, At: d.Published, Learned: d.Learned}}})
		}
		held := func(r intel.Reader, want ...store.Hold) {
			t.Helper()
			claims, err := db.Aliases(t.Context(), r, []intel.Entity{alias.From})
			if err != nil || len(claims) != 1 {
				t.Fatalf("claims %+v, err %v", claims, err)
			}
			got, err := db.Holds(t.Context(), r, claims, intel.Unnamed{"csv", "documents"})
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
		}
		says("stranger", "stranger", alias, intel.Clear)
		says("stranger", "stranger", own, intel.Clear)
		held(intel.Everything())
		says("vendor", "vendor", own, intel.Amber)
		held(intel.Everything(), store.Hold{Link: alias, Name: alias.From, Marking: intel.Amber})
		held(intel.Public())
		asked, err := db.Asked(t.Context(), []intel.Entity{alias.From})
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Settle(t.Context(), store.Settlement{Names: asked}); err != nil {
			t.Fatal(err)
		}
		says("stranger", "cited", alias, intel.Clear)
		held(intel.Everything(), store.Hold{Link: alias, Name: alias.From, Marking: intel.Amber})
		says("vendor", "vendor", alias, intel.Clear)
		held(intel.Everything())
	})
}

func TestWhatIsSaidOfAnAliasAsksForWhomItStands(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		claimed, plain := document(1), document(2)
		save(t, db, claimed, plain)
		v := derived(claimed, .9)
		v.Evidence[0].Link = intel.Link{From: actor, Relation: intel.AliasOf, To: intel.Entity{Kind: intel.Actor, Name: "stoat"}}
		derive(t, db, 1, v)
		settle := func(want int) {
			t.Helper()
			names, err := db.Unresolved(t.Context(), 10)
			if err != nil || len(names) != want {
				t.Errorf("%+v ask, err %v; want %d", names, err, want)
			}
			if err := db.Settle(t.Context(), store.Settlement{Names: names}); err != nil {
				t.Fatal(err)
			}
		}
		settle(2)
		derive(t, db, 1, derived(plain, .9))
		settle(1)
		derive(t, db, 2, derived(plain, .9))
		settle(1)
	})
}
