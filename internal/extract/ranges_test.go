package extract_test

import (
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/intel"
)

func TestARangeIsTheFewNetworksThatHoldIt(t *testing.T) {
	checkLive(t, "", map[string]string{
		"- 5.188.206.10 - 5.188.206.20\n":                "cidr:5.188.206.10/31 cidr:5.188.206.12/30 cidr:5.188.206.16/30 ipv4:5.188.206.10 ipv4:5.188.206.20",
		"- 5.188.206.1 - 5.188.206.4\n":                  "cidr:5.188.206.2/31 ipv4:5.188.206.1 ipv4:5.188.206.4",
		"from 45.134.0.1-45.137.255.254 on":              "ipv4:45.134.0.1 ipv4:45.137.255.254", // 32 networks
		"- 2a0b:f4c2::5-2a0b:f4c2::8\n":                  "cidr:2a0b:f4c2::6/127 ipv6:2a0b:f4c2::5 ipv6:2a0b:f4c2::8",
		"- 255.255.255.254-255.255.255.255\n":            "",
		"C2 hosts: 77.91.124.55/32 and 2a0b:f4c2::5/128": "ipv4:77.91.124.55 ipv6:2a0b:f4c2::5",
	})
}

func TestAPathOnOneMachineHasOneVerdict(t *testing.T) {
	for text, want := range map[string]string{
		`file C:\Windows\Temp\svc_host.exe; it`:  `file:C:\Windows\Temp\svc_host.exe path on one machine`,
		`The file C:\Users\Public\evil.exe ran.`: `file:C:\Users\Public\evil.exe path on one machine`,
	} {
		var got []string
		for _, o := range scanner(t).Observations(intel.Document{Text: text, Genre: intel.Report}) {
			if o.Entity.Kind == intel.File {
				got = append(got, o.Entity.String()+" "+o.Suppressed)
			}
		}
		if strings.Join(got, "; ") != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}
