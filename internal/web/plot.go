package web

import (
	"fmt"
	"html/template"
	"io"
	"math"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// A Replayed is how forecasts of past days did, to be drawn.
type Replayed struct {
	Title, Note string
	Skills      []ReplayedSkill
	Reliability []intel.ReliabilityPoint // of probabilities; may be none
	Covered     []intel.ReliabilityPoint // of central intervals of counts; may be none
}

// A ReplayedSkill is by how much forecasts were better than a simpler way.
type ReplayedSkill struct {
	Measure, Than string
	Skill         intel.Interval
}

// A panel is one diagram of a plot, 580 wide.
type panel struct {
	X       int
	Title   string
	Diagram *reliabilityChart
	Skills  *skillChart
}

// A skillChart is skills with their intervals, one below the other.
type skillChart struct {
	Zero  string
	Ticks []mark
	Lines []skillLine
}

type skillLine struct {
	Y, At, Least, Most string
	Label, Figures     string
	Open               bool // it may be nought
}

// Plot draws a replay as one SVG file that needs no other.
func Plot(w io.Writer, r Replayed) error {
	var panels []panel
	add := func(p panel) {
		p.X = 580 * len(panels)
		panels = append(panels, p)
	}
	if len(r.Skills) > 0 {
		add(panel{Title: "Better than simpler ways (95 % intervals)", Skills: skills(r.Skills)})
	}
	if len(r.Reliability) > 0 {
		add(panel{Title: "Reliability: what came of what was said", Diagram: reliable(r.Reliability, endOf(r.Reliability), "came true", "said")})
	}
	if len(r.Covered) > 0 {
		add(panel{Title: "Outcomes within central intervals (PIT)", Diagram: reliable(r.Covered, 1, "lay within", "interval")})
	}
	t, err := template.New("").Funcs(functions(nil)).ParseFS(sources, "templates/plot.html")
	if err != nil {
		return err
	}
	return t.ExecuteTemplate(w, "plot", struct {
		Replayed
		Width  int
		Panels []panel
	}{r, max(580, 580*len(panels)), panels})
}

// skills draws skills in a box from 230 to 540.
func skills(all []ReplayedSkill) *skillChart {
	low, high := 0.0, 0.1
	for _, s := range all {
		for _, v := range s.Skill {
			if !math.IsNaN(v) && !math.IsInf(v, 0) {
				low, high = math.Min(low, v), math.Max(high, v)
			}
		}
	}
	at := func(v float64) string { return fixed(230 + 310*(v-low)/(high-low)) }
	c := &skillChart{Zero: at(0)}
	step := math.Pow(10, math.Floor(math.Log10(high-low)))
	for (high-low)/step < 4 {
		step /= 2
	}
	for i := math.Ceil(low / step); i*step <= high; i++ {
		c.Ticks = append(c.Ticks, mark{At: at(i * step), Text: strings.Replace(fmt.Sprintf("%.3g", i*step+0), "-", "−", 1)})
	}
	for i, s := range all {
		l := skillLine{Y: fixed(float64(32 + 42*i)), Label: s.Than, Figures: s.Measure + " " + skillOf(s.Skill), Open: !s.Skill.Above()}
		if v := s.Skill[0]; !math.IsNaN(v) && !math.IsInf(v, 0) {
			l.At = at(v)
			if s.Skill.Bounded() {
				l.Least, l.Most = at(s.Skill[1]), at(s.Skill[2])
			}
		}
		c.Lines = append(c.Lines, l)
	}
	return c
}
