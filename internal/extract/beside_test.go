package extract_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/extract"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/reference"
)

// wordy knows names that are ordinary words, names of countries or products.
func wordy(t *testing.T) *extract.Scanner {
	t.Helper()
	set, err := reference.NewSet(reference.ActorsPack("1", []reference.Cluster{
		{Galaxy: "ransomware", Value: "Windows10", Group: true},
		{Galaxy: "ransomware", Value: "Lockbit4", Group: true},
	}))
	if err != nil {
		t.Fatal(err)
	}
	return extract.New(set)
}

// namesIn returns what a text mentions of kinds, all but sectors if none is given,
// each once.
func namesIn(s *extract.Scanner, text string, kinds ...string) string {
	return strings.Join(slices.DeleteFunc(live(s, intel.Document{Text: text}), func(e string) bool {
		kind, _, _ := strings.Cut(e, ":")
		return kind == "sector" || len(kinds) > 0 && !slices.Contains(kinds, kind)
	}), " ")
}

type mention struct{ text, want string }

func checkNames(t *testing.T, s *extract.Scanner, cases []mention, kinds ...string) {
	t.Helper()
	for _, c := range cases {
		if got := namesIn(s, c.text, kinds...); got != c.want {
			t.Errorf("%q: got %q, want %q", c.text, got, c.want)
		}
	}
}

func TestReleasesOfProductsAreNoNames(t *testing.T) {
	checkNames(t, wordy(t), []mention{
		{"Windows 10 systems were infected by the ransomware.", ""},
		{"The ransomware Windows10 runs on Windows10 and Windows-10.", ""},
		{"LockBit 4 is back, says Lockbit4.", "actor:lockbit-4 actor:lockbit4 malware:lockbit-4 malware:lockbit4"},
	})
}

func TestTacticsAreNoActors(t *testing.T) {
	checkNames(t, wordy(t), []mention{
		{"TA0002 Execution, TA0001, TA0040, TA0108", ""},
		{"TA505 and TA2101 and TA0505X", "actor:ta2101 actor:ta505"},
	})
}
