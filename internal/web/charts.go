package web

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// A spark is a small line: the points of a polyline in a box of 88 by 18, and
// where its last dot stands.
type spark struct {
	Points string
	X, Y   string
}

// sparkline draws at most the last 26 counts; nil for fewer than two.
func sparkline(counts []intel.Count) *spark {
	counts = counts[max(0, len(counts)-26):]
	if len(counts) < 2 {
		return nil
	}
	top := 1
	for _, c := range counts {
		top = max(top, c.N)
	}
	var s spark
	var b strings.Builder
	for i, c := range counts {
		s.X = fixed(1 + 84*float64(i)/float64(len(counts)-1))
		s.Y = fixed(16 - 14*float64(c.N)/float64(top))
		fmt.Fprintf(&b, "%s,%s ", s.X, s.Y)
	}
	s.Points = strings.TrimSpace(b.String())
	return &s
}

// bars is a chart of counts over time, 1080 wide and 150 high.
type bars struct {
	Label string
	Grid  []mark // Y and text
	Bars  []bar
	Dates []mark // X and text
}

type mark struct{ At, Below, Text string }

type bar struct {
	X, Y, Width, Height string
	Now                 bool
}

// barChart draws counts; unit is "week" or "month".
func barChart(counts []intel.Count, unit string) *bars {
	if len(counts) == 0 {
		return nil
	}
	const left, right, floor, ceiling, widest = 28.0, 1080.0, 128.0, 22.0, 80.0
	top, total := 1, 0
	for _, c := range counts {
		top, total = max(top, c.N), total+c.N
	}
	step := gridStep(top)
	height := float64((top + step - 1) / step * step)
	b := &bars{Label: fmt.Sprintf("Activities per %s from %s to %s: %s in all, at most %s, %s in the last %s", unit,
		day(counts[0].Start), day(counts[len(counts)-1].Start), number(total), number(top), number(counts[len(counts)-1].N), unit)}
	for n := 0; n <= int(height); n += step {
		y := floor - (floor-ceiling)*float64(n)/height
		b.Grid = append(b.Grid, mark{fixed(y), fixed(y + 4), number(n)})
	}
	width := min((right-left)/float64(len(counts)), widest)
	begin := right - width*float64(len(counts)) // few stand at the newest end, which is in sight
	last := -100.0
	for i, c := range counts {
		x, h := begin+2+width*float64(i), (floor-ceiling)*float64(c.N)/height
		if c.N > 0 {
			b.Bars = append(b.Bars, bar{fixed(x), fixed(floor - h), fixed(width * .8), fixed(h), i == len(counts)-1})
		}
		if text := tick(counts, i, unit); text != "" && x-last > 58 && x < right-40 {
			b.Dates = append(b.Dates, mark{At: fixed(x), Text: text})
			last = x
		}
	}
	return b
}

// tick names the month that begins at i: "Jan 2026", else "Feb".
func tick(counts []intel.Count, i int, unit string) string {
	t := counts[i].Start.UTC()
	if i > 0 && counts[i-1].Start.UTC().Month() == t.Month() {
		return ""
	}
	if unit == "month" && len(counts) > 18 {
		if t.Month() == time.January || i == 0 {
			return t.Format("2006")
		}
		return ""
	}
	if t.Month() == time.January || i == 0 {
		return t.Format("Jan 2006")
	}
	return t.Format("Jan")
}

// gridStep returns 1, 2 or 5 times a power of ten, so that about three lines
// fit below top.
func gridStep(top int) int {
	step := 1
	for i := 0; top > 3*step; i++ {
		switch i % 3 {
		case 0:
			step *= 2
		case 1:
			step = step / 2 * 5
		case 2:
			step *= 2
		}
	}
	return step
}

// A share is one bar of a list.
type share struct {
	Name  string
	N     int
	Of    int // percent of all
	Width string
}

// fan is a forecast of a number: bands between its quantiles, 240 by 15.
type fan struct {
	Outer, Inner rect // 80 or 95 %, 50 %
	HasInner     bool
	Median       string // X
	Low, Mid, Up string // in words
	Band         string // "80 %"
}

type rect struct{ X, Width string }

// fanChart draws quantiles on a scale that ends at top.
func fanChart(q map[string]float64, top float64) *fan {
	mid, ok := q["0.5"]
	if !ok || top <= 0 {
		return nil
	}
	x := func(v float64) float64 { return 1 + 238*math.Max(0, math.Min(1, v/top)) }
	f := &fan{Median: fixed(x(mid)), Mid: short(mid)}
	for _, pair := range [][3]string{{"0.1", "0.9", "80 %"}, {"0.05", "0.95", "90 %"}, {"0.025", "0.975", "95 %"}} {
		low, okLow := q[pair[0]]
		up, okUp := q[pair[1]]
		if okLow && okUp {
			f.Outer, f.Low, f.Up, f.Band = rect{fixed(x(low)), fixed(math.Max(1, x(up)-x(low)))}, short(low), short(up), pair[2]
			break
		}
	}
	if low, okLow := q["0.25"]; okLow {
		if up, okUp := q["0.75"]; okUp {
			f.Inner, f.HasInner = rect{fixed(x(low)), fixed(math.Max(1, x(up)-x(low)))}, true
		}
	}
	return f
}

func fixed(f float64) string { return strconv.FormatFloat(f, 'f', 1, 64) }

// short writes a quantile: whole where it is, else one decimal.
func short(f float64) string {
	if f == math.Trunc(f) && math.Abs(f) < 1e9 {
		return number(int(f))
	}
	return fixed(f)
}
