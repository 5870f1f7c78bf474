package pipeline

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/portent-cti/portent/internal/forecast"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

const (
	// mostTracked is of how many subjects it is told how their forecasts turned out.
	mostTracked = 50
	// trackSeed is that of the intervals.
	trackSeed = 1
	// chained is the setting that the state of the chain is kept in.
	chained = "chain"
)

// A trackKey is what a count of all forecasts holds for: until one is made or judged,
// or a day passes.
type trackKey struct {
	clearance intel.Marking
	of        store.LedgerState
	day       string
}

// mostCounts is how many of them are remembered.
const mostCounts = 8

// Track tells how the forecasts that r may see turned out, by head and by whom they
// are of, and in what state their chain was when it was last checked. To count them
// all takes seconds where there are millions, and is done once.
func (ed *Editor) Track(ctx context.Context, r intel.Reader, now time.Time) (intel.Track, error) {
	state, err := ed.DB.LedgerState(ctx)
	if err != nil {
		return intel.Track{}, err
	}
	key := trackKey{r.Clearance, state, now.UTC().Format(time.DateOnly)}
	t, ok := ed.tracks.at(0, key, mostCounts)
	if !ok {
		if t, err = ed.trackOf(ctx, r, now); err != nil {
			return t, err
		}
		ed.tracks.keep(0, key, t)
	}
	t.Chain, err = keptChain(ctx, ed.DB)
	return t, err
}

// trackOf sums up all forecasts that r may see.
func (ed *Editor) trackOf(ctx context.Context, r intel.Reader, now time.Time) (t intel.Track, err error) {
	if t.Heads, err = ed.heads(ctx, r, now); err != nil {
		return t, err
	}
	t.Actors, err = ed.tracked(ctx, r, now)
	return t, err
}

// records are how forecasts that r may see turned out, by their kind.
func (p *Pipeline) records(ctx context.Context, r intel.Reader) (map[string]intel.HeadRecord, error) {
	sums, err := p.DB.Tallies(ctx, r, store.ByKind(), forecast.Edges(), p.Now())
	if err != nil {
		return nil, err
	}
	out := make(map[string]intel.HeadRecord, len(sums.Days))
	for head := range sums.Days {
		out[head] = forecast.Recorded(sums.Days[head], sums.Bins[head], sums.Waits[head], trackSeed)
	}
	return out, nil
}

func (ed *Editor) heads(ctx context.Context, r intel.Reader, now time.Time) ([]intel.HeadRecord, error) {
	sums, err := ed.DB.Tallies(ctx, r, store.ByKind(), forecast.Edges(), now)
	if err != nil {
		return nil, err
	}
	weeks, err := ed.DB.Surprises(ctx, r)
	if err != nil {
		return nil, err
	}
	untold, err := Untold(ctx, ed.DB, r, now)
	if err != nil {
		return nil, err
	}
	out := []intel.HeadRecord{}
	add := func(head string) {
		if !slices.ContainsFunc(out, func(h intel.HeadRecord) bool { return h.Head == head }) {
			h := forecast.Recorded(sums.Days[head], sums.Bins[head], sums.Waits[head], trackSeed)
			h.Head, h.Drift, h.Untold = head, forecast.Drifted(weeks[head]), slices.Contains(untold, head)
			out = append(out, h)
		}
	}
	for head := range sums.Days {
		add(head)
	}
	for head := range sums.Waits {
		add(head)
	}
	for _, head := range untold {
		add(head)
	}
	slices.SortFunc(out, func(a, b intel.HeadRecord) int {
		return cmp.Or(cmp.Compare(placeOf(a.Head), placeOf(b.Head)), cmp.Compare(a.Head, b.Head))
	})
	return out, nil
}

// placeOf is where a head stands: how much is done before what.
func placeOf(head string) int {
	switch head {
	case "activity":
		return 0
	case "any activity":
		return 1
	case "surge":
		return 2
	}
	return 3
}

func (ed *Editor) tracked(ctx context.Context, r intel.Reader, now time.Time) ([]intel.HeadRecord, error) {
	out := []intel.HeadRecord{}
	all, err := ed.DB.Forecasted(ctx, r, mostTracked)
	if err != nil || len(all) == 0 {
		return out, err
	}
	ids := make([]int64, len(all))
	for i, a := range all {
		ids[i] = a.ID
	}
	sums, err := ed.DB.Tallies(ctx, r, store.BySubjects(ids), forecast.Edges(), now)
	if err != nil {
		return out, err
	}
	for _, a := range all {
		key := strconv.FormatInt(a.ID, 10)
		h := forecast.Recorded(sums.Days[key], sums.Bins[key], sums.Waits[key], trackSeed)
		h.Actor, h.Name = a.Entity, ed.Reference().Title(a.Entity)
		if h.Name == a.Entity.Title() && a.Title != "" {
			h.Name = a.Title
		}
		out = append(out, h)
	}
	return out, nil
}

// CheckChain walks along the chain of forecasts and keeps in what state it is. Done is
// told of forecasts passed.
func (p *Pipeline) CheckChain(ctx context.Context, done func(n int)) (intel.Chain, error) {
	c, err := p.DB.CheckChain(ctx, done)
	if err != nil {
		return c, err
	}
	c.Checked = p.Now().UTC().Truncate(time.Second)
	kept := c
	kept.Faults, kept.More = c.Faults[:min(20, len(c.Faults))], c.More+max(0, len(c.Faults)-20)
	body, err := json.Marshal(kept)
	if err == nil {
		err = p.DB.SaveSetting(ctx, chained, string(body))
	}
	return c, err
}

// keptChain is the state of the chain when it was last checked; empty if never.
func keptChain(ctx context.Context, db *store.DB) (c intel.Chain, err error) {
	body, err := db.Setting(ctx, chained)
	if errors.Is(err, intel.ErrNotFound) {
		return c, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(body), &c)
	}
	if err != nil {
		return c, fmt.Errorf("state of the chain: %w", err)
	}
	return c, nil
}

// foretell does the daily work on forecasts: those that are due are judged, new ones
// made, and their chain is checked. What of it fails does not hold up the rest.
func (p *Pipeline) foretell(ctx context.Context) error {
	_, judging := p.Judge(ctx, nil)
	making := p.Forecast(ctx)
	c, checking := p.CheckChain(ctx, nil)
	if checking == nil && c.State == intel.ChainBroken {
		p.Log.Error("the chain of forecasts is broken: portent doctor tells more", "faults", len(c.Faults)+c.More, "err", c.Faults[0].String())
	}
	drifting := p.watch(ctx)
	return errors.Join(judging, making, checking, drifting)
}

// Drifts returns which heads drift, by the forecasts that r may see.
func Drifts(ctx context.Context, db *store.DB, r intel.Reader) (map[string]intel.Drift, error) {
	weeks, err := db.Surprises(ctx, r)
	if err != nil {
		return nil, err
	}
	out := map[string]intel.Drift{}
	for head, bins := range weeks {
		if d := forecast.Drifted(bins); d != nil {
			out[head] = *d
		}
	}
	return out, nil
}

// watch logs which heads drift.
func (p *Pipeline) watch(ctx context.Context) error {
	drifts, err := Drifts(ctx, p.DB, intel.Everything())
	for _, head := range slices.Sorted(maps.Keys(drifts)) {
		p.Log.Warn("forecasts drift: portent scoreboard tells more", "head", head, "since", drifts[head].Since.Format(time.DateOnly), "what", drifts[head].What)
	}
	return err
}
