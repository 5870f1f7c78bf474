package web

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// A forecastRow is one forecast, ready to print.
type forecastRow struct {
	intel.Forecast
	What, Href string
	Chance     string // the probability of an event, and Usual its base rate
	Usual      string
	Why        string // the greatest reason
	Reasons    []reasonBar
	Sum        string // of the reasons; empty where no probability is printed
	Fan        *fan
	Bar, Base  string // widths; Bar is empty where no skill is shown
	Rank       int
	Among      string // the rank among all that were asked of, and what could not be ranked
}

// A reasonBar is one reason with a bar to the right of the middle of 100, or to the left.
type reasonBar struct {
	Item, Text, X, Width string
	Plain                string // the contribution as it is, of what is no addend
	Against              bool
}

type forecastGroup struct {
	Title  string
	Rows   []forecastRow
	Proven bool // some of them are better than the base rate
}

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
		line := forecastRow{Forecast: f, What: target(f.Kind, f.Target, f.Name, f.Horizon), Href: linkTo(f.Target), Reasons: reasonBars(f.Reasons), Why: why(f)}
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
		chances[i].Proven = chances[i].Proven || f.Skill.Above()
	}
	slices.SortStableFunc(numbers, func(a, b forecastRow) int { return a.Horizon - b.Horizon })
	slices.SortStableFunc(chances, func(a, b forecastGroup) int { return place(a.Rows[0].Kind) - place(b.Rows[0].Kind) })
	for _, g := range chances {
		rank(g.Rows)
	}
	return numbers, chances
}

// rank orders the rows of a group and draws their bars.
func rank(rows []forecastRow) {
	slices.SortStableFunc(rows, func(a, b forecastRow) int { return cmp.Compare(b.Probability, a.Probability) })
	for i := range rows {
		f := &rows[i]
		f.Rank, f.Chance, f.Usual = i+1, rate(f.Probability), rate(f.BaseRate)
		if place := f.Ranked.Place; place > 0 {
			f.Rank, f.Among = place, fmt.Sprintf("rank %s of %s; %s", number(place), number(f.Ranked.Of), f.Ranked.Limits())
		}
		f.Base = fixed(.5 + 119*unit(f.BaseRate))
		if f.Skill.Above() {
			f.Bar = fixed(119 * unit(f.Probability))
			f.Sum = signed(total(f.Forecast.Reasons))
		}
	}
}

func total(rs []intel.Reason) (sum float64) {
	for _, r := range rs {
		sum += r.Contribution
	}
	return sum
}

func unit(p float64) float64 {
	if math.IsNaN(p) {
		return 0
	}
	return math.Max(0, math.Min(1, p))
}

// chanceKinds is the order in which groups of forecasts stand, with their headings.
func chanceKinds() [][2]string {
	return [][2]string{
		{"any activity", "Whether it is heard of"},
		{"exploited vendor", "Whether a flaw of it is listed as exploited"},
		{"exploited vulnerability", "Whether it is listed as exploited"},
		{"technique", "Technique it will use next"},
		{"vulnerability", "Product or flaw it will use next"}, {"product", "Product or flaw it will use next"},
		{"weakness", "Weakness it will exploit next"},
		{"file", "File or path it will attack next"},
		{"tool", "Tool it will use next"},
		{"country", "Target country of the next attacks"},
		{"sector", "Target sector of the next attacks"},
		{"argument", "Argument it will attack next"},
		{"port", "Port it will attack next"},
		{"surge", "Whether much more is heard of it"},
	}
}

// place is where the group of a kind stands: those nobody named are last.
func place(kind string) int {
	all := chanceKinds()
	if i := slices.IndexFunc(all, func(k [2]string) bool { return k[0] == kind }); i >= 0 {
		return i
	}
	return len(all)
}

func chanceTitle(kind string) string {
	if all, i := chanceKinds(), place(kind); i < len(all) {
		return all[i][1]
	}
	if kind == "" {
		return "Other forecasts"
	}
	return strings.ToUpper(kind[:1]) + strings.ReplaceAll(kind[1:], "-", " ")
}

// target says what is forecast.
func target(kind, target, name string, horizon int) string {
	if title, ok := intel.TitleOf(target, name); ok {
		return title
	}
	switch {
	case kind == "any activity":
		return fmt.Sprintf("Any document about it in %d days", horizon)
	case target == "documents":
		return fmt.Sprintf("Documents about it in %d days", horizon)
	case strings.HasPrefix(kind, "exploited "):
		return fmt.Sprintf("An %s in %d days", target, horizon)
	case target == "":
		return kind
	}
	return target
}

// linkTo is where the page of what is forecast is; empty if that is no entity.
func linkTo(target string) string {
	if e, err := intel.ParseEntity(target); err == nil {
		return Path(e)
	}
	return ""
}

// mostReasons is how many reasons a forecast is shown with.
const mostReasons = 12

// reasonBars draws the reasons of a forecast in their order.
func reasonBars(rs []intel.Reason) (out []reasonBar) {
	most := 0.0
	for _, r := range rs {
		if !math.IsInf(r.Contribution, 0) {
			most = math.Max(most, math.Abs(r.Contribution)) // NaN is not greater
		}
	}
	for _, r := range rs[:min(mostReasons, len(rs))] {
		long := 0.0
		if most > 0 {
			long = 50 * unit(math.Abs(r.Contribution)/most)
		}
		b := reasonBar{Item: r.Item, Text: signed(r.Contribution), Plain: amount(r.Contribution), X: "50", Width: fixed(long)}
		if r.Contribution < 0 {
			b.Against, b.X = true, fixed(50-long)
		}
		out = append(out, b)
	}
	return out
}

// amount writes a number that is no addend: whole where it is, else with two digits,
// and never a nought with a sign.
func amount(x float64) string {
	if near := math.Round(100*x) / 100; near == math.Trunc(near) {
		return short(near)
	}
	return strings.Replace(fmt.Sprintf("%.2f", x), "-", "−", 1)
}

// signed writes a number with its sign.
func signed(x float64) string { return strings.Replace(fmt.Sprintf("%+.2f", x), "-", "−", 1) }

// rate writes how often something usually is: what is seldom with two digits that say so.
func rate(p float64) string {
	if p >= .095 || p <= 0 || math.IsNaN(p) {
		return intel.Decimal(p)
	}
	return strconv.FormatFloat(math.Max(.0001, p), 'f', 1-int(math.Floor(math.Log10(math.Max(.0001, p)))), 64)
}

// why says what is not to be expected of a forecast, and names its greatest reason.
func why(f intel.Forecast) string {
	switch {
	case f.Skill.Above():
		return greatestReason(f.Reasons)
	case f.Kind == "surge":
		return "weak: " + intel.NoBetter + "; " + greatestReason(f.Reasons)
	}
	return intel.NoBetter + "; " + greatestReason(f.Reasons)
}

// greatestReason names the greatest reason beside the base rate.
func greatestReason(rs []intel.Reason) string {
	best := -1
	for i, r := range rs {
		if r.Item != baseRate && (best < 0 || math.Abs(r.Contribution) > math.Abs(rs[best].Contribution)) {
			best = i
		}
	}
	if best < 0 {
		return "Reasons"
	}
	return rs[best].Item
}

// baseRate is what the reason of every forecast is called that begins with the usual rate.
const baseRate = "base rate"
