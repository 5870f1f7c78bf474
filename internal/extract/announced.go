package extract

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/portent-cti/portent/internal/intel"
)

// mutex reads the name of a mutex, over the words that announce it.
func (v *values) mutex(at int) {
	for range 4 {
		p := v.next(at)
		if p.empty() {
			return
		}
		text := v.text[p.from:p.to]
		switch strings.ToLower(text) {
		case "named", "name", "called", "with", "the", "is", "object", "of", "a", "имя", "имени", "с", "именем", "namens", "llamado", "创建":
			at = p.to
			continue
		}
		if p.quoted || technical(text) || strings.Contains(text, "\\") {
			v.note(intel.Entity{Kind: intel.Mutex, Name: text}, p.from, p.to, "")
		}
		return
	}
}

// ports reads "port 445", "UDP port 53" and "ports 80, 443 and 8080".
func (v *values) ports(words []token, i int) {
	protocol := "tcp"
	if i > 0 && strings.EqualFold(v.text[words[i-1].from:words[i-1].to], "udp") {
		protocol = "udp"
	}
	for n := i + 1; n < len(words) && n < i+12; n++ {
		word := v.text[words[n].from:words[n].to]
		gap := v.text[words[n-1].to:words[n].from]
		if lower := strings.ToLower(word); n > i+1 && (lower == "and" || lower == "or" || lower == "и" || lower == "und" || lower == "y") || n == i+1 && (lower == "tcp" || lower == "udp" || lower == "number") {
			if lower == "udp" {
				protocol = lower
			}
			continue
		}
		if !isPort(word) || len(gap) > 4 || strings.ContainsAny(gap, "\n.") {
			return
		}
		rest := v.text[words[n].to:min(len(v.text), int(words[n].to)+5)]
		if strings.HasPrefix(rest, "/") || len(word) == 1 && !v.near(int(words[i].from), 8, "tcp", "udp") {
			return
		}
		own := protocol
		if strings.HasPrefix(strings.ToLower(rest), " udp") || strings.HasPrefix(strings.ToLower(rest), " (ud") {
			own = "udp"
		}
		v.note(intel.Entity{Kind: intel.Port, Name: word + "/" + own}, int(words[n].from), int(words[n].to), "")
	}
}

// userAgent reads what stands after "User-Agent:" or, in quotes, after "user
// agent".
func (v *values) userAgent(words []token, i int) {
	if i == 0 || !strings.EqualFold(v.text[words[i-1].from:words[i-1].to], "user") || words[i].from-words[i-1].to > 1 {
		return
	}
	at := int(words[i].to)
	rest := v.text[at:min(len(v.text), at+600)]
	if line := strings.IndexByte(rest, '\n'); line >= 0 {
		rest = rest[:line]
	}
	text := strings.TrimLeft(rest, "\"' ")
	if after, ok := strings.CutPrefix(strings.TrimPrefix(text, "string"), ":"); ok && !strings.HasPrefix(strings.TrimLeft(after, " "), "\"") {
		text = strings.TrimRight(strings.Trim(after, " "), "\"'`")
		if cut := strings.IndexByte(text, '"'); cut >= 0 {
			text = text[:cut]
		}
	} else if p := v.next(at + len(rest) - len(strings.TrimPrefix(rest, " string"))); p.quoted && p.to-p.from <= 512 {
		v.note(intel.Entity{Kind: intel.UserAgent, Name: v.text[p.from:p.to]}, p.from, p.to, "")
		return
	} else {
		return
	}
	if len(text) >= 4 && len(text) <= 512 {
		begin := at + strings.Index(rest, text)
		v.note(intel.Entity{Kind: intel.UserAgent, Name: text}, begin, begin+len(text), "")
	}
}

// systems reads "AS 44477" and "ASN 49505".
func (v *values) systems(words []token, i int) {
	w := v.text[words[i].from:words[i].to]
	if i+1 >= len(words) || w != "AS" && w != "ASN" {
		return
	}
	n := words[i+1]
	gap := v.text[words[i].to:n.from]
	if number := v.text[n.from:n.to]; (gap == " " || gap == ": " || gap == ":" || gap == "-") && system(number, false) && len(number) <= 7 {
		v.note(intel.Entity{Kind: intel.ASN, Name: "AS" + number}, int(words[i].from), int(n.to), "")
	}
}

// request reads the target of an HTTP request: its path, the names of its
// parameters, and those of their values that attack.
func (v *values) request(from, to int) {
	if v.text[from:to] != strings.ToUpper(v.text[from:to]) || to+2 >= len(v.text) || v.text[to] != ' ' || v.text[to+1] != '/' {
		return
	}
	at := to + 1
	line := v.text[at:min(len(v.text), at+2048)]
	if i := strings.IndexAny(line, "\n\r\""); i >= 0 {
		line = line[:i]
	}
	if i := strings.Index(line, " HTTP/"); i >= 0 {
		line = line[:i]
	} else if i := strings.IndexAny(line, " '`"); i >= 0 {
		line = line[:i]
	}
	path, query, _ := strings.Cut(line, "?")
	path = strings.TrimRight(path, ".,;:)")
	if i := strings.IndexAny(path, " <>"); i >= 0 {
		path = path[:i]
	}
	if len(path) > 1 {
		v.note(intel.Entity{Kind: intel.File, Name: path}, at, at+len(path), "")
	}
	start := at + len(line) - len(query)
	for range 16 {
		part, more, _ := strings.Cut(query, "&")
		query = more
		name, value, ok := strings.Cut(part, "=")
		if ok && plainName(name) && len(name) <= 64 {
			v.note(intel.Entity{Kind: intel.Argument, Name: name}, start, start+len(name), "")
			if attacks(value) {
				begin := start + len(name) + 1
				v.note(intel.Entity{Kind: intel.Input, Name: value}, begin, begin+len(value), "")
			}
		}
		if start += len(part) + 1; query == "" {
			return
		}
	}
}

// attacks reports whether the value of a parameter is one that only attacks
// have.
func attacks(value string) bool {
	if !strings.ContainsFunc(value, func(r rune) bool { return r >= utf8.RuneSelf || classes[byte(r)]&(alpha|hex|digit|dash) == 0 }) {
		return false
	}
	lower := strings.ToLower(value)
	return slices.ContainsFunc([]string{"../", "..%2f", "%2e%2e", "<", "%3c", "'", "%27", "${", "{{", ";", "%3b", "|", "%7c", "`", "union ", "union+", "union%20", "$(", "%00", "php://", "file://", "jndi:", "..\\", "/etc/passwd"},
		func(s string) bool { return strings.Contains(lower, s) })
}
