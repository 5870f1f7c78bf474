package intel

import (
	"math"
	"time"
)

// A Course is all that was ever said of a row, as far as one reader may see it: of one
// link, or of several, whose voices stand together.
type Course struct {
	Link   Link       // the first
	Voices []Evidence // what words have in common: origin, source, reliability, marking, stance and weight
	Words  []Word     // in the order in which they were learned
	More   int        // words that were left out, for there are too many
	// Lineages tell who was known to have it from whom, in order of time; before the
	// first nobody was.
	Lineages []Lineage
	// Documents are those in which somebody may pass on another's word: what tells who
	// they are by. Speakers are who that is, one for each.
	Documents []Document
	Speakers  []string
}

// Speaker is who speaks in the document of a word, "" where that is not known.
func (c Course) Speaker(w Word) string {
	if i := int(w.Document) - 1; i >= 0 && i < len(c.Speakers) {
		return c.Speakers[i]
	}
	return ""
}

// Links are the links that voices speak of.
func (c Course) Links() (out []Link) {
	for _, v := range c.Voices {
		if n := len(out); n == 0 || out[n-1] != v.Link {
			out = append(out, v.Link)
		}
	}
	return out
}

// A Lineage is whose word that of each voice is, from a moment on.
type Lineage struct {
	From    int64    // microseconds since 1970
	Origins []string // of each of the voices
}

// A Word is one thing that was said of a link. Its times are microseconds since
// 1970: it may be one of a million.
type Word struct {
	Voice       int32
	Document    int32     // of the documents of the course, from 1; 0 is none of them
	Stated      StatedDay // that it gives and that cannot be
	From, Until int64     // it was believed from From on, up to Until
	At          int64     // when it happened, or Undated
	Learned     int64
}

// Undated is the time of what nobody knows the time of, and Open the end of what
// has none.
const (
	Undated = math.MinInt64
	Open    = math.MaxInt64
)

// A Weighing is by what rows are weighed from a moment on.
type Weighing struct {
	At    time.Time `json:"at"`
	Rules int       `json:"rules"` // version of the rules
	Scale string    `json:"scale"` // digest of what people judged
}

// A History is how far a row was believed from when it was first said to the
// moment that it was asked for, by the rules of today.
type History struct {
	Row   string `json:"row"`
	Link  Link   `json:"link"`
	Turns []Turn `json:"history"` // oldest first; the last is as of the moment asked for
	More  int    `json:"left_out"`
	// Unread counts pieces of evidence that only the last turn has in it.
	Unread int `json:"unread,omitempty"`
	// Suppressed and Doubts are what keeps it from being believed as far as its
	// evidence comes to, as of the moment asked for.
	Suppressed string   `json:"-"`
	Doubts     []string `json:"-"`
}

// A Turn is one change of how far a row is believed, and why. Probability is what
// its evidence comes to, Believed that and what sets it aside.
type Turn struct {
	At             time.Time `json:"at"`
	Sort           TurnSort  `json:"sort"`
	Why            string    `json:"why"`
	Before         float64   `json:"before"`
	Probability    float64   `json:"probability"`
	BelievedBefore float64   `json:"believed_before"`
	Believed       float64   `json:"believed"`
	LevelBefore    Level     `json:"confidence_before"`
	Level          Level     `json:"confidence"`
	Origins        int       `json:"origins"`
}

// A TurnSort is what sort of thing changed a row.
type TurnSort string

// The sorts of turns.
const (
	TurnLearned TurnSort = "learned"   // somebody said so, for the first time or again
	TurnRelayed TurnSort = "relayed"   // somebody was found to have it from another
	TurnDoubted TurnSort = "doubted"   // for what speaks against it beside evidence, or no longer
	TurnTaken   TurnSort = "withdrawn" // what was derived before is derived no more
	TurnFaded   TurnSort = "faded"     // time alone took it below a level
	TurnAside   TurnSort = "set aside" // by a list or an analyst, or no longer
	TurnRules   TurnSort = "rules"     // all rows are weighed otherwise from then on
	TurnSighted TurnSort = "sighted"   // a hunt saw the value in a log
	TurnRuled   TurnSort = "ruled"     // an analyst's word on the row
	TurnAsOf    TurnSort = "as of"     // the moment that was asked for
)
