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
	inputs string
	asked  int // how many rows are actors
}

// head fits the head of one kind; nil where nobody has anything of it.
func (h *holdings) head(ctx context.Context, t trait, actors []intel.Entity) (*head, error) {
	if len(h.of[t.kind]) == 0 {
		return nil, nil
	}
	d, w := h.world(t, actors)
	d.inputs = forecast.Digest("uptake", w, d.items, d.rows)
	var err error
	d.uptake, err = characteristics.FitUptake(ctx, w, int32(forecast.Today(h.now).Unix()/86400)+1, forecast.UptakeHorizon, int(forecast.Delay/(24*time.Hour)), uptakeSeed) //nolint:gosec // days
	return d, err
}

// world is who has what of one kind since when, and what its rows and items are.
func (h *holdings) world(t trait, actors []intel.Entity) (*head, *characteristics.World) {
	all, d := h.of[t.kind], &head{trait: t}
	popular := map[intel.Entity]int{}
	d.rank(all, actors, popular)
	if t.kind == intel.Vulnerability {
		d.items = append(d.items, h.unused(popular, characteristics.MostItems-len(d.items))...)
	}
	w := &characteristics.World{Items: len(d.items), Rows: make([]characteristics.Line, len(d.rows))}
	item := map[intel.Entity]int32{}
	for i, e := range d.items {
		item[e] = int32(i) //nolint:gosec // at most MostItems
		if popular[e] > 0 && i < characteristics.MostLearned {
			w.Learned = i + 1
		}
	}
	for r, e := range d.rows {
		w.Rows[r].Asked = e.Kind == intel.Actor
		if w.Rows[r].Asked {
			d.asked++
		}
	}
	h.fill(d, w, all, item)
	h.describe(d, w)
	return d, w
}

// rank picks items and rows, the most popular and busiest first; vulnerabilities that
// nobody has come behind.
func (d *head) rank(all []store.Holding, actors []intel.Entity, popular map[intel.Entity]int) {
	size := map[intel.Entity]int{}
	seen := map[[2]intel.Entity]bool{}
	for _, x := range all {
		if pair := [2]intel.Entity{x.From, x.To}; !seen[pair] {
			seen[pair] = true
			popular[x.To]++
			size[x.From]++
		}
	}
	for e := range size {
		d.rows = append(d.rows, e)
	}
	d.items = slices.SortedFunc(maps.Keys(popular), func(a, b intel.Entity) int { return cmp.Or(cmp.Compare(popular[b], popular[a]), byName(a, b)) })
	d.items = d.items[:min(characteristics.MostItems, len(d.items))]
	first := map[intel.Entity]int{}
	for _, a := range actors {
		first[a] = 1
		if size[a] == 0 {
			d.rows = append(d.rows, a)
		}
	}
	slices.SortFunc(d.rows, func(a, b intel.Entity) int {
		return cmp.Or(cmp.Compare(first[b], first[a]), cmp.Compare(size[b], size[a]), byName(a, b))
	})
	d.rows = d.rows[:min(characteristics.MostRows, len(d.rows))]
	d.row = make(map[intel.Entity]int, len(d.rows))
	for i, e := range d.rows {
		d.row[e] = i
	}
}

// unused are vulnerabilities that nobody is known to exploit, so many at most.
func (h *holdings) unused(popular map[intel.Entity]int, most int) (out []intel.Entity) {
	for _, e := range slices.SortedFunc(maps.Keys(h.flaws), byName) {
		if popular[e] == 0 {
			out = append(out, e)
		}
	}
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

// describe gives items the traits by which one that nobody had yet is like others.
func (h *holdings) describe(d *head, w *characteristics.World) {
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
	switch d.uptake.Fitted {
	case characteristics.ByDates:
		return "recommenders, fitted to past quarters"
	case characteristics.ByHiding:
		return "recommenders, fitted to hidden links; the pace is assumed"
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
	for _, p := range d.uptake.Ask(row, most) {
		out = append(out, forecast.Prospect{Target: d.items[p.Item], Probability: p.Probability, BaseRate: min(max(d.uptake.Base, 1e-6), 0.98), Simple: p.Simple,
			Reasons: d.reasons(p, title), Model: d.model(), Inputs: forecast.Digest(d.model(), d.inputs, actor), ByWay: byWay(d.by)})
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
func (d *head) reasons(p characteristics.Prospect, title func(intel.Entity) string) []intel.Reason {
	out := make([]intel.Reason, len(p.Reasons))
	for k, r := range p.Reasons {
		out[k] = intel.Reason{Item: d.told(r, p, title), Contribution: r.Contribution}
	}
	return out
}

func (d *head) told(r characteristics.Reason, p characteristics.Prospect, title func(intel.Entity) string) string {
	if sort := r.Trait(); sort >= 0 && sort < len(d.sorts) {
		return "it has " + d.sorts[sort]
	}
	switch r.Signal {
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
