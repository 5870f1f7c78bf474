package hunt

import "bytes"

// mostScripts is how many names of scripts in one path are looked at as what the
// rest of it is handed to.
const mostScripts = 8

// paths finds the files that a path ends with, as it stands and as servers come to
// read it, and what its segments are.
func (s *Scanner) paths(l *line, raw []byte, places []place) []place {
	f, r := s.set.attack, &s.request
	places = s.filesAt(l, r.path, raw, places)
	plain := r.path
	odd, handed := shape(plain)
	if odd {
		r.normal = normal(r.normal[:0], plain)
		plain = r.normal
		s.steps += len(plain)
		places = s.filesAt(l, plain, raw, places)
	}
	if handed {
		places = s.scripts(l, plain, raw, places)
	}
	if len(f.values) == 0 {
		return places
	}
	for segment := range bytes.SplitSeq(r.path, []byte("/")) {
		if len(segment) <= longest {
			for _, m := range f.values[string(segment)] {
				if f.named[m] {
					places = s.once(l, m, raw, places)
				}
			}
		}
	}
	return places
}

// shape reports whether a server would read a path otherwise than it stands, and
// whether something is handed to what may be a script in it.
func shape(path []byte) (odd, handed bool) {
	dotted := false
	for i, c := range path {
		switch c {
		case '.':
			dotted = true
		case '/':
			odd = odd || i+1 < len(path) && (path[i+1] == '/' || path[i+1] == '.')
			handed = handed || dotted
		case ';', '\\':
			odd = true
		}
	}
	return odd, handed || odd && dotted
}

// scripts finds the files that scripts in a path are which the rest is handed to.
func (s *Scanner) scripts(l *line, path, raw []byte, places []place) []place {
	s.steps += len(path)
	for at, found := 0, 0; found < mostScripts; {
		i := bytes.IndexByte(path[at:], '/')
		if i < 0 {
			break
		}
		at += i + 1
		if script(path[:at-1]) {
			places = s.filesAt(l, path[:at-1], raw, places)
			found++
		}
	}
	return places
}

// filesAt finds the files that path ends with.
func (s *Scanner) filesAt(l *line, path, raw []byte, places []place) []place {
	f := s.set.attack
	least := max(0, len(path)-f.longer)
	s.steps += len(path) - least
	h := f.seed
	for i := len(path) - 1; i >= least; i-- {
		h = (h ^ uint64(path[i])) * prime
		if i > 0 && path[i-1] != '/' {
			continue
		}
		for _, m := range f.files[h] {
			if f.texts[m] == string(path[i:]) {
				places = s.once(l, m, raw, places)
			}
		}
	}
	return places
}

// normal appends a path to out as a server comes to read it: without doubled
// slashes, segments that go nowhere or back, and what stands behind a semicolon.
func normal(out, path []byte) []byte {
	begin := len(out)
	for at := 0; at <= len(path); {
		end := len(path)
		if i := bytes.IndexAny(path[at:], `/\`); i >= 0 {
			end = at + i
		}
		segment, _, _ := bytes.Cut(path[at:end], []byte(";"))
		switch at = end + 1; string(segment) {
		case "", ".":
		case "..":
			out = out[:begin+max(0, bytes.LastIndexByte(out[begin:], '/'))]
		default:
			out = append(append(out, '/'), segment...)
		}
	}
	return out
}

// script reports whether a path ends with the name of what a server runs, which is
// handed what follows: "/a.php/b".
func script(path []byte) bool {
	i := bytes.LastIndexByte(path[max(0, len(path)-8):], '.')
	if i < 0 {
		return false
	}
	switch string(path[max(0, len(path)-8)+i+1:]) {
	case "php", "php3", "php4", "php5", "php7", "phtml", "jsp", "jspx", "jsf", "asp", "aspx", "ashx", "asmx", "cgi", "pl", "py", "cfm", "cfc", "do", "action", "dll", "exe", "nsf":
		return true
	}
	return false
}
