package extract_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/extract"
	"github.com/portent-cti/portent/internal/intel"
)

// judged is what a text mentions in order of offset, with the reason behind what
// is set aside.
func judged(s *extract.Scanner, text string) string {
	var out []string
	for _, o := range s.Observations(intel.Document{Text: text}) {
		if o.Entity.Kind == intel.Port {
			continue
		}
		e := o.Entity.String()
		if o.Suppressed != "" {
			e += " (" + o.Suppressed + ")"
		}
		out = append(out, e)
	}
	return strings.Join(slices.Compact(out), ", ")
}

func holds(t *testing.T, cases map[string]string) {
	t.Helper()
	s := scanner(t)
	for text, want := range cases {
		if got := judged(s, text); got != want {
			t.Errorf("%q:\n got %s\nwant %s", text, got, want)
		}
	}
}

func TestAListOfAddressesSpeaksForAll(t *testing.T) {
	const version = " (reads like a version number)"
	holds(t, map[string]string{
		"used resolvers 9.9.9.9, 45.134.21.98 and 91.92.240.7": "ipv4:9.9.9.9 (public resolver), ipv4:45.134.21.98, ipv4:91.92.240.7",
		"used 9.9.9.9 as":                         "ipv4:9.9.9.9 (public resolver)",
		"used 10.1.2.3 as":                        "ipv4:10.1.2.3 (reserved range)",
		"used 1.2.4.8 and 45.134.21.98.":          "ipv4:1.2.4.8, ipv4:45.134.21.98",
		"used 45.134.21.98, 10.1.2.3 and 1.2.4.8": "ipv4:45.134.21.98, ipv4:10.1.2.3 (reserved range), ipv4:1.2.4.8",
		"used 10.1.2.3, 5.9.8.7, 45.134.21.98":    "ipv4:10.1.2.3 (reserved range), ipv4:5.9.8.7, ipv4:45.134.21.98",
		"has 8.0.2.17, 8.1.0.9":                   "ipv4:8.0.2.17" + version + ", ipv4:8.1.0.9" + version,
		"has 10.0.2.17, 8.1.0.9":                  "ipv4:10.0.2.17 (reserved range), ipv4:8.1.0.9" + version,
		"has 8.0.2.17 and meets 45.134.21.98":     "ipv4:8.0.2.17" + version + ", ipv4:45.134.21.98",
		"versions 6.0.0.1 and 6.0.0.42":           "ipv4:6.0.0.1 (version number), ipv4:6.0.0.42 (version number)",
		"permit 192.168.4.0 0.0.0.255":            "ipv4:192.168.4.0 (reserved range), ipv4:0.0.0.255 (netmask)",
	})
}

func TestADigestThatLinesCutIsJoinedInItsColumn(t *testing.T) {
	holds(t, map[string]string{
		"9e107d9d372bb6826bd8\t2fd4e1c67a2d28fced84\n1d3542a419d6\t9ee1bb76e7391b93eb12": "",
		"9e107d9d372bb6826bd8 2fd4e1c67a2d28fced84\n1d3542a419d6 9ee1bb76e7391b93eb12":   "",
		"9e107d9d372bb6826bd8   2fd4e1c67a2d28fced84\n1d3542a419d6":                      "",
		"one |9e107d9d372bb6826bd8\n1d3542a419d6| two":                                   "",
		"sum\t9e107d9d372bb6826bd8\n1d3542a419d6\n":                                      "md5:9e107d9d372bb6826bd81d3542a419d6",
		"is 9e107d9d372bb6826bd8\n1d3542a419d6 of it":                                    "md5:9e107d9d372bb6826bd81d3542a419d6",
		"e3b0c44298fc1c149afbf4c8996f\nb92427ae41e4649b934ca495991b\n7852b856\nof it":    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b856",
		"e3b0c44298fc1c149afbf4c8996f\nb92427ae41e4649b934ca495991b\n7852b85612\n":       "",
	})
}

func TestAHostThatALineCutsIsNotTheRestOfIt(t *testing.T) {
	holds(t, map[string]string{
		"the C2 evil-\npdfhost[.]com":   "domain:evil-pdfhost.com",
		"the C2 evil-\npdfhost.com":     "domain:pdfhost.com (cut by a line break)",
		"at a.evil-\npdfhost[.]com":     "domain:pdfhost.com (cut by a line break)",
		"these:\n---\npdfhost[.]com":    "domain:pdfhost.com",
		"these:\n-\npdfhost[.]com":      "domain:pdfhost.com",
		"the hosts -\npdfhost[.]com":    "domain:pdfhost.com",
		"the hosts evil-\n\npdfhost.ru": "domain:pdfhost.ru",
	})
}

func TestAURLThatALineCutsIsJoined(t *testing.T) {
	holds(t, map[string]string{
		"saw http://a-drop.com/very/long/\npath/to/gate.php was":                                          "domain:a-drop.com, url:http://a-drop.com/very/long/path/to/gate.php",
		"saw http://a-drop.com/very/up-\npackage.zip was":                                                 "domain:a-drop.com, url:http://a-drop.com/very/up-package.zip",
		"saw http://a-drop.com/very/long/\nand/or others":                                                 "domain:a-drop.com, url:http://a-drop.com/very/long/",
		"saw http://a-drop.com/\nevil.exe was":                                                            "domain:a-drop.com, url:http://a-drop.com/, filename:evil.exe",
		"packages came from http://a-drop.com/static/downloads/windows/insta\nller/package_final.zip and": "domain:a-drop.com, url:http://a-drop.com/static/downloads/windows/installer/package_final.zip",
		"http://a-drop.com/insta\nller/package_final.zip":                                                 "domain:a-drop.com, url:http://a-drop.com/insta, file:ller/package_final.zip",
	})
}

func TestAURLEndsWhereItEnds(t *testing.T) {
	holds(t, map[string]string{
		"http://a-drop.com/a,b/c.php?x=1,2":            "domain:a-drop.com, url:http://a-drop.com/a,b/c.php?x=1,2",
		"hxxp://a-drop[.]com/p;v=1/x.php":              "domain:a-drop.com, url:http://a-drop.com/p;v=1/x.php",
		"http://a-drop.com/a,Win32/Agent.C":            "domain:a-drop.com, url:http://a-drop.com/a, file:Win32/Agent.C (name of a detection)",
		"http://a-drop.com/a,b-drop.com/x.php":         "domain:a-drop.com, url:http://a-drop.com/a, domain:b-drop.com, url:http://b-drop.com/x.php",
		"link:https://a-drop.com/x[the gate], too":     "domain:a-drop.com, url:https://a-drop.com/x",
		"hxxps://a-drop[.]com/y[other].":               "domain:a-drop.com, url:https://a-drop.com/y",
		"https://a-drop.com[other].":                   "domain:a-drop.com (link to a site that is named), url:https://a-drop.com (link to a site that is named)",
		"https://a-drop.com/y?a[b]=1":                  "domain:a-drop.com, url:https://a-drop.com/y?a[b]=1",
		"http://[2a03:b0c0::1]/x":                      "ipv6:2a03:b0c0::1, url:http://[2a03:b0c0::1]/x",
		"91.92.240.0/255.255.255.0":                    "cidr:91.92.240.0/24",
		"45.134.21.98:443/tcp, b-drop.com:53/udp":      "ipv4:45.134.21.98, domain:b-drop.com",
		"45.134.21.98:443/gate and b-drop.com:53/gate": "url:http://45.134.21.98:443/gate, ipv4:45.134.21.98, domain:b-drop.com, url:http://b-drop.com:53/gate",
	})
}

func TestNamesBelowSharedHostsAreHosts(t *testing.T) {
	const member = " (expression in a program)"
	holds(t, map[string]string{
		"at x.workers.dev, x.notion.site": "domain:x.workers.dev, domain:x.notion.site",
		"at a.b.r2.dev now":               "domain:a.b.r2.dev",
		"calls app.run and data.dev":      "domain:app.run" + member + ", domain:data.dev" + member,
	})
}

func TestKeysAndIdentifiersAreNoHashes(t *testing.T) {
	const sum = "9e107d9d372bb6826bd81d3542a419d6"
	holds(t, map[string]string{
		"Licence key: " + sum:        "md5:" + sum + " (licence key)",
		"the product key " + sum:     "md5:" + sum + " (licence key)",
		sum + " (GUID) of it":        "md5:" + sum + " (unique identifier)",
		"The licensed file " + sum:   "md5:" + sum,
		"the key to it is in " + sum: "md5:" + sum,
	})
}

func TestWhatHasABadChecksumIsSetAside(t *testing.T) {
	const bad = " (checksum does not match)"
	onion := "http://" + strings.Repeat("ab", 28) + ".onion/x"
	monero := "44AFFq5kSiGBoZ4NMDwYtN18obc8AemS33DBLWs3H7otXft3XjrpDtQGv7SqSsaBYBb98uNbr2VBBEt7f2wfn3RVGQBEP3A"
	holds(t, map[string]string{
		"pay 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb":     "btc:1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb" + bad,
		"bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdz": "btc:bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdz" + bad,
		monero:                               "xmr:" + monero,
		monero[:94] + "B":                    "xmr:" + monero[:94] + "B" + bad,
		"1aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa": "",
		"the old expyuzz4wqqyqhjn.onion":     "onion:expyuzz4wqqyqhjn.onion",
		strings.TrimSuffix(onion[7:], "/x") + " is wrong": "onion:" + onion[7:len(onion)-2] + bad,
		"at abc.onion": "onion:abc.onion (no onion service has such a name)",
	})
}

func TestNumbersWithDotsAreSetAside(t *testing.T) {
	holds(t, map[string]string{
		"OID 1.3.6.1.4.1.311.21.10": "ipv4:1.3.6.1 (object identifier)",
		"firmware v5.4.3.2":         "ipv4:5.4.3.2 (version number)",
		"see v5.4.3":                "",
		"at 1.2.3.4.5.6":            "",
	})
}

func TestCVEsAreReadOverBreaksAndSlashes(t *testing.T) {
	holds(t, map[string]string{
		"is CVE-2021-\n44228, which":       "vulnerability:CVE-2021-44228",
		"is CVE-2021-\n44228x, which":      "",
		"is CVE-2021-\n442, which":         "",
		"CVE-2021-44235/44236":             "vulnerability:CVE-2021-44235, vulnerability:CVE-2021-44236",
		"CVE-2021-44235/1":                 "vulnerability:CVE-2021-44235",
		"CVE[-]2021[-]44235/44236":         "vulnerability:CVE-2021-44235",
		"CVE\u20142021\u201444228":         "vulnerability:CVE-2021-44228",
		"at 2a03[:]b0c0[:]3[:]d0[::]1c is": "ipv6:2a03:b0c0:3:d0::1c",
	})
}

func TestHostsAreFoundInOddDisguises(t *testing.T) {
	holds(t, map[string]string{
		"at evil-drop\u00b7com":          "domain:evil-drop.com",
		`hxxp:\\evil-drop[.]com\gate`:    "domain:evil-drop.com, url:http://evil-drop.com/gate",
		"C2: evil-drop . com":            "domain:evil-drop.com",
		"Domain: evil-drop .com, too":    "domain:evil-drop.com",
		"a pre-built .net program":       "",
		"the host: dot .community":       "",
		"the second-level . com of them": "",
	})
}
