package score

import (
	"cmp"
	"math"
	"slices"
	"sort"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// Republication is how close in time the words of two origins must be for the one
// to be taken for a relay of the other: all that both ever said of a link lies
// within it. Who says it again on another day has seen it again. An undated word,
// and an analyst's, stands for itself.
const Republication = 48 * time.Hour

// relayed notes by whom each origin is spoken for that may have its word from
// another, and puts steps in the order of their first dates. Of origins that may
// have it from each other those count that together are worth most, so that no
// further word in support lowers belief.
func relayed(steps []Step) {
	if len(steps) < 2 {
		return
	}
	inTime(steps)
	for _, stance := range []intel.Stance{intel.Supports, intel.Disputes} {
		spans := spansOf(steps, stance)
		chosen := independent(spans, func(s span) float64 { return -math.Log1p(-min(steps[s.step].Worth, 1-1e-12)) })
		last := 0
		for i, s := range spans {
			if len(chosen) > last && chosen[last] == i {
				last++
				continue
			}
			speaker := chosen[max(0, last-1)]
			if last < len(chosen) && !apart(spans[i], spans[chosen[last]]) {
				speaker = chosen[last]
			}
			steps[s.step].With = steps[spans[speaker].step].Origin
		}
	}
}

// A Chorus is who speaks for a link.
type Chorus struct {
	Origins  int // that may be independent of each other
	Speakers int // accounts, and sources none of whose accounts speaks for itself
	// Lasting is how many voices it counts for of which a sixteenth at least is left of
	// what they were worth when they spoke, by age alone: those that High asks for.
	Lasting int
}

// Count is how many voices a chorus counts for: whom one source or account cites
// is its word alone, and one origin is one voice whoever relays it.
func (c Chorus) Count() int { return min(c.Origins, c.Speakers) }

// Voices returns who speaks for a link by its evidence, and by the steps that
// [Scale.Explain] makes of it as of now. Analysts look at what others said.
func (s Scale) Voices(steps []Step, evidence []intel.Evidence, now time.Time) Chorus {
	c := s.chorus(steps, evidence)
	c.Lasting = c.Count()
	faded := func(e intel.Evidence) bool { return !lasts(e.Link, agesFrom(&e, now), now) }
	if c.Lasting == 1 { // as most: no need to look at who speaks
		if !slices.ContainsFunc(steps, func(o Step) bool { return o.Stance == intel.Supports && !o.Spent && !o.Source.Reserved() }) {
			c.Lasting = 0
		}
	} else if c.Lasting > 1 && slices.ContainsFunc(evidence, faded) {
		steps = slices.DeleteFunc(slices.Clone(steps), func(o Step) bool { return o.Spent })
		c.Lasting = s.chorus(steps, slices.DeleteFunc(slices.Clone(evidence), faded)).Count()
	}
	return c
}

func (s Scale) chorus(steps []Step, evidence []intel.Evidence) Chorus {
	c := Chorus{Origins: voices(steps) - spoken(steps)}
	if c.Speakers = min(c.Origins, 1); c.Origins > 1 {
		c.Speakers = s.speakers(evidence, intel.Supports)
	}
	return c
}

// speakers counts the accounts that speak for or against a link themselves, and the
// sources that do so without any, at least one. Accounts are told apart where somebody
// vouches for who tells of them; all others of a source are its word. Sources that
// nobody named are one, and mirrors are none.
func (s Scale) speakers(evidence []intel.Evidence, stance intel.Stance) int {
	accounts, sources := map[string]bool{}, map[string]bool{} // a source: whether none of its accounts speaks
	for i := range evidence {
		e := &evidence[i]
		if e.Stance != stance || e.Source.Reserved() || e.Speaker == intel.Mirror {
			continue
		}
		source := s.Unnamed.Speaker(e.Source)
		if e.Speaker == intel.Self && s.vouched(e) {
			accounts[e.Origin] = true
			sources[source] = false
		} else if _, known := sources[source]; !known {
			sources[source] = true
		}
	}
	n := len(accounts)
	for _, silent := range sources {
		if silent {
			n++
		}
	}
	return max(n, 1)
}

// vouched reports whether the accounts that a source tells of are people apart: a
// person gave it the letter C or a better one, or so many of its rows were judged as
// an assumption is worth, and were right as often.
func (s Scale) vouched(e *intel.Evidence) bool {
	least := Reliability('C')
	if e.Graded && Reliability(e.Reliability) >= least {
		return true
	}
	r := s.record(e)
	return r.Right+r.Wrong >= strength && r.mean(Reliability('F')) >= least && !s.Unnamed.Has(e.Source)
}

// outnumbered leaves of those who dispute a link no more origins than there are
// speakers, those of most worth: what a list cites is its word alone.
func (s Scale) outnumbered(steps []Step, evidence []intel.Evidence) {
	var disputes []int
	for i := range steps {
		if o := &steps[i]; o.Stance == intel.Disputes && o.With == "" && !o.Source.Reserved() {
			disputes = append(disputes, i)
		}
	}
	if len(disputes) < 2 {
		return
	}
	n := s.speakers(evidence, intel.Disputes)
	if n >= len(disputes) {
		return
	}
	slices.SortFunc(disputes, func(i, k int) int {
		return cmp.Or(cmp.Compare(steps[k].Worth, steps[i].Worth), cmp.Compare(steps[i].Origin, steps[k].Origin))
	})
	for _, i := range disputes[n:] {
		steps[i].With, steps[i].Cited = steps[disputes[0]].Origin, true
	}
}

// voices returns how many origins in support may be independent of each other.
func voices(steps []Step) int {
	if len(steps) == 1 && steps[0].Stance == intel.Supports {
		return 1 // as most links
	}
	inTime(steps)
	spans := spansOf(steps, intel.Supports)
	n := len(independent(spans, func(span) float64 { return 1 }))
	for i := range steps {
		if steps[i].Stance == intel.Supports && alone(&steps[i]) {
			n++
		}
	}
	return n
}

func inTime(steps []Step) {
	slices.SortFunc(steps, func(a, b Step) int {
		return cmp.Or(a.since.Compare(b.since), a.until.Compare(b.until), cmp.Compare(b.Worth, a.Worth), cmp.Compare(a.Origin, b.Origin), cmp.Compare(a.Stance, b.Stance))
	})
}

// A span is when the origin of a step spoke.
type span struct {
	since, until time.Time
	step         int
}

// alone reports whether a step is nobody's relay.
func alone(s *Step) bool {
	return s.since.IsZero() || s.until.Sub(s.since) > Republication || s.Source.Reserved()
}

// spansOf returns when those of steps in time that may be relays spoke, in order.
func spansOf(steps []Step, stance intel.Stance) (out []span) {
	for i := range steps {
		if s := &steps[i]; s.Stance == stance && !alone(s) {
			out = append(out, span{s.since, s.until, i})
		}
	}
	return out
}

// apart reports whether two spans, the earlier first or not, do not lie within
// [Republication] together.
func apart(a, b span) bool {
	if b.since.Before(a.since) {
		a, b = b, a
	}
	return b.until.Sub(a.since) > Republication || a.until.Sub(a.since) > Republication
}

// independent returns the indices of the spans, which are in order and none longer
// than [Republication], that are apart from each other and of the greatest weight
// together. A span may follow another if it ends so long after that begins: so
// it is apart from all before that too (weighted interval scheduling).
func independent(spans []span, weight func(span) float64) []int {
	type choice struct {
		total float64
		last  int // span, of the best choice up to here
		from  int // choices before it
	}
	best := make([]choice, 1, len(spans)+1)
	best[0].last = -1
	for i, s := range spans {
		from := sort.Search(i, func(j int) bool { return s.until.Sub(spans[j].since) <= Republication })
		c := choice{best[from].total + weight(s), i, from}
		if best[i].total >= c.total {
			c = best[i]
		}
		best = append(best, c)
	}
	var out []int
	for c := best[len(spans)]; c.last >= 0; c = best[c.from] {
		out = append(out, c.last)
	}
	slices.Reverse(out)
	return out
}
