package characteristics

import (
	"cmp"
	"context"
	"math/rand/v2"
	"slices"

	"github.com/portent-cti/portent/internal/forecast"
)

// How an uptake is fitted. Nothing was tuned: steps and ridge were set before any
// data was looked at.
const (
	uptakeSteps = 4      // of one horizon each, the last that are closed
	uptakeRidge = 10     // as of the linear part of a stack
	uptakeCells = 150000 // that did not come, about so many are learned from
	fewestTaken = 40     // that came, or nothing is learned
	fewestAsked = 10     // rows that have anything, likewise
	mostAsked   = 500    // rows of a moment are learned from, evenly picked
	uptakeFolds = 4      // of hidden pairs
	// assumedShare is how many items a row is assumed to take up within the horizon
	// for each that it has, where no dates tell it: an assumption, not a measurement.
	assumedShare = 0.1
	// counted is of how many days what has a date is counted; where that is less than one
	// in a horizon nothing is forecast.
	counted = 365
)

// A Fit says what a model of uptake was fitted to.
type Fit string

// What it may be fitted to.
const (
	ByDates  Fit = "dates"      // what rows took up in past windows of one horizon
	ByHiding Fit = "hidden"     // pairs that were hidden: when they came to be nobody knows
	ByCount  Fit = "popularity" // too little came, or the count of those who have it told it as well
)

// An Uptake says which items rows will take up within a horizon.
type Uptake struct {
	Fitted  Fit
	Horizon int
	Came    int     // how many that came it was fitted to
	Base    float64 // which share of all that a row lacks it takes up
	// Untold is that of all rows together less than one item in a horizon has a date, though
	// they were watched: what is to come would not be told either, and nothing should be
	// forecast.
	Untold bool
	// Assumed is that how much is taken up is an assumption: no past window was watched.
	Assumed bool

	now   *moment
	model forecast.Logistic
	usual []float64 // what is told of an item in the mean
	pace  float64   // what share of what fits is expected to come within the horizon
	rate  float64   // how many items a row is expected to take up
	sum   float64   // of how popular all items are

	watched float64 // rows it was fitted to, each as often as it was asked
}

// FitUptake fits a model of what rows take up within horizon days to a world as
// of a day. Of what was taken up in the last delay days not all is known: it is
// not learned from. The order of items comes from what was taken up in past
// windows; where too little has a date, from pairs that are hidden; where that is
// too little, too, or tells a window held out no better, it is by popularity.
func FitUptake(ctx context.Context, w *World, day int32, horizon, delay int, seed uint64) (*Uptake, error) {
	if err := w.Check(); err != nil {
		return nil, err
	}
	u := &Uptake{Horizon: horizon, pace: 1, now: w.before(day, false, nil), Untold: w.untold(day, int32(horizon), int32(delay))} //nolint:gosec // days
	if err := u.fit(ctx, ByDates, w.steps(day, int32(horizon), int32(delay)), seed); err != nil {                                //nolint:gosec // days
		return nil, err
	}
	if u.Came < fewestTaken {
		if err := u.hidden(ctx, w, day, seed); err != nil {
			return nil, err
		}
	}
	u.sum = u.now.weight()
	return u, u.now.learn(seed)
}

// untold reports whether of all asked rows less than one item in a horizon is dated within
// a year, or since they are watched, if one is closed in which they were.
func (w *World) untold(day, horizon, delay int32) bool {
	from, told := max(day-counted, w.Since), int32(0)
	for _, l := range w.Rows {
		for _, h := range l.Had {
			if l.Asked && h.Day >= from && h.Day < day {
				told++
			}
		}
	}
	return w.Since <= day-delay-horizon && told*horizon < day-from
}

// place is where a line has an item.
func (l Line) place(item int) (int, bool) {
	return slices.BinarySearchFunc(l.Had, int32(item), func(h Had, i int32) int { return cmp.Compare(h.Item, i) }) //nolint:gosec // at most MostItems
}

// weight is how popular all items are together.
func (m *moment) weight() (sum float64) {
	for _, n := range m.popular {
		sum += n + popularPrior
	}
	return sum
}

// popularPrior is how many rows more each item is counted for.
const popularPrior = 0.1

// simple is what popularity says of an item of which a row is expected to take up so many.
func (m *moment) simple(item int, expected, sum float64) float64 {
	return min(0.9, expected*(m.popular[item]+popularPrior)/sum)
}

// An episode is a moment of the past and what came of it.
type episode struct {
	at   *moment
	came func(row, item int) bool
	rows []int // asked
}

// newEpisode asks of rows that have anything.
func newEpisode(at *moment, came func(row, item int) bool) episode {
	var all []int
	for r, line := range at.world.Rows {
		if line.Asked && len(at.rows[r]) > 0 {
			all = append(all, r)
		}
	}
	e := episode{at: at, came: came}
	for k := range min(mostAsked, len(all)) {
		e.rows = append(e.rows, all[k*len(all)/min(mostAsked, len(all))])
	}
	return e
}

// steps are the windows of the past that are closed and were watched, oldest first.
func (w *World) steps(day, horizon, delay int32) (out []episode) {
	for k := int32(uptakeSteps); k > 0; k-- {
		from := day - delay - k*horizon
		if from < w.Since {
			continue
		}
		out = append(out, newEpisode(w.before(from, false, nil), func(row, item int) bool {
			i, had := w.Rows[row].place(item)
			return had && w.Rows[row].Had[i].Day >= from && w.Rows[row].Had[i].Day < from+horizon
		}))
	}
	return out
}

// hidden fits the order of items to pairs that are hidden, each once. How much is taken up
// dates tell. Where they tell of little, an assumption counts as much as one row in one
// horizon, beside what came of all that were watched.
func (u *Uptake) hidden(ctx context.Context, w *World, day int32, seed uint64) error {
	chance := rand.New(rand.NewPCG(seed, 17))
	fold, size, rows := make([][]int8, len(w.Rows)), 0.0, 0.0
	for r, line := range w.Rows {
		fold[r] = make([]int8, len(line.Had))
		for k := range fold[r] {
			fold[r][k] = int8(chance.IntN(uptakeFolds)) //nolint:gosec // four
		}
		if line.Asked && len(line.Had) > 0 {
			size += float64(len(line.Had))
			rows++
		}
	}
	var all []episode
	for f := range uptakeFolds {
		gone := func(row, place int) bool { return w.Rows[row].Asked && int(fold[row][place]) == f }
		all = append(all, newEpisode(w.before(day, true, gone), func(row, item int) bool {
			i, had := w.Rows[row].place(item)
			return had && gone(row, i)
		}))
	}
	expected, came, watched := u.rate, u.Came, u.watched
	if err := u.fit(ctx, ByHiding, all, seed); err != nil {
		return err
	}
	if came < fewestTaken/4 {
		expected = (float64(came) + assumedShare*size/max(1, rows)) / (watched + 1)
		u.Assumed = watched == 0
	}
	if u.rate > 0 && expected > 0 { // what is hidden and what is to come are parts of one whole
		u.pace = expected / u.rate
		u.Base *= u.pace
	} else {
		u.Base = expected / float64(max(1, w.Items))
	}
	u.rate = expected
	return nil
}

// A lesson is what is told of cells of an episode, and what came of them.
type lesson struct {
	forecast.Samples
	simple []float64 // what popularity says of each
}

// fit fits the model to episodes, unless too little came in them, or the last of them
// was told as well by popularity.
func (u *Uptake) fit(ctx context.Context, by Fit, all []episode, seed uint64) error {
	u.Fitted, u.Came, u.rate, u.Base, u.watched = ByCount, 0, 0, 0, 0
	cells, rows := 0.0, 0.0
	for _, e := range all {
		came, n := e.count()
		u.Came += came
		cells += n
		rows += float64(len(e.rows))
	}
	if rows == 0 {
		return nil
	}
	u.rate, u.Base, u.watched = float64(u.Came)/rows, float64(u.Came)/max(1, cells), rows
	if u.Came < fewestTaken || rows < fewestAsked*float64(len(all)) {
		return nil
	}
	thin := max(1, int(cells/uptakeCells))
	lessons := make([]lesson, len(all))
	for k, e := range all {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := e.at.learn(seed); err != nil {
			return err
		}
		lessons[k] = e.lesson(u.rate, thin, seed+uint64(k)) //nolint:gosec // four
		e.at.learned = nil                                  // what was learned of the past is of no use again
	}
	if better, err := heldOut(lessons); err != nil || !better {
		return err
	}
	whole := joined(lessons)
	var err error
	if u.model, err = forecast.FitLogistic(&whole.Samples, uptakeRidge); err != nil {
		return err
	}
	u.Fitted, u.usual = by, whole.usual()
	return nil
}

// count is how much came, of how many cells.
func (e episode) count() (came int, cells float64) {
	for _, r := range e.rows {
		e.each(r, func(item int) {
			cells++
			if e.came(r, item) {
				came++
			}
		})
	}
	return came, cells
}

// each does something with the items that a row lacked and that were there.
func (e episode) each(row int, do func(item int)) { e.at.each(row, do) }

// had is what a row had; one that is not there had nothing.
func (m *moment) had(row int) []int32 {
	if row >= len(m.rows) {
		return nil
	}
	return m.rows[row]
}

func (m *moment) each(row int, do func(item int)) {
	had := m.had(row)
	for j := range m.world.Items {
		if len(had) > 0 && int(had[0]) == j {
			had = had[1:]
		} else if m.there(j) {
			do(j)
		}
	}
}

// lesson tells of all cells that came and of one in so many of the others.
func (e episode) lesson(expected float64, thin int, seed uint64) lesson {
	parts, sum := make([]lesson, (len(e.rows)+63)/64), e.at.weight()
	each(len(e.rows), func(from, to int) {
		d, part := e.at.desk(), &parts[from/64]
		part.Width = width()
		chance := rand.New(rand.NewPCG(seed, uint64(from))) //nolint:gosec // rows are counted from zero
		for _, r := range e.rows[from:to] {
			e.at.tell(d, r)
			e.each(r, func(j int) {
				came, light := e.came(r, j), chance.IntN(thin) == 0
				if !came && !light {
					return
				}
				weight := 1.0
				if !came {
					weight = float64(thin)
				}
				part.Add(d.x[j*width():(j+1)*width()], came, weight)
				part.simple = append(part.simple, e.at.simple(j, expected, sum))
			})
		}
	})
	return joined(parts)
}

func joined(parts []lesson) lesson {
	out := lesson{Samples: forecast.Samples{Width: width()}}
	for _, p := range parts {
		out.X, out.Y, out.Weight, out.simple = append(out.X, p.X...), append(out.Y, p.Y...), append(out.Weight, p.Weight...), append(out.simple, p.simple...)
	}
	return out
}

// usual is what is told of a cell in the mean.
func (l lesson) usual() []float64 {
	out, all := make([]float64, l.Width), 0.0
	for i := range l.Len() {
		for k, v := range l.Row(i) {
			out[k] += l.Weight[i] * v
		}
		all += l.Weight[i]
	}
	for k := range out {
		out[k] /= max(1, all)
	}
	return out
}

// heldOut fits a model to all lessons but the last in which anything came, and says
// whether it told that one better than popularity, by log loss.
func heldOut(all []lesson) (bool, error) {
	last := len(all) - 1
	for last > 0 && !slices.Contains(all[last].Y, true) {
		last--
	}
	before := joined(all[:max(0, last)])
	if !slices.Contains(before.Y, true) {
		return false, nil
	}
	model, err := forecast.FitLogistic(&before.Samples, uptakeRidge)
	if err != nil {
		return false, err
	}
	ours, simple := 0.0, 0.0
	for i, came := range all[last].Y {
		ours += all[last].Weight[i] * forecast.LogLoss(forecast.Probability(model.LogOdds(all[last].Row(i))), came)
		simple += all[last].Weight[i] * forecast.LogLoss(all[last].simple[i], came)
	}
	return ours < simple, nil
}
