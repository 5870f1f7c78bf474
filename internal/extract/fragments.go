package extract

import (
	"slices"
	"sort"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/portent-cti/portent/internal/intel"
)

// nearFlaw is how many bytes from a word that speaks of a flaw its fragments stand
// at most.
const nearFlaw = 600

// A cue is a trigger at its place among the words and in the text.
type cue struct {
	trigger
	word, from, to int
}

// fragments reads arguments, functions, libraries, files, inputs, ports and
// what else is known by the words around it.
func (v *values) fragments(words []token, triggers *announcers) {
	called := v.listen(words, triggers)
	v.out = slices.DeleteFunc(v.out, func(o intel.Observation) bool {
		return o.Entity.Kind == intel.Function && !v.flawed(o.Offset) && !within(called, o.Offset)
	})
	if v.advisory {
		v.dropRemedies()
	}
	for _, c := range v.cues {
		if len(v.out) >= most {
			return
		}
		v.steps += 300 // the most that is read beside a trigger
		v.fragment(c, words)
	}
	v.insideInputs()
	v.dropUnqualified()
}

// dropUnqualified drops names of functions that stand elsewhere in the text with
// what has the function before them.
func (v *values) dropUnqualified() {
	qualified := map[string]bool{}
	for _, o := range v.out {
		if o.Entity.Kind != intel.Function {
			continue
		}
		if i := strings.LastIndexAny(o.Entity.Name, ".:"); i >= 0 {
			qualified[o.Entity.Name[i+1:]] = true
		}
	}
	if len(qualified) > 0 {
		v.out = slices.DeleteFunc(v.out, func(o intel.Observation) bool { return o.Entity.Kind == intel.Function && qualified[o.Entity.Name] })
	}
}

// part reports whether a word is one of several in a path or a compound.
func (v *values) part(from, to int) bool {
	return from > 0 && strings.IndexByte("/-", v.text[from-1]) >= 0 || to < len(v.text) && strings.IndexByte("/-", v.text[to]) >= 0
}

// flawed reports whether a flaw is spoken of near a place. A word there that is
// written as any other is the name of nothing else.
func (v *values) flawed(at int) bool { return v.advisory || within(v.flaws, at) }

// within reports whether one of the places, in order, is near.
func within(places []int, at int) bool {
	i := sort.SearchInts(places, at-nearFlaw)
	return i < len(places) && places[i] <= at+nearFlaw
}

func (v *values) fragment(c cue, words []token) {
	switch c.trigger {
	case argumentWord:
		v.arguments(c.from, c.to)
	case attributeWord:
		v.listBefore(intel.Argument, c.from, v.text[c.to-1]|0x20 == 's')
	case functionWord:
		v.called(intel.Function, c.from, c.to)
	case libraryWord:
		v.called(intel.Library, c.from, c.to)
	case fileWord:
		if c.from > 0 && v.text[c.from-1] == '<' {
			v.scripted(c.from, "</script>")
		}
		v.fileAfter(c.to)
	case inputWord:
		v.input(c.to)
	case quotedWord:
		v.quoted(intel.Input, c.to)
	case portWord:
		v.ports(words, c.word)
	case mutexWord:
		v.mutex(c.from, c.to)
	case agentWord:
		v.userAgent(words, c.word)
	case systemWord:
		v.systems(words, c.word)
	case methodWord:
		v.request(c.from, c.to)
	case headerWord:
		v.header(c.from)
	case flawWord:
		v.flawIn(c.to)
	default:
		v.shown(c)
	}
}

// shown reads what posts about exploits and reports of intrusions show.
func (v *values) shown(c cue) {
	switch c.trigger {
	case serviceWord:
		v.service(c.from, c.to)
	case taskWord:
		v.task(c.from, c.to)
	case makesWord:
		v.made(c.from, c.to)
	case commandWord:
		v.command(c.to)
	case urlWord:
		v.attacked(c.to + len("://"))
	case hostWord:
		v.templated(c.from, c.to)
	case lookupWord:
		v.lookup(c.from)
	case markupWord:
		v.scripted(c.from, ">")
	case curlWord:
		v.posted(c.to)
	}
}

// insideInputs drops the fragments that are part of an input value, but for the
// ports of hosts in it.
func (v *values) insideInputs() {
	var inputs []intel.Observation
	for _, o := range v.out {
		if o.Entity.Kind == intel.Input && len(inputs) < 64 {
			inputs = append(inputs, o)
		}
	}
	if len(inputs) == 0 {
		return
	}
	v.out = slices.DeleteFunc(v.out, func(o intel.Observation) bool {
		return o.Entity.Kind.Class() == intel.IOA && o.Entity.Kind != intel.Port && slices.ContainsFunc(inputs, func(in intel.Observation) bool {
			return (o.Entity.Kind != intel.Input || o.Length < in.Length) && o.Offset >= in.Offset && o.Offset+o.Length <= in.Offset+in.Length
		})
	})
}

// header reads names of headers that stand in quotes before the word.
func (v *values) header(from int) {
	for _, protocol := range []string{" SIP", " HTTP", " request", " response"} {
		if before, ok := strings.CutSuffix(strings.TrimRight(v.text[max(0, from-24):from], " "), protocol); ok {
			from -= min(from, 24) - len(before)
			break
		}
	}
	if p := v.back(from); p.quoted {
		v.listBefore(intel.Argument, from, true)
	}
}

// flawIn reads "vulnerability in X of Y", where X is written as functions are.
func (v *values) flawIn(to int) {
	if !strings.HasPrefix(v.text[to:], " in ") {
		return
	}
	p := v.next(to + 3)
	text := v.text[p.from:p.to]
	if rest := v.text[p.to:]; p.empty() || p.quoted || !strings.HasPrefix(rest, " of ") && !strings.HasPrefix(rest, " function") || !technical(text) || !plainName(text) || strings.Contains(text, ".") || !strings.ContainsAny(text, "abcdefghijklmnopqrstuvwxyz") {
		return
	}
	v.note(intel.Entity{Kind: intel.Function, Name: text}, p.from, p.to, "")
}

// A piece is a stretch of the text beside a trigger.
type piece struct {
	from, to int
	quoted   bool
}

func (p piece) empty() bool { return p.to <= p.from }

// quotations are the marks that open a quotation and close it.
var quotations = [...][2]string{{"'", "'"}, {"\"", "\""}, {"`", "`"}, {"«", "»"}, {"“", "”"}, {"‘", "’"}, {"「", "」"}, {"„", "“"}}

const opening = "'\"`"

// next returns what stands after a place on the same line: what is in quotes,
// or the characters up to a blank.
func (v *values) next(at int) piece {
	for at < len(v.text) && strings.IndexByte(" :=", v.text[at]) >= 0 {
		at++
	}
	rest := v.text[at:min(len(v.text), at+300)]
	for _, q := range quotations {
		if strings.HasPrefix(rest, q[0]) {
			if end := strings.Index(rest[len(q[0]):], q[1]); end > 0 && strings.IndexByte(rest[:len(q[0])+end], '\n') < 0 {
				return piece{at + len(q[0]), at + len(q[0]) + end, true}
			}
			return piece{at, at, false}
		}
	}
	end := 0
	for end < len(rest) && classes[rest[end]]&ends == 0 {
		end++
	}
	f, t := v.trim(at, at+end)
	return piece{f, t, false}
}

// back returns what stands before a place on the same line, likewise.
func (v *values) back(at int) piece {
	for at > 0 && v.text[at-1] == ' ' {
		at--
	}
	if at == 0 || v.text[at-1] == '\n' {
		return piece{at, at, false}
	}
	line := v.text[max(0, at-120):at]
	for _, q := range [][2]string{{"'", "'"}, {"\"", "\""}, {"`", "`"}, {"”", "“"}, {"’", "‘"}, {"»", "«"}} {
		if before, ok := strings.CutSuffix(line, q[0]); ok {
			i := strings.LastIndex(before, q[1])
			if i < 0 || strings.IndexByte(before[i:], '\n') >= 0 {
				return piece{at, at, false}
			}
			return piece{at - len(q[0]) - (len(before) - i - len(q[1])), at - len(q[0]), true}
		}
	}
	begin := at
	for begin > 0 && at-begin < 100 && (classes[v.text[begin-1]]&ends == 0 || begin > 1 && v.text[begin-2:begin] == "->") {
		begin--
	}
	f, t := v.trim(begin, at)
	return piece{f, t, false}
}

// technical reports whether a word is an identifier rather than prose: it has
// a digit, an underscore, a dot, brackets or a capital inside.
func technical(s string) bool {
	for i := range len(s) {
		if c := s[i]; isDigit(c) || c == '_' || c == '.' || c == ':' || c == '[' || c == '$' || c == '>' || i > 0 && c >= 'A' && c <= 'Z' && (s[0] < 'A' || s[0] > 'Z' || strings.ToUpper(s) != s && s[i-1] >= 'a') {
			return true
		}
	}
	return false
}

// prose reports whether a word is one that stands beside a trigger without
// being the name of anything.
func prose(word string) bool {
	_, ok := ordinary()[strings.ToLower(word)]
	return ok
}

// ordinary is those words. Arguments are often called id, key, name, page, path,
// password, search, type or url: such are not among them.
var ordinary = sync.OnceValue(func() map[string]struct{} {
	out := map[string]struct{}{}
	for _, w := range strings.Fields(`a an the this that these those its their his of to is in and or for can has was as by we it de la el en y un una der die das des dem den ein eine и в на с из
		are be been being not no any all some each other another same first second third last one two three four both several multiple many various certain following specific particular arbitrary
		vulnerable affected unknown crafted malicious malformed invalid missing improper user users attacker supplied user-supplied user-controlled controlled unsanitized unvalidated untrusted external remote local
		query request requests response http https uri get post put body input output string integer boolean json xml form html optional required mandatory new old
		names value values list length count size number array object id's passed used using handling parsing validation processing injection given which when where with without from into via through on at if
		may might will would could should must allows allow leads lead results result causes cause specified specially below above above-mentioned such own only also so than then but
		third-party shared standard static dynamic native open source open-source javascript java php python go rust c c++ cryptographic crypto parser image media graphics client server component module system kernel
		main core internal helper utility public private callback handler hook web api rest configuration config command command-line line default additional further related function functions method methods files
		parameter parameters argument arguments field fields header headers library libraries endpoint route script directory folder setting settings option options feature functionality
		upload download log logging import export vulnerability issue flaw bug versions version before prior code data time current different wrong correct modified altered enabled disabled delimiters driver while probe input-validation text page's
		authentication authorization security access admin administrator sql xss csrf ssrf rce dos overflow stack heap buffer memory return called named known`) {
		out[w] = struct{}{}
	}
	return out
})

// arguments reads the names beside a word such as parameter: after it, or
// before it and then often a list.
func (v *values) arguments(from, to int) {
	if v.manipulated(from, to) {
		return
	}
	plural := v.text[to-1]|0x20 == 's'
	p := v.next(to)
	if v.gluedIn(to, p) {
		v.note(intel.Entity{Kind: intel.Argument, Name: v.text[p.from:p.to]}, p.from, p.to, "")
		return
	}
	if !p.empty() && v.names(intel.Argument, p) {
		if plural {
			v.listAfter(intel.Argument, p)
		}
		return
	}
	if v.stated(from, p) {
		return
	}
	v.listBefore(intel.Argument, from, plural)
}

// gluedIn reports whether a word in ASCII stands between signs of Chinese, the first a
// trigger that ends at a place: whatever it is, it is a name there.
func (v *values) gluedIn(to int, p piece) bool {
	if v.text[to-1] < utf8.RuneSelf || p.from != to || p.quoted || p.to-p.from < 2 || p.to >= len(v.text) || !plainName(v.text[p.from:p.to]) || allDigits(v.text[p.from:p.to]) {
		return false
	}
	r, _ := utf8.DecodeRuneInString(v.text[p.to:])
	return isHan(r)
}

// manipulated reads "manipulation of the argument a/b leads to", the form in
// which one numbering authority writes.
func (v *values) manipulated(from, to int) bool {
	if !v.near(from, 40, "manipulation", "manipulating the") {
		return false
	}
	rest := v.text[to:min(len(v.text), to+400)]
	end := len(rest)
	for _, stop := range []string{" leads ", " lead ", " with the input", " with an ", " as part of", " results ", " causes ", " can ", " allows ", " in der ", " führt ", " to ", " of the ", " with ", ". ", "\n", " in the ", ", "} {
		if i := strings.Index(rest[:end], stop); i >= 0 {
			end = i
		}
	}
	text := strings.Trim(rest[:end], " ")
	if text == "" || len(text) > 200 {
		return false
	}
	at := to + strings.Index(rest, text)
	for _, part := range strings.Split(text, "/") {
		name := strings.Trim(part, " '\"`")
		if name != "" && len(name) <= 64 {
			begin := at + strings.Index(part, name)
			v.note(intel.Entity{Kind: intel.Argument, Name: name}, begin, begin+len(name), "")
		}
		at += len(part) + 1
	}
	return true
}

// names notes the piece after a trigger, if it looks like a name or what
// follows says that it is one.
func (v *values) names(kind intel.Kind, p piece) bool {
	text := strings.TrimSuffix(v.text[p.from:p.to], "()")
	if text == "" || text[0] == ':' || len(text) > 120 || kind == intel.Library && text == "product" || !p.quoted && prose(text) && (kind != intel.Function || text != "system" && text != "main") {
		return false
	}
	if p.quoted && strings.Contains(text, " ") && kind != intel.Argument {
		return false
	}
	if !p.quoted && !technical(text) && !v.introduces(p.to) && (kind != intel.Library || !strings.HasPrefix(text, "lib")) {
		return false
	}
	parts := strings.Split(text, "/")
	if kind == intel.Library && len(parts) > 1 && fileName(text) {
		if plainName(strings.ReplaceAll(text, "/", "")) && shared(text) {
			v.note(intel.Entity{Kind: kind, Name: text}, p.from, p.from+len(text), "")
		}
		return true // any other file is noted as one
	}
	at := p.from
	for _, part := range parts {
		if part != "" && (plainName(part) || p.quoted || strings.Contains(part, "::") || strings.Contains(part, "->")) && !allDigits(part) {
			v.note(intel.NewEntity(kind, part), at, at+len(part), "")
		}
		at += len(part) + 1
	}
	return true
}

// shared reports whether the name of a file ends as those of libraries do.
func shared(name string) bool {
	switch strings.ToLower(name[strings.LastIndexByte(name, '.')+1:]) {
	case "so", "dll", "ocx", "bpl", "jar", "ko":
		return true
	}
	return false
}

// introduces reports whether the words after a place say that what stands
// before it was a name.
func (v *values) introduces(at int) bool {
	rest := v.text[at:min(len(v.text), at+16)]
	for _, s := range []string{" of the ", " in the ", " within ", " with the in", " is passed", " in der ", " als ", " в файле", " в ", " of ", " in ", " del ", " en ", " leads", " to test", " на ", " не ", " 可", "可", " 未", "未", " در ", " 中", "中", " 存在"} {
		if strings.HasPrefix(rest, s) {
			return true
		}
	}
	return strings.Trim(rest, ".\n ") == "" || strings.HasPrefix(rest, ".\n") || strings.HasPrefix(rest, ". ")
}

// listAfter goes on with the names of a list that began with p.
func (v *values) listAfter(kind intel.Kind, p piece) {
	for range 8 {
		rest := v.text[p.to:min(len(v.text), p.to+8)]
		rest = strings.TrimLeft(rest, "'`\"()")
		skip := 0
		for _, sep := range []string{", and ", " and ", ", ", " or "} {
			if strings.HasPrefix(rest, sep) {
				skip = len(sep)
				break
			}
		}
		if skip == 0 {
			return
		}
		p = v.next(p.to + strings.Index(v.text[p.to:], rest) + skip)
		if text := v.text[p.from:p.to]; p.empty() || !p.quoted && !technical(text) || !v.names(kind, p) {
			return
		}
	}
}

// listBefore reads the names before a trigger: "the a, b, and c parameters".
func (v *values) listBefore(kind intel.Kind, at int, plural bool) {
	for n := range 12 {
		p := v.back(at)
		if n == 0 {
			p = v.overRequest(p)
		}
		if p.empty() {
			return
		}
		text := v.text[p.from:p.to]
		if n == 0 && !p.quoted {
			p.from = v.titleFrom(p.from, p.to)
			text = v.text[p.from:p.to]
		}
		fits := p.quoted && len(text) <= 64 && !strings.ContainsAny(text, "\n,;") || !p.quoted && (!prose(text) || v.nameable(p)) && plainName(strings.ReplaceAll(strings.ReplaceAll(text, "->", ""), " ", "")) && !allDigits(text) || indexed(text)
		if !fits || !p.quoted && !technical(text) && (n > 0 && !plural || !v.flawed(p.from)) {
			return
		}
		parts := strings.Split(text, "/")
		if indexed(text) {
			parts = []string{text}
		}
		for _, part := range parts {
			if part != "" && (!prose(part) || v.nameable(p)) {
				i := p.from + strings.Index(v.text[p.from:p.to], part)
				v.note(intel.Entity{Kind: kind, Name: part}, i, i+len(part), "")
			}
		}
		begin := p.from
		if p.quoted {
			begin--
			for begin > 0 && v.text[begin] >= 0x80 && v.text[begin]&0xC0 == 0x80 {
				begin--
			}
		}
		before := strings.TrimRight(v.text[max(0, begin-24):begin], " ")
		next := ""
		for _, sep := range []string{", and", ",and", " and", ",", " &", ", or", " or", " и"} {
			if strings.HasSuffix(before, sep) {
				next = sep
				break
			}
		}
		if next == "" || !plural && next != " and" {
			return
		}
		plural = true
		at = begin - (len(v.text[max(0, begin-24):begin]) - len(before)) - len(next)
	}
}

// overRequest goes back from words that say that a parameter is one of a
// request to its name: "`x` HTTP POST parameter".
func (v *values) overRequest(p piece) piece {
	for range 2 {
		if p.empty() || p.quoted || !request(v.text[p.from:p.to]) {
			return p
		}
		q := v.back(p.from)
		if word := v.text[q.from:q.to]; !q.quoted && (q.empty() || !technical(word) && !request(word) && (prose(word) || !v.flawed(q.from) || !isMethod(v.text[p.from:p.to]+" "))) {
			return p
		}
		p = q
	}
	return p
}

// called reads the name of a function or library beside the word for it.
func (v *values) called(kind intel.Kind, from, to int) {
	plural := v.text[to-1]|0x20 == 's'
	if p := v.next(to); !p.empty() && v.names(kind, p) {
		if plural {
			v.listAfter(kind, p)
		}
		return
	}
	p := v.back(from)
	if p.empty() {
		return
	}
	if and := strings.TrimSuffix(v.text[max(0, p.from-8):p.from], "`"); plural && technical(v.text[p.from:p.to]) && (strings.HasSuffix(and, " and ") || strings.HasSuffix(and, " or ") || strings.HasSuffix(and, ", ")) {
		v.listBefore(kind, from, true)
		return
	}
	text := strings.TrimSuffix(v.text[p.from:p.to], "()")
	if fileName(text) && !strings.HasPrefix(text, "lib") {
		v.note(intel.Entity{Kind: intel.File, Name: text}, p.from, p.to, "")
		return
	}
	if text != v.text[p.from:p.to] { // noted as a call already
		return
	}
	if text == "" || len(text) > 100 || strings.Contains(text, " ") || prose(text) || !p.quoted && !plainName(text) && !strings.Contains(text, "::") {
		return
	}
	if !p.quoted && !technical(text) && (!v.spoken(kind, p, to) || !v.flawed(p.from)) {
		return
	}
	v.note(intel.NewEntity(kind, text), p.from, p.from+len(text), "")
}

// spoken reports whether a plain word before a trigger is a name: "the evaluate
// function in", "libxml library".
func (v *values) spoken(kind intel.Kind, p piece, to int) bool {
	text := v.text[p.from:p.to]
	if kind == intel.Library && (strings.HasPrefix(text, "lib") || text[0] >= 'A' && text[0] <= 'Z') {
		return true
	}
	word, _ := v.before(p.from)
	return word == "the" && text == strings.ToLower(text) && v.located(to)
}

// located reports whether what follows a trigger says where the thing is or what
// it does.
func (v *values) located(to int) bool {
	rest := v.text[to:min(len(v.text), to+8)]
	for _, s := range []string{" in ", " of ", " to ", " at ", " within", ".", " is ", " when"} {
		if strings.HasPrefix(rest, s) {
			return true
		}
	}
	return false
}

// request reports whether a word says that a parameter is one of a request.
func request(word string) bool {
	switch strings.ToLower(word) {
	case "post", "get", "http", "request", "query", "url", "body", "form", "string", "multipart", "input", "json", "put", "uri", "cookie":
		return true
	}
	return false
}

// fileAfter reads a path after a word such as file that does not look like one
// by itself: "the file goform/setMac of".
func (v *values) fileAfter(to int) {
	if to == len(v.text) || v.text[to] != ' ' && v.text[to] != ':' {
		return
	}
	p := v.next(to)
	if p.empty() {
		return
	}
	text, _, _ := strings.Cut(v.text[p.from:p.to], "?")
	if len(text) < 2 || len(text) > 200 || strings.ContainsAny(text, " ,;<>=") || strings.Contains(text, "://") {
		return
	}
	if !v.advisory && rootLength(text) > 0 {
		return // read as what it is: a path on one machine
	}
	isPath := strings.Contains(text, "/") || fileName(text)
	if isPath && text[0] != '/' && !strings.Contains(text, ".") && !v.flawed(p.from) {
		return // "the file tree/deletion log"
	}
	if !isPath && (prose(text) || !v.near(to, 12, "of the file", "in the file") || !v.introduces(p.from+len(text))) {
		return
	}
	v.note(intel.Entity{Kind: intel.File, Name: text}, p.from, p.from+len(text), "")
}
