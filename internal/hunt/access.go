package hunt

import "bytes"

// access reads a line of a web server's log, common or combined:
//
//	CLIENT - USER [TIME] "METHOD TARGET PROTOCOL" STATUS BYTES "REFERER" "USER AGENT"
func (l *line) access(at int) bool {
	rest := l.text[at:]
	open := bytes.Index(rest, []byte(" ["))
	if open < 0 {
		return false
	}
	shut := bytes.Index(rest[open:], []byte("] \""))
	if shut < 0 || shut > 64 {
		return false
	}
	shut += open
	l.head(at, at+open)
	l.add(at+open+2, at+shut, "time")
	l.time = rest[open+2 : shut]
	from := at + shut + 3
	to := l.quoteEnd(from)
	l.call(from, to)
	names := [...]string{"referer", "user-agent"}
	for n := 0; to < len(l.text); n++ {
		next := bytes.IndexByte(l.text[to+1:], '"')
		if next < 0 || to+1 == len(l.text) {
			l.add(to+1, len(l.text), "rest")
			break
		}
		l.add(to+1, to+1+next, "status")
		from = to + 1 + next + 1
		to = l.quoteEnd(from)
		name := "rest"
		if n < len(names) {
			name = names[n]
		}
		l.add(from, to, name)
	}
	return true
}

// head notes who asks: the client, what identd says, and the user. A virtual
// host may stand before the client.
func (l *line) head(from, to int) {
	words := [...]string{"client", "ident", "user"}
	n := 0
	if bytes.Count(l.text[from:to], []byte(" ")) == 3 {
		end := from + bytes.IndexByte(l.text[from:to], ' ')
		l.add(from, end, "host")
		from = end + 1
	}
	for from < to && n < len(words) {
		end := to
		if i := bytes.IndexByte(l.text[from:to], ' '); i >= 0 && n < len(words)-1 {
			end = from + i
		}
		l.add(from, end, words[n])
		from, n = end+1, n+1
	}
}

// quoteEnd returns where what is quoted from there on ends.
func (l *line) quoteEnd(from int) int {
	for i := from; i < len(l.text); i++ {
		switch l.text[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return len(l.text)
}

// call notes the parts of "METHOD TARGET PROTOCOL".
func (l *line) call(from, to int) {
	i := bytes.IndexByte(l.text[from:to], ' ')
	if i < 0 {
		l.add(from, to, "request")
		return
	}
	l.add(from, from+i, "method")
	from += i + 1
	end := to
	if j := bytes.LastIndex(l.text[from:to], []byte(" HTTP/")); j >= 0 {
		end = from + j
	}
	l.asked(from, end)
}

// asked notes the parts of a target: host if it has one, path and parameters.
func (l *line) asked(from, to int) {
	l.target(l.text[from:to])
	if i := bytes.Index(l.text[from:to], []byte("://")); i >= 0 && i < 10 {
		start := from + i + 3
		end := to
		if j := bytes.IndexAny(l.text[start:to], "/?#"); j >= 0 {
			end = start + j
		}
		l.add(start, end, "host")
		from = end
	}
	query := to
	if i := bytes.IndexByte(l.text[from:to], '?'); i >= 0 {
		query = from + i
	}
	l.add(from, query, "path")
	for query < to {
		from = query + 1
		query = to
		if i := bytes.IndexByte(l.text[from:to], '&'); i >= 0 {
			query = from + i
		}
		name := l.text[from:query]
		if i := bytes.IndexByte(name, '='); i >= 0 {
			name = name[:i]
		}
		l.addBytes(from, query, "query.", name[:min(len(name), 64)])
	}
}

// proxy reads a line of Squid's own format:
//
//	TIME ELAPSED CLIENT CODE/STATUS BYTES METHOD URL USER HIERARCHY/PEER TYPE
func (l *line) proxy(at int) bool {
	rest := l.text[at:]
	if len(rest) < 20 || class[rest[0]]&digit == 0 || bytes.IndexByte(rest[:14], '.') < 9 {
		return false
	}
	names := [...]string{"time", "elapsed", "client", "result", "bytes", "method", "url", "user", "peer", "type"}
	n, spans, targets, when := 0, len(l.spans), len(l.targets), l.time
	for from := at; from < len(l.text) && n < len(names); n++ {
		for from < len(l.text) && l.text[from] == ' ' {
			from++
		}
		end := len(l.text)
		if i := bytes.IndexByte(l.text[from:], ' '); i >= 0 {
			end = from + i
		}
		switch names[n] {
		case "time":
			l.time = l.text[from:end]
			l.add(from, end, names[n])
		case "method":
			if !method(l.text[from:end]) {
				n = len(names)
			}
		case "url":
			l.asked(from, end)
		default:
			l.add(from, end, names[n])
		}
		from = end
	}
	if n < 7 || n > len(names) { // it was something else
		l.spans, l.targets, l.time = l.spans[:spans], l.targets[:targets], when
		return false
	}
	return true
}

// plain looks in a line of no known format for a time at its beginning and for
// requests.
func (l *line) plain(at int) {
	for _, width := range [...]int{35, 32, 30, 29, 27, 25, 24, 20, 19} {
		if len(l.text) >= width && class[l.text[0]]&digit != 0 && !parseTime(l.text[:width]).IsZero() {
			l.time = l.text[:width]
			break
		}
	}
	for _, m := range [...]string{"GET", "POST", "HEAD", "PUT"} {
		l.method(at, m)
	}
	l.pairs(at)
	l.missing(at)
	l.connection(at)
}

// method notes the request behind the first mention of a method: after a blank,
// maybe several and a quotation mark, or in the second column behind it, as CDNs
// have it, whose query stands four further on.
func (l *line) method(at int, name string) {
	i := bytes.Index(l.text[at:], []byte(name))
	if i < 0 || at+i+len(name) == len(l.text) || i > 0 && class[l.text[at+i-1]] != 0 {
		return
	}
	from := at + i + len(name)
	switch l.text[from] {
	case ' ':
		for from < len(l.text) && l.text[from] == ' ' {
			from++
		}
		if from < len(l.text) && l.text[from] == '"' {
			from++
		}
		l.target(l.text[from:l.urlEnd(from)])
	case '\t':
		rest := l.text[from+1:]
		for n, more := 0, true; more && n < 6; n++ {
			var value []byte
			value, rest, more = bytes.Cut(rest, []byte("\t"))
			switch {
			case n == 0:
				l.host = value
			case n == 1 && len(value) > 0 && value[0] == '/':
				l.target(value)
			case n == 1:
				return
			case n == 5 && string(value) != "-":
				l.query = value
			}
		}
	}
}

// urlEnd returns where what may be of a URL ends.
func (l *line) urlEnd(from int) int {
	for from < len(l.text) && urlByte[l.text[from]] {
		from++
	}
	return from
}

// missing notes the file that a server says it lacks, where the line has no request.
func (l *line) missing(at int) {
	if len(l.targets) > 0 {
		return
	}
	for _, sign := range [...]string{"script '/", "File does not exist: /", "open() \"/"} {
		if i := bytes.Index(l.text[at:], []byte(sign)); i >= 0 {
			from := at + i + len(sign) - 1
			l.target(l.text[from:l.urlEnd(from)])
			return
		}
	}
}
