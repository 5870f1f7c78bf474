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
	for _, m := range [...]string{"GET ", "POST ", "HEAD ", "PUT "} {
		i := bytes.Index(l.text[at:], []byte(m))
		if i < 0 || i > 0 && class[l.text[at+i-1]] != 0 {
			continue
		}
		from := at + i + len(m)
		to := from
		for to < len(l.text) && urlByte[l.text[to]] {
			to++
		}
		l.target(l.text[from:to])
	}
	l.pairs(at)
	l.firewall(at)
}

// firewall reads the ports of a connection as Cisco's firewalls tell it:
// "outside:192.0.2.7/443 … to inside:10.0.0.5/51000". Of the two the lower is
// that of the service.
func (l *line) firewall(at int) {
	rest := l.text[at:]
	i := bytes.IndexByte(rest, '%')
	if i < 0 || !bytes.HasPrefix(rest[i:], []byte("%ASA-")) && !bytes.HasPrefix(rest[i:], []byte("%FTD-")) {
		return
	}
	rest = rest[i:]
	for _, name := range [...]string{"TCP", "UDP", "tcp", "udp"} {
		if i := bytes.Index(rest, []byte(name)); i > 0 && class[rest[i-1]] == 0 {
			l.proto = rest[i : i+len(name)]
			break
		}
	}
	least := 1 << 16
	for {
		i := bytes.IndexByte(rest, '/')
		if i < 0 {
			return
		}
		number, end := 0, i+1
		for end < len(rest) && end < i+6 && class[rest[end]]&digit != 0 {
			number = number*10 + int(rest[end]-'0')
			end++
		}
		if i > 0 && class[rest[i-1]]&digit != 0 && number > 0 && number < least {
			l.port, least = rest[i+1:end], number
		}
		rest = rest[end:]
	}
}
