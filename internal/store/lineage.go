package store

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// An edge is that an account has what it says of a link from another.
type edge struct {
	source  int64 // that says so
	from    int64 // the account, as an origin
	to      int64
	marking intel.Marking
}

// mostEdges is how many are read of some links: of what is relayed so often some
// relays count as voices of their own.
const mostEdges = 20_000

// traceRelays puts pieces of origins that have a link from another themselves to
// that one's word: where A says it has it from B, and B from C, it is C's. That
// counts in the source that says so alone: anybody can write in another's name. Of
// links that are kept in sum, or soon are, it is not asked. What a piece's readers
// may not see moves it not.
func traceRelays(ctx context.Context, q engine, pieces []piece, then time.Time) error {
	links := relayed(pieces)
	if len(links) == 0 {
		return nil
	}
	edges, err := edgesOf(ctx, q, slices.Sorted(maps.Keys(links)), then)
	if err != nil {
		return fmt.Errorf("who relays whom: %w", err)
	}
	type view struct {
		link, source int64
		marking      intel.Marking
	}
	roots := map[view]map[int64]int64{}
	for i := range pieces {
		p := &pieces[i]
		if len(edges[p.link]) == 0 {
			continue
		}
		v := view{p.link, p.source, p.Marking}
		if roots[v] == nil {
			roots[v] = rootsOf(edges[p.link], p.source, p.Marking)
		}
		if root, ok := roots[v][p.origin]; ok && root != p.origin {
			p.root, p.Origin = root, strconv.FormatInt(root, 10)
		}
	}
	return nil
}

// relayed returns the links whose pieces are of several origins and some of which
// accounts relay.
func relayed(pieces []piece) map[int64]bool {
	links := map[int64]bool{}
	for from := 0; from < len(pieces); {
		to, n, relays, several := from, 0, false, false
		for ; to < len(pieces) && pieces[to].link == pieces[from].link; to++ {
			n += pieces[to].n
			relays = relays || pieces[to].Speaker == intel.Relay
			several = several || pieces[to].origin != pieces[from].origin
		}
		if relays && several && n <= hot {
			links[pieces[from].link] = true
		}
		from = to
	}
	return links
}

// rootsOf returns where edges of a source that readers of a marking may see lead from each
// account to in the end; in a circle to its least.
func rootsOf(edges []edge, source int64, marking intel.Marking) map[int64]int64 {
	next := map[int64]int64{}
	for _, e := range edges {
		if to, ok := next[e.from]; e.source == source && e.from != e.to && e.marking <= marking && (!ok || e.to < to) {
			next[e.from] = e.to
		}
	}
	roots := make(map[int64]int64, len(next))
	for from := range next {
		var path []int64
		on := map[int64]int{}
		at, root := from, int64(0)
		for root == 0 {
			if r, ok := roots[at]; ok {
				root = r
				break
			}
			if i, ok := on[at]; ok {
				root = slices.Min(path[i:])
				break
			}
			on[at] = len(path)
			path = append(path, at)
			if to, ok := next[at]; ok {
				at = to
			} else {
				root = at
			}
		}
		for _, p := range path {
			roots[p] = root
		}
	}
	return roots
}

// edgesOf returns who relays whom on links, by what was learned by then if that is
// not zero.
func edgesOf(ctx context.Context, q engine, links []int64, then time.Time) (map[int64][]edge, error) {
	type row struct {
		link, source, to int64
		marking          intel.Marking
		author           string
	}
	var rows []row
	until := ``
	if !then.IsZero() {
		until = ` AND COALESCE(e.since, e.learned, e.at) <= ` + strconv.FormatInt(then.UnixMicro(), 10)
	}
	err := chunks(links, func(links []int64) error {
		some, err := query(ctx, q, func(r *sql.Rows, x *row) error { return r.Scan(&x.link, &x.source, &x.to, &x.marking, &x.author) },
			`SELECT DISTINCT e.link, e.source, e.origin, e.marking, d.author FROM evidence e JOIN documents d ON d.id = e.document
			WHERE e.link IN `+list(1, len(links))+` AND e.reliability & `+strconv.Itoa(byCopy)+` = `+strconv.Itoa(byRelay)+until+` ORDER BY 1, 2, 3, 4, 5 LIMIT `+strconv.Itoa(mostEdges), anys(links)...)
		rows = append(rows, some...)
		return err
	})
	if err != nil {
		return nil, err
	}
	accounts := map[string]int64{}
	for _, x := range rows {
		accounts[intel.Account(x.author)] = 0
	}
	type origin struct {
		id   int64
		name string
	}
	err = chunks(slices.Sorted(maps.Keys(accounts)), func(names []string) error {
		some, err := query(ctx, q, func(r *sql.Rows, o *origin) error { return r.Scan(&o.id, &o.name) },
			`SELECT id, name FROM origins WHERE name IN `+list(1, len(names)), anys(names)...)
		for _, o := range some {
			accounts[o.name] = o.id
		}
		return err
	})
	out := map[int64][]edge{}
	for _, x := range rows {
		if from := accounts[intel.Account(x.author)]; from != 0 { // else nobody says a word of its
			out[x.link] = append(out[x.link], edge{x.source, from, x.to, x.marking})
		}
	}
	return out, err
}
