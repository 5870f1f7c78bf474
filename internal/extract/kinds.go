package extract

import (
	"strings"
	"unicode/utf8"

	"github.com/portent-cti/portent/internal/intel"
)

// identifiers reads what is written letters-number: CVE, GHSA, CWE, CAPEC,
// ATT&CK techniques, autonomous systems, designators of actors. What has no digit
// is none, but for GHSA.
func (v *values) identifiers(from, to int, p string, has class) bool {
	if p[0] == '@' {
		return v.quotedMail(from, to, p)
	}
	switch p[0] | 0x20 {
	case 'c', 'g', 't', 'a', 'u', 'f', 's', 'd':
	default:
		return false
	}
	if has&(slash|digit) == slash|digit && p == v.text[from:to] && v.slashedIDs(from, p) {
		return true
	}
	if len(p) > 40 || has&(digit|odd) == 0 && !ghsaBegins(p) {
		return false
	}
	run := strings.ToUpper(p)
	var kind intel.Kind
	switch {
	case strings.HasPrefix(run, "CVE"):
		return v.flaw(from, to, p, run)
	case strings.HasPrefix(run, "GHSA-") && ghsa(run[5:]):
		kind, run = intel.Vulnerability, "GHSA-"+strings.ToLower(run[5:])
	case strings.HasPrefix(run, "CWE-") && digits(run[4:]):
		kind = intel.Weakness
	case strings.HasPrefix(run, "CAPEC-") && digits(run[6:]):
		kind = intel.AttackPattern
	case technique(run) || len(run) == 9 && run[5] == '/' && technique(run[:5]+"."+run[6:]): // "T1059/001"
		kind, run = intel.Technique, strings.Replace(run, "/", ".", 1)
		t, ok := v.set.Technique(run)
		if ok && t.ID != "" {
			run = t.ID
		}
		if !ok && v.set.HasTechniques() {
			return false
		}
	case strings.HasPrefix(run, "AS") && system(run[2:], v.near(from, 24, "asn", "autonomous", "hosted", "hosting", "provider", "network")):
		kind = intel.ASN
	case strings.HasPrefix(run, "ASN") && system(strings.TrimLeft(run[3:], ":-"), true):
		kind, run = intel.ASN, "AS"+strings.TrimLeft(run[3:], ":-")
	case numbered(run):
		v.note(intel.NewEntity(intel.Actor, p), from, to, "")
		return true
	default:
		return false
	}
	v.note(intel.Entity{Kind: kind, Name: run}, from, to, "")
	return true
}

// cve returns the length of "2021-44228" at the beginning of s, or 0.
func cve(s string) int {
	if len(s) < 8 || !allDigits(s[:4]) || s[4] != '-' && s[4] != '_' || s[:4] < "1999" {
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

// ghsaBegins reports whether s begins as a GHSA id, which may have no digit.
func ghsaBegins(s string) bool { return len(s) > 5 && strings.EqualFold(s[:5], "GHSA-") }

func ghsa(s string) bool {
	if len(s) != 14 || s[4] != '-' || s[9] != '-' {
		return false
	}
	for i := range len(s) {
		if classes[s[i]]&(alpha|hex|digit) == 0 && i != 4 && i != 9 {
			return false
		}
	}
	return true
}

// technique reports whether s is T1234 or T1234.001.
func technique(s string) bool {
	if len(s) != 5 && len(s) != 9 || s[0] != 'T' || !allDigits(s[1:5]) || s[1] > '1' || s[1:5] == "1000" || s[1] == '0' && s[2] != '8' || s[1] == '1' && s[2] > '7' {
		return false
	}
	return len(s) == 5 || s[5] == '.' && allDigits(s[6:])
}

// system reports whether s is the number of an autonomous system; short ones
// need somebody to say so.
func system(s string, said bool) bool {
	switch s {
	case "9100", "9102", "9110", "9120": // standards of aerospace
		return false
	}
	return allDigits(s) && len(s) <= 10 && s[0] != '0' && (len(s) >= 4 || said)
}

// numbered reports whether s is a designator that vendors give actors. TA with
// four digits of which the first is 0 is a tactic of ATT&CK.
func numbered(s string) bool {
	for _, p := range []string{"UNC", "TA", "FIN", "APT", "STORM-", "DEV-", "UAC-", "TG-", "TAG-", "APT-C-", "G0"} {
		if rest, ok := strings.CutPrefix(s, p); ok && len(rest) >= 1 && len(rest) <= 5 && allDigits(rest) && (p != "G0" || len(rest) == 3) && (len(p) > 2 || len(rest) >= 3) {
			return p != "TA" || len(rest) != 4 || rest[0] != '0'
		}
	}
	return false
}

func digestOf(length int) intel.Kind {
	switch length {
	case 32:
		return intel.MD5
	case 40:
		return intel.SHA1
	case 62:
		return intel.JARM
	case 64:
		return intel.SHA256
	case 128:
		return intel.SHA512
	}
	return ""
}

// fuzzyHash reads a hash of ssdeep: block size, two parts of base64.
func (v *values) fuzzyHash(from, to int, p string) bool {
	size, rest, ok := strings.Cut(p, ":")
	a, b, more := strings.Cut(rest, ":")
	if !ok || !more || !allDigits(size) || len(size) > 8 || len(a) < 3 || len(b) < 3 || len(a) > 64 || len(b) > 64 {
		return false
	}
	for i := range len(a + b) {
		if c := (a + b)[i]; classes[c]&(alpha|hex|digit) == 0 && c != '+' && c != '/' {
			return false
		}
	}
	if !strings.ContainsAny(a+b, "ghijklmnopqrstuvwxyzGHIJKLMNOPQRSTUVWXYZ+/") {
		return false
	}
	v.note(intel.Entity{Kind: intel.SSDeep, Name: p}, from, to, "")
	return true
}

// mail reads an e-mail address.
func (v *values) mail(from, to int, p string) bool {
	defanged := p != v.text[from:to]
	p = strings.TrimPrefix(strings.ToLower(unclosed(p)), "mailto:")
	p, _, _ = strings.Cut(p, "?")
	local, name, ok := strings.Cut(p, "@")
	if i := strings.LastIndex(local, "emailaddress="); i >= 0 { // the subject of a certificate
		local = local[i+len("emailaddress="):]
		from = max(from, to-len(local)-1-len(name))
	}
	if !ok || local == "" || len(local) > 64 {
		return false
	}
	name, ok = hostName(name)
	if !ok {
		return false
	}
	for i := range len(local) {
		if c := local[i]; classes[c]&(alpha|hex|digit) == 0 && strings.IndexByte(".!#$%&'*+-/=?^_{}~", c) < 0 {
			return false
		}
	}
	reason := v.navigation(name)
	if !defanged && v.near(from, 32, "message-id", "in-reply-to", "references:") {
		reason = "message id"
	}
	v.note(intel.Entity{Kind: intel.Email, Name: local + "@" + name}, from, to, reason)
	return true
}

// quotedMail reads an e-mail address of which what is before the sign stands in
// quotes. Without that it is none, nor anything else.
func (v *values) quotedMail(from, to int, p string) bool {
	name, ok := hostName(p[1:])
	if !ok {
		return false
	}
	before := strings.TrimSuffix(v.text[max(0, from-66):from], `"`)
	if i := strings.LastIndexByte(before, '"'); i >= 0 && from > 0 && v.text[from-1] == '"' {
		if local := before[i:]; len(local) > 1 && strings.IndexByte(local, '\n') < 0 {
			v.note(intel.Entity{Kind: intel.Email, Name: strings.ToLower(local) + `"@` + name}, from-1-len(local), to, v.navigation(name))
		}
	}
	return true
}

// file reads a path on an attacked product, where what stands before it says
// that it is one or its form leaves no doubt.
func (v *values) file(from, to int) {
	run := v.text[from:to]
	name, _, query := strings.Cut(run, "?")
	name, _, _ = strings.Cut(name, "#")
	if v.device(from, to) || v.pathParameter(from, to) {
		return
	}
	if from > 1 && v.text[from-2:from] == ".." {
		v.traversal(from, to)
		return
	}
	if strings.HasPrefix(run, "//") && len(run) > 5 && run[2] != '/' && (from == 0 || strings.IndexByte("\"'`=(>\n", v.text[from-1]) >= 0) {
		v.relativeScheme(from+2, to)
		return
	}
	if len(name) < 3 || strings.Contains(name, "//") || strings.ContainsAny(name, "=<>") || !strings.ContainsAny(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") {
		return
	}
	if i := strings.LastIndexByte(name, ':'); i > 0 && allDigits(name[i+1:]) {
		name = name[:i]
	}
	if from > 0 && isWordByte(v.text[from-1]) && !v.behindHan(from) {
		return
	}
	word, _ := v.before(from)
	if method := v.text[max(0, from-8):from]; isMethod(method) {
		return // a request: it is read as a whole
	}
	if strings.Contains(name, "../") {
		v.traversal(from, to)
		return
	}
	if !v.advisory && from > 0 && v.text[from-1] == '~' && (from == 1 || !isWordByte(v.text[from-2])) {
		from, name = from-1, "~"+name
	}
	if at := from + len(name); v.advisory && from > 0 && v.text[from-1] == '.' && (strings.Contains(name, ":") || strings.HasPrefix(v.text[at:], ":")) {
		return // a line of sources in a trace: "./include/net.h:40"
	}
	if word == "basic" || word == "bearer" || word == "base64" {
		return
	}
	if query || fileName(name) || strings.Count(strings.TrimSuffix(name, "/"), "/") > 1 || pathBefore(word) || v.opened(from) || pathAfter(v.text[from+len(name):]) {
		v.note(intel.Entity{Kind: intel.File, Name: name}, from, from+len(name), "")
	}
}

// pathParameter reads a path that goes on behind "..;", by which some servers are
// led into what they guard, as one.
func (v *values) pathParameter(from, to int) bool {
	const sign = "..;/"
	if !strings.HasPrefix(v.text[to:], sign) {
		return false
	}
	end := to
	for strings.HasPrefix(v.text[end:], sign) && end-from < 1024 {
		next, _ := v.ascii(end+len(sign), 0)
		v.steps += next - end
		_, end = v.trim(end, min(next, from+longest))
	}
	path, _, _ := strings.Cut(v.text[from:end], "?")
	v.skip = max(v.skip, end)
	if !isMethod(v.text[max(0, from-8):from]) {
		v.note(intel.Entity{Kind: intel.File, Name: path}, from, from+len(path), "")
	}
	return true
}

// behindHan reports whether a sign of Chinese stands before a place: it is written
// without blanks.
func (v *values) behindHan(at int) bool {
	r, _ := utf8.DecodeLastRuneInString(v.text[:at])
	return isHan(r)
}

// relativeScheme reads "//evil.example/x", a URL with the scheme of the page it
// stands in.
func (v *values) relativeScheme(from, to int) {
	p := v.text[from:to]
	name, _, path := strings.Cut(p, "/")
	if _, ok := readHost(name); ok && (path || strong(name)) && (!fileName(name) || common(name[strings.LastIndexByte(name, '.')+1:])) {
		v.candidate(from, to, classOf(p))
	}
}

// isMethod reports whether a text ends with the method of a request and a blank.
func isMethod(s string) bool {
	s, ok := strings.CutSuffix(s, " ")
	i := strings.LastIndexAny(s, " \n\"'`(:,>")
	switch s[i+1:] {
	case "GET", "POST", "PUT", "HEAD", "DELETE", "PATCH", "OPTIONS":
		return ok
	}
	return false
}

// relative reads a path without a slash before it, such as goform/setMac.
func (v *values) relative(from int, p string) {
	name, _, _ := strings.Cut(p, "?")
	if strings.ContainsAny(name, ":=<>@$%{}") || strings.Contains(name, "//") || typeName(name) {
		return
	}
	v.note(intel.Entity{Kind: intel.File, Name: name}, from, from+len(name), "")
}

// typeName reports whether what looks like the ending of a file is the name of
// a type in a package: os/exec.Cmd.
func typeName(s string) bool {
	ending := s[strings.LastIndexByte(s, '.')+1:]
	return len(ending) < len(s) && len(ending) > 1 && ending[0] >= 'A' && ending[0] <= 'Z' && strings.ToLower(ending[1:]) == ending[1:]
}

// opened reports whether a quotation mark opens right before a place.
func (v *values) opened(from int) bool {
	return from > 0 && strings.IndexByte("`'\"", v.text[from-1]) >= 0 && (from == 1 || strings.IndexByte(" (\n,[", v.text[from-2]) >= 0)
}

// pathBefore reports whether a word says that a path follows.
func pathBefore(word string) bool {
	switch word {
	case "get", "post", "put", "head", "delete", "patch", "options", "file", "files", "path", "endpoint", "endpoints", "uri", "url", "route", "script", "page", "файл", "файле", "файла",
		"путь", "скрипт", "文件", "archivo", "ruta", "datei", "pfad", "فایل", "مسیر", "component", "handler", "to", "via", "at", "directory", "folder", "interface", "api":
		return true
	}
	return false
}

// pathAfter reports whether the words after a path say that it was one.
func pathAfter(rest string) bool {
	rest = strings.TrimLeft(rest[:min(len(rest), 16)], "'\"`) ")
	for _, w := range []string{"file", "endpoint", "page", "path", "script", "directory", "folder", "route", "uri", "url", "component", "api"} {
		if strings.HasPrefix(rest, w) {
			return true
		}
	}
	return false
}

// slashed reads what slashes part: digests, 445/tcp, a path without a slash
// before it.
func (v *values) slashed(from, to int, has class) {
	run := v.text[from:to]
	if has&^(hex|digit|slash) == 0 && len(run) > 64 {
		for at := from; at < to; {
			end := at
			for end < to && v.text[end] != '/' {
				end++
			}
			v.digest(at, end, v.text[at:end])
			at = end + 1
		}
		return
	}
	v.port(from, to)
}

// port reads 445/tcp and tcp/445.
func (v *values) port(from, to int) {
	if to-from > len("tcp/65535") {
		return
	}
	a, b, ok := strings.Cut(strings.ToLower(v.text[from:to]), "/")
	if !ok {
		return
	}
	if a == "tcp" || a == "udp" {
		a, b = b, a
	}
	if isPort(a) && (b == "tcp" || b == "udp") {
		v.note(intel.Entity{Kind: intel.Port, Name: a + "/" + b}, from, to, "")
	}
}

// port1 notes a port that stands behind a host, where its digits stand.
func (v *values) port1(number string, from, to int) { v.portOver(number, "", from, to) }

// portOver notes the port of a URL.
func (v *values) portOver(number, scheme string, from, to int) {
	over := "/tcp"
	if datagrams(scheme) {
		over = "/udp"
	}
	if i := strings.LastIndex(v.text[from:to], number); i >= 0 {
		if strings.EqualFold(v.text[from+i+len(number):to], "/udp") {
			over = "/udp"
		}
		from, to = from+i, from+i+len(number)
	}
	v.note(intel.Entity{Kind: intel.Port, Name: number + over}, from, to, "")
}

func plainName(s string) bool {
	for i := range len(s) {
		if c := s[i]; classes[c]&(alpha|hex|digit|dash|dot) == 0 && c != '[' && c != ']' && c != '$' {
			return false
		}
	}
	return s != ""
}

// sourceFile reports whether s ends like the name of a script on a server, a
// file of source code, a program or its settings, which advisories name as what
// is affected.
func sourceFile(s string) bool {
	i := strings.LastIndexByte(s, '.')
	if !fileName(s) || packageName(s) {
		return false
	}
	switch strings.ToLower(s[i+1:]) {
	case "php", "php5", "phtml", "asp", "aspx", "asmx", "ashx", "jsp", "jspx", "cgi", "fcgi", "cfm", "do", "action", "c", "cc", "cpp", "h", "hpp", "go", "rs", "java", "rb", "inc", "tpl", "twig", "vue", "ts", "tsx", "ctp", "js", "py", "pl", "sh", "lua", "cs", "html", "htm",
		"sys", "exe", "ko", "jar", "xml", "json", "yml", "yaml", "conf", "ini":
		return true
	}
	return false
}

// packageName reports whether s is written as packages of Java are, from the
// top-level name on.
func packageName(s string) bool {
	first, rest, _ := strings.Cut(s, ".")
	switch first {
	case "com", "org", "net", "io", "android", "java", "javax":
		return strings.IndexByte(rest, '.') >= 0
	}
	return false
}

// fileName reports whether s ends like the name of a file of a kind that
// attacks are made of.
func fileName(s string) bool {
	i := strings.LastIndexByte(s, '.')
	if i <= 0 || i == len(s)-1 || len(s) > 255 || strings.Contains(s, "..") || len(s)-i > 9 || strings.Trim(s[:i], "./") == "" {
		return false
	}
	switch strings.ToLower(s[i+1:]) {
	case "exe", "dll", "sys", "ps1", "psm1", "bat", "cmd", "vbs", "vbe", "js", "jse", "wsf", "hta", "lnk", "msi", "scr", "cpl", "ocx", "jar", "doc", "docx",
		"docm", "xls", "xlsx", "xlsm", "xll", "ppt", "pptx", "pdf", "rtf", "one", "iso", "img", "vhd", "vhdx", "zip", "rar", "7z", "cab", "gz", "tar", "tmp", "dat", "bin",
		"log", "txt", "ini", "cfg", "conf", "xml", "json", "html", "htm", "php", "php5", "phtml", "asp", "aspx", "asmx", "jsp", "jspx", "cgi", "fcgi", "sh", "py", "pyc", "elf", "so", "ko", "apk", "dmg", "pkg",
		"plist", "db", "sqlite", "key", "pem", "pfx", "bak", "dmp", "csv", "sql", "war", "class", "ashx", "cfm", "lua", "rb", "c", "cpp", "cc", "h", "hpp", "java", "go", "rs", "md", "ts", "tsx", "jsx", "vue",
		"yml", "yaml", "tgz", "xz", "bz2", "deb", "rpm", "crx", "xpi", "inf", "reg", "url", "chm", "mht", "svg", "ico", "png", "jpg", "jpeg", "gif", "bmp", "mp3", "mp4", "bpl", "ear", "do", "action", "pl", "inc", "tpl", "ctp", "twig",
		"mui", "drv", "efi", "com", "pif", "job", "vbscript", "swf", "ttf", "wasm", "kt", "swift", "cs", "vb", "dart", "scala", "proto", "asm", "s", "mk", "lock", "toml", "pdb", "wsdl", "xsd", "xsl", "xslt", "htaccess", "htpasswd", "env":
		return true
	}
	return false
}
