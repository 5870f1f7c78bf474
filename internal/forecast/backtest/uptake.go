package backtest

import (
	"context"
	"fmt"
	"time"

	"github.com/portent-cti/portent/internal/forecast"
	"github.com/portent-cti/portent/internal/forecast/characteristics"
)

const (
	// uptakeCutoffs is how many cutoffs are tested, a horizon apart, the last that are closed.
	uptakeCutoffs = 12
	// uptakeSeed is that of what the models draw.
	uptakeSeed = 1
)

// An Uptake is who was linked with what since when, to be replayed. Where items have
// parts, such as the fragments of vulnerabilities, those are forecast through them.
type Uptake struct {
	World  *characteristics.World
	Parts  [][]Part                // of each item; nil: items themselves are forecast
	Direct [][]characteristics.Had // of each row the parts it had without an item; nil: none
	All    int                     // how many parts there are
}

// A Part is something that an item has, and how far that is believed.
type Part struct {
	Part int32
	Has  float64
}

// An asked is one row at one cutoff of whom something came.
type asked struct {
	row        int
	came, lost float64          // how many, and of them could not be forecast
	hits       map[string]Score // how many of them stand in the top, by way
}

// ReplayUptake replays what rows take up within 90 days, everything fitted anew at each
// cutoff: which share of it stands in the top 20, beside popularity.
func ReplayUptake(ctx context.Context, head string, u Uptake, o Options) (Result, error) {
	out := Result{Head: head, Columns: []Column{{"recall@20", "recall@20"}, {"recall@10", "recall@10"}}, Means: map[string]string{"popularity": "recall@20"}}
	if err := u.World.Check(); err != nil {
		return out, err
	}
	cutoffs := u.cutoffs(o)
	var all []asked
	for k, day := range cutoffs {
		if err := ctx.Err(); err != nil {
			return out, err
		}
		some, err := u.at(ctx, day)
		if err != nil {
			return out, err
		}
		if len(some) > 0 {
			out.Cutoffs++
			if out.First.IsZero() {
				out.First = dayTime(day)
			}
			out.Last = dayTime(day)
		}
		all = append(all, some...)
		if o.Progress != nil {
			o.Progress(k+1, len(cutoffs))
		}
	}
	if early := u.cutoffs(Options{To: o.To}); len(cutoffs) == 0 && len(early) > 0 {
		return out, tooLate(o.From, dayTime(early[len(early)-1]))
	}
	if len(all) == 0 {
		return out, fmt.Errorf("%w: of nobody of whom anything was known is it dated that something came later", ErrTooShort)
	}
	return u.sum(out, all, o), nil
}

func dayTime(day int32) time.Time { return time.Unix(int64(day)*86400, 0).UTC() }

// cutoffs are a horizon apart, the last one closed when the last date is, oldest first.
func (u Uptake) cutoffs(o Options) (out []int32) {
	last := int32(0)
	for r, line := range u.World.Rows {
		for _, h := range line.Had {
			last = max(last, h.Day)
		}
		if u.Direct != nil {
			for _, h := range u.Direct[r] {
				last = max(last, h.Day)
			}
		}
	}
	if !o.To.IsZero() {
		last = min(last, int32(o.To.Unix()/86400)-1) //nolint:gosec // days
	}
	for k := int32(uptakeCutoffs); k > 0; k-- {
		if day := last + 1 - k*forecast.UptakeHorizon; day > 0 && !dayTime(day).Before(o.From) {
			out = append(out, day)
		}
	}
	return out
}

// at fits the model as of a day, and asks it of each row of whom something came.
func (u Uptake) at(ctx context.Context, day int32) ([]asked, error) {
	until := day + forecast.UptakeHorizon
	model, err := characteristics.FitUptake(ctx, u.World, day, forecast.UptakeHorizon, int(forecast.Delay/(24*time.Hour)), uptakeSeed)
	if err != nil {
		return nil, err
	}
	popular := make([]float64, u.count())
	for r := range u.World.Rows {
		for i, on := range u.parts(r) {
			if on < day {
				popular[i]++
			}
		}
	}
	var out []asked
	for r, line := range u.World.Rows {
		known, had := u.parts(r), false
		for _, h := range line.Had {
			had = had || h.Day < day
		}
		a := asked{row: r, hits: map[string]Score{}}
		for _, on := range known {
			if on >= day && on < until {
				a.came++
			}
		}
		if line.Asked && had && a.came > 0 {
			u.ask(&a, model, known, popular, day)
			out = append(out, a)
		}
	}
	return out, nil
}

// count is how many things are forecast.
func (u Uptake) count() int {
	if u.Parts == nil {
		return u.World.Items
	}
	return u.All
}

// parts are what a row has of what is forecast, each since the first day.
func (u Uptake) parts(row int) map[int32]int32 {
	out := map[int32]int32{}
	add := func(part, day int32) {
		if before, had := out[part]; had {
			day = min(day, before)
		}
		out[part] = day
	}
	for _, h := range u.World.Rows[row].Had {
		if u.Parts == nil {
			add(h.Item, h.Day)
			continue
		}
		for _, p := range u.Parts[h.Item] {
			add(p.Part, h.Day)
		}
	}
	if u.Direct != nil {
		for _, h := range u.Direct[row] {
			add(h.Item, h.Day)
		}
	}
	return out
}

// ask ranks what a row lacked, and counts what came among the first.
func (u Uptake) ask(a *asked, model *characteristics.Uptake, known map[int32]int32, popular []float64, day int32) {
	none := make([]float64, u.count())
	for i := range none {
		none[i] = 1
	}
	there := make([]bool, u.count())
	for _, p := range model.Ask(a.row, u.World.Items) {
		if u.Parts == nil {
			none[p.Item], there[p.Item] = 1-p.Probability, true
			continue
		}
		for _, part := range u.Parts[p.Item] {
			none[part.Part] *= 1 - p.Probability*part.Has
			there[part.Part] = true
		}
	}
	ways := map[string][]Scored{}
	for i := range none {
		on, had := known[int32(i)] //nolint:gosec // parts are counted in int32
		if had && on < day {
			continue
		}
		came := had && on < day+forecast.UptakeHorizon
		if !there[i] && popular[i] == 0 {
			if came {
				a.lost++
			}
			continue
		}
		ways["model"] = append(ways["model"], Scored{1 - none[i], came})
		ways["popularity"] = append(ways["popularity"], Scored{popular[i], came})
	}
	if a.came > a.lost {
		for way, fs := range ways {
			a.hits[way] = Score{"recall@20": (a.came - a.lost) * Recall(fs, top), "recall@10": (a.came - a.lost) * Recall(fs, top/2)}
		}
	}
}

// sum is over all that came: what could not be forecast was not found.
func (u Uptake) sum(out Result, all []asked, o Options) Result {
	came, lost := 0.0, 0.0
	total := map[string]Score{"model": {}, "popularity": {}}
	for _, a := range all {
		came += a.came
		lost += a.lost
		for way, hits := range a.hits {
			for name, v := range hits {
				total[way][name] += v
			}
		}
	}
	for _, score := range total {
		for _, name := range []string{"recall@20", "recall@10"} {
			score[name] /= came
		}
	}
	out.Forecasts, out.Came, out.Unscoreable = top*len(all), int(came), lost/came
	out.Metrics, out.Baselines = total["model"], map[string]Score{"popularity": total["popularity"]}
	of := make([][]asked, len(u.World.Rows)) // cases of one actor stay together
	for _, a := range all {
		of[a.row] = append(of[a.row], a)
	}
	var rows [][]asked
	for _, some := range of {
		if len(some) > 0 {
			rows = append(rows, some)
		}
	}
	out.Metrics["actors"], out.Metrics["cases"] = float64(len(rows)), came
	out.Skill = map[string][3]float64{"popularity": over(len(rows), o.Seed, func(drawn []int) float64 {
		gain, n := 0.0, 0.0
		for _, r := range drawn {
			for _, a := range rows[r] {
				gain += a.hits["model"]["recall@20"] - a.hits["popularity"]["recall@20"]
				n += a.came
			}
		}
		return gain / max(1, n)
	})}
	out.Remark = fmt.Sprintf("%d cases of %d actors", int(came), len(rows))
	if len(rows) < fewActors {
		out.Remark += ": too thin to conclude anything from"
	}
	return out
}

// fewActors is of how many actors at least something must come, for more than a count.
const fewActors = 20
