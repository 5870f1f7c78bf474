package web

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// A reliabilityChart says how often what was said was right against how far it was
// believed, 560 by 390.
type reliabilityChart struct {
	Of, Below string // what the axes are called
	Grid      []mark // at both axes, from 0 to 1: X, Y and text
	Points    string
	Dots      []dot
}

// A dot is one bin with the bar of its interval.
type dot struct{ X, Y, Least, Most string }

// The box that values from 0 to 1 are drawn in.
const (
	boxLeft, boxRight   = 40.0, 548.0
	boxFloor, boxCeiled = 358.0, 10.0
)

func across(p float64) string { return fixed(boxLeft + p*(boxRight-boxLeft)) }
func upward(p float64) string { return fixed(boxFloor - p*(boxFloor-boxCeiled)) }

// calibration draws bins; nil if there are none.
func calibration(bins []intel.Bin) *reliabilityChart {
	if len(bins) == 0 {
		return nil
	}
	c := &reliabilityChart{Of: "was right", Below: "believed"}
	for _, p := range []float64{0, .25, .5, .75, 1} {
		c.Grid = append(c.Grid, mark{At: across(p), Below: upward(p), Text: strconv.FormatFloat(p, 'f', 2, 64)})
	}
	var points []string
	for _, b := range bins {
		d := dot{across(b.Predicted), upward(b.Observed), upward(b.Least), upward(b.Most)}
		c.Dots = append(c.Dots, d)
		points = append(points, d.X+","+d.Y)
	}
	c.Points = strings.Join(points, " ")
	return c
}

// A levelLine is a level, ready to print.
type levelLine struct {
	Level                      intel.Level
	From, Shipped, Here, Share string
}

// A sourceLine is a source, ready to print.
type sourceLine struct {
	intel.SourceRecord
	Shipped, Here, Share string
}

// scoreboard is how true it was what was believed.
func (h *handler) scoreboard(r *http.Request) (view, error) {
	b, err := h.Views.Scoreboard(r.Context())
	if err != nil {
		return view{}, err
	}
	t, err := h.Views.Track(r.Context(), h.Reader)
	if err != nil {
		return view{}, err
	}
	page := struct {
		Track   trackPage
		Levels  []levelLine
		Sources []sourceLine
		Chart   *reliabilityChart
		Bins    []intel.Bin
		Rows    int     // that were judged before it shipped
		Own     float64 // verdicts of this store
		// Seconded tells by what it is told whether a second account reports a value.
		Seconded string
	}{Seconded: capital(b.Corroboration.String()) + ".", Track: track(t, r.FormValue("head")), Chart: calibration(b.Bins), Bins: b.Bins}
	for _, bin := range b.Bins {
		page.Rows += bin.N
	}
	for _, l := range b.Levels {
		line := levelLine{Level: l.Level, From: intel.Decimal(l.From), Shipped: outOf(l.Right, l.N), Here: outOf(l.OwnRight, l.OwnN), Share: dash}
		if l.Level == intel.Low {
			line.From = dash
		}
		if l.Observed != nil {
			line.Share = fmt.Sprintf("%.3f", *l.Observed)
		}
		page.Own += l.OwnN
		page.Levels = append(page.Levels, line)
	}
	for _, s := range b.Sources {
		page.Sources = append(page.Sources, sourceLine{s, pair(s.Right, s.Wrong), pair(s.OwnRight, s.OwnWrong), fmt.Sprintf("%.3f", s.Mean)})
	}
	return view{Template: "scoreboard", Title: "Scoreboard", Nav: "/scoreboard", Data: page}, nil
}

// outOf writes "157 of 161", and a dash where nothing was judged.
func outOf(right, n float64) string {
	if n == 0 {
		return dash
	}
	return judgements(right) + " of " + judgements(n)
}

// pair writes "29 right, 1 wrong".
func pair(right, wrong float64) string {
	if right+wrong == 0 {
		return dash
	}
	return judgements(right) + " right, " + judgements(wrong) + " wrong"
}

// judgements writes a number of judgements, of which older ones count less than one.
func judgements(n float64) string {
	if n = math.Round(10*n) / 10; n == math.Trunc(n) {
		return number(int(n))
	}
	return fixed(n)
}
