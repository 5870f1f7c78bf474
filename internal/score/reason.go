package score

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

func joined(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}

// mostNamed is how many voices the reason of one change names.
const mostNamed = 3

// sort is what sort of turn changes of what is said make.
func (t *teller) sort(c changes) intel.TurnSort {
	switch {
	case c.lineage != t.lineage:
		return intel.TurnRelayed
	case len(c.fresh) == 0 && len(c.ended) > 0:
		return intel.TurnTaken
	}
	return intel.TurnLearned
}

// notes are the reasons of one change. Those behind the first few are counted, and
// never worded: there may be very many.
type notes struct {
	seen  map[note]bool
	parts []string
	more  int
}

// A note is what is said of one side, and by whom where that is another.
type note struct {
	side
	form string // that the name of its origin is put into for *, and by for ^
	by   string
}

func (n *notes) put(s side, form string) { n.add(note{s, form, ""}) }

func (n *notes) add(k note) {
	if n.fresh(k) {
		n.parts = append(n.parts, strings.NewReplacer("*", clipped(k.origin), "^", clipped(k.by)).Replace(k.form))
	}
}

// fresh reports whether a note is to be worded.
func (n *notes) fresh(k note) bool {
	if n.seen[k] {
		return false
	}
	n.seen[k] = true
	if len(n.parts) == mostNamed {
		n.more++
		return false
	}
	return true
}

func (n *notes) String() string {
	if n.more > 0 {
		return strings.Join(n.parts, ", ") + fmt.Sprintf(", %d more", n.more)
	}
	return strings.Join(n.parts, ", ")
}

// words says in words what was learned, and whether somebody is new among it, or is
// found to have it from another.
func (t *teller) words(c changes) (why string, isNew bool) {
	n := &notes{seen: map[note]bool{}}
	isNew = t.found(n, c.lineage)
	anew := map[side]bool{}
	for _, w := range c.ended {
		anew[t.side(w)] = true
	}
	for _, w := range c.fresh {
		s := t.side(w)
		forged := unbelieved(w.Stated)
		switch {
		case !t.said[s]:
			if n.fresh(note{s, "new" + forged, ""}) {
				n.parts = append(n.parts, t.newcomer(w.Voice)+forged)
			}
			isNew = true
		case anew[s]:
			n.put(s, "what * said was derived anew")
		default:
			n.add(t.repeats(s, w, forged))
			isNew = isNew || forged != "" && !t.forged[s]
		}
		t.forged[s] = t.forged[s] || forged != ""
		t.said[s] = true
		if w.At != intel.Undated {
			t.dated[s] = max(t.dated[s], w.At)
		}
		delete(anew, s)
	}
	for _, w := range c.ended {
		if s := t.side(w); anew[s] {
			n.put(s, "what * said is derived no more")
		}
	}
	for _, w := range c.dated {
		n.put(t.side(w), "the date that * gave is no longer of the future")
	}
	return n.String(), isNew
}

// found notes which voices that spoke before are found to have it from others, and
// which no longer are, and reports whether any is.
func (t *teller) found(n *notes, former int) (any bool) {
	if former == t.lineage {
		return false
	}
	for i := range t.course.Voices {
		v := int32(i)
		s := side{t.course.Voices[i].Origin, t.course.Voices[i].Stance}
		was, is := t.origin(former, v), t.origin(t.lineage, v)
		if is == was || !t.said[s] {
			continue
		}
		any = true
		if is == s.origin {
			n.add(note{s, "* is no longer taken to have it from ^", was})
		} else {
			n.add(note{s, "* was found to have it from ^", is})
		}
	}
	return any
}

// repeats is what a further word of somebody is: passed on by another, in one more
// document of no later date, or said anew.
func (t *teller) repeats(s side, w intel.Word, forged string) note {
	v, by := &t.course.Voices[w.Voice], t.course.Speaker(w)
	last, dated := t.dated[s]
	relayed := v.Speaker == intel.Relay || by != "" && by != v.Origin
	by = cmp.Or(by, string(v.Source))
	switch {
	case v.Speaker == intel.Mirror:
		return note{s, "^ mirrors what * says" + forged, string(v.Source)}
	case v.Speaker == intel.Copy:
		return note{s, "^ has the text of * again" + forged, by}
	case relayed && s.stance == intel.Disputes:
		return note{s, "^ passes on that * disputes it" + forged, by}
	case relayed:
		return note{s, "^ passes on what * says" + forged, by}
	case forged == "" && w.At == intel.Undated:
		return note{s, "another document of * " + says(s.stance) + ", without a date", ""}
	case forged == "" && dated && w.At <= last:
		return note{s, "another document of * " + says(s.stance) + ", of no later date", ""}
	}
	return note{s, "* " + says(s.stance) + " again" + forged, ""}
}

// newcomer is the first word of somebody, with who may have had it from whom.
func (t *teller) newcomer(voice int32) string {
	v := &t.course.Voices[voice]
	text := clipped(v.Origin) + " " + says(v.Stance)
	origin := t.origin(t.lineage, voice)
	if origin != v.Origin {
		return text + ", which it has from " + clipped(origin)
	}
	for _, o := range t.scratch {
		other := o.With
		if other == origin {
			other = o.Origin
		} else if o.Origin != origin {
			continue
		}
		if o.Stance == v.Stance && other != "" && !o.Cited {
			return text + " within two days of " + clipped(other) + ", and both count as one"
		}
	}
	return text
}

// unbelieved tells of a date that cannot be, to stand behind what bears it.
func unbelieved(day intel.StatedDay) string {
	if day == 0 {
		return ""
	}
	return ", of " + day.String() + ", a date that is not believed"
}

func says(s intel.Stance) string {
	if s == intel.Disputes {
		return "disputes it"
	}
	return "says so"
}

// longest is how long a name is in a reason, in runes.
const longest = 80

func clipped(name string) string {
	if r := []rune(name); len(r) > longest {
		return string(r[:longest-1]) + "…"
	}
	return cmp.Or(name, "somebody")
}

func (t *teller) side(w intel.Word) side {
	v := &t.course.Voices[w.Voice]
	return side{v.Origin, v.Stance}
}
