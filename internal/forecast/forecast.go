// Package forecast says what is likely next, with a probability, a horizon and
// the rule by which each forecast will be judged.
//
// A forecast's Skill stays nil until it has been shown, and until then pages print
// ranks instead of percentages for characteristics.
//
// Whether an indicator will be reported again, or by a second account, comes
// from logistic models that backtest replays and measures.
package forecast

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// A Series is how many documents named an entity in each of contiguous weeks,
// oldest first. Observed says which weeks were watched; nil means all. A week
// that was not watched is skipped: a silent collector is not a quiet actor.
type Series struct {
	Entity   intel.Entity
	Weeks    []intel.Count
	Observed []bool
}

const (
	discount = 0.7 // per week, of the discounted Gamma-Poisson model
	prior    = 0.3 // shape and rate of its prior
	day      = 24 * time.Hour
)

// levels are the quantiles of a count that are published.
func levels() []float64 { return []float64{0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95} }

// A Count is the distribution of what a series will count in the next weeks, by a model
// that knows more than the series: Mass[n] is the probability of n.
type Count struct {
	Weeks  int
	Mass   []float64
	Model  string
	Parts  []Part // whose mean it is, but for what past forecasts taught
	Inputs string // digest of what else the model read
	// Precedents are the past states that were nearest, if it looks at any.
	Precedents []intel.Precedent
	// Bound says why what the model said was moved back, as one voice alone had moved it;
	// empty if nothing was. Was is the distribution before.
	Bound string
	Was   []float64
	Surge int // documents that are a surge; 0: none is foretold
	// Others is what came of all series of the kind: the base rate of one that has no four
	// weeks of its own.
	Others Others
	// Skill is what back-tests showed of such forecasts, by their kind.
	Skill map[string][]float64
}

// Others is of how many past states of series any came, of how many a surge of as many
// as one is asked of, and how many documents came of all.
type Others struct{ States, Any, Surges, Documents int }

// A Part is what one of the models of a pool says.
type Part struct {
	Name string
	Any  float64 // the probability of any
}

// Activity forecasts how many documents will name the entity in the next 7 and
// 28 days, and whether any will, from what is foretold of its counts. Where that is
// missing it is by a discounted Gamma-Poisson: the rate's posterior after weeks whose
// weight falls by 0.7 each, its predictive distribution a negative binomial. A series
// without a watched week gives no forecast.
func Activity(s Series, foretold []Count, now time.Time) []intel.Forecast {
	if _, _, watched := posterior(s); watched == 0 {
		return nil
	}
	var out []intel.Forecast
	own := s.known()
	for _, weeks := range []int{1, 4} {
		var c Count
		if i := slices.IndexFunc(foretold, func(c Count) bool { return c.Weeks == weeks && len(c.Mass) > 0 }); i >= 0 {
			c = foretold[i]
		} else {
			c = Alone(s, weeks)
		}
		f := made("activity", s.Entity, "documents", 7*weeks, now)
		f.Rule = fmt.Sprintf("the number of documents that name %s and were published from %s to %s, counted from what was ingested by 14 days after",
			s.Entity, f.Made.Format(time.DateOnly), f.Due.Format(time.DateOnly))
		f.Model, f.Skill = c.Model, c.Skill[f.Kind]
		f.BaseRate = own.usually(c, weeks)
		f.Basis = intel.Basis{Distribution: Spread(c.mass, max(len(c.Mass), 1)), Simple: intel.Simple{Rule: "naive_poisson", Mean: own.simply(weeks, f.BaseRate)},
			Inputs: s.digest(c)}
		f.Quantiles, f.Precedents = map[string]float64{}, c.Precedents
		for _, l := range levels() {
			f.Quantiles[fmt.Sprint(l)] = float64(c.quantile(l))
		}
		f.Reasons = []intel.Reason{{Item: "documents in the last four weeks", Contribution: recent(s)}}
		if c.Bound != "" {
			f.Reasons = append(f.Reasons, intel.Reason{Item: c.Bound, Contribution: expected(c.Mass) - expected(c.Was)})
		}
		out = append(out, f)
		if weeks == 4 {
			out[len(out)-1].Unwatched = s.unwatched()
			out = append(out, anyActivity(s, c, now))
			if c.Surge > 0 {
				out = append(out, surge(s, c, now))
			}
		}
	}
	return out
}

// anyActivity forecasts whether any document will name the entity within 28
// days.
func anyActivity(s Series, c Count, now time.Time) intel.Forecast {
	f := made("any activity", s.Entity, "documents", 28, now)
	f.Rule = fmt.Sprintf("comes true if a document that names %s is published by %s and ingested by 14 days after", s.Entity, f.Due.Format(time.DateOnly))
	f.Model, f.Skill = c.Model, c.Skill[f.Kind]
	f.Probability = clamp(1 - c.mass(0))
	f.BaseRate = c.baseRate(s, 1, c.Others.Any, f.Probability)
	f.Basis = intel.Basis{Simple: intel.Simple{Rule: "naive_poisson", Probability: s.known().simplyAny(f.BaseRate)}, Inputs: s.digest(c)}
	f.Reasons = c.reasons(f.BaseRate, f.Probability)
	return f
}

// surge forecasts whether the entity will be named in so many documents of 28 days that
// it is a surge.
func surge(s Series, c Count, now time.Time) intel.Forecast {
	f := made("surge", s.Entity, fmt.Sprintf("%d documents or more", c.Surge), 28, now)
	f.Rule = fmt.Sprintf("comes true if %d documents or more that name %s, twice as many as in four of the twelve weeks before and five at least, are published by %s and ingested by 14 days after",
		c.Surge, s.Entity, f.Due.Format(time.DateOnly))
	f.Model, f.Skill = c.Model, c.Skill[f.Kind]
	f.Probability = clamp(atLeast(c.Mass, c.Surge))
	f.BaseRate = c.baseRate(s, c.Surge, c.Others.Surges, f.Probability)
	f.Basis = intel.Basis{AtLeast: c.Surge, Inputs: s.digest(c)}
	if c.Bound == "" {
		f.Reasons = reasons(f.BaseRate, f.Probability, "the distribution of what comes, against how often so many came")
		return f
	}
	before := clamp(atLeast(c.Was, c.Surge))
	f.Reasons = append(reasons(f.BaseRate, before, "the distribution of what comes, against how often so many came"),
		intel.Reason{Item: c.Bound, Contribution: logit(f.Probability) - logit(before)})
	return f
}

// atLeast is the probability of n and more.
func atLeast(mass []float64, n int) float64 {
	sum := 0.0
	for _, p := range mass[min(max(n, 0), len(mass)):] {
		sum += p
	}
	return sum
}

// Alone is what the recent weeks of a series say of the next ones, without a model of
// others: a discounted Gamma-Poisson.
func Alone(s Series, weeks int) Count {
	shape, rate, _ := posterior(s)
	return negativeBinomial{shape, rate / (rate + float64(weeks))}.count(weeks)
}

// expected is the mean of a distribution.
func expected(mass []float64) float64 {
	sum := 0.0
	for n, p := range mass {
		sum += float64(n) * p
	}
	return sum
}

func (c Count) mass(n int) float64 {
	if n >= len(c.Mass) {
		return 0
	}
	return c.Mass[n]
}

// quantile returns the least n with P(count <= n) >= level.
func (c Count) quantile(level float64) int {
	sum := 0.0
	for n, p := range c.Mass {
		if sum += p; sum >= level-1e-12 {
			return n
		}
	}
	return max(0, len(c.Mass)-1)
}

// reasons splits the log-odds of any into those of the base rate, what each part moves
// them by, in the proportion in which it differs from the base rate, and what the
// calibration of the whole does. They add up.
func (c Count) reasons(base, p float64) []intel.Reason {
	if c.Bound != "" {
		was := c
		was.Mass, was.Bound = c.Was, ""
		before := clamp(1 - was.mass(0))
		return append(was.reasons(base, before), intel.Reason{Item: c.Bound, Contribution: logit(p) - logit(before)})
	}
	if len(c.Parts) == 0 {
		return reasons(base, p, "recent weeks against all of them")
	}
	pool := 0.0
	for _, part := range c.Parts {
		pool += part.Any / float64(len(c.Parts))
	}
	pool = clamp(pool)
	out := []intel.Reason{{Item: "base rate", Contribution: logit(base)}}
	apart, moved := pool-base, logit(pool)-logit(base)
	for _, part := range c.Parts {
		by := moved / float64(len(c.Parts))
		if math.Abs(apart) > 1e-6 {
			by = moved * (part.Any - base) / float64(len(c.Parts)) / apart
		}
		out = append(out, intel.Reason{Item: part.Name, Contribution: by})
	}
	sum := 0.0
	for _, r := range out {
		sum += r.Contribution
	}
	return append(out, intel.Reason{Item: "how forecasts turned out before", Contribution: logit(p) - sum})
}

// digest is that of what a model reads of the series.
func (s Series) digest(c Count) string {
	return Digest(c.Model, s.Entity, s.Weeks, s.Observed, c.Inputs)
}

// posterior returns the Gamma posterior of the weekly rate and how many weeks
// were watched.
func posterior(s Series) (shape, rate float64, watched int) {
	shape, rate = prior, prior
	weight := 1.0
	for i := len(s.Weeks) - 1; i >= 0; i-- {
		if watchedAt(s, i) {
			shape += weight * float64(max(0, s.Weeks[i].N))
			rate += weight
			watched++
		}
		weight *= discount
	}
	return shape, rate, watched
}

func watchedAt(s Series, i int) bool { return i >= len(s.Observed) || s.Observed[i] }

// baseRate is the share of runs of four weeks that had at least so many. A series
// without such a run has that of all others; what is forecast of it counts as one of
// them, so that nothing is gained over it where nothing is known of others.
func (c Count) baseRate(s Series, least, others int, p float64) float64 {
	if len(s.Weeks) >= 4 {
		return clamp(shareOf(s.known().Series, least))
	}
	return clamp((float64(others) + p) / float64(c.Others.States+1))
}

// shareOf is the share of runs of four weeks that had at least so many.
func shareOf(s Series, least int) float64 {
	n, hit := 0, 0
	for i := 0; i+4 <= len(s.Weeks); i++ {
		n++
		if s.Weeks[i].N+s.Weeks[i+1].N+s.Weeks[i+2].N+s.Weeks[i+3].N >= least {
			hit++
		}
	}
	return (float64(hit) + 0.5) / (float64(n) + 1)
}

// negativeBinomial counts with real size r and success probability p.
type negativeBinomial struct{ r, p float64 }

// count is the distribution as one of weeks, at most 100,000 counts of it.
func (d negativeBinomial) count(weeks int) Count {
	c := Count{Weeks: weeks, Model: "discounted gamma-poisson 0.7"}
	for n, sum := 0, 0.0; n < 100_000 && sum < 1-1e-9; n++ {
		p := d.mass(n)
		c.Mass = append(c.Mass, p)
		sum += p
	}
	return c
}

// mass is the probability of n.
func (d negativeBinomial) mass(n int) float64 {
	all, _ := math.Lgamma(d.r + float64(n))
	of, _ := math.Lgamma(d.r)
	ways, _ := math.Lgamma(float64(n) + 1)
	return math.Exp(all - of - ways + d.r*math.Log(d.p) + float64(n)*math.Log1p(-d.p))
}

// Delay is how long after a forecast is due it is judged: what is published late,
// or fetched late, counts until then.
const Delay = 14 * day

// reasons splits the log-odds of p into those of the base rate and the rest.
func reasons(base, p float64, why string) []intel.Reason {
	return []intel.Reason{{Item: "base rate", Contribution: logit(base)}, {Item: why, Contribution: logit(p) - logit(base)}}
}

func logit(p float64) float64 { return math.Log(p) - math.Log1p(-p) }

// clamp keeps a probability away from certainty.
func clamp(p float64) float64 { return min(max(p, 1e-4), 1-1e-4) }

// Today is of which day forecasts are that are made at a moment.
func Today(now time.Time) time.Time { return now.UTC().Truncate(day) }

// made is a forecast made today: made anew on the same day it is the same.
func made(kind string, subject intel.Entity, target string, horizon int, now time.Time) intel.Forecast {
	today := Today(now)
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%s\x00%d\x00%s", kind, subject, target, horizon, today.Format(time.DateOnly)))
	return intel.Forecast{ID: hex.EncodeToString(sum[:10]), Subject: subject, Kind: kind, Target: target, Horizon: horizon,
		Made: today, Due: today.Add(time.Duration(horizon) * day)}
}

// Marked makes forecasts those for readers cleared for m, whose identities tell
// them from what other readers are told of the same.
func Marked(fs []intel.Forecast, m intel.Marking) []intel.Forecast {
	if m == intel.Clear {
		return fs
	}
	suffix := strings.ToLower(strings.TrimPrefix(m.String(), "TLP:"))
	for i := range fs {
		fs[i].Marking = m
		fs[i].ID += "-" + suffix
	}
	return fs
}
