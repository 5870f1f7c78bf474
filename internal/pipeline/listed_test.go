package pipeline_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
	"github.com/portent-cti/portent/internal/reference"
)

func TestWhoNoDocumentNamesHasWhatTheReferenceLists(t *testing.T) {
	_, p, ed := open(t)
	set, err := reference.NewSet(reference.ActorsPack("1", []reference.Cluster{
		{Galaxy: "threat-actor", Value: "Cold Lynx", Synonyms: []string{"Frost Weasel", "TG-4411"}, Country: "SE", Description: "Lynxes."},
		{Galaxy: "threat-actor", Value: "Dull Stoat"}}))
	if err != nil {
		t.Fatal(err)
	}
	p.Use(set)
	lynx := intel.Entity{Kind: intel.Actor, Name: "cold-lynx"}
	got, _, err := ed.Profile(t.Context(), intel.Public(), lynx, pipeline.Window{}, now)
	if err != nil || got.Documents != 0 || len(got.Countries) != 1 {
		t.Fatalf("%+v, err %v", got, err)
	}
	if c := got.Countries[0]; !c.Known.IsZero() || !strings.Contains(c.KnownWhy, "not noted when the list was imported") {
		t.Errorf("a list that nobody imported is known since %s, %q", c.Known, c.KnownWhy)
	}
	var names []string
	for _, a := range got.Aliases {
		names = append(names, a.Value)
	}
	if want := []string{"Frost Weasel", "TG-4411"}; !slices.Equal(names, want) {
		t.Errorf("aliases %q, want %q", names, want)
	}
	if m, err := ed.Lookup(t.Context(), intel.Public(), "frost weasel"); err != nil || len(m) != 1 || m[0].Entity != lynx {
		t.Errorf("by an alias: %+v, err %v", m, err)
	}
	sweden, _, err := ed.Profile(t.Context(), intel.Public(), intel.Entity{Kind: intel.Country, Name: "SE"}, pipeline.Window{}, now)
	if err != nil || len(sweden.Associated) != 1 || sweden.Associated[0].Entity != lynx || sweden.Associated[0].Relation != intel.OriginatesFrom {
		t.Errorf("Sweden: %+v, err %v", sweden.Associated, err)
	}
	if _, _, err := ed.Profile(t.Context(), intel.Public(), intel.Entity{Kind: intel.Actor, Name: "dull-stoat"}, pipeline.Window{}, now); !errors.Is(err, intel.ErrNotFound) {
		t.Errorf("a mere name has a profile: %v", err)
	}
	if _, _, err := ed.Profile(t.Context(), intel.Public(), lynx, pipeline.Window{Back: true}, now); !errors.Is(err, intel.ErrNotFound) {
		t.Errorf("of a past day: %v", err)
	}
}

func TestWhatIsOnlyDeniedIsNoRow(t *testing.T) {
	_, p, ed := open(t)
	finish(t, p, report(1, "Cold Lynx is back with CVE-2099-0001. There is no evidence that Cold Lynx attacks France."))
	got, totals, err := ed.Profile(t.Context(), intel.Everything(), intel.Entity{Kind: intel.Actor, Name: "cold-lynx"}, pipeline.Window{}, now)
	if err != nil || len(got.Countries) != 0 || totals["countries"] != 0 {
		t.Errorf("%+v of %d, err %v", got.Countries, totals["countries"], err)
	}
}

// TestAListMakesNothingHighOfWhichOneVoiceIsSpent has two who say that an actor uses a
// technique, of which one said so long ago, and ATT&CK, which makes it probable and may be
// what they have it from.
func TestAListMakesNothingHighOfWhichOneVoiceIsSpent(t *testing.T) {
	const bundle = `{"type":"bundle","id":"bundle--1","objects":[
		{"type":"x-mitre-collection","id":"c--1","x_mitre_version":"10.1"},
		{"type":"attack-pattern","id":"ap--1","name":"Odd Door","external_references":[{"source_name":"mitre-attack","external_id":"T9001"}]},
		{"type":"intrusion-set","id":"is--1","name":"Cold Lynx","external_references":[{"source_name":"mitre-attack","external_id":"G9001"}]},
		{"type":"relationship","relationship_type":"uses","source_ref":"is--1","target_ref":"ap--1"}]}`
	pack, err := reference.Read(t.Context(), fstest.MapFS{"enterprise-attack-10.1.json": {Data: []byte(bundle)}}, "attack")
	if err != nil {
		t.Fatal(err)
	}
	set, err := reference.NewSet(pack)
	if err != nil {
		t.Fatal(err)
	}
	for years, want := range map[int]intel.Level{1: intel.High, 20: intel.Medium} {
		_, p, ed := open(t)
		p.Use(set)
		says := []intel.Claim{{Subject: coldone, Relation: intel.Uses, Object: intel.NewEntity(intel.Technique, "T9001")}}
		docs := append(inDocuments(1)("old", 365*years, says), inDocuments(1)("fresh", 1, says)...)
		for i := range docs {
			docs[i].Reliability = 'D'
		}
		finish(t, p, docs...)
		got := profileOf(t, ed, intel.Everything(), coldone, pipeline.Window{}, now)
		if len(got.TTP) != 1 || got.TTP[0].Level != want || got.TTP[0].Listed < .8 || got.TTP[0].Origins != 2 {
			t.Errorf("%d years: %+v, want %s", years, got.TTP, want)
		}
	}
}
