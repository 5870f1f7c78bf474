package correlate_test

import (
	"slices"
	"testing"

	"github.com/portent-cti/portent/internal/correlate"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/reference"
)

// A said is a text of a report, what it mentions, and the links it gives.
type said struct {
	text        string
	marks, want []string
}

// gives checks what texts of reports give.
func gives(t *testing.T, s *reference.Set, cases []said) {
	t.Helper()
	for _, c := range cases {
		doc := intel.Document{ID: intel.NewDocumentID("kelp", c.text), Source: "kelp", Genre: intel.Report, Author: "v", Text: c.text}
		if got := links(correlate.Evidence(doc, mark(c.text, c.marks...), s)); !slices.Equal(got, c.want) {
			t.Errorf("%q: got %q, want %q", c.text, got, c.want)
		}
	}
}

func TestTheCountryOfAVictimIsNotTheActors(t *testing.T) {
	lynx, norway := "actor:cold-lynx|Cold Lynx", "country:NO|Norw"
	from := []string{"actor:cold-lynx originates-from country:NO"}
	gives(t, set(t), []said{
		{"Cold Lynx took the money of a Norway-based provider of health care.", []string{lynx, norway}, nil},
		{"Cold Lynx goes after Norwegian-speaking countries.", []string{lynx, "country:NO|Norwegian"}, []string{"actor:cold-lynx targets country:NO"}},
		{"Cold Lynx is quiet.\n\nStern Newt is too.\n\nGas is located in seas of states such as Norway.", []string{lynx, "actor:stern-newt|Stern Newt", norway}, nil},
		{"Cold Lynx, its servers located in Norway, is back.", []string{lynx, norway}, []string{"actor:cold-lynx routes-through country:NO"}},
		{"A note attributed to Cold Lynx (in Norwegian) was found.", []string{lynx, "country:NO|Norwegian"}, nil},
		{"Cold Lynx is a prolific Norwegian-speaking, well-known group.", []string{lynx, "country:NO|Norwegian"}, from},
		{"Cold Lynx is allegedly linked to the Ministry of Security of Norway.", []string{lynx, norway}, from},
		{"Cold Lynx is back. This group is attributed to the government of Norway.", []string{lynx, norway}, from},
	})
}

func TestWhoInvestigatesOrIsTheActorsHomeIsNoTarget(t *testing.T) {
	s, err := reference.NewSet(reference.ActorsPack("1", []reference.Cluster{{Galaxy: "threat-actor", Value: "Cold Lynx", Country: "NO"}}))
	if err != nil {
		t.Fatal(err)
	}
	lynx := "actor:cold-lynx|Cold Lynx"
	gives(t, s, []said{
		{"Cold Lynx attacks again, told the Chadian police.", []string{lynx, "country:TD|Chadian"}, nil},
		{"Targets of Cold Lynx, a Chadian state-aligned actor, are many.", []string{lynx, "country:TD|Chadian"}, nil},
		{"Cold Lynx goes on targeting what is of worth to the growth that the economy of Norway needs.", []string{lynx, "country:NO|Norway"}, nil},
		{"Cold Lynx attacks police in Norway.", []string{lynx, "country:NO|Norway"}, []string{"actor:cold-lynx targets country:NO"}},
		{"Cold Lynx attacked these countries: Chad, Peru, Fiji, Cuba, Togo, Oman.", []string{lynx, "country:TD|Chad", "country:OM|Oman"},
			[]string{"actor:cold-lynx targets country:OM", "actor:cold-lynx targets country:TD"}},
	})
}

func TestASectorThatNobodySaysIsAttackedIsNoTargetInAReportOnMany(t *testing.T) {
	gives(t, set(t), []said{
		{"Cold Lynx came.\n\nStern Newt came.\n\nBy the press team of a bank.", []string{"actor:cold-lynx|Cold Lynx", "actor:stern-newt|Stern Newt", "sector:finance|bank"}, nil},
		{"Cold Lynx came to a bank in Norway.", []string{"actor:cold-lynx|Cold Lynx", "sector:finance|bank", "country:NO|Norway"},
			[]string{"actor:cold-lynx targets country:NO", "actor:cold-lynx targets sector:finance"}},
	})
}
