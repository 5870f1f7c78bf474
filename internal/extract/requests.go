package extract

import (
	"net/netip"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/portent-cti/portent/internal/intel"
)

// Posts about exploits show requests: as they go over the network, as a URL at a
// host that stands for any, or as what is given in one parameter.

// request reads the target of an HTTP request and the parameters in its body.
func (v *values) request(from, to int) {
	method := v.text[from:to]
	if method != strings.ToUpper(method) || to+2 >= len(v.text) || v.text[to] != ' ' || v.text[to+1] != '/' {
		return
	}
	at := to + 1
	line := v.text[at:min(len(v.text), at+2048)]
	if i := strings.IndexAny(line, "\n\r\""); i >= 0 {
		line = line[:i]
	}
	end := at + len(line)
	if i := strings.Index(line, " HTTP/"); i >= 0 {
		line = line[:i]
	} else if i := strings.IndexAny(line, " '`"); i >= 0 {
		line = line[:i]
	}
	v.target(at, at+len(line))
	v.formBeside(at+len(line), end)
	if method == "POST" || method == "PUT" || method == "PATCH" {
		v.body(end)
	}
}

// formBeside reads a form that stands behind a request on its line, in prose.
func (v *values) formBeside(at, end int) {
	rest := v.text[at:min(end, at+300)]
	if strings.HasPrefix(rest, " HTTP/") || strings.IndexByte(rest, '=') < 0 {
		return
	}
	for word := range strings.FieldsSeq(rest) {
		word = strings.Trim(word, ".,;:`'()")
		if name, value, ok := strings.Cut(word, "="); ok && plainName(name) && value != "" && (strings.Contains(value, "&") || strings.Contains(name, "_") || v.advisory) {
			v.parameters(at+strings.Index(rest, word), word)
			return
		}
	}
}

// target notes the path of a request, the names of its parameters, and those of
// their values that attack.
func (v *values) target(from, to int) {
	path, query, _ := strings.Cut(v.text[from:to], "?")
	path = strings.TrimRight(path, ".,;:)")
	if i := strings.IndexAny(path, " <>"); i >= 0 {
		path = path[:i]
	}
	if len(path) > 1 {
		v.note(intel.Entity{Kind: intel.File, Name: path}, from, from+len(path), "")
	}
	v.parameters(to-len(query), query)
}

// parameters notes the names in a query or form that begins at a place, and the
// values that attack.
func (v *values) parameters(at int, query string) {
	for range 16 {
		part, more, _ := strings.Cut(query, "&")
		query = more
		name, value, ok := strings.Cut(part, "=")
		if ok && plainName(name) && len(name) <= 64 {
			v.note(intel.Entity{Kind: intel.Argument, Name: name}, at, at+len(name), "")
			if attacks(value) {
				begin := at + len(name) + 1
				v.note(intel.Entity{Kind: intel.Input, Name: value}, begin, begin+len(value), "")
			}
		}
		if at += len(part) + 1; query == "" {
			return
		}
	}
}

// body reads the form in the body of a request, behind its headers and an empty
// line.
func (v *values) body(at int) {
	at = v.lineEnd(at)
	for range 24 {
		begin := at
		at = v.lineEnd(begin)
		line := strings.TrimSpace(v.text[begin:at])
		if name, _, ok := strings.Cut(line, ":"); line != "" && (!ok || !plainName(name)) || at == begin {
			return // no header
		}
		if line != "" {
			continue
		}
		begin = at
		at = v.lineEnd(begin)
		v.form(begin, at)
		return
	}
}

// form reads what a request sends: a form in one line, or an object of JSON.
func (v *values) form(from, to int) {
	line := strings.TrimSpace(v.text[from:to])
	if strings.HasPrefix(line, "{") || strings.HasPrefix(line, "[{") {
		v.object(from)
	} else if name, _, ok := strings.Cut(line, "="); ok && plainName(name) && strings.IndexByte(line, ' ') < 0 {
		v.parameters(from+strings.Index(v.text[from:to], line), line)
	}
}

// object notes the names of the members of an object of JSON (RFC 8259), at any
// depth, and the texts they hold that attack, as far as an empty line or 2 KiB.
func (v *values) object(from int) {
	text := v.text[from:min(len(v.text), from+2048)]
	if i := strings.Index(text, "\n\n"); i >= 0 {
		text = text[:i]
	}
	v.steps += len(text)
	depth, name, named := 0, "", 0
	for at := 0; at < len(text); at++ {
		switch text[at] {
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return
			}
		case ',':
			name = ""
		case '"':
			n := closing(text[at+1:])
			if n < 0 {
				return
			}
			end := at + 1 + n
			value, begin := text[at+1:end], from+at+1
			at = end
			switch {
			case strings.HasPrefix(strings.TrimLeft(text[end+1:min(len(text), end+16)], " \t\r\n"), ":"):
				if name = value; plainName(name) && len(name) <= 64 && named < 16 {
					named++
					v.note(intel.Entity{Kind: intel.Argument, Name: name}, begin, begin+len(name), "")
				}
			case name != "" && attacks(value):
				v.note(intel.Entity{Kind: intel.Input, Name: value}, begin, begin+len(value), "")
			}
		}
	}
}

// lineEnd returns where the line after a place begins, at most as far as what is
// read of one.
func (v *values) lineEnd(at int) int {
	rest := v.text[at:min(len(v.text), at+1024)]
	if i := strings.IndexByte(rest, '\n'); i >= 0 {
		rest = rest[:i+1]
	}
	v.steps += len(rest)
	return at + len(rest)
}

// posted reads the form that a command line with curl sends.
func (v *values) posted(at int) {
	line := v.text[at:min(len(v.text), at+300)]
	if i := strings.IndexByte(line, '\n'); i >= 0 {
		line = line[:i]
	}
	for _, flag := range []string{" -d ", " --data ", " --data-raw ", " --data-binary ", " --data-urlencode "} {
		if i := strings.Index(line, flag); i >= 0 {
			if p := v.next(at + i + len(flag) - 1); p.quoted && p.to <= at+len(line) {
				v.form(p.from, p.to)
			}
		}
	}
}

// anyHost returns the length of a host that stands for any at a place behind
// "://", with its port, or 0.
func (v *values) anyHost(at int) int {
	rest := v.text[at:min(len(v.text), at+48)]
	end := strings.IndexByte(rest, '/')
	if end <= 0 {
		return 0
	}
	name, port, has := strings.Cut(rest[:end], ":")
	if has && !isPort(port) && strings.Trim(port, "<>{}$ABCDEFGHIJKLMNOPQRSTUVWXYZport") != "" {
		return 0
	}
	switch {
	case name == "" || strings.ContainsAny(name, " \n\"'`"):
		return 0
	case name[0] == '<' && strings.HasSuffix(name, ">"), name[0] == '{' && strings.HasSuffix(name, "}"), name[0] == '$':
		return end
	case isDigit(name[0]):
		if a, err := netip.ParseAddr(name); err == nil && (a.IsPrivate() || a.IsLoopback()) {
			return end
		}
		return 0
	}
	switch strings.ToLower(name) {
	case "target", "targetip", "target-ip", "target_ip", "target-host", "target_host", "victim", "victim-ip", "victim_ip", "rhost", "rhosts", "host", "hostname", "ip", "ip-address", "ip_address", "server", "localhost":
		return end
	}
	return 0
}

// attacked reads what a URL at a host that stands for any asks for. Its host
// begins at a place.
func (v *values) attacked(at int) {
	from := at + v.anyHost(at)
	to, _ := v.ascii(from, 0)
	for to > from && to-from < 1024 && strings.HasPrefix(v.text[to:], ";/") { // a path parameter, "/..;/"
		to, _ = v.ascii(to+1, 0)
	}
	if to = min(to, from+1024); from > at {
		_, to = v.trim(from, to)
		v.steps += to - from
		v.target(from, max(from, to))
	}
}

// templated reads the path behind a variable for a host, as in "{{BaseURL}}/x".
func (v *values) templated(from, to int) {
	if strings.HasSuffix(v.text[:from], "{{") && strings.HasPrefix(v.text[to:], "}}/") {
		end, _ := v.ascii(to+2, 0)
		_, end = v.trim(to+2, min(end, to+1024))
		v.steps += end - to
		v.target(to+2, end)
	}
}

// lookup reads an expression that makes a program look something up elsewhere,
// such as "${jndi:ldap://…}".
func (v *values) lookup(from int) {
	begin := from
	for begin > 0 && from-begin < 48 && classes[v.text[begin-1]]&ends == 0 {
		begin--
	}
	i := strings.Index(v.text[begin:from], "${")
	if i < 0 {
		return
	}
	begin += i
	depth := 0
	for at := begin; at < len(v.text) && at-begin < 256 && v.text[at] > ' '; at++ {
		switch v.text[at] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				v.note(intel.Entity{Kind: intel.Input, Name: v.text[begin : at+1]}, begin, at+1, "")
				return
			}
		}
	}
}

// scripted reads markup that shows that a page runs what it is given: an element
// around or with a place, in which a script asks for attention.
func (v *values) scripted(from int, closing string) {
	before := v.text[max(0, from-80):from]
	begin := strings.LastIndexByte(before, '<')
	if begin < 0 || strings.ContainsAny(before[begin:], ">\n") {
		return
	}
	begin += from - len(before)
	rest := v.text[from:min(len(v.text), from+160)]
	end := strings.Index(rest, closing)
	if end < 0 || strings.IndexByte(rest[:end], '\n') >= 0 {
		return
	}
	end += from + len(closing)
	if text := v.text[begin:end]; slices.ContainsFunc([]string{"alert(", "alert`", "confirm(", "prompt(", "document.cookie", "document.domain"}, func(s string) bool { return strings.Contains(text, s) }) {
		v.note(intel.Entity{Kind: intel.Input, Name: text}, begin, end, "")
	}
}

// traversal notes a path that leaves its folder for a file that shows that it
// did.
func (v *values) traversal(from, to int) {
	for from > 0 && v.text[from-1] == '.' && to-from < 300 {
		from--
	}
	text := v.text[from:to]
	lower := strings.ToLower(text)
	if strings.HasPrefix(text, "../") && slices.ContainsFunc([]string{"/etc/passwd", "/etc/shadow", "/win.ini", "/boot.ini", "/web-inf/", "/proc/self/"}, func(s string) bool { return strings.Contains(lower, s) }) {
		v.note(intel.Entity{Kind: intel.Input, Name: text}, from, to, "")
	}
}

// input reads "with the input X leads to", and what stands in quotes.
func (v *values) input(to int) {
	if v.near(to, 16, "with the input", "with an input") && (v.inputUntil(to) || v.attackAfter(to)) {
		return
	}
	v.quoted(intel.Input, to)
}

// inputUntil notes what stands between a place and what the input leads to, and
// reports whether the text says what it leads to.
func (v *values) inputUntil(to int) bool {
	rest := v.text[to:min(len(v.text), to+400)]
	for _, stop := range []string{" as part of", " leads to", " results in", " causes ", " can lead", " allows "} {
		i := strings.Index(rest, stop)
		if i <= 0 || strings.IndexByte(rest[:i], '\n') >= 0 {
			continue
		}
		text := strings.Trim(rest[:placed(rest[:i])], " ")
		if n := len(text); n > 1 && strings.IndexByte(opening, text[0]) >= 0 && text[n-1] == text[0] {
			text = text[1 : n-1]
		}
		if begin := to + strings.Index(rest, text); text != "" {
			v.note(intel.Entity{Kind: intel.Input, Name: text}, begin, begin+len(text), "")
		}
		return true
	}
	return false
}

// attackAfter notes the word behind a place as an input, if only attacks have such.
func (v *values) attackAfter(to int) bool {
	p := v.next(to)
	begin := to
	for begin < p.from && v.text[begin] == ' ' {
		begin++
	}
	if p.quoted || !attacks(v.text[begin:p.to]) {
		return false
	}
	v.note(intel.Entity{Kind: intel.Input, Name: v.text[begin:p.to]}, begin, p.to, "")
	return true
}

// placed returns where a text that begins with a value goes on to say in what the
// value is given, or its length.
func placed(s string) int {
	for _, in := range []string{" in the ", " of the ", " to the ", " for the ", " in ", " of "} {
		for _, what := range []string{"file ", "argument ", "parameter ", "component ", "function ", "library "} {
			if i := strings.Index(s, in+what); i > 0 {
				s = s[:i]
			}
		}
	}
	return len(s)
}

// quoted notes what stands in quotes behind a place.
func (v *values) quoted(kind intel.Kind, at int) {
	if p := v.next(at); p.quoted && p.to-p.from >= 2 {
		v.note(intel.Entity{Kind: kind, Name: v.text[p.from:p.to]}, p.from, p.to, "")
	}
}

// attacks reports whether the value of a parameter is one that only attacks
// have.
func attacks(value string) bool {
	if !strings.ContainsFunc(value, func(r rune) bool { return r >= utf8.RuneSelf || classes[byte(r)]&(alpha|hex|digit|dash) == 0 }) {
		return false
	}
	lower := strings.ToLower(value)
	return slices.ContainsFunc([]string{"../", "..%2f", "%2e%2e", "<", "%3c", "'", "%27", "${", "{{", ";", "%3b", "|", "%7c", "`", "union ", "union+", "union%20", "$(", "%00", "php://", "file://", "%7b%7b", "%24%7b", "jndi:", "..\\", "/etc/passwd"},
		func(s string) bool { return strings.Contains(lower, s) })
}
