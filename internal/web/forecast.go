package web

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// forecasts parts those of a number from those of an event, the latter grouped
// by kind and greatest first.
func forecasts(all []intel.Forecast) (numbers []forecastRow, chances []forecastGroup) {
	top := 0.0
	for _, f := range all {
		for _, v := range f.Quantiles {
			top = math.Max(top, v)
		}
	}
	for _, f := range all {
		line := forecastRow{Forecast: f, What: target(f), Why: why(f)}
		if e, err := intel.ParseEntity(f.Target); err == nil {
			line.Href = Path(e)
		}
		if len(f.Quantiles) > 0 {
			line.Fan = fanChart(f.Quantiles, top)
			numbers = append(numbers, line)
			continue
		}
		i := slices.IndexFunc(chances, func(g forecastGroup) bool { return g.Title == chanceTitle(f.Kind) })
		if i < 0 {
			i = len(chances)
			chances = append(chances, forecastGroup{Title: chanceTitle(f.Kind)})
		}
		chances[i].Rows = append(chances[i].Rows, line)
	}
	slices.SortStableFunc(numbers, func(a, b forecastRow) int { return a.Horizon - b.Horizon })
	for _, g := range chances {
		slices.SortStableFunc(g.Rows, func(a, b forecastRow) int { return cmp.Compare(b.Probability, a.Probability) })
		for i := range g.Rows {
			f := &g.Rows[i]
			f.Rank = i + 1
			if f.Skill.Above() {
				f.Bar = fixed(119 * unit(f.Probability))
			}
			f.Base = fixed(.5 + 119*unit(f.BaseRate))
		}
	}
	return numbers, chances
}

func unit(p float64) float64 {
	if math.IsNaN(p) {
		return 0
	}
	return math.Max(0, math.Min(1, p))
}

func chanceTitle(kind string) string {
	switch kind {
	case "technique":
		return "Technique it will use next"
	case "country":
		return "Target country of the next attacks"
	case "sector":
		return "Target sector of the next attacks"
	case "vulnerability", "product":
		return "Product or flaw it will use next"
	case "":
		return "Other forecasts"
	}
	return strings.ToUpper(kind[:1]) + strings.ReplaceAll(kind[1:], "-", " ")
}

// target says what is forecast.
func target(f intel.Forecast) string {
	if e, err := intel.ParseEntity(f.Target); err == nil {
		return e.Title()
	}
	switch f.Target {
	case "documents":
		return fmt.Sprintf("Documents about it in %d days", f.Horizon)
	case "":
		return f.Kind
	}
	return f.Target
}

// why says what a forecast rests on, and what is not to be expected of it.
func why(f intel.Forecast) string {
	said := reasons(f.Reasons)
	switch {
	case f.Skill.Above():
		return said
	case f.Kind == "surge":
		return strings.TrimSuffix("weak: "+intel.NoBetter+"; "+said, "; ")
	}
	return strings.TrimSuffix(intel.NoBetter+"; "+said, "; ")
}

// reasons names the three greatest reasons.
func reasons(rs []intel.Reason) string {
	sorted := slices.SortedStableFunc(slices.Values(rs), func(a, b intel.Reason) int {
		return cmp.Compare(math.Abs(b.Contribution), math.Abs(a.Contribution))
	})
	var parts []string
	for _, r := range sorted[:min(3, len(sorted))] {
		parts = append(parts, fmt.Sprintf("%s (%+.2f)", r.Item, r.Contribution))
	}
	return strings.ReplaceAll(strings.Join(parts, "; "), "(-", "(−")
}
