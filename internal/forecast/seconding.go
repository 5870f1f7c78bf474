package forecast

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

const (
	secondRidge = 30
	// heldDays is how many days' values are held out, the last that are closed.
	heldDays = 92
	// fewestUnheard is one in how many values that nobody else reported is fitted to;
	// of very many it is fewer, so that mostUnheard are.
	fewestUnheard, mostUnheard = 4, 160_000
)

// A Gate is what a model of corroboration must be fitted to at least: so many values
// whose 90 days are over, and so many of them corroborated.
type Gate struct{ Closed, Corroborated int }

// Strict is the gate that the product goes by.
func Strict() Gate { return Gate{20_000, 200} }

// ErrSilent says that nothing was reported of late: whether a second account spoke is
// not known of anything.
var ErrSilent = errors.New("nothing was reported for a week")

// A Seconding is a history replayed once: what was known of each value two days after
// its first report, and whether another account reported it within 90 days of that.
type Seconding struct {
	h       *History
	now     int64
	closed  Samples
	firsts  []int64 // of each row of closed, in order
	by      []int32 // the account that reported it first
	seconds []int64 // after how long those were reported that were, 0 for the others
	all     int     // values that are closed
	came    int
	open    []opened
}

// An opened is a value whose 90 days are not over and that nobody seconded.
type opened struct {
	value int32
	x     []float64
}

// NewSeconding replays a history, of which nothing is later than now.
func NewSeconding(ctx context.Context, h *History, now time.Time) (*Seconding, error) {
	s := &Seconding{h: h, now: now.Unix()}
	replay := NewReplay(h)
	one := uint64(max(fewestUnheard, h.values.len()/mostUnheard))
	var x []float64
	replay.OnSettled(func(value int32, at time.Time) {
		first := at.Unix() - relay
		open := first+Corroborable*86400 > s.now
		after, came := h.second(value)
		_, known := h.Corroborated(value)
		switch {
		case open && !came && h.watched(first, s.now):
			s.open = append(s.open, opened{value, replay.Voice(nil, value, at)})
		case !open && known:
			s.all++
			if came {
				s.came++
			} else if mixed(uint64(value), 1)%one != 0 {
				return
			}
			if x = replay.Voice(x, value, at); s.closed.Width == 0 {
				s.closed.Width = len(x)
				s.closed.X = slices.Grow(s.closed.X, len(x)*h.values.len()/int(one)) // in one piece, not two while it grows
			}
			s.closed.Add(x, came, 1+float64(one-1)*(1-truth(came)))
			s.firsts, s.seconds, s.by = append(s.firsts, first), append(s.seconds, after), append(s.by, h.firstBy(value))
		}
	})
	begin, _ := h.Span()
	for t := begin; t.Before(now); t = t.AddDate(0, 1, 0) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		replay.Until(t)
	}
	replay.Until(now)
	return s, nil
}

// A SecondModel tells of a value two days old whether a second account will report it,
// and how soon those came that did.
type SecondModel struct {
	Logistic
	// Came is the share that had come at each age in days.
	Came [Corroborable + 1]float64
}

// At is the probability of what the model gives a probability p, when nobody else has
// reported it until an age: p·(1−F)/(1−p·F), where F had come by then.
func (m SecondModel) At(p, days float64) float64 {
	came := m.Came[min(Corroborable, max(0, int(days)))]
	return p * (1 - came) / (1 - p*came)
}

// A Seconded is what a fit came to.
type Seconded struct {
	Model SecondModel `json:"-"`
	// Closed values, Corroborated of them, first reported From on, it was fitted to.
	Closed       int       `json:"values"`
	Corroborated int       `json:"corroborated"`
	From         time.Time `json:"from"`
	// Those first reported from Held on were held out of the fit that is judged.
	Held             time.Time `json:"held_out"`
	HeldValues       int       `json:"held_out_values"`
	HeldCorroborated int       `json:"held_out_corroborated"`
	// Brier is its score on them, Base that of the rate that came in hindsight, Skill by
	// what share it is lower, and SkillError the standard error of that, over weeks.
	Brier      float64 `json:"brier"`
	Base       float64 `json:"base_rate_brier"`
	Skill      float64 `json:"brier_skill"`
	SkillError float64 `json:"brier_skill_error"`
	// SkillWithout is the least skill on the values of all accounts but one: two that
	// speak one after the other could make a skill of their own.
	SkillWithout float64 `json:"brier_skill_without_one"`
}

// Better reports whether it told those held out better than their rate, beyond chance,
// and not those of one account alone.
func (r Seconded) Better() bool { return r.Skill > 2*r.SkillError && r.SkillWithout > 0 }

// Fit fits the model to what was closed when the months held out began, judges it by
// those, and fits it to all that is closed.
func (s *Seconding) Fit(least Gate) (r Seconded, err error) {
	r.Closed, r.Corroborated = s.all, s.came
	if s.all < max(1, least.Closed) || s.came < max(1, least.Corroborated) {
		return r, fmt.Errorf("%d values whose %d days are over, %d of them reported by a second account; wanted are %d and %d: %w",
			s.all, Corroborable, s.came, least.Closed, least.Corroborated, ErrTooFew)
	}
	n := len(s.firsts)
	held := s.firsts[n-1] - heldDays*86400
	r.From, r.Held = time.Unix(s.firsts[0], 0).UTC(), time.Unix(held, 0).UTC()
	trained, tested := 0, 0
	for trained < n && s.firsts[trained]+Corroborable*86400 <= held {
		trained++
	}
	for s.firsts[tested] < held {
		tested++
	}
	before := s.rows(0, trained)
	if len(before.Y) == 0 {
		return r, fmt.Errorf("nothing was closed at %s: %w", r.Held.Format(time.DateOnly), ErrTooFew)
	}
	judged, err := FitLogistic(before, secondRidge)
	if err != nil {
		return r, err
	}
	if !r.judge(judged, s.rows(tested, n), s.firsts[tested:], s.by[tested:]) {
		return r, fmt.Errorf("nothing since %s was reported by a second account: %w", r.Held.Format(time.DateOnly), ErrTooFew)
	}
	if r.Model.Logistic, err = FitLogistic(&s.closed, secondRidge); err != nil {
		return r, err
	}
	r.Model.Came = s.ages()
	return r, nil
}

func (s *Seconding) rows(from, to int) *Samples {
	c := &s.closed
	return &Samples{Width: c.Width, X: c.X[from*c.Width : to*c.Width], Y: c.Y[from:to], Weight: c.Weight[from:to]}
}

// ages returns which share of what came had come at each age in days.
func (s *Seconding) ages() (share [Corroborable + 1]float64) {
	for _, after := range s.seconds {
		if after > 0 {
			for day := int(after/86400) + 1; day < len(share); day++ {
				share[day] += 1 / float64(s.came)
			}
		}
	}
	for i := range share {
		share[i] = min(1, share[i])
	}
	return share
}

// judge compares the model with the rate that came, and tells whether anything came.
// Values of one week are told by the same few accounts, and count as one for chance.
func (r *Seconded) judge(m Logistic, held *Samples, firsts []int64, by []int32) bool {
	all, came := 0.0, 0.0
	for i, w := range held.Weight {
		all += w
		came += w * truth(held.Y[i])
		r.HeldCorroborated += int(truth(held.Y[i]))
	}
	r.HeldValues = int(all + 0.5)
	if came == 0 {
		return false
	}
	rate := came / all
	gains, sizes := map[int64]float64{}, map[int64]float64{}
	accounts := map[int32]told{}
	for i, w := range held.Weight {
		y, p := truth(held.Y[i]), Probability(m.LogOdds(held.Row(i)))
		r.Brier += w * (p - y) * (p - y) / all
		r.Base += w * (rate - y) * (rate - y) / all
		at := (firsts[i] - firsts[0]) / week
		gains[at] += w * ((rate-y)*(rate-y) - (p-y)*(p-y))
		sizes[at] += w
		accounts[by[i]] = accounts[by[i]].add(told{w, w * y, w * (p - y) * (p - y)}, 1)
	}
	if r.Base == 0 {
		return false
	}
	r.Skill = 1 - r.Brier/r.Base
	r.SkillWithout = skillWithout(accounts)
	varies := 0.0
	for at := range (firsts[len(firsts)-1]-firsts[0])/week + 1 {
		d := gains[at] - sizes[at]*(r.Base-r.Brier)
		varies += d * d
	}
	r.SkillError = math.Sqrt(varies) / all / r.Base
	return true
}

// told is what a model came to on some values: how many, how many of them came, and the
// sum of the squared errors.
type told struct{ all, came, errors float64 }

func (t told) add(o told, times float64) told {
	return told{t.all + times*o.all, t.came + times*o.came, t.errors + times*o.errors}
}

// skill is by what share its errors are fewer than those of the rate that came, 0 where
// none or all came.
func (t told) skill() float64 {
	if t.came < 0.5 || t.all-t.came < 0.5 {
		return 0
	}
	return 1 - t.errors/(t.came*(1-t.came/t.all))
}

// skillWithout is the least skill without the values of one account.
func skillWithout(accounts map[int32]told) float64 {
	var all told
	in := slices.Sorted(maps.Keys(accounts)) // or sums differ from run to run
	for _, by := range in {
		all = all.add(accounts[by], 1)
	}
	least := math.Inf(1)
	for _, by := range in {
		least = min(least, all.add(accounts[by], -1).skill())
	}
	return least
}

// An Expected is a forecast of one value.
type Expected struct {
	Entity intel.Entity
	intel.Corroboration
}

// Tell forecasts all values that are at least two days old, whose 90 days are not over
// and that one voice alone has reported. It wants somebody to have been heard of late.
func (s *Seconding) Tell(m SecondModel) ([]Expected, error) {
	if _, last := s.h.Span(); s.now-last.Unix() > int64(silence/time.Second) {
		return nil, ErrSilent
	}
	out := make([]Expected, len(s.open))
	for i, o := range s.open {
		first := s.h.First(o.value)
		p := m.At(Probability(m.LogOdds(o.x)), float64(s.now-first.Unix())/86400)
		out[i] = Expected{s.h.entity(o.value), intel.Corroboration{Probability: p, Until: first.AddDate(0, 0, Corroborable)}}
	}
	return out, nil
}

// secondTable is a model as it is kept.
type secondTable struct {
	Bias    float64   `json:"bias"`
	Names   []string  `json:"of"`
	Weights []float64 `json:"weights"`
	Came    []float64 `json:"came"`
}

// WriteSecond writes a model as ParseSecond reads it.
func WriteSecond(m SecondModel) ([]byte, error) {
	b, err := json.Marshal(secondTable{m.Bias, VoiceNames(), m.Weights, m.Came[:]})
	if err != nil {
		return nil, fmt.Errorf("model of corroboration: %w", err)
	}
	return b, nil
}

// ParseSecond reads a model that weighs the numbers of Voice.
func ParseSecond(b []byte) (m SecondModel, err error) {
	var t secondTable
	if err := json.Unmarshal(b, &t); err != nil {
		return m, fmt.Errorf("model of corroboration: %w", err)
	}
	names := VoiceNames()
	if len(t.Names) != len(names) || len(t.Weights) != len(names) || len(t.Came) != len(m.Came) {
		return m, fmt.Errorf("model of corroboration: %d names, %d weights, %d ages; wanted are %d, %d and %d",
			len(t.Names), len(t.Weights), len(t.Came), len(names), len(names), len(m.Came))
	}
	for i, name := range names {
		if t.Names[i] != name {
			return m, fmt.Errorf("model of corroboration: no weight of %s in its place", name)
		}
	}
	m.Bias, m.Weights = t.Bias, t.Weights
	copy(m.Came[:], t.Came)
	return m, nil
}
