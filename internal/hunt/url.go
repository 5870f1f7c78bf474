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
	stop, plain := max(end, min(s.urlDone, start+longest+1)), true // what was walked over before need not be again
	walked := stop
	for stop < len(b) && stop-start <= longest {
		if b[stop] == '\\' && stop+1 < len(b) && b[stop+1] == '/' { // as JSON may write it
			plain = false
		} else if !urlByte[b[stop]] {
			break
		}
		stop++
	}
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
		s.scratch = s.scratch[:0]
		if encoded {
			s.scratch = unescape(s.scratch, run)
		} else {
			s.scratch = append(s.scratch, bytes.ReplaceAll(run, []byte(`\/`), []byte("/"))...)
		}
		run = s.scratch
	}
	if !s.locate(run, b, start, stop, plain && !encoded) {
		s.split(b, start, end)
	}
}

// locate looks a URL up as a whole, without what a text puts after it, and
// without its query.
func (s *Scanner) locate(run, b []byte, from, to int, plain bool) bool {
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
		if len(t) == 0 || t[0] != '/' || len(t)+len(l.host) > longest {
			continue
		}
		s.joint = append(append(s.joint[:0], l.host...), bytes.ReplaceAll(t, []byte(`\/`), []byte("/"))...)
		s.locate(s.joint, b, start, end, false)
	}
}

// unescape appends text to out with its percent signs decoded once.
func unescape(out, text []byte) []byte {
	for i := 0; i < len(text); i++ {
		if text[i] == '%' && i+2 < len(text) {
			if hi, lo := nibble(text[i+1]), nibble(text[i+2]); hi >= 0 && lo >= 0 {
				out = append(out, byte(hi<<4|lo))
				i += 2
				continue
			}
		}
		out = append(out, text[i])
	}
	return out
}

func nibble(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
