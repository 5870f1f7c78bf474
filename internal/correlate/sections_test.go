package correlate_test

import "testing"

func TestWhatAReportListsOfVictimsAndReadingsIsNoIndicator(t *testing.T) {
	lynx := "actor:cold-lynx|Cold Lynx"
	owns := func(value string) []string { return []string{value + " indicates actor:cold-lynx"} }
	gives(t, set(t), []said{
		{"Cold Lynx\n\nTargetted Networks\n\nNetwork  City\n124.171.71.0/24  Perth\n125.209.157.0/24  Cairns\n", []string{lynx, "cidr:124.171.71.0/24|124.171.71.0/24", "cidr:125.209.157.0/24|125.209.157.0/24"}, nil},
		{"Cold Lynx\n\n## Victims\n\na-drop.com\n\n## Network\n\nb-drop.com\n", []string{lynx, "domain:a-drop.com|a-drop.com", "domain:b-drop.com|b-drop.com"}, owns("domain:b-drop.com")},
		{"Cold Lynx is back.\n[1] Cogs Lab <https://cogs-lab.com/x>\n[2] Other <https://b-lab.com/y>\n", []string{lynx, "url:https://cogs-lab.com/x|https://cogs-lab.com/x", "url:https://b-lab.com/y|https://b-lab.com/y"}, nil},
		{"Cold Lynx\n\nReferences\n\nhttps://cogs-lab.com/x\n", []string{lynx, "url:https://cogs-lab.com/x|https://cogs-lab.com/x"}, nil},
		{"Cold Lynx\n\nTargets of the group fell to a-drop.com.\n", []string{lynx, "domain:a-drop.com|a-drop.com"}, owns("domain:a-drop.com")},
		{"Cold Lynx\n\nServers\n\na-drop.com\n", []string{lynx, "domain:a-drop.com|a-drop.com"}, owns("domain:a-drop.com")},
	})
}

func TestAPortOfTrafficIsNotTheFlawsNearby(t *testing.T) {
	flaw := "vulnerability:CVE-2099-1234|CVE-2099-1234"
	gives(t, set(t), []said{
		{"The document has CVE-2099-1234. Its payload calls home through port 443.", []string{flaw, "port:443/tcp|443"}, nil},
		{"CVE-2099-1234 is open on port 443.", []string{flaw, "port:443/tcp|443"}, []string{"vulnerability:CVE-2099-1234 affects port:443/tcp"}},
	})
}

func TestTheNetworkOfAProviderIsNobodysIndicator(t *testing.T) {
	gives(t, set(t), []said{{"Cold Lynx used 203.0.113.9 of AS208476.", []string{"actor:cold-lynx|Cold Lynx", "domain:c2.example|203.0.113.9", "asn:AS208476|AS208476"},
		[]string{"domain:c2.example indicates actor:cold-lynx"}}})
}

func TestANetworkBesideItsAddressInATableSaysWhereThatStands(t *testing.T) {
	lynx, host, around := "actor:cold-lynx|Cold Lynx", "ipv4:198.51.100.98|198.51.100.98", "cidr:198.51.100.0/24|198.51.100.0/24"
	gives(t, set(t), []said{
		{"Cold Lynx hosts\n| 198.51.100.98 | M247 | 198.51.100.0/24 |\n", []string{lynx, host, around}, []string{"ipv4:198.51.100.98 indicates actor:cold-lynx"}},
		{"Cold Lynx hosts\n198.51.100.98\tM247\t198.51.100.0/24\n", []string{lynx, host, around}, []string{"ipv4:198.51.100.98 indicates actor:cold-lynx"}},
		{"Cold Lynx hosts\n| C2 | 198.51.100.0/24 |\n| C2 | 198.51.100.98 |\n", []string{lynx, around, host},
			[]string{"cidr:198.51.100.0/24 indicates actor:cold-lynx", "ipv4:198.51.100.98 indicates actor:cold-lynx"}},
	})
}
