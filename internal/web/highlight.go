package web

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/portent-cti/portent/internal/intel"
)

// A segment is a stretch of a document's text, marked or not. Mentions that
// overlap share one segment, so that markup never nests or crosses.
type segment struct {
	Text string
	Used bool // at least one mention in it is evidence
	ID   string
	Also []string // ids of where other mentions begin in it
	Refs []*mention
}

// Plain reports whether nothing was recognised in s.
func (s segment) Plain() bool { return len(s.Refs) == 0 }

// A mention is one entity that a document mentions, used or set aside for one
// reason, however often.
type mention struct {
	Key    string // number or letter
	ID     string // of its entry in the list
	Entity intel.Entity
	Name   string
	Text   string // as it stands there first
	Aside  string // reason
	Times  int
	At     string // of the first segment with it; empty where only claimed
}

// found is everything recognised in a document.
type found struct {
	Segments    []segment
	Used, Aside []*mention
}

// highlight cuts text where something was recognised. Offsets are bytes; those
// outside the text are listed but not marked. The segments put together are
// the text.
func highlight(text string, observations []intel.Observation, names map[intel.Entity]string) found {
	type span struct {
		from, to int
		m        *mention
	}
	type key struct {
		e     intel.Entity
		aside string
	}
	var f found
	var spans []span
	seen := map[key]*mention{}
	sorted := slices.SortedStableFunc(slices.Values(observations), func(a, b intel.Observation) int {
		return cmp.Or(cmp.Compare(a.Offset, b.Offset), cmp.Compare(b.Length, a.Length))
	})
	for _, o := range sorted {
		k := key{o.Entity, o.Suppressed}
		m := seen[k]
		if m == nil {
			m = f.add(o, names[o.Entity])
			seen[k] = m
		}
		m.Times++
		if from, to, ok := bounds(text, o); ok {
			spans = append(spans, span{from, to, m})
		}
	}
	at := 0
	for i := 0; i < len(spans); {
		s := segment{ID: "b" + itoa(spans[i].from)}
		from, to := spans[i].from, spans[i].to
		for ; i < len(spans) && (spans[i].from < to || spans[i].from == from); i++ {
			m := spans[i].m
			if id := "b" + itoa(spans[i].from); id != s.ID && !slices.Contains(s.Also, id) {
				s.Also = append(s.Also, id)
			}
			to = max(to, spans[i].to)
			s.Used = s.Used || m.Aside == ""
			if !slices.Contains(s.Refs, m) {
				s.Refs = append(s.Refs, m)
			}
			if m.At == "" {
				m.At = s.ID
			}
		}
		if from > at {
			f.Segments = append(f.Segments, segment{Text: text[at:from]})
		}
		s.Text = text[from:to]
		f.Segments = append(f.Segments, s)
		at = to
	}
	if at < len(text) {
		f.Segments = append(f.Segments, segment{Text: text[at:]})
	}
	return f
}

// add lists what o mentions under the next number, or letter if set aside.
func (f *found) add(o intel.Observation, name string) *mention {
	m := &mention{Entity: o.Entity, Name: name, Text: o.Text, Aside: o.Suppressed}
	if m.Aside == "" {
		f.Used = append(f.Used, m)
		m.Key = itoa(len(f.Used))
		m.ID = "f" + m.Key
		return m
	}
	f.Aside = append(f.Aside, m)
	m.Key = letters(len(f.Aside))
	m.ID = "x" + m.Key
	return m
}

// bounds returns where o stands in text, widened to whole characters.
func bounds(text string, o intel.Observation) (from, to int, ok bool) {
	if o.Offset < 0 || o.Length <= 0 || o.Offset >= len(text) {
		return 0, 0, false
	}
	from, to = o.Offset, len(text)
	if o.Length < len(text)-o.Offset {
		to = o.Offset + o.Length
	}
	for from > 0 && !utf8.RuneStart(text[from]) && o.Offset-from < utf8.UTFMax {
		from--
	}
	for to < len(text) && !utf8.RuneStart(text[to]) && to-o.Offset-o.Length < utf8.UTFMax {
		to++
	}
	return from, to, true
}

// letters counts from 1 as a, b, … z, aa, ab, ….
func letters(n int) string {
	var b []byte
	for ; n > 0; n = (n - 1) / 26 {
		b = append(b, byte('a'+(n-1)%26))
	}
	slices.Reverse(b)
	return string(b)
}

// excerpt cuts a snippet where value stands in it, as written or defanged.
func excerpt(snippet, value string) []segment {
	for _, v := range []string{value, strings.ReplaceAll(value, ".", "[.]"), strings.ReplaceAll(value, "-", " ")} {
		i := strings.Index(strings.ToLower(snippet), strings.ToLower(v))
		// Lower case may differ in length; then the cut would miss.
		if v == "" || i < 0 || i+len(v) > len(snippet) || !strings.EqualFold(snippet[i:i+len(v)], v) {
			continue
		}
		return []segment{{Text: snippet[:i]}, {Text: snippet[i : i+len(v)], Used: true}, {Text: snippet[i+len(v):]}}
	}
	return []segment{{Text: snippet}}
}
