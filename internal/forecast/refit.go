package forecast

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// A Refit fits the model of sightings anew to the history of a store: what each
// value's own reports told at the first of each month, and whether it was reported
// within 30 days of it. The last month whose outcome is known is held out. Equal
// histories give equal models, in bounded memory.
type Refit struct {
	cutoffs []int64 // Unix seconds, oldest first; the last is held out
	trained [2]pool // without and with an outcome, of all months before
	held    [2]pool
}

const (
	// fewestMonths and fewestSeen are how many value-months, and how many of them
	// with an outcome, a fit needs.
	fewestMonths, fewestSeen = 20_000, 500
	// mostUnseen and mostSeen are how many of them are kept in memory.
	mostUnseen, mostSeen = 40_000, 15_000
	refitRidge           = 30
	// MostReports is how many reports of one value a Refit takes in: one that is
	// reported more often is no indicator but a topic.
	MostReports = 2_000
)

// NewRefit begins a fit as of now. Days are those on which anything was reported,
// since 1970 and in order: a month in which the store heard nothing for a week tells
// nothing of it.
func NewRefit(now time.Time, days []int64) *Refit {
	f := &Refit{}
	for i := range f.trained {
		most := [2]int{mostUnseen, mostSeen}[i]
		f.trained[i].most, f.held[i].most = most, most
	}
	if len(days) == 0 {
		return f
	}
	first := time.Unix(days[0]*86400, 0).UTC()
	for at := time.Date(first.Year(), first.Month()+1, 1, 0, 0, 0, 0, time.UTC); !at.AddDate(0, 0, Horizon).After(now); at = at.AddDate(0, 1, 0) {
		if heard(days, dayNumber(at), dayNumber(at)+Horizon) {
			f.cutoffs = append(f.cutoffs, at.Unix())
		}
	}
	return f
}

func dayNumber(t time.Time) int64 { return t.Unix() / 86400 }

// heard reports whether no week of [from, to) is without a report.
func heard(days []int64, from, to int64) bool {
	const week = int64(silence / (24 * time.Hour))
	i, _ := slices.BinarySearch(days, from)
	last := from
	if i > 0 {
		last = days[i-1]
	}
	for ; i < len(days) && days[i] < to; i++ {
		if days[i]-last > week {
			return false
		}
		last = days[i]
	}
	return to-last <= week
}

// Add takes in all reports of a value, in order of time.
func (f *Refit) Add(e intel.Entity, reports []Report) {
	if !Foretold(e.Kind) || len(reports) == 0 || len(reports) >= MostReports {
		return
	}
	sum := fnv.New64a()
	sum.Write([]byte(e.String()))
	n := 0
	for i, at := range f.cutoffs {
		for n < len(reports) && reports[n].At.Unix() < at {
			n++
		}
		if n == 0 || dayOf(at)-dayOf(reports[n-1].At.Unix()) > Memory {
			continue
		}
		seen := 0
		if n < len(reports) && reports[n].At.Unix() < at+Horizon*86400 {
			seen = 1
		}
		p := &f.trained[seen]
		switch last := len(f.cutoffs) - 1; {
		case i == last:
			p = &f.held[seen]
		case at+Horizon*86400 > f.cutoffs[last]:
			continue // its outcome is not known when the last month begins
		}
		p.add(mixed(sum.Sum64(), uint64(at)), reports[n-1].Source, func() []float64 {
			s := Sightings{Kind: e.Kind, Reports: reports[max(0, n-latest):n], First: reports[0].At, Documents: n}
			t, spots := s.track()
			return own(nil, kindOf(e.Kind), t, spots, dayOf(at))
		})
	}
}

// mixed is a number that looks like chance and is not.
func mixed(a, b uint64) uint64 {
	x := a ^ b*0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// A pool keeps those of its rows that have the least numbers, so many at most.
type pool struct {
	most, n int
	limit   uint64 // numbers above it are left out; 0 is none
	hashes  []uint64
	sources []int64 // that reported last
	rows    [][]float64
}

func (p *pool) add(hash uint64, source int64, row func() []float64) {
	p.n++
	if p.limit > 0 && hash > p.limit {
		return
	}
	p.hashes, p.sources, p.rows = append(p.hashes, hash), append(p.sources, source), append(p.rows, row())
	for len(p.hashes) > p.most {
		if p.limit == 0 {
			p.limit = math.MaxUint64
		}
		p.limit /= 2
		kept := 0
		for i, h := range p.hashes {
			if h <= p.limit {
				p.hashes[kept], p.sources[kept], p.rows[kept] = h, p.sources[i], p.rows[i]
				kept++
			}
		}
		clear(p.rows[kept:])
		p.hashes, p.sources, p.rows = p.hashes[:kept], p.sources[:kept], p.rows[:kept]
	}
}

// weight is how many rows one that was kept stands for.
func (p *pool) weight() float64 { return float64(p.n) / float64(max(1, len(p.rows))) }

// samples puts the rows of two pools, without and with an outcome, together.
func samples(pools [2]pool) *Samples {
	s := &Samples{Width: OwnNumbers()}
	for seen := range pools {
		for _, row := range pools[seen].rows {
			s.Add(row, seen == 1, pools[seen].weight())
		}
	}
	return s
}

// A Refitted is what a fit came to.
type Refitted struct {
	Model Logistic `json:"-"`
	// Months, with Seen of them with an outcome, are those it was fitted to, and
	// HeldMonths and HeldSeen those of the month Held that judge it.
	Months     int       `json:"value_months"`
	Seen       int       `json:"seen_again"`
	From       time.Time `json:"from"`
	Held       time.Time `json:"held_out"`
	HeldMonths int       `json:"held_out_values"`
	HeldSeen   int       `json:"held_out_seen_again"`
	// LogLoss and Brier of it on the month held out, and of the shipped model.
	LogLoss        float64 `json:"log_loss"`
	Brier          float64 `json:"brier"`
	ShippedLogLoss float64 `json:"shipped_log_loss"`
	ShippedBrier   float64 `json:"shipped_brier"`
	// LogLossError and BrierError are the standard errors of the differences.
	LogLossError float64 `json:"log_loss_error"`
	BrierError   float64 `json:"brier_error"`
	// OneSource says that without the values of one source that has many of them it is
	// worse by log loss, beyond chance: whoever fills a feed could have taught it.
	OneSource bool `json:"one_source"`
}

// Better reports whether it told the month held out better than the shipped model: by
// log loss, beyond chance, and not worse by the Brier score, nor worse of what all but
// one source report.
func (r Refitted) Better() bool {
	return r.ShippedLogLoss-r.LogLoss > 2*r.LogLossError && r.Brier-r.ShippedBrier < 2*r.BrierError && !r.OneSource
}

// ErrTooFew says that a history is too short to be fitted to.
var ErrTooFew = errors.New("too few sightings")

// Fit fits the model, and judges it by the month held out.
func (f *Refit) Fit() (r Refitted, err error) {
	r.Seen, r.HeldSeen = f.trained[1].n, f.held[1].n
	r.Months, r.HeldMonths = r.Seen+f.trained[0].n, r.HeldSeen+f.held[0].n
	if n := len(f.cutoffs); n > 0 {
		r.From, r.Held = time.Unix(f.cutoffs[0], 0).UTC(), time.Unix(f.cutoffs[n-1], 0).UTC()
	}
	if r.Months < fewestMonths || r.Seen < fewestSeen || r.HeldSeen == 0 {
		return r, fmt.Errorf("%d value-months, %d of them with a sighting within %d days, and %d in the last month; wanted are %d, %d and 1: %w",
			r.Months, r.Seen, Horizon, r.HeldSeen, fewestMonths, fewestSeen, ErrTooFew)
	}
	if r.Model, err = FitLogistic(samples(f.trained), refitRidge); err != nil {
		return r, err
	}
	r.judge(samples(f.held), slices.Concat(f.held[0].sources, f.held[1].sources), shipped())
	return r, nil
}

// judge compares the model with another on the same rows, each of a source.
func (r *Refitted) judge(s *Samples, sources []int64, other Logistic) {
	var logs, squares compared
	of := map[int64]*compared{}
	for i := range s.Len() {
		row, y, w := s.Row(i), truth(s.Y[i]), s.Weight[i]
		p, q := Probability(r.Model.LogOdds(row)), Probability(other.LogOdds(row))
		logs.add(w, logLoss(p, y), logLoss(q, y))
		squares.add(w, (p-y)*(p-y), (q-y)*(q-y))
		if of[sources[i]] == nil {
			of[sources[i]] = &compared{}
		}
		of[sources[i]].add(w, logLoss(p, y), logLoss(q, y))
	}
	r.LogLoss, r.ShippedLogLoss, r.LogLossError = logs.means()
	r.Brier, r.ShippedBrier, r.BrierError = squares.means()
	const many = 10 // of how many values one is a source's that has many
	for _, c := range of {
		if rest := logs.without(*c); many*c.all >= logs.all && rest.all > 0 {
			one, other, deviation := rest.means()
			r.OneSource = r.OneSource || one-other > 2*deviation
		}
	}
}

func logLoss(p, y float64) float64 {
	p = min(max(p, 1e-12), 1-1e-12)
	return -y*math.Log(p) - (1-y)*math.Log(1-p)
}

// compared is the losses of two models on the same rows, of which each stands for
// some: sums of weights, of losses, and of what their differences vary by.
type compared struct{ all, one, other, w2, w2d, w2d2 float64 }

func (c *compared) add(w, one, other float64) {
	d := one - other
	c.all += w
	c.one += w * one
	c.other += w * other
	c.w2 += w * w
	c.w2d += w * w * d
	c.w2d2 += w * w * d * d
}

// without returns c without some of its rows.
func (c compared) without(some compared) compared {
	return compared{c.all - some.all, c.one - some.one, c.other - some.other, c.w2 - some.w2, c.w2d - some.w2d, c.w2d2 - some.w2d2}
}

// means returns the mean losses and the standard error of their difference.
func (c *compared) means() (one, other, deviation float64) {
	one, other = c.one/c.all, c.other/c.all
	d := one - other
	return one, other, math.Sqrt(max(0, c.w2d2-2*d*c.w2d+d*d*c.w2)) / c.all
}

// ParseSightings reads a model of an indicator's own reports in the form in which
// it is shipped.
func ParseSightings(b []byte) (Logistic, error) {
	var t table
	if err := json.Unmarshal(b, &t); err != nil {
		return Logistic{}, fmt.Errorf("model of sightings: %w", err)
	}
	m := Logistic{Bias: t.Bias}
	for i, name := range ownNames() {
		if i >= len(t.Weights) || t.Weights[i].Of != name {
			return Logistic{}, fmt.Errorf("model of sightings: no weight of %s in its place", name)
		}
		m.Weights = append(m.Weights, t.Weights[i].Weight)
	}
	return m, nil
}
