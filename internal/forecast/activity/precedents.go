package activity

import "math"

// A Precedent is a past state near that of now: of which series, at the beginning of
// which week, and what came in the weeks that are forecast.
type Precedent struct{ Series, Week, Came int }

// Horizon is how many weeks the model forecasts.
func (m *Model) Horizon() int { return m.h }

// Precedents returns the past states that are nearest to that of a series now, by the
// measure of the pool's analogs, the nearest first. What came of one is of no week that
// another of the same series tells of. There are none until the analogs are asked.
func (m *Model) Precedents(s, most int) (out []Precedent) {
	if m.forest == nil {
		return nil
	}
	x := m.panel.state(s, m.week, m.totals[m.week])
	far := make([]float64, len(m.past))
	for i := range m.past {
		for _, j := range compared() {
			z := (x[j] - m.past[i].x[j]) / m.spread[j]
			far[i] += z * z
		}
	}
	for len(out) < most {
		best := -1
		for i, d := range far {
			if best < 0 || d < far[best] {
				best = i
			}
		}
		if best < 0 || math.IsInf(far[best], 1) {
			break
		}
		p := m.past[best]
		out = append(out, Precedent{p.series, p.week, p.y})
		for i := range m.past {
			if q := &m.past[i]; q.series == p.series && q.week < p.week+m.h && p.week < q.week+m.h {
				far[i] = math.Inf(1)
			}
		}
	}
	return out
}
