package hunt

import (
	"bytes"
	"slices"
	"strconv"
	"time"
)

// mostFields is how many fields of one line are told apart.
const mostFields = 4096

// A line is one line of a log. Its fields are told apart when first asked for.
type line struct {
	text    []byte
	from    int  // in the block
	piece   bool // it is only a part of a line
	parsed  bool
	joined  bool // its host and paths have been looked up together
	spans   []span
	names   []byte
	host    []byte   // that a request is for, where it has a field of its own
	targets [][]byte // of requests, as they stand there
	query   []byte   // of a request, where it has a field of its own
	form    []byte   // that a request sends, likewise
	escaped bool     // the targets may have escapes of JSON or CEF
	port    []byte   // that a connection goes to
	proto   []byte
	time    []byte

	wantsPort bool // ports are looked for
}

// A span is where a field stands in a line. Spans do not overlap and come in
// order.
type span struct {
	from, to         int
	nameFrom, nameTo int
}

// parse recognises the format of a line and notes its fields.
func (l *line) parse(c columns) {
	if l.parsed {
		return
	}
	l.parsed = true
	l.host, l.query, l.form, l.port, l.proto, l.time, l.escaped = nil, nil, nil, nil, nil, nil, false
	if n := len(l.text); n > 0 && l.text[n-1] == '\r' {
		l.text = l.text[:n-1]
	}
	switch {
	case c.has(l.text):
		l.columns(c)
	case l.body(0):
	case l.syslog():
	default:
		l.plain(0)
	}
}

// body reads what may also stand in a syslog message.
func (l *line) body(at int) bool {
	for at < len(l.text) && l.text[at] == ' ' {
		at++
	}
	rest := l.text[at:]
	switch {
	case len(rest) > 1 && rest[0] == '{' && (rest[1] == '"' || rest[1] == ' '):
		l.json(at)
	case bytes.HasPrefix(rest, []byte("CEF:")):
		l.cef(at)
	default:
		return l.access(at) || l.proxy(at)
	}
	return true
}

// add notes a field.
func (l *line) add(from, to int, name string) {
	if l.room(from, to) {
		n := len(l.names)
		l.names = append(l.names, name...)
		l.spans = append(l.spans, span{from, to, n, len(l.names)})
	}
}

func (l *line) addBytes(from, to int, prefix string, name []byte) {
	if l.room(from, to) {
		n := len(l.names)
		l.names = append(append(l.names, prefix...), name...)
		l.spans = append(l.spans, span{from, to, n, len(l.names)})
	}
}

func (l *line) room(from, to int) bool { return from < to && len(l.spans) < mostFields }

// field returns the name of the field that pos is in, or "".
func (l *line) field(pos int) string {
	i, ok := slices.BinarySearchFunc(l.spans, pos, func(s span, pos int) int {
		switch {
		case s.to <= pos:
			return -1
		case s.from > pos:
			return 1
		}
		return 0
	})
	if !ok {
		return ""
	}
	return clean(l.names[l.spans[i].nameFrom:l.spans[i].nameTo])
}

// A role is what a field of a structured log is to a match.
type role uint8

const (
	noRole role = iota
	hostRole
	targetRole
	queryRole
	formRole
	portRole
	protoRole
	timeRole
)

// roles are the fields that Zeek, Suricata, the common schemas of JSON and CEF
// have hosts, requests, ports and times in.
var roles = map[string]role{
	"host": hostRole, "hostname": hostRole, "http.hostname": hostRole, "http.host": hostRole, "http_host": hostRole, "url.domain": hostRole,
	"server_name": hostRole, "dhost": hostRole, "cs-host": hostRole, "request.host": hostRole,
	"uri": targetRole, "url": targetRole, "http.url": targetRole, "request_uri": targetRole, "path": targetRole, "url.path": targetRole,
	"url.original": targetRole, "request": targetRole, "request.uri": targetRole, "request.url": targetRole, "request.path": targetRole,
	"http.request.uri": targetRole, "cs-uri-stem": targetRole, "cs-uri": targetRole, "http.uri": targetRole,
	"requesturi": targetRole, "requesturl": targetRole, "requestpath": targetRole, "request_path": targetRole, "clientrequesturi": targetRole, "clientrequestpath": targetRole,
	"uri_path":  targetRole,
	"url.query": queryRole, "cs-uri-query": queryRole, "http.query": queryRole, "query_string": queryRole, "uri_query": queryRole,
	"requestquery": queryRole, "querystring": queryRole, "args": queryRole,
	"request.body": formRole, "http.request.body": formRole, "http.request.body.content": formRole, "request_body": formRole, "requestbody": formRole,
	"s-port": portRole, "id.resp_p": portRole, "dest_port": portRole, "dst_port": portRole, "destination.port": portRole, "dport": portRole, "dpt": portRole, "dstport": portRole, "destport": portRole, "destinationport": portRole,
	"dst-port": portRole, "dest-port": portRole, "destination_port": portRole, "_dst_port": portRole, "service": portRole,
	"proto": protoRole, "protocol": protoRole, "network.transport": protoRole, "transport": protoRole,
	"ts": timeRole, "timestamp": timeRole, "@timestamp": timeRole, "time": timeRole, "rt": timeRole, "event_time": timeRole, "datetime": timeRole,
	"eventtime": timeRole, "start": timeRole,
}

// mostTargets is how many requests one line is taken to tell of.
const mostTargets = 16

// note keeps a value whose field has a role.
func (l *line) note(name, value []byte) { l.take(roleOf(name), value) }

// take keeps a value by the role of its field.
func (l *line) take(as role, value []byte) {
	if len(value) == 0 {
		return
	}
	switch as {
	case hostRole:
		if l.host == nil {
			l.host = value
		}
	case targetRole:
		l.target(value)
	case queryRole:
		l.query = bytes.TrimPrefix(value, []byte("?"))
	case formRole:
		l.form = value
	case portRole:
		if digits, n := portAt(value); n > 0 && len(digits) == len(value) {
			l.port = value
		}
	case protoRole:
		l.proto = value
	case timeRole:
		if l.time == nil {
			l.time = value
		}
	}
}

// roleOf is the role of a field, whatever the case of its name.
func roleOf(name []byte) role {
	var small [32]byte
	if len(name) > len(small) {
		return noRole
	}
	for i, c := range name {
		small[i] = lower[c]
	}
	return roles[string(small[:len(name)])]
}

// target keeps what a request asks for; a method before it is cut off, and
// what comes after it.
func (l *line) target(value []byte) {
	if i := bytes.IndexByte(value, ' '); i > 0 && i < 12 && method(value[:i]) {
		value = value[i+1:]
	}
	if i := bytes.IndexByte(value, ' '); i >= 0 {
		value = value[:i]
	}
	if len(value) > 0 && len(l.targets) < mostTargets {
		l.targets = append(l.targets, value)
		if l.wantsPort && l.port == nil {
			l.port = portOf(value)
		}
	}
}

// method reports whether a word is a method of HTTP.
func method(word []byte) bool {
	switch string(word) {
	case "GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE", "PROPFIND":
		return true
	}
	return false
}

// layouts are how logs write times that say which year and which zone. A time
// without a zone is taken for UTC.
var layouts = [...]string{
	"02/Jan/2006:15:04:05 -0700", time.RFC3339Nano, "2006-01-02T15:04:05.999999999-0700", "2006-01-02T15:04:05", "2006-01-02 15:04:05",
	"2006-01-02 15:04:05Z07:00", "Jan _2 2006 15:04:05", "Jan 02 2006 15:04:05.000 MST",
}

// when is the time of a line, zero if it does not tell. One that does not say which
// year is of the last twelve months until a moment; zero is unknown.
func (l *line) when(until time.Time) time.Time {
	if at := parseTime(l.time); !at.IsZero() || until.IsZero() {
		return at
	}
	for _, year := range [...]int{until.Year(), until.Year() - 1} {
		at, err := time.Parse("2006 Jan _2 15:04:05", strconv.Itoa(year)+" "+string(l.time))
		if err == nil && !at.After(until.AddDate(0, 0, 1)) { // clocks are set otherwise
			return plausible(at)
		}
	}
	return time.Time{}
}

func parseTime(b []byte) time.Time {
	if len(b) < 8 || len(b) > 40 {
		return time.Time{}
	}
	text := string(b)
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		if seconds > 1e11 { // CEF and some JSON count milliseconds
			seconds /= 1000
		}
		return plausible(time.UnixMicro(int64(min(max(seconds, 0), 1e11) * 1e6)))
	}
	for _, layout := range layouts {
		if at, err := time.Parse(layout, text); err == nil {
			return plausible(at)
		}
	}
	return time.Time{}
}

// plausible is at, unless no log is from then.
func plausible(at time.Time) time.Time {
	if at = at.UTC(); at.Year() < 1990 || at.Year() > 2100 {
		return time.Time{}
	}
	return at
}
