package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

const (
	// newly is how long what one voice of the collector alone tells of somebody's characteristics
	// stays its word: what it tells in that time beyond its habit before is heeded within bounds.
	newly = 182 * 24 * time.Hour
	// habitual is how many links of somebody in as long a time are a habit, at least.
	habitual = 2
	// settling is how long ago must be told what makes a source the collector.
	settling = 6 * 7 * 24 * time.Hour
)

// firm finds which holdings do not rest on the word of one source alone that is not the
// collector of their kind, nor on what one voice of that told of late beyond its habit, and
// whose word the others are.
func (p *Pipeline) firm(ctx context.Context, r intel.Reader, h *holdings) error {
	h.firm, h.lone = map[intel.Kind][]store.Holding{}, map[intel.Kind]map[intel.Entity]string{}
	for _, t := range traits() {
		some := h.of[t.kind]
		if len(some) > 0 {
			links, told, err := p.DB.LoneLinks(ctx, r, store.Held{From: holders(), To: []intel.Kind{t.kind}, Relations: t.relations}, p.Unnamed)
			if err != nil {
				return err
			}
			var loose map[[2]intel.Entity]bool
			loose, h.lone[t.kind] = looseOf(links, censusOf([][]store.Hearing{told}, time.Unix(0, 0).UTC(), p.Unnamed), h.now)
			some = slices.DeleteFunc(slices.Clone(some), func(x store.Holding) bool { return loose[[2]intel.Entity{x.From, x.To}] })
		}
		h.firm[t.kind] = some
	}
	return nil
}

// saidOfFlaws finds which links of vulnerabilities with what they have rest on the word of
// one source alone that is not the collector of such. What the collector tells is the data:
// each vulnerability is new once, and so there is no habit to hold it to.
func (p *Pipeline) saidOfFlaws(ctx context.Context, r intel.Reader, now time.Time) (map[[2]intel.Entity]bool, error) {
	of := store.Held{From: []intel.Kind{intel.Vulnerability}, To: flawKinds(), Relations: []intel.Relation{intel.Affects, intel.HasWeakness}}
	links, told, err := p.DB.LoneLinks(ctx, r, of, p.Unnamed)
	if err != nil {
		return nil, err
	}
	collector, ok := censusOf([][]store.Hearing{told}, time.Unix(0, 0).UTC(), p.Unnamed).collector(settledBefore(now))
	out := map[[2]intel.Entity]bool{}
	for _, x := range links {
		if !ok || x.Speaker != collector {
			out[[2]intel.Entity{x.From, x.To}] = true
		}
	}
	return out, nil
}

// settledBefore is the week before which must be told what makes a source the collector.
func settledBefore(now time.Time) int { return int(now.Add(-settling).Sub(time.Unix(0, 0)) / week) }

// looseOf is which of the links that one source alone tells of are not firm, by how much
// each source told in which week, and by who has them what is to be said of the voice that
// told the most.
func looseOf(links []store.Lone, told census, now time.Time) (map[[2]intel.Entity]bool, map[intel.Entity]string) {
	type voice struct {
		of              intel.Entity
		source, account string
	}
	collector, ok := told.collector(settledBefore(now))
	of := map[voice][]store.Lone{}
	for _, x := range links {
		v := voice{x.From, x.Speaker, ""}
		if own := ok && x.Speaker == collector; own && x.Several {
			continue // as many voices as accounts
		} else if own {
			v.account = x.Account
		}
		of[v] = append(of[v], x)
	}
	loose, whose, most := map[[2]intel.Entity]bool{}, map[intel.Entity]string{}, map[intel.Entity]int{}
	for v, all := range of {
		over, says := all, fmt.Sprintf("bounded: %d links are the word of %s alone", len(all), voiced(v.source, ""))
		if ok && v.source == collector {
			late := 0
			over, late = beyondHabit(all, told[v.source].first, now)
			says = beyondItsHabit(len(over), late, "links", voiced(v.source, v.account)+" alone")
		}
		for _, x := range over {
			loose[[2]intel.Entity{x.From, x.To}] = true
		}
		if n := cmp.Or(cmp.Compare(len(over), most[v.of]), cmp.Compare(whose[v.of], says)); len(over) > 0 && n > 0 {
			most[v.of], whose[v.of] = len(over), says
		}
	}
	return loose, whose
}

// beyondHabit is which links of somebody, of those that one voice alone tells of, it told
// of late beyond its habit, and how many it told of late. As many as in as long a time
// before are its habit; the first of the late ones are those. First is when the first of
// its links came in.
func beyondHabit(all []store.Lone, first, now time.Time) ([]store.Lone, int) {
	told := func(x store.Lone) time.Time { return toldAt(x.Dated, x.In, first) }
	slices.SortStableFunc(all, func(a, b store.Lone) int { return told(a).Compare(told(b)) })
	from := now.Add(-newly)
	before, _ := slices.BinarySearchFunc(all, from, func(x store.Lone, at time.Time) int { return told(x).Compare(at) })
	usually := 0
	if before > 0 {
		usually = int(float64(before) * float64(newly) / float64(max(newly, from.Sub(told(all[0])))))
	}
	if usually < habitual {
		usually = 0
	}
	late := all[before:]
	return late[min(usually, len(late)):], len(late)
}
