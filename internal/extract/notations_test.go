package extract_test

import (
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/intel"
)

func TestLessUsualDisguisesAreUndone(t *testing.T) {
	checkLive(t, "", map[string]string{
		"evil-drop[[.]]com":                               "domain:evil-drop.com",
		"hxxp:/evil-drop.com/m":                           "domain:evil-drop.com url:http://evil-drop.com/m",
		"ttps://evil-drop.com/t":                          "domain:evil-drop.com url:https://evil-drop.com/t",
		"http__evil-drop.com/o":                           "domain:evil-drop.com url:http://evil-drop.com/o",
		"||evil-drop.com^":                                "domain:evil-drop.com",
		"seen:\n-evil-z.com\n+evil-w.com":                 "domain:evil-w.com domain:evil-z.com",
		"IP45.134.21.98":                                  "ipv4:45.134.21.98",
		"45.134.21.98—evil-a.com":                         "domain:evil-a.com ipv4:45.134.21.98",
		"45.134.21.98。evil-a.com":                         "domain:evil-a.com ipv4:45.134.21.98",
		"evil。com, evil\u2011drop.com":                    "domain:evil-drop.com domain:evil.com",
		"run x -o evil.txt":                               "filename:evil.txt",
		"evil<.>drop<.>com":                               "domain:evil.drop.com",
		"evil-drop[,]com, evil-d[ . ]com":                 "domain:evil-d.com domain:evil-drop.com",
		"evil-drop dot com, C2: evil DOT com":             "domain:evil-drop.com domain:evil.com",
		"hxxp://a dot b-b dot com/x":                      "domain:a.b-b.com url:http://a.b-b.com/x",
		"hxxp[s]://a-b.com/r":                             "domain:a-b.com url:https://a-b.com/r",
		"[hxxp]://a-b.com/r":                              "domain:a-b.com url:http://a-b.com/r",
		"a dot com company, version 2.0 dot com, arr[,]b": "",
	})
	checkAside(t, "", map[string]string{"$evil-o.com": "domain:evil-o.com expression in a program"})
}

func TestNamesOfHostsInScriptsWithoutBlanksAreRead(t *testing.T) {
	checkLive(t, "", map[string]string{
		"see Д.рф now":               "domain:xn--d1a.xn--p1ai",
		"例子恶意.中国 is malicious":       "domain:xn--fsqu00a85drra.xn--fiqs8s",
		"C2 域名为恶意例子.com":             "domain:xn--fsqu00a65drra.com",
		"访问http://恶意例子.com/a.php。":   "domain:xn--fsqu00a65drra.com url:http://xn--fsqu00a65drra.com/a.php",
		"访问http://evil-b.com/下载文件。":  "domain:evil-b.com url:http://evil-b.com/",
		"http://evil-b.com/路径/a.php": "domain:evil-b.com url:http://evil-b.com/路径/a.php",
		"http://例子恶意.中国/路径":          "domain:xn--fsqu00a85drra.xn--fiqs8s url:http://xn--fsqu00a85drra.xn--fiqs8s/路径",
		"攻撃者はテスト悪意.jpを使用":            "domain:xn--zckzah6410cpoa.jp",
		"유해사이트.한국, अच्छा.भारत":       "domain:xn--l1b6bd4lxc.xn--h2brj9c domain:xn--vf4b11jihx11b6jd.xn--3e0b707e",
		"العنوان مثال.السعودية":      "domain:xn--mgbh0fb.xn--mgberp4a5d4ar",
		"하였다.한국은 좋다. 今天很好.中国政府宣布":    "",
	})
}

func TestIdentifiersInOtherNotationsAreRead(t *testing.T) {
	checkLive(t, "", map[string]string{
		"CVE: 2099-34362":                    "vulnerability:CVE-2099-34362",
		"CVE-2099-44228,-45046, -45105":      "vulnerability:CVE-2099-44228 vulnerability:CVE-2099-45046 vulnerability:CVE-2099-45105",
		"CAPEC 66 and CWE 89":                "attack-pattern:CAPEC-66 weakness:CWE-89",
		"T1059/001":                          "technique:T1059.001",
		"CVE-\n2099-44228 CVE-2099-4\n4229.": "vulnerability:CVE-2099-44228 vulnerability:CVE-2099-44229",
		"CVE-2099-44228, -1 and CAPEC 0":     "vulnerability:CVE-2099-44228",
	})
}

func TestDigestsOfOtherThingsThanFilesAreSetAside(t *testing.T) {
	sha1 := digest + "12345678"
	for text, want := range map[string]string{
		"the password hash " + digest: "hash of a password", "NTLM: " + digest: "hash of a password",
		"thumbprint " + sha1: "fingerprint of a certificate", "magnet:?xt=urn:btih:" + sha1: "name of a torrent",
		"PHPSESSID=" + digest: "unique identifier", strings.ToUpper(digest) + " as CLSID": "unique identifier",
		"MD5 of the key is " + digest: "key of a cipher", "the file's hash is " + digest: "", "C2 45.134.21.\n81": "cut by a line break",
	} {
		if os := observations(t, text); len(os) != 1 || os[0].Suppressed != want {
			t.Errorf("%q: got %+v, want it set aside as %q", text, os, want)
		}
	}
}

func observations(t *testing.T, text string) []intel.Observation {
	t.Helper()
	return scanner(t).Observations(intel.Document{Text: text})
}
