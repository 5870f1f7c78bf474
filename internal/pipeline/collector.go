package pipeline

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/portent-cti/portent/internal/forecast"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

// filling is for how long from the first of its like on what comes in is what a store, or
// a source, is filled with.
const filling = 24 * time.Hour

// toldAt is when something was told that bears a date and came in at a time: on its date
// where it came in while the first of its like did, or no later than what forecasts are
// judged by; else when it came in, for anybody can date back.
func toldAt(dated, in, first time.Time) time.Time {
	if in.Sub(dated) <= forecast.Delay || in.Sub(first) < filling {
		return dated
	}
	return in
}

const week = 7 * 24 * time.Hour

// A census is how much each source told of things of a kind.
type census map[string]*teller

// A teller is when the first came in that a source told, and how much it told by week.
type teller struct {
	first time.Time
	weeks map[int]int
}

// censusOf is that of hearings of each of some things, the weeks of which are from a start.
func censusOf(of [][]store.Hearing, start time.Time, unnamed intel.Unnamed) census {
	out, first := census{}, time.Time{}
	for _, all := range of {
		for _, t := range all {
			who := unnamed.Speaker(t.Source)
			if x := out[who]; x == nil {
				out[who] = &teller{t.In, map[int]int{}}
			} else if t.In.Before(x.first) {
				x.first = t.In
			}
			if first.IsZero() || t.In.Before(first) {
				first = t.In
			}
		}
	}
	for _, all := range of {
		for _, t := range all {
			at := toldAt(start.Add(time.Duration(t.Week)*week), t.In, first)
			out[unnamed.Speaker(t.Source)].weeks[int(at.Sub(start)/week)] += t.N
		}
	}
	return out
}

const (
	// proving is in how many weeks anybody must have told of things of a kind before there is
	// a collector, unless there were fewer in all.
	proving = 8
	// replacing is in how many weeks a source must have told the most to take the place of
	// another.
	replacing = 26
	// deserted is for how many weeks the collector tells nothing before it is that no longer.
	deserted = 52
)

// collector is the source whose word is what is known of things of a kind, by what each
// told before a week: who alone tells of them, or was there from the start and told more
// than all others together in more than half of the weeks in which anybody told anything.
// It stays that until it has told nothing for a year, or another told more than all others
// together in more than half of the weeks in which others told anything, in half a year
// of weeks at least. Weeks count and no volume, for documents cost nothing and time cannot
// be bought; of who came later those of others, for to tell when nobody does is easy; and
// nobody is the collector no longer only because somebody else is loud.
func (told census) collector(before int) (who string, ok bool) {
	speakers := slices.Sorted(maps.Keys(told))
	if len(speakers) == 1 {
		return speakers[0], true
	}
	all := map[int]int{}
	for _, x := range told {
		for w, n := range x.weeks {
			if w < before {
				all[w] += n
			}
		}
	}
	weeks := slices.Sorted(maps.Keys(all))
	var seen, last int // weeks; and that in which the collector told of late
	claims := make([]claimant, len(speakers))
	for k, w := range weeks {
		if ok && w-last > deserted {
			ok, seen = false, 0
			clear(claims)
		}
		seen++
		for i, speaker := range speakers {
			claims[i].count(told[speaker].weeks[w], all[w], seen)
			if !claims[i].collects(seen, k+1 == len(weeks), ok) {
				continue
			}
			who, ok, last = speaker, true, w
		}
		if ok && told[who].weeks[w] > 0 {
			last = w
		}
	}
	return who, ok
}

// A claimant is a source by in how many weeks it told more than all others together that told
// anything, and less, and in how many nobody else did; early is whether it was there from the start.
type claimant struct {
	won, lost, alone int
	early            bool
}

// count counts a week in which a source told n of all documents.
func (s *claimant) count(n, all, seen int) {
	s.early = s.early || n > 0 && seen <= proving
	switch {
	case n == all:
		s.alone++
	case 2*n > all:
		s.won++
	default:
		s.lost++
	}
}

// collects reports whether a source is the collector after so many weeks, or the last, if
// there is another or none.
func (s *claimant) collects(seen int, end, another bool) bool {
	if !another && s.early && (seen >= proving || end) && s.alone+s.won > s.lost {
		return true
	}
	return s.won >= replacing && s.won > s.lost
}

// loudest is who told the most, so many at most.
func (told census) loudest(most int) []string {
	n := map[string]int{}
	for who, x := range told {
		for _, more := range x.weeks {
			n[who] += more
		}
	}
	all := slices.SortedFunc(maps.Keys(n), func(a, b string) int { return cmp.Or(cmp.Compare(n[b], n[a]), cmp.Compare(a, b)) })
	return all[:min(most, len(all))]
}

// voiced names a voice: a source, an account of it, or all that nobody named.
func voiced(source, account string) string {
	switch {
	case source == "":
		return "sources that nobody named"
	case account != "":
		return "one account of " + source
	}
	return "the source " + source
}

// beyondItsHabit says how much of what a voice told of late is not heeded in full.
func beyondItsHabit(over, late int, what, voice string) string {
	return fmt.Sprintf("bounded: %s that %s told of late beyond its habit: %d of %d", what, voice, over, late)
}
