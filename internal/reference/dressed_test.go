package reference

import (
	_ "embed"
	"slices"
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/intel"
)

//go:embed testdata/leaksites.tsv
var judgedSites string

// clusters returns the clusters of MISP galaxy that a candidate is made of.
func clusters(s *Set, c Candidate) []string {
	var out []string
	for _, m := range s.groups[c.Entity].members {
		out = append(out, strings.TrimPrefix(m.list, "misp ")+"/"+strings.ToLower(m.title))
	}
	return out
}

func TestGroupsOfLeakSitesAreRightOrNobody(t *testing.T) {
	s, _ := realSet(t)
	var right, nobody, all int
	for line := range strings.Lines(judgedSites) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(strings.TrimSpace(line), "\t")
		all++
		got := s.Resolve(intel.NewEntity(intel.Actor, f[0]))
		want := strings.Split(strings.ToLower(f[1]), ", ")
		switch {
		case len(got) == 0 && f[1] == "-", len(got) > 0 && slices.ContainsFunc(clusters(s, got[0]), func(c string) bool { return slices.Contains(want, c) }):
			right++
		case len(got) == 0:
			nobody++
			t.Logf("%s is nobody, want %s", f[0], f[1])
		default:
			t.Errorf("%s is %v, want %s", f[0], got, f[1])
		}
	}
	t.Logf("groups of leak sites: precision %.3f (%d of %d right, %d unresolved, %d wrong)", float64(right)/float64(all), right, all, nobody, all-right-nobody)
	if all != 111 || float64(right) < 0.95*float64(all) {
		t.Errorf("%d of %d are right, want 95 %% of 111", right, all)
	}
}

// What the packs know is never asked of the rules, so that whom they would make
// of it shows whom they would make of what no pack knows yet.
func TestNoKnownActorWouldBeTakenForAnother(t *testing.T) {
	s, _ := realSet(t)
	names, wrong := 0, 0
	for _, g := range s.actors.groups {
		for key := range g.votes {
			names++
			for _, c := range s.dressed(key) {
				if !slices.ContainsFunc(s.actors.resolve(key), func(k Candidate) bool { return k.Entity == c.Entity }) {
					wrong++
					t.Errorf("%s of %s would be %v", key, g.entity, c)
				}
			}
		}
	}
	t.Logf("names that the rules for leak sites give to another: %d of %d (precision %.3f)", wrong, names, 1-float64(wrong)/float64(max(names, 1)))
	if names < 2500 {
		t.Errorf("only %d names", names)
	}
}

func TestADressedNameIsItsGroupWhenThatIsTheOnlyOne(t *testing.T) {
	site := func(name string, more ...string) Cluster {
		return Cluster{Galaxy: "ransomware", Value: name, Synonyms: more, Group: true}
	}
	s, err := NewSet(ActorsPack("1", []Cluster{site("Pitch"), site("4th Owl"), site("Tarn-Locker"), site("MossLocker"), site("Dusk", "Gloam"), site("Reed"), site("Fen-Locker"), site("Fen Leaks"),
		site("Wiper Leak"), site("Ox"), {Galaxy: "ransomware", Value: "Onyx"}, {Galaxy: "threat-actor", Value: "Heron"}, {Galaxy: "threat-actor", Value: "Ermine", Synonyms: []string{"Reed"}}}))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"pitchleak": "pitch", "pitch_leaks": "pitch", "ransomblog_pitch": "pitch", "projectpitch": "pitch", "pitch-3-0": "pitch", "fourthowl": "4th-owl", "tarn": "tarn-locker", "tarnlocker": "tarn-locker",
		"moss":  "",                      // who may be somebody else
		"gloam": "dusk", "gloamleak": "", // an alias is no group's site
		"reedleak": "",                 // two have that name
		"fen":      "",                 // of two
		"wiper":    "",                 // a sort of thing
		"oxleak":   "",                 // too short
		"onyx":     "", "onyxleak": "", // a sample is no group
		"heronleak": "", "heron2": "", // does not extort
		"leak": "", "project": "", "four": "", "pitchpitch": "",
	} {
		got := ""
		if c := s.Resolve(intel.NewEntity(intel.Actor, name)); len(c) > 0 {
			got = c[0].Entity.Name
		}
		if got != want {
			t.Errorf("%s stands for %q, want %q", name, got, want)
		}
	}
	if c := s.Resolve(intel.NewEntity(intel.Label, "pitchleak")); c != nil {
		t.Errorf("a tag stands for %v", c)
	}
}

func TestOfTwoActorsOfAListOneJoinsTheGroupOfAnother(t *testing.T) {
	s, err := NewSet(ActorsPack("1", []Cluster{
		{Galaxy: "threat-actor", Value: "Cold Heron", Synonyms: []string{"Reedriver", "Grey Heron"}},
		{Galaxy: "microsoft-activity-group", Value: "Marsh Heron", Synonyms: []string{"Cold Heron", "REEDRIVER"}},
		{Galaxy: "microsoft-activity-group", Value: "Reed River", Synonyms: []string{"Delta Rat"}},
		{Galaxy: "threat-actor", Value: "Dim Vole", Synonyms: []string{"Vole One", "Vole Two"}},
		{Galaxy: "microsoft-activity-group", Value: "Vole One"}, {Galaxy: "microsoft-activity-group", Value: "Vole Two"}}))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"marsh-heron": "cold-heron", "reed-river": "reed-river cold-heron", "delta-rat": "reed-river", "vole-one": "vole-one dim-vole", "vole-two": "vole-two dim-vole"} {
		var got []string
		for _, c := range s.Resolve(intel.Entity{Kind: intel.Actor, Name: name}) {
			got = append(got, c.Entity.Name)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s stands for %q, want %q", name, got, want)
		}
	}
}
