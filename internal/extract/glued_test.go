package extract_test

import (
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/intel"
)

// checkLive holds what texts mention, and is not set aside, to what they should.
func checkLive(t *testing.T, genre intel.Genre, texts map[string]string) {
	t.Helper()
	s := scanner(t)
	for text, want := range texts {
		doc := intel.Document{Text: text, Genre: genre}
		check(t, text, s.Observations(doc))
		if got := strings.Join(live(s, doc), " "); got != want {
			t.Errorf("%q:\n\tgot  %q\n\twant %q", text, got, want)
		}
	}
}

// checkAside holds the reasons for which values are set aside.
func checkAside(t *testing.T, genre intel.Genre, texts map[string]string) {
	t.Helper()
	s := scanner(t)
	for text, want := range texts {
		var got []string
		for _, o := range s.Observations(intel.Document{Text: text, Genre: genre}) {
			if o.Suppressed != "" {
				got = append(got, o.Entity.String()+" "+o.Suppressed)
			}
		}
		if strings.Join(got, "; ") != want {
			t.Errorf("%q:\n\tset aside %q\n\twant      %q", text, got, want)
		}
	}
}

const digest = "9e107d9d372bb6826bd81d3542a419d6"

func TestValuesThatStandAgainstEachOtherAreRead(t *testing.T) {
	checkLive(t, "", map[string]string{
		"evil-drop[.]com(45.134.21.98:443)":             "domain:evil-drop.com ipv4:45.134.21.98 port:443/tcp",
		"The C2 evil-drop.com(45.134.21.98) was up":     "domain:evil-drop.com ipv4:45.134.21.98",
		"域名evil-drop.com(45.134.21.98)被黑":               "domain:evil-drop.com ipv4:45.134.21.98",
		"update.evil-drop.com(C2), 45.134.21.9(RU)":     "domain:update.evil-drop.com ipv4:45.134.21.9",
		"cdn.evil.top(45.134.21.9)[91.92.240.7]":        "domain:cdn.evil.top ipv4:45.134.21.9 ipv4:91.92.240.7",
		digest + "(evil.exe), evil.dll{" + digest + "}": "filename:evil.dll filename:evil.exe md5:" + digest,
		digest + ":evil.exe or " + digest + "=a.dll":    "filename:a.dll filename:evil.exe md5:" + digest,
		"user@evil-drop.com(Bob)":                       "email:user@evil-drop.com",
		"evil-b.com:45.134.21.98=evil-c.com":            "domain:evil-b.com domain:evil-c.com ipv4:45.134.21.98",
		"T1059(Command)":                                "technique:T1059",
		"45.134.21.98[evil-a.com]":                      "domain:evil-a.com ipv4:45.134.21.98",
		"evil-a.com->45.134.21.98":                      "domain:evil-a.com ipv4:45.134.21.98",
		"45.134.21.98&nbsp;evil-a.com":                  "domain:evil-a.com ipv4:45.134.21.98",
		"evil-a.com(http://45.134.21.98/x_(y))":         "domain:evil-a.com ipv4:45.134.21.98 url:http://45.134.21.98/x_(y)",
		// What is no two values.
		"http://evil-a.com/x_(y)":             "domain:evil-a.com url:http://evil-a.com/x_(y)",
		"foo(bar), print(foo.show), a.b(c.d)": "",
		"c2[.]evil(dot)drop{.}com":            "domain:c2.evil.drop.com",
		"invoice(1).exe and report[1].pdf":    "filename:invoice(1).exe filename:report[1].pdf",
		`requests.post("http://evil.com/a")`:  "domain:evil.com url:http://evil.com/a",
	})
	checkAside(t, "", map[string]string{
		"10.0.0.1(3)":     "ipv4:10.0.0.1 reserved range",
		"print(foo.show)": "domain:foo.show expression in a program",
	})
	checkLive(t, intel.Advisory, map[string]string{"a flaw: at net/core/dev.c:3412(net_rx) it fails": ""})
}

func TestTheTextOfALinkIsReadBesideItsTarget(t *testing.T) {
	checkLive(t, "", map[string]string{
		"[CVE-2099-1234](https://evil-a.com/CVE)":          "domain:evil-a.com url:https://evil-a.com/CVE vulnerability:CVE-2099-1234",
		"the [script T1059.003](https://evil-a.com/T1059)": "domain:evil-a.com technique:T1059.003 url:https://evil-a.com/T1059",
		"[45.134.21.98](https://evil-a.com/)":              "domain:evil-a.com ipv4:45.134.21.98 url:https://evil-a.com/",
		"[https://evil-a.com/x](https://evil-b.com/y)":     "domain:evil-a.com domain:evil-b.com url:https://evil-a.com/x url:https://evil-b.com/y",
		"[" + digest + "](https://evil-a.com/)":            "domain:evil-a.com md5:" + digest + " url:https://evil-a.com/",
	})
}

func TestTheHostOfAnAccountIsRead(t *testing.T) {
	checkLive(t, "", map[string]string{
		"ssh root@45.134.21.98 -p 2222":      "ipv4:45.134.21.98",
		"scp a.txt bob@45.134.21.98:/tmp":    "filename:a.txt ipv4:45.134.21.98",
		"bob:secret@45.134.21.98:2222":       "ipv4:45.134.21.98 port:2222/tcp",
		"rsync -a x bob@evil-drop.com:/tmp":  "domain:evil-drop.com",
		"mail bob@evil-drop.com for details": "email:bob@evil-drop.com",
	})
}

func TestEscapesOfJSONPartValues(t *testing.T) {
	checkLive(t, "", map[string]string{
		`{"url":"https:\/\/evil-drop.com\/p.php"}`:           "domain:evil-drop.com url:https://evil-drop.com/p.php",
		`hxxps:\/\/evil-drop[.]com\/p`:                       "domain:evil-drop.com url:https://evil-drop.com/p",
		`"http:\/\/evil.com\/a?x=1\u0026y=2"`:                "domain:evil.com url:http://evil.com/a?x=1&y=2",
		`"evil-a.com\n45.134.21.98\r\n` + digest + `\tx"`:    "domain:evil-a.com ipv4:45.134.21.98 md5:" + digest,
		`"IOCs:\nevil-a.com\\nthe rest"`:                     "domain:evil-a.com",
		`"{\"c2\":\"evil-w.com\",\"b\":\"45.134.21.98\"}"`:   "domain:evil-w.com ipv4:45.134.21.98",
		`C:\new\n.exe, system32\net.exe, tools\tree.com`:     "filename:n.exe filename:net.exe filename:tree.com",
		`%TEMP%\new\r.dll HKLM\software\new\run, CORP\nadia`: `filename:r.dll registry-key:HKLM\software\new\run`,
	})
}
