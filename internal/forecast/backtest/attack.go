package backtest

import (
	"context"
	"fmt"
	"slices"

	"github.com/portent-cti/portent/internal/forecast"
	"github.com/portent-cti/portent/internal/forecast/characteristics"
)

// A Release is what a release of ATT&CK says: which techniques are live, and
// who uses which.
type Release struct {
	Name       string
	Techniques []string // sorted
	Users      []User   // groups, campaigns and software, by ID
}

// A User is one of them.
type User struct {
	ID         string
	Group      bool
	Techniques []string // live ones, sorted
}

// attackTested is how many steps at the end are tested.
const attackTested = 3

// attackRidge is the ridge of the small model: few links are added at a step.
const attackRidge = 30

// A step is from one release to the next: of each group, which techniques it
// lacked and got.
type step struct {
	model       *characteristics.Recommender
	asked       []characteristics.Question // of each group
	rows        forecast.Samples           // of each cell, group by group
	group       []int                      // of each cell
	popularity  []float64                  // of each cell
	tie         []float64
	unscoreable int // links that came, to techniques that were not there
}

// Attack replays which techniques groups are given by the next release. The
// model is fitted to the steps before the one that is tested. Its probabilities
// are those of the steps it has seen; how much MITRE edits until the next one
// is unknown to it.
func Attack(ctx context.Context, releases []Release, o Options) (Result, error) {
	if len(releases) < 3 {
		return Result{}, fmt.Errorf("%w: %d releases, and one step is learned from before the next is tested", ErrTooShort, len(releases))
	}
	run := attack{options: o}
	for k := range len(releases) - 1 {
		if err := ctx.Err(); err != nil {
			return Result{}, err
		}
		s, err := stepOf(releases[:k+1], &releases[k+1], o.Seed)
		if err != nil {
			return Result{}, fmt.Errorf("%s: %w", releases[k].Name, err)
		}
		if k > 0 && k >= len(releases)-1-attackTested {
			if err := run.test(s); err != nil {
				return Result{}, fmt.Errorf("%s: %w", releases[k].Name, err)
			}
		}
		run.learned = append(run.learned, s)
		if o.Progress != nil {
			o.Progress(k+1, len(releases)-1)
		}
	}
	return run.result()
}

// stepOf is the step from the last release of some to the next.
func stepOf(releases []Release, next *Release, seed uint64) (*step, error) {
	now := &releases[len(releases)-1]
	items := now.Techniques
	if len(items) > characteristics.MaxItems {
		return nil, fmt.Errorf("%d techniques, and at most %d can be told apart", len(items), characteristics.MaxItems)
	}
	m := &characteristics.Matrix{Items: len(items), Parent: parents(items)}
	s, later := &step{}, map[string][]string{}
	for _, u := range next.Users {
		later[u.ID] = u.Techniques
	}
	for _, u := range now.Users {
		row := placesIn(items, u.Techniques)
		if techniques, live := later[u.ID]; u.Group && live && len(row) > 0 {
			q := characteristics.Question{Row: row, Self: len(m.Rows)}
			for _, i := range placesIn(items, techniques) {
				if _, had := slices.BinarySearch(row, i); !had {
					q.Hidden = append(q.Hidden, i)
				}
			}
			for _, id := range techniques {
				if _, there := slices.BinarySearch(items, id); !there {
					s.unscoreable++
				}
			}
			s.asked = append(s.asked, q)
		}
		if len(row) > 0 {
			m.Rows = append(m.Rows, row)
		}
	}
	var err error
	if s.model, err = characteristics.Learn(m, seed); err != nil {
		return nil, err
	}
	return s, s.fill(releases, seed)
}

// placesIn returns where some IDs stand in a sorted list, rising.
func placesIn(items, ids []string) (out []int32) {
	for _, id := range ids {
		if i, found := slices.BinarySearch(items, id); found {
			out = append(out, int32(i)) //nolint:gosec // at most MaxItems
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// fill works out the rows of a step: what recommenders say of each technique
// that a group lacks, and whether it is new in the release.
func (s *step) fill(releases []Release, seed uint64) error {
	width, signals := characteristics.Small(s.model, s.asked)
	popular, err := characteristics.Baseline("popularity", s.model, s.asked, seed)
	if err != nil {
		return err
	}
	tie, err := characteristics.Baseline("tie_wals", s.model, s.asked, seed)
	if err != nil {
		return err
	}
	s.rows.Width = width
	for k, q := range s.asked {
		for j := range popular[k] {
			item := int32(j) //nolint:gosec // at most MaxItems
			if _, had := slices.BinarySearch(q.Row, item); had {
				continue
			}
			_, came := slices.BinarySearch(q.Hidden, item)
			s.rows.Add(signals[k][j*width:(j+1)*width], came, 1)
			s.group, s.popularity, s.tie = append(s.group, k), append(s.popularity, popular[k][j]), append(s.tie, tie[k][j])
		}
	}
	return nil
}

// An attack is a replay under way.
type attack struct {
	options Options
	learned []*step
	tested  []*step
	said    map[string][][]Scored // by way, of each tested step
}

// test fits the model to the steps before one and scores it there.
func (a *attack) test(s *step) error {
	rows := forecast.Samples{Width: s.rows.Width}
	for _, before := range a.learned {
		rows.X, rows.Y = append(rows.X, before.rows.X...), append(rows.Y, before.rows.Y...)
		rows.Weight = append(rows.Weight, before.rows.Weight...)
	}
	if !slices.Contains(rows.Y, true) {
		return fmt.Errorf("no group was given anything before: %w", characteristics.ErrEmpty)
	}
	model, err := forecast.FitLogistic(&rows, attackRidge)
	if err != nil {
		return err
	}
	said := map[string][]Scored{}
	for k, came := range s.rows.Y {
		for way, p := range map[string]float64{"model": forecast.Probability(model.LogOdds(s.rows.Row(k))), "popularity": s.popularity[k], "tie_wals": s.tie[k]} {
			said[way] = append(said[way], Scored{p, came})
		}
	}
	if a.said == nil {
		a.said = map[string][][]Scored{}
	}
	for way, fs := range said {
		a.said[way] = append(a.said[way], fs)
	}
	a.tested = append(a.tested, s)
	return nil
}

// result is the mean over the steps tested.
func (a *attack) result() (Result, error) {
	out := Result{Head: "attack", Columns: []Column{{"ap", "AP"}, {"auc", "AUC"}, {"recall@20", "recall@20"}, {"brier_skill", "Brier skill"}, {"ece", "ECE"}},
		Cutoffs: len(a.tested), Metrics: Score{}, Baselines: map[string]Score{"popularity": {}, "tie_wals": {}},
		Skill: map[string][3]float64{}, Means: map[string]string{"popularity": "AP", "tie_wals": "AP"}, BySeed: map[string]map[string][]float64{}}
	lost := 0
	for k, s := range a.tested {
		if !slices.Contains(s.rows.Y, true) {
			return out, fmt.Errorf("%w: nothing was added at one of the last %d steps", ErrTooShort, attackTested)
		}
		out.Forecasts += len(s.rows.Y)
		lost += s.unscoreable
		for _, y := range s.rows.Y {
			if y {
				out.Came++
			}
		}
		for way, said := range a.said {
			score := out.Metrics
			if way != "model" {
				score = out.Baselines[way]
			}
			for name, v := range s.grade(said[k], way == "model") {
				score[name] += v / float64(len(a.tested))
				if out.BySeed[way] == nil {
					out.BySeed[way] = map[string][]float64{}
				}
				out.BySeed[way][name] = append(out.BySeed[way][name], v)
			}
		}
	}
	for _, than := range []string{"popularity", "tie_wals"} {
		out.Skill[than] = a.gain(than)
	}
	out.Unscoreable = float64(lost) / float64(max(1, lost+out.Came))
	if out.Metrics["brier_skill"] < 0 {
		out.Remark = "it orders what comes next; its probabilities are no better than the base rate and are shown to nobody"
	}
	return out, nil
}

// grade is how a way did at a step: over all cells, and by group.
func (s *step) grade(said []Scored, probability bool) Score {
	ts := ties(said)
	out := Score{"ap": averagePrecision(ts), "auc": auc(ts)}
	if probability {
		out["brier_skill"], out["ece"] = 1-BrierSum(said)/BrierSum(baseRate(said)), ECE(said, 20)
	}
	groups, asked := make([][]Scored, len(s.asked)), 0.0
	for k, f := range said {
		groups[s.group[k]] = append(groups[s.group[k]], f)
	}
	for _, fs := range groups {
		if slices.ContainsFunc(fs, func(f Scored) bool { return f.Came }) {
			out["recall@20"] += Recall(fs, top)
			asked++
		}
	}
	out["recall@20"] /= max(1, asked)
	return out
}

// gain is by how much the model's average precision is above that of another
// way, on the mean over steps, with its interval over the groups of all steps.
func (a *attack) gain(than string) [3]float64 {
	var ours, theirs [][]int
	var weights [][]float64
	var step, place []int // of each group of each step
	for k, s := range a.tested {
		ours, theirs = append(ours, order(a.said["model"][k])), append(theirs, order(a.said[than][k]))
		weights = append(weights, make([]float64, len(s.asked)))
		for g := range s.asked {
			step, place = append(step, k), append(place, g)
		}
	}
	return over(len(step), a.options.Seed, func(drawn []int) float64 {
		for _, w := range weights {
			clear(w)
		}
		for _, d := range drawn {
			weights[step[d]][place[d]]++
		}
		sum := 0.0
		for k, s := range a.tested {
			sum += weightedAP(a.said["model"][k], ours[k], s.group, weights[k]) - weightedAP(a.said[than][k], theirs[k], s.group, weights[k])
		}
		return sum / float64(len(a.tested))
	})
}
