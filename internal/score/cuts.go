package score

import (
	"slices"

	"github.com/portent-cti/portent/internal/intel"
)

// Cuts are the probabilities from which rows are High and Medium. Zero fields are
// those that ship.
type Cuts struct {
	High   float64 `json:"high,omitempty"`
	Medium float64 `json:"medium,omitempty"`
}

// The cuts that ship.
const (
	leastHigh   = 0.8
	leastMedium = 0.5
)

// set is c with the cuts that ship where it has none.
func (c Cuts) set() Cuts {
	return Cuts{max(c.High, leastHigh), max(c.Medium, leastMedium)}
}

// Level puts a probability in words. High also asks for a date that is worth
// something yet and for two voices of which something is left; see [Level], [Dated] and
// [Chorus].
func (c Cuts) Level(p float64, lasting int, dated bool) intel.Level {
	switch c = c.set(); {
	case p >= c.High && lasting >= 2 && dated:
		return intel.High
	case p >= c.Medium:
		return intel.Medium
	}
	return intel.Low
}

const (
	// wantHigh and wantMedium are how many rows of a level are to be right.
	wantHigh, wantMedium = 0.95, 0.75
	// mostShipped is how many rows of a level the shipped ones count as at most: a
	// store's own experience is to weigh against them in years, not never.
	mostShipped = 200
	// fewest is how many rows say anything of a cut.
	fewest = 20
	// slack is how much better a lower cut than the one in force has to be: a level
	// that hardly holds does not go to and fro.
	slack = 0.01
)

// CutsOf returns where levels begin by the rows that people judged: those that ship
// and those of a store. A level begins at the lowest hundredth, not below where the
// shipped one does, from which on so many of its rows are right as it promises: those
// of a store with, or without, the rows of any one source. What one source has wrong
// is told by its record, and is no reason to believe all others less.
func CutsOf(shipped, own []Outcome, former Cuts) Cuts {
	former = former.set()
	high := func(o Outcome) bool { return o.Origins >= 2 && o.Dated }
	c := Cuts{High: lowest(among(shipped, leastHigh, high), among(own, leastHigh, high), leastHigh, wantHigh, former.High)}
	medium := func(o Outcome) bool { return c.Level(o.Probability, o.Origins, o.Dated) != intel.High }
	c.Medium = lowest(among(shipped, leastMedium, medium), among(own, leastMedium, medium), leastMedium, wantMedium, former.Medium)
	return c.moved()
}

// moved is c without the cuts that are as shipped.
func (c Cuts) moved() Cuts {
	if c.High == leastHigh {
		c.High = 0
	}
	if c.Medium == leastMedium {
		c.Medium = 0
	}
	return c
}

// among returns the outcomes from a probability on that pass.
func among(all []Outcome, least float64, pass func(Outcome) bool) (out []Outcome) {
	for _, o := range all {
		if o.Probability >= least && pass(o) {
			out = append(out, o)
		}
	}
	return out
}

// lowest is the least cut at which so many rows are right as wanted; 1, which no row
// reaches, if there is none.
func lowest(shipped, own []Outcome, least, want, former float64) float64 {
	share := min(1, mostShipped/max(1, count(shipped, 0).n()))
	for i := int(100*least + 0.5); i < 100; i++ {
		cut := float64(i) / 100
		enough := want
		if cut < former {
			enough += slack
		}
		s, o, by := count(shipped, cut), count(own, cut), bySource(own, cut)
		holds := func(without Record) bool {
			all := Record{share*s.Right + o.Right - without.Right, share*s.Wrong + o.Wrong - without.Wrong}
			return all.n() >= fewest && all.Right >= enough*all.n()
		}
		if holds(Record{}) {
			return cut
		}
		for _, r := range by {
			if holds(r) {
				return cut
			}
		}
	}
	return 1
}

func (r Record) n() float64 { return r.Right + r.Wrong }

// count adds up the outcomes from a cut on.
func count(all []Outcome, cut float64) (r Record) {
	for _, o := range all {
		if o.Probability >= cut {
			r.Right += o.Right
			r.Wrong += o.Wrong
		}
	}
	return r
}

// bySource adds up the outcomes from a cut on that each source has a part in.
func bySource(all []Outcome, cut float64) map[intel.SourceID]Record {
	out := map[intel.SourceID]Record{}
	for _, o := range all {
		if o.Probability < cut {
			continue
		}
		for _, id := range o.Sources {
			r := out[id]
			out[id] = Record{r.Right + o.Right, r.Wrong + o.Wrong}
		}
	}
	return out
}

// Levels tells how many rows of each level were right, of those that ship and of a
// store's own.
func (c Cuts) Levels(shipped, own []Outcome) []intel.LevelRecord {
	c = c.set()
	out := []intel.LevelRecord{{Level: intel.High, From: c.High}, {Level: intel.Medium, From: c.Medium}, {Level: intel.Low}}
	at := func(o Outcome) *intel.LevelRecord {
		l := c.Level(o.Probability, o.Origins, o.Dated)
		return &out[slices.IndexFunc(out, func(r intel.LevelRecord) bool { return r.Level == l })]
	}
	for _, o := range shipped {
		r := at(o)
		r.Right, r.N = r.Right+o.Right, r.N+o.n()
	}
	for _, o := range own {
		r := at(o)
		r.OwnRight, r.OwnN = r.OwnRight+o.Right, r.OwnN+o.n()
	}
	for i, r := range out {
		if n := r.N + r.OwnN; n > 0 {
			share := (r.Right + r.OwnRight) / n
			out[i].Observed = &share
		}
	}
	return out
}
