package extract

import "strings"

// detection reports whether a word is what a product calls a detection: a
// platform, a family and a variant in capitals, as in "Win64/Agent.VB".
func detection(s string) bool {
	platform, rest, ok := strings.Cut(s, "/")
	i := strings.LastIndexByte(rest, '.')
	if !ok || i < 2 || rest[0] < 'A' || rest[0] > 'Z' || strings.ContainsAny(rest, "/_-") {
		return false
	}
	variant := rest[i+1:]
	if len(variant) > 3 || variant == "" || classOf(variant)&^(alpha|hex) != 0 || variant != strings.ToUpper(variant) {
		return false
	}
	return platformName(strings.ToLower(strings.TrimLeft(platform, "@")))
}

// platformName reports whether a word is what a detection is for.
func platformName(s string) bool {
	switch s {
	case "win16", "win32", "win64", "msil", "wingo", "winnt", "linux", "linux64", "linux32", "unix", "freebsd", "android", "ios", "osx", "macos", "js", "jsc", "vbs", "vba", "php", "asp", "jsp", "html", "java", "python",
		"powershell", "bat", "perl", "ruby", "lua", "doc", "docx", "xls", "pdf", "rtf", "swf", "autoit", "nsis", "iis", "script", "iot", "uefi", "efi", "suspicious", "generik", "o97m", "w97m", "x97m", "exploit", "trojan":
		return true
	}
	return false
}

// dottedDetection reports whether labels, in small letters, are the name of a detection as Kaspersky,
// Symantec and Dr.Web write them: "Trojan-Spy.Win32.Zbot.me", "W32.Qakbot.in". It
// has its own capitals: what is written as hosts are is none, unless a kind of
// malware and a platform begin it.
func dottedDetection(labels []string, written string) bool {
	first, tld := labels[0], labels[len(labels)-1]
	kind := malwareKind(first)
	if !kind && !platformName(first) && first != "w32" && first != "w64" && first != "w97m" || len(labels) > 5 {
		return false
	}
	if second := labels[1]; kind && len(labels) > 2 && (platformName(second) || second == "w32" || second == "w64") {
		return true
	}
	capital := func(at int) bool { return at < len(written) && written[at] >= 'A' && written[at] <= 'Z' }
	return !plainly(tld) && capital(0) && capital(len(first)+1)
}

// malwareKind reports whether a word in lower case is what the name of a detection
// begins with.
func malwareKind(s string) bool {
	kind, _, _ := strings.Cut(s, "-")
	switch kind {
	case "trojan", "backdoor", "worm", "virus", "exploit", "hacktool", "adware", "riskware", "rootkit", "ransom", "packed", "infostealer", "downloader", "dropper", "spyware", "constructor", "hoax", "heur",
		"troj", "mal", "pua", "pup", "uds", "bloodhound":
		return true
	}
	return s == "net-worm" || s == "email-worm" || s == "p2p-worm" || s == "im-worm" || s == "not-a-virus"
}
