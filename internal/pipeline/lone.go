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
	// newly is how long what one voice alone tells of somebody's characteristics stays its
	// word: what it tells in that time beyond its habit before is heeded within bounds.
	newly = 182 * 24 * time.Hour
	// habitual is how many links of somebody in as long a time are a habit, at least.
	habitual = 2
)

// firm finds which holdings do not rest on what one voice alone told of late beyond its
// habit, and whose word the others are.
func (p *Pipeline) firm(ctx context.Context, r intel.Reader, h *holdings) error {
	h.firm, h.lone = map[intel.Kind][]store.Holding{}, map[intel.Kind]map[intel.Entity]string{}
	for _, t := range traits() {
		some := h.of[t.kind]
		if len(some) > 0 {
			links, err := p.DB.LoneLinks(ctx, r, store.Held{From: holders(), To: []intel.Kind{t.kind}, Relations: t.relations}, p.Unnamed)
			if err != nil {
				return err
			}
			var excess map[[2]intel.Entity]bool
			excess, h.lone[t.kind] = beyondHabit(links, h.now)
			some = slices.DeleteFunc(slices.Clone(some), func(x store.Holding) bool { return excess[[2]intel.Entity{x.From, x.To}] })
		}
		h.firm[t.kind] = some
	}
	return nil
}

// beyondHabit is which links, of those that one voice alone tells of, it told of late
// beyond its habit, and by who has them what is to be said of the voice that told the
// most. As many as it told of the same one in as long a time before are its habit; the
// first of the late ones are those.
func beyondHabit(links []store.Lone, now time.Time) (map[[2]intel.Entity]bool, map[intel.Entity]string) {
	type voice struct {
		of      intel.Entity
		source  intel.SourceID
		account string
	}
	told := map[voice][]store.Lone{}
	for _, x := range links {
		v := voice{x.From, x.Source, x.Account}
		told[v] = append(told[v], x)
	}
	excess, whose, most := map[[2]intel.Entity]bool{}, map[intel.Entity]string{}, map[intel.Entity]int{}
	for v, all := range told {
		slices.SortStableFunc(all, func(a, b store.Lone) int { return a.Told.Compare(b.Told) })
		from := now.Add(-newly)
		before, _ := slices.BinarySearchFunc(all, from, func(x store.Lone, at time.Time) int { return x.Told.Compare(at) })
		usually := 0
		if before > 0 {
			usually = int(float64(before) * float64(newly) / float64(max(newly, from.Sub(all[0].Told))))
		}
		if usually < habitual {
			usually = 0
		}
		late := all[before:]
		over := late[min(usually, len(late)):]
		for _, x := range over {
			excess[[2]intel.Entity{x.From, x.To}] = true
		}
		says := fmt.Sprintf("bounded: %d of the %d links that %s alone told of late are beyond its habit", len(over), len(late), voiced(v.source, v.account))
		if n := cmp.Or(cmp.Compare(len(over), most[v.of]), cmp.Compare(whose[v.of], says)); len(over) > 0 && n > 0 {
			most[v.of], whose[v.of] = len(over), says
		}
	}
	return excess, whose
}
