package intel

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"
)

// A Basis is what is kept of a forecast so that it can be scored later, and
// nobody can say that it was made of something else.
type Basis struct {
	// Distribution is all of what the quantiles are points of; empty where the
	// maker has no more than those.
	Distribution Distribution `json:"distribution,omitzero"`
	// Simple is what a simple rule says of the same; without a name there is none
	// beside the base rate.
	Simple Simple `json:"simple,omitzero"`
	// Inputs is the SHA-256 of what the model read, in hexadecimal digits.
	Inputs string `json:"inputs,omitempty"`
	// Unwatched is what the model left out of the weeks it read, in order: nobody was
	// heard of in it, which is no quiet.
	Unwatched []Stretch `json:"unwatched,omitempty"`
	// AtLeast is how many documents must come, of a surge.
	AtLeast int `json:"at_least,omitempty"`
	// Ranked is where it stands among all that were asked of, of which but some are kept.
	Ranked Ranked `json:"ranked,omitzero"`
}

// A Ranked is a place among all of which a head was asked on one day.
type Ranked struct {
	Place int `json:"place"`
	Of    int `json:"of"`
	// Missed is which share of entries no ranking could have held in a back-test, and Why
	// says why.
	Missed float64 `json:"unforeseeable"`
	Why    string  `json:"why"`
}

// String is the place in words, "rank 3 of 9812".
func (r Ranked) String() string { return fmt.Sprintf("rank %d of %d", r.Place, r.Of) }

// Limits says what no ranking could have held, "44.6 % of entries had no score in time".
func (r Ranked) Limits() string {
	return fmt.Sprintf("%.1f %% of entries %s", 100*r.Missed, r.Why)
}

// A Distribution is of a count: Below[i] is the probability that it is At[i] or
// less. Between two of them it rises evenly, before the first it is nought. At
// rises, and the last of Below is 1.
type Distribution struct {
	At    []int     `json:"at"`
	Below []float64 `json:"below"`
}

// mostKnots bounds what a distribution may have, mostCount its greatest count.
const (
	mostKnots = 2000
	mostCount = 10_000_000
)

// IsZero reports whether there is none.
func (d Distribution) IsZero() bool { return len(d.At) == 0 }

// Check reports what is wrong with a distribution.
func (d Distribution) Check() error {
	if len(d.At) == 0 || len(d.At) != len(d.Below) || len(d.At) > mostKnots {
		return fmt.Errorf("distribution of %d counts and %d probabilities: %w", len(d.At), len(d.Below), ErrInvalid)
	}
	at, below := -1, 0.0
	for i := range d.At {
		if d.At[i] <= at || d.At[i] > mostCount || !(d.Below[i] >= below && d.Below[i] <= 1) {
			return fmt.Errorf("distribution with %d at probability %v after %d at %v: %w", d.At[i], d.Below[i], at, below, ErrInvalid)
		}
		at, below = d.At[i], d.Below[i]
	}
	if below != 1 {
		return fmt.Errorf("distribution that ends at probability %v: %w", below, ErrInvalid)
	}
	return nil
}

// A Simple is what a simple rule forecasts: the Probability of an event, or the
// Mean of a count that is Poisson.
type Simple struct {
	Rule        string  `json:"rule"` // its name, such as "naive_poisson"
	Probability float64 `json:"probability,omitempty"`
	Mean        float64 `json:"mean,omitempty"`
}

// An Outcome is what came of a forecast, judged once and kept for good.
type Outcome struct {
	Forecast string `json:"forecast"`
	// Unscoreable says why nothing can be said of it; empty if it was judged.
	Unscoreable string    `json:"unscoreable,omitempty"`
	Came        int       `json:"came"` // the count; of an event 1 or 0
	Scores      Scores    `json:"scores,omitzero"`
	Judged      time.Time `json:"judged"`
	Known       time.Time `json:"known_until"` // evidence that came in later is not looked at
}

// Scores is how one forecast did, and others of the same in its place. Of an
// event Score is Brier's and P its probability, of a count Score is the CRPS and
// P where the count lies in the distribution (PIT, at random within its step).
type Scores struct {
	P           float64 `json:"p"`
	Score       float64 `json:"score"`
	Log         float64 `json:"log"`
	Base        float64 `json:"base_score"` // of the base rate
	BaseLog     float64 `json:"base_log"`
	Simple      float64 `json:"simple_score"` // of the simple rule, if Ruled
	SimpleLog   float64 `json:"simple_log"`
	Ruled       bool    `json:"ruled"`
	Probability bool    `json:"event"` // of an event
}

// An Interval is a point with the bounds of its 95 % interval, which are NaN where
// too little is known for any. In JSON what is no number is null.
type Interval [3]float64

// MarshalJSON implements json.Marshaler.
func (v Interval) MarshalJSON() ([]byte, error) {
	var out [3]*float64
	for i, x := range v {
		if !math.IsNaN(x) && !math.IsInf(x, 0) {
			x = math.Round(1e6*x) / 1e6
			out[i] = &x
		}
	}
	return json.Marshal(out)
}

// UnmarshalJSON implements json.Unmarshaler.
func (v *Interval) UnmarshalJSON(b []byte) error {
	var in [3]*float64
	if err := json.Unmarshal(b, &in); err != nil {
		return err
	}
	for i, x := range in {
		v[i] = math.NaN()
		if x != nil {
			v[i] = *x
		}
	}
	return nil
}

// Bounded reports whether the interval has bounds.
func (v Interval) Bounded() bool { return !math.IsNaN(v[1]) && !math.IsNaN(v[2]) }

// Above reports whether it lies above nought as a whole.
func (v Interval) Above() bool { return v.Bounded() && v[1] > 0 }

// NoBetter is what is said of forecasts whose skill may be nought.
const NoBetter = "no better than the base rate"

// NotForecast says of which kinds none is forecast, and why; empty: all are.
func NotForecast(kinds []string) string {
	if len(kinds) == 0 {
		return ""
	}
	return "nothing tells of this here, and so it is not forecast (fewer than one of an actor is dated in a quarter): " + strings.Join(kinds, ", ")
}

// Better is what is said of the others.
const Better = "better than the base rate"

// A HeadRecord is how the forecasts of one head, or those of one actor, turned
// out.
type HeadRecord struct {
	Head        string `json:"head,omitempty"` // kind of the forecasts, such as "technique"
	Actor       Entity `json:"actor,omitzero"` // of a record by actor
	Name        string `json:"name,omitempty"` // of the actor, as shown
	Forecasts   int    `json:"forecasts"`
	Due         int    `json:"due"` // their time is over; those within the delay wait to be judged
	Judged      int    `json:"judged"`
	Unscoreable int    `json:"unscoreable"`
	Days        int    `json:"days"` // on which those judged were made

	Brier         *float64  `json:"brier,omitempty"` // mean, of events
	BrierSkill    *Interval `json:"brier_skill,omitempty"`
	BrierSimple   *Interval `json:"brier_skill_simple,omitempty"`
	CRPS          *float64  `json:"crps,omitempty"` // mean, of counts
	CRPSSkill     *Interval `json:"crps_skill,omitempty"`
	CRPSSimple    *Interval `json:"crps_skill_simple,omitempty"`
	LogLoss       *float64  `json:"log_loss,omitempty"`
	BaseLogLoss   *float64  `json:"base_log_loss,omitempty"`
	SimpleLogLoss *float64  `json:"simple_log_loss,omitempty"`
	Ruled         int       `json:"ruled"` // judged that came with a simple rule
	// ECE is the mean distance between what was forecast and what came, over
	// the bins of Reliability.
	ECE         *float64           `json:"ece,omitempty"`
	Reliability []ReliabilityPoint `json:"reliability"`
	// Verdict is Better or NoBetter; empty while nothing is judged. Why adds what
	// it rests on where that is too little.
	Verdict string `json:"verdict,omitempty"`
	Why     string `json:"why,omitempty"`
	// Untold is that none is forecast any more, since nothing tells of them by date; of
	// heads alone.
	Untold bool `json:"untold,omitempty"`
	// Drift is nil while forecasts turn out as they did; of heads alone.
	Drift *Drift `json:"drift,omitempty"`
}

// A ReliabilityPoint says of forecasts of about a probability how often what they
// tell of came. Of counts P is a level, and Observed the share of counts that lay
// at or below that quantile.
type ReliabilityPoint struct {
	P        float64 `json:"p"`
	Observed float64 `json:"observed"`
	N        int     `json:"n"`
	Least    float64 `json:"least"` // 95 % interval of Observed (Wilson)
	Most     float64 `json:"most"`
}

// A Track is how forecasts turned out: by head, by actor, and whether their record
// is whole.
type Track struct {
	Heads  []HeadRecord `json:"heads"`
	Actors []HeadRecord `json:"actors"` // the most judged first
	Chain  Chain        `json:"-"`
}

// A Chain is the state of the record of forecasts.
type Chain struct {
	State     string    `json:"state"` // ChainNone, ChainIntact or ChainBroken; empty: never checked
	Forecasts int       `json:"forecasts"`
	Head      string    `json:"head,omitempty"` // number and link of the latest, to be noted elsewhere
	Checked   time.Time `json:"checked,omitzero"`
	// Clocked is how many were written more than two days after the day they
	// say, by the clock of the machine: under --now, or under a clock set back.
	Clocked int          `json:"clocked,omitempty"`
	Faults  []ChainFault `json:"faults,omitempty"`
	More    int          `json:"more,omitempty"` // faults beyond those listed
}

// The states of a chain.
const (
	ChainNone   = "none"
	ChainIntact = "intact"
	ChainBroken = "broken"
)

// A ChainFault is something wrong with the record of one forecast.
type ChainFault struct {
	Number   int64  `json:"number,omitempty"` // in the chain; 0: it is not in it
	Forecast string `json:"forecast,omitempty"`
	What     string `json:"what"`
	Detail   string `json:"detail"`
}

// The sorts of faults.
const (
	Changed   = "changed"
	Deleted   = "deleted"
	Inserted  = "inserted"
	Moved     = "moved"
	Backdated = "back-dated"
)

// String tells of a fault in one line.
func (f ChainFault) String() string {
	who := "forecast " + f.Forecast
	if f.Forecast == "" {
		who = "the chain of forecasts"
	}
	if f.Number > 0 {
		who += fmt.Sprintf(" (number %d)", f.Number)
	}
	return fmt.Sprintf("%s: %s: %s", who, f.What, f.Detail)
}

// DayScores are the sums of the scores of forecasts that were made on one day, in
// millionths.
type DayScores struct {
	Event                     bool
	Day                       int64 // since 1970
	All, Judged               int
	Score, Log, Base, BaseLog int64
	Ruled                     int // judged that came with a simple rule, of which are the rest
	RuledScore, RuledLog      int64
	Simple, SimpleLog         int64
}

// BinScores are how many forecasts of about a probability there were, the sum of
// those in millionths, and what came of all.
type BinScores struct {
	Event   bool
	Bin, N  int
	P, Came int64
}

// Waiting is how many forecasts are not judged, and how many of them are due.
type Waiting struct{ All, Due int }

// Edges are the upper edges of all bins but the last: of the probabilities of events,
// and of where counts lie in their distributions.
type Edges struct{ Events, Counts []float64 }
