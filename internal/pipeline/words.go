package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/portent-cti/portent/internal/forecast/activity"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

const (
	// apart is how many of the sources that told the most of somebody beside the collector
	// are bounded each for itself; the others are together.
	apart = 3
	// ageing is what a week takes from the weight of a document in telling which those are.
	ageing = .95
	// major is without how many sources, each for itself, models are learned where there is no
	// collector: of those that told the most.
	major = 5
)

// Words are who told what of the series of a panel.
type words struct {
	panel     *activity.Panel
	trusted   *activity.Panel // the word of the collector, that of all where there is none
	counts    [][]int         // of all documents, by series and week
	collector string          // whose word is what is known, if there is one
	collected bool
	of        [][]source        // by series, the loudest first, the latest documents counting most
	majors    []string          // who told the most of all, where there is no collector
	unread    map[string][]bool // in which weeks each was not read, of those that were not
}

// A source told of a series: how much by week, and what of it is beyond its habit.
type source struct {
	name   string
	weeks  []int
	excess excess
}

// An excess is what a voice told beyond its habit, by week; nil if it told no more.
type excess struct {
	name  string // of the source
	weeks []int
	flood []int // and whole weeks where it is a flood
	n     int
	whose string
}

// words finds who told what of each series.
func (p *Pipeline) words(ctx context.Context, f field, all []counted, panel *activity.Panel, at []int) (words, error) {
	w := words{panel: panel, counts: make([][]int, len(at)), of: make([][]source, len(at))}
	said := make([][]store.Hearing, len(at))
	for s, i := range at {
		var err error
		if said[s], err = p.DB.Hearings(ctx, f.reader, store.Names(all[i].names), panel.Start, panel.At(panel.Weeks-1)); err != nil {
			return w, err
		}
		w.counts[s] = all[i].told(panel.Weeks)
	}
	for s := range at {
		w.of[s] = w.sources(said[s], p.Unnamed)
	}
	outages, err := p.DB.Outages(ctx, store.Period{From: panel.Start, To: f.now, Ingested: f.now})
	if err != nil {
		return w, err
	}
	w.unread = unreadWeeks(outages, panel, p.Unnamed)
	w.miss(panel, func(string) bool { return true })
	told := censusOf(said, panel.Start, p.Unnamed)
	w.collector, w.collected = told.collector(panel.Fresh())
	w.trusted = panel
	if w.collected {
		w.trusted = w.heardOf(w.collects)
	} else {
		w.majors = told.loudest(major)
	}
	for s := range at {
		w.exceed(s, said[s], told, p.Unnamed)
	}
	return w, nil
}

// A voice is what a source told of a series, by the week of the date;
// late is what of it is dated before the last weeks and was told in them.
type voice struct{ weeks, late []int }

// collects reports whether a source is the collector.
func (w *words) collects(name string) bool { return w.collected && name == w.collector }

// sources parts what was told of a series by source.
func (w *words) sources(said []store.Hearing, unnamed intel.Unnamed) (out []source) {
	loud := map[string]float64{}
	for _, t := range said {
		who := unnamed.Speaker(t.Source)
		i := slices.IndexFunc(out, func(x source) bool { return x.name == who })
		if i < 0 {
			i, out = len(out), append(out, source{name: who, weeks: make([]int, w.panel.Weeks)})
		}
		out[i].weeks[t.Week] += t.N
		loud[who] += float64(t.N) * math.Pow(ageing, float64(w.panel.Weeks-t.Week))
	}
	slices.SortFunc(out, func(a, b source) int {
		return cmp.Or(cmp.Compare(loud[b.name], loud[a.name]), cmp.Compare(a.name, b.name))
	})
	return out
}

// exceed finds what sources told of a series beyond their habit, all accounts of one
// together; of the collector in weeks that it watched.
func (w *words) exceed(s int, said []store.Hearing, told census, unnamed intel.Unnamed) {
	of := map[string]*voice{}
	for _, t := range said {
		who := unnamed.Speaker(t.Source)
		panel, v := w.heardBy(who), of[who]
		if v == nil {
			v = &voice{make([]int, panel.Weeks), make([]int, panel.Weeks)}
			of[who] = v
		}
		v.weeks[t.Week] += t.N
		dated, fresh := panel.At(t.Week), panel.At(panel.Fresh())
		if dated.Before(fresh) && !toldAt(dated, t.In, told[who].first).Before(fresh) {
			v.late[t.Week] += t.N
		}
	}
	for i := range w.of[s] {
		x := &w.of[s][i]
		panel, v := w.heardBy(x.name), of[x.name]
		over := panel.Excess(v.weeks, v.late)
		if n := sum(over); n > 0 {
			lately := sum(v.late) + sum(v.weeks[panel.Fresh():])
			x.excess = excess{x.name, over, panel.Flood(v.weeks, v.late, over), n, beyondItsHabit(n, lately, "documents", voiced(x.name, ""))}
		}
	}
}

// heardBy is the panel by the weeks of which the habit of a source is told.
func (w *words) heardBy(name string) *activity.Panel {
	if w.collects(name) {
		return w.trusted
	}
	return w.panel
}

func sum(all []int) (n int) {
	for _, x := range all {
		n += x
	}
	return n
}

// beyond is what one voice told the most of each series beyond its habit: of the
// collector, or of any source but one.
func (w *words) beyond(heard func(name string) bool) [][]int {
	out := make([][]int, len(w.of))
	for s := range w.of {
		out[s] = w.most(s, heard).weeks
	}
	return out
}

func (w *words) most(s int, heard func(name string) bool) (most excess) {
	for _, x := range w.of[s] {
		if heard(x.name) && x.excess.n > most.n {
			most = x.excess
		}
	}
	return most
}

// beside is what sources told of a series beside the collector, the loudest each for itself.
func (w *words) beside(s int) (out []source) {
	for _, x := range w.of[s] {
		switch {
		case w.collects(x.name):
		case len(out) <= apart:
			x.weeks = slices.Clone(x.weeks)
			out = append(out, x)
		default:
			out[apart].name = others
			for k, n := range x.weeks {
				out[apart].weeks[k] += n
			}
		}
	}
	return out
}

// others is the name of sources together.
const others = "/"

// wordOf says that a forecast is bounded as it is the word of a source.
func (w *words) wordOf(s int, x source) string {
	name := voiced(x.name, "")
	if x.name == others {
		name = "other sources"
	}
	return fmt.Sprintf("bounded: of %s about it %d came from %s", plural(sum(w.counts[s]), "document"), sum(x.weeks), name)
}

// young is whose word a series is that was heard of of late only.
func (w *words) young(s int) string {
	if beside := w.beside(s); len(beside) > 0 {
		return w.wordOf(s, beside[0])
	}
	return w.most(s, func(string) bool { return true }).whose
}

// loud reports whether anybody told more than usual, or beside the collector.
func (w *words) loud() bool {
	return slices.ContainsFunc(w.of, func(of []source) bool {
		return slices.ContainsFunc(of, func(x source) bool { return x.excess.n > 0 || !w.collects(x.name) })
	})
}

// bound is how far any one source may move a probability.
func (w *words) bound() float64 {
	if w.collected {
		return activity.Heeded
	}
	return activity.HeededLess
}

// read is what of words a model reads.
func (w *words) read() any {
	var out [][]any
	for _, of := range w.of {
		var some []any
		for _, x := range of {
			some = append(some, x.name, x.weeks, x.excess.weeks)
		}
		out = append(out, some)
	}
	return []any{w.collector, w.collected, out}
}

// less is what a series counted without what some sources told.
func less(counts []int, without []source) []int {
	out := slices.Clone(counts)
	for _, x := range without {
		for k, n := range x.weeks {
			out[k] = max(0, out[k]-n)
		}
	}
	return out
}
