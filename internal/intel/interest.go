package intel

import (
	"fmt"
	"strconv"
	"time"
)

// A Side is which side of a conflict a document tells of.
type Side uint8

// The sides. A document can tell of both: a report on an attack does.
const (
	Offensive Side = 1 << iota // it attacks, claims, targets, exploits or offers
	Defensive                  // others report on it, take it down, arrest or sanction it
)

// A Mention is that a document speaks of something, as far as scores of
// interest and activity go by it.
type Mention struct {
	Entity Entity
	// Target is the country that Entity is said to attack; the zero value where
	// it is merely spoken of.
	Target Entity
	Side   Side // of an actor, a campaign, a malware or a country
}

// Speech is what a document adds to scores of interest and activity.
type Speech struct {
	Voice string
	// Genre is the kind of source: that of the document, but Register for a record
	// of one.
	Genre    Genre
	Mentions []Mention
}

// A Voiced is that one voice spoke of something on one day in one kind of
// source, once or a thousand times.
type Voiced struct {
	Voice int64
	Genre Genre
	Day   int64   // since 1970-01-01 (UTC)
	Share float64 // how much of it is of the thing: 1, unless its name is of several
}

// A Standing is how much is said of something at a moment, beside all of its
// kind.
type Standing struct {
	Score     float64    `json:"score"` // from 0.00 to 10.00
	Band      string     `json:"band"`
	Attention float64    `json:"attention"` // what its mentions come to
	Rank      int        `json:"rank"`      // 1 is most; 0 where nothing is said of it
	Of        int        `json:"of"`        // as many of its kind are spoken of
	Voices    int        `json:"voices"`
	Held      bool       `json:"held,omitempty"` // one account alone speaks of it
	Parts     []Part     `json:"parts"`          // by kind of source, weightiest first
	Weekly    []Measured `json:"weekly,omitempty"`
}

// A Part is what one kind of source adds to an attention.
type Part struct {
	Genre  Genre   `json:"genre"`
	Voices int     `json:"voices"`
	Weight float64 `json:"weight"`
}

// A Measured is what a week that begins at Start (UTC) comes to by itself.
type Measured struct {
	Start  time.Time `json:"start"`
	Weight float64   `json:"weight"`
}

// A Trend is how the attacks of one country on another stand beside their own
// past year.
type Trend string

// The trends. Rising is by half or more, falling by a third or more.
const (
	Fresh   Trend = "new" // nothing in the year before
	Rising  Trend = "rising"
	Even    Trend = "steady"
	Falling Trend = "falling"
	Ended   Trend = "quiet" // nothing in the last 90 days
)

// A Tension is what is told of attacks by actors of one country on another. An
// unknown origin is the zero entity.
type Tension struct {
	From      Entity    `json:"from"`
	To        Entity    `json:"to"`
	Value     string    `json:"value"`   // the other country, as shown
	Tension   float64   `json:"tension"` // weighted mentions that fade
	Trend     Trend     `json:"trend"`
	Change    float64   `json:"change"` // the last 90 days as a multiple of the pair's own year before; 0 where that has nothing
	Origins   int       `json:"origins"`
	Documents int       `json:"documents"`
	First     time.Time `json:"first_seen,omitzero"`
	Last      time.Time `json:"last_seen,omitzero"`
	Monthly   []Month   `json:"monthly"`
	// Actors are those the attacks are told of, with the evidence.
	Actors []Row `json:"actors"`
}

// A Month is how many documents, of how many independent origins, tell of
// something in the month that begins at Start (UTC).
type Month struct {
	Start     time.Time `json:"start"`
	Documents int       `json:"documents"`
	Origins   int       `json:"origins"`
}

// Place says where a score stands among others, whose kind has a plural, such
// as "rank 3 of 120 vulnerabilities".
func (s Standing) Place(plural string) string {
	if s.Rank == 0 {
		return "nothing that counts for it in 180 days" // of a country it is what its actors do, not that it is named
	}
	noun := " voices"
	if s.Voices == 1 {
		noun = " voice"
	}
	out := fmt.Sprintf("rank %d of %d %s spoken of in 180 days, by %d%s", s.Rank, max(s.Of, s.Rank), plural, s.Voices, noun)
	if s.Held {
		out += "; held below 5, as one account alone speaks of it"
	}
	return out
}

// Points writes a score with two digits.
func Points(score float64) string { return strconv.FormatFloat(score, 'f', 2, 64) }

// Geography is the note that stands with every relation of countries.
const Geography = "An actor counts as of a country where documents or reference lists say so with a probability of 0.50 or more, of 0.60 if one origin alone does. Where an address is registered or traffic passes is not who somebody is, and is not counted."

// Ways parts the relations of a country by who targets it and whom its actors
// target.
func (p Profile) Ways() (inward, outward []Tension) {
	for _, t := range p.Relations {
		if t.To == p.Entity {
			inward = append(inward, t)
		} else {
			outward = append(outward, t)
		}
	}
	return inward, outward
}

// Trending says how a tension stands beside the pair's own past year.
func (t Tension) Trending() string {
	if t.Change == 0 || t.Trend == Ended {
		return string(t.Trend)
	}
	return fmt.Sprintf("%s (%.1f times its past year)", t.Trend, t.Change)
}
