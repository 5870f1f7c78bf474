package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/portent-cti/portent/internal/correlate"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
	"github.com/portent-cti/portent/internal/store"
)

// A suspect is one whose name another is said to be, and who disputes it.
type suspect struct {
	pipeline.Match
	disputed []intel.AliasVerdict
}

// parted is the error of a name that nothing is known of by itself since analysts dispute
// whose it is; it lists whose. Of any other name it is nil.
func parted(ctx context.Context, a *app, ed *pipeline.Editor, r intel.Reader, name string) error {
	all, err := suspects(ctx, a.db, ed, r, name)
	if err != nil || len(all) == 0 {
		return err
	}
	for _, s := range all {
		if a.cli.JSON {
			if err := a.print(s.fields(r)); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(a.err, "  %-40s %s%s; %s\n", line(s.Entity.String()), line(s.Title), line(by(s.SaidBy)), line(strings.Join(s.disputes(r), "; ")))
	}
	names := make([]string, len(all))
	for i, s := range all {
		names[i] = s.Entity.String()
	}
	return fmt.Errorf("nothing is known of %q by itself, and analysts dispute that it is %s: ask for whom you mean; portent alias %q tells more, portent alias undo takes back what was ruled", name, strings.Join(names, " or "), name)
}

// fields is one whom a name may mean as it is printed in JSON.
func (s suspect) fields(r intel.Reader) map[string]any {
	return map[string]any{"name": s.Title, "entity": s.Entity, "share": s.Share, "said_by": append([]string{}, s.SaidBy...), "disputed": s.disputes(r)}
}

// disputes is who disputes the name, in words.
func (s suspect) disputes(r intel.Reader) []string {
	who := make([]string, len(s.disputed))
	for i, v := range s.disputed {
		who[i] = disputing(v, r)
	}
	return who
}

// byAnalysts reports whether analysts alone say whom a name means: they took it from
// whom it stood for.
func byAnalysts(m pipeline.Match) bool { return slices.Contains(m.SaidBy, correlate.ByAnalysts) }

// suspects is whose a name would be if nobody disputed it, as far as r may know them.
func suspects(ctx context.Context, db *store.DB, ed *pipeline.Editor, r intel.Reader, name string) (out []suspect, err error) {
	name = strings.TrimSpace(name)
	verdicts, err := db.AliasVerdicts(ctx)
	if err != nil {
		return nil, err
	}
	for _, v := range intel.InForce(verdicts) {
		e, other := v.Name, v.Other
		if !spells(e, name) {
			e, other = other, e
		}
		if v.Ruling != intel.Dispute || !spells(e, name) {
			continue
		}
		matches, err := ed.Lookup(ctx, r, other.String())
		if err != nil && !errors.Is(err, intel.ErrNotFound) {
			return nil, err
		}
		for _, m := range matches {
			i := slices.IndexFunc(out, func(s suspect) bool { return s.Entity == m.Entity })
			if i < 0 {
				m.Share, m.SaidBy = 0, nil
				for _, c := range ed.Reference().Resolve(e) {
					if c.Entity == m.Entity {
						m.Share, m.SaidBy = c.Share, c.SaidBy
					}
				}
				i, out = len(out), append(out, suspect{Match: m})
			}
			out[i].disputed = append(out[i].disputed, v)
		}
	}
	return out, nil
}

// spells reports whether a person means e by a name.
func spells(e intel.Entity, name string) bool {
	return e.String() == name || intel.Compact(e.Name) == intel.Compact(name)
}

// disputing says who disputes a name when and why, as far as r may know it.
func disputing(v intel.AliasVerdict, r intel.Reader) string {
	if v.Marking > r.Clearance {
		return "an analyst disputes it"
	}
	return fmt.Sprintf("%s disputes it since %s%s", v.By, date(v.At), because(v.Reason))
}
