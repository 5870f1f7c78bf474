package extract_test

import (
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/intel"
)

func TestLessUsualDisguisesAreUndone(t *testing.T) {
	checkLive(t, "", map[string]string{
		"evil-drop[[.]]com":               "domain:evil-drop.com",
		"hxxp:/evil-drop.com/m":           "domain:evil-drop.com url:http://evil-drop.com/m",
		"ttps://evil-drop.com/t":          "domain:evil-drop.com url:https://evil-drop.com/t",
		"http__evil-drop.com/o":           "domain:evil-drop.com url:http://evil-drop.com/o",
		"||evil-drop.com^":                "domain:evil-drop.com",
		"seen:\n-evil-z.com\n+evil-w.com": "domain:evil-w.com domain:evil-z.com",
		"IP45.134.21.98":                  "ipv4:45.134.21.98",
		"45.134.21.98—evil-a.com":         "domain:evil-a.com ipv4:45.134.21.98",
		"45.134.21.98。evil-a.com":         "domain:evil-a.com ipv4:45.134.21.98",
		"evil。com, evil\u2011drop.com":    "domain:evil-drop.com domain:evil.com",
		"run x -o evil.txt":               "filename:evil.txt",
	})
	checkAside(t, "", map[string]string{"$evil-o.com": "domain:evil-o.com expression in a program"})
}

func TestIdentifiersInOtherNotationsAreRead(t *testing.T) {
	checkLive(t, "", map[string]string{
		"CVE: 2099-34362":                "vulnerability:CVE-2099-34362",
		"CVE-2099-44228,-45046, -45105":  "vulnerability:CVE-2099-44228 vulnerability:CVE-2099-45046 vulnerability:CVE-2099-45105",
		"CAPEC 66 and CWE 89":            "attack-pattern:CAPEC-66 weakness:CWE-89",
		"T1059/001":                      "technique:T1059.001",
		"CVE-2099-44228, -1 and CAPEC 0": "vulnerability:CVE-2099-44228",
	})
}

func TestDigestsOfOtherThingsThanFilesAreSetAside(t *testing.T) {
	sha1 := digest + "12345678"
	for text, want := range map[string]string{
		"the password hash " + digest: "hash of a password", "NTLM: " + digest: "hash of a password",
		"thumbprint " + sha1: "fingerprint of a certificate", "magnet:?xt=urn:btih:" + sha1: "name of a torrent",
		"PHPSESSID=" + digest: "unique identifier", strings.ToUpper(digest) + " as CLSID": "unique identifier",
		"the file's hash is " + digest: "",
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
