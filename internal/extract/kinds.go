package extract

import (
	"net/netip"
	"net/url"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// link reads a URL in any disguise, and its host.
func (v *values) link(from, to int) {
	run := v.text[from:to]
	plain := refang(run)
	i := strings.Index(plain, "://")
	if i < 0 {
		return
	}
	scheme := strings.ToLower(plain[:i])
	switch scheme {
	case "http", "https", "ftp", "ftps", "sftp", "tcp", "udp", "ws", "wss", "ldap", "ldaps", "smb", "rmi", "file":
	default:
		return
	}
	u, err := url.Parse(scheme + plain[i:])
	if err != nil || u.Host == "" {
		return
	}
	name := strings.ToLower(u.Hostname())
	addr, addrErr := netip.ParseAddr(name)
	if addrErr != nil && !domain(name) {
		return
	}
	reason := ""
	if v.own != "" && name == v.own {
		reason = "the document's own site"
	}
	u.Host = strings.ToLower(u.Host)
	v.note(intel.Entity{Kind: intel.URL, Name: u.String()}, from, to, reason)
	switch {
	case addrErr == nil && addr.Is4():
		v.note(intel.Entity{Kind: intel.IPv4, Name: addr.String()}, from, to, reason)
	case addrErr == nil:
		v.note(intel.NewEntity(intel.IPv6, addr.String()), from, to, reason)
	case strings.HasSuffix(name, ".onion"):
		if onion(name) {
			v.note(intel.Entity{Kind: intel.Onion, Name: name}, from, to, reason)
		}
	default:
		v.note(intel.NewEntity(intel.Domain, name), from, to, reason)
	}
}

// identifiers reads what is written letters-number: CVE, CWE, CAPEC, ATT&CK
// techniques, autonomous systems.
func (v *values) identifiers(from, to int) bool {
	run := strings.ToUpper(dashes.Replace(v.text[from:to]))
	var kind intel.Kind
	switch {
	case strings.HasPrefix(run, "CVE-") && cve(run[4:]) > 0:
		kind, run = intel.Vulnerability, run[:4+cve(run[4:])]
	case strings.HasPrefix(run, "CWE-") && digits(run[4:]):
		kind = intel.Weakness
	case strings.HasPrefix(run, "CAPEC-") && digits(run[6:]):
		kind = intel.AttackPattern
	case technique(run):
		kind = intel.Technique
		if t, ok := v.set.Technique(run); ok && t.ID != "" {
			run = t.ID
		}
	case strings.HasPrefix(run, "AS") && len(run) >= 5 && len(run) <= 12 && allDigits(run[2:]):
		kind = intel.ASN
	case numbered(run):
		v.note(intel.NewEntity(intel.Actor, v.text[from:to]), from, to, "")
		return true
	default:
		return false
	}
	v.note(intel.Entity{Kind: kind, Name: run}, from, to, "")
	return true
}

var dashes = strings.NewReplacer("\u2010", "-", "\u2011", "-", "\u2012", "-", "\u2013", "-", "\u2212", "-", "\u00ad", "")

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// cve returns the length of "2021-44228" at the beginning of s, or 0.
func cve(s string) int {
	if len(s) < 8 || !allDigits(s[:4]) || s[4] != '-' {
		return 0
	}
	n := 5
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	if n-5 < 4 || n-5 > 7 || n < len(s) && (s[n] >= 'A' && s[n] <= 'Z') {
		return 0
	}
	return n
}

// technique reports whether s is T1234 or T1234.001.
func technique(s string) bool {
	if len(s) != 5 && len(s) != 9 || s[0] != 'T' || !allDigits(s[1:5]) || s[1] > '1' {
		return false
	}
	return len(s) == 5 || s[5] == '.' && allDigits(s[6:])
}

// numbered reports whether s is a designator that vendors give actors.
func numbered(s string) bool {
	for _, p := range []string{"UNC", "TA", "FIN", "APT", "STORM-", "DEV-", "UAC-", "TG-", "TAG-", "APT-C-", "G0"} {
		if rest, ok := strings.CutPrefix(s, p); ok && len(rest) >= 1 && len(rest) <= 5 && allDigits(rest) && (p != "G0" || len(rest) == 3) && (len(p) > 2 || len(rest) >= 3) {
			return true
		}
	}
	return false
}

// hash reads a digest by its length.
func (v *values) hash(from, to int) bool {
	var kind intel.Kind
	switch to - from {
	case 32:
		kind = intel.MD5
	case 40:
		kind = intel.SHA1
	case 62:
		kind = intel.JARM
	case 64:
		kind = intel.SHA256
	case 128:
		kind = intel.SHA512
	default:
		return false
	}
	v.note(intel.NewEntity(kind, v.text[from:to]), from, to, "")
	return true
}

// mail reads an e-mail address.
func (v *values) mail(from, to int) bool {
	plain := strings.ToLower(refang(v.text[from:to]))
	plain = strings.TrimPrefix(plain, "mailto:")
	local, name, ok := strings.Cut(plain, "@")
	if !ok || local == "" || len(local) > 64 || !domain(name) {
		return false
	}
	for i := range len(local) {
		c := local[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && strings.IndexByte(".!#$%&'*+-/=?^_{}~", c) < 0 {
			return false
		}
	}
	v.note(intel.Entity{Kind: intel.Email, Name: plain}, from, to, "")
	return true
}

// path reads Windows paths and registry keys.
func (v *values) path(from, to int) {
	run := v.text[from:to]
	upper := strings.ToUpper(run)
	for _, root := range []string{"HKLM\\", "HKCU\\", "HKCR\\", "HKU\\", "HKEY_"} {
		if strings.HasPrefix(upper, root) {
			v.note(intel.Entity{Kind: intel.RegistryKey, Name: run}, from, to, "")
			return
		}
	}
	if strings.Contains(run, "\\.") && strings.Contains(refang(run), ".") && !strings.Contains(run, ":\\") {
		if name := strings.ToLower(refang(run)); domain(name) {
			v.host(name, true, from, to, false, name)
			return
		}
	}
	name := run[strings.LastIndexByte(run, '\\')+1:]
	if fileName(name) {
		v.note(intel.NewEntity(intel.Filename, name), to-len(name), to, "")
	}
}

// file reads a path on an attacked product, where what stands before it says
// that it is one or its form leaves no doubt.
func (v *values) file(from, to int) {
	run := v.text[from:to]
	plain, _, _ := strings.Cut(run, "?")
	plain, _, _ = strings.Cut(plain, "#")
	if len(plain) < 3 || strings.Contains(plain, "//") || !strings.ContainsAny(plain, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") {
		return
	}
	if fileName(plain) || strings.Count(plain, "/") > 1 || pathBefore(v.prev) {
		v.note(intel.Entity{Kind: intel.File, Name: plain}, from, from+len(plain), "")
	}
}

// pathBefore reports whether a word says that a path follows.
func pathBefore(word string) bool {
	switch word {
	case "get", "post", "put", "head", "delete", "patch", "options", "file", "path", "endpoint", "uri", "url", "route", "script", "page", "файл", "файле", "файла",
		"путь", "скрипт", "文件", "archivo", "ruta", "datei", "pfad", "فایل", "مسیر", "component", "handler", "to":
		return true
	}
	return false
}

// port reads 445/tcp and tcp/445.
func (v *values) port(from, to int) {
	a, b, ok := strings.Cut(strings.ToLower(v.text[from:to]), "/")
	if !ok {
		return
	}
	if (a == "tcp" || a == "udp") && digits(b) {
		a, b = b, a
	}
	if digits(a) && (b == "tcp" || b == "udp") {
		v.note(intel.Entity{Kind: intel.Port, Name: a + "/" + b}, from, to, "")
	}
}

// assignments reads the names of parameters from a query or a body.
func (v *values) assignments(from, to int) {
	run := v.text[from:to]
	i := strings.IndexByte(run, '?')
	if i < 0 || run[0] != '/' && !strings.Contains(run[:i], "/") {
		return
	}
	at := from + i + 1
	for n := 0; n < 16 && at < to; n++ {
		part := v.text[at:to]
		if j := strings.IndexByte(part, '&'); j >= 0 {
			part = part[:j]
		}
		name, _, ok := strings.Cut(part, "=")
		if ok && name != "" && len(name) <= 64 && plainName(name) {
			v.note(intel.Entity{Kind: intel.Argument, Name: name}, at, at+len(name), "")
		}
		at += len(part) + 1
	}
}

func plainName(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' && c != '-' && c != '.' && c != '[' && c != ']' {
			return false
		}
	}
	return s != ""
}
