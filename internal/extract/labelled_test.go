package extract_test

import "testing"

func TestADigestThatBlanksCutIsToldByItsLabel(t *testing.T) {
	const a, b = "bb11bb22cc33dd44ee55ff6600112233", "445566778899aabbccddeeff00112233"
	holds(t, map[string]string{
		"SHA256 " + a + " " + b:            "sha256:" + a + b,
		"SHA256\t" + a + " " + b:           "sha256:" + a + b,
		"Name\tSHA256\na\t" + a + " " + b:  "sha256:" + a + b,
		"Name\tMD5\na\t" + a + " " + b:     "md5:" + a + ", md5:" + b,
		"SHA-256 hash: " + a + "  " + b:    "sha256:" + a + b,
		"SHA-1: " + a[:20] + " " + b[:20]:  "sha1:" + a[:20] + b[:20],
		"MD5: " + a + " " + b:              "md5:" + a + ", md5:" + b,
		"SHA256 and MD5: " + a + " " + b:   "md5:" + a + ", md5:" + b,
		"MD5 SHA256\n" + a + " " + b:       "md5:" + a + ", md5:" + b,
		"no SHA256, but " + a + " " + b:    "md5:" + a + ", md5:" + b,
		"SHA256: " + a + " " + b + " " + b: "md5:" + a + ", md5:" + b,
		"SHA256: " + a + " " + b + "0":     "md5:" + a,
	})
}

func TestWhatANameSaysIsAnIdentifierOrAKeyIsNoHashOfAFile(t *testing.T) {
	const sum, long = "0f5a7c1b9d2e4a6b8c0d1e2f3a4b5c6d", "aa11bb22cc33dd44ee55ff6600112233445566778899aabbccddeeff00112233"
	const unique, key = "md5:" + sum + " (unique identifier)", "md5:" + sum + " (key of a cipher)"
	holds(t, map[string]string{
		"HWID: " + sum:                   unique,
		"GET /gate.php?a=1&hwid=" + sum:  "file:/gate.php, argument:a, argument:hwid, " + unique,
		`{"trace_id":"` + sum + `"}`:     unique,
		"trace_id=" + sum:                unique,
		"campaign id " + sum:             unique,
		"x-request-id: " + sum:           unique,
		`KEY = b"` + sum + `"`:           key,
		"the XOR key " + sum:             key,
		"aes_key='" + sum + "'":          key,
		"docker image sha256:" + long:    "sha256:" + long + " (digest of an image)",
		"evil/x@sha256:" + long:          "sha256:" + long + " (digest of an image)",
		"The image drops sha256:" + long: "sha256:" + long,
		"The TLS certificate (serial 8BB00EE, SHA-1 " + long[:40] + ") was":      "sha1:" + long[:40] + " (fingerprint of a certificate)",
		"signed with a stolen certificate (issued by Cogs). SHA-1: " + long[:40]: "sha1:" + long[:40],
		"HWID: none, MD5: " + sum:     "md5:" + sum,
		"sample id " + sum:            "md5:" + sum,
		"file_id=" + sum:              "md5:" + sum,
		"the researchers said " + sum: "md5:" + sum,
	})
}

func TestAFileThatIsCalledByItsHashGivesBoth(t *testing.T) {
	const sum = "0f5a7c1b9d2e4a6b8c0d1e2f3a4b5c6d"
	holds(t, map[string]string{
		"the sample " + sum + ".exe":                   "filename:" + sum + ".exe, md5:" + sum,
		"ran /tmp/" + sum + " as":                      "file:/tmp/" + sum + ", md5:" + sum,
		`C:\a\` + sum + ".dll":                         `file:C:\a\` + sum + ".dll (path on one machine), filename:" + sum + ".dll, md5:" + sum,
		"/assets/x/" + sum + ".js and " + sum + ".png": "file:/assets/x/" + sum + ".js, filename:" + sum + ".png",
		"GET /api/x/" + sum + " HTTP/1.1":              "file:/api/x/" + sum,
		"01234567890123456789012345678901.bin":         "filename:01234567890123456789012345678901.bin",
		"x" + sum + ".exe, " + sum[1:] + ".exe":        "filename:x" + sum + ".exe, filename:" + sum[1:] + ".exe",
	})
}

func TestAURLThatNamesACVEMentionsIt(t *testing.T) {
	holds(t, map[string]string{
		"https://www.cve.org/CVERecord?id=CVE-2023-20198": "domain:www.cve.org (site that tells of threats), url:https://www.cve.org/CVERecord?id=CVE-2023-20198 (site that tells of threats), vulnerability:CVE-2023-20198",
		"https://poc-one.com/poc/CVE-2023-3519":           "domain:poc-one.com, url:https://poc-one.com/poc/CVE-2023-3519, vulnerability:CVE-2023-3519",
		"https://poc-one.com/cve-2023-3519-in-the-wild":   "domain:poc-one.com, url:https://poc-one.com/cve-2023-3519-in-the-wild",
		"https://www.abuseipdb.com/check/45.142.212.100":  "domain:www.abuseipdb.com (site that tells of threats), url:https://www.abuseipdb.com/check/45.142.212.100 (site that tells of threats), ipv4:45.142.212.100",
		"https://notabuse.ch/check/45.142.212.100":        "domain:notabuse.ch, url:https://notabuse.ch/check/45.142.212.100",
	})
}
