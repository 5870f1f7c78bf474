package web

import (
	"fmt"
	"math"
	"net/url"
	"strconv"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// A trackPage is how forecasts turned out, ready to print.
type trackPage struct {
	Heads, Actors []recordLine
	Shown         *recordLine // of which the diagram is
	Chart         *trackChart
	Made, Judged  int
	Lost          int // of those that were due, those that nobody can judge
	Better        int // heads
	Chain         intel.Chain
	Faults        []string
}

// A recordLine is a record, ready to print: one score of it, as a head has one.
type recordLine struct {
	intel.HeadRecord
	Title, Href string
	Question    string
	Events      bool
	Score, Base string // loss of ours; skill over the base rate, with its interval
	Simple, ECE string
	Logs        string // our logarithmic score and that of the base rate
	Dot         *skillDot
}

// A skillDot is a skill with its interval, 120 by 9, nought at 30.
type skillDot struct {
	At, Least, Most string
	Open            bool // it may be nought
}

// A trackChart is a reliability diagram with how many forecasts each point is of, 560
// by 470.
type trackChart struct {
	reliabilityChart
	Bars []countBar
}

// A countBar says how many forecasts a point is of.
type countBar struct {
	X, Top, High, Mid string
	N                 int
	Labelled          bool // there is room for its number
}

// track makes the part of the page on forecasts; head is the one to draw.
func track(t intel.Track, head string) trackPage {
	p := trackPage{Chain: t.Chain}
	for _, f := range t.Chain.Faults {
		p.Faults = append(p.Faults, f.String())
	}
	most := -1
	for i, h := range t.Heads {
		p.Made += h.Forecasts
		p.Judged += h.Judged
		p.Lost += h.Unscoreable
		if h.Verdict == intel.Better {
			p.Better++
		}
		p.Heads = append(p.Heads, recordOf(h))
		if len(h.Reliability) > 0 && (h.Head == head || most < 0 || t.Heads[most].Head != head && h.Judged > t.Heads[most].Judged) {
			most = i
		}
	}
	if most >= 0 {
		p.Shown = &p.Heads[most]
		p.Chart = trackChartOf(*p.Shown)
	}
	for _, a := range t.Actors {
		p.Actors = append(p.Actors, recordOf(a))
	}
	return p
}

func recordOf(h intel.HeadRecord) recordLine {
	l := recordLine{HeadRecord: h, Events: h.Brier != nil, Score: dash, Base: dash, Simple: dash, ECE: dash, Logs: dash}
	if h.Head != "" {
		l.Title, l.Question = headTitle(h.Head), question(h.Head)
		if len(h.Reliability) > 0 { // there is a diagram to lead to
			l.Href = "/scoreboard?head=" + url.QueryEscape(h.Head) + "#rel-h"
		}
	} else {
		l.Title, l.Href = h.Name, Path(h.Actor)
	}
	mean, base, simple := h.CRPS, h.CRPSSkill, h.CRPSSimple
	if l.Events {
		mean, base, simple = h.Brier, h.BrierSkill, h.BrierSimple
	}
	if mean != nil {
		l.Score = fmt.Sprintf("%.3f", *mean)
	}
	if base != nil {
		l.Base, l.Dot = skillOf(*base), dotOf(*base)
	}
	if simple != nil {
		l.Simple = skillOf(*simple)
	}
	if h.ECE != nil {
		l.ECE = fmt.Sprintf("%.3f", *h.ECE)
	}
	if h.LogLoss != nil && h.BaseLogLoss != nil {
		l.Logs = fmt.Sprintf("%.3f against %.3f", *h.LogLoss, *h.BaseLogLoss)
	}
	return l
}

func headTitle(head string) string {
	if head == "" {
		return dash
	}
	return strings.ToUpper(head[:1]) + strings.ReplaceAll(head[1:], "-", " ")
}

// question says what a head is asked.
func question(head string) string {
	switch head {
	case "activity":
		return "how many documents in 7 and 28 days"
	case "any activity":
		return "whether there is any in 28 days"
	case "surge":
		return "whether there are twice as many as usual in 28 days"
	case "exploited vendor":
		return "whether CISA lists a flaw of it in 30 days"
	case "exploited vulnerability":
		return "whether CISA lists it in 30 days"
	case "country", "sector", "organization":
		return "whether it is attacked in 90 days"
	}
	return "whether it is taken up in 90 days"
}

// skillOf writes a skill, "+0.25 (+0.20 to +0.31)"; of what is off by far, "−206 (−209 to
// −203)", digits behind the point say nothing.
func skillOf(v intel.Interval) string {
	write := func(x float64) string {
		if math.Abs(x) >= 10 {
			return strings.Replace(fmt.Sprintf("%+.0f", x), "-", "−", 1)
		}
		return signed(x)
	}
	switch {
	case math.IsNaN(v[0]) || math.IsInf(v[0], 0):
		return dash
	case !v.Bounded():
		return write(v[0])
	}
	return fmt.Sprintf("%s (%s to %s)", write(v[0]), write(v[1]), write(v[2]))
}

func dotOf(v intel.Interval) *skillDot {
	if math.IsNaN(v[0]) || math.IsInf(v[0], 0) {
		return nil
	}
	at := func(x float64) string { return fixed(math.Max(3, math.Min(117, 30+85*x))) }
	d := &skillDot{At: at(v[0]), Open: !v.Above()}
	if v.Bounded() {
		d.Least, d.Most = at(v[1]), at(v[2])
	}
	return d
}

// trackChartOf draws the reliability of a record. Events that were all held improbable
// are drawn larger: the axes end where the points do.
func trackChartOf(l recordLine) *trackChart {
	if !l.Events {
		return &trackChart{reliabilityChart: *reliable(l.Reliability, 1, "lay at or below it", "quantile")}
	}
	scale, most := endOf(l.Reliability), 0
	c := &trackChart{reliabilityChart: *reliable(l.Reliability, scale, "came true", "said")}
	for _, p := range l.Reliability {
		most = max(most, p.N)
	}
	const digit, gap = 10, 6 // of the larger letters of a narrow screen
	end := math.Inf(-1)      // of the number before
	for _, p := range l.Reliability {
		x := boxLeft + p.P/scale*(boxRight-boxLeft)
		high := 34 * math.Log1p(float64(p.N)) / math.Log1p(float64(max(1, most)))
		b := countBar{X: fixed(x - 3), Mid: fixed(x), Top: fixed(456 - high), High: fixed(high), N: p.N}
		half := digit / 2 * float64(len(number(p.N)))
		if b.Labelled = x-half > end+gap; b.Labelled {
			end = x + half
		}
		c.Bars = append(c.Bars, b)
	}
	return c
}

// reliable draws what came of forecasts on axes from 0 to scale.
func reliable(points []intel.ReliabilityPoint, scale float64, of, below string) *reliabilityChart {
	bins := make([]intel.Bin, len(points))
	for i, p := range points {
		bins[i] = intel.Bin{Predicted: p.P / scale, Observed: p.Observed / scale, N: p.N, Least: p.Least / scale, Most: math.Min(1, p.Most/scale)}
	}
	c := calibration(bins)
	c.Of, c.Below = of, below
	digits := 2
	if scale < 1 {
		digits = 3
	}
	for i := range c.Grid {
		c.Grid[i].Text = strconv.FormatFloat(scale*float64(i)/4, 'f', digits, 64)
	}
	return c
}

// endOf is where both axes of a diagram of events end.
func endOf(points []intel.ReliabilityPoint) float64 {
	top := 0.0
	for _, p := range points {
		top = math.Max(top, math.Max(p.P, p.Observed))
	}
	for _, end := range []float64{0.1, 0.2, 0.4} {
		if top <= end {
			return end
		}
	}
	return 1
}
