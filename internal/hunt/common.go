package hunt

import (
	"path"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/portent-cti/portent/internal/intel"
)

// common reports whether a value stands in logs of every sort, so that finding
// it tells nothing, whoever is said to use it. docs/hunting.md has the rules.
func common(e intel.Entity) bool {
	switch e.Kind {
	case intel.Domain:
		suffix, _ := publicsuffix.PublicSuffix(e.Name)
		return suffix == e.Name
	case intel.Filename:
		return commonFile(strings.ToLower(e.Name)) || everywhere(e.Name)
	case intel.UserAgent, intel.Mutex, intel.RegistryKey, intel.Command, intel.Service, intel.ScheduledTask:
		return everywhere(e.Name)
	}
	return false
}

// commonFile reports whether a file's name is one that web sites or Windows
// have everywhere.
func commonFile(name string) bool {
	extension := path.Ext(name)
	stem := strings.TrimSuffix(strings.TrimSuffix(name, extension), ".min")
	switch extension {
	case ".html", ".htm", ".php", ".asp", ".aspx", ".jsp", ".js", ".css", ".txt", ".ico", ".xml", ".png":
		switch stem {
		case "index", "default", "home", "main", "robots", "favicon", "sitemap", "style", "styles", "script", "scripts", "app", "jquery", "logo":
			return true
		}
	case ".exe", ".dll":
		switch stem {
		case "svchost", "explorer", "lsass", "services", "csrss", "winlogon", "wininit", "smss", "conhost", "taskhostw", "dllhost", "cmd", "powershell",
			"rundll32", "kernel32", "ntdll", "user32", "chrome", "firefox", "msedge":
			return true
		}
	}
	return false
}

// everywhere reports whether a phrase has nothing but common words, numbers of
// up to four digits and single signs: "HTTP/1.1", "Mozilla/5.0", "200 OK".
func everywhere(phrase string) bool {
	word := func(r rune) bool { return r < 0x80 && class[byte(r)]&alnum == 0 }
	for w := range strings.FieldsFuncSeq(strings.ToLower(phrase), word) {
		if len(w) > 1 && !commonWords[w] && (len(w) > 4 || strings.Trim(w, "0123456789") != "") {
			return false
		}
	}
	return true
}

// commonWords are the words that logs of every sort are made of.
var commonWords = func() map[string]bool {
	words := map[string]bool{}
	for _, w := range strings.Fields(`
		http https ftp ssh tls ssl smtp imap pop3 dns dhcp ntp tcp udp icmp rtsp sip ldap smb rdp quic h2 ipv4 ipv6
		get post put head delete options patch connect trace propfind
		mozilla compatible curl wget python requests urllib java okhttp dalvik apache go client httpclient libwww perl
		info notice warn warning error err debug critical fatal alert ok true false null none unknown local localhost localdomain
		allow allowed accept accepted deny denied drop dropped block blocked success failed failure system
		jan feb mar apr may jun jul aug sep oct nov dec mon tue wed thu fri sat sun utc gmt am pm
		hklm hkcu hkcr hku hkey local machine current users classes software microsoft windows
		application json text html xml plain gzip deflate keep alive close`) {
		words[w] = true
	}
	return words
}()
