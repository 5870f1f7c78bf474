package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const networksReport = `# UNC4841

UNC4841 uses these networks as C2:

- 91.92.250.0/24
- 77.91.124.55/32
- 45.142.212.96/28
- 5.188.206.10 - 5.188.206.20
- 2a0b:f4c2::/48
- evil-one.top
`

func TestNetworksThatAReportListsAreHuntedAndToldOfTheirAddresses(t *testing.T) {
	db := newStore(t)
	if code, c, errs := portent(t, db, "import", file(t, "unc4841.md", []byte(networksReport))); code != exitDone || c.Documents == 0 {
		t.Fatalf("exit %d, %+v: %s", code, c, errs)
	}
	log := file(t, "flows.log", []byte("91.92.250.7 77.91.124.55 45.142.212.100 5.188.206.15 5.188.206.20 2a0b:f4c2::5 x.evil-one.top\n91.92.251.7 77.91.124.56 45.142.212.112 5.188.206.21 2a0b:f4c3::5\n"))
	lines, _ := hunted(t, db, exitDone, "hunt", log)
	var got []string
	for _, l := range redacted(lines) {
		got = append(got, strings.Fields(strings.TrimPrefix(l, log+":"))[1])
	}
	slices.Sort(got)
	if diff := cmp.Diff([]string{"cidr:2a0b:f4c2::/48", "cidr:45.142.212.96/28", "cidr:5.188.206.12/30", "cidr:91.92.250.0/24", "domain:evil-one.top", "ipv4:5.188.206.20", "ipv4:77.91.124.55"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	told, _ := hunted(t, db, exitDone, "lookup", "91.92.250.7", "2a0b:f4c2::5", "91.92.251.7")
	if len(told) != 5 || told[0] != "91.92.250.7: unknown" || !strings.HasPrefix(told[1], "  in 91.92.250.0/24: UNC4841 (") || !strings.HasPrefix(told[3], "  in 2a0b:f4c2::/48: UNC4841 (") {
		t.Errorf("lookup: %q", told)
	}
	told, _ = hunted(t, db, exitDone, "--json", "lookup", "91.92.250.7")
	if len(told) != 1 || !strings.Contains(told[0], `"networks":[{"actors":["actor:unc4841"]`) || !strings.Contains(told[0], `"value":"91.92.250.0/24"`) {
		t.Errorf("lookup in JSON: %s", told)
	}
}
