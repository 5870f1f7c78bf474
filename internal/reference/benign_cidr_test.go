package reference_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/reference"
)

// TestOverlappingNetworksOfHostileListsAreDecidedByTheNarrowest: whatever lies
// over whatever, a value costs one walk down the table.
func TestOverlappingNetworksOfHostileListsAreDecidedByTheNarrowest(t *testing.T) {
	var lists []reference.List
	for bits := 8; bits <= 32; bits++ { // every list over every other, and twice
		l := reference.List{Name: fmt.Sprintf("net%02d", bits), Type: "cidr"}
		for i := range 4000 {
			p := fmt.Sprintf("45.%d.%d.%d/%d", i/250, i%250, i%7, bits)
			l.Values = append(l.Values, intel.NewEntity(intel.CIDR, p).Name, p)
		}
		lists = append(lists, l)
	}
	lists = append(lists, reference.List{Name: "junk", Type: "cidr", Values: []string{"45.0.0.0/99", "::/0", "0.0.0.0/0", "45.300.0.0/8", "/", "::ffff:45.0.0.0/90"}})
	set, err := reference.NewSet(reference.WarninglistsPack("1", lists))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"45.3.7.2": "net30", "45.3.7.1": "net32", "45.3.7.0": "net31", "45.3.7.5": "net29", "45.200.1.1": "net08", "46.1.1.1": ""} {
		e := intel.Entity{Kind: intel.IPv4, Name: name}
		if got, _ := set.Benign(e); strings.TrimPrefix(got, "warninglist: ") != want {
			t.Errorf("%s is decided by %q, want %q", name, got, want)
		}
		if n := testing.AllocsPerRun(100, func() { set.Benign(e) }); n > 0 {
			t.Errorf("%s: %.0f allocations under 200,000 networks", name, n)
		}
	}
}
