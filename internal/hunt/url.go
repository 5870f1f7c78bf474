package hunt

import (
	"bytes"
	"slices"
)

// urlByte says which bytes may stand in a URL.
var urlByte = func() (t [256]bool) {
	for c := range 256 {
		t[c] = c > ' ' && c != 0x7f && bytes.IndexByte([]byte("\"'<>\\`{}|^"), byte(c)) < 0
	}
	return t
}()

// url looks up the URL that begins with the host b[start:end], and if the log
// has hosts and paths in fields of their own, what those come to.
func (s *Scanner) url(b []byte, start, end int) {
	walked := max(end, min(s.urlDone, start+longest+1)) // need not be walked over again
	stop, plain := runEnd(b, walked, start)
	s.steps += stop - walked
	if plain {
		s.urlDone = stop
	}
	if stop == len(b) && s.cutAfter {
		return
	}
	run := b[start:stop]
	if len(run) > longest && !bytes.ContainsAny(run, "?#&") {
		return // longer than any that is looked for
	}
	encoded := start > 2 && b[start-3] == '%' && bytes.IndexByte(run, '%') >= 0
	if encoded {
		run, _, _ = bytes.Cut(run, []byte("&"))
		stop = start + len(run)
	}
	if !plain || encoded {
		if encoded {
			s.scratch = unescape(s.scratch[:0], run)
		} else {
			s.scratch = unquote(s.scratch[:0], run)
		}
		run = s.scratch
	}
	if !s.locate(run, b, start, stop, plain && !encoded) {
		s.split(b, start, end)
	}
}

// runEnd returns where the run that a URL at start may be ends, of which what is
// before at is known, and whether the rest has no escapes in it.
func runEnd(b []byte, at, start int) (stop int, plain bool) {
	stop, plain = at, true
	for stop < len(b) && stop-start <= longest {
		if n := urlEscape(b[stop:]); n > 0 {
			plain = false
			stop += n
		} else if urlByte[b[stop]] {
			stop++
		} else {
			break
		}
	}
	return stop, plain
}

// urlEscape returns how many bytes an escape has that text begins with and that
// JSON or CEF writes for what a URL may hold, 0 if there is none.
func urlEscape(text []byte) int {
	if len(text) < 2 || text[0] != '\\' {
		return 0
	}
	if text[1] == '/' || text[1] == '=' {
		return 2
	}
	if r, n := codePoint(text); n > 0 && (r >= 0x80 || urlByte[r]) {
		return n
	}
	return 0
}

// locate looks a URL up as a whole, without what a text puts after it, and
// without its query; and all that without a port that says nothing. Where plain,
// it stands as it is at b[from:to].
func (s *Scanner) locate(run, b []byte, from, to int, plain bool) bool {
	if s.shorten(run, b, from, to, plain) {
		return true
	}
	host := len(hostOf(run))
	port := usualPort(run[host:])
	if port == 0 {
		return false
	}
	s.joint = append(append(s.joint[:0], run[:host]...), run[host+port:]...)
	return s.shorten(s.joint, b, from, to, false)
}

// usualPort returns how many bytes the port of HTTP or HTTPS has that text begins
// with, 0 if it begins with another or none.
func usualPort(text []byte) int {
	for _, port := range [...]string{":80", ":443"} {
		if n := len(port); bytes.HasPrefix(text, []byte(port)) && (len(text) == n || bytes.IndexByte([]byte("/?#"), text[n]) >= 0) {
			return n
		}
	}
	return 0
}

// shorten looks a URL up as a whole and as what it is cut to.
func (s *Scanner) shorten(run, b []byte, from, to int, plain bool) bool {
	run, _, _ = bytes.Cut(run, []byte("#"))
	tried := -1
	for range 4 {
		run = bytes.TrimRight(run, "/")
		if len(run) == tried || len(run) == 0 {
			break
		}
		tried = len(run)
		s.steps += tried
		end := to
		if plain {
			end = from + tried
		}
		if s.lookupAs(run, urls, b, from, end) {
			return true
		}
		if short := bytes.TrimRight(run, ".,;:!?)]*"); len(short) < len(run) {
			run = short
		} else if i := slices.IndexFunc(run, func(c byte) bool { return class[c] == high }); i > 0 { // the next word of a script without blanks
			run = run[:i]
		} else if i := bytes.IndexByte(run, '?'); i > 0 {
			run = run[:i]
		}
	}
	return false
}

// split looks up the URLs that a line's fields come to, once a line.
func (s *Scanner) split(b []byte, start, end int) {
	l := s.at(b, start)
	if l == nil || l.joined {
		return
	}
	l.joined = true
	l.parse(s.columns)
	if len(l.host) == 0 {
		return
	}
	for _, t := range l.targets {
		path := s.plainText(l, t)
		if len(path) == 0 || path[0] != '/' || len(path)+len(l.host) > longest {
			continue
		}
		host := l.host
		if bytes.IndexByte(host, '\\') >= 0 {
			s.spelled = unquote(s.spelled[:0], host)
			host = s.spelled
		}
		if i := bytes.IndexByte(host, ':'); i > 0 && usualPort(host[i:]) > 0 {
			host = host[:i]
		}
		s.joint = append(append(s.joint[:0], host...), path...)
		s.shorten(s.joint, b, start, end, false)
	}
}
