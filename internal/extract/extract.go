// Package extract says what a document mentions: indicators in any disguise,
// fragments of attacks, and names.
//
// It works in two linear passes over the text. The first looks at runs of
// characters without blanks, gates those that could be a value and hands only
// them to parsers, in lines of access logs field by field; the second looks up
// words in a table of names. No regular expression is involved, so hostile text
// costs no more than any other. What is recognised and is usually harmless is
// kept with the reason why it was set aside, never dropped.
package extract

import (
	"cmp"
	"net/url"
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/reference"
)

// Version changes whenever the same text would give other observations.
func Version() int { return 19 }

// most is the most observations one document gives.
const most = 20_000

// A Scanner finds what documents mention. It is safe for concurrent use.
type Scanner struct {
	set      *reference.Set
	names    func() *lexicon // made when a text is first read
	triggers *announcers
	scratch  sync.Pool // of *scratch
}

// A scratch is the room that the scan of one text leaves to the next.
type scratch struct {
	words, logged []token
	cues          []cue
	found, named  []intel.Observation
	places        []int32
	taken         []span
}

// mostKept is for how many words room is kept; what else is in a scratch is
// bounded by most or by the words.
const mostKept = 1 << 20

// New returns a scanner that knows the names of set.
func New(set *reference.Set) *Scanner {
	return &Scanner{set: set, names: sync.OnceValue(func() *lexicon { return lexiconOf(set) }), triggers: triggers()}
}

// Observations returns what a document's text mentions, in order of offset.
// What only its title mentions comes first, with offset -1.
func (s *Scanner) Observations(doc intel.Document) []intel.Observation {
	var out []intel.Observation
	if doc.Text != "" {
		out = s.scan(doc.Text, doc)
		if quoted, relays := doc.Quoted(); !relays {
			aside(out, quoted, "quoted")
		}
		markedAside(out, doc)
	}
	if doc.Title != "" {
		seen := make(map[intel.Entity]bool, len(out))
		for _, o := range out {
			seen[o.Entity] = true
		}
		var titled []intel.Observation
		for _, o := range s.scan(doc.Title, doc) {
			if !seen[o.Entity] {
				seen[o.Entity] = true
				o.Offset = -1
				titled = append(titled, o)
			}
		}
		slices.SortStableFunc(titled, func(a, b intel.Observation) int { return byPlace(&a, &b) })
		out = append(titled, out...)
	}
	for i := range out {
		out[i].Document = doc.ID
	}
	return out[:min(len(out), most)]
}

// inOrder returns what both passes found by offset, the longest of equal offset
// first. Observations are moved once: one is of the size of many places in a
// list. Places is room for that list.
func inOrder(places []int32, values, names []intel.Observation) ([]intel.Observation, []int32) {
	at := func(i int32) *intel.Observation {
		if int(i) < len(values) {
			return &values[i]
		}
		return &names[int(i)-len(values)]
	}
	n, parting := int32(len(values)+len(names)), len(values)
	for i := range n {
		places = append(places, i)
	}
	before := func(i, j int32) int { return byPlace(at(i), at(j)) }
	slices.SortStableFunc(places[:parting], before)
	slices.SortStableFunc(places[parting:], before)
	out := make([]intel.Observation, 0, n)
	for a, b := places[:parting], places[parting:]; len(a)+len(b) > 0; {
		from := &a
		if len(a) == 0 || len(b) > 0 && before(b[0], a[0]) < 0 {
			from = &b
		}
		o := at((*from)[0])
		*from = (*from)[1:]
		if last := len(out) - 1; last < 0 || o.Offset != out[last].Offset || *o != out[last] { // read twice
			out = append(out, *o)
		}
	}
	return out, places
}

func byPlace(a, b *intel.Observation) int {
	switch {
	case a.Offset != b.Offset:
		return a.Offset - b.Offset
	case a.Length != b.Length:
		return b.Length - a.Length
	}
	return cmp.Compare(a.Entity.Kind, b.Entity.Kind)
}

// aside sets aside what stands in spans of a document, in order: in what it quotes,
// since whoever wrote that says it, and an answer is no second voice.
func aside(found []intel.Observation, spans [][2]int, reason string) {
	for i := range found {
		at := found[i].Offset
		n := sort.Search(len(spans), func(i int) bool { return spans[i][1] > at })
		if (found[i].Suppressed == "" || found[i].Listed) && n < len(spans) && spans[n][0] <= at {
			found[i].Suppressed, found[i].Listed = reason, false
		}
	}
}

func host(ref string) string {
	u, err := url.Parse(ref)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Hostname())
}

// ownSite is the host a document was published at; for a message it is that of the
// address it was sent from.
func ownSite(doc intel.Document) string {
	if _, domain, ok := strings.Cut(doc.Author, "@"); ok && doc.Genre == intel.Mail && doc.URL == "" {
		return strings.ToLower(domain)
	}
	return host(doc.URL)
}

// scan finds everything in one text of a document. What is at the host it was
// published at is navigation.
func (s *Scanner) scan(text string, doc intel.Document) []intel.Observation {
	if n, wide := narrowed(text); wide {
		return n.widened(s.scan(n.text, doc), text)
	}
	own := ownSite(doc)
	if own == "" {
		own = publisher(doc, text)
	}
	v := &values{text: text, set: s.set, own: own, report: doc.Genre == intel.Report, signs: signature(text, doc.Genre == intel.Mail), advisory: doc.Genre == intel.Advisory,
		language: sync.OnceValue(func() string { return spokenIn(doc) })}
	out, _ := s.pass(v)
	return out
}

// spokenIn returns the language of a document: what its text tells, else what
// its source states.
func spokenIn(doc intel.Document) string {
	text := doc.Text
	if text == "" {
		text = doc.Title
	}
	if tag := byWords(text); tag != "" {
		return tag
	}
	tag, _, _ := strings.Cut(strings.ToLower(doc.Language), "-")
	return tag
}

// pass makes both passes and returns what they find, in order, and how many
// steps they took.
func (s *Scanner) pass(v *values) ([]intel.Observation, int) {
	room, ok := s.scratch.Get().(*scratch)
	if !ok {
		room = new(scratch)
	}
	words := room.words[:0]
	v.logged, v.cues, v.out = room.logged[:0], room.cues[:0], room.found[:0]
	for part := range sections(v.text, v.signs) {
		if part.line != nil {
			v.access(part.line)
			continue
		}
		v.run(part.from, part.to)
		words = tokens(words, v.text[:part.to], part.from)
	}
	v.ranges()
	v.fragments(words, s.triggers)
	v.loggedIDs(s.triggers)
	taken := v.spans(room.taken[:0])
	search := search{lexicon: s.names(), text: v.text, words: merged(words, v.logged), taken: taken, strict: v.advisory, language: v.language, out: room.named[:0]}
	names, steps := search.find()
	v.versioned(names)
	out, places := inOrder(room.places[:0], v.out, names)
	clear(v.out)
	clear(names)
	*room = scratch{words: words, logged: v.logged, cues: v.cues, found: v.out, named: names, places: places, taken: taken.at}
	if cap(words)+cap(v.logged) <= mostKept && cap(v.out)+cap(names) <= 2*most {
		s.scratch.Put(room)
	}
	return out, v.steps + steps
}
