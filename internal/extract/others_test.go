package extract_test

import (
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/extract"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/reference"
)

func TestATeamAndAVariantOfAVirusAreNoActors(t *testing.T) {
	s, err := reference.NewSet(reference.ActorsPack("1", []reference.Cluster{
		{Galaxy: "ransomware", Value: "Global", Group: true}, {Galaxy: "ransomware", Value: "Delta", Group: true}}))
	if err != nil {
		t.Fatal(err)
	}
	scan := extract.New(s)
	for text, want := range map[string]int{
		"By the Cogsworth Global Research Team.":          0,
		"COVID-19: the Delta variant spreads, says Cogs.": 0,
		"The Delta ransomware is back.":                   1,
		"Victims of the Global ransomware gang pay.":      1,
	} {
		found := 0
		for _, o := range scan.Observations(intel.Document{Text: text}) {
			if o.Entity.Kind == intel.Malware && o.Suppressed == "" && strings.Contains("global delta", o.Entity.Name) {
				found++
			}
		}
		if found != want {
			t.Errorf("%q: %d names, want %d", text, found, want)
		}
	}
}
