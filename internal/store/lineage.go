package store

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// An edge is that an account has what it says of a link from another.
type edge struct {
	source  int64 // that says so
	from    int64 // the account, as an origin
	to      int64
	letter  intel.Reliability
	marking intel.Marking
	since   int64 // when it was learned
}

// mostEdges is how many are read of some links: of what is relayed so often some
// relays count as voices of their own.
const mostEdges = 20_000

// traceRelays puts pieces of origins that have a link from another themselves to
// that one's word: where A says it has it from B, and B from C, it is C's. An account's
// own word moves only by what its source says, since anybody can write in another's
// name; whom it cites may be looked up in other sources, no worse than its own. Of
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
	trace(pieces, edges)
	return nil
}

// trace puts pieces to the word of whom edges of their links lead to.
func trace(pieces []piece, edges map[int64][]edge) {
	type view struct {
		link int64
		witness
	}
	trails := map[view]trail{}
	for i := range pieces {
		p := &pieces[i]
		if len(edges[p.link]) == 0 {
			continue
		}
		v := view{p.link, witness{p.source, p.Reliability, p.Marking}}
		t, ok := trails[v]
		if !ok {
			t = v.trail(edges[p.link])
			trails[v] = t
		}
		if root, ok := t.roots[p.origin]; ok && root != p.origin && (p.Speaker != intel.Self || t.own[p.origin]) {
			p.root, p.Origin = root, strconv.FormatInt(root, 10)
		}
	}
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

// A witness is a source that tells of a link to readers of a marking.
type witness struct {
	source  int64
	letter  intel.Reliability
	marking intel.Marking
}

// A trail is where those who are spoken for lead to in the end, and of which of them
// the source itself says so.
type trail struct {
	roots map[int64]int64
	own   map[int64]bool
}

// trail follows the edges that a witness says itself, and where it says none those of
// others who are no worse, as far as its readers may see them.
func (w witness) trail(edges []edge) trail {
	t := trail{own: map[int64]bool{}}
	next := map[int64]int64{}
	for _, own := range []bool{true, false} {
		for _, e := range edges {
			if own != (e.source == w.source) || e.from == e.to || e.marking > w.marking || !own && (t.own[e.from] || better(w.letter, e.letter)) {
				continue
			}
			if to, ok := next[e.from]; !ok || e.to < to {
				next[e.from] = e.to
			}
		}
		if own {
			for from := range next {
				t.own[from] = true
			}
		}
	}
	t.roots = rootsOf(next)
	return t
}

// better reports whether a letter is one of more reliable sources than another.
func better(a, b intel.Reliability) bool {
	rank := func(r intel.Reliability) int {
		if n := strings.IndexByte("EDFCBA", byte(r)); n >= 0 {
			return n
		}
		return 2 // unjudged
	}
	return rank(a) > rank(b)
}

// rootsOf returns where steps lead from each account to in the end; in a circle to its
// least.
func rootsOf(next map[int64]int64) map[int64]int64 {
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
		reliability      int
		marking          intel.Marking
		author           string
		since            int64
	}
	var rows []row
	until := ``
	if !then.IsZero() {
		until = ` AND COALESCE(e.since, e.learned, e.at) <= ` + strconv.FormatInt(then.UnixMicro(), 10)
	}
	err := chunks(links, func(links []int64) error {
		some, err := query(ctx, q, func(r *sql.Rows, x *row) error {
			return r.Scan(&x.link, &x.source, &x.to, &x.reliability, &x.marking, &x.author, &x.since)
		},
			`SELECT e.link, e.source, e.origin, e.reliability, e.marking, d.author, MIN(COALESCE(e.since, e.learned, e.at)) FROM evidence e JOIN documents d ON d.id = e.document
			WHERE e.link IN `+list(1, len(links))+` AND e.reliability & `+strconv.Itoa(byCopy)+` = `+strconv.Itoa(byRelay)+until+`
			GROUP BY e.link, e.source, e.origin, e.reliability, e.marking, d.author ORDER BY 1, 2, 3, 4, 5, 6 LIMIT `+strconv.Itoa(mostEdges), anys(links)...)
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
			letter, _, _ := ungraded(x.reliability)
			out[x.link] = append(out[x.link], edge{x.source, from, x.to, letter, x.marking, x.since})
		}
	}
	return out, err
}
