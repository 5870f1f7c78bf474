package extract

import (
	"strings"

	"golang.org/x/net/publicsuffix"
)

// What reads like a value and is none is set aside with the reason. A value
// that somebody disguised is meant as one: nobody defangs a version.

// versionBefore reports whether a word says that a version follows.
func versionBefore(word string) bool {
	switch word {
	case "version", "versions", "v", "ver", "vers", "build", "builds", "release", "releases", "firmware", "before", "through", "prior", "upgrade", "patch", "rev", "revision", "sp",
		"hotfix", "update", "updated", "fixed", "below", "earlier", "later", "newer", "older", "upto", "agent", "app", "client", "driver", "plugin", "module", "engine", "kernel", "sdk", "api",
		"версия", "версии", "версию", "версиях", "сборка", "сборки", "версией", "прошивка", "прошивки", "прошивке", "версія", "версії", "versión", "versiones", "compilación", "fassung",
		"firmware-version", "نسخه", "نسخهٔ", "الإصدار", "版本", "バージョン", "버전", "<", "<=", "until", "softwareversion", "file-version", "fileversion", "productversion", "assembly", "linker", "since":
		return true
	}
	return strings.HasSuffix(word, "版本") || strings.HasSuffix(word, "固件") || strings.HasSuffix(word, "影响范围") || strings.HasSuffix(word, "バージョン") || strings.HasSuffix(word, "版")
}

// sectionBefore reports whether a word says that the number of a section, with parts
// as given, follows: none has parts above 99, and of what is a page or an item the
// numbers are small.
func sectionBefore(word string, b [4]byte) bool {
	switch word {
	case "step", "item", "requirement", "control", "rule", "page":
		return small(b)
	}
	if max(b[0], b[1], b[2], b[3]) > 99 {
		return false
	}
	switch word {
	case "section", "sections", "figure", "fig", "table", "chapter", "appendix", "clause", "article", "paragraph", "annex", "abschnitt", "kapitel", "раздел", "раздела", "пункт", "пункта", "п", "глава",
		"sección", "capítulo", "§", "sec", "rfc", "iso", "exhibit", "cis", "بخش":
		return true
	}
	return strings.HasSuffix(word, "§")
}

// versionAfter reports whether the text after an address says that it was a
// version.
func versionAfter(rest string) bool {
	rest = strings.ToLower(rest[:min(len(rest), 40)])
	for _, s := range []string{" and earlier", " and below", " and prior", " or earlier", " and older", " or below", " or older", " or later", " and later", " or newer", " and newer", "-beta", "-rc", "-alpha",
		" release", " patch", " firmware", " build", " (build", "+ ", " и ниже", " и более", " и старше", " oder älter", " y anteriores", " version", "-snapshot", "_", "-p", "-r", "-release", "+build", " до версии",
		" <= ", " < ", "</version", "版本", " 及", "及以下", "以前", "之前"} {
		if strings.HasPrefix(rest, s) {
			return true
		}
	}
	return false
}

// scoped is the reason why hexadecimal digits and colons are no address: names
// of a programming language, the bytes of a fingerprint.
func scoped(s string) string {
	if !strings.ContainsAny(s, "0123456789") {
		return "scope in a program"
	}
	groups := strings.Split(s, ":")
	if len(groups) == 8 {
		for _, g := range groups {
			if len(g) != 2 {
				return ""
			}
		}
		return "hardware address or fingerprint"
	}
	return ""
}

// notHost is the reason why dotted words are no host, or none. Where only their
// form speaks against it, what is known of the host does before it: its list, or
// that hosts of anybody stand below it.
func (v *values) notHost(h place, from, end int) string {
	reason := v.notHostByForm(h, from, end)
	switch reason {
	case inProgram, "abbreviation":
		if known, ok := v.set.Benign(h.entity()); ok {
			return known
		}
		if openToAll(h.name) && !strings.HasPrefix(v.text[end:], "(") {
			return ""
		}
	}
	return reason
}

// inPackage is the reason why names of packages and classes are no host.
const inPackage = "name of a package"

// inProgram is the reason why names of members are no host.
const inProgram = "expression in a program"

// openToAll reports whether a host stands below one of which the public suffix
// list says that anybody gets names below it, such as workers.dev.
func openToAll(name string) bool {
	suffix, icann := publicsuffix.PublicSuffix(name)
	return !icann && strings.IndexByte(suffix, '.') >= 0 && len(name) > len(suffix)
}

func (v *values) notHostByForm(h place, from, end int) string {
	labels := strings.Split(h.name, ".")
	first, tld := labels[0], labels[len(labels)-1]
	written := v.text[from:end]
	word, _ := v.before(from)
	switch {
	case h.port != "":
		return ""
	case word == "message-id" || word == "in-reply-to" || word == "references":
		return "message id"
	case product(h.name):
		return "name of a product"
	case dottedDetection(labels, written):
		return "name of a detection"
	case len(labels) >= 3 && (first == "com" || first == "org" || first == "net" || first == "io" || first == "de" || first == "ru" || first == "android" || first == "java" || first == "javax" || first == "kotlin") && !common(tld):
		return inPackage
	case len(labels) == 2 && boundary(written):
		return "boundary of two sentences"
	case memberOf(written, tld) && !v.alone(from, end) && !v.near(from, 24, "host", "domain", "site", "c2"):
		return inProgram
	case code(first, tld, v.text[end:]) && !v.alone(from, end):
		return inProgram
	case strings.Contains(first, "_") && tld != "com" && tld != "net" && tld != "org" && len(labels) == 2:
		return inProgram
	case from > 0 && (v.text[from-1] == '@' && (from == 1 || !isWordByte(v.text[from-2])) || v.text[from-1] == '$'):
		return inProgram
	case from > 0 && v.text[from-1] == '#':
		return "hash tag"
	case len(labels) == 2 && preposition(tld) && len(first) <= 4 && !v.near(from, 40, "domain", "site", "host", "http", "c2", "url", "dns", "server", "visit", "домен", "сайт", "域名"):
		return "reads like words"
	case len(first) == 1 && len(labels) > 2 && len(labels[1]) == 1, allDigits(first) && len(first) <= 2 && len(labels) == 2:
		return "abbreviation"
	case len(labels) > 2 && first == labels[1] && first == tld:
		return "placeholder"
	}
	return ""
}

// memberOf reports whether dotted words have the capitals of an object and its
// members: "WScript.Shell.Run", "ADODB.Stream". Names of sites that have capitals end
// with a usual top-level name or in small letters.
func memberOf(written, tld string) bool {
	last := written[strings.LastIndexByte(written, '.')+1:]
	if plainly(tld) || len(last) < 3 || last[0] < 'A' || last[0] > 'Z' || last[1:] != strings.ToLower(last[1:]) {
		return false
	}
	for label := range strings.SplitSeq(written, ".") {
		if label == "" || label[0] < 'A' || label[0] > 'Z' {
			return false
		}
	}
	return true
}

// common reports whether a top-level name is one of the usual.
func common(tld string) bool {
	switch tld {
	case "com", "net", "org", "info", "biz", "ru", "cn", "su", "xyz", "top", "io", "co", "de", "uk", "onion":
		return true
	}
	return false
}

// preposition reports whether a top-level name is a small word of English.
func preposition(tld string) bool {
	switch tld {
	case "at", "is", "to", "in", "as", "so", "do", "it", "no", "me", "id", "my", "be", "us", "am", "pm", "name", "how", "now", "here":
		return true
	}
	return false
}

// boundary reports whether a dot without a blank parts two sentences: the word
// behind it has a capital and the one before has none.
func boundary(s string) bool {
	i := strings.LastIndexByte(s, '.')
	if i <= 0 || i+1 >= len(s) {
		return false
	}
	head, tail := s[:i], s[i+1:]
	if tail[0] < 'A' || tail[0] > 'Z' || tail != tail[:1]+strings.ToLower(tail[1:]) {
		return false
	}
	return head == strings.ToLower(head) || head[1:] == strings.ToLower(head[1:]) && len(tail) <= 3
}

// code reports whether dotted words are an expression of a programming
// language.
func code(first, tld, rest string) bool {
	if strings.HasPrefix(rest, "(") {
		inner, _, _ := strings.Cut(rest[1:min(len(rest), 64)], ")")
		return !plainly(tld) && (!strong(inner) || strings.IndexByte(opening, inner[0]) >= 0)
	}
	switch first {
	case "this", "self", "req", "request", "res", "response", "resp", "document", "window", "console", "process", "obj", "object", "args", "ctx", "math", "string", "system", "os", "sys", "java", "javax",
		"params", "event", "node", "module", "exports", "session", "cfg", "props", "item", "row", "e", "i", "x", "el", "elem", "std", "np", "pd", "tf", "fmt", "http", "json", "user", "data", "file", "config", "body",
		"socket", "client", "form", "input", "path", "asyncio", "logging", "logger", "log", "time", "list", "str", "arr", "array", "spring", "server", "random", "datetime", "thread", "threading", "func", "test", "app", "db", "conn", "wscript", "adodb", "msxml2", "winhttp":
		switch tld {
		case "com", "net", "org", "ru", "cn", "top", "xyz", "onion":
			return false
		}
		return true
	}
	return false
}

// alone reports whether a value fills a line or a cell of a table, without a
// blank beside it as in prose.
func (v *values) alone(from, end int) bool {
	edge := func(at int) bool {
		return at < 0 || at >= len(v.text) || strings.IndexByte("\r\n,;|\t\"'", v.text[at]) >= 0
	}
	return edge(from-1) && edge(end) && !strings.HasPrefix(v.text[min(len(v.text), end+1):], " ")
}

// product reports whether a dotted name is that of a well-known product and no
// host.
func product(name string) bool {
	switch name {
	case "asp.net", "vb.net", "ado.net", "ml.net", "paint.net", "socket.io", "discord.py", "c.f", "b.v", "s.a", "u.s", "u.k", "p.o", "e.u", "d.c", "s.r.o", "sp.zo", "no.it", "ph.d", "p.m", "a.m", "i.e", "e.g":
		return true
	}
	stem, script := strings.CutSuffix(name, ".js")
	return script && !fileName(stem) || strings.HasSuffix(name, ".asp.net")
}

// asName is the reason why what ends like a file name is none.
func asName(name string) string {
	name = strings.ToLower(name)
	stem, _, _ := strings.Cut(name, ".")
	switch {
	case product(name):
		return "name of a product"
	case strings.HasSuffix(name, ".url") && strings.Count(name, ".") > 1, len(stem) < 2 && len(name) < 4:
		return inProgram
	}
	return ""
}

// fileNotHost reports whether a name with an ending that is both a kind of
// file and a top-level name is that of a file.
func (v *values) fileNotHost(name string, from, end int) bool {
	i := strings.LastIndexByte(name, '.')
	stem, ending := name[:i], name[i+1:]
	switch ending {
	case "cc":
		return strings.Contains(stem, "_")
	case "sh", "py", "zip", "so", "ps", "mov", "app", "md", "rs", "pl", "cab", "bat", "java", "sql", "one":
	default:
		return false
	}
	if ending == "mov" {
		return true
	}
	if strings.IndexByte(stem, '.') >= 0 && ending != "so" && ending != "zip" && ending != "py" {
		return false
	}
	if end < len(v.text) && v.text[end] == ':' || from > 1 && v.text[from-1] == '/' && v.text[from-2] == '.' {
		return true
	}
	switch stem {
	case "readme", "setup", "main", "install", "index", "test", "config", "run", "build", "update", "start", "init", "license", "changelog", "contributing", "lib", "mod", "security", "deploy", "exploit", "poc", "script",
		"payload", "bot", "miner", "scan", "stage2", "stage1", "loader", "client", "server", "app", "manage", "utils", "models", "views", "notes", "todo", "skill", "agents":
		return true
	}
	if strings.Contains(stem, "_") || ending == "so" || ending == "zip" || ending == "ps" || ending == "py" || ending == "bat" || ending == "cab" || ending == "java" || ending == "sql" {
		return true
	}
	word, _ := v.before(from)
	if word != "curl" && word != "wget" && v.near(from, 64, "chmod ", "tftp ", "ftpget ", "rm -", "busybox ", "nohup ") {
		return true
	}
	if v.near(from, 64, "file", "script", "файл", "文件", "archivo", "datei", "commit") {
		return true
	}
	switch word {
	case "run", "running", "execute", "executes", "executed", "bash", "sh", "perl", "python", "chmod", "source", "called", "named", "скрипт", "脚本", "skript", "drops",
		"dropped", "downloads", "edit", "see", "open", "via", "x":
		return true
	}
	return false
}
