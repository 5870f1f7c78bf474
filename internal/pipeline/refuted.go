package pipeline

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/score"
)

// A Refutation is how many analysts say that what is said of a value is not true, and
// which of them the reader may know.
type Refutation struct {
	Analysts int
	By       []intel.SourceID
}

// Refuted returns those of values of which analysts refuted all that is said: whoever it
// is said to be of, under whatever name. What leaves somebody who is not refuted refutes
// the row and not the value, and so does a word that another confirms.
func (ed *Editor) Refuted(ctx context.Context, r intel.Reader, values []intel.Entity, now time.Time) (map[intel.Entity]Refutation, error) {
	all, _, err := ed.rulings.read(ctx, ed.DB)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	rulings := ed.rulings.asOf(all, now)
	words := ruledValues(rulings, values)
	if len(words) == 0 {
		return nil, nil
	}
	links, err := ed.DB.Pointing(ctx, r, slices.Collect(maps.Keys(words)))
	if err != nil {
		return nil, err
	}
	means, err := ed.meanings(ctx, r, words, links)
	if err != nil {
		return nil, err
	}
	out := map[intel.Entity]Refutation{}
	for e, said := range words {
		if wholly(e, said, links[e], means) {
			out[e] = refutation(all, said, r, now)
		}
	}
	return out, nil
}

// wholly reports whether words on rows of e refute all of its links. Those that label it
// with nothing leave nobody, unless there are no others.
func wholly(e intel.Entity, said []intel.RowVerdict, links []intel.Link, means func(intel.Entity) []intel.Entity) bool {
	rows, whose := map[intel.Link]bool{}, map[intel.Entity]bool{} // that are refuted
	for _, ruling := range []intel.Ruling{intel.RefuteRow, intel.ConfirmRow} {
		for _, v := range said {
			if v.Ruling != ruling {
				continue
			}
			rows[v.Link] = ruling == intel.RefuteRow
			if who := means(other(v.Link, e)); len(who) == 1 { // a word on a name of several is on none of them
				whose[who[0]] = ruling == intel.RefuteRow // and one that is confirmed too stands
			}
		}
	}
	if named := slices.DeleteFunc(slices.Clone(links), func(l intel.Link) bool { return l.To == intel.Untagged() }); len(named) > 0 {
		links = named
	}
	stands := func(l intel.Link) bool {
		return !rows[l] && slices.ContainsFunc(means(other(l, e)), func(who intel.Entity) bool { return !whose[who] })
	}
	return len(links) > 0 && !slices.ContainsFunc(links, stands)
}

// ruledValues is the words that count on rows of values, of those of which a row is
// refuted.
func ruledValues(rulings score.Rulings, values []intel.Entity) map[intel.Entity][]intel.RowVerdict {
	asked := make(map[intel.Entity]bool, len(values))
	for _, e := range values {
		asked[e] = true
	}
	words := map[intel.Entity][]intel.RowVerdict{}
	for v := range rulings.All() {
		for _, e := range []intel.Entity{v.Link.From, v.Link.To} {
			if asked[e] {
				words[e] = append(words[e], v)
			}
		}
	}
	maps.DeleteFunc(words, func(_ intel.Entity, said []intel.RowVerdict) bool {
		return !slices.ContainsFunc(said, func(v intel.RowVerdict) bool { return v.Ruling == intel.RefuteRow })
	})
	return words
}

// other is the end of a link that is not e.
func other(l intel.Link, e intel.Entity) intel.Entity {
	if l.From == e {
		return l.To
	}
	return l.From
}

// meanings tells of names that values are linked with for whom they stand.
func (ed *Editor) meanings(ctx context.Context, r intel.Reader, words map[intel.Entity][]intel.RowVerdict, links map[intel.Entity][]intel.Link) (func(intel.Entity) []intel.Entity, error) {
	named := map[intel.Entity]bool{}
	for e, said := range words {
		for _, v := range said {
			named[other(v.Link, e)] = true
		}
		for _, l := range links[e] {
			named[other(l, e)] = true
		}
	}
	candidates, err := ed.DB.Candidates(ctx, r, slices.Collect(maps.Keys(named)))
	return func(e intel.Entity) []intel.Entity {
		out := []intel.Entity{}
		for _, c := range candidates[e] {
			out = append(out, c.Entity)
		}
		if len(out) == 0 {
			out = append(out, e)
		}
		return out
	}, err
}

// refutation is who refutes rows in one breath: on each all who said so last, one after
// another.
func refutation(all, counting []intel.RowVerdict, r intel.Reader, now time.Time) Refutation {
	by, known := map[intel.SourceID]bool{}, map[intel.SourceID]bool{}
	for _, word := range counting {
		for _, v := range slices.Backward(all) {
			if v.Link != word.Link || v.At.Truncate(time.Second).After(now) {
				continue
			}
			if v.Ruling != intel.RefuteRow {
				break
			}
			by[v.By] = true
			known[v.By] = known[v.By] || v.Marking <= r.Clearance
		}
	}
	maps.DeleteFunc(known, func(_ intel.SourceID, may bool) bool { return !may })
	return Refutation{len(by), slices.Sorted(maps.Keys(known))}
}
