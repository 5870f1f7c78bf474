package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/forecast"
	"github.com/portent-cti/portent/internal/forecast/characteristics"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

// A head forecasts what actors take up of one kind.
type head struct {
	trait
	items  []intel.Entity
	rows   []intel.Entity
	row    map[intel.Entity]int
	sorts  []string // what the sorts of traits of items are called
	uptake *characteristics.Uptake
	firm   *characteristics.Uptake // without the word of single voices; nil: nothing rests on it
	whose  map[intel.Entity]string // word that is, by row
	inputs string
}

// head fits the head of one kind; nil where nobody has anything of it.
func (h *holdings) head(ctx context.Context, t trait, actors []intel.Entity) (*head, error) {
	if len(h.of[t.kind]) == 0 {
		return nil, nil
	}
	d, w, firm := h.worlds(t, actors)
	d.inputs = forecast.Digest("uptake", w, d.items, d.rows)
	var err error
	if d.uptake, err = h.fit(ctx, w); err != nil || firm == nil {
		return d, err
	}
	d.inputs = forecast.Digest("bounded", d.inputs, firm)
	d.firm, err = h.fit(ctx, firm)
	return d, err
}

func (h *holdings) fit(ctx context.Context, w *characteristics.World) (*characteristics.Uptake, error) {
	return characteristics.FitUptake(ctx, w, int32(forecast.Today(h.now).Unix()/86400)+1, forecast.UptakeHorizon, int(forecast.Delay/(24*time.Hour)), uptakeSeed) //nolint:gosec // days
}

// worlds are who has what of one kind since when, and that of what is firm, if that is
// less, and what their rows and items are: those of what is firm come first, so that no
// flood takes their places.
func (h *holdings) worlds(t trait, actors []intel.Entity) (*head, *characteristics.World, *characteristics.World) {
	all, firm, d := h.of[t.kind], h.of[t.kind], &head{trait: t, whose: h.lone[t.kind]}
	if h.firm != nil {
		firm = h.firm[t.kind]
	}
	popular, size := tally(all)
	sure, weight := tally(firm)
	d.items = slices.SortedFunc(maps.Keys(popular), func(a, b intel.Entity) int { return cmp.Or(busier(a, b, sure, popular), byName(a, b)) })
	d.items = d.items[:min(characteristics.MostItems, len(d.items))]
	if t.kind == intel.Vulnerability {
		d.items = append(d.items, h.unused(popular, characteristics.MostItems-len(d.items))...)
	}
	rows := d.line(actors, weight, size)
	d.row = make(map[intel.Entity]int, len(d.rows))
	for i, e := range d.rows {
		d.row[e] = i
	}
	w := h.world(d, all, popular)
	h.describe(d, w, func(store.Holding) bool { return true })
	if len(firm) == len(all) && (w.Traits == nil || len(h.said) == 0) {
		return d, w, nil
	}
	less := h.world(d, firm, sure)
	less.Rows = less.Rows[:rows] // that behind them others are invented changes nothing
	h.describe(d, less, func(x store.Holding) bool { return !h.saidAlone(x) })
	return d, w, less
}

// busier compares what is sure of two, or all of it where nothing is sure of either.
func busier(a, b intel.Entity, sure, all map[intel.Entity]int) int {
	if sure[a] == 0 && sure[b] == 0 {
		return cmp.Compare(all[b], all[a])
	}
	return cmp.Compare(sure[b], sure[a])
}

// line puts rows in line, actors first, and says how many there are without those of
// which nothing is sure: these come last, and of them only actors take the places of others.
func (d *head) line(actors []intel.Entity, sure, size map[intel.Entity]int) int {
	first := map[intel.Entity]int{}
	for _, a := range actors {
		first[a] = 1
		if size[a] == 0 {
			size[a] = 0 // it has a row, too
		}
	}
	var lone []intel.Entity
	asked := 0 // of them
	for e := range size {
		if sure[e] > 0 || size[e] == 0 {
			d.rows = append(d.rows, e)
			continue
		}
		lone = append(lone, e)
		asked += first[e]
	}
	order := func(a, b intel.Entity) int {
		return cmp.Or(cmp.Compare(first[b], first[a]), busier(a, b, sure, size), byName(a, b))
	}
	slices.SortFunc(d.rows, order)
	slices.SortFunc(lone, order)
	n := min(characteristics.MostRows-min(asked, characteristics.MostRows), len(d.rows))
	d.rows = append(d.rows[:n], lone[:min(characteristics.MostRows-n, len(lone))]...)
	return n
}

// tally counts who has each item, and how many each has.
func tally(all []store.Holding) (popular, size map[intel.Entity]int) {
	popular, size = map[intel.Entity]int{}, map[intel.Entity]int{}
	seen := map[[2]intel.Entity]bool{}
	for _, x := range all {
		if pair := [2]intel.Entity{x.From, x.To}; !seen[pair] {
			seen[pair] = true
			popular[x.To]++
			size[x.From]++
		}
	}
	return popular, size
}

// world is who has what of the rows and items of a head.
func (h *holdings) world(d *head, all []store.Holding, popular map[intel.Entity]int) *characteristics.World {
	w := &characteristics.World{Items: len(d.items), Rows: make([]characteristics.Line, len(d.rows)), Since: h.day(h.since)}
	item := map[intel.Entity]int32{}
	for i, e := range d.items {
		item[e] = int32(i) //nolint:gosec // at most MostItems
		if popular[e] > 0 && i < characteristics.MostLearned {
			w.Learned = i + 1
		}
	}
	for r, e := range d.rows {
		w.Rows[r].Asked = e.Kind == intel.Actor
	}
	h.fill(d, w, all, item)
	return w
}

// unused are vulnerabilities that nobody is known to exploit, so many at most.
func (h *holdings) unused(popular map[intel.Entity]int, most int) (out []intel.Entity) {
	var lone []intel.Entity // behind the others
	for _, e := range slices.SortedFunc(maps.Keys(h.flaws), byName) {
		switch {
		case popular[e] > 0:
		case slices.ContainsFunc(h.flaws[e], func(x store.Holding) bool { return !h.saidAlone(x) }):
			out = append(out, e)
		default:
			lone = append(lone, e)
		}
	}
	out = append(out, lone...)
	return out[:min(most, len(out))]
}

// fill says in a world who has what since when: since the first day that is told.
func (h *holdings) fill(d *head, w *characteristics.World, all []store.Holding, item map[intel.Entity]int32) {
	days := make([]map[int32]int32, len(d.rows))
	for _, x := range all {
		i, known := item[x.To]
		r, row := d.row[x.From]
		if !known || !row {
			continue
		}
		if days[r] == nil {
			days[r] = map[int32]int32{}
		}
		on := h.day(x.First)
		if before, had := days[r][i]; had {
			on = min(on, before) // that it was always so is said of what has no date
		}
		days[r][i] = on
	}
	for r, of := range days {
		for _, i := range slices.Sorted(maps.Keys(of)) {
			w.Rows[r].Had = append(w.Rows[r].Had, characteristics.Had{Item: i, Day: of[i]})
		}
	}
}

// mostWords is how many words of the paths of a vulnerability are traits of it.
const mostWords = 12

// describe gives items the traits by which one that nobody had yet is like others, by the
// links of vulnerabilities that are heeded.
func (h *holdings) describe(d *head, w *characteristics.World, heeded func(store.Holding) bool) {
	numbers := map[string]int32{}
	add := func(item int, sort uint8, token string) {
		key := string('0'+rune(sort)) + token
		n, ok := numbers[key]
		if !ok {
			n = int32(len(numbers)) //nolint:gosec // some dozens of an item
			numbers[key] = n
		}
		w.Traits[item] = append(w.Traits[item], characteristics.Trait{Token: n, Sort: sort})
	}
	switch d.kind {
	case intel.Technique:
		d.sorts = []string{"techniques of the same family"}
	case intel.Product:
		d.sorts = []string{"products of the same vendor"}
	case intel.Vulnerability:
		d.sorts = []string{"flaws of the same weakness", "flaws of the same vendor", "flaws of the same product", "flaws with like paths"}
		w.Born = make([]int32, len(d.items))
	default:
		return
	}
	w.Traits = make([][]characteristics.Trait, len(d.items))
	for i, e := range d.items {
		switch d.kind {
		case intel.Technique:
			family, _, _ := strings.Cut(e.Name, ".")
			add(i, 0, family)
		case intel.Product:
			vendor, _, _ := strings.Cut(e.Name, "/")
			add(i, 0, vendor)
		default:
			words := 0
			for _, x := range h.flaws[e] {
				if !heeded(x) {
					continue
				}
				if on := h.day(x.First); on > 0 && (w.Born[i] == 0 || on < w.Born[i]) {
					w.Born[i] = on
				}
				switch {
				case x.To.Kind == intel.Weakness && x.Probability >= taken:
					add(i, 0, x.To.Name)
				case x.To.Kind == intel.Product && x.Probability >= taken:
					vendor, _, _ := strings.Cut(x.To.Name, "/")
					add(i, 1, vendor)
					add(i, 2, x.To.Name)
				case x.To.Kind == intel.File && words < mostWords:
					for _, word := range pathWords(x.To.Name) {
						words++
						add(i, 3, word)
					}
				}
			}
		}
	}
}

// pathWords are the words of a path, four at most, without its extension.
func pathWords(path string) (out []string) {
	path = strings.ToLower(path)
	if i := strings.LastIndexByte(path, '.'); i > 0 {
		path = path[:i]
	}
	words := strings.FieldsFunc(path, func(r rune) bool { return strings.ContainsRune("/\\._-?=& ", r) })
	slices.Reverse(words) // what it is called tells more than where it lies
	for _, w := range words {
		if len(w) > 2 && len(w) < 40 && len(out) < 4 {
			out = append(out, w)
		}
	}
	return out
}

// model is what the head is called where its forecasts are shown.
func (d *head) model() string {
	switch u := d.uptake; {
	case u.Fitted == characteristics.ByDates:
		return "recommenders, fitted to past quarters"
	case u.Fitted == characteristics.ByHiding && u.Assumed:
		return "recommenders, fitted to hidden links; the pace is assumed"
	case u.Fitted == characteristics.ByHiding:
		return "recommenders, fitted to hidden links; the pace is that of past quarters"
	}
	return "popularity: too little history for more"
}

// mostForecast is how many characteristics of one kind are forecast per actor.
const mostForecast = 10

// prospects are what an actor is likely to take up, likeliest first.
func (d *head) prospects(actor intel.Entity, most int, title func(intel.Entity) string) []forecast.Prospect {
	row, ok := d.row[actor]
	if !ok {
		return nil
	}
	var out []forecast.Prospect
	for _, p := range d.uptake.AskBounded(d.firm, row, most) {
		out = append(out, forecast.Prospect{Target: d.items[p.Item], Probability: p.Probability, BaseRate: min(max(d.uptake.Base, 1e-6), 0.98), Simple: p.Simple,
			Without: p.Without, Reasons: d.reasons(row, p, title), Model: d.model(), Inputs: forecast.Digest(d.model(), d.inputs, actor), ByWay: byWay(d.by)})
	}
	return out
}

// byWay says how a vulnerability may make a forecast come true.
func byWay(by intel.Relation) string {
	switch by {
	case intel.HasWeakness:
		return "a vulnerability that has it"
	case intel.Affects:
		return "a vulnerability that affects it"
	}
	return ""
}

// reasons tells the reasons of a prospect by the names of what they are about.
func (d *head) reasons(row int, p characteristics.Prospect, title func(intel.Entity) string) []intel.Reason {
	out := make([]intel.Reason, len(p.Reasons))
	for k, r := range p.Reasons {
		out[k] = intel.Reason{Item: d.told(row, r, p, title), Contribution: r.Contribution}
	}
	return out
}

func (d *head) told(row int, r characteristics.Reason, p characteristics.Prospect, title func(intel.Entity) string) string {
	if sort := r.Trait(); sort >= 0 && sort < len(d.sorts) {
		return "it has " + d.sorts[sort]
	}
	switch r.Signal {
	case characteristics.Bounded:
		return cmp.Or(d.whose[d.rows[row]], boundedByOthers)
	case "how many have it":
		return fmt.Sprintf("%d of %d have it", p.Have, len(d.rows))
	case "linear model", "surest item":
		var of []string
		for _, s := range p.Supports {
			of = append(of, title(d.items[s.Item]))
		}
		if len(of) > 0 {
			return r.Signal + ": goes with " + strings.Join(of, ", ")
		}
	case "nearest rows":
		var of []string
		for _, n := range p.Precedents {
			has := " has it not"
			if n.Has {
				has = " has it"
			}
			of = append(of, title(d.rows[n.Row])+has)
		}
		if len(of) > 0 {
			return r.Signal + ": " + strings.Join(of, ", ")
		}
	}
	return r.Signal
}
