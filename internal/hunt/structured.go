package hunt

import "bytes"

// columns are the names in the header of a log: of Zeek, whose lines have tabs, or
// in the extended format of the W3C, whose lines have blanks (IIS) or tabs.
type columns struct {
	names   [][]byte
	targets []bool // which have requests
	blanks  bool   // lines may have blanks between values
}

// newColumns reads a line such as "#fields<TAB>ts<TAB>uid" or "#Fields: date time".
func newColumns(header []byte) columns {
	header = bytes.TrimSpace(header)
	c := columns{}
	if rest, ok := bytes.CutPrefix(header, []byte("#Fields:")); ok {
		c.blanks = true
		for name := range bytes.FieldsSeq(bytes.Clone(rest)) {
			if len(c.names) == mostFields {
				break
			}
			c.names = append(c.names, name)
		}
	} else {
		_, rest, _ := bytes.Cut(header, []byte("\t"))
		c.names = bytes.SplitN(bytes.Clone(rest), []byte("\t"), mostFields)
	}
	c.targets = make([]bool, len(c.names))
	for i, name := range c.names {
		c.targets[i] = roleOf(name) == targetRole
	}
	return c
}

// has reports whether a line is one of values in columns.
func (c columns) has(line []byte) bool {
	return len(c.names) > 0 && len(line) > 0 && line[0] != '#' && line[0] != '{' && bytes.IndexByte(line, c.between(line)) >= 0
}

// between is what parts the values of a line.
func (c columns) between(line []byte) byte {
	if c.blanks && bytes.IndexByte(line, '\t') < 0 {
		return ' '
	}
	return '\t'
}

// target reports whether a column has requests.
func (c columns) target(n int) bool { return n < len(c.targets) && c.targets[n] }

// columns reads a line of values in columns.
func (l *line) columns(c columns) {
	between, from, day := c.between(l.text), 0, -1
	for n := 0; from <= len(l.text) && n < len(c.names); n++ {
		end := len(l.text)
		if i := bytes.IndexByte(l.text[from:], between); i >= 0 {
			end = from + i
		}
		l.addBytes(from, end, "", c.names[n])
		switch name, value := string(c.names[n]), l.text[from:end]; {
		case name == "date" && c.blanks:
			day = from
		case name == "time" && day == from-len("2026-03-01 ") && day >= 0: // "2026-03-01 10:00:00"
			l.time = l.text[day:end]
		case string(value) != "-":
			l.note(c.names[n], value)
		}
		from = end + 1
	}
}

const (
	// mostDepth is how deep JSON may be nested.
	mostDepth = 64
	// longestPath is the most bytes of a path of keys that is told.
	longestPath = 256
)

// json reads an object; what is broken ends it, and what came before counts.
func (l *line) json(at int) {
	l.escaped = true
	w := walker{l: l, at: at}
	w.value(0)
}

// A walker goes through JSON without building anything.
type walker struct {
	l    *line
	at   int
	path [longestPath]byte
	n    int
}

func (w *walker) blanks() byte {
	for w.at < len(w.l.text) && w.l.text[w.at] <= ' ' {
		w.at++
	}
	if w.at == len(w.l.text) {
		return 0
	}
	return w.l.text[w.at]
}

// value goes through one value and reports whether it was whole.
func (w *walker) value(depth int) bool {
	if depth > mostDepth {
		return false
	}
	switch w.blanks() {
	case 0:
		return false
	case '{':
		return w.members('}', depth)
	case '[':
		return w.members(']', depth)
	case '"':
		from, to, ok := w.text()
		w.leaf(from, to)
		return ok
	}
	from := w.at
	for w.at < len(w.l.text) && w.l.text[w.at] > ' ' && bytes.IndexByte([]byte(",]}\""), w.l.text[w.at]) < 0 {
		w.at++
	}
	w.leaf(from, w.at)
	return w.at > from
}

func (w *walker) leaf(from, to int) {
	path, value := w.path[:w.n], w.l.text[from:to]
	w.l.addBytes(from, to, "", path)
	targets := len(w.l.targets)
	w.l.take(keyRole(path), value)
	if len(w.l.targets) > targets || len(value) < len("GET /") {
		return
	}
	if c := value[0]; c == '/' || c == '\\' || c == 'h' {
		if last := bytes.LastIndexByte(path, '.'); last >= 0 && asksFor(path[last+1:]) {
			w.l.target(value)
			return
		}
	}
	w.l.requests(from, to)
}

// keyRole is the role of a path of keys, or else of its last two, in whatever object
// they stand, or of the last if that can mean but one thing.
func keyRole(path []byte) role {
	if as := roleOf(path); as != noRole {
		return as
	}
	last := bytes.LastIndexByte(path, '.')
	if last < 0 {
		return noRole
	}
	switch string(path[last+1:]) {
	case "requestQuery", "queryString", "query_string", "uri_query":
		return queryRole
	}
	if before := bytes.LastIndexByte(path[:last], '.'); before > 0 {
		return roleOf(path[before+1:])
	}
	return noRole
}

// asksFor reports whether a key, in whatever object, has a request under it.
func asksFor(key []byte) bool {
	switch string(key) {
	case "uri", "url", "request_uri", "requestUri", "requestURI", "requestUrl", "uri_path", "URI", "URL":
		return true
	}
	return false
}

// requests notes the requests in a text, which may be a line of another log.
func (l *line) requests(from, to int) {
	for at := from; ; {
		i := bytes.Index(l.text[at:to], []byte("/"))
		if i < 0 {
			return
		}
		start := at + i
		at = start + 1
		if start > from && l.text[start-1] == '\\' { // as JSON may write it
			start--
		}
		if start == from || l.text[start-1] != ' ' {
			continue
		}
		word := start - 1
		for word > from && start-word < 9 && l.text[word-1] >= 'A' && l.text[word-1] <= 'Z' {
			word--
		}
		if !method(l.text[word:start-1]) || word > from && class[l.text[word-1]] != 0 {
			continue
		}
		end := start
		for end < to && l.text[end] > ' ' && l.text[end] != '"' && (l.text[end] != '\\' || end+1 < to && l.text[end+1] != '"') {
			end++
		}
		l.target(l.text[start:end])
		at = end
	}
}

// pairs notes the values of "key=value" and "key=\"value\"" that have a role, as in
// lines of firewalls.
func (l *line) pairs(from int) {
	delimiter := leefDelimiter(l.text[from:])
	for at := from; ; {
		i := bytes.IndexByte(l.text[at:], '=')
		if i < 0 {
			return
		}
		sign := at + i
		at = sign + 1
		key := sign
		for key > from && sign-key < 16 && class[l.text[key-1]]&(alnum|dot|dash) != 0 {
			key--
		}
		if key == sign || key > from && l.text[key-1] != delimiter && bytes.IndexByte([]byte(" \t|,;"), l.text[key-1]) < 0 {
			continue
		}
		end := at
		if at < len(l.text) && l.text[at] == '"' {
			at++
			end = l.quoteEnd(at)
		} else {
			for end < len(l.text) && l.text[end] > ' ' && l.text[end] != ',' && l.text[end] != ';' && l.text[end] != delimiter {
				end++
			}
		}
		if r := roleOf(l.text[key:sign]); r != noRole && r != timeRole {
			l.note(l.text[key:sign], l.text[at:end])
		}
		at = end
	}
}

// leefDelimiter is what parts the pairs of LEEF 2.0, which names it in its head as it
// is or as a number: "LEEF:2.0|V|P|1.0|15345|^|" or "|x5E|".
func leefDelimiter(text []byte) byte {
	i := bytes.Index(text, []byte("LEEF:2.0|"))
	if i < 0 {
		return '\t'
	}
	n := 0
	for value := range bytes.SplitSeq(text[i:], []byte("|")) {
		switch {
		case n < 5:
		case len(value) == 1:
			return value[0]
		default:
			value = bytes.TrimPrefix(value, []byte("0"))
			if len(value) == 3 && value[0] == 'x' && nibble(value[1]) >= 0 && nibble(value[2]) >= 0 {
				return byte(nibble(value[1])<<4 | nibble(value[2]))
			}
			return '\t'
		}
		n++
	}
	return '\t'
}

// members goes through an object or a list.
func (w *walker) members(end byte, depth int) bool {
	w.at++
	for n := w.n; ; w.n = n {
		switch w.blanks() {
		case 0:
			return false
		case end:
			w.at++
			return true
		case ',':
			w.at++
			continue
		}
		if end == '}' && !w.key() || !w.value(depth+1) {
			return false
		}
	}
}

// key takes a key up into the path.
func (w *walker) key() bool {
	if w.l.text[w.at] != '"' {
		return false
	}
	from, to, ok := w.text()
	if !ok || w.blanks() != ':' {
		return false
	}
	w.at++
	if w.n > 0 && w.n < longestPath {
		w.path[w.n] = '.'
		w.n++
	}
	w.n += copy(w.path[w.n:], w.l.text[from:to])
	return true
}

// text goes over a string and returns what stands between its quotes.
func (w *walker) text() (from, to int, ok bool) {
	from = w.at + 1
	to = w.l.quoteEnd(from)
	ok = to < len(w.l.text)
	w.at = min(to+1, len(w.l.text))
	return from, to, ok
}

// cefHeader names what stands between the bars of CEF.
var cefHeader = [...]string{"cef", "deviceVendor", "deviceProduct", "deviceVersion", "deviceEventClassId", "name", "severity"}

// cef reads "CEF:0|vendor|product|version|id|name|severity|key=value key=value".
func (l *line) cef(at int) {
	l.escaped = true
	from := at
	for _, name := range cefHeader {
		end := from
		for end < len(l.text) && l.text[end] != '|' {
			if l.text[end] == '\\' {
				end++
			}
			end++
		}
		end = min(end, len(l.text))
		l.add(from, end, name)
		from = min(end+1, len(l.text))
	}
	l.extension(from)
}

// extension reads the pairs of CEF: a value ends where the next key begins.
func (l *line) extension(from int) {
	key, value := []byte(nil), from
	flush := func(to int) {
		for to > value && l.text[to-1] == ' ' {
			to--
		}
		if key != nil && value < to {
			l.addBytes(value, to, "", key)
			l.note(key, l.text[value:to])
		}
	}
	word := from
	for i := from; i < len(l.text); i++ {
		switch c := l.text[i]; {
		case c == '\\':
			i++
		case c == ' ':
			word = i + 1
		case c == '=' && i > word && bare(l.text[word:i]):
			flush(word)
			key, value = l.text[word:i], i+1
			word = len(l.text) // until the next blank nothing is a key
		}
	}
	flush(len(l.text))
}

func bare(word []byte) bool {
	if len(word) > 64 {
		return false
	}
	for _, c := range word {
		if class[c]&(alnum|dot|dash) == 0 {
			return false
		}
	}
	return true
}

// syslog reads the head of a line of either RFC, or of rsyslog, and what the
// message is.
func (l *line) syslog() bool {
	at := 0
	if i := bytes.IndexByte(l.text[:min(len(l.text), 6)], '>'); i > 1 && l.text[0] == '<' {
		at = i + 1
	}
	rest := l.text[at:]
	switch {
	case at > 0 && bytes.HasPrefix(rest, []byte("1 ")):
		return l.syslog5424(at + 2)
	case len(rest) > 16 && rest[3] == ' ' && rest[6] == ' ' && rest[9] == ':' && rest[12] == ':' && rest[15] == ' ':
		l.add(at, at+15, "time")
		known := l.tagged(at + 16)
		if l.time == nil {
			l.time = rest[:15] // "Mar  1 10:00:00"
		}
		return known
	}
	i := bytes.IndexByte(rest, ' ')
	if i < 19 || i > 35 || rest[10] != 'T' || parseTime(rest[:i]).IsZero() {
		return false
	}
	l.add(at, at+i, "time")
	l.time = rest[:i]
	return l.tagged(at + i + 1)
}

// syslog5424 reads "TIME HOST PROGRAM PROCESS ID DATA MESSAGE".
func (l *line) syslog5424(at int) bool {
	for _, name := range [...]string{"time", "host", "program", "process", "id"} {
		i := bytes.IndexByte(l.text[at:], ' ')
		if i < 0 {
			return false
		}
		l.add(at, at+i, name)
		if name == "time" {
			l.time = l.text[at : at+i]
		}
		at += i + 1
	}
	if at < len(l.text) && l.text[at] == '[' {
		end := at
		for end < len(l.text) && (l.text[end] != ']' || end+1 < len(l.text) && l.text[end+1] != ' ') {
			if l.text[end] == '\\' {
				end++
			}
			end++
		}
		end = min(end+1, len(l.text))
		l.add(at, end, "data")
		at = end
	} else if at < len(l.text) {
		at++
	}
	return l.message(at)
}

// tagged reads "HOST TAG: MESSAGE".
func (l *line) tagged(at int) bool {
	i := bytes.IndexByte(l.text[at:], ' ')
	if i < 0 {
		return l.message(at)
	}
	l.add(at, at+i, "host")
	at += i + 1
	if bytes.HasPrefix(l.text[at:], []byte("CEF:")) {
		return l.message(at)
	}
	if i := bytes.Index(l.text[at:], []byte(": ")); i >= 0 && i < 64 && bytes.IndexByte(l.text[at:at+i], ' ') < 0 {
		l.add(at, at+i, "program")
		at += i + 2
	}
	return l.message(at)
}

func (l *line) message(at int) bool {
	at = min(at, len(l.text))
	keep := l.time
	if !l.body(at) {
		l.add(at, len(l.text), "message")
		l.plain(at)
	}
	if keep != nil {
		l.time = keep
	}
	return true
}
