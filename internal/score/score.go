// Package score decides how far to believe a link.
//
// It is the fusion of docs/confidence.md: evidence of one origin counts once,
// by its strongest piece; what a piece is worth comes from the reliability of
// its source, from how directly it says so and from its age; origins are taken
// to err independently. No level is given by the type of a source alone.
package score

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

const (
	// leak is the probability that a link holds that nobody has spoken of.
	leak = 0.01
	// undatedMost is the most an undated link is believed: the top of Medium.
	undatedMost = 0.79
	// objection is how much of a dispute's worth counts against a link: a
	// denial is itself only as good as its source.
	objection = 0.9
)

// Level puts a probability in words. High asks for at least two independent
// origins and for a known date; Medium begins at one half.
func Level(p float64, origins int, dated bool) intel.Level {
	switch {
	case p >= 0.8 && origins >= 2 && dated:
		return intel.High
	case p >= 0.5:
		return intel.Medium
	}
	return intel.Low
}

// reliability is the mean of the prior of an Admiralty letter.
func reliability(r intel.Reliability) float64 {
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

// halfLife is how long evidence of a link takes to lose half its worth. What
// is rented and thrown away fades in months; what somebody is or does fades in
// years; a file's hash stays what it is.
func halfLife(l intel.Link) time.Duration {
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

// A Step is what one origin adds to the belief in a link.
type Step struct {
	Origin string
	Stance intel.Stance
	Worth  float64 // q of its strongest piece
}

// worth is q of one piece as of now. Evidence without a date is as old as our
// knowing of it; a date in the future is not believed either.
func worth(e intel.Evidence, now time.Time) float64 {
	at := e.At
	if at.IsZero() || at.After(now) {
		at = e.Learned
	}
	age := max(0, now.Sub(at))
	return reliability(e.Reliability) * e.Weight * math.Exp2(-float64(age)/float64(halfLife(e.Link)))
}

// Explain returns what each origin adds, ordered by origin, for evidence of
// one link. Fuse makes the probability of it.
func Explain(evidence []intel.Evidence, now time.Time) []Step {
	var steps []Step
	for _, e := range evidence {
		q := worth(e, now)
		i := slices.IndexFunc(steps, func(s Step) bool { return s.Origin == e.Origin && s.Stance == e.Stance })
		if i < 0 {
			steps = append(steps, Step{e.Origin, e.Stance, q})
		} else {
			steps[i].Worth = max(steps[i].Worth, q)
		}
	}
	slices.SortFunc(steps, func(a, b Step) int { return cmp.Or(cmp.Compare(a.Origin, b.Origin), cmp.Compare(a.Stance, b.Stance)) })
	return steps
}

// Fuse returns the probability that steps come to.
func Fuse(steps []Step) float64 {
	doubt, consent := 1-leak, 1.0
	for _, s := range steps {
		if s.Stance == intel.Disputes {
			consent *= 1 - objection*s.Worth
		} else {
			doubt *= 1 - s.Worth
		}
	}
	return (1 - doubt) * consent
}

// Links assesses every link that evidence, grouped by link, speaks of, as of
// now. There is one assessment for each marking that occurs among the evidence
// of a link: what a reader cleared so far and no further believes.
func Links(evidence []intel.Evidence, now time.Time) []intel.Assessment {
	out := make([]intel.Assessment, 0, len(evidence))
	for len(evidence) > 0 {
		n := slices.IndexFunc(evidence, func(e intel.Evidence) bool { return e.Link != evidence[0].Link })
		if n < 0 {
			n = len(evidence)
		}
		out = append(out, levels(evidence[:n], now)...)
		evidence = evidence[n:]
	}
	return out
}

func levels(evidence []intel.Evidence, now time.Time) []intel.Assessment {
	var present [intel.Red + 1]bool
	kinds := 0
	for _, e := range evidence {
		m := min(max(e.Marking, intel.Clear), intel.Red)
		if !present[m] {
			present[m] = true
			kinds++
		}
	}
	var out []intel.Assessment
	for m := intel.Clear; m <= intel.Red; m++ {
		if !present[m] {
			continue
		}
		visible := evidence
		if kinds > 1 {
			visible = slices.DeleteFunc(slices.Clone(evidence), func(e intel.Evidence) bool { return e.Marking > m })
		}
		out = append(out, assess(visible, m, now))
	}
	return out
}

func assess(evidence []intel.Evidence, m intel.Marking, now time.Time) intel.Assessment {
	a := intel.Assessment{Link: evidence[0].Link, Marking: m, At: now}
	steps := Explain(evidence, now)
	a.Probability = Fuse(steps)
	for _, s := range steps {
		if s.Stance == intel.Supports {
			a.Origins++
		}
	}
	var newest time.Time
	for _, e := range evidence {
		if !e.At.IsZero() && !e.At.After(now) {
			if a.First.IsZero() || e.At.Before(a.First) {
				a.First = e.At
			}
			if e.At.After(a.Last) {
				a.Last = e.At
			}
		}
		if e.Context != (intel.Context{}) && (a.Context == (intel.Context{}) || e.At.After(newest)) {
			a.Context, newest = e.Context, e.At
		}
	}
	a.Documents = len(evidence)
	dated := !a.Last.IsZero()
	if !dated {
		a.Probability = min(a.Probability, undatedMost)
	}
	a.Level = Level(a.Probability, a.Origins, dated)
	return a
}
