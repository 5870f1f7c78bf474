package intel

import (
	"fmt"
	"time"
)

// Changes is what is forecast otherwise than a week ago, and what came of forecasts that
// were judged since.
type Changes struct {
	// Made is when the forecasts now were made, and Since when those they are compared
	// with; zero where there were none about a week before.
	Made  time.Time `json:"made,omitzero"`
	Since time.Time `json:"since,omitzero"`
	Moved []Change  `json:"moved"` // what changed most first
	New   []Change  `json:"new"`
	Gone  []Change  `json:"gone"`
	// Judged are forecasts that were judged within the week, those that came first, at
	// most a few: of the same on several days the latest.
	Judged      []Settled `json:"judged"`
	Came        int       `json:"came"` // of events, all of them
	CameNot     int       `json:"came_not"`
	Unscoreable int       `json:"unscoreable"`
}

// A Change is how one thing is forecast now and was a week ago; nil: it was not.
type Change struct {
	Kind    string `json:"kind"`
	Target  string `json:"target"`
	Name    string `json:"name,omitempty"` // of the target, as shown
	Horizon int    `json:"horizon_days"`
	Before  *Stand `json:"before"`
	Now     *Stand `json:"now"`
}

// A Stand is what a forecast says: of an event its probability and its rank among those
// of its kind, if there are several, of a count the median and between which counts four in five are expected.
type Stand struct {
	Rank        int      `json:"rank,omitempty"`
	Probability *float64 `json:"probability,omitempty"`
	Median      *float64 `json:"median,omitempty"`
	Low         float64  `json:"low,omitempty"`
	Up          float64  `json:"up,omitempty"`
	Skill       Skill    `json:"skill"`
}

// String says it; without proven skill it says the rank alone, if it has one.
func (s *Stand) String() string {
	switch {
	case s == nil:
		return "–"
	case s.Median != nil:
		return fmt.Sprintf("%.0f (80 %%: %.0f to %.0f)", *s.Median, s.Low, s.Up)
	case s.Skill.Above() && s.Probability != nil:
		return Decimal(*s.Probability)
	case s.Rank == 0:
		return "–"
	}
	return fmt.Sprintf("rank %d", s.Rank)
}

// Direction says in a word how a change is from a week ago.
func (c Change) Direction() string {
	word := func(now, before float64, words [2]string) string {
		switch {
		case now > before:
			return words[0]
		case now < before:
			return words[1]
		}
		return "ranked otherwise"
	}
	switch {
	case c.Before == nil:
		return "new"
	case c.Now == nil:
		return "gone"
	case c.Now.Median != nil && c.Before.Median != nil:
		return word(*c.Now.Median, *c.Before.Median, [2]string{"more", "less"})
	case !c.Now.Skill.Above() && c.Now.Rank > 0 && c.Before.Rank > 0: // which is all that is told
		return word(float64(c.Before.Rank), float64(c.Now.Rank), [2]string{"ranked higher", "ranked lower"})
	case c.Now.Probability != nil && c.Before.Probability != nil:
		return word(*c.Now.Probability, *c.Before.Probability, [2]string{"likelier", "less likely"})
	}
	return "changed"
}

// TitleOf is what a forecast is of, as shown, of its target and the name of that; false:
// the target is no entity.
func TitleOf(target, name string) (string, bool) {
	e, err := ParseEntity(target)
	switch title := e.Title(); {
	case err != nil:
		return target, false
	case name == "" || name == title:
		return title, true
	case e.Kind == Technique || e.Kind == Weakness || e.Kind == Vulnerability:
		return title + " " + name, true
	}
	return name, true
}

// A Settled forecast is one that was judged.
type Settled struct {
	Forecast    string    `json:"forecast"`
	Kind        string    `json:"kind"`
	Target      string    `json:"target"`
	Name        string    `json:"name,omitempty"`
	Horizon     int       `json:"horizon_days"`
	Made        time.Time `json:"made"`
	Due         time.Time `json:"due"`
	Stand       Stand     `json:"said"`
	Came        int       `json:"came"` // the count; of an event 1 or 0
	Unscoreable string    `json:"unscoreable,omitempty"`
}

// Counted reports whether it was of a count.
func (s Settled) Counted() bool { return s.Stand.Median != nil }

// Outcome says in words what came.
func (s Settled) Outcome() string {
	switch {
	case s.Unscoreable != "":
		return "cannot be judged: " + s.Unscoreable
	case s.Counted():
		where := "within"
		if n := float64(s.Came); n < s.Stand.Low {
			where = "below"
		} else if n > s.Stand.Up {
			where = "above"
		}
		return fmt.Sprintf("%d came, %s what was expected", s.Came, where)
	case s.Came > 0:
		return "came true"
	}
	return "did not come true"
}
