package forecast

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

const (
	// movedOdds is by which factor the odds of something must differ from those of a week
	// ago, up or down, to be told, and movedRank by how many places its rank.
	movedOdds = 1.5
	movedRank = 3
	// mostMoved is how many changes of a sort are told, and mostSettled how many
	// judged forecasts.
	mostMoved   = 20
	mostSettled = 10
)

// A Judged forecast is one with what came of it.
type Judged struct {
	intel.Forecast
	Outcome intel.Outcome
}

// Changes compares forecasts with those that were made a week before, and tells of those
// that were judged since. An event has moved if its odds are 1.5 times what they were, or
// two thirds, or its rank is three places off, and where no skill is shown, so that its rank
// is all that is told, by its rank alone; a count if its median has left what half of the
// outcomes were expected in.
func Changes(now, before []intel.Forecast, judged []Judged) intel.Changes {
	c := intel.Changes{Made: madeOn(now), Since: madeOn(before)}
	settle(&c, judged)
	if len(now) == 0 || len(before) == 0 {
		return c
	}
	old, fresh := stands(before), stands(now)
	type change struct {
		intel.Change
		by float64
	}
	var all []change
	for _, f := range now {
		k := keyOf(f)
		is, was := fresh[k], old[k]
		by := 0.0
		if was != nil {
			was.Skill = is.Skill // it is the head's, not the day's
			if by = shifted(f, is, was, before); by == 0 {
				continue
			}
		}
		all = append(all, change{intel.Change{Kind: f.Kind, Target: f.Target, Name: f.Name, Horizon: f.Horizon, Before: was, Now: is}, by})
	}
	slices.SortStableFunc(all, func(a, b change) int { return cmp.Compare(b.by, a.by) })
	for _, x := range all {
		if to := &c.Moved; x.Before != nil {
			*to = append(*to, x.Change)
		} else {
			c.New = append(c.New, x.Change)
		}
	}
	for _, f := range before {
		if k := keyOf(f); fresh[k] == nil {
			c.Gone = append(c.Gone, intel.Change{Kind: f.Kind, Target: f.Target, Name: f.Name, Horizon: f.Horizon, Before: old[k]})
		}
	}
	for _, list := range []*[]intel.Change{&c.Moved, &c.New, &c.Gone} {
		*list = (*list)[:min(mostMoved, len(*list))]
	}
	return c
}

// A key says what a forecast is of.
type key struct {
	kind, target string
	horizon      int
}

// keyOf is the same from day to day: how many documents are a surge is not.
func keyOf(f intel.Forecast) key {
	if f.Kind == "surge" {
		return key{f.Kind, "", f.Horizon}
	}
	return key{f.Kind, f.Target, f.Horizon}
}

func madeOn(fs []intel.Forecast) (at time.Time) {
	for _, f := range fs {
		if f.Made.After(at) {
			at = f.Made
		}
	}
	return at
}

// stands is what forecasts of one day say, with their ranks among those of their kind; the
// only one has none.
func stands(fs []intel.Forecast) map[key]*intel.Stand {
	out := map[key]*intel.Stand{}
	for _, f := range fs {
		s, others, before := standOf(f), -1, 0
		for _, g := range fs {
			if g.Kind != f.Kind || g.Horizon != f.Horizon {
				continue
			}
			if others++; g.Probability > f.Probability {
				before++
			}
		}
		if s.Median == nil && others > 0 {
			s.Rank = before + 1
		}
		out[keyOf(f)] = &s
	}
	return out
}

// standOf is what a forecast says, but for its rank.
func standOf(f intel.Forecast) intel.Stand {
	if median, ok := f.Quantiles["0.5"]; ok {
		return intel.Stand{Median: &median, Low: f.Quantiles["0.1"], Up: f.Quantiles["0.9"], Skill: f.Skill}
	}
	p := f.Probability
	return intel.Stand{Probability: &p, Skill: f.Skill}
}

// shifted is how far a forecast is from what it was among those of a week before, 0 if too
// little to be told.
func shifted(f intel.Forecast, is, was *intel.Stand, before []intel.Forecast) float64 {
	if is.Median != nil && was.Median != nil {
		i := slices.IndexFunc(before, func(b intel.Forecast) bool { return keyOf(b) == keyOf(f) })
		if q := before[i].Quantiles; *is.Median >= q["0.25"] && *is.Median <= q["0.75"] {
			return 0
		}
		return 1e3 + math.Abs(math.Log((*is.Median+1)/(*was.Median+1))) // counts stand first
	}
	if is.Probability == nil || was.Probability == nil {
		return 0
	}
	by := math.Abs(logit(clamp(*is.Probability)) - logit(clamp(*was.Probability)))
	places := max(is.Rank-was.Rank, was.Rank-is.Rank)
	if is.Rank == 0 || was.Rank == 0 {
		places = 0 // there was no other to be ranked with
	}
	if places < movedRank && (by < math.Log(movedOdds) || !is.Skill.Above()) {
		return 0
	}
	return max(by, 1e-9)
}

// settle tells what came of judged forecasts.
func settle(c *intel.Changes, judged []Judged) {
	last := map[key]Judged{}
	var order []key
	for _, j := range judged {
		k := keyOf(j.Forecast)
		was, ok := last[k]
		if !ok {
			order = append(order, k)
		}
		if !ok || j.Made.After(was.Made) || j.Made.Equal(was.Made) && j.Marking > was.Marking {
			last[k] = j
		}
	}
	var all []intel.Settled
	for _, k := range order {
		j := last[k]
		s := intel.Settled{Forecast: j.ID, Kind: j.Kind, Target: j.Target, Name: j.Name, Horizon: j.Horizon, Made: j.Made, Due: j.Due, Stand: standOf(j.Forecast),
			Came: j.Outcome.Came, Unscoreable: j.Outcome.Unscoreable}
		switch {
		case s.Unscoreable != "":
			c.Unscoreable++
		case s.Counted():
		case s.Came > 0:
			c.Came++
		default:
			c.CameNot++
		}
		all = append(all, s)
	}
	slices.SortStableFunc(all, func(a, b intel.Settled) int {
		return cmp.Or(cmp.Compare(telling(a), telling(b)), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Horizon, b.Horizon), cmp.Compare(a.Target, b.Target))
	})
	c.Judged = all[:min(mostSettled, len(all))]
}

// telling is where a judged forecast stands: counts and what came true before what did
// not, and what cannot be judged last.
func telling(s intel.Settled) int {
	switch {
	case s.Unscoreable != "":
		return 3
	case s.Counted():
		return 0
	case s.Came > 0:
		return 1
	}
	return 2
}
