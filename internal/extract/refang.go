package extract

import (
	"strings"

	"golang.org/x/net/publicsuffix"
)

// disguises are the ways of writing a value so that nothing follows it, and
// what each stands for.
var disguises = strings.NewReplacer(
	"[.]", ".", "(.)", ".", "{.}", ".", "[dot]", ".", "(dot)", ".", "{dot}", ".", "[DOT]", ".", "(DOT)", ".", "[d]", ".", "\\.", ".", "[.", ".", ".]", ".",
	"[:]", ":", "(:)", ":", "[://]", "://", "[/]", "/", "[at]", "@", "(at)", "@", "[@]", "@", "(@)", "@", "{at}", "@", "[AT]", "@",
	"hxxps", "https", "hxxp", "http", "hXXps", "https", "hXXp", "http", "HXXP", "http", "h**ps", "https", "h**p", "http", "h__p", "http", "meow://", "http://",
)

// refang undoes the disguises of a value.
func refang(s string) string {
	if strings.IndexByte(s, '[') < 0 && strings.IndexByte(s, '(') < 0 && strings.IndexByte(s, '{') < 0 && strings.IndexByte(s, '\\') < 0 &&
		!strings.HasPrefix(s, "h") && !strings.HasPrefix(s, "H") && !strings.HasPrefix(s, "meow") {
		return s
	}
	return disguises.Replace(s)
}

// reserved are the top-level names of RFC 2606 and RFC 6761 that occur in
// examples and exercises; whether a name under them is ordinary is for the
// reference to say.
func reserved(tld string) bool {
	switch tld {
	case "example", "test", "invalid", "localhost", "onion", "local", "internal", "bit", "i2p":
		return true
	}
	return false
}

// domain reports whether s, in lower case, is the name of a host: at least two
// labels, a last one that exists.
func domain(s string) bool {
	if len(s) < 4 || len(s) > 253 {
		return false
	}
	labels := 0
	start := 0
	for i := 0; i <= len(s); i++ {
		if i < len(s) && s[i] != '.' {
			c := s[i]
			if c != '-' && c != '_' && (c < 'a' || c > 'z') && (c < '0' || c > '9') {
				return false
			}
			continue
		}
		if i == start || i-start > 63 || s[start] == '-' || s[i-1] == '-' {
			return false
		}
		labels++
		start = i + 1
	}
	if labels < 2 {
		return false
	}
	tld := s[strings.LastIndexByte(s, '.')+1:]
	if tld[0] >= '0' && tld[0] <= '9' {
		return false
	}
	if reserved(tld) {
		return true
	}
	_, icann := publicsuffix.PublicSuffix(s)
	return icann
}

// fileName reports whether s ends like the name of a file of a kind that
// attacks are made of.
func fileName(s string) bool {
	i := strings.LastIndexByte(s, '.')
	if i <= 0 || i == len(s)-1 || len(s) > 255 {
		return false
	}
	switch strings.ToLower(s[i+1:]) {
	case "exe", "dll", "sys", "ps1", "psm1", "bat", "cmd", "vbs", "vbe", "js", "jse", "wsf", "hta", "lnk", "msi", "scr", "cpl", "ocx", "jar", "doc", "docx",
		"docm", "xls", "xlsx", "xlsm", "xll", "ppt", "pptx", "pdf", "rtf", "one", "iso", "img", "vhd", "zip", "rar", "7z", "cab", "gz", "tar", "tmp", "dat", "bin",
		"log", "txt", "ini", "cfg", "conf", "xml", "json", "html", "htm", "php", "asp", "aspx", "jsp", "cgi", "sh", "py", "elf", "so", "ko", "apk", "dmg", "pkg",
		"plist", "db", "sqlite", "key", "pem", "pfx", "url", "bak", "dmp", "csv", "sql", "war", "class", "ashx", "cfm", "lua", "pl", "rb":
		return true
	}
	return false
}
