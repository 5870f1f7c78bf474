package pipeline

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/forecast"
	"github.com/portent-cti/portent/internal/forecast/exploitation"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

const (
	// judged is how many forecasts are judged in one transaction.
	judged = 500
	// habit is how far back the sources of a subject are looked at.
	habit = 182 * 24 * time.Hour
	// mostLost is the share of a window from which on, while sources were silent,
	// nothing can be said of it.
	mostLost = 0.25
	// takenUp is the probability from which a row counts as taken up, by its rule.
	takenUp = 0.5
)

// Judged is how many forecasts were judged, and of how many nothing can be said.
type Judged struct {
	Forecasts   int `json:"judged"`
	Unscoreable int `json:"unscoreable"`
}

// Judge judges every forecast that has been due for so long that what is told late
// of its time has come in, whether it was shown or not. Each is judged once, by its
// own rule and by what had come in until then, and whenever that is done, it is the
// same. Done is told of forecasts passed.
func (p *Pipeline) Judge(ctx context.Context, done func(n int)) (Judged, error) {
	var out Judged
	sources, err := p.DB.SourceNames(ctx)
	if err != nil {
		return out, err
	}
	j := judge{p: p, now: p.Now().UTC().Truncate(time.Second), sources: sources, days: map[store.Period]map[int64][]int{}, lost: map[store.Period]map[int64]float64{}, measures: map[time.Time]Measure{},
		catalogues: map[time.Time]*exploitation.Catalogue{}}
	for {
		all, err := p.DB.Awaited(ctx, j.now.Add(-forecast.Delay), judged)
		if err != nil || len(all) == 0 {
			return out, err
		}
		var kept []store.Judgement
		for len(all) > 0 {
			n := slices.IndexFunc(all, func(a store.Awaited) bool { return !together(a, all[0]) })
			if n < 0 {
				n = len(all)
			}
			some, err := j.group(ctx, all[:n])
			if err != nil {
				return out, fmt.Errorf("judge forecasts of %s made on %s: %w", all[0].Subject, all[0].Made.Format(time.DateOnly), err)
			}
			kept = append(kept, some...)
			all = all[n:]
		}
		if err := p.DB.SaveOutcomes(ctx, kept); err != nil {
			return out, err
		}
		for _, k := range kept {
			out.Forecasts++
			if k.Unscoreable != "" {
				out.Unscoreable++
			}
		}
		if done != nil {
			done(len(kept))
		}
	}
}

// together reports whether two forecasts are judged by the same evidence.
func together(a, b store.Awaited) bool {
	return a.Subject == b.Subject && a.Marking == b.Marking && a.Made.Equal(b.Made) && a.Due.Equal(b.Due) && byCatalogue(a.Kind) == byCatalogue(b.Kind)
}

// A judge judges forecasts, and remembers what more than one of them needs.
type judge struct {
	p          *Pipeline
	now        time.Time
	sources    map[int64]intel.SourceID
	days       map[store.Period]map[int64][]int      // by window
	lost       map[store.Period]map[int64]float64    // the latest alone: what unread returns
	measures   map[time.Time]Measure                 // by the end of what is known
	catalogues map[time.Time]*exploitation.Catalogue // likewise, of exploited vulnerabilities
}

// group judges forecasts of one subject, day and marking that are due together.
func (j *judge) group(ctx context.Context, all []store.Awaited) ([]store.Judgement, error) {
	f := all[0]
	window := store.Period{From: f.Made, To: f.Due, Ingested: f.Due.Add(forecast.Delay)}
	if byCatalogue(f.Kind) {
		return j.byCatalogue(ctx, all, window.Ingested)
	}
	reader := intel.Reader{Clearance: f.Marking}
	names, err := j.p.DB.NamesOf(ctx, reader, f.Subject)
	if err != nil {
		return nil, err
	}
	silent, err := j.silent(ctx, reader, store.Names(names), window)
	if err != nil {
		return nil, err
	}
	var found findings
	if silent == "" {
		if found, err = j.find(ctx, reader, names, window, all); err != nil {
			return nil, err
		}
	}
	out := make([]store.Judgement, len(all))
	for i, a := range all {
		out[i] = store.Judgement{Awaited: a, Outcome: intel.Outcome{Forecast: a.ID, Judged: j.now, Known: window.Ingested}}
		o := &out[i].Outcome
		if o.Unscoreable = a.Broken; o.Unscoreable == "" {
			o.Unscoreable = silent
		}
		if o.Unscoreable != "" {
			continue
		}
		n, ok := found.of(a.Forecast)
		if !ok {
			o.Unscoreable = "no rule here judges forecasts of " + a.Kind
			continue
		}
		if o.Scores, err = forecast.Judge(a.Forecast, n); err != nil {
			o.Unscoreable = err.Error()
			continue
		}
		o.Came = n
	}
	return out, nil
}

// silent says why a window cannot be judged: too much of what tells of somebody was
// silent in it. It is empty where it can.
func (j *judge) silent(ctx context.Context, r intel.Reader, names []intel.Entity, w store.Period) (string, error) {
	long := store.Period{From: w.From.Add(-habit), To: w.To, Ingested: w.Ingested}
	days, ok := j.days[long]
	if !ok {
		var err error
		if days, err = j.p.DB.Daily(ctx, long); err != nil {
			return "", err
		}
		if len(j.days) > 8 { // forecasts come by when they are due
			clear(j.days)
		}
		j.days[long] = days
	}
	told, err := j.p.DB.SourcesIn(ctx, r, names, store.Period{From: long.From, To: w.To, Ingested: w.Ingested})
	if err != nil {
		return "", err
	}
	unread, err := j.unread(ctx, w)
	if err != nil {
		return "", err
	}
	lost, who := silence(told, days, unread, int(w.To.Sub(w.From)/(24*time.Hour)))
	if lost < mostLost {
		return "", nil
	}
	if len(who) == 0 {
		return fmt.Sprintf("the sources were silent for %.0f %% of its time", 100*lost), nil
	}
	var named []string
	for _, id := range who {
		named = append(named, string(j.sources[id]))
	}
	slices.Sort(named)
	return fmt.Sprintf("sources that tell of it were silent for %.0f %% of its time: %s", 100*lost, strings.Join(named[:min(5, len(named))], ", ")), nil
}

// unread is in which share of a window each source was not read though it should have been,
// of those that were not.
func (j *judge) unread(ctx context.Context, w store.Period) (map[int64]float64, error) {
	if out, ok := j.lost[w]; ok {
		return out, nil
	}
	outages, err := j.p.DB.Outages(ctx, w)
	out := map[int64]float64{}
	clear(j.lost) // forecasts come by when they are due
	j.lost[w] = out
	for id, name := range j.sources {
		for _, o := range outages {
			if o.Source == name {
				out[id] += float64(o.Overlap(w.From, w.To)) / float64(w.To.Sub(w.From))
			}
		}
	}
	return out, err
}

// silence is which share of a window was lost with sources that tell of somebody, each
// by how much it told, and which of them were silent, or not read. A source that tells of
// hardly anybody else is silent when he is, which is no outage if it was read; where there is
// no other, it counts what all sources of the store together tell.
func silence(told map[int64]int, days map[int64][]int, unread map[int64]float64, window int) (lost float64, who []int64) {
	const nearlyAll = 0.5
	all := 0
	for _, id := range slices.Sorted(maps.Keys(told)) {
		published := 0
		for _, n := range days[id] {
			published += n
		}
		l := unread[id]
		if float64(told[id]) < nearlyAll*float64(published) {
			l = max(l, forecast.Lost(days[id], window))
		} else if l == 0 {
			continue
		}
		all += told[id]
		if l > 0 {
			lost += l * float64(told[id])
			who = append(who, id)
		}
	}
	if all > 0 {
		return lost / float64(all), who
	}
	var together []int
	for _, id := range slices.Sorted(maps.Keys(days)) {
		if together == nil {
			together = make([]int, len(days[id]))
		}
		for i, n := range days[id] {
			together[i] += n
		}
	}
	return forecast.Lost(together, window), nil
}

// findings are what came in a window.
type findings struct {
	documents int
	turns     map[intel.Entity]float64
}

// find reads what the rules of some forecasts ask for.
func (j *judge) find(ctx context.Context, r intel.Reader, names []store.Resolution, w store.Period, all []store.Awaited) (f findings, err error) {
	wanted := map[intel.Kind][]intel.Entity{}
	for _, a := range all {
		if e, ok := characteristic(a.Forecast); ok && a.Broken == "" {
			wanted[e.Kind] = append(wanted[e.Kind], e)
		}
	}
	if f.documents, err = j.p.DB.DocumentsIn(ctx, r, store.Names(names), w); err != nil || len(wanted) == 0 {
		return f, err
	}
	m, ok := j.measures[w.Ingested]
	if !ok {
		if m, err = j.p.measure(ctx, w.Ingested); err != nil {
			return f, err
		}
		clear(j.measures)
		j.measures[w.Ingested] = m
	}
	f.turns = map[intel.Entity]float64{}
	for _, kind := range slices.Sorted(maps.Keys(wanted)) {
		found, err := j.p.DB.Turns(ctx, r, names, relationsOf(kind), wanted[kind], w, store.Weighing{Now: w.Ingested, Judge: m.Judge})
		if err != nil {
			return f, err
		}
		maps.Copy(f.turns, found)
	}
	return f, j.byWay(ctx, r, names, w, store.Weighing{Now: w.Ingested, Judge: m.Judge}, wanted, f.turns)
}

// byWay adds what was taken up with a vulnerability that has it: weaknesses, products
// and fragments.
func (j *judge) byWay(ctx context.Context, r intel.Reader, names []store.Resolution, w store.Period, as store.Weighing, wanted map[intel.Kind][]intel.Entity, turns map[intel.Entity]float64) error {
	var flaws []store.Resolution // that were taken up
	for _, kind := range slices.Sorted(maps.Keys(wanted)) {
		by := byWayOf(kind)
		if by == "" {
			continue
		}
		if flaws == nil {
			var err error
			if flaws, err = j.exploited(ctx, r, names, w, as); err != nil {
				return err
			}
		}
		if len(flaws) == 0 {
			return nil
		}
		ever := store.Period{To: w.Ingested, Ingested: w.Ingested}
		found, err := j.p.DB.Turns(ctx, r, flaws, []intel.Relation{by}, wanted[kind], ever, as)
		if err != nil {
			return err
		}
		for e, p := range found {
			if p >= leastOf(kind) {
				turns[e] = 1
			}
		}
	}
	return nil
}

// exploited are the vulnerabilities that somebody turned to in a window; it is never nil.
func (j *judge) exploited(ctx context.Context, r intel.Reader, names []store.Resolution, w store.Period, as store.Weighing) ([]store.Resolution, error) {
	out := []store.Resolution{}
	all, err := j.p.DB.EndsOf(ctx, store.Names(names), intel.Exploits, intel.Vulnerability, mostNew)
	if err != nil || len(all) == 0 {
		return out, err
	}
	found, err := j.p.DB.Turns(ctx, r, names, []intel.Relation{intel.Exploits}, all, w, as)
	for _, e := range all {
		if found[e] >= takenUp {
			out = append(out, store.Resolution{Name: e, Canonical: e, Share: 1})
		}
	}
	return out, err
}

// byWayOf is the relation by which a vulnerability has things of a kind; empty: by none.
func byWayOf(kind intel.Kind) intel.Relation {
	if kind.Class() == intel.IOA {
		return intel.Affects
	}
	for _, t := range traits() {
		if t.kind == kind {
			return t.by
		}
	}
	return ""
}

// leastOf is how far it must be believed that a vulnerability has something of a kind.
func leastOf(kind intel.Kind) float64 {
	if kind.Class() == intel.IOA {
		return fragmentLeast
	}
	return taken
}

// of is what came of a forecast by its rule, and false if none is known.
func (f findings) of(x intel.Forecast) (int, bool) {
	switch x.Kind {
	case "activity":
		return f.documents, true
	case "any activity":
		return min(1, f.documents), true
	case "surge":
		if x.AtLeast > 0 && f.documents >= x.AtLeast {
			return 1, true
		}
		return 0, x.AtLeast > 0
	}
	e, ok := characteristic(x)
	if ok && f.turns[e] >= takenUp {
		return 1, true
	}
	return 0, ok
}

// characteristic is what a forecast says that somebody will use or target.
func characteristic(f intel.Forecast) (intel.Entity, bool) {
	e, err := intel.ParseEntity(f.Target)
	return e, err == nil && f.Kind == string(e.Kind) && len(f.Quantiles) == 0
}

// relationsOf are those that a characteristic shows in.
func relationsOf(kind intel.Kind) []intel.Relation {
	for _, t := range traits() {
		if t.kind == kind {
			return t.relations
		}
	}
	if kind.Class() == intel.IOA {
		return []intel.Relation{intel.Uses}
	}
	return []intel.Relation{intel.Uses, intel.Exploits, intel.Targets, intel.ClaimsAttack}
}
