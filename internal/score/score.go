// Package score decides how far to believe a link.
//
// It is the fusion of docs/confidence.md: evidence of one origin counts once,
// by its strongest piece; what a piece is worth comes from the reliability of
// its source, from how directly it says so and from its age; origins are taken
// to err independently. No level is given by the type of a source alone.
package score

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// Version changes whenever the same evidence would be believed otherwise: what an
// older one weighed is weighed anew.
func Version() int { return 6 }

const (
	// Leak is the probability that a link holds that nobody has spoken of.
	Leak = 0.01
	// Objection is how much of a dispute's worth counts against a link: a
	// denial is itself only as good as its source.
	Objection = 0.9
)

// Level puts a probability in words: High from 0.80, Medium from 0.50, Low
// below, as [Cuts] does that no store has moved. High also asks for a date, see [Dated], and for at least two independent
// origins of which something is left, see [Chorus]: one voice, be it ever so reliable, is Medium at most, since nothing
// yet shows that it did not err. A level never follows from the sort of a
// source.
func Level(p float64, lasting int, dated bool) intel.Level { return Cuts{}.Level(p, lasting, dated) }

// Reliability is the mean of the prior of an Admiralty letter.
func Reliability(r intel.Reliability) float64 {
	switch r {
	case 'A':
		return 0.9
	case 'B':
		return 0.75
	case 'C':
		return 0.6
	case 'D':
		return 0.4
	case 'E':
		return 0.2
	}
	return 0.5
}

const days = 24 * time.Hour

// HalfLife is how long evidence of a link takes to lose half its worth. What
// is rented and thrown away fades in months; what somebody is or does fades in
// years; a file's hash stays what it is.
func HalfLife(l intel.Link) time.Duration {
	kind := l.From.Kind
	if kind.Class() == intel.Name {
		kind = l.To.Kind
	}
	switch kind {
	case intel.IPv4, intel.IPv6, intel.CIDR, intel.URL:
		return 180 * days
	case intel.Domain, intel.Onion, intel.Email, intel.JARM, intel.JA3:
		return 365 * days
	case intel.MD5, intel.SHA1, intel.SHA256, intel.SHA512, intel.SSDeep, intel.Mutex:
		return 3650 * days
	}
	switch l.Relation {
	case intel.AliasOf, intel.NotAliasOf, intel.HasWeakness, intel.Affects, intel.ClaimsAttack, intel.OriginatesFrom:
		return 3650 * days
	case intel.Intends, intel.Researches, intel.Offers:
		return 180 * days
	}
	return 1095 * days
}

// leastLeft is what must be left of the worth of a word for it to date a row, and to be a
// voice that High counts.
const leastLeft = 1.0 / 16

// lasts reports whether so much is left of what was said of a link at a moment. All hours
// of a day say the same, since rows are weighed once in it.
func lasts(l intel.Link, at, now time.Time) bool {
	return fading(l, now.Truncate(days).Sub(at)) >= leastLeft
}

// Dated reports whether a link that was last seen then has a date that is worth
// something yet: four half-lives after it a row is as one of which nobody knows when.
func Dated(l intel.Link, last, now time.Time) bool { return !last.IsZero() && lasts(l, last, now) }

// Spent says in words that a last date is none any more, see [Dated].
func Spent(last time.Time) string {
	return "its last date, " + last.UTC().Format(time.DateOnly) + ", is worth nothing any more"
}

// SpentVoices says in words of how many voices, of more than one, too little is left for
// High to count them, see [Chorus].
func SpentVoices(voices, lasting int) string {
	are := "are"
	if voices-lasting == 1 {
		are = "is"
	}
	return fmt.Sprintf("%d of its %d voices %s worth nothing any more", voices-lasting, voices, are)
}

// lastSeen is the latest date of what supports a row that is believed, and whether any
// of them is worth something yet.
func lastSeen(evidence []intel.Evidence, now time.Time) (last time.Time, dated bool) {
	for i := range evidence {
		e := &evidence[i]
		if e.Stance != intel.Supports || !e.Dated(now) {
			continue
		}
		if e.At.After(last) {
			last = e.At
		}
		dated = dated || Dated(e.Link, e.At, now)
	}
	return last, dated
}

// A Step is what one origin adds to the belief in a link: the product of the
// three parts of its strongest piece.
type Step struct {
	Origin      string         `json:"origin"`
	Source      intel.SourceID `json:"source"` // of the strongest piece
	Stance      intel.Stance   `json:"stance"`
	Worth       float64        `json:"worth"`       // q: reliability × directness × fading
	Reliability float64        `json:"reliability"` // r: of the source
	Directness  float64        `json:"directness"`  // w: how plainly it says so
	Fading      float64        `json:"fading"`      // what age has left of it
	At          time.Time      `json:"at,omitzero"` // event time; zero is unknown
	Pieces      int            `json:"pieces"`      // of this origin, of which one counts
	// With names the origin that counts for this one, see [Republication].
	With string `json:"with,omitempty"`
	// Cited says that With counts for it since more origins are disputing than
	// speakers, and not for when it spoke.
	Cited bool `json:"cited,omitempty"`
	// Spent says that less than a sixteenth is left of all its pieces, whatever they are
	// worth: it is no voice that High counts.
	Spent bool `json:"spent,omitempty"`
	// Stated is the latest day that this origin gives and that cannot be.
	Stated intel.StatedDay `json:"stated,omitempty"`

	since, until time.Time // of its event times
	shipped      Record    // of its source
}

// fading is what a time has left of the worth of evidence.
func fading(l intel.Link, age time.Duration) float64 {
	return math.Exp2(-float64(max(0, age)) / float64(HalfLife(l)))
}

// few is how many origins are looked through one by one; beyond it an index is
// kept, so that a link that thousands speak of costs no more per piece.
const few = 16

// A side is an origin and which way it speaks: one that says both counts twice.
type side struct {
	origin string
	stance intel.Stance
}

// Explain returns what each origin adds, ordered by origin, for evidence of
// one link. [Fuse] of it is what [Scale.Links] says of the link.
func (s Scale) Explain(evidence []intel.Evidence, now time.Time) []Step {
	return s.explain(make([]Step, 0, min(len(evidence), few)), evidence, now)
}

func (s Scale) explain(steps []Step, evidence []intel.Evidence, now time.Time) []Step {
	var index map[side]int
	for i := range evidence {
		one := s.worth(evidence[i], now)
		at := -1
		if index == nil {
			at = slices.IndexFunc(steps, func(o Step) bool { return o.Origin == one.Origin && o.Stance == one.Stance })
		} else if n, ok := index[side{one.Origin, one.Stance}]; ok {
			at = n
		}
		if at >= 0 {
			steps[at] = stronger(steps[at], one)
			continue
		}
		steps = append(steps, one)
		if index != nil {
			index[side{one.Origin, one.Stance}] = len(steps) - 1
		} else if len(steps) == few {
			index = make(map[side]int, 4*few)
			for n, o := range steps {
				index[side{o.Origin, o.Stance}] = n
			}
		}
	}
	relayed(steps)
	s.outnumbered(steps, evidence)
	slices.SortFunc(steps, func(a, b Step) int {
		return cmp.Or(cmp.Compare(a.Origin, b.Origin), cmp.Compare(a.Stance, b.Stance))
	})
	return steps
}

// stronger is the step of one origin that has said something before.
func stronger(before, s Step) Step {
	pieces, since, until, spent := before.Pieces+1, before.since, before.until, before.Spent && s.Spent
	if since.IsZero() || !s.since.IsZero() && s.since.Before(since) {
		since = s.since
	}
	if s.until.After(until) {
		until = s.until
	}
	stated := max(before.Stated, s.Stated)
	if s.Worth > before.Worth {
		before = s
	}
	before.Stated, before.Spent = stated, spent
	before.Pieces, before.since, before.until = pieces, since, until
	return before
}

// Fuse returns the probability that steps come to.
func Fuse(steps []Step) float64 {
	doubt, consent := 1-Leak, 1.0
	for _, s := range steps {
		if s.With != "" {
			continue
		}
		if s.Stance == intel.Disputes {
			consent *= 1 - Objection*s.Worth
		} else {
			doubt *= 1 - s.Worth
		}
	}
	return (1 - Alike) * (1 - doubt) * consent
}

// Links assesses every link that evidence, grouped by link, speaks of, as of
// now. There is one assessment for each marking that occurs among the evidence
// of a link: what a reader cleared so far and no further believes.
func (s Scale) Links(evidence []intel.Evidence, now time.Time) []intel.Assessment {
	out := make([]intel.Assessment, 0, len(evidence))
	var scratch []Step
	for len(evidence) > 0 {
		n := slices.IndexFunc(evidence, func(e intel.Evidence) bool { return e.Link != evidence[0].Link })
		if n < 0 {
			n = len(evidence)
		}
		out, scratch = s.levels(out, scratch, evidence[:n], now)
		evidence = evidence[n:]
	}
	return out
}

// levels appends the assessments of one link, one for each marking.
func (s Scale) levels(out []intel.Assessment, scratch []Step, evidence []intel.Evidence, now time.Time) ([]intel.Assessment, []Step) {
	var present [intel.Red + 1]bool
	kinds := 0
	for _, e := range evidence {
		m := min(max(e.Marking, intel.Clear), intel.Red)
		if !present[m] {
			present[m] = true
			kinds++
		}
	}
	for m := intel.Clear; m <= intel.Red; m++ {
		if !present[m] {
			continue
		}
		visible := evidence
		if kinds > 1 {
			visible = slices.DeleteFunc(slices.Clone(evidence), func(e intel.Evidence) bool { return e.Marking > m })
		}
		scratch = s.explain(scratch[:0], visible, now)
		out = append(out, s.assess(scratch, visible, m, now))
	}
	return out, scratch
}

func (s Scale) assess(steps []Step, evidence []intel.Evidence, m intel.Marking, now time.Time) intel.Assessment {
	a := intel.Assessment{Link: evidence[0].Link, Marking: m, At: now}
	heard := s.Voices(steps, evidence, now)
	a.Origins, a.Lasting = heard.Count(), heard.Lasting
	a.Last, a.Dated = lastSeen(evidence, now)
	var newest time.Time
	for _, e := range evidence {
		if e.Stance == intel.Supports && e.Dated(now) && (a.First.IsZero() || e.At.Before(a.First)) {
			a.First = e.At
		}
		if e.Context != (intel.Context{}) && (a.Context == (intel.Context{}) || e.At.After(newest)) {
			a.Context, newest = e.Context, e.At
		}
	}
	a.Documents = len(evidence)
	a.Probability = Fuse(steps)
	a.Level = s.Cuts.Level(a.Probability, a.Lasting, a.Dated)
	return a
}
