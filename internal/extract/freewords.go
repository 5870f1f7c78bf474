package extract

import (
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// Descriptions in free words say what a name is by the words beside it, by its
// form, or by the list that it stands in.

// told notes a run of an advisory as what the words beside it say that it is, and
// reports whether they say anything.
func (v *values) told(from, to int) bool {
	run, _, _ := strings.Cut(v.text[from:to], "(")
	kind := intel.Argument
	if to = from + len(run); run == "" {
		return false
	}
	switch {
	case requestHeader(run) && (v.wordBefore(from) == "http" || v.wordBefore(from) == "header" || v.describes(to, "header", "HTTP header", "request header")):
	case coded(run) && v.describes(to, "endpoint") && v.wordBefore(from) == "the",
		coded(run) && v.wordBefore(from) == "the" && v.endpointsFollow(to):
		kind = intel.File
	case member(run) && !v.notFunction(to) && (v.inProgram(from, to) || v.article(from) || v.opened(from) && strings.HasPrefix(v.text[to:], "(")),
		coded(run) && v.wordBefore(from) == "calling",
		verbal(run) && !branded(run) && (v.flawFollows(to) || v.flawFollows(v.wordEnd(to))):
		kind = intel.Function
	case v.flawFollows(to) && !v.flawFollows(from-1) && verbal(v.lastWord(from)) && (run[0] >= 'A' && run[0] <= 'Z' || technical(run)) && plainName(run),
		v.opened(from) && v.describes(to+1, "user controlled key"):
	case v.listed(intel.Function, from, to) && (mixed(run) || snake(run)) && !v.notFunction(v.listEnd(to)):
		kind = intel.Function
	case v.listed(intel.File, from, to) && (run[0] == '/' && classOf(run)&^(alpha|hex|digit|dot|dash|slash) == 0 || mixed(run) && v.describes(to, "endpoints")):
		kind = intel.File
	default:
		return false
	}
	v.note(intel.Entity{Kind: kind, Name: run}, from, to, "")
	return true
}

// notFunction reports whether the word behind a place says that the name before
// it is that of something other than a function.
func (v *values) notFunction(at int) bool {
	return v.describes(at, "driver", "module", "struct", "field", "variable", "flag", "param", "arg", "option", "table", "list", "lock", "file", "package", "plugin", "component", "device", "subsystem", "bit", "array", "pointer", "member", "object", "setting",
		"config", "value", "header", "cookie", "macro", "constant", "attribute", "property", "properties", "system prop", "class", "type", "policy", "key", "role", "endpoint", "page", "action", "activity", "permission", "app", "namespace", "service", "shortcode")
}

// requestHeader reports whether a word is the name of a header by which clients
// say something of themselves or of their request (RFC 9110 and common use).
func requestHeader(s string) bool {
	switch strings.ToLower(s) {
	case "authorization", "cookie", "host", "referer", "origin", "user-agent", "accept", "accept-language", "accept-encoding", "content-type", "content-length", "content-disposition",
		"transfer-encoding", "range", "forwarded", "client-ip", "proxy-authorization", "destination", "soapaction", "if-none-match", "if-modified-since", "expect", "upgrade":
		return s[0] < 'a'
	}
	return len(s) > 4 && strings.HasPrefix(s, "X-")
}

// mixed reports whether a word is letters and digits with a capital inside, as
// names of functions are and those of many products.
func mixed(s string) bool {
	return len(s) > 3 && classOf(s)&^(alpha|hex|digit) == 0 && technical(s) && strings.ToUpper(s) != s && !allDigits(s[:1])
}

// member reports whether a word is a function behind the name of what has it:
// Client.verifyToken, os.StartProcess.
func member(s string) bool {
	i := strings.LastIndexByte(s, '.')
	if i <= 0 || classOf(s)&^(alpha|hex|digit|dot|dash) != 0 || strings.Contains(s, "-") || strings.Contains(s, "..") || sourceFile(s) {
		return false
	}
	name := s[i+1:]
	return len(name) > 6 && camel(name) && mixed(name) || verbal(name)
}

// verbal reports whether a word is an identifier that begins with a verb, as
// names of functions do and hardly any product's: getUser, SetPassword.
func verbal(s string) bool {
	if len(s) < 5 || classOf(s)&^(alpha|hex|digit|dash) != 0 || strings.Contains(s, "-") {
		return false
	}
	end := 1
	for end < len(s) && s[end] >= 'a' && s[end] <= 'z' {
		end++
	}
	if end == len(s) || isDigit(s[end]) || s[end] == '_' && !snake(s) {
		return false
	}
	switch strings.ToLower(s[:end]) {
	case "add", "apply", "build", "call", "change", "check", "clear", "close", "compute", "convert", "copy", "create", "decode", "del", "delete", "deserialize",
		"disable", "do", "download", "edit", "enable", "encode", "exec", "execute", "export", "fetch", "find", "format", "free", "generate", "get", "handle",
		"import", "init", "insert", "install", "is", "list", "load", "log", "make", "modify", "move", "on", "open", "parse", "process", "read", "receive",
		"recv", "register", "remove", "render", "replace", "reset", "resolve", "run", "save", "search", "select", "send", "set", "show", "start", "stop", "to",
		"unpack", "update", "upload", "validate", "verify", "write":
		return true
	}
	return false
}

// coded reports whether a word of letters with a capital inside is from a
// program: GraphQL and JavaScript are names of products.
func coded(s string) bool { return mixed(s) && (camel(s) || verbal(s)) }

// branded reports whether a word begins with a capital and with a verb as names of
// products do too: OpenSSL, LoadMaster, MoveIT.
func branded(s string) bool {
	for _, verb := range []string{"Call", "Clear", "Do", "Find", "Free", "Is", "Load", "Log", "Make", "Move", "On", "Open", "Run", "Show", "Start", "To"} {
		if strings.HasPrefix(s, verb) {
			return true
		}
	}
	return false
}

// flawFollows reports whether the words behind a place are the name of a flaw.
func (v *values) flawFollows(at int) bool {
	if at < 0 || at >= len(v.text) || v.text[at] != ' ' {
		return false
	}
	rest := strings.ToLower(v.text[at+1 : min(len(v.text), at+24)])
	return begins(rest, "stack-based", "heap-based", "stack overflow", "heap overflow", "buffer over", "use-after-free", "use after free", "out-of-bounds", "out of bounds", "integer overflow", "command injection", "sql injection",
		"directory traversal", "path traversal", "cross-site", "double free", "missing auth", "exposed dangerous", "unrestricted", "null pointer", "type confusion", "uninitialized", "format string", "deserialization of", "xml external", "denial-of-service",
		"remote code execution", "server-side request")
}

// wordEnd returns where the word behind a blank ends.
func (v *values) wordEnd(at int) int {
	if at < 0 || at >= len(v.text) || v.text[at] != ' ' {
		return at
	}
	return at + 1 + len(v.word(at+1))
}

// lastWord returns the word before a blank before a place, as it is written.
func (v *values) lastWord(at int) string {
	if at == 0 || v.text[at-1] != ' ' {
		return ""
	}
	begin := at - 1
	for begin > 0 && at-begin < 80 && isWordByte(v.text[begin-1]) {
		begin--
	}
	return v.text[begin : at-1]
}

// article reports whether "the" stands before a place, behind a word that says
// that something is done there: "via the".
func (v *values) article(at int) bool {
	if v.wordBefore(at) != "the" || at < 5 {
		return false
	}
	switch v.wordBefore(at - 4) {
	case "using", "via", "in", "of", "through", "calling", "by", "to", "uses", "calls", "within":
		return true
	}
	return false
}

// endpointsFollow reports whether a list of two names goes on behind a place
// and they are said to be endpoints.
func (v *values) endpointsFollow(at int) bool {
	rest, ok := strings.CutPrefix(v.text[at:min(len(v.text), at+100)], " and ")
	if !ok {
		return false
	}
	name, rest, _ := strings.Cut(rest, " ")
	return mixed(name) && strings.HasPrefix(rest, "endpoints")
}

// listed reports whether text[from:to] goes on a list of names of a kind: the
// last value found is of it, with a comma or "and" between.
func (v *values) listed(kind intel.Kind, from, to int) bool {
	if len(v.out) == 0 {
		return false
	}
	last := v.out[len(v.out)-1]
	end := last.Offset + last.Length
	if last.Entity.Kind != kind || end > from || from-end > 12 {
		return false
	}
	switch strings.Trim(strings.TrimPrefix(v.text[end:from], "()"), "`'\"") {
	case " and ", " or ", ", and ", ", or ":
		return true
	case ", ":
		n, _ := separator(v.text[to:])
		return n > 0
	}
	return false
}

// listEnd returns where a list of identifiers ends, of which one ends at a place:
// the same place if no "and" or "or" comes before the last.
func (v *values) listEnd(to int) int {
	at := to
	for range 12 {
		n, closes := separator(v.text[at:])
		if n == 0 {
			return to
		}
		name := v.word(at + n)
		at += n + len(name)
		v.steps += n + len(name)
		if !technical(name) {
			return to
		}
		for at < len(v.text) && strings.IndexByte(opening, v.text[at]) >= 0 {
			at++
		}
		if closes {
			return at
		}
	}
	return to
}

// separator returns the length of what parts the names of a list at the
// beginning of s, with quotation marks, or 0, and whether its last follows.
func separator(s string) (n int, closes bool) {
	s = s[:min(len(s), 12)]
	rest := strings.TrimLeft(s, opening)
	for _, sep := range []string{", and ", ", or ", ", ", " and ", " or "} {
		if after, ok := strings.CutPrefix(rest, sep); ok {
			return len(s) - len(strings.TrimLeft(after, opening)), sep != ", "
		}
	}
	return 0, false
}

// titleFrom goes back over words with capitals to where the name of a field of
// a form begins: "the First Name parameter".
func (v *values) titleFrom(from, to int) int {
	begin := from
	for range 3 {
		word := v.lastWord(begin)
		if !title(v.text[begin:to]) || !title(word) {
			break
		}
		begin -= len(word) + 1
	}
	if before := v.wordBefore(begin); before != "the" && before != "into" && before != "via" {
		return from
	}
	return begin
}

// title reports whether a text begins with a capital and goes on with small
// letters.
func title(s string) bool {
	return len(s) > 1 && s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'a' && s[1] <= 'z' && !strings.HasPrefix(s, "The ") && s != "The"
}

// nameable reports whether an ordinary word is the name of a parameter for once,
// by what stands before it: "via the" or, before an acronym in small letters,
// "the".
func (v *values) nameable(p piece) bool {
	if v.wordBefore(p.from) != "the" || p.from < 5 {
		return false
	}
	switch v.text[p.from:p.to] {
	case "sql", "xml", "json", "html", "uri", "api", "http":
		return true
	case "security", "multiple", "count", "size", "number", "length", "list", "value", "command", "upload", "download", "log", "import", "export", "code", "data", "time", "text", "version", "admin", "script", "directory", "folder", "method":
		word := v.wordBefore(p.from - 4)
		return word == "via" || word == "into"
	}
	return false
}

// indexed reports whether a name is a path in a structure with the place in a
// list: "VLAN:1/ID".
func indexed(s string) bool {
	i := strings.IndexByte(s, ':')
	return i > 0 && i+2 < len(s) && isDigit(s[i+1]) && s[i+2] == '/' && plainName(strings.ReplaceAll(strings.ReplaceAll(s, ":", ""), "/", ""))
}

// stated reads plain words that are said to be an argument: "the argument user of the
// file", "the vulnerable parameter is user".
func (v *values) stated(from int, p piece) bool {
	if !v.flawed(from) {
		return false
	}
	switch text := v.text[p.from:p.to]; {
	case text == "is" && v.near(from, 12, "vulnerable", "affected", "injectable"):
		if p = v.next(p.to); !p.quoted && p.to < len(v.text) && strings.IndexByte(".,;\n", v.text[p.to]) < 0 {
			return false
		}
	case !strings.HasPrefix(v.text[p.to:], " of the file "):
		return false
	}
	text := v.text[p.from:p.to]
	if len(text) < 2 || !plainName(text) || allDigits(text) {
		return false
	}
	v.note(intel.Entity{Kind: intel.Argument, Name: text}, p.from, p.to, "")
	return true
}
