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
	switch strings.ToLower(strings.TrimLeft(platform, "@")) {
	case "win16", "win32", "win64", "msil", "wingo", "winnt", "linux", "linux64", "linux32", "unix", "freebsd", "android", "ios", "osx", "macos", "js", "jsc", "vbs", "vba", "php", "asp", "jsp", "html", "java", "python",
		"powershell", "bat", "perl", "ruby", "lua", "doc", "docx", "xls", "pdf", "rtf", "swf", "autoit", "nsis", "iis", "script", "iot", "uefi", "efi", "suspicious", "generik", "o97m", "w97m", "x97m", "exploit", "trojan":
		return true
	}
	return false
}
