package hunt

import (
	"bytes"
	"slices"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// fragments are the parts of attacks that are looked for in requests.
//
// A file and what no harmless request has in it (an input or a pattern with
// signs in it) stand for themselves. Arguments, functions, libraries and plain
// inputs do not: they count beside a file of the same vulnerability, or where
// none is known, of the same actor, in one request.
type fragments struct {
	marks  []Mark
	texts  []string         // of the marks, decoded once, as what they are compared with
	files  map[uint64][]int // by the hash of their texts
	seed   uint64           // of hashes
	longer int              // the most bytes of a file
	args   map[string][]int // by name of a parameter
	values map[string][]int // by a whole value or segment of a path
	grams  map[[3]byte][]int
	ports  map[string][]int
	flaws  map[string]bool // vulnerabilities of which a file is known
	named  []bool          // which marks are functions or libraries
}

// mostAlike is how many fragments may begin with the same three bytes; of more,
// the later ones are not looked for within others.
const mostAlike = 64

// newFragments returns nil if there is nothing to look for.
func newFragments(marks []Mark, seed uint64) *fragments {
	if len(marks) == 0 {
		return nil
	}
	f := &fragments{marks: marks, texts: make([]string, len(marks)), named: make([]bool, len(marks)), seed: seed, files: map[uint64][]int{}, args: map[string][]int{}, values: map[string][]int{},
		grams: map[[3]byte][]int{}, ports: map[string][]int{}, flaws: map[string]bool{}}
	for i, m := range marks {
		name := decoded(m.Entity)
		f.texts[i] = name
		switch m.Entity.Kind {
		case intel.File:
			if name = strings.TrimLeft(strings.ReplaceAll(name, `\`, "/"), "/"); name == "" {
				continue
			}
			f.texts[i] = name
			// One file, however many slashes it is written with.
			hash := f.hash(name)
			if slices.ContainsFunc(f.files[hash], func(j int) bool {
				return f.texts[j] == name && m.Vulnerability == marks[j].Vulnerability && slices.Equal(m.Actors, marks[j].Actors)
			}) {
				continue
			}
			f.files[hash] = append(f.files[hash], i)
			f.longer = max(f.longer, len(name))
			if m.Vulnerability != "" {
				f.flaws[m.Vulnerability] = true
			}
		case intel.Argument:
			f.args[name] = append(f.args[name], i)
		case intel.Port:
			f.port(name, i)
		case intel.Function, intel.Library:
			f.named[i] = true
			f.values[name] = append(f.values[name], i)
		case intel.Input, intel.Pattern:
			gram := [3]byte{}
			if copy(gram[:], name) == 3 && signed(name) {
				if len(f.grams[gram]) < mostAlike {
					f.grams[gram] = append(f.grams[gram], i)
				}
			} else {
				f.values[name] = append(f.values[name], i)
			}
		}
	}
	return f
}

// hash is that of a text by its bytes from the right, so that those of all that a path
// ends with are found on the way.
func (f *fragments) hash(text string) uint64 {
	h := f.seed
	for i := len(text) - 1; i >= 0; i-- {
		h = (h ^ uint64(text[i])) * prime
	}
	return h
}

// decoded is what a fragment comes to in a request that is decoded once: a
// report may give it as it was sent.
func decoded(e intel.Entity) string {
	text := []byte(e.Name)
	out := unescape(nil, text)
	if value := e.Kind == intel.Input || e.Kind == intel.Pattern; value && len(out) < len(text) {
		out = unescapeValue(nil, text) // then its blanks are encoded too
	}
	return string(out)
}

// port takes a port in that not every connection goes to.
func (f *fragments) port(name string, i int) {
	number, _, _ := strings.Cut(name, "/")
	switch number {
	case "80", "443", "53":
	default:
		f.ports[number] = append(f.ports[number], i)
	}
}

// signed reports whether a text has signs that words and names do not.
func signed(s string) bool {
	return strings.ContainsAny(s, "/\\'\"<>(){}[];$%&|`=*:@!#^~,?")
}

// requestScratch is what one request is decoded into.
type requestScratch struct {
	path, name, value []byte
	normal            []byte // path as a server comes to read it
	plain             []byte // of what escapes were taken out of
	files             []int
	places            []place
	number            uint32   // of the request
	last              []uint32 // the request that each mark was last found in
}

// begin forgets what was found in the request before; marks is how many there are
// to find.
func (r *requestScratch) begin(marks int) {
	if r.number++; r.last == nil || r.number == 0 {
		r.last, r.number = make([]uint32, marks), 1
	}
	r.files = r.files[:0]
}

// A place is where in the line a fragment was found.
type place struct{ mark, from, to int }

// fragments looks for fragments in the line that begins at from.
func (s *Scanner) fragments(b []byte, from int) {
	l := s.at(b, from)
	if l == nil || len(l.text) == 0 {
		return
	}
	l.parse(s.columns)
	s.steps += 2 * len(l.text)
	places := s.request.places[:0]
	for _, target := range l.targets {
		places = s.ask(l, target, places)
		if len(l.query) > 0 && bytes.IndexByte(target, '?') < 0 {
			places = s.part(l, &part{text: l.query, query: true, begins: true, ends: true}, places)
		}
		if len(l.form) > 0 {
			places = s.part(l, &part{text: l.form, query: true, begins: true, ends: true}, places)
		}
	}
	if len(l.port) > 0 {
		for _, i := range s.set.attack.ports[string(l.port)] {
			_, proto, _ := strings.Cut(s.set.attack.marks[i].Entity.Name, "/")
			if over := protocol(l.proto); proto == "" || over == "" || strings.EqualFold(over, proto) {
				places = append(places, l.place(i, l.port))
			}
		}
	}
	s.tell(b, l, places)
}

// protocol is "tcp" or "udp" as a log names it, by its number too; "" for what has no
// ports or is not known.
func protocol(name []byte) string {
	switch {
	case string(name) == "6" || bytes.EqualFold(name, []byte("tcp")):
		return "tcp"
	case string(name) == "17" || bytes.EqualFold(name, []byte("udp")):
		return "udp"
	}
	return ""
}

// tell reports the fragments that were found in a line.
func (s *Scanner) tell(b []byte, l *line, places []place) {
	slices.SortStableFunc(places, func(a, b place) int { return a.from - b.from })
	for _, p := range places {
		s.report(b, l.from+p.from, l.from+p.to, func() Match {
			m := s.set.attack.marks[p.mark]
			return Match{Entity: m.Entity, Probability: m.Probability, Actors: m.Actors[:min(len(m.Actors), MostActors)], Predicted: m.Predicted}
		})
	}
	s.request.places = places[:0]
}

// once adds where a mark stands, once for each request: a stranger writes as
// many parameters as he likes.
func (s *Scanner) once(l *line, mark int, part []byte, places []place) []place {
	r := &s.request
	if r.last[mark] == r.number {
		return places
	}
	r.last[mark] = r.number
	return append(places, l.place(mark, part))
}

// place is where a part of the line stands in it.
func (l *line) place(mark int, part []byte) place {
	from := cap(l.text) - cap(part) // both end where the line does
	return place{mark, from, from + len(part)}
}

// ask looks at one request.
func (s *Scanner) ask(l *line, target []byte, places []place) []place {
	s.request.begin(len(s.set.attack.marks))
	return s.part(l, &part{text: target, begins: true, ends: true}, places)
}

// part looks at a part of a request: at the files in its path once that has an
// end, at its parameters where they are whole.
func (s *Scanner) part(l *line, p *part, places []place) []place {
	f, r := s.set.attack, &s.request
	s.steps += 4 * len(p.text)
	first := len(places)
	var query []byte
	if p.query {
		query = p.text
	} else {
		places, query = s.path(l, p, places)
	}
	for torn := p.query && !p.begins; len(query) > 0; torn = false {
		pair, rest, more := bytes.Cut(query, []byte("&"))
		if query = rest; torn || !more && !p.ends {
			r.value = unescapeValue(r.value[:0], s.plainText(l, pair))
			places = s.within(l, r.value, pair, places)
		} else {
			places = s.parameter(l, pair, places)
		}
	}
	found := slices.DeleteFunc(places[first:], func(p place) bool { return f.alone(p.mark) && !f.accompanied(p.mark, r.files) })
	return places[:first+len(found)]
}

// path looks at what of a part is the path, and returns its query.
func (s *Scanner) path(l *line, p *part, places []place) (_ []place, query []byte) {
	f, r := s.set.attack, &s.request
	first := len(places)
	path, query, asks := bytes.Cut(p.text, []byte("?"))
	if i := bytes.Index(path, []byte("://")); p.begins && i >= 0 && i < 10 {
		if j := bytes.IndexByte(path[i+3:], '/'); j >= 0 {
			path = path[i+3+j:]
		} else {
			path = path[len(path):]
		}
	}
	r.path = unescape(r.path[:0], s.plainText(l, path))
	if asks || p.ends {
		places = s.paths(l, path, places)
	}
	for _, found := range places[first:] {
		if f.marks[found.mark].Entity.Kind == intel.File {
			r.files = append(r.files, found.mark)
		}
	}
	return s.within(l, r.path, path, places), query
}

// plainText takes the escapes of JSON or CEF out of a value; valid until the
// next call.
func (s *Scanner) plainText(l *line, b []byte) []byte {
	if !l.escaped || bytes.IndexByte(b, '\\') < 0 {
		return b
	}
	s.request.plain = unquote(s.request.plain[:0], b)
	return s.request.plain
}

// parameter looks at one parameter of a query, name and value decoded once.
func (s *Scanner) parameter(l *line, pair []byte, places []place) []place {
	plain := s.plainText(l, pair)
	places = s.named(l, plain, pair, places)
	if bytes.IndexByte(plain, ';') >= 0 {
		for text := plain; len(text) > 0; { // as some servers part them too
			var one []byte
			one, text, _ = bytes.Cut(text, []byte(";"))
			places = s.named(l, one, pair, places)
		}
	}
	if len(s.set.attack.grams) == 0 {
		return places
	}
	_, value, ok := bytes.Cut(plain, []byte("="))
	if !ok {
		value = plain
	}
	r := &s.request
	r.value = unescapeValue(r.value[:0], value)
	return s.within(l, r.value, pair, places)
}

// named looks at the name of one parameter, without the index that PHP takes for that
// of a list, and at its value as a whole.
func (s *Scanner) named(l *line, one, raw []byte, places []place) []place {
	f, r := s.set.attack, &s.request
	name, value, _ := bytes.Cut(one, []byte("="))
	r.name = unescape(r.name[:0], name)
	for len(r.name) <= longest {
		for _, m := range f.args[string(r.name)] {
			places = s.once(l, m, raw, places)
		}
		if n := len(r.name); n == 0 || r.name[n-1] != ']' {
			break
		}
		i := bytes.IndexByte(r.name, '[')
		if i < 1 {
			break
		}
		r.name = r.name[:i]
	}
	if len(f.values) == 0 {
		return places
	}
	r.value = unescapeValue(r.value[:0], value)
	if len(r.value) <= longest {
		for _, m := range f.values[string(r.value)] {
			places = s.once(l, m, raw, places)
		}
	}
	return places
}

// within finds inputs and patterns anywhere in a decoded text.
func (s *Scanner) within(l *line, text, raw []byte, places []place) []place {
	f := s.set.attack
	if len(f.grams) == 0 {
		return places
	}
	s.steps += len(text)
	first := len(places)
	for i := 0; i+3 <= len(text); i++ {
		for _, m := range f.grams[[3]byte(text[i:i+3])] {
			s.steps++
			if len(places) < first+mostAlike && bytes.HasPrefix(text[i:], []byte(f.texts[m])) {
				places = s.once(l, m, raw, places)
			}
		}
	}
	return places
}

// alone reports whether a fragment says nothing by itself.
func (f *fragments) alone(mark int) bool {
	switch f.marks[mark].Entity.Kind {
	case intel.Argument, intel.Function, intel.Library:
		return true
	case intel.Input, intel.Pattern:
		return len(f.texts[mark]) < 3 || !signed(f.texts[mark])
	}
	return false
}

// accompanied reports whether one of the files belongs to the same attack.
func (f *fragments) accompanied(mark int, files []int) bool {
	m := f.marks[mark]
	return slices.ContainsFunc(files, func(i int) bool {
		file := f.marks[i]
		if m.Vulnerability != "" && f.flaws[m.Vulnerability] {
			return file.Vulnerability == m.Vulnerability
		}
		return slices.ContainsFunc(file.Actors, func(a string) bool { return slices.Contains(m.Actors, a) })
	})
}
